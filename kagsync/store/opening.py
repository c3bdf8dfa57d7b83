"""How a database is opened: to write, to read, or as a copy in memory; older ones are migrated."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import installation, memory
from kagsync.errors import DatabaseError, KagsyncError, NoDatabase, from_os_error
from kagsync.files import locks, output_file, rights
from kagsync.store import beside, migrations
from kagsync.store.connection import Connection
from kagsync.store.errors import BUSY_TIMEOUT, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlite_utils

_A_MOMENT = 0.1  # seconds
_NO_RIGHTS = ("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")


def to_write(path: Path, locks_folder: Path, *, create: bool = False) -> Connection:
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
        # SQLite would open it anyway, and could leave files beside it that belong to this user. The owner
        # could not write those, and so could no longer change the database.
        raise beside.not_writable(path)
    beside.clear(path, locks_folder)
    if beside.in_the_way(path):
        raise beside.not_writable(path)
    return _opened(path, lambda: _connect(path), lambda db: _prepare(db, locks_folder))


def to_read(path: Path, locks_folder: Path) -> Connection:
    """Opens a database for reading only. Everything that is read is from one moment.

    If this user may write it, it is opened as by `to_write`. Otherwise (another user's file,
    a read-only disk) the right to read is enough, and no file is made beside it.

    Raises:
        NoDatabase: there is none.
        DatabaseError: it cannot be read, is not kagsync's, is newer than this program, or is older and
            may not be migrated by this user.
    """
    path = beside.real(path)
    try:
        db = to_write(path, locks_folder)
    except KagsyncError as error:
        if not _lacks_rights(error, path):
            raise
        db = _opened(path, lambda: _connect_to_read(path), _check_readable)
    db.execute("PRAGMA query_only = ON")
    db.execute("BEGIN")
    return db


def as_copy(path: Path) -> Connection:
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
    return _opened(path, lambda: _copied(path), _migrate_copy)


def in_memory() -> Connection:
    """A new, empty database that no file belongs to."""
    path = Path(":memory:")
    return _opened(path, lambda: sqlite3.connect(path, isolation_level=None), _migrate)


def _opened(
    path: Path, connect: Callable[[], sqlite3.Connection], prepare: Callable[[Connection], None]
) -> Connection:
    """Connects and prepares a connection; when that fails, nothing stays open."""
    try:
        db = Connection(connect(), path)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    try:
        prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_readable(db: Connection) -> None:
    """Refuses an older schema, which a user who may not write cannot migrate."""
    version = _check_version(db)
    if version < migrations.LATEST:
        raise DatabaseError(
            f"{db.path} is of an older kagsync (schema {version}, this one needs {migrations.LATEST}), "
            "and you may not update it",
            "Run any kagsync command as its owner, for example: kagsync status",
        )


def _migrate_copy(db: Connection) -> None:
    db.schema_on_disk = _check_version(db)
    if db.schema_on_disk < migrations.LATEST:
        _migrate(db)


def _prepare(db: Connection, locks_folder: Path) -> None:
    version = _check_version(db)
    if version < migrations.LATEST:
        # Two first runs at once must not both create the tables.
        with _migrating(locks_folder, db.path):
            if _check_version(db) < migrations.LATEST:
                # First, so that a run that is killed from here on leaves a file that is recognized as ours.
                db.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
                db.execute("PRAGMA journal_mode = WAL")
                _migrate(db)
    elif db.value("PRAGMA journal_mode") != "wal":  # a backup that was restored
        # Without waiting: if this user may not write or is not alone, the next one does it.
        with db.without_waiting(), contextlib.suppress(sqlite3.OperationalError):
            db.raw.execute("PRAGMA journal_mode = WAL")


def _migrate(db: Connection) -> None:
    memory.before_pandas()  # which sqlite-utils imports
    import sqlite_utils

    try:
        # A migration that makes a table again must not delete the rows that refer to it.
        with db.without_foreign_keys():
            _apply_migrations(sqlite_utils.Database(db.raw, execute_plugins=False))
    except sqlite3.Error as error:
        raise explain(error, db.path) from error
    except Exception as error:
        if memory.ran_out(error):
            raise
        raise DatabaseError(
            f"{db.path} could not be brought to schema {migrations.LATEST} ({type(error).__name__}: {error})",
            "Nothing was changed: go back to the earlier version of kagsync, and please report this",
        ) from error


def _apply_migrations(db: sqlite_utils.Database) -> None:
    """Applies the migrations, and tries again if another process that opens the database disturbs them.

    SQLite does not wait if that one has just changed it. What was applied stays, and the next try goes on
    after it.
    """
    for tries_left in (2, 1, 0):
        try:
            return migrations.migrate(db)
        except sqlite3.OperationalError as error:
            if not tries_left or not getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
                raise
            time.sleep(_A_MOMENT)


def _check_version(db: Connection) -> int:
    version: int = db.value("PRAGMA user_version")
    if version > migrations.LATEST:
        raise DatabaseError(
            f"{db.path} was made by a newer kagsync (schema {version}, this one knows {migrations.LATEST})",
            f"Update kagsync: {installation.update()}",
        )
    # In one statement: another process may be making the tables at this moment.
    foreign = db.value(
        "SELECT application_id <> ? AND EXISTS (SELECT 1 FROM sqlite_master) FROM pragma_application_id",
        (migrations.APPLICATION_ID,),
    )
    if foreign:
        raise DatabaseError(
            f"{db.path} is a database of another program", "Choose another file with --db or KAGSYNC_DB"
        )
    return version


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode NORMAL cannot damage the database; a power cut may undo the last commits, which the next
        # sync does again.
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:  # the file is not a database, or is damaged or locked
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Connects for a user who has no right to write.

    In place while somebody has the database open, else to a copy.
    """
    in_use = all(path.with_name(f"{path.name}-{part}").exists() for part in ("wal", "shm"))
    # If this user may write in the folder, SQLite could make these files again if they vanish just now.
    if in_use and not os.access(path.parent, os.W_OK):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
        try:
            connection.execute("PRAGMA schema_version")  # opens the files
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
    except locks.Busy as error:  # a Busy would end with exit code 0
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


def is_kagsyncs(path: Path) -> bool:
    """Whether a file is a database that kagsync made."""
    # https://sqlite.org/fileformat2.html: the application id is at offset 68
    application_id = int.from_bytes(output_file.start(path, 72)[68:])
    return output_file.is_sqlite(path) and application_id == migrations.APPLICATION_ID


def is_current(path: Path) -> bool:
    """Whether a file is a database of this version of kagsync, as far as its first bytes say."""
    # https://sqlite.org/fileformat2.html: the user version is at offset 60
    version = int.from_bytes(output_file.start(path, 64)[60:])
    return is_kagsyncs(path) and version == migrations.LATEST
