"""A board in groups: everybody is in one, and making them takes one pass, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime

from world.running import untracked
from world.work import counted

from kagsync.queries.board import BoardView
from kagsync.queries.unseen import Names, Unseen
from kagsync.report import REAL
from kagsync.report.naming import Naming
from kagsync.store.records import User

NOW = datetime(2025, 10, 31, tzinfo=UTC)


def view(people: int) -> BoardView:
    """A board that nobody is on, with two people in each group and two without one."""
    users = [
        User(n, f"user{n}", None, f"group {n // 2:03}" if n > 1 else None, f"user{n}") for n in range(people)
    ]
    names = Names([])
    return BoardView(untracked("titanic"), NOW, [], [], users, [Unseen(each, names) for each in users], None)


def _by_name(users: list[User]) -> list[User]:
    return sorted(users, key=lambda user: user.handle)


def test_the_groups_are_in_order_and_those_without_one_come_last() -> None:
    found = view(6).by_group()
    assert [group for group, _ in found] == ["group 001", "group 002", None]
    assert [[user.id for user in part.missing] for _, part in found] == [[2, 3], [4, 5], [0, 1]]
    assert [[each.user.id for each in part.unseen] for _, part in found] == [[2, 3], [4, 5], [0, 1]]


def test_the_work_for_all_groups_grows_in_proportion() -> None:
    def work(people: int) -> int:
        board = view(people)
        with counted() as found:
            board.by_group()
        return found.python

    assert work(400) < 2.5 * work(200)


def test_the_work_for_all_hints_of_a_report_grows_in_proportion() -> None:
    def work(people: int) -> int:
        board = view(people)
        with counted() as found:
            told = Naming(REAL, board.missing).unseen(board.unseen)
        assert [(user.id, hint) for user, hint in told] == [(user.id, "") for user in _by_name(board.missing)]
        return found.python

    work(10)  # what is loaded once is loaded
    assert work(200) < 2.5 * work(100)
