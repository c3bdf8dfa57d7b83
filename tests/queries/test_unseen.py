"""People who are on no board: `missing`, and who may be mistyped, wherever that is told."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import process
from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne
from world.boards import WHEN, Team, many_teams
from world.club import SLUG, Club
from world.running import on_terminal, plain

from kagsync.queries.unseen import Names, Unseen
from kagsync.safe_text import printable
from kagsync.store.records import BoardNames, User

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

KEYS = ["competition", "username", "name", "group", "never_seen", "nearest", "nearest_in"]
KEYS += ["handle", "student_id", "nearest_team", "possible_rename", "unclear_teams"]
NEVER = "never seen on any board"
TEAMS = [
    Team(1, "The Winners", ("margaret", "jonathan"), "0.9"),
    Team(2, "Second", ("Christopher",), "0.8"),
    Team(3, "elizabeth", (), "0.7"),  # a team of the name, without members
    Team(4, "bob", ("bob",), "0.6"),
]


class Searched(Club):
    """A club that looks for its people."""

    def board(self, teams: list[Team], slug: str = SLUG, when: str = WHEN, *, old: bool = False) -> None:
        self.competitions(slug)
        super().board(when, *teams, slug=slug, old=old)

    def missing(self, *words: str, slug: str = SLUG) -> dict[str, dict[str, Any]]:
        return {row["username"]: row for row in self.json("missing", slug, *words)}

    def add(self, *usernames: str) -> list[str]:
        """Adds people; gives what is said of them."""
        return self.kagsync.ok("users", "add", *usernames).splitlines()[1:]


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Searched:
    return Searched(kagsync, settings, tmp_path)


# Who is missing


def test_everybody_has_an_entry(club: Searched) -> None:
    club.add("bob", "margaret")
    club.board(TEAMS)
    assert club.kagsync.ok("missing", SLUG) == "titanic: everybody has an entry\n"
    assert club.missing() == {}
    assert club.kagsync.ok("missing", SLUG, "--format", "csv").strip() == ""
    assert club.kagsync.ok("missing", SLUG, "--format", "markdown") == "**titanic: everybody has an entry**\n"


def test_who_has_no_entry_is_listed_with_name_group_and_note(club: Searched) -> None:
    club.kagsync.ok("users", "add", "margret", "--name", "Margret M.", "--group", "red")
    club.add("bob")
    club.board(TEAMS)

    lines = club.kagsync.ok("missing", SLUG).splitlines()
    assert lines[0] == "titanic: 1 of ours without an entry"
    assert [re.split(r"  +", line) for line in lines[2:] if line] == [
        ["Never seen on any board: 1"],
        ["Username", "Name", "Group", "Did you mean", "On"],
        ["margret", "Margret M.", "red", "margaret", "titanic"],
    ]
    row = {
        "competition": SLUG,
        "username": "margret",
        "name": "Margret M.",
        "group": "red",
        "never_seen": True,
        "nearest": "margaret",
        "nearest_in": SLUG,
        "handle": "margret",
        "student_id": None,
        "nearest_team": None,
        "possible_rename": None,
        "unclear_teams": [],
    }
    assert list(row) == KEYS
    assert json.loads(club.kagsync.ok("missing", SLUG, "--format", "json")) == [row]
    told = list(csv.reader(io.StringIO(club.kagsync.ok("missing", SLUG, "--format", "csv"))))
    cells = [SLUG, "margret", "Margret M.", "red", "True", "margaret", SLUG, "margret", "", "", ""]
    assert told == [KEYS[:-1], cells]  # a spreadsheet has no use for a list


def test_who_is_on_another_board_is_missing_and_not_mistyped(club: Searched) -> None:
    club.add("bob", "margret")
    club.board(TEAMS)
    club.board([Team(9, "x", ("somebody",))], "digits")
    found = club.missing(slug="digits")
    assert [*found] == ["bob", "margret"]
    assert [found["bob"][key] for key in KEYS[4:7]] == [False, None, None]
    assert [found["margret"][key] for key in KEYS[4:7]] == [True, "margaret", SLUG]


def test_who_has_left_a_board_is_neither_missing_there_nor_mistyped(club: Searched) -> None:
    club.add("bob")
    club.board(TEAMS)
    club.board(TEAMS[:3], when="2025-11-01T00:00:00")
    assert club.missing() == {}
    club.board([], "digits")
    assert club.missing(slug="digits")["bob"]["never_seen"] is False


def test_only_those_of_a_group_are_listed(club: Searched) -> None:
    club.kagsync.ok("users", "add", "aaa1", "aaa2", "--group", "red")
    club.kagsync.ok("users", "add", "bbb1", "--group", "blue")
    club.add("none1")
    club.board(TEAMS)
    assert [*club.missing("--group", "red")] == ["aaa1", "aaa2"]
    assert [*club.missing("--group", "blue")] == ["bbb1"]
    assert [*club.missing()] == ["aaa1", "aaa2", "bbb1", "none1"]
    ran = club.kagsync("missing", SLUG, "--group", "rod")
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean red?" in ran.err


def test_a_competition_that_is_not_tracked_is_refused(club: Searched) -> None:
    club.board(TEAMS)
    ran = club.kagsync("missing", "titanik")
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean titanic?" in ran.err


# Who may be mistyped


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("margraet", "margaret"),
        ("margret", "margaret"),
        ("margarett", "margaret"),
        ("margarot", "margaret"),
        ("MARGRET", "margaret"),
        ("jonathon", "jonathan"),
        ("cristopher", "christopher"),
        ("ChristoPhre", "christopher"),
        ("margaret7", "margaret"),
    ],
    ids=["transposed", "dropped", "doubled", "changed", "capitals", "second member", "cased", "both", "more"],
)
def test_the_nearest_name_on_any_board_is_suggested(club: Searched, typed: str, meant: str) -> None:
    club.board(TEAMS)
    assert club.add(typed) == [f"{typed}: {NEVER}; did you mean {meant} (on titanic)?"]


@pytest.mark.parametrize("typed", ["zzzzzzzz", "mar", "bab", "xo", "a" * 100])
def test_where_no_name_is_similar_none_is_suggested(club: Searched, typed: str) -> None:
    club.board(TEAMS)
    assert club.add(typed) == [f"{typed}: {NEVER}"]


def test_the_most_similar_name_of_all_boards_is_suggested_with_its_board(club: Searched) -> None:
    club.board([Team(1, "x", ("margarine",))], "digits", "2025-10-01T00:00:00")
    club.board([Team(1, "x", ("margareta",))], "houses", "2025-10-30T00:00:00")
    club.board(TEAMS, when="2025-10-15T00:00:00")
    assert club.add("margaret1", "margarina") == [
        "margaret1: never seen on any board; did you mean margareta (on houses)?",
        "margarina: never seen on any board; did you mean margarine (on digits)?",
    ]


def test_names_that_are_no_longer_on_the_latest_board_are_not_suggested(club: Searched) -> None:
    club.board(TEAMS)
    club.board(TEAMS[1:], when="2025-11-01T00:00:00")
    assert club.add("margret") == [f"margret: {NEVER}"]


def test_who_is_on_a_board_and_was_not_looked_for_comes_with_the_next_sync(club: Searched) -> None:
    club.board(TEAMS)
    note = "on the board of titanic: the next sync brings the entry"
    assert club.add("MARGARET", "bob") == [f"MARGARET: {note}", f"bob: {note}"]
    assert note in club.kagsync.ok("show", SLUG)
    assert re.search(r"bob +titanic +the next sync brings the entry", club.kagsync.ok("missing", SLUG))
    assert club.missing()["bob"]["nearest"] == "bob"
    club.board(TEAMS)
    assert note not in club.kagsync.ok("show", SLUG)
    assert club.missing() == {}


def test_on_an_old_board_a_name_in_other_letters_is_not_promised_for_the_next_sync(club: Searched) -> None:
    club.add("alice")
    club.board([Team(1, "Alice", (), "0.9"), Team(2, "x", (), "0.8")], old=True)
    assert club.missing()["alice"]["never_seen"] is True  # a team's name counts only to the letter
    assert "next sync brings" not in club.kagsync.ok("missing", SLUG)


def test_before_any_board_nobody_is_pointed_out(club: Searched) -> None:
    assert club.add("alice") == []
    club.kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    assert club.add("bob") == []
    assert NEVER not in club.kagsync.ok("show", SLUG).lower()
    assert NEVER not in club.kagsync.ok("missing", SLUG).lower()
    assert [row["never_seen"] for row in club.missing().values()] == [False, False]


def test_on_an_empty_board_nobody_has_been_seen(club: Searched) -> None:
    club.add("alice")
    club.board([])
    assert [row["nearest"] for row in club.missing().values()] == [None]


def test_of_those_who_are_added_only_the_never_seen_are_pointed_out(club: Searched) -> None:
    club.add("bob", "margret")
    club.board(TEAMS)
    assert club.add("bob") == []
    assert [line.partition(":")[0] for line in club.add("bob", "zzzzzzzz")] == ["zzzzzzzz"]
    ran = club.kagsync("users", "add", "yyyyyyyy", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_of_those_who_are_imported_only_the_never_seen_are_pointed_out(
    club: Searched, tmp_path: Path
) -> None:
    club.add("bob", "before")
    club.board(TEAMS)
    roster = tmp_path / "roster.csv"
    roster.write_text("username,name\nbob,Bob\nmargret,Margret\nJonathan,J\nzzzzzzzz,Z\n", encoding="utf-8")
    told = club.kagsync.ok("users", "import", str(roster)).splitlines()
    assert told[told.index("Users added: 3, changed: 1, unchanged: 0") + 1 :] == [
        f"margret: {NEVER}; did you mean margaret (on titanic)?",
        "Jonathan: on the board of titanic: the next sync brings the entry",
        f"zzzzzzzz: {NEVER}",
    ]


def test_show_points_them_out_below_the_table(club: Searched) -> None:
    club.kagsync.ok("users", "add", "margret", "--name", "Margret M.")
    club.add("bob", "zzzzzzzz")
    club.board(TEAMS)
    lines = club.kagsync.ok("show", SLUG).splitlines()
    assert f"Margret M. (margret): {NEVER}; did you mean margaret (on titanic)?" in lines
    assert "Never seen on any board: zzzzzzzz" in lines
    for name in ("margret", "zzzzzzzz"):  # each is mentioned once
        assert len([line for line in lines if name in line]) == 1
    for words in (["show", SLUG, "--user", "margret"], ["show", "--user", "margret"]):
        out = club.kagsync.ok(*words)
        assert "did you mean margaret (on titanic)?" in out
        assert "zzzzzzzz" not in out
    assert NEVER not in club.kagsync.ok("show", SLUG, "--user", "bob").lower()


# Names by strangers

HOSTILE = {
    "red.alice.of.wonderland": "[red]alice.of.wonderland\x1b",
    "carol.the.b": "carol.the[b]\x07",
    "bold.dave.of.the.lab": "[bold]dave.of.the.la\u202eb",
    "erin_the_first": "erin_the\x9bfirst",
    "smile.frank": ":smile:fran\x7fk",
}


def test_a_suggested_name_is_printed_harmlessly(club: Searched, tmp_path: Path) -> None:
    club.board([Team(i, name, (), f"0.{i}") for i, name in enumerate(HOSTILE.values(), 1)], old=True)
    roster = tmp_path / "roster.csv"
    roster.write_text("".join(f"{name}\n" for name in HOSTILE), encoding="utf-8")

    outs = [
        club.kagsync.ok("users", "add", *HOSTILE),
        club.kagsync.ok("users", "import", str(roster)),
        club.kagsync.ok("show", SLUG),
        club.kagsync.ok("missing", SLUG),
        club.kagsync.ok("missing", SLUG, "--format", "csv"),
    ]
    for out in outs:
        plain = out.replace("\n", "")
        assert printable(plain) == plain
        for typed, name in HOSTILE.items():
            assert typed in out
            assert printable(name) in out, name
    for words in (["show", SLUG], ["missing", SLUG]):
        out = club.kagsync.ok(*words, "--format", "markdown")
        plain = out.replace("\n", "")
        assert printable(plain) == plain
        assert "\\[red\\]alice" in out
    assert {user: row["nearest"] for user, row in club.missing().items()} == HOSTILE


def test_on_a_terminal_a_suggested_name_is_harmless_too(club: Searched) -> None:
    club.board([Team(i, name, (), f"0.{i}") for i, name in enumerate(HOSTILE.values(), 1)], old=True)
    club.add(*HOSTILE)
    for words in (["show", SLUG], ["missing", SLUG]):
        out = plain(on_terminal(*words))
        told = re.sub(r"\n *", " ", out)
        assert printable(told) == told
        assert ("did you mean [red]alice" if words[0] == "show" else "  [red]alice") in told
        assert "erin_the\\x9b" in told


# Many


@pytest.mark.long
def test_two_hundred_unseen_users_are_compared_with_fifteen_thousand_names(club: Searched) -> None:
    club.board(many_teams(15_000))
    users = [f"usor{i}" for i in range(14_000, 14_100)] + [f"nobody-{i}-at-all" for i in range(100)]
    notes = club.add(*users)
    assert len(notes) == 200
    assert notes[0] == f"usor14000: {NEVER}; did you mean user14000 (on titanic)?"
    assert notes[-1] == f"nobody-99-at-all: {NEVER}"
    assert len(club.missing()) == 200
    assert len(club.kagsync.ok("show", SLUG).splitlines()) < 40  # not a line for each of them


def test_names_are_compared_only_for_whom_is_told_and_once_a_report(
    club: Searched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    searched: list[str] = []

    def search(username: str, *words: Any, **options: Any) -> Any:
        searched.append(username)
        return extractOne(username, *words, **options)

    for slug in ("titanic", "digits", "houses"):
        club.board(TEAMS, slug)
    club.add(*(f"nobody{n:02}" for n in range(30)))
    monkeypatch.setattr(process, "extractOne", search)
    club.kagsync.ok("report", "--output", str(tmp_path / "report"))
    assert len(searched) == 30  # not for each of the pages
    searched.clear()
    club.kagsync.ok("show", SLUG)
    assert len(searched) == 12
    searched.clear()
    club.kagsync.ok("show")
    assert searched == []


_NAMES = st.sets(st.text("ab1", min_size=3, max_size=6), max_size=6)


@given(st.lists(_NAMES, min_size=1, max_size=4), st.text("ab1", min_size=3, max_size=6))
def test_of_names_as_similar_the_first_on_the_newest_board_is_suggested(
    boards: list[set[str]], username: str
) -> None:
    listed = [BoardNames(f"c{number}", names, set(), None) for number, names in enumerate(boards)]
    similar = [
        (-OSA.normalized_similarity(username, name), number, name)
        for number, names in enumerate(boards)
        for name in names
        if OSA.normalized_similarity(username, name) >= 0.75
    ]
    found = Unseen(User(1, username, None, None, username), Names(listed))
    assert (found.nearest, found.competition) == (
        (min(similar)[2], f"c{min(similar)[1]}") if similar else (None, None)
    )
