"""Series of competitions; what boards are measured against, at each of their moments; frozen boards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def series(db: Database) -> None:
    for statement in (
        # The host's benchmarks on a board. They rarely change, so many boards refer to one row.
        """
        CREATE TABLE benchmark_sets (
            id INTEGER PRIMARY KEY,
            content TEXT NOT NULL UNIQUE     -- JSON: [[name, score, score as text], …]
        )
        """,
        # What the snapshots of earlier versions lack. NULL in `benchmark_set`: both are not known.
        *(
            f"ALTER TABLE {table} ADD COLUMN {column}"
            for table in ("snapshots", "private_snapshots")
            for column in ("best_score REAL", "benchmark_set INTEGER REFERENCES benchmark_sets(id)")
        ),
        """
        CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            rule TEXT NOT NULL,
            points_table TEXT NOT NULL,      -- of the rule `places`, JSON: [25, 18, …]
            best INTEGER,                    -- how many of a person's results count; NULL: all
            "group" TEXT,                    -- NULL: everybody
            ties TEXT NOT NULL,              -- min, average, max
            board TEXT NOT NULL,             -- final, public, private
            absent TEXT NOT NULL,            -- zero, skip
            teams TEXT NOT NULL              -- each, share
        )
        """,
        """
        CREATE TABLE series_competitions (
            series_id INTEGER NOT NULL REFERENCES series(id) ON DELETE CASCADE,
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            weight REAL NOT NULL,
            -- of the rule `score`: two scores, and the points for the better one
            first_score REAL,
            last_score REAL,
            points REAL,
            PRIMARY KEY (series_id, competition_id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX series_competitions_competition ON series_competitions (competition_id)",
        # The boards that grades were computed from, kept when they were frozen.
        """
        CREATE TABLE frozen_boards (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            board TEXT NOT NULL,             -- public or private
            frozen_at TEXT NOT NULL,
            as_of TEXT NOT NULL,             -- the time that the grades are of
            moment INTEGER NOT NULL,         -- of the board, in seconds since 1970
            team_count INTEGER,
            higher_is_better INTEGER,
            benchmarks TEXT,                 -- as in benchmark_sets; NULL: not known
            PRIMARY KEY (competition_id, board)
        ) WITHOUT ROWID
        """,
        # Without names, so that the row of a person who is removed can stay: it counts in others' places.
        """
        CREATE TABLE frozen_entries (
            competition_id INTEGER NOT NULL REFERENCES competitions(id) ON DELETE CASCADE,
            board TEXT NOT NULL,
            user_id INTEGER REFERENCES users(id) ON DELETE SET NULL,
            "group" TEXT,
            rank INTEGER,
            score TEXT,
            team INTEGER NOT NULL,           -- the same number: the same team
            submission_count INTEGER
        )
        """,
        "CREATE INDEX frozen_entries_competition ON frozen_entries (competition_id, board)",
        "CREATE INDEX frozen_entries_user ON frozen_entries (user_id)",
    ):
        db.execute(statement)
