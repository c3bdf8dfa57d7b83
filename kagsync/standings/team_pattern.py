"""A pattern for the names of teams, such as `/group {id}/`: Python's regular expressions, and `{id}`.

Strangers choose the names of teams, and no name may make a pattern slow. Python tries one way to match after
the other, so a pattern with too many ways is refused: a repeated group has exponentially many. The slowest
pattern that is accepted takes a second on the worst name, and an ordinary one a microsecond on any name.
"""

from __future__ import annotations

import math
import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_NAME = 100  # characters of a name that a pattern is compared with; real names have up to 76
ID = "{id}"  # stands for the student's id

_MOST_TRIES = 20_000_000  # three `*`, and a choice of four words besides
_PART = re.compile(
    r"(?P<id>\{id\})"
    r"|(?P<one>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<open>\((?:\?(?::|<?[=!]))?)"
    r"|(?P<close>\))"
    r"|(?P<or>\|)"
    r"|(?P<repeat>(?:[*+?]|\{(?:\d+,?\d*|,\d*)\})[?+]?)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_IOTA = "\u0345"  # a mark, no letter; but where case is ignored, `re` and casefold() take it for an iota
_DIGIT, _LETTER = r"\d", rf"(?:[^\W\d_]|{_IOTA})"
_RUN = re.compile(rf"{_DIGIT}+|{_LETTER}+")
_FOLDED = {
    ord("İ"): "i",
    ord("ı"): "i",
}  # `re` takes both for an i where case is ignored; casefold() does not


def between_slashes(team: str) -> str | None:
    """The pattern in a person's team; None: it is the exact name of a team."""
    return team[1:-1] if len(team) > 1 and team[0] == team[-1] == "/" else None


def check(pattern: str) -> None:
    """Checks a pattern that somebody has entered.

    Raises:
        ValueError: it is not a regular expression, matches every name, or may be slow. It says which.
    """
    if ID not in pattern and ID in pattern.lower():
        raise ValueError(f"has {{id}} in capitals: write {ID}")
    if _most_tries(pattern) > _MOST_TRIES:
        raise ValueError("could be slow: use at most three * or +, and fewer ? and |")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of what a later Python may read differently
            matches_all = compiled(pattern, "0").search("") is not None
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    if matches_all:
        raise ValueError("matches every team")


def compiled(pattern: str, student_id: str | None = None) -> re.Pattern[str]:
    """A pattern to search for, case ignored, with a student's id in place of `{id}`.

    The id counts as a whole: 12 is not in "Group 123", and is in "u12_x".

    Raises:
        re.error: the pattern was not checked.
    """
    text = pattern if student_id is None else pattern.replace(ID, _whole(student_id))
    return re.compile(text, re.IGNORECASE)


def runs(text: str) -> set[str]:
    """The longest runs of digits and of letters, case folded.

    Those of an id are among those of each name that contains the id as a whole.
    """
    if text.isascii():
        return set(_RUN.findall(text.lower()))
    return {run.translate(_FOLDED).casefold() for run in _RUN.findall(text)}


def _whole(student_id: str) -> str:
    return f"(?:(?<!{_like(student_id[0])}){re.escape(student_id)}(?!{_like(student_id[-1])}))"


def _like(character: str) -> str:
    """What the characters beside one of an id must not be."""
    if character.isdecimal():
        return _DIGIT
    return _LETTER if character.isalnum() or character == _IOTA else r"[^\s\S]"  # nothing


class _Ways(NamedTuple):
    """The ways in which a part of a pattern can match: how many `*` and `+` it has, times other choices."""

    repeats: int = 0
    choices: int = 1

    def then(self, other: _Ways) -> _Ways:
        return _Ways(self.repeats + other.repeats, self.choices * other.choices)

    def or_else(self, other: _Ways) -> _Ways:
        return _Ways(max(self.repeats, other.repeats), self.choices + other.choices)


_NO_WAY = _Ways(choices=0)


def _most_tries(pattern: str) -> int:
    """How often something is tried, at most, until a pattern is found to be nowhere in a name.

    Raises:
        ValueError: it repeats a group, or has what is not counted here.
    """
    outer: list[tuple[_Ways, _Ways]] = []
    # Of the alternatives before this one, and of this one up to the last item; that item may be repeated.
    before, here = _NO_WAY, _Ways()
    last: _Ways | None = None
    is_group = False
    for kind, text in _parts(pattern):
        if kind == "repeat":
            if last is None:
                raise ValueError(
                    "has (? in it, and not as (?:…)" if text[0] == "?" else f"has nothing before {text}"
                )
            last = _repeated(text, last, is_group=is_group)
            continue
        here, last, is_group = here.then(last or _Ways()), _Ways(), kind == "id"
        if kind == "one" and ID in text:
            raise ValueError(f"has {ID} in square brackets")
        if kind == "open":
            outer.append((before, here))
            before, here, last = _NO_WAY, _Ways(), None
        elif kind == "or":
            before, here, last = before.or_else(here), _Ways(), None
        elif kind == "close" and outer:
            last, is_group = before.or_else(here), True
            before, here = outer.pop()
    repeats, choices = before.or_else(here.then(last or _Ways()))
    # The repeats share the characters of a name: so many places for where each begins and the last one ends.
    return math.comb(LONGEST_NAME + repeats + 1, repeats + 1) * choices


def _parts(pattern: str) -> Iterator[tuple[str, str]]:
    return ((str(part.lastgroup), part[0]) for part in _PART.finditer(pattern))


def _repeated(repeat: str, ways: _Ways, *, is_group: bool) -> _Ways:
    """The ways of an item that is repeated; raises ValueError if it is a group."""
    if repeat[0] == "?":
        return ways._replace(choices=ways.choices + 1)
    if is_group:
        raise ValueError(f"repeats a group: {repeat} stands after a bracket or {ID}")
    least, _, most = repeat.strip("{}?+").partition(",")
    if repeat[0] in "*+" or ("," in repeat and not most):
        return _Ways(repeats=1)
    return _Ways(choices=max(1, int(most or least) - int(least or 0) + 1))
