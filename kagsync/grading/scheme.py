"""Reads a scheme: the TOML file in which a teacher writes what a grade is made of."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.errors import UsageError, choose
from kagsync.grading import adjustments, keys
from kagsync.grading.adjustments import checked
from kagsync.inputs import set_of, short
from kagsync.scoring import parts, places
from kagsync.scoring.decimals import plain
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from kagsync.scoring.parts import Part

BOTH = "both"
# No part can be called like what a grade has in CSV besides its parts, or like what CSV leaves out.
_TAKEN = set_of(
    "handle username name student_id group on_board matched_by grade score_text members unclear_teams passed"
)
_LARGEST_FILE = 1_000_000  # bytes
_MOST_SUBMISSIONS = 1_000_000
_BEST = "best"  # the ties that `places` calls min
_TIES = {"average": places.AVERAGE, _BEST: places.MIN}
_TOP = ("title", "board", "group", "round", "floor", "cap", "part")
_PART = re.compile(r"^[ \t]*\[\[[ \t]*part[ \t]*\]\]", re.MULTILINE)


class Scheme(NamedTuple):
    """What a grade is made of.

    Attributes:
        title: None: it has none.
        group: whose grades these are; None: everybody's.
        decimals: of a grade.
        floor, cap: the lowest and the highest grade; None: there is none.
    """

    title: str | None
    group: str | None
    decimals: int
    floor: Decimal | None
    cap: Decimal | None
    parts: tuple[Part, ...]


class _Beside(NamedTuple):
    """What a part depends on besides its own values.

    Attributes:
        board: the default of all parts.
        folder: the scheme's.
    """

    board: str
    folder: Path


def read(path: Path) -> Scheme:
    """The scheme in a file, with the lists of adjustments that it names.

    Raises:
        UsageError: a file cannot be read, or something in it is wrong.
    """
    text = _text(path)
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, InvalidOperation) as error:
        raise UsageError(f"{path} is not a TOML file: {error}", "See the README, Grades") from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply", "See the README, Grades") from error
    top = _Values(str(path), values, _TOP)
    board = top.choice("board", (FINAL, PUBLIC, PRIVATE), FINAL)
    decimals = top.whole("round", 2)
    if not 0 <= decimals <= 6:
        raise top.wrong("round", "is not from 0 to 6")
    floor, cap = top.optional_number("floor"), top.optional_number("cap")
    if floor is not None and cap is not None and floor > cap:
        raise top.wrong("floor", f"is higher than the cap {cap}")
    return Scheme(
        top.optional_text("title"),
        top.optional_text("group"),
        decimals,
        floor,
        cap,
        _parts(path, text, top, _Beside(board, path.parent)),
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {path}: {reason}", "Pass a scheme (see the README, Grades)") from error
    if len(content) > _LARGEST_FILE:
        raise UsageError(f"{path} is too large for a scheme", "Pass a TOML file (see the README, Grades)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text", "Save it as UTF-8") from error


def _parts(path: Path, text: str, top: _Values, beside: _Beside) -> tuple[Part, ...]:
    found = top.values.get("part")
    if not (isinstance(found, list) and found and all(isinstance(each, dict) for each in found)):
        raise UsageError(
            f"{path} has no parts", "Begin each part with a line [[part]] (see the README, Grades)"
        )
    lines = [text.count("\n", 0, match.start()) + 1 for match in _PART.finditer(text)]
    made: dict[str, Part] = {}
    for number, values in enumerate(found):
        line = f", line {lines[number]}" if len(lines) == len(found) else ""
        where = f"{path}{line}, part {number + 1}"
        kind = _Values(where, values).choice("kind", tuple(_KINDS))
        known, make = _KINDS[kind]
        each = _Values(where, values, ("kind", "name", *known.split()))
        part = make(each, beside)
        if (title := part.name.strip()) in made:
            raise each.wrong("name", "is the name of another part, too", part.name)
        if title.casefold() in _TAKEN:
            raise each.wrong("name", "cannot be the title of a column", part.name)
        made[title] = part
    return tuple(made.values())


def _baseline(values: _Values, beside: _Beside) -> Part:
    name, score = values.optional_text("baseline"), values.optional_number("score")
    if (name is None) == (score is None):
        raise values.error("needs either baseline or score", "Write one of them: score = 0.75")
    chosen = values.choice("board", (FINAL, PUBLIC, PRIVATE, BOTH), beside.board)
    return parts.BaselinePart(
        values.text("name", name or f"Score {plain(score or Decimal(0))}"),
        values.points(),
        (PUBLIC, PRIVATE) if chosen == BOTH else (chosen,),
        name,
        score,
        values.flag("at_least"),
    )


def _table(values: _Values, beside: _Beside) -> Part:
    rows, between = values.pairs("scores"), values.choice("between", (parts.STEP, parts.LINEAR), parts.STEP)
    if between == parts.LINEAR and len(rows) == 1:
        raise values.error("scores has one row, and linear needs two", "Add a row, or leave out between")
    board = values.choice("board", (FINAL, PUBLIC, PRIVATE), beside.board)
    return parts.TablePart(values.text("name", "Score"), rows, board, between)


def _places(values: _Values, beside: _Beside) -> Part:
    last = values.optional_number("last") or Decimal(0)
    if not 0 <= last <= 1:
        raise values.wrong(
            "last", "is not from 0 to 1: it is the share of the points that the last place keeps"
        )
    return parts.PlacesPart(
        values.text("name", "Places"),
        values.points(),
        values.choice("board", (FINAL, PUBLIC, PRIVATE), beside.board),
        last,
        _TIES[values.choice("ties", tuple(_TIES), places.AVERAGE)],
        values.choice("by", (parts.BY_SCORE, parts.BY_RANK), parts.BY_SCORE),
        values.choice("of", (parts.OF_PEOPLE, parts.OF_TEAMS), parts.OF_PEOPLE),
    )


def _participation(values: _Values, beside: _Beside) -> Part:
    submissions = values.whole("submissions", 0)
    if submissions < 0:
        raise values.wrong("submissions", "is less than 0")
    if submissions > _MOST_SUBMISSIONS:
        raise values.wrong("submissions", f"is more than {_MOST_SUBMISSIONS:,}")
    return parts.ParticipationPart(
        values.text("name", "Participation"),
        values.points(),
        values.choice("board", (FINAL, PUBLIC, PRIVATE), beside.board),
        submissions or None,
    )


def _adjustments(values: _Values, beside: _Beside) -> Part:
    file, column, text = values.text("file"), values.text("column"), values.text("key")
    try:
        key = keys.parse(text)
    except UsageError as error:
        raise values.error(error.message, error.remedy) from error
    path = beside.folder / file
    if not path.exists():
        raise values.error(f"cannot read {short(file)}: it does not exist", "Put it in the scheme's folder")
    given = adjustments.read(path, column, key)
    return parts.AdjustmentsPart(values.text("name", "Adjustments"), file, key.field, given)


# What a part of each kind may say, and what makes it.
_KINDS: dict[str, tuple[str, Callable[[_Values, _Beside], Part]]] = {
    "baseline": ("baseline score board points at_least", _baseline),
    "table": ("scores between board", _table),
    "places": ("points last ties by of board", _places),
    "participation": ("points submissions board", _participation),
    "adjustments": ("file key column", _adjustments),
}


class _Values:
    """The values of a part, or of the whole scheme.

    Args:
        where: for messages: the file, the line and the part.
        values: as TOML has them.
        known: the keys that they may have; empty: any.

    Raises:
        UsageError: here and in every method, what is wrong and what to do.
    """

    def __init__(self, where: str, values: dict[str, Any], known: Collection[str] = ()) -> None:
        self.where, self.values = where, values
        for key in values:
            if known and key not in known:
                raise self.error(f"unknown key {short(key)}", choose(key, known))

    def error(self, message: str, remedy: str) -> UsageError:
        return UsageError(f"{self.where}: {message}", remedy)

    def wrong(self, key: str, why: str, value: object = None) -> UsageError:
        shown = self.values.get(key) if value is None else value
        return self.error(f"{key} {_short(shown)} {why}", "Change it (see the README, Grades)")

    def text(self, key: str, default: str = "") -> str:
        """A text that is not empty; without a default, it must be there."""
        found = self.optional_text(key)
        if found is None and not default:
            raise self._missing(key)
        return default if found is None else found

    def optional_text(self, key: str) -> str | None:
        found = self.values.get(key)
        if found is not None and not (isinstance(found, str) and found.strip()):
            raise self.error(f"{key} is not a text", f'Write it in quotes: {key} = "…"')
        return found

    def choice(self, key: str, known: Sequence[str], default: str = "") -> str:
        """One of a few words; without a default, it must be there."""
        found = self.text(key, default)
        if found not in known:
            raise self.error(f"unknown {key} {short(found)}", choose(found, known))
        return found

    def flag(self, key: str) -> bool:
        found = self.values.get(key, False)
        if not isinstance(found, bool):
            raise self.error(f"{key} is neither true nor false", f"Write {key} = true")
        return found

    def whole(self, key: str, default: int) -> int:
        found = self.values.get(key, default)
        if not isinstance(found, int) or isinstance(found, bool):
            raise self.error(f"{key} is not a whole number", f"Write {key} = {default}")
        return found

    def points(self) -> Decimal:
        found = self.optional_number("points")
        if found is None:
            raise self._missing("points")
        if found < 0:
            raise self.wrong("points", "is less than 0")
        return found

    def optional_number(self, key: str) -> Decimal | None:
        found = self.values.get(key)
        return None if found is None else self._number(found, key)

    def pairs(self, key: str) -> tuple[tuple[Decimal, Decimal], ...]:
        """A list of pairs of numbers whose first numbers differ."""
        example = f"Write {key} = [[0.7, 5], [0.75, 8]]: each score with its points"
        found = self.values.get(key)
        if not (isinstance(found, list) and found and all(isinstance(each, list) for each in found)):
            raise self.error(f"{key} is not a list of pairs", example)
        if any(len(each) != 2 for each in found):
            raise self.error(f"{key} is not a list of pairs", example)
        numbers = tuple((self._number(score, key), self._number(points, key)) for score, points in found)
        if len({score for score, _ in numbers}) < len(numbers):
            raise self.error(f"{key} has a score twice", "Delete one of the two rows")
        return numbers

    def _number(self, value: object, key: str) -> Decimal:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            try:
                return checked(Decimal(value))
            except ValueError as error:
                raise self.wrong(key, str(error), value) from None
        raise self.error(f"{key}: {_short(value)} is not a number", "Write it without quotes, such as 0.75")

    def _missing(self, key: str) -> UsageError:
        return self.error(f"{key} is missing", f"Add it: {key} = … (see the README, Grades)")


def _short(value: object) -> str:
    """A value for messages."""
    try:
        return short(str(value))
    except ValueError:  # Python does not write numbers of thousands of digits, such as 0xFFF…
        return "with thousands of digits"
