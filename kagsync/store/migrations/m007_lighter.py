"""What keeps a database of a year small."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def lighter(db: Database) -> None:
    for statement in (
        # Successive unchanged runs share a row. Those that are there already keep a row each.
        "ALTER TABLE sync_runs ADD COLUMN run_count INTEGER NOT NULL DEFAULT 1",
        # So that a sync finds the old unchanged ones without reading the competition's whole past.
        "CREATE INDEX snapshots_unchanged ON snapshots (competition_id, moment) WHERE unchanged",
    ):
        db.execute(statement)
