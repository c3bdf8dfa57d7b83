"""One to two hundred competitions at a latency like the internet's, and to two thousand at none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.crowd import Crowd
from tests.benchmarks.kaggle import Kaggle
from tests.benchmarks.measuring import Costs, in_turns
from tests.benchmarks.tables import Table, megabytes, rounds, seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Usage

JOBS, CLI_AT_ONCE = 32, 8
KINDS = ("first", "changed", "unchanged")
SDK, CLI = f"SDK, {JOBS} threads, download only", f"kaggle CLI, {CLI_AT_ONCE} at a time, download only"


def competitions(bench: Bench) -> list[Table]:
    """A table of costs, and how the memory grows."""
    counts, latency = ((1, 10), 0.2) if bench.quick else ((1, 10, 50, 200), 1.0)
    table = Table(
        f"Competitions at {latency:g} s latency: kagsync sync --all --jobs {JOBS}, {rounds(bench.pairs)}",
        [
            *("competitions", "", "CPU", "wall", "peak memory"),
            *(f"kagsync's {kind} {measure} : its" for kind in KINDS for measure in ("CPU", "wall")),
        ],
        notes=[
            "kagsync also processes the boards, and a run asks what Kaggle says of up to eight competitions, "
            "once a day each: one more wait. The memory of a loop is that of its largest process.",
        ],
    )
    if not (bench.peers.has("shell") and bench.peers.has("xargs")):
        table.notes.append(f"Left out: {CLI}.")
    peaks: dict[tuple[str, int], float] = {}
    with Kaggle() as kaggle:
        for count in counts:
            bench.say(f"competitions: {count}")
            kaggle.latency(0)
            costs = _race(bench, kaggle, count, latency, table)
            for kind in KINDS:
                peaks[kind, count] = costs.of(kind, "peak")
            for name in costs.rounds:
                _add_row(bench, table, costs, count, name)
    return [table, _memory(bench, peaks, counts)]


def _race(bench: Bench, kaggle: Kaggle, count: int, latency: float, table: Table) -> Costs:
    crowd = Crowd(bench, kaggle, count)
    empty = crowd.database(f"crowd-{count}-empty")
    used: dict[str, Path] = {}

    def first(_: int) -> Usage:
        used["db"] = bench.fresh(empty, f"crowd-{count}")
        return crowd.sync(used["db"], JOBS)

    def changed(_: int) -> Usage:
        crowd.move()
        return crowd.sync(used["db"], JOBS)

    contenders: dict[str, Callable[[int], Usage]] = {
        "first": first,
        "changed": changed,
        "unchanged": lambda _: crowd.sync(used["db"], JOBS),
        SDK: lambda _: crowd.sdk_pool(JOBS),
    }
    at_most = {}
    if bench.peers.has("shell") and bench.peers.has("xargs"):
        contenders[CLI] = lambda _: crowd.cli_loop(CLI_AT_ONCE)
        if count > 50:
            at_most[CLI] = 1
            table.notes.append(f"The CLI's loop over {count} competitions ran once, since it takes a minute.")
    kaggle.latency(latency)
    return in_turns(bench.pairs, contenders, at_most)


def _add_row(bench: Bench, table: Table, costs: Costs, count: int, name: str) -> None:
    cpu, wall, peak = (costs.of(name, measure) for measure in ("cpu", "wall", "peak"))
    shown = f"kagsync, {name}" if name in KINDS else name
    cells = [str(count), shown, seconds(cpu), seconds(wall), megabytes(peak)]
    for kind in KINDS:
        for measure in ("cpu", "wall"):
            if name in KINDS:
                cells.append("")
                continue
            ratio = costs.ratio(kind, name, measure)
            bench.facts[f"competitions {count} {kind} {measure} : {name}"] = ratio.median
            cells.append(str(ratio))
    table.rows.append(cells)


def _memory(bench: Bench, peaks: dict[tuple[str, int], float], counts: tuple[int, ...]) -> Table:
    few, many = (counts[-2], counts[-1]) if bench.quick else (10, 200)
    table = Table("kagsync's memory with competitions", ["", str(few), str(many), "growth a competition"])
    for kind in KINDS:
        growth = (peaks[kind, many] - peaks[kind, few]) / (many - few)
        bench.facts[f"competitions memory {kind}"] = growth
        low, high = megabytes(peaks[kind, few]), megabytes(peaks[kind, many])
        table.rows.append([kind, low, high, f"{growth / 2**20:.3f} MB"])
    return table


def growth(bench: Bench) -> list[Table]:
    """How an unchanged tick's cost grows with the number of competitions, without latency."""
    counts = (5, 20) if bench.quick else (10, 100, 500, 1000, 2000)
    runs = 1 if bench.quick else 3
    table = Table(
        f"Unchanged tick with more and more competitions, no latency, median of {runs}",
        ["competitions", "CPU", "wall", "peak memory", "CPU a competition", "beyond the smaller number"],
        notes=["Boards of 1,744 rows, 20 people, the default of 4 jobs."],
    )
    before: tuple[int, float] | None = None
    with Kaggle() as kaggle:
        for count in counts:
            bench.say(f"growth: {count} competitions")
            crowd = Crowd(bench, kaggle, count)
            db = crowd.database(f"growth-{count}")
            crowd.sync(db, 4)
            costs = in_turns(runs, {"kagsync": lambda _, crowd=crowd, db=db: crowd.sync(db, 4)})  # type: ignore[misc]
            cpu, wall, peak = (costs.of("kagsync", measure) for measure in ("cpu", "wall", "peak"))
            more = seconds((cpu - before[1]) / (count - before[0])) if before else ""
            each = seconds(cpu / count)
            table.rows.append([f"{count:,}", seconds(cpu), seconds(wall), megabytes(peak), each, more])
            before = count, cpu
    return [table]
