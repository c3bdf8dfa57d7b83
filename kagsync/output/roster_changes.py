"""What a list of people does to the roster, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.output.wording import person_name
from kagsync.safe_text import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kagsync.store.records import User
    from kagsync.tracking.roster import Plan
    from kagsync.tracking.roster_file import Line

_MOST_NAMES = 50  # that are named after an import; a dry run names everybody
_MOST_COLUMNS = 20


def lines(planned: Plan, left_out: Sequence[str], *, done: bool, archived: Sequence[User]) -> list[str]:
    """Names who was added, changed and archived, and who is not on the list.

    Args:
        left_out: columns of the list that were not used.
        done: whether it was done; otherwise all of it is only planned.
        archived: who is archived, of those who are not on the list.
    """
    limit = _MOST_NAMES if done else None
    would = "" if done else "Would "
    below = [
        *_named(f"{would}add", [person_name(user) for user in planned.added], limit),
        *_named(
            f"{would}change",
            [f"{person_name(change.before)}: {change.words}" for change in planned.changed],
            limit,
        ),
        *_named(f"{would}archive", [person_name(user) for user in archived], limit),
    ]
    if not archived:
        below += _named(
            "Not on the list",
            [person_name(user) for user in planned.absent],
            limit,
            "; --prune archives them",
        )
    below += _named(
        "Left out, without a username or a team",
        [_line(line) for line in planned.without_username],
        limit,
    )
    if left_out:
        shown = [clip(header, 40) for header in left_out[:_MOST_COLUMNS]]
        more = f" and {len(left_out) - len(shown)} more" if len(left_out) > len(shown) else ""
        below.append(f"Columns left out: {', '.join(shown)}{more}")
    return [*below, counts(planned, archived, done=done)]


def counts(planned: Plan, archived: Sequence[User] = (), *, done: bool = True) -> str:
    """The summary in one line."""
    added, changed, unchanged = (len(each) for each in (planned.added, planned.changed, planned.unchanged))
    pruned = f", {'archived' if done else 'to archive'}: {len(archived)}" if archived else ""
    if done:
        return f"Users added: {added}, changed: {changed}, unchanged: {unchanged}{pruned}"
    return f"Users to add: {added}, to change: {changed}, unchanged: {unchanged}{pruned}. Nothing was changed"


def _named(what: str, names: Sequence[str], limit: int | None, note: str = "") -> list[str]:
    if not names:
        return []
    shown = names if limit is None else names[:limit]
    more = [f"  and {len(names) - len(shown):,} more"] if len(shown) < len(names) else []
    return [f"{_PAST.get(what, what)} ({len(names):,}){note}:", *(f"  {name}" for name in shown), *more]


_PAST = {"add": "Added", "change": "Changed", "archive": "Archived"}


def _line(line: Line) -> str:
    who = line.name or line.student_id
    return f"{who} (line {line.number})" if who else f"line {line.number}"
