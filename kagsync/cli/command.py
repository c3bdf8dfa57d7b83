"""What the commands share: where they are registered, how they begin and how they print."""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from typing import TYPE_CHECKING

import typer

from kagsync import log, settings
from kagsync.errors import KagsyncError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.store import Store

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_COMMON = {
    "rich_markup_mode": None,
    "add_completion": False,
    "no_args_is_help": True,
    "context_settings": _HELP,
}

app = typer.Typer(
    help="Keeps the Kaggle leaderboards of your people on your own machine.",
    epilog="A first look, without an account: kagsync demo",
    **_COMMON,  # type: ignore[arg-type]
)
competitions_app = typer.Typer(help="Which competitions are tracked.", **_COMMON)  # type: ignore[arg-type]
users_app = typer.Typer(help="Which people are tracked.", **_COMMON)  # type: ignore[arg-type]
schedule_app = typer.Typer(help="Have it run by itself.", **_COMMON)  # type: ignore[arg-type]
notify_app = typer.Typer(help="Who is told when something moves.", **_COMMON)  # type: ignore[arg-type]
app.add_typer(competitions_app, name="competitions")
app.add_typer(users_app, name="users")
app.add_typer(schedule_app, name="schedule")
app.add_typer(notify_app, name="notify")


def load(
    db: Path | None,
    verbose: bool,
    quiet: bool,
    log_file: Path | None = None,
    *,
    jobs: int | None = None,
    team_name: bool | None = None,
) -> Settings:
    log.configure(verbose=verbose, quiet=quiet)
    loaded = settings.load(db=db, jobs=jobs, log_file=log_file, team_name=team_name)
    if loaded.log_file is not None:
        log.configure(verbose=verbose, quiet=quiet, log_file=loaded.log_file, database=loaded.db)
    return loaded


def load_to_read(db: Path | None, verbose: bool, quiet: bool) -> Settings:
    """The same for a command that only reads: a log file that cannot be written does not stop it."""
    log.configure(verbose=verbose, quiet=quiet)
    loaded = settings.load(db=db)
    if loaded.log_file is not None:
        try:
            log.configure(verbose=verbose, quiet=quiet, log_file=loaded.log_file, database=loaded.db)
        except KagsyncError as error:
            log.logger.warning("%s; this command goes on without it", error.message)
    return loaded


def open_store(loaded: Settings, *, create: bool = False) -> Store:
    from kagsync.store import Store

    return Store.open(loaded.db, loaded.locks, create=create)


def open_to_read(loaded: Settings) -> Store:
    """The store for a command that only reads: whoever may read the database may use it."""
    from kagsync.store import Store

    return Store.open_to_read(loaded.db, loaded.locks)


def say(text: str, *, quiet: bool) -> None:
    if not quiet:
        print_text(text)


def print_text(text: str) -> None:
    """Prints a result at once (see `cli/stdout.py` for what happens where that fails)."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("nobody is here to confirm", "Say --yes")
    if not typer.confirm(question, err=True):
        raise typer.Abort


@contextlib.contextmanager
def in_turn(names: Iterable[str]) -> Iterator[deque[str]]:
    """Gives a queue of what is to be done; if the work stops after some of it, says what is left."""
    left = deque(names)
    count = len(left)
    try:
        yield left
    except BaseException:
        if 0 < len(left) < count:
            log.logger.error("Not done: %s", ", ".join(left))
        raise


def counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def print_json(content: object) -> None:
    from kagsync.output.terminal import to_json

    print_text(to_json(content))


def with_entries(name: str, entries: int) -> str:
    return f"{name} with {counted(entries, 'entry', 'entries')} and their history"
