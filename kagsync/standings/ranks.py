"""The ranks of all teams on a board, packed for the database: 8 bytes a team.

Compression hardly saves anything, because team ids are random.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NARROW, _WIDE = "I", "q"  # 4 and 8 bytes; real team ids fit into 4
_WIDTHS = {b"4": _NARROW, b"8": _WIDE}


def pack(team_ids: Sequence[int], ranks: Sequence[int]) -> bytes:
    """Packs team ids and their ranks (0: a benchmark of the host's), none of which is negative."""
    largest = max(max(team_ids, default=0), max(ranks, default=0))
    width, kind = (b"4", _NARROW) if largest < 2**32 else (b"8", _WIDE)
    return width + _bytes(array(kind, team_ids)) + _bytes(array(kind, ranks))


def unpack(packed: bytes) -> dict[int, int]:
    """The rank of each team, by its id."""
    numbers = array(_WIDTHS[packed[:1]])
    numbers.frombytes(packed[1:])
    if sys.byteorder == "big":
        numbers.byteswap()
    half = len(numbers) // 2
    return dict(zip(numbers[:half], numbers[half:], strict=True))


def _bytes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
