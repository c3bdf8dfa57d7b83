"""One competition through the phases, several side by side, and what can go wrong."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import MODERN, board_csv, board_name, board_zip, many_teams
from world.club import Club
from world.kaggle_server import Answer, html, kaggle_error, too_many_requests
from world.running import run, set_columns, start

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer, Request
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings
    from kagsync.store import Store

SLUG = "spaceship-titanic"
BOARD = board_csv(many_teams(1744))
LATER = board_csv(many_teams(1744, seed=1))
COLUMNS = (
    "['Rank', 'TeamId', 'TeamName', 'LastSubmissionDate', 'Score', 'SubmissionCount', 'TeamMemberUserNames']"
)
EIGHT = [f"user{number * 80}" for number in range(8)]
TWELVE = [f"user{number * 80}" for number in range(8, 20)]


class Crowd(Club):
    """A club with large boards."""

    def competitions(self, *slugs: str, board: bytes = BOARD) -> None:
        for slug in slugs:
            self.kaggle.competition(slug)
            self.kaggle.board(slug, board)
        super().competitions(*slugs)

    def runs(self) -> list[tuple[str, str]]:
        return self.ask("SELECT slug, status FROM sync_runs ORDER BY id")


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path, kaggle: KaggleServer) -> Crowd:
    return Crowd(kagsync, settings, tmp_path, kaggle)


# A healthy run


@pytest.mark.fixed_port
def test_the_log_lines_and_the_result_are_the_contracts_to_the_letter(club: Crowd) -> None:
    club.competitions(SLUG)
    club.people(*EIGHT)
    club.kagsync.ok("sync", "--all")
    club.people(*TWELVE)
    club.kaggle.board(SLUG, LATER, when="2025-10-31T20:00:00")

    ran = run("sync", "--all")

    assert ran.code == 0
    assert ran.out == "Synced 20 entries across 1 competition\n"
    assert ran.err.splitlines() == [
        "INFO kagsync: Downloaded complete leaderboard: 1744 entries",
        f"INFO kagsync: CSV has 1744 entries with columns: {COLUMNS}",
        "INFO kagsync: Database update complete - Created: 12, Updated: 8, Skipped: 1724",
        "INFO kagsync: Cleaned up CSV: spaceship-titanic-publicleaderboard-2025-10-31_T_20_00_00.csv",
        "INFO kagsync: Synced 20 entries for spaceship-titanic",
    ]
    assert club.nothing_left()


@pytest.mark.fixed_port
def test_a_quiet_healthy_run_prints_nothing_at_all(club: Crowd) -> None:
    club.competitions("titanic", "digits")
    club.people(*EIGHT)

    for _ in range(2):
        ran = run("sync", "--all", "-q")
        assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_several_competitions_are_counted_together(club: Crowd) -> None:
    club.competitions("titanic", "digits", "houses")
    club.people(*EIGHT)

    assert club.kagsync.ok("sync", "--all") == "Synced 24 entries across 3 competitions\n"


def test_nothing_to_sync_says_how_to_add(kagsync: Kagsync) -> None:
    hint = "Nothing to sync: add a competition with kagsync competitions add SLUG\n"

    assert kagsync.ok("sync", "--all") == hint
    kagsync.ok("users", "add", "alice")
    assert kagsync.ok("sync", "--all") == hint


def test_paused_and_unlinked_competitions_are_left_out(club: Crowd) -> None:
    club.competitions("titanic", "digits", "houses")
    club.kagsync.ok("competitions", "pause", "digits")
    club.kagsync.ok("competitions", "add", "houses", "--no-kaggle")

    club.kagsync.ok("sync", "--all")
    assert [request.slug for request in club.kaggle.downloads()] == ["titanic"]

    club.kagsync.ok("competitions", "resume", "digits")
    club.kagsync.ok("sync", "--all")
    assert {request.slug for request in club.kaggle.downloads()} == {"titanic", "digits"}


def test_the_one_synced_longest_ago_goes_first(club: Crowd, store: Store) -> None:
    club.competitions("a", "b", "c", "d")
    for slug, at in (("a", "2025-01-03"), ("b", "2025-01-01"), ("d", "2025-01-02")):
        set_columns(store.path, slug, tried_at=f"{at}T00:00:00Z")

    club.kagsync.ok("sync", "--all", "--jobs", "1")

    assert [request.slug for request in club.kaggle.downloads()] == ["c", "b", "d", "a"]


@pytest.mark.long
@pytest.mark.parametrize(("words", "jobs"), [([], 4), (["--jobs", "2"], 2), (["--jobs", "1"], 1)])
def test_jobs_are_how_many_go_side_by_side(club: Crowd, words: list[str], jobs: int) -> None:
    club.competitions("a", "b", "c", "d")
    together = threading.Barrier(jobs)  # it breaks if fewer come
    lock, waiting, most = threading.Lock(), 0, 0

    def wait_for_the_others(_: Request) -> None:
        nonlocal waiting, most
        with lock:
            waiting += 1
            most = max(most, waiting)
        together.wait(20)
        time.sleep(0.05)  # one too many would come now
        with lock:
            waiting -= 1

    club.kaggle.before_answer = wait_for_the_others
    club.kagsync.ok("sync", "--all", *words)

    assert most == jobs
    assert len(club.kaggle.downloads()) == 4


def test_the_same_competition_named_twice_is_synced_once(club: Crowd) -> None:
    club.competitions("titanic")

    club.kagsync.ok("sync", "titanic", "TITANIC", "https://www.kaggle.com/competitions/titanic/leaderboard")

    assert len(club.kaggle.downloads()) == 1


def test_the_name_on_kaggle_may_be_another(club: Crowd) -> None:
    club.kaggle.competition("titanic")
    club.kaggle.board("titanic", BOARD)
    club.kagsync.ok("competitions", "add", "ours", "--kaggle-id", "titanic")
    club.people(*EIGHT)

    assert club.kagsync.ok("sync", "ours") == "Synced 8 entries across 1 competition\n"


# Nothing new


HEAVY = """
import sys
from kagsync.cli import main as cli
for command in sys.argv[1:]:
    code = cli.main(command.split())
    heavy = {"pandas", "numpy", "sqlite_utils", "pydantic", "kagglesdk.kernels"} & sys.modules.keys()
    print(command, "->", code, *sorted(heavy), file=sys.stderr)
