"""`kagsync history`: how ranks changed over time."""

from __future__ import annotations

from typing import Annotated

import typer

from kagsync import clock, inputs
from kagsync.cli import scope
from kagsync.cli.command import Common, app, command, open_to_read
from kagsync.cli.options import AnyFormatOfMany, BoardToShow, Group, ShownBoard, Slug
from kagsync.output.listing import FormatOfMany, Result


@command(app)
def history(
    common: Common,
    slug: Slug,
    people: Annotated[
        list[str] | None,
        typer.Argument(metavar="PERSON", help="Usernames, student ids or names. Default: everybody."),
    ] = None,
    group: Group = None,
    board: BoardToShow = ShownBoard.final,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help=f"Start at: {scope.WHEN} [default: the first board]."),
    ] = None,
    format_: AnyFormatOfMany = FormatOfMany.table,
) -> Result:
    """Show how ranks changed over time.

    On a terminal there is a chart above the latest changes.
    """
    from kagsync.output import tables
    from kagsync.queries import history as query

    loaded = common.settings_to_read()
    inputs.at_most_one({"PERSON": bool(people), "--group": group is not None})
    # While a pager waits, SQLite cannot reuse its -wal, which grows with each sync; nobody is blocked.
    store = common.until_printed.enter_context(open_to_read(loaded))
    named = dict.fromkeys(store.users.get(inputs.person(name)) for name in people or [])
    users = list(named) or scope.people(store, None, group)
    competition = store.competitions.get(inputs.competition_slug(slug))
    start = None if since is None else scope.since(since, loaded, clock.utc_now())(competition)
    found = query.timeline(store, competition.slug, users, start, board=board.value)
    return Result(tables.History(found), (query.as_json(found, row) for row in found.rows))
