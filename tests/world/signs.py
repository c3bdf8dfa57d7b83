"""What a process is doing, as Linux shows it, so that tests need not guess how long it takes."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    import subprocess
    from collections.abc import Callable

_PATIENCE = 60.0  # seconds
_SURELY = 10.0  # seconds after which a process sleeps, whatever the system shows; usually it takes one


def wait_until_handled(process: subprocess.Popen[str], number: signal.Signals) -> bool:
    """Waits until a process handles a signal, or has ended.

    SIGTERM is handled by kagsync's own code alone, and SIGINT by Python before. So when SIGTERM is handled,
    Python has started, and kagsync takes both signals. If False is returned, the system does not show it.
    """
    status = Path(f"/proc/{process.pid}/status")

    def is_handled() -> bool:
        return bool(_mask(status) >> (number - 1) & 1)

    own = Path("/proc/self/status")
    if not own.exists() or not _mask(own):
        return False
    return _wait(lambda: process.poll() is not None or is_handled(), _PATIENCE)


def wait_until_asleep(
    process: subprocess.Popen[str], where: str, *, after_opening: Path | None = None
) -> None:
    """Waits until the main thread of a process sleeps in a function of the kernel.

    Kernels differ in what they show, so without a sign it waits long enough.

    Args:
        where: a regular expression for the function's name.
        after_opening: a file that the process must have open.
    """
    place = Path(f"/proc/{process.pid}")
    wchan = place / "wchan"

    def is_asleep() -> bool:
        assert process.poll() is None
        if not wchan.exists() or (after_opening is not None and not _has_open(place, after_opening)):
            return False
        return re.search(where, wchan.read_text()) is not None

    _wait(is_asleep, _SURELY)
    assert process.poll() is None


def _has_open(place: Path, file: Path) -> bool:
    for link in (place / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            if link.readlink() == file:
                return True
    return False


def _mask(status: Path) -> int:
    """The signals that a process handles, a bit each; 0: the system does not show it."""
    found = re.search(r"^SigCgt:\s*(\w+)$", status.read_text(), re.MULTILINE)
    return int(found[1], 16) if found else 0


def _wait(true: Callable[[], bool], seconds: float) -> bool:
    """Waits until something is true. Returns whether it is."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)
    return True
