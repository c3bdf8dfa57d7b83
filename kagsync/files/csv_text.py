"""A CSV file as programs write them: its encoding, its separator, and the place of each cell in its text."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple

from kagsync.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 20_000_000  # bytes of a file: some 400,000 people
MOST_ROWS = 400_000  # that are not empty
MOST_COLUMNS = 1000
_BOM = "\ufeff"
_NAMED = re.compile(r'"?sep=([,;\t|])"?[,;\t]*(?:\r\n?|\n|$)', re.IGNORECASE)
_FIRST_LINES = 100_000  # characters that tell the separator
_SEPARATORS = "\t;|,"  # a text with as many of two of them is rather separated by the first
_LINE_END = r"\r\n|\r|\n"


class Cell(NamedTuple):
    """A cell: from where to where it is in the text, with its quotes, and what it says."""

    start: int
    end: int
    value: str


class CsvText(NamedTuple):
    """The text of a CSV file.

    Attributes:
        text: all of it, with a byte order mark if there is one. Encoded, it is the content of the file.
        start: where the first row begins: after a byte order mark and a line that names the separator.
        skipped: how many lines are before that.
    """

    text: str
    encoding: str
    separator: str
    start: int
    skipped: int

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """The cells of each row, with the number of its first line. An empty line has one empty cell.

        Raises:
            UsageError: the quotes of a cell are wrong, or a row has too many cells.
        """
        separator = re.escape(self.separator)
        quoted, bare = r'"[^"]*+(?:""[^"]*+)*+"', rf'(?!")[^{separator}\r\n]*+'
        cell = re.compile(rf"({quoted}|{bare})({separator}|{_LINE_END}|\Z)")
        position, line = self.start, self.skipped + 1
        cells: list[Cell] = []
        first = line
        while position < len(self.text) or cells:
            found = cell.match(self.text, position)
            if found is None:
                raise UsageError(
                    f"line {line}: the quotes are wrong", "Fix the line, or export the file again"
                )
            position, written = found.end(), found[1]
            if written[:1] == '"':
                line += len(re.findall(_LINE_END, written))
                written = written[1:-1].replace('""', '"')
            cells.append(Cell(*found.span(1), written))
            if len(cells) > MOST_COLUMNS:
                raise UsageError(
                    f"line {first}: more than {MOST_COLUMNS:,} cells",
                    "Delete the columns that are not needed",
                )
            if found[2] != self.separator:
                yield first, cells
                line += 1
                cells, first = [], line


def recognized(content: bytes) -> CsvText | None:
    """The text of a CSV file; None: it is not UTF-8, UTF-16 or Windows-1252."""
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        start = len(_BOM) if text.startswith(_BOM) else 0
        if named := _NAMED.match(text, start):
            return CsvText(text, encoding, named[1], named.end(), 1)
        return CsvText(text, encoding, _separator(text[start : start + _FIRST_LINES]), start, 0)
    return None


def _encodings(content: bytes) -> list[str]:
    """The encodings that a text may have, the most likely first. All of them keep a byte order mark."""
    if content.startswith(b"\xff\xfe"):
        return ["utf-16-le"]
    if content.startswith(b"\xfe\xff"):
        return ["utf-16-be"]
    if content.startswith(b"\xef\xbb\xbf"):
        return ["utf-8"]
    # In UTF-16, one byte of each separator and of each ASCII letter is NUL, always the same of the two.
    start = content[:4096]
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) * 8 > len(start) and not (first and second):
        return ["utf-16-be" if first else "utf-16-le"]
    return ["utf-8", "cp1252"]


def is_empty(cells: list[str]) -> bool:
    """Whether a row holds nothing but spaces and separators, of whichever kind."""
    return not any(cell.strip(f" {_SEPARATORS}") for cell in cells)


def _separator(text: str) -> str:
    """The separator that breaks no quoted cell, and makes the most cells: of the first line, then of all."""

    def fits(separator: str) -> tuple[bool, int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [row for row in reader if not is_empty(row)] or [[]]
        unbroken = all(cell.count('"') % 2 == 0 for cell in rows[0])
        return unbroken, len(rows[0]), sum(len(row) for row in rows)

    return max(_SEPARATORS, key=fits)
