"""Completion in the shell: what is offered, in the shells themselves, and that it harms nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from world.running import Kagsync

    from kagsync.settings import Settings

    Offered = Callable[[str], list[str]]

SCRIPTS = Path(sys.executable).parent


@pytest.fixture
def tracked(kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "add", "titanic", "spaceship-titanic", "--no-kaggle")
    kagsync.ok("users", "add", "alice", "Bob", "--group", "red")
    kagsync.ok("users", "add", "carol", "--group", "blue `x`")
    kagsync.ok("users", "add", "--team", "Group $(touch hacked) 07")
    kagsync.ok("series", "create", "autumn", "titanic")
    kagsync.ok("series", "create", "Autumn 2026; reboot", "titanic")


@pytest.fixture
def offered(kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Offered:
    """A function that gives what bash is offered for a line whose last word is being typed."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_KAGSYNC_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        ran = kagsync()
        monkeypatch.delenv("_KAGSYNC_COMPLETE")
        assert (ran.code, ran.err) == (0, "")
        return ran.out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kagsync sho", ["show"]),
        ("kagsync users re", ["rename", "restore", "remove"]),
        ("kagsync show --f", ["--format"]),
        ("kagsync --db x show --f", ["--format"]),
        ("kagsync show --format ", ["table", "json", "csv", "markdown"]),
        ("kagsync show ", ["spaceship-titanic", "titanic"]),
        ("kagsync show TI", ["titanic"]),
        ("kagsync -v sync titanic sp", ["spaceship-titanic"]),
        ("kagsync notify add json://x --competition t", ["titanic"]),
        ("kagsync show --user ", ["alice", "Bob", "carol", "group-touch-hacked-07"]),
        ("kagsync show titanic --group ", ["red"]),
        ("kagsync users archive b", ["Bob"]),
        ("kagsync history titanic al", ["alice"]),
        ("kagsync standings ", ["autumn"]),
        ("kagsync standings autumn al", ["alice"]),
        ("kagsync series update A", ["autumn"]),
        ("kagsync series create new ti", ["titanic"]),
        ("kagsync series update autumn --rule per", ["percentile"]),
        ("kagsync users add zoe --name ", []),
        ("kagsync backup ", []),
        ("kagsync help no", ["notify"]),
        ("kagsync help notify t", ["test"]),
        ("kagsync help nonsense ", []),
        ("kagsync --version sho", ["show"]),
    ],
)
def test_what_is_offered(line: str, expected: list[str], tracked: None, offered: Offered) -> None:
    assert offered(line) == expected


def test_a_name_that_a_shell_could_run_is_not_offered(
    tracked: None, offered: Offered, settings: Settings
) -> None:
    with closing(sqlite3.connect(settings.db)) as connection, connection:
        connection.execute("UPDATE users SET handle = '$(reboot)', username = NULL WHERE handle = 'alice'")
    assert offered("kagsync users archive ") == ["Bob", "carol", "group-touch-hacked-07"]


def test_without_a_database_nothing_is_offered_and_none_is_created(
    offered: Offered, settings: Settings, tmp_path: Path
) -> None:
    assert offered("kagsync show ") == []
    assert offered(f"kagsync --db {tmp_path}/none.db show ") == []
    assert not settings.db.exists()
    assert not list(tmp_path.glob("*none*"))


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + bytes(100)])
def test_a_file_that_is_no_database_is_left_alone(
    content: bytes, offered: Offered, settings: Settings
) -> None:
    settings.db.write_bytes(content)
    assert offered("kagsync show ") == []
    assert settings.db.read_bytes() == content


def test_an_older_database_is_not_upgraded(tracked: None, offered: Offered, settings: Settings) -> None:
    with closing(sqlite3.connect(settings.db)) as connection:
        connection.execute("PRAGMA user_version = 3")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert offered("kagsync show ") == []
    with closing(sqlite3.connect(settings.db)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_every_shell_is_answered(
    shell: str, tracked: None, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_KAGSYNC_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "kagsync show sp")
    monkeypatch.setenv("_TYPER_COMPLETE_WORD_TO_COMPLETE", "sp")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    assert "spaceship-titanic" in kagsync.ok()


def test_only_the_command_that_is_typed_is_loaded() -> None:
    script = (
        "import sys; from kagsync.cli import main; main.main()\n"
        "print(*sorted(name for name in sys.modules if name.startswith('kagsync.cli.')))"
    )
    asked = {"_KAGSYNC_COMPLETE": "complete_bash", "COMP_WORDS": "kagsync show --f", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **asked},
    )
    loaded = {name.removeprefix("kagsync.cli.") for name in done.stdout.splitlines()[-1].split()}
    assert loaded == {"command", "completion", "fast_start", "main", "options", "scope", "show", "stdout"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_with_what_is_installed(tracked: None, home: Path) -> None:
    """Installs it from a bash, and asks the installed function as the Tab key does."""
    environment = {**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}"}

    def bash(script: str) -> str:
        done = subprocess.run(
            ["bash", "--norc", "-c", script], capture_output=True, text=True, env=environment, check=True
        )
        assert done.stderr == ""
        return done.stdout

    assert "Installed completion for bash" in bash("kagsync --install-completion; true")
    assert (home / ".bashrc").read_text().count("kagsync") == 1
    bash("kagsync --install-completion; true")
    assert (home / ".bashrc").read_text().count("kagsync") == 1
    shown = bash("kagsync --show-completion; true")
    assert (home / ".bash_completions" / "kagsync.sh").read_text().strip() == shown.strip()
    press_tab = (
        "source ~/.bashrc; COMP_WORDS=(kagsync show sp); COMP_CWORD=2; "
        '_kagsync_completion kagsync; echo "${COMPREPLY[@]}"; complete -p kagsync'
    )
    assert bash(press_tab).splitlines() == [
        "spaceship-titanic",
        "complete -o default -F _kagsync_completion kagsync",
    ]


def test_outside_of_a_shell_the_error_says_what_to_do(
    kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer.completion

    for name in (None, "tcsh"):
        monkeypatch.setattr(typer.completion, "_get_shell_name", lambda name=name: name)
        for option in ("--install-completion", "--show-completion"):
            ran = kagsync(option)
            assert (ran.code, ran.out) == (2, "")
            assert "bash, zsh, fish or PowerShell" in ran.err


def test_a_shell_that_asks_in_a_wrong_way_gets_no_traceback(
    kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in ("complete_bash", "complete_zsh", "complete_fish", "complete_ksh", "1", ""):
        monkeypatch.setenv("_KAGSYNC_COMPLETE", asked)
        ran = kagsync("show")
        assert ran.code in (0, 1)
        assert "Traceback" not in ran.err
