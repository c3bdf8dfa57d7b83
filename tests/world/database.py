"""What a database holds, asked through a connection of SQLite's own: no code of kagsync's is in between."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def ask(db: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with contextlib.closing(sqlite3.connect(db)) as connection:
        return connection.execute(sql, values).fetchall()


def ask_one(db: Path, sql: str, *values: object) -> Any:
    """The one value that a query gives."""
    ((value,),) = ask(db, sql, *values)
    return value


def execute(db: Path, sql: str, *values: object) -> None:
    """Changes a database with one statement; without values, with several."""
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        if values:
            connection.execute(sql, values)
        else:
            connection.executescript(sql)


def dump(db: Path) -> list[str]:
    """Everything in a database, as SQL."""
    with contextlib.closing(sqlite3.connect(db)) as connection:
        return list(connection.iterdump())


def tables(db: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, by its name."""
    names = ask(db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {name: ask(db, f'SELECT * FROM "{name}"') for (name,) in names}
