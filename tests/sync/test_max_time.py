"""A run ends before the next one begins, and leaves the other competitions for later."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from world.boards import board_csv, many_teams
from world.kaggle_server import Answer, kaggle_error
from world.people import track

from kagsync import clock
from kagsync.errors import OutOfTime
from kagsync.kaggle import client, retry
from kagsync.store import Store
from kagsync.sync import run, sources
from kagsync.sync.result import Outcome
from kagsync.tracking.competitions import refresh_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

COUNT = 15
LATENCY = 0.2  # seconds: with one job, 15 competitions take 3 s at least
SLUGS = [f"c{number:02}" for number in range(COUNT)]
BROKEN = "c04"


@pytest.fixture
def club(kaggle: KaggleServer, settings: Settings) -> KaggleServer:
    with Store.open(settings.db, settings.locks, create=True) as store:
        track(store, [("user1", None, None)], clock.utc_now())
        for slug in SLUGS:
            store.competitions.add(slug, slug, clock.utc_now())
            kaggle.board(slug, board_csv(many_teams(20)))
    kaggle.answer(BROKEN, *[kaggle_error(404, "Not found")] * 20)
    kaggle.latency = LATENCY
    return kaggle


def sync(kagsync: Kagsync, *words: str) -> dict[str, str]:
    """The competitions of a run in the order of their turns, with the status of each."""
    ran = kagsync("sync", "--all", "-q", "--format", "json", *words)
    told = json.loads(ran.out)
    assert ran.code == told["exit_code"]
    return {each["slug"]: each["status"] for each in told["competitions"]}


@pytest.mark.long
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_with_three_times_too_many_none_starves(jobs: str, club: KaggleServer, kagsync: Kagsync) -> None:
    club.latency = LATENCY * int(jobs)
    started: Counter[str] = Counter()
    before: set[str] = set()
    runs = 0
    while min(started[slug] for slug in SLUGS) < 2:
        found = sync(kagsync, "--jobs", jobs, "--max-time", "1")
        runs += 1
        assert len(found) == COUNT
        now = {slug for slug, status in found.items() if status != "later"}
        assert 0 < len(now) < COUNT / 2  # so that two runs cannot finish all of them
        assert not now & before  # no second turn before all others had one
        assert list(found)[: len(now)] == [slug for slug in found if slug in now]
        assert runs <= 3 * COUNT, started
        before = now
        started += Counter(now)
    assert max(started.values()) <= 3
    assert club.downloads(BROKEN)  # one that fails gets as many turns as the others


def test_what_is_left_is_told_and_is_no_failure(club: KaggleServer, kagsync: Kagsync) -> None:
    del club
    ran = kagsync("sync", "c00", "c01", "c02", "c03", "c05", "c06", "c07", "--jobs=1", "--max-time=1")

    assert ran.code == 0
    line = ran.out.splitlines()[-1]
    assert "left for the next run: " in line
    assert line.endswith("c07")
    assert " of 7 competitions are left for the next run: time is up" in ran.err


@pytest.mark.long
def test_what_is_left_leaves_no_trace(club: KaggleServer, kagsync: Kagsync, settings: Settings) -> None:
    found = sync(kagsync, "--jobs=1", "--max-time=1")
    left = {slug for slug, status in found.items() if status == "later"}
    with Store.open(settings.db, settings.locks) as store:
        untried = {each.slug for each in store.competitions.due(clock.utc_now()) if each.last_run is None}

    assert left == untried
    assert {request.slug for request in club.requests}.isdisjoint(left)


@pytest.fixture
def slow(club: KaggleServer, patience: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> KaggleServer:
    """Kaggle does not answer for two of the competitions, and waits are short enough for a test."""
    patience(deadline=3.0)
    monkeypatch.setattr(sources, "_GRACE", 0.5)
    club.latency = 0.25  # so that the turn of these two comes after the half second
    for slug in ("c05", "c06"):
        club.answer(slug, *[Answer(misbehave="silent")] * 20)
    return club


@pytest.mark.long
def test_what_kaggle_does_not_answer_in_time_is_left_too(
    slow: KaggleServer, kagsync: Kagsync, settings: Settings
) -> None:
    began = time.monotonic()
    found = sync(kagsync, "--jobs=2", "--max-time=3")

    assert time.monotonic() - began < 3 + 0.5 + 3
    assert [status for slug, status in found.items() if slug < BROKEN] == ["ok"] * 4
    left = {slug for slug, status in found.items() if status == "later"}
    assert left == set(SLUGS[5:])
    assert len(slow.downloads("c05")) == 1  # it had been started
    with Store.open(settings.db, settings.locks) as store:
        assert left == {
            each.slug for each in store.competitions.due(clock.utc_now()) if each.last_run is None
        }
    assert not list(settings.temp_data.glob("*"))


@pytest.mark.long
def test_the_end_of_a_run_is_no_failure_also_in_the_last_try(slow: KaggleServer, tmp_path: Path) -> None:
    slow.latency = 0
    busy = kaggle_error(503, "Busy")
    slow.answer("c00", *[busy] * (retry.DEFAULT.tries - 1), Answer(misbehave="silent"))
    api = client.connect(time.monotonic() + 1)()
    with pytest.raises(OutOfTime):
        api.download_leaderboard("c00", tmp_path / "c00.zip")
    assert len(slow.downloads("c00")) == retry.DEFAULT.tries


def test_facts_that_are_cut_short_are_asked_for_by_the_next_run(
    slow: KaggleServer, settings: Settings
) -> None:
    slow.answer("c00", Answer(misbehave="silent"), call="GetCompetition")
    slow.competition("c00", title="Zero")
    with Store.open(settings.db, settings.locks) as store:
        refresh_facts(store, store.competitions.get("c00"), client.connect(time.monotonic() + 0.5)())
        assert store.competitions.get("c00").facts_at is None
        refresh_facts(store, store.competitions.get("c00"), client.connect()())
        assert store.competitions.get("c00").title == "Zero"


@pytest.mark.long
def test_who_is_first_has_all_the_time_there_is(slow: KaggleServer, kagsync: Kagsync) -> None:
    sync(kagsync, "--jobs=2", "--max-time=3")
    found = sync(kagsync, "--jobs=2", "--max-time=1")

    assert list(found)[:2] == ["c05", "c06"]
    assert (found["c05"], found["c06"]) == ("error", "error")


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        (["--all"], 270),
        (["--all", "--max-time", "9"], 9),
        (["--all", "--max-time", "90s"], 90),
        (["--all", "--max-time", "1h30m"], 5400),
        (["--all", "--max-time", "7d"], 604_800),
        (["--all", "--max-time", "604800"], 604_800),
        (["c00"], math.inf),
        (["c00", "--max-time", "9"], 9),
    ],
)
def test_by_itself_only_all_has_an_end(
    words: list[str],
    seconds: float,
    kagsync: Kagsync,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Store.open(settings.db, settings.locks, create=True).close()
    given: list[object] = []

    def seen(_: Settings, options: run.Options, __: object) -> Outcome:
        given.append(options.time_limit)
        return Outcome([], alone=False)

    monkeypatch.setattr(run, "sync", seen)
    kagsync("sync", *words)
    assert given == [seconds]


@pytest.mark.parametrize("seconds", ["0", "0m", "-1", "soon", "1.5", "", "604801", "8d", "٣"])
def test_an_end_that_is_no_duration_of_up_to_a_week_is_refused(seconds: str, kagsync: Kagsync) -> None:
    ran = kagsync("sync", "--all", f"--max-time={seconds}")
    assert ran.code == 2
    assert "--max-time" in ran.err


@pytest.mark.parametrize(("every", "seconds"), [("1m", 54), ("5m", None), ("10m", 540), ("1d", 810)])
def test_a_schedule_ends_each_run_before_the_next(
    every: str, seconds: int | None, kagsync: Kagsync, tmp_path: Path
) -> None:
    printed = kagsync.ok("schedule", "print", "--cron", "--every", every, "--db", str(tmp_path / "k.db"))
    job = printed.splitlines()[-2]
    assert ("--max-time" in job) == (seconds is not None)
    assert seconds is None or f"--max-time {seconds}" in job


def test_the_default_is_nine_tenths_of_five_minutes() -> None:
    assert math.isclose(run.MAX_TIME, 0.9 * 300)
