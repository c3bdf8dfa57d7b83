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

from kagsync.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

_PIPE_WIDTH = 100_000  # in a pipe nothing is cut
_BARS = "▁▂▃▄▅▆▇█"
_FORMULA = re.compile(r"^\s*[=+\-@\t\r\n＝＋－＠|%]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~:-])")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        keep: what must go from a narrow terminal goes first by the lowest number.
        shrink: cells may be cut to this many characters before a column goes (0: never cut).
    """

    title: str
    right: bool = False
    keep: int = 100
    shrink: int = 0
    style: str = ""


@dataclass
class Table:
    """Rows of cells under columns, with lines of text above and below."""

    columns: list[Column]
    rows: list[list[str]]
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    warning: str = ""


def print_table(table: Table, out: TextIO, console: Console | None = None) -> None:
    """Prints a table: boxed, coloured and fitted on a terminal; plain, aligned and whole in a pipe."""
    from rich.console import Console  # 50 ms that JSON need not pay

    if console is None:
        console = (
            Console(file=out) if out.isatty() else Console(file=out, width=_PIPE_WIDTH, color_system=None)
        )
    if console.is_terminal:
        _print_on_terminal(table, console)
    else:
        out.write("\n".join(_plain_lines(table)) + "\n")


def _plain_lines(table: Table) -> list[str]:
    from rich.cells import cell_len

    rows = [[printable(cell) for cell in row] for row in table.rows]
    lines = [printable(line) for line in table.above]
    if rows:
        titles = [column.title for column in table.columns]
        widths = [max(cell_len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
        lines += [""] if lines else []
        for row in [titles, *rows]:
            cells = []
            for cell, width, column in zip(row, widths, table.columns, strict=True):
                padding = " " * (width - cell_len(cell))
                cells.append(padding + cell if column.right else cell + padding)
            lines.append("  ".join(cells).rstrip())
    if table.below or table.warning:
        lines += [""] if lines else []
        lines += [printable(line) for line in [*table.below, *([table.warning] if table.warning else [])]]
    return lines


def _print_on_terminal(table: Table, console: Console) -> None:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    for number, line in enumerate(table.above):
        console.print(Text(printable(line), style="bold" if number == 0 else "dim"))
    if table.rows:
        rows = [[printable(cell) for cell in row] for row in table.rows]
        shown = _fitting(table.columns, rows, console.width)
        rich_table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
        for i in shown:
            column = table.columns[i]
            rich_table.add_column(
                column.title,
                justify="right" if column.right else "left",
                style=column.style,
                no_wrap=True,
                overflow="ellipsis",
                min_width=min(column.shrink, max(len(row[i]) for row in rows)) or None,
            )
        for row in rows:
            rich_table.add_row(*(Text(row[i]) for i in shown))
        console.print(Text())
        console.print(rich_table)
    if table.below or table.warning:
        console.print(Text())
    for line in table.below:
        console.print(Text(printable(line), style="dim"))
    if table.warning:
        console.print(Text(printable(table.warning), style="red"))


def _fitting(columns: list[Column], rows: list[list[str]], width: int) -> list[int]:
    """The columns that fit side by side, the least important ones left out."""
    from rich.cells import cell_len

    def needed(i: int) -> int:
        natural = max(cell_len(columns[i].title), *(cell_len(row[i]) for row in rows))
        return min(natural, columns[i].shrink) if columns[i].shrink else natural

    shown = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    while len(shown) > 1 and sum(needed(i) + 2 for i in shown) > width:
        shown.remove(min(shown, key=lambda i: columns[i].keep))
    return shown


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


def print_json(content: Any, out: TextIO) -> None:
    """Prints JSON in ASCII: no character in it can do anything to a terminal."""
    out.write(json.dumps(content, indent=2, ensure_ascii=True, allow_nan=False) + "\n")


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
    lines = []
    for number, line in enumerate(table.above):
        lines += [f"**{_markdown_safe(line)}**" if number == 0 else _markdown_safe(line), ""]
    if table.rows:
        lines.append("| " + " | ".join(_markdown_safe(column.title) for column in table.columns) + " |")
        lines.append("| " + " | ".join("--:" if column.right else "---" for column in table.columns) + " |")
        lines += ["| " + " | ".join(_markdown_safe(cell) for cell in row) + " |" for row in table.rows]
    for line in [*table.below, *([table.warning] if table.warning else [])]:
        lines += ["", _markdown_safe(line)]
    out.write("\n".join(lines) + "\n")


def _markdown_safe(text: str) -> str:
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A mention or a bare address would become a link, or a message to somebody.
    text = text.replace("@", "&#64;").replace("www.", "www&#46;")
    return _MARKDOWN.sub(r"\\\1", text)
