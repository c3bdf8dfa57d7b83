"""`kagsync status`, `doctor`, `backup` and `compact`: whether everything works, and the database file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs, log
from kagsync.cli.command import Common, app, command, open_store, open_to_read
from kagsync.cli.options import JsonOrText
from kagsync.output import listing
from kagsync.output.listing import Result, TextOrJson

if TYPE_CHECKING:
    from kagsync.doctor.checks import Check
    from kagsync.output.terminal import Lines


@command(app)
def status(
    common: Common,
    max_age: Annotated[
        str, typer.Option("--max-age", metavar="TIME", help="How old the last good sync may be.")
    ] = "15m",
    format_: JsonOrText = TextOrJson.text,
) -> Result:
    """Show how fresh everything is.

    The exit code is 0 only if every competition that should be synced is fresh.
    """
    from kagsync.output import tables
    from kagsync.queries import status as query

    loaded = common.settings_to_read()
    oldest = inputs.duration(max_age, "--max-age")
    with open_to_read(loaded) as store:
        found = query.status(store, clock.utc_now(), oldest)
    text = "" if common.quiet and found.healthy else tables.status(found)
    return Result(text, query.as_json(found), errors.OK if found.healthy else errors.SOME_FAILED)


@command(app)
def doctor(
    common: Common,
    integrity: Annotated[
        bool,
        typer.Option("--integrity", help="Check the database for damage even if it is larger than 50 MB."),
    ] = False,
    format_: JsonOrText = TextOrJson.text,
) -> Result:
    """Check everything that a run needs, and say how to fix it."""
    from kagsync.doctor import examine

    log.configure(verbose=common.verbose, quiet=common.quiet)
    checks: list[Check] = []
    for check in examine.doctor(common.db, clock.utc_now(), integrity=integrity):
        checks.append(check)
        if format_ is TextOrJson.text and (check.ok is False or not common.quiet):
            listing.write(Result(_lines(check)))  # one by one, since some take a while
    wrong = sum(check.ok is False for check in checks)
    problems = "1 problem" if wrong == 1 else f"{wrong} problems"
    text = f"{problems} found" if wrong else "" if common.quiet else "Everything works"
    return Result(text, examine.as_json(checks), errors.SOME_FAILED if wrong else errors.OK)


def _lines(check: Check) -> Lines:
    """One thing that `doctor` checked."""
    from kagsync.output.terminal import Lines

    mark, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("–", "dim")}[check.ok]
    lines = [[(f"{mark} ", style), (f"{check.about}: ", "bold"), (check.said, "")]]
    if check.remedy:
        lines.append([("  → ", style), (check.remedy, "")])
    return Lines(lines)


@command(app)
def backup(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, or an earlier backup.")],
) -> None:
    """Write a checked copy of the database, even while syncs run."""
    from kagsync.store import backup as copy

    loaded = common.settings_to_read()
    with open_to_read(loaded) as store:
        size = copy.backup(store, file)
    common.say(copy.summary(file, size))


@command(app)
def compact(common: Common) -> None:
    """Shrink the database file by removing its free space."""
    from kagsync.store import compact as file

    with open_store(common.settings()) as store:
        common.say(file.summary(store, *file.compact(store)))
