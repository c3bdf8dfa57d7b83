"""The options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kagsync import inputs
from kagsync.errors import UsageError
from kagsync.output.listing import Format, TextOrJson

Db = Annotated[Path | None, typer.Option("--db", metavar="PATH", help="The database file [KAGSYNC_DB].")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more; show tracebacks of errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and errors.")]
LogFile = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="PATH", help="Also log to a rotating file [KAGSYNC_LOG_FILE]."),
]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="A tracked competition.")]
TeamName = Annotated[
    bool | None,
    typer.Option(
        "--team-name/--no-team-name",
        help="Whether a team named exactly like a tracked user counts as that user [KAGSYNC_TEAM_NAME].",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Process also an unchanged board; drop boards dated in the future."),
]
AcceptShrink = Annotated[
    bool, typer.Option("--accept-shrink", help="Take a board also when it has lost most of its rows.")
]
AcceptName = Annotated[
    bool, typer.Option("--accept-name", help="Take a file also when it is named for another competition.")
]
Direction = Annotated[
    bool | None,
    typer.Option(
        "--higher-is-better/--lower-is-better",
        help="The score's direction, remembered; boards with ranks tell it, old ones need it.",
        show_default=False,
    ),
]
AnySlug = Annotated[
    str | None, typer.Argument(metavar="SLUG", help="A tracked competition; all, if left out.")
]
OneUser = Annotated[str | None, typer.Option("--user", metavar="U", help="Only this person.")]
Group = Annotated[str | None, typer.Option("--group", metavar="G", help="Only the people of this group.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Slugs = Annotated[list[str], typer.Argument(metavar="SLUG", help="Tracked competitions.")]


def storable(text: str | None) -> str | None:
    """Refuses a name or title that is too long, or that UTF-8 cannot carry.

    A terminal in another encoding gives lone surrogates.

    Raises:
        UsageError: it is one of these.
    """
    if len(text or "") > inputs.LONGEST_TEXT:
        raise UsageError(
            f"{inputs.short(text or '')} has {len(text or ''):,} characters",
            f"Use {inputs.LONGEST_TEXT:,} at most",
        )
    try:
        (text or "").encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{text!r} is not UTF-8 text", "Check the terminal's encoding") from error
    return text


JsonOrText = Annotated[TextOrJson, typer.Option("--format", help="The output format.")]
AnyFormat = Annotated[Format, typer.Option("--format", help="The output format.")]
