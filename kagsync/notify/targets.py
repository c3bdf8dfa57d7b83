"""Adds and lists notification targets. A target is a channel with filters, stored by `store/targets.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock, inputs
from kagsync.errors import UsageError
from kagsync.log import logger
from kagsync.notify import address, channel, when
from kagsync.queries import news
from kagsync.store.records import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.store import Store
    from kagsync.store.records import Target

ADDED, UPDATED, THERE = "added", "updated", "there"
QUIET_FOR = "1h"  # where nothing is typed
NONE = "none"  # instead of reasons: no movements


class Wanted(NamedTuple):
    """What a target is to be told, as somebody typed it. None, or False: not given.

    Attributes:
        slug: only movements in this competition.
        only: only these reasons, comma-separated; `none`: no movements.
        group: only movements of this group.
        against: only who passed whom between the group and this one.
        everything: also what only others did.
        quiet_for: the shortest time between two messages.
        digest: send a digest instead, at this time.
        zone: the time zone of the digest's time.
        even_if_nothing: send the digest even if nobody moved.
        remind: how long before a deadline to send reminders, comma-separated.
    """

    slug: str | None = None
    only: str | None = None
    group: str | None = None
    against: str | None = None
    everything: bool = False
    quiet_for: str | None = None
    digest: str | None = None
    zone: str | None = None
    even_if_nothing: bool = False
    remind: str | None = None


class Added(NamedTuple):
    """A target, how it is shown, and what was done: ADDED, UPDATED or THERE (it was as wanted already)."""

    target: Target
    shown: str
    done: str


def add(store: Store, url: str, wanted: Wanted) -> Added:
    """Adds a target, which is notified from now on.

    The same URL with the same filters is one target, and gets the other settings. Otherwise it would get
    every message twice.

    Args:
        url: a URL as Apprise takes it (https://appriseit.com/services/), or `env:NAME` for a variable that
            holds it. That may be set later.
        wanted: what to tell it.

    Raises:
        UsageError: the URL, a reason, the competition, a group, a time or the zone is wrong, or the settings
            contradict each other.
        ConfigurationError: Apprise is not installed, or this machine has no time zones.
    """
    address.check_name(url)
    subscription = subscribed(store, wanted)
    for group in (wanted.group, wanted.against):
        if group is not None:
            store.users.in_group(group)
    try:
        channel.check(url)
    except address.NotSet as error:
        logger.warning("%s", error)
    added = put(store, url, subscription, clock.utc_now())
    store.make_private()
    return added


def put(store: Store, url: str, subscription: Subscription, now: datetime) -> Added:
    """Adds or changes the target with this URL and these filters. Nothing is checked."""
    known = find(store.targets.all(), url, subscription)
    if known is None:
        target = store.targets.add(url, subscription, now)
        return Added(target, channel.shown(target), ADDED)
    if known.subscription == subscription:
        return Added(known, channel.shown(known), THERE)
    store.targets.change(known, subscription, now)
    return Added(known, channel.shown(known), UPDATED)


def find(targets: Iterable[Target], url: str, subscription: Subscription) -> Target | None:
    """The target with this URL and the same filters; None: there is none."""
    wanted = (url, _filters(subscription))
    return next((each for each in targets if (each.url, _filters(each.subscription)) == wanted), None)


def subscribed(store: Store, wanted: Wanted) -> Subscription:
    """What somebody typed, checked. Whether anybody is in the groups is not.

    Raises:
        UsageError: a reason, the competition, a time or the zone is wrong, or the settings contradict each
            other.
    """
    _refuse_contradictions(wanted)
    quiet_for = inputs.duration(QUIET_FOR if wanted.quiet_for is None else wanted.quiet_for, "--quiet-for")
    if wanted.zone is not None:
        when.zone(wanted.zone)
    competition = None
    if wanted.slug is not None:
        competition = store.competitions.get(inputs.competition_slug(wanted.slug)).id
    return Subscription(
        competition,
        only=_reasons(wanted.only),
        group=wanted.group,
        against=wanted.against,
        tells_drift=wanted.everything,
        quiet_for=quiet_for if wanted.digest is None else timedelta(0),
        digest=None if wanted.digest is None else str(when.schedule(wanted.digest)),
        zone=wanted.zone,
        sends_empty=wanted.even_if_nothing,
        remind=() if wanted.remind is None else _remind(wanted.remind),
    )


def _reasons(only: str | None) -> frozenset[str] | None:
    if only is None:
        return None
    return frozenset() if only == NONE else news.reasons(only)


def _remind(text: str) -> tuple[timedelta, ...]:
    """The times in `7d,1d`, the longest first."""
    found = {inputs.duration(each, "--remind") for each in text.split(",")}
    if timedelta(0) in found:
        raise UsageError("a reminder at the deadline itself is too late", "Try --remind 7d,1d")
    return tuple(sorted(found, reverse=True))


def _refuse_contradictions(wanted: Wanted) -> None:
    """Raises a UsageError if options contradict each other, or one needs another."""
    has_only, has_digest, is_silent = wanted.only is not None, wanted.digest is not None, wanted.only == NONE
    has_against = wanted.against is not None
    for together in (
        {"--quiet-for": wanted.quiet_for is not None, "--digest": has_digest},
        {"--all": wanted.everything, "--only": has_only},
        {"--against": has_against, "--only": has_only},
        {"--all": wanted.everything, "--against": has_against},
        {"--only none": is_silent, "--digest": has_digest},
    ):
        inputs.at_most_one(together)
    daily, needs = "--digest daily@18:00", inputs.needs
    needs("--zone", wanted.zone is not None, "--digest", has_digest, f"{daily} --zone Europe/Berlin")
    needs("--even-if-nothing", wanted.even_if_nothing, "--digest", has_digest, f"{daily} --even-if-nothing")
    needs("--against", has_against, "--group", wanted.group is not None, "--group us --against rivals")
    needs("--only none", is_silent, "--remind", wanted.remind is not None, "--remind 7d,1d --only none")
    if has_against and wanted.against == wanted.group:
        raise UsageError(
            "--group and --against are the same group", "Choose two: --group us --against rivals"
        )


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
        "only": None if wanted.only is None else sorted(wanted.only),
        "group": wanted.group,
        "quiet_for_seconds": int(wanted.quiet_for.total_seconds()),
        "sent_at": target.sent_at and clock.iso(target.sent_at),
        "failures": target.failures,
        "failed_at": target.failed_at and clock.iso(target.failed_at),
        "error": target.error,
        "against": wanted.against,
        "all": wanted.tells_drift,
        "digest": wanted.digest,
        "zone": wanted.zone,
        "even_if_nothing": wanted.sends_empty,
        "remind_seconds": [int(before.total_seconds()) for before in wanted.remind],
    }
