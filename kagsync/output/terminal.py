"""Tables and lines for people: fitted to a terminal's width, or whole in a pipe.

Names of teams and people are written by strangers: no name can style, move or hide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kagsync.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
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


class Table:
    """A line for each item, with a cell for each column. Columns with nothing in them are not shown.

    Attributes:
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
        self.rows = [[printable(column.cell(item)) for column in columns] for item in items]
        self.title, self.warning = printable(title), printable(warning)
        self.facts, self.below = [printable(fact) for fact in facts], [printable(line) for line in below]

    def tables(self) -> list[Table]:
        return [self]

    def lines(self, width: int | None) -> list[Text]:
        """The table as styled lines, fitted to `width` characters if that is given."""
        from rich.text import Text

        blocks = []
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
        lines: list[Text] = []
        for block in blocks:
            lines += [Text(), *block] if lines else block
        return lines


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

    def lines(self, width: int | None) -> list[Text]:
        from rich.text import Text

        lines: list[Text] = []
        for block in self.blocks:
            lines += [Text(), *block.lines(width)] if lines else block.lines(width)
        return lines


def _wrapped(facts: list[str], width: int | None) -> list[str]:
    """The facts on as few lines as hold them."""
    lines: list[str] = []
    for fact in facts:
        if lines and (width is None or len(lines[-1]) + 3 + len(fact) <= width):
            lines[-1] += f" · {fact}"
        else:
            lines.append(fact)
    return lines


def _grid(table: Table, width: int | None) -> list[Text]:
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    natural = [
        max(cell_len(cell) for cell in (column.title, *(row[i] for row in table.rows)))
        for i, column in enumerate(table.columns)
    ]
    filled = [i for i in range(len(natural)) if any(row[i] for row in table.rows)]
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
    rule = [Text("─" * titles.cell_len, "dim", no_wrap=True)] if width is not None else []
    return [titles, *rule, *(line(row) for row in table.rows)]


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
