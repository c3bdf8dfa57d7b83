"""How many competitions fit in a tick: runs that are given too many, and what they got through."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING

from tests.benchmarks.crowd import Crowd
from tests.benchmarks.kaggle import Kaggle
from tests.benchmarks.measuring import Broken
from tests.benchmarks.tables import Table, megabytes, seconds

if TYPE_CHECKING:
    from tests.benchmarks.bench import Bench

TICK = 270  # seconds: after that a run started by cron begins no more competitions
_TOO_MANY = 100  # a second: nothing here gets through so many


def capacity(bench: Bench) -> list[Table]:
    """The table: each row one run."""
    table = Table(
        f"How many competitions fit in {TICK} s: new boards of 1,744 rows, 20 people, {os.cpu_count()} cores",
        [
            *("latency", "jobs", "--max-time", "done"),
            *("CPU", "CPU each", "peak memory", "bound by", f"in {TICK} s"),
        ],
        notes=[
            "Each run has more competitions than it can do and no board before, so that every entry is new. "
            f"The last column is measured where --max-time is {TICK} s, else in proportion. The loopback "
            "Kaggle runs on the same cores, and packs each ZIP anew.",
        ],
    )
    part = 4 if bench.quick else TICK // 3
    cases = [(0.2, 4, part)]
    if not bench.quick:
        cases = [(latency, jobs, part) for latency in (0.2, 1.0, 5.0) for jobs in (4, 32)]
        cases.append((1.0, 4, TICK))  # a whole one, at so few a second that no more competitions are needed
    with Kaggle() as kaggle:
        crowd = Crowd(bench, kaggle, _TOO_MANY * part)
        empty = crowd.database("capacity-empty")
        for latency, jobs, time in cases:
            bench.say(f"capacity: {latency:g} s latency, {jobs} jobs, {time} s")
            kaggle.latency(latency)
            db = bench.fresh(empty, "capacity")
            options = ("--jobs", str(jobs), "--max-time", str(time), "--format", "json")
            usage = bench.kagsync("sync", "--all", "-q", *options, db=db)
            told = Counter(each["status"] for each in json.loads(usage.out)["competitions"])
            done = told.pop("ok", 0)
            if set(told) != {"later"}:
                raise Broken(f"besides {done} that are done: {dict(told)}")
            if not done:
                raise Broken(f"nothing was done in {time} s")
            # Threads share the interpreter's lock, so one core's worth of CPU is about the most.
            busy = usage.cpu / usage.wall
            bound = "CPU" if busy > 0.8 else "latency" if busy < 0.5 else "both"
            cells = [f"{latency:g} s", str(jobs), f"{time} s", f"{done:,}", seconds(usage.cpu)]
            fit = f"{done * TICK // time:,}"
            table.rows.append([*cells, seconds(usage.cpu / done), megabytes(usage.peak), bound, fit])
    return [table]
