"""Places among our people, who are few of those on a board."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kagsync.scoring import places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kagsync.standings.standing import Standing


class LocalPlace(NamedTuple):
    """A place among our people, and how many of them have one. Team-mates share theirs."""

    rank: int
    of: int


def local_places(standings: Mapping[int, Standing], among: Mapping[int, str | None]) -> dict[int, LocalPlace]:
    """The local place of each person on a board, by user id.

    Args:
        standings: of everybody who is on the board, by user id; without a rank there is no place.
        among: who counts, by user id, each with the group among whose people the place is.
    """
    groups: defaultdict[str | None, list[tuple[int, int | None]]] = defaultdict(list)
    for user_id, standing in standings.items():
        if user_id in among:
            groups[among[user_id]].append((user_id, standing.rank))
    found: dict[int, LocalPlace] = {}
    for group in groups.values():
        spans = places.spans(group)
        found |= {user_id: LocalPlace(first, len(spans)) for user_id, (first, _) in spans.items()}
    return found
