"""Phase 1: a board becomes a checked CSV in a folder of its own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv, board_name, board_zip, many_teams
from world.kaggle_server import Answer, html, kaggle_error, not_a_zip
from world.running import run, untracked

from kagsync.board import header
from kagsync.errors import BadBoard, BadDownload, UsageError
from kagsync.kaggle import client
from kagsync.sync import fetch

if TYPE_CHECKING:
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

SLUG = "spaceship-titanic"
COMPETITION = untracked(SLUG)
BOARD = board_csv(many_teams(1744))
CSV_NAME = "spaceship-titanic-publicleaderboard-2025-10-31_T_16_26_26.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def tracked(kaggle: KaggleServer, kagsync: Kagsync) -> KaggleServer:
    """A Kaggle with a board, and its competition tracked."""
    kaggle.competition(SLUG)
    kaggle.board(SLUG, BOARD)
    kagsync.ok("competitions", "add", SLUG)
    return kaggle


def test_a_board_from_kaggle_is_a_csv_and_the_zip_is_gone(kaggle: KaggleServer, folder: Path) -> None:
    kaggle.board("titanic-on-kaggle", BOARD)
    linked = COMPETITION._replace(kaggle_competition_id="titanic-on-kaggle")

    fetched = fetch.from_kaggle(client.connect()(), linked, folder)

    assert [path for path in folder.iterdir() if not path.name.startswith(".")] == [fetched.csv]
    assert fetched.csv.read_bytes() == BOARD
    assert fetched.sha256 == hashlib.sha256(BOARD).hexdigest()
    assert fetched.rows == 1744
    assert fetched.snapshot_at == datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)


def test_the_rows_of_the_last_board_are_not_counted_again_and_those_of_another_are(
    kaggle: KaggleServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Path] = []

    def count_rows(path: Path) -> int:
        counted.append(path)
        return 5

    monkeypatch.setattr(header, "count_rows", count_rows)
    for sha256, rows, times_counted in (
        (hashlib.sha256(BOARD).hexdigest(), 1744, 0),
        (hashlib.sha256(b"another").hexdigest(), 5, 1),
    ):
        kaggle.board(SLUG, BOARD)
        folder_of_run = folder / sha256[:8]
        folder_of_run.mkdir()
        known = COMPETITION._replace(fingerprint=f"{sha256}:1", row_count=1744)
        assert fetch.from_kaggle(client.connect()(), known, folder_of_run).rows == rows
        assert len(counted) == times_counted


def test_a_name_without_a_time_counts_as_made_now(kaggle: KaggleServer, folder: Path) -> None:
    kaggle.board(SLUG, BOARD, when="")
    before = datetime.now(UTC).replace(microsecond=0)

    fetched = fetch.from_kaggle(client.connect()(), COMPETITION, folder)

    assert before <= fetched.snapshot_at <= datetime.now(UTC)


@pytest.mark.parametrize("name", [f"{SLUG}.zip", "board.csv", "no-suffix"])
def test_a_zip_from_disk_is_known_by_its_content(folder: Path, tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    source.write_bytes(board_zip(SLUG, BOARD))

    fetched = fetch.from_file(source, folder, COMPETITION)

    assert (fetched.csv, fetched.rows) == (folder / CSV_NAME, 1744)
    assert source.exists()


@pytest.mark.parametrize("stamp", ["T05:46:25", "_T_05_46_25", "T05_46_25", "T054625", "T05-46-25"])
def test_a_csv_from_disk_is_copied_and_its_time_read_in_each_way_of_writing(
    folder: Path, tmp_path: Path, stamp: str
) -> None:
    source = tmp_path / f"{SLUG}-publicleaderboard-2025-10-31{stamp}.csv"
    source.write_bytes(BOARD)

    fetched = fetch.from_file(source, folder, COMPETITION)

    assert fetched.snapshot_at == datetime(2025, 10, 31, 5, 46, 25, tzinfo=UTC)
    assert fetched.csv.parent == folder
    assert source.read_bytes() == fetched.csv.read_bytes() == BOARD


def test_a_csv_without_any_time_is_as_old_as_its_file(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "board.csv"
    source.write_bytes(board_csv([Team(7, "a", ("alice",), date="")]))
    os.utime(source, (1_700_000_000, 1_700_000_000))

    assert fetch.from_file(source, folder, COMPETITION).snapshot_at.timestamp() == 1_700_000_000
    assert fetch.in_place(source, COMPETITION).snapshot_at.timestamp() == 1_700_000_000


def test_a_csv_in_place_stays_and_has_the_same_hash(tmp_path: Path) -> None:
    source = tmp_path / board_name(SLUG)
    source.write_bytes(BOARD)

    fetched = fetch.in_place(source, COMPETITION)

    assert fetched.csv == source
    assert fetched.sha256 == hashlib.sha256(BOARD).hexdigest()


def test_what_cannot_be_read_is_a_usage_error(folder: Path, tmp_path: Path) -> None:
    for source in (tmp_path / "none.csv", tmp_path, Path("\0")):
        for take in (
            lambda s: fetch.from_file(s, folder, COMPETITION),
            lambda s: fetch.in_place(s, COMPETITION),
            fetch.is_zip,
        ):
            with pytest.raises(UsageError, match="cannot read"):
                take(source)


def test_a_zip_that_holds_no_board_is_refused(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "board.zip"
    source.write_bytes(b"PK\x03\x04 not really")

    with pytest.raises(BadDownload):
        fetch.from_file(source, folder, COMPETITION)


def test_a_csv_that_is_none_is_refused_or_empty(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "board.csv"
    for content in (b"", b"\0\0\0", b"\xff\xfe", b'"', b"\n\n\n"):
        source.write_bytes(content)
        with contextlib.suppress(BadBoard):
            assert fetch.from_file(source, folder, COMPETITION).rows == 0


# The command


@pytest.mark.fixed_port
def test_stdout_is_the_path_and_nothing_else(tracked: KaggleServer, settings: Settings) -> None:
    ran = run("fetch", SLUG)

    path = Path(ran.out.removesuffix("\n"))
    assert (ran.code, ran.out) == (0, f"{path}\n")
    assert ran.err == "INFO kagsync: Downloaded complete leaderboard: 1744 entries\n"
    assert path.read_bytes() == BOARD
    assert path.name == CSV_NAME
    assert path.parent.parent == settings.temp_data
    assert re.fullmatch(r"spaceship-titanic_\d{8}T\d{6}", path.parent.name)
    assert sorted(p.suffix for p in path.parent.iterdir() if not p.name.startswith(".")) == [".csv"]


def test_quiet_still_prints_the_path(tracked: KaggleServer, kagsync: Kagsync) -> None:
    ran = kagsync("fetch", SLUG, "-q")

    assert Path(ran.out.strip()).is_file()
    assert ran.err == ""


def test_two_fetches_get_two_folders(tracked: KaggleServer, kagsync: Kagsync) -> None:
    first, second = kagsync.ok("fetch", SLUG), kagsync.ok("fetch", SLUG)

    assert Path(first.strip()).parent != Path(second.strip()).parent
    assert Path(first.strip()).is_file()


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (html(), 1, "a web page"),
        (not_a_zip(), 1, "not a ZIP"),
        (Answer(body=board_zip(SLUG, BOARD)[:-100]), 1, "not a ZIP"),
        (kaggle_error(401, "x"), 3, "refused the credentials"),
        (kaggle_error(403, "x"), 1, "Accept the rules"),
        (kaggle_error(404, "x"), 1, "does not know the competition"),
    ],
)
def test_a_failed_fetch_leaves_no_folder_and_prints_no_path(
    tracked: KaggleServer, kagsync: Kagsync, settings: Settings, answer: Answer, code: int, words: str
) -> None:
    tracked.answer(SLUG, answer)

    ran = kagsync("fetch", SLUG)

    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
    assert list(settings.temp_data.iterdir()) == []


def test_a_competition_that_is_not_linked_is_not_fetched(kagsync: Kagsync, kaggle: KaggleServer) -> None:
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")

    ran = kagsync("fetch", SLUG)

    assert ran.code == 2
    assert "not linked to Kaggle" in ran.err
    assert kaggle.downloads() == []
