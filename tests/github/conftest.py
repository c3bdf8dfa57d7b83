"""A repository in the place of one on GitHub, with a checkout that is the current folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from world.repository import Repository, needs_git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A public repository, as its events say. The database is in the checkout `run`."""
    needs_git()
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "GIT_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "github"
    folder.mkdir()
    repository = Repository(folder)
    checkout = repository.checkout("run")
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("KAGSYNC_DB", str(checkout / ".kagsync" / "kagsync.db"))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(repository.event(private=False)))
    return repository


@pytest.fixture
def private(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository is private."""
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(repository.event(private=True, visibility="private")))
