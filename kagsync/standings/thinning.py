"""Which rows of an old day a history does not need. Pure functions.

Nearly all rows of a history are drift (see `standings/movements.py`), most of it by one place. Of a day's
drift, each person's last row is enough. These rows stay as well:

- every change that is not drift, and the row before it, so that it still says from where to where,
- where one person passes another, the rows of both at that moment and just before it,
- the rows without which one person would seem to pass another, since a rank holds until the next row,
- all rows of the moments that the caller names, and those before them.

So everybody stands at the end of each day as before. At every moment everybody is in the same order, in the
same team and has the same number of submissions. No day depends on how another was thinned, since the rows at
its end stay.
"""

from __future__ import annotations

from itertools import accumulate, groupby
from operator import itemgetter, lt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


class Row(NamedTuple):
    """A change as it is stored. A Standing would cost more, and a day can have 50,000 rows.

    Attributes:
        moment: seconds since 1970.
        score: as Kaggle prints it.
        team: the same number means the same team id, name and members; None: not on the board.
    """

    moment: int
    rank: int | None
    score: str | None
    team: int | None
    submission_count: int | None


class _Moment(NamedTuple):
    """What happened at a moment: the rows of it, by line, and the lines in their order from then on."""

    at: int
    rows: dict[int, Row]
    order: list[int]


def redundant(
    before: Mapping[int, Row], day: Mapping[int, Sequence[Row]], kept: Collection[int] = frozenset()
) -> list[tuple[int, int]]:
    """The rows of one day that can be deleted.

    Args:
        before: everybody's latest row before the day, by user id.
        day: everybody's rows of the day, by user id, the earliest first.
        kept: moments of which all rows stay, with those before them.

    Returns:
        the user id and the moment of each row to delete.
    """
    left, more = _thinned(before, day, kept), day
    while left != more:  # a row may have stayed for another person's row that is now gone
        left, more = _thinned(before, left, kept), left
    return [
        (user, moment)
        for user, rows in day.items()
        for moment in {row.moment for row in rows}.difference(row.moment for row in left[user])
    ]


def is_drift(before: Row | None, after: Row) -> bool:
    """Whether others alone caused a change, and no submission is hidden in it."""
    return (
        before is not None
        and before.rank is not None
        and after.rank is not None
        and before.team == after.team
        and before.submission_count == after.submission_count
        # On a board that does not tell the number of submissions, another score may be a new submission.
        and (before.score == after.score or after.submission_count is not None)
    )


def _thinned(
    before: Mapping[int, Row], day: Mapping[int, Sequence[Row]], kept: Collection[int]
) -> dict[int, list[Row]]:
    """The rows of a day that stay, for each user who has rows."""
    # Teammates have the same rows, and neither is ahead of the other: together they are one line.
    lines: dict[tuple[object, ...], list[int]] = {}
    for user in sorted(before.keys() | day.keys()):
        start = before.get(user)
        lines.setdefault((start and start[1:], *day.get(user, ())), []).append(user)
    users = list(lines.values())
    starts = {line: before[first] for line, (first, *_) in enumerate(users) if first in before}
    rows = [day.get(first, ()) for first, *_ in users]
    moments, stay = _needed(starts, rows, kept)
    while more := _misleading(starts, moments, stay):
        stay |= more
    return {
        user: _without_repeats(starts.get(line), (row for row in rows[line] if (line, row.moment) in stay))
        for line, members in enumerate(users)
        for user in members
        if user in day
    }


def _needed(
    starts: Mapping[int, Row], rows: Sequence[Sequence[Row]], kept: Collection[int]
) -> tuple[list[_Moment], set[tuple[int, int]]]:
    """What happened at each moment; and the rows (line, moment) that stay for what they say themselves."""
    now = dict(starts)
    order = _by_rank(now)
    moments: list[_Moment] = []
    stay: set[tuple[int, int]] = set()
    changes = sorted((row.moment, line, row) for line, those in enumerate(rows) for row in those)
    for at, group in groupby(changes, key=itemgetter(0)):
        here = {line: row for _, line, row in group}
        later = now | here
        settled = [line for line, row in here.items() if at in kept or not is_drift(now.get(line), row)]
        if settled:
            order = [line for line in order if later[line].rank is not None]
        if settled := [*settled, *_crossing(order, later)]:
            stay.update((line, now[line].moment) for line in settled if line in now)
            stay.update((line, later[line].moment) for line in settled)
            order = _by_rank(later)
        now = later
        moments.append(_Moment(at, here, order))
    stay.update((line, row.moment) for line, row in now.items())
    return moments, stay


def _misleading(
    starts: Mapping[int, Row], moments: Sequence[_Moment], stay: Collection[tuple[int, int]]
) -> set[tuple[int, int]]:
    """The rows (line, moment) without which those that stay would show people in another order."""
    now, shown = dict(starts), dict(starts)
    missed: set[tuple[int, int]] = set()
    for moment in moments:
        now |= moment.rows
        fresh = {line: row for line, row in moment.rows.items() if (line, moment.at) in stay}
        shown |= fresh
        if not fresh:
            continue
        while wrong := [line for line in _crossing(moment.order, shown) if shown[line] is not now[line]]:
            shown |= {line: now[line] for line in wrong}
            missed |= {(line, now[line].moment) for line in wrong}
    return missed


def _crossing(order: Sequence[int], rows: Mapping[int, Row]) -> list[int]:
    """Which lines are in another order than this, by the ranks in their rows."""
    ranks = [_rank(rows[line]) for line in order]
    if all(map(lt, ranks, ranks[1:])):
        return []
    worst_above = [0, *accumulate(ranks, max)]
    best_below = [*accumulate(reversed(ranks), min)][-2::-1]
    return [
        line
        for line, rank, above, below in zip(
            order, ranks, worst_above, [*best_below, max(ranks) + 1], strict=False
        )
        if not above < rank < below
    ]


def _by_rank(rows: Mapping[int, Row]) -> list[int]:
    """The lines that have a rank, the best first."""
    return sorted(
        (line for line, row in rows.items() if row.rank is not None), key=lambda line: _rank(rows[line])
    )


def _rank(row: Row) -> int:
    assert row.rank is not None
    return row.rank


def _without_repeats(before: Row | None, rows: Iterable[Row]) -> list[Row]:
    """The rows that differ from the one before in more than the moment."""
    found = []
    for row in rows:
        if before is None or row[1:] != before[1:]:
            found.append(row)
        before = row
    return found
