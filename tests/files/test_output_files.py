"""Files at paths that people name: whatever writes there, nothing precious is lost and nothing hangs."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world import invariants
from world.files import names
from world.running import run

from kagsync.errors import UsageError
from kagsync.files import output_file
from kagsync.store import Store, backup, replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

if sys.platform == "win32":
    pytest.skip("needs links, pipes and devices", allow_module_level=True)

SLUG = "titanic"


def refused(ran: Ran, code: int, path: Path, *words: str) -> None:
    """One line that names the file, and what to do."""
    assert ran.code == code, ran
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert line.startswith("ERROR kagsync: ")
    for word in (str(path), *words):
        assert word in line, line
    assert "Choose another" in line


# Backups over databases


@contextlib.contextmanager
def in_use(file: Path, *, mode: str = "WAL") -> Iterator[sqlite3.Connection]:
    """A connection that has committed something that no checkpoint has moved yet."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("UPDATE users SET name = 'of the other class'")
        yield connection


def another(kagsync: Kagsync, file: Path) -> Path:
    """The working database of another class."""
    kagsync.ok("users", "add", "carol", "--db", str(file))
    return file


def said_by(file: Path) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT username, name FROM users").fetchall()


def test_a_backup_over_a_database_that_is_open(board: Path, kagsync: Kagsync, place: Path) -> None:
    other = another(kagsync, place / "other.db")
    with in_use(other):
        refused(kagsync("backup", str(other)), 2, other, "other.db-wal is beside it")
    assert said_by(other) == [("carol", "of the other class")]


def test_a_backup_over_a_database_that_nobody_uses_at_the_moment(
    board: Path, kagsync: Kagsync, place: Path
) -> None:
    other = another(kagsync, place / "other.db")
    assert names(place) == ["other.db", "other.db-locks"]

    refused(kagsync("backup", str(other)), 2, other, "other.db-locks is beside it")

    assert [name for name, _ in said_by(other)] == ["carol"]


@pytest.mark.parametrize("part", output_file.PARTS)
@pytest.mark.parametrize("there", [True, False])
def test_a_log_that_would_be_applied_to_the_backup(
    part: str, there: bool, board: Path, kagsync: Kagsync, place: Path
) -> None:
    file = place / "backup.db"
    if there:
        kagsync.ok("backup", str(file))
    (place / f"backup.db{part}").write_bytes(b"left")

    refused(kagsync("backup", str(file)), 2, file, f"backup.db{part} is beside it")

    assert file.exists() == there


def test_a_backup_over_a_link_to_a_database_in_use(board: Path, kagsync: Kagsync, place: Path) -> None:
    other = another(kagsync, place / "other.db")
    link = place / "link.db"
    link.symlink_to(other)
    with in_use(other):
        refused(kagsync("backup", str(link)), 2, link, "other.db-wal is beside it")
    assert link.is_symlink()


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_backup_over_a_hard_link_to_a_database_in_use(
    mode: str, board: Path, kagsync: Kagsync, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "_PATIENCE", 0.1)
    other = another(kagsync, place / "other.db")
    link = place / "link.db"
    with in_use(other, mode=mode) as connection:
        os.link(other, link)  # nothing is beside this name: its locks tell
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM users").fetchall()
        refused(kagsync("backup", str(link)), 2, link, "in use by another program")
    assert link.samefile(other)


