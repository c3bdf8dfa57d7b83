"""Leaderboards in Kaggle's own form, made up: real ones name real people, so the project has none."""

from __future__ import annotations

import csv
import io
import math
import random
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

WHEN = "2025-10-31T16:26:26"
"""The moment a board was made, when a test does not care which."""

MODERN = "Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames"
OLD = "TeamId,TeamName,SubmissionDate,Score"


@dataclass(frozen=True)
class Team:
    """One row of a board. `rank` None: its place among the teams; 0: the host's benchmark."""

    team_id: int
    name: str
    members: tuple[str, ...] = ()
    score: str = "0.5"
    rank: int | None = None
    submissions: int = 1
    date: str = "2025-10-30 12:00:00"


def board_csv(teams: Iterable[Team], *, old: bool = False) -> bytes:
    """The CSV of these teams, in the order given: modern (BOM, LF), or `old` (to 2022: CRLF, no rank)."""
    lines = [OLD if old else MODERN]
    place = 0
    for team in teams:
        place += team.rank != 0
        rank = place if team.rank is None else team.rank
        row: tuple[object, ...] = (team.team_id, team.name, team.date, team.score)
        if not old:
            row = (rank, *row, team.submissions, ",".join(team.members))
        lines.append(",".join(_field(str(value)) for value in row))
    end = "\r\n" if old else "\n"
    return "".join(line + end for line in lines).encode("utf-8-sig")


def _field(text: str) -> str:
    # Kaggle quotes a field with a space in it, which the csv module's QUOTE_MINIMAL does not.
    if not any(char in text for char in ' ,"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'


def board_name(slug: str, when: str = WHEN, board: Literal["public", "private"] = "public") -> str:
    """The name Kaggle gives the CSV; `when` is UTC, and "" for an old board, whose name has no time."""
    return f"{slug}-{board}leaderboard{'-' if when else ''}{when}.csv"


def board_zip(
    slug: str, content: bytes, when: str = WHEN, board: Literal["public", "private"] = "public"
) -> bytes:
    """The ZIP Kaggle sends: one member, with the colons that Windows cannot store. Same in, same bytes."""
    member = zipfile.ZipInfo(board_name(slug, when, board))
    member.compress_type = zipfile.ZIP_DEFLATED
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, content)
    return file.getvalue()


def submissions(content: bytes, *, hosts: bool = False) -> list[dict[str, Any]]:
    """The rows of a modern board as GetLeaderboard gives them: in order of rank, which they do not have.

    Args:
        hosts: also give the host's benchmarks (rank 0), each below the teams with as good a score.
    """
    table = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    rows = sorted((row for row in table if row["Rank"] != "0"), key=lambda row: int(row["Rank"]))
    scores = [float(row["Score"]) for row in rows if row["Score"]]
    sign = -1 if scores and scores[0] < scores[-1] else 1

    def merit(row: dict[str, str]) -> float:
        return sign * float(row["Score"]) if row["Score"] else -math.inf

    for host in (row for row in table if hosts and row["Rank"] == "0"):
        rows.insert(sum(merit(row) >= merit(host) for row in rows), host)
    return [
        {
            "teamId": int(row["TeamId"]),
            "teamName": row["TeamName"],
            # To the millisecond, as the SDK writes times; the CSV has whole seconds.
            "submissionDate": f"{row['LastSubmissionDate'].replace(' ', 'T')}.250Z",
            "score": row["Score"],
        }
        for row in rows
    ]


def many_teams(n: int, seed: int = 0) -> list[Team]:
    """`n` teams in rank order, higher scores first, with ties; the same for the same `n` and `seed`.

    Usernames are unique (`user<i>`; team-mates `mate<i>x<k>`), and so are team ids, in no order.
    """
    chance = random.Random(seed)
    ids = chance.sample(range(10_000_000, 10_000_000 + 100 * n), n)
    scores = sorted((chance.randrange(50_000, 85_000) for _ in range(n)), reverse=True)
    last = datetime(2025, 10, 31, 16, tzinfo=UTC)
    teams = []
    for i, (team_id, score) in enumerate(zip(ids, scores, strict=True)):
        mates = chance.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 4))
        members = (f"user{i}", *(f"mate{i}x{k}" for k in range(mates)))
        name = f"Team No {i}" if mates else chance.choice((f"user{i}", f"User {i}"))
        date = last - timedelta(seconds=chance.randrange(60 * 24 * 3600))
        teams.append(
            Team(
                team_id,
                name,
                members,
                score=f"{score / 100_000:.5f}",
                submissions=chance.randrange(1, 40),
                date=f"{date:%Y-%m-%d %H:%M:%S}",
            )
        )
    return teams
