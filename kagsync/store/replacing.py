"""Locks a database file that is about to be replaced."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRIES = 20
_PATIENCE = 5.0  # seconds; another backup to the same file needs milliseconds


class InUse(Exception):
    """Another connection uses the database."""


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Locks a database during the block. Nobody can open it, so no log can appear beside it.

    The database leaves WAL mode, in which a closing connection deletes the files beside the database by name:
    by then they could belong to another database.

    Raises:
        InUse: another connection has it open in WAL mode, or is reading or writing it.
        OSError: it cannot be examined.
    """
    for _ in range(_TRIES):
        before = path.stat()
        with contextlib.closing(_connect(path)) as connection:
            _lock(connection)
            now = path.stat()
            if (before.st_dev, before.st_ino) == (now.st_dev, now.st_ino):
                yield
                return
        # Another backup replaced the file before it was locked.
    raise InUse


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)


def _lock(connection: sqlite3.Connection) -> None:
    ends = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")  # does not wait, whatever the timeout
            connection.execute("BEGIN EXCLUSIVE")
            return
        except sqlite3.Error as error:
            if not error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                return  # a damaged or read-only backup cannot be locked, but nobody can write to it either
            if time.monotonic() > ends:
                raise InUse from error
        time.sleep(0.05)
