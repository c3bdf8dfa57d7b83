"""Phase 2 on real files and real databases: what is counted, what is written, and what never is."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from world.bench import Bench
from world.boards import MODERN, Team, board_csv, many_teams
from world.people import track, untrack

from kagsync import clock
from kagsync.errors import BadBoard, DatabaseError, SuspiciousBoard, UnknownCompetition
from kagsync.log import logger
from kagsync.store import Store
from kagsync.store.records import ERROR, Counts, Run
from kagsync.sync.process import Processed, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLUG = "spaceship-titanic"
NOON, ONE, TWO, THREE = (f"2025-10-31T{hour}:00:00" for hour in (12, 13, 14, 15))


class People(Bench):
    """A bench that says what became of its people."""

    def untrack(self, username: str) -> None:
        untrack(self.store, username)

    def ranks(self) -> dict[str, int | None]:
        """The people on the board, and those who left as None."""
        return dict(self.look("SELECT username, CASE WHEN left_at IS NULL THEN rank END FROM leaderboard"))

    def history(self, username: str = "alice") -> list[tuple[str, int | None]]:
        """When a user's standing changed, and to what rank (None: off the board)."""
        return [
            (at[:-1], rank)
            for at, rank in self.look(
                "SELECT at, CASE WHEN on_board THEN rank END FROM history WHERE username = ?", username
            )
        ]

    def watch(self) -> Callable[[], list[tuple[str, int]]]:
        """From now on: which rows of entries and history were written (insert, update, delete; user)."""
        self.alter(
            "CREATE TABLE seen (what TEXT, user INTEGER);"
            + "".join(
                f"CREATE TRIGGER w_{table}_{event} AFTER {event} ON {table} BEGIN "
                f"INSERT INTO seen VALUES ('{table[0]}{event[0]}', {which}.user_id); END;"
                for table in ("leaderboard_entries", "entry_history")
                for event, which in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))
            )
        )
        return lambda: self.look("SELECT what, username FROM seen JOIN users ON id = user ORDER BY 1, 2")


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> People:
    return People(store, tmp_path)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.INFO, "kagsync")
    return caplog


