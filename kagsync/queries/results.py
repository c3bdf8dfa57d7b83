"""The result of a competition: what its private board says, beside the public one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.standings import results
from kagsync.standings.movements import NEW
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kagsync.standings.movements import Movement
    from kagsync.standings.shake_up import ShakeUp
    from kagsync.standings.standing import Standing
    from kagsync.store import Store
    from kagsync.store.records import Competition, Entry


def finals(store: Store, competition: Competition) -> Callable[[int, Iterable[Movement]], list[Movement]]:
    """A function that says what movements mean on the competition's board.

    Returns:
        a function of a user's id and the movements that the rules for public boards found, which it returns
        unchanged for a public board.
    """
    if competition.board != PRIVATE:
        return lambda _, found: list(found)
    public = standings(store, competition, PUBLIC)
    medals = store.ledger(PRIVATE).boards.medal_lines(competition.id) if competition.awards_medals else []
    history = store.history

    def told(user: int, found: Iterable[Movement]) -> list[Movement]:
        found = list(found)
        moment = next((each.moment for each in found if each.reason == NEW), None)
        # As the public board was then: who is removed later, is removed from both.
        before = None if moment is None else history.standing_at(competition.id, user, moment)
        return results.of_private(found, before or public.get(user), medals)

    return told


def standings(store: Store, competition: Competition, board: str) -> dict[int, Standing]:
    """How everybody who is on a board stands there, by user id."""
    return on_board(store.ledger(board).boards.entries(competition.id))


def on_board(entries: Iterable[Entry]) -> dict[int, Standing]:
    """The standings of everybody who is on the board of these entries, by user id."""
    return {entry.user_id: entry.standing for entry in entries if entry.left_at is None}


def whole_shake_up(store: Store, competition: Competition) -> ShakeUp | None:
    """How far all teams moved; None: one of the boards is not known as a whole."""
    if not competition.has_result:
        return None
    from kagsync.standings import ranks  # most competitions are running
    from kagsync.standings.shake_up import shake_up

    packed = [store.ledger(board).boards.packed_ranks(competition.id) for board in (PUBLIC, PRIVATE)]
    public, private = (None if each is None else ranks.unpack(each) for each in packed)
    return None if public is None or private is None else shake_up(public, private)
