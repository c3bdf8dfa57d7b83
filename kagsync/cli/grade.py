"""`kagsync grade`: a competition's boards as grades."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kagsync import clock, inputs
from kagsync.cli.command import Common, app, command, confirm, open_store, open_to_read
from kagsync.cli.options import AnyFormat, At, OneUser, Slug, Yes
from kagsync.errors import UsageError
from kagsync.output.listing import Format, Result

if TYPE_CHECKING:
    from kagsync.output.listing import Shown
    from kagsync.settings import Settings

Scheme = Annotated[
    Path | None,
    typer.Option(
        "--scheme", metavar="FILE", help="A TOML file: what a grade is made of (see the README, Grades)."
    ),
]
Class = Annotated[
    str | None,
    typer.Option(
        "--group", metavar="GROUP", help="The class: the people in this group. Default: the scheme's group."
    ),
]
Into = Annotated[
    Path | None,
    typer.Option("--into", metavar="EXPORT", help="Fill one column of a school system's own CSV export."),
]
IntoColumn = Annotated[str | None, typer.Option("--column", metavar="NAME", help="The column to fill.")]
IntoKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="What identifies people in the export: student_id, username, handle, name, or KEY=COLUMN. "
        "Default: student_id.",
    ),
]
Freeze = Annotated[
    bool, typer.Option("--freeze", help="Keep these boards, for all later grades of the competition.")
]
Unfreeze = Annotated[
    bool, typer.Option("--unfreeze", help="Let later grades follow the competition's boards again.")
]


@command(app)
def grade(
    common: Common,
    slug: Slug,
    scheme: Scheme = None,
    at: At = None,
    user: OneUser = None,
    group: Class = None,
    into: Into = None,
    column: IntoColumn = None,
    key: IntoKey = None,
    freeze: Freeze = False,
    unfreeze: Unfreeze = False,
    yes: Yes = False,
    format_: AnyFormat = Format.table,
) -> Result:
    """Turn a competition's boards into grades."""
    from kagsync.grading import boards, export, grades, keys
    from kagsync.grading import scheme as schemes
    from kagsync.output import grade_table

    wanted = inputs.competition_slug(slug)
    inputs.at_most_one({"--scheme": scheme is not None, "--unfreeze": unfreeze})
    inputs.at_most_one({"--freeze": freeze, "--unfreeze": unfreeze, "--user": user is not None})
    inputs.at_most_one({"--into": into is not None, "--user": user is not None})
    example = f"kagsync grade {wanted} --scheme FILE.toml --into EXPORT.csv --column NAME"
    inputs.needs("--into", into is not None, "--column", column is not None, example)
    inputs.needs("--column", column is not None, "--into", into is not None, example)
    if unfreeze:
        ignored = {"--at": at, "--group": group, "--into": into, "--key": key}
        given = {option: value is not None for option, value in ignored.items()}
        inputs.at_most_one({"--unfreeze": True, **given, "--format csv": format_ is Format.csv})
        return _unfreeze(common.settings(), wanted, yes=yes)
    inputs.needs("--key", key is not None, "--into", into is not None, example)
    now = clock.utc_now()
    as_of = None if at is None else min(inputs.at(at, now), now)
    if scheme is None:
        if not freeze or into is not None or group is not None or format_ is Format.csv:
            raise UsageError("grade needs a scheme", f"Use: kagsync grade {wanted} --scheme FILE.toml")
        with open_store(common.settings()) as store:
            competition = store.competitions.get(wanted)
            kept = boards.freeze(store, competition, as_of)
        as_json = boards.as_json(competition, kept.as_of, kept, kept.boards)
        return Result(grade_table.frozen(competition, kept), as_json)
    named_by = keys.parse(key or "student_id")
    made_of = schemes.read(scheme)
    class_ = group or made_of.group
    filled = None
    loaded = common.settings() if freeze else common.settings_to_read()
    with open_store(loaded) if freeze else open_to_read(loaded) as store:
        competition = store.competitions.get(wanted)
        found = grades.grade(store, competition, made_of, class_, as_of)
        one = None if user is None else store.users.get_any(inputs.person(user))
        # One transaction, so that nothing is frozen if the export cannot be filled.
        with store.writing() if freeze else nullcontext():
            if freeze:
                boards.freeze(store, competition, as_of)
                found = grades.grade(store, competition, made_of, class_, None)
            if into is not None and column is not None:
                keys_and_grades = found.by_key(named_by.field)
                filled = export.fill_file(into, column, named_by, keys_and_grades, loaded.db)
    if filled is not None and into is not None:
        data: Any
        shown: Shown = grade_table.filled(found, filled, into)
        data = grades.filled_as_csv(found, filled) if format_ is Format.csv else grades.as_json(found, filled)
    else:
        if one is not None:
            found = found.only([one])
            if not found.rows:
                raise UsageError(
                    f"{one.handle} is not in the class",
                    "Pass the person's --group, or see: kagsync users list",
                )
        shown = grade_table.grades(found) if one is None else grade_table.explained(found)
        data = grades.as_csv(found) if format_ is Format.csv else grades.as_json(found)
    return Result(shown, data)


def _unfreeze(loaded: Settings, slug: str, *, yes: bool) -> Result:
    from kagsync.output.terminal import moment

    with open_store(loaded) as store:
        competition = store.competitions.get(slug)
        frozen = store.frozen.of(competition.id)
        data = {"competition": competition.slug, "frozen_at": None}
        if frozen is None:
            return Result(f"The boards of {competition.slug} are not frozen", data)
        since = moment(frozen.frozen_at)
        confirm(
            f"Delete the boards of {competition.slug} that were frozen on {since}? Grades may change",
            yes=yes,
        )
        store.frozen.remove(competition.id)
    return Result(f"Grades of {competition.slug} follow its boards again", data)
