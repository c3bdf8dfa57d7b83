"""How standings changed over time: every change with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.queries import results
from kagsync.standings import gaps, movements, which
from kagsync.standings.sentences import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kagsync.standings.gaps import Lead
    from kagsync.standings.movements import Movement
    from kagsync.standings.standing import Standing
    from kagsync.store import Store
    from kagsync.store.records import Competition, User


@dataclass(frozen=True)
class Row:
    """A change: the standing from a moment (seconds since 1970) on, and what led to it.

    Attributes:
        standing: None: not on the board.
        movement: None: it began before the time that was asked for.
        lead: how far the person is ahead of the other one; None: there are not just two, or one of them is
            not on the board.
    """

    user: User
    moment: int
    standing: Standing | None
    movement: Movement | None
    lead: Lead | None = None


@dataclass(frozen=True)
class Timeline:
    """The changes of some people in one competition."""

    competition: Competition
    rows: Rows


@dataclass(frozen=True)
class Rows:
    """Changes, the earliest first, then by rank.

    Each iteration reads them from the store, so that a year of a large competition needs no memory. All see
    the same changes if the store was opened to read.
    """

    store: Store
    competition: Competition
    users: list[User]
    start: int

    def __iter__(self) -> Iterator[Row]:
        history, competition = self.store.ledger(self.competition.board).history, self.competition
        finals = results.finals(self.store, competition)
        deleted = history.deleted_accounts(competition.id)
        users = {user.id: user for user in self.users}
        known = {key for key in users if history.was_seen(competition.id, key, self.start)}
        standings = {key: history.standing_at(competition.id, key, self.start) for key in known}

        def row(key: int, moment: int, movement: Movement | None) -> Row:
            here, lead = standings.get(key), None
            if len(users) == 2:
                (other,) = users.keys() - {key}
                lead = gaps.lead(here, standings.get(other), competition.direction)
            return Row(users[key], moment, here, movement, lead)

        began = (row(key, self.start, None) for key, here in standings.items() if here)
        yield from sorted(began, key=_in_order)
        for _, changes in groupby(history.changes(competition.id, users, self.start), itemgetter(0)):
            moved = []
            for moment, key, change in changes:
                steps = movements.between(
                    standings.get(key),
                    change,
                    known=key in known,
                    higher_is_better=competition.direction,
                    deleted=deleted,
                )
                moved.append((key, moment, next(iter(finals(key, steps)), None)))
                standings[key] = change.standing
                known.add(key)
            yield from sorted((row(*each) for each in moved), key=_in_order)

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None


def timeline(
    store: Store,
    slug: str,
    users: Iterable[User],
    since: datetime | None = None,
    *,
    board: str = which.PUBLIC,
) -> Timeline:
    """All changes since a time, and the standing at that time of everybody who was on the board then.

    Args:
        board: public, private or final.

    Raises:
        UnknownCompetition: no such competition is tracked.
    """
    competition = store.competitions.on(store.competitions.get(slug), board)
    start = int(since.timestamp()) if since else -1
    return Timeline(competition, Rows(store, competition, list(users), start))


def _in_order(row: Row) -> tuple[object, ...]:
    rank = row.standing.rank if row.standing is not None and row.standing.rank is not None else float("inf")
    return (row.moment, rank, row.user.handle)


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
        "board": timeline.competition.board,
        "handle": row.user.handle,
        "student_id": row.user.student_id,
        "lead_places": row.lead and row.lead.places,
        "lead_score": row.lead and row.lead.score,
    }
