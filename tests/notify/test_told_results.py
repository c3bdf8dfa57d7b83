"""Results are told at once, and only while they are news."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv, board_zip
from world.listeners import Listener

from kagsync import clock
from kagsync.standings.facts import CompetitionFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store

SLUG = "titanic"
ALICE = Team(11, "alpha", ("alice",), "0.80")
BOB = Team(12, "beta", ("bob",), "0.70")
CAROL = Team(13, "gamma", ("carol",), "0.60")


@dataclass
class Told:
    """Boards that are loaded, and what a channel hears."""

    kagsync: Kagsync
    folder: Path
    channel: Listener

    def load(self, *teams: Team, when: str, board: str = "public") -> None:
        path = self.folder / f"{board}-{when.replace(':', '')}.zip"
        path.write_bytes(board_zip(SLUG, board_csv(teams), when))
        self.kagsync.ok("sync", SLUG, "-q", "--from", str(path), "--board", board)

    def heard(self) -> list[list[str]]:
        """The lines of each message since this was last called."""
        bodies = [json.loads(each.body)["message"].splitlines() for each in self.channel.heard]
        self.channel.heard.clear()
        return bodies

    def add(self, *words: str) -> None:
        self.kagsync.ok("notify", "add", f"json://{self.channel.address}/", *words)


@pytest.fixture
def told(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Iterator[Told]:
    """A club with a public board, and a channel that nobody has added yet."""
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "alice", "bob")
    with Listener() as channel:
        club = Told(kagsync, tmp_path, channel)
        club.load(ALICE, BOB, CAROL, when="2025-10-01T00:00:00")
        yield club


def test_a_result_does_not_wait_and_everything_else_does(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.utc_now()
    told.add("--quiet-for", "1h", "--all")
    told.load(BOB, ALICE, CAROL, when="2025-10-02T00:00:00")
    assert len(told.heard()) == 1

    monkeypatch.setattr(clock, "utc_now", lambda: now + timedelta(minutes=10))
    told.load(CAROL, BOB, ALICE, when="2025-10-03T00:00:00")
    assert told.heard() == []
    told.load(ALICE, CAROL, BOB, when="2025-10-04T00:00:00", board="private")
    assert told.heard() == [
        [
            "alice finished 1 of 3: up 2 places from the public board",
            "bob finished 3 of 3: down 1 place from the public board",
        ]
    ]
    told.load(ALICE, BOB, when="2025-10-05T00:00:00", board="private")
    assert told.heard() == []

    monkeypatch.setattr(clock, "utc_now", lambda: now + timedelta(minutes=80))
    told.kagsync("sync", "--all", "-q")
    assert told.heard() == [
        [
            "bob: 3 → 2 of 2 on the private board, up 1 place, 1 above was removed",
            "bob: 1 → 2 of 3, overtaken by 1",
            "alice: 2 → 3 of 3, overtaken by 1",
        ]
    ]
    told.kagsync("sync", "--all", "-q")
    assert told.heard() == []


def test_the_title_says_that_it_is_a_result(told: Told) -> None:
    told.add()
    told.load(ALICE, CAROL, BOB, when="2025-10-04T00:00:00", board="private")
    (heard,) = told.channel.heard
    assert json.loads(heard.body)["title"] == "titanic: the final result of 2 of ours"


@pytest.mark.parametrize(
    ("words", "people"), [(["--only", "final"], 2), (["--only", "improved"], 0), (["--competition", SLUG], 2)]
)
def test_filters_hold_for_results_too(told: Told, words: list[str], people: int) -> None:
    told.add(*words)
    told.load(ALICE, CAROL, BOB, when="2025-10-04T00:00:00", board="private")
    assert [len(lines) for lines in told.heard()] == ([people] if people else [])


def test_a_channel_that_is_added_after_the_result_is_not_told_of_it(told: Told) -> None:
    told.load(ALICE, CAROL, BOB, when="2025-10-04T00:00:00", board="private")
    told.add()
    told.load(ALICE, CAROL, BOB, when="2025-10-05T00:00:00", board="private")
    assert told.heard() == []


@pytest.mark.parametrize(("days", "messages"), [(13, 1), (15, 0)])
def test_the_result_of_a_competition_that_ended_long_ago_is_no_news(
    told: Told, store: Store, days: int, messages: int
) -> None:
    told.add()
    competition = store.competitions.get(SLUG)
    with store.writing() as write:
        write.competitions.save_facts(
            competition.id, CompetitionFacts(deadline=clock.utc_now() - timedelta(days=days))
        )
    told.load(ALICE, CAROL, BOB, when="2025-10-04T00:00:00", board="private")
    assert len(told.heard()) == messages
    assert "alice finished 1 of 3" in told.kagsync.ok("news", SLUG, "--since", "2025-10-01")
