"""Who passed whom: the rule, and what holds for any two boards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.standings.movements import IMPROVED, OVERTAKEN, REASONS, RESCORED, SUBMITTED, Movement
from kagsync.standings.passing import Ranks, may_pass, passed
from kagsync.standings.standing import Standing


def at(rank: int, score: float, submissions: int | None = 1) -> Standing:
    return Standing(rank, score, str(score), 7, "Team", "alice", submissions)


def test_whoever_was_ahead_and_is_behind_now_was_passed() -> None:
    people = {1: Ranks(41, 35), 2: Ranks(38, 39), 3: Ranks(36, 37), 4: Ranks(34, 34), 5: Ranks(50, 51)}
    assert passed(1, people) == [3, 2]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Ranks(None, 50), id="came to the board"),
        pytest.param(Ranks(20, None), id="left it"),
        pytest.param(Ranks(41, 35), id="in the same team"),
        pytest.param(Ranks(42, 36), id="was behind already"),
        pytest.param(Ranks(40, 34), id="is still ahead"),
    ],
)
def test_others_were_not(other: Ranks) -> None:
    assert passed(1, {1: Ranks(41, 35), 2: other}) == []


def test_even_with_a_worse_rank_somebody_may_be_passed() -> None:
    assert passed(1, {1: Ranks(41, 45), 2: Ranks(40, 50)}) == [2]


@pytest.mark.parametrize(
    "people", [{}, {1: Ranks(None, 1)}, {1: Ranks(1, None)}], ids=["unknown", "new", "gone"]
)
def test_without_two_ranks_nobody_was_passed(people: dict[int, Ranks]) -> None:
    assert passed(1, {**people, 2: Ranks(1, 9)}) == []


def test_only_a_better_score_of_ones_own_passes_others() -> None:
    better, again = at(35, 0.9, 2), at(35, 0.9)
    allowed = {reason for reason in REASONS if may_pass(Movement(reason, 1, at(41, 0.8), better))}
    assert allowed == {IMPROVED, RESCORED}  # the latter if the direction is not known
    assert not may_pass(Movement(RESCORED, 1, at(41, 0.8), again))  # the host, or a simulation
    assert not may_pass(Movement(SUBMITTED, 1, at(41, 0.8), at(41, 0.8, 2)))
    assert not may_pass(Movement(OVERTAKEN, 1, at(41, 0.8), at(42, 0.8)))


_RANK = st.one_of(st.none(), st.integers(1, 30))
_PEOPLE = st.dictionaries(st.integers(1, 9), st.builds(Ranks, _RANK, _RANK))


@given(_PEOPLE)
def test_of_two_people_at_most_one_passed_the_other(people: dict[int, Ranks]) -> None:
    for one in people:
        for other in passed(one, people):
            assert one != other
            assert one not in passed(other, people)


@given(_PEOPLE)
def test_backwards_the_others_pass(people: dict[int, Ranks]) -> None:
    backwards = {key: Ranks(after, before) for key, (before, after) in people.items()}
    pairs = {(one, other) for one in people for other in passed(one, people)}
    assert pairs == {(other, one) for one in backwards for other in passed(one, backwards)}


@given(_PEOPLE, st.integers(1, 9))
def test_who_is_tracked_besides_makes_no_difference(people: dict[int, Ranks], left_out: int) -> None:
    fewer = {key: ranks for key, ranks in people.items() if key != left_out}
    for one in fewer:
        assert passed(one, fewer) == [other for other in passed(one, people) if other != left_out]


@given(_PEOPLE)
def test_the_best_comes_first_and_nobody_moved_means_nobody_passed(people: dict[int, Ranks]) -> None:
    for one in people:
        ranks = [people[other].after for other in passed(one, people)]
        assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    still = {key: Ranks(after, after) for key, (_, after) in people.items()}
    assert not any(passed(one, still) for one in still)
