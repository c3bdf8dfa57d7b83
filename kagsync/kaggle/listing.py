"""Kaggle's lists of competitions: a page, taken from the SDK's answer, and all pages one after the other."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import inputs
from kagsync.errors import BadDownload, UsageError
from kagsync.kaggle import answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.standings.facts import CompetitionFacts

PAGE_SIZE = 200  # competitions; Kaggle gives no larger pages
MOST_PAGES = 50  # a list that is longer does not end
_PATIENCE = 120.0  # seconds for all pages


class Group(StrEnum):
    """Which competitions to list. The names are the ends of those that the SDK has for the groups."""

    entered = "ENTERED"
    hosted = "HOSTED"
    everything = "EVERYTHING"


class Listed(NamedTuple):
    """A competition in a list."""

    slug: str
    facts: CompetitionFacts
    category: str | None


class Page(NamedTuple):
    """Some competitions of a list.

    Attributes:
        next_token: asks for the page after this one; empty on the last.
    """

    competitions: list[Listed]
    next_token: str


class Listing(NamedTuple):
    """A list of competitions.

    Attributes:
        complete: whether it has all competitions that Kaggle has for the question.
    """

    competitions: list[Listed]
    complete: bool


def page(answer: Any) -> Page:
    """Takes a page from the SDK's answer, which the SDK does not check.

    Raises:
        ValueError, TypeError, AttributeError, OverflowError: the answer makes no sense.
    """
    token: str = answer.next_page_token or ""
    token.encode()
    return Page([_listed(each) for each in answer.competitions or ()], token)


def _listed(competition: Any) -> Listed:
    try:
        slug = inputs.competition_slug(competition.ref or competition.url)
    except UsageError as error:
        raise ValueError("not a competition's URL") from error
    category = competition.category or None
    (category or "").encode()
    return Listed(slug, answers.facts(competition), category)


def read(ask: Callable[[str, float], Page], enough: int | None = None) -> Listing:
    """Reads a list, page by page.

    Args:
        ask: gives the page of a token, empty for the first page, within so many seconds.
        enough: how many competitions are enough; None: all.

    Raises:
        BadDownload: the list does not end.
        KagsyncError: as `ask`.
    """
    found: dict[str, Listed] = {}
    token, until = "", time.monotonic() + _PATIENCE
    for _ in range(MOST_PAGES):
        here = ask(token, until - time.monotonic())
        for each in here.competitions:
            found.setdefault(each.slug, each)
        token = here.next_token
        if not token or (enough is not None and len(found) >= enough):
            return Listing(list(found.values()), complete=not token)
    raise BadDownload("Kaggle's list of competitions does not end", "Try again later")
