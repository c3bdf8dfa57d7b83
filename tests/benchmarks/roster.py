"""What a long roster costs: people imported, matched, shown and exported."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.benchmarks.measuring import Costs, Usage, in_turns
from tests.benchmarks.tables import Table, megabytes, rounds, seconds
from tests.world.boards import Team, board_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.bench import Bench

SIZES = (1_000, 10_000)
_SIZES_QUICK = (100, 1_000)
_SLUG = "long-roster"
_TEAMS = 15_000  # on the board that nobody is on


def roster(bench: Bench) -> list[Table]:
    """The CPU and memory of each command at two sizes, and how many times the first size the second costs."""
    few, many = sizes = _SIZES_QUICK if bench.quick else SIZES
    table = Table(
        f"A roster of {few:,} and of {many:,} people, {rounds(bench.pairs)}",
        [
            "command",
            *(f"{what}, {count:,}" for count in sizes for what in ("CPU", "peak memory")),
            "CPU : CPU",
        ],
        notes=[
            "Everybody is on the one board, half of them by username, half by the team's name.",
            f"Nobody seen: nobody is on the one board of {_TEAMS:,} teams, and half of them are mistyped.",
        ],
    )
    steps = {count: _steps(bench, count) for count in sizes}
    for name in steps[few]:
        bench.say(f"roster: {name}")
        contenders = {str(count): steps[count][name] for count in sizes}
        costs: Costs = in_turns(bench.pairs, contenders)
        cells = [
            text
            for count in map(str, sizes)
            for text in (seconds(costs.of(count, "cpu")), megabytes(costs.of(count, "peak")))
        ]
        ratio = costs.ratio(str(many), str(few), "cpu")
        table.rows.append([name, *cells, f"{ratio.median:.2f}"])
        bench.facts |= {
            f"roster {name} cpu": costs.of(str(many), "cpu"),
            f"roster {name} peak": costs.of(str(many), "peak"),
        }
    return [table]


def _steps(bench: Bench, count: int) -> dict[str, Callable[[int], Usage]]:
    """The commands, in the order in which they have to run."""
    db, people = bench.folder / f"roster-{count}.db", bench.folder / f"roster-{count}.csv"
    board = bench.folder / f"{_SLUG}-publicleaderboard-2025-11-01T00_00_00-{count}.csv"
    people.write_text("".join(_lines(count)), encoding="utf-8")
    board.write_bytes(board_csv(_team(number) for number in range(count)))

    def on(words: list[str | Path]) -> Callable[[int], Usage]:
        return lambda _: bench.kagsync(*words, db=db, credentials=False)

    def fresh(_: int) -> Usage:
        for part in ("", "-wal", "-shm"):
            db.with_name(db.name + part).unlink(missing_ok=True)
        bench.kagsync("competitions", "add", _SLUG, "--no-kaggle", db=db, credentials=False)
        return bench.kagsync("users", "import", people, db=db, credentials=False)

    return {
        "users import, new": fresh,
        "users import, unchanged": on(["users", "import", people]),
        "users import --dry-run": on(["users", "import", people, "--dry-run"]),
        "sync --from --force": on(["sync", _SLUG, "--from", board, "--force"]),
        "show SLUG": on(["show", _SLUG]),
        "show SLUG --format json": on(["show", _SLUG, "--format", "json"]),
        "missing SLUG": on(["missing", _SLUG]),
        "users list": on(["users", "list"]),
        "users export": on(["users", "export"]),
        **_steps_unseen(bench, count),
    }


def _steps_unseen(bench: Bench, count: int) -> dict[str, Callable[[int], Usage]]:
    """The commands for people of whom nobody was ever seen."""
    db, people = bench.folder / f"unseen-{count}.db", bench.folder / f"unseen-{count}.csv"
    board = bench.folder / f"{_SLUG}-publicleaderboard-2025-11-01T00_00_00-unseen-{count}.csv"
    chance = random.Random(count)
    names = ["".join(chance.choices("abcdefghijklmnopqr", k=12)) for _ in range(max(_TEAMS, count))]
    wanted = (f"{name[:-1]}z" if number % 2 else name[::-1] for number, name in enumerate(names[:count]))
    people.write_text("username\n" + "\n".join(wanted), encoding="utf-8")
    board.write_bytes(board_csv(Team(n, f"Team {n}", (name,)) for n, name in enumerate(names[:_TEAMS], 1)))

    def run(*words: str | Path) -> Usage:
        return bench.kagsync(*words, db=db, credentials=False)

    def fresh(_: int) -> Usage:
        for part in ("", "-wal", "-shm"):
            db.with_name(db.name + part).unlink(missing_ok=True)
        run("competitions", "add", _SLUG, "--no-kaggle")
        run("sync", _SLUG, "--from", board)
        return run("users", "import", people)

    return {
        "users import, nobody seen": fresh,
        "show SLUG, nobody seen": lambda _: run("show", _SLUG),
        "missing SLUG, nobody seen": lambda _: run("missing", _SLUG),
    }


def _lines(count: int) -> list[str]:
    """Half of the people are known by username, and half by the team."""
    lines = ["Name,Kaggle username,Kaggle team,Class,Student ID\n"]
    for number in range(count):
        username, team = (f"user{number:06}", "") if number % 2 else ("", "/group {id}/")
        lines.append(
            f"First{number} Last{number},{username},{team},class {number % 200},{100_000 + number}\n"
        )
    return lines


def _team(number: int) -> Team:
    name = f"Team {number}" if number % 2 else f"Group {100_000 + number}"
    return Team(
        number + 1, name, (f"user{number:06}",) if number % 2 else (f"stranger{number}",), f"{number}"
    )
