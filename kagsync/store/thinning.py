"""Thins old days of the history, a few in each run. Tables: entry_history; `thinned_until` of competitions.

`standings/thinning.py` has the rule. A competition is thinned if it is linked to Kaggle. Rows at moments of
boards that came from a file stay, and so do those of boards that an earlier version stored without saying
where they came from.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.store.errors import Locked
from kagsync.store.snapshots import DAY

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.standings.thinning import Row
    from kagsync.store import Store
    from kagsync.store.connection import Connection

# A row takes some 5 µs. A step takes as long as so many rows, even if it finds none.
MOST_ROWS, _STEP = 3_000, 100
# Days with more people × boards than this are not thinned: it would take more than 1 s and 70 MB.
_LARGEST_DAY = 300_000

_VERSION = "PRAGMA data_version"  # another one after another connection has written
_DUE = (
    "SELECT id, coalesce(CAST(strftime('%s', thinned_until) AS INTEGER), 0) FROM competitions "
    "WHERE kaggle_competition_id IS NOT NULL AND (thinned_until IS NULL OR thinned_until < ?) "
    "ORDER BY thinned_until, id LIMIT 1"
)
_MOMENTS = (
    "SELECT moment FROM snapshots WHERE competition_id = ? AND moment >= ? AND moment < ? "
    "AND sha256 IS NOT NULL AND file IS NULL ORDER BY moment"
)
_ROW = "h.user_id, h.moment, h.rank, h.score, h.team, h.submission_count"
# CROSS JOIN: for each user, the rows by the primary key.
_ROWS = (
    f"SELECT {_ROW} FROM users u CROSS JOIN entry_history h "  # noqa: S608  (constants)
    "WHERE h.user_id = u.id AND h.competition_id = ? AND h.moment >= ? AND h.moment < ? "
    "ORDER BY u.id, h.moment"
)
_BEFORE = (
    f"SELECT {_ROW} FROM users u CROSS JOIN entry_history h "  # noqa: S608  (constants)
    "WHERE h.user_id = u.id AND h.competition_id = :competition AND h.moment = "
    "(SELECT max(moment) FROM entry_history "
    "WHERE user_id = u.id AND competition_id = :competition AND moment < :day)"
)


def thin(store: Store, until: datetime, *, most_rows: int = MOST_ROWS) -> int:
    """Thins some days: of the competition that is furthest behind first, each time in a short transaction.

    It does not wait: if another process writes meanwhile, it ends, and the next call goes on.

    Args:
        until: days that end after this time stay as they are.
        most_rows: about how many rows may be read. A day of a competition is not divided.

    Returns:
        how many rows were deleted.
    """
    db = store.connection
    end = int(until.timestamp()) // DAY * DAY
    read = deleted = 0
    with db.without_waiting(), contextlib.suppress(Locked):
        while read < most_rows and (due := db.row(_DUE, (clock.from_unix(end),))) is not None:
            version = db.value(_VERSION)
            competition, since = due
            moments, people = _next_days(db, competition, since, end, most_rows)
            thinned = moments and len(moments) * people <= _LARGEST_DAY
            rows, redundant = _redundant(db, competition, moments) if thinned else (0, [])
            reached = _day(moments[-1]) + DAY if moments else end
            with db.transaction():
                # If anybody has written since this was read, it is left to the next run.
                if db.value(_VERSION) != version:
                    break
                _delete(db, competition, redundant, reached)
            read += rows + _STEP
            deleted += len(redundant)
    return deleted


def _delete(db: Connection, competition: int, redundant: list[tuple[int, int]], reached: int) -> None:
    db.execute_many(
        "DELETE FROM entry_history WHERE competition_id = ? AND user_id = ? AND moment = ?",
        [(competition, user, moment) for user, moment in redundant],
    )
    db.execute(
        "UPDATE competitions SET thinned_until = ? WHERE id = ?", (clock.from_unix(reached), competition)
    )


def _next_days(
    db: Connection, competition: int, since: int, end: int, most_rows: int
) -> tuple[list[int], int]:
    """The moments of Kaggle's boards on the next day with any, and on later ones as far as rows allow.

    Several days at once are cheaper, since the rows of one person are side by side.

    Returns:
        the moments, and how many people there are.
    """
    people: int = db.value("SELECT count(*) FROM users")
    found: list[int] = []
    for (moment,) in db.rows(_MOMENTS, (competition, since, end)):
        if found and _day(moment) > _day(found[-1]) and len(found) * people > most_rows:
            break
        found.append(moment)
    return found, people


def _redundant(db: Connection, competition: int, moments: list[int]) -> tuple[int, list[tuple[int, int]]]:
    """How many rows the days of these moments have; and the user and moment of each that can be deleted."""
    from kagsync.standings import thinning  # rarely needed

    first, last = _day(moments[0]), _day(moments[-1])
    before = {
        user: thinning.Row(*row)
        for user, *row in db.rows(_BEFORE, {"competition": competition, "day": first})
    }
    days: dict[int, dict[int, list[Row]]] = {}
    others: set[int] = set()
    read = len(before)
    for user, *row in db.rows(_ROWS, (competition, first, last + DAY)):
        change = thinning.Row(*row)
        days.setdefault(_day(change.moment), {}).setdefault(user, []).append(change)
        others.add(change.moment)
        read += 1
    others.difference_update(moments)
    redundant = []
    for _, day in sorted(days.items()):
        redundant += thinning.redundant(before, day, others)
        before |= {user: rows[-1] for user, rows in day.items()}
    return read, redundant


def _day(moment: int) -> int:
    """When a moment's day begins."""
    return moment // DAY * DAY
