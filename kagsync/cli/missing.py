"""`kagsync missing`: who is not on the board."""

from __future__ import annotations

from kagsync import inputs
from kagsync.cli import scope
from kagsync.cli.command import Common, app, command, open_to_read
from kagsync.cli.options import AnyFormat, AnySlug, Group
from kagsync.output.listing import Format, Result


@command(app)
def missing(
    common: Common,
    slug: AnySlug = None,
    group: Group = None,
    format_: AnyFormat = Format.table,
) -> Result:
    """List who has no entry in a competition, and likely typos.

    Without SLUG: in all active competitions.
    """
    from kagsync.output import missing_table
    from kagsync.queries import missing as query

    loaded = common.settings_to_read()
    wanted = None if slug is None else inputs.competition_slug(slug)
    with open_to_read(loaded) as store:
        found = query.missing(store, wanted, scope.people(store, None, group))
    return Result(missing_table.missing(found), query.as_json(found))
