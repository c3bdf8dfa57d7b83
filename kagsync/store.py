"""The only door to SQLite.

Reading and small writes use the standard library's sqlite3; sqlite-utils, which costs 0.4 s to import because
it imports pandas, is called where it earns that: migrations and bulk writes of a changed board.
"""

from __future__ import annotations

import contextlib
import difflib
import sqlite3
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kagsync import locks, schema, times
from kagsync.changes import Splice, State
from kagsync.errors import (
    DatabaseError,
    DiskFull,
    KagsyncError,
    NoDatabase,
    UnknownCompetition,
    UsageError,
    from_os_error,
)
from kagsync.figures import Benchmark, MedalLine
from kagsync.movements import Change, Past
from kagsync.records import ERROR, KAGGLE, OK, OLDER, UNCHANGED, Competition, Counts, Entry, Run, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kagsync.figures import Marks

BUSY_TIMEOUT = 30.0  # seconds a writer waits for another

# How long sync_runs remembers what. At a run every 5 minutes "nothing new" is nearly all of it.
RETENTION = {
    UNCHANGED: timedelta(days=2),
    OK: timedelta(days=30),
    OLDER: timedelta(days=30),
    ERROR: timedelta(days=90),
}
# Moments at which nothing had changed only matter to an archive that is loaded late.
UNCHANGED_SNAPSHOTS_KEPT = timedelta(days=30)

_COMPETITION_FIELDS = tuple(field.name for field in fields(Competition))
_COMPETITION = ", ".join(_COMPETITION_FIELDS).replace(
    "last_run", "(SELECT max(id) FROM sync_runs WHERE competition_id = competitions.id) AS last_run"
)
_ENTRY_FIELDS = tuple(field.name for field in fields(Entry))
_ENTRY = ", ".join(_ENTRY_FIELDS)


