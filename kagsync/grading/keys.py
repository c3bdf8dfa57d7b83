"""By what the lists of other systems name our people."""

from __future__ import annotations

from kagsync.errors import UsageError, choose
from kagsync.inputs import folded, person, short

KEYS = ("student_id", "username", "handle", "name")


def fold(kind: str, key: str) -> str:
    """A person's key as it is compared with others: only a student id must be exactly the same.

    Args:
        kind: one of `KEYS`.
    """
    if kind == "student_id":
        return key.strip()
    return folded(key) if kind == "name" else person(key).casefold()


def parse(text: str) -> tuple[str, str | None]:
    """What names people in a list: the kind of key, and the title of its column (None: it is found).

    Args:
        text: `student_id`, or `student_id=SIS User ID`.

    Raises:
        UsageError: there is no such kind.
    """
    kind, _, title = (part.strip() for part in text.partition("="))
    if kind not in KEYS:
        raise UsageError(f"unknown key {short(kind)}", choose(kind, KEYS))
    return kind, title or None
