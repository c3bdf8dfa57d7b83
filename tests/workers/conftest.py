"""A real Redis that the workers of a test find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world.broker import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A Redis that is in the environment."""
    with Redis(tmp_path / "redis") as server:
        monkeypatch.setenv("KAGSYNC_BROKER", server.url)
        yield server
