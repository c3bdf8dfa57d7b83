"""What workers share in Redis beside their messages: which orders are under way, and which keys rest."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from kagsync import clock, secrecy
from kagsync.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.kaggle.credentials import Credentials

DEFAULT = "redis://localhost:6379/0"
PREFIX = "kagsync:"  # of all keys, those of Celery's queues too: other programs may use the same Redis
# After this time an order counts as lost: a killed worker's message has come back, and has been done again.
UNDER_WAY = timedelta(minutes=30)
# A delivery that has waited for so long is announced again. Earlier than that, Celery gives the message of a
# killed worker to another one.
_MAY_BE_LOST = timedelta(minutes=25)
_DELIVERY_KEPT = timedelta(days=7)  # for a writer that is away
_UNSENT = timedelta(minutes=1)  # a writer that is killed between mark and order costs no more than a tick
MOST_STARTS = 5  # of one message: one that kills each worker must not go round forever
_STARTS_KEPT = timedelta(days=1)
_KEY_KEPT = timedelta(minutes=15)  # three ticks without an order for any worker with this key
# So much patience covers a restart of Redis: about five minutes.
TRIES, LONGEST_PAUSE = 60, 5.0
_AFTER_HOST = re.compile(r"(?:/[0-9]*)?\?[^@]*#")  # the number of a database, and options
_UNMARK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def url() -> str:
    """The broker's URL.

    Raises:
        ConfigurationError: it is no URL of Redis. It is not quoted, since it may hold a password.
    """
    found = os.environ.get(secrecy.BROKER, "").strip() or DEFAULT
    try:
        parts = urlsplit(found)
        good = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
        # Celery shows what stands after the host: a password in the query, or the rest of an unescaped one.
        rest = f"{parts.path}?{parts.query}#{parts.fragment}"
        good = good and _AFTER_HOST.fullmatch(rest) is not None and "password=" not in rest
        redis.ConnectionPool.from_url(found if good else DEFAULT).make_connection()  # does not connect yet
    except (ValueError, TypeError, redis.RedisError):  # not a URL, or options that redis does not know
        good = False
    if not good:
        raise ConfigurationError(
            f"{secrecy.BROKER} is not a URL of Redis",
            f"Set it to one such as {DEFAULT}, or rediss://… with TLS. In a password write %2F for /",
        )
    return found


def place(url: str) -> str:
    """Where Redis is, without the password."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or 6379}"


def check(url: str) -> None:
    """Asks Redis whether it answers.

    Raises:
        ConfigurationError: it does not, or refuses the password.
    """
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5, retry=None) as asked:
            asked.ping()
    except redis.RedisError as error:
        raise ConfigurationError(
            f"Redis at {place(url)} cannot be used: {error}", f"Start it, or set {secrecy.BROKER} to its URL"
        ) from error


def key_of(credentials: Credentials) -> str:
    """A name for credentials that does not give them away: the same on every machine that has them.

    Args:
        credentials: those of a client, so there is a token or a key.
    """
    secret = credentials.refresh_token or credentials.key or credentials.token
    return hashlib.sha256(f"kagsync {secret}".encode()).hexdigest()[:32]


class Broker:
    """The marks in Redis. Each expires, so that whatever is lost heals by itself.

    If Redis does not answer, a call tries again for some minutes, then raises redis.RedisError.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=10,
            socket_timeout=30,
            retry=Retry(ExponentialBackoff(cap=LONGEST_PAUSE, base=0.1), TRIES),
            retry_on_error=[redis.BusyLoadingError, redis.ConnectionError, redis.TimeoutError],
        )

    def mark(self, slug: str, order: str) -> bool:
        """Marks a competition's fetch as about to be ordered; False if another one is under way."""
        return bool(self._redis.set(self._mark(slug), order, nx=True, ex=_UNSENT))

    def mark_sent(self, slug: str, order: str) -> None:
        """Marks it as under way. If the fetch has ended already, there is no mark any more."""
        self._redis.set(self._mark(slug), order, xx=True, ex=UNDER_WAY)

    def unmark(self, slug: str, order: str) -> None:
        """Removes the mark of this order, but not one of a later order."""
        self._redis.eval(_UNMARK, 1, self._mark(slug), order)

    def is_replaced(self, slug: str, order: str) -> bool:
        """Whether a later order for the same competition is under way."""
        found = self._redis.get(self._mark(slug))
        return found is not None and found != order

    def keep(self, order: str, delivery: str) -> None:
        """Keeps what a worker brings for an order until the writer has applied it.

        The message that announces it can be lost: a worker that is killed in the moment in which it takes a
        message from Redis takes it along.
        """
        self._redis.set(self._delivery(order), delivery, ex=_DELIVERY_KEPT)

    def kept(self, order: str) -> str | None:
        """What was brought for an order; None: it is applied already."""
        found = self._redis.get(self._delivery(order))
        return None if found is None else str(found)

    def drop(self, order: str) -> None:
        """Forgets what was brought for an order."""
        self._redis.delete(self._delivery(order))

    def stranded(self) -> list[str]:
        """The orders whose deliveries may never have been announced. Each is named once in 25 minutes."""
        found, start = [], self._delivery("")
        for name in self._redis.scan_iter(f"{start}*"):
            if self._redis.ttl(name) <= (_DELIVERY_KEPT - _MAY_BE_LOST).total_seconds():
                self._redis.expire(name, _DELIVERY_KEPT)
                found.append(str(name).removeprefix(start))
        return found

    def rest(self, key: str, until: datetime) -> None:
        """Notes that Kaggle asked to wait before this key is used again."""
        seconds = (until - clock.utc_now()).total_seconds()
        if seconds >= 1:
            self._redis.set(f"{PREFIX}rest:{key}", clock.iso(until), ex=int(seconds))

    def rests_until(self, key: str) -> datetime | None:
        """Until when a key rests; None: it may ask Kaggle."""
        until = self._redis.get(f"{PREFIX}rest:{key}")
        return None if until is None else clock.parse_iso(str(until))

    def in_use(self, key: str) -> None:
        """Notes that a worker with this key is there."""
        self._redis.set(f"{PREFIX}key:{key}", "", ex=_KEY_KEPT)

    def another_is_free(self, key: str) -> bool:
        """Whether there is a worker with another key, which does not rest."""
        start = f"{PREFIX}key:"
        others = {str(name).removeprefix(start) for name in self._redis.scan_iter(f"{start}*")} - {key}
        return any(self.rests_until(other) is None for other in others)

    def starts(self, task: str, order: str) -> int:
        """How often a task was started for an order, this time included."""
        name = f"{PREFIX}starts:{task}:{order}"
        count = self._redis.incr(name)
        self._redis.expire(name, _STARTS_KEPT)
        return int(count)

    @staticmethod
    def _delivery(order: str) -> str:
        return f"{PREFIX}delivery:{order}"

    @staticmethod
    def _mark(slug: str) -> str:
        return f"{PREFIX}under-way:{slug.lower()}"
