"""What is said about series: every formula, computed as it stands there, gives the points beside it."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.scoring import words
from kagsync.scoring.rules import RULES, Field
from kagsync.scoring.series import Part, Scale, Series
from kagsync.scoring.totals import Board, Scored, totals
from kagsync.standings.standing import PastStanding

_NAMES = {"e": math.e, "log10": math.log10}


def _value(text: str) -> float:
    """The value of a formula as people write it."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"log10 ([\d.]+)", r"log10(\1)", text)
    text = re.sub(r"√([\d.]+)", r"(\1 ** 0.5)", text)
    text = re.sub(r"\^−([\d.]+)", r" ** (-\1)", text).replace("^(", " ** (")
    return float(
        eval(
            text.replace("×", "*").replace("−", "-").removesuffix(" teammates"), {"__builtins__": {}}, _NAMES
        )
    )


def _first(series: Series, field: Field, people: dict[int, PastStanding]) -> Scored:
    return next(
        each for each in totals(series, {1: Board(field, people)}, list(people)) if each.user_id == 1
    ).results[0]


@pytest.mark.parametrize("rule", RULES)
@given(
    ranks=st.lists(st.integers(1, 500), min_size=1, max_size=6),
    scores=st.lists(st.integers(-2000, 9000), min_size=6, max_size=6),
    weight=st.sampled_from([1, 0.5, 2, 7.25]),
    members=st.integers(1, 5),
    days=st.sampled_from([0.0, 12.4321875, 700.0]),
    share=st.booleans(),
    higher=st.booleans(),
)
def test_a_formula_gives_the_points_that_stand_behind_it(
    rule: str,
    ranks: list[int],
    scores: list[int],
    weight: float,
    members: int,
    days: float,
    share: bool,
    higher: bool,
) -> None:
    people = {
        key: PastStanding(rank, score / 10_000, "", rank, members, 1)
        for key, (rank, score) in enumerate(zip(ranks, scores, strict=False), start=1)
    }
    best = 0.95 if higher else -0.3
    field = Field("titanic", "public", "2026-01-31", 500, best, higher, days, len(people))
    part = Part(1, "titanic", weight, Scale(0.1, 0.7, 50) if higher else Scale(0.7, 0.1, 50))
    series = Series(1, "Cup", rule, teams="share" if share else "each", ties="average", parts=(part,))
    result = _first(series, field, people)

    text = words.derivation(series, result, field)

    formula, _, shown = text.rpartition(" = ")
    *_, formula = (formula or text).split(": ")
    shown = shown if " = " in text else formula
    assert shown == words.points(result.points)
    # A formula shows at most ten digits of each number.
    assert _value(formula) == pytest.approx(result.points, rel=1e-7, abs=0.006)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.001, "0"),
        (2.675, "2.68"),  # the float is less
        (-0.125, "-0.13"),
        (25, "25"),
        (100, "100"),
        (21.5, "21.5"),
        (98.107, "98.11"),
        (15290.606, "15,290.61"),
        (1e30, f"1{',000' * 10}"),
    ],
)
def test_points_have_at_most_two_decimals(value: float, text: str) -> None:
    assert words.points(value) == text


@given(st.lists(st.floats(0, 1e5, allow_nan=False), min_size=1, max_size=12))
def test_a_sum_adds_up_as_it_is_shown(values: list[float]) -> None:
    total = math.fsum(values)
    terms, rounding = words.sum_of(values, total)
    shown = [float(each.replace(",", "")) for each in terms.split(" + ")]
    more = float(rounding.replace("−", "-").replace(" ", "")) if rounding else 0
    assert math.fsum([*shown, more]) == pytest.approx(float(words.points(total).replace(",", "")), abs=1e-6)


def test_rounding_is_named_only_where_there_is_some() -> None:
    assert words.sum_of([25, 18.5], 43.5) == ("25 + 18.5", "")
    assert words.sum_of([100 / 3] * 3, 100) == ("33.33 + 33.33 + 33.33", "+ 0.01")
    assert words.sum_of([200 / 3] * 3, 200) == ("66.67 + 66.67 + 66.67", "− 0.01")


def _facts(**options: object) -> list[str]:
    parts = (Part(1, "a"), Part(2, "b"))
    return words.definition(Series(1, "Cup", parts=parts, **options))  # type: ignore[arg-type]


def test_a_series_is_described_by_what_is_not_usual() -> None:
    assert _facts() == ["points by place among these people: 25, 18, 15, 12, 10, 8, 6, 4, 2, 1"]
    assert _facts(rule="percentile", ties="average") == ["percentile among all teams (0 to 100)"]
    assert _facts(
        rule="local-percentile",
        best=1,
        ties="max",
        absent="skip",
        teams="share",
        group="red",
        board="private",
    ) == [
        "percentile among these people (0 to 100)",
        "ties get the last place",
        "the best result of 2 counts",
        "missing competitions are skipped, totals are means",
        "teammates share points",
        "group red",
        "private boards only",
    ]


