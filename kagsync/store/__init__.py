"""The only door to SQLite.

Reading and writing use the standard library's sqlite3; sqlite-utils, which costs 0.4 s to import because it
imports pandas, is called where it earns that: migrations.
"""

from __future__ import annotations

from kagsync.store.boards import Boards
from kagsync.store.connection import BUSY_TIMEOUT, REPAIR, SQLITE_VERSION, explain, is_kagsyncs
from kagsync.store.history import History
from kagsync.store.replacing import InUse, alone
from kagsync.store.runs import RETENTION, Runs
from kagsync.store.targets import Targets
from kagsync.store.users import Users

__all__ = [
    "BUSY_TIMEOUT",
    "REPAIR",
    "RETENTION",
    "SQLITE_VERSION",
    "InUse",
    "Store",
    "alone",
    "explain",
    "is_kagsyncs",
]


class Store(Boards, Users, History, Runs, Targets):
    """A connection to one database, for one thread; what it holds has a file a subject.

    Methods raise `sqlite3.Error`; leaving the `with` turns it into a DatabaseError that people understand.
    """
