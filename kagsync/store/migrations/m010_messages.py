"""Digests and reminders: what a notification target wants, and what it was reminded of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def messages(db: Database) -> None:
    for statement in (
        "ALTER TABLE competitions ADD COLUMN merger_deadline TEXT",
        "ALTER TABLE competitions ADD COLUMN new_entrant_deadline TEXT",
        # A second group: the target is told who passed whom between the two, and nothing else.
        "ALTER TABLE notify_targets ADD COLUMN against TEXT",
        # Whether it is also told what only others did.
        "ALTER TABLE notify_targets ADD COLUMN tells_drift INTEGER NOT NULL DEFAULT 0",
        # daily@18:00, weekly@mon-09:00; NULL: no digest. The zone is the digest's; NULL: the machine's.
        "ALTER TABLE notify_targets ADD COLUMN digest TEXT",
        "ALTER TABLE notify_targets ADD COLUMN zone TEXT",
        # Whether a digest is sent even if nobody moved.
        "ALTER TABLE notify_targets ADD COLUMN sends_empty INTEGER NOT NULL DEFAULT 0",
        # Up to when the last digest told everything.
        "ALTER TABLE notify_targets ADD COLUMN digest_until TEXT",
        # Seconds before a deadline: 604800,86400.
        "ALTER TABLE notify_targets ADD COLUMN remind TEXT",
        # A deadline that was moved is another one.
        """
        CREATE TABLE reminders (
            target_id INTEGER NOT NULL REFERENCES notify_targets(id) ON DELETE CASCADE,
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            deadline TEXT NOT NULL,          -- deadline, merger_deadline or new_entrant_deadline
            ends_at TEXT NOT NULL,
            before INTEGER NOT NULL,         -- seconds before the deadline
            PRIMARY KEY (target_id, competition_id, deadline, ends_at, before)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX reminders_competition ON reminders (competition_id)",
    ):
        db.execute(statement)
