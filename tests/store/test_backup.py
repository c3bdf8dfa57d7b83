"""`backup`: whole or not there, also while syncs write, when the disk is full and when it is killed."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from world import database, invariants
from world.boards import Team, board_csv, board_zip, many_teams
from world.database import ask_one, tables
from world.files import names
from world.running import run, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

SLUG = "titanic"
PEOPLE = [f"user{i}" for i in range(20)]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX rights and signals")


def board_file(folder: Path, hour: int, *, strangers: int = 300) -> Path:
    """A board as Kaggle sends it, on which everybody's score tells its hour."""
    people = [*PEOPLE, *(f"stranger{i}" for i in range(strangers))]
    random.Random(hour).shuffle(people)
    teams = [Team(i, f"Team {name}", (name,), score=f"0.{hour:02d}") for i, name in enumerate(people, 1)]
    path = folder / f"{SLUG}-{hour:02d}.zip"
    path.write_bytes(board_zip(SLUG, board_csv(teams), f"2025-10-31T{hour:02d}:00:00"))
    return path


@pytest.fixture
def synced(kagsync: Kagsync, tmp_path: Path) -> None:
    """A competition with its people and the board of 12 o'clock."""
    board = str(board_file(tmp_path, 12))

    def sync() -> None:
        kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
        kagsync.ok("users", "add", *PEOPLE)
        kagsync.ok("sync", SLUG, "--from", board)

    database.prepared(tmp_path / "kagsync.db", "backup", sync)


def refused(ran: Ran, *codes: int) -> None:
    """One line that says what is wrong, with its exit code."""
    assert ran.code in codes, ran
    assert ran.out == ""
    assert ran.err.startswith("ERROR kagsync: ")
    assert len(ran.err.splitlines()) == 1


# What is written


def test_the_copy_has_every_row_in_one_file(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path
) -> None:
    file = place / "backup.db"

    out = kagsync.ok("backup", str(file))

    assert out == f"Backup written to {file}: {file.stat().st_size:,} bytes, checked\n"
    assert names(place) == ["backup.db"]
    assert file.read_bytes()[18:20] == b"\x01\x01"  # no WAL: https://sqlite.org/fileformat2.html
    assert tables(file) == tables(settings.db)
    assert ask_one(file, "PRAGMA journal_mode") == "delete"
    assert ask_one(file, "PRAGMA integrity_check") == "ok"
    assert ask_one(file, "PRAGMA application_id") == ask_one(settings.db, "PRAGMA application_id")
    invariants.check(file)
    assert names(place) == ["backup.db"]


def test_what_sqlite_has_not_moved_into_the_database_is_in_it(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path
) -> None:
    with contextlib.closing(sqlite3.connect(settings.db)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE users SET name = 'in the -wal'")
        writer.commit()
        writer.execute("UPDATE users SET name = 'not committed'")

        kagsync.ok("backup", str(place / "backup.db"))

        writer.rollback()
    assert {row[2] for row in tables(place / "backup.db")["users"]} == {"in the -wal"}


@POSIX
def test_nobody_else_can_read_it(synced: None, kagsync: Kagsync, place: Path) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600

    file.chmod(0o644)
    kagsync.ok("backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_earlier_backup_is_replaced(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path, tmp_path: Path
) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    before = tables(file)
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, 13)))

    kagsync.ok("backup", str(file))

    assert tables(file) == tables(settings.db) != before
    assert names(place) == ["backup.db"]


def test_whoever_has_the_earlier_one_open_goes_on_reading_it(
    synced: None, kagsync: Kagsync, place: Path, tmp_path: Path
) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows replaces no open file")
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    with contextlib.closing(sqlite3.connect(file)) as reader:
        before = reader.execute("SELECT max(score_text) FROM leaderboard").fetchone()
        kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, 13)))
        kagsync.ok("backup", str(file))
        assert reader.execute("SELECT max(score_text) FROM leaderboard").fetchone() == before


