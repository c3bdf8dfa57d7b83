"""Reads and writes the roster (the tracked people) as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kagsync import inputs
from kagsync.errors import BadLines, UsageError, from_os_error
from kagsync.files import output_file
from kagsync.files.sheet import NOT_PEOPLE, read_rows
from kagsync.safe_text import printable, quote_formula, unquote_formula
from kagsync.tracking import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.files.sheet import Row
    from kagsync.store.records import User

FIELDS = ("username", "name", "group", "student_id", "team", "pseudonym")  # a column each, of `Line` too
_KEYS = {"username": "username", "student_id": "student id", "pseudonym": "pseudonym"}  # of one person only
_MOST_NAMED = 20  # bad lines in a message
_FIX = "Nothing was changed. Fix the line and try again"
_WRITE = "Name the columns in the first line: username or team, and optionally name, group, student id"


Check = Callable[[list["Line"]], list[tuple[int, str]]]


class Line(NamedTuple):
    """What one line says of a person. None: the file has no such column; "": the cell is empty.

    Attributes:
        number: of the line in the file, or of the row in the sheet.
        username: as `inputs.username` gives it.
        team: as `inputs.team` gives it.
    """

    number: int
    username: str | None
    name: str | None = None
    group: str | None = None
    student_id: str | None = None
    team: str | None = None
    pseudonym: str | None = None


class RosterFile(NamedTuple):
    """A list of people.

    Attributes:
        lines: each has a username, a team, a name or a student id. Repetitions are left out.
        left_out: the headers of the columns that were not used, as they are in the file.
    """

    lines: list[Line]
    left_out: list[str]


def read_roster(path: Path, check: Check | None = None) -> RosterFile:
    """Reads a list of people: a CSV file or an .xlsx workbook, as the README describes it.

    Args:
        check: finds out what else is wrong with the lines that are right by themselves.

    Raises:
        BadLines: several lines are wrong; each is named.
        UsageError: a line is wrong, or the file cannot be read, or no column has usernames or teams.
    """
    rows = read_rows(path, _FIX)
    first = next(rows, None)
    if first is None:
        raise _nobody(path)
    try:
        header = columns.find(first.cells)
    except UsageError as error:
        raise UsageError(f"{path}, line {first.number}: {error.message}", error.remedy) from error
    if header is None:
        return RosterFile(_usernames([first, *rows], path).lines(check), [])
    if "username" not in header.cells and "team" not in header.cells:
        raise UsageError(f"{path} has no column of usernames or teams. It has {_quoted(first)}", _WRITE)
    reader = _Reader(path)
    for row in rows:
        if row.cells == first.cells or columns.is_header(row.cells):
            reader.refuse(row.number, "it is a header")
        elif any(row.cells[len(first.cells) :]):
            reader.refuse(row.number, f"{len(row.cells)} cells, but there are {len(first.cells)} columns")
        else:
            reader.take(row, header.cells)
    return RosterFile(reader.lines(check), header.left_out)


def _usernames(rows: list[Row], path: Path) -> _Reader:
    """Reads a list without a header, which may have one column only.

    Raises:
        UsageError: it has several, or a line is not a username.
    """
    first = rows[0]
    if any(first.cells[1:]):
        raise UsageError(f"{path} has several columns, but no known header. It has {_quoted(first)}", _WRITE)
    if columns.is_title(first.cells[0]):
        raise UsageError(
            f"{path}: {inputs.short(first.cells[0])} in line {first.number} looks like a header", _WRITE
        )
    reader = _Reader(path)
    for row in rows:
        if any(row.cells[1:]):
            reader.refuse(row.number, "it has several cells, but the first line has one")
        elif columns.is_title(row.cells[0]):
            reader.refuse(row.number, f"{inputs.short(row.cells[0])} looks like a header")
        else:
            reader.take(row, {"username": [0]})
    return reader


class _Reader:
    """Makes lines of rows, and remembers what is wrong with all others."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[tuple[str | None, ...], Line] = {}  # by all that a line says
        self._with_key: dict[tuple[str, str], Line] = {}
        self._wrong: list[tuple[int, str]] = []

    def refuse(self, number: int, what: str) -> None:
        self._wrong.append((number, what))

    def take(self, row: Row, cells: dict[str, list[int]]) -> None:
        """Checks and adds one row; `cells` are the positions of each field."""
        text = {field: _joined(row.cells, positions) for field, positions in cells.items()}
        if any(text.values()) and text.get("name", "").lower() not in NOT_PEOPLE:
            self.add(Line(row.number, **{field: text.get(field) for field in FIELDS}))

    def add(self, line: Line) -> None:
        """Checks and adds one line."""
        try:
            line = _checked(line)
        except UsageError as error:
            self.refuse(line.number, error.message)
            return
        content = line[1:]
        if content in self._lines:
            return
        for field, called in _KEYS.items():
            if key := getattr(line, field):
                same = key if field == "student_id" else key.lower()  # the case of student ids counts
                other = self._with_key.setdefault((field, same), line)
                if other is not line:
                    what = f"the {called} {inputs.short(key)} is also on line {other.number}"
                    self.refuse(line.number, f"{what}, with different data")
                    return
        self._lines[content] = line

    def found(self) -> tuple[list[Line], list[tuple[int, str]]]:
        """The lines that are right by themselves, and what is wrong with the others."""
        return list(self._lines.values()), self._wrong

    def lines(self, check: Check | None) -> list[Line]:
        """All lines, if none is wrong and there is one.

        Raises:
            UsageError: otherwise.
        """
        lines, wrong = self.found()
        if wrong := wrong + (check(lines) if check is not None else []):
            raise bad_lines(self._path, sorted(wrong))
        if not lines:
            raise _nobody(self._path)
        return lines


