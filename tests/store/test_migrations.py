"""Older databases: stored copies of every schema migrate, and a migration that fails harms nothing."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from world import DATABASES, invariants
from world.database import ask
from world.running import start

import kagsync.demo
from kagsync import installation
from kagsync.standings import ranks
from kagsync.store import Store, migrations

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlite_utils
    from world.running import Kagsync

# Two boards, with 20 people on the second, as each schema stored them. (The first demo had these boards.)
OLDER = range(1, migrations.LATEST)
SLUG = "spaceship-titanic"
BOARDS = [str(DATABASES / f"{SLUG}-{number}.zip") for number in (1, 2)]
ROSTERS = [str(Path(kagsync.demo.__file__).with_name(f"roster-{number}.csv")) for number in (1, 2)]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "kagsync.db"


def stored(version: int, db: Path) -> Path:
    """A copy of a stored database, where this test's commands look for theirs."""
    return Path(shutil.copy(DATABASES / f"schema-{version}.db", db))


def make(db: Path, kagsync: Kagsync) -> None:
    """Makes with this program what the older ones stored."""
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--db", str(db))
    for roster, board in zip(ROSTERS, BOARDS, strict=True):
        kagsync.ok("users", "import", roster, "--db", str(db))
        kagsync.ok("sync", SLUG, "--from", board, "--db", str(db))


def tables(db: Path) -> dict[str, list[dict[str, object]]]:
    """Every table, row by row: each a dictionary, since a migration may add columns."""
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1, 2')]
            if name != "roster"
            else [dict(row) for row in connection.execute("SELECT * FROM roster")]
            for (name,) in names
            if name != "_sqlite_migrations"
        }


def structure(db: Path) -> list[tuple[object, ...]]:
    return [
        *ask(db, "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"),
        *ask(db, "PRAGMA user_version"),
        *ask(db, "PRAGMA application_id"),
    ]


def keeps(before: dict[str, list[dict[str, object]]], db: Path) -> None:
    """Asserts that all there was is there still, whatever columns and tables came."""
    after = tables(db)
    for name, rows in before.items():
        assert len(after[name]) == len(rows), name
        for old, new in zip(rows, after[name], strict=True):
            assert new.items() >= old.items(), name


def test_there_is_a_stored_copy_of_every_older_schema() -> None:
    missing = [
        f"schema-{version}.db" for version in OLDER if not (DATABASES / f"schema-{version}.db").exists()
    ]
    assert not missing, (
        f"tests/databases lacks {missing}: make it with the last kagsync of that schema, as `make` does"
    )


@pytest.mark.parametrize("version", OLDER)
def test_a_stored_copy_is_what_its_name_says(version: int, db: Path) -> None:
    assert ask(stored(version, db), "PRAGMA user_version") == [(version,)]
    invariants.check(db)


@pytest.mark.parametrize("version", OLDER)
def test_an_older_database_is_migrated_with_all_that_is_in_it(
    version: int, db: Path, tmp_path: Path, kagsync: Kagsync
) -> None:
    before = tables(stored(version, db))
    shown = json.loads(kagsync.ok("show", SLUG, "--format", "json"))
    assert shown[0]["username"] == "linaverrow"
    assert len(shown) == 20
    keeps(before, db)
    invariants.check(db)
    kagsync.ok("users", "list", "--db", str(tmp_path / "none.db"))
    kagsync.ok("users", "add", "newcomer", "--db", str(tmp_path / "new.db"))
    assert structure(db) == structure(tmp_path / "new.db")


@pytest.mark.parametrize("version", OLDER)
def test_an_older_database_is_synced_on(version: int, db: Path, kagsync: Kagsync) -> None:
    stored(version, db)
    entries, history = tables(db)["leaderboard_entries"], tables(db)["entry_history"]
    for board in (*BOARDS, *BOARDS):
        kagsync.ok("sync", SLUG, "--from", board)
        invariants.check(db)
    for board in BOARDS:
        kagsync.ok("sync", SLUG, "--force", "--from", board)
    assert tables(db)["leaderboard_entries"] == entries
    assert [row for row in history if row not in tables(db)["entry_history"]] == []
    invariants.check(db)
    kagsync.ok("users", "add", "newcomer")
    kagsync.ok("competitions", "remove", SLUG, "--yes")
    invariants.check(db)


