"""Reads a list that people have as rows of text: a CSV file as programs write them, or an .xlsx workbook."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from kagsync import installation
from kagsync.errors import UsageError
from kagsync.files import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGEST_UNPACKED = 50_000_000  # bytes of all files in a workbook: some 140,000 people
# Sheets unpack to about ten times their size. openpyxl takes 75 bytes of memory for a byte of a bomb.
_HIGHEST_RATIO = 100
_SMALL_FILE = 100_000  # bytes: whatever its ratio is
_MOST_MEMBERS = 1000  # files in a workbook
_MEMBER = b"PK\x01\x02"  # starts the entry of each file in a ZIP's directory
_LAST_ROW = 1_048_576  # of an Excel sheet
# What Canvas writes in the column of names besides people, in English, German and French: lower case.
NOT_PEOPLE = {"points possible", "student, test", "mögliche punkte", "points possibles"}
_SAVE_AS = "Save it as CSV (UTF-8) or .xlsx"


class Row(NamedTuple):
    """A row that is not empty.

    Attributes:
        number: of the line in the file (the first, if a cell has several), or of the row in the sheet.
        cells: without spaces around them.
    """

    number: int
    cells: list[str]


def read_rows(path: Path, fix: str = "Fix the line and try again") -> Iterator[Row]:
    """The rows of a CSV file, or of the first sheet of an .xlsx workbook that is not hidden.

    Args:
        fix: the remedy for a line whose quotes are wrong.

    Raises:
        UsageError: the file cannot be read, or it is too large, damaged or not such a file.
    """
    content = read(path)
    if content.startswith(b"PK\x03\x04"):
        rows = _workbook(content, path)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UsageError(
            f"cannot read {path}: it is an old Excel file (.xls) or has a password", f"{_SAVE_AS} without one"
        )
    else:
        rows = _csv(content, path, fix)
    count = 0
    for number, cells in rows:
        if csv_text.is_empty(cells):
            continue
        count += 1
        if count > csv_text.MOST_ROWS or len(cells) > csv_text.MOST_COLUMNS:
            raise _too_large(path, f"{csv_text.MOST_ROWS:,} rows and {csv_text.MOST_COLUMNS:,} columns")
        yield Row(number, cells)


def read(path: Path, kinds: str = "CSV or .xlsx") -> bytes:
    """The content of a file.

    Args:
        kinds: which files are read, for the remedy.

    Raises:
        UsageError: it cannot be read, or it is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(csv_text.LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {path}: {reason}", f"Pass a {kinds} file") from error
    if len(content) > csv_text.LARGEST:
        raise _too_large(path, f"{csv_text.LARGEST // 1_000_000} MB")
    return content


def _too_large(path: Path, limit: str) -> UsageError:
    return UsageError(f"{path} is too large for a list of people", f"Use at most {limit}")


def _csv(content: bytes, path: Path, fix: str) -> Iterator[tuple[int, list[str]]]:
    found = csv_text.recognized(content)
    if found is None:
        raise UsageError(f"cannot read {path}: it is not UTF-8, UTF-16 or Windows-1252 text", _SAVE_AS)
    csv.field_size_limit(csv_text.LARGEST)  # the file is small enough; for the whole process, as csv has it
    text = io.StringIO(found.text[found.start :], newline="")
    reader = csv.reader(text, delimiter=found.separator, strict=True)
    while True:
        number = found.skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UsageError(f"{path}, line {number}: the quotes are wrong ({error})", fix) from error
        yield number, [cell.strip() for cell in cells]


def _workbook(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a workbook's first sheet that is not hidden."""
    try:
        import openpyxl  # optional, and 0.1 s to import
    except ImportError as error:
        raise UsageError(
            f"cannot read {path}: openpyxl, which reads Excel files, is not installed",
            f"Save the list as CSV, or: {installation.this().add_extra('excel')}",
        ) from error
    _refuse_bomb(content, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and checks of cells, which do not matter
            book = openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=True, keep_links=False
            )
            sheet = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
            sheet.reset_dimensions()  # some programs write wrong ones
            for number, cells in enumerate(sheet.iter_rows(max_row=_LAST_ROW, values_only=True), 1):
                yield number, [_text(cell) for cell in cells]
    except Exception as error:  # a damaged workbook can make it raise anything
        raise _damaged(path) from error


def _damaged(path: Path) -> UsageError:
    return UsageError(f"cannot read {path}: it is damaged or not an .xlsx workbook", _SAVE_AS)


def _refuse_bomb(content: bytes, path: Path) -> None:
    """Refuses a workbook that unpacks to much more than a list of people, or not to what it declares."""
    if content.count(_MEMBER) > _MOST_MEMBERS:
        raise _too_large(path, f"{_MOST_MEMBERS:,} files in a workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            is_bomb = sum(member.file_size for member in members) > _LARGEST_UNPACKED or any(
                member.file_size > max(_SMALL_FILE, _HIGHEST_RATIO * member.compress_size)
                for member in members
            )
            damaged = not is_bomb and archive.testzip() is not None
    except Exception as error:  # zipfile raises a dozen types
        raise _damaged(path) from error
    if is_bomb:
        raise _too_large(path, f"{_LARGEST_UNPACKED // 1_000_000} MB when unpacked")
    if damaged:
        raise _damaged(path)


def _text(value: object) -> str:
    """A cell as a person sees it: 12345 for 12345.0, and a day without its midnight.

    Excel shows 15 digits of a number, but keeps more: -0.30000000000000004 for `=-0.1*3`.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{Decimal(f'{value:.15g}'):f}"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value).strip()
