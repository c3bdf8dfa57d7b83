"""Real leaderboards, where they are at hand: a series of them has the totals that a plain script computes.

The figures: `python -m pytest -m "long or not long" -n 0 -s tests/system/test_real_series.py`.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from test_real_boards import Row, matched, members_of, paths, rows_of, teams_of
from test_real_news import is_deleted, old_roster
from world import database
from world.bench import Bench
from world.running import set_columns

from kagsync import clock
from kagsync.store import Store
from kagsync.sync import fetch

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

TABLE = (25, 18, 15, 12, 10, 8, 6, 4, 2, 1)
PLAIN = {"ties": "min", "best": None, "absent": "zero", "teams": "each"}
OPTIONS: tuple[dict[str, Any], ...] = (
    PLAIN,
    {"ties": "average", "best": 2, "absent": "zero", "teams": "share"},
    {"ties": "max", "best": None, "absent": "skip", "teams": "each"},
    {"ties": "min", "best": 1, "absent": "skip", "teams": "share"},
)
RULES = ("places", "percentile", "local-percentile", "score", "kaggle", "ctf")
DEADLINE = datetime(2021, 5, 20, 12, tzinfo=UTC)  # of the class


@dataclass(frozen=True)
class Real:
    """A competition: its boards, and what counts of it in the series."""

    slug: str
    pattern: str
    weight: float
    scale: tuple[float, float, float]
    lower: bool = False
    deadline: datetime | None = None


REAL = (
    Real("class", "spotoroo/*.csv", 1.0, (0.7, 0.95, 40.0), deadline=DEADLINE),
    Real("mlsp", "MLSP2023-*.csv", 0.3, (80.0, 120.0, 30.0), lower=True),
    Real("playground", "playground/*.csv", 2.0, (0.95, 0.97, 50.0)),
    Real("titanic", "titanic.zip", 0.7, (0.6, 0.8, 20.0)),
)


# The plain script: the csv module, and nothing of kagsync


def made_at(path: Path) -> datetime:
    """When a board was made, by its name; a ZIP's by that of the CSV in it."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            path = path.with_name(archive.namelist()[0])
    found = re.findall(r"(\d{4}-\d\d-\d\d)_?T_?(\d\d)\D?(\d\d)\D?(\d\d)", path.name)
    return datetime.strptime(" ".join(found[-1]), "%Y-%m-%d %H %M %S").replace(tzinfo=UTC)


class PlainBoard:
    """A board as a plain script sees it."""

    def __init__(self, path: Path, roster: list[str]) -> None:
        self.at = made_at(path)
        rows = rows_of(path)
        teams = [row for row in teams_of(rows) if row["Rank"]]
        self.size = max(len(teams), max(int(row["Rank"]) for row in teams))
        self.best = next(float(row["Score"]) for row in teams if row["Rank"] == "1")
        self.ours = matched(rows, roster)

    def place(self, who: str, ties: str) -> float:
        ranks = [int(row["Rank"]) for row in self.ours.values()]
        mine = int(self.ours[who]["Rank"])
        first, last = 1 + sum(rank < mine for rank in ranks), sum(rank <= mine for rank in ranks)
        return {"min": first, "max": last, "average": (first + last) / 2}[ties]

    def mates(self, who: str) -> int:
        return sum(row["TeamId"] == self.ours[who]["TeamId"] for row in self.ours.values())


def points(real: Real, board: PlainBoard, who: str, rule: str, ties: str, at: datetime) -> float:
    """The points of one person by a rule, without weight."""
    row: Row = board.ours[who]
    rank, score = int(row["Rank"]), float(row["Score"])
    if rule == "places":
        first = board.place(who, "min")
        several = int(board.place(who, "max") - first) + 1
        shared = {
            "min": [first],
            "max": [first + several - 1],
            "average": [first + number for number in range(several)],
        }[ties]
        return sum(TABLE[int(place) - 1] if place <= len(TABLE) else 0 for place in shared) / len(shared)
    if rule == "percentile":
        return 100 * (board.size - rank) / (board.size - 1)
    if rule == "local-percentile":
        ours = len(board.ours)
        return 100 * (ours - board.place(who, ties)) / (ours - 1) if ours > 1 else 100
    if rule == "score":
        low, high, most = real.scale
        share = (high - score) / (high - low) if real.lower else (score - low) / (high - low)
        return most * max(0.0, min(1.0, share))
    if rule == "kaggle":
        days = max((at - real.deadline).total_seconds() / 86_400, 0) if real.deadline else 0
        members = len(members_of(row)) or 1
        return (
            100_000
            / members**0.5
            * rank**-0.75
            * math.log10(1 + math.log10(board.size))
            * math.exp(-days / 500)
        )
    quotient = board.best / score if real.lower else score / board.best if score else 0
    return quotient + 1 / rank


def expected(
    boards: dict[str, PlainBoard], roster: list[str], rule: str, options: dict[str, Any], at: datetime
) -> dict[str, tuple[float, list[float | None]]]:
    """Of each person the total, and the points from each competition (None: not there)."""
    found = {}
    for who in roster:
        each: list[float | None] = []
        results = []
        for real in REAL:
            board = boards.get(real.slug)
            if board is None or who not in board.ours:
                each.append(None)
                continue
            got = points(real, board, who, rule, options["ties"], at)
            if options["teams"] == "share":
                got /= board.mates(who)
            each.append(got * real.weight)
            results.append((got, real.weight))
        if options["absent"] == "skip":
            results.sort(key=lambda result: (-result[0], result[1]))
        else:
            results.sort(key=lambda result: -result[0] * result[1])
        results = results[: options["best"]]
        total = sum(got * weight for got, weight in results)
        if options["absent"] == "skip" and results:
            total /= sum(weight for _, weight in results)
        found[who] = (total, each)
    return found


