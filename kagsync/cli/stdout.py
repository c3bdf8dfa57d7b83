"""Standard output that cannot change what a command does, nor how it ends.

Results are printed while a command works. Whoever reads them may go away (`| head`), and a disk may be full:
the command goes on all the same, so that it never stops halfway and its exit code stays true.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from kagsync import errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from kagsync.errors import KagsyncError


class Stdout:
    """A stream that writes to another one until that fails, and then nowhere.

    Attributes:
        error: why not all of it was written; None: it was, or its reader went away, which is no failure.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._tolerant():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._tolerant():
            self._stream.flush()

    @contextlib.contextmanager
    def _tolerant(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self._forget()
        except OSError as error:
            self.error = error
            self._forget()

    def _forget(self) -> None:
        # What is left in the buffer is written once more, at the latest at Python's exit.
        with contextlib.suppress(OSError, ValueError):  # it has no file: a caller's own stream
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


@contextlib.contextmanager
def tolerant() -> Iterator[None]:
    """Makes standard output tolerant during the block."""
    with contextlib.redirect_stdout(Stdout(sys.stdout)):
        yield


def failure() -> KagsyncError | None:
    """Why what was printed until now was not written; None: it was."""
    sys.stdout.flush()
    error = sys.stdout.error if isinstance(sys.stdout, Stdout) else None
    return None if error is None else errors.output_failed(error)