@pytest.mark.parametrize("version", OLDER)
def test_what_migrated_is_what_the_newest_program_makes_of_the_same_boards(
    version: int, db: Path, tmp_path: Path, kagsync: Kagsync
) -> None:
    stored(version, db)
    make(tmp_path / "new.db", kagsync)
    # Before schema 3 the score's direction was not known, so nobody is said to have improved.
    since = "2025-10-31" if version >= 3 else "2025-10-31T16:26:26"
    show = ("show", SLUG, "--format", "json", "--since", since)
    assert kagsync.ok(*show) == kagsync.ok(*show, "--db", str(tmp_path / "new.db"))


def test_no_history_is_rewritten_for_private_boards(
    db: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(7, db)
    root = "SELECT rootpage FROM sqlite_master WHERE name = 'entry_history'"
    before, history = ask(db, root), ask(db, "SELECT * FROM entry_history")
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*words: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **options)
        connection.set_trace_callback(statements.append)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", traced)
        kagsync.ok("users", "list")
    assert any("CREATE TABLE private_entry_history" in each for each in statements)
    touched = [each for each in statements if re.search(r"\bentry_history\b", each)]
    assert [each for each in touched if "CREATE VIEW" not in each] == []
    assert (ask(db, root), ask(db, "SELECT * FROM entry_history")) == (before, history)


def test_an_older_database_learns_the_ranks_of_all_teams_from_the_same_board(
    db: Path, kagsync: Kagsync
) -> None:
    stored(7, db)
    kagsync.ok("sync", SLUG, "--from", BOARDS[1])
    ((packed,),) = ask(db, "SELECT packed FROM board_ranks WHERE board = 'public'")
    assert ask(db, "SELECT row_count FROM competitions") == [(len(ranks.unpack(packed)),)]
    invariants.check(db)


def test_channels_from_before_there_were_labels_get_one_for_each_url(db: Path, kagsync: Kagsync) -> None:
    stored(4, db)
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        connection.executemany(
            "INSERT INTO notify_targets (url, only, quiet_for, added_at) VALUES (?, ?, 0, '')",
            [("json://one/", None), ("json://one/", "left"), ("json://other/", None)],
        )
    one, same, other = (
        each["label"] for each in json.loads(kagsync.ok("notify", "list", "--format", "json"))
    )
    assert one == same != other
    assert len(one) == len(other) == 6


def test_runs_from_before_some_shared_a_row_count_once_each(db: Path, kagsync: Kagsync) -> None:
    stored(6, db)
    kagsync.ok("show", SLUG)
    assert ask(db, "SELECT DISTINCT run_count FROM sync_runs") == [(1,)]


# Migrations that fail


def _bad_sql(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE users ADD COLUMN motto TEXT")
    db.execute("DELETE FROM leaderboard_entries")
    db.execute("this is no SQL")


def _constraint(db: sqlite_utils.Database) -> None:
    db.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    db["users"].transform(rename={"name": "full_name"})  # by way of a new table
    db.execute(
        "INSERT INTO users (username, handle, pseudonym, added_at) SELECT username, 'x', 'x', '' FROM users"
    )


def _python(db: sqlite_utils.Database) -> None:
    db.execute("DELETE FROM users")
    raise ValueError("a mistake of the program")


@pytest.mark.parametrize("failing", [_bad_sql, _constraint, _python], ids=lambda f: f.__name__.strip("_"))
@pytest.mark.parametrize("version", [*OLDER, migrations.LATEST])
def test_a_migration_that_fails_leaves_the_old_database_to_the_old_program(
    version: int,
    failing: Callable[[sqlite_utils.Database], None],
    db: Path,
    kagsync: Kagsync,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored(min(version, *OLDER), db)
    with monkeypatch.context() as old:  # the program of that version
        old.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:version])
        old.setattr(migrations, "LATEST", version)
        with kagsync_store(db):
            pass
    before, built = tables(db), structure(db)
    with monkeypatch.context() as new:
        new.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS[:version], failing))
        new.setattr(migrations, "LATEST", version + 1)
        for words in (["show", SLUG], ["sync", SLUG, "--from", BOARDS[1]]):
            ran = kagsync(*words)
            assert ran.out == ""
            assert ran.code in (1, 5), ran
            assert ran.err.startswith("ERROR kagsync: ")
            assert len(ran.err.splitlines()) == 1
            assert tables(db) == before
            assert structure(db) == built
    invariants.check(db)
    shown = kagsync.ok("show", SLUG, "--format", "json")  # which migrates to what there is, if need be
    assert len(json.loads(shown)) == 20
    kagsync.ok("sync", SLUG, "--force", "--from", BOARDS[1])
    invariants.check(db)


