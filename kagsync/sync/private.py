"""After the deadline: asks Kaggle whether the private board is out, and applies it.

It comes after the public board has been processed, in a transaction of its own, so a failure here never hurts
the public sync.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from kagsync import log
from kagsync.errors import Interrupted, OutOfTime, RateLimited
from kagsync.log import logger
from kagsync.standings import ranks
from kagsync.standings.which import PRIVATE
from kagsync.store.records import ERROR
from kagsync.sync.fetch_private import Known
from kagsync.sync.result import NOT_OUT, Private
from kagsync.sync.work import as_expected, in_run_folder, record_failure

if TYPE_CHECKING:
    from kagsync.store import Store
    from kagsync.store.records import Competition, Run
    from kagsync.sync.work import Work


def update(work: Work, store: Store, competition: Competition, run: Run) -> Private | None:
    """Brings the private board of a competition up to date.

    Args:
        competition: as it is after its public board was processed.
        run: what is known of this run.

    Returns:
        how it went; None: no time was left, so the next run asks.

    Raises:
        Interrupted: the process was told to stop.
    """
    run = replace(run, board=PRIVATE, status=ERROR)
    try:
        found = _fetch_and_process(work, store, competition, run)
        with store.writing() as write:
            write.competitions.set_result_asked(competition, run.started_at, answered=True)
    except OutOfTime:
        return None
    except Interrupted:
        raise
    except Exception as cause:  # noqa: BLE001  (the public board is processed; this must not make it fail)
        error = as_expected(cause, work.settings)
        # Kaggle is asked every hour. The first failure in a row is a warning, which cron mails.
        failed_before = competition.times(run.started_at).has_failed
        level = logging.INFO if failed_before else logging.WARNING
        log.failure(error, f"The private leaderboard of {competition.slug} was not read: ", level)
        record_failure(lambda: contextlib.nullcontext(store), competition, run, error)
        if isinstance(error, RateLimited) and error.until is not None:
            work.limits.limited(error.until)
        return Private(ERROR, error=error)
    return found


def _fetch_and_process(work: Work, store: Store, competition: Competition, run: Run) -> Private:
    known = known_of(store, competition)
    with in_run_folder(
        work.settings, competition, lambda folder: work.source.fetch_private(competition, folder, known)
    ) as board:
        if board is None:
            kept = competition.has_result
            is_not_out = "is no longer shown, so the stored one stays" if kept else "is not out yet"
            logger.info("The private leaderboard of %s %s", competition.slug, is_not_out)
            return Private(NOT_OUT)
        processed = work.process(store, competition, board, run)
    return Private(processed.status, processed.counts, moves=processed.moves)


def known_of(store: Store, competition: Competition) -> Known:
    """What the public board says about the teams of a competition."""
    packed = store.boards.packed_ranks(competition.id)
    hosts = [] if packed is None else [key for key, rank in ranks.unpack(packed).items() if rank == 0]
    entries = store.boards.entries(competition.id)
    ours = {
        entry.standing.team_id: entry.standing
        for entry in sorted(entries, key=lambda entry: entry.left_at is None)
        if entry.standing.team_id is not None
    }
    return Known(frozenset(hosts), ours)
