"""The roster's CSV form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kagsync.errors import UsageError
from kagsync.tracking.roster_file import read_roster

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.store import Store


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def read(path: Path, text: str, encoding: str = "utf-8") -> list[tuple[str, str | None, str | None]]:
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


def refusal(path: Path, text: str, encoding: str = "utf-8") -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(path, text, encoding)
    assert str(path) in caught.value.message
    return caught.value


ALICE_AND_BOB = [("alice", "Alice A.", "blue"), ("bob", None, None)]


@pytest.mark.parametrize(
    "text",
    [
        "username,name,group\nalice,Alice A.,blue\nbob,,\n",
        "alice,Alice A.,blue\nbob\n",
        "group,username,name\nblue,alice,Alice A.\n,bob,\n",
        "Name,USERNAME, Group\nAlice A.,alice,blue\n,bob\n",
        'username,name,group\r\n"alice","Alice A.","blue"\r\nbob,,\r\n',
        "\ufeffusername,name,group\nalice,Alice A.,blue\nbob,,",
        "\n\n  \nusername,name,group\n\nalice , Alice A. ,\tblue\n,,\n@bob,,\n",
        "https://www.kaggle.com/alice,Alice A.,blue\nkaggle.com/bob\n",
    ],
    ids=[
        "header",
        "no header",
        "header in another order",
        "header in capitals",
        "Excel",
        "BOM",
        "blanks",
        "URLs",
    ],
)
def test_a_roster_is_read_however_it_is_laid_out(roster: Path, text: str) -> None:
    assert read(roster, text) == ALICE_AND_BOB


def test_usernames_alone_are_a_roster(roster: Path) -> None:
    assert read(roster, "alice\nbob\n") == [("alice", None, None), ("bob", None, None)]


def test_a_name_may_hold_commas_quotes_and_any_script(roster: Path) -> None:
    text = 'alice,"Aal, ""Ace"" Álice 李",blue\n'
    assert read(roster, text) == [("alice", 'Aal, "Ace" Álice 李', "blue")]


def test_a_line_that_stands_twice_counts_once(roster: Path) -> None:
    assert read(roster, "alice,A,x\nbob\nalice,A,x\n") == [("alice", "A", "x"), ("bob", None, None)]


@pytest.mark.parametrize("again", ["alice,Other,x", "ALICE,A,x", "alice,A,"])
def test_a_user_who_stands_twice_and_differs_is_named_with_the_line(roster: Path, again: str) -> None:
    error = refusal(roster, f"username,name,group\nalice,A,x\nbob\n{again}\n")
    assert "line 4" in error.message
    assert "twice" in error.message


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("alice\nbob smith\n", 2, "not a Kaggle username"),
        ("username,name\nalice,A\n,Nobody\n", 3, "not a Kaggle username"),
        ("username,name\nalice,A,extra,more\n", 2, "cells"),
        ("username,email\nalice,a@example.com\n", 1, "email"),
        ("username,username\nalice,alice\n", 1, "twice"),
        ("alice\n=cmd()\n", 2, "not a Kaggle username"),
        ('alice\n"bob\n', 2, ""),
        ("alice\nbob\x00\n", 2, ""),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(roster: Path, text: str, line: int, what: str) -> None:
    error = refusal(roster, text)
    assert f"line {line}" in error.message
    assert what in error.message
    assert "Nothing was imported" in error.remedy


def test_a_bad_line_after_a_cell_of_two_lines_is_counted_as_an_editor_counts(roster: Path) -> None:
    assert "line 3" in refusal(roster, 'alice,"A\nA"\nbob smith\n').message


@pytest.mark.parametrize("text", ["", "\n\n", "username,name,group\n", " , ,\n"])
def test_a_roster_without_users_is_refused(roster: Path, text: str) -> None:
    assert "no users" in refusal(roster, text).message


def test_what_is_no_utf8_text_is_refused(roster: Path) -> None:
    assert "UTF-8" in refusal(roster, "alice,Ålice\n", "latin-1").message
    assert "UTF-8" in refusal(roster, "alice\n", "utf-16").message


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            read_roster(path)


def test_a_bad_line_on_the_command_line_leaves_the_roster_as_it_was(
    kagsync: Kagsync, store: Store, roster: Path
) -> None:
    roster.write_text("alice\nbob\nc d\n", encoding="utf-8")
    ran = kagsync("users", "import", str(roster))
    assert ran.code == 2
    assert "line 3" in ran.err
    assert store.users.all() == []
