"""`kagsync status`, `doctor` and `backup`: whether all is well, and a copy for when it is not."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs, log
from kagsync.cli.command import (
    app,
    load_to_read,
    open_to_read,
    print_json,
    print_text,
    say,
)
from kagsync.cli.options import Db, JsonOrText, Quiet, TextOrJson, Verbose
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from kagsync.doctor.checks import Check


@app.command()
def status(
    max_age: Annotated[
        str, typer.Option("--max-age", metavar="TIME", help="How old the last good sync may be.")
    ] = "15m",
    format_: JsonOrText = TextOrJson.text,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Say how fresh everything is; exit code 0 only when all of it is."""
    from kagsync.output import listing
    from kagsync.queries import status as verb

    loaded = load_to_read(db, verbose, quiet)
    oldest = inputs.duration(max_age)
    with open_to_read(loaded) as store:
        found = verb.status(store, clock.utc_now(), oldest)
    if format_ is TextOrJson.json:
        print_json(verb.as_json(found))
    elif not (quiet and found.healthy):
        listing.print_status(found)
    if not found.healthy:
        raise typer.Exit(errors.SOME_FAILED)


@app.command()
def doctor(
    format_: JsonOrText = TextOrJson.text, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """Check everything that a run needs; each cross comes with what mends it."""
    from kagsync.doctor import examine as verb

    log.configure(verbose=verbose, quiet=quiet)
    checks: list[Check] = []
    for check in verb.doctor(db, clock.utc_now()):
        checks.append(check)
        if format_ is TextOrJson.text and (check.ok is False or not quiet):
            _print_check(check)  # one by one: some take a while
    wrong = sum(check.ok is False for check in checks)
    if format_ is TextOrJson.json:
        print_json(verb.as_json(checks))
    elif wrong or not quiet:
        print_text(f"{wrong} to mend" if wrong else "All is well")
    if wrong:
        raise typer.Exit(errors.SOME_FAILED)


def _print_check(check: Check) -> None:
    """One thing that `doctor` looked at."""
    from kagsync.output import terminal

    mark, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("–", "dim")}[check.ok]
    lines = [[(f"{mark} ", style), (f"{check.about}: ", "bold"), (check.said, "")]]
    if check.remedy:
        lines.append([("  → ", style), (check.remedy, "")])
    terminal.print_lines(lines, sys.stdout)
    sys.stdout.flush()


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, or an earlier backup.")],
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write a checked copy of the database, also while syncs run."""
    from kagsync.store import backup as verb

    loaded = load_to_read(db, verbose, quiet)
    with open_to_read(loaded) as store:
        size = verb.backup(store, file)
    say(printable(verb.told(file, size)), quiet=quiet)
