"""The only door to SQLite: a store has a part for each subject, and each part is a file of its own.

Reading and writing use the standard library's sqlite3; sqlite-utils, which costs 0.4 s to import because it
imports pandas, is used for migrations only.
"""

from __future__ import annotations

import contextlib
from sqlite3 import sqlite_version as SQLITE_VERSION
from typing import TYPE_CHECKING, NamedTuple, Self

from kagsync.files import output_file
from kagsync.standings.which import PUBLIC
from kagsync.store import beside, opening
from kagsync.store.boards import BoardChanges, Boards
from kagsync.store.competitions import CompetitionChanges, Competitions
from kagsync.store.errors import REPAIR
from kagsync.store.history import History, HistoryChanges
from kagsync.store.runs import RETENTION, RunChanges, Runs
from kagsync.store.snapshots import SnapshotChanges, Snapshots
from kagsync.store.tables import TABLES
from kagsync.store.targets import Targets
from kagsync.store.users import UserChanges, Users

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kagsync.errors import DatabaseError
    from kagsync.store.connection import Connection
    from kagsync.store.frozen import FrozenBoards
    from kagsync.store.identity import IdentityChanges
    from kagsync.store.report_options import StoredReportOptions
    from kagsync.store.series import AllSeries

__all__ = ["REPAIR", "RETENTION", "SQLITE_VERSION", "Ledger", "LedgerChanges", "Store", "Writing"]


class Ledger(NamedTuple):
    """What is stored of the public boards, or of the private ones."""

    boards: Boards
    history: History
    snapshots: Snapshots


class LedgerChanges(NamedTuple):
    """Changes to a ledger."""

    boards: BoardChanges
    history: HistoryChanges
    snapshots: SnapshotChanges


class Store:
    """One open database, for one thread.

    A method of a part that changes something is a transaction of its own. Changes that belong together are
    methods of what `writing` gives. Every error of SQLite is raised as a KagsyncError.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.path = connection.path
        self.users = Users(connection)
        self.competitions = Competitions(connection)
        self.boards, self.history, self.snapshots = self.ledger(PUBLIC)
        self.runs = Runs(connection)
        self.targets = Targets(connection)

    @classmethod
    def open(cls, path: Path, locks_folder: Path, *, create: bool = False) -> Self:
        """See `opening.to_write`."""
        return cls(opening.to_write(path, locks_folder, create=create))

    @classmethod
    def open_to_read(cls, path: Path, locks_folder: Path) -> Self:
        """See `opening.to_read`."""
        return cls(opening.to_read(path, locks_folder))

    @classmethod
    def open_copy(cls, path: Path) -> Self:
        """See `opening.as_copy`."""
        return cls(opening.as_copy(path))

    @classmethod
    def in_memory(cls) -> Self:
        """See `opening.in_memory`."""
        return cls(opening.in_memory())

    @property
    def frozen(self) -> FrozenBoards:
        """The boards that grades were frozen with."""
        from kagsync.store.frozen import FrozenBoards  # no run needs it

        return FrozenBoards(self.connection)

    def ledger(self, board: str) -> Ledger:
        """The latest boards of one kind, public or private, and their history."""
        place = self.connection, TABLES[board]
        return Ledger(Boards(*place), History(*place), Snapshots(*place))

    @property
    def series(self) -> AllSeries:
        """The series of competitions."""
        from kagsync.store.series import AllSeries  # few commands need them

        return AllSeries(self.connection)

    @property
    def report_options(self) -> StoredReportOptions:
        """The options of reports where none is given."""
        from kagsync.store.report_options import StoredReportOptions  # only reports need them

        return StoredReportOptions(self.connection)

    def entry_count(self, *, competition_id: int | None = None, user_id: int | None = None) -> int:
        """How many entries a competition or a user has, on both boards."""
        boards = (self.ledger(board).boards for board in TABLES)
        return sum(each.entry_count(competition_id=competition_id, user_id=user_id) for each in boards)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        """Makes the block one transaction: all of it is written, or nothing."""
        with self.connection.transaction():
            yield Writing(self.connection)

    @property
    def schema_on_disk(self) -> int:
        """The version of the schema in the file."""
        return self.connection.schema_on_disk

    @property
    def beside(self) -> list[Path]:
        """The files that SQLite may keep beside the database, as parts of it."""
        return output_file.parts(self.path)

    def in_the_way(self) -> DatabaseError | None:
        """The error for files beside the database that this user may not write; None if there are none."""
        return beside.in_the_way(self.path)

    def make_private(self) -> None:
        """Lets only the owner and the group use the database, because it now contains a secret."""
        for path in (self.path, *self.beside):
            with contextlib.suppress(OSError):  # missing, or another user's; `doctor` reports that
                path.chmod(path.stat().st_mode & 0o770)

    def free_bytes(self) -> int:
        """How much of the file is free: SQLite fills it again, or `compact` gives it back to the disk."""
        pages, size = (self.connection.value(f"PRAGMA {name}") for name in ("freelist_count", "page_size"))
        return int(pages * size)

    def problems(self) -> list[str]:
        """What SQLite finds wrong in the whole database; nothing if it is sound."""
        return self.connection.problems()

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Writing:
    """The changes of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.competitions = CompetitionChanges(connection)
        self.users = UserChanges(connection)
        self.boards, self.history, self.snapshots = self.ledger(PUBLIC)
        self.runs = RunChanges(connection)

    @property
    def identity(self) -> IdentityChanges:
        """Changes of who people are."""
        from kagsync.store.identity import IdentityChanges  # no run needs it

        return IdentityChanges(self._connection)

    def ledger(self, board: str) -> LedgerChanges:
        """Changes to the boards of one kind, public or private, and to their history."""
        place = self._connection, TABLES[board]
        return LedgerChanges(BoardChanges(*place), HistoryChanges(*place), SnapshotChanges(*place))
