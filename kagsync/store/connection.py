"""A connection to one database whose errors are KagsyncErrors, and its transactions."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from kagsync.store import migrations
from kagsync.store.errors import BUSY_TIMEOUT, explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kagsync.store.tables import Tables


class Connection:
    """A connection for one thread. Every method raises a KagsyncError where SQLite fails.

    Attributes:
        path: the database; of a copy in memory, the file that was copied.
        schema_on_disk: the schema's version in that file; lower than ours only in a copy.
    """

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self.raw = raw
        self.path = path
        self.schema_on_disk = migrations.LATEST
        self._is_writing = False

    def execute(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> sqlite3.Cursor:
        """Runs a statement that changes something."""
        with self._explained():
            return self.raw.execute(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Runs a statement for each row."""
        with self._explained():
            self.raw.executemany(sql, rows)

    def rows(
        self, sql: str, parameters: Sequence[object] | dict[str, object] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, read while they are asked for."""
        with self._explained():
            # Not `yield from`, which closes the cursor of rows that are not read to the end: that fails once
            # the connection is closed.
            for row in self.raw.execute(sql, parameters):  # noqa: UP028
                yield row

    def row(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query; None if there is none."""
        with self._explained():
            found: tuple[Any, ...] | None = self.raw.execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Sequence[object] | dict[str, object] = ()) -> Any:
        """The first cell of a query's first row; None if there is no row."""
        row = self.row(sql, parameters)
        return row[0] if row else None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes the block one transaction: all of it is written, or nothing.

        Within another transaction, the block is a part of that one.

        IMMEDIATE, since a transaction that reads first and writes later fails at once, whatever the timeout,
        when another process has written in between.
        """
        if self._is_writing:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        self._is_writing = True
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self.raw.in_transaction:
                self.execute("ROLLBACK")
            raise
        finally:
            self._is_writing = False

    @contextlib.contextmanager
    def without_foreign_keys(self) -> Iterator[None]:
        """Within the block, SQLite does not look after references. A transaction must be inside the block."""
        self.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.execute("PRAGMA foreign_keys = ON")

    @contextlib.contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Within the block, a lock that another process holds is an error at once."""
        self.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            self.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")

    def problems(self) -> list[str]:
        """What SQLite finds wrong in the whole database; nothing if it is sound."""
        with self._explained():
            return check(self.raw)

    def close(self) -> None:
        self.raw.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self.path) from error


class Part:
    """A part of the store: some tables, over the one connection."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db


class BoardPart(Part):
    """A part that works on the tables of the public boards or on those of the private ones."""

    __slots__ = ("_t",)

    def __init__(self, db: Connection, tables: Tables) -> None:
        super().__init__(db)
        self._t = tables


def check(connection: sqlite3.Connection) -> list[str]:
    """What is wrong in a database: damaged pages and indexes, and rows with broken references."""
    damaged = [row[0] for row in connection.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
    orphans = [
        f"a row of {row[0]} refers to none of {row[2]}"
        for row in connection.execute("PRAGMA foreign_key_check")
    ]
    return [*damaged, *orphans]
