"""No command's work grows faster than what it handles: people, competitions, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world import many
from world.boards import board_csv, board_name, many_teams
from world.database import execute
from world.work import Work, counted

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

SIZE = {"people": 40, "competitions": 2, "changes": 6}
UNSEEN = 20  # people who were never on any board, each time as many more as there are more people


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """A database for each of what grows, once, twice and four times as large."""
    folder = tmp_path_factory.mktemp("growth")
    found = {}
    for what in SIZE:
        for times in (1, 2, 4):
            db = found[what, times] = folder / f"{what}-{times}.db"
            sizes = SIZE | {what: SIZE[what] * times}
            many.build(db, **sizes, unseen=UNSEEN * sizes["people"] // SIZE["people"])
    return found


@pytest.mark.parametrize("what", SIZE)
@pytest.mark.parametrize(
    "command",
    [
        "show",
        "show c1",
        "show c1 --by-group",
        "show --user user1",
        "missing c1",
        "status --max-age 9999d",
        "competitions list",
        "users list",
        "users add user1 user2",
        "report --output {folder}",
    ],
)
def test_work_grows_at_most_in_proportion(
    command: str,
    what: str,
    databases: dict[tuple[str, int], Path],
    kagsync: Kagsync,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = command.format(folder=tmp_path / "report").split()

    def work(times: int) -> Work:
        monkeypatch.setenv("KAGSYNC_DB", str(databases[what, times]))
        kagsync(*words)  # what is loaded once is loaded
        with counted() as found:
            assert kagsync(*words).code in (0, 1)
        return found

    one, two, four = work(1), work(2), work(4)
    for measure in ("python", "sqlite", "statements"):
        first, second, third = (getattr(found, measure) for found in (one, two, four))
        # In proportion, the second step is twice the first; with the square, four times.
        assert third - second <= 2.5 * max(second - first, 0) + 0.15 * first, (measure, first, second, third)


def test_the_work_for_an_older_board_does_not_grow_with_the_number_of_boards(
    kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = board_csv(many_teams(20))
    newest, older = (tmp_path / board_name("c1", f"2026-{month}-01T00:00:00") for month in ("09", "02"))
    for file in (newest, older):
        file.write_bytes(board)
    found = []
    for boards in (100, 400):
        db = tmp_path / f"{boards}.db"
        monkeypatch.setenv("KAGSYNC_DB", str(db))
        kagsync("competitions", "add", "c1", "--no-kaggle")
        kagsync("users", "add", *(f"user{n}" for n in range(1, 21)))
        assert kagsync("process", "c1", str(newest)).code == 0
        execute(
            db,
            f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {boards}) "
            "INSERT INTO snapshots (competition_id, moment, row_count, team_count, last_user_id) "
            "SELECT competition_id, moment - n * 3600, row_count, team_count, last_user_id FROM snapshots, n",
        )
        with counted() as work:
            assert kagsync("process", "c1", str(older)).code == 0
        found.append(work)
    few, many_boards = found
    assert many_boards.python <= 1.5 * few.python  # with a list of all boards, 2.5
    assert many_boards.sqlite <= 1.05 * few.sqlite + 200
