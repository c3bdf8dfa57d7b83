"""An exit code is true: no output changes it, and half the work is told as neither all nor none of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.running import start

from kagsync.cli import main
from kagsync.errors import DatabaseError
from kagsync.store import Store
from kagsync.store.competitions import CompetitionChanges, Competitions

if TYPE_CHECKING:
    from world.running import Kagsync

    from kagsync.settings import Settings

# Commands that end with 1, though their output is fine.
UNWELL = (
    ["status"],
    ["status", "--format", "json"],
    ["schedule", "status"],
    ["schedule", "status", "--format", "json"],
)


@pytest.fixture
def unwell(kagsync: Kagsync) -> None:
    """A competition that was never synced, without credentials, and no schedule."""
    kagsync.ok("competitions", "add", "titanic")
    kagsync.ok("users", "add", "alice")


def ended(*words: str, close_stdout: bool) -> tuple[int, str]:
    with start(*words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if close_stdout:
            process.stdout.close()  # `| true`
        err = process.stderr.read()
        if not close_stdout:
            process.stdout.read()
    return process.returncode, err


@pytest.mark.parametrize("words", UNWELL, ids=" ".join)
def test_a_closed_pipe_does_not_change_an_exit_code(words: list[str], unwell: None, kagsync: Kagsync) -> None:
    assert ended(*words, close_stdout=True) == (1, "")
    ran = kagsync(*words)
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.long
def test_a_reader_of_one_line_does_not_change_an_exit_code(unwell: None) -> None:
    line = f'set -o pipefail; "{sys.executable}" -m kagsync doctor | head -1'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (1, 1, "")


@pytest.mark.parametrize(
    "words",
    [
        ["show", "titanic"],
        ["show", "titanic", "--format", "json"],
        ["show", "--format", "csv"],
        ["news", "--format", "markdown"],
        ["competitions", "list"],
        ["users", "export"],
        ["schedule", "print", "--cron"],
        ["--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_a_command_that_is_well_stays_well_for_a_closed_pipe(words: list[str], unwell: None) -> None:
    assert ended(*words, close_stdout=True) == (0, "")


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def on_full_disk(*words: str) -> tuple[int, str]:
    with Path("/dev/full").open("w") as out:
        command = [sys.executable, "-m", "kagsync", *words]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.long
@full
def test_output_that_cannot_be_written_does_not_stop_the_work(kagsync: Kagsync) -> None:
    code, err = on_full_disk("competitions", "add", "a", "b", "c")
    assert (code, len(err.splitlines())) == (5, 1)
    assert "cannot write the output: the disk is full. The command itself succeeded" in err
    assert [word in kagsync.ok("competitions", "list") for word in "abc"] == [True] * 3
    code, err = on_full_disk("competitions", "remove", "a", "b", "--yes")
    assert code == 5
    assert kagsync.ok("competitions", "list", "--format", "csv").count("\n") == 2


@full
def test_a_failure_of_the_command_itself_counts_more_than_that_of_its_output(unwell: None) -> None:
    code, err = on_full_disk("status")
    assert code == 1
    assert "cannot write the output" in err


# Half the work


@pytest.mark.parametrize(
    ("words", "part", "method"),
    [
        (("competitions", "add", "a", "b", "c", "d"), Competitions, "add"),
        (("competitions", "pause", "a", "b", "c", "d"), CompetitionChanges, "set_active"),
        (("competitions", "remove", "a", "b", "c", "d", "--yes"), Competitions, "remove"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_a_command_that_stops_halfway_says_what_is_not_done(
    words: tuple[str, ...], part: type, method: str, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    if words[1] != "add":
        kagsync.ok(words[0], "add", "a", "b", "c", "d")
    whole, calls = getattr(part, method), []

    def third_fails(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise DatabaseError("the disk failed", "Check it")
        return whole(*arguments, **options)

    monkeypatch.setattr(part, method, third_fails)
    ran = kagsync(*words)
    assert ran.code == 5
    assert len(ran.out.splitlines()) == 2
    assert ran.err.splitlines() == [
        "ERROR kagsync: Not done: c, d",
        "ERROR kagsync: the disk failed. Check it",
    ]


def test_a_command_that_fails_at_the_first_says_no_more_than_why(
    kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise DatabaseError("the disk failed", "Check it")

    monkeypatch.setattr(Competitions, "add", fails)
    assert kagsync("competitions", "add", "a", "b").err == "ERROR kagsync: the disk failed. Check it\n"


@pytest.mark.parametrize(
    ("words", "method", "told"),
    [
        (("competitions", "remove", "a", "--yes"), "remove", "Stopped"),
        (("sync", "--all"), "due", "Stopped; the next run goes on where this one ended"),
    ],
)
def test_only_a_stopped_sync_is_said_to_go_on(
    words: tuple[str, ...], method: str, told: str, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    kagsync.ok("competitions", "add", "a")
    monkeypatch.setattr(Competitions, method, stopped)
    ran = kagsync(*words)
    assert (ran.code, ran.err) == (130, f"ERROR kagsync: {told}\n")


# People are removed together, after one question.
@pytest.mark.parametrize(("kind", "answers"), [("competitions", b"y\nn\n"), ("users", b"n\n")])
def test_who_says_no_to_the_last_question_has_lost_nothing(
    kind: str, answers: bytes, kagsync: Kagsync
) -> None:
    pty = pytest.importorskip("pty", reason="needs a POSIX terminal")
    kagsync.ok(kind, "add", "a", "b")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kagsync", kind, "remove", "a", "b"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    os.write(ours, answers)
    out, err = process.communicate(timeout=60)
    os.close(ours)
    assert (process.returncode, out.strip()) == (1, "")
    assert "nothing was done" in err
    listed = kagsync.ok(kind, "list", "--format", "csv")
    assert listed.count("\n") == 3


def test_a_direction_is_remembered_for_all_named_competitions_or_for_none(
    kagsync: Kagsync, settings: Settings
) -> None:
    kagsync.ok("competitions", "add", "a", "--no-kaggle")
    ran = kagsync("sync", "a", "nonesuch", "--lower-is-better")
    assert (ran.code, "nonesuch" in ran.err) == (2, True)
    with Store.open(settings.db, settings.locks) as store:
        assert store.competitions.get("a").higher_is_better is None


def test_a_folder_that_cannot_be_swept_is_told_and_the_others_go(
    kagsync: Kagsync, settings: Settings
) -> None:
    made = [settings.temp_data / f"{slug}_20251031T162626" for slug in ("a", "b", "c")]
    for folder in made:
        folder.mkdir(parents=True)
        (folder / ".kagsync").write_text("file: x.csv\n")
        (folder / "x.csv").touch()
    (made[1] / "x.csv").unlink()
    (made[1] / "x.csv").mkdir()  # a folder where a file was: it is nothing that may be deleted
    ran = kagsync("cleanup")
    assert ran.code == 3, ran
    assert ran.out == "Removed 2 abandoned folders\n"
    assert [line for line in ran.err.splitlines() if line.startswith("ERROR")] == [
        line for line in ran.err.splitlines() if str(made[1]) in line
    ]
    assert [folder.exists() for folder in made] == [False, True, False]


def test_main_leaves_the_callers_stdout_as_it_was(kagsync: Kagsync) -> None:
    before = sys.stdout
    main.main(["--version"])
    assert sys.stdout is before
