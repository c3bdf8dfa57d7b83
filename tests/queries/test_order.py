"""`show --sort` and `--limit`: in which order people are, and who is left out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.running import untracked

from kagsync.queries.board import BoardView, Line
from kagsync.queries.order import KEYS, Order, arranged
from kagsync.standings.gaps import Gap
from kagsync.standings.standing import Standing
from kagsync.store.records import Entry, User

NOW = datetime(2025, 10, 31, tzinfo=UTC)


def line(
    number: int, rank: int | None, score: float | None = None, *, group: str = "", left: bool = False
) -> Line:
    user = User(number, f"user{number}", None, group or None, f"user{number}")
    standing = Standing(rank, score, None, number, f"Team {number}", f"user{number}", number)
    left_at = "2025-10-31T00:00:00Z" if left else None
    entry = Entry(number, standing, "username", "2025-10-01T00:00:00Z", None, left_at)
    gap = None if score is None else Gap("x", 1, score)
    return Line(user, entry, [], None, None, gap, None, None, None, False, standing, None)


def view(*lines: Line) -> BoardView:
    on_board = [each for each in lines if each.entry.left_at is None]
    return BoardView(
        untracked("titanic"), NOW, on_board, [each for each in lines if each not in on_board], [], [], None
    )


def ids(lines: list[Line]) -> list[int]:
    return [each.user.id for each in lines]


PEOPLE = [line(1, 3, 0.7), line(2, 1, 0.9), line(3, None, None), line(4, 2, 0.9)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order("rank"), [2, 4, 1, 3]),
        (Order("rank", descending=True), [1, 4, 2, 3]),  # without a rank: still last
        (Order("score"), [1, 2, 4, 3]),
        (Order("score", descending=True), [2, 4, 1, 3]),  # equal ones stay as they were
        (Order("next_person"), [1, 2, 4, 3]),
        (Order("subs", descending=True), [4, 3, 2, 1]),
        (Order("moved"), [1, 2, 3, 4]),
    ],
)
def test_people_are_sorted_by_a_column(order: Order, expected: list[int]) -> None:
    (found,) = arranged([view(*PEOPLE)], order, None)
    assert ids(found.on_board) == expected


@given(st.lists(st.none() | st.integers(1, 5)), st.sampled_from(sorted(KEYS)), st.booleans())
def test_sorting_loses_nobody_and_whoever_has_no_value_comes_last(
    ranks: list[int | None], key: str, descending: bool
) -> None:
    lines = [line(number, rank) for number, rank in enumerate(ranks)]
    (found,) = arranged([view(*lines)], Order(key, descending), None)
    assert sorted(ids(found.on_board)) == ids(lines)
    values = [KEYS[key](each) for each in found.on_board]
    known = [value for value in values if value is not None]
    assert values == [*sorted(known, reverse=descending), *[None] * (len(values) - len(known))]


def test_the_first_ones_are_shown_and_the_others_are_counted() -> None:
    gone = line(5, 9, left=True)
    (found,) = arranged([view(*PEOPLE, gone)], Order("rank"), 2)
    assert (ids(found.on_board), found.left, ids(found.hidden)) == ([2, 4], [], [1, 3, 5])
    assert found.ours == 4
    (found,) = arranged([view(*PEOPLE, gone)], None, 9)
    assert (ids(found.on_board), ids(found.left), found.hidden) == ([1, 2, 3, 4], [5], [])


def test_a_limit_is_of_each_group_if_groups_are_shown() -> None:
    lines = [line(n, n, group="red" if n % 3 else "") for n in range(1, 8)]
    (found,) = arranged([view(*lines)], None, 2, by_group=True)
    assert [(group, ids(part.on_board), ids(part.hidden)) for group, part in found.by_group()] == [
        ("red", [1, 2], [4, 5, 7]),
        (None, [3, 6], []),
    ]


def test_several_boards_are_sorted_by_their_people_and_limited_together() -> None:
    boards = [view(line(1, 5)), view(), view(line(1, 2)), view(line(1, 9))]
    found = arranged(boards, Order("rank"), 2)
    assert [[each.entry.standing.rank for each in one.on_board] for one in found] == [[2], [5], [], []]
    assert [len(one.hidden) for one in found] == [0, 0, 1, 0]
