"""Log lines: `INFO kagsync: …` on stderr, the same with a time in a rotating file."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING

from kagsync.errors import BadLines
from kagsync.safe_text import clip, printable
from kagsync.secrecy import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger("kagsync")

# The slug of the competition at work, if there are several. It is added to each line, so that the lines of
# competitions that are synced side by side can be told apart.
_competition: ContextVar[str] = ContextVar("competition", default="")

_COLORS = {"DEBUG": 90, "INFO": 36, "WARNING": 33, "ERROR": 31}  # bright black, cyan, yellow, red
_FILE_LAYOUT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_HIDDEN = "The command failed. Its error is not in this file, because it may name people"
_OF_A_FILE = "of_a_file"  # marks the records that are lines of a file
_LONGEST_LINE = 4000  # characters: room for a message with the longest path


@contextlib.contextmanager
def about(slug: str) -> Iterator[None]:
    """Marks the log lines of this block as being about one competition of several."""
    token = _competition.set(slug)
    try:
        yield
    finally:
        _competition.reset(token)


class _Formatter(logging.Formatter):
    """One harmless line for each record (a traceback, asked for with ``-v``, keeps its lines)."""

    def __init__(self, layout: str, *, hides_errors: bool = False) -> None:
        super().__init__(layout, datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime
        self._hides_errors = hides_errors

    def format(self, record: logging.LogRecord) -> str:
        if self._hides_errors and record.levelno >= logging.ERROR:
            without = {"msg": _HIDDEN, "args": (), "exc_info": None, "exc_text": None}
            record = logging.makeLogRecord(record.__dict__ | without)
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        slug = getattr(record, "competition", "")
        message = _harmless(record.message)
        record.message = f"{message} [{slug}]" if slug and slug not in message else message
        return redacted(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        lines = redacted(super().formatException(ei))  # type: ignore[arg-type]
        return "\n".join(_harmless(line) for line in lines.split("\n"))


def _harmless(line: str) -> str:
    """The line without control characters, short enough to read."""
    # Cut again, since an escape is longer than what it stands for.
    return clip(printable(clip(line, _LONGEST_LINE)), _LONGEST_LINE)


class _StderrHandler(logging.Handler):
    """Writes to whatever `sys.stderr` is now.

    While a progress bar is shown, that is the bar's own stream, which puts each line above the bar.
    (typer.echo bypasses it: its lines end up inside the bar.)
    """

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed stderr must not end a sync
            line = self.format(record)
            level, space, rest = line.partition(" ")
            if level in _COLORS and _is_colored():
                line = f"\x1b[{_COLORS[level]}m{level}\x1b[0m{space}{rest}"
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _is_colored() -> bool:
    """Whether stderr is a terminal that shows colours, and they are not turned off (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal() and (os.name == "posix" or "WT_SESSION" in os.environ)  # Windows Terminal


def _mark_competition(record: logging.LogRecord) -> bool:
    # Read in the thread that logs, before any handler sees the record.
    record.competition = _competition.get()
    return True


def _is_not_of_hashlib(record: logging.LogRecord) -> bool:
    """False for the tracebacks that hashlib logs if its shared libraries do not fit into memory."""
    return not str(record.msg).startswith("code for hash ")


def configure(
    *,
    verbose: bool = False,
    quiet: bool = False,
    log_file: Path | None = None,
    database: Path | None = None,
    names_people: bool = False,
) -> None:
    """Sends the program's log to stderr (`-q`: warnings only, `-v`: everything) and to `log_file`.

    The file always gets INFO and above, whatever stderr shows.

    Args:
        database: the one in use, no part of which can be a log file.
        names_people: the command's errors may name people, so the log file does not get their text.

    Raises:
        ConfigurationError: the log file cannot be written, or the path cannot hold a log.
    """
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    logging.getLogger().addFilter(_is_not_of_hashlib)  # the command's own error says what is missing
    for old in list(logger.handlers):
        if not isinstance(old, Tail):  # a Tail stays
            logger.removeHandler(old)
            old.close()
    logger.filters.clear()
    logger.addFilter(_mark_competition)
    stderr = _StderrHandler(logging.WARNING if quiet else logging.DEBUG)
    stderr.setFormatter(_Formatter("%(levelname)s %(name)s: %(message)s"))
    logger.addHandler(stderr)
    if log_file is not None:
        from kagsync.files.log_file import open_file  # only if there is a log file

        file = open_file(log_file, database)
        if file is not None:
            file.setFormatter(_Formatter(_FILE_LAYOUT, hides_errors=names_people))
            if names_people:
                file.addFilter(lambda record: not getattr(record, _OF_A_FILE, False))
            logger.addHandler(file)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Leaves the INFO lines of this block out of the log, unless it is verbose."""
    level = logger.level
    if level > logging.DEBUG:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


class Tail(logging.Handler):
    """Keeps the last lines of the log, as a log file would have them."""

    def __init__(self, lines: int) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[str] = deque(maxlen=lines)
        self.setFormatter(_Formatter(_FILE_LAYOUT))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def text(self) -> str:
        return "\n".join(self._lines)


def failure(error: Exception, prefix: str = "", level: int = logging.ERROR) -> None:
    """Logs an expected error as one line, and one for each bad line of a file; with -v, its traceback too."""
    logger.log(level, "%s%s", prefix, error, exc_info=error if logger.level <= logging.DEBUG else None)
    for line in error.lines if isinstance(error, BadLines) else ():
        logger.log(level, "%s", line, extra={_OF_A_FILE: True})


def is_terminal() -> bool:
    """Whether a person watches stderr: then there may be a progress bar."""
    return sys.stderr is not None and sys.stderr.isatty()
