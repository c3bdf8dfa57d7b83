"""kagsync keeps the Kaggle leaderboards of your people on your own machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.version import __version__

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    import pandas as pd

__all__ = ["__version__", "history", "read_board"]


def history(
    db: str | os.PathLike[str] | None,
    slug: str,
    usernames: str | Iterable[str] | None = None,
    *,
    since: str | datetime | None = None,
    board: str = "public",
) -> pd.DataFrame:
    """The history of your people in one competition, for notebooks.

    Args:
        db: the database file; None: the one that the `kagsync` command uses.
        slug: the competition.
        usernames: one person, or several, by username, handle, student id or name; None: everybody.
        since: a time, or how long ago, such as `"7d"`; None: everything.
        board: `"public"`, `"private"`, or `"final"`: the private one if there is one, otherwise public.

    Returns:
        a row for each change of a standing, by time and rank. Columns: competition, username, name, group; at
        (datetime64, UTC); on_board (bool); rank, team_id, submission_count (Int64); score (float64) and
        score_text as Kaggle prints it; kaggle_team_name; members (list); places won or lost (Int64), reason
        and words of the change; board. Between two rows of a person nothing changed, except on days that were
        thinned (README, "What is kept").

    Raises:
        kagsync.errors.KagsyncError: the database, the competition or a user does not exist, or there is no
            such board.
    """
    from kagsync import notebook  # what it imports is only for those who call this

    return notebook.history(db, slug, usernames, since=since, board=board)


def read_board(file: str | os.PathLike[str], *, higher_is_better: bool | None = None) -> pd.DataFrame:
    """A whole leaderboard from disk, for notebooks.

    Args:
        file: a ZIP as Kaggle sends it, or a CSV; modern or old (before 2023).
        higher_is_better: the direction, if it is known. Only old boards, which have no ranks, need it: their
            ranks are computed, and missing if the board does not tell its direction.

    Returns:
        a row for each team, in the order of the file. Columns: rank, team_id, submission_count (Int64);
        score (float64) and score_text as Kaggle prints it; kaggle_team_name; members (list of usernames);
        submission_date of the last submission (datetime64, UTC). What cannot be read, or is not on an old
        board, is missing. The host's benchmarks are rows of rank 0; to drop them:
        `board[board["rank"].ne(0).fillna(True)]`. `attrs` has the `competition` and `snapshot_at` (ISO 8601,
        UTC) as far as the file's name tells them.

    Raises:
        kagsync.errors.KagsyncError: there is no such file, or it is not a leaderboard that can be read.
    """
    from kagsync import notebook

    return notebook.read_board(file, higher_is_better=higher_is_better)
