"""`kagsync sync`, and its three phases one by one: `fetch`, `process` and `cleanup`."""

from __future__ import annotations

import contextlib
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import inputs, log, settings
from kagsync.cli import stdout
from kagsync.cli.command import Common, app, command
from kagsync.cli.options import (
    AcceptName,
    AcceptShrink,
    BoardOfFile,
    Direction,
    Force,
    JsonOrText,
    LogFile,
    NamesOfReport,
    Slug,
    TeamName,
)
from kagsync.errors import UsageError
from kagsync.output import listing
from kagsync.output.listing import Result, TextOrJson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kagsync.errors import KagsyncError
    from kagsync.sync.result import Outcome

_LONGEST_RUN = timedelta(days=7)


@command(app)
def sync(
    common: Common,
    slugs: Annotated[list[str] | None, typer.Argument(metavar="SLUG", help="Tracked competitions.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every active competition that is linked to Kaggle and due.")
    ] = False,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A ZIP or CSV from disk, instead of Kaggle."),
    ] = None,
    board: BoardOfFile = None,
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
        str | None,
        typer.Option(
            metavar="TIME",
            help="Start no competition after this time; the next run starts with the rest [--all: 270s].",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Update the report in this folder afterwards."),
    ] = None,
    names: NamesOfReport = None,
    trigger: Annotated[
        str,
        typer.Option(metavar="NAME", help="Who started this run: shown by `kagsync schedule status`."),
    ] = inputs.BY_HAND,
    env_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Read more variables from this file (written by `schedule install`)."
        ),
    ] = None,
    format_: JsonOrText = TextOrJson.text,
    direction: Direction = None,
    team_name: TeamName = None,
    log_file: LogFile = None,
) -> None:
    """Update competitions: fetch, process and clean up."""
    from kagsync.sync import run

    if jobs is not None and source is not None:
        raise UsageError("--jobs is for several competitions, and --from is for one", "Leave out --jobs")
    in_words = log.is_terminal() and not common.quiet
    options = run.Options(
        slugs=tuple(slugs or ()),
        everything=everything,
        source=source,
        board=board and board.value,
        force=force,
        accept_shrink=accept_shrink,
        accept_name=accept_name,
        higher_is_better=direction,
        max_time=None if max_time is None else inputs.seconds(max_time, "--max-time", _LONGEST_RUN),
        report=report,
        names=names and names.value,
        trigger=trigger,
        env_file=env_file,
        renames=not common.quiet or format_ is TextOrJson.json,
        in_words=in_words,
    )
    # A person who watches reads what changed, and the log lines only with --verbose.
    logs = common._replace(quiet=True) if in_words and not common.verbose else common

    def show(outcome: Outcome) -> KagsyncError | None:
        if in_words:
            for line in outcome.lines(shutil.get_terminal_size().columns):
                typer.echo(line, err=True)
        text = "" if outcome.error is not None or common.quiet else _text(outcome)
        listing.write(Result(text, outcome.data), format_)
        return stdout.failure()

    outcome = run.run(
        options,
        lambda: logs.settings(log_file=log_file, jobs=jobs, team_name=team_name),
        show,
        _bar if log.is_terminal() and not common.quiet else None,
    )
    if outcome.error is not None:
        raise outcome.error
    raise typer.Exit(outcome.exit_code)


def _text(outcome: Outcome) -> str:
    """The run in one line, and a line for each person who may have a new username."""
    found = {(each.old, each.new) for result in outcome.results for each in result.renames}
    if not found:
        return outcome.text
    from kagsync.output import wording

    return "\n".join([outcome.text, *(wording.rename_question(*each) for each in sorted(found))])


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[str], None]]:
    """Shows how many of `total` competitions are done; gives a function to call for each one done."""
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


@command(app)
def fetch(
    common: Common,
    slug: Slug,
    log_file: LogFile = None,
) -> None:
    """Phase 1: download a leaderboard and print its CSV's path."""
    from kagsync.sync import by_hand

    loaded = common.settings(log_file=log_file)
    listing.write_exactly(str(by_hand.fetch_board(loaded, inputs.competition_slug(slug))))


@command(app)
def process(
    common: Common,
    slug: Slug,
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="The CSV, or a ZIP as Kaggle sends it.")],
    board: BoardOfFile = None,
    force: Force = False,
    accept_shrink: AcceptShrink = False,
    accept_name: AcceptName = False,
    direction: Direction = None,
    team_name: TeamName = None,
    log_file: LogFile = None,
) -> None:
    """Phase 2: load a leaderboard from disk into the database."""
    from kagsync.sync import by_hand

    loaded = common.settings(log_file=log_file, team_name=team_name)
    processed = by_hand.process_file(
        loaded,
        inputs.competition_slug(slug),
        csv,
        force=force,
        accept_shrink=accept_shrink,
        accept_name=accept_name,
        higher_is_better=direction,
        board_name=board and board.value,
    )
    common.say(processed.text)


@command(app)
def cleanup(
    common: Common,
    csv: Annotated[
        Path | None,
        typer.Argument(
            metavar="CSV",
            help="What fetch printed; without it, what crashed runs left behind.",
        ),
    ] = None,
    log_file: LogFile = None,
) -> None:
    """Phase 3: delete a fetched CSV, or what crashed runs left."""
    from kagsync.sync import cleanup

    loaded = common.settings(log_file=log_file)
    if csv is not None:
        cleanup.remove(csv)
        return
    swept = cleanup.sweep(loaded.temp_data)
    common.say(swept.text)
    for error in swept.failed:
        log.failure(error)
    raise typer.Exit(swept.exit_code)
