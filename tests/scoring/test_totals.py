"""Totals of a series: which results count, weights, ties, teams, groups; and what holds whatever the rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.scoring import places, rules, totals
from kagsync.scoring.rules import Field, NotKnownError
from kagsync.scoring.series import Part, Scale, Series
from kagsync.scoring.totals import Board, GroupTotal, Total
from kagsync.standings.standing import PastStanding
from kagsync.standings.which import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANN, BOB, CEM, DORA, EVE = PEOPLE = (1, 2, 3, 4, 5)
TEAMS = 101
ONE, TWO, THREE = (Part(number, f"c{number}", scale=Scale(0, 1, 100)) for number in (1, 2, 3))


def on(ranks: Mapping[int, int | None], **field: Any) -> Board:
    """A board with these people. Who has the same rank is in the same team, and the score is 1 / rank."""
    known = Field("c", PUBLIC, "2025-10-31", TEAMS, best=1.0, higher_is_better=True, days=0.0, ours=0)
    numbers = list(ranks.values())
    return Board(
        known._replace(**field),
        {
            user: PastStanding(rank, rank and 1 / rank, None, rank or -user, numbers.count(rank), 1)
            for user, rank in ranks.items()
        },
    )


def computed(series: Series, boards: Mapping[int, Board], people: Sequence[int] = PEOPLE) -> dict[int, Total]:
    """By user id, in the order of the result."""
    return {each.user_id: each for each in totals.totals(series, boards, people)}


def values(found: Mapping[int, Total]) -> dict[int, float]:
    return {user: each.value for user, each in found.items()}


def at(found: Mapping[int, Total]) -> dict[int, int]:
    return {user: each.place for user, each in found.items()}


def of(*parts: Part, **options: Any) -> Series:
    return Series(1, "s", parts=parts, **options)


# By hand

# In the first competition bob and cem are a team; eve is in the second one only.
BOARDS = {1: on({ANN: 3, BOB: 10, CEM: 10, DORA: 40}), 2: on({EVE: 1, ANN: 8, CEM: 51})}


def test_points_are_weighted_and_added_up() -> None:
    found = computed(of(ONE, TWO._replace(weight=2)), BOARDS)
    # 25 + 2 × 18, 18, 18 + 2 × 15, 12, 2 × 25
    assert values(found) == {ANN: 61, EVE: 50, CEM: 48, BOB: 18, DORA: 12}
    assert at(found) == {ANN: 1, EVE: 2, CEM: 3, BOB: 4, DORA: 5}
    first, second = found[ANN].results
    assert (first.raw, first.points, first.place, first.counts) == (25, 25, 1, True)
    assert (second.raw, second.points, second.place, second.counts) == (18, 36, 2, True)
    assert "weight 2" in second.reason
    assert "weight" not in first.reason


@pytest.mark.parametrize(
    ("ties", "expected"),
    [("min", (18, 18, 12)), ("average", (16.5, 16.5, 12)), ("max", (15, 15, 12))],
)
def test_team_mates_tie(ties: str, expected: tuple[float, ...]) -> None:
    found = values(computed(of(ONE, ties=ties), BOARDS))
    assert (found[BOB], found[CEM], found[DORA]) == expected


def test_team_mates_share_what_the_team_gets() -> None:
    found = computed(of(ONE, TWO, teams="share"), BOARDS)
    assert values(found) == {ANN: 43, EVE: 25, CEM: 9 + 15, DORA: 12, BOB: 9}
    assert "shared by 2" in found[BOB].results[0].reason
    assert "shared" not in found[ANN].results[0].reason


def test_a_team_is_shared_by_the_people_of_the_series_only() -> None:
    found = computed(of(ONE, teams="share"), BOARDS, people=[ANN, BOB, DORA])
    assert values(found) == {ANN: 25, BOB: 18, DORA: 15}


def test_more_people_than_those_of_the_series_have_no_place_in_it() -> None:
    found = computed(of(ONE, rule="local-percentile"), BOARDS, people=[BOB, DORA])
    assert values(found) == {BOB: 100, DORA: 0}
    assert found[DORA].results[0].words == "place 2 of 2"


def test_a_missing_competition_counts_as_zero_or_not_at_all() -> None:
    parts = (ONE, TWO._replace(weight=3))
    zero = computed(of(*parts, rule="percentile"), BOARDS)
    # Ranks 3, 10, 40 and 1, 8, 51 of 101.
    assert values(zero) == {ANN: 98 + 3 * 93, EVE: 300, CEM: 91 + 3 * 50, BOB: 91, DORA: 61}
    skip = computed(of(*parts, rule="percentile", absent="skip"), BOARDS)
    assert values(skip) == {EVE: 100, ANN: (98 + 3 * 93) / 4, BOB: 91, DORA: 61, CEM: (91 + 3 * 50) / 4}
    for found in (zero, skip):
        missing = found[BOB].results[1]
        assert (missing.standing, missing.place, missing.points, missing.counts) == (None, None, 0, False)
        assert missing.words == "not on the board"


def test_only_the_best_results_count() -> None:
    boards = {**BOARDS, 3: on({BOB: 2, CEM: 11, ANN: 31})}
    parts = (ONE, TWO._replace(weight=2), THREE)
    found = computed(of(*parts, rule="percentile", best=2), boards)
    assert values(found)[ANN] == 98 + 2 * 93
    assert [each.counts for each in found[ANN].results] == [True, True, False]
    assert values(found)[CEM] == 2 * 50 + 91
    assert found[CEM].counted == 2
    assert values(found)[DORA] == 61
    # Without the competitions that are missing, the mean of the best results, whatever their weights.
    skipping = computed(of(*parts, rule="percentile", best=2, absent="skip"), boards)
    assert values(skipping)[ANN] == pytest.approx((98 + 2 * 93) / 3)
    assert values(skipping)[CEM] == pytest.approx((91 + 90) / 2)


def test_of_equal_results_the_order_of_the_competitions_does_not_say_which_one_counts() -> None:
    boards = {1: on({ANN: 1}), 2: on({ANN: 51}), 3: on({ANN: 51})}
    parts = (ONE, TWO._replace(weight=3), THREE)
    for order in (parts, parts[::-1]):
        found = computed(of(*order, rule="percentile", best=2, absent="skip"), boards, [ANN])
        assert values(found)[ANN] == 75  # (100 + 50) / 2: the one with the lower weight


def test_a_competition_without_a_board_and_a_person_without_a_rank() -> None:
    found = computed(of(ONE, TWO), {1: on({ANN: 3, BOB: None})})
    assert values(found) == {ANN: 25, BOB: 0, CEM: 0, DORA: 0, EVE: 0}
    assert at(found) == {ANN: 1, BOB: 2, CEM: 2, DORA: 2, EVE: 2}
    assert found[ANN].results[1].words == "no board yet"
    assert found[BOB].results[0].words == "no rank on the board"
    assert found[BOB].results[0].standing is not None
    assert found[BOB].counted == 0


def test_a_person_without_a_rank_is_nobody_among_ours() -> None:
    found = computed(of(ONE, rule="local-percentile"), {1: on({ANN: 3, BOB: 10, CEM: None})})
    assert values(found) == {ANN: 100, BOB: 0, CEM: 0, DORA: 0, EVE: 0}
    assert found[ANN].results[0].words == "place 1 of 2"


def test_nobody_and_nothing() -> None:
    assert totals.totals(of(ONE), BOARDS, []) == []
    assert values(computed(of(), {}, [ANN])) == {ANN: 0}


def test_the_rule_refuses_a_board_only_if_one_of_ours_is_on_it() -> None:
    unknown = {1: BOARDS[1], 2: on({EVE: 4}, teams=None, slug="mlsp")}
    series = of(ONE, TWO, rule="percentile")
    assert values(computed(series, unknown, [ANN, BOB]))[ANN] == 98
    with pytest.raises(NotKnownError, match="mlsp"):
        computed(series, unknown)


def test_totals_that_differ_by_binary_noise_share_a_place() -> None:
    parts = [Part(n, f"c{n}", weight) for n, weight in enumerate((0.1, 0.2, 0.3), start=1)]
    boards = {1: on({ANN: 1}), 2: on({ANN: 1}), 3: on({BOB: 1})}
    series = of(*parts, points=(3.0,))
    found = computed(series, boards, [ANN, BOB])
    assert values(found)[ANN] != values(found)[BOB]
    assert at(found) == {ANN: 1, BOB: 1}
    found = computed(series._replace(points=(3.0, 0.001)), {**boards, 2: on({ANN: 1, BOB: 2})}, [ANN, BOB])
    assert at(found) == {BOB: 1, ANN: 2}


# Groups as teams

GROUPS = {ANN: "north", BOB: "south", CEM: "south", DORA: "north", EVE: None}
TOTALS = computed(of(ONE), BOARDS)  # 25, 18, 18, 12, 0


@pytest.mark.parametrize(
    ("how", "best", "expected"),
    [
        ("sum", None, [("north", 1, 37, (ANN, DORA)), ("south", 2, 36, (BOB, CEM))]),
        ("mean", None, [("north", 1, 18.5, (ANN, DORA)), ("south", 2, 18, (BOB, CEM))]),
        ("sum", 1, [("north", 1, 25, (ANN,)), ("south", 2, 18, (BOB,))]),
        ("mean", 1, [("north", 1, 25, (ANN,)), ("south", 2, 18, (BOB,))]),
        ("sum", 9, [("north", 1, 37, (ANN, DORA)), ("south", 2, 36, (BOB, CEM))]),
    ],
)
def test_groups_as_teams(how: str, best: int | None, expected: list[tuple[Any, ...]]) -> None:
    found = totals.by_group(TOTALS.values(), GROUPS, how, best)
    assert found == [GroupTotal(*each, people=2) for each in expected]


def test_groups_with_the_same_total_share_a_place() -> None:
    groups = {ANN: "c", BOB: "b", CEM: "a", DORA: "d", EVE: "d"}
    found = totals.by_group(TOTALS.values(), groups)
    assert [(each.group, each.place) for each in found] == [("c", 1), ("a", 2), ("b", 2), ("d", 4)]
    assert totals.by_group(TOTALS.values(), dict.fromkeys(PEOPLE)) == []


# Whatever the rule

_PEOPLE = st.integers(1, 6)
_RANK = st.none() | st.integers(1, 12)


@st.composite
def _seasons(draw: st.DrawFn, **fixed: Any) -> tuple[Series, dict[int, Board], list[int]]:
    """A series of up to five competitions, their boards, and up to six people."""
    people = list(range(1, draw(_PEOPLE) + 1))
    boards, parts = {}, []
    for key in range(1, draw(st.integers(1, 5)) + 1):
        ranks = draw(st.dictionaries(st.sampled_from(people), _RANK))
        if draw(st.integers(0, 5)):
            boards[key] = on(ranks, slug=f"c{key}")
        weight = draw(st.sampled_from((0.1, 0.3, 1.0, 2.0, 7.0)))
        parts.append(Part(key, f"c{key}", weight, Scale(0.1, 0.9, 60)))
    options = {
        "rule": draw(st.sampled_from(sorted(rules.RULES))),
        "ties": draw(st.sampled_from(places.TIES)),
        "best": draw(st.none() | st.integers(1, 4)),
        "absent": draw(st.sampled_from(("zero", "skip"))),
        "teams": draw(st.sampled_from(("each", "share"))),
        **fixed,
    }
    return of(*parts, **options), boards, people


@pytest.mark.long
@given(_seasons(), st.data())
def test_the_order_of_competitions_and_of_people_changes_nothing(
    season: tuple[Series, dict[int, Board], list[int]], data: st.DataObject
) -> None:
    series, boards, people = season
    parts = tuple(data.draw(st.permutations(series.parts)))
    turned = dict(data.draw(st.permutations(list(boards.items()))))
    before = computed(series, boards, people)
    after = computed(series._replace(parts=parts), turned, data.draw(st.permutations(people)))
    assert values(before) == values(after)
    assert at(before) == at(after)


@given(_seasons())
def test_places_are_one_more_than_the_number_of_higher_totals(
    season: tuple[Series, dict[int, Board], list[int]],
) -> None:
    found = list(computed(*season).values())
    for each in found:
        ahead = [
            other for other in found if other.value > each.value and not math.isclose(other.value, each.value)
        ]
        assert each.place == 1 + len(ahead)
    assert found == sorted(found, key=lambda each: each.place)


@given(_seasons(teams="each"))
def test_people_with_the_same_results_have_the_same_total_and_place(
    season: tuple[Series, dict[int, Board], list[int]],
) -> None:
    series, boards, people = season
    twin = len(people) + 1  # the last one's, in every competition
    doubled = {
        key: board._replace(
            people={
                **board.people,
                **({twin: board.people[people[-1]]} if people[-1] in board.people else {}),
            }
        )
        for key, board in boards.items()
    }
    found = computed(series, doubled, [*people, twin])
    one, other = found[people[-1]], found[twin]
    assert (one.value, one.place) == (other.value, other.place)
    assert [each.points for each in one.results] == [each.points for each in other.results]


@given(_seasons())
def test_a_total_is_the_sum_of_results_that_count_once_each(
    season: tuple[Series, dict[int, Board], list[int]],
) -> None:
    series, boards, people = season
    for total in computed(series, boards, people).values():
        assert [each.part for each in total.results] == list(series.parts)
        present = [each for each in total.results if each.place is not None]
        counting = [each for each in total.results if each.counts]
        assert len(counting) == min(len(present), series.best or len(present))
        assert all(each.points == 0 for each in total.results if each.place is None)
        value = sum(each.points for each in counting)
        if series.absent == "skip" and counting:
            value /= sum(each.part.weight for each in counting)
        elif series.best:
            best = sorted((each.points for each in present), reverse=True)[: series.best]
            assert value == pytest.approx(sum(best))
        assert total.value == pytest.approx(value)
        assert total.counted == len(counting)


@given(_seasons())
def test_doubling_all_weights_keeps_all_places(
    season: tuple[Series, dict[int, Board], list[int]],
) -> None:
    series, boards, people = season
    parts = tuple(part._replace(weight=2 * part.weight) for part in series.parts)
    assert at(computed(series._replace(parts=parts), boards, people)) == at(computed(*season))


@given(_seasons(best=None, absent="zero"), st.data(), st.sampled_from((0.1, 1.0, 10.0)))
def test_more_weight_never_lowers_a_place_of_who_won_the_competition(
    season: tuple[Series, dict[int, Board], list[int]], data: st.DataObject, more: float
) -> None:
    series, boards, people = season
    heavy = data.draw(st.integers(0, len(series.parts) - 1))
    parts = [
        part._replace(weight=part.weight + more * (number == heavy))
        for number, part in enumerate(series.parts)
    ]
    before = computed(series, boards, people)
    after = computed(series._replace(parts=tuple(parts)), boards, people)
    most = max(each.results[heavy].points for each in before.values())
    for user, each in before.items():
        if each.results[heavy].points == most:
            assert after[user].place <= each.place


@given(_seasons(best=None, absent="zero"), st.data())
def test_a_better_rank_never_lowers_a_total(
    season: tuple[Series, dict[int, Board], list[int]], data: st.DataObject
) -> None:
    series, boards, people = season
    placed = [
        (key, user)
        for key, board in boards.items()
        for user, standing in board.people.items()
        if standing.rank is not None and standing.members == 1
    ]
    if not placed:
        return
    key, user = data.draw(st.sampled_from(placed))
    others = {each.rank for each in boards[key].people.values()}
    rank = boards[key].people[user].rank
    assert rank is not None
    better = [number for number in range(1, rank) if number not in others]
    if not better:
        return
    climbed = data.draw(st.sampled_from(better))
    moved = on({**{who: each.rank for who, each in boards[key].people.items()}, user: climbed})
    before = computed(series, boards, people)[user]
    after = computed(series, {**boards, key: moved}, people)[user]
    assert after.value >= before.value - 1e-9
    assert after.place <= before.place
