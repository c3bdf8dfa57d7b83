"""What all commands share: how they are registered, start, print and end."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
import typer.core

from kagsync import inputs, log, settings
from kagsync.cli.options import Db, Quiet, Verbose
from kagsync.errors import KagsyncError, UsageError, near
from kagsync.output import listing
from kagsync.output.listing import Result, TextOrJson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from kagsync.settings import Settings
    from kagsync.store import Store

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def click_error(name: str) -> type[Exception]:
    """A class of click's exceptions. typer carries its own copy of click, so they have no public name."""
    return next(base for base in typer.BadParameter.__mro__ if base.__name__ == name)


_UsageError = click_error("UsageError")
# Commands that delete or hide something. An unknown command may be anything, so these are never suggested.
DESTRUCTIVE = {"remove", "delete", "archive", "cleanup", "compact"}


class _Commands(typer.core.TyperGroup):
    """Commands by name. Of an unknown one it says which harmless ones have a similar name."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except _UsageError as error:
            harmless = [name for name in self.commands if name not in DESTRUCTIVE]
            if similar := near(args[0], harmless):
                message = error.message.rstrip(".")  # type: ignore[attr-defined]
                names = ", ".join(map(repr, similar))
                error.message = f"{message}. Did you mean {names}?"  # type: ignore[attr-defined]
            raise


# Parameters that name people, of other commands than `users`.
_PEOPLE = {"user", "usernames", "people", "person", "persons"}
_COMMON = {
    "cls": _Commands,
    "suggest_commands": False,  # typer's own, which leave nothing out
    "rich_markup_mode": None,
    "add_completion": False,
    "no_args_is_help": True,
    "context_settings": _HELP,
}

app = typer.Typer(
    help="Keep the Kaggle leaderboards of your people on your own machine.",
    epilog="To try it without an account: kagsync demo",
    **_COMMON,  # type: ignore[arg-type]
)
competitions_app = typer.Typer(help="Manage the tracked competitions.", **_COMMON)  # type: ignore[arg-type]
users_app = typer.Typer(help="Manage the tracked people.", **_COMMON)  # type: ignore[arg-type]
series_app = typer.Typer(help="Manage series of competitions.", **_COMMON)  # type: ignore[arg-type]
schedule_app = typer.Typer(help="Run kagsync automatically.", **_COMMON)  # type: ignore[arg-type]
github_app = typer.Typer(help="The steps of the workflow on GitHub.", **_COMMON)  # type: ignore[arg-type]
notify_app = typer.Typer(help="Notify people when something moves.", **_COMMON)  # type: ignore[arg-type]
app.add_typer(competitions_app, name="competitions")
app.add_typer(users_app, name="users")
app.add_typer(series_app, name="series")
app.add_typer(schedule_app, name="schedule")
app.add_typer(github_app, name="github")
app.add_typer(notify_app, name="notify")


class Given(NamedTuple):
    """The options that may stand before a command, as in `kagsync --db PATH show`, and after it."""

    db: Path | None = None
    verbose: bool = False
    quiet: bool = False

    def after(self, before: Given | None) -> Given:
        """These options with those given before the command, where these say nothing.

        Raises:
            UsageError: they contradict each other.
        """
        inputs.at_most_one({"--verbose": self.verbose, "--quiet": self.quiet})
        if before is None:
            return self
        loudness = self if self.verbose or self.quiet else before
        return Given(self.db or before.db, loudness.verbose, loudness.quiet)


class Common(NamedTuple):
    """The options that every command has.

    Attributes:
        until_printed: keeps the store open until the result is printed.
        names_people: whether the command takes people or lists of them, so that its errors may name people.
    """

    db: Path | None
    verbose: bool
    quiet: bool
    until_printed: contextlib.ExitStack
    names_people: bool

    def settings(
        self, *, log_file: Path | None = None, jobs: int | None = None, team_name: bool | None = None
    ) -> Settings:
        """Starts the log and reads the settings, for a command that writes.

        Raises:
            ConfigurationError: a setting is wrong, or the log file cannot be written.
        """
        log.configure(verbose=self.verbose, quiet=self.quiet)
        loaded = settings.load(db=self.db, jobs=jobs, log_file=log_file, team_name=team_name)
        self._log_to(loaded)
        return loaded

    def settings_to_read(self) -> Settings:
        """The same for a command that only reads: a log file that cannot be written does not stop it."""
        log.configure(verbose=self.verbose, quiet=self.quiet)
        loaded = settings.load(db=self.db)
        try:
            self._log_to(loaded)
        except KagsyncError as error:
            log.logger.warning("%s; this command goes on without it", error.message)
        return loaded

    def _log_to(self, loaded: Settings) -> None:
        if loaded.log_file is not None:
            log.configure(
                verbose=self.verbose,
                quiet=self.quiet,
                log_file=loaded.log_file,
                database=loaded.db,
                names_people=self.names_people,
            )

    def say(self, text: str) -> None:
        """Prints what a command has done, unless --quiet was given."""
        if not self.quiet:
            listing.write(Result(text))


def command(
    group: typer.Typer, name: str | None = None
) -> Callable[[Callable[..., Result | None]], Callable[..., None]]:
    """Registers a function as a command, with the options that every command has.

    The function takes a `Common` first, then its own arguments and options. It may return a result, which is
    printed in the format of its `format_` option; its exit code is the command's.
    """

    def register(function: Callable[..., Result | None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*, context: typer.Context, db: Db, verbose: Verbose, quiet: Quiet, **own: Any) -> None:
            given = Given(db, verbose, quiet).after(context.obj)
            with contextlib.ExitStack() as until_printed:
                names_people = group is users_app or not _PEOPLE.isdisjoint(own)
                result = function(Common(*given, until_printed, names_people), **own)
                if result is not None:
                    listing.write(result, own.get("format_", TextOrJson.text))
            if result is not None and result.exit_code:
                raise typer.Exit(result.exit_code)

        _, *own = inspect.signature(function, eval_str=True).parameters.values()
        parameters = [*own, *_EVERY_COMMAND]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return group.command(name)(run)

    return register


_EVERY_COMMAND = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option)
    for name, default, option in (
        ("context", inspect.Parameter.empty, typer.Context),
        ("db", None, Db),
        ("verbose", False, Verbose),
        ("quiet", False, Quiet),
    )
]


def open_store(loaded: Settings, *, create: bool = False) -> Store:
    from kagsync.store import Store

    return Store.open(loaded.db, loaded.locks, create=create)


def open_to_read(loaded: Settings) -> Store:
    """Opens the store for a command that only reads. The right to read the database is enough."""
    from kagsync.store import Store

    return Store.open_to_read(loaded.db, loaded.locks)


def confirm(question: str, *, yes: bool) -> None:
    """Asks before something is lost.

    Raises:
        UsageError: there is nobody to ask.
        typer.Abort: the answer is no.
    """
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("cannot ask for confirmation: not a terminal", "Pass --yes to confirm")
    if not typer.confirm(question, err=True):
        raise typer.Abort


@contextlib.contextmanager
def in_turn(names: Iterable[str]) -> Iterator[deque[str]]:
    """Gives a queue of what is to be done; if the work stops halfway, logs what is left."""
    left = deque(names)
    count = len(left)
    try:
        yield left
    except BaseException:
        if 0 < len(left) < count:
            log.logger.error("Not done: %s", ", ".join(left))
        raise
