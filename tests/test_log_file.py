"""The log file: rotated by one process at a time, and whatever fails is one warning that stops nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from boards import Team, board_csv

from kagsync import log, log_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Kagsync, Ran

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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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
        "from kagsync import log, log_file\n"
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
