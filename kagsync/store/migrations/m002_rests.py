"""Competitions that Kaggle limits (429) rest across runs; warnings are given once; old runs go."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def rests(db: Database) -> None:
    for statement in (
        "ALTER TABLE competitions ADD COLUMN resting_until TEXT",
        "CREATE TABLE notices (subject TEXT PRIMARY KEY, given_at TEXT NOT NULL)",
        "CREATE INDEX sync_runs_age ON sync_runs (status, finished_at)",
    ):
        db.execute(statement)
