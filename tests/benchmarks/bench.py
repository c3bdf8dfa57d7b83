"""What all tables share: a work folder, the peers, and kagsync's own command line."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import boards
from tests.benchmarks.peers import HERE
from tests.benchmarks.peers.entries_table import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.benchmarks.measuring import Spawner, Usage
    from tests.benchmarks.peers import Peers

ROOT = Path(__file__).parent.parent.parent
SLUG = "river-quality"
BEFORE = "kagsync before"  # the installation that --before names
JOIN = HERE / "entries.sql"


@dataclass
class Bench:
    """One run of the benchmarks.

    Attributes:
        folder: where everything that is made lives, and the home of all that runs.
        pairs: how many rounds.
        quick: less of everything.
        before: the Python of another installation of kagsync, which runs beside this one, or None.
        facts: what the tables found, by name, for the table of targets.
    """

    folder: Path
    spawner: Spawner
    peers: Peers
    pairs: int
    quick: bool
    before: Path | None = None
    facts: dict[str, float] = field(default_factory=dict)
    _templates: dict[tuple[int | str, ...], Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("home", "boards", "temp", "downloads"):
            (self.folder / name).mkdir(exist_ok=True)

    def say(self, what: str) -> None:
        """Progress, on stderr."""
        print(f"… {what}", file=sys.stderr, flush=True)

    def environment(self, *, credentials: bool = True, **more: str) -> dict[str, str]:
        """What every program gets: a home of its own, no credentials of the user's, no proxy."""
        variables = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "temp"),
            "KAGSYNC_TEMP_DIR": str(self.folder / "temp"),
            "KAGGLE_API_ENVIRONMENT": "TEST",
            "no_proxy": "localhost,127.0.0.1",
            "NO_PROXY": "localhost,127.0.0.1",
            "PYTHONPATH": str(ROOT),
        }
        if credentials:  # a user and a key: with a token the `kaggle` command makes one call more
            variables |= {"KAGGLE_USERNAME": "benchmark", "KAGGLE_KEY": "0" * 32}
        return variables | more

    # kagsync

    def kagsync(
        self,
        *arguments: str | Path,
        db: Path | None = None,
        credentials: bool = True,
        before: bool = False,
        **more: str,
    ) -> Usage:
        """Runs `python -m kagsync` of this copy of the project, or of the installation `before`."""
        environment = self.environment(credentials=credentials, **more)
        if before:
            del environment["PYTHONPATH"]
        if db is not None:
            environment["KAGSYNC_DB"] = str(db)
        python = self.before if before and self.before else sys.executable
        return self.spawner.run([python, "-m", "kagsync", *arguments], environment)

    def kagsync_database(
        self, name: str, tracked: int, slugs: Iterable[str] = (SLUG,), *, before: bool = False
    ) -> Path:
        """A database with tracked people and competitions, and no entries yet."""
        same: tuple[int | str, ...] = (tracked, before, *slugs)
        if same not in self._templates:
            template = self._templates[same] = self.folder / f"template-{len(self._templates)}.db"
            users = self.folder / "users.csv"
            users.write_text("username\n" + "\n".join(boards.people(tracked)) + "\n", encoding="utf-8")
            # Without credentials, so that nothing is asked of Kaggle yet, as nothing is measured yet.
            self.kagsync("competitions", "add", *slugs, db=template, credentials=False, before=before)
            self.kagsync("users", "import", users, db=template, before=before)
        return self.fresh(self._templates[same], name)

    # Peers

    def peer_database(self, name: str, tracked: int) -> Path:
        """The same for the shell pipelines and the frame libraries."""
        db = self.folder / f"{name}.db"
        with closing(sqlite3.connect(db)) as connection, connection:
            connection.executescript(SCHEMA)
            connection.executemany(
                "INSERT INTO users VALUES (?)", [(user,) for user in boards.people(tracked)]
            )
        return db

    def django_database(self, name: str, tracked: int) -> Path:
        """The same for the old pipeline."""
        db = self.folder / f"{name}.db"
        users = self.folder / "users.txt"
        users.write_text("\n".join(boards.people(tracked)), encoding="utf-8")
        self.django(db, "setup", SLUG, users)
        return db

    def django(self, db: Path, *arguments: str | Path) -> Usage:
        """Runs a command of the old pipeline."""
        command = [self.peers.python("django"), "-m", "old_pipeline", db, *arguments]
        return self.spawner.run(command, self.environment(PYTHONPATH=str(HERE)))

    def frame(self, library: str, db: Path, csv: Path) -> Usage:
        """Runs the script of a frame library."""
        command = [self.peers.python("frames"), HERE / f"with_{library}.py", db, csv]
        return self.spawner.run(command, self.environment())

    def shell(self, script: str, *arguments: str | Path) -> Usage:
        """Runs one of the peers' shell scripts."""
        environment = self.environment(PYTHON=str(self.peers.python("shell")))
        return self.spawner.run(["/bin/sh", HERE / script, *arguments], environment)

    def kaggle(self, environment: str, *arguments: str | Path) -> Usage:
        """Runs the official command."""
        return self.spawner.run([*self.peers.kaggle(environment), *arguments], self.environment())

    # Files

    def board_file(self, board: boards.Board, name: str, number: int) -> Path:
        """Writes a board, into a folder of its own, under the name that Kaggle would give it."""
        folder = self.folder / "boards" / name
        folder.mkdir(parents=True, exist_ok=True)
        return boards.write(board, folder / boards.file_name(SLUG, number))

    def fresh(self, template: Path, name: str) -> Path:
        """A copy of a database, without what stood under that name before."""
        copy = self.folder / f"{name}.db"
        for suffix in ("", "-wal", "-shm", "-journal"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
        return Path(shutil.copy(template, copy))

    def clear_downloads(self) -> Path:
        """The folder for downloads, empty."""
        folder = self.folder / "downloads"
        shutil.rmtree(folder)
        folder.mkdir()
        return folder
