"""What is stored as pandas DataFrames, for notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import names, settings, times
from kagsync import timeline as verb
from kagsync.store import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    import pandas as pd


def history(
    db: str | os.PathLike[str] | None,
    slug: str,
    usernames: Iterable[str] | None,
    *,
    since: str | datetime | None,
) -> pd.DataFrame:
    """See `kagsync.history`."""
    import pandas as pd

    loaded = settings.load(db=Path(db) if db is not None else None)
    start = names.since(since, times.utc_now()) if isinstance(since, str) else since
    with Store.open(loaded.db, loaded.locks) as store:
        users = store.users() if usernames is None else [store.user(name) for name in usernames]
        found = verb.timeline(store, names.competition_slug(slug), users, start)
    columns = list(verb.as_json(found, verb.Row(None, 0, None, None)))  # type: ignore[arg-type]
    frame = pd.DataFrame([verb.as_json(found, row) for row in found.rows], columns=columns)
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    whole = ("rank", "team_id", "submission_count", "places")
    return frame.astype({"score": "float64", "on_board": "bool", **dict.fromkeys(whole, "Int64")})
