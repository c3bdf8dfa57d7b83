"""Log lines: one harmless line a record, on stderr and in a rotating file."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.running import on_terminal, plain, run

from kagsync import log
from kagsync.errors import ConfigurationError, KagsyncError
from kagsync.files import log_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.running import Kagsync


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Leaves no log file open."""
    yield
    for handler in log.logger.handlers:
        handler.close()
    log.configure()


def test_a_line_has_its_level_and_the_programs_name(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()

    log.logger.info("hello %d", 1)
    log.logger.warning("careful")
    log.logger.error("no")
    log.logger.debug("detail")

    assert capsys.readouterr() == (
        "",
        "INFO kagsync: hello 1\nWARNING kagsync: careful\nERROR kagsync: no\n",
    )


def test_hashlibs_tracebacks_are_left_out_when_memory_runs_out() -> None:
    # hashlib logs one for each hash whose library cannot be loaded; other records of the root logger stay.
    code = """if True:
        import logging
        from kagsync import log
        log.configure()
        logging.exception("code for hash %s was not found.", "sha1")
        logging.error("else")
    """
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "ERROR:root:else\n"


def test_quiet_leaves_warnings_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(quiet=True)

    log.logger.info("hello")
    log.logger.warning("careful")

    assert capsys.readouterr().err == "WARNING kagsync: careful\n"


def test_verbose_adds_details(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(verbose=True)

    log.logger.debug("detail")

    assert capsys.readouterr().err == "DEBUG kagsync: detail\n"


@pytest.mark.parametrize(
    ("verbose", "expected"), [(False, "before warned after"), (True, "before in warned after")]
)
def test_a_quiet_block_leaves_warnings_unless_the_log_is_verbose(
    verbose: bool, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure(verbose=verbose)
    log.logger.info("before")
    with log.quiet():
        log.logger.info("in")
        log.logger.warning("warned")
    log.logger.info("after")

    assert " ".join(line.split(": ")[1] for line in capsys.readouterr().err.splitlines()) == expected


def test_strangers_text_stays_on_its_line_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()

    log.logger.info(
        "team %s", "a\nERROR kagsync: fake\r\x1b[31m\x07\u202e\u2028\x85\x9b\ud800 é梯🚀 [red]x[/]"
    )

    err = capsys.readouterr().err
    assert err == (
        r"INFO kagsync: team a\nERROR kagsync: fake\r\x1b[31m\x07\u202e\u2028\x85\x9b\ud800 é梯🚀 [red]x[/]"
        + "\n"
    )


def test_an_error_is_one_line_and_with_verbose_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    error = KagsyncError("it broke", "Mend it")

    log.configure()
    log.failure(error, "titanic: ")
    assert capsys.readouterr().err == "ERROR kagsync: titanic: it broke. Mend it\n"

    log.configure(verbose=True)
    try:
        raise error from ValueError("the\x1bcause")
    except KagsyncError as raised:
        log.failure(raised, "titanic: ")
    err = capsys.readouterr().err
    assert err.startswith("ERROR kagsync: titanic: it broke. Mend it\n")
    assert "Traceback (most recent call last):" in err
    assert r"ValueError: the\x1bcause" in err


def test_one_of_several_competitions_is_named_at_the_end_of_its_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure()

    with log.about("titanic"):
        log.logger.info("Cleaned up")
        log.logger.info("Synced 1 entries for titanic")
    log.logger.info("Done")

    assert capsys.readouterr().err == (
        "INFO kagsync: Cleaned up [titanic]\nINFO kagsync: Synced 1 entries for titanic\nINFO kagsync: Done\n"
    )


def test_the_file_has_the_time_too_and_says_more_than_a_quiet_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "folder" / "kagsync.log"
    log.configure(quiet=True, log_file=path)

    log.logger.info("hello é")

    assert capsys.readouterr().err == ""
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO kagsync: hello é\n", path.read_text(encoding="utf-8")
    )


def test_the_file_rotates_and_three_old_ones_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "BYTES", 1000)
    path = tmp_path / "kagsync.log"
    log.configure(quiet=True, log_file=path)

    for number in range(200):
        log.logger.info("line %d", number)

    assert sorted(p.name for p in tmp_path.glob("kagsync.log*")) == [
        "kagsync.log",
        "kagsync.log.1",
        "kagsync.log.2",
        "kagsync.log.3",
    ]
    assert all(p.stat().st_size <= 1000 for p in tmp_path.glob("kagsync.log*"))
    assert "line 199" in path.read_text()


def test_a_log_file_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot write the log file"):
        log.configure(log_file=tmp_path)


def test_configuring_again_closes_the_log_file(tmp_path: Path) -> None:
    log.configure(log_file=tmp_path / "kagsync.log")
    (*_, handler) = log.logger.handlers
    assert isinstance(handler, log_file.LogFile)
    assert handler._file > 2

    log.configure()

    assert handler._file == -1


def test_stderr_that_is_closed_ends_nothing(kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, _: str) -> int:
            raise BrokenPipeError

        flush = write
        isatty = bool

    log.configure()
    monkeypatch.setattr("sys.stderr", Closed())
    log.logger.info("hello")


def test_a_file_that_can_no_longer_be_written_is_told_once_in_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    log.configure(log_file=full)

    log.logger.info("one")
    log.logger.info("two")

    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not line.startswith("INFO")] == [
        "WARNING kagsync: Cannot write the log file /dev/full: No space left on device. The run goes on"
    ]
    assert {"INFO kagsync: one", "INFO kagsync: two"} <= set(lines)
    with contextlib.suppress(OSError):
        log.configure()


