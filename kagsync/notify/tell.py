"""Notifies all targets after a sync: of what moved, or with a digest, and of deadlines.

Apprise sends; the database records who knows what. Who is notified when is decided here, in
`notify/digest.py` and in `notify/remind.py`; the text is made in `notify/message.py`.

For each competition, the database has the moment up to which a target knows everything. All later movements
go into one message, and then the moment moves on. So a killed process loses nothing. A message can be sent
twice only if the process is killed while it sends, or before it saves that it has sent.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.errors import KagsyncError
from kagsync.files import locks
from kagsync.log import logger
from kagsync.notify import channel, message
from kagsync.notify.untold import untold
from kagsync.standings.movements import FINAL
from kagsync.standings.sentences import counted
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.notify.message import Message
    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Target


@dataclass(frozen=True)
class Failure:
    """A target that could not be notified, and why."""

    target: Target
    error: KagsyncError

    def __str__(self) -> str:
        return f"Notification target {self.target.id} ({channel.shown(self.target)}): {self.error}"


@dataclass(frozen=True)
class Told:
    """How many messages were sent, and which targets failed."""

    sent: int
    failures: list[Failure]


def tell(settings: Settings, store: Store, now: datetime) -> Told:
    """Sends every target what it does not know yet. If that fails, the next run tries again.

    The first of several failures in a row is a warning. Later ones are only information, because cron mails
    every warning; `doctor` and `notify list` show them anyway.

    Returns:
        what was sent, and all failures, including those that caused a warning before.
    """
    sent, failures = 0, []
    for target in store.targets.all():
        try:
            lock = settings.locks / f"notify-{target.id}.lock"
            with locks.hold(lock, longest=locks.LONGEST):  # otherwise two runs could both send it
                sent += _tell(store, store.targets.get(target.id), now)
        except locks.Busy:
            continue
        except KagsyncError as error:  # a notification never makes a sync fail
            failure = Failure(target, error)
            logger.log(logging.INFO if target.failures else logging.WARNING, "%s", failure)
            store.targets.failed(target, now, error.message)
            failures.append(failure)
    return Told(sent, failures)


def _tell(store: Store, target: Target, now: datetime) -> int:
    """Tells a target what is due. Returns how many messages were sent."""
    wanted, sent = target.subscription, 0
    if wanted.remind:
        from kagsync.notify import remind  # only of targets that want reminders

        sent += remind.tell(store, target, now)
    if wanted.digest is None:
        return sent + (wanted.tells_news and _tell_news(store, target, now))
    if _digest_is_due(store, target, wanted.digest, now):
        from kagsync.notify import digest  # once a day at most

        sent += digest.send(store, target, now)
    return sent


def _digest_is_due(store: Store, target: Target, times: str, now: datetime) -> bool:
    from kagsync.notify import when  # only of targets that want a digest

    if target.digest_until is None or clock.is_ahead(target.digest_until, now):
        # It was noted while the clock was wrong: begin anew.
        store.targets.notified(target, {}, None, digest_until=now)
        return False
    name = target.subscription.zone
    zone = None if name is None else when.zone(name)
    return when.is_due(when.schedule(times), zone, target.digest_until, now)


def _tell_news(store: Store, target: Target, now: datetime) -> bool:
    sent_at = target.sent_at
    is_quiet = sent_at is not None and sent_at <= now and now - sent_at < target.subscription.quiet_for
    # A result does not wait.
    found = untold(store, target, (PRIVATE,) if is_quiet else (PUBLIC, PRIVATE))
    if not found.pending or (is_quiet and not any(item.movement.reason == FINAL for item in found.told)):
        return False
    if found.told:
        composed = message.compose(found.told, channel.room(target))
        channel.send(target, composed)
        logger.info("Notified %s %s", channel.shown(target), _extent(composed, len(found.told)))
    store.targets.notified(target, found.latest, now if found.told else None)
    return bool(found.told)


def _extent(composed: Message, count: int) -> str:
    of = f"of {counted(count, message.MOVEMENT)}"
    return f"{of}, {composed.counted} of them only counted" if composed.counted else of