def test_an_empty_file_and_a_relative_path_will_do(
    synced: None, kagsync: Kagsync, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    (place / "made-by-mktemp").touch()

    kagsync.ok("backup", "made-by-mktemp")
    kagsync.ok("backup", "new.db")

    invariants.check(place / "made-by-mktemp")
    invariants.check(place / "new.db")


@pytest.mark.parametrize("name", ["with a space.db", "Größe 梯度.db", "-dash.db", ".hidden", "x" * 240])
def test_odd_names(name: str, synced: None, kagsync: Kagsync, place: Path) -> None:
    kagsync.ok("backup", str(place / name))

    assert names(place) == [name]
    invariants.check(place / name)


def test_quiet_says_nothing(synced: None, kagsync: Kagsync, place: Path) -> None:
    ran = kagsync("backup", "-q", str(place / "backup.db"))

    assert (ran.code, ran.out, ran.err) == (0, "", "")


# While others work


@POSIX
@pytest.mark.long
def test_backups_while_syncs_write_are_consistent(
    synced: None, settings: Settings, place: Path, tmp_path: Path
) -> None:
    boards = [str(board_file(tmp_path, hour)) for hour in (13, 14)]
    over = threading.Event()
    failed: list[object] = []
    generation = [0]

    def write() -> None:
        while not over.is_set():
            generation[0] += 1
            ran = run("sync", SLUG, "--from", boards[generation[0] % 2], "--force", "-q")
            if ran.code != 0:
                failed.append(ran)

    def scribble() -> None:
        """Commits of its own, as fast as it can, each of which keeps all names the same."""
        with contextlib.closing(sqlite3.connect(settings.db, timeout=30)) as writer:
            number = 0
            while not over.is_set():
                number += 1
                with writer:
                    writer.execute("UPDATE users SET name = ?", (f"generation {number}",))

    threads = [threading.Thread(target=work) for work in (write, scribble)]
    for thread in threads:
        thread.start()
    seen = set()
    try:
        number = 0
        while number < 20 or generation[0] < 6:
            number += 1
            file = place / f"{number}.db"
            ran = run("backup", str(file))
            assert ran.code == 0, ran
            invariants.check(file)
            assert ask_one(file, "SELECT count(DISTINCT name) FROM users") == 1
            assert ask_one(file, "SELECT count(DISTINCT score_text) FROM leaderboard") == 1
            seen.add(ask_one(file, "SELECT max(name) FROM users"))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert len(seen) > 10, "nobody wrote meanwhile"
    assert len(names(place)) == number
    invariants.check(settings.db)


def test_two_at_once(synced: None, settings: Settings, place: Path) -> None:
    file = place / "backup.db"
    both = [start("backup", str(file)) for _ in range(2)]
    for process in both:
        with process:
            _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    assert names(place) == ["backup.db"]
    assert tables(file) == tables(settings.db)


# What is refused


def test_the_database_itself(synced: None, kagsync: Kagsync, settings: Settings, place: Path) -> None:
    before = tables(settings.db)
    targets = [settings.db]
    if sys.platform != "win32":
        (place / "link.db").symlink_to(settings.db)
        os.link(settings.db, place / "hard.db")
        targets += [place / "link.db", place / "hard.db"]
    for file in targets:
        refused(kagsync("backup", str(file)), 2)
    assert tables(settings.db) == before


@pytest.mark.parametrize("part", ["wal", "shm", "journal"])
def test_the_files_beside_the_database(part: str, synced: None, kagsync: Kagsync, settings: Settings) -> None:
    before = tables(settings.db)
    file = settings.db.with_name(f"{settings.db.name}-{part}")

    refused(kagsync("backup", str(file)), 2)

    assert not file.exists() or not file.read_bytes().startswith(b"SQLite format 3")
    assert tables(settings.db) == before


def test_a_folder(synced: None, kagsync: Kagsync, place: Path) -> None:
    ran = kagsync("backup", str(place))

    refused(ran, 2)
    assert str(place / "kagsync-backup.db") in ran.err
    assert names(place) == []


@pytest.mark.parametrize("content", [b"Dear diary", b"\0" * 5000, b"SQLite format 3\0"])
def test_a_file_that_is_something_else(content: bytes, synced: None, kagsync: Kagsync, place: Path) -> None:
    file = place / "diary.txt"
    file.write_bytes(content)

    refused(kagsync("backup", str(file)), 2)

    assert file.read_bytes() == content
    assert names(place) == ["diary.txt"]


def test_another_programs_database(synced: None, kagsync: Kagsync, place: Path) -> None:
    file = place / "cookies.db"
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE cookies (host TEXT)")
    before = file.read_bytes()

    refused(kagsync("backup", str(file)), 2)

    assert file.read_bytes() == before


@POSIX
def test_a_device_or_a_pipe_is_not_replaced(synced: None, kagsync: Kagsync, place: Path) -> None:
    # /dev/null, for root
    os.mkfifo(place / "pipe")

    refused(kagsync("backup", str(place / "pipe")), 2)

    assert (place / "pipe").is_fifo()
    assert names(place) == ["pipe"]


def test_no_database_is_told(kagsync: Kagsync, place: Path) -> None:
    refused(kagsync("backup", str(place / "backup.db")), 2)
    assert names(place) == []


# What fails


def test_a_folder_that_is_not_there(synced: None, kagsync: Kagsync, place: Path) -> None:
    refused(kagsync("backup", str(place / "missing" / "backup.db")), 3)
    assert names(place) == []


def test_a_file_in_the_folders_place(synced: None, kagsync: Kagsync, place: Path) -> None:
    (place / "file").write_text("precious")

    refused(kagsync("backup", str(place / "file" / "backup.db")), 3)

    assert (place / "file").read_text() == "precious"


def test_a_folder_that_may_not_be_written(
    synced: None, kagsync: Kagsync, place: Path, rights_bind: None
) -> None:
    place.chmod(0o500)

    refused(kagsync("backup", str(place / "backup.db")), 3)

    assert names(place) == []
    place.chmod(0o700)


def test_a_disk_that_may_only_be_read(synced: None, kagsync: Kagsync, disk: Callable[[str], Path]) -> None:
    file = disk("size=4m") / "backup.db"
    kagsync.ok("backup", str(file))
    before = file.read_bytes()
    disk("ro")

    refused(kagsync("backup", str(file)), 3)

    assert file.read_bytes() == before


def test_a_disk_that_is_full(
    synced: None, kagsync: Kagsync, disk: Callable[[str], Path], settings: Settings
) -> None:
    before = tables(settings.db)
    for size in range(16, 144, 16):  # full at one place after the other
        place = disk(f"size={size}k")
        ran = kagsync("backup", str(place / "backup.db"))
        refused(ran, 5)
        assert "full" in ran.err
        assert names(place) == []
    assert tables(settings.db) == before
    kagsync.ok("backup", str(disk("size=4m") / "backup.db"))


def test_a_full_disk_keeps_the_earlier_backup(
    synced: None, kagsync: Kagsync, disk: Callable[[str], Path]
) -> None:
    place = disk("size=4m")
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    before = file.read_bytes()
    disk(f"size={len(before) // 1024 + 40}k")

    refused(kagsync("backup", str(file)), 5)

    assert file.read_bytes() == before
    assert names(place) == ["backup.db"]


def test_a_damaged_database_does_not_replace_a_good_backup(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path
) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    before = file.read_bytes()
    invariants.damage(settings.db)

    ran = kagsync("backup", str(file))

    refused(ran, 5)
    assert "damaged" in ran.err
    assert file.read_bytes() == before
    assert names(place) == ["backup.db"]


def test_a_single_damaged_index_is_found(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path
) -> None:
    with contextlib.closing(sqlite3.connect(settings.db)) as connection:
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND name LIKE '%users%'"
        ).fetchone()[0]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(settings.db.read_bytes())
    begin = (page - 1) * 4096
    content[begin + 3 : begin + 5] = (0).to_bytes(2)  # the page says that it has no entries
    settings.db.write_bytes(content)

    refused(kagsync("backup", str(place / "backup.db")), 5)

    assert names(place) == []


