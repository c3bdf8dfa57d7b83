"""`kagsync grade`: whose grades, from which boards, how they are shown, and what freezing keeps."""

from __future__ import annotations

import csv
import errno
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from world import traces
from world.boards import Team, board_csv, board_name
from world.club import SLUG, Club
from world.work import Work, counted

from kagsync.files import output_file
from kagsync.grading import grades, scheme
from kagsync.store import Store

if TYPE_CHECKING:
    from world.running import Kagsync

    from kagsync.settings import Settings

JANUARY, LATER, END = "2026-01-10T12:00:00", "2026-02-10T12:00:00", "2026-03-10T12:00:00"
SIMPLE, STRONG = Team(90, "Simple", (), "0.70", 0), Team(91, "Strong [b]x[/b]", (), "0.85", 0)
SCHEME = """
title = "Project 2"
group = "2026"

[[part]]
name = "Simple"
kind = "baseline"
baseline = "Simple"
points = 40

[[part]]
kind = "places"
points = 60
last = 0.5
"""
BOTH = SCHEME + '[[part]]\nkind = "baseline"\nname = "Both"\nscore = 0.8\nboard = "both"\npoints = 1\n'


class Class(Club):
    """A class of four, of whom one is on no board, and somebody of another group."""

    def scheme(self, text: str = SCHEME, name: str = "scheme.toml") -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def grades(self, *words: str, text: str = SCHEME) -> dict[str, float]:
        """The grades, by handle."""
        found = self.json("grade", SLUG, "--scheme", self.scheme(text), *words)
        return {row["handle"]: row["grade"] for row in found["grades"]}

    def private(self, when: str, *teams: Team) -> None:
        path = self.folder / board_name(SLUG, when, "private")
        path.write_bytes(board_csv(teams))
        assert self.load(path, "--accept-shrink").code == 0


def team(number: int, score: str, *members: str) -> Team:
    return Team(number, f"Team {number}", members, score, submissions=number)


FIRST = [
    team(1, "0.90", "ann", "bob"),
    STRONG,
    team(2, "0.80", "cem"),
    team(3, "0.75", "otto"),
    SIMPLE,
    team(4, "0.60", "dora"),
]
SECOND = [team(2, "0.95", "cem"), team(1, "0.90", "ann", "bob"), SIMPLE, team(4, "0.60", "dora")]


