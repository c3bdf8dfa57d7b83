"""`kagsync demo`: a real sync of sample boards, without an account or a network.

The boards and the people are invented (`tests/world/demo_boards.py` makes them). Earlier boards have only the
rows of these people and the last row.
"""

from __future__ import annotations

import os
import shlex
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import clock, log
from kagsync.errors import KagsyncError, UsageError, from_os_error
from kagsync.files import output_file, scratch
from kagsync.output import board_table, listing
from kagsync.output.listing import Result
from kagsync.queries.board import board
from kagsync.report import write
from kagsync.settings import Settings
from kagsync.store import Store
from kagsync.sync.run import Options, sync
from kagsync.tracking import roster_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.queries.board import BoardView
    from kagsync.report.write import Written
    from kagsync.sync.result import Outcome

SLUG = "spaceship-titanic"
TITLE = "Spaceship Titanic (demo)"
SECOND = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)  # when the later board was made
_SINCE = SECOND - timedelta(hours=4)
_HERE = Path(__file__).parent


def run(db: Path | None, *, report_to: Path | None = None, quiet: bool = False) -> None:
    """Runs the demo and prints its board.

    Args:
        db: a new file that keeps the database; None: the database is deleted afterwards.
        report_to: a folder for the report; None: no report.
        quiet: print only the board.

    Raises:
        UsageError: `db` exists.
        KagsyncError: the database or the report cannot be written.
    """

    def say(text: str) -> None:
        if not quiet:
            listing.write(Result(text))

    if db is not None:
        _refuse_taken(db)
    with scratch.folder() as folder:
        settings = Settings(db=(db or folder / "demo.db").absolute(), temp_dir=folder)
        fill(settings, say)
        say(f"\n$ kagsync show {SLUG} --since 4h\n")
        # The board is old. Ages are shown as of its day, as its people would have seen them.
        listing.write(Result(board_table.board(view(settings), SECOND)))
        if report_to is not None:
            say(f"\n{write_report(settings, report_to).text}")
    if db is not None:
        command = f"kagsync show {SLUG} --since {clock.iso(_SINCE)} --db {shlex.quote(str(db))}"
        say(f"\nThe database is kept: {command}")
    say(
        "\nThese people are invented. For yours:\n"
        "  kagsync competitions add spaceship-titanic\n"
        "  kagsync users add USERNAME --name 'Their Name'\n"
        "  kagsync sync --all"
    )


def _refuse_taken(db: Path) -> None:
    if os.path.lexists(db):
        raise UsageError(f"{db} already exists, and the demo needs a new database", "Choose another file")
    try:
        output_file.examine(db)
    except OSError as error:
        raise from_os_error(error, f"create the database {db}") from error


def view(settings: Settings) -> BoardView:
    """The board in the database, compared with four hours earlier."""
    with Store.open(settings.db, settings.locks) as store:
        return board(store, SLUG, store.users.all(), lambda _: _SINCE)


def write_report(settings: Settings, folder: Path) -> Written:
    """Writes the report, as of the day of the board."""
    with Store.open(settings.db, settings.locks) as store:
        return write.report(store, folder, SECOND, write.Content(title="Demo class", since=SECOND - _SINCE))


def fill(settings: Settings, say: Callable[[str], None]) -> None:
    """Fills a new database: two rosters, two boards, and those of the two weeks before.

    Each board goes through fetch, process and cleanup.
    """
    say(f"A competition is added: {SLUG}")
    with Store.open(settings.db, settings.locks, create=True) as store:
        competition = store.competitions.add(SLUG, None, clock.utc_now())
        with store.writing() as write:
            write.competitions.set_title(competition.id, TITLE)
    for number in (1, 2):
        people = roster_file.read_roster(_HERE / f"roster-{number}.csv")
        say(f"{len(people)} people are tracked: {', '.join(name for name, *_ in people)}")
        board = f"{SLUG}-{number}.zip"
        with Store.open(settings.db, settings.locks) as store:
            store.users.save(people, clock.utc_now())
        say(f"\n$ kagsync sync {SLUG} --from {board}")
        say(f"{_sync(settings, _HERE / board).text}\n")
    say(f"Loaded {_load_earlier(settings)} earlier boards, which add two weeks to the history")
    # As if the sync had been on the day of the board.
    with Store.open(settings.db, settings.locks) as store, store.writing() as write:
        write.competitions.set_synced(competition.id, SECOND)


def _load_earlier(settings: Settings) -> int:
    """Loads the boards of the two weeks before, for which everybody is searched; returns how many."""
    with (
        log.quiet(),
        scratch.folder(settings.temp_dir) as folder,
        tarfile.open(_HERE / "earlier.tar.gz") as archive,
    ):
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None  # every member is a file
            board = folder / member.name
            board.write_bytes(content.read())
            _sync(settings, board)
        return len(archive.getmembers())


def _sync(settings: Settings, file: Path) -> Outcome:
    """Syncs a board from disk; raises KagsyncError."""
    outcome = sync(settings, Options((SLUG,), source=file))
    for result in outcome.failed:
        raise KagsyncError("the demo failed") from result.error
    return outcome
