"""The steps after the competitions of a run: the report, notifications, the ping, the record, thinning.

A new step is a function here and a line in `After.finish`.

No step stops another one. A failure is logged and becomes part of the outcome. If the report fails, the exit
code changes, since the report is what people look at; the other failures are warnings.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock, errors
from kagsync.errors import KagsyncError, NoDatabase
from kagsync.log import logger
from kagsync.notify import ping
from kagsync.store import Store
from kagsync.store.records import Trigger
from kagsync.sync.result import REPORT, AfterFailure, Outcome
from kagsync.sync.work import as_expected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kagsync.notify.ping import Ping
    from kagsync.settings import Settings
    from kagsync.sync.result import Result

NOTIFY, PING, TRIGGER, THIN = "notify", "ping", "trigger", "thin"
NOTICE = timedelta(days=7)  # from the notice to the first thinning
_FAILED = {
    REPORT: "The report was not updated",
    NOTIFY: "Nobody was notified",
    PING: "The monitor's answer was not saved",
    TRIGGER: "The end of this run was not recorded",
    THIN: "The history was not thinned",
}


class After(NamedTuple):
    """The steps after the competitions of one run.

    Attributes:
        report: the folder whose pages are updated; None: no report.
        names: how they name people; None: as they do already.
        trigger: what started the run.
        started: when it started.
        ping: tells the monitor, if there is one.
        renames: find out who may have a new username.
    """

    settings: Settings
    report: Path | None
    names: str | None
    trigger: str
    started: datetime
    ping: Ping
    renames: bool = False

    def finish(self, outcome: Outcome) -> Outcome:
        """Takes all steps. If the run could not start, it is only recorded, and the monitor is told.

        The database is opened again for them, since it may have been moved during the run.

        Args:
            outcome: how the competitions went.

        Returns:
            the outcome, with what the steps add: failures, and who may have a new username.
        """
        with contextlib.ExitStack() as stack:
            store: Store | KagsyncError | None = None
            # Nothing can be saved in a database that is the reason why the run could not start.
            if outcome.error is None or outcome.error.exit_code != errors.DATABASE:
                try:
                    store = stack.enter_context(Store.open(self.settings.db, self.settings.locks))
                except NoDatabase:
                    pass
                except KagsyncError as error:
                    store = error
            if store is not None and outcome.error is None:
                if (folder := self.report) is not None:
                    outcome = self._attempt(
                        REPORT, outcome, lambda: _update_report(_open(store), folder, self.names)
                    )
                outcome = self._attempt(NOTIFY, outcome, lambda: _notify(self.settings, _open(store)))
            outcome = self._attempt(PING, outcome, lambda: self._finish_ping(store, outcome))
            if store is not None:
                outcome = self._attempt(
                    TRIGGER, outcome, lambda: self._record(_open(store), outcome.exit_code)
                )
            if self.renames and isinstance(store, Store):
                with contextlib.suppress(KagsyncError):  # nobody is asked if the database fails now
                    outcome = replace(outcome, results=_with_renames(store, outcome.results))
            if store is not None and outcome.error is None:  # last, since nobody waits for it
                outcome = self._attempt(THIN, outcome, lambda: _thin(self.settings, _open(store)))
        return outcome

    def correct(self, outcome: Outcome, error: KagsyncError) -> None:
        """Records that the process ends with an error although the run went well, and tells the monitor."""

        def record() -> list[AfterFailure]:
            with contextlib.suppress(NoDatabase), Store.open(self.settings.db, self.settings.locks) as store:
                self._record(store, error.exit_code)
            return []

        self._attempt(TRIGGER, outcome, record)
        self.ping.finish(error.exit_code, str(error))

    def _attempt(self, step: str, outcome: Outcome, do: Callable[[], list[AfterFailure]]) -> Outcome:
        """The outcome with the failures of one step."""
        try:
            failures = do()
        except Exception as cause:  # noqa: BLE001  (whatever happens to one step, the others go on)
            error = as_expected(cause, self.settings)
            level = logging.ERROR if step == REPORT else logging.WARNING
            verbose = logger.level <= logging.DEBUG
            logger.log(level, "%s: %s", _FAILED[step], error, exc_info=cause if verbose else None)
            failures = [AfterFailure(step, error.code, str(error))]
        return replace(outcome, after=(*outcome.after, *failures))

    def _finish_ping(self, store: Store | KagsyncError | None, outcome: Outcome) -> list[AfterFailure]:
        answer = self.ping.finish(outcome.exit_code, str(outcome.error or ""))
        if answer is None:
            return []
        warn = answer.permanent
        try:
            if store is not None:
                warn = ping.remember(_open(store), answer, clock.utc_now())
        finally:
            if answer.error is not None:
                logger.log(logging.WARNING if warn else logging.INFO, "%s", answer.error)
        return [] if answer.error is None else [AfterFailure(PING, answer.error.code, str(answer.error))]

    def _record(self, store: Store, exit_code: int) -> list[AfterFailure]:
        program = str(Path(sys.argv[0]).absolute())
        store.runs.save_trigger(Trigger(self.trigger, program, self.started, clock.utc_now(), exit_code))
        return []


def _open(store: Store | KagsyncError | None) -> Store:
    """The store; raises the error if it could not be opened."""
    if isinstance(store, KagsyncError):
        raise store
    assert store is not None
    return store


def _update_report(store: Store, folder: Path, names: str | None) -> list[AfterFailure]:
    from kagsync.report import write

    written = write.report(store, folder, clock.utc_now(), write.Content(names=names), always=False)
    logger.info("%s", written.text)
    return []


def _with_renames(store: Store, results: list[Result]) -> list[Result]:
    """The results, each with those who may have a new username there."""
    renames = store.boards.possible_renames()
    return [
        result._replace(renames=tuple(each for each in renames if each.slug == result.slug))
        for result in results
    ]


def _notify(settings: Settings, store: Store) -> list[AfterFailure]:
    if not store.targets.all():
        return []
    from kagsync.notify import tell  # 20 ms, so only if there is a target

    notified = tell.tell(settings, store, clock.utc_now())
    return [AfterFailure(NOTIFY, failure.error.code, str(failure)) for failure in notified.failures]


def _thin(settings: Settings, store: Store) -> list[AfterFailure]:
    """Thins some old days of the history.

    People get a notice a week before, in a database of an earlier version, and whenever a run keeps drift for
    fewer days than the run before. So a single run without the setting deletes nothing.
    """
    if settings.keep_drift is None:
        store.runs.forget_thinning_notice()
        return []
    newest = store.competitions.newest_board()
    if newest is None:
        return []
    # Kaggle's time counts as well as the clock's, so that a clock that is wrong deletes nothing.
    earlier, later = sorted((clock.utc_now(), newest))
    days = settings.keep_drift.days
    told, given = store.runs.thinning_notice() or (None, later)
    if told is None or days < told or given > clock.horizon(later):
        store.runs.save_thinning_notice(days, later)
        logger.warning(
            "Starting on %s, kagsync thins history older than %d d: of the rank changes that others caused, "
            "it keeps little more than each person's last one per day. To keep all, set "
            "KAGSYNC_KEEP_DRIFT=forever. To shrink the file afterwards, run: kagsync compact",
            clock.iso(later + NOTICE)[:10],
            days,
        )
        return []
    if days > told:
        store.runs.save_thinning_notice(days, given)
    if given + NOTICE <= earlier:
        from kagsync.store import thinning

        thinning.thin(store, earlier - settings.keep_drift)
    return []
