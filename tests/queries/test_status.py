"""`status`: 0 only when everything that should be fresh is; silence does not look healthy."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from world import database
from world.boards import board_csv, board_zip, many_teams
from world.database import execute
from world.kaggle_server import kaggle_error, too_many_requests
from world.running import on_terminal, plain, run

from kagsync import clock

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

SLUG = "titanic"
KEYS = {"healthy", "summary", "max_age_seconds", "database", "next_deadline", "competitions"}
KEYS_OF_ONE = {
    "competition",
    "state",
    "synced_at",
    "age_seconds",
    "failures",
    "last_error",
    "rests_until",
    "phase",
    "phase_since",
    "deadline",
}


@pytest.fixture
def synced(kaggle: KaggleServer, kagsync: Kagsync, settings: Settings) -> None:
    """A competition whose board was just fetched."""
    kaggle.competition(SLUG, title="Titanic")
    kaggle.board(SLUG, board_csv(many_teams(5)))

    def sync() -> None:
        kagsync.ok("competitions", "add", SLUG)
        kagsync.ok("users", "add", "user0")
        kagsync.ok("sync", SLUG)

    database.prepared(settings.db, "status", sync)


def synced_ago(db: Path, age: timedelta, slug: str = SLUG) -> None:
    moment = clock.iso(clock.utc_now() - age)
    execute(db, "UPDATE competitions SET synced_at = ? WHERE slug = ?", moment, slug)


def told(kagsync: Kagsync, *words: str) -> dict[str, Any]:
    """What programs are told; the exit code agrees with it, and no key is missing."""
    ran = kagsync("status", "--format", "json", *words)
    found: dict[str, Any] = json.loads(ran.out)
    assert ran.err == ""
    assert found.pop("version") == 1
    assert found.keys() == KEYS
    assert found["database"].keys() == {"path", "bytes"}
    for one in found["competitions"]:
        assert one.keys() == KEYS_OF_ONE
        assert one["last_error"] is None or one["last_error"].keys() == {"at", "code", "message"}
        assert (one["failures"] > 0) == (one["last_error"] is not None)
    assert ran.code == (0 if found["healthy"] else 1)
    assert found["summary"].startswith("OK: ") == found["healthy"]
    return found


def states(found: dict[str, Any]) -> dict[str, str]:
    return {one["competition"]: one["state"] for one in found["competitions"]}


# Fresh or not


def test_all_is_fresh(synced: None, kagsync: Kagsync, settings: Settings) -> None:
    found = told(kagsync)

    assert found["healthy"] is True
    assert found["summary"] == "OK: 1 of 1 fresh (last good sync at most 15 min ago)"
    assert found["max_age_seconds"] == 900
    assert found["database"]["path"] == str(settings.db)
    (one,) = found["competitions"]
    assert (one["state"], one["failures"], one["last_error"], one["rests_until"]) == ("fresh", 0, None, None)
    assert 0 <= one["age_seconds"] < 60


@pytest.mark.parametrize(("minutes", "state"), [(70, "fresh"), (80, "stale")])
def test_the_age_of_an_ended_competition_counts_from_when_its_next_sync_is_due(
    synced: None, kagsync: Kagsync, settings: Settings, minutes: int, state: str
) -> None:
    execute(settings.db, "UPDATE competitions SET deadline = '2020-01-01T00:00:00Z'")
    synced_ago(settings.db, timedelta(minutes=minutes))

    found = told(kagsync)

    assert states(found) == {SLUG: state}
    assert "fresh (at most 15 min overdue)" in found["summary"]


def test_the_databases_size_counts_what_sqlite_has_not_moved_into_it(
    synced: None, kagsync: Kagsync, settings: Settings
) -> None:
    assert told(kagsync)["database"]["bytes"] == settings.db.stat().st_size

    with contextlib.closing(sqlite3.connect(settings.db)) as writer, writer:
        writer.execute("UPDATE users SET name = 'Zoë'")
        writer.commit()
        wal = settings.db.with_name(f"{settings.db.name}-wal").stat().st_size
        assert wal > 0
        assert told(kagsync)["database"]["bytes"] == settings.db.stat().st_size + wal


def test_people_see_it_in_a_table(synced: None, kagsync: Kagsync, settings: Settings) -> None:
    out = kagsync.ok("status")

    assert out.startswith("OK: 1 of 1 fresh (last good sync at most 15 min ago)\n")
    assert f"{settings.db}, {settings.db.stat().st_size:,} bytes" in out
    assert "\x1b" not in out
    assert any(line.split() == [SLUG, "fresh", "just", "now"] for line in out.splitlines()), out


def test_quiet_says_nothing_when_all_is_fresh(synced: None, kagsync: Kagsync) -> None:
    ran = kagsync("status", "-q")

    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_quiet_says_what_is_not_fresh(synced: None, kagsync: Kagsync, settings: Settings) -> None:
    synced_ago(settings.db, timedelta(hours=3))

    ran = kagsync("status", "-q")

    assert ran.code == 1
    assert ran.out.startswith("NOT OK: 0 of 1 fresh")


@pytest.mark.parametrize(
    ("age", "words", "state"),
    [
        (timedelta(minutes=14), [], "fresh"),
        (timedelta(minutes=16), [], "stale"),
        (timedelta(minutes=16), ["--max-age", "20m"], "fresh"),
        (timedelta(hours=3), ["--max-age", "3h"], "stale"),
        (timedelta(hours=3), ["--max-age", "1d"], "fresh"),
        (timedelta(minutes=3), ["--max-age", "1m"], "stale"),
        (timedelta(days=900), ["--max-age", "1w"], "stale"),
        (timedelta(minutes=-4), [], "fresh"),  # clocks of two machines are never quite the same
        (timedelta(minutes=-6), [], "stale"),
        (timedelta(days=-1), ["--max-age", "52w"], "stale"),
        (timedelta(days=-20000), ["--max-age", "52w"], "stale"),
    ],
)
def test_how_old_it_may_be(
    age: timedelta, words: list[str], state: str, synced: None, kagsync: Kagsync, settings: Settings
) -> None:
    synced_ago(settings.db, age)

    found = told(kagsync, *words)

    assert states(found) == {SLUG: state}
    assert found["healthy"] == (state == "fresh")
    assert abs(found["competitions"][0]["age_seconds"] - age.total_seconds()) < 60


@pytest.mark.parametrize("text", ["", "soon", "-5m", "15", "999999999d", "1y", "5 m m"])
def test_a_max_age_that_is_none(text: str, synced: None, kagsync: Kagsync) -> None:
    ran = kagsync("status", f"--max-age={text}")

    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1


def test_a_sync_in_the_future_does_not_look_as_if_it_were_just_now(
    synced: None, kagsync: Kagsync, settings: Settings
) -> None:
    synced_ago(settings.db, timedelta(days=-3))

    ran = kagsync("status")

    assert ran.code == 1
    (row,) = [line for line in ran.out.splitlines() if line.split()[:2] == [SLUG, "stale"]]
    assert "now" not in row.split()


def test_never_synced(kaggle: KaggleServer, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", SLUG)

    found = told(kagsync)

    assert states(found) == {SLUG: "never"}
    assert found["competitions"][0]["synced_at"] is found["competitions"][0]["age_seconds"] is None
    ran = kagsync("status")
    assert ran.code == 1
    assert any(line.split() == [SLUG, "never", "never"] for line in ran.out.splitlines()), ran.out


def test_paused_and_unlinked_ones_are_not_waited_for(
    synced: None, kagsync: Kagsync, settings: Settings
) -> None:
    kagsync.ok("competitions", "add", "paused")
    kagsync.ok("competitions", "pause", "paused")
    kagsync.ok("competitions", "add", "school", "--no-kaggle")

    found = told(kagsync)

    assert states(found) == {"paused": "paused", "school": "not-linked", SLUG: "fresh"}
    assert found["healthy"] is True
    assert found["summary"].startswith("OK: 1 of 1 fresh")


def test_one_stale_among_fresh_ones_is_enough(
    synced: None, kaggle: KaggleServer, kagsync: Kagsync, settings: Settings
) -> None:
    kaggle.board("other", board_csv(many_teams(3)))
    kagsync.ok("competitions", "add", "other")
    kagsync.ok("sync", "--all")
    assert told(kagsync)["healthy"] is True
    synced_ago(settings.db, timedelta(hours=1), "other")

    found = told(kagsync)

    assert found["healthy"] is False
    assert found["summary"].startswith("NOT OK: 1 of 2 fresh")


# Silence is not health


def test_no_database_is_not_healthy(kagsync: Kagsync, settings: Settings) -> None:
    for words in ([], ["-q"], ["--format", "json"]):
        ran = kagsync("status", *words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("ERROR kagsync: there is no database")
        assert "kagsync competitions add SLUG" in ran.err
    assert not settings.db.exists()


def test_nothing_tracked_is_not_healthy(kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "user0")

    found = told(kagsync)

    assert found["healthy"] is False
    assert found["summary"] == "Nothing is tracked: kagsync competitions add SLUG"
    assert "Nothing is tracked" in kagsync("status", "-q").out


def test_everything_paused_is_not_healthy(synced: None, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "pause", SLUG)

    found = told(kagsync)

    assert found["healthy"] is False
    assert found["summary"].startswith("Nothing to sync")
    assert found["next_deadline"] is None


def test_nothing_linked_is_not_healthy(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "school", "--no-kaggle")

    assert told(kagsync)["healthy"] is False


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_a_file_that_is_no_database_of_ours_is_not_healthy(
    content: bytes, kagsync: Kagsync, settings: Settings
) -> None:
    settings.db.write_bytes(content)

    ran = kagsync("status", "-q")

    assert ran.code != 0
    assert ran.out + ran.err


def test_a_damaged_database_is_not_healthy(synced: None, kagsync: Kagsync, settings: Settings) -> None:
    with contextlib.closing(sqlite3.connect(settings.db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with settings.db.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (settings.db.stat().st_size - 4096))

    ran = kagsync("status")

    assert ran.code == 5
    assert len(ran.err.splitlines()) == 1


def test_it_changes_nothing(synced: None, kagsync: Kagsync, settings: Settings) -> None:
    def dump() -> list[str]:
        with contextlib.closing(sqlite3.connect(settings.db)) as connection:
            return list(connection.iterdump())

    before = dump()

    kagsync.ok("status")

    assert dump() == before


def test_it_does_not_wait_for_who_writes(synced: None, kagsync: Kagsync, settings: Settings) -> None:
    with contextlib.closing(sqlite3.connect(settings.db, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE competitions SET synced_at = NULL")
        before = clock.utc_now()
        assert told(kagsync)["healthy"] is True
        assert clock.utc_now() - before < timedelta(seconds=10)
        writer.execute("ROLLBACK")


# Failures


def test_failures_are_counted_in_a_row_with_the_last_one_and_its_remedy(
    synced: None, kaggle: KaggleServer, kagsync: Kagsync, settings: Settings
) -> None:
    kaggle.answer(SLUG, kaggle_error(404, "no"), kaggle_error(403, "no"), kaggle_error(403, "no"))
    for count in (1, 2, 3):
        assert kagsync("sync", SLUG, "-q").code != 0
        (one,) = told(kagsync)["competitions"]
        assert one["failures"] == count
        assert one["state"] == "fresh"  # the last good sync is still young

    assert one["last_error"]["code"] == "forbidden"
    assert "does not show you the leaderboard of titanic" in one["last_error"]["message"]
    assert "/competitions/titanic/rules" in one["last_error"]["message"]
    out = kagsync.ok("status")
    assert "1 failing" in out
    assert "3 in a row" in out
    assert "titanic failed " in out
    assert "/competitions/titanic/rules" in out

    synced_ago(settings.db, timedelta(hours=1))
    assert told(kagsync)["summary"].startswith("NOT OK: 0 of 1 fresh")
    kagsync.ok("sync", SLUG)

    (one,) = told(kagsync)["competitions"]
    assert (one["state"], one["failures"], one["last_error"]) == ("fresh", 0, None)
    assert "failed" not in kagsync.ok("status")


def test_a_run_without_news_ends_a_row_of_failures_too(
    synced: None, kaggle: KaggleServer, kagsync: Kagsync
) -> None:
    kaggle.answer(SLUG, kaggle_error(403, "no"))
    kagsync("sync", SLUG, "-q")
    assert told(kagsync)["competitions"][0]["failures"] == 1

    kagsync.ok("sync", "--all")  # the same board as before

    assert told(kagsync)["competitions"][0]["failures"] == 0


def test_a_board_from_disk_does_not_hide_that_kaggle_fails(
    synced: None, kaggle: KaggleServer, kagsync: Kagsync, tmp_path: Path
) -> None:
    board = tmp_path / "board.zip"
    board.write_bytes(board_zip(SLUG, board_csv(many_teams(6)), "2025-11-01T00:00:00"))
    kaggle.answer(SLUG, kaggle_error(403, "no"))
    kagsync("sync", SLUG, "-q")

    kagsync.ok("sync", SLUG, "--from", str(board))

    assert told(kagsync)["competitions"][0]["failures"] == 1


def test_a_bad_file_from_disk_is_no_failure_of_the_syncs(
    synced: None, kagsync: Kagsync, tmp_path: Path
) -> None:
    (tmp_path / "board.zip").write_bytes(b"no zip")

    assert kagsync("sync", SLUG, "--from", str(tmp_path / "board.zip"), "-q").code != 0

    assert told(kagsync)["competitions"][0]["failures"] == 0


def test_only_the_one_that_fails_is_said_to(synced: None, kaggle: KaggleServer, kagsync: Kagsync) -> None:
    kaggle.board("other", board_csv(many_teams(3)))
    kagsync.ok("competitions", "add", "other")
    kaggle.answer(SLUG, kaggle_error(403, "no"))

    assert kagsync("sync", "--all", "-q").code == 1

    found = {one["competition"]: one["failures"] for one in told(kagsync)["competitions"]}
    assert found == {SLUG: 1, "other": 0}


def test_how_long_it_rests(synced: None, kaggle: KaggleServer, kagsync: Kagsync) -> None:
    kaggle.answer(SLUG, too_many_requests("7200"))
    assert kagsync("sync", SLUG, "-q").code == 4

    found = told(kagsync)

    (one,) = found["competitions"]
    until = clock.parse_iso(one["rests_until"])
    assert timedelta(minutes=118) < until - clock.utc_now() <= timedelta(minutes=120)
    assert one["last_error"]["code"] == "rate-limited"
    assert "1 resting" in found["summary"]
    assert "titanic rests until " in kagsync.ok("status")

    kagsync.ok("sync", "--all", "-q")  # left alone: neither a failure nor a good sync
    assert told(kagsync)["competitions"][0]["failures"] == 1

    kagsync.ok("sync", SLUG, "--force")
    (one,) = told(kagsync)["competitions"]
    assert (one["rests_until"], one["failures"]) == (None, 0)


# Deadlines


def test_the_next_deadline_is_the_first_that_is_still_to_come(kaggle: KaggleServer, kagsync: Kagsync) -> None:
    now = clock.utc_now()
    for slug, days in (("over", -2), ("soon", 3), ("later", 30), ("paused", 1)):
        kaggle.competition(slug, deadline=clock.iso(now + timedelta(days=days)))
        kaggle.board(slug, board_csv(many_teams(3)))
        kagsync.ok("competitions", "add", slug)
    kagsync.ok("competitions", "pause", "paused")
    kagsync.ok("sync", "--all")

    found = told(kagsync)

    assert found["next_deadline"] == {
        "competition": "soon",
        "deadline": clock.iso(now + timedelta(days=3)),
    }
    deadlines = {one["competition"]: one["deadline"] for one in found["competitions"]}
    assert deadlines["over"] == clock.iso(now - timedelta(days=2))
    assert "next deadline: soon ends in " in kagsync.ok("status")


def test_no_deadline_is_none(synced: None, kagsync: Kagsync) -> None:
    assert told(kagsync)["next_deadline"] is None
    assert "next deadline" not in kagsync.ok("status")


# Screens


@pytest.mark.long
@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_table_on_a_terminal(
    width: int, synced: None, kaggle: KaggleServer, kagsync: Kagsync, settings: Settings
) -> None:
    pytest.importorskip("pty", reason="needs a POSIX terminal")
    long = "playground-series-s5e12-with-quite-a-long-name-for-a-slug"
    deadline = clock.iso(clock.utc_now() + timedelta(days=3))
    for slug in (long, "kurz"):
        kaggle.competition(slug, title="梯度 " * 30, deadline=deadline)
        kaggle.board(slug, board_csv(many_teams(5)))
        kagsync.ok("competitions", "add", slug)
    kagsync.ok("sync", "--all")
    kaggle.answer("kurz", kaggle_error(403, "no"))
    assert kagsync("sync", "kurz", "-q").code == 1

    shown = on_terminal("status", width=width)

    assert "\x1b[1m" in shown
    lines = plain(shown).splitlines()
    header = next(line for line in lines if "State " in line)
    assert header.startswith("Competition"), shown
    rows = [line for line in lines if " fresh " in line and "of" not in line.split()]
    assert len(rows) == 3, shown
    for line in (header, *rows):
        assert len(line.rstrip()) <= width, line
    assert len({row.index("fresh") for row in rows}) == 1, "the columns are not straight"
    assert header.index("State") == rows[0].index("fresh")
    assert any(row.lstrip().startswith(("kurz ", "titanic ")) for row in rows)
    assert lines[0].startswith("OK: 3 of 3 fresh")
    assert "/rules" in "".join(lines)
    assert all(cell_len(line) <= width for line in lines), shown


def test_a_process_of_its_own_on_a_pipe_has_no_escapes(synced: None) -> None:
    ran = run("status", TERM="xterm-256color", FORCE_COLOR="")

    assert ran.code == 0
    assert "\x1b" not in ran.out + ran.err


def test_hostile_text_is_harmless(synced: None, kagsync: Kagsync, settings: Settings) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\u202eevil[red]\nOK: 9 of 9 fresh"
    execute(
        settings.db,
        "UPDATE competitions SET slug = ?, title = ?, deadline = ?",
        hostile,
        hostile,
        "2999-01-01T00:00:00Z",
    )
    execute(
        settings.db,
        "INSERT INTO sync_runs (run, competition_id, slug, source, status, started_at, finished_at, "
        "error_code, error_message) SELECT 'x', id, slug, 'kaggle', 'error', ?, ?, ?, ? FROM competitions",
        "2025-11-01T00:00:00Z",
        "2025-11-01T00:00:00Z",
        "forbidden",
        hostile,
    )

    ran = kagsync("status")

    assert ran.code == 0
    assert not set("\x1b\x07\u202e") & set(ran.out)
    assert not any(line.startswith("OK: 9 of 9") for line in ran.out.splitlines())
    assert "[red]" in ran.out
    assert told(kagsync)["competitions"][0]["competition"] == hostile
    if os.name == "posix":
        screen = on_terminal("status", width=100)
        assert "\x1b]" not in screen
        assert "\x1b[2J" not in screen
        assert "\u202e" not in screen


@pytest.mark.parametrize("deadline", ["", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_deadline_that_is_odd_breaks_nothing(
    deadline: str, synced: None, kagsync: Kagsync, settings: Settings
) -> None:
    execute(settings.db, "UPDATE competitions SET deadline = ?", deadline)

    kagsync.ok("status")
    assert told(kagsync)["healthy"] is True
