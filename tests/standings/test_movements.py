"""What moved, and why: each reason by hand, drift, and properties over random histories."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kagsync.standings.movements import (
    CAME_BACK,
    DELETED,
    FELL,
    IMPROVED,
    LEFT,
    MEMBER_JOINED,
    MEMBER_LEFT,
    MERGED,
    MOVED,
    NEW,
    OTHERS_LEFT,
    OVERTAKEN,
    REASONS,
    RENAMED,
    RESCORED,
    SUBMITTED,
    Change,
    Movement,
    Past,
    better,
    movements,
    overall,
    same_team,
)
from kagsync.standings.standing import Standing

GONE = "del=0123456789abcdef"  # a member whose account was deleted
HERE = Standing(412, 0.80523, "0.80523", 7, "The Team", "alice,bob", 5)


def here(
    rank: int | None = HERE.rank,
    score: float | None = HERE.score,
    *,
    team_id: int | None = HERE.team_id,
    name: str = HERE.team_name,
    members: str = HERE.members,
    submissions: int | None = HERE.submission_count,
) -> Standing:
    """HERE, but for what is given."""
    text = None if score is None else f"{score:.5f}"
    return Standing(rank, score, text, team_id, name, members, submissions)


def past(*states: Standing | None, known: bool | None = None) -> Past:
    """The first is how it was before; the others come at the moments 1, 2, 3 …"""
    before, *later = states
    changes = [Change(moment, state) for moment, state in enumerate(later, start=1)]
    return Past(before, before is not None if known is None else known, changes)


def now(history: Past) -> Standing | None:
    """The standing after the last change."""
    return history.changes[-1].standing if history.changes else history.before


def told(*states: Standing | None, higher: bool | None = True, known: bool | None = None) -> list[str]:
    """The reasons of all movements."""
    return [movement.reason for movement in movements(past(*states, known=known), higher)]


def only(*states: Standing | None, higher: bool | None = True) -> Movement:
    (movement,) = movements(past(*states), higher)
    return movement


# On the board, and off it


def test_who_was_never_seen_is_new() -> None:
    assert only(None, HERE) == Movement(NEW, 1, None, HERE)
    assert only(None, HERE).places is None


def test_who_was_seen_before_came_back() -> None:
    assert told(None, HERE, known=True) == [CAME_BACK]
    assert told(HERE, None, HERE) == [LEFT, CAME_BACK]
    assert told(None, HERE, None, HERE) == [NEW, LEFT, CAME_BACK]


def test_who_is_no_longer_on_the_board_left() -> None:
    assert only(HERE, None) == Movement(LEFT, 1, HERE, None)
    assert only(HERE, None).places is None
    assert only(HERE, None).submissions == 0


def test_who_left_while_an_account_of_the_team_was_deleted_did_so_by_that() -> None:
    (movement,) = movements(past(HERE, None), True, {(7, 1)})
    assert movement == Movement(DELETED, 1, HERE, None)


@pytest.mark.parametrize("elsewhere", [(8, 1), (7, 2), (None, 1)])
def test_an_account_deleted_in_another_team_or_at_another_time_tells_nothing(
    elsewhere: tuple[int | None, int],
) -> None:
    assert [each.reason for each in movements(past(HERE, None), True, {elsewhere})] == [LEFT]


def test_a_deletion_does_not_move_the_team_mates_who_stay() -> None:
    assert [each.reason for each in movements(past(HERE, here(413)), True, {(7, 1)})] == [OVERTAKEN]


# Another team


def test_a_team_that_became_part_of_another_merged() -> None:
    after = here(371, team_id=8, name="Both", members="alice,bob,zoe")
    assert only(HERE, after) == Movement(MERGED, 1, HERE, after)
    assert only(HERE, after).places == 41


@pytest.mark.parametrize("members", ["alice,zoe", "alice", "alice,bob", "zoe"])
def test_another_team_without_all_the_old_team_mates_and_somebody_new_is_a_move(members: str) -> None:
    assert told(HERE, here(team_id=8, members=members)) == [MOVED]


def test_a_team_whose_members_are_not_known_is_not_said_to_have_merged() -> None:
    assert told(here(members=""), here(team_id=8, members="alice")) == [MOVED]


def test_another_team_is_one_movement_whatever_else_changed() -> None:
    assert told(HERE, here(1, 0.9, team_id=8, name="Other", members="alice,zoe", submissions=9)) == [MOVED]


def test_submissions_of_another_team_are_not_new_ones() -> None:
    assert only(HERE, here(team_id=8, submissions=40)).submissions == 0


def test_without_ids_a_team_is_known_by_its_name() -> None:
    assert told(here(team_id=None), here(411, 0.9, team_id=None, submissions=6)) == [IMPROVED]
    assert told(here(team_id=None), here(team_id=None, name="Other")) == [MOVED]
    assert told(here(team_id=None), here(411, 0.9, submissions=6)) == [IMPROVED]  # the id became known
    assert told(HERE, here(team_id=None, name="Other")) == [MOVED]


def test_with_ids_a_teams_name_does_not_matter() -> None:
    assert same_team(HERE, here(name="Other"))
    assert not same_team(HERE, here(team_id=8))


# The score


def test_a_better_score_improved() -> None:
    after = here(371, 0.80711, submissions=6)
    movement = only(HERE, after)
    assert movement == Movement(IMPROVED, 1, HERE, after)
    assert (movement.places, movement.submissions) == (41, 1)


def test_who_improved_may_yet_be_overtaken() -> None:
    movement = only(HERE, here(450, 0.80711, submissions=6))
    assert (movement.reason, movement.places) == (IMPROVED, -38)


def test_a_worse_score_fell() -> None:
    old = here(submissions=None)  # boards before 2023 do not tell how many there were
    movement = only(old, here(500, 0.7, submissions=None))
    assert (movement.reason, movement.places, movement.submissions) == (FELL, -88, 0)


def test_a_fall_with_a_new_submission_says_how_many() -> None:
    movement = only(HERE, here(500, 0.7, submissions=8))
    assert (movement.reason, movement.submissions) == (FELL, 3)


def test_where_lower_is_better_a_lower_score_improved() -> None:
    assert told(HERE, here(371, 0.7, submissions=6), higher=False) == [IMPROVED]
    assert told(HERE, here(500, 0.9, submissions=6), higher=False) == [FELL]


def test_where_the_direction_is_not_known_a_team_is_rescored() -> None:
    for score in (0.9, 0.7):
        assert told(HERE, here(371, score, submissions=6), higher=None) == [RESCORED]
        assert told(here(submissions=None), here(371, score, submissions=None), higher=None) == [RESCORED]


@pytest.mark.parametrize("higher", [True, False, None])
@pytest.mark.parametrize("score", [0.9, 0.7])
def test_another_score_without_a_new_submission_is_rescored_whichever_way_it_went(
    score: float, higher: bool | None
) -> None:
    movement = only(HERE, here(371, score), higher=higher)
    assert movement == Movement(RESCORED, 1, HERE, here(371, score))


@pytest.mark.parametrize("old", [4, 6, None])
def test_a_number_of_submissions_that_is_not_the_same_says_nothing_of_a_rescoring(old: int | None) -> None:
    assert told(here(submissions=old), here(371, 0.9)) == [IMPROVED]


@pytest.mark.parametrize("higher", [True, False, None])
@pytest.mark.parametrize("later", [6, None])
def test_a_first_score_is_better_than_none(higher: bool | None, later: int | None) -> None:
    assert told(here(score=None), here(submissions=later), higher=higher) == [IMPROVED]
    assert told(HERE, here(score=None, submissions=later), higher=higher) == [FELL]


@pytest.mark.parametrize("higher", [True, False, None])
def test_a_score_that_cannot_be_read_for_a_while_is_nobodys_doing(higher: bool | None) -> None:
    assert told(HERE, here(score=None), higher=higher) == [RESCORED]
    assert told(HERE, here(score=None), HERE, higher=higher) == []


def test_other_decimals_are_no_other_score() -> None:
    assert told(HERE, HERE._replace(score_text="0.805230")) == []


@pytest.mark.parametrize(
    ("old", "new", "higher", "expected"),
    [
        (0.5, 0.6, True, True),
        (0.5, 0.6, False, False),
        (0.6, 0.5, True, False),
        (0.6, 0.5, False, True),
        (-2.0, -1.0, True, True),
        (0.5, 0.6, None, None),
        (0.5, 0.5, True, None),
        (None, 0.5, True, None),
        (0.5, None, True, None),
        (None, None, False, None),
    ],
)
def test_better_is_a_matter_of_direction_and_needs_two_scores(
    old: float | None, new: float | None, higher: bool | None, expected: bool | None
) -> None:
    assert better(old, new, higher) is expected


# The rank


def test_a_worse_rank_with_the_same_score_is_overtaken() -> None:
    assert (only(HERE, here(420)).reason, only(HERE, here(420)).places) == (OVERTAKEN, -8)


def test_a_better_rank_with_the_same_score_is_others_leaving() -> None:
    assert (only(HERE, here(400)).reason, only(HERE, here(400)).places) == (OTHERS_LEFT, 12)


@pytest.mark.parametrize("higher", [True, False, None])
def test_ranks_need_no_direction(higher: bool | None) -> None:
    assert told(HERE, here(420), higher=higher) == [OVERTAKEN]
    assert told(HERE, here(400), higher=higher) == [OTHERS_LEFT]


def test_boards_without_ranks_tell_scores_only() -> None:
    movement = only(here(None), here(None, 0.9, submissions=6))
    assert (movement.reason, movement.places) == (IMPROVED, None)
    assert told(here(None), here(None, 0.9), higher=None) == [RESCORED]


def test_a_rank_that_becomes_known_or_unknown_is_no_movement() -> None:
    assert told(here(None), HERE) == []
    assert told(HERE, here(None)) == []


# Submissions


def test_submissions_that_change_nothing_are_told() -> None:
    movement = only(HERE, here(submissions=7))
    assert (movement.reason, movement.submissions, movement.places) == (SUBMITTED, 2, 0)


def test_fewer_submissions_are_nobodys_doing() -> None:
    assert told(HERE, here(submissions=4)) == []
    assert only(HERE, here(420, submissions=4)).submissions == 0


def test_a_number_of_submissions_that_becomes_known_is_no_submission() -> None:
    assert told(here(submissions=None), here(submissions=39)) == []
    assert only(here(submissions=None), here(420, submissions=39)).submissions == 0


def test_submissions_that_a_merged_team_brings_are_not_new() -> None:
    assert told(HERE, here(members="alice,bob,carol", submissions=66)) == [MEMBER_JOINED]
    movement = movements(past(HERE, here(420, members="alice,bob,carol", submissions=66)), True)[0]
    assert (movement.reason, movement.submissions) == (OVERTAKEN, 0)


def test_a_number_of_submissions_that_is_no_longer_known_is_no_submission() -> None:
    assert told(HERE, here(submissions=None)) == []


# The team


def test_another_name_of_the_same_team_is_a_new_name() -> None:
    after = here(name="Other")
    assert only(HERE, after) == Movement(RENAMED, 1, HERE, after)


def test_new_members_joined_each_on_their_own() -> None:
    found = movements(past(HERE, here(members="alice,bob,carol,zoe")), True)
    assert [(each.reason, each.member) for each in found] == [
        (MEMBER_JOINED, "carol"),
        (MEMBER_JOINED, "zoe"),
    ]


def test_a_member_who_is_gone_left() -> None:
    movement = only(HERE, here(members="alice"))
    assert (movement.reason, movement.member, movement.member_was_deleted) == (MEMBER_LEFT, "bob", False)


def test_a_member_whose_account_was_deleted_left_and_nobody_joined() -> None:
    movement = only(HERE, here(members=f"alice,{GONE}"))
    assert (movement.reason, movement.member, movement.member_was_deleted) == (MEMBER_LEFT, "bob", True)


def test_an_account_that_was_deleted_before_is_not_why_somebody_leaves() -> None:
    assert not only(here(members=f"alice,bob,{GONE}"), here(members=f"alice,{GONE}")).member_was_deleted


def member_news(before: str, after: str) -> list[tuple[str, str]]:
    found = movements(past(here(members=before), here(members=after)), True)
    return [(each.reason, each.member) for each in found]


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        ("?,bob", "alice,bob", []),  # who was removed is there again, as a stranger
        ("?,bob", "bob", []),
        ("?,bob", "alice,bob,carol", []),  # one of the two joined, and nobody knows which
        ("?,?,bob", "alice,bob,carol", []),
        ("?", "alice", []),
        ("?,bob", f"{GONE},bob", []),
        ("?,bob,dan", "alice,bob", [(MEMBER_LEFT, "dan")]),
        ("?,bob", "?,bob,carol", [(MEMBER_JOINED, "carol")]),
        ("?,bob,dan", "?,bob", [(MEMBER_LEFT, "dan")]),
        ("alice,bob", "?,bob", []),  # an older board that was loaded later
        ("bob", "?,bob", []),
        ("?,bob", "", []),
        ("", "?,bob", []),
    ],
)
def test_a_member_who_was_removed_may_be_anybody(
    before: str, after: str, news: list[tuple[str, str]]
) -> None:
    assert member_news(before, after) == news


@given(
    before=st.sets(st.sampled_from("abcdef"), min_size=1),
    after=st.sets(st.sampled_from("abcdef"), min_size=1),
    removed=st.sets(st.sampled_from("abcdef")),
    where=st.sampled_from(["before", "after", "both"]),
)
def test_removing_people_never_makes_news(
    before: set[str], after: set[str], removed: set[str], where: str
) -> None:
    def cell(members: set[str], *, hidden: bool) -> str:
        return ",".join(sorted("?" if hidden and each in removed else each for each in members))

    told = member_news(cell(before, hidden=where != "after"), cell(after, hidden=where != "before"))
    assert set(told) <= set(member_news(cell(before, hidden=False), cell(after, hidden=False)))
    if where == "both":
        assert removed.isdisjoint(member for _, member in told)


def test_a_team_of_which_a_member_was_removed_can_become_part_of_another() -> None:
    assert told(here(members="?,bob"), here(team_id=8, members="alice,bob,carol")) == [MERGED]
    assert told(here(members="?,bob"), here(team_id=8, members="alice,bob")) == [MOVED]
    assert told(here(members="?"), here(team_id=8, members="alice,bob")) == [MOVED]


def test_submissions_count_when_the_removed_member_is_there_again() -> None:
    (movement,) = movements(past(here(members="?,bob"), here(members="alice,bob", submissions=8)), True)
    assert (movement.reason, movement.submissions) == (SUBMITTED, 3)
    assert told(here(members="?,bob"), here(members="alice,bob,carol", submissions=66)) == []


def test_who_left_by_deleting_the_account_is_known_beside_a_removed_member() -> None:
    movement = only(here(members="?,bob,dan"), here(members=f"alice,bob,{GONE}"))
    assert (movement.member, movement.member_was_deleted) == ("dan", True)


def test_members_that_become_known_did_not_join() -> None:
    assert told(here(members=""), HERE) == []
    assert told(HERE, here(members="")) == []


def test_the_standing_comes_before_the_team() -> None:
    after = here(371, 0.9, name="Other", members="alice,zoe", submissions=6)
    assert told(HERE, after) == [IMPROVED, RENAMED, MEMBER_LEFT, MEMBER_JOINED]


def test_a_text_with_a_meaning_belongs_to_each_reason() -> None:
    assert len(REASONS) == 17
    assert all(meaning for meaning in REASONS.values())


# Drift: what only others did, summed up


def test_what_others_did_is_summed_up_to_its_net_effect() -> None:
    last = here(430)
    assert only(HERE, here(420), here(410), last) == Movement(OVERTAKEN, 3, HERE, last)
    assert only(HERE, here(420), here(410)) == Movement(OTHERS_LEFT, 2, HERE, here(410))


def test_the_last_step_of_others_does_not_decide_what_they_did_in_all() -> None:
    assert only(HERE, here(430), here(420)) == Movement(OVERTAKEN, 2, HERE, here(420))
    assert only(HERE, here(390), here(400)) == Movement(OTHERS_LEFT, 2, HERE, here(400))


def test_what_others_did_and_undid_is_not_told() -> None:
    assert told(HERE, here(420), HERE) == []


def test_new_submissions_are_ones_own_whatever_others_did_to_the_rank() -> None:
    first, last = here(420, submissions=7), here(submissions=8)
    found = movements(past(HERE, first, last), True)
    assert found == [Movement(SUBMITTED, 1, HERE, first), Movement(SUBMITTED, 2, first, last)]
    assert [(each.submissions, each.places, each.own) for each in found] == [(2, -8, True), (1, 8, True)]


@pytest.mark.parametrize(
    ("after", "reason", "own"),
    [
        (here(420), OVERTAKEN, False),
        (here(400), OTHERS_LEFT, False),
        (here(400, 0.9), RESCORED, False),
        (here(400, 0.9, submissions=6), IMPROVED, True),
        (here(500, 0.1, submissions=6), FELL, True),
        (here(submissions=6), SUBMITTED, True),
        (here(name="Other"), RENAMED, True),
        (None, LEFT, True),
    ],
)
def test_what_only_others_did_is_not_ones_own(after: Standing | None, reason: str, own: bool) -> None:
    found = only(HERE, after)
    assert (found.reason, found.own) == (reason, own)


def test_a_movement_of_ones_own_ends_the_sum() -> None:
    better_now = [here(rank, 0.9, submissions=6) for rank in (300, 301, 305)]
    states = [HERE, here(420), here(430), *better_now]
    found = movements(past(*states), True)
    assert [(each.reason, each.moment, each.places) for each in found] == [
        (OVERTAKEN, 2, -18),
        (IMPROVED, 3, 130),
        (OVERTAKEN, 5, -5),
    ]


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        (None, LEFT),
        (here(420, submissions=6), SUBMITTED),
        (here(500, 0.1, submissions=6), FELL),
        (here(500, 0.9, submissions=6), IMPROVED),
        (here(420, team_id=8), MOVED),
        (here(420, team_id=8, members="alice,bob,zoe"), MERGED),
    ],
)
def test_any_movement_of_ones_own_ends_it(own: Standing | None, reason: str) -> None:
    assert told(HERE, here(420), own) == [OVERTAKEN, reason]


def test_a_new_name_or_member_does_not_end_it() -> None:
    found = movements(past(HERE, here(420), here(420, name="Other"), here(430, name="Other")), True)
    assert [(each.reason, each.moment, each.places) for each in found] == [
        (RENAMED, 2, 0),
        (OVERTAKEN, 3, -18),
    ]


def test_rescorings_are_summed_up_with_what_others_did() -> None:
    states = [HERE, here(420, 0.8), here(430, 0.8), here(410, 0.81)]
    assert only(*states) == Movement(RESCORED, 3, HERE, states[-1])
    assert only(HERE, here(420, 0.8), here(420)) == Movement(OVERTAKEN, 2, HERE, here(420))
    assert told(HERE, here(420, 0.8), HERE) == []


def test_submissions_that_members_bring_make_no_rescoring_ones_own() -> None:
    bigger = here(415, members="alice,bob,zoe", submissions=9)
    joined, movement = movements(past(HERE, bigger, bigger._replace(rank=420, score=0.9)), True)
    assert joined.reason == MEMBER_JOINED
    assert (movement.reason, movement.own, movement.submissions) == (RESCORED, False, 0)


def test_a_rescoring_where_the_direction_is_not_known_is_summed_up_too_but_a_new_score_is_not() -> None:
    again = here(410, 0.9, submissions=6)
    assert told(HERE, here(420, 0.8), here(430, 0.7), higher=None) == [RESCORED]
    assert told(HERE, here(420, 0.8), again, higher=None) == [RESCORED, RESCORED]


# From the first to the last


def test_overall_a_rescoring_is_not_put_down_to_a_submission_that_was_not_better() -> None:
    submitted = here(submissions=6)
    for score in (0.7, 0.9):
        rescored = here(420, score, submissions=6)
        assert overall(past(HERE, submitted, rescored), True) == Movement(RESCORED, 2, HERE, rescored)
        assert overall(past(HERE, submitted, None, rescored), True) == Movement(RESCORED, 3, HERE, rescored)
    better_one = overall(past(HERE, here(300, 0.9, submissions=6), here(310, 0.85, submissions=6)), True)
    assert better_one is not None
    assert better_one.reason == IMPROVED


def test_overall_is_one_movement_from_the_first_to_the_last() -> None:
    states = (HERE, here(420), here(300, 0.9, submissions=6), here(310, 0.9, submissions=6))
    assert overall(past(*states), True) == Movement(IMPROVED, 3, HERE, states[-1])


def test_overall_sums_up_what_others_did_too() -> None:
    assert overall(past(HERE, here(430), here(420)), True) == Movement(OVERTAKEN, 2, HERE, here(420))
    assert overall(past(HERE, here(390), here(400)), True) == Movement(OTHERS_LEFT, 2, HERE, here(400))


def test_overall_is_nothing_where_the_end_is_the_beginning() -> None:
    assert overall(past(HERE), True) is None
    assert overall(past(None), True) is None
    assert overall(past(HERE, here(1, 0.9), HERE), True) is None
    assert overall(past(None, HERE, None), True) is None


def test_overall_tells_who_is_new_who_came_back_and_who_left() -> None:
    reasons = [
        movement and movement.reason
        for movement in (
            overall(past(None, HERE, here(1)), True),
            overall(past(None, HERE, known=True), True),
            overall(past(HERE, here(1), None), True),
            overall(past(HERE, None), True, {(7, 1)}),
        )
    ]
    assert reasons == [NEW, CAME_BACK, LEFT, DELETED]


def test_overall_tells_a_deletion_in_a_team_that_was_not_the_first() -> None:
    history = past(HERE, here(team_id=8), None)
    assert [each.reason for each in movements(history, True, {(8, 2)})] == [MOVED, DELETED]
    found = overall(history, True, {(8, 2)})
    assert found is not None
    assert found.reason == DELETED


# Properties: few ranks, scores and teams, so that much repeats.

_SCORES = st.sampled_from([None, 0.1, 0.5, 0.9])
_MEMBERS = st.sets(st.sampled_from(["alice", "bob", "zoe", GONE])).map(lambda names: ",".join(sorted(names)))
_STATES = st.builds(
    here,
    st.one_of(st.none(), st.integers(1, 4)),
    _SCORES,
    team_id=st.sampled_from([None, 7, 8]),
    name=st.sampled_from(["a", "b"]),
    members=_MEMBERS,
    submissions=st.sampled_from([None, 0, 1, 3]),
)
# On one board after the other in one team: ranks known, so that they chain.
_RANKED = st.builds(
    here, st.integers(1, 4), st.sampled_from([0.1, 0.9]), name=st.sampled_from("ab"), members=_MEMBERS
)
_DIRECTIONS = st.sampled_from([None, True, False])
_DELETIONS = st.sets(st.tuples(st.sampled_from([None, 7, 8]), st.integers(1, 8)))


def pasts(states: st.SearchStrategy[Standing] = _STATES) -> st.SearchStrategy[Past]:
    """Histories as they are stored: each state differs from the one before."""

    def distinct(found: list[Standing | None]) -> list[Standing | None]:
        return found[:1] + [new for old, new in pairwise(found) if new != old]

    several = st.lists(st.one_of(st.none(), states, states, states), min_size=1, max_size=8)
    return st.builds(
        lambda found, known: past(*found, known=found[0] is not None or known),
        several.map(distinct),
        st.booleans(),
    )


def standings(found: list[Movement]) -> list[Movement]:
    return [each for each in found if each.reason not in (RENAMED, MEMBER_JOINED, MEMBER_LEFT)]


def steps(history: Past) -> list[tuple[int, Standing | None, Standing | None]]:
    """Every change: its moment, and the standings around it."""
    states = [history.before, *(change.standing for change in history.changes)]
    return [
        (change.moment, *around) for change, around in zip(history.changes, pairwise(states), strict=True)
    ]


@settings(max_examples=150)
@given(pasts(), _DIRECTIONS, _DELETIONS)
def test_movements_are_in_order_have_reasons_and_are_the_same_twice(
    history: Past, higher: bool | None, deleted: set[tuple[int | None, int]]
) -> None:
    found = movements(history, higher, deleted)
    assert found == movements(history, higher, deleted)
    assert [each.moment for each in found] == sorted(each.moment for each in found)
    states = [history.before, *(change.standing for change in history.changes)]
    for each in found:
        assert each.reason in REASONS
        assert each.after == states[each.moment]
        assert each.before in states[: each.moment]
        assert (each.before is None) == (each.reason in (NEW, CAME_BACK))
        assert (each.after is None) == (each.reason in (LEFT, DELETED))
        assert bool(each.member) == (each.reason in (MEMBER_JOINED, MEMBER_LEFT))
        assert each.submissions >= 0
        if each.reason == DELETED:
            assert each.before is not None
            assert (each.before.team_id, each.moment) in deleted
        if each.reason in (OVERTAKEN, OTHERS_LEFT):
            assert each.places
            assert (each.places > 0) == (each.reason == OTHERS_LEFT)


@settings(max_examples=150)
@given(pasts(), _DIRECTIONS)
def test_every_change_of_presence_team_or_score_is_told_once_and_on_its_own(
    history: Past, higher: bool | None
) -> None:
    found = movements(history, higher)
    for moment, before, after in steps(history):
        own = [each for each in standings(found) if each.moment == moment]
        own = [each for each in own if each.reason not in (OVERTAKEN, OTHERS_LEFT, SUBMITTED)]
        own_doing = before is None or after is None or not same_team(before, after)
        if before is not None and after is not None and not own_doing:
            own_doing = before.score != after.score
            if before.submission_count is not None:
                own_doing &= before.submission_count != after.submission_count
        if not own_doing:
            own = [each for each in own if each.reason != RESCORED]  # the sum of several
        assert [(each.before, each.after) for each in own] == ([(before, after)] if own_doing else [])


@pytest.mark.long
@settings(max_examples=150)
@given(pasts(_RANKED), _DIRECTIONS)
def test_ranks_and_scores_chain_from_the_beginning_to_the_end(history: Past, higher: bool | None) -> None:
    def standing(state: Standing | None) -> tuple[int | None, float | None] | None:
        return None if state is None else (state.rank, state.score)

    at = standing(history.before)
    for each in standings(movements(history, higher)):
        assert standing(each.before) == at
        at = standing(each.after)
    assert at == standing(now(history))


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(1, 3)), st.sampled_from([0.1, 0.9]), st.sampled_from("ab")
        ),
        min_size=1,
        max_size=8,
    ),
    st.data(),
    _DIRECTIONS,
)
def test_no_submission_is_lost_or_told_twice(
    rows: list[tuple[int | None, float, str]], data: st.DataObject, higher: bool | None
) -> None:
    counts = sorted(data.draw(st.lists(st.integers(0, 9), min_size=len(rows), max_size=len(rows))))
    states = [
        here(rank, score, name=name, submissions=count)
        for (rank, score, name), count in zip(rows, counts, strict=True)
    ]
    found = standings(movements(past(*states), higher))
    assert sum(each.submissions for each in found) == counts[-1] - counts[0]


@settings(max_examples=100)
@given(pasts(_RANKED), _DIRECTIONS)
def test_between_two_movements_of_ones_own_others_are_told_at_most_once(
    history: Past, higher: bool | None
) -> None:
    reasons = [each.reason for each in standings(movements(history, higher))]
    drift = {OVERTAKEN, OTHERS_LEFT, RESCORED}  # none of these makes a submission
    assert not any(one in drift and other in drift for one, other in pairwise(reasons))


@settings(max_examples=100)
@given(pasts())
def test_the_other_direction_swaps_improved_and_fell_and_nothing_else(history: Past) -> None:
    def swapped(each: Movement) -> Movement:
        both = each.before is not None and each.after is not None
        if not both or None in (each.before.score, each.after.score):  # type: ignore[union-attr]
            return each  # any score is better than none
        return replace(each, reason={IMPROVED: FELL, FELL: IMPROVED}.get(each.reason, each.reason))

    def unknown(each: Movement) -> Movement:
        return replace(each, reason=RESCORED) if swapped(each) != each else each

    upwards = movements(history, True)
    assert movements(history, False) == [swapped(each) for each in upwards]
    assert movements(history, None) == [unknown(each) for each in upwards]


def mirrored(state: Standing | None) -> Standing | None:
    if state is None or state.score is None:
        return state
    return state._replace(score=-state.score)


@settings(max_examples=100)
@given(pasts(), _DELETIONS)
def test_a_mirrored_board_has_the_same_movements(history: Past, deleted: set[tuple[int | None, int]]) -> None:
    mirror = Past(
        mirrored(history.before),
        history.known,
        [Change(change.moment, mirrored(change.standing)) for change in history.changes],
    )
    assert movements(mirror, False, deleted) == [
        replace(each, before=mirrored(each.before), after=mirrored(each.after))
        for each in movements(history, True, deleted)
    ]


def moved(before: Standing | None, after: Standing | None) -> bool:
    """Whether anything is to be told between two standings: of the person, or of the team."""
    if before is None or after is None:
        return before is not after
    ranks = (before.rank, after.rank)
    return (
        not same_team(before, after)
        or before.score != after.score
        or before.team_name != after.team_name
        or (None not in ranks and before.rank != after.rank)
        or (after.submission_count or 0) > (before.submission_count or 0)
        or bool(set(before.members.split(",")) - set(after.members.split(",")) - {""})
        or bool(set(after.members.split(",")) - set(before.members.split(",")) - {"", GONE})
    )


# Members and submissions are known: what of them becomes known is no movement, as told above.
_KNOWN = st.builds(
    here,
    st.one_of(st.none(), st.integers(1, 3)),
    _SCORES,
    team_id=st.sampled_from([None, 7, 8]),
    name=st.sampled_from("ab"),
    members=st.sampled_from(["alice", "alice,bob", f"alice,{GONE}"]),
    submissions=st.integers(1, 3),
)


@settings(max_examples=150)
@given(pasts(_KNOWN), _DIRECTIONS)
def test_overall_is_nothing_just_where_nothing_moved_between_first_and_last(
    history: Past, higher: bool | None
) -> None:
    found = overall(history, higher)
    assert (found is not None) == moved(history.before, now(history))
    if found is not None:
        assert found.reason in REASONS
        assert (found.before, found.after) == (history.before, now(history))
        assert found.moment == history.changes[-1].moment


@settings(max_examples=100)
@given(pasts(), _DIRECTIONS, _DELETIONS)
def test_of_a_single_change_overall_is_the_movement_of_the_standing_if_there_is_one(
    history: Past, higher: bool | None, deleted: set[tuple[int | None, int]]
) -> None:
    history = history._replace(changes=history.changes[:1])
    found = movements(history, higher, deleted)
    assert overall(history, higher, deleted) == next(iter(standings(found) or found), None)


@pytest.mark.long
@settings(max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.builds(
                Standing,
                st.one_of(st.none(), st.integers()),
                st.one_of(st.none(), st.floats(allow_nan=False)),
                st.one_of(st.none(), st.text(max_size=5)),
                st.one_of(st.none(), st.integers()),
                st.text(max_size=5),
                st.text(st.sampled_from("ab,= "), max_size=6),
                st.one_of(st.none(), st.integers()),
            ),
        ),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
    _DIRECTIONS,
)
def test_no_history_is_too_odd(states: list[Standing | None], known: bool, higher: bool | None) -> None:
    history = past(*states, known=known)
    for each in movements(history, higher):
        assert each.reason in REASONS
        assert each.member_was_deleted in (True, False)
    overall(history, higher)
