"""The parts of a grade: each is worked out for a whole class, and explained in a sentence. Pure functions.

Whatever cannot be worked out is a CannotGradeError that says what is missing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from kagsync.scoring import places as placing
from kagsync.scoring.cohort import CannotGradeError, key_words
from kagsync.scoring.decimals import exact, plain, short
from kagsync.standings.sentences import counted

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from kagsync.scoring.cohort import Board, Cohort
    from kagsync.standings.standing import PastStanding

STEP, LINEAR = "step", "linear"
BY_SCORE, BY_RANK = "score", "rank"
OF_PEOPLE, OF_TEAMS = "people", "teams"
_ZERO = Fraction(0)


class Award(NamedTuple):
    """What a person gets for a part, and why."""

    points: Fraction
    words: str


class Part(Protocol):
    """A part of a scheme."""

    kind: ClassVar[str]

    @property
    def name(self) -> str: ...

    def awards(self, cohort: Cohort) -> dict[int, Award]:
        """What each person gets.

        Raises:
            CannotGradeError: it cannot be worked out.
        """


@dataclass(frozen=True)
class BaselinePart:
    """Points for beating a baseline on all of some boards.

    Attributes:
        baseline: the baseline's name on the boards; None: `score` is given.
        at_least: whether an equal score is enough.
    """

    kind: ClassVar[str] = "baseline"
    name: str
    points: Decimal
    boards: tuple[str, ...]
    baseline: str | None = None
    score: Decimal | None = None
    at_least: bool = False

    def awards(self, cohort: Cohort) -> dict[int, Award]:
        lines = [(board := cohort.board(name), *self._line(board)) for name in self.boards]
        found = {}
        for person in cohort.people:
            passed, words = zip(*(self._on(cohort, person, *line) for line in lines), strict=True)
            found[person] = Award(Fraction(self.points) if all(passed) else _ZERO, "; ".join(words))
        return found

    def _line(self, board: Board) -> tuple[Fraction, str]:
        """The score to beat, and what it is called."""
        if self.score is not None:
            return Fraction(self.score), plain(self.score)
        if board.baselines is None:
            raise CannotGradeError(
                f"the baselines on the {board.name} board of that time are not known",
                "Give the score in place of the name: score = 0.75",
            )
        known = sorted({each.name for each in board.baselines})
        same = [each for each in board.baselines if each.name == self.baseline] or [
            each for each in board.baselines if each.name.casefold() == (self.baseline or "").casefold()
        ]
        if not same:
            raise CannotGradeError(
                f"the {board.name} board has no baseline {self.baseline!r}",
                f"It has {', '.join(known)}" if known else "It has none: use score = 0.75",
            )
        scores = {each.score: each.score_text for each in same}
        if len(scores) > 1:
            raise CannotGradeError(
                f"the {board.name} board has {len(scores)} baselines {self.baseline!r}",
                f"Give one of their scores in place of the name: {', '.join(map(str, scores.values()))}",
            )
        ((score, text),) = scores.items()
        if score is None:
            raise CannotGradeError(
                f"the baseline {self.baseline!r} has no score on the {board.name} board",
                "Give a score in place of the name: score = 0.75",
            )
        return exact(score), f"{same[0].name} ({text or score})"

    def _on(self, cohort: Cohort, person: int, board: Board, line: Fraction, called: str) -> tuple[bool, str]:
        """Whether a person beats the baseline on a board, and the sentence about it."""
        where = f" on the {board.name} board"
        result = board.results.get(person)
        if result is None or result.score is None:
            return False, _nothing(board, result)
        mine, other = cohort.quality(exact(result.score)), cohort.quality(line)
        verb = "beats" if mine > other else "equals" if mine == other else "does not beat"
        enough = mine > other or (self.at_least and mine == other)
        not_enough = ", which is not enough" if mine == other and not enough else ""
        return enough, f"{_score(result)} {verb} {called}{where}{not_enough}"


@dataclass(frozen=True)
class TablePart:
    """Points for a score, as a table says.

    Attributes:
        rows: (score, points), in any order.
        between: `step`: a score gets the points of the best row that it reaches, and 0 below the first;
            `linear`: scores between two rows get points between them, and those outside what the nearest row
            says.
    """

    kind: ClassVar[str] = "table"
    name: str
    rows: tuple[tuple[Decimal, Decimal], ...]
    board: str
    between: str = STEP

    def awards(self, cohort: Cohort) -> dict[int, Award]:
        board = cohort.board(self.board)
        rows = sorted(self.rows, key=lambda row: cohort.quality(Fraction(row[0])))
        other = "lower" if cohort.higher_is_better else "higher"
        for (worse, more), (better, fewer) in pairwise(rows):
            if fewer < more:
                raise CannotGradeError(
                    f"{plain(better)} is a better score than {plain(worse)}, but gets fewer points",
                    "Correct the table, or the direction: "
                    f"kagsync competitions add {cohort.slug} --{other}-is-better",
                )
        borders = [cohort.quality(Fraction(score)) for score, _ in rows]
        found = {}
        for person in cohort.people:
            result = board.results.get(person)
            if result is None or result.score is None:
                found[person] = Award(_ZERO, _nothing(board, result))
                continue
            reached = bisect_right(borders, cohort.quality(exact(result.score)))
            of_score = self._linear if self.between == LINEAR else self._step
            points, words = of_score(rows, reached, exact(result.score))
            found[person] = Award(points, f"{_score(result)} on the {board.name} board {words}")
        return found

    def _step(self, rows: list[tuple[Decimal, Decimal]], reached: int, _: Fraction) -> tuple[Fraction, str]:
        if not reached:
            return _ZERO, f"does not reach {plain(rows[0][0])}"
        score, points = rows[reached - 1]
        return Fraction(points), f"reaches {plain(score)}"

    def _linear(
        self, rows: list[tuple[Decimal, Decimal]], reached: int, score: Fraction
    ) -> tuple[Fraction, str]:
        if not reached:
            return Fraction(rows[0][1]), f"does not reach {plain(rows[0][0])}, the worst in the table"
        if reached == len(rows):
            return Fraction(rows[-1][1]), f"reaches {plain(rows[-1][0])}, the best in the table"
        (from_, low), (to, high) = (tuple(map(Fraction, row)) for row in rows[reached - 1 : reached + 1])
        words = " and ".join(
            f"{plain(at)} ({plain(points)})" for at, points in rows[reached - 1 : reached + 1]
        )
        return low + (high - low) * (score - from_) / (to - from_), f"is between {words}"


@dataclass(frozen=True)
class PlacesPart:
    """Points by place among the class: all for the first, a share for the last, linear between them.

    With N places, place p gets `points × (last + (1 − last) × (N − p) / (N − 1))`; if N is 1, all points.

    Attributes:
        last: the share of the points that the last place keeps.
        ties: the place of people who tie, see `places`.
        by: `score`: people with the same score tie; `rank`: only people of one team do.
        of: `people`, or `teams`: each team has one place, however many of the class are in it.
    """

    kind: ClassVar[str] = "places"
    name: str
    points: Decimal
    board: str
    last: Decimal = Decimal(0)
    ties: str = placing.AVERAGE
    by: str = BY_SCORE
    of: str = OF_PEOPLE

    def awards(self, cohort: Cohort) -> dict[int, Award]:
        board = cohort.board(self.board)

        def unit(person: int) -> Hashable:
            return ("team", board.results[person].team) if self.of == OF_TEAMS else person

        keys = {unit(person): self._key(cohort, result) for person, result in board.results.items()}
        found = placing.places(keys.items(), self.ties)
        sharing = Counter(found.values())
        awards = {}
        for person in cohort.people:
            result = board.results.get(person)
            place = None if result is None else found.get(unit(person))
            if place is None:
                awards[person] = Award(_ZERO, _nothing(board, result, self.by))
                continue
            points, formula = self._points(Fraction(place), len(found))
            shared = f" (shared by {sharing[place]})" if sharing[place] > 1 else ""
            one, several = ("team", "teams") if self.of == OF_TEAMS else ("person", "people")
            among = f"{len(found)} {one if len(found) == 1 else several}"
            awards[person] = Award(
                points,
                f"place {short(Fraction(place))} of {among}{shared} on the {board.name} board: {formula}",
            )
        return awards

    def _key(self, cohort: Cohort, result: PastStanding) -> Fraction | int | None:
        """What decides the place, the lowest first."""
        if self.by == BY_RANK:
            return result.rank
        return None if result.score is None else -cohort.quality(exact(result.score))

    def _points(self, place: Fraction, count: int) -> tuple[Fraction, str]:
        points, last = Fraction(self.points), Fraction(self.last)
        if count == 1:
            return points, "all points"
        if not last:
            formula = f"{plain(self.points)} × ({count} − {short(place)}) / ({count} − 1)"
        else:
            share, rest = plain(self.last), plain(1 - self.last)
            formula = (
                f"{plain(self.points)} × ({share} + {rest} × ({count} − {short(place)}) / ({count} − 1))"
            )
        return points * (last + (1 - last) * (count - place) / (count - 1)), formula


@dataclass(frozen=True)
class ParticipationPart:
    """Points for taking part.

    Attributes:
        submissions: how many are needed at least; None: being on the board is enough.
    """

    kind: ClassVar[str] = "participation"
    name: str
    points: Decimal
    board: str
    submissions: int | None = None

    def awards(self, cohort: Cohort) -> dict[int, Award]:
        board = cohort.board(self.board)
        counts = [result.submission_count for result in board.results.values()]
        if self.submissions is not None and counts and not any(counts):
            raise CannotGradeError(
                f"the {board.name} board has no numbers of submissions", "Leave out submissions ="
            )
        found = {}
        for person in cohort.people:
            result = board.results.get(person)
            if result is None:
                found[person] = Award(_ZERO, _nothing(board, result))
            elif self.submissions is None:
                found[person] = Award(Fraction(self.points), f"on the {board.name} board")
            elif result.submission_count is None:
                found[person] = Award(_ZERO, "the number of submissions is not known")
            else:
                made = result.submission_count
                enough = made >= self.submissions
                words = f"{counted(made, 'submission')}, {self.submissions} needed"
                found[person] = Award(Fraction(self.points) if enough else _ZERO, words)
        return found


class Adjustment(NamedTuple):
    """A line of a list that gives or takes points.

    Attributes:
        line: its number.
        key: the person's key, as it stands there.
    """

    points: Decimal
    line: int
    key: str


@dataclass(frozen=True)
class AdjustmentsPart:
    """Points that a list gives or takes.

    Attributes:
        source: what the list is called.
        key: the kind of key in the list.
        given: its lines, by key as keys are compared.
    """

    kind: ClassVar[str] = "adjustments"
    name: str
    source: str
    key: str
    given: Mapping[str, Sequence[Adjustment]]

    def awards(self, cohort: Cohort) -> dict[int, Award]:
        holders = Counter(keys[self.key] for keys in cohort.people.values() if self.key in keys)
        if several := [key for key in self.given if holders[key] > 1]:
            raise CannotGradeError(
                f"{holders[several[0]]} people have the {key_words(self.key)} "
                f"{self.given[several[0]][0].key!r}, which is in {self.source}",
                "Use a key that tells them apart, such as student_id",
            )
        found = {}
        for person, keys in cohort.people.items():
            given = self.given.get(keys[self.key], ()) if self.key in keys else ()
            words = [
                f"{'+' if each.points > 0 else ''}{plain(each.points)} (line {each.line})" for each in given
            ]
            found[person] = Award(
                sum((Fraction(each.points) for each in given), _ZERO),
                f"{self.source}: {' and '.join(words)}" if words else f"not in {self.source}",
            )
        return found

    def unknown(self, cohort: Cohort) -> list[Adjustment]:
        """The lines that belong to nobody in the class."""
        known = {keys[self.key] for keys in cohort.people.values() if self.key in keys}
        lines = [each for key, given in self.given.items() if key not in known for each in given]
        return sorted(lines, key=lambda each: each.line)


def _score(result: PastStanding) -> str:
    return result.score_text or repr(result.score)


def _nothing(board: Board, result: PastStanding | None, what: str = "score") -> str:
    """Why a person gets nothing for a part."""
    return f"not on the {board.name} board" if result is None else f"no {what} on the {board.name} board"
