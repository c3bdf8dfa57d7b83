"""Standard output that cannot change what a command does or how it ends.

A command prints while it works. Its reader may go away (`| head`), and a disk may be full. The command goes
on anyway, so it never stops halfway and its exit code says how the work went.
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
        error: why writing failed; None: it did not, or the reader went away, which is not a failure.
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
        # Python writes what is left in the buffer again, at its exit at the latest.
        with contextlib.suppress(OSError, ValueError):  # a stream without a file, of a caller
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


@contextlib.contextmanager
def tolerant() -> Iterator[None]:
    """Makes standard output tolerant during the block."""
    with contextlib.redirect_stdout(Stdout(sys.stdout)):
        yield


def failure() -> KagsyncError | None:
    """Why printing has failed so far; None: it has not."""
    sys.stdout.flush()
    error = sys.stdout.error if isinstance(sys.stdout, Stdout) else None
    return None if error is None else errors.output_failed(error)
