"""`kagsync users`: which people are tracked."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli.command import (
    Common,
    command,
    confirm,
    open_store,
    open_to_read,
    users_app,
)
from kagsync.cli.options import AnyFormat, Group, Yes, storable
from kagsync.errors import UsageError
from kagsync.output import listing
from kagsync.output.listing import Format, Result
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import User
    from kagsync.tracking.roster_file import Line

_BEFORE_REMOVING = """This deletes, also from the free space of the database:
{}
It cannot be undone. To keep a copy first: kagsync backup FILE"""
_OUT_OF_REACH = """kagsync cannot delete what is elsewhere:
  backups and other copies of the database
  pages of a report, until the next: kagsync report
  log files of earlier versions, and the monitor's log
  messages that channels have received
  downloads of runs that crashed, until: kagsync cleanup"""
_MOST_NAMES = 20  # that a question names
_MOST_HINTS = 200  # people who were never seen that are named after an import

Name = Annotated[str | None, typer.Option(metavar="NAME", callback=storable, help="The person's real name.")]
OwnGroup = Annotated[
    str | None,
    typer.Option(metavar="GROUP", callback=storable, help="A group of your choice, such as a class."),
]
StudentId = Annotated[
    str | None,
    typer.Option("--student-id", metavar="ID", callback=storable, help="The person's key in other systems."),
]
Team = Annotated[
    str | None,
    typer.Option(metavar="TEAM", help="The exact name of the person's team on Kaggle, or a /pattern/ of it."),
]
Pseudonym = Annotated[
    str | None, typer.Option(metavar="NAME", callback=storable, help="The name in reports with pseudonyms.")
]
People = Annotated[
    list[str], typer.Argument(metavar="PERSON", help="Usernames, handles, student ids or names.")
]


@command(users_app, "add")
def users_add(
    common: Common,
    usernames: Annotated[
        list[str] | None, typer.Argument(metavar="USERNAME", help="Usernames, @usernames or profile URLs.")
    ] = None,
    name: Name = None,
    group: OwnGroup = None,
    student_id: StudentId = None,
    team: Team = None,
    pseudonym: Pseudonym = None,
) -> None:
    """Track people, or change their details.

    An empty text clears the name, group, student id or team: --group "".
    """
    from kagsync.output import roster_changes
    from kagsync.tracking import roster
    from kagsync.tracking.roster_file import Line

    wanted = [inputs.username(username) for username in usernames or []]
    own = {"--name": name, "--student-id": student_id, "--team": team, "--pseudonym": pseudonym}
    if len(wanted) > 1 and (given := [option for option, value in own.items() if value is not None]):
        raise UsageError(
            f"{given[0]} is for one user", "Add the users one by one, or use: kagsync users import FILE"
        )
    if not wanted and not team:
        raise UsageError("nobody is named", "Pass a USERNAME, or --team for a person known by the team")
    team = inputs.team(team) if team else team
    lines = [Line(0, each, name, group, student_id, team, pseudonym) for each in wanted or [""]]
    loaded = common.settings()
    with open_store(loaded, create=True) as store:
        with store.writing() as write:
            planned = roster.plan(lines, store.users.with_archived(), by_hand=True)
            if planned.problems:
                raise UsageError(planned.problems[0][1], "Nothing was changed")
            roster.save(write, planned, clock.utc_now())
        common.say("\n".join(roster_changes.of_command(planned)))
        _say_unseen(common, store, planned.listed)


@command(users_app, "import")
def users_import(
    common: Common,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A list of people: CSV, or an Excel workbook.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Archive the tracked people who are not on the list.")
    ] = False,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            metavar="GROUP",
            callback=storable,
            help="The group of people for whom the list has none; --prune stays within it.",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Track the people on a list, or change their details.

    If a line is wrong, nothing is imported.
    """
    from kagsync.output import roster_changes, wording
    from kagsync.tracking import roster, roster_file

    loaded = common.settings()

    def plan(store: Store | None, lines: list[Line]) -> roster.Plan:
        return roster.plan(lines, store.users.with_archived() if store else [], group=group)

    with _open_if_there(loaded) as store:
        found = roster_file.read_roster(file, lambda lines: plan(store, lines).problems)
        planned = plan(store, found.lines)
        if prune and planned.absent and not planned.listed:
            raise UsageError(
                f"{file} has nobody with a username or a team, so --prune would archive everybody",
                "Fill in the usernames first. To archive people: kagsync users archive PERSON",
            )
    asked = planned.absent
    if prune and asked and not dry_run:
        names = wording.listed([user.handle for user in asked], _MOST_NAMES)
        confirm(f"Archive {names}?", yes=yes)
    with _open_if_there(loaded) if dry_run else open_store(loaded, create=True) as store:
        if store and not dry_run:
            with store.writing() as write:
                planned = plan(store, found.lines)
                if planned.problems or (prune and planned.absent != asked):
                    raise UsageError("the roster was changed meanwhile", "Run the command again")
                roster.save(write, planned, clock.utc_now(), prune=prune)
        lines = roster_changes.lines(planned, found.left_out, done=not dry_run, prune=prune)
        common.say("\n".join(lines))
        if store:
            _say_unseen(common, store, planned.listed)