def test_a_database_that_is_opened_while_the_backup_is_made(
    board: Path, kagsync: Kagsync, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    copy = backup._copy
    with contextlib.ExitStack() as later:

        def slow(store: Store, *arguments: Path) -> None:
            copy(store, *arguments)
            later.enter_context(in_use(file))

        monkeypatch.setattr(backup, "_copy", slow)
        refused(kagsync("backup", str(file)), 2, file, "backup.db-wal is beside it")
    assert said_by(file) == [("alice", "of the other class"), ("bob", "of the other class")]
    assert names(place) == ["backup.db"]


@pytest.mark.long
def test_whoever_uses_the_file_at_the_same_moment_never_meets_a_damaged_one(
    board: Path, kagsync: Kagsync, place: Path
) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    script = (
        "import random, sqlite3, sys, time\n"
        "while True:\n"
        "    connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n"
        "    try:\n"
        "        connection.execute('PRAGMA journal_mode = WAL')\n"
        "        connection.execute('UPDATE users SET name = ?', (str(time.time()),))\n"
        "    except sqlite3.OperationalError as error:\n"
        "        if 'readonly' not in str(error): raise  # SQLite notices that the file was replaced\n"
        "    connection.close()\n"
        "    print(flush=True)\n"
        "    time.sleep(random.random() / 20)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(file)], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        codes: set[int] = set()
        tries = 0
        while tries < 60 or (0 not in codes and tries < 1000):  # the file may often be in use
            worker.stdout.readline()
            codes.add(kagsync("backup", str(file)).code)
            tries += 1
        assert worker.poll() is None  # nothing failed on that side
        worker.terminate()
        worker.communicate()
    assert 0 in codes and codes <= {0, 2}
    invariants.check(file)


def test_a_backup_that_somebody_looked_into_is_replaced(board: Path, kagsync: Kagsync, place: Path) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    kagsync.ok("show", "--db", str(file))
    assert file.read_bytes()[18:20] == b"\2\2"  # looking has put it into WAL mode
    kagsync.ok("users", "add", "carol")

    kagsync.ok("backup", str(file))

    assert names(place) == ["backup.db"]
    assert [name for name, _ in said_by(file)] == ["alice", "bob", "carol"]


def test_a_damaged_or_write_protected_backup_is_replaced(board: Path, kagsync: Kagsync, place: Path) -> None:
    file = place / "backup.db"
    kagsync.ok("backup", str(file))
    file.write_bytes(file.read_bytes()[:5000])
    file.chmod(0o400)

    kagsync.ok("backup", str(file))

    invariants.check(file)


def test_a_backup_to_a_link_replaces_what_it_leads_to(board: Path, kagsync: Kagsync, place: Path) -> None:
    (place / "disk").mkdir()
    link = place / "backup.db"
    link.symlink_to("disk/real.db")
    (place / "disk" / "real.db").touch()
    for name in ("carol", "dave"):  # over an empty file, then over an earlier backup
        kagsync.ok("users", "add", name)
        kagsync.ok("backup", str(link))
        assert link.is_symlink()
        assert said_by(place / "disk" / "real.db")[-1][0] == name
    assert (names(place), names(place / "disk")) == (["backup.db", "disk"], ["real.db"])


@pytest.mark.parametrize("command", ["backup", "add"])
@pytest.mark.parametrize("folder", [True, False])
def test_a_link_to_what_is_not_there(
    folder: bool, command: str, board: Path, kagsync: Kagsync, place: Path
) -> None:
    if folder:
        (place / "volume").mkdir()
    link = place / "link.db"
    link.symlink_to("volume/x.db")
    before = sorted(place.rglob("*"))

    for arguments in (_writing(command, link, board), ["show", "--db", str(link)]):
        ran = kagsync(*arguments)

        assert (ran.code, ran.out) == (2 if arguments[0] == "backup" else 5, ""), ran
        assert (
            f"{link} is a link to {place / 'volume' / 'x.db'}, which is not there. Mount the disk" in ran.err
        )
        assert len(ran.err.splitlines()) == 1
    assert sorted(place.rglob("*")) == before


def test_what_an_empty_log_left_can_be_deleted(board: Path, kagsync: Kagsync, place: Path) -> None:
    file = place / "backup.db"
    wal, shm = place / "backup.db-wal", place / "backup.db-shm"
    wal.touch()
    shm.write_bytes(b"index")

    advice = f"if no program has it open, delete {wal} and {shm}"
    refused(kagsync("backup", str(file)), 2, file, "backup.db-wal is beside it", advice)

    wal.write_bytes(b"a change")  # perhaps the only place that has it
    assert "delete" not in kagsync("backup", str(file)).err
    wal.unlink()
    shm.unlink()
    kagsync.ok("backup", str(file))


# /dev and /proc. As root, a mistake could replace a name of the whole machine. So the command runs only on a
# link in the test's own folder, and that leads to /proc, where nothing can be replaced.


def test_what_leads_to_dev_or_proc_is_refused(place: Path) -> None:
    streams, numbers = place / "out.db", place / "numbers"
    streams.symlink_to("/dev/stdout")
    numbers.symlink_to("/dev/fd")
    (place / "twice.db").symlink_to("out.db")
    (place / "file.db").touch()
    (place / "link.db").symlink_to("file.db")
    (place / "loop.db").symlink_to("loop.db")
    for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/none", streams, place / "twice.db"):
        assert output_file.is_in_dev_or_proc(Path(path)), path
    assert output_file.is_in_dev_or_proc(numbers / "1")
    for path in (place / "file.db", place / "link.db", place / "loop.db", "/dev/shm/x.db", "/devices/x.db"):
        assert not output_file.is_in_dev_or_proc(Path(path)), path
    for path in ("/dev/none", "/proc/none"):
        with pytest.raises(UsageError, match="in /dev or /proc"):
            output_file.examine(Path(path))


def test_a_backup_to_a_link_to_the_standard_output(
    board: Path, settings: Settings, place: Path, tmp_path: Path
) -> None:
    link = place / "out.db"
    with (tmp_path / "file").open("wb") as file:  # as after `> file`
        link.symlink_to(f"/proc/{os.getpid()}/fd/{file.fileno()}")
        assert link.stat().st_size == 0
        ran = run("backup", str(link))
    refused(ran, 2, link, "in /dev or /proc, or leads there")
    assert (names(place), (tmp_path / "file").read_bytes()) == (["out.db"], b"")


# What is not a file, or a part of the database


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "socket"])
@pytest.mark.parametrize("command", ["backup", "log", "export", "demo", "add"])
def test_what_is_not_a_file(kind: str, command: str, board: Path, kagsync: Kagsync, place: Path) -> None:
    import socket

    path = place / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/null")
    else:
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
            listener.bind(str(path)) if len(str(path)) < 100 else pytest.skip("the path is too long")
    before = path.lstat()

    ran = kagsync(*_writing(command, path, board))

    if (command, kind) == ("log", "device"):
        assert (ran.code, ran.err) == (0, "")  # a log that nobody wants
        return
    assert ran.code == {"log": 3, "add": 5}.get(command, 2), ran
    assert str(path if command != "add" else path.resolve()) in ran.err
    assert path.lstat().st_ino == before.st_ino
    assert names(place) == [kind]


