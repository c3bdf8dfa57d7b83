"""A Kaggle on this machine, for the real kagglesdk: set `ENVIRONMENT` and talk to it.

    with KaggleServer(PORT) as kaggle:
        kaggle.board("titanic", csv)
        kaggle.private("titanic", private_csv)
        kaggle.answer("titanic", Answer(status=503))

The first download of titanic fails with 503, every later one gets the board. GetLeaderboard gives the private
board, page by page, unless the request says `override_public`.

With `SecureKaggle(folder)` in its place, everything is https, and the SDK talks to its real address.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import functools
import json
import os
import socket
import ssl
import struct
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Literal, get_args

from world.boards import WHEN, board_zip, submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    import pytest

HOST = "127.0.0.1"
PORT = 7777  # where the SDK's TEST environment is (http://localhost:7777); no setting changes it

ENVIRONMENT = {
    "KAGGLE_API_ENVIRONMENT": "TEST",
    # Else the developer's proxy gets the requests; the requests library looks at the lower-case name first.
    "no_proxy": "localhost,127.0.0.1",
    "NO_PROXY": "localhost,127.0.0.1",
}
"""What a process needs in its environment to talk to this server instead of Kaggle."""


def show_to_sdk(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `url` the TEST environment of the SDK, in this process only."""
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.TEST, url)


OAUTH_ACCESS_TOKEN = "oauth-access-token"

DOWNLOAD = "/api/v1/competitions.CompetitionApiService/DownloadLeaderboard"
LEADERBOARD = "/api/v1/competitions.CompetitionApiService/GetLeaderboard"
COMPETITION = "/api/v1/competitions.CompetitionApiService/GetCompetition"
LIST = "/api/v1/competitions.CompetitionApiService/ListCompetitions"
ACCESS_TOKEN = "/api/v1/users.AccountService/GenerateAccessToken"
STORAGE = "/storage/"  # not in the SDK: stands for the file store that Kaggle redirects to
API_HOST, STORAGE_HOST = "api.kaggle.com", "storage.googleapis.com"  # the real ones, in a SecureKaggle
OWN_GROUPS = ("COMPETITION_LIST_TAB_ENTERED", "COMPETITION_LIST_TAB_HOSTED")  # set by `group`

COMPETITION_FIELDS = {
    "id": "id",
    "ref": "ref",
    "title": "title",
    "url": "url",
    "description": "description",
    "organization_name": "organizationName",
    "organization_ref": "organizationRef",
    "category": "category",
    "reward": "reward",
    "tags": "tags",
    "deadline": "deadline",
    "kernel_count": "kernelCount",
    "team_count": "teamCount",
    "user_has_entered": "userHasEntered",
    "user_rank": "userRank",
    "merger_deadline": "mergerDeadline",
    "new_entrant_deadline": "newEntrantDeadline",
    "enabled_date": "enabledDate",
    "max_daily_submissions": "maxDailySubmissions",
    "max_team_size": "maxTeamSize",
    "evaluation_metric": "evaluationMetric",
    "awards_points": "awardsPoints",
    "is_kernels_submissions_only": "isKernelsSubmissionsOnly",
    "submissions_disabled": "submissionsDisabled",
    "thumbnail_image_url": "thumbnailImageUrl",
    "host_name": "hostName",
    "date_created": "dateCreated",
}
"""ApiCompetition's fields: Python's name -> the one in the JSON. A test compares them with the SDK's."""

Misbehaviour = Literal["", "silent", "drip", "drip-headers", "reset", "truncate", "endless", "close"]


