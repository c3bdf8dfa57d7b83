"""Kaggle's lists of competitions: the real SDK against a Kaggle on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world.kaggle_server import empty, html, kaggle_error, too_many_requests

from kagsync.errors import BadDownload, CredentialsError, Forbidden, KagsyncError, RateLimited, Unreachable
from kagsync.kaggle import client, listing
from kagsync.kaggle.listing import Group, Listed, Page
from kagsync.standings.facts import CompetitionFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from world.kaggle_server import Answer, KaggleServer


def slugs(found: listing.Listing) -> list[str]:
    return [each.slug for each in found.competitions]


@pytest.fixture
def three(kaggle: KaggleServer) -> KaggleServer:
    """A Kaggle with three competitions, two to a page."""
    kaggle.largest_page = 2
    for slug in ("titanic", "spaceship-titanic", "spring-cup"):
        kaggle.competition(slug, title=slug.replace("-", " ").title())
    kaggle.group("ENTERED", "titanic", "spring-cup")
    kaggle.group("HOSTED", "spring-cup")
    return kaggle


def test_a_competition_comes_with_the_facts_that_it_has_on_its_own(kaggle: KaggleServer) -> None:
    kaggle.competition(
        "spring-cup",
        title="Spring Cup",
        deadline="2026-12-01T23:59:00Z",
        merger_deadline="2026-11-20T23:59:00Z",
        evaluation_metric="Accuracy",
        team_count=38,
        awards_points=True,
        category="Community",
    )

    (found,) = client.connect()().competitions(Group.everything).competitions

    assert found == Listed("spring-cup", client.connect()().competition_facts("spring-cup"), "Community")
    assert found.facts.deadline == datetime(2026, 12, 1, 23, 59, tzinfo=UTC)
    assert found.facts.merger_deadline == datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    assert (found.facts.metric, found.facts.team_count, found.facts.awards_points) == ("Accuracy", 38, True)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (Group.everything, ["titanic", "spaceship-titanic", "spring-cup"]),
        (Group.entered, ["titanic", "spring-cup"]),
        (Group.hosted, ["spring-cup"]),
    ],
)
def test_all_pages_of_a_group_are_read(group: Group, expected: list[str], three: KaggleServer) -> None:
    found = client.connect()().competitions(group)
    assert slugs(found) == expected
    assert found.complete
    asked = three.asked("ListCompetitions")
    assert len(asked) == (len(expected) + 1) // 2
    assert asked[0].body["pageSize"] == listing.PAGE_SIZE
    assert {request.body["group"] for request in asked} == {f"COMPETITION_LIST_TAB_{group}"}


def test_a_search_stops_when_it_has_enough(three: KaggleServer) -> None:
    found = client.connect()().competitions(Group.everything, "titanic", enough=1)
    assert (slugs(found), found.complete) == (["titanic", "spaceship-titanic"], True)
    found = client.connect()().competitions(Group.everything, "i", enough=2)
    assert (slugs(found), found.complete) == (["titanic", "spaceship-titanic"], False)
    assert len(three.asked("ListCompetitions")) == 2


def test_a_list_without_an_end_is_given_up(three: KaggleServer) -> None:
    three.endless_list = True
    with pytest.raises(BadDownload, match="does not end"):
        client.connect()().competitions(Group.everything)
    assert len(three.asked("ListCompetitions")) == listing.MOST_PAGES


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (kaggle_error(401, "Unauthenticated"), CredentialsError),
        (kaggle_error(403, "Permission 'competitions.get' was denied"), Forbidden),
        (too_many_requests("3600"), RateLimited),
        (html(), BadDownload),
        (kaggle_error(400, "No"), KagsyncError),
    ],
    ids=["401", "403", "429", "html", "400"],
)
def test_a_refusal_is_an_error_and_no_empty_list(
    answer: Answer, error: type[KagsyncError], three: KaggleServer
) -> None:
    three.answer("", answer, call="ListCompetitions")
    with pytest.raises(error) as refusal:
        client.connect()().competitions(Group.entered)
    assert refusal.value.remedy
    assert len(three.asked("ListCompetitions")) == 1


def test_a_page_is_asked_for_again(three: KaggleServer, patience: Callable[..., None]) -> None:
    three.answer("", kaggle_error(503, "Busy"), call="ListCompetitions")
    assert len(client.connect()().competitions(Group.entered).competitions) == 2
    patience(tries=2)
    three.answer("", *[kaggle_error(503, "Busy")] * 2, call="ListCompetitions")
    with pytest.raises(Unreachable):
        client.connect()().competitions(Group.entered)


@pytest.mark.parametrize(
    "body", [b'{"competitions": [7]}', b'{"competitions": [{"ref": "https://x.org/a/b"}]}']
)
def test_an_answer_that_makes_no_sense_is_refused(body: bytes, three: KaggleServer) -> None:
    from world.kaggle_server import Answer

    three.answer("", Answer(headers={"Content-Type": "application/json"}, body=body), call="ListCompetitions")
    with pytest.raises(BadDownload):
        client.connect()().competitions(Group.entered)


def test_an_empty_answer_is_refused(three: KaggleServer) -> None:
    three.answer("", empty(), call="ListCompetitions")
    with pytest.raises(BadDownload):
        client.connect()().competitions(Group.entered)


def test_a_competition_on_two_pages_is_listed_once() -> None:
    first = [Listed(slug, CompetitionFacts(), None) for slug in ("a", "b")]
    second = [Listed(slug, CompetitionFacts(), None) for slug in ("b", "c")]
    pages = {"": Page(first, "next"), "next": Page(second, "")}
    assert slugs(listing.read(lambda token, _: pages[token])) == ["a", "b", "c"]
