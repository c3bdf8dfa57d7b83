"""What Kaggle says of a competition: asked once a day, saved, and never a reason for a sync to fail."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import DATABASES, invariants
from world.boards import Team, board_csv, board_name, many_teams
from world.club import SLUG, Club
from world.database import ask
from world.kaggle_server import Answer, empty, error_in_200, html, kaggle_error, too_many_requests
from world.people import track

from kagsync import clock as times
from kagsync.safe_text import printable
from kagsync.store import Store
from kagsync.tracking import competitions

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

BOARD = board_csv(many_teams(100))
START = datetime(2025, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FACTS: dict[str, Any] = {
    "title": "Titanic - Machine Learning from Disaster",
    "deadline": "2030-01-01T00:00:00Z",
    "evaluation_metric": "Accuracy",
    "team_count": 15_000,
    "awards_points": True,
}
COLUMNS = ("title", "deadline", "metric", "kaggle_team_count", "awards_points")
KEPT = ("Titanic - Machine Learning from Disaster", "2030-01-01T00:00:00Z", "Accuracy", 15_000, 1)
NOTHING = (None,) * len(COLUMNS)


class Clock:
    """The program's clock, which only moves when a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Informed(Club):
    """A club with a clock, which learns a competition's title, deadline and more from Kaggle."""

    clock: Clock

    def track(self, slug: str = SLUG, kaggle_id: str | None = None) -> None:
        """Tracks a competition of which nothing is known yet."""
        self._begin()
        with Store.open(self.db, self.settings.locks) as store:
            track(store, [("user1", None, None)], times.utc_now())
            store.competitions.add(slug, kaggle_id or slug, times.utc_now())
        self.kaggle.board(kaggle_id or slug, BOARD)

    def asked(self) -> list[str]:
        """The competitions whose facts were asked for since the last call."""
        slugs = [request.slug for request in self.kaggle.requests if request.call == "GetCompetition"]
        self.kaggle.requests.clear()
        return slugs

    def facts(self, slug: str = SLUG) -> tuple[Any, ...]:
        (row,) = self.ask(f"SELECT {', '.join(COLUMNS)} FROM competitions WHERE slug = ?", slug)
        return row

    def told(self) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.json("show")
        return found[0]

    def sync(self) -> Ran:
        """A sync that must succeed without a warning."""
        ran = self.kagsync("sync", "--all", "-q")
        assert (ran.code, ran.out, ran.err) == (0, "", ""), ran
        return ran


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(times, "utc_now", clock)
    return clock


@pytest.fixture
def club(
    kagsync: Kagsync, settings: Settings, tmp_path: Path, kaggle: KaggleServer, clock: Clock
) -> Informed:
    """A club whose Kaggle has a competition that is not tracked yet."""
    kaggle.competition(SLUG, **FACTS)
    club = Informed(kagsync, settings, tmp_path, kaggle)
    club.clock = clock
    return club


# When Kaggle is asked


def test_the_first_sync_asks_for_what_is_not_known(club: Informed) -> None:
    club.track()
    assert club.facts() == NOTHING
    club.sync()
    assert club.asked() == [SLUG]
    assert club.facts() == KEPT
    told = club.told()
    assert [told[key] for key in ("title", "deadline", "metric", "medals")] == [*KEPT[:3], True]
    assert told["teams"] == 100  # the teams on the board; Kaggle counts more


def test_all_three_deadlines_are_known(club: Informed) -> None:
    merger, entry = "2029-12-25T23:59:00Z", "2029-12-20T23:59:00Z"
    club.kaggle.competition(SLUG, **FACTS, merger_deadline=merger, new_entrant_deadline=entry)
    club.track()
    club.sync()
    told = club.told()
    names = ("deadline", "merger_deadline", "new_entrant_deadline")
    assert [told[name] for name in names] == [FACTS["deadline"], merger, entry]
    club.kaggle.competition(SLUG, **FACTS)  # they are no longer there
    club.clock.now += DAY
    club.sync()
    assert [club.told()[name] for name in names] == [FACTS["deadline"], None, None]


