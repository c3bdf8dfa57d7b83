"""The stored history, and boards from disk, as pandas DataFrames for notebooks.

The only module that uses pandas. Its functions import it, which takes as long as a whole run.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import clock, inputs, settings
from kagsync.board import archive, file_name, reader
from kagsync.errors import UsageError, from_os_error
from kagsync.files import scratch
from kagsync.queries.history import Row, as_json, timeline
from kagsync.standings import which
from kagsync.standings.standing import Standing
from kagsync.store import Store
from kagsync.store.records import User

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    import pandas as pd

_WHOLE_NUMBERS = ("rank", "team_id", "submission_count", "places", "lead_places")


def history(
    db: str | os.PathLike[str] | None,
    slug: str,
    usernames: str | Iterable[str] | None,
    *,
    since: str | datetime | None,
    board: str,
) -> pd.DataFrame:
    """See `kagsync.history`."""
    import pandas as pd

    if board not in (which.FINAL, which.PUBLIC, which.PRIVATE):
        raise UsageError(f"there is no board {board!r}", "Choose public, private or final")
    if isinstance(usernames, str):
        usernames = [usernames]
    loaded = settings.load(db=Path(db) if db is not None else None)
    start = inputs.since(since, clock.utc_now()) if isinstance(since, str) else since
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=UTC)  # UTC as everywhere else, not the machine's time zone
    with Store.open_to_read(loaded.db, loaded.locks) as store:
        users = (
            store.users.all() if usernames is None else [store.users.get(inputs.person(u)) for u in usernames]
        )
        found = timeline(store, inputs.competition_slug(slug), users, start, board=board)
        rows = [as_json(found, row) for row in found.rows]
    columns = list(as_json(found, Row(User(0, None, None, None, ""), 0, None, None)))
    frame = pd.DataFrame(rows, columns=columns)
    frame["at"] = pd.to_datetime(frame["at"], utc=True).dt.as_unit("us")
    return _typed(frame)


def read_board(file: str | os.PathLike[str], *, higher_is_better: bool | None) -> pd.DataFrame:
    """See `kagsync.read_board`."""
    import csv

    import pandas as pd

    path = Path(file)
    archive.modified(path)
    names = [path.name]
    try:
        with ExitStack() as stack:
            stack.callback(csv.field_size_limit, csv.field_size_limit())  # the reader sets it for the process
            if archive.is_zip(path):
                extracted = archive.extract_from_disk(path, stack.enter_context(scratch.folder()))
                path, names = extracted.path, [extracted.original_name, *names]
            archive.refuse_large(path.stat().st_size)
            board = reader.open_board(path, higher_is_better=higher_is_better)
            standings = [rows.standing(i) for rows in board.pieces for i in range(len(rows.ranks))]
    except OSError as error:
        raise from_os_error(error, f"read {file}") from error
    # As objects first: a float for a number beside a missing one would lose the last digits of an id.
    frame = pd.DataFrame(standings, columns=list(Standing._fields), dtype=object)
    frame = frame.rename(columns={"team_name": "kaggle_team_name"})
    frame["members"] = [cell.split(",") if cell else [] for cell in frame["members"]]
    frame["submission_date"] = pd.to_datetime(frame["submission_date"], utc=True).dt.as_unit("us")
    frame = _typed(frame)
    slug = next(filter(None, map(file_name.competition, names)), None)
    moment = next(filter(None, map(file_name.snapshot_time, names)), None)
    # Plain text, since `to_parquet` accepts nothing else there.
    known = {"competition": slug, "snapshot_at": None if moment is None else clock.iso(moment)}
    frame.attrs.update({key: value for key, value in known.items() if value is not None})
    return frame


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns with the types that notebooks get: text, unless another one is known. Times have theirs."""
    types = dict.fromkeys(frame.select_dtypes(exclude="datetimetz"), "str")
    special = {"score": "float64", "lead_score": "float64", "on_board": "bool", "members": "object"}
    special |= dict.fromkeys(_WHOLE_NUMBERS, "Int64")
    return frame.astype(types | {name: kind for name, kind in special.items() if name in types})
