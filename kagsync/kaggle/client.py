"""The only door to Kaggle: the official SDK, with every wait bounded and every refusal explained.

What the SDK lacks is added here and nowhere else: timeouts (it has none), a deadline for a whole download
(a read timeout does not bound a server that drips), retries, and errors that say what to do.
"""

from __future__ import annotations

import contextlib
import functools
import math
import random
import socket
import threading
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from kagsync import clock, installation
from kagsync.errors import BadDownload, CredentialsError, Interrupted, KagsyncError, OutOfTime
from kagsync.kaggle import answers, sdk
from kagsync.kaggle.credentials import Credentials, check_environment, find, is_sendable, refused
from kagsync.kaggle.oauth import Login
from kagsync.log import logger
from kagsync.net import bounds
from kagsync.net import route as network
from kagsync.net.route import Failure, Route
from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests

T = TypeVar("T")

CONNECT_TIMEOUT = 10.0  # seconds, for one connection
READ_TIMEOUT = 30.0  # seconds, for one silence
DOWNLOAD_DEADLINE = 120.0  # seconds, for a whole download with all its tries
TRIES = 4
MAX_DOWNLOAD = 64 * 1024 * 1024  # bytes; the largest board ever seen is 2.2 MB unpacked

_USER_AGENT = f"kagsync/{__version__}"
_PIECE = 64 * 1024
_LONGEST_REFUSAL = 64 * 1024  # bytes
_MOST_REDIRECTS = 5  # Kaggle needs one, to where it stores its files
_REFUSAL_PATIENCE = 5.0  # seconds for the body of a refusal, whose status says the most
# The SDK looks for credentials itself unless it is given a token, and passes over less than we do.
_NO_SEARCH = "unused"
_LONGEST_LOGIN = 366 * 86400  # seconds that an access token may last
# What the SDK stumbles with over an answer that is none (requests.JSONDecodeError is a ValueError).
_NONSENSE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


class _Watchdog:
    """Ends one exchange with Kaggle at its deadline, whatever the server does.

    It keeps a second handle of the socket that is in use and shuts the connection down: a blocked read then
    ends at once, in a handshake, in headers and body alike. (TLS takes the first handle away.)
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
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
        with self._guard:
            for connection in self._sockets:
                connection.close()

    def watch(self, connection: socket.socket) -> None:
        with self._guard:
            self._sockets.append(socket.fromfd(connection.fileno(), connection.family, connection.type))
            if not self.fired:
                return
        self.fire()

    def share(self, other: _Watchdog) -> None:
        """Gives another watchdog the sockets that are in use."""
        with self._guard:
            connections = list(self._sockets)
        for connection in connections:
            other.watch(connection)

    def fire(self) -> None:
        with self._guard:
            self.fired = True
            connections = list(self._sockets)
        for connection in connections:
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)


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
# What this thread is in the middle of: .watchdog of the exchange, .route of its last request, .response that
# came last in it.
_current = threading.local()


class KaggleApi:
    """A client of Kaggle for one thread (a shared SDK client can lose its credentials)."""

    def __init__(self, credentials: Credentials, until: float) -> None:
        self._credentials = credentials
        self._until = until
        self._sdk = sdk.part()
        self._http = self._sdk.HttpClient(user_agent=_USER_AGENT, api_token=credentials.token or _NO_SEARCH)
        session = _bound(self._http)
        if credentials.username is not None and credentials.key is not None:
            session.auth = (credentials.username, credentials.key)
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
    ) -> answers.CompetitionFacts:
        """Asks what Kaggle says of a competition; raises as `download_leaderboard`."""

        def attempt() -> answers.CompetitionFacts:
            request = self._sdk.CompetitionRequest()
            request.competition_name = kaggle_id
            return answers.facts(self._competitions.get_competition(request))

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
                failure = _explain(cause, kaggle_id, self._credentials)
                error = failure.error
                if not failure.heals:
                    raise error from _shown(cause, error)
                wait = _backoff() if failure.wait is None else failure.wait
                last = number == tries
                over = time.monotonic() + (0 if last else wait) >= deadline
                if over and deadline < whole:
                    error = OutOfTime(f"no time was left for {kaggle_id}", "The next run begins with it")
                if over or last:
                    raise error from _shown(cause, error)
                logger.debug("Try %d of %d failed (%s); next in %.1f s", number, tries, error.message, wait)
            if stop.event.wait(wait):
                raise Interrupted("stopped")
        raise AssertionError("unreachable: the last try returns or raises")


def _ahead(response: requests.Response) -> float | None:
    """How many seconds this clock is ahead of a server's (its Date header)."""
    try:
        there = parsedate_to_datetime(response.headers.get("Date", ""))
        return (clock.utc_now() - there).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


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
    if network.is_configured():
        network.check_environment(sdk.part().endpoint())
    credentials = find()
    for reason in credentials.passed_over:
        logger.debug("Passed over: %s", reason)
    logger.debug("Kaggle credentials from %s", credentials.source)
    if credentials.oauth_file is not None:
        credentials = _with_access_token(credentials, credentials.oauth_file)
    return Clients(credentials, until)


