"""What is tracked: competitions and people."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli.common import (
    competitions_app,
    confirm,
    counted,
    in_turn,
    load,
    load_to_read,
    open_store,
    open_to_read,
    print_text,
    say,
    users_app,
)
from kagsync.cli.looking import all_boards
from kagsync.cli.options import AnyFormat, Db, Direction, Format, Group, Quiet, Slugs, Verbose, Yes, storable
from kagsync.errors import UsageError
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Competition


@competitions_app.command("add")
def competitions_add(
    slugs: Annotated[list[str], typer.Argument(metavar="SLUG", help="Slugs or Kaggle URLs.")],
    title: Annotated[
        str | None, typer.Option(metavar="T", callback=storable, help="A title of your own.")
    ] = None,
    kaggle_id: Annotated[
        str | None,
        typer.Option("--kaggle-id", metavar="ID", help="Its name on Kaggle, if it is not the slug."),
    ] = None,
    no_kaggle: Annotated[bool, typer.Option("--no-kaggle", help="Not linked: never downloaded.")] = False,
    direction: Direction = None,
    medals: Annotated[
        bool | None,
        typer.Option(
            "--medals/--no-medals",
            help="Whether it awards medals, if Kaggle cannot be asked.",
            show_default=False,
        ),
    ] = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Track competitions; one that is tracked already is updated."""
    from kagsync.tracking import competitions as verb

    loaded = load(db, verbose, quiet)
    wanted = [inputs.competition_slug(slug) for slug in slugs]
    if len(wanted) > 1 and (title is not None or kaggle_id is not None):
        raise UsageError("--title and --kaggle-id go with one competition", "Add them one by one")
    if kaggle_id is not None and no_kaggle:
        raise UsageError("--kaggle-id and --no-kaggle contradict each other", "Say one of them")
    linked_as = None if kaggle_id is None else inputs.competition_slug(kaggle_id)
    with open_store(loaded, create=True) as store, in_turn(wanted) as left:
        while left:
            added = verb.add(
                store,
                left[0],
                title=title,
                kaggle_id=linked_as,
                link=not no_kaggle,
                higher_is_better=direction,
                medals=medals,
            )
            left.popleft()
            say(verb.told(added), quiet=quiet)


