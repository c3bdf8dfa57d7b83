"""The six rules: by hand on five people, and what holds for each of them on any board."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.scoring import places, rules, series
from kagsync.scoring.rules import Field, NotKnownError, Result
from kagsync.scoring.series import Part, Scale, Series
from kagsync.standings.which import PRIVATE, PUBLIC

FIELD = Field("titanic", PUBLIC, "2025-10-31", teams=101, best=1.0, higher_is_better=True, days=0.0, ours=5)
PART = Part(1, "titanic", scale=Scale(0.5, 0.9, 40))
# Ann is the first of five; bob and cem are team-mates.
FIVE = {
    "ann": Result(rank=3, score=0.9, members=1, first=1, last=1),
    "bob": Result(rank=10, score=0.8, members=2, first=2, last=3),
    "cem": Result(rank=10, score=0.8, members=2, first=2, last=3),
    "dora": Result(rank=40, score=0.6, members=1, first=4, last=4),
    "eve": Result(rank=101, score=0.5, members=1, first=5, last=5),
}


def worth(rule: str, result: Result = FIVE["bob"], field: Field = FIELD, **options: Any) -> float:
    return rules.points(Series(1, "s", rule, **options), PART, result, field).value


def words(rule: str, result: Result = FIVE["bob"], field: Field = FIELD, **options: Any) -> str:
    return rules.points(Series(1, "s", rule, **options), PART, result, field).words


# By hand


@pytest.mark.parametrize(
    ("rule", "ties", "expected"),
    [
        ("places", "min", [25, 18, 18, 12, 10]),
        ("places", "average", [25, 16.5, 16.5, 12, 10]),  # (18 + 15) / 2
        ("places", "max", [25, 15, 15, 12, 10]),
        ("percentile", "min", [98, 91, 91, 61, 0]),
        ("local-percentile", "min", [100, 75, 75, 25, 0]),
        ("local-percentile", "average", [100, 62.5, 62.5, 25, 0]),
        ("local-percentile", "max", [100, 50, 50, 25, 0]),
        ("score", "min", [40, 30, 30, 10, 0]),
        ("ctf", "min", [0.9 + 1 / 3, 0.9, 0.9, 0.625, 0.5 + 1 / 101]),
    ],
)
def test_five_people(rule: str, ties: str, expected: list[float]) -> None:
    found = [worth(rule, result, ties=ties) for result in FIVE.values()]
    assert found == pytest.approx(expected, rel=1e-12)


def test_kaggles_points_of_five_people() -> None:
    # With 10⁹ teams the logarithm is 1, and the ranks are fourth powers: 16^−0.75 is 1/8.
    field = FIELD._replace(teams=10**9)
    ranks = {"ann": (1, 1), "bob": (16, 4), "cem": (16, 4), "dora": (81, 1), "eve": (256, 9)}
    found = [
        worth("kaggle", FIVE[name]._replace(rank=rank, members=members), field)
        for name, (rank, members) in ranks.items()
    ]
    assert found == pytest.approx([100_000, 6_250, 6_250, 100_000 / 27, 100_000 / 3 / 64], rel=1e-12)
    halved = field._replace(days=500 * math.log(2))
    assert worth("kaggle", FIVE["bob"]._replace(rank=16, members=4), halved) == pytest.approx(3_125)


def test_the_examples_in_the_documentation_of_the_rules() -> None:
    two_firsts = FIVE["ann"]._replace(first=1, last=2)
    assert [worth("places", two_firsts, ties=ties) for ties in places.TIES] == [25, 21.5, 18]
    assert rules.percentile(26, 101) == 75
    assert (rules.percentile(1, 1), rules.percentile(2, 1)) == (100, 0)  # a rank may be an older one
    assert rules.local_percentile(2, 5) == 75
    found = [rules.score(value, Scale(0.6, 0.8, 50), True) for value in (0.7, 0.85, 0.5)]
    assert found == pytest.approx([25, 50, 0])
    assert rules.score(0.65, Scale(0.6, 0.8, 50), False) == pytest.approx(37.5)
    assert rules.kaggle(3, 1_000, 2, 100) == pytest.approx(15_290.61, abs=0.005)
    assert rules.ctf(80, 100, 4, higher_is_better=True) == pytest.approx(1.05)


def test_a_rating_that_ctftime_gave() -> None:
    # pingCTF 2023, weight 24.29: 2,193 points where 5,217 were the most, place 18, rated 11.560.
    assert 24.29 * rules.ctf(2193, 5217, 18, higher_is_better=True) == pytest.approx(11.56, abs=0.0005)


def test_a_place_beyond_the_table_gets_nothing() -> None:
    last = FIVE["eve"]._replace(first=10, last=11)
    assert [worth("places", last, ties=ties) for ties in places.TIES] == [1, 0.5, 0]
    assert worth("places", FIVE["dora"], points=(5.0, 3.0)) == 0


@pytest.mark.parametrize("ties", places.TIES)
@pytest.mark.parametrize(
    ("rule", "full"),
    [("places", 25), ("percentile", 100), ("local-percentile", 100), ("score", 40), ("ctf", 2)],
)
def test_the_only_person_of_the_only_team_gets_all_points(rule: str, full: float, ties: str) -> None:
    # Only the rule `score` needs to know which scores are better: 0.9 is the better end then.
    direction = True if rule == "score" else None
    field = FIELD._replace(teams=1, ours=1, best=0.9, higher_is_better=direction)
    assert worth(rule, FIVE["ann"]._replace(rank=1), field, ties=ties) == full


def test_by_kaggles_formula_the_only_team_gets_nothing() -> None:
    assert rules.kaggle(1, 1, 1, 0) == 0


@pytest.mark.parametrize(
    ("scale", "higher_is_better", "expected"),
    [
        (Scale(0.2, 0.6, 8), False, [8, 4, 0, 0]),
        (Scale(0.6, 0.2, 8), False, [8, 4, 0, 0]),
        (Scale(0.6, 0.2, 8), None, [8, 4, 0, 0]),  # the first is the higher one: lower is better
        (Scale(0.2, 0.6, 8), True, [0, 4, 8, 8]),
        (Scale(-4.0, -2.0, 8), True, [8, 8, 8, 8]),
    ],
)
def test_scores_count_in_either_direction_and_no_further_than_the_two_ends(
    scale: Scale, higher_is_better: bool | None, expected: list[float]
) -> None:
    found = [rules.score(value, scale, higher_is_better) for value in (0.2, 0.4, 0.6, 0.9)]
    assert found == pytest.approx(expected)
    assert all(math.copysign(1, each) == 1 for each in found)  # no −0.0


@pytest.mark.parametrize(
    ("value", "best", "higher_is_better", "expected"),
    [
        (0.4, 0.2, False, 0.5),
        (0.2, 0.2, False, 1),
        (0.4, 0.0, False, 0),  # a quotient with 0 says nothing
        (0.0, 0.0, True, 1),
        (-0.2, 0.8, True, 0),
        (-0.4, -0.2, True, 0),
        (0.9, 0.8, True, 1),  # better than the first team's: a person set the wrong direction
        (0.1, 0.2, False, 1),
    ],
)
def test_a_quotient_of_scores_is_from_0_to_1_and_0_if_it_says_nothing(
    value: float, best: float, higher_is_better: bool, expected: float
) -> None:
    found = rules.ctf(value, best, 4, higher_is_better=higher_is_better)
    assert found == pytest.approx(expected + 1 / 4)


# What is not known


@pytest.mark.parametrize(
    ("rule", "lacks", "what"),
    [
        ("percentile", {"teams": None}, "the number of teams"),
        ("kaggle", {"teams": None}, "the number of teams"),
        ("ctf", {"best": None}, "the best score"),
        ("ctf", {"higher_is_better": None}, "which scores are better"),
        ("score", {"higher_is_better": None}, "which scores are better"),
    ],
)
@pytest.mark.parametrize(("kind", "which"), [(PUBLIC, " board"), (PRIVATE, "private board")])
def test_what_a_rule_lacks_is_told_with_the_competition_and_the_day(
    rule: str, lacks: dict[str, None], what: str, kind: str, which: str
) -> None:
    field = FIELD._replace(board=kind, **lacks)
    with pytest.raises(NotKnownError) as raised:
        worth(rule, field=field)
    assert all(each in str(raised.value) for each in ("titanic", what, which, "2025-10-31"))


def test_two_scores_of_which_the_first_is_the_higher_one_say_themselves_that_lower_is_better() -> None:
    field = FIELD._replace(higher_is_better=None)
    falling = PART._replace(scale=Scale(0.9, 0.5, 40))
    assert rules.points(Series(1, "s", "score"), falling, FIVE["bob"], field).value == pytest.approx(10)


@pytest.mark.parametrize("rule", ["places", "local-percentile"])
def test_a_rule_that_needs_nothing_of_the_whole_board_never_refuses(rule: str) -> None:
    field = FIELD._replace(teams=None, best=None, higher_is_better=None)
    assert worth(rule, field=field) == worth(rule)


def test_a_score_that_cannot_be_read_is_worth_nothing_and_the_words_say_so() -> None:
    unread = FIVE["bob"]._replace(score=None)
    assert worth("score", unread) == 0
    assert worth("ctf", unread) == 1 / 10
    for rule in ("score", "ctf"):
        assert "cannot be read" in words(rule, unread)


def test_a_rank_from_before_teams_left_the_board_is_worth_no_less_than_the_last_one() -> None:
    assert worth("percentile", FIVE["eve"]._replace(rank=103)) == 0


def test_an_unknown_number_of_members_counts_as_one() -> None:
    unknown = FIVE["bob"]._replace(members=None)
    assert worth("kaggle", unknown) == worth("kaggle", FIVE["bob"]._replace(members=1))


# In words


def test_the_words_name_what_the_points_came_from() -> None:
    assert words("places") == "place 2 of 5"
    assert words("local-percentile", ties="average") == "place 2.5 of 5"
    assert words("percentile", field=FIELD._replace(teams=1744)) == "rank 10 of 1,744 teams"
    assert words("score") == "score 0.8 between 0.5 and 0.9, of 40 points"
    assert words("ctf") == "score 0.8, the best is 1, rank 10"
    ended = words("kaggle", field=FIELD._replace(days=12.3))
    assert ended == "rank 10 of 101 teams, a team of 2, 12 days after the deadline"


# On any board


@st.composite
def _boards(draw: st.DrawFn) -> tuple[list[Result], Field, Part]:
    """Some people of a board, the best first; team-mates share a rank, and a better rank a better score."""
    higher = draw(st.booleans())
    sign = 1 if higher else -1
    teams = draw(st.integers(1, 60))
    merits = sorted(draw(st.lists(st.integers(-40, 90), min_size=teams, max_size=teams)), reverse=True)
    ranks = sorted(draw(st.lists(st.integers(1, teams), min_size=1, max_size=12)))
    spans = places.spans(enumerate(ranks))
    results = [
        Result(rank, sign * merits[rank - 1] / 100, ranks.count(rank), *spans[number])
        for number, rank in enumerate(ranks)
    ]
    low, high = sorted(draw(st.lists(st.integers(-50, 100), min_size=2, max_size=2, unique=True)))
    ends = (low / 100, high / 100)
    best = sign * merits[0] / 100
    field = Field("x", PUBLIC, "2025-10-31", teams, best, higher, draw(st.floats(0, 1000)), len(ranks))
    points = draw(st.integers(1, 100))
    return results, field, Part(1, "x", scale=Scale(*(ends if higher else ends[::-1]), points))


_TABLES = st.lists(st.integers(0, 30), min_size=1, max_size=12).map(
    lambda points: tuple(map(float, sorted(points, reverse=True)))
)


@pytest.mark.parametrize("rule", rules.RULES)
@given(_boards(), st.sampled_from(places.TIES), _TABLES)
def test_points_never_rise_with_the_rank(
    rule: str, board: tuple[list[Result], Field, Part], ties: str, table: tuple[float, ...]
) -> None:
    results, field, part = board
    which = Series(1, "s", rule, points=table, ties=ties)
    # Only a team's size can outweigh a rank, so everybody is alone here.
    alone = [result._replace(members=1) for result in results]
    found = [rules.points(which, part, result, field).value for result in alone]
    assert found == sorted(found, reverse=True)
    for result, points in zip(alone, found, strict=True):  # the same rank, the same points
        assert points == found[[each.rank for each in alone].index(result.rank)]


@pytest.mark.parametrize("rule", rules.RULES)
@given(_boards(), st.sampled_from(places.TIES))
def test_points_stay_within_their_bounds(
    rule: str, board: tuple[list[Result], Field, Part], ties: str
) -> None:
    results, field, part = board
    assert part.scale is not None
    most = {
        series.PLACES: 25,
        series.PERCENTILE: 100,
        series.LOCAL_PERCENTILE: 100,
        series.SCORE: part.scale.points,
        series.KAGGLE: 100_000,
        series.CTF: 2,
    }[rule]
    for result in results:
        found = rules.points(Series(1, "s", rule, ties=ties), part, result, field)
        assert 0 <= found.value <= most
        assert found.words
