"""Five people, and two boards of which the second is a day later. Of all that moved there is one example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from world import database
from world.boards import Team
from world.club import SLUG

if TYPE_CHECKING:
    from world.club import Club

ALICE, BOB = Team(11, "alpha", ("alice",), "0.80", submissions=3), Team(12, "bob", ("bob",), "0.70")
CAROL, DAVE = Team(13, "C-Team", ("carol",), "0.60"), Team(14, "dave", ("dave",), "0.50")
BETTER_BOB = Team(12, "bob", ("bob",), "0.85", submissions=2)
SEE_TEAM = Team(13, "See-Team", ("carol", "erin"), "0.60")
LEFT = "left the board (rolling window or deletion)"


def five_people(club: Club) -> None:
    """Tracks the people, and a competition that has no board yet."""
    club.competitions(SLUG)
    club.ok("users", "add", "alice", "--name", "Alice Ace", "--group", "red")
    club.ok("users", "add", "carol", "--group", "red")
    club.people("bob", "dave", "erin")


def two_boards(club: Club) -> None:
    """Tracks the people, and syncs both boards."""

    def sync() -> None:
        five_people(club)
        club.board("2025-10-29T12:00:00", ALICE, BOB, CAROL, DAVE)
        club.board("2025-10-30T12:00:00", BETTER_BOB, ALICE, SEE_TEAM)

    database.prepared(club.db, "two boards", sync)
