"""The README says everything there is, and nothing that is not."""

from __future__ import annotations

import re
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from world import ROOT

from kagsync import errors, settings
from kagsync.cli import main
from kagsync.standings.movements import REASONS
from kagsync.store.records import Counts
from kagsync.sync import after
from kagsync.sync import run as sync

if TYPE_CHECKING:
    from world.running import Kagsync

    from kagsync.store import Store

README = (ROOT / "README.md").read_text(encoding="utf-8")
# `-h` and `--help` stand in the sentence above the table; the others of every command too.
COMMANDS: dict[str, Any] = {}


def _collect(command: Any, path: str) -> None:
    for name, child in getattr(command, "commands", {}).items():
        full = f"{path} {name}".strip()
        if getattr(child, "commands", None):
            _collect(child, full)
        else:
            COMMANDS[full] = child


_collect(typer.main.get_command(main.app), "")


def _options(command: Any) -> set[str]:
    names: set[str] = set()
    for parameter in command.params:
        if parameter.param_type_name == "option":
            names |= {*parameter.opts, *parameter.secondary_opts}
    return names


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`{name}[ `]", README), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_the_readme(name: str) -> None:
    for option in _options(COMMANDS[name]):
        assert re.search(rf"`{option}[ `]", README), f"{name} {option}"


def test_every_key_of_syncs_json_is_in_the_readme() -> None:
    counts = Counts(1, 1, 0, 0, 0)
    result = sync.Result("titanic", "error", counts, errors.KagsyncError("it failed"))
    failure = sync.AfterFailure("report", "usage", "it failed")
    outcome = sync.as_json(sync.Outcome([result], alone=True, after=(failure,)))
    (competition,) = outcome["competitions"]
    keys = {*outcome, *competition, *competition["error"], *outcome["after"][0]}
    assert all(f"`{key}`" in README for key in keys)
    assert all(f"`{step}`" in README for step in (sync.REPORT, after.NOTIFY, after.PING, after.TRIGGER))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_common_options_and_its_argument_in_the_help(
    name: str, kagsync: Kagsync
) -> None:
    assert _options(COMMANDS[name]) >= {"--db", "--verbose", "-v", "--quiet", "-q"}
    shown = kagsync.ok(*name.split(), "--help")
    assert f"kagsync {name}" in shown


def test_the_readme_names_no_option_that_does_not_exist() -> None:
    known = {"--version", "--help"}.union(*(_options(command) for command in COMMANDS.values()))
    # pip's, uv's, ruff's, the benchmarks', apt's
    others = {"--quiet", "--from", "--check", "--quick", "--no-install-recommends"}
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", README):
        assert option in known | others, option


def test_every_exit_code_is_in_the_readme() -> None:
    codes = {
        value
        for name, value in vars(errors).items()
        if re.fullmatch("[A-Z]+[A-Z_]*", name) and isinstance(value, int)
    }
    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}


def test_every_setting_is_in_the_readme_and_is_read() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'"(KAGSYNC_\w+)"', source)) == set(settings.VARIABLES)
    assert set(re.findall(r"`(KAGSYNC_\w+)`", README)) == set(settings.VARIABLES)


def test_every_table_and_view_is_in_the_readme(store: Store) -> None:
    with sqlite3.connect(store.path) as connection:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]
    connection.close()
    for name in names:
        if not name.startswith(("sqlite_", "_sqlite_")):
            assert re.search(rf"`{name}`|FROM {name} ", README), name


def test_the_columns_the_readme_names_exist(store: Store) -> None:
    rows = re.findall(
        r"^\| `(competitions|users|leaderboard_entries|entry_history|sync_runs)` \|.*", README, re.M
    )
    assert len(rows) == 5
    with sqlite3.connect(store.path) as connection:
        for line in README.splitlines():
            if match := re.match(r"\| `(\w+)` \| .*? \| (.*) \|$", line):
                table, text = match.groups()
                columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
                if not columns:
                    continue
                named = set(re.findall(r'`"?(\w+)"?`', re.sub(r"\(.*?\)", "", text)))
                assert named - {"ok", "unchanged", "older", "error", "teams"} <= columns, table
    connection.close()


def test_the_crontab_example_runs_what_the_readme_says() -> None:
    crontab = (ROOT / "crontab.example").read_text(encoding="utf-8")
    (line,) = [line for line in crontab.splitlines() if not line.startswith("#")]
    assert line.startswith("*/5 * * * * /home/you/kagsync/.venv/bin/kagsync sync --all -q ")
    assert "crontab.example" in README


@pytest.mark.parametrize("name", ["show.svg", "history.svg"])
def test_the_pictures_are_what_the_program_shows(name: str) -> None:
    sys.path.insert(0, str(ROOT / "tests" / "pictures"))
    from make import HERE, PICTURES

    made = re.sub(r"\s+", " ", PICTURES[name]())
    stored = re.sub(r"\s+", " ", (HERE / name).read_text(encoding="utf-8"))
    assert re.findall(r"<text.*?</text>", made) == re.findall(r"<text.*?</text>", stored)
    assert f"tests/pictures/{name}" in README


def test_every_reason_is_in_the_readme() -> None:
    for reason, meaning in REASONS.items():
        assert f"| `{reason}` | {meaning} |" in README


def test_the_marked_commands_of_the_readme_are_there_for_ci() -> None:
    assert re.findall(r"<!-- run: (\w+) -->\n```\n.+\n```", README) == ["demo", "test", "check"]
