"""`kagsync users`: which people are tracked."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli.command import (
    confirm,
    in_turn,
    load,
    load_to_read,
    open_store,
    open_to_read,
    print_text,
    say,
    users_app,
    with_entries,
)
from kagsync.cli.options import AnyFormat, Db, Format, Group, Quiet, Verbose, Yes, storable
from kagsync.errors import UsageError
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from kagsync.settings import Settings


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
        what = {name: with_entries(name, store.entry_count(user_id=each.id)) for name, each in found.items()}
        for told in what.values():
            confirm(f"Remove {told}?", yes=yes)
        with in_turn(found) as left:
            while left:
                store.remove_user(found[left[0]].id)
                say(f"Removed {what[left.popleft()]}", quiet=quiet)
