"""Where a run gets its boards from: Kaggle, or a file from disk. A new source is one more class."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Protocol

from kagsync import clock
from kagsync.errors import UsageError
from kagsync.kaggle import credentials
from kagsync.log import logger
from kagsync.store.records import FILE, KAGGLE
from kagsync.sync import fetch
from kagsync.tracking.competitions import facts_to_ask, refresh_facts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kagsync.store import Store
    from kagsync.store.records import Competition
    from kagsync.sync.fetch import Fetched
    from kagsync.sync.fetch_private import Known

_GRACE = 15.0  # seconds more for downloads that have begun: the run still ends before the next one starts
READ_LATER = "The file was not read: run the command again later"
FACTS_A_RUN = 8  # competitions: at a run every 5 minutes that is 2,000 a day, and no run waits for many


class Source(Protocol):
    """Where the boards of a run come from.

    Attributes:
        name: as `sync_runs` has it.
        if_busy: the remedy if the wait for another run took too long. None: there is no wait. Any run can get
            the same board again, so a competition is skipped while another run syncs it or Kaggle asked to
            wait.
        knows_results: whether it can be asked for the private board of a competition that has ended.
    """

    name: str
    if_busy: str | None
    knows_results: bool

    def fetch(self, competition: Competition, folder: Path) -> Fetched:
        """Puts the board of a competition into a folder; raises KagsyncError."""

    def fetch_private(self, competition: Competition, folder: Path, known: Known) -> Fetched | None:
        """Puts the private board into a folder, if it `knows_results`; None: it is not out."""

    def refresh_facts(self, store: Store, competition: Competition) -> None:
        """Updates what is known of a competition besides its board."""


class Kaggle:
    """Kaggle itself, which gives the newest board, and facts about a competition."""

    name = KAGGLE
    if_busy: str | None = None
    knows_results = True

    def __init__(self, store: Store, competitions: Iterable[Competition], *, until: float = math.inf) -> None:
        """Finds the credentials, and warns if something is wrong with them. Sends no request yet.

        Args:
            competitions: those that will be fetched.
            until: when the run should end, by the monotonic clock.

        Raises:
            UsageError: a competition is not linked to Kaggle.
            ConfigurationError: there are no credentials, or a setting is wrong.
        """
        from kagsync.kaggle import client, retry  # a file from disk does not need it

        for competition in competitions:
            _require_link(competition)
        # The first competition always gets the whole time that a download may take. Otherwise, in very short
        # runs, a slow answer would be cut off every time.
        until = max(until, time.monotonic() + retry.DEFAULT.deadline)
        self._clients = client.connect(until + _GRACE)
        self._facts = facts_to_ask(competitions, FACTS_A_RUN)
        _warn_of_login(store, self._clients.credentials)

    def fetch(self, competition: Competition, folder: Path) -> Fetched:
        return fetch.from_kaggle(self._clients(), competition, folder)

    def fetch_private(self, competition: Competition, folder: Path, known: Known) -> Fetched | None:
        from kagsync.sync import fetch_private  # most competitions are running

        return fetch_private.from_kaggle(self._clients(), competition, folder, known)

    def refresh_facts(self, store: Store, competition: Competition) -> None:
        if competition.id in self._facts:
            refresh_facts(store, competition, self._clients())


class FromDisk:
    """A ZIP or CSV from disk: a public or a private board."""

    name = FILE
    if_busy: str | None = READ_LATER
    knows_results = False

    def __init__(self, path: Path, *, accept_name: bool, board: str | None) -> None:
        self._path, self._accept_name, self._board = path, accept_name, board

    def fetch(self, competition: Competition, folder: Path) -> Fetched:
        return fetch.from_file(
            self._path, folder, competition, accept_name=self._accept_name, board=self._board
        )

    def fetch_private(self, competition: Competition, folder: Path, known: Known) -> Fetched | None:
        """Never called, because a file is one board."""
        raise NotImplementedError

    def refresh_facts(self, store: Store, competition: Competition) -> None:
        """Does nothing, because a file holds only a board."""


def _require_link(competition: Competition) -> None:
    if not competition.is_linked:
        raise UsageError(
            f"{competition.slug} is not linked to Kaggle",
            f"Link it: kagsync competitions add {competition.slug} --kaggle-id ID, or sync --from FILE",
        )


def _warn_of_login(store: Store, found: credentials.Credentials) -> None:
    """Warns, once each, about problems with credentials that can still be used."""
    warnings = credentials.warnings(found)
    new = [text for key, text in warnings.items() if store.runs.first_time(key, clock.utc_now())]
    for text in new:
        logger.warning("%s", text)
