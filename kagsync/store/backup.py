"""A backup: a consistent, checked copy of the database in one file, made while syncs go on."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from kagsync.errors import UsageError, from_os_error
from kagsync.files import output_file, scratch
from kagsync.store.connection import check
from kagsync.store.errors import damaged, explain
from kagsync.store.opening import is_kagsyncs
from kagsync.store.replacing import InUse, alone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kagsync.store import Store


def backup(store: Store, file: Path) -> int:
    """Writes a copy of the database.

    Args:
        file: where to; an earlier backup is replaced in one step. If it is a link, the file that it leads to
            is replaced, and the link stays.

    Returns:
        the copy's size in bytes.

    Raises:
        UsageError: `file` is a database in use or a part of one, is not a backup of kagsync's, or is a link
            that leads to nothing.
        DatabaseError: the database, and so its copy, is damaged.
        ConfigurationError, DiskFull: the file cannot be written.
    """
    try:
        _refuse(store, file)  # before the work
        real = file.resolve()
        with scratch.folder(real.parent) as place:
            new = place / "copy.db"
            # Only this user may read it: the database may hold the secrets of `notify`.
            os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _copy(store, new, real.parent)
            with new.open("rb+") as written:
                os.fsync(written.fileno())
            size = new.stat().st_size
            with _earlier_one_locked(store, real):
                new.replace(real)
    except OSError as error:
        raise from_os_error(error, f"write the backup {file}") from error
    return size


def _copy(store: Store, new: Path, folder: Path) -> None:
    """Writes a consistent copy into an empty file, and checks it.

    This is one step in one read transaction. In WAL mode, writers can go on at the same time.

    Args:
        folder: the place of the copy, for error messages.

    Raises:
        DatabaseError: the copy, and so the database, is damaged.
    """
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as copy:
        try:
            store.connection.raw.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # a single file without others beside it
        except sqlite3.OperationalError as error:
            raise explain(error, folder) from error
        except sqlite3.Error as error:
            raise explain(error, store.path) from error
        if problems := check(copy):
            raise damaged(store.path, problems[0])


@contextlib.contextmanager
def _earlier_one_locked(store: Store, file: Path) -> Iterator[None]:
    """Checks the file once more, and locks an earlier backup while it is replaced."""
    if not _refuse(store, file):
        yield
        return
    try:
        with alone(file):
            output_file.refuse_working_database(file)
            yield
    except InUse as error:
        raise UsageError(f"{file} is a database in use by another program", "Choose another file") from error


def _refuse(store: Store, file: Path) -> bool:
    """Refuses a file that may not be replaced; returns whether there is an earlier backup."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder", f"Name a file in it: {file / 'kagsync-backup.db'}")
    found = output_file.examine(file, store.path)
    if output_file.is_lost_link(file):
        raise UsageError(f"{file} is a link to {file.resolve()}, which is not there", output_file.FIND_IT)
    # Even if there is no file: SQLite would apply a log that a lost database left to the backup.
    output_file.refuse_working_database(file)
    if found is None or not found.st_size:
        return False
    if not is_kagsyncs(file):
        raise UsageError(f"{file} exists and is not a backup of kagsync's", "Choose another file")
    return True


def summary(file: Path, size: int) -> str:
    """The result for people."""
    return f"Backup written to {file}: {size:,} bytes, checked"
