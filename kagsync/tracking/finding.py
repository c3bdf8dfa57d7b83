"""Competitions that Kaggle lists, and which of them are tracked already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from kagsync.kaggle.listing import Listed
    from kagsync.store.records import Competition


class Match(NamedTuple):
    """A competition on Kaggle, and what is tracked of it; None: nothing."""

    listed: Listed
    tracked: Competition | None

    @property
    def deadline(self) -> datetime | None:
        """Its deadline; None: it has none, which Kaggle may write as the year 1."""
        found = self.listed.facts.deadline
        return found if found is not None and found.year >= clock.FIRST_YEAR else None

    def has_ended(self, now: datetime) -> bool:
        """Whether its deadline has passed. One without a deadline goes on."""
        return self.deadline is not None and self.deadline <= now


def matches(listed: Iterable[Listed], tracked: Collection[Competition]) -> list[Match]:
    """Finds out which competitions are tracked, under their own slugs or under others."""
    known = {each.slug.lower(): each for each in tracked}
    known |= {each.kaggle_id.lower(): each for each in tracked if each.is_linked}
    return [Match(each, known.get(each.slug.lower())) for each in listed]


def by_deadline(found: Iterable[Match], now: datetime) -> list[Match]:
    """Sorts them: first what goes on, the next to end first; then what has ended, the latest first."""

    def order(each: Match) -> tuple[bool, float]:
        deadline, ended = each.deadline, each.has_ended(now)
        if deadline is None:
            return False, float("inf")
        return ended, -deadline.timestamp() if ended else deadline.timestamp()

    return sorted(found, key=order)


def as_json(found: Match) -> dict[str, Any]:
    """One competition for programs. Every key is always there; None means unknown."""
    facts = found.listed.facts
    return {
        "competition": found.listed.slug,
        "title": facts.title,
        "deadline": found.deadline and clock.iso(found.deadline),
        "teams": facts.team_count,
        "category": found.listed.category,
        "metric": facts.metric,
        "tracked": found.tracked is not None,
    }
