"""Reads a list that people have as rows of text: a CSV file as programs write them, or an .xlsx workbook."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from datetime import datetime, time
from typing import TYPE_CHECKING, NamedTuple

from kagsync.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGEST = 20_000_000  # bytes of a file: some 400,000 people
_LARGEST_UNPACKED = 50_000_000  # bytes of all files in a workbook: some 140,000 people
# Sheets unpack to about ten times their size. openpyxl takes 75 bytes of memory for a byte of a bomb.
_HIGHEST_RATIO = 100
_SMALL_FILE = 100_000  # bytes: whatever its ratio is
_MOST_MEMBERS = 1000  # files in a workbook
_MEMBER = b"PK\x01\x02"  # starts the entry of each file in a ZIP's directory
_MOST_ROWS = 400_000  # that are not empty
_LAST_ROW = 1_048_576  # of an Excel sheet
_MOST_COLUMNS = 1000
_FIRST_LINES = 100_000  # characters that tell the separator
_SEPARATORS = "\t;|,"  # a text with as many of two of them is rather separated by the first
_SAVE_AS = "Save it as CSV (UTF-8) or .xlsx"
_INSTALL = "Install kagsync with the extra excel (see the README, The roster), or save the list as CSV"


class Row(NamedTuple):
    """A row that is not empty.

    Attributes:
        number: of the line in the file (the first, if a cell has several), or of the row in the sheet.
        cells: without spaces around them.
    """

    number: int
    cells: list[str]


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a CSV file, or of the first sheet of an .xlsx workbook that is not hidden.

    Raises:
        UsageError: the file cannot be read, or it is too large, damaged or not such a file.
    """
    content = _read(path)
    if content.startswith(b"PK\x03\x04"):
        rows = _workbook(content, path)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UsageError(
            f"cannot read {path}: it is an old Excel file (.xls) or has a password", f"{_SAVE_AS} without one"
        )
    else:
        rows = _csv(_decoded(content, path), path)
    count = 0
    for number, cells in rows:
        if _is_empty(cells):
            continue
        count += 1
        if count > _MOST_ROWS or len(cells) > _MOST_COLUMNS:
            raise _too_large(path, f"{_MOST_ROWS:,} rows and {_MOST_COLUMNS:,} columns")
        yield Row(number, cells)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {path}: {reason}", "Pass a CSV or .xlsx file") from error
    if len(content) > _LARGEST:
        raise _too_large(path, f"{_LARGEST // 1_000_000} MB")
    return content


def _too_large(path: Path, limit: str) -> UsageError:
    return UsageError(f"{path} is too large for a list of people", f"Use at most {limit}")


def _decoded(content: bytes, path: Path) -> str:
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"cannot read {path}: it is not UTF-8, UTF-16 or Windows-1252 text", _SAVE_AS)


def _encodings(content: bytes) -> list[str]:
    """The encodings that a text may have, the most likely first."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    if content.startswith(b"\xef\xbb\xbf"):
        return ["utf-8-sig"]
    # In UTF-16, one byte of each separator and of each ASCII letter is NUL, always the same of the two.
    start = content[:4096]
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) * 8 > len(start) and not (first and second):
        return ["utf-16-be" if first else "utf-16-le"]
    return ["utf-8", "cp1252"]


def _csv(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(_LARGEST)  # the file is small enough; for the whole process, as csv has it
    first = re.match(r'"?sep=([,;\t|])"?[,;\t]*(?:\r\n?|\n|$)', text, re.IGNORECASE)
    text = text[first.end() :] if first else text
    skipped = int(first is not None)
    separator = first[1] if first else _separator(text[:_FIRST_LINES])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        number = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UsageError(
                f"{path}, line {number}: the quotes are wrong ({error})",
                "Nothing was imported. Fix the line and try again",
            ) from error
        yield number, [cell.strip() for cell in cells]


def _is_empty(cells: list[str]) -> bool:
    """Whether a row holds nothing but spaces and separators, of whichever kind."""
    return not any(cell.strip(f" {_SEPARATORS}") for cell in cells)


def _separator(text: str) -> str:
    """The separator that breaks no quoted cell, and makes the most cells: of the first line, then of all."""

    def fits(separator: str) -> tuple[bool, int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [row for row in reader if not _is_empty(row)] or [[]]
        unbroken = all(cell.count('"') % 2 == 0 for cell in rows[0])
        return unbroken, len(rows[0]), sum(len(row) for row in rows)

    return max(_SEPARATORS, key=fits)


def _workbook(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a workbook's first sheet that is not hidden."""
    try:
        import openpyxl  # optional, and 0.1 s to import
    except ImportError as error:
        raise UsageError(f"cannot read {path}: kagsync is installed without Excel files", _INSTALL) from error
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
    """A cell as a person sees it: 12345 for 12345.0, and a day without its midnight."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value).strip()
