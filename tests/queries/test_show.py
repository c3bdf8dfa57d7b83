"""`kagsync show`: who stands where, what moved since when, what is next, and until when."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from world.boards import Team, board_csv, many_teams
from world.club import SLUG, Club
from world.running import on_terminal, plain
from world.work import counted

from kagsync import clock
from kagsync.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

NOW = datetime(2025, 11, 10, 12, tzinfo=UTC)
YESTERDAY = "2025-11-09T11:00:00"  # 25 hours before NOW
TODAY = "2025-11-10T11:00:00"  # one hour before NOW
DELETED = "del=0123456789abcdef"

ENTRY_KEYS = [
    "competition",
    "username",
    "name",
    "group",
    "rank",
    "teams",
    "score",
    "score_text",
    "kaggle_team_name",
    "team_id",
    "members",
    "submission_date",
    "submission_count",
    "matched_by",
    "first_seen_at",
    "last_seen_at",
    "left_at",
    "since",
    "previous_rank",
    "places",
    "previous_score",
    "score_is_better",
    "new_submissions",
    "reason",
    "words",
    "next_person",
    "next_person_places",
    "next_person_score",
    "next_baseline",
    "next_baseline_places",
    "next_baseline_score",
    "medal",
    "next_medal",
    "next_medal_places",
    "next_medal_score",
    "board",
    "public_rank",
    "private_rank",
    "public_score",
    "private_score",
    "shake_up",
    "handle",
    "student_id",
    "next_person_gap",
    "next_baseline_gap",
    "next_medal_gap",
    "since_first_board",
    "local_rank",
    "local_count",
]
COMPETITION_KEYS = [
    "competition",
    "title",
    "kaggle_competition_id",
    "active",
    "teams",
    "on_board",
    "left",
    "missing",
    "rose",
    "fell",
    "best_rank",
    "best_username",
    "snapshot_at",
    "synced_at",
    "deadline",
    "metric",
    "higher_is_better",
    "medals",
    "error",
    "board",
    "phase",
    "phase_since",
    "best_handle",
    "merger_deadline",
    "new_entrant_deadline",
]


def team(number: int, member: str, score: str, submissions: int = 1) -> Team:
    """A team of one person, called otherwise than that person."""
    return Team(number, f"Team {number}", (member,), score, submissions=submissions)


A, B, C, D = (team(i, name, f"0.{9 - i}00") for i, name in enumerate(("alice", "bob", "carol", "dave"), 1))


def cells(markdown: str, key: str) -> dict[str, dict[str, str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    titles, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    found = [dict(zip(titles, row, strict=True)) for row in rows]
    return {row[key]: row for row in found}


def table_rows(club: Club, *words: str, key: str = "Person") -> dict[str, dict[str, str]]:
    """The rows of the table, cell by cell."""
    return cells(club.kagsync.ok("show", *words, "--format", "markdown"), key)


def refusal(ran: Ran) -> str:
    """The message of a command line that is wrong."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.startswith("ERROR kagsync: ")
    assert "Traceback" not in ran.err
    return ran.err


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Club:
    """A club whose clock stands still."""
    monkeypatch.setattr(clock, "utc_now", lambda: NOW)
    return Club(kagsync, settings, tmp_path)


# What moved


def test_ranks_won_and_lost_are_told_in_places(club: Club) -> None:
    club.track("alice", "bob", "carol", "dave")
    club.board(YESTERDAY, B, C, team(1, "alice", "0.550", 0), D)
    club.board(TODAY, A, B, C, D)

    entries = club.entries()
    assert {name: entry["places"] for name, entry in entries.items()} == {
        "alice": 2,
        "bob": -1,
        "carol": -1,
        "dave": 0,
    }
    assert (entries["alice"]["rank"], entries["alice"]["previous_rank"]) == (1, 3)
    assert (entries["dave"]["rank"], entries["dave"]["previous_rank"]) == (4, 4)
    rows = table_rows(club, SLUG)
    assert [rows[name]["Moved"] for name in ("alice", "bob", "carol", "dave")] == ["▲2", "▼1", "▼1", ""]
    assert [rows[name]["Why"] for name in ("alice", "bob", "dave")] == ["improved", "overtaken by 1", ""]
    assert "▲2" in club.kagsync.ok("show", SLUG)


def test_those_who_rise_because_others_left_did_not_improve(club: Club) -> None:
    club.track("carol")
    club.board(YESTERDAY, A, B, C, D)
    club.board(TODAY, C, D)

    entry = club.entries()["carol"]
    assert (entry["places"], entry["reason"], entry["score_is_better"]) == (2, "others-left", None)
    assert table_rows(club, SLUG)["carol"]["Why"] == "2 above left"
    assert table_rows(club, SLUG)["carol"]["Change"] == ""


HIGH, LOW = ("0.900", "0.100"), ("0.100", "0.900")  # the scores of the first and of the last


@pytest.mark.parametrize(
    ("ends", "said", "better", "change"),
    [
        (HIGH, (), True, "▲+0.100"),
        (LOW, (), False, "▼+0.100"),
        (HIGH, ("--lower-is-better",), False, "▼+0.100"),
        (LOW, ("--higher-is-better",), True, "▲+0.100"),
    ],
    ids=["higher", "lower", "higher, but said to be lower", "lower, but said to be higher"],
)
def test_a_score_is_marked_better_or_worse_by_the_direction_of_the_board(
    club: Club, ends: tuple[str, str], said: tuple[str, ...], better: bool, change: str
) -> None:
    club.track("alice")
    club.kagsync.ok("competitions", "add", SLUG, "--no-kaggle", *said)
    for when, score, count in ((YESTERDAY, "0.500", 1), (TODAY, "0.600", 2)):
        club.board(when, team(7, "first", ends[0]), team(1, "alice", score, count), team(9, "last", ends[1]))

    entry = club.entries()["alice"]
    assert (entry["previous_score"], entry["score"]) == (0.5, 0.6)
    assert entry["score_is_better"] is better
    assert entry["reason"] == ("improved" if better else "fell")
    assert table_rows(club, SLUG)["alice"]["Change"] == change


def test_a_direction_may_be_said_when_the_boards_are_there_already(club: Club) -> None:
    club.track("alice")
    for when, score in ((YESTERDAY, "0.500"), (TODAY, "0.600")):
        club.board(when, team(7, "first", "0.900"), team(1, "alice", score), team(9, "last", "0.100"))
    assert club.entries()["alice"]["score_is_better"] is True
    club.kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--lower-is-better")
    assert club.entries()["alice"]["score_is_better"] is False


