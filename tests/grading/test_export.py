"""Grades in a school system's own export: one column changes, and not a byte beside it."""

from __future__ import annotations

import csv
import io
import re
import stat
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.work import counted

from kagsync.errors import UsageError
from kagsync.files import csv_text
from kagsync.grading.export import Change, Filled, Stranger, fill, fill_file
from kagsync.grading.keys import Key, parse

ID = Key("student_id")

EXPORTS = Path(__file__).parent / "exports"


def export(name: str) -> bytes:
    """An export as a real system writes it, of made-up people."""
    return (EXPORTS / f"{name}.csv").read_bytes()


# The exports of real systems


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_canvas(bom: bytes) -> None:
    """Each assignment has its number, and there are rows of policies, possible points and a test student."""
    grades = [("S2026014", "81.2"), ("S2026022", "60"), ("S2026031", "64"), ("S9", "12")]
    found = fill(bom + export("canvas"), "Kaggle project", ID, grades)
    assert found.content == bom + export("canvas-filled")
    assert found.counts == "1 changed, 1 filled, 1 unchanged"
    assert found.changed == [Change(5, "S2026022", "55.50", "60")]
    assert found.strangers == [Stranger(7, ""), Stranger(8, "S2026040")]
    assert found.missing == ["S9"]
    assert (found.column, found.key_column) == ("Kaggle project (58211)", "SIS User ID")


def test_canvas_by_its_own_number_and_by_name() -> None:
    content = export("canvas")
    by_number = fill(content, "Kaggle project (58211)", ID._replace(title="ID"), [("40140", "5")])
    by_name = fill(content, "kaggle PROJECT", Key("name"), [("Rowan Tamsin", "5")])
    assert by_number.content == by_name.content != content
    assert [*by_number.strangers] == [(4, "40113"), (5, "40127"), (6, "40131"), (8, "40152")]
    assert by_name.strangers[:2] == [(4, "Aldarin, Mirela"), (5, 'Brevik, Jonas "Joe" T.')]
    assert len(by_name.strangers) == 4  # neither the possible points nor the test student


def test_canvas_with_first_and_last_names_in_two_columns() -> None:
    head = b"LastName,FirstName,ID,SIS Login ID,Section,P (1)\n    Points Possible,,,,,9\n"
    content = head + b"Tamsin,Rowan,40,r,1,\nStudent,Test,41,x,1,\n"
    found = fill(content, "P", Key("name"), [("Rowan Tamsin", "7.5")])
    assert found.content == content.replace(b"r,1,\n", b"r,1,7.5\n")
    assert (found.strangers, found.key_column) == ([], "FirstName, LastName")


def test_a_column_that_canvas_computes_is_refused() -> None:
    assert "Canvas computes 'Final Score'" in refusal(export("canvas"), "Final Score")


def test_the_moodle_gradebook() -> None:
    """There are quotes where there is a space, and a dash for no grade."""
    grades = [("201544", "10"), ("201551", "9.5"), ("201560", "80.25")]
    found = fill(export("moodle-gradebook"), "Assignment: Kaggle (Real)", ID, grades)
    assert found.content == export("moodle-gradebook-filled")
    assert found.counts == "1 changed, 1 filled, 1 unchanged"


def test_the_moodle_grading_worksheet() -> None:
    """It has a byte order mark, CRLF, and LF in comments."""
    found = fill(export("moodle-worksheet"), "Grade", ID, [("201544", "85"), ("201545", "0")])
    assert found.content == export("moodle-worksheet-filled")
    assert (found.filled, found.strangers, found.missing) == (2, [], [])