@dataclass(frozen=True)
class Answer:
    """One answer. A dict is sent as JSON.

    `misbehave`:
    - "silent": reads the request, never answers;
    - "drip": the headers, then the body a byte at a time; "drip-headers": so from the first byte of all;
    - "reset": RST in mid-body; "truncate": half of what Content-Length says, then FIN;
    - "endless": no Content-Length, no end;
    - "close": hangs up instead of answering.
    Without a body it is given that of a good answer: `Answer(misbehave="truncate")` is a board, or a page of
    one, cut in two.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | dict[str, Any] | None = None
    misbehave: Misbehaviour = ""

    def __post_init__(self) -> None:
        if self.misbehave not in get_args(Misbehaviour):
            raise ValueError(f"no such misbehaviour: {self.misbehave!r}")

    @property
    def content(self) -> bytes:
        """The body as it goes over the wire."""
        return json.dumps(self.body).encode() if isinstance(self.body, dict) else self.body or b""


def html() -> Answer:
    """What a maintenance page, a login page or a hotel's network gives: the SDK raises nothing."""
    page = b"<!DOCTYPE html><html><body>We'll be right back</body></html>"
    return Answer(headers={"Content-Type": "text/html; charset=utf-8"}, body=page)


def empty() -> Answer:
    """200 without a body."""
    return Answer()


def kaggle_error(status: int, message: str) -> Answer:
    """An error in Kaggle's usual JSON."""
    return Answer(status, body={"code": status, "message": message})


def error_in_200(code: int, message: str) -> Answer:
    """An error whose HTTP status says 200: the SDK raises, with `status_code == 200`."""
    return Answer(body={"code": code, "message": message})