def test_where_no_direction_is_known_a_score_is_neither_better_nor_worse(club: Club) -> None:
    club.track("alice")
    club.board(YESTERDAY, team(1, "alice", "0.500"))
    club.board(TODAY, team(1, "alice", "0.600"))

    entry = club.entries()["alice"]
    assert (entry["reason"], entry["score_is_better"]) == ("rescored", None)
    assert table_rows(club, SLUG)["alice"]["Change"] == "+0.100"


def test_new_submissions_that_bring_nothing_are_counted(club: Club) -> None:
    club.track("alice")
    club.board(YESTERDAY, team(1, "alice", "0.500", 4), B)
    club.board(TODAY, team(1, "alice", "0.500", 7), B)

    entry = club.entries()["alice"]
    assert (entry["new_submissions"], entry["submission_count"], entry["reason"]) == (3, 7, "submitted")
    row = table_rows(club, SLUG)["alice"]
    assert (row["Subs"], row["Moved"], row["Change"]) == ("7 (+3)", "", "")
    assert row["Why"] == "3 new, no gain"


def test_the_first_sight_is_new_and_no_huge_leap(club: Club) -> None:
    club.track("alice")
    club.board(YESTERDAY, B, C, D)
    club.board(TODAY, A, B, C, D)

    entry = club.entries()["alice"]
    assert entry["reason"] == "new"
    for key in ("previous_rank", "places", "previous_score", "score_is_better"):
        assert entry[key] is None
    assert entry["new_submissions"] == 0
    row = table_rows(club, SLUG)["alice"]
    assert (row["Moved"], row["Change"], row["Subs"], row["Why"]) == ("new", "", "1", "new")


def test_on_the_first_board_of_all_nobody_is_new(club: Club) -> None:
    club.track("alice", "bob")
    club.board(TODAY, A, B)
    assert {row["Moved"] for row in table_rows(club, SLUG).values()} == {""}
    assert "· the first board\n" in club.kagsync.ok("show", SLUG)
    assert {entry["reason"] for entry in club.entries().values()} == {None}


def test_a_short_history_is_compared_with_its_first_board(club: Club) -> None:
    club.track("alice", "bob", "carol")
    club.board("2025-11-10T07:00:00", A, B)
    club.board(TODAY, team(2, "bob", "0.950", 3), A, C)
    entries = club.entries()
    assert {name: entry["reason"] for name, entry in entries.items()} == {
        "bob": "improved",
        "alice": "overtaken",
        "carol": "new",
    }
    assert {entry["since"] for entry in entries.values()} == {"2025-11-10T07:00:00Z"}
    assert all(entry["since_first_board"] for entry in entries.values())
    out = club.kagsync.ok("show", SLUG)
    assert "compared with the first board, from 2025-11-10 07:00 UTC" in out


def test_who_is_tracked_later_is_not_new(club: Club) -> None:
    club.track("alice")
    club.board("2025-11-01T00:00:00", A, B, C)
    club.board(YESTERDAY, A, B)
    club.track("bob", "carol")
    club.board("2025-11-10T08:00:00", A, B)
    club.board(TODAY, A, B, C)
    assert {name: entry["reason"] for name, entry in club.entries().items()} == {
        "alice": None,
        "bob": None,
        "carol": "new",
    }


def test_who_comes_back_is_not_new(club: Club) -> None:
    club.track("bob")
    club.board("2025-11-01T00:00:00", A, B)
    club.board(YESTERDAY, A)
    club.board(TODAY, A, B)

    entry = club.entries()["bob"]
    assert (entry["reason"], entry["places"], entry["left_at"]) == ("came-back", None, None)
    assert table_rows(club, SLUG)["bob"]["Moved"] == "back"


def test_who_left_is_told_below_with_the_last_standing(club: Club) -> None:
    club.track("alice", "bob")
    club.board(YESTERDAY, A, B, C)
    club.board(TODAY, A, C)

    entry = club.entries()["bob"]
    assert (entry["reason"], entry["left_at"]) == ("left", "2025-11-10T11:00:00Z")
    assert (entry["rank"], entry["last_seen_at"]) == (2, "2025-11-09T11:00:00Z")
    assert entry["next_person"] is entry["next_baseline"] is entry["next_medal"] is None
    out = club.kagsync.ok("show", SLUG)
    assert "bob left the board on 2025-11-10 (was rank 2, score 0.700)" in out.splitlines()
    assert "bob" not in table_rows(club, SLUG)


def test_who_left_because_the_account_was_deleted_is_told_so(club: Club) -> None:
    club.track("bob")
    club.board(YESTERDAY, A, B, C)
    club.board(TODAY, A, team(2, DELETED, "0.700"), C)

    assert club.entries()["bob"]["reason"] == "deleted"
    assert (
        "bob left the board on 2025-11-10 (was rank 2, score 0.700, the account was deleted)"
        in club.kagsync.ok("show", SLUG).splitlines()
    )


def test_that_an_account_was_deleted_is_told_as_long_as_the_person_is_gone(club: Club) -> None:
    club.track("bob")
    club.board("2025-11-01T00:00:00", A, B, C)
    club.board("2025-11-02T00:00:00", A, team(2, DELETED, "0.700"), C)
    club.board(TODAY, A, team(2, DELETED, "0.700"), C)

    assert club.entries()["bob"]["reason"] is None  # nothing in the last 24 hours
    assert "bob left the board on 2025-11-02" in club.kagsync.ok("show", SLUG)
    assert "the account was deleted" in club.kagsync.ok("show", SLUG)


def test_what_happened_before_the_time_compared_with_is_no_movement(club: Club) -> None:
    club.track("alice", "bob")
    club.board("2025-11-01T00:00:00", A, B)
    club.board(YESTERDAY, team(2, "bob", "0.900", 9), A)

    for entry in club.entries().values():
        assert (entry["places"], entry["reason"], entry["words"], entry["new_submissions"]) == (
            0,
            None,
            None,
            0,
        )
        assert entry["previous_rank"] == entry["rank"]
        assert entry["previous_score"] == entry["score"]
    assert {row["Moved"] + row["Change"] + row["Why"] for row in table_rows(club, SLUG).values()} == {""}


# Since when


