"""What a database holds that strangers must not read. A public repository is refused then."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kagsync.errors import KagsyncError
from kagsync.notify import address
from kagsync.safe_text import slug

if TYPE_CHECKING:
    from kagsync.store import Store
    from kagsync.store.records import User

_NUMBER = re.compile(r"-\d+\Z")  # of a handle whose text was taken


class NotPublished(KagsyncError):
    """Something must not be published."""

    code = "not-published"


class Personal(NamedTuple):
    """What a database holds that strangers must not read.

    Attributes:
        names: how many people have a name, or a handle that was made of one.
        student_ids: how many people have a student id.
        patterns: how many people are known by a /pattern/, which may contain a name.
        channels: the numbers of the notification targets whose URL is stored itself.
        in_cells: whether the roster can clear some of it.
        beyond_cells: of how many people it cannot: they are archived, or their handle tells.
    """

    names: int
    student_ids: int
    patterns: int
    channels: list[int]
    in_cells: bool
    beyond_cells: int

    def words(self) -> list[str]:
        """What there is, in words; nothing if strangers may read all of it."""
        words = []
        for count, one, many in (
            (self.names, "a name", "names"),
            (self.student_ids, "a student id", "student ids"),
            (self.patterns, "a team pattern", "team patterns"),
        ):
            if count:
                words.append(one if count == 1 else f"{count} {many}")
        if self.channels:
            numbers = ", ".join(map(str, self.channels))
            words.append(f"the URL of notification channel {numbers}")
        return words

    def remedies(self) -> list[str]:
        """How to take it out of the database. Whoever is taken out of the roster stays, archived."""
        ways = []
        if self.in_cells:
            ways.append("empty the cells of names and student ids in the roster, but keep lines and columns")
        if self.patterns:
            ways.append("write the name of a team instead of a /pattern/")
        if self.beyond_cells:
            who = "1 person" if self.beyond_cells == 1 else f"{self.beyond_cells} people"
            ways.append(
                f"delete {who} whom the roster cannot change (archived, or with a handle made from a name): "
                "in a clone, run kagsync github restore, users remove and github save"
            )
        if self.channels:
            ways.append("name the channels by variables of your own (env:NAME, not env:KAGSYNC_TARGET_…)")
        return ways


def found(store: Store) -> Personal:
    """Looks for what strangers must not read. Archived people count too."""
    people = store.users.with_archived()
    return Personal(
        sum(bool(user.name) or _handle_tells(user) for user in people),
        sum(user.student_id is not None for user in people),
        sum((user.team or "").startswith("/") for user in people),
        [target.id for target in store.targets.all() if address.variable(target.url) is None],
        any(user.name or user.student_id is not None for user in people if user.archived_at is None),
        sum(_handle_tells(user) or (user.archived_at is not None and _in_cells(user)) for user in people),
    )


def _in_cells(user: User) -> bool:
    """Whether a person's line of the roster tells what strangers must not read."""
    return bool(user.name) or user.student_id is not None or (user.team or "").startswith("/")


def _handle_tells(user: User) -> bool:
    """Whether the handle is something else than the username or the team: it was made of a name or an id."""
    if user.username is not None:
        return user.handle.lower() != user.username.lower()
    handle = user.handle.lower()
    without_number = _NUMBER.sub("", handle)
    return without_number != "person" and not slug(user.team or "").startswith((handle, without_number))
