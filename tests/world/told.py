"""A club with a clock of its own, and a channel that hears what it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kagsync import clock
from world.club import Club

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from kagsync.settings import Settings
    from world.boards import Team
    from world.listeners import Listener
    from world.running import Kagsync


class Told(Club):
    """A club whose boards are files, and whose clock stands still until it is set."""

    def __init__(
        self,
        kagsync: Kagsync,
        settings: Settings,
        folder: Path,
        channel: Listener,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        super().__init__(kagsync, settings, folder)
        self.channel = channel
        self.now = datetime(2026, 11, 2, 8, tzinfo=UTC)  # a Monday
        monkeypatch.setattr(clock, "utc_now", lambda: self.now)

    @property
    def url(self) -> str:
        return f"json://{self.channel.address}/"

    def add(self, *words: str) -> str:
        """Adds the channel."""
        return self.ok("notify", "add", self.url, *words)

    def at(self, when: str) -> None:
        """Sets the clock."""
        self.now = datetime.fromisoformat(when).replace(tzinfo=UTC)

    def moves(self, *teams: Team, slug: str = "") -> None:
        """Syncs a board that was made just now; whoever is to be told then is."""
        self.board(f"{self.now:%Y-%m-%dT%H:%M:%S}", *teams, slug=slug)

    def tick(self) -> None:
        """A run that finds no new board; whoever is to be told then is."""
        self.ok("sync", "--all", "-q")

    def heard(self) -> list[dict[str, Any]]:
        """The messages since this was last called."""
        found = [json.loads(each.body) for each in self.channel.heard]
        self.channel.heard.clear()
        return found

    def texts(self) -> list[str]:
        """The texts of the messages since this was last called."""
        return [each["message"] for each in self.heard()]
