"""Tells a monitor that a run starts and how it ended, so that silence is noticed elsewhere.

The protocol is that of healthchecks.io (https://healthchecks.io/docs/http_api/), which others speak too: a
POST to URL/start, then to URL when all is well, else to URL/<exit code>, with the end of the log as the body.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from kagsync import __version__, errors, log
from kagsync.errors import KagsyncError
from kagsync.log import logger
from kagsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "KAGSYNC_PING_URL"
PATIENCE = 10.0  # seconds, for both pings of a run together
_LINES = 40
_LONGEST = 10_000  # bytes of a body: healthchecks.io keeps no more


@contextlib.contextmanager
def around() -> Iterator[None]:
    """Pings before and after the block, if `KAGSYNC_PING_URL` is set; a ping that fails changes nothing."""
    url = os.environ.get(VARIABLE, "").strip()
    if not url:
        yield
        return
    if not _is_http(url):
        logger.warning("%s is no http or https URL: nobody is told of this run", VARIABLE)
        yield
        return
    tail = log.Tail(_LINES)
    logger.addHandler(tail)
    run = str(uuid.uuid4())  # tells runs that overlap apart
    code, told = errors.OK, ""
    started = _Ping(_address(url, "start", run), b"")
    try:
        yield
    except BaseException as error:
        code, told = _end(error)
        raise
    finally:
        logger.removeHandler(tail)
        body = f"{tail.text()}\n{told}".strip().encode("utf-8", "backslashreplace")[-_LONGEST:]
        deadline = time.monotonic() + PATIENCE
        for ping in (started, _Ping(_address(url, str(code) if code else "", run), body, after=started)):
            ping.wait(deadline - time.monotonic())


def _end(error: BaseException) -> tuple[int, str]:
    """The exit code that an exception leads to, and what to say of it."""
    if isinstance(error, KagsyncError):
        return error.exit_code, printable(str(error))
    if isinstance(error, KeyboardInterrupt):
        return errors.INTERRUPTED, "Stopped"
    code = getattr(error, "exit_code", None)  # typer's way to end with a code
    return (code, "") if isinstance(code, int) else (errors.SOME_FAILED, type(error).__name__)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _address(url: str, what: str, run: str) -> str:
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{what}" if what else parts.path
    query = "&".join(part for part in (parts.query, urlencode({"rid": run})) if part)
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


class _Ping:
    """One request in a thread of its own: no name server and no dripping server can hold the run up."""

    def __init__(self, address: str, body: bytes, *, after: _Ping | None = None) -> None:
        self._address, self._body, self._after = address, body, after
        self._thread = threading.Thread(target=self._send, name="ping", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        self._thread.join(max(seconds, 0.0))
        if self._thread.is_alive():
            logger.debug("The monitor did not answer in time")

    def _send(self) -> None:
        import requests  # 60 ms that runs without a monitor need not pay

        if self._after is not None:
            self._after._thread.join(PATIENCE)  # or the end could be told before the start
        try:
            requests.post(
                self._address,
                data=self._body,
                headers={"User-Agent": f"kagsync/{__version__}", "Content-Type": "text/plain; charset=utf-8"},
                timeout=PATIENCE / 2,
            ).raise_for_status()
        except (requests.RequestException, ValueError, OSError) as error:
            # Without its text, which has the address, which is as good as a password for the monitor.
            logger.debug("The monitor was not told: %s", type(error).__name__)
