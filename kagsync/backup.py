"""A copy of the database in one file, made while syncs go on: consistent, checked, there only when whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from typing import TYPE_CHECKING

from kagsync.errors import UsageError, from_os_error
from kagsync.store import is_kagsyncs

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.store import Store

_NEW = ".kagsync-backup."  # what the name of an unfinished copy begins with
_ABANDONED = 3600.0  # seconds after which nobody works on it any more


def backup(store: Store, file: Path) -> int:
    """Writes a copy of the database.

    Args:
        file: where; an earlier backup there is replaced in one step.

    Returns:
        the copy's size in bytes.

    Raises:
        UsageError: `file` is the database itself, a folder, or something that is no backup.
        DatabaseError: the database, and so its copy, is damaged.
        ConfigurationError, DiskFull: the file cannot be written.
    """
    _check(store, file)
    folder = file.absolute().parent
    # Named before it exists, so that a run stopped at any moment knows what to delete.
    new = folder / f"{_NEW}{secrets.token_hex(8)}.new"
    try:
        _sweep(folder)
        # Beside its final place, and of this user only: the database may hold the secrets of `notify`.
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        store.copy_to(new)
        size = new.stat().st_size
        with new.open("rb+") as written:
            os.fsync(written.fileno())
        new.replace(file)
    except OSError as error:
        raise from_os_error(error, f"write the backup {file}") from error
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
    return size


def _sweep(folder: Path) -> None:
    """Deletes what a backup that was killed left behind."""
    for left in folder.glob(f"{_NEW}*.new"):
        with contextlib.suppress(FileNotFoundError):  # another backup was quicker
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()


def _check(store: Store, file: Path) -> None:
    try:
        if file.absolute() in store.beside or (
            file.exists() and any(file.samefile(part) for part in store.beside if part.exists())
        ):
            raise UsageError(f"{file} is a part of the database", "Name another file for the backup")
        if not file.exists():
            return
        if file.samefile(store.path):
            raise UsageError(f"{file} is the database itself", "Name another file for the backup")
        if file.is_dir():
            raise UsageError(f"{file} is a folder", f"Name a file in it: {file / 'kagsync-backup.db'}")
        if not file.is_file():
            raise UsageError(f"{file} is no file", "Name another file")
        if file.stat().st_size and not is_kagsyncs(file):
            raise UsageError(f"{file} exists and is no backup of kagsync's", "Name another file")
    except OSError as error:
        raise from_os_error(error, f"write the backup {file}") from error


def told(file: Path, size: int) -> str:
    """The result for people."""
    return f"Backup written to {file}: {size:,} bytes, checked"
