"""What a scheduler was found to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kagsync.schedule.plan import INTERVALS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Installed:
    """A schedule that is in place.

    Attributes:
        when: when it runs, in the scheduler's words; empty where that cannot be seen.
        minutes: the same as a number; None where people changed it to something else.
        program: what it starts; empty where that cannot be seen.
    """

    when: str
    minutes: int | None
    program: str


def installed(words: Callable[[int], str], when: str, program: str) -> Installed:
    """Recognizes the interval by what a scheduler calls it.

    Args:
        words: tells for a number of minutes how the scheduler says it.
    """
    known = {words(minutes): minutes for minutes in INTERVALS}
    return Installed(when, known.get(when), program)
