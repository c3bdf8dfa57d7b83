"""Eight at once: syncing, looking, adding and removing, and nobody hears of a locked database."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest
from world import invariants
from world.boards import Team, board_csv
from world.running import Kagsync, Ran, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.kaggle_server import KaggleServer

SLUGS = ("one", "two", "three", "passing")
PEOPLE = [f"user{i}" for i in range(20)]
NEWCOMERS = [f"newcomer{i}" for i in range(200)]


def _board(generation: int) -> bytes:
    names = PEOPLE + NEWCOMERS + [f"stranger{i}" for i in range(300)]
    turn = generation * 7 % len(names)
    return board_csv(
        [
            Team(100 + names.index(name), f"Team {name}", (name,), score=f"0.{generation:05d}")
            for name in names[turn:] + names[:turn]
        ]
    )


def _newcomers() -> Iterator[tuple[str, ...]]:
    for name in NEWCOMERS:
        yield ("users", "add", name)


def _comings_and_goings() -> Iterator[tuple[str, ...]]:
    while True:
        yield ("competitions", "remove", "passing", "--yes")
        yield ("competitions", "add", "passing")


class _Crowd:
    """Runs commands from several sources side by side, each one again and again, for a time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.ran: list[tuple[tuple[str, ...], Ran]] = []

    def _work(self, commands: Iterator[tuple[str, ...]]) -> None:
        for command in commands:
            if time.monotonic() > self._end:
                return
            self.ran.append((command, run(*command)))

    def go(self, *sources: Iterator[tuple[str, ...]]) -> None:
        threads = [threading.Thread(target=self._work, args=(source,)) for source in sources]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@pytest.mark.long
@pytest.mark.fixed_port
@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.soak)])
def test_a_crowd_loses_nothing_and_hears_of_no_lock(
    seconds: float, kaggle: KaggleServer, kagsync: Kagsync, tmp_path: Path
) -> None:
    db = tmp_path / "kagsync.db"
    for slug in SLUGS:
        kaggle.competition(slug)
        kaggle.board(slug, _board(0), when="2025-10-31T00:00:00")
    kagsync.ok("competitions", "add", *SLUGS)
    kagsync.ok("users", "add", *PEOPLE)
    moving = threading.Event()

    def move_boards() -> None:
        for generation in itertools.count(1):
            for slug in SLUGS:
                kaggle.board(
                    slug,
                    _board(generation),
                    when=f"2025-11-{generation // 60 + 1:02d}T00:{generation % 60:02d}:00",
                )
            if moving.wait(0.5):
                return

    mover = threading.Thread(target=move_boards)
    mover.start()
    crowd = _Crowd(seconds)
    everything, same = ("sync", "--all"), ("sync", "one", "two")
    crowd.go(
        itertools.repeat(everything),
        itertools.repeat(everything),
        itertools.repeat(same),
        itertools.repeat(("sync", "three", "--force")),
        itertools.repeat(("show", "one")),
        itertools.cycle((("show",), ("cleanup",), ("competitions", "list"))),
        _newcomers(),
        _comings_and_goings(),
    )
    moving.set()
    mover.join()

    for command, ran in crowd.ran:
        assert "locked" not in ran.err, (command, ran)
        assert "Traceback" not in ran.err, (command, ran)
        gone = "passing" in ran.err and ("removed in the meantime" in ran.err or "no competition" in ran.err)
        assert ran.code == 0 or (gone and ran.code in (1, 2)), (command, ran)
    invariants.check(db)
    added = {command[2] for command, _ in crowd.ran if command[:2] == ("users", "add")}
    with contextlib.closing(sqlite3.connect(db)) as connection:
        tracked = {row[0] for row in connection.execute("SELECT username FROM users")}
        assert tracked == {*PEOPLE, *added}
    kagsync.ok("sync", "--all")
    with contextlib.closing(sqlite3.connect(db)) as connection:
        entries = connection.execute(
            "SELECT competition, count(*), count(DISTINCT username) FROM leaderboard GROUP BY 1"
        ).fetchall()
        assert all(count == people == len(tracked) for _, count, people in entries), entries
    invariants.check(db)
    assert list((tmp_path / "cache" / "temp_kaggle_data").iterdir()) == []
