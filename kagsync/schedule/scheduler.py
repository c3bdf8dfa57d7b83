"""The interface that every scheduler implements, and the description of an installed schedule."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kagsync.errors import ConfigurationError
from kagsync.schedule.plan import INTERVALS
from kagsync.secrecy import is_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kagsync.schedule.plan import Plan


_PATIENCE = 30.0  # seconds


class NoScheduler(ConfigurationError):
    """There is no such scheduler on this system."""


class Scheduler(Protocol):
    """A program that can run kagsync at regular times. `install.py` has the list of them.

    Attributes:
        name: its option on the command line and the trigger of its runs, such as `cron`.
        title: its name in messages.
    """

    name: str
    title: str

    def available(self) -> bool:
        """Whether it can be used here."""

    def printed(self, plan: Plan) -> str:
        """What `install` would put in place."""

    def install(self, plan: Plan) -> None:
        """Puts the schedule in place, replacing the one that is there."""

    def remove(self) -> bool:
        """Removes the schedule. Returns whether there was one."""

    def find(self) -> Installed | None:
        """What it runs of kagsync's; None: nothing."""

    def notes(self, plan: Plan) -> list[str]:
        """What to tell people after `install`, as lines."""


@dataclass(frozen=True)
class Installed:
    """A schedule that is in place.

    Attributes:
        when: when it runs, in the scheduler's own notation; empty if that cannot be read.
        minutes: the interval in minutes; None if somebody changed it to something else.
        program: what it starts; empty if that cannot be read.
        exposed: the names of secret variables in it, which older versions of kagsync put there.
        private: whether its runs read a private file of variables.
    """

    when: str
    minutes: int | None
    program: str
    exposed: tuple[str, ...] = ()
    private: bool = False


def installed(
    notation: Callable[[int], str],
    when: str,
    program: str,
    assignments: Iterable[str] = (),
    command: str = "",
) -> Installed:
    """Describes a schedule that was found.

    Args:
        notation: turns minutes into the scheduler's own notation, by which the interval is recognized.
        when: when it runs, in that notation.
        program: what it starts.
        assignments: the variables that the scheduler sets, as NAME=VALUE.
        command: what it starts, with the options.
    """
    known = {notation(minutes): minutes for minutes in INTERVALS}
    pairs = [assignment.partition("=") for assignment in assignments]
    exposed = tuple(name for name, _, value in pairs if is_secret(name, value))
    return Installed(when, known.get(when), program, exposed, "--env-file" in command)


def call(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs a scheduler's own command.

    Raises:
        OSError, subprocess.TimeoutExpired: it cannot be run, or does not end.
    """
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        timeout=_PATIENCE,
        check=False,
    )


def carried_over(plan: Plan) -> list[str]:
    """A note on the variables that the schedule sets for its runs."""
    return [f"Carried over: {', '.join(plan.environment)}"] if plan.environment else []
