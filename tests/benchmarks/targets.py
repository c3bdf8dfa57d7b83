"""What kagsync wants to cost, and what was measured: printed, never judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.bench import BEFORE
from tests.benchmarks.competitions import CLI as CLI_LOOP
from tests.benchmarks.competitions import KINDS, SDK
from tests.benchmarks.looks import HISTORY, NEWS, REPORT, STANDINGS
from tests.benchmarks.processing import DJANGO, SHELL
from tests.benchmarks.tables import Table
from tests.benchmarks.tick import CLI, OLD

if TYPE_CHECKING:
    from collections.abc import Mapping

_MB = 2**20


@dataclass(frozen=True)
class _Target:
    what: str
    fact: str
    limit: float
    unit: float = 1
    suffix: str = ""
    at_least: bool = False

    def row(self, facts: Mapping[str, float]) -> list[str]:
        wanted = f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.suffix}"
        if self.fact not in facts:
            return [self.what, wanted, "not measured", ""]
        value = facts[self.fact] / self.unit
        met = value >= self.limit if self.at_least else value <= self.limit
        return [self.what, wanted, f"{value:.3g}{self.suffix}", "met" if met else "MISSED"]


TARGETS = (
    _Target("unchanged tick, CPU : the kaggle CLI's download", f"tick unchanged cpu : {CLI}", 0.62),
    _Target("unchanged tick, peak memory", "tick unchanged peak", 40, _MB, " MB"),
    _Target("changed tick, CPU : the kaggle CLI's download", f"tick changed cpu : {CLI}", 0.65),
    _Target("changed tick, CPU : the old pipeline's tick", f"tick changed cpu : {OLD}", 0.35),
    _Target("changed tick, peak memory", "tick changed peak", 42, _MB, " MB"),
    _Target("kagsync --help, CPU : kaggle --help", "startup kagsync --help", 0.3),
    _Target("kagsync show of 20 people, CPU : kaggle --help", "startup kagsync show SLUG, 20 people", 0.4),
    _Target("https, 20 changed, CPU : kagsync before", f"https 20 changed cpu : {BEFORE}, changed", 0.75),
    _Target("processing inside, 1,744 rows", "inside 1744 seconds", 10, 0.001, " ms"),
    *(
        _Target(
            f"processing inside, {rows:,} rows, Django : kagsync",
            f"inside {rows} : {DJANGO}",
            at_least=True,
            limit=limit,
        )
        for rows, limit in ((1744, 70), (100_000, 150))
    ),
    _Target(
        "1,000,000 rows, first, wall : the sqlite3 shell", f"processing 1000000 first wall : {SHELL}", 0.75
    ),
    _Target(
        "1,000,000 rows, changed, wall : the sqlite3 shell",
        f"processing 1000000 changed wall : {SHELL}",
        0.75,
    ),
    _Target("1,000,000 rows, first, peak memory", "processing 1000000 first peak", 220, _MB, " MB"),
    _Target("1,000,000 rows, changed, peak memory", "processing 1000000 changed peak", 220, _MB, " MB"),
    *(
        _Target(f"200 competitions, {kind}, wall : SDK pool", f"competitions 200 {kind} wall : {SDK}", 1.25)
        for kind in KINDS
    ),
    *(
        _Target(f"200 competitions, {kind}, CPU : CLI loop", f"competitions 200 {kind} cpu : {CLI_LOOP}", 0.1)
        for kind in KINDS
    ),
    *(
        _Target(f"memory a competition, {kind}", f"competitions memory {kind}", 0.3, _MB, " MB")
        for kind in KINDS
    ),
    _Target("entry rows written for a board without news of ours", "storage rows for nothing", 0),
    *(
        _Target(f"history, bytes a change, {people} people", f"storage bytes a change {people}", 50)
        for people in (20, 200)
    ),
    _Target("a report of 200 people and a year, CPU : kagsync show", "report 200 people cpu : show", 1.75),
    _Target("history of a year and 200 people, peak memory", f"looks {HISTORY} peak", 80, _MB, " MB"),
    _Target("news of 90 days, 20 × 200, CPU", f"looks {NEWS} cpu", 5, 1, " s"),
    _Target("standings of a series of 20 × 200, wall", f"looks {STANDINGS} wall", 0.5, 1, " s"),
    _Target("doctor, CPU more than without the year's database", "looks database cpu", 0.5, 1, " s"),
    _Target("report of 50 × 200, CPU", f"looks {REPORT} cpu", 4, 1, " s"),
    _Target("sync --report, CPU more than without the report", "looks pages cpu", 200, 0.001, " ms"),
    _Target("thinning, CPU of a step, 6 boards a day", "thinning 2370 step", 50, 0.001, " ms"),
    _Target("a year of one person out of 10 million rows", "storage year query", 1, 0.001, " ms"),
)


def targets(facts: Mapping[str, float]) -> Table:
    """The last table."""
    rows = [target.row(facts) for target in TARGETS]
    note = (
        "Linear growth has tables of its own. A figure near its limit may fall on either side in another run."
    )
    return Table("Targets", ["target", "wanted", "measured", ""], rows, [note])