@pytest.fixture
def climber(club: Club) -> Club:
    """Alice at rank 5 ten days ago, 4 from 25 hours ago, 3 from 100 minutes ago and 2 from an hour ago."""
    club.track("alice")
    others = [team(9, "o", "0.090"), team(8, "p", "0.080"), team(7, "q", "0.070"), team(6, "r", "0.060")]
    alice = team(1, "alice", "0.050")
    for rank, when in (
        (5, "2025-10-31T12:00:00"),
        (4, YESTERDAY),
        (3, "2025-11-10T10:20:00"),
        (2, TODAY),
    ):
        club.board(when, *others[: rank - 1], alice, *others[rank - 1 :])
    return club


@pytest.mark.parametrize("format_", ["json", "table"])
def test_boards_are_compared_with_24_hours_ago_or_with_the_time_that_is_said(
    climber: Club, format_: str
) -> None:
    for since, previous, at in (
        (None, 4, "2025-11-09T12:00:00Z"),
        ("24h", 4, "2025-11-09T12:00:00Z"),
        ("90m", 3, "2025-11-10T10:30:00Z"),
        ("7d", 5, "2025-11-03T12:00:00Z"),
        ("1W", 5, "2025-11-03T12:00:00Z"),
        ("2w", 5, "2025-10-31T12:00:00Z"),  # the first board
        ("25 h", 4, "2025-11-09T11:00:00Z"),  # the very second of a board
        ("1501m", 5, "2025-11-09T10:59:00Z"),
        ("2025-11-09", 5, "2025-11-09T00:00:00Z"),
        ("2025-11-10", 4, "2025-11-10T00:00:00Z"),
        ("2025-11-10T10:30", 3, "2025-11-10T10:30:00Z"),
        ("2025-11-10 10:30:00", 3, "2025-11-10T10:30:00Z"),
        ("2025-11-10T10:30:00Z", 3, "2025-11-10T10:30:00Z"),
        ("2025-11-10T10:30+01:00", 4, "2025-11-10T09:30:00Z"),
        ("last", 4, "2025-11-09T12:00:00Z"),  # never looked before
    ):
        words = ("--since", since) if since else ()
        if format_ == "json":
            entry = climber.entries(*words)["alice"]
            assert (entry["previous_rank"], entry["since"]) == (previous, at), since
            assert entry["places"] == previous - 2, since
            continue
        out = climber.kagsync.ok("show", SLUG, *words)
        first = "the first board, from " if since == "2w" else ""
        assert f"compared with {first}{at.replace('T', ' ').removesuffix(':00Z')} UTC" in out, since
        assert f"▲{previous - 2}  " in out, since


def test_what_is_no_time_is_refused(climber: Club) -> None:
    for since in ("yesterday", "24", "h", "-1h", "", "1.5h", "999999w", "2025-13-01"):
        assert "not a time" in refusal(climber.kagsync("show", SLUG, f"--since={since}")), since
    for since in ("2025-11-11", "2025-11-10T12:00:01", "2025-11-10T12:30-01:00"):
        assert "in the future" in refusal(climber.kagsync("show", SLUG, f"--since={since}")), since


@pytest.mark.parametrize("format_", ["table", "json"])
def test_a_time_long_before_any_board_is_a_time_or_no_time(climber: Club, format_: str) -> None:
    for since in ("99999w", "0999-12-31T23:59", "0001-01-01", "0001-01-01T00:00+14:00"):
        ran = climber.kagsync("show", SLUG, "--since", since, "--format", format_)
        if ran.code != 0:
            assert "not a time" in refusal(ran), since
        elif format_ == "json":
            told = json.loads(ran.out)[0]["since"]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told), since


def test_the_trend_tells_the_ranks_of_a_week_at_equal_intervals(climber: Club) -> None:
    # At rank 4 from 25 hours before the latest board on, 5 before that: in the last two of twelve moments.
    assert table_rows(climber, SLUG)["alice"]["Trend (7 d)"] == "▁▁▁▁▁▁▁▁▁▁▃█"


def test_the_trend_goes_as_far_back_as_the_time_compared_with_and_not_before_the_first_board(
    climber: Club,
) -> None:
    assert "Trend (8 d)" in table_rows(climber, SLUG, "--since", "2025-11-02T11:00")["alice"]
    assert "Trend (9 d)" in table_rows(climber, SLUG, "--since", "90d")["alice"]  # ten days before NOW
    assert table_rows(climber, SLUG, "--since", "90d")["alice"]["Trend (9 d)"].endswith("▁▃█")


def test_all_people_of_a_table_have_the_same_moments_and_blanks_while_they_were_absent(club: Club) -> None:
    club.track("alice", "bob", "carol")
    bob, carol = team(2, "bob", "0.850"), team(3, "carol", "0.820")
    club.board("2025-11-10T00:00:00", A, carol)
    club.board("2025-11-10T06:00:00", A, bob)
    club.board("2025-11-10T11:00:00", bob, team(1, "alice", "0.700"), carol)
    lines = club.kagsync.ok("show", SLUG, "--columns", "trend,person").splitlines()
    trends = {line[-5:].strip(): line[:12] for line in lines if line.endswith(("alice", "bob", "carol"))}
    assert trends == {"alice": "███████████▁", "bob": "      ▁▁▁▁▁█", "carol": "██████     ▁"}


def test_one_board_is_no_trend(club: Club) -> None:
    club.track("alice")
    club.board(TODAY, A, B)
    assert "Trend" not in club.kagsync.ok("show", SLUG)


def test_the_trends_of_any_number_of_people_take_one_query(climber: Club) -> None:
    def statements(users: range) -> int:
        with counted() as work, Store.open_to_read(climber.db, climber.settings.locks) as store:
            assert store.history.ranks_at(1, users, range(1, 13)).keys() == {*users}
        return work.statements

    assert statements(range(200)) == statements(range(1))


# What is next


def test_the_next_person_and_the_next_baseline_are_told_with_places_and_score(club: Club) -> None:
    club.track("alice", "carol", "dave")
    club.board(
        TODAY,
        A,
        Team(91, "Hard baseline", (), "0.750", rank=0),
        B,
        C,
        Team(92, "Easy baseline", (), "0.550", rank=0),
        D,
    )
    entries = club.entries()
    gaps = ("next_person", "next_person_places", "next_person_score")
    marks = ("next_baseline", "next_baseline_places", "next_baseline_score")
    assert [entries["alice"][key] for key in (*gaps, *marks)] == [None] * 6
    assert [entries["carol"][key] for key in gaps] == ["alice", 2, 0.2]
    assert [entries["carol"][key] for key in marks] == ["Hard baseline", 1, 0.15]
    assert [entries["dave"][key] for key in gaps] == ["carol", 1, 0.1]
    assert [entries["dave"][key] for key in marks] == ["Easy baseline", 0, 0.05]
    row = table_rows(club, SLUG)["carol"]
    assert (row["Next person"], row["Next baseline"]) == ("0.200 (2) alice", "0.150 (1) Hard baseline")
    assert row["Next medal"] == ""
    assert "Next: the score still missing, and the places in parentheses" in club.kagsync.ok("show", SLUG)


