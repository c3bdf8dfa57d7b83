"""A monitor hears that a run starts and how it ended, and can do it no harm."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from boards import Team, board_csv, board_zip
from conftest import run, start
from kaggle_server import Answer
from listeners import Listener

from kagsync import pings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Kagsync
    from kaggle_server import KaggleServer
    from listeners import Manner

SLUG = "titanic"
SECRET = "1f0e-uuid"


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with Listener() as listener:
        monkeypatch.setenv(pings.VARIABLE, f"http://{listener.address}/{SECRET}")
        yield listener


@pytest.fixture
def tracked(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", SLUG)
    kagsync.ok("users", "add", "alice")


def paths(monitor: Listener) -> list[str]:
    return [urlsplit(heard.path).path for heard in monitor.heard]


def board(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, board_csv([Team(1, "alpha", ("alice",))]))


def test_a_good_run_says_that_it_starts_and_that_all_is_well(
    kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None
) -> None:
    board(kaggle)
    kagsync.ok("sync", "--all", "-q")
    assert paths(monitor) == [f"/{SECRET}/start", f"/{SECRET}"]
    begin, end = monitor.heard
    runs = [parse_qs(urlsplit(heard.path).query)["rid"] for heard in (begin, end)]
    assert runs[0] == runs[1]
    assert begin.body == ""
    assert "Downloaded complete leaderboard: 1 entries" in end.body
    assert end.body.splitlines()[-1].endswith("INFO kagsync: Synced 1 entries for titanic")
    assert len(runs[0][0]) == 36


@pytest.mark.parametrize(
    ("status", "slugs", "code"), [(403, ["--all"], 1), (429, [SLUG], 4), (401, [SLUG], 3)]
)
def test_a_bad_run_says_its_exit_code(
    status: int,
    slugs: list[str],
    code: int,
    kaggle: KaggleServer,
    monitor: Listener,
    kagsync: Kagsync,
    tracked: None,
) -> None:
    kaggle.answer(SLUG, Answer(status=status, headers={"Retry-After": "3600"}))
    assert kagsync("sync", *slugs, "-q").code == code
    assert paths(monitor) == [f"/{SECRET}/start", f"/{SECRET}/{code}"]
    assert "ERROR kagsync: " in monitor.heard[1].body


@pytest.mark.parametrize(("words", "code"), [(["nonesuch"], 2), (["--all"], 3)])
def test_a_run_that_cannot_start_says_so_too(
    words: list[str], code: int, monitor: Listener, kagsync: Kagsync, tracked: None
) -> None:
    assert kagsync("sync", *words).code == code
    assert paths(monitor)[1] == f"/{SECRET}/{code}"
    assert ("no competition" if code == 2 else "no Kaggle credentials") in monitor.heard[1].body


def test_a_damaged_database_is_told(monitor: Listener, kagsync: Kagsync, tmp_path: Path) -> None:
    (tmp_path / "kagsync.db").write_bytes(b"no database" * 100)
    assert kagsync("sync", "--all").code == 5
    assert paths(monitor)[1] == f"/{SECRET}/5"


def test_a_stopped_run_says_so(kaggle: KaggleServer, monitor: Listener, tracked: None) -> None:
    kaggle.answer(SLUG, Answer(misbehave="silent"))
    with start("sync", "--all", "-q") as process:
        monitor.wait_for(1)
        while not kaggle.requests:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert paths(monitor)[1] == f"/{SECRET}/130"


def test_a_board_from_disk_is_no_news_for_a_monitor(
    monitor: Listener, kagsync: Kagsync, tracked: None, tmp_path: Path
) -> None:
    file = tmp_path / "board.zip"
    file.write_bytes(board_zip(SLUG, board_csv([Team(1, "alpha", ("alice",))])))
    kagsync.ok("sync", SLUG, "--from", str(file))
    assert not monitor.heard


def test_the_body_is_bounded_and_keeps_the_end(monkeypatch: pytest.MonkeyPatch, monitor: Listener) -> None:
    with pings.around():
        for number in range(100):
            pings.logger.info("%d %s", number, "x" * 1000)
    body = monitor.heard[1].body
    assert len(body.encode()) == 10_000
    assert "99 xxx" in body


@pytest.mark.parametrize("manner", ["close", "garbage", pytest.param("drip", marks=pytest.mark.long), "hang"])
def test_a_monitor_can_do_a_run_no_harm(
    manner: Manner, kaggle: KaggleServer, monitor: Listener, tracked: None
) -> None:
    board(kaggle)
    monitor.manner = manner
    began = time.monotonic()
    ran = run("sync", "--all", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    # Ten seconds for the pings, the rest for a slow machine to start Python.
    assert time.monotonic() - began < pings.PATIENCE + 20


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/uuid", "http://nowhere.invalid/uuid", "ftp://x/y", "http://", "uuid", "http://[/x"],
)
def test_nor_can_an_address_where_nobody_is(
    url: str, kaggle: KaggleServer, kagsync: Kagsync, tracked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    board(kaggle)
    monkeypatch.setenv(pings.VARIABLE, url)
    ran = kagsync("sync", "--all", "-q")
    assert (ran.code, ran.out) == (0, "")
    good = url.startswith("http://") and "/uuid" in url
    assert ran.err == (
        ""
        if good
        else f"WARNING kagsync: {pings.VARIABLE} is no http or https URL: nobody is told of this run\n"
    )


def test_a_monitor_that_answers_with_errors_changes_nothing(
    kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None
) -> None:
    board(kaggle)
    monitor.status = 500
    ran = kagsync("sync", "--all", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert len(monitor.heard) == 2


@pytest.mark.parametrize(
    ("end", "begins", "ends"),
    [("/?key=1", "/start?key=1&rid=", "/?key=1&rid="), ("/", "/start?rid=", "/?rid=")],
)
def test_addresses_with_a_query_or_a_slash_at_the_end(
    end: str, begins: str, ends: str, monitor: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pings.VARIABLE, f"http://{monitor.address}/{SECRET}{end}")
    with pings.around():
        pass
    assert monitor.heard[0].path.startswith(f"/{SECRET}{begins}")
    assert monitor.heard[1].path.startswith(f"/{SECRET}{ends}")


@pytest.mark.parametrize("manner", ["answer", "close"])
def test_the_address_is_never_shown(
    manner: Manner, kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None, tmp_path: Path
) -> None:
    board(kaggle)
    monitor.manner = manner
    ran = kagsync("sync", "--all", "-v", "--log-file", str(tmp_path / "log"))
    assert ran.code == 0
    assert SECRET not in ran.out + ran.err + (tmp_path / "log").read_text()
    assert all(SECRET not in heard.body and "test-token" not in heard.body for heard in monitor.heard)
