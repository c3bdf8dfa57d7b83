"""Tables and lines for people: fitted to a terminal's width, or whole in a pipe.

Names of teams and people are written by strangers: no name can style, move or hide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kagsync.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from rich.text import Text

UP, DOWN = "▲", "▼"  # better, worse: shown by shape, not only by colour
_BARS = "▁▂▃▄▅▆▇█"


Item = TypeVar("Item")


@dataclass(frozen=True)
class Column(Generic[Item]):
    """A column of a table.

    Attributes:
        cell: the text for an item; empty if there is none.
        keep: on a narrow terminal the column with the lowest number goes first.
        shrink: before a column goes, cells of this one may be cut to this many characters (0: never cut).
        style: Rich's, for a terminal.
        signed: cells that begin with UP are green, with DOWN red.
    """

    title: str
    cell: Callable[[Item], str]
    right: bool = False
    keep: int = 100
    shrink: int = 0
    style: str = ""
    signed: bool = False


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
        rows: the cells; of items that are not a list, `Rows`.
        title: the line above.
        facts: short facts under it, kept whole where the line must break.
        below: lines under the table.
        warning: a last line that must not be missed.
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
    ) -> None:
        self.columns = columns
        rows = Rows(columns, items)
        self.rows: Rows[Item] | list[list[str]] = list(rows) if isinstance(items, list) else rows
        self.title, self.warning = printable(title), printable(warning)
        self.facts, self.below = [printable(fact) for fact in facts], [printable(line) for line in below]

    def tables(self) -> list[Table]:
        return [self]

    def lines(self, width: int | None) -> Iterator[Text]:
        """The table as styled lines, fitted to `width` characters if that is given."""
        from rich.text import Text

        blocks: list[Iterable[Text]] = []
        if self.title:
            blocks.append(
                [Text(self.title, "bold"), *(Text(line, "dim") for line in _wrapped(self.facts, width))]
            )
        if self.rows:
            blocks.append(_grid(self, width))
        if self.below:
            blocks.append([Text(line, "dim") for line in self.below])
        if self.warning:
            blocks.append([Text(self.warning, "red")])
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


def _wrapped(facts: list[str], width: int | None) -> list[str]:
    """The facts on as few lines as hold them."""
    lines: list[str] = []
    for fact in facts:
        if lines and (width is None or len(lines[-1]) + 3 + len(fact) <= width):
            lines[-1] += f" · {fact}"
        else:
            lines.append(fact)
    return lines


def _grid(table: Table, width: int | None) -> Iterator[Text]:
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    longest = [0] * len(table.columns)
    for row in table.rows:
        longest = [
            max(length, cell_len(cell) or bool(cell)) for length, cell in zip(longest, row, strict=True)
        ]
    filled = [i for i, length in enumerate(longest) if length]
    natural = [max(cell_len(column.title), longest[i]) for i, column in enumerate(table.columns)]
    widths = (
        {i: natural[i] for i in filled} if width is None else _fitted(table.columns, natural, filled, width)
    )

    def line(cells: list[str], style: str | None = None) -> Text:
        text = Text(no_wrap=True)
        for number, (i, space) in enumerate(widths.items()):
            cell, column = cells[i], table.columns[i]
            if cell_len(cell) > space:
                cell = set_cell_size(cell, space - 1).rstrip() + "…"
            padding = " " * (space - cell_len(cell))
            text.append("  " if number else "")
            content = padding + cell if column.right else cell + padding
            text.append(content, style or _sign(column, cell) or column.style)
        return text

    titles = line([column.title for column in table.columns], "bold")
    yield titles
    if width is not None:
        yield Text("─" * titles.cell_len, "dim", no_wrap=True)
    yield from (line(row) for row in table.rows)


def _sign(column: Column[Any], cell: str) -> str:
    if not column.signed:
        return ""
    return "green" if cell.startswith(UP) else "red" if cell.startswith(DOWN) else ""


def _fitted(
    columns: Sequence[Column[Any]], natural: list[int], shown: list[int], width: int
) -> dict[int, int]:
    """The columns that fit side by side, each with its width: some are cut, then the least important go."""
    least = {i: min(natural[i], columns[i].shrink or natural[i]) for i in shown}
    while len(least) > 1 and sum(least.values()) + 2 * (len(least) - 1) > width:
        del least[min(least, key=lambda i: columns[i].keep)]
    spare = width - sum(least.values()) - 2 * (len(least) - 1)
    for i in sorted(least, key=lambda i: natural[i] - least[i]):  # first those that are nearly whole
        more = min(max(spare, 0), natural[i] - least[i])
        least[i] += more
        spare -= more
    return least


def sparkline(ranks: list[int | None]) -> str:
    """Ranks over time as bars, the best one the highest; empty if there are fewer than two."""
    known = [rank for rank in ranks if rank is not None]
    if len(known) < 2:
        return ""
    best, worst = min(known), max(known)
    if best == worst:
        return _BARS[3] * len(ranks)
    top = len(_BARS) - 1
    return "".join(
        " " if rank is None else _BARS[round((worst - rank) / (worst - best) * top)] for rank in ranks
    )


def moment(when: datetime) -> str:
    """A time for people."""
    return when.strftime("%Y-%m-%d %H:%M UTC")
