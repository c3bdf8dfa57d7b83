"""`python -m kagsync`, and the `kagsync` command."""

from __future__ import annotations

import signal
import sys
from typing import Never


def _terminate(*_: object) -> Never:
    raise KeyboardInterrupt("SIGTERM")  # ends like Ctrl-C: transactions roll back, run folders go


def run() -> None:
    """Runs the command line and exits with its code."""
    signal.signal(signal.SIGTERM, _terminate)
    from kagsync.cli import main

    sys.exit(main())


if __name__ == "__main__":
    run()
