"""Run folders: one for each fetch, locked while in use, and only kagsync's own are ever deleted."""

from __future__ import annotations

import os
import re
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world.running import fetching

from kagsync.errors import ConfigurationError
from kagsync.files import locks, own_folder
from kagsync.sync import run_folder

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

MOMENT = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)


def made(settings: Settings, slug: str = "titanic", *, handed_over: bool = False) -> Path:
    """A run folder with a CSV in it, whose process has ended."""
    with run_folder.new(settings.temp_data, slug, MOMENT) as folder:
        run_folder.claim(folder / "board.csv")
        (folder / "board.csv").write_text("Rank\n")
        if handed_over:
            run_folder.hand_over(folder)
    return folder


def test_a_folder_is_named_by_slug_and_time(settings: Settings) -> None:
    with run_folder.new(settings.temp_data, "spaceship-titanic", MOMENT) as folder:
        assert folder == settings.temp_dir / "temp_kaggle_data" / "spaceship-titanic_20251031T162626"
        assert folder.is_dir()
        assert run_folder.is_ours(folder)


def test_two_in_the_same_second_get_two_folders(settings: Settings) -> None:
    first, second, third = made(settings), made(settings), made(settings)

    assert len({first, second, third}) == 3
    assert all(re.fullmatch(r"titanic_20251031T162626(_\d+)?", f.name) for f in (first, second, third))
    assert all(run_folder.is_ours(folder) for folder in (first, second, third))


def test_many_threads_in_the_same_second_get_one_each(settings: Settings) -> None:
    folders: list[Path] = []
    threads = [threading.Thread(target=lambda: folders.append(made(settings))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(folders)) == 12


def test_a_folder_that_cannot_be_made_is_a_configuration_error(settings: Settings) -> None:
    settings.temp_dir.parent.mkdir(exist_ok=True)
    settings.temp_dir.write_text("a file is in the way")

    with (
        pytest.raises(ConfigurationError, match="cannot make"),
        run_folder.new(settings.temp_data, "titanic", MOMENT),
    ):
        pass


def test_a_folder_in_use_is_locked_and_free_afterwards(settings: Settings) -> None:
    with run_folder.new(settings.temp_data, "titanic", MOMENT) as folder, pytest.raises(locks.Busy):
        run_folder.check_free(folder)
    run_folder.check_free(folder)


def test_a_sweep_removes_what_a_crash_left(settings: Settings) -> None:
    folder = made(settings)

    swept = run_folder.sweep(settings.temp_data)

    assert (swept.removed, swept.kept) == ([folder], [])
    assert list(settings.temp_data.iterdir()) == []


def test_a_sweep_without_a_folder_is_nothing(settings: Settings) -> None:
    assert run_folder.sweep(settings.temp_data) == run_folder.Sweep([], [])
    assert not settings.temp_data.exists()


def test_a_sweep_leaves_a_folder_in_use(settings: Settings) -> None:
    with run_folder.new(settings.temp_data, "titanic", MOMENT) as folder:
        (folder / "board.csv").write_text("Rank\n")

        assert run_folder.sweep(settings.temp_data).removed == []
        assert (folder / "board.csv").exists()


def test_a_folder_that_was_handed_over_is_kept_for_a_day(settings: Settings) -> None:
    folder = made(settings, handed_over=True)

    assert run_folder.sweep(settings.temp_data) == run_folder.Sweep([], [folder])

    long_ago = time.time() - 25 * 3600
    os.utime(folder / ".kagsync", (long_ago, long_ago))
    assert run_folder.sweep(settings.temp_data) == run_folder.Sweep([folder], [])
    assert not folder.exists()


def test_a_sweep_leaves_all_that_is_not_kagsyncs(settings: Settings, tmp_path: Path) -> None:
    temp_data = settings.temp_data
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "titanic_20251031T162626").mkdir(parents=True)
    precious = [
        temp_data / "notes.csv",
        temp_data / "mine" / "board.csv",
        temp_data / "titanic_20251031T162626" / "board.csv",  # our kind of name, without our marker
        temp_data / "titanic" / ".kagsync",  # our marker, not our kind of name
        elsewhere / "titanic_20251031T162626" / ".kagsync",
        elsewhere / "titanic_20251031T162626" / "board.csv",
    ]
    for path in precious:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("precious")
    (temp_data / "link_20251031T162626").symlink_to(elsewhere / "titanic_20251031T162626")

    assert run_folder.sweep(temp_data).removed == []

    assert all(path.read_text() == "precious" for path in precious)
    assert (temp_data / "link_20251031T162626").is_symlink()


