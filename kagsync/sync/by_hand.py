"""Runs single phases by hand: `kagsync fetch` and `kagsync process`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.errors import KagsyncError, RateLimited, UsageError
from kagsync.store import Store
from kagsync.store.records import ERROR, FILE, Run
from kagsync.sync import cleanup, competition, fetch, run_folder, work
from kagsync.sync.process import process
from kagsync.sync.sources import READ_LATER, FromDisk, Kaggle
from kagsync.tracking import competitions

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.sync.result import Processed


def fetch_board(settings: Settings, slug: str) -> Path:
    """Phase 1: downloads a board into a run folder that waits for `process` and `cleanup`.

    Returns:
        the CSV's path.

    Raises:
        KagsyncError: the competition is unknown or not linked to Kaggle, or the download failed.
    """
    with Store.open(settings.db, settings.locks) as store, contextlib.ExitStack() as on_failure:
        found = store.competitions.get(slug)
        source = Kaggle(store, [found])
        with run_folder.new(settings.temp_data, found.slug, clock.utc_now()) as folder:
            on_failure.callback(cleanup.remove_run, folder, None)
            try:
                board = source.fetch(found, folder)
            except RateLimited as error:
                if error.until is not None:
                    work.rest(lambda: contextlib.nullcontext(store), found, error.until)
                raise
            board.log_rows()
            run_folder.hand_over(folder)
        on_failure.pop_all()
    return board.csv


def process_file(
    settings: Settings,
    slug: str,
    path: Path,
    *,
    force: bool = False,
    accept_shrink: bool = False,
    accept_name: bool = False,
    higher_is_better: bool | None = None,
    board_name: str | None = None,
) -> Processed:
    """Phase 2: processes a CSV that stays where it is, or a ZIP as Kaggle sends it.

    Waits for another run that works on the competition.

    Args:
        higher_is_better: the score's direction, to be saved; None: unchanged.
        board_name: whether it is the public or the private board; None: as the file's name says.

    Raises:
        KagsyncError: the competition or the file is unknown, the board is bad, or the database failed.
    """
    started = clock.utc_now()
    with Store.open(settings.db, settings.locks) as store, contextlib.ExitStack() as stack:
        if higher_is_better is not None:
            competitions.set_direction(store, [slug], higher_is_better=higher_is_better)
        slug = store.competitions.get(slug).slug
        stack.enter_context(competition.locked(settings, slug, READ_LATER))
        found = store.competitions.get(slug)
        run = Run(clock.iso(started), slug, FILE, ERROR, started)
        try:
            if fetch.is_zip(path):
                source = FromDisk(path, accept_name=accept_name, board=board_name)
                board = stack.enter_context(
                    work.in_run_folder(settings, found, lambda folder: source.fetch(found, folder))
                )
            else:
                board = fetch.in_place(path, found, accept_name=accept_name, board=board_name)
            return process(
                store,
                found,
                board,
                run,
                team_name=settings.team_name,
                force=force,
                accept_shrink=accept_shrink,
            )
        except UsageError:
            raise  # nothing was tried
        except (KagsyncError, OSError) as cause:
            error = work.as_expected(cause, settings)
            work.record_failure(lambda: contextlib.nullcontext(store), found, run, error)
            raise error from cause
