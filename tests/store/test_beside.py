"""What stands beside a database: files that another user left do not lock its owner out."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.running import process, told

from kagsync import clock
from kagsync import settings as settings_of
from kagsync.doctor import machine
from kagsync.files import rights
from kagsync.store import Store
from kagsync.store import beside as files_beside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

if sys.platform == "win32":
    pytest.skip("needs POSIX rights", allow_module_level=True)
if os.geteuid() != 0 or shutil.which("setpriv") is None:
    pytest.skip("only root with setpriv can become other users", allow_module_level=True)

OWNER, OTHER = 54321, 54322
# Reads a database with SQLite, as another program does, and is killed before it can clean up.
READER = """
import os, sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM users").fetchone())
os._exit(0)
"""


def as_user(uid: int) -> list[str]:
    """The command in front of another that makes it a user, who may read everywhere (pytest's Python too)."""
    reads = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *reads]


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder in which everybody may write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def kagsync_of(uid: int, shared: Path, *words: str) -> Ran:
    return process(
        *words,
        before=as_user(uid),
        cwd=shared,
        environment={"HOME": str(shared), "KAGSYNC_DB": str(shared / "kagsync.db")},
    )


@pytest.fixture
def read_by_another(shared: Path) -> Path:
    """The owner's database, with a -wal and a -shm of another user beside it."""
    db = shared / "kagsync.db"
    assert kagsync_of(OWNER, shared, "users", "add", "alice").code == 0
    assert kagsync_of(OWNER, shared, "competitions", "add", "titanic", "--no-kaggle").code == 0
    assert db.stat().st_mode & 0o777 == 0o644
    subprocess.run([*as_user(OTHER), sys.executable, "-c", READER, str(db)], check=True)
    assert [part.stat().st_uid for part in parts(db)] == [OTHER, OTHER]
    return db


def parts(db: Path) -> list[Path]:
    return sorted(db.parent.glob("kagsync.db-[ws]*"))


@pytest.mark.long
def test_what_a_reader_left_is_cleared_away(read_by_another: Path, shared: Path) -> None:
    ran = kagsync_of(OWNER, shared, "users", "add", "bob", "-q")

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert parts(read_by_another) == []
    listed = kagsync_of(OWNER, shared, "users", "export").out.splitlines()
    assert [line.partition(",")[0] for line in listed] == ["username", "alice", "bob"]


@pytest.mark.long
def test_in_a_folder_where_that_is_not_allowed_it_says_what_to_delete(
    read_by_another: Path, shared: Path
) -> None:
    shared.chmod(0o1777)
    wal, shm = read_by_another.with_name("kagsync.db-wal"), read_by_another.with_name("kagsync.db-shm")

    ran = kagsync_of(OWNER, shared, "users", "add", "bob")

    told(ran, 5, str(wal), str(shm), f"user {OTHER}", f"sudo rm -f {wal} {shm}")
    assert kagsync_of(OWNER, shared, "users", "list").code == 0  # it can still be read
    wal.unlink()
    shm.unlink()
    assert kagsync_of(OWNER, shared, "users", "add", "bob").code == 0


@pytest.mark.long
def test_a_log_that_may_hold_changes_is_never_deleted(read_by_another: Path, shared: Path) -> None:
    wal = read_by_another.with_name("kagsync.db-wal")
    wal.write_bytes(b"forged, or not")

    ran = kagsync_of(OWNER, shared, "users", "add", "bob")

    told(ran, 5, str(wal), "sudo chown 54321")
    assert wal.read_bytes() == b"forged, or not"


@pytest.mark.long
def test_where_others_may_write_the_database_nothing_is_deleted(read_by_another: Path, shared: Path) -> None:
    read_by_another.chmod(0o664)  # then the files may be in use by a writer

    told(kagsync_of(OWNER, shared, "users", "add", "bob"), 5, "sudo chown")
    assert len(parts(read_by_another)) == 2


def test_a_second_look_protects_what_another_process_has_made_since(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    wal = settings.db.with_name(f"{settings.db.name}-wal")
    looks = iter([[wal], []])  # first a foreign one, then, under the lock, one of ours
    monkeypatch.setattr(files_beside, "_leftovers", lambda _: next(looks))
    store.runs.first_time("something", clock.utc_now())  # the store stays open: its -wal is in use
    files_beside.clear(settings.db, settings.locks)
    assert wal.exists()


@pytest.mark.long
@pytest.mark.parametrize("words", [["users", "add", "x"], ["show"]])
def test_another_user_of_kagsync_leaves_nothing(words: list[str], shared: Path) -> None:
    assert kagsync_of(OWNER, shared, "users", "add", "alice").code == 0
    kagsync_of(OTHER, shared, *words)
    assert parts(shared / "kagsync.db") == []


# Through a symbolic link


@pytest.fixture
def link(kagsync: Kagsync, tmp_path: Path) -> Path:
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(tmp_path / "kagsync.db")
    return link


def test_a_link_leads_to_the_log_that_is_made_private(link: Path, tmp_path: Path, kagsync: Kagsync) -> None:
    loaded = settings_of.load(db=link)
    with Store.open(loaded.db, loaded.locks) as store:
        store.runs.first_time("something", clock.utc_now())  # so that there is a -wal
        wal = tmp_path / "kagsync.db-wal"
        assert wal.stat().st_mode & 0o004

        store.make_private()

        assert [path.stat().st_mode & 0o007 for path in (tmp_path / "kagsync.db", wal)] == [0, 0]


def test_a_copy_through_a_link_has_what_is_only_in_the_log(link: Path, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "kagsync.db")) as writer:
        writer.execute(
            "INSERT INTO users (username, handle, pseudonym, added_at) VALUES ('alice', 'alice', 'A', '')"
        )
        writer.commit()
        assert (tmp_path / "kagsync.db-wal").stat().st_size
        with Store.open_copy(link) as store:
            assert [user.username for user in store.users.all()] == ["alice"]


# Remedies for files of others


def test_the_remedy_for_a_folder_fits_its_owner(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: OWNER)
    monkeypatch.setattr(machine.scratch, "folder", _refused)
    (shared / "own").mkdir()
    os.chown(shared / "own", OWNER, OWNER)

    (own,) = machine._writable("Folder", shared / "own")
    (others,) = machine._writable("Folder", shared)
    (new,) = machine._writable("Folder", shared / "new" / "folder")

    assert own.remedy == f"chmod u+rwx {shared / 'own'}"
    assert others.remedy.startswith("It is root's: run kagsync as root, ask for the rights, or name another")
    assert new.remedy == f"sudo install -d -o {OWNER} {shared / 'new' / 'folder'}"


def _refused(_: Path) -> None:
    raise PermissionError(13, "Permission denied")


def test_the_rights_of_anothers_file_change_with_sudo_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a b"
    file.touch()
    assert rights.change("600", file) == f"chmod 600 '{file}'"
    monkeypatch.setattr(os, "geteuid", lambda: OWNER)
    assert rights.change("600", file) == f"sudo chmod 600 '{file}'"