@pytest.fixture
def school(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Class:
    club = Class(kagsync, settings, tmp_path)
    club.competitions(SLUG)
    people = tmp_path / "class.csv"
    lines = [f"{name},{name.title()} Doe,{'2025' if name == 'otto' else '2026'},s-{name}" for name in PEOPLE]
    people.write_text("\n".join(["username,name,group,student_id", *lines]), encoding="utf-8")
    club.ok("users", "import", str(people))
    club.board(JANUARY, *FIRST)
    return club


PEOPLE = ["ann", "bob", "cem", "dora", "otto", "zoe"]
# ann and bob share the places 1 and 2 of 4: 40 + 60 × (0.5 + 0.5 × 2.5 / 3)
FROM_FIRST = {"ann": 95.0, "bob": 95.0, "cem": 80.0, "dora": 30.0, "zoe": 0.0}
FROM_SECOND = {"ann": 85.0, "bob": 85.0, "cem": 100.0, "dora": 30.0, "zoe": 0.0}


def test_a_class_is_graded_among_itself(school: Class) -> None:
    assert school.grades() == FROM_FIRST
    alone = school.grades("--group", "2025")
    assert alone == {"otto": 100.0}  # the only one: all points for the place
    assert school.grades(text=SCHEME.replace('group = "2026"', ""))["cem"] == 85


def test_json_has_all_of_it(school: Class) -> None:
    found = school.json("grade", SLUG, "--scheme", school.scheme())
    assert {key: found[key] for key in ("version", "competition", "title", "frozen_at")} == {
        "version": 1,
        "competition": SLUG,
        "title": "Project 2",
        "frozen_at": None,
    }
    assert found["boards"] == [{"board": "public", "at": f"{JANUARY}Z", "teams": 4}]
    cem = found["grades"][2]
    assert cem == {
        "handle": "cem",
        "username": "cem",
        "name": "Cem Doe",
        "student_id": "s-cem",
        "group": "2026",
        "on_board": True,
        "matched_by": "username",
        "grade": 80.0,
        "total": 80.0,
        "limited": None,
        "parts": [
            {
                "name": "Simple",
                "kind": "baseline",
                "points": 40.0,
                "words": "0.80 beats Simple (0.70) on the public board",
            },
            {
                "name": "Places",
                "kind": "places",
                "points": 40.0,
                "words": "place 3 of 4 people on the public board: 60 × (0.5 + 0.5 × (4 − 3) / (4 − 1))",
            },
        ],
    }
    assert [row["on_board"] for row in found["grades"]] == [True, True, True, True, False]


def test_numbers_are_only_rounded_for_people(school: Class) -> None:
    text = SCHEME.replace("points = 60", "points = 61")
    assert school.grades(text=text)["ann"] == pytest.approx(40 + 61 * (0.5 + 0.5 * 2.5 / 3), abs=1e-12)
    path = school.scheme("round = 1\n" + text)
    out = school.ok("grade", SLUG, "--scheme", path, "--format", "csv")
    assert out.splitlines()[1] == "ann,ann,Ann Doe,s-ann,2026,True,username,95.9,40,55.9"


def test_the_table_has_a_column_a_part_and_says_who_is_not_on_the_board(school: Class) -> None:
    out = school.ok("grade", SLUG, "--scheme", school.scheme())
    lines = out.splitlines()
    assert lines[0] == f"{SLUG}: Project 2"
    assert "public board of 2026-01-10 12:00 UTC, 4 teams" in lines[1]
    assert lines[3].split() == ["Person", "Student", "id", "Simple", "Places", "Grade", "Note"]
    assert lines[-1].split() == ["Zoe", "Doe", "s-zoe", "0", "0", "0", "not", "on", "the", "board"]


def test_one_grade_is_explained_line_by_line(school: Class) -> None:
    text = f"cap = 90\n{SCHEME}"
    out = school.ok("grade", SLUG, "--scheme", school.scheme(text), "--user", "s-ann")
    assert f"{SLUG}: Project 2: Ann Doe (ann), 90" in out
    assert "Simple  40  0.90 beats Simple (0.70) on the public board" in out
    assert (
        "place 1.5 of 4 people (shared by 2) on the public board: 60 × (0.5 + 0.5 × (4 − 1.5) / (4 − 1))"
        in out
    )
    assert [line.split() for line in out.splitlines()[-2:]] == [
        ["Total", "95"],
        ["Grade", "90", "at", "most", "90"],
    ]
    assert "| Simple | 40 |" in school.ok(
        "grade", SLUG, "--scheme", school.scheme(), "--user", "ann", "--format", "markdown"
    )


def test_an_explanation_adds_up_although_each_part_is_rounded(school: Class) -> None:
    part = "[[part]]\nkind = 'participation'\nname = '{}'\npoints = 0.005\n"
    path = school.scheme(part.format("A") + part.format("B"))
    out = school.ok("grade", SLUG, "--scheme", path, "--user", "ann")
    assert [line.split()[:2] for line in out.splitlines()[-4:]] == [
        ["A", "0.01"],
        ["B", "0.01"],
        ["Rounding", "-0.01"],
        ["Total", "0.01"],
    ]


def test_a_part_that_looks_like_a_formula_is_text_in_csv(school: Class) -> None:
    path = school.scheme(SCHEME.replace('name = "Simple"', 'name = "=1+1"'))
    assert ",'=1+1," in school.ok("grade", SLUG, "--scheme", path, "--format", "csv").splitlines()[0]


def test_names_of_baselines_are_text(school: Class) -> None:
    text = '[[part]]\nname = "=1+1 [red]x"\nkind = "baseline"\nbaseline = "strong [b]X[/b]"\npoints = 1\n'
    path = school.scheme(text)
    assert "0.90 beats Strong [b]x[/b] (0.85)" in school.ok("grade", SLUG, "--scheme", path, "--user", "ann")
    assert "=1+1 [red]x" in school.ok("grade", SLUG, "--scheme", path)


# Which boards


def test_the_private_board_counts_once_it_is_out(school: Class) -> None:
    refused = school.run("grade", SLUG, "--scheme", school.scheme(BOTH))
    assert (refused.code, "Both: there is no private board" in refused.err) == (2, True)
    school.private(END, *SECOND)
    assert school.grades() == FROM_SECOND
    assert school.grades(text=BOTH) == {**FROM_SECOND, "ann": 86, "bob": 86, "cem": 100}
    assert school.grades(text=f'board = "public"\n{SCHEME}') == FROM_FIRST


def test_who_is_on_one_of_the_boards_only_is_marked(school: Class) -> None:
    school.private(END, *(each for each in SECOND if each.members != ("dora",)))
    out = school.ok("grade", SLUG, "--scheme", school.scheme(f"cap = 90\n{SCHEME}"))
    notes = {line.split()[0]: line.partition("  s-")[2].split()[4:] for line in out.splitlines()[4:]}
    assert notes["Dora"] == ["not", "on", "the", "private", "board"]
    assert notes["Cem"] == ["at", "most", "90"]
    assert notes["Zoe"] == ["not", "on", "the", "board"]
    dora = school.json("grade", SLUG, "--scheme", school.scheme())["grades"][3]
    assert (dora["handle"], dora["on_board"], dora["grade"]) == ("dora", True, 0)


def test_who_was_matched_by_the_name_of_a_team_is_marked(school: Class) -> None:
    school.board(LATER, *SECOND, Team(7, "zoe", ("stranger",), "0.50"))
    out = school.ok("grade", SLUG, "--scheme", school.scheme())
    assert [line for line in out.splitlines() if line.endswith("matched by the team's name only")] == [
        line for line in out.splitlines() if line.startswith("Zoe Doe")
    ]
    assert school.json("grade", SLUG, "--scheme", school.scheme())["grades"][-1]["matched_by"] == "team_name"
    past = school.json("grade", SLUG, "--scheme", school.scheme(), "--at", "2026-03-01")
    assert {row["matched_by"] for row in past["grades"]} == {None}


def test_grades_of_a_past_day_are_those_of_its_boards(school: Class) -> None:
    school.board(LATER, *SECOND)
    school.private(END, *FIRST)
    assert school.grades("--at", "2026-01-10") == FROM_FIRST
    assert school.grades("--at", "2026-02-10T11:59") == FROM_FIRST
    assert school.grades("--at", LATER[:10]) == FROM_SECOND
    assert school.grades("--at", "2026-03-10T11:00") == FROM_SECOND
    assert school.grades() == FROM_FIRST


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--at", "2026-01-09"], "has no board from 2026-01-09 23:59 UTC or before"),
        (["--at", "yesterday"], "--at 'yesterday' is not a time"),
        (["--at", "2999-01-01"], "--at '2999-01-01' is in the future"),
        (["--group", "2027"], "nobody is in a group '2027'"),
        (["--user", "otto"], "otto is not in the class"),
        (["--user", "nobody"], "no user 'nobody' is tracked"),
        (["--freeze", "--unfreeze"], "contradict"),
        (["--freeze", "--user", "ann"], "contradict"),
        (["--unfreeze"], "contradict"),
    ],
)
def test_what_cannot_be_graded_is_refused(school: Class, words: list[str], says: str) -> None:
    ran = school.run("grade", SLUG, "--scheme", school.scheme(), *words)
    assert ran.code == 2
    assert says in ran.err
    assert ran.out == ""


