"""A connection to one database: how it is opened, what its errors mean, transactions."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import sqlite3
from typing import TYPE_CHECKING, Any, Self

from kagsync import installation, memory
from kagsync.errors import DatabaseError, DiskFull, KagsyncError, NoDatabase, from_os_error
from kagsync.files import locks, output_file, rights
from kagsync.store import beside, migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SQLITE_VERSION = sqlite3.sqlite_version
BUSY_TIMEOUT = 30.0  # seconds a writer waits for another
_NO_RIGHTS = ("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")

REPAIR = (
    "Restore a backup: cp BACKUP {0} && rm -f {0}-wal {0}-shm; "
    "or save what is left: sqlite3 {0} .recover | sqlite3 new.db"
)


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
        return beside.not_writable(path)
    if name.startswith("SQLITE_CANTOPEN"):
        return DatabaseError(f"the database {path} cannot be opened", "Check the path and its rights")
    if name.startswith("SQLITE_IOERR"):
        return DatabaseError(
            f"the disk of {path} failed ({error})", "Check its space and its health; nothing was lost"
        )
    if name.startswith("SQLITE_CORRUPT"):
        return DatabaseError(
            f"the database {path} is damaged ({error})",
            REPAIR.format(shlex.quote(str(path))),
        )
    return DatabaseError(f"the database {path} failed: {error}", "Run it again; -v shows more")


class Connection:
    """A connection to one database, for one thread.

    Methods raise `sqlite3.Error`; leaving the `with` turns it into a DatabaseError that people understand.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path
        self.schema_on_disk = migrations.LATEST  # less in a copy of an older database

    @classmethod
    def open(cls, path: Path, locks_folder: Path, *, create: bool = False) -> Self:
        """Opens a database, migrating it when it is older than this program.

        Args:
            create: make it when there is none.

        Raises:
            NoDatabase: there is none, and it should not be made.
            UsageError: it would be made as a part of another database.
            DatabaseError: it cannot be opened or written, is not kagsync's, or is newer than this program.
        """
        path = beside.real(path)
        try:
            there = path.exists()
            if not there:
                if not create:
                    raise _none_yet(path)
                output_file.examine(path)
            elif not path.is_file():  # SQLite would write to a device
                raise DatabaseError(
                    f"the database {path} cannot be opened: it is not a file",
                    "Check the path, or name another file with --db or KAGSYNC_DB",
                )
            rights.make_folder(path.parent)
        except OSError as error:
            raise from_os_error(error, f"open the database {path}") from error
        if there and not os.access(path, os.W_OK):
            # SQLite would open it anyway and, where it can, leave files beside it that belong to this user.
            # The owner could not write those, and so no longer the database.
            raise beside.not_writable(path)
        beside.clear(path, locks_folder)
        if beside.in_the_way(path):
            raise beside.not_writable(path)
        return cls._opened(path, lambda: _connect(path), lambda store: store._prepare(locks_folder))

    @classmethod
    def open_to_read(cls, path: Path, locks_folder: Path) -> Self:
        """Opens a database to read it only. All that is read is of one moment.

        Where this user may write it, this does what `open` does. Otherwise (another user's file, a read-only
        disk) the right to read is enough, and no file is made beside it.

        Raises:
            NoDatabase: there is none.
            DatabaseError: it cannot be read, is not kagsync's, is newer than this program, or is older and
                may not be migrated by this user.
        """
        path = beside.real(path)
        try:
            store = cls.open(path, locks_folder)
        except KagsyncError as error:
            if not _lacks_rights(error, path):
                raise
            store = cls._opened(path, lambda: _connect_to_read(path), lambda store: store._check_readable())
        store._connection.execute("BEGIN")
        return store

    @classmethod
    def open_copy(cls, path: Path) -> Self:
        """Copies a database into memory, and leaves everything on its disk as it is.

        An older schema is migrated in the copy. Not for a process that has the database open already, since
        reading its file would end that connection's locks.

        Raises:
            NoDatabase: there is none.
            DatabaseError: it cannot be read, is not kagsync's, or is newer than this program.
        """
        path = beside.real(path)
        try:
            if not path.exists():
                raise _none_yet(path)
        except OSError as error:
            raise from_os_error(error, f"open the database {path}") from error
        return cls._opened(path, lambda: _copied(path), lambda store: store._migrate_copy())

    @classmethod
    def _opened(
        cls, path: Path, connect: Callable[[], sqlite3.Connection], prepare: Callable[[Self], None]
    ) -> Self:
        """Connects and prepares a store; when that fails, nothing stays open."""
        try:
            store = cls(connect(), path)
        except sqlite3.Error as error:
            raise explain(error, path) from error
        try:
            prepare(store)
        except sqlite3.Error as error:
            store.close()
            raise explain(error, path) from error
        except BaseException:
            store.close()
            raise
        return store

    def _check_readable(self) -> None:
        """Refuses an older schema, which a user who may not write cannot migrate."""
        version = self._check_version()
        if version < migrations.LATEST:
            raise DatabaseError(
                f"{self.path} is of an older kagsync (schema {version}, this one needs {migrations.LATEST}), "
                "and you may not update it",
                "Run any kagsync command as its owner, for example: kagsync status",
            )

    def _migrate_copy(self) -> None:
        self.schema_on_disk = self._check_version()
        if self.schema_on_disk < migrations.LATEST:
            self._migrate()

    def _prepare(self, locks_folder: Path) -> None:
        version = self._check_version()
        if version < migrations.LATEST:
            # Two first runs at once must not both create the tables.
            with _migrating(locks_folder, self.path):
                if self._check_version() < migrations.LATEST:
                    # First of all, so that a run killed from here on leaves a file that says whose it is.
                    self._connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._migrate()
        elif self._value("PRAGMA journal_mode") != "wal":  # a backup that was restored
            # Nothing to wait for: who may not write, or is not alone, leaves it to the next one.
            self._connection.execute("PRAGMA busy_timeout = 0")
            with contextlib.suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")

    def _migrate(self) -> None:
        try:
            migrations.migrate(self._sqlite_utils())
        except sqlite3.Error:
            raise  # told by `explain`
        except Exception as error:
            if memory.ran_out(error):
                raise
            raise DatabaseError(
                f"{self.path} could not be brought to schema {migrations.LATEST} "
                f"({type(error).__name__}: {error})",
                "It is as it was: go back to the kagsync that made it, and please report this",
            ) from error

    def _check_version(self) -> int:
        version: int = self._value("PRAGMA user_version")
        if version > migrations.LATEST:
            raise DatabaseError(
                f"{self.path} was made by a newer kagsync "
                f"(schema {version}, this one knows {migrations.LATEST})",
                f"Update kagsync: {installation.update()}",
            )
        # One statement, one look: another process may be making the tables at this moment.
        foreign = self._value(
            "SELECT application_id <> ? AND EXISTS (SELECT 1 FROM sqlite_master) FROM pragma_application_id",
            (migrations.APPLICATION_ID,),
        )
        if foreign:
            raise DatabaseError(
                f"{self.path} is a database of another program", "Name another file with --db or KAGSYNC_DB"
            )
        return version

    def copy_to(self, new: Path, folder: Path) -> None:
        """Writes a consistent copy into an empty file, and checks it.

        In one step, under one read transaction: writers in WAL mode go on meanwhile.

        Args:
            folder: what errors call the place of the copy.

        Raises:
            DatabaseError: the copy, and so the database, is damaged.
        """
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as copy:
            try:
                self._connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
            except sqlite3.OperationalError as error:
                raise explain(error, folder) from error
            if problems := check(copy):
                raise DatabaseError(
                    f"{self.path} is damaged ({problems[0]})", REPAIR.format(shlex.quote(str(self.path)))
                )

    @property
    def beside(self) -> list[Path]:
        """The files that SQLite may keep beside the database, as parts of it."""
        return output_file.parts(self.path)

    def in_the_way(self) -> DatabaseError | None:
        """The error for files beside the database that this user may not write; None if there are none."""
        return beside.in_the_way(self.path)

    def make_private(self) -> None:
        """Takes the rights of everybody but owner and group: there is a secret in the database now."""
        for path in (self.path, *self.beside):
            with contextlib.suppress(OSError):  # it is not there, or another's; `doctor` says so
                path.chmod(path.stat().st_mode & 0o770)

    def problems(self) -> list[str]:
        """What SQLite finds wrong in the whole database; nothing: it is sound."""
        return check(self._connection)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
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
        memory.before_pandas()  # which sqlite-utils imports
        import sqlite_utils

        return sqlite_utils.Database(self._connection, execute_plugins=False)

    def _value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        row = self._connection.execute(sql, parameters).fetchone()
        return row[0] if row else None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode NORMAL cannot damage the database; a power cut may undo the last commits, which the next
        # sync does again.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:  # the file is no database, or is damaged or locked
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Connects for a user who has no right to write.

    In place while somebody has the database open, else to a copy.
    """
    in_use = all(path.with_name(f"{path.name}-{part}").exists() for part in ("wal", "shm"))
    # If this user may write in the folder, SQLite could create these files anew, should they vanish just now.
    if in_use and not os.access(path.parent, os.W_OK):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
        try:
            connection.execute("PRAGMA schema_version")  # the first look into the files
            return connection
        except sqlite3.Error as error:
            connection.close()
            if not error.sqlite_errorname.startswith(_NO_RIGHTS):
                raise
    return _copied(path)


def _copied(path: Path) -> sqlite3.Connection:
    from kagsync.store import snapshot  # rarely needed

    try:
        return snapshot.in_memory(path, BUSY_TIMEOUT)
    except PermissionError as error:
        raise DatabaseError(
            f"the database {path} may not be read", "Ask its owner for the rights to read it"
        ) from error
    except OSError as error:
        raise DatabaseError(
            f"the database {path} cannot be opened: {error.strerror}", "Check the path and its rights"
        ) from error


@contextlib.contextmanager
def _migrating(locks_folder: Path, path: Path) -> Iterator[None]:
    try:
        with locks.hold(locks_folder / "migration.lock", wait=60, longest=locks.LONGEST):
            yield
    except locks.Busy as error:  # which ends with exit code 0, as if all were well
        raise DatabaseError(
            f"another kagsync has been updating the database {path} for a minute", "Try again later"
        ) from error


def _none_yet(path: Path) -> NoDatabase:
    return NoDatabase(f"there is no database {path} yet", "Begin with: kagsync competitions add SLUG")


def _lacks_rights(error: KagsyncError, path: Path) -> bool:
    """Whether a database could not be opened because this user may not write it, or not beside it."""
    if not os.path.isfile(path):  # noqa: PTH113  (Path's raises where the folder may not be searched)
        return False
    if isinstance(error, beside.NotWritable):
        return True
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorname", "").startswith(_NO_RIGHTS)
    return isinstance(cause, OSError) and cause.errno in (errno.EACCES, errno.EPERM, errno.EROFS)


def check(connection: sqlite3.Connection) -> list[str]:
    """What is wrong in a database: damaged pages and indexes, and rows that refer to none."""
    damaged = [row[0] for row in connection.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
    orphans = [
        f"a row of {row[0]} refers to none of {row[2]}"
        for row in connection.execute("PRAGMA foreign_key_check")
    ]
    return [*damaged, *orphans]


def is_kagsyncs(path: Path) -> bool:
    """Whether a file is a database that kagsync made."""
    # https://sqlite.org/fileformat2.html: the application id is at offset 68
    application_id = int.from_bytes(output_file.start(path, 72)[68:])
    return output_file.is_sqlite(path) and application_id == migrations.APPLICATION_ID
