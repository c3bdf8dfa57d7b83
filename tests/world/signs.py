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
_USUALLY = 1.5  # seconds that it takes on a machine that is not busy, for systems that show nothing


def wait_until_handled(process: subprocess.Popen[str], number: signal.Signals) -> bool:
    """Waits until a process handles a signal, or has ended.

    SIGTERM is handled by kagsync's own code alone, and SIGINT by Python before. So when SIGTERM is handled,
    Python has started, and kagsync takes both signals. If False is returned, the system does not show it.
    """
    status = Path(f"/proc/{process.pid}/status")

    def is_handled() -> bool:
        (mask,) = re.findall(r"^SigCgt:\s*(\w+)$", status.read_text(), re.MULTILINE)
        return bool(int(mask, 16) >> (number - 1) & 1)

    if not Path("/proc/self/status").exists():
        return False
    _wait(f"{number.name} is handled", lambda: process.poll() is not None or is_handled())
    return True


def wait_until_asleep(
    process: subprocess.Popen[str], where: str, *, after_opening: Path | None = None
) -> None:
    """Waits until the main thread of a process sleeps in a function of the kernel.

    Args:
        where: a regular expression for the function's name.
        after_opening: a file that the process must have open.
    """
    place = Path(f"/proc/{process.pid}")

    def is_asleep() -> bool:
        assert process.poll() is None
        return (after_opening is None or _has_open(place, after_opening)) and bool(
            re.search(where, (place / "wchan").read_text())
        )

    if Path("/proc/self/wchan").exists():
        _wait(f"the process sleeps in {where}", is_asleep)
    else:
        time.sleep(_USUALLY)
        assert process.poll() is None


def _has_open(place: Path, file: Path) -> bool:
    for link in (place / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            if link.readlink() == file:
                return True
    return False


def _wait(what: str, true: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, f"not after {_PATIENCE:g} s: {what}"
        time.sleep(0.01)
