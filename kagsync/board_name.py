"""The file name of a leaderboard: the snapshot time in it, and a form that every system can store."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# Kaggle writes 2025-10-31T16:26:26 (UTC, when the board was made); browsers, Windows and archives write the
# same as _T_16_26_26, T16_26_26, T16-26-26 or T162626Z.
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})_?T_?(\d{2})([:_-]?)(\d{2})\3(\d{2})(?!\d)")
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_MAX_BYTES = 200  # file systems stop at 255
_FIRST_YEAR = 2010  # Kaggle's; an earlier time is something else


def snapshot_time(name: str) -> datetime | None:
    """The time (UTC) in a leaderboard's file name, or None when there is none that makes sense."""
    for match in reversed(list(_TIME.finditer(name))):
        day, hour, _, minute, second = match.groups()
        try:
            moment = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second}").replace(tzinfo=UTC)
        except ValueError:
            continue
        if moment.year >= _FIRST_YEAR:
            return moment
    return None


def safe(name: str) -> str:
    """The name as it is stored: `…-2025-10-31T16:26:26.csv` becomes `…-2025-10-31_T_16_26_26.csv`.

    The result is one path component that ends in `.csv` and is valid on Windows, whatever comes in.
    """
    name = _TIME.sub(r"\1_T_\2_\4_\5", name) if ":" in name else name
    stem = _UNSAFE.sub("_", name.encode("utf-8", "replace").decode("utf-8"))
    stem = stem[:-4] if stem.lower().endswith(".csv") else stem
    stem = stem.encode("utf-8")[:_MAX_BYTES].decode("utf-8", "ignore").strip(" .")
    if not stem or _RESERVED.match(stem):
        stem = f"board_{stem}".rstrip("_")
    return f"{stem}.csv"
