"""A tick, as cron starts it every five minutes: one competition, 1,744 rows, twenty people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import boards
from tests.benchmarks.bench import BEFORE, JOIN, SLUG
from tests.benchmarks.kaggle import Kaggle
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.tables import COST_COLUMNS, Table, cost_cells, rounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Usage

ROWS, TRACKED = 1744, 20
OLD, CLI, SHELL = "old pipeline", "kaggle CLI, download only", "kaggle CLI + sqlite-utils"


def tick(bench: Bench) -> list[Table]:
    """A table each for the first, an unchanged and a changed tick."""
    first = boards.make(ROWS, TRACKED)
    versions = [bench.board_file(first, "tick", 0)]
    board = first
    for number in range(1, bench.pairs + 2):
        # Seven teams and three of ours improve: most of the others' ranks move by a few places.
        board = boards.moved(board, 7, TRACKED, ours=3, seed=number)
        versions.append(bench.board_file(board, "tick", number))
    with Kaggle() as kaggle:
        return _Ticks(bench, kaggle, versions).tables()


class _Ticks:
    def __init__(self, bench: Bench, kaggle: Kaggle, versions: list[Path]) -> None:
        self._bench, self._kaggle, self._versions = bench, kaggle, versions
        self._empty = {"kagsync": bench.kagsync_database("tick-kagsync-empty", TRACKED)}
        if bench.before:
            self._empty[BEFORE] = bench.kagsync_database("tick-before-empty", TRACKED, before=True)
        if bench.peers.has("django"):
            self._empty[OLD] = bench.django_database("tick-old-empty", TRACKED)
        if bench.peers.has("shell"):
            self._empty[SHELL] = bench.peer_database("tick-shell-empty", TRACKED)
        self._used: dict[str, Path] = {}

    def tables(self) -> list[Table]:
        bench, contenders = self._bench, self._contenders()
        self._show(0)
        self._start_anew()
        for run in list(contenders.values())[: 1 if bench.quick else None]:
            run(0)  # compiled and in the cache from here on, and kagsync has the board already

        def anew(name: str, run: Callable[[int], Usage]) -> Callable[[int], Usage]:
            def first(number: int) -> Usage:
                if name in self._empty:
                    self._used[name] = bench.fresh(self._empty[name], f"tick-{len(name)}")
                return run(number)

            return first

        def moved(run: Callable[[int], Usage]) -> Callable[[int], Usage]:
            def changed(number: int) -> Usage:
                self._show(number + 1)
                return run(number)

            return changed

        found = []
        if not bench.quick:
            bench.say("tick: first")
            firsts = {name: anew(name, run) for name, run in contenders.items()}
            found.append(self._table("first", firsts))
        bench.say("tick: unchanged")
        found.append(self._table("unchanged", contenders))
        bench.say("tick: changed")
        found.append(self._table("changed", {name: moved(run) for name, run in contenders.items()}))
        return found

    def _start_anew(self) -> None:
        self._used = {
            name: self._bench.fresh(template, f"tick-{len(name)}") for name, template in self._empty.items()
        }

    def _show(self, number: int) -> None:
        self._kaggle.show({SLUG: self._versions[number]}, boards.when(number))

    def _contenders(self) -> dict[str, Callable[[int], Usage]]:
        bench = self._bench
        contenders: dict[str, Callable[[int], Usage]] = {
            "kagsync": lambda _: bench.kagsync("sync", "--all", "-q", db=self._used["kagsync"])
        }
        if bench.before:
            contenders[BEFORE] = lambda _: bench.kagsync(
                "sync", "--all", "-q", db=self._used[BEFORE], before=True
            )
        if bench.peers.has("django"):
            contenders[OLD] = lambda _: bench.django(self._used[OLD], "tick", bench.folder / "downloads")
        if bench.peers.has("shell"):
            contenders[CLI] = lambda _: bench.kaggle(
                "shell", *("competitions", "leaderboard", SLUG, "--download", "--quiet"),
                *("--path", bench.clear_downloads()),
            )  # fmt: skip
            if bench.peers.has("unzip"):
                contenders[SHELL] = lambda _: bench.shell(
                    "shell_tick.sh", self._used[SHELL], SLUG, bench.folder / "downloads", JOIN
                )
        return contenders

    def _table(self, what: str, contenders: dict[str, Callable[[int], Usage]]) -> Table:
        bench = self._bench
        costs = in_turns(bench.pairs, contenders)
        title = f"Tick, {what} board: {ROWS:,} rows, {TRACKED} people, {rounds(bench.pairs)}"
        table = Table(title, ["", *COST_COLUMNS])
        for name in contenders:
            table.rows.append([name, *cost_cells(costs, name)])
            if name != "kagsync":
                bench.facts[f"tick {what} cpu : {name}"] = costs.ratio("kagsync", name, "cpu").median
        bench.facts[f"tick {what} peak"] = costs.of("kagsync", "peak")
        if left_out := [name for name in (OLD, CLI, SHELL) if name not in contenders]:
            table.notes.append(f"Left out: {'; '.join(left_out)}.")
        if what == "unchanged" and bench.quick:
            table.notes.append("In --quick only kagsync has had the board before.")
        if what == "first":
            table.notes.append("kagsync's first sync also asks what Kaggle says of the competition.")
        return table
