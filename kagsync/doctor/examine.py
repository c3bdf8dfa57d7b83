"""Checks everything that a run needs, and says how to fix each problem.

It changes nothing: it examines a copy of the database in memory. When a check itself fails, that is reported
in a line of its own, and the other checks go on.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from kagsync import settings
from kagsync.doctor import checks, database, installed, kaggle, machine, schedule, workers
from kagsync.doctor.checks import Check, Found
from kagsync.errors import KagsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path


def doctor(db: Path | None, now: datetime, *, integrity: bool = False) -> Iterator[Check]:
    """Checks everything, one thing after the other. No check tells a secret.

    Args:
        db: the database, if named on the command line.
        integrity: check the database for damage even if it is large.
    """
    found = Found()
    yield from checks.survived("kagsync", installed.program)
    yield from checks.survived("Python", installed.python)
    yield from checks.survived("Packages", installed.packages)
    yield from checks.survived("kaggle command", installed.kaggle_command)
    yield from checks.survived("Settings", lambda: _settings(db, found))
    if loaded := found.settings:
        yield from checks.survived("Folders", lambda: machine.folders(loaded))
        yield from checks.survived("Locks", lambda: machine.locks(loaded))
        yield from checks.survived(
            "Database", lambda: database.database(loaded, now, found, integrity=integrity)
        )
    yield from checks.survived("Redis", lambda: workers.redis(found))
    yield from checks.survived("Kaggle's key", lambda: kaggle.key(found))
    yield from checks.survived("Certificates", kaggle.certificates)
    yield from checks.survived("Kaggle", lambda: kaggle.answers(found))
    yield from checks.survived("Schedule", lambda: schedule.unattended(found, now))


def _settings(db: Path | None, found: Found) -> Iterator[Check]:
    """Loads the settings, and reports only what is wrong with them. Other checks look at what they name."""
    try:
        found.settings = settings.load(db=db)
    except KagsyncError as error:
        yield Check("Settings", False, error.message, error.remedy)
        with contextlib.suppress(KagsyncError):  # the rest, so that the other checks go on
            found.settings = settings.load(db=db, jobs=settings.DEFAULT_JOBS, team_name=True)


def as_json(found: list[Check]) -> dict[str, Any]:
    """What was found, for programs."""
    return {
        "ok": all(check.ok is not False for check in found),
        "checks": [
            {"about": check.about, "ok": check.ok, "said": check.said, "remedy": check.remedy or None}
            for check in found
        ],
    }
