"""The log, its file and `sync_runs` name nobody, whatever a board is like and whatever people type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from world import traces
from world.boards import Team, board_csv
from world.club import Club
from world.hostile import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

ROSTER = ["wondergirl", "Allegra Wunderlich", "S4711AW", "Crimson Falcon"]
ON_BOARD = ["Rabbit Holes", "queenofhearts", "marchhare"]
NAMES = [*ROSTER, *ON_BOARD]
GOOD = board_csv(
    [Team(1, "Rabbit Holes", ("wondergirl", "queenofhearts")), Team(2, "marchhare", ("marchhare",))]
)


def _with(old: str, new: str) -> bytes:
    text = GOOD.decode()
    assert old in text
    return text.replace(old, new).encode()


BAD = {
    "cut off": GOOD[:-15],
    "cut off in a name": GOOD[: GOOD.index(b"queenofhearts") + 9],
    "no header": GOOD.split(b"\n", 1)[1],
    "a list of people": b"wondergirl,Allegra Wunderlich,7A\nmarchhare,Rabbit Holes,7B\n",
    "a team twice": GOOD + GOOD.split(b"\n")[1] + b"\n",
    "names in the place of ranks": re.sub(rb"(?m)^\d+,", b"wondergirl,", GOOD),
    "names in the place of scores": _with(",0.5,", ",Rabbit Holes,"),
    "names in the place of dates": _with("2025-10-30 12:00:00", "Rabbit Holes"),
    "a quote that never closes": GOOD + b'3,3,"Rabbit Holes,2025-10-30 12:00:00,0.5,1,wondergirl\n',
    "a cell that is too long": _with("Rabbit Holes", "Rabbit Holes" * 500),
    "too many cells": GOOD + b"Rabbit Holes," * 200 + b"wondergirl\n",
    "semicolons": GOOD.replace(b",", b";"),
    "empty": GOOD.split(b"\n", 1)[0] + b"\n",
    "fewer rows": b"\n".join(GOOD.split(b"\n")[:2]) + b"\n",
    "good": GOOD,
    "hostile": board_csv(
        [Team(n, name, ("wondergirl",) * (n == 1)) for n, name in enumerate(HOSTILE.values(), 1)]
    ),
}


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Club:
    club = Club(kagsync, settings, tmp_path)
    club.track("wondergirl", "marchhare")
    club.ok("users", "add", "wondergirl", "--name", ROSTER[1], "--student-id", ROSTER[2])
    club.ok("users", "add", "wondergirl", "--pseudonym", ROSTER[3], "--team", "Rabbit Holes")
    monkeypatch.setenv("KAGSYNC_LOG_FILE", str(tmp_path / "kagsync.log"))
    return club


def nobody_is_named(club: Club) -> None:
    assert traces.of(NAMES, club.folder / "kagsync.log") == set()
    for (message,) in club.ask("SELECT error_message FROM sync_runs WHERE error_message IS NOT NULL"):
        assert not [name for name in NAMES if name.lower() in message.lower()], message


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("kind", BAD)
def test_a_sync_names_nobody(kind: str, begun: bool, club: Club) -> None:
    if begun:
        club.board(
            "2025-10-30T10:00:00",
            *(Team(n, f"team {n}") for n in range(10, 20)),
            Team(1, "x", ("wondergirl",)),
        )
    for file in (club.file(BAD[kind], "2025-10-31T12:00:00"), club.folder / "lb.csv"):
        file.write_bytes(BAD[kind])
        ran = club.load(file)
        assert not [name for name in NAMES if name.lower() in ran.err.lower()], ran.err
        ran = club.run("process", club.slug, str(file))
        assert not [name for name in NAMES if name.lower() in ran.err.lower()], ran.err
    nobody_is_named(club)


def test_a_mistake_in_the_program_names_nobody(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    from kagsync.sync import work

    def with_a_mistake(*_: object, **__: object) -> None:
        raise KeyError("wondergirl")

    monkeypatch.setattr(work, "process", with_a_mistake)
    ran = club.load(club.file(GOOD))
    assert ran.code == 1
    assert "unforeseen KeyError in test_named_nowhere.py, line" in ran.err
    nobody_is_named(club)


@pytest.mark.parametrize(
    "words",
    [
        ("show", "titanic", "--user", "marchhair"),
        ("show", "--user", "marchhair"),
        ("news", "--user", "marchhair"),
        ("history", "titanic", "marchhair"),
        ("users", "remove", "marchhair", "--yes"),
        ("users", "archive", "marchhair"),
        ("users", "restore", "marchhair"),
        ("users", "rename", "marchhair", "queenofhearts"),
        ("users", "rename", "wondergirl", "marchhare"),
        ("users", "add", "marchhare", "--student-id", "S4711AW"),
        ("users", "add", "Rabbit Holes"),
        ("users", "import", "{list}"),
        ("users", "remove", "wondergirl", "Rabbit Holes", "--yes"),
        ("grade", "titanic", "--scheme", "{scheme}", "--user", "marchhair"),
    ],
    ids=" ".join,
)
def test_an_error_of_a_command_about_people_is_on_the_terminal_only(
    words: tuple[str, ...], club: Club
) -> None:
    path = club.folder / "list.csv"
    path.write_text(
        "username,name\nRabbit Holes,x\nmarch;hare,Allegra Wunderlich\nkaggle.com/u/wondergirl,y\n"
    )
    scheme = club.folder / "scheme.toml"
    scheme.write_text('[[part]]\nkind = "participation"\npoints = 1\n')
    club.board("2025-10-30T10:00:00", Team(1, "x", ("wondergirl",)))
    (club.folder / "kagsync.log").unlink()
    ran = club.run(*(word.replace("{list}", str(path)).replace("{scheme}", str(scheme)) for word in words))
    assert ran.code == 2
    assert any(name.lower() in ran.err.lower() for name in (*NAMES, "marchhair", "march;hare"))
    log = club.folder / "kagsync.log"
    if words != ("users", "add", "Rabbit Holes"):  # refused before the log file is opened
        (line,) = log.read_text().splitlines()
        assert "Its error is not in this file, because it may name people" in line
        assert "marchhair" not in line
    nobody_is_named(club)


@pytest.mark.parametrize("by_sync", [False, True])
def test_removing_somebody_leaves_nothing_in_the_pages_or_the_log(by_sync: bool, club: Club) -> None:
    file, pages = club.file(GOOD), club.folder / "pages"
    club.load(file)
    report = ["sync", club.slug, "--from", str(file), "--report"] if by_sync else ["report", "--output"]
    club.ok(*report, str(pages))
    assert traces.of(ROSTER[:2], pages) == set(ROSTER[:2])
    club.ok("users", "remove", "wondergirl", "--yes")
    assert traces.of([*ROSTER, *ON_BOARD[:2]], club.db) == set()
    club.ok(*report, str(pages))
    assert traces.of([*ROSTER, *ON_BOARD[:2]], pages, club.folder / "kagsync.log") == set()
