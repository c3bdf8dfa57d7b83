"""The command line: parse, call one verb, print its result, exit with its code."""

from __future__ import annotations

import contextlib
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import __version__, errors, log, names, settings, times
from kagsync.errors import KagsyncError, UsageError
from kagsync.text import clip

if TYPE_CHECKING:
    from kagsync.settings import Settings
    from kagsync.show import BoardView
    from kagsync.store import Store

# typer carries its own copy of click, so click's exceptions have no public name.
_ClickException: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)

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
app.add_typer(competitions_app, name="competitions")
app.add_typer(users_app, name="users")

Db = Annotated[Path | None, typer.Option("--db", metavar="PATH", help="The database file [KAGSYNC_DB].")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more; show tracebacks of errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and errors.")]
LogFile = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="PATH", help="Also log to a rotating file [KAGSYNC_LOG_FILE]."),
]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="A tracked competition.")]
TeamName = Annotated[
    bool | None,
    typer.Option(
        "--team-name/--no-team-name",
        help="Whether a team named exactly like a tracked user counts as that user [KAGSYNC_TEAM_NAME].",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Process the board also when nothing changed.")]
AcceptShrink = Annotated[
    bool, typer.Option("--accept-shrink", help="Take a board also when it has lost most of its rows.")
]
Direction = Annotated[
    bool | None,
    typer.Option(
        "--higher-is-better/--lower-is-better",
        help="The score's direction, remembered; only old boards, which have no ranks, need it.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def _storable(text: str | None) -> str | None:
    """Refuses what UTF-8 cannot carry: a terminal in another encoding gives lone surrogates."""
    try:
        (text or "").encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{text!r} is not UTF-8 text", "Check the terminal's encoding") from error
    return text


class TextOrJson(StrEnum):
    text = "text"
    json = "json"


class Format(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


AnyFormat = Annotated[Format, typer.Option("--format", help="How to print it.")]


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the words after `kagsync`; the process's own by default.

    Returns:
        the exit code (README, "Exit codes").
    """
    _prepare_streams()
    log.configure()
    try:
        command = typer.main.get_command(app)
        with command.make_context("kagsync", sys.argv[1:] if arguments is None else arguments) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as exit_:
        return exit_.exit_code
    except KagsyncError as error:
        log.failure(error)
        return error.exit_code
    except _ClickException as error:
        return _usage_error(error)
    except typer.Abort:
        log.logger.error("Aborted: nothing was done")
        return errors.SOME_FAILED
    except KeyboardInterrupt:
        log.logger.error("Stopped; the next run goes on where this one ended")
        return errors.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough (`| head`)
        _forget_stdout()
    except OSError as error:
        _forget_stdout()
        told = errors.from_os_error(error, "write the output")
        log.failure(told)
        return told.exit_code
    except Exception as error:  # noqa: BLE001  (a mistake of this program's is told in a line, too)
        told = errors.unforeseen(error)
        log.failure(told)
        return told.exit_code
    return errors.OK


def _prepare_streams() -> None:
    """Makes sure that printing cannot end the program."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us (`>&-`)
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):  # a terminal may lack a character
            stream.reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    # Python writes what is left once more at its exit, and would complain.
    with contextlib.suppress(OSError, ValueError):  # it has no file: a caller's own stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_error(error: Exception) -> int:
    message = clip(str(error.format_message()).strip(), 300)  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if not message or error.__class__.__name__ == "NoArgsIsHelpError":
        typer.echo(context.get_help() if context else "", err=True)
        return errors.USAGE
    path = context.command_path if context else "kagsync"
    full_stop = "" if message.endswith((".", "?", "!", ")")) else "."
    log.logger.error("%s%s See: %s --help", message, full_stop, path)
    return errors.USAGE


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kagsync {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass


def _load(
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
        log.configure(verbose=verbose, quiet=quiet, log_file=loaded.log_file)
    return loaded


def _open(loaded: Settings, *, create: bool = False) -> Store:
    from kagsync.store import Store

    return Store.open(loaded.db, loaded.locks, create=create)


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        _print(text)


def _print(text: str) -> None:
    """Prints a result; that nobody reads it any more does not change how the command ended."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("nobody is here to confirm", "Say --yes")
    if not typer.confirm(question, err=True):
        raise typer.Abort


# The three phases, and all of them


@app.command()
def sync(
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="[SLUG]...", help="Tracked competitions.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every active competition that is linked to Kaggle.")
    ] = False,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A ZIP or CSV from disk in place of Kaggle.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=settings.MAX_JOBS,
            help="How many at a time [KAGSYNC_JOBS, else 4].",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    accept_shrink: AcceptShrink = False,
    format_: Annotated[
        TextOrJson, typer.Option("--format", help="How to print the result.")
    ] = TextOrJson.text,
    direction: Direction = None,
    team_name: TeamName = None,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Fetch, process and clean up: brings competitions up to date."""
    from kagsync import progress
    from kagsync import sync as verb

    as_json = format_ is TextOrJson.json
    try:
        wanted = [names.competition_slug(slug) for slug in slugs or []]
        _check_what_to_sync(wanted, everything=everything, source=source, direction=direction)
        loaded = _load(db, verbose, quiet, log_file, jobs=jobs, team_name=team_name)
        if direction is not None:
            verb.set_direction(loaded, wanted, higher_is_better=direction)
        watched = log.is_terminal() and not quiet
        outcome = verb.sync(
            loaded,
            wanted,
            everything=everything,
            source=source,
            force=force,
            accept_shrink=accept_shrink,
            progress=progress.bar if watched else None,
        )
    except KagsyncError as error:
        if isinstance(error, errors.NoDatabase) and everything:
            outcome = verb.Outcome([], alone=False)
        else:
            if as_json:
                _print_json(verb.failure_as_json(error))
            raise
    if as_json:
        _print_json(verb.as_json(outcome))
    else:
        _say(verb.summary(outcome), quiet=quiet)
    raise typer.Exit(outcome.exit_code)


def _check_what_to_sync(
    wanted: list[str], *, everything: bool, source: Path | None, direction: bool | None
) -> None:
    if everything == bool(wanted):
        raise UsageError(
            "name competitions or say --all" + (", not both" if wanted else ""), "See: kagsync sync --help"
        )
    if source is not None and len(wanted) != 1:
        raise UsageError("--from goes with one competition", "kagsync sync SLUG --from FILE")
    if direction is not None and not wanted:
        raise UsageError("a direction goes with named competitions", "kagsync sync SLUG --lower-is-better")


@app.command()
def fetch(
    slug: Slug,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Phase 1: download the leaderboard; prints the CSV's path."""
    from kagsync import sync as verb

    loaded = _load(db, verbose, quiet, log_file)
    _print(str(verb.fetch_by_hand(loaded, names.competition_slug(slug))))


@app.command()
def process(
    slug: Slug,
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="The CSV, or a ZIP as Kaggle sends it.")],
    force: Force = False,
    accept_shrink: AcceptShrink = False,
    direction: Direction = None,
    team_name: TeamName = None,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Phase 2: bring a leaderboard from disk into the database."""
    from kagsync import sync as verb

    loaded = _load(db, verbose, quiet, log_file, team_name=team_name)
    name = names.competition_slug(slug)
    if direction is not None:
        verb.set_direction(loaded, [name], higher_is_better=direction)
    _say(
        verb.process_summary(verb.process_file(loaded, name, csv, force=force, accept_shrink=accept_shrink)),
        quiet=quiet,
    )


@app.command()
def cleanup(
    csv: Annotated[
        Path | None,
        typer.Argument(metavar="[CSV]", help="What fetch printed; without it, what crashed runs left."),
    ] = None,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Phase 3: delete a fetched CSV with its folder, or what crashed runs left behind."""
    from kagsync import cleanup as verb

    loaded = _load(db, verbose, quiet, log_file)
    if csv is not None:
        verb.cleanup(csv)
        return
    _say(verb.summary(verb.sweep(loaded.temp_data)), quiet=quiet)


# What people look at


@app.command()
def show(
    slug: Annotated[
        str | None, typer.Argument(metavar="[SLUG]", help="A tracked competition; all, if left out.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="U", help="Only this person.")] = None,
    format_: AnyFormat = Format.table,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Show where everybody stands."""
    from kagsync import listings
    from kagsync import show as verb

    loaded = _load(db, verbose, quiet)
    name = None if slug is None else names.competition_slug(slug)
    username = None if user is None else names.username(user)
    if name is not None:
        with _open(loaded) as store:
            view = verb.board(store, name, username=username)
        listings.print_board(view, format_.value, times.utc_now())
    elif username is not None:
        with _open(loaded) as store:
            found = verb.boards(store, username=username)
        listings.print_person(found, format_.value, times.utc_now())
    else:
        listings.print_overview(_all_boards(loaded), format_.value, times.utc_now())


def _all_boards(loaded: Settings) -> list[BoardView]:
    from kagsync import show as verb

    try:
        with _open(loaded) as store:
            return verb.boards(store)
    except errors.NoDatabase:
        return []


@app.command()
def demo(
    db: Annotated[
        Path | None, typer.Option("--db", metavar="PATH", help="Keep the demo's database in a new file.")
    ] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """The main job on sample boards: no account, no network, nothing of yours is touched."""
    from kagsync import demo as verb

    log.configure(verbose=verbose, quiet=quiet)
    verb.run(db, quiet=quiet)


# What is tracked


@competitions_app.command("add")
def competitions_add(
    slugs: Annotated[list[str], typer.Argument(metavar="SLUG...", help="Slugs or Kaggle URLs.")],
    title: Annotated[
        str | None, typer.Option(metavar="T", callback=_storable, help="A title of your own.")
    ] = None,
    kaggle_id: Annotated[
        str | None,
        typer.Option("--kaggle-id", metavar="ID", help="Its name on Kaggle, if it is not the slug."),
    ] = None,
    no_kaggle: Annotated[bool, typer.Option("--no-kaggle", help="Not linked: never downloaded.")] = False,
    direction: Direction = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Track competitions; one that is tracked already is updated."""
    from kagsync import competitions as verb

    loaded = _load(db, verbose, quiet)
    wanted = [names.competition_slug(slug) for slug in slugs]
    if len(wanted) > 1 and (title is not None or kaggle_id is not None):
        raise UsageError("--title and --kaggle-id go with one competition", "Add them one by one")
    if kaggle_id is not None and no_kaggle:
        raise UsageError("--kaggle-id and --no-kaggle contradict each other", "Say one of them")
    linked_as = None if kaggle_id is None else names.competition_slug(kaggle_id)
    with _open(loaded, create=True) as store:
        for slug in wanted:
            added = verb.add(
                store, slug, title=title, kaggle_id=linked_as, link=not no_kaggle, higher_is_better=direction
            )
            _say(verb.told(added), quiet=quiet)


@competitions_app.command("list")
def competitions_list(
    format_: AnyFormat = Format.table, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """List the tracked competitions."""
    from kagsync import listings

    loaded = _load(db, verbose, quiet)
    listings.print_competitions(_all_boards(loaded), format_.value, times.utc_now())


def _set_active(slugs: list[str], active: bool, db: Path | None, verbose: bool, quiet: bool) -> None:
    loaded = _load(db, verbose, quiet)
    with _open(loaded) as store:
        found = [store.competition(names.competition_slug(slug)) for slug in slugs]
        for competition in found:
            store.update_competition(competition.id, active=int(active))
            _say(f"{'Resumed' if active else 'Paused'} {competition.slug}", quiet=quiet)


Slugs = Annotated[list[str], typer.Argument(metavar="SLUG...", help="Tracked competitions.")]


@competitions_app.command("pause")
def competitions_pause(slugs: Slugs, db: Db = None, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Leave competitions out of `sync --all`; their entries stay."""
    _set_active(slugs, False, db, verbose, quiet)


@competitions_app.command("resume")
def competitions_resume(slugs: Slugs, db: Db = None, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Take paused competitions up again."""
    _set_active(slugs, True, db, verbose, quiet)


@competitions_app.command("remove")
def competitions_remove(
    slugs: Slugs, yes: Yes = False, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """Forget competitions with all their entries and history."""
    loaded = _load(db, verbose, quiet)
    with _open(loaded) as store:
        for found in [store.competition(names.competition_slug(slug)) for slug in slugs]:
            entries = _counted(store.entry_count(competition_id=found.id), "entry", "entries")
            _confirm(f"Remove {found.slug} with {entries} and their history?", yes=yes)
            store.remove_competition(found.id)
            _say(f"Removed {found.slug} with {entries} and their history", quiet=quiet)


@users_app.command("add")
def users_add(
    usernames: Annotated[
        list[str], typer.Argument(metavar="USERNAME...", help="Names, @names or profile URLs.")
    ],
    name: Annotated[
        str | None, typer.Option(metavar="N", callback=_storable, help="The person's real name.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="G", callback=_storable, help="A class, a team …")
    ] = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Track people; one who is tracked already gets the new name and group."""
    loaded = _load(db, verbose, quiet)
    wanted = [names.username(username) for username in usernames]
    if len(wanted) > 1 and name is not None:
        raise UsageError(
            "--name goes with one user", "Add them one by one, or: kagsync users import FILE.csv"
        )
    _save_users(loaded, [(username, name, group) for username in wanted], quiet=quiet)


@users_app.command("import")
def users_import(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Lines of username[,name][,group].")],
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Track the people in a CSV file: all of them, or none when a line is bad."""
    from kagsync import users as verb

    loaded = _load(db, verbose, quiet)
    _save_users(loaded, verb.read_roster(file), quiet=quiet)


def _save_users(loaded: Settings, users: list[tuple[str, str | None, str | None]], *, quiet: bool) -> None:
    with _open(loaded, create=True) as store:
        added, changed, unchanged = store.save_users(users, times.utc_now())
    _say(f"Users added: {added}, changed: {changed}, unchanged: {unchanged}", quiet=quiet)


@users_app.command("list")
def users_list(
    format_: AnyFormat = Format.table, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """List the tracked people."""
    from kagsync import listings

    loaded = _load(db, verbose, quiet)
    try:
        with _open(loaded) as store:
            roster = store.users()
    except errors.NoDatabase:
        roster = []
    listings.print_users(roster, format_.value)


@users_app.command("remove")
def users_remove(
    usernames: Annotated[list[str], typer.Argument(metavar="USERNAME...", help="Tracked people.")],
    yes: Yes = False,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Forget people with all their entries and history."""
    loaded = _load(db, verbose, quiet)
    with _open(loaded) as store:
        for found in [store.user(names.username(username)) for username in usernames]:
            entries = _counted(store.entry_count(user_id=found.id), "entry", "entries")
            _confirm(f"Remove {found.username} with {entries} and their history?", yes=yes)
            store.remove_user(found.id)
            _say(f"Removed {found.username} with {entries} and their history", quiet=quiet)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _print_json(content: object) -> None:
    from kagsync.render import to_json

    _print(to_json(content))
