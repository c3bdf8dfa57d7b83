"""Phase 3 deletes what fetch made, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.boards import board_csv, many_teams
from world.running import fetching

from kagsync.sync import run_folder

if TYPE_CHECKING:
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings


@pytest.fixture
def fetched(kaggle: KaggleServer, kagsync: Kagsync) -> Path:
    """A CSV that `kagsync fetch` made."""
    kaggle.competition("titanic")
    kaggle.board("titanic", board_csv(many_teams(5)))
    kagsync.ok("competitions", "add", "titanic")
    return Path(kagsync.ok("fetch", "titanic").removesuffix("\n"))


def test_the_csv_and_its_folder_go(fetched: Path, kagsync: Kagsync, settings: Settings) -> None:
    ran = kagsync("cleanup", str(fetched))

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"INFO kagsync: Cleaned up CSV: {fetched.name}\n"
    assert list(settings.temp_data.iterdir()) == []


def test_a_second_time_is_no_error(fetched: Path, kagsync: Kagsync) -> None:
    kagsync.ok("cleanup", str(fetched))

    ran = kagsync("cleanup", str(fetched))

    assert ran.code == 0
    assert ran.err == f"INFO kagsync: Already cleaned up: {fetched.name}\n"


def test_a_file_that_was_never_there_is_not_said_to_stay(kagsync: Kagsync, tmp_path: Path) -> None:
    ran = kagsync("cleanup", str(tmp_path / "typo.csv"))
    assert ran.code == 2
    assert (
        ran.err
        == f"ERROR kagsync: there is no file {tmp_path / 'typo.csv'}. Pass the path that fetch printed\n"
    )


def test_a_relative_path_will_do(fetched: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fetched.parent.parent)

    kagsync.ok("cleanup", f"{fetched.parent.name}/{fetched.name}")

    assert not fetched.parent.exists()


def test_a_name_within_the_folder_itself_will_do(
    fetched: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(fetched.parent)

    kagsync.ok("cleanup", fetched.name)

    monkeypatch.chdir(tmp_path)
    assert not fetched.exists()


@pytest.mark.parametrize(
    "place",
    [
        "board.csv",
        "cache/board.csv",
        "cache/temp_kaggle_data/board.csv",
        "cache/temp_kaggle_data/mine/board.csv",
        "cache/temp_kaggle_data/titanic_20251031T162626/board.csv",
        "elsewhere/titanic_20251031T162626/board.csv",
    ],
)
def test_a_csv_of_somebody_elses_stays(place: str, kagsync: Kagsync, tmp_path: Path) -> None:
    csv = tmp_path / place
    csv.parent.mkdir(parents=True, exist_ok=True)
    csv.write_text("precious")

    ran = kagsync("cleanup", str(csv))

    assert ran.code == 2
    assert ran.err.startswith(
        f"ERROR kagsync: {csv} was not deleted, because kagsync fetch did not make it. "
    )
    assert len(ran.err.splitlines()) == 1
    assert csv.read_text() == "precious"


def test_the_folder_the_marker_and_other_files_are_no_csv(fetched: Path, kagsync: Kagsync) -> None:
    for path in (fetched.parent, fetched.parent.parent, fetched.parent / ".kagsync", fetched / ".." / ".."):
        assert kagsync("cleanup", str(path)).code == 2
    assert fetched.exists()


def test_a_path_that_climbs_out_of_a_run_folder_is_refused(
    fetched: Path, kagsync: Kagsync, tmp_path: Path
) -> None:
    (tmp_path / "precious.csv").write_text("precious")

    ran = kagsync("cleanup", str(fetched.parent / ".." / ".." / ".." / "precious.csv"))

    assert ran.code == 2
    assert (tmp_path / "precious.csv").read_text() == "precious"


def test_a_link_in_a_run_folder_takes_nothing_with_it(
    fetched: Path, kagsync: Kagsync, tmp_path: Path
) -> None:
    (tmp_path / "precious.csv").write_text("precious")
    (fetched.parent / "link.csv").symlink_to(tmp_path / "precious.csv")

    kagsync("cleanup", str(fetched.parent / "link.csv"))
    kagsync("cleanup", str(fetched))

    assert (tmp_path / "precious.csv").read_text() == "precious"


def test_a_foreign_file_in_the_folder_stays_with_the_folder(fetched: Path, kagsync: Kagsync) -> None:
    (fetched.parent / "notes.txt").write_text("precious")

    ran = kagsync("cleanup", str(fetched))

    assert ran.code == 0
    assert "WARNING kagsync: " in ran.err
    assert not fetched.exists()
    assert (fetched.parent / "notes.txt").read_text() == "precious"


def test_a_csv_that_somebody_put_beside_the_fetched_one_stays(fetched: Path, kagsync: Kagsync) -> None:
    # "It only ever deletes what kagsync itself made."
    (fetched.parent / "my-analysis.csv").write_text("precious")

    kagsync("cleanup", str(fetched))

    assert not fetched.exists()
    assert (fetched.parent / "my-analysis.csv").read_text() == "precious"


def test_a_cleanup_of_everything_keeps_what_was_fetched_today(
    fetched: Path, kagsync: Kagsync, settings: Settings
) -> None:
    out = kagsync.ok("cleanup")

    assert out == "Removed 0 abandoned folders; kept 1 that kagsync fetch made within the last day\n"
    assert fetched.exists()


@pytest.mark.fixed_port
def test_the_csv_of_a_fetch_at_work_stays_and_the_message_names_its_folder(
    kaggle: KaggleServer, kagsync: Kagsync, settings: Settings
) -> None:
    with fetching(kaggle, kagsync, "titanic"):
        (folder,) = settings.temp_data.iterdir()
        csv = folder / "board.csv"
        run_folder.claim(csv)
        csv.write_text("half")

        ran = kagsync("cleanup", str(csv))
    assert csv.exists()
    assert folder.name in ran.err, ran
    assert "in use" in ran.err
