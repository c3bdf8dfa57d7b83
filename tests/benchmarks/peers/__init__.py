"""What kagsync is compared with, in environments of their own, so that each has its own dependencies only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
HOW_TO_INSTALL = "python -m tests.benchmarks --install-peers"

ENVIRONMENTS = {
    "django": ("django", "pandas", "kaggle", "six"),  # kaggle forgets to declare six
    "shell": ("sqlite-utils", "kaggle", "six"),  # without pandas, which sqlite-utils would import
    "frames": ("polars", "duckdb", "pandas"),
}
"""The virtual environments of the peers, and what is installed in them."""

SYSTEM = {"sqlite3": ("sqlite3", "--version"), "unzip": ("unzip", "-v"), "xargs": ("xargs", "--version")}
"""The system's own tools that peers consist of, and how they say their version."""

_READY = "installed"


def default_folder() -> Path:
    """Where the environments are kept: the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "kagsync-benchmarks"


@dataclass(frozen=True)
class Peers:
    """The environments in a folder."""

    folder: Path

    def install(self) -> None:
        """Makes the environments that are missing, with pip."""
        for name, packages in ENVIRONMENTS.items():
            if self.has(name):
                continue
            target = self.folder / name
            print(f"making {target}: {' '.join(packages)}", file=sys.stderr, flush=True)
            venv.create(target, with_pip=True, clear=True)
            pip = [self.python(name), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *packages], check=True)
            (target / _READY).touch()

    def has(self, name: str) -> bool:
        """Whether an environment is there, or a tool of the system's."""
        if name in SYSTEM:
            return shutil.which(name) is not None
        return (self.folder / name / _READY).exists()

    def python(self, name: str) -> Path:
        """The interpreter of an environment."""
        return self.folder / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def kaggle(self, name: str) -> list[str | Path]:
        """The `kaggle` command of an environment, made to ask the loopback server."""
        return [self.python(name), HERE / "kaggle_cli.py"]

    def tool(self, name: str) -> str:
        """Where a tool of the system's is."""
        return shutil.which(name) or name

    def versions(self) -> list[str]:
        """A line for each environment and tool: its versions, or that it is left out and how to get it."""
        lines = []
        for name, packages in ENVIRONMENTS.items():
            if self.has(name):
                lines.append(f"{name}: {_package_versions(self.python(name), packages)}")
            else:
                missing = ", ".join(package for package in packages if package != "six")
                lines.append(f"{name}: LEFT OUT ({missing}), not installed; {HOW_TO_INSTALL}")
        for name, command in SYSTEM.items():
            if not self.has(name):
                lines.append(f"{name}: LEFT OUT, not on the PATH; install your system's package of it")
                continue
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            lines.append(f"{name}: {' '.join(said.split()[:3])}")
        return lines


def package_versions(packages: tuple[str, ...]) -> str:
    """The versions of packages beside kagsync itself."""
    return _package_versions(Path(sys.executable), packages)


def _package_versions(python: Path, packages: tuple[str, ...]) -> str:
    script = (
        "import json, sys; from importlib.metadata import version; "
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    said = subprocess.run(
        [python, "-c", script, *packages], capture_output=True, text=True, check=True
    ).stdout
    return ", ".join(f"{name} {version}" for name, version in json.loads(said).items())
