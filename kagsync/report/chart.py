"""Lays out a page's chart of ranks or totals over time. The template `chart.html` writes it as SVG.

Lines and times fill the width of the page, whatever that is; heights are pixels, so that names keep apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor, log, log10
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 1000, 400  # units across the lines, pixels down
COLOURS = 10
MOST_NAMES = 24  # more do not fit below each other
BEST_NAMES, MOVING_NAMES = 6, 6  # of more people, only so many have a name, and the others are grey
MOST_POINTS = 6000  # in all lines together: about 60 KB
_NAME_GAP = 16  # pixels from one name to the next
_LONGEST_NAME = 20
_GUIDES = 5  # roughly how many ranks are on the axis
_MOST_TIMES = 7
_HOUR, _DAY = 3600, 86400
_STEPS = (*(hours * _HOUR for hours in (1, 2, 3, 6, 12)), *(days * _DAY for days in (1, 2, 7, 14)))


@dataclass(frozen=True)
class Line:
    """One person's ranks or totals: each point is a moment (seconds since 1970) and the value from then on.

    The value is None while the person is off the board, or while it is not known.

    Attributes:
        before: the rank before what the person did lately; None: nothing.
    """

    username: str
    label: str
    points: Sequence[tuple[int, float | None]]
    before: int | None = None

    @property
    def values(self) -> list[float]:
        """The values that are known."""
        return [value for _, value in self.points if value is not None]

    @property
    def distance(self) -> tuple[float, float]:
        """How far the person's rank moved, lately and on the whole chart: 20 → 10 is as far as 40 → 20."""
        ranks = self.values
        return abs(log(ranks[-1] / (self.before or ranks[-1]))), abs(log(ranks[-1] / ranks[0]))

    @property
    def change(self) -> tuple[float, float]:
        """The same for totals, where every point counts the same."""
        totals = self.values
        return 0.0, abs(totals[-1] - totals[0])


@dataclass(frozen=True)
class Tick:
    """A label on an axis: its percentage of the width, or its pixel from the top."""

    at: float
    label: str


@dataclass(frozen=True)
class Drawn:
    """A line as it is drawn.

    Attributes:
        number: decides the colour and the dashes; None: grey.
        path: for SVG's attribute `d`.
        end: the height at which it ends.
        name_at: the height of the name beside it; None: no name.
        name: cut to a length that fits.
        lasts: whether it goes on to the chart's edge.
    """

    username: str
    label: str
    number: int | None
    path: str
    end: int
    name_at: float | None
    name: str
    lasts: bool

    @property
    def classes(self) -> str:
        if self.number is None:
            return "grey"
        return f"c{self.number % COLOURS} d{self.number // COLOURS % 3}"


@dataclass(frozen=True)
class Chart:
    """Everything that is drawn, grey lines first and therefore below; the first and the last moment.

    Attributes:
        totals: whether the lines are totals, the highest at the top; otherwise ranks, the best at the top.
    """

    lines: list[Drawn]
    values: list[Tick]
    times: list[Tick]
    begin: int
    until: int
    totals: bool

    width, height, best = WIDTH, HEIGHT, BEST_NAMES

    @property
    def named(self) -> int:
        """How many lines have a name."""
        return sum(line.name_at is not None for line in self.lines)


def draw(lines: list[Line], until: int, *, totals: bool = False) -> Chart | None:
    """Lays out a chart; None if there is no value to draw.

    Args:
        lines: the best person first. The order decides the colours.
        until: the moment up to which the last values hold.
        totals: see `Chart`.
    """
    shown = [line for line in lines if line.values]
    if not shown:
        return None
    values = [value for line in shown for value in line.values]
    low, high = min(values), max(values)
    if low == high:
        high += 1
    best, worst = (high, low) if totals else (low, high)
    begin = min(moment for line in shown for moment, _ in line.points)
    until = max(until, begin + 1)
    end = until + (until - begin) // 30 + 1  # room for what the latest board changed

    def x(moment: int) -> int:
        return round((moment - begin) / (end - begin) * WIDTH)

    def y(value: float) -> int:
        return round((value - best) / (worst - best) * HEIGHT)

    ends = [y(line.values[-1]) for line in shown]
    named = _named(shown, (lambda line: line.change) if totals else (lambda line: line.distance))
    ticks = rounds(low, high) if totals else rank_ticks(int(low), int(high))
    names_at = dict(zip(named, apart([ends[each] for each in named], HEIGHT), strict=True))
    numbers = {each: number for number, each in enumerate(named)} or {0: 0}
    drawn = [
        Drawn(
            username=line.username.lower(),
            label=line.label,
            number=numbers.get(place),
            path=_path([(x(moment), None if value is None else y(value)) for moment, value in line.points]),
            end=ends[place],
            name_at=names_at.get(place),
            name=cut(printable(line.label), _LONGEST_NAME),
            lasts=line.points[-1][1] is not None,
        )
        for place, line in enumerate(shown)
    ]
    return Chart(
        sorted(drawn, key=lambda line: line.number is not None),
        [Tick(y(value), f"{value:,.10g}") for value in ticks],
        [Tick(x(moment) * 100 / WIDTH, label) for moment, label in _time_ticks(begin, until)],
        begin,
        until,
        totals,
    )


