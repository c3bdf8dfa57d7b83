"""The log file: rotated by one process at a time, and whatever fails is one warning that stops nothing."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv
from world.files import names
from world.running import run

from kagsync import log
from kagsync.files import log_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world.running import Kagsync, Ran

if sys.platform == "win32":
    pytest.skip("needs mounts, rights and links", allow_module_level=True)

SLUG = "titanic"
LINE = "2026-01-31T12:00:00Z INFO kagsync: before\n"
FULL = LINE * (log_file.BYTES // len(LINE))  # the next line begins a new file


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Leaves no log file open."""
    yield
    log.configure()


def warnings(capsys: pytest.CaptureFixture[str]) -> list[str]:
    err = capsys.readouterr().err
    assert "Traceback" not in err
    return [line for line in err.splitlines() if not line.startswith("INFO")]


def say(count: int, begin: int = 0) -> None:
    for number in range(begin, begin + count):
        log.logger.info("line %d", number)


def written(*files: Path) -> list[int]:
    return [int(number) for file in files for number in re.findall(r": line (\d+)\n", file.read_text())]


# What a sync does whose log fails


@pytest.fixture
def sync(kagsync: Kagsync, tmp_path: Path) -> Callable[[Path], Ran]:
    """Syncs with a log file; what is not about the log is silent."""
    board = tmp_path / "titanic-publicleaderboard-2025-10-31T12:00:00.csv"
    board.write_bytes(board_csv([Team(1, "a", ("alice",))]))
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "alice")

    def run(path: Path) -> Ran:
        return kagsync("sync", SLUG, "--from", str(board), "--force", "-q", "--log-file", str(path))

    return run


def one_warning(ran: Ran, path: Path, *words: str) -> None:
    assert (ran.code, ran.out) == (0, ""), ran
    (line,) = ran.err.splitlines()
    assert line.startswith("WARNING kagsync: ")
    for word in (str(path), "The run goes on", *words):
        assert word in line, line


def test_a_healthy_log_is_silent(sync: Callable[[Path], Ran], place: Path) -> None:
    path = place / "kagsync.log"
    path.write_text(FULL)
    ran = sync(path)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert names(place) == ["kagsync.log", "kagsync.log.1"]
    assert (place / "kagsync.log.1").read_text() == FULL
    assert "Synced 1 entries" in path.read_text()


def test_a_disk_that_is_full(sync: Callable[[Path], Ran], disk: Callable[[str], Path]) -> None:
    path = disk("size=16k") / "kagsync.log"
    path.write_text(LINE)
    with (path.parent / "filler").open("wb", buffering=0) as filler:
        filler.write(bytes(12 * 1024))
    path.write_text(LINE + "x" * (4096 - len(LINE)))  # the file's last block is full
    one_warning(sync(path), path, "write", "No space left")
    new = path.with_name("new.log")
    one_warning(sync(new), new, "No space left")


def test_a_disk_that_has_no_room_for_a_new_log(
    sync: Callable[[Path], Ran], disk: Callable[[str], Path]
) -> None:
    path = disk("size=1m,nr_inodes=2") / "kagsync.log"  # the folder and one file
    path.with_name("other").touch()
    one_warning(sync(path), path, "the disk is full")
    assert names(path.parent) == ["other"]


def test_a_disk_that_is_full_when_the_log_is_rotated(
    sync: Callable[[Path], Ran], disk: Callable[[str], Path]
) -> None:
    path = disk("size=8m,nr_inodes=3") / "kagsync.log"  # the folder and two files
    path.write_text(FULL)
    path.with_name("other").touch()
    one_warning(sync(path), path, "rotate", "No space left")
    rotated = path.with_name("kagsync.log.1")
    assert "Synced 1 entries" in rotated.read_text()  # it went on in the file that is open


def test_a_disk_that_may_only_be_read(sync: Callable[[Path], Ran], disk: Callable[[str], Path]) -> None:
    path = disk("size=1m") / "kagsync.log"
    path.write_text(LINE)
    disk("ro")
    one_warning(sync(path), path, "Read-only file system")
    assert path.read_text() == LINE


