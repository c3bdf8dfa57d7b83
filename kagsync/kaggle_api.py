"""The only door to Kaggle: the official SDK, with every wait bounded and every refusal explained.

What the SDK lacks is added here and nowhere else: timeouts (it has none), a deadline for a whole download
(a read timeout does not bound a server that drips), retries, and errors that say what to do.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import socket
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from kagsync import __version__, installation, sdk, times
from kagsync.credentials import HOW_TO, Credentials, check_environment, find
from kagsync.errors import (
    BadDownload,
    CredentialsError,
    Forbidden,
    Interrupted,
    KagsyncError,
    NotFound,
    OutOfTime,
    RateLimited,
    Unreachable,
)
from kagsync.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests

T = TypeVar("T")

CONNECT_TIMEOUT = 10.0  # seconds, for one connection
READ_TIMEOUT = 30.0  # seconds, for one silence
DOWNLOAD_DEADLINE = 120.0  # seconds, for a whole download with all its tries
TRIES = 4
SHORT_RETRY_AFTER = 20.0  # seconds worth waiting for within a run
DEFAULT_REST = timedelta(minutes=15)  # after a 429 that does not say how long
MAX_DOWNLOAD = 64 * 1024 * 1024  # bytes; the largest board ever seen is 2.2 MB unpacked

_USER_AGENT = f"kagsync/{__version__}"
_PIECE = 64 * 1024
_LONGEST_REST = 7 * 86400.0  # seconds; whoever asks for more is not believed
# What the SDK stumbles with over an answer that is none (requests.JSONDecodeError is a ValueError).
_NONSENSE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True)
class CompetitionFacts:
    """What Kaggle says of a competition; None where it says nothing."""

    title: str | None
    deadline: datetime | None
    metric: str | None
    team_count: int | None
    awards_points: bool | None


class _Watchdog:
    """Ends one exchange with Kaggle at its deadline, whatever the server does.

    It remembers the socket that is in use and shuts it down: a blocked read then ends at once, in headers
    and body alike.
    """

    def __init__(self, seconds: float) -> None:
        self.fired = False
        self._sockets: list[socket.socket] = []
        self._guard = threading.Lock()
        self._timer = threading.Timer(seconds, self.fire)
        self._timer.daemon = True

    def __enter__(self) -> _Watchdog:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        with self._guard:
            self._sockets.append(connection)
            if not self.fired:
                return
        self.fire()

    def fire(self) -> None:
        with self._guard:
            self.fired = True
            connections = list(self._sockets)
        for connection in connections:
            with contextlib.suppress(OSError):  # it is closed already
                # The plain socket's shutdown: the SSL one would first forget its session under the reader.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Stop:
    """Tells every exchange of the process to end now (Ctrl-C, SIGTERM)."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._watchdogs: set[_Watchdog] = set()
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def guarding(self, watchdog: _Watchdog) -> Iterator[None]:
        with self._guard:
            self._watchdogs.add(watchdog)
        try:
            yield
        finally:
            with self._guard:
                self._watchdogs.discard(watchdog)

    def __call__(self) -> None:
        self.event.set()
        with self._guard:
            watchdogs = list(self._watchdogs)
        for watchdog in watchdogs:
            watchdog.fire()


stop = _Stop()
# What this thread is in the middle of: .watchdog of the exchange, .response that came last in it.
_current = threading.local()