@contextlib.contextmanager
def between_reading_and_writing(action: Callable[[], object]) -> Iterator[None]:
    """Does something once a board has been read and before anything of it is written."""

    class Once(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.msg.startswith("CSV has"):
                logger.removeHandler(self)
                action()

    handler, level = Once(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
        assert handler not in logger.handlers, "the moment never came"
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def counts(rows: int, created: int, updated: int, changed: int = 0) -> Counts:
    return Counts(rows, created, updated, rows - created - updated, changed)


ALICE = Team(7, "Team A", ("alice",), "0.90000", rank=1)
BOB = Team(8, "Team B", ("bob",), "0.80000", rank=2)
ZOE = Team(9, "Team Z", ("zoe",), "0.70000", rank=3)


# What is counted


def test_the_first_board_creates_and_the_second_updates(bench: People) -> None:
    bench.track("alice", "bob", "carol")
    assert bench.process([ALICE, BOB, ZOE], NOON) == Processed("ok", counts(3, created=2, updated=0))
    assert bench.process([BOB, ALICE, ZOE, Team(1, "x")], ONE) == Processed("ok", counts(4, 0, updated=2))
    assert bench.ranks() == {"alice": 1, "bob": 2}


def test_a_team_of_two_tracked_members_is_one_row_and_two_entries(bench: People) -> None:
    bench.track("alice", "bob")
    both = Team(7, "Both", ("alice", "bob", "zoe"))
    assert bench.process([both, ZOE]).counts == counts(2, created=1, updated=0)
    assert bench.ranks() == {"alice": 1, "bob": 1}
    assert bench.process([ZOE, both], ONE).counts == counts(2, created=0, updated=1, changed=2)


def test_a_row_with_a_new_and_an_old_entry_is_created(bench: People) -> None:
    bench.track("alice", "bob")
    bench.process([ALICE, ZOE])
    both = Team(7, "Team A", ("alice", "bob"))
    assert bench.process([both, ZOE], ONE).counts == counts(2, created=1, updated=0, changed=1)


def test_an_entry_that_did_not_move_is_updated_all_the_same(bench: People) -> None:
    bench.track("alice")
    bench.process([ALICE, BOB])
    assert bench.process([ALICE, ZOE], ONE).counts == counts(2, created=0, updated=1, changed=0)


def test_a_row_that_loses_its_user_to_a_better_one_is_skipped(bench: People) -> None:
    bench.track("alice")
    named = Team(1, "alice", ("zoe",), rank=1)
    assert bench.process([named, Team(7, "x", ("alice",), rank=2)]).counts == counts(2, 1, 0)
    assert bench.look("SELECT kaggle_team_name, matched_by FROM leaderboard") == [("x", "username")]


def test_benchmarks_are_skipped_and_kept_for_the_board(bench: People) -> None:
    bench.track("alice", "host")
    teams = [ALICE, Team(1, "host", (), "0.85", rank=0), Team(2, "All zeros", ("host",), "0.5", rank=0)]
    assert bench.process(teams).counts == counts(3, created=1, updated=0)
    assert bench.ranks() == {"alice": 1}
    marks = bench.look("SELECT name, score, score_text FROM benchmarks ORDER BY name")
    assert marks == [("All zeros", 0.5, "0.5"), ("host", 0.85, "0.85")]
    assert bench.look("SELECT row_count, team_count FROM competitions") == [(3, 1)]
    bench.process([ALICE, Team(1, "host", (), "0.86", rank=0)], ONE)
    assert bench.look("SELECT name, score FROM benchmarks") == [("host", 0.86)]


def test_an_empty_board_and_an_empty_roster_are_no_error(bench: People) -> None:
    assert bench.process([]).counts == counts(0, 0, 0)
    assert bench.process([ALICE], ONE).counts == counts(1, 0, 0)


def test_the_log_says_what_was_read_and_what_became_of_it(
    bench: People, logged: pytest.LogCaptureFixture
) -> None:
    bench.track("alice")
    bench.process([ALICE, BOB])
    assert [record.getMessage() for record in logged.records] == [
        "CSV has 2 entries with columns: " + str(MODERN.split(",")),
        "Database update complete - Created: 1, Updated: 0, Skipped: 1",
    ]


def test_bad_cells_are_one_warning_with_counts(bench: People, logged: pytest.LogCaptureFixture) -> None:
    bench.track("alice")
    bench.process(
        [Team(7, "a", ("alice",), "?"), Team(8, "b", ("bob",), "??", date="?"), Team(9, "c", ("carol",))]
    )
    warnings = [record.getMessage() for record in logged.records if record.levelno == logging.WARNING]
    assert warnings == ["Cells that could not be read are left empty: Score 2, LastSubmissionDate 1"]
    assert bench.look("SELECT rank, score, score_text FROM leaderboard") == [(1, None, None)]


@pytest.mark.long
@examples(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(0, 3),
            st.lists(st.integers(0, 45), max_size=6),
            st.integers(10, 14),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_created_updated_and_skipped_always_add_up_to_the_rows(
    boards: list[tuple[int, int, list[int], int, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(folder / "k.db", folder / "locks", create=True) as store:
            bench = People(store, folder)
            hours: set[int] = set()
            for rows, seed, people, hour, force in boards:
                bench.track(*(f"user{i}" for i in people), *(f"mate{i}x0" for i in people))
                before = set(bench.look("SELECT username FROM leaderboard"))
                teams = many_teams(rows, seed) if rows else []
                done = bench.process(teams, f"2025-10-31T{hour}:00:00", force=force, accept_shrink=True)
                got = done.counts
                assert got.created + got.updated + got.skipped == got.rows == rows
                assert min(got.created, got.updated, got.skipped, got.changed) >= 0
                after = set(bench.look("SELECT username FROM leaderboard"))
                # Another board of the same moment corrects it: whoever was seen only there, was not.
                assert before <= after or hour in hours
                hours.add(hour)
                assert got.created <= len(after - before)
                assert (got.created == 0) == (not after - before)
                run = bench.look(
                    'SELECT status, "rows", created, updated, skipped, changed FROM sync_runs '
                    "ORDER BY id DESC LIMIT 1"
                )
                assert run == [(done.status, rows, got.created, got.updated, got.skipped, got.changed)]


# Nothing new


def test_the_same_board_again_is_not_processed(bench: People) -> None:
    bench.track("alice")
    bench.process([ALICE, BOB])
    before = bench.look("SELECT * FROM leaderboard")
    assert bench.process([ALICE, BOB]) == Processed("unchanged", counts(2, 0, 0))
    assert bench.look("SELECT * FROM leaderboard") == before
    assert bench.look("SELECT status, skipped FROM sync_runs") == [("ok", 1), ("unchanged", 2)]


def test_the_same_board_at_a_later_time_moves_the_time_only(bench: People) -> None:
    bench.track("alice")
    bench.process([ALICE, BOB], NOON)
    written = bench.watch()
    assert bench.process([ALICE, BOB], ONE).status == "unchanged"
    assert written() == []
    assert bench.look("SELECT snapshot_at FROM competitions") == [f"{ONE}Z"]
    assert bench.look("SELECT first_seen_at, last_seen_at FROM leaderboard") == [(f"{NOON}Z", f"{ONE}Z")]
    assert bench.history() == [(NOON, 1)]


def test_a_user_added_a_minute_ago_appears_on_the_same_board(bench: People) -> None:
    bench.track("alice")
    bench.process([ALICE, BOB])
    bench.track("bob")
    assert bench.process([ALICE, BOB]) == Processed("ok", counts(2, created=1, updated=1))
    assert bench.ranks() == {"alice": 1, "bob": 2}
    assert (bench.history("alice"), bench.history("bob")) == ([(NOON, 1)], [(NOON, 2)])
    assert bench.process([ALICE, BOB]).status == "unchanged"


def test_a_user_who_gets_a_name_or_a_group_does_not_make_the_board_new(bench: People) -> None:
    bench.track("alice")
    bench.process([ALICE])
    track(bench.store, [("alice", "Alice", "blue")], clock.utc_now())
    assert bench.process([ALICE]).status == "unchanged"


def test_turning_the_team_name_rule_off_and_on_is_noticed(bench: People) -> None:
    bench.track("alice")
    named = [Team(7, "alice", ("zoe",)), BOB]
    assert bench.process(named).counts == counts(2, 1, 0)
    assert bench.process(named, team_name=False) == Processed("ok", counts(2, 0, 0))
    assert bench.ranks() == {}  # never on the board, as the rule now sees it: nobody who "left"
    assert bench.process(named, team_name=False).status == "unchanged"
    assert bench.process(named, team_name=True) == Processed("ok", counts(2, 1, 0))
    assert bench.ranks() == {"alice": 1}
    assert bench.history() == [(NOON, 1)]


def test_a_direction_given_later_is_noticed(bench: People) -> None:
    bench.track("alice")
    old = board_csv(
        [Team(1, "a", score="0.5"), Team(2, "alice", score="0.9"), Team(3, "c", score="0.1")], old=True
    )
    bench.process(old)
    assert bench.look("SELECT rank FROM leaderboard") == [None]
    with bench.store.writing() as write:
        write.competitions.set_direction(bench.competition.id, higher_is_better=True)
    assert bench.process(old).status == "ok"
    assert bench.look("SELECT rank FROM leaderboard") == [1]
    assert bench.history() == [(NOON, 1)]


def test_force_processes_the_same_board_and_changes_nothing(bench: People) -> None:
    bench.track("alice", "bob")
    bench.process([ALICE, BOB, ZOE])
    written = bench.watch()
    assert bench.process([ALICE, BOB, ZOE], force=True) == Processed("ok", counts(3, 0, updated=2))
    assert written() == []


@pytest.mark.parametrize(
    "score", ["0.720887", "0.1", "68908.316", "-589.7", "0.00000", "1e22", "123456789.123456789"]
)
def test_a_score_that_sqlite_would_round_does_not_look_changed(bench: People, score: str) -> None:
    bench.track("alice")
    team = Team(7, "a", ("alice",), score)
    bench.process([team])
    assert bench.look("SELECT score, score_text FROM leaderboard") == [(float(score), score)]
    written = bench.watch()
    assert bench.process([team], force=True).counts.changed == 0
    assert bench.process([team, ZOE], ONE).counts.changed == 0
    assert bench.process([team, BOB], TWO, force=True).counts.changed == 0
    assert written() == []


# What is written


def test_when_nothing_changed_for_our_people_no_row_of_theirs_is_rewritten(bench: People) -> None:
    bench.track("alice", "bob")
    bench.process([ALICE, BOB, ZOE], NOON)
    written = bench.watch()
    bench.process([ALICE, BOB, Team(9, "Team Z", ("zoe",), "0.71", rank=3, submissions=2)], ONE)
    assert written() == []
    bench.process([ALICE, Team(8, "Team B", ("bob",), "0.85", rank=2, submissions=2)], TWO)
    assert written() == [("eI", "bob"), ("lU", "bob")]


@pytest.mark.parametrize(
    "other",
    [
        Team(7, "Team A", ("alice",), "0.90000", rank=2),
        Team(7, "Team A", ("alice",), "0.91000", rank=1),
        Team(70, "Team A", ("alice",), "0.90000", rank=1),
        Team(7, "Renamed", ("alice",), "0.90000", rank=1),
        Team(7, "Team A", ("alice", "zoe"), "0.90000", rank=1),
        Team(7, "Team A", ("alice",), "0.90000", rank=1, submissions=2),
    ],
    ids=["rank", "score", "team", "team name", "members", "submissions"],
)
def test_a_change_of_standing_is_a_row_of_history(bench: People, other: Team) -> None:
    bench.track("alice")
    bench.process([ALICE], NOON)
    assert bench.process([other], ONE).counts.changed == 1
    assert bench.history() == [(NOON, 1), (ONE, other.rank)]


@pytest.mark.parametrize(
    "other",
    [
        Team(7, "Team A", ("alice",), "0.90000", rank=1, date="2025-10-31 11:00:00"),
        Team(7, "Team A", ("alice",), "0.9", rank=1),
        Team(7, "Team A", (" Alice",), "0.90000", rank=1),
    ],
    ids=["date", "decimals", "case"],
)
def test_what_is_no_change_of_standing_is_no_row_of_history(bench: People, other: Team) -> None:
    bench.track("alice")
    bench.process([ALICE], NOON)
    assert bench.process([other], ONE).counts.changed == 0
    assert bench.history() == [(NOON, 1)]


def test_the_entry_follows_the_date_although_that_is_no_change(bench: People) -> None:
    bench.track("alice")
    bench.process([ALICE], NOON)
    bench.process([Team(7, "Team A", ("alice",), "0.9", rank=1, date="2025-10-31 11:00:00")], ONE)
    seen = bench.look("SELECT submission_date, score_text FROM leaderboard")
    assert seen == [("2025-10-31T11:00:00Z", "0.9")]


def test_another_match_of_the_same_row_is_told_in_the_entry(bench: People) -> None:
    bench.track("alice")
    bench.process([Team(7, "alice", (), rank=1)], NOON)
    bench.process([Team(7, "alice", ("alice",), rank=1)], ONE)
    assert bench.look("SELECT matched_by FROM leaderboard") == ["username"]


def test_who_leaves_the_board_keeps_the_last_entry_and_comes_back_without_a_duplicate(bench: People) -> None:
    bench.track("alice", "bob")
    bench.process([ALICE, BOB], NOON)
    bench.process([BOB], ONE)
    left = "SELECT rank, score_text, last_seen_at, left_at FROM leaderboard WHERE username = 'alice'"
    assert bench.look(left) == [(1, "0.90000", f"{NOON}Z", f"{ONE}Z")]
    bench.process([BOB, ZOE], TWO)
    assert bench.look(left) == [(1, "0.90000", f"{NOON}Z", f"{ONE}Z")]
    assert bench.process([ALICE, BOB], THREE).counts == counts(2, 0, updated=2, changed=1)
    assert bench.look(left) == [(1, "0.90000", f"{THREE}Z", None)]
    assert bench.look("SELECT first_seen_at FROM leaderboard WHERE username = 'alice'") == [f"{NOON}Z"]
    assert bench.history() == [(NOON, 1), (ONE, None), (THREE, 1)]
    assert bench.history("bob") == [(NOON, 2)]


# Old snapshots


def test_an_older_snapshot_only_adds_to_the_history(bench: People) -> None:
    bench.track("alice", "bob")
    bench.process([ALICE, BOB], TWO)
    before = bench.look("SELECT slug, snapshot_at, row_count, team_count, fingerprint FROM competitions")
    standings = "SELECT username, rank, score, kaggle_team_name, last_seen_at, left_at FROM leaderboard"
    entries = bench.look(standings)
    done = bench.process([Team(8, "Older B", ("bob",), "0.1", rank=1), Team(1, "x", rank=0), ZOE], NOON)
    assert done == Processed("older", counts(3, created=0, updated=1))
    assert bench.look(standings) == entries
    assert bench.look("SELECT count(*) FROM benchmarks") == [0]
    after = bench.look("SELECT slug, snapshot_at, row_count, team_count, fingerprint FROM competitions")
    assert after == before
    assert bench.history("bob") == [(NOON, 1), (TWO, 2)]
    assert bench.history("alice") == [(TWO, 1)]
    assert bench.look("SELECT first_seen_at FROM leaderboard") == [f"{TWO}Z", f"{NOON}Z"]
    assert bench.process([ALICE, BOB], TWO).status == "unchanged"


def test_somebody_who_is_on_an_older_board_only_is_shown_as_having_left(bench: People) -> None:
    bench.track("alice", "bob")
    bench.process([BOB], TWO)
    assert bench.process([ALICE, BOB], NOON).counts == counts(2, created=1, updated=1)
    seen = bench.look("SELECT first_seen_at, last_seen_at, left_at FROM leaderboard WHERE username = 'alice'")
    assert seen == [(f"{NOON}Z", f"{NOON}Z", f"{TWO}Z")]
    bench.process([ALICE, BOB], ONE)
    seen = bench.look("SELECT first_seen_at, last_seen_at, left_at FROM leaderboard WHERE username = 'alice'")
    assert seen == [(f"{NOON}Z", f"{ONE}Z", f"{TWO}Z")]
    assert bench.history() == [(NOON, 1), (TWO, None)]


def test_an_old_snapshot_twice_changes_nothing(bench: People) -> None:
    bench.track("alice", "bob")
    bench.process([ALICE, BOB], TWO)
    bench.process([BOB, ALICE, ZOE], NOON)
    state = [bench.look(f"SELECT * FROM {table}") for table in ("leaderboard", "history", "snapshots")]
    assert bench.process([BOB, ALICE, ZOE], NOON).status == "older"
    assert [
        bench.look(f"SELECT * FROM {table}") for table in ("leaderboard", "history", "snapshots")
    ] == state


def test_a_board_that_became_older_while_it_was_read_does_not_overwrite(bench: People, settings: Any) -> None:
    bench.track("alice")
    stale = bench.store.competitions.get(SLUG)

    def somebody_else() -> None:
        with Store.open(settings.db, settings.locks) as other:
            run = Run("other", SLUG, "file", ERROR, clock.utc_now())
            process(other, other.competitions.get(SLUG), bench.fetched([BOB, ALICE], TWO), run)

    with between_reading_and_writing(somebody_else):
        done = bench.process([Team(7, "Older A", ("alice",), rank=5)], NOON, competition=stale)
    assert done.status == "older"
    assert bench.look("SELECT kaggle_team_name FROM leaderboard") == ["Team A"]
    assert bench.history() == [(NOON, 5), (TWO, 1)]


# Boards that look cut off


@pytest.mark.parametrize("left", [0, 1, 4])
def test_a_board_that_has_lost_more_than_half_of_its_rows_is_refused(bench: People, left: int) -> None:
    bench.track("user0", "user9")
    teams = many_teams(10)
    bench.process(teams, NOON)
    before = bench.dump()
    for force in (False, True):
        with pytest.raises(SuspiciousBoard, match="--accept-shrink"):
            bench.process(teams[:left], ONE, force=force)
    assert bench.dump() == before
    assert bench.process(teams[:left], ONE, accept_shrink=True).counts.rows == left
    assert bench.ranks() == {"user0": 1 if left else None, "user9": None}


def test_a_board_that_has_lost_half_of_its_rows_is_taken(bench: People) -> None:
    teams = many_teams(10)
    bench.process(teams, NOON)
    assert bench.process(teams[:5], ONE).status == "ok"
    assert bench.process(teams[:3], TWO).status == "ok"


def test_a_board_is_compared_with_the_one_before_it_in_time_never_with_a_later_one(bench: People) -> None:
    bench.process(many_teams(10), TWO)
    assert bench.process([ALICE], NOON).status == "older"  # archives loaded newest first grow backwards
    bench.process(many_teams(10), ONE)
    excerpt = "2025-10-31T13:30:00"  # between the two: people would leave and come back
    with pytest.raises(SuspiciousBoard, match="4 rows where it had 10"):
        bench.process(many_teams(4), excerpt)
    assert [at for at, _ in bench.look("SELECT moment, row_count FROM snapshots")] == [
        int(clock.parse_iso(f"{at}Z").timestamp()) for at in (NOON, ONE, TWO)
    ]
    assert bench.process(many_teams(4), excerpt, accept_shrink=True).status == "older"


def test_a_board_seen_unchanged_is_what_the_next_one_is_compared_with(bench: People) -> None:
    bench.process(many_teams(10), NOON)
    assert bench.process(many_teams(10), ONE).status == "unchanged"
    with pytest.raises(SuspiciousBoard, match="1 rows where it had 10"):
        bench.process([ALICE], TWO)


# What happens meanwhile, and what fails


def test_a_user_removed_meanwhile_does_not_come_back(bench: People, settings: Any) -> None:
    bench.track("alice", "bob")

    def somebody_else() -> None:
        with Store.open(settings.db, settings.locks) as other:
            untrack(other, "alice")

    with between_reading_and_writing(somebody_else):
        assert bench.process([ALICE, BOB]).counts == counts(2, created=1, updated=0)
    assert bench.ranks() == {"bob": 2}
    assert bench.history("alice") == []


def test_a_user_added_meanwhile_appears_with_the_next_tick(bench: People, settings: Any) -> None:
    bench.track("alice")

    def somebody_else() -> None:
        with Store.open(settings.db, settings.locks) as other:
            track(other, [("bob", None, None)], clock.utc_now())

    with between_reading_and_writing(somebody_else):
        bench.process([ALICE, BOB])
    assert bench.ranks() == {"alice": 1}
    assert bench.process([ALICE, BOB]).status == "ok"
    assert bench.ranks() == {"alice": 1, "bob": 2}


def test_a_user_removed_and_added_again_begins_anew(bench: People) -> None:
    bench.track("alice")
    bench.process([ALICE], NOON)
    bench.untrack("alice")
    assert bench.ranks() == {}
    bench.track("alice")
    bench.process([ALICE], NOON)
    bench.process([BOB, ALICE], ONE)
    assert bench.ranks() == {"alice": 1}
    assert bench.history() == [(NOON, 1)]


@pytest.mark.parametrize("again", [False, True], ids=["gone", "added again"])
def test_a_competition_removed_meanwhile_is_unknown(bench: People, again: bool) -> None:
    bench.track("alice")
    bench.process([ALICE])
    stale = bench.store.competitions.get(SLUG)
    bench.store.competitions.remove(stale.id)
    if again:
        bench.store.competitions.add(SLUG, SLUG, clock.utc_now())
    before = bench.dump()
    for teams in ([ALICE], [ALICE, BOB]):
        with pytest.raises(UnknownCompetition, match="removed in the meantime"):
            bench.process(teams, ONE, competition=stale)
    assert bench.dump() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html></html>\n",
        b"TeamId,TeamName\n1,a\n",
        board_csv([ALICE, BOB]) + b'3,9,"cut of',
    ],
    ids=["empty", "HTML", "columns missing", "truncated"],
)
def test_a_csv_that_fails_leaves_the_database_untouched(bench: People, content: bytes) -> None:
    bench.track("alice", "bob")
    bench.process([BOB, ALICE])
    before = bench.dump()
    with pytest.raises(BadBoard):
        bench.process(content, ONE)
    assert bench.dump() == before


def test_a_csv_that_fails_in_a_later_piece_leaves_the_database_untouched(
    bench: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kagsync.board.reader._ROWS_AT_ONCE", 1)
    bench.track("alice", "bob")
    before = bench.dump()
    with pytest.raises(BadBoard):
        bench.process(board_csv([ALICE, BOB]) + b'3,9,"cut of')
    assert bench.dump() == before


@pytest.mark.parametrize(
    "table", ["leaderboard_entries", "entry_history", "snapshots", "benchmarks", "sync_runs"]
)
def test_a_database_that_fails_on_the_way_is_as_it_was_before(bench: People, table: str) -> None:
    bench.track("alice", "bob")
    bench.process([BOB])
    bench.alter(f"CREATE TRIGGER fails AFTER INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no more'); END")
    before = bench.dump()
    teams = [ALICE, Team(8, "Team B", ("bob",), "0.85", rank=2), Team(1, "mark", rank=0)]
    with pytest.raises(DatabaseError, match="no more"):
        bench.process(teams, ONE)
    assert bench.dump() == before
    bench.alter("DROP TRIGGER fails")
    assert bench.process(teams, ONE).counts == counts(3, created=1, updated=1, changed=1)


def test_the_run_is_recorded(bench: People) -> None:
    bench.track("alice")
    started = clock.utc_now().replace(microsecond=0)
    fetched = bench.fetched([ALICE])
    run = Run("2025", SLUG, "kaggle", ERROR, started)
    process(bench.store, bench.store.competitions.get(SLUG), fetched, run)
    assert bench.look("SELECT run, slug, source, status, started_at, snapshot_at, sha256 FROM sync_runs") == [
        ("2025", SLUG, "kaggle", "ok", clock.iso(started), f"{NOON}Z", fetched.sha256)
    ]
    now = bench.store.competitions.get(SLUG)
    assert now.synced_at is not None
    assert now.synced_at == now.tried_at >= started
    assert now.snapshot_at == datetime(2025, 10, 31, 12, tzinfo=UTC)
