"""The life of a competition: phases and pace, computed from times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.running import untracked

from kagsync import clock
from kagsync.standings.lifecycle import (
    DAILY,
    ENDED,
    FINAL,
    FINISHED,
    HOURLY,
    RUNNING,
    WAIT,
    Phase,
    Times,
    is_due,
    pace,
    phase,
)

END = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
NEVER = Times(END, None, None, None, None)
UNKNOWN = NEVER._replace(deadline=None)
FIRST = END + 5 * DAY  # Kaggle's first answer, where that is not at the end
RESULT = END + 2 * DAY


def waiting(asked: datetime, *, since: datetime = END, answered: bool = True) -> Times:
    """No private board, by the last answer."""
    return Times(END, since, asked, asked if answered else asked - HOUR, None)


def final(asked: datetime, *, result: datetime = RESULT, answered: bool = True) -> Times:
    """A private board that was last looked at at a time."""
    return waiting(asked, answered=answered)._replace(result_since=result)


@pytest.mark.parametrize(
    ("times", "now", "name", "since", "every"),
    [
        (UNKNOWN, END + 900 * DAY, RUNNING, None, 0 * HOUR),
        (NEVER, END - SECOND, RUNNING, None, 0 * HOUR),
        (NEVER, END, ENDED, END, HOUR),
        (NEVER, END + 3000 * DAY, ENDED, END, HOUR),  # nobody asked
        (waiting(END), END + 3000 * DAY, ENDED, END, HOUR),  # nobody asked at the end of the wait
        (waiting(END + WAIT - SECOND), END + WAIT, ENDED, END, HOUR),
        (waiting(END + WAIT), END + WAIT, FINISHED, END + WAIT, None),
        (waiting(END + WAIT + HOUR / 2, answered=False), END + WAIT + HOUR, ENDED, END, HOUR),
        (waiting(END + WAIT, since=FIRST), END + WAIT, ENDED, END, HOUR),
        (waiting(FIRST + WAIT, since=FIRST), FIRST + WAIT, FINISHED, FIRST + WAIT, None),
        (final(RESULT), RESULT, FINAL, RESULT, HOUR),
        (final(RESULT + HOURLY - SECOND), RESULT + HOURLY - SECOND, FINAL, RESULT, HOUR),
        (final(RESULT + HOURLY), RESULT + HOURLY, FINAL, RESULT, DAY),
        (final(RESULT + 9 * DAY, answered=False), RESULT + 9 * DAY, FINAL, RESULT, HOUR),
        (final(RESULT + 28 * DAY), RESULT + 400 * DAY, FINAL, RESULT, DAY),  # the machine was off
        (final(RESULT + 29 * DAY), RESULT + 29 * DAY, FINISHED, RESULT + HOURLY + DAILY, None),
        (final(RESULT + 99 * DAY, answered=False), RESULT + 99 * DAY, FINISHED, RESULT + 29 * DAY, DAY),
        # A result from a file, before Kaggle was asked, and before the end.
        (NEVER._replace(result_since=END - 9 * DAY), END - DAY, FINAL, END - 9 * DAY, 0 * HOUR),
        (NEVER._replace(result_since=END - 99 * DAY), END + DAY, FINAL, END - 99 * DAY, HOUR),
        (final(END + DAY / 2, result=END - 99 * DAY), END + DAY / 2, FINAL, END - 99 * DAY, HOUR),
        (final(END + 20 * DAY, result=END - 99 * DAY), END + 20 * DAY, FINAL, END - 99 * DAY, DAY),
        (UNKNOWN._replace(result_since=END), END + 99 * DAY, FINAL, END, 0 * HOUR),  # from a file
        # A deadline that moved later, after the wait for the result had begun.
        (waiting(END, since=END - 30 * DAY), END + DAY, ENDED, END, HOUR),
        (waiting(END + WAIT, since=END - 30 * DAY), END + WAIT, FINISHED, END + WAIT, None),
    ],
)
def test_phase_and_pace(
    times: Times, now: datetime, name: str, since: datetime | None, every: timedelta | None
) -> None:
    assert phase(times, now) == Phase(name, since)
    assert pace(times, now) == every


@pytest.mark.parametrize(
    ("times", "now", "outdated", "due"),
    [
        (NEVER, END - DAY, False, True),
        (NEVER, END, False, True),
        (waiting(END), END + HOUR - SECOND, False, False),
        (waiting(END), END + HOUR, False, True),
        (waiting(END), END + SECOND, True, True),  # somebody new
        (waiting(END, answered=False), END + SECOND, True, False),  # but Kaggle has just failed
        (waiting(END - DAY), END + SECOND, False, True),  # asked before a deadline that moved
        (waiting(END + WAIT), END + 99 * DAY, False, False),
        (waiting(END + WAIT), END + 99 * DAY, True, True),
        (waiting(END + WAIT)._replace(asked_at=None), END + 99 * DAY, False, True),  # resumed
        (final(RESULT + HOURLY), RESULT + HOURLY + DAY - SECOND, False, False),
        (final(RESULT + HOURLY), RESULT + HOURLY + DAY, False, True),
    ],
)
def test_when_kaggle_is_asked(times: Times, now: datetime, outdated: bool, due: bool) -> None:
    assert is_due(times, now, outdated=outdated) == due


# Properties

moments = st.integers(-100 * 24, 2000 * 24).map(lambda hours: END + hours * HOUR)
maybe = st.none() | moments
any_times = st.builds(Times, maybe, maybe, maybe, maybe, maybe)
ORDER = [RUNNING, ENDED, FINAL, FINISHED]


@given(any_times, st.lists(moments, min_size=2))
def test_phases_only_go_forward_while_nothing_is_stored(times: Times, nows: list[datetime]) -> None:
    names = [phase(times, now).name for now in sorted(nows)]
    assert all(ORDER.index(one) <= ORDER.index(other) for one, other in pairwise(names))


@given(moments, maybe, st.lists(st.none() | st.integers(0, 2000 * 24), min_size=4, max_size=4))
def test_phase_pace_and_what_is_due_agree(
    now: datetime, deadline: datetime | None, hours_ago: list[int | None]
) -> None:
    times = Times(deadline, *(None if hours is None else now - hours * HOUR for hours in hours_ago))
    name, every = phase(times, now).name, pace(times, now)
    failed = times.asked_at is not None and times.asked_at != times.answered_at
    assert (every is None) == (name == FINISHED and not failed)
    assert (every == timedelta(0)) == (not times.has_ended(now))
    assert (name in (FINAL, FINISHED)) >= (times.result_since is not None)
    due = is_due(times, now, outdated=False)
    assert due or times.has_ended(now)
    if times.asked_at is not None and times.deadline is not None and times.asked_at >= times.deadline:
        assert due == (every is not None and now - times.asked_at >= every)
    assert due <= is_due(times, now, outdated=True)


@given(any_times, moments)
def test_nothing_is_over_before_kaggle_has_answered_at_the_end_of_the_period(
    times: Times, now: datetime
) -> None:
    found = phase(times, now)
    if found.name == FINISHED:
        assert found.since is not None
        assert times.answered_at is not None
        assert times.answered_at >= found.since
        assert times.deadline is not None
        assert found.since >= times.deadline + min(WAIT, HOURLY + DAILY)


@given(maybe, maybe, maybe, maybe, st.none() | moments, moments)
def test_times_that_a_wrong_clock_noted_in_the_future_end_nothing(
    since: datetime | None,
    asked: datetime | None,
    answered: datetime | None,
    result: datetime | None,
    deadline: datetime | None,
    now: datetime,
) -> None:
    competition = untracked("titanic", "titanic")._replace(
        result_asked_since=since,
        result_asked_at=asked,
        result_answered_at=answered,
        result_since=result,
        deadline=deadline and clock.iso(deadline),
    )
    times = competition.times(now)
    soon = now + timedelta(minutes=5)
    assert all(each is None or each <= soon for each in times[1:])
    noted = [each for each in (since, asked, answered, result) if each is not None]
    if noted and all(clock.is_ahead(each, now) for each in noted):
        assert competition.phase(now).name != FINISHED
        assert is_due(times, now, outdated=False)
