"""The result of one `doctor` check, and what earlier checks pass on to later ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kagsync import clock, errors, inputs
from kagsync.errors import KagsyncError
from kagsync.log import logger
from kagsync.standings import lifecycle
from kagsync.store.runs import last_scheduled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kagsync.queries import status
    from kagsync.settings import Settings
    from kagsync.store.records import Competition, LastPing, Trigger


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        ok: whether it works; None: it was not checked, or need not be.
        remedy: how to fix it, with a command where there is one; empty if there is no problem.
    """

    about: str
    ok: bool | None
    said: str
    remedy: str = ""


@dataclass
class Found:
    """What earlier checks found out, for later ones."""

    settings: Settings | None = None
    competitions: list[Competition] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    last_ping: LastPing | None = None
    fresh: status.Status | None = None

    @property
    def fetched_elsewhere(self) -> bool:
        """Whether workers on other machines ask Kaggle, so that this one needs no key."""
        last = last_scheduled(self.triggers, clock.utc_now())
        return last is not None and last.name == inputs.BY_WORKERS

    @property
    def linked(self) -> list[Competition]:
        """The competitions that runs ask Kaggle for."""
        now = clock.utc_now()
        return [
            each
            for each in self.competitions
            if each.active and each.is_linked and each.phase(now).name != lifecycle.FINISHED
        ]


def survived(about: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Runs a check. If the check itself fails, that is reported like any other problem."""
    try:
        yield from look()
    except KagsyncError as error:
        yield Check(about, False, error.message, error.remedy or "See the message; -v shows more")
    except Exception as error:  # noqa: BLE001  (doctor is there to report whatever is broken)
        logger.debug("The check of %s failed", about, exc_info=error)
        expected = errors.unforeseen(error)
        yield Check(about, False, expected.message, expected.remedy)