class KaggleApi:
    """A client of Kaggle for one thread (a shared SDK client can lose its credentials)."""

    def __init__(self, credentials: Credentials, until: float) -> None:
        self._credentials = credentials
        self._until = until
        self._sdk = sdk.part()
        self._http = self._sdk.HttpClient(
            user_agent=_USER_AGENT,
            username=credentials.username,
            password=credentials.key,
            api_token=credentials.token,
        )
        _bound(self._http)
        self._competitions = self._sdk.CompetitionApi(self._http)

    def close(self) -> None:
        self._http.__exit__(None, None, None)

    def download_leaderboard(self, kaggle_id: str, target: Path) -> None:
        """Downloads the whole leaderboard of a competition as the ZIP that Kaggle sends.

        The call behind `kaggle competitions leaderboard SLUG --download`.

        Args:
            kaggle_id: the competition's name in its Kaggle URL.
            target: the file to write; it is complete when this returns.

        Raises:
            CredentialsError, Forbidden, NotFound: Kaggle refused (401, 403, 404).
            RateLimited: 429 for longer than a run can wait.
            Unreachable: no connection, an error of Kaggle's, or not done in time.
            OutOfTime: it would have taken longer than `until`.
            BadDownload: the answer is no archive.
            OSError: `target` cannot be written.
        """

        def attempt() -> None:
            with self._leaderboard(kaggle_id) as response:
                _save(response, target)

        self._persist(attempt, kaggle_id, DOWNLOAD_DEADLINE)

    def competition_facts(
        self, kaggle_id: str, *, tries: int = TRIES, seconds: float = 30
    ) -> CompetitionFacts:
        """Asks what Kaggle says of a competition; raises as `download_leaderboard`."""

        def attempt() -> CompetitionFacts:
            request = self._sdk.CompetitionRequest()
            request.competition_name = kaggle_id
            return _facts(self._competitions.get_competition(request))

        return self._persist(attempt, kaggle_id, seconds, tries)

    def may_download(self, kaggle_id: str, *, seconds: float = 20) -> float | None:
        """Asks for a leaderboard, once, and hangs up as soon as Kaggle begins to send it.

        Returns:
            how many seconds this clock is ahead of Kaggle's, if Kaggle says what time it is.

        Raises:
            KagsyncError: as `download_leaderboard`.
        """

        def attempt() -> float | None:
            response = self._leaderboard(kaggle_id)
            response.close()
            return _ahead(_current.response or response)

        return self._persist(attempt, kaggle_id, seconds, tries=1)

    def _leaderboard(self, kaggle_id: str) -> requests.Response:
        """Kaggle's answer, its body not read yet."""
        request = self._sdk.DownloadRequest()
        request.competition_name = kaggle_id
        response: requests.Response = self._competitions.download_leaderboard(request)
        return response

    def _persist(self, attempt: Callable[[], T], kaggle_id: str, seconds: float, tries: int = TRIES) -> T:
        """Tries until it works, the error is final, the tries are used up or the time is over."""
        whole = time.monotonic() + seconds
        deadline = min(whole, self._until)
        for number in range(1, tries + 1):
            try:
                return _bounded(attempt, deadline - time.monotonic())
            except Exception as cause:
                if stop.event.is_set():
                    raise Interrupted("stopped") from cause
                error, wait = _explain(cause, kaggle_id, self._credentials)
                if wait is None:
                    raise error from cause
                last = number == tries
                over = time.monotonic() + (0 if last else wait) >= deadline
                if over and deadline < whole:
                    error = OutOfTime(f"no time was left for {kaggle_id}", "The next run begins with it")
                if over or last:
                    raise error from cause
                logger.debug("Try %d of %d failed (%s); next in %.1f s", number, tries, error.message, wait)
            if stop.event.wait(wait):
                raise Interrupted("stopped")
        raise AssertionError("unreachable: the last try returns or raises")


def _ahead(response: requests.Response) -> float | None:
    """How many seconds this clock is ahead of a server's (its Date header)."""
    try:
        there = parsedate_to_datetime(response.headers.get("Date", ""))
        return (times.utc_now() - there).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def _facts(answer: Any) -> CompetitionFacts:
    """Checks what the SDK passes on as it came; raises one of `_NONSENSE`."""
    title, metric, teams = answer.title or None, answer.evaluation_metric or None, answer.team_count or None
    for text in (title, metric):
        (text or "").encode()
    if not isinstance(answer.awards_points, bool | None) or not isinstance(teams, int | None):
        raise TypeError("another type than the SDK says")
    if teams is not None and not 0 <= teams < 2**31:
        raise ValueError("no number of teams")
    deadline = answer.deadline
    return CompetitionFacts(
        title=title,
        deadline=deadline.replace(tzinfo=UTC) if deadline else None,
        metric=metric,
        team_count=teams,
        awards_points=answer.awards_points,
    )


class Clients:
    """Gives each thread a client of its own, all with the same credentials and the same end."""

    def __init__(self, credentials: Credentials, until: float) -> None:
        self.credentials = credentials
        self._until = until
        self._local = threading.local()

    def __call__(self) -> KaggleApi:
        if not hasattr(self._local, "api"):
            self._local.api = KaggleApi(self.credentials, self._until)
        api: KaggleApi = self._local.api
        return api


def connect(until: float = math.inf) -> Clients:
    """Finds the credentials once, for all threads.

    Args:
        until: the moment of the monotonic clock at which whatever is still asked of Kaggle is given up.

    Raises:
        CredentialsError, ConfigurationError: there are none, or a setting is wrong.
        Unreachable: an OAuth login had to be renewed and Kaggle did not answer.
    """
    check_environment()
    credentials = find()
    logger.debug("Kaggle credentials from %s", credentials.source)
    if credentials.oauth_file is not None:
        credentials = _with_access_token(credentials, credentials.oauth_file)
    return Clients(credentials, until)


