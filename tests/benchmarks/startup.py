"""What it costs to start: `--help`, `--version`, `show` of twenty people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import boards
from tests.benchmarks.bench import BEFORE, SLUG
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.tables import Table, megabytes, rounds, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Usage


def startup(bench: Bench) -> list[Table]:
    """The table."""
    db = bench.kagsync_database("startup", 20)
    csv = bench.board_file(boards.make(1744, 20), "startup", 0)
    bench.kagsync("process", SLUG, csv, "-q", db=db)
    contenders: dict[str, Callable[[int], Usage]] = {
        "kagsync --help": lambda _: bench.kagsync("--help", db=db),
        "kagsync --version": lambda _: bench.kagsync("--version", db=db),
        "kagsync show SLUG, 20 people": lambda _: bench.kagsync("show", SLUG, db=db),
    }
    if bench.before:
        old = bench.kagsync_database("startup-before", 20, before=True)
        bench.kagsync("process", SLUG, csv, "-q", db=old, before=True)
        contenders[f"{BEFORE}, --help"] = lambda _: bench.kagsync("--help", db=old, before=True)
        contenders[f"{BEFORE}, show"] = lambda _: bench.kagsync("show", SLUG, db=old, before=True)
    theirs = "kaggle --help"
    if bench.peers.has("shell"):
        contenders[theirs] = lambda _: bench.kaggle("shell", "--help")
    for run in list(contenders.values())[: 0 if bench.quick else None]:
        run(0)  # compiled and in the cache from here on
    costs = in_turns(bench.pairs * (1 if bench.quick else 2), contenders)
    columns = ["command", "CPU", "wall", "peak memory", f"CPU : {theirs}"]
    table = Table("Start-up", columns, notes=[f"{rounds(len(costs.rounds['kagsync --help']))}."])
    for name in contenders:
        ratio = ""
        if theirs in contenders and name != theirs:
            found = costs.ratio(name, theirs, "cpu")
            bench.facts[f"startup {name}"] = found.median
            ratio = str(found)
        cpu, wall, peak = (costs.of(name, measure) for measure in ("cpu", "wall", "peak"))
        table.rows.append([name, seconds(cpu), seconds(wall), megabytes(peak), ratio])
    if theirs not in contenders:
        table.notes.append("Left out: kaggle --help.")
    return [table]
