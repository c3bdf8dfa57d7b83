"""The parts of a grade, their sum, and the sentences that explain them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.scoring import places
from kagsync.scoring.cohort import Board, CannotGradeError, Cohort
from kagsync.scoring.decimals import exact, plain, rounded, short
from kagsync.scoring.grades import grades
from kagsync.scoring.parts import (
    BY_RANK,
    LINEAR,
    OF_TEAMS,
    Adjustment,
    AdjustmentsPart,
    Award,
    BaselinePart,
    Part,
    ParticipationPart,
    PlacesPart,
    TablePart,
)
from kagsync.standings.marks import Benchmark
from kagsync.standings.standing import PastStanding

SLUG = "titanic"
ANN, BOB, CEM, DORA, EVE = range(1, 6)
# Ann and Bob are a team; Cem has their score in a team of his own; Eve is on no board.
PUBLIC = {
    ANN: PastStanding(3, 0.9, "0.900", 10, 1, 12),
    BOB: PastStanding(3, 0.9, "0.900", 10, 1, 12),
    CEM: PastStanding(4, 0.9, "0.900", 20, 1, 4),
    DORA: PastStanding(8, 0.7, "0.700", 30, 1, 1),
}
PRIVATE = {
    ANN: PastStanding(5, 0.8, "0.800", 10, 1, 12),
    BOB: PastStanding(5, 0.8, "0.800", 10, 1, 12),
    CEM: PastStanding(2, 0.85, "0.850", 20, 1, 4),
    DORA: PastStanding(9, None, None, 30, 1, None),
}
BASELINES = [Benchmark("Simple Baseline", 0.7, "0.700"), Benchmark("Strong Baseline", 0.85, "0.850")]
PEOPLE = {key: {"student_id": f"s{key}"} for key in (ANN, BOB, CEM, DORA, EVE)}


def cohort(*, higher_is_better: bool | None = True, with_private: bool = True) -> Cohort:
    public, private = Board("public", PUBLIC, BASELINES), Board("private", PRIVATE, BASELINES)
    if with_private:
        return Cohort(
            SLUG, PEOPLE, {"public": public, "private": private, "final": private}, higher_is_better
        )
    return Cohort(SLUG, PEOPLE, {"public": public, "final": public}, higher_is_better)


def points(part: Part, **which: bool | None) -> list[float]:
    awards = part.awards(cohort(**which))  # type: ignore[arg-type]
    return [float(awards[person].points) for person in PEOPLE]


def words(part: Part) -> list[str]:
    awards = part.awards(cohort())
    return [awards[person].words for person in PEOPLE]


def ten(number: str = "10") -> Decimal:
    return Decimal(number)


# Baselines


def test_a_baseline_must_be_beaten_and_not_only_equalled() -> None:
    assert points(BaselinePart("Simple", ten(), ("public",), "Simple Baseline")) == [10, 10, 10, 0, 0]
    equal = BaselinePart("Simple", ten(), ("public",), "Simple Baseline", at_least=True)
    assert points(equal) == [10, 10, 10, 10, 0]


def test_a_baseline_on_both_boards_must_be_beaten_on_both() -> None:
    part = BaselinePart("0.82", ten(), ("public", "private"), score=Decimal("0.82"))
    assert points(part) == [0, 0, 10, 0, 0]
    ann, _, cem, dora, eve = words(part)
    assert ann == "0.900 beats 0.82 on the public board; 0.800 does not beat 0.82 on the private board"
    assert cem == "0.900 beats 0.82 on the public board; 0.850 beats 0.82 on the private board"
    assert dora == "0.700 does not beat 0.82 on the public board; no score on the private board"
    assert eve == "not on the public board; not on the private board"


def test_lower_scores_beat_a_baseline_where_lower_is_better() -> None:
    part = BaselinePart("Strong", ten(), ("public",), "Strong Baseline")
    assert points(part, higher_is_better=False) == [0, 0, 0, 10, 0]


def test_an_equal_score_says_that_it_is_not_enough() -> None:
    strict = BaselinePart("Strong", ten(), ("private",), "strong baseline")  # case is ignored at last
    assert (
        words(strict)[2] == "0.850 equals Strong Baseline (0.850) on the private board, which is not enough"
    )


@pytest.mark.parametrize(
    ("part", "says"),
    [
        (BaselinePart("x", ten(), ("public",), "Medium Baseline"), "has no baseline 'Medium Baseline'"),
        (ParticipationPart("x", ten(), "nowhere"), "there is no nowhere board"),
        (
            TablePart("x", ((Decimal("0.8"), Decimal(5)), (Decimal("0.9"), Decimal(3))), "public"),
            "fewer points",
        ),
        (
            AdjustmentsPart("x", "late.csv", "room", {"r1": [Adjustment(Decimal(1), 2, "R1")]}),
            "2 people have the room 'R1'",
        ),
    ],
)
def test_what_cannot_be_worked_out_is_refused_by_name(part: Part, says: str) -> None:
    people = {ANN: {"room": "r1"}, BOB: {"room": "r1"}}
    with pytest.raises(CannotGradeError, match=says) as caught:
        grades([part], cohort()._replace(people=people))
    assert str(caught.value).startswith("x: ")
    assert caught.value.remedy


def test_a_board_that_is_missing_is_answered_with_one_that_may_be_there() -> None:
    for missing, there in (("private", "final"), ("public", "private")):
        with pytest.raises(CannotGradeError, match=f"there is no {missing} board") as caught:
            cohort()._replace(boards={}).board(missing)
        assert f'Use board = "{there}"' in caught.value.remedy
        assert ("until it is out" in caught.value.remedy) == (missing == "private")


def test_a_mistyped_baseline_is_answered_with_those_there_are() -> None:
    with pytest.raises(CannotGradeError) as caught:
        BaselinePart("x", ten(), ("public",), "Simpel Baseline").awards(cohort())
    assert caught.value.remedy == "It has Simple Baseline, Strong Baseline"


def test_baselines_that_were_not_stored_and_doubtful_ones_are_refused() -> None:
    part = BaselinePart("x", ten(), ("public",), "Simple Baseline")
    for baselines, says in (
        (None, "not known"),
        ([Benchmark("Simple Baseline", None, None)], "has no score"),
        ([*BASELINES, Benchmark("Simple Baseline", 0.5, "0.5")], "has 2 baselines"),
        ([], "has no baseline"),
    ):
        with pytest.raises(CannotGradeError, match=says):
            part.awards(cohort()._replace(boards={"public": Board("public", PUBLIC, baselines)}))


@pytest.mark.parametrize(
    "part",
    [
        BaselinePart("x", ten(), ("public",), "Simple Baseline"),
        TablePart("x", ((Decimal(0), Decimal(0)), (Decimal(1), Decimal(1))), "public"),
        PlacesPart("x", ten(), "public"),
    ],
)
def test_scores_are_only_compared_where_the_direction_is_known(part: Part) -> None:
    with pytest.raises(CannotGradeError, match="higher or lower"):
        part.awards(cohort(higher_is_better=None))


def test_ranks_are_compared_without_a_direction() -> None:
    part = PlacesPart("x", ten(), "public", by=BY_RANK, ties=places.MIN)
    assert points(part, higher_is_better=None) == [10, 10, pytest.approx(10 / 3), 0, 0]


# Tables

TABLE = ((Decimal("0.9"), Decimal(12)), (Decimal("0.75"), Decimal(8)), (Decimal("0.7"), Decimal(5)))


def test_a_step_gives_the_points_of_the_best_row_that_is_reached() -> None:
    part = TablePart("x", TABLE, "public")
    assert points(part) == [12, 12, 12, 5, 0]
    assert words(part)[3] == "0.700 on the public board reaches 0.7"


def test_a_step_below_the_first_row_gives_nothing() -> None:
    part = TablePart("x", TABLE[:2], "public")
    assert points(part)[3] == 0
    assert words(part)[3] == "0.700 on the public board does not reach 0.75"


def test_a_linear_table_goes_between_rows_and_stays_outside() -> None:
    part = TablePart("x", ((Decimal("0.65"), Decimal(2)), *TABLE[:2]), "final", LINEAR)
    # 0.8 is a third of the way from 0.75 (8) to 0.9 (12)
    assert part.awards(cohort())[ANN].points == Fraction(28, 3)
    assert words(part)[0] == "0.800 on the private board is between 0.75 (8) and 0.9 (12)"
    outside = TablePart("x", ((Decimal("0.75"), Decimal(8)), (Decimal("0.8"), Decimal(9))), "public", LINEAR)
    assert points(outside) == [9, 9, 9, 8, 0]
    assert "the worst in the table" in words(outside)[3]


def test_a_table_of_errors_is_read_the_other_way_round() -> None:
    part = TablePart("x", ((Decimal("0.9"), Decimal(5)), (Decimal("0.8"), Decimal(8))), "public")
    assert points(part, higher_is_better=False) == [5, 5, 5, 8, 0]


# Places


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        (places.AVERAGE, [60 * 2 / 3, 60 * 2 / 3, 60 * 2 / 3, 0, 0]),  # place 2 of 4, three times
        (places.MIN, [60, 60, 60, 0, 0]),
    ],
)
def test_equal_scores_share_a_place(ties: str, expected: list[float]) -> None:
    assert points(PlacesPart("x", ten("60"), "public", ties=ties)) == pytest.approx(expected)


def test_the_last_place_keeps_its_share() -> None:
    part = PlacesPart("x", ten("60"), "public", last=Decimal("0.5"))
    assert points(part) == pytest.approx([50, 50, 50, 30, 0])
    assert words(part)[0] == (
        "place 2 of 4 people (shared by 3) on the public board: 60 × (0.5 + 0.5 × (4 − 2) / (4 − 1))"
    )


def test_ranks_tie_only_within_a_team() -> None:
    part = PlacesPart("x", ten("60"), "public", by=BY_RANK)
    assert points(part) == pytest.approx([50, 50, 20, 0, 0])  # places 1.5, 1.5, 3, 4


def test_a_team_can_have_one_place() -> None:
    part = PlacesPart("x", ten("60"), "public", by=BY_RANK, of=OF_TEAMS)
    assert points(part) == [60, 60, 30, 0, 0]
    assert words(part)[2] == "place 2 of 3 teams on the public board: 60 × (3 − 2) / (3 − 1)"


def test_who_has_no_score_has_no_place_and_does_not_count() -> None:
    part = PlacesPart("x", ten("60"), "private")
    assert points(part) == [15, 15, 60, 0, 0]  # places 2.5, 2.5 and 1 of 3
    assert words(part)[3] == "no score on the private board"


def test_one_person_gets_all_points_and_nobody_is_no_error() -> None:
    part = PlacesPart("x", ten("60"), "public", last=Decimal("0.5"))
    alone = cohort()._replace(boards={"public": Board("public", {DORA: PUBLIC[DORA]})})
    assert part.awards(alone)[DORA] == Award(
        Fraction(60), "place 1 of 1 person on the public board: all points"
    )
    nobody = cohort()._replace(boards={"public": Board("public", {})})
    assert {each.points for each in part.awards(nobody).values()} == {0}


@given(
    st.lists(st.integers(0, 5), min_size=2, max_size=12),
    st.sampled_from([places.AVERAGE, places.MIN]),
    st.decimals(0, 1, places=2),
)
def test_places_give_from_the_last_share_to_all_and_better_scores_never_less(
    scores: list[int], ties: str, last: Decimal
) -> None:
    board = Board(
        "public", {key: PastStanding(None, score / 8, None, key, 1, 1) for key, score in enumerate(scores)}
    )
    awards = PlacesPart("x", ten("60"), "public", last, ties).awards(
        Cohort(SLUG, {key: {} for key in range(len(scores))}, {"public": board}, higher_is_better=True)
    )
    in_order = [awards[key].points for key in sorted(range(len(scores)), key=scores.__getitem__)]
    assert in_order == sorted(in_order)
    assert Fraction(60 * last) <= in_order[0] and in_order[-1] <= 60
    if ties == places.AVERAGE:  # what is given out does not depend on who ties
        assert sum(in_order) == len(scores) * 60 * (1 + Fraction(last)) / 2


# Taking part, adjustments


def test_taking_part_is_an_entry_or_enough_submissions() -> None:
    assert points(ParticipationPart("x", ten("5"), "public")) == [5, 5, 5, 5, 0]
    part = ParticipationPart("x", ten("5"), "public", submissions=4)
    assert points(part) == [5, 5, 5, 0, 0]
    assert words(part)[2:4] == ["4 submissions, 4 needed", "1 submission, 4 needed"]
    assert (
        words(ParticipationPart("x", ten("5"), "private", 4))[3] == "the number of submissions is not known"
    )


def test_an_old_board_without_submissions_is_refused() -> None:
    board = Board("public", {DORA: PUBLIC[DORA]._replace(submission_count=None)})
    with pytest.raises(CannotGradeError, match="no numbers of submissions"):
        ParticipationPart("x", ten(), "public", 4).awards(cohort()._replace(boards={"public": board}))


def test_adjustments_add_up_and_also_count_for_who_is_not_on_the_board() -> None:
    given = {
        "s9": [Adjustment(Decimal(1), 5, "S9"), Adjustment(Decimal(2), 9, "s9")],
        "s1": [Adjustment(Decimal(-2), 2, "s1"), Adjustment(Decimal("1.5"), 7, "s1")],
        "s8": [Adjustment(Decimal(4), 6, "s8")],
        "s5": [Adjustment(Decimal(3), 4, "s5")],
    }
    part = AdjustmentsPart("x", "late.csv", "student_id", given)
    assert points(part) == [-0.5, 0, 0, 0, 3]
    assert words(part)[:2] == ["late.csv: -2 (line 2) and +1.5 (line 7)", "not in late.csv"]
    assert [(each.line, each.key) for each in part.unknown(cohort())] == [(5, "S9"), (6, "s8"), (9, "s9")]


def test_adjustments_without_a_key_are_nobodys() -> None:
    part = AdjustmentsPart("x", "late.csv", "name", {"": [Adjustment(Decimal(7), 2, "")]})
    assert points(part) == [0, 0, 0, 0, 0]
    assert words(part)[0] == "not in late.csv"


# The sum


def test_parts_add_up_between_floor_and_cap() -> None:
    given = {"s2": [Adjustment(Decimal(-20), 2, "s2")]}
    parts = [
        ParticipationPart("In", ten("5"), "public"),
        AdjustmentsPart("Late", "l.csv", "student_id", given),
    ]
    parts.append(PlacesPart("Places", ten("20"), "public", ties=places.MIN))
    found = grades(parts, cohort(), Decimal(0), Decimal(24))
    assert [float(found[person].points) for person in PEOPLE] == [24, 5, 24, 5, 0]
    assert (found[ANN].total, found[ANN].limited) == (25, "at most 24")
    below = grades(parts[1:2], cohort(), Decimal(0))[BOB]
    assert (below.points, below.total, below.limited) == (0, -20, "at least 0")
    assert [float(each.points) for each in found[BOB].awards] == [5, -20, 20]


# Numbers


@pytest.mark.parametrize(
    ("number", "decimals", "expected"),
    [
        ("2.675", 2, "2.68"),  # the float 2.675 is less, and would become 2.67
        ("2.665", 2, "2.67"),  # to even it would be 2.66
        ("-2.5", 0, "-3"),
        ("0.5", 0, "1"),
        ("12.30", 2, "12.3"),
        ("100", 2, "100"),
        ("-0.001", 2, "0"),
    ],
)
def test_halves_are_rounded_away_from_zero_on_the_decimal(number: str, decimals: int, expected: str) -> None:
    assert plain(rounded(Fraction(number), decimals)) == short(Fraction(number), decimals) == expected


@given(st.decimals(-1000, 1000, places=5))
def test_a_score_is_the_decimal_that_it_was_written_as(number: Decimal) -> None:
    assert exact(float(number)) == Fraction(number)
    assert Decimal(plain(number)) == number


@pytest.mark.parametrize(("higher_is_better", "other"), [(True, "lower"), (False, "higher")])
def test_a_table_in_the_wrong_direction_names_the_other_one(higher_is_better: bool, other: str) -> None:
    rows = ((Decimal("0.7"), Decimal(5 if higher_is_better else 1)), (Decimal("0.8"), Decimal(3)))
    with pytest.raises(CannotGradeError, match="better score") as caught:
        TablePart("x", rows, "public").awards(cohort(higher_is_better=higher_is_better))
    assert caught.value.remedy.endswith(f"kagsync competitions add {SLUG} --{other}-is-better")
