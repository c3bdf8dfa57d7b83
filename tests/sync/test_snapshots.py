"""What is kept of each board beside our people: its size, the best score, the host's benchmarks."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from world import DATABASES, database, invariants
from world.bench import Bench
from world.boards import Team, board_csv, board_name, many_teams
from world.clocked import DAY, DEADLINE, HOUR, Clocked

from kagsync import clock
from kagsync.standings.marks import Benchmark
from kagsync.store import Store
from kagsync.sync import fetch_private

if TYPE_CHECKING:
    from world.running import Kagsync


ALICE = Team(7, "A", ("alice",), "0.90000")
BOB = Team(8, "B", ("bob",), "0.80000")
ZOE = Team(9, "Z", ("zoe",), "0.70000")
HOST = Team(1, "Mean", score="0.75000", rank=0)
ZERO = Team(2, "All zeros", score="0.50000", rank=0)
SEEN = (
    "SELECT CAST(strftime('%H', s.moment, 'unixepoch') AS INTEGER), s.team_count, s.best_score, b.content, "
    "s.unchanged FROM {} s LEFT JOIN benchmark_sets b ON b.id = s.benchmark_set ORDER BY s.moment"
)
MEAN = '[["Mean", 0.75, "0.75000"]]'


class Boards(Bench):
    """Boards by the hour of one day."""

    def load(self, hour: int, *teams: Team, **options: bool) -> str:
        """Processes a board, and tells how it went."""
        return self.process(teams, f"2025-10-31T{hour:02}:00:00", accept_shrink=True, **options).status

    def seen(self) -> list[Any]:
        """Each board: hour, teams, best score, benchmarks, and whether it was only seen unchanged."""
        return self.look(SEEN.format("snapshots"))

    def stored(self) -> dict[str, list[Any]]:
        """All that boards leave in a database, but for ids and the names of files."""
        columns = {
            "snapshots": "moment, row_count, team_count, last_user_id, sha256, unchanged, best_score, "
            "(SELECT content FROM benchmark_sets WHERE id = benchmark_set)",
            "history": "*",
            "leaderboard": "*",
            "benchmark_sets": "content",
            "benchmarks": "name, score, score_text, place",
            "competitions": "snapshot_at, row_count, team_count, fingerprint, inferred_higher_is_better",
        }
        return {
            table: sorted(self.look(f"SELECT {names} FROM {table}"), key=repr)
            for table, names in columns.items()
        }


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Boards:
    made = Boards(store, tmp_path)
    made.track("alice", "bob", "zoe")
    return made


def test_each_board_keeps_its_best_score_and_benchmarks(bench: Boards) -> None:
    bench.load(10, HOST, ALICE, BOB)
    bench.load(11, ALICE, BOB, ZOE)
    better = replace(BOB, score="0.95")
    bench.load(12, better, ZERO, ALICE, HOST, ZOE)
    both = '[["All zeros", 0.5, "0.50000"], ["Mean", 0.75, "0.75000"]]'
    assert bench.seen() == [
        (10, 2, 0.9, MEAN, 0),
        (11, 3, 0.9, "[]", 0),
        (12, 3, 0.95, both, 0),
    ]
    (found,) = bench.store.snapshots.at(1, [int(clock.parse_iso("2025-10-31T23:59:59Z").timestamp())])
    assert found is not None
    assert found.best == 0.95
    assert found.benchmarks == (
        Benchmark("All zeros", 0.5, "0.50000"),
        Benchmark("Mean", 0.75, "0.75000"),
    )


@pytest.mark.parametrize(
    ("teams", "best"),
    [
        ((replace(ALICE, score="0.1"), replace(BOB, score="0.2")), 0.1),  # lower is better
        ((replace(ALICE, score="?"), BOB), None),
        ((ALICE, replace(BOB, score="?")), 0.9),
        ((ALICE, replace(BOB, rank=5)), 0.9),
        ((), None),
    ],
)
def test_the_best_score_is_the_first_teams(
    bench: Boards, teams: tuple[Team, ...], best: float | None
) -> None:
    bench.load(10, HOST, *teams)
    ((_, _, found, benchmarks, _),) = bench.seen()
    assert (found, benchmarks) == (best, MEAN)


def test_an_old_board_has_a_best_score_too(bench: Boards) -> None:
    teams = [Team(1, "alice", score="0.3"), Team(2, "bob", score="0.6"), Team(3, "x", score="0.7")]
    bench.process(board_csv(teams, old=True), "2021-05-09T10:00:00")
    assert bench.seen() == [(10, 3, 0.3, "[]", 0)]


def test_boards_with_the_same_benchmarks_share_a_row(bench: Boards) -> None:
    for hour in range(8, 16):
        bench.load(hour, *((HOST, ALICE, ZERO) if hour % 2 else (ALICE, ZERO, HOST)), BOB, ZOE)
    assert len(bench.look("SELECT content FROM benchmark_sets")) == 1


def test_a_board_that_is_still_the_same_adds_no_benchmarks(bench: Boards) -> None:
    bench.load(10, HOST, ALICE, BOB)
    before = bench.look("SELECT * FROM benchmark_sets")
    statements: list[str] = []
    bench.store.connection.raw.set_trace_callback(statements.append)
    assert bench.load(11, HOST, ALICE, BOB) == "unchanged"
    bench.store.connection.raw.set_trace_callback(None)
    assert statements
    assert not any("benchmark_sets" in statement for statement in statements)
    assert bench.look("SELECT * FROM benchmark_sets") == before
    assert bench.seen() == [(10, 2, 0.9, MEAN, 0), (11, 2, None, None, 1)]
    # The board that is in force at eleven is that of ten.
    (found,) = bench.store.snapshots.at(1, [int(clock.parse_iso("2025-10-31T11:00:00Z").timestamp())])
    assert found is not None
    assert (clock.from_unix(found.moment), found.best) == ("2025-10-31T10:00:00Z", 0.9)


def test_boards_in_any_order_leave_the_same_database(bench: Boards, tmp_path: Path) -> None:
    boards = {
        9: (ALICE, BOB),
        10: (HOST, ALICE, BOB),
        11: (replace(BOB, score="0.95"), HOST, ALICE, ZOE),
        12: (HOST, ALICE, BOB),  # as at ten
        13: (ZERO, ALICE),
    }
    outcomes = set()
    for number, order in enumerate(itertools.islice(itertools.permutations(boards), 0, None, 7)):
        folder = tmp_path / str(number)
        folder.mkdir()
        database.empty(folder / "k.db")
        with Store.open(folder / "k.db", folder / "locks") as store:
            made = Boards(store, folder)
            made.track("alice", "bob", "zoe")
            for hour in order:
                made.load(hour, *boards[hour])
            for hour in order:  # again changes nothing
                made.load(hour, *boards[hour])
            invariants.check(store.path)
            outcomes.add(repr(made.stored()))
    assert len(outcomes) == 1


def test_an_archive_between_a_board_and_its_still_being_there_leaves_it_in_force(
    bench: Boards, tmp_path: Path
) -> None:
    first, other = (HOST, ALICE, BOB), (replace(BOB, score="0.95"), ZERO, ALICE, ZOE)
    bench.load(10, *first)
    assert [bench.load(hour, *first) for hour in (12, 14, 15)] == ["unchanged"] * 3
    bench.load(13, *other)
    zeros = '[["All zeros", 0.5, "0.50000"]]'
    assert bench.seen() == [
        (10, 2, 0.9, MEAN, 0),
        (12, 2, None, None, 1),
        (13, 3, 0.95, zeros, 0),
        (14, 2, 0.9, MEAN, 0),
        (15, 2, None, None, 1),
    ]
    database.empty(tmp_path / "in-order.db")
    with Store.open(tmp_path / "in-order.db", tmp_path / "locks") as store:
        plain = Boards(store, tmp_path / "in-order")
        plain.folder.mkdir()
        plain.track("alice", "bob", "zoe")
        for hour, teams in ((10, first), (12, first), (13, other), (14, first), (15, first)):
            plain.load(hour, *teams)
        assert bench.stored() == plain.stored()
    # The note at fourteen is that board now, so a file of that moment is known to be the same.
    assert bench.process(replace(bench.fetched(first, "2025-10-31T14:00:00"), file="x.csv")).status == "older"


def test_a_corrected_board_has_its_own_best_score_and_later_ones_keep_theirs(bench: Boards) -> None:
    bench.load(10, HOST, ALICE, BOB)
    bench.load(11, HOST, ALICE, BOB)
    bench.load(10, replace(BOB, score="0.99"), ALICE, ZOE, force=True)
    assert bench.seen() == [(10, 3, 0.99, "[]", 0), (11, 2, 0.9, MEAN, 0)]
    invariants.check(bench.store.path)


def test_loading_a_board_again_learns_what_an_earlier_version_did_not_keep(bench: Boards) -> None:
    bench.load(10, HOST, ALICE, BOB)
    bench.load(11, HOST, ALICE, BOB)
    known = bench.seen()
    bench.alter("UPDATE snapshots SET best_score = NULL, benchmark_set = NULL")
    bench.load(10, HOST, ALICE, BOB, force=True)
    assert bench.seen() == known


def test_boards_of_the_future_go_with_all_that_was_kept_of_them(
    bench: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.load(10, HOST, ALICE, BOB)
    bench.process([ZERO, replace(BOB, score="0.99"), ALICE], "2026-10-31T20:00:00")
    monkeypatch.setattr(clock, "utc_now", lambda: clock.parse_iso("2025-10-31T12:00:00Z"))
    bench.load(12, HOST, replace(ALICE, score="0.91"), BOB, force=True)
    assert bench.seen() == [(10, 2, 0.9, MEAN, 0), (12, 2, 0.91, MEAN, 0)]


# Private boards, and what an upgrade finds


@pytest.fixture
def club(clocked: Clocked) -> Clocked:
    """A competition at its deadline."""
    clocked.publish(HOST, ALICE, BOB, *many_teams(30))
    clocked.track("alice", "bob")
    clocked.sync()
    clocked.now = DEADLINE
    return clocked


def test_a_private_board_that_was_not_read_to_its_end_has_neither(
    club: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.release(HOST, replace(BOB, score="0.95"), ALICE, *many_teams(30))
    monkeypatch.setattr(fetch_private, "MOST_REQUESTS", 2)
    for size in (4, 200):
        club.kaggle.largest_page = size
        assert club.sync()["private"]["status"] == "ok"
        club.now += HOUR
    partly, whole = club.ask(SEEN.format("private_snapshots"))
    assert partly[1:4] == (None, None, None)
    assert whole[1:4] == (32, 0.95, "[]")  # Kaggle's pages have no benchmarks
    assert club.ask(SEEN.format("snapshots"))[-1][2:4] == (0.9, MEAN)


def test_the_hosts_file_of_a_private_board_has_both(club: Clocked) -> None:
    path = club.folder / board_name("titanic", "2026-03-02T00:00:30", "private")
    path.write_bytes(board_csv([HOST, replace(BOB, score="0.95"), ALICE, *many_teams(30)]))
    assert club.load(path, "--board", "private").code == 0
    ((_, *found),) = club.ask(SEEN.format("private_snapshots"))
    assert found == [32, 0.95, MEAN, 0]


def forget(club: Clocked) -> None:
    """Makes a database what version 4 of what is stored left."""
    for table in ("snapshots", "private_snapshots"):
        club.execute(f"UPDATE {table} SET best_score = NULL, benchmark_set = NULL")
    for table in ("competitions", "private_boards"):
        club.execute(f"UPDATE {table} SET fingerprint = substr(fingerprint, 1, length(fingerprint) - 1) || 4")


def test_after_an_upgrade_an_unchanged_board_is_processed_once_more(club: Clocked) -> None:
    club.now = DEADLINE - HOUR
    forget(club)
    assert club.sync()["status"] == "ok"
    assert club.ask(SEEN.format("snapshots"))[-1][2:4] == (0.9, MEAN)
    assert club.sync()["status"] == "unchanged"


def test_after_an_upgrade_a_finished_competition_is_synced_once_more(club: Clocked) -> None:
    club.release(HOST, replace(BOB, score="0.95"), ALICE, *many_teams(30))
    for days in (2, 28, 1):
        club.sync()
        club.now += days * DAY
    assert club.sync()["status"] == "not-due"
    forget(club)
    found = club.sync()
    assert (found["status"], found["private"]["status"]) == ("ok", "ok")
    assert club.ask(SEEN.format("snapshots"))[-1][2:4] == (0.9, MEAN)
    assert club.ask(SEEN.format("private_snapshots"))[-1][2:4] == (0.95, "[]")
    assert club.sync()["status"] == "not-due"


def test_a_database_of_schema_10_knows_neither_until_its_board_is_synced(
    tmp_path: Path, kagsync: Kagsync
) -> None:
    slug = "spaceship-titanic"
    db = Path(shutil.copy(DATABASES / "schema-10.db", tmp_path / "kagsync.db"))
    kagsync.ok("users", "list")  # migrates
    old = database.ask(db, "SELECT count(*), count(best_score), count(benchmark_set) FROM snapshots")
    assert old == [(2, 0, 0)]
    with Store.open(db, tmp_path / "locks") as store:
        (found,) = store.snapshots.at(store.competitions.get(slug).id, [2**40])
        assert found is not None
        assert (found.best, found.benchmarks) == (None, None)
    synced = json.loads(
        kagsync.ok("sync", slug, "--from", str(DATABASES / f"{slug}-2.zip"), "--format", "json")
    )
    assert synced["competitions"][0]["status"] == "ok"
    new = database.ask(db, "SELECT best_score IS NOT NULL, benchmark_set FROM snapshots ORDER BY moment")
    assert new == [(0, None), (1, 1)]
    invariants.check(db)
