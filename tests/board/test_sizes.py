"""What is larger than anything real is refused by name, before it fills the memory or the database."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from test_archive import packed
from world.boards import MODERN, OLD, Team, board_csv, board_name
from world.running import limited, needs_limits

from kagsync.board import archive, header, sizes
from kagsync.board.reader import open_board
from kagsync.board.summary import BoardSummary
from kagsync.errors import BadBoard, BadDownload
from kagsync.standings.facts import CompetitionFacts
from kagsync.tracking.competitions import _save_facts

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store.records import Competition

SLUG = "titanic"


@pytest.fixture
def club(kagsync: Kagsync) -> Kagsync:
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "alice")
    return kagsync


@pytest.mark.long
@needs_limits
def test_a_team_name_of_100_mb_is_refused_in_a_line_and_80_mb_of_memory(
    club: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / board_name(SLUG)
    with path.open("w") as file:
        file.write(f"{MODERN}\n1,1,")
        for _ in range(100):
            file.write("x" * 1_000_000)
        file.write(",2025-10-30 12:00:00,0.5,1,alice\n")
    ran = limited(80, "process", SLUG, str(path))

    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "ERROR kagsync: TeamName in row 2 has 100,000,000 characters, and at most 4,096 are read. "
        "Get the board from Kaggle again: its own cells have less than 100 characters"
    ]
    assert settings.db.stat().st_size < 1_000_000


def test_the_number_of_rows_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "MAX_ROWS", 3)
    monkeypatch.setattr(sizes, "MAX_OLD_ROWS", 2)
    path = tmp_path / "board.csv"

    path.write_bytes(board_csv([Team(i, f"T{i}") for i in range(3)]))
    assert header.count_rows(path) == 3
    path.write_bytes(board_csv([Team(i, f"T{i}") for i in range(4)]))
    with pytest.raises(BadBoard, match="the board has 4 rows, and at most 3 are read"):
        header.count_rows(path)
    path.write_bytes(board_csv([Team(i, f"T{i}") for i in range(3)], old=True))
    with pytest.raises(BadBoard, match="the board has 3 rows, and at most 2 are read"):
        header.count_rows(path)


@pytest.mark.parametrize("command", ["process", "sync"])
def test_each_way_in_has_the_limit(
    command: str, club: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "MAX_ROWS", 3)
    path = tmp_path / board_name(SLUG)
    path.write_bytes(board_csv([Team(i, f"T{i}") for i in range(4)]))

    words = ["process", SLUG, str(path)] if command == "process" else ["sync", SLUG, "--from", str(path)]
    ran = club(*words)

    assert ran.code == 1
    assert "4 rows" in ran.err


def test_a_csv_by_hand_has_the_limit_of_an_unpacked_one(
    club: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / board_name(SLUG)
    path.write_bytes(board_csv([Team(1, "A")]))
    monkeypatch.setattr(archive, "MAX_UNPACKED", 100)

    assert "larger than" in club("process", SLUG, str(path)).err


@pytest.mark.parametrize(
    ("cell", "length"),
    [
        ("x" * 5000, 5000),
        ("🚀" * 5000, 5000),
        ('"' + "x," * 2500 + '"', 5000),
        ('"' + '""' * 5000 + '"', 5000),
        ('"' + "x\n" * 2500 + '"', 5000),
        ("x" * 3_000_000, 3_000_000),
    ],
    ids=["plain", "wide", "commas", "quotes", "lines", "several pieces"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_cell_is_found_wherever_it_stands(cell: str, length: int, end: str, tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    rows = [f'{i},{i},"A, ""B""",2025-10-30 12:00:00,0.5,1,"a,b"' for i in range(1, 4)]
    path.write_bytes(
        end.join([MODERN, *rows, f'4,4,"C, ""D""",2025-10-30 12:00:00,0.5,1,{cell}', *rows]).encode()
    )

    with pytest.raises(BadBoard, match=f"^TeamMemberUserNames in row 5 has {length:,} characters"):
        header.count_rows(path)