def test_a_baseline_is_ahead_when_it_is_lower_where_lower_is_better(club: Club) -> None:
    club.track("alice")
    club.board(
        TODAY,
        team(2, "b", "0.100"),
        Team(91, "good", (), "0.200", rank=0),
        team(1, "alice", "0.300"),
        Team(92, "bad", (), "0.400", rank=0),
    )
    entry = club.entries()["alice"]
    assert (entry["next_baseline"], entry["next_baseline_score"]) == ("good", 0.1)


def test_team_mates_are_not_ahead_of_one_another(club: Club) -> None:
    club.track("alice", "bob")
    club.board(TODAY, C, Team(1, "Both", ("alice", "bob"), "0.100"))
    assert [entry["next_person"] for entry in club.entries().values()] == [None, None]


@pytest.fixture
def hundred(club: Club) -> Club:
    """A board of a hundred teams: gold to rank 10, silver to 20, bronze to 40."""
    club.track("user4", "user14", "user34", "user59")
    club.board(TODAY, *many_teams(100))
    return club


def medals(club: Club) -> dict[str, tuple[object, ...]]:
    return {
        name: (entry["medal"], entry["next_medal"], entry["next_medal_places"])
        for name, entry in club.entries().items()
    }


ALL_MEDALS = {
    "user4": ("gold", None, None),
    "user14": ("silver", "gold", 5),
    "user34": ("bronze", "silver", 15),
    "user59": (None, "bronze", 20),
}
NO_MEDALS = dict.fromkeys(ALL_MEDALS, (None, None, None))


def test_medals_are_told_where_somebody_or_kaggle_says_that_there_are_some(hundred: Club) -> None:
    assert medals(hundred) == NO_MEDALS
    hundred.update(awards_points=1)
    assert medals(hundred) == ALL_MEDALS
    hundred.update(awards_points=0)
    assert medals(hundred) == NO_MEDALS
    hundred.kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--medals")
    assert medals(hundred) == ALL_MEDALS


def test_that_there_are_no_medals_beats_what_kaggle_says(hundred: Club) -> None:
    hundred.update(awards_points=1)
    hundred.kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--no-medals")
    assert medals(hundred) == NO_MEDALS
    assert "medal" not in hundred.kagsync.ok("show", SLUG)


def test_the_medal_column_tells_the_medal_where_none_is_next(hundred: Club) -> None:
    hundred.update(awards_points=1)
    rows = table_rows(hundred, SLUG)
    assert rows["user4"]["Next medal"] == "in gold"
    assert re.fullmatch(r"0\.\d{5} \(5\) gold", rows["user14"]["Next medal"])


def test_for_one_person_the_gaps_are_told_in_words(club: Club) -> None:
    club.track("alice", "bob", "carol")
    club.kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--medals")
    others = [team(100 + i, f"x{i}", f"0.0{99 - i}") for i in range(30)]
    club.board(TODAY, A, Team(91, "The bar", (), "0.750", rank=0), B, C, D, *others)

    lines = club.kagsync.ok("show", SLUG, "--user", "carol").splitlines()
    assert "Next person: bob, 1 place, 0.100 in score" in lines
    assert "Next baseline: The bar, 1 place, 0.150 in score" in lines
    assert not any(line.startswith("Next medal") for line in lines)  # carol has gold
    assert "Next: the score" not in "\n".join(lines)
    assert "Next person:" not in club.kagsync.ok("show", SLUG)
    assert "Next " not in club.kagsync.ok("show", SLUG, "--user", "alice").replace("Next medal", "")
    assert [*club.entries("--user", "CAROL")] == ["carol"]


def test_a_user_who_is_not_tracked_is_refused_with_a_similar_name(club: Club) -> None:
    club.track("alice")
    assert "Did you mean alice?" in refusal(club.kagsync("show", SLUG, "--user", "alise"))
    assert "Did you mean titanic?" in refusal(club.kagsync("show", "titanik"))


# Until when


@pytest.mark.parametrize(
    ("deadline", "header", "cell"),
    [
        (NOW + timedelta(days=3, hours=1), "ends in 3 d", "in 3 d"),
        (NOW + timedelta(hours=5), "ends in 5 h", "in 5 h"),
        (NOW + timedelta(minutes=9), "ends in 9 min", "in 9 min"),
        (NOW + timedelta(days=1000), "ends in 2 y", "in 2 y"),
        (NOW, "ended", "ended"),
        (NOW - timedelta(days=3), "ended", "ended"),
        (None, None, ""),
    ],
)
def test_the_deadline_is_told_as_the_time_that_is_left(
    club: Club, deadline: datetime | None, header: str | None, cell: str
) -> None:
    club.track("alice")
    club.board(TODAY, A)
    club.update(deadline=None if deadline is None else clock.iso(deadline))

    facts = re.split(r" · |\n", club.kagsync.ok("show", SLUG).split("\n\n")[0])
    assert [fact for fact in facts if fact.startswith("end")] == ([header] if header else [])
    assert table_rows(club, key="Competition")[SLUG]["Ends"] == cell


def test_a_deadline_within_a_minute_is_told_in_words_that_make_sense(club: Club) -> None:
    club.track("alice")
    club.board(TODAY, A)
    club.update(deadline=clock.iso(NOW + timedelta(seconds=30)))
    assert "ends in now" not in club.kagsync.ok("show", SLUG)


# Programs


def numbers_are_numbers(entry: dict[str, Any]) -> None:
    whole = ("rank", "teams", "team_id", "submission_count", "previous_rank", "places", "new_submissions")
    whole += ("local_rank", "local_count")
    for key, value in entry.items():
        if key in whole or key.endswith("_places"):
            assert value is None or type(value) is int, key
        elif key in ("score", "previous_score") or key.endswith(("_score", "_gap")):
            assert value is None or type(value) is float, key


