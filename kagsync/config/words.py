"""What a set-up file changes, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync.config.changes import ADD, ARCHIVE, CHANGE, REMOVE
from kagsync.config.notation import literal
from kagsync.output import roster_changes
from kagsync.safe_text import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kagsync.config.apply import Applied
    from kagsync.config.changes import Change, Field

_MOST = 50  # in each part of what was done; a dry run names everything
_LONGEST = 200  # characters of a value
_ACTIONS = {  # planned, done, and in the last line
    ADD: ("Would add", "Added", "to add", "added"),
    CHANGE: ("Would change", "Changed", "to change", "changed"),
    ARCHIVE: ("Would archive", "Archived", "to archive", "archived"),
    REMOVE: ("Would remove", "Removed", "to remove", "removed"),
}
NOTHING = "Nothing to change"


def lines(applied: Applied, *, done: bool) -> list[str]:
    """Names what was added, changed, archived and removed, and what is not in the file.

    Args:
        done: whether it was done; otherwise all of it is only planned.
    """
    found, counts = [], []
    for action, (planned, did, to_do, was) in _ACTIONS.items():
        changes = [_change(each) for each in applied.changes if each.action == action]
        if changes:
            found += _part(did if done else planned, changes, done=done)
            counts.append(f"{was if done else to_do}: {len(changes):,}")
    if applied.not_in_file:
        title = "In the database, but not in the file (--prune pauses, archives or removes them)"
        found += _part(title, [f"{kind} {name}" for kind, name in applied.not_in_file], done=done)
    total = ", ".join(counts)
    last = f"{total[:1].upper()}{total[1:]}" if total else NOTHING
    return [
        *found,
        last if done or not total else f"{last}. Nothing was changed",
        *_notes(applied, done=done),
    ]


def as_json(applied: Applied, *, done: bool) -> dict[str, Any]:
    """The same for programs."""
    return {
        "dry_run": not done,
        "changes": [
            {
                "action": each.action,
                "kind": each.kind,
                "name": each.name,
                "fields": [{"key": key, "before": old, "after": new} for key, old, new in each.fields],
            }
            for each in applied.changes
        ],
        "not_in_file": [{"kind": kind, "name": name} for kind, name in applied.not_in_file],
        "notes": _notes(applied, done=done),
        "not_set": applied.not_set,
    }


def _notes(applied: Applied, *, done: bool) -> list[str]:
    """What looks wrong, in sentences."""
    people = applied.people
    if people is None:
        return applied.empty_groups
    left_out = [
        f"Line {line.number} of the roster is left out: no username and no team"
        for line in people.without_username
    ]
    return [*left_out, *roster_changes.hints(people, done=done), *applied.empty_groups]


def _part(title: str, names: Sequence[str], *, done: bool) -> list[str]:
    shown = names[:_MOST] if done else names
    more = [f"  and {len(names) - len(shown):,} more"] if len(shown) < len(names) else []
    return [f"{title}: {len(names):,}", *(f"  {each}" for each in shown), *more]


def _change(change: Change) -> str:
    what = f"{change.kind} {change.name}" if change.name != change.kind else change.kind
    if change.action == ARCHIVE and change.fields:
        return f"{what} (paused)"
    if change.action != CHANGE:
        return what
    return f"{what}: {', '.join(map(_field, change.fields))}"


def _field(field: Field) -> str:
    if field.key == "archived_at":
        return "restored"
    return f"{field.key} {_value(field.before)} → {_value(field.after)}"


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return clip(value if isinstance(value, str) and value else literal(value), _LONGEST)
