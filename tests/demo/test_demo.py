"""The demo: a first success with no account, no network, and nothing of yours touched."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sqlite3
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.demo_people import PEOPLE
from world.running import on_terminal, plain, run

from kagsync import demo

if TYPE_CHECKING:
    from world.running import Kagsync


def test_the_demo_tells_the_whole_story(home: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))

    ran = run("demo", TMPDIR=str(tmp_path))

    assert ran.code == 0, ran
    for line in (
        "INFO kagsync: CSV has 1744 entries with columns: ['Rank', 'TeamId', 'TeamName', "
        "'LastSubmissionDate', 'Score', 'SubmissionCount', 'TeamMemberUserNames']",
        "INFO kagsync: Database update complete - Created: 12, Updated: 8, Skipped: 1724",
        "INFO kagsync: Cleaned up CSV: spaceship-titanic-publicleaderboard-2025-10-31_T_16_26_26.csv",
        "INFO kagsync: Synced 20 entries for spaceship-titanic",
        "INFO kagsync: Database update complete - Created: 20, Updated: 0, Skipped: 1724",
        "INFO kagsync: Cleaned up CSV: spaceship-titanic-privateleaderboard-2025-11-01_T_09_30_52.csv",
    ):
        assert line in ran.err.splitlines()
    assert "Synced 20 entries across 1 competition" in ran.out.splitlines()
    assert "Lina Verrow" in ran.out
    assert "[bold magenta]overfit[/bold magenta] club" in ran.out
    assert "Loaded 28 earlier boards, which add two weeks to the history" in ran.out.splitlines()
    assert "WARNING" not in ran.err
    assert len(ran.err.splitlines()) == 15  # five for each of the three boards, none for the earlier ones
    commands = [line.removeprefix("$ ") for line in ran.out.splitlines() if line.startswith("$ ")]
    assert commands == [
        "kagsync sync spaceship-titanic --from spaceship-titanic-1.zip",
        "kagsync sync spaceship-titanic --from spaceship-titanic-2.zip",
        "kagsync show spaceship-titanic --since 4h",
        "kagsync sync spaceship-titanic --from spaceship-titanic-private.zip",
        "kagsync show spaceship-titanic",
        "kagsync news spaceship-titanic --user pkolanthar --since 4d",
    ]
    assert sorted(tmp_path.rglob("*")) == before  # neither the home nor the temporary folder keeps a thing


def test_it_needs_neither_network_nor_credentials_nor_the_users_database(
    kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import socket

    def no_network(*_: object) -> None:
        raise AssertionError("the demo has no business there")

    monkeypatch.setattr(socket.socket, "connect", no_network)

    kagsync.ok("demo")

    assert not (tmp_path / "kagsync.db").exists()
    assert not (tmp_path / "cache").exists()


def test_the_race_has_a_deadline_and_the_result_is_final(kagsync: Kagsync) -> None:
    race, final = boards(kagsync)

    assert "ends in 7 h" in race[0]
    assert "compared with 2025-10-31 12:26 UTC" in race[0]
    assert final[0] == (
        "final · 1,742 teams, 20 of ours · private board of 2025-11-01 09:30 UTC (just now) · "
        "last good sync just now"
    )
    assert final[-1] == (
        "Shake-up of all 1,742 teams on both boards: the median team moved 100 places, "
        "Spearman's correlation 0.90"
    )
    medallists = [line.split() for line in final if re.search("silver|bronze", line)]
    assert [line[0] for line in medallists] == ["19", "75", "156"]


def boards(kagsync: Kagsync) -> tuple[list[str], list[str]]:
    """The lines of the race and of the final standings, below their titles."""
    out = kagsync.ok("demo", "-q")
    before, race, final = out.split("Spaceship Titanic (demo) (spaceship-titanic)\n")
    assert before == ""
    return race.splitlines(), final.splitlines()


@pytest.mark.long
def test_the_news_tell_how_somebody_rose_and_fell(kagsync: Kagsync) -> None:
    out = kagsync.ok("demo").partition("$ kagsync news ")[2]

    assert [line for line in out.splitlines() if " Priya Kolanthar " in line][:2] == [
        "2025-11-01 09:30  Priya Kolanthar finished 983 of 1,742: down 835 places from the public board",
        "2025-10-31 16:26  Priya Kolanthar passed Meilin Zhuoran, Mateusz Wilkonrad, Olena Dravchuk and "
        "7 more: 1,195 → 148 of 1,742, improved 0.78560 → 0.80664",
    ]


@pytest.mark.long
def test_quiet_shows_the_two_boards_only(kagsync: Kagsync) -> None:
    ran = kagsync("demo", "-q")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Spaceship Titanic (demo) (spaceship-titanic)\n")
    assert ran.out.count("\nSpaceship Titanic (demo) (spaceship-titanic)\n") == 1
    assert not re.search(r"^\$|\n\n\n|Loaded|\d entries", ran.out, re.MULTILINE)


@pytest.mark.long
def test_verbose_logs_the_earlier_boards_too(kagsync: Kagsync) -> None:
    ran = kagsync("demo", "-v")

    assert ran.err.count("INFO kagsync: Database update complete") == 31


@pytest.fixture
def kept(kagsync: Kagsync, tmp_path: Path) -> tuple[str, str]:
    """The options that name the demo's database."""
    db = str(tmp_path / "demo.db")
    kagsync.ok("demo", "-q", "--db", db)
    return "--db", db


