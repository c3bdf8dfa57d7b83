"""Forgets people for good: afterwards, no table and no free page of the database names them.

A team goes with the person, unless somebody else is or was in it. Then `?` stands among its members for the
person (see `standings/movements.py`). A later board may bring a public name back, as a stranger's.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.errors import DatabaseError, DiskFull, KagsyncError
from kagsync.standings.standing import REMOVED
from kagsync.store import boards, compact, members
from kagsync.store.tables import TABLES
from kagsync.store.users import people

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.store import Store
    from kagsync.store.connection import Connection
    from kagsync.store.records import User

_PUBLIC, _PRIVATE = TABLES.values()
# Which columns of which tables refer to users, and what happens there. Without foreign keys, nothing does by
# itself.
_REFERENCES = (
    'SELECT t.name, f."from", f.on_delete FROM sqlite_master t, pragma_foreign_key_list(t.name) f '
    "WHERE t.type = 'table' AND f.\"table\" = 'users'"
)
_DROP_EMPTY_GROUPS = (
    'UPDATE frozen_entries SET "group" = NULL WHERE user_id IS NULL AND "group" NOT IN ('
    'SELECT "group" FROM users WHERE "group" IS NOT NULL UNION '
    'SELECT "group" FROM frozen_entries WHERE user_id IS NOT NULL AND "group" IS NOT NULL)'
)
_USED_TEAMS = (
    f"SELECT team FROM {_PUBLIC.history} WHERE team IS NOT NULL "
    f"UNION SELECT team FROM {_PRIVATE.history} WHERE team IS NOT NULL"
)
_TEAM_NAMES = " UNION ".join(
    [
        "SELECT team_name FROM unclear_teams WHERE user_id = :user",
        *(
            f"SELECT kaggle_team_name FROM {tables.entries} WHERE user_id = :user "
            "UNION SELECT name FROM teams WHERE id IN "
            f"(SELECT team FROM {tables.history} WHERE user_id = :user)"
            for tables in TABLES.values()
        ),
    ]
)
_DELETED = "The message was deleted, because it may have named a person who was removed"


class Extent(NamedTuple):
    """How much is stored of a person: how many entries, changes in the history, teams, competitions."""

    entries: int
    changes: int
    teams: int
    competitions: int


class Kept(NamedTuple):
    """What stays in the database although it names people who were removed, because it is others'.

    Attributes:
        teams: the name of a team → the handles of those who are or were in it.
        channels: the numbers of notification targets whose URLs name them.
    """

    teams: dict[str, list[str]]
    channels: list[int]


def extent(store: Store, user_id: int) -> Extent:
    """How much would go with a person."""
    db = store.connection
    histories = [tables.history for tables in TABLES.values()]
    changes = sum(
        db.value(f"SELECT count(*) FROM {each} WHERE user_id = ?", (user_id,)) for each in histories
    )
    competitions = " UNION ".join(
        f"SELECT competition_id FROM {part} WHERE user_id = :user"
        for part in (*histories, *(tables.entries for tables in TABLES.values()))
    )
    of_teams, of_competitions = (
        db.value(f"SELECT count(*) FROM ({query})", {"user": user_id})
        for query in (_TEAM_NAMES, competitions)
    )
    return Extent(store.entry_count(user_id=user_id), changes, of_teams, of_competitions)


def forget(store: Store, user_ids: Iterable[int]) -> Kept:
    """Deletes people from all tables, in one transaction. Call `erase` afterwards.

    Returns:
        what stays, because it is others'.
    """
    db = store.connection
    db.execute("PRAGMA secure_delete = ON")
    # Otherwise SQLite reads the whole history for each team that is deleted, to see whether one refers to it.
    with db.without_foreign_keys(), db.transaction():
        gone = people(db, "WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(user_ids)),))
        teams = {name for user in gone for (name,) in db.rows(_TEAM_NAMES, {"user": user.id})}
        mates = _mates(db, gone)
        tables = list(db.rows(_REFERENCES))
        for table, column, on_delete in [*tables, ("users", "id", "")]:
            # The rows of frozen boards stay without the person, because they count in others' grades.
            change = (
                f"UPDATE {table} SET {column} = NULL" if on_delete == "SET NULL" else f"DELETE FROM {table}"
            )
            db.execute_many(f"{change} WHERE {column} = ?", [(user.id,) for user in gone])
        # A group may be named after the only person who was in it.
        db.execute(_DROP_EMPTY_GROUPS)
        usernames = {user.username.lower() for user in gone if user.username}
        for username in usernames:
            members.replace(db, username, REMOVED)
        db.execute(f"DELETE FROM teams WHERE id NOT IN ({_USED_TEAMS})")
        names = _Words(text for user in gone for text in (user.username, user.name))
        kept = _kept(db, teams, names)
        teams -= kept.teams.keys()
        _forget_board_names(db, usernames, mates, teams)
        db.execute_many("DELETE FROM unclear_teams WHERE team_name = ?", ((name,) for name in teams))
        db.execute_many(
            "DELETE FROM possible_renames WHERE username = ? COLLATE NOCASE", ((name,) for name in usernames)
        )
        keys = (text for user in gone for text in (user.handle, user.student_id, user.pseudonym, user.name))
        _forget_messages(db, _Words([*keys, *teams]))
        compact.mark(db, clock.utc_now())
    return kept


def erase(store: Store) -> None:
    """Overwrites what is left of people in the free space of the database file, and in its log.

    Raises:
        DatabaseError, DiskFull: that could not be done. `doctor` reports it until `compact` has done it.
    """
    try:
        compact.compact(store)
    except KagsyncError as error:
        kind = DiskFull if isinstance(error, DiskFull) else DatabaseError
        raise kind(
            "people were removed from all tables, but the free space of the database file still has traces "
            f"of them: {error.message}",
            "Solve this, then run: kagsync compact",
        ) from error


def _mates(db: Connection, gone: Iterable[User]) -> dict[int, set[str]]:
    """The members of the teams in people's entries, by competition."""
    found: dict[int, set[str]] = {}
    for user in gone:
        for key, cell in db.rows(
            f"SELECT competition_id, members FROM {_PUBLIC.entries} WHERE user_id = ?",
            (user.id,),
        ):
            found.setdefault(key, set()).update(cell.split(","))
    return found


