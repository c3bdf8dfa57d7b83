"""Adds up a series: what each person got in each competition, which results count, totals and places."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kagsync.scoring import places, rules
from kagsync.scoring.rules import Field, Result
from kagsync.scoring.series import SHARE, SKIP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kagsync.scoring.series import Part, Series
    from kagsync.standings.standing import PastStanding

SUM, MEAN = "sum", "mean"  # of a group's people
_EQUAL = 9  # totals that differ after this decimal only are equal: 0.1 + 0.2 is 0.3


class Board(NamedTuple):
    """A competition's board at some moment.

    Attributes:
        field: its `ours` does not matter here: `totals` counts it.
        people: those who are on it, by user id; more than the series' people do no harm.
    """

    field: Field
    people: Mapping[int, PastStanding]


class Scored(NamedTuple):
    """What one competition gives to one person.

    Attributes:
        standing: None: not on the board.
        place: among the series' people; None: without a rank.
        raw: the rule's points.
        points: these, weighted and shared.
        counts: whether they are part of the total.
        words: how the rule's points came about, or why there are none.
        sharing: how many of ours share these points.
    """

    part: Part
    standing: PastStanding | None
    place: float | None
    raw: float
    points: float
    counts: bool
    words: str
    sharing: int = 1

    @property
    def reason(self) -> str:
        """How the points came about, in words, with the weight and how many share them."""
        if self.place is None:
            return self.words
        weight = "" if self.part.weight == 1 else f", weight {rules.number(self.part.weight)}"
        return self.words + weight + (f", shared by {self.sharing}" if self.sharing > 1 else "")


class Total(NamedTuple):
    """One person's total.

    Attributes:
        place: people with the same total share one.
        results: one for each part of the series.
    """

    user_id: int
    place: int
    value: float
    results: tuple[Scored, ...]

    @property
    def counted(self) -> int:
        """How many results count."""
        return sum(each.counts for each in self.results)


class GroupTotal(NamedTuple):
    """The total of a group.

    Attributes:
        members: the user ids of those whose totals count, the best first.
        people: how many people the group has.
    """

    group: str
    place: int
    value: float
    members: tuple[int, ...]
    people: int


def totals(series: Series, boards: Mapping[int, Board], people: Sequence[int]) -> list[Total]:
    """The totals of all people of a series, the best first.

    Args:
        boards: by competition id; a competition without one has no board yet.
        people: the ids of the series' people.

    Raises:
        NotKnownError: the rule needs something about a board that is not known.
    """
    scored = [_scored(series, part, boards.get(part.competition_id), people) for part in series.parts]
    found = {user: _total(series, [each[user] for each in scored]) for user in people}
    at = _placed({user: value for user, (value, _) in found.items()})
    whole = [Total(user, at[user], value, results) for user, (value, results) in found.items()]
    return sorted(whole, key=lambda each: each.place)


def _scored(series: Series, part: Part, board: Board | None, people: Sequence[int]) -> dict[int, Scored]:
    """What a competition gives to each person, before it is known which results count."""
    if board is None:
        return {user: _nothing(part, None, "no board yet") for user in people}
    here = {user: board.people[user] for user in people if user in board.people}
    spans = places.spans((user, each.rank) for user, each in here.items())
    field = board.field._replace(ours=len(spans))
    sharing = Counter(each.team for each in here.values())
    found = {}
    for user in people:
        standing = here.get(user)
        if standing is None:
            found[user] = _nothing(part, None, "not on the board")
            continue
        if standing.rank is None:
            found[user] = _nothing(part, standing, "no rank on the board")
            continue
        result = Result(standing.rank, standing.score, standing.members, *spans[user])
        raw, words = rules.points(series, part, result, field)
        several = sharing[standing.team] if series.teams == SHARE else 1
        points = raw * part.weight / several
        found[user] = Scored(part, standing, result.place(series.ties), raw, points, True, words, several)
    return found


def _nothing(part: Part, standing: PastStanding | None, words: str) -> Scored:
    return Scored(part, standing, None, 0.0, 0.0, False, words)


def _total(series: Series, results: list[Scored]) -> tuple[float, tuple[Scored, ...]]:
    """A person's total, and the results with those that count marked.

    If a missing competition is skipped, the total is the weighted mean of the results that count. These are
    the best ones whatever their weights; of equal ones, those with the lowest weights.
    """
    skips = series.absent == SKIP

    def merit(each: Scored) -> tuple[float, float]:
        weight = each.part.weight
        return (-round(each.points / weight, _EQUAL), weight) if skips else (-each.points, weight)

    present = sorted((each for each in results if each.counts), key=merit)
    counted = present[: series.best]
    if len(counted) < len(present):
        results = [each._replace(counts=each in counted) for each in results]
    value = math.fsum(each.points for each in counted)
    if skips and counted:
        value /= math.fsum(each.part.weight for each in counted)
    return value, tuple(results)


def _placed(values: Mapping[int, float]) -> dict[int, int]:
    return {
        key: first
        for key, (first, _) in places.spans(
            (key, -round(value, _EQUAL)) for key, value in values.items()
        ).items()
    }


def by_group(
    found: Iterable[Total], groups: Mapping[int, str | None], how: str = SUM, best: int | None = None
) -> list[GroupTotal]:
    """Groups as teams, the best first. People without a group are left out.

    Args:
        found: the totals of people.
        groups: the group of each person.
        how: the group's total is the sum or the mean of its people's.
        best: only so many of its people count; None: all.
    """
    members: dict[str, list[Total]] = {}
    for each in found:
        if (group := groups[each.user_id]) is not None:
            members.setdefault(group, []).append(each)
    whole = []
    for group, of_group in members.items():
        counted = sorted(of_group, key=lambda each: -each.value)[:best]
        value = math.fsum(each.value for each in counted)
        if how == MEAN:
            value /= len(counted)
        whole.append(GroupTotal(group, 0, value, tuple(each.user_id for each in counted), len(of_group)))
    at = places.spans((each.group, -round(each.value, _EQUAL)) for each in whole)
    placed = [each._replace(place=at[each.group][0]) for each in whole]
    return sorted(placed, key=lambda each: (each.place, each.group))