def test_kaggle_is_asked_once_a_day_and_not_at_every_sync(club: Informed) -> None:
    club.track()
    club.sync()
    assert club.asked() == [SLUG]
    for hours in (0, 1, 12, 23.99):
        club.clock.now = START + timedelta(hours=hours)
        club.sync()
        assert club.asked() == [], hours
    club.clock.now = START + DAY
    club.sync()
    assert club.asked() == [SLUG]
    club.sync()
    assert club.asked() == []


def test_the_day_is_counted_also_where_boards_change(club: Informed) -> None:
    club.track()
    club.sync()
    club.asked()
    club.kaggle.board(SLUG, board_csv(many_teams(100, seed=1)), "2025-11-01T11:00:00")
    club.sync()
    assert club.asked() == []


def test_what_kaggle_says_anew_takes_the_place_of_the_old(club: Informed) -> None:
    club.track()
    club.sync()
    club.kaggle.competition(
        SLUG, title="Another", deadline="2031-05-05T12:00:00Z", evaluation_metric="AUC", team_count=7
    )
    club.clock.now += DAY
    club.sync()
    assert club.facts() == (KEPT[0], "2031-05-05T12:00:00Z", "AUC", 7, 0)
    assert club.told()["medals"] is False
    club.kaggle.competition(SLUG)  # it no longer has a deadline or a metric
    club.clock.now += DAY
    club.sync()
    assert club.facts()[1:4] == (None, None, None)


def test_a_competition_is_asked_about_by_its_name_on_kaggle(club: Informed) -> None:
    club.kaggle.competition("titanic-2", **FACTS)
    club.track("mine", "titanic-2")
    club.sync()
    assert club.asked() == ["titanic-2"]
    assert club.facts("mine") == KEPT


def test_each_of_several_competitions_is_asked_about_once(club: Informed) -> None:
    slugs = [SLUG, "digits", "houses"]
    for slug in slugs:
        club.track(slug)
        club.kaggle.competition(slug, **FACTS)
    club.sync()
    assert sorted(club.asked()) == sorted(slugs)
    club.sync()
    assert club.asked() == []
    assert [club.facts(slug) for slug in slugs] == [KEPT] * 3


@pytest.mark.long
def test_a_run_asks_about_a_few_and_the_next_about_others(club: Informed) -> None:
    slugs = {f"many{number:02}" for number in range(20)}
    for slug in slugs:
        club.track(slug)
    asked: list[str] = []
    for number in (8, 8, 4, 0):
        club.sync()
        now = club.asked()
        assert len(now) == number
        asked += now
    assert len(asked) == len(slugs)
    assert set(asked) == slugs


@pytest.mark.long
def test_with_a_run_a_day_all_get_their_turn_and_a_broken_one_takes_nobodys(club: Informed) -> None:
    slugs = [f"many{number:02}" for number in range(20)]
    for slug in slugs:
        club.track(slug)
    broken = slugs[:9]
    for slug in broken:
        club.kaggle.answer(slug, *[kaggle_error(403, "Forbidden")] * 9)
    asked: list[str] = []
    for _ in range(3):
        club.kagsync("sync", "--all", "-q")
        asked += club.asked()
        with Store.open(club.db, club.settings.locks) as store:
            for each in store.competitions.due(times.utc_now()):
                if each.facts_at is not None:
                    day_before = each.facts_at - timedelta(days=1, minutes=1)
                    with store.writing() as write:
                        write.competitions.set_facts_asked(each.id, day_before)
    assert set(asked) == set(slugs[9:])


def test_a_competition_that_is_added_is_asked_about_at_once_and_not_again_that_day(club: Informed) -> None:
    club.kaggle.board(SLUG, BOARD)
    out = club.kagsync.ok("competitions", "add", SLUG)
    assert out == f"Added {SLUG} ({KEPT[0]}, deadline 2030-01-01, metric Accuracy)\n"
    assert club.asked() == [SLUG]
    assert club.facts() == KEPT
    club.sync()
    assert club.asked() == []


