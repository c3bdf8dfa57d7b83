"""Rows of text from CSV files in every form, and from workbooks."""

from __future__ import annotations

import builtins
import io
import warnings
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from kagsync import installation
from kagsync.errors import UsageError
from kagsync.files import csv_text, sheet
from kagsync.files.sheet import read_rows

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "username{0}name\nalice{0}Zoë Ødegård\n"
ROWS = [["username", "name"], ["alice", "Zoë Ødegård"]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list"


def rows(path: Path, content: bytes) -> list[list[str]]:
    path.write_bytes(content)
    return [row.cells for row in read_rows(path)]


def refusal(path: Path, content: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        rows(path, content)
    assert str(path) in caught.value.message
    assert caught.value.remedy
    return caught.value.message


def workbook(*values: list[Any], **cells: Any) -> bytes:
    book = openpyxl.Workbook()
    for row in values:
        book.active.append(row)
    for place, value in cells.items():
        book.active[place] = value
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


# Text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_separator_in_every_encoding(file: Path, separator: str, encoding: str, end: str) -> None:
    text = TEXT.format(separator).replace("\n", end)
    assert rows(file, text.encode(encoding)) == ROWS


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_line_that_names_the_separator_is_obeyed_and_counted(file: Path, first: str, encoding: str) -> None:
    file.write_bytes(f"{first}\r\na,b;c\r\n1;2\r\n".encode(encoding))
    assert list(read_rows(file)) == [(2, ["a,b", "c"]), (3, ["1", "2"])]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Nachname, Vorname;Klasse;Kaggle\n", ["Nachname, Vorname", "Klasse", "Kaggle"]),
        ("Nachname, Vorname;Klasse\n", ["Nachname, Vorname", "Klasse"]),
        ('Time,"Username; lower case; no @",Name\n', ["Time", "Username; lower case; no @", "Name"]),
        ('"a;b"\t"c,d,e"\n', ["a;b", "c,d,e"]),
        (";;;\n,,\nusername;name;group\n", ["username", "name", "group"]),
        ("alice\nbob;Bob;7A\n", ["alice"]),
        ("username\nbob;Bob\n", ["username"]),
        ("username,what you like; why\nbob,x\n", ["username", "what you like; why"]),
    ],
)
def test_the_separator_makes_the_most_cells_of_the_first_line(
    file: Path, text: str, first: list[str]
) -> None:
    assert rows(file, text.encode())[-1 if text.startswith(";") else 0] == first


def test_rows_have_the_numbers_of_their_first_lines_in_an_editor(file: Path) -> None:
    file.write_bytes(b'\n\na\n,,\n"b\nb"\nc')
    assert list(read_rows(file)) == [(3, ["a"]), (5, ["b\nb"]), (7, ["c"])]


@pytest.mark.parametrize(("text", "line"), [('alice\n"bob\n', 2), ('a\nb\n"c"d\n', 3)])
def test_quotes_that_do_not_close_are_named_with_their_line(file: Path, text: str, line: int) -> None:
    assert f"line {line}:" in refusal(file, text.encode())


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    for content in (b"a\x81\x8d", b"\xef\xbb\xbfa\xff", b"\xff\xfea\x00\x00\xd8"):
        assert "UTF-8" in refusal(file, content)


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            list(read_rows(path))


def test_what_is_too_large_for_a_list_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "too large" in refusal(file, b"a" * 20_000_001)
    assert "too large" in refusal(file, b"a" + b"," * 1000)
    monkeypatch.setattr(csv_text, "MOST_ROWS", 10)
    assert len(rows(file, b"a\n\n" * 10)) == 10
    assert "too large" in refusal(file, b"a\n\n" * 11)


# Workbooks


def test_cells_of_a_workbook_are_text_as_people_see_it(file: Path) -> None:
    day, hour = datetime.fromisoformat("2026-09-01"), datetime.fromisoformat("2026-09-01T08:30")
    values = [12345, 12345.0, 7.5, True, day, hour, " a ", None, "x"]
    assert rows(file, workbook(values)) == [
        ["12345", "12345", "7.5", "True", "2026-09-01", "2026-09-01 08:30:00", "a", "", "x"]
    ]


