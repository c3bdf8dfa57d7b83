"""The log file, at a path that a person named. It is rotated at 1 MB. No failure of it stops a run."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import stat
import sys
from typing import TYPE_CHECKING

from kagsync import output_file
from kagsync.errors import ConfigurationError, DiskFull, KagsyncError, UsageError, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BYTES = 1_000_000
KEPT = 3

_logger = logging.getLogger("kagsync")
_OUR_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z]+ kagsync: ")
_SICK_DISK = {errno.EROFS, errno.EIO}  # where a disk fails, Linux lets nobody write to it


def open_file(path: Path, database: Path | None) -> LogFile | None:
    """Opens a log file.

    Args:
        database: the one in use, no part of which can be a log file.

    Returns:
        None: its disk is full or failed, which the log says. That is no reason not to run.

    Raises:
        ConfigurationError: it cannot be written, or something else than a log is there.
    """
    check(path, database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return LogFile(path, database)
    except OSError as error:
        told = from_os_error(error, f"write the log file {path}")
        if not isinstance(told, DiskFull) and error.errno not in _SICK_DISK:
            raise told from error
        _logger.warning("%s. The run goes on without it", told.message)
        return None


def check(path: Path, database: Path | None) -> None:
    """Makes sure that a log harms nothing: it may be a new file, a text file or a stream such as /dev/stderr.

    Raises:
        ConfigurationError: it would; or it cannot be examined.
    """
    if _is_stream(path):
        return
    try:
        found = output_file.examine(path, database)
        start = output_file.start(path, 4096) if found is not None else b""
    except UsageError as error:
        raise ConfigurationError(f"cannot write the log file: {error.message}", error.remedy) from error
    except OSError as error:
        raise from_os_error(error, f"write the log file {path}") from error
    if b"\0" in start:
        kind = "a SQLite database" if output_file.is_sqlite(path) else "not a text file"
        raise ConfigurationError(f"cannot write the log file: {path} is {kind}", "Name another file")


def _is_stream(path: Path) -> bool:
    """Whether it is a stream of this process, or a device such as /dev/null: there is nothing to rotate."""
    name = str(path.absolute())
    if name.startswith(("/dev/std", "/dev/fd/", "/proc/")):
        return True
    try:
        return name.startswith("/dev/") and stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return False


class LogFile(logging.Handler):
    """Appends lines to a file, which several processes may do at the same time.

    A file that another process rotated, or that somebody moved away, is opened anew. Whatever fails is one
    warning, however often it fails.
    """

    def __init__(self, path: Path, database: Path | None) -> None:
        """Opens the file; raises OSError."""
        super().__init__()
        self._path = path.absolute()
        self._database = database
        self._is_stream = _is_stream(path)
        self._rotates = not self._is_stream
        self._warned = False
        self._file = _open(self._path)

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
        if not self._is_stream:
            with self._warns("reopen"):
                self._follow()
            with self._warns("rotate"):
                self._rotate_before(len(line))
        with self._warns("write"):
            while line:  # a disk with little space takes a part of it
                line = line[os.write(self._file, line) :]

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            os.close(self._file)
        self._file = -1

    @contextlib.contextmanager
    def _warns(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (OSError, KagsyncError) as error:
            if not self._warned:
                self._warned = True
                reason = error.message if isinstance(error, KagsyncError) else error.strerror
                _logger.warning("Cannot %s the log file %s: %s. The run goes on", doing, self._path, reason)

    def _follow(self) -> None:
        """Opens the file again if another one, or none, has its name now."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), os.fstat(self._file)):
                return
        self._reopen()

    def _reopen(self) -> None:
        check(self._path, self._database)
        new = _open(self._path)
        with contextlib.suppress(OSError):
            os.close(self._file)
        self._file = new

    def _rotate_before(self, more: int) -> None:
        if not self._rotates or os.fstat(self._file).st_size + more <= BYTES:
            return
        locked = self._file  # rotating opens another one and closes this one, which ends the lock
        if not _lock(locked):
            return  # another process rotates it now
        try:
            self._follow()
            if self._file == locked:  # else another process has just rotated it
                self._rotate()
        finally:
            if self._file == locked:
                _unlock(locked)

    def _rotate(self) -> None:
        self._rotates = False  # if anything fails, the log goes on in this file for the rest of the run
        path = self._path.resolve()  # of a link, what it leads to
        files = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1))]
        if not _is_log(path):
            return  # somebody's own file, and theirs to rotate
        if others := [file for file in files if os.path.lexists(file) and not _is_log(file)]:
            raise ConfigurationError(f"{others[0]} is not a log of kagsync's")
        self._shift(files)
        self._rotates = True

    def _shift(self, files: list[Path]) -> None:
        if sys.platform == "win32":  # which renames no open file
            os.close(self._file)
        try:
            for older, newer in zip(files[:0:-1], files[-2::-1], strict=True):
                with contextlib.suppress(FileNotFoundError):
                    newer.replace(older)
        finally:
            self._reopen()


def _lock(file: int) -> bool:
    """Keeps other processes from rotating the file; False: one of them does so now."""
    if sys.platform == "win32":  # which lets nobody rename a file that another process has open
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: there, rotating twice in one instant can lose an old file
        pass
    return True


def _unlock(file: int) -> None:
    if sys.platform != "win32":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


def _is_log(path: Path) -> bool:
    start = output_file.start(path, 100)
    return not start or _OUR_LINE.match(start) is not None


def _open(path: Path) -> int:
    # Without O_NONBLOCK, a pipe that took the file's place would be waited for.
    wait = getattr(os, "O_NONBLOCK", 0)
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | wait | getattr(os, "O_BINARY", 0), 0o666)
    if wait:
        os.set_blocking(opened, True)
    return opened
