"""The only door to SQLite, on real files."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils  # noqa: TC002
from world.people import track, untrack

from kagsync import clock
from kagsync.errors import DatabaseError, DiskFull, KagsyncError, NoDatabase, UnknownCompetition, UsageError
from kagsync.standings.marks import Marks
from kagsync.standings.standing import Splice, Standing
from kagsync.store import Store, beside, migrations
from kagsync.store.errors import explain
from kagsync.store.records import BoardNames, Entry, Run, Snapshot, User
from kagsync.tracking import competitions

NOW = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)
TABLES = {"competitions", "users", "leaderboard_entries", "entry_history", "sync_runs"}

ENTRY = Entry(
    user_id=1,
    standing=Standing(
        rank=3,
        score=0.720887,
        score_text="0.720887",
        team_id=2**62,
        team_name="[red]NaN[/red]",
        members="alice,zoe",
        submission_count=5,
        submission_date="2025-10-30T12:00:00Z",
    ),
    matched_by="username",
    first_seen_at="2025-10-30T12:00:00Z",
    last_seen_at=None,
    left_at=None,
)


def standing(**changes: Any) -> Entry:
    """`ENTRY` with another standing."""
    return ENTRY._replace(standing=ENTRY.standing._replace(**changes))


def look(store: Store, sql: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        return connection.execute(sql).fetchall()


def alter(path: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


def reopen(path: Path, *, create: bool = False) -> Store:
    return Store.open(path, path.with_name("locks"), create=create)


def add(store: Store, *usernames: str) -> None:
    track(store, [(name, None, None) for name in usernames], NOW)


def populated(store: Store) -> int:
    """A competition with an entry, history, a snapshot, a benchmark and a run of `alice`."""
    add(store, "alice")
    competition = store.competitions.add("titanic", "titanic", NOW)
    state = Standing(3, 0.5, "0.50", 7, "The Team", "alice,zoe", 5)
    with store.writing() as write:
        write.boards.save_entries(competition.id, [ENTRY])
        write.history.save(competition.id, [(1, Splice(100, state)), (1, Splice(200, None))])
        write.snapshots.save(competition.id, Snapshot(100, 3, 2, 1))
        write.runs.finish(competition.id, Run("run", "titanic", "file", "ok", NOW), NOW)
    return competition.id


# Opening


def test_a_new_database_has_the_tables_that_others_may_query(store: Store) -> None:
    names = {
        name for (name,) in look(store, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    }
    assert names >= {*TABLES, "leaderboard", "history"}
    assert look(store, "PRAGMA user_version") == [(migrations.LATEST,)]
    assert look(store, "PRAGMA application_id") == [(migrations.APPLICATION_ID,)]
    assert look(store, "PRAGMA journal_mode") == [("wal",)]
    assert look(store, "PRAGMA foreign_key_check") == []
    assert look(store, "PRAGMA integrity_check") == [("ok",)]


def test_opening_again_keeps_what_is_there(store: Store) -> None:
    add(store, "alice")
    with reopen(store.path) as again:
        assert [user.username for user in again.users.all()] == ["alice"]
    assert len(look(store, "SELECT * FROM _sqlite_migrations")) == migrations.LATEST


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    with reopen(tmp_path / "a" / "b c" / "ä.db", create=True) as store:
        assert store.users.all() == []


def test_a_database_that_is_not_there_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match="competitions add"):
        reopen(tmp_path / "k.db")
    assert list(tmp_path.glob("k.db*")) == []


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "k.db").touch()
    with reopen(tmp_path / "k.db") as store:
        assert store.users.all() == []


def test_a_newer_schema_is_refused_and_left_alone(store: Store) -> None:
    alter(store.path, f"PRAGMA user_version = {migrations.LATEST + 1}")
    with pytest.raises(DatabaseError, match="newer kagsync") as caught:
        reopen(store.path)
    assert (caught.value.exit_code, "Update" in caught.value.remedy) == (5, True)
    assert look(store, "PRAGMA user_version") == [(migrations.LATEST + 1,)]


@pytest.mark.parametrize("version", [0, 1, 7])
def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "k.db"
    alter(path, f"CREATE TABLE users (x); PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(DatabaseError) as caught:
        reopen(path, create=True)
    assert caught.value.remedy
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"username,name\n" * 200, b"\x00" * 5000, b"SQLite format 3\x00" + b"x" * 5000]
)
def test_what_is_not_a_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseError) as caught:
        reopen(path, create=True)
    assert str(path) in caught.value.message
    assert caught.value.remedy
    assert path.read_bytes() == content


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be opened"):
        reopen(tmp_path, create=True)


def test_a_first_run_that_was_killed_before_its_tables_were_made_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _killed(db: sqlite_utils.Database) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", (_killed,))
        with pytest.raises(KeyboardInterrupt):
            reopen(tmp_path / "k.db", create=True)
    with reopen(tmp_path / "k.db") as store:
        assert store.users.all() == []


def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "alice")

    def _second(db: sqlite_utils.Database) -> None:
        db.execute("ALTER TABLE users ADD COLUMN motto TEXT")
        db.execute("this is no SQL")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, _second))
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    before = look(store, "SELECT sql FROM sqlite_master")
    with pytest.raises(DatabaseError):
        reopen(store.path)
    assert look(store, "SELECT sql FROM sqlite_master") == before
    assert look(store, "PRAGMA user_version") == [(migrations.LATEST - 1,)]


def test_a_later_migration_is_applied_once_to_a_database_with_people_in_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "alice")

    def _second(db: sqlite_utils.Database) -> None:
        db.execute("ALTER TABLE users ADD COLUMN motto TEXT")

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, _second))
    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)
    for _ in range(2):
        with reopen(store.path) as again:
            assert [user.username for user in again.users.all()] == ["alice"]
    assert look(store, "SELECT username, motto FROM users") == [("alice", None)]
    assert look(store, "PRAGMA user_version") == [(migrations.LATEST,)]


@pytest.mark.long
def test_threads_that_open_a_new_database_at_once_all_get_it(tmp_path: Path) -> None:
    failures: list[Exception] = []

    def open_it(path: Path, start: threading.Barrier, name: str) -> None:
        try:
            start.wait(20)
            with reopen(path, create=True) as store:
                add(store, name)
        except KagsyncError as error:
            failures.append(error)

    for n in range(15):
        path = tmp_path / f"{n}" / "k.db"
        path.parent.mkdir()
        start = threading.Barrier(4)
        threads = [threading.Thread(target=open_it, args=(path, start, f"user{i}")) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failures
        with reopen(path) as store:
            assert [user.username for user in store.users.all()] == [f"user{i}" for i in range(4)]


# Transactions


def test_a_block_that_fails_writes_nothing(store: Store) -> None:
    key = populated(store)
    before = look(store, "SELECT * FROM leaderboard_entries"), look(store, "SELECT * FROM entry_history")

    class Stop(Exception):
        pass

    with pytest.raises(Stop), store.writing() as write:
        write.boards.save_entries(key, [standing(rank=99)])
        write.history.save(key, [(1, Splice(300, None)), (1, Splice(100, None, remove=True))])
        raise Stop
    after = look(store, "SELECT * FROM leaderboard_entries"), look(store, "SELECT * FROM entry_history")
    assert after == before
    with store.writing() as write:
        pass  # the next one works


def test_nobody_sees_half_of_a_block(store: Store) -> None:
    key = populated(store)
    with store.writing() as write:
        write.boards.save_entries(key, [standing(rank=99)])
        assert look(store, "SELECT rank FROM leaderboard_entries") == [(3,)]
    assert look(store, "SELECT rank FROM leaderboard_entries") == [(99,)]


def test_a_store_that_was_opened_to_read_changes_nothing(store: Store) -> None:
    populated(store)
    with Store.open_to_read(store.path, store.path.with_name("locks")) as reader:
        with pytest.raises(DatabaseError):
            untrack(reader, "alice")
        with pytest.raises(DatabaseError), reader.writing():
            pass
        assert [user.username for user in reader.users.all()] == ["alice"]
    assert [user.username for user in store.users.all()] == ["alice"]


# Competitions


def test_a_competition_is_found_whatever_the_case(store: Store) -> None:
    added = store.competitions.add("MLSP2023-volunteers-01", None, NOW)
    assert store.competitions.get("mlsp2023-VOLUNTEERS-01") == added
    assert (added.slug, added.active, added.kaggle_competition_id) == ("MLSP2023-volunteers-01", True, None)
    with pytest.raises(DatabaseError, match="UNIQUE"):
        store.competitions.add("mlsp2023-volunteers-01", None, NOW)


def test_an_unknown_competition_is_answered_with_a_suggestion(store: Store) -> None:
    with pytest.raises(UnknownCompetition, match="competitions add"):
        store.competitions.get("titanic")
    store.competitions.add("spaceship-titanic", None, NOW)
    store.competitions.add("house-prices", None, NOW)
    with pytest.raises(UnknownCompetition, match=r"Did you mean spaceship-titanic\?"):
        store.competitions.get("Spaceship-Titanik")
    with pytest.raises(UnknownCompetition, match="competitions list"):
        store.competitions.get("zzz")


def test_adding_many_competitions_compares_none_with_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> str:
        raise AssertionError("looked for similar names, which takes longer with each that is known")

    monkeypatch.setattr("kagsync.store.competitions.did_you_mean", never)
    assert store.competitions.find("titanic") is None
    assert competitions.add(store, "titanic", link=False).before is None
    assert competitions.add(store, "TITANIC", link=False).before is not None


def test_an_unknown_user_is_answered_with_a_suggestion(store: Store) -> None:
    with pytest.raises(UsageError, match="users add"):
        store.users.get("alice")
    add(store, "Alice", "bob")
    assert store.users.get("aLICE").username == "Alice"
    with pytest.raises(UsageError, match=r"Did you mean Alice\?"):
        store.users.get("alcie")
    with pytest.raises(UsageError, match="users list"):
        store.users.get("zzz")


def test_due_are_the_active_and_linked_ones_the_longest_ago_first(store: Store) -> None:
    keys = {
        slug: store.competitions.add(slug, kaggle_id, NOW).id
        for slug, kaggle_id in {
            "recent": "recent",
            "never-2": "other-name",
            "old": "old",
            "unlinked": None,
            "paused": "paused",
            "never-1": "never-1",
            "failed": "failed",
        }.items()
    }
    with store.writing() as write:
        write.competitions.set_active(keys["paused"], active=False)
    for slug, minutes, code in (("recent", 1, None), ("old", 60, None), ("failed", 30, "unreachable")):
        run = Run("run", slug, "kaggle", "error" if code else "ok", NOW, error_code=code, error_message=code)
        with store.writing() as write:
            write.runs.finish(keys[slug], run, NOW - timedelta(minutes=minutes))
    due = [competition.slug for competition in store.competitions.due(clock.utc_now())]
    assert due == ["never-2", "never-1", "old", "failed", "recent"]
    assert store.competitions.get("failed").synced_at is None
    assert store.runs.last_error(keys["failed"]) == (NOW - timedelta(minutes=30), "unreachable")
    assert store.runs.last_error(keys["recent"]) is None


def test_removing_a_competition_takes_all_that_is_its_own(store: Store) -> None:
    key = populated(store)
    store.competitions.remove(key)
    for table in ("competitions", "leaderboard_entries", "entry_history", "snapshots", "benchmarks"):
        assert look(store, f"SELECT * FROM {table}") == [], table
    assert look(store, "SELECT slug, competition_id FROM sync_runs") == [("titanic", None)]
    assert look(store, "SELECT username FROM users") == [("alice",)]
    assert look(store, "PRAGMA foreign_key_check") == []


def test_a_competition_added_again_is_another_one(store: Store) -> None:
    key = populated(store)
    store.competitions.remove(key)
    again = store.competitions.add("titanic", "titanic", NOW)
    assert again.id != key
    assert (again.snapshot_at, again.fingerprint, again.last_run) == (None, None, None)


# Users


def test_a_random_pseudonym_is_not_one_that_the_same_list_brings(store: Store) -> None:
    users = [
        User(0, f"a{number}", None, None, f"a{number}", pseudonym=f"Person {number}")
        for number in range(1000, 1500)
    ]
    users += [User(0, f"b{number}", None, None, f"b{number}") for number in range(500)]
    with store.writing() as write:
        write.users.add(users, NOW)
    assert len({user.pseudonym for user in store.users.all()}) == 1000


def test_users_are_added_changed_and_left(store: Store) -> None:
    two = [("alice", "Alice", None), ("bob", None, "blue")]
    assert track(store, two, NOW) == (2, 0, 0)
    assert track(store, two, NOW) == (0, 0, 2)
    assert track(store, [("ALICE", None, "red"), ("bob", None, None)], NOW) == (0, 1, 1)
    users = [(user.username, user.name, user.group) for user in store.users.all()]
    assert users == [("alice", "Alice", "red"), ("bob", None, "blue")]


def test_users_are_added_all_or_none(store: Store) -> None:
    alice = User(0, "alice", None, None, "alice")
    with pytest.raises(DatabaseError, match="UNIQUE"), store.writing() as write:
        write.users.add([alice, alice], NOW)
    assert store.users.all() == []


def test_the_roster_version_grows_whoever_changes_the_roster(store: Store) -> None:
    versions = [store.users.roster_version()]

    def grown() -> bool:
        versions.append(store.users.roster_version())
        return versions[-1] > versions[-2]

    assert not grown()
    add(store, "alice")
    assert grown()
    add(store, "alice")
    track(store, [("alice", "Alice", "blue")], NOW)
    assert not grown()
    alter(
        store.path, "INSERT INTO users (username, handle, pseudonym, added_at) VALUES ('bob', 'bob', 'B', '')"
    )
    assert grown()
    alter(store.path, "UPDATE users SET username = 'robert' WHERE username = 'bob'")
    assert grown()
    alter(store.path, "UPDATE users SET name = 'Robert'")
    assert not grown()
    alter(store.path, "DELETE FROM users WHERE username = 'robert'")
    assert grown()
    untrack(store, "alice")
    assert grown()


def test_removing_a_user_takes_entries_and_history(store: Store) -> None:
    key = populated(store)
    add(store, "bob")
    with store.writing() as write:
        write.boards.save_entries(key, [ENTRY._replace(user_id=2)])
    assert (store.boards.entry_count(user_id=1), store.boards.entry_count(competition_id=key)) == (1, 2)
    untrack(store, store.users.all()[0].handle)
    assert [entry.user_id for entry in store.boards.entries(key)] == [2]
    assert look(store, "SELECT * FROM entry_history") == []
    assert [user for user, *_ in store.users.roster()] == [2]


def test_the_id_of_a_removed_user_is_never_given_again(store: Store) -> None:
    add(store, "alice", "bob")
    gone = store.users.get("bob").id
    untrack(store, "bob")
    add(store, "bob")
    assert store.users.get("bob").id > gone


# Entries and history


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        standing(rank=None, score=None, score_text=None, team_id=None, submission_count=None),
        standing(submission_date=None)._replace(
            last_seen_at="2025-10-30T12:00:00Z", left_at="2025-10-31T12:00:00Z"
        ),
        standing(team_name="a\x00b\n\u202e🦊", members=""),
        standing(score=-1e-300, score_text="-1e-300"),
    ],
    ids=["usual", "nulls", "left", "odd name", "tiny"],
)
def test_an_entry_comes_back_as_it_was_saved(store: Store, entry: Entry) -> None:
    key = populated(store)
    with store.writing() as write:
        write.boards.save_entries(key, [entry])
    assert list(store.boards.entries(key)) == [entry]


def test_an_entry_of_a_user_or_competition_that_is_not_there_is_refused(store: Store) -> None:
    key = populated(store)
    for competition, user in ((key, 99), (99, 1)):
        with pytest.raises(DatabaseError, match="FOREIGN KEY"), store.writing() as write:
            write.boards.save_entries(competition, [ENTRY._replace(user_id=user)])


def test_the_state_at_a_moment_is_that_of_the_last_change(store: Store) -> None:
    key = populated(store)
    there = Standing(3, 0.5, "0.50", 7, "The Team", "alice,zoe", 5)
    found = [store.history.standing_at(key, 1, moment) for moment in (99, 100, 199, 200, 201)]
    assert found == [None, there, there, None, None]
    assert store.history.last_change(key, 1) == 200
    assert store.history.users(key) == {1}


def test_ranks_at_some_moments_are_those_of_the_last_changes_before_them(store: Store) -> None:
    key = populated(store)  # user 1 was at rank 3 from 100 until 200
    moments = [99, 100, 150, 199, 200, 999]
    assert store.history.ranks_at(key, [1, 99], moments) == {
        1: [None, 3, 3, 3, None, None],
        99: [None] * 6,
    }
    assert store.history.ranks_at(key, [], moments) == {}
    assert store.history.ranks_at(key, [1], []) == {1: []}


def test_a_team_that_does_not_change_is_stored_once(store: Store) -> None:
    key = populated(store)
    state = Standing(4, 0.6, "0.60", 7, "The Team", "alice,zoe", 6)
    nameless = state._replace(team_id=None)
    with store.writing() as write:
        write.history.save(key, [(1, Splice(300 + i, state._replace(rank=i))) for i in range(5)])
        write.history.save(key, [(1, Splice(400 + i, nameless._replace(rank=i))) for i in range(5)])
    assert look(store, "SELECT count(*) FROM teams") == [(2,)]


def test_every_moment_of_an_unchanged_board_is_remembered_for_a_month(store: Store) -> None:
    key = populated(store)
    add(store, "bob")
    with store.writing() as write:
        write.snapshots.save_unchanged(key, 150)
        write.snapshots.save_unchanged(key, 150)
        write.snapshots.save(key, Snapshot(200, 3, 2, 2))
        write.snapshots.save(key, Snapshot(100, 3, 2, 2))
        write.snapshots.save(key, Snapshot(100, 3, 2, 1))
    seen = "SELECT moment, last_user_id FROM snapshots ORDER BY moment"
    assert look(store, seen) == [(100, 2), (150, 1), (200, 2)]
    with store.writing() as write:
        write.snapshots.save_unchanged(key, 200 + 31 * 86400)
    assert [moment for moment, _ in look(store, seen)] == [100, 200, 200 + 31 * 86400]


def test_the_views_tell_times_as_iso_utc(store: Store) -> None:
    key = populated(store)
    with store.writing() as write:
        write.boards.apply(
            key, snapshot_at=NOW, rows=1, teams=1, marks=Marks(None, [], []), names=None, fingerprint="x"
        )
    assert look(store, "SELECT at, on_board FROM history") == [
        (clock.from_unix(100), 1),
        (clock.from_unix(200), 0),
    ]
    assert look(store, "SELECT last_seen_at, teams FROM leaderboard") == [("2025-10-31T16:26:26Z", 1)]


def test_the_history_view_tells_the_score_that_the_entry_has(store: Store) -> None:
    key = populated(store)
    texts = ("0.720887", "0.1", "68908.316", "-589.7", "0.77511")
    with store.writing() as write:
        write.history.save(
            key,
            [
                (1, Splice(300 + i, Standing(1, float(text), text, 7, "a", "", 1)))
                for i, text in enumerate(texts)
            ],
        )
    scores = look(
        store,
        "SELECT score, score_text FROM history WHERE on_board AND at > '1970-01-01T00:05:00' ORDER BY at",
    )
    assert [text for _, text in scores][-len(texts) :] == list(texts)
    # SQLite's own conversion may be off in the last place (0.720887); the text and the entry are exact.
    assert [score for score, _ in scores][-len(texts) :] == pytest.approx([float(text) for text in texts])


# Names on a board


@pytest.mark.parametrize("schema", [3, 4, 5])
def test_the_names_that_an_earlier_version_packed_can_still_be_read(tmp_path: Path, schema: int) -> None:
    shutil.copy(Path(__file__).parents[1] / "databases" / f"schema-{schema}.db", tmp_path / "k.db")
    with reopen(tmp_path / "k.db") as store:
        (board,) = store.boards.names()
    assert len(board.names) > 1000
    assert "linaverrow" in board.names


@pytest.mark.parametrize(
    ("team_names", "teams"), [("", set()), ("The, Team\n Ü ", {"The, Team", "Ü"})], ids=["none", "some"]
)
def test_the_names_of_a_board_come_back_in_lower_case_and_those_of_teams_as_they_were(
    store: Store, team_names: str, teams: set[str]
) -> None:
    key = populated(store)
    with store.writing() as write:
        write.boards.apply(
            key,
            snapshot_at=NOW,
            rows=1,
            teams=1,
            marks=Marks(None, [], []),
            names="Alice, bob\n\nÜ,carol",
            team_names=team_names,
            fingerprint="x",
        )
        write.snapshots.save(key, Snapshot(200, 3, 2, 7))
    assert store.boards.names() == [BoardNames("titanic", {"alice", "bob", "ü", "carol"}, teams, 7)]


# Errors


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [
        ("SQLITE_FULL", DiskFull, "full"),
        ("SQLITE_BUSY", DatabaseError, "locked"),
        ("SQLITE_BUSY_SNAPSHOT", DatabaseError, "locked"),
        ("SQLITE_NOTADB", DatabaseError, "not a SQLite database"),
        ("SQLITE_READONLY_DBMOVED", DatabaseError, "written"),
        ("SQLITE_CANTOPEN", DatabaseError, "opened"),
        ("SQLITE_CORRUPT", DatabaseError, "damaged"),
        ("SQLITE_IOERR", DatabaseError, "failed"),
        (None, DatabaseError, "failed"),
    ],
)
def test_an_error_of_sqlite_is_told_with_a_remedy(
    tmp_path: Path, name: str | None, kind: type[DatabaseError], word: str
) -> None:
    error = sqlite3.OperationalError("it failed")
    if name is not None:
        error.sqlite_errorname = name
    told = explain(error, tmp_path / "k.db")
    assert isinstance(told, kind)
    assert (told.exit_code, word in told.message) == (5, True)
    assert told.remedy


def test_a_journal_that_another_process_deletes_just_now_is_not_in_the_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = store.path.with_name(f"{store.path.name}-journal")
    journal.touch()
    access = os.access

    def checked(path: Path, mode: int) -> bool:
        if path == journal:
            journal.unlink(missing_ok=True)
        return access(path, mode)

    monkeypatch.setattr(os, "access", checked)
    assert beside.in_the_way(store.path) is None
