"""A digest says who leads each series, and whose place changed since the last one, and why."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from world import ROOT
from world.boards import Team, board_csv

from kagsync.queries import series
from kagsync.scoring.series import CTF, PERCENTILE, Part, Series
from kagsync.store import Store

if TYPE_CHECKING:
    from world.told import Told

ALICE = Team(11, "alpha", ("alice",), "0.80")
BOB = Team(12, "beta", ("bob",), "0.70")
CAROL = Team(13, "gamma", ("carol",), "0.60")
DAVE = Team(14, "delta", ("dave",), "0.50")
BETTER_BOB = replace(BOB, score="0.85", submissions=3)
STRANGERS = [Team(20 + number, f"s{number}", (f"stranger{number}",), "0.55") for number in range(8)]
DAILY = ("--digest", "daily@18:00", "--zone", "UTC")


def create(told: Told, name: str, *slugs: str, **options: Any) -> None:
    with Store.open(told.db, told.settings.locks) as store:
        parts = tuple(Part(store.competitions.get(slug).id, slug) for slug in slugs)
        store.series.save(Series(0, name, parts=parts, **options))


def block(told: Told, name: str = "Autumn") -> list[str]:
    """The lines about a series in the only message since this was last called."""
    (text,) = told.texts()
    lines = text.splitlines()
    if f"{name}:" not in lines:
        return []
    lines = lines[lines.index(f"{name}:") + 1 :]
    end = next((number for number, line in enumerate(lines) if line.endswith(":")), len(lines))
    return lines[:end]


@pytest.fixture
def told(timed: Told) -> Told:
    """Four people on two boards, a series of them, and a channel that nobody has added yet."""
    timed.ok("users", "add", "alice", "carol", "--group", "us")
    timed.ok("users", "add", "bob", "dave", "--group", "rivals")
    timed.moves(ALICE, BOB, CAROL, DAVE)
    timed.moves(ALICE, BOB, slug="digits")
    create(timed, "Autumn", "titanic", "digits")
    timed.at("2026-11-02T09:00")
    return timed


def test_who_leads_and_whose_place_changed_and_why(told: Told) -> None:
    told.update(deadline="2026-11-15T23:59:00Z")
    told.add(*DAILY)
    told.at("2026-11-02T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.moves(CAROL, BOB, ALICE, slug="digits")
    told.at("2026-11-02T18:00")
    told.tick()
    (message,) = told.heard()
    assert message["title"] == "Digest: 2 of ours moved in 2 competitions"
    lines = message["message"].splitlines()
    assert lines[lines.index("Autumn:") :] == [
        "Autumn:",
        "bob leads with 43 since 2026-11-02, 3 ahead of carol",
        "bob: 2 → 1, titanic 18 → 25 (place 2 → 1 of 4)",
        "carol: 3 → 2, digits – → 25 (place 1 of 3)",
        "alice: 1 → 3, digits 25 → 15 (place 1 → 3 of 3), titanic 25 → 18 (place 1 → 2 of 4)",
        "Next:",
        "titanic ends in 13 days (2026-11-15 23:59 UTC)",
    ]
    (found,) = message["kagsync"]["series"]
    assert (found["series"], found["rule"], found["since"]) == (
        "Autumn",
        "places",
        "2026-11-02T09:00:00Z",
    )
    assert (found["leaders"], found["ahead"]) == (["bob"], 3.0)
    assert found["leading_since"] == "2026-11-02T00:00:00Z"
    assert [(row["handle"], row["total"], row["previous_place"]) for row in found["standings"]] == [
        ("bob", 43.0, 2),
        ("carol", 40.0, 3),
        ("alice", 33.0, 1),
        ("dave", 12.0, 4),
    ]
    told.at("2026-11-03T18:00")
    told.tick()
    assert told.heard() == []


def drift(told: Told) -> None:
    """Others join both boards, so that bob passes alice by percentile."""
    told.moves(ALICE, BOB, CAROL, DAVE, *STRANGERS)
    told.moves(BOB, *STRANGERS[1:], ALICE, CAROL, DAVE, STRANGERS[0], slug="digits")


@pytest.fixture
def percentile(told: Told) -> Told:
    """A second series in which ranks on the whole boards count. bob is the best in one of them."""
    told.moves(BOB, ALICE, CAROL, DAVE, STRANGERS[0], slug="digits")
    create(told, "Ranked", "titanic", "digits", rule=PERCENTILE)
    return told


def test_a_change_of_places_alone_makes_a_digest(percentile: Told) -> None:
    percentile.add(*DAILY)
    percentile.at("2026-11-02T12:00")
    drift(percentile)
    percentile.at("2026-11-02T18:00")
    percentile.tick()
    (message,) = percentile.heard()
    assert message["title"] == "Digest: places changed in Ranked"
    lines = message["message"].splitlines()
    assert lines[lines.index("Ranked:") + 1 :] == [
        "bob leads with 190.91 since 2026-11-02, 63.64 ahead of alice",
        "bob: 2 → 1, titanic 66.67 → 90.91 (rank 2)",
        "alice: 1 → 2, digits 75 → 27.27 (rank 2 → 9)",
    ]


@pytest.mark.parametrize(
    "words", [["--only", "improved"], ["--group", "us", "--against", "rivals"], ["--group", "rivals"]]
)
def test_whoever_chose_what_to_be_told_gets_no_digest_for_it(percentile: Told, words: list[str]) -> None:
    percentile.add(*DAILY, *words)
    percentile.at("2026-11-02T12:00")
    drift(percentile)
    percentile.at("2026-11-02T18:00")
    percentile.tick()
    assert len(percentile.heard()) == (words == ["--group", "rivals"])


def test_whoever_chose_what_to_be_told_is_told_who_leads_but_not_who_moved(told: Told) -> None:
    told.add(*DAILY, "--only", "improved,passed")
    told.at("2026-11-02T18:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    assert block(told) == ["alice and bob lead with 43 since 2026-11-02, 28 ahead of carol"]


def test_a_digest_without_news_says_who_leads(told: Told) -> None:
    told.add(*DAILY, "--even-if-nothing")
    told.at("2026-11-02T18:00")
    told.tick()
    (message,) = told.heard()
    assert message["title"] == "Digest: nobody moved"
    assert message["message"].splitlines()[-2:] == [
        "Autumn:",
        "alice leads with 50 since 2026-11-02, 14 ahead of bob",
    ]


def test_messages_that_are_no_digests_say_nothing_of_series(told: Told) -> None:
    told.add("--quiet-for", "0m")
    told.at("2026-11-02T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    (message,) = told.heard()
    assert "Autumn" not in message["message"]
    assert message["kagsync"]["series"] == []


# Which series


def test_a_digest_of_a_group_has_its_people(told: Told) -> None:
    told.add(*DAILY, "--group", "rivals", "--even-if-nothing")
    create(told, "Ours", "titanic", group="us")
    create(told, "Theirs", "titanic", group="rivals")
    told.at("2026-11-02T18:00")
    told.tick()
    (message,) = told.heard()
    lines = message["message"].splitlines()
    assert lines[lines.index("Autumn:") :] == [
        "Autumn:",
        "alice leads with 50 since 2026-11-02, 14 ahead of bob",
        "rivals: bob (2), dave (4)",
        "Theirs:",
        "bob leads with 25 since 2026-11-02, 7 ahead of dave",
    ]
    whole, theirs = message["kagsync"]["series"]
    assert [(row["handle"], row["place"]) for row in whole["standings"]] == [("bob", 2), ("dave", 4)]
    assert [(row["handle"], row["place"]) for row in theirs["standings"]] == [("bob", 1), ("dave", 2)]


def test_a_digest_of_a_competition_has_the_series_that_it_is_part_of(told: Told) -> None:
    told.add(*DAILY, "--competition", "digits", "--even-if-nothing")
    create(told, "Other", "titanic")
    told.at("2026-11-02T18:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    (message,) = told.heard()
    assert message["title"] == "Digest: places changed in Autumn"
    assert [each["series"] for each in message["kagsync"]["series"]] == ["Autumn"]
    lines = message["message"].splitlines()
    assert lines[lines.index("Autumn:") + 1 :] == [
        "alice and bob lead with 43 since 2026-11-02, 28 ahead of carol",
        "bob: 2 → 1, titanic 18 → 25 (place 2 → 1 of 4)",
    ]


def test_a_series_that_is_over_is_not_told_again_unless_it_changes(told: Told) -> None:
    told.add(*DAILY, "--even-if-nothing")
    told.ok("competitions", "pause", "titanic")
    told.ok("competitions", "pause", "digits")
    told.at("2026-11-02T18:00")
    told.tick()
    assert block(told) == []
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.at("2026-11-03T18:00")
    told.tick()
    assert len(block(told)) == 2


def test_a_series_without_any_result_is_not_shown(told: Told) -> None:
    told.competitions("late")
    create(told, "Winter", "late")
    told.add(*DAILY, "--even-if-nothing")
    told.at("2026-11-02T18:00")
    told.tick()
    assert block(told, "Winter") == []
    told.at("2026-11-03T12:00")
    told.moves(DAVE, CAROL, slug="late")
    told.at("2026-11-03T18:00")
    told.tick()
    assert block(told, "Winter") == ["dave leads with 25 since 2026-11-03, 7 ahead of carol"]


def test_what_a_rule_lacks_is_said_in_place_of_the_standings(told: Told) -> None:
    create(told, "Flags", "titanic", rule=CTF)
    told.execute("UPDATE snapshots SET best_score = NULL")
    told.add(*DAILY, "--even-if-nothing")
    told.at("2026-11-02T18:00")
    told.tick()
    assert block(told, "Flags") == ["titanic: the best score of the board of 2026-11-02 is not known"]


# What is told once, whenever boards arrive


@pytest.mark.parametrize("words", [[], ["--competition", "titanic"], ["--competition", "digits"]])
def test_a_private_board_that_arrives_late_is_told_by_the_next_digest(told: Told, words: list[str]) -> None:
    told.add(*DAILY, "--even-if-nothing", *words)
    told.at("2026-11-02T18:00")
    told.tick()
    assert len(block(told)) == 1
    told.at("2026-11-03T12:00")
    path = told.file(board_csv([BOB, CAROL, ALICE]), "2026-11-02T11:00:00")
    assert told.load(path, "--board", "private").code == 0
    told.at("2026-11-03T18:00")
    told.tick()
    assert block(told) == [
        "bob leads with 43 since 2026-11-02, 3 ahead of alice",
        "titanic: the private board of 2026-11-02 has replaced the public one",
        "bob: 2 → 1, titanic 18 → 25 (place 2 → 1 of 3)",
        "alice: 1 → 2, titanic 25 → 15 (place 1 → 3 of 3)",
    ]
    told.at("2026-11-04T18:00")
    told.tick()
    assert len(block(told)) == 1


@pytest.mark.parametrize("words", [[], ["--competition", "titanic"], ["--competition", "digits"]])
def test_a_board_that_was_made_before_the_last_digest_and_fetched_after_it_is_told_once(
    told: Told, words: list[str]
) -> None:
    told.add(*DAILY, *words)
    told.at("2026-11-02T18:00")
    told.tick()
    assert told.heard() == []
    made = told.file(board_csv([DAVE, CAROL, BOB, ALICE]), "2026-11-02T17:59:00")
    told.at("2026-11-02T18:02")
    assert told.load(made).code == 0
    told.at("2026-11-03T18:00")
    told.tick()
    assert "dave: 4 → 3, titanic 12 → 25 (place 4 → 1 of 4)" in block(told)
    told.at("2026-11-04T18:00")
    told.tick()
    assert told.heard() == []


def test_a_competition_that_begins_between_two_digests_is_a_reason(told: Told) -> None:
    told.add(*DAILY)
    told.competitions("late")
    create(told, "Winter", "digits", "late")
    told.at("2026-11-02T18:00")
    told.tick()
    assert told.heard() == []
    told.at("2026-11-03T12:00")
    told.moves(BOB, CAROL, ALICE, slug="late")
    told.at("2026-11-03T13:00")
    told.moves(BOB, CAROL, ALICE, DAVE, slug="late")
    told.at("2026-11-03T18:00")
    told.tick()
    assert block(told, "Winter") == [
        "bob leads with 43 since 2026-11-03, 3 ahead of alice",
        "bob: 2 → 1, late – → 25 (place 1 of 4)",
        "alice: 1 → 2, late – → 15 (place 3 of 4)",
    ]


# How much is computed and told


def test_a_run_computes_no_standings_until_a_digest_is_due(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.add(*DAILY)
    calls: list[str] = []
    compute = series.standings

    def counted(*arguments: Any) -> Any:
        calls.append("standings")
        return compute(*arguments)

    monkeypatch.setattr(series, "standings", counted)
    told.at("2026-11-02T12:00")
    told.moves(BETTER_BOB, ALICE, CAROL, DAVE)
    told.tick()
    assert calls == []
    told.at("2026-11-02T18:00")
    told.tick()
    assert calls == ["standings"]


def test_series_are_left_out_first_and_are_not_counted(told: Told) -> None:
    people = [f"student{number}" for number in range(40)]
    told.people(*people)
    teams = [Team(n + 100, f"t{n}", (person,), f"0.{100 + n}") for n, person in enumerate(people)]
    told.moves(*teams, slug="digits")
    told.ok("notify", "add", f"misskey://s3cret@{told.channel.address}", *DAILY)
    told.at("2026-11-02T18:00")
    told.moves(*(replace(team, submissions=9) for team in reversed(teams)), slug="digits")
    (short,) = told.heard()
    lines = short["text"].splitlines()
    assert len(short["text"].encode()) <= 512
    assert "Autumn:" not in lines
    sentences = [line for line in lines if line.startswith("student")]
    assert lines[-1] == f"and {40 - len(sentences)} more: kagsync news"


def test_ten_people_are_named_and_the_others_counted(told: Told) -> None:
    people = [f"student{number:02}" for number in range(15)]
    told.people(*people)
    teams = [Team(n + 100, f"t{n}", (person,), f"0.{100 + n}") for n, person in enumerate(people)]
    told.moves(*teams, slug="digits")
    create(told, "Long", "digits", rule=PERCENTILE)
    told.add(*DAILY)
    told.at("2026-11-02T18:00")
    told.moves(*(replace(team, submissions=9) for team in [*teams[1:], teams[0]]), slug="digits")
    lines = block(told, "Long")
    assert len(lines) == 12
    assert lines[1] == "student01: 2 → 1, digits 92.86 → 100 (rank 2 → 1)"
    assert lines[-1] == "5 more changed places"


def test_names_of_series_arrive_harmless(told: Told) -> None:
    create(told, "@everyone [x](http://evil)", "titanic")
    told.add(*DAILY, "--even-if-nothing")
    told.at("2026-11-02T18:00")
    told.tick()
    (text,) = told.texts()
    assert "everyone" in text
    assert not set(text) & set("@<>[]`*")


def test_the_readme_has_every_key_of_a_series(told: Told) -> None:
    told.add(*DAILY, "--even-if-nothing")
    told.at("2026-11-02T18:00")
    told.tick()
    (message,) = told.heard()
    (found,) = message["kagsync"]["series"]
    keys = {*found, *found["standings"][0]}
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("### JSON")[2].partition("\n### ")[0]
    (paragraph,) = [each for each in section.split("\n\n") if "`json://`" in each]
    assert keys <= set(re.findall("`(.*?)`", paragraph))
