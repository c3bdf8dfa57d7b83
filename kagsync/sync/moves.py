"""What a board changed for our people, in words for a terminal: `3 of 20 moved (1 improved …), 1 new`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kagsync.standings import movements
from kagsync.standings.movements import Change, between
from kagsync.standings.which import PRIVATE

if TYPE_CHECKING:
    from kagsync.standings.movements import Deletions
    from kagsync.store.records import Competition
    from kagsync.sync.changes import Update

# The reasons for which a person's rank or score is another one; all others are counted beside these.
_MOVED = (
    movements.IMPROVED,
    movements.FELL,
    movements.RESCORED,
    movements.OVERTAKEN,
    movements.OTHERS_LEFT,
)
_WORDS = {
    movements.OTHERS_LEFT: "up because others left",
    movements.CAME_BACK: "back",
    movements.DELETED: "deleted",
    movements.MOVED: "in another team",
    movements.RENAMED: "with a new team name",
    movements.MEMBER_JOINED: "with a new member",
    movements.MEMBER_LEFT: "without a member",
}


class Moves(NamedTuple):
    """How many of our people moved, and why.

    Attributes:
        on_board: how many of them are on the board.
        is_first: whether it is the competition's first board of this kind.
        is_private: whether it is a private board.
        reasons: how many moved for each reason, a word of `movements.REASONS`.
    """

    on_board: int
    is_first: bool
    is_private: bool
    reasons: Counter[str]

    @property
    def words(self) -> str:
        if self.is_first:
            kind = "private board" if self.is_private else "board"
            return f"first {kind}, {self.on_board or 'none'} of ours on it"

        def counted(reason: str) -> str:
            return f"{self.reasons[reason]:,} {_WORDS.get(reason, reason)}"

        moved = [reason for reason in _MOVED if self.reasons[reason]]
        others = [
            counted(reason) for reason in movements.REASONS if self.reasons[reason] and reason not in moved
        ]
        if moved:
            total = sum(self.reasons[reason] for reason in moved)
            others.insert(0, f"{total:,} of {self.on_board:,} moved ({', '.join(map(counted, moved))})")
        nothing = f"none of {self.on_board:,} moved" if self.on_board else "none of ours is there"
        words = ", ".join(others) or nothing
        return f"{words} on the private board" if self.is_private else words


def count(
    update: Update,
    competition: Competition,
    moment: int,
    deleted: Deletions,
    on_board: int,
    *,
    higher_is_better: bool | None,
) -> Moves:
    """Counts what a board changed by the reason of each person's movement.

    Args:
        competition: as it was before.
        moment: the board's, in seconds since 1970.
        deleted: see `movements.between`.
        on_board: how many of our people are on it.
        higher_is_better: the direction that the board shows, if the competition has none yet.
    """
    if competition.direction is not None:
        higher_is_better = competition.direction
    reasons: Counter[str] = Counter()
    for entry in update.moved:
        old = update.before.get(entry.user_id)
        steps = between(
            old.standing if old is not None and old.left_at is None else None,
            Change(moment, entry.standing if entry.left_at is None else None),
            known=old is not None,
            higher_is_better=higher_is_better,
            deleted=deleted,
        )
        reasons.update(step.reason for step in steps[:1])
    is_first, is_private = competition.snapshot_at is None, competition.board == PRIVATE
    return Moves(on_board, is_first, is_private, reasons)
