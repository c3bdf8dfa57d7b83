"""A copy of the database for a branch of a repository, and what in it strangers must not read.

In a public repository everybody can read the copy. What people must decide about is listed by `personal`:
whoever publishes the copy refuses then. What no later run needs is left out by `copy`.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from kagsync.safe_text import slug
from kagsync.standings.standing import REMOVED
from kagsync.store import backup
from kagsync.store.connection import check
from kagsync.store.errors import damaged, explain
from kagsync.store.opening import is_kagsyncs

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.store import Store
    from kagsync.store.records import User

VARIABLE = "env:"  # how the URL of a target begins if it names a variable
_NUMBER = re.compile(r"-\d+\Z")  # of a handle whose text was taken
_HIDDEN = "Not kept in a public repository: see the log of the run"
# Messages can quote people, mail addresses and servers. File names and programs can hold a person's name or
# home folder. Notices are about the machine that was warned; the one about thinning has a number only.
_LEFT_OUT = (
    "UPDATE sync_runs SET error_message = :hidden WHERE error_message IS NOT NULL",
    "UPDATE notify_targets SET error = :hidden WHERE error IS NOT NULL",
    "UPDATE pings SET problem = :hidden WHERE problem IS NOT NULL",
    "UPDATE pings SET warned_of = NULL",
    "UPDATE snapshots SET file = :removed WHERE file IS NOT NULL",
    "UPDATE private_snapshots SET file = :removed WHERE file IS NOT NULL",
    "UPDATE triggers SET program = 'kagsync'",
    "DELETE FROM notices WHERE subject NOT LIKE 'thinning %'",
)


class Personal(NamedTuple):
    """What a database holds that strangers must not read.

    Attributes:
        names: how many people have a name, or a handle that was made of one.
        student_ids: how many people have a student id.
        patterns: how many people are known by a /pattern/, which may contain a name.
        channels: the numbers of the notification targets whose URL is stored itself.
    """

    names: int
    student_ids: int
    patterns: int
    channels: list[int]

    def words(self) -> list[str]:
        """What there is, in words; nothing if strangers may read all of it."""
        found = []
        for count, one, many in (
            (self.names, "a name", "names"),
            (self.student_ids, "a student id", "student ids"),
            (self.patterns, "a team pattern", "team patterns"),
        ):
            if count:
                found.append(one if count == 1 else f"{count} {many}")
        if self.channels:
            numbers = ", ".join(map(str, self.channels))
            found.append(f"the URL of notification channel {numbers}")
        return found


def personal(store: Store) -> Personal:
    """Looks for what strangers must not read. Archived people count too."""
    people = store.users.with_archived()
    return Personal(
        sum(bool(user.name) or _handle_tells(user) for user in people),
        sum(user.student_id is not None for user in people),
        sum((user.team or "").startswith("/") for user in people),
        [target.id for target in store.targets.all() if not target.url.startswith(VARIABLE)],
    )


def _handle_tells(user: User) -> bool:
    """Whether the handle is something else than the username or the team: it was made of a name or an id."""
    if user.username is not None:
        return user.handle.lower() != user.username.lower()
    handle = user.handle.lower()
    without_number = _NUMBER.sub("", handle)
    return without_number != "person" and not slug(user.team or "").startswith((handle, without_number))


def copy(store: Store, file: Path, *, public: bool) -> int:
    """Writes a consistent, checked copy of the database without free space, so without traces of the removed.

    Args:
        file: a new file.
        public: leave out what strangers must not read and no run needs.

    Returns:
        the copy's size in bytes.

    Raises:
        DatabaseError: the database is damaged.
        ConfigurationError, DiskFull: the file cannot be written.
    """
    backup.backup(store, file)
    try:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
            if public:
                for statement in _LEFT_OUT:
                    db.execute(statement, {"hidden": _HIDDEN, "removed": REMOVED})
            db.execute("VACUUM")
            if problems := check(db):
                raise damaged(store.path, problems[0])
    except sqlite3.Error as error:
        raise explain(error, file) from error
    return file.stat().st_size


def is_sound(file: Path) -> bool:
    """Whether a copy that came back from a branch is a database of kagsync's without damage."""
    try:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
            return is_kagsyncs(file) and not check(db)
    except sqlite3.Error:
        return False
