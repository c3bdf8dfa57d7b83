"""Runs thin the history when it is due: after all else, once people know, and as the settings say."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from world import DATABASES, database
from world.boards import Team, board_csv
from world.club import SLUG, Club

from kagsync import clock

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

BEGIN = datetime(2025, 10, 1, tzinfo=UTC)


class Drifting(Club):
    """A club whose only person drifts."""

    rank = 10

    def tick(
        self, when: datetime, monkeypatch: pytest.MonkeyPatch, *, clock_at: datetime | None = None
    ) -> Ran:
        """A run at a time, with a new board."""
        self.rank += 1
        teams = [Team(1, "alice", ("alice",), rank=self.rank), Team(2, "b", (), rank=1)]
        self.kaggle.board(SLUG, board_csv(teams), when=f"{when:%Y-%m-%dT%H:%M:%S}")
        monkeypatch.setattr(clock, "utc_now", lambda: clock_at or when)
        ran = self.kagsync("sync", "--all", "-q")
        assert (ran.code, ran.out) == (0, ""), ran
        return ran

    def day(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Three boards on the first day."""
        for hour in (1, 2, 3):
            self.tick(BEGIN + timedelta(hours=hour), monkeypatch)

    def rows(self) -> int:
        """How many of the first day's rows there are."""
        end = int(BEGIN.timestamp()) + 86_400
        return int(database.ask_one(self.db, "SELECT count(*) FROM entry_history WHERE moment < ?", end))


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path, kaggle: KaggleServer) -> Drifting:
    club = Drifting(kagsync, settings, tmp_path, kaggle)
    club.track("alice")
    return club


def test_a_day_is_thinned_once_it_is_thirty_days_old(club: Drifting, monkeypatch: pytest.MonkeyPatch) -> None:
    club.day(monkeypatch)
    assert club.tick(BEGIN + timedelta(days=30, hours=23), monkeypatch).err == ""
    assert club.rows() == 3
    assert club.tick(BEGIN + timedelta(days=31), monkeypatch).err == ""
    assert club.rows() == 2


@pytest.mark.parametrize(
    ("value", "rows"),
    [("forever", 3), ("FOREVER", 3), ("40d", 3), ("6w", 3), ("480h", 2), ("20d", 2), ("", 2)],
)
def test_how_long_drift_is_kept_is_a_setting(
    value: str, rows: int, club: Drifting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_KEEP_DRIFT", value)
    club.day(monkeypatch)
    club.tick(BEGIN + timedelta(days=32), monkeypatch)
    assert club.rows() == rows


@pytest.mark.parametrize("value", ["0d", "30", "36h", "never", "12345d", "2h"])
def test_a_time_that_makes_no_sense_is_refused(
    value: str, club: Drifting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_KEEP_DRIFT", value)
    ran = club.kagsync("sync", "--all")
    assert ran.code == 3
    assert "Set it to whole days such as 30d or 8w, or to forever" in ran.err


def test_a_clock_that_is_wrong_deletes_nothing(club: Drifting, monkeypatch: pytest.MonkeyPatch) -> None:
    club.day(monkeypatch)
    club.tick(BEGIN + timedelta(hours=4), monkeypatch, clock_at=BEGIN + timedelta(days=900))
    assert club.rows() == 4


def test_an_older_database_gets_one_notice_and_a_week(
    club: Drifting, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.day(monkeypatch)
    database.execute(club.db, "DELETE FROM notices")  # as an older version leaves it
    later = BEGIN + timedelta(days=40)
    said = club.tick(later, monkeypatch).err
    assert len(said.splitlines()) == 1
    assert f"Starting on {later + timedelta(days=7):%Y-%m-%d}" in said
    assert "KAGSYNC_KEEP_DRIFT=forever" in said
    assert "kagsync compact" in said
    assert club.tick(later + timedelta(days=7, seconds=-1), monkeypatch).err == ""
    assert club.rows() == 3
    assert club.tick(later + timedelta(days=7), monkeypatch).err == ""
    assert club.rows() == 2


def test_who_keeps_everything_gets_no_notice(club: Drifting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_KEEP_DRIFT", "forever")
    club.day(monkeypatch)
    database.execute(club.db, "DELETE FROM notices")
    assert club.tick(BEGIN + timedelta(days=40), monkeypatch).err == ""
    assert database.ask(club.db, "SELECT * FROM notices") == []


@pytest.mark.parametrize("value", ["forever", "39d"])
def test_a_single_run_without_the_setting_deletes_nothing(
    value: str, club: Drifting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_KEEP_DRIFT", value)
    club.day(monkeypatch)
    club.tick(BEGIN + timedelta(days=38), monkeypatch)
    monkeypatch.delenv("KAGSYNC_KEEP_DRIFT")
    assert "kagsync thins history" in club.tick(BEGIN + timedelta(days=38, hours=1), monkeypatch).err
    monkeypatch.setenv("KAGSYNC_KEEP_DRIFT", value)
    assert club.tick(BEGIN + timedelta(days=39), monkeypatch).err == ""
    monkeypatch.delenv("KAGSYNC_KEEP_DRIFT")
    assert "kagsync thins history" in club.tick(BEGIN + timedelta(days=60), monkeypatch).err
    assert club.rows() == 3


def test_the_week_after_the_notice_does_not_trust_a_wrong_clock(
    club: Drifting, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.day(monkeypatch)
    day = BEGIN + timedelta(days=40)
    database.execute(club.db, "DELETE FROM notices")
    club.tick(day, monkeypatch)
    ahead = club.tick(day + timedelta(minutes=5), monkeypatch, clock_at=day + timedelta(days=20))
    assert (ahead.err, club.rows()) == ("", 3)
    database.execute(club.db, "UPDATE notices SET given_at = ?", clock.iso(day + timedelta(days=3000)))
    assert "kagsync thins history" in club.tick(day + timedelta(minutes=10), monkeypatch).err
    database.execute(club.db, "DELETE FROM notices")
    monkeypatch.setattr(clock, "utc_now", lambda: BEGIN - timedelta(days=2000))
    assert f"Starting on {day + timedelta(days=7):%Y-%m-%d}" in club.kagsync("sync", "--all", "-q").err
    assert club.tick(day + timedelta(minutes=15), monkeypatch).err == ""
    assert club.rows() == 3


def test_a_migrated_database_with_a_history_is_one_that_gets_the_notice(
    tmp_path: Path, kagsync: Kagsync
) -> None:
    for name, notices in (("schema-6.db", []), ("empty.db", [("thinning after days: 0",)])):
        db = tmp_path / name
        if name == "schema-6.db":
            shutil.copy(DATABASES / name, db)
        kagsync.ok("users", "add", "alice", "--db", str(db))
        assert database.ask(db, "SELECT subject FROM notices") == notices


def test_a_failure_to_thin_is_a_warning(club: Drifting, monkeypatch: pytest.MonkeyPatch) -> None:
    club.day(monkeypatch)
    database.execute(
        club.db,
        "CREATE TRIGGER stop BEFORE DELETE ON entry_history BEGIN SELECT raise(ABORT, 'no'); END",
    )
    ran = club.tick(BEGIN + timedelta(days=40), monkeypatch)
    assert ran.err.startswith("WARNING kagsync: The history was not thinned: ")
    assert club.rows() == 3
