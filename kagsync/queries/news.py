"""What moved and why, as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.queries import results
from kagsync.standings import movements
from kagsync.standings.sentences import sentence
from kagsync.standings.which import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from kagsync.standings.movements import Movement
    from kagsync.standings.shake_up import ShakeUp
    from kagsync.store import Store
    from kagsync.store.records import Competition, User


@dataclass(frozen=True)
class Item:
    """One movement of one person; `teams` is how many were on the board (None: no longer known)."""

    competition: Competition
    user: User
    movement: Movement
    teams: int | None

    @property
    def who(self) -> str:
        return self.user.shown_name

    @property
    def sentence(self) -> str:
        """The movement in words. Names are as strangers wrote them."""
        return sentence(self.who, self.movement, self.teams)


def news(
    store: Store,
    competitions: Iterable[Competition],
    users: list[User],
    since: Callable[[Competition], datetime],
) -> list[Item]:
    """What happened to these people on these boards, the newest first.

    Args:
        competitions: each with one of its boards; see `on_both_boards`.
        since: gives the time to start at, for a competition.
    """
    items = []
    for competition in competitions:
        moment = int(since(competition).timestamp())
        boards, history = store.ledger(competition.board)
        undecided = boards.undecided(competition.id)
        deleted = history.deleted_accounts(competition.id)
        teams = history.team_counts(competition.id, moment)
        finals = results.finals(store, competition)
        for user in users:
            past = history.past(competition.id, user.id, moment)
            found = movements.movements(past, competition.direction, deleted)
            if user.id in undecided and found and found[-1].reason == movements.LEFT:
                found.pop()  # perhaps that is not true
            for movement in finals(user.id, found):
                items.append(Item(competition, user, movement, teams.get(movement.moment)))
    return sorted(items, key=_newest_first)


def on_both_boards(store: Store, competitions: Iterable[Competition]) -> list[Competition]:
    """Each competition with its public board, and once more with its private one if there is one."""
    found = []
    for competition in competitions:
        found.append(competition)
        if competition.has_result:
            found.append(store.competitions.on(competition, PRIVATE))
    return found


def shake_ups(store: Store, items: Iterable[Item]) -> list[tuple[Competition, ShakeUp]]:
    """The shake-up of each board whose result is among these movements."""
    ended = dict.fromkeys(item.competition for item in items if item.movement.reason == movements.FINAL)
    found = [(competition, results.whole_shake_up(store, competition)) for competition in ended]
    return [(competition, shaken) for competition, shaken in found if shaken is not None]


def _newest_first(item: Item) -> tuple[object, ...]:
    after = item.movement.after
    rank = after.rank if after is not None and after.rank is not None else float("inf")
    return (-item.movement.moment, item.competition.slug, rank, item.user.handle)


def as_json(item: Item) -> dict[str, Any]:
    """One movement for programs. Every key is always there; None means unknown."""
    movement = item.movement
    before, after = movement.before, movement.after
    return {
        "competition": item.competition.slug,
        "at": clock.from_unix(movement.moment),
        "username": item.user.username,
        "name": item.user.name,
        "group": item.user.group,
        "reason": movement.reason,
        "sentence": item.sentence,
        "previous_rank": before and before.rank,
        "rank": after and after.rank,
        "places": movement.places,
        "teams": item.teams,
        "previous_score": before and before.score,
        "score": after and after.score,
        "new_submissions": movement.submissions,
        "previous_team_name": before and before.team_name,
        "kaggle_team_name": after and after.team_name,
        "member": movement.member or None,
        "board": item.competition.board,
        "medal": movement.medal,
        "handle": item.user.handle,
        "student_id": item.user.student_id,
    }
