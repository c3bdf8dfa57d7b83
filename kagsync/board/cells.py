"""Reads the cells of a leaderboard as numbers and dates. A cell that cannot be read becomes None (or NaN).

Another program may have saved the board before, and changed its cells: pandas turns a column of whole numbers
with one empty cell into `1.0`.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]
    IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]

MAX_INTEGER = 2**63 - 1  # SQLite's
_WHOLE = re.compile(r"\+?(\d{1,19})(?:\.0+)?", re.ASCII)  # pandas, too, reads a plus sign
# Kaggle's boards from 2010 to 2013 have the month first: 9/5/2012 6:06:10 PM
_MONTH_FIRST = "%m/%d/%Y %I:%M:%S %p"
_LOOKS_MONTH_FIRST = re.compile(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M", re.ASCII)


class Legible(NamedTuple):
    """How many filled cells of a column can be read, how many cannot, and an example of those."""

    good: int
    bad: int
    example: str = ""


def integer(cell: str | int) -> int | None:
    """A whole number from 0 up, from text or as pandas has read it; None for anything else."""
    if isinstance(cell, int):
        return cell if cell >= 0 else None
    match = _WHOLE.fullmatch(cell.strip())
    if match is None:
        return None
    value = int(match[1])
    return value if value <= MAX_INTEGER else None


def number(text: str) -> float:
    """A number; NaN for anything else, infinities included."""
    if not text.isascii() or "_" in text:  # only Python would take some of these for numbers
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def numbers(texts: np.ndarray[tuple[int], np.dtype[np.object_]]) -> FloatArray:
    """The numbers of a column of text; NaN for anything else.

    Python's float reads them, as everywhere in the program: with two parsers that differ in the last place,
    an unchanged score would look changed.
    """
    import numpy as np

    joined = "".join(texts)
    if joined.isascii() and "_" not in joined:
        with contextlib.suppress(ValueError):  # one is not a number
            found: FloatArray = texts.astype(float)
            if np.isfinite(found).all():
                return found
    return np.array([number(text) for text in texts], dtype=float)


def date(text: str) -> str | None:
    """`2025-10-31 16:26:26` (UTC) as `2025-10-31T16:26:26Z`."""
    try:
        same = len(text) == 19 and str(datetime.fromisoformat(text)) == text  # it reads other forms, too
    except ValueError:
        return None
    return f"{text[:10]}T{text[11:]}Z" if same else None


def old_date(text: str) -> str | None:
    """A date of a board from before 2023 as `date` gives it; the month may come first, as until 2013."""
    if _LOOKS_MONTH_FIRST.fullmatch(text) is None:
        return date(text)
    try:
        return datetime.strptime(text, _MONTH_FIRST).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007  (UTC)
    except ValueError:
        return None


def legible(cells: Sequence[str | int], values: Sequence[object]) -> Legible:
    """Counts the legible cells of a column; None or NaN in `values` is a cell that could not be read."""
    good, bad, example = 0, 0, ""
    for cell, value in zip(cells, values, strict=True):
        if value is not None and value == value:  # NaN does not equal itself
            good += 1
        elif text := str(cell).strip():
            bad += 1
            example = example or text
    return Legible(good, bad, example)


def legible_dates(texts: Sequence[str], read: Callable[[str], str | None] = date) -> Legible:
    """Counts the legible dates of a column; fast where all are in Kaggle's form."""
    filled = [text for text in texts if text]
    with contextlib.suppress(ValueError):  # one is not a date at all
        deque(map(datetime.fromisoformat, filled), maxlen=0)
        text = "".join(filled)
        # fromisoformat reads several forms. Kaggle's has these signs, and no hour 24 (as Python 3.14 allows).
        signs = zip(range(4, 17, 3), "-- ::", strict=True)
        right = set(map(len, filled)) <= {19} and all(set(text[i::19]) <= {sign} for i, sign in signs)
        if right and " 24:" not in text:
            return Legible(len(filled), 0)
    return legible(texts, [read(text.strip()) for text in texts])


def repeated(pieces: Sequence[IntArray]) -> int | None:
    """A number that is in these arrays more than once; None when all are different."""
    import numpy as np

    if not pieces:
        return None
    whole = np.concatenate(pieces)
    if (whole[1:] > whole[:-1]).all():  # the usual case: ranks are in order
        return None
    whole.sort()
    again = whole[1:][whole[1:] == whole[:-1]]
    return int(again[0]) if len(again) else None
