"""The stored history as a pandas DataFrame, for notebooks."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import clock, inputs, settings
from kagsync.queries.history import Row, as_json, timeline
from kagsync.store import Store
from kagsync.store.records import User

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    import pandas as pd


def history(
    db: str | os.PathLike[str] | None,
    slug: str,
    usernames: str | Iterable[str] | None,
    *,
    since: str | datetime | None,
) -> pd.DataFrame:
    """See `kagsync.history`."""
    import pandas as pd

    if isinstance(usernames, str):
        usernames = [usernames]
    loaded = settings.load(db=Path(db) if db is not None else None)
    start = inputs.since(since, clock.utc_now()) if isinstance(since, str) else since
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=UTC)  # UTC as everywhere else, not the machine's time zone
    with Store.open_to_read(loaded.db, loaded.locks) as store:
        users = (
            store.users.all()
            if usernames is None
            else [store.users.get(inputs.username(u)) for u in usernames]
        )
        found = timeline(store, inputs.competition_slug(slug), users, start)
        rows = [as_json(found, row) for row in found.rows]
    columns = list(as_json(found, Row(User(0, "", None, None), 0, None, None)))
    frame = pd.DataFrame(rows, columns=columns)
    frame["at"] = pd.to_datetime(frame["at"], utc=True).dt.as_unit("us")
    whole = ("rank", "team_id", "submission_count", "places")
    others = {"score": "float64", "on_board": "bool", "members": "object", "at": frame["at"].dtype}
    return frame.astype({**dict.fromkeys(columns, "str"), **dict.fromkeys(whole, "Int64"), **others})
