"""Scheduled runs: what started the last ones, who is notified, and movements for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def unattended(db: Database) -> None:
    for statement in (
        # A row for each thing that starts runs, not for each run: it answers "does cron still call?".
        """
        CREATE TABLE triggers (
            name TEXT PRIMARY KEY,           -- cron, systemd, windows, hand …
            program TEXT NOT NULL,           -- which installation it called
            started_at TEXT NOT NULL,
            finished_at TEXT NOT NULL,
            exit_code INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE notify_targets (
            -- AUTOINCREMENT: who notes down a number must not remove another target with it later
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            url TEXT NOT NULL,               -- Apprise's, with its secrets
            competition_id INTEGER REFERENCES competitions(id) ON DELETE CASCADE,  -- NULL: all
            only TEXT,                       -- reasons, comma-separated; NULL: all
            "group" TEXT,                    -- NULL: everybody
            quiet_for INTEGER NOT NULL,      -- seconds between two messages, at least
            added_at TEXT NOT NULL,
            sent_at TEXT,                    -- the last message
            failures INTEGER NOT NULL DEFAULT 0,  -- in a row
            failed_at TEXT,
            error TEXT
        )
        """,
        # Up to which board a target knows what happened.
        """
        CREATE TABLE notify_cursors (
            target_id INTEGER NOT NULL REFERENCES notify_targets(id) ON DELETE CASCADE,
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            moment INTEGER NOT NULL,         -- seconds since 1970, UTC
            PRIMARY KEY (target_id, competition_id)
        ) WITHOUT ROWID
        """,
        # The changes of a standing beside the one before, the newest first.
        """
        CREATE VIEW latest_movements AS
        SELECT strftime('%Y-%m-%dT%H:%M:%SZ', moment, 'unixepoch') AS at, c.slug AS competition, u.username,
            u.name, previous_rank, rank, previous_rank - rank AS places, previous_score, m.score,
            t.name AS kaggle_team_name, m.team IS NOT NULL AS on_board
        FROM (
            SELECT *, lag(rank) OVER person AS previous_rank, lag(score) OVER person AS previous_score
            FROM entry_history
            WINDOW person AS (PARTITION BY user_id, competition_id ORDER BY moment)
        ) m
        JOIN competitions c ON c.id = m.competition_id
        JOIN users u ON u.id = m.user_id
        LEFT JOIN teams t ON t.id = m.team
        ORDER BY moment DESC, c.slug, rank IS NULL, rank, u.username
        """,
    ):
        db.execute(statement)
