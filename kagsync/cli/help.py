"""`kagsync help`: the same as `--help` after a command."""

from __future__ import annotations

from typing import Annotated

import typer

from kagsync.cli import main
from kagsync.cli.command import Common, app, command
from kagsync.output.listing import Result


@command(app, "help")
def help_(
    common: Common,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="A command. Default: kagsync itself.")
    ] = None,
) -> Result:
    """Show the help of a command."""
    return Result(exit_code=main.run([*(words or []), "--help"]))
