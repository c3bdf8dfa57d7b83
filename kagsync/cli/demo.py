"""`kagsync demo`: a first look, without an account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kagsync import log
from kagsync.cli.command import app
from kagsync.cli.options import Quiet, Verbose


@app.command()
def demo(
    db: Annotated[
        Path | None, typer.Option("--db", metavar="PATH", help="Keep the demo's database in a new file.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Also write its report to this folder.")
    ] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """The main job on sample boards: no account, no network, nothing of yours is touched."""
    from kagsync.demo import run as verb

    log.configure(verbose=verbose, quiet=quiet)
    verb.run(db, report_to=report, quiet=quiet)
