"""The people. Tables: users, roster (a number that grows with every change that matters for matching).

Entries and history refer to the id of a user, not to the username. Archived people stay in the tables, but
only methods that say so return them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import UsageError, did_you_mean
from kagsync.inputs import folded
from kagsync.store.connection import Part
from kagsync.store.records import User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from kagsync.store.connection import Connection

_COLUMNS = 'id, username, name, "group", handle, student_id, team, pseudonym, archived_at'
_LISTING = "kagsync users list"


def people(db: Connection, which: str, parameters: Sequence[object] = ()) -> list[User]:
    """People, tracked and archived: those that the end of a query asks for."""
    return [User(*row) for row in db.rows(f"SELECT {_COLUMNS} FROM users {which}", parameters)]


class Users(Part):
    """The people, tracked and archived."""

    def all(self) -> list[User]:
        """The roster: everybody who is tracked, by handle."""
        return [user for user in self.with_archived() if user.archived_at is None]

    def with_archived(self) -> list[User]:
        """Everybody, tracked or archived, by handle."""
        return people(self._db, "ORDER BY handle")

    def tracked_at(self, moment: datetime) -> list[User]:
        """Everybody who is tracked now, or who was at a time and was archived later, by handle."""
        at = clock.iso(moment)
        return [user for user in self.with_archived() if user.archived_at is None or user.archived_at > at]

    def in_group(self, group: str) -> list[User]:
        """The people of a group, by handle.

        Raises:
            UsageError: nobody is in this group.
        """
        roster = self.all()
        found = [user for user in roster if user.group == group]
        if not found:
            known = sorted({user.group for user in roster if user.group})
            raise UsageError(
                f"nobody is in a group {group!r}",
                did_you_mean(group, known, _LISTING)
                if known
                else "Nobody has a group yet: kagsync users add USERNAME --group GROUP",
            )
        return found

    def get(self, text: str) -> User:
        """The tracked person of this handle (case ignored), student id or name (case ignored).

        Raises:
            UsageError: there is none, there are several of this name, or the person is archived.
        """
        user = self.get_any(text)
        if user.archived_at is not None:
            raise UsageError(
                f"{user.handle} is archived",
                f"To track this person again: kagsync users restore {user.handle}",
            )
        return user

    def get_any(self, text: str) -> User:
        """The same for tracked and archived people.

        Raises:
            UsageError: there is none, or there are several of this name.
        """
        if (user := self.by_handle(text)) is not None:
            return user
        everybody = self.with_archived()
        name = folded(text)
        found = [user for user in everybody if user.student_id == text] or [
            user for user in everybody if user.name is not None and folded(user.name) == name
        ]
        if len(found) > 1:
            handles = ", ".join(user.handle for user in found)
            raise UsageError(f"{len(found)} people are called {text}: {handles}", "Name one of these")
        if not found:
            known = [known for user in everybody for known in (user.handle, user.name) if known]
            raise UsageError(f"no user {text!r} is tracked", did_you_mean(text, known, _LISTING))
        return found[0]

    def by_handle(self, handle: str) -> User | None:
        """The tracked or archived person of this handle, case ignored; None: there is none."""
        found = people(self._db, "WHERE handle = ?", (handle,))
        return found[0] if found else None

    def never_seen(self) -> set[int]:
        """The ids of users who were never found on a board."""
        rows = self._db.rows(
            "SELECT id FROM users WHERE id NOT IN "
            "(SELECT user_id FROM leaderboard_entries UNION ALL SELECT user_id FROM private_entries)"
        )
        return {row[0] for row in rows}

    def roster_version(self) -> int:
        """A number that grows with every change that matters for matching."""
        version: int = self._db.value("SELECT version FROM roster")
        return version

    def roster(self) -> Iterator[tuple[Any, ...]]:
        """(id, username, student id, team) of each tracked user; None for what is not known."""
        return self._db.rows("SELECT id, username, student_id, team FROM users WHERE archived_at IS NULL")


class UserChanges(Part):
    """Changes to the people within a transaction."""

    def add(self, users: Iterable[User], added_at: datetime) -> None:
        """Adds people, whose ids do not count yet. A person without a pseudonym gets a random one."""
        users = list(users)
        pseudonyms = iter(self._new_pseudonyms(users))
        self._db.execute_many(
            'INSERT INTO users (username, name, "group", handle, student_id, team, pseudonym, added_at) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    user.username,
                    user.name,
                    user.group,
                    user.handle,
                    user.student_id,
                    user.team,
                    user.pseudonym or next(pseudonyms),
                    clock.iso(added_at),
                )
                for user in users
            ),
        )

    def change(self, users: Iterable[User]) -> None:
        """Overwrites what is known of people."""
        users = list(users)
        # What is unique is freed first, so that two people can swap it.
        self._db.execute_many(
            "UPDATE users SET username = NULL, handle = 'changing ' || id, student_id = NULL, "
            "pseudonym = 'changing ' || id "
            "WHERE id = ? AND (handle <> ? OR student_id IS NOT ? OR pseudonym <> ?)",
            ((user.id, user.handle, user.student_id, user.pseudonym) for user in users),
        )
        self._db.execute_many(
            'UPDATE users SET username = ?, name = ?, "group" = ?, handle = ?, student_id = ?, team = ?, '
            "pseudonym = ?, archived_at = ? WHERE id = ?",
            ((*user[1:], user.id) for user in users),
        )

    def archive(self, users: Iterable[User], at: datetime) -> None:
        """Takes people out of all lists and counts. Entries and history stay."""
        self._db.execute_many(
            "UPDATE users SET archived_at = ? WHERE id = ?", ((clock.iso(at), user.id) for user in users)
        )

    def restore(self, users: Iterable[User]) -> None:
        """Brings archived people back."""
        self._db.execute_many(
            "UPDATE users SET archived_at = NULL WHERE id = ?", ((user.id,) for user in users)
        )

    def _new_pseudonyms(self, users: list[User]) -> list[str]:
        """A random pseudonym for each of these people, that nobody has, and none of them brings."""
        import random  # rarely needed

        taken = {row[0].casefold() for row in self._db.rows("SELECT pseudonym FROM users")}
        taken.update(user.pseudonym.casefold() for user in users)
        count = len(users)
        numbers = range(1000, max(10_000, 1_000 + 10 * (count + len(taken))))
        wanted = random.SystemRandom().sample(numbers, count + len(taken))
        return [name for number in wanted if (name := f"Person {number}").casefold() not in taken][:count]
