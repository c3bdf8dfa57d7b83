"""One line a competition: how many of our people are on its board, who is best, and whether it is fresh."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.queries import board
from kagsync.queries.moved import Moved
from kagsync.standings.which import FINAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kagsync.standings.lifecycle import Phase
    from kagsync.store import Store
    from kagsync.store.records import Competition, User


@dataclass(frozen=True)
class Overview:
    """One competition in short, by its final board: the private one if there is one.

    Attributes:
        phase: in which it is, and since when.
        left, missing: how many of our people were on the board, and never were.
        rose, fell: how many of those on the board rose and fell.
        last_error: when the latest sync failed, and why; None: it did not.
        people: those on the board with their ranks, the best first.
    """

    competition: Competition
    phase: Phase
    left: int
    missing: int
    rose: int
    fell: int
    last_error: tuple[datetime, str] | None
    people: list[tuple[User, int | None]]

    @property
    def on_board(self) -> int:
        """How many of our people are on the board."""
        return len(self.people)

    @property
    def best(self) -> User | None:
        """The first of them; None: nobody is on the board."""
        return self.people[0][0] if self.people else None

    @property
    def best_rank(self) -> int | None:
        """None if nobody is on the board, or if it has no ranks."""
        return self.people[0][1] if self.people else None


def overviews(
    store: Store, users: list[User], since: Callable[[Competition], datetime], now: datetime
) -> list[Overview]:
    """All competitions in short: what ends next first, ended ones last.

    It builds no boards, and reads the history only where a board is newer than the time to compare with.

    Args:
        users: whom to count.
        since: gives the time to compare with, for a competition.
        now: the time by which the phases are computed.
    """
    by_id = {user.id: user for user in users}
    on_board: defaultdict[tuple[str, int], list[tuple[bool, int, str, User]]] = defaultdict(list)
    entries: defaultdict[tuple[str, int], int] = defaultdict(int)
    competitions = [store.competitions.on(each, FINAL) for each in store.competitions.all()]
    competitions.sort(key=lambda each: each.by_end(now))
    for kind in {each.board for each in competitions}:
        for competition_id, user_id, rank, is_on_board in store.ledger(kind).boards.ranks():
            if (user := by_id.get(user_id)) is None:
                continue  # not asked for, or added since we read the users
            entries[kind, competition_id] += 1
            if is_on_board:
                on_board[kind, competition_id].append((rank is None, rank or 0, user.handle.lower(), user))
    found = []
    for competition in competitions:
        key = (competition.board, competition.id)
        ours = sorted(on_board[key], key=lambda each: each[:3])
        found.append(
            Overview(
                competition,
                competition.phase(now),
                entries[key] - len(ours),
                len(users) - entries[key],
                *_moved(store, competition, [each[3] for each in ours], since(competition)),
                store.runs.last_error(competition.id),
                [(user, None if unranked else place) for unranked, place, _, user in ours],
            )
        )
    return found


def _moved(store: Store, competition: Competition, users: list[User], since: datetime) -> tuple[int, int]:
    """How many of these people rose and fell."""
    if competition.snapshot_at is None or competition.snapshot_at <= since:
        return 0, 0
    moved = Moved(store, competition, since)
    return board.moved(moved.overall(user.id) for user in users)


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
        "board": competition.board,
        "phase": found.phase.name,
        "phase_since": found.phase.since and clock.iso(found.phase.since),
        "best_handle": found.best and found.best.handle,
        "merger_deadline": competition.merger_deadline,
        "new_entrant_deadline": competition.new_entrant_deadline,
    }
