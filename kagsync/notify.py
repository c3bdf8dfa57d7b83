"""Tells people's channels what moved, after a sync: Apprise sends, the database remembers who knows what.

A target knows, for each competition, everything up to a moment. What came after is told in one message; then
the moment moves on. So a process that is killed in between loses nothing, and only one that is killed in the
send itself, or before the send is noted, can tell a thing twice.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kagsync import installation, locks, movements, news, times
from kagsync.errors import ConfigurationError, KagsyncError, UsageError
from kagsync.log import logger
from kagsync.text import clip, printable

if TYPE_CHECKING:
    from datetime import timedelta

    from kagsync.news import Item
    from kagsync.records import Competition, Target, User
    from kagsync.settings import Settings
    from kagsync.store import Store

_PATIENCE = 30.0  # seconds for one target
_MOST = 30  # sentences of a message: who gets more looks at `kagsync news`
# What channels read as more than text: mentions, links, markup. The wide forms look alike.
_HARMLESS = str.maketrans({char: chr(ord(char) + 0xFEE0) for char in "@<>[]`*_~|\\"})


class NotSent(KagsyncError):
    """A channel did not take a message."""

    code = "not-sent"


@dataclass(frozen=True)
class Added:
    """A target that was added, and how it is shown."""

    target: Target
    shown: str


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
    _instance(url)
    competition = None if slug is None else store.competition(slug)
    if group is not None:
        store.users_in(group)
    reasons = None if only is None else _reasons(only)
    target = store.add_target(
        url,
        competition_id=None if competition is None else competition.id,
        only=reasons,
        group=group,
        quiet_for=quiet_for,
        added_at=times.utc_now(),
    )
    store.make_private()
    return Added(target, shown(target))


@dataclass(frozen=True)
class Listed:
    """A target as it is shown: its URL without secrets, and its competition's slug (None: all)."""

    target: Target
    shown: str
    slug: str | None


def listed(store: Store) -> list[Listed]:
    """All targets, as they are shown."""
    slugs = {competition.id: competition.slug for competition in store.competitions()}
    return [
        Listed(target, shown(target), slugs.get(target.competition_id) if target.competition_id else None)
        for target in store.targets()
    ]


