"""Answers without an end: whoever sends them, little is read and little memory is used."""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from world.kaggle_server import Answer, redirect
from world.listeners import Flood

from kagsync.errors import BadDownload, KagsyncError
from kagsync.kaggle import client
from kagsync.net import bounds
from kagsync.notify import channel, ping
from kagsync.notify.message import Message
from kagsync.store.records import Subscription, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world.kaggle_server import KaggleServer

MB = 1024 * 1024
# The buffers of loopback connections take some megabytes that nobody reads.
MOST_SENT, MOST_MEMORY = 24 * MB, 16 * MB
SLUG = "titanic"


@functools.cache
def bomb(begin: bytes = b'{"title": "') -> bytes:
    """A few kilobytes that unpack to 64 MB."""
    return gzip.compress(begin + bytes(64 * MB), 1)


@functools.cache
def double_bomb() -> bytes:
    return gzip.compress(bomb())


def http(status: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} X", *headers, "", ""]).encode()


def zipped(status: int, *headers: str) -> bytes:
    return http(status, "Content-Encoding: gzip", f"Content-Length: {len(bomb())}", *headers) + bomb()


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    bomb()
    double_bomb()
    channel.room(target("json://x/"))  # imports Apprise, whose own memory does not count here
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


CHUNKED = "Transfer-Encoding: chunked"
TYPE_JSON = "Content-Type: application/json"
ENDLESS = {
    "a body": (http(200), bytes(65536)),
    "a body of an error": (http(500), bytes(65536)),
    "JSON": (http(200, TYPE_JSON) + b'{"title": "', b"x" * 65536),
    "the body of a redirect": (http(302, "Location: /"), bytes(65536)),
    "chunks": (http(200, CHUNKED), b"10000\r\n" + bytes(65536) + b"\r\n"),
    "the line of a chunk": (http(200, CHUNKED) + b"1;", b"x" * 65536),
    "the line of a chunk of an error": (http(500, CHUNKED) + b"1;", b"x" * 65536),
    "trailers": (http(200, CHUNKED) + b"1\r\nx\r\n0\r\n", b"X-Trailer: x\r\n" * 4000),
    "headers": (b"HTTP/1.1 200 X\r\n", b"X-Header: x\r\n" * 4000),
    "a header": (b"HTTP/1.1 200 X\r\nX-Header: ", b"x" * 65536),
    "a status": (b"HTTP/1.1 200 ", b"x" * 65536),
    "a bomb": (zipped(200), b""),
    "a bomb in JSON": (zipped(200, TYPE_JSON), b""),
    "a bomb in an error": (zipped(500, TYPE_JSON), b""),
    "a bomb in a redirect": (zipped(302, "Location: /"), b""),
    "a bomb in a bomb": (
        http(200, "Content-Encoding: gzip, gzip", f"Content-Length: {len(double_bomb())}") + double_bomb(),
        b"",
    ),
}


@pytest.fixture(params=ENDLESS)
def flood(request: pytest.FixtureRequest) -> Iterator[Flood]:
    with Flood(*ENDLESS[request.param]) as flood:
        yield flood
        # http.client throws trailers away as it reads them, until the time is over.
        assert max(flood.sent) < MOST_SENT or request.param == "trailers"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, patience: Callable[..., None]) -> None:
    patience(refusal_timeout=0.5, largest_download=MB, deadline=1.5)
    monkeypatch.setattr(ping, "PATIENCE", 2.0)
    monkeypatch.setattr(channel, "_PATIENCE", 2.0)


def target(url: str) -> Target:
    return Target(7, url, "x", Subscription(quiet_for=ping.OUTAGE), None, None, 0, None, None)


@pytest.mark.long
def test_of_what_kaggle_redirects_to(flood: Flood, kaggle: KaggleServer, tmp_path: Path) -> None:
    kaggle.answer(SLUG, *[redirect(f"http://{flood.address}/")] * 20)
    api = client.connect()()
    with little_memory(), pytest.raises(KagsyncError) as refused:
        api.download_leaderboard(SLUG, tmp_path / "x.zip")
    assert refused.value.code in ("bad-download", "unreachable")


def test_of_a_monitor(flood: Flood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ping.VARIABLE, f"http://{flood.address}/uuid")
    with little_memory():
        assert ping.start().finish(0) is not None


def test_of_a_channel(flood: Flood) -> None:
    with little_memory(), contextlib.suppress(channel.NotSent):
        channel.send(target(f"json://{flood.address}/"), Message("title", "body", 0, {}))


def test_of_a_chat_server() -> None:
    with Flood(b"", b"x" * 65536, speaks_first=True) as flood:
        with little_memory(), pytest.raises(channel.NotSent):
            channel.send(target(f"irc://{flood.address}/room"), Message("title", "body", 0, {}))
        assert max(flood.sent) < MOST_SENT


@pytest.mark.long
def test_of_a_mail_server() -> None:
    with Flood(b"220 x\r\n", b"250-x\r\n" * 9000, speaks_first=True) as flood:
        url = f"mailto://{flood.address}?from=me@example.com&to=you@example.com"
        with little_memory(), pytest.raises(channel.NotSent):
            channel.send(target(url), Message("title", "body", 0, {}))
        assert max(flood.sent) < MOST_SENT


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_of_kaggle_itself(status: int, encoding: str, kaggle: KaggleServer, tmp_path: Path) -> None:
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": encoding,
        "Location": kaggle.storage_url(SLUG),
    }
    body = bomb() if encoding == "gzip" else double_bomb()
    for call in ("DownloadLeaderboard", "GetLeaderboard", "GetCompetition"):
        kaggle.answer(SLUG, *[Answer(status, headers, body)] * 4, call=call)
    api = client.connect()()
    with little_memory():
        with pytest.raises(KagsyncError):
            api.download_leaderboard(SLUG, tmp_path / "x.zip")
        with pytest.raises(KagsyncError):
            api.leaderboard_page(SLUG, public=False)
        with pytest.raises(KagsyncError):
            api.competition_facts(SLUG)


def test_of_a_packed_download(kaggle: KaggleServer, tmp_path: Path) -> None:
    headers = {"Content-Type": "application/zip", "Content-Encoding": "gzip"}
    kaggle.answer(SLUG, Answer(200, headers, bomb(b"PK\3\4")))
    with little_memory(), pytest.raises(BadDownload, match="larger than 1 MB"):
        client.connect()().download_leaderboard(SLUG, tmp_path / "x.zip")


def test_of_a_login(anonymous_oauth: KaggleServer) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    anonymous_oauth.answer("", Answer(200, headers, bomb(b'{"token": "')), call="GenerateAccessToken")
    with little_memory(), pytest.raises(BadDownload):
        client.connect()


@pytest.fixture
def anonymous_oauth(kaggle: KaggleServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> KaggleServer:
    """A Kaggle whose only login is one that has to be renewed."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (home / ".kaggle").mkdir()
    login = json.dumps({"refresh_token": "refresh"})
    (home / ".kaggle" / "credentials.json").write_text(login, encoding="utf-8")
    kaggle.accept_refresh("refresh")
    return kaggle


def test_other_threads_are_not_bounded() -> None:
    """A patch is only good for the thread that asked for it."""
    with Flood(http(200, f"Content-Length: {4 * MB}") + bytes(4 * MB), b"") as flood:
        with bounds.bounded(10, 5):
            size = bounds.wait_for(lambda: len(_get(flood).content), 10)
        assert size == 4 * MB


def _get(flood: Flood) -> object:
    import requests

    return requests.get(f"http://{flood.address}/", timeout=5)
