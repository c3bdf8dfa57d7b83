"""Lines of a list become people, or the list is refused."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kagsync import inputs
from kagsync.errors import BadLines, UsageError
from kagsync.tracking.roster_file import RosterFile, read_roster

if TYPE_CHECKING:
    from world.running import Kagsync

    from kagsync.store import Store

FILES = Path(__file__).parent / "files"
MIB = 1024 * 1024


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def read(path: Path, text: str, encoding: str = "utf-8") -> list[tuple[str | None, str | None, str | None]]:
    """(username, name, group) of each line."""
    path.write_bytes(text.encode(encoding))
    return [line[1:4] for line in read_roster(path).lines]


def refusal(path: Path, text: str, encoding: str = "utf-8") -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(path, text, encoding)
    assert str(path) in caught.value.message
    assert caught.value.remedy
    return caught.value


ALICE_AND_BOB = [("alice", "Alice A.", "blue"), ("bob", "", "")]


@pytest.mark.parametrize(
    "text",
    [
        "username,name,group\nalice,Alice A.,blue\nbob,,\n",
        "group,username,name\nblue,alice,Alice A.\n,bob,\n",
        "Name,USERNAME, Group\nAlice A.,alice,blue\n,bob\n",
        'username,name,group\r\n"alice","Alice A.","blue"\r\nbob,,\r\n',
        "\ufeffusername,name,group\nalice,Alice A.,blue\nbob,,",
        "\n\n  \nusername,name,group\n\nalice , Alice A. ,\tblue\n,,\n@bob,,\n",
        "username,name,group\nhttps://www.kaggle.com/alice,Alice A.,blue\nkaggle.com/bob\n",
        "username;name;group\nalice;Alice A.;blue\nbob\n",
        "user\tname\tclass\nalice\tAlice A.\tblue\nbob\n",
        "username,email,name,group\nalice,a@example.com,Alice A.,blue\nbob,,,\n",
    ],
    ids=[
        "header",
        "header in another order",
        "header in capitals",
        "Excel",
        "BOM",
        "blanks",
        "URLs",
        "semicolons",
        "tabs",
        "another column",
    ],
)
def test_a_roster_is_read_however_it_is_laid_out(roster: Path, text: str) -> None:
    assert read(roster, text) == ALICE_AND_BOB


@pytest.mark.parametrize(
    "text", ["alice\nbob\n", "alice,\n\nbob,,\n", "@alice;\r\nkaggle.com/bob", "alice\rbob"]
)
def test_usernames_alone_are_a_roster(roster: Path, text: str) -> None:
    assert read(roster, text) == [("alice", None, None), ("bob", None, None)]


@pytest.mark.parametrize(
    "text",
    [
        "alice,Alice A.,blue\nbob,Bob,\n",
        "alice;Alice;7A\n",
        "7A\talice\n",
        "Teilnehmer\nalice\n",
        "Participants\nalice\n",
        "Nom\nalice\n",
        "Name\nalice\n",
        "Class list;;\n;;\nusername;name;group\nalice;Alice;7A\n",
        "name,group\nAlice,blue\n",
        "Student,ID,Section\nAlice,7,blue\n",
    ],
)
def test_without_a_column_of_usernames_or_teams_the_error_says_which_headers_to_write(
    roster: Path, text: str
) -> None:
    error = refusal(roster, text)
    assert "username" in error.remedy
    assert "team" in error.remedy
    for header in text.partition("\n")[0].replace(";", ",").replace("\t", ",").strip(",").split(","):
        assert repr(header) in error.message


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("alice\nbob;Bob;7A\n", 2, "several cells"),
        ("alice\nbob,Bob\n", 2, "several cells"),
        ("alice,\nbob,Bob\n", 2, "several cells"),
        ("alice\nusername\n", 2, "header"),
        ("alice\nKaggle username\n", 2, "header"),
    ],
)
def test_a_list_without_a_header_holds_usernames_only(roster: Path, text: str, line: int, what: str) -> None:
    error = refusal(roster, text)
    assert f"line {line}" in error.message
    assert what in error.message


def test_a_name_may_hold_commas_quotes_and_any_script(roster: Path) -> None:
    text = 'username,name,group\nalice,"Aal, ""Ace"" Álice 李",blue\n'
    assert read(roster, text) == [("alice", 'Aal, "Ace" Álice 李', "blue")]


def test_a_line_that_stands_twice_counts_once(roster: Path) -> None:
    text = "username,name,group\nalice,A,x\nbob\nalice,A,x\n"
    assert read(roster, text) == [("alice", "A", "x"), ("bob", "", "")]


@pytest.mark.parametrize(
    "again",
    ["alice,Other,x,,,", "ALICE,A,x,,,", "alice,A,,,,", "dave,,,s1,,", "eve,,,,,LYNX"],
)
def test_a_key_that_stands_twice_and_differs_is_named_with_both_lines(roster: Path, again: str) -> None:
    header = "username,name,group,student_id,team,pseudonym"
    error = refusal(roster, f"{header}\nalice,A,x,,,\nbob,B,x,s1,,Lynx\n{again}\n")
    assert "line 4" in error.message
    assert ("also on line 2" if "alice" in again.lower() else "also on line 3") in error.message


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("alice\nbob smith\n", 2, "not a Kaggle username"),
        ("username,name\nalice,A,extra,more\n", 2, "cells"),
        ("username,username\nalice,alice\n", 1, "two columns"),
        ("alice\n=cmd()\n", 2, "not a Kaggle username"),
        ('alice\n"bob\n', 2, "quotes"),
        ("alice\nbob\x00\n", 2, "not a Kaggle username"),
        ("username,group\nalice,A\n,A\n", 3, "no username, team, name or student id"),
        ("username,group\nalice,A\nusername,group\n", 3, "header"),
        ("username,group\nalice,A\nUsername,Group\n", 3, "header"),
        (",,Kaggle\nname,group,username\nAlice A.,A,alice\n", 2, "header"),
        ("username,name\nalice," + "x" * 1001, 2, "1,001 characters"),
        ("username,name\nalice;Alice,A", 2, "';'"),
        ("team\nRed;Blue\n", 2, "2 cells"),
        ("team,name\nRed,A\n/(/,B\n", 3, "'/(/'"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(roster: Path, text: str, line: int, what: str) -> None:
    error = refusal(roster, text)
    assert f"line {line}" in error.message
    assert what in error.message
    if line > 1:
        assert "Nothing was changed" in error.remedy


def test_a_bad_line_after_a_cell_of_two_lines_is_counted_as_an_editor_counts(roster: Path) -> None:
    assert "line 4" in refusal(roster, 'username,name\nalice,"A\nA"\nbob smith\n').message


def test_all_bad_lines_are_named_up_to_twenty(roster: Path) -> None:
    error = refusal(roster, "username\n" + "a b\n" * 20)
    assert isinstance(error, BadLines)
    assert "20 lines are wrong" in error.message
    assert [line.partition(":")[0] for line in error.lines] == [f"line {n}" for n in range(2, 22)]
    error = refusal(roster, "username\n" + "a b\n" * 1234)
    assert isinstance(error, BadLines)
    assert "1,234 lines are wrong" in error.message
    assert error.lines[19].startswith("line 21: ")
    assert error.lines[20:] == ["and 1,214 more"]


@pytest.mark.parametrize("text", ["", "\n\n", "username,name,group\n", " , ,\n", "sep=;\n", "\ufeff"])
def test_a_roster_without_users_is_refused(roster: Path, text: str) -> None:
    assert "no users" in refusal(roster, text).message


def test_who_has_no_username_yet_is_in_the_list_if_the_line_says_who_it_is(roster: Path) -> None:
    roster.write_text("username,name,id,comment\n,Alice,,x\n,,7,x\n,,,x\nbob,,,\n", encoding="utf-8")
    assert [
        (line.number, line.username, line.name, line.student_id) for line in read_roster(roster).lines
    ] == [
        (2, "", "Alice", ""),
        (3, "", "", "7"),
        (5, "bob", "", ""),
    ]


def test_an_empty_cell_differs_from_a_column_that_is_not_there(roster: Path) -> None:
    roster.write_text("username,name,team\nalice,,\n", encoding="utf-8")
    (line,) = read_roster(roster).lines
    assert (line.name, line.team) == ("", "")
    assert (line.group, line.student_id, line.pseudonym) == (None, None, None)


def test_a_quoted_formula_is_read_without_its_quote(roster: Path) -> None:
    roster.write_text("username,name,id\nalice,'=1+1,'-7\n", encoding="utf-8")
    (line,) = read_roster(roster).lines
    assert (line.name, line.student_id) == ("=1+1", "-7")


# Whatever the file is


def outcome(content: bytes) -> RosterFile | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(content)
        try:
            return read_roster(path)
        except UsageError:
            return None


def assert_people(found: RosterFile | None) -> None:
    for line in found.lines if found else ():
        if line.username:
            assert line.username == inputs.username(line.username)
        assert line.username or line.team or line.name or line.student_id


NAMES = ["username", "name", "Name", "group", "team", "id", "alice", "bob", "@carol", "a;b", "Teilnehmer"]
WORD = st.sampled_from([*NAMES, "sep=;", "a@b.example", "{id}", "7A", "/{id}/"])
GLUE = st.sampled_from([",", ";", "\t", "\n", "\r\n", '"', " ", "'", "/", "\0", "\ufeff"])


@pytest.mark.long
@hypothesis_settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(WORD, GLUE, st.text(max_size=5)), max_size=30).map("".join),
    st.sampled_from(["utf-8", "utf-16", "utf-16-be", "cp1252"]),
)
@example("username;name;group\nalice;Alice;7A\n", "utf-8")
def test_any_text_gives_people_or_is_refused(text: str, encoding: str) -> None:
    assert_people(outcome(text.encode(encoding, "replace")))


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_people_or_are_refused(content: bytes) -> None:
    assert_people(outcome(content))


@pytest.mark.long
@hypothesis_settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_to_a_real_file_gives_people_or_is_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(sorted(FILES.iterdir()))).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert_people(outcome(bytes(content[: data.draw(st.integers(0, len(content)))])))


HEADER_WORDS = st.sampled_from(
    [
        "username",
        "kaggle username",
        "name",
        "group",
        "team",
        "student id",
        "Participants",
        "Teilnehmer",
        "Nom",
    ]
)


@pytest.mark.long
@hypothesis_settings(max_examples=300, deadline=None)
@given(
    st.lists(HEADER_WORDS, min_size=1, max_size=4, unique=True),
    st.sampled_from(",;\t| "),
    st.lists(st.lists(st.sampled_from(["alice", "bob7", "Alice A.", "7A", ""]), max_size=4), max_size=4),
)
def test_no_header_and_no_separator_becomes_a_person(
    header: list[str], separator: str, lines: list[list[str]]
) -> None:
    text = "\n".join(separator.join(cells) for cells in [header, *lines])
    found = outcome(text.encode())
    for line in found.lines if found else ():
        for cell in line[1:]:
            assert not cell or cell in {"alice", "bob7", "Alice A.", "7A"} or separator == " "
        assert line.number > 1


def calls(lines: int, path: Path) -> int:
    """How many functions reading a list of so many lines calls."""
    text = "".join(f"user{n},Person {n},7A,{n},/{{id}}/,Alias {n}\n" for n in range(lines))
    path.write_text(f"username,name,group,student id,team,pseudonym\n{text}", encoding="utf-8")
    count = 0

    def counting(*_: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counting)
    try:
        found = read_roster(path)
    finally:
        sys.setprofile(None)
    assert len(found.lines) == lines
    return count


def test_reading_grows_with_the_lines(roster: Path) -> None:
    small = calls(300, roster)
    assert calls(600, roster) < 2.2 * small


# On the command line


def test_a_bad_line_on_the_command_line_leaves_the_roster_as_it_was(
    kagsync: Kagsync, store: Store, roster: Path
) -> None:
    roster.write_text("alice\nbob\nc d\n", encoding="utf-8")
    ran = kagsync("users", "import", str(roster))
    assert ran.code == 2
    assert "line 3" in ran.err
    assert store.users.all() == []


@pytest.mark.parametrize("text", ["team,name\n/{id}/,Alice\n", "team,name,id\n/{id}/,Alice,\n"])
def test_a_pattern_with_an_id_needs_the_persons_id(kagsync: Kagsync, roster: Path, text: str) -> None:
    roster.write_text(text, encoding="utf-8")
    ran = kagsync("users", "import", str(roster))
    assert ran.code == 2
    assert "line 2" in ran.err
    assert "student id" in ran.err


def test_bad_lines_are_log_lines_of_their_own_and_harmless(
    kagsync: Kagsync, store: Store, roster: Path
) -> None:
    roster.write_text("alice\n\x1b[31mred\nc d\n", encoding="utf-8")
    ran = kagsync("users", "import", str(roster))
    assert (ran.code, ran.out) == (2, "")
    first, *lines = ran.err.splitlines()
    assert first.startswith(f"ERROR kagsync: {roster}: 2 lines are wrong. Nothing was changed.")
    assert [line.partition(":")[2].partition(":")[0] for line in lines] == [" line 2", " line 3"]
    assert "\x1b" not in ran.err
    assert store.users.all() == []
