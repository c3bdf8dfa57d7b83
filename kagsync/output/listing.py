"""What `show` and the `list` commands print, in each of their formats."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kagsync.output import chart, tables, terminal
from kagsync.queries import board, history, news

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.notify.tell import Listed
    from kagsync.output.terminal import Table
    from kagsync.queries.board import BoardView
    from kagsync.queries.history import Timeline
    from kagsync.queries.news import Item
    from kagsync.queries.status import Status
    from kagsync.queries.unseen import Unseen
    from kagsync.store.records import Competition, User

# Left out of the CSV: a list and a text beside its number are of no use in a spreadsheet.
_NOT_IN_CSV = {"score_text", "members"}
_LATEST = 40  # changes that a terminal is shown under the chart


def print_board(view: BoardView, format_: str, now: datetime, *, by_group: bool = False) -> None:
    """One competition; as one block, or as a block for each group."""
    if not by_group or not view.groups or format_ in ("json", "csv"):
        _print(_entries([view]), tables.board(view, now), format_)
        return
    for number, group in enumerate(view.groups):
        if number:
            sys.stdout.write("\n")
        block = view.of_group(group)
        _print([], tables.board(block, now, group=group or "Without a group"), format_)


def print_person(found: list[BoardView], format_: str, now: datetime) -> None:
    """One person on every board."""
    _print(_entries(found), tables.person(found, now), format_)


def print_overview(found: list[BoardView], format_: str, now: datetime) -> None:
    """One line a competition."""
    _print_competitions(found, tables.overview(found, now), format_)


def print_competitions(found: list[BoardView], format_: str, now: datetime) -> None:
    """The tracked competitions."""
    _print_competitions(found, tables.competitions(found, now), format_)


def print_news(items: list[Item], format_: str, *, several: bool) -> None:
    """Sentences, the newest first; with the competition's name where there are several."""
    if format_ != "table":
        _print([news.as_json(item) for item in items], tables.news(items), format_)
        return
    if not items:
        sys.stdout.write("Nothing moved\n")
        return
    terminal.print_lines(
        (
            [
                (f"{tables.at(item.movement.moment)}  ", "dim"),
                (f"{item.competition.slug}  " if several else "", "cyan"),
                (item.who, "bold"),
                (item.sentence.removeprefix(item.who), ""),
            ]
            for item in items
        ),
        sys.stdout,
    )


def print_timeline(found: Timeline, format_: str) -> None:
    """Changes over time: on a terminal with a chart above, and only the latest; elsewhere all of them."""
    on_terminal = format_ == "table" and sys.stdout.isatty()
    if on_terminal:
        terminal.print_fitted(lambda width: chart.chart(*tables.series(found), width), sys.stdout)
    table = tables.timeline(found, latest=_LATEST if on_terminal else None)
    _print([history.as_json(found, row) for row in found.rows], table, format_)


def print_missing(competition: Competition, absent: list[User], unseen: list[Unseen], format_: str) -> None:
    """Who has no entry."""
    told = {each.user.id: each for each in unseen}
    content = []
    for user in absent:
        found = told.get(user.id)
        content.append(
            {
                "competition": competition.slug,
                "username": user.username,
                "name": user.name,
                "group": user.group,
                "never_seen": found is not None,
                "nearest": found and found.nearest,
                "nearest_in": found and found.competition,
            }
        )
    _print(content, tables.missing(competition, absent, unseen), format_)


def print_users(roster: list[User], format_: str) -> None:
    """The tracked people."""
    table = tables.users(roster)
    if not roster:
        table.below.append("Nobody is tracked yet: kagsync users add USERNAME")
    content = [{"username": user.username, "name": user.name, "group": user.group} for user in roster]
    _print(content, table, format_)


def print_status(found: Status) -> None:
    """How fresh everything is."""
    terminal.print_table(tables.status(found), sys.stdout)


def print_targets(found: list[Listed]) -> None:
    """Who is told of what."""
    table = tables.targets(found)
    if not found:
        table.below.append("Nobody is told yet: kagsync notify add URL")
    terminal.print_table(table, sys.stdout)


def _print_competitions(found: list[BoardView], table: Table, format_: str) -> None:
    if not found:
        table.below.append("No competition is tracked yet: kagsync competitions add SLUG")
    _print([board.competition_as_json(view) for view in found], table, format_)


def _entries(found: list[BoardView]) -> list[dict[str, Any]]:
    return [board.entry_as_json(view, line) for view in found for line in (*view.on_board, *view.left)]


def _print(content: list[dict[str, Any]], table: Table, format_: str) -> None:
    if format_ == "json":
        terminal.print_json(content, sys.stdout)
    elif format_ == "csv":
        titles = [title for title in content[0] if title not in _NOT_IN_CSV] if content else []
        terminal.print_csv(titles, [[row[title] for title in titles] for row in content], sys.stdout)
    elif format_ == "markdown":
        terminal.print_markdown(table, sys.stdout)
    else:
        terminal.print_table(table, sys.stdout)
