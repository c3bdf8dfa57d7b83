"""Movements in words: each reason's sentence to the letter, and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kagsync.standings.movements import (
    CAME_BACK,
    DELETED,
    FELL,
    FINAL,
    IMPROVED,
    LEFT,
    MEMBER_JOINED,
    MEMBER_LEFT,
    MERGED,
    MOVED,
    NEW,
    OTHERS_LEFT,
    OVERTAKEN,
    PASSED,
    REASONS,
    RENAMED,
    RESCORED,
    SUBMITTED,
    Movement,
)
from kagsync.standings.sentences import brief, sentence, words
from kagsync.standings.standing import Standing
from kagsync.standings.which import PRIVATE, PUBLIC

GONE = "del=0123456789abcdef"  # a member whose account was deleted


def at(
    rank: int | None = 412,
    score: str | None = "0.80523",
    *,
    team_id: int | None = 7,
    name: str = "The Team",
    members: str = "alice,bob",
    submissions: int | None = 5,
) -> Standing:
    """A standing; the score by its text."""
    number = None if score is None else float(score)
    return Standing(rank, number, score, team_id, name, members, submissions)


BEFORE = at()
BETTER, WORSE = at(371, "0.80711", submissions=6), at(1500, "0.79000")

# reason, before, after, member → the sentence about alice among 1,744 teams, the words of a column
SENTENCES = [
    (NEW, None, BEFORE, "", "alice: at 412 of 1,744, first seen, score 0.80523", "new"),
    (
        CAME_BACK,
        None,
        BEFORE,
        "",
        "alice: at 412 of 1,744, back on the board, score 0.80523",
        "came back",
    ),
    (
        LEFT,
        BEFORE,
        None,
        "",
        "alice: left the board (rolling window or deletion), last at 412",
        "left",
    ),
    (DELETED, at(1744), None, "", "alice: the account was deleted, last at 1,744", "deleted"),
    (
        MERGED,
        BEFORE,
        at(371, team_id=8, name="Both", members="alice,bob,zoe"),
        "",
        "alice: 412 → 371 of 1,744, the team “The Team” merged into “Both”",
        "merged into Both",
    ),
    (
        MOVED,
        BEFORE,
        at(413, team_id=8, name="Others", members="alice,zoe"),
        "",
        "alice: 412 → 413 of 1,744, now in the team “Others”, no longer in “The Team”",
        "moved",
    ),
    (IMPROVED, BEFORE, BETTER, "", "alice: 412 → 371 of 1,744, improved 0.80523 → 0.80711", "improved"),
    (
        IMPROVED,
        BEFORE,
        at(1450, "0.80711"),
        "",
        "alice: 412 → 1,450 of 1,744, improved 0.80523 → 0.80711, yet overtaken",
        "improved, overtaken",
    ),
    (
        IMPROVED,
        BEFORE,
        at(412, "0.80711"),
        "",
        "alice: at 412 of 1,744, improved 0.80523 → 0.80711",
        "improved",
    ),
    (IMPROVED, at(1744, None), BETTER, "", "alice: 1,744 → 371 of 1,744, improved – → 0.80711", "improved"),
    (FELL, BEFORE, WORSE, "", "alice: 412 → 1,500 of 1,744, fell 0.80523 → 0.79000", "fell"),
    (
        FELL,
        BEFORE,
        at(1500, "0.79000", submissions=6),
        "",
        "alice: 412 → 1,500 of 1,744, fell with a new submission 0.80523 → 0.79000",
        "fell with a new submission",
    ),
    (RESCORED, BEFORE, BETTER, "", "alice: 412 → 371 of 1,744, score 0.80523 → 0.80711", "rescored"),
    (
        RESCORED,
        BEFORE,
        BETTER._replace(submission_count=BEFORE.submission_count),
        "",
        "alice: 412 → 371 of 1,744, rescored 0.80523 → 0.80711",
        "rescored",
    ),
    (
        OVERTAKEN,
        BEFORE,
        at(1500),
        "",
        "alice: 412 → 1,500 of 1,744, overtaken by 1,088",
        "overtaken by 1,088",
    ),
    (
        SUBMITTED,
        BEFORE,
        at(413, submissions=6),
        "",
        "alice: 412 → 413 of 1,744, 1 new submission, not better than 0.80523, overtaken by 1",
        "1 new, no gain",
    ),
    (
        SUBMITTED,
        BEFORE,
        at(415, submissions=8),
        "",
        "alice: 412 → 415 of 1,744, 3 new submissions, none better than 0.80523, overtaken by 3",
        "3 new, no gain",
    ),
    (OTHERS_LEFT, BEFORE, at(400), "", "alice: 412 → 400 of 1,744, 12 above left", "12 above left"),
    (
        SUBMITTED,
        at(1744),
        at(400, submissions=6),
        "",
        "alice: 1,744 → 400 of 1,744, 1 new submission, not better than 0.80523, 1,344 above left",
        "1 new, no gain",
    ),
    (
        SUBMITTED,
        BEFORE,
        at(submissions=6),
        "",
        "alice: at 412 of 1,744, 1 new submission, not better than 0.80523",
        "1 new, no gain",
    ),
    (
        SUBMITTED,
        BEFORE,
        at(submissions=8),
        "",
        "alice: at 412 of 1,744, 3 new submissions, none better than 0.80523",
        "3 new, no gain",
    ),
    (
        RENAMED,
        BEFORE,
        at(371, name="Better Team"),
        "",
        "alice: the team “The Team” is now called “Better Team”",
        "renamed",
    ),
    (
        MEMBER_JOINED,
        BEFORE,
        at(members="alice,bob,zoe"),
        "zoe",
        "alice: zoe joined the team “The Team”",
        "zoe joined",
    ),
    (MEMBER_LEFT, BEFORE, at(members="alice"), "bob", "alice: bob left the team “The Team”", "bob left"),
    (
        MEMBER_LEFT,
        BEFORE,
        at(members=f"alice,{GONE}"),
        "bob",
        "alice: the account of bob in the team “The Team” was deleted",
        "bob left",
    ),
]


@pytest.mark.parametrize(
    ("reason", "before", "after", "member", "told", "short"),
    SENTENCES,
    ids=[f"{each[0]}: {each[5]}" for each in SENTENCES],
)
def test_each_reason_has_its_sentence_and_its_few_words(
    reason: str, before: Standing | None, after: Standing | None, member: str, told: str, short: str
) -> None:
    movement = Movement(reason, 1, before, after, member)
    assert sentence("alice", movement, 1744) == told
    assert words(movement) in told
    assert brief(movement) == short


def test_no_reason_is_without_a_sentence() -> None:
    assert {each[0] for each in SENTENCES} == set(REASONS) - {FINAL, PASSED}  # see test_results.py and below


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (["Bob"], "alice passed Bob: 412 → 371 of 1,744, improved 0.80523 → 0.80711"),
        (["Bob", "carol"], "alice passed Bob and carol: "),
        (["Bob", "carol", "Student 35", "dave"], "alice passed Bob, carol, Student 35 and dave: 412 → "),
        (["Bob", "carol", "Student 35", "dave", "erin"], "alice passed Bob, carol, Student 35 and 2 more: "),
    ],
)
def test_who_was_passed_is_named(passed: list[str], told: str) -> None:
    assert sentence("alice", Movement(IMPROVED, 1, BEFORE, BETTER), 1744, passed).startswith(told)


@pytest.mark.parametrize("teams", [None, 0])
def test_without_the_number_of_teams_the_rank_stands_alone(teams: int | None) -> None:
    improved = Movement(IMPROVED, 1, BEFORE, BETTER)
    assert sentence("alice", improved, teams) == "alice: 412 → 371, improved 0.80523 → 0.80711"
    assert sentence("alice", Movement(NEW, 1, None, BEFORE), teams) == (
        "alice: at 412, first seen, score 0.80523"
    )


def test_without_ranks_there_is_no_place() -> None:
    before, after = at(None), at(None, "0.80711")
    assert sentence("alice", Movement(IMPROVED, 1, before, after), 1744) == (
        "alice: improved 0.80523 → 0.80711"
    )
    assert sentence("alice", Movement(LEFT, 1, before, None), 1744) == (
        "alice: left the board (rolling window or deletion)"
    )
    assert sentence("alice", Movement(NEW, 1, None, before), 1744) == "alice: first seen, score 0.80523"


def test_a_rank_that_was_not_known_before_is_told_alone() -> None:
    assert sentence("alice", Movement(IMPROVED, 1, at(None), BETTER), 1744) == (
        "alice: at 371 of 1,744, improved 0.80523 → 0.80711"
    )
    assert sentence("alice", Movement(IMPROVED, 1, BEFORE, at(None, "0.80711")), 1744) == (
        "alice: improved 0.80523 → 0.80711"
    )


def test_scores_are_told_as_kaggle_prints_them() -> None:
    movement = Movement(IMPROVED, 1, at(score="0.80"), at(score="68908.3160"))
    assert words(movement) == "improved 0.80 → 68908.3160"
    assert words(Movement(NEW, 1, None, at(score=None))) == "first seen, score –"


def test_names_are_told_as_they_are() -> None:
    movement = Movement(RENAMED, 1, at(name="[red]a[/red]"), at(name="“quoted”"))
    assert sentence("{who}", movement, 1) == "{who}: the team “[red]a[/red]” is now called ““quoted””"


@pytest.mark.parametrize("board", [PUBLIC, PRIVATE])
@pytest.mark.parametrize("reason", [MERGED, MOVED, RENAMED, MEMBER_JOINED, MEMBER_LEFT])
def test_a_nameless_movement_is_told_without_team_and_member(reason: str, board: str) -> None:
    after = at(371, team_id=8, name="", members="")
    movement = Movement(reason, 1, at(name="", members=""), after, board=board, is_nameless=True)
    assert words(movement) == REASONS[reason]
    assert brief(movement) == reason.replace("-", " ")


# Properties: any movement, also one that no history gives

_STATES = st.one_of(
    st.none(),
    st.builds(
        at,
        st.one_of(st.none(), st.integers(1, 10**6)),
        st.one_of(st.none(), st.sampled_from(["0.12345", "-5.0", "68908.316"])),
        team_id=st.sampled_from([None, 7, 8]),
        name=st.sampled_from(["The Team", "", "a: b → c", "“x”", "[b]", "two\nlines"]),
        members=st.sampled_from(["", "alice", "alice,bob", f"alice,{GONE}"]),
        submissions=st.one_of(st.none(), st.integers(0, 500)),
    ),
)
_MOVEMENTS = st.builds(
    Movement, st.sampled_from(sorted(REASONS)), st.just(1), _STATES, _STATES, st.sampled_from(["", "zoe"])
)


@pytest.mark.long
@settings(max_examples=200)
@given(st.text(min_size=1, max_size=10), _MOVEMENTS, st.one_of(st.none(), st.integers(0, 10**6)))
@example("alice", Movement("a reason of tomorrow", 1, BEFORE, BETTER), 1744)
def test_a_sentence_starts_with_who_and_ends_with_what(
    who: str, movement: Movement, teams: int | None
) -> None:
    told = sentence(who, movement, teams)
    assert told.startswith(who)
    assert words(movement) in told
    assert words(movement).strip()
    assert "None" not in words(movement)


@pytest.mark.long
@settings(max_examples=200)
@given(_MOVEMENTS)
def test_the_few_words_are_few_and_tell_no_score(movement: Movement) -> None:
    short = brief(movement)
    name = movement.after.team_name if movement.after else ""
    assert len(short.replace(name, "", 1) if movement.reason == MERGED else short) <= 34
    for state in (movement.before, movement.after):
        if state is not None and state.score_text is not None and movement.reason != MERGED:
            assert state.score_text not in short
    assert "→" not in short or movement.reason == MERGED
