"""Copies a database into memory, as it is at one moment, without writing anything to its disk.

SQLite writes beside a database in WAL mode even when it only reads. Users who may not write there read this
copy instead. So does `doctor`, which must not change anything.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
from typing import IO, TYPE_CHECKING

from kagsync.errors import DatabaseError
from kagsync.files import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE = 0.02  # seconds; longer than the steps in which file systems count time
# Where SQLite keeps the lock of readers (https://sqlite.org/fileformat2.html#the_lock_byte_page).
_LOCK_START, _LOCK_LENGTH = 0x40000002, 510
_LOGS = ("wal", "journal")
_FORMAT_VERSIONS = slice(18, 20)  # in the header of the file; 2 is WAL, which memory does not have


def in_memory(path: Path, patience: float) -> sqlite3.Connection:
    """Copies a database into memory.

    Args:
        patience: seconds to wait for a moment in which nobody writes.

    Returns:
        a connection to the copy; what is written there does not reach the database.

    Raises:
        OSError: the database cannot be read.
        DatabaseError: it was locked, or written to, all the time.
        sqlite3.Error: it is not a database, or is damaged.
    """
    database, logs = _read(path, patience)
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=True)
    try:
        if logs:
            _replay(database, logs, connection)
        elif database:
            if database[_FORMAT_VERSIONS] == b"\2\2":
                database[_FORMAT_VERSIONS] = b"\1\1"
            connection.deserialize(database)
            connection.execute("PRAGMA schema_version")  # says whether it is a database
    except BaseException:
        connection.close()
        raise
    return connection


def _read(path: Path, patience: float) -> tuple[bytearray, dict[str, bytes]]:
    """The bytes of a database and of its logs (`-wal`, `-journal`), all of one moment.

    While this holds SQLite's lock for readers, nobody deletes the -wal, and nobody writes without one. With
    one, a write changes the time of a file, and the pause makes sure that the times differ.
    """
    ends = time.monotonic() + patience
    with path.open("rb") as file, _reading_lock(file, path, ends):
        while True:
            before = _state(path)
            time.sleep(_PAUSE)
            file.seek(0)
            database, logs = bytearray(file.read()), _logs(path)
            if before == _state(path):
                return database, logs
            if time.monotonic() > ends:
                raise DatabaseError(
                    f"the database {path} is written to all the time", "Try again when no sync runs"
                )


def _logs(path: Path) -> dict[str, bytes]:
    found = {}
    for name in _LOGS:
        with contextlib.suppress(FileNotFoundError):
            if content := path.with_name(f"{path.name}-{name}").read_bytes():
                found[name] = content
    return found


def _state(path: Path) -> dict[str, tuple[int, int, int]]:
    """What changes when the database or one of its logs is written to, made or deleted."""
    found = {}
    for file in (path, *(path.with_name(f"{path.name}-{name}") for name in _LOGS)):
        with contextlib.suppress(FileNotFoundError):
            state = file.stat()
            found[file.name] = (state.st_ino, state.st_size, state.st_mtime_ns)
    return found


@contextlib.contextmanager
def _reading_lock(file: IO[bytes], path: Path, ends: float) -> Iterator[None]:
    """Holds the lock that SQLite's own readers hold, which needs no right to write."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, _LOCK_LENGTH, _LOCK_START)
            break
        except (BlockingIOError, PermissionError) as error:
            if time.monotonic() > ends:
                raise DatabaseError(
                    f"the database {path} is locked by another program",
                    "See which other program holds it open; the next run tries again",
                ) from error
            time.sleep(_PAUSE)
        except OSError:  # a file system without locks
            break
    yield  # closing the file releases it


def _replay(database: bytearray, logs: dict[str, bytes], into: sqlite3.Connection) -> None:
    """Lets SQLite apply the logs to the database, in a private folder that is deleted afterwards."""
    with scratch.folder() as folder:
        copy = folder / "copy.db"
        copy.write_bytes(database)
        for name, content in logs.items():
            copy.with_name(f"{copy.name}-{name}").write_bytes(content)
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as whole:
            whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            whole.backup(into)
