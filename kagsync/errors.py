"""Every error that kagsync expects: a class each, with its exit code, its code word and its remedy."""

from __future__ import annotations

import errno
import os
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kagsync import memory
from kagsync.safe_text import clip
from kagsync.secrecy import redacted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from types import TracebackType

OK = 0
SOME_FAILED = 1
USAGE = 2
CONFIGURATION = 3
UNREACHABLE = 4
DATABASE = 5
INTERRUPTED = 130

LONGEST_REST = timedelta(days=7)  # the longest wait that Kaggle may ask for (429)
_LONGEST = 480  # characters of a message
_MOST_WRONG = 3  # letters of a mistyped name
_SHORTEST_PART = 3  # letters of a name that are enough to mean it


class KagsyncError(Exception):
    """An expected failure.

    Args:
        message: what happened, one sentence without a full stop.
        remedy: what the user can do about it, one sentence.

    ``code`` is a stable word for programs (``sync --format json``, ``sync_runs.error_code``);
    ``exit_code`` is the exit status of a run that did nothing else.
    """

    exit_code = SOME_FAILED
    code = "failed"

    def __init__(self, message: str, remedy: str = "") -> None:
        # Names of people, files and archives in it can have any length, and file names may contain lone
        # surrogates, which cannot be written to a database or a file.
        message = clip(redacted(message.encode("utf-8", "backslashreplace").decode("utf-8")), _LONGEST)
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


class Unforeseen(KagsyncError):
    """A bug in kagsync."""

    code = "unforeseen"


class OutOfMemory(KagsyncError):
    """There was not enough memory. Whatever was being written is unchanged."""

    code = "out-of-memory"

    def __init__(self) -> None:
        super().__init__(
            "there is not enough memory; nothing was lost",
            "Raise the limit (ulimit -v, the container's) or free some memory; --jobs 1 takes the least",
        )


class UsageError(KagsyncError):
    """The command line is wrong."""

    exit_code = USAGE
    code = "usage"


class BadLines(UsageError):
    """Lines of a file are wrong.

    Args:
        lines: what is wrong with each. They are logged below the message.
    """

    def __init__(self, message: str, remedy: str, lines: list[str]) -> None:
        super().__init__(message, remedy)
        self.lines = lines


class UnknownCompetition(UsageError):
    code = "unknown-competition"


class NoDatabase(UsageError):
    """Nothing has been added yet."""

    code = "no-database"


class ConfigurationError(KagsyncError):
    """A setting or a folder is wrong; nothing was tried."""

    exit_code = CONFIGURATION
    code = "configuration"


class CredentialsError(ConfigurationError):
    """No credentials, unreadable ones, or ones that Kaggle refused."""

    code = "credentials"


class RefusedCredentials(CredentialsError):
    """Kaggle refused the credentials, or to renew a login."""


class NoCredentials(CredentialsError):
    """There are no credentials at all, not even unusable ones."""


class Forbidden(KagsyncError):
    code = "forbidden"


class NotFound(KagsyncError):
    code = "not-found"


class Unreachable(KagsyncError):
    """Kaggle did not answer in time, or answered with an internal error."""

    exit_code = UNREACHABLE
    code = "unreachable"


class RateLimited(Unreachable):
    """Kaggle limits our requests. `until` (UTC) is when it may be asked again, if it said so."""

    code = "rate-limited"

    def __init__(self, message: str, remedy: str = "", *, until: datetime | None = None) -> None:
        super().__init__(message, remedy)
        self.until = until


class OutOfTime(KagsyncError):
    """The run ends before Kaggle has answered; the next one asks again."""

    code = "out-of-time"


class BadDownload(KagsyncError):
    """A download that is not a leaderboard archive."""

    code = "bad-download"


class BadBoard(KagsyncError):
    """The CSV is not a leaderboard that can be read."""

    code = "bad-board"


class SuspiciousBoard(KagsyncError):
    """A board that is probably wrong (most rows are gone, or it has another name). An option accepts it."""

    code = "suspicious-board"


class DatabaseError(KagsyncError):
    exit_code = DATABASE
    code = "database"


class DiskFull(KagsyncError):
    exit_code = DATABASE
    code = "disk-full"


class Interrupted(KagsyncError):
    """Ctrl-C or SIGTERM."""

    exit_code = INTERRUPTED
    code = "interrupted"


def near(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that a mistyped word may mean, the nearest first. Case is ignored.

    The word is a part of the name, or its beginning. Or no other name is nearer, and at most a third of the
    letters are wrong, and at most three.
    """
    from rapidfuzz.distance import OSA  # only for errors

    word = word.lower()
    part = re.compile(rf"^{re.escape(word)}|\b{re.escape(word)}\b") if len(word) >= _SHORTEST_PART else None
    found = []
    for name in known:
        lower = name.lower()
        wrong, is_part = OSA.distance(word, lower), part is not None and part.search(lower) is not None
        if is_part or wrong <= min(max(len(word), len(lower)) // 3, _MOST_WRONG):
            found.append((wrong, name, is_part))
    least = min((wrong for wrong, *_ in found), default=0)
    return [name for wrong, name, is_part in sorted(found) if is_part or wrong == least][:most]


def did_you_mean(word: str, known: list[str], listing: str = "kagsync competitions list") -> str:
    """The remedy for a name that is not known: the closest known name, or the command that lists them."""
    if close := near(word, known):
        return f"Did you mean {close[0]}?"
    if known:
        return f"See: {listing}"
    noun = "competitions add SLUG" if "competitions" in listing else "users add USERNAME"
    return f"There are none yet. Add one: kagsync {noun}"


def choose(word: str, known: Collection[str]) -> str:
    """The remedy for a word that is none of a few: the closest known one, or all of them."""
    close = near(word, known)
    return f"Did you mean {close[0]}?" if close else f"Choose from {', '.join(known)}"


# No space, over the quota, over the limit of the process (ulimit -f); Windows lacks EDQUOT.
_NO_SPACE = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def from_os_error(error: OSError, doing: str) -> KagsyncError:
    """Turns a failed file operation into an error with a remedy; `doing` completes "cannot …"."""
    if memory.ran_out(error):
        return OutOfMemory()
    if error.errno in _NO_SPACE:
        return DiskFull(f"cannot {doing}: the disk is full", "Free some space; nothing was lost")
    reason = error.strerror or str(error)
    return ConfigurationError(f"cannot {doing}: {reason}", "Check that the folder exists and is writable")


def output_failed(error: OSError) -> KagsyncError:
    """The error for output that could not be written, by a command that has done its work."""
    full = error.errno in _NO_SPACE
    reason = "the disk is full" if full else error.strerror or str(error)
    kind = DiskFull if full else ConfigurationError
    return kind(f"cannot write the output: {reason}", "The command itself succeeded")


def unforeseen(cause: Exception) -> KagsyncError:
    """Turns an unexpected exception into an error: OutOfMemory if that is the cause, otherwise Unforeseen."""
    error: KagsyncError = OutOfMemory()
    if not memory.ran_out(cause):
        # Without the exception's own words, which may quote a board or name people.
        where = f" in {_place(cause.__traceback__)}" if cause.__traceback__ else ""
        error = Unforeseen(
            f"unforeseen {type(cause).__name__}{where}", "Please report it, with the output of -v"
        )
    error.__cause__ = cause
    return error


def _place(trace: TracebackType) -> str:
    """The file and line where an exception was raised."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno}"  # noqa: PTH119
