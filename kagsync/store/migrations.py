"""The database's schema as numbered migrations: append only, each with its reason.

Applied by sqlite-utils, each in its own transaction together with `PRAGMA user_version`, so that a plain
`sqlite3` connection can see whether there is anything to do without importing sqlite-utils (0.4 s).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

APPLICATION_ID = 0x6B616773  # "kags": marks a database as kagsync's


def _initial(db: Database) -> None:
    """The tables of version 0.1."""
    for statement in (
        """
        CREATE TABLE competitions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            slug TEXT NOT NULL UNIQUE COLLATE NOCASE,
            title TEXT,
            kaggle_competition_id TEXT,      -- NULL: not linked to Kaggle
            active INTEGER NOT NULL DEFAULT 1,
            higher_is_better INTEGER,        -- NULL: not given; only old boards, which have no rank, need it
            deadline TEXT,
            metric TEXT,
            added_at TEXT NOT NULL,
            tried_at TEXT,                   -- the last sync, good or bad: the longest ago goes first
            synced_at TEXT,                  -- the last good sync
            snapshot_at TEXT,                -- of the board that is applied
            row_count INTEGER,               -- of that board, as are the next two
            team_count INTEGER,
            fingerprint TEXT                 -- board, roster and rules: the same means nothing to do
        )
        """,
        """
        CREATE TABLE users (
            -- AUTOINCREMENT: an id is never given again, so the highest one of a snapshot (see snapshots)
            -- tells for ever who was tracked at the time
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            username TEXT NOT NULL UNIQUE COLLATE NOCASE,
            name TEXT,
            "group" TEXT,
            added_at TEXT NOT NULL
        )
        """,
        # One row: raised by triggers, so that every change of the roster is noticed.
        "CREATE TABLE roster (version INTEGER NOT NULL)",
        "INSERT INTO roster VALUES (0)",
        *(
            f"CREATE TRIGGER roster_{event} AFTER {event} {column}ON users "  # noqa: S608
            "BEGIN UPDATE roster SET version = version + 1; END"
            for event, column in (("INSERT", ""), ("DELETE", ""), ("UPDATE", "OF username "))
        ),
        """
        CREATE TABLE leaderboard_entries (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            rank INTEGER,
            score REAL,
            score_text TEXT,                 -- as Kaggle prints it
            kaggle_team_name TEXT NOT NULL,
            team_id INTEGER,
            members TEXT NOT NULL,           -- usernames, comma-separated
            submission_date TEXT,
            submission_count INTEGER,
            matched_by TEXT NOT NULL,        -- username or team_name
            first_seen_at TEXT NOT NULL,
            last_seen_at TEXT,               -- NULL while on the board: then it is the snapshot's time
            left_at TEXT,                    -- the first snapshot without this user; NULL: on the board
            PRIMARY KEY (competition_id, user_id)
        )
        """,
        "CREATE INDEX leaderboard_entries_user ON leaderboard_entries (user_id)",
        # What a team was like, once; a change of standing then takes some 30 bytes instead of 100.
        """
        CREATE TABLE teams (
            id INTEGER PRIMARY KEY,
            team_id INTEGER,
            name TEXT NOT NULL,
            members TEXT NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX teams_content ON teams (name, members, coalesce(team_id, -1))",
        """
        CREATE TABLE entry_history (
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            moment INTEGER NOT NULL,         -- of the snapshot, in seconds since 1970, UTC
            rank INTEGER,
            score TEXT,                      -- as Kaggle prints it
            team INTEGER REFERENCES teams(id),  -- NULL: not on the board
            submission_count INTEGER,
            PRIMARY KEY (user_id, competition_id, moment)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE snapshots (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            moment INTEGER NOT NULL,
            unchanged INTEGER NOT NULL DEFAULT 0,  -- the same as the snapshot before
            row_count INTEGER NOT NULL,
            team_count INTEGER NOT NULL,
            last_user_id INTEGER NOT NULL,   -- users up to this one were looked for
            PRIMARY KEY (competition_id, moment)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE benchmarks (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            score REAL,
            score_text TEXT
        )
        """,
        "CREATE INDEX benchmarks_competition ON benchmarks (competition_id)",
        """
        CREATE TABLE sync_runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,               -- the same for all competitions of one run
            competition_id INTEGER REFERENCES competitions(id) ON DELETE SET NULL,
            slug TEXT NOT NULL,
            source TEXT NOT NULL,            -- kaggle or file
            status TEXT NOT NULL,            -- ok, unchanged, older or error
            started_at TEXT NOT NULL,
            finished_at TEXT NOT NULL,
            snapshot_at TEXT,
            sha256 TEXT,
            "rows" INTEGER,
            created INTEGER,
            updated INTEGER,
            skipped INTEGER,
            changed INTEGER,
            error_code TEXT,
            error_message TEXT
        )
        """,
        "CREATE INDEX sync_runs_competition ON sync_runs (competition_id)",
        # For those who look with their own tools.
        """
        CREATE VIEW leaderboard AS
        SELECT c.slug AS competition, u.username, u.name, u."group", e.rank, c.team_count AS teams,
            e.score, e.score_text, e.kaggle_team_name, e.team_id, e.members, e.submission_date,
            e.submission_count, e.matched_by, e.first_seen_at,
            coalesce(e.last_seen_at, c.snapshot_at) AS last_seen_at, e.left_at
        FROM leaderboard_entries e
        JOIN competitions c ON c.id = e.competition_id
        JOIN users u ON u.id = e.user_id
        ORDER BY c.slug, e.left_at IS NOT NULL, e.rank IS NULL, e.rank, u.username
        """,
        """
        CREATE VIEW history AS
        SELECT c.slug AS competition, u.username, strftime('%Y-%m-%dT%H:%M:%SZ', h.moment, 'unixepoch') AS at,
            h.team IS NOT NULL AS on_board, h.rank, CAST(h.score AS REAL) AS score, h.score AS score_text,
            t.name AS kaggle_team_name, t.team_id, t.members, h.submission_count
        FROM entry_history h
        JOIN competitions c ON c.id = h.competition_id
        JOIN users u ON u.id = h.user_id
        LEFT JOIN teams t ON t.id = h.team
        ORDER BY c.slug, u.username, h.moment
        """,
    ):
        db.execute(statement)


