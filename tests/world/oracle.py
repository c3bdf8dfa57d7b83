"""What a database must hold, computed from the boards alone and without a line of kagsync's.

The rules are the README's: who a row belongs to, who left, and a row of history only where
a standing changed. Boards may arrive in any order: nothing but the set of them counts.
"""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# rank, score, team's name, team's id, members, submissions
Standing = tuple[int | None, float, str, int, str, int | None]


@dataclass(frozen=True)
class State:
    """A competition in a database. All times are as they are stored.

    Attributes:
        snapshot_at: of the latest board.
        entries: username → standing, date of submission, matched_by, first_seen_at, last_seen_at, left_at.
        history: username → (moment, standing), None for "not on the board".
    """

    snapshot_at: str | None
    entries: dict[str, tuple[Any, ...]]
    history: dict[str, list[tuple[str, Standing | None]]]


EMPTY = State(None, {}, {})


def expected(boards: dict[str, str], people: Iterable[str]) -> State:
    """The state after some boards, whatever their order.

    Args:
        boards: the time of each, as `2025-10-31T16:26:26Z` → its CSV.
        people: tracked usernames, who were tracked before the first board came.
    """
    if not boards:
        return EMPTY
    moments = sorted(boards)
    seen = {moment: _standings(boards[moment], set(people)) for moment in moments}
    entries, histories = {}, {}
    for person in people:
        at = [moment for moment in moments if person in seen[moment]]
        if not at:
            continue
        standing, date, matched_by = seen[at[-1]][person]
        left_at = next((moment for moment in moments if moment > at[-1]), None)
        last_seen_at = moments[-1] if left_at is None else at[-1]
        entries[person] = (standing, date, matched_by, at[0], last_seen_at, left_at)
        history: list[tuple[str, Standing | None]] = []
        for moment in moments:
            now = seen[moment][person][0] if person in seen[moment] else None
            if now != (history[-1][1] if history else None):
                history.append((moment, now))
        histories[person] = history
    return State(moments[-1], entries, histories)


def _standings(text: str, people: set[str]) -> dict[str, tuple[Standing, str, str]]:
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    best: dict[str, tuple[bool, int, tuple[Standing, str, str]]] = {}
    for place, row in enumerate(rows, start=1):
        modern = "Rank" in row
        rank = int(row["Rank"]) if modern else place  # the old boards of these tests are in order
        if rank == 0:
            continue
        members = sorted(filter(None, (row.get("TeamMemberUserNames") or "").split(",")))
        owners, by_name = people & set(members), False
        if not owners:
            owners, by_name = people & {row["TeamName"]}, True
        standing = (
            rank,
            float(row["Score"]),
            row["TeamName"],
            int(row["TeamId"]),
            ",".join(members),
            int(row["SubmissionCount"]) if modern else None,
        )
        date = (row["LastSubmissionDate"] if modern else row["SubmissionDate"]).replace(" ", "T") + "Z"
        for owner in owners:
            claim = (by_name, rank, (standing, date, "team_name" if by_name else "username"))
            if owner not in best or claim[:2] < best[owner][:2]:
                best[owner] = claim
    return {owner: claim[2] for owner, claim in best.items()}


def found(db: Path, *, private: bool = False) -> dict[str, State]:
    """Each competition of a database, by its slug; empty where there are no tables yet.

    Args:
        private: what is there of the private boards, in place of the public ones.
    """
    leaderboard = "private_leaderboard" if private else "leaderboard"
    history = "private_entry_history" if private else "entry_history"
    applied = (
        "competitions LEFT JOIN private_boards b ON b.competition_id = id" if private else "competitions b"
    )
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (leaderboard,)).fetchone():
            return {}
        states = {
            slug: State(snapshot_at, {}, {})
            for slug, snapshot_at in connection.execute(f"SELECT slug, b.snapshot_at FROM {applied}")
        }
        for slug, username, *rest in connection.execute(
            "SELECT competition, username, rank, score, kaggle_team_name, team_id, members, "
            "submission_count, submission_date, matched_by, first_seen_at, last_seen_at, left_at "
            f"FROM {leaderboard}"
        ):
            states[slug].entries[username] = (tuple(rest[:6]), *rest[6:])
        for slug, username, moment, team, rank, score, name, team_id, members, count in connection.execute(
            "SELECT c.slug, u.username, h.moment, h.team, h.rank, h.score, t.name, t.team_id, t.members, "
            f"h.submission_count FROM {history} h JOIN users u ON u.id = h.user_id "
            "JOIN competitions c ON c.id = h.competition_id LEFT JOIN teams t ON t.id = h.team "
            "ORDER BY h.moment"
        ):
            at = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            now = None if team is None else (rank, float(score), name, team_id, members, count)
            states[slug].history.setdefault(username, []).append((at, now))
        return states
