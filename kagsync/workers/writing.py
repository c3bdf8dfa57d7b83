"""The work of the writer, which has the database: orders what is due, and applies what workers bring.

A tick decides what is due as `sync --all` does. A delivery goes through `competition.sync` like any run, with
a source that gives what was brought, so a run by hand beside the writer is safe.
"""

from __future__ import annotations

import contextlib
import math
import uuid
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock, errors
from kagsync.board import archive, file_name, header
from kagsync.errors import BadDownload, KagsyncError, NoDatabase, OutOfTime, from_os_error
from kagsync.files import locks
from kagsync.inputs import BY_WORKERS
from kagsync.log import logger
from kagsync.notify import ping
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.store import Store
from kagsync.store.records import ERROR, KAGGLE
from kagsync.sync import competition, fetch, run, run_folder
from kagsync.sync.after import After
from kagsync.sync.fetch import Fetched
from kagsync.sync.private import known_of
from kagsync.sync.process import rules
from kagsync.sync.result import Outcome, Result
from kagsync.sync.sources import FACTS_A_RUN
from kagsync.sync.work import Work
from kagsync.tracking.competitions import facts_to_ask, save_answer
from kagsync.workers import messages
from kagsync.workers.messages import FAILED, NOT_OUT, UNCHANGED, Order

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.store.records import Competition
    from kagsync.sync.fetch_private import Known
    from kagsync.workers.broker import Broker
    from kagsync.workers.messages import Brought, Delivery


class Ordered(NamedTuple):
    """How many competitions a tick ordered, and how many it did not."""

    sent: int
    under_way: int
    resting: int


def tick(settings: Settings, marks: Broker, send: Callable[[Order], None]) -> Outcome:
    """Orders what is due. Then it does what follows a run, for what was written since the last tick.

    Args:
        send: sends an order to the fetch workers.

    Returns:
        how it went, with the competitions that failed since the last tick.
    """
    started, monitor = clock.utc_now(), ping.start()
    try:
        with Store.open(settings.db, settings.locks) as store:
            outcome = Outcome(_failed_since_the_last_tick(store, started), alone=False)
            run.prepare_folders(settings)
            ordered = order(settings, store, marks, send)
        logger.info(
            "Ordered %d competitions; under way: %d, resting: %d",
            ordered.sent,
            ordered.under_way,
            ordered.resting,
        )
    except NoDatabase as error:  # nothing has been added yet, or KAGSYNC_DB names another file
        logger.warning("Ordered nothing: %s", error)
        outcome = Outcome([], alone=False)
    except KagsyncError as error:
        logger.error("%s", error)
        outcome = Outcome([], alone=False, error=error)
    except BaseException as error:  # stopped, or a bug
        monitor.finish(*ping.ending(error))
        raise
    return After(settings, None, None, BY_WORKERS, started, monitor).finish(outcome)


def _failed_since_the_last_tick(store: Store, now: datetime) -> list[Result]:
    """The syncs that failed since the last tick began; none at the first tick."""
    last = next((each.started_at for each in store.runs.triggers() if each.name == BY_WORKERS), None)
    found = [] if last is None else store.runs.failed_between(last, now)
    return [Result(slug, ERROR, error=messages.error_of(code, message)) for slug, code, message in found]


def order(settings: Settings, store: Store, marks: Broker, send: Callable[[Order], None]) -> Ordered:
    """Sends an order for each competition that is due, does not rest, and is not under way."""
    now = clock.utc_now()
    started, roster_version = clock.iso(now), store.users.roster_version()
    competitions, _ = run.due(store, settings)
    awake = [each for each in competitions if each.rests_until(now) is None]
    ask_facts = facts_to_ask(awake, FACTS_A_RUN)
    sent = 0
    for each in awake:
        # A changed roster needs the board itself, even an unchanged one.
        current = each.rules == rules(roster_version, each, team_name=settings.team_name)
        found = Order(
            id=uuid.uuid4().hex,
            run=started,
            slug=each.slug,
            kaggle_id=each.kaggle_id,
            last=each.last_board if current else None,
            known=known_of(store, each) if each.times(now).has_ended(now) else None,
            asks_facts=each.id in ask_facts,
        )
        if marks.mark(each.slug, found.id):
            send(found)
            marks.mark_sent(each.slug, found.id)
            sent += 1
    return Ordered(sent, len(awake) - sent, len(competitions) - len(awake))


