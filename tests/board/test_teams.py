"""People who are known by their team: in examples, and as properties against a slow second implementation."""

from __future__ import annotations

import re
import unicodedata
from random import Random  # noqa: TC003
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.boards import Team
from world.pieces import piece

from kagsync.board.matching import TEAM, TEAM_NAME, USERNAME, Matches, Person, Roster, match
from kagsync.board.teams import Teams
from kagsync.standings import team_pattern
from kagsync.standings.standing import UnclearTeam

if TYPE_CHECKING:
    from collections.abc import Iterable

ALICE = Person(1, "alice", None, "Group 07")
BOB = Person(2, None, "34", "/{id}/")
CAROL = Person(3, "carol")
DAVE = Person(4, None, "12", "/^team *{id}$/")


def found(teams: Iterable[Team], *people: Person, team_name: bool = True) -> Matches:
    return match([piece(list(teams))], Roster.of(people), team_name=team_name)


def told(matches: Matches) -> dict[int, tuple[int | None, str]]:
    """user id → (team id, what matched)."""
    return {user: (claim.standing.team_id, claim.matched_by) for user, claim in matches.claims.items()}


# Exact names and patterns


@pytest.mark.parametrize("name", ["Group 07", " Group 07", "Group 07 \t"])
def test_an_exact_name_is_compared_without_spaces_around_it(name: str) -> None:
    assert told(found([Team(7, name, ("zoe",))], ALICE)) == {1: (7, TEAM)}
    assert told(found([Team(7, "Group 07")], ALICE._replace(team=name))) == {1: (7, TEAM)}


@pytest.mark.parametrize("name", ["group 07", "Group 7", "Group  07", "Group 07b", "", "/Group 07/"])
def test_an_almost_exact_name_is_another_one(name: str) -> None:
    assert found([Team(7, name, ("zoe",))], ALICE) == Matches({}, [], {})


def test_a_letter_with_an_accent_may_be_one_character_or_two() -> None:
    one, two = "Équipe é", unicodedata.normalize("NFD", "Équipe é")
    assert one != two
    for name, team in ((one, two), (two, one), (two, f"/^{one}$/"), (one, f"/^{two}$/")):
        assert told(found([Team(7, name)], Person(1, None, None, team))) == {1: (7, TEAM)}
    assert told(found([Team(7, f"({two})")], Person(1, None, one, "/{id}/"))) == {1: (7, TEAM)}


def test_a_name_with_signs_of_a_pattern_is_still_a_name() -> None:
    teams = [Team(7, "[34] the .* (overfitters)"), Team(8, "3 the overfitters")]
    assert told(found(teams, Person(1, None, None, "[34] the .* (overfitters)"))) == {1: (7, TEAM)}


def test_a_pattern_with_an_id_finds_the_team_with_that_number() -> None:
    teams = [Team(7, "x 134"), Team(8, "TEAM 12"), Team(9, "Team 123"), Team(10, "[34] the overfitters")]
    assert told(found(teams, BOB, DAVE)) == {2: (10, TEAM), 4: (8, TEAM)}


def test_a_pattern_without_an_id_to_put_in_matches_nothing() -> None:
    for missing in (None, "", " "):
        assert found([Team(7, "34"), Team(8, "{id}")], BOB._replace(student_id=missing)) == Matches(
            {}, [], {}
        )


def test_a_pattern_is_compared_with_the_beginning_of_a_long_name() -> None:
    name = "x" * team_pattern.LONGEST_NAME + " 34"
    assert not told(found([Team(7, name)], BOB))
    assert told(found([Team(7, name)], BOB._replace(team=name))) == {2: (7, TEAM)}


def test_a_pattern_that_came_from_elsewhere_and_is_wrong_stops_nobody() -> None:
    wrong = Person(5, None, "7", "/({id}/")
    assert told(found([Team(7, "Group 07"), Team(8, "(7")], ALICE, wrong)) == {1: (7, TEAM)}


# One to one


def test_two_teams_for_one_person_are_unclear() -> None:
    teams = [Team(7, "34 a"), Team(8, "b 34"), Team(9, "35")]
    assert found(teams, BOB) == Matches({}, [UnclearTeam(2, 7, "34 a"), UnclearTeam(2, 8, "b 34")], {})


def test_one_team_for_two_people_is_unclear() -> None:
    both = [UnclearTeam(1, 7, "Group 07"), UnclearTeam(5, 7, "Group 07")]
    for other in (Person(5, None, None, "Group 07"), Person(5, None, "07", "/{id}/")):
        assert found([Team(7, "Group 07")], ALICE, other) == Matches({}, both, {})


def test_what_two_people_compete_for_is_not_left_to_the_one_with_no_other_team() -> None:
    teams = [Team(7, "34"), Team(8, "34 12")]
    other = Person(5, None, None, "34 12")
    unclear = [UnclearTeam(2, 7, "34"), UnclearTeam(2, 8, "34 12"), UnclearTeam(5, 8, "34 12")]
    assert found(teams, BOB, other) == Matches({}, unclear, {})


