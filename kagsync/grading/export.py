"""Fills one column of a school system's own export with grades.

All other bytes of the file stay: the encoding, line ends, quotes, spaces, and the rows that are not people.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from kagsync.errors import UsageError, from_os_error, near
from kagsync.files import csv_text, output_file, sheet
from kagsync.inputs import short
from kagsync.tracking import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from kagsync.files.csv_text import Cell, CsvText
    from kagsync.grading.keys import Key

_NUMBER = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")
_OURS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NO_GRADE = ("", "-")  # Moodle writes the dash
# What Canvas adds to the title of an assignment, and Moodle to that of a grade.
_ADDED = re.compile(r"\s*\((?:[0-9]+|real|percentage|letter)\)$", re.IGNORECASE)
_READ_ONLY = "(read only)"  # what Canvas writes below the titles of columns that it computes
_EXPORT_AS_CSV = "Export it as CSV"
_EXPORT_AGAIN = "Fix the line, or export the file again"
_MOST_NAMED = 12  # titles in a message


class Change(NamedTuple):
    """A cell that had another value: the number of its line, the person's key, and both values."""

    line: int
    key: str
    before: str
    after: str


class Stranger(NamedTuple):
    """A person in the export who has no grade: the number of the line, and the key, which may be empty."""

    line: int
    key: str


class Filled(NamedTuple):
    """A filled export.

    Attributes:
        content: the new bytes.
        key: how people were found.
        column, key_column: the titles of the columns that were used.
        filled: how many cells had no grade before.
        changed: the cells that had another one.
        unchanged: how many cells had the same number, which stays as it is written.
        strangers: who is in the export, but has no grade.
        missing: the keys of grades that are not in the export.
    """

    content: bytes
    key: Key
    column: str
    key_column: str
    filled: int
    changed: list[Change]
    unchanged: int
    strangers: list[Stranger]
    missing: list[str]

    @property
    def counts(self) -> str:
        """What became of the cells: `3 changed, 40 filled, 2 unchanged`."""
        return f"{len(self.changed):,} changed, {self.filled:,} filled, {self.unchanged:,} unchanged"


def fill_file(
    path: Path, column: str, key: Key, grades: Iterable[tuple[str, str]], database: Path | None = None
) -> Filled:
    """Fills one column of an export on disk. The file is replaced in one step, and keeps its mode.

    The other arguments are those of `fill`.

    Args:
        database: the one in use, which must not be overwritten.

    Raises:
        UsageError: as `fill`; or the file cannot be read, or belongs to a database. Nothing is written.
        KagsyncError: the file cannot be written.
    """
    try:
        output_file.examine(path, database)
        content = sheet.read(path, "CSV")
        try:
            found = fill(content, column, key, grades)
        except UsageError as error:
            raise UsageError(f"{path}: {error.message}; nothing was written", error.remedy) from error
        if found.content != content:
            output_file.rewrite(path, found.content)
    except OSError as error:
        raise from_os_error(error, f"write {path}") from error
    return found


def fill(content: bytes, column: str, key: Key, grades: Iterable[tuple[str, str]]) -> Filled:
    """Fills one column of an export.

    Args:
        content: a CSV file.
        column: its title, as it is or without what Canvas and Moodle add: `Project` is `Project (58211)`.
        grades: each person's key, and the grade as a number with a decimal point. It is written with a comma
            if the numbers in the export have one.

    Raises:
        UsageError: the file is not such an export, a column is missing or there twice, or it is not clear
            whose a row is.
        ValueError: a grade is not a number.
    """
    ours = _Ours(key, grades)
    export = _Export(_recognized(content), column, key)
    found: dict[str, tuple[int, Cell]] = {}
    strangers, signs = [], _Signs()
    for line, values, cell in export.rows():
        if export.separator != ",":
            signs.see(values, values[export.at])
        text = export.key_in(values)
        if (who := ours.find(line, text)) is not None:
            if who in found:
                same = f"lines {found[who][0]} and {line} have the same {key.words}, {short(text)}"
                raise UsageError(same, "Choose another --key")
            found[who] = line, cell
        elif export.is_person(values, text):
            strangers.append(Stranger(line, text))
    written, changed, unchanged = [], [], 0
    for who, (line, cell) in found.items():
        name, grade = ours.people[who][0]
        before, after = cell.value.strip(), grade.replace(".", ",") if signs.are_commas else grade
        if _same(before, grade):
            unchanged += 1
            continue
        written.append((cell, after))
        if before not in _NO_GRADE:
            changed.append(Change(line, name, before, after))
    new, filled = export.written(written), len(written) - len(changed)
    titles = export.titles[export.at], ", ".join(export.titles[at] for at in export.key_at)
    missing = [name for who, people in ours.people.items() if who not in found for name, _ in people]
    return Filled(new, key, *titles, filled, changed, unchanged, strangers, missing)


