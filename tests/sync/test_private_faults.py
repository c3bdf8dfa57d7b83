"""What is no result, and what neither keeps Kaggle from being asked nor has it asked all the time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv, board_name, submissions
from world.club import Club
from world.kaggle_server import Answer
from world.listeners import Listener

from kagsync import clock
from kagsync.errors import DiskFull, OutOfTime
from kagsync.kaggle.client import KaggleApi
from kagsync.store.competitions import CompetitionChanges

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer, Request
    from world.running import Kagsync

    from kagsync.kaggle.pages import Page
    from kagsync.settings import Settings

pytestmark = pytest.mark.long

END = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
TICK, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
ALICE, BOB = Team(11, "Team A", ("alice",), "0.90"), Team(12, "Team B", ("bob",), "0.80")
OTHERS = [Team(100 + i, f"other{i}", (f"other{i}",), f"0.7{9 - i}") for i in range(8)]
PUBLIC, PRIVATE = [ALICE, BOB, *OTHERS], [*OTHERS, BOB, ALICE]


class Ended(Club):
    """A club whose clock stands still until it is set."""

    now = END - DAY

    def publish(self, *teams: Team) -> None:
        self.kaggle.board(self.slug, board_csv(teams), clock.iso(self.now).removesuffix("Z"))

    def sync(self) -> str:
        """What `sync --all` logs. It must succeed."""
        ran = self.run("sync", "--all")
        assert ran.code == 0, ran
        return ran.out + ran.err

    def asked_for(self) -> tuple[int, int]:
        """The downloads, and the pages of leaderboards, since this was last called."""
        counts = len(self.kaggle.downloads()), len(self.kaggle.pages())
        self.kaggle.requests.clear()
        return counts


@pytest.fixture
def club(
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Ended:
    """A competition that has just ended; Alice and Bob are on its public board."""
    club = Ended(kagsync, settings, tmp_path, kaggle)
    monkeypatch.setattr(clock, "utc_now", lambda: club.now)
    kaggle.competition(club.slug, deadline=clock.iso(END))
    club.publish(*PUBLIC)
    club.track("alice", "bob")
    club.sync()
    kaggle.requests.clear()
    club.now = END
    return club


def test_a_public_board_that_changes_all_the_time_is_no_result(
    club: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, boards = club.kaggle.respond, iter(range(100))

    def rerated(request: Request) -> Answer:
        if request.call == "GetLeaderboard":
            extra = next(boards)
            club.publish(*(replace(team, score=f"{team.score}{extra:02}") for team in PUBLIC))
        return answer(request)

    monkeypatch.setattr(club.kaggle, "respond", rerated)
    assert "is not out yet" in club.sync()
    assert club.private_ranks() == {}
    assert club.asked_for() == (1, 3)


@pytest.mark.parametrize("score", ["0", ""])
def test_a_board_without_scores_is_no_result(club: Ended, score: str) -> None:
    club.kaggle.private("titanic", board_csv(replace(team, score=score) for team in PRIVATE))
    assert "is not out yet" in club.sync()
    assert club.private_ranks() == {}


def test_a_result_that_kaggle_no_longer_shows_stays(club: Ended) -> None:
    club.kaggle.private("titanic", board_csv(PRIVATE))
    club.sync()
    club.now += HOUR
    club.kaggle.private("titanic", None)
    assert "is no longer shown, so the stored one stays" in club.sync()
    assert club.private_ranks() == {"alice": 10, "bob": 9}


def test_dates_that_say_nothing_are_no_warning(club: Ended) -> None:
    rows = [row | {"submissionDate": "0001-01-01T00:00:00Z"} for row in submissions(board_csv(PRIVATE))]
    public = Answer(body={"submissions": submissions(board_csv(PUBLIC))})
    club.kaggle.answer("titanic", public, Answer(body={"submissions": rows}), public, call="GetLeaderboard")
    assert "WARNING" not in club.sync()
    assert club.ask("SELECT DISTINCT submission_date FROM private_leaderboard") == [(None,)]


@pytest.mark.parametrize("enough", [3, 4, 5])
def test_a_board_that_takes_longer_than_a_run_is_not_begun_anew_in_each(
    club: Ended, monkeypatch: pytest.MonkeyPatch, enough: int
) -> None:
    page = KaggleApi.leaderboard_page

    def slow(self: KaggleApi, kaggle_id: str, *, public: bool, token: str = "") -> Page:
        if len(club.kaggle.pages()) >= enough:
            raise OutOfTime("no time was left")
        return page(self, kaggle_id, public=public, token=token)

    monkeypatch.setattr(KaggleApi, "leaderboard_page", slow)
    club.kaggle.largest_page = 4  # so the board has three pages, and the first is asked for again at the end
    club.kaggle.private("titanic", board_csv(PRIVATE))
    assert "To read it without a time limit: kagsync sync titanic" in club.sync()
    club.kaggle.requests.clear()
    club.now += TICK
    assert "Nothing is due" in club.sync()
    assert club.asked_for() == (0, 0)


def test_a_competition_that_is_linked_anew_is_asked_for_again(club: Ended) -> None:
    club.sync()
    club.now += 15 * DAY
    club.sync()
    assert "finished: titanic" in club.sync()
    club.kaggle.competition("another", deadline=clock.iso(END))
    club.kaggle.board("another", board_csv(PUBLIC), clock.iso(club.now).removesuffix("Z"))
    club.ok("competitions", "add", "titanic", "--kaggle-id", "another")
    assert "is not out yet" in club.sync()
    assert club.json("competitions", "list")[0]["phase"] == "ended"


def test_a_newer_board_from_a_file_does_not_have_kaggle_asked_in_each_run(club: Ended) -> None:
    club.now += HOUR
    club.sync()
    club.ok("sync", "titanic", "--from", str(club.file(board_csv(PUBLIC[::-1]), "2026-03-02T00:30:00")))
    club.ok("users", "add", "other1")
    club.now += TICK
    assert "An older snapshot" in club.sync()
    assert club.entries("--board", "public").keys() == {"alice", "bob", "other1"}
    club.kaggle.requests.clear()
    for _ in range(3):
        club.now += TICK
        assert "Nothing is due" in club.sync()
    assert club.asked_for() == (0, 0)


@pytest.mark.parametrize(
    "text", ["never", "99999-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z"]
)
def test_a_deadline_that_makes_no_sense_is_none(club: Ended, text: str) -> None:
    club.update(deadline=text, facts_at=clock.iso(club.now))
    club.sync()
    for words in (["show"], ["show", "titanic"], ["status"], ["competitions", "list"], ["news"]):
        club.ok(*words)
    club.ok("report", "--output", str(club.folder / "report"))
    assert club.json("status")["next_deadline"] is None
    assert club.json("status")["competitions"][0]["phase"] == "running"
    assert "ended" not in club.ok("show", "titanic")


def test_people_who_are_only_on_a_private_board_are_not_missing(club: Ended) -> None:
    club.ok("users", "add", "carol", "dave")
    path = club.folder / board_name("titanic", "2026-03-01T12:00:00", "private")
    path.write_bytes(board_csv([Team(13, "Team C", ("carol",), "0.99"), *PRIVATE]))
    club.ok("sync", "titanic", "--from", str(path))
    assert [each["username"] for each in club.json("missing", "titanic")] == ["dave"]
    shown = club.ok("show", "titanic")
    assert "Never seen on any board: dave" in shown.splitlines()
    assert "carol" not in shown.partition("Never seen")[2]
    assert "Removed carol with 1 entry" in club.ok("users", "remove", "carol", "--yes")
    assert "Removed titanic with 4 entries" in club.ok("competitions", "remove", "titanic", "--yes")


def test_a_database_that_fails_on_the_private_board_is_an_error(
    club: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskFull("the disk is full", "Free some space")

    club.kaggle.private("titanic", board_csv(PRIVATE))
    monkeypatch.setattr(CompetitionChanges, "set_result_since", full)
    ran = club.run("sync", "--all", "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["exit_code"], found["status"]) == (5, 5, "partial")
    assert found["competitions"][0]["status"] == "unchanged"
    assert club.private_ranks() == {}


def test_a_result_is_compared_with_the_public_board_of_that_time(club: Ended) -> None:
    club.kaggle.private("titanic", board_csv(PRIVATE))
    club.sync()
    told = ["bob finished 9 of 10: down 7 places from the public board"]
    told += ["alice finished 10 of 10: down 9 places from the public board"]
    assert [each["sentence"] for each in club.json("news")] == told
    club.now += HOUR
    club.publish(*PUBLIC[1:])  # Alice is removed from both boards
    club.kaggle.private("titanic", board_csv(PRIVATE[:-1]))
    club.sync()
    assert [each["sentence"] for each in club.json("news") if each["reason"] == "final"] == told


@pytest.mark.parametrize("days", [0, 20, 400])
def test_a_result_is_news_after_the_machine_was_off_or_the_clock_wrong(club: Ended, days: int) -> None:
    with Listener() as channel:
        club.ok("notify", "add", f"json://{channel.address}/")
        club.now += days * DAY
        club.kaggle.private("titanic", board_csv(PRIVATE))
        club.sync()
        (heard,) = channel.heard
        assert "alice finished 10 of 10" in heard.body


def test_a_result_from_before_an_upgrade_is_no_news(club: Ended) -> None:
    with Listener() as channel:
        club.ok("notify", "add", f"json://{channel.address}/")
        club.now += 20 * DAY
        club.sync()
        for name in ("result_asked_since", "result_asked_at", "result_answered_at"):  # earlier versions: none
            club.update(**{name: None})
        club.now += TICK
        club.kaggle.private("titanic", board_csv(PRIVATE))
        club.sync()
        assert club.private_ranks()
        assert channel.heard == []
