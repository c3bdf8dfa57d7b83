"""The part of Kaggle's SDK that leaderboards need, without the rest.

`import kagglesdk` imports every service that Kaggle has, which takes 50 ms and 8 MB more in every run.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

USER_AGENT = f"kagsync/{__version__}"
# Without a token the SDK looks for credentials itself, and it skips fewer unusable ones than kagsync does.
NO_SEARCH = "unused"


class Part(NamedTuple):
    """What kagsync uses of kagglesdk (0.1.37), which has no types."""

    HttpClient: Any
    CompetitionApi: Any
    DownloadRequest: Any
    PageRequest: Any
    CompetitionRequest: Any
    ListRequest: Any
    ListGroup: Any
    ListOrder: Any
    endpoint: Callable[[], str]  # the URL of the Kaggle that KAGGLE_API_ENVIRONMENT names


_guard = threading.Lock()  # the workers of a run need it at the same moment
_loaded: list[Part] = []


def part() -> Part:
    """Loads the part, once."""
    with _guard:
        if not _loaded:
            _loaded.append(_load())
        return _loaded[0]


def open_session(http: Any) -> requests.Session:
    """Opens the session of an SDK's HTTP client.

    The SDK keeps it private and has no setting for timeouts. This is the one place that reaches in
    (kagglesdk 0.1.37), and a test fails when the session moves.
    """
    http.__enter__()
    session: requests.Session = http._session
    return session


def _load() -> Part:
    whole = sys.modules.get("kagglesdk")
    if whole is None:
        spec = importlib.util.find_spec("kagglesdk")
        if spec is None:
            raise ModuleNotFoundError("No module named 'kagglesdk'")
        # An empty package to import from: its __init__, which imports everything, does not run.
        sys.modules["kagglesdk"] = importlib.util.module_from_spec(spec)
    try:
        from kagglesdk.competitions.services.competition_api_service import CompetitionApiClient
        from kagglesdk.competitions.types.competition_api_service import (
            ApiDownloadLeaderboardRequest,
            ApiGetCompetitionRequest,
            ApiGetLeaderboardRequest,
            ApiListCompetitionsRequest,
        )
        from kagglesdk.competitions.types.competition_enums import CompetitionListTab, CompetitionSortBy
        from kagglesdk.kaggle_env import get_endpoint, get_env
        from kagglesdk.kaggle_http_client import KaggleHttpClient
    finally:
        if whole is None:
            del sys.modules["kagglesdk"]  # a later import gets all of it
    return Part(
        KaggleHttpClient,
        CompetitionApiClient,
        ApiDownloadLeaderboardRequest,
        ApiGetLeaderboardRequest,
        ApiGetCompetitionRequest,
        ApiListCompetitionsRequest,
        CompetitionListTab,
        CompetitionSortBy,
        lambda: get_endpoint(get_env()),
    )
