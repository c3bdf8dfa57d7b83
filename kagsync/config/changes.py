"""What a set-up file changes: the differences between two states of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.config.keys import COMPETITIONS, NOTIFY, REPORT, SERIES, USERS
from kagsync.config.state import person

if TYPE_CHECKING:
    from kagsync.config.state import State, Values
    from kagsync.tracking import roster

ADD, CHANGE, ARCHIVE, REMOVE = "add", "change", "archive", "remove"
KINDS = {COMPETITIONS: "competition", SERIES: "series", NOTIFY: "target", REPORT: REPORT, USERS: "user"}


class Field(NamedTuple):
    """A value before and after; None: the usual one."""

    key: str
    before: Any
    after: Any


class Change(NamedTuple):
    """What is done to one thing.

    Attributes:
        action: ADD, CHANGE, ARCHIVE (a competition is paused, a person archived) or REMOVE.
        kind: competition, series, target, report or user.
        fields: what changes, or what a new thing has.
    """

    action: str
    kind: str
    name: str
    fields: tuple[Field, ...] = ()


def entry_name(values: Values) -> str:
    """What an entry is called."""
    if "url" in values:
        return ", ".join([values["url"], *(values[key] for key in ("competition", "group") if key in values)])
    return str(values.get("slug") or values.get("name") or REPORT)


def of_sections(before: State, after: State, absent: list[tuple[str, Any]]) -> list[Change]:
    """What changed in all sections but the people.

    Args:
        absent: section and id of what the file does not have.
    """
    found = []
    for section, kind in KINDS.items():
        old, new = before.get(section, {}), after.get(section, {})
        for key in dict.fromkeys([*old, *new]):
            if key not in new:
                found.append(Change(REMOVE, kind, entry_name(old[key])))
                continue
            fields = _fields(old.get(key, {}), new[key])
            action = CHANGE if key in old else ADD
            if (section, key) in absent:
                action = ARCHIVE
            if fields or key not in old:
                found.append(Change(action, kind, entry_name(new[key]), fields))
    return found


def _fields(before: Values, after: Values) -> tuple[Field, ...]:
    keys = dict.fromkeys([*after, *before])
    return tuple(
        Field(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)
    )


def of_people(planned: roster.Plan | None, *, prune: bool) -> list[Change]:
    """What a roster changes; nothing if there is none."""
    if planned is None:
        return []
    kind = KINDS[USERS]
    added = [Change(ADD, kind, user.shown_name, _fields({}, person(user))) for user in planned.added]
    changed = [
        Change(
            CHANGE,
            kind,
            before.handle,
            (*_restored(before.archived_at), *_fields(person(before), person(after))),
        )
        for before, after in planned.changed
    ]
    archived = [Change(ARCHIVE, kind, user.handle) for user in planned.absent] if prune else []
    return [*added, *changed, *archived]


def _restored(archived_at: str | None) -> tuple[Field, ...]:
    return (Field("archived_at", archived_at, None),) if archived_at else ()
