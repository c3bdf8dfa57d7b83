"""Leaderboards of made-up people, the same for the same seed, and what moves on them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames"

_GIVEN = (
    *("Aru", "Belin", "Cato", "Dalia", "Edrik", "Fenna", "Goro", "Hilma", "Ivo", "Jorun", "Kesha", "Lumi"),
    *("Marek", "Nilo", "Oriane", "Pavo", "Quila", "Runa", "Sefa", "Tomek", "Ulla", "Vanya", "Wiebke"),
    *("Xandra", "Yaro", "Zuri", "Bartholo", "Clementia", "Maximilio", "Seraphine"),
)
_FAMILY = (
    *("Ashvale", "Brokk", "Corvani", "Dunmere", "Eskola", "Fairlom", "Grauvik", "Holmqvar", "Ibanor"),
    *("Jastrow", "Kolvane", "Lindmoor", "Mostari", "Nakumo", "Ostrell", "Pellano", "Quarrick", "Rosmund"),
    *("Sandovar", "Tarkoc", "Umbrel", "Verrow", "Wexholm", "Yorvik", "Zelenka", "Okafemi", "Bo", "Li"),
)
_TEAM = (
    *("Gradient Goats", "Overfit Again", "The Null Set", "Caffeine & Trees", "模型工坊", "Équipe Été"),
    *("Leaky Pipes 🚰", "A/B/C"),
)
_LAST = datetime(2025, 10, 30, tzinfo=UTC)


class Team(NamedTuple):
    """A row but for its rank; `score` in units of the last decimal."""

    team_id: int
    name: str
    date: str
    score: int
    submissions: int
    members: str


class Board(NamedTuple):
    """Teams in rank order, and the place (a list index) where the host's rank 0 row stands."""

    teams: list[Team]
    benchmark: int


def people(count: int) -> list[str]:
    """The usernames of the people who are tracked: the same on every board."""
    return [
        f"{_GIVEN[i % len(_GIVEN)].lower()}{_FAMILY[i * 5 % len(_FAMILY)].lower()}{i}" for i in range(count)
    ]


def make(rows: int, tracked: int, seed: int = 0) -> Board:
    """A board of `rows` rows, one of them the host's, with 19 of 20 tracked people somewhere on it."""
    chance = random.Random(seed)
    count = rows - 1
    ours = people(tracked)
    here = iter(ours[: max(1, tracked * 19 // 20)])
    places = set(chance.sample(range(count), min(count, max(1, tracked * 19 // 20))))
    ids = chance.sample(range(10_000_000, 10_000_000 + 20 * rows), count)
    scores = sorted((chance.randrange(50_000, 85_000) for _ in range(count)), reverse=True)
    teams = []
    for i, (team_id, score) in enumerate(zip(ids, scores, strict=True)):
        given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
        first = next(here) if i in places else f"{given.lower()}{family.lower()[:4]}{seed}x{i}"
        mates = chance.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 4))
        members = [first, *(f"{chance.choice(_GIVEN).lower()}{seed}y{i}m{k}" for k in range(mates))]
        chance.shuffle(members)
        if mates:
            name = f"{chance.choice(_TEAM)}, no. {i}" if i % 9 == 0 else f"{chance.choice(_TEAM)} {i}"
        else:
            name = first if i % 3 == 0 else f"{given} {family}"
        date = f"{_LAST - timedelta(seconds=chance.randrange(60 * 86400)):%Y-%m-%d %H:%M:%S}"
        teams.append(Team(team_id, name, date, score, chance.randrange(1, 40), ",".join(members)))
    return Board(teams, count // 3)


def moved(board: Board, count: int, tracked: int, *, ours: int = 0, seed: int = 0) -> Board:
    """The board after `count` teams improved, at least `ours` of them with one of `tracked` people."""
    chance = random.Random(f"moved {seed}")
    teams = list(board.teams)
    chosen = set(chance.sample(range(len(teams)), count))
    if ours:
        names = set(people(tracked))
        with_ours = [i for i, team in enumerate(teams) if not names.isdisjoint(team.members.split(","))]
        chosen |= set(chance.sample(with_ours, min(ours, len(with_ours))))
    for i in chosen:
        team = teams[i]
        date = f"{_LAST + timedelta(seconds=chance.randrange(86400)):%Y-%m-%d %H:%M:%S}"
        score = min(team.score + chance.randrange(1, 4000), 99_999)
        teams[i] = team._replace(score=score, date=date, submissions=team.submissions + 1)
    teams.sort(key=lambda team: -team.score)  # stable: who was there first stays before
    return Board(teams, board.benchmark)


def busy_with_others(board: Board, tracked: int) -> Board:
    """The board after everybody but the tracked people submitted again, to no avail: no place moved."""
    names = set(people(tracked))
    teams = [
        team
        if not names.isdisjoint(team.members.split(","))
        else team._replace(submissions=team.submissions + 1, date="2025-10-30 23:59:59")
        for team in board.teams
    ]
    return Board(teams, board.benchmark)


def write(board: Board, path: Path) -> Path:
    """Writes the CSV as Kaggle does: UTF-8 with BOM, LF, quotes where there is a space, comma or quote."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(HEADER + "\n")
        for place, team in enumerate(board.teams, start=1):
            if place - 1 == board.benchmark:
                file.write('0,1,"Sample Submission Benchmark","2025-09-01 00:00:00",0.49999,1,\n')
            score = f"{team.score / 100_000:.5f}"
            row = (str(place), str(team.team_id), _quoted(team.name), f'"{team.date}"', score)
            file.write(",".join((*row, str(team.submissions), _quoted(team.members))) + "\n")
    return path


def when(number: int) -> str:
    """The moment of the board with this number, as it stands in a file's name: every five minutes one."""
    return f"{_LAST + timedelta(days=1, minutes=5 * number):%Y-%m-%dT%H:%M:%S}"


def file_name(slug: str, number: int) -> str:
    """The name that Kaggle gives the CSV of a board."""
    return f"{slug}-publicleaderboard-{when(number).replace(':', '_')}.csv"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ' ,"') else text