"""


def imports(*commands: str) -> tuple[str, list[str]]:
    """Runs commands in a fresh process: their output, and for each its code and the heavy modules by then."""
    done = subprocess.run(
        [sys.executable, "-c", HEAVY, *commands], capture_output=True, text=True, check=True
    )
    return done.stdout, [line for line in done.stderr.splitlines() if " -> " in line]


@pytest.mark.fixed_port
def test_a_second_sync_finds_nothing_new_and_imports_nothing_heavy(club: Crowd) -> None:
    club.competitions(SLUG, "titanic")
    club.people(*EIGHT)
    club.kagsync.ok("sync", "--all")
    before = club.ask("SELECT * FROM leaderboard_entries"), club.ask("SELECT * FROM entry_history")

    tick = "sync --all --trigger cron --jobs 4 --max-time 540"
    out, told = imports(tick)

    assert out.startswith("Synced 0 entries across 2 competitions; nothing new in ")
    assert {rows for (rows,) in club.ask('SELECT "rows" FROM sync_runs')} == {1744}
    assert SLUG in out
    assert told == [f"{tick} -> 0"]
    assert before == (club.ask("SELECT * FROM leaderboard_entries"), club.ask("SELECT * FROM entry_history"))
    assert sorted(club.runs()[2:]) == [(SLUG, "unchanged"), ("titanic", "unchanged")]


@pytest.mark.fixed_port
def test_a_run_with_changed_boards_imports_nothing_heavy_either(club: Crowd, tmp_path: Path) -> None:
    club.competitions(SLUG)
    club.people(*EIGHT)
    club.kagsync.ok("sync", "--all")
    club.kaggle.board(SLUG, LATER, when="2025-10-31T20:00:00")
    old = tmp_path / board_name(SLUG, "2020-01-01T00-00-00")
    old.write_bytes(board_csv(many_teams(60), old=True))

    tick, load = "sync --all --trigger cron --jobs 4 --max-time 540", f"sync {SLUG} --from {old}"
    _, told = imports(tick, load)

    assert told == [f"{tick} -> 0", f"{load} -> 0"]
    assert [status for _, status in club.runs()] == ["ok", "ok", "older"]


LIGHT = {
    "--help": 0,
    "sync --help": 0,
    "show": 0,
    f"show {SLUG}": 0,
    f"show {SLUG} --format json": 0,
    f"show {SLUG} --format csv": 0,
    f"show {SLUG} --format markdown": 0,
    "show --user user0": 0,
    "competitions list": 0,
    "users list": 0,
    "cleanup": 0,
    "sync": 2,
    "synk": 2,
    "sync nosuch": 2,
}


def test_light_commands_import_nothing_heavy(club: Crowd) -> None:
    club.competitions(SLUG)
    club.people("user0")
    club.kagsync.ok("sync", SLUG)

    assert imports(*LIGHT)[1] == [f"{command} -> {code}" for command, code in LIGHT.items()]


def test_a_user_added_a_minute_ago_appears_though_the_board_is_the_same(club: Crowd) -> None:
    club.competitions(SLUG)
    club.people("user1")
    club.kagsync.ok("sync", "--all")
    club.people("user2")

    assert club.kagsync.ok("sync", "--all") == "Synced 2 entries across 1 competition\n"
    assert len(club.ask("SELECT * FROM leaderboard_entries")) == 2


def test_a_matching_setting_that_changed_is_something_new(club: Crowd) -> None:
    club.competitions(SLUG)
    club.people("user1")
    club.kagsync.ok("sync", "--all")

    assert "nothing new" not in club.kagsync.ok("sync", "--all", "--no-team-name")
    assert "nothing new" in club.kagsync.ok("sync", "--all", "--no-team-name")


def test_force_processes_anyway(club: Crowd) -> None:
    club.competitions(SLUG)
    club.people("user1")
    club.kagsync.ok("sync", SLUG)

    assert club.kagsync.ok("sync", SLUG, "--force") == "Synced 1 entries across 1 competition\n"


# Errors


def test_one_failing_competition_does_not_hold_up_the_others(club: Crowd) -> None:
    club.competitions("a", "b", "c")
    club.people("user1")
    club.kagsync.ok("sync", "--all")
    entries = club.ask("SELECT * FROM leaderboard_entries WHERE competition_id = 2")
    for slug in "abc":
        club.kaggle.board(slug, LATER, when="2025-10-31T20:00:00")
    club.kaggle.answer("b", html())

    ran = club.kagsync("sync", "--all")

    assert ran.code == 1
    assert ran.out == "Synced 2 entries across 2 competitions; failed: b\n"
    (error,) = [line for line in ran.err.splitlines() if line.startswith("ERROR")]
    assert error == "ERROR kagsync: b: Kaggle sent a web page instead of a leaderboard. Try again later"
    assert club.ask("SELECT * FROM leaderboard_entries WHERE competition_id = 2") == entries
    assert sorted(club.runs()[3:]) == [("a", "ok"), ("b", "error"), ("c", "ok")]
    ((code, message),) = club.ask("SELECT error_code, error_message FROM sync_runs WHERE status = 'error'")
    assert (code, message) == ("bad-download", error.removeprefix("ERROR kagsync: b: "))
    assert "web page" in club.kagsync.ok("show", "b")
    assert club.nothing_left()


def test_a_failed_competition_works_again_at_the_next_run(club: Crowd) -> None:
    club.competitions("titanic")
    club.people("user1")
    club.kaggle.answer("titanic", html())
    assert club.kagsync("sync", "titanic").code == 1

    assert club.kagsync.ok("sync", "titanic") == "Synced 1 entries across 1 competition\n"
    assert "web page" not in club.kagsync.ok("show", "titanic")


@pytest.mark.parametrize(
    ("answer", "alone"),
    [
        (kaggle_error(401, "x"), 3),
        (kaggle_error(403, "x"), 1),
        (kaggle_error(404, "x"), 1),
        (too_many_requests("3600"), 4),
        (kaggle_error(503, "x"), 4),
        (html(), 1),
        (Answer(body=board_zip("a", b"Rank,Score\n1,2\n")), 1),
    ],
    ids=["401", "403", "404", "429", "503", "html", "no board"],
)
def test_the_exit_code_of_a_failure_alone_and_among_others(club: Crowd, answer: Answer, alone: int) -> None:
    club.competitions("a", "b")
    club.kaggle.answer("a", *[answer] * 8)

    everything, one = club.kagsync("sync", "--all"), club.kagsync("sync", "a")

    assert (one.code, everything.code) == (alone, 1)
    assert len([line for line in one.err.splitlines() if line.startswith("ERROR")]) == 1
    assert "Traceback" not in one.err + everything.err


def test_a_competition_that_asked_to_rest_is_left_alone_by_later_runs(club: Crowd) -> None:
    club.competitions("a", "b")
    club.kaggle.answer("a", too_many_requests("3600"))
    club.kagsync("sync", "--all")

    club.kagsync("sync", "--all")

    assert len(club.kaggle.downloads("a")) == 1
    assert len(club.kaggle.downloads("b")) == 2


def test_a_named_competition_that_rests_is_an_error_of_its_own_unless_forced(club: Crowd) -> None:
    club.competitions("a")
    club.people("user1")
    club.kaggle.answer("a", too_many_requests("3600"))
    assert club.kagsync("sync", "a").code == 4

    ran = club.kagsync("sync", "a")
    assert ran.code == 4
    assert re.search(r"ERROR kagsync: a rests until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ran.err)
    assert len(club.kaggle.downloads("a")) == 1

    assert club.kagsync.ok("sync", "a", "--force") == "Synced 1 entries across 1 competition\n"
    assert club.kagsync("sync", "a").code == 0  # a good answer ends the rest


def test_a_board_without_a_needed_column_names_the_missing_and_the_found(club: Crowd) -> None:
    club.competitions("titanic", board=b"Rank,TeamName,Score\n1,a,0.5\n")

    ran = club.kagsync("sync", "titanic")

    assert ran.code == 1
    assert "lacks the columns TeamId, TeamMemberUserNames; it has: Rank, TeamName, Score" in ran.err


@pytest.mark.parametrize("rows", [0, 800])
def test_a_board_that_lost_most_of_its_rows_is_refused_as_suspicious(club: Crowd, rows: int) -> None:
    club.competitions("titanic")
    club.people("user1")
    club.kagsync.ok("sync", "titanic")
    club.kaggle.board("titanic", board_csv(many_teams(rows)), when="2025-10-31T20:00:00")

    assert club.kagsync("sync", "titanic").code == 1
    assert club.kagsync("sync", "titanic", "--accept-shrink").code == 0


def test_an_empty_board_on_the_first_sync_is_simply_empty(club: Crowd) -> None:
    club.competitions("titanic", board=board_csv([]))
    club.people("user1")

    assert club.kagsync.ok("sync", "titanic") == "Synced 0 entries across 1 competition\n"


def test_an_unknown_competition_is_told_before_anything_is_tried(club: Crowd) -> None:
    club.competitions("titanic")

    ran = club.kagsync("sync", "titanic", "titanik")

    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("ERROR kagsync: ")
    assert "'titanik'" in ran.err
    assert "Did you mean titanic?" in ran.err
    assert club.kaggle.downloads() == []


def test_a_damaged_database_is_exit_code_5(club: Crowd) -> None:
    club.competitions("titanic")
    club.db.write_bytes(b"This is no database at all." * 1000)

    ran = club.kagsync("sync", "--all")

    assert ran.code == 5
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_an_unforeseen_failure_in_one_competition_does_not_hold_up_the_others(
    club: Crowd, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    from kagsync.sync import work

    real = work.process

    def with_a_mistake(store: Any, competition: Any, *arguments: Any, **options: Any) -> Any:
        if competition.slug == "a":
            raise ValueError("nobody thought of this")
        return real(store, competition, *arguments, **options)

    monkeypatch.setattr(work, "process", with_a_mistake)
    club.competitions("a", "b", "c")
    club.people("user1")

    ran = club.kagsync("sync", "--all", "--jobs", jobs)

    assert ran.code == 1
    assert ran.out == "Synced 2 entries across 2 competitions; failed: a\n"
    assert "ERROR kagsync: a: " in ran.err
    assert "unforeseen ValueError in test_run.py, line " in ran.err
    assert "nobody thought of this" not in ran.err  # it may quote a board
    assert club.nothing_left()


# JSON


KEYS = [
    "slug",
    "status",
    "rows",
    "created",
    "updated",
    "skipped",
    "changed",
    "error",
    "private",
    "possible_renames",
]


def as_json(ran: Ran) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ran.out)
    assert {"status", "exit_code", "competitions"} <= told.keys()
    assert told["exit_code"] == ran.code
    assert all(list(each) == KEYS for each in told["competitions"])
    return told


def test_json_of_a_good_run(club: Crowd) -> None:
    club.competitions("a", "b")
    club.people("user1", "user2")

    told = as_json(club.kagsync("sync", "--all", "--format", "json"))

    assert told["status"] == "ok"
    assert sorted(told["competitions"], key=lambda each: str(each["slug"])) == [
        {
            "slug": slug,
            "status": "ok",
            "rows": 1744,
            "created": 2,
            "updated": 0,
            "skipped": 1742,
            "changed": 0,
            "error": None,
            "private": None,
            "possible_renames": [],
        }
        for slug in "ab"
    ]


def test_json_of_a_partial_and_of_a_failed_run(club: Crowd) -> None:
    club.competitions("a", "b")
    club.kaggle.answer("a", html(), html())
    club.kaggle.answer("b", Answer(body=b"nothing"))

    failed = as_json(club.kagsync("sync", "--all", "--format", "json"))
    partial = as_json(club.kagsync("sync", "--all", "--format", "json"))

    assert (failed["status"], failed["exit_code"]) == ("error", 1)
    assert (partial["status"], partial["exit_code"]) == ("partial", 1)
    (error,) = [each for each in partial["competitions"] if each["slug"] == "a"]
    assert error == {
        "slug": "a",
        "status": "error",
        **dict.fromkeys(("rows", "created", "updated", "skipped", "changed")),
        "error": {
            "code": "bad-download",
            "message": "Kaggle sent a web page instead of a leaderboard. Try again later",
        },
        "private": None,
        "possible_renames": [],
    }


def test_json_of_a_run_that_could_not_start(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "titanic")

    no_credentials = as_json(kagsync("sync", "--all", "--format", "json"))
    unknown = as_json(kagsync("sync", "titanik", "--format", "json"))

    assert (no_credentials["status"], no_credentials["competitions"]) == ("error", [])
    assert (no_credentials["exit_code"], no_credentials["error"]["code"]) == (3, "credentials")
    assert (unknown["exit_code"], unknown["error"]["code"]) == (2, "unknown-competition")


def test_json_of_nothing_to_do(kagsync: Kagsync) -> None:
    assert as_json(kagsync("sync", "--all", "--format", "json"))["status"] == "ok"


# From disk, and by hand


def test_a_board_that_is_refused_while_it_is_read_was_fetched_all_the_same(
    club: Crowd, tmp_path: Path
) -> None:
    club.kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    source = tmp_path / board_name("titanic")
    source.write_bytes(BOARD + BOARD.splitlines(keepends=True)[-1])

    ran = club.kagsync("sync", "titanic", "--from", str(source))

    assert ran.code == 1
    assert f"INFO kagsync: Read complete leaderboard from {source.name}: 1745 entries\n" in ran.err
    assert "is on the board more than once" in ran.err


@pytest.mark.parametrize("kind", ["zip", "csv"])
def test_a_board_from_disk_in_place_of_kaggle(club: Crowd, tmp_path: Path, kind: str) -> None:
    club.kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    club.people(*EIGHT)
    source = tmp_path / (f"titanic.{kind}" if kind == "zip" else board_name("titanic"))
    source.write_bytes(board_zip("titanic", BOARD) if kind == "zip" else BOARD)

    ran = club.kagsync("sync", "titanic", "--from", str(source))

    assert (ran.code, ran.out) == (0, "Synced 8 entries across 1 competition\n")
    assert f"INFO kagsync: Read complete leaderboard from {source.name}: 1744 entries\n" in ran.err
    assert source.exists()
    assert club.nothing_left()
    assert club.kaggle.requests == []
    assert club.ask("SELECT source, status, snapshot_at FROM sync_runs") == [
        ("file", "ok", "2025-10-31T16:26:26Z")
    ]


def test_an_older_board_from_disk_only_adds_to_the_history(club: Crowd, tmp_path: Path) -> None:
    club.competitions("titanic", board=LATER)
    club.people(*EIGHT)
    club.kagsync.ok("sync", "titanic")
    entries = club.ask("SELECT user_id, rank, score FROM leaderboard_entries")
    source = tmp_path / "old.zip"
    source.write_bytes(board_zip("titanic", BOARD, when="2025-01-01T00:00:00"))

    club.kagsync.ok("sync", "titanic", "--from", str(source))

    assert club.ask("SELECT user_id, rank, score FROM leaderboard_entries") == entries
    assert len(club.ask("SELECT DISTINCT moment FROM entry_history")) == 2


def test_from_disk_is_for_one_competition_and_a_file_that_is_there(club: Crowd, tmp_path: Path) -> None:
    club.kagsync.ok("competitions", "add", "titanic", "--no-kaggle")

    for words in (
        ["--all", "--from", "x.csv"],
        ["titanic", "digits", "--from", "x.csv"],
        ["titanic", "--from", str(tmp_path / "none.csv")],
    ):
        ran = club.kagsync("sync", *words)
        assert ran.code == 2, ran
        assert len(ran.err.splitlines()) == 1


@pytest.mark.fixed_port
def test_the_three_phases_by_hand_give_what_sync_gives(club: Crowd, tmp_path: Path) -> None:
    by_sync, by_hand = tmp_path / "sync.db", tmp_path / "hand.db"
    club.kaggle.competition(SLUG)
    for db in (by_sync, by_hand):
        club.kagsync.ok("competitions", "add", SLUG, "--db", str(db))
        club.kagsync.ok("users", "add", *EIGHT, "--db", str(db))
    program = f"{shlex.quote(sys.executable)} -m kagsync"
    script = f'csv=$({program} fetch {SLUG}) && {program} process {SLUG} "$csv" && {program} cleanup "$csv"'
    for board, when in ((BOARD, "2025-10-31T16:26:26"), (LATER, "2025-10-31T20:00:00")):
        club.kaggle.board(SLUG, board, when)
        club.kagsync.ok("sync", SLUG, "--db", str(by_sync))
        if board is BOARD:
            csv = club.kagsync.ok("fetch", SLUG, "--db", str(by_hand)).strip()
            club.kagsync.ok("process", SLUG, csv, "--db", str(by_hand))
            club.kagsync.ok("cleanup", csv)
            continue
        done = subprocess.run(
            ["bash", "-c", script],
            env={**os.environ, "KAGSYNC_DB": str(by_hand)},
            capture_output=True,
            text=True,
            check=True,
        )

    assert done.stdout == "Created: 0, Updated: 8, Skipped: 1736, Changed: 8\n"
    assert club.nothing_left()
    for query in (
        "SELECT * FROM leaderboard",
        "SELECT * FROM history",
        "SELECT slug, status, snapshot_at, sha256, rows, created, updated, skipped, changed FROM sync_runs",
    ):
        assert club.beside(by_sync).ask(query) == club.beside(by_hand).ask(query) != []


def test_process_takes_a_zip_and_leaves_the_file(club: Crowd, tmp_path: Path) -> None:
    club.kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    club.people(*EIGHT)
    source = tmp_path / "titanic.zip"
    source.write_bytes(board_zip("titanic", BOARD))

    out = club.kagsync.ok("process", "titanic", str(source))

    assert out == "Created: 8, Updated: 0, Skipped: 1736, Changed: 0\n"
    assert club.kagsync.ok("process", "titanic", str(source)).endswith(" (nothing new)\n")
    assert source.exists()
    assert club.nothing_left()


def test_a_failed_process_is_recorded_and_a_cleanup_still_works(club: Crowd) -> None:
    club.competitions("titanic", board=f"{MODERN}\n1,7,a,,none,1,alice\n".encode())
    csv = club.kagsync.ok("fetch", "titanic").strip()

    assert club.kagsync("process", "titanic", csv).code == 1
    assert club.runs() == [("titanic", "error")]
    club.kagsync.ok("cleanup", csv)
    assert club.nothing_left()


# At the same time, and ended in the middle


@pytest.mark.fixed_port
def test_of_two_runs_at_once_one_does_the_work_and_the_other_says_so(club: Crowd) -> None:
    club.competitions("a", "b", "c")
    club.people(*EIGHT)
    over = threading.Event()
    club.kaggle.before_answer = lambda _: over.wait(60)

    with start("sync", "--all") as first:
        try:
            while len(club.kaggle.downloads()) < 3:
                assert first.poll() is None
                time.sleep(0.02)
            second = run("sync", "--all")
            assert first.poll() is None
        finally:
            over.set()
        out, _ = first.communicate(timeout=60)

    assert (first.returncode, second.code) == (0, 0)
    assert out == "Synced 24 entries across 3 competitions\n"
    assert second.out == (
        "Synced 0 entries across 0 competitions; already being synced by another run: a, b, c\n"
    )
    assert sorted(second.err.splitlines()) == [
        f"INFO kagsync: {slug} is already being synced by another run" for slug in "abc"
    ]
    assert sorted(club.runs()) == [("a", "ok"), ("b", "ok"), ("c", "ok")]
    assert len(club.kaggle.downloads()) == 3
    assert club.nothing_left()


@pytest.mark.long
@pytest.mark.fixed_port
def test_runs_that_start_together_create_each_entry_once(club: Crowd) -> None:
    club.competitions("a", "b", "c")
    club.people(*EIGHT)
    club.kaggle.latency = 0.5

    processes = [start("sync", "--all") for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert club.ask("SELECT slug, sum(created) FROM sync_runs GROUP BY slug") == [(slug, 8) for slug in "abc"]
    assert {status for _, status in club.runs()} <= {"ok", "unchanged"}
    assert club.nothing_left()


@pytest.mark.long
@pytest.mark.fixed_port
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("slugs", [["a"], ["a", "b", "c"]], ids=["one", "several"])
def test_a_signal_ends_a_silent_download_in_good_order(
    club: Crowd, number: signal.Signals, slugs: list[str]
) -> None:
    club.competitions(*slugs)
    club.people(*EIGHT)
    club.kagsync.ok("sync", *slugs)
    entries = club.ask("SELECT * FROM leaderboard_entries")
    for slug in slugs:
        club.kaggle.answer(slug, Answer(misbehave="silent"))
    before = len(club.kaggle.downloads())

    with start("sync", "--all") as process:
        while len(club.kaggle.downloads()) < before + len(slugs):
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(number)
        asked = time.monotonic()
        out, err = process.communicate(timeout=30)

    assert time.monotonic() - asked < 4
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert "ERROR kagsync: Stopped" in err
    assert club.nothing_left()
    assert club.ask("SELECT * FROM leaderboard_entries") == entries
    club.kagsync.ok("sync", "--all")


@pytest.mark.long
@pytest.mark.fixed_port
def test_a_signal_while_waiting_for_the_next_try_ends_the_run(club: Crowd) -> None:
    club.competitions("a", "b")
    for slug in "ab":
        club.kaggle.answer(slug, too_many_requests("15"))

    with start("sync", "--all") as process:
        while len(club.kaggle.downloads()) < 2:
            time.sleep(0.02)
        time.sleep(0.3)
        process.terminate()
        asked = time.monotonic()
        _, err = process.communicate(timeout=30)

    assert time.monotonic() - asked < 4
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.fixed_port
def test_a_signal_during_a_fetch_leaves_no_folder(club: Crowd) -> None:
    club.competitions("a")
    club.kaggle.answer("a", Answer(misbehave="drip"))

    with start("fetch", "a") as process:
        while not club.kaggle.downloads():
            time.sleep(0.02)
        time.sleep(0.2)
        process.terminate()
        out, err = process.communicate(timeout=10)

    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert club.nothing_left()


@pytest.mark.fixed_port
def test_a_killed_run_is_swept_by_the_next_one_which_works(club: Crowd) -> None:
    club.competitions("a")
    club.people("user1")
    club.kaggle.answer("a", Answer(misbehave="silent"))
    with start("sync", "a") as process:
        while not club.kaggle.downloads():
            time.sleep(0.02)
        process.kill()
        process.communicate()
    assert not club.nothing_left()

    ran = club.kagsync("sync", "a")

    assert (ran.code, ran.out) == (0, "Synced 1 entries across 1 competition\n")
    assert "INFO kagsync: Removed what a crashed run left behind: a_" in ran.err
    assert club.nothing_left()
