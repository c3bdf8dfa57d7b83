"""Real leaderboards, where they are at hand: kagsync makes of them what a plain script makes of them."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import re
import zipfile
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from world import database
from world.bench import Bench

from kagsync.store import Store
from kagsync.store.records import Counts
from kagsync.sync import fetch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Row = dict[str, str]
SLUG = "board"
HOMONYM = "xuezeshuo"  # a user on the titanic board of 2025, and the name of somebody else's team on it
BOARDS = (
    "titanic.zip",
    "MLSP2023-*.csv",
    "titanic-2020-10-*.csv",
    "spotoroo/*.csv",
    "playground/*.csv",
    "oldest/*.csv",
)


def paths(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    assert found, pattern
    return found


# The plain script: no pandas, nothing of kagsync


def rows_of(path: Path) -> list[Row]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            (name,) = archive.namelist()
            content = archive.read(name)
    else:
        content = path.read_bytes()
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [{name.strip(): cell for name, cell in row.items()} for row in rows]


def date_of(row: Row) -> datetime:
    """The submission of an old board's row, in the form of its time."""
    text = row["SubmissionDate"]
    form = "%m/%d/%Y %I:%M:%S %p" if "/" in text else "%Y-%m-%d %H:%M:%S"
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def sign_of(rows: list[Row]) -> int:
    """1 where the scores of all teams with several rows rise, -1 where they fall, 0 where none has them."""
    teams: dict[str, list[Row]] = {}
    for row in sorted(rows, key=date_of):
        teams.setdefault(row["TeamId"], []).append(row)
    scores = [[float(row["Score"]) for row in own] for own in teams.values()]
    steps = [step for of_team in scores for step in pairwise(of_team)]
    signs = {1 if later > earlier else -1 for earlier, later in steps if later != earlier}
    assert len(signs) < 2
    return signs.pop() if signs else 0


def members_of(row: Row) -> list[str]:
    return [part.strip().lower() for part in row.get("TeamMemberUserNames", "").split(",") if part.strip()]


def teams_of(rows: list[Row]) -> list[Row]:
    """The rows that may be somebody's, each with a Rank: an old board's are the latest of each team."""
    if not rows or "Rank" in rows[0]:
        return [row for row in rows if row["Rank"] != "0"]
    latest: dict[str, Row] = {}
    for row in rows:
        if row["TeamId"] not in latest or date_of(row) >= date_of(latest[row["TeamId"]]):
            latest[row["TeamId"]] = row
    teams = [row for row in rows if latest[row["TeamId"]] is row]
    scores = [float(row["Score"]) for row in rows]
    ordered = len(set(scores)) > 1 and scores in (sorted(scores), sorted(scores, reverse=True))
    if not ordered and (sign := sign_of(rows)):
        ordered = True
        teams.sort(key=lambda row: (-sign * float(row["Score"]), date_of(row), row["TeamId"]))
    return [{**row, "Rank": str(i) if ordered else ""} for i, row in enumerate(teams, start=1)]


def matched(rows: list[Row], roster: list[str]) -> dict[str, Row]:
    """The rule of the contract, as simply as it can be written."""
    people = set(roster)
    claims: dict[str, list[tuple[bool, int, int, Row]]] = {}
    for row in teams_of(rows):
        tracked = people.intersection(members_of(row))
        for user in tracked or people.intersection([row["TeamName"]]):
            rank = int(row["Rank"]) if row["Rank"] else 10**9
            claims.setdefault(user, []).append((not tracked, rank, int(row["TeamId"]), row))
    return {user: min(found, key=lambda claim: claim[:3])[3] for user, found in claims.items()}


def benchmarks_of(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.get("Rank") == "0"]


def roster_of(rows: list[Row], every: int) -> list[str]:
    """Some people of a board: the members of each n-th team, or else its name, if it is like a username."""
    people = []
    for row in rows[::every]:
        people += members_of(row) or [row["TeamName"]]
    return sorted({name for name in people if re.fullmatch(r"[a-z0-9_-]+", name)})


# kagsync


