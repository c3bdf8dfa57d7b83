"""Ticks over https, as people run them: from api.kaggle.com, with a redirect to a second host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.bench import BEFORE
from tests.benchmarks.crowd import Crowd
from tests.benchmarks.kaggle import Kaggle
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.tables import Table, megabytes, rounds, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.bench import Bench
    from tests.benchmarks.measuring import Usage

JOBS = 4  # the default
KINDS = ("unchanged", "changed")
SDK, CLI = f"SDK, {JOBS} threads, download only", "kaggle CLI, download only"


def https(bench: Bench) -> list[Table]:
    """A table for one and for twenty competitions."""
    folder = bench.folder / "https"
    folder.mkdir()
    table = Table(
        f"Ticks over https: kagsync sync --all, {rounds(bench.pairs)}",
        [
            *("competitions", "", "CPU", "wall", "peak memory"),
            *(f"kagsync's {kind} {measure} : its" for kind in KINDS for measure in ("CPU", "memory")),
        ],
        notes=[
            "Each download is redirected to a second host. certifi's certificates are trusted, and one more."
        ],
    )
    with Kaggle(secure=folder) as kaggle:
        for count in (1, 20):
            bench.say(f"https: {count}")
            _race(bench, kaggle, count, table)
    return [table]


def _race(bench: Bench, kaggle: Kaggle, count: int, table: Table) -> None:
    crowd = Crowd(bench, kaggle, count)
    versions = ("kagsync", BEFORE) if bench.before else ("kagsync",)
    ticks = {ours: _ticks(crowd, before=ours == BEFORE) for ours in versions}
    # An unchanged tick comes before the boards move, so that both versions see the same boards.
    contenders = {f"{ours}, {kind}": ticks[ours][kind] for kind in KINDS for ours in versions}
    contenders[SDK] = lambda _: crowd.sdk_pool(JOBS)
    if bench.peers.has("shell") and bench.peers.has("xargs"):
        contenders[CLI] = lambda _: crowd.cli_loop(JOBS)
    costs = in_turns(bench.pairs, contenders)
    for name in contenders:
        cells = [str(count), name, seconds(costs.of(name, "cpu")), seconds(costs.of(name, "wall"))]
        cells.append(megabytes(costs.of(name, "peak")))
        for kind in KINDS:
            for measure in ("cpu", "peak"):
                if name not in (SDK, CLI, f"{BEFORE}, {kind}"):
                    cells.append("")
                    continue
                ratio = costs.ratio(f"kagsync, {kind}", name, measure)
                bench.facts[f"https {count} {kind} {measure} : {name}"] = ratio.median
                cells.append(str(ratio))
        table.rows.append(cells)


def _ticks(crowd: Crowd, *, before: bool) -> dict[str, Callable[[int], Usage]]:
    """An unchanged and a changed tick, on a database that knows the first boards."""
    empty = crowd.database(f"https-empty-{before}", before=before)
    db = crowd.bench.fresh(empty, f"https-{crowd.count}-{before}")

    def unchanged(_: int) -> Usage:
        return crowd.sync(db, JOBS, before=before)

    def changed(number: int) -> Usage:
        if not before:
            crowd.move()
        return unchanged(number)

    for number in range(1 + crowd.count // 8):  # a run asks Kaggle for the titles of eight competitions
        unchanged(number)
    return dict(zip(KINDS, (unchanged, changed), strict=True))
