"""People who are known by their team, put straight into a database."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class ByTeam(NamedTuple):
    """A person with a team, and perhaps a username and a student id."""

    handle: str
    team: str | None
    student_id: str | None = None
    username: str | None = None


def track(db: Path, *people: ByTeam) -> None:
    """Tracks people."""
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        connection.executemany(
            "INSERT INTO users (handle, team, student_id, username, pseudonym, added_at) "
            "VALUES (?, ?, ?, ?, ?, '2025-10-01T00:00:00Z')",
            ((*person, f"Person {person.handle}") for person in people),
        )
