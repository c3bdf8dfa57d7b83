"""What people look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import errors, names, times
from kagsync.cli.common import app, load, open_store
from kagsync.cli.options import AnyFormat, Db, Format, Quiet, Verbose

if TYPE_CHECKING:
    from kagsync.settings import Settings
    from kagsync.show import BoardView


@app.command()
def show(
    slug: Annotated[
        str | None, typer.Argument(metavar="[SLUG]", help="A tracked competition; all, if left out.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="U", help="Only this person.")] = None,
    format_: AnyFormat = Format.table,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Show where everybody stands."""
    from kagsync import listings
    from kagsync import show as verb

    loaded = load(db, verbose, quiet)
    name = None if slug is None else names.competition_slug(slug)
    username = None if user is None else names.username(user)
    if name is not None:
        with open_store(loaded) as store:
            view = verb.board(store, name, username=username)
        listings.print_board(view, format_.value, times.utc_now())
    elif username is not None:
        with open_store(loaded) as store:
            found = verb.boards(store, username=username)
        listings.print_person(found, format_.value, times.utc_now())
    else:
        listings.print_overview(all_boards(loaded), format_.value, times.utc_now())


def all_boards(loaded: Settings) -> list[BoardView]:
    from kagsync import show as verb

    try:
        with open_store(loaded) as store:
            return verb.boards(store)
    except errors.NoDatabase:
        return []