def _bound(http: Any) -> None:
    """Opens the SDK's session and gives it bounds."""
    http.__enter__()
    # The SDK keeps its session private and has no setting for timeouts: this is the one place that reaches
    # in (kagglesdk 0.1.37), and test_kaggle_api.py fails when it moves.
    session = http._session
    session.mount("https://", _adapter())
    session.mount("http://", _adapter())


def _adapter() -> Any:
    import requests.adapters
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class WatchedHTTPConnection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            _watch(self.sock)

    class WatchedHTTPSConnection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            _watch(self.sock)

    class BoundedAdapter(requests.adapters.HTTPAdapter):
        """Gives every request, redirects included, its timeouts, and its socket to the watchdog."""

        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
            pool.ConnectionCls = WatchedHTTPSConnection if pool.scheme == "https" else WatchedHTTPConnection
            return pool

        def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
            kwargs["timeout"] = (CONNECT_TIMEOUT, READ_TIMEOUT)
            # A connection of its own for each exchange: connect() tells the watchdog its socket, and one
            # that Kaggle closed meanwhile cannot fail the next competition.
            request.headers["Connection"] = "close"
            response = super().send(request, *args, **kwargs)
            _current.response = response  # the SDK drops it when it stumbles over its body
            return response

    return BoundedAdapter()


def _watch(connection: socket.socket | None) -> None:
    watchdog: _Watchdog | None = getattr(_current, "watchdog", None)
    if watchdog is not None and connection is not None:
        watchdog.watch(connection)


def _bounded(attempt: Callable[[], T], seconds: float) -> T:
    watchdog = _Watchdog(max(seconds, 0.0))
    _current.watchdog, _current.response = watchdog, None
    try:
        with watchdog, stop.guarding(watchdog):
            if stop.event.is_set():
                raise Interrupted("stopped")
            result = attempt()
    except Exception as cause:
        if _current.response is not None:
            _current.response.close()
        if watchdog.fired:
            raise TimeoutError(f"not done within {seconds:.0f} s") from cause
        raise
    finally:
        _current.watchdog = None
    if watchdog.fired:  # a body of unknown length that was cut off looks like a whole one
        raise TimeoutError(f"not done within {seconds:.0f} s")
    return result


