"""How a run ended: each competition, the steps after the competitions, and the whole run.

`text` is for people, `data` for programs, `exit_code` for the process.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import errors
from kagsync.store.records import BUSY, ERROR, LATER, NOT_DUE, OK, OLDER, RESTING, UNCHANGED

if TYPE_CHECKING:
    from kagsync.errors import KagsyncError
    from kagsync.store.records import Counts, PossibleRename
    from kagsync.sync.moves import Moves

PARTIAL = "partial"
NOT_OUT = "not-out"  # of a private board
REPORT = "report"  # the only step after the competitions that can change how a run ends
_NAMED = 5  # competitions; of more than that only the number is printed
_EACH = 3  # competitions in which nothing changed; more of them share a line
_WORDS = {
    UNCHANGED: "nothing new",
    OLDER: "an older board, added to the history",
    NOT_DUE: "ended, not due yet",
    BUSY: "already being synced by another run",
    RESTING: "resting, as Kaggle asked",
    LATER: "left for the next run",
}


class Processed(NamedTuple):
    """The result of processing a board.

    `status` is one of: ok, unchanged (nothing to do) and older (history only). `moves` is None unless it was
    asked for.
    """

    status: str
    counts: Counts
    moves: Moves | None = None

    @property
    def text(self) -> str:
        counts = self.counts
        line = (
            f"Created: {counts.created}, Updated: {counts.updated}, "
            f"Skipped: {counts.skipped}, Changed: {counts.changed}"
        )
        notes = {UNCHANGED: " (nothing new)", OLDER: " (an older snapshot: history only)"}
        return line + notes.get(self.status, "")


class Private(NamedTuple):
    """What came of asking Kaggle for a private board.

    `status` is one of: ok, unchanged, older, not-out (it is not out yet) and error.
    """

    status: str
    counts: Counts | None = None
    error: KagsyncError | None = None
    moves: Moves | None = None

    @property
    def data(self) -> dict[str, Any]:
        return _data(self)

    @property
    def words(self) -> str:
        """What changed; empty: nothing, or a warning has told it."""
        if self.status == NOT_OUT:
            return "the private board is not out yet"
        return "" if self.moves is None else self.moves.words


class Result(NamedTuple):
    """How one competition's sync ended.

    Attributes:
        status: one of: ok, unchanged, older (an old snapshot, history only), not-due (it has ended, and
            Kaggle is asked less often or no longer), busy (another run syncs it), resting (Kaggle asked to
            wait), later (this run had no time left) and error.
        is_finished: whether one that is not due is finished, so that Kaggle is no longer asked.
        private: its private board; None: Kaggle was not asked.
        renames: who may have a new username, if that was asked for.
        moves: what changed for our people, if that was asked for and the board is the newest.
    """

    slug: str
    status: str
    counts: Counts | None = None
    error: KagsyncError | None = None
    is_finished: bool = False
    private: Private | None = None
    renames: tuple[PossibleRename, ...] = ()
    moves: Moves | None = None

    @property
    def words(self) -> str:
        """What changed, for a terminal."""
        words = _WORDS.get(self.status, self.status) if self.moves is None else self.moves.words
        if self.is_finished:
            words = "finished"
        return "; ".join(filter(None, [words, self.private.words if self.private else ""]))

    @property
    def data(self) -> dict[str, Any]:
        return {
            "slug": self.slug,
            **_data(self),
            "private": self.private and self.private.data,
            "possible_renames": [{"old": each.old, "new": each.new} for each in self.renames],
        }


def _data(found: Result | Private) -> dict[str, Any]:
    counts = found.counts
    return {
        "status": found.status,
        "rows": counts and counts.rows,
        "created": counts and counts.created,
        "updated": counts and counts.updated,
        "skipped": counts and counts.skipped,
        "changed": counts and counts.changed,
        "error": _error(found.error),
    }


@dataclass(frozen=True)
class AfterFailure:
    """What went wrong after the competitions: the step, the error's code word, and the message."""

    step: str
    code: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        results: how each competition's sync ended.
        alone: whether the run was for one competition, asked for by name.
        error: why the run could not start; None: it did.
        after: what went wrong after the competitions.
    """

    results: list[Result]
    alone: bool
    error: KagsyncError | None = None
    after: tuple[AfterFailure, ...] = ()

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if result.error is not None]

    @property
    def report_failed(self) -> bool:
        return any(failure.step == REPORT for failure in self.after)

    @property
    def _private_not_saved(self) -> bool:
        """Whether the database failed on a private board. Any other failure there is only a warning."""
        failed = [each.private.error for each in self.results if each.private and each.private.error]
        return any(error.exit_code == errors.DATABASE for error in failed)

    @property
    def status(self) -> str:
        """`ok`, `partial` (some competitions failed, or the report) or `error` (all of them failed)."""
        if self.error is not None:
            return ERROR
        if not self.failed:
            return PARTIAL if self.report_failed or self._private_not_saved else OK
        return ERROR if len(self.failed) == len(self.results) else PARTIAL

    @property
    def exit_code(self) -> int:
        """A database failure has its own code in any run; other errors only in a run on one competition."""
        if self.error is not None:
            return self.error.exit_code
        found = [result.error.exit_code for result in self.failed if result.error is not None]
        if self._private_not_saved or errors.DATABASE in found:
            return errors.DATABASE
        if not found:
            return errors.SOME_FAILED if self.report_failed else errors.OK
        return found[0] if self.alone else errors.SOME_FAILED

    def lines(self, width: int) -> list[str]:
        """What changed in each competition: a line each, and one for many in which nothing did.

        Failed competitions have no line, since their errors are logged.

        Args:
            width: how many characters the line for many may have.
        """
        told = sorted((each for each in self.results if each.error is None), key=lambda each: each.slug)
        alike: dict[str, list[str]] = {}
        for each in told:
            if each.moves is None:
                alike.setdefault(each.words, []).append(each.slug)
        many = {words: slugs for words, slugs in alike.items() if len(slugs) > _EACH}
        return [
            *(f"{each.slug}: {each.words}" for each in told if each.moves or each.words not in many),
            *(_fitted(f"{words} ({len(slugs)}): ", slugs, width) for words, slugs in many.items()),
        ]

    @property
    def text(self) -> str:
        """The run in one line."""
        if not self.results:
            return "Nothing to sync: add a competition with kagsync competitions add SLUG"
        if all(result.status == NOT_DUE for result in self.results):
            return "; ".join(["Nothing is due", *self._not_due("ended")])
        synced = [result.counts.synced for result in self.results if result.counts is not None]
        competitions = "competition" if len(synced) == 1 else "competitions"
        notes = [f"Synced {sum(synced)} entries across {len(synced)} {competitions}"]
        for status, words in (
            (UNCHANGED, "nothing new in"),
            (BUSY, "already being synced by another run:"),
            (RESTING, "resting, as Kaggle asked:"),
            (LATER, "left for the next run:"),
            (ERROR, "failed:"),
        ):
            if slugs := [result.slug for result in self.results if result.status == status]:
                notes.append(f"{words} {_named(slugs)}")
        new = [each.slug for each in self.results if each.private and each.private.status == OK]
        if new:
            notes.append(f"private board updated: {_named(new)}")
        unread = [result.slug for result in self.results if result.private and result.private.error]
        if unread:
            notes.append(f"private board not read: {_named(unread)}")
        notes += self._not_due("ended, not due yet")
        if self.report_failed:
            notes.append("the report was not updated")
        return "; ".join(notes)

    def _not_due(self, ended: str) -> list[str]:
        """The competitions that are not due; `ended` says what those that are not finished are."""
        notes = []
        not_due = [each for each in self.results if each.status == NOT_DUE]
        for words, finished in ((ended, False), ("finished", True)):
            if slugs := [each.slug for each in not_due if each.is_finished == finished]:
                notes.append(f"{words}: {_named(slugs)}")
        return notes

    @property
    def data(self) -> dict[str, Any]:
        """The outcome for programs; keys never disappear."""
        return {
            "status": self.status,
            "exit_code": self.exit_code,
            "error": _error(self.error),
            "competitions": [result.data for result in self.results],
            "after": [asdict(failure) for failure in self.after],
        }


def _fitted(start: str, slugs: list[str], width: int) -> str:
    """A line with as many names as fit, and how many more there are."""
    for count in range(len(slugs), 0, -1):
        more = f" and {len(slugs) - count} more" if count < len(slugs) else ""
        line = f"{start}{', '.join(slugs[:count])}{more}"
        if len(line) <= width:
            break
    return line


def _named(slugs: list[str]) -> str:
    return ", ".join(slugs) if len(slugs) <= _NAMED else str(len(slugs))


def _error(error: KagsyncError | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "message": str(error)}
