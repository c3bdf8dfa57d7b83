"""The workflow's life: its steps are run as GitHub runs them, in a repository, with a local Kaggle."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import Team, board_csv
from world.database import ask
from world.kaggle_server import Answer, kaggle_error
from world.runner import FAILURE, SKIPPED, SUCCESS, Run, Runner

from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.repository import Repository
    from world.running import Kagsync

pytestmark = [pytest.mark.long, pytest.mark.fixed_port]

KEY = "KGAT_s3cret-t0ken-of-the-club"
INSTALL = f"python -m pip install --quiet kagsync=={__version__}"
SETUP = """
roster = "roster.csv"

[[competitions]]
slug = "titanic"

[[competitions]]
slug = "spaceship-titanic"
"""
ROSTER = "username,group\nalice,red\nbob,blue\n"
ONE_COMPETITION = 'roster = "roster.csv"\n[[competitions]]\nslug = "titanic"\n'
NAMED = "username,name,student_id\nalice,Alice Liddell,s1234567\nbob,Bob Builder,s7654321\n"
CHECK = "Check that the database may be saved"
AFTER_SYNC = ["Save the database", "Write the report", "Check the report for secrets and names"]


@pytest.fixture
def boards(kaggle: KaggleServer) -> KaggleServer:
    """A Kaggle with two competitions, for the holder of the key."""
    kaggle.accept(token=KEY)
    for number, slug in enumerate(("titanic", "spaceship-titanic")):
        kaggle.competition(slug)
        kaggle.board(slug, board_csv([Team(1, "a", ("alice",)), Team(2 + number, "b", ("bob",))]))
    return kaggle


@pytest.fixture
def actions(repository: Repository, kagsync: Kagsync, boards: KaggleServer) -> Callable[..., Runner]:
    """Makes a runner for the repository."""

    def make(roster: str = ROSTER, names: str = "username", **about: Any) -> Runner:
        repository.commit({"roster.csv": roster, "kagsync.toml": SETUP})
        text = kagsync.ok("schedule", "print", "--github", "--names", names)
        instead = {INSTALL: "true"}
        return Runner(repository, text, {"KAGGLE_API_TOKEN": KEY}, about or {"private": False}, instead)

    return make


def stored(repository: Repository, sql: str) -> list[tuple[Any, ...]]:
    """What a query gives in the database in the branch."""
    return ask(repository.database(repository.folder / "stored.db"), sql)


RANKS = "SELECT competition, username, rank FROM leaderboard"
HISTORY_OF_BOB = (
    "SELECT entry_history.* FROM entry_history JOIN users ON users.id = user_id WHERE username = 'bob'"
)
RUNS = "SELECT sum(run_count) FROM sync_runs"  # of two competitions in each run


def failed(run: Run) -> list[str]:
    return [name for name, outcome in run.steps.items() if outcome == FAILURE]


def test_the_first_run_and_the_second(
    actions: Callable[..., Runner], repository: Repository, boards: KaggleServer
) -> None:
    runner = actions()
    first = runner.run("first")
    assert first.result == SUCCESS, first.text
    assert set(first.steps.values()) == {SUCCESS}
    assert "this is the first run" in first.text
    before = repository.commits()
    assert len(before) == 1
    assert ("titanic", "bob", 2) in stored(repository, RANKS)
    assert "alice" in (runner.site / "competition-titanic.html").read_text()

    boards.board(
        "titanic", board_csv([Team(1, "b", ("bob",)), Team(2, "a", ("alice",))]), "2025-11-01T12:00:00"
    )
    second = runner.run("second")
    assert second.result == SUCCESS, second.text
    assert "Restored the database" in second.text
    after = repository.commits()
    assert len(after) == 1 and after != before
    assert ("titanic", "bob", 1) in stored(repository, RANKS)
    assert len(stored(repository, "SELECT DISTINCT at FROM history WHERE competition = 'titanic'")) == 2
    assert stored(repository, "SELECT name, program, exit_code FROM triggers") == [("github", "kagsync", 0)]
    assert len(repository.commits("main")) == 2  # the test's own


def test_what_is_taken_out_of_the_files_is_no_longer_published_and_comes_back_with_its_history(
    actions: Callable[..., Runner], repository: Repository
) -> None:
    runner = actions()
    runner.run("first")
    history = stored(repository, HISTORY_OF_BOB)
    assert len(history) == 2
    repository.commit({"roster.csv": "username,group\nalice,red\n", "kagsync.toml": ONE_COMPETITION})
    second = runner.run("second")
    assert second.result == SUCCESS, second.text
    published = "".join(path.read_text() for path in runner.site.iterdir())
    assert "alice" in published
    assert "bob" not in published and "spaceship" not in published
    assert stored(repository, HISTORY_OF_BOB) == history

    repository.commit({"roster.csv": ROSTER, "kagsync.toml": SETUP})
    third = runner.run("third")
    assert third.result == SUCCESS, third.text
    published = "".join(path.read_text() for path in runner.site.iterdir())
    assert "bob" in published and "spaceship" in published
    assert stored(repository, HISTORY_OF_BOB) == history


def test_a_run_in_which_a_competition_fails_saves_and_publishes_and_is_red(
    actions: Callable[..., Runner], repository: Repository, boards: KaggleServer
) -> None:
    boards.answer("spaceship-titanic", *[kaggle_error(403, "rules")] * 4)
    runner = actions()
    run = runner.run("first")
    assert (run.result, failed(run)) == (FAILURE, ["Sync"])
    assert [run.steps[name] for name in AFTER_SYNC] == [SUCCESS] * 3
    assert run.steps["Publish the report"] == SUCCESS
    assert len(repository.commits()) == 1
    assert ("titanic", "bob", 2) in stored(repository, RANKS)
    assert (runner.site / "index.html").exists()
    # The branch is public, so the message is not in it.
    assert stored(repository, "SELECT error_code, error_message LIKE 'Not kept%' FROM sync_runs "
                  "WHERE status = 'error'") == [("forbidden", 1)]  # fmt: skip


def test_a_run_that_cannot_restore_stops_and_changes_nothing(
    actions: Callable[..., Runner], repository: Repository
) -> None:
    runner = actions()
    runner.run("first")
    kept = repository.commits()
    away = repository.bare.with_name("away.git")

    def lose() -> None:
        repository.bare.rename(away)

    run = runner.run("second", before={"Restore the database": lose})
    away.rename(repository.bare)
    assert failed(run) == ["Restore the database"]
    assert {run.steps[name] for name in ("Sync", *AFTER_SYNC, "Publish the report")} == {SKIPPED}
    assert repository.commits() == kept


def test_of_two_runs_at_once_one_is_refused_and_the_next_goes_on(
    actions: Callable[..., Runner], repository: Repository
) -> None:
    runner = actions()
    runner.run("first")
    other = {}
    run = runner.run("slow", before={"Save the database": lambda: other.update(run=runner.run("fast"))})
    assert other["run"].result == SUCCESS
    assert failed(run) == ["Save the database"]
    assert "another run has changed the branch" in run.text
    assert run.steps["Publish the report"] == SKIPPED
    assert stored(repository, RUNS) == [(4,)]

    again = runner.run("next")
    assert again.result == SUCCESS, again.text
    assert len(repository.commits()) == 1
    assert stored(repository, RUNS) == [(6,)]


def test_a_run_that_is_killed_leaves_everything_to_the_next(
    actions: Callable[..., Runner], repository: Repository, boards: KaggleServer
) -> None:
    runner = actions()
    runner.run("first")
    kept = repository.commits()
    boards.requests.clear()
    boards.answer("titanic", Answer(misbehave="silent"))

    def kill_while_it_waits() -> None:
        while not boards.downloads("titanic"):
            time.sleep(0.02)
        runner.kill()

    run = runner.run(
        "killed", before={"Sync": threading.Thread(target=kill_while_it_waits, daemon=True).start}
    )
    assert failed(run) == ["Sync"]
    assert {run.steps[name] for name in (*AFTER_SYNC, "Publish the report")} == {SKIPPED}
    assert repository.commits() == kept

    again = runner.run("next")
    assert again.result == SUCCESS, again.text
    assert len(repository.commits()) == 1 and repository.commits() != kept


def test_a_public_repository_with_names_is_not_saved_and_not_published(
    actions: Callable[..., Runner], repository: Repository
) -> None:
    runner = actions(NAMED)
    run = runner.run("first")
    assert failed(run) == [CHECK]
    assert "the repository is public, and the database holds 2 names, 2 student ids" in run.text
    # What is not saved would be told again by each run.
    assert {run.steps[name] for name in ("Sync", *AFTER_SYNC)} == {SKIPPED}
    assert repository.commits() == []
    assert not runner.site.exists()


def test_a_private_repository_keeps_names_and_publishes_none(
    actions: Callable[..., Runner], repository: Repository
) -> None:
    runner = actions(NAMED, private=True)
    run = runner.run("first")
    assert run.result == SUCCESS, run.text
    assert ("Alice Liddell",) in stored(repository, "SELECT name FROM users")
    pages = "".join(path.read_text() for path in runner.site.iterdir())
    assert "alice" in pages and "Liddell" not in pages and "s1234567" not in pages


def test_a_secret_in_the_report_is_not_published(
    actions: Callable[..., Runner], repository: Repository
) -> None:
    runner = actions()

    def plant() -> None:
        page: Path = repository.folder / "first" / "kagsync-report" / "index.html"
        page.write_text(f"{page.read_text()}<!-- {KEY} -->")

    run = runner.run("first", before={"Check the report for secrets and names": plant})
    assert failed(run) == ["Check the report for secrets and names"]
    assert run.steps["Upload the report"] == run.steps["Publish the report"] == SKIPPED
    assert not runner.site.exists()
    assert KEY not in run.text
    assert len(repository.commits()) == 1  # the data is safe all the same