def _writing(command: str, path: Path, board: Path) -> list[str]:
    return {
        "backup": ["backup", str(path)],
        "log": ["sync", SLUG, "--from", str(board), "-q", "--log-file", str(path)],
        "export": ["users", "export", str(path)],
        "demo": ["demo", "-q", "--db", str(path)],
        "add": ["users", "add", "carol", "--db", str(path)],
    }[command]


@pytest.mark.parametrize("name", ["-wal", "-shm", "-journal", "-WAL", "-locks/titanic.lock", "-locks/new"])
@pytest.mark.parametrize("command", ["backup", "log", "export", "demo", "add"])
def test_a_part_of_a_database(
    name: str, command: str, board: Path, kagsync: Kagsync, settings: Settings, place: Path
) -> None:
    """Of the one in use, and of another one."""
    shutil.copy(settings.db, place / "other.db")
    (place / "other.db-locks").mkdir()
    for db in (settings.db, place / "other.db"):
        path = Path(f"{db}{name}")
        if path.exists() and command in ("export", "demo", "add"):
            continue  # that it exists is reason enough
        before = sorted(db.parent.rglob("*"))
        refused(kagsync(*_writing(command, path, board)), 3 if command == "log" else 2, path, "part of")
        assert sorted(db.parent.rglob("*")) == before


def test_a_log_file_that_is_a_database(
    board: Path, kagsync: Kagsync, settings: Settings, place: Path
) -> None:
    large = place / "large.db"
    with contextlib.closing(sqlite3.connect(large)) as connection, connection:
        connection.execute("CREATE TABLE bookmarks (url)")
        connection.execute("INSERT INTO bookmarks VALUES (zeroblob(1500000))")
    (place / "link").symlink_to(settings.db)
    os.link(settings.db, place / "hard")
    for path in (large, settings.db, place / "link", place / "hard"):
        before = path.read_bytes()
        refused(kagsync(*_writing("log", path, board)), 3, path, "database")
        assert path.read_bytes() == before
    assert names(place) == ["hard", "large.db", "link"]