def _bound(http: Any) -> requests.Session:
    """Opens the SDK's session and gives it bounds."""
    http.__enter__()
    # The SDK keeps its session private and has no setting for timeouts: this is the one place that reaches
    # in (kagglesdk 0.1.37), and test_kaggle_api.py fails when it moves.
    session: requests.Session = http._session
    session.max_redirects = _MOST_REDIRECTS
    session.mount("https://", _adapter())
    session.mount("http://", _adapter())
    return session


def _adapter() -> Any:
    import requests.adapters

    class BoundedAdapter(requests.adapters.HTTPAdapter):
        """Gives every request, redirects included, its bounds, and its socket to the watchdog."""

        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
            pool.ConnectionCls = _watched(type(pool).ConnectionCls)  # its own kind: SOCKS has another
            return pool

        def send(
            self,
            request: Any,
            stream: bool = False,
            timeout: Any = None,
            verify: bool | str = True,
            cert: Any = None,
            proxies: Any = None,
        ) -> requests.Response:
            _current.route = Route.of(request.url, proxies, verify)
            network.check(_current.route)
            # A connection of its own for each exchange: the watchdog knows its socket, and one that Kaggle
            # closed meanwhile cannot fail the next competition.
            request.headers["Connection"] = "close"
            timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
            response = super().send(request, stream, timeout, verify, cert, proxies)
            _current.response = response  # the SDK drops it when it stumbles over its body
            if not (stream and response.status_code < 300 and not _is_json(response)):
                _take_in(response)
            return response

    return BoundedAdapter()


@functools.cache
def _watched(kind: Any) -> Any:
    """A kind of connection that gives its socket to the watchdog."""

    class Watched(kind):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            # Before what a proxy and TLS have to say first, for they may drip as well.
            new: Callable[[], socket.socket] = super()._new_conn
            watchdog: _Watchdog | None = getattr(_current, "watchdog", None)
            if watchdog is None:
                return new()

            def connect() -> socket.socket:
                connection = new()
                if watchdog.fired:  # nobody waits for it any longer
                    connection.close()
                return connection

            # In another thread: nothing can interrupt a name server that does not answer.
            try:
                connection = bounds.wait_for(connect, watchdog.seconds, lambda: watchdog.fired)
            except TimeoutError:
                watchdog.fire()  # its own timer may be a moment later, and says what happened
                raise
            watchdog.watch(connection)
            return connection

    return Watched


def _is_json(response: requests.Response) -> bool:
    return "json" in response.headers.get("Content-Type", "").lower()


