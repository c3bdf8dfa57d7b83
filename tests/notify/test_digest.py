"""A digest says at its time where our people stand, who moved since the last one, and what is next: once."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from world import ROOT
from world.boards import Team, board_csv

from kagsync.notify import digest
from kagsync.queries import news

if TYPE_CHECKING:
    from world.told import Told

    from kagsync.store import Store

ALICE = Team(11, "alpha", ("alice",), "0.80")
BOB = Team(12, "beta", ("bob",), "0.70")
CAROL = Team(13, "gamma", ("carol",), "0.60")
DAVE = Team(14, "delta", ("dave",), "0.50")
STRANGER = Team(15, "zeta", ("stranger",), "0.99")
BETTER_BOB = replace(BOB, score="0.85", submissions=3)
BEST_BOB = replace(BOB, score="0.95", submissions=5)
DAILY = ("--digest", "daily@18:00", "--zone", "UTC")


@pytest.fixture
def told(timed: Told) -> Told:
    """Four people on a board, a Monday morning at nine, and a channel that nobody has added yet."""
    timed.ok("users", "add", "alice", "carol", "--group", "us")
    timed.ok("users", "add", "bob", "dave", "--group", "rivals")
    timed.moves(ALICE, BOB, CAROL, DAVE)
    timed.at("2026-11-02T09:00")
    return timed


def test_one_message_a_day_has_where_everybody_stands_who_moved_and_what_is_next(told: Told) -> None:
    told.update(deadline="2026-11-15T23:59:00Z", merger_deadline="2026-11-09T23:59:00Z")
    told.update("digits", deadline="2026-11-20T23:59:00Z")
    told.moves(ALICE, BOB, slug="digits")
    told.add(*DAILY)
    told.at("2026-11-02T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.at("2026-11-02T13:00")
    told.moves(BEST_BOB, ALICE, replace(CAROL, submissions=4), DAVE)
    assert told.heard() == []
    told.at("2026-11-02T18:00")
    told.tick()
    (message,) = told.heard()
    assert message["title"] == "Digest: 2 of ours moved in titanic"
    assert message["message"].splitlines() == [
        "titanic:",
        "4 of ours among 4 teams: bob (1), alice (2), carol (3) and 1 more",
        "bob passed alice: 2 → 1 of 4, improved 0.70 → 0.95",
        "carol: at 3 of 4, 3 new submissions, none better than 0.60",
        "1 moved only because of others",
        "digits:",
        "2 of ours among 2 teams: alice (1), bob (2)",
        "Next:",
        "titanic: the last day to merge teams is in 7 days (2026-11-09 23:59 UTC)",
        "titanic ends in 13 days (2026-11-15 23:59 UTC)",
    ]
    told.tick()
    told.at("2026-11-03T18:00")
    told.tick()
    assert told.heard() == []


@pytest.mark.parametrize(("words", "title"), [([], None), (["--even-if-nothing"], "nobody moved")])
def test_if_nobody_moved_nothing_is_sent_unless_it_is_wanted(
    told: Told, words: list[str], title: str | None
) -> None:
    told.add(*DAILY, *words)
    told.at("2026-11-02T12:00")
    told.moves(STRANGER, ALICE, BOB, CAROL, DAVE)  # everybody fell, because of a stranger
    told.at("2026-11-02T18:00")
    told.tick()
    heard = told.heard()
    assert [each["title"] for each in heard] == ([] if title is None else [f"Digest: {title}"])
    if title is not None:
        assert heard[0]["message"].splitlines() == [
            "titanic:",
            "4 of ours among 5 teams: alice (2), bob (3), carol (4) and 1 more",
            "4 moved only because of others",
        ]


def test_a_digest_that_is_wanted_is_sent_although_no_competition_is_running(told: Told) -> None:
    told.add(*DAILY, "--even-if-nothing")
    told.ok("competitions", "pause", "titanic")
    told.at("2026-11-02T18:00")
    told.tick()
    (message,) = told.heard()
    assert (message["title"], message["message"]) == ("", "Digest: nobody moved")


def test_what_others_did_is_told_to_a_channel_that_wants_all(told: Told) -> None:
    told.add(*DAILY, "--all")
    told.at("2026-11-02T12:00")
    told.moves(STRANGER, ALICE, BOB, CAROL, DAVE)
    told.at("2026-11-02T18:00")
    told.tick()
    (text,) = told.texts()
    assert "alice: 1 → 2 of 5, overtaken by 1" in text.splitlines()
    assert "only because" not in text


def test_after_days_of_being_off_there_is_one_digest_of_all_of_them(told: Told) -> None:
    told.add(*DAILY)
    told.at("2026-11-02T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.at("2026-11-06T11:00")
    told.moves(BEST_BOB, ALICE, CAROL, DAVE)
    (text,) = told.texts()
    assert "bob passed alice: 2 → 1 of 4, improved 0.70 → 0.95" in text.splitlines()
    told.at("2026-11-06T18:00")
    told.tick()
    assert told.heard() == []


def test_a_digest_that_is_not_accepted_is_sent_by_the_next_run(told: Told) -> None:
    told.add(*DAILY)
    told.at("2026-11-02T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.at("2026-11-02T18:00")
    told.channel.status = 500
    assert told.run("sync", "--all", "-q").err.startswith("WARNING kagsync: Notification target 1")
    told.channel.status = 200
    told.heard()
    told.at("2026-11-02T18:05")
    told.tick()
    told.tick()
    assert [each["title"] for each in told.heard()] == ["Digest: 1 of ours moved in titanic"]


def test_a_run_reads_no_news_until_a_digest_is_due(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.add(*DAILY)
    calls: list[str] = []
    read = news.news

    def counted(*arguments: object, **more: object) -> object:
        calls.append("news")
        return read(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(news, "news", counted)
    told.at("2026-11-02T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.tick()
    assert calls == []
    told.at("2026-11-02T18:00")
    told.tick()
    assert calls == ["news"]


@pytest.mark.parametrize("noted", ["2099-01-01T00:00:00Z", None])
def test_a_digest_that_a_wrong_clock_noted_in_the_future_does_not_stop_the_next_ones(
    told: Told, noted: str | None
) -> None:
    told.add(*DAILY)
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.execute("UPDATE notify_targets SET digest_until = ?", noted)
    told.at("2026-11-02T19:00")
    told.tick()
    assert told.heard() == []
    told.at("2026-11-03T18:00")
    told.tick()
    assert len(told.heard()) == 1


def test_a_channel_that_gets_a_digest_from_now_on_waits_for_its_time(told: Told) -> None:
    told.add("--quiet-for", "0m")
    told.at("2026-11-10T19:00")
    assert told.add(*DAILY).startswith("Updated 1: ")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    assert told.heard() == []
    told.at("2026-11-11T18:00")
    told.tick()
    assert len(told.heard()) == 1
    told.at("2026-11-11T19:00")
    told.moves(BEST_BOB, ALICE, CAROL, DAVE)
    assert told.add("--quiet-for", "0m").startswith("Updated 1: ")  # and back
    told.tick()
    assert told.texts() == ["bob: at 1 of 4, improved 0.85 → 0.95"]


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["--competition", "digits"], None),
        (["--competition", "titanic"], ["bob passed alice", "carol"]),
        (["--only", "submitted"], ["carol"]),
        (["--group", "us"], ["bob passed alice", "carol"]),
        (["--group", "rivals"], ["bob passed alice"]),
        (["--group", "us", "--against", "rivals"], ["bob passed alice"]),
        (["--group", "rivals", "--competition", "digits"], None),
    ],
)
def test_filters_hold_for_digests(told: Told, words: list[str], lines: list[str] | None) -> None:
    told.add(*DAILY, *words)
    told.at("2026-11-02T18:00")
    told.moves(BETTER_BOB, ALICE, replace(CAROL, submissions=4), DAVE)
    found = [text.splitlines() for text in told.texts()]
    assert [[line.split(":")[0] for line in body[2:] if ": " in line] for body in found] == (
        [lines] if lines else []
    )


@pytest.mark.parametrize("times", [DAILY, ()])
def test_the_title_counts_ones_own_people_and_not_those_who_passed_them(
    told: Told, times: tuple[str, ...]
) -> None:
    told.add("--group", "us", *times)
    told.at("2026-11-02T18:00")
    told.moves(replace(DAVE, score="0.90", submissions=2), ALICE, BOB, CAROL)
    (message,) = told.heard()
    assert "dave passed alice and carol: 4 → 1 of 4" in message["message"]
    assert message["title"].endswith("titanic") == bool(times)
    assert "2 of ours moved" in message["title"]


def test_a_result_comes_with_the_digest(told: Told) -> None:
    told.add(*DAILY)
    told.at("2026-11-02T12:00")
    path = told.file(board_csv([CAROL, ALICE, BOB]), "2026-11-02T11:00:00")
    assert told.load(path, "--board", "private").code == 0
    assert told.heard() == []
    told.at("2026-11-02T18:00")
    told.tick()
    (text,) = told.texts()
    assert text.splitlines()[1:3] == [
        "3 of ours among 3 teams: carol (1), alice (2), bob (3)",
        "carol finished 1 of 3: up 2 places from the public board",
    ]


def test_a_digest_fits_its_channel_and_counts_what_it_leaves_out(told: Told) -> None:
    people = [f"student{number}" for number in range(40)]
    told.people(*people)
    teams = [Team(n, f"t{n}", (person,), f"0.{100 + n}") for n, person in enumerate(people)]
    told.moves(*teams, slug="digits")
    told.ok("notify", "add", f"misskey://s3cret@{told.channel.address}", *DAILY)
    told.add(*DAILY)
    told.at("2026-11-02T18:00")
    told.moves(*(replace(team, submissions=9) for team in teams), slug="digits")
    short, whole = told.heard()
    title, heading, standing, *sentences, last = short["text"].splitlines()
    assert len(short["text"].encode()) <= 512
    assert (title, heading) == ("Digest: 40 of ours moved in digits", "digits:")
    assert standing == "40 of ours among 40 teams: student0 (1), student1 (2), student2 (3) and 37 more"
    assert len(sentences) >= 3
    assert last == f"and {40 - len(sentences)} more: kagsync news"
    assert whole["message"].splitlines()[-1] == "and 10 more: kagsync news"
    assert len(whole["kagsync"]["items"]) == 40


def test_the_readme_has_every_key_of_the_data(told: Told) -> None:
    told.update(deadline="2026-11-10T00:00:00Z")
    told.add(*DAILY, "--even-if-nothing")
    told.at("2026-11-02T18:00")
    told.tick()
    (message,) = told.heard()
    data = message["kagsync"]
    (standing,), (deadline,) = data["standings"], data["deadlines"]
    of_a_list = told.json("competitions", "list")[0].keys()
    assert of_a_list < standing.keys()
    keys = {*data, *deadline, *(standing.keys() - of_a_list), *standing["people"][0]}
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("### JSON")[2].partition("\n### ")[0]
    assert keys <= set(re.findall("`(.*?)`", section))


def test_text_by_strangers_arrives_harmless(told: Told) -> None:
    told.ok("users", "add", "alice", "--name", "@everyone [x](http://evil)")
    told.add(*DAILY)
    told.at("2026-11-02T18:00")
    told.moves(replace(ALICE, score="0.90", submissions=9), BOB, CAROL, DAVE)
    (text,) = told.texts()
    assert not set(text) & set("@<>[]`*")


def test_a_zone_that_this_machine_does_not_know_is_told_by_the_run_and_by_doctor(told: Told) -> None:
    told.add(*DAILY)
    told.execute("UPDATE notify_targets SET zone = 'Mars/Olympus'")
    assert "'Mars/Olympus' is not a time zone" in told.run("sync", "--all", "-q").err
    told.execute("UPDATE notify_targets SET failures = 0")
    checks = json.loads(told.run("doctor", "--format", "json").out)["checks"]
    (check,) = [each for each in checks if each["about"] == "Notifications 1"]
    assert (check["ok"], check["said"]) == (False, "'Mars/Olympus' is not a time zone")


# Several movements of one person


def summed(told: Told, store: Store) -> list[str]:
    competition = store.competitions.get("titanic")
    since = told.now - timedelta(days=1)
    items = news.news(store, [competition], store.users.all(), lambda _: since)
    return [item.sentence for item in digest.summed_up(news.chosen(items, None, drift=True))]


def test_all_changes_of_a_persons_own_score_are_one_sentence(told: Told, store: Store) -> None:
    told.at("2026-11-03T12:00")
    for number, score in enumerate(["0.71", "0.82", "0.81"], start=2):
        told.now += timedelta(hours=1)
        bob = replace(BOB, score=score, submissions=number)
        told.moves(*sorted([ALICE, bob, CAROL, DAVE], key=lambda team: -float(team.score)))
    assert summed(told, store) == [
        "bob passed alice: 2 → 1 of 4, improved 0.70 → 0.81",
        "alice: 1 → 2 of 4, overtaken by 1",
    ]


def test_whoever_passed_somebody_and_fell_behind_again_is_told_both(told: Told, store: Store) -> None:
    told.at("2026-11-03T12:00")
    for bob in (BETTER_BOB, replace(BOB, score="0.55", submissions=7)):
        told.now += timedelta(hours=1)
        told.moves(*sorted([ALICE, bob, CAROL, DAVE], key=lambda team: -float(team.score)))
    assert [line for line in summed(told, store) if line.startswith("bob")] == [
        "bob: 1 → 3 of 4, fell with a new submission 0.85 → 0.55",
        "bob passed alice: 2 → 1 of 4, improved 0.70 → 0.85",
    ]


def test_submissions_that_were_not_better_come_last(told: Told, store: Store) -> None:
    told.at("2026-11-03T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.at("2026-11-03T13:00")
    told.moves(BETTER_BOB, replace(ALICE, submissions=2), CAROL, DAVE)
    assert [line.split(":")[0] for line in summed(told, store)] == ["bob passed alice", "alice", "alice"]
    assert "none better" not in summed(told, store)[0]


def test_what_comes_between_keeps_sentences_apart(told: Told, store: Store) -> None:
    told.at("2026-11-03T12:00")
    for board in (
        [ALICE, replace(BOB, score="0.71", submissions=2), CAROL, DAVE],
        [ALICE, CAROL, DAVE],
        [ALICE, replace(BOB, score="0.72", submissions=3), CAROL, DAVE],
        [ALICE, replace(BOB, score="0.73", submissions=4), CAROL, DAVE],
        [ALICE, Team(12, "renamed", ("bob",), "0.74", submissions=5), CAROL, DAVE],
    ):
        told.now += timedelta(hours=1)
        told.moves(*board)
    assert [line for line in summed(told, store) if line.startswith("bob")] == [
        "bob: at 2 of 4, improved 0.72 → 0.74",
        "bob: the team “beta” is now called “renamed”",
        "bob: at 2 of 4, back on the board, score 0.72",
        "bob: left the board (rolling window or deletion), last at 2",
        "bob: at 2 of 4, improved 0.70 → 0.71",
    ]


def test_the_machines_zone_counts_without_one(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        told.add("--digest", "daily@18:00")
        assert json.loads(told.ok("notify", "list", "--format", "json"))[0]["zone"] is None
        told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
        told.at("2026-11-02T22:59")
        told.tick()
        assert told.heard() == []
        told.at("2026-11-02T23:00")
        told.tick()
        assert len(told.heard()) == 1
    finally:
        monkeypatch.undo()
        time.tzset()
