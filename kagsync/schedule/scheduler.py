"""What a scheduler was found to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kagsync.errors import ConfigurationError
from kagsync.schedule.plan import INTERVALS
from kagsync.secrecy import is_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class NoScheduler(ConfigurationError):
    """There is no such scheduler on this system."""


@dataclass(frozen=True)
class Installed:
    """A schedule that is in place.

    Attributes:
        when: when it runs, in the scheduler's words; empty where that cannot be seen.
        minutes: the same as a number; None where people changed it to something else.
        program: what it starts; empty where that cannot be seen.
        exposed: the names of variables in it that are secret, as an older kagsync wrote them.
        private: whether its runs read a private file of variables.
    """

    when: str
    minutes: int | None
    program: str
    exposed: tuple[str, ...] = ()
    private: bool = False


def installed(
    words: Callable[[int], str],
    when: str,
    program: str,
    assignments: Iterable[str] = (),
    command: str = "",
) -> Installed:
    """Recognizes the interval by what a scheduler calls it.

    Args:
        words: tells for a number of minutes how the scheduler says it.
        assignments: the variables that the scheduler sets, as NAME=VALUE.
        command: what it starts, with the options.
    """
    known = {words(minutes): minutes for minutes in INTERVALS}
    pairs = [assignment.partition("=") for assignment in assignments]
    exposed = tuple(name for name, _, value in pairs if is_secret(name, value))
    return Installed(when, known.get(when), program, exposed, "--env-file" in command)
