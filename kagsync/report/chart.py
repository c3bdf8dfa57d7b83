"""Ranks over time as SVG for a page: drawn by pygal, then stripped to what a strict page can carry.

pygal brings a style sheet, a script and long numbers; the page has its own style and a size to keep. What
stays are axes and lines, with a class for the colour, the person's name, and a label at each line's end
where there is room for labels.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from kagsync.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, HEIGHT = 960, 440
COLOURS = 10
MOST_LABELS = 24  # so many fit beside each other's ends
MOST_POINTS = 6000  # of all lines together: some 60 KB
_LABEL_GAP = 15.0  # from one label's line to the next
_LABEL_SPACE = 170
_NUMBER = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True)
class Line:
    """One person's way: from each moment (seconds since 1970) on, the rank; None: off the board."""

    username: str
    label: str
    points: list[tuple[int, int | None]]


def svg(lines: list[Line], until: int) -> str:
    """The chart as an SVG element; empty where there is no rank to draw.

    Args:
        lines: the best first, which decides the colours.
        until: the moment up to which the last standings hold.
    """
    shown = [line for line in lines if any(rank is not None for _, rank in line.points)]
    if not shown:
        return ""
    root = _drawn(shown, until)
    plot = next(node for node in root.iter("g") if node.get("class") == "plot")
    labelled = len(shown) <= MOST_LABELS
    _tidy_axes(plot)
    ends = {}
    for number, (line, group) in enumerate(zip(shown, _series(plot), strict=True)):
        ends[number] = _tidy_line(group, line, number)
    if labelled:
        _add_labels(plot, shown, ends)
    chart = ElementTree.Element(
        "svg",
        {
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "class": "ranks" if labelled else "ranks many",
            "role": "img",
            "aria-labelledby": "chart",
        },
    )
    chart.append(plot)
    return ElementTree.tostring(chart, encoding="unicode", short_empty_elements=True)


