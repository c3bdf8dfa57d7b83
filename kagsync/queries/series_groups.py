"""Groups as teams: their standings in a series, compared with those at the earlier time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kagsync.queries import series as query
from kagsync.scoring import totals
from kagsync.scoring.totals import GroupTotal, Total

if TYPE_CHECKING:
    from kagsync.queries.series import SeriesView


class GroupRow(NamedTuple):
    """One group in a series.

    Attributes:
        before: the total at the time to compare with; None: not known, or nobody in the group had a result.
    """

    total: GroupTotal
    before: GroupTotal | None

    @property
    def gained(self) -> float | None:
        """By how much the total changed."""
        return query.gained(self.total, self.before)

    @property
    def places(self) -> int | None:
        """How many places were gained (lost: negative)."""
        return query.places(self.total, self.before)


def by_group(view: SeriesView, how: str, best: int | None) -> list[GroupRow]:
    """The groups of a series, the best first. Everybody is in the group of today.

    Args:
        how, best: how the total of a group is made, see `totals.by_group`.
    """
    groups = {row.user.id: row.user.group for row in view.rows}
    found = totals.by_group([row.total for row in view.rows], groups, how, best)
    then = [row.before or Total(row.user.id, 0, 0.0, ()) for row in view.rows]
    begun = {row.user.group for row in view.rows if row.before is not None}
    before = {each.group: each for each in totals.by_group(then, groups, how, best) if each.group in begun}
    return [GroupRow(each, before.get(each.group)) for each in found]
