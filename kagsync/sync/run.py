"""One competition through fetch, process and cleanup under its lock; many side by side."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from kagsync import clock, errors, log
from kagsync.errors import Interrupted, KagsyncError, OutOfTime, RateLimited, UsageError
from kagsync.files import locks
from kagsync.kaggle import credentials
from kagsync.log import logger
from kagsync.store import Store
from kagsync.store.errors import explain
from kagsync.store.records import (
    BUSY,
    ERROR,
    FILE,
    KAGGLE,
    LATER,
    OK,
    OLDER,
    RESTING,
    UNCHANGED,
    Competition,
    Counts,
    Run,
)
from kagsync.sync import cleanup, fetch, run_folder
from kagsync.sync.process import Processed, process
from kagsync.tracking.competitions import facts_to_ask, refresh_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kagsync.kaggle.client import Clients
    from kagsync.kaggle.credentials import Credentials
    from kagsync.settings import Settings
    from kagsync.sync.fetch import Fetched

    # Brings the board of a competition into a folder.
    Get = Callable[[Competition, Path], Fetched]
    # Given a number of competitions, shows how many are done while it is open.
    Progress = Callable[[int], contextlib.AbstractContextManager[Callable[[str], None]]]

PARTIAL = "partial"
REPORT = "report"  # the step after the competitions that can change how a run ends
MAX_TIME = 270  # seconds: nine tenths of the 5 minutes until cron starts the next run
_GRACE = 15.0  # seconds more for what was started before: then this run is over before the next one begins
_PATIENCE = 150.0  # seconds: longer than a download may take
_FACTS_A_RUN = 8  # competitions: asked every 5 minutes, 2,000 are through in a day, and no run pays for many


@dataclass(frozen=True)
class Result:
    """How one competition's sync ended.

    `status`: ok, unchanged, older (an old snapshot, history only), busy (another run does it), resting
    (Kaggle asked to wait), later (no time was left in this run) or error.
    """

    slug: str
    status: str
    counts: Counts | None = None
    error: KagsyncError | None = None


@dataclass(frozen=True)
class AfterFailure:
    """What went wrong after the competitions: in which step, an error's code word, and in words."""

    step: str
    code: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        results: how each competition's sync ended.
        alone: whether it was a run on one competition that was asked for by name.
        error: why the run could not start; None: it did.
        after: what went wrong after the competitions.
    """

    results: list[Result]
    alone: bool
    error: KagsyncError | None = None
    after: tuple[AfterFailure, ...] = ()

    @property
    def failed(self) -> list[Result]:
        return [result for result in self.results if result.error is not None]

    @property
    def report_failed(self) -> bool:
        return any(failure.step == REPORT for failure in self.after)

    @property
    def status(self) -> str:
        """`ok`, `partial` (some competitions failed, or the report) or `error` (all of them)."""
        if self.error is not None:
            return ERROR
        if not self.failed:
            return PARTIAL if self.report_failed else OK
        return ERROR if len(self.failed) == len(self.results) else PARTIAL

    @property
    def exit_code(self) -> int:
        """The database's failures are told as such; a single competition's as what they are."""
        if self.error is not None:
            return self.error.exit_code
        found = [result.error.exit_code for result in self.failed if result.error is not None]
        if not found:
            return errors.SOME_FAILED if self.report_failed else errors.OK
        if errors.DATABASE in found:
            return errors.DATABASE
        return found[0] if self.alone else errors.SOME_FAILED

    @property
    def synced_entries(self) -> int:
        return sum(result.counts.synced for result in self.results if result.counts is not None)

    @property
    def synced_competitions(self) -> int:
        return sum(1 for result in self.results if result.counts is not None)


def sync(
    settings: Settings,
    slugs: list[str],
    *,
    everything: bool = False,
    source: Path | None = None,
    force: bool = False,
    accept_shrink: bool = False,
    accept_name: bool = False,
    max_time: float | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Syncs the named competitions, or all that are active and linked to Kaggle.

    Whatever happens to one competition, the others go on.

    Args:
        settings: where and how.
        slugs: the competitions, unless `everything`.
        everything: all active linked ones, the one synced longest ago first.
        source: a ZIP or CSV from disk in place of Kaggle (one competition only).
        force: process boards also when nothing changed, and ask Kaggle also while it wants to be left alone.
        accept_shrink: take boards also when they have lost most of their rows.
        accept_name: take a file also when it is named for another competition.
        max_time: seconds after which no more competitions are started, and soon those are given up that
            Kaggle has not answered for; all of them are first in the next run.
        progress: given the number of competitions, shows how many are done while it is open.

    Raises:
        UnknownCompetition, UsageError: a name is wrong; nothing was tried.
        ConfigurationError: no credentials, or a setting is wrong; nothing was tried.
        DatabaseError: the database cannot be opened.
    """
    get = None if source is None else _from_disk(source, accept_name=accept_name)
    return _sync(settings, slugs, everything, get, force, accept_shrink, max_time, progress)