def test_somebody_found_by_username_does_not_compete() -> None:
    teams = [Team(7, "Group 07", ("zoe",)), Team(8, "x", ("alice",))]
    rival = Person(5, None, None, "Group 07")
    assert told(found(teams, ALICE, rival)) == {1: (8, USERNAME), 5: (7, TEAM)}


def test_a_row_with_a_tracked_member_is_nobody_elses() -> None:
    teams = [Team(7, "34 a", ("carol", "zoe")), Team(8, "b 34", ("zack",))]
    assert told(found(teams, BOB, CAROL)) == {2: (8, TEAM), 3: (7, USERNAME)}


def test_a_benchmark_makes_nothing_unclear() -> None:
    teams = [Team(7, "34 baseline", rank=0), Team(8, "b 34", ("zack",))]
    found_ = found(teams, BOB)
    assert told(found_) == {2: (8, TEAM)}
    assert found_.unclear == []


def test_a_pattern_that_fits_everything_has_only_its_first_hundred_teams_told() -> None:
    matches = found([Team(i, f"34 {i}") for i in range(1, 300)], BOB)
    assert [each.team_id for each in matches.unclear] == list(range(1, 101))


# With the other rules


def test_a_username_wins_over_the_team_of_the_same_person() -> None:
    teams = [Team(7, "Group 07", ("zoe",), rank=1), Team(8, "x", ("alice",), rank=900)]
    assert told(found(teams, ALICE)) == {1: (8, USERNAME)}


def test_a_team_wins_over_a_team_that_is_named_like_the_username() -> None:
    teams = [Team(7, "alice", ("zoe",), rank=1), Team(8, "Group 07", ("zack",), rank=900)]
    assert told(found(teams, ALICE)) == {1: (8, TEAM)}
    assert told(found(teams[:1], ALICE)) == {1: (7, TEAM_NAME)}


def test_a_team_wins_over_somebody_else_whose_username_it_is_named_like() -> None:
    teams = [Team(7, "carol", ("zoe",), rank=1), Team(8, "carol", ("zack",), rank=2)]
    other = Person(5, None, None, "/^CAROL$/")
    assert told(found(teams[:1], CAROL, other)) == {5: (7, TEAM)}
    unclear = found(teams, CAROL, other)
    assert told(unclear) == {3: (7, TEAM_NAME)}
    assert [each.user_id for each in unclear.unclear] == [5, 5]


def test_somebody_unclear_gets_nothing_by_the_name_of_a_team() -> None:
    teams = [Team(7, "alice"), Team(8, "Group 07"), Team(9, "Group 07 ")]
    matches = found(teams, ALICE)
    assert told(matches) == {}
    assert [each.team_id for each in matches.unclear] == [8, 9]


def test_the_team_name_rule_is_turned_off_alone() -> None:
    teams = [Team(7, "carol"), Team(8, "Group 07"), Team(9, "x", ("bob",))]
    people = (ALICE, CAROL, Person(5, "bob"))
    assert told(found(teams, *people, team_name=False)) == {1: (8, TEAM), 5: (9, USERNAME)}


def test_the_highest_id_is_that_of_anybody() -> None:
    assert Roster.of([ALICE, DAVE, CAROL]).last_id == DAVE.id
    assert Roster.of([]).last_id == 0


# Cost


def test_a_pattern_with_an_id_is_compiled_only_for_names_that_may_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, seen = team_pattern.compiled, []

    def compiled(pattern: str, student_id: str | None = None) -> re.Pattern[str]:
        seen.append(student_id)
        return real(pattern, student_id)

    monkeypatch.setattr(team_pattern, "compiled", compiled)
    ids = [f"2026-{number}" for number in range(1000, 2000)]
    teams = Teams((i, student_id, "/group {id}/") for i, student_id in enumerate(ids))
    names = [f"Group 2026-{number}" for number in range(1500, 1510)] + ["2026", "group x", "1510 2026"]
    for _ in range(3):
        assert teams.find(names) == {i: [500 + i] for i in range(10)}
    assert sorted(map(str, seen)) == ids[500:511]


# Properties

_WORDS = ("7", "07", "12", "u12", "x", "Group", "é", "alice", "bob")
_NAME = st.lists(st.sampled_from([*_WORDS, " ", "_", "-", ".", "E\u0301"]), max_size=4).map("".join)
_TEAM = st.one_of(
    _NAME.filter(str.strip),
    st.sampled_from(["/{id}/", "/group *{id}/", "/^{id}/", "/{id}$/", "/x/", "/7/", "/é/", "/u{id}/", "/./"]),
)
_ID = st.sampled_from([None, "7", "07", "12", "u12", "u", "x.7", "é", ".", "-7"])
_USERNAMES = ("alice", "bob", "carol")


