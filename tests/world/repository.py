"""A repository as people have it on GitHub: a bare one in the place of GitHub's, and checkouts of it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DATA = "kagsync-data"
_WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main")


def git(folder: Path, *words: str, stdin: str = "") -> str:
    """Runs git in a folder, and gives what it prints."""
    done = subprocess.run(
        ["git", *_WHO, *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Repository:
    """A bare repository with a branch `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = folder / "remote.git"
        git(folder, "init", "--quiet", "--bare", str(self.bare))
        self.main = self.checkout("main")
        self.commit({"README.md": "Our club\n"})

    def checkout(self, name: str) -> Path:
        """A new checkout, as actions/checkout makes it."""
        git(self.folder, "clone", "--quiet", f"file://{self.bare}", name)
        return self.folder / name

    def commit(self, files: dict[str, str]) -> None:
        """Commits files to `main`."""
        for name, text in files.items():
            path = self.main / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.main, "add", "--all")
        git(self.main, "commit", "--quiet", "--message", "Change")
        git(self.main, "push", "--quiet", "origin", "HEAD:main")

    def commits(self, branch: str = DATA) -> list[str]:
        """The commits of a branch, the latest first; none if there is no such branch."""
        if not git(self.bare, "branch", "--list", branch):
            return []
        return git(self.bare, "log", "--format=%H", branch).splitlines()

    def database(self, into: Path, branch: str = DATA) -> Path:
        """The database in a branch."""
        content = subprocess.run(
            ["git", "cat-file", "blob", f"{branch}:kagsync.db"],
            cwd=self.bare,
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        into.write_bytes(content)
        return into

    def event(self, **about: Any) -> Path:
        """A file with an event, as GitHub gives it to a run, which tells this about the repository."""
        path = self.folder / f"event-{len(list(self.folder.glob('event-*')))}.json"
        path.write_text(json.dumps({"repository": about}))
        return path


def needs_git() -> None:
    """Skips a test where there is no git."""
    try:
        subprocess.run(["git", "--version"], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git")
