"""Processing alone: a board on disk becomes entries in SQLite. From 1,744 rows to a million."""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks import boards
from tests.benchmarks.bench import JOIN, SLUG
from tests.benchmarks.measuring import Broken, in_turns, ratio_of
from tests.benchmarks.peers import HERE
from tests.benchmarks.tables import COST_COLUMNS, Table, cost_cells, rounds, seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Costs, Usage

SIZES = ((1744, 20), (10_000, 1_000), (100_000, 10_000), (1_000_000, 100_000))
DJANGO, DJANGO_AT_ONCE = "Django row by row", "the same in one transaction"
SQLITE_UTILS, SHELL = "sqlite-utils upsert + join", "sqlite3 shell .import + join"
FRAMES = {"polars": "polars", "duckdb": "duckdb", "pandas": "plain pandas"}

# What all must agree on. A score is compared to nine digits: SQLite may read a decimal one unit off.
_DJANGO_ENTRIES = (
    "SELECT kaggle_username, rank, score, team_id, kaggle_team_name, submission_count "
    "FROM old_pipeline_leaderboardentry JOIN old_pipeline_user u ON u.id = user_id"
)
_ENTRIES = {
    "kagsync": "SELECT username, rank, score, team_id, kaggle_team_name, submission_count "
    "FROM leaderboard_entries JOIN users ON users.id = user_id WHERE left_at IS NULL",
    DJANGO: _DJANGO_ENTRIES,
    DJANGO_AT_ONCE: _DJANGO_ENTRIES,
}
_PLAIN_ENTRIES = "SELECT username, rank, score, team_id, team_name, submission_count FROM entries"


@dataclass
class _Contender:
    """Someone who processes boards: an empty database, and how to run it on a database and a CSV."""

    empty: Path
    run: Callable[[Path, Path], Usage]


def processing(bench: Bench) -> list[Table]:
    """A table for each size and board, one of the time inside a process, and one of the growth with rows."""
    tables: list[Table] = []
    inside = Table(
        "Processing without imports and start-up, changed board",
        [
            *("rows / people", "kagsync", "kagsync's time a row"),
            *("Django row by row", "Django : kagsync", "in one transaction", "Django : kagsync"),
        ],
        notes=[
            "kagsync: process_file() in a process that has brought in a board before. Django: reading and "
            "the row loop, timed inside its process; by default each entry is a transaction of its own.",
        ],
    )
    growth = Table(
        "kagsync's cost with rows, changed board, whole process",
        ["rows / people", "CPU", "CPU a row", "CPU a row beyond the smaller size", "peak memory"],
    )
    before: tuple[int, float] | None = None
    for rows, tracked in SIZES[: 2 if bench.quick else 4]:
        size = _Size(bench, rows, tracked)
        tables += size.tables()
        inside.rows.append(size.inside_row())
        cpu, peak = (size.changed.of("kagsync", measure) for measure in ("cpu", "peak"))
        more = seconds((cpu - before[1]) / (rows - before[0])) if before else ""
        growth.rows.append([size.name, seconds(cpu), seconds(cpu / rows), more, f"{peak / 2**20:.0f} MB"])
        before = rows, cpu
    return [*tables, inside, growth]


