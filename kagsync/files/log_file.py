"""The log file, at a path that somebody chose, rotated at 1 MB. If it cannot be written, the run goes on."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import stat
import sys
from typing import TYPE_CHECKING

from kagsync.errors import ConfigurationError, DiskFull, KagsyncError, UsageError, from_os_error
from kagsync.files import output_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BYTES = 1_000_000
KEPT = 3

_logger = logging.getLogger("kagsync")
_START = 4096  # bytes that tell what a file is
# A line of ours, or one of stderr, which a shell can send to the same file. It can follow NULs: after a power
# cut, some file systems leave them instead of what was written last.
_OUR_LINE = re.compile(rb"(?m)(?:^|\0)(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ )?[A-Z]+ kagsync: ")
# An archive can contain log lines, so its first bytes decide: ZIP, gzip, ELF, UTF-16.
_BINARY = (b"PK\3\4", b"\x1f\x8b", b"\x7fELF", b"\xff\xfe", b"\xfe\xff")
_TAR = slice(257, 262)  # where a tar archive says "ustar"
_CONTROL = re.compile(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f]")  # never in text, not even in coloured text
_SICK_DISK = {errno.EROFS, errno.EIO}  # Linux makes a failing disk read-only


def open_file(path: Path, database: Path | None) -> LogFile | None:
    """Opens a log file.

    Args:
        database: the one in use. Neither it nor a part of it can be the log file.

    Returns:
        the file; None: its disk is full or has failed. Then a warning is logged, and the run goes on.

    Raises:
        ConfigurationError: it cannot be written, or it is not a log, or it is a pipe that no program reads.
    """
    check(path, database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return LogFile(path, database)
    except OSError as error:
        failure = from_os_error(error, f"write the log file {path}")
        if not isinstance(failure, DiskFull) and error.errno not in _SICK_DISK:
            raise failure from error
        _logger.warning("%s. The run goes on without it", failure.message)
        return None


def check(path: Path, database: Path | None) -> None:
    """Makes sure that a log overwrites nothing: the path may be a new file, a text file or a stream.

    It does not open a pipe, because closing it again would end the log for its reader.

    Raises:
        ConfigurationError: the path is something else, or cannot be examined.
    """
    if is_stream(path):
        return
    try:
        found = output_file.examine(path, database)
        start = output_file.start(path, _START) if found is not None else b""
    except UsageError as error:
        raise ConfigurationError(f"cannot write the log file: {error.message}", error.remedy) from error
    except OSError as error:
        raise from_os_error(error, f"write the log file {path}") from error
    if not _may_be_text(start):
        kind = "a SQLite database" if output_file.is_sqlite(path) else "not a text file"
        raise ConfigurationError(f"cannot write the log file: {path} is {kind}", "Choose another file")


def is_stream(path: Path) -> bool:
    """Whether a path leads to something that is written but never rotated.

    That is a stream of this process (/dev/stderr, even if it is a file), a device such as /dev/null, or a
    pipe.
    """
    try:
        kind = path.stat().st_mode
    except OSError:
        return False
    if stat.S_ISREG(kind):
        return output_file.is_in_dev_or_proc(path)
    return stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)


def _may_be_text(start: bytes) -> bool:
    if _is_binary(start):
        return False
    return b"\0" not in start or _OUR_LINE.search(start) is not None or _CONTROL.search(start) is None


def _is_binary(start: bytes) -> bool:
    return start.startswith((output_file.SQLITE, *_BINARY)) or start[_TAR] == b"ustar"


class LogFile(logging.Handler):
    """Appends lines to a file, which several processes may do at the same time.

    If another process rotates the file, or somebody moves it, a new one is opened. A failure causes one
    warning, however often it happens.
    """

    def __init__(self, path: Path, database: Path | None) -> None:
        """Opens the file; raises OSError, or ConfigurationError for a pipe that no program reads."""
        self._path = path.absolute()
        self._database = database
        self._is_stream = is_stream(path)
        self._rotates = not self._is_stream
        self._warned = False
        self._file = _open(self._path)
        super().__init__()  # from here on, the end of the process closes this handler

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
        if not self._is_stream:
            with self._warns("reopen"):
                self._follow()
            with self._warns("rotate"):
                self._rotate_before(len(line))
        with self._warns("write"):
            while line:  # a nearly full disk takes only a part of it
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
            if self._file == locked:  # otherwise another process has just rotated it
                self._rotate()
        finally:
            if self._file == locked:
                _unlock(locked)

    def _rotate(self) -> None:
        self._rotates = False  # if anything fails, the log goes on in this file for the rest of the run
        path = self._path.resolve()  # for a link, its target
        files = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1))]
        if not _is_log(path):
            return  # somebody else's file, which kagsync does not rotate
        if others := [file for file in files if os.path.lexists(file) and not _is_log(file)]:
            raise ConfigurationError(f"{others[0]} is not a log of kagsync's")
        self._shift(files)
        self._rotates = True

    def _shift(self, files: list[Path]) -> None:
        if sys.platform == "win32":  # Windows does not rename an open file
            os.close(self._file)
        try:
            for older, newer in zip(files[:0:-1], files[-2::-1], strict=True):
                with contextlib.suppress(FileNotFoundError):
                    newer.replace(older)
        finally:
            self._reopen()


def _lock(file: int) -> bool:
    """Keeps other processes from rotating the file; False if one of them is doing so now."""
    if sys.platform == "win32":  # Windows does not rename a file that another process has open
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
    """Whether a file is a log of kagsync's. It may be empty, or hold only the NULs that a power cut left."""
    start = output_file.start(path, _START)
    return not _is_binary(start) and (not start.strip(b"\0") or _OUR_LINE.search(start) is not None)


def _open(path: Path) -> int:
    # Without O_NONBLOCK, opening a pipe would wait for a reader.
    wait = getattr(os, "O_NONBLOCK", 0)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | wait | getattr(os, "O_BINARY", 0)
    try:
        opened = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno != errno.ENXIO or not path.is_fifo():
            raise
        message = f"cannot write the log file: {path} is a pipe that no program reads"
        raise ConfigurationError(message, "Start its reader first, or name another file") from error
    if wait:
        os.set_blocking(opened, True)
    return opened
