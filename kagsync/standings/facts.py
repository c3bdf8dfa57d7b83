"""What Kaggle says about a competition, besides its boards."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


class CompetitionFacts(NamedTuple):
    """The facts of a competition; None for what Kaggle does not say. Times are UTC.

    Attributes:
        deadline: when it ends.
        merger_deadline: the last time to merge teams.
        new_entrant_deadline: the last time to enter.
    """

    title: str | None = None
    deadline: datetime | None = None
    metric: str | None = None
    team_count: int | None = None
    awards_points: bool | None = None
    merger_deadline: datetime | None = None
    new_entrant_deadline: datetime | None = None