def _take_in(response: requests.Response) -> None:
    """Reads a body that is no download, within bounds.

    requests and the SDK would read it to its end, however large. Of a refusal, a part is good enough.
    """
    if response.status_code < 300:
        bounds.take_in(response, bounds.LONGEST_ANSWER, whole=True)
        return
    with _patience(_REFUSAL_PATIENCE):
        bounds.take_in(response, _LONGEST_REFUSAL, whole=False)


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Ends what this thread reads after some seconds, as if the server had."""
    watchdog: _Watchdog | None = getattr(_current, "watchdog", None)
    with _Watchdog(seconds) as second:
        if watchdog is not None:
            watchdog.share(second)
        yield


def _bounded(attempt: Callable[[], T], seconds: float) -> T:
    watchdog = _Watchdog(max(seconds, 0.0))
    _current.watchdog, _current.route, _current.response = watchdog, None, None
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


def _explain(cause: Exception, kaggle_id: str, credentials: Credentials) -> Failure:
    """Says what an exception of the SDK means; one that has nothing to do with Kaggle is raised again."""
    import requests
    import urllib3

    if isinstance(cause, KagsyncError):
        return Failure(cause, heals=False)
    response = _refusal(cause)
    if response is not None:
        return _explain_refusal(response, kaggle_id, credentials)
    if isinstance(cause, _NONSENSE):
        error = BadDownload("Kaggle's answer could not be understood", "Try again later")
        return Failure(error, heals=False)
    route: Route | None = getattr(_current, "route", None)
    reached = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)
    if isinstance(cause, (*reached, socket.gaierror)):
        return network.explain(cause, route or Route(""))
    raise cause


def _shown(cause: Exception, error: KagsyncError) -> Exception | None:
    """What `-v` shows below an error: not a refusal, whose unmasked words may repeat a secret."""
    return None if error is cause or _refusal(cause) is not None else cause


def _refusal(cause: Exception) -> requests.Response | None:
    """The answer that the SDK raised an exception for, if that is one of an error."""
    import requests

    if isinstance(cause, requests.HTTPError) and cause.response is not None:
        return cause.response
    response: requests.Response | None = getattr(_current, "response", None)
    if isinstance(cause, _NONSENSE) and response is not None and response.status_code >= 400:
        return response
    return None


def _explain_refusal(response: requests.Response, kaggle_id: str, credentials: Credentials) -> Failure:
    status = answers.status_of(response)
    route: Route | None = getattr(_current, "route", None)
    if status == 407 and route is not None and route.proxy is not None:
        return Failure(network.wants_login(route), heals=False)
    said = answers.quoted(response, credentials.secrets)
    if status == 401:
        return Failure(refused(credentials, said), heals=False)
    return answers.explain(response, kaggle_id, said)


def _backoff() -> float:
    """Between 1 and 4 seconds: many clients that failed together should not come back together."""
    return random.uniform(1.0, 4.0)


def _with_access_token(credentials: Credentials, path: Path) -> Credentials:
    """Turns an OAuth login into a valid access token, renewing and storing it when it has expired.

    The SDK's own `KaggleCredentials.get_access_token` would use a token until 30 minutes after its end,
    and writes the file in place, where a power cut loses the login.
    """
    login = Login.read(path)
    token = login.valid_token()
    if token is None:
        answer = _renew(login)
        token = answer.token
        login.store(answer.token, answer.expires_in)
    return replace(credentials, token=token, oauth_file=None)


def _renew(login: Login) -> Any:
    """Asks Kaggle for a new access token: the SDK's answer, with `token` and `expires_in` (seconds)."""
    from kagglesdk import KaggleClient, KaggleCredentials  # all of the SDK: twice a day at most

    client = KaggleClient(user_agent=_USER_AGENT, api_token=_NO_SEARCH)
    _bound(client.http_client()).auth = None

    def attempt() -> Any:
        answer = KaggleCredentials(client, refresh_token=login.refresh_token).generate_access_token()
        if not is_sendable(answer.token) or not 0 < answer.expires_in < _LONGEST_LOGIN:
            raise ValueError("no access token")  # one of _NONSENSE
        return answer

    try:
        return _bounded(attempt, READ_TIMEOUT)
    except Exception as cause:  # noqa: BLE001  (told, or raised again by _explain)
        error = _explain_renewal(cause, login)
        raise error from _shown(cause, error)
    finally:
        client.__exit__(None, None, None)


def _explain_renewal(cause: Exception, login: Login) -> KagsyncError:
    response = _refusal(cause)
    if response is not None and answers.status_of(response) in (400, 401, 403):
        said = answers.quoted(response, [login.refresh_token])
        message = f"Kaggle refused to renew the login in {login.path}{said}"
        return CredentialsError(message, f"Log in again: {installation.kaggle_login()}")
    return _explain(cause, "", Credentials(str(login.path), token=login.refresh_token)).error
