"""A month of ticks on an injected clock, with faults of every kind: nothing grows that should not.

`pytest -m soak -n 0 -s` runs the whole month and prints how the figures went.
"""

from __future__ import annotations

import contextlib
import gc
import random
import resource
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world import invariants
from world.boards import Team, board_csv
from world.kaggle_server import (
    Answer,
    empty,
    error_in_200,
    html,
    kaggle_error,
    not_a_zip,
    too_many_requests,
)

from kagsync import clock, log
from kagsync.kaggle import retry
from kagsync.store import RETENTION, records
from kagsync.sync import run

if TYPE_CHECKING:
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

PEOPLE = [f"user{i}" for i in range(10)]
TICK = timedelta(minutes=5)
FAULTS = [
    Answer(misbehave="reset"),
    Answer(misbehave="truncate"),
    Answer(misbehave="close"),
    Answer(status=503),
    html(),
    empty(),
    not_a_zip(),
    kaggle_error(403, "Forbidden"),
    kaggle_error(404, "Not found"),
    kaggle_error(500, "Internal"),
    error_in_200(404, "Not found"),
    too_many_requests("1800"),
    too_many_requests(None),
]


@dataclass
class _World:
    """Competitions whose boards move now and then; people leave and come back."""

    rng: random.Random
    scores: dict[str, dict[str, float]]
    published: dict[str, datetime]

    def move(self, slug: str, now: datetime, kaggle: KaggleServer) -> None:
        scores = self.scores[slug]
        for name in self.rng.sample(sorted(scores), 3):
            scores[name] = round(scores[name] + self.rng.random() / 10, 5)
        away = self.rng.choice([None, None, None, *PEOPLE])
        order = sorted((name for name in scores if name != away), key=lambda name: -scores[name])
        teams = [
            Team(1000 + list(scores).index(name), f"Team {name}", (name,), score=f"{scores[name]:.5f}")
            for name in order
        ]
        kaggle.board(slug, board_csv(teams), when=now.strftime("%Y-%m-%dT%H:%M:%S"))
        self.published[slug] = now


def _memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("ticks", "competitions"),
    [pytest.param(60, 4, marks=pytest.mark.long), pytest.param(8640, 20, marks=pytest.mark.soak)],
)
def test_a_month_of_ticks(
    ticks: int,
    competitions: int,
    kaggle: KaggleServer,
    kagsync: Kagsync,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(ticks)
    begin = now = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "utc_now", lambda: now)
    slugs = [f"competition-{i}" for i in range(competitions)]
    world = _World(
        rng,
        {slug: dict.fromkeys([*PEOPLE, *(f"other{i}" for i in range(30))], 0.1) for slug in slugs},
        {},
    )
    for slug in slugs:
        kaggle.competition(slug)
        world.move(slug, now, kaggle)
    kagsync.ok("competitions", "add", *slugs)
    kagsync.ok("users", "add", *PEOPLE)
    log.configure(quiet=True)
    log.logger.setLevel("CRITICAL")

    tried = 0
    statuses: dict[str, int] = {}
    figures: list[tuple[int, float, int, float]] = []
    for tick in range(ticks):
        now = begin + tick * TICK
        for slug in slugs:
            if rng.random() < 0.05:
                world.move(slug, now, kaggle)
            if rng.random() < 0.05:
                kaggle.answer(slug, *[rng.choice(FAULTS)] * rng.choice((1, retry.DEFAULT.tries)))
        outcome = run.sync(settings, run.Options(everything=True))
        assert len(outcome.results) == competitions
        for result in outcome.results:
            statuses[result.status] = statuses.get(result.status, 0) + 1
            tried += result.status != records.RESTING
        kaggle.requests.clear()
        assert not list(settings.temp_data.iterdir())
        if tick % max(ticks // 12, 1) == 0:
            gc.collect()
            size = sum(
                path.stat().st_size for path in settings.db.parent.glob("kagsync.db*") if path.is_file()
            )
            figures.append((tick, _memory_mb(), len(list(Path("/proc/self/fd").iterdir())), size / 1e6))

    print(f"\n{'tick':>6} {'MB':>7} {'files':>6} {'db MB':>7}   {statuses}")
    for row in figures:
        print("{:6d} {:7.1f} {:6d} {:7.2f}".format(*row))
    invariants.check(settings.db)
    with contextlib.closing(sqlite3.connect(settings.db)) as connection:
        assert connection.execute("SELECT max(id) FROM sync_runs").fetchone() == (tried,)
        for status, kept in RETENTION.items():
            runs, oldest = connection.execute(
                "SELECT coalesce(sum(run_count), 0), min(finished_at) FROM sync_runs WHERE status = ?",
                (status,),
            ).fetchone()
            whole = now - begin <= kept
            assert runs == statuses.get(status, 0) if whole else runs < statuses[status], status
            # A run removes what is too old by its own clock and by that of a dozen runs before.
            assert oldest is None or clock.parse_iso(oldest) >= now - kept - 13 * TICK
        for table in ("entry_history", "snapshots", "sync_runs", "teams"):
            print(f"{table:>15} {connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0]:8d} rows")
    # All that happened after warming up: a leak of one page a tick would be 35 MB over the month.
    middle, last = figures[len(figures) // 3], figures[-1]
    assert last[1] - middle[1] < 15
    assert last[2] - middle[2] <= 2
