"""The life of a competition: running, ended, final, finished. Pure functions.

The phase is computed from times whenever it is needed, and never stored.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

RUNNING = "running"
ENDED = "ended"  # the deadline has passed, and there is no private board yet
FINAL = "final"  # there is a private board, which may still change
FINISHED = "finished"  # Kaggle is no longer asked

# Hosts release the private board at the deadline or up to a week later; some never do.
WAIT = timedelta(days=14)
# Afterwards it changes for weeks, because cheaters are removed.
HOURLY, DAILY = timedelta(days=1), timedelta(weeks=4)

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Times(NamedTuple):
    """What the phase depends on. Times are UTC, and none is ahead of the clock but the deadline.

    Attributes:
        deadline: when the competition ends; None: not known.
        asked_since: when Kaggle first answered, after the end, whether there is a private board.
        asked_at: when it was last asked, with or without success; None: ask again.
        answered_at: when it last answered.
        result_since: when a private board was first stored; None: there is none.
    """

    deadline: datetime | None
    asked_since: datetime | None
    asked_at: datetime | None
    answered_at: datetime | None
    result_since: datetime | None

    def has_ended(self, now: datetime) -> bool:
        return self.deadline is not None and self.deadline <= now

    @property
    def has_failed(self) -> bool:
        """Whether Kaggle did not answer when it was last asked."""
        return self.asked_at is not None and self.asked_at != self.answered_at


class Phase(NamedTuple):
    """A phase, and since when (None: not known)."""

    name: str
    since: datetime | None


def phase(times: Times, now: datetime) -> Phase:
    """The phase of a competition.

    It is finished only after Kaggle has answered at the end of the whole period, so time that a machine was
    off does not count as time in which nothing changed.
    """
    has_ended, began = times.has_ended(now), _began(times)
    if times.result_since is not None:
        found, length = Phase(FINAL, times.result_since), HOURLY + DAILY
    elif has_ended:
        found, length = Phase(ENDED, times.deadline), WAIT
    else:
        return Phase(RUNNING, None)
    answered = times.answered_at
    over = has_ended and began and answered and answered >= began + length
    return Phase(FINISHED, began + length) if over and began else found


def _began(times: Times) -> datetime | None:
    """When the period of waiting or looking began; None: Kaggle has not answered yet.

    For a competition that was added long after its end, and for one whose result came from a file, that is
    Kaggle's first answer.
    """
    known = [moment for moment in (times.deadline, times.asked_since, times.result_since) if moment]
    return max(known, default=None) if times.answered_at else None


def is_old_news(times: Times, now: datetime, last_run: datetime | None) -> bool:
    """Whether a first private board is no news: the competition ended weeks before anybody asked for it.

    It is news if the competition was followed until its end, and the machine was off since then.

    Args:
        last_run: when the competition was synced before; None: never.
    """
    if times.result_since is not None or times.asked_since is not None or times.deadline is None:
        return False
    long_over = times.deadline + WAIT
    return now >= long_over and (last_run is None or last_run >= long_over)


def pace(times: Times, now: datetime) -> timedelta | None:
    """How often Kaggle is asked; 0: in every run; None: no longer."""
    if not times.has_ended(now):
        return timedelta(0)
    name, began = phase(times, now).name, _began(times)
    if name == FINISHED:
        return _DAY if times.has_failed else None  # it was asked for somebody new: that is tried again
    daily = name == FINAL and began is not None and now >= began + HOURLY
    return _DAY if daily and not times.has_failed else _HOUR


def is_due(times: Times, now: datetime, *, outdated: bool) -> bool:
    """Whether a run asks Kaggle.

    Args:
        outdated: whether the roster or a setting has changed since the boards were processed.
    """
    every = pace(times, now)
    if times.deadline is None or times.asked_at is None or times.asked_at < times.deadline:
        return True
    if outdated and not times.has_failed:
        return True
    return every is not None and now - times.asked_at >= every