def test_freezing_without_a_scheme_says_what_was_frozen(school: Class) -> None:
    assert school.run("grade", SLUG, "--freeze", "--format", "csv").code == 2
    found = school.json("grade", SLUG, "--freeze")
    assert found["boards"] == [{"board": "public", "at": f"{JANUARY}Z", "teams": 4}]
    assert found["frozen_at"] == found["at"]
    thawed = school.json("grade", SLUG, "--unfreeze", "--yes")
    assert thawed == {"version": 1, "competition": SLUG, "frozen_at": None}


@pytest.mark.parametrize(
    "words",
    [
        ["--format", "csv"],
        ["--at", "2026-01-10"],
        ["--group", "2026"],
        ["--into", "canvas.csv", "--column", "Project 2"],
        ["--key", "username"],
        ["--user", "ann"],
    ],
)
def test_unfreezing_takes_no_option_that_it_would_ignore(school: Class, words: list[str]) -> None:
    school.ok("grade", SLUG, "--freeze")
    ran = school.run("grade", SLUG, "--unfreeze", "--yes", *words)
    assert (ran.code, ran.out, "contradict" in ran.err) == (2, "", True)
    assert frozen(school)["frozen_at"] is not None


def test_a_competition_without_a_board_has_no_grades(school: Class) -> None:
    school.competitions("empty")
    ran = school.run("grade", "empty", "--scheme", school.scheme())
    assert (ran.code, "empty has no board yet. Try: kagsync sync empty" in ran.err) == (2, True)


