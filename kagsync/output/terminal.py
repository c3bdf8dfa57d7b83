"""Tables and lines for people: fitted to a terminal's width, or whole in a pipe.

Names of teams and people are written by strangers: no name can style, move or hide anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kagsync.safe_text import clip, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo

    from rich.text import Text

UP, DOWN = "▲", "▼"  # better, worse: shown by shape, not only by colour
_BARS = "▁▂▃▄▅▆▇█"
SIGN = "*"  # refers to a line below the table, so it stays when the cell that it ends is cut
_EXTRA = 50  # columns that matter so much, or less, go before others are cut
_USUAL = 30  # characters of a cell; longer cells are cut before that
# In a text: a command, up to the end of its sentence, or a word; each with the space before it.
_PIECE = re.compile(r"(\s*)((?<=[:?] )kagsync .*?(?:[;.](?= )|$)|\S+)")


Item = TypeVar("Item")


@dataclass(frozen=True)
class Column(Generic[Item]):
    """A column of a table.

    Attributes:
        cell: the text for an item; empty if there is none.
        keep: on a narrow terminal the column with the lowest number goes first; one with 50 or less goes
            before the usual cells of the others are cut.
        sparse: an empty cell says as much as the others. Other columns that are mostly empty go before all
            that are not.
        shrink: before a column goes, cells of this one may be cut to this many characters (0: never cut).
        style: Rich's, for a terminal, or a function that gives it for a cell.
        note: a line below the table that is left out where no column with this note is shown.
    """

    title: str
    cell: Callable[[Item], str]
    right: bool = False
    keep: int = 100
    sparse: bool = False
    shrink: int = 0
    style: str | Callable[[str], str] = ""
    note: str = ""


@dataclass(frozen=True)
class Rows(Generic[Item]):
    """The cells of items, made anew in each iteration, so that they need not all be in memory."""

    columns: Sequence[Column[Item]]
    items: Iterable[Item]

    def __iter__(self) -> Iterator[list[str]]:
        for item in self.items:
            yield [printable(column.cell(item)) for column in self.columns]

    def __bool__(self) -> bool:
        return bool(self.items)


class Table:
    """A line for each item, with a cell for each column. Columns with nothing in them are not shown.

    Attributes:
        title: the line above.
        facts: short facts under it, kept whole where the line must break.
        below: lines under the table.
        warning: a last line that must not be missed.
        chosen: whether somebody chose the columns, so that a line names those that are not shown.
        too_narrow: gives a line about the columns that a narrow terminal does not show, or an empty one.
    """

    def __init__(
        self,
        columns: Sequence[Column[Item]],
        items: Iterable[Item],
        *,
        title: str = "",
        facts: Sequence[str] = (),
        below: Sequence[str] = (),
        warning: str = "",
        chosen: bool = False,
        too_narrow: Callable[[list[Column[Any]]], str] = lambda _: "",
    ) -> None:
        self.columns, self.chosen, self.too_narrow = columns, chosen, too_narrow
        self._items = items
        self.title, self.warning = printable(title), printable(warning)
        self.facts, self.below = [printable(fact) for fact in facts], [printable(line) for line in below]

    @cached_property
    def rows(self) -> Rows[Any] | list[list[str]]:
        """The cells of each item. They are made when they are shown: JSON needs none."""
        rows = Rows(self.columns, self._items)
        return list(rows) if isinstance(self._items, list) else rows

    def tables(self) -> list[Table]:
        return [self]

    def lines(self, width: int | None) -> Iterator[Text]:
        """The table as styled lines, fitted to `width` characters if that is given."""
        widths, dropped = _fitted(self.columns, *_measured(self), width)
        unused = {self.columns[i].note for i in dropped} - {self.columns[i].note for i in widths}
        below = [line for line in self.below if line not in unused]
        if self.chosen:
            empty = [i for i in range(len(self.columns)) if i not in widths and i not in dropped]
            for what, missing in (("The terminal is too narrow for", dropped), ("Nothing is in", empty)):
                if missing:
                    below.insert(0, f"{what}: {', '.join(self.columns[i].title for i in missing)}")
        if line := self.too_narrow([self.columns[i] for i in dropped]):
            below.insert(0, line)
        blocks: list[Iterable[Text]] = []
        if self.title:
            blocks.append([*_paragraph(self.title, width, "bold"), *_facts(self.facts, width)])
        if widths:
            blocks.append(_grid(self, widths, styled=width is not None))
        if below:
            blocks.append([part for line in below for part in _paragraph(line, width, "dim")])
        if self.warning:
            blocks.append(_paragraph(self.warning, width, "red"))
        return _spaced(blocks)


@dataclass(frozen=True)
class Lines:
    """Lines of (text, Rich style) pieces.

    Attributes:
        table: the same for formats that show tables.
    """

    pieces: list[list[tuple[str, str]]]
    table: Table | None = None

    def tables(self) -> list[Table]:
        return [] if self.table is None else [self.table]

    def lines(self, _: int | None) -> list[Text]:
        from rich.text import Text

        return [Text.assemble(*((printable(text), style) for text, style in line)) for line in self.pieces]


@dataclass(frozen=True)
class Blocks:
    """Several tables, with an empty line between them."""

    blocks: list[Table]

    def tables(self) -> list[Table]:
        return self.blocks

    def lines(self, width: int | None) -> Iterator[Text]:
        return _spaced(block.lines(width) for block in self.blocks)


def _spaced(blocks: Iterable[Iterable[Text]]) -> Iterator[Text]:
    """The lines of blocks, with an empty line between them."""
    from rich.text import Text

    for number, block in enumerate(blocks):
        if number:
            yield Text()
        yield from block


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """A text on lines of at most so many characters, all but the first of them indented.

    A command stays whole. One that is longer than a line has a line of its own, which the terminal breaks, so
    that it can be copied. Longer words are broken.
    """
    from rich.cells import cell_len, chop_cells

    lines = [""]
    for space, piece in _PIECE.findall(text):
        if cell_len(f"{lines[-1]}{space}{piece}") <= width:
            lines[-1] += f"{space}{piece}"
        elif len(indent) + cell_len(piece) <= width:
            lines.append(f"{indent}{piece}")
        else:
            lines += [piece] if " " in piece else chop_cells(piece, width)
    return lines if lines[0] else lines[1:] or lines


def _paragraph(text: str, width: int | None, style: str) -> list[Text]:
    from rich.text import Text

    lines = [text] if width is None else wrapped(text, width, "  ")
    return [Text(line, style, no_wrap=True, overflow="ignore") for line in lines]


def _facts(facts: list[str], width: int | None) -> list[Text]:
    """The facts on as few lines as hold them."""
    lines: list[str] = []
    for fact in facts:
        if lines and (width is None or len(lines[-1]) + 3 + len(fact) <= width):
            lines[-1] += f" · {fact}"
        else:
            lines.append(fact)
    return [part for line in lines for part in _paragraph(line, width, "dim")]


def _measured(table: Table) -> tuple[list[int], list[float]]:
    """How wide each column is, and the share of its cells that are filled."""
    from rich.cells import cell_len

    longest, filled, count = [0] * len(table.columns), [0] * len(table.columns), 0
    for row in table.rows:
        count += 1
        for i, cell in enumerate(row):
            if cell:
                filled[i] += 1
                longest[i] = max(longest[i], cell_len(cell))
    natural = [max(cell_len(column.title), longest[i]) for i, column in enumerate(table.columns)]
    return natural, [each / max(count, 1) for each in filled]


def _fitted(
    columns: Sequence[Column[Any]], natural: list[int], filled: list[float], width: int | None
) -> tuple[dict[int, int], list[int]]:
    """The columns that fit side by side, each with its width, and those that do not.

    Columns that are mostly empty go first, then the less important ones. Columns with nothing in them are
    neither shown nor missed.
    """
    shown = [i for i, share in enumerate(filled) if share]
    if width is None:
        return {i: natural[i] for i in shown}, []
    sparse = {i for i in shown if filled[i] < 0.5 and not columns[i].sparse}
    extra = sparse | {i for i in shown if columns[i].keep <= _EXTRA}
    least = {i: min(natural[i], columns[i].shrink or natural[i]) for i in shown}
    usual = {i: least[i] if i in extra else max(least[i], min(natural[i], _USUAL)) for i in shown}
    left = sorted(shown, key=lambda i: (i not in sparse, columns[i].keep), reverse=True)
    while len(left) > 1 and _side_by_side(usual if left[-1] in extra else least, left) > width:
        left.pop()
    widths = {i: least[i] for i in sorted(left)}
    spare = width - _side_by_side(widths, left)
    for i in sorted(left, key=lambda i: natural[i] - least[i]):  # first those that are nearly whole
        more = min(max(spare, 0), natural[i] - least[i])
        widths[i] += more
        spare -= more
    return widths, [i for i in shown if i not in widths]


def _side_by_side(widths: dict[int, int], columns: list[int]) -> int:
    return sum(widths[i] + 2 for i in columns) - 2


def _grid(table: Table, widths: dict[int, int], *, styled: bool) -> Iterator[Text]:
    """The titles and the rows. A pipe shows no styles, and a row without them takes half the time."""
    from rich.cells import cell_len
    from rich.text import Text

    # Slugs of the same series differ at the end.
    titles = [clip(column.title, widths.get(i, 0)) for i, column in enumerate(table.columns)]

    def padded(cells: list[str]) -> Iterator[str]:
        for i, space in widths.items():
            cell = cells[i]
            length = cell_len(cell)
            if length > space:
                cell, length = _cut(cell, space), space
            padding = " " * (space - length)
            yield padding + cell if table.columns[i].right else cell + padding

    if not styled:
        for cells in chain([titles], table.rows):
            yield Text("  ".join(padded(cells)))
        return

    def line(cells: list[str], style: str | None = None) -> Text:
        text = Text(no_wrap=True)
        for number, (i, cell) in enumerate(zip(widths, padded(cells), strict=True)):
            own = table.columns[i].style
            text.append("  " if number else "")
            text.append(cell, style or (own if isinstance(own, str) else own(cells[i])))
        return text

    head = line(titles, "bold")
    yield head
    yield Text("─" * head.cell_len, "dim", no_wrap=True)
    yield from (line(row) for row in table.rows)


def _cut(cell: str, space: int) -> str:
    """The beginning of a cell in just so many characters."""
    from rich.cells import set_cell_size

    sign = SIGN if cell.endswith(SIGN) else ""
    begin = set_cell_size(cell, max(space - 1 - len(sign), 0)).rstrip()
    return set_cell_size(f"{begin}…{sign}", space)


def signed(cell: str) -> str:
    """The style of a change: better, worse, or neither."""
    return "green" if cell.startswith(UP) else "red" if cell.startswith(DOWN) else "dim"


def trend(bars: str) -> str:
    """The style of a `sparkline`: whether it ends better or worse than it began."""
    known = bars.strip()
    first, last = known[:1], known[-1:]
    return "green" if last > first else "red" if last < first else "dim"


def sparkline(ranks: list[int | None]) -> str:
    """Ranks at several moments as bars, the best one the highest; empty if none is known."""
    known = [rank for rank in ranks if rank is not None]
    if len(ranks) < 2 or not known:
        return ""
    best, worst, top = min(known), max(known), len(_BARS) - 1

    def bar(rank: int) -> str:
        return _BARS[3 if best == worst else round((worst - rank) / (worst - best) * top)]

    return "".join(" " if rank is None else bar(rank) for rank in ranks)


def moment(when: datetime, zone: tzinfo | None = UTC) -> str:
    """A time for people, in a zone (None: the machine's), with its name."""
    return when.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
