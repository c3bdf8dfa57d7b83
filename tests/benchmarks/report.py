"""What a report costs: a page with a year of history, beside `kagsync show` of the same competition."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

from tests.benchmarks import boards
from tests.benchmarks.bench import SLUG
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.tables import Table, megabytes, rounds, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.bench import Bench

_BOARDS = 800  # with changes, in the year
_YEAR = 365 * 86400


def report(bench: Bench) -> list[Table]:
    """The table."""
    table = Table(
        f"Report: a page with a year of {_BOARDS} boards",
        ["people", "page", "CPU", "wall", "peak memory", "CPU : kagsync show"],
    )
    for people in (20, 200):
        db = bench.kagsync_database(f"report-{people}", people)
        bench.kagsync("process", SLUG, bench.board_file(boards.make(1744, people), "report", 0), "-q", db=db)
        _add_a_year(db)
        site = bench.folder / f"report-{people}"
        bench.kagsync("report", "--output", site, db=db)  # compiled and in the cache from here on
        costs = in_turns(
            bench.pairs,
            {
                "report": lambda _, db=db, site=site: bench.kagsync("report", "--output", site, db=db),
                "show": lambda _, db=db: bench.kagsync("show", SLUG, db=db),
            },
        )
        found = costs.ratio("report", "show", "cpu")
        bench.facts[f"report {people} people cpu : show"] = found.median
        bench.facts[f"report {people} people page"] = size = (
            (site / f"competition-{SLUG}.html").stat().st_size
        )
        cpu, wall, peak = (costs.of("report", measure) for measure in ("cpu", "wall", "peak"))
        table.rows.append(
            [str(people), f"{size / 1024:.0f} KB", seconds(cpu), seconds(wall), megabytes(peak), str(found)]
        )
        table.notes = [f"{rounds(len(costs.rounds['report']))}."]
    return [table]


def _add_a_year(db: Path) -> None:
    """Gives everybody who is on the board a rank on each of the boards of a year."""
    chance = Random(0)
    with closing(sqlite3.connect(db)) as connection, connection:
        latest = connection.execute(
            "SELECT user_id, competition_id, moment, rank, score, team, submission_count FROM entry_history"
        ).fetchall()
        for user, competition, moment, rank, *others in latest:
            ranks = [max(1, rank + chance.randrange(-200, 200)) for _ in range(1, _BOARDS)]
            connection.executemany(
                "INSERT INTO entry_history (user_id, competition_id, moment, rank, score, team, "
                "submission_count) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (user, competition, moment - (number + 1) * _YEAR // _BOARDS, each, *others)
                    for number, each in enumerate(ranks)
                ],
            )
