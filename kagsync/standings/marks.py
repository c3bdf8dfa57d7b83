"""What a standing is measured against: the host's benchmarks, and where medals begin."""

from __future__ import annotations

from typing import NamedTuple

MEDALS = ("gold", "silver", "bronze")  # the best first


class Benchmark(NamedTuple):
    """A baseline that the host put on the board at rank 0. It is never anybody's entry."""

    name: str
    score: float | None
    score_text: str | None


class MedalLine(NamedTuple):
    """The last rank that gets a medal, and the score there (None: that row has no score)."""

    medal: str
    rank: int
    score: float | None


class Marks(NamedTuple):
    """What standings are measured against.

    Attributes:
        higher_is_better: the score's direction, by comparing the first and the last rank; None if they tie.
        benchmarks: each with the rank that a team with its score would have (None: not known).
        medal_lines: where the medals would end if the competition awards them.
        best: the score of the first team; None: it is not known.
    """

    higher_is_better: bool | None
    benchmarks: list[tuple[Benchmark, int | None]]
    medal_lines: list[MedalLine]
    best: float | None = None

    def of_a_part(self) -> Marks:
        """The marks of a board that was not read to its end: without places and medals."""
        return Marks(self.higher_is_better, [(each, None) for each, _ in self.benchmarks], [])


def last_ranks(teams: int) -> dict[str, int]:
    """The last rank that each medal goes to, in a competition of so many teams.

    From Kaggle's table at https://www.kaggle.com/progression ("Percentage calculations are rounded down"):

    ======  =============  =============  ================  ================
    medal   0 to 99 teams  100 to 249     250 to 999        1,000 and more
    ======  =============  =============  ================  ================
    bronze  top 40 %       top 40 %       top 100           top 10 %
    silver  top 20 %       top 20 %       top 50            top 5 %
    gold    top 10 %       top 10         top 10 + 0.2 %    top 10 + 0.2 %
    ======  =============  =============  ================  ================

    Computed in whole numbers, since a float's 20 % of 35 may fall below 7. A medal that nobody gets is left
    out.
    """
    if teams < 100:
        ranks = (teams // 10, teams // 5, teams * 2 // 5)
    elif teams < 250:
        ranks = (10, teams // 5, teams * 2 // 5)
    elif teams < 1000:
        ranks = (10 + teams // 500, 50, 100)
    else:
        ranks = (10 + teams // 500, teams // 20, teams // 10)
    return {medal: rank for medal, rank in zip(MEDALS, ranks, strict=True) if rank > 0}
