"""Records of runs, and what it takes to keep them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from world import database

from kagsync import clock
from kagsync.store.records import ERROR, KAGGLE, UNCHANGED, Counts, Run, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.store import Store

START = datetime(2026, 3, 6, 18, tzinfo=UTC)
TICK = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


@dataclass
class Log:
    """Two competitions whose runs are recorded, by a clock that can be set. A run takes a second."""

    store: Store
    now: datetime = START

    def __post_init__(self) -> None:
        self.competitions = [self.store.competitions.add(slug, slug, START).id for slug in ("one", "two")]

    def run(
        self, ended: str = UNCHANGED, *, source: str = KAGGLE, board: str = "a", competition: int = 0
    ) -> None:
        """Records a run that starts now; the clock then goes on for a tick."""
        name = clock.iso(self.now)
        run = Run(name, ("one", "two")[competition], source, ended, self.now)
        if ended == ERROR:
            run = replace(run, error_code="forbidden", error_message=f"failed at {name}")
        else:
            run = replace(run, snapshot_at=self.now, sha256=board, counts=Counts(9, 0, 0, 9, 0))
        with self.store.writing() as write:
            write.runs.finish(self.competitions[competition], run, self.now + SECOND)
        self.now += TICK


@pytest.fixture
def log(store: Store) -> Log:
    return Log(store)


def steps(store: Store, work: Callable[[], None]) -> int:
    """How many steps SQLite's machine takes for some work."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    store.connection.raw.set_progress_handler(count, 1)
    work()
    store.connection.raw.set_progress_handler(None, 1)
    return taken


def test_recording_a_run_takes_the_same_work_however_many_are_kept(log: Log) -> None:
    for _ in range(24):
        log.run()

    def hour() -> int:
        return max(steps(log.store, log.run) for _ in range(12))

    few = hour()
    database.execute(
        log.store.path,
        "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 20000) "
        "INSERT INTO sync_runs (run, competition_id, slug, source, status, started_at, finished_at) "
        "SELECT '', ?, '', 'kaggle', 'ok', ?, ? FROM k",
        log.competitions[1],
        clock.iso(log.now),
        clock.iso(log.now),
    )
    assert hour() <= 1.1 * few


def test_seeing_a_board_unchanged_takes_the_same_work_however_many_boards_there_were(store: Store) -> None:
    key = store.competitions.add("one", "one", START).id
    moment = int(START.timestamp())

    def unchanged() -> None:
        nonlocal moment
        moment += 300
        with store.writing() as write:
            write.history.save_unchanged_snapshot(key, moment)

    with store.writing() as write:
        write.history.save_snapshot(key, Snapshot(moment, 9, 9, 1, "a"))
    unchanged()
    few = steps(store, unchanged)
    database.execute(
        store.path,
        "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 20000) "
        "INSERT INTO snapshots (competition_id, moment, row_count, team_count, last_user_id) "
        "SELECT ?, ? - 300 * i, 9, 9, 1 FROM k",
        key,
        moment - 40 * 86400,
    )
    assert steps(store, unchanged) <= 1.1 * few
