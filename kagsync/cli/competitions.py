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
from kagsync.output import listing as printing
from kagsync.output.listing import Format, Result

if TYPE_CHECKING:
    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Competition

_MOST_FOUND = 1000


@command(competitions_app, "add")
def competitions_add(
    common: Common,
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="SLUG", help="Slugs or Kaggle URLs.", show_default=False)
    ] = None,
    entered: Annotated[
        bool, typer.Option("--entered", help="Instead of SLUG: those that you entered on Kaggle.")
    ] = False,
    hosted: Annotated[
        bool, typer.Option("--hosted", help="Instead of SLUG: those that you host on Kaggle.")
    ] = False,
    ended: Annotated[
        bool, typer.Option("--ended", help="With --entered or --hosted: also those that have ended.")
    ] = False,
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
    yes: Yes = False,
) -> None:
    """Track competitions, or update them if they are tracked already.

    --entered and --hosted take the list from Kaggle, show it, and ask before they add anything.
    """
    from kagsync.tracking import competitions

    inputs.at_most_one({"SLUG": bool(slugs), "--entered": entered, "--hosted": hosted})
    own = {
        "--title": title is not None,
        "--kaggle-id": kaggle_id is not None,
        "--no-kaggle": no_kaggle,
        "--higher-is-better or --lower-is-better": direction is not None,
        "--medals or --no-medals": medals is not None,
    }
    if entered or hosted:
        for option, given in own.items():
            inputs.at_most_one({"--entered" if entered else "--hosted": True, option: given})
        _add_own(common, entered=entered, ended=ended, yes=yes)
        return
    if ended:
        raise UsageError("--ended needs --entered or --hosted", "kagsync competitions add --entered --ended")
    if not slugs:
        raise UsageError(
            "no competition is given",
            "kagsync competitions add SLUG, or --entered for those that you entered on Kaggle",
        )
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


def _add_own(common: Common, *, entered: bool, ended: bool, yes: bool) -> None:
    """Adds the competitions that the owner of the credentials entered or hosts, after asking."""
    from kagsync.kaggle import client
    from kagsync.kaggle.listing import Group
    from kagsync.output import listed_table
    from kagsync.tracking import competitions, finding

    loaded, now = common.settings(), clock.utc_now()
    group = Group.entered if entered else Group.hosted
    listing = client.connect()().competitions(group)
    found = finding.by_deadline(finding.matches(listing.competitions, _tracked(loaded)), now)
    shown = found if ended else [each for each in found if not each.has_ended(now)]
    new = {each.listed.slug: each.listed for each in shown if each.tracked is None}
    below = [] if found else [f"Kaggle lists no competition that you {'entered' if entered else 'host'}"]
    if hidden := len(found) - len(shown):
        below.append(f"{hidden} {'has' if hidden == 1 else 'have'} ended: --ended shows them, too")
    many = f"{len(new)} {'competition' if len(new) == 1 else 'competitions'}"
    if found and not new:
        below.append("Nothing to add")
    elif new and yes:
        below.append(f"Adding {many}")
    if not (common.quiet and (yes or not new)):  # people see what they are asked about
        printing.write(Result(listed_table.listed(shown, below)))
    if not new:
        return
    confirm(f"Add {many}?", yes=yes)
    with open_store(loaded, create=True) as store, in_turn(new) as left:
        while left:
            added = competitions.add_listed(store, new[left[0]])
            left.popleft()
            common.say(added.text)


def _tracked(loaded: Settings) -> list[Competition]:
    """The tracked competitions; none without a database."""
    try:
        with open_to_read(loaded) as store:
            return store.competitions.all()
    except errors.NoDatabase:
        return []


@command(competitions_app, "search")
def competitions_search(
    common: Common,
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="Words to search for.")],
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=_MOST_FOUND, help="Only the first N.")
    ] = 20,
    format_: AnyFormat = Format.table,
) -> Result:
    """Search for competitions on Kaggle; change nothing."""
    from kagsync.kaggle import client
    from kagsync.kaggle.listing import Group
    from kagsync.output import listed_table
    from kagsync.tracking import finding

    loaded = common.settings_to_read()
    wanted = inputs.utf8(" ".join(words))
    listing = client.connect()().competitions(Group.everything, wanted, enough=limit)
    found = finding.matches(listing.competitions, _tracked(loaded))
    below = [] if found else [f"No competition matches {inputs.short(wanted)}"]
    more = len(found) - limit
    if not listing.complete:
        below.append("and more: pass --limit N, or more words")
    elif more > 0:
        below.append(f"and {more:,} more: pass --limit {min(len(found), _MOST_FOUND)}, or more words")
    return Result(
        listed_table.listed(found[:limit], below), [finding.as_json(each) for each in found[:limit]]
    )


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
    """Says which series lose a competition, and what else is deleted with it."""
    names = [each.name for each in store.series.with_competition(competition.id)]
    series = f", also from the series {', '.join(names)}" if names else ""
    frozen = ", and the boards that its grades are frozen with" if store.frozen.of(competition.id) else ""
    own = [each.id for each in store.targets.all() if each.subscription.competition_id == competition.id]
    numbers = f"{'channel' if len(own) == 1 else 'channels'} {', '.join(map(str, own))}"
    return series + frozen + (f", and the notification {numbers} for it" if own else "")
