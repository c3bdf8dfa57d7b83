"""The tracked people. Tables: users, roster (a number that grows with every change of the people).

Entries and history refer to the id of a user, not to the username.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import UsageError, did_you_mean
from kagsync.store.connection import Part
from kagsync.store.records import User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime


class Users(Part):
    """The tracked people."""

    def all(self) -> list[User]:
        """The roster, by username."""
        rows = self._db.rows('SELECT id, username, name, "group" FROM users ORDER BY username')
        return [User(*row) for row in rows]

    def in_group(self, group: str) -> list[User]:
        """The people of a group, by username.

        Raises:
            UsageError: nobody is in this group.
        """
        roster = self.all()
        found = [user for user in roster if user.group == group]
        if not found:
            known = sorted({user.group for user in roster if user.group})
            raise UsageError(
                f"nobody is in a group {group!r}", did_you_mean(group, known, "kagsync users list")
            )
        return found

    def get(self, username: str) -> User:
        """The tracked user of this name, case ignored.

        Raises:
            UsageError: there is none.
        """
        row = self._db.row('SELECT id, username, name, "group" FROM users WHERE username = ?', (username,))
        if row is not None:
            return User(*row)
        known = [user.username for user in self.all()]
        raise UsageError(
            f"no user {username!r} is tracked", did_you_mean(username, known, "kagsync users list")
        )

    def save(
        self, users: Iterable[tuple[str, str | None, str | None]], added_at: datetime
    ) -> tuple[int, int, int]:
        """Adds or updates (username, name, group), all or none. None keeps the name or group that is there.

        Returns:
            how many were added, changed, and left as they were.
        """
        added = changed = unchanged = 0
        with self._db.transaction():
            for username, name, group in users:
                row = self._db.row('SELECT id, name, "group" FROM users WHERE username = ?', (username,))
                if row is None:
                    self._db.execute(
                        'INSERT INTO users (username, name, "group", added_at) VALUES (?, ?, ?, ?)',
                        (username, name, group, clock.iso(added_at)),
                    )
                    added += 1
                    continue
                key, *old = row
                new = [name if name is not None else old[0], group if group is not None else old[1]]
                if new == old:
                    unchanged += 1
                    continue
                self._db.execute('UPDATE users SET name = ?, "group" = ? WHERE id = ?', (*new, key))
                changed += 1
        return added, changed, unchanged

    def remove(self, user_id: int) -> None:
        """Removes a user with all entries and history."""
        self._db.execute("DELETE FROM users WHERE id = ?", (user_id,))

    def never_seen(self) -> set[int]:
        """The ids of users who were never found on a board."""
        rows = self._db.rows(
            "SELECT id FROM users WHERE id NOT IN "
            "(SELECT user_id FROM leaderboard_entries UNION ALL SELECT user_id FROM private_entries)"
        )
        return {row[0] for row in rows}

    def roster_version(self) -> int:
        """A number that grows whenever a user is added, removed or renamed."""
        version: int = self._db.value("SELECT version FROM roster")
        return version

    def roster(self) -> Iterator[tuple[Any, ...]]:
        """(id, username) of each tracked user."""
        return self._db.rows("SELECT id, username FROM users")
