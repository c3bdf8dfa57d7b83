"""`kagsync standings`: who is where in a series of competitions."""

from __future__ import annotations

import re
import shlex
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import typer

from kagsync import clock, errors, inputs
from kagsync.cli.command import Common, app, command, open_to_read
from kagsync.cli.options import AnyFormat, At, Group, LocalTime
from kagsync.errors import UsageError
from kagsync.output.listing import Format, Result

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.queries.series import SeriesView
    from kagsync.settings import Settings
    from kagsync.store import Store

_NO_ONE = "nobody is tracked yet"


@command(app)
def standings(
    common: Common,
    name: Annotated[
        str | None, typer.Argument(metavar="SERIES", help="A series. Default: who leads each of them.")
    ] = None,
    person: Annotated[
        str | None,
        typer.Argument(metavar="PERSON", help="Explain this person's total, step by step."),
    ] = None,
    at: At = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", help="Compare with: a TIME before --at, or a date [default: 24h]."
        ),
    ] = None,
    group: Group = None,
    by_group: Annotated[bool, typer.Option("--by-group", help="Groups as teams.")] = False,
    total: Annotated[
        str | None,
        typer.Option(
            "--total",
            metavar="HOW",
            help="The total of a group: the sum of its people's (default), their mean, or best:K of them.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Only the first N people, or groups."),
    ] = None,
    local_time: LocalTime = False,
    format_: AnyFormat = Format.table,
) -> Result:
    """Show the standings of a series, what changed, and why."""
    given = {"PERSON": person is not None, "--group": group is not None, "--by-group": by_group}
    inputs.at_most_one(given)
    inputs.at_most_one({"PERSON": person is not None, "--limit": limit is not None})
    inputs.needs("--total", total is not None, "--by-group", by_group, "--by-group --total best:3")
    how = _how(total)
    now = clock.utc_now()
    moment = now if at is None else min(inputs.at(at, now), now)
    until = clock.horizon(now) if at is None else moment  # Kaggle's clock may be a little ahead of ours
    compared = inputs.since(since or "24h", now, moment)
    if compared > moment:
        raise UsageError(f"--since {inputs.short(since or '')} is after --at", "Give an earlier time")
    loaded = common.settings_to_read()
    if name is None:
        given |= {"--limit": limit is not None, "--since": since is not None, "--local-time": local_time}
        if any(given.values()):
            raise UsageError(
                f"{next(key for key in given if given[key])} needs a series",
                "Name it: kagsync standings SERIES",
            )
        return _leaders(loaded, moment, compared, until, format_)
    zone = None if local_time else UTC
    from kagsync.output import series_table as table
    from kagsync.queries import series as query
    from kagsync.queries import series_rows

    with open_to_read(loaded) as store:
        view = _view(store, name, moment, compared, until)
        if by_group:
            from kagsync.queries import series_groups

            found = series_groups.by_group(view, *how)
            shown = found[:limit]
            words = table.how(*how)
            text = table.groups(view, shown, words, hidden=len(found) - len(shown), zone=zone)
            data = (
                series_rows.groups(shown)
                if format_ is Format.csv
                else series_rows.groups_as_json(view, shown)
            )
            return Result(text, data)
        part = view
        if group is not None:
            users = [row.user for row in view.rows if row.user.group == group]
            part = view.only(users)
            if not part.rows:
                store.users.in_group(group)  # says if there is no such group
                raise UsageError(
                    f"nobody in the group {group} is in the series, which is for the group "
                    f"{view.series.group}",
                    f"To see who is: kagsync standings {shlex.quote(view.series.name)}",
                )
        if person is not None:
            user = store.users.get_any(inputs.person(person))
            part = view.only([user])
            if not part.rows:
                store.users.get(user.handle)  # says if the person is archived
                raise UsageError(
                    f"{user.handle} is not in the group of the series, {view.series.group}",
                    f"To see who is: kagsync standings {shlex.quote(view.series.name)}",
                )
            from kagsync.output import series_explained

            text = series_explained.explanation(view, part.rows[0], zone=zone)
        else:
            part = part if limit is None else part.first(limit)
            readable = format_ in (Format.table, Format.markdown)
            text = table.standings(
                view, part, query.lead(store, view) if readable else None, group=group, zone=zone
            )
    return Result(text, series_rows.flat(part) if format_ is Format.csv else series_rows.as_json(part))


def _view(store: Store, name: str, at: datetime, since: datetime, until: datetime) -> SeriesView:
    """The standings of the series with this name, see `queries.series.standings`.

    Raises:
        UsageError: there is none, or nothing is in it, or its rule lacks something.
    """
    from kagsync.queries import series as query

    series = store.series.get(name)
    if not series.parts:
        raise UsageError(
            f"no competition is in the series {series.name}",
            f"Add one: kagsync series add {shlex.quote(series.name)} SLUG",
        )
    if not query.people(store, series, at):
        if series.group is None:
            raise UsageError(_NO_ONE, "Add people: kagsync users add USERNAME")
        store.users.in_group(series.group)
    return query.standings(store, series, at, since, until=until)


def _leaders(loaded: Settings, at: datetime, since: datetime, until: datetime, format_: Format) -> Result:
    """Who leads each series."""
    from kagsync.output import series_table
    from kagsync.queries import series_rows
    from kagsync.queries.series import SeriesView

    found: list[tuple[SeriesView, UsageError | None]] = []
    try:
        with open_to_read(loaded) as store:
            for series in store.series.all():
                try:
                    found.append((_view(store, series.name, at, since, until), None))
                except UsageError as error:
                    found.append((SeriesView(series, at, since, [], {}), error))
    except errors.NoDatabase:
        pass
    data = [series_rows.leaders(view, None if error is None else error.message) for view, error in found]
    if format_ is Format.csv:
        data = [row | {"leaders": ", ".join(row["leaders"])} for row in data]
    text = series_table.overview([(view, str(error or "")) for view, error in found])
    return Result(text, data)


def _how(text: str | None) -> tuple[str, int | None]:
    """How the totals of people become their group's: `sum` or `mean`, and how many count (None: all)."""
    from kagsync.scoring.totals import MEAN, SUM

    word = (text or SUM).strip().lower()
    if word in (SUM, MEAN):
        return word, None
    if best := re.fullmatch(r"best:([1-9][0-9]{0,4})", word):
        return SUM, int(best[1])
    raise UsageError(
        f"--total cannot be {inputs.short(text or '')}", "Pass sum, mean, or best:K, with K from 1 to 99999"
    )
