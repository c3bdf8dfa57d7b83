"""What `show` and the `list` commands print, in each of their formats."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kagsync import render, show, views

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.records import User
    from kagsync.render import Table
    from kagsync.show import BoardView

# Left out of the CSV: a list and a text beside its number are of no use in a spreadsheet.
_NOT_IN_CSV = {"score_text", "members"}


def print_board(view: BoardView, format_: str, now: datetime) -> None:
    """One competition."""
    _print(_entries([view]), views.board(view, now), format_)


def print_person(found: list[BoardView], format_: str, now: datetime) -> None:
    """One person on every board."""
    _print(_entries(found), views.person(found, now), format_)


def print_overview(found: list[BoardView], format_: str, now: datetime) -> None:
    """One line a competition."""
    _print_competitions(found, views.overview(found, now), format_)


def print_competitions(found: list[BoardView], format_: str, now: datetime) -> None:
    """The tracked competitions."""
    _print_competitions(found, views.competitions(found, now), format_)


def print_users(roster: list[User], format_: str) -> None:
    """The tracked people."""
    table = views.users(roster)
    if not roster:
        table.below.append("Nobody is tracked yet: kagsync users add USERNAME")
    content = [{"username": user.username, "name": user.name, "group": user.group} for user in roster]
    _print(content, table, format_)


def _print_competitions(found: list[BoardView], table: Table, format_: str) -> None:
    if not found:
        table.below.append("No competition is tracked yet: kagsync competitions add SLUG")
    _print([show.competition_as_json(view) for view in found], table, format_)


def _entries(found: list[BoardView]) -> list[dict[str, Any]]:
    return [show.entry_as_json(view, line) for view in found for line in (*view.on_board, *view.left)]


def _print(content: list[dict[str, Any]], table: Table, format_: str) -> None:
    if format_ == "json":
        render.print_json(content, sys.stdout)
    elif format_ == "csv":
        titles = [title for title in content[0] if title not in _NOT_IN_CSV] if content else []
        render.print_csv(titles, [[row[title] for title in titles] for row in content], sys.stdout)
    elif format_ == "markdown":
        render.print_markdown(table, sys.stdout)
    else:
        render.print_table(table, sys.stdout)
