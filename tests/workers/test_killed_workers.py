"""Workers and Redis that die in the middle: every board that was ordered is applied, and none twice.

If the message that announces a board is lost, the board is announced again. If that of an order is lost, the
competition is ordered again.

Each test prints its counts (`pytest -m long -s tests/workers/test_killed_workers.py`).
"""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import board_csv, many_teams
from world.broker import Redis, Worker, needs_redis, wait_for
from world.database import ask, ask_one

from kagsync.workers import messages
from kagsync.workers.app import app, enqueue
from kagsync.workers.broker import Broker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

pytestmark = [needs_redis, pytest.mark.long, pytest.mark.fixed_port]

COUNT = 24
APP = "world.impatient_workers"  # what a killed worker had is given to another one after seconds


class Service:
    """Competitions on Kaggle, a database, and workers that can be killed."""

    def __init__(
        self, kagsync: Kagsync, settings: Settings, kaggle: KaggleServer, redis: Redis, folder: Path
    ) -> None:
        self.db, self.kaggle, self.redis, self._folder = settings.db, kaggle, redis, folder
        self.settings = settings
        self.slugs = [f"cup-{number:02}" for number in range(COUNT)]
        self.rounds = self.ordered_again = self.announced_again = 0
        self.workers: dict[str, Worker] = {}
        for slug in self.slugs:
            kaggle.competition(slug)
        kagsync.ok("competitions", "add", *self.slugs)
        kagsync.ok("users", "add", "user0", "user7")

    def publish(self) -> None:
        """Puts a new board of each competition on Kaggle."""
        self.rounds += 1
        content = board_csv(many_teams(300, seed=self.rounds))
        for slug in self.slugs:
            self.kaggle.board(slug, content, f"2025-10-31T16:{self.rounds:02}:00")

    def start(self, *names: str) -> None:
        """Starts workers; the name begins with the queue."""
        for name in names:
            queue = name.partition("-")[0]
            log = self._folder / f"{name}.log"
            log.unlink(missing_ok=True)
            size = "1" if queue == "write" else "2"
            self.workers[name] = Worker(name, queue, log, "-c", size, app=APP)

    def ready(self) -> None:
        for worker in self.workers.values():
            worker.wait_until_ready()

    def kill(self, name: str) -> None:
        self.workers.pop(name).kill()

    def tick(self) -> None:
        """What beat does."""
        with app.connection_for_write(self.redis.url) as connection:
            enqueue.apply_async(connection=connection)

    def applied(self) -> int:
        """How many boards are in the database."""
        return int(ask_one(self.db, "SELECT count(*) FROM snapshots"))

    def wait(self, boards: int, seconds: float = 40) -> None:
        try:
            wait_for(f"{boards} boards are applied", lambda: self.applied() == boards, seconds)
        except AssertionError:
            self._let_half_an_hour_pass()
            wait_for(f"{boards} boards are applied", lambda: self.applied() == boards, seconds)
        wait_for("nothing is under way", lambda: not self.redis.keys("under-way:*"), seconds)

    def _let_half_an_hour_pass(self) -> None:
        """The marks expire, and a tick repeats what Celery's Redis transport has lost.

        It takes a message from its list in one step and notes it as not acknowledged in another one. A worker
        that is killed in between, in this test about one of fifty, loses the message.
        """
        with self.redis.client() as client:
            brought = {f"under-way:{slug}" for slug in self._strand(client)}
            self.announced_again += len(brought)
            for key in {*self.redis.keys("under-way:*")} - brought:
                self.ordered_again += client.delete(f"kagsync:{key}")
        self.tick()

    def _strand(self, client: Any) -> Iterator[str]:
        """Makes all deliveries as old as those that are announced again; gives their competitions."""
        for key in self.redis.keys("delivery:*"):
            client.expire(f"kagsync:{key}", 60)
            yield json.loads(client.get(f"kagsync:{key}"))["slug"]

    def count(self, what: str) -> None:
        """Prints the counts, and asserts that every board was applied once."""
        ordered = self.rounds * COUNT
        moments = "SELECT competition_id, moment, count(*) FROM snapshots GROUP BY 1, 2"
        applied = ask(self.db, moments)
        runs = dict(ask(self.db, "SELECT status, sum(run_count) FROM sync_runs GROUP BY status"))
        twice = sum(count > 1 for *_, count in applied) + max(0, runs.get("ok", 0) - ordered)
        print(
            f"\n{what}: boards ordered {ordered}, applied {len(applied)}, lost {ordered - len(applied)}, "
            f"twice {twice}; delivered again without effect {runs.get('unchanged', 0)}, "
            f"failed {runs.get('error', 0)}, downloads {len(self.kaggle.downloads())}, "
            f"after half an hour ordered again {self.ordered_again}, announced again {self.announced_again}"
        )
        assert (len(applied), twice, runs.get("error", 0)) == (ordered, 0, 0)
        invariants.check(self.db)