def test_the_average_of_places_is_one_of_their_points_by_the_rule_places() -> None:
    assert _facts(ties="average")[1:] == ["ties get the mean of their places' points"]
    assert _facts(rule="local-percentile", ties="average")[1:] == ["ties get the average place"]


@pytest.mark.parametrize(
    ("best", "expected"),
    [(1, "the best result of 2 counts"), (2, "the best 2 count"), (5, "the best 5 count")],
)
def test_how_many_results_count_is_told_against_how_many_there_are(best: int, expected: str) -> None:
    assert _facts(best=best)[1:] == [expected]


@pytest.mark.parametrize(
    ("rule", "scale", "text"),
    [
        ("places", None, "place 1 of 1: 1,500"),
        ("score", Scale(0.1, 0.4, 1500), "score 0.5 reaches 0.4: 1,500"),
        ("score", Scale(0.4, 0.6, 3000), "3,000 × (0.5 − 0.4) / (0.6 − 0.4) = 1,500"),
    ],
)
def test_thousands_are_written_the_same_way_throughout_a_formula(
    rule: str, scale: Scale | None, text: str
) -> None:
    field = Field("titanic", "public", "2026-01-31", 9, 0.5, True, 0, 1)
    series = Series(1, "Cup", rule, points=(1500.0,), parts=(Part(1, "titanic", 1, scale),))
    result = _first(series, field, {1: PastStanding(1, 0.5, "0.5", 1, 1, 1)})
    assert words.derivation(series, result, field) == text


def test_a_rank_beyond_the_number_of_teams_gets_no_formula() -> None:
    field = Field("titanic", "public", "2026-01-31", 9, 0.5, True, 0, 1)
    series = Series(1, "Cup", "percentile", parts=(Part(1, "titanic"),))
    result = _first(series, field, {1: PastStanding(11, 0.5, "0.5", 1, 1, 1)})
    assert words.derivation(series, result, field) == "rank 11 of 9 teams: 0"


def _result(rank: int | None, points: float, place: float | None, counts: bool = True) -> Scored:
    standing = None if rank is None else PastStanding(rank, 0.5, "0.5", 1, 1, 1)
    return Scored(
        Part(1, "titanic"), standing, place, points, points, counts and rank is not None, "not on the board"
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (_result(30, 15, 3), _result(9, 25, 1), "titanic 15 → 25 (place 3 → 1 of 12)"),
        (_result(None, 0, None), _result(9, 25, 1), "titanic – → 25 (place 1 of 12)"),
        (_result(9, 25, 1), _result(None, 0, None), "titanic 25 → 0 (not on the board)"),
        (_result(9, 25, 1), _result(9, 25, 1, False), "titanic 25 (no longer counts)"),
        (_result(9, 25, 1), _result(30, 15, 3, False), "titanic 25 → 15 (no longer counts)"),
        (_result(9, 25, 1, False), _result(9, 25, 1), "titanic 25 (counts now)"),
    ],
)
def test_a_change_of_one_result_in_words(before: Scored, after: Scored, expected: str) -> None:
    assert words.change(Series(1, "Cup"), before, after, 12) == expected


def test_whoever_left_a_board_has_no_points_there_where_missing_competitions_are_skipped() -> None:
    before, after = _result(9, 25, 1), _result(None, 0, None)
    assert (
        words.change(Series(1, "Cup", absent="skip"), before, after, 12)
        == "titanic 25 → – (not on the board)"
    )


def test_a_change_names_what_the_rule_looks_at() -> None:
    before, after = _result(1030, 15, 3), _result(9, 25, 1)
    assert "(rank 1,030 → 9)" in words.change(Series(1, "Cup", "percentile"), before, after, 12)
    assert "(score 0.5)" in words.change(Series(1, "Cup", "score"), before, after, 12)


@pytest.mark.parametrize(
    ("leaders", "when", "ahead", "expected"),
    [
        (["alice"], "since 2026-10-03", 12.5, "alice leads with 143 since 2026-10-03, 12.5 ahead of bob"),
        (
            ["al", "bo", "cy"],
            "for more than 9 days",
            None,
            "al, bo and cy lead with 143 for more than 9 days",
        ),
    ],
)
def test_who_leads(leaders: list[str], when: str, ahead: float | None, expected: str) -> None:
    assert words.lead(leaders, 143, when=when, ahead=ahead, of="bob") == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12.0, "12"),
        (0.25, "0.25"),
        (0.0, "0"),
        (0.00022, "0.0002"),
        (4e-08, "0.00000004"),
        (1200.5, "1,200.5"),
    ],
)
def test_a_gap_between_two_totals_is_only_0_if_there_is_none(value: float, shown: str) -> None:
    assert words.gap(value) == shown