def too_many_requests(retry_after: str | None = None) -> Answer:
    """429, whose body has a shape of its own at Kaggle; `retry_after`: seconds or an HTTP date."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    error = {"code": 429, "message": "Too many requests", "status": "RESOURCE_EXHAUSTED"}
    return Answer(429, headers, {"error": error})


def not_a_zip() -> Answer:
    """200, said to be a ZIP, and none."""
    return Answer(headers={"Content-Type": "application/zip"}, body=b"This is no ZIP file.\n" * 50)


def redirect(url: str) -> Answer:
    """302 to `url`; `KaggleServer.storage_url(slug)` is one that gives the board."""
    return Answer(302, {"Location": url})


@dataclass(frozen=True)
class Request:
    """One request as it came. `at` is time.monotonic(), for the pauses between two.

    `body` is its JSON: of GetLeaderboard, with `overridePublic`, `pageSize` and `pageToken`.
    """

    path: str
    slug: str
    authorization: str | None
    headers: Mapping[str, str]
    at: float
    body: Mapping[str, Any]

    @property
    def call(self) -> str:
        """`DownloadLeaderboard`, `GetLeaderboard`, `GetCompetition`, `ListCompetitions` …, or `storage`."""
        return "storage" if self.path.startswith(STORAGE) else self.path.rpartition("/")[2]


class KaggleServer:
    """Kaggle, until the end of the `with`. What it answers may be set before and at any time during it.

    Args:
        port: where it listens; 0: at a free port, which `url` has.
        wait: seconds to wait for a port that another server has; after that, RuntimeError.
    """

    def __init__(self, port: int = 0, *, wait: float = 600.0) -> None:
        self.requests: list[Request] = []
        self.latency = 0.0
        """Seconds before each answer."""
        self.before_answer: Callable[[Request], object] = lambda _: None
        """Called before each answer, in the thread of its request: keeps the answer back until it returns."""
        self.drip_seconds = 1.0
        """Seconds between two bytes of a dripping answer."""
        self.largest_page = 200
        """Rows, however many a request asks for."""
        self.endless_list = False
        """Whether each page of ListCompetitions says that there is another one, with a new token."""
        self.hosts = False
        """Whether GetLeaderboard gives the host's benchmarks, too. It is not known what Kaggle does."""
        self._port = port
        self._wait = wait
        self._lock = threading.Lock()
        self._archives: dict[str, bytes] = {}
        self._public: dict[str, bytes] = {}
        self._private: dict[str, bytes] = {}
        self._boards_sent = 0
        self._competitions: dict[str, dict[str, Any]] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self._queues: defaultdict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        self._accepted: set[str] = set()
        self._refresh_tokens: set[str] = set()
        self._http: _HttpServer | None = None
        self.tls: ssl.SSLContext | None = None

    def board(self, slug: str, csv: bytes, when: str = WHEN) -> None:
        """Sets the public board of `slug`, a CSV.

        Every download gets it from now on: a ZIP, of other bytes each time, as Kaggle's is. GetLeaderboard
        gives its rows.
        """
        packed = board_zip(slug, csv, when)
        with self._lock:
            self._archives[slug], self._public[slug] = packed, csv

    def private(self, slug: str, csv: bytes | None) -> None:
        """Releases the private board of `slug`, a CSV like that of the public one; None takes it back.

        GetLeaderboard alone gives it. While there is none, both kinds of request get the public board.
        """
        with self._lock:
            if csv is None:
                self._private.pop(slug, None)
            else:
                self._private[slug] = csv

    def competition(self, slug: str, **fields: Any) -> None:
        """What GetCompetition says of `slug`: the SDK's names (`team_count=…`), times as ISO 8601."""
        url = f"https://www.kaggle.com/competitions/{slug}"
        told = {"id": 1, "ref": url, "url": url, "title": slug, **fields}
        if unknown := told.keys() - COMPETITION_FIELDS.keys():
            raise TypeError(f"ApiCompetition has no field {', '.join(sorted(unknown))}")
        with self._lock:
            self._competitions[slug] = {COMPETITION_FIELDS[name]: value for name, value in told.items()}

    def group(self, name: str, *slugs: str) -> None:
        """Which competitions the owner of the credentials "ENTERED" or "HOSTED", in ListCompetitions."""
        with self._lock:
            self._groups[f"COMPETITION_LIST_TAB_{name}"] = slugs

    def answer(self, slug: str, *answers: Answer, call: str = "DownloadLeaderboard") -> None:
        """Queue answers to a call about `slug` ("" for GenerateAccessToken and
        ListCompetitions), each to be used once."""
        with self._lock:
            self._queues[call, slug].extend(answers)

    def accept(
        self, *, token: str | None = None, username: str | None = None, key: str | None = None
    ) -> None:
        """Accept these credentials too; all but the accepted get 401 from now on. Before, any will do."""
        if (token is None) == (username is None or key is None):
            raise TypeError("accept(token=…) or accept(username=…, key=…)")
        basic = base64.b64encode(f"{username}:{key}".encode()).decode()
        with self._lock:
            self._accepted.add(f"Basic {basic}" if token is None else f"Bearer {token}")

    def accept_refresh(self, refresh_token: str) -> None:
        """Give OAUTH_ACCESS_TOKEN for this refresh token, and accept it once given; all others get 401."""
        with self._lock:
            self._refresh_tokens.add(refresh_token)

    def downloads(self, slug: str | None = None) -> list[Request]:
        """The downloads asked for so far, of one competition or all."""
        return self.asked("DownloadLeaderboard", slug)

    def pages(self, slug: str | None = None) -> list[Request]:
        """The pages of GetLeaderboard asked for so far, of one competition or all."""
        return self.asked("GetLeaderboard", slug)

    def asked(self, call: str, slug: str | None = None) -> list[Request]:
        """The requests of a call so far, about one competition or all."""
        calls = (request for request in list(self.requests) if request.call == call)
        return [request for request in calls if slug in (None, request.slug)]

    def storage_url(self, slug: str) -> str:
        """Where a plain GET gives the board without credentials; answers are queued with `call="storage"`.

        The host name is another than the API's, as Kaggle's is: the credentials must not come along.
        """
        return f"http://{HOST}:{self.port}{STORAGE}{slug}"

    @property
    def port(self) -> int:
        """The port; while no server runs, the one that was asked for."""
        return self._port if self._http is None else int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The URL, as the SDK would have it."""
        return f"http://localhost:{self.port}"

    def __enter__(self) -> KaggleServer:
        deadline = time.monotonic() + self._wait
        while self._http is None:
            try:
                self._http = _HttpServer(self, self._port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                if time.monotonic() > deadline:
                    raise RuntimeError(
                        f"port {self._port} is still taken after {self._wait:g} s, by another KaggleServer "
                        f"or another program: `ss -ltnp 'sport = :{self._port}'` says which"
                    ) from error
                time.sleep(0.02)
        self._http.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        http, self._http = self._http, None
        assert http is not None
        http.stop()
        if http.errors and error is None:
            raise http.errors[0]  # a fault of this file's: a test must not pass over it

    def respond(self, request: Request) -> Answer:
        """Record a request and choose its answer."""
        with self._lock:
            self.requests.append(request)
            needs_credentials = request.path in (DOWNLOAD, LEADERBOARD, COMPETITION, LIST)
            guarded = self._accepted or self._refresh_tokens
            if needs_credentials and guarded and request.authorization not in self._accepted:
                return kaggle_error(401, "Unauthenticated")
            queue = self._queues.get((request.call, request.slug))
            if not queue:
                return self._standing(request)
            answer = queue.popleft()
            if answer.misbehave and answer.body is None:
                return replace(answer, body=self._good_body(request))
            return answer

    def _good_body(self, request: Request) -> bytes | dict[str, Any] | None:
        if request.path == LEADERBOARD:
            return self._standing(request).body
        return self._fresh_zip(request.slug) or b"PK\x03\x04" * 1000

    def _standing(self, request: Request) -> Answer:
        slug = request.slug
        if request.path == DOWNLOAD and self.tls is not None and slug in self._archives:
            return redirect(self.storage_url(slug))
        if request.path == DOWNLOAD or request.call == "storage":
            if packed := self._fresh_zip(slug):
                return Answer(headers={"Content-Type": "application/zip"}, body=packed)
            return self._no_board(slug)
        if request.path == LEADERBOARD:
            return self._page(slug, request.body)
        if request.path == COMPETITION:
            if told := self._competitions.get(slug):
                return Answer(body=told)
            return kaggle_error(404, "Competition not found")
        if request.path == LIST:
            return self._list(request.body)
        if request.path == ACCESS_TOKEN:
            if request.body.get("refreshToken") not in self._refresh_tokens:
                return kaggle_error(401, "Invalid refresh token")
            self._accepted.add(f"Bearer {OAUTH_ACCESS_TOKEN}")
            given = {"token": OAUTH_ACCESS_TOKEN, "expiresIn": 43200, "userName": "alice", "userId": 1}
            return Answer(body=given)
        return kaggle_error(404, f"No such call: {request.path}")

    def _page(self, slug: str, asked: Mapping[str, Any]) -> Answer:
        public = bool(asked.get("overridePublic"))
        board = self._public.get(slug) if public else self._private.get(slug, self._public.get(slug))
        if board is None:
            return self._no_board(slug)
        start = _first_row(asked.get("pageToken", ""), slug, public)
        if start is None:
            return kaggle_error(400, "Invalid page token")
        rows = _rows(board, self.hosts)
        end = start + min(asked.get("pageSize", 20), self.largest_page)
        page: dict[str, Any] = {"submissions": rows[start:end]}
        if end < len(rows):
            page["nextPageToken"] = _page_token(slug, public, end)
        return Answer(body=page)

    def _list(self, asked: Mapping[str, Any]) -> Answer:
        """A page of the competitions of a group whose title or URL has all words of the search."""
        words = str(asked.get("search", "")).lower().split()
        kind = str(asked.get("group", "COMPETITION_LIST_TAB_GENERAL"))
        found = [
            told
            for slug, told in self._competitions.items()
            if (slug in self._groups.get(kind, ()) if kind in OWN_GROUPS else True)
            and all(word in f"{told['title']} {told['ref']}".lower() for word in words)
        ]
        start = _first_row(asked.get("pageToken", ""), kind, False)
        if start is None:
            return kaggle_error(400, "Invalid page token")
        end = start + min(asked.get("pageSize", 20), self.largest_page)
        page: dict[str, Any] = {"competitions": found[start:end]}
        if end < len(found) or self.endless_list:
            page["nextPageToken"] = _page_token(kind, False, end)
        return Answer(body=page)

    def _no_board(self, slug: str) -> Answer:
        known = slug in self._competitions
        return kaggle_error(404, "Leaderboard not found" if known else "Competition not found")

    def _fresh_zip(self, slug: str) -> bytes | None:
        packed = self._archives.get(slug)
        if packed is None:
            return None
        # Kaggle's ZIP differs from one download to the next, its CSV does not: here, by a comment in the ZIP.
        self._boards_sent += 1
        comment = b"%d" % self._boards_sent
        return packed[:-2] + struct.pack("<H", len(comment)) + comment


class SecureKaggle(KaggleServer):
    """Kaggle over https, redirecting each download to the file store's host, as the real one does.

    Nothing in the client is changed. The SDK talks to https://api.kaggle.com, through a proxy: this server,
    which takes the tunnel's other end for itself, with a certificate for the host that was asked for.

    Args:
        folder: where the file of trusted certificates is written: certifi's, and the one of this server's CA.
    """

    def __init__(self, folder: Path, port: int = 0, *, wait: float = 600.0) -> None:
        import certifi
        import trustme

        super().__init__(port, wait=wait)
        ca = trustme.CA()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(API_HOST, STORAGE_HOST).configure_cert(self.tls)
        self.bundle = folder / "trusted.pem"
        self.bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + ca.cert_pem.bytes())
        self.tunnels: list[str] = []
        """Where each connection was to lead: host and port."""

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in place of `ENVIRONMENT`."""
        found = {"KAGGLE_API_ENVIRONMENT": "PROD", "no_proxy": "", "NO_PROXY": ""}
        for name in ("https_proxy", "HTTPS_PROXY"):
            found[name] = f"http://{HOST}:{self.port}"
        return found | {"REQUESTS_CA_BUNDLE": str(self.bundle)}

    def storage_url(self, slug: str) -> str:
        return f"https://{STORAGE_HOST}{STORAGE}{slug}"


