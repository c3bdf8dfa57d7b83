"""What a series is: competitions whose results are added up, and the rule for it. Plain data."""

from __future__ import annotations

from typing import NamedTuple

from kagsync.scoring.places import MIN
from kagsync.standings.which import FINAL

PLACES, PERCENTILE, LOCAL_PERCENTILE = "places", "percentile", "local-percentile"
SCORE, KAGGLE, CTF = "score", "kaggle", "ctf"
ZERO, SKIP = "zero", "skip"
EACH, SHARE = "each", "share"
# Formula 1's since 2010 (FIA Sporting Regulations, Championship).
POINTS = (25.0, 18.0, 15.0, 12.0, 10.0, 8.0, 6.0, 4.0, 2.0, 1.0)


class Scale(NamedTuple):
    """How the rule `score` turns a competition's scores into points.

    Attributes:
        first, last: two scores. Points go from 0 at the worse one to all at the better one.
        points: all of them.
    """

    first: float
    last: float
    points: float

    def ends(self, higher_is_better: bool | None) -> tuple[float, float]:
        """The worse and the better score. If the first is the higher one, lower is better.

        Args:
            higher_is_better: the competition's direction; None: not known.
        """
        low, high = sorted((self.first, self.last))
        is_lower_better = self.first > self.last or higher_is_better is False
        return (high, low) if is_lower_better else (low, high)


class Part(NamedTuple):
    """A competition of a series.

    Attributes:
        weight: what its points are multiplied by.
        scale: for the rule `score`, which needs it.
    """

    competition_id: int
    slug: str
    weight: float = 1.0
    scale: Scale | None = None


class Series(NamedTuple):
    """A series of competitions.

    Attributes:
        rule: how a result becomes points, one of `rules.RULES`.
        points: the points of each place, the first place's first, for the rule `places`.
        best: how many of a person's results count; None: all.
        group: whose series it is; None: everybody's.
        ties: the place of people who tie, one of `places.TIES`.
        board: which board counts: final (the private one if there is one), public or private.
        absent: whether a competition without the person counts as 0 (`zero`), or not at all (`skip`): then
            the total is the mean of the others.
        teams: whether each of ours in a team gets its points (`each`), or they share them (`share`).
        parts: by slug.
    """

    id: int
    name: str
    rule: str = PLACES
    points: tuple[float, ...] = POINTS
    best: int | None = None
    group: str | None = None
    ties: str = MIN
    board: str = FINAL
    absent: str = ZERO
    teams: str = EACH
    parts: tuple[Part, ...] = ()