def test_a_competition_that_kaggle_could_not_be_asked_about_is_asked_about_at_its_first_sync(
    club: Informed,
) -> None:
    club.kaggle.board(SLUG, BOARD)
    club.kaggle.answer(SLUG, kaggle_error(503, "x"), call="GetCompetition")
    ran = club.kagsync("competitions", "add", SLUG)
    assert ran.code == 0
    assert ran.err.startswith("WARNING kagsync: Kaggle could not be asked about titanic: ")
    assert club.asked() == [SLUG]
    assert club.facts() == NOTHING
    club.sync()
    assert club.asked() == [SLUG]
    assert club.facts() == KEPT


def test_a_board_from_disk_asks_nobody(club: Informed, tmp_path: Path) -> None:
    club.track()
    path = tmp_path / board_name(SLUG)
    path.write_bytes(BOARD)
    club.kagsync.ok("sync", SLUG, "--from", str(path))
    club.kagsync.ok("process", SLUG, str(path))
    assert club.kaggle.requests == []
    assert club.facts() == NOTHING


def test_a_sync_that_fails_asks_nothing_more(club: Informed) -> None:
    club.track()
    club.kaggle.answer(SLUG, kaggle_error(403, "x"))
    assert club.kagsync("sync", SLUG).code != 0
    assert club.asked() == []


# When Kaggle does not say

TROUBLES = {
    "404": kaggle_error(404, "x"),
    "403": kaggle_error(403, "x"),
    "401": kaggle_error(401, "x"),
    "500": kaggle_error(500, "x"),
    "503": Answer(503),
    "429": too_many_requests("3600"),
    "429 in 200": error_in_200(429, "x"),
    "HTML": html(),
    "HTML that is an error": Answer(502, {"Content-Type": "text/html"}, b"<html>"),
    "nothing": empty(),
    "a list": Answer(headers={"Content-Type": "application/json"}, body=b"[]"),
    "an object without anything": Answer(body={}),
    "null": Answer(headers={"Content-Type": "application/json"}, body=b"null"),
    "half of it": Answer(headers={"Content-Type": "application/json"}, body=b'{"title": "Tit'),
    "a deadline that is none": Answer(body={"title": "x", "deadline": "soon"}),
    "a title that is no UTF-8": Answer(body={"title": "a\ud800"}),
    "a title that is none": Answer(body={"title": {"a": [1]}}),
    "a metric that is none": Answer(body={"title": "x", "evaluationMetric": ["x"]}),
    "a huge count": Answer(body={"title": "x", "teamCount": 10**30}),
    "a count that is none": Answer(body={"title": "x", "teamCount": "many"}),
    "a deadline that is a number": Answer(body={"title": "x", "deadline": 5}),
    "points that are none": Answer(body={"title": "x", "awardsPoints": "maybe"}),
    "depth": Answer(headers={"Content-Type": "application/json"}, body=b"[" * 100_000),
    "silence": Answer(misbehave="silent", body={"title": "x"}),
    "a hang-up": Answer(misbehave="close", body={"title": "x"}),
    "drops": Answer(misbehave="drip", body={"title": "x" * 100}),
}