def kagsync_store(db: Path) -> contextlib.AbstractContextManager[object]:

    return Store.open(db, db.with_name(f"{db.name}-locks"))


@pytest.mark.long
def test_a_program_killed_in_the_middle_of_a_migration_has_done_nothing(db: Path, kagsync: Kagsync) -> None:
    before, built = tables(stored(1, db)), structure(db)
    script = """
        import os, signal, sys
        from kagsync.cli import main as cli; from kagsync.store import migrations as schema

        def _killed(db):
            for change in schema_before[1:]:
                change(db)
            db.execute("UPDATE users SET name = username")
            db.execute("ALTER TABLE users ADD COLUMN motto TEXT")
            os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

        schema_before = schema.MIGRATIONS
        schema.MIGRATIONS = (schema_before[0], _killed)
        schema.LATEST = 2
        cli.main(["show"])
        """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert killed.returncode not in (0, 1)
    assert tables(db) == before
    assert structure(db) == built
    assert "20 of 20" in kagsync.ok("show")
    keeps(before, db)
    invariants.check(db)


@pytest.mark.long
@pytest.mark.parametrize("version", OLDER)
def test_processes_that_migrate_the_same_database_at_once_all_get_it(version: int, db: Path) -> None:
    before = tables(stored(version, db))
    crowd = [
        start("show", SLUG, "--format", "json"),
        start("sync", SLUG, "--from", BOARDS[1]),
        start("show"),
        start("users", "list"),
    ]
    for process in crowd:
        with process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
        assert "ERROR" not in err
        assert out
    assert ask(db, "PRAGMA user_version") == [(migrations.LATEST,)]
    assert ask(db, "SELECT count(*) FROM _sqlite_migrations") == [(migrations.LATEST,)]
    keeps({name: before[name] for name in ("users", "leaderboard_entries", "entry_history")}, db)
    invariants.check(db)


def test_a_newer_database_is_refused_and_left_as_it_is(db: Path, kagsync: Kagsync) -> None:
    for version in (migrations.LATEST + 1, 2**31 - 1):
        stored(1, db)
        with contextlib.closing(sqlite3.connect(db)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        before = db.read_bytes()
        for words in (["show"], ["users", "add", "x"], ["sync", SLUG, "--from", "x.zip"]):
            ran = kagsync(*words)
            assert (ran.code, ran.out) == (5, "")
            assert len(ran.err.splitlines()) == 1
            assert f"newer kagsync (schema {version}" in ran.err
            assert f"Update kagsync: {installation.update()}" in ran.err
        assert db.read_bytes() == before


def test_a_migration_that_another_process_disturbs_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate, calls = migrations.migrate, []

    def disturbed(db: Any) -> None:
        calls.append(db)
        if len(calls) == 1:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY_SNAPSHOT"
            raise error
        migrate(db)

    monkeypatch.setattr(migrations, "migrate", disturbed)
    db = tmp_path / "new.db"
    with Store.open(db, tmp_path / "locks", create=True) as store:
        assert store.users.all() == []
    assert len(calls) == 2
    assert ask(db, "PRAGMA user_version") == [(migrations.LATEST,)]
