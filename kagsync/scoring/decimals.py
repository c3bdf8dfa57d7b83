"""Exact numbers: scores and points as decimals and fractions, rounded as by hand."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction


def rounded(points: Fraction, decimals: int) -> Decimal:
    """Points with so many decimals; halves are rounded away from zero, as a spreadsheet's ROUND does."""
    scaled = math.floor(abs(points) * 10**decimals + Fraction(1, 2))
    return Decimal(scaled if points >= 0 else -scaled).scaleb(-decimals)


def short(points: Fraction, decimals: int = 2) -> str:
    """Points for people: at most so many decimals, and no zeros at the end."""
    return plain(rounded(points, decimals))


def plain(number: Decimal) -> str:
    """A decimal in full, without an exponent and without zeros at the end."""
    return format(number.normalize() + 0, "f")


def exact(score: float) -> Fraction:
    """The decimal that a score was written as, such as 7/10 for 0.7."""
    return Fraction(repr(score))