@pytest.mark.parametrize("answer", TROUBLES.values(), ids=TROUBLES.keys())
def test_an_answer_that_does_not_come_fails_no_sync_and_is_waited_for_until_tomorrow(
    club: Informed, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.track()
    club.kaggle.answer(SLUG, *[answer] * 5, call="GetCompetition")
    with monkeypatch.context() as quick:
        if answer.misbehave in ("silent", "drip"):
            quick.setattr(competitions, "_PATIENCE", 0.5)
        club.sync()
    assert club.asked() == [SLUG]  # one try
    assert club.facts() == NOTHING
    told = club.told()
    assert (told["on_board"], told["error"], told["snapshot_at"]) == (1, None, "2025-10-31T16:26:26Z")

    club.clock.now += timedelta(hours=23)
    club.sync()
    assert club.asked() == []
    club.kaggle._queues.clear()
    club.clock.now += timedelta(hours=1)
    club.sync()
    assert club.asked() == [SLUG]
    assert club.facts() == KEPT


@pytest.mark.parametrize(
    "answer", [html(), kaggle_error(404, "x"), Answer(body={})], ids=["HTML", "404", "an empty object"]
)
def test_what_is_known_stays_when_kaggle_does_not_say_it_again(club: Informed, answer: Answer) -> None:
    club.track()
    club.sync()
    club.clock.now += DAY
    club.kaggle.answer(SLUG, answer, call="GetCompetition")
    club.sync()
    assert club.asked() == [SLUG, SLUG]
    assert club.facts() == KEPT


def test_a_limit_on_the_facts_does_not_make_the_competition_rest(club: Informed) -> None:
    club.track()
    club.kaggle.answer(SLUG, too_many_requests("3600"), call="GetCompetition")
    club.sync()
    club.kaggle.requests.clear()
    club.clock.now += timedelta(minutes=5)
    club.sync()
    assert len(club.kaggle.downloads(SLUG)) == 1


@pytest.mark.parametrize(
    "trouble", ["a huge count", "a title that is no UTF-8", "points that are none", "404"]
)
def test_a_competition_is_added_whatever_kaggle_says_of_it(club: Informed, trouble: str) -> None:
    club.kaggle.answer(SLUG, TROUBLES[trouble], call="GetCompetition")
    ran = club.kagsync("competitions", "add", SLUG)
    assert (ran.code, ran.out) == (0, f"Added {SLUG}\n")
    assert ran.err.startswith("WARNING kagsync: ")
    assert club.facts() == NOTHING


# What people say


def test_a_title_of_ones_own_stays(club: Informed) -> None:
    club.kaggle.board(SLUG, BOARD)
    club.kagsync.ok("competitions", "add", SLUG, "--title", "Our Titanic")
    assert club.facts() == ("Our Titanic", *KEPT[1:])
    club.clock.now += DAY
    club.sync()
    assert club.facts()[0] == "Our Titanic"
    club.kagsync.ok("competitions", "add", SLUG)
    assert club.facts()[0] == "Our Titanic"


@pytest.mark.parametrize(
    ("points", "said", "medals"),
    [
        (True, (), True),
        (False, (), False),
        (True, ("--no-medals",), False),
        (False, ("--medals",), True),
    ],
)
def test_medals_are_as_people_say_and_else_as_kaggle_says(
    club: Informed, points: bool, said: tuple[str, ...], medals: bool
) -> None:
    club.kaggle.competition(SLUG, **FACTS | {"awards_points": points})
    club.kaggle.board(SLUG, BOARD)
    club.kagsync.ok("competitions", "add", SLUG, *said)
    club.kagsync.ok("users", "add", "user1")
    club.sync()
    assert club.told()["medals"] is medals
    (entry,) = json.loads(club.kagsync.ok("show", SLUG, "--format", "json"))
    assert entry["medal"] == ("gold" if medals else None)
    club.clock.now += DAY
    club.sync()
    assert club.told()["medals"] is medals


def test_the_deadline_is_told_as_the_time_that_is_left(club: Informed) -> None:
    club.kaggle.competition(SLUG, **FACTS | {"deadline": "2025-11-04T13:00:00.123Z"})
    club.track()
    club.sync()
    assert "ends in 3 d" in club.kagsync.ok("show", SLUG)
    club.clock.now += timedelta(days=4)
    assert "ended" in club.kagsync.ok("show", SLUG)


@pytest.mark.parametrize(
    "deadline",
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"],
)
def test_a_deadline_beyond_all_time_harms_nothing(club: Informed, deadline: str) -> None:
    club.kaggle.competition(SLUG, **FACTS | {"deadline": deadline})
    club.track()
    club.sync()
    for words in (["show"], ["show", SLUG], ["show", "--user", "user1"], ["competitions", "list"]):
        club.kagsync.ok(*words)
        club.kagsync.ok(*words, "--format", "json")


def test_a_strangers_title_and_metric_are_printed_harmlessly(club: Informed) -> None:
    hostile = "[red]T\x1b[2J\u202e\r\nx[/red]"
    club.kaggle.competition(SLUG, **FACTS | {"title": hostile, "evaluation_metric": hostile})
    club.kaggle.board(SLUG, BOARD)
    outs = [club.kagsync.ok("competitions", "add", SLUG)]
    club.sync()
    for words in (["show"], ["show", SLUG], ["competitions", "list"]):
        outs += [club.kagsync.ok(*words, "--format", format_) for format_ in ("table", "csv", "markdown")]
    for out in outs:
        plain = out.replace("\n", "")
        assert printable(plain) == plain
        assert "\r" not in out
    assert club.told()["title"] == hostile


# Databases from before

STORED = DATABASES / "schema-2.db"
DEMO = "spaceship-titanic"


def test_the_next_sync_of_the_same_board_fills_what_an_older_database_lacks(
    kagsync: Kagsync, settings: Settings
) -> None:
    shutil.copy(STORED, settings.db)
    before = json.loads(kagsync.ok("show", DEMO, "--format", "json"))
    assert len(before) == 20
    for table in ("medal_lines", "board_names", "deleted_accounts"):
        assert ask(settings.db, f"SELECT * FROM {table}") == []
    assert {place for (place,) in ask(settings.db, "SELECT place FROM benchmarks")} == {None}
    kagsync.ok("users", "add", "linaverow")
    assert "never seen" not in kagsync.ok("missing", DEMO).lower()

    board = DATABASES / f"{DEMO}-2.zip"
    kagsync.ok("competitions", "add", DEMO, "--no-kaggle", "--medals")
    kagsync.ok("sync", DEMO, "--from", str(board))
    assert ask(settings.db, "SELECT inferred_higher_is_better, higher_is_better FROM competitions") == [
        (1, None)
    ]
    places = ask(settings.db, "SELECT place FROM benchmarks ORDER BY place")
    assert len(places) == 2
    assert all(type(place) is int for (place,) in places)
    assert [medal for (medal,) in ask(settings.db, "SELECT medal FROM medal_lines ORDER BY rank")] == [
        "gold",
        "silver",
        "bronze",
    ]
    assert len(ask(settings.db, "SELECT * FROM board_names")) == 1
    after = json.loads(kagsync.ok("show", DEMO, "--format", "json"))
    assert {entry["next_medal"] for entry in after} - {None} != set()
    same = ("username", "rank", "score", "first_seen_at", "last_seen_at", "previous_rank", "places", "reason")
    assert [[entry[key] for key in same] for entry in after] == [
        [entry[key] for key in same] for entry in before
    ]
    assert "linaverow  linaverrow    spaceship-titanic" in kagsync.ok("missing", DEMO)
    invariants.check(settings.db)


def test_the_next_sync_of_an_older_database_asks_kaggle(club: Informed) -> None:
    shutil.copy(STORED, club.db)
    with Store.open(club.db, club.settings.locks) as store, store.writing() as write:
        write.competitions.link(store.competitions.get(DEMO).id, DEMO)
    with Store.open(club.db, club.settings.locks) as store:
        store.runs.save_thinning_notice(30, times.utc_now())  # its notice is not the subject here
    club.kaggle.competition(DEMO, **FACTS)
    club.kaggle.board(DEMO, board_csv([Team(1, "x", ("x",)), *many_teams(1800)]), "2025-11-01T00:00:00")
    club.sync()
    assert club.asked() == [DEMO]
    assert club.facts(DEMO) == ("Spaceship Titanic (demo)", *KEPT[1:])
