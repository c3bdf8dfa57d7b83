"""One competition: fetch, process and cleanup, under its lock."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kagsync import clock, errors, log
from kagsync.errors import Interrupted, KagsyncError, OutOfTime, RateLimited
from kagsync.files import locks
from kagsync.log import logger
from kagsync.store.records import BUSY, ERROR, LATER, RESTING, Competition, Run
from kagsync.sync import cleanup, run_folder
from kagsync.sync.process import process
from kagsync.sync.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.sync.fetch import Fetched
    from kagsync.sync.run import Options
    from kagsync.sync.sources import Source

    OpenStore = Callable[[], contextlib.AbstractContextManager[Store]]

_PATIENCE = 150.0  # seconds: longer than a download may take


class Limits:
    """Whether Kaggle answers every request of this run with 429. Then no other competition needs to ask."""

    _ENOUGH = 3

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._limited: list[datetime] = []
        self._answered = False

    def limited(self, until: datetime) -> None:
        with self._guard:
            self._limited.append(until)

    def answered(self) -> None:
        self._answered = True

    @property
    def until(self) -> datetime | None:
        """The time until which no competition should ask Kaggle; None: they may."""
        with self._guard:
            hopeless = len(self._limited) >= self._ENOUGH and not self._answered
            return max(self._limited) if hopeless else None


@dataclass(frozen=True)
class Work:
    """What the competitions of one run share.

    Attributes:
        run: when the run started, which is its name in `sync_runs`.
        several: whether the log lines must say which competition they are about.
        until: no competition starts after this time of the monotonic clock.
    """

    settings: Settings
    options: Options
    source: Source
    run: str
    several: bool
    until: float
    limits: Limits = field(default_factory=Limits)

    @property
    def skips(self) -> bool:
        """Whether to skip a competition that rests, or that another run has synced in the meantime."""
        return self.source.repeatable and not self.options.force


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
            wait = not work.source.repeatable
            with locked(work.settings, competition.slug, wait=wait), open_store() as store:
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


def rest(open_store: OpenStore, competition: Competition, until: datetime) -> None:
    """Saves until when Kaggle asked to wait, if possible. Otherwise the next run asks again."""
    with contextlib.suppress(KagsyncError), open_store() as store, store.writing() as write:
        write.runs.rest(competition.id, until, clock.utc_now())


def _through_phases(work: Work, store: Store, competition: Competition, run: Run) -> Result:
    slug = competition.slug
    now = store.competitions.get(slug)
    if now.last_run != competition.last_run and work.skips:
        logger.info("%s was synced by another run in the meantime", slug)
        return Result(slug, BUSY)
    with fetched(work.settings, work.source, now) as board:
        work.limits.answered()
        processed = process(
            store,
            now,
            board,
            run,
            team_name=work.settings.team_name,
            force=work.options.force,
            accept_shrink=work.options.accept_shrink,
        )
    work.source.refresh_facts(store, now)
    logger.info("Synced %d entries for %s", processed.counts.synced, slug)
    return Result(slug, processed.status, processed.counts)


@contextlib.contextmanager
def locked(settings: Settings, slug: str, *, wait: bool) -> Iterator[None]:
    """Holds the lock of a competition.

    Raises:
        Busy: another run works on the competition, and `wait` is False.
        StuckLock: another process holds the lock for too long.
        KagsyncError: the wait for another run took too long.
    """
    patience = _PATIENCE if wait else 0.0
    try:
        with locks.hold(settings.locks / f"{slug.lower()}.lock", wait=patience, longest=locks.LONGEST):
            yield
    except locks.Busy as error:
        if not wait:
            raise
        message = f"{slug} is still being synced by another run after {patience:.0f} s"
        raise KagsyncError(message, "The file was not read: run the command again later") from error


@contextlib.contextmanager
def fetched(settings: Settings, source: Source, competition: Competition) -> Iterator[Fetched]:
    """The board of a competition, in a run folder that is deleted after the block, even if it failed."""
    folder: Path | None = None
    csv: Path | None = None
    try:
        with run_folder.new(settings.temp_data, competition.slug, clock.utc_now()) as folder:
            board = source.fetch(competition, folder)
            csv = board.csv
            yield board
    finally:
        if folder is not None:
            try:
                cleanup.remove_run(folder, csv)
            except KagsyncError as error:  # the entries are what counts; the next run tries again
                logger.warning("%s", error)


def record_failure(open_store: OpenStore, competition: Competition, run: Run, error: KagsyncError) -> None:
    """Records a failed sync, if it can."""
    failed = replace(run, error_code=error.code, error_message=str(error))
    try:
        with open_store() as store, store.writing() as write:
            now = clock.utc_now()
            write.runs.finish(competition.id, failed, now)
            if isinstance(error, RateLimited) and error.until is not None:
                write.runs.rest(competition.id, error.until, now)
    except KagsyncError as cause:
        logger.debug("The failure could not be recorded: %s", cause)


def as_expected(cause: Exception, settings: Settings) -> KagsyncError:
    """Turns any failure into an error with a remedy."""
    if isinstance(cause, KagsyncError):
        return cause
    if isinstance(cause, OSError):
        return errors.from_os_error(cause, f"work in {settings.temp_data}")
    return errors.unforeseen(cause)
