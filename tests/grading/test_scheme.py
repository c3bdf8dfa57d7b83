"""Reading a scheme: what each part becomes, and what is said about whatever is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest

from kagsync.errors import UsageError
from kagsync.grading import scheme
from kagsync.grading.keys import fold
from kagsync.scoring import places
from kagsync.scoring.parts import (
    Adjustment,
    AdjustmentsPart,
    BaselinePart,
    ParticipationPart,
    PlacesPart,
    TablePart,
)

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
title = "ML course, project 2"
board = "public"
group = "2026"
round = 1
floor = 0
cap = 100.5

[[part]]
name = "Baselines"
kind = "baseline"
baseline = "Simple Baseline"
board = "both"
points = 10

[[part]]
kind = "baseline"
score = 0.75
points = 2.5
at_least = true

[[part]]
kind = "table"
scores = [[0.70, 5], [0.75, 8]]
between = "linear"

[[part]]
kind = "places"
points = 60
last = 0.5
ties = "best"
by = "rank"
of = "teams"

[[part]]
kind = "participation"
points = 5
submissions = 5

[[part]]
kind = "adjustments"
file = "late.csv"
key = "student_id"
column = "points"
"""
PART = '[[part]]\nkind = "participation"\npoints = 5\n'
TABLE = '[[part]]\nkind = "table"\n'

HUGE = f"0x{'F' * 5000}"  # Python refuses to write it as a decimal


def read(folder: Path, text: str, late: str = "student_id,points\ns1,-2\n") -> scheme.Scheme:
    (folder / "late.csv").write_text(late, encoding="utf-8")
    (folder / "scheme.toml").write_text(text, encoding="utf-8")
    return scheme.read(folder / "scheme.toml")


def refusal(folder: Path, text: str, late: str = "student_id,points\ns1,-2\n") -> str:
    with pytest.raises(UsageError) as caught:
        read(folder, text, late)
    assert str(folder) in caught.value.message
    assert caught.value.remedy
    return str(caught.value).replace(f"{folder}/", "")


