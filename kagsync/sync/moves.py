"""What a board changed for our people, in words for a terminal: `3 of 20 moved (1 improved …), 1 new`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kagsync.standings import movements
from kagsync.standings.movements import Change, between
from kagsync.standings.which import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    movements.OTHERS_LEFT: "up because of others",
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
        with_rank: how many of those who only submitted have another rank, too.
    """

    on_board: int
    is_first: bool
    is_private: bool
    reasons: Counter[str]
    with_rank: int = 0

    @property
    def words(self) -> str:
        if self.is_first:
            kind = "private board" if self.is_private else "board"
            return f"first {kind}, {self.on_board or 'none'} of ours on it"

        def counted(found: Counter[str], order: Iterable[str]) -> list[str]:
            return [f"{found[reason]:,} {_WORDS.get(reason, reason)}" for reason in order if found[reason]]

        moved = Counter({each: self.reasons[each] for each in _MOVED})
        moved += Counter({movements.SUBMITTED: self.with_rank})
        others = counted(self.reasons - moved, movements.REASONS)
        if moved:
            why = ", ".join(counted(moved, (*_MOVED, movements.SUBMITTED)))
            others.insert(0, f"{moved.total():,} of {self.on_board:,} moved ({why})")
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
    with_rank = 0
    for entry in update.moved:
        old = update.before.get(entry.user_id)
        steps = between(
            old.standing if old is not None and old.left_at is None else None,
            Change(moment, entry.standing if entry.left_at is None else None),
            known=old is not None,
            higher_is_better=higher_is_better,
            deleted=deleted,
        )
        for step in steps[:1]:
            reasons[step.reason] += 1
            with_rank += step.reason == movements.SUBMITTED and bool(step.places)
    is_first, is_private = competition.snapshot_at is None, competition.board == PRIVATE
    return Moves(on_board, is_first, is_private, reasons, with_rank)
