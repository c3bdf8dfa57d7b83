"""Who a row belongs to: the rule in examples, and as properties against a slow second implementation."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random  # noqa: TC003
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.boards import Team
from world.pieces import piece

from kagsync.board.matching import TEAM_NAME, USERNAME, Claim, Person, Roster, match

if TYPE_CHECKING:
    from collections.abc import Iterable

PEOPLE = ("alice", "bob", "carol", "dave")
ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4


def roster_of(people: Iterable[tuple[int, str]]) -> Roster:
    return Roster.of(Person(*person) for person in people)


ROSTER = roster_of(enumerate(PEOPLE, start=1))


def claims(*teams: Team, roster: Roster = ROSTER, team_name: bool = True) -> dict[int, Claim]:
    return match([piece(list(teams))], roster, team_name=team_name).claims


def teams_of(found: dict[int, Claim]) -> dict[int, tuple[int | None, str]]:
    """user id → (team id, what matched)."""
    return {user: (claim.standing.team_id, claim.matched_by) for user, claim in found.items()}


def test_a_member_gets_the_row_of_the_team() -> None:
    found = claims(Team(7, "The Team", ("zoe",), rank=1), Team(8, "Others", ("alice",), rank=2))
    assert teams_of(found) == {ALICE: (8, USERNAME)}
    assert found[ALICE].row == 1


def test_team_mates_both_get_it() -> None:
    found = claims(Team(7, "Us", ("alice", "zoe", "bob"), rank=3))
    assert teams_of(found) == {ALICE: (7, USERNAME), BOB: (7, USERNAME)}
    assert found[ALICE] == found[BOB]


def test_usernames_are_trimmed_and_their_case_is_ignored() -> None:
    assert set(claims(Team(7, "Us", (" ALICE", "Bob ", "\tcarol\t"), rank=1))) == {ALICE, BOB, CAROL}
    assert set(claims(Team(7, "Me", ("  aLiCe ",), rank=1))) == {ALICE}


def test_a_username_entered_in_capitals_matches_a_member_in_lower_case() -> None:
    assert set(claims(Team(7, "Me", ("alice",), rank=1), roster=roster_of([(1, "Alice")]))) == {1}


@pytest.mark.parametrize("member", ["alice2", "malice", "al", "alice bob", "alice;bob", "alice.", ""])
def test_part_of_a_username_never_matches(member: str) -> None:
    assert not claims(Team(7, "The Team", (member,), rank=1))
    assert not claims(Team(7, "The Team", (member, "zoe"), rank=1))


def test_empty_members_between_commas_are_nobody() -> None:
    found = claims(Team(7, "The Team", ("", " ", "alice", ""), rank=1), roster=roster_of([(1, "alice")]))
    assert teams_of(found) == {1: (7, USERNAME)}
    assert found[1].standing.members == "alice"


def test_a_team_name_that_is_exactly_a_username_matches_when_no_member_is_tracked() -> None:
    assert teams_of(claims(Team(7, "alice", ("zoe",), rank=1))) == {ALICE: (7, TEAM_NAME)}
    assert teams_of(claims(Team(7, "alice", (), rank=1))) == {ALICE: (7, TEAM_NAME)}


@pytest.mark.parametrize(
    "name", ["Alice", "ALICE", " alice", "alice ", "alice!", "team alice", "alice,bob", ""]
)
def test_a_team_name_that_is_almost_a_username_matches_nobody(name: str) -> None:
    assert not claims(Team(7, name, ("zoe",), rank=1))


def test_a_team_name_counts_for_nothing_when_a_member_is_tracked() -> None:
    assert teams_of(claims(Team(7, "alice", ("bob", "zoe"), rank=1))) == {BOB: (7, USERNAME)}


def test_a_team_named_after_its_own_member_is_a_username_match() -> None:
    assert teams_of(claims(Team(7, "alice", ("alice",), rank=1))) == {ALICE: (7, USERNAME)}


def test_the_team_name_rule_can_be_turned_off() -> None:
    teams = (Team(7, "alice", ("zoe",), rank=1), Team(8, "x", ("bob",), rank=2))
    assert teams_of(claims(*teams, team_name=False)) == {BOB: (8, USERNAME)}


def test_a_benchmark_is_never_anybodys() -> None:
    assert not claims(Team(7, "alice", (), rank=0), Team(8, "Baseline", ("bob", "carol"), rank=0))


def test_a_benchmark_does_not_hide_a_real_row() -> None:
    found = claims(Team(7, "Baseline", ("alice",), rank=0), Team(8, "x", ("alice",), rank=900))
    assert teams_of(found) == {ALICE: (8, USERNAME)}


@pytest.mark.parametrize("upside_down", [False, True])
def test_a_username_match_always_beats_a_team_name(upside_down: bool) -> None:
    teams = [Team(7, "alice", ("zoe",), rank=1), Team(8, "x", ("alice",), rank=5000)]
    found = claims(*(reversed(teams) if upside_down else teams))
    assert teams_of(found) == {ALICE: (8, USERNAME)}


@pytest.mark.parametrize("upside_down", [False, True])
def test_of_two_rows_with_a_member_the_better_rank_wins(upside_down: bool) -> None:
    teams = [Team(7, "x", ("alice",), rank=2), Team(8, "y", ("alice", "bob"), rank=10)]
    found = claims(*(reversed(teams) if upside_down else teams))
    assert teams_of(found) == {ALICE: (7, USERNAME), BOB: (8, USERNAME)}


def test_of_two_teams_with_the_same_name_the_better_rank_wins() -> None:
    teams = (Team(9, "alice", (), rank=10), Team(8, "alice", (), rank=9), Team(7, "alice", (), rank=11))
    assert teams_of(claims(*teams)) == {ALICE: (8, TEAM_NAME)}


def test_a_known_rank_beats_an_illegible_one() -> None:
    found = claims(Team(7, "x", ("alice",), rank=None), Team(8, "y", ("alice",), rank=900))
    assert teams_of(found) == {ALICE: (8, USERNAME)}


def test_a_row_without_a_rank_still_belongs_to_its_member() -> None:
    assert teams_of(claims(Team(7, "x", ("alice",), rank=None))) == {ALICE: (7, USERNAME)}


def test_nobody_tracked_means_nobody_matched() -> None:
    assert claims(Team(7, "alice", ("alice",), rank=1), roster=roster_of([])) == {}


# Properties: few names, so that rows compete for people.

_MEMBER = st.sampled_from([*PEOPLE, "ALICE", " bob ", "Carol", "zoe", "alice2", ""])
_NAME = st.sampled_from([*PEOPLE, "Alice", "bob ", "zoe", "", "The Team"])
_RANK = st.one_of(st.none(), st.integers(0, 6))


@st.composite
def boards(draw: st.DrawFn) -> list[Team]:
    rows = draw(st.lists(st.tuples(_NAME, st.lists(_MEMBER, max_size=3), _RANK), max_size=12))
    return [Team(100 + i, name, tuple(members), rank=rank) for i, (name, members, rank) in enumerate(rows)]


def rosters() -> st.SearchStrategy[list[tuple[int, str]]]:
    return st.sets(st.sampled_from(PEOPLE)).map(lambda names: list(enumerate(sorted(names), start=1)))


def strength(kind: str, rank: int | None) -> tuple[bool, float]:
    return kind == TEAM_NAME, math.inf if rank is None else rank


def candidates(teams: list[Team], roster: list[tuple[int, str]], user: str) -> list[tuple[int, str]]:
    """Every (row, what matches) that may be this user's, one row after the other."""
    tracked = {name for _, name in roster}
    found = []
    for row, team in enumerate(teams):
        members = {part.strip().lower() for part in ",".join(team.members).split(",")}
        if team.rank == 0:
            continue
        if members & tracked:
            if user in members:
                found.append((row, USERNAME))
        elif team.name == user:
            found.append((row, TEAM_NAME))
    return found


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(boards(), rosters())
def test_a_slow_second_implementation_agrees(teams: list[Team], roster: list[tuple[int, str]]) -> None:
    found = claims(*teams, roster=roster_of(roster))
    for key, user in roster:
        possible = candidates(teams, roster, user)
        if not possible:
            assert key not in found
            continue
        claim = found.pop(key)
        assert (claim.row, claim.matched_by) in possible
        best = min(strength(kind, teams[row].rank) for row, kind in possible)
        assert strength(claim.matched_by, claim.standing.rank) == best
        assert claim.standing == piece(teams).standing(claim.row)
    assert not found, "somebody who is not tracked was matched"


