"""The people who are graded, and the boards that their grades are worked out from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kagsync.scoring.rules import tell_direction
from kagsync.standings.which import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from kagsync.standings.marks import Benchmark
    from kagsync.standings.standing import PastStanding


class CannotGradeError(ValueError):
    """A grade cannot be worked out.

    Args:
        message: why.
        remedy: what to do.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def key_words(kind: str) -> str:
    """A kind of key for people: `student id`."""
    return kind.replace("_", " ")


class Board(NamedTuple):
    """A board as a class sees it.

    Attributes:
        name: public or private.
        results: of everybody in the class who is on it. Some may have a key that is not among the people of
            the cohort: they only count in the places of others.
        baselines: the host's benchmarks; None: not known.
    """

    name: str
    results: Mapping[int, PastStanding]
    baselines: Sequence[Benchmark] | None = None


class Cohort(NamedTuple):
    """The people who are graded, and what their grades are worked out from.

    Attributes:
        slug: the competition's.
        people: what each person is called in other lists: the kind of key (such as `student_id`) → the key.
        boards: `public`, `private` and `final`; one that does not exist is left out.
        higher_is_better: None: not known.
    """

    slug: str
    people: Mapping[int, Mapping[str, str]]
    boards: Mapping[str, Board]
    higher_is_better: bool | None

    def board(self, name: str) -> Board:
        """One of the boards.

        Raises:
            CannotGradeError: it does not exist.
        """
        if name not in self.boards:
            remedy = 'Use board = "private"' if name == PUBLIC else 'Use board = "final" until it is out'
            raise CannotGradeError(f"there is no {name} board", remedy)
        return self.boards[name]

    def quality(self, score: Fraction) -> Fraction:
        """A number that is higher for a better score.

        Raises:
            CannotGradeError: it is not known which scores are better.
        """
        if self.higher_is_better is None:
            raise CannotGradeError(
                "it is not known whether higher or lower scores are better",
                tell_direction(self.slug),
            )
        return score if self.higher_is_better else -score
