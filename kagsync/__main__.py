"""`python -m kagsync`, and the `kagsync` command."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Never

INTERRUPTED = 130  # errors.INTERRUPTED, before anything of the package is imported


def _terminate(*_: object) -> Never:
    raise KeyboardInterrupt("SIGTERM")  # ends like Ctrl-C: transactions roll back, run folders go


def run() -> None:
    """Runs the command line and exits with its code."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        from kagsync.cli import main

        code = main()
    except KeyboardInterrupt:  # so early, or so late, that there is nothing to tell
        code = INTERRUPTED
    # The work is over: whoever wants to stop it now has what they want.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if code == INTERRUPTED:
        # Not sys.exit: CPython kills itself with SIGINT at its end, whatever the exit code, when the
        # interrupt struck inside exec() of a text, as dataclasses do while imported (pythonrun.c).
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none
                stream.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
