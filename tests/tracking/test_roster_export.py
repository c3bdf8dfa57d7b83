"""`users export`: it gives back what `users import` took, safely for a spreadsheet and for a terminal."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kagsync import inputs
from kagsync.errors import UsageError
from kagsync.files import sheet
from kagsync.safe_text import printable
from kagsync.store.records import User
from kagsync.tracking import columns
from kagsync.tracking.roster_file import read_roster, roster_csv, write_roster

if TYPE_CHECKING:
    from collections.abc import Callable

    from world.running import Kagsync

    from kagsync.store import Store

NASTY = [
    "Alice Ace",
    'Aal, "Ace" O\'Hara',
    "'quoted'",
    "''",
    "'",
    '"',
    '""',
    ",",
    ";",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+49 30 1",
    "-2",
    "@everyone",
    "'=1",
    "''=1",
    "'+x",
    "' =x",
    "|x",
    "%x",
    "＝1",
    "＠x",
    "- dash",
    "Ünïcödé 李 👩‍👩‍👧",
    "a\u00a0b",
    "a\u2028b",
    "\u202egnp.exe",
    "username",
    "NULL",
    "0123",
    "a  b",
    "[red]x[/red]",
    "\\",
    "x" * 1000,
]


HEADER = "username,name,group,student_id,team,pseudonym"
FIELDS = HEADER.split(",")
Cells = tuple[str | None, ...]  # of these fields


def people(*cells: Cells) -> list[User]:
    """People with the first of these fields."""
    return [
        User(
            number,
            handle=cell[0] or f"h{number}",
            **{**dict.fromkeys(FIELDS[:3]), **dict(zip(FIELDS, cell, strict=False))},
        )
        for number, cell in enumerate(cells, 1)
    ]


def again(roster: list[User]) -> list[Cells]:
    """The roster as it comes back from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.csv"
        write_roster(roster, path)
        return taken(path)


def taken(path: Path) -> list[Cells]:
    """What a file says of people: username, name, group, and what else one of them has."""
    found = [tuple(cell or None for cell in line[1:]) for line in read_roster(path).lines]
    return found if any(any(cells[3:]) for cells in found) else [cells[:3] for cells in found]


def as_imported(text: str) -> str | None:
    return text.strip() or None


TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)
FORMULA = st.builds("".join, st.lists(st.sampled_from([*"'=+-@|%＝＋－＠ \"x,", "\u3000"]), max_size=6))
CELL = st.one_of(st.none(), TEXT, FORMULA, st.sampled_from(NASTY)).map(
    lambda text: None if text is None else as_imported(text)
)


# There and back


@pytest.mark.long
@hypothesis_settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_any_name_and_any_group_come_back_as_they_were(cells: list[tuple[str | None, str | None]]) -> None:
    wanted = [(f"user{i}", name, group) for i, (name, group) in enumerate(cells)]
    assert again(people(*wanted)) == wanted


def _is_taken(read: Callable[[str], str]) -> Callable[[str | None], bool]:
    """Whether a text is read as it is, for a filter."""

    def is_taken(text: str | None) -> bool:
        try:
            return text is None or read(text) == text
        except UsageError:
            return False

    return is_taken


USERNAME = st.text(
    st.characters(categories=("L", "N"), include_characters="_.-"), min_size=1, max_size=20
).filter(_is_taken(inputs.username))
TEAM = st.one_of(CELL, st.sampled_from(["/{id}/", "/^Group 0?7$/", "[34] the overfitters", "=1,;'"])).filter(
    _is_taken(inputs.team)
)


def _differ(people: list[Cells]) -> bool:
    """Whether people have usernames, student ids and pseudonyms of their own, as in a roster."""
    keys = [
        (place, text if place == 3 else text.lower())
        for cells in people
        for place in (0, 3, 5)
        if (text := cells[place])
    ]
    return len(set(keys)) == len(keys)


def _is_person(cells: Cells) -> bool:
    """Whether somebody can be tracked like this, and does not look like a header or a line of Canvas."""
    texts = [text for text in cells if text]
    return (
        bool((cells[0] or cells[4]) and (cells[3] or "{id}" not in (cells[4] or "")))
        and (cells[1] or "").lower() not in sheet.NOT_PEOPLE
        and not any(map(columns.is_title, texts))
        and any(text.strip(" ,;\t|") for text in texts)  # otherwise the line is empty
    )


PERSON = st.tuples(st.none() | USERNAME, CELL, CELL, CELL, TEAM, CELL).filter(_is_person)