def _sync(
    settings: Settings,
    slugs: list[str],
    everything: bool,
    from_disk: Get | None,
    force: bool,
    accept_shrink: bool,
    max_time: float | None,
    progress: Progress | None,
) -> Outcome:
    until = time.monotonic() + (math.inf if max_time is None else max_time)
    with Store.open(settings.db, settings.locks) as store:
        if everything:
            competitions = store.competitions.due(clock.utc_now())
        else:
            competitions = [store.competitions.get(slug) for slug in dict.fromkeys(slugs)]
    for competition in competitions:
        if from_disk is None:
            require_link(competition)
    if not competitions:
        return Outcome([], alone=False)
    run_folder.check(settings.temp_data)
    locks.check(settings.locks / ".check.lock")
    run_folder.check_locks(settings.temp_data)
    clear_leftovers(settings)
    api: Clients | None = None
    if from_disk is not None:
        get = from_disk
    else:
        api = _connect(settings, until)
        get = _from_kaggle(api)
    run = clock.utc_now()
    work = _Work(
        settings,
        get,
        api,
        run=clock.iso(run),
        source=KAGGLE if from_disk is None else FILE,
        several=len(competitions) > 1,
        insist=not everything,
        force=force,
        accept_shrink=accept_shrink,
        limits=_Limits(),
        facts=facts_to_ask(competitions, _FACTS_A_RUN),
        until=until,
    )
    alone = not everything and len(competitions) == 1
    with progress(len(competitions)) if progress else contextlib.nullcontext(_ignore) as done:
        outcome = Outcome(_run_all(work, competitions, done), alone=alone)
    if left := sum(result.status == LATER for result in outcome.results):
        logger.info("%d of %d competitions are left for the next run: time is up", left, len(competitions))
    return outcome


def clear_leftovers(settings: Settings) -> None:
    """Sweeps what crashed runs left; a failure of that is no reason not to sync."""
    try:
        failed = cleanup.sweep(settings.temp_data).failed
    except KagsyncError as error:
        failed = [error]
    for each in failed:
        logger.warning("%s", each)


def _ignore(_: str) -> None:
    return


@dataclass(frozen=True)
class _Work:
    """What the workers of one run share."""

    settings: Settings
    get: Get
    api: Clients | None
    run: str
    source: str
    several: bool
    insist: bool  # asked for by name: a competition that rests is then told as an error
    force: bool
    accept_shrink: bool
    limits: _Limits
    facts: set[int]  # the ids of the competitions that Kaggle is asked about
    until: float  # of the monotonic clock: no competition is started after that


class _Limits:
    """Whether Kaggle answers nothing but 429 in this run: then the rest of the round need not be asked."""

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
        with self._guard:
            hopeless = len(self._limited) >= self._ENOUGH and not self._answered
            return max(self._limited) if hopeless else None


def _connect(settings: Settings, until: float = math.inf) -> Clients:
    from kagsync.kaggle import client

    # Whatever the given time is, who is first has all that a download may take, or a slow answer would be cut
    # short in every run.
    api = client.connect(max(until, time.monotonic() + client.DOWNLOAD_DEADLINE) + _GRACE)
    _warn_of_login(api.credentials, settings)
    return api


