"""Who passed whom among tracked people. Pure functions.

One person passes another when the first was behind and is ahead on the next board, and the first one's own
better score did it. If the other one fell or was rescored, that is told of the other one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kagsync.standings import movements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kagsync.standings.movements import Movement


class Ranks(NamedTuple):
    """The ranks of one person on two successive boards; None: not on the board, or without a rank."""

    before: int | None
    after: int | None


def may_pass(movement: Movement) -> bool:
    """Whether it is a better score of the person's own, which may have passed others.

    It may even if the rank is worse than before, because strangers passed at the same time. On a board whose
    direction is not known, any own score may be better.
    """
    return movement.reason == movements.IMPROVED or (movement.reason == movements.RESCORED and movement.own)


def passed(passer: int, people: Mapping[int, Ranks]) -> list[int]:
    """Whom a person passed, the best first.

    Team-mates share a rank, so they never pass one another.

    Args:
        passer: the person's id.
        people: the ranks of everybody on the same two boards, by user id.

    Returns:
        user ids.
    """
    before, after = people.get(passer, Ranks(None, None))
    if before is None or after is None:
        return []
    found = [
        (ranks.after, key)
        for key, ranks in people.items()
        if ranks.before is not None
        and ranks.after is not None
        and ranks.before < before
        and ranks.after > after
    ]
    return [key for _, key in sorted(found)]
