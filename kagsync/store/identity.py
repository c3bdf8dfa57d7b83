"""Who a person is: the username changes, or two tracked people turn out to be one."""

from __future__ import annotations

from typing import Any

from kagsync.standings import joining
from kagsync.store import members
from kagsync.store.connection import Part
from kagsync.store.records import User
from kagsync.store.tables import TABLES, Tables
from kagsync.store.users import UserChanges

_ENTRY = "first_seen_at, last_seen_at, left_at"


class IdentityChanges(Part):
    """Changes of identity within a transaction. Entries and history stay."""

    def rename(self, user: User, username: str) -> None:
        """Gives a person another username."""
        UserChanges(self._db).change([user._replace(username=username, handle=username)])
        self.follow(user, username)

    def follow(self, user: User, username: str) -> None:
        """Lets what is stored follow a change of the username, as the members of teams.

        Args:
            user: as the person was before.
        """
        self._take_back_departures(user.id, username)
        self._db.execute("DELETE FROM possible_renames WHERE user_id = ?", (user.id,))
        if user.username is not None:
            members.replace(self._db, user.username, username)

    def join(self, old: User, new: User) -> User:
        """Makes two people one, who has the username of `new`. What only one of them has is kept.

        Returns:
            the person.
        """
        # The lower id: snapshots remember up to which id they were searched.
        kept, gone = sorted((old, new), key=lambda user: user.id)
        for tables in TABLES.values():
            self._join_histories(tables, old.id, new.id, kept.id)
            self._join_entries(tables, old.id, new.id, kept.id)
        self._join_frozen(old.id, new.id, kept.id)
        self._db.execute("DELETE FROM users WHERE id = ?", (gone.id,))
        person = User(
            kept.id,
            new.username or old.username,
            old.name or new.name,
            old.group or new.group,
            new.handle if new.username or not old.username else old.handle,
            old.student_id or new.student_id,
            old.team or new.team,
            old.pseudonym,
            old.archived_at and new.archived_at,
        )
        UserChanges(self._db).change([person])
        self._db.execute("DELETE FROM possible_renames WHERE user_id = ?", (kept.id,))
        if old.username is not None and new.username is not None:
            members.replace(self._db, old.username, new.username)
        return person

    def _take_back_departures(self, user_id: int, username: str) -> None:
        """Removes "left the board" where the new username stood in the person's place all the time."""
        competitions = self._db.rows(
            "SELECT competition_id FROM possible_renames WHERE user_id = ? AND username = ? COLLATE NOCASE",
            (user_id, username),
        )
        for (competition_id,) in list(competitions):
            self._db.execute(
                "DELETE FROM entry_history WHERE user_id = :user AND competition_id = :competition "
                "AND team IS NULL AND moment = (SELECT max(moment) FROM entry_history "
                "WHERE user_id = :user AND competition_id = :competition)",
                {"user": user_id, "competition": competition_id},
            )
            self._db.execute(
                "UPDATE leaderboard_entries SET last_seen_at = NULL, left_at = NULL "
                "WHERE user_id = ? AND competition_id = ?",
                (user_id, competition_id),
            )

    def _join_histories(self, tables: Tables, old: int, new: int, kept: int) -> None:
        history = tables.history
        rows = self._db.rows(
            "SELECT competition_id, user_id, moment, rank, score, submission_count, team "
            f"FROM {history} WHERE user_id IN (?, ?) ORDER BY moment",
            (old, new),
        )
        changes: dict[int, dict[int, list[tuple[int, tuple[Any, ...] | None]]]] = {}
        for competition, user, moment, *standing in rows:
            both = changes.setdefault(competition, {old: [], new: []})
            both[user].append((moment, tuple(standing) if standing[-1] is not None else None))
        self._db.execute(f"DELETE FROM {history} WHERE user_id IN (?, ?)", (old, new))
        self._db.execute_many(
            f"INSERT INTO {history} (competition_id, user_id, moment, rank, score, submission_count, team) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (competition, kept, moment, *(standing or (None,) * 4))
                for competition, both in changes.items()
                for moment, standing in joining.join(both[old], both[new])
            ),
        )

    def _join_entries(self, tables: Tables, old: int, new: int, kept: int) -> None:
        """Keeps the entry that says where the person stands now, or stood last."""
        entries = tables.entries
        rows = self._db.rows(
            f"SELECT competition_id, user_id, {_ENTRY} FROM {entries} WHERE user_id IN (?, ?)", (old, new)
        )
        found: dict[int, list[tuple[Any, ...]]] = {}
        for competition, *entry in rows:
            found.setdefault(competition, []).append(tuple(entry))
        for competition, both in found.items():
            # As in `joining.join`: the new account counts if it is on the board, or who left last.
            user, *_ = max(
                both,
                key=lambda entry: (entry[3] is None, "" if entry[3] is None else entry[2], entry[0] == new),
            )
            first = min(entry[1] for entry in both)
            self._db.execute(
                f"DELETE FROM {entries} WHERE competition_id = ? AND user_id IN (?, ?) AND user_id <> ?",
                (competition, old, new, user),
            )
            self._db.execute(
                f"UPDATE {entries} SET user_id = ?, first_seen_at = ? "
                "WHERE competition_id = ? AND user_id = ?",
                (kept, first, competition, user),
            )

    def _join_frozen(self, old: int, new: int, kept: int) -> None:
        """Keeps the new account's row on each frozen board, or the old one's if it has none.

        If both have one, the old one's stays without a person: it counts in the places of others.
        """
        self._db.execute(
            "UPDATE frozen_entries SET user_id = NULL WHERE user_id = ? AND (competition_id, board) IN "
            "(SELECT competition_id, board FROM frozen_entries WHERE user_id = ?)",
            (old, new),
        )
        self._db.execute("UPDATE frozen_entries SET user_id = ? WHERE user_id IN (?, ?)", (kept, old, new))
