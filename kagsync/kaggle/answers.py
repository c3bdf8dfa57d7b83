"""What Kaggle's answers mean: the facts in a good one, the status and Kaggle's own sentence in a refusal."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import (
    LONGEST_REST,
    BadDownload,
    Forbidden,
    KagsyncError,
    NotFound,
    RateLimited,
    Unreachable,
)
from kagsync.kaggle.credentials import refused
from kagsync.net import route
from kagsync.net.route import Failure, Route
from kagsync.safe_text import clip, printable
from kagsync.standings.facts import CompetitionFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests

    from kagsync.kaggle.credentials import Credentials
    from kagsync.kaggle.exchange import Exchange

# What the SDK raises over an answer that makes no sense (requests.JSONDecodeError is a ValueError).
NONSENSE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)

SHORT_RETRY_AFTER = 20.0  # seconds worth waiting for within a run
DEFAULT_REST = timedelta(minutes=15)  # after a 429 that does not say how long
_LONGEST_REST = LONGEST_REST.total_seconds()
_LONGEST_SENTENCE = 200  # characters


def facts(answer: Any) -> CompetitionFacts:
    """Takes the facts from the SDK's answer, which the SDK does not check.

    Raises:
        ValueError, TypeError, AttributeError, OverflowError: the answer makes no sense.
    """
    title, metric, teams = answer.title or None, answer.evaluation_metric or None, answer.team_count or None
    for text in (title, metric):
        (text or "").encode()
    if not isinstance(answer.awards_points, bool | None) or not isinstance(teams, int | None):
        raise TypeError("not the type that the SDK declares")
    if teams is not None and not 0 <= teams < 2**31:
        raise ValueError("not a number of teams")
    return CompetitionFacts(
        title=title,
        deadline=_when(answer.deadline),
        metric=metric,
        team_count=teams,
        awards_points=answer.awards_points,
        merger_deadline=_when(answer.merger_deadline),
        new_entrant_deadline=_when(answer.new_entrant_deadline),
    )


def _when(moment: datetime | None) -> datetime | None:
    return in_utc(moment) if moment else None


def in_utc(moment: datetime) -> datetime:
    """A time in UTC; one without a zone is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def explain(cause: Exception, exchange: Exchange, kaggle_id: str, credentials: Credentials) -> Failure:
    """Says what an exception of the SDK means. One that does not concern Kaggle is raised again.

    The failure's error has the cause that `-v` shows below it. A refusal is never that cause, since its own
    words may repeat a secret.

    Args:
        kaggle_id: the competition that the request was about; empty if it was not about one.
    """
    if isinstance(cause, KagsyncError):
        cause.__cause__ = None
        return Failure(cause, heals=False)
    response = refusal(cause, exchange)
    failure = (
        _explain_exception(cause, exchange)
        if response is None
        else _explain_refusal(response, exchange, kaggle_id, credentials)
    )
    failure.error.__cause__ = cause if response is None else None
    return failure


def _explain_exception(cause: Exception, exchange: Exchange) -> Failure:
    import requests
    import urllib3

    if isinstance(cause, NONSENSE):
        error = BadDownload("Kaggle's answer could not be understood", "Try again later")
        return Failure(error, heals=False)
    reached = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)
    if isinstance(cause, (*reached, socket.gaierror)):
        return route.explain(cause, exchange.route or Route(""))
    raise cause


def refusal(cause: Exception, exchange: Exchange) -> requests.Response | None:
    """The answer that the SDK raised an exception for, if it is the answer of an error."""
    import requests

    if isinstance(cause, requests.HTTPError) and cause.response is not None:
        return cause.response
    response = exchange.response
    refused = response is not None and response.status_code >= 400
    return response if refused and isinstance(cause, NONSENSE) else None


def _explain_refusal(
    response: requests.Response, exchange: Exchange, kaggle_id: str, credentials: Credentials
) -> Failure:
    status = status_of(response)
    if status == 407 and exchange.route is not None and exchange.route.proxy is not None:
        return Failure(route.wants_login(exchange.route), heals=False)
    said = quoted(response, credentials.secrets)
    if status == 401:
        return Failure(refused(credentials, said), heals=False)
    if status == 403 and kaggle_id:
        error: KagsyncError = Forbidden(
            f"Kaggle does not show you the leaderboard of {kaggle_id}{said}",
            f"Accept the rules at https://www.kaggle.com/competitions/{kaggle_id}/rules, "
            "or the competition is private",
        )
        return Failure(error, heals=False)
    if status == 403:
        error = Forbidden(
            f"Kaggle does not allow this with your credentials (403){said}",
            "See which ones are used: kagsync doctor",
        )
        return Failure(error, heals=False)
    if status == 404 and kaggle_id:
        error = NotFound(
            f"Kaggle does not know the competition {kaggle_id}, or it has no leaderboard{said}",
            "Check the name in the competition's URL",
        )
        return Failure(error, heals=False)
    if status == 429:
        return _rate_limited(response, said)
    if status >= 500:
        error = Unreachable(f"Kaggle has an internal error ({status}){said}", "Try again later")
        return Failure(error, heals=True)
    error = KagsyncError(f"Kaggle refused the request ({status}){said}", "Update kagsync and kaggle")
    return Failure(error, heals=False)


def _rate_limited(response: requests.Response, said: str) -> Failure:
    seconds = _retry_after(response)
    rest = DEFAULT_REST if seconds is None else timedelta(seconds=seconds)
    until = clock.utc_now() + rest
    error = RateLimited(
        f"Kaggle asks to wait (429) until {clock.iso(until)}{said}",
        "Try again after that; scheduled runs do so",
        until=until,
    )
    return Failure(error, heals=seconds is not None and seconds <= SHORT_RETRY_AFTER, wait=seconds)


def status_of(response: requests.Response) -> int:
    """The status of a refusal; that of one inside an HTTP 200 is in the body."""
    if response.status_code != 200:
        return response.status_code
    try:
        status = int(response.json()["code"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return 500
    return status if 400 <= status < 600 else 500


def quoted(response: requests.Response, secrets: Iterable[str]) -> str:
    """Kaggle's own sentence in a refusal, harmless and ready to follow ours; empty if there is none.

    The body must have been read already. Secrets that the sentence repeats are masked.
    """
    try:
        text = _sentence(response.json())
    except (ValueError, RecursionError):
        return ""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = clip(printable(" ".join(text.split())), _LONGEST_SENTENCE).rstrip(".")
    return f', saying: "{text}"' if text and not _is_phrase(text) else ""


def _sentence(body: Any) -> str:
    """The message of `{"code": …, "message": …}`, `{"error": {"message": …}}` or `{"error": …}`."""
    while isinstance(body, dict):
        body = body.get("message") or body.get("error")
    return body if isinstance(body, str) else ""


def _is_phrase(text: str) -> bool:
    """Whether it only repeats a status, such as "Too many requests" for 429."""
    return text.lower() in {status.phrase.lower() for status in HTTPStatus}


def _retry_after(response: requests.Response) -> float | None:
    """The seconds of a Retry-After header (a number or a date: RFC 9110, 10.2.3); None without a good one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 8:
        return min(float(value), _LONGEST_REST)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - clock.utc_now()).total_seconds(), 0.0), _LONGEST_REST)
