"""Every number, duration and time from outside is taken, or refused in a line; it is never "unforeseen"."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import MODERN, OLD, board_name
from world.database import prepared

from kagsync.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

NUMBERS = [
    *(str(2**63 - 1), str(2**63), str(-(2**63) - 1), str(2**64), "9" * 400, "9" * 4000),
    *("-1", "0", "+1", " 1 ", "007", "1.5", "1e3", "1e400", "-1e400", "1_000", "0x10", "٣", "²", "１"),
    *("NaN", "inf", "-Infinity", "", "many"),
]
DURATIONS = [
    *(
        "9999999999d",
        "999999w",
        "999999d",
        "0m",
        "-5m",
        "5 m",
        "1d 1d",
        "１５m",
        "1e3d",
        f"{'9' * 400}w",
        "m",
    ),
]
TIMES = [
    *("9999-12-31", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999999Z", "10000-01-01", "99999-W01"),
    *(
        "0001-01-01",
        "0001-01-01T00:00:00+23:59",
        "0001-01-01T00:00+14:00",
        "0000-00-00",
        "1969-12-31T23:59:59",
    ),
    *("1970-01-01", "1899-12-31", "2025-02-30", "20250101", "2025-W01-1", "24:00", "2025-01-01T24:00:00"),
    *("2025-01-01T00:00:00+99:99", "last", "now", "-1"),
]
ANY = [*NUMBERS, *DURATIONS, *TIMES]
# Options and arguments that are words, paths or choices.
WORDS = {
    *(
        "--db",
        "words",
        "folder",
        "--branch",
        "--log-file",
        "--format",
        "--output",
        "--setup",
        "--report",
        "--from",
        "--env-file",
        "--title",
        "--name",
        "--names",
        "--group",
        "--board",
    ),
    *("--user", "--sort", "--columns", "--trigger", "--kaggle-id", "--competition", "--only"),
    *("--against", "--after", "--zone"),
    *("--student-id", "--team", "--pseudonym", "--rule", "--ties", "--absent", "--teams"),
    *("--scheme", "--into", "--column", "--key"),
    *("slug", "slugs", "usernames", "people", "old", "new", "file", "csv", "url"),
    *("name", "person", "competitions"),
}
SLUG = "titanic"


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Path:
    """A club with an entry, a channel and a series; gives the board."""
    board = tmp_path / board_name(SLUG)
    board.write_text(f"{MODERN}\n1,1,A,2025-10-30 12:00:00,0.5,1,alice\n")
    (tmp_path / "scheme.toml").write_text('[[part]]\nkind = "participation"\npoints = 5\n')

    def fill() -> None:
        kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
        kagsync.ok("users", "add", "alice", "bob")
        kagsync.ok("sync", SLUG, "--from", str(board))
        kagsync.ok("notify", "add", "json://localhost:1/")
        kagsync.ok("series", "create", "season", SLUG)

    prepared(settings.db, "an entry, a channel and a series", fill)
    return board


def _parameters() -> Iterator[tuple[list[str], str]]:
    """The words of each command, with each of its parameters that is a number, a duration or a time."""

    def walk(command: Any, words: list[str]) -> Iterator[tuple[list[str], str]]:
        for name, each in getattr(command, "commands", {}).items():
            yield from walk(each, [*words, name])
        if not hasattr(command, "commands"):
            for parameter in command.params:
                name = parameter.opts[0]
                if name not in WORDS and not getattr(parameter, "is_flag", False):
                    yield words, name

    return walk(main.command([]), [])


def _check(kagsync: Kagsync, *words: str) -> None:
    ran = kagsync(*words)
    short = [word[:50] for word in words]
    assert ran.code in (0, 1, 2, 3), (short, ran)
    assert "unforeseen" not in ran.err, (short, ran.err[:600])
    assert "Traceback" not in ran.err, (short, ran.err[:600])
    if ran.code == 2:
        assert len(ran.err.splitlines()) == 1, (short, ran.err[:600])
        assert len(ran.err) < 600, short


def test_what_is_fuzzed_is_all_there_is() -> None:
    assert {name for _, name in _parameters()} == {
        *("--since", "--max-age", "--every", "--quiet-for", "--jobs", "--limit", "--max-time", "number"),
        *("--digest", "--remind", "--at", "--best", "--points", "--score", "--total"),
    }


@pytest.mark.parametrize(
    ("words", "name"), [pytest.param(*each, id=" ".join([*each[0], each[1]])) for each in _parameters()]
)
def test_any_value_works_or_is_refused_in_a_line(
    words: list[str], name: str, kagsync: Kagsync, club: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no crontab and no systemctl: nothing is installed
    needed = {
        "history": [SLUG],
        "sync": [SLUG] if name == "--jobs" else [SLUG, "--from", str(club), "--force"],
        "notify add": ["json://localhost:2/"],
        "standings": ["season"],
        "series create": ["other", SLUG],
        "series add": ["season", SLUG],
        "series update": ["season", "--rule=score"] if name == "--score" else ["season"],
        "grade": [SLUG, "--scheme", str(club.with_name("scheme.toml"))],
    }
    for value in ANY:
        if name.startswith("--"):
            _check(kagsync, *words, *needed.get(" ".join(words), []), f"{name}={value}")
        else:
            _check(kagsync, *words, "--", value)


def test_variables_ports_and_names_of_files(
    kagsync: Kagsync, club: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for value in NUMBERS:
        monkeypatch.setenv("KAGSYNC_JOBS", value)
        assert kagsync("status").code in (0, 1, 3), value
        monkeypatch.delenv("KAGSYNC_JOBS")
        _check(kagsync, "notify", "add", f"json://localhost:{value}/x")
        monkeypatch.setenv("KAGSYNC_PING_URL", f"http://localhost:{value}/")
        _check(kagsync, "status")
        monkeypatch.delenv("KAGSYNC_PING_URL")
    for value in (*TIMES, "9999-12-31T23-59-59", "0000-01-01T00-00-00", "2026-13-40T00-00-00"):
        board = tmp_path / f"b-{value}.csv"
        board.write_bytes(club.read_bytes())
        _check(kagsync, "process", SLUG, str(board))


@pytest.mark.parametrize("seconds", [-(2**40), -1, 0, 2**32, 2**35, 253_402_300_799, 253_402_300_800])
def test_any_time_of_a_files_last_change(seconds: int, kagsync: Kagsync, club: Path, tmp_path: Path) -> None:
    board = tmp_path / "board.csv"
    board.write_text(f"{MODERN}\n1,1,A,,0.5,1,alice\n")
    try:
        os.utime(board, (seconds, seconds))
    except (OSError, OverflowError):
        pytest.skip("the file system has no such time")
    _check(kagsync, "process", SLUG, str(board))


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))])
@pytest.mark.parametrize("header", [MODERN, OLD], ids=["modern", "old"])
def test_any_number_and_any_date_on_a_board(
    header: str, seed: int, kagsync: Kagsync, club: Path, settings: Settings, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    columns = header.split(",")
    for number in range(12):
        rows = []
        for i, member in enumerate(("alice", "bob", "stranger", "")):
            cells = {
                "Rank": str(i + 1),
                "TeamId": str(i + 7),
                "TeamName": member,
                "LastSubmissionDate": "2025-10-30 12:00:00",
                "SubmissionDate": "2025-10-30 12:00:00",
                "Score": "0.5",
                "SubmissionCount": "2",
                "TeamMemberUserNames": member,
            }
            for column in chance.sample(columns, 2):
                if column not in ("TeamName", "TeamMemberUserNames"):
                    cells[column] = chance.choice(ANY)
            rows.append(",".join(cells[column] for column in columns))
        board = tmp_path / f"board-2025-11-0{1 + number % 9}T00-00-{number}0.csv"
        board.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        _check(kagsync, "process", SLUG, str(board), "--higher-is-better", "--force")
        for command in (["show", SLUG], ["news"], ["history", SLUG], ["missing", SLUG]):
            for form in ("table", "json"):
                _check(kagsync, *command, "--format", form)
        _check(kagsync, "report", "--output", str(tmp_path / "web"))
    invariants.check(settings.db)