@pytest.fixture
def service(
    kagsync: Kagsync,
    settings: Settings,
    kaggle: KaggleServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    with Redis(tmp_path / "redis", kept=True) as redis:
        monkeypatch.setenv("KAGSYNC_BROKER", redis.url)
        found = Service(kagsync, settings, kaggle, redis, tmp_path)
        try:
            yield found
        finally:
            for worker in found.workers.values():
                worker.kill()


def test_fetch_workers_killed_in_the_middle(service: Service) -> None:
    service.kaggle.latency = 0.3
    service.start("fetch-1", "fetch-2", "write")
    service.ready()
    chance = random.Random(1)
    for _ in range(2):
        service.publish()
        service.tick()
        for number in (1, 2, 1):
            time.sleep(chance.uniform(0.5, 1.5))
            service.kill(f"fetch-{number}")
            service.start(f"fetch-{number}")
        service.wait(service.rounds * COUNT)
    service.count("fetch workers killed 6 times")


def test_the_writer_killed_in_the_middle(service: Service) -> None:
    service.start("fetch-1", "write")
    service.ready()
    chance = random.Random(2)
    for _ in range(2):
        service.publish()
        before = service.applied()
        service.tick()
        for number in range(3):
            least = before + 1 + 4 * number
            wait_for("some are applied", lambda least=least: service.applied() >= least)
            time.sleep(chance.uniform(0, 0.05))
            service.kill("write")
            service.start("write")
        service.wait(service.rounds * COUNT)
    service.count("the writer killed 6 times")


def test_redis_killed_in_the_middle(service: Service) -> None:
    service.kaggle.latency = 0.3
    service.start("fetch-1", "write")
    service.ready()
    for _ in range(2):
        service.publish()
        before = service.applied()
        service.tick()
        wait_for("some are applied", lambda before=before: service.applied() >= before + 5)
        service.redis.kill()
        time.sleep(2)
        service.redis.start()
        service.wait(service.rounds * COUNT)
    service.count("Redis with AOF killed twice")


def test_a_redis_that_forgets_loses_no_more_than_a_round(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis(tmp_path / "forgets") as redis:
        monkeypatch.setenv("KAGSYNC_BROKER", redis.url)
        service.redis = redis
        service.kaggle.latency = 0.3
        service.start("fetch-1", "write")
        service.ready()
        service.publish()
        service.tick()
        wait_for("some are applied", lambda: service.applied() >= 5)
        redis.kill()
        redis.start()
        wait_for(
            "what was at work is applied, and the workers are back",
            lambda: service.workers["write"].said.count("Connected to redis") >= 2,
        )
        service.tick()  # the next one, five minutes later
        service.wait(COUNT)
        service.count("Redis without AOF killed")


def test_a_writer_that_is_away(service: Service) -> None:
    away(service, pause=2, ticks=4)


@pytest.mark.soak
def test_a_writer_that_is_away_for_ten_minutes(service: Service) -> None:
    away(service, pause=300, ticks=2)


def kill_the_writer_after_its_orders(service: Service) -> None:
    """Its orders are under way, and some of the boards are applied."""
    service.start("fetch-1", "write")
    service.ready()
    service.kaggle.latency = 0.2
    service.publish()
    service.tick()
    wait_for("some are applied", lambda: service.applied() >= 3)
    service.kill("write")


def away(service: Service, pause: float, ticks: int) -> None:
    """The writer is gone after it sent orders; ticks and boards wait in Redis, at most one a competition."""
    kill_the_writer_after_its_orders(service)
    for _ in range(ticks):
        time.sleep(pause)
        service.tick()
    wait_for("all are fetched", lambda: service.redis.length("fetch") == 0)
    waiting = service.redis.length("write")
    assert waiting <= COUNT + ticks
    with service.redis.client() as client:
        used = client.info("memory")["used_memory"]
    print(f"\n{waiting} messages wait, of which {ticks} are ticks; Redis uses {used / 1e6:.1f} MB")
    service.start("write")
    service.wait(COUNT)
    service.count(f"the writer away for {pause * ticks:g} s and {ticks} ticks")


def test_messages_that_are_delivered_twice_on_purpose(service: Service) -> None:
    service.start("fetch-1")
    service.ready()
    service.publish()
    with service.redis.client() as client:
        service.start("write")
        service.tick()
        service.wait(COUNT)
        service.kill("write")
        service.publish()
        service.start("write")
        service.tick()
        wait_for("a delivery waits or is done", lambda: service.applied() > COUNT)
        service.kill("write")
        wait_for("all are fetched", lambda: service.redis.length("fetch") == 0)
        waiting = client.lrange("kagsync:write", 0, -1)
        random.Random(3).shuffle(waiting)
        client.lpush("kagsync:write", *waiting)
    service.start("write")
    service.wait(2 * COUNT)
    wait_for("all duplicates are taken", lambda: service.redis.length("write") == 0)
    service.count(f"{len(waiting)} messages doubled and shuffled")


def test_boards_whose_messages_are_lost(service: Service) -> None:
    kill_the_writer_after_its_orders(service)
    wait_for("all are fetched", lambda: service.redis.length("fetch") == 0)
    with service.redis.client() as client:
        client.delete("kagsync:write", "kagsync:unacked", "kagsync:unacked_index")
    service.start("write")
    service.wait(COUNT, seconds=15)
    service.count("all messages to the writer lost")
    assert service.announced_again > 0


def test_an_order_that_kills_each_worker_is_given_up(service: Service) -> None:
    marks = Broker(service.redis.url)
    for _ in range(5):
        marks.starts("fetch", "deadly")
    order = messages.Order("deadly", "2026-03-01T12:00:00Z", "cup-00", "cup-00")
    service.start("fetch-1")
    service.ready()
    with app.connection_for_write(service.redis.url) as connection:
        app.tasks["kagsync.fetch"].apply_async((order.data,), connection=connection)
    wait_for("it is given up", lambda: "cup-00 was given up" in service.workers["fetch-1"].said)
    service.start("write")
    failed = "SELECT 1 FROM sync_runs WHERE slug = 'cup-00' AND status = 'error'"
    wait_for("that is recorded", lambda: ask(service.db, failed))
    assert service.kaggle.downloads() == []
