"""Several users on one machine: nobody can make kagsync write or delete outside of its own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv
from world.running import Ran

from kagsync.errors import ConfigurationError
from kagsync.files import own_folder
from kagsync.sync import run_folder

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

if sys.platform == "win32":
    pytest.skip("needs POSIX owners and links", allow_module_level=True)

SLUG = "titanic"
MOMENT = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)
OTHER = 54321
SETPRIV = shutil.which("setpriv")
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or SETPRIV is None, reason="only root with setpriv can become another user"
)


@pytest.fixture
def board(kagsync: Kagsync, tmp_path: Path) -> Path:
    file = tmp_path / "titanic-publicleaderboard-2025-10-31T12:00:00.csv"
    file.write_bytes(board_csv([Team(1, "a", ("alice",))]))
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "alice")
    return file


def refused(ran: Ran, *words: str) -> None:
    """One line with a remedy; nothing was tried."""
    assert ran.code == 3, ran
    (line,) = ran.err.splitlines()
    assert line.startswith("ERROR kagsync: ")
    for word in (*words, "Set KAGSYNC_TEMP_DIR to a folder of your own"):
        assert word in line, line


def all_refuse(kagsync: Kagsync, board: Path, *words: str) -> None:
    refused(kagsync("sync", SLUG, "--from", str(board), "-q"), *words)
    refused(kagsync("cleanup"), *words)


@needs_root
def test_the_folder_of_another_user(
    kagsync: Kagsync, board: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(shared))
    theirs = shared / "temp_kaggle_data"
    theirs.mkdir(mode=0o777)
    theirs.chmod(0o777)
    os.chown(theirs, OTHER, OTHER)
    all_refuse(kagsync, board, str(theirs), f"belongs to user {OTHER}, not to you")
    assert list(theirs.iterdir()) == []
    assert list(shared.iterdir()) == [theirs]


@needs_root
def test_another_user_in_a_shared_folder(board: Path, shared: Path, settings: Settings) -> None:
    """The same seen from the other side: a person is refused what root or anybody else has made."""
    with run_folder.new(shared / "temp_kaggle_data", SLUG, MOMENT):
        pass
    shutil.copy(settings.db, shared / "theirs.db")
    os.chown(shared / "theirs.db", OTHER, OTHER)
    assert SETPRIV is not None
    ran = subprocess.run(
        [
            *(SETPRIV, f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups"),
            *("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"),
            *(sys.executable, "-m", "kagsync", "sync", SLUG, "--from", str(board), "-q"),
        ],
        env=os.environ | {"KAGSYNC_TEMP_DIR": str(shared), "KAGSYNC_DB": str(shared / "theirs.db")},
        capture_output=True,
        text=True,
        check=False,
    )
    refused(Ran(ran.returncode, ran.stdout, ran.stderr), "belongs to root, not to you")


@needs_root
@pytest.mark.parametrize("kind", ["file", "link"])
def test_the_lock_of_another_user(
    kind: str, kagsync: Kagsync, board: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(shared))
    lock = shared / "temp_kaggle_data.lock"
    precious = tmp_path / "precious"
    precious.write_text("precious")
    if kind == "file":
        lock.touch()
    else:
        lock.symlink_to(precious)
    os.chown(lock, OTHER, OTHER, follow_symlinks=False)
    all_refuse(kagsync, board, str(lock))
    assert precious.read_text() == "precious"


def test_a_link(kagsync: Kagsync, board: Path, settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings.temp_data.parent.mkdir()
    settings.temp_data.symlink_to(elsewhere)
    all_refuse(kagsync, board, str(settings.temp_data), "is a link")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("above", [1, 2])
def test_a_folder_in_which_everybody_may_exchange_things(
    above: int, kagsync: Kagsync, board: Path, settings: Settings
) -> None:
    kagsync.ok("sync", SLUG, "--from", str(board))
    folder = [settings.temp_data, *settings.temp_data.parents][above]
    mode = folder.stat().st_mode & 0o7777
    folder.chmod(0o777)
    all_refuse(kagsync, board, f"everybody may rename and replace what is in {folder}", "chmod o-w")
    folder.chmod(0o1777)
    kagsync.ok("sync", SLUG, "--from", str(board), "--force")  # a sticky one keeps things apart
    folder.chmod(mode)


def test_a_link_on_the_way_that_everybody_may_exchange(
    board: Path, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "link").symlink_to(tmp_path / "mine")
    monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(tmp_path / "open" / "link"))
    all_refuse(kagsync, board, str(tmp_path / "open"))


def test_a_run_over_everything_is_refused_once(
    kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "not-asked")
    for name in ("a", "b", "c"):
        kagsync.ok("competitions", "add", name, "--kaggle-id", name, "-q")
    settings.temp_data.parent.mkdir(exist_ok=True)
    settings.temp_data.symlink_to("elsewhere")
    refused(kagsync("sync", "--all", "-q"), "is a link")


def test_its_folders_are_closed_to_others(settings: Settings) -> None:
    before = os.umask(0o002)
    try:
        with run_folder.new(settings.temp_data, SLUG, MOMENT) as folder:
            for each in (settings.temp_data, folder):
                assert each.stat().st_mode & 0o777 == 0o700
        for mode in (0o775, 0o777):  # made by an earlier version
            settings.temp_data.chmod(mode)
            with run_folder.new(settings.temp_data, SLUG, MOMENT):
                assert settings.temp_data.stat().st_mode & 0o777 == 0o755
    finally:
        os.umask(before)


def test_a_home_without_a_cache_and_a_umask_that_lets_everybody_write(
    kagsync: Kagsync, board: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGSYNC_TEMP_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    home.parent.chmod(0o777)  # as on some network storage: whoever may exchange a home needs no download
    before = os.umask(0)
    try:
        kagsync.ok("sync", SLUG, "--from", str(board))
        kagsync.ok("sync", SLUG, "--from", str(board), "--force")
    finally:
        os.umask(before)
        home.parent.chmod(0o700)
    assert not (home / ".cache").stat().st_mode & 0o022


@needs_root
def test_a_folder_of_somebody_else_is_not_to_be_changed(
    kagsync: Kagsync, board: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.chmod(0o777)  # the volume of a container
    os.chown(shared, OTHER, OTHER)
    monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(shared))
    ran = kagsync("sync", SLUG, "--from", str(board), "-q")
    refused(ran, f"what is in {shared}.", "in /tmp")
    assert "chmod" not in ran.err


@needs_root
def test_a_sweep_and_a_cleanup_leave_the_run_folder_of_another_user(
    kagsync: Kagsync, settings: Settings
) -> None:
    with run_folder.new(settings.temp_data, SLUG, MOMENT) as folder:
        csv = folder / "board.csv"
        run_folder.claim(csv)
        csv.touch()
    os.chown(folder, OTHER, OTHER)
    assert kagsync.ok("cleanup") == "Removed 0 abandoned folders\n"
    assert kagsync("cleanup", str(csv)).code == 2
    assert csv.exists()


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_run_folder_that_is_swapped_for_a_link_takes_nothing_with_it(
    when: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "board.csv").write_text("precious")
    with run_folder.new(settings.temp_data, SLUG, MOMENT) as folder:
        run_folder.claim(folder / "board.csv")
        (folder / "board.csv").touch()

    def swap() -> None:
        shutil.copy(folder / ".kagsync", victim)
        folder.rename(tmp_path / "moved")
        folder.symlink_to(victim)

    if when == "before":
        swap()
    else:
        unlink = own_folder.Opened.unlink

        def late(opened: own_folder.Opened, name: str) -> None:
            if not folder.is_symlink():
                swap()
            unlink(opened, name)

        monkeypatch.setattr(own_folder.Opened, "unlink", late)
    with pytest.raises(OSError):
        run_folder.remove(folder)
    assert (victim / "board.csv").read_text() == "precious"


def test_doctor_tells(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> None:
    from kagsync.doctor import machine

    settings.temp_data.parent.mkdir()
    settings.temp_data.symlink_to(tmp_path)
    (check,) = [each for each in machine.folders(settings) if each.about == "Folder of downloads"]
    assert not check.ok
    assert "Set KAGSYNC_TEMP_DIR to a folder of your own" in check.remedy
    assert "is a link" in check.said


def test_where_nobody_has_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54322)
    with pytest.raises(ConfigurationError, match="not to you"):
        own_folder.check(tmp_path, "")
