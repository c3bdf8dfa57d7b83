"""The table of competitions that Kaggle lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.output.terminal import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kagsync.tracking.finding import Match


def listed(found: Sequence[Match], below: Sequence[str]) -> Table:
    """A line for each competition.

    Args:
        below: lines under the table.
    """
    columns: list[Column[Match]] = [
        Column("Competition", lambda each: each.listed.slug, style="bold"),
        Column("Title", lambda each: each.listed.facts.title or "", keep=70, shrink=16),
        Column("Deadline", _deadline, keep=80),
        Column("Teams", _teams, right=True, keep=60),
        Column("Category", lambda each: each.listed.category or "", keep=55),
        Column("Tracked", _tracked, keep=90, sparse=True),
    ]
    return Table(columns, found, below=below)


def _deadline(found: Match) -> str:
    return "" if found.deadline is None else f"{found.deadline:%Y-%m-%d}"


def _teams(found: Match) -> str:
    teams = found.listed.facts.team_count
    return "" if teams is None else f"{teams:,}"


def _tracked(found: Match) -> str:
    if found.tracked is None:
        return ""
    return "yes" if found.tracked.active else "paused"
