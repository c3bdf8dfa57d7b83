"""Tells who may have a new username on Kaggle.

A person who was on a board by username and no longer is may have a new one. A team keeps its id: if the
person's team has lost nobody else and has one new member who is not tracked, that may be the same person.
Somebody who was in the team and is on the board elsewhere does not count as lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kagsync.board.matching import USERNAME
from kagsync.inputs import is_username

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kagsync.board.matching import Claim


class Before(NamedTuple):
    """What earlier boards said.

    Attributes:
        teams: user id → team id and members of the last standing, of people who have one by username.
        asked: user id → new username, as they were told last.
    """

    teams: Mapping[int, tuple[int | None, str]]
    asked: Mapping[int, str]

    @property
    def team_ids(self) -> set[int]:
        return {team_id for team_id, _ in self.teams.values() if team_id is not None}

    def renames(
        self, members: Mapping[int, str], roster: Mapping[str, int], claims: Mapping[int, Claim]
    ) -> dict[int, str]:
        """Who may have which new username.

        Args:
            members: team id → members on the board now, at least of `team_ids`.
            roster: lower-case username → user id.
            claims: who is on the board.

        Returns:
            user id → new username.
        """
        present = {user for user, claim in claims.items() if claim.matched_by == USERNAME}
        found = {}
        # Whoever is still found by the team has a new last standing, which no longer shows who was there.
        for user, new in self.asked.items():
            standing = claims[user].standing if user in claims and user not in present else None
            if standing is not None and new in standing.members.split(",") and new not in roster:
                found[user] = new
        for user, (team_id, earlier) in self.teams.items():
            if user in present or team_id is None or team_id not in members:
                continue
            was, now = set(earlier.split(",")), set(members[team_id].split(","))
            lost = [key for name in was - now if (key := roster.get(name)) not in present]
            strangers = [name for name in now - was if name not in roster]
            if lost == [user] and len(strangers) == 1 and is_username(strangers[0]):
                found[user] = strangers[0]
        return found