# Both


@pytest.fixture
def roster(real_boards: Path) -> list[str]:
    """Up to two hundred real people: everybody in a team of several on the small boards, and some others."""
    people: set[str] = set(old_roster(paths(real_boards, "spotoroo/*.csv")))
    for pattern, every in (("MLSP2023-*.csv", 1), ("playground/*.csv", 14), ("titanic.zip", 500)):
        boards = [rows_of(path) for path in paths(real_boards, pattern)]
        teams = teams_of(boards[-1])
        people |= {name for row in teams[::every] for name in members_of(row)}
        large = [row for row in teams if len(members_of(row)) > 1]
        people |= {name for row in large[:4] for name in members_of(row)}
    seen: set[str] = set()  # who is on more than one kind of board
    for names in (
        {name for row in rows_of(paths(real_boards, pattern)[-1]) for name in members_of(row)}
        for pattern in ("MLSP2023-*.csv", "playground/*.csv", "titanic.zip")
    ):
        people |= set(sorted(seen & names)[:20])
        seen |= names
    return sorted(name for name in people if not is_deleted(name))[:200]


@pytest.fixture
def db(tmp_path: Path, real_boards: Path, roster: list[str]) -> Path:
    """The real boards in a database, the latest one first."""
    database.empty(tmp_path / "k.db")
    with Store.open(tmp_path / "k.db", tmp_path / "locks") as store:
        for number, real in enumerate(REAL):
            folder = tmp_path / real.slug
            folder.mkdir()
            bench = Bench(store, folder, real.slug)
            if not number:
                bench.track(*roster)
            for path in paths(real_boards, real.pattern)[::-1]:
                competition = store.competitions.get(real.slug)
                bench.process(fetch.from_file(path, bench.own_folder(), competition, accept_name=True))
            if real.deadline:
                set_columns(store.path, real.slug, deadline=clock.iso(real.deadline))
    return tmp_path / "k.db"


def create(kagsync: Kagsync, db: Path, rule: str, options: dict[str, Any]) -> None:
    """Creates the series, whose name is that of the rule."""
    words = [f"--{name}={value}" for name, value in options.items() if value is not None]
    if rule == "score":
        words += [f"--score={real.slug}={':'.join(map(str, real.scale))}" for real in REAL]
    competitions = [f"{real.slug}={real.weight}" for real in REAL]
    kagsync("series", "delete", rule, "--yes", "--db", str(db))
    kagsync.ok("series", "create", rule, *competitions, "--rule", rule, *words, "--db", str(db))


@pytest.mark.long
@pytest.mark.parametrize(
    ("settings", "every"), [(OPTIONS[:2], 6), pytest.param(OPTIONS, 2, marks=pytest.mark.long)]
)
def test_a_series_of_real_boards_has_the_totals_of_a_plain_script(
    real_boards: Path,
    roster: list[str],
    db: Path,
    kagsync: Kagsync,
    settings: tuple[dict[str, Any], ...],
    every: int,
) -> None:
    assert 30 <= len(roster) <= 200
    history = {
        real.slug: [PlainBoard(path, roster) for path in paths(real_boards, real.pattern)] for real in REAL
    }
    moments = sorted({board.at for boards in history.values() for board in boards})
    days = sorted({at.replace(hour=23, minute=59, second=59) for at in moments})
    chosen = [moments[0] - timedelta(seconds=1), *moments[::9], *days, days[-1] + timedelta(days=1)]
    chosen = chosen[::every]
    compared = results = differences = several = 0
    for rule in RULES:
        for options in settings:
            create(kagsync, db, rule, options)
            for at in chosen:
                boards = {
                    slug: [board for board in known if board.at <= at][-1]
                    for slug, known in history.items()
                    if known[0].at <= at
                }
                plainly = expected(boards, roster, rule, options, at)
                ordered = sorted(value for value, _ in plainly.values())
                # The end of a day by its date, any other time by itself.
                when = clock.iso(at).removesuffix("T23:59:59Z")
                ran = kagsync.ok("standings", rule, "--at", when, "--format", "json", "--db", str(db))
                told = json.loads(ran)["standings"]
                assert sorted(row["username"] for row in told) == roster
                for row in told:
                    total, each = plainly[row["username"]]
                    higher = len(ordered) - bisect_right(ordered, total + 1e-9)
                    same = math.isclose(row["total"], total, rel_tol=1e-12, abs_tol=1e-12)
                    differences += not same or row["place"] != 1 + higher
                    compared += 1
                    several += sum(worth is not None for worth in each) > 1
                    for result, worth in zip(row["competitions"], each, strict=True):
                        results += worth is not None
                        absent = worth is None and result["rank"] is None and result["points"] == 0
                        known = worth is not None and math.isclose(result["points"], worth, rel_tol=1e-12)
                        differences += not absent and not known
    print(
        "\n| people | moments | rules | options | totals compared | results compared | differences |"
        f"\n| {len(roster)} | {len(chosen)} | {len(RULES)} | {len(settings)} | {compared:,} | {results:,} "
        f"| {differences} |"
    )
    assert several > 0
    assert results > compared / 3
    assert differences == 0
