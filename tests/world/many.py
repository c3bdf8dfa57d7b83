"""A database with any number of people, competitions and changes, written directly, so it takes no time."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from typing import TYPE_CHECKING

from kagsync import clock
from world import database

if TYPE_CHECKING:
    from pathlib import Path

END = 1_800_000_000  # the moment of the latest boards, in the future, so that every change is news
_STEP = 300


def build(db: Path, people: int, competitions: int, changes: int, *, unseen: int = 0, seed: int = 1) -> None:
    """Makes the database: everybody is in every competition, with ties, gaps and absences.

    Args:
        changes: how many each person has in each competition, at two boards in three.
        unseen: how many more people were never on any board.
    """
    chance = random.Random(seed)
    database.empty(db)
    moments = range(END, END - changes * 3 // 2 * _STEP, -_STEP)
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        connection.executemany(
            'INSERT INTO users (username, handle, pseudonym, name, "group", added_at) '
            "VALUES (?1, ?1, ?2, ?3, ?4, '')",
            [
                (
                    f"user{n}",
                    f"Person {n}",
                    None if n % 2 else f"User {n}",
                    f"group{n // 4}" if n % 4 else None,
                )
                for n in range(people + unseen)
            ],
        )
        connection.executemany(
            "INSERT INTO teams (name, members) VALUES (?, '')", [(f"t{n}",) for n in range(3)]
        )
        for key in range(1, competitions + 1):
            connection.execute(
                "INSERT INTO competitions (slug, kaggle_competition_id, added_at, snapshot_at, synced_at, "
                "row_count, team_count) VALUES (?, ?, '', ?, ?, 100, 100)",
                (f"c{key}", f"c{key}", clock.from_unix(END), clock.from_unix(END)),
            )
            connection.executemany(
                "INSERT INTO snapshots (competition_id, moment, row_count, team_count, last_user_id) "
                "VALUES (?, ?, 100, 100, ?)",
                [(key, moment, people + unseen) for moment in moments],
            )
            for user in range(1, people + 1):
                connection.executemany(
                    "INSERT INTO entry_history (user_id, competition_id, moment, rank, score, team) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (user, key, moment, *_standing(chance, people, first=number == 0))
                        for number, moment in enumerate(sorted(chance.sample(moments, changes)))
                    ],
                )
        connection.execute(
            """
            INSERT INTO leaderboard_entries (competition_id, user_id, rank, score, score_text,
                kaggle_team_name, members, matched_by, first_seen_at, left_at)
            SELECT competition_id, user_id, rank, CAST(score AS REAL), score, coalesce(t.name, 't0'), '',
                'username', '2026-01-01T00:00:00Z', iif(team IS NULL, '2027-01-15T00:00:00Z', NULL)
            FROM (SELECT *, max(moment) FROM entry_history GROUP BY user_id, competition_id) h
            LEFT JOIN teams t ON t.id = h.team
            """
        )


def _standing(
    chance: random.Random, people: int, *, first: bool
) -> tuple[int | None, str | None, int | None]:
    if not first and chance.random() < 0.1:
        return None, None, None  # not on the board
    rank = None if chance.random() < 0.1 else chance.randrange(1, people + 1)
    return rank, f"0.{chance.randrange(9)}", chance.randrange(1, 4)
