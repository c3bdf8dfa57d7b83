"""Who has no entry in a competition, who was never seen on any board, and what a sync could not decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.queries.undecided import Undecided, undecided
from kagsync.queries.unseen import Unseen, unseen
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kagsync.store import Store
    from kagsync.store.records import Competition, User


class Absent(NamedTuple):
    """Who has no entry on a competition's boards, and what its syncs could not decide."""

    competition: Competition
    users: list[User]
    undecided: Undecided


class Missing(NamedTuple):
    """What `missing` found.

    Attributes:
        users: who was looked for.
        competitions: a part for each competition, by slug.
        never_seen: who was never on any board.
        several: whether all competitions were asked for, not one.
    """

    users: list[User]
    competitions: list[Absent]
    never_seen: list[Unseen]
    several: bool


def missing(store: Store, slug: str | None, users: list[User]) -> Missing:
    """Looks for the people who have no entry in a competition.

    Args:
        slug: None: all active competitions.

    Raises:
        UnknownCompetition: no such competition is tracked.
    """
    if slug is None:
        competitions = [each for each in store.competitions.all() if each.active]
    else:
        competitions = [store.competitions.get(slug)]
    present: dict[int, set[int]] = {each.id: set() for each in competitions}
    for board in (PUBLIC, PRIVATE):
        for competition, user, *_ in store.ledger(board).boards.ranks():
            if competition in present:
                present[competition].add(user)
    found = [
        Absent(
            each,
            [user for user in users if user.id not in present[each.id]],
            undecided(store, each, users),
        )
        for each in competitions
    ]
    return Missing(users, found, unseen(store, users), slug is None)


def as_json(found: Missing) -> Iterator[dict[str, Any]]:
    """A row for each person and competition, for programs. Every key is always there; None means unknown."""
    never_seen = {each.user.id: each for each in found.never_seen}
    for competition, absent, open_ in found.competitions:
        without_entry = {user.id for user in absent}
        for user in found.users:
            if user.id not in without_entry and not open_.concerns(user):
                continue
            hint, rename = never_seen.get(user.id), open_.renames.get(user.id)
            yield {
                "competition": competition.slug,
                "username": user.username,
                "name": user.name,
                "group": user.group,
                "never_seen": hint is not None,
                "nearest": hint and hint.nearest,
                "nearest_in": hint and hint.competition,
                "handle": user.handle,
                "student_id": user.student_id,
                "nearest_team": hint and hint.nearest_team,
                "possible_rename": rename and rename.new,
                "unclear_teams": open_.teams.get(user, []),
            }
