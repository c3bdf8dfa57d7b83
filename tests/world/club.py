"""A club as its members see it: competitions, people, boards, and what kagsync says about them."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Self

from world import database
from world.boards import WHEN, Team, board_csv, board_name
from world.running import set_columns

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.settings import Settings
    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

SLUG = "titanic"


class Club:
    """Competitions and people in a database. Boards come from a Kaggle, or else from files in a folder.

    `slug` is the competition that is meant when a call names none.
    """

    slug = SLUG

    def __init__(
        self, kagsync: Kagsync, settings: Settings, folder: Path, kaggle: KaggleServer | None = None
    ) -> None:
        self.kagsync, self.settings, self.folder = kagsync, settings, folder
        if kaggle is not None:
            self.kaggle = kaggle
        self.db = settings.db
        self._origin = ["--no-kaggle"] if kaggle is None else []

    def beside(self, db: Path) -> Self:
        """The same club with another database."""
        other = copy.copy(self)
        other.db = db
        return other

    def run(self, *words: str) -> Ran:
        """Runs a command on the club's database."""
        return self.kagsync(*words, "--db", str(self.db))

    def ok(self, *words: str) -> str:
        """Runs a command that must succeed, and gives its output."""
        ran = self.run(*words)
        assert ran.code == 0, ran
        return ran.out

    def _begin(self) -> None:
        if not self.db.exists():
            database.empty(self.db)

    def competitions(self, *slugs: str) -> None:
        """Tracks competitions, linked to Kaggle if the club has one."""
        self._begin()
        self.ok("competitions", "add", *slugs, *self._origin)

    def people(self, *usernames: str) -> None:
        """Tracks people."""
        self._begin()
        self.ok("users", "add", *usernames)

    def track(self, *people: str, slug: str = "") -> None:
        """Tracks a competition and people."""
        self.competitions(slug or self.slug)
        if people:
            self.people(*people)

    def file(self, content: bytes, when: str = WHEN, slug: str = "") -> Path:
        """Puts a CSV in the folder, under the name that Kaggle gives a board made at `when`."""
        path = self.folder / board_name(slug or self.slug, when)
        path.write_bytes(content)
        return path

    def load(self, path: Path, *options: str, slug: str = "") -> Ran:
        """Syncs a board from a file."""
        return self.run("sync", slug or self.slug, "--from", str(path), *options)

    def board(self, when: str, *teams: Team, slug: str = "", old: bool = False) -> None:
        """Syncs a board made at `when` from a file. This must succeed."""
        ran = self.load(self.file(board_csv(teams, old=old), when, slug), "--accept-shrink", slug=slug)
        assert ran.code == 0, ran

    def json(self, *words: str) -> Any:
        """What a command says with `--format json`. It must succeed."""
        return json.loads(self.ok(*words, "--format", "json"))

    def entries(self, *words: str, slug: str = "") -> dict[str, dict[str, Any]]:
        """What `show` says about each person, by username."""
        return {entry["username"]: entry for entry in self.json("show", slug or self.slug, *words)}

    def ranks(self) -> dict[str, int | None]:
        """The rank of everybody who is on a board."""
        return dict(self.ask("SELECT username, rank FROM leaderboard WHERE left_at IS NULL"))

    def private_ranks(self) -> dict[str, int | None]:
        """The rank of everybody who is on a private board."""
        return dict(self.ask("SELECT username, rank FROM private_leaderboard WHERE left_at IS NULL"))

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return database.ask(self.db, sql, *values)

    def execute(self, sql: str, *values: object) -> None:
        """Changes the database."""
        database.execute(self.db, sql, *values)

    def update(self, slug: str = "", **values: str | int | None) -> None:
        """Changes columns of a competition."""
        set_columns(self.db, slug or self.slug, **values)

    def asked(self) -> list[str]:
        """The slugs of the boards downloaded since this was last called."""
        slugs = [request.slug for request in self.kaggle.downloads()]
        self.kaggle.requests.clear()
        return slugs

    def nothing_left(self) -> bool:
        """Whether no run has left anything in the folder for temporary files."""
        folder = self.settings.temp_data
        return not folder.exists() or not any(folder.iterdir())
