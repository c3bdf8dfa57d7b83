"""A client of Kaggle: the official SDK, with every wait bounded and every refusal explained."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from kagsync import clock
from kagsync.errors import BadDownload
from kagsync.kaggle import answers, exchange, oauth, retry, sdk
from kagsync.kaggle.credentials import Credentials, check_environment, find
from kagsync.log import logger
from kagsync.net import route

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

    from kagsync.kaggle.listing import Group, Listing
    from kagsync.kaggle.listing import Page as ListPage
    from kagsync.kaggle.pages import Page
    from kagsync.kaggle.retry import RetryPolicy
    from kagsync.net.route import Failure
    from kagsync.standings.facts import CompetitionFacts

T = TypeVar("T")

_PIECE = 64 * 1024  # bytes
_PROBE = 20.0  # seconds for `may_download`


class KaggleApi:
    """A client of Kaggle for one thread (a shared SDK client can lose its credentials)."""

    def __init__(self, credentials: Credentials, until: float, policy: RetryPolicy) -> None:
        self._credentials = credentials
        self._until = until
        self._policy = policy
        self._sdk = sdk.part()
        http = self._sdk.HttpClient(user_agent=sdk.USER_AGENT, api_token=credentials.token or sdk.NO_SEARCH)
        self._session = sdk.open_session(http)
        exchange.bind(self._session, policy)
        if credentials.username is not None and credentials.key is not None:
            self._session.auth = (credentials.username, credentials.key)
        self._competitions = self._sdk.CompetitionApi(http)

    def download_leaderboard(self, kaggle_id: str, target: Path) -> None:
        """Downloads the whole leaderboard of a competition as the ZIP that Kaggle sends.

        The call behind `kaggle competitions leaderboard SLUG --download`.

        Args:
            kaggle_id: the competition's name in its Kaggle URL.
            target: the file to write; it is complete when this returns.

        Raises:
            CredentialsError, Forbidden, NotFound: Kaggle refused (401, 403, 404).
            RateLimited: 429 for longer than a run can wait.
            Unreachable: no connection, an error of Kaggle's, or not done in time.
            OutOfTime: it would have taken longer than `until`.
            BadDownload: the answer is not an archive.
            OSError: `target` cannot be written.
        """

        def call() -> None:
            with self._leaderboard(kaggle_id) as response:
                _save(response, target, self._policy.largest_download)

        self._persist(call, kaggle_id, self._policy)

    def leaderboard_page(self, kaggle_id: str, *, public: bool, token: str = "") -> Page:
        """Asks for a page of a competition's leaderboard: at most `pages.PAGE_SIZE` rows.

        Args:
            public: asks for the public board. Otherwise Kaggle gives the private one if it is out, else the
                public one, without saying which of the two it is.
            token: the `next_token` of the page before, of the same kind; empty for the first page.

        Raises:
            KagsyncError: as `download_leaderboard`.
        """

        from kagsync.kaggle import pages  # only ended competitions need it

        def call() -> Page:
            request = self._sdk.PageRequest()
            request.competition_name = kaggle_id
            request.override_public = public
            request.page_size = pages.PAGE_SIZE
            request.page_token = token or None
            return pages.page(self._competitions.get_leaderboard(request))

        return self._persist(call, kaggle_id, self._policy)

    def competition_facts(
        self, kaggle_id: str, *, tries: int | None = None, seconds: float = 30
    ) -> CompetitionFacts:
        """Asks what Kaggle says about a competition.

        Args:
            tries: how often; None: as often as the policy says.
            seconds: for all tries.

        Raises:
            KagsyncError: as `download_leaderboard`.
        """

        def call() -> CompetitionFacts:
            request = self._sdk.CompetitionRequest()
            request.competition_name = kaggle_id
            return answers.facts(self._competitions.get_competition(request))

        policy = replace(self._policy, tries=tries or self._policy.tries, deadline=seconds)
        return self._persist(call, kaggle_id, policy)

    def competitions(self, group: Group, search: str = "", *, enough: int | None = None) -> Listing:
        """Asks for a list of competitions.

        Args:
            group: all competitions, or those that the owner of the credentials entered or hosts.
            search: words that the competitions match; empty: all.
            enough: how many are enough; None: all pages.

        Raises:
            KagsyncError: as `download_leaderboard`; or the list does not end.
        """
        from kagsync.kaggle import listing  # no run needs it

        def ask(token: str, seconds: float) -> ListPage:
            def call() -> ListPage:
                request = self._sdk.ListRequest()
                request.group = self._sdk.ListGroup[f"COMPETITION_LIST_TAB_{group}"]
                request.sort_by = self._sdk.ListOrder.COMPETITION_SORT_BY_BEST
                request.search = search
                request.page_size = listing.PAGE_SIZE
                request.page_token = token
                if not token:
                    request.page = 1
                return listing.page(self._competitions.list_competitions(request))

            return self._persist(call, "", replace(self._policy, deadline=seconds))

        return listing.read(ask, enough)

    def may_download(self, kaggle_id: str) -> float | None:
        """Asks for a leaderboard, once, and hangs up as soon as Kaggle begins to send it.

        Returns:
            how many seconds this clock is ahead of Kaggle's, if Kaggle says what time it is.

        Raises:
            KagsyncError: as `download_leaderboard`.
        """

        def call() -> float | None:
            response = self._leaderboard(kaggle_id)
            response.close()
            return _ahead(response)

        return self._persist(call, kaggle_id, replace(self._policy, tries=1, deadline=_PROBE))

    def _leaderboard(self, kaggle_id: str) -> requests.Response:
        """Kaggle's answer, its body not read yet."""
        request = self._sdk.DownloadRequest()
        request.competition_name = kaggle_id
        response: requests.Response = self._competitions.download_leaderboard(request)
        return response

    def _persist(self, call: Callable[[], T], kaggle_id: str, policy: RetryPolicy) -> T:
        def explain(cause: Exception, failed: exchange.Exchange) -> Failure:
            return answers.explain(cause, failed, kaggle_id, self._credentials)

        return retry.persist(call, kaggle_id or "the list of competitions", policy, self._until, explain)


