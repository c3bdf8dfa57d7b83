"""Channels whose URL is in a variable: it is read when it is used, and nothing shows it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv
from world.listeners import Listener

from kagsync.schedule import env_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.club import Club

SECRET = "s3cret-token"
ALICE = Team(1, "a", ("alice",))
AHEAD = [Team(2, "x", ("xena",)), ALICE]


@pytest.fixture
def channel() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def url(channel: Listener, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sets the variable HOOK."""
    url = f"json://{channel.address}/{SECRET}"
    monkeypatch.setenv("HOOK", url)
    return url


def test_the_variable_is_stored_and_its_url_is_used(club: Club, board: Path, url: str) -> None:
    said = club.ok("notify", "add", "env:HOOK", "--all", "--quiet-for", "0m")
    assert said.startswith("Added 1: env:HOOK (label ")
    assert club.ask("SELECT url FROM notify_targets") == [("env:HOOK",)]
    assert "Sent to 1: env:HOOK" in club.ok("notify", "test")
    assert "env:HOOK" in club.ok("notify", "list")


def test_a_run_tells_the_channel_of_the_variable(
    club: Club, board: Path, url: str, channel: Listener
) -> None:
    club.ok("notify", "add", "env:HOOK", "--all", "--quiet-for", "0m")
    ran = club.load(club.file(board_csv(AHEAD), "2025-11-01T12:00:00"))
    assert ran.code == 0
    assert "Notified env:HOOK" in ran.err
    assert len(channel.heard) == 1


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"nosuch://{SECRET}",
        f"json://me:{SECRET}@x@localhost",
        *(pytest.param(each, marks=pytest.mark.long) for each in (" ", SECRET, "env:HOOK", "json://h:99999")),
    ],
)
def test_a_variable_that_is_not_set_or_wrong_is_named_and_never_quoted(
    value: str, club: Club, board: Path, url: str, channel: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.ok("notify", "add", "env:HOOK", "--all", "--quiet-for", "0m")
    monkeypatch.setenv("HOOK", value)
    runs = [club.run("notify", "test"), club.run("notify", "add", "env:HOOK", "--only", "left")]
    if value.strip():
        assert [ran.code for ran in runs] == [1, 2]
    else:  # it may be set later
        assert [ran.code for ran in runs] == [1, 0]
        assert "the variable HOOK is not set" in runs[1].err
    synced = club.load(club.file(board_csv(AHEAD), "2025-11-01T12:00:00"))
    assert synced.code == 0
    for ran in (*runs, synced, club.run("doctor"), club.run("notify", "list"), club.run("status")):
        assert SECRET not in ran.out + ran.err
    for ran in (runs[0], synced, club.run("doctor")):
        assert "HOOK" in ran.out + ran.err
    assert channel.heard == []


@pytest.mark.parametrize("name", ["", "1x", "a b", f"discord://id/{SECRET}", "x" * 101])
def test_what_does_not_name_a_variable_is_refused_and_not_quoted(name: str, club: Club, board: Path) -> None:
    ran = club.run("notify", "add", f"env:{name}")
    assert (ran.code, ran.out) == (2, "")
    assert "not the name of a variable" in ran.err
    assert SECRET not in ran.err


@pytest.mark.long
def test_scheduled_runs_get_the_variable(
    club: Club, board: Path, url: str, home: Path, monkeypatch: pytest.MonkeyPatch, channel: Listener
) -> None:
    club.ok("notify", "add", "env:HOOK", "--all", "--quiet-for", "0m")
    club.ok("notify", "add", "env:NOT_SET")
    crontab = home / "bin" / "crontab"
    crontab.parent.mkdir()
    crontab.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat {home}/tab; else cat > {home}/tab; fi\n')
    crontab.chmod(0o755)
    (home / "tab").write_text("")
    monkeypatch.setenv("PATH", str(crontab.parent), prepend=":")
    said = club.ok("schedule", "install", "--cron")
    file = home / ".config" / "kagsync" / "cron.env"
    assert f"Secret, so saved in a file that only you can read: HOOK ({file})" in said
    assert env_file.read(file) == {"HOOK": url}
    assert SECRET not in said + (home / "tab").read_text()
    monkeypatch.delenv("HOOK")
    doctor = club.run("doctor").out
    assert "NOT_SET is not set" in doctor
    assert "HOOK is not set" not in doctor
    job = shlex.split((home / "tab").read_text().splitlines()[-2])
    assert job[job.index("--env-file") + 1] == str(file)
    new = club.file(board_csv(AHEAD), "2025-11-01T12:00:00")
    club.load(new, "--env-file", str(file))
    assert len(channel.heard) == 1
    monkeypatch.delenv("HOOK", raising=False)
