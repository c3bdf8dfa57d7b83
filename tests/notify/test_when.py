"""When a digest is due: by a clock on the wall, over years with changes of the clock."""

from __future__ import annotations

import functools
import itertools
import time as machine
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kagsync.errors import UsageError
from kagsync.notify import when
from kagsync.notify.when import Schedule, is_due, latest

if TYPE_CHECKING:
    from collections.abc import Iterator

# By an hour and by half an hour, around Ramadan, at midnight, and never.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/Havana",
    "Asia/Beirut",
)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FIRST, YEARS = 2026, 2

zones = st.sampled_from(ZONES)
times = st.builds(
    Schedule,
    st.none() | st.integers(0, 6),
    st.builds(time, st.sampled_from([0, 1, 2, 3, 9, 18, 23]), st.sampled_from([0, 15, 30, 45])),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@functools.cache
def first_shown(zone: str) -> dict[datetime, datetime]:
    """When the wall clock of a zone first shows each quarter of an hour, or a later one; found by looking."""
    found: dict[datetime, datetime] = {}
    moment, quarter = utc(f"{FIRST - 1}-12-20"), timedelta(minutes=15)
    expected = None
    while moment < utc(f"{FIRST + YEARS}-01-10"):
        shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        expected = expected or shown
        while expected <= shown:  # several after a jump; none while the clock repeats an hour
            found[expected] = moment
            expected += quarter
        moment += quarter
    return found


def moments(schedule: Schedule, zone: str) -> list[datetime]:
    """All times of a digest, by the wall clock."""
    shown = first_shown(zone)
    days = [date(FIRST, 1, 1) + DAY * number for number in range(YEARS * 365)]
    return [
        shown[datetime.combine(day, schedule.at)] for day in days if schedule.weekday in (None, day.weekday())
    ]


@pytest.mark.long
@given(schedule=times, zone=zones)
@settings(max_examples=20, deadline=None)
def test_a_digest_is_due_once_a_day_or_week_at_the_time_on_the_wall(schedule: Schedule, zone: str) -> None:
    found, place = moments(schedule, zone), ZoneInfo(zone)
    for earlier, moment in itertools.pairwise(found):
        assert latest(schedule, place, moment) == moment
        assert latest(schedule, place, moment - MINUTE) == earlier
        assert is_due(schedule, place, earlier, moment)
        assert not is_due(schedule, place, earlier, moment - MINUTE)
        assert not is_due(schedule, place, moment, moment)


@pytest.mark.long
@given(
    schedule=times,
    zone=zones,
    start=st.datetimes(datetime(FIRST, 1, 10), datetime(FIRST + 1, 3, 1)),  # noqa: DTZ001
    gaps=st.lists(st.sampled_from([5, 5, 5, 60, 360, 1440, 5000]), min_size=50, max_size=200),
)
@settings(max_examples=60, deadline=None)
def test_whenever_runs_come_each_one_tells_at_most_once_and_none_is_missed(
    schedule: Schedule, zone: str, start: datetime, gaps: list[int]
) -> None:
    """After a pause over several times there is one digest, in the first run."""
    place, begun = ZoneInfo(zone), start.replace(tzinfo=UTC)
    now = until = begun
    slots = [moment for moment in moments(schedule, zone) if begun < moment]
    for gap in gaps:
        now += gap * MINUTE
        passed = [slot for slot in slots if slot <= now]
        slots = slots[len(passed) :]
        assert is_due(schedule, place, until, now) == bool(passed)
        if passed:
            until = now


@pytest.mark.parametrize(
    ("schedule", "zone", "day", "moment"),
    [
        ("daily@18:00", "Europe/Berlin", "2026-10-24", "2026-10-24 16:00"),
        ("daily@18:00", "Europe/Berlin", "2026-10-25", "2026-10-25 17:00"),
        # 02:30 does not exist on 28 March 2027; the next time that does is 03:00.
        ("daily@02:30", "Europe/Berlin", "2027-03-28", "2027-03-28 01:00"),
        ("daily@02:30", "Europe/Berlin", "2026-10-25", "2026-10-25 00:30"),  # the first of two
        ("weekly@sun-02:15", "Australia/Lord_Howe", "2026-10-04", "2026-10-03 15:30"),
        ("daily@18:00", "Pacific/Apia", "2011-12-30", "2011-12-30 10:00"),  # this day did not exist
        ("weekly@mon-09:00", "Asia/Kathmandu", "2026-11-30", "2026-11-30 03:15"),
    ],
)
def test_what_a_change_of_the_clock_does(schedule: str, zone: str, day: str, moment: str) -> None:
    times, place = when.schedule(schedule), when.zone(zone)
    found = utc(moment)
    assert latest(times, place, found) == found
    assert latest(times, place, found - MINUTE) < found
    assert latest(times, place, utc(day) + 2 * DAY) >= found


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    machine.tzset()
    yield
    monkeypatch.undo()
    machine.tzset()


def test_without_a_zone_the_machines_counts(machine_in_berlin: None) -> None:
    for text in ("daily@02:30", "weekly@sun-18:00"):
        schedule = when.schedule(text)
        for moment in moments(schedule, "Europe/Berlin"):
            assert latest(schedule, None, moment) == moment


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("daily@18:00", "daily@18:00"),
        (" Daily@9:05", "daily@09:05"),
        ("WEEKLY@Mon-09:00", "weekly@mon-09:00"),
    ],
)
def test_how_a_time_is_written(text: str, canonical: str) -> None:
    assert str(when.schedule(text)) == canonical
    assert when.schedule(canonical) == when.schedule(text)


@pytest.mark.parametrize(
    "text", ["", "daily", "daily@25:00", "daily@18", "weekly@18:00", "daily@mon-18:00", "weekly@mo-9:00"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="Try daily@18:00 or weekly@mon-09:00"):
        when.schedule(text)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("berlin", r"Did you mean Europe/Berlin\?"),
        ("europe/berlin", r"Did you mean Europe/Berlin\?"),
        ("Europe/Berlim", r"Did you mean Europe/Berlin\?"),
        ("../../etc/passwd", "Give a name"),
        ("/etc/localtime", "Give a name"),
        ("Europe", "Give a name"),
        ("", "Give a name"),
        ("x" * 3000, "Give a name"),
        ("a\0b", "Give a name"),
    ],
)
def test_what_is_no_zone(name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        when.zone(name)