@pytest.mark.long
@hypothesis_settings(max_examples=300, deadline=None)
@given(st.lists(PERSON, min_size=1, max_size=4, unique=True).filter(_differ))
@example([("alice", None, None, "a1", None, None), ("bob", None, None, "A1", None, None)])
def test_everything_that_a_roster_says_comes_back_as_it_was(cells: list[Cells]) -> None:
    header = next(csv.reader(io.StringIO(roster_csv(people(*cells)))))
    assert header == FIELDS
    found = again(people(*cells))
    assert [tuple([*each, None, None, None][:6]) for each in found] == cells


@pytest.mark.long
@hypothesis_settings(max_examples=300, deadline=None)
@given(USERNAME)
def test_any_username_comes_back_as_it_was(username: str) -> None:
    assert again(people((username, None, None))) == [(username, None, None)]


@pytest.mark.parametrize("username", ["username", "name", "team", "Kaggle", "007", "user.name", "李雷"])
def test_usernames_that_look_like_something_else_come_back_too(username: str) -> None:
    assert again(people((username, "N", None))) == [(username, "N", None)]


@pytest.mark.long
@hypothesis_settings(max_examples=300, deadline=None)
@given(CELL, CELL)
def test_what_a_file_brought_is_brought_again_by_its_export(name: str | None, group: str | None) -> None:
    assume((name or "").strip().lower() not in sheet.NOT_PEOPLE)
    file = io.StringIO()
    csv.writer(file).writerows([("username", "name", "group"), ("alice", name, group)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.csv"
        path.write_text(file.getvalue(), encoding="utf-8", newline="")
        found = taken(path)
    assert again(people(*found)) == found


@hypothesis_settings(max_examples=300, deadline=None)
@given(CELL, CELL)
def test_no_cell_is_a_formula_for_a_spreadsheet(name: str | None, group: str | None) -> None:
    text = roster_csv(people(("alice", name, group)))
    (header, cells) = csv.reader(io.StringIO(text, newline=""))
    assert header == FIELDS
    assert not any(re.match(r"\s*[=+\-@|%＝＋－＠]", cell) for cell in cells)


@hypothesis_settings(max_examples=300, deadline=None)
@given(CELL, CELL)
def test_on_a_screen_nothing_steers_the_terminal(name: str | None, group: str | None) -> None:
    text = roster_csv(people(("alice", name, group)), for_screen=True)
    assert printable(text.replace("\n", "")) == text.replace("\n", "")
    assert len(text.splitlines()) == 2


# On the command line


def listed(kagsync: Kagsync, *words: str) -> list[tuple[str, str | None, str | None]]:
    found = json.loads(kagsync.ok("users", "list", "--format", "json", *words))
    return [(user["username"], user["name"], user["group"]) for user in found]


def write(path: Path, *rows: tuple[str, ...]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_an_export_brings_the_same_roster_to_another_database(kagsync: Kagsync, tmp_path: Path) -> None:
    rows = ((f"u{i:02}", text, text[::-1]) for i, text in enumerate(NASTY))
    roster = write(tmp_path / "a.csv", ("username", "name", "group"), *rows)
    kagsync.ok("users", "import", str(roster))
    before = listed(kagsync)
    assert len(before) == len(NASTY)
    out = kagsync.ok("users", "export", str(tmp_path / "b.csv"))
    assert out == f"Users written to {tmp_path / 'b.csv'}: {len(NASTY)}\n"

    other = ("--db", str(tmp_path / "other.db"))
    counts = f"Users added: {len(NASTY)}, changed: 0, unchanged: 0"
    assert counts in kagsync.ok("users", "import", str(tmp_path / "b.csv"), *other).splitlines()
    assert listed(kagsync, *other) == before
    counts = f"Users added: 0, changed: 0, unchanged: {len(NASTY)}"
    assert counts in kagsync.ok("users", "import", str(tmp_path / "b.csv")).splitlines()
    assert kagsync.ok("users", "export", *other) == (tmp_path / "b.csv").read_text(encoding="utf-8")


def test_what_was_added_by_hand_is_exported_like_what_was_imported(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "bob", "--name", "=1+1", "--group", "-red", "--pseudonym", "Heron")
    kagsync.ok(
        "users", "add", "--name", "Carol", "--team", "/{id}/", "--student-id", "-7", "--pseudonym", "Lynx"
    )
    kagsync.ok("users", "add", "alice", "--pseudonym", "@Vole")
    header, *lines = kagsync.ok("users", "export").splitlines()
    assert header == HEADER
    assert sorted(lines) == [
        ",Carol,,'-7,/{id}/,Lynx",
        "alice,,,,,'@Vole",
        "bob,'=1+1,'-red,,,Heron",
    ]


def test_without_a_file_the_export_goes_to_standard_output(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "alice", "--name", 'Al, "Ace"', "--pseudonym", "Vole")
    ran = kagsync("users", "export")
    assert (ran.code, ran.out, ran.err) == (0, f'{HEADER}\nalice,"Al, ""Ace""",,,,Vole\n', "")
    assert kagsync.ok("users", "export", "-q") == ran.out


def test_a_roster_without_anybody_is_a_header(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    assert kagsync.ok("users", "export") == f"{HEADER}\n"


def test_only_those_of_a_group_are_exported(kagsync: Kagsync, tmp_path: Path) -> None:
    kagsync.ok("users", "add", "alice", "bob", "--group", "red")
    kagsync.ok("users", "add", "carol", "--group", "blue")
    kagsync.ok("users", "add", "dave")
    header, *lines = kagsync.ok("users", "export", "--group", "red").splitlines()
    assert header == HEADER
    assert [line.rpartition(",")[0] for line in lines] == ["alice,,red,,", "bob,,red,,"]
    out = kagsync.ok("users", "export", str(tmp_path / "blue.csv"), "--group", "blue")
    assert out.endswith(": 1\n")
    assert [cells[:5] for cells in taken(tmp_path / "blue.csv")] == [("carol", None, "blue", None, None)]
    assert listed(kagsync, "--group", "blue") == [("carol", None, "blue")]


def test_an_unknown_group_is_refused_and_no_file_is_made(kagsync: Kagsync, tmp_path: Path) -> None:
    kagsync.ok("users", "add", "alice", "--group", "red")
    ran = kagsync("users", "export", str(tmp_path / "x.csv"), "--group", "rod")
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean red?" in ran.err
    assert not (tmp_path / "x.csv").exists()


def test_a_file_that_is_there_stays_as_it_is(kagsync: Kagsync, tmp_path: Path) -> None:
    kagsync.ok("users", "add", "alice")
    path = tmp_path / "roster.csv"
    path.write_text("mine", encoding="utf-8")
    for there in (path, tmp_path):
        ran = kagsync("users", "export", str(there))
        assert (ran.code, ran.out) == (2, "")
        assert len(ran.err.splitlines()) == 1
        assert ran.err.startswith(f"ERROR kagsync: {there} already exists")
        assert "another file" in ran.err
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("folder", ["none", "file"])
def test_a_folder_that_cannot_be_written_is_a_matter_of_configuration(
    kagsync: Kagsync, tmp_path: Path, folder: str
) -> None:
    kagsync.ok("users", "add", "alice")
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = kagsync("users", "export", str(tmp_path / folder / "roster.csv"))
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("ERROR kagsync: cannot write ")
    assert len(ran.err.splitlines()) == 1


def test_without_a_database_nothing_is_exported(kagsync: Kagsync, tmp_path: Path) -> None:
    ran = kagsync("users", "export", str(tmp_path / "x.csv"))
    assert (ran.code, ran.out) == (2, "")
    assert "there is no database" in ran.err
    assert not (tmp_path / "x.csv").exists()


def test_an_import_tells_who_was_added_changed_and_left_as_they_were(
    kagsync: Kagsync, store: Store, tmp_path: Path
) -> None:
    header = ("username", "name", "group")
    rows = (("alice", "Alice", "red"), ("bob", "Bob", ""), ("carol", "", ""))
    first = write(tmp_path / "1.csv", header, *rows)
    assert (
        "Users added: 3, changed: 0, unchanged: 0" in kagsync.ok("users", "import", str(first)).splitlines()
    )
    ids = {user.username: user.id for user in store.users.all()}
    second = write(
        tmp_path / "2.csv",
        ("username", "group", "name"),
        ("ALICE", "blue", "Alice A."),
        ("bob", "", ""),
        ("carol", "red", ""),
        ("dave", "", "Dave"),
    )
    assert (
        "Users added: 1, changed: 3, unchanged: 0" in kagsync.ok("users", "import", str(second)).splitlines()
    )
    assert listed(kagsync) == [
        ("alice", "Alice A.", "blue"),
        ("bob", None, None),
        ("carol", None, "red"),
        ("dave", "Dave", None),
    ]
    assert {user.username: user.id for user in store.users.all() if user.username in ids} == ids
    assert (
        "Users added: 0, changed: 0, unchanged: 4" in kagsync.ok("users", "import", str(second)).splitlines()
    )
