"""The options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kagsync import inputs
from kagsync.errors import UsageError
from kagsync.output.listing import Format, FormatOfMany, TextOrJson
from kagsync.report import PSEUDONYM, REAL, USERNAME
from kagsync.standings import which

Db = Annotated[Path | None, typer.Option("--db", metavar="PATH", help="The database file [KAGSYNC_DB].")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log more, with the tracebacks of errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and errors.")]
LogFile = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="PATH", help="Also log to this rotating file [KAGSYNC_LOG_FILE]."),
]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="A tracked competition.")]
TeamName = Annotated[
    bool | None,
    typer.Option(
        "--team-name/--no-team-name",
        help="Whether a team whose name is a tracked username counts as that user [KAGSYNC_TEAM_NAME].",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Process an unchanged board too, and drop boards dated in the future."),
]
AcceptShrink = Annotated[
    bool, typer.Option("--accept-shrink", help="Accept a board that has lost most of its rows.")
]
AcceptName = Annotated[
    bool, typer.Option("--accept-name", help="Accept a file that is named after another competition.")
]
Direction = Annotated[
    bool | None,
    typer.Option(
        "--higher-is-better/--lower-is-better",
        help="Which scores are better. It is remembered, and only boards without ranks need it.",
        show_default=False,
    ),
]


class FileBoard(StrEnum):
    """Which board a file is."""

    public = which.PUBLIC
    private = which.PRIVATE


class ShownBoard(StrEnum):
    """Which board to show."""

    final = which.FINAL
    public = which.PUBLIC
    private = which.PRIVATE


class ReportNames(StrEnum):
    """How the report names people."""

    real = REAL
    username = USERNAME
    pseudonym = PSEUDONYM


NamesOfReport = Annotated[
    ReportNames | None,
    typer.Option(
        "--names",
        help="How the report names people. Default: as its folder's pages do, otherwise as set up, "
        "otherwise real.",
        show_default=False,
    ),
]
BoardOfFile = Annotated[
    FileBoard | None,
    typer.Option(
        "--board",
        help="Which board the file is. Default: as its name says, otherwise public.",
        show_default=False,
    ),
]
BoardToShow = Annotated[
    ShownBoard,
    typer.Option("--board", help="Which board to show. final: private if there is one, otherwise public."),
]
AnySlug = Annotated[str | None, typer.Argument(metavar="SLUG", help="A tracked competition. Default: all.")]
OneUser = Annotated[
    str | None,
    typer.Option("--user", metavar="PERSON", help="Only the person with this username, student id or name."),
]
Group = Annotated[str | None, typer.Option("--group", metavar="GROUP", help="Only the people in this group.")]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="GROUP", help="Only who passed whom between --group and this one."),
]
Sort = Annotated[
    str | None,
    typer.Option("--sort", metavar="COLUMN", help="Sort by this column; -COLUMN: descending."),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", metavar="N", min=1, help="Only the first N people; with --by-group, of each group."
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="COLUMNS", help="Only these columns, in this order: rank,person,score."
    ),
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="DATE", help="As of the end of this day, or of this time (UTC)."),
]
LocalTime = Annotated[
    bool, typer.Option("--local-time", help="Times in this machine's time zone instead of UTC.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Slugs = Annotated[list[str], typer.Argument(metavar="SLUG", help="Tracked competitions.")]


def storable(text: str | None) -> str | None:
    """Checks a name or title.

    Raises:
        UsageError: it is too long, or it is not UTF-8 text.
    """
    if len(text or "") > inputs.LONGEST_TEXT:
        raise UsageError(
            f"{inputs.short(text or '')} has {len(text or ''):,} characters",
            f"Use at most {inputs.LONGEST_TEXT:,}",
        )
    return text if text is None else inputs.utf8(text)


JsonOrText = Annotated[TextOrJson, typer.Option("--format", help="The output format.")]
AnyFormat = Annotated[Format, typer.Option("--format", help="The output format.")]
AnyFormatOfMany = Annotated[FormatOfMany, typer.Option("--format", help="The output format.")]
