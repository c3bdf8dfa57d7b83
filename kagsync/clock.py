"""Time: always UTC, stored as ISO 8601 ending in ``Z``, shown to people as an age."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

FIRST_YEAR = 2010  # when Kaggle began
_AHEAD = timedelta(days=1)  # how far ahead a clock or the name of a file may be
_SKEW = timedelta(minutes=5)  # a clock set back by less is not noticed
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = " ?".join(rf"(?:(?P<{unit}>[0-9]{{1,6}}) ?{unit})?" for unit in _UNITS)
DURATIONS = "Try 90s, 15m, 1h30m, 24h, 7d or 2w"  # the remedy for what is not a duration


def utc_now() -> datetime:
    """The time now, UTC. This is the program's only clock, which tests replace."""
    return datetime.now(UTC)


def horizon(now: datetime | None = None) -> datetime:
    """The latest time that is believed. Anything dated later is wrong.

    Args:
        now: the current time; None: that of the clock.
    """
    return (now or utc_now()) + _AHEAD


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether a time that this machine recorded is in the future, so its clock was or is wrong."""
    return moment - now > _SKEW


def iso(moment: datetime) -> str:
    """``2025-10-31T16:26:26Z``: whole seconds, sorts as text."""
    # Not strftime: on Linux its %Y writes the year 1 (.NET's "no time") as "1", which cannot be read back.
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def parse_iso(text: str) -> datetime:
    """Reads what `iso` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def utc(moment: int) -> datetime:
    """The time of so many seconds since 1970."""
    return datetime.fromtimestamp(moment, UTC)


def from_unix(moment: int) -> str:
    """Seconds since 1970, as `iso` writes them."""
    return iso(utc(moment))


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in two or three characters and a unit: ``4 min``, ``3 h``, ``12 d``, ``2 y``."""
    return span((now - moment).total_seconds())


def since(moment: datetime, now: datetime) -> str:
    """How long ago, for use in a sentence: ``just now``, ``4 min ago``, ``in the future``."""
    if is_ahead(moment, now):
        return "in the future"
    age = ago(moment, now)
    return "just now" if age == "now" else f"{age} ago"


def span(seconds: float) -> str:
    """A length of time in the same units."""
    if seconds < 60:
        return "now"
    for unit, length, limit in (("min", 60, 60), ("h", 3600, 48), ("d", 86400, 730)):
        if seconds < length * limit:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds // (365.25 * 86400))} y"


def parse_duration(text: str) -> timedelta:
    """Reads a length of time such as ``90s``, ``15m``, ``24h``, ``7d`` or ``2w``, or several: ``1h30m``.

    Raises:
        ValueError: it is not one.
    """
    match = re.fullmatch(_DURATION, text.strip().lower())
    found = {unit: int(count) for unit, count in match.groupdict().items() if count} if match else {}
    if not found:
        raise ValueError(text)
    return timedelta(**{_UNITS[unit]: count for unit, count in found.items()})
