"""Adds and removes people without the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.store import forgetting
from kagsync.tracking import roster
from kagsync.tracking.roster_file import Line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.store import Store


def track(
    store: Store, people: Iterable[tuple[str, str | None, str | None]], now: datetime
) -> tuple[int, int, int]:
    """Adds or changes people, given as (username, name, group), as `users import` does.

    Returns:
        how many were added, changed, and left as they were.
    """
    lines = [Line(number, *person) for number, person in enumerate(dict.fromkeys(people), start=1)]
    with store.writing() as write:
        planned = roster.plan(lines, store.users.with_archived())
        assert not planned.problems
        roster.save(write, planned, now)
    return len(planned.added), len(planned.changed), len(planned.unchanged)


def untrack(store: Store, username: str) -> None:
    """Removes a person."""
    forgetting.forget(store, [store.users.get(username).id])
