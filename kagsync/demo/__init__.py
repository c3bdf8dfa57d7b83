"""`kagsync demo`: the main job on sample boards, through the real phases, with no account and no network.

The boards and the people are invented (`boards.py` makes them).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from kagsync import listings, show, sync, times, users
from kagsync.demo.boards import SECOND, SLUG
from kagsync.errors import KagsyncError, UsageError
from kagsync.settings import Settings
from kagsync.store import Store

TITLE = "Spaceship Titanic (demo)"
_HERE = Path(__file__).parent


def run(db: Path | None, *, quiet: bool = False) -> None:
    """Runs the demo and prints its board.

    Args:
        db: a new file that keeps the database; None: it is gone afterwards.
        quiet: the board only.

    Raises:
        UsageError: `db` exists.
        KagsyncError: it cannot be written.
    """
    if db is not None and db.exists():
        raise UsageError(f"{db} exists already, and the demo fills a new database", "Name another file")
    with tempfile.TemporaryDirectory(prefix="kagsync-demo-") as temporary:
        settings = Settings(
            db=(db or Path(temporary) / "demo.db").absolute(), temp_dir=Path(temporary).absolute()
        )
        _say(f"A competition is added: {SLUG}", quiet)
        with Store.open(settings.db, settings.locks, create=True) as store:
            competition = store.add_competition(SLUG, None, times.utc_now())
            store.update_competition(competition.id, title=TITLE)
        _track(settings, "roster-1.csv", quiet)
        _sync(settings, "spaceship-titanic-1.zip", quiet)
        _track(settings, "roster-2.csv", quiet)
        _sync(settings, "spaceship-titanic-2.zip", quiet)
        _say(f"\n$ kagsync show {SLUG}\n", quiet)
        with Store.open(settings.db, settings.locks) as store:
            view = show.board(store, SLUG)
        # The board is of a day long ago; ages are told as of that day, as its people would have seen them.
        listings.print_board(view, "table", SECOND)
    kept = f"\nThe database is kept: kagsync show --db {db}" if db is not None else ""
    _say(
        f"{kept}\nThese people are invented. For yours:\n"
        "  kagsync competitions add spaceship-titanic\n"
        "  kagsync users add USERNAME --name 'Their Name'\n"
        "  kagsync sync --all",
        quiet,
    )


def _track(settings: Settings, roster: str, quiet: bool) -> None:
    people = users.read_roster(_HERE / roster)
    _say(f"{len(people)} people are tracked: {', '.join(name for name, *_ in people)}", quiet)
    with Store.open(settings.db, settings.locks) as store:
        store.save_users(people, times.utc_now())


def _sync(settings: Settings, board: str, quiet: bool) -> None:
    _say(f"\n$ kagsync sync {SLUG} --from {board}", quiet)
    outcome = sync.sync(settings, [SLUG], source=_HERE / board)
    for result in outcome.failed:
        raise KagsyncError("the demo failed") from result.error
    _say(f"{sync.summary(outcome)}\n", quiet)


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()  # the log lines go elsewhere and must not overtake
