"""Folders for files that are not finished yet.

Each is private and locked while it is in use. When its process is killed, the lock is free and the next
scratch folder made at the same place removes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"\.kagsync-[0-9a-f]{16}\.new")
# Earlier versions left single files, without a lock.
_OLD_FILE = re.compile(
    r"\.kagsync-backup\..+\.new(-journal|-wal|-shm)?|\.(index|competition-.+)\.html\.[a-z0-9_]+\.new"
)
_TRIES = 20
_ABANDONED = 3600.0  # seconds after which something without a lock counts as abandoned


@contextlib.contextmanager
def folder(parent: Path | None = None) -> Iterator[Path]:
    """Makes a private folder that is gone after the block, and removes those that killed processes left.

    Args:
        parent: where; None: in the system's folder for temporary files.

    Raises:
        OSError: it cannot be made.
    """
    parent = parent or _temporary()
    sweep(parent)
    place = lock = None
    try:  # already around the making, because a signal can come at any moment
        for _ in range(_TRIES):
            place = parent / f".kagsync-{os.urandom(8).hex()}.new"
            place.mkdir(mode=0o700)
            # A sweep can come between making and locking. Then the folder is lost and another one is made.
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                lock = _lock(place)
                break
            with contextlib.suppress(OSError):
                place.rmdir()
        else:
            raise FileNotFoundError(errno.ENOENT, "each folder is deleted at once", str(parent))
        yield place
    finally:
        # Removed under its lock, so that the rest is swept if this process is killed now.
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _temporary() -> Path:
    import tempfile  # most commands need none of it

    return Path(tempfile.gettempdir())


def sweep(parent: Path) -> None:
    """Removes what killed processes of this user left in `parent`; what cannot be removed stays."""
    with contextlib.suppress(OSError):
        for path in parent.iterdir():
            if _NAME.fullmatch(path.name) or _OLD_FILE.fullmatch(path.name):
                with contextlib.suppress(OSError):  # another sweep was faster, or it may not be removed
                    _sweep_one(path)


def _sweep_one(left: Path) -> None:
    status = left.lstat()
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        return
    if not stat.S_ISDIR(status.st_mode):
        if stat.S_ISREG(status.st_mode) and _is_abandoned(left):
            left.unlink()
        return
    lock = _lock(left)  # raises BlockingIOError while its process lives
    try:
        if lock is not None or _is_abandoned(left):
            shutil.rmtree(left)
    finally:
        if lock is not None:
            os.close(lock)


def _lock(place: Path) -> int | None:
    """Locks a folder.

    Returns:
        the open folder, which holds the lock; None: folders cannot be locked here.

    Raises:
        BlockingIOError: another process holds the lock.
        FileNotFoundError: the folder is gone.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    opened = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(opened), place.lstat()):
            raise FileNotFoundError(place)
    except (BlockingIOError, FileNotFoundError):
        os.close(opened)
        raise
    except OSError:  # many network drives lock no folders
        os.close(opened)
        return None
    return opened


def _is_abandoned(left: Path) -> bool:
    """Whether nothing in it has changed for long. A time in the future comes from a clock that was wrong."""
    newest = max(path.lstat().st_mtime for path in (left, *left.rglob("*")))
    return abs(time.time() - newest) > _ABANDONED
