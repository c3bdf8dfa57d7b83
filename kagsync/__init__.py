"""kagsync keeps the Kaggle leaderboards of your people on your own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.version import __version__

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    import pandas as pd

__all__ = ["__version__", "history"]


def history(
    db: str | os.PathLike[str] | None,
    slug: str,
    usernames: str | Iterable[str] | None = None,
    *,
    since: str | datetime | None = None,
) -> pd.DataFrame:
    """The history of your people in one competition, for notebooks.

    Args:
        db: the database file; None: the one that the `kagsync` command uses.
        slug: the competition.
        usernames: one person, or several; None: everybody.
        since: a time, or how long ago, such as `"7d"`; None: everything.

    Returns:
        a row for each change of a standing, by time and rank. Columns: competition, username, name, group;
        at (datetime64, UTC); on_board (bool); rank, team_id, submission_count (Int64); score (float64) and
        score_text as Kaggle prints it; kaggle_team_name; members (list); places won or lost (Int64),
        reason and words of the change. Between two rows of a person nothing changed.

    Raises:
        kagsync.errors.KagsyncError: the database, the competition or a user does not exist.
    """
    from kagsync import notebook  # pandas, which the command line needs only for a changed board

    return notebook.history(db, slug, usernames, since=since)
