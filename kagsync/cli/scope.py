"""Whom a command is about, and since when: what `show`, `news`, `history` and `missing` share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kagsync import inputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

A_DAY = timedelta(hours=24)
LAST = "last"
WHEN = "24h, 7d, 90m, a date (UTC), or last (the board you saw last)"


def since(text: str | None, loaded: Settings, now: datetime) -> Callable[[Competition], datetime]:
    """A function that gives the time to compare with, for a competition."""
    if text == LAST:
        from kagsync.queries import last_seen

        return lambda competition: last_seen.last(loaded, competition.slug) or now - A_DAY
    moment = inputs.since(text, now) if text is not None else now - A_DAY
    return lambda _: moment


def people(store: Store, person: str | None, group: str | None) -> list[User]:
    """The one person that is asked for, or those of a group, or everybody."""
    inputs.at_most_one({"--user": person is not None, "--group": group is not None})
    if person is not None:
        return [store.users.get(inputs.person(person))]
    return store.users.all() if group is None else store.users.in_group(group)
