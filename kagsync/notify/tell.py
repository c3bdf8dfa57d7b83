"""Tells people's channels what moved, after a sync: Apprise sends, the database remembers who knows what.

A target knows, for each competition, everything up to a moment. What came after is told in one message; then
the moment moves on. So a process that is killed in between loses nothing, and only one that is killed in the
send itself, or before the send is noted, can tell a thing twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import KagsyncError, UsageError
from kagsync.files import locks
from kagsync.log import logger
from kagsync.notify import channel, message
from kagsync.notify.channel import NotSent
from kagsync.queries import news
from kagsync.standings import movements

if TYPE_CHECKING:
    from datetime import timedelta

    from kagsync.notify.message import Message
    from kagsync.queries.news import Item
    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Competition, Target, User

__all__ = ["Added", "Failure", "Listed", "NotSent", "Told", "add", "as_json", "listed", "tell", "test"]


@dataclass(frozen=True)
class Added:
    """A target, how it is shown, and whether it is new: there may have been one that is told the same."""

    target: Target
    shown: str
    new: bool


def add(
    store: Store,
    url: str,
    *,
    slug: str | None,
    only: str | None,
    group: str | None,
    quiet_for: timedelta,
) -> Added:
    """Adds who is to be told from now on.

    The same URL with the same filters is one target, or it would be told everything twice.

    Args:
        url: Apprise's (https://appriseit.com/services/).
        slug: of one competition; None: of all.
        only: reasons, comma-separated; None: all.
        group: of these people; None: of all.
        quiet_for: how long a target is left in peace after a message.

    Raises:
        UsageError: the URL, a reason, the competition or the group is not known.
        ConfigurationError: Apprise is not installed.
    """
    channel.check(url)
    competition = None if slug is None else store.competitions.get(slug)
    if group is not None:
        store.users.in_group(group)
    reasons = None if only is None else _reasons(only)
    competition_id = None if competition is None else competition.id
    for known in store.targets.all():
        if (known.url, known.competition_id, known.only, known.group) == (
            url,
            competition_id,
            reasons,
            group,
        ):
            store.targets.set_quiet_for(known.id, quiet_for)
            return Added(known, channel.shown(known), new=False)
    target = store.targets.add(
        url,
        competition_id=competition_id,
        only=reasons,
        group=group,
        quiet_for=quiet_for,
        added_at=clock.utc_now(),
    )
    store.make_private()
    return Added(target, channel.shown(target), new=True)


@dataclass(frozen=True)
class Listed:
    """A target as it is shown: its URL without secrets, and its competition's slug (None: all)."""

    target: Target
    shown: str
    slug: str | None


def listed(store: Store) -> list[Listed]:
    """All targets, as they are shown."""
    slugs = {competition.id: competition.slug for competition in store.competitions.all()}
    return [
        Listed(target, channel.shown(target), slugs.get(target.competition_id or 0))
        for target in store.targets.all()
    ]


def as_json(each: Listed) -> dict[str, Any]:
    """A target for programs; keys never disappear, None for a filter is all."""
    target = each.target
    return {
        "number": target.id,
        "url": each.shown,
        "label": target.label,
        "competition": each.slug,
        "only": sorted(target.only) if target.only else None,
        "group": target.group,
        "quiet_for_seconds": int(target.quiet_for.total_seconds()),
        "sent_at": target.sent_at and clock.iso(target.sent_at),
        "failures": target.failures,
        "failed_at": target.failed_at and clock.iso(target.failed_at),
        "error": target.error,
    }


def _reasons(text: str) -> frozenset[str]:
    found = {word.strip() for word in text.split(",") if word.strip()}
    unknown = sorted(found - set(movements.REASONS))
    if unknown or not found:
        raise UsageError(
            f"{unknown[0] if unknown else text!r} is no reason", f"Say some of {', '.join(movements.REASONS)}"
        )
    return frozenset(found)


@dataclass(frozen=True)
class Failure:
    """A target that could not be told, and why."""

    target: Target
    error: KagsyncError

    def __str__(self) -> str:
        return f"Notification target {self.target.id} ({channel.shown(self.target)}): {self.error}"


@dataclass(frozen=True)
class Told:
    """What came of telling all targets: how many messages were sent, and which targets failed."""

    sent: int
    failures: list[Failure]


def tell(settings: Settings, store: Store, now: datetime) -> Told:
    """Tells every target what it does not know yet. A target that fails is tried again at the next run.

    The first failure in a row is logged as a warning, later ones as information: cron would mail each of
    them, and `doctor` and `notify list` show them anyway.

    Returns:
        what was sent, and all failures, also those that were warned of before.
    """
    sent, failures = 0, []
    for target in store.targets.all():
        try:
            lock = settings.locks / f"notify-{target.id}.lock"
            with locks.hold(lock, longest=locks.LONGEST):  # or two runs would tell it twice
                sent += _tell(store, store.targets.get(target.id), now)
        except locks.Busy:
            continue
        except KagsyncError as error:  # never worth a failed sync
            failure = Failure(target, error)
            logger.log(logging.INFO if target.failures else logging.WARNING, "%s", failure)
            store.targets.not_told(target, now, error.message)
            failures.append(failure)
    return Told(sent, failures)


def _tell(store: Store, target: Target, now: datetime) -> bool:
    if target.sent_at is not None and now - target.sent_at < target.quiet_for and target.sent_at <= now:
        return False
    untold = store.targets.untold(target)
    if not untold:
        return False
    people = [user for user in store.users.all() if target.group in (None, user.group)]
    items = _items(store, target, people, {key: known for key, (known, _) in untold.items()})
    latest = {key: moment for key, (_, moment) in untold.items()}
    if items:
        told = message.compose(items, channel.room(target))
        channel.send(target, told.title, told.body)
        logger.info("Told %s %s", channel.shown(target), _extent(told, len(items)))
    store.targets.told(target, latest, now if items else None)
    return bool(items)


def _items(store: Store, target: Target, people: list[User], known: dict[int, int]) -> list[Item]:
    competitions = [each for each in store.competitions.all() if each.id in known]

    def since(competition: Competition) -> datetime:
        return datetime.fromtimestamp(known[competition.id], UTC)

    found = news.news(store, competitions, people, since)
    return [item for item in found if target.only is None or item.movement.reason in target.only]


def _extent(told: Message, count: int) -> str:
    of = f"of {count} movement{'' if count == 1 else 's'}"
    return f"{of}, {told.counted} of them only as a number" if told.counted else of


def test(target: Target) -> None:
    """Sends a message to try a target.

    Raises:
        NotSent: it did not arrive.
    """
    channel.send(target, "kagsync: a test", "Notifications will arrive here.")
