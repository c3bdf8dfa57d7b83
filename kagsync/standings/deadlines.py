"""The deadlines of competitions: when somebody is reminded of them, and in which words. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

# The kinds, by the column that has them. The order is that in a sentence.
END = "deadline"
LAST_DAYS = {"new_entrant_deadline": "enter", "merger_deadline": "merge teams"}


class Deadline(NamedTuple):
    """A deadline of a competition; one that is moved is another one.

    Attributes:
        kind: END, or one of LAST_DAYS.
        ends_at: UTC, in whole seconds.
    """

    competition_id: int
    kind: str
    ends_at: datetime


class Reminder(NamedTuple):
    """What somebody is told once: how long it is before a deadline."""

    deadline: Deadline
    before: timedelta


def due(
    deadlines: Iterable[Deadline], wanted: Iterable[timedelta], said: AbstractSet[Reminder], now: datetime
) -> tuple[list[Deadline], list[Reminder]]:
    """What somebody is to be reminded of now.

    If several reminders of a deadline have come, only the last one is told, so nobody is told twice after
    days in which nothing was sent. A deadline that has passed is not told.

    Args:
        deadlines: all that are known.
        wanted: how long before each of them a reminder comes.
        said: the reminders that were told, or passed over, before.
        now: the current time.

    Returns:
        the deadlines to tell, and the reminders that count as said when they have been told.
    """
    told, passed = [], []
    for deadline in deadlines:
        left = deadline.ends_at - now
        come = [Reminder(deadline, before) for before in wanted if timedelta(0) < left <= before]
        if come and min(come, key=lambda each: each.before) not in said:
            told.append(deadline)
            passed += [each for each in come if each not in said]
    return told, passed


def coming(deadlines: Iterable[Deadline], within: timedelta, now: datetime) -> list[Deadline]:
    """The deadlines of the next time."""
    return [each for each in deadlines if now < each.ends_at <= now + within]


def lines(deadlines: Iterable[Deadline], names: Mapping[int, str], now: datetime) -> list[str]:
    """Deadlines in words, the first one first. Those of a competition that are at the same time are one line.

    Args:
        deadlines: what to tell.
        names: what each competition is called, by its id.
        now: the current time.
    """
    kinds: defaultdict[tuple[datetime, str, int], set[str]] = defaultdict(set)
    for each in deadlines:
        kinds[each.ends_at, names[each.competition_id], each.competition_id].add(each.kind)
    found = []
    for (ends_at, name, _), there in sorted(kinds.items()):
        when = f"in {_in_words(ends_at - now)} ({ends_at:%Y-%m-%d %H:%M} UTC)"
        last_days = " and ".join(f"to {what}" for kind, what in LAST_DAYS.items() if kind in there)
        # After the end nobody can enter or merge, so the end is all there is to say.
        found.append(f"{name} ends {when}" if END in there else f"{name}: the last day {last_days} is {when}")
    return found


def _in_words(left: timedelta) -> str:
    """How much time is left, rounded: a reminder that is a few minutes late still says 7 days."""
    if left >= timedelta(hours=47):
        count, unit = round(left / timedelta(days=1)), "day"
    elif left >= timedelta(minutes=55):
        count, unit = round(left / timedelta(hours=1)), "hour"
    else:
        count, unit = max(round(left / timedelta(minutes=1)), 1), "minute"
    return f"{count} {unit}{'' if count == 1 else 's'}"
