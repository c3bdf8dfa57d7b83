"""Checks of what is installed: kagsync, Python, packages, and the command `kaggle`."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from kagsync import installation, memory
from kagsync.doctor.checks import Check
from kagsync.files import scratch
from kagsync.schedule.plan import this_program
from kagsync.store import SQLITE_VERSION
from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60.0  # seconds


def program() -> Iterator[Check]:
    yield Check("kagsync", True, f"{__version__}, {' '.join(this_program())}")


def python() -> Iterator[Check]:
    system = f"{platform.system()} {platform.release()}"
    yield Check("Python", True, f"{platform.python_version()} on {system}, SQLite {SQLITE_VERSION}")


def packages() -> Iterator[Check]:
    versions, wrong = [], []
    for name, least in _required():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        versions.append(f"{name} {version}")
        if _numbers(version) < _numbers(least):
            wrong.append(f"{name} {version} is too old: {least} is needed")
    memory.before_pandas()
    for module in ("pandas", "sqlite_utils", "kagglesdk", "jinja2", "plotille", "rapidfuzz"):
        try:
            importlib.import_module(module)
        except Exception as error:
            if memory.ran_out(error):
                raise  # `survived` reports it as such
            wrong.append(f"{module} cannot be imported ({type(error).__name__}: {error})")
    remedy = installation.this().reinstall() if wrong else ""
    yield Check("Packages", not wrong, "; ".join(wrong) or ", ".join(versions), remedy)


def _required() -> Iterator[tuple[str, str]]:
    """The packages that kagsync needs, and Kaggle's SDK, which `kaggle` needs, with their least versions."""
    for package, only in (("kagsync", ""), ("kaggle", "kagglesdk")):
        try:
            requirements = importlib.metadata.requires(package) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # kagsync runs from its folder; a missing kaggle is reported above
        for requirement in requirements:
            name = re.match(r"[\w.-]+", requirement)
            if name is None or "extra ==" in requirement or (only and name[0] != only):
                continue
            system = re.search(r"sys_platform == [\"'](\w+)", requirement)
            if system is not None and system[1] != sys.platform:
                continue
            least = re.search(r">=\s*([\d.]+)", requirement)
            yield name[0], least[1] if least else "0"


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, for comparing; a suffix (rc1, .post2) is ignored."""
    numbers = re.match(r"[\d.]*", version)
    return tuple(int(part) for part in (numbers[0] if numbers else "").split(".") if part)


def kaggle_command() -> Iterator[Check]:
    """Whether `kaggle` starts, which is how people log in.

    In another process and an empty home: on import it prints, logs in and makes folders.
    """
    script = "import sys; sys.argv = ['kaggle', '--version']; from kaggle.cli import main; main()"
    with scratch.folder() as folder:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KAGGLE_", "XDG_"))}
        try:
            done = subprocess.run(
                [sys.executable, "-c", script],
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                env=kept | {"HOME": str(folder), "USERPROFILE": str(folder)},
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            yield Check("kaggle command", False, str(error), installation.this().reinstall())
            return
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    said = lines[-1] if lines else f"exit code {done.returncode}"
    works = done.returncode == 0
    yield Check("kaggle command", works, said, "" if works else installation.this().reinstall())
