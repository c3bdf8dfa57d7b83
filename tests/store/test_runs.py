"""Records of runs: what each run did, unchanged runs an hour to a row, and what later runs ask of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from world import database

from kagsync import clock
from kagsync.queries import status
from kagsync.store import RETENTION, Store, runs
from kagsync.store.records import ERROR, FILE, KAGGLE, OK, OLDER, UNCHANGED, Counts, Run, Snapshot, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.settings import Settings

START = datetime(2026, 3, 6, 18, tzinfo=UTC)
TICK = timedelta(minutes=5)
LATE = timedelta(minutes=16)  # no tick for a quarter of an hour
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

    def rows(self, columns: str = "status, run_count") -> list[Any]:
        return database.ask(self.store.path, f"SELECT {columns} FROM sync_runs ORDER BY id")


@pytest.fixture
def log(store: Store) -> Log:
    return Log(store)


def test_unchanged_runs_share_a_row_for_an_hour(log: Log) -> None:
    for _ in range(13):
        log.run()
    times = "run, started_at, finished_at, snapshot_at, run_count"
    assert log.rows(times) == [
        (
            "2026-03-06T18:55:00Z",
            "2026-03-06T18:00:00Z",
            "2026-03-06T18:55:01Z",
            "2026-03-06T18:55:00Z",
            12,
        ),
        ("2026-03-06T19:00:00Z", "2026-03-06T19:00:00Z", "2026-03-06T19:00:01Z", "2026-03-06T19:00:00Z", 1),
    ]


@pytest.mark.parametrize("between", [OK, OLDER, ERROR])
def test_a_run_that_ended_otherwise_has_a_row_of_its_own(log: Log, between: str) -> None:
    for ended in (UNCHANGED, UNCHANGED, between, between, UNCHANGED, UNCHANGED):
        log.run(ended)
    assert log.rows() == [(UNCHANGED, 2), (between, 1), (between, 1), (UNCHANGED, 2)]


def test_each_competition_source_and_board_has_rows_of_its_own(log: Log) -> None:
    for _ in range(2):
        for competition in (0, 1):
            log.run(competition=competition)
    assert log.rows("slug, run_count") == [("one", 2), ("two", 2)]
    log.run(board="b")
    log.run(board="b", source=FILE)
    log.run(board="b", source=FILE)
    assert log.rows("slug, sha256, source, run_count")[2:] == [("one", "b", KAGGLE, 1), ("one", "b", FILE, 2)]


@pytest.mark.parametrize(
    "step",
    [LATE, timedelta(days=1), timedelta(days=3653), -TICK - SECOND, -timedelta(days=3653)],
    ids=["a gap", "a day", "a clock put forward", "a clock put back a little", "a clock put back"],
)
def test_a_gap_and_a_clock_that_jumps_stay_visible(log: Log, step: timedelta) -> None:
    log.run()
    log.now += step
    log.run()
    assert log.rows("started_at, run_count") == [
        (clock.iso(START), 1),
        (clock.iso(START + TICK + step), 1),
    ]


def test_every_run_has_an_id_of_its_own(log: Log) -> None:
    """Another run tells by it that a competition was synced in the meantime."""
    for number in range(1, 6):
        log.run()
        assert log.store.competitions.get("one").last_run == number
    assert log.rows("id") == [(5,)]


def test_failures_after_runs_that_share_a_row_are_counted(log: Log) -> None:
    key = log.competitions[0]
    for ended in (ERROR, UNCHANGED, UNCHANGED, ERROR, ERROR):
        log.run(ended)
    failures = log.store.runs.failures(key)
    assert failures is not None
    assert failures.count == 2
    log.run(board="x", source=FILE)  # says nothing of Kaggle
    log.run(board="x", source=FILE)
    assert log.store.runs.failures(key) == failures
    log.run()
    assert log.store.runs.failures(key) is None


def test_a_clock_that_was_wrong_for_less_than_a_dozen_runs_removes_nothing(log: Log) -> None:
    for _ in range(30):
        log.run()
    known = log.rows()
    right, log.now = log.now, log.now + timedelta(days=365)
    for _ in range(12):
        log.run()
    assert log.rows()[: len(known)] == known
    log.now = right + 12 * TICK
    for _ in range(12):
        log.run()
    log.run()  # now a dozen runs have told the right time
    assert log.rows()[: len(known)] == known
    assert max(log.rows("finished_at"))[0] < clock.iso(log.now)


def test_unchanged_rows_are_kept_for_two_days(log: Log) -> None:
    for _ in range(3 * 288):
        log.run()
    ((oldest, kept),) = database.ask(log.store.path, "SELECT min(finished_at), count(*) FROM sync_runs")
    limit = log.now - RETENTION[UNCHANGED]
    assert clock.iso(limit - timedelta(hours=2)) < oldest < clock.iso(limit + timedelta(hours=1))
    assert 48 <= kept <= 50


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
            write.snapshots.save_unchanged(key, moment)

    with store.writing() as write:
        write.snapshots.save(key, Snapshot(moment, 9, 9, 1, "a"))
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


# The answers are those of a row for each run.

ENDS = st.sampled_from([UNCHANGED] * 6 + [OK, OLDER, ERROR])
PAUSES = st.sampled_from(
    [timedelta(0)] * 12
    + [LATE, -TICK, -2 * TICK, timedelta(hours=1), timedelta(days=3), timedelta(days=100)]
    + [timedelta(days=3653), -timedelta(days=3653)]
)
RUNS = st.lists(
    st.tuples(
        ENDS, st.sampled_from([KAGGLE] * 4 + [FILE]), st.sampled_from("aab"), st.integers(0, 1), PAUSES
    ),
    max_size=60,
)


class Row(NamedTuple):
    """A row of the log."""

    competition: int
    status: str
    runs: int
    started_at: str
    finished_at: str
    error: str | None

    def covers(self, other: Row) -> bool:
        """Whether it says of another row's run that it was at that time, and how it ended."""
        return (
            self[:2] == other[:2]
            and self.started_at <= other.started_at
            and other.finished_at <= self.finished_at
        )


