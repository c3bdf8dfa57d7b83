"""`kagsync schedule`: have it run by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors
from kagsync.cli.command import (
    load,
    load_to_read,
    open_to_read,
    print_json,
    print_text,
    say,
    schedule_app,
)
from kagsync.cli.options import Db, JsonOrText, Quiet, Verbose
from kagsync.errors import UsageError
from kagsync.output.listing import TextOrJson
from kagsync.safe_text import printable

if TYPE_CHECKING:
    from kagsync.schedule.install import Plan
    from kagsync.settings import Settings
    from kagsync.store.records import Trigger

_EVERY = "5m"
Every = Annotated[str, typer.Option("--every", metavar="TIME", help="How often: 5m, 15m, 1h …")]
Report = Annotated[
    Path | None, typer.Option("--report", metavar="DIR", help="Each run also updates the report there.")
]
Cron = Annotated[bool, typer.Option("--cron", help="By cron.")]
Systemd = Annotated[bool, typer.Option("--systemd", help="By a timer of your systemd.")]
Windows = Annotated[bool, typer.Option("--windows", help="By Windows Task Scheduler.")]


def _kind(cron: bool, systemd: bool, windows: bool) -> str | None:
    from kagsync.schedule.install import KINDS

    said = [name for name, wanted in zip(KINDS, (cron, systemd, windows), strict=True) if wanted]
    if len(said) > 1:
        raise UsageError(f"--{said[0]} and --{said[1]} contradict each other", "Say one of them")
    return said[0] if said else None


def _plan(loaded: Settings, every: str, db: Path | None, report: Path | None) -> Plan:
    from kagsync.schedule import install

    return install.plan(loaded, every=every, db=db, report=report)


@schedule_app.command("print")
def schedule_print(
    every: Every = _EVERY,
    report: Report = None,
    cron: Cron = False,
    systemd: Systemd = False,
    windows: Windows = False,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Print what `install` would put in place, and change nothing."""
    from kagsync.schedule import install

    loaded = load(db, verbose, quiet)
    kind = _kind(cron, systemd, windows) or install.default_kind()
    print_text(install.printed(_plan(loaded, every, db, report), kind).removesuffix("\n"))


@schedule_app.command("install")
def schedule_install(
    every: Every = _EVERY,
    report: Report = None,
    cron: Cron = False,
    systemd: Systemd = False,
    windows: Windows = False,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Have `sync --all` run every 5 minutes, by what this system has; again: renew it."""
    from kagsync.schedule import install

    loaded = load(db, verbose, quiet)
    kind = _kind(cron, systemd, windows) or install.default_kind()
    say(_printable(install.install(_plan(loaded, every, db, report), kind)), quiet=quiet)


@schedule_app.command("remove")
def schedule_remove(
    cron: Cron = False,
    systemd: Systemd = False,
    windows: Windows = False,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Take the schedule away, wherever it is."""
    from kagsync.schedule import install

    load(db, verbose, quiet)
    kind = _kind(cron, systemd, windows)
    say(install.remove([kind] if kind else install.in_place()), quiet=quiet)


@schedule_app.command("status")
def schedule_status(
    format_: JsonOrText = TextOrJson.text, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """Say what is scheduled and when it last ran; exit code 1 when it does not run."""
    from kagsync.schedule import install

    found = install.status(_triggers(load_to_read(db, verbose, quiet)), clock.utc_now())
    if format_ is TextOrJson.json:
        print_json(install.as_json(found))
    elif not (quiet and found.runs_by_itself):
        print_text(_printable("\n".join(install.lines(found))))
    if not found.runs_by_itself:
        raise typer.Exit(errors.SOME_FAILED)


def _triggers(loaded: Settings) -> list[Trigger]:
    try:
        with open_to_read(loaded) as store:
            return store.runs.triggers()
    except errors.NoDatabase:
        return []


def _printable(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))
