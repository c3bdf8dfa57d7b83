"""What a sync could not decide: who may have a new username, and teams that match, but not one to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kagsync.store import Store
    from kagsync.store.records import Competition, PossibleRename, User


class Undecided(NamedTuple):
    """What people have to decide. Names of teams are as strangers wrote them.

    Attributes:
        renames: who may have a new username, by user id.
        teams: people with the teams that may be theirs.
        rivals: each team that may be that of several people, with these people.
    """

    renames: dict[int, PossibleRename]
    teams: dict[User, list[str]]
    rivals: list[tuple[str, list[User]]]

    def of(self, users: Iterable[User]) -> Undecided:
        """The part that concerns some people."""
        ids = {user.id for user in users}
        return Undecided(
            {key: rename for key, rename in self.renames.items() if key in ids},
            {user: teams for user, teams in self.teams.items() if user.id in ids},
            [(team, people) for team, people in self.rivals if any(each.id in ids for each in people)],
        )

    def concerns(self, user: User) -> bool:
        """Whether there is something to decide about a person."""
        return user.id in self.renames or user in self.teams


NOTHING = Undecided({}, {}, [])


def undecided(
    store: Store,
    competition: Competition,
    users: Iterable[User],
    boards: Sequence[str] = (PUBLIC, PRIVATE),
) -> Undecided:
    """What the latest syncs of a competition's boards could not decide about these people."""
    renames = {each.user_id: each for each in store.boards.possible_renames(competition.id)}
    found = dict.fromkeys(
        each for board in boards for each in store.ledger(board).boards.unclear_teams(competition.id)
    )
    teams: dict[User, list[str]] = {}
    claimed: dict[tuple[int | None, str], list[User]] = {}
    if found:
        everybody = {user.id: user for user in store.users.all()}
        for user_id, team_id, name in found:
            if (user := everybody.get(user_id)) is not None:  # None: archived a moment ago
                teams.setdefault(user, []).append(name)
                claimed.setdefault((team_id, name), []).append(user)
    rivals = [(name, people) for (_, name), people in claimed.items() if len(people) > 1]
    return Undecided(renames, teams, rivals).of(users) if renames or found else NOTHING
