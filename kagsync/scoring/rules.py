"""The rules by which a result in a competition becomes points. Each is a pure function.

`points` applies the rule of a series to one result. A new rule is a function and a line in `RULES`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from kagsync.scoring import places as placing
from kagsync.scoring import series as kinds
from kagsync.scoring.places import AVERAGE, MAX
from kagsync.standings.sentences import counted
from kagsync.standings.which import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kagsync.scoring.series import Part, Scale, Series


class NotKnownError(ValueError):
    """A rule needs something about a board that is not known.

    Args:
        message: what, and of which board.
        remedy: what to do; empty: what `queries.series` says.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class Field(NamedTuple):
    """What a rule may need to know of a competition's board. None: not known.

    Attributes:
        board: public or private.
        day: when the board was made, as `2026-11-26`.
        teams: how many there are.
        best: the score of the first team.
        days: since the competition's deadline; 0 before it.
        ours: how many people of the series have a rank there.
    """

    slug: str
    board: str
    day: str
    teams: int | None
    best: float | None
    higher_is_better: bool | None
    days: float
    ours: int

    def lacks(self, what: str, remedy: str = "") -> NotKnownError:
        """The error for something that is not known: `the number of teams of`."""
        which = "private board" if self.board == PRIVATE else "board"
        return NotKnownError(f"{self.slug}: {what} the {which} of {self.day} is not known", remedy)

    def lacks_direction(self) -> NotKnownError:
        """The error if it is not known which scores are better."""
        return self.lacks(
            "which scores are better on",
            tell_direction(self.slug),
        )


def tell_direction(slug: str) -> str:
    """The remedy if it is not known which scores of a competition are better."""
    return f"Tell kagsync: kagsync competitions add {slug} --lower-is-better (or --higher-is-better)"


class Result(NamedTuple):
    """How one person stands.

    Attributes:
        members: of the team; None: not known.
        first, last: the places among the series' people that the person shares with team-mates.
    """

    rank: int
    score: float | None
    members: int | None
    first: int
    last: int

    def place(self, ties: str) -> float:
        """The place among the series' people."""
        return placing.place(self.first, self.last, ties)


class Points(NamedTuple):
    """Points, before they are weighted, and how they came about, in words."""

    value: float
    words: str


def places(result: Result, table: Sequence[float], ties: str) -> float:
    """The points of a place among our people, from a table.

    Source: the table of Formula 1, 25, 18, 15, 12, 10, 8, 6, 4, 2, 1 (FIA Sporting Regulations, since 2010);
    any other can be given. A place beyond the table gets nothing.

    Example: of five people, the one in place 2 gets 18. Two team-mates who are first get 25 each with `min`,
    18 each with `max`, and with `average` the mean of the points of their places, (25 + 18) / 2 = 21.5 each,
    as in golf and athletics.
    """
    shared = {AVERAGE: range(result.first, result.last + 1), MAX: (result.last,)}.get(ties, (result.first,))
    return math.fsum(table[place - 1] for place in shared if place <= len(table)) / len(shared)


def percentile(rank: int, teams: int) -> float:
    """The share of the other teams that are behind, from 0 to 100: 100 × (teams − rank) / (teams − 1).

    Source: the percentile rank, (n − rank) / (n − 1), as spreadsheets have it (PERCENTRANK.INC).

    Example: rank 26 of 101 teams gives 100 × 75 / 100 = 75. The only team gets 100.
    """
    if rank > teams:  # within a thinned day, a rank can be older than the number of teams
        return 0.0
    return 100.0 if teams <= 1 else 100 * (teams - rank) / (teams - 1)


def local_percentile(place: float, people: int) -> float:
    """The same as `percentile` among our people on the board: 100 × (people − place) / (people − 1).

    Example: place 2 of 5 gives 100 × 3 / 4 = 75. The only person gets 100.
    """
    return 100.0 if people <= 1 else 100 * (people - place) / (people - 1)


def score(value: float, scale: Scale, higher_is_better: bool | None) -> float:
    """Points in proportion to the score between two scores, 0 and all of them beyond these.

    With the worse score w and the better one b: points × (score − w) / (b − w). Which of the two is the
    better one is the competition's direction. If the first is the higher one, lower is better.

    Source: min-max scaling, as used for the combined leaderboards of events.

    Example: from 0.6 to 0.8 for 50 points, a score of 0.7 gives 25, 0.85 gives 50, and 0.5 gives 0. Where
    lower is better, from 0.6 to 0.8, a score of 0.65 gives 50 × (0.65 − 0.8) / (0.6 − 0.8) = 37.5.
    """
    worse, better = scale.ends(higher_is_better)
    return scale.points * min(max(0.0, (value - worse) / (better - worse)), 1.0)


