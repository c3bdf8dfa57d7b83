"""A whole board from disk as a DataFrame, for notebooks. (`kagsync.history` is tested with the query.)"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import MODERN, Team, board_csv, board_name, board_zip, many_teams

import kagsync
from kagsync.board import sizes
from kagsync.errors import BadBoard, BadDownload, KagsyncError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

SLUG = "spaceship-titanic"
TYPES = {
    "rank": "Int64",
    "score": "float64",
    "score_text": "str",
    "team_id": "Int64",
    "kaggle_team_name": "str",
    "members": "object",
    "submission_count": "Int64",
    "submission_date": "datetime64[us, UTC]",
}
TEAMS = [
    Team(7, "The Team", ("zoe", "Alice"), "0.77510", submissions=3),
    Team(1, "Host", (), "0.7", rank=0),
    Team(2**63 - 1, "NaN", ("bob",), "", date="yesterday"),
]


def board(folder: Path, content: bytes | str, name: str = "board.csv") -> pd.DataFrame:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return kagsync.read_board(path)


def types(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in frame.dtypes.items()}


def rows(frame: pd.DataFrame) -> list[list[Any]]:
    """The rows, None for what is missing."""
    import pandas as pd

    def plain(value: Any) -> Any:
        return value if isinstance(value, list) or not pd.isna(value) else None

    return [[plain(value) for value in row] for row in frame.itertuples(index=False)]


def test_a_board_has_the_columns_of_the_history_and_their_types(tmp_path: Path) -> None:
    import pandas as pd

    frame = board(tmp_path, board_csv(TEAMS))
    day = pd.Timestamp("2025-10-30 12:00:00", tz="UTC")
    assert types(frame) == TYPES
    assert rows(frame) == [
        [1, 0.7751, "0.77510", 7, "The Team", ["alice", "zoe"], 3, day],
        [0, 0.7, "0.7", 1, "Host", [], 1, day],
        [2, None, None, 2**63 - 1, "NaN", ["bob"], 1, None],
    ]
    assert list(frame[frame["rank"] != 0]["kaggle_team_name"]) == ["The Team", "NaN"]


def test_a_zip_as_kaggle_sends_it_is_read_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv, scratch = board_csv(TEAMS), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    frame = board(tmp_path, board_zip(SLUG, csv), f"{SLUG}.zip")
    assert frame.equals(board(tmp_path, csv))
    assert frame.attrs == {"competition": SLUG, "snapshot_at": "2025-10-31T16:26:26Z"}
    assert not list(scratch.iterdir())
    with pytest.raises(KagsyncError):
        board(tmp_path, board_zip(SLUG, b"Rank,Score\n"), f"{SLUG}.zip")
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    ("name", "attrs"),
    [
        (board_name(SLUG).replace(":", "-"), {"competition": SLUG, "snapshot_at": "2025-10-31T16:26:26Z"}),
        (board_name(SLUG, ""), {"competition": SLUG}),
        ("2025-10-31T162626Z.csv", {"snapshot_at": "2025-10-31T16:26:26Z"}),
        ("board.csv", {}),
    ],
)
def test_what_the_name_of_a_file_tells_is_in_attrs(tmp_path: Path, name: str, attrs: dict[str, str]) -> None:
    frame = board(tmp_path, board_csv(TEAMS), name)
    assert frame.attrs == attrs
    assert json.loads(json.dumps(frame.attrs)) == attrs  # or `to_parquet` would fail


def test_an_old_board_has_ranks_where_they_can_be_computed(tmp_path: Path) -> None:
    teams = [Team(1, "a", score="0.5"), Team(2, "b", score="0.9"), Team(3, "c", score="0.7")]
    frame = board(tmp_path, board_csv(sorted(teams, key=lambda team: team.score), old=True))
    assert types(frame) == TYPES
    assert list(frame["rank"]) == [1, 2, 3]
    assert list(frame["members"]) == [[], [], []]
    unordered = board(tmp_path, board_csv(teams, old=True))
    assert unordered["rank"].isna().all()
    assert types(unordered) == TYPES
    told = kagsync.read_board(tmp_path / "board.csv", higher_is_better=True)
    assert list(told["rank"]) == [3, 1, 2]


@pytest.mark.parametrize("old", [False, True], ids=["modern", "old"])
def test_an_empty_board_keeps_its_columns_and_types(tmp_path: Path, old: bool) -> None:
    frame = board(tmp_path, board_csv([], old=old))
    assert len(frame) == 0
    assert types(frame) == TYPES


def test_a_column_without_a_legible_cell_keeps_its_type(tmp_path: Path) -> None:
    frame = board(tmp_path, f"{MODERN}\n1,7,a,never,,many,alice\n")
    assert types(frame) == TYPES
    assert rows(frame) == [[1, None, None, 7, "a", ["alice"], None, None]]


def test_all_pieces_of_a_large_board_are_there(tmp_path: Path) -> None:
    teams = many_teams(1744)
    frame = board(tmp_path, board_csv(teams))
    assert list(frame["team_id"]) == [team.team_id for team in teams]
    assert list(frame["rank"]) == list(range(1, 1745))


def test_what_is_no_board_is_an_error_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(kind: type[KagsyncError], content: bytes, name: str = "board.csv") -> str:
        with pytest.raises(kind) as caught:
            board(tmp_path, content, name)
        assert caught.value.remedy
        return str(caught.value)

    assert "no cell of the column Rank" in refused(BadBoard, f"{MODERN}\nx,1,a,,0.5,1,b\n".encode())
    assert "more than once" in refused(BadBoard, board_csv([Team(1, "a"), Team(1, "b")]))
    assert "Unpack it" in refused(BadDownload, b"PK\x03\x04 and no more", "board.zip")
    assert "a path in its name" in refused(BadDownload, board_zip("../x", board_csv(TEAMS)), "board.zip")
    with pytest.raises(UsageError, match="cannot read"):
        kagsync.read_board(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="not a file"):
        kagsync.read_board(str(tmp_path))
    monkeypatch.setattr(sizes, "MAX_ROWS", 2)
    assert "3 rows" in refused(BadBoard, board_csv(TEAMS))


def test_a_file_that_may_not_be_read_is_an_error_too(tmp_path: Path, rights_bind: None) -> None:
    (tmp_path / "board.csv").touch(mode=0)
    with pytest.raises(UsageError, match="cannot read"):
        kagsync.read_board(tmp_path / "board.csv")


def test_to_import_the_package_is_not_to_import_pandas() -> None:
    code = "import kagsync, sys; print(sorted({'pandas', 'numpy', 'rich', 'plotille'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_reading_a_board_leaves_the_limits_of_the_csv_module_alone(tmp_path: Path) -> None:
    file = tmp_path / "titanic.csv"
    file.write_bytes(board_csv(many_teams(3)))
    limit = csv.field_size_limit(5_000)
    try:
        kagsync.read_board(file)
        assert csv.field_size_limit() == 5_000
    finally:
        csv.field_size_limit(limit)
