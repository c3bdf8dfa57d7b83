"""What keeps a database of a year small."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def lighter(db: Database) -> None:
    for statement in (
        # So that a sync finds the old unchanged ones without reading the competition's whole past.
        "CREATE INDEX snapshots_unchanged ON snapshots (competition_id, moment) WHERE unchanged",
    ):
        db.execute(statement)
