"""Reads and writes the roster (the tracked people) as a CSV file: `username[,name][,group]`."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

from kagsync import inputs
from kagsync.errors import UsageError, from_os_error
from kagsync.files import output_file
from kagsync.safe_text import printable, quote_formula, unquote_formula

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kagsync.store.records import User

_LONGEST_ROSTER = 20_000_000  # characters: some 400,000 people
_HEADER = ("username", "name", "group")


class Line(NamedTuple):
    """What one line says of a person. None: the file has no such column; "": the cell is empty."""

    number: int
    username: str | None
    name: str | None = None
    group: str | None = None
    student_id: str | None = None
    team: str | None = None
    pseudonym: str | None = None


class RosterFile(NamedTuple):
    """The people in a file, and the headers of columns that were left out."""

    lines: list[Line]
    left_out: list[str]


def read_roster(path: Path) -> RosterFile:
    """Reads a roster CSV. It may have a header line, whose columns may come in any order.

    Raises:
        UsageError: the file cannot be read, or a line is bad; the message has the line's number.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_LONGEST_ROSTER + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read {path}: {reason}", "Save it as CSV in UTF-8") from error
    if len(text) > _LONGEST_ROSTER:
        raise UsageError(
            f"{path} is too large for a list of users", f"Use at most {_LONGEST_ROSTER:,} characters"
        )
    columns: tuple[str, ...] = _HEADER
    users: dict[str, tuple[str, str | None, str | None]] = {}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    first = True
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if first:
                first = False
                if "username" in (lower := [cell.lower() for cell in cells]):
                    columns = _header(lower, path, reader.line_num)
                    continue
            user = _user(dict(zip(columns, cells, strict=False)), cells, columns, path, reader.line_num)
            if users.setdefault(user[0].lower(), user) != user:
                raise _bad_line(path, reader.line_num, f"{user[0]} is there twice and differs")
    except csv.Error as error:
        raise _bad_line(path, reader.line_num, str(error)) from error
    if not users:
        raise UsageError(f"{path} has no users", "Write one line for each: username,name,group")
    return RosterFile([Line(number, *user) for number, user in enumerate(users.values(), start=1)], [])


def _header(cells: list[str], path: Path, line: int) -> tuple[str, ...]:
    if unknown := [cell for cell in cells if cell not in _HEADER]:
        raise _bad_line(path, line, f"unknown column {unknown[0]!r}")
    if len(set(cells)) < len(cells):
        raise _bad_line(path, line, "a column is there twice")
    return tuple(cells)


def _user(
    row: dict[str, str], cells: list[str], columns: tuple[str, ...], path: Path, line: int
) -> tuple[str, str | None, str | None]:
    if len(cells) > len(columns):
        raise _bad_line(path, line, f"{len(cells)} cells, but there are {len(columns)} columns")
    try:
        username = inputs.username(unquote_formula(row.get("username", "")))
    except UsageError as error:
        raise _bad_line(path, line, error.message) from error
    name, group = unquote_formula(row.get("name", "")), unquote_formula(row.get("group", ""))
    if (longest := max(len(name), len(group))) > inputs.LONGEST_TEXT:
        raise _bad_line(
            path, line, f"a cell has {longest:,} characters, but {inputs.LONGEST_TEXT:,} are the limit"
        )
    return username, name or None, group or None


def roster_csv(roster: Iterable[User], *, for_screen: bool = False) -> str:
    """The roster as `read_roster` reads it.

    A cell that a spreadsheet would take for a formula gets a `'` in front, which `read_roster` takes away.

    Args:
        for_screen: whether to make it harmless for a terminal.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    for user in roster:
        cells = [quote_formula(cell or "") for cell in (user.username, user.name, user.group)]
        writer.writerow([printable(cell) for cell in cells] if for_screen else cells)
    return text.getvalue()


def write_roster(roster: Iterable[User], path: Path, database: Path | None = None) -> None:
    """Writes `roster_csv` to a new file.

    Args:
        database: the one in use, which must not be overwritten.

    Raises:
        UsageError: the file exists, or its name belongs to a database.
        KagsyncError: it cannot be written.
    """
    try:
        output_file.write_new(path, roster_csv(roster), database)
    except OSError as error:
        raise from_os_error(error, f"write {path}") from error


def bad_lines(path: Path, problems: list[tuple[int, str]]) -> UsageError:
    """The error for the lines of a file that cannot be imported."""
    return _bad_line(path, *problems[0])


def _bad_line(path: Path, line: int, what: str) -> UsageError:
    return UsageError(f"{path}, line {line}: {what}", "Nothing was imported. Fix the line and try again")
