"""`kagsync apply` and `kagsync export-config`: the set-up as a file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, log
from kagsync.cli.command import Common, app, command, open_store, open_to_read
from kagsync.cli.options import JsonOrText
from kagsync.output import listing
from kagsync.output.listing import Result, TextOrJson

if TYPE_CHECKING:
    from kagsync.settings import Settings
    from kagsync.store import Store


@command(app)
def apply(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The set-up.")] = Path("kagsync.toml"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Pause competitions, archive people, remove series and channels not in the file.",
        ),
    ] = False,
    format_: JsonOrText = TextOrJson.text,
) -> Result:
    """Make the database match a set-up file.

    Kaggle is not asked. If anything in the file is wrong, nothing is changed.
    """
    from kagsync.config import words
    from kagsync.config.apply import apply as apply_setup
    from kagsync.config.read import read

    loaded = common.settings()
    setup = read(file)
    if not dry_run and not loaded.db.exists():
        with _copy(loaded) as store:  # if this fails, no database is left behind
            apply_setup(store, setup, clock.utc_now(), prune=prune)
    with _copy(loaded) if dry_run else open_store(loaded, create=True) as store:
        applied = apply_setup(store, setup, clock.utc_now(), prune=prune)
    for name in applied.not_set:
        log.logger.warning(
            "The variable %s, which should hold the URL of a channel, is not set here. "
            "Whatever runs `kagsync sync` needs it",
            name,
        )
    for name in applied.not_used:
        log.logger.warning(
            "The variable %s holds another URL than the channel has in the database, which stays in use. To "
            "change it, name the channel by a variable of another name",
            name,
        )
    text = "" if common.quiet else "\n".join(words.lines(applied, done=not dry_run))
    return Result(text, words.as_json(applied, done=not dry_run))


def _copy(loaded: Settings) -> Store:
    """A copy of the database in memory, which may be changed; an empty one if there is no database."""
    from kagsync.store import Store

    with contextlib.suppress(errors.NoDatabase):
        return Store.open_copy(loaded.db)
    return Store.in_memory()


@command(app, "export-config")
def export_config(
    common: Common,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Where to write it, with roster.csv beside it. Default or -: stdout."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files if they exist.")] = False,
) -> None:
    """Write the set-up as a file, as `apply` reads it."""
    from kagsync.config import export

    loaded = common.settings_to_read()
    with open_to_read(loaded) as store:
        if file is None or str(file) == "-":
            listing.write_exactly(export.text(store).removesuffix("\n"))
        else:
            for path in export.write(store, file, loaded.db, force=force):
                common.say(f"Written: {path}")
        for name, number in export.unnamed(store).items():
            log.logger.warning(
                "The URL of channel %d is secret, so the file names a variable instead. "
                "Where the file is applied to another database, set %s to that URL",
                number,
                name,
            )
