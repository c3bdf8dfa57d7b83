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
from kagsync.output import board_table, listing, tables
from kagsync.output.listing import Result
from kagsync.queries import news
from kagsync.queries.board import board
from kagsync.report import write
from kagsync.settings import Settings
from kagsync.standings import which
from kagsync.standings.facts import CompetitionFacts
from kagsync.store import Store
from kagsync.sync.run import Options, sync
from kagsync.tracking import roster, roster_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.output.terminal import Lines, Table
    from kagsync.report.write import Written
    from kagsync.sync.result import Outcome

SLUG = "spaceship-titanic"
TITLE = "Spaceship Titanic (demo)"
DEADLINE = datetime(2025, 10, 31, 23, 59, tzinfo=UTC)
# The boards are old. Ages are shown as of their days, as these people would have seen them.
SECOND = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)  # when the later public board was made
PRIVATE = datetime(2025, 11, 1, 9, 30, 52, tzinfo=UTC)  # when the private board was made
_SINCE = SECOND - timedelta(hours=4)
_OVERFITTED = "pkolanthar"  # the person whose news are shown: up a thousand places, then down 800
_HERE = Path(__file__).parent


def run(db: Path | None, *, report_to: Path | None = None, quiet: bool = False) -> None:
    """Runs the demo and prints its boards.

    Args:
        db: a new file that keeps the database; None: the database is deleted afterwards.
        report_to: a folder for the report; None: no report.
        quiet: print only the two boards.

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
        load_public(settings, say)
        say(f"\n$ kagsync show {SLUG} --since 4h\n")
        listing.write(Result(race(settings)))
        listing.write_exactly("")
        load_private(settings, say)
        say(f"\n$ kagsync show {SLUG}\n")
        listing.write(Result(final(settings)))
        say(f"\n$ kagsync news {SLUG} --user {_OVERFITTED} --since 4d\n")
        if not quiet:
            listing.write(Result(_news(settings)))
        if report_to is not None:
            say(f"\n{write_report(settings, report_to).text}")
    if db is not None:
        kept = f"--db {shlex.quote(str(db))}"
        say(
            "\nThe database is kept. The same two boards:\n"
            f"  kagsync show {SLUG} --board public --since {clock.iso(_SINCE)} {kept}\n"
            f"  kagsync show {SLUG} {kept}"
        )
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


def race(settings: Settings) -> Table:
    """The public board on its day, compared with four hours earlier."""
    with Store.open(settings.db, settings.locks) as store:
        view = board(store, SLUG, store.users.all(), lambda _: _SINCE)
        return board_table.board(view, SECOND)


def final(settings: Settings) -> Table:
    """The final standings on the day of the private board."""
    with Store.open(settings.db, settings.locks) as store:
        since = PRIVATE - timedelta(days=1)
        view = board(store, SLUG, store.users.all(), lambda _: since, board=which.FINAL)
        return board_table.board(view, PRIVATE)


def _news(settings: Settings) -> Lines:
    """One person's last four days."""
    with Store.open(settings.db, settings.locks) as store:
        boards = news.on_both_boards(store, [store.competitions.get(SLUG)])
        since = PRIVATE - timedelta(days=4)
        items = news.news(store, boards, [store.users.get(_OVERFITTED)], lambda _: since)
        below = tables.BelowNews(news.shake_ups(store, items))
        return tables.news(news.chosen(items, None), below, several=False)


def write_report(settings: Settings, folder: Path) -> Written:
    """Writes the report on the day of the private board, compared with the same time as the race."""
    with Store.open(settings.db, settings.locks) as store:
        content = write.Content(title="Demo class", since=PRIVATE - _SINCE)
        return write.report(store, folder, PRIVATE, content)


def load_public(settings: Settings, say: Callable[[str], None]) -> None:
    """Fills a new database: two rosters, two public boards, and those of the two weeks before.

    Each board goes through fetch, process and cleanup.
    """
    say(f"A competition is added: {SLUG}, with medals and the deadline {DEADLINE:%Y-%m-%d %H:%M} UTC")
    with Store.open(settings.db, settings.locks, create=True) as store:
        competition = store.competitions.add(SLUG, None, clock.utc_now())
        with store.writing() as write:
            write.competitions.save_facts(
                competition.id, CompetitionFacts(title=TITLE, deadline=DEADLINE, awards_points=True)
            )
    for number in (1, 2):
        people = roster_file.read_roster(_HERE / f"roster-{number}.csv").lines
        say(f"{len(people)} people are tracked: {', '.join(line.username or '' for line in people)}")
        board = f"{SLUG}-{number}.zip"
        with Store.open(settings.db, settings.locks) as store, store.writing() as write:
            roster.save(write, roster.plan(people, store.users.with_archived()), clock.utc_now())
        say(f"\n$ kagsync sync {SLUG} --from {board}")
        say(f"{_sync(settings, _HERE / board).text}\n")
    say(f"Loaded {_load_earlier(settings)} earlier boards, which add two weeks to the history")
    with Store.open(settings.db, settings.locks) as store, store.writing() as write:
        write.competitions.set_synced(competition.id, SECOND)


def load_private(settings: Settings, say: Callable[[str], None]) -> None:
    """Adds the private board, with which the competition ends."""
    board = f"{SLUG}-private.zip"
    say("The deadline passes, and the host releases the private board.")
    say(f"\n$ kagsync sync {SLUG} --from {board}")
    say(_sync(settings, _HERE / board).text)
    with Store.open(settings.db, settings.locks) as store, store.writing() as write:
        competition = store.competitions.get(SLUG)
        write.competitions.set_synced(competition.id, PRIVATE)
        write.competitions.set_result_since(competition, PRIVATE)


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
