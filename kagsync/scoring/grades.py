"""Grades: parts that add up, between a floor and a cap. Pure functions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from kagsync.scoring.cohort import CannotGradeError
from kagsync.scoring.decimals import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from kagsync.scoring.cohort import Cohort
    from kagsync.scoring.parts import Award, Part


class Grade(NamedTuple):
    """A person's grade.

    Attributes:
        points: between the floor and the cap.
        total: what the parts add up to.
        awards: for each part.
        limited: what the floor or the cap did, in words; empty: nothing.
    """

    points: Fraction
    total: Fraction
    awards: list[Award]
    limited: str


def grades(
    parts: Sequence[Part], cohort: Cohort, floor: Decimal | None = None, cap: Decimal | None = None
) -> dict[int, Grade]:
    """The grade of each person.

    Args:
        floor: the lowest grade; None: there is none.
        cap: the highest grade; None: there is none.

    Raises:
        CannotGradeError: a part cannot be worked out. The message begins with its name.
    """
    columns = []
    for part in parts:
        try:
            columns.append(part.awards(cohort))
        except CannotGradeError as error:
            raise CannotGradeError(f"{part.name}: {error}", error.remedy) from error
    return {person: _grade([column[person] for column in columns], floor, cap) for person in cohort.people}


def _grade(awards: list[Award], floor: Decimal | None, cap: Decimal | None) -> Grade:
    total = sum((award.points for award in awards), Fraction(0))
    if cap is not None and total > cap:
        return Grade(Fraction(cap), total, awards, f"at most {plain(cap)}")
    if floor is not None and total < floor:
        return Grade(Fraction(floor), total, awards, f"at least {plain(floor)}")
    return Grade(total, total, awards, "")
