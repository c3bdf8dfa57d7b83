"""`kagsync series`: competitions whose results are added up."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import errors
from kagsync.cli.command import Common, command, confirm, open_store, open_to_read, series_app
from kagsync.cli.options import AnyFormat, Yes
from kagsync.output.listing import Format, Result

if TYPE_CHECKING:
    from kagsync.scoring.series import Series

Name = Annotated[str, typer.Argument(metavar="SERIES", help="A series.")]
Parts = Annotated[
    list[str],
    typer.Argument(metavar="SLUG[=WEIGHT]", help="Tracked competitions; the weight multiplies points."),
]
Rule = Annotated[
    str | None,
    typer.Option(
        "--rule",
        metavar="RULE",
        help="How results become points: places (default), percentile, local-percentile, score, kaggle, ctf.",
    ),
]
Best = Annotated[
    str | None,
    typer.Option("--best", metavar="N", help="Count only the N best results of each person [default: all]."),
]
SeriesGroup = Annotated[
    str | None, typer.Option("--group", metavar="GROUP", help='Only the people in this group; "": everybody.')
]
Ties = Annotated[
    str | None,
    typer.Option("--ties", metavar="TIES", help="The place of people who tie: min (default), average, max."),
]
SeriesBoard = Annotated[
    str | None,
    typer.Option(
        "--board",
        metavar="BOARD",
        help="Which board counts: public, private, or final (default), which is private if there is one.",
    ),
]
Points = Annotated[
    str | None,
    typer.Option(
        "--points", metavar="POINTS", help="For the rule places: the points of each place: 25,18,15,…"
    ),
]
Absent = Annotated[
    str | None,
    typer.Option(
        "--absent",
        metavar="ABSENT",
        help="zero (default): a missing competition counts as 0; skip: totals are means of the others.",
    ),
]
Teams = Annotated[
    str | None,
    typer.Option(
        "--teams",
        metavar="TEAMS",
        help="each (default): teammates get the team's points each; share: they share them.",
    ),
]
Scores = Annotated[
    list[str] | None,
    typer.Option(
        "--score",
        metavar="SLUG=MIN:MAX:POINTS",
        help="For the rule score: two scores, and the points for the better of the two.",
    ),
]


@command(series_app, "create")
def series_create(
    common: Common,
    name: Annotated[str, typer.Argument(metavar="NAME", help='Its name, such as "Autumn 2026".')],
    competitions: Parts,
    rule: Rule = None,
    best: Best = None,
    group: SeriesGroup = None,
    ties: Ties = None,
    board: SeriesBoard = None,
    points: Points = None,
    absent: Absent = None,
    teams: Teams = None,
    scores: Scores = None,
) -> None:
    """Create a series of competitions."""
    from kagsync.tracking import series

    wanted = series.Wanted(None, rule, best, group, ties, board, points, absent, teams, scores or ())
    with open_store(common.settings()) as store:
        _say(common, "Created", series.create(store, name, competitions, wanted))


@command(series_app, "add")
def series_add(common: Common, name: Name, competitions: Parts, scores: Scores = None) -> None:
    """Add competitions to a series, or change their weights."""
    from kagsync.tracking import series

    with open_store(common.settings()) as store:
        with store.writing():
            found = series.add(store, store.series.get(name), competitions, scores or ())
        _say(common, "Updated", found)


@command(series_app, "remove")
def series_remove(
    common: Common,
    name: Name,
    slugs: Annotated[list[str], typer.Argument(metavar="SLUG", help="Competitions of the series.")],
) -> None:
    """Take competitions out of a series.

    They stay tracked.
    """
    from kagsync.tracking import series

    with open_store(common.settings()) as store:
        with store.writing():
            found = series.remove(store, store.series.get(name), slugs)
        _say(common, "Updated", found)


@command(series_app, "list")
def series_list(common: Common, format_: AnyFormat = Format.table) -> Result:
    """List the series."""
    from kagsync.output import series_table
    from kagsync.queries import series as query
    from kagsync.queries import series_rows

    try:
        with open_to_read(common.settings_to_read()) as store:
            found = [(each, len(query.people(store, each))) for each in store.series.all()]
    except errors.NoDatabase:
        found = []
    data = [series_rows.definition_as_json(each) | {"people": people} for each, people in found]
    if format_ is Format.csv:
        data = [
            row | {"points": series_table.places(each), "competitions": series_table.competitions(each)}
            for row, (each, _) in zip(data, found, strict=True)
        ]
    return Result(series_table.definitions(found), data)


@command(series_app, "update")
def series_update(
    common: Common,
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its new name.")] = None,
    rule: Rule = None,
    best: Best = None,
    group: SeriesGroup = None,
    ties: Ties = None,
    board: SeriesBoard = None,
    points: Points = None,
    absent: Absent = None,
    teams: Teams = None,
    scores: Scores = None,
) -> None:
    """Change a series.

    Options that are left out stay as they are.
    """
    from kagsync.tracking import series

    wanted = series.Wanted(new_name, rule, best, group, ties, board, points, absent, teams, scores or ())
    with open_store(common.settings()) as store:
        with store.writing():
            found = series.update(store, store.series.get(name), wanted)
        _say(common, "Updated", found)


def _say(common: Common, verb: str, series: Series) -> None:
    from kagsync.output.series_table import competitions
    from kagsync.scoring import words

    facts = "; ".join([*words.definition(series), competitions(series) or "no competition"])
    common.say(f"{verb} {series.name}: {facts}. Show it: kagsync standings {shlex.quote(series.name)}")


@command(series_app, "delete")
def series_delete(common: Common, name: Name, yes: Yes = False) -> None:
    """Delete a series.

    Its competitions and their history stay.
    """
    with open_store(common.settings()) as store:
        series = store.series.get(name)
        confirm(f"Delete the series {series.name}? Its competitions and their history stay.", yes=yes)
        store.series.delete(series)
        common.say(f"Deleted {series.name}")
