"""What is next (benchmarks' places, medal lines), who is on a board, and what Kaggle says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def movements(db: Database) -> None:
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
