"""What comes after the competitions: no step stops another one, and there is one exit code for all to see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import Team, board_csv, board_name
from world.club import SLUG, Club
from world.listeners import Listener
from world.running import Ran, start

from kagsync.notify import ping
from kagsync.report import write
from kagsync.store.runs import Runs
from kagsync.sync import work
from kagsync.sync.result import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store

STEPS = ("report", "notify", "ping", "trigger")


class Watched(Club):
    """A club with a competition on Kaggle, two people and a report."""

    def __init__(self, kagsync: Kagsync, settings: Settings, folder: Path, kaggle: KaggleServer) -> None:
        super().__init__(kagsync, settings, folder, kaggle)
        self.site = folder / "site"
        self.number = 0
        self.track("alice", "bob")
        self.sync()

    def sync(self, *words: str) -> Ran:
        """A sync in which alice and bob change places."""
        self.number += 1
        people = ("alice", "bob") if self.number % 2 else ("bob", "alice")
        teams = [
            Team(len(name), name, (name,), f"0.{9 - i}", submissions=self.number)
            for i, name in enumerate(people)
        ]
        self.kaggle.board(SLUG, board_csv(teams), when=f"2025-10-31T12:{self.number:02}:00")
        return self.kagsync("sync", "--all", "-q", "--trigger", "cron", "--report", str(self.site), *words)

    def as_json(self) -> tuple[Ran, dict[str, Any]]:
        ran = self.sync("--format", "json")
        outcome = json.loads(ran.out)
        assert outcome["exit_code"] == ran.code
        return ran, outcome

    def recorded(self) -> int:
        """How the last run by cron ended, as `schedule status` says."""
        found = json.loads(self.kagsync("schedule", "status", "--format", "json").out)
        (code,) = [run["exit_code"] for run in found["last_runs"] if run["trigger"] == "cron"]
        return int(code)


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with Listener() as listener:
        monkeypatch.setenv(ping.VARIABLE, f"http://{listener.address}/key")
        yield listener


@pytest.fixture
def channel() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def club(
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    channel: Listener,
    monitor: Listener,
) -> Watched:
    """The club, with a monitor and a channel that both work."""
    club = Watched(kagsync, settings, tmp_path, kaggle)
    kagsync.ok("notify", "add", f"json://{channel.address}", "--quiet-for", "0m")
    return club


def pinged(monitor: Listener) -> str:
    """What the last ping said of the exit code; "" for a success."""
    return monitor.heard[-1].path.partition("?")[0].removeprefix("/key").strip("/")


def test_when_all_is_well_nothing_is_said_of_it(club: Watched, channel: Listener, monitor: Listener) -> None:
    ran, outcome = club.as_json()
    assert (ran.code, ran.err, outcome["status"], outcome["after"]) == (0, "", "ok", [])
    assert (club.recorded(), pinged(monitor), len(channel.heard)) == (0, "", 1)


def foreign_index(club: Watched) -> None:
    club.site.mkdir(exist_ok=True)
    (club.site / "index.html").write_text("<h1>Mine</h1>")


def file_for_folder(club: Watched) -> None:
    for path in club.site.glob("*"):
        path.unlink()
    club.site.rmdir()
    club.site.write_text("a file")


@pytest.mark.parametrize("obstacle", [foreign_index, file_for_folder])
def test_a_report_that_fails_is_told_and_everything_else_happens(
    club: Watched, channel: Listener, monitor: Listener, obstacle: Any
) -> None:
    obstacle(club)
    ran, outcome = club.as_json()
    assert (ran.code, outcome["status"]) == (1, "partial")
    (failure,) = outcome["after"]
    assert (failure["step"], str(club.site) in failure["message"]) == ("report", True)
    assert failure["code"] in ("usage", "configuration")
    (error,) = ran.err.splitlines()
    assert error.startswith("ERROR kagsync: The report was not updated: ")
    assert (club.recorded(), pinged(monitor), len(channel.heard)) == (1, "1", 1)
    assert outcome["competitions"][0]["status"] == "ok"
    assert "the report was not updated" in club.kagsync("sync", SLUG, "--report", str(club.site)).out


def test_a_competition_that_is_removed_meanwhile_fails_the_report_only(
    club: Watched, channel: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed(store: Store, *_: object, **__: object) -> write.Written:
        store.competitions.remove(store.competitions.get(SLUG).id)
        store.competitions.get(SLUG)
        raise AssertionError("it was there")

    monkeypatch.setattr(write, "report", removed)
    ran, outcome = club.as_json()
    assert (ran.code, [each["code"] for each in outcome["after"]]) == (1, ["unknown-competition"])


def test_a_channel_that_fails_is_a_warning(club: Watched, channel: Listener, monitor: Listener) -> None:
    channel.__exit__(None, None, None)
    ran, outcome = club.as_json()
    assert (ran.code, outcome["status"]) == (0, "ok")
    (failure,) = outcome["after"]
    assert (failure["step"], failure["code"]) == ("notify", "not-sent")
    assert "Notification target 1" in failure["message"]
    (warning,) = ran.err.splitlines()
    assert warning.startswith("WARNING kagsync: ")
    assert (club.recorded(), pinged(monitor)) == (0, "")
    assert (club.site / "index.html").exists()


def test_a_monitor_that_refuses_is_a_warning(club: Watched, channel: Listener, monitor: Listener) -> None:
    monitor.status = 404
    ran, outcome = club.as_json()
    assert (ran.code, outcome["status"]) == (0, "ok")
    (failure,) = outcome["after"]
    assert (failure["step"], failure["code"]) == ("ping", "not-pinged")
    assert "404" in failure["message"]
    assert "WARNING" in ran.err
    assert (club.recorded(), len(channel.heard)) == (0, 1)


@pytest.mark.parametrize("failing", STEPS)
def test_a_mistake_of_the_program_in_one_step_stops_no_other(
    club: Watched, channel: Listener, monitor: Listener, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    from kagsync.notify import tell

    def mistake(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake")

    where: tuple[Any, str] = {
        "report": (write, "report"),
        "notify": (tell, "tell"),
        "ping": (Runs, "save_ping"),
        "trigger": (Runs, "save_trigger"),
    }[failing]
    before = club.recorded()
    monkeypatch.setattr(*where, mistake)
    ran, outcome = club.as_json()
    code = 1 if failing == "report" else 0
    assert (ran.code, [each["step"] for each in outcome["after"]]) == (code, [failing])
    assert outcome["after"][0]["code"] == "unforeseen"
    assert "unforeseen RuntimeError in test_after.py" in ran.err
    assert "a mistake" not in ran.err  # it may quote a board
    assert club.recorded() == (before if failing == "trigger" else code)
    assert len(channel.heard) == (failing != "notify")
    assert pinged(monitor) == (str(code) if code else "")
    assert (club.site / f"competition-{SLUG}.html").exists()


def test_all_steps_can_fail_at_once_and_the_entries_are_kept(
    club: Watched, channel: Listener, monitor: Listener
) -> None:
    foreign_index(club)
    channel.__exit__(None, None, None)
    monitor.status = 410
    club.execute("CREATE TRIGGER no BEFORE INSERT ON triggers BEGIN SELECT RAISE(ABORT, 'no room'); END")
    ran, outcome = club.as_json()
    assert [each["step"] for each in outcome["after"]] == list(STEPS)
    assert (ran.code, outcome["status"], outcome["competitions"][0]["changed"]) == (1, "partial", 2)


def test_the_syncs_own_failure_counts_more_than_that_of_the_report(club: Watched, monitor: Listener) -> None:
    foreign_index(club)
    club.sync()
    from world.kaggle_server import html

    club.kaggle.answer(SLUG, html())
    ran = club.kagsync("sync", SLUG, "--report", str(club.site), "--format", "json")
    outcome = json.loads(ran.out)
    assert (ran.code, outcome["status"], outcome["exit_code"]) == (1, "error", 1)
    assert [each["step"] for each in outcome["after"]] == ["report"]


def test_a_run_that_cannot_start_has_the_same_code_everywhere(
    club: Watched, monitor: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    ran, outcome = club.as_json()
    assert (ran.code, outcome["status"], outcome["error"]["code"]) == (3, "error", "credentials")
    assert (outcome["after"], outcome["competitions"]) == ([], [])
    assert (club.recorded(), pinged(monitor)) == (3, "3")


def test_a_database_that_cannot_be_opened_is_told_once(club: Watched, monitor: Listener) -> None:
    club.db.write_bytes(b"no database" * 100)
    ran, outcome = club.as_json()
    assert (ran.code, len(ran.err.splitlines()), pinged(monitor)) == (5, 1, "5")
    assert outcome["error"]["code"] == "database"


@pytest.mark.long
@pytest.mark.fixed_port
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_the_recorded_code_is_that_of_the_process_also_when_its_output_is_lost(
    club: Watched, monitor: Listener
) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "kagsync", "sync", "--all", "--trigger", "cron"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, club.recorded(), pinged(monitor)) == (5, 5, "5")


@pytest.mark.fixed_port
def test_a_closed_pipe_changes_neither_the_code_nor_the_record(club: Watched) -> None:
    foreign_index(club)
    with start("sync", SLUG, "--trigger", "cron", "--report", str(club.site)) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.communicate(timeout=60)
    assert (process.returncode, club.recorded()) == (1, 1)


def test_the_outcome_of_a_run_from_disk_has_the_same_keys(club: Watched, tmp_path: Path) -> None:
    path = tmp_path / board_name(SLUG, "2025-11-01T00:00:00")
    path.write_bytes(board_csv([Team(1, "alice", ("alice",))]))
    outcome = json.loads(club.kagsync.ok("sync", SLUG, "--from", str(path), "--format", "json"))
    assert set(outcome) == {"version", "status", "exit_code", "error", "competitions", "after"}
    assert set(Outcome([], alone=False).data) == set(outcome) - {"version"}


def test_a_database_that_is_moved_away_during_a_run_is_missed(
    club: Watched, monitor: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in ("b", "c"):
        club.kagsync.ok("competitions", "add", slug)
        club.kaggle.board(slug, board_csv([Team(1, "alice", ("alice",), "0.5")]))
    real = work.process

    def then_moved(*arguments: Any, **options: Any) -> Any:
        processed = real(*arguments, **options)
        for path in club.db.parent.glob(f"{club.db.name}*"):
            if path.is_file():
                path.rename(path.with_name(f"moved-{path.name}"))
        return processed

    monkeypatch.setattr(work, "process", then_moved)
    ran = club.kagsync("sync", "--all", "--jobs", "1", "--format", "json", "--force")
    outcome = json.loads(ran.out)
    assert ran.code == outcome["exit_code"] == 1
    assert [each["status"] for each in outcome["competitions"]] == ["ok", "error", "error"]
    assert pinged(monitor) == "1"
