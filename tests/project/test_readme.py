"""The README documents everything that exists, and nothing that does not."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sqlite3
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from world import ROOT
from world.boards import board_csv, many_teams

import kagsync as package
from kagsync import clock, errors, settings
from kagsync.cli import main
from kagsync.queries import status
from kagsync.report.folder import FEEDS, INDEX, STANDINGS, files_of, series_names
from kagsync.scoring.series import Series
from kagsync.standings.movements import REASONS
from kagsync.store import records
from kagsync.sync import after, result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.store import Store

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMON = {"--db", "--verbose", "-v", "--quiet", "-q", "--help", "-h"}  # described above the tables
COMMANDS: dict[str, Any] = {}


def _collect(command: Any, path: str) -> None:
    for name, child in getattr(command, "commands", {}).items():
        full = f"{path} {name}".strip()
        if getattr(child, "commands", None):
            _collect(child, full)
        else:
            COMMANDS[full] = child


_collect(main.command([]), "")


def _options(command: Any) -> set[str]:
    names: set[str] = set()
    for parameter in command.params:
        if parameter.param_type_name == "option":
            names |= {*parameter.opts, *parameter.secondary_opts}
    return names


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`{name}[ `]", README), name


def _rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    section = README.partition(f"\n### {heading}\n")[2] or README.partition(f"\n## {heading}\n")[2]
    table = re.search(r"^\| .*\n\| ---.*\n((?:\|.*\n)+)", section, re.MULTILINE)
    assert table, heading
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in table[1].splitlines()]


def _code(cell: str) -> list[str]:
    return re.findall(r"`(.*?)`", cell)


def _named(cell: str) -> set[str]:
    """The commands that a cell names: `sync`, all of the group `schedule`, all that are called `list`."""
    words = {name.partition(" -")[0].removesuffix(" SLUG") for name in _code(cell)}
    return {name for name in COMMANDS if words & {name, name.split()[0], name.split()[-1]}}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_in_the_readme(name: str) -> None:
    rows = [_code(options) for options, commands, _ in _rows("Options") if name in _named(commands)]
    documented = {option.split()[0] for options in rows for option in options}
    assert _options(COMMANDS[name]) - COMMON - documented == set()


def test_every_option_in_the_readmes_table_is_one_of_a_command_beside_it() -> None:
    for options, commands, _ in _rows("Options"):
        for option in _code(options):
            assert any(option.split()[0] in _options(COMMANDS[name]) for name in _named(commands)), option


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_common_options_and_its_argument_in_the_help(
    name: str, kagsync: Kagsync
) -> None:
    assert _options(COMMANDS[name]) >= COMMON - {"--help", "-h"}
    shown = kagsync.ok(*name.split(), "--help")
    assert f"kagsync {name}" in shown


def test_the_readme_names_no_option_that_does_not_exist() -> None:
    commands = [main.command([]), *COMMANDS.values()]
    known = {"--help"}.union(*(_options(command) for command in commands))
    # pip's, uv's, twine's, ruff's, the benchmarks', Hypothesis's
    others = {"--quiet", "--upgrade", "--reinstall", "--strict", "--check", "--quick", "--hypothesis-profile"}
    # the container's: pip's, useradd's, docker's
    others |= {"--no-cache-dir", "--uid", "--home-dir", "--read-only"}
    others |= {"--only", "--without-gossip", "--without-mingle"}  # the benchmarks', Celery's
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", README):
        assert option in known | others, option


def test_every_exit_code_is_in_the_readme() -> None:
    codes = {
        value
        for name, value in vars(errors).items()
        if re.fullmatch("[A-Z]+[A-Z_]*", name) and isinstance(value, int)
    }
    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}


def _errors(kind: type[errors.KagsyncError]) -> Iterator[type[errors.KagsyncError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _errors(each)


def test_every_error_code_is_in_the_readme_with_its_exit_code() -> None:
    for module in pkgutil.walk_packages(package.__path__, "kagsync."):
        if module.name != "kagsync.__main__":
            importlib.import_module(module.name)
    codes = {
        (each.code, each.exit_code)
        for each in _errors(errors.KagsyncError)
        if each.__module__.startswith("kagsync.")
    }
    assert codes == {(code.strip("`"), int(exit_code)) for code, exit_code, _ in _rows("Error codes")}


def _keys(found: object) -> set[str]:
    """All keys, at any depth."""
    if isinstance(found, dict):
        return set(found).union(*(_keys(value) for value in found.values()))
    return set().union(*(_keys(value) for value in found)) if isinstance(found, list) else set()


@pytest.fixture
def lived_in(
    kaggle: KaggleServer, kagsync: Kagsync, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Gives every command something to show, and returns the JSON of the last `sync`."""
    kaggle.competition("titanic", title="Titanic", deadline="2099-01-01T00:00:00Z")
    teams = many_teams(5)
    now = clock.utc_now()
    kaggle.board("titanic", board_csv(teams), f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}")
    kagsync.ok("competitions", "add", "titanic")
    kagsync.ok("users", "add", "user0", "user1", "nobody")
    kagsync.ok("sync", "titanic")
    # A stranger stands in user1's place.
    teams = [replace(team, members=("stranger",)) if "user1" in team.members else team for team in teams]
    kaggle.board("titanic", board_csv(teams), f"{now:%Y-%m-%dT%H:%M:%S}")
    kagsync.ok("notify", "add", "json://localhost")
    kagsync.ok("users", "add", "user0", "--group", "red")
    kagsync.ok("series", "create", "season", "titanic")
    # The report is refused, and a competition fails.
    report = tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text("somebody's")
    kagsync("competitions", "add", "gone")
    synced = json.loads(kagsync("sync", "--all", "--report", str(report), "--format", "json").out)
    # systemd has a schedule, and cron cannot be read.
    units = home / ".config" / "systemd" / "user"
    units.mkdir(parents=True)
    (units / "kagsync.service").write_text("[Service]\nExecStart=/bin/kagsync sync --all\n")
    (units / "kagsync.timer").write_text("[Timer]\nOnCalendar=*:0/5\n")
    crontab = tmp_path / "bin" / "crontab"
    crontab.parent.mkdir()
    crontab.write_text("#!/bin/sh\nexit 7\n")
    crontab.chmod(0o755)
    monkeypatch.setenv("PATH", str(crontab.parent), prepend=":")
    found: dict[str, Any] = synced
    return found


