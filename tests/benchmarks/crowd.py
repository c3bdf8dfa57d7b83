"""Many competitions at once: their slugs, their boards on the loopback Kaggle, and who fetches them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.benchmarks import boards
from tests.benchmarks.peers import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.kaggle import Kaggle
    from tests.benchmarks.measuring import Usage

TRACKED = 20
_DIFFERENT = 10  # competitions share these boards, which have other teams each


@dataclass
class Crowd:
    """So many competitions of `rows` rows; each `move` gives all of them another board."""

    bench: Bench
    kaggle: Kaggle
    count: int
    rows: int = 1744
    _boards: list[boards.Board] = field(default_factory=list)
    _moved: int = 0

    def __post_init__(self) -> None:
        different = min(_DIFFERENT, self.count)
        self._boards = [boards.make(self.rows, TRACKED, seed=1000 + k) for k in range(different)]
        self.slugs = [f"cup-{number:04}" for number in range(self.count)]
        self._show()

    def move(self) -> None:
        """Seven teams and three people of ours improve on every board."""
        self._moved += 1
        self._boards = [
            boards.moved(board, 7, TRACKED, ours=3, seed=self._moved * 100 + k)
            for k, board in enumerate(self._boards)
        ]
        self._show()

    def _show(self) -> None:
        files = [self.bench.board_file(board, f"cup-{k}", 0) for k, board in enumerate(self._boards)]
        shown = {slug: files[number % len(files)] for number, slug in enumerate(self.slugs)}
        self.kaggle.show(shown, boards.when(self._moved))

    def database(self, name: str, *, before: bool = False) -> Path:
        """A database of kagsync's that tracks them, with no entries yet."""
        return self.bench.kagsync_database(name, TRACKED, self.slugs, before=before)

    def sync(self, db: Path, jobs: int, *, before: bool = False) -> Usage:
        """kagsync's tick."""
        words = ("sync", "--all", "-q", "--jobs", str(jobs))
        return self.bench.kagsync(*words, db=db, before=before, **self.kaggle.environment)

    def sdk_pool(self, threads: int) -> Usage:
        """The SDK in threads, which does nothing but download."""
        command: list[str | Path] = [
            sys.executable,
            HERE / "sdk_pool.py",
            self.bench.clear_downloads(),
            str(threads),
        ]
        return self.bench.spawner.run(
            [*command, *self.slugs], self.bench.environment(**self.kaggle.environment)
        )

    def cli_loop(self, at_once: int) -> Usage:
        """The `kaggle` command once a competition, so many side by side."""
        bench = self.bench
        folder = bench.clear_downloads()
        slugs = folder / "slugs"
        slugs.write_text("\n".join(self.slugs) + "\n", encoding="utf-8")
        each = [*bench.peers.kaggle("shell"), "competitions", "leaderboard", "--download", "--quiet"]
        loop = f'exec {bench.peers.tool("xargs")} -P {at_once} -n 1 "$@" < {slugs}'
        command = ["/bin/sh", "-c", loop, "sh", *each, "--path", folder]
        return bench.spawner.run(command, bench.environment(**self.kaggle.environment))
