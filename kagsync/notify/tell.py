"""Notifies all targets of what moved, after a sync. Apprise sends; the database records who knows what.

Who is notified when is decided here; the text is made in `notify/message.py`.

For each competition, the database has the moment up to which a target knows everything. All later movements
go into one message, and then the moment moves on. So a killed process loses nothing. A movement can be sent
twice only if the process is killed while it sends, or before it saves that it has sent.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kagsync.errors import KagsyncError
from kagsync.files import locks
from kagsync.log import logger
from kagsync.notify import channel, message
from kagsync.queries import news
from kagsync.standings.movements import FINAL
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from kagsync.notify.message import Message
    from kagsync.queries.news import Item
    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Competition, Target


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


def _tell(store: Store, target: Target, now: datetime) -> bool:
    sent_at = target.sent_at
    is_quiet = sent_at is not None and sent_at <= now and now - sent_at < target.subscription.quiet_for
    # A result does not wait.
    boards = (PRIVATE,) if is_quiet else (PUBLIC, PRIVATE)
    pending = {board: found for board in boards if (found := store.targets.pending(target, board))}
    if not pending:
        return False
    items = _items(store, target, pending)
    if is_quiet and not any(item.movement.reason == FINAL for item in items):
        return False
    latest = {board: {key: moment for key, (_, moment) in found.items()} for board, found in pending.items()}
    if items:
        composed = message.compose(items, channel.room(target))
        channel.send(target, composed.title, composed.body)
        logger.info("Notified %s %s", channel.shown(target), _extent(composed, len(items)))
    store.targets.notified(target, latest, now if items else None)
    return bool(items)


def _items(store: Store, target: Target, pending: dict[str, dict[int, tuple[int, int]]]) -> list[Item]:
    """What a target is notified of, the newest first."""
    wanted = target.subscription
    people = [user for user in store.users.all() if wanted.group in (None, user.group)]
    seen = news.on_both_boards(store, store.competitions.all())
    seen = [each for each in seen if each.id in pending.get(each.board, ())]

    def since(competition: Competition) -> datetime:
        known, _ = pending[competition.board][competition.id]
        return datetime.fromtimestamp(known, UTC)

    found = news.news(store, seen, people, since)
    return news.chosen(found, wanted.only, drift=True)


def _extent(composed: Message, count: int) -> str:
    of = f"of {message.counted(count)}"
    return f"{of}, {composed.counted} of them only counted" if composed.counted else of
