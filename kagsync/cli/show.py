"""`kagsync show`, `news`, `history`, `report` and `missing`: the commands that show standings."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli.command import Common, app, command, open_to_read, refuse_both
from kagsync.cli.options import (
    AnyFormat,
    AnyFormatOfMany,
    AnySlug,
    BoardToShow,
    Columns,
    Group,
    Limit,
    LocalTime,
    NamesOfReport,
    OneUser,
    ShownBoard,
    Slug,
    Sort,
    storable,
)
from kagsync.errors import UsageError
from kagsync.output.listing import Format, FormatOfMany, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kagsync.queries.order import Order
    from kagsync.queries.overview import Overview
    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

_A_DAY = timedelta(hours=24)
_LAST = "last"

_WHEN = "24h, 7d, 90m, a date (UTC), or last (the board you saw last)"
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help=f"Compare with: {_WHEN} [default: 24h]."),
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
    from kagsync.queries.order import arranged

    loaded = common.settings_to_read()
    now = clock.utc_now()
    compared = _since(since, loaded, now)
    zone = None if local_time else UTC
    order, chosen = _order(sort), _columns(columns)
    if by_group and slug is None:
        raise UsageError("--by-group needs a competition", "Use: kagsync show SLUG --by-group")
    if by_group and (user is not None or group is not None):
        only = "--user" if group is None else "--group"
        raise UsageError(f"--by-group and {only} contradict each other", "Pass one of them")
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
    with open_to_read(loaded) as store:
        users = _people(store, user, group)
        if slug is None:
            views = arranged(query.boards(store, users, compared, board=board.value), order, limit)
            shown = board_table.person(views, now, zone=zone, columns=chosen)
            return Result(shown, query.entries_as_json(views))
        view = query.board(store, inputs.competition_slug(slug), users, compared, board=board.value)
    (view,) = arranged([view], order, limit, by_group=by_group)
    seen = view.competition.snapshot_at
    whole = user is None and group is None
    looked = since == _LAST or (whole and format_ is Format.table and sys.stdout.isatty())
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
    raise UsageError(
        f"{inputs.short(text)} is not one of these columns: {', '.join(known)}",
        errors.did_you_mean(key, list(known), "kagsync show --help"),
    )


def _since(text: str | None, loaded: Settings, now: datetime) -> Callable[[Competition], datetime]:
    """A function that gives the time to compare with, for a competition."""
    if text == _LAST:
        from kagsync.queries import last_seen

        return lambda competition: last_seen.last(loaded, competition.slug) or now - _A_DAY
    moment = inputs.since(text, now) if text is not None else now - _A_DAY
    return lambda _: moment


def _people(store: Store, person: str | None, group: str | None) -> list[User]:
    refuse_both(("--user", person is not None), ("--group", group is not None))
    if person is not None:
        return [store.users.get(inputs.person(person))]
    return store.users.all() if group is None else store.users.in_group(group)


def _overviews(
    loaded: Settings, group: str | None, since: Callable[[Competition], datetime], now: datetime
) -> list[Overview]:
    """Every competition in short; none if there is no database yet."""
    from kagsync.queries import overview

    try:
        with open_to_read(loaded) as store:
            return overview.overviews(store, _people(store, None, group), since, now)
    except errors.NoDatabase:
        return []


@command(app)
def news(
    common: Common,
    slug: AnySlug = None,
    user: OneUser = None,
    group: Group = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="GROUP", help="Only who passed whom between --group and this one."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help=f"Start at: {_WHEN} [default: 24h]."),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            "--after", metavar="ID", help="Start after the movement of this id (see --format json)."
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="REASONS", help="Only these: improved,passed,…")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also what only others did, as --format json and csv always have it."),
    ] = False,
    format_: AnyFormatOfMany = FormatOfMany.table,
) -> Result:
    """Tell what people did, the newest first.

    What only others did to their ranks is one line at the end.
    """
    from kagsync.output import tables
    from kagsync.queries import news as query

    refuse_both(("--only", only is not None), ("--all", everything))
    refuse_both(("--since", since is not None), ("--after", after is not None))
    refuse_both(("--only", only is not None), ("--against", against is not None))
    if against is not None and group is None:
        raise UsageError("--against needs a group", "Use: kagsync news --group GROUP --against GROUP")
    loaded = common.settings_to_read()
    now = clock.utc_now()
    reasons = None if only is None else query.reasons(only)
    start = None if after is None else datetime.fromtimestamp(query.moment_of(after), UTC)
    compared = _since(since, loaded, now) if start is None else lambda _: start
    with open_to_read(loaded) as store:
        users = _people(store, user, group)
        rivals = None if against is None else store.users.in_group(against)
        competitions = (
            store.competitions.all()
            if slug is None
            else [store.competitions.get(inputs.competition_slug(slug))]
        )
        seen = query.on_both_boards(store, competitions)
        items = query.news(store, seen, users, compared, against=rivals)
        shaken = query.shake_ups(store, items)
        young = query.compared_with_first(store, seen, compared)
    told = query.chosen(items, reasons, drift=everything)
    below = tables.BelowNews(shaken, {} if only or everything else query.only_drifted(items), young)
    data = items if only is None else told
    return Result(tables.news(told, below, several=slug is None), [query.as_json(item) for item in data])


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
        typer.Option("--since", metavar="WHEN", help=f"Start at: {_WHEN} [default: the first board]."),
    ] = None,
    format_: AnyFormatOfMany = FormatOfMany.table,
) -> Result:
    """Show how ranks changed over time.

    On a terminal there is a chart above the latest changes.
    """
    from kagsync.output import tables
    from kagsync.queries import history as query

    loaded = common.settings_to_read()
    refuse_both(("PERSON", bool(people)), ("--group", group is not None))
    # While a pager waits, SQLite cannot reuse its -wal, which grows with each sync; nobody is blocked.
    store = common.until_printed.enter_context(open_to_read(loaded))
    named = dict.fromkeys(store.users.get(inputs.person(name)) for name in people or [])
    users = list(named) or _people(store, None, group)
    competition = store.competitions.get(inputs.competition_slug(slug))
    start = None if since is None else _since(since, loaded, clock.utc_now())(competition)
    found = query.timeline(store, competition.slug, users, start, board=board.value)
    return Result(tables.History(found), (query.as_json(found, row) for row in found.rows))


@command(app)
def report(
    common: Common,
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="SLUG", help="Tracked competitions. Default: all.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The folder to write to.")] = Path(
        "kagsync-report"
    ),
    title: Annotated[
        str | None, typer.Option(metavar="TITLE", callback=storable, help="The title of the site.")
    ] = None,
    group: Group = None,
    board: BoardToShow = ShownBoard.final,
    names: NamesOfReport = None,
    searchable: Annotated[
        bool | None,
        typer.Option(
            "--search-engines/--no-search-engines",
            help="Whether search engines may list the pages. Default: as before, otherwise not.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a web page for each competition, and an index."""
    from kagsync.report import write

    loaded = common.settings_to_read()
    wanted = [inputs.competition_slug(slug) for slug in slugs or []] or None
    with open_to_read(loaded) as store:
        content = write.Content(
            wanted, title, group, board.value, names=names and names.value, searchable=searchable
        )
        written = write.report(store, output, clock.utc_now(), content)
    common.say(written.text)


@command(app)
def missing(
    common: Common,
    slug: AnySlug = None,
    group: Group = None,
    format_: AnyFormat = Format.table,
) -> Result:
    """List who has no entry in a competition, and likely typos.

    Without SLUG: in all active competitions.
    """
    from kagsync.output import missing_table
    from kagsync.queries import missing as query

    loaded = common.settings_to_read()
    wanted = None if slug is None else inputs.competition_slug(slug)
    with open_to_read(loaded) as store:
        found = query.missing(store, wanted, _people(store, None, group))
    return Result(missing_table.missing(found), query.as_json(found))
