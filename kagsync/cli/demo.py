"""`kagsync demo`: try kagsync without an account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kagsync import log
from kagsync.cli.command import Given, app
from kagsync.cli.options import Quiet, Verbose


@app.command()
def demo(
    context: typer.Context,
    db: Annotated[
        Path | None, typer.Option("--db", metavar="PATH", help="Keep the demo's database in this new file.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Also write the report to this folder.")
    ] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Try it on sample boards, without an account or a network.

    It uses a database of its own.
    """
    from kagsync.demo.run import run

    given = Given(db, verbose, quiet).after(context.obj)
    log.configure(verbose=given.verbose, quiet=given.quiet)
    run(given.db, report_to=report, quiet=given.quiet)
