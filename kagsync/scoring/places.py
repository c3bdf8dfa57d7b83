"""Places among some people. Pure functions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = TypeVar("Key")

MIN, AVERAGE, MAX = "min", "average", "max"
TIES = (MIN, AVERAGE, MAX)


def places(people: Iterable[tuple[Key, Any]], ties: str = MIN) -> dict[Key, float]:
    """The place of each person; 1 is the best.

    Two people at 10 and one at 20 have the places 1, 1, 3 (`min`), 1.5, 1.5, 3 (`average`) or 2, 2, 3
    (`max`), as in SciPy's `rankdata`.

    Args:
        people: each with what decides the place, the lowest first; who has None gets no place.
        ties: the place of people who have the same.
    """
    return {key: place(first, last, ties) for key, (first, last) in spans(people).items()}


def place(first: int, last: int, ties: str) -> float:
    """The place of people who share the places from `first` to `last`."""
    return last if ties == MAX else (first + last) / 2 if ties == AVERAGE else first


def spans(people: Iterable[tuple[Key, Any]]) -> dict[Key, tuple[int, int]]:
    """The first and the last of the places that a person shares with others."""
    ordered = sorted((each for each in people if each[1] is not None), key=lambda each: each[1])
    found: dict[Key, tuple[int, int]] = {}
    before = 0
    for _, group in groupby(ordered, key=lambda each: each[1]):
        tied = [key for key, _ in group]
        found |= dict.fromkeys(tied, (before + 1, before + len(tied)))
        before += len(tied)
    return found