@examples(max_examples=300, deadline=None)
@given(st.text('",\n\rab', max_size=30), st.integers(1, 4))
@example('"a"b\n,', 1)
@example('"abc"x\r\nno comma after that', 2)
def test_cells_are_measured_as_the_csv_module_reads_them(text: str, piece: int) -> None:
    csv.field_size_limit(100_000)
    row = next(csv.reader(io.StringIO(text, newline="")), [])
    long = [(index, len(cell)) for index, cell in enumerate(row) if len(cell) > 3]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "_PIECE", piece)
        patch.setattr(sizes, "MAX_CELL", 3)
        index, length, _ = sizes._measure(io.StringIO(text, newline=""))
    if long:
        assert (index, length) == long[0]


def test_an_archive_is_bounded_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "board.zip"
    path.write_bytes(packed(*((f"{i}.txt", b"") for i in range(archive.MAX_MEMBERS + 1))))
    with pytest.raises(BadDownload, match="more than 1000 files"):
        archive.extract_csv(path, tmp_path)

    monkeypatch.setattr(archive, "MAX_PACKED", 100)
    with pytest.raises(BadDownload, match="larger than"):
        archive.extract_csv(path, tmp_path)


def test_a_name_of_64_kb_in_an_archive_is_cut_in_messages_and_names(tmp_path: Path) -> None:
    path = tmp_path / "board.zip"
    path.write_bytes(packed(("a/" + "x" * 60_000 + ".csv", b"")))
    with pytest.raises(BadDownload) as raised:
        archive.extract_csv(path, tmp_path)
    assert len(str(raised.value)) < 600

    path.write_bytes(packed(("x" * 60_000 + ".csv", OLD.encode())))
    assert len(archive.extract_csv(path, tmp_path).path.name) < 255


def test_names_benchmarks_and_deleted_accounts_of_a_board_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    path.write_bytes(board_csv([Team(i, f"Benchmark {i}", rank=0) for i in range(150)]))
    board = open_board(path)
    assert sum(len(rows.ranks) for rows in board.pieces) == 150
    assert len(board.summary.benchmarks) == 100

    summary = BoardSummary()
    for i in range(100_005):
        summary.add_deleted(f"del={i}", i)
    assert len(summary.deleted) == 100_000


def test_what_kaggle_says_of_a_competition_is_cut(club: Kagsync, store: object) -> None:
    facts = CompetitionFacts("t" * 10_000, None, "m" * 10_000)
    competition: Competition = store.competitions.get(SLUG)  # type: ignore[attr-defined]
    with store.writing() as write:  # type: ignore[attr-defined]
        _save_facts(write, competition, facts)
    competition = store.competitions.get(SLUG)  # type: ignore[attr-defined]
    assert len(str(competition.title)) == len(str(competition.metric)) == 500


@pytest.mark.parametrize(
    "words",
    [
        ["users", "add", "bob", "--name", "x" * 1001],
        ["users", "add", "bob", "--group", "x" * 1001],
        ["competitions", "add", "other", "--no-kaggle", "--title", "x" * 1001],
        ["report", "--title", "x" * 1001],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_a_name_that_people_type_is_bounded(words: list[str], club: Kagsync) -> None:
    ran = club(*words)
    assert ran.code == 2
    assert "has 1,001 characters. Use at most 1,000" in ran.err
    assert len(ran.err) < 200


def test_a_list_of_users_is_bounded(club: Kagsync, tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text(f"username,name\nbob,{'x' * 1001}\n")
    ran = club("users", "import", str(path))
    assert ran.code == 2
    assert "line 2: a cell has 1,001 characters, but 1,000" in ran.err

    path.write_text("bob\n" * 6_000_000)
    ran = club("users", "import", str(path))
    assert ran.code == 2
    assert "too large" in ran.err
