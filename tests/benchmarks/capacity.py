"""How many competitions fit in a tick."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.benchmarks.crowd import Crowd
from tests.benchmarks.kaggle import Kaggle
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.tables import Table, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Usage

TICK = 270.0  # seconds: after that a run started by cron begins no more competitions


def capacity(bench: Bench) -> list[Table]:
    """The table: runs are measured with fewer competitions than fit, the rest is a division."""
    table = Table(
        f"How many competitions fit in {TICK:.0f} s, boards of 1,744 rows, 20 people, {os.cpu_count()} cores",
        ["latency", "jobs", "boards", "measured with", "runs", "wall", "wall each", "CPU", "bound by", "fit"],
        notes=[
            f"Measured: wall and CPU of a run with so many competitions. Computed: {TICK:.0f} s by the wall "
            "time each, start-up included. The loopback Kaggle runs on the same cores.",
        ],
    )
    with Kaggle() as kaggle:
        cases = ((4, 10),) if bench.quick else ((4, 50), (32, 200))
        for jobs, count in cases:
            kaggle.latency(0)
            crowd = Crowd(bench, kaggle, count)
            db = crowd.database(f"capacity-{count}")
            crowd.sync(db, jobs)

            def changed(_: int, crowd: Crowd = crowd, jobs: int = jobs) -> Usage:
                crowd.move()
                return crowd.sync(db, jobs)  # noqa: B023  (used up before the next one is made)

            def unchanged(_: int, crowd: Crowd = crowd, jobs: int = jobs) -> Usage:
                return crowd.sync(db, jobs)  # noqa: B023

            for latency in (0.2,) if bench.quick else (0.2, 1.0, 5.0):
                bench.say(f"capacity: {count} competitions, {jobs} jobs, {latency:g} s latency")
                kaggle.latency(latency)
                kinds: dict[str, Callable[[int], Usage]] = {"changed": changed, "unchanged": unchanged}
                rounds = 1 if bench.quick or latency > 1 else 3
                costs = in_turns(rounds, kinds)
                for kind in kinds:
                    wall, cpu = costs.of(kind, "wall"), costs.of(kind, "cpu")
                    # Threads share the interpreter's lock, so one core's worth of CPU is about the most.
                    bound = "CPU" if cpu > 0.8 * wall else "latency" if cpu < 0.5 * wall else "both"
                    fit = int(TICK / (wall / count))
                    bench.facts[f"capacity {latency:g} s {jobs} jobs {kind}"] = fit
                    cells = [f"{latency:g} s", str(jobs), kind, str(count), str(rounds), seconds(wall)]
                    table.rows.append([*cells, seconds(wall / count), seconds(cpu), bound, f"{fit:,}"])
    return [table]
