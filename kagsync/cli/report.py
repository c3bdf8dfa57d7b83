"""`kagsync report`: web pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kagsync import clock, inputs
from kagsync.cli.command import Common, app, command, open_to_read
from kagsync.cli.options import Group, NamesOfReport, ShownBoard, storable


@command(app)
def report(
    common: Common,
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="SLUG", help="Tracked competitions. Default: all.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The folder to write to.")] = Path(
        "kagsync-report"
    ),
    title: Annotated[
        str | None, typer.Option(metavar="TITLE", callback=storable, help="The title of the site.")
    ] = None,
    group: Group = None,
    board: Annotated[
        ShownBoard | None,
        typer.Option(
            "--board",
            help="Which board to show. final (default): private if there is one, otherwise public.",
            show_default=False,
        ),
    ] = None,
    names: NamesOfReport = None,
    setup: Annotated[
        Path | None,
        typer.Option("--setup", metavar="FILE", help="Only the competitions that this set-up file lists."),
    ] = None,
    searchable: Annotated[
        bool | None,
        typer.Option(
            "--search-engines/--no-search-engines",
            help="Whether search engines may list the pages. Default: as before, otherwise not.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a web page for each competition, and an index."""
    from kagsync.report import write

    loaded = common.settings_to_read()
    wanted = [inputs.competition_slug(slug) for slug in slugs or []] or None
    if setup is not None:
        inputs.at_most_one({"SLUG": wanted is not None, "--setup": True})
        wanted = _competitions(setup)
    with open_to_read(loaded) as store:
        content = write.Content(
            wanted, title, group, board and board.value, names=names and names.value, searchable=searchable
        )
        written = write.report(store, output, clock.utc_now(), content)
    common.say(written.text)


def _competitions(setup: Path) -> list[str] | None:
    """The competitions that a set-up file lists; None: it says nothing about competitions."""
    from kagsync.config.keys import COMPETITIONS
    from kagsync.config.read import read

    entries = read(setup).sections.get(COMPETITIONS)
    return None if entries is None else [inputs.competition_slug(each.values["slug"]) for each in entries]
