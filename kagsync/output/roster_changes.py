"""What a list of people does to the roster, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.output.wording import listed, person_name
from kagsync.safe_text import clip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kagsync.tracking.roster import Plan
    from kagsync.tracking.roster_file import Line

_MOST_NAMES = 50  # in each part; a dry run names everybody
_MOST_COLUMNS = 20


def lines(planned: Plan, left_out: Sequence[str], *, done: bool, prune: bool) -> list[str]:
    """Names who was added, changed and archived, and who is not on the list.

    Args:
        left_out: columns of the list that were not used.
        done: whether it was done; otherwise all of it is only planned.
        prune: whether people who are not on the list are archived.
    """
    limit = _MOST_NAMES if done else None
    absent = "Tracked, but not on the list (if it is the whole list: --prune archives them)"
    if prune:
        absent = "Archived" if done else "Would archive"
    parts = {
        "Added" if done else "Would add": map(person_name, planned.added),
        "Changed" if done else "Would change": _changes(planned),
        absent: map(person_name, planned.absent),
        "Left out, without a username or a team": map(_line, planned.without_username),
    }
    below = [line for title, names in parts.items() for line in _part(title, list(names), limit)]
    if left_out:
        headers = [clip(header, 40) for header in left_out]
        below.append(f"Columns left out: {listed(headers, _MOST_COLUMNS)}")
    return [*below, _counts(planned, done=done, prune=prune), *hints(planned, done=done)]


def of_command(planned: Plan) -> list[str]:
    """What `users add` did: who changed, and the handles of people without a username."""
    handles = [
        f"{user.shown_name}: the handle is {user.handle}" for user in planned.added if user.username is None
    ]
    return [
        *_changes(planned),
        _counts(planned, done=True, prune=False),
        *handles,
        *hints(planned, done=True),
    ]


def _counts(planned: Plan, *, done: bool, prune: bool) -> str:
    added, changed, unchanged = (len(each) for each in (planned.added, planned.changed, planned.unchanged))
    archived = len(planned.absent) if prune else 0
    if done:
        pruned = f", archived: {archived}" if archived else ""
        return f"Users added: {added}, changed: {changed}, unchanged: {unchanged}{pruned}"
    pruned = f", to archive: {archived}" if archived else ""
    return f"Users to add: {added}, to change: {changed}, unchanged: {unchanged}{pruned}. Nothing was changed"


def _changes(planned: Plan) -> Iterable[str]:
    return (f"{person_name(change.before)}: {change.words}" for change in planned.changed)


def hints(planned: Plan, *, done: bool) -> list[str]:
    """What looks wrong.

    Args:
        done: whether the people are saved, so that those with the same name are two people by now.
    """
    merge = " --merge" if done else ""
    return [
        *(
            f"{new.name} is listed as {new.handle}, and tracked as {old.handle}. "
            f"If that is one person: kagsync users rename {old.handle} {new.handle}{merge}"
            for old, new in planned.same_names
        ),
        *planned.hints,
    ]


def _part(title: str, names: Sequence[str], limit: int | None) -> list[str]:
    if not names:
        return []
    shown = names if limit is None else names[:limit]
    more = [f"  and {len(names) - len(shown):,} more"] if len(shown) < len(names) else []
    return [f"{title}: {len(names):,}", *(f"  {each}" for each in shown), *more]


def _line(line: Line) -> str:
    who = line.name or line.student_id
    return f"{who} (line {line.number})" if who else f"line {line.number}"