def _named(lines: list[Line], moved: Callable[[Line], tuple[float, float]]) -> list[int]:
    """The places of the lines with a name: none of one, all of a few; of many the best and who moved most."""
    places = range(len(lines))
    if len(lines) == 1:
        return []
    if len(lines) <= MOST_NAMES:
        return list(places)
    moving = sorted(places[BEST_NAMES:], key=lambda place: moved(lines[place]), reverse=True)
    return [*places[:BEST_NAMES], *sorted(moving[:MOVING_NAMES])]


def bucket(since: int, until: int, people: int) -> int:
    """How many seconds one point of a line stands for, so that all lines together stay small."""
    points = max(min(MOST_POINTS // max(people, 1), 300), 20)
    return max((until - since) // points, 1)


def _path(points: list[tuple[int, int | None]]) -> str:
    """Steps, since a rank holds until it changes, with a gap where there is no height."""
    parts: list[str] = []
    height: int | None = None
    for x, y in [*points, (WIDTH, None)]:
        if y == height:
            continue
        if height is not None:
            parts.append(f"H{x}")
        if y is not None:
            parts.append(f"M{x},{y}" if height is None else f"V{y}")
        height = y
    return "".join(parts)


def apart(ends: list[int], height: int) -> list[float]:
    """The height of each name: beside its line's end, or moved where names would touch.

    Args:
        ends: where the lines end, in pixels from the top.
        height: of the chart, with room for all names below each other.
    """
    heights = [0.0] * len(ends)
    # Names that would touch form a block around the middle of their lines' ends: its members, and its top.
    blocks: list[tuple[list[int], float]] = []
    for number in sorted(range(len(ends)), key=ends.__getitem__):
        members, top = [number], float(ends[number])
        while blocks and blocks[-1][1] + len(blocks[-1][0]) * _NAME_GAP > top:
            members = blocks.pop()[0] + members
            middle = sum(ends[each] for each in members) / len(members)
            top = middle - (len(members) - 1) * _NAME_GAP / 2
            top = max(min(top, height - (len(members) - 1) * _NAME_GAP), 0)
        blocks.append((members, top))
    for members, top in blocks:
        for place, number in enumerate(members):
            heights[number] = round(top + place * _NAME_GAP, 1)
    return heights


def cut(name: str, most: int) -> str:
    """A name of at most so many characters."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def rank_ticks(best: int, worst: int) -> list[int]:
    """The best and the worst rank, and round ones between them."""
    step = max(int(_step(best, worst)), 1)
    between = range(best // step * step + step, worst, step)
    return [best, *(rank for rank in between if min(rank - best, worst - rank) > step / 3), worst]


def rounds(low: float, high: float) -> list[float]:
    """The round numbers from one number to a higher one."""
    step = _step(low, high)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _step(low: float, high: float) -> float:
    """The distance of round numbers, of which about `_GUIDES` fit between two."""
    rough = (high - low) / _GUIDES
    power = 10.0 ** floor(log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def _time_ticks(begin: int, until: int) -> list[tuple[int, str]]:
    """At most seven round moments with their labels."""
    step = next((step for step in _STEPS if step * _MOST_TIMES >= until - begin), None)
    if step is None:
        moments = _months(begin, until)
    else:
        first = begin // step * step + step
        moments = [_time(moment) for moment in range(first, until + 1, step)] or [_time(begin)]
    # The year or day is shown at the ends and where it changes. Narrow screens show only the ends.
    labels = []
    for before, moment in zip([moments[0], *moments[:-1]], moments, strict=True):
        end = moment in (moments[0], moments[-1])
        if step is None:
            label = f"{moment:%b %Y}" if end or before.year != moment.year else f"{moment:%b}"
        elif step < _DAY:
            day = f"{moment.day} {moment:%b} " if end or before.day != moment.day else ""
            label = f"{day}{moment:%H:%M}"
        else:
            label = f"{moment.day} {moment:%b}"
        labels.append((int(moment.timestamp()), label))
    return labels


def _months(begin: int, until: int) -> list[datetime]:
    """The beginnings of months, or of every second month and so on."""
    first, last = _time(begin), _time(until)
    numbers = range(first.year * 12 + first.month, last.year * 12 + last.month)
    months = [datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in numbers]
    return months[:: -(-len(months) // _MOST_TIMES)]


def _time(moment: int) -> datetime:
    return clock.utc(moment)
