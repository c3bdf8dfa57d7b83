"""`kagsync show`: where everybody stands."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli import scope
from kagsync.cli.command import Common, app, command, open_to_read
from kagsync.cli.options import (
    AnyFormat,
    AnySlug,
    BoardToShow,
    Columns,
    Group,
    Limit,
    LocalTime,
    OneUser,
    ShownBoard,
    Sort,
)
from kagsync.errors import UsageError
from kagsync.output.listing import Format, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kagsync.queries.order import Order
    from kagsync.queries.overview import Overview
    from kagsync.settings import Settings
    from kagsync.store.records import Competition

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help=f"Compare with: {scope.WHEN} [default: 24h]."),
]


@command(app)
def show(
    common: Common,
    slug: AnySlug = None,
    user: OneUser = None,
    group: Group = None,
    by_group: Annotated[bool, typer.Option("--by-group", help="A table for each group.")] = False,
    board: BoardToShow = ShownBoard.final,
    since: Since = None,
    sort: Sort = None,
    limit: Limit = None,
    columns: Columns = None,
    local_time: LocalTime = False,
    format_: AnyFormat = Format.table,
) -> Result:
    """Show where everybody stands, what moved, and what is next."""
    from kagsync.output import board_table, tables
    from kagsync.queries import board as query
    from kagsync.queries import last_seen, overview

    loaded = common.settings_to_read()
    now = clock.utc_now()
    compared = scope.since(since, loaded, now)
    zone = None if local_time else UTC
    order, chosen = _order(sort), _columns(columns)
    if by_group and slug is None:
        raise UsageError("--by-group needs a competition", "Use: kagsync show SLUG --by-group")
    inputs.at_most_one({"--by-group": by_group, "--user": user is not None})
    if format_ in (Format.json, Format.csv) and (chosen or local_time):
        raise UsageError(
            f"{'--columns' if chosen else '--local-time'} does not go with --format {format_}",
            "JSON and CSV always have all keys, and times in UTC",
        )
    if slug is None and user is None:
        if board is not ShownBoard.final:
            raise UsageError("--board needs a competition", f"Use: kagsync show SLUG --board {board}")
        for option, given in (("--sort COLUMN", sort), ("--limit N", limit), ("--columns COLUMNS", columns)):
            if given is not None:
                name, _, _ = option.partition(" ")
                raise UsageError(
                    f"{name} needs a competition or a person", f"Use: kagsync show SLUG {option}"
                )
        found = _overviews(loaded, group, compared, now)
        return Result(tables.overview(found, now, zone), [overview.as_json(each) for each in found])
    from kagsync.queries.order import arranged

    with open_to_read(loaded) as store:
        users = scope.people(store, user, group)
        ours = store.users.all() if user is not None else users
        among = {each.id: each.group if by_group else None for each in ours}
        if slug is None:
            found_on = query.boards(store, users, compared, board=board.value, among=among)
            views = arranged(found_on, order, limit)
            shown = board_table.person(views, now, zone=zone, columns=chosen)
            return Result(shown, query.entries_as_json(views))
        competition = inputs.competition_slug(slug)
        view = query.board(store, competition, users, compared, board=board.value, among=among)
    (view,) = arranged([view], order, limit, by_group=by_group)
    seen = view.competition.snapshot_at
    whole = user is None and group is None and limit is None
    looked = since == scope.LAST or (whole and format_ is Format.table and sys.stdout.isatty())
    if seen is not None and looked:
        last_seen.remember(loaded, view.competition.slug, seen)
    table = board_table.groups if by_group else board_table.board
    return Result(table(view, now, zone=zone, columns=chosen), query.entries_as_json([view]))


def _order(text: str | None) -> Order | None:
    """What `--sort` asks for."""
    if text is None:
        return None
    from kagsync.queries.order import KEYS, Order

    return Order(_column(text.removeprefix("-"), KEYS), descending=text.startswith("-"))


def _columns(text: str | None) -> list[str]:
    """The columns that `--columns` asks for."""
    if text is None:
        return []
    from kagsync.output.board_table import COLUMNS

    return list(dict.fromkeys(_column(each, COLUMNS) for each in text.split(",")))


def _column(text: str, known: Collection[str]) -> str:
    """A column's key, which may be written like its title: `Last sub`, `last-sub`."""
    key = text.strip().lower().replace("-", "_").replace(" ", "_")
    if key in known:
        return key
    raise UsageError(f"{inputs.short(text)} is not a column", errors.choose(key, known))


def _overviews(
    loaded: Settings, group: str | None, since: Callable[[Competition], datetime], now: datetime
) -> list[Overview]:
    """Every competition in short; none if there is no database yet."""
    from kagsync.queries import overview

    try:
        with open_to_read(loaded) as store:
            return overview.overviews(store, scope.people(store, None, group), since, now)
    except errors.NoDatabase:
        return []