def write(settings: Settings, delivery: Delivery) -> Result | None:
    """Applies a delivery, or records the failure that it brings.

    Returns:
        how it went; None: the competition is no longer tracked.

    Raises:
        KagsyncError: the database cannot be opened.
    """
    with Store.open(settings.db, settings.locks) as store:
        found = store.competitions.find(delivery.slug)
        if found is None:
            logger.info("%s is no longer tracked, so its board is dropped", delivery.slug)
            return None
        source = Delivered(settings, store, delivery)
        options = run.Options(everything=True)
        work = Work(settings, options, source, delivery.run, several=True, until=math.inf)
        return competition.sync(work, found, lambda: contextlib.nullcontext(store))


def is_worth_another_try(result: Result | None, delivery: Delivery) -> bool:
    """Whether applying a delivery failed for a reason on this machine that passes."""
    if result is None:
        return False
    met = [result.error, result.private and result.private.error]
    brought = [delivery.public.error, delivery.private and delivery.private.error]
    return any(
        error.exit_code == errors.DATABASE or isinstance(error, competition.StillBusy | locks.StuckLock)
        for error in met
        if error is not None and not any(error is each for each in brought)
    )


class Delivered:
    """A source of one competition: what a worker brought. See `sync/sources.py`."""

    name = KAGGLE
    if_busy: str | None = "It is tried again in a minute"  # no other run can get this board again

    def __init__(self, settings: Settings, store: Store, delivery: Delivery) -> None:
        self._settings = settings
        self._store = store
        self._delivery = delivery
        self.knows_results = delivery.private is not None

    def fetch(self, competition: Competition, folder: Path) -> Fetched:
        """Puts the public board into a folder; raises the error that the worker met."""
        if not competition.is_linked or competition.kaggle_id != self._delivery.kaggle_id:
            raise OutOfTime(
                "it was linked to another competition in the meantime", "The next tick fetches it"
            )
        brought = self._delivery.public
        if brought.status == UNCHANGED:
            self._refuse_outdated(competition, brought)
            assert brought.snapshot_at is not None
            fetch.refuse_future(brought.snapshot_at)
            name = _name(competition, PUBLIC, brought.snapshot_at)
            rows = competition.row_count
            return Fetched(folder / name, brought.sha256, brought.snapshot_at, known_rows=rows)
        return _board(competition, brought, folder, PUBLIC)

    def fetch_private(self, competition: Competition, folder: Path, known: Known) -> Fetched | None:
        """Puts the private board into a folder; None: it was not out."""
        brought = self._delivery.private
        if brought is None or brought.status == NOT_OUT:
            return None
        return _board(competition, brought, folder, PRIVATE)

    def refresh_facts(self, store: Store, competition: Competition) -> None:
        """Saves what the worker was told."""
        if self._delivery.asked_facts:
            save_answer(store, competition, self._delivery.facts)

    def _refuse_outdated(self, competition: Competition, brought: Brought) -> None:
        """Leaves an unchanged board to the next tick if the database needs the board itself by now."""
        roster_version = self._store.users.roster_version()
        needed = rules(roster_version, competition, team_name=self._settings.team_name)
        if competition.fingerprint != f"{brought.sha256}:{needed}":
            raise OutOfTime("the roster or the board changed in the meantime", "The next tick fetches it")


def _board(competition: Competition, brought: Brought, folder: Path, board: str) -> Fetched:
    """Writes the CSV of a board that was brought."""
    if brought.status == FAILED and brought.error is not None:
        raise brought.error
    if brought.snapshot_at is None or not brought.content:
        raise BadDownload("the message holds no board", "The next tick fetches it again")
    fetch.refuse_future(brought.snapshot_at)
    name = _name(competition, board, brought.snapshot_at)
    try:
        written = archive.write_csv(messages.unpack(brought.content), name, folder, run_folder.claim)
    except OSError as error:
        raise from_os_error(error, f"store the leaderboard in {folder}") from error
    if written.sha256 != brought.sha256:
        raise BadDownload("the board arrived damaged", "The next tick fetches it again")
    header.read_header(written.path)
    # Its rows are counted as it is read: a message may say anything.
    return Fetched(written.path, written.sha256, brought.snapshot_at, board, brought.partial)


def _name(competition: Competition, board: str, at: datetime) -> str:
    name = f"{competition.slug}-{board}leaderboard-{clock.iso(at).removesuffix('Z')}.csv"
    return file_name.safe(name)
