"""Schemes as courses publish theirs give the grades that a spreadsheet gives."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from world import ROOT, courses
from world.boards import Team, board_csv, board_name
from world.courses import COURSES, PEOPLE, Course

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club

each_course = pytest.mark.parametrize("course", COURSES.values(), ids=COURSES.keys())


def scheme(folder: Path, text: str) -> str:
    path = folder / "scheme.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def grades(club: Club, course: Course) -> list[float]:
    """The grades as CSV has them, rounded."""
    club.track(*PEOPLE)
    for path in courses.boards(club.folder, club.slug, course):
        assert club.load(path).code == 0
    lines = [f"{person},{points}" for person, points in courses.REPORT.items()]
    (club.folder / "report.csv").write_text("\n".join(["username,points", *lines]), encoding="utf-8")
    out = club.ok("grade", club.slug, "--scheme", scheme(club.folder, course.scheme), "--format", "csv")
    header, *rows = (line.split(",") for line in out.splitlines())
    found = {row[0]: float(row[header.index("grade")]) for row in rows}
    assert list(found) == PEOPLE
    return list(found.values())


@each_course
def test_grades_are_those_of_a_spreadsheet(club: Club, course: Course) -> None:
    assert grades(club, course) == course.expected


@each_course
@pytest.mark.long
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs soffice (Debian: libreoffice-calc-nogui)")
def test_the_spreadsheet_is_computed_by_libreoffice(tmp_path: Path, course: Course) -> None:
    assert courses.spreadsheet(tmp_path, course) == course.expected


def test_the_example_in_the_rules_of_a_course(club: Club) -> None:
    """Virtual teams: 41 points for the easiest of ten, 100 for all, as many for each in between.

    The rules (TDT4173 at NTNU, 2025) compute for a team that defeats 7 of them, and loses 3 points because a
    part of the report is missing: 41 + (100 − 41) / (10 − 1) × (7 − 1) ≈ 80, and 80 − 3 = 77.
    """
    rivals = [Team(90 + number, f"VT {number}", (), f"0.{50 + number}", 0) for number in range(10)]
    club.track("ana", "zoe")
    club.board("2026-01-10T12:00:00", *rivals, Team(1, "Us", ("ana",), "0.565"), Team(2, "b", ("x",), "0.4"))
    (club.folder / "report.csv").write_text("username,points\nana,-3\n", encoding="utf-8")
    parts = [
        f'[[part]]\nname = "{rival.name}"\nkind = "baseline"\nbaseline = "{rival.name}"\n'
        f"points = {41 if number == 0 else '6.5555555556'}\n"
        for number, rival in enumerate(rivals)
    ]
    parts.append('[[part]]\nkind = "adjustments"\nfile = "report.csv"\nkey = "username"\ncolumn = "points"\n')
    path = scheme(club.folder, "\n".join(["round = 0", *parts]))
    _, ana, zoe = club.ok("grade", club.slug, "--scheme", path, "--format", "csv").splitlines()
    assert ana.split(",")[7] == "77"
    assert zoe.split(",")[5:8] == ["False", "", "0"]


def test_the_example_in_the_readme(club: Club) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n### Grades\n")[2]
    written, table, one, *_ = re.findall(r"```\w*\n(.*?)```", section, re.DOTALL)
    club.competitions("ml-2")
    people = ["ana,Ana Aldarin", "ben,Ben Brevik", "cai,Cai Quist", "dee,Dee Tamsin", "eli,Eli Vance"]
    lines = [f"{who},2026,S{number}" for number, who in enumerate([*people, "fay,Fay Okoro"], start=1)]
    (club.folder / "class.csv").write_text("\n".join(["username,name,group,student_id", *lines]))
    club.ok("users", "import", str(club.folder / "class.csv"))
    (club.folder / "late.csv").write_text("student_id,points\nS3,-4\n")
    for board, scores in (
        ("public", ["0.912", "0.890", "0.862", "0.742", "0.800"]),
        ("private", ["0.871", "0.894", "0.871", "0.755", "0.798"]),
    ):
        members = [("ana", "ben"), ("cai",), ("dee",), ("eli",)]
        teams = [Team(each, f"{each}", who, scores[each]) for each, who in enumerate(members)]
        teams.sort(key=lambda team: team.score, reverse=True)
        teams.append(Team(9, "Simple Baseline", (), scores[4], 0))
        when = "2026-01-20T12:00:00" if board == "public" else "2026-01-31T12:00:00"
        path = club.folder / board_name("ml-2", when, board)  # type: ignore[arg-type]
        path.write_bytes(board_csv(teams))
        assert club.load(path, slug="ml-2").code == 0
    path = scheme(club.folder, written)
    said = club.ok("grade", "ml-2", "--scheme", path)
    assert table == f"$ kagsync grade ml-2 --scheme project-2.toml\n{said}"
    said = club.ok("grade", "ml-2", "--scheme", path, "--user", "dee")
    wrapped = re.sub(r"\n {10,}", " ", one)  # as on a terminal of 80 columns
    assert wrapped == f"$ kagsync grade ml-2 --scheme project-2.toml --user dee\n{said}"
