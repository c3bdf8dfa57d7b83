"""Memory that runs out: a line or two that say so, the right exit code, and a database as it was."""

from __future__ import annotations

import errno
import gc
from typing import TYPE_CHECKING

import pytest
from world import invariants
from world.boards import board_csv, board_name, many_teams
from world.kaggle_server import Answer, KaggleServer, kaggle_error
from world.running import limited, needs_limits

from kagsync import errors, memory
from kagsync.errors import OutOfMemory, Unforeseen

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings


@pytest.fixture
def board(kagsync: Kagsync, tmp_path: Path) -> Path:
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    kagsync.ok("users", "add", "user1", "user2")
    path = tmp_path / board_name("titanic")
    path.write_bytes(board_csv(many_teams(20_000)))
    return path


def _check_told(megabytes: int, ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == errors.SOME_FAILED, (megabytes, ran)
    assert len(ran.stderr.splitlines()) <= 2, ran.stderr
    assert "there is not enough memory" in ran.stderr, (megabytes, ran)
    for wrong in ("Traceback", "report it", "OpenBLAS", "Fetch the board again"):
        assert wrong not in ran.stderr, (megabytes, ran)


# Below 24 MB the program does not load, below 34 MB one of its libraries does not, and below 46 MB the board
# does not fit.
@needs_limits
@pytest.mark.parametrize(
    "megabytes",
    [30, 36, 40, *(pytest.param(each, marks=pytest.mark.long) for each in (22, 24, 26, 28, 32, 34, 38, 42))],
)
def test_a_sync_without_enough_memory_says_so_and_changes_nothing(
    megabytes: int, board: Path, settings: Settings, kagsync: Kagsync
) -> None:
    _check_told(megabytes, limited(megabytes, "sync", "titanic", "--from", str(board), "-q"))

    invariants.check(settings.db)
    assert kagsync.ok("show", "titanic", "--format", "json").strip() == "[]"
    kagsync.ok("sync", "titanic", "--from", str(board))
    assert not any(settings.temp_data.iterdir())


# To make a database, sqlite-utils imports pandas, whose OpenBLAS would crash below 200 MB.
@needs_limits
@pytest.mark.parametrize(
    "megabytes",
    [90, 160, *(pytest.param(each, marks=pytest.mark.long) for each in (40, 60, 75, 110, 130, 150))],
)
def test_a_first_command_without_enough_memory_says_so_and_the_next_one_works(
    megabytes: int, settings: Settings, kagsync: Kagsync
) -> None:
    _check_told(megabytes, limited(megabytes, "users", "add", "user1"))

    kagsync.ok("users", "add", "user1")
    invariants.check(settings.db)


@needs_limits
@pytest.mark.long
@pytest.mark.parametrize("command", ["show titanic", "news", "users add bob", "report"])
def test_every_command_says_so(command: str, board: Path, tmp_path: Path) -> None:
    words = [*command.split(), *(("--output", str(tmp_path / "web")) if command == "report" else ())]
    ends = [(megabytes, limited(megabytes, *words)) for megabytes in (22, 25, 28, 32, 40, 100)]
    assert ends[0][1].returncode != 0
    for megabytes, ran in ends:
        if ran.returncode != 0:
            _check_told(megabytes, ran)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        ImportError("libopenblas.so: failed to map segment from shared object"),
        ValueError("Error tokenizing data. C error: out of memory"),
        SystemError("<function _find_and_load at 0x7f> returned NULL without setting an exception"),
    ],
    ids=repr,
)
def test_each_way_to_run_out_is_known(error: Exception) -> None:
    assert memory.ran_out(error)
    wrapped = ImportError("Unable to import required dependency numpy")
    wrapped.__cause__ = error
    assert isinstance(errors.unforeseen(wrapped), OutOfMemory)


@pytest.mark.parametrize("error", [ValueError("no"), ImportError("no module"), OSError(errno.EIO, "broken")])
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not memory.ran_out(error)
    assert isinstance(errors.unforeseen(error), Unforeseen)


# The process runs without a garbage collector: what is in reference cycles stays until its end


@pytest.mark.long
@pytest.mark.parametrize(
    ("answer", "most"),
    [
        pytest.param(None, 100, id="a board"),
        pytest.param(kaggle_error(403, "no"), 500, id="refused"),
        pytest.param(Answer(misbehave="close"), 1200, id="four broken connections"),
    ],
)
def test_a_competition_leaves_little_in_reference_cycles(
    answer: Answer | None, most: int, kaggle: KaggleServer, kagsync: Kagsync
) -> None:
    def left(count: int) -> int:
        """How many objects a run of so many competitions leaves."""
        slugs = [f"cup-{number}" for number in range(count)]
        for slug in slugs if answer else ():
            kaggle.answer(slug, *[answer] * 4)
        gc.collect()
        gc.disable()
        kagsync("sync", "--force", *slugs)
        found = gc.collect()
        gc.enable()
        return found

    for number in range(10):
        kaggle.competition(f"cup-{number}")
        kaggle.board(f"cup-{number}", board_csv(many_teams(1744)))
        kagsync.ok("competitions", "add", f"cup-{number}")
    kagsync.ok("users", "add", *(f"user{number}" for number in range(50)))
    kagsync.ok("sync", "--all")
    few, many = left(2), left(10)
    assert (many - few) / 8 < most, (few, many)


def test_a_report_collects_what_its_templates_leave_in_reference_cycles(
    kagsync: Kagsync, tmp_path: Path
) -> None:
    kagsync("competitions", "add", "titanic", "--no-kaggle")
    gc.disable()
    try:
        assert kagsync("report", "--output", str(tmp_path / "report")).code == 0
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
