"""Refuses boards that would make the database wrong: dated in the future, shrunken, or of a taken moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.board.file_name import NAME_WITH_TIME
from kagsync.errors import BadBoard, SuspiciousBoard
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from kagsync.store import Ledger
    from kagsync.store.records import Competition, Snapshot
    from kagsync.sync.fetch import Fetched


def is_frozen(competition: Competition) -> bool:
    """Whether the applied board is dated in the future: every new one would count as older."""
    return competition.snapshot_at is not None and competition.snapshot_at > clock.horizon()


def dated_by_us(ledger: Ledger, competition: Competition, fetched: Fetched) -> bool:
    """Whether a frozen board was dated by this machine's clock, which is known to be right now.

    Pages have no date, so a private board from Kaggle is dated by the clock. It is fetched only after the
    public board, whose date is Kaggle's own and would have been refused if the clock were behind.
    """
    if fetched.board != PRIVATE or fetched.file is not None or competition.snapshot_at is None:
        return False
    frozen = ledger.snapshots.until(competition.id, int(competition.snapshot_at.timestamp()))
    return is_frozen(competition) and frozen is not None and frozen.file is None


def refuse_frozen(competition: Competition, fetched: Fetched) -> None:
    """Refuses all boards while the applied one is dated in the future.

    Raises:
        BadBoard: the applied one is; the remedy says how to drop it.
    """
    if competition.snapshot_at is not None and is_frozen(competition):
        raise BadBoard(
            f"{competition.slug} has a board of {clock.iso(competition.snapshot_at)}, in the future, so "
            "every new board would count as older",
            "Check this machine's clock. If it is right, drop that board: "
            f"{_again(competition, fetched)} --force",
        )


def refuse(
    ledger: Ledger,
    competition: Competition,
    fetched: Fetched,
    rows: int,
    *,
    force: bool,
    accept_shrink: bool,
) -> None:
    """Refuses a board that has been read, if it looks wrong beside those that are stored.

    Args:
        rows: how many it has.
        force: take it even if there is another one of its moment.
        accept_shrink: take it even if it has lost most of its rows.

    Raises:
        BadBoard: there is another board of its moment.
        SuspiciousBoard: it has lost most of its rows.
    """
    moment = int(fetched.snapshot_at.timestamp())
    known = ledger.snapshots.until(competition.id, moment)
    if known is None:
        return
    if not force and ledger.snapshots.has(competition.id, moment):
        _refuse_taken(competition, fetched, rows, known)
    if not accept_shrink and not fetched.partial:
        _refuse_shrunken(competition, fetched, rows, known, force=force)


def _refuse_shrunken(
    competition: Competition, fetched: Fetched, rows: int, before: Snapshot, *, force: bool
) -> None:
    """Refuses a board that is suddenly empty, or less than half of what it was.

    Args:
        before: the board just before it in time, whichever was loaded first.
        force: whether --force was given, which the remedy must then keep.
    """
    if rows < before.rows / 2:
        raise SuspiciousBoard(
            f"the board has {rows:,} rows where it had {before.rows:,}, which looks cut off",
            f"If it is right: {_again(competition, fetched)}{' --force' if force else ''} --accept-shrink",
        )


def _refuse_taken(competition: Competition, fetched: Fetched, rows: int, there: Snapshot) -> None:
    """Refuses a file for whose moment there is another board: one of them has the wrong date.

    A download from Kaggle is never refused: it corrects an earlier one of the same second.

    Args:
        there: the board that was processed for this moment.
    """
    # Earlier versions did not keep the hash: then compare the number of rows.
    same = there.rows == rows if there.sha256 is None else there.sha256 == fetched.sha256
    if fetched.file is None or same:
        return
    source = there.file or ("Kaggle" if there.sha256 else "an earlier sync")
    raise BadBoard(
        f"{fetched.file} is a board of {clock.iso(fetched.snapshot_at)}, but {competition.slug} has another "
        f"one of that moment ({there.rows:,} rows, from {source})",
        f"Put the right time into its name (such as {NAME_WITH_TIME}), or replace that board: "
        f"{_again(competition, fetched)} --force",
    )


def _again(competition: Competition, fetched: Fetched) -> str:
    origin = "" if fetched.file is None else f" --from FILE --board {fetched.board}"
    return f"kagsync sync {competition.slug}{origin.removesuffix(f' --board {PUBLIC}')}"
