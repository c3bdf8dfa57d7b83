"""How large a leaderboard may be.

A larger one is refused before anything else reads it. The limits are far above real boards (the longest cell
seen has 79 characters, the largest board 42,655 rows), and low enough that no board can fill the memory, the
database or the log.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from functools import partial
from typing import TYPE_CHECKING

from kagsync.errors import BadBoard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

MAX_CELL = 4096  # characters
MAX_COLUMNS = 100
MAX_COLUMN_NAME = 200  # characters
MAX_ROWS = 2_000_000
MAX_OLD_ROWS = 500_000  # an old board has no ranks, so it is sorted in memory as a whole

# A longer line has a cell that is too long, or too many cells, even if each character is a doubled quote.
_MAX_LINE = MAX_COLUMNS * (2 * MAX_CELL + 3)
_PIECE = 1024 * 1024
_ENCODING = "utf-8-sig"  # Kaggle writes a byte order mark; archives drop it
_IN_QUOTES, _PLAIN = re.compile(r'[^"]*'), re.compile(r"[^,\r\n]*")
_REMEDY = "Get the board from Kaggle again: its own cells have less than 100 characters"


@contextlib.contextmanager
def reading(path: Path, *, to_the_end: bool = False) -> Iterator[Iterator[list[str]]]:
    """Gives the rows of a CSV.

    Args:
        to_the_end: also refuse a file that ends inside a quoted cell.

    Raises:
        BadBoard: while the rows are read: a cell is too long, a row has too many cells, or it is not CSV.
        OSError: the file cannot be read.
    """
    with _open(path) as file:
        yield _rows(file, path, to_the_end=to_the_end)


def refuse_large_header(columns: list[str]) -> None:
    """Refuses a column whose name is too long.

    Raises:
        BadBoard: there is one.
    """
    for number, name in enumerate(columns, start=1):
        if len(name) > MAX_COLUMN_NAME:
            raise BadBoard(
                f"the name of column {number} has {len(name):,} characters, and at most "
                f"{MAX_COLUMN_NAME} are read",
                _REMEDY,
            )


def refuse_many_rows(rows: int, most: int = MAX_ROWS) -> None:
    """Refuses a board of too many rows.

    Raises:
        BadBoard: it has more than `most`.
    """
    if rows > most:
        raise BadBoard(
            f"the board has {rows:,} rows, and at most {most:,} are read",
            "If the file holds several snapshots, make a file of each",
        )


def _open(path: Path) -> TextIO:
    return path.open(encoding=_ENCODING, errors="replace", newline="")


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a file. A line that is too long is cut, but only after the part that it is refused for."""
    return iter(partial(file.readline, _MAX_LINE), "")


def _rows(file: TextIO, path: Path, *, to_the_end: bool) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL)  # for the whole process: csv has no narrower setting
    unclosed = False

    def after_the_last_line() -> Iterator[str]:
        nonlocal unclosed
        unclosed = to_the_end
        yield from ()

    try:
        for row in csv.reader(itertools.chain(_lines(file), after_the_last_line())):
            # The reader looks beyond the last line before it gives a row only if a quote never closes.
            if len(row) > MAX_COLUMNS or unclosed:
                raise _refusal(path)
            yield row
    except csv.Error as error:
        raise _refusal(path) from error


def _refusal(path: Path) -> BadBoard:
    """Reads a CSV again, up to the row for which it is refused, and says what is wrong there."""
    columns: list[str] = []
    number = lines = 0
    with _open(path) as file:
        reader = csv.reader(_lines(file))
        try:
            for number, row in enumerate(reader, start=1):
                if len(row) > MAX_COLUMNS:
                    return BadBoard(
                        f"row {number} has {len(row):,} cells, and at most {MAX_COLUMNS} are read", _REMEDY
                    )
                columns = columns or row
                lines = reader.line_num
        except csv.Error as error:
            if "field limit" in str(error):
                return _long_cell(path, lines, number + 1, columns)
            return BadBoard(f"the CSV cannot be read: {error}", "Fetch the board again")
    return BadBoard(
        f"the CSV cannot be read: EOF inside string starting at row {number - 1}", "Fetch the board again"
    )


def _long_cell(path: Path, lines: int, row: int, columns: list[str]) -> BadBoard:
    """The refusal of a row with a cell that is too long, after so many lines."""
    with _open(path) as file:
        for _ in itertools.islice(_lines(file), lines):
            pass
        index, length, closed = _measure(file)
    name = columns[index].strip() if index < len(columns) else ""
    cell = f"{name or f'column {index + 1}'} in row {row}"
    if not closed:
        return BadBoard(f"{cell} begins with a quote that never closes", "Get the board from Kaggle again")
    return BadBoard(f"{cell} has {length:,} characters, and at most {MAX_CELL:,} are read", _REMEDY)


def _measure(file: TextIO) -> tuple[int, int, bool]:
    """Measures the first cell that is too long, in pieces, since it may be larger than the memory.

    It reads a row from its beginning, as the csv module does.

    Returns:
        the number of its column (from 0), its characters, and whether its quote closes.
    """
    index = length = at = 0
    quoted: bool | None = None  # None: at the beginning of a cell
    text, ended = "", False
    while True:
        if len(text) - at < 2 and not ended:  # a quote and the character after it are read together
            more = file.read(_PIECE)
            text, at, ended = text[at:] + more, 0, not more
        if at == len(text):
            return index, length, not quoted
        if quoted is None:
            quoted = text[at] == '"'
            at += quoted
            continue
        end = _end(_IN_QUOTES if quoted else _PLAIN, text, at)
        length, at = length + end - at, end
        following = text[at : at + 2]
        if quoted and following == '""':
            length, at = length + 1, at + 2
        elif quoted and (len(following) == 2 or (following and ended)):
            quoted, at = False, at + 1  # what follows a closing quote still belongs to the cell
        elif following[:1] == "," and not quoted and length <= MAX_CELL:
            index, length, at, quoted = index + 1, 0, at + 1, None
        elif following and not quoted:
            return index, length, True


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start
