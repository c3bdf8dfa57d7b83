"""One competition: fetch, process and cleanup, under its lock."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kagsync import clock, log
from kagsync.errors import Interrupted, KagsyncError, OutOfTime, RateLimited
from kagsync.files import locks
from kagsync.log import logger
from kagsync.store.records import BUSY, ERROR, LATER, RESTING, Competition, Run
from kagsync.sync.result import Result
from kagsync.sync.work import as_expected, in_run_folder, record_failure, rest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.sync.result import Private
    from kagsync.sync.work import OpenStore, Work

_PATIENCE = 150.0  # seconds: longer than a download may take


class StillBusy(KagsyncError):
    """Another run has worked on the competition for as long as this one could wait."""


def sync(work: Work, competition: Competition, open_store: OpenStore) -> Result:
    """Brings one competition up to date. An error becomes part of the result, and is logged and recorded.

    Args:
        competition: as it was when the run started.
        open_store: gives a store for this thread.

    Raises:
        Interrupted: the process was told to stop.
    """
    if time.monotonic() >= work.until:
        return Result(competition.slug, LATER)
    with log.about(competition.slug) if work.several else contextlib.nullcontext():
        if resting := _resting(work, competition, open_store):
            return resting
        run = Run(work.run, competition.slug, work.source.name, ERROR, clock.utc_now())
        try:
            with locked(work.settings, competition.slug, work.source.if_busy), open_store() as store:
                return _through_phases(work, store, competition, run)
        except locks.Busy:
            logger.info("%s is already being synced by another run", competition.slug)
            return Result(competition.slug, BUSY)
        except OutOfTime:
            return Result(competition.slug, LATER)
        except Interrupted:
            raise
        except Exception as cause:  # noqa: BLE001  (whatever happens to one competition, the others go on)
            error = as_expected(cause, work.settings)
            log.failure(error, f"{competition.slug}: ")
            record_failure(open_store, competition, run, error)
            if isinstance(error, RateLimited) and error.until is not None:
                work.limits.limited(error.until)
            else:
                work.limits.answered()
            return Result(competition.slug, ERROR, error=error)


def _resting(work: Work, competition: Competition, open_store: OpenStore) -> Result | None:
    """The result of a competition for which Kaggle asked to wait; None: Kaggle may be asked."""
    if not work.skips:
        return None
    until = competition.rests_until(clock.utc_now())
    if until is None:
        until = work.limits.until
        if until is None:
            return None
        rest(open_store, competition, until)
    message = f"{competition.slug} rests until {clock.iso(until)}: Kaggle asked to wait (429)"
    if work.options.everything:
        logger.info("%s", message)
        return Result(competition.slug, RESTING)
    error = RateLimited(message, "To ask Kaggle anyway: --force", until=until)
    log.failure(error)
    return Result(competition.slug, ERROR, error=error)


def _through_phases(work: Work, store: Store, competition: Competition, run: Run) -> Result:
    slug = competition.slug
    now = store.competitions.get(slug)
    if now.last_run != competition.last_run and work.skips:
        logger.info("%s was synced by another run in the meantime", slug)
        return Result(slug, BUSY)
    with in_run_folder(work.settings, now, lambda folder: work.source.fetch(now, folder)) as board:
        work.limits.answered()
        processed = work.process(store, now, board, run)
    work.source.refresh_facts(store, now)
    logger.info("Synced %d entries for %s", processed.counts.synced, slug)
    return Result(
        slug,
        processed.status,
        processed.counts,
        private=_private(work, store, slug, run),
        moves=processed.moves,
    )


def _private(work: Work, store: Store, slug: str, run: Run) -> Private | None:
    """Brings the private board of a competition that has ended up to date; None: Kaggle was not asked."""
    if not work.source.knows_results:
        return None
    competition = store.competitions.get(slug)  # Kaggle may have said another deadline
    if not competition.times(run.started_at).has_ended(run.started_at):
        return None
    from kagsync.sync import private  # most competitions are running

    return private.update(work, store, competition, run)


@contextlib.contextmanager
def locked(settings: Settings, slug: str, if_busy: str | None) -> Iterator[None]:
    """Holds the lock of a competition.

    Args:
        if_busy: the remedy if the wait for another run took too long; None: do not wait.

    Raises:
        Busy: another run works on the competition, and there is to be no wait.
        StuckLock: another process holds the lock for too long.
        StillBusy: the wait for another run took too long.
    """
    patience = 0.0 if if_busy is None else _PATIENCE
    try:
        with locks.hold(settings.locks / f"{slug.lower()}.lock", wait=patience, longest=locks.LONGEST):
            yield
    except locks.Busy as error:
        if if_busy is None:
            raise
        message = f"{slug} is still being synced by another run after {patience:.0f} s"
        raise StillBusy(message, if_busy) from error