def _same(text: str, grade: str) -> bool:
    """Whether a cell has this number already, however it is written."""
    return _NUMBER.fullmatch(text) is not None and Decimal(text.replace(",", ".")) == Decimal(grade)


def _recognized(content: bytes) -> CsvText:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UsageError("it is an Excel workbook", _EXPORT_AS_CSV)
    if content.startswith(output_file.SQLITE):
        raise UsageError("it is a database", "Choose the export")
    found = csv_text.recognized(content)
    if found is None:
        raise UsageError("it is not UTF-8, UTF-16 or Windows-1252 text", f"{_EXPORT_AS_CSV} (UTF-8)")
    return found


class _Ours:
    """Our people's grades by their keys.

    Attributes:
        people: by what is compared, the keys as they were given, each with the grade.
    """

    def __init__(self, key: Key, grades: Iterable[tuple[str, str]]) -> None:
        self._key = key
        self.people: dict[str, list[tuple[str, str]]] = {}
        for name, grade in grades:
            if not _OURS.fullmatch(grade):
                raise ValueError(grade)
            self.people.setdefault(key.fold(name), []).append((name, grade))

    def find(self, line: int, key: str) -> str | None:
        """The key that a row has, as it is compared; None: nobody of ours has it.

        Raises:
            UsageError: several of ours have it.
        """
        who = self._key.fold(key)
        if not who or who not in self.people:
            return None
        if (count := len(self.people[who])) > 1:
            message = f"line {line}: {count} tracked people have the {self._key.words} {short(key)}"
            raise UsageError(message, "Choose another --key")
        return who


class _Signs:
    """Counts the numbers with a decimal comma, and those with a point: in the column, and anywhere."""

    def __init__(self) -> None:
        self._in_column, self._anywhere = Counter[str](), Counter[str]()

    def see(self, values: list[str], cell: str) -> None:
        """Counts the numbers in a row, of whose cells one is in the column."""
        for value in filter(_NUMBER.fullmatch, values):
            self._anywhere.update(value.lstrip("-0123456789")[:1])
        if _NUMBER.fullmatch(cell):
            self._in_column.update(cell.lstrip("-0123456789")[:1])

    @property
    def are_commas(self) -> bool:
        """Whether most have a comma: those in the column, or if there are none, all."""
        signs = self._in_column or self._anywhere
        return signs[","] > signs["."]