def test_a_scheme_is_needed(school: Class) -> None:
    ran = school.run("grade", SLUG)
    assert (ran.code, f"kagsync grade {SLUG} --scheme FILE.toml" in ran.err) == (2, True)


def test_an_earlier_board_of_an_older_version_needs_a_score(school: Class) -> None:
    school.execute("UPDATE snapshots SET benchmark_set = NULL")
    assert school.grades() == FROM_FIRST  # the latest board's baselines were always stored
    school.board(LATER, *SECOND)
    ran = school.run("grade", SLUG, "--scheme", school.scheme(), "--at", "2026-01-31")
    assert ran.code == 2
    assert "Simple: the baselines on the public board of that time are not known" in ran.err
    assert "score = 0.75" in ran.err
    by_score = SCHEME.replace('baseline = "Simple"', "score = 0.70")
    assert school.grades("--at", "2026-01-31", text=by_score) == FROM_FIRST


def test_lines_of_nobody_in_the_class_are_named(school: Class) -> None:
    (school.folder / "late.csv").write_text("Student ID,points\ns-ann,-5\ns-nil,-1\ns-otto,-1\n")
    text = (
        SCHEME + '[[part]]\nkind = "adjustments"\nfile = "late.csv"\nkey = "student_id"\ncolumn = "points"\n'
    )
    out = school.ok("grade", SLUG, "--scheme", school.scheme(text))
    assert "late.csv, line 3: nobody in the class has the student id s-nil" in out
    assert school.grades(text=text) == {**FROM_FIRST, "ann": 90}
    found = school.json("grade", SLUG, "--scheme", school.scheme(text))["unknown_adjustments"]
    assert [each["line"] for each in found] == [3, 4]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (11, "and 1 more line that matches nobody in the class"),
        (12, "and 2 more lines that match nobody in the class"),
    ],
)
def test_many_lines_of_nobody_are_counted(school: Class, lines: int, says: str) -> None:
    nobody = "".join(f"nobody-{number},1\n" for number in range(lines))
    (school.folder / "late.csv").write_text(f"Student ID,points\n{nobody}")
    text = (
        SCHEME + '[[part]]\nkind = "adjustments"\nfile = "late.csv"\nkey = "student_id"\ncolumn = "points"\n'
    )
    assert school.ok("grade", SLUG, "--scheme", school.scheme(text)).splitlines()[-1] == says