def as_json(each: Listed) -> dict[str, Any]:
    """A target for programs; keys never disappear, None for a filter is all."""
    target = each.target
    return {
        "number": target.id,
        "url": each.shown,
        "competition": each.slug,
        "only": sorted(target.only) if target.only else None,
        "group": target.group,
        "quiet_for_seconds": int(target.quiet_for.total_seconds()),
        "sent_at": target.sent_at and times.iso(target.sent_at),
        "failures": target.failures,
        "failed_at": target.failed_at and times.iso(target.failed_at),
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


def _apprise() -> Any:
    try:
        import apprise  # 0.15 s, and an extra: only who has something to send needs it
    except ImportError as error:
        remedy = installation.this().add_extra("notify")
        raise ConfigurationError("notifications need Apprise, which is not installed", remedy) from error
    log = logging.getLogger("apprise")  # its lines have addresses and tokens in them
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    return apprise


def missing() -> ConfigurationError | None:
    """What is in the way of any notification; None: nothing."""
    try:
        _apprise()
    except ConfigurationError as error:
        return error
    return None


def _instance(url: str) -> Any:
    apprise = _apprise()
    found = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if found is None:
        raise UsageError(
            f"{_scheme(url)}… is no URL that Apprise knows", "See https://appriseit.com/services/ for yours"
        )
    return found


def _scheme(url: str) -> str:
    return f"{url.partition('://')[0][:20]}://" if "://" in url else "this "


def shown(target: Target) -> str:
    """A target's URL without its secrets: as Apprise masks it, and without what it does not mask."""
    try:
        masked = str(_instance(target.url).url(privacy=True))
    except KagsyncError:
        return f"{_scheme(target.url)}…"
    parts = urlsplit(masked)
    # Of a plain web address, the path often is the secret; and options carry headers.
    path = "/…" if parts.scheme.startswith(("json", "xml", "form")) and parts.path.strip("/") else parts.path
    return f"{parts.scheme}://{parts.netloc}{path}".rstrip("/")


def tell(settings: Settings, store: Store, now: datetime) -> int:
    """Tells every target what it does not know yet. A target that fails is tried again at the next run.

    Returns:
        how many messages were sent.
    """
    sent = 0
    for target in store.targets():
        try:
            with locks.hold(settings.locks / f"notify-{target.id}.lock"):  # or two runs would tell it twice
                sent += _tell(store, store.target(target.id), now)
        except locks.Busy:
            continue
        except KagsyncError as error:  # never worth a failed sync
            _note_failure(store, target, error, now)
    return sent


def _note_failure(store: Store, target: Target, error: KagsyncError, now: datetime) -> None:
    # Once is enough for a mail by cron; `status`, `doctor` and `notify list` go on saying it.
    level = logging.INFO if target.failures else logging.WARNING
    logger.log(level, "Notification target %d (%s): %s", target.id, shown(target), error)
    store.not_told(target, now, error.message)


def _tell(store: Store, target: Target, now: datetime) -> bool:
    if target.sent_at is not None and now - target.sent_at < target.quiet_for and target.sent_at <= now:
        return False
    untold = store.untold(target)
    if not untold:
        return False
    people = [user for user in store.users() if target.group in (None, user.group)]
    items = _items(store, target, people, {key: known for key, (known, _) in untold.items()})
    latest = {key: moment for key, (_, moment) in untold.items()}
    if items:
        _send(target, *message(items))
        logger.info("Told %s of %d movement%s", shown(target), len(items), "" if len(items) == 1 else "s")
    store.told(target, latest, now if items else None)
    return bool(items)


def _items(store: Store, target: Target, people: list[User], known: dict[int, int]) -> list[Item]:
    competitions = [each for each in store.competitions() if each.id in known]

    def since(competition: Competition) -> datetime:
        return datetime.fromtimestamp(known[competition.id], UTC)

    found = news.news(store, competitions, people, since)
    return [item for item in found if target.only is None or item.movement.reason in target.only]


def message(items: list[Item]) -> tuple[str, str]:
    """The title and the body of a message: a sentence a line, by competition."""
    by_competition: dict[Competition, list[Item]] = {}
    for item in items[:_MOST]:
        by_competition.setdefault(item.competition, []).append(item)
    lines = []
    for competition, found in by_competition.items():
        if len(by_competition) > 1:
            lines.append(f"{_name(competition)}:")
        lines += [harmless(item.sentence) for item in found]
    if len(items) > _MOST:
        lines.append(f"and {len(items) - _MOST} more: kagsync news")
    competitions = list(dict.fromkeys(item.competition for item in items))
    title = _name(competitions[0]) if len(competitions) == 1 else f"{len(competitions)} competitions"
    moved = len({item.user.id for item in items})
    return f"{title}: {moved} of ours moved", "\n".join(lines)


def _name(competition: Competition) -> str:
    return harmless(competition.title or competition.slug)


def harmless(text: str) -> str:
    """Text by strangers that no channel takes for a mention, a link or markup."""
    return printable(text).translate(_HARMLESS)


def _send(target: Target, title: str, body: str) -> None:
    """Sends one message.

    Raises:
        NotSent: it did not arrive, as far as can be told.
    """
    apprise = _apprise()
    channel = apprise.Apprise()
    channel.add(_instance(target.url))
    result = channel.notify(
        title=title,
        body=body,
        body_format=apprise.NotifyFormat.TEXT,
        timeout=_PATIENCE,
        log_level=logging.WARNING,
    )
    if not result:
        said = " ".join(str(entry.message) for entry in result.logs())
        raise NotSent(
            f"the message was not taken{_without_secrets(said, target.url)}",
            f"Check the channel, then: kagsync notify test {target.id}",
        )


def _without_secrets(said: str, url: str) -> str:
    """What a service answered, in brackets; nothing where it repeats a part of the URL that may be secret."""
    host = urlsplit(url).hostname or ""
    parts = [part for part in re.split(r"[/:@?&=+,]+", url.partition("://")[2]) if len(part) > 3]
    if not said or any(part.lower() in said.lower().replace(host, "") for part in parts if part != host):
        return ""
    return f" ({clip(said, 150)})"


def test(target: Target) -> None:
    """Sends a message to try a target.

    Raises:
        NotSent: it did not arrive.
    """
    _send(target, "kagsync: a test", "Messages of what moved will come here.")
