"""What moved and why, as sentences."""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from kagsync import clock
from kagsync.errors import UsageError, choose
from kagsync.inputs import short
from kagsync.queries import results
from kagsync.queries.moved import Moved, compared_with
from kagsync.standings import movements, passing, sentences
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from kagsync.standings.movements import Movement
    from kagsync.standings.shake_up import ShakeUp
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

# Which movements of somebody are told: all, or those that passed one of these people.
Scope: TypeAlias = "AbstractSet[int] | None"
_NOTHING: frozenset[int] = frozenset()
_ID = re.compile(r"[^:]+:\d+:(?:public|private):(\d{1,11}):[a-z-]+(?::\d+)?", re.ASCII)


@dataclass(frozen=True)
class Item:
    """One movement of one person.

    Attributes:
        teams: how many were on the board; None: no longer known.
        passed: the tracked people whom the person passed, the best first.
        ordinal: 1, unless the person has several movements with this reason at this moment.
        is_ours: whether the person is one of those whose news this is; otherwise those who were passed are.
    """

    competition: Competition
    user: User
    movement: Movement
    teams: int | None
    passed: tuple[User, ...] = ()
    ordinal: int = 1
    is_ours: bool = True

    @property
    def who(self) -> str:
        return self.user.shown_name

    @property
    def ours(self) -> tuple[User, ...]:
        """The people whose news this is."""
        return (self.user,) if self.is_ours else self.passed

    @property
    def reason(self) -> str:
        """The movement's reason; that of an improvement which passed others is `passed`."""
        return movements.PASSED if self.passed else self.movement.reason

    @property
    def own(self) -> bool:
        """Whether the person did something, or got a result."""
        return self.movement.own

    @property
    def id(self) -> str:
        """A stable name. It does not depend on usernames, on who is tracked, or on the order of loading."""
        movement = self.movement
        parts = (self.competition.slug, self.user.id, movement.board, movement.moment, movement.reason)
        return ":".join(map(str, parts)) + (f":{self.ordinal}" if self.ordinal > 1 else "")

    @property
    def details(self) -> str:
        """What the sentence says after the person and those who were passed."""
        return sentences.details(self.movement, self.teams)

    @property
    def sentence(self) -> str:
        """The movement in words. Names are as strangers wrote them."""
        return sentences.sentence(
            self.who, self.movement, self.teams, [user.shown_name for user in self.passed]
        )


def news(
    store: Store,
    competitions: Iterable[Competition],
    users: Collection[User],
    since: Callable[[Competition], datetime],
    *,
    everybody: Collection[User] | None = None,
    against: Collection[User] | None = None,
) -> list[Item]:
    """What happened to people on these boards, the newest first.

    Somebody who passed one of these people is told of as well, with those of them who were passed.

    Args:
        competitions: each with one of its boards; see `on_both_boards`.
        users: whose movements to tell.
        since: gives the time to start at, for a competition.
        everybody: the people who may be named in such sentences, as they are to be named; None: all who are
            tracked.
        against: tell only who passed whom between these people and `users`; None: tell everything.
    """
    known = {user.id: user for user in (*(store.users.all() if everybody is None else everybody), *users)}
    ours = {user.id for user in users}
    theirs = None if against is None else {user.id for user in against}
    scopes = {user: _scope(user, ours, theirs) for user in known}
    told = {user: scope for user, scope in scopes.items() if scope is None or scope}
    found = [
        item
        for competition in competitions
        for item in _of_board(store, competition, known, told, ours, since(competition))
    ]
    return sorted(found, key=_newest_first)


def _scope(user: int, ours: AbstractSet[int], theirs: AbstractSet[int] | None) -> Scope:
    """Which movements of a user are told: all (None), or only those that passed one of these people."""
    if theirs is None:
        return None if user in ours else ours
    return (theirs if user in ours else _NOTHING) | (ours if user in theirs else _NOTHING)


def _of_board(
    store: Store,
    competition: Competition,
    known: dict[int, User],
    scopes: dict[int, Scope],
    ours: AbstractSet[int],
    since: datetime,
) -> Iterator[Item]:
    ledger = store.ledger(competition.board)
    moved = Moved(store, competition, since)
    undecided = ledger.boards.undecided(competition.id)
    teams = ledger.snapshots.team_counts(competition.id, int(moved.since.timestamp()))
    around = functools.cache(functools.partial(ledger.history.ranks_around, competition.id))
    for user, scope in scopes.items():
        found = moved.all(user)
        if user in undecided and found and found[-1].reason == movements.LEFT:
            found.pop()  # perhaps that is not true
        alike: Counter[tuple[int, str]] = Counter()
        for movement in found:
            alike[movement.moment, movement.reason] += 1
            passed = passing.passed(user, around(movement.moment)) if passing.may_pass(movement) else []
            named = tuple(known[key] for key in passed if key in known and (scope is None or key in scope))
            if named or scope is None:
                ordinal = alike[movement.moment, movement.reason]
                count = teams.get(movement.moment)
                yield Item(competition, known[user], movement, count, named, ordinal, user in ours)


def chosen(items: Iterable[Item], only: Collection[str] | None, *, drift: bool = False) -> list[Item]:
    """The items that are to be told.

    Args:
        only: the reasons that are wanted. Without `passed`, an improvement that passed others is a plain one.
            None: what people did themselves.
        drift: with None, also what only others did.
    """
    if only is None:
        return [item for item in items if drift or item.own]
    if movements.PASSED not in only:
        items = (replace(item, passed=()) for item in items if item.is_ours)
    return [item for item in items if item.reason in only]


def reasons(text: str) -> frozenset[str]:
    """The reasons in a comma-separated list.

    Raises:
        UsageError: one of them is not a reason, or there is none.
    """
    found = {word.strip() for word in text.split(",") if word.strip()}
    unknown = sorted(found - set(movements.REASONS))
    if unknown or not found:
        wrong = unknown[0] if unknown else text
        raise UsageError(f"{wrong!r} is not a reason", choose(wrong, movements.REASONS))
    return frozenset(found)


def compared_with_first(
    store: Store, competitions: Iterable[Competition], since: Callable[[Competition], datetime]
) -> dict[str, datetime]:
    """The time of the first board of each competition whose history is younger than the time to start at."""
    found = {
        each.slug: compared_with(store, each, since(each)) for each in competitions if each.board == PUBLIC
    }
    return {slug: moment for slug, (moment, is_first) in found.items() if is_first}


def only_drifted(items: Iterable[Item]) -> dict[str, int]:
    """How many people moved only because of others, by competition."""
    moved: dict[str, dict[int, bool]] = {}
    for item in items:
        people = moved.setdefault(item.competition.slug, {})
        people[item.user.id] = people.get(item.user.id, False) or item.own
    counts = {slug: sum(not own for own in people.values()) for slug, people in moved.items()}
    return {slug: count for slug, count in sorted(counts.items()) if count}


def moment_of(item_id: str) -> int:
    """The moment of an item, in seconds since 1970, which is a part of its id.

    Raises:
        UsageError: it is not an id.
    """
    if (found := _ID.fullmatch(item_id)) is None:
        raise UsageError(f"{short(item_id)} is not the id of a movement", "See: kagsync news --format json")
    return int(found[1])


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
        "reason": item.reason,
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
        "id": item.id,
        "own": item.own,
        "passed": [user.handle for user in item.passed],
    }
