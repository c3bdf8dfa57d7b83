"""Joins the histories of two accounts of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def join(
    old: Iterable[tuple[int, T | None]], new: Iterable[tuple[int, T | None]]
) -> list[tuple[int, T | None]]:
    """The history of a person who had two accounts.

    Where both were on the board, the new account counts, and where only one was, that one.

    Args:
        old, new: changes as (moment, standing), the earliest first; None: not on the board.

    Returns:
        the changes of the person, the earliest first, none without an effect.
    """
    by_moment: dict[int, list[tuple[bool, T | None]]] = {}
    for is_new, changes in ((False, old), (True, new)):
        for moment, standing in changes:
            by_moment.setdefault(moment, []).append((is_new, standing))
    now: dict[bool, T | None] = {False: None, True: None}
    joined: list[tuple[int, T | None]] = []
    last: T | None = None
    for moment in sorted(by_moment):
        now.update(by_moment[moment])
        standing = now[True] if now[True] is not None else now[False]
        if standing != last:
            joined.append((moment, standing))
            last = standing
    return joined
