"""What people look at: where everybody stands. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import times

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.records import Competition, Entry, User
    from kagsync.store import Store

TREND_POINTS = 12


@dataclass(frozen=True)
class Line:
    """One tracked person's standing; `ranks` are the latest ones, oldest first (None: off the board)."""

    user: User
    entry: Entry
    ranks: list[int | None]
    last_seen_at: str | None


@dataclass(frozen=True)
class BoardView:
    """A competition as our people see it.

    `on_board` is in order of rank; `left` are those who were on the board; `missing` were never.
    """

    competition: Competition
    on_board: list[Line]
    left: list[Line]
    missing: list[User]
    last_error: tuple[datetime, str] | None


def board(store: Store, slug: str, *, username: str | None = None) -> BoardView:
    """Gathers one competition's view, of everybody or of one user.

    Raises:
        UnknownCompetition, UsageError: no such competition or user is tracked.
    """
    competition = store.competition(slug)
    users = store.users() if username is None else [store.user(username)]
    return _view(store, competition, users)


def boards(store: Store, *, username: str | None = None) -> list[BoardView]:
    """All competitions' views, by slug.

    Raises:
        UsageError: no such user is tracked.
    """
    users = store.users() if username is None else [store.user(username)]
    return [_view(store, competition, users) for competition in store.competitions()]


def _view(store: Store, competition: Competition, users: list[User]) -> BoardView:
    applied_at = times.iso(competition.snapshot_at) if competition.snapshot_at else None
    entries = {entry.user_id: entry for entry in store.entries(competition.id)}
    lines = [
        Line(
            user,
            entry,
            store.rank_history(competition.id, user.id, last=TREND_POINTS),
            entry.last_seen_at or applied_at,
        )
        for user in users
        if (entry := entries.get(user.id)) is not None
    ]
    lines.sort(key=lambda line: (line.entry.rank is None, line.entry.rank or 0, line.user.username.lower()))
    return BoardView(
        competition,
        on_board=[line for line in lines if line.entry.left_at is None],
        left=[line for line in lines if line.entry.left_at is not None],
        missing=[user for user in users if user.id not in entries],
        last_error=store.last_error(competition.id),
    )


def entry_as_json(view: BoardView, line: Line) -> dict[str, Any]:
    """One entry for programs; keys never disappear, unknown is None."""
    entry = line.entry
    return {
        "competition": view.competition.slug,
        "username": line.user.username,
        "name": line.user.name,
        "group": line.user.group,
        "rank": entry.rank,
        "teams": view.competition.team_count,
        "score": entry.score,
        "score_text": entry.score_text,
        "kaggle_team_name": entry.kaggle_team_name,
        "team_id": entry.team_id,
        "members": entry.members.split(",") if entry.members else [],
        "submission_date": entry.submission_date,
        "submission_count": entry.submission_count,
        "matched_by": entry.matched_by,
        "first_seen_at": entry.first_seen_at,
        "last_seen_at": line.last_seen_at,
        "left_at": entry.left_at,
    }


def competition_as_json(view: BoardView) -> dict[str, Any]:
    """One competition for programs."""
    competition = view.competition
    return {
        "competition": competition.slug,
        "title": competition.title,
        "kaggle_competition_id": competition.kaggle_competition_id,
        "active": competition.active,
        "teams": competition.team_count,
        "on_board": len(view.on_board),
        "left": len(view.left),
        "missing": len(view.missing),
        "best_rank": view.on_board[0].entry.rank if view.on_board else None,
        "best_username": view.on_board[0].user.username if view.on_board else None,
        "snapshot_at": competition.snapshot_at and times.iso(competition.snapshot_at),
        "synced_at": competition.synced_at and times.iso(competition.synced_at),
        "deadline": competition.deadline,
        "metric": competition.metric,
        "error": view.last_error and view.last_error[1],
    }