def checked(lines: Iterable[Line]) -> tuple[list[Line], list[tuple[int, str]]]:
    """The same checks for lines that come from elsewhere.

    Returns:
        the lines that are right by themselves, and (number, what is wrong) of the others.
    """
    reader = _Reader(Path())
    for line in lines:
        reader.add(line)
    return reader.found()


def bad_lines(path: Path, wrong: list[tuple[int, str]]) -> UsageError:
    """The error for lines of a file that are wrong, each given as (number, what is wrong)."""
    if len(wrong) == 1:
        ((number, what),) = wrong
        return UsageError(f"{path}, line {number}: {what}", _FIX)
    named = [f"line {number}: {what}" for number, what in wrong[:_MOST_NAMED]]
    if more := wrong[_MOST_NAMED:]:
        named.append(f"and {len(more):,} more")
    return BadLines(
        f"{path}: {len(wrong):,} lines are wrong", "Nothing was changed. Fix them and try again", named
    )


def _quoted(row: Row) -> str:
    return ", ".join(inputs.short(cell) for cell in row.cells if cell)


def _nobody(path: Path) -> UsageError:
    return UsageError(
        f"{path} has no users", "Write a header such as username,name,group and one line per person"
    )


def _joined(row: list[str], positions: list[int]) -> str:
    parts = (unquote_formula(row[position]) for position in positions if position < len(row))
    return " ".join(part for part in parts if part)


def _checked(line: Line) -> Line:
    """The line with its username and its team as they are compared.

    Raises:
        UsageError: a cell is wrong, or it does not say who it is.
    """
    if (longest := max(len(cell or "") for cell in line[1:])) > inputs.LONGEST_TEXT:
        raise UsageError(f"a cell has {longest:,} characters, but {inputs.LONGEST_TEXT:,} are the limit")
    if not (line.username or line.team or line.name or line.student_id):
        raise UsageError("it has no username, team, name or student id")
    if line.team:
        team = inputs.team(line.team)
        line = line._replace(team=team)
    return line._replace(username=inputs.username(line.username)) if line.username else line


def roster_csv(roster: Iterable[User], *, for_screen: bool = False) -> str:
    """The roster as `read_roster` reads it.

    A cell that a spreadsheet would take for a formula gets a `'` in front, which `read_roster` takes away.

    Args:
        for_screen: whether to make it harmless for a terminal.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(FIELDS)
    for user in roster:
        cells = [quote_formula(getattr(user, field) or "") for field in FIELDS]
        if for_screen:
            cells = [printable(cell) for cell in cells]
        # By itself, Python does not quote a carriage return, which also ends a line.
        (quoting if any("\r" in cell for cell in cells) else writer).writerow(cells)
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
