"""The rules of the private board: the final rank, and what changes it afterwards. Pure functions.

After the end there are no submissions, so nobody improves or falls: a rank goes up or down when teams are
removed or scores are corrected. Changes within a team are told for the public board only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kagsync.standings import gaps, movements
from kagsync.standings.which import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kagsync.standings.marks import MedalLine
    from kagsync.standings.movements import Movement
    from kagsync.standings.standing import Standing

_LEFT_OUT = (movements.RENAMED, movements.MEMBER_JOINED, movements.MEMBER_LEFT, movements.SUBMITTED)
_RESCORED = (movements.IMPROVED, movements.FELL)


def of_private(
    found: Iterable[Movement], public: Standing | None, medals: Sequence[MedalLine]
) -> list[Movement]:
    """What movements mean that the rules for public boards found on private ones.

    Args:
        found: the movements of one person.
        public: the person's standing on the public board, which the final rank is compared with; None: not on
            it.
        medals: the private board's medal lines; none if no medals are awarded.
    """
    told = []
    for movement in found:
        reason, before, medal = movement.reason, movement.before, None
        if reason in _LEFT_OUT:
            continue
        if reason == movements.NEW:
            reason, before = movements.FINAL, public
            medal = gaps.medal(movement.after, medals) if movement.after else None
        elif reason in _RESCORED:
            reason = movements.RESCORED
        told.append(replace(movement, reason=reason, before=before, board=PRIVATE, medal=medal))
    return told
