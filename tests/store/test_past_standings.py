"""How people stood at any past moment, and the board that was in force then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from world.bench import Bench
from world.boards import Team, board_csv, many_teams
from world.work import Work

from kagsync import clock
from kagsync.standings.standing import PastStanding
from kagsync.standings.which import PRIVATE
from kagsync.store import Store

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Team(7, "A", ("alice",), "0.90000", submissions=3)
BOB = Team(8, "B", ("bob",), "0.80000", submissions=4)
ZOE = Team(9, "Z", ("zoe",), "0.70000")


def hour(number: float) -> int:
    """An hour of the day that the boards of these tests are of, in seconds since 1970."""
    return int(clock.parse_iso("2025-10-31T00:00:00Z").timestamp() + 3600 * number)


class Past(Bench):
    """Boards by the hour of one day."""

    def load(self, number: int, *teams: Team, old: bool = False) -> None:
        self.process(board_csv(teams, old=old), f"2025-10-31T{number:02}:00:00", accept_shrink=True)

    def at(self, *hours: float, board: str = "public", users: tuple[int, ...] = (1, 2, 3)) -> list[Any]:
        moments = [hour(number) for number in hours]
        return self.store.ledger(board).history.standings_at(self.competition.id, users, moments)

    def ranks(self, *hours: float) -> list[dict[int, int | None]]:
        return [{user: each.rank for user, each in found.items()} for found in self.at(*hours)]


@pytest.fixture
def past(store: Store, tmp_path: Path) -> Past:
    made = Past(store, tmp_path)
    made.track("alice", "bob", "zoe")
    return made


def test_a_board_is_in_force_from_its_moment_until_the_next(past: Past) -> None:
    past.load(10, ALICE, BOB)
    past.load(12, BOB, ZOE, ALICE)
    second = 1 / 3600
    assert past.ranks(10 - second, 10, 12 - second, 12, 24 * 365) == [
        {},
        {1: 1, 2: 2},
        {1: 1, 2: 2},
        {1: 3, 2: 1, 3: 2},
        {1: 3, 2: 1, 3: 2},
    ]
    seen = past.store.snapshots.at(1, [hour(each) for each in (9.9, 10, 11.9, 12, 99)])
    assert [each and each.moment for each in seen] == [None, hour(10), hour(10), hour(12), hour(12)]


def test_moments_may_be_in_any_order_and_the_same(past: Past) -> None:
    past.load(10, ALICE, BOB)
    past.load(12, BOB, ALICE)
    assert past.ranks(13, 9, 11, 13) == [{1: 2, 2: 1}, {}, {1: 1, 2: 2}, {1: 2, 2: 1}]
    assert past.ranks() == []
    assert past.at(11, users=()) == [{}]
    assert past.at(11, users=(2, 99)) == [{2: PastStanding(2, 0.8, "0.80000", 8, 1, 4)}]


def test_who_left_is_not_on_the_board_and_comes_back(past: Past) -> None:
    past.load(10, ALICE, BOB)
    past.load(11, BOB)
    past.load(12, BOB, ALICE)
    assert past.ranks(10, 11, 12) == [{1: 1, 2: 2}, {2: 1}, {1: 2, 2: 1}]


def test_who_was_tracked_later_was_not_there_before(past: Past) -> None:
    past.load(10, ALICE, Team(4, "D", ("dora",)))
    past.track("dora")
    past.load(12, ALICE, Team(4, "D", ("dora",)))
    assert [sorted(found) for found in past.at(11, 13, users=(1, 4))] == [[1], [1, 4]]


def test_a_standing_has_what_points_are_computed_from(past: Past) -> None:
    past.load(10, Team(70, "Both", ("alice", "bob", "stranger"), "0.50", submissions=9))
    past.load(11, Team(70, "New name", ("alice", "bob", "stranger"), "0.50", submissions=9))
    (before, after) = past.at(10, 11)
    assert before == after
    assert before[1] == before[2] == PastStanding(1, 0.5, "0.50", 70, 3, 9)


def test_cells_that_cannot_be_read_are_none(past: Past) -> None:
    past.load(10, replace(ALICE, score="?"), replace(BOB, submissions=5))
    found = past.at(10)[0]
    assert (found[1].score, found[1].score_text) == (None, None)
    assert found[2] == PastStanding(2, 0.8, "0.80000", 8, 1, 5)


def test_old_boards_do_not_tell_how_many_members_a_team_had(past: Past) -> None:
    past.load(10, Team(70, "alice", score="0.6"), Team(80, "bob", score="0.5"), old=True)
    assert past.at(10) == [
        {1: PastStanding(1, 0.6, "0.6", 70, None, None), 2: PastStanding(2, 0.5, "0.5", 80, None, None)}
    ]


def test_teams_without_an_id_are_told_apart(past: Past) -> None:
    both = Team(70, "Both", ("alice", "bob"), "0.6")
    content = board_csv([both, ZOE, Team(5, "E")]).replace(b"70,", b"?,").replace(b"9,Z", b"?,Z")
    past.process(content, "2025-10-31T10:00:00")
    assert past.look("SELECT team_id FROM leaderboard") == [None] * 3
    (found,) = past.at(10)
    assert found[1].team == found[2].team != found[3].team
    assert found[1].team < 0


def test_scores_are_pythons_numbers(past: Past) -> None:
    past.load(10, replace(ALICE, score="0.720887"))  # SQLite's CAST gives another number
    assert past.at(10)[0][1].score == 0.720887


def test_the_private_boards_are_apart(past: Past) -> None:
    past.load(10, ALICE, BOB)
    assert past.at(24, board=PRIVATE) == [{}]
    fetched = replace(past.fetched([BOB, ALICE], "2025-10-31T20:00:00"), board=PRIVATE)
    past.process(fetched)
    assert [
        {user: each.rank for user, each in found.items()} for found in past.at(19, 20, board=PRIVATE)
    ] == [{}, {1: 2, 2: 1}]
    assert past.ranks(20) == [{1: 1, 2: 2}]


_BOARDS = st.dictionaries(
    st.integers(0, 23), st.lists(st.sampled_from((ALICE, BOB, ZOE)), unique=True), min_size=1, max_size=6
)


@pytest.mark.long
@examples(max_examples=25)
@given(boards=_BOARDS, data=st.data())
def test_every_past_hour_is_the_same_whatever_order_the_boards_came_in(
    boards: dict[int, list[Team]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    filler = many_teams(2)
    folder = tmp_path_factory.mktemp("past")
    with Store.open(folder / "k.db", folder / "locks", create=True) as store:
        past = Past(store, folder)
        past.track("alice", "bob", "zoe")
        for number in data.draw(st.permutations(sorted(boards))):
            past.load(number, *boards[number], *filler)
        every = range(24)
        seen = store.snapshots.at(1, [hour(number) for number in every])
        for number, ranks, snapshot in zip(every, past.ranks(*every), seen, strict=True):
            before = [each for each in boards if each <= number]
            expected = boards[max(before)] if before else []
            assert {(user, rank) for user, rank in ranks.items()} == {
                ({7: 1, 8: 2, 9: 3}[team.team_id], rank) for rank, team in enumerate(expected, start=1)
            }
            assert (snapshot is not None) == bool(before)
            if snapshot is not None:
                assert snapshot.teams == len(expected) + len(filler)
                assert snapshot.best == float((*expected, *filler)[0].score)


def test_the_work_depends_on_teams_and_moments_not_on_how_often_standings_changed(
    store: Store, tmp_path: Path
) -> None:
    past = Past(store, tmp_path)
    past.track("alice", "bob", "zoe")
    past.load(10, ALICE, BOB, ZOE)

    def work() -> Work:
        found = Work()
        found.count(store.connection.raw)
        past.at(9, 10, 11)
        store.connection.raw.set_trace_callback(None)
        store.connection.raw.set_progress_handler(None, 0)
        return found

    few = work()
    for table, columns in (
        ("entry_history", "user_id, rank + n, score, submission_count, team"),
        ("snapshots", "row_count, team_count, last_user_id"),
    ):
        names = columns.replace("rank + n", "rank")
        past.alter(
            f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000) "
            f"INSERT INTO {table} (competition_id, moment, {names}) "
            f"SELECT competition_id, moment - n * 60, {columns} FROM {table}, n"
        )
    many = work()
    assert (few.statements, many.statements) == (2, 2)  # standings; teams
    assert many.sqlite <= 1.5 * few.sqlite + 200
