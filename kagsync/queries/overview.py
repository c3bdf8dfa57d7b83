"""One line a competition: how many of our people are on its board, who is best, and whether it is fresh."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.queries import board

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.queries.board import BoardView
    from kagsync.store import Store
    from kagsync.store.records import Competition, User


@dataclass(frozen=True)
class Overview:
    """One competition in short.

    Attributes:
        on_board, left, missing: how many of our people are on the board, were on it, and never were.
        rose, fell: how many of those on the board rose and fell.
        best: the first of them; None: nobody is on the board.
        best_rank: None if nobody is on the board, or if it has no ranks.
        last_error: when the latest sync failed, and why; None: it did not.
    """

    competition: Competition
    on_board: int
    left: int
    missing: int
    rose: int
    fell: int
    best: User | None
    best_rank: int | None
    last_error: tuple[datetime, str] | None


def of_board(view: BoardView) -> Overview:
    """A whole board in short."""
    best = view.on_board[0] if view.on_board else None
    return Overview(
        view.competition,
        len(view.on_board),
        len(view.left),
        len(view.missing),
        *board.moved(view),
        best.user if best else None,
        best.entry.standing.rank if best else None,
        view.last_error,
    )


def overviews(store: Store, now: datetime) -> list[Overview]:
    """All competitions in short, by slug, compared with now. It reads no history, so it is fast."""
    users = store.users.all()
    by_id = {user.id: user for user in users}
    ranks: defaultdict[int, list[tuple[bool, int, str, User]]] = defaultdict(list)
    entries: defaultdict[int, int] = defaultdict(int)
    for competition_id, user_id, rank, on_board in store.boards.ranks():
        if (user := by_id.get(user_id)) is None:
            continue  # added since we read the users
        entries[competition_id] += 1
        if on_board:
            ranks[competition_id].append((rank is None, rank or 0, user.username.lower(), user))
    found = []
    for competition in store.competitions.all():
        if competition.snapshot_at is not None and competition.snapshot_at > now:
            # With a wrong clock, a board can be newer than now. Then somebody may have moved since.
            found.append(of_board(board.board(store, competition.slug, users, lambda _: now)))
            continue
        ours = ranks[competition.id]
        no_rank, rank, _, best = min(ours, key=lambda each: each[:3]) if ours else (True, 0, "", None)
        found.append(
            Overview(
                competition,
                len(ours),
                entries[competition.id] - len(ours),
                len(users) - entries[competition.id],
                0,
                0,
                best,
                None if no_rank else rank,
                store.runs.last_error(competition.id),
            )
        )
    return found


def as_json(found: Overview) -> dict[str, Any]:
    """One competition for programs. Every key is always there; None means unknown."""
    competition = found.competition
    return {
        "competition": competition.slug,
        "title": competition.title,
        "kaggle_competition_id": competition.kaggle_id if competition.is_linked else None,
        "active": competition.active,
        "teams": competition.team_count,
        "on_board": found.on_board,
        "left": found.left,
        "missing": found.missing,
        "rose": found.rose,
        "fell": found.fell,
        "best_rank": found.best_rank,
        "best_username": found.best and found.best.username,
        "snapshot_at": competition.snapshot_at and clock.iso(competition.snapshot_at),
        "synced_at": competition.synced_at and clock.iso(competition.synced_at),
        "deadline": competition.deadline,
        "metric": competition.metric,
        "higher_is_better": competition.direction,
        "medals": competition.awards_medals,
        "error": found.last_error and found.last_error[1],
    }
