"""What SQLite's errors mean: each becomes an error with a remedy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kagsync import memory
from kagsync.errors import DatabaseError, DiskFull, OutOfMemory
from kagsync.store import beside

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from kagsync.errors import KagsyncError

BUSY_TIMEOUT = 30.0  # seconds a writer waits for another
REPAIR = (
    "Restore a backup: cp BACKUP {0} && rm -f {0}-wal {0}-shm; "
    "or save what is left: sqlite3 {0} .recover | sqlite3 new.db"
)


class Locked(DatabaseError):
    """Another process writes to the database."""


def explain(error: sqlite3.Error, path: Path) -> KagsyncError:
    """Says what an error of SQLite means for the user, with its remedy."""
    name = getattr(error, "sqlite_errorname", "")
    # SQLite's file of shared memory cannot be mapped: without memory it says no more than that.
    if "NOMEM" in name or (name == "SQLITE_IOERR_SHMMAP" and memory.is_used_up()):
        return OutOfMemory()
    if name.startswith("SQLITE_FULL"):
        return DiskFull(f"the disk of {path} is full", "Free some space; nothing was lost")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Locked(
            f"the database {path} was locked for more than {BUSY_TIMEOUT:.0f} s",
            "See which other program holds it open; the next run tries again",
        )
    if name.startswith("SQLITE_NOTADB"):
        return DatabaseError(
            f"{path} is not a SQLite database", "Choose another file with --db or KAGSYNC_DB"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")):
        return beside.not_writable(path)
    if name.startswith("SQLITE_CANTOPEN"):
        return DatabaseError(f"the database {path} cannot be opened", "Check the path and its rights")
    if name.startswith("SQLITE_IOERR"):
        return DatabaseError(
            f"the disk of {path} failed ({error})", "Check its space and its health; nothing was lost"
        )
    if name.startswith("SQLITE_CORRUPT"):
        return damaged(path, str(error))
    return DatabaseError(f"the database {path} failed: {error}", "Run it again; -v shows more")


def damaged(path: Path, why: str) -> DatabaseError:
    """The error for a database with damaged pages, or with rows that refer to nothing."""
    return DatabaseError(f"the database {path} is damaged ({why})", REPAIR.format(shlex.quote(str(path))))
