"""How every command's cost grows with people, competitions and history: in proportion, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import boards, year
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.tables import Table, rounds, seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Usage

_ONCE = {"people": 100, "competitions": 10, "boards": 200}
_ONCE_QUICK = {"people": 10, "competitions": 2, "boards": 50}
_GROWN = tuple((what, times) for what in _ONCE for times in (2, 4))
_SLUG, _USER = "year-00", boards.people(1)[0]


def commands(bench: Bench) -> list[Table]:
    """The CPU of each command, and how many times it is that at two and four times the size."""
    once = _ONCE_QUICK if bench.quick else _ONCE
    table = Table(
        f"Growth of every command, beside the CPU once, {rounds(bench.pairs)}",
        ["command", "CPU once", *(f"{times} × {what}" for what, times in _GROWN)],
        notes=[
            f"Once: {', '.join(f'{count} {what}' for what, count in once.items())}, in a year.",
            "Starting is included: what grows in proportion is below 2 and 4, and 1 means no growth.",
        ],
    )
    databases = {"once": _database(bench, once)}
    for what, times in _GROWN:
        databases[f"{times} × {what}"] = _database(bench, once | {what: once[what] * times})
    for words in (
        ["show"],
        ["show", _SLUG],
        ["show", _SLUG, "--by-group"],
        ["show", "--user", _USER],
        ["missing", _SLUG],
        ["news", "--since", "90d"],
        ["history", _SLUG, "--format", "csv"],
        ["history", _SLUG, _USER, "--format", "csv"],
        ["report", "--output", str(bench.folder / "commands-report")],
        ["status", "--max-age", "365d"],
        ["competitions", "list"],
        ["competitions", "add", _SLUG],
        ["users", "list"],
        ["users", "export"],
        ["users", "add", _USER],
        ["notify", "list"],
        ["backup", str(bench.folder / "commands-backup.db")],
    ):
        bench.say(f"commands: {' '.join(words[:2])}")
        costs = in_turns(bench.pairs, {name: _run(bench, words, db) for name, db in databases.items()})
        ratios = [costs.ratio(name, "once", "cpu").median for name in databases if name != "once"]
        shown = " ".join(word for word in words if not word.startswith(str(bench.folder)))
        table.rows.append([shown, seconds(costs.of("once", "cpu")), *(f"{ratio:.2f}" for ratio in ratios)])
        for (what, times), ratio in zip(_GROWN, ratios, strict=True):
            bench.facts[f"commands {shown} {times} {what}"] = ratio
    return [table]


def _run(bench: Bench, words: list[str], db: Path) -> Callable[[int], Usage]:
    # Without credentials, so that nothing is asked of Kaggle.
    return lambda _: bench.kagsync(*words, db=db, credentials=False)


def _database(bench: Bench, size: dict[str, int]) -> Path:
    path = bench.folder / f"commands-{'-'.join(map(str, size.values()))}.db"
    bench.say(f"commands: a database of {size}")
    year.build(path, size["competitions"], size["people"], size["boards"])
    return path
