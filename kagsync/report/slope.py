"""Lays out a page's slope chart: each person's rank on the public and on the private board.

The template `slope.html` writes it as SVG. Colour, dashes and sign all say whether a line goes up or down.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from kagsync.output.wording import shaken
from kagsync.report.chart import WIDTH, Tick, apart, cut, rank_ticks
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_NAMES = 40
_NAMES_OF_MANY = 20  # of more people, so that the texts stay near the steepest lines
_LEAST_HEIGHT, _MOST_HEIGHT = 240, 640  # pixels; a name needs 16
_HEIGHT_OF_ONE = 26
_LEAST_RANKS = 20  # on the axis, so that one place does not look like many
_LONGEST_NAME = 16
_TICK_GAP = 32  # pixels from one rank on the axis to the next, at least


class Person(NamedTuple):
    """One person's ranks; `public` is None for somebody who is on the private board only."""

    username: str
    label: str
    public: int | None
    private: int

    @property
    def places(self) -> int:
        """How many places were gained (lost: negative)."""
        return 0 if self.public is None else self.public - self.private


@dataclass(frozen=True)
class Drawn:
    """One person as drawn.

    Attributes:
        way: the class of the line: "up", "down", "still", or "alone" for somebody without a public rank.
        start, end: the heights at the left and the right; there is no line without a start.
        title: both ranks in words.
        rank, moved, name: the text beside the line's end.
        name_at: the height of that text; None: no text.
    """

    username: str
    way: str
    start: int | None
    end: int
    title: str
    rank: str
    moved: str
    name: str
    name_at: float | None


@dataclass(frozen=True)
class Slope:
    """Everything that is drawn, the steepest lines last and therefore on top.

    Attributes:
        stretched: whether the scale gives better ranks more room.
    """

    people: list[Drawn]
    ranks: list[Tick]
    height: int
    stretched: bool

    width = WIDTH

    def count(self, way: str) -> int:
        """How many people went this way."""
        return sum(person.way == way for person in self.people)

    @property
    def names(self) -> int:
        """How many people have a text."""
        return sum(person.name_at is not None for person in self.people)


def draw(people: list[Person]) -> Slope | None:
    """Lays out a slope chart; None if there is nobody to draw."""
    if not people:
        return None
    ranks = [rank for person in people for rank in (person.public, person.private) if rank is not None]
    best, worst = _span(min(ranks), max(ranks))
    height = min(max(len(people) * _HEIGHT_OF_ONE, _LEAST_HEIGHT), _MOST_HEIGHT)
    stretched = worst - best > height  # a place is less than a pixel, and at the top a few places count
    scale = sqrt if stretched else float

    def y(rank: int) -> int:
        return round((scale(rank) - scale(best)) / (scale(worst) - scale(best)) * height)

    def steepness(person: Person) -> int:
        return 0 if person.public is None else abs(y(person.public) - y(person.private))

    steepest = sorted(people, key=steepness, reverse=True)
    named = steepest if len(people) <= MOST_NAMES else steepest[:_NAMES_OF_MANY]
    named = sorted(named, key=lambda person: person.private)
    names_at = dict(zip(named, apart([y(person.private) for person in named], height), strict=True))
    drawn = [
        Drawn(
            username=person.username.lower(),
            way=_way(person),
            start=None if person.public is None else y(person.public),
            end=y(person.private),
            title=_title(person),
            rank=f"{person.private:,}",
            moved=_moved(person),
            name=cut(printable(person.label), _LONGEST_NAME),
            name_at=names_at.get(person),
        )
        for person in reversed(steepest)
    ]
    return Slope(drawn, _ticks(best, worst, y), height, stretched)


def _way(person: Person) -> str:
    if person.public is None:
        return "alone"
    return "up" if person.places > 0 else "down" if person.places < 0 else "still"


def _moved(person: Person) -> str:
    if person.public is None:
        return ""
    return shaken(person.places)


def _title(person: Person) -> str:
    if person.public is None:
        return f"{person.label}: {person.private:,} on the private board, not on the public board"
    if not person.places:
        return f"{person.label}: {person.private:,} on both boards"
    places = abs(person.places)
    noun = "place" if places == 1 else "places"
    return f"{person.label}: from {person.public:,} to {person.private:,}, {places:,} {noun} {_way(person)}"


def _span(best: int, worst: int) -> tuple[int, int]:
    """The ranks at the top and the bottom of the axis."""
    missing = max(_LEAST_RANKS - (worst - best), 0)
    top = max(best - missing // 2, 1)
    return top, max(worst, top + _LEAST_RANKS)


def _ticks(best: int, worst: int, y: Callable[[int], int]) -> list[Tick]:
    """The best and the worst rank, and round ones between them wherever there is room."""
    steps = [digit * 10**power for power in range(len(str(worst))) for digit in (1, 2, 5)]
    shown = [best, worst]
    for rank in sorted({rank for rank in steps if best < rank < worst} | set(rank_ticks(best, worst))):
        if all(abs(y(rank) - y(other)) >= _TICK_GAP for other in shown):
            shown.append(rank)
    return [Tick(y(rank), f"{rank:,}") for rank in sorted(shown)]