def test_a_list_with_decimal_commas_gets_decimal_commas() -> None:
    """Excel writes it in Windows-1252, with semicolons and no line end at the end."""
    found = fill(export("excel-german"), "Kaggle", ID, [("00417", "20.5"), ("00431", "7"), ("422", "1.5")])
    assert found.content == export("excel-german-filled")
    assert (found.missing, found.strangers) == (["422"], [Stranger(4, "00422")])  # zeros count
    again = fill(found.content, "Kaggle", ID, [("00417", "20.50"), ("00431", "8.5")])
    assert again.counts == "1 changed, 0 filled, 1 unchanged"
    assert again.content.endswith(b';"8,5"')


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        (";1,5;9.25;\n", b";8,5"),  # of the column itself, one has a comma
        (";1.5;2,25;\n", b";8.5"),
        (";7;2,25;1,5\n", b";8,5"),  # the column has none, so all count
        (";7;2.25;1,5\n", b";8.5"),  # as many
        (";;;\n", b";8.5"),
    ],
)
def test_the_decimal_sign_is_that_of_the_column_or_of_the_file(numbers: str, written: bytes) -> None:
    content = f"student id;grade;one;two\ns0{numbers}s1;;;\n".encode()
    assert fill(content, "grade", ID, [("s1", "8.5")]).content.splitlines()[2] == b"s1" + written + b";;"


def test_a_comma_between_cells_is_no_decimal_sign() -> None:
    content = b'student id,grade\ns0,"1,5"\ns1,\n'
    assert fill(content, "grade", ID, [("s1", "8.5")]).content == content[:-1] + b"8.5\n"


# Who is who


@pytest.mark.parametrize(
    ("field", "title", "key"),
    [
        ("username", "Kaggle username", "ALICE"),
        ("username", "What is your Kaggle username?", "@alice"),
        ("handle", "Handle", "alice"),
        ("handle", "Kaggle", "alice"),
        ("name", "Full name", "alice  liddell"),
        ("student_id", "Matrikelnummer", "S-1"),
    ],
)
def test_the_key_is_found_as_in_a_list_of_people(field: str, title: str, key: str) -> None:
    value = {"name": "Liddell, Alice", "student_id": " S-1 "}.get(field, "https://www.kaggle.com/Alice")
    value = "alice" if title == "Handle" else value
    content = f'Comment,{title},Grade\n"=1+1","{value}",\n'.encode()
    found = fill(content, "Grade", Key(field), [(key, "3")])
    assert found.content == content[:-1] + b"3\n"


def test_a_key_may_name_its_column() -> None:
    named = parse("Student ID = SIS User ID ")
    assert named == Key("student_id", "SIS User ID")
    assert parse("username") == Key("username")
    for text, words in (
        ("usernme=x", "Did you mean username?"),
        ("mail", "Choose from student_id, username, handle, name"),
        ("name=", "name=SIS User ID"),
    ):
        with pytest.raises(UsageError, match=re.escape(words)):
            parse(text)


def test_the_case_of_a_student_id_counts() -> None:
    found = fill(b"student id,grade\ns1,\nS1,\n", "grade", ID, [("S1", "3")])
    assert found.content == b"student id,grade\ns1,\nS1,3\n"


def test_other_columns_that_look_alike_do_not_matter() -> None:
    content = b"Student ID,Group,group,Name,name,Grade\ns1,a,b,c,d,\n"
    assert fill(content, "Grade", ID, [("s1", "3")]).filled == 1


def test_whoever_has_no_key_has_no_row() -> None:
    content = b"Name,Student ID,Grade\n    Points Possible,,\nAnn,,\n"
    found = fill(content, "Grade", ID, [("", "3"), (" ", "4")])
    assert (found.content, found.missing) == (content, ["", " "])


def test_whoever_has_no_row_or_no_grade_is_named() -> None:
    content = b"Name,Student ID,Grade\n\nAnn,s1,5\nBob,,\n,,\nCem,s3\t,\n"
    found = fill(content, "Grade", ID, [("s2", "3"), ("s1", "5.0")])
    assert (found.content, found.unchanged, found.missing) == (content, 1, ["s2"])
    assert found.strangers == [Stranger(4, ""), Stranger(6, "s3")]


# What is refused


def refusal(content: bytes, column: str = "Grade", key: Key = ID, grade: str = "3", name: str = "s1") -> str:
    with pytest.raises(UsageError) as caught:
        fill(content, column, key, [(name, grade)])
    assert caught.value.remedy
    return str(caught.value)


