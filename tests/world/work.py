"""How much work something does, counted, so that the figure is the same on every machine."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kagsync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

_PACKAGE = str(Path(kagsync.__file__).parent)
_IN_A_STEP = 10  # SQLite is asked to call after so many


@dataclass
class Work:
    """What was done: instructions of Python in kagsync's own code, and of SQLite; SQL statements."""

    python: int = 0
    sqlite: int = 0
    statements: int = 0

    def count(self, connection: sqlite3.Connection) -> None:
        """Counts what a connection does from now on."""
        connection.set_trace_callback(self._statement)
        connection.set_progress_handler(self._step, _IN_A_STEP)

    def _statement(self, _: str) -> None:
        self.statements += 1

    def _step(self) -> int:
        self.sqlite += _IN_A_STEP
        return 0

    def trace(self, frame: FrameType, _: str, __: Any) -> Any:
        """A trace function that counts the instructions of kagsync's functions."""
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._instruction

    def _instruction(self, _: FrameType, event: str, __: Any) -> Any:
        self.python += event == "opcode"
        return self._instruction


@contextlib.contextmanager
def counted() -> Iterator[Work]:
    """Counts the work in the block: what this thread does, and every connection that is opened there."""
    work, connect, trace = Work(), sqlite3.connect, sys.gettrace()

    def counting(*words: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **options)
        work.count(connection)
        return connection

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sqlite3, "connect", counting)
        sys.settrace(work.trace)
        try:
            yield work
        finally:
            sys.settrace(trace)
