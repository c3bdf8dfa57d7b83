"""Reads the header of a leaderboard, and what is needed from its rows before they are processed.

Modern (2023 to now): Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames.
Old (to 2022): TeamId,TeamName,SubmissionDate,Score, until 2020 with several rows a team; the oldest (2010 to
2013) have a space after each comma of the header and dates with the month first.
"""

from __future__ import annotations

import csv
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from kagsync.board import cells, file_name, foreign, sizes
from kagsync.errors import BadBoard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODERN_OPTIONAL = ("LastSubmissionDate", "SubmissionCount")
_MODERN = ("Rank", "TeamId", "TeamName", "Score", "TeamMemberUserNames")
_OLD = ("TeamId", "TeamName", "SubmissionDate", "Score")
_KNOWN = {name.lower() for name in (*_MODERN, *MODERN_OPTIONAL, *_OLD)}
_DATES = ("LastSubmissionDate", "SubmissionDate")
_DATE_OR_DECIMAL = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T]\d{1,2}:\d\d(:\d\d)?( ?[AP]M)?Z?)?|[+-]?\d*[.,]\d+", re.ASCII
)
_LONGEST_ROW = 4096  # bytes: real ones have less than 300


class Header(NamedTuple):
    """The columns of a leaderboard, without the spaces that the oldest boards put around them.

    Attributes:
        columns: all of them, in the order of the file.
        positions: the needed and optional ones → where they are, from 0.
        needed: those that a board of this age must have.
        optional: those that this board has, of the ones that modern boards usually have.
    """

    columns: list[str]
    positions: dict[str, int]
    modern: bool
    needed: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def most_rows(self) -> int:
        """How many data rows a board of this age may have."""
        return sizes.MAX_ROWS if self.modern else sizes.MAX_OLD_ROWS

    @property
    def date(self) -> str | None:
        """The column with the dates of submissions; None where there is none."""
        return next((name for name in _DATES if name in (*self.needed, *self.optional)), None)


def read_header(path: Path) -> Header:
    """Reads the first line of a leaderboard.

    Raises:
        BadBoard: the file is not a leaderboard, or a needed column is missing or appears twice.
    """
    foreign.refuse_foreign(path)
    with sizes.reading(path) as rows:
        columns = [name.strip() for name in next(filter(is_row, rows), [])]
    if not columns:
        raise BadBoard("the CSV is empty", "Fetch the board again")
    sizes.refuse_large_header(columns)
    modern = "TeamMemberUserNames" in columns or "Rank" in columns
    needed = _MODERN if modern else _OLD
    if missing := [name for name in needed if name not in columns]:
        # The first line of a file without a header may name people.
        known = _KNOWN.intersection(name.lower() for name in columns)
        found = f"it has: {', '.join(short(name) for name in columns[:12])}" if known else "it has no header"
        raise BadBoard(
            f"the CSV lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; {found}",
            "Fetch the board with kagsync, or download it in full from the competition's Leaderboard tab",
        )
    optional = tuple(name for name in MODERN_OPTIONAL if modern and name in columns)
    if twice := [name for name in (*needed, *optional) if columns.count(name) > 1]:
        raise BadBoard(f"the CSV has the column {twice[0]} more than once", "Fetch the board again")
    positions = {name: columns.index(name) for name in (*needed, *optional)}
    return Header(columns, positions, modern, needed, optional)


def count_rows(path: Path) -> int:
    """Counts the data rows.

    Raises:
        BadBoard: it is not a leaderboard, or larger than one can be (see `board/sizes.py`).
    """
    header = read_header(path)
    with sizes.reading(path) as rows:
        count = sum(len(row) > 1 or is_row(row) for row in rows) - 1
    sizes.refuse_many_rows(count, header.most_rows)
    return count


def newest_submission(path: Path, day: str = "") -> str | None:
    """The latest date of a submission on a board, as `2025-10-31T16:26:26Z`; None where none can be read.

    Args:
        day: such as `2025-10-31`: only submissions of this day count.

    Raises:
        BadBoard: it is not a leaderboard.
    """
    header = read_header(path)
    read = cells.date if header.modern else cells.old_date
    with sizes.reading(path) as rows:
        dates = map(read, _cells_with_dates(rows, header))
        # An earlier date is a placeholder, such as .NET's 0001-01-01.
        believed = (date for date in dates if date is not None and date >= str(file_name.FIRST_YEAR))
        return max((date for date in believed if date.startswith(day)), default=None)


def unreadable_date(path: Path) -> str | None:
    """The first date on a modern board that cannot be read; None where there is none.

    An old board with such a date is refused anyway, since it needs its dates.

    Raises:
        BadBoard: it is not a leaderboard.
    """
    header = read_header(path)
    if not header.modern:
        return None
    with sizes.reading(path) as rows:
        next(filter(is_row, rows), None)  # the header itself
        return next((cell for cell in _cells_with_dates(rows, header) if cell and not cells.date(cell)), None)


def _cells_with_dates(rows: Iterator[list[str]], header: Header) -> Iterator[str]:
    if header.date is None:
        return iter(())
    position = header.positions[header.date]
    return (row[position].strip() for row in rows if len(row) > position)


def refuse_cut_off(path: Path, header: Header) -> None:
    """Refuses a CSV that ends in the middle of a row, since it was not copied or downloaded completely.

    Only a last line without a line break counts: programs may drop the empty cells at the end of a row.

    Raises:
        BadBoard: it is cut off.
    """
    with path.open("rb") as file:
        start = file.seek(max(file.seek(0, os.SEEK_END) - _LONGEST_ROW, 0))
        lines = file.read().splitlines(keepends=True)
    whole = lines[1:] if start else lines  # the first line may have begun earlier
    line = b"".join(whole[-1:]).decode("utf-8", errors="replace")
    if line.endswith(("\n", "\r")) or line.count('"') % 2:  # the reader refuses an open cell
        return
    if line.strip() and len(next(csv.reader([line]))) < len(header.columns):
        raise BadBoard(
            "the CSV is cut off: it ends in the middle of a row", "Copy or download it again, to its end"
        )


def short(name: str) -> str:
    """A stranger's cell, short enough for a message."""
    return name if len(name) <= 24 else f"{name[:23]}…"


def shown(cell: str) -> str:
    """A cell for a message, which may not name anybody: only a date or a decimal is shown as it is.

    Of anything else only the form is shown, such as `xxxx99` for `team07`.
    """
    if not _DATE_OR_DECIMAL.fullmatch(cell):
        cell = re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", cell))
    return short(cell)


def is_row(row: list[str]) -> bool:
    """Whether what the csv module gives is a row: a blank line is not one, a lone `""` is."""
    return len(row) > 1 or (len(row) == 1 and (row[0] == "" or row[0].strip(" \t") != ""))