@settings(max_examples=100, deadline=None)
@given(boards(), rosters())
def test_without_the_team_name_rule_only_members_are_matched(
    teams: list[Team], roster: list[tuple[int, str]]
) -> None:
    off = claims(*teams, roster=roster_of(roster), team_name=False)
    on = claims(*teams, roster=roster_of(roster))
    assert off == {user: claim for user, claim in on.items() if claim.matched_by == USERNAME}


@settings(max_examples=100, deadline=None)
@given(boards(), rosters())
def test_nobody_is_credited_twice_and_only_mates_share_a_row(
    teams: list[Team], roster: list[tuple[int, str]]
) -> None:
    found = claims(*teams, roster=roster_of(roster))
    assert set(found) <= {key for key, _ in roster}
    by_name = [claim.row for claim in found.values() if claim.matched_by == TEAM_NAME]
    by_member = {claim.row for claim in found.values() if claim.matched_by == USERNAME}
    assert len(by_name) == len(set(by_name))
    assert not by_member & set(by_name)


@settings(max_examples=100, deadline=None)
@given(boards(), rosters(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_the_roster_changes_nothing(
    teams: list[Team], roster: list[tuple[int, str]], chance: Random
) -> None:
    before = claims(*teams, roster=roster_of(roster))
    shuffled, people = list(teams), list(roster)
    chance.shuffle(shuffled)
    chance.shuffle(people)
    after = claims(*shuffled, roster=roster_of(people))
    assert {user: (claim.standing, claim.matched_by) for user, claim in after.items()} == {
        user: (claim.standing, claim.matched_by) for user, claim in before.items()
    }


@settings(max_examples=100, deadline=None)
@given(boards(), rosters(), st.lists(st.integers(0, 12), max_size=4))
def test_cutting_the_board_into_other_pieces_changes_nothing(
    teams: list[Team], roster: list[tuple[int, str]], cuts: list[int]
) -> None:
    edges = [0, *sorted(min(cut, len(teams)) for cut in cuts), len(teams)]
    pieces = [piece(teams[a:b]) for a, b in pairwise(edges)]
    assert match(pieces, roster_of(roster)).claims == claims(*teams, roster=roster_of(roster))
