"""Where the cells of a CSV file are, byte for byte."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kagsync.errors import UsageError
from kagsync.files import csv_text
from kagsync.files.csv_text import CsvText, recognized

TEXTS = st.text(st.sampled_from('ab ,;"\r\n\tü'), max_size=30)


def of(text: str, separator: str = ",") -> CsvText:
    return CsvText(text, "utf-8", separator, 0, 0)


def values(text: CsvText) -> list[tuple[int, list[str]]]:
    return [(line, [cell.value for cell in cells]) for line, cells in text.rows()]


@given(TEXTS, st.sampled_from(",;\t"))
@example('a,"b""c"\r\n\r"\n",\n', ",")
@example("a,", ",")
@example("", ",")
def test_cells_are_those_that_a_csv_reader_sees(text: str, separator: str) -> None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    expected, line = [], 1
    try:
        for cells in reader:
            expected.append((line, cells or [""]))  # an empty line
            line = reader.line_num + 1
    except csv.Error:
        with pytest.raises(UsageError, match=f"line {line}: the quotes are wrong"):
            values(of(text, separator))
    else:
        assert values(of(text, separator)) == expected


@given(TEXTS)
def test_the_cells_and_what_is_between_them_are_the_whole_text(text: str) -> None:
    try:
        cells = [cell for _, row in of(text).rows() for cell in row]
    except UsageError:
        return
    bounds = [0, *(bound for cell in cells for bound in (cell.start, cell.end)), len(text)]
    assert bounds == sorted(bounds)
    between = [text[bounds[n] : bounds[n + 1]] for n in range(0, len(bounds), 2)]
    assert set(between) <= {"", ",", "\n", "\r", "\r\n"}
    assert [
        text[cell.start : cell.end].strip('"').replace('""', '"') for cell in cells if '"' not in cell.value
    ] == [cell.value for cell in cells if '"' not in cell.value]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
def test_the_text_encoded_is_the_content_again(encoding: str, first: str) -> None:
    content = f"{first}name;grade\r\nZoë Ødegård;1,5\r\n".encode(encoding)
    found = recognized(content)
    assert found is not None
    assert found.text.encode(found.encoding) == content
    skipped = int(bool(first))
    assert values(found) == [(skipped + 1, ["name", "grade"]), (skipped + 2, ["Zoë Ødegård", "1,5"])]


def test_what_is_no_text_is_not_recognized() -> None:
    assert recognized(b"a\x81\x8d") is None


def test_a_row_of_too_many_cells_is_refused_before_all_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MOST_COLUMNS", 3)
    assert values(of("a,b,c\n")) == [(1, ["a", "b", "c"])]
    with pytest.raises(UsageError, match="line 2: more than 3 cells"):
        values(of('a,b,c\na,b,c,d,"'))