def _from_kaggle(api: Clients) -> Get:
    def get(competition: Competition, folder: Path) -> Fetched:
        kaggle_id = competition.kaggle_competition_id or competition.slug
        return fetch.from_kaggle(api(), competition.slug, kaggle_id, folder, last=competition.last_board)

    return get


def _warn_of_login(found: Credentials, settings: Settings) -> None:
    """Warns of what is wrong with the credentials, though they can be used; of each thing once."""
    warnings = credentials.warnings(found)
    if not warnings:
        return
    with Store.open(settings.db, settings.locks) as store:
        new = [text for key, text in warnings.items() if store.runs.first_time(key, clock.utc_now())]
    for text in new:
        logger.warning("%s", text)


def _from_disk(path: Path, *, accept_name: bool) -> Get:
    return lambda competition, folder: fetch.from_file(path, folder, competition, accept_name=accept_name)


def _run_all(work: _Work, competitions: list[Competition], done: Callable[[str], None]) -> list[Result]:
    jobs = min(work.settings.jobs, len(competitions))
    if jobs == 1:
        results = []
        for competition in competitions:
            results.append(_sync_one(work, competition))
            done(competition.slug)
        return results
    with ThreadPoolExecutor(jobs, thread_name_prefix="sync") as pool:
        futures = {pool.submit(_sync_one, work, each): each for each in competitions}
        try:
            waiting = set(futures)
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done(futures[future].slug)
        except BaseException:
            from kagsync.kaggle import client

            client.stop()  # downloads end now, or leaving the pool would wait for them
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _sync_one(work: _Work, competition: Competition) -> Result:
    if time.monotonic() >= work.until:
        return Result(competition.slug, LATER)
    with log.about(competition.slug) if work.several else contextlib.nullcontext():
        if work.source == KAGGLE and not work.force and (resting := _resting(work, competition)):
            return resting
        run = Run(work.run, competition.slug, work.source, ERROR, clock.utc_now())
        try:
            with _locked(work.settings, competition.slug, work.source):
                return _through_phases(work, competition, run)
        except locks.Busy:
            logger.info("%s is already being synced by another run", competition.slug)
            return Result(competition.slug, BUSY)
        except OutOfTime:
            return Result(competition.slug, LATER)
        except Interrupted:
            raise
        except Exception as cause:  # noqa: BLE001  (whatever happens to one, the others go on)
            error = as_expected(cause, work.settings)
            log.failure(error, f"{competition.slug}: ")
            _record_failure(work.settings, competition, run, error)
            if isinstance(error, RateLimited) and error.until is not None:
                work.limits.limited(error.until)
            else:
                work.limits.answered()
            return Result(competition.slug, ERROR, error=error)


def _resting(work: _Work, competition: Competition) -> Result | None:
    """The result of a competition that Kaggle wants to be left alone; None when it may be asked."""
    until = competition.rests_until(clock.utc_now())
    if until is None:
        until = work.limits.until
        if until is None:
            return None
        _rest(work.settings, competition, until)
    message = f"{competition.slug} rests until {clock.iso(until)}: Kaggle asked to wait (429)"
    if not work.insist:
        logger.info("%s", message)
        return Result(competition.slug, RESTING)
    error = RateLimited(message, "To ask all the same: --force", until=until)
    log.failure(error)
    return Result(competition.slug, ERROR, error=error)


def _rest(settings: Settings, competition: Competition, until: datetime | None) -> None:
    with (
        contextlib.suppress(KagsyncError, sqlite3.Error),  # then the next run asks once more
        Store.open(settings.db, settings.locks) as store,
        store.writing() as write,
    ):
        if until is not None:
            write.runs.rest(competition.id, until, clock.utc_now())


def competition_lock(settings: Settings, slug: str) -> Path:
    """The lock file that whoever works on a competition holds."""
    return settings.locks / f"{slug.lower()}.lock"


