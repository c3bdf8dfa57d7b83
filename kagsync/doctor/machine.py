"""Checks of the machine: whether the folders may be written and have space, and whether locks work."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync.doctor import checks
from kagsync.doctor.checks import Check
from kagsync.errors import ConfigurationError, KagsyncError
from kagsync.files import locks as file_locks
from kagsync.files import log_file, rights, scratch
from kagsync.sync import run_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kagsync.settings import Settings

_SPACE = 100_000_000  # bytes: a board, its ZIP and the database's growth fit many times


def folders(loaded: Settings) -> Iterator[Check]:
    yield from _writable("Database's folder", loaded.db.parent)
    about = "Folder of downloads"
    yield from checks.survived(about, lambda: _downloads(about, loaded.temp_data))
    if loaded.log_file is not None:
        yield from _log_file(loaded.log_file.absolute(), loaded.db)
    if loaded.looks is not None:
        yield from _writable("Folder of looks", loaded.looks)


def _downloads(about: str, folder: Path) -> Iterator[Check]:
    run_folder.check(folder)
    yield from _writable(about, folder, lockable=True)


def _log_file(file: Path, db: Path) -> Iterator[Check]:
    if not log_file.is_stream(file):
        yield from _writable("Log file's folder", Path(os.path.realpath(file)).parent)
    if file.is_dir():
        yield Check("Log file", False, f"{file} is a folder", "Name a file with KAGSYNC_LOG_FILE")
    elif file.exists() and not os.access(file, os.W_OK):
        yield Check("Log file", False, f"{file} may not be written by this user", rights.make_writable(file))
    else:
        try:
            log_file.check(file, db)
        except ConfigurationError as error:
            yield Check("Log file", False, error.message, error.remedy)


def _writable(about: str, folder: Path, *, lockable: bool = False) -> Iterator[Check]:
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        with scratch.folder(there) as place:
            if lockable and os.name == "posix":
                file_locks.check(place / "lock")
        free = shutil.disk_usage(there).free
    except NotADirectoryError:
        said, remedy = f"{there} is a file, not a folder", rights.quoted("mv", there, f"{there}.old")
        yield Check(about, False, said, remedy)
    except OSError as error:
        said = f"cannot write in {there}: {error.strerror}"
        yield Check(about, False, said, _let_write(folder, there))
    else:
        enough = free >= _SPACE
        said = (
            f"{folder}, {free / 1e9:,.1f} GB free"
            if enough
            else f"{folder}: only {free // 1_000_000} MB free"
        )
        yield Check(about, enough, said, "" if enough else "Free some space on that disk")


def _let_write(folder: Path, there: Path) -> str:
    """How this user can get the right to write in a folder.

    Args:
        there: the folder, or where it does not exist the nearest one above that does.
    """
    if there != folder and rights.other_owner(there):  # the folder above is left to its owner
        return rights.quoted("sudo", "install", "-d", "-o", os.geteuid(), folder)
    return rights.how_to_write(there, "KAGSYNC_DB, KAGSYNC_TEMP_DIR or KAGSYNC_LOG_FILE")


def locks(loaded: Settings) -> Iterator[Check]:
    folder = loaded.locks
    if not folder.exists():
        yield Check("Locks", None, "no folder for them yet; the next run makes it")
        return
    if not folder.is_dir():
        remedy = rights.quoted("mv", folder, f"{folder}.old")
        yield Check("Locks", False, f"{folder} is a file, not a folder", remedy)
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = rights.how_to_write(folder, "KAGSYNC_DB")
        yield Check("Locks", False, f"cannot make lock files in {folder}", remedy)
        return
    busy, stuck = [], []
    own = folder / f".doctor-{os.getpid()}.lock"  # a name that no competition and no other doctor has
    try:
        for file in [own, *sorted(folder.glob("[!.]*.lock"))]:
            try:
                with file_locks.hold(file):
                    pass
            except file_locks.Busy:
                if error := file_locks.stuck(file):
                    stuck.append(error)
                else:
                    busy.append(file.stem)
        for left in folder.glob(".doctor-*.lock"):  # left by a doctor that was killed
            if left != own:
                with contextlib.suppress(KagsyncError, OSError), file_locks.hold(left):
                    left.unlink()
    finally:
        with contextlib.suppress(OSError):
            own.unlink(missing_ok=True)
    for error in stuck:
        yield Check("Locks", False, error.message, error.remedy)
    said = f"held by a run at this moment: {', '.join(busy)}" if busy else "work, and all are free"
    if not stuck:
        yield Check("Locks", True, said)
