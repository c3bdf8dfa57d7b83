"""A copy of the database for a branch of a repository, which strangers can read if that is public."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from kagsync.standings.standing import REMOVED
from kagsync.store import backup
from kagsync.store.connection import check
from kagsync.store.errors import damaged, explain
from kagsync.store.opening import is_kagsyncs

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.store import Store

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


def copy(store: Store, file: Path, *, public: bool) -> int:
    """Writes a consistent, checked copy of the database without free space, so without traces of the removed.

    Args:
        file: a new file.
        public: leave out texts that could tell strangers something and that no run needs.

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