def test_people_on_no_frozen_board_are_in_the_group_of_today(school: Class) -> None:
    school.ok("grade", SLUG, "--freeze")
    school.ok("users", "add", "cem", "zoe", "--group", "2027")
    assert school.grades() == {name: grade for name, grade in FROM_FIRST.items() if name != "zoe"}


def test_the_number_of_queries_does_not_grow_with_the_class(school: Class, settings: Settings) -> None:
    path = Path(school.scheme(SCHEME.replace('group = "2026"', "")))
    everybody = scheme.read(path)

    def work() -> Work:
        with counted() as found, Store.open_to_read(school.db, settings.locks) as store:
            grades.grade(store, store.competitions.get(SLUG), everybody, None, None)
        return found

    def grow(first: int, end: int) -> None:
        school.people(*(f"more{number}" for number in range(first, end)))
        teams = [team(1000 + number, "0.5", f"more{number}") for number in range(end)]
        school.board(f"2026-02-{10 + end}T12:00:00", *FIRST, *teams)

    few = work()
    grow(0, 9)
    some = work()
    grow(9, 18)
    many = work()
    assert many.statements == some.statements == few.statements
    assert many.python - some.python < 1.2 * (some.python - few.python)


# Into the school's own export

EXPORT = """Student,ID,SIS User ID,SIS Login ID,Project 2 (71),Final Score
,,,,Manual Posting,
    Points Possible,,,,100.00,(read only)
"Doe, Ann",1,s-ann,ann,,10.0
"Doe, Bob",2,s-bob,bob,95.00,10.0
"Doe, Cem",3,s-cem,cem,70,10.0
"Nemo, N",4,s-nil,nil,5,10.0
"Student, Test",9,,0x,,
"""
FILLED = EXPORT.replace("ann,,", "ann,95,").replace("cem,70,", "cem,80,")


def test_grades_go_into_one_column_of_an_export(school: Class) -> None:
    path = school.folder / "canvas.csv"
    path.write_text(EXPORT)
    words = ("grade", SLUG, "--scheme", school.scheme(), "--into", str(path), "--column", "Project 2")
    school.ok("users", "add", "nokey", "--group", "2026")
    said = school.ok(*words)
    assert path.read_text() == FILLED
    assert said.splitlines()[0] == f"{path}, column Project 2 (71): 1 changed, 1 filled, 1 unchanged"
    assert [re.split("  +", line.strip()) for line in said.splitlines()[3:]] == [
        ["6", "Cem Doe (cem)", "70 → 80", "changed"],
        ["7", "s-nil", "in the export, but not in the class"],
        ["Dora Doe (dora)", "in the class, but not in the export"],
        ["Zoe Doe (zoe)", "in the class, but not in the export"],
        ["nokey", "without a student id"],
    ]
    into = school.json(*words)["into"]
    assert into == {
        "column": "Project 2 (71)",
        "key_column": "SIS User ID",
        "filled": 0,
        "unchanged": 3,
        "changed": [],
        "only_in_export": [{"line": 7, "key": "s-nil"}],
        "not_in_export": ["s-dora", "s-zoe"],
        "without_key": ["nokey"],
    }
    assert list(csv.reader(school.ok(*words, "--format", "csv").splitlines())) == [
        ["what", "line", "key", "handle", "before", "after"],
        ["only in export", "7", "s-nil", "", "", ""],
        ["not in export", "", "s-dora", "dora", "", ""],
        ["not in export", "", "s-zoe", "zoe", "", ""],
        ["no key", "", "", "nokey", "", ""],
    ]
    markdown = school.ok(*words, "--format", "markdown").splitlines()
    assert "|  | Dora Doe (dora) |  | in the class, but not in the export |" in markdown
    by_login = school.ok(*words, "--key", "username=SIS Login ID")
    assert "0 changed, 0 filled, 3 unchanged" in by_login


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--column", "Projekt 2"], "Did you mean Project 2"),
        (["--column", "Project 2", "--key", "mail"], "unknown key 'mail'"),
        (["--column", "Project 2", "--user", "ann"], "contradict"),
        ([], "--into needs --column"),
    ],
)
def test_an_export_stays_as_it_is_if_something_is_unclear(school: Class, words: list[str], says: str) -> None:
    path = school.folder / "canvas.csv"
    path.write_text(EXPORT)
    ran = school.run("grade", SLUG, "--scheme", school.scheme(), "--into", str(path), *words)
    assert (ran.code, says in ran.err, path.read_text()) == (2, True, EXPORT)


