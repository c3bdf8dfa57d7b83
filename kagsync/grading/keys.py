"""By what the lists of other systems name our people."""

from __future__ import annotations

from typing import NamedTuple

from kagsync.errors import UsageError, choose
from kagsync.inputs import folded, person, short
from kagsync.scoring.cohort import key_words

KEYS = ("student_id", "username", "handle", "name")


class Key(NamedTuple):
    """How people are found in a list.

    Attributes:
        field: of the roster, one of `KEYS`.
        title: of the column with the key; None: it is found as in a roster.
    """

    field: str
    title: str | None = None

    @property
    def words(self) -> str:
        """The field for people: `student id`."""
        return key_words(self.field)

    def fold(self, text: str) -> str:
        """A person's key as it is compared with others."""
        return fold(self.field, text)


def fold(field: str, text: str) -> str:
    """A person's key as it is compared with others: only a student id must be exactly the same.

    Args:
        field: one of `KEYS`.
    """
    if field == "student_id":
        return text.strip()
    return folded(text) if field == "name" else person(text).casefold()


def parse(text: str) -> Key:
    """The key in a text such as `student_id`, or `student_id=SIS User ID` with the title of its column.

    Raises:
        UsageError: it names no field of `KEYS`, or no title.
    """
    name, sign, title = text.partition("=")
    field = name.strip().lower().replace(" ", "_").replace("-", "_")
    if field not in KEYS:
        raise UsageError(f"unknown key {short(name.strip())}", choose(field, KEYS))
    if sign and not title.strip():
        raise UsageError(f"{short(text)} has no title", f"Write it as in: {field}=SIS User ID")
    return Key(field, title.strip() or None)