@contextlib.contextmanager
def _locked(settings: Settings, slug: str, source: str) -> Iterator[None]:
    """Holds the lock of a competition.

    A file from disk waits for its turn, and fails when that does not come: unlike Kaggle's board, nobody
    brings it again.

    Raises:
        Busy: another run works on the competition, so Kaggle's board is not needed.
        StuckLock: another process holds the lock for too long.
        KagsyncError: the file cannot wait any longer.
    """
    wait = 0.0 if source == KAGGLE else _PATIENCE
    try:
        with locks.hold(competition_lock(settings, slug), wait=wait, longest=locks.LONGEST):
            yield
    except locks.Busy as error:
        if source == KAGGLE:
            raise
        message = f"{slug} is still being synced by another run after {wait:.0f} s"
        raise KagsyncError(message, "The file was not read: run the command again later") from error


def as_expected(cause: Exception, settings: Settings) -> KagsyncError:
    """Any failure as an error with a remedy."""
    if isinstance(cause, KagsyncError):
        return cause
    if isinstance(cause, sqlite3.Error):
        return explain(cause, settings.db)
    if isinstance(cause, OSError):
        return errors.from_os_error(cause, f"work in {settings.temp_data}")
    return errors.unforeseen(cause)


def _through_phases(work: _Work, competition: Competition, run: Run) -> Result:
    with Store.open(work.settings.db, work.settings.locks) as store:
        now = store.competitions.get(competition.slug)
        if now.last_run != competition.last_run and work.source == KAGGLE and not work.force:
            logger.info("%s was synced by another run meanwhile", competition.slug)
            return Result(competition.slug, BUSY)
        with _own_folder(work.settings, competition.slug) as files:
            files.fetched = work.get(now, files.folder)
            work.limits.answered()
            processed = process(
                store,
                now,
                files.fetched,
                run,
                team_name=work.settings.team_name,
                force=work.force,
                accept_shrink=work.accept_shrink,
            )
        if work.api is not None and now.id in work.facts:
            try:
                refresh_facts(store, now, work.api())
            except sqlite3.Error as error:  # the entries are what counts
                logger.debug("What Kaggle says of %s could not be kept: %s", competition.slug, error)
    return _report(competition.slug, processed)


def _report(slug: str, processed: Processed) -> Result:
    logger.info("Synced %d entries for %s", processed.counts.synced, slug)
    return Result(slug, processed.status, processed.counts)


@dataclass
class _Files:
    folder: Path
    fetched: Fetched | None = None


@contextlib.contextmanager
def _own_folder(settings: Settings, slug: str) -> Iterator[_Files]:
    """A run folder that is gone after the block, also when it failed."""
    files: _Files | None = None
    try:
        with run_folder.new(settings.temp_data, slug, clock.utc_now()) as folder:
            files = _Files(folder)
            yield files
    finally:
        if files is not None:
            try:
                cleanup.remove_run(files.folder, files.fetched.csv if files.fetched else None)
            except KagsyncError as error:  # the entries are what counts; the next run sweeps
                logger.warning("%s", error)


def _record_failure(settings: Settings, competition: Competition, run: Run, error: KagsyncError) -> None:
    failed = replace(run, error_code=error.code, error_message=str(error))
    try:
        with Store.open(settings.db, settings.locks) as store, store.writing() as write:
            now = clock.utc_now()
            write.runs.finish(competition.id, failed, now)
            if isinstance(error, RateLimited) and error.until is not None:
                write.runs.rest(competition.id, error.until, now)
    except (KagsyncError, sqlite3.Error) as cause:
        logger.debug("The failure could not be recorded: %s", cause)


def process_file(
    settings: Settings,
    slug: str,
    source: Path,
    *,
    force: bool = False,
    accept_shrink: bool = False,
    accept_name: bool = False,
) -> Processed:
    """Phase 2 by hand: a CSV that stays where it is, or a ZIP as Kaggle sends it.

    Waits for another run that works on the competition.

    Raises:
        KagsyncError: the competition or the file is unknown, or the board is bad.
        sqlite3.Error: the database failed.
    """
    started = clock.utc_now()
    with Store.open(settings.db, settings.locks) as store, contextlib.ExitStack() as stack:
        competition = store.competitions.get(slug)
        stack.enter_context(_locked(settings, competition.slug, FILE))
        competition = store.competitions.get(slug)
        run = Run(clock.iso(started), competition.slug, FILE, ERROR, started)
        try:
            if fetch.is_zip(source):
                files = stack.enter_context(_own_folder(settings, competition.slug))
                files.fetched = fetched = fetch.from_file(
                    source, files.folder, competition, accept_name=accept_name
                )
            else:
                fetched = fetch.in_place(source, competition, accept_name=accept_name)
            return process(
                store,
                competition,
                fetched,
                run,
                team_name=settings.team_name,
                force=force,
                accept_shrink=accept_shrink,
            )
        except UsageError:
            raise  # nothing was tried
        except (KagsyncError, OSError, sqlite3.Error) as cause:
            error = as_expected(cause, settings)
            _record_failure(settings, competition, run, error)
            raise error from cause


