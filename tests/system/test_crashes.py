"""Real runs, killed for real: the database is before or after a competition, never between."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from world import invariants, signs
from world.boards import Team, board_csv
from world.running import Kagsync, start

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer

SLUGS = ("one", "two", "three", "four")
PEOPLE = [f"user{i}" for i in range(30)]
BEGIN = datetime(2025, 10, 31, tzinfo=UTC)


def _when(generation: int) -> str:
    return (BEGIN + timedelta(minutes=generation)).strftime("%Y-%m-%dT%H:%M:%S")


def _publish(kaggle: KaggleServer, generation: int) -> None:
    """New boards, on each of which every score says which generation it is."""
    rng = random.Random(generation)
    for slug in SLUGS:
        names = [f"stranger{i}" for i in range(600)] + PEOPLE
        rng.shuffle(names)
        teams = [
            Team(1000 + i, f"Team {name}", (name,), score=f"0.{generation:05d}", submissions=generation + 1)
            for i, name in enumerate(names)
        ]
        kaggle.board(slug, board_csv(teams), when=_when(generation))


def _check_whole(db: Path) -> None:
    """Each competition shows one generation only, and says so itself."""
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:
        for slug, snapshot_at, count, low, high in connection.execute(
            "SELECT c.slug, c.snapshot_at, count(e.user_id), min(e.score_text), max(e.score_text) "
            "FROM competitions c LEFT JOIN leaderboard_entries e ON e.competition_id = c.id GROUP BY c.id"
        ):
            if snapshot_at is None:
                assert count == 0, slug
                continue
            assert count == len(PEOPLE), slug
            assert low == high, slug
            assert snapshot_at == f"{_when(int(low[2:]))}Z", slug


def _left_behind(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


@pytest.mark.fixed_port
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize(
    "seed",
    [
        0,
        *(
            pytest.param(seed, marks=pytest.mark.long if seed < 6 else pytest.mark.soak)
            for seed in range(1, 11)
        ),
    ],
    ids="seed{}".format,
)
def test_a_killed_run_leaves_every_competition_before_or_after(
    seed: int, kaggle: KaggleServer, kagsync: Kagsync, tmp_path: Path
) -> None:
    kills = 22 if seed else 5
    db, temp = tmp_path / "kagsync.db", tmp_path / "cache" / "temp_kaggle_data"
    kagsync.ok("competitions", "add", *SLUGS)
    kagsync.ok("users", "add", *PEOPLE)
    rng = random.Random(seed)
    killed = 0
    _publish(kaggle, 0)
    began = time.monotonic()
    with start("sync", "--all") as process:
        process.communicate(timeout=120)
    whole = time.monotonic() - began
    for generation in range(1, 10 * kills):
        if killed >= kills:
            break
        _publish(kaggle, generation)
        kind = rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
        began = time.monotonic()
        with start("sync", "--all") as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(whole * rng.uniform(0.2, 1.1))
                whole = time.monotonic() - began  # the machine is less busy than it was
            # Before kagsync's code runs, Python decides how a signal ends the process.
            ready = kind == signal.SIGKILL or signs.wait_until_handled(process, signal.SIGTERM)
            process.send_signal(kind)
            _, err = process.communicate(timeout=60)
        killed += process.returncode != 0
        if kind != signal.SIGKILL and ready:
            assert process.returncode in (0, 130), err
            assert "Traceback" not in err, err
        invariants.check(db)
        _check_whole(db)
        if generation % 5 == 0:  # the next run works, sweeps what was left, and finds no lock held
            ran = kagsync("sync", "--all")
            assert ran.code == 0, ran
            assert "another run" not in ran.err
            assert _left_behind(temp) == []
            _check_whole(db)
    assert killed >= kills
    assert kagsync("sync", "--all").code == 0
    assert _left_behind(temp) == []