@competitions_app.command("list")
def competitions_list(
    format_: AnyFormat = Format.table, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """List the tracked competitions."""
    from kagsync.output import listing

    loaded = load_to_read(db, verbose, quiet)
    now = clock.utc_now()
    listing.print_competitions(all_boards(loaded, None, lambda _: now), format_.value, now)


def _set_active(slugs: list[str], active: bool, db: Path | None, verbose: bool, quiet: bool) -> None:
    loaded = load(db, verbose, quiet)
    with open_store(loaded) as store:
        found = {each.slug: each for each in _competitions(store, slugs)}
        with in_turn(found) as left:
            while left:
                store.update_competition(found[left[0]].id, active=int(active))
                say(f"{'Resumed' if active else 'Paused'} {left.popleft()}", quiet=quiet)


@competitions_app.command("pause")
def competitions_pause(slugs: Slugs, db: Db = None, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Leave competitions out of `sync --all`; their entries stay."""
    _set_active(slugs, False, db, verbose, quiet)


@competitions_app.command("resume")
def competitions_resume(slugs: Slugs, db: Db = None, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Take paused competitions up again."""
    _set_active(slugs, True, db, verbose, quiet)


@competitions_app.command("remove")
def competitions_remove(
    slugs: Slugs, yes: Yes = False, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """Forget competitions with all their entries and history."""
    loaded = load(db, verbose, quiet)
    with open_store(loaded) as store:
        found = {each.slug: each for each in _competitions(store, slugs)}
        what = {
            slug: _with_entries(slug, store.entry_count(competition_id=each.id))
            for slug, each in found.items()
        }
        for told in what.values():  # all questions first: who says no at the last one has lost nothing
            confirm(f"Remove {told}?", yes=yes)
        with in_turn(found) as left:
            while left:
                store.remove_competition(found[left[0]].id)
                say(f"Removed {what[left.popleft()]}", quiet=quiet)


def _competitions(store: Store, slugs: list[str]) -> list[Competition]:
    return [store.competition(inputs.competition_slug(slug)) for slug in slugs]


def _with_entries(name: str, entries: int) -> str:
    return f"{name} with {counted(entries, 'entry', 'entries')} and their history"


@users_app.command("add")
def users_add(
    usernames: Annotated[
        list[str], typer.Argument(metavar="USERNAME", help="Names, @names or profile URLs.")
    ],
    name: Annotated[
        str | None, typer.Option(metavar="N", callback=storable, help="The person's real name.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="G", callback=storable, help="A class, a team …")
    ] = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Track people; one who is tracked already gets the new name and group."""
    loaded = load(db, verbose, quiet)
    wanted = [inputs.username(username) for username in usernames]
    if len(wanted) > 1 and name is not None:
        raise UsageError(
            "--name goes with one user", "Add them one by one, or: kagsync users import FILE.csv"
        )
    _save_users(loaded, [(username, name or None, group or None) for username in wanted], quiet=quiet)


@users_app.command("import")
def users_import(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Lines of username[,name][,group].")],
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Track the people in a CSV file: all of them, or none when a line is bad."""
    from kagsync.tracking import roster_file as verb

    loaded = load(db, verbose, quiet)
    _save_users(loaded, verb.read_roster(file), quiet=quiet)


def _save_users(loaded: Settings, users: list[tuple[str, str | None, str | None]], *, quiet: bool) -> None:
    from kagsync.queries import unseen as typos

    with open_store(loaded, create=True) as store:
        added, changed, unchanged = store.save_users(users, clock.utc_now())
        named = [store.user(username) for username, *_ in users]
        unseen = typos.unseen(store, named)
    say(f"Users added: {added}, changed: {changed}, unchanged: {unchanged}", quiet=quiet)
    for each in unseen:
        say(printable(f"{each.user.username}: {each.told}"), quiet=quiet)


@users_app.command("list")
def users_list(
    group: Group = None,
    format_: AnyFormat = Format.table,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """List the tracked people."""
    from kagsync.output import listing

    loaded = load_to_read(db, verbose, quiet)
    try:
        with open_to_read(loaded) as store:
            roster = store.users() if group is None else store.users_in(group)
    except errors.NoDatabase:
        roster = []
    listing.print_users(roster, format_.value)


@users_app.command("export")
def users_export(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE.csv", help="A new file; standard output, if left out.")
    ] = None,
    group: Group = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write the roster as the CSV that `users import` reads."""
    from kagsync.tracking import roster_file as verb

    loaded = load_to_read(db, verbose, quiet)
    with open_to_read(loaded) as store:
        roster = store.users() if group is None else store.users_in(group)
    if file is None:
        print_text(verb.roster_csv(roster, for_screen=sys.stdout.isatty()).removesuffix("\n"))
        return
    verb.write_roster(roster, file, loaded.db)
    say(f"Users written to {file}: {len(roster)}", quiet=quiet)


@users_app.command("remove")
def users_remove(
    usernames: Annotated[list[str], typer.Argument(metavar="USERNAME", help="Tracked people.")],
    yes: Yes = False,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Forget people with all their entries and history."""
    loaded = load(db, verbose, quiet)
    with open_store(loaded) as store:
        people = [store.user(inputs.username(username)) for username in usernames]
        found = {each.username: each for each in people}
        what = {name: _with_entries(name, store.entry_count(user_id=each.id)) for name, each in found.items()}
        for told in what.values():
            confirm(f"Remove {told}?", yes=yes)
        with in_turn(found) as left:
            while left:
                store.remove_user(found[left[0]].id)
                say(f"Removed {what[left.popleft()]}", quiet=quiet)
