"""Rewrites the database file without its free space, which may still have traces of removed people."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.errors import DatabaseError, DiskFull, from_os_error
from kagsync.store.errors import BUSY_TIMEOUT, Locked

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.store import Store
    from kagsync.store.connection import Connection

_TRACES = "traces of removed people"  # the subject of a notice that is there until they are overwritten


def mark(db: Connection, now: datetime) -> None:
    """Notes, in the transaction that removes people, that the file must be rewritten."""
    db.execute("REPLACE INTO notices VALUES (?, ?)", (_TRACES, clock.iso(now)))


def is_due(store: Store) -> bool:
    """Whether people were removed, but the file was not rewritten since, so that it has traces of them."""
    return bool(store.connection.value("SELECT EXISTS (SELECT 1 FROM notices WHERE subject = ?)", (_TRACES,)))


def compact(store: Store) -> tuple[int, int]:
    """Rewrites the database without its free space, and empties its log. Nobody else can write meanwhile.

    Returns:
        the file's bytes before and after.

    Raises:
        DiskFull: there is not enough space; nothing has changed.
        DatabaseError: another program uses the database.
    """
    db, path = store.connection, store.path
    try:
        before = path.stat().st_size
        # SQLite writes a copy and then, in its log, the new file.
        needed = 2 * (before - store.free_bytes())
        if (free := shutil.disk_usage(path.parent).free) < needed:
            raise DiskFull(
                f"compacting {path} needs {needed / 1e6:,.1f} MB of disk space, "
                f"but only {free / 1e6:,.1f} MB are free",
                "Free some space; nothing has changed",
            )
        os.environ["SQLITE_TMPDIR"] = str(path.parent)  # the copy, on the disk that was checked
        db.execute("VACUUM")
        busy = db.value("PRAGMA wal_checkpoint(TRUNCATE)")
        after = path.stat().st_size
    except Locked as error:
        raise DatabaseError(
            f"another program has been using the database {path} for {BUSY_TIMEOUT:.0f} s",
            "Run it again when no sync or other program uses it",
        ) from error
    except OSError as error:
        raise from_os_error(error, f"compact the database {path}") from error
    if busy:
        raise DatabaseError(
            f"another program is reading the database {path}, so the file could not be shrunk",
            "End that program, then run it again",
        )
    if is_due(store):
        db.execute("DELETE FROM notices WHERE subject = ?", (_TRACES,))
    return before, after


def summary(store: Store, before: int, after: int) -> str:
    """The result for people."""
    return f"Compacted {store.path}: {before / 1e6:,.1f} MB → {after / 1e6:,.1f} MB"
