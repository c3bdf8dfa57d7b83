"""A chart of ranks over time on a terminal: the best rank at the top, a name at the end of each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from rich.text import Text

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")
_NO_DOTS = "\u2800"  # the empty braille character
_HEIGHT = 13  # lines
_NARROWEST = 48  # columns; less leaves no room for lines
_TICKS = 4  # lines from one rank on the axis to the next


@dataclass(frozen=True)
class Series:
    """One person's ranks, each from a moment (seconds since 1970) on; None: off the board."""

    label: str
    points: list[tuple[int, int | None]]


def chart(series: list[Series], until: int, width: int) -> list[Text]:
    """The chart as styled lines; no lines if there is no rank to draw, or no room.

    Args:
        until: the moment up to which the last ranks are valid.
        width: columns.
    """
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    shown = [each for each in series if any(rank is not None for _, rank in each.points)]
    if not shown or width < _NARROWEST:
        return []
    ranks = [rank for each in shown for _, rank in each.points if rank is not None]
    best, worst = min(ranks), max(max(ranks), min(ranks) + 1)
    begin = min(moment for each in shown for moment, _ in each.points)
    until = max(until, begin + 1)
    end = until + (until - begin) // 20 + 1  # room for the changes of the latest board
    axis = len(f"{worst:,}")
    names = [printable(each.label) for each in shown]
    margin = min(max(cell_len(name) for name in names), 18)
    room = width - axis - margin - 4
    drawn = _draw(shown, (begin, end), (best, worst), room)
    labels = _placed([_last_rank(each) for each in shown], best, worst)

    lines = []
    for row in range(_HEIGHT):
        rank = round(best + (worst - best) * row / (_HEIGHT - 1))
        line = Text(no_wrap=True)
        tick = row % _TICKS == 0 and _row_of(rank, best, worst) == row  # each rank once
        line.append(f"{rank:>{axis},} ┤ " if tick else " " * axis + " │ ", "dim")
        line.append_text(drawn[row])
        if row in labels:
            name = names[labels[row]]
            name = name if cell_len(name) <= margin else set_cell_size(name, margin - 1).rstrip() + "…"
            line.append(f" {name}", _COLOURS[labels[row] % len(_COLOURS)])
        lines.append(line)
    lines.append(Text(" " * (axis + 1) + "└" + "─" * (room + 1), "dim", no_wrap=True))
    width_until = round(room * (until - begin) / (end - begin))
    lines.append(Text(" " * (axis + 3) + _dates(begin, until, width_until), "dim", no_wrap=True))
    return lines


def _draw(series: list[Series], span: tuple[int, int], ranks: tuple[int, int], width: int) -> list[Text]:
    from rich.text import Text

    lines = [Text(_NO_DOTS * width) for _ in range(_HEIGHT)]
    for number, each in enumerate(series):
        for row, dots in enumerate(_dots(each, span, ranks, width)):
            line = lines[row]
            # Each bit of a braille character is a dot, so lines can share a cell.
            line.plain = "".join(chr(ord(old) | ord(new)) for old, new in zip(line.plain, dots, strict=True))
            for column, dot in enumerate(dots):
                if dot != _NO_DOTS:
                    line.stylize(_COLOURS[number % len(_COLOURS)], column, column + 1)
    return lines


def _dots(series: Series, span: tuple[int, int], ranks: tuple[int, int], width: int) -> list[str]:
    """One series in braille, as steps: a rank is valid until the next one."""
    import plotille

    best, worst = ranks
    # With half a line of space above and below, the dots of a rank are on the line of its label.
    space = (worst - best) / (_HEIGHT - 1) / 2
    canvas = plotille.Canvas(
        width, _HEIGHT, xmin=span[0], xmax=span[1], ymin=-worst - space, ymax=-best + space
    )
    ends = [moment for moment, _ in series.points[1:]] + [span[1]]
    before: int | None = None
    for (moment, rank), until in zip(series.points, ends, strict=True):
        if rank is not None:
            if before is not None:
                canvas.line(moment, -before, moment, -rank)
            canvas.line(moment, -rank, until, -rank)
        before = rank
    return [line.ljust(width, _NO_DOTS) for line in canvas.plot().splitlines()]


def _last_rank(series: Series) -> int:
    return next(rank for _, rank in reversed(series.points) if rank is not None)


def _row_of(rank: int, best: int, worst: int) -> int:
    return round((rank - best) / (worst - best) * (_HEIGHT - 1))


def _placed(ranks: list[int], best: int, worst: int) -> dict[int, int]:
    """Line → which series is named there. Names are in the order of the ranks, each where its line ends or
    just below."""
    order = sorted(range(len(ranks)), key=lambda number: ranks[number])[:_HEIGHT]
    lines: list[int] = []
    for number in order:
        lines.append(max(_row_of(ranks[number], best, worst), lines[-1] + 1 if lines else 0))
    limit = _HEIGHT - 1
    for i in reversed(range(len(lines))):
        lines[i] = min(lines[i], limit)
        limit = lines[i] - 1
    return dict(zip(lines, order, strict=True))


def _dates(begin: int, end: int, width: int) -> str:
    """The times at both ends and in the middle."""
    form = "%m-%d %H:%M" if end - begin < 3 * 86400 else "%Y-%m-%d"
    first, middle, last = (clock.utc(moment).strftime(form) for moment in (begin, (begin + end) // 2, end))
    space = width - len(first) - len(last)
    if space < 2:
        return first
    return first + (middle.center(space) if space > len(middle) + 4 else " " * space) + last
