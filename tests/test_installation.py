"""The commands of the hints fit the way in which kagsync was installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from world import ROOT
from world.running import run

from kagsync import installation
from kagsync.installation import PIP, PIPX, UV_PIP, UV_TOOL, Installation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.running import Kagsync

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="quotes as POSIX shells do")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Looks anew, and again after the test; without the extras that the developer has."""
    installation.this.cache_clear()
    monkeypatch.setattr(installation, "_extras_there", tuple)
    yield
    installation.this.cache_clear()


def environment(folder: Path, *marks: str) -> Path:
    """A Python environment as uv and pipx make them: what tells them apart are these files."""
    folder.mkdir(parents=True)
    for mark in ("pyvenv.cfg", "CACHEDIR.TAG", *marks):
        (folder / mark).touch()
    return folder


def came_from(monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any]) -> None:
    monkeypatch.setattr(installation, "_origin", lambda: origin)


COPY = {"url": "file:///home/you/my%20kagsync", "dir_info": {}}


@pytest.mark.parametrize(
    ("place", "marks", "tool", "temporary"),
    [
        ("home/.venv", (), PIP, False),
        ("share/uv/tools/kagsync", ("uv-receipt.toml",), UV_TOOL, False),
        ("cache/uv/archive-v0/abc", (), UV_TOOL, True),  # uvx
        ("cache/uv/builds-v0/.tmpabc", (), UV_TOOL, True),  # uv run --with
        ("share/pipx/venvs/kagsync", ("pipx_metadata.json",), PIPX, False),
        ("cache/pipx/1a9611a0edad48b", ("pipx_metadata.json",), PIPX, True),  # pipx run
        ("old-pipx/.cache/1a9611a0edad48b", ("pipx_metadata.json",), PIPX, True),
    ],
)
def test_how_it_was_installed_is_told_by_the_environment(
    place: str,
    marks: tuple[str, ...],
    tool: str,
    temporary: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prefix = environment(tmp_path / place, *marks)
    for cache in ("cache/uv", "cache/pipx"):  # old versions of pipx do not mark theirs
        if (tmp_path / cache).is_dir():
            (tmp_path / cache / "CACHEDIR.TAG").touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    found = installation.this()
    assert (found.tool, found.temporary) == (tool, temporary)


def test_an_environment_without_pip_has_uvs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_has_pip", lambda: False)
    assert installation.this().tool == UV_PIP


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (PIP, f"{sys.executable} -m pip install PySocks 'x >= 2'"),
        (UV_PIP, f"uv pip install --python {sys.executable} PySocks 'x >= 2'"),
        (PIPX, "pipx inject kagsync PySocks 'x >= 2'"),
        (UV_TOOL, "uv tool install --reinstall --with PySocks --with 'x >= 2' /home/you/k"),
    ],
)
def test_another_package_is_added_by_the_tool_that_installed_it(tool: str, expected: str) -> None:
    folder = Installation(tool, False, "/home/you/k", folder=True, editable=False)
    assert folder.add_packages("PySocks", "x >= 2") == expected


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        (PIP, f"{sys.executable} -m pip install --upgrade"),
        (UV_PIP, f"uv pip install --python {sys.executable} --upgrade"),
        (PIPX, "pipx install --force"),
        (UV_TOOL, "uv tool install --reinstall"),
    ],
)
def test_an_extra_is_added_by_the_tool_that_installed_it(tool: str, command: str) -> None:
    folder = Installation(tool, False, "/home/you/my kagsync", folder=True, editable=False)
    assert folder.add_extra("notify") == f"{command} '/home/you/my kagsync[notify]'"
    index = Installation(tool, False, "kagsync", folder=False, editable=False)
    assert index.add_extra("notify") == f"{command} 'kagsync[notify]'"
    remote = Installation(tool, False, "git+https://example.com/k.git", folder=False, editable=False)
    assert remote.add_extra("notify") == f"{command} 'kagsync[notify] @ git+https://example.com/k.git'"


def test_an_update_begins_with_the_copy_of_the_repository(tmp_path: Path) -> None:
    copy = Installation(PIPX, False, str(tmp_path), folder=True, editable=False)
    assert copy.update() == f"bring {tmp_path} up to date (git pull), then: pipx install --force {tmp_path}"
    editable = Installation(PIP, False, str(tmp_path), folder=True, editable=True)
    assert editable.update() == f"bring {tmp_path} up to date (git pull)"
    gone = Installation(PIPX, False, str(tmp_path / "gone"), folder=True, editable=False)
    assert gone.update() == "in a new copy of its repository, pipx install --force ."
    index = Installation(PIPX, False, "kagsync", folder=False, editable=False)
    assert index.update() == "pipx install --force kagsync"


