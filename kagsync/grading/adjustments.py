"""Reads a list of points to add or to take, such as late days, with people's keys."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from kagsync.errors import UsageError
from kagsync.files.sheet import read_rows
from kagsync.grading.export import key_positions, position
from kagsync.inputs import short
from kagsync.scoring.parts import Adjustment

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.grading.keys import Key

_MOST = Decimal(10) ** 12  # of a number
_MOST_DECIMALS = 12


def read(path: Path, column: str, key: Key) -> dict[str, list[Adjustment]]:
    """The lines of a list that give or take points, by key as keys are compared. An empty cell gives none.

    Args:
        column: the title of the column with the points.

    Raises:
        UsageError: the list cannot be read, a column is missing, or a line is wrong.
    """
    rows = read_rows(path)
    header = next(rows, None)
    titles = [] if header is None else header.cells
    try:
        key_at, points_at = key_positions(titles, key), position(titles, column, "column")
    except UsageError as error:
        remedy = error.remedy.replace("--key", "key =")  # as the scheme has it
        raise UsageError(f"{path}: {error.message}", remedy) from error
    given: dict[str, list[Adjustment]] = {}
    for number, cells in rows:
        text, *names = (cells[at] if at < len(cells) else "" for at in (points_at, *key_at))
        if not text:
            continue
        name = " ".join(filter(None, names))
        who = key.fold(name)
        if not who:
            raise UsageError(
                f"{path}, line {number} has points but no {key.words}", f"Fill in the {key.words}"
            )
        try:
            points = _points(text)
        except ValueError as error:
            raise UsageError(
                f"{path}, line {number}: {short(text)} {error}",
                f"Write it as -2, 1.5 or 1000, with at most {_MOST_DECIMALS} decimals",
            ) from error
        given.setdefault(who, []).append(Adjustment(points, number, name))
    return given


def _points(text: str) -> Decimal:
    """The number in a cell, with a point or a comma.

    Raises:
        ValueError: as `checked`; or there is none, or it may be either a thousand or one, as in `1,000`.
    """
    what = "is not a number of points"
    if "_" in text or re.search(r",\d{3}(?!\d)", text):
        raise ValueError(what)
    try:
        number = Decimal(text.replace("−", "-").replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(what) from error
    return checked(number)


def checked(number: Decimal) -> Decimal:
    """A number that is not too large or too long to calculate with.

    Raises:
        ValueError: it is. The message says what is wrong, as in `is too large`.
    """
    if number.is_nan():
        raise ValueError("is not a number")
    if not -_MOST <= number <= _MOST:  # abs() would fail for some numbers
        raise ValueError("is too large")
    if number != round(number, _MOST_DECIMALS):
        raise ValueError(f"has more than {_MOST_DECIMALS} decimals")
    return number
