"""Locks: the system's or none, private, free when their holder dies, and a failure when it never lets go."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.machine import board_file
from world.running import Ran, process, told

from kagsync import clock
from kagsync.doctor import machine
from kagsync.errors import ConfigurationError
from kagsync.files import locks
from kagsync.sync import competition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store

if sys.platform == "win32":
    pytest.skip("needs flock and POSIX rights", allow_module_level=True)

import fcntl

SLUG = "titanic"
NOT_SUPPORTED = ("ENOSYS", "EOPNOTSUPP", "ENOTSUP", "ENOLCK", "EINVAL")
# Another program that holds a lock, and says so.
HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def linked(kaggle: KaggleServer, kagsync: Kagsync, store: Store) -> None:
    """A competition that a run would ask Kaggle for, which does not know it."""
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    with store.writing() as write:
        write.competitions.link(store.competitions.get(SLUG).id, SLUG)


@contextlib.contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process holds the lock during the block, and leaves no trace of its own in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def seen_busy(path: Path, ago: float) -> None:
    """As if a run had found the lock busy so many seconds ago."""
    path.with_name(f"{path.name}.busy").write_text(f"{time.monotonic() - ago:.0f}")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


# Where files cannot be locked


@pytest.mark.parametrize("name", NOT_SUPPORTED)
def test_where_flock_does_not_work_nothing_is_tried(
    name: str, linked: None, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)))

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", fail)
        told(Ran(*vars(kagsync("sync", "--all", "-q")).values()), 3, "cannot be locked", "KAGSYNC_DB")
        with pytest.raises(locks.NoLocks):  # `survived` makes a line of it
            list(machine.locks(settings))

    assert "busy" not in kagsync("sync", "--all", "--format", "json").out  # Kaggle was asked: nothing stays


@pytest.mark.fixed_port
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_a_real_process_without_flock_refuses_and_its_death_stops_nobody(
    linked: None, settings: Settings, kagsync: Kagsync
) -> None:
    before = ["strace", "-f", "-o", "/dev/null", "-e", "trace=flock", "-e", "inject=flock:error=ENOSYS"]
    ran = process("sync", "--all", "-q", before=before)
    if "strace" in ran.err:
        pytest.skip(f"strace may not trace here: {ran.err}")

    told(Ran(ran.code, ran.out, ran.err), 3, "Function not implemented", "KAGSYNC_DB")
    assert "busy" not in kagsync("sync", "--all", "--format", "json").out


def test_downloads_need_locks_too(
    linked: None, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock

    def fail(file: int, operation: int) -> None:
        if "temp_kaggle_data" in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        real(file, operation)

    monkeypatch.setattr(fcntl, "flock", fail)
    ran = kagsync("sync", "--all", "-q")
    told(Ran(ran.code, ran.out, ran.err), 3, str(settings.temp_data.parent), "KAGSYNC_TEMP_DIR")


# The file


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_a_lock_file_is_for_its_owner_alone(umask: int, tmp_path: Path) -> None:
    old = os.umask(umask)
    try:
        with locks.hold(tmp_path / "locks" / "a.lock"):
            assert mode(tmp_path / "locks" / "a.lock") == 0o600
    finally:
        os.umask(old)


def test_an_older_file_that_others_may_read_is_closed(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text(f"{os.getpid()}\nhost\n")  # what `filelock` left where flock did not work
    lock.chmod(0o644)

    with locks.hold(lock):
        assert mode(lock) == 0o600


def test_a_group_that_shares_the_folder_shares_the_locks(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks").chmod(0o770)

    with locks.hold(tmp_path / "locks" / "a.lock"):
        assert mode(tmp_path / "locks" / "a.lock") == 0o660


@pytest.mark.parametrize("what", ["link", "dangling", "pipe", "folder"])
def test_what_is_no_lock_file_is_left_alone(what: str, tmp_path: Path) -> None:
    lock, other = tmp_path / "a.lock", tmp_path / "precious"
    other.write_text("precious")
    other.chmod(0o644)
    if what == "pipe":
        os.mkfifo(lock)
    elif what == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(other if what == "link" else tmp_path / "nothing")

    with pytest.raises(ConfigurationError) as caught, locks.hold(lock):
        pass

    assert str(lock) in str(caught.value)
    assert caught.value.remedy
    assert (other.read_text(), mode(other)) == ("precious", 0o644)
    assert not (tmp_path / "nothing").exists()


def test_a_hard_link_to_another_file_keeps_its_rights(tmp_path: Path) -> None:
    other = tmp_path / "page.html"
    other.touch()
    other.chmod(0o644)
    (tmp_path / "a.lock").hardlink_to(other)

    with locks.hold(tmp_path / "a.lock"):
        assert mode(other) == 0o644


@pytest.mark.long
def test_a_lock_file_of_another_user_is_told_with_its_owner(
    nobody: list[str], shared: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = shared / "kagsync.db"
    monkeypatch.setenv("KAGSYNC_DB", str(db))
    without = ("HOME", "KAGSYNC_TEMP_DIR")
    words = ("competitions", "add", SLUG, "--no-kaggle")
    assert process(*words, before=nobody, without=without, cwd=shared).code == 0
    lock = shared / "kagsync.db-locks" / f"{SLUG}.lock"
    lock.touch(mode=0o600)  # root's

    ran = process(
        *("process", SLUG, str(board_file(shared, "2025-10-31T12:00:00"))),
        before=nobody,
        without=without,
        cwd=shared,
        environment={"KAGSYNC_TEMP_DIR": str(shared / "cache")},
    )

    told(Ran(ran.code, ran.out, ran.err), 3, str(lock), "belongs to root", "rm -f")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of others")
def test_what_root_makes_in_the_folder_of_another_user_is_that_users(tmp_path: Path) -> None:
    os.chown(tmp_path, 54321, 54321)
    with locks.hold(tmp_path / "a.lock"):
        assert (tmp_path / "a.lock").stat().st_uid == 54321


# Who holds it


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with held(lock) as holder:
        with pytest.raises(locks.Busy), locks.hold(lock):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with locks.hold(lock):
            pass


def test_a_file_that_its_holder_deletes_is_not_locked_by_those_who_waited(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    file = locks._open(lock)
    lock.unlink()  # between opening and locking
    os.close(file)
    with locks.hold(lock), pytest.raises(locks.Busy), locks.hold(lock):
        pass


def test_the_next_holder_forgets_that_the_lock_was_busy(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with held(lock):
        with pytest.raises(locks.Busy), locks.hold(lock, longest=900):
            pass
        assert mode(lock.with_name("a.lock.busy")) == 0o600
        seen_busy(lock, ago=899)
        with pytest.raises(locks.Busy), locks.hold(lock, longest=900):
            pass
    with locks.hold(lock, longest=900):
        assert [path.name for path in tmp_path.glob("a*")] == ["a.lock"]


@pytest.mark.parametrize("left", ["", "text", "9" * 30, "-5", "nan", "inf"])
def test_a_mark_of_another_boot_or_of_a_killed_process_counts_from_now(left: str, tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.with_name("a.lock.busy").write_text(left)
    with held(lock):
        with pytest.raises(locks.Busy), locks.hold(lock, longest=900):
            pass
        assert abs(float(lock.with_name("a.lock.busy").read_text()) - time.monotonic()) < 10


def test_a_competition_that_is_busy_for_too_long_is_a_failure_that_is_told(
    linked: None, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = settings.locks / f"{SLUG}.lock"
    with held(lock) as holder:
        assert kagsync("sync", "--all", "-q").code == 0
        seen_busy(lock, ago=locks.LONGEST + 60)
        monkeypatch.setattr(clock, "utc_now", lambda: clock.parse_iso("2036-01-01T00:00:00Z"))  # no matter

        ran = kagsync("sync", "--all", "-q", "--format", "json")

        assert ran.code == 1
        (result,) = json.loads(ran.out)["competitions"]
        assert result["error"]["code"] == "stuck-lock"
        for word in (f"process {holder.pid} ", "for 16 min", str(lock), f"kill {holder.pid}"):
            assert word in ran.err
        assert len(ran.err.splitlines()) == 1
        shown = kagsync("status", "-q")
        assert shown.code == 1
        assert f"process {holder.pid}" in shown.out
        (check,) = machine.locks(settings)
        assert (check.ok, str(holder.pid) in check.said) == (False, True)
        seen_busy(lock, ago=0)
        (check,) = machine.locks(settings)
        assert check.ok
    assert "busy" not in kagsync("sync", "--all", "--format", "json").out


def test_a_file_from_disk_that_waited_in_vain_is_a_failure(
    kagsync: Kagsync, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    monkeypatch.setattr(competition, "_PATIENCE", 0.1)
    board = str(board_file(tmp_path, "2025-10-31T12:00:00"))
    with held(settings.locks / f"{SLUG}.lock"):
        for words in (["sync", SLUG, "--from", board, "-q"], ["process", SLUG, board]):
            ran = kagsync(*words)
            assert ran.code == 1, ran
            assert "was not read: run the command again later" in ran.err
    kagsync.ok("process", SLUG, board)


def test_a_guard_of_the_downloads_that_is_never_free_is_a_failure(
    linked: None, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kagsync.sync import run_folder

    monkeypatch.setattr(run_folder, "_PATIENCE", 0.2)
    with held(run_folder._guard(settings.temp_data)) as holder:
        ran = kagsync("sync", "--all", "-q", "--format", "json")
    assert ran.code == 1
    assert json.loads(ran.out)["competitions"][0]["error"]["code"] == "stuck-lock"
    assert f"kill {holder.pid}" in ran.err


def test_a_database_that_another_process_updates_for_too_long_is_no_success(
    kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = locks.hold
    monkeypatch.setattr(locks, "hold", lambda path, **given: real(path, **given | {"wait": 0.1}))
    with held(settings.locks / "migration.lock"):
        told(Ran(*vars(kagsync("users", "add", "alice")).values()), 5, "another kagsync", "Try again later")


def test_a_target_that_nobody_tells_for_too_long_is_told(
    kagsync: Kagsync, settings: Settings, store: Store, tmp_path: Path
) -> None:
    from kagsync.notify import tell

    kagsync.ok("notify", "add", "json://127.0.0.1:9/x")
    lock = settings.locks / "notify-1.lock"
    with held(lock):
        assert tell.tell(settings, store, clock.utc_now()).failures == []
        seen_busy(lock, ago=locks.LONGEST + 1)
        (failure,) = tell.tell(settings, store, clock.utc_now()).failures
    assert failure.error.code == "stuck-lock"


def test_a_link_to_the_database_shares_its_locks(kagsync: Kagsync, tmp_path: Path) -> None:
    from kagsync import settings

    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(tmp_path / "kagsync.db")

    assert settings.load(db=link).locks == tmp_path / "kagsync.db-locks"
    kagsync.ok("users", "add", "alice", "--db", str(link))
    assert [path.name for path in link.parent.iterdir()] == ["link.db"]


def test_doctor_says_that_downloads_cannot_be_locked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    found = {check.about: check for check in machine.folders(settings)}

    assert found["Folder of downloads"].ok is False
    assert "cannot be locked" in found["Folder of downloads"].said
    assert "KAGSYNC_TEMP_DIR" in found["Folder of downloads"].remedy


def test_a_file_system_that_says_each_lock_file_is_deleted_has_no_locks(
    linked: None, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstat

    def deleted(file: int) -> os.stat_result:
        found = list(real(file))
        found[stat.ST_NLINK] = 0
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", deleted)
    monkeypatch.setattr(locks, "_PAUSE", 0.001)
    told(Ran(*vars(kagsync("sync", "--all", "-q")).values()), 3, "cannot be locked", "deleted at once")
