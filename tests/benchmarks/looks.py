"""What it costs to look at a year of live boards: history, news, standings, doctor, the report."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kagsync.scoring.series import PERCENTILE, Part, Series
from kagsync.store import Store
from tests.benchmarks import year
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.tables import Table, megabytes, rounds, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Usage

_SLUG = "year-00"
_SERIES = "Year"  # of all competitions
HISTORY, NEWS, STANDINGS, DOCTOR, BARE_DOCTOR, REPORT, CHANGED, CHANGED_PAGES = (
    "history SLUG --format csv",
    "news --since 90d",
    "standings",
    "doctor",
    "doctor of an empty database",
    "report",
    "changed sync",
    "changed sync --report",
)


def _series(db: Path) -> None:
    """Makes a series of all competitions. It is not in the databases whose syncs are measured."""
    with Store.open(db, db.with_name(f"{db.name}-locks")) as store:
        parts = tuple(Part(each.id, each.slug) for each in store.competitions.all())
        store.series.save(Series(0, _SERIES, rule=PERCENTILE, best=max(len(parts) // 2, 1), parts=parts))


def looks(bench: Bench) -> list[Table]:
    """The table."""
    several, people, count = (3, 20, 200) if bench.quick else (year.COMPETITIONS, year.PEOPLE, year.BOARDS)
    many = several if bench.quick else 50
    bench.say(f"looks: a year of {several} competitions and {people} people")
    dbs = {name: bench.folder / f"year-{name}.db" for name in ("whole", "plain", "paged", "wide", "empty")}
    for name, size in {"whole": (several, people, count), "wide": (many, people, count // 4)}.items():
        year.build(dbs[name], *size)
    for name in ("plain", "paged"):
        bench.fresh(dbs["whole"], f"year-{name}")
    _series(dbs["whole"])
    year.build(dbs["empty"], 1, 1, 1)
    site = bench.folder / "year-site"
    bench.kagsync("report", "--output", site, db=dbs["paged"])

    def doctor(db: Path) -> Usage:  # which finds no schedule here, so that its exit code is 1
        command = ["/bin/sh", "-c", '"$0" -m kagsync doctor --db "$1" || true', sys.executable, db]
        return bench.spawner.run(command, bench.environment(credentials=False))

    def sync(db: Path, *options: str | Path) -> Usage:
        for page in site.glob("*.html"):
            os.utime(page)  # as if another run had written them just now
        board = year.next_board(db, _SLUG, bench.folder / "boards", 1)
        return bench.kagsync("sync", _SLUG, "--from", board, "-q", *options, db=db)

    contenders = {
        HISTORY: lambda _: bench.kagsync("history", _SLUG, "--format", "csv", db=dbs["whole"]),
        NEWS: lambda _: bench.kagsync("news", "--since", "90d", db=dbs["whole"]),
        STANDINGS: lambda _: bench.kagsync("standings", _SERIES, db=dbs["whole"]),
        DOCTOR: lambda _: doctor(dbs["whole"]),
        BARE_DOCTOR: lambda _: doctor(dbs["empty"]),
        REPORT: lambda _: bench.kagsync("report", "--output", bench.folder / "wide", db=dbs["wide"]),
        CHANGED: lambda _: sync(dbs["plain"]),
        CHANGED_PAGES: lambda _: sync(dbs["paged"], "--report", site),
    }
    costs = in_turns(bench.pairs, contenders)
    table = Table(
        f"Looks at a year of {several} competitions and {people} people, {rounds(bench.pairs)}",
        ["", "CPU", "wall", "peak memory"],
        notes=[f"The report is of {many} competitions with a quarter of the boards."],
    )
    for name in contenders:
        cpu, wall, peak = (costs.of(name, measure) for measure in ("cpu", "wall", "peak"))
        table.rows.append([name, seconds(cpu), seconds(wall), megabytes(peak)])
        bench.facts |= {f"looks {name} cpu": cpu, f"looks {name} wall": wall, f"looks {name} peak": peak}
    for what, more, less in (("database", DOCTOR, BARE_DOCTOR), ("pages", CHANGED_PAGES, CHANGED)):
        bench.facts[f"looks {what} cpu"] = costs.of(more, "cpu") - costs.of(less, "cpu")
    return [table]
