"""Finds out how kagsync was installed, so that hints show commands that work.

A hint that says `pip install` is wrong for those who installed kagsync with uv or pipx, and the bare name
`kagsync` is wrong for those who installed it from a copy of the repository.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

PIP, UV_PIP, PIPX, UV_TOOL = "pip", "uv pip", "pipx", "uv tool"
NAME = "kagsync"
EXTRAS = {"notify": "apprise", "excel": "openpyxl", "celery": "celery"}  # by a module that each installs


class Installation(NamedTuple):
    """One way in which kagsync may be installed.

    Attributes:
        tool: what installed it: PIP, UV_PIP, PIPX or UV_TOOL.
        temporary: whether it lives in a cache (`uvx`, `pipx run`), from which it may be deleted at any time.
        source: what was installed: the folder of a copy of the repository, a URL, or a package's name.
        folder: whether `source` is a folder.
        editable: whether the program runs from that folder itself.
    """

    tool: str
    temporary: bool
    source: str
    folder: bool
    editable: bool

    def update(self) -> str:
        """How to get the latest version."""
        if not self.folder:
            return self._install(*_extras_there())
        if not Path(self.source).is_dir():
            return f"in a new copy of its repository, {self._install(*_extras_there(), source='.')}"
        if self.editable:
            return f"bring {self.source} up to date (git pull)"
        return f"bring {self.source} up to date (git pull), then: {self._install(*_extras_there())}"

    def add_extra(self, name: str) -> str:
        """The command that adds one of the package's extras to those that are there."""
        return self._install(*dict.fromkeys((*_extras_there(), name)))

    def add_packages(self, *requirements: str) -> str:
        """The command that installs other packages beside kagsync."""
        if self.tool == PIPX:
            return command("pipx", "inject", NAME, *requirements)
        if self.tool == UV_TOOL:
            packages = [word for requirement in requirements for word in ("--with", requirement)]
            return self._install(*_extras_there(), options=packages)
        return command(*(word for word in self._installer(anew=False) if word != "--upgrade"), *requirements)

    def reinstall(self) -> str:
        """The command that reinstalls kagsync and all that it needs."""
        return self._install(*_extras_there(), anew=True)

    def keep(self) -> str:
        """The command that installs permanently what now runs from a cache."""
        return self._install(*_extras_there())

    def _install(
        self, *extras: str, source: str = "", anew: bool = False, options: Sequence[str] = ()
    ) -> str:
        what = source or self.source
        if extras:
            names = ",".join(extras)
            # A URL carries its extras before it: https://peps.python.org/pep-0508/
            what = f"{NAME}[{names}] @ {what}" if "://" in what else f"{what}[{names}]"
        return command(*self._installer(anew), *options, *(("-e",) if self.editable else ()), what)

    def _installer(self, anew: bool) -> tuple[str, ...]:
        options: tuple[str, ...]
        if self.tool == PIPX:
            return ("pipx", "install", "--force")
        if self.tool == UV_TOOL:
            # A plain --force may take an old build from its cache.
            return ("uv", "tool", "install", "--reinstall")
        if self.tool == UV_PIP:
            options = ("--reinstall",) if anew else ("--upgrade",)
            return ("uv", "pip", "install", "--python", sys.executable, *options)
        options = ("--upgrade", "--force-reinstall") if anew else ("--upgrade",)
        return (sys.executable, "-m", "pip", "install", *options)


@cache
def this() -> Installation:
    """This installation."""
    from urllib.parse import unquote, urlsplit  # here, and below, because most commands show no hints

    prefix = Path(sys.prefix)
    temporary = is_temporary(prefix)
    if (prefix / "pipx_metadata.json").is_file():
        tool = PIPX
    elif (prefix / "uv-receipt.toml").is_file() or temporary:
        tool = UV_TOOL
    else:
        tool = PIP if _has_pip() else UV_PIP
    origin = _origin()
    url = urlsplit(str(origin.get("url", "")))
    folder = url.scheme == "file"
    source = _path(unquote(url.path)) if folder else _remote(origin)
    editable = bool((origin.get("dir_info") or {}).get("editable"))
    return Installation(tool, temporary, source, folder, editable)


def is_temporary(environment: Path) -> bool:
    """Whether a Python environment lives in a cache, from which it may be deleted at any time."""
    environment = environment.resolve()
    if (environment / "pipx_metadata.json").is_file() and environment.parent.name != "venvs":
        return True
    # https://bford.info/cachedir/; the environment's own folder has the tag, too, to keep it out of backups
    return any((parent / "CACHEDIR.TAG").is_file() for parent in environment.parents)


def update() -> str:
    """How to get the latest version of kagsync."""
    return this().update()


def commit() -> str | None:
    """The commit that kagsync was installed from, as a URL for pip; None: it was not installed from one.

    A login in the URL is left out, since it is a secret.
    """
    from urllib.parse import urlsplit, urlunsplit

    origin = _origin()
    found = origin.get("vcs_info") or {}
    if found.get("vcs") != "git" or not re.fullmatch(r"[0-9a-f]{40,64}", str(found.get("commit_id"))):
        return None
    url = urlsplit(str(origin.get("url", "")))
    if url.scheme != "https":  # what is on another machine cannot be reached by ssh or as a file
        return None
    return f"git+{urlunsplit(url._replace(netloc=url.netloc.rpartition('@')[2]))}@{found['commit_id']}"


def kaggle_login() -> str:
    """The command that logs in to Kaggle: `kaggle`, which is beside kagsync but not always on the PATH."""
    import shutil

    # `uvx` and `uv run` put it on the PATH of their own processes only.
    if shutil.which("kaggle") is None or is_temporary(Path(sys.prefix)):
        import sysconfig

        beside = Path(sysconfig.get_path("scripts")) / ("kaggle.exe" if os.name == "nt" else "kaggle")
        if beside.is_file():
            return command(str(beside), "auth", "login")
    return "kaggle auth login"


def command(*words: str) -> str:
    """A command line, quoted for the system's shell."""
    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline(words)
    import shlex

    return shlex.join(words)


def _has_pip() -> bool:
    import importlib.util

    return importlib.util.find_spec("pip") is not None


def _extras_there() -> tuple[str, ...]:
    """The extras that are installed, so that an update does not lose them."""
    import importlib.util

    return tuple(name for name, module in EXTRAS.items() if importlib.util.find_spec(module))


def _origin() -> dict[str, Any]:
    """Where the package came from, as its installer noted it (PEP 610); empty: from an index."""
    import importlib.metadata
    import json

    try:
        text = importlib.metadata.distribution(NAME).read_text("direct_url.json")
        found = json.loads(text or "{}")
    except (importlib.metadata.PackageNotFoundError, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _path(path: str) -> str:
    return path.lstrip("/") if os.name == "nt" else path  # /C:/Users/you/kagsync


def _remote(origin: dict[str, Any]) -> str:
    url = origin.get("url")
    if not isinstance(url, str):
        return NAME
    vcs = (origin.get("vcs_info") or {}).get("vcs")
    return f"{vcs}+{url}" if vcs else url