def test_an_entry_for_programs_has_these_keys_whatever_is_known(club: Club) -> None:
    club.track("alice", "bob", "carol", "gone")
    club.board(YESTERDAY, A, team(9, "gone", "0.750"), B, Team(91, "bar", (), "0.710", rank=0))
    club.board(TODAY, A, Team(91, "bar", (), "0.710", rank=0), B, C)

    found = json.loads(club.kagsync.ok("show", SLUG, "--format", "json"))
    assert [entry["username"] for entry in found] == ["alice", "bob", "carol", "gone"]
    for entry in found:
        assert list(entry) == ENTRY_KEYS
        numbers_are_numbers(entry)
    assert found[1] == {
        "competition": SLUG,
        "username": "bob",
        "name": None,
        "group": None,
        "rank": 2,
        "teams": 3,
        "score": 0.7,
        "score_text": "0.700",
        "kaggle_team_name": "Team 2",
        "team_id": 2,
        "members": ["bob"],
        "submission_date": "2025-10-30T12:00:00Z",
        "submission_count": 1,
        "matched_by": "username",
        "first_seen_at": "2025-11-09T11:00:00Z",
        "last_seen_at": "2025-11-10T11:00:00Z",
        "left_at": None,
        "since": "2025-11-09T12:00:00Z",
        "previous_rank": 3,
        "places": 1,
        "previous_score": 0.7,
        "score_is_better": None,
        "new_submissions": 0,
        "reason": "others-left",
        "words": "1 above left",
        "next_person": "alice",
        "next_person_places": 1,
        "next_person_score": 0.1,
        "next_baseline": "bar",
        "next_baseline_places": 0,
        "next_baseline_score": 0.01,
        "medal": None,
        "next_medal": None,
        "next_medal_places": None,
        "next_medal_score": None,
        "board": "public",
        "public_rank": 2,
        "private_rank": None,
        "public_score": 0.7,
        "private_score": None,
        "shake_up": None,
        "handle": "bob",
        "student_id": None,
        "next_person_gap": 0.1,
        "next_baseline_gap": 0.01,
        "next_medal_gap": None,
        "since_first_board": False,
        "local_rank": 2,
        "local_count": 3,
    }


def test_an_old_board_without_ranks_and_numbers_has_the_same_keys(club: Club) -> None:
    club.track("alice", "bob")
    club.board(TODAY, Team(1, "alice", (), "0.5"), Team(2, "x", (), "0.9"), Team(3, "bob", (), ""), old=True)
    found = json.loads(club.kagsync.ok("show", SLUG, "--format", "json"))
    for entry in found:
        assert list(entry) == ENTRY_KEYS
        numbers_are_numbers(entry)
        assert (entry["members"], entry["matched_by"]) == ([], "team_name")
    assert club.kagsync.ok("show", SLUG)


def test_csv_is_the_same_without_the_text_of_the_score_and_the_list_of_members(club: Club) -> None:
    club.track("alice", "bob")
    club.board(YESTERDAY, A, B)
    club.board(TODAY, team(2, "bob", "0.950", 3), A)

    entries = json.loads(club.kagsync.ok("show", SLUG, "--format", "json"))
    rows = list(csv.DictReader(io.StringIO(club.kagsync.ok("show", SLUG, "--format", "csv"))))
    titles = [key for key in ENTRY_KEYS if key not in ("score_text", "members")]
    assert [list(row) for row in rows] == [titles, titles]
    for row, entry in zip(rows, entries, strict=True):
        assert row == {key: "" if entry[key] is None else str(entry[key]) for key in titles}
    assert [row["places"] for row in rows] == ["1", "-1"]


def test_the_overview_for_programs_has_these_keys_whatever_is_known(club: Club) -> None:
    club.track("alice", "bob", "carol", "dave")
    club.board(YESTERDAY, A, B, C)
    club.board(TODAY, team(2, "bob", "0.950"), A)
    club.track(slug="empty")

    told = {each["competition"]: each for each in json.loads(club.kagsync.ok("show", "--format", "json"))}
    assert [list(each) for each in told.values()] == [COMPETITION_KEYS, COMPETITION_KEYS]
    assert told[SLUG] == {
        "competition": SLUG,
        "title": None,
        "kaggle_competition_id": None,
        "active": True,
        "teams": 2,
        "on_board": 2,
        "left": 1,
        "missing": 1,
        "rose": 1,
        "fell": 1,
        "best_rank": 1,
        "best_username": "bob",
        "snapshot_at": "2025-11-10T11:00:00Z",
        "synced_at": "2025-11-10T12:00:00Z",
        "deadline": None,
        "metric": None,
        "higher_is_better": True,
        "medals": False,
        "error": None,
        "board": "public",
        "phase": "running",
        "phase_since": None,
        "best_handle": "bob",
        "merger_deadline": None,
        "new_entrant_deadline": None,
    }
    assert (told["empty"]["teams"], told["empty"]["missing"], told["empty"]["best_rank"]) == (None, 4, None)
    csv_titles = club.kagsync.ok("show", "--format", "csv").splitlines()[0].split(",")
    assert csv_titles == COMPETITION_KEYS


def test_an_empty_board_gives_an_empty_array(club: Club) -> None:
    club.track("alice")
    assert json.loads(club.kagsync.ok("show", SLUG, "--format", "json")) == []
    assert club.kagsync.ok("show", SLUG, "--format", "csv") in ("", "\n")
    assert "No board yet" in club.kagsync.ok("show", SLUG)


# Groups


@pytest.fixture
def classes(club: Club) -> Club:
    """Alice and bob in red, carol in blue, dave and erin in none; erin is missing, bob has left."""
    club.track()
    club.kagsync.ok("users", "add", "alice", "bob", "--group", "red")
    club.kagsync.ok("users", "add", "carol", "--group", "blue")
    club.kagsync.ok("users", "add", "dave", "erin")
    club.board(YESTERDAY, A, B, C, D)
    club.board(TODAY, A, C, D)
    return club


def test_a_group_is_shown_alone(classes: Club) -> None:
    assert [*classes.entries("--group", "red")] == ["alice", "bob"]
    assert [*classes.entries("--group", "blue")] == ["carol"]
    out = classes.kagsync.ok("show", SLUG, "--group", "red")
    assert "bob left" in out
    for stranger in ("carol", "dave", "erin"):
        assert stranger not in out.replace("Next", "")
    overview = json.loads(classes.kagsync.ok("show", "--group", "red", "--format", "json"))
    assert (overview[0]["on_board"], overview[0]["left"], overview[0]["missing"]) == (1, 1, 0)


