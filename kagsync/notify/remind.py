"""Reminds a target of deadlines: that of each competition, and the last days to enter and to merge teams."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock
from kagsync.log import logger
from kagsync.notify import channel, message
from kagsync.notify.message import Line
from kagsync.safe_text import chat_safe
from kagsync.standings import deadlines
from kagsync.standings.deadlines import Deadline
from kagsync.standings.sentences import counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.store import Store
    from kagsync.store.records import Target


class Calendar(NamedTuple):
    """The deadlines of the active competitions that a target is told of, and their slugs by id."""

    deadlines: list[Deadline]
    slugs: dict[int, str]

    def lines(self, chosen: Iterable[Deadline], now: datetime) -> list[str]:
        """Some of them in words, harmless."""
        return [chat_safe(line) for line in deadlines.lines(chosen, self.slugs, now)]

    def as_json(self, chosen: Iterable[Deadline]) -> list[dict[str, Any]]:
        """Some of them for programs, the first one first."""
        return [
            {"competition": self.slugs[each.competition_id], "kind": each.kind, "at": clock.iso(each.ends_at)}
            for each in sorted(chosen, key=lambda each: each.ends_at)
        ]


def calendar(store: Store, target: Target) -> Calendar:
    """The deadlines that a target is told of."""
    only = target.subscription.competition_id
    tracked = [each for each in store.competitions.all() if each.active and only in (None, each.id)]
    found = [
        # The database has whole seconds.
        Deadline(each.id, kind, ends_at.astimezone(UTC).replace(microsecond=0))
        for each in tracked
        for kind, ends_at in each.deadlines.items()
    ]
    return Calendar(found, {each.id: each.slug for each in tracked})


def tell(store: Store, target: Target, now: datetime) -> bool:
    """Reminds a target of the deadlines that are due, in one message.

    Returns:
        whether a message was sent.

    Raises:
        KagsyncError: it was not accepted; the next run tries again.
    """
    known = calendar(store, target)
    told, passed = deadlines.due(
        known.deadlines, target.subscription.remind, store.targets.reminders(target), now
    )
    if not told:
        return False
    lines = [Line("", text, (0, number)) for number, text in enumerate(known.lines(told, now))]
    title = "A deadline is near" if len(lines) == 1 else f"{len(lines)} deadlines are near"
    structured = message.data(message.REMINDER, deadlines=known.as_json(told))
    composed = message.fit(title, lines, channel.room(target), structured, message.DEADLINE)
    channel.send(target, composed)
    logger.info("Reminded %s of %s", channel.shown(target), counted(len(lines), message.DEADLINE))
    store.targets.reminded(target, passed, now)
    return True