def _save(response: requests.Response, target: Path) -> None:
    """Writes the body to `target`; what clearly is no archive is refused before it is written."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/json"):
        what = "a web page" if kind == "text/html" else "a message"
        raise BadDownload(f"Kaggle sent {what} instead of a leaderboard", "Try again later")
    expected = response.headers.get("Content-Length", "")
    size = 0
    with target.open("wb") as file:
        # read1 gives what has arrived; read would wait for a whole piece from a server that drips.
        while piece := response.raw.read1(_PIECE, decode_content=True):
            size += len(piece)
            if size > MAX_DOWNLOAD:
                raise BadDownload(
                    f"the download is larger than {MAX_DOWNLOAD // 1024**2} MB", "Try again later"
                )
            file.write(piece)
    if size == 0:
        raise BadDownload("Kaggle sent an empty answer instead of a leaderboard", "Try again later")
    if expected.isdigit() and "Content-Encoding" not in response.headers and size != int(expected):
        raise ConnectionError(f"the download broke off after {size} of {expected} bytes")


def _explain(cause: Exception, kaggle_id: str, credentials: Credentials) -> tuple[KagsyncError, float | None]:
    """Says what an exception of the SDK means: the error, and after how many seconds to try again.

    None for the wait: trying again is of no use. Exceptions that are none of Kaggle's are raised again.
    """
    import requests
    import urllib3

    if isinstance(cause, KagsyncError):
        return cause, None
    if isinstance(cause, requests.HTTPError) and cause.response is not None:
        return _explain_status(cause.response, kaggle_id, credentials)
    response = getattr(_current, "response", None)
    if isinstance(cause, _NONSENSE) and response is not None and response.status_code >= 400:
        return _explain_status(response, kaggle_id, credentials)
    if isinstance(cause, _NONSENSE):
        return BadDownload("Kaggle's answer could not be understood", "Try again later"), None
    patience = "Check the network; kagsync tries again at the next run"
    if isinstance(cause, (TimeoutError, requests.Timeout)):
        return Unreachable("Kaggle did not answer in time", patience), _backoff()
    if isinstance(
        cause, (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, socket.gaierror)
    ):
        return Unreachable(f"Kaggle could not be reached ({_innermost(cause)})", patience), _backoff()
    raise cause


def _explain_status(
    response: requests.Response, kaggle_id: str, credentials: Credentials
) -> tuple[KagsyncError, float | None]:
    status = response.status_code
    if status == 200:  # the SDK found an error in the body; its code is there
        status = _code_in_body(response)
    if status == 401:
        return CredentialsError(f"Kaggle refused the credentials from {credentials.source}", HOW_TO), None
    if status == 403:
        return Forbidden(
            f"Kaggle does not show you the leaderboard of {kaggle_id}",
            f"Accept the rules at https://www.kaggle.com/competitions/{kaggle_id}/rules, "
            "or the competition is private",
        ), None
    if status == 404:
        return NotFound(
            f"Kaggle knows no competition {kaggle_id}, or it has no leaderboard",
            "Check the name in the competition's URL",
        ), None
    if status == 429:
        seconds = _retry_after(response)
        rest = DEFAULT_REST if seconds is None else timedelta(seconds=seconds)
        until = times.utc_now() + rest
        error = RateLimited(
            f"Kaggle asks to wait (429) until {times.iso(until)}",
            "kagsync tries again after that",
            until=until,
        )
        wait = seconds if seconds is not None and seconds <= SHORT_RETRY_AFTER else None
        return error, wait
    if status >= 500:
        return Unreachable(f"Kaggle has an error of its own ({status})", "Try again later"), _backoff()
    return KagsyncError(f"Kaggle refused the request ({status})", "Update kagsync and kaggle"), None


def _code_in_body(response: requests.Response) -> int:
    try:
        return int(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return 500


def _retry_after(response: requests.Response) -> float | None:
    """The seconds of a Retry-After header (a number or a date: RFC 9110, 10.2.3); None without a good one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 8:
        return min(float(value), _LONGEST_REST)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - times.utc_now()).total_seconds(), 0.0), _LONGEST_REST)


def _backoff() -> float:
    """Between 1 and 4 seconds: many clients that failed together should not come back together."""
    return random.uniform(1.0, 4.0)


def _innermost(cause: BaseException) -> str:
    """The plain reason inside the client's nested exceptions, such as "Connection refused"."""
    deepest: BaseException = cause
    while (inner := deepest.__cause__ or deepest.__context__) is not None:
        deepest = inner
    if isinstance(deepest, OSError) and deepest.strerror:
        return deepest.strerror
    return type(deepest).__name__


def _with_access_token(credentials: Credentials, path: Path) -> Credentials:
    """Turns an OAuth login into a valid access token, renewing and storing it when it has expired.

    The SDK's own `KaggleCredentials.get_access_token` would use a token until 30 minutes after its end,
    and writes the file in place, where a power cut loses the login.
    """
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    token = content.get("access_token")
    if token and _still_valid(content.get("access_token_expiration")):
        return replace(credentials, token=token, oauth_file=None)
    from kagglesdk import KaggleClient, KaggleCredentials  # all of the SDK: twice a day at most

    client = KaggleClient(user_agent=_USER_AGENT)
    _bound(client.http_client())

    def renew() -> Any:
        return KaggleCredentials(client, refresh_token=content["refresh_token"]).generate_access_token()

    try:
        answer = _bounded(renew, READ_TIMEOUT)
    except Exception as cause:
        error, _ = _explain(cause, "", credentials)
        if not isinstance(error, Unreachable):
            error = CredentialsError(
                f"Kaggle refused to renew the login in {path}", f"Log in again: {installation.kaggle_login()}"
            )
        raise error from cause
    finally:
        client.__exit__(None, None, None)
    expiration = times.utc_now() + timedelta(seconds=answer.expires_in)
    content |= {"access_token": answer.token, "access_token_expiration": expiration.isoformat()}
    _replace(path, json.dumps(content, indent=2))
    return replace(credentials, token=answer.token, oauth_file=None)


def _still_valid(expiration: object) -> bool:
    try:
        end = datetime.fromisoformat(str(expiration))
    except ValueError:
        return False
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) > times.utc_now() + timedelta(minutes=5)


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.touch(mode=0o600)
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:  # a read-only home: the token is good all the same, only not kept
        logger.debug("Could not store the new access token: %s", error)
        with contextlib.suppress(OSError):
            new.unlink()
