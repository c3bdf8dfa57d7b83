"""What happened to people on one board since a time: the basis of `news`, `show` and the overview."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.queries import results
from kagsync.standings import movements
from kagsync.standings.movements import Past
from kagsync.standings.which import PUBLIC

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.standings.movements import Movement
    from kagsync.store import Store
    from kagsync.store.records import Competition


class Moved:
    """The movements of people on a competition's board; looks up only once what they have in common.

    A public board is compared with the first board there is, if that is younger than the time asked for. A
    person is compared with the first board that was searched for the person. So whoever was on it is not new.

    Attributes:
        since: the time of the board to compare with.
        is_first: whether that is the first board, because the history is younger than the time asked for.
        deleted: see `History.deleted_accounts`.
    """

    def __init__(self, store: Store, competition: Competition, since: datetime) -> None:
        self.since, self.is_first = compared_with(store, competition, since)
        self._competition, self._store = competition, store
        ledger = store.ledger(competition.board)
        self._history, self._snapshots = ledger.history, ledger.snapshots
        self.deleted = self._history.deleted_accounts(competition.id)
        self._finals = results.finals(store, competition)

    def all(self, user_id: int) -> list[Movement]:
        """All movements of a person, the earliest first."""
        found = movements.movements(self._past(user_id), self._competition.direction, self.deleted)
        return self._finals(user_id, found)

    def overall(self, user_id: int) -> Movement | None:
        """The one movement of a person from the beginning to the end; None: nothing moved."""
        found = movements.overall(self._past(user_id), self._competition.direction, self.deleted)
        return None if found is None else next(iter(self._finals(user_id, [found])), None)

    def _past(self, user_id: int) -> Past:
        past = self._history.past(self._competition.id, user_id, int(self.since.timestamp()))
        if past.known or not past.changes or self._competition.board != PUBLIC:
            return past
        first, *later = past.changes
        searches = [moment for last_id, moment in self._searches if last_id >= user_id]
        was_there = first.moment <= min(searches, default=first.moment)
        return Past(first.standing, known=True, changes=later) if was_there else past

    @functools.cached_property
    def _searches(self) -> list[tuple[int, int]]:
        return self._snapshots.first_searches(self._competition.id)


def compared_with(store: Store, competition: Competition, since: datetime) -> tuple[datetime, bool]:
    """The time to compare a board with, and whether that is the first board's because `since` is before it.

    The first private board is compared with the public one, so it does not count here.
    """
    first = store.snapshots.first(competition.id) if competition.board == PUBLIC else None
    if first is None or first <= since.timestamp():
        return since, False
    return clock.utc(first), True
