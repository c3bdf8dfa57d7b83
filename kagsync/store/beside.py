"""The files that SQLite keeps beside a database, and what to do when another user owns them.

Another user who reads a database with another program (`sqlite3`, datasette) can leave a -wal and a -shm
there. The database's owner may not write those, and SQLite then refuses every change.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from kagsync.errors import DatabaseError
from kagsync.files import locks, output_file, rights

_PATIENCE = 30.0  # seconds; deleting three files takes no time


class NotWritable(DatabaseError):
    """This user may read the database, but not write it."""


def real(path: Path) -> Path:
    """The file that a symbolic link leads to: SQLite keeps the other files beside that one.

    Raises:
        DatabaseError: the link leads to nothing. A new database there would hide the real one.
    """
    if not path.is_symlink():
        return path
    found = Path(os.path.realpath(path))
    if output_file.is_lost_link(path):
        raise DatabaseError(f"{path} is a link to {found}, which is not there", output_file.FIND_IT)
    return found


def in_the_way(path: Path) -> DatabaseError | None:
    """The error for files beside a database that this user may not write; None if there are none.

    Its remedy is a command. Leftovers that `clear` will delete are not an error.
    """
    found = _not_writable(path)
    if not found or (_are_leftovers(path, found) and all(rights.may_delete(part) for part in found)):
        return None
    names = " and ".join(str(part) for part in found)
    owner = next((name for part in found if (name := rights.other_owner(part))), None)
    whose = f" ({owner}'s)" if owner else ""
    message = f"{names}{whose} may not be written by this user, so the database cannot change"
    if _are_leftovers(path, found):
        return DatabaseError(message, rights.delete(*found))
    return DatabaseError(message, rights.make_writable(*found))


def not_writable(path: Path) -> NotWritable:
    """The error for a database that this user may not write. It names the file that prevents it."""
    path = real(path)
    if os.path.exists(path) and not os.access(path, os.W_OK):  # noqa: PTH110  (pathlib's may raise)
        return NotWritable(f"the database {path} may not be written", _how_to_write(path))
    if error := in_the_way(path):
        return NotWritable(error.message, f"Run: {error.remedy}")
    if not os.access(path.parent, os.W_OK):
        message = f"the database {path} may not be written, because its folder may not"
        return NotWritable(message, _how_to_write(path.parent))
    return NotWritable(f"the database {path} may not be written", "Correct the rights of file and folder")


def _how_to_write(path: Path) -> str:
    return rights.how_to_write(path, "--db or KAGSYNC_DB", lead="Give yourself the rights: ")


def clear(path: Path, locks_folder: Path) -> None:
    """Deletes what others left beside a database, if it holds nothing.

    Raises:
        KagsyncError: the lock cannot be taken.
    """
    if not _leftovers(path):
        return
    # Under a lock, and checked again: another process may have deleted them and made its own in the meantime.
    with locks.hold(locks_folder / ".beside.lock", wait=_PATIENCE, longest=_PATIENCE):
        for part in _leftovers(path):
            with contextlib.suppress(OSError):  # `in_the_way` reports it
                part.unlink(missing_ok=True)


def _leftovers(path: Path) -> list[Path]:
    found = _not_writable(path)
    return found if _are_leftovers(path, found) else []


def _not_writable(path: Path) -> list[Path]:
    found = [part for part in output_file.parts(path) if part.exists() and not os.access(part, os.W_OK)]
    return [part for part in found if part.exists()]  # another process may have just deleted its journal


def _are_leftovers(path: Path, found: list[Path]) -> bool:
    """Whether files that others made hold no changes, and no writer can be using them."""
    if os.name != "posix":
        return False
    wal, _, journal = output_file.parts(path)
    try:
        state = path.stat()
        alone = state.st_uid == os.geteuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        empty = not journal.exists() and (not wal.exists() or wal.stat().st_size == 0)
    except OSError:
        return False
    return alone and empty and all(rights.other_owner(part) for part in found)