@pytest.mark.long
@POSIX
def test_killed_in_the_middle_it_leaves_the_old_or_the_new_one(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path
) -> None:
    with contextlib.closing(sqlite3.connect(settings.db)) as connection, connection:
        connection.execute("CREATE TABLE ballast (content BLOB)")  # some 40 MB: a copy takes a while
        connection.executemany("INSERT INTO ballast VALUES (zeroblob(?))", [(1_000_000,)] * 40)
    file = place / "backup.db"
    began = time.monotonic()
    with start("backup", str(file)) as process:
        assert process.wait(60) == 0
        process.communicate()
    whole = time.monotonic() - began
    old = ask_one(file, "SELECT max(name) FROM users")
    chance = random.Random(6)
    killed = 0
    for number in range(100):
        if killed > 3:
            break
        with contextlib.closing(sqlite3.connect(settings.db)) as connection, connection:
            connection.execute("UPDATE users SET name = ?", (f"{number:03}",))
        with start("backup", str(file)) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.2, 1) * whole)
            process.kill()
            process.communicate()
        killed += process.returncode != 0
        assert ask_one(file, "PRAGMA integrity_check") == "ok"
        now = ask_one(file, "SELECT max(name) FROM users")
        assert now in (old, f"{number:03}")
        assert ask_one(file, "SELECT count(*) FROM ballast") == 40
        old = now
    assert killed > 3
    kagsync.ok("backup", str(file))  # what a killed one left is in nobody's way
    assert ask_one(file, "SELECT max(name) FROM users") == ask_one(settings.db, "SELECT max(name) FROM users")


