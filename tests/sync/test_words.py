"""What `sync` says on a terminal: a line a competition in words, and the log only with -v."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv
from world.kaggle_server import kaggle_error
from world.running import on_terminal, plain, run

from kagsync.errors import BadBoard
from kagsync.standings.movements import REASONS
from kagsync.store.records import Counts
from kagsync.sync import moves, result
from kagsync.sync.moves import Moves
from kagsync.sync.result import Outcome, Private, Result

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

BEFORE = [
    Team(1, "a", ("alice",), "0.9"),
    Team(2, "b", ("bob",), "0.8"),
    Team(3, "c", ("carol",), "0.7"),
    Team(4, "d", ("dave",), "0.6"),
    Team(5, "e", ("erin",), "0.5"),
]
AFTER = [
    Team(3, "c", ("carol",), "0.95", submissions=2),
    Team(1, "a", ("alice",), "0.9"),
    Team(2, "b", ("bob",), "0.8", submissions=3),
    Team(5, "e5", ("erin",), "0.5"),
    Team(6, "f", ("frank",), "0.4"),
]
SLUG = "spaceship-titanic"
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank")
CHANGED = (
    f"{SLUG}: 4 of 5 moved (1 improved, 1 overtaken, 1 up because of others, 1 submitted), 1 new, 1 left"
)


@pytest.fixture
def tracked(kaggle: KaggleServer, kagsync: Kagsync) -> KaggleServer:
    kaggle.competition(SLUG)
    kaggle.board(SLUG, board_csv(BEFORE), "2025-10-31T10:00:00")
    kagsync.ok("competitions", "add", SLUG)
    kagsync.ok("users", "add", *PEOPLE)
    return kaggle


def seen(*words: str, width: int = 120) -> list[str]:
    """The lines that stay on a terminal after the progress bar is gone."""
    written = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", on_terminal(*words, width=width))
    return [line for line in written.replace("\r", "\n").splitlines() if line and "Syncing" not in line]


@pytest.mark.long
@pytest.mark.fixed_port
def test_a_terminal_shows_what_changed_and_the_log_only_when_asked(tracked: KaggleServer) -> None:
    assert seen("sync", SLUG) == [
        f"{SLUG}: first board, 5 of ours on it",
        "Synced 5 entries across 1 competition",
    ]
    tracked.board(SLUG, board_csv(AFTER), "2025-10-31T12:00:00")
    assert seen("sync", SLUG) == [CHANGED, "Synced 5 entries across 1 competition"]
    assert seen("sync", SLUG)[0] == f"{SLUG}: nothing new"
    assert seen("sync", SLUG, "-q") == []
    verbose = seen("sync", SLUG, "-v")
    assert "INFO kagsync: Downloaded complete leaderboard: 5 entries" in verbose
    assert f"{SLUG}: nothing new" in verbose


@pytest.mark.fixed_port
def test_a_pipe_and_a_log_file_have_the_lines_of_the_contract(tracked: KaggleServer, tmp_path: Path) -> None:
    log = tmp_path / "sync.log"
    seen("sync", SLUG, "--log-file", str(log))
    logged = [line.partition(" ")[2] for line in log.read_text().splitlines()]
    assert logged[0] == "INFO kagsync: Downloaded complete leaderboard: 5 entries"
    assert logged[-1] == f"INFO kagsync: Synced 5 entries for {SLUG}"
    tracked.board(SLUG, board_csv(AFTER), "2025-10-31T12:00:00")
    ran = run("sync", SLUG)
    assert ran.out == "Synced 5 entries across 1 competition\n"
    assert "INFO kagsync: Database update complete - Created: 1, Updated: 4, Skipped: 0" in ran.err
    assert CHANGED not in ran.err


@pytest.mark.long
@pytest.mark.fixed_port
def test_a_failure_is_told_once(tracked: KaggleServer, kagsync: Kagsync) -> None:
    tracked.competition("titanic")
    tracked.answer("titanic", kaggle_error(403, "no"))
    kagsync.ok("competitions", "add", "titanic")
    kagsync.ok("sync", SLUG)
    written = plain(on_terminal("sync", "--all", code=1))
    assert written.count("ERROR kagsync: titanic: ") == 1
    assert "titanic: failed" not in written
    assert f"{SLUG}: nothing new" in written


def test_without_a_terminal_nothing_is_counted(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> Moves:
        raise AssertionError

    monkeypatch.setattr(moves, "count", never)
    club.track(*PEOPLE)
    for number, board in enumerate((BEFORE, AFTER)):
        assert club.load(club.file(board_csv(board), f"2025-10-31T1{number}:00:00")).code == 0


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ({}, "none of 20 moved"),
        ({"new": 2}, "2 new"),
        ({"improved": 1, "overtaken": 2, "new": 1}, "3 of 20 moved (1 improved, 2 overtaken), 1 new"),
        ({"submitted": 3}, "3 submitted"),
        ({"others-left": 1}, "1 of 20 moved (1 up because of others)"),
        ({"moved": 1}, "1 in another team"),
    ],
)
def test_words_for_what_changed(reasons: dict[str, int], words: str) -> None:
    assert Moves(20, False, False, Counter(reasons)).words == words


def test_who_submitted_in_vain_and_has_another_rank_moved_too() -> None:
    found = Moves(20, False, False, Counter({"overtaken": 1, "submitted": 3}), with_rank=2)
    assert found.words == "3 of 20 moved (1 overtaken, 2 submitted), 1 submitted"
    assert found._replace(with_rank=3).words == "4 of 20 moved (1 overtaken, 3 submitted)"


def test_words_where_nobody_of_ours_is() -> None:
    assert Moves(0, False, False, Counter()).words == "none of ours is there"
    assert Moves(0, True, False, Counter()).words == "first board, none of ours on it"
    assert Moves(0, False, False, Counter({"left": 2})).words == "2 left"


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words(reason: str) -> None:
    found = Moves(5, False, False, Counter({reason: 3})).words
    assert "3 " in found
    assert "-" not in found


COUNTS = Counts(5, 0, 5, 0, 0)


def test_many_in_which_nothing_changed_share_a_line_that_fits() -> None:
    same = [Result(f"c{number:02}", "unchanged", COUNTS) for number in range(40)]
    other = Result("b", "ok", COUNTS, moves=Moves(5, False, False, Counter({"new": 1})))
    failed = Result("a", "error", error=BadBoard("bad"))
    outcome = Outcome([*same, failed, other], alone=False)

    for width in (10, 60, 120, 1000):
        lines = outcome.lines(width)
        assert lines[0] == "b: 1 new"
        assert len(lines) == 2
        named = lines[1].partition(": ")[2].partition(" and ")[0].split(", ")
        assert named == [result.slug for result in same][: len(named)]
        left = 40 - len(named)
        assert lines[1].endswith(f" and {left} more" if left else "c39")
        assert len(lines[1]) <= max(width, len("nothing new (40): c00 and 39 more"))
    few = replace(outcome, results=same[:3])
    assert few.lines(80) == [f"c0{number}: nothing new" for number in range(3)]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("older", "an older board, added to the history"),
        *((each, result._WORDS[each]) for each in result._WORDS),
    ],
)
def test_a_status_has_words(status: str, words: str) -> None:
    assert Result("x", status).words == words
    assert Result("x", "not-due", is_finished=True).words == "finished"


def test_the_private_board_is_told_beside_the_public_one() -> None:
    first = Private("ok", COUNTS, moves=Moves(5, True, True, Counter({"new": 5})))
    later = Private("ok", COUNTS, moves=Moves(5, False, True, Counter({"others-left": 2})))
    for private, words in (
        (first, "nothing new; first private board, 5 of ours on it"),
        (later, "nothing new; 2 of 5 moved (2 up because of others) on the private board"),
        (Private("not-out"), "nothing new; the private board is not out yet"),
        (Private("error", error=BadBoard("bad")), "nothing new"),
        (Private("unchanged", COUNTS), "nothing new"),
    ):
        assert Result("x", "unchanged", COUNTS, private=private).words == words
