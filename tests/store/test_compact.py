"""`kagsync compact` shrinks the file, or says what is in the way."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

import pytest
from world import database, invariants

from kagsync.store import Store, compact, connection, opening

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings


@pytest.fixture
def db(settings: Settings) -> Path:
    """A database of which most is free."""
    database.empty(settings.db)
    with contextlib.closing(sqlite3.connect(settings.db)) as raw:
        with raw:
            raw.executemany(
                "INSERT INTO users (username, handle, pseudonym, name, added_at) VALUES (?1, ?1, ?1, ?2, '')",
                ((f"u{n}", "x" * 400) for n in range(2_000)),
            )
            raw.execute("DELETE FROM users WHERE id > 5")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return settings.db


def test_the_file_is_smaller_afterwards_and_says_the_same(db: Path, kagsync: Kagsync) -> None:
    before, size = sorted(database.dump(db)), db.stat().st_size
    said = kagsync.ok("compact")
    assert db.stat().st_size < size / 3
    assert f"{size / 1e6:,.1f} MB → {db.stat().st_size / 1e6:,.1f} MB" in said
    assert sorted(database.dump(db)) == before
    assert database.ask_one(db, "PRAGMA journal_mode") == "wal"
    assert list(db.parent.glob("etilqs*")) == []
    invariants.check(db)
    assert kagsync.ok("compact", "-q") == ""


def test_without_a_database_there_is_nothing_to_do(kagsync: Kagsync) -> None:
    assert kagsync("compact").code == 2


def test_without_enough_space_nothing_changes(
    db: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int = 10

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage())
    size = db.stat().st_size
    ran = kagsync("compact")
    assert ran.code == 5
    assert "Free some space; nothing has changed" in ran.err
    assert db.stat().st_size == size


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN"])
def test_a_program_that_uses_the_database_is_in_the_way(
    begin: str, db: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT", 0.1)
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.1)
    with contextlib.closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute(begin)
        other.execute("SELECT * FROM users").fetchall()
        ran = kagsync("compact")
    assert ran.code == 5
    assert len(ran.err.splitlines()) == 1
    assert "another program" in ran.err
    kagsync.ok("compact")
    invariants.check(db)


@pytest.mark.long
def test_doctor_says_how_much_is_free(db: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    from kagsync.doctor import database as checks

    monkeypatch.setattr(checks, "_MUCH_FREE", 1_000)
    assert "free: shrink it with kagsync compact)" in kagsync("doctor").out
    kagsync.ok("compact")
    assert "kagsync compact" not in kagsync("doctor").out


def test_how_much_is_free_is_known_without_reading_it(db: Path, settings: Settings) -> None:
    with Store.open(db, settings.locks) as store:
        assert 0.5 < store.free_bytes() / db.stat().st_size < 1
        compact.compact(store)
        assert store.free_bytes() == 0