def _open_if_there(loaded: Settings) -> contextlib.AbstractContextManager[Store | None]:
    """The store, to read; None if there is none yet."""
    try:
        return open_to_read(loaded)
    except errors.NoDatabase:
        return contextlib.nullcontext()


def _say_unseen(common: Common, store: Store, users: list[User]) -> None:
    """Points out, of people who may not have an id yet, those whom no board has."""
    from kagsync.queries.unseen import unseen

    stored = {user.handle: user for user in store.users.all()}
    never = unseen(store, [stored[user.handle] for user in users if user.handle in stored])
    for each in never[:_MOST_HINTS]:
        common.say(f"{each.user.handle}: {each.hint}")
    if len(never) > _MOST_HINTS:
        common.say(f"{len(never) - _MOST_HINTS:,} more were never seen on any board: kagsync missing")


@command(users_app, "list")
def users_list(
    common: Common,
    group: Group = None,
    archived: Annotated[bool, typer.Option("--archived", help="The archived people instead.")] = False,
    format_: AnyFormat = Format.table,
) -> Result:
    """List the tracked people."""
    from kagsync.output import tables

    loaded = common.settings_to_read()
    with _open_if_there(loaded) as store:
        if store is None:
            roster = []
        elif archived:
            roster = [user for user in store.users.with_archived() if user.archived_at is not None]
            roster = [user for user in roster if group in (None, user.group)]
        else:
            roster = store.users.all() if group is None else store.users.in_group(group)
    data = [
        {
            "username": user.username,
            "name": user.name,
            "group": user.group,
            "handle": user.handle,
            "student_id": user.student_id,
            "team": user.team,
            "pseudonym": user.pseudonym,
            "archived_at": user.archived_at,
        }
        for user in roster
    ]
    return Result(tables.users(roster, archived=archived), data)


@command(users_app, "export")
def users_export(
    common: Common,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE.csv", help="A new file. Default: standard output.")
    ] = None,
    group: Group = None,
) -> None:
    """Write the tracked people as CSV, as `users import` reads it."""
    from kagsync.tracking import roster_file

    loaded = common.settings_to_read()
    with open_to_read(loaded) as store:
        roster = store.users.all() if group is None else store.users.in_group(group)
    if file is None:
        listing.write_exactly(
            roster_file.roster_csv(roster, for_screen=sys.stdout.isatty()).removesuffix("\n")
        )
        return
    roster_file.write_roster(roster, file, loaded.db)
    common.say(f"Users written to {file}: {len(roster)}")


