"""Tables as people and programs read them: on a terminal, in a pipe, as JSON, CSV or Markdown.

Names of teams and people are text by strangers: nothing here lets one style, move, hide, link or calculate.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from kagsync.safe_text import FORMULA_STARTS, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console
    from rich.text import Text

UP, DOWN = "▲", "▼"  # better, worse: told by the shape, not by the colour alone
_BARS = "▁▂▃▄▅▆▇█"
_FORMULA = re.compile(rf"^\s*[{FORMULA_STARTS}\t\r\n]")
_MARKDOWN = re.compile(r"([\\`*_\[\]#!|~])")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        keep: on a narrow terminal the column with the lowest number goes first.
        shrink: before a column goes, cells of this one may be cut to so many characters (0: never cut).
        style: Rich's, for a terminal.
        signed: cells that begin with UP are green, with DOWN red.
    """

    title: str
    right: bool = False
    keep: int = 100
    shrink: int = 0
    style: str = ""
    signed: bool = False


@dataclass
class Table:
    """Rows of cells under columns.

    Attributes:
        title: the line above.
        facts: short facts under it, kept whole where the line must break.
        below: lines under the table.
        warning: a last line that must not be missed.
    """

    columns: list[Column]
    rows: list[list[str]]
    title: str = ""
    facts: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    warning: str = ""

    def __post_init__(self) -> None:
        self.title, self.warning = printable(self.title), printable(self.warning)
        self.facts = [printable(fact) for fact in self.facts]
        self.rows = [[printable(cell) for cell in row] for row in self.rows]


def print_lines(lines: Iterable[list[tuple[str, str]]], out: TextIO) -> None:
    """Prints lines of (text, Rich style) pieces: coloured and broken where they must on a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, highlight=False) if out.isatty() else None
    for line in lines:
        text = Text.assemble(*((printable(piece), style) for piece, style in line))
        if console is None:
            out.write(f"{text.plain.rstrip()}\n")
        else:
            console.print(text)


def print_fitted(lines: Callable[[int], list[Text]], out: TextIO) -> None:
    """Prints styled lines made for the terminal's width, and an empty one; nothing where there are none.

    Nor where the terminal has no Unicode: they are drawn with its characters.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, highlight=False)
    if console.encoding.startswith("utf") and (drawn := lines(console.width)):
        for line in [*drawn, Text()]:
            console.print(line, no_wrap=True, crop=True)


def print_table(table: Table, out: TextIO, console: Console | None = None) -> None:
    """Prints a table: coloured and fitted on a terminal (or a given console); plain and whole in a pipe."""
    from rich.console import Console  # 50 ms that JSON need not pay

    if console is None and out.isatty():
        console = Console(file=out, highlight=False)
    lines = _lines(table, console.width if console is not None else None)
    if console is None:
        out.write("".join(f"{line.plain.rstrip()}\n" for line in lines))
        return
    for line in lines:
        console.print(line)


def _lines(table: Table, width: int | None) -> list[Text]:
    """The table as styled lines, fitted to `width` characters if that is given."""
    from rich.text import Text

    blocks = []
    if table.title:
        blocks.append(
            [Text(table.title, "bold"), *(Text(line, "dim") for line in _wrapped(table.facts, width))]
        )
    if table.rows:
        blocks.append(_grid(table, width))
    if notes := [printable(line) for line in table.below]:
        blocks.append([Text(line, "dim") for line in notes])
    if table.warning:
        blocks.append([Text(table.warning, "red")])
    lines: list[Text] = []
    for block in blocks:
        lines += [Text(), *block] if lines else block
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


def _sign(column: Column, cell: str) -> str:
    if not column.signed:
        return ""
    return "green" if cell.startswith(UP) else "red" if cell.startswith(DOWN) else ""


def _fitted(columns: list[Column], natural: list[int], shown: list[int], width: int) -> dict[int, int]:
    """The columns that fit side by side, each with its width: some are cut, then the least important go."""
    least = {i: min(natural[i], columns[i].shrink or natural[i]) for i in shown}
    while len(least) > 1 and sum(least.values()) + 2 * (len(least) - 1) > width:
        del least[min(least, key=lambda i: columns[i].keep)]
    spare = width - sum(least.values()) - 2 * (len(least) - 1)
    for i in sorted(least, key=lambda i: natural[i] - least[i]):  # the shorter ones are worth having whole
        more = min(max(spare, 0), natural[i] - least[i])
        least[i] += more
        spare -= more
    return least


def sparkline(ranks: list[int | None]) -> str:
    """A rank's way as bars, the best rank the highest; empty where there is none to tell."""
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


def to_json(content: Any) -> str:
    """JSON in ASCII: no character in it can do anything to a terminal."""
    return json.dumps(content, indent=2, ensure_ascii=True, allow_nan=False)


def print_json(content: Any, out: TextIO) -> None:
    """Prints `to_json`."""
    out.write(f"{to_json(content)}\n")


def print_csv(titles: list[str], rows: Iterable[list[Any]], out: TextIO) -> None:
    """Prints CSV that is safe to open in a spreadsheet: what looks like a formula gets a `'` before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(titles)
    for row in rows:
        writer.writerow([_spreadsheet_safe(cell) for cell in row])
    out.write(text.getvalue())


def _spreadsheet_safe(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = printable(cell)
    return f"'{text}" if _FORMULA.match(text) else text


def print_markdown(table: Table, out: TextIO) -> None:
    """Prints a Markdown table (GitHub's) whose cells are text and nothing else."""
    parts = []
    if table.title:
        parts.append(f"**{_markdown_safe(table.title)}**")
        parts.append(_markdown_safe(" · ".join(table.facts)))
    if table.rows:
        lines = [
            [_markdown_safe(column.title) for column in table.columns],
            ["--:" if column.right else "---" for column in table.columns],
            *([_markdown_safe(cell) for cell in row] for row in table.rows),
        ]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    parts += [_markdown_safe(line) for line in (*table.below, table.warning) if line]
    out.write("\n\n".join(part for part in parts if part) + "\n")


def _markdown_safe(text: str) -> str:
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A mention or a bare address would become a link, or a message to somebody.
    text = text.replace("@", "&#64;").replace("://", "&#58;//").replace("www.", "www&#46;")
    return _MARKDOWN.sub(r"\\\1", text)
