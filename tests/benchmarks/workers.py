"""Workers on several machines: how fetching grows with them, and how many changed boards the writer takes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks import boards
from tests.benchmarks.crowd import TRACKED, Crowd
from tests.benchmarks.kaggle import Kaggle
from tests.benchmarks.measuring import Broken, transactions
from tests.benchmarks.tables import Table, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import redis

    from tests.benchmarks.bench import Bench

_EACH = 20  # orders for each process
_PATIENCE = 600.0  # seconds


def workers(bench: Bench) -> list[Table]:
    """Two tables: the fetch workers, and the writer."""
    if shutil.which("redis-server") is None:
        raise Broken("redis-server is not installed")
    with _redis(bench.folder) as broker:
        return [_growth(bench, broker), _writer(bench, broker)]


def _growth(bench: Bench, broker: redis.Redis) -> Table:
    table = Table(
        f"Fetch workers at 1 s latency: changed boards of 1,744 rows, {os.cpu_count()} cores",
        ["processes", "boards", "seconds", "boards per minute", "growth"],
        notes=[
            "From the first order to the last message to the writer. Kaggle and Redis run on the same cores."
        ],
    )
    first = 0.0
    with Kaggle() as kaggle:
        for processes in (1, 2, 4, 8):
            bench.say(f"workers: {processes} fetch processes")
            count = (4 if bench.quick else _EACH) * processes
            crowd = Crowd(bench, kaggle, count)
            kaggle.latency(1.0)
            broker.flushall()
            with _worker(bench, broker, "fetch", processes):
                began = time.monotonic()
                for slug in crowd.slugs:
                    order = _order(slug)
                    _send(broker, "fetch", order)
                _wait(lambda count=count: broker.llen("kagsync:write") == count)
                took = time.monotonic() - began
            a_minute = count / took * 60
            first = first or a_minute
            cells = [str(processes), str(count), f"{took:.1f}", f"{a_minute:,.0f}"]
            table.rows.append([*cells, f"{a_minute / first:.1f}"])
    return table


def _writer(bench: Bench, broker: redis.Redis) -> Table:
    table = Table(
        f"The writer: changed boards, {TRACKED} people, {os.cpu_count()} cores",
        ["rows", "delivery", "boards", "seconds", "boards per minute", "a transaction", "at most"],
        notes=[
            "From the first message to the last one applied, with one process that writes.",
            "Transactions: for so long another writer would have to wait. Measured in a round of its own.",
        ],
    )
    for rows, count in ((1744, 300), (20_000, 60)):
        bench.say(f"workers: the writer, {rows} rows")
        table.rows.append(_writing(bench, broker, rows, count // 10 if bench.quick else count))
    return table


def _writing(bench: Bench, broker: redis.Redis, rows: int, count: int) -> list[str]:
    """The cells for boards of so many rows. The first board of each competition is not measured."""
    slugs = [f"cup-{number:04}" for number in range(count)]
    db = bench.kagsync_database("workers", TRACKED, slugs)
    board = boards.make(rows, TRACKED, seed=7)
    broker.flushall()

    def deliveries(number: int) -> list[str]:
        """A board for each competition, as JSON."""
        message = _delivery(bench.board_file(board, f"writer-{rows}", number).read_bytes(), number)
        return [
            json.dumps({**message, "slug": slug, "kaggle_id": slug, "order": f"{slug}-{number}"})
            for slug in slugs
        ]

    def apply(number: int) -> tuple[float, int]:
        """Seconds for a board of each competition, and the size of a delivery."""
        brought = deliveries(number)
        began = time.monotonic()
        for slug, delivery in zip(slugs, brought, strict=True):
            order = f"{slug}-{number}"
            broker.set(f"kagsync:delivery:{order}", delivery)
            _send(broker, "write", order)
        _wait(lambda: _applied(db) == (number + 1) * count)
        return time.monotonic() - began, len(brought[0])

    with _worker(bench, broker, "write", 1, db=db):
        apply(0)
        board = boards.moved(board, 7, TRACKED, ours=3)
        took, size = apply(1)
    board = boards.moved(board, 8, TRACKED, ours=3)
    locked = _transactions(bench, db, deliveries(2))
    cells = [f"{rows:,}", f"{size / 1024:,.0f} KB", str(count), f"{took:.1f}", f"{count / took * 60:,.0f}"]
    return [*cells, seconds(statistics.median(locked)), seconds(max(locked))]


def _transactions(bench: Bench, db: Path, deliveries: list[str]) -> list[float]:
    """The seconds of each transaction of a writer in this process."""
    from kagsync.settings import Settings
    from kagsync.workers import writing
    from kagsync.workers.messages import Delivery

    settings = Settings(db=db, temp_dir=bench.folder / "temp")
    with transactions() as found:
        for delivery in deliveries:
            result = writing.write(settings, Delivery.read(delivery))
            if result is None or result.error is not None:
                raise Broken(f"a board was not applied: {result}")
    return found


def _order(slug: str) -> dict[str, Any]:
    from kagsync.workers.messages import Order

    return Order(f"order-{slug}", "2025-10-31T12:00:00Z", slug, slug).data


def _delivery(content: bytes, number: int) -> dict[str, Any]:
    import hashlib

    from kagsync import clock
    from kagsync.workers.messages import BOARD, Brought, Delivery, pack

    at = clock.parse_iso(f"{boards.when(number)}Z")
    public = Brought(BOARD, hashlib.sha256(content).hexdigest(), at, content=pack(content))
    return Delivery("", f"{boards.when(number)}Z", "", "", "benchmark", public).data


def _send(broker: redis.Redis, task: str, message: Any) -> None:
    from kagsync.workers.app import app

    with app.connection_for_write(_url(broker)) as connection:
        app.tasks[f"kagsync.{task}"].apply_async((message,), connection=connection)


def _applied(db: Path) -> int:
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM sync_runs WHERE status = 'ok'").fetchone()
    return int(count)


def _url(broker: redis.Redis) -> str:
    return f"redis://127.0.0.1:{broker.connection_pool.connection_kwargs['port']}/0"


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > end:
            raise Broken(f"workers are not done after {_PATIENCE:.0f} s")
        time.sleep(0.05)


@contextlib.contextmanager
def _redis(folder: Path) -> Iterator[redis.Redis]:
    import redis

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    broker = redis.Redis(port=port)

    def answers() -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(broker.ping())
        return False

    try:
        _wait(answers)
        yield broker
    finally:
        broker.close()
        process.kill()
        process.wait()


@contextlib.contextmanager
def _worker(
    bench: Bench, broker: redis.Redis, queue: str, processes: int, db: Path | None = None
) -> Iterator[None]:
    """A Celery worker that is ready."""
    log = bench.folder / "worker.log"
    more = {} if db is None else {"KAGSYNC_DB": str(db)}
    command = [sys.executable, "-m", "celery", "-A", "kagsync.workers", "worker", "-Q", queue, "-l", "INFO"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "-c", str(processes), "--without-gossip", "--without-mingle", "--without-heartbeat"],
            stdout=out,
            stderr=out,
            env=bench.environment(KAGSYNC_BROKER=_url(broker), **more),
            start_new_session=True,
        )
        try:
            _wait(lambda: b" ready." in log.read_bytes())
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