@POSIX
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_stopped_in_the_middle_it_leaves_nothing_half(
    name: str, synced: None, settings: Settings, place: Path
) -> None:
    import signal
    import time

    with contextlib.closing(sqlite3.connect(settings.db)) as connection, connection:
        connection.execute("CREATE TABLE ballast (content BLOB)")
        connection.executemany("INSERT INTO ballast VALUES (zeroblob(?))", [(1_000_000,)] * 40)
    with start("backup", str(place / "backup.db")) as process:
        while not names(place) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode in (0, 130, -getattr(signal, name))
    # On a machine so busy that SQLite copies for more than five seconds, the process ends at once.
    assert names(place) in ([], ["backup.db"]) or "Stopped in the middle of a wait" in err


# Restoring


def test_restoring_as_the_readme_says(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path, tmp_path: Path
) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    kept = tables(file)
    # What happened after the backup, of which a killed run left a part beside the database.
    with contextlib.closing(sqlite3.connect(settings.db)) as writer:
        writer.execute("UPDATE users SET name = 'later'")
        writer.commit()
        parts = {part: settings.db.with_name(f"{settings.db.name}-{part}") for part in ("wal", "shm")}
        left = {path: path.read_bytes() for path in parts.values()}
    invariants.damage(settings.db)
    for path, content in left.items():
        path.write_bytes(content)

    shutil.copyfile(file, settings.db)
    for path in parts.values():
        path.unlink()

    assert tables(settings.db) == kept
    assert ask_one(settings.db, "PRAGMA journal_mode") == "delete"
    kagsync.ok("show")
    assert ask_one(settings.db, "PRAGMA journal_mode") == "wal"
    kagsync.ok("sync", SLUG, "--from", str(board_file(tmp_path, 15)))
    invariants.check(settings.db)
    assert tables(file) == kept


@POSIX
def test_a_restored_database_that_may_only_be_read_can_be_looked_at(
    synced: None, kagsync: Kagsync, settings: Settings, disk: Callable[[str], Path]
) -> None:
    file = disk("size=8m") / "backup.db"
    kagsync.ok("backup", str(file))
    disk("ro")

    assert "20 of 20" in kagsync.ok("show", "--db", str(file))


def test_a_backup_of_a_backup(synced: None, kagsync: Kagsync, settings: Settings, place: Path) -> None:
    one, two = place / "one.db", place / "two.db"
    kagsync.ok("backup", str(one))

    kagsync.ok("backup", str(two), "--db", str(one))

    assert tables(two) == tables(settings.db)


def test_a_large_database(
    synced: None, kagsync: Kagsync, settings: Settings, place: Path, tmp_path: Path
) -> None:
    board = tmp_path / "large.zip"
    board.write_bytes(board_zip(SLUG, board_csv(many_teams(3000)), "2025-11-02T00:00:00"))
    kagsync.ok("users", "add", *(f"user{i}" for i in range(20, 1500)))
    kagsync.ok("sync", SLUG, "--from", str(board))

    kagsync.ok("backup", str(place / "backup.db"))

    assert tables(place / "backup.db") == tables(settings.db)
    invariants.check(place / "backup.db")


def test_what_a_killed_backup_left_goes_an_hour_later(synced: None, tmp_path: Path, kagsync: Kagsync) -> None:
    old, young = tmp_path / ".kagsync-backup.old.new", tmp_path / ".kagsync-backup.young.new"
    for left in (old, young):
        left.touch()
    os.utime(old, (time.time() - 3700,) * 2)

    kagsync.ok("backup", str(tmp_path / "copy.db"))

    assert (old.exists(), young.exists()) == (False, True)