def test_the_next_person_of_a_group_may_be_of_another(classes: Club) -> None:
    assert classes.entries("--group", "blue")["carol"]["next_person"] == "alice"


@pytest.mark.parametrize("words", [["show"], ["show", SLUG], ["show", SLUG, "--by-group"], ["missing", SLUG]])
def test_an_unknown_group_is_refused_with_a_similar_one(classes: Club, words: list[str]) -> None:
    assert "Did you mean blue?" in refusal(classes.kagsync(*words, "--group", "bleu"))
    assert "nobody is in a group 'zzz'" in refusal(classes.kagsync(*words, "--group", "zzz"))


def test_by_group_there_is_a_block_for_each_and_one_for_those_in_none_at_the_end(classes: Club) -> None:
    out = classes.kagsync.ok("show", SLUG, "--by-group")
    titles = [line for line in out.splitlines() if line.endswith(f": {SLUG}")]
    assert titles == [f"blue: {SLUG}", f"red: {SLUG}", f"Without a group: {SLUG}"]
    blue, red, none = re.split(rf"^.*: {SLUG}$", out, flags=re.MULTILINE)[1:]
    assert re.search(r"^ *2 .*carol", blue, re.MULTILINE)
    assert re.search(r"^ *1 .*alice", red, re.MULTILINE)
    assert "bob left the board" in red
    assert re.search(r"^ *3 .*dave", none, re.MULTILINE)
    assert "Never seen on any board: erin" in none
    assert "erin" not in blue + red
    assert "bob" not in blue + none


def test_by_group_in_markdown_there_is_a_table_for_each(classes: Club) -> None:
    out = classes.kagsync.ok("show", SLUG, "--by-group", "--format", "markdown")
    assert re.findall(r"^\*\*(.*)\*\*$", out, re.MULTILINE) == [
        f"blue: {SLUG}",
        f"red: {SLUG}",
        f"Without a group: {SLUG}",
    ]
    assert len(re.findall(r"^\| Rank \|", out, re.MULTILINE)) == 3
    assert re.search(r"[^\n]\n\n\*\*red", out)


def test_by_group_programs_get_the_same_as_without_but_for_the_places_in_the_group(classes: Club) -> None:
    whole, by_group = (classes.json("show", SLUG, *words) for words in ((), ("--by-group",)))
    local = ("local_rank", "local_count")
    for entries in (whole, by_group):
        assert all(list(entry) == ENTRY_KEYS for entry in entries)
    assert [{**entry, **dict.fromkeys(local)} for entry in by_group] == [
        {**entry, **dict.fromkeys(local)} for entry in whole
    ]
    rows = csv.DictReader(io.StringIO(classes.ok("show", SLUG, "--by-group", "--format", "csv")))
    found = [tuple(row[key] for key in local) for row in rows]
    assert found == [
        tuple("" if entry[key] is None else str(entry[key]) for key in local) for entry in by_group
    ]


def test_by_group_a_single_group_is_a_block_of_its_own(classes: Club) -> None:
    out = classes.kagsync.ok("show", SLUG, "--by-group", "--group", "blue")
    assert out.startswith(f"blue: {SLUG}\n")
    assert out.count(SLUG) == 1


def test_by_group_is_not_for_one_person(classes: Club) -> None:
    ran = classes.kagsync("show", SLUG, "--by-group", "--user", "carol")
    assert "--by-group and --user contradict each other" in refusal(ran)


def test_by_group_without_anybody_something_is_said_all_the_same(club: Club) -> None:
    club.track()
    club.board(TODAY, A)
    assert SLUG in club.kagsync.ok("show", SLUG, "--by-group")


def test_by_group_goes_with_a_competition(classes: Club) -> None:
    assert "kagsync show SLUG --by-group" in refusal(classes.kagsync("show", "--by-group"))


def test_a_person_and_a_group_contradict_each_other(classes: Club) -> None:
    for words in (["show"], ["show", SLUG]):
        ran = classes.kagsync(*words, "--user", "alice", "--group", "red")
        assert "--user and --group contradict each other" in refusal(ran)


# Several competitions


@pytest.fixture
def several(club: Club) -> Club:
    """Alice on two boards of three, and gone from a fourth."""
    for slug in ("digits", "houses", "sharks", SLUG):
        club.track(slug=slug)
    club.kagsync.ok("users", "add", "alice", "bob", "carol")
    bob = team(2, "bob", "0.850")
    club.board(YESTERDAY, bob, A)
    club.board(TODAY, team(1, "alice", "0.900"), bob)
    club.board(YESTERDAY, bob, team(3, "carol", "0.820"), A, slug="digits")
    club.board(TODAY, team(3, "carol", "0.990"), bob, A, slug="digits")
    club.board(YESTERDAY, A, B, slug="sharks")
    club.board(TODAY, B, slug="sharks")
    return club


def test_one_person_is_shown_on_every_board_in_one_table(several: Club) -> None:
    out = several.kagsync.ok("show", "--user", "alice")
    rows = table_rows(several, "--user", "alice", key="Competition")
    assert {slug: (row["Rank"], row["Moved"]) for slug, row in rows.items()} == {
        "digits": ("3", ""),
        SLUG: ("1", "▲1"),
    }
    assert rows["digits"]["Team"] == "Team 1"
    assert rows["digits"]["Next person"] == "0.050 (1) bob"
    assert "sharks: alice left the board on 2025-11-10 (was rank 1, score 0.800)" in out.splitlines()
    assert "Not on the board of: houses" in out.splitlines()
    assert len([line for line in out.splitlines() if line.startswith("Competition")]) == 1
    found = json.loads(several.kagsync.ok("show", "--user", "@Alice", "--format", "json"))
    assert [(entry["competition"], entry["rank"]) for entry in found] == [
        ("digits", 3),
        ("sharks", 1),
        (SLUG, 1),
    ]
    assert all(list(entry) == ENTRY_KEYS for entry in found)


def test_the_overview_tells_how_many_moved_and_when_it_ends(several: Club) -> None:
    several.update(deadline=clock.iso(NOW + timedelta(days=3)))
    several.update("digits", deadline=clock.iso(NOW - timedelta(days=3)))
    rows = table_rows(several, key="Competition")
    assert {slug: (row["Moved"], row["Ends"], row["Ours"]) for slug, row in rows.items()} == {
        "digits": ("▲1 ▼1", "ended", "3 of 3"),
        "houses": ("", "", "0 of 3"),
        "sharks": ("▲1", "", "1 of 3"),
        SLUG: ("▲1 ▼1", "in 3 d", "2 of 3"),
    }
    assert rows[SLUG]["Person"] == "alice"
    assert re.search(rf"^{SLUG} .*▲1 ▼1 .*in 3 d", several.kagsync.ok("show"), re.MULTILINE)


