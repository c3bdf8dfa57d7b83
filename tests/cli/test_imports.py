"""What a command loads: starting is most of what a short command costs."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from world.boards import board_csv, many_teams

if TYPE_CHECKING:
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

# What no short command needs: large libraries, and what only some commands use.
HEAVY = {"pandas", "numpy", "sqlite_utils", "pydantic", "kaggle", "asyncio", "multiprocessing", "jinja2"}
RARE = {"apprise", "rapidfuzz", "plotille", "rich.console", "logging.handlers", "kagsync.report.write"}
RARE |= {"kagsync.store.series", "kagsync.queries.series", "kagsync.scoring.rules", "kagsync.scoring.words"}
NETWORK = {"requests", "urllib3", "ssl", "http.client", "kagglesdk", "google.protobuf"}
# A dataclass takes 0.5 ms whenever its file is imported, a NamedTuple a tenth of that.
MOST_DATACLASSES = 20

SCRIPT = """
import dataclasses, sys
made = []
process = dataclasses._process_class
dataclasses._process_class = lambda cls, *rest: (made.append(cls), process(cls, *rest))[1]
from kagsync.cli import main
assert main.main(sys.argv[1:]) == 0
print(sum(cls.__module__.startswith("kagsync.") for cls in made), *sys.modules, file=sys.stderr)
"""


def loaded(*command: str) -> tuple[int, set[str]]:
    """Runs a command in a fresh process: how many dataclasses of kagsync's it makes, and its modules."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *command], capture_output=True, text=True, check=True
    )
    count, *modules = done.stderr.splitlines()[-1].split()
    return int(count), set(modules)


@pytest.fixture
def synced(kaggle: KaggleServer, kagsync: Kagsync) -> None:
    kaggle.competition("titanic")
    kaggle.board("titanic", board_csv(many_teams(50)))
    kagsync.ok("competitions", "add", "titanic")
    kagsync.ok("users", "add", "user5")
    kagsync.ok("sync", "--all")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["sync", "--help"]])
def test_help_loads_neither_the_database_nor_the_network(words: list[str]) -> None:
    made, modules = loaded(*words)
    assert not modules & (HEAVY | RARE | NETWORK | {"sqlite3", "rich", "zipfile", "kagsync.store"})
    assert made <= 1


@pytest.mark.fixed_port
def test_show_loads_no_network(synced: None) -> None:
    made, modules = loaded("show", "titanic")
    assert not modules & (HEAVY | RARE | NETWORK | {"zipfile", "kagsync.sync", "kagsync.board.reader"})
    assert made <= MOST_DATACLASSES


@pytest.mark.fixed_port
def test_a_run_that_finds_nothing_new_loads_no_more_than_the_download_needs(synced: None) -> None:
    made, modules = loaded("sync", "--all", "-q")
    others = {"kagglesdk.kernels", "rich", "concurrent.futures", "kagsync.notify.channel"}
    assert not modules & (HEAVY | RARE | others)
    assert made <= MOST_DATACLASSES


@pytest.mark.long
@pytest.mark.fixed_port
def test_a_run_loads_digests_reminders_and_time_zones_only_for_targets_that_want_them(
    synced: None, kagsync: Kagsync
) -> None:
    kagsync.ok("notify", "add", "json://localhost:1/")
    _, modules = loaded("sync", "--all", "-q")
    assert "kagsync.notify.tell" in modules
    others = {"zoneinfo", "kagsync.notify.when", "kagsync.notify.digest", "kagsync.notify.remind"}
    assert not modules & (HEAVY | RARE | others)
    at = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(hours=12)
    digest = ("--digest", f"daily@{at:%H:%M}", "--zone", "Europe/Berlin")
    kagsync.ok("notify", "add", "json://localhost:1/", *digest)
    _, modules = loaded("sync", "--all", "-q")
    assert not modules & (HEAVY | RARE | {"kagsync.notify.digest"})  # it is not due
    assert "zoneinfo" in modules
