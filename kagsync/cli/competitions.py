"""`kagsync competitions`: which competitions are tracked."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, inputs
from kagsync.cli.command import (
    competitions_app,
    confirm,
    in_turn,
    load,
    load_to_read,
    open_store,
    say,
    with_entries,
)
from kagsync.cli.options import AnyFormat, Db, Direction, Format, Quiet, Slugs, Verbose, Yes, storable
from kagsync.cli.show import all_boards
from kagsync.errors import UsageError

if TYPE_CHECKING:
    from kagsync.store import Store
    from kagsync.store.records import Competition


@competitions_app.command("add")
def competitions_add(
    slugs: Annotated[list[str], typer.Argument(metavar="SLUG", help="Slugs or Kaggle URLs.")],
    title: Annotated[
        str | None, typer.Option(metavar="T", callback=storable, help="A title of your own.")
    ] = None,
    kaggle_id: Annotated[
        str | None,
        typer.Option("--kaggle-id", metavar="ID", help="Its name on Kaggle, if it is not the slug."),
    ] = None,
    no_kaggle: Annotated[bool, typer.Option("--no-kaggle", help="Not linked: never downloaded.")] = False,
    direction: Direction = None,
    medals: Annotated[
        bool | None,
        typer.Option(
            "--medals/--no-medals",
            help="Whether it awards medals, if Kaggle cannot be asked.",
            show_default=False,
        ),
    ] = None,
    db: Db = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Track competitions; one that is tracked already is updated."""
    from kagsync.tracking import competitions as verb

    loaded = load(db, verbose, quiet)
    wanted = [inputs.competition_slug(slug) for slug in slugs]
    if len(wanted) > 1 and (title is not None or kaggle_id is not None):
        raise UsageError("--title and --kaggle-id go with one competition", "Add them one by one")
    if kaggle_id is not None and no_kaggle:
        raise UsageError("--kaggle-id and --no-kaggle contradict each other", "Say one of them")
    linked_as = None if kaggle_id is None else inputs.competition_slug(kaggle_id)
    with open_store(loaded, create=True) as store, in_turn(wanted) as left:
        while left:
            added = verb.add(
                store,
                left[0],
                title=title,
                kaggle_id=linked_as,
                link=not no_kaggle,
                higher_is_better=direction,
                medals=medals,
            )
            left.popleft()
            say(verb.told(added), quiet=quiet)


@competitions_app.command("list")
def competitions_list(
    format_: AnyFormat = Format.table, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """List the tracked competitions."""
    from kagsync.output import listing

    loaded = load_to_read(db, verbose, quiet)
    now = clock.utc_now()
    listing.print_competitions(all_boards(loaded, None, lambda _: now), format_.value, now)


def _set_active(slugs: list[str], active: bool, db: Path | None, verbose: bool, quiet: bool) -> None:
    loaded = load(db, verbose, quiet)
    with open_store(loaded) as store:
        found = {each.slug: each for each in _competitions(store, slugs)}
        with in_turn(found) as left:
            while left:
                store.update_competition(found[left[0]].id, active=int(active))
                say(f"{'Resumed' if active else 'Paused'} {left.popleft()}", quiet=quiet)


@competitions_app.command("pause")
def competitions_pause(slugs: Slugs, db: Db = None, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Leave competitions out of `sync --all`; their entries stay."""
    _set_active(slugs, False, db, verbose, quiet)


@competitions_app.command("resume")
def competitions_resume(slugs: Slugs, db: Db = None, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """Take paused competitions up again."""
    _set_active(slugs, True, db, verbose, quiet)


@competitions_app.command("remove")
def competitions_remove(
    slugs: Slugs, yes: Yes = False, db: Db = None, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """Forget competitions with all their entries and history."""
    loaded = load(db, verbose, quiet)
    with open_store(loaded) as store:
        found = {each.slug: each for each in _competitions(store, slugs)}
        what = {
            slug: with_entries(slug, store.entry_count(competition_id=each.id))
            for slug, each in found.items()
        }
        for told in what.values():  # all questions first: who says no at the last one has lost nothing
            confirm(f"Remove {told}?", yes=yes)
        with in_turn(found) as left:
            while left:
                store.remove_competition(found[left[0]].id)
                say(f"Removed {what[left.popleft()]}", quiet=quiet)


def _competitions(store: Store, slugs: list[str]) -> list[Competition]:
    return [store.competition(inputs.competition_slug(slug)) for slug in slugs]
