"""`series` and `standings` as people and programs use them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from world.boards import Team
from world.club import Club
from world.cup import BEFORE, FINAL, TURNED, cup
from world.running import on_terminal, run

from kagsync import clock
from kagsync.tracking import series as tracking

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store


@pytest.fixture
def season(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Club:
    club = Club(kagsync, settings, tmp_path)
    cup(club)
    return club


def _totals(found: dict[str, Any]) -> list[tuple[int, str, float]]:
    return [(row["place"], row["username"], row["total"]) for row in found["standings"]]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (BEFORE, [(1, "alice", 65), (2, "bob", 61), (3, "carol", 48), (4, "dave", 15)]),
        (TURNED, [(1, "carol", 68), (2, "bob", 55), (3, "alice", 51), (4, "dave", 15)]),
        (FINAL, [(1, "alice", 65), (2, "bob", 61), (3, "carol", 48), (4, "dave", 15)]),
    ],
)
def test_standings_at_any_past_day(season: Club, day: str, expected: object) -> None:
    assert _totals(season.json("standings", "cup", "--at", day)) == expected


def test_a_date_means_its_end_and_a_time_of_day_that_moment(season: Club) -> None:
    noon = season.json("standings", "Cup", "--at", "2025-10-20T11:59")
    assert noon["at"] == "2025-10-20T11:59:00Z"
    assert _totals(noon)[0] == (1, "alice", 65)
    day = season.json("standings", "Cup", "--at", "2025-10-20")
    assert day["at"] == "2025-10-20T23:59:59Z"
    assert _totals(day)[0] == (1, "carol", 68)


def test_today_ends_now(season: Club) -> None:
    found = season.json("standings", "Cup", "--at", f"{clock.utc_now():%Y-%m-%d}")
    assert found["at"] <= clock.iso(clock.utc_now())


def test_where_the_clock_is_slow_the_board_that_show_has_counts_already(season: Club) -> None:
    now = clock.utc_now()
    season.board(f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}", Team(2, "b", ("bob",)), slug="beta")
    assert season.entries(slug="beta")["bob"]["teams"] == 1
    for words, teams in (((), 1), (("--at", f"{now:%Y-%m-%d}"), 4)):
        _, beta = season.json("standings", "Cup", *words)["boards"]
        assert (beta["competition"], beta["teams"]) == ("beta", teams)
    assert season.json("standings")[0]["total"] == 61


def test_json_has_the_points_the_ranks_and_what_changed(season: Club) -> None:
    found = season.json("standings", "Cup", "--at", FINAL, "--since", "5d")

    assert found["version"] == 1
    assert [(each["competition"], each["board"]) for each in found["boards"]] == [
        ("alpha", "private"),
        ("beta", "public"),
    ]
    alice = found["standings"][0]
    assert (alice["previous_place"], alice["previous_total"]) == (3, 51)
    assert (alice["places"], alice["gained"]) == (2, 14)
    keys = ("competition", "rank", "place", "rule_points", "weight", "points", "counts")
    assert [tuple(each[key] for key in keys) for each in alice["competitions"]] == [
        ("alpha", 1, 1, 25, 2, 50, True),
        ("beta", 4, 3, 15, 1, 15, True),
    ]


def test_csv_has_two_columns_a_competition(season: Club) -> None:
    rows = list(csv.DictReader(io.StringIO(season.ok("standings", "Cup", "--at", FINAL, "--format", "csv"))))
    assert list(rows[0])[-4:] == ["alpha", "alpha rank", "beta", "beta rank"]
    assert [rows[0][key] for key in ("place", "username", "name", "total", "alpha", "alpha rank")] == [
        *("1", "alice", "Alice Ace", "65.0", "50.0", "1")
    ]
    assert (rows[3]["username"], rows[3]["alpha"], rows[3]["alpha rank"]) == ("dave", "", "")


def test_a_competition_with_the_name_of_another_column_keeps_a_column_of_its_own(season: Club) -> None:
    season.competitions("total")
    season.ok("series", "add", "Cup", "total")
    rows = list(csv.DictReader(io.StringIO(season.ok("standings", "Cup", "--at", FINAL, "--format", "csv"))))
    assert (rows[0]["total"], rows[0]["total points"], rows[0]["total rank"]) == ("65.0", "", "")


def test_csv_is_safe_for_a_spreadsheet(season: Club) -> None:
    season.ok("users", "add", "carol", "--name", "=cmd()")
    assert ",'=cmd()," in season.ok("standings", "Cup", "--at", FINAL, "--format", "csv")


def test_the_table_tells_who_leads_what_moved_and_why(season: Club) -> None:
    told = season.ok("standings", "Cup", "--at", FINAL, "--since", "5d")
    assert "Alice Ace (alice) leads with 65 since 2025-10-25, 4 ahead of bob" in told
    assert "alpha: the private board of 2025-10-25 has replaced the public one" in told
    assert "Alice Ace (alice): 3 → 1, alpha 36 → 50 (place 2 → 1 of 3)" in told
    assert "carol: 1 → 3, alpha 50 → 30 (place 1 → 3 of 3)" in told
    assert "dave:" not in told


def test_somebody_whose_own_results_are_the_same_was_overtaken(season: Club) -> None:
    scale = ["--rule", "score", "--score", "alpha=0:1:100"]
    season.ok("series", "create", "By score", "alpha", "--board", "public", *scale)
    told = season.ok("standings", "By score", "--at", TURNED, "--since", "2025-10-15")
    assert "carol: 3 → 1, alpha 50 → 90 (score 0.5 → 0.9)" in told
    assert "Alice Ace (alice): 1 → 2, overtaken by carol" in told


def test_a_group_keeps_the_places_of_the_series(season: Club) -> None:
    found = season.json("standings", "Cup", "--at", TURNED, "--group", "red")
    assert _totals(found) == [(2, "bob", 55), (3, "alice", 51)]
    assert "among all 4 people" in season.ok("standings", "Cup", "--at", TURNED, "--group", "red")


def test_whoever_was_archived_is_in_the_standings_of_earlier_days_only(season: Club) -> None:
    season.ok("users", "archive", "carol")
    then = season.json("standings", "Cup", "--at", TURNED)["standings"]
    assert [row["username"] for row in then] == ["carol", "bob", "alice", "dave"]
    assert "Sum: 50 + 18 = 68" in season.ok("standings", "Cup", "carol", "--at", TURNED)
    assert "carol" in season.ok("standings", "Cup", "--group", "blue", "--at", TURNED)
    assert [row["username"] for row in season.json("standings", "Cup")["standings"]] == [
        "alice",
        "bob",
        "dave",
    ]
    gone = season.run("standings", "Cup", "carol")
    assert (gone.code, "carol is archived" in gone.err) == (2, True)


def test_before_there_is_a_result_it_says_so(season: Club) -> None:
    assert "Nobody has a result yet" in season.ok("standings", "Cup", "--at", "2025-10-01")


def test_a_limit_leaves_out_the_last_and_says_so(season: Club) -> None:
    assert len(season.json("standings", "Cup", "--at", FINAL, "--limit", "1")["standings"]) == 1
    assert "3 more are not shown" in season.ok("standings", "Cup", "--at", FINAL, "--limit", "1")


def test_a_persons_total_is_explained_line_by_line(season: Club) -> None:
    season.ok("series", "update", "Cup", "--best", "1")
    lines = season.ok("standings", "Cup", "bob", "--at", FINAL).splitlines()
    assert lines[0] == "bob in Cup: place 2 of 4, 36 points"
    assert "alpha: place 2 of 3: 18 × 2 = 36" in lines
    assert "beta: place 1 of 4: 25, not the best result" in lines
    assert "Sum: 36" in lines
    assert "Place 2 of 4, 14 behind Alice Ace (alice), 6 ahead of carol" in lines


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ([], [(1, "red", 126, 2), (2, "blue", 48, 1)]),
        (["--total", "mean"], [(1, "red", 63, 2), (2, "blue", 48, 1)]),
        (["--total", "best:1"], [(1, "red", 65, 1), (2, "blue", 48, 1)]),
    ],
)
def test_groups_as_teams(season: Club, how: list[str], expected: object) -> None:
    words = ["standings", "Cup", "--at", FINAL, "--by-group", *how]
    found = season.json(*words)["standings"]
    keys = ("place", "group", "total", "counted")
    assert [tuple(each[key] for key in keys) for each in found] == expected
    assert found[0]["members"][0] == {"handle": "alice", "total": 65}
    assert "1 person is in no group" in season.ok(*words)
    rows = list(csv.DictReader(io.StringIO(season.ok(*words, "--format", "csv"))))
    assert rows[1] | {"total": "48.0"} == {
        **{"place": "2", "group": "blue", "total": "48.0", "people": "1", "counted": "1"},
        **{"previous_place": "2", "previous_total": "48.0"},
    }


def test_groups_are_compared_too(season: Club) -> None:
    words = ["standings", "Cup", "--at", FINAL, "--since", TURNED, "--by-group", "--total", "mean"]
    red, blue = season.json(*words)["standings"]
    keys = ("group", "total", "previous_place", "previous_total", "places", "gained")
    assert [red[key] for key in keys] == ["red", 63, 2, 53, 1, 10]
    assert [blue[key] for key in keys] == ["blue", 48, 1, 68, -1, -20]
    said = season.ok(*words)
    assert "has replaced the public one" in said
    lines = [re.split("  +", line.strip()) for line in said.splitlines()]
    assert ["1", "▲1", "red", "63", "+10", "2", "2", "alice 65, bob 61"] in [
        [*line[:-1], line[-1].replace("Alice Ace", "alice")] for line in lines
    ]


def test_groups_of_people_who_had_no_result_yet_are_not_compared(season: Club) -> None:
    words = ["standings", "Cup", "--at", FINAL, "--since", "2025-01-01", "--by-group"]
    for each in season.json(*words)["standings"]:
        assert each["previous_place"] is each["previous_total"] is each["places"] is each["gained"] is None


def test_without_a_series_it_tells_who_leads_each(season: Club) -> None:
    season.ok("series", "create", "Other", "beta")
    season.ok("series", "create", "Nothing", "beta", "--rule", "ctf")
    season.execute("UPDATE snapshots SET best_score = NULL")
    found = season.json("standings", "--at", FINAL)
    assert [(each["series"], each["leaders"], each["total"], each["ahead"]) for each in found] == [
        ("Cup", ["alice"], 65, 4),
        ("Nothing", [], None, None),
        ("Other", ["bob"], 25, 7),
    ]
    cup, nothing, other = (each["problem"] for each in found)
    assert cup is other is None
    assert "beta: the best score of the board of 2025-10-12 is not known" in nothing
    told = season.ok("standings", "--at", FINAL)
    assert "beta: the best score of the board of 2025-10-12 is not known, and the rule ctf needs it" in told


def test_the_leaders_in_csv_are_names(season: Club) -> None:
    season.ok("series", "create", "Pair", "beta", "--points", "1,1")
    rows = list(csv.DictReader(io.StringIO(season.ok("standings", "--at", FINAL, "--format", "csv"))))
    assert [(row["series"], row["leaders"], row["problem"]) for row in rows] == [
        ("Cup", "alice", ""),
        ("Pair", "bob, carol", ""),
    ]


def test_a_rule_that_lacks_something_says_what(season: Club) -> None:
    season.ok("series", "update", "Cup", "--rule", "ctf")
    season.execute("UPDATE snapshots SET best_score = NULL WHERE moment < 1760140800")  # 11 October
    ran = season.run("standings", "Cup", "--at", BEFORE)
    assert (ran.code, ran.out) == (2, "")
    assert "alpha: the best score of the board of 2025-10-10" in ran.err
    told = season.ok("standings", "Cup", "--at", TURNED, "--since", "2025-10-13")
    assert "not compared with 2025-10-13" in told


def test_names_of_people_are_shown_harmlessly(season: Club) -> None:
    season.ok("users", "add", "carol", "--name", "[red]x\x1b[31m")
    told = season.ok("standings", "Cup", "--at", FINAL)
    assert "[red]x\\x1b[31m" in told
    assert "\x1b" not in told
    told = season.ok("standings", "Cup", "--at", FINAL, "--format", "markdown")
    assert r"\[red\]x" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["standings", "Cpu"], "there is no series 'Cpu'. Did you mean Cup?"),
        (["standings", "Cup", "alise"], "no user 'alise' is tracked. Did you mean alice?"),
        (["standings", "Cup", "--group", "rad"], "nobody is in a group 'rad'. Did you mean red?"),
        (["standings", "Cup", "--at", "2999-01-01"], "--at '2999-01-01' is in the future"),
        (
            ["standings", "Cup", "--at", "0001-01-01"],
            "--at '0001-01-01' is before Kaggle's first leaderboards",
        ),
        (["standings", "Cup", "--at", "soon"], "--at 'soon' is not a time"),
        (["standings", "Cup", "--at", "2026-W47"], "--at '2026-W47' is not a time"),
        (["standings", "Cap"], "there is no series 'Cap'. Did you mean Cup?"),
        (["standings", "Nope"], "there is no series 'Nope'. See: kagsync series list"),
        (["standings", "Cup", "--at", TURNED, "--since", FINAL], "is after --at"),
        (["standings", "Cup", "--since", "last"], "'last' is not a time. Try 24h, 7d, 90m, or a date"),
        (["standings", "Cup", "--total", "mean"], "--total needs --by-group"),
        (
            ["standings", "Cup", "--by-group", "--total", "men"],
            "cannot be 'men'. Pass sum, mean, or best:K, with K from 1",
        ),
        (["standings", "Cup", "alice", "--by-group"], "contradict each other"),
        (["standings", "--group", "red"], "--group needs a series"),
        (["standings", "--limit", "3"], "--limit needs a series"),
        (["standings", "--since", "7d"], "--since needs a series"),
        (["standings", "--local-time"], "--local-time needs a series"),
        (["series", "delete", "Cup"], "Pass --yes"),
        (["series", "create", "CUP", "beta"], "there is already a series 'Cup'"),
        (["series", "create", "New", "betta"], "no competition 'betta' is tracked. Did you mean beta?"),
        (["series", "remove", "Cup", "gamma"], "gamma is not in the series Cup. Choose from alpha, beta"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_said_in_a_line(season: Club, words: list[str], said: str) -> None:
    ran = season.run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_without_anything_there_is_a_first_step(kagsync: Kagsync, season: Club) -> None:
    season.ok("series", "remove", "Cup", "alpha", "beta")
    ran = season.run("standings", "Cup")
    assert ran.code == 2
    assert "kagsync series add Cup SLUG" in ran.err
    season.ok("series", "delete", "Cup", "--yes")
    assert "kagsync series create" in season.ok("standings")
    assert season.json("standings") == season.json("series", "list") == []
    ran = season.run("standings", "Cup")
    assert ran.code == 2
    assert "kagsync series create" in ran.err


def test_without_people_or_a_database_it_says_what_to_do(club: Club) -> None:
    assert "There is no series yet" in club.ok("series", "list")
    ran = club.run("standings", "Cup")
    assert ran.code == 2
    assert "kagsync competitions add" in ran.err
    club.competitions("alpha")
    club.ok("series", "create", "Cup", "alpha")
    ran = club.run("standings", "Cup")
    assert ran.code == 2
    assert "kagsync users add" in ran.err


def test_a_series_is_listed_changed_and_deleted(season: Club) -> None:
    told = season.ok("series", "create", "Long", "alpha", "beta=0.5", "--rule", "percentile", "--best", "1")
    assert told.startswith("Created Long: percentile")
    assert "kagsync standings Long" in told
    (_, long) = season.json("series", "list")
    assert (long["series"], long["rule"], long["best"], long["people"]) == ("Long", "percentile", 1, 4)
    assert [(each["competition"], each["weight"]) for each in long["competitions"]] == [
        ("alpha", 1),
        ("beta", 0.5),
    ]
    rows = list(csv.DictReader(io.StringIO(season.ok("series", "list", "--format", "csv"))))
    assert [row["competitions"] for row in rows] == ["alpha=2 beta", "alpha beta=0.5"]
    assert "alpha beta=0.5" in season.ok("series", "list")

    season.ok("series", "update", "long", "--name", "Longer", "--best", "all", "--group", "red")
    (_, long) = season.json("series", "list")
    assert (long["series"], long["rule"], long["best"], long["group"], long["people"]) == (
        *("Longer", "percentile", None, "red"),
        2,
    )
    season.ok("series", "update", "Longer", "--group", "")
    season.ok("series", "add", "Longer", "https://www.kaggle.com/competitions/alpha=3")
    (_, long) = season.json("series", "list")
    assert long["group"] is None
    assert long["competitions"][0]["weight"] == 3

    season.ok("series", "delete", "Longer", "--yes")
    assert [each["series"] for each in season.json("series", "list")] == ["Cup"]


def test_removing_a_competition_says_what_goes_with_it(season: Club) -> None:
    season.ok("notify", "add", "json://localhost/hook", "--competition", "alpha")
    season.ok("notify", "add", "json://localhost/hook")
    told = season.ok("competitions", "remove", "alpha", "--yes")
    assert "also from the series Cup" in told
    assert "and the notification channel 1 for it" in told
    (found,) = season.json("series", "list")
    assert [each["competition"] for each in found["competitions"]] == ["beta"]


def test_a_series_of_a_group_has_places_among_it(season: Club) -> None:
    season.ok("series", "create", "Reds", "alpha", "--group", "red")
    assert _totals(season.json("standings", "Reds", "--at", TURNED)) == [(1, "alice", 25), (2, "bob", 18)]
    ran = season.run("standings", "Reds", "carol")
    assert ran.code == 2
    assert "carol is not in the group of the series, red" in ran.err
    ran = season.run("standings", "Reds", "--group", "blue")
    assert (ran.code, ran.out) == (2, "")
    assert "nobody in the group blue is in the series, which is for the group red" in ran.err


def test_times_are_utc_wherever_the_machine_is(season: Club) -> None:
    words = ["standings", "Cup", "--at", "2025-10-20", "--db", str(season.db)]
    ran = run(*words, "--format", "json", TZ="Asia/Tokyo")
    assert json.loads(ran.out)["at"] == "2025-10-20T23:59:59Z"
    assert "at 2025-10-20 23:59 UTC" in run(*words, TZ="Asia/Tokyo").out
    assert "at 2025-10-21 08:59 JST" in run(*words, "--local-time", TZ="Asia/Tokyo").out


def test_a_narrow_terminal_leaves_out_competitions_and_never_the_total(season: Club) -> None:
    words = ["standings", "Cup", "--at", FINAL, "--db", str(season.db)]
    shown = on_terminal(*words, width=40)
    assert "Total" in shown
    assert "1 more competition does not fit" in shown
    assert "kagsync standings Cup PERSON" in shown.replace("\r\n  ", " ")
    assert "does not fit" not in on_terminal(*words, width=100)


def test_what_another_command_adds_meanwhile_is_not_lost(
    season: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    season.competitions("gamma")
    weighted = tracking.weighted

    def watched(store: Store, *arguments: Any) -> Any:
        other = sqlite3.connect(season.db, timeout=0)
        with contextlib.closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        return weighted(store, *arguments)

    monkeypatch.setattr(tracking, "weighted", watched)
    season.ok("series", "add", "Cup", "gamma")
    (found,) = season.json("series", "list")
    assert [each["competition"] for each in found["competitions"]] == ["alpha", "beta", "gamma"]
