"""Pairs of a public and a private board, in any order: the ranks are right, and never mixed.

The figures: `python -m pytest -m "long or not long" -n 0 -s tests/sync/test_two_boards.py`.
"""

from __future__ import annotations

import csv
import io
import itertools
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import Team, board_csv, board_name, many_teams
from world.clocked import DEADLINE, Clocked
from world.database import ask

from kagsync import clock
from kagsync.standings import ranks
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from world.club import Club
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

TIMES = {
    "public, older": DEADLINE - timedelta(days=1),
    "public, newer": DEADLINE,
    "private, older": DEADLINE + timedelta(days=2),
    "private, newer": DEADLINE + timedelta(days=5),
}
# What is not the same in any order for good reasons: ids, which file a board came from, and when it came.
TABLES = {
    "leaderboard": "*",
    "private_leaderboard": "*",
    "history": "*",
    "private_history": "*",
    **dict.fromkeys(
        ["snapshots", "private_snapshots"],
        "moment, row_count, team_count, last_user_id, sha256, unchanged, best_score, "
        "(SELECT content FROM benchmark_sets WHERE id = benchmark_set)",
    ),
    **dict.fromkeys(["benchmarks", "private_benchmarks"], "name, score, score_text, place"),
    **dict.fromkeys(["medal_lines", "private_medal_lines"], "medal, rank, score"),
    **dict.fromkeys(["deleted_accounts", "private_deleted_accounts"], "member, team_id, moment"),
    "private_boards": "*",
    "board_ranks": "*",
    "board_names": "*",
    "competitions": "snapshot_at, row_count, team_count, fingerprint, inferred_higher_is_better",
}


def boards(count: int) -> dict[str, bytes]:
    """Two public and two private boards of so many teams; cheaters are removed from each."""
    chance = random.Random(count)
    public = many_teams(count, seed=count)
    public[0] = replace(public[0], members=("user0", f"del={count:016x}"))
    private = [replace(team, score=f"{float(team.score) + chance.gauss(-0.03, 0.02):.5f}") for team in public]
    private.sort(key=lambda team: float(team.score), reverse=True)
    cheaters = set(chance.sample(public, max(count // 100, 2)))
    fair = {team.team_id for team in public} - {team.team_id for team in cheaters}
    host = Team(1, "Benchmark", score="0.6", rank=0)

    def board(teams: list[Team], *, without_cheaters: bool = False) -> bytes:
        return board_csv([host, *(team for team in teams if not without_cheaters or team.team_id in fair)])

    return {
        "public, older": board([replace(team, submissions=1) for team in public[::2]]),
        "public, newer": board(public),
        "private, older": board(private),
        "private, newer": board(private, without_cheaters=True),
    }


def plainly(content: bytes, people: Iterable[str]) -> dict[str, int]:
    """The rank of each person by the CSV alone."""
    found = {}
    for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"))):
        for member in row["TeamMemberUserNames"].split(","):
            if row["Rank"] != "0":
                found[member] = int(row["Rank"])
    return {person: found[person] for person in people if person in found}


def content(db: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that boards leave in a database."""
    return {
        table: sorted(ask(db, f"SELECT {columns} FROM {table}"), key=repr)
        for table, columns in TABLES.items()
    }


def wrong(found: dict[str, int | None], expected: dict[str, int]) -> int:
    return sum(found.get(name) != expected.get(name) for name in found.keys() | expected.keys())


def wrong_in_all(db: Path, board: str, csv_content: bytes) -> int:
    """How many of the ranks of all teams, which are stored packed, are not those of the CSV."""
    ((packed,),) = ask(db, "SELECT packed FROM board_ranks WHERE board = ?", board)
    rows = csv.DictReader(io.StringIO(csv_content.decode("utf-8-sig")))
    expected = {int(row["TeamId"]): int(row["Rank"]) for row in rows}
    found = ranks.unpack(packed)
    return sum(found.get(key) != expected.get(key) for key in found.keys() | expected.keys())


@pytest.mark.long
@pytest.mark.parametrize(
    ("teams", "people", "orders", "syncs"),
    [
        (29, 23, 24, False),
        (29, 23, 24, True),
        (1744, 60, 24, False),
        (1744, 60, 6, True),
        (20_000, 200, 6, False),
        (20_000, 200, 2, True),
        pytest.param(1744, 60, 24, True, marks=pytest.mark.soak),
        pytest.param(20_000, 200, 24, False, marks=pytest.mark.soak),
        pytest.param(20_000, 200, 24, True, marks=pytest.mark.soak),
    ],
)
def test_two_boards_in_any_order_give_the_same_database(
    teams: int,
    people: int,
    orders: int,
    syncs: bool,
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = boards(teams)
    chance = random.Random(teams)
    ours = [f"user{number}" for number in chance.sample(range(teams), people)]
    club = Clocked(kagsync, settings, tmp_path, kaggle, monkeypatch)
    club.ends()
    if syncs:
        kaggle.board(club.slug, pair["public, newer"], clock.iso(DEADLINE).removesuffix("Z"))
        kaggle.private(club.slug, pair["private, newer"])
        kaggle.hosts = True
    files = {}
    for name, at in TIMES.items():
        kind = PUBLIC if name.startswith(PUBLIC) else PRIVATE
        files[name] = tmp_path / board_name(club.slug, clock.iso(at).removesuffix("Z"), kind)
        files[name].write_bytes(pair[name])
    club.competitions(club.slug)
    club.people(*ours)
    club.now = DEADLINE + timedelta(days=9)

    permutations = list(itertools.permutations(TIMES))
    chosen = permutations if orders == len(permutations) else chance.sample(permutations, orders)
    outcomes: dict[str, int] = {}
    wrongs = loads = 0
    for number, order in enumerate(chosen):
        other = _copy(club, tmp_path / f"{number}.db")
        for name in (*order, *order):
            ran = other.load(files[name])
            assert ran.code == 0, ran
            loads += 1
            if syncs:
                other.ok("sync", club.slug)
        outcomes[repr(content(other.db))] = number
        for board, found in ((PUBLIC, other.ranks()), (PRIVATE, other.private_ranks())):
            newest = pair[f"{board}, newer"]
            wrongs += wrong(found, plainly(newest, ours))
            wrongs += wrong_in_all(other.db, board, newest)
        invariants.check(other.db)
    print(
        "\n| teams | ours | wrong ranks | orders | files loaded | syncs between | same database |"
        f"\n| {teams:,} | {len(plainly(pair['public, newer'], ours))} | {wrongs} | {len(chosen)} "
        f"| {loads} | {'yes' if syncs else 'no'} | {'yes' if len(outcomes) == 1 else 'no'} |"
    )
    assert wrongs == 0
    assert len(outcomes) == 1


def _copy(club: Clocked, db: Path) -> Club:
    ask(club.db, "PRAGMA wal_checkpoint(TRUNCATE)")
    db.write_bytes(club.db.read_bytes())
    return club.beside(db)