class _Size:
    """The race at one size."""

    def __init__(self, bench: Bench, rows: int, tracked: int) -> None:
        self._bench, self._rows, self._tracked = bench, rows, tracked
        self.name = f"{rows:,} / {tracked:,}"
        self._label = f"{rows}"
        bench.say(f"processing: {self.name}")
        board = boards.make(rows, tracked)
        self._boards = [bench.board_file(board, self._label, 0)]
        for number in range(1, 2 if rows > 10_000 else 6):
            board = boards.moved(board, rows // 20, tracked, seed=number)
            self._boards.append(bench.board_file(board, self._label, number))
        self._inside: dict[int, float] = {}
        self.changed: Costs

    def tables(self) -> list[Table]:
        bench = self._bench
        contenders = self._contenders()
        used: dict[str, Path] = {}

        def on_first(name: str) -> Callable[[int], Usage]:
            def run(number: int) -> Usage:
                contender = contenders[name]
                used[name] = bench.fresh(contender.empty, f"{self._label}-{list(contenders).index(name)}")
                return contender.run(used[name], self._boards[0])

            return run

        def on_second(name: str) -> Callable[[int], Usage]:
            return lambda _: contenders[name].run(used[name], self._boards[1])

        few = self._at_most()
        if self._rows < 10_000 and not bench.quick:
            for contender in contenders.values():  # compiled and in the cache from here on
                contender.run(bench.fresh(contender.empty, "warm-up"), self._boards[0])
        runs: dict[str, Callable[[int], Usage]] = {}
        for name in contenders:
            runs |= {f"first {name}": on_first(name), f"changed {name}": on_second(name)}
        runs["inside"] = self._run_inside
        limits = {f"{which} {name}": few[name] for which in ("first", "changed") for name in few}
        both = in_turns(bench.pairs, runs, limits)
        self._agree({name: used[name] for name in contenders})
        tables = []
        for which in ("first", "changed"):
            costs = type(both)({name: both.rounds[f"{which} {name}"] for name in contenders})
            tables.append(self._table(which, costs, few))
        self.changed = costs
        self._django = {
            name: {number: json.loads(usage.out)["seconds"] for number, usage in rounds_of.items()}
            for name in (DJANGO, DJANGO_AT_ONCE)
            if (rounds_of := both.rounds.get(f"changed {name}"))
        }
        for path in {*used.values(), *(contender.empty for contender in contenders.values())}:
            path.unlink(missing_ok=True)
        return tables

    def inside_row(self) -> list[str]:
        """The times inside a process: ours and Django's, and their ratio in the rounds that had both."""
        ours = statistics.median(self._inside.values())
        self._bench.facts[f"inside {self._rows} seconds"] = ours
        cells = [self.name, seconds(ours), seconds(ours / self._rows)]
        for name in (DJANGO, DJANGO_AT_ONCE):
            took = self._django.get(name)
            if took is None:
                cells += ["left out", ""]
                continue
            found = ratio_of([theirs / self._inside[number] for number, theirs in took.items()])
            self._bench.facts[f"inside {self._rows} : {name}"] = found.median
            spread = "" if len(took) == 1 else f" ({found.low:.0f}–{found.high:.0f})"
            cells += [seconds(statistics.median(took.values())), f"{found.median:.0f}{spread}"]
        return cells

    def _contenders(self) -> dict[str, _Contender]:
        bench, tracked, label = self._bench, self._tracked, self._label
        found = {
            "kagsync": _Contender(
                bench.kagsync_database(f"{label}-kagsync-empty", tracked),
                lambda db, csv: bench.kagsync("process", SLUG, csv, "-q", db=db),
            )
        }
        empty = bench.peer_database(f"{label}-peer-empty", tracked)
        if bench.peers.has("django") and self._rows <= (1744 if bench.quick else 100_000):
            django = bench.django_database(f"{label}-django-empty", tracked)
            found[DJANGO] = _Contender(django, lambda db, csv: bench.django(db, "process", SLUG, csv))
            found[DJANGO_AT_ONCE] = _Contender(
                django, lambda db, csv: bench.django(db, "process-at-once", SLUG, csv)
            )
        if bench.peers.has("shell") and not (bench.quick and self._rows > 1744):
            found[SQLITE_UTILS] = _Contender(
                empty, lambda db, csv: bench.shell("sqlite_utils.sh", db, csv, JOIN)
            )
        if bench.peers.has("sqlite3"):
            found[SHELL] = _Contender(empty, lambda db, csv: bench.shell("sqlite_shell.sh", db, csv, JOIN))
        if bench.peers.has("frames"):
            for library, name in FRAMES.items():
                found[name] = _Contender(
                    empty,
                    lambda db, csv, library=library: bench.frame(library, db, csv),  # type: ignore[misc]
                )
        return found

    def _at_most(self) -> dict[str, int]:
        """Who takes minutes takes part once."""
        if self._rows >= 1_000_000:
            return {SQLITE_UTILS: 1}
        return {DJANGO: 1, DJANGO_AT_ONCE: 1} if self._rows >= 100_000 else {}

    def _run_inside(self, number: int) -> Usage:
        bench = self._bench
        db = bench.fresh(bench.folder / f"{self._label}-kagsync-empty.db", f"{self._label}-inside")
        script = HERE / "kagsync_inside.py"
        command: list[str | Path] = [sys.executable, script, db, bench.folder / "temp", SLUG, *self._boards]
        usage = bench.spawner.run(command, bench.environment())
        self._inside[number] = statistics.median(took["wall"] for took in json.loads(usage.out))
        return usage

    def _table(self, which: str, costs: Costs, few: dict[str, int]) -> Table:
        title = f"Processing alone, {which} board: {self._rows:,} rows, {self._tracked:,} people"
        table = Table(f"{title}, {rounds(self._bench.pairs)}", ["", *COST_COLUMNS])
        for name in costs.rounds:
            table.rows.append([name, *cost_cells(costs, name)])
            if name != "kagsync":
                for measure in ("cpu", "wall"):
                    ratio = costs.ratio("kagsync", name, measure).median
                    self._bench.facts[f"processing {self._rows} {which} {measure} : {name}"] = ratio
        self._bench.facts[f"processing {self._rows} {which} peak"] = costs.of("kagsync", "peak")
        if once := [name for name in few if name in costs.rounds]:
            table.notes.append(f"One run only, since it takes minutes: {'; '.join(once)}.")
        everybody = [DJANGO, DJANGO_AT_ONCE, SQLITE_UTILS, SHELL, *FRAMES.values()]
        if left_out := [name for name in everybody if name not in costs.rounds]:
            table.notes.append(f"Left out: {'; '.join(left_out)}.")
        if self._bench.quick and self._rows > 1744:
            table.notes.append("In --quick the slowest run on the smallest board only.")
        elif self._rows >= 1_000_000:
            table.notes.append("Django row by row is not tried with a million rows.")
        return table

    def _agree(self, databases: dict[str, Path]) -> None:
        """All have the same entries at the end, or the race means nothing."""
        expected = None
        for name, path in databases.items():
            with closing(sqlite3.connect(path)) as connection:
                rows = connection.execute(_ENTRIES.get(name, _PLAIN_ENTRIES)).fetchall()
            found = {(user, rank, round(score, 9), *rest) for user, rank, score, *rest in rows}
            if len(found) != len(rows):
                raise Broken(f"{name} has entries twice")
            if expected is None:
                expected = found
            elif found != expected:
                odd = sorted(found ^ expected)[:3]
                raise Broken(
                    f"{name} has {len(found):,} entries, kagsync {len(expected):,}; differing: {odd}"
                )