# On a terminal


@pytest.fixture
def board(tmp_path: Path, kagsync: Kagsync) -> list[str]:
    """The words of a sync that shows a bar and writes log lines."""
    file = tmp_path / "board.csv"
    file.write_text("Rank,TeamId,TeamName,Score,TeamMemberUserNames\n1,1,a,0.5,alice\n")
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    return ["sync", "titanic", "--from", str(file), "--force", "-v"]


def test_a_log_line_never_runs_into_the_progress_bar(board: list[str]) -> None:
    written = on_terminal(*board, width=200)
    assert "Syncing" in written and "\x1b[2K" in written  # the bar, and that it is drawn again
    # What stands in a line when the cursor leaves it: after the last time it was cleared.
    left = [plain(line).rpartition("\x1b[2K")[2].rpartition("\r")[2] for line in written.split("\n")]
    logged = [line for line in left if "kagsync: " in line]
    assert len(logged) >= 5
    for line in logged:
        assert re.match("(DEBUG|INFO|WARNING) kagsync: ", line), line
        assert "Syncing" not in line


def test_levels_are_coloured_on_a_terminal(board: list[str]) -> None:
    assert "\x1b[36mINFO\x1b[0m kagsync: " in on_terminal(*board)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"NO_COLOR": "0"}, {"TERM": "dumb"}])
def test_nobody_gets_colours_who_wants_none(environment: dict[str, str], board: list[str]) -> None:
    written = on_terminal(*board, **environment)
    assert "INFO kagsync: " in written
    assert not re.search("\x1b\\[[0-9;]*m", written)
    if environment.get("TERM") == "dumb":
        assert "\x1b" not in written
        assert "Syncing" not in written
        assert "\n\n" not in written


def test_an_empty_no_color_asks_for_nothing(board: list[str]) -> None:
    assert "\x1b[36mINFO" in on_terminal(*board, NO_COLOR="")


# Through the command line


def test_the_option_and_the_variable_name_a_log_file(tmp_path: Path, kagsync: Kagsync) -> None:
    board = tmp_path / "board.csv"
    board.write_text("Rank,TeamId,TeamName,Score,TeamMemberUserNames\n1,1,a,0.5,alice\n")
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")
    kagsync.ok("users", "add", "alice")

    by_option = run("sync", "titanic", "--from", str(board), "-q", "--log-file", str(tmp_path / "option.log"))
    by_variable = run(
        "sync", "titanic", "--from", str(board), "-q", KAGSYNC_LOG_FILE=str(tmp_path / "variable.log")
    )

    assert (by_option.code, by_variable.code) == (0, 0)
    assert "INFO kagsync: Synced 1 entries for titanic\n" in (tmp_path / "option.log").read_text()
    assert "INFO kagsync: Nothing new" in (tmp_path / "variable.log").read_text()


def test_errors_are_in_the_log_file_too(tmp_path: Path, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "titanic")
    path = tmp_path / "kagsync.log"

    ran = run("sync", "--all", "-q", "--log-file", str(path))

    assert ran.code == 3
    assert ran.err.startswith("ERROR kagsync: no Kaggle credentials")
    assert "ERROR kagsync: no Kaggle credentials" in path.read_text()


def test_verbose_shows_the_traceback_of_an_expected_error(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "titanic", "--no-kaggle")

    quiet, verbose = run("sync", "titanik"), run("sync", "titanik", "-v")

    assert quiet.code == verbose.code == 2
    assert len(quiet.err.splitlines()) == 1
    assert "Traceback" in verbose.err


def test_a_line_has_a_length_that_people_can_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kagsync.log"
    log.configure(verbose=True, log_file=path)

    log.logger.info("begins %s ends", "x" * 10_000_000)
    log.logger.info("begins %s ends", "\x1b" * 10_000_000)
    try:
        raise ValueError("y" * 10_000_000)
    except ValueError as error:
        log.failure(error)

    for lines in (capsys.readouterr().err.splitlines(), path.read_text().splitlines()):
        assert max(map(len, lines)) < 4100
        assert sum("begins" in line and line.endswith(" ends") for line in lines) == 2
