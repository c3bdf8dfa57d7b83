"""After a long sleep, and after a run with a wrong clock, the first run syncs every competition."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import Team, board_csv, many_teams
from world.kaggle_server import kaggle_error, too_many_requests
from world.people import track

from kagsync import clock as times
from kagsync.doctor import examine
from kagsync.notify import tell
from kagsync.schedule import install
from kagsync.store import RETENTION, Store, backup
from kagsync.store.records import OK, UNCHANGED, Subscription, Trigger

if TYPE_CHECKING:
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.doctor.checks import Check
    from kagsync.settings import Settings

START = datetime(2026, 3, 6, 18, tzinfo=UTC)
TICK = timedelta(minutes=5)
DECADE = timedelta(days=3653)
SLUGS = [f"c{number}" for number in range(5)]  # more than are synced side by side
MOVES = SLUGS[::2]  # the boards of these change while the machine sleeps
RUNS = 14  # more than the dozen after which old runs are removed
FACTS: dict[str, Any] = {"title": "A title", "deadline": "2030-01-01T00:00:00Z"}


@dataclass
class World:
    """Competitions on a Kaggle, synced every five minutes by a clock that can be set."""

    kaggle: KaggleServer
    kagsync: Kagsync
    settings: Settings
    now: datetime = START

    def publish(self, slug: str, *leaders: str) -> None:
        first = [Team(900 + i, f"Team {name}", (name,), "0.99999", rank=1) for i, name in enumerate(leaders)]
        when = self.now.strftime("%Y-%m-%dT%H:%M:%S")
        self.kaggle.board(slug, board_csv([*first, *many_teams(20)[len(first) :]]), when=when)

    def run(self, *words: str) -> dict[str, str]:
        """How each competition's sync ended; the clock then goes on."""
        ran = self.kagsync("sync", "--all", "-q", "--format", "json", *words)
        self.now += TICK
        return {each["slug"]: each["status"] for each in json.loads(ran.out)["competitions"]}

    def ask(self, sql: str, *parameters: object) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.settings.db)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def healthy(self) -> bool:
        found: dict[str, Any] = json.loads(self.kagsync("status", "--format", "json").out)
        return bool(found["healthy"])


