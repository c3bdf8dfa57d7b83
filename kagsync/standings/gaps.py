"""How far it is to the next person, baseline and medal. Pure functions."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kagsync.standings.marks import Benchmark, MedalLine
    from kagsync.standings.standing import Standing


@dataclass(frozen=True, slots=True)
class Gap:
    """The distance to somebody or something ahead.

    Attributes:
        to: a username, a baseline's name or a medal.
        places: ranks to climb; None: not known.
        score: how much better the score must become to draw level, never negative; None: not known.
        name: of the person with that username; None: there is none.
    """

    to: str
    places: int | None
    score: float | None
    name: str | None = None

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.name or self.to


class Lead(NamedTuple):
    """How far one person is ahead of another; negative: behind.

    Attributes:
        places: None: a rank is not known.
        score: in the score's unit, better is positive; None: a score or the direction is not known.
    """

    places: int | None
    score: float | None


def lead(one: Standing | None, other: Standing | None, higher_is_better: bool | None) -> Lead | None:
    """How far one person is ahead of another; None: one of them is not on the board."""
    if one is None or other is None:
        return None
    places = None if one.rank is None or other.rank is None else other.rank - one.rank
    if one.score is None or other.score is None or higher_is_better is None:
        return Lead(places, None)
    return Lead(places, _rounded((one.score - other.score) * (1 if higher_is_better else -1)))


def by_rank(people: Iterable[tuple[str, Standing]]) -> list[tuple[int, str, Standing]]:
    """People as `to_person` takes them: (rank, username, standing), the best first.

    There is one at each rank, the first of those who share it. Whoever has no rank is left out.
    """
    first: dict[int, tuple[int, str, Standing]] = {}
    for username, standing in people:
        if standing.rank is not None:
            first.setdefault(standing.rank, (standing.rank, username, standing))
    return [first[rank] for rank in sorted(first)]


def to_person(standing: Standing, others: Sequence[tuple[int, str, Standing]]) -> Gap | None:
    """The gap to the next person ahead among the others, who come from `by_rank`; None: nobody is.

    Team-mates share a rank, so they are never ahead of one another. The others are sorted once for a whole
    board: to search all of them for each person takes half a minute on a board with 10,000 of ours.
    """
    if standing.rank is None:
        return None
    ahead = bisect_left(others, standing.rank, key=lambda each: each[0])
    if ahead == 0:
        return None
    rank, username, other = others[ahead - 1]
    return Gap(username, standing.rank - rank, _distance(standing.score, other.score))


def to_baseline(
    standing: Standing, baselines: Iterable[tuple[Benchmark, int | None]], higher_is_better: bool | None
) -> Gap | None:
    """The gap to the nearest of the host's baselines with a better score; None: all are behind."""
    if standing.score is None or higher_is_better is None:
        return None
    sign = 1 if higher_is_better else -1
    ahead = [
        (sign * (baseline.score - standing.score), baseline.name, place)
        for baseline, place in baselines
        if baseline.score is not None and sign * (baseline.score - standing.score) > 0
    ]
    if not ahead:
        return None
    distance, name, place = min(ahead, key=lambda found: found[:2])
    places = None if standing.rank is None or place is None else max(standing.rank - place, 0)
    return Gap(name, places, _rounded(distance))


def to_medal(standing: Standing, lines: Iterable[MedalLine]) -> Gap | None:
    """The gap to the next medal; None: there are no medals, or it is gold already."""
    if standing.rank is None:
        return None
    ahead = [line for line in lines if line.rank < standing.rank]
    if not ahead:
        return None
    line = max(ahead, key=lambda line: line.rank)
    return Gap(line.medal, standing.rank - line.rank, _distance(standing.score, line.score))


def medal(standing: Standing, lines: Iterable[MedalLine]) -> str | None:
    """The medal that this rank would get; None: none."""
    if standing.rank is None:
        return None
    reached = [line for line in lines if standing.rank <= line.rank]
    return min(reached, key=lambda line: line.rank).medal if reached else None


def _distance(mine: float | None, theirs: float | None) -> float | None:
    return None if mine is None or theirs is None else _rounded(abs(theirs - mine))


def _rounded(distance: float) -> float:
    """Rounds binary noise away: 0.97108 - 0.97092 is 0.00016, not 0.00015999999999993797."""
    return round(distance, 9)
