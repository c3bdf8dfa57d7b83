"""`python -m tests.benchmarks`: measures kagsync beside its peers, and prints tables."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.bench import ROOT, Bench
from tests.benchmarks.capacity import capacity
from tests.benchmarks.commands import commands
from tests.benchmarks.competitions import competitions, growth
from tests.benchmarks.https import https
from tests.benchmarks.looks import looks
from tests.benchmarks.measuring import Broken, Spawner
from tests.benchmarks.peers import Peers, default_folder, package_versions
from tests.benchmarks.processing import processing
from tests.benchmarks.report import report
from tests.benchmarks.roster import roster
from tests.benchmarks.startup import startup
from tests.benchmarks.storage import storage
from tests.benchmarks.targets import targets
from tests.benchmarks.thinning import thinned
from tests.benchmarks.tick import tick
from tests.benchmarks.workers import workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.tables import Table

TABLES: dict[str, Callable[[Bench], list[Table]]] = {
    "startup": startup,
    "tick": tick,
    "https": https,
    "processing": processing,
    "competitions": competitions,
    "growth": growth,
    "commands": commands,
    "capacity": capacity,
    "storage": storage,
    "report": report,
    "looks": looks,
    "thinning": thinned,
    "roster": roster,
    "workers": workers,
}


SLOW = ("growth", "commands", "thinning", "workers")  # tables that --quick leaves out, unless they are named


def main() -> int:
    """Runs what the arguments say; 0 unless something broke."""
    chosen = _arguments()
    peers = Peers(chosen.peers.absolute())
    if chosen.install_peers:
        peers.install()
        return 0
    pairs = chosen.pairs or (1 if chosen.quick else 5)
    began, broken = time.monotonic(), []
    print("\n".join(_header(peers, pairs, quick=chosen.quick)), flush=True)
    with tempfile.TemporaryDirectory(prefix="kagsync-benchmarks-") as name:
        folder = Path(name)
        with Spawner(folder) as spawner:
            floor = spawner.run(["/bin/sh", "-c", ":"], {}).peak
            print(f"smallest peak that can be told: {floor / 2**20:.0f} MB\n")
            before = None if chosen.before is None else chosen.before.absolute()
            bench = Bench(folder, spawner, peers, pairs, chosen.quick, before)
            for each in chosen.only or (name for name in TABLES if not (bench.quick and name in SLOW)):
                try:
                    tables = TABLES[each](bench)
                except (Broken, OSError, RuntimeError) as error:  # the other tables are worth having
                    broken.append(each)
                    print(f"{each} BROKE: {error}\n", flush=True)
                    continue
                for table in tables:
                    _print(table, chosen.format)
            if chosen.quick and not chosen.only:
                print(f"Left out in --quick: {', '.join(SLOW)}; the table of targets; the first tick.")
            if not chosen.quick:
                _print(targets(bench.facts), chosen.format)
    print(f"took {(time.monotonic() - began) / 60:.1f} min")
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute: small sizes, one round")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=TABLES, help=f"of {', '.join(TABLES)}")
    parser.add_argument("--pairs", type=int, metavar="N", help="rounds (5; with --quick 1)")
    parser.add_argument("--format", choices=("text", "markdown"), default="text", help="of the tables")
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="DIR",
        default=default_folder(),
        help="the peers' environments (%(default)s)",
    )
    parser.add_argument(
        "--before",
        type=Path,
        metavar="PYTHON",
        help="run the kagsync of this Python beside, where it matters",
    )
    parser.add_argument("--install-peers", action="store_true", help="make these with pip, and end")
    return parser.parse_args()


def _print(table: Table, form: str) -> None:
    print(table.markdown() if form == "markdown" else table, flush=True)


def _header(peers: Peers, pairs: int, *, quick: bool) -> list[str]:
    return [
        f"kagsync's benchmarks, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, revision {_revision()}",
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}",
        f"kagsync's own: {package_versions(('kagglesdk', 'pandas', 'numpy', 'typer', 'sqlite-utils'))}",
        *peers.versions(),
        f"rounds: {pairs}{' (--quick: one round says little)' if quick else ''}. "
        "A ratio is the median of the rounds' ratios (lowest–highest); times and sizes are medians.",
        "CPU: user + system of a process and all it waited for; peak memory: of the largest single process.",
    ]


def _revision() -> str:
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
