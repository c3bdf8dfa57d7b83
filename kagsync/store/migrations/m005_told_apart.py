"""Which board a snapshot was of; what the monitor answered last, for `doctor`; labels of channels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def told_apart(db: Database) -> None:
    for statement in (
        # So that another board cannot take a snapshot's place unnoticed. NULL: an earlier version stored it.
        "ALTER TABLE snapshots ADD COLUMN sha256 TEXT",
        "ALTER TABLE snapshots ADD COLUMN file TEXT",  # the file it came from; NULL: Kaggle sent it
        # One row: only the last run's ping is of interest.
        """
        CREATE TABLE pings (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            at TEXT NOT NULL,                -- the last ping
            problem TEXT,                    -- NULL: the monitor accepted it
            failing_since TEXT,              -- the first of the failed pings in a row
            warned_of TEXT                   -- the problem that a warning was given of
        )
        """,
        # Random, not made from the URL, so that it says nothing about the secrets in it.
        "ALTER TABLE notify_targets ADD COLUMN label TEXT NOT NULL DEFAULT ''",
    ):
        db.execute(statement)
    for (url,) in db.execute("SELECT DISTINCT url FROM notify_targets").fetchall():
        db.execute("UPDATE notify_targets SET label = ? WHERE url = ?", (os.urandom(3).hex(), url))
