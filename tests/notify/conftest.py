"""A club whose clock stands still, for the tests of what is sent at some time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world.listeners import Listener
from world.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings


@pytest.fixture
def timed(
    kagsync: Kagsync, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Told]:
    """Two competitions without people, and a channel that nobody has added yet."""
    with Listener() as channel:
        club = Told(kagsync, settings, tmp_path, channel, monkeypatch)
        club.competitions("titanic", "digits")
        yield club
