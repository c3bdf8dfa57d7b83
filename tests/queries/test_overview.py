"""`competitions list` counts without reading the boards, and counts the same as `show` does with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv, board_name
from world.running import set_columns

from kagsync.queries import board

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

FIRST, SECOND = "2025-10-30T12:00:00", "2025-10-31T12:00:00"


@pytest.fixture
def tracked(kagsync: Kagsync, tmp_path: Path) -> None:
    """Boards with people who are on them, who left, and who never came; and a competition without one."""
    kagsync.ok("users", "add", "alice", "bob", "Carol", "dave")
    kagsync.ok("competitions", "add", "titanic", "houses", "digits", "empty", "--no-kaggle")
    alice, bob, carol = (
        Team(number, name, (name,), f"0.{90 - number}000")
        for number, name in enumerate(("alice", "bob", "carol"))
    )
    for slug, when, teams, old in (
        ("titanic", FIRST, (alice, bob, carol), False),
        ("titanic", SECOND, (bob, carol), False),
        ("houses", FIRST, (carol,), False),
        ("houses", SECOND, (Team(9, "other", ("other",), "0.5"),), False),
        ("digits", "2021-10-30T12:00:00", (carol, alice, bob), True),
    ):
        path = tmp_path / board_name(slug, when)
        path.write_bytes(board_csv(teams, old=old))
        kagsync.ok("sync", slug, "--accept-shrink", "--from", str(path))


def test_it_counts_as_show_does(tracked: None, kagsync: Kagsync) -> None:
    # Nothing happened in the last minute, so both compare with the same board.
    from_boards = json.loads(kagsync.ok("show", "--since", "1m", "--format", "json"))

    listed = json.loads(kagsync.ok("competitions", "list", "--format", "json"))

    assert listed == from_boards
    found = {each["competition"]: each for each in listed}
    counts = {slug: (each["on_board"], each["left"], each["missing"]) for slug, each in found.items()}
    assert counts == {"titanic": (2, 1, 1), "houses": (0, 1, 3), "digits": (2, 0, 2), "empty": (0, 0, 4)}
    assert found["titanic"]["best_username"] == "bob"


def test_it_builds_no_board(tracked: None, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a board was built")

    monkeypatch.setattr(board, "_view", fail)

    assert "titanic" in kagsync.ok("competitions", "list")


@pytest.mark.parametrize("command", [["competitions", "list"], ["show"], ["status"]], ids=" ".join)
def test_what_ends_next_comes_first_and_ended_ones_last(
    command: list[str], kagsync: Kagsync, settings: Settings
) -> None:
    ends = {
        "b-over": "2020-01-01T00:00:00Z",
        "a-over": "2021-01-01T00:00:00Z",
        "never": None,
        "absurd": "0001-01-01T00:00:00Z",
        "late": "2199-12-31T00:00:00Z",
        "soon": "2099-01-01T00:00:00Z",
        "also-soon": "2099-01-01T00:00:00Z",
    }
    kagsync.ok("competitions", "add", *ends, "--no-kaggle")
    for slug, deadline in ends.items():
        set_columns(settings.db, slug, deadline=deadline)
    expected = ["also-soon", "soon", "late", "absurd", "never", "a-over", "b-over"]

    found = json.loads(kagsync(*command, "--format", "json").out)
    rows = found["competitions"] if command == ["status"] else found
    assert [each["competition"] for each in rows] == expected

    lines = kagsync(*command).out.splitlines()
    named = [line.split()[0] for line in lines if line.split() and line.split()[0] in ends]
    assert named == expected
    if command != ["status"]:
        written = kagsync.ok(*command, "--format", "csv").splitlines()
        assert [line.partition(",")[0] for line in written[1:]] == expected
