"""The file name of a leaderboard: the board's time and competition, public or private; and a safe form of it.

`sync/fetch.py` refuses files that are named as a board of another competition.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

# Kaggle writes 2025-10-31T16:26:26 (UTC, when the board was made); browsers, Windows and archives write the
# same as _T_16_26_26, T16_26_26, T16-26-26 or T162626Z, and scripts also without the T.
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:_?T_?|[ _-])(\d{2})([:._-]?)(\d{2})\3(\d{2})(?!\d)")
NAME_WITH_TIME = "board-2026-01-31T16-30-00.csv"  # an example for remedies; every system can store it
_DAY = re.compile(r"(?<!\d)(\d{4})([-_.])(\d{2})\2(\d{2})(?!\d)")
# Kaggle writes SLUG-publicleaderboard-TIME.csv, until 2013 SLUG_public_leaderboard.csv; for hosts the same
# with "private".
_KIND = re.compile(r"(public|private)[-_ ]?leaderboard", re.IGNORECASE)
_COMPETITION = re.compile(
    r"(.+)(?:-(?:public|private)leaderboard|_(?:public|private)_leaderboard)", re.IGNORECASE
)
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_MAX_BYTES = 200  # file systems stop at 255
FIRST_YEAR = 2010  # when Kaggle began; an earlier time is not a board's


def snapshot_time(name: str) -> datetime | None:
    """The time (UTC) in a leaderboard's file name, or None when there is none that makes sense."""
    for match in reversed(list(_TIME.finditer(name))):
        day, hour, _, minute, second = match.groups()
        try:
            moment = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second}").replace(tzinfo=UTC)
        except ValueError:
            continue
        if moment.year >= FIRST_YEAR:
            return moment
    return None


def day(name: str) -> str | None:
    """The day in a file name, as `2025-10-31`, or None when there is none that makes sense."""
    for match in reversed(list(_DAY.finditer(name))):
        year, _, month, of_month = match.groups()
        try:
            found = date(int(year), int(month), int(of_month))
        except ValueError:
            continue
        if found.year >= FIRST_YEAR:
            return found.isoformat()
    return None


def competition(name: str) -> str | None:
    """The competition in a file name of Kaggle's form; None if the name has another form."""
    match = _COMPETITION.match(name)
    return match[1] if match else None


def board(name: str) -> str | None:
    """Which board a file name of Kaggle's form names: `public` or `private`; None: another form."""
    kinds: list[str] = _KIND.findall(name)
    return kinds[-1].lower() if kinds else None


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
