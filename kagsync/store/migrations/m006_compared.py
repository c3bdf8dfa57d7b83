"""Stores with the competition what runs compare, so that sync_runs can be thinned without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def compared(db: Database) -> None:
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
