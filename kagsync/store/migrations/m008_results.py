"""Adds private boards, which decide a competition, beside the public ones; and every team's rank on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def results(db: Database) -> None:
    for statement in (
        # When Kaggle was asked for the private board. The phases follow from these times.
        "ALTER TABLE competitions ADD COLUMN result_asked_since TEXT",  # the first answer after the end
        "ALTER TABLE competitions ADD COLUMN result_asked_at TEXT",  # the last question
        "ALTER TABLE competitions ADD COLUMN result_answered_at TEXT",  # the last answer
        "ALTER TABLE competitions ADD COLUMN result_since TEXT",  # when a private board was first stored
        "ALTER TABLE sync_runs ADD COLUMN board TEXT NOT NULL DEFAULT 'public'",
        # The tables from here on are those of the public board once more. They are tables of their own so
        # that queries about the public board stay right, and its history is not rewritten.
        """
        CREATE TABLE private_boards (
            competition_id INTEGER PRIMARY KEY REFERENCES competitions(id) ON DELETE CASCADE,
            snapshot_at TEXT,
            row_count INTEGER,
            team_count INTEGER,              -- NULL: the board was not read to its end
            fingerprint TEXT
        )
        """,
        """
        CREATE TABLE private_entries (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            rank INTEGER,
            score REAL,
            score_text TEXT,
            kaggle_team_name TEXT NOT NULL,
            team_id INTEGER,
            members TEXT NOT NULL,
            submission_date TEXT,
            submission_count INTEGER,
            matched_by TEXT NOT NULL,
            first_seen_at TEXT NOT NULL,
            last_seen_at TEXT,
            left_at TEXT,
            PRIMARY KEY (competition_id, user_id)
        )
        """,
        "CREATE INDEX private_entries_user ON private_entries (user_id)",
        """
        CREATE TABLE private_entry_history (
            user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            moment INTEGER NOT NULL,
            rank INTEGER,
            score TEXT,
            team INTEGER REFERENCES teams(id),
            submission_count INTEGER,
            PRIMARY KEY (user_id, competition_id, moment)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE private_snapshots (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            moment INTEGER NOT NULL,
            unchanged INTEGER NOT NULL DEFAULT 0,
            row_count INTEGER NOT NULL,
            team_count INTEGER,              -- NULL: the board was not read to its end
            last_user_id INTEGER NOT NULL,
            sha256 TEXT,
            file TEXT,
            PRIMARY KEY (competition_id, moment)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX private_snapshots_unchanged ON private_snapshots (competition_id, moment) "
        "WHERE unchanged",
        """
        CREATE TABLE private_benchmarks (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            score REAL,
            score_text TEXT,
            place INTEGER
        )
        """,
        "CREATE INDEX private_benchmarks_competition ON private_benchmarks (competition_id)",
        """
        CREATE TABLE private_medal_lines (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            medal TEXT NOT NULL,
            rank INTEGER NOT NULL,
            score REAL,
            PRIMARY KEY (competition_id, medal)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE private_deleted_accounts (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            member TEXT NOT NULL,
            team_id INTEGER,
            moment INTEGER NOT NULL,
            PRIMARY KEY (competition_id, member)
        ) WITHOUT ROWID
        """,
        # Up to which private board a target knows what happened.
        """
        CREATE TABLE private_cursors (
            target_id INTEGER NOT NULL REFERENCES notify_targets(id) ON DELETE CASCADE,
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            moment INTEGER NOT NULL,
            PRIMARY KEY (target_id, competition_id)
        ) WITHOUT ROWID
        """,
        # The ranks of all teams on the applied boards, since the shake-up is measured on teams that nobody
        # tracks, and boards can be loaded in any order.
        """
        CREATE TABLE board_ranks (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            board TEXT NOT NULL,             -- public or private
            packed BLOB NOT NULL,            -- see standings/ranks.py
            PRIMARY KEY (competition_id, board)
        ) WITHOUT ROWID
        """,
        """
        CREATE VIEW private_leaderboard AS
        SELECT c.slug AS competition, u.username, u.name, u."group", e.rank, b.team_count AS teams,
            p.rank AS public_rank, p.rank - e.rank AS shake_up, e.score, e.score_text,
            p.score AS public_score, e.kaggle_team_name,
            e.team_id, e.members, e.submission_date, e.submission_count, e.matched_by, e.first_seen_at,
            coalesce(e.last_seen_at, b.snapshot_at) AS last_seen_at, e.left_at
        FROM private_entries e
        JOIN competitions c ON c.id = e.competition_id
        JOIN private_boards b ON b.competition_id = e.competition_id
        JOIN users u ON u.id = e.user_id
        LEFT JOIN leaderboard_entries p
            ON p.competition_id = e.competition_id AND p.user_id = e.user_id AND p.left_at IS NULL
        ORDER BY c.slug, e.left_at IS NOT NULL, e.rank IS NULL, e.rank, u.username
        """,
        """
        CREATE VIEW private_history AS
        SELECT c.slug AS competition, u.username, strftime('%Y-%m-%dT%H:%M:%SZ', h.moment, 'unixepoch') AS at,
            h.team IS NOT NULL AS on_board, h.rank, CAST(h.score AS REAL) AS score, h.score AS score_text,
            t.name AS kaggle_team_name, t.team_id, t.members, h.submission_count
        FROM private_entry_history h
        JOIN competitions c ON c.id = h.competition_id
        JOIN users u ON u.id = h.user_id
        LEFT JOIN teams t ON t.id = h.team
        ORDER BY c.slug, u.username, h.moment
        """,
    ):
        db.execute(statement)
