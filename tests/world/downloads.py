"""Programs that download something: where the network fails, a test is skipped, and does not fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

_ERRORS = "NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProtocolError"
# What the errors of apt and pip say, with a single space for any white space.
_NETWORK = [
    # apt
    r"E: Failed to fetch \S+ (?:Could not connect|Unable to connect|Could not resolve|Temporary failure"
    r"|Connection (?:failed|timed out)|Error reading from server|50[234] )",
    # pip, at the index: this project was not found because its page could not be loaded
    rf"connection broken by '(?:{_ERRORS})(?:(?!Retrying).)*': \S*/(?P<name>[\w.-]+)/ "
    r"(?:(?!Retrying).)*requirement (?P=name)(?![\w.-])",
    # pip, at a file
    r"HTTP error 50[234] while getting ",
    rf"pip\._vendor\.urllib3\.exceptions\.(?:{_ERRORS}): ",
    r"note: This is an issue with network connectivity, not pip",
]


def downloading(run: Callable[[], subprocess.CompletedProcess[str]]) -> subprocess.CompletedProcess[str]:
    """Runs a program that downloads, and once more if it fails.

    If it fails again, and says that the network is the reason, the test is skipped. All other failures are
    returned.
    """
    ran = run()
    if ran.returncode != 0:
        ran = run()
    if ran.returncode != 0 and (reason := network_failure(f"{ran.stdout}\n{ran.stderr}")):
        pytest.skip(f"the network failed: {reason}")
    return ran


def network_failure(output: str) -> str | None:
    """The part of a failed program's output that says that the network failed."""
    text = " ".join(re.sub(r"-\n +", "-", output).split())  # `build` wraps lines, also after a hyphen
    found = (re.search(pattern, text, re.IGNORECASE) for pattern in _NETWORK)
    return next((match[0] for match in found if match), None)