def test_a_command_that_reads_goes_on_without_a_log_that_is_refused(
    board: Path, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_LOG_FILE", str(settings.db))
    ran = kagsync("show")
    assert ran.code == 0
    assert len(ran.err.splitlines()) == 1 and "this command goes on without it" in ran.err


# Exports


def test_an_export_is_whole_or_not_there(
    board: Path, kagsync: Kagsync, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert kagsync("users", "export", str(place / "roster.csv")).code == 5
    assert names(place) == []
    kagsync.ok("users", "export", str(place / "roster.csv"))
    assert names(place) == ["roster.csv"]


def test_an_export_where_there_are_no_hard_links(
    board: Path, kagsync: Kagsync, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # what FAT says

    monkeypatch.setattr(os, "link", none)
    kagsync.ok("users", "export", str(place / "roster.csv"))
    listed = (place / "roster.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in listed] == ["username", "alice", "bob"]
    assert kagsync("users", "export", str(place / "roster.csv")).code == 2


def test_a_file_that_appears_during_an_export_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def meanwhile(descriptor: int) -> None:
        (place / "roster.csv").write_text("mine")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(UsageError, match="already exists"):
        output_file.write_new(place / "roster.csv", "theirs", None)
    assert (place / "roster.csv").read_text() == "mine"
    assert names(place) == ["roster.csv"]


# Pages


REPORT = [
    *("competition-titanic.html", "embed-titanic.html", "index.html"),
    *("feed.xml", "deadlines.ics", "standings.json"),
]


def _page(place: Path) -> Path:
    return place / "competition-titanic.html"


@pytest.mark.parametrize("name", REPORT)
@pytest.mark.parametrize("kind", ["file", "pipe", "link", "lost link", "link to the database", "folder"])
def test_a_page_that_is_not_kagsyncs(
    name: str, kind: str, board: Path, kagsync: Kagsync, place: Path, settings: Settings
) -> None:
    path = place / name
    if kind == "file":
        path.write_text("<h1>Mine</h1>")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"link": board, "lost link": place / "none"}.get(kind, settings.db))
    before = path.lstat()

    refused(kagsync("report", "--output", str(place)), 2, path, "was not written by kagsync")

    after = path.lstat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert names(place) == [name]


@pytest.mark.parametrize("content", [b"", bytes(5000)])
@pytest.mark.parametrize("name", REPORT)
def test_a_page_that_a_power_cut_emptied_is_written_again(
    name: str, content: bytes, board: Path, kagsync: Kagsync, place: Path
) -> None:
    sync = ["sync", SLUG, "--from", str(board), "--force", "-q", "--report", str(place)]
    kagsync.ok(*sync)
    (place / name).write_bytes(content)

    kagsync.ok(*sync)

    text = (place / name).read_text()
    assert "kagsync" in text
    assert "titanic" in text or name in ("feed.xml", "deadlines.ics")  # nothing moved, and nothing ends


def test_a_page_that_begins_with_nuls_and_holds_something_stays(
    board: Path, kagsync: Kagsync, place: Path
) -> None:
    _page(place).write_bytes(bytes(5000) + b"mine")
    refused(kagsync("report", "--output", str(place)), 2, _page(place), "was not written by kagsync")


def test_a_page_is_on_the_disk_before_it_has_its_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place / "page.html"
    fsync, written = os.fsync, []

    def noted(descriptor: int) -> None:
        written.append((os.fstat(descriptor).st_size, path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    output_file.write_over(path, "<h1>Page</h1>", place)
    assert written == [(13, False)]
    assert path.read_text() == "<h1>Page</h1>"


def test_a_foreign_page_fails_the_report_of_a_sync_and_not_the_sync(
    board: Path, kagsync: Kagsync, place: Path
) -> None:
    _page(place).write_text("<h1>Mine</h1>")
    ran = kagsync("sync", SLUG, "--from", str(board), "--force", "-q", "--report", str(place))
    assert ran.code == 1
    assert "ERROR kagsync: The report was not updated: " in ran.err and str(_page(place)) in ran.err
    assert _page(place).read_text() == "<h1>Mine</h1>"


def test_a_page_that_somebody_puts_there_during_a_report_stays(
    board: Path, kagsync: Kagsync, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kagsync.report import pages

    competition = pages.competition

    def meanwhile(*arguments: object) -> str:
        _page(place).write_text("<h1>Mine</h1>")
        return competition(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "competition", meanwhile)
    refused(kagsync("report", "--output", str(place)), 2, _page(place))
    assert names(place) == [_page(place).name, "embed-titanic.html"]


def test_streams_still_take_a_log(board: Path, kagsync: Kagsync) -> None:
    for stream in ("/dev/null", "/dev/stderr", "/proc/self/fd/2"):
        words = (*_writing("log", Path(stream), board), "--force")
        ran = kagsync(*words) if stream == "/dev/null" else run(*words)
        assert ran.code == 0, ran
        assert ("INFO kagsync: Synced 2 entries" in ran.err) == (stream != "/dev/null")