GOOD = b"Student ID,Name,Grade\ns1,Ann,\ns2,Bob,\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty", "Export it as CSV"]),
        (b"PK\x03\x04 and more", ["Excel workbook", "Export it as CSV"]),
        (b"\xd0\xcf\x11\xe0", ["Excel workbook"]),
        (b"SQLite format 3\0" + b"a" * 99, ["a database"]),
        (b"a\x81\x8d", ["UTF-8"]),
        (GOOD.replace(b"Ann,", b"Ann"), ["line 2: 2 cells, but there are 3 columns"]),
        (GOOD.replace(b"Bob,", b"Bob,,"), ["line 3: 4 cells, but there are 3 columns"]),
        (GOOD.replace(b"Ann", b'"Ann'), ["line 2: the quotes are wrong"]),
        (
            GOOD.replace(b"s2", b" s1"),
            ["lines 2 and 3 have the same student id, 's1'", "Choose another --key"],
        ),
        (GOOD.replace(b"Grade", b"Grades"), ["no column is called 'Grade'", "Did you mean Grades?"]),
        (GOOD.replace(b"Grade", b"Total"), ["'Grade'", "It has 'Student ID', 'Name', 'Total'"]),
        (GOOD.replace(b"Name", b"Grade"), ["2 columns are called 'Grade'", "--column"]),
        (
            GOOD.replace(b"Grade", b"Grade (Real)").replace(b"Name", b"Grade (12)"),
            ["'Grade (12)', 'Grade (Real)'"],
        ),
        (
            GOOD.replace(b"Student ID", b"Number"),
            ["no column has the student id", '--key "student_id=TITLE"'],
        ),
        (GOOD.replace(b"Name", b"student-id"), ["two columns", '--key "student_id=TITLE"']),
    ],
)
def test_a_file_that_is_not_clear_is_refused(content: bytes, words: list[str]) -> None:
    found = refusal(content)
    for word in words:
        assert word in found, found


def test_a_key_column_that_is_named_must_be_there_once_and_another() -> None:
    assert "no column is called 'Number'" in refusal(GOOD, key=ID._replace(title="Number"))
    assert "2 columns" in refusal(GOOD.replace(b"Name", b"Student ID"), key=ID._replace(title="Student ID"))
    assert "tells who people are" in refusal(GOOD, column="student id")


def test_a_key_of_two_people_is_refused_if_it_is_in_the_export() -> None:
    by_name = Key("name")
    with pytest.raises(UsageError, match="line 2: 2 tracked people have the name 'Ann'"):
        fill(GOOD, "Grade", by_name, [("Ann", "3"), ("ann", "4")])
    found = fill(GOOD, "Grade", by_name, [("Cem", "3"), ("CEM", "4"), ("Bob", "1")])
    assert (found.missing, found.filled) == (["Cem", "CEM"], 1)


def test_what_is_larger_than_a_list_of_people_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MOST_ROWS", 2)
    assert "at most 2 rows" in refusal(GOOD)


@pytest.mark.parametrize("grade", ["=1+1", "", "1,5", "1e3", "nan", "+1", "1\n", "٣"])
def test_nothing_but_a_number_is_ever_written(grade: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(grade)}$"):
        fill(GOOD, "Grade", ID, [("s1", grade)])


# Any dialect

WORDS = st.text(st.sampled_from("ab ü\",;\t|\n\r'="), max_size=8)
PEOPLE = st.lists(
    st.tuples(st.sampled_from(["", "-", "7", "7.50", "x, y"]), WORDS, WORDS), min_size=1, max_size=8
)


class Dialect(NamedTuple):
    separator: str
    encoding: str
    named: bool
    quoted: int  # the cells of which number have quotes that they do not need: a bit each
    ends: int  # which lines end in another way: two bits each
    whole: bool  # whether the last line ends

    def raw(self, value: str, number: int) -> str:
        """A cell as it is written."""
        needed = any(char in value for char in f'"\r\n{self.separator}')
        if needed or self.quoted >> number & 1:
            value = value.replace('"', '""')
            return f'"{value}"'
        return value

    def content(self, rows: list[list[str]]) -> bytes:
        """A file of cells that are written already."""
        parts = [f"sep={self.separator}\r\n"] if self.named else []
        for number, row in enumerate(rows):
            end = ("\n", "\r\n", "\r", "\n")[self.ends >> 2 * number & 3]
            parts += [self.separator.join(row), end if self.whole or number < len(rows) - 1 else ""]
        return "".join(parts).encode(self.encoding)


