"""No command's work grows faster than what it handles: people, competitions, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world import many
from world.boards import Team, board_csv, board_name, many_teams
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


@pytest.mark.long
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
        pytest.param("report --output {folder}", marks=pytest.mark.long),
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

    check_growth(command, work(1), work(2), work(4))


def check_growth(command: str, one: Work, two: Work, four: Work) -> None:
    """Asserts that the work for what is once, twice and four times as large grows at most in proportion."""
    for measure in ("python", "sqlite", "statements"):
        first, second, third = (getattr(found, measure) for found in (one, two, four))
        # In proportion, the second step is twice the first; with the square, four times.
        figures = (command, measure, first, second, third)
        assert third - second <= 2.5 * max(second - first, 0) + 0.15 * first, figures


def _class(folder: Path, people: int, teams: int) -> tuple[Path, Path]:
    """A list of people, half of whom are known by a pattern with their student id, and a board.

    Every second team on the board is that of somebody on the list, as far as there are people.
    """
    listed = folder / f"{people}.csv"
    lines = [
        f"Name {n},{',/group {id}/' if n % 2 else f'user{n},'},{10_000 + n},class {n % 20}"
        for n in range(people)
    ]
    listed.write_text("\n".join(["name,username,team,student id,group", *lines]), encoding="utf-8")
    rows = []
    for n in range(teams):
        if n % 2:
            rows.append(Team(n + 1, f"A team of {n} strangers", (f"stranger{n}",)))
        else:
            rows.append(Team(n + 1, f"Group {10_000 + n // 2}", (f"user{n // 2}",)))
    board = folder / board_name("c1", "2026-09-01T00:00:00")
    board.write_bytes(board_csv(rows))
    return listed, board


@pytest.mark.long
@pytest.mark.parametrize(
    "more",
    [*(pytest.param(each, marks=pytest.mark.long) for each in ("people", "teams")), "people and teams"],
)
def test_the_work_for_a_list_of_people_grows_at_most_in_proportion(
    more: str, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {}
    for times in (0, 1, 2, 4):  # 0: to load what is loaded once
        folder = tmp_path / str(times)
        folder.mkdir()
        people, teams = (60 * (times or 1) if what in more else 60 for what in ("people", "teams"))
        places[times] = folder / "kagsync.db", *_class(folder, people, teams)

    def work(times: int, command: str) -> Work:
        db, listed, board = places[times]
        words = [word.format(list=listed, board=board) for word in command.split()]
        monkeypatch.setenv("KAGSYNC_DB", str(db))
        with counted() as found:
            assert kagsync(*words).code == 0
        return found

    for command in (
        "competitions add c1 --no-kaggle",
        "users import {list}",  # everybody is new
        "process c1 {board}",
        "users import {list}",  # nothing is new
        "users import {list} --dry-run",
        "process c1 {board} --force",
        "show c1",
        "show c1 --format json",
        "missing c1",
        "users export",
    ):
        _, one, two, four = (work(times, command) for times in places)
        check_growth(command, one, two, four)


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
