"""`kagsync news`: what moved, as sentences for people and as fields for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import MODERN, Team
from world.club import SLUG, Club
from world.hostile import HOSTILE
from world.running import harmless, one_line
from world.two_days import ALICE, BETTER_BOB, BOB, CAROL, DAVE, LEFT, SEE_TEAM

from kagsync import clock
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from world.running import Kagsync

OTHER = "playground"
KEYS = [
    "competition",
    "at",
    "username",
    "name",
    "group",
    "reason",
    "sentence",
    "previous_rank",
    "rank",
    "places",
    "teams",
    "previous_score",
    "score",
    "new_submissions",
    "previous_team_name",
    "kaggle_team_name",
    "member",
    "board",
    "medal",
    "handle",
    "student_id",
    "id",
    "own",
    "passed",
]
# What the boards of `moved` tell with --all, the newest first.
SECOND_DAY = [
    "2025-10-30 12:00  bob passed Alice Ace: 2 → 1 of 3, improved 0.70 → 0.85",
    "2025-10-30 12:00  Alice Ace: 1 → 2 of 3, overtaken by 1",
    "2025-10-30 12:00  carol: the team “C-Team” is now called “See-Team”",
    "2025-10-30 12:00  carol: erin joined the team “See-Team”",
    "2025-10-30 12:00  erin: at 3 of 3, first seen, score 0.60",
    f"2025-10-30 12:00  dave: {LEFT}, last at 4",
]
FIRST_BOARD = "compared with the first board, from 2025-10-29 12:00 UTC"


def lines(kagsync: Kagsync, *words: str) -> list[str]:
    return kagsync.ok("news", *words).splitlines()


def items(kagsync: Kagsync, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kagsync.ok("news", *words, "--format", "json"))
    return found


def recent(hours: float) -> str:
    """So many hours ago, as a board's name has it."""
    return (clock.utc_now() - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")


# What is told


def test_there_is_a_sentence_for_each_movement_the_newest_first(moved: Club, kagsync: Kagsync) -> None:
    assert lines(kagsync, SLUG, "--since", "2025-01-01", "--all") == [*SECOND_DAY, FIRST_BOARD]


def test_a_movement_has_the_time_of_the_board_that_showed_it_and_the_best_rank_comes_first(
    five: Club, kagsync: Kagsync
) -> None:
    five.board("2025-10-29T12:00:00", ALICE, BOB, CAROL, DAVE)
    five.board("2025-10-29T18:30:00", DAVE, CAROL, BOB, ALICE)
    told = items(kagsync, SLUG, "--since", "2025-10-29T12:00:00")
    assert {item["at"] for item in told} == {"2025-10-29T18:30:00Z"}
    assert [item["rank"] for item in told] == [1, 2, 3, 4]


def test_what_others_did_is_one_sentence_until_the_person_does_something(
    five: Club, kagsync: Kagsync
) -> None:
    strangers = [Team(20 + i, f"stranger {i}", (f"stranger{i}",), "0.90") for i in range(5)]
    for day in range(4):
        five.board(f"2025-10-2{day}T12:00:00", *strangers[:day], ALICE)
    five.board("2025-10-24T12:00:00", *strangers[:3], Team(11, "alpha", ("alice",), "0.81", submissions=4))
    five.board("2025-10-25T12:00:00", *strangers[:2], Team(11, "alpha", ("alice",), "0.81", submissions=5))
    five.board("2025-10-26T12:00:00", *strangers[:2], Team(11, "alpha", ("alice",), "0.81", submissions=7))
    assert lines(kagsync, SLUG, "--since", "2025-10-20T12:00:00", "--all") == [
        "2025-10-26 12:00  Alice Ace: at 3 of 3, 2 new submissions, none better than 0.81",
        "2025-10-25 12:00  Alice Ace: 4 → 3 of 3, 1 new submission, not better than 0.81, 1 above left",
        "2025-10-24 12:00  Alice Ace: at 4 of 4, improved 0.80 → 0.81",
        "2025-10-23 12:00  Alice Ace: 1 → 4 of 4, overtaken by 3",
    ]


def test_what_others_did_and_undid_is_no_news(five: Club, kagsync: Kagsync) -> None:
    stranger = Team(20, "stranger", ("stranger",), "0.90")
    five.board("2025-10-20T12:00:00", ALICE)
    five.board("2025-10-21T12:00:00", stranger, ALICE)
    five.board("2025-10-22T12:00:00", ALICE, BOB)
    told = items(kagsync, SLUG, "--user", "alice", "--since", "2025-10-20T12:00:00")
    assert told == []


def test_a_deletion_and_a_merger_are_told_by_their_names(five: Club, kagsync: Kagsync) -> None:
    five.board("2025-10-20T12:00:00", ALICE, BOB, CAROL)
    five.board(
        "2025-10-21T12:00:00",
        Team(11, "alpha", ("alice", "bob"), "0.80"),
        Team(13, "C-Team", ("del=0123456789abcdef",), "0.60"),
    )
    assert lines(kagsync, SLUG, "--since", "2025-10-20T12:00:00") == [
        "2025-10-21 12:00  Alice Ace: bob joined the team “alpha”",
        "2025-10-21 12:00  bob: 2 → 1 of 2, the team “bob” merged into “alpha”",
        "2025-10-21 12:00  carol: the account was deleted, last at 3",
    ]


# Which of it


def test_without_a_competition_all_are_told_with_the_name_in_front(moved: Club, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", OTHER, "--no-kaggle", "--higher-is-better")
    moved.board("2025-10-29T18:00:00", BOB, slug=OTHER)
    moved.board("2025-10-30T12:00:00", BETTER_BOB, slug=OTHER)
    expected = [
        f"2025-10-30 12:00  {OTHER}  bob: at 1 of 1, improved 0.70 → 0.85",
        *(line.replace("12:00  ", f"12:00  {SLUG}  ", 1) for line in SECOND_DAY),
        f"{OTHER}: compared with the first board, from 2025-10-29 18:00 UTC",
        f"{SLUG}: {FIRST_BOARD}",
    ]
    assert lines(kagsync, "--since", "2025-01-01", "--all") == expected
    assert lines(kagsync, OTHER, "--since", "2025-10-30") == [
        "2025-10-30 12:00  bob: at 1 of 1, improved 0.70 → 0.85"
    ]
    told = items(kagsync, "--since", "2025-01-01", "--user", "bob")
    assert [item["competition"] for item in told] == [OTHER, SLUG]


def test_a_competition_is_named_by_its_url_too(moved: Club, kagsync: Kagsync) -> None:
    url = f"https://www.kaggle.com/competitions/{SLUG}/leaderboard"
    assert lines(kagsync, url, "--since", "2025-01-01", "--all") == [*SECOND_DAY, FIRST_BOARD]


def test_only_one_person_is_told(moved: Club, kagsync: Kagsync) -> None:
    for name in ("alice", "@ALICE"):
        told = lines(kagsync, SLUG, "--since", "2025-10-29T12:00:00", "--user", name, "--all")
        assert told == SECOND_DAY[:2]  # the first is of bob, who passed her
    assert lines(kagsync, SLUG, "--since", "2025-10-29T12:00:00", "--user", "dave") == SECOND_DAY[5:]


def test_only_one_group_is_told(moved: Club, kagsync: Kagsync) -> None:
    told = lines(kagsync, SLUG, "--since", "2025-10-29T12:00:00", "--group", "red", "--all")
    assert told == SECOND_DAY[:4]


def test_by_default_the_last_24_hours_are_told(five: Club, kagsync: Kagsync) -> None:
    five.board(recent(60), ALICE, BOB)
    five.board(recent(30), BETTER_BOB, ALICE)
    five.board(recent(2), BETTER_BOB, Team(11, "alpha", ("alice",), "0.81"))
    (line,) = lines(kagsync, SLUG)
    assert line.endswith("  Alice Ace: at 2 of 2, improved 0.80 → 0.81")
    assert len(lines(kagsync, SLUG, "--since", "1d", "--all")) == 1
    assert len(lines(kagsync, SLUG, "--since", "48h", "--all")) == 3
    assert len(lines(kagsync, SLUG, "--since", "1w", "--all")) == 4  # and the first board
    assert lines(kagsync, SLUG, "--since", "5m") == ["Nothing moved"]


def test_a_date_is_that_day_from_its_beginning_in_utc(moved: Club, kagsync: Kagsync) -> None:
    assert lines(kagsync, SLUG, "--since", "2025-10-30", "--all") == SECOND_DAY
    assert lines(kagsync, SLUG, "--since", "2025-10-30T11:59:59", "--all") == SECOND_DAY
    assert lines(kagsync, SLUG, "--since", "2025-10-30T13:59:59+02:00", "--all") == SECOND_DAY
    assert lines(kagsync, SLUG, "--since", "2025-10-30T12:00:00") == ["Nothing moved"]


def test_last_is_the_board_that_was_seen_last(five: Club, kagsync: Kagsync) -> None:
    five.board("2025-10-29T12:00:00", ALICE, BOB, CAROL, DAVE)
    assert lines(kagsync, SLUG, "--since", "last") == ["Nothing moved"]  # never looked: the last 24 hours
    kagsync.ok("show", SLUG, "--since", "last")
    five.board("2025-10-30T12:00:00", BETTER_BOB, ALICE, SEE_TEAM)
    assert lines(kagsync, SLUG, "--since", "last", "--all") == SECOND_DAY
    assert (
        lines(kagsync, SLUG, "--since", "last", "--all") == SECOND_DAY
    )  # to read the news is not to see the board
    kagsync.ok("show", SLUG, "--since", "last")
    assert lines(kagsync, SLUG, "--since", "last") == ["Nothing moved"]


def test_last_is_another_time_for_each_competition(moved: Club, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", OTHER, "--no-kaggle", "--higher-is-better")
    moved.board("2025-10-20T12:00:00", BOB, slug=OTHER)
    for slug in (SLUG, OTHER):
        kagsync.ok("show", slug, "--since", "last")
    moved.board("2025-10-28T12:00:00", BETTER_BOB, slug=OTHER)
    assert lines(kagsync, "--since", "last", "--all") == [
        f"2025-10-28 12:00  {OTHER}  bob: at 1 of 1, improved 0.70 → 0.85"
    ]


# In which form


def test_nothing_moved_is_said(five: Club, kagsync: Kagsync) -> None:
    for words in ((), (SLUG,), (SLUG, "--user", "alice"), ("--group", "red"), ("--since", "2020-01-01")):
        assert kagsync.ok("news", *words) == "Nothing moved\n"
        assert kagsync.ok("news", *words, "--format", "markdown") == "Nothing moved\n"
        assert kagsync.ok("news", *words, "--format", "json") == "[]\n"
        assert list(csv.DictReader(io.StringIO(kagsync.ok("news", *words, "--format", "csv")))) == []


def test_the_keys_of_the_json_never_change(moved: Club, kagsync: Kagsync) -> None:
    told = items(kagsync, SLUG, "--since", "2025-01-01")
    assert all(list(item) == KEYS for item in told)
    assert told[0] == {
        "competition": SLUG,
        "at": "2025-10-30T12:00:00Z",
        "username": "bob",
        "name": None,
        "group": None,
        "reason": "passed",
        "sentence": "bob passed Alice Ace: 2 → 1 of 3, improved 0.70 → 0.85",
        "previous_rank": 2,
        "rank": 1,
        "places": 1,
        "teams": 3,
        "previous_score": 0.7,
        "score": 0.85,
        "new_submissions": 1,
        "previous_team_name": "bob",
        "kaggle_team_name": "bob",
        "member": None,
        "board": "public",
        "medal": None,
        "handle": "bob",
        "student_id": None,
        "id": f"{SLUG}:3:public:1761825600:improved",
        "own": True,
        "passed": ["alice"],
    }
    assert [(item["username"], item["reason"], item["member"]) for item in told[:6]] == [
        ("bob", "passed", None),
        ("alice", "overtaken", None),
        ("carol", "renamed", None),
        ("carol", "member-joined", "erin"),
        ("erin", "new", None),
        ("dave", "left", None),
    ]
    assert [item["own"] for item in told] == [True, False, True, True, True, True]
    assert [item["places"] for item in told[:6]] == [1, -1, 0, 0, None, None]
    assert (told[1]["name"], told[1]["group"]) == ("Alice Ace", "red")
    assert (told[5]["rank"], told[5]["score"], told[5]["kaggle_team_name"]) == (None, None, None)


def test_the_sentences_are_the_same_in_every_format(moved: Club, kagsync: Kagsync) -> None:
    words = ("news", SLUG, "--since", "2025-10-29T12:00:00", "--all")
    sentences = [line.partition("  ")[2] for line in SECOND_DAY]
    assert [item["sentence"] for item in items(kagsync, *words[1:])] == sentences
    rows = list(csv.DictReader(io.StringIO(kagsync.ok(*words, "--format", "csv"))))
    assert list(rows[0]) == KEYS[:-1]  # without the list
    assert [row["sentence"] for row in rows] == sentences
    head, rule, *table = kagsync.ok(*words, "--format", "markdown").splitlines()
    assert (head, rule) == ("| At | Competition | News |", "| --- | --- | --- |")
    whens = [line[: len("2025-10-30 12:00")] for line in SECOND_DAY]
    assert table == [f"| {when} | {SLUG} | {text} |" for when, text in zip(whens, sentences, strict=True)]


# What cannot be


@pytest.mark.parametrize(
    ("words", "message", "remedy"),
    [
        (["titanik"], "no competition 'titanik' is tracked", "Did you mean titanic?"),
        (["not a slug"], "'not a slug' is not a competition slug", "A slug is the last part of"),
        (["--user", "nobody"], "no user 'nobody' is tracked", "kagsync users list"),
        (["--group", "blue"], "nobody is in a group 'blue'", "kagsync users list"),
        (["--user", "bob", "--group", "red"], "--user and --group contradict each other", "Pass one of them"),
        (["--since", "yesterday"], "'yesterday' is not a time", "Try 24h, 7d, 90m, a date"),
        (["--since", ""], "'' is not a time", "Try 24h"),
        (["--since", "2999-01-01"], "'2999-01-01' is in the future", "such as 24h"),
        (["--format", "xml"], "'xml' is not one of", "kagsync news --help"),
        (["--by-group"], "No such option: --by-group", "kagsync news --help"),
    ],
)
def test_what_cannot_be_told_is_refused_with_a_remedy(
    words: list[str], message: str, remedy: str, moved: Club, kagsync: Kagsync
) -> None:
    err = one_line(kagsync("news", *words))
    assert message in err
    assert remedy in err.partition(message)[2]


def test_without_a_database_there_is_no_news_but_a_remedy(kagsync: Kagsync, tmp_path: Path) -> None:
    assert "kagsync " in one_line(kagsync("news")).removeprefix("ERROR kagsync: ")
    assert not (tmp_path / "kagsync.db").exists()


# Names by strangers

NAMES = list(HOSTILE.values())
PEOPLE = [
    re.sub("\\r\\n?", "\\n", name.strip())[:1000] for name in NAMES
]  # as a roster's CSV gives them back
USERS = [f"user{i}" for i in range(len(NAMES))]
COUNT = len(NAMES)


def quoted(rows: Iterable[Iterable[object]]) -> bytes:
    """A board of rows whose every cell is quoted: Kaggle's own way knows fewer special characters."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([MODERN.split(","), *rows])
    return text.getvalue().encode()


@pytest.fixture
def renamed(club: Club, tmp_path: Path) -> None:
    """A competition in which every person and every team has a hostile name, which the teams got lately."""
    roster = tmp_path / "roster.csv"
    with roster.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["username", "name", "group"], *zip(USERS, PEOPLE, PEOPLE, strict=True)])
    club.track()
    club.ok("users", "import", str(roster))
    for when, teams in (("2025-10-29", [f"team {i}" for i in range(COUNT)]), ("2025-10-30", NAMES)):
        rows = [
            (i, i, name, "2025-10-28 12:00:00", "0.5", "1", user)
            for i, (name, user) in enumerate(zip(teams, USERS, strict=True), 1)
        ]
        content = quoted([*rows, (0, 999, "mark", "", "0.4", "1", "")])
        assert club.load(club.file(content, f"{when}T12:00:00")).code == 0


def test_a_hostile_name_is_a_harmless_line_in_a_pipe(renamed: None, kagsync: Kagsync) -> None:
    out = kagsync.ok("news", SLUG, "--since", "2025-10-29T12:00:00")
    harmless(out)
    told = out.splitlines()
    assert len(told) == COUNT
    for i, (name, person, line) in enumerate(zip(NAMES, PEOPLE, told, strict=True)):
        words = f"the team “team {i}” is now called “{printable(name)}”"
        assert line == f"2025-10-30 12:00  {printable(person)}: {words}"


def test_the_csv_is_safe_for_a_spreadsheet(renamed: None, kagsync: Kagsync) -> None:
    out = kagsync.ok("news", SLUG, "--since", "2025-01-01", "--format", "csv")
    harmless(out)
    csv.field_size_limit(100_000)  # with its escapes, a name is longer than a cell of a board may be
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == COUNT
    for person, row in zip(PEOPLE, rows, strict=True):
        assert row["name"].removeprefix("'") == printable(person)
        for title in ("name", "group", "sentence", "previous_team_name", "kaggle_team_name", "member"):
            assert not re.match(r"\s*[=+\-@＝＋－＠|%\t\r\n]", row[title]), row[title][:80]


def test_the_markdown_is_text_and_nothing_else(renamed: None, kagsync: Kagsync) -> None:
    out = kagsync.ok("news", SLUG, "--since", "2025-10-29T12:00:00", "--format", "markdown")
    harmless(out)
    _, _, *rows = out.splitlines()
    assert len(rows) == COUNT
    for row in rows:
        assert len(re.split(r"(?<!\\)\|", row.replace("\\\\", ""))) == 5, row[:200]
        assert not re.search(r"<|://|www\.|@", row)
        for mark in ("[", "]", "`", "*"):
            assert not re.search(rf"(?<!\\){re.escape(mark)}", row.replace("\\\\", "")), row[:200]


def test_the_json_gives_the_names_back_in_plain_ascii(renamed: None, kagsync: Kagsync) -> None:
    out = kagsync.ok("news", SLUG, "--since", "2025-10-29T12:00:00", "--format", "json")
    assert out.isascii()
    assert [item["kaggle_team_name"] for item in json.loads(out)] == NAMES
    assert [item["name"] for item in json.loads(out)] == PEOPLE
