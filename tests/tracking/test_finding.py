"""Which of the competitions that Kaggle lists are tracked, and in what order they are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from world.running import untracked

from kagsync.kaggle.listing import Listed
from kagsync.standings.facts import CompetitionFacts
from kagsync.tracking import finding
from kagsync.tracking.finding import Match

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def listed(slug: str, deadline: datetime | None = None) -> Listed:
    return Listed(slug, CompetitionFacts(deadline=deadline), None)


def test_a_competition_is_known_by_its_slug_or_by_its_name_on_kaggle() -> None:
    tracked = [untracked("ours", "Theirs"), untracked("same", "same"), untracked("from-files")]
    found = finding.matches([listed(slug) for slug in ("theirs", "same", "from-files", "new")], tracked)
    assert [each.tracked and each.tracked.slug for each in found] == ["ours", "same", "from-files", None]


@given(st.lists(st.none() | st.integers(-5, 5)))
def test_what_ends_next_comes_first_and_what_has_ended_last(days: Sequence[int | None]) -> None:
    found = finding.by_deadline(
        [Match(listed("a", None if day is None else NOW + timedelta(days=day)), None) for day in days], NOW
    )
    assert [each.has_ended(NOW) for each in found] == sorted(each.has_ended(NOW) for each in found)
    ends = [each.listed.facts.deadline or datetime.max.replace(tzinfo=UTC) for each in found]
    running = [end for end in ends if end > NOW]
    over = [end for end in ends if end <= NOW]
    assert running == sorted(running)
    assert over == sorted(over, reverse=True)
