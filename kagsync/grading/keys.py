"""By what the lists of other systems name our people."""

from __future__ import annotations

from kagsync.inputs import folded, person

KEYS = ("student_id", "username", "handle", "name")


def fold(kind: str, key: str) -> str:
    """A person's key as it is compared with others: only a student id must be exactly the same.

    Args:
        kind: one of `KEYS`.
    """
    if kind == "student_id":
        return key.strip()
    return folded(key) if kind == "name" else person(key).casefold()