@pytest.mark.parametrize("name", ["notes.txt", "mine.csv", "mine.zip"])
def test_a_file_that_kagsync_did_not_claim_stays_and_keeps_its_folder_alive(
    settings: Settings, name: str
) -> None:
    folder = made(settings)
    (folder / name).write_text("precious")

    assert run_folder.sweep(settings.temp_data).removed == []

    assert (folder / name).read_text() == "precious"
    assert not (folder / "board.csv").exists()


def test_a_file_is_kagsyncs_from_the_moment_it_is_claimed(settings: Settings) -> None:
    folder = made(settings)

    assert run_folder.is_our_file(folder / "board.csv")
    assert not run_folder.is_our_file(folder / "mine.csv")
    assert not run_folder.is_our_file(folder / ".kagsync")


@pytest.mark.parametrize("name", ["line\u2028separator.csv", "next\x85line.csv", " spaces .csv", "梯🚀.csv"])
def test_a_claimed_file_of_any_name_goes(settings: Settings, name: str) -> None:
    with run_folder.new(settings.temp_data, "titanic", MOMENT) as folder:
        run_folder.claim(folder / name)
        (folder / name).write_text("Rank\n")

    assert run_folder.sweep(settings.temp_data).removed == [folder]


def test_a_marker_with_anything_in_it_takes_no_file_elsewhere(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    settings.temp_data.mkdir(parents=True)
    (settings.temp_data / "precious").write_text("precious")
    folder = made(settings)
    (folder / "sub").mkdir()
    with (folder / ".kagsync").open("a") as marker:
        marker.write(f"file: ../precious\nfile: {tmp_path / 'precious'}\nfile: ..\nfile: .\nfile: \nx\0y\n")

    assert run_folder.sweep(settings.temp_data).removed == []

    assert (tmp_path / "precious").exists()
    assert (settings.temp_data / "precious").exists()


def test_a_folder_whose_process_died_before_its_marker_is_swept(settings: Settings) -> None:
    stillborn = settings.temp_data / "titanic_20251031T162626"
    stillborn.mkdir(parents=True)

    assert run_folder.sweep(settings.temp_data).removed == [stillborn]


@pytest.mark.long
@pytest.mark.fixed_port
def test_a_killed_fetch_leaves_a_folder_that_a_cleanup_removes_and_not_before(
    kaggle: KaggleServer, kagsync: Kagsync, settings: Settings
) -> None:
    with fetching(kaggle, kagsync, "titanic"):
        (folder,) = settings.temp_data.iterdir()

        assert kagsync.ok("cleanup") == "Removed 0 abandoned folders\n"
        assert folder.is_dir()
    assert folder.is_dir()

    ran = kagsync("cleanup")
    assert (ran.code, ran.out) == (0, "Removed 1 abandoned folder\n")
    assert f"INFO kagsync: Removed what a crashed run left behind: {folder.name}\n" in ran.err
    assert list(settings.temp_data.iterdir()) == []


def test_a_folder_that_its_own_run_removes_meanwhile_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temp_data = tmp_path / run_folder.FOLDER
    (temp_data / "titanic_20251031T162626").mkdir(parents=True, mode=0o700)
    real = own_folder.is_own

    def late(path: Path) -> bool:
        path.rmdir()
        return real(path)

    monkeypatch.setattr(own_folder, "is_own", late)
    swept = run_folder.sweep(temp_data)
    assert (swept.removed, swept.kept, swept.failed) == ([], [], [])


@pytest.mark.parametrize(("days", "kept"), [(0, True), (-2, False), (3653, False)])
def test_a_folder_handed_over_by_a_wrong_clock_is_not_kept_for_years(
    days: int, kept: bool, tmp_path: Path
) -> None:
    temp_data = tmp_path / run_folder.FOLDER
    with run_folder.new(temp_data, "titanic", datetime.now(UTC)) as folder:
        run_folder.hand_over(folder)
    moment = time.time() + days * 86_400
    os.utime(folder / ".kagsync", (moment, moment))
    assert (run_folder.sweep(temp_data).kept == [folder]) is kept
    assert folder.exists() is kept