def test_the_keys_of_every_json_are_those_in_the_readme(
    lived_in: dict[str, Any], kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = set()
    (tmp_path / "FILE.toml").write_text(
        '[[part]]\nkind = "adjustments"\nfile = "late.csv"\nkey = "username"\ncolumn = "points"\n'
    )
    (tmp_path / "late.csv").write_text("username,points\nstranger,-1\n")
    (tmp_path / "EXPORT.csv").write_text("student_id,NAME\nS1,7\nS2,\n")
    (tmp_path / "kagsync.toml").write_text('[[competitions]]\nslug = "titanic"\ntitle = "Mine"\n')
    kagsync.ok("users", "add", "user0", "--student-id", "S1")
    monkeypatch.chdir(tmp_path)
    for commands, _, keys in _rows("JSON"):
        for command in _code(commands):
            if command == STANDINGS:
                kagsync.ok("report", "--output", str(tmp_path / "site"))
                assert _keys(json.loads((tmp_path / "site" / STANDINGS).read_text())) == set(_code(keys))
                continue
            named = {"SLUG": "titanic", "PERSON": "user0", "SERIES": "season", "WORD": "titanic"}
            words = [named.get(word, word) for word in command.split()]
            found = lived_in if command == "sync" else json.loads(kagsync(*words, "--format", "json").out)
            assert _keys(found) == set(_code(keys)), command
            checked.add(re.sub(r" [-A-Z].*", "", command))
    assert checked == {name for name, command in COMMANDS.items() if "--format" in _options(command)}


def test_every_file_of_a_report_is_in_the_readme() -> None:
    named = {file for cell, *_ in _rows("Reports") for file in _code(cell)}
    assert named == {INDEX, *FEEDS, *files_of("SLUG"), "series-NAME.html"}
    assert "series-autumn-2026.html" in series_names([Series(1, "Autumn 2026")]).values()


def test_every_word_that_json_uses_is_in_the_readme() -> None:
    steps = {result.REPORT, after.NOTIFY, after.PING, after.TRIGGER, after.THIN}
    ends = {records.OK, records.UNCHANGED, records.OLDER, records.BUSY, records.RESTING, records.LATER}
    states = {status.FRESH, status.STALE, status.NEVER, status.PAUSED, status.UNLINKED}
    section = README.partition("### JSON")[2].partition("\n### ")[0]
    assert steps | ends | {records.ERROR, result.PARTIAL} | states <= set(_code(section))


def test_every_setting_is_in_the_readme_and_is_read() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'"(KAGSYNC_\w+)"', source)) == set(settings.VARIABLES)
    assert set(re.findall(r"`(KAGSYNC_\w+)`", README)) == set(settings.VARIABLES)
    rows = {variable.strip("`"): rest for variable, *rest in _rows("Settings")}
    assert rows.keys() == settings.VARIABLES.keys()
    assert rows["KAGSYNC_JOBS"][-1] == str(settings.DEFAULT_JOBS)
    assert f"1 to {settings.MAX_JOBS}" in rows["KAGSYNC_JOBS"][1]
    assert rows["KAGSYNC_KEEP_DRIFT"][-1] == f"`{settings.KEEP_DRIFT_DAYS}d`"


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
    checked = set()
    with sqlite3.connect(store.path) as connection:
        for tables, _, text in _rows("The database"):
            (table, *others) = _code(tables)
            if others:
                continue
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            named = set(re.findall(r'`"?(\w+)"?`', re.sub(r"\(.*?\)", "", text)))
            assert named - {"unchanged", "error"} <= columns, table
            checked.add(table)
    connection.close()
    assert checked >= {"competitions", "users", "leaderboard_entries", "entry_history", "sync_runs"}


def test_the_crontab_example_runs_what_the_readme_says() -> None:
    crontab = (ROOT / "crontab.example").read_text(encoding="utf-8")
    (line,) = [line for line in crontab.splitlines() if not line.startswith("#")]
    assert line.startswith("*/5 * * * * /home/you/kagsync/.venv/bin/kagsync sync --all -q ")
    assert "crontab.example" in README


@pytest.mark.long
@pytest.mark.parametrize("name", ["show.svg", "final.svg", "history.svg"])
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


def test_every_folder_is_in_the_readme() -> None:
    folders = {path.parent.name for path in Path(package.__file__).parent.glob("*/__init__.py")}
    assert {name.strip("/") for cell, _ in _rows("How it works") for name in _code(cell)} == folders