# Freezing


def frozen(school: Class, *words: str) -> Any:
    return school.json("grade", SLUG, "--scheme", school.scheme(), *words)


def test_frozen_grades_stay_whatever_comes(school: Class) -> None:
    said = school.ok("grade", SLUG, "--freeze")
    assert "Froze the public board of 2026-01-10 12:00 UTC, 4 teams" in said
    school.board("2026-01-05T12:00:00", *SECOND)  # a board from before, loaded late
    school.board(LATER, *SECOND)
    school.private(END, *SECOND)
    school.ok("users", "add", "cem", "--group", "2027")
    school.ok("users", "archive", "dora")
    school.ok("users", "rename", "bob", "bobby")
    school.execute("DELETE FROM entry_history")
    now = frozen(school)
    assert now["frozen_at"] is not None
    grades = {row["handle"]: (row["group"], row["grade"]) for row in now["grades"]}
    renamed = {"bobby" if name == "bob" else name: grade for name, grade in FROM_FIRST.items()}
    assert grades == {name: ("2026", grade) for name, grade in renamed.items()}
    told = school.ok("grade", SLUG, "--scheme", school.scheme())
    assert told.count(f"kagsync grade {SLUG} --unfreeze") == 1
    assert "frozen on" in told.splitlines()[1]


def test_what_the_frozen_boards_lack_is_named(school: Class) -> None:
    school.ok("grade", SLUG, "--freeze")
    school.private(END, *SECOND)
    ran = school.run("grade", SLUG, "--scheme", school.scheme(BOTH))
    assert ran.code == 2
    assert f"{SLUG} (frozen), Both: there is no private board" in ran.err
    assert f"kagsync grade {SLUG} --unfreeze" in ran.err


def test_a_time_given_by_hand_leaves_the_frozen_boards(school: Class) -> None:
    school.ok("grade", SLUG, "--freeze")
    school.board(LATER, *SECOND)
    assert school.grades("--at", "2026-02-28") == FROM_SECOND
    assert school.grades() == FROM_FIRST


def test_the_boards_of_an_earlier_day_can_be_frozen(school: Class) -> None:
    school.board(LATER, *SECOND)
    found = frozen(school, "--freeze", "--at", "2026-01-31")
    assert found["at"] == "2026-01-31T23:59:59Z"
    assert {row["handle"]: row["grade"] for row in found["grades"]} == FROM_FIRST
    assert school.grades() == FROM_FIRST


def test_boards_are_frozen_once(school: Class) -> None:
    school.ok("grade", SLUG, "--freeze")
    school.board(LATER, *SECOND)
    ran = school.run("grade", SLUG, "--freeze")
    assert ran.code == 2
    assert "frozen already, since 20" in ran.err
    assert f"kagsync grade {SLUG} --unfreeze" in ran.err
    refused = school.run("grade", SLUG, "--unfreeze")
    assert (refused.code, "--yes" in refused.err, school.grades()) == (2, True, FROM_FIRST)
    school.ok("grade", SLUG, "--unfreeze", "--yes")
    assert school.grades() == FROM_SECOND
    assert "not frozen" in school.ok("grade", SLUG, "--unfreeze")
    school.ok("grade", SLUG, "--freeze")
    gone = school.ok("competitions", "remove", SLUG, "--yes")
    assert "and the boards that its grades are frozen with" in gone


