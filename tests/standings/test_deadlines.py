"""Who is reminded of which deadline when, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.standings.deadlines import END, LAST_DAYS, Deadline, Reminder, coming, due, lines

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
ENDS = datetime(2026, 12, 3, 23, 59, tzinfo=UTC)
ENTER, MERGE = LAST_DAYS
TITANIC = Deadline(1, END, ENDS)

moments = st.integers(0, 60 * 24).map(lambda hours: ENDS - 30 * DAY + hours * HOUR)
deadlines = st.builds(Deadline, st.integers(1, 3), st.sampled_from([END, ENTER, MERGE]), moments)
wanted = st.lists(st.sampled_from([HOUR, DAY, 3 * DAY, WEEK]), min_size=1, unique=True).map(tuple)


def reminders(deadline: Deadline, *befores: timedelta) -> set[Reminder]:
    return {Reminder(deadline, before) for before in befores}


@pytest.mark.parametrize(
    ("left", "said", "told", "passed"),
    [
        (WEEK + MINUTE, set(), False, set()),
        (WEEK, set(), True, {WEEK}),
        (WEEK - MINUTE, {WEEK}, False, set()),
        (DAY, {WEEK}, True, {DAY}),
        (DAY - HOUR, {WEEK, DAY}, False, set()),
        (DAY - HOUR, set(), True, {WEEK, DAY}),  # after days of being off: once, and both are noted
        (DAY - HOUR, {DAY}, False, set()),  # no older one after that
        (3 * DAY, set(), True, {WEEK}),  # a target, a competition or a date that is three days old
        (MINUTE, {WEEK}, True, {DAY}),
        (timedelta(0), set(), False, set()),
        (-DAY, set(), False, set()),
    ],
)
def test_the_rule(left: timedelta, said: set[timedelta], told: bool, passed: set[timedelta]) -> None:
    found = due([TITANIC], (WEEK, DAY), reminders(TITANIC, *said), ENDS - left)
    assert (found[0], set(found[1])) == ([TITANIC] if told else [], reminders(TITANIC, *passed))


def test_a_deadline_that_is_moved_is_another_one() -> None:
    later = TITANIC._replace(ends_at=ENDS + 3 * DAY)
    said = reminders(TITANIC, WEEK, DAY)
    assert due([later], (WEEK, DAY), said, ENDS - HOUR) == ([later], [Reminder(later, WEEK)])


@given(known=st.sets(deadlines, max_size=6), wants=wanted, gaps=st.lists(st.integers(1, 200), max_size=40))
def test_whenever_runs_come_each_reminder_is_told_once_and_the_last_that_came_is_always_told(
    known: set[Deadline], wants: tuple[timedelta, ...], gaps: list[int]
) -> None:
    now, said, counts = ENDS - 40 * DAY, set[Reminder](), dict.fromkeys(known, 0)
    for gap in gaps:
        before, now = now, now + gap * HOUR
        told, passed = due(known, wants, said, now)
        assert not said & set(passed)
        said |= set(passed)
        for deadline in known:
            counts[deadline] += deadline in told
            since = {each for each in wants if before < deadline.ends_at - each <= now}
            # Exactly where at least one of its moments has come since the last run, and it is not over.
            assert (deadline in told) == bool(since and deadline.ends_at > now)
            if deadline.ends_at > now:
                assert min((each for each in wants if deadline.ends_at - now <= each), default=None) in (
                    None,
                    *(each.before for each in said if each.deadline == deadline),
                )
    assert all(count <= len(wants) for count in counts.values())
    assert due(known, wants, said, now) == ([], [])


@given(known=st.sets(deadlines), now=moments, days=st.integers(0, 30))
def test_what_is_coming_is_neither_over_nor_far(known: set[Deadline], now: datetime, days: int) -> None:
    found = set(coming(known, days * DAY, now))
    assert found == {each for each in known if timedelta(0) < each.ends_at - now <= days * DAY}


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (WEEK, "7 days"),
        (WEEK - 4 * MINUTE, "7 days"),
        (3 * DAY - HOUR, "3 days"),
        (2 * DAY - MINUTE, "2 days"),
        (DAY, "24 hours"),
        (DAY - 4 * MINUTE, "24 hours"),
        (HOUR - 4 * MINUTE, "1 hour"),
        (30 * MINUTE, "30 minutes"),
        (timedelta(seconds=20), "1 minute"),
    ],
)
def test_how_much_time_is_left(left: timedelta, words: str) -> None:
    assert lines([TITANIC], {1: "titanic"}, ENDS - left) == [
        f"titanic ends in {words} (2026-12-03 23:59 UTC)"
    ]


def test_the_first_deadline_comes_first_and_equal_times_are_one_line() -> None:
    names = {1: "titanic", 2: "digits", 3: "titanic"}
    found = [
        TITANIC,
        Deadline(1, ENTER, ENDS),  # of course nobody can enter after the end
        Deadline(2, MERGE, ENDS - DAY),
        Deadline(2, ENTER, ENDS - DAY),
        Deadline(2, END, ENDS + DAY),
        Deadline(3, MERGE, ENDS - DAY),
    ]
    assert lines(found, names, ENDS - WEEK) == [
        "digits: the last day to enter and to merge teams is in 6 days (2026-12-02 23:59 UTC)",
        "titanic: the last day to merge teams is in 6 days (2026-12-02 23:59 UTC)",
        "titanic ends in 7 days (2026-12-03 23:59 UTC)",
        "digits ends in 8 days (2026-12-04 23:59 UTC)",
    ]
