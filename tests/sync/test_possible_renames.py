"""`sync` asks whether somebody who vanished from a team has a new username: when, where, and until when."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv
from world.club import Club

from kagsync.store import Store, connection

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

NOON, ONE, TWO, THREE = (f"2025-10-31T{hour}:00:00" for hour in (12, 13, 14, 15))
MATES = Team(7, "Us", ("alice", "zoe"), "0.9")
OTHERS = Team(8, "Others", ("bob",), "0.8")
RENAMED = Team(7, "Us", ("alicia", "zoe"), "0.9")
QUESTION = "has @alice become @alicia? kagsync users rename alice alicia"


class Asked(Club):
    """A club that is asked about its people."""

    def sync(self, when: str, *teams: Team, slug: str = "") -> list[str]:
        """Syncs a board and gives what is printed below the summary."""
        ran = self.load(self.file(board_csv(teams), when, slug), "--accept-shrink", slug=slug)
        assert ran.code == 0, ran
        summary, *asked = ran.out.splitlines()
        assert summary.startswith("Synced ")
        assert not [line for line in ran.err.splitlines() if "alic" in line]
        return asked


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Asked:
    club = Asked(kagsync, settings, tmp_path)
    club.track("alice", "bob")
    assert club.sync(NOON, MATES, OTHERS) == []
    return club


def test_it_asks_below_the_summary_and_names_nobody_in_the_log(club: Asked) -> None:
    assert club.sync(ONE, RENAMED, OTHERS) == [QUESTION]


def test_the_question_stands_while_nothing_changes_and_on_later_boards(club: Asked) -> None:
    club.sync(ONE, RENAMED, OTHERS)
    assert club.sync(ONE, RENAMED, OTHERS) == [QUESTION]  # nothing new
    assert club.sync(TWO, RENAMED) == [QUESTION]
    assert club.sync("2025-10-30T00:00:00", MATES) == [QUESTION]  # an older board


def test_the_question_is_dropped_when_the_board_has_another_answer(club: Asked) -> None:
    club.sync(ONE, RENAMED, OTHERS)
    assert club.sync(TWO, Team(7, "Us", ("zoe",)), OTHERS) == []
    assert club.sync(THREE, RENAMED, OTHERS) == [QUESTION]
    assert club.sync("2025-10-31T16:00:00", RENAMED, OTHERS, Team(9, "x", ("alice",))) == []


def test_the_question_is_dropped_when_the_new_username_is_tracked(club: Asked) -> None:
    club.sync(ONE, RENAMED, OTHERS)
    club.people("alicia")
    assert club.sync(ONE, RENAMED, OTHERS) == []
    assert club.ask("SELECT * FROM possible_renames") == []


def test_the_suggested_command_answers_the_question(club: Asked) -> None:
    (asked,) = club.sync(ONE, RENAMED, OTHERS)
    program, *words = shlex.split(asked.partition("? ")[2])
    assert program == "kagsync"
    club.ok(*words)
    with Store.open(club.db, club.settings.locks) as store:
        assert store.boards.possible_renames() == []
    assert club.sync(ONE, RENAMED, OTHERS) == []
    assert club.ask("SELECT username, left_at FROM leaderboard ORDER BY rank") == [
        ("alicia", None),
        ("bob", None),
    ]


def test_somebody_who_is_found_by_the_name_of_the_team_meanwhile_is_still_asked_about(club: Asked) -> None:
    named = Team(7, "alice", ("alicia", "zoe"), "0.9")
    assert club.sync(ONE, named, OTHERS) == [QUESTION]
    assert club.ask("SELECT matched_by FROM leaderboard WHERE username = 'alice'") == [("team_name",)]
    assert club.sync(TWO, named, OTHERS, Team(9, "x")) == [QUESTION]
    assert club.sync(THREE, Team(7, "alice", ("zoe",)), OTHERS) == []


def test_archived_people_are_not_asked_about(club: Asked) -> None:
    club.sync(ONE, RENAMED, OTHERS)
    club.execute("UPDATE users SET archived_at = '2025-11-01T00:00:00Z' WHERE username = 'alice'")
    with Store.open(club.db, club.settings.locks) as store:
        assert store.boards.possible_renames() == []
    assert club.sync(ONE, RENAMED, OTHERS) == []


def test_the_private_board_asks_nothing(club: Asked) -> None:
    file = club.file(board_csv([RENAMED, OTHERS]), ONE)
    ran = club.load(file, "--board", "private")
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    assert club.ask("SELECT * FROM possible_renames") == []


def test_quietly_nothing_is_asked(club: Asked) -> None:
    file = club.file(board_csv([RENAMED, OTHERS]), ONE)
    assert club.load(file, "-q").out == ""


def test_json_has_the_questions_of_each_competition(club: Asked) -> None:
    def found(*options: str) -> list[object]:
        file = club.file(board_csv([RENAMED, OTHERS]), ONE)
        (competition,) = json.loads(club.load(file, "--format", "json", *options).out)["competitions"]
        assert list(competition)[-1] == "possible_renames"
        asked: list[object] = competition["possible_renames"]
        return asked

    assert found() == [{"old": "alice", "new": "alicia"}]
    assert found("-q") == [{"old": "alice", "new": "alicia"}]
    club.people("alicia")
    assert found() == []


def test_an_odd_old_username_is_quoted_in_the_command(club: Asked) -> None:
    club.execute("UPDATE users SET username = 'al&ice', handle = 'al&ice' WHERE username = 'alice'")
    odd = Team(7, "Us", ("al&ice", "zoe"), "0.9")
    club.sync(ONE, odd, OTHERS)
    assert club.sync(TWO, RENAMED, OTHERS) == [
        "has @al&ice become @alicia? kagsync users rename 'al&ice' alicia"
    ]


# Several competitions, from Kaggle


@pytest.fixture
def course(kagsync: Kagsync, settings: Settings, tmp_path: Path, kaggle: KaggleServer) -> Club:
    """Two competitions in which alice has a new username, and one in which she has not."""
    club = Club(kagsync, settings, tmp_path, kaggle)
    slugs = ("titanic", "digits", "houses")
    for slug in slugs:
        kaggle.competition(slug)
        kaggle.board(slug, board_csv([MATES, OTHERS]), NOON)
    club.competitions(*slugs)
    club.people("alice", "bob")
    club.ok("sync", "--all")
    for slug in slugs[:2]:
        kaggle.board(slug, board_csv([RENAMED, OTHERS]), ONE)
    return club


def test_what_several_competitions_ask_is_asked_once(course: Club) -> None:
    for _ in range(2):
        assert course.ok("sync", "--all").splitlines()[1:] == [QUESTION]
    assert course.ok("sync", "houses").splitlines()[1:] == []
    found = {each["slug"]: each["possible_renames"] for each in course.json("sync", "--all")["competitions"]}
    assert found == {
        "titanic": [{"old": "alice", "new": "alicia"}],
        "digits": [{"old": "alice", "new": "alicia"}],
        "houses": [],
    }


def test_questions_cost_a_quiet_run_nothing_and_another_one_a_statement(
    course: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.ok("sync", "--all")
    statements: list[str] = []
    real = connection.Connection.rows

    def rows(self: connection.Connection, sql: str, *values: object) -> object:
        statements.append(sql)
        return real(self, sql, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(connection.Connection, "rows", rows)

    def asked(ran: Ran) -> int:
        assert ran.code == 0
        found = sum("possible_renames" in sql for sql in statements)
        statements.clear()
        return found

    assert asked(course.run("sync", "--all", "-q")) == 0
    assert asked(course.run("sync", "--all")) == 1
    assert asked(course.run("sync", "--all", "--format", "json")) == 1