@functools.lru_cache(maxsize=8)  # a large board has many pages
def _rows(board: bytes, hosts: bool) -> list[dict[str, Any]]:
    return submissions(board, hosts=hosts)


def _page_token(slug: str, public: bool, start: int) -> str:
    """A token of the page that begins at a row. It is good for that competition and kind of board only."""
    return base64.urlsafe_b64encode(json.dumps([slug, public, start]).encode()).decode()


def _first_row(token: str, slug: str, public: bool) -> int | None:
    """The row at which a page begins; None for a wrong token."""
    if not token:
        return 0
    with contextlib.suppress(ValueError, TypeError):
        *of, start = json.loads(base64.urlsafe_b64decode(token))
        if of == [slug, public]:
            return int(start)
    return None


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class _HttpServer(TCPServer):
    """A thread per connection, and a stop that ends them all, whatever they are doing."""

    # Windows gives the same port to two servers under SO_REUSEADDR; Linux does so under SO_REUSEPORT.
    allow_reuse_address = os.name != "nt"
    allow_reuse_port = False
    request_queue_size = 128

    def __init__(self, kaggle: KaggleServer, port: int) -> None:
        self.kaggle = kaggle
        self.stopped = threading.Event()
        self.errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def start(self) -> None:
        self._loop = threading.Thread(
            target=self.serve_forever, args=(0.02,), name="kaggle-server", daemon=True
        )
        self._loop.start()

    def stop(self) -> None:
        self.stopped.set()
        self.shutdown()
        with self._guard:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the other end was quicker
                    connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads or sends
        self.server_close()
        for thread in (self._loop, *self._threads):
            thread.join(timeout=30)
            if thread.is_alive():
                raise RuntimeError(f"{thread.name} outlives the Kaggle server")

    def watch(self, connection: socket.socket) -> None:
        """Ends this connection when the server stops."""
        with self._guard:
            self._connections.add(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.watch(request)
        thread = threading.Thread(
            target=self._serve,
            args=(request, client_address),
            name=f"kaggle-server-{client_address[1]}",
            daemon=True,
        )
        self._threads = [*(old for old in self._threads if old.is_alive()), thread]
        thread.start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the client hung up, or the server stops: both are what tests are about
        except Exception as error:  # noqa: BLE001 (kept for the test's own thread, which raises it)
            self.errors.append(error)
        finally:
            with self._guard:
                self._connections.discard(request)
            self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    server: _HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the second of two small writes waits 40 ms for the first one's ACK

    def do_POST(self) -> None:
        body = _json(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.path.startswith("/v1/"):  # where api.kaggle.com has what others have below /api/
            self.path = f"/api{self.path}"
        place = self.path.partition("?")[0]
        stored = place.startswith(STORAGE)
        request = Request(
            self.path,
            place.removeprefix(STORAGE) if stored else str(body.get("competitionName", "")),
            self.headers.get("Authorization"),
            dict(self.headers.items()),
            time.monotonic(),
            body,
        )
        kaggle = self.server.kaggle
        answer = kaggle.respond(request)
        self.server.stopped.wait(kaggle.latency)
        kaggle.before_answer(request)
        self._send(answer)

    do_GET = do_POST

    def do_CONNECT(self) -> None:
        kaggle = self.server.kaggle
        assert isinstance(kaggle, SecureKaggle) and kaggle.tls is not None
        kaggle.tunnels.append(self.path)
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.request = kaggle.tls.wrap_socket(self.connection, server_side=True)
        self.server.watch(self.request)
        self.setup()
        self.close_connection = False  # the client's next request comes through the tunnel

    def finish(self) -> None:
        super().finish()
        if isinstance(self.request, ssl.SSLSocket):
            self.request.close()

    def _send(self, answer: Answer) -> None:
        content, kind = answer.content, answer.misbehave
        half = content[: len(content) // 2]
        if kind:
            self.close_connection = True
        match kind:
            case "silent":
                self.server.stopped.wait()
            case "close":
                pass
            case "drip-headers":
                self._drip(self._head(answer) + content)
            case "drip":
                self.wfile.write(self._head(answer))
                self._drip(content)
            case "truncate":
                self.wfile.write(self._head(answer) + half)
            case "reset":
                self.wfile.write(self._head(answer) + half)
                self.server.stopped.wait(0.05)  # what has not been read is lost with the RST on some systems
                self._reset()
            case "endless":
                self.wfile.write(self._head(answer) + content)
                chunk = bytes(256 * 1024)
                while not self.server.stopped.wait(0.001):  # some 200 MB/s: to fill no disk
                    self.wfile.write(chunk)
            case _:
                self.wfile.write(self._head(answer) + content)

    def _head(self, answer: Answer) -> bytes:
        headers = {"Date": self.date_time_string()}
        if answer.misbehave != "endless":
            headers["Content-Length"] = str(len(answer.content))
        if answer.body is not None:
            kind = "json" if isinstance(answer.body, dict) else "octet-stream"
            headers["Content-Type"] = f"application/{kind}"
        if self.close_connection:
            headers["Connection"] = "close"
        headers.update(answer.headers)
        phrase = HTTPStatus(answer.status).phrase if answer.status in list(HTTPStatus) else ""
        lines = (f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {answer.status} {phrase}\r\n{''.join(lines)}\r\n".encode("latin-1")

    def _drip(self, data: bytes) -> None:
        for i in range(len(data)):
            self.wfile.write(data[i : i + 1])
            if self.server.stopped.wait(self.server.kaggle.drip_seconds):
                return

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()  # it holds the socket open, so that close() alone would leave FIN to come first
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: pytest would show it beside the program's own stderr."""