def test_an_update_keeps_the_extras_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_extras_there", lambda: ("notify", "excel"))
    index = Installation(UV_TOOL, False, "kagsync", folder=False, editable=False)
    assert index.update() == index.reinstall() == "uv tool install --reinstall 'kagsync[notify,excel]'"


def test_another_extra_keeps_those_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_extras_there", lambda: ("notify", "excel"))
    index = Installation(PIPX, False, "kagsync", folder=False, editable=False)
    assert index.add_extra("celery") == "pipx install --force 'kagsync[notify,excel,celery]'"
    assert index.add_extra("excel") == "pipx install --force 'kagsync[notify,excel]'"


def test_every_extra_is_known_by_a_module_that_it_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: needs for name, needs in project["optional-dependencies"].items() if name != "dev"}
    assert installation.EXTRAS.keys() == extras.keys()
    for name, module in installation.EXTRAS.items():
        assert module in [Requirement(each).name for each in extras[name]]
        assert importlib.util.find_spec(module)


@pytest.mark.parametrize(
    ("origin", "source", "folder"),
    [
        (COPY, "/home/you/my kagsync", True),
        ({}, "kagsync", False),
        ({"url": "https://example.com/k.whl", "archive_info": {}}, "https://example.com/k.whl", False),
        (
            {"url": "https://example.com/k.git", "vcs_info": {"vcs": "git"}},
            "git+https://example.com/k.git",
            False,
        ),
    ],
)
def test_where_it_came_from(
    origin: dict[str, Any], source: str, folder: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_from(monkeypatch, origin)
    found = installation.this()
    assert (found.source, found.folder, found.editable) == (source, folder, False)


def test_this_very_installation_names_the_copy_that_it_came_from() -> None:
    found = installation.this()
    root = Path(__file__).parent.parent
    assert found.tool in (PIP, UV_PIP)
    assert not found.temporary
    assert found.source == (str(root) if found.folder else "kagsync")
    assert shlex.split(found.reinstall())[-1] == found.source


# The login


def test_the_login_is_found_where_path_does_not_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Path(sys.executable).parent
    monkeypatch.setenv("PATH", "/nowhere")
    assert installation.kaggle_login() == f"{beside / 'kaggle'} auth login"
    assert os.access(beside / "kaggle", os.X_OK)
    monkeypatch.setenv("PATH", str(beside))
    assert installation.kaggle_login() == "kaggle auth login"


def test_in_a_cache_the_login_is_named_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(beside))  # as uvx does for its own processes
    monkeypatch.setattr(installation, "is_temporary", lambda _: True)
    assert installation.kaggle_login() == f"{beside / 'kaggle'} auth login"


@pytest.mark.long
def test_who_has_no_key_is_told_a_command_that_exists() -> None:
    run("competitions", "add", "titanic", PATH="/nowhere")
    ran = run("sync", "--all", PATH="/nowhere")
    assert ran.code == 3
    command = ran.err.strip().rpartition("or run: ")[2]
    assert Path(shlex.split(command)[0]).is_file()


# A schedule


@pytest.mark.parametrize("words", [("print", "--cron"), ("install", "--cron")], ids=" ".join)
def test_a_schedule_of_a_program_in_a_cache_is_warned_of(
    words: tuple[str, ...], kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crontab, kept = tmp_path / "bin" / "crontab", tmp_path / "kept"
    kept.touch()
    crontab.parent.mkdir()
    crontab.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat "{kept}"; else cat "$1" >"{kept}"; fi\n')
    crontab.chmod(0o755)
    monkeypatch.setenv("PATH", f"{crontab.parent}{os.pathsep}{os.environ['PATH']}")
    assert kagsync("schedule", *words).err == ""

    came_from(monkeypatch, COPY)
    monkeypatch.setattr(installation, "is_temporary", lambda _: True)
    installation.this.cache_clear()
    ran = kagsync("schedule", *words, "-q")

    assert ran.code == 0
    (line,) = ran.err.splitlines()
    assert line.startswith("WARNING kagsync: ")
    assert "is in a cache" in line
    assert "uv tool install --reinstall '/home/you/my kagsync'" in line


def test_notes_of_an_installer_that_cannot_be_read_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def read_text(self, _: str) -> str:
            return json.dumps(["no object"])

    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Broken())
    assert installation.this().source == "kagsync"
