"""The options of `kagsync report` where none is given, as a set-up file sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def report_options(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE report_options (
            id INTEGER PRIMARY KEY CHECK (id = 1),  -- at most one row
            title TEXT,                      -- NULL, here and below: not set
            "group" TEXT,
            board TEXT,                      -- final, public, private
            names TEXT,                      -- real, username, pseudonym
            search_engines INTEGER
        )
        """
    )
