"""Who may have a new username on Kaggle: in examples, and as a property against a second implementation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.boards import Team
from world.pieces import piece

from kagsync.board.matching import TEAM, TEAM_NAME, Person, Roster, match
from kagsync.board.renames import Before

ALICE, BOB = Person(1, "alice"), Person(2, "Bob")


def renames(
    before: dict[int, tuple[int | None, str]],
    *now: Team,
    people: tuple[Person, ...] = (ALICE, BOB),
    asked: dict[int, str] | None = None,
) -> dict[int, str]:
    return match([piece(list(now))], Roster.of(people), before=Before(before, asked or {})).renames


def test_a_stranger_in_the_place_of_somebody_who_is_gone_may_be_the_same_person() -> None:
    assert renames({1: (7, "alice")}, Team(7, "Us", ("alice2",))) == {1: "alice2"}
    assert renames({1: (7, "alice,zoe")}, Team(7, "Us", ("zoe", "alicia"))) == {1: "alicia"}
    assert renames({2: (7, "bob")}, Team(7, "Us", ("Bobby ",))) == {2: "bobby"}


@pytest.mark.parametrize(
    "now",
    [
        [],
        [Team(7, "Us", ("zoe",))],
        [Team(7, "Us", ())],
        [Team(8, "Us", ("zoe", "new"))],
        [Team(7, "Us", ("alice", "new"))],
        [Team(7, "Us", ("zoe", "alice", "new"))],
        [Team(7, "Us", ("zoe", "new")), Team(8, "x", ("alice",))],
        [Team(7, "Us", ("zoe", "bob"))],
        [Team(7, "Us", ("zoe", "new", "newer"))],
        [Team(7, "Us", ("new",))],
        [Team(7, "Us", ("new", "newer"))],
        [Team(7, "Us", ("zoe", "del=0123456789abcdef"))],
        [Team(7, "Us", ("zoe", "new", "del=0123456789abcdef"))],
        [Team(7, "Us", ("zoe", "new"), rank=0)],
        [Team(7, "Us", ("zoe", "new;reboot"))],
        [Team(7, "Us", ("zoe", "-rf"))],
        [Team(7, "Us", ("zoe", "\u202enew"))],
        [Team(7, "Us", ("zoe", "n" * 101))],
    ],
)
def test_nothing_else_is_a_question(now: list[Team]) -> None:
    assert renames({1: (7, "alice,zoe")}, *now) == {}


def test_two_who_vanish_from_a_team_are_not_asked_about() -> None:
    before: dict[int, tuple[int | None, str]] = {1: (7, "alice,bob"), 2: (7, "alice,bob")}
    assert renames(before, Team(7, "Us", ("new", "newer"))) == {}
    assert renames(before, Team(7, "Us", ("new",))) == {}


def test_a_mate_who_is_in_another_team_now_has_not_vanished() -> None:
    before: dict[int, tuple[int | None, str]] = {1: (7, "alice,bob"), 2: (7, "alice,bob")}
    assert renames(before, Team(7, "Us", ("new",)), Team(8, "x", ("bob",))) == {1: "new"}


def test_a_mate_who_is_still_there_changes_nothing() -> None:
    before: dict[int, tuple[int | None, str]] = {1: (7, "alice,bob"), 2: (7, "alice,bob")}
    assert renames(before, Team(7, "Us", ("bob", "new"))) == {1: "new"}


def test_a_tracked_person_who_joins_is_no_stranger() -> None:
    assert renames({1: (7, "alice")}, Team(7, "Us", ("bob", "new"))) == {1: "new"}


def test_a_person_who_was_renamed_here_is_not_asked_about_by_the_old_username() -> None:
    assert renames({1: (7, "alice")}, Team(7, "Us", ("zoe",)), people=(Person(1, "alicia"),)) == {}


def test_a_team_without_an_id_is_not_known_again() -> None:
    assert renames({1: (None, "alice")}, Team(7, "Us", ("new",))) == {}


def test_without_what_was_before_nothing_is_asked() -> None:
    found = match([piece([Team(7, "Us", ("new",))])], Roster.of([ALICE]))
    assert found.renames == {}


# A person may still be found by the name of the team. Then the last standing does not have the old username.


@pytest.mark.parametrize("kind", [TEAM, TEAM_NAME])
def test_a_question_stands_while_the_person_is_found_by_the_team(kind: str) -> None:
    alice = ALICE._replace(team="Us" if kind == TEAM else None)
    row = Team(7, "Us" if kind == TEAM else "alice", ("zoe", "new"))
    found = match([piece([row])], Roster.of([alice]), before=Before({1: (7, "alice,zoe")}, {}))
    assert (found.claims[1].matched_by, found.renames) == (kind, {1: "new"})
    assert renames({}, row, people=(alice,), asked={1: "new"}) == {1: "new"}
    assert renames({}, row, people=(alice,)) == {}


def test_a_question_is_dropped_when_it_no_longer_makes_sense() -> None:
    row, asked = Team(7, "alice", ("new",)), {1: "new"}
    assert renames({}, row, asked=asked) == {1: "new"}
    assert renames({}, Team(7, "alice", ("other",)), asked=asked) == {}
    assert renames({}, row, asked=asked, people=(ALICE, Person(3, "new"))) == {}
    assert renames({}, row, Team(8, "x", ("alice",)), asked=asked) == {}
    assert renames({}, Team(8, "x", ("new",)), asked=asked) == {}
    assert renames({}, row, asked=asked, people=(BOB,)) == {}


_NAMES = ("alice", "bob", "zoe", "new", "newer", "del=1")
_MEMBERS = st.lists(st.sampled_from(_NAMES), max_size=3, unique=True)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(st.lists(_MEMBERS, max_size=3), st.lists(_MEMBERS, max_size=3))
def test_a_plain_second_implementation_agrees(earlier: list[list[str]], later: list[list[str]]) -> None:
    before: dict[int, tuple[int | None, str]] = {}
    for team_id, members in enumerate(earlier):
        before |= {
            key: (team_id, ",".join(sorted(members)))
            for key, name in ((1, "alice"), (2, "bob"))
            if name in members
        }
    now = [Team(team_id, "Us", tuple(members)) for team_id, members in enumerate(later)]
    on_board = {name for members in later for name in members}
    expected = {}
    for key, name in ((1, "alice"), (2, "bob")):
        if key in before and name not in on_board and (team_id := before[key][0] or 0) < len(later):
            was, members = earlier[team_id], later[team_id]
            explained = {"alice", "bob"} & on_board
            lost = [each for each in was if each not in members and each not in explained]
            strangers = [each for each in members if each not in was and each not in ("alice", "bob")]
            if lost == [name] and len(strangers) == 1 and strangers != ["del=1"]:
                expected[key] = strangers[0]
    assert renames(before, *now) == expected
