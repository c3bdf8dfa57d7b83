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
    from collections.abc import Sequence

MAX_INTEGER = 2**63 - 1  # SQLite's
_WHOLE = re.compile(r"(?:\+?0*(\d{1,19})|-0+)(?:\.0+)?", re.ASCII)
# Kaggle's boards from 2010 to 2013 have the month first: 9/5/2012 6:06:10 PM
_MONTH_FIRST = "%m/%d/%Y %I:%M:%S %p"
_LOOKS_MONTH_FIRST = re.compile(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M", re.ASCII)


class Legible(NamedTuple):
    """How many filled cells of a column can be read, how many cannot, and an example of those."""

    good: int
    bad: int
    example: str = ""


def integer(text: str) -> int | None:
    """A whole number from 0 up that SQLite can hold; None for anything else."""
    match = _WHOLE.fullmatch(text.strip())
    if match is None:
        return None
    value = int(match[1] or 0)
    return value if value <= MAX_INTEGER else None


def number(text: str) -> float:
    """A number; NaN for anything else, infinities included.

    Python's float reads it, as everywhere in the program: with two parsers that differ in the last place, an
    unchanged score would look changed.
    """
    if not text.isascii() or "_" in text:  # only Python would take some of these for numbers
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def date(text: str) -> str | None:
    """`2025-10-31 16:26:26` (UTC) as `2025-10-31T16:26:26Z`."""
    try:
        same = len(text) == 19 and str(datetime.fromisoformat(text)) == text  # it reads other forms, too
    except ValueError:
        return None
    return f"{text[:10]}T{text[11:]}Z" if same else None


def old_date(text: str) -> str | None:
    """A date of a board from before 2023 as `date` gives it; the month may come first, as until 2013."""
    return date(_month_later(text))


def _month_later(text: str) -> str:
    """A date with the month first in Kaggle's later form; anything else as it is."""
    if _LOOKS_MONTH_FIRST.fullmatch(text):
        with contextlib.suppress(ValueError):
            return str(datetime.strptime(text, _MONTH_FIRST))  # noqa: DTZ007  (UTC)
    return text


# A whole column at once, each with how legible it is. Reading it in one go takes a third as long as cell by
# cell, which is done only if there is a bad one.


def integers(texts: Sequence[str]) -> tuple[Sequence[int | None], Legible]:
    """The whole numbers of a column, as `integer` reads them."""
    joined = "".join(texts)
    if joined.isascii() and joined.isdecimal() and max(map(len, texts)) < 19:
        with contextlib.suppress(ValueError):  # one is empty
            return list(map(int, texts)), Legible(len(texts), 0)
    values = [integer(text) for text in texts]
    return values, _legible(texts, values)


def numbers(texts: Sequence[str]) -> tuple[Sequence[float], Legible]:
    """The numbers of a column, as `number` reads them."""
    joined = "".join(texts)
    if joined.isascii() and "_" not in joined:
        with contextlib.suppress(ValueError):  # one is not a number
            found = list(map(float, texts))
            if math.isfinite(sum(found)):  # not with a NaN or an infinity among them
                return found, Legible(len(found), 0)
    values = [number(text) for text in texts]
    return values, _legible(texts, values)


def dates(texts: Sequence[str]) -> tuple[Sequence[str], Legible]:
    """The dates of a column, for `date` to read when one of them is needed."""
    filled = [text for text in texts if text]
    with contextlib.suppress(ValueError):  # one is not a date at all
        deque(map(datetime.fromisoformat, filled), maxlen=0)
        text = "".join(filled)
        # fromisoformat reads several forms. Kaggle's has these signs, and no hour 24 (as Python 3.14 allows).
        signs = zip(range(4, 17, 3), "-- ::", strict=True)
        right = set(map(len, filled)) <= {19} and all(set(text[i::19]) <= {sign} for i, sign in signs)
        if right and " 24:" not in text:
            return texts, Legible(len(filled), 0)
    texts = [text.strip() for text in texts]
    return texts, _legible(texts, [date(text) for text in texts])


def old_dates(texts: Sequence[str]) -> tuple[Sequence[str], Legible]:
    """The dates of an old board's column in Kaggle's later form, for `date` to read."""
    return dates([_month_later(text.strip()) for text in texts])


def _legible(texts: Sequence[str], values: Sequence[object]) -> Legible:
    """Counts the legible cells of a column; None or NaN in `values` is a cell that could not be read."""
    good, bad, example = 0, 0, ""
    for cell, value in zip(texts, values, strict=True):
        if value is not None and value == value:  # NaN does not equal itself
            good += 1
        elif text := cell.strip():
            bad += 1
            example = example or text
    return Legible(good, bad, example)