def explain(error: sqlite3.Error, path: Path) -> KagsyncError:
    """Says what an error of SQLite means for the user, with its remedy."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return DiskFull(f"the disk of {path} is full", "Free some space; nothing was lost")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseError(
            f"the database {path} was locked for more than {BUSY_TIMEOUT:.0f} s",
            "See which other program holds it open; the next run tries again",
        )
    if name.startswith("SQLITE_NOTADB"):
        return DatabaseError(f"{path} is not a SQLite database", "Name another file with --db or KAGSYNC_DB")
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")):
        return DatabaseError(f"the database {path} may not be written", "Mend the rights of file and folder")
    if name.startswith("SQLITE_CANTOPEN"):
        return DatabaseError(f"the database {path} cannot be opened", "Check the path and its rights")
    if name.startswith("SQLITE_IOERR"):
        return DatabaseError(
            f"the disk of {path} failed ({error})", "Check its space and its health; nothing was lost"
        )
    if name.startswith("SQLITE_CORRUPT"):
        return DatabaseError(
            f"the database {path} is damaged ({error})",
            f"Restore a backup, or save what is left: sqlite3 {path.name} .recover | sqlite3 new.db",
        )
    return DatabaseError(f"the database {path} failed: {error}", "Run it again; -v shows more")


class Store:
    """A connection to one database, for one thread.

    Methods raise `sqlite3.Error`; leaving the `with` turns it into a DatabaseError that people understand.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, locks_folder: Path, *, create: bool = False) -> Store:
        """Opens a database, migrating it when it is older than this program.

        Args:
            create: make it when there is none.

        Raises:
            NoDatabase: there is none, and it should not be made.
            DatabaseError: it cannot be opened, is not kagsync's, or is newer than this program.
        """
        try:
            if not create and not path.exists():
                raise NoDatabase(
                    f"there is no database {path} yet", "Begin with: kagsync competitions add SLUG"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, f"open the database {path}") from error
        try:
            store = cls(_connect(path), path)
        except sqlite3.Error as error:
            raise explain(error, path) from error
        try:
            store._prepare(locks_folder)
        except sqlite3.Error as error:
            store.close()
            raise explain(error, path) from error
        except BaseException:
            store.close()
            raise
        return store

    def _prepare(self, locks_folder: Path) -> None:
        version = self._check_version()
        if version < schema.LATEST:
            # Two first runs at once must not both create the tables.
            with locks.hold(locks_folder / "migration.lock", wait=60):
                if self._check_version() < schema.LATEST:
                    # First of all, so that a run killed from here on leaves a file that says whose it is.
                    self._connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._migrate()

    def _migrate(self) -> None:
        try:
            schema.migrate(self._sqlite_utils())
        except sqlite3.Error:
            raise  # told by `explain`
        except Exception as error:
            raise DatabaseError(
                f"{self.path} could not be brought to schema {schema.LATEST} "
                f"({type(error).__name__}: {error})",
                "It is as it was: go back to the kagsync that made it, and please report this",
            ) from error

    def _check_version(self) -> int:
        version: int = self._value("PRAGMA user_version")
        if version > schema.LATEST:
            raise DatabaseError(
                f"{self.path} was made by a newer kagsync (schema {version}, this one knows {schema.LATEST})",
                "Update kagsync: pip install --upgrade kagsync",
            )
        # One statement, one look: another process may be making the tables at this moment.
        foreign = self._value(
            "SELECT application_id <> ? AND EXISTS (SELECT 1 FROM sqlite_master) FROM pragma_application_id",
            (schema.APPLICATION_ID,),
        )
        if foreign:
            raise DatabaseError(
                f"{self.path} is a database of another program", "Name another file with --db or KAGSYNC_DB"
            )
        return version

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):
            raise explain(error, self.path) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of the block, or nothing.

        IMMEDIATE, since a transaction that reads first and writes later fails at once, whatever the
        timeout, when another process has written in between.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _sqlite_utils(self) -> Any:
        import sqlite_utils

        return sqlite_utils.Database(self._connection, execute_plugins=False)

    def _value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        row = self._connection.execute(sql, parameters).fetchone()
        return row[0] if row else None

    # Competitions

    def competitions(self) -> list[Competition]:
        """All of them, by slug."""
        rows = self._connection.execute(f"SELECT {_COMPETITION} FROM competitions ORDER BY slug")  # noqa: S608
        return [_competition(row) for row in rows]

    def due_competitions(self) -> list[Competition]:
        """Those that are active and linked to Kaggle, the one synced (or tried) longest ago first."""
        rows = self._connection.execute(
            f"SELECT {_COMPETITION} FROM competitions "  # noqa: S608
            "WHERE active AND kaggle_competition_id IS NOT NULL ORDER BY tried_at IS NOT NULL, tried_at, id"
        )
        return [_competition(row) for row in rows]

    def competition(self, slug: str) -> Competition:
        """The competition with this slug, case ignored.

        Raises:
            UnknownCompetition: there is none; the remedy names a similar one.
        """
        row = self._connection.execute(
            f"SELECT {_COMPETITION} FROM competitions WHERE slug = ?",  # noqa: S608
            (slug,),
        ).fetchone()
        if row is not None:
            return _competition(row)
        known = [competition.slug for competition in self.competitions()]
        raise UnknownCompetition(f"no competition {slug!r} is tracked", _did_you_mean(slug, known))

    def competition_now(self, competition_id: int) -> Competition | None:
        """The competition as it is at this moment; None when it was removed."""
        row = self._connection.execute(
            f"SELECT {_COMPETITION} FROM competitions WHERE id = ?",  # noqa: S608
            (competition_id,),
        ).fetchone()
        return None if row is None else _competition(row)

    def add_competition(self, slug: str, kaggle_id: str | None, added_at: datetime) -> Competition:
        """Adds a competition.

        Raises:
            sqlite3.IntegrityError: it is there already.
        """
        with self.writing():
            self._connection.execute(
                "INSERT INTO competitions (slug, kaggle_competition_id, added_at) VALUES (?, ?, ?)",
                (slug, kaggle_id, times.iso(added_at)),
            )
        return self.competition(slug)

    def update_competition(self, competition_id: int, **values: str | int | None) -> None:
        """Sets columns of a competition; the names come from this program, never from outside."""
        with self.writing():
            self._set_competition(competition_id, values)

    def _set_competition(self, competition_id: int, values: dict[str, Any]) -> None:
        columns = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE competitions SET {columns} WHERE id = ?",  # noqa: S608
            (*values.values(), competition_id),
        )

    def remove_competition(self, competition_id: int) -> None:
        """Removes a competition with its entries and history."""
        with self.writing():
            self._connection.execute("DELETE FROM competitions WHERE id = ?", (competition_id,))

    # Users

    def users(self) -> list[User]:
        """The roster, by username."""
        rows = self._connection.execute('SELECT id, username, name, "group" FROM users ORDER BY username')
        return [User(*row) for row in rows]

    def users_in(self, group: str) -> list[User]:
        """Those in a group, by username.

        Raises:
            UsageError: nobody is in such a group.
        """
        roster = self.users()
        found = [user for user in roster if user.group == group]
        if not found:
            known = sorted({user.group for user in roster if user.group})
            raise UsageError(
                f"nobody is in a group {group!r}", _did_you_mean(group, known, "kagsync users list")
            )
        return found

    def user(self, username: str) -> User:
        """The tracked user of this name, case ignored.

        Raises:
            UsageError: there is none.
        """
        row = self._connection.execute(
            'SELECT id, username, name, "group" FROM users WHERE username = ?', (username,)
        ).fetchone()
        if row is not None:
            return User(*row)
        known = [user.username for user in self.users()]
        raise UsageError(
            f"no user {username!r} is tracked", _did_you_mean(username, known, "kagsync users list")
        )

    def save_users(
        self, users: Iterable[tuple[str, str | None, str | None]], added_at: datetime
    ) -> tuple[int, int, int]:
        """Adds or updates (username, name, group), all or none; a None leaves what is there.

        Returns:
            how many were added, changed, and already just so.
        """
        added = changed = unchanged = 0
        with self.writing():
            for username, name, group in users:
                row = self._connection.execute(
                    'SELECT id, name, "group" FROM users WHERE username = ?', (username,)
                ).fetchone()
                if row is None:
                    self._connection.execute(
                        'INSERT INTO users (username, name, "group", added_at) VALUES (?, ?, ?, ?)',
                        (username, name, group, times.iso(added_at)),
                    )
                    added += 1
                    continue
                key, *old = row
                new = [name if name is not None else old[0], group if group is not None else old[1]]
                if new == old:
                    unchanged += 1
                    continue
                self._connection.execute('UPDATE users SET name = ?, "group" = ? WHERE id = ?', (*new, key))
                changed += 1
        return added, changed, unchanged

    def remove_user(self, user_id: int) -> None:
        """Removes a user with all entries and history."""
        with self.writing():
            self._connection.execute("DELETE FROM users WHERE id = ?", (user_id,))

    def never_seen(self) -> set[int]:
        """The ids of users who have not been found on any board."""
        rows = self._connection.execute(
            "SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM leaderboard_entries)"
        )
        return {row[0] for row in rows}

    def roster_version(self) -> int:
        """A number that grows with each user who comes or goes."""
        version: int = self._value("SELECT version FROM roster")
        return version

    def user_ids(self) -> set[int]:
        return {row[0] for row in self._connection.execute("SELECT id FROM users")}

    # Entries

    def entries(self, competition_id: int) -> list[Entry]:
        rows = self._connection.execute(
            f"SELECT {_ENTRY} FROM leaderboard_entries WHERE competition_id = ?",  # noqa: S608
            (competition_id,),
        )
        return [Entry(*row) for row in rows]

    def entry_count(self, *, competition_id: int | None = None, user_id: int | None = None) -> int:
        """How many entries a competition, or a user, has."""
        count: int = self._value(
            "SELECT count(*) FROM leaderboard_entries WHERE competition_id = ? OR user_id = ?",
            (competition_id, user_id),
        )
        return count

    def save_entries(self, competition_id: int, entries: Iterable[Entry]) -> None:
        """Creates or overwrites entries (within `writing`)."""
        rows = [
            {"competition_id": competition_id, **{name: getattr(entry, name) for name in _ENTRY_FIELDS}}
            for entry in entries
        ]
        if rows:
            self._sqlite_utils()["leaderboard_entries"].upsert_all(rows, pk=("competition_id", "user_id"))

    def save_board(
        self,
        competition_id: int,
        *,
        snapshot_at: datetime,
        rows: int,
        teams: int,
        marks: Marks,
        names: bytes | None,
        fingerprint: str,
    ) -> None:
        """Makes a board the applied one (within `writing`)."""
        self._set_competition(
            competition_id,
            {
                "snapshot_at": times.iso(snapshot_at),
                "row_count": rows,
                "team_count": teams,
                "fingerprint": fingerprint,
            },
        )
        for table in ("benchmarks", "medal_lines", "board_names"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE competition_id = ?",  # noqa: S608
                (competition_id,),
            )
        self._connection.executemany(
            "INSERT INTO benchmarks (competition_id, name, score, score_text, place) VALUES (?, ?, ?, ?, ?)",
            [
                (competition_id, mark.name, mark.score, mark.score_text, place)
                for mark, place in marks.benchmarks
            ],
        )
        self._connection.executemany(
            "INSERT INTO medal_lines VALUES (?, ?, ?, ?)",
            [(competition_id, line.medal, line.rank, line.score) for line in marks.medal_lines],
        )
        if names is not None:
            self._connection.execute("INSERT INTO board_names VALUES (?, ?)", (competition_id, names))

    def save_direction(self, competition_id: int, *, higher_is_better: bool) -> None:
        """Keeps the direction that a board tells, the first time one does (within `writing`)."""
        self._connection.execute(
            "UPDATE competitions SET inferred_higher_is_better = ? "
            "WHERE id = ? AND inferred_higher_is_better IS NULL",
            (int(higher_is_better), competition_id),
        )

    def benchmarks(self, competition_id: int) -> list[tuple[Benchmark, int | None]]:
        """The host's lines on the applied board, each with the place a team of its score would have."""
        rows = self._connection.execute(
            "SELECT name, score, score_text, place FROM benchmarks WHERE competition_id = ?",
            (competition_id,),
        )
        return [(Benchmark(name, score, text), place) for name, score, text, place in rows]

    def medal_lines(self, competition_id: int) -> list[MedalLine]:
        """The medal lines of the applied board, gold first."""
        rows = self._connection.execute(
            "SELECT medal, rank, score FROM medal_lines WHERE competition_id = ? ORDER BY rank",
            (competition_id,),
        )
        return [MedalLine(*row) for row in rows]

    def board_names(self) -> dict[str, bytes]:
        """The packed names of all that are on the latest boards, by competition."""
        return dict(
            self._connection.execute(
                "SELECT c.slug, n.packed FROM board_names n JOIN competitions c ON c.id = n.competition_id "
                "ORDER BY c.snapshot_at DESC"
            )
        )

    def set_snapshot_time(self, competition_id: int, snapshot_at: datetime) -> None:
        """Says that the applied board is still the same at a later time (within `writing`)."""
        self._set_competition(competition_id, {"snapshot_at": times.iso(snapshot_at)})

    def forget_unseen(self, competition_id: int) -> None:
        """Removes entries without a history (within `writing`).

        The only snapshot that showed such a user was processed again, and shows the user no more.
        """
        self._connection.execute(
            "DELETE FROM leaderboard_entries WHERE competition_id = ? AND NOT EXISTS ("
            "SELECT 1 FROM entry_history h WHERE h.user_id = leaderboard_entries.user_id "
            "AND h.competition_id = leaderboard_entries.competition_id)",
            (competition_id,),
        )

    # History

    def save_snapshot(
        self, competition_id: int, moment: int, *, rows: int, teams: int, last_user_id: int
    ) -> None:
        """Remembers that a board of this moment was processed (within `writing`)."""
        self._connection.execute(
            "INSERT INTO snapshots (competition_id, moment, row_count, team_count, last_user_id) "
            "VALUES (:c, :m, :r, :t, :u) ON CONFLICT DO UPDATE SET "
            "row_count = :r, team_count = :t, last_user_id = max(last_user_id, :u)",
            {"c": competition_id, "m": moment, "r": rows, "t": teams, "u": last_user_id},
        )

    def save_deleted_accounts(
        self, competition_id: int, moment: int, accounts: dict[str, int | None]
    ) -> None:
        """Remembers when each deleted account was first seen (within `writing`)."""
        self._connection.executemany(
            "INSERT INTO deleted_accounts VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET moment = excluded.moment, team_id = excluded.team_id "
            "WHERE excluded.moment < moment",
            [(competition_id, member, team_id, moment) for member, team_id in accounts.items()],
        )

    def deleted_accounts(self, competition_id: int) -> set[tuple[int | None, int]]:
        """Teams with a deleted account among the members, each with the moment it was first seen."""
        rows = self._connection.execute(
            "SELECT team_id, moment FROM deleted_accounts WHERE competition_id = ?", (competition_id,)
        )
        return {(team_id, moment) for team_id, moment in rows}

    def save_unchanged_snapshot(self, competition_id: int, moment: int) -> None:
        """Remembers that the latest board was still the same at `moment` (within `writing`)."""
        self._connection.execute(
            "INSERT OR IGNORE INTO snapshots "
            "(competition_id, moment, unchanged, row_count, team_count, last_user_id) "
            "SELECT competition_id, :m, 1, row_count, team_count, last_user_id FROM snapshots "
            "WHERE competition_id = :c ORDER BY moment DESC LIMIT 1",
            {"c": competition_id, "m": moment},
        )
        self._connection.execute(
            "DELETE FROM snapshots WHERE competition_id = ? AND unchanged AND moment < ?",
            (competition_id, moment - int(UNCHANGED_SNAPSHOTS_KEPT.total_seconds())),
        )

    def observations(self, competition_id: int) -> list[tuple[int, int]]:
        """The moments at which the board was seen, ascending, each with the highest user id looked for."""
        rows = self._connection.execute(
            "SELECT moment, last_user_id FROM snapshots WHERE competition_id = ? ORDER BY moment",
            (competition_id,),
        )
        return [(moment, last) for moment, last in rows]

    def state_at(self, competition_id: int, user_id: int, moment: int) -> State | None:
        """How a user stood at a moment; None: not on the board, or not known then."""
        row = self._connection.execute(
            "SELECT h.rank, h.score, t.team_id, t.name, t.members, h.submission_count "
            "FROM entry_history h LEFT JOIN teams t ON t.id = h.team "
            "WHERE h.user_id = ? AND h.competition_id = ? AND h.moment <= ? ORDER BY h.moment DESC LIMIT 1",
            (user_id, competition_id, moment),
        ).fetchone()
        return None if row is None else _state(*row)

    def past(self, competition_id: int, user_id: int, since: int) -> Past:
        """How a user stood at a moment, and every change after it."""
        rows = self._connection.execute(
            "SELECT h.moment, h.rank, h.score, t.team_id, t.name, t.members, h.submission_count "
            "FROM entry_history h LEFT JOIN teams t ON t.id = h.team "
            "WHERE h.user_id = ? AND h.competition_id = ? AND h.moment > ? ORDER BY h.moment",
            (user_id, competition_id, since),
        )
        known = self._value(
            "SELECT EXISTS (SELECT 1 FROM entry_history WHERE user_id = ? AND competition_id = ? "
            "AND moment <= ?)",  # the first row of a history is never "left"
            (user_id, competition_id, since),
        )
        return Past(
            self.state_at(competition_id, user_id, since) if known else None,
            bool(known),
            [Change(moment, _state(*state)) for moment, *state in rows],
        )

    def team_counts(self, competition_id: int, since: int) -> dict[int, int]:
        """How many teams were on the boards after a moment, by their moments."""
        return dict(
            self._connection.execute(
                "SELECT moment, team_count FROM snapshots WHERE competition_id = ? AND moment > ?",
                (competition_id, since),
            )
        )

    def last_change(self, competition_id: int, user_id: int) -> int | None:
        """The moment of a user's latest change."""
        moment: int | None = self._value(
            "SELECT max(moment) FROM entry_history WHERE user_id = ? AND competition_id = ?",
            (user_id, competition_id),
        )
        return moment

    def users_with_history(self, competition_id: int) -> set[int]:
        rows = self._connection.execute(
            "SELECT id FROM users u WHERE EXISTS "
            "(SELECT 1 FROM entry_history WHERE user_id = u.id AND competition_id = ?)",
            (competition_id,),
        )
        return {row[0] for row in rows}

    def rank_history(self, competition_id: int, user_id: int, *, last: int) -> list[int | None]:
        """The latest ranks of a user, oldest first; None where off the board or without a rank."""
        rows = self._connection.execute(
            "SELECT rank FROM entry_history WHERE user_id = ? AND competition_id = ? "
            "ORDER BY moment DESC LIMIT ?",
            (user_id, competition_id, last),
        ).fetchall()
        return [row[0] for row in reversed(rows)]

    def first_change(self, competition_id: int) -> int | None:
        """The moment of the earliest board."""
        moment: int | None = self._value(
            "SELECT min(moment) FROM snapshots WHERE competition_id = ?", (competition_id,)
        )
        return moment

    def rank_points(
        self, competition_id: int, user_id: int, since: int, bucket: int
    ) -> list[tuple[int, int | None]]:
        """A user's ranks over time, thinned: of each `bucket` of seconds the last one; None: off the board.

        The first point is at `since`, if the user was on the board by then.
        """
        rows = self._connection.execute(
            # With max(), SQLite takes the other columns from the row that has the maximum.
            "SELECT max(max(moment), :since), rank FROM entry_history "
            "WHERE user_id = :user AND competition_id = :competition "
            "GROUP BY max(moment - :since, 0) / :bucket, moment <= :since ORDER BY 1",
            {"since": since, "user": user_id, "competition": competition_id, "bucket": bucket},
        )
        return [(moment, rank) for moment, rank in rows]

    def save_history(self, competition_id: int, changes: Iterable[tuple[int, Splice]]) -> None:
        """Applies (user id, change) pairs (within `writing`)."""
        teams: dict[tuple[int | None, str, str], int] = {}
        rows = []
        for user_id, change in changes:
            if change.remove:
                self._connection.execute(
                    "DELETE FROM entry_history WHERE user_id = ? AND competition_id = ? AND moment = ?",
                    (user_id, competition_id, change.moment),
                )
                continue
            state = change.state
            rows.append(
                {
                    "user_id": user_id,
                    "competition_id": competition_id,
                    "moment": change.moment,
                    "rank": state and state.rank,
                    "score": state and state.score_text,
                    "team": state and self._team(state, teams),
                    "submission_count": state and state.submission_count,
                }
            )
        if rows:
            self._sqlite_utils()["entry_history"].upsert_all(rows, pk=("user_id", "competition_id", "moment"))

    def _team(self, state: State, known: dict[tuple[int | None, str, str], int]) -> int:
        content = (state.team_id, state.team_name, state.members)
        if content not in known:
            key = self._value(
                "SELECT id FROM teams WHERE name = ? AND members = ? AND coalesce(team_id, -1) = ?",
                (state.team_name, state.members, -1 if state.team_id is None else state.team_id),
            )
            if key is None:
                key = self._connection.execute(
                    "INSERT INTO teams (team_id, name, members) VALUES (?, ?, ?)", content
                ).lastrowid
            known[content] = key
        return known[content]

    # Runs

    def finish(self, competition_id: int, run: Run, finished_at: datetime) -> None:
        """Records how a competition's sync ended (within `writing`)."""
        counts = run.counts or Counts(*[None] * 5)  # type: ignore[arg-type]
        values: dict[str, Any] = {"tried_at": times.iso(finished_at)}
        if run.error_code is None:
            values["synced_at"] = times.iso(finished_at)
            if run.source == KAGGLE:  # a board from disk does not mean that Kaggle may be asked again
                values["resting_until"] = None
        self._set_competition(competition_id, values)
        self._connection.execute(
            "INSERT INTO sync_runs (run, competition_id, slug, source, status, started_at, finished_at, "
            'snapshot_at, sha256, "rows", created, updated, skipped, changed, error_code, error_message) '
            "VALUES (?, (SELECT id FROM competitions WHERE id = ?), ?, ?, ?, ?, ?, ?, "
            "?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.run,
                competition_id,
                run.slug,
                run.source,
                run.status,
                times.iso(run.started_at),
                times.iso(finished_at),
                run.snapshot_at and times.iso(run.snapshot_at),
                run.sha256,
                counts.rows,
                counts.created,
                counts.updated,
                counts.skipped,
                counts.changed,
                run.error_code,
                run.error_message,
            ),
        )

        for status, kept in RETENTION.items():
            self._connection.execute(
                "DELETE FROM sync_runs WHERE status = ? AND finished_at < ?",
                (status, times.iso(finished_at - kept)),
            )

    def rest(self, competition_id: int, until: datetime) -> None:
        """Leaves a competition in peace until a time, since Kaggle asked for it (within `writing`)."""
        self._set_competition(competition_id, {"resting_until": times.iso(until)})

    def first_time(self, subject: str, now: datetime) -> bool:
        """Whether this is the first time that something is to be said; it is remembered."""
        with self.writing():
            return (
                self._connection.execute(
                    "INSERT OR IGNORE INTO notices VALUES (?, ?)", (subject, times.iso(now))
                ).rowcount
                > 0
            )

    def last_error(self, competition_id: int) -> tuple[datetime, str] | None:
        """When and why the latest sync failed; None when it did not."""
        row = self._connection.execute(
            "SELECT finished_at, error_message FROM sync_runs WHERE competition_id = ? "
            "ORDER BY id DESC LIMIT 1",
            (competition_id,),
        ).fetchone()
        return (times.parse_iso(row[0]), row[1]) if row and row[1] is not None else None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode NORMAL cannot damage the database; a power cut may undo the last commits, which the next
    # sync does again.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _competition(row: tuple[Any, ...]) -> Competition:
    values = dict(zip(_COMPETITION_FIELDS, row, strict=True))
    for name in ("tried_at", "synced_at", "snapshot_at", "resting_until", "facts_at"):
        values[name] = _time(values[name])
    for name in ("active", "higher_is_better", "inferred_higher_is_better", "medals", "awards_points"):
        if values[name] is not None:
            values[name] = bool(values[name])
    return Competition(**values)


def _time(text: str | None) -> datetime | None:
    try:
        return times.parse_iso(text) if text else None
    except (ValueError, TypeError) as error:
        raise DatabaseError(
            f"the database holds {text!r} where a time should be",
            "Restore a backup, or mend the value by hand",
        ) from error


def _state(
    rank: int | None,
    score: str | None,
    team_id: int | None,
    team_name: str | None,
    members: str,
    submission_count: int | None,
) -> State | None:
    """A row of the history; None: not on the board."""
    if team_name is None:
        return None
    return State(rank, _number(score), score, team_id, team_name, members, submission_count)


def _number(text: str | None) -> float | None:
    # Python's float, not SQLite's CAST: the two differ in the last place for some decimals (0.720887).
    return None if text is None else float(text)


def _did_you_mean(word: str, known: list[str], listing: str = "kagsync competitions list") -> str:
    """The remedy for a name that is not known."""
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {lower[close[0]]}?"
    if known:
        return f"See: {listing}"
    noun = "competitions add SLUG" if "competitions" in listing else "users add USERNAME"
    return f"None is yet: kagsync {noun}"