def test_rows_of_a_workbook_have_the_numbers_that_excel_shows(file: Path) -> None:
    file.write_bytes(workbook(B3="username", B7="alice"))
    assert list(read_rows(file)) == [(3, ["", "username"]), (7, ["", "alice"])]


def test_a_hidden_sheet_is_not_read(file: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["username", "of last year"])
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet().append(["username", "of this year"])
    book.active = 1
    book.save(file)
    assert [row.cells for row in read_rows(file)] == [["username", "of this year"]]


@pytest.mark.long
def test_a_cell_far_below_costs_nothing_and_one_far_away_is_refused(file: Path) -> None:
    assert rows(file, workbook(["username"], ["alice"], A1048576="bob")) == [["username"], ["alice"], ["bob"]]
    assert "too large" in refusal(file, workbook(["username"], ["alice"], XFD1048576="x"))


def repacked(content: bytes, **changed: bytes) -> bytes:
    """The same workbook with other content in some of its files."""
    new = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as made:
        for name in old.namelist():
            made.writestr(name, changed.get(name.rpartition("/")[2].partition(".")[0], old.read(name)))
    return new.getvalue()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (-0.1 * 3, "-0.3"),
        (0.1 * 3 * 10, "3"),
        (1 / 3, "0.333333333333333"),
        (3e-5, "0.00003"),
        (1e-7 * 3, "0.0000003"),
        (1e15, "1000000000000000"),
        (999_999_999_999_999.9, "1000000000000000"),
        (1_234_567_890_123_456.5, "1234567890123460"),
        (-12345.0, "-12345"),
        (20260101.5, "20260101.5"),
        (-1e-300, f"-0.{'0' * 299}1"),
    ],
)
def test_numbers_have_the_fifteen_digits_that_excel_keeps(file: Path, number: float, text: str) -> None:
    content = workbook(["x", 0.25])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet1 = archive.read("xl/worksheets/sheet1.xml")
    # As Excel writes what a formula gives; openpyxl writes 16 digits.
    changed = repacked(content, sheet1=sheet1.replace(b"<v>0.25</v>", f"<v>{number!r}</v>".encode()))
    assert rows(file, changed) == [["x", text]]


def test_a_bomb_is_not_unpacked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = workbook(["username"], *([f"user{number}"] for number in range(2000)))
    assert len(rows(file, usual)) == 2001
    assert "too large" in refusal(file, repacked(usual, sheet1=b"<c/>" * 1_000_000))
    monkeypatch.setattr(sheet, "_LARGEST_UNPACKED", 100_000)
    assert "too large" in refusal(file, usual)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(1001):
            archive.writestr(str(number), "")
    assert "too large" in refusal(file, many.getvalue())


def test_a_workbook_that_unpacks_to_more_than_it_declares_is_refused(file: Path) -> None:
    size = 90_000
    bomb = repacked(workbook(["username"], ["alice"]), sheet1=b" " * size)
    assert "damaged" in refusal(file, bomb.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little")))


@pytest.mark.parametrize(
    "changed",
    [
        {"sheet1": b"<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></row>"},
        {"sheet1": b""},
        {"workbook": b"<workbook/>"},
        {"[Content_Types]": b"<Types/>"},
    ],
)
def test_a_damaged_workbook_is_refused(file: Path, changed: dict[str, bytes]) -> None:
    assert "damaged" in refusal(file, repacked(workbook(["username"], ["alice"]), **changed))


def test_other_kinds_of_files_are_refused_by_name(file: Path) -> None:
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "not an .xlsx" in refusal(file, document.getvalue())
    assert "not an .xlsx" in refusal(file, b"PK\x03\x04")
    assert ".xls" in refusal(file, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_without_the_extra_the_error_says_what_to_install(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, *rest)

    file.write_bytes(workbook(["username"]))
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError) as caught:
        list(read_rows(file))
    assert caught.value.remedy.endswith(installation.this().add_extra("excel"))


def test_warnings_of_the_library_are_not_shown(file: Path) -> None:
    content = workbook(["username"], ["alice"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet1 = archive.read("xl/worksheets/sheet1.xml")
    unknown = b"<extLst><ext uri='{CCE6A557-97BC-4B89-ADB6-D9C93CAAB3DF}'/></extLst></worksheet>"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed = repacked(content, sheet1=sheet1.replace(b"</worksheet>", unknown))
        assert rows(file, changed) == [["username"], ["alice"]]
