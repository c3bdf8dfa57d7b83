"""What several tests of syncs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world.clocked import Clocked

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings


@pytest.fixture
def clocked(
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Clocked:
    """A competition that ends in a day, without a board and people."""
    club = Clocked(kagsync, settings, tmp_path, kaggle, monkeypatch)
    club.ends()
    return club
