"""What must hold in every database at every moment, whatever was killed; and how a disk breaks it."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STANDING = "rank, score, kaggle_team_name, team_id, members, submission_count"


def check(db: Path) -> None:
    """Asserts that a database is sound.

    SQLite's own check passes; foreign keys hold; replaying `entry_history` gives `leaderboard_entries`;
    no two neighbours in a history are the same; the counts of every run add up.
    """
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        replayed = connection.execute(
            f"""
            SELECT competition, username, on_board, {_STANDING} FROM history h
            WHERE at = (SELECT max(at) FROM history i
                WHERE i.competition = h.competition AND i.username = h.username)
            """
        ).fetchall()
        entries = connection.execute(
            f"SELECT competition, username, left_at IS NULL, {_STANDING} FROM leaderboard"
        ).fetchall()
        assert _standings(replayed) == _standings(entries)
        histories: dict[tuple[str, str], list[tuple[object, ...]]] = {}
        for competition, username, *state in connection.execute(
            f"SELECT competition, username, {_STANDING} FROM history ORDER BY competition, username, at"
        ):
            histories.setdefault((competition, username), []).append(tuple(state))
        for person, states in histories.items():
            assert all(one != other for one, other in itertools.pairwise(states)), person
            assert states[0][2] is not None, f"{person} begins by leaving"
        assert (
            connection.execute(
                'SELECT * FROM sync_runs WHERE error_code IS NULL AND created + updated + skipped <> "rows"'
            ).fetchall()
            == []
        )


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
