"""Thinning in a database: which days, which competitions, in which steps; and boards that arrive late."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import database, invariants
from world.bench import Bench
from world.boards import Team

from kagsync import clock
from kagsync.store import Store, thinning

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = datetime(2025, 10, 1, tzinfo=UTC)
PEOPLE = ("alice", "bob", "carol")
END = BEGIN + timedelta(days=4)

# What a board says: each person's rank (0: not there) and number of submissions; whether it is a file's.
Seen = tuple[tuple[tuple[int, int], ...], bool]


class Thinned(Bench):
    """Boards by the hours since BEGIN."""

    def load(self, hour: int, seen: Seen) -> None:
        """Processes a board."""
        people, from_file = seen
        teams = [
            Team(7 + i, f"team {name}", (name,), score="0.5", rank=rank, submissions=count)
            for i, (name, (rank, count)) in enumerate(zip(PEOPLE, people, strict=True))
            if rank
        ]
        teams.append(Team(1, f"filler {hour} {people}", (), rank=50))
        when = (BEGIN + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%S")
        fetched = self.fetched(teams, when)
        if from_file:
            fetched = replace(fetched, file=fetched.csv.name)
        self.process(fetched, accept_shrink=True)

    def thin(self, days: float = 4, **options: int) -> int:
        return thinning.thin(self.store, BEGIN + timedelta(days=days), **options)

    def history(self) -> dict[str, dict[int, tuple[int, int] | None]]:
        """For each person, what is stored: hour → rank and submissions; None: not on the board."""
        found: dict[str, dict[int, tuple[int, int] | None]] = {name: {} for name in PEOPLE}
        for name, at, on_board, rank, count in self.look(
            "SELECT username, at, on_board, rank, submission_count FROM history ORDER BY at"
        ):
            hour = int((clock.parse_iso(at) - BEGIN).total_seconds()) // 3600
            found[name][hour] = (rank, count) if on_board else None
        return found

    def hours(self, name: str = "alice") -> list[int]:
        return list(self.history()[name])

    def until(self) -> str | None:
        (until,) = self.look("SELECT thinned_until FROM competitions")
        return until


@contextlib.contextmanager
def bench() -> Iterator[Thinned]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database.empty(folder / "k.db")
        with Store.open(folder / "k.db", folder / "locks") as store:
            made = Thinned(store, folder)
            made.track(*PEOPLE)
            yield made


def drift(rank: int, *, file: bool = False) -> Seen:
    """A board on which alice has this rank."""
    return ((rank, 1), (0, 1), (0, 1)), file


def drifting(made: Thinned, *hours: int, file: bool = False) -> None:
    for n, hour in enumerate(hours):
        made.load(hour, drift(10 + n, file=file))


@pytest.fixture
def made() -> Iterator[Thinned]:
    with bench() as made:
        yield made


def test_whole_days_before_the_limit_are_thinned_and_later_ones_stay(made: Thinned) -> None:
    drifting(made, 1, 2, 3, 4, 25, 26, 27, 49, 50, 51)
    assert made.thin(days=1.9) == 2
    assert made.hours() == [1, 4, 25, 26, 27, 49, 50, 51]
    assert made.thin(days=2) == 2
    assert made.hours() == [1, 4, 27, 49, 50, 51]
    assert made.thin(days=2) == 0
    invariants.check(made.store.path)


def test_a_competition_that_is_not_linked_is_never_thinned(made: Thinned) -> None:
    drifting(made, 1, 2, 3)
    with made.store.writing() as write:
        write.competitions.link(made.competition.id, None)
    assert made.thin() == 0
    assert made.hours() == [1, 2, 3]


def test_boards_from_a_file_and_of_unknown_origin_stay(made: Thinned) -> None:
    drifting(made, 1, 2, 3, 4, 5, 6, 7)
    at = [int(BEGIN.timestamp()) + 3600 * hour for hour in (4, 6)]
    made.alter(f"UPDATE snapshots SET file = 'board.csv' WHERE moment = {at[0]}")
    made.alter(f"UPDATE snapshots SET sha256 = NULL WHERE moment = {at[1]}")
    assert made.thin() == 1
    assert made.hours() == [1, 3, 4, 5, 6, 7]  # those before them too


def test_an_archive_that_was_loaded_from_disk_stays_whole(made: Thinned) -> None:
    drifting(made, 1, 2, 3, 4, file=True)
    assert made.thin() == 0
    assert made.until() == clock.iso(END)


def test_a_run_thins_some_days_and_the_next_goes_on(made: Thinned) -> None:
    drifting(made, 1, 2, 3, 25, 26, 27, 49, 50, 51)
    reached = []
    while made.thin(most_rows=1):
        reached.append(made.until())
    assert reached == [clock.iso(BEGIN + timedelta(days=days)) for days in (1, 2, 3)]
    assert made.hours() == [1, 3, 27, 51]


def statements(made: Thinned) -> list[str]:
    """The SQL of a call of `thin`."""
    found: list[str] = []
    made.store.connection.raw.set_trace_callback(found.append)
    made.thin()
    made.store.connection.raw.set_trace_callback(None)
    return found


def test_when_nothing_is_due_one_statement_says_so(made: Thinned) -> None:
    drifting(made, 1, 2, 3)
    assert any("DELETE" in statement for statement in statements(made))
    asked = [statement for statement in statements(made) if not statement.startswith("PRAGMA")]
    assert len(asked) == 1
    assert asked[0].startswith("SELECT")


def test_a_day_that_is_too_large_stays_as_it_is(made: Thinned, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour in range(6):
        made.load(hour, (((9 - hour, 1), (20 - hour, 1), (30 - hour, 1)), False))
    made.load(48, (((1, 1), (2, 1), (3, 1)), False))
    before = made.history()
    monkeypatch.setattr(thinning, "_LARGEST_DAY", 3 * 6 - 1)
    assert (made.thin(), made.history()) == (0, before)
    assert made.until() == clock.iso(END)


def test_it_does_not_wait_for_a_process_that_writes(made: Thinned) -> None:
    drifting(made, 1, 2, 3)
    with contextlib.closing(sqlite3.connect(made.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert made.thin() == 0
    assert made.hours() == [1, 2, 3]
    assert made.store.connection.value("PRAGMA busy_timeout") == 30_000
    assert made.thin() == 1


def test_what_another_process_writes_meanwhile_is_not_deleted(
    made: Thinned, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifting(made, 1, 2, 3)
    compute = thinning._redundant

    def slow(*arguments: Any) -> Any:
        found = compute(*arguments)
        made.alter("UPDATE entry_history SET submission_count = moment")  # now none is drift
        return found

    monkeypatch.setattr(thinning, "_redundant", slow)
    assert made.thin() == 0
    assert made.hours() == [1, 2, 3]
    assert made.until() is None


def test_a_board_that_arrives_late_makes_its_day_due_again(made: Thinned) -> None:
    drifting(made, 1, 2, 3, 25, 26, 27, 60)
    made.thin()
    assert made.hours() == [1, 3, 27, 60]
    made.load(30, drift(30))
    assert made.until() == clock.iso(BEGIN + timedelta(days=1))
    assert made.hours() == [1, 3, 27, 30, 60]
    made.thin()
    assert made.hours() == [1, 3, 30, 60]


# Late boards, whatever they say

_RANKS = st.lists(st.sampled_from((0, *range(1, 9))), min_size=3, max_size=3).filter(
    lambda ranks: len([rank for rank in ranks if rank]) == len({rank for rank in ranks if rank})
)
_SEEN = st.tuples(
    st.tuples(_RANKS, st.tuples(*[st.sampled_from((1, 1, 1, 2))] * 3)).map(
        lambda both: tuple(zip(*both, strict=True))
    ),
    st.sampled_from((False, False, True)),
)
_BOARDS = st.dictionaries(st.integers(1, 71), _SEEN, min_size=1, max_size=9)


def at(changes: dict[int, Any], hour: int) -> Any:
    earlier = [each for each in changes if each <= hour]
    return changes[max(earlier)] if earlier else None


def entries(made: Thinned) -> list[Any]:
    columns = "username, rank, score, submission_count, first_seen_at, left_at, last_seen_at"
    return made.look(f"SELECT {columns} FROM leaderboard")


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(_BOARDS, st.data())
def test_with_boards_in_any_order_and_thinning_in_between_it_says_the_same(
    boards: dict[int, Seen], data: st.DataObject
) -> None:
    loads = data.draw(st.permutations(sorted(boards)))
    thin_after = data.draw(st.sets(st.integers(0, len(loads))))
    with bench() as plain, bench() as made:
        for n, hour in enumerate(loads):
            plain.load(hour, boards[hour])
            made.load(hour, boards[hour])
            if n in thin_after:
                made.thin(days=data.draw(st.integers(0, 4)), most_rows=data.draw(st.sampled_from((1, 5_000))))
            assert entries(made) == entries(plain)
            invariants.check(made.store.path)
        whole, left = plain.history(), made.history()
        for hour in range(96):
            now = {name: (at(whole[name], hour), at(left[name], hour)) for name in PEOPLE}
            for name, (then, shown) in now.items():
                # Whether on the board, and the submissions: always. The rank: at the end of a day.
                assert (then is None) == (shown is None), (name, hour)
                assert then is None or then[1] == shown[1], (name, hour)
                assert hour % 24 != 23 or then == shown, (name, hour)
            ranked = [name for name, (then, _) in now.items() if then]
            assert sorted(ranked, key=lambda name: now[name][0][0]) == sorted(
                ranked, key=lambda name: now[name][1][0]
            ), hour
        made.thin(days=4)
        again = made.history()
        made.alter("UPDATE competitions SET thinned_until = NULL")
        made.thin(days=4, most_rows=1)
        while made.thin(days=4, most_rows=1):
            pass
        assert made.history() == again