def fetch_by_hand(settings: Settings, slug: str) -> Path:
    """Phase 1 by hand: downloads a board into a run folder that waits for `process` and `cleanup`.

    Returns:
        the CSV's path.
    """
    with Store.open(settings.db, settings.locks) as store:
        competition = store.competitions.get(slug)
    require_link(competition)
    get = _from_kaggle(_connect(settings))
    with contextlib.ExitStack() as on_failure:
        with run_folder.new(settings.temp_data, competition.slug, clock.utc_now()) as folder:
            on_failure.callback(cleanup.remove_run, folder, None)
            try:
                csv = get(competition, folder).csv
            except RateLimited as error:
                _rest(settings, competition, error.until)
                raise
            run_folder.hand_over(folder)
        on_failure.pop_all()
    return csv


def set_direction(settings: Settings, slugs: list[str], *, higher_is_better: bool) -> None:
    """Remembers the direction of competitions whose boards have no ranks."""
    with Store.open(settings.db, settings.locks) as store:
        found = [store.competitions.get(slug) for slug in slugs]
        with store.writing() as write:
            for competition in found:
                write.competitions.set_direction(competition.id, higher_is_better=higher_is_better)


def require_link(competition: Competition) -> None:
    """Raises UsageError when a competition is not linked to Kaggle."""
    if competition.kaggle_competition_id is None:
        raise UsageError(
            f"{competition.slug} is not linked to Kaggle",
            f"Link it: kagsync competitions add {competition.slug} --kaggle-id ID, or sync --from FILE",
        )


def summary(outcome: Outcome) -> str:
    """The run in one line for people."""
    if not outcome.results:
        return "Nothing to sync: add a competition with kagsync competitions add SLUG"
    count = outcome.synced_competitions
    line = f"Synced {outcome.synced_entries} entries across {count} competition{'' if count == 1 else 's'}"
    notes = []
    for status, words in (
        (UNCHANGED, "nothing new in"),
        (BUSY, "already being synced by another run:"),
        (RESTING, "resting, as Kaggle asked:"),
        (LATER, "left for the next run:"),
        (ERROR, "failed:"),
    ):
        if slugs := [result.slug for result in outcome.results if result.status == status]:
            notes.append(f"{words} {', '.join(slugs) if len(slugs) <= 5 else len(slugs)}")
    if outcome.report_failed:
        notes.append("the report was not updated")
    return "; ".join([line, *notes])


def process_summary(processed: Processed) -> str:
    """A processed board in one line for people."""
    counts = processed.counts
    line = (
        f"Created: {counts.created}, Updated: {counts.updated}, "
        f"Skipped: {counts.skipped}, Changed: {counts.changed}"
    )
    notes = {UNCHANGED: " (nothing new)", OLDER: " (an older snapshot: history only)"}
    return line + notes.get(processed.status, "")


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome for programs; keys never disappear."""
    error = outcome.error
    return {
        "status": outcome.status,
        "exit_code": outcome.exit_code,
        "error": error and {"code": error.code, "message": str(error)},
        "competitions": [_result_as_json(result) for result in outcome.results],
        "after": [asdict(failure) for failure in outcome.after],
    }


def _result_as_json(result: Result) -> dict[str, Any]:
    counts = result.counts
    return {
        "slug": result.slug,
        "status": result.status,
        "rows": counts and counts.rows,
        "created": counts and counts.created,
        "updated": counts and counts.updated,
        "skipped": counts and counts.skipped,
        "changed": counts and counts.changed,
        "error": result.error and {"code": result.error.code, "message": str(result.error)},
    }
