"""What thinning a year of history deletes, and what each of its steps costs; then `kagsync compact`."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from kagsync import settings
from kagsync.store import Store, thinning
from tests.benchmarks import year
from tests.benchmarks.measuring import transactions
from tests.benchmarks.tables import Table, megabytes, seconds

if TYPE_CHECKING:
    from datetime import datetime

    from tests.benchmarks.bench import Bench


def thinned(bench: Bench) -> list[Table]:
    """The tables."""
    people = 50 if bench.quick else 200
    sizes = ((1, 400), (1, 2_000)) if bench.quick else ((20, 2_370), (2, 20_000))
    rows = Table(
        f"Thinning: a year of {people} people",
        ["competitions", "boards a day", "rows", "older than 30 days", "of these left", "file", "compacted"],
    )
    steps = Table(
        "The steps of thinning, one a run",
        [
            "competitions",
            "boards a day",
            "steps",
            "CPU a step",
            "at most",
            "writing",
            "at most",
            "nothing due",
        ],
        notes=["Writing: how long another writer would have to wait. It counts waits for the disk."],
    )
    for competitions, boards in sizes:
        bench.say(f"thinning: {competitions} competitions, {boards} boards")
        db = bench.folder / f"thinning-{boards}.db"
        year.build(db, competitions, people, boards)
        size = db.stat().st_size
        here = [str(competitions), f"{boards / 365:.1f}"]
        with Store.open(db, bench.folder / "locks") as store:
            newest = store.competitions.newest_board()
            assert newest is not None
            until = newest - timedelta(days=settings.KEEP_DRIFT_DAYS)
            count = "SELECT count(*) FROM entry_history"
            old = f"{count} WHERE moment < {int(until.timestamp()) // 86_400 * 86_400}"
            value = store.connection.value
            before, old_before = value(count), value(old)
            cpu, writing, idle = _steps(store, until)
            left = value(old)
        bench.kagsync("compact", "-q", db=db)
        bench.facts[f"thinning {boards} step"] = statistics.median(cpu)
        rows.rows.append(
            [
                *here,
                f"{before:,}",
                f"{old_before:,}",
                f"{left:,} ({left / old_before:.1%})",
                megabytes(size),
                megabytes(db.stat().st_size),
            ]
        )
        timed = [
            seconds(each)
            for each in (statistics.median(cpu), max(cpu), statistics.median(writing), max(writing))
        ]
        steps.rows.append([*here, f"{len(cpu):,}", *timed, f"{idle * 1e6:.0f} µs"])
        db.unlink()
    return [rows, steps]


def _steps(store: Store, until: datetime) -> tuple[list[float], list[float], float]:
    """CPU seconds of each step, seconds of each transaction, CPU seconds when nothing is due."""
    cpu: list[float] = []
    with transactions() as writing:
        while True:
            done = len(writing)
            began = time.process_time()
            thinning.thin(store, until)
            took = time.process_time() - began
            if len(writing) == done:
                return cpu, writing, took
            cpu.append(took)