@pytest.mark.long
def test_the_first_screen_shows_all_twenty_moving(kagsync: Kagsync, kept: tuple[str, str]) -> None:
    show = ("show", "spaceship-titanic", "--board", "public", "--since", "2025-10-31T12:26:26Z")
    lines = json.loads(kagsync.ok(*show, "--format", "json", *kept))

    assert len(lines) == 20
    assert all(line["places"] for line in lines)
    reasons = Counter(line["reason"] for line in lines)
    assert reasons.keys() == {"improved", "submitted", "overtaken", "others-left"}
    assert any(line["places"] < 0 for line in lines if line["reason"] == "improved")
    assert any(line["places"] < 0 for line in lines if line["reason"] == "submitted")


@pytest.mark.long
def test_what_counts_in_the_race_is_not_cut_on_a_terminal(kept: tuple[str, str]) -> None:
    race = ("show", "spaceship-titanic", "--board", "public", "--since", "2025-10-31T12:26:26Z")

    for width in (80, 120, 160):
        out = plain(on_terminal(*race, *kept, width=width))
        assert "overtaken by 11" in out, width
        assert ("(1,338) bronze" in out) == (width > 80), width


def test_two_weeks_of_history_lead_to_the_second_board(kagsync: Kagsync, kept: tuple[str, str]) -> None:
    news = json.loads(kagsync.ok("news", "--since", "2025-10-17", "--format", "json", *kept))

    assert min(item["at"] for item in news).startswith("2025-10-18T22:")  # compared with the first board
    assert {item["username"] for item in news} == {person.username for person in PEOPLE}
    assert {item["reason"] for item in news} == {
        "new", "improved", "passed", "submitted", "overtaken", "others-left", "renamed", "member-joined",
        "final"
    }  # fmt: skip
    connection = sqlite3.connect(kept[1])
    assert connection.execute("SELECT count(*) FROM snapshots").fetchone() == (30,)
    assert connection.execute(
        "SELECT count(*) FROM leaderboard_entries WHERE left_at IS NULL"
    ).fetchone() == (20,)
    connection.close()


