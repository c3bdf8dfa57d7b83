"""`kagsync users`: which people are tracked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli.command import (
    Common,
    command,
    confirm,
    in_turn,
    open_store,
    open_to_read,
    users_app,
    with_entries,
)
from kagsync.cli.options import AnyFormat, Group, Yes, storable
from kagsync.errors import UsageError
from kagsync.output import listing
from kagsync.output.listing import Format, Result

if TYPE_CHECKING:
    from kagsync.settings import Settings


@command(users_app, "add")
def users_add(
    common: Common,
    usernames: Annotated[
        list[str], typer.Argument(metavar="USERNAME", help="Usernames, @usernames or profile URLs.")
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", callback=storable, help="The person's real name.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="GROUP", callback=storable, help="A group of your choice, such as a class."),
    ] = None,
) -> None:
    """Track people, or change their names and groups."""
    loaded = common.settings()
    wanted = [inputs.username(username) for username in usernames]
    if len(wanted) > 1 and name is not None:
        raise UsageError(
            "--name is for one user", "Add the users one by one, or use: kagsync users import FILE.csv"
        )
    _save_users(common, loaded, [(username, name or None, group or None) for username in wanted])


@command(users_app, "import")
def users_import(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Lines of username[,name][,group].")],
) -> None:
    """Track the people in a CSV file.

    If a line is bad, nobody is added.
    """
    from kagsync.tracking import roster_file

    loaded = common.settings()
    _save_users(common, loaded, roster_file.read_roster(file))


def _save_users(common: Common, loaded: Settings, users: list[tuple[str, str | None, str | None]]) -> None:
    from kagsync.queries.unseen import unseen

    with open_store(loaded, create=True) as store:
        added, changed, unchanged = store.users.save(users, clock.utc_now())
        named = [store.users.get(username) for username, *_ in users]
        never = unseen(store, named)
    common.say(f"Users added: {added}, changed: {changed}, unchanged: {unchanged}")
    for each in never:
        common.say(f"{each.user.username}: {each.hint}")


@command(users_app, "list")
def users_list(
    common: Common,
    group: Group = None,
    format_: AnyFormat = Format.table,
) -> Result:
    """List the tracked people."""
    from kagsync.output import tables

    loaded = common.settings_to_read()
    try:
        with open_to_read(loaded) as store:
            roster = store.users.all() if group is None else store.users.in_group(group)
    except errors.NoDatabase:
        roster = []
    data = [{"username": user.username, "name": user.name, "group": user.group} for user in roster]
    return Result(tables.users(roster), data)


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


@command(users_app, "remove")
def users_remove(
    common: Common,
    usernames: Annotated[list[str], typer.Argument(metavar="USERNAME", help="Tracked people.")],
    yes: Yes = False,
) -> None:
    """Delete people with all their entries and history."""
    loaded = common.settings()
    with open_store(loaded) as store:
        people = [store.users.get(inputs.username(username)) for username in usernames]
        found = {each.username: each for each in people}
        what = {name: with_entries(name, store.entry_count(user_id=each.id)) for name, each in found.items()}
        for each in what.values():
            confirm(f"Remove {each}?", yes=yes)
        with in_turn(found) as left:
            while left:
                store.users.remove(found[left[0]].id)
                common.say(f"Removed {what[left.popleft()]}")
