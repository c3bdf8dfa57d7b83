"""Adds and lists notification targets. A target is a channel with filters, stored by `store/targets.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.notify import channel
from kagsync.queries import news
from kagsync.store.records import Subscription

if TYPE_CHECKING:
    from datetime import timedelta

    from kagsync.store import Store
    from kagsync.store.records import Target


@dataclass(frozen=True)
class Added:
    """A target, how it is shown, and whether it is new, or existed already and was updated."""

    target: Target
    shown: str
    new: bool
    updated: bool = False


def add(
    store: Store,
    url: str,
    *,
    slug: str | None,
    only: str | None,
    group: str | None,
    quiet_for: timedelta,
) -> Added:
    """Adds a target, which is notified from now on.

    The same URL with the same filters is one target. Otherwise it would get every message twice.

    Args:
        url: a URL as Apprise takes it (https://appriseit.com/services/).
        slug: only movements in this competition; None: in all.
        only: only these reasons, comma-separated; None: all.
        group: only movements of this group; None: of everybody.
        quiet_for: the shortest time between two messages.

    Raises:
        UsageError: the URL, a reason, the competition or the group is unknown.
        ConfigurationError: Apprise is not installed.
    """
    channel.check(url)
    competition = None if slug is None else store.competitions.get(slug)
    if group is not None:
        store.users.in_group(group)
    reasons = None if only is None else news.reasons(only)
    wanted = Subscription(
        None if competition is None else competition.id, only=reasons, group=group, quiet_for=quiet_for
    )
    for known in store.targets.all():
        if (known.url, _filters(known.subscription)) == (url, _filters(wanted)):
            store.targets.change(known.id, wanted)
            return Added(known, channel.shown(known), new=False, updated=known.subscription != wanted)
    target = store.targets.add(url, wanted, clock.utc_now())
    store.make_private()
    return Added(target, channel.shown(target), new=True)


def _filters(subscription: Subscription) -> tuple[object, ...]:
    """What makes two targets of one URL different."""
    return (subscription.competition_id, subscription.only, subscription.group, subscription.against)


@dataclass(frozen=True)
class Listed:
    """A target, its URL without secrets, and its competition's slug (None: all)."""

    target: Target
    shown: str
    slug: str | None


def listed(store: Store) -> list[Listed]:
    """All targets, with their URLs without secrets."""
    slugs = {competition.id: competition.slug for competition in store.competitions.all()}
    return [
        Listed(target, channel.shown(target), slugs.get(target.subscription.competition_id or 0))
        for target in store.targets.all()
    ]


def as_json(each: Listed) -> dict[str, Any]:
    """A target for programs. Keys never disappear; a filter that is None means all."""
    target, wanted = each.target, each.target.subscription
    return {
        "number": target.id,
        "url": each.shown,
        "label": target.label,
        "competition": each.slug,
        "only": sorted(wanted.only) if wanted.only else None,
        "group": wanted.group,
        "quiet_for_seconds": int(wanted.quiet_for.total_seconds()),
        "sent_at": target.sent_at and clock.iso(target.sent_at),
        "failures": target.failures,
        "failed_at": target.failed_at and clock.iso(target.failed_at),
        "error": target.error,
    }
