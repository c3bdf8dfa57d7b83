"""A whole run: which competitions, side by side; then the report, notifications, the ping and the record."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kagsync import clock, errors, inputs
from kagsync.errors import KagsyncError, NoDatabase, UsageError
from kagsync.files import locks
from kagsync.log import logger
from kagsync.notify import ping
from kagsync.standings import lifecycle
from kagsync.store import Store
from kagsync.store.records import LATER, NOT_DUE
from kagsync.sync import cleanup, competition, run_folder
from kagsync.sync.after import After
from kagsync.sync.process import rules
from kagsync.sync.result import Outcome, Result
from kagsync.sync.sources import FromDisk, Kaggle
from kagsync.sync.work import Work
from kagsync.tracking.competitions import set_direction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.store.records import Competition

    # Given a number of competitions, shows how many are done while it is open.
    Progress = Callable[[int], contextlib.AbstractContextManager[Callable[[str], None]]]

MAX_TIME = 270  # seconds: nine tenths of the 5 minutes until cron starts the next run


@dataclass(frozen=True)
class Options:
    """The options of `kagsync sync`.

    Attributes:
        slugs: the competitions, unless `everything`.
        everything: all active competitions that are linked to Kaggle, the one synced longest ago first.
            Those that have ended are left out while they are not due.
        source: a ZIP or CSV from disk in place of Kaggle (one competition only).
        board: whether that is the public or the private board; None: as its name says.
        force: process boards even if nothing changed, and ask Kaggle even if a competition rests or is not
            due.
        accept_shrink: take boards even if they have lost most of their rows.
        accept_name: take a file even if it is named for another competition.
        higher_is_better: the direction of the competitions' scores, to be saved; None: unchanged.
        max_time: seconds after which no competition is started. Soon after, unfinished downloads are
            cancelled. The next run begins with these competitions. None: `MAX_TIME` for `everything`.
        report: the folder of the report's pages, which are updated at the end; None: no report.
        names: how the report names people; None: as its pages do already.
        trigger: what started the run, for `kagsync schedule status`.
        env_file: a file with more environment variables.
        renames: find out who may have a new username, as a part of the outcome.
        in_words: count what changed by its reason, for `Outcome.lines`.
    """

    slugs: tuple[str, ...] = ()
    everything: bool = False
    source: Path | None = None
    board: str | None = None
    force: bool = False
    accept_shrink: bool = False
    accept_name: bool = False
    higher_is_better: bool | None = None
    max_time: float | None = None
    report: Path | None = None
    names: str | None = None
    trigger: str = inputs.BY_HAND
    env_file: Path | None = None
    renames: bool = False
    in_words: bool = False

    @property
    def time_limit(self) -> float:
        if self.max_time is not None:
            return self.max_time
        return MAX_TIME if self.everything else math.inf

    def checked(self) -> Options:
        """The same options with slugs in place of URLs; raises UsageError."""
        slugs = tuple(inputs.competition_slug(slug) for slug in self.slugs)
        trigger = inputs.trigger(self.trigger)
        if self.everything == bool(slugs):
            raise UsageError(
                "name competitions or pass --all" + (", not both" if slugs else ""),
                "See: kagsync sync --help",
            )
        if self.source is not None and len(slugs) != 1:
            raise UsageError("--from needs exactly one competition", "kagsync sync SLUG --from FILE")
        if self.board is not None and self.source is None:
            raise UsageError("--board needs --from", "kagsync sync SLUG --from FILE --board private")
        if self.accept_name and self.source is None:
            raise UsageError("--accept-name needs --from", "kagsync sync SLUG --from FILE --accept-name")
        if self.higher_is_better is not None and not slugs:
            raise UsageError("a direction needs named competitions", "kagsync sync SLUG --lower-is-better")
        if self.names is not None and self.report is None:
            raise UsageError("--names needs --report", "kagsync sync --all --report DIR --names pseudonym")
        return replace(self, slugs=slugs, trigger=trigger)


def run(
    options: Options,
    load: Callable[[], Settings],
    show: Callable[[Outcome], KagsyncError | None],
    progress: Progress | None = None,
) -> Outcome:
    """Does all that one call of `kagsync sync` does.

    The monitor is told how the run ended, whatever happens, with the exit code of the process.

    Args:
        options: as they were typed.
        load: gives the settings; what it raises is part of the outcome.
        show: prints the outcome; returns the error if that failed.
        progress: given the number of competitions, shows how many are done while it is open.

    Returns:
        the outcome, even if the run could not start.
    """
    started = clock.utc_now()
    problems = _read_variables(options.env_file)
    # The monitor watches the runs that ask Kaggle. Its URL may be one of the variables.
    monitor = ping.start() if options.source is None else ping.Ping("")
    settings = after = None
    try:
        options = options.checked()
        settings = load()
        for problem in problems:
            logger.warning("%s", problem)
        outcome = sync(settings, options, progress)
    except KagsyncError as error:
        nothing_yet = isinstance(error, NoDatabase) and options.everything
        outcome = Outcome([], alone=False, error=None if nothing_yet else error)
    except BaseException as error:  # stopped, or a bug
        monitor.finish(*ping.ending(error))
        raise
    if settings is None:
        monitor.finish(outcome.exit_code, str(outcome.error))
    else:
        after = After(
            settings,
            options.report,
            options.names,
            options.trigger,
            started,
            monitor,
            renames=options.renames,
        )
        outcome = after.finish(outcome)
    unwritten = show(outcome)
    if after is not None and unwritten is not None and outcome.exit_code == errors.OK:
        after.correct(outcome, unwritten)
    return outcome


def _read_variables(file: Path | None) -> list[str]:
    """Sets environment variables from a file; returns warnings about it."""
    if file is None:
        return []
    from kagsync.schedule import env_file

    return env_file.load(file)


def sync(settings: Settings, options: Options, progress: Progress | None = None) -> Outcome:
    """Syncs competitions. Whatever happens to one, the others go on.

    Nothing keeps the database open between two competitions, since it may be moved or replaced meanwhile.

    Raises:
        UnknownCompetition, UsageError: a name is wrong; nothing was tried.
        ConfigurationError: there are no credentials, or a setting is wrong; nothing was tried.
        DatabaseError: the database cannot be read.
    """
    until = time.monotonic() + options.time_limit
    with Store.open(settings.db, settings.locks) as store:
        if options.higher_is_better is not None:
            set_direction(store, options.slugs, higher_is_better=options.higher_is_better)
        competitions, waiting = _chosen(store, settings, options)
        if not competitions:
            return Outcome(waiting, alone=False)
        prepare_folders(settings)
        source = (
            Kaggle(store, competitions, until=until)
            if options.source is None
            else FromDisk(options.source, accept_name=options.accept_name, board=options.board)
        )
    count = len(competitions)
    work = Work(settings, options, source, run=clock.iso(clock.utc_now()), several=count > 1, until=until)
    with progress(count) if progress else contextlib.nullcontext(_ignore) as done:
        results = _side_by_side(work, competitions, done)
    if left := sum(result.status == LATER for result in results):
        logger.info("%d of %d competitions are left for the next run: time is up", left, count)
    return Outcome([*results, *waiting], alone=not options.everything and count == 1)


def _chosen(store: Store, settings: Settings, options: Options) -> tuple[list[Competition], list[Result]]:
    """The competitions of a run, and results for those that it leaves out."""
    if not options.everything:
        return [store.competitions.get(slug) for slug in dict.fromkeys(options.slugs)], []
    if options.force:
        return store.competitions.due(clock.utc_now()), []
    return due(store, settings)


def due(store: Store, settings: Settings) -> tuple[list[Competition], list[Result]]:
    """The competitions that `sync --all` syncs now, the one synced longest ago first.

    Returns:
        them, and results for the active ones that need not be synced, because they have ended.
    """
    competitions = store.competitions.due(clock.utc_now())
    waiting = _not_due(store, settings, competitions)
    not_due = {result.slug for result in waiting}
    return [each for each in competitions if each.slug not in not_due], waiting


def _not_due(store: Store, settings: Settings, competitions: list[Competition]) -> list[Result]:
    """The competitions that have ended and need not be synced in this run."""
    now, roster_version = clock.utc_now(), store.users.roster_version()
    found = []
    for each in competitions:
        times = each.times(now)
        if not times.has_ended(now):
            continue
        outdated = each.rules != rules(roster_version, each, team_name=settings.team_name)
        # A board from a file that is newer than Kaggle's stays as it is, however often Kaggle is asked.
        outdated = outdated and not store.runs.kaggle_is_behind(each.id)
        if not lifecycle.is_due(times, now, outdated=outdated):
            is_finished = lifecycle.phase(times, now).name == lifecycle.FINISHED
            found.append(Result(each.slug, NOT_DUE, is_finished=is_finished))
    return found


def _ignore(_: str) -> None:
    return


def prepare_folders(settings: Settings) -> None:
    """Checks the folders of the run, and deletes what crashed runs left in them, if it can.

    Raises:
        ConfigurationError: a folder cannot be used.
    """
    run_folder.check(settings.temp_data)
    locks.check(settings.locks / ".check.lock")
    run_folder.check_locks(settings.temp_data)
    try:
        failed = cleanup.sweep(settings.temp_data).failed
    except KagsyncError as error:
        failed = [error]
    for each in failed:
        logger.warning("%s", each)


def _side_by_side(work: Work, competitions: list[Competition], done: Callable[[str], None]) -> list[Result]:
    def sync_one(each: Competition) -> Result:
        return competition.sync(work, each, lambda: Store.open(work.settings.db, work.settings.locks))

    jobs = min(work.settings.jobs, len(competitions))
    if jobs == 1:
        results = []
        for each in competitions:
            results.append(sync_one(each))
            done(each.slug)
        return results
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

    with ThreadPoolExecutor(jobs, thread_name_prefix="sync") as pool:
        futures = {pool.submit(sync_one, each): each for each in competitions}
        try:
            waiting = set(futures)
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done(futures[future].slug)
        except BaseException:
            from kagsync.kaggle import watchdog

            watchdog.stop()  # downloads end now, or leaving the pool would wait for them
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]
