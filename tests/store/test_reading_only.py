"""Whoever may read the database may look: another user, on a read-only disk. The answer is whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world import invariants
from world.files import contents
from world.machine import PEOPLE, SLUG, TIMELESS, board_file
from world.running import Ran, process, told

from kagsync.errors import DatabaseError
from kagsync.store import Store, migrations, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from world.running import Kagsync

pytestmark = pytest.mark.long

if sys.platform == "win32":
    pytest.skip("needs POSIX rights and mounts", allow_module_level=True)


WITHOUT_A_HOME = ("HOME", "KAGSYNC_TEMP_DIR")
# All that only read; {} is a folder of the reader's own.
LOOKS = [
    ["show"],
    ["show", SLUG],
    ["show", SLUG, "--since", "last", "--format", "json"],
    ["show", "--user", PEOPLE[0]],
    ["news"],
    ["history", SLUG, PEOPLE[0]],
    ["missing", SLUG],
    ["standings"],
    ["standings", "season"],
    ["standings", "season", PEOPLE[0]],
    ["series", "list"],
    ["competitions", "list"],
    ["users", "list", "--format", "csv"],
    ["users", "export"],
    ["users", "export", "{}/roster.csv"],
    ["notify", "list"],
    ["report", "--output", "{}/report"],
    ["backup", "{}/backup.db"],
    ["status"],
    ["schedule", "status"],
]
UNHEALTHY = ("status", "schedule")  # nothing is synced from Kaggle or scheduled here: exit code 1


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others may look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def own() -> Iterator[Path]:
    """A folder in which everybody may write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture
def db(shared: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's database with a board, which others may read."""
    db = shared / "class" / "kagsync.db"
    monkeypatch.setenv("KAGSYNC_DB", str(db))
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--title", "Titánic")
    kagsync.ok("users", "add", *PEOPLE)
    kagsync.ok("sync", SLUG, "--from", str(board_file(shared, "2025-10-31T12:00:00")))
    kagsync.ok("series", "create", "season", SLUG)
    shutil.rmtree(db.with_name("kagsync.db-locks"))  # what a command of others would make again, it may not
    db.chmod(0o644)
    db.parent.chmod(0o755)
    return db


@pytest.fixture
def read_only_disk(db: Path) -> Iterator[Path]:
    """The same folder, mounted where nobody may write, not even root."""
    shared = db.parent
    for words in (["--bind", str(shared), str(shared)], ["-o", "remount,bind,ro", str(shared)]):
        mounted = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            pytest.skip(f"cannot mount: {mounted.stderr}")
    yield db
    subprocess.run(["umount", "-l", str(shared)], check=True)


def look(words: Sequence[str], own: Path, before: Sequence[str] = ()) -> Ran:
    """A command of somebody without a home, who can write in one folder of his own."""
    filled = [word.format(own) for word in words]
    return process(*filled, before=before, without=WITHOUT_A_HOME, cwd=own, environment={"TMPDIR": str(own)})


def answered(ran: Ran, words: Sequence[str]) -> None:
    assert ran.code == (1 if words[0] in UNHEALTHY else 0), ran
    assert ran.err == "", ran
    assert ran.out, ran


# Another user


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_another_user_may_look_and_leaves_nothing(
    words: list[str], db: Path, nobody: list[str], own: Path
) -> None:
    before = contents(db.parent)
    answered(look(words, own, nobody), words)
    assert contents(db.parent) == before
    if words[0] == "backup":
        invariants.check(own / "backup.db")


def test_another_user_sees_what_the_owner_sees(
    db: Path, nobody: list[str], own: Path, kagsync: Kagsync
) -> None:
    assert look(TIMELESS, own, nobody) == Ran(0, kagsync.ok(*TIMELESS), "")


def test_a_folder_in_which_the_other_user_may_write_gets_no_files_of_his(
    db: Path, nobody: list[str], own: Path
) -> None:
    # SQLite would make a -wal that the owner could not write: the owner's next sync would fail.
    db.parent.chmod(0o777)
    for words in (["show", SLUG], ["users", "add", "x"], ["sync", SLUG, "--from", "x.zip"]):
        ran = look(words, own, nobody)
        assert words[0] == "show" or "may not be written" in ran.err, ran
        assert ran.code == (0 if words[0] == "show" else 5)
        assert list(contents(db.parent)) == ["kagsync.db"]


def test_a_file_that_may_be_written_in_a_folder_that_may_not(
    db: Path, nobody: list[str], own: Path, kagsync: Kagsync
) -> None:
    db.chmod(0o666)
    assert look(TIMELESS, own, nobody) == Ran(0, kagsync.ok(*TIMELESS), "")
    told(look(["users", "add", "x"], own, nobody), 5, str(db), "rights")
    assert list(contents(db.parent)) == ["kagsync.db"]


@pytest.mark.long
def test_what_another_user_may_not_do_is_refused(db: Path, nobody: list[str], own: Path) -> None:
    before = contents(db.parent)
    for words in (
        ["users", "add", "x"],
        ["competitions", "pause", SLUG],
        ["users", "remove", PEOPLE[0], "--yes"],
        ["process", SLUG, str(board_file(own, "2025-10-31T13:00:00"))],
    ):
        told(look(words, own, nobody), 5, "may not be written", "rights")
    assert contents(db.parent) == before


def test_a_notebook_of_another_user(db: Path, nobody: list[str], own: Path) -> None:
    done = subprocess.run(
        [
            *nobody,
            sys.executable,
            "-c",
            f"import kagsync; print(len(kagsync.history({str(db)!r}, {SLUG!r})))",
        ],
        env={name: value for name, value in os.environ.items() if name not in WITHOUT_A_HOME},
        cwd=own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(PEOPLE)}\n", "")


def test_a_log_file_that_may_not_be_written_stops_no_look(db: Path, nobody: list[str], own: Path) -> None:
    ran = process(
        *("users", "list"),
        before=nobody,
        without=WITHOUT_A_HOME,
        cwd=own,
        environment={"KAGSYNC_LOG_FILE": str(db.parent / "kagsync.log")},
    )
    assert ran.code == 0
    assert PEOPLE[0] in ran.out
    (line,) = ran.err.splitlines()
    assert line.startswith(f"WARNING kagsync: cannot write the log file {db.parent}")


def test_an_older_database_has_to_be_updated_by_its_owner(
    db: Path, nobody: list[str], own: Path, kagsync: Kagsync
) -> None:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.LATEST - 1}")
    before = contents(db.parent)
    told(look(["show", SLUG], own, nobody), 5, f"schema {migrations.LATEST - 1}", "as its owner")
    assert contents(db.parent) == before


