"""A club with a clock of its own, which follows competitions through their deadline to the result."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kagsync import clock
from world.boards import board_csv
from world.club import Club

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from kagsync.settings import Settings
    from world.boards import Team
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

DEADLINE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Clocked(Club):
    """A club whose Kaggle can release private boards, and whose clock stands still until it is set."""

    def __init__(
        self,
        kagsync: Kagsync,
        settings: Settings,
        folder: Path,
        kaggle: KaggleServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        super().__init__(kagsync, settings, folder, kaggle)
        self.now = DEADLINE - DAY
        monkeypatch.setattr(clock, "utc_now", lambda: self.now)

    def ends(self, deadline: datetime | None = DEADLINE, slug: str = "") -> None:
        """Has Kaggle say when a competition ends."""
        fields = {} if deadline is None else {"deadline": clock.iso(deadline)}
        self.kaggle.competition(slug or self.slug, awards_points=True, **fields)

    def publish(self, *teams: Team, slug: str = "") -> None:
        """Puts a new public board on Kaggle."""
        when = clock.iso(self.now).removesuffix("Z")
        self.kaggle.board(slug or self.slug, board_csv(teams), when)

    def release(self, *teams: Team, slug: str = "") -> None:
        """Puts a private board on Kaggle."""
        self.kaggle.private(slug or self.slug, board_csv(teams))

    def sync(self, *words: str) -> dict[str, Any]:
        """What a sync, of all competitions if no words say otherwise, did with one. It must succeed."""
        found: dict[str, Any] = json.loads(self.ok("sync", *(words or ("--all",)), "--format", "json"))
        (only,) = found["competitions"]
        return only

    def asked_for(self) -> tuple[int, int]:
        """The downloads, and the pages of leaderboards, since this was last called."""
        counts = len(self.kaggle.downloads()), len(self.kaggle.pages())
        self.kaggle.requests.clear()
        return counts

    def finals(self) -> list[tuple[Any, ...]]:
        """Everybody on the private board: username, rank, public rank, and what matched."""
        return self.ask(
            "SELECT username, rank, public_rank, matched_by FROM private_leaderboard WHERE left_at IS NULL"
        )