class Loading(Bench):
    """A bench for files."""

    def load(self, path: Path) -> Counts:
        fetched = fetch.from_file(
            path, self.own_folder(), self.store.competitions.get(SLUG), accept_name=True
        )
        return self.process(fetched).counts

    def told(self) -> tuple[list[Any], list[Any]]:
        return self.look("SELECT * FROM leaderboard"), self.look("SELECT * FROM history")


@contextlib.contextmanager
def bench(folder: Path, roster: Iterable[str]) -> Iterator[Loading]:
    folder.mkdir(exist_ok=True)
    database.empty(folder / "k.db")
    with Store.open(folder / "k.db", folder / "locks") as store:
        opened = Loading(store, folder, SLUG)
        opened.track(*roster)
        yield opened


@pytest.mark.parametrize("pattern", BOARDS)
def test_every_board_is_matched_as_by_a_plain_script(real_boards: Path, tmp_path: Path, pattern: str) -> None:
    for path in paths(real_boards, pattern):
        rows = rows_of(path)
        roster = roster_of(rows, every=max(len(rows) // 200, 1))
        expected = matched(rows, roster)
        assert expected
        with bench(tmp_path / path.stem, roster) as loaded:
            counts = loaded.load(path)
            teams = {int(row["TeamId"]) for row in expected.values()}
            assert counts == Counts(len(rows), len(teams), 0, len(rows) - len(teams), 0), path.name
            entries = loaded.look(
                "SELECT username, rank, score, score_text, kaggle_team_name, team_id, submission_count, "
                "left_at FROM leaderboard ORDER BY username"
            )
            assert entries == [
                (
                    user,
                    int(row["Rank"]) if row["Rank"] else None,
                    float(row["Score"]) if row["Score"] else None,
                    row["Score"] or None,
                    row["TeamName"],
                    int(row["TeamId"]),
                    int(row["SubmissionCount"]) if "SubmissionCount" in row else None,
                    None,
                )
                for user, row in sorted(expected.items())
            ], path.name
            figures = loaded.look("SELECT row_count, team_count FROM competitions")
            assert figures == [(len(rows), len(teams_of(rows)))]
            marks = loaded.look("SELECT name, score_text FROM benchmarks ORDER BY rowid")
            assert marks == [(row["TeamName"], row["Score"] or None) for row in benchmarks_of(rows)]


def test_a_user_has_the_rank_of_the_team_they_are_in_not_of_the_one_called_like_them(
    real_boards: Path, tmp_path: Path
) -> None:
    rows = rows_of(real_boards / "titanic.zip")
    (own,) = [row for row in rows if HOMONYM in members_of(row)]
    (called,) = [row for row in rows if row["TeamName"] == HOMONYM]
    assert own["Rank"] != called["Rank"]
    with bench(tmp_path / "club", [HOMONYM]) as loaded:
        assert loaded.load(real_boards / "titanic.zip") == Counts(len(rows), 1, 0, len(rows) - 1, 0)
        entries = loaded.look("SELECT rank, team_id, kaggle_team_name, matched_by FROM leaderboard")
    assert entries == [(int(own["Rank"]), int(own["TeamId"]), own["TeamName"], "username")]


def test_the_member_of_the_homonymous_team_and_its_namesake_are_told_apart(
    real_boards: Path, tmp_path: Path
) -> None:
    rows = rows_of(real_boards / "titanic.zip")
    (called,) = [row for row in rows if row["TeamName"] == HOMONYM]
    with bench(tmp_path / "club", [HOMONYM, *members_of(called)]) as loaded:
        loaded.load(real_boards / "titanic.zip")
        ranks = dict(loaded.look("SELECT username, rank FROM leaderboard"))
    assert {ranks[name] for name in members_of(called)} == {int(called["Rank"])}
    assert ranks[HOMONYM] != int(called["Rank"])


def assert_any_order_is_as_good(
    snapshots: list[Path], roster: list[str], folder: Path, orders: int
) -> tuple[list[Any], list[Any]]:
    """Loads the snapshots in order, reversed and shuffled; what is told must be the same."""
    chance = random.Random(7)
    shuffled = [chance.sample(snapshots, len(snapshots)) for _ in range(orders)]
    told = []
    folder.mkdir()
    for i, order in enumerate((snapshots, snapshots[::-1], *shuffled)):
        with bench(folder / str(i), roster) as loaded:
            for path in order:
                loaded.load(path)
            told.append(loaded.told())
    assert all(each == told[0] for each in told)
    return told[0]


def expected_history(snapshots: list[Path], roster: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Each user's changes by the plain script: (rank, score, team, name, members, submissions) or (None,)."""
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in roster}
    before: dict[str, tuple[Any, ...] | None] = dict.fromkeys(roster)
    for path in snapshots:
        now = matched(rows_of(path), roster)
        for name in roster:
            row = now.get(name)
            state = row and (
                int(row["Rank"]) if row["Rank"] else None,
                float(row["Score"]) if row["Score"] else None,
                int(row["TeamId"]),
                row["TeamName"],
                ",".join(sorted(members_of(row))),
                int(row["SubmissionCount"]) if "SubmissionCount" in row else None,
            )
            if state != before[name]:
                found[name].append(state or (None,))
            before[name] = state
    return {name: changes for name, changes in found.items() if changes}


def told_history(rows: list[Any]) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for _, username, _, on_board, rank, _, score_text, name, team_id, members, count, *_ in rows:
        score = None if score_text is None else float(score_text)
        state = (rank, score, team_id, name, members, count) if on_board else (None,)
        found.setdefault(username, []).append(state)
    return found


@pytest.mark.long
def test_the_snapshots_of_a_class_tell_the_same_in_any_order(real_boards: Path, tmp_path: Path) -> None:
    snapshots = paths(real_boards, "spotoroo/*.csv")
    assert len(snapshots) == 20
    names = {row["TeamName"] for path in snapshots for row in rows_of(path)}
    roster = sorted(name for name in names if re.fullmatch(r"[a-z0-9_-]+", name))
    entries, history = assert_any_order_is_as_good(snapshots, roster, tmp_path / "clubs", orders=2)
    assert len(entries) == len(roster)
    assert told_history(history) == expected_history(snapshots, roster)


def test_the_snapshots_of_a_playground_tell_the_same_in_any_order(real_boards: Path, tmp_path: Path) -> None:
    snapshots = paths(real_boards, "playground/*.csv")
    assert len(snapshots) == 7
    everybody = sorted({name for path in snapshots for row in rows_of(path) for name in members_of(row)})
    # Those whose teams were renamed, merged or deleted, those who left, and some others.
    teams: dict[str, set[tuple[str, str]]] = {}
    boards = [matched(rows_of(path), everybody) for path in snapshots]
    for board in boards:
        for name, row in board.items():
            teams.setdefault(name, set()).add((row["TeamId"], row["TeamMemberUserNames"] + row["TeamName"]))
    lively = [name for name in everybody if len(teams[name]) > 1]
    leaving = [name for name in everybody if name in boards[0] and name not in boards[-1]]
    assert lively
    assert leaving
    roster = sorted({*lively, *leaving, *everybody[:: len(everybody) // 190]})
    entries, history = assert_any_order_is_as_good(snapshots, roster, tmp_path / "clubs", orders=2)
    assert [entry[1] for entry in entries] != []
    assert sorted(entry[1] for entry in entries) == roster  # nobody twice, nobody lost
    assert told_history(history) == expected_history(snapshots, roster)
    left = {entry[1] for entry in entries if entry[-3] is not None}
    assert left == set(roster) - set(boards[-1])


@pytest.mark.long
@pytest.mark.parametrize("pattern", BOARDS)
def test_a_benchmark_is_never_an_entry(real_boards: Path, tmp_path: Path, pattern: str) -> None:
    path = paths(real_boards, pattern)[-1]
    rows = rows_of(path)
    marks = benchmarks_of(rows)
    names = {name for row in marks for name in (row["TeamName"], *members_of(row))}
    elsewhere = {name for row in teams_of(rows) for name in (row["TeamName"], *members_of(row))}
    with bench(tmp_path / "club", names - elsewhere) as loaded:
        assert loaded.load(path).created == 0
        assert loaded.look("SELECT * FROM leaderboard") == []
        assert loaded.look("SELECT count(*) FROM benchmarks") == [len(marks)]
