"""Boards that are processed straight into a store, without the command line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.board.file_name import safe
from kagsync.store.records import ERROR, Competition, Run
from kagsync.sync import fetch
from kagsync.sync.process import Processed, process
from world import database
from world.boards import Team, board_csv, board_name
from world.people import track

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kagsync.store import Store

NOON = "2025-10-31T12:00:00"


@dataclass
class Bench:
    """A competition, its people, and boards to process."""

    store: Store
    folder: Path
    slug: str = "spaceship-titanic"
    files: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.competition = self.store.competitions.add(self.slug, self.slug, clock.utc_now())

    def track(self, *usernames: str) -> None:
        """Tracks people."""
        track(self.store, [(name, None, None) for name in usernames], clock.utc_now())

    def own_folder(self) -> Path:
        """A new folder for one board."""
        self.files += 1
        folder = self.folder / str(self.files)
        folder.mkdir()
        return folder

    def fetched(self, teams: Iterable[Team] | bytes, when: str = NOON) -> fetch.Fetched:
        """A board made at `when`, as it comes from Kaggle."""
        csv = self.own_folder() / safe(board_name(self.slug, when))
        csv.write_bytes(teams if isinstance(teams, bytes) else board_csv(teams))
        return replace(fetch.in_place(csv, self.competition), file=None)

    def process(
        self,
        teams: Iterable[Team] | bytes | fetch.Fetched,
        when: str = NOON,
        *,
        competition: Competition | None = None,
        **options: bool,
    ) -> Processed:
        """Processes a board made at `when`, or one that is fetched already."""
        now = competition or self.store.competitions.get(self.slug)
        fetched = teams if isinstance(teams, fetch.Fetched) else self.fetched(teams, when)
        return process(
            self.store, now, fetched, Run("run", self.slug, "file", ERROR, clock.utc_now()), **options
        )

    def look(self, sql: str, *values: object) -> list[Any]:
        """The rows of a query, through a connection of its own; a single column comes without its tuple."""
        rows = database.ask(self.store.path, sql, *values)
        return [row[0] if len(row) == 1 else row for row in rows]

    def alter(self, sql: str) -> None:
        """Changes the database through a connection of its own."""
        database.execute(self.store.path, sql)

    def dump(self) -> list[str]:
        """Everything in the database."""
        return database.dump(self.store.path)
