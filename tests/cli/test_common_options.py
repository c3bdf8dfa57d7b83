"""The options that every command has, before and after it; and `kagsync help`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from world.running import run

from kagsync.cli.command import Given
from kagsync.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings


@pytest.mark.parametrize("before", [["--db", "{}"], ["--db={}"], ["-v", "--db", "{}"], ["-q", "--db={}"]])
def test_the_database_can_be_named_before_the_command(
    before: list[str], kagsync: Kagsync, tmp_path: Path, settings: Settings
) -> None:
    elsewhere = tmp_path / "else where.db"
    words = [word.format(elsewhere) for word in before]

    kagsync.ok(*words, "users", "add", "alice")

    listed = json.loads(kagsync.ok(*words, "users", "list", "--format", "json"))
    assert [user["username"] for user in listed] == ["alice"]
    assert elsewhere.is_file()
    assert not settings.db.exists()


def test_of_two_databases_the_one_after_the_command_counts(kagsync: Kagsync, tmp_path: Path) -> None:
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    kagsync.ok("--db", str(one), "users", "add", "alice", "--db", str(other))
    assert (one.exists(), other.exists()) == (False, True)


@pytest.mark.long
def test_the_demo_takes_its_database_before_the_command_too(kagsync: Kagsync, tmp_path: Path) -> None:
    db = tmp_path / "demo.db"
    kagsync.ok("-q", "--db", str(db), "demo")
    assert db.is_file()


def test_quiet_and_verbose_work_before_the_command(kagsync: Kagsync) -> None:
    assert kagsync.ok("-q", "competitions", "add", "titanic", "--no-kaggle") == ""
    assert "Traceback" in kagsync("-v", "show", "nowhere").err
    assert "Traceback" not in kagsync("show", "nowhere").err


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Given(), Given(), (False, False)),
        (Given(verbose=True), Given(), (True, False)),
        (Given(quiet=True), Given(), (False, True)),
        (Given(quiet=True), Given(verbose=True), (True, False)),
        (Given(verbose=True), Given(quiet=True), (False, True)),
        (None, Given(quiet=True), (False, True)),
    ],
)
def test_what_stands_after_the_command_counts(
    before: Given | None, after: Given, expected: tuple[bool, bool]
) -> None:
    assert after.after(before)[1:] == expected


@pytest.mark.parametrize("words", [["-v", "-q", "show"], ["show", "-q", "-v"], ["-vq", "demo"]])
def test_quiet_and_verbose_together_are_refused(words: list[str], kagsync: Kagsync) -> None:
    ran = kagsync(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "--verbose and --quiet contradict each other. Pass one of them" in ran.err
    with pytest.raises(UsageError):
        Given(verbose=True, quiet=True).after(Given())


@pytest.mark.parametrize("words", [[], ["sync"], ["users"], ["users", "add"], ["help"]], ids=" ".join)
def test_help_is_the_help_of_the_command(words: list[str], kagsync: Kagsync) -> None:
    assert kagsync.ok("help", *words) == kagsync.ok(*words, "--help")


def test_help_lists_the_commands_in_the_same_order_in_a_process_of_its_own() -> None:
    assert run("help").out == run("--help").out


@pytest.mark.parametrize(("words", "named"), [(["hsow"], "'show'"), (["users", "ad"], "'add'")])
def test_help_of_an_unknown_command_is_an_error_with_a_suggestion(
    words: list[str], named: str, kagsync: Kagsync
) -> None:
    ran = kagsync("help", *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"Did you mean {named}?" in ran.err
