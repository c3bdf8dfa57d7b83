"""Tells a monitor when a run starts and how it ended, so that the monitor notices when runs stop.

The protocol is that of healthchecks.io (https://healthchecks.io/docs/http_api/), which other monitors use
too: a POST to URL/start, then one to URL if all is well, else to URL/<exit code>. Its body is the end of the
log.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

from kagsync import clock, errors, log, secrecy
from kagsync.errors import ConfigurationError, KagsyncError
from kagsync.log import logger
from kagsync.net import bounds, route
from kagsync.safe_text import printable
from kagsync.store.records import LastPing, Trigger
from kagsync.store.runs import last_scheduled
from kagsync.version import __version__

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.store import Store

VARIABLE = secrecy.PING_URL
PATIENCE = 10.0  # seconds, for both pings of a run together
PATIENCE_WHEN_STOPPED = 3.0  # seconds: somebody who stops a run wants it to end now
OUTAGE = timedelta(hours=1)  # a monitor may be unreachable for this long without a warning
_OF_THE_SAME_RUN = timedelta(minutes=5)  # a ping this long before the end of a run belongs to another run
_LINES = 40
_LONGEST_ANSWER = 64 * 1024  # bytes, with its headers and those of redirects
_LONGEST = 10_000  # bytes of a body: all that healthchecks.io keeps
_LATER = {408, 425, 429}  # answers from 400 to 499 that may be different next time
# What healthchecks.io answers with status 200 although it did not accept the ping.
_NOT_ACCEPTED = {
    "OK (not found)": ("the monitor does not know this check", True),
    "OK (rate limited)": ("the monitor ignored the ping, because there were too many", False),
}


class NotPinged(KagsyncError):
    """The monitor did not accept a ping."""

    code = "not-pinged"


class Answer(NamedTuple):
    """What the monitor answered to a run's pings.

    Attributes:
        problem: why it did not accept them, without the URL; None: it did.
        permanent: whether the problem stays until somebody changes something.
    """

    problem: str | None = None
    permanent: bool = False

    @property
    def error(self) -> NotPinged | None:
        """The problem with its remedy; None: there is none. It does not change the exit code of a run."""
        if self.problem is None:
            return None
        remedy = f"Check {VARIABLE}" if self.permanent else "The next run tries again"
        return NotPinged(self.problem, remedy)


def usable(url: str) -> bool:
    """Whether a URL can be pinged."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Ping:
    """The pings of one run: created when it starts, finished when it ends."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._run = str(uuid.uuid4())  # so that the monitor can tell overlapping runs apart
        self._tail = log.Tail(_LINES)
        self._started: _Request | None = None
        if usable(url):
            logger.addHandler(self._tail)
            self._started = _Request(_address(url, "start", self._run), b"")

    def finish(self, exit_code: int, last_line: str = "") -> Answer | None:
        """Tells the monitor how the run ended, and waits for its answers.

        It waits ten seconds at most, and three after an interrupt.

        Args:
            exit_code: of the run.
            last_line: what the body ends with.

        Returns:
            what the monitor answered; None: no monitor is set.
        """
        if not self._url:
            return None
        if self._started is None:
            return Answer(f"{VARIABLE} is not an http or https URL", permanent=True)
        logger.removeHandler(self._tail)
        body = f"{self._tail.text()}\n{last_line}".strip().encode("utf-8", "backslashreplace")[-_LONGEST:]
        what = str(exit_code) if exit_code else ""
        ended = _Request(_address(self._url, what, self._run), body, after=self._started)
        stopped = exit_code == errors.INTERRUPTED
        deadline = time.monotonic() + (PATIENCE_WHEN_STOPPED if stopped else PATIENCE)
        at_start = self._started.answer(deadline)
        at_end = ended.answer(deadline)
        if at_end.problem is None and at_start.problem is not None:
            return Answer(f"{at_start.problem}, for the ping at the start of the run", at_start.permanent)
        return at_end


def start() -> Ping:
    """Tells the monitor that a run starts, if `KAGSYNC_PING_URL` is set. Never waits and never raises."""
    return Ping(os.environ.get(VARIABLE, "").strip())


def ending(error: BaseException) -> tuple[int, str]:
    """The exit code that an exception leads to, and what to say about it."""
    if isinstance(error, KagsyncError):
        return error.exit_code, printable(str(error))
    if isinstance(error, KeyboardInterrupt):
        return errors.INTERRUPTED, "Stopped"
    code = getattr(error, "exit_code", None)  # typer's way to end with a code
    return (code, "") if isinstance(code, int) else (errors.SOME_FAILED, type(error).__name__)


def remember(store: Store, answer: Answer, now: datetime) -> bool:
    """Saves what the monitor answered, for `doctor`.

    Returns:
        whether to warn of a problem now (see `noted`).
    """
    ping, warn = noted(store.runs.last_ping(), answer, now)
    store.runs.save_ping(ping)
    return warn


def noted(last: LastPing | None, answer: Answer, now: datetime) -> tuple[LastPing, bool]:
    """What to remember of an answer, and whether to warn of it.

    Each problem causes one warning, because cron mails every warning. If the problem may go away, the warning
    comes after an hour.
    """
    if answer.problem is None:
        return LastPing(now, None, None, None), False
    since = last.failing_since if last and last.failing_since and last.failing_since <= now else now
    warned_of = last.warned_of if last else None
    overdue = warned_of is None and now - since >= OUTAGE
    warn = warned_of != answer.problem if answer.permanent else overdue
    return LastPing(now, answer.problem, since, answer.problem if warn else warned_of), warn


def state(
    last: LastPing | None, triggers: list[Trigger], now: datetime
) -> tuple[bool | None, str, str] | None:
    """Whether the pings arrive, for `doctor`. It does not ask the monitor, since a request would be a ping.

    Args:
        last: the last ping; None: there was none.
        triggers: the last run of each trigger, the latest first.

    Returns:
        whether all is well (None: not known yet), a sentence and the remedy; None: there is no monitor.
    """
    url = os.environ.get(VARIABLE, "").strip()
    if url and not usable(url):
        return False, f"{VARIABLE} is not an http or https URL", "Set it to the URL that the monitor gave you"
    if last is None:
        return (None, "no run has sent a ping yet", "") if url else None
    when = f"the last ping was sent {clock.since(last.at, now)}"
    scheduled = last_scheduled(triggers, now)
    if url and scheduled and scheduled.finished_at - last.at > _OF_THE_SAME_RUN:
        ran = clock.since(scheduled.finished_at, now)
        said = f"{when}, but the last run by {scheduled.name} ({ran}) sent none"
        return False, said, f"Give {VARIABLE} to the scheduled runs: kagsync schedule install"
    if last.problem is not None:
        remedy = f"Compare {VARIABLE} with the URL that the monitor gave you, then: kagsync sync --all"
        return False, f"{when}: {last.problem}", remedy
    return True, f"{when}, and the monitor accepted it", ""


def _address(url: str, what: str, run: str) -> str:
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{what}" if what else parts.path
    query = "&".join(part for part in (parts.query, urlencode({"rid": run})) if part)
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


class _Request:
    """One request in a thread of its own, so that no slow server can delay the run."""

    def __init__(self, address: str, body: bytes, *, after: _Request | None = None) -> None:
        self._address, self._body, self._after = address, body, after
        self._answer = Answer(f"the monitor did not answer within {PATIENCE:.0f} seconds")
        self._thread = threading.Thread(target=self._send, name="ping", daemon=True)
        self._thread.start()

    def answer(self, deadline: float) -> Answer:
        """What the monitor answered. Waits for it until `deadline`, on the monotonic clock."""
        self._thread.join(max(deadline - time.monotonic(), 0.0))
        return self._answer

    def _send(self) -> None:
        import requests  # 60 ms, so only if there is a monitor

        from kagsync.net.tls import SharedTlsAdapter

        if self._after is not None:
            self._after._thread.join(PATIENCE)  # otherwise the end could arrive before the start
        try:
            route.check_environment(self._address)
            with bounds.bounded(_LONGEST_ANSWER, PATIENCE), requests.Session() as session:
                session.mount("https://", SharedTlsAdapter())
                answer = session.post(
                    self._address,
                    data=self._body,
                    headers={
                        "User-Agent": f"kagsync/{__version__}",
                        "Content-Type": "text/plain; charset=utf-8",
                    },
                    timeout=PATIENCE / 2,
                )
            said = answer.content.decode("utf-8", "replace").strip()
        except ConfigurationError as error:  # a proxy or certificates that cannot work
            self._answer = Answer(f"the monitor could not be reached: {error.message}", permanent=True)
            return
        except (requests.RequestException, ValueError, OSError) as error:
            # The error's text is left out: it has the address, which works like a password.
            self._answer = Answer(f"the monitor could not be reached ({type(error).__name__})")
            return
        if urlsplit(answer.url).path != urlsplit(self._address).path:
            self._answer = Answer("the monitor answered with another page (a redirect)", permanent=True)
        elif answer.status_code in range(200, 300):
            self._answer = Answer(*_NOT_ACCEPTED.get(said, (None, False)))
        else:
            permanent = answer.status_code < 500 and answer.status_code not in _LATER
            self._answer = Answer(f"the monitor answered HTTP {answer.status_code}", permanent)
