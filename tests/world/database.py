"""Databases for tests: made once and copied, and asked through a connection of the test's own."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from kagsync.store import Store, migrations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlite_utils import Database

_prepared: dict[str, tuple[bytes, int]] = {}


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


def prepared(db: Path, name: str, make: Callable[[], object]) -> None:
    """Fills a database by calling `make`; for the next test that asks for this name, a copy of it is faster.

    Not for a test that cares when something happened: the times in a copy are those of the first call.
    """
    if db.exists():  # and perhaps open, so no file may take its place
        make()
        return
    if name not in _prepared:
        make()
        execute(db, "PRAGMA wal_checkpoint(TRUNCATE)")
        _prepared[name] = db.read_bytes(), db.stat().st_mode
        return
    content, mode = _prepared[name]
    db.parent.mkdir(parents=True, exist_ok=True)
    db.write_bytes(content)
    db.chmod(mode & 0o777)


def empty(db: Path) -> None:
    """Puts a new database there."""
    prepared(db, "empty", lambda: Store.open(db, db.parent / "locks", create=True).close())


def quick(migrate: Callable[[Database], None]) -> Callable[[Database], None]:
    """`migrate`, done once for new databases: the later ones get a copy of its outcome.

    Not if a test has changed the migrations.
    """
    usual = migrations.MIGRATIONS
    outcome: list[str] = []

    def quickly(db: Database) -> None:
        if db.tables or migrations.MIGRATIONS is not usual:
            migrate(db)
        elif not outcome:
            migrate(db)
            outcome.extend(db.iterdump())
            outcome.insert(-1, f"PRAGMA user_version = {migrations.LATEST};")
        else:
            db.conn.executescript("\n".join(outcome))

    return quickly
