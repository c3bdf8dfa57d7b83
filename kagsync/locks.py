"""Locks between processes: held by at most one, free again when its holder is killed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kagsync.errors import KagsyncError, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Busy(KagsyncError):
    """Another run holds the lock."""

    exit_code = 0
    code = "busy"


@contextlib.contextmanager
def hold(path: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Holds the lock file `path` during the block.

    Args:
        wait: seconds to wait for another holder.

    Raises:
        Busy: somebody else holds it and `wait` is over.
        ConfigurationError: the lock file cannot be made.
    """
    import filelock

    lock = filelock.FileLock(path, timeout=wait, thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise Busy(f"{path.stem} is in use by another run") from error
    except OSError as error:
        raise from_os_error(error, f"make the lock file {path}") from error
    try:
        yield
    finally:
        lock.release()
