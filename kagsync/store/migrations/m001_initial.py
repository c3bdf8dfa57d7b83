"""The tables of version 0.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def initial(db: Database) -> None:
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
