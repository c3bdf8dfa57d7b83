"""What a process costs (CPU, wall, peak memory), and ratios of processes that ran in turns."""

from __future__ import annotations

import contextlib
import json
import shlex
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kagsync.store.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

MEASURES = ("cpu", "wall", "peak")


@dataclass(frozen=True)
class Usage:
    """The cost of one process.

    Attributes:
        cpu: seconds, user and system, of the process and all that it waited for (so a shell's commands too).
        wall: seconds.
        peak: bytes of resident memory, of the largest single process among them.
        out: what it printed.
    """

    cpu: float
    wall: float
    peak: float
    out: str = ""


@contextlib.contextmanager
def transactions() -> Iterator[list[float]]:
    """The seconds of each transaction that this process writes in the block, filled while it runs.

    For so long another writer would have to wait.
    """
    found: list[float] = []
    plain = Connection.transaction

    @contextlib.contextmanager
    def timed(connection: Connection) -> Iterator[None]:
        began = time.perf_counter()
        with plain(connection):
            yield
        found.append(time.perf_counter() - began)

    Connection.transaction = timed  # type: ignore[assignment]
    try:
        yield found
    finally:
        Connection.transaction = plain  # type: ignore[method-assign]


class Broken(Exception):
    """A program that should have worked did not."""


class Spawner:
    """Runs commands and measures each, through a small process of its own (see spawner.py)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Spawner:
        script = Path(__file__).with_name("spawner.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()

    def run(
        self, command: Sequence[str | Path], environment: Mapping[str, str], *, seconds: int = 1800
    ) -> Usage:
        """Runs a command to its end.

        Raises:
            Broken: it failed, or took longer than `seconds`.
        """
        out, err = self._folder / "stdout", self._folder / "stderr"
        job: dict[str, Any] = {
            "command": [str(word) for word in command],
            "environment": dict(environment),
            "folder": str(self._folder),
            "out": str(out),
            "err": str(err),
            "seconds": seconds,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        if code := told.pop("code"):
            said = err.read_text(encoding="utf-8", errors="replace")[-2000:]
            shown = shlex.join(job["command"])[:300]
            raise Broken(f"{shown} ended with {code}\n{said}")
        return Usage(**told, out=out.read_text(encoding="utf-8", errors="replace"))


@dataclass(frozen=True)
class Ratio:
    """The median of the ratios of pairs, and their spread."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        digits = 3 if self.median < 0.1 else 2
        text = f"{self.median:.{digits}f}"
        if self.low != self.high:
            text += f" ({self.low:.{digits}f}–{self.high:.{digits}f})"
        return text


@dataclass(frozen=True)
class Costs:
    """What each contender cost, by name, in the rounds it took part in."""

    rounds: dict[str, dict[int, Usage]]

    def of(self, name: str, measure: str) -> float:
        """The median over the rounds."""
        found: list[float] = [getattr(usage, measure) for usage in self.rounds[name].values()]
        return statistics.median(found)

    def ratio(self, ours: str, other: str, measure: str) -> Ratio:
        """How much of the other's cost ours is, round by round."""
        both = self.rounds[ours].keys() & self.rounds[other].keys()
        return ratio_of(
            [
                getattr(self.rounds[ours][k], measure) / getattr(self.rounds[other][k], measure)
                for k in sorted(both)
            ]
        )


def ratio_of(ratios: Sequence[float]) -> Ratio:
    """The ratios of pairs in short."""
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def in_turns(
    rounds: int, contenders: Mapping[str, Callable[[int], Usage]], at_most: Mapping[str, int] | None = None
) -> Costs:
    """Runs every contender once a round, A B C A B C …; slow ones only in the first `at_most` rounds."""
    found: dict[str, dict[int, Usage]] = {name: {} for name in contenders}
    for number in range(rounds):
        for name, run in contenders.items():
            if number < (at_most or {}).get(name, rounds):
                found[name][number] = run(number)
    return Costs(found)
