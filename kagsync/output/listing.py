"""Prints a command's result in the format asked for: text, table, JSON, CSV or Markdown.

A new format is one function here, one line in `_WRITERS`, and one value of `Format`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kagsync.safe_text import markdown_safe, printable_lines, spreadsheet_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from rich.text import Text

    from kagsync.output.terminal import Table

VERSION = 1  # of the objects in JSON: a higher one has keys that mean something else
# Left out of CSV, because a spreadsheet has no use for a list, or for a text beside its number.
_NOT_IN_CSV = {"score_text", "members", "unclear_teams", "passed"}


class Format(StrEnum):
    """What a command that lists things can print."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


class FormatOfMany(StrEnum):
    """What a command that can list a whole history can print: `jsonl` has an object in each line."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    markdown = "markdown"


class TextOrJson(StrEnum):
    """What the other commands can print."""

    text = "text"
    json = "json"


class Shown(Protocol):
    """What people read, if it is more than plain text: a table, styled lines."""

    def lines(self, width: int | None) -> Iterable[Text]:
        """Styled lines for a terminal of so many columns; None: for a pipe, with nothing cut."""

    def tables(self) -> list[Table]:
        """The same for formats that show tables."""


class Result(NamedTuple):
    """What a command answers.

    Attributes:
        text: for people; if it is empty, nothing is printed.
        data: for programs: what JSON can hold. CSV needs objects with the same keys: a list of them, or an
            iterator, which is printed while it is read.
        exit_code: how the command ends.
    """

    text: str | Shown = ""
    data: Any = None
    exit_code: int = 0


def write(result: Result, format_: StrEnum = TextOrJson.text) -> None:
    """Prints a result to standard output, at once."""
    _WRITERS[format_.value](result, sys.stdout)
    sys.stdout.flush()


def write_exactly(text: str) -> None:
    """Prints text for a program to read: nothing in it is made harmless."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _text(result: Result, out: TextIO) -> None:
    """Coloured and fitted on a terminal; plain and whole in a pipe."""
    if isinstance(result.text, str):
        out.write(f"{printable_lines(result.text)}\n" if result.text else "")
        return
    if not out.isatty():
        for line in result.text.lines(None):
            out.write(f"{line.plain.rstrip()}\n")
        return
    from rich.console import Console  # 50 ms that the other formats do not need

    console = Console(file=out, highlight=False)
    for line in result.text.lines(console.width):
        # A command that is too long is for the terminal to break, so that it can be copied.
        console.print(line, no_wrap=line.no_wrap, overflow=line.overflow, crop=line.overflow != "ignore")


def to_json(data: Any) -> str:
    """JSON in ASCII: no character in it can do anything to a terminal."""
    import json

    return json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)


def _json(result: Result, out: TextIO) -> None:
    if not isinstance(result.data, Iterator):
        is_object = isinstance(result.data, dict)
        out.write(f"{to_json({'version': VERSION, **result.data} if is_object else result.data)}\n")
        return
    before = "["
    for each in result.data:  # as json.dumps indents them in a list
        text = to_json(each).replace("\n", "\n  ")
        out.write(f"{before}\n  {text}")
        before = ","
    out.write("[]\n" if before == "[" else "\n]\n")


def _jsonl(result: Result, out: TextIO) -> None:
    import json

    for each in result.data:
        out.write(f"{json.dumps(each, ensure_ascii=True, allow_nan=False)}\n")


def _csv(result: Result, out: TextIO) -> None:
    """CSV that is safe to open in a spreadsheet."""
    import csv

    rows: Iterator[dict[str, Any]] = iter(result.data)
    first = next(rows, {})
    titles = [title for title in first if title not in _NOT_IN_CSV]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(spreadsheet_safe, titles))
    for row in itertools.chain([first] if first else [], rows):
        cells = (row[title] for title in titles)
        writer.writerow([spreadsheet_safe(cell) if isinstance(cell, str) else cell for cell in cells])


def _markdown(result: Result, out: TextIO) -> None:
    if isinstance(result.text, str):
        out.write(f"{markdown_safe(result.text)}\n")
        return
    for number, table in enumerate(result.text.tables()):
        out.write("\n" if number else "")
        for line in _markdown_table(table):
            out.write(f"{line}\n")


def _markdown_table(table: Table) -> Iterator[str]:
    """The lines of a Markdown table (GitHub's) whose cells are text and nothing else."""
    above = (
        [f"**{markdown_safe(table.title)}**", markdown_safe(" · ".join(table.facts))] if table.title else []
    )
    below = [markdown_safe(line) for line in (*table.below, table.warning)]
    parts: list[Iterable[str]] = [
        *([line] for line in above if line),
        *([_markdown_rows(table)] if table.rows else []),
        *([line] for line in below if line),
    ]
    for number, part in enumerate(parts or [[""]]):
        if number:
            yield ""
        yield from part


def _markdown_rows(table: Table) -> Iterator[str]:
    titles = [markdown_safe(column.title) for column in table.columns]
    rule = ["--:" if column.right else "---" for column in table.columns]
    rows = ([markdown_safe(cell) for cell in row] for row in table.rows)
    return (f"| {' | '.join(cells)} |" for cells in itertools.chain([titles, rule], rows))


_WRITERS: dict[str, Callable[[Result, TextIO], None]] = {
    "text": _text,
    "table": _text,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "markdown": _markdown,
}