def bucket(since: int, until: int, people: int) -> int:
    """How many seconds one point of a line stands for, so that all lines together stay small."""
    points = max(min(MOST_POINTS // max(people, 1), 300), 20)
    return max((until - since) // points, 1)


def _drawn(lines: list[Line], until: int) -> Any:
    import pygal
    from pygal.etree import etree

    etree.to_etree()  # not lxml, where that is installed: its elements and ours do not mix

    # pygal's finder, for plug-ins we have not, warns at every later import that it is of an old kind.
    sys.meta_path[:] = [each for each in sys.meta_path if type(each).__name__ != "PluginImportFixer"]
    ranks = [rank for line in lines for _, rank in line.points if rank is not None]
    best, worst = min(ranks), max(max(ranks), min(ranks) + 1)
    begin = min(moment for line in lines for moment, _ in line.points)
    until = max(until, begin + 1)
    end = until + (until - begin) // 30 + 1  # room for what the latest board changed
    chart = pygal.DateTimeLine(
        width=WIDTH,
        height=HEIGHT,
        margin_top=12,
        margin_bottom=8,
        margin_left=20,
        margin_right=_LABEL_SPACE if len(lines) <= MOST_LABELS else 12,
        js=[],
        css=[],
        show_legend=False,
        show_dots=False,
        include_x_axis=False,
        inverse_y_axis=True,
        allow_interruptions=True,
        range=(best, worst),
        y_labels=_rank_ticks(best, worst),
        x_labels=_time_ticks(begin, until),
        x_value_formatter=_day if until - begin > 2 * 86400 else _hour,
        value_formatter=lambda rank: f"{rank:,.0f}",
    )
    for line in lines:
        points: list[tuple[datetime, int | None]] = []
        before: int | None = None
        for moment, rank in [*line.points, (end, None)]:
            if rank is None and before is not None:
                points.append((_time(moment), before))  # what was, until it was no more
            points.append((_time(moment), rank))
            before = rank
        chart.add(line.label, points)
    return chart.render_tree()


def _time(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"


def _hour(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %H:%M}"


def _rank_ticks(best: int, worst: int) -> list[int]:
    """The best and the worst rank, and round ones between them."""
    step = 10 ** (len(str(worst - best)) - 1)
    for factor in (0.2, 0.5, 1, 2, 5):
        if (worst - best) / (step * factor) <= 6:
            step = max(int(step * factor), 1)
            break
    rounds = range(best // step * step + step, worst, step)
    return [best, *(rank for rank in rounds if rank - best > step / 2 and worst - rank > step / 2), worst]


def _time_ticks(begin: int, until: int) -> list[datetime]:
    """Up to seven round times."""
    steps = [3600 * hours for hours in (1, 2, 3, 6, 12)] + [
        86400 * days for days in (1, 2, 7, 14, 30, 60, 90)
    ]
    step = next((step for step in steps if (until - begin) / step <= 7), 86400 * 365)
    first = _time(begin // step * step + step)
    ticks = []
    while first <= _time(until):
        ticks.append(first)
        first += timedelta(seconds=step)
    return ticks or [_time(begin)]


def _series(plot: Any) -> Iterator[Any]:
    for group in plot:
        if (group.get("class") or "").startswith("series"):
            yield group


def _tidy_axes(plot: Any) -> None:
    for parent in list(plot.iter()):
        for node in list(parent):
            if node.tag == "title" or (node.tag == "rect" and node.get("class") == "background"):
                parent.remove(node)
    for node in plot.iter():
        for name in ("d", "x", "y", "transform"):
            if name in node.attrib:
                node.set(name, _short(node.get(name)))
        kinds = (node.get("class") or "").split()
        node.attrib.pop("class", None)
        kept = [kind for kind in kinds if kind in ("axis", "x", "y", "guide", "series")]
        if kept:
            node.set("class", " ".join(kept))


def _tidy_line(group: Any, line: Line, number: int) -> float | None:
    """Makes pygal's slopes steps, since a rank holds until it changes; gives the height of the line's end."""
    group.set("class", f"line c{number % COLOURS} d{number // COLOURS % 3}")
    group.set("data-user", line.username.lower())
    end = None
    for path in list(group):
        numbers = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", path.get("d", ""))]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        steps = [f"M{_number(points[0][0])},{_number(points[0][1])}"] if points else []
        height = points[0][1] if points else 0.0
        for x, y in points[1:]:
            steps.append(f"H{_number(x)}")
            if y != height:
                steps.append(f"V{_number(y)}")
            height = y
        if len(points) == 1:
            steps.append("h2")
        path.set("d", "".join(steps))
        end = height if points else end
    title = ElementTree.Element("title")
    title.text = printable(line.label)
    group.insert(0, title)
    return end


def _add_labels(plot: Any, lines: list[Line], ends: dict[int, float | None]) -> None:
    """Names at the lines' ends, moved apart where they would touch."""
    placed = sorted((end, number) for number, end in ends.items() if end is not None)
    heights: list[float] = []
    for end, _ in placed:
        heights.append(max(end, heights[-1] + _LABEL_GAP) if heights else end)
    lowest = HEIGHT - 50.0
    for i in range(len(heights) - 1, -1, -1):
        limit = lowest if i == len(heights) - 1 else heights[i + 1] - _LABEL_GAP
        heights[i] = min(heights[i], limit)
    axis = next(node for node in plot.iter("path"))  # the plot's upper edge: `M0 0 h<width>`
    width = float(re.findall(r"-?\d+(?:\.\d+)?", axis.get("d", "0"))[-1])
    for (_, number), height in zip(placed, heights, strict=True):
        text = ElementTree.SubElement(
            plot,
            "text",
            {
                "class": f"name c{number % COLOURS}",
                "x": _number(width + 6),
                "y": _number(height + 4),
                "data-user": lines[number].username.lower(),
            },
        )
        label = printable(lines[number].label)
        text.text = label if len(label) <= 20 else f"{label[:19]}…"


def _short(text: str) -> str:
    return _NUMBER.sub(lambda match: _number(float(match[0])), text)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
