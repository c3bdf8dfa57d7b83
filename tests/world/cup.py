"""A series of two competitions with four people. A private board of one of them turns the table.

Series "Cup": alpha counts twice. Totals and places, by hand:

on 15 October: alice 2 × 25 + 15 = 65, bob 2 × 18 + 25 = 61, carol 2 × 15 + 18 = 48, dave 15
on 21 October: carol 2 × 25 + 18 = 68, bob 2 × 15 + 25 = 55, alice 2 × 18 + 15 = 51, dave 15
on 26 October: as on 15 October, by alpha's private board
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from world import database
from world.boards import Team, board_csv, board_name

if TYPE_CHECKING:
    from world.club import Club

_ALICE, _BOB, _CAROL = Team(1, "a", ("alice",)), Team(2, "b", ("bob",)), Team(3, "c", ("carol",))
_ONE, _OTHER, _PAIR = Team(4, "s"), Team(5, "t"), Team(6, "pair", ("alice", "dave"))
BEFORE, TURNED, FINAL = "2025-10-15", "2025-10-21", "2025-10-26"


def scored(*teams: Team) -> list[Team]:
    """The teams in this order, with scores from 0.9 down."""
    return [
        Team(team.team_id, team.name, team.members, f"{0.9 - number / 10:.2f}")
        for number, team in enumerate(teams)
    ]


def private(club: Club, slug: str, when: str, *teams: Team) -> None:
    """Syncs a private board made at `when` from a file."""
    path = club.folder / board_name(slug, when, "private")
    path.write_bytes(board_csv(teams))
    assert club.load(path, slug=slug).code == 0


def cup(club: Club) -> None:
    """Tracks the people and the competitions, syncs all boards, and creates the series."""

    def make() -> None:
        club.competitions("alpha", "beta")
        club.ok("users", "add", "alice", "--name", "Alice Ace", "--group", "red")
        club.ok("users", "add", "bob", "--group", "red")
        club.ok("users", "add", "carol", "--group", "blue")
        club.people("dave")
        club.board("2025-10-10T12:00:00", *scored(_ONE, _ALICE, _BOB, _OTHER, _CAROL), slug="alpha")
        club.board("2025-10-12T12:00:00", *scored(_BOB, _ONE, _CAROL, _PAIR), slug="beta")
        club.board("2025-10-20T12:00:00", *scored(_CAROL, _ALICE, _ONE, _BOB, _OTHER), slug="alpha")
        private(club, "alpha", "2025-10-25T12:00:00", *scored(_ALICE, _BOB, _CAROL, _ONE, _OTHER))
        club.ok("series", "create", "Cup", "alpha=2", "beta")

    database.prepared(club.db, "cup", make)
