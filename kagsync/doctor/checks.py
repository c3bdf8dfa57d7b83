"""What a check of `doctor` is, and the checks of what is installed: packages, `kaggle`, certificates."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import errors, installation, memory
from kagsync.errors import KagsyncError
from kagsync.files import scratch
from kagsync.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        ok: None where it could not be looked at, or need not be.
        remedy: what mends it, a command where there is one; empty where nothing must be done.
    """

    about: str
    ok: bool | None
    said: str
    remedy: str = ""


def survived(about: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Runs a check. If the check itself fails, that is reported like any other problem."""
    try:
        yield from look()
    except KagsyncError as error:
        yield Check(about, False, error.message, error.remedy or "See the message; -v shows more")
    except Exception as error:  # noqa: BLE001  (doctor is there to report whatever is broken)
        logger.debug("The check of %s failed", about, exc_info=error)
        told = errors.unforeseen(error)
        yield Check(about, False, told.message, told.remedy)


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
                raise  # told as such by `survived`
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


def certificates() -> Iterator[Check]:
    """Reports a missing file of certificates, which stops every download; otherwise says nothing."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        value = os.environ.get(name)
        if value and not Path(value).exists():
            yield Check(
                "Certificates",
                False,
                f"{name} names {value}, which is not there",
                f"Unset {name}, or set it to a file of certificates that exists",
            )
