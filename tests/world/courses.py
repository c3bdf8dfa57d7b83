"""Three schemes as courses publish theirs, and the same as formulas of a spreadsheet."""

from __future__ import annotations

import csv
import io
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import openpyxl

from world.boards import Team, board_csv, board_name

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC_AT, PRIVATE_AT = "2026-01-10T12:00:00", "2026-01-20T12:00:00"
# Each team with its members, its scores on the public and the private board, and its submissions. Two teams
# tie on the private board, two others on the public one, and `noor` is on no board.
CLASS = [
    ("Overfit", ("ana", "ben"), "0.912", "0.871", 31),
    ("Gradient", ("cai",), "0.890", "0.894", 22),
    ("Forest", ("dee",), "0.862", "0.871", 14),
    ("Kernel", ("eli",), "0.851", "0.848", 9),
    ("Bagging", ("fay",), "0.803", "0.811", 17),
    ("Lasso", ("gus", "hui"), "0.803", "0.790", 8),
    ("Stump", ("ira",), "0.755", "0.742", 3),
    ("Bayes", ("jo",), "0.700", "0.698", 2),
    ("Random", ("kim",), "0.512", "0.530", 1),
]
STRANGERS = [("Passing by", "0.880", "0.880"), ("Just looking", "0.640", "0.650")]
BASELINES = [("Simple Baseline", "0.700", "0.698"), ("Medium Baseline", "0.803", "0.800")]
BASELINES += [("Strong Baseline", "0.880", "0.870")]
PEOPLE = [person for _, members, *_ in CLASS for person in members] + ["noor"]
REPORT = {"ana": "4", "ben": "4", "cai": "3.5", "eli": "2", "hui": "1", "jo": "4", "noor": "2"}
# The mean errors of the same teams in a competition where lower is better.
ERRORS = ["12.4", "12.9", "13.1", "13.1", "13.1", "15.0", "16.2", "16.2", "31.5"]


class Course(NamedTuple):
    """A scheme, and its formula for row 2 of a spreadsheet.

    The columns are person, public score, private score, report. The rows go from 2 to 13; who is not on the
    board has empty cells.

    Attributes:
        expected: what LibreOffice 7.4 computes from the formula for each of `PEOPLE`.
    """

    scheme: str
    formula: str
    expected: list[float]
    lower_is_better: bool = False


BASELINES_AND_REPORT = Course(
    # A point for each of three baselines on each of the boards, and up to four for the report.
    scheme="".join(
        f'[[part]]\nname = "{name} {board}"\nkind = "baseline"\nbaseline = "{name} Baseline"\n'
        f'board = "{board}"\npoints = 1\n\n'
        for name in ("Simple", "Medium", "Strong")
        for board in ("public", "private")
    )
    + """
[[part]]
name = "Report"
kind = "adjustments"
file = "report.csv"
key = "username"
column = "points"
""",
    formula='=IF(B2="",0,(B2>0.7)+(B2>0.803)+(B2>0.88)+(C2>0.698)+(C2>0.8)+(C2>0.87))+N(D2)',
    expected=[10, 10, 9.5, 5, 6, 3, 2, 3, 2, 4, 0, 2],
)
SCORE_AND_PLACE = Course(
    # 12 points by thresholds of the private score, 4 by place, the last place keeps none; whole points.
    scheme="""
round = 1
[[part]]
name = "By score"
kind = "table"
scores = [[0.65, 3], [0.7, 6], [0.8, 9], [0.87, 12]]

[[part]]
name = "By place"
kind = "places"
points = 4
ties = "best"
""",
    formula='=IF(C2="",0,ROUND(IF(C2<0.65,0,LOOKUP(C2,{0.65,0.7,0.8,0.87},{3,6,9,12}))'
    "+4*(COUNT(C$2:C$13)-RANK(C2,C$2:C$13,0))/(COUNT(C$2:C$13)-1),1))",
    expected=[15.6, 15.6, 16, 15.6, 11.4, 11, 7.6, 7.6, 6.8, 3.4, 0, 0],
)
AMONG_THE_CLASS = Course(
    # 60 points for the lowest error, 30 for the highest, average places; 40 in proportion to the error.
    scheme="""
cap = 100
[[part]]
name = "Place"
kind = "places"
points = 60
last = 0.5
ties = "average"

[[part]]
name = "Error"
kind = "table"
scores = [[20, 0], [12.5, 40]]
between = "linear"
""",
    formula='=IF(C2="",0,ROUND(MIN(100,60*(0.5+0.5*(COUNT(C$2:C$13)-_xlfn.RANK.AVG(C2,C$2:C$13,1))'
    "/(COUNT(C$2:C$13)-1))+40*MAX(0,MIN(1,(20-C2)/(20-12.5)))),2))",
    expected=[98.5, 98.5, 91.87, 84.8, 84.8, 84.8, 67.17, 67.17, 54.77, 54.77, 30, 0],
    lower_is_better=True,
)
COURSES = {
    "baselines and a report": BASELINES_AND_REPORT,
    "score and place": SCORE_AND_PLACE,
    "among the class": AMONG_THE_CLASS,
}


def boards(folder: Path, slug: str, course: Course) -> list[Path]:
    """Writes the course's boards, the public one first."""
    found = []
    for at, board, column in ((PUBLIC_AT, "public", 0), (PRIVATE_AT, "private", 1)):
        teams = []
        for number, (name, members, *scores, submissions) in enumerate(CLASS):
            score = ERRORS[number] if course.lower_is_better else scores[column]
            teams.append(Team(10 + number, name, members, score, None, submissions))
        if not course.lower_is_better:
            for number, (name, *scores) in enumerate(STRANGERS):
                teams.append(Team(50 + number, name, (f"stranger{number}",), scores[column]))
            for number, (name, *scores) in enumerate(BASELINES):
                teams.append(Team(90 + number, name, (), scores[column], 0))
        teams.sort(key=lambda team: float(team.score), reverse=not course.lower_is_better)
        path = folder / board_name(slug, at, board)  # type: ignore[arg-type]
        path.write_bytes(board_csv(teams))
        found.append(path)
    return found


def spreadsheet(folder: Path, course: Course) -> list[float]:
    """What LibreOffice computes for each of `PEOPLE`."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["person", "public", "private", "report", "grade"])
    scores = {
        person: (row[2], row[3], ERRORS[number]) for number, row in enumerate(CLASS) for person in row[1]
    }
    for number, person in enumerate(PEOPLE, start=2):
        public, private, error = scores.get(person, ("", "", ""))
        cells = [error, error] if course.lower_is_better else [public, private]
        formula = course.formula
        for column in "BCD":
            formula = formula.replace(f"{column}2", f"{column}{number}")
        cells.append(REPORT.get(person, ""))
        sheet.append([person, *(float(cell) if cell else None for cell in cells), formula])
    book.save(folder / "grades.xlsx")
    office = ["soffice", f"-env:UserInstallation=file://{folder}/office", "--headless"]
    convert = ["--convert-to", "csv", "--outdir", folder, folder / "grades.xlsx"]
    subprocess.run([*office, *convert], check=True, capture_output=True, timeout=120)
    rows = csv.DictReader(io.StringIO((folder / "grades.csv").read_text(encoding="utf-8")))
    return [float(row["grade"]) for row in rows]
