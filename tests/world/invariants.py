"""What must hold in every database at every moment, whatever was killed; and how a disk breaks it."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from typing import TYPE_CHECKING

from kagsync.standings import ranks
from kagsync.standings.which import PUBLIC

if TYPE_CHECKING:
    from pathlib import Path

_STANDING = "rank, score, kaggle_team_name, team_id, members, submission_count"


def check(db: Path) -> None:
    """Asserts that a database is sound.

    SQLite's own check passes; foreign keys hold; replaying the history of each of the two boards gives its
    entries; no two neighbours in a history are the same; the ranks of all teams agree with the entries; a
    competition has a private board exactly if it says since when; the counts of every run add up.
    """
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        _check_history(connection, "history", "leaderboard")
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'private_boards'").fetchone():
            _check_history(connection, "private_history", "private_leaderboard")
            _check_private(connection)
            _check_ranks(connection)
        assert (
            connection.execute(
                'SELECT * FROM sync_runs WHERE error_code IS NULL AND created + updated + skipped <> "rows"'
            ).fetchall()
            == []
        )


def _check_history(connection: sqlite3.Connection, history: str, leaderboard: str) -> None:
    # Before schema 9, everybody had a username.
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({history})")}
    who = "handle" if "handle" in columns else "username"
    replayed = connection.execute(
        f"""
        SELECT competition, {who}, on_board, {_STANDING} FROM {history} h
        WHERE at = (SELECT max(at) FROM {history} i
            WHERE i.competition = h.competition AND i.{who} = h.{who})
        """
    ).fetchall()
    entries = connection.execute(
        f"SELECT competition, {who}, left_at IS NULL, {_STANDING} FROM {leaderboard}"
    ).fetchall()
    assert _standings(replayed) == _standings(entries)
    histories: dict[tuple[str, str], list[tuple[object, ...]]] = {}
    for competition, handle, *state in connection.execute(
        f"SELECT competition, {who}, {_STANDING} FROM {history} ORDER BY competition, {who}, at"
    ):
        histories.setdefault((competition, handle), []).append(tuple(state))
    for person, states in histories.items():
        assert all(one != other for one, other in itertools.pairwise(states)), person
        assert states[0][2] is not None, f"{person} begins by leaving"


def _check_private(connection: sqlite3.Connection) -> None:
    """The private board that is applied is the newest one; without one, nothing is kept of any."""
    applied = connection.execute(
        "SELECT competition_id, CAST(strftime('%s', snapshot_at) AS INTEGER), row_count, team_count "
        "FROM private_boards WHERE snapshot_at IS NOT NULL ORDER BY 1"
    ).fetchall()
    newest = connection.execute(
        "SELECT competition_id, moment, row_count, team_count FROM private_snapshots s WHERE moment = "
        "(SELECT max(moment) FROM private_snapshots t WHERE t.competition_id = s.competition_id) ORDER BY 1"
    ).fetchall()
    assert applied == newest
    keys = [row[0] for row in applied]
    since = connection.execute("SELECT id FROM competitions WHERE result_since IS NOT NULL ORDER BY 1")
    assert [row[0] for row in since] == keys
    for table in (
        *("private_entries", "private_entry_history", "private_benchmarks", "private_medal_lines"),
        "private_deleted_accounts",
    ):
        found = {row[0] for row in connection.execute(f"SELECT DISTINCT competition_id FROM {table}")}
        assert found <= set(keys), table


def _check_ranks(connection: sqlite3.Connection) -> None:
    """Everybody on a board has the rank that is stored for the team. Archived people keep an older one."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(users)")}
    archived = (
        "SELECT id FROM users WHERE archived_at IS NOT NULL" if "archived_at" in columns else "SELECT 0"
    )
    for key, board, packed in connection.execute("SELECT competition_id, board, packed FROM board_ranks"):
        entries = "leaderboard_entries" if board == PUBLIC else "private_entries"
        found = ranks.unpack(packed)
        for team, rank in connection.execute(
            f"SELECT team_id, rank FROM {entries} WHERE competition_id = ? AND left_at IS NULL "
            f"AND team_id IS NOT NULL AND rank IS NOT NULL AND user_id NOT IN ({archived})",
            (key,),
        ):
            assert found.get(team) == rank, (board, team)


def damage(db: Path) -> None:
    """Overwrites pages in the middle, as a failing disk does."""
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with db.open("r+b") as file:
        for page in range(3, db.stat().st_size // 4096, 2):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)


def _standings(rows: list[tuple[object, ...]]) -> dict[tuple[object, object], object]:
    """Who stands how; of those off the board only that they are, for their last standing is before that."""
    return {(row[0], row[1]): tuple(row[3:]) if row[2] else None for row in rows}
