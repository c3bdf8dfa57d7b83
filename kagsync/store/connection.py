"""A connection to one database: how it is opened, what its errors mean, transactions."""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
from typing import TYPE_CHECKING, Any, Self

from kagsync import locks, schema
from kagsync.errors import DatabaseError, DiskFull, KagsyncError, NoDatabase, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SQLITE_VERSION = sqlite3.sqlite_version
BUSY_TIMEOUT = 30.0  # seconds a writer waits for another


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

    @classmethod
    def open(cls, path: Path, locks_folder: Path, *, create: bool = False) -> Self:
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
        elif self._value("PRAGMA journal_mode") != "wal":  # a backup that was restored
            # Nothing to wait for: who may not write, or is not alone, leaves it to the next one.
            self._connection.execute("PRAGMA busy_timeout = 0")
            with contextlib.suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")

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

    def copy_to(self, new: Path) -> None:
        """Writes a consistent copy into an empty file, and checks it.

        In one step, under one read transaction: writers in WAL mode go on meanwhile.

        Raises:
            DatabaseError: the copy, and so the database, is damaged.
        """
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as copy:
            try:
                self._connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
            except sqlite3.OperationalError as error:
                raise explain(error, new.parent) from error
            if problems := check(copy):
                raise DatabaseError(
                    f"{self.path} is damaged ({problems[0]})", REPAIR.format(shlex.quote(str(self.path)))
                )

    @property
    def beside(self) -> list[Path]:
        """The files that SQLite may keep beside the database, as parts of it."""
        return [self.path.with_name(f"{self.path.name}-{part}") for part in ("wal", "shm", "journal")]

    def make_private(self) -> None:
        """Takes the rights of everybody but owner and group: there is a secret in the database now."""
        for path in (self.path, *self.beside):
            with contextlib.suppress(OSError):  # it is not there, or another's; `doctor` says so
                path.chmod(path.stat().st_mode & 0o770)

    def problems(self) -> list[str]:
        """What SQLite finds wrong in the whole database; nothing: it is sound."""
        return check(self._connection)

    @property
    def schema_version(self) -> int:
        version: int = self._value("PRAGMA user_version")
        return version

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
        import sqlite_utils

        return sqlite_utils.Database(self._connection, execute_plugins=False)

    def _value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        row = self._connection.execute(sql, parameters).fetchone()
        return row[0] if row else None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode NORMAL cannot damage the database; a power cut may undo the last commits, which the next
    # sync does again.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


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
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError:
        return False
    # https://sqlite.org/fileformat2.html: the application id is at offset 68
    return header.startswith(b"SQLite format 3\0") and int.from_bytes(header[68:72]) == schema.APPLICATION_ID
