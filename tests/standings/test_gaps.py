"""What is next: the way to the next person, baseline and medal, by hand and on random boards."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.work import counted

from kagsync.standings import gaps
from kagsync.standings.gaps import Gap, medal, to_baseline, to_medal
from kagsync.standings.marks import Benchmark, MedalLine
from kagsync.standings.standing import Standing


def standing(rank: int | None, score: float | None = None) -> Standing:
    return Standing(
        rank=rank,
        score=score,
        score_text=None if score is None else str(score),
        team_id=7,
        team_name="The Team",
        members="alice",
        submission_count=1,
    )


def baseline(name: str, score: float | None, place: int | None = None) -> tuple[Benchmark, int | None]:
    return Benchmark(name, score, None if score is None else str(score)), place


# The next person


def to_person(me: Standing, others: list[tuple[str, Standing]]) -> Gap | None:
    return gaps.to_person(me, gaps.by_rank(others))


def test_the_next_person_is_the_nearest_one_ahead() -> None:
    others = [
        ("top", standing(1, 0.9)),
        ("bob", standing(8, 0.7)),
        ("carol", standing(3, 0.8)),
        ("zoe", standing(11, 0.5)),
    ]
    assert to_person(standing(10, 0.6), others) == Gap("bob", 2, 0.1)


def test_where_lower_is_better_the_way_is_as_long() -> None:
    assert to_person(standing(10, 0.6), [("bob", standing(8, 0.5))]) == Gap("bob", 2, 0.1)


def test_nobody_is_ahead_of_the_first() -> None:
    assert to_person(standing(1, 0.9), [("bob", standing(2, 0.8))]) is None
    assert to_person(standing(1, 0.9), []) is None


def test_nobody_is_ahead_of_themselves_or_of_team_mates() -> None:
    me = standing(10, 0.6)
    assert to_person(me, [("alice", me), ("mate", standing(10, 0.6))]) is None
    assert to_person(me, [("alice", me), ("mate", standing(10, 0.6)), ("bob", standing(9, 0.7))]) == Gap(
        "bob", 1, 0.1
    )


def test_a_tie_in_score_is_a_matter_of_places_only() -> None:
    assert to_person(standing(10, 0.6), [("bob", standing(8, 0.6))]) == Gap("bob", 2, 0.0)


def test_of_two_people_at_one_rank_the_first_is_told() -> None:
    assert to_person(standing(10, 0.6), [("bob", standing(8, 0.7)), ("carol", standing(8, 0.7))]) == Gap(
        "bob", 2, 0.1
    )


def test_without_a_rank_nobody_is_ahead() -> None:
    assert to_person(standing(None, 0.6), [("bob", standing(8, 0.7))]) is None
    assert to_person(standing(10, 0.6), [("bob", standing(None, 0.7))]) is None


def test_without_a_score_the_places_are_known_all_the_same() -> None:
    assert to_person(standing(10), [("bob", standing(8, 0.7))]) == Gap("bob", 2, None)
    assert to_person(standing(10, 0.6), [("bob", standing(8))]) == Gap("bob", 2, None)


@pytest.mark.parametrize(
    ("mine", "theirs", "distance"),
    [(0.97092, 0.97108, 0.00016), (0.97108, 0.97092, 0.00016), (0.1, 0.3, 0.2), (68908.316, 68900.1, 8.216)],
)
def test_binary_fractions_add_nothing(mine: float, theirs: float, distance: float) -> None:
    assert to_person(standing(10, mine), [("bob", standing(9, theirs))]) == Gap("bob", 1, distance)
    assert to_medal(standing(10, mine), [MedalLine("gold", 9, theirs)]) == Gap("gold", 1, distance)
    found = to_baseline(standing(10, mine), [baseline("host", theirs, 9)], theirs > mine)
    assert found == Gap("host", 1, distance)


_PEOPLE = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.none() | st.integers(1, 6), st.none() | st.integers(0, 9)),
    max_size=12,
)


@given(_PEOPLE, st.none() | st.integers(1, 7))
def test_the_next_person_is_the_first_of_those_at_the_nearest_rank_ahead(
    people: list[tuple[str, int | None, int | None]], rank: int | None
) -> None:
    others = [(name, standing(place, score)) for name, place, score in people]
    ahead = [(place, name, score) for name, place, score in people if place and rank and place < rank]
    found = to_person(standing(rank, 5), others)
    if not ahead:
        assert found is None
        return
    assert rank is not None
    place, name, score = max(ahead, key=lambda each: each[0])  # of several at one rank, the first given
    assert found == Gap(name, rank - place, None if score is None else abs(score - 5))


def test_the_work_for_all_people_grows_in_proportion() -> None:
    def work(people: int) -> int:
        everybody = [(f"user{n}", standing(n, n / 100)) for n in range(people, 0, -1)]
        with counted() as found:
            others = gaps.by_rank(everybody)
            for _, me in everybody:
                gaps.to_person(me, others)
        return found.python

    assert work(400) < 2.5 * work(200)


# The next baseline

BASELINES = [
    baseline("All zeros", 0.5, 1700),
    baseline("Starter", 0.7, 900),
    baseline("Host", 0.8, 100),
    baseline("Broken", None),
]


def test_the_next_baseline_is_the_nearest_with_a_better_score() -> None:
    assert to_baseline(standing(1000, 0.6), BASELINES, True) == Gap("Starter", 100, 0.1)
    assert to_baseline(standing(1000, 0.6), BASELINES, False) == Gap("All zeros", 0, 0.1)
    assert to_baseline(standing(1000, 0.75), BASELINES, False) == Gap("Starter", 100, 0.05)


def test_above_all_baselines_there_is_none() -> None:
    assert to_baseline(standing(5, 0.81), BASELINES, True) is None
    assert to_baseline(standing(5, 0.49), BASELINES, False) is None
    assert to_baseline(standing(5, 0.6), [], True) is None


@pytest.mark.parametrize("higher", [True, False])
def test_to_draw_level_with_a_baseline_is_enough(higher: bool) -> None:
    assert to_baseline(standing(5, 0.8), [baseline("Host", 0.8, 5)], higher) is None


def test_without_a_direction_or_a_score_no_baseline_is_next() -> None:
    assert to_baseline(standing(1000, 0.6), BASELINES, None) is None
    assert to_baseline(standing(1000), BASELINES, True) is None
    assert to_baseline(standing(1000, 0.6), [baseline("Broken", None)], True) is None


def test_without_a_rank_or_a_place_only_the_score_is_known() -> None:
    assert to_baseline(standing(None, 0.6), BASELINES, True) == Gap("Starter", None, 0.1)
    assert to_baseline(standing(1000, 0.6), [baseline("Host", 0.7)], True) == Gap("Host", None, 0.1)


def test_a_place_behind_ones_own_is_no_way_back() -> None:
    """A baseline's place is as old as the newest board; an entry's rank too, but nothing forces them."""
    assert to_baseline(standing(10, 0.6), [baseline("Host", 0.7, 11)], True) == Gap("Host", 0, 0.1)


def test_of_baselines_with_one_score_the_name_decides() -> None:
    marks = [baseline("b", 0.7, 5), baseline("a", 0.7, 5)]
    assert to_baseline(standing(10, 0.6), marks, True) == to_baseline(standing(10, 0.6), marks[::-1], True)


def test_a_baseline_twice_on_the_board_is_no_trouble() -> None:
    marks = [baseline("Host", 0.7, 5), baseline("Host", 0.7, None)]
    assert to_baseline(standing(10, 0.6), marks, True) == Gap("Host", 5, 0.1)


# The next medal

LINES = [MedalLine("gold", 13, 0.9), MedalLine("silver", 87, 0.8), MedalLine("bronze", 174, 0.7)]


@pytest.mark.parametrize(
    ("rank", "has", "following"),
    [
        (1, "gold", None),
        (13, "gold", None),
        (14, "silver", Gap("gold", 1, 0.3)),
        (87, "silver", Gap("gold", 74, 0.3)),
        (88, "bronze", Gap("silver", 1, 0.2)),
        (174, "bronze", Gap("silver", 87, 0.2)),
        (175, None, Gap("bronze", 1, 0.1)),
        (1744, None, Gap("bronze", 1570, 0.1)),
    ],
)
def test_each_rank_has_its_medal_and_the_next_one(rank: int, has: str | None, following: Gap | None) -> None:
    for lines in (LINES, LINES[::-1]):
        assert medal(standing(rank, 0.6), lines) == has
        assert to_medal(standing(rank, 0.6), lines) == following


def test_where_lower_is_better_the_medals_are_as_far() -> None:
    assert to_medal(standing(20, 0.95), LINES) == Gap("gold", 7, 0.05)


def test_where_no_medals_are_there_is_none() -> None:
    assert medal(standing(1, 0.9), []) is None
    assert to_medal(standing(1, 0.9), []) is None


def test_on_a_small_board_without_gold_silver_is_the_best() -> None:
    lines = [MedalLine("silver", 1, 0.9), MedalLine("bronze", 2, 0.8)]
    assert (medal(standing(1, 0.9), lines), to_medal(standing(1, 0.9), lines)) == ("silver", None)
    assert (medal(standing(3, 0.7), lines), to_medal(standing(3, 0.7), lines)) == (
        None,
        Gap("bronze", 1, 0.1),
    )


def test_without_a_rank_there_is_no_medal() -> None:
    assert medal(standing(None, 0.6), LINES) is None
    assert to_medal(standing(None, 0.6), LINES) is None


def test_without_a_score_the_places_to_a_medal_are_known_all_the_same() -> None:
    assert to_medal(standing(175), LINES) == Gap("bronze", 1, None)
    assert to_medal(standing(175, 0.6), [MedalLine("bronze", 174, None)]) == Gap("bronze", 1, None)


# Properties on boards whose ranks follow the scores

_SCORES = st.lists(st.integers(0, 30).map(lambda n: n / 100), min_size=1, max_size=12)


@settings(max_examples=150)
@given(_SCORES, st.booleans(), st.data())
def test_on_a_consistent_board_all_that_is_ahead_is_further_up_and_better(
    scores: list[float], higher: bool, data: st.DataObject
) -> None:
    scores = sorted(scores, reverse=higher)
    board = [(f"user{rank}", standing(rank, score)) for rank, score in enumerate(scores, start=1)]
    people = data.draw(st.lists(st.sampled_from(board), min_size=1))
    edges = sorted(data.draw(st.sets(st.integers(1, len(board)), max_size=3)))
    lines = [
        MedalLine(name, rank, scores[rank - 1])
        for name, rank in zip(("gold", "silver", "bronze"), edges, strict=False)
    ]
    by_name = {line.medal: line for line in lines}
    for name, me in board:
        rank, score = me.rank or 0, me.score or 0.0
        person = to_person(me, people)
        assert (person is None) == all((other.rank or 0) >= rank for _, other in people)
        if person is not None:
            ahead = dict(people)[person.to]
            assert person.places is not None and person.score is not None
            assert person.places > 0 and person.score >= 0
            assert rank - person.places == ahead.rank
            assert score + (person.score if higher else -person.score) == pytest.approx(ahead.score)
            assert person.to != name
            assert not any((ahead.rank or 0) < (other.rank or 0) < rank for _, other in people)

        following, has = to_medal(me, lines), medal(me, lines)
        if following is not None:
            line = by_name[following.to]
            assert following.places is not None and following.score is not None
            assert following.places > 0 and following.score >= 0
            assert rank - following.places == line.rank
            assert score + (following.score if higher else -following.score) == pytest.approx(line.score)
        names = [line.medal for line in lines]
        assert (following is None) == (not lines or has == names[0])
        if has is not None and following is not None:
            assert names.index(following.to) == names.index(has) - 1
        if has is None and lines:
            assert following is not None and following.to == names[-1]


@settings(max_examples=150)
@given(_SCORES, st.lists(st.integers(0, 30).map(lambda n: n / 100), max_size=4), st.booleans())
def test_on_a_consistent_board_a_baseline_ahead_is_better_and_the_nearest(
    scores: list[float], marks: list[float], higher: bool
) -> None:
    sign = 1 if higher else -1
    scores = sorted(scores, reverse=higher)
    baselines = [
        baseline(f"mark {n}", mark, 1 + sum(sign * score > sign * mark for score in scores))
        for n, mark in enumerate(marks)
    ]
    for rank, score in enumerate(scores, start=1):
        found = to_baseline(standing(rank, score), baselines, higher)
        better = [sign * (mark - score) for mark in marks if sign * (mark - score) > 0]
        assert (found is None) == (not better)
        if found is not None:
            mirror = [
                baseline(mark.name, -mark.score if mark.score else mark.score, place)
                for mark, place in baselines
            ]
            assert to_baseline(standing(rank, -score), mirror, not higher) == found
            assert found.score == pytest.approx(min(better))
            assert found.score is not None and found.score > 0
            assert found.places is not None and 0 <= found.places < rank