@command(users_app, "rename")
def users_rename(
    common: Common,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Username, handle, student id or name.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The username that the person has now.")],
    merge: Annotated[
        bool, typer.Option("--merge", help="If NEW is tracked already, make the two one person.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Change a username, after a typo or a rename on Kaggle.

    Entries and history stay.
    """
    loaded = common.settings()
    wanted = inputs.username(new)
    with open_store(loaded) as store:

        def both() -> tuple[User, User | None]:
            return store.users.get_any(inputs.person(old)), store.users.by_handle(wanted)

        person, other = found = both()
        if other is not None and other.id == person.id:
            other = None
        if other is not None:
            if not merge:
                raise UsageError(
                    f"{other.handle} is {'archived' if other.archived_at else 'tracked already'}",
                    "If the two are one person, make them one: "
                    f"kagsync users rename {person.handle} {other.handle} --merge",
                )
            confirm(f"Make {person.handle} and {other.handle} one person? This cannot be undone.", yes=yes)
        with store.writing() as write:
            if both() != found:
                raise UsageError("the roster was changed meanwhile", "Run the command again")
            if other is not None:
                one = write.identity.join(person, other)
            else:
                write.identity.rename(person, wanted)
        if other is not None:
            common.say(f"Joined {person.handle} and {other.handle}: {one.handle} has the history of both")
            return
        common.say(f"Renamed {person.handle} to {wanted}")
        _say_unseen(common, store, [store.users.get_any(wanted)])


@command(users_app, "archive")
def users_archive(common: Common, people: People) -> None:
    """Hide people from all lists and counts.

    Their entries and history stay.
    """
    loaded = common.settings()
    with open_store(loaded) as store, store.writing() as write:
        found = dict.fromkeys(store.users.get(inputs.person(text)) for text in people)
        write.users.archive(found, clock.utc_now())
    for user in found:
        common.say(f"Archived {user.handle}. To undo it: kagsync users restore {user.handle}")


@command(users_app, "restore")
def users_restore(common: Common, people: People) -> None:
    """Track archived people again."""
    loaded = common.settings()
    with open_store(loaded) as store, store.writing() as write:
        found = dict.fromkeys(store.users.get_any(inputs.person(text)) for text in people)
        write.users.restore(found)
    for user in found:
        common.say(f"Restored {user.handle}" if user.archived_at else f"{user.handle} is tracked already")


@command(users_app, "remove")
def users_remove(
    common: Common,
    people: People,
    yes: Yes = False,
) -> None:
    """Forget people for good, with all their entries and history."""
    from kagsync.store import compact, forgetting

    loaded = common.settings()
    with open_store(loaded) as store:
        if compact.is_due(store):  # an earlier removal was stopped
            forgetting.erase(store)
        found = {each.id: each for each in (store.users.get_any(inputs.person(text)) for text in people)}
        what = [
            f"{each.handle} with {_extent(*forgetting.extent(store, key))}" for key, each in found.items()
        ]
        listed = "\n".join(f"  {printable(each)}" for each in what)
        confirm(f"{_BEFORE_REMOVING.format(listed)}\nRemove for good?", yes=yes)
        kept = forgetting.forget(store, found)
        for each in what:
            common.say(f"Removed {each}")
        for team, handles in kept.teams.items():
            others = f"{', '.join(handles)} {'is or was' if len(handles) == 1 else 'are or were'}"
            common.say(f"The team name {team} stays, because {others} in that team")
        for number in kept.channels:
            common.say(f"Notification channel {number} stays, though its URL names somebody you removed")
        forgetting.erase(store)
        common.say(_OUT_OF_REACH)


def _extent(entries: int, changes: int, teams: int, competitions: int) -> str:
    """What goes with a person."""
    from kagsync.standings.sentences import counted

    counts = ((entries, "entry", "entries"), (changes, "change", "changes"), (teams, "team", "teams"))
    *first, last = (f"{count:,} {one if count == 1 else many}" for count, one, many in counts)
    on = f", in {counted(competitions, 'competition')}"
    return f"{', '.join(first)} and {last}{on if competitions else ''}"
