"""The help of every command: short summaries, plain names, and nothing but the file that is needed."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kagsync.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.running import Kagsync


def _all(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from _all(child, (*path, name))


@pytest.mark.parametrize("words", list(_all(main.command([]))), ids=" ".join)
def test_the_help_fits_80_columns_and_has_plain_names(
    words: tuple[str, ...], kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    shown = kagsync.ok(*words, "--help")

    assert max(len(line) for line in shown.splitlines()) <= 80
    assert not re.search(r"\.\.\.$|…$", shown.partition("Commands:")[2], re.MULTILINE)
    # `<text|json>` says what to choose from; `<list[str]>` and `<int range>` say nothing to most people.
    assert not re.search(r"<[^|>]*>", shown)


@pytest.mark.parametrize("name", main._FILES)
def test_every_command_is_in_the_file_where_it_is_looked_for(name: str) -> None:
    assert list(main.command([name]).commands) == [name]


def test_no_other_command_is_there() -> None:
    assert set(main.command([]).commands) == set(main._FILES)


@pytest.mark.parametrize(
    "words", [["show"], ["-q", "--db", "x", "show"], ["--db=x", "-v", "show"]], ids=" ".join
)
def test_only_the_file_of_the_command_is_loaded(words: list[str]) -> None:
    script = (
        f"import sys; from kagsync.cli import main; main.main([*{words}, '--help'])\n"
        "print(*sorted(name for name in sys.modules if name.startswith('kagsync.cli.')))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    loaded = {name.removeprefix("kagsync.cli.") for name in done.stdout.splitlines()[-1].split()}
    assert loaded == {"command", "fast_start", "main", "options", "scope", "show", "stdout"}
