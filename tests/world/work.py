"""How much work something does: SQLite's steps and statements, which are the same on every machine."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@dataclass
class Work:
    """What SQLite did: `statements`, and `steps`, in tens, of its virtual machine."""

    statements: int = 0
    steps: int = 0

    def count(self, connection: sqlite3.Connection) -> None:
        """Counts what a connection does from now on."""
        connection.set_trace_callback(self._statement)
        connection.set_progress_handler(self._step, 10)

    def _statement(self, _: str) -> None:
        self.statements += 1

    def _step(self) -> int:
        self.steps += 1
        return 0


@contextlib.contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Counts the work of every connection that is opened in the block."""
    work, connect = Work(), sqlite3.connect

    def counting(*words: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **options)  # type: ignore[call-overload]
        work.count(connection)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", counting)
        yield work