def test_the_final_standings_are_those_of_the_private_board(kagsync: Kagsync, kept: tuple[str, str]) -> None:
    public, private = by_member("2"), by_member("private")
    lines = json.loads(kagsync.ok("show", "spaceship-titanic", "--format", "json", *kept))

    assert len(lines) == 20
    assert [line["rank"] for line in lines] == sorted(line["rank"] for line in lines)
    for line in lines:
        user = "thienlam88" if line["matched_by"] == "team_name" else line["username"]
        ranks = [int(board[user]["Rank"]) for board in (public, private)]
        assert [line["public_rank"], line["private_rank"], line["rank"]] == [*ranks, ranks[1]]
        assert line["shake_up"] == ranks[0] - ranks[1]
        assert [line["public_score"], line["private_score"]] == [
            float(board[user]["Score"]) for board in (public, private)
        ]
        assert line["board"] == "private"
    assert {line["username"]: line["medal"] for line in lines if line["medal"]} == {
        "linaverrow": "silver", "meilinzhuo": "silver", "kboadusa": "bronze"
    }  # fmt: skip


def by_member(board: str) -> dict[str, dict[str, str]]:
    """The rows of a packaged board, by the members of their teams."""
    with zipfile.ZipFile(Path(demo.__file__).parent / f"spaceship-titanic-{board}.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return {user: row for row in rows for user in row["TeamMemberUserNames"].split(",")}


@pytest.mark.long
def test_the_history_has_either_board(kagsync: Kagsync, kept: tuple[str, str]) -> None:
    def moments(board: str) -> set[str]:
        history = ("history", "spaceship-titanic", "--board", board, "--format", "json", *kept)
        return {row["at"] for row in json.loads(kagsync.ok(*history))}

    assert moments("private") == {"2025-11-01T09:30:52Z"}
    assert max(moments("public")) == "2025-10-31T16:26:26Z"
    assert len(moments("public")) > 20


def test_the_competition_is_final_since_the_day_of_the_private_board(
    kagsync: Kagsync, kept: tuple[str, str]
) -> None:
    (competition,) = json.loads(kagsync.ok("competitions", "list", "--format", "json", *kept))

    assert (competition["phase"], competition["phase_since"]) == ("final", "2025-11-01T09:30:52Z")


@pytest.mark.long
def test_the_database_can_be_kept(kagsync: Kagsync, tmp_path: Path) -> None:
    db = tmp_path / "new folder" / "demo.db"

    out = kagsync.ok("demo", "--db", str(db))

    hints = out.partition("\nThe database is kept. ")[2].splitlines()[1:3]
    race, final = (shlex.split(hint)[1:] for hint in hints)  # as a shell would read them
    connection = sqlite3.connect(db)
    assert connection.execute("SELECT count(*) FROM leaderboard_entries").fetchone() == (20,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    since = ["--board", "public", "--since", "2025-10-31T12:26:26Z"]
    assert race == ["show", "spaceship-titanic", *since, "--db", str(db)]
    assert final == ["show", "spaceship-titanic", "--db", str(db)]
    told = kagsync.ok(*race)
    assert "Lina Verrow" in told
    assert "▲1,047" in told  # the same as the demo itself showed
    told = kagsync.ok(*final)
    assert "▼835" in told
    assert "\nfinal · " in told


@pytest.mark.long
def test_the_report_can_be_written(kagsync: Kagsync, tmp_path: Path) -> None:
    out = kagsync.ok("demo", "--report", str(tmp_path / "site"))

    assert f"Report: {tmp_path / 'site' / 'index.html'} (2 pages, 2 written)" in out
    page = (tmp_path / "site" / "competition-spaceship-titanic.html").read_text(encoding="utf-8")
    assert "Priya Kolanthar" in page
    assert "1,195 → 148 of 1,742" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "<svg" in page


def test_a_file_that_is_there_is_refused(kagsync: Kagsync, tmp_path: Path) -> None:
    db = tmp_path / "mine.db"
    db.write_text("precious")

    ran = kagsync("demo", "--db", str(db))

    assert ran.code == 2
    assert ran.err == (
        f"ERROR kagsync: {db} already exists, and the demo needs a new database. Choose another file\n"
    )
    assert db.read_text() == "precious"
