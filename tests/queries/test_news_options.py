"""Which news are told: own ones, some reasons, two groups, those after one of them; and their ids."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import Team

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club
    from world.running import Kagsync

SLUG = "titanic"
DAYS = [f"2025-11-0{day}T12:00:00" for day in range(1, 6)]
SINCE = ("--since", "2025-11-01T12:00:00")


def team(number: int, member: str, score: str, submissions: int = 1) -> Team:
    return Team(number, f"Team {number}", (member,), score, submissions=submissions)


US1, US2, RIVAL1, RIVAL2 = (
    team(1, "ann", "0.70"),
    team(2, "ben", "0.60"),
    team(3, "rick", "0.75"),
    team(4, "rose", "0.50"),
)
OTHER = team(9, "olga", "0.55")


@pytest.fixture
def rivals(club: Club, kagsync: Kagsync) -> Club:
    """Two groups of two, and a person without a group."""
    club.track("olga")
    kagsync.ok("users", "add", "ann", "ben", "--group", "us")
    kagsync.ok("users", "add", "rick", "rose", "--group", "rivals")
    club.board(DAYS[0], RIVAL1, US1, US2, OTHER, RIVAL2)
    return club


def sentences(kagsync: Kagsync, *words: str) -> list[str]:
    return [line.partition("  ")[2] or line for line in kagsync.ok("news", SLUG, *SINCE, *words).splitlines()]


def items(kagsync: Kagsync, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kagsync.ok("news", *words, "--format", "json"))
    return found


def test_what_others_did_is_counted(rivals: Club, kagsync: Kagsync) -> None:
    rivals.board(DAYS[1], team(8, "stranger", "0.99"), RIVAL1, US1, team(2, "ben", "0.61", 2), OTHER, RIVAL2)
    out = kagsync.ok("news", SLUG, *SINCE)
    assert out.splitlines() == [
        "2025-11-02 12:00  ben: 3 → 4 of 6, improved 0.60 → 0.61, yet overtaken",
        "4 moved only because of others: --all",
    ]
    assert f"{SLUG}: 4 moved only because of others: --all" in kagsync.ok("news", *SINCE)
    assert len(kagsync.ok("news", SLUG, *SINCE, "--all").splitlines()) == 5
    found = items(kagsync, SLUG, *SINCE)
    assert sorted((item["username"], item["own"]) for item in found) == [
        ("ann", False), ("ben", True), ("olga", False), ("rick", False), ("rose", False)
    ]  # fmt: skip
    assert kagsync.ok("news", SLUG, *SINCE, "--format", "csv").count("\n") == 6


def test_a_pass_is_told_once_by_who_did_it(rivals: Club, kagsync: Kagsync) -> None:
    rivals.board(DAYS[1], RIVAL1, US1, team(4, "rose", "0.65", 2), US2, OTHER)
    assert sentences(kagsync) == [
        "rose passed ben and olga: 5 → 3 of 5, improved 0.50 → 0.65",
        "2 moved only because of others: --all",
    ]


def test_only_these_reasons_and_nothing_else(rivals: Club, kagsync: Kagsync) -> None:
    rivals.board(DAYS[1], RIVAL1, team(2, "ben", "0.72", 2), US1, OTHER, RIVAL2)
    assert sentences(kagsync) == [
        "ben passed ann: 3 → 2 of 5, improved 0.60 → 0.72",
        "1 moved only because of others: --all",
    ]
    assert sentences(kagsync, "--only", "passed") == ["ben passed ann: 3 → 2 of 5, improved 0.60 → 0.72"]
    assert sentences(kagsync, "--only", "improved") == ["ben: 3 → 2 of 5, improved 0.60 → 0.72"]
    assert sentences(kagsync, "--only", "overtaken") == ["ann: 2 → 3 of 5, overtaken by 1"]
    for only, reasons in (("improved", ["improved"]), ("passed,left", ["passed"]), ("left", [])):
        assert [item["reason"] for item in items(kagsync, SLUG, *SINCE, "--only", only)] == reasons
    both = (
        items(kagsync, SLUG, *SINCE, "--only", "passed"),
        items(kagsync, SLUG, *SINCE, "--only", "improved"),
    )
    assert both[0][0]["id"] == both[1][0]["id"]  # it is the same movement


def test_who_passed_one_of_a_group_is_told_with_those_of_the_group(rivals: Club, kagsync: Kagsync) -> None:
    rivals.board(DAYS[1], RIVAL1, US1, team(4, "rose", "0.65", 2), US2, OTHER)
    assert sentences(kagsync, "--group", "us") == [
        "rose passed ben: 5 → 3 of 5, improved 0.50 → 0.65",
        "1 moved only because of others: --all",
    ]
    assert sentences(kagsync, "--user", "ann", "--only", "passed") == ["Nothing moved"]
    assert sentences(kagsync, "--group", "rivals")[0].startswith("rose passed ben and olga: ")


def test_without_passes_there_is_nothing_about_people_outside_the_group(
    rivals: Club, kagsync: Kagsync
) -> None:
    rivals.board(DAYS[1], RIVAL1, US1, team(4, "rose", "0.65", 2), US2, OTHER)
    assert sentences(kagsync, "--group", "us", "--only", "improved") == ["Nothing moved"]
    assert sentences(kagsync, "--group", "rivals", "--only", "improved") == [
        "rose: 5 → 3 of 5, improved 0.50 → 0.65"
    ]


def test_two_groups_are_told_who_passed_whom_and_nothing_else(rivals: Club, kagsync: Kagsync) -> None:
    rivals.board(DAYS[1], RIVAL1, team(2, "ben", "0.72", 2), US1, OTHER, RIVAL2)  # among us
    rivals.board(DAYS[2], team(1, "ann", "0.80", 2), RIVAL1, team(2, "ben", "0.72", 2), OTHER, RIVAL2)
    rivals.board(
        DAYS[3],
        team(4, "rose", "0.79", 3),
        team(1, "ann", "0.80", 2),
        RIVAL1,
        team(2, "ben", "0.72", 2),
        OTHER,
    )
    against = ("--group", "us", "--against", "rivals")
    assert sentences(kagsync, *against) == [
        "rose passed ann and ben: 5 → 1 of 5, improved 0.50 → 0.79",
        "ann passed rick: 3 → 1 of 5, improved 0.70 → 0.80",
    ]
    other_way = ("--group", "rivals", "--against", "us")
    assert sentences(kagsync, *other_way) == sentences(kagsync, *against)
    assert sentences(kagsync, "--group", "us", "--against", "us") == [
        "ann passed ben: 3 → 1 of 5, improved 0.70 → 0.80",
        "ben passed ann: 3 → 2 of 5, improved 0.60 → 0.72",
    ]


def test_after_an_item_comes_what_came_after_its_moment(rivals: Club, kagsync: Kagsync) -> None:
    for day, score in zip(DAYS[1:], ("0.61", "0.62", "0.63", "0.64"), strict=True):
        rivals.board(day, RIVAL1, US1, team(2, "ben", score, int(score[3]) + 1), OTHER, RIVAL2)
    found = items(kagsync, SLUG, *SINCE)
    assert len(found) == 4
    for number, item in enumerate(found):
        assert items(kagsync, SLUG, "--after", item["id"]) == found[:number]
    assert items(kagsync, "--after", found[-1]["id"]) == found[:-1]


@pytest.mark.long
def test_ids_are_different_and_do_not_depend_on_the_order_of_loading_or_on_usernames(
    rivals: Club, kagsync: Kagsync, tmp_path: Path
) -> None:
    boards = [
        (RIVAL1, US1, US2, OTHER, RIVAL2),
        (RIVAL1, team(2, "ben", "0.72", 2), US1, OTHER, RIVAL2),
        (
            RIVAL1,
            team(1, "ann", "0.73", 2),
            Team(2, "New name", ("ben", "x", "y"), "0.72", submissions=2),
            OTHER,
        ),
        (Team(3, "Team 3", ("rick",), "0.75", submissions=4), US1, OTHER, RIVAL2),
    ]
    ids = set()
    for number, order in enumerate(itertools.permutations(range(1, 4))):
        club = rivals.beside(tmp_path / f"{number}.db")
        club.track("olga")
        club.ok("users", "add", "ann", "ben", "rick", "rose")
        for index in (0, *order):
            club.board(DAYS[index], *boards[index])
        found = [item["id"] for item in club.json("news", *SINCE)]
        assert len(set(found)) == len(found) > 6
        if number % 2:
            club.ok("users", "rename", "ben", "benjamin")
            assert [item["id"] for item in club.json("news", *SINCE)] == found
        ids.add(tuple(found))
    assert len(ids) == 1


def test_json_lines_are_the_array_line_by_line(rivals: Club, kagsync: Kagsync) -> None:
    rivals.board(DAYS[1], RIVAL1, team(2, "ben", "0.72", 2), US1, OTHER, RIVAL2)
    for words in (("news", SLUG, *SINCE), ("history", SLUG)):
        lines = kagsync.ok(*words, "--format", "jsonl").splitlines()
        assert [json.loads(line) for line in lines] == json.loads(kagsync.ok(*words, "--format", "json"))
        assert len(lines) > 1
    assert kagsync.ok("news", SLUG, "--since", "1d", "--format", "jsonl") == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "improved", "--all"], "--only and --all contradict each other"),
        (["--since", "7d", "--after", "titanic:1:public:1:new"], "--since and --after contradict each other"),
        (["--only", "improved", "--group", "us", "--against", "rivals"], "--only and --against contradict"),
        (["--against", "rivals"], "--against needs --group. For example: --group us --against rivals"),
        (["--only", "improvd"], "'improvd' is not a reason. Did you mean improved?"),
        (["--only", ","], "',' is not a reason"),
        (["--after", "yesterday"], "'yesterday' is not the id of a movement"),
        (["--after", "titanic:1:public:999999999999:new"], "is not the id of a movement"),
        (["--group", "us", "--against", "nobody"], "nobody is in a group 'nobody'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], message: str, rivals: Club, kagsync: Kagsync
) -> None:
    ran = kagsync("news", *words)
    assert ran.code == 2, ran
    assert message in ran.err
    assert ran.err.count("\n") == 1
