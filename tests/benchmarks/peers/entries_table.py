"""The entries that the frame libraries write, by the standard library's sqlite3: the same for all of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = """
CREATE TABLE users (username TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE entries (
    username TEXT PRIMARY KEY, rank INTEGER, score REAL, team_name TEXT, team_id INTEGER,
    submission_date TEXT, submission_count INTEGER, members TEXT
) WITHOUT ROWID;
"""

_UPSERT = """
INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (username) DO UPDATE SET rank = excluded.rank, score = excluded.score,
    team_name = excluded.team_name, team_id = excluded.team_id, submission_date = excluded.submission_date,
    submission_count = excluded.submission_count, members = excluded.members
"""


def users(database: str) -> list[str]:
    """The tracked usernames."""
    with closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("SELECT username FROM users")]


def save(database: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Upserts entries in one transaction."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(_UPSERT, rows)
