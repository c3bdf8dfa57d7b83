"""What the competitions of one run share, and what is done for each of them whatever happens."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from kagsync import clock, errors
from kagsync.errors import KagsyncError, RateLimited
from kagsync.log import logger
from kagsync.standings.which import PRIVATE
from kagsync.store.records import KAGGLE
from kagsync.sync import cleanup, run_folder
from kagsync.sync.process import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Competition, Run
    from kagsync.sync.fetch import Fetched
    from kagsync.sync.result import Processed
    from kagsync.sync.run import Options
    from kagsync.sync.sources import Source

    Found = TypeVar("Found", Fetched, Fetched | None)
    OpenStore = Callable[[], contextlib.AbstractContextManager[Store]]


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

    def process(self, store: Store, competition: Competition, board: Fetched, run: Run) -> Processed:
        """Applies a board as the options and settings say; see `process`."""
        return process(
            store,
            competition,
            board,
            run,
            team_name=self.settings.team_name,
            force=self.options.force,
            accept_shrink=self.options.accept_shrink,
            in_words=self.options.in_words,
        )

    @property
    def skips(self) -> bool:
        """Whether to skip a competition that rests, or that another run has synced in the meantime."""
        return self.source.if_busy is None and not self.options.force


def rest(open_store: OpenStore, competition: Competition, until: datetime) -> None:
    """Saves until when Kaggle asked to wait, if possible. Otherwise the next run asks again."""
    with contextlib.suppress(KagsyncError), open_store() as store, store.writing() as write:
        write.runs.rest(competition.id, until, clock.utc_now())


@contextlib.contextmanager
def in_run_folder(
    settings: Settings, competition: Competition, fetch: Callable[[Path], Found]
) -> Iterator[Found]:
    """What `fetch` puts into a run folder, which is deleted after the block, even if it failed.

    Args:
        fetch: gets the folder; gives the board, or None if there is none.
    """
    folder: Path | None = None
    csv: Path | None = None
    try:
        with run_folder.new(settings.temp_data, competition.slug, clock.utc_now()) as folder:
            board = fetch(folder)
            csv = None if board is None else board.csv
            yield board
    finally:
        if folder is not None:
            try:
                cleanup.remove_run(folder, csv)
            except KagsyncError as error:  # the entries are what counts; the next run tries again
                logger.warning("%s", error)


def record_failure(open_store: OpenStore, competition: Competition, run: Run, error: KagsyncError) -> None:
    """Records a failed sync, if it can."""
    about = "private board not read: " if run.board == PRIVATE else ""
    failed = replace(run, error_code=error.code, error_message=f"{about}{error}")
    try:
        with open_store() as store, store.writing() as write:
            now = clock.utc_now()
            write.runs.finish(competition.id, failed, now)
            if run.source == KAGGLE and competition.times(now).has_ended(now):
                write.competitions.set_result_asked(competition, run.started_at, answered=False)
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