class _Words:
    """What people and their teams are called. Texts of one or two characters are left out."""

    def __init__(self, texts: Iterable[str | None]) -> None:
        self._texts = {text.casefold() for text in texts if text and len(text) > 2}

    def are_in(self, text: str) -> bool:
        """Whether one of them is in a text, as whole words, case ignored."""
        text = text.casefold()
        return any(
            word in text and re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text)
            for word in self._texts
        )


def _kept(db: Connection, teams: set[str], words: _Words) -> Kept:
    """What names people in others' entries, histories and notification targets.

    Args:
        teams: the names of their teams.
        words: what they are called.
    """

    def is_theirs(name: str) -> bool:
        return name in teams or words.are_in(name)

    names = {key: name for key, name in db.rows("SELECT id, name FROM teams") if is_theirs(name)}
    keys = json.dumps(list(names))
    found: dict[str, set[str]] = {}
    for tables in TABLES.values():
        for handle, name in db.rows(
            f"SELECT handle, kaggle_team_name FROM {tables.entries} JOIN users ON users.id = user_id"
        ):
            if is_theirs(name):
                found.setdefault(name, set()).add(handle)
        if names:
            for handle, team in db.rows(
                "SELECT u.handle, h.team FROM (SELECT DISTINCT user_id, team "
                f"FROM {tables.history} WHERE team IN (SELECT value FROM json_each(?))) h "
                "JOIN users u ON u.id = h.user_id",
                (keys,),
            ):
                found.setdefault(names[team], set()).add(handle)
    urls = db.rows("SELECT id, url FROM notify_targets ORDER BY id")
    return Kept(
        {name: sorted(found[name]) for name in sorted(found)},
        [key for key, url in urls if words.are_in(url)],
    )


def _forget_board_names(
    db: Connection, usernames: set[str], mates: dict[int, set[str]], teams: set[str]
) -> None:
    """Takes people, and the teams that go with them, out of the names on the latest boards.

    Args:
        usernames: lower case.
        mates: the members of their teams, by competition.
        teams: the names of teams, which old boards have in place of members.
    """
    lines = {line.strip().lower() for name in teams for line in name.split("\n")}
    for key, packed in list(db.rows("SELECT competition_id, packed FROM board_names")):
        others = {
            name
            for (cell,) in db.rows(
                f"SELECT members FROM {_PUBLIC.entries} WHERE competition_id = ?",
                (key,),
            )
            for name in cell.split(",")
        }
        gone = usernames | (mates.get(key, set()) - others)
        db.execute(
            "UPDATE board_names SET packed = ? WHERE competition_id = ?",
            (boards.packed_without(packed, gone, lines), key),
        )


def _forget_messages(db: Connection, words: _Words) -> None:
    """Deletes messages and names of files that name people or their teams.

    Earlier versions quoted boards in messages, and cut what they quoted.
    """

    def quotes_a_board(code: str, message: str) -> bool:
        return code == "unforeseen" or (code == "bad-board" and ('"' in message or "it has: " in message))

    messages = db.rows(
        "SELECT id, coalesce(error_code, ''), error_message FROM sync_runs WHERE error_message IS NOT NULL"
    )
    naming = [
        (_DELETED, key) for key, code, text in messages if quotes_a_board(code, text) or words.are_in(text)
    ]
    db.execute_many("UPDATE sync_runs SET error_message = ? WHERE id = ?", naming)
    for tables in TABLES.values():
        files = db.rows(f"SELECT DISTINCT file FROM {tables.snapshots} WHERE file IS NOT NULL")
        db.execute_many(
            f"UPDATE {tables.snapshots} SET file = ? WHERE file = ?",
            [(REMOVED, file) for (file,) in files if words.are_in(file)],
        )
