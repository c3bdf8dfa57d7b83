"""`kagsync competitions`: which competitions are tracked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli.command import (
    Common,
    command,
    competitions_app,
    confirm,
    in_turn,
    open_store,
    open_to_read,
)
from kagsync.cli.options import AnyFormat, Direction, Slugs, Yes, storable
from kagsync.errors import UsageError
from kagsync.output.listing import Format, Result

if TYPE_CHECKING:
    from kagsync.store import Store
    from kagsync.store.records import Competition


@command(competitions_app, "add")
def competitions_add(
    common: Common,
    slugs: Annotated[list[str], typer.Argument(metavar="SLUG", help="Slugs or Kaggle URLs.")],
    title: Annotated[
        str | None, typer.Option(metavar="TITLE", callback=storable, help="Your own title.")
    ] = None,
    kaggle_id: Annotated[
        str | None,
        typer.Option("--kaggle-id", metavar="ID", help="Its slug on Kaggle, if that is another one."),
    ] = None,
    no_kaggle: Annotated[
        bool, typer.Option("--no-kaggle", help="Do not link it to Kaggle, so never download it.")
    ] = False,
    direction: Direction = None,
    medals: Annotated[
        bool | None,
        typer.Option(
            "--medals/--no-medals",
            help="Whether it awards medals, if Kaggle cannot tell.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Track competitions, or update them if they are tracked already."""
    from kagsync.tracking import competitions

    loaded = common.settings()
    wanted = [inputs.competition_slug(slug) for slug in slugs]
    if len(wanted) > 1 and (title is not None or kaggle_id is not None):
        raise UsageError("--title and --kaggle-id are for one competition", "Add the competitions one by one")
    inputs.at_most_one({"--kaggle-id": kaggle_id is not None, "--no-kaggle": no_kaggle})
    linked_as = None if kaggle_id is None else inputs.competition_slug(kaggle_id)
    with open_store(loaded, create=True) as store, in_turn(wanted) as left:
        while left:
            added = competitions.add(
                store,
                left[0],
                title=title,
                kaggle_id=linked_as,
                link=not no_kaggle,
                higher_is_better=direction,
                medals=medals,
            )
            left.popleft()
            common.say(added.text)


@command(competitions_app, "list")
def competitions_list(common: Common, format_: AnyFormat = Format.table) -> Result:
    """List the tracked competitions."""
    from kagsync.output import tables
    from kagsync.queries import overview

    loaded = common.settings_to_read()
    now = clock.utc_now()
    try:
        with open_to_read(loaded) as store:
            found = overview.overviews(store, store.users.all(), lambda _: now, now)
    except errors.NoDatabase:
        found = []
    return Result(tables.competitions(found, now), [overview.as_json(each) for each in found])


def _set_active(common: Common, slugs: list[str], active: bool) -> None:
    loaded = common.settings()
    with open_store(loaded) as store:
        found = {each.slug: each for each in _competitions(store, slugs)}
        with in_turn(found) as left:
            while left:
                with store.writing() as write:
                    write.competitions.set_active(found[left[0]].id, active=active)
                    if active:
                        write.competitions.ask_for_result(found[left[0]].id)
                common.say(f"{'Resumed' if active else 'Paused'} {left.popleft()}")


@command(competitions_app, "pause")
def competitions_pause(common: Common, slugs: Slugs) -> None:
    """Leave competitions out of `sync --all`, but keep their entries."""
    _set_active(common, slugs, False)


@command(competitions_app, "resume")
def competitions_resume(common: Common, slugs: Slugs) -> None:
    """Sync paused competitions again; sync ended ones in the next run."""
    _set_active(common, slugs, True)


@command(competitions_app, "remove")
def competitions_remove(common: Common, slugs: Slugs, yes: Yes = False) -> None:
    """Delete competitions with all their entries and history."""
    loaded = common.settings()
    with open_store(loaded) as store:
        found = {each.slug: each for each in _competitions(store, slugs)}
        what = {
            slug: _with_entries(slug, store.entry_count(competition_id=each.id)) + _further(store, each)
            for slug, each in found.items()
        }
        for each in what.values():  # ask everything first: if the last answer is no, nothing is lost
            confirm(f"Remove {each}?", yes=yes)
        with in_turn(found) as left:
            while left:
                store.competitions.remove(found[left[0]].id)
                common.say(f"Removed {what[left.popleft()]}")


def _competitions(store: Store, slugs: list[str]) -> list[Competition]:
    return [store.competitions.get(inputs.competition_slug(slug)) for slug in slugs]


def _with_entries(name: str, entries: int) -> str:
    """Describes what is deleted with a competition."""
    return f"{name} with {entries} {'entry' if entries == 1 else 'entries'} and their history"


def _further(store: Store, competition: Competition) -> str:
    """Says which series lose a competition, and whether boards go that grades were frozen with."""
    names = [each.name for each in store.series.with_competition(competition.id)]
    frozen = ", and the boards that its grades are frozen with" if store.frozen.of(competition.id) else ""
    return (f", also from the series {', '.join(names)}" if names else "") + frozen
