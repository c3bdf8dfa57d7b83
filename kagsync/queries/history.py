"""How standings changed over time: every change with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.standings import movements
from kagsync.standings.sentences import words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.standings.movements import Movement
    from kagsync.standings.standing import Standing
    from kagsync.store import Store
    from kagsync.store.records import Competition, User


@dataclass(frozen=True)
class Row:
    """A change: the standing from a moment (seconds since 1970) on, and what led to it.

    `standing` None: not on the board. `movement` None: it began before the time that was asked for.
    """

    user: User
    moment: int
    standing: Standing | None
    movement: Movement | None


@dataclass(frozen=True)
class Timeline:
    """The changes of some people in one competition, the earliest first, then by rank."""

    competition: Competition
    rows: list[Row]


def timeline(store: Store, slug: str, users: Iterable[User], since: datetime | None = None) -> Timeline:
    """All changes since a time, and the standing at that time of everybody who was on the board then.

    Raises:
        UnknownCompetition: no such competition is tracked.
    """
    competition = store.competitions.get(slug)
    deleted = store.history.deleted_accounts(competition.id)
    start = int(since.timestamp()) if since else -1
    rows = []
    for user in users:
        past = store.history.past(competition.id, user.id, start)
        before, known = past.before, past.known
        if before is not None:
            rows.append(Row(user, start, before, None))
        for change in past.changes:
            steps = movements.between(
                before, change, known=known, higher_is_better=competition.direction, deleted=deleted
            )
            rows.append(Row(user, change.moment, change.standing, steps[0] if steps else None))
            before, known = change.standing, True
    return Timeline(competition, sorted(rows, key=_in_order))


def _in_order(row: Row) -> tuple[object, ...]:
    rank = row.standing.rank if row.standing is not None and row.standing.rank is not None else float("inf")
    return (row.moment, rank, row.user.username)


def as_json(timeline: Timeline, row: Row) -> dict[str, Any]:
    """One change for programs. Every key is always there; None means unknown."""
    standing, movement = row.standing, row.movement
    return {
        "competition": timeline.competition.slug,
        "username": row.user.username,
        "name": row.user.name,
        "group": row.user.group,
        "at": clock.from_unix(row.moment),
        "on_board": standing is not None,
        "rank": standing and standing.rank,
        "score": standing and standing.score,
        "score_text": standing and standing.score_text,
        "kaggle_team_name": standing and standing.team_name,
        "team_id": standing and standing.team_id,
        "members": standing and (standing.members.split(",") if standing.members else []),
        "submission_count": standing and standing.submission_count,
        "places": movement and movement.places,
        "reason": movement and movement.reason,
        "words": movement and words(movement),
    }