def test_each_part_is_what_it_says(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    assert found[:-1] == ("ML course, project 2", "2026", 1, Decimal(0), Decimal("100.5"))
    assert found.parts == (
        BaselinePart("Baselines", Decimal(10), ("public", "private"), "Simple Baseline"),
        BaselinePart("Score 0.75", Decimal("2.5"), ("public",), score=Decimal("0.75"), at_least=True),
        TablePart("Score", ((Decimal("0.7"), Decimal(5)), (Decimal("0.75"), Decimal(8))), "public", "linear"),
        PlacesPart("Places", Decimal(60), "public", Decimal("0.5"), places.MIN, "rank", "teams"),
        ParticipationPart("Participation", Decimal(5), "public", 5),
        AdjustmentsPart("Adjustments", "late.csv", "student_id", {"s1": [Adjustment(Decimal(-2), 2, "s1")]}),
    )


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    found = read(tmp_path, PART)
    assert found == (None, None, 2, None, None, (ParticipationPart("Participation", Decimal(5), "final"),))
    (part,) = read(tmp_path, '[[part]]\nkind = "places"\npoints = 6\n').parts
    assert part == PlacesPart("Places", Decimal(6), "final", Decimal(0), places.AVERAGE, "score", "people")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("points = \n", "scheme.toml is not a TOML file: Invalid value (at line 1, column 10)"),
        ("title = 'x'\n", "scheme.toml has no parts. Begin each part with a line [[part]]"),
        ("part = 3\n", "has no parts"),
        (f"bord = 'final'\n{PART}", "unknown key 'bord'. Did you mean board?"),
        (f"board = 'privat'\n{PART}", "unknown board 'privat'. Did you mean private?"),
        (f"round = 9\n{PART}", "round '9' is not from 0 to 6"),
        (f"round = 1.5\n{PART}", "round is not a whole number"),
        (f"floor = 5\ncap = 4\n{PART}", "floor '5' is higher than the cap 4"),
        (f"title = 3\n{PART}", "title is not a text"),
        (
            f"\n{PART}\n{PART}",
            "scheme.toml, line 6, part 2: name 'Participation' is the name of another part",
        ),
        (f"{PART}point = 4\n", "scheme.toml, line 1, part 1: unknown key 'point'. Did you mean points?"),
        (f"{PART}\n{PART}name = 'Participation '\n", "is the name of another part"),
        (f"{PART}name = ' Grade'\n", "name ' Grade' cannot be the title of a column"),
        (f"{PART}name = 'Grade'\n", "name 'Grade' cannot be the title of a column"),
        (f"{PART}submissions = -1\n", "submissions '-1' is less than 0"),
        (f"{PART}submissions = {HUGE}\n", "submissions with thousands of digits is more than 1,000,000"),
        (f"round = {HUGE}\n{PART}", "round with thousands of digits is not from 0 to 6"),
        (f"cap = {HUGE}\n{PART}", "cap with thousands of digits is too large"),
        (f"cap = [{HUGE}]\n{PART}", "cap: with thousands of digits is not a number"),
        (f"{PART}submissions = true\n", "submissions is not a whole number"),
        ("[[part]]\npoints = 4\n", "kind is missing"),
        ("[[part]]\nkind = 'place'\n", "unknown kind 'place'. Did you mean places?"),
        ("[[part]]\nkind = 'places'\n", "points is missing"),
        ("[[part]]\nkind = 'places'\npoints = '60'\n", "points: '60' is not a number"),
        ("[[part]]\nkind = 'places'\npoints = true\n", "points: 'True' is not a number"),
        ("[[part]]\nkind = 'places'\npoints = -1\n", "points '-1' is less than 0"),
        ("[[part]]\nkind = 'places'\npoints = inf\n", "points 'Infinity' is too large"),
        ("[[part]]\nkind = 'places'\npoints = 1e999\n", "is too large"),
        ("[[part]]\nkind = 'places'\npoints = 1e1000000\n", "points '1E+1000000' is too large"),
        ("[[part]]\nkind = 'places'\npoints = 0.0000000000001\n", "points '1E-13' has more than 12 decimals"),
        ("[[part]]\nkind = 'places'\npoints = 6\nlast = 50\n", "last '50' is not from 0 to 1"),
        ("[[part]]\nkind = 'places'\npoints = 6\nties = 'max'\n", "unknown ties 'max'"),
        ("[[part]]\nkind = 'baseline'\npoints = 6\n", "needs either baseline or score"),
        ("[[part]]\nkind = 'baseline'\npoints = 6\nat_least = 1\nscore = 1\n", "neither true nor false"),
        (f"{TABLE}scores = 3\n", "scores is not a list of pairs. Write scores = [[0.7, 5], [0.75, 8]]"),
        (f"{TABLE}scores = []\n", "scores is not a list of pairs"),
        (f"{TABLE}scores = [[1, 2, 3]]\n", "scores is not a list of pairs"),
        (f"{TABLE}scores = [[1, 2], [1.0, 3]]\n", "scores has a score twice"),
        (f"{TABLE}scores = [[1, 'x']]\n", "scores: 'x' is not a number"),
        (f"{TABLE}scores = [[1, 2]]\nbetween = 'linear'\n", "scores has one row, and linear needs two"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a = 1e999999999999999999999"])
def test_a_scheme_that_breaks_the_reader_is_refused(tmp_path: Path, text: str) -> None:
    refusal(tmp_path, text)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scheme.toml"
    for content, says in (
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"#" * 2_000_000, "too large"),
        (None, "cannot read"),
    ):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(UsageError, match=says):
            scheme.read(path)


def test_a_scheme_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scheme.toml"
    path.write_bytes(b"\xef\xbb\xbf" + PART.replace("\n", "\r\n").encode())
    assert len(scheme.read(path).parts) == 1


# Adjustments

LATE = "[[part]]\nkind = 'adjustments'\nfile = 'late.csv'\nkey = '{}'\ncolumn = 'Late points'\n"


@pytest.mark.parametrize(
    ("key", "title", "text", "folded"),
    [
        ("student_id", "Student ID", "007", "007"),
        ("student_id", "student_id", "A7", "A7"),
        ("username", "Username", "@Alice", "alice"),
        ("name", "Name", "Liddell,  Alice", "alice liddell"),
        ("student_id=Room", "Room", "B 12", "B 12"),
        ("student_id", "Matrikelnummer", "007", "007"),
    ],
)
def test_people_are_found_by_key(tmp_path: Path, key: str, title: str, text: str, folded: str) -> None:
    late = f'{title};late points\n"{text}";−2,5\n"{text}";+1\nnobody;\n'
    (part,) = read(tmp_path, LATE.format(key), late).parts
    assert isinstance(part, AdjustmentsPart)
    assert part.given == {folded: [Adjustment(Decimal("-2.5"), 2, text), Adjustment(Decimal(1), 3, text)]}
    assert fold(key.partition("=")[0], text) == folded


@pytest.mark.parametrize(
    ("late", "says"),
    [
        ("", "late.csv: no column has the student id"),
        ("student,late points\n", "late.csv: no column has the student id. It has 'student', 'late points'"),
        ("student,late points\n", 'Name it: key = "student_id=TITLE"'),
        ("student_id,late points,late points\n", "late.csv: 2 columns are called 'Late points'"),
        ("student_id,points\n", "late.csv: no column is called 'Late points'. It has 'student_id', 'points'"),
        ("student_id,late points\ns1,2\ns2,two\n", "late.csv, line 3: 'two' is not a number of points"),
        ("student_id,late points\ns1,1e99\n", "late.csv, line 2: '1e99' is too large"),
        ("student_id,late points\ns1,-1e1000000\n", "late.csv, line 2: '-1e1000000' is too large"),
        ("student_id,late points\ns1,-inf\n", "'-inf' is too large"),
        ("student_id,late points\ns1,0.3333333333333\n", "'0.3333333333333' has more than 12 decimals"),
        ("student_id,late points\ns1,1e-1000000\n", "'1e-1000000' has more than 12 decimals"),
        ("student_id,late points\ns1,nan\n", "is not a number"),
        ('student_id,late points\ns1,"1,000"\n', "'1,000' is not a number of points"),  # a thousand, or one
        ("student_id,late points\ns1,1_0\n", "'1_0' is not a number of points"),
        (
            "student_id,late points\n,2\n",
            "late.csv, line 2 has points but no student id. Fill in the student id",
        ),
        ('student_id,late points\n"s1,2\n', "late.csv, line 2: the quotes are wrong"),
    ],
)
def test_what_is_wrong_in_a_list_is_named_with_its_line(tmp_path: Path, late: str, says: str) -> None:
    found = refusal(tmp_path, LATE.format("student_id"), late)
    assert says in found
    assert "imported" not in found


@pytest.mark.parametrize(
    ("key", "cell"), [("name", ","), ("name", " , "), ("username", "@"), ("handle=Who", "@")]
)
def test_points_for_a_key_that_names_nobody_are_refused(tmp_path: Path, key: str, cell: str) -> None:
    field, _, title = key.partition("=")
    late = f'{title or field},late points\n"{cell}",5\n'
    assert f"line 2 has points but no {field}." in refusal(tmp_path, LATE.format(key), late)


def test_formulas_of_a_workbook_give_the_numbers_that_it_shows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["student_id", "Late points"], [4711.0, -0.1 * 3], ["s1", 0.1 + 0.7]):
        book.active.append(row)
    (tmp_path / "scheme.toml").write_text(LATE.format("student_id").replace(".csv", ".xlsx"))
    book.save(tmp_path / "late.xlsx")
    (part,) = scheme.read(tmp_path / "scheme.toml").parts
    assert isinstance(part, AdjustmentsPart)
    assert part.given == {
        "4711": [Adjustment(Decimal("-0.3"), 2, "4711")],
        "s1": [Adjustment(Decimal("0.8"), 3, "s1")],
    }


def test_a_list_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "scheme.toml").write_text(LATE.format("name"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"part 1: cannot read .*late\.csv.*scheme's folder"):
        scheme.read(tmp_path / "scheme.toml")


def test_keys_of_another_kind_are_refused(tmp_path: Path) -> None:
    assert "unknown key 'mail'" in refusal(tmp_path, LATE.format("mail"))
