"""Locks between processes. At most one process holds a lock, and the lock is freed when its holder is killed.

Each lock is a file that is locked with flock(2), or with msvcrt.locking on Windows. The file stays when the
lock is free; only the system's lock counts. Where the system cannot lock files, an error is raised. (The
library `filelock` falls back on files whose existence is the lock, and these outlive a killed process.)
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync.errors import ConfigurationError, KagsyncError, from_os_error
from kagsync.files import rights

if TYPE_CHECKING:
    from collections.abc import Iterator

# No run holds a lock for longer: schedulers end a run after this time.
LONGEST = 900.0  # seconds
_PAUSE = 0.05  # seconds between two tries
_DELETED = 20  # tries, if others delete the lock file just as it is locked
_CONTENTION = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, getattr(errno, "EDEADLOCK", errno.EAGAIN)}
# Never follow a link to another file, and never wait for the other end of a pipe.
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Busy(KagsyncError):
    """Another run holds the lock."""

    exit_code = 0
    code = "busy"


class StuckLock(KagsyncError):
    """A process holds the lock for longer than any run lasts."""

    code = "stuck-lock"


class NoLocks(ConfigurationError):
    """The file system cannot lock files."""


@contextlib.contextmanager
def hold(path: Path, *, wait: float = 0.0, longest: float | None = None) -> Iterator[None]:
    """Holds the lock file `path` during the block.

    Args:
        wait: seconds to wait for another holder.
        longest: seconds for which another process may hold the lock before it counts as stuck. None: no
            limit.

    Raises:
        Busy: another process holds it, and `wait` is over.
        StuckLock: another process has held it for at least `longest`.
        NoLocks: files cannot be locked there.
        ConfigurationError: the lock file cannot be made or used.
    """
    file = _acquire(path, wait)
    if file is None:
        if longest is not None and (error := _stuck(path, _first_seen_busy(path, wait), longest)):
            raise error
        raise Busy(f"{path.stem} is in use by another run")
    try:
        with contextlib.suppress(OSError):
            _mark(path).unlink(missing_ok=True)
        yield
    finally:
        os.close(file)  # this frees the lock


def check(path: Path) -> None:
    """Makes sure that locks work where `path` is. Other problems are reported when the lock is taken.

    Raises:
        NoLocks: files cannot be locked there.
    """
    try:
        with hold(path):
            pass
    except NoLocks:
        raise
    except KagsyncError:
        return


def stuck(path: Path) -> StuckLock | None:
    """The error for a lock that has been busy for at least `LONGEST` seconds; None if it has not."""
    since = _read_mark(path)
    return None if since is None else _stuck(path, since, LONGEST)


def _acquire(path: Path, wait: float) -> int | None:
    """Opens and locks the file; None if another process holds the lock."""
    ends = time.monotonic() + wait
    deleted = 0
    while deleted < _DELETED:
        file = _open(path)
        locked, there = False, True
        try:
            locked = _lock(file, path)
            there = os.fstat(file).st_nlink > 0  # 0: its last holder deleted it, so nobody sees this lock
        finally:
            if not (locked and there):
                os.close(file)
        if locked and there:
            return file
        deleted += not there
        if there and time.monotonic() >= ends:
            return None
        time.sleep(_PAUSE)
    raise _no_locks(path, "each lock file is deleted at once")


def _open(path: Path) -> int:
    try:
        rights.make_folder(path.parent)  # it is shared with a group only if somebody sets that up
        file = os.open(path, _FLAGS, rights.private_mode(path.parent))
    except OSError as error:
        if error.errno == errno.ELOOP and path.is_symlink():
            raise _no_lock_file(path, "is a symbolic link") from error
        if isinstance(error, PermissionError) and os.path.lexists(path):
            raise _not_ours(path) from error
        raise from_os_error(error, f"make the lock file {path}") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise _no_lock_file(path, "is not a regular file")
        rights.make_private(file, path.parent)
    except BaseException:
        os.close(file)
        raise
    return file


def _not_ours(path: Path) -> ConfigurationError:
    owner = rights.other_owner(path)
    if owner is None:
        return ConfigurationError(
            f"the lock file {path} may not be written", f"Run: {rights.make_writable(path)}"
        )
    return ConfigurationError(
        f"the lock file {path} belongs to {owner}, and you may not use it",
        f"Run kagsync as {owner}, or when {owner} no longer does: {rights.delete(path)}",
    )


def _no_lock_file(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"{path} {why}, not a lock file", f"Delete it: {rights.delete(path)}")


def _lock(file: int, path: Path) -> bool:
    """Takes the system's lock if it is free.

    Raises:
        NoLocks: the file system has none.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, 0, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _CONTENTION:
            return False
        raise _no_locks(path, str(error.strerror)) from error
    return True


def _no_locks(path: Path, why: str) -> NoLocks:
    return NoLocks(
        f"files in {path.parent} cannot be locked ({why}), as on some network and FUSE disks",
        "Move the database to a local disk: set KAGSYNC_DB (for downloads: KAGSYNC_TEMP_DIR)",
    )


# How long a lock has been busy. Any program can hold a lock, so its holder may not record when it took it.
# Instead, the first run that finds the lock busy leaves a mark with the time, and the next holder deletes the
# mark. While a mark exists, the same process has held the lock. The time is from the monotonic clock, which
# all processes share and nobody can set. It restarts with the system, but no lock outlives a restart.


def _mark(path: Path) -> Path:
    return path.with_name(f"{path.name}.busy")


def _read_mark(path: Path) -> float | None:
    try:
        since = float(_mark(path).read_text(encoding="ascii")[:40])
    except (OSError, ValueError):  # ValueError: the process that made it was killed before it wrote
        return None
    return since if 0 <= since <= time.monotonic() else None


def _first_seen_busy(path: Path, wait: float) -> float:
    """When the lock was first seen busy, by the monotonic clock; leaves a mark if this is the first time."""
    now = time.monotonic()
    since = _read_mark(path)
    if since is not None:
        return min(since, now - wait)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with contextlib.suppress(OSError):  # without a mark, only this process's own wait counts
        file = os.open(_mark(path), flags, rights.private_mode(path.parent))
        try:
            os.write(file, f"{now - wait:.0f}".encode("ascii"))
        finally:
            os.close(file)
    return now - wait


def _stuck(path: Path, since: float, longest: float) -> StuckLock | None:
    length = time.monotonic() - since
    if length < longest:
        return None
    pid = _holder(path)
    who = f"process {pid}" if pid else "another process"
    minutes = f"{length / 60:,.0f} min" if length >= 120 else f"{length:.0f} s"
    message = f"{who} has held the lock {path} for {minutes}, longer than any run takes"
    if pid is None:
        return StuckLock(message, f"Find it and end it: fuser -v {rights.quoted(path)}")
    sudo = "sudo " if rights.other_owner(Path(f"/proc/{pid}")) else ""
    return StuckLock(message, f"See what it is, then end it: ps -fp {pid}; {sudo}kill {pid}")


def _holder(path: Path) -> int | None:
    """The process that holds the lock, where the system tells (Linux)."""
    try:
        state = path.stat()
        table = Path("/proc/locks").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    device = f"{os.major(state.st_dev):02x}:{os.minor(state.st_dev):02x}:{state.st_ino}"
    for line in table.splitlines():
        # 1: FLOCK  ADVISORY  WRITE 2046 fe:00:3408 0 EOF
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == device and words[4].isdigit():
            return int(words[4]) or None  # 0: it is in another container
    return None