def _rests(db: Database) -> None:
    """Competitions that Kaggle limits (429) rest across runs; warnings are given once; old runs go."""
    for statement in (
        "ALTER TABLE competitions ADD COLUMN resting_until TEXT",
        "CREATE TABLE notices (subject TEXT PRIMARY KEY, given_at TEXT NOT NULL)",
        "CREATE INDEX sync_runs_age ON sync_runs (status, finished_at)",
    ):
        db.execute(statement)


def _movements(db: Database) -> None:
    """What is next (benchmarks' places, medal lines), who is on a board, and what Kaggle says of it."""
    for statement in (
        # Beside higher_is_better, which people set: what follows from the order of a board must not
        # give ranks to old boards, or they would depend on what was loaded before.
        "ALTER TABLE competitions ADD COLUMN inferred_higher_is_better INTEGER",
        "ALTER TABLE competitions ADD COLUMN medals INTEGER",  # as people say; NULL: as Kaggle says
        "ALTER TABLE competitions ADD COLUMN awards_points INTEGER",
        "ALTER TABLE competitions ADD COLUMN kaggle_team_count INTEGER",
        "ALTER TABLE competitions ADD COLUMN facts_at TEXT",  # when Kaggle was last asked
        "ALTER TABLE benchmarks ADD COLUMN place INTEGER",
        """
        CREATE TABLE medal_lines (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            medal TEXT NOT NULL,
            rank INTEGER NOT NULL,           -- the last one that gets it
            score REAL,
            PRIMARY KEY (competition_id, medal)
        ) WITHOUT ROWID
        """,
        # All names on the latest board, so that a mistyped username can be told from one that is absent.
        """
        CREATE TABLE board_names (
            competition_id INTEGER PRIMARY KEY REFERENCES competitions(id) ON DELETE CASCADE,
            packed BLOB NOT NULL             -- zlib
        )
        """,
        # When a deleted account was first seen: then, a member who vanished at that moment was deleted.
        """
        CREATE TABLE deleted_accounts (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            member TEXT NOT NULL,            -- del=<16 hex>
            team_id INTEGER,
            moment INTEGER NOT NULL,
            PRIMARY KEY (competition_id, member)
        ) WITHOUT ROWID
        """,
    ):
        db.execute(statement)


def _unattended(db: Database) -> None:
    """Scheduled runs: what started the last ones, who is notified, and movements for other tools."""
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


def _told_apart(db: Database) -> None:
    """Which board a snapshot was of; what the monitor answered last, for `doctor`; labels of channels."""
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
        db.execute("UPDATE notify_targets SET label = ? WHERE url = ?", (new_label(), url))


def _compared(db: Database) -> None:
    """Stores with the competition what runs compare, so that sync_runs can be thinned without effect."""
    for statement in (
        "ALTER TABLE competitions ADD COLUMN last_run INTEGER",  # the id of the latest row in sync_runs
        "ALTER TABLE competitions ADD COLUMN last_good_run INTEGER",  # of the latest good one with Kaggle
        "ALTER TABLE competitions ADD COLUMN rested_at TEXT",  # when Kaggle asked to wait
        "UPDATE competitions SET "
        "last_run = (SELECT max(id) FROM sync_runs WHERE competition_id = competitions.id), "
        "last_good_run = (SELECT max(id) FROM sync_runs WHERE competition_id = competitions.id "
        "AND source = 'kaggle' AND status <> 'error')",
    ):
        db.execute(statement)


def new_label() -> str:
    """A label for a channel's URL: random, so it cannot be used to guess the URL."""
    return os.urandom(3).hex()


# Append only: a database remembers which of these it has had.
MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    _initial,
    _rests,
    _movements,
    _unattended,
    _told_apart,
    _compared,
)
LATEST = len(MIGRATIONS)


def migrate(db: Database) -> None:
    """Brings a database to the latest schema; a migration that fails leaves the schema as it was."""
    from sqlite_utils import Migrations

    migrations = Migrations("kagsync")
    for number, change in enumerate(MIGRATIONS, start=1):
        migrations(name=f"{number:04d}{change.__name__}")(_numbered(change, number))
    migrations.apply(db)


def _numbered(change: Callable[[Database], None], number: int) -> Callable[[Database], None]:
    def apply(db: Database) -> None:
        change(db)
        db.execute(f"PRAGMA user_version = {number}")

    apply.__name__ = change.__name__
    return apply
