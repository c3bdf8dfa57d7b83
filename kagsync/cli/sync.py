"""`kagsync sync`, and its three phases one by one: `fetch`, `process` and `cleanup`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs, log, settings
from kagsync.cli import stdout
from kagsync.cli.command import app, load, print_json, print_text, say
from kagsync.cli.options import (
    AcceptName,
    AcceptShrink,
    Db,
    Direction,
    Force,
    JsonOrText,
    LogFile,
    Quiet,
    Slug,
    TeamName,
    Verbose,
)
from kagsync.errors import KagsyncError, UsageError
from kagsync.notify import ping as pings
from kagsync.output.listing import TextOrJson
from kagsync.store.records import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST_RUN = 7 * 86_400  # seconds


@app.command()
def sync(
    slugs: Annotated[list[str] | None, typer.Argument(metavar="SLUG", help="Tracked competitions.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every active competition that is linked to Kaggle.")
    ] = False,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A ZIP or CSV from disk in place of Kaggle.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=settings.MAX_JOBS,
            help="How many at a time [KAGSYNC_JOBS, else 4].",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    accept_shrink: AcceptShrink = False,
    accept_name: AcceptName = False,
    max_time: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=1,
            max=_LONGEST_RUN,
            help="Start no more competitions after that; the next run begins with them [with --all: 270].",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Then write those pages of the report that changed."),
    ] = None,
    trigger: Annotated[
        str,
        typer.Option(metavar="NAME", help="What starts this run, for `kagsync schedule status`."),
    ] = BY_HAND,
    env_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also take variables from there: what `schedule install` keeps private."
        ),
    ] = None,
    format_: JsonOrText = TextOrJson.text,
    direction: Direction = None,
    team_name: TeamName = None,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Update competitions: fetch, process and clean up."""
    from kagsync.sync import after
    from kagsync.sync import run as verb

    started = clock.utc_now()
    problems = _read_variables(env_file) if env_file is not None else []
    # A monitor watches the runs that ask Kaggle.
    ping = pings.start() if source is None else None
    loaded = None
    try:
        wanted = [inputs.competition_slug(slug) for slug in slugs or []]
        trigger = inputs.trigger(trigger)
        _check_what_to_sync(wanted, everything=everything, source=source, direction=direction)
        loaded = load(db, verbose, quiet, log_file, jobs=jobs, team_name=team_name)
        for problem in problems:
            log.logger.warning("%s", problem)
        if direction is not None:
            verb.set_direction(loaded, wanted, higher_is_better=direction)
        outcome = verb.sync(
            loaded,
            wanted,
            everything=everything,
            source=source,
            force=force,
            accept_shrink=accept_shrink,
            accept_name=accept_name,
            max_time=verb.MAX_TIME if max_time is None and everything else max_time,
            progress=_bar if log.is_terminal() and not quiet else None,
        )
    except KagsyncError as error:
        nothing_yet = isinstance(error, errors.NoDatabase) and everything
        outcome = verb.Outcome([], alone=False, error=None if nothing_yet else error)
    except BaseException as error:  # stopped, or a mistake of this program's: the monitor must hear of it
        if ping is not None:
            ping.finish(*pings.ending(error))
        raise
    if loaded is not None:
        outcome = after.finish(loaded, outcome, report=report, ping=ping, trigger=trigger, started=started)
    elif ping is not None:
        ping.finish(outcome.exit_code, str(outcome.error))
    if format_ is TextOrJson.json:
        print_json(verb.as_json(outcome))
    elif outcome.error is None:
        say(verb.summary(outcome), quiet=quiet)
    if loaded is not None and outcome.exit_code == errors.OK and (unwritten := stdout.failure()) is not None:
        # That is how the process will end, so whoever was told of a success is told again.
        after.record(loaded, trigger, started, unwritten.exit_code)
        if ping is not None:
            ping.finish(unwritten.exit_code, str(unwritten))
    if outcome.error is not None:
        raise outcome.error
    raise typer.Exit(outcome.exit_code)


def _read_variables(file: Path) -> list[str]:
    from kagsync.schedule import env_file

    return env_file.load(file)


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


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[str], None]]:
    """Shows how many of `total` competitions are done; gives the function that says one is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if console.is_dumb_terminal:  # it cannot redraw the bar
        yield lambda _: None
        return
    columns = (TextColumn("Syncing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("sync", total=total)
        yield lambda _: progress.advance(task)


@app.command()
def fetch(
    slug: Slug,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Phase 1: download a leaderboard and print its CSV's path."""
    from kagsync.sync import run as verb

    loaded = load(db, verbose, quiet, log_file)
    print_text(str(verb.fetch_by_hand(loaded, inputs.competition_slug(slug))))


@app.command()
def process(
    slug: Slug,
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="The CSV, or a ZIP as Kaggle sends it.")],
    force: Force = False,
    accept_shrink: AcceptShrink = False,
    accept_name: AcceptName = False,
    direction: Direction = None,
    team_name: TeamName = None,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Phase 2: load a leaderboard from disk into the database."""
    from kagsync.sync import run as verb

    loaded = load(db, verbose, quiet, log_file, team_name=team_name)
    name = inputs.competition_slug(slug)
    if direction is not None:
        verb.set_direction(loaded, [name], higher_is_better=direction)
    processed = verb.process_file(
        loaded, name, csv, force=force, accept_shrink=accept_shrink, accept_name=accept_name
    )
    say(verb.process_summary(processed), quiet=quiet)


@app.command()
def cleanup(
    csv: Annotated[
        Path | None,
        typer.Argument(metavar="CSV", help="What fetch printed; without it, what crashed runs left."),
    ] = None,
    log_file: LogFile = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Phase 3: delete a fetched CSV, or what crashed runs left."""
    from kagsync.sync import cleanup as verb

    loaded = load(db, verbose, quiet, log_file)
    if csv is not None:
        verb.cleanup(csv)
        return
    swept = verb.sweep(loaded.temp_data)
    say(verb.summary(swept), quiet=quiet)
    for error in swept.failed:
        log.failure(error)
    if swept.failed:
        raise typer.Exit(swept.failed[0].exit_code)
