"""A channel is reminded of the deadlines of all active competitions, each time once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from world.boards import Team

if TYPE_CHECKING:
    from world.told import Told

ALICE = Team(11, "alpha", ("alice",), "0.80")
BETTER_ALICE = replace(ALICE, score="0.90", submissions=2)
ENDS = "2026-12-03T23:59:00Z"
TIMES = ("--remind", "7d,1d")


@pytest.fixture
def told(timed: Told) -> Told:
    """Two competitions, one of them with a person, and a channel that nobody has added yet."""
    timed.people("alice")
    timed.moves(ALICE)
    timed.update(deadline=ENDS)
    return timed


def texts_at(told: Told, *moments: str) -> list[list[str]]:
    """What was told by a run at each of these moments."""
    found = []
    for moment in moments:
        told.at(moment)
        told.tick()
        found.append(told.texts())
    return found


def test_a_reminder_comes_once_at_each_of_its_times(told: Told) -> None:
    told.add(*TIMES)
    assert texts_at(
        told,
        "2026-11-26T23:58",
        "2026-11-27T00:04",
        "2026-11-28T12:00",
        "2026-12-02T23:59",
        "2026-12-03T23:00",
        "2026-12-04T00:00",
    ) == [
        [],
        ["titanic ends in 7 days (2026-12-03 23:59 UTC)"],
        [],
        ["titanic ends in 24 hours (2026-12-03 23:59 UTC)"],
        [],
        [],
    ]


def test_all_three_deadlines_of_all_competitions_come_in_one_message(told: Told) -> None:
    told.add(*TIMES)
    told.update(merger_deadline="2026-11-26T23:59:00Z", new_entrant_deadline="2026-11-26T23:59:00Z")
    told.update("digits", deadline="2026-11-27T10:00:00.25Z")  # with people or without, and fractions
    told.at("2026-11-20T12:00")
    told.tick()
    (message,) = told.heard()
    assert message["title"] == "2 deadlines are near"
    assert message["message"].splitlines() == [
        "titanic: the last day to enter and to merge teams is in 6 days (2026-11-26 23:59 UTC)",
        "digits ends in 7 days (2026-11-27 10:00 UTC)",
    ]
    assert message["kagsync"]["kind"] == "reminder"
    assert message["kagsync"]["deadlines"] == [
        {"competition": "titanic", "kind": "new_entrant_deadline", "at": "2026-11-26T23:59:00Z"},
        {"competition": "titanic", "kind": "merger_deadline", "at": "2026-11-26T23:59:00Z"},
        {"competition": "digits", "kind": "deadline", "at": "2026-11-27T10:00:00Z"},
    ]
    told.tick()
    assert told.heard() == []


def test_after_days_of_being_off_only_the_last_reminder_comes(told: Told) -> None:
    told.add(*TIMES)
    assert texts_at(told, "2026-12-03T12:00", "2026-12-03T12:05") == [
        ["titanic ends in 12 hours (2026-12-03 23:59 UTC)"],
        [],
    ]
    assert told.ask("SELECT deadline, before FROM reminders ORDER BY before") == [
        ("deadline", 86400),
        ("deadline", 604800),
    ]


def test_a_channel_that_is_added_within_the_week_is_reminded_at_once(told: Told) -> None:
    told.at("2026-11-30T23:59")
    told.add(*TIMES)
    assert texts_at(told, "2026-12-01T00:00", "2026-12-01T12:00", "2026-12-03T00:00") == [
        ["titanic ends in 3 days (2026-12-03 23:59 UTC)"],
        [],
        ["titanic ends in 24 hours (2026-12-03 23:59 UTC)"],
    ]


def test_a_deadline_that_the_host_moves_is_another_one(told: Told) -> None:
    told.add(*TIMES)
    assert texts_at(told, "2026-12-03T00:00") == [["titanic ends in 24 hours (2026-12-03 23:59 UTC)"]]
    told.update(deadline="2026-12-06T23:59:00Z")
    assert texts_at(told, "2026-12-03T00:05", "2026-12-05T23:59") == [
        ["titanic ends in 4 days (2026-12-06 23:59 UTC)"],
        ["titanic ends in 24 hours (2026-12-06 23:59 UTC)"],
    ]
    told.update(deadline=ENDS)  # and back, when it is over
    assert texts_at(told, "2026-12-06T00:00") == [[]]


def test_a_paused_competition_and_another_one_than_asked_for_are_left_out(told: Told) -> None:
    told.update("digits", deadline=ENDS)
    told.add(*TIMES, "--competition", "digits")
    told.ok("competitions", "pause", "digits")
    assert texts_at(told, "2026-12-01T00:00") == [[]]
    told.ok("competitions", "resume", "digits")
    told.tick()
    assert [text.split(" ends")[0] for text in told.texts()] == ["digits"]


def test_a_reminder_waits_for_no_pause_between_messages(told: Told) -> None:
    told.add(*TIMES, "--quiet-for", "12h")
    told.at("2026-11-26T23:50")
    told.moves(BETTER_ALICE)
    assert told.texts() == ["alice: at 1 of 1, score 0.80 → 0.90"]
    assert texts_at(told, "2026-11-27T00:00") == [["titanic ends in 7 days (2026-12-03 23:59 UTC)"]]


def test_a_channel_can_get_reminders_and_nothing_else(told: Told) -> None:
    told.add(*TIMES, "--only", "none")
    assert told.json("notify", "list")[0]["only"] == []
    told.at("2026-11-27T00:00")
    told.moves(BETTER_ALICE)
    assert told.texts() == ["titanic ends in 7 days (2026-12-03 23:59 UTC)"]


def test_a_reminder_that_is_not_accepted_comes_with_the_next_run(told: Told) -> None:
    told.add(*TIMES)
    told.at("2026-11-27T00:00")
    told.channel.status = 503
    assert "not accepted (HTTP 503)" in told.run("sync", "--all", "-q").err
    told.channel.status = 200
    told.heard()
    assert texts_at(told, "2026-11-27T00:05", "2026-11-27T00:10") == [
        ["titanic ends in 7 days (2026-12-03 23:59 UTC)"],
        [],
    ]


def test_many_deadlines_fit_a_small_channel(told: Told) -> None:
    slugs = [f"a-competition-with-a-long-name-{number}" for number in range(12)]
    told.competitions(*slugs)
    for number, slug in enumerate(slugs):
        told.update(slug, deadline=f"2026-12-01T{number:02}:00:00Z")
    told.ok("notify", "add", f"misskey://s3cret@{told.channel.address}", *TIMES)
    told.at("2026-11-30T12:00")
    told.tick()
    (message,) = told.heard()
    title, *lines, last = message["text"].splitlines()
    assert len(message["text"].encode()) <= 512
    assert title == "13 deadlines are near"
    assert lines[0].startswith("a-competition-with-a-long-name-0 ends in 12 hours")
    assert last == f"and {13 - len(lines)} more: kagsync competitions list"
    told.tick()
    assert told.heard() == []


def test_what_is_removed_takes_its_reminders_along(told: Told) -> None:
    told.add(*TIMES)
    texts_at(told, "2026-12-01T00:00")
    told.ok("competitions", "remove", "titanic", "--yes")
    assert told.ask("SELECT count(*) FROM reminders") == [(0,)]
