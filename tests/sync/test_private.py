"""The private board from Kaggle: when it is asked for, what is taken from it, and what can go wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import Team, board_csv, board_name, many_teams, submissions
from world.clocked import DAY, DEADLINE, HOUR, MINUTE, Clocked
from world.kaggle_server import (
    Answer,
    Request,
    empty,
    error_in_200,
    html,
    kaggle_error,
    too_many_requests,
)

from kagsync import clock
from kagsync.errors import OutOfTime
from kagsync.standings import ranks
from kagsync.store import Store
from kagsync.sync import fetch_private

if TYPE_CHECKING:
    from collections.abc import Callable

    from world.running import Ran


ALICE, BOB = Team(11, "Team A", ("alice",), "0.90", submissions=7), Team(12, "Team B", ("bob",), "0.80")
OTHERS = [Team(100 + i, f"other{i}", (f"other{i}",), f"0.7{9 - i}") for i in range(8)]
HOST = Team(1, "Benchmark", score="0.75", rank=0)
PUBLIC = [ALICE, BOB, *OTHERS]
# Alice falls to the end, and Bob to the middle.
PRIVATE = [*OTHERS[:4], replace(BOB, score="0.745"), *OTHERS[4:], replace(ALICE, score="0.60")]
CHANGED = [*OTHERS[1:], OTHERS[0], ALICE, BOB]
RESULT = [("bob", 5, 2, "username"), ("alice", 10, 1, "username")]


@pytest.fixture
def club(clocked: Clocked) -> Clocked:
    """A competition that ends in a day and has been synced; Alice and Bob are on its board."""
    clocked.publish(*PUBLIC)
    clocked.track("alice", "bob")
    assert clocked.sync()["private"] is None
    assert clocked.asked_for() == (1, 0)
    clocked.now = DEADLINE
    return clocked


def packed(club: Clocked, board: str) -> dict[int, int] | None:
    """The ranks of all teams on a board, by their ids, as they are stored."""
    with Store.open(club.db, club.settings.locks) as store:
        found = store.ledger(board).boards.packed_ranks(1)
    return None if found is None else ranks.unpack(found)


def times(club: Clocked) -> dict[str, str | None]:
    names = ["result_asked_since", "result_asked_at", "result_answered_at", "result_since"]
    (row,) = club.ask(f"SELECT {', '.join(names)} FROM competitions")
    return dict(zip(names, row, strict=True))


def at(moment: Any) -> str:
    return clock.iso(moment)


# When Kaggle is asked


def test_from_the_deadline_on_kaggle_is_asked_at_most_once_an_hour(club: Clocked) -> None:
    club.now = DEADLINE - MINUTE
    assert club.sync()["private"] is None
    assert club.asked_for() == (1, 0)
    club.now = DEADLINE
    assert club.sync()["private"]["status"] == "not-out"
    assert club.asked_for() == (1, 2)  # a page of each kind
    for minutes in (5, 30, 59):
        club.now = DEADLINE + minutes * MINUTE
        assert club.sync()["status"] == "not-due"
        assert club.asked_for() == (0, 0)
    club.now = DEADLINE + HOUR
    assert club.sync()["status"] == "unchanged"
    assert club.asked_for() == (1, 2)
    assert times(club) == {
        "result_asked_since": at(DEADLINE),
        "result_asked_at": at(club.now),
        "result_answered_at": at(club.now),
        "result_since": None,
    }


def test_when_nothing_is_due_a_run_says_that(club: Clocked) -> None:
    club.sync()
    assert club.ok("sync", "--all") == "Nothing is due; ended: titanic\n"
    ran = club.run("sync", "--all", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    club.now += timedelta(days=15)
    club.sync()
    assert club.ok("sync", "--all") == "Nothing is due; finished: titanic\n"
    assert club.sync() == {
        "slug": "titanic",
        "status": "not-due",
        "private": None,
        "possible_renames": [],
        **dict.fromkeys(["rows", "created", "updated", "skipped", "changed", "error"]),
    }


def test_a_run_with_something_due_names_what_is_not(club: Clocked) -> None:
    club.kaggle.competition("running")
    club.kaggle.board("running", board_csv(PUBLIC))
    club.competitions("running")
    club.sync("titanic")
    assert "; ended, not due yet: titanic\n" in club.ok("sync", "--all")


@pytest.mark.parametrize(
    "words", [("sync", "titanic"), ("sync", "--all", "--force"), ("competitions", "resume", "titanic")]
)
@pytest.mark.parametrize("days", [0.01, 20])
def test_a_person_can_have_it_asked_at_once(club: Clocked, words: tuple[str, ...], days: float) -> None:
    club.sync()
    club.now += timedelta(days=days)
    if days > 14:
        club.sync()  # finished now
        club.now += HOUR
    club.asked_for()
    assert club.sync()["status"] == "not-due"
    club.release(*PRIVATE)
    club.ok(*words)
    club.sync()
    assert club.asked_for() == (1, 2 + 1)  # and the public page again, which had not changed in between
    assert club.finals() == RESULT
    assert club.sync()["status"] == "not-due"


def test_a_finished_competition_is_never_asked_about_again(club: Clocked) -> None:
    club.release(*PRIVATE)
    for days in (2, 28, 1):
        club.sync()
        club.now += days * DAY
    assert club.json("status")["competitions"][0]["state"] == "finished"
    club.asked_for()
    for days in (1, 7, 100, 1000):
        club.now += days * DAY
        assert club.sync()["status"] == "not-due"
    assert club.asked_for() == (0, 0)


def test_somebody_new_appears_on_both_boards_of_a_finished_competition(club: Clocked) -> None:
    club.release(*PRIVATE)
    club.sync()
    club.now += 30 * DAY
    club.sync()
    club.now += 300 * DAY
    assert club.sync()["status"] == "not-due"
    club.people("other0")
    found = club.sync()
    assert (found["status"], found["private"]["status"]) == ("ok", "ok")
    assert club.ranks() == {"alice": 1, "bob": 2, "other0": 3}
    assert club.private_ranks() == {"other0": 1, "bob": 5, "alice": 10}
    assert club.sync()["status"] == "not-due"
    invariants.check(club.db)


@pytest.mark.parametrize("call", ["DownloadLeaderboard", "GetLeaderboard"])
def test_somebody_new_appears_even_if_the_first_try_fails(club: Clocked, call: str) -> None:
    club.release(*PRIVATE)
    club.sync()
    club.now += 30 * DAY
    club.sync()
    club.now += 5 * MINUTE
    club.people("other0")
    club.kaggle.answer("titanic", kaggle_error(403, "Forbidden"), call=call)
    club.run("sync", "--all")
    club.now += 5 * MINUTE
    assert club.sync()["status"] == "not-due"
    club.now += DAY
    club.sync()
    assert club.private_ranks() == {"other0": 1, "bob": 5, "alice": 10}
    club.now += 2 * DAY
    assert club.sync()["status"] == "not-due"


def test_a_deadline_that_moved_later_is_heeded(club: Clocked) -> None:
    moved = DEADLINE + 10 * DAY
    club.update(facts_at=at(DEADLINE - HOUR))
    club.ends(moved)
    # Kaggle says so at the very sync that would have asked for the result.
    assert club.sync()["private"] is None
    club.now += 5 * MINUTE
    assert club.sync()["status"] == "unchanged"
    assert club.asked_for() == (2, 0)
    club.now = moved
    assert club.sync()["private"]["status"] == "not-out"


def test_a_deadline_that_moved_earlier_is_heeded(club: Clocked) -> None:
    club.ends(DEADLINE - DAY / 2)
    club.now = DEADLINE - MINUTE
    assert club.sync()["private"] is None  # facts are asked once a day
    club.now = DEADLINE
    assert club.sync()["private"]["status"] == "not-out"


def test_a_deadline_that_is_prolonged_after_it_passed_is_heeded(club: Clocked) -> None:
    club.sync()
    moved = club.now + 20 * DAY
    club.ends(moved)
    club.now += DAY
    assert club.sync()["private"] is None  # facts are asked once a day
    club.now += 5 * MINUTE
    assert club.sync()["status"] == "unchanged"
    club.now = moved - MINUTE
    assert club.sync()["status"] == "unchanged"
    club.now = moved
    assert club.sync()["private"]["status"] == "not-out"
    club.now += 13 * DAY  # the wait begins anew
    assert club.sync()["private"]["status"] == "not-out"


@pytest.mark.parametrize("years", [0, 1, 9])
def test_a_competition_that_is_over_gets_both_boards_in_its_first_sync(club: Clocked, years: int) -> None:
    club.ends(DEADLINE, "old")
    club.kaggle.board("old", board_csv(PUBLIC))
    club.release(*PRIVATE, slug="old")
    club.now = DEADLINE + timedelta(days=365 * years + 1)
    club.competitions("old")
    club.execute("DELETE FROM competitions WHERE slug = 'titanic'")
    assert club.sync()["private"]["status"] == "ok"
    assert club.finals() == RESULT
    first = club.now
    for hours, status in ((1, "unchanged"), (23, "unchanged"), (24, "not-due"), (47, "unchanged")):
        club.now = first + hours * HOUR  # the periods count from then
        assert club.sync()["status"] == status, hours
    club.now = first + 30 * DAY
    assert club.sync()["status"] == "unchanged"
    assert club.json("status")["competitions"][0]["state"] == "finished"


def test_the_periods_of_a_result_from_a_file_count_from_kaggles_first_answer(club: Clocked) -> None:
    club.ends(DEADLINE, "old")
    club.kaggle.board("old", board_csv(PUBLIC))
    club.execute("DELETE FROM competitions WHERE slug = 'titanic'")
    club.ok("competitions", "add", "old", "--no-kaggle")
    path = club.folder / board_name("old", "2026-01-01T00:00:00", "private")
    path.write_bytes(board_csv(PRIVATE))
    club.ok("sync", "old", "--from", str(path))
    assert club.finals() == [(*each[:2], None, each[3]) for each in RESULT]
    club.now += 400 * DAY
    club.ok("competitions", "add", "old", "--kaggle-id", "old")
    club.release(*PRIVATE, slug="old")
    club.sync()
    assert club.finals() == RESULT
    for hours in (1, 2, 30, 24 * 20):
        club.now += hours * HOUR
        assert club.sync()["private"]["status"] == "unchanged", hours


def test_a_file_that_says_the_result_does_not_keep_kaggle_from_being_asked(club: Clocked) -> None:
    path = club.folder / board_name("titanic", "2026-03-02T00:00:00", "private")
    path.write_bytes(board_csv(PRIVATE))
    assert club.load(path).code == 0
    assert club.asked_for() == (0, 0)
    assert club.sync()["private"]["status"] == "not-out"


def test_a_wrong_clock_ends_nothing_for_good(club: Clocked) -> None:
    club.release(*PRIVATE)
    club.sync()
    right = club.now
    club.now += timedelta(days=3653)
    club.kaggle.private("titanic", None)
    club.sync()  # finished, by a wrong clock
    assert club.sync()["status"] == "not-due"
    club.now = right + HOUR
    club.release(*PRIVATE)
    assert club.sync()["private"]["status"] == "unchanged"
    assert times(club)["result_since"] == at(right)
    club.now += DAY
    assert club.sync()["private"]["status"] == "unchanged"


def test_the_time_of_the_result_is_corrected_by_the_next_good_clock(club: Clocked) -> None:
    right = club.now
    club.now += 20 * HOUR  # so little that its board is believed
    club.release(*PRIVATE)
    club.sync()
    wrong = club.now
    club.now = right
    club.sync()
    club.now = wrong + timedelta(seconds=1)
    club.sync()
    assert times(club)["result_since"] == at(right)


def test_a_private_board_that_a_wrong_clock_dated_in_the_future_is_dropped(club: Clocked) -> None:
    right = club.now
    club.now += timedelta(days=3653)
    club.release(*PRIVATE[::-1])
    club.sync()
    club.now = right
    club.release(*PRIVATE)
    ran = club.run("sync", "--all")
    assert ran.code == 0
    assert "Dropped the boards dated after" in ran.err
    assert club.ranks() == {"alice": 1, "bob": 2}
    assert club.finals() == RESULT
    assert times(club)["result_since"] == at(right)
    club.now += HOUR
    assert club.sync()["private"]["status"] == "unchanged"
    invariants.check(club.db)


def test_a_sync_by_hand_counts_as_asked(club: Clocked) -> None:
    club.sync()
    club.asked_for()
    club.ok("sync", "titanic", "--force")
    assert club.asked_for() == (1, 2)
    club.now += 5 * MINUTE
    assert club.sync()["status"] == "not-due"


# What is taken


@pytest.mark.parametrize("hosts", [False, True])
@pytest.mark.parametrize("size", [1, 3, 200])
def test_the_whole_board_is_taken_page_by_page(club: Clocked, size: int, hosts: bool) -> None:
    club.publish(HOST, *PUBLIC)
    club.kaggle.largest_page, club.kaggle.hosts = size, hosts
    club.release(HOST, *PRIVATE)
    found = club.sync()["private"]
    rows = len(PRIVATE) + hosts
    assert (found["status"], found["rows"], found["created"]) == ("ok", rows, 2)
    several = size < rows  # then the first page is looked at again in the end
    assert club.asked_for() == (1, 2 + -(-rows // size) + several)
    assert club.finals() == RESULT
    assert packed(club, "public") == {
        HOST.team_id: 0,
        **{team.team_id: rank for rank, team in enumerate(PUBLIC, start=1)},
    }
    expected = {team.team_id: rank for rank, team in enumerate(PRIVATE, start=1)}
    assert packed(club, "private") == ({HOST.team_id: 0} if hosts else {}) | expected
    assert club.ask("SELECT team_count, row_count FROM private_boards") == [(10, rows)]
    assert club.ask("SELECT name, place FROM private_benchmarks") == [("Benchmark", 5)] * hosts
    assert club.ask("SELECT medal, rank FROM private_medal_lines ORDER BY rank")[:1] == [("gold", 1)]
    shown = club.ok("show", "titanic")
    assert "Shake-up of all 10 teams on both boards" in shown
    invariants.check(club.db)


def test_members_and_counts_of_our_people_come_from_the_public_board(club: Clocked) -> None:
    club.release(*PRIVATE)
    club.sync()
    columns = "rank, score_text, kaggle_team_name, team_id, members, submission_count, submission_date"
    assert club.ask(f"SELECT {columns} FROM private_entries ORDER BY user_id") == [
        (10, "0.60", "Team A", 11, "alice", 7, "2025-10-30T12:00:00Z"),
        (5, "0.745", "Team B", 12, "bob", 1, "2025-10-30T12:00:00Z"),
    ]


def test_who_left_the_public_board_is_still_known_by_the_team(club: Clocked) -> None:
    club.publish(*PUBLIC[1:])
    club.release(*PRIVATE)
    club.sync()
    assert club.finals() == [("bob", 5, 1, "username"), ("alice", 10, None, "username")]


@pytest.mark.parametrize("rule", [True, False])
def test_a_team_that_is_not_on_the_public_board_goes_by_its_name(club: Clocked, rule: bool) -> None:
    club.people("carol")
    club.release(Team(77, "carol", score="0.99"), *PRIVATE)
    club.sync("--all", *([] if rule else ["--no-team-name"]))
    assert club.finals()[0] == (("carol", 1, None, "team_name") if rule else ("bob", 6, 2, "username"))
    assert ("carol*" in club.ok("show", "titanic")) == rule


def test_a_public_board_that_changes_between_two_pages_is_no_result(
    club: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, boards = club.kaggle.respond, iter([PUBLIC, PUBLIC[1:]])

    def changing(request: Request) -> Answer:
        if request.call == "GetLeaderboard" and (board := next(boards, None)):
            club.kaggle.board("titanic", board_csv(board))
        return answer(request)

    monkeypatch.setattr(club.kaggle, "respond", changing)
    assert club.sync()["private"]["status"] == "not-out"
    assert club.asked_for() == (1, 3)
    assert club.finals() == []


@pytest.mark.parametrize("board", [[], PUBLIC], ids=["empty", "the same"])
def test_a_board_that_tells_nothing_new_is_not_a_result(club: Clocked, board: list[Team]) -> None:
    club.release(*board)
    assert club.sync()["private"]["status"] == "not-out"
    assert times(club)["result_since"] is None


@pytest.mark.long
def test_two_boards_that_stay_the_same_for_two_weeks_are_final(club: Clocked) -> None:
    club.release(*PUBLIC)
    for _ in range(14):
        assert club.sync()["private"]["status"] == "not-out"
        club.now += DAY
    assert club.json("competitions", "list")[0]["phase"] == "ended"
    club.sync()
    assert club.json("competitions", "list")[0]["phase"] == "finished"
    assert "final, finished since 2026-03-15" in club.ok("show", "titanic")
    assert club.sync()["status"] == "not-due"


@pytest.mark.parametrize("ours", ["near", "far", "gone"])
def test_after_200_requests_only_our_people_are_looked_for(
    club: Clocked, monkeypatch: pytest.MonkeyPatch, ours: str
) -> None:
    monkeypatch.setattr(fetch_private, "MOST_REQUESTS", 6)
    teams = many_teams(40)
    places = {"near": (0, 1), "far": (0, 30), "gone": (0,)}[ours]
    for place, team in zip(places, (ALICE, BOB), strict=False):
        teams.insert(place, replace(team, score=teams[place].score))
    club.kaggle.largest_page = 2
    club.release(*teams)
    found = club.sync()["private"]
    pages = {"near": 6, "far": 16, "gone": 21}[ours]
    assert club.asked_for() == (1, 2 + pages + 1)
    whole = ours == "gone"  # it was read to its end in vain
    assert found["rows"] == (41 if whole else 2 * pages)
    assert [each[1] for each in club.finals()] == [place + 1 for place in places]
    (teams_known,) = club.ask("SELECT team_count FROM private_boards")[0]
    assert teams_known == (41 if whole else None)
    assert bool(club.ask("SELECT * FROM private_medal_lines")) == whole
    assert (packed(club, "private") is not None) == whole
    assert ("Shake-up of" in club.ok("show", "titanic")) == whole
    assert "of None" not in club.ok("news", "--since", "365d")
    invariants.check(club.db)


def test_a_board_that_was_read_in_part_is_later_read_as_a_whole_and_back(
    club: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_private, "MOST_REQUESTS", 2)
    board = [PRIVATE[-1], *PRIVATE[:-1], *many_teams(30)]
    club.release(*board)
    for size, teams in ((4, None), (200, 40), (4, None)):
        club.kaggle.largest_page = size
        assert club.sync()["private"]["status"] == "ok"
        assert club.ask("SELECT team_count FROM private_boards") == [(teams,)]
        assert (packed(club, "private") is None) == (teams is None)
        assert club.private_ranks() == {"alice": 1, "bob": 6}
        club.now += HOUR
    invariants.check(club.db)


def test_members_from_the_public_board_make_no_difference_to_a_hosts_file(club: Clocked) -> None:
    path = club.folder / board_name("titanic", "2026-03-01T23:59:30", "private")
    path.write_bytes(board_csv(PRIVATE))
    assert club.load(path).code == 0
    history = club.ask("SELECT * FROM private_entry_history")
    entries = club.ask("SELECT * FROM private_entries")
    club.now += HOUR
    club.release(*PRIVATE)
    assert club.sync()["private"]["changed"] == 0
    assert club.ask("SELECT * FROM private_entry_history") == history
    assert club.ask("SELECT * FROM private_entries") == entries


def test_competitions_that_are_not_linked_get_their_results_from_files(club: Clocked) -> None:
    club.ok("competitions", "add", "titanic", "--no-kaggle")
    path = club.folder / board_name("titanic", "2026-03-02T00:00:00", "private")
    path.write_bytes(board_csv(PRIVATE))
    assert club.load(path).code == 0
    assert club.finals() == RESULT
    assert club.asked_for() == (0, 0)
    assert club.ok("sync", "--all").startswith("Nothing to sync")
    assert club.json("competitions", "list")[0]["phase"] == "final"


# What can go wrong


def refused(club: Clocked, *answers: Answer) -> Ran:
    """A sync whose public board is taken, while Kaggle gives these answers about the private one."""
    club.publish(*CHANGED)
    club.kaggle.answer("titanic", *answers, call="GetLeaderboard")
    ran = club.run("sync", "--all")
    assert ran.code == 0, ran
    assert club.ranks() == {"alice": 9, "bob": 10}
    assert "private board not read: titanic" in ran.out
    assert "Traceback" not in ran.err
    assert club.nothing_left()
    invariants.check(club.db)
    return ran


FAILURES = {
    "401": [kaggle_error(401, "Unauthenticated")],
    "403": [kaggle_error(403, "Forbidden")],
    "404": [kaggle_error(404, "Not found")],
    "429": [too_many_requests()],
    "429 for long": [too_many_requests("7200")],
    "500": [kaggle_error(500, "Internal")] * 2,
    "503": [Answer(status=503)] * 2,
    "silent": [Answer(misbehave="silent")] * 2,
    "closed": [Answer(misbehave="close")] * 2,
    "cut off": [Answer(misbehave="truncate")] * 2,
    "reset": [Answer(misbehave="reset")] * 2,
    "endless": [Answer(misbehave="endless")],
    "a web page": [html()],
    "nothing": [empty()],
    "an error in 200": [error_in_200(403, "Forbidden")],
    "garbage": [Answer(body={"submissions": [{"teamId": "x", "teamName": 7, "score": []}]})],
}


@pytest.mark.parametrize(
    ("name", "page"),
    [
        pytest.param(name, page, marks=[] if number % 3 == (page // 2) else pytest.mark.long)
        for number, name in enumerate(FAILURES)
        for page in (1, 2, 4)
    ],
)
def test_a_failure_never_hurts_the_public_sync(
    club: Clocked, name: str, page: int, patience: Callable[..., None]
) -> None:
    club.kaggle.largest_page = 3
    club.release(*PRIVATE)
    good = [Answer(body=body) for body in _pages(club, page - 1)]
    patience(read_timeout=0.5, tries=2)
    ran = refused(club, *good, *FAILURES[name])
    patience(read_timeout=30.0)
    warnings = [line for line in ran.err.splitlines() if not line.startswith("INFO")]
    assert len(warnings) == 1, ran.err
    assert warnings[0].startswith("WARNING kagsync: The private leaderboard of titanic was not read: ")
    assert club.finals() == []
    health = club.json("status")["competitions"][0]
    assert (health["state"], health["failures"]) == ("fresh", 1)
    shown = club.ok("show", "titanic")
    assert (
        "Rests until" if "429" in name else "The last sync failed just now: private board not read: "
    ) in shown
    club.now += 5 * MINUTE
    assert club.sync()["status"] == "not-due"
    club.now += 2 * HOUR
    assert club.sync()["private"]["status"] == "ok"
    assert [each[:2] for each in club.finals()] == [each[:2] for each in RESULT]
    assert club.json("status")["competitions"][0]["failures"] == 0


def _pages(club: Clocked, count: int) -> list[dict[str, Any]]:
    """The bodies of the first pages that a sync asks for."""
    public, private = submissions(board_csv(CHANGED)), submissions(board_csv(PRIVATE))
    pages = [
        {"submissions": public[:3]},
        {"submissions": private[:3], "nextPageToken": "x"},
        {"submissions": public[:3]},
    ]
    return pages[:count]


def test_only_the_first_failure_in_a_row_is_a_warning(club: Clocked) -> None:
    told = []
    for hour in range(5):
        club.now = DEADLINE + hour * HOUR
        if hour != 3:
            club.kaggle.answer("titanic", kaggle_error(403, "Forbidden"), call="GetLeaderboard")
        ran = club.run("sync", "--all", "-q")
        assert (ran.code, ran.out) == (0, "")
        told.append(ran.err.count("WARNING kagsync: The private leaderboard"))
    assert told == [1, 0, 0, 0, 1]
    assert club.ask("SELECT board, status, count(*) FROM sync_runs WHERE status = 'error'") == [
        ("private", "error", 4)
    ]


def test_a_long_429_has_the_competition_rest(club: Clocked) -> None:
    refused(club, too_many_requests("7200"))
    club.asked_for()
    club.now += 90 * MINUTE
    assert club.sync()["status"] == "resting"
    assert "Rests until 2026-03-02 01:59" in club.ok("show", "titanic")
    status = json.loads(club.run("status", "--format", "json").out)
    assert status["competitions"][0]["rests_until"] == at(DEADLINE + 2 * HOUR)
    assert club.asked_for() == (0, 0)
    club.now += 30 * MINUTE
    assert club.sync()["private"]["status"] == "not-out"


@pytest.mark.parametrize("kind", ["the same token", "always another"])
def test_pages_that_never_end_are_given_up(club: Clocked, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(fetch_private, "_MOST_PAGES", 20)
    answer, count = club.kaggle.respond, iter(range(1000))

    def endless(request: Request) -> Answer:
        found = answer(request)
        if request.call == "GetLeaderboard" and not request.body.get("overridePublic"):
            number = next(count)
            team = Team(5000 + number, f"t{number}", score="0.1")
            token = "again" if kind == "the same token" else f"page {number}"
            return Answer(body={"submissions": submissions(board_csv([team])), "nextPageToken": token})
        return found

    monkeypatch.setattr(club.kaggle, "respond", endless)
    ran = club.run("sync", "--all")
    assert ran.code == 0
    assert "was not read: the private leaderboard" in ran.err
    assert len(club.kaggle.pages()) <= (2 + 2 if kind == "the same token" else 2 + 20)
    assert club.finals() == []


def test_pages_that_take_too_long_are_given_up(club: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_private, "_LONGEST", -1.0)
    club.kaggle.largest_page = 3
    club.release(*PRIVATE)
    ran = club.run("sync", "--all")
    assert ran.code == 0
    assert "did not arrive within" in ran.err
    assert club.finals() == []


def test_a_board_with_a_team_twice_is_refused_and_taken_in_the_next_hour(club: Clocked) -> None:
    club.release(*PRIVATE[:5], *PRIVATE[4:])
    ran = club.run("sync", "--all")
    assert ran.code == 0
    assert "WARNING kagsync: The private leaderboard of titanic was not read: " in ran.err
    assert "TeamId 12" in ran.err
    club.release(*PRIVATE)
    club.now += HOUR
    assert club.sync()["private"]["status"] == "ok"
    assert club.finals() == RESULT


def test_a_run_without_time_leaves_the_question_to_the_next_one(
    club: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_time(*_: object) -> None:
        raise OutOfTime("no time was left")

    club.release(*PRIVATE)
    with monkeypatch.context() as late:
        late.setattr(fetch_private, "from_kaggle", no_time)
        found = club.sync()
    assert (found["status"], found["private"]) == ("unchanged", None)
    assert times(club)["result_asked_at"] is None
    club.now += 5 * MINUTE
    assert club.sync()["private"]["status"] == "ok"


def test_a_private_board_that_shrinks_by_half_is_refused(club: Clocked) -> None:
    club.release(*PRIVATE)
    club.sync()
    club.now += HOUR
    club.release(*PRIVATE[:4])
    ran = club.run("sync", "--all")
    assert ran.code == 0
    assert "WARNING kagsync: The private leaderboard of titanic was not read: the board has 4 rows" in ran.err
    assert club.finals() == RESULT
    club.ok("sync", "titanic", "--accept-shrink")
    assert club.finals() == []


def test_a_public_sync_that_fails_is_tried_again_within_the_hour_only_once(club: Clocked) -> None:
    club.sync()
    club.now += HOUR
    club.kaggle.answer("titanic", kaggle_error(403, "Forbidden"))
    assert club.run("sync", "--all").code == 1
    assert club.asked_for()[0] == 2
    club.now += 5 * MINUTE
    assert club.sync()["status"] == "not-due"
    club.now += HOUR
    assert club.sync()["private"]["status"] == "not-out"
