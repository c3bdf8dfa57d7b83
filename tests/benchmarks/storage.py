"""What is written: bytes a change, nothing for nothing, and a year of one person out of ten million rows."""

from __future__ import annotations

import sqlite3
import statistics
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

from tests.benchmarks import boards
from tests.benchmarks.bench import SLUG
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.peers import HERE
from tests.benchmarks.tables import Table, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.bench import Bench

_ROWS = 1744


def storage(bench: Bench) -> list[Table]:
    """The tables."""
    tables = [_bytes_a_change(bench), _nothing_for_nothing(bench)]
    if bench.quick:
        tables[-1].notes.append("Left out in --quick: a year of one person out of ten million rows.")
    else:
        tables.append(_ten_million(bench))
    return tables


def _bytes_a_change(bench: Bench) -> Table:
    count = 10 if bench.quick else 300
    table = Table(
        f"History: what {count} changed boards of {_ROWS:,} rows add to the file",
        ["people", "changes", "file grew by", "bytes a change", "of which history"],
        notes=[
            "History: the tables entry_history, teams and snapshots with their indexes, by SQLite's dbstat; "
            "“–” where this SQLite lacks it. The rest is the log of runs (sync_runs): a row for each board, "
            "which the people share and which goes after 30 days.",
        ],
    )
    for tracked in (20,) if bench.quick else (20, 200):
        bench.say(f"storage: {count} boards, {tracked} people")
        board = boards.make(_ROWS, tracked)
        files = [bench.board_file(board, f"storage-{tracked}", 0)]
        for number in range(1, count + 1):
            board = boards.moved(board, 30, tracked, seed=number)
            files.append(bench.board_file(board, f"storage-{tracked}", number))
        db = bench.kagsync_database(f"storage-{tracked}", tracked)
        _process(bench, db, files[:1])
        before = _measure(db)
        _process(bench, db, files[1:])
        after = _measure(db)
        changes, size, own = (b - a for a, b in zip(before, after, strict=True))
        own_part = f"{own / changes:.1f}" if own else "–"
        table.rows.append([str(tracked), f"{changes:,}", f"{size:,} B", f"{size / changes:.1f}", own_part])
        if own:
            bench.facts[f"storage bytes a change {tracked}"] = own / changes
    return table


def _measure(db: Path) -> tuple[int, int, int]:
    """Rows of the history, bytes of the file, bytes of the history's tables (0: not known)."""
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (rows,) = connection.execute("SELECT count(*) FROM entry_history").fetchone()
        try:
            told = connection.execute(
                "SELECT sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) "
                "WHERE tbl_name IN ('entry_history', 'teams', 'snapshots')"
            ).fetchone()
        except sqlite3.OperationalError:
            told = (0,)
    return rows, db.stat().st_size, told[0] or 0


def _process(bench: Bench, db: Path, files: list[Path]) -> None:
    script = HERE / "kagsync_inside.py"
    bench.spawner.run([sys.executable, script, db, bench.folder / "temp", SLUG, *files], bench.environment())


def _nothing_for_nothing(bench: Bench) -> Table:
    """Counts what is really written by triggers, which also see a row replaced by the same row."""
    bench.say("storage: nothing for nothing")
    board = boards.make(_ROWS, 20)
    db = bench.kagsync_database("storage-nothing", 20)
    _process(bench, db, [bench.board_file(board, "storage-nothing", 0)])
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("CREATE TABLE written (name TEXT)")
        for table in ("leaderboard_entries", "entry_history"):
            for event in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(
                    f"CREATE TRIGGER written_{table}_{event} AFTER {event} ON {table} "
                    f"BEGIN INSERT INTO written VALUES ('{table}'); END"
                )
    result = Table("What is written", ["changed board", "leaderboard_entries", "entry_history"])
    others = boards.busy_with_others(board, 20)
    ours = boards.moved(others, 0, 20, ours=1, seed=1)
    for number, (what, changed) in enumerate((("only others", others), ("one of ours improved", ours)), 1):
        with closing(sqlite3.connect(db)) as connection, connection:
            connection.execute("DELETE FROM written")
        _process(bench, db, [bench.board_file(changed, "storage-nothing", number)])
        with closing(sqlite3.connect(db)) as connection:
            counted = dict(connection.execute("SELECT name, count(*) FROM written GROUP BY name"))
        written = [counted.get(name, 0) for name in ("leaderboard_entries", "entry_history")]
        result.rows.append([what, *(f"{rows} rows written" for rows in written)])
        if what == "only others":
            bench.facts["storage rows for nothing"] = sum(written)
    result.notes.append(
        "In the first, every other team submitted again, to no avail; in the second, ranks of ours moved."
    )
    return result