class _Export:
    """An export whose header is read.

    Attributes:
        at, key_at: the positions of the cells that are filled, and of those with the key.
    """

    def __init__(self, found: CsvText, column: str, key: Key) -> None:
        self._found = found
        self.separator = found.separator
        self._rows = ((line, cells) for line, cells in found.rows() if not csv_text.is_empty(_values(cells)))
        _, header = next(self._rows, (0, []))
        if not header:
            raise UsageError("it is empty", _EXPORT_AS_CSV)
        self.titles = _values(header)
        self.at = position(self.titles, column, "--column")
        self.key_at = key_positions(self.titles, key)
        if self.at in self.key_at:
            raise UsageError(f"the column {short(column)} tells who people are", "Choose another column")
        self._name_at: list[int] = []
        with contextlib.suppress(UsageError):  # it only tells which rows are not people
            self._name_at = columns.positions(self.titles, "name")

    def rows(self) -> Iterator[tuple[int, list[str], Cell]]:
        """Each row's number, what its cells say, and the cell that may be filled.

        Raises:
            UsageError: a row has too few or too many cells, or there are too many rows.
        """
        for count, (line, cells) in enumerate(self._rows, start=2):
            if len(cells) != len(self.titles):
                few = f"line {line}: {len(cells)} cells, but there are {len(self.titles)} columns"
                raise UsageError(few, _EXPORT_AGAIN)
            if count > csv_text.MOST_ROWS:
                raise UsageError("it is too large for a list of people", f"Use at most {count - 1:,} rows")
            yield line, _values(cells), cells[self.at]

    def key_in(self, values: list[str]) -> str:
        """The key in a row; a name may be in two cells."""
        return " ".join(filter(None, (values[at] for at in self.key_at)))

    def is_person(self, values: list[str], key: str) -> bool:
        """Whether a row is a person. Canvas also has rows for possible points, policies and a test student.

        Raises:
            UsageError: such a row says that Canvas computes the column.
        """
        name = ", ".join(values[at] for at in reversed(self._name_at)).strip(" ,")
        if (key or name) and name.lower() not in sheet.NOT_PEOPLE:
            return True
        if values[self.at].lower() == _READ_ONLY:
            computed = f"Canvas computes {short(self.titles[self.at])} and ignores what is written there"
            raise UsageError(computed, "Choose the column of an assignment")
        return False

    def written(self, cells: Iterable[tuple[Cell, str]]) -> bytes:
        """The content with some cells replaced, given in their order. A cell with quotes keeps them."""
        text, parts, position = self._found.text, [], 0
        for cell, value in cells:
            quote = '"' if text.startswith('"', cell.start) else ""
            parts += [text[position : cell.start], quote, value, quote]
            position = cell.end
        return "".join([*parts, text[position:]]).encode(self._found.encoding)


def _values(cells: list[Cell]) -> list[str]:
    return [cell.value.strip() for cell in cells]


def key_positions(titles: list[str], key: Key) -> list[int]:
    """The positions of the cells with the key.

    Raises:
        UsageError: no column or several may be the key.
    """
    if key.title is not None:
        return [position(titles, key.title, "--key")]
    name_it = f'Name it: --key "{key.field}=TITLE"'
    try:
        found = columns.positions(titles, key.field)
        if not found and key.field == "handle":  # of most people it is the username
            found = [at for at, each in enumerate(titles) if each.casefold() == "handle"][:1]
            found = found or columns.positions(titles, "username")
    except UsageError as error:
        raise UsageError(error.message, name_it) from error
    if not found:
        raise UsageError(f"no column has the {key.words}. It has {_named(titles)}", name_it)
    return found


def position(titles: list[str], wanted: str, option: str) -> int:
    """The position of the column with a title: as it is, without what systems add, or whatever its case.

    Raises:
        UsageError: no column or several have this title.
    """
    wanted = wanted.strip()
    plain = [_ADDED.sub("", title) for title in titles]
    rules: tuple[Callable[[str], str], ...] = (str, str.casefold)
    for rule, known in product(rules, (titles, plain)):
        found = [at for at, title in enumerate(known) if title and rule(title) == rule(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            several = _named([titles[at] for at in found])
            raise UsageError(
                f"{len(found)} columns are called {short(wanted)}: {several}",
                f"Pass a title as {option} that only one column has",
            )
    close = near(wanted, dict.fromkeys(filter(None, plain)))
    remedy = f"Did you mean {close[0]}?" if close else f"It has {_named(titles)}"
    raise UsageError(f"no column is called {short(wanted)}", remedy)


def _named(titles: Sequence[str]) -> str:
    """The first of some titles."""
    named = [short(each) for each in titles if each]
    return ", ".join(named[:_MOST_NAMED] + ["…"] * (len(named) > _MOST_NAMED))