def answers(settings: Settings, sequence: list[Any], *, shared: bool) -> tuple[dict[str, Any], list[Row]]:
    """What is answered after some runs, and the rows."""
    for part in settings.db.parent.glob(f"{settings.db.name}*"):
        if part.is_file():
            part.unlink()
    database.empty(settings.db)
    with pytest.MonkeyPatch.context() as patch:
        if not shared:
            patch.setattr(runs, "_GAP", -TICK)
        with Store.open(settings.db, settings.locks) as store:
            log = Log(store)
            for ended, source, board, competition, pause in sequence:
                log.now += pause
                log.run(ended, source=source, board=board, competition=competition)
            store.runs.save_trigger(Trigger("cron", "kagsync", log.now, log.now, 0))
            health = status.as_json(status.status(store, log.now, timedelta(minutes=15)))
            found = {
                "competitions": store.competitions.all(),
                "status": health | {"database": None},
                "errors": [store.runs.last_error(key) for key in log.competitions],
                "triggers": store.runs.triggers(),  # of which `schedule status` tells
            }
            rows = log.rows("competition_id, status, run_count, started_at, finished_at, error_message")
    return found, [Row(*row) for row in rows]


@pytest.mark.long
@bounds(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS)
def test_what_is_asked_of_runs_is_answered_as_with_a_row_for_each(
    settings: Settings, sequence: list[Any]
) -> None:
    found, rows = answers(settings, sequence, shared=True)
    expected, each = answers(settings, sequence, shared=False)
    assert found == expected
    assert {row.runs for row in each} <= {1}
    assert [row for row in rows if row.status != UNCHANGED] == [
        row for row in each if row.status != UNCHANGED
    ]
    for one in each:
        assert any(row.covers(one) for row in rows), one
    for row in rows:
        assert row.runs == 1 or row.started_at <= row.finished_at <= row.started_at[:13] + ":59:59Z"