_PEOPLE, _COMPETITIONS, _CHANGES = 200, 50, 1000
_YEAR = 365 * 86400


def _ten_million(bench: Bench) -> Table:
    """The rows are put into a database that kagsync made, in the order of the table's key."""
    bench.say("storage: ten million rows of history")
    slugs = [SLUG, *(f"cup-{number:04}" for number in range(1, _COMPETITIONS))]
    db = bench.kagsync_database("storage-year", _PEOPLE, slugs)
    newest = bench.board_file(boards.make(_ROWS, _PEOPLE), "storage-year", 0)
    _process(bench, db, [newest])
    with closing(sqlite3.connect(db)) as connection, connection:
        (end,) = connection.execute("SELECT max(moment) FROM snapshots").fetchone()
        connection.execute("DELETE FROM entry_history")
        step = _YEAR // _CHANGES
        connection.execute(
            f"""
            WITH RECURSIVE step(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM step WHERE k < {_CHANGES} - 1)
            INSERT INTO entry_history (user_id, competition_id, moment, rank, score, team, submission_count)
            SELECT users.id, competitions.id, {end} - ({_CHANGES} - 1 - k) * {step} - users.id % 60,
                1 + (k * 37 + users.id) % 1743, printf('0.%05d', 50000 + k * 30), 1 + users.id % 100,
                1 + k / 10
            FROM users CROSS JOIN competitions CROSS JOIN step
            """
        )
        connection.execute(
            f"""
            WITH RECURSIVE step(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM step WHERE k < {_CHANGES} - 1)
            INSERT OR IGNORE INTO snapshots (competition_id, moment, row_count, team_count, last_user_id)
            SELECT competitions.id, {end} - k * {step}, 1744, 1743, (SELECT max(id) FROM users)
            FROM competitions CROSS JOIN step
            """
        )
    with closing(sqlite3.connect(db)) as connection:
        (total,) = connection.execute("SELECT count(*) FROM entry_history").fetchone()
        people = connection.execute("SELECT id FROM users ORDER BY id").fetchall()
        (competition,) = connection.execute("SELECT id FROM competitions WHERE slug = ?", (SLUG,)).fetchone()
        took = []
        for (person,) in people:
            began = time.perf_counter()
            found = connection.execute(
                "SELECT moment, rank FROM entry_history "
                "WHERE user_id = ? AND competition_id = ? AND moment > ?",
                (person, competition, end - _YEAR),
            ).fetchall()
            took.append(time.perf_counter() - began)
        assert len(found) > _CHANGES * 0.9
    query = statistics.median(took)
    bench.facts["storage year query"] = query
    username = boards.people(_PEOPLE)[17]
    command = ("history", SLUG, username, "--format", "csv")
    costs = in_turns(
        bench.pairs,
        {
            "history": lambda _: bench.kagsync(*command, db=db),
            "start": lambda _: bench.kagsync("--version", db=db),
        },
    )
    cpu, wall = costs.of("history", "cpu"), costs.of("history", "wall")
    table = Table(
        f"A year of one person's rank in one competition, {_CHANGES:,} changes out of {total:,} rows",
        ["", "CPU", "wall"],
        [
            [
                f"the query, median of {len(took)} people",
                "",
                f"{query * 1000:.2f} ms ({max(took) * 1000:.2f} at most)",
            ],
            ["kagsync history SLUG USER --format csv", seconds(cpu), seconds(wall)],
            ["kagsync --version", seconds(costs.of("start", "cpu")), seconds(costs.of("start", "wall"))],
        ],
        [f"The file has {db.stat().st_size / 2**20:,.0f} MB, {db.stat().st_size / total:.0f} bytes a row."],
    )
    db.unlink()
    return table
