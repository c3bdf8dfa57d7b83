"""The demo: a first success with no account, no network, and nothing of yours touched."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from world.demo_people import PEOPLE
from world.running import run

if TYPE_CHECKING:
    from pathlib import Path

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
    ):
        assert line in ran.err.splitlines()
    assert "Synced 20 entries across 1 competition" in ran.out.splitlines()
    assert "Lina Verrow" in ran.out
    assert "[bold magenta]overfit[/bold magenta] club" in ran.out
    assert "Loaded 28 earlier boards, which add two weeks to the history" in ran.out.splitlines()
    assert "WARNING" not in ran.err
    assert len(ran.err.splitlines()) == 10  # five for each of the two boards, none for the earlier ones
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


def test_quiet_shows_the_board_only(kagsync: Kagsync) -> None:
    ran = kagsync("demo", "-q")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Spaceship Titanic (demo) (spaceship-titanic)\n")


def test_verbose_logs_the_earlier_boards_too(kagsync: Kagsync) -> None:
    ran = kagsync("demo", "-v")

    assert ran.err.count("INFO kagsync: Database update complete") == 30


@pytest.fixture
def kept(kagsync: Kagsync, tmp_path: Path) -> tuple[str, str]:
    """The options that name the demo's database."""
    db = str(tmp_path / "demo.db")
    kagsync.ok("demo", "-q", "--db", db)
    return "--db", db


def test_the_first_screen_shows_all_twenty_moving(kagsync: Kagsync, kept: tuple[str, str]) -> None:
    show = ("show", "spaceship-titanic", "--since", "2025-10-31T12:26:26Z", "--format", "json", *kept)
    lines = json.loads(kagsync.ok(*show))

    assert len(lines) == 20
    assert all(line["places"] for line in lines)
    reasons = Counter(line["reason"] for line in lines)
    assert reasons.keys() == {"improved", "overtaken", "others-left"}
    assert any(line["places"] < 0 for line in lines if line["reason"] == "improved")
    assert any(line["new_submissions"] for line in lines if line["reason"] == "overtaken")


def test_two_weeks_of_history_lead_to_the_second_board(kagsync: Kagsync, kept: tuple[str, str]) -> None:
    news = json.loads(kagsync.ok("news", "--since", "2025-10-17", "--format", "json", *kept))

    assert min(item["at"] for item in news).startswith("2025-10-17T22:")
    assert {item["username"] for item in news} == {person.username for person in PEOPLE}
    assert {item["reason"] for item in news} == {
        "new", "improved", "overtaken", "others-left", "renamed", "member-joined"
    }  # fmt: skip
    connection = sqlite3.connect(kept[1])
    assert connection.execute("SELECT count(*) FROM snapshots").fetchone() == (30,)
    assert connection.execute(
        "SELECT count(*) FROM leaderboard_entries WHERE left_at IS NULL"
    ).fetchone() == (20,)
    connection.close()


def test_the_database_can_be_kept(kagsync: Kagsync, tmp_path: Path) -> None:
    db = tmp_path / "new folder" / "demo.db"

    out = kagsync.ok("demo", "--db", str(db))

    (hint,) = [line for line in out.splitlines() if line.startswith("The database is kept: ")]
    _, *command = shlex.split(hint.removeprefix("The database is kept: "))  # as a shell would read it
    connection = sqlite3.connect(db)
    assert connection.execute("SELECT count(*) FROM leaderboard_entries").fetchone() == (20,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert command == ["show", "spaceship-titanic", "--since", "2025-10-31T12:26:26Z", "--db", str(db)]
    told = kagsync.ok(*command)
    assert "Lina Verrow" in told
    assert "▲1,047" in told  # the same as the demo itself showed


def test_the_report_can_be_written(kagsync: Kagsync, tmp_path: Path) -> None:
    out = kagsync.ok("demo", "--report", str(tmp_path / "site"))

    assert f"Report: {tmp_path / 'site' / 'index.html'} (2 pages, 2 written)" in out
    page = (tmp_path / "site" / "competition-spaceship-titanic.html").read_text(encoding="utf-8")
    assert "Priya Kolanthar" in page
    assert "1,195 → 148 of 1,742: improved" in page
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