def test_the_overview_compares_with_the_time_that_is_said(several: Club) -> None:
    rows = table_rows(several, "--since", "30m", key="Competition")
    assert {row["Moved"] for row in rows.values()} == {""}


# Terminals


def test_a_result_names_the_time_it_is_compared_with_once_it_has_changed(club: Club) -> None:
    def release(when: str, *teams: Team) -> str:
        ran = club.load(club.file(board_csv(teams), when), "--board", "private", "--accept-shrink")
        assert ran.code == 0, ran
        return club.ok("show", SLUG)

    club.track("alice", "carol")
    club.board("2025-11-07T09:00:00", A, B, C)
    out = release("2025-11-08T09:00:00", B, C, A)
    assert "Shake-up" in out
    assert "compared with" not in out  # the shake-up is from one board to the other
    out = release(TODAY, C, A)
    assert "compared with 2025-11-09 12:00 UTC" in out
    assert "1 above was removed" in out


@pytest.mark.long
def test_on_a_terminal_of_80_columns_no_line_is_wider(several: Club) -> None:
    more = [team(20 + i, f"somebody{i:02}", f"0.0{99 - i}", 30 + i) for i in range(30)]
    several.kagsync.ok("users", "add", *(f"somebody{i:02}" for i in range(0, 30, 2)), "--group", "a class")
    several.kagsync.ok("users", "add", *(f"absentee{i:02}" for i in range(20)))
    several.kagsync.ok("users", "add", "alice", "--name", "Alice Elisabeth Ace-Longname", "--group", "red")
    mark = Team(91, "the host's own long baseline of last year", (), "0.850", rank=0)
    several.kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--medals", "--title", "T" * 40)
    several.update(deadline="2300-01-01T00:00:00Z")
    several.board("2025-11-10T11:30:00", mark, team(2, "bob", "0.820"), A, *more)

    since = ("--since", "2025-11-09T12:00")
    for words in (
        ["show", SLUG],
        ["show", SLUG, "--user", "alice"],
        ["show", SLUG, "--by-group"],
        ["show", "--user", "alice"],
        ["show"],
    ):
        out = plain(on_terminal(*words, *since))
        wide = [line for line in out.splitlines() if cell_len(line) > 80]
        assert not wide, (words, wide)
        assert SLUG in out


def test_on_a_wide_terminal_every_column_is_there(several: Club) -> None:
    out = plain(on_terminal("show", SLUG, "--since", "2025-11-09T12:00", width=250))
    for title in ("Rank", "Moved", "Person", "Team", "Why", "Next person", "Trend"):
        assert re.search(rf"^.*\b{title}\b.*\n─", out, re.MULTILINE), title


# Which people and which columns


def test_the_next_person_is_shown_by_name_and_told_to_programs_by_username(club: Club) -> None:
    club.track()
    club.kagsync.ok("users", "add", "alice", "--name", "Alice Ace")
    club.kagsync.ok("users", "add", "bob", "carol")
    club.board(TODAY, A, B, C)
    rows = table_rows(club, SLUG)
    assert rows["bob"]["Next person"] == "0.100 (1) Alice Ace"
    assert rows["carol"]["Next person"] == "0.100 (1) bob"
    assert "Next person: Alice Ace, 1 place, 0.100 in score" in club.kagsync.ok("show", SLUG, "--user", "bob")
    assert club.entries()["bob"]["next_person"] == "alice"


def test_whoever_has_the_same_score_is_tied(club: Club) -> None:
    club.track("alice", "bob")
    club.board(TODAY, A, team(9, "x", "0.800"), team(2, "bob", "0.800"))
    assert table_rows(club, SLUG)["bob"]["Next person"] == "tied (2) alice"
    assert "Next person: tied with alice, 2 places" in club.kagsync.ok("show", SLUG, "--user", "bob")
    assert club.entries()["bob"]["next_person_score"] == 0.0


def test_a_gap_smaller_than_the_decimals_of_our_scores_is_no_zero(club: Club) -> None:
    club.track("bob")
    club.board(TODAY, Team(91, "bar", (), "0.80004", rank=0), team(8, "x", "0.9"), team(2, "bob", "0.8"))
    assert table_rows(club, SLUG)["bob"]["Next baseline"] == "0.00004 (0) bar"


def test_people_are_sorted_and_limited_for_people_and_for_programs(classes: Club) -> None:
    for sort, expected in (("-rank", ["dave", "carol"]), ("username", ["alice", "carol"])):
        words = (SLUG, "--sort", sort, "--limit", "2")
        assert [*table_rows(classes, *words)] == expected
        assert [*classes.entries("--sort", sort, "--limit", "2")] == expected
        out = classes.kagsync.ok("show", *words)
        assert "2 more are not shown (--limit)" in out  # one of them has left
        assert "3 of ours" in out
    assert "not shown" not in classes.kagsync.ok("show", SLUG, "--limit", "4")


def test_by_group_the_limit_is_of_each_group(classes: Club) -> None:
    out = classes.kagsync.ok("show", SLUG, "--by-group", "--limit", "1")
    assert [re.search(rf" {name}\b", out) is not None for name in ("alice", "carol", "dave")] == [True] * 3
    assert out.count("1 more is not shown") == 1  # bob, who has left
    data = json.loads(classes.kagsync.ok("show", SLUG, "--by-group", "--limit", "1", "--format", "json"))
    assert [each["username"] for each in data] == ["alice", "carol", "dave"]


def test_one_persons_boards_are_sorted_and_limited_too(several: Club) -> None:
    words = ("--user", "alice", "--sort", "rank", "--limit", "1")
    assert [*table_rows(several, *words, key="Competition")] == [SLUG]
    assert [each["competition"] for each in several.json("show", *words)] == [SLUG]


@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_columns_are_shown_in_the_order_given(classes: Club, format_: str) -> None:
    out = classes.kagsync.ok("show", SLUG, "--columns", "score, Person,last-sub", "--format", format_)
    head = next(line for line in out.splitlines() if "Score" in line)
    assert re.findall(r"\w+(?: \w+)?", head) == ["Score", "Person", "Last sub"]
    assert "Next:" not in out
    assert "Next:" in classes.kagsync.ok("show", SLUG, "--columns", "person,next_person")


