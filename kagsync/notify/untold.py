"""What a notification target has not been told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.queries import news

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.queries.news import Item
    from kagsync.store import Store
    from kagsync.store.records import Competition, Target, User

    Moments = dict[str, dict[int, tuple[int, int]]]


class Untold(NamedTuple):
    """What has happened since a target was last told.

    Attributes:
        pending: up to which moment the target knows each competition, and the moment of its latest board, by
            kind of board and competition id; only where the latest board is new to it.
        items: all movements of its people, the newest first.
        told: those that it wants to be told.
    """

    pending: Moments
    items: list[Item]
    told: list[Item]

    @property
    def latest(self) -> dict[str, dict[int, int]]:
        """Up to which moment the target knows everything once it has been told."""
        return {
            board: {key: moment for key, (_, moment) in found.items()}
            for board, found in self.pending.items()
        }

    def known_until(self, competition: Competition) -> datetime | None:
        """Up to when the target knows a competition's board; None: it knows the latest one."""
        found = self.pending.get(competition.board, {}).get(competition.id)
        return None if found is None else clock.utc(found[0])


def untold(store: Store, target: Target, boards: Iterable[str], *, everywhere: bool = False) -> Untold:
    """What a target has not been told of these kinds of boards. Without a new one, no history is read.

    Args:
        everywhere: also find out which boards are new of competitions whose movements it is not told.
    """
    wanted = target.subscription
    only = None if everywhere else wanted.competition_id
    pending = {board: found for board in boards if (found := store.targets.pending(target, board, only))}
    if not pending:
        return Untold({}, [], [])
    everybody = store.users.all()
    rivals = None if wanted.against is None else [user for user in everybody if user.group == wanted.against]
    seen = news.on_both_boards(store, store.competitions.all())
    seen = [
        each
        for each in seen
        if each.id in pending.get(each.board, ()) and wanted.competition_id in (None, each.id)
    ]

    def since(competition: Competition) -> datetime:
        known, _ = pending[competition.board][competition.id]
        return clock.utc(known)

    items = news.news(store, seen, people(target, everybody), since, everybody=everybody, against=rivals)
    return Untold(pending, items, news.chosen(items, wanted.only, drift=wanted.tells_drift))


def people(target: Target, everybody: Iterable[User]) -> list[User]:
    """Whose movements a target is told."""
    group = target.subscription.group
    return [user for user in everybody if group in (None, user.group)]