def kaggle(rank: int, teams: int, members: int, days: float) -> float:
    """Kaggle's own points: 100,000 / √members × rank^−0.75 × log10(1 + log10 teams) × e^(−days / 500).

    Source: "Improved Kaggle Rankings", http://blog.kaggle.com/2015/05/13/improved-kaggle-rankings/. `days`
    is how long ago the competition ended. By this formula, the only team of a board gets nothing.

    Example: rank 3 of 1,000 teams, two members, 100 days after the end:
    100,000 / 1.41421 × 0.43869 × 0.60206 × 0.81873 = 15,290.61.
    """
    size = math.log10(1 + math.log10(max(teams, 1)))
    return 100_000 / math.sqrt(members) * math.pow(rank, -0.75) * size * math.exp(-days / 500)


def ctf(value: float, best: float, rank: int, higher_is_better: bool) -> float:
    """The points of capture-the-flag events: score / best + 1 / place, which the weight multiplies.

    `place` is the rank on the whole board. Where lower is better, it is best / score. With scores that are
    not positive, a quotient says nothing and counts as 0.

    Source: https://ctftime.org/rating-formula. Since 2017 that page has another factor, 1 + place / teams,
    but the site's ratings are computed without it: https://github.com/ctftime/ctftime.org/issues/354.

    Example: a score of 80 in place 4 where 100 is the best gives 80 / 100 + 1 / 4 = 1.05.
    """
    if value == best:
        return 1 + 1 / rank
    over, under = (value, best) if higher_is_better else (best, value)
    return (min(over / under, 1.0) if over > 0 and under > 0 else 0.0) + 1 / rank


def points(series: Series, part: Part, result: Result, field: Field) -> Points:
    """What a result is worth by the rule of a series.

    Raises:
        NotKnownError: the rule needs something about the board that is not known.
    """
    return RULES[series.rule](series, part, result, field)


def _places(series: Series, _: Part, result: Result, field: Field) -> Points:
    words = _place(result, series, field)
    return Points(places(result, series.points, series.ties), words)


def _percentile(_: Series, __: Part, result: Result, field: Field) -> Points:
    if field.teams is None:
        raise field.lacks("the number of teams of")
    words = f"rank {result.rank:,} of {counted(field.teams, 'team')}"
    return Points(percentile(result.rank, field.teams), words)


def _local_percentile(series: Series, _: Part, result: Result, field: Field) -> Points:
    value = local_percentile(result.place(series.ties), field.ours)
    return Points(value, _place(result, series, field))


def _score(_: Series, part: Part, result: Result, field: Field) -> Points:
    if result.score is None:
        return Points(0.0, "the score cannot be read")
    assert part.scale is not None
    if field.higher_is_better is None and part.scale.first < part.scale.last:
        raise field.lacks_direction()
    value = score(result.score, part.scale, field.higher_is_better)
    first, last, most = map(number, part.scale)
    return Points(value, f"score {number(result.score)} between {first} and {last}, of {most} points")


def _kaggle(_: Series, __: Part, result: Result, field: Field) -> Points:
    if field.teams is None:
        raise field.lacks("the number of teams of")
    members = result.members or 1  # boards from before 2023 do not tell
    words = f"rank {result.rank:,} of {counted(field.teams, 'team')}"
    if members > 1:
        words += f", a team of {members}"
    if field.days:
        words += f", {field.days:.0f} days after the deadline"
    return Points(kaggle(result.rank, field.teams, members, field.days), words)


def _ctf(_: Series, __: Part, result: Result, field: Field) -> Points:
    if field.best is None:
        raise field.lacks("the best score of")
    if field.higher_is_better is None and result.score != field.best:
        raise field.lacks_direction()
    if result.score is None:
        return Points(1 / result.rank, f"rank {result.rank:,}, the score cannot be read")
    value = ctf(result.score, field.best, result.rank, bool(field.higher_is_better))
    return Points(
        value, f"score {number(result.score)}, the best is {number(field.best)}, rank {result.rank:,}"
    )


def _place(result: Result, series: Series, field: Field) -> str:
    return f"place {number(result.place(series.ties))} of {field.ours:,}"


def number(value: float) -> str:
    """A number for people, without needless decimals."""
    return f"{value:.10g}"


# By name: how a result in a part of a series becomes points.
RULES: dict[str, Callable[[Series, Part, Result, Field], Points]] = {
    kinds.PLACES: _places,
    kinds.PERCENTILE: _percentile,
    kinds.LOCAL_PERCENTILE: _local_percentile,
    kinds.SCORE: _score,
    kinds.KAGGLE: _kaggle,
    kinds.CTF: _ctf,
}