@pytest.fixture
def world(
    kaggle: KaggleServer,
    kagsync: Kagsync,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    world = World(kaggle, kagsync, settings)
    monkeypatch.setattr(times, "utc_now", lambda: world.now)
    for slug in SLUGS:
        kaggle.competition(slug, **FACTS)
        world.publish(slug)
    synced = tmp_path_factory.getbasetemp() / "synced-for-an-hour.db"  # made once, as it takes a while
    if synced.exists():
        shutil.copy(synced, settings.db)
        world.now += RUNS * TICK
        return world
    with Store.open(settings.db, settings.locks, create=True) as store:
        track(store, [("user1", None, None), ("user5", None, None)], times.utc_now())
        for slug in SLUGS:
            store.competitions.add(slug, slug, times.utc_now())
    assert set(world.run().values()) == {OK}
    for _ in range(RUNS - 1):
        assert set(world.run().values()) == {UNCHANGED}
    with Store.open(settings.db, settings.locks) as store:
        backup.backup(store, synced)
    return world


@pytest.mark.long
@pytest.mark.parametrize(
    "days",
    [2.5, pytest.param(7, marks=pytest.mark.long), 30, pytest.param(400, marks=pytest.mark.long)],
    ids=["weekend", "week", "month", "more than a year"],
)
def test_after_a_sleep_every_competition_is_synced_in_the_first_run(world: World, days: float) -> None:
    world.now += timedelta(days=days)
    for slug in MOVES:
        world.publish(slug, "newcomer")
    found = world.run()
    assert found == {slug: OK if slug in MOVES else UNCHANGED for slug in SLUGS}
    assert world.healthy()
    for _ in range(RUNS):
        assert set(world.run().values()) == {UNCHANGED}
    # What is old by then is gone, and no answer has changed with it.
    (oldest,) = world.ask("SELECT min(finished_at) FROM sync_runs WHERE status = ?", UNCHANGED)[0]
    assert times.parse_iso(oldest) > world.now - RETENTION[UNCHANGED] - RUNS * TICK
    assert world.healthy()
    invariants.check(world.settings.db)


@pytest.mark.long
def test_a_weekly_run_syncs_every_competition(world: World) -> None:
    for week in range(RUNS + 2):
        world.now += timedelta(days=7)
        for slug in MOVES:
            world.publish(slug, f"leader{week}")
        assert world.run() == {slug: OK if slug in MOVES else UNCHANGED for slug in SLUGS}


@pytest.mark.long
def test_failures_before_a_good_sync_are_not_counted_again_when_that_one_is_no_longer_kept(
    world: World,
) -> None:
    broken, *others = SLUGS
    world.kaggle.answer(broken, *[kaggle_error(403, "Forbidden")] * 3)
    for _ in range(3):
        world.run()
    world.run()  # goes well, and is a row that is kept for two days; the failures are kept for ninety
    world.kagsync.ok("competitions", "pause", broken)
    world.now += timedelta(days=4)
    for _ in range(RUNS):
        assert len(world.run()) == len(others)
    assert world.ask(
        "SELECT count(*) FILTER (WHERE status = 'unchanged'), count(*) FILTER (WHERE status = 'error') "
        "FROM sync_runs WHERE slug = ?",
        broken,
    ) == [(0, 3)]
    shown = json.loads(world.kagsync.ok("status", "--format", "json", "--max-age", "9d"))["competitions"]
    assert [each["failures"] for each in shown if each["competition"] == broken] == [0]
    assert "failed" not in world.kagsync.ok("show", broken)

    world.kagsync.ok("competitions", "resume", broken)
    world.kaggle.answer(broken, kaggle_error(403, "Forbidden"))
    world.run()
    with Store.open(world.settings.db, world.settings.locks) as store:
        failures = store.runs.failures(store.competitions.get(broken).id)
    assert failures is not None
    assert failures.count == 1


@pytest.mark.long
@pytest.mark.parametrize(
    "off",
    [DECADE, pytest.param(timedelta(days=3), marks=pytest.mark.long), -DECADE],
    ids=["ahead", "3 days", "behind"],
)
def test_a_run_with_a_wrong_clock_leaves_nothing_behind(world: World, off: timedelta) -> None:
    known = world.ask("SELECT id FROM sync_runs ORDER BY id")
    limited, failed = SLUGS[1], SLUGS[3]
    for slug in MOVES:
        world.publish(slug, "newcomer")
    world.kaggle.answer(limited, too_many_requests("1800"))
    world.kaggle.answer(failed, kaggle_error(403, "Forbidden"))
    right, world.now = world.now, world.now + off
    found = world.run()
    assert {found[slug] for slug in (limited, failed)} == {"error"}

    world.now = right + TICK
    assert world.ask("SELECT id FROM sync_runs ORDER BY id")[: len(known)] == known  # nothing was thinned
    world.kaggle.requests.clear()
    found = world.run()
    applied = off > timedelta(0)  # else Kaggle's boards were of the future, and refused
    assert found == {slug: OK if slug in MOVES and not applied else UNCHANGED for slug in SLUGS}
    assert world.healthy()
    for _ in range(RUNS):
        assert set(world.run().values()) == {UNCHANGED}
    future = times.iso(world.now + timedelta(days=2))
    assert world.ask("SELECT count(*) FROM sync_runs WHERE finished_at > ?", future) == [(0,)]
    kept = [row for row in world.ask("SELECT id FROM sync_runs ORDER BY id") if row in known]
    assert kept == known
    assert world.ask("SELECT max(facts_at) FROM competitions")[0][0] < future


def test_a_rest_that_a_wrong_clock_noted_for_those_that_were_not_asked_is_not_believed(world: World) -> None:
    for slug in SLUGS[:3]:
        world.kaggle.answer(slug, too_many_requests(None))
    right, world.now = world.now, world.now + timedelta(days=3)  # less than the longest rest there is
    assert "resting" in world.run("--jobs", "1").values()
    world.now = right
    assert set(world.run().values()) == {UNCHANGED}


def test_a_rest_is_kept_by_a_clock_that_is_right(world: World) -> None:
    world.kaggle.answer(SLUGS[0], too_many_requests("172800"))
    assert world.run()[SLUGS[0]] == "error"
    world.now += timedelta(days=1)
    assert world.run()[SLUGS[0]] == "resting"
    world.now += timedelta(days=1)
    assert world.run()[SLUGS[0]] == UNCHANGED


@pytest.mark.long
def test_doctor_names_the_clock_and_its_remedy_works(world: World) -> None:
    for slug in SLUGS:
        world.kaggle.answer(slug, kaggle_error(403, "Forbidden"))
    right, world.now = world.now, world.now + DECADE
    world.run()
    world.now = right

    def clock() -> list[Check]:
        found = examine.doctor(world.settings.db, world.now)
        return [check for check in found if check.about == "Clock" and "in the future" in check.said]

    (check,) = clock()
    assert check.ok is False
    assert check.remedy.endswith("then: kagsync sync --all")
    assert world.kagsync("sync", "--all").code == 0
    assert clock() == []


def test_with_too_many_for_one_run_those_a_wrong_clock_has_tried_are_not_the_last_for_ever(
    world: World,
) -> None:
    right, world.now = world.now, world.now + DECADE
    world.kagsync("sync", SLUGS[0], SLUGS[1], "-q")
    world.now = right
    with Store.open(world.settings.db, world.settings.locks) as store:
        due = [competition.slug for competition in store.competitions.due(right)]
    assert set(due[:2]) == set(SLUGS[:2])


def test_a_schedule_that_a_wrong_clock_has_run_counts_by_its_next_run(settings: Settings) -> None:
    ahead = Trigger("cron", "kagsync", START + DECADE, START + DECADE, 0)
    before = Trigger("systemd", "kagsync", START, START, 0)
    found = install.Status({}, [ahead, before], START + TICK, {})
    assert found.last == before
    assert found.runs_by_itself
    assert not install.Status({}, [ahead], START, {}).runs_by_itself
    assert "in the future" in install.lines(found)[0]


def test_a_channel_that_was_told_by_a_wrong_clock_is_told_again(world: World) -> None:
    with Store.open(world.settings.db, world.settings.locks) as store:
        target = store.targets.add(
            "json://127.0.0.1:9/", Subscription(quiet_for=timedelta(hours=1)), world.now
        )
        store.targets.notified(target, {}, world.now + DECADE)
        world.publish(SLUGS[0], "user5")
        assert world.run()[SLUGS[0]] == OK
        told = tell.tell(world.settings, store, world.now)
    assert len(told.failures) == 1  # nobody listens there, but it was tried
