"""`kagsync news`: what people did."""

from __future__ import annotations

from typing import Annotated

import typer

from kagsync import clock, inputs
from kagsync.cli import scope
from kagsync.cli.command import Common, app, command, open_to_read
from kagsync.cli.options import Against, AnyFormatOfMany, AnySlug, Group, OneUser
from kagsync.output.listing import FormatOfMany, Result


@command(app)
def news(
    common: Common,
    slug: AnySlug = None,
    user: OneUser = None,
    group: Group = None,
    against: Against = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help=f"Start at: {scope.WHEN} [default: 24h]."),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            "--after", metavar="ID", help="Start after the movement with this id (see --format json)."
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="REASONS", help="Only these reasons: improved,passed,…")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also what only others did (--format json and csv always have it)."),
    ] = False,
    format_: AnyFormatOfMany = FormatOfMany.table,
) -> Result:
    """Tell what people did, the newest first.

    What only others did to their ranks is one line at the end.
    """
    from kagsync.output import tables
    from kagsync.queries import news as query

    inputs.at_most_one({"--only": only is not None, "--all": everything})
    inputs.at_most_one({"--since": since is not None, "--after": after is not None})
    inputs.at_most_one({"--only": only is not None, "--against": against is not None})
    inputs.needs(
        "--against", against is not None, "--group", group is not None, "--group us --against rivals"
    )
    loaded = common.settings_to_read()
    now = clock.utc_now()
    reasons = None if only is None else query.reasons(only)
    start = None if after is None else clock.utc(query.moment_of(after))
    compared = scope.since(since, loaded, now) if start is None else lambda _: start
    with open_to_read(loaded) as store:
        users = scope.people(store, user, group)
        rivals = None if against is None else store.users.in_group(against)
        competitions = (
            store.competitions.all()
            if slug is None
            else [store.competitions.get(inputs.competition_slug(slug))]
        )
        seen = query.on_both_boards(store, competitions)
        items = query.news(store, seen, users, compared, against=rivals)
        shaken = query.shake_ups(store, items)
        young = query.compared_with_first(store, seen, compared)
    told = query.chosen(items, reasons, drift=everything)
    below = tables.BelowNews(shaken, {} if only or everything else query.only_drifted(items), young)
    data = items if only is None else told
    return Result(tables.news(told, below, several=slug is None), [query.as_json(item) for item in data])
