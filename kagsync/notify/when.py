"""When a digest is due: `daily@18:00`, `weekly@mon-09:00`, in a time zone. Pure functions.

A time that the zone skips on some day (when daylight saving begins) counts from the next moment that exists.
Of a time that a day has twice (when it ends), the first one counts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from kagsync import inputs, installation
from kagsync.errors import ConfigurationError, UsageError, near

if TYPE_CHECKING:
    from datetime import tzinfo

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SCHEDULE = re.compile(rf"(?:daily@|weekly@({'|'.join(_WEEKDAYS)})-)([01]?\d|2[0-3]):([0-5]\d)")


class Schedule(NamedTuple):
    """The times of a digest, by a clock in its zone.

    Attributes:
        weekday: 0 is Monday; None: every day.
    """

    weekday: int | None
    at: time

    def __str__(self) -> str:
        day = "daily@" if self.weekday is None else f"weekly@{_WEEKDAYS[self.weekday]}-"
        return f"{day}{self.at:%H:%M}"


def schedule(text: str) -> Schedule:
    """Reads `daily@18:00` or `weekly@mon-09:00`.

    Raises:
        UsageError: it is neither.
    """
    match = _SCHEDULE.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(
            f"{inputs.short(text)} is not a time for digests", "Try daily@18:00 or weekly@mon-09:00"
        )
    weekday, hour, minute = match.groups()
    return Schedule(_WEEKDAYS.index(weekday) if weekday else None, time(int(hour), int(minute)))


def zone(name: str) -> tzinfo:
    """The time zone of a name such as `Europe/Berlin`.

    Raises:
        UsageError: there is no such zone.
        ConfigurationError: this machine has no time zones.
    """
    import zoneinfo  # only for digests in a zone of their own

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = zoneinfo.available_timezones()
        if not known:
            raise ConfigurationError(
                "this machine has no list of time zones", installation.this().add_packages("tzdata")
            ) from error
        wanted = name.strip().lower()
        alike = sorted(each for each in known if wanted in (each.lower(), each.lower().rpartition("/")[2]))
        if not alike and "/" in name:  # a region alone is near to many zones
            alike = near(name, known)
        remedy = f"Did you mean {alike[0]}?" if alike else "Give a name such as Europe/Berlin"
        raise UsageError(f"{inputs.short(name)} is not a time zone", remedy) from error


def is_due(times: Schedule, zone: tzinfo | None, until: datetime, now: datetime) -> bool:
    """Whether one of a digest's times has come since the last digest.

    Args:
        times: the digest's.
        zone: where they are meant; None: the machine's zone.
        until: up to when the last digest told everything.
        now: the current time.
    """
    return until < latest(times, zone, now)


def latest(times: Schedule, zone: tzinfo | None, now: datetime) -> datetime:
    """The last of a digest's times up to now, UTC."""
    # A clock that is set back at midnight shows the end of a day twice, so begin with the next day.
    last_day = _shown(now, zone).date() + timedelta(days=1)
    days = (last_day - timedelta(days=back) for back in range(9))
    moments = (
        _moment(datetime.combine(day, times.at), zone)
        for day in days
        if times.weekday in (None, day.weekday())
    )
    return next(moment for moment in moments if moment <= now)


def _moment(wall: datetime, zone: tzinfo | None) -> datetime:
    """When a clock in the zone first shows this time or a later one, UTC."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if _shown(first, zone) == wall:
        return first
    # The zone skips this time: one of the two is before the jump, the other one after it.
    before, after = sorted((first, second))
    seconds = range(int((after - before).total_seconds()))
    jump = bisect_left(seconds, True, key=lambda each: _shown(before + timedelta(seconds=each), zone) >= wall)
    return before + timedelta(seconds=jump)


def _shown(moment: datetime, zone: tzinfo | None) -> datetime:
    """What a clock in the zone shows, without the zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
