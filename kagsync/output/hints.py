"""What a sync could not decide about people, in sentences that say what to do."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kagsync.output.wording import listed, person_name, rename_question

if TYPE_CHECKING:
    from kagsync.queries.undecided import Undecided
    from kagsync.store.records import User

_NAMES_IN_A_LINE = 5


def undecided(found: Undecided, *, most: int = 200) -> list[str]:
    """A sentence for each question, at most so many, and then how many more there are."""
    lines = [rename_question(each.old, each.new) for each in found.renames.values()]
    lines += [_several_teams(user, teams) for user, teams in found.teams.items() if len(teams) > 1]
    lines += [_several_people(team, people) for team, people in found.rivals]
    more = len(lines) - most
    return lines if more <= 0 else [*lines[:most], f"{more:,} more such questions"]


def _several_teams(user: User, teams: list[str]) -> str:
    from kagsync.standings.team_pattern import between_slashes  # most people are known by a username

    exact = between_slashes(user.team or "") is None
    team = (
        f"Set the exact name of one of them: kagsync users add {shlex.quote(user.handle)} --team NAME; or set"
    )
    return (
        f"{person_name(user)}: {len(teams)} teams match {user.team}: {listed(teams, _NAMES_IN_A_LINE)}. "
        f"{'Set' if exact else team} the username: {_set_username(user)}"
    )


def _several_people(team: str, people: list[User]) -> str:
    names = listed([person_name(user) for user in people], _NAMES_IN_A_LINE)
    return (
        f"{team}: {len(people)} people match this team: {names}. "
        f"Give each a team of their own, or set the usernames: {_set_username(people[0])}"
    )


def _set_username(user: User) -> str:
    return f"kagsync users rename {shlex.quote(user.handle)} USERNAME"
