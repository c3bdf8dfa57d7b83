"""Scratch folders: what kills leave is swept by the next run, and what a living process works on stays."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from world.files import names

from kagsync.files import scratch
from kagsync.kaggle.oauth import Login

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from world.running import Kagsync

    from kagsync.settings import Settings

if sys.platform == "win32":
    pytest.skip("needs signals and locks of folders", allow_module_level=True)

SLUG = "titanic"
LONG_AGO = (time.time() - 2 * 3600,) * 2


def killed(patch: str, *words: str, **environment: str) -> None:
    """Runs a command that is killed with -9 where the patched function is called."""
    script = (
        "import os, signal, sys\n"
        "def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{patch}\n"
        "from kagsync.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done


# The folder itself


def test_it_is_private_and_gone_afterwards(place: Path) -> None:
    with scratch.folder(place) as folder:
        (folder / "file").write_text("half")
        assert folder.parent == place
        assert folder.stat().st_mode & 0o777 == 0o700
    assert names(place) == []


def test_a_living_process_keeps_its_own(place: Path) -> None:
    with scratch.folder(place) as folder:
        os.utime(folder, LONG_AGO)
        scratch.sweep(place)
        with scratch.folder(place):
            assert len(names(place)) == 2
        assert folder.exists()


@pytest.mark.parametrize(
    "moment",
    [
        "scratch._lock = die",  # made, and not locked yet
        "scratch.os.fsync = die",  # in use
        "scratch.shutil.rmtree = die",  # before it is removed
        "scratch.os.rmdir = die",  # half removed
    ],
)
def test_whenever_it_is_killed_the_next_one_sweeps(moment: str, board: Path, place: Path) -> None:
    killed(f"from kagsync.files import scratch; {moment}", "users", "export", str(place / "roster.csv"))
    assert any(name.startswith(".kagsync-") for name in names(place))
    with scratch.folder(place):
        pass
    assert [name for name in names(place) if name.startswith(".")] == []


def test_one_that_is_swept_before_it_is_locked_is_made_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, lost = scratch._lock, []

    def late(folder: Path) -> int | None:
        if not lost:
            lost.append(folder)
            shutil.rmtree(folder)
        return lock(folder)

    monkeypatch.setattr(scratch, "_lock", late)
    with scratch.folder(place) as folder:
        assert folder.is_dir() and folder not in lost


def interrupted(place: Path, after: int) -> bool:
    """Makes a folder and interrupts that after some lines; returns whether that came before its use."""
    ran = 0

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal ran
        if frame.f_code.co_filename != scratch.__file__:
            return None
        ran += event == "line"
        if ran > after:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with scratch.folder(place):
            sys.settrace(before)
            return False
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)


def test_a_signal_at_any_moment_before_its_use_leaves_nothing(place: Path) -> None:
    lines = 0
    while interrupted(place, lines):
        assert names(place) == []
        lines += 1
    assert lines > 15


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)


def test_where_folders_cannot_be_locked_an_hour_decides(no_locks: None, place: Path) -> None:
    with scratch.folder(place) as young:
        old, future = (place / f".kagsync-{digit * 16}.new" for digit in "ab")
        for folder, moment in ((old, LONG_AGO), (future, (time.time() + 10 * 365 * 86400,) * 2)):
            folder.mkdir()
            (folder / "copy.db").touch()
            os.utime(folder / "copy.db", moment)
            os.utime(folder, moment)
        busy = place / f".kagsync-{'c' * 16}.new"
        busy.mkdir()
        (busy / "copy.db").touch()  # written to lately
        os.utime(busy, LONG_AGO)
        scratch.sweep(place)
        assert names(place) == sorted([young.name, busy.name])


def test_what_earlier_versions_left_goes_and_other_files_stay(place: Path) -> None:
    left = [
        ".competition-titanic.html.k3_x9a2b.new",
        ".index.html.abcd1234.new",
        ".kagsync-backup.0123456789abcdef.new",
        ".kagsync-backup.0123456789abcdef.new-journal",
    ]
    others = [
        ".competition-titanic.html",
        "competition-titanic.html.abcd1234.new",
        ".notes.new",
        ".kagsync-mine.new",
        "index.html",
    ]
    for name in (*left, *others):
        (place / name).touch()
        os.utime(place / name, LONG_AGO)
    (place / f".kagsync-{'d' * 16}.new").symlink_to(place)

    with scratch.folder(place):
        pass

    assert names(place) == sorted([*others, f".kagsync-{'d' * 16}.new"])


# The commands that use it


REPORT = [
    *("competition-titanic.html", "deadlines.ics", "embed-titanic.html"),
    *("feed.xml", "index.html", "standings.json"),
]


@pytest.mark.long
def test_a_killed_report_is_swept_by_the_next_tick(board: Path, place: Path, kagsync: Kagsync) -> None:
    killed("import pathlib; pathlib.Path.replace = die", "report", "--output", str(place))
    assert [name for name in names(place) if not name.startswith(".kagsync-")] == []
    kagsync.ok("report", "--output", str(place))
    assert names(place) == REPORT

    killed("import pathlib; pathlib.Path.replace = die", "report", "--output", str(place))
    assert len(names(place)) == len(REPORT) + 1
    # Nothing is new, so no page is written.
    kagsync.ok("sync", SLUG, "--from", str(board), "--report", str(place))
    assert names(place) == REPORT


@pytest.mark.long
@pytest.mark.parametrize(
    "moment",
    [
        "from kagsync.store import backup; backup.check = die",  # the copy is made, its log is there
        "import pathlib; pathlib.Path.replace = die",
    ],
)
def test_a_killed_backup_is_swept_by_the_next(
    moment: str, board: Path, place: Path, kagsync: Kagsync
) -> None:
    for _ in range(2):
        killed(moment, "backup", str(place / "backup.db"))
    assert len(names(place)) == 1
    kagsync.ok("backup", str(place / "backup.db"))
    assert names(place) == ["backup.db"]


@pytest.mark.long
def test_a_copy_of_the_database_in_the_systems_temporary_folder_goes(
    board: Path, place: Path, settings: Settings
) -> None:
    with contextlib.closing(sqlite3.connect(settings.db, isolation_level=None)) as writer:
        writer.execute("UPDATE users SET name = 'in the -wal'")  # so that it is copied to a file
        killed(
            "from kagsync.files import scratch; rmtree = scratch.shutil.rmtree\n"
            "def remove(path, **options): (die if (path / 'copy.db').exists() else rmtree)(path, **options)\n"
            "scratch.shutil.rmtree = remove",
            *("doctor", "-q"),
            TMPDIR=str(place),
        )
    assert len(names(place)) == 1
    with scratch.folder(place):
        pass
    assert names(place) == []


@pytest.mark.long
def test_a_run_folder_whose_makers_and_sweepers_are_killed_goes(
    board: Path, settings: Settings, kagsync: Kagsync
) -> None:
    again = ("sync", SLUG, "--from", str(board), "--force")
    # After the folder is made and before it is marked, which is what touch does.
    killed("import pathlib; pathlib.Path.touch = die", *again)
    (left,) = settings.temp_data.iterdir()
    assert names(left) == []
    # The next run's sweep, after it has looked whether anybody uses the folder.
    killed("from kagsync.sync import run_folder; run_folder.remove = die", *again)
    assert names(left) == [".lock"]
    killed("from kagsync.sync import run_folder; run_folder.remove = die", *again)
    assert left.exists()

    kagsync.ok(*again)

    assert list(settings.temp_data.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_sweep_that_is_killed_at_any_deletion_goes_on_the_next_time(
    step: int, board: Path, settings: Settings, kagsync: Kagsync
) -> None:
    again = ("sync", SLUG, "--from", str(board), "--force")
    killed("from kagsync.sync import process; process.reader.open_board = die", *again)
    (left,) = settings.temp_data.iterdir()
    assert len(names(left)) == 3
    at = (
        "from kagsync.files import own_folder\n"
        "n = [0]; unlink = own_folder.Opened.unlink\n"
        "def some(self, name):\n"
        f"    n[0] += 1; (die if n[0] == {step} else unlink)(self, name)\n"
        "own_folder.Opened.unlink = some\n"
        "import pathlib; pathlib.Path.rmdir = die"
    )
    killed(at, *again)
    assert left.exists()

    kagsync.ok(*again)

    assert list(settings.temp_data.iterdir()) == []


def test_a_killed_renewal_of_a_login_leaves_no_token(home: Path) -> None:
    file = home / "credentials.json"
    file.write_text("{}")
    script = (
        "import os, pathlib, signal, sys\n"
        "pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from kagsync.kaggle import oauth\n"
        "oauth.Login(pathlib.Path(sys.argv[1]), {}).store('secret', 3600)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(home)) == 2
    Login(file, {}).store("secret", 3600)
    assert names(home) == ["credentials.json"]
    assert file.stat().st_mode & 0o777 == 0o600


# Others' folders


def test_what_another_user_left_stops_no_backup(board: Path, shared: Path, kagsync: Kagsync) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make files of another user")
    left = shared / f".kagsync-{'e' * 16}.new"
    left.mkdir(mode=0o700)
    old = shared / ".kagsync-backup.x.new"
    old.touch()
    for path in (left, old):
        os.utime(path, LONG_AGO)
        os.chown(path, 54321, 54321)
    kagsync.ok("backup", str(shared / "root.db"))
    assert left.exists() and old.exists()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return
    shutil.copy(shared / "root.db", shared / "theirs.db")
    os.chown(shared / "theirs.db", 12345, 12345)
    user = [setpriv, "--reuid=12345", "--regid=12345", "--clear-groups"]
    reads = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    words = ["backup", str(shared / "backup.db"), "--db", str(shared / "theirs.db")]
    done = subprocess.run(
        [*user, *reads, sys.executable, "-m", "kagsync", *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {".kagsync-backup.x.new", left.name, "backup.db"} <= set(names(shared))
