"""A monitor hears that a run starts and how it ended, and can do it no harm."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from world.boards import Team, board_csv, board_zip
from world.kaggle_server import Answer
from world.listeners import Listener
from world.running import run, start

from kagsync import clock
from kagsync.notify import ping as pings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.listeners import Manner
    from world.running import Kagsync

    from kagsync.store import Store

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


@pytest.mark.fixed_port
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


def test_the_body_is_bounded_and_keeps_the_end(monitor: Listener) -> None:
    ping = pings.start()
    for number in range(100):
        pings.logger.info("%d %s", number, "x" * 1000)
    answer = ping.finish(0)
    body = monitor.heard[1].body
    assert len(body.encode()) == 10_000
    assert "99 xxx" in body
    assert answer == pings.Answer()


@pytest.mark.fixed_port
@pytest.mark.parametrize(
    "manner",
    ["close", "garbage", *(pytest.param(manner, marks=pytest.mark.long) for manner in ("drip", "hang"))],
)
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
        else f"WARNING kagsync: {pings.VARIABLE} is not an http or https URL. Check {pings.VARIABLE}\n"
    )


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_monitor_that_is_down_for_a_while_changes_nothing(
    status: int, kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None
) -> None:
    board(kaggle)
    monitor.status = status
    ran = kagsync("sync", "--all", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert len(monitor.heard) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 305])
def test_a_monitor_that_does_not_accept_pings_is_warned_of_once(
    status: int, kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None
) -> None:
    board(kaggle)
    monitor.status = status
    ran = kagsync("sync", "--all", "-q")
    warning = f"WARNING kagsync: the monitor answered HTTP {status}. Check {pings.VARIABLE}\n"
    assert (ran.code, ran.out, ran.err) == (0, "", warning)
    assert kagsync("sync", "--all", "-q").err == ""
    assert f"INFO kagsync: the monitor answered HTTP {status}" in kagsync("sync", "--all").err
    monitor.status = 200
    assert kagsync("sync", "--all", "-q").err == ""
    monitor.status = status
    assert kagsync("sync", "--all", "-q").err == warning  # it had been well in between


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("OK", ""),
        ("OK (not found)", "the monitor does not know this check. Check KAGSYNC_PING_URL"),
        ("OK (rate limited)", ""),
    ],
)
def test_healthchecks_says_200_also_when_it_knows_no_such_check(
    reply: str, told: str, kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None
) -> None:
    board(kaggle)
    monitor.reply = reply.encode()
    ran = kagsync("sync", "--all", "-q")
    assert (ran.code, ran.err) == (0, f"WARNING kagsync: {told}\n" if told else "")


def test_a_redirect_to_another_page_is_no_success(
    kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None
) -> None:
    board(kaggle)
    monitor.status, monitor.location = 302, "/login"
    ran = kagsync("sync", "--all", "-q")
    assert ran.err.startswith("WARNING kagsync: the monitor answered with another page (a redirect)")
    with Listener() as elsewhere:  # as from http to https
        monitor.location = f"http://{elsewhere.address}/{SECRET}"
        ping = pings.start()
        answer = ping.finish(0)
    assert answer is not None
    assert (
        answer.problem
        == "the monitor answered with another page (a redirect), for the ping at the start of the run"
    )


def test_a_monitor_that_knows_only_the_end_of_a_run_is_told_apart(
    monitor: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor.status = 404
    ping = pings.start()
    monitor.wait_for(1)
    monkeypatch.setattr(monitor, "status", 200)
    answer = ping.finish(0)
    assert answer is not None
    assert answer.problem == "the monitor answered HTTP 404, for the ping at the start of the run"


def test_without_a_monitor_there_is_nothing_to_finish() -> None:
    assert pings.start().finish(0) is None


NOW = clock.parse_iso("2025-10-31T12:00:00Z")
DOWN, GONE = pings.Answer("down"), pings.Answer("gone", permanent=True)


@pytest.mark.parametrize(
    ("answers", "warned"),
    [
        ([(0, DOWN), (5, DOWN), (55, DOWN)], []),
        ([(0, DOWN), (60, DOWN), (65, DOWN), (600, DOWN)], [60]),
        ([(0, DOWN), (30, pings.Answer()), (60, DOWN), (115, DOWN), (120, DOWN)], [120]),
        ([(0, GONE), (5, GONE), (600, GONE)], [0]),
        ([(0, GONE), (5, DOWN), (70, DOWN), (75, GONE)], [0]),
        ([(0, GONE), (5, pings.Answer("moved", permanent=True))], [0, 5]),
        ([(0, GONE), (5, pings.Answer()), (10, GONE)], [0, 10]),
    ],
)
def test_when_a_problem_is_warned_of(
    answers: list[tuple[int, pings.Answer]], warned: list[int], store: Store
) -> None:
    told = [
        minute for minute, answer in answers if pings.remember(store, answer, NOW + timedelta(minutes=minute))
    ]
    assert told == warned


def test_the_last_answer_is_in_the_database(
    kaggle: KaggleServer, monitor: Listener, kagsync: Kagsync, tracked: None, store: Store
) -> None:
    board(kaggle)
    assert store.runs.last_ping() is None
    kagsync.ok("sync", "--all")
    ping = store.runs.last_ping()
    assert ping is not None
    assert (ping.problem, ping.failing_since) == (None, None)
    monitor.manner = "close"
    kagsync.ok("sync", "--all")
    ping = store.runs.last_ping()
    assert ping is not None
    assert ping.problem == "the monitor could not be reached (ConnectionError)"
    assert ping.failing_since == ping.at


def test_without_a_database_what_is_permanent_is_warned_of_all_the_same(
    monitor: Listener, kagsync: Kagsync
) -> None:
    monitor.status = 404
    assert "WARNING kagsync: the monitor answered HTTP 404" in kagsync("sync", "--all", "-q").err
    monitor.status = 500
    assert kagsync("sync", "--all", "-q").err == ""


@pytest.mark.parametrize(
    ("end", "begins", "ends"),
    [("/?key=1", "/start?key=1&rid=", "/?key=1&rid="), ("/", "/start?rid=", "/?rid=")],
)
def test_addresses_with_a_query_or_a_slash_at_the_end(
    end: str, begins: str, ends: str, monitor: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pings.VARIABLE, f"http://{monitor.address}/{SECRET}{end}")
    ping = pings.start()
    assert ping.finish(0) == pings.Answer()
    assert monitor.heard[0].path.startswith(f"/{SECRET}{begins}")
    assert monitor.heard[1].path.startswith(f"/{SECRET}{ends}")


@pytest.mark.parametrize(("manner", "status"), [("answer", 200), ("answer", 404), ("close", 200)])
def test_the_address_is_never_shown(
    manner: Manner,
    status: int,
    kaggle: KaggleServer,
    monitor: Listener,
    kagsync: Kagsync,
    tracked: None,
    tmp_path: Path,
) -> None:
    board(kaggle)
    monitor.manner, monitor.status = manner, status
    ran = kagsync("sync", "--all", "-v", "--log-file", str(tmp_path / "log"))
    assert ran.code == 0
    assert SECRET not in ran.out + ran.err + (tmp_path / "log").read_text()
    assert SECRET.encode() not in (tmp_path / "kagsync.db").read_bytes()
    assert all(SECRET not in heard.body and "test-token" not in heard.body for heard in monitor.heard)