def test_a_scheme_that_does_not_work_freezes_nothing(school: Class) -> None:
    assert school.run("grade", SLUG, "--scheme", school.scheme(BOTH), "--freeze").code == 2
    assert school.ask("SELECT count(*) FROM frozen_boards") == [(0,)]


def test_boards_are_frozen_and_an_export_is_filled_or_neither(school: Class) -> None:
    path = school.folder / "canvas.csv"
    path.write_text(EXPORT)
    words = ("grade", SLUG, "--scheme", school.scheme(), "--freeze", "--into", str(path), "--column")
    ran = school.run(*words, "Projekt 2")
    assert (ran.code, "nothing was written" in ran.err, path.read_text()) == (2, True, EXPORT)
    assert school.ask("SELECT count(*) FROM frozen_boards") == [(0,)]
    assert school.json(*words, "Project 2")["frozen_at"] is not None
    assert path.read_text() == FILLED
    path.write_text(EXPORT)
    ran = school.run(*words, "Project 2")
    assert (ran.code, "frozen already" in ran.err, path.read_text()) == (2, True, EXPORT)


def test_boards_are_not_frozen_if_the_export_cannot_be_written(
    school: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = school.folder / "canvas.csv"
    path.write_text(EXPORT)
    monkeypatch.setattr(output_file, "rewrite", full)
    words = ("--scheme", school.scheme(), "--into", str(path), "--column", "Project 2")
    assert school.run("grade", SLUG, "--freeze", *words).code != 0
    assert school.ask("SELECT count(*) FROM frozen_boards") == [(0,)]


def test_a_removed_person_leaves_a_place_without_a_name(school: Class) -> None:
    school.ok("grade", SLUG, "--freeze")
    school.ok("users", "remove", "cem", "--yes")
    assert school.ask("SELECT count(*) FROM frozen_entries WHERE user_id IS NULL") == [(1,)]
    assert school.grades() == {name: grade for name, grade in FROM_FIRST.items() if name != "cem"}
    assert traces.of(["cem", "Cem Doe", "s-cem"], school.db) == set()


def test_a_group_named_after_its_only_person_goes_with_the_person(school: Class) -> None:
    school.ok("users", "add", "cem", "--group", "Cem's lessons")
    school.ok("grade", SLUG, "--freeze")
    school.ok("users", "remove", "cem", "otto", "--yes")
    groups = school.ask('SELECT DISTINCT "group" FROM frozen_entries WHERE user_id IS NULL')
    assert groups == [(None,)]
    assert traces.of(["cem"], school.db) == set()
    everybody = school.grades(text=SCHEME.replace('group = "2026"', ""))
    assert everybody["dora"] == 30  # the last of five places, two of them without a name


def test_people_who_turn_out_to_be_one_keep_the_new_account_s_row(school: Class) -> None:
    school.ok("grade", SLUG, "--freeze")
    school.ok("users", "rename", "dora", "cem", "--merge", "--yes")
    assert school.grades() == {name: grade for name, grade in FROM_FIRST.items() if name != "dora"}
    school.ok("users", "rename", "zoe", "ann", "--merge", "--yes")  # zoe has no row
    assert school.grades() == {"ann": 95.0, "bob": 95.0, "cem": 80.0}


def test_frozen_boards_go_with_the_competition(school: Class) -> None:
    school.ok("grade", SLUG, "--freeze")
    school.ok("competitions", "remove", SLUG, "--yes")
    assert school.ask(
        "SELECT (SELECT count(*) FROM frozen_boards), (SELECT count(*) FROM frozen_entries)"
    ) == [(0, 0)]
