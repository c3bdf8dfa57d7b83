"""What comes after the competitions of a run: the report, notifications, the monitor, the record of its end.

None of these can stop another one, and each failure is logged and becomes part of the run's outcome. A report
that fails changes how the run ends, since it is what people look at; the other failures are warnings.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import clock, errors
from kagsync.errors import NoDatabase
from kagsync.log import logger
from kagsync.notify import ping as pings
from kagsync.store import Store
from kagsync.store.records import Trigger
from kagsync.sync.run import REPORT, AfterFailure, Outcome, as_expected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kagsync.notify.ping import Ping
    from kagsync.settings import Settings

    Step = Callable[[Outcome], list[AfterFailure]]

NOTIFY, PING, TRIGGER = "notify", "ping", "trigger"
_FAILED = {
    REPORT: "The report was not updated",
    NOTIFY: "Nobody was notified",
    PING: "The monitor's answer was not saved",
    TRIGGER: "The end of this run was not recorded",
}


def finish(
    settings: Settings,
    outcome: Outcome,
    *,
    report: Path | None,
    ping: Ping | None,
    trigger: str,
    started: datetime,
) -> Outcome:
    """Does all that comes after the competitions.

    Args:
        outcome: how they went. Where the run could not start, there is nothing to report or to tell.
        report: the folder whose pages are to be updated; None: no report.
        ping: the monitor that knows of this run; None: none does.
        trigger: what started the run.
        started: when it did.

    Returns:
        the outcome, with the failures of all this.
    """
    steps: list[tuple[str, Step]] = []
    if outcome.error is None and report is not None:
        steps.append((REPORT, lambda _: _update_report(settings, report)))
    if outcome.error is None:
        steps.append((NOTIFY, lambda _: _notify(settings)))
    if ping is not None:
        steps.append((PING, lambda so_far: _finish_ping(settings, ping, so_far)))
    if _has_database(outcome):
        steps.append((TRIGGER, lambda so_far: record(settings, trigger, started, so_far.exit_code)))
    for step, do in steps:
        try:
            failures = do(outcome)
        except NoDatabase:
            continue  # then there is nothing to tell, and nowhere to keep it
        except Exception as cause:  # noqa: BLE001  (whatever happens to one step, the others go on)
            error = as_expected(cause, settings)
            level = logging.ERROR if step == REPORT else logging.WARNING
            verbose = logger.level <= logging.DEBUG
            logger.log(level, "%s: %s", _FAILED[step], error, exc_info=cause if verbose else None)
            failures = [AfterFailure(step, error.code, str(error))]
        outcome = replace(outcome, after=(*outcome.after, *failures))
    return outcome


def _has_database(outcome: Outcome) -> bool:
    """Whether anything can be kept: not where the database is why the run could not start."""
    return outcome.error is None or outcome.error.exit_code != errors.DATABASE


def _update_report(settings: Settings, folder: Path) -> list[AfterFailure]:
    from kagsync.report import write

    with Store.open(settings.db, settings.locks) as store:
        written = write.report(store, folder, clock.utc_now(), always=False)
    logger.info("%s", written.text)
    return []


def _notify(settings: Settings) -> list[AfterFailure]:
    with Store.open(settings.db, settings.locks) as store:
        if not store.targets.all():
            return []
        from kagsync.notify import tell  # 20 ms, so only if there is a target

        told = tell.tell(settings, store, clock.utc_now())
    return [AfterFailure(NOTIFY, failure.error.code, str(failure)) for failure in told.failures]


def _finish_ping(settings: Settings, ping: Ping, outcome: Outcome) -> list[AfterFailure]:
    answer = ping.finish(outcome.exit_code, str(outcome.error or ""))
    if answer is None:
        return []
    warn = answer.permanent
    try:
        if _has_database(outcome):
            with Store.open(settings.db, settings.locks) as store:
                warn = pings.remember(store, answer, clock.utc_now())
    finally:
        if answer.error is not None:
            logger.log(logging.WARNING if warn else logging.INFO, "%s", answer.error)
    return [] if answer.error is None else [AfterFailure(PING, answer.error.code, str(answer.error))]


def record(settings: Settings, trigger: str, started: datetime, exit_code: int) -> list[AfterFailure]:
    """Records what started a run and how it ended, for `kagsync schedule status`."""
    program = str(Path(sys.argv[0]).absolute())
    with Store.open(settings.db, settings.locks) as store:
        store.runs.save_trigger(Trigger(trigger, program, started, clock.utc_now(), exit_code))
    return []
