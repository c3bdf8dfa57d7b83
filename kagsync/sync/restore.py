"""Restores entries from the history: for people who left, and after boards were corrected or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.log import logger

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.store import Ledger, LedgerChanges
    from kagsync.store.records import Competition, Entry


def redated(ledger: Ledger, competition_id: int) -> list[Entry]:
    """The entries of people who are not on the newest board, made from the history; only changed ones.

    A correction may have removed their last standing: then the one before it is their last.
    """
    redated = []
    for entry in ledger.boards.entries(competition_id, archived=True):
        if entry.last_seen_at is None:
            continue
        change = ledger.history.last_change(competition_id, entry.user_id)
        if change is None:
            continue
        # Still there on the last board that was searched for this user: then nothing says "left".
        left = (
            None if ledger.history.standing_at(competition_id, entry.user_id, change) is not None else change
        )
        seen = ledger.snapshots.last_search(competition_id, entry.user_id, before=left)
        if seen is None:
            continue
        dated = _as_of(ledger, competition_id, entry)._replace(
            left_at=None if left is None else clock.from_unix(left),
            last_seen_at=clock.from_unix(seen),
        )
        if dated != entry:
            redated.append(dated)
    return redated


def drop_boards_after(
    ledger: Ledger, changes: LedgerChanges, competition: Competition, last: datetime
) -> None:
    """Drops the boards after a moment; the newest one that stays becomes the applied one.

    The history does not keep the date of the last submission, so restored entries have none until the next
    board is applied, which happens in the same transaction.
    """
    if not changes.history.forget_after(competition.id, int(last.timestamp())):
        return
    newest = ledger.snapshots.until(competition.id, int(last.timestamp()))
    if newest is not None:
        changes.boards.save_entries(
            competition.id,
            [
                _as_of(ledger, competition.id, entry)
                for entry in ledger.boards.entries(competition.id, archived=True)
            ],
        )
    changes.boards.follow_history(competition.id)
    changes.boards.go_back(competition.id, newest)
    changes.boards.save_entries(competition.id, redated(ledger, competition.id))
    stays = f"the newest one that stays is of {clock.from_unix(newest.moment)}" if newest else "none stays"
    logger.warning("Dropped the boards dated after %s: %s", clock.iso(last), stays)


def _as_of(ledger: Ledger, competition_id: int, entry: Entry) -> Entry:
    """An entry as its history ends; unchanged if it has no history (it is then deleted)."""
    change = ledger.history.last_change(competition_id, entry.user_id)
    if change is None:
        return entry
    standing = ledger.history.standing_at(competition_id, entry.user_id, change)
    left_at = None if standing is not None else clock.from_unix(change)
    # The first change of a history is never "left".
    standing = (
        standing or ledger.history.standing_at(competition_id, entry.user_id, change - 1) or entry.standing
    )
    if standing.same(entry.standing):
        standing = standing.with_what_history_lacks(entry.standing)
    # `redated` finds the board before
    return entry._replace(standing=standing, left_at=left_at, last_seen_at=left_at)