@st.composite
def boards(draw: st.DrawFn) -> list[Team]:
    members = st.lists(st.sampled_from([*_USERNAMES, "zoe", "zack"]), max_size=2)
    rows = draw(st.lists(st.tuples(_NAME, members, st.integers(0, 4)), max_size=8))
    return [Team(100 + i, name, tuple(members), rank=rank) for i, (name, members, rank) in enumerate(rows)]


@st.composite
def rosters(draw: st.DrawFn) -> list[Person]:
    names = draw(st.permutations([*_USERNAMES, None, None, None]))
    rest = draw(st.lists(st.tuples(_ID, st.one_of(st.none(), _TEAM)), min_size=6, max_size=6))
    return [Person(i, name, *each) for i, (name, each) in enumerate(zip(names, rest, strict=True), start=1)]


def fits(person: Person, name: str) -> bool:
    """Whether a person's team is this one, with a pattern made of the characters one by one."""
    name = unicodedata.normalize("NFC", name.strip())
    team = unicodedata.normalize("NFC", (person.team or "").strip())
    if not team.startswith("/"):
        return bool(team) and team == name
    pattern = team[1:-1]
    if "{id}" not in pattern:
        return re.search(pattern, name, re.IGNORECASE) is not None
    if not person.student_id:
        return False

    def kind(text: str) -> str:
        return "digit" if text.isdecimal() else "letter" if text.isalnum() else "other"

    size, wanted = len(person.student_id), person.student_id
    for at in range(len(name) - size + 1):
        before, here, after = name[:at], name[at : at + size], name[at + size :]
        if here.lower() != wanted.lower():
            continue
        if before and kind(wanted[0]) != "other" and kind(before[-1]) == kind(wanted[0]):
            continue
        if after and kind(wanted[-1]) != "other" and kind(after[0]) == kind(wanted[-1]):
            continue
        marked = f"{before}\N{WHITE SQUARE}{after}"
        if re.search(pattern.replace("{id}", "\N{WHITE SQUARE}"), marked, re.IGNORECASE):
            return True
    return False


def expected(
    teams: list[Team],
    people: list[Person],
    team_name: bool,
) -> tuple[dict[int, str], set[tuple[int, int]]]:
    """What matched each person, and who is unclear about which team."""
    tracked = {person.username: person.id for person in people if person.username}
    rows = [team for team in teams if team.rank != 0]
    by_username = {tracked[name] for team in rows for name in team.members if name in tracked}
    free = [team for team in rows if not set(team.members) & tracked.keys()]
    edges = {
        (person.id, team.team_id)
        for person in people
        for team in free
        if person.id not in by_username and fits(person, team.name)
    }
    clear = {
        (user, team)
        for user, team in edges
        if [each for each in edges if user == each[0] or team == each[1]] == [(user, team)]
    }
    unclear = edges - clear - {edge for edge in edges if edge[0] in {user for user, _ in clear}}
    kinds = dict.fromkeys(by_username, USERNAME) | {user: TEAM for user, _ in clear}
    if team_name:
        for team in free:
            user = tracked.get(team.name)
            if team.team_id in {each for _, each in clear} or user in {each for each, _ in unclear}:
                continue
            if user is not None:
                kinds.setdefault(user, TEAM_NAME)
    return kinds, unclear


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(boards(), rosters(), st.booleans())
def test_a_slow_second_implementation_agrees(
    teams: list[Team],
    people: list[Person],
    team_name: bool,
) -> None:
    matches = found(teams, *people, team_name=team_name)
    kinds, unclear = expected(teams, people, team_name=team_name)
    assert {user: claim.matched_by for user, claim in matches.claims.items()} == kinds
    assert {(each.user_id, each.team_id) for each in matches.unclear} == unclear
    by_id = {team.team_id: team for team in teams}
    for user, claim in matches.claims.items():
        person = people[user - 1]
        team = by_id[claim.standing.team_id or 0]
        if claim.matched_by == TEAM:
            assert fits(person, team.name)
        else:
            assert person.username in (team.members if claim.matched_by == USERNAME else [team.name])


@pytest.mark.long
@settings(max_examples=100, deadline=None)
@given(boards(), rosters(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_people_and_the_pieces_change_nothing(
    teams: list[Team], people: list[Person], chance: Random
) -> None:
    before = found(teams, *people)
    shuffled, others = chance.sample(teams, len(teams)), chance.sample(people, len(people))
    cut = chance.randint(0, len(teams))
    after = match([piece(shuffled[:cut]), piece(shuffled[cut:])], Roster.of(others))
    assert sorted(after.unclear) == sorted(before.unclear)
    assert {user: claim[1:] for user, claim in after.claims.items()} == {
        user: claim[1:] for user, claim in before.claims.items()
    }
