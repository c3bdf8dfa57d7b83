"""The view `latest_movements`: every change beside the one before, and the latest without reading all."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest
from world import DATABASES, database, many
from world.boards import Team
from world.work import Work

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club
    from world.running import Kagsync

# What the view says, read the long way.
PLAINLY = """
    SELECT strftime('%Y-%m-%dT%H:%M:%SZ', moment, 'unixepoch') AS at, c.slug AS competition, u.username,
        u.name, previous_rank, rank, previous_rank - rank AS places, previous_score, m.score,
        t.name AS kaggle_team_name, m.team IS NOT NULL AS on_board
    FROM (
        SELECT *, lag(rank) OVER person AS previous_rank, lag(score) OVER person AS previous_score
        FROM entry_history
        WINDOW person AS (PARTITION BY user_id, competition_id ORDER BY moment)
    ) m
    JOIN competitions c ON c.id = m.competition_id
    JOIN users u ON u.id = m.user_id
    LEFT JOIN teams t ON t.id = m.team
    ORDER BY moment DESC, c.slug, rank IS NULL, rank, u.username
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "kagsync.db"


@pytest.mark.parametrize("seed", range(5))
def test_it_shows_every_change_beside_the_one_before(db: Path, seed: int) -> None:
    many.build(db, people=4, competitions=3, changes=12, seed=seed)
    for which in (
        "",
        "LIMIT 20",
        "WHERE competition = 'c1'",
        "WHERE username = 'user2' LIMIT 7",
        "WHERE username = 'user2' AND competition = 'c3'",
        "WHERE NOT on_board",
        "WHERE places > 0",
    ):
        found = [row[:-2] for row in database.ask(db, f"SELECT * FROM latest_movements {which}")]
        assert found
        assert found == database.ask(db, f"SELECT * FROM ({PLAINLY}) {which}")


@pytest.mark.parametrize("version", range(4, 7))
def test_it_says_the_same_of_an_older_database(version: int, db: Path, kagsync: Kagsync) -> None:
    db.write_bytes((DATABASES / f"schema-{version}.db").read_bytes())
    before = database.ask(db, "SELECT * FROM latest_movements")
    kagsync.ok("users", "list")
    assert before
    after = database.ask(db, "SELECT * FROM latest_movements")
    assert [row[: len(before[0])] for row in after] == before


def test_a_change_at_a_moment_whose_note_was_removed_is_there(club: Club) -> None:
    """Earlier versions removed the note of an unchanged board after a month, also where a change was."""
    ann, bob, eve = (Team(n, name, (name,), f"0.{9 - n}0") for n, name in enumerate(("ann", "bob", "eve")))
    club.track("ann", "bob")
    club.board("2025-10-01T00:00:00", ann, bob, eve)
    club.board("2025-10-01T02:00:00", ann, bob, eve)
    club.board("2025-10-01T01:00:00", bob, ann, eve)
    club.board("2025-12-01T00:00:00", ann, bob, eve)
    club.execute("DELETE FROM snapshots WHERE moment = strftime('%s', '2025-10-01T02:00:00') + 0")
    moments = club.ask("SELECT DISTINCT moment FROM entry_history")
    assert set(moments) - set(club.ask("SELECT moment FROM snapshots"))
    latest = club.ask("SELECT at, username, previous_rank, rank FROM latest_movements LIMIT 2")
    assert latest == [
        ("2025-10-01T02:00:00Z", "ann", 2, 1),
        ("2025-10-01T02:00:00Z", "bob", 1, 2),
    ]


@pytest.mark.parametrize(
    "which", ["", "WHERE competition = 'c1'", "WHERE username = 'user2' AND competition = 'c1'"]
)
def test_the_latest_are_read_without_the_others(tmp_path: Path, which: str) -> None:
    def steps(changes: int) -> int:
        db = tmp_path / f"{changes}.db"
        many.build(db, people=4, competitions=3, changes=changes)
        work = Work()
        with contextlib.closing(sqlite3.connect(db)) as connection:
            work.count(connection)
            found = connection.execute(f"SELECT * FROM latest_movements {which} LIMIT 20").fetchall()
        assert len(found) == 20
        return work.sqlite

    short, long = steps(200), steps(1600)
    assert long < 1.5 * short
