"""One competition through real workers: a tick orders it, one worker fetches it, the writer applies it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from world.boards import board_csv, many_teams
from world.broker import needs_redis, wait_for, working
from world.database import ask, ask_one

if TYPE_CHECKING:
    from pathlib import Path

    from world.broker import Redis
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

pytestmark = [needs_redis, pytest.mark.long]


def call(task: str) -> None:
    """Sends a task as a person does."""
    subprocess.run([sys.executable, "-m", "celery", "-A", "kagsync.workers", "call", task], check=True)


@pytest.mark.fixed_port
def test_a_tick_orders_a_worker_fetches_and_the_writer_writes(
    broker: Redis, kaggle: KaggleServer, kagsync: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    kaggle.competition("titanic", title="Titanic")
    kaggle.board("titanic", board_csv(many_teams(50)))
    kagsync.ok("competitions", "add", "titanic")
    kagsync.ok("users", "add", "user0", "user7")
    with working("both", "fetch,write", tmp_path / "worker.log", "-c", "2") as worker:
        call("kagsync.enqueue")
        wait_for("the board is applied", lambda: ask(settings.db, "SELECT 1 FROM snapshots"))
        wait_for("nothing is under way", lambda: not broker.keys("under-way:*"))
        assert ask(settings.db, "SELECT slug, source, status, created FROM sync_runs") == [
            ("titanic", "kaggle", "ok", 2)
        ]
        # The same board again: the worker tells only that nothing changed.
        call("kagsync.enqueue")
        runs = "SELECT count(*) FROM sync_runs"
        wait_for("the second tick is done", lambda: ask_one(settings.db, runs) == 2)
        assert ask(settings.db, "SELECT status FROM sync_runs ORDER BY id DESC LIMIT 1") == [("unchanged",)]
        assert len(kaggle.downloads("titanic")) == 2
        assert worker.stop() == 0
    assert ask_one(settings.db, "SELECT count(*) FROM snapshots") == 1
    assert ask(settings.db, "SELECT name, exit_code FROM triggers") == [("workers", 0)]
    assert list(settings.temp_data.iterdir()) == []
    assert "Traceback" not in worker.said, worker.said