class Clients:
    """Gives each thread a client of its own, all with the same credentials, end and policy."""

    def __init__(self, credentials: Credentials, until: float, policy: RetryPolicy) -> None:
        self.credentials = credentials
        self._until = until
        self._policy = policy
        self._local = threading.local()

    def __call__(self) -> KaggleApi:
        if not hasattr(self._local, "api"):
            self._local.api = KaggleApi(self.credentials, self._until, self._policy)
        api: KaggleApi = self._local.api
        return api


def connect(until: float = math.inf, policy: RetryPolicy | None = None) -> Clients:
    """Finds the credentials once, for all threads.

    Args:
        until: the time on the monotonic clock at which unfinished requests are given up.
        policy: None: `retry.DEFAULT`.

    Raises:
        CredentialsError, ConfigurationError: there are none, or a setting is wrong.
        Unreachable: an OAuth login had to be renewed and Kaggle did not answer.
    """
    policy = policy or retry.DEFAULT
    check_environment()
    if route.is_configured():
        route.check_environment(sdk.part().endpoint())
    credentials = find()
    for reason in credentials.passed_over:
        logger.debug("Passed over: %s", reason)
    logger.debug("Kaggle credentials from %s", credentials.source)
    if credentials.oauth_file is not None:
        credentials = oauth.with_access_token(credentials, credentials.oauth_file, policy)
    return Clients(credentials, until, policy)


def _save(response: requests.Response, target: Path, largest: int) -> None:
    """Writes the body to `target`, unless it is clearly not an archive or larger than `largest` bytes."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/json"):
        what = "a web page" if kind == "text/html" else "a message"
        raise BadDownload(f"Kaggle sent {what} instead of a leaderboard", "Try again later")
    expected = response.headers.get("Content-Length", "")
    size = 0
    with target.open("wb") as file:
        # read1 gives what has arrived; read would wait for a whole piece from a server that drips.
        while piece := response.raw.read1(_PIECE, decode_content=True):
            size += len(piece)
            if size > largest:
                raise BadDownload(f"the download is larger than {largest // 1024**2} MB", "Try again later")
            file.write(piece)
    if size == 0:
        raise BadDownload("Kaggle sent an empty answer instead of a leaderboard", "Try again later")
    if expected.isdigit() and "Content-Encoding" not in response.headers and size != int(expected):
        raise ConnectionError(f"the download broke off after {size} of {expected} bytes")


def _ahead(response: requests.Response) -> float | None:
    """How many seconds this clock is ahead of a server's (its Date header)."""
    try:
        there = parsedate_to_datetime(response.headers.get("Date", ""))
        return (clock.utc_now() - there).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