@pytest.mark.long
def test_a_newer_or_anothers_database_is_told_to_another_user_too(
    db: Path, nobody: list[str], own: Path
) -> None:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA user_version = 999")
    told(look(["show", SLUG], own, nobody), 5, "newer kagsync", "Update kagsync")
    for content, words in ((b"dear diary" * 1000, "not a SQLite database"), (b"", "schema 0")):
        db.write_bytes(content)
        told(look(["show", SLUG], own, nobody), 5, words)


# What a writer left, or is doing


@contextlib.contextmanager
def writer(db: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection


@pytest.mark.parametrize("mode", [0o755, 0o777], ids=["folder closed", "folder open"])
def test_what_is_only_in_the_wal_is_seen(mode: int, db: Path, nobody: list[str], own: Path) -> None:
    db.parent.chmod(mode)
    with writer(db) as connection:
        connection.execute("UPDATE users SET name = 'in the wal' WHERE username = ?", (PEOPLE[0],))
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE users SET name = 'not committed'")
        before = contents(db.parent)
        ran = look(["users", "list", "--format", "csv"], own, nobody)
        assert ran.code == 0, ran
        assert "in the wal" in ran.out
        assert "not committed" not in ran.out
        assert list(contents(db.parent)) == list(before)
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("left", [("wal", "shm"), ("wal",)], ids=" and ".join)
def test_what_a_killed_writer_left_is_seen(
    left: tuple[str, ...], db: Path, nobody: list[str], own: Path
) -> None:
    with writer(db) as connection:
        connection.execute("UPDATE users SET name = 'in the wal'")
        kept = {part: db.with_name(f"kagsync.db-{part}").read_bytes() for part in left}
        whole = db.read_bytes()
    db.write_bytes(whole)
    for part, content in kept.items():
        db.with_name(f"kagsync.db-{part}").write_bytes(content)
    before = contents(db.parent)
    ran = look(["users", "list", "--format", "csv"], own, nobody)
    assert ran.code == 0, ran
    assert ran.out.count("in the wal") == len(PEOPLE)
    assert contents(db.parent) == before


def test_a_restored_backup_with_a_journal_that_a_killed_writer_left(
    db: Path, nobody: list[str], own: Path
) -> None:
    with contextlib.closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        before = db.read_bytes()
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE users SET name = 'half'")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("UPDATE leaderboard_entries SET kaggle_team_name = hex(randomblob(5000))")
        killed, journal = db.read_bytes(), db.with_name("kagsync.db-journal").read_bytes()
        connection.execute("ROLLBACK")
    assert killed != before
    db.write_bytes(killed)
    db.with_name("kagsync.db-journal").write_bytes(journal)
    ran = look(["users", "list", "--format", "csv"], own, nobody)
    assert ran.code == 0, ran
    assert "half" not in ran.out
    assert db.read_bytes() == killed


@pytest.mark.long
@pytest.mark.parametrize("mode", [0o755, 0o777], ids=["folder closed", "folder open"])
def test_while_somebody_writes_every_answer_is_whole(
    mode: int, db: Path, nobody: list[str], own: Path
) -> None:
    db.parent.chmod(mode)
    over = threading.Event()

    def write() -> None:
        generation = 0
        while not over.is_set():
            generation += 1
            with contextlib.closing(sqlite3.connect(db, isolation_level=None, timeout=30)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE users SET name = ?", (f"generation {generation}",))
                connection.execute("COMMIT")
                if generation % 3 == 0:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                time.sleep(0.03)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            ran = look(["users", "list", "--format", "csv"], own, nobody)
            assert ran.code == 0, ran
            names = {line.split(",")[1] for line in ran.out.splitlines()[1:]}
            assert len(names) == 1, names
    finally:
        over.set()
        thread.join()
    assert list(contents(db.parent)) == ["kagsync.db"]
    invariants.check(db)


def test_a_look_is_of_one_moment_though_a_sync_commits_meanwhile(db: Path, shared: Path) -> None:
    with Store.open_to_read(db, shared / "locks") as store:
        before = store.users.all()
        with writer(db) as connection:
            connection.execute("DELETE FROM users WHERE username = ?", (PEOPLE[0],))
        assert store.users.all() == before
    with Store.open_to_read(db, shared / "locks") as store:
        assert len(store.users.all()) == len(before) - 1


def test_a_copy_of_what_is_written_to_all_the_time_is_refused(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_state", lambda path: os.urandom(8))
    with pytest.raises(DatabaseError, match="written to all the time") as refused:
        snapshot.in_memory(db, 0.05)
    assert refused.value.remedy


def test_a_database_that_another_program_has_for_itself_is_refused(
    db: Path, nobody: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3, sys\n"
            "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "connection.executescript('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;')\n"
            "print(flush=True)\n"
            "sys.stdin.read()",
            str(db),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(DatabaseError, match="locked by another program"):
            snapshot.in_memory(db, 0.05)
    finally:
        holder.communicate()
    snapshot.in_memory(db, 0.05).close()


# A disk on which nobody may write


@pytest.mark.parametrize("words", LOOKS[::4], ids=" ".join)
def test_on_a_read_only_disk_one_may_look(words: list[str], read_only_disk: Path, own: Path) -> None:
    before = contents(read_only_disk.parent)
    answered(look(words, own), words)
    assert contents(read_only_disk.parent) == before


def test_on_a_read_only_disk_with_what_a_killed_writer_left(
    db: Path, request: pytest.FixtureRequest, own: Path
) -> None:
    with writer(db) as connection:
        connection.execute("UPDATE users SET name = 'in the wal'")
        kept = contents(db.parent)
    for name, content in kept.items():
        db.with_name(name).write_bytes(content)
    request.getfixturevalue("read_only_disk")
    ran = look(["users", "list", "--format", "csv"], own)
    assert ran.code == 0, ran
    assert ran.out.count("in the wal") == len(PEOPLE)


def test_on_a_read_only_disk_nothing_can_be_changed(read_only_disk: Path, own: Path) -> None:
    told(look(["users", "add", "x"], own), 5, "may not be written", "Its disk is read-only")


def test_without_any_folder_to_write_in_one_may_look(
    read_only_disk: Path, nobody: list[str], own: Path, kagsync: Kagsync
) -> None:
    own.chmod(0o555)
    shown = process(
        *("users", "list"),
        before=nobody,
        without=WITHOUT_A_HOME,
        cwd=Path("/"),
        environment={name: str(own) for name in ("TMPDIR", "HOME", "KAGSYNC_TEMP_DIR")},
    )
    assert shown == Ran(0, kagsync.ok("users", "list"), "")
