"""What a list of people does to the roster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.store.records import User
from kagsync.tracking.roster import Change, Plan, plan
from kagsync.tracking.roster_file import Line

ALICE = User(1, "alice", "Alice Ace", "7A", "alice", "1001", None, "Person 1")
BOB = User(2, "bob", None, None, "bob", None, None, "Person 2")
# Known by the team only.
CAROL = User(3, None, "Carol Cole", "7B", "1003", "1003", "/{id}/", "Person 3")
DAVE = User(4, "dave", "Dave Dole", "7A", "dave", None, None, "Person 4", "2026-01-01T00:00:00Z")
PEOPLE = [ALICE, BOB, CAROL, DAVE]


def planned(*lines: Line, group: str | None = None) -> Plan:
    return plan(lines, PEOPLE, group=group)


def changed(*lines: Line) -> User:
    """What becomes of the one person who changes."""
    found = planned(*lines)
    assert found.problems == []
    (change,) = found.changed
    return change.after


def problem(*lines: Line) -> tuple[int, str]:
    (found,) = planned(*lines).problems
    return found


# Who a line means


def test_a_username_means_its_person_whatever_its_case() -> None:
    assert planned(Line(1, "ALICE")).unchanged == [ALICE]


def test_a_student_id_means_its_person_who_may_have_a_new_username() -> None:
    assert changed(Line(1, "alice2", student_id="1001")) == ALICE._replace(username="alice2", handle="alice2")


def test_a_student_id_with_another_name_and_username_is_a_mistake() -> None:
    _, what = problem(Line(1, "frank", "Frank Foe", student_id="1001"))
    assert "belongs to Alice Ace (alice)" in what
    assert "kagsync users rename alice frank" in what


def test_who_has_the_former_username_of_somebody_else_is_to_be_renamed_first() -> None:
    dora = User(6, "dora", "Dora Doe", None, "dora", "1006", None, "Person 6")
    (found,) = plan([Line(1, "dora", "Alice Ace", student_id="1001")], [*PEOPLE, dora]).problems
    assert found[1].endswith("if dora has another username now: kagsync users rename dora NEW")


def test_a_command_renames_nobody_and_takes_handles() -> None:
    found = plan([Line(0, "alice2", student_id="1001")], PEOPLE, by_hand=True)
    assert "kagsync users rename alice alice2" in found.problems[0][1]
    (change,) = plan([Line(0, "1003", "Carol C.")], PEOPLE, by_hand=True).changed
    assert change.after == CAROL._replace(name="Carol C.")


def test_an_empty_username_is_no_new_one() -> None:
    assert planned(Line(1, "", student_id="1001")).unchanged == [ALICE]


def test_a_person_known_by_the_team_may_get_a_username() -> None:
    assert changed(Line(1, "carol", student_id="1003")) == CAROL._replace(username="carol", handle="carol")


def test_a_team_means_the_one_person_known_by_it() -> None:
    group = User(5, None, None, None, "group-07", None, "Group 07", "Person 5")
    found = plan([Line(1, "", "The Sevens", team="Group 07")], [group])
    assert found.changed == [Change(group, group._replace(name="The Sevens"))]


def test_a_person_known_by_the_team_may_get_another_team() -> None:
    dora = User(5, None, "Dora D.", None, "dora-d", None, "Dolphins", "Person 5")
    (change,) = plan([Line(1, "", "D., Dora", team="Sharks")], [dora]).changed
    assert (change.before, change.after.team) == (dora, "Sharks")


def test_people_with_one_team_are_told_apart_by_name() -> None:
    one = User(5, None, "One", None, "one", None, "/lions/", "Person 5")
    other = User(6, None, "Other", None, "other", None, "/lions/", "Person 6")
    found = plan([Line(1, "", "OTHER", "new", team="/lions/")], [one, other])
    assert found.changed == [Change(other, other._replace(name="OTHER", group="new"))]
    assert [user.name for user in plan([Line(1, "", "Third", team="/lions/")], [one, other]).added] == [
        "Third"
    ]
    alone = plan([Line(1, "", "Third", team="/lions/")], [one])
    assert [user.name for user in alone.added] == ["Third"]


def test_a_pattern_with_an_id_means_nobody_by_itself() -> None:
    number, what = problem(Line(1, "", "Frank", team="/{id}/"))
    assert (number, "needs a student id" in what) == (1, True)


def test_a_line_that_means_nobody_and_has_no_username_adds_nobody() -> None:
    line = Line(7, "", "Erin Elm")
    found = planned(line)
    assert (found.added, found.changed, found.without_username) == ([], [], [line])


def test_who_is_archived_comes_back() -> None:
    found = planned(Line(1, "dave"))
    assert found.changed == [Change(DAVE, DAVE._replace(archived_at=None))]
    assert found.changed[0].words == "restored"


# Details


def test_an_empty_cell_clears_and_an_absent_column_leaves() -> None:
    assert changed(Line(1, "alice", "", None, "")) == ALICE._replace(name=None, student_id=None)
    assert changed(Line(1, "alice", None, "8A")) == ALICE._replace(group="8A")


def test_a_pseudonym_cannot_be_cleared() -> None:
    assert planned(Line(1, "alice", pseudonym="")).unchanged == [ALICE]


def test_the_changes_are_named() -> None:
    (change,) = planned(Line(1, "alice", "Alice Ace", "", "1001", "The Aces")).changed
    assert change.words == "group 7A → –, team – → The Aces"


def test_a_group_given_for_all_fills_the_empty_ones() -> None:
    found = planned(Line(1, "x", group="own"), Line(2, "y", group=""), Line(3, "z"), group="8B")
    assert [user.group for user in found.added] == ["own", "8B", "8B"]


@pytest.mark.parametrize(
    ("line", "handle"),
    [
        (Line(1, "", "Erin Elm", team="x"), "erin-elm"),
        (Line(1, "", "Zoë Łuk", team="x"), "zoe-łuk"),
        (Line(1, "", "Erin Elm", student_id="S 12/3", team="x"), "s-12-3"),
        (Line(1, "", team="[34] the overfitters"), "34-the-overfitters"),
        (Line(1, "", team="🦊"), "person"),
        (Line(1, "", "Alice", team="x"), "alice-2"),
        (Line(1, "", student_id="1003 ", team="x"), "1003-2"),
    ],
)
def test_a_person_without_a_username_has_a_handle_of_their_own(line: Line, handle: str) -> None:
    (user,) = planned(line).added
    assert (user.username, user.handle) == (None, handle)


def test_no_handle_is_a_username_on_the_same_list() -> None:
    found = planned(Line(1, "", "Frank", team="x"), Line(2, "frank"))
    assert [user.handle for user in found.added] == ["frank-2", "frank"]


# What cannot be


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (Line(3, "bob", student_id="1001"), "kagsync users rename alice bob --merge"),
        (Line(3, "alice", pseudonym="ace, alice"), "says who it is"),
        (Line(3, "frank", student_id="1001", pseudonym="person 2"), "belongs to bob"),
        (Line(3, "frank", team="/{id}/"), "needs a student id"),
        (Line(3, "1003"), "handle of Carol Cole"),
        (Line(3, "", student_id="1003", team=""), "1003 needs a username or a team"),
    ],
)
def test_what_contradicts_the_roster_is_named_with_its_line(line: Line, words: str) -> None:
    number, what = problem(line)
    assert number == 3
    assert words in what


def test_one_person_on_two_lines_is_named() -> None:
    assert problem(Line(2, "alice"), Line(5, "", student_id="1001")) == (5, "alice is on line 2 already")


def test_two_people_may_swap_their_ids() -> None:
    eve = User(5, "eve", None, None, "eve", "1005", None, "Person 5")
    lines = [Line(1, "alice", student_id="1005"), Line(2, "eve", student_id="1001")]
    # Each line names two different people, so nobody can tell what is meant.
    assert [number for number, _ in plan(lines, [ALICE, eve]).problems] == [1, 2]


# Who is not on the list


def test_tracked_people_who_are_not_on_the_list_are_absent() -> None:
    assert planned(Line(1, "alice")).absent == [BOB, CAROL]
    assert planned(Line(1, "new"), group="7A").absent == [ALICE]


def test_who_is_on_the_list_by_name_only_is_not_absent() -> None:
    assert planned(Line(1, "bob"), Line(2, "", "carol  COLE"), Line(3, "alice")).absent == []


# What is pointed out


def test_a_new_person_with_the_name_of_an_absent_one_may_have_a_new_username() -> None:
    found = planned(Line(1, "alice99", "Ace, alice"))
    assert found.same_names == [(ALICE, found.added[0])]
    assert planned(Line(1, "", "Alice Ace", team="x")).same_names == []


def test_a_team_of_several_people_is_pointed_out() -> None:
    found = planned(Line(1, "", "E", team="Group 7"), Line(2, "", "F", team="Group 7"))
    (hint,) = found.hints
    assert "Group 7 is that of e, f" in hint
    assert planned(Line(1, "", "E", student_id="1", team="/{id}/")).hints == []


def test_groups_that_differ_only_in_case_are_pointed_out() -> None:
    assert planned(Line(1, "new", group="7a")).hints == ["The groups 7A and 7a differ only in case or spaces"]
    assert planned(Line(1, "new", group="8a")).hints == []


# In general

CELLS = st.one_of(st.none(), st.just(""), st.sampled_from(["a", "B", "b", "1", "/x/"]))
# A file with two lines of one username or student id is not read.
LINES = st.lists(
    st.builds(Line, st.integers(1, 9), CELLS, CELLS, CELLS, CELLS, CELLS, CELLS),
    max_size=5,
    unique_by=(lambda line: line.username or id(line), lambda line: line.student_id or id(line)),
)


@given(LINES)
def test_nobody_is_lost_and_handles_stay_unique(lines: list[Line]) -> None:
    found = plan(lines, PEOPLE)
    if found.problems:
        return
    kept = {user.id for user in (*found.unchanged, *(change.before for change in found.changed))}
    assert kept.isdisjoint(user.id for user in found.absent)
    after = [*found.listed, *(user for user in PEOPLE if user.id not in kept)]
    for field in ("handle", "username", "student_id", "pseudonym"):
        values = [value for user in after if (value := getattr(user, field))]
        if field != "student_id":  # whose case counts
            values = [value.lower() for value in values]
        assert len(set(values)) == len(values), field
    assert all(user.handle == (user.username or user.handle) for user in after)


@given(LINES)
def test_a_list_applied_again_changes_nothing(lines: list[Line]) -> None:
    found = plan(lines, PEOPLE)
    if found.problems:
        return
    stored = [user._replace(id=10 + i) if not user.id else user for i, user in enumerate(found.listed)]
    kept = {user.id for user in stored}
    people = [*stored, *(user for user in PEOPLE if user.id not in kept)]
    # Several new people may have the same team; the next list must then tell them apart by something else.
    teams = [user.team for user in people if user.username is None]
    again = plan(lines, [user._replace(pseudonym=user.pseudonym or f"p{user.id}") for user in people])
    if len(set(teams)) == len(teams):
        assert (again.added, again.changed) == ([], [])