def test_a_chosen_column_that_a_board_does_not_have_is_left_out(classes: Club) -> None:
    out = classes.kagsync.ok("show", SLUG, "--columns", "shake_up,person")
    assert re.search(r"^Person\nalice\n", out, re.MULTILINE)
    assert "Nothing is in: Shake-up" in out
    alone = classes.kagsync.ok("show", SLUG, "--columns", "shake_up")
    assert "\n\n\n" not in alone
    assert "Nothing is in: Shake-up" in alone


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--sort", "scor"), "Did you mean score?"),
        (("--sort", "-trend"), "rank, public_rank"),
        (("--sort", ""), "is not a column. Choose from rank, public_rank"),
        (("--columns", "rank,nmae"), "'nmae' is not a column. "),
        (("--columns", "rank,persn"), "Did you mean person?"),
        (("--columns", ""), "is not a column. Choose from rank, public_rank"),
        (("--columns", "rank", "--format", "json"), "--columns does not go with --format json"),
        (("--columns", "rank", "--format", "csv"), "--columns does not go with --format csv"),
        (("--local-time", "--format", "json"), "--local-time does not go with --format json"),
        (("--limit", "0"), "'--limit'"),
    ],
)
def test_a_wrong_choice_is_refused(classes: Club, words: tuple[str, ...], expected: str) -> None:
    assert expected in refusal(classes.kagsync("show", SLUG, *words))


@pytest.mark.parametrize("words", [("--sort", "rank"), ("--limit", "1"), ("--columns", "rank")])
def test_the_overview_of_competitions_has_no_such_choices(classes: Club, words: tuple[str, str]) -> None:
    assert f"{words[0]} needs a competition" in refusal(classes.kagsync("show", *words))


def test_times_can_be_local(classes: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")  # 13 hours ahead
    time.tzset()
    try:
        classes.update(deadline=clock.iso(NOW + timedelta(days=3)))
        out = classes.kagsync.ok("show", SLUG, "--local-time")
        assert "board of 2025-11-11 00:00 NZDT" in out
        assert "compared with 2025-11-10 01:00 NZDT" in out
        assert "bob left the board on 2025-11-11" in out
        assert "UTC" not in out
        assert "board of 2025-11-10 11:00 UTC" in classes.kagsync.ok("show", SLUG)
        assert "left the board on 2025-11-11" in classes.kagsync.ok("show", "--user", "bob", "--local-time")
        assert classes.kagsync.ok("show", "--local-time") == classes.kagsync.ok("show")
    finally:
        monkeypatch.undo()
        time.tzset()


# Widths


@pytest.fixture
def at_width(monkeypatch: pytest.MonkeyPatch, kagsync: Kagsync) -> Callable[..., str]:
    """What a command shows on a terminal that is so wide, run in this process."""

    def shown(width: int, *words: str) -> str:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setenv("COLUMNS", str(width))
        with monkeypatch.context() as patched:
            out = Terminal()
            patched.setattr("sys.stdout", out)
            assert kagsync(*words).code == 0
        return plain(out.getvalue())

    return shown


HINTS = [
    "has @averyoldusername123 become @averynewusernameofthisperson?",
    "kagsync users rename averyoldusername123 averynewusernameofthisperson",
    "kagsync users rename gerda-grouped USERNAME",
    "kagsync users add gerda-grouped --team NAME",
]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
def test_at_every_width_lines_fit_and_nothing_that_people_need_is_cut(
    club: Club, width: int, at_width: Callable[..., str]
) -> None:
    club.track()
    club.kagsync.ok("users", "add", "alice", "--name", "Anna-Katharina Elisabeth of a Long-Established Name")
    club.kagsync.ok("users", "add", "bob", "averyoldusername123", "nina")
    club.kagsync.ok("users", "add", "--team", "/^group/", "--name", "Gerda Grouped")
    groups = [Team(5, "group one", ("x",), "0.6"), Team(6, "group two", ("y",), "0.5")]
    club.board(YESTERDAY, A, B, *groups, team(7, "averyoldusername123", "0.40", 4))
    club.board(
        TODAY, A, team(2, "bob", "0.850", 3), *groups, team(7, "averynewusernameofthisperson", "0.40", 5)
    )
    club.kagsync.ok("competitions", "add", SLUG, "--no-kaggle", "--medals")
    for words in ([SLUG], [SLUG, "--by-group"], [SLUG, "--user", "bob"], ["--user", "bob"], []):
        out = at_width(width, "show", *words)
        wide = [line for line in out.splitlines() if cell_len(line) > width]
        assert set(wide) <= {HINTS[1]}, (words, wide)
        if words == [SLUG]:
            joined = re.sub(r"\n *", " ", out)
            assert all(hint in joined for hint in HINTS)
            assert all(any(hint in line for line in out.splitlines()) for hint in HINTS[1:])
            assert "Never seen on any board: nina" in out
            assert re.search(r"^ *2 .* bob ", out, re.MULTILINE)
            assert re.search(r"\bAnna-Katharin\S*", out)


@pytest.mark.long
def test_a_number_is_never_cut(
    club: Club, at_width: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    club.track("alice", "bob")
    club.kagsync.ok("users", "add", "alice", "--name", "A name that needs all the room that is there")
    below = [team(100 + i, f"x{i}", f"0.5{i:04}") for i in range(1200)]
    mine = (team(1, "alice", "0.499"), team(2, "bob", "0.498", 1))
    club.board(YESTERDAY, *mine)
    club.board(TODAY, *reversed(below), *mine)
    for width in range(60, 120):
        out = at_width(width, "show", SLUG)
        assert "Why" not in out or out.count("overtaken by 1,200") == 2, (width, out)
        assert not re.search(r"\d…", out.partition("──")[2].partition("Next:")[0]), (width, out)


def test_on_a_terminal_an_error_is_whole(club: Club, at_width: Callable[..., str]) -> None:
    club.track("alice")
    club.board(TODAY, A)
    message = "Kaggle does not show you the leaderboard. Accept the rules at https://www.kaggle.com/c/x/rules"
    club.execute("UPDATE sync_runs SET status = 'error', error_message = ?", message)
    for words in ([SLUG], []):
        out = at_width(60, "show", *words)
        assert message in re.sub(r"\n *", " ", out)
        assert all(cell_len(line) <= 60 for line in out.splitlines())
