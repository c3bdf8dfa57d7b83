"""`kagsync users` as a teacher uses it: lists, names that were wrong, people who come and go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from world import database, invariants
from world.boards import Team
from world.club import SLUG
from world.running import one_line

from kagsync.store import Store
from kagsync.store.records import User
from kagsync.tracking import roster, roster_file

if TYPE_CHECKING:
    import contextlib
    from pathlib import Path

    from world.club import Club
    from world.running import Kagsync

    from kagsync.store import Writing

LIST = (
    "Student;Kaggle username;Class;Matrikel-Nr.;Mail\nÄce, Alice;alice;7A;1001;a@x.example\nBob;;7A;1002;\n"
)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "class.csv"
    path.write_text(LIST, encoding="cp1252")
    return path


def people(kagsync: Kagsync, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kagsync.ok("users", "list", "--format", "json", *words))
    return found


def handles(kagsync: Kagsync, *words: str) -> list[str]:
    return [each["handle"] for each in people(kagsync, *words)]


def test_a_dry_run_tells_all_and_changes_nothing(kagsync: Kagsync, listed: Path, tmp_path: Path) -> None:
    told = kagsync.ok("users", "import", str(listed), "--dry-run")
    assert told.splitlines() == [
        "Would add: 1",
        "  Äce, Alice (alice)",
        "Left out, without a username or a team: 1",
        "  Bob (line 3)",
        "Columns left out: Mail",
        "Users to add: 1, to change: 0, unchanged: 0. Nothing was changed",
    ]
    assert not (tmp_path / "kagsync.db").exists()
    kagsync.ok("users", "add", "carol", "alice", "--group", "8B")
    before = people(kagsync)
    told = kagsync.ok("users", "import", str(listed), "--dry-run", "--prune")
    assert "Äce, Alice" in told
    assert "name – → Äce, Alice, group 8B → 7A, student id – → 1001" in told
    assert "Would archive: 1\n  carol\n" in told
    assert people(kagsync) == before


def test_who_is_not_on_the_list_is_archived_after_a_question(kagsync: Kagsync, listed: Path) -> None:
    kagsync.ok("users", "add", "carol", "--group", "7A")
    kagsync.ok("users", "add", "dave", "--group", "8B")
    err = one_line(kagsync("users", "import", str(listed), "--prune"))
    assert "Pass --yes" in err
    assert handles(kagsync) == ["carol", "dave"]
    told = kagsync.ok("users", "import", str(listed), "--prune", "--group", "7A", "--yes")
    assert "Archived: 1\n  carol\n" in told
    assert told.splitlines()[-1] == "Users added: 1, changed: 0, unchanged: 0, archived: 1"
    assert (handles(kagsync), handles(kagsync, "--archived")) == (["alice", "dave"], ["carol"])


def test_who_is_on_the_list_again_comes_back(kagsync: Kagsync, listed: Path) -> None:
    kagsync.ok("users", "import", str(listed))
    kagsync.ok("users", "archive", "Alice Äce")
    assert handles(kagsync) == []
    assert "Äce, Alice (alice): restored" in kagsync.ok("users", "import", str(listed))
    assert handles(kagsync) == ["alice"]


def test_who_was_added_meanwhile_is_never_archived_unasked(
    kagsync: Kagsync, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("users", "add", "alice")
    read_roster = roster_file.read_roster

    def meanwhile(*arguments: Any) -> roster_file.RosterFile:
        found = read_roster(*arguments)
        monkeypatch.setattr(roster, "plan", added_after_the_first(roster.plan))
        return found

    def added_after_the_first(plan: Any) -> Any:
        calls = []

        def planning(*arguments: Any, **options: Any) -> Any:
            calls.append(arguments)
            if len(calls) == 2:  # within the transaction
                carol = User(9, "carol", None, None, "carol", pseudonym="Person 9")
                arguments = (arguments[0], [*arguments[1], carol])
            return plan(*arguments, **options)

        return planning

    monkeypatch.setattr(roster_file, "read_roster", meanwhile)
    err = one_line(kagsync("users", "import", str(listed), "--prune"))
    assert "changed meanwhile" in err


def test_a_list_without_any_username_archives_nobody(kagsync: Kagsync, tmp_path: Path) -> None:
    kagsync.ok("users", "add", "alice")
    listed = tmp_path / "wrong.csv"
    listed.write_text("name,username\nBob,\n")
    assert "nobody" in one_line(kagsync("users", "import", str(listed), "--prune", "--yes"))
    assert handles(kagsync) == ["alice"]


def test_without_prune_they_are_only_named(kagsync: Kagsync, listed: Path) -> None:
    kagsync.ok("users", "add", "carol")
    told = kagsync.ok("users", "import", str(listed))
    absent = "Tracked, but not on the list (if it is the whole list: --prune archives them): 1"
    assert f"{absent}\n  carol\n" in told
    assert handles(kagsync) == ["alice", "carol"]


def test_quiet_says_nothing(kagsync: Kagsync, listed: Path) -> None:
    assert kagsync.ok("users", "import", str(listed), "-q") == ""


def test_fifty_names_are_told_after_an_import_and_all_before(kagsync: Kagsync, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(f"user{number}" for number in range(60)), encoding="utf-8")
    assert "  user59\n" in kagsync.ok("users", "import", str(listed), "--dry-run")
    told = kagsync.ok("users", "import", str(listed))
    assert "  user49\n  and 10 more\n" in told


def test_a_list_that_contradicts_the_roster_is_refused_whole(kagsync: Kagsync, tmp_path: Path) -> None:
    kagsync.ok("users", "add", "alice", "--student-id", "1001")
    kagsync.ok("users", "add", "bob")
    listed = tmp_path / "list.csv"
    listed.write_text("username,id\ncarol,1003\nbob,1001\n", encoding="utf-8")
    err = one_line(kagsync("users", "import", str(listed)))
    assert "line 3" in err
    assert "kagsync users rename alice bob --merge" in err
    assert handles(kagsync) == ["alice", "bob"]


def test_an_empty_text_clears_a_detail(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "alice", "--group", "7A", "--name", "Alice", "--student-id", "1")
    kagsync.ok("users", "add", "alice", "--group", "", "--student-id", "")
    (alice,) = people(kagsync)
    assert (alice["name"], alice["group"], alice["student_id"]) == ("Alice", None, None)


def test_a_group_that_differs_in_case_is_pointed_out(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "alice", "--group", "7A")
    assert "The groups 7A and 7a differ only in case" in kagsync.ok("users", "add", "bob", "--group", "7a")


def test_a_person_known_by_the_team_is_told_the_handle(kagsync: Kagsync) -> None:
    told = kagsync.ok("users", "add", "--name", "Dora D.", "--team", "The Dolphins")
    assert "Dora D.: the handle is dora-d\n" in told
    (dora,) = people(kagsync)
    assert (dora["username"], dora["team"]) == (None, "The Dolphins")
    assert kagsync.ok("users", "list").split()[:3] == ["Handle", "Name", "Team"]


def test_nobody_without_a_username_or_a_team_is_added(kagsync: Kagsync) -> None:
    assert "USERNAME, or --team" in one_line(kagsync("users", "add", "--name", "Dora"))


@pytest.mark.parametrize("option", ["--name", "--student-id", "--team", "--pseudonym"])
def test_what_is_one_persons_own_is_not_given_to_two(kagsync: Kagsync, option: str) -> None:
    assert f"{option} is for one user" in one_line(kagsync("users", "add", "a", "b", option, "x"))


def test_a_student_id_or_pseudonym_belongs_to_one_person(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "alice", "--student-id", "1", "--pseudonym", "Blue")
    assert "alice" in one_line(kagsync("users", "add", "bob", "--pseudonym", "blue"))
    err = one_line(kagsync("users", "add", "alice2", "--student-id", "1"))
    assert "kagsync users rename alice alice2" in err
    assert handles(kagsync) == ["alice"]


def test_a_new_username_on_the_list_is_a_rename(club: Club, tmp_path: Path) -> None:
    club.competitions(SLUG)
    listed = tmp_path / "list.csv"
    for day, username in enumerate(("old", "new"), start=1):
        listed.write_text(f"username,id\n{username},7\nbob,8\n", encoding="utf-8")
        told = club.ok("users", "import", str(listed))
        club.board(f"2025-10-0{day}T12:00:00", Team(1, "Two", (username, "bob")))
    assert "old: username old → new\n" in told
    assert database.ask(club.db, "SELECT DISTINCT members FROM history") == [("bob,new",)]
    assert len(database.ask(club.db, "SELECT * FROM history")) == 2
    invariants.check(club.db)


def test_people_are_named_by_handle_student_id_or_name(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "alice", "--student-id", "1001", "--name", "Alice Ace")
    for text in ("@ALICE", "1001", "ace, alice", "https://www.kaggle.com/alice"):
        kagsync.ok("users", "archive", text)
        kagsync.ok("users", "restore", text)
    kagsync.ok("users", "add", "alice2", "--name", "Alice  ACE")
    assert "alice, alice2" in one_line(kagsync("users", "archive", "Alice Ace"))
    assert handles(kagsync) == ["alice", "alice2"]


def test_rename_and_merge(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "alice", "bob")
    assert kagsync.ok("users", "rename", "alice", "alice2").startswith("Renamed alice to alice2\n")
    assert handles(kagsync) == ["alice2", "bob"]
    err = one_line(kagsync("users", "rename", "alice2", "bob"))
    assert "kagsync users rename alice2 bob --merge" in err
    assert "--yes" in one_line(kagsync("users", "rename", "alice2", "bob", "--merge"))
    kagsync.ok("users", "rename", "alice2", "bob", "--merge", "--yes")
    assert handles(kagsync) == ["bob"]
    kagsync.ok("users", "rename", "bob", "BOB")
    assert handles(kagsync) == ["BOB"]
    assert "not a Kaggle username" in one_line(kagsync("users", "rename", "bob", "a b"))
    assert "no user 'x'" in one_line(kagsync("users", "rename", "x", "y"))


def test_what_another_command_changes_at_the_same_moment_is_kept(
    kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("users", "add", "alice", "--group", "7A")
    writing = Store.writing

    def after_another(store: Store) -> contextlib.AbstractContextManager[Writing]:
        database.execute(store.path, """UPDATE users SET "group" = '7B'""")
        return writing(store)

    monkeypatch.setattr(Store, "writing", after_another)
    assert "meanwhile" in one_line(kagsync("users", "rename", "alice", "alice2"))
    kagsync.ok("users", "rename", "alice", "alice2")
    assert [(each["handle"], each["group"]) for each in people(kagsync)] == [("alice2", "7B")]


def test_who_is_archived_is_shown_nowhere_and_named_as_such(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "alice", "bob")
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    told = kagsync.ok("users", "archive", "alice")
    assert "kagsync users restore alice" in told
    for words in (("show",), ("show", "titanic"), ("missing", "titanic"), ("users", "export")):
        assert "alice" not in kagsync.ok(*words)
    for words in (
        ("show", "--user", "alice"),
        ("history", "titanic", "alice"),
        ("users", "archive", "alice"),
    ):
        assert "kagsync users restore alice" in one_line(kagsync(*words))