def test_a_folder_that_may_not_be_written_when_the_log_is_rotated(
    sync: Callable[[Path], Ran], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = place / "kagsync.log"
    path.write_text(FULL)
    monkeypatch.setattr(Path, "replace", refuse)
    one_warning(sync(path), path, "rotate", "Permission denied")
    assert names(place) == ["kagsync.log"]
    assert "Synced 1 entries" in path.read_text()


def test_a_file_of_somebody_elses_is_not_rotated_away(sync: Callable[[Path], Ran], place: Path) -> None:
    path = place / "kagsync.log"
    path.write_text(FULL)
    (place / "kagsync.log.2").write_text("Dear diary\n")
    one_warning(sync(path), path, "kagsync.log.2", "not a log of kagsync's")
    assert names(place) == ["kagsync.log", "kagsync.log.2"]
    assert "Synced 1 entries" in path.read_text()


def test_a_text_file_of_somebody_elses_is_appended_to_and_never_rotated(
    sync: Callable[[Path], Ran], place: Path
) -> None:
    path = place / "all.log"
    path.write_text("Dear diary\n" * 100_000)
    assert sync(path).err == ""
    assert names(place) == ["all.log"]
    assert path.read_text().startswith("Dear diary\n" * 100_000 + "2")


def test_a_linked_log_is_rotated_where_it_is(
    sync: Callable[[Path], Ran], place: Path, tmp_path: Path
) -> None:
    (place / "real.log").write_text(FULL)
    link = tmp_path / "link.log"
    link.symlink_to(place / "real.log")
    assert sync(link).err == ""
    assert names(place) == ["real.log", "real.log.1"]
    assert link.is_symlink() and "Synced" in link.read_text()


# What is a log


UNSTAMPED = "ERROR kagsync: the database is locked\n"
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError\n'


@pytest.mark.parametrize("first", [UNSTAMPED, TRACEBACK, "\0" * 3000, "\0" * 10_000, TRACEBACK + UNSTAMPED])
def test_a_log_that_begins_otherwise_is_rotated(first: str, sync: Callable[[Path], Ran], place: Path) -> None:
    path = place / "kagsync.log"
    path.write_text(first + FULL)
    (place / "kagsync.log.1").write_text(first + LINE)
    assert sync(path).err == ""
    assert names(place) == ["kagsync.log", "kagsync.log.1", "kagsync.log.2"]
    assert (place / "kagsync.log.1").read_text() == first + FULL


@pytest.mark.parametrize(
    "content",
    [LINE.encode() + bytes(500), bytes(500), bytes(500) + LINE.encode(), b"Dear diary\n" + bytes(9)],
)
def test_what_a_power_cut_left_in_a_log_stops_no_sync(
    content: bytes, sync: Callable[[Path], Ran], place: Path
) -> None:
    path = place / "kagsync.log"
    path.write_bytes(content)
    ran = sync(path)
    assert (ran.code, ran.err) == (0, "")
    assert path.read_bytes().startswith(content) and b"Synced 1 entries" in path.read_bytes()


@pytest.mark.parametrize("kind", ["zip", "tar", "gzip", "picture", "utf-16", "program"])
def test_a_file_that_is_no_text_is_refused(kind: str, sync: Callable[[Path], Ran], place: Path) -> None:
    path, old = place / "file", place / "old.log"
    if kind in ("zip", "tar"):  # each with a whole log in its first bytes
        old.write_text(LINE)
        pack = zipfile.ZipFile if kind == "zip" else tarfile.open
        with pack(path, "w") as archive:
            (archive.write if isinstance(archive, zipfile.ZipFile) else archive.add)(old)
        old.unlink()
    else:
        path.write_bytes(
            {
                "gzip": gzip.compress(LINE.encode()),
                "picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
                "utf-16": LINE.encode("utf-16"),
                "program": b"\x7fELF\2\1\1" + bytes(9),
            }[kind]
        )
    before = path.read_bytes()
    ran = sync(path)
    assert ran.code == 3 and f"{path} is not a text file" in ran.err
    assert path.read_bytes() == before and names(place) == ["file"]


# Streams


@pytest.mark.parametrize("through", ["pipe", "link"])
def test_a_pipe_with_a_reader_takes_the_log(through: str, sync: Callable[[Path], Ran], place: Path) -> None:
    pipe = path = place / "pipe"
    os.mkfifo(pipe)
    if through == "link":
        path = place / "app.log"
        path.symlink_to(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        with pipe.open("wb", buffering=0):  # waits for the reader
            ran = sync(path)
            log.configure()
        said, _ = reader.communicate(timeout=60)
    assert (ran.code, ran.err) == (0, "")
    assert "INFO kagsync: Synced 1 entries" in said


def test_a_pipe_that_nobody_reads_is_refused_at_once(sync: Callable[[Path], Ran], place: Path) -> None:
    os.mkfifo(place / "pipe")
    ran = sync(place / "pipe")
    assert ran.code == 3
    assert f"{place / 'pipe'} is a pipe that no program reads. Start its reader first" in ran.err


@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_a_link_to_the_standard_output_is_written_and_never_rotated(kind: str, place: Path) -> None:
    link, output = place / "app.log", place / "output"
    link.symlink_to("/dev/stdout")
    output.write_text(FULL)
    script = (
        "import sys, pathlib; from kagsync import log\n"
        "log.configure(quiet=True, log_file=pathlib.Path(sys.argv[1]))\n"
        "log.logger.info('line 1')"
    )
    command = [sys.executable, "-c", script, str(link)]
    with output.open("ab") as file:
        stdout = file if kind == "file" else subprocess.PIPE
        ran = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=True)
    assert ran.stderr == b""
    said = output.read_text().removeprefix(FULL) if kind == "file" else ran.stdout.decode()
    assert said.endswith("INFO kagsync: line 1\n")
    assert names(place) == ["app.log", "output"]


# What cannot be opened


def test_a_log_that_cannot_be_opened_is_one_line(place: Path) -> None:
    (place / "lost.log").symlink_to("nowhere/real.log")
    ran = run("sync", "--all", "--log-file", str(place / "lost.log"))
    assert (ran.code, ran.out) == (3, "")
    (line,) = ran.err.splitlines()
    assert line.startswith(f"ERROR kagsync: cannot write the log file {place / 'lost.log'}: No such file")


# While a run writes


def test_a_log_that_is_moved_away_is_begun_anew(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = place / "kagsync.log"
    log.configure(quiet=True, log_file=path)
    say(2)
    path.rename(place / "moved")  # as logrotate does
    say(2, 2)
    path.unlink()
    say(2, 4)
    assert (written(place / "moved"), written(path)) == ([0, 1], [4, 5])
    assert warnings(capsys) == []


def test_what_takes_the_logs_place_is_not_harmed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = place / "kagsync.log"
    log.configure(log_file=path)
    say(1)
    path.rename(place / "moved")
    os.mkfifo(path)
    say(2, 1)
    assert written(place / "moved") == [0, 1, 2]
    (line,) = warnings(capsys)
    assert f"{path} is a pipe" in line and "The run goes on" in line


def test_a_folder_that_goes(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = place / "logs" / "kagsync.log"
    log.configure(log_file=path)
    say(1)
    (place / "logs").rename(place / "moved")
    say(3, 1)
    assert written(place / "moved" / "kagsync.log") == [0, 1, 2, 3]
    assert len(warnings(capsys)) == 1


@pytest.mark.parametrize("locks", [True, False])
def test_processes_rotate_at_the_same_time(locks: bool, place: Path) -> None:
    path = place / "kagsync.log"
    script = (
        "import sys, errno, fcntl, pathlib\n"
        "from kagsync import log\n"
        "from kagsync.files import log_file\n"
        "log_file.BYTES, log_file.KEPT = 4000, 100\n"
        "def none(*_): raise OSError(errno.ENOLCK, 'No locks available')\n"
        "if sys.argv[3] == 'False': fcntl.flock = none\n"
        "log.configure(log_file=pathlib.Path(sys.argv[1]))\n"
        "for number in range(400): log.logger.info('line %d', int(sys.argv[2]) * 1000 + number)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path), str(number), str(locks)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "WARNING" not in err and "Traceback" not in err
    found = written(*place.iterdir())
    said = [process * 1000 + number for process in range(3) for number in range(400)]
    if not locks:  # then an old file can be lost, but nothing is there twice
        assert len(found) == len(set(found))
        assert set(found) <= set(said)
    else:
        assert sorted(found) == said
        # No file was rotated when it had just begun.
        sizes = sorted(file.stat().st_size for file in place.iterdir() if file != path)
        assert sizes[0] > 3000
