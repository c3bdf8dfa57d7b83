"""In which order a board's people are shown, and how many of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.queries.board import BoardView, Line

Item = TypeVar("Item")


# By what people can be sorted; None comes last.
KEYS: dict[str, Callable[[Line], Any]] = {
    "rank": lambda line: line.entry.standing.rank,
    "public_rank": lambda line: line.public and line.public.rank,
    "shake_up": lambda line: line.shake_up,
    "moved": lambda line: line.moved.places if line.moved else 0,
    "local_rank": lambda line: line.local and line.local.rank,
    "person": lambda line: line.user.shown_name.casefold(),
    "username": lambda line: line.user.handle.casefold(),
    "team": lambda line: line.entry.standing.team_name.casefold(),
    "score": lambda line: line.entry.standing.score,
    "public_score": lambda line: line.public and line.public.score,
    "change": lambda line: line.moved.score_change if line.moved else 0.0,
    "subs": lambda line: line.entry.standing.submission_count,
    "last_sub": lambda line: line.entry.standing.submission_date,
    "next_person": lambda line: line.next_person and line.next_person.score,
    "next_baseline": lambda line: line.next_baseline and line.next_baseline.score,
    "next_medal": lambda line: line.next_medal and line.next_medal.score,
}


class Order(NamedTuple):
    """An order: one of `KEYS`, ascending or descending. Who has no such value comes last."""

    key: str
    descending: bool = False

    def of(self, items: list[Item], line: Callable[[Item], Line | None]) -> list[Item]:
        """The items sorted by their lines; equal ones stay as they were."""
        values: list[Any] = [None if (each := line(item)) is None else KEYS[self.key](each) for item in items]
        known = [number for number, value in enumerate(values) if value is not None]
        known.sort(key=values.__getitem__, reverse=self.descending)
        return [items[number] for number in known] + [
            item for item, value in zip(items, values, strict=True) if value is None
        ]


def arranged(
    views: list[BoardView], order: Order | None, limit: int | None, *, by_group: bool = False
) -> list[BoardView]:
    """Boards in some order, with the first people only; the others are `hidden`.

    Several boards are sorted by their first lines.

    Args:
        limit: how many people to show; None: all.
        by_group: the limit is of each group.
    """
    if order is not None:
        views = [
            replace(
                view,
                on_board=order.of(view.on_board, lambda line: line),
                left=order.of(view.left, lambda line: line),
            )
            for view in views
        ]
        views = order.of(views, lambda view: next(iter(view.on_board), None))
    return views if limit is None else _limited(views, limit, by_group=by_group)


def _limited(views: list[BoardView], limit: int, *, by_group: bool) -> list[BoardView]:
    taken: Counter[str | None] = Counter()

    def first(lines: list[Line]) -> tuple[list[Line], list[Line]]:
        shown: list[Line] = []
        hidden: list[Line] = []
        for line in lines:
            group = line.user.group if by_group else None
            (shown if taken[group] < limit else hidden).append(line)
            taken[group] += 1
        return shown, hidden

    found = []
    for view in views:
        (on_board, later), (left, later_left) = first(view.on_board), first(view.left)
        found.append(replace(view, on_board=on_board, left=left, hidden=[*later, *later_left]))
    return found
