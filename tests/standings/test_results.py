"""What movements on a private board mean, and their sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kagsync.standings import movements
from kagsync.standings.marks import MedalLine
from kagsync.standings.movements import Change, Movement, Past
from kagsync.standings.results import of_private
from kagsync.standings.sentences import brief, sentence
from kagsync.standings.standing import Standing
from kagsync.standings.which import PRIVATE

MEDALS = [MedalLine("gold", 13, None), MedalLine("silver", 87, None), MedalLine("bronze", 174, None)]
PUBLIC = Standing(120, 0.9, "0.900", 7, "The Team", "alice", 12)
FINAL = Standing(37, 0.8, "0.800", 7, "The Team", "alice", 12)


def told(
    *standings: Standing | None,
    public: Standing | None = PUBLIC,
    medals: list[MedalLine] = MEDALS,
    known: bool = False,
    before: Standing | None = None,
) -> list[Movement]:
    """What is told of a person with these standings on successive private boards."""
    changes = [Change(moment, standing) for moment, standing in enumerate(standings, start=1)]
    return of_private(movements.movements(Past(before, known, changes), None), public, medals)


def sentences(*standings: Standing | None, public: Standing | None = PUBLIC) -> list[str]:
    return [sentence("alice", each, 1744) for each in told(*standings, public=public)]


def at(rank: int | None, **fields: object) -> Standing:
    return FINAL._replace(rank=rank, **fields)


@pytest.mark.parametrize(
    ("public", "final", "expected"),
    [
        (120, 37, "alice finished 37 of 1,744: up 83 places from the public board, silver medal"),
        (36, 37, "alice finished 37 of 1,744: down 1 place from the public board, silver medal"),
        (37, 37, "alice finished 37 of 1,744: the same place as on the public board, silver medal"),
        (1, 1744, "alice finished 1,744 of 1,744: down 1,743 places from the public board"),
        (None, 5, "alice finished 5 of 1,744: not on the public board, gold medal"),
        (3, None, "alice finished without a rank: 3 on the public board"),
    ],
)
def test_the_result_is_one_sentence(public: int | None, final: int | None, expected: str) -> None:
    standing = None if public is None else PUBLIC._replace(rank=public)
    assert sentences(at(final), public=standing) == [expected]


def test_who_had_no_rank_on_the_public_board_was_on_it_all_the_same() -> None:
    (line,) = sentences(at(5), public=PUBLIC._replace(rank=None))
    assert line == "alice finished 5 of 1,744: on the public board without a rank, gold medal"


def test_the_movement_of_a_result_says_what_programs_need() -> None:
    (movement,) = told(FINAL)
    assert movement == Movement("final", 1, PUBLIC, FINAL, "", PRIVATE, "silver")
    assert (movement.places, movement.submissions, brief(movement)) == (83, 0, "final")
    assert told(FINAL, medals=[])[0].medal is None


@pytest.mark.parametrize(
    ("after", "reason", "expected", "short"),
    [
        (
            at(35),
            "others-left",
            "37 → 35 of 1,744 on the private board, up 2 places, 2 above were removed",
            "",
        ),
        (at(36), "others-left", "37 → 36 of 1,744 on the private board, up 1 place, 1 above was removed", ""),
        (at(39), "overtaken", "37 → 39 of 1,744 on the private board, down 2 places, 2 more are above", ""),
        (at(38), "overtaken", "37 → 38 of 1,744 on the private board, down 1 place, 1 more is above", ""),
        (
            at(30, score=0.85, score_text="0.850"),
            "rescored",
            "37 → 30 of 1,744 on the private board, up 7 places, rescored 0.800 → 0.850",
            "rescored",
        ),
        (
            at(40, score=0.7, score_text="0.700", submission_count=13),
            "rescored",
            "37 → 40 of 1,744 on the private board, down 3 places, rescored 0.800 → 0.700",
            "rescored",
        ),
        (None, "left", "removed from the private board, last at 37", "removed"),
        (
            at(9, team_id=8, team_name="Other", members="alice,bob"),
            "merged",
            "37 → 9 of 1,744 on the private board, now in the team “Other”, no longer in “The Team”",
            "merged into Other",
        ),
    ],
)
def test_later_changes_have_their_reason_and_say_up_or_down(
    after: Standing | None, reason: str, expected: str, short: str
) -> None:
    first, second = told(FINAL, after)
    assert (first.reason, second.reason) == ("final", reason)
    line = sentence("alice", second, 1744)
    assert line == f"alice: {expected}"
    assert brief(second) == (short or expected.rpartition(", ")[2])


def test_who_comes_back_is_told_so() -> None:
    assert sentences(FINAL, None, at(36))[2:] == [
        "alice: at 36 of 1,744 on the private board, back on the private board"
    ]


@pytest.mark.parametrize(
    "after",
    [
        at(37, team_name="Renamed"),
        at(37, members="alice,bob"),
        at(37, members=""),
        at(37, submission_count=15),
    ],
)
def test_what_happens_in_a_team_is_told_of_the_public_board_only(after: Standing) -> None:
    assert [each.reason for each in told(FINAL, after)] == ["final"]


def test_nobody_improves_or_falls_on_a_private_board() -> None:
    found = [Movement(reason, 1, PUBLIC, FINAL) for reason in movements.REASONS]
    reasons = {each.reason for each in of_private(found, None, [])}
    assert not reasons & {"improved", "fell", "new", "submitted", "renamed"}
    for each in of_private(found, None, []):
        words = sentence("alice", replace(each, board=PRIVATE), 1744)
        assert "improved" not in words
        assert "fell" not in words
