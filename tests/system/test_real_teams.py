"""People known by their team only, on real boards: kagsync finds whom a plain script finds."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from world.teams import ByTeam, track

from kagsync.board.matching import MOST_UNCLEAR

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club

Row = dict[str, str]


# The plain script: csv and re, and nothing of kagsync


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def teams_of(path: Path) -> list[tuple[int, str, set[str]]]:
    """Each team's id, name and members. An old board has its teams several times."""
    found = {}
    for row in rows_of(path):
        if row.get("Rank") != "0":
            members = {name for name in row.get("TeamMemberUserNames", "").split(",") if name}
            found[int(row["TeamId"])] = (int(row["TeamId"]), row["TeamName"], members)
    return list(found.values())


def fits(person: ByTeam, name: str) -> bool:
    name, team = (unicodedata.normalize("NFC", text.strip()) for text in (name, person.team or ""))
    if not team.startswith("/"):
        return team == name
    pattern = team[1:-1]
    if "{id}" in pattern:
        number = person.student_id or ""
        assert number.isdecimal()
        pattern = pattern.replace("{id}", rf"(?<!\d){number}(?!\d)")
    return re.search(pattern, name[:100], re.IGNORECASE) is not None


def expected(path: Path, people: list[ByTeam]) -> tuple[dict[str, tuple[int, str]], set[tuple[str, int]]]:
    """Who is on the board (team id, what matched), and which teams are unclear for whom."""
    usernames = {person.username: person.handle for person in people if person.username}
    teams = teams_of(path)
    by_username = {
        usernames[name]: (key, "username") for key, _, names in teams for name in names if name in usernames
    }
    edges = [
        (person.handle, key)
        for person in people
        if person.team and person.handle not in by_username
        for key, name, members in teams
        if not members & usernames.keys() and fits(person, name)
    ]
    of_person, of_team = Counter(handle for handle, _ in edges), Counter(key for _, key in edges)
    clear = {handle: (key, "team") for handle, key in edges if (of_person[handle], of_team[key]) == (1, 1)}
    return by_username | clear, {edge for edge in edges if edge[0] not in clear}


# The class: some teams of the boards, known in each of the ways in which people are


def a_class(snapshots: list[Path]) -> list[ByTeam]:
    """People of every third team of the first and the last board, and some who are not there."""
    teams = {name: members for path in (snapshots[0], snapshots[-1]) for _, name, members in teams_of(path)}
    people, numbers = [], set()
    for i, (name, members) in enumerate(list(teams.items())[::3]):
        number = max(re.findall(r"\d+", name), key=len, default=None)
        beginning = f"/^{re.escape(name.strip()[:12])}/"
        if number and number not in numbers:
            numbers.add(number)
            people.append(ByTeam(f"id{i}", "/{id}/", number))
        elif members and i % 3 == 0:
            people.append(ByTeam(f"username{i}", beginning, None, min(members)))
        elif i % 3 == 1:
            people.append(ByTeam(f"pattern{i}", beginning))
        elif not name.strip().startswith("/"):
            people.append(ByTeam(f"exact{i}", name.strip()))
    rival = next(person for person in people if person.handle.startswith("exact"))
    return [
        *people,
        rival._replace(handle="rival"),
        ByTeam("absent", "No team has this name, ever"),
        ByTeam("nowhere", "/{id}/", "987654321987"),
    ]


CARELESS = [ByTeam("digits", r"/\d\d/"), ByTeam("vowels", "/[aeiou]{3}/")]  # match many teams


@pytest.mark.long
@pytest.mark.parametrize(
    "careless", [[], pytest.param(CARELESS, marks=pytest.mark.long)], ids=["", "careless"]
)
@pytest.mark.parametrize("board", [pytest.param("playground", marks=pytest.mark.long), "spotoroo"])
def test_people_known_by_their_team_are_found_as_by_a_plain_script(
    real_boards: Path, club: Club, board: str, careless: list[ByTeam]
) -> None:
    snapshots = sorted((real_boards / board).glob("*.csv"))
    people = [*a_class(snapshots), *careless]
    club.track()
    track(club.db, *people)
    ever: set[str] = set()
    for path in snapshots:
        ran = club.load(path, "--accept-name", "--accept-shrink", "--no-team-name")
        assert ran.code == 0, ran
        found, unclear = expected(path, people)
        rows = club.ask("SELECT handle, team_id, matched_by FROM leaderboard WHERE left_at IS NULL")
        assert {handle: (key, matched_by) for handle, key, matched_by in rows} == found, path.name
        rows = club.ask("SELECT handle, team_id FROM unclear_teams JOIN users u ON u.id = user_id")
        by_person = Counter(handle for handle, _ in unclear)
        assert Counter(handle for handle, _ in rows) == {
            handle: min(count, MOST_UNCLEAR) for handle, count in by_person.items()
        }
        assert set(rows) <= unclear
        assert {"absent", "nowhere"}.isdisjoint(found.keys() | by_person.keys())
        ever |= {re.sub(r"\d", "", handle) for handle in found}
        assert "rival" in by_person
    kinds = {"exact", "pattern", "id"} | ({"username"} if board == "playground" else set())
    assert ever >= kinds - ({"id"} if careless else set())
    assert careless or club.ask("SELECT count(*) FROM leaderboard WHERE left_at IS NOT NULL") != [(0,)]