DIALECTS = st.builds(
    Dialect,
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.booleans(),
    st.integers(0, 2**40),
    st.integers(0, 2**20),
    st.booleans(),
)


@given(PEOPLE, DIALECTS, st.integers(0, 255))
def test_in_every_dialect_only_the_grades_change(
    people: list[tuple[str, str, str]], dialect: Dialect, graded: int
) -> None:
    header = ["Comment", "Student ID", "Grade", "Other comment"]
    table = [[one, f"s{number}", old, two] for number, (old, one, two) in enumerate(people)]
    written = [
        [dialect.raw(value, 4 * number + at) for at, value in enumerate(row)]
        for number, row in enumerate([header, *table])
    ]
    grades = {number: f"{number}.25" for number in range(len(people)) if graded >> number & 1}
    before = dialect.content(written)
    for number, grade in grades.items():
        old = written[number + 1][2]
        written[number + 1][2] = f'"{grade}"' if old.startswith('"') else grade
    found = fill(before, "Grade", ID, [(f"s{number}", grade) for number, grade in grades.items()])
    assert found.content == dialect.content(written)
    assert found.filled + len(found.changed) == len(grades)
    assert read(found) == [
        header,
        *([*row[:2], grades.get(number, row[2]), row[3]] for number, row in enumerate(table)),
    ]


def read(found: Filled) -> list[list[str]]:
    """What a CSV reader sees."""
    text = csv_text.recognized(found.content)
    assert text is not None
    return list(
        csv.reader(io.StringIO(text.text[text.start :], newline=""), delimiter=text.separator, strict=True)
    )


def test_the_work_grows_in_proportion() -> None:
    def work(people: int) -> int:
        rows = "".join(f"s{number},Name {number},\n" for number in range(people))
        content = f"Student ID,Name,Grade\n{rows}".encode()
        with counted() as done:
            assert (
                fill(content, "Grade", ID, [(f"s{number}", "1.5") for number in range(people)]).filled
                == people
            )
        return done.python

    work(10)  # what is loaded once is loaded
    assert work(400) < 2.2 * work(200)


# On disk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_bytes(GOOD)
    path.chmod(0o640)
    return path


def test_the_file_is_replaced_and_keeps_its_mode(file: Path) -> None:
    assert fill_file(file, "Grade", ID, [("s1", "3")]).filled == 1
    assert file.read_bytes() == GOOD.replace(b"Ann,", b"Ann,3")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert not list(file.parent.glob(".kagsync-*"))


def test_a_link_stays_a_link(file: Path) -> None:
    link = file.parent / "link.csv"
    link.symlink_to(file)
    fill_file(link, "Grade", ID, [("s1", "3")])
    assert link.is_symlink()
    assert file.read_bytes() == GOOD.replace(b"Ann,", b"Ann,3")


def test_if_nothing_changes_the_file_is_not_touched(file: Path) -> None:
    before = file.stat()
    assert fill_file(file, "Grade", ID, [("s9", "3")]).missing == ["s9"]
    after = file.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_refused_file_stays_as_it_is_and_is_named(file: Path) -> None:
    with pytest.raises(UsageError, match="nothing was written") as caught:
        fill_file(file, "Points", ID, [("s1", "3")])
    assert str(file) in caught.value.message
    assert file.read_bytes() == GOOD


def test_the_database_is_refused(file: Path) -> None:
    with pytest.raises(UsageError, match="is the database"):
        fill_file(file, "Grade", ID, [("s1", "3")], database=file)
    beside = file.rename(file.parent / "kagsync.db-wal")
    with pytest.raises(UsageError, match="part of the database"):
        fill_file(beside, "Grade", ID, [("s1", "3")], database=file.parent / "kagsync.db")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read") as caught:
        fill_file(tmp_path / "none.csv", "Grade", ID, [("s1", "3")])
    assert caught.value.remedy == "Pass a CSV file"  # a workbook is refused


def test_a_file_that_is_too_large_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "LARGEST", 20)
    with pytest.raises(UsageError, match=f"{file} is too large"):
        fill_file(file, "Grade", ID, [("s1", "3")])
