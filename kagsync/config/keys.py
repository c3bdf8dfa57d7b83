"""The keys of a set-up file, and what each may hold. The README has a table of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import inputs
from kagsync.report import NAMES
from kagsync.scoring import series
from kagsync.scoring.places import TIES
from kagsync.scoring.rules import RULES
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable

ROSTER = "roster"  # a file, or else the section USERS
COMPETITIONS, SERIES, NOTIFY, REPORT, USERS = "competitions", "series", "notify", "report", "users"


class Key(NamedTuple):
    """What a key may hold.

    Attributes:
        type: in words.
        fits: whether a value is of this type.
        choices: the words that it may be; empty: any.
        required: whether it must be there.
    """

    type: str
    fits: Callable[[Any], bool]
    choices: tuple[str, ...] = ()
    required: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_count(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_number, value))


def _is_parts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str | dict) for each in value)


TEXT = Key("text", _is_text)
FLAG = Key("true or false", _is_flag)
_NEEDED = TEXT._replace(required=True)
_NUMBER = Key("a number", _is_number)
_TEXTS = Key("an array of texts", _is_texts)
_NUMBERS = Key("an array of numbers", _is_numbers)

# Every section but the report is an array of tables, such as [[competitions]].
SECTIONS: dict[str, dict[str, Key]] = {
    COMPETITIONS: {
        "slug": _NEEDED,
        "kaggle_id": TEXT,
        "linked": FLAG,
        "title": TEXT,
        "higher_is_better": FLAG,
        "medals": FLAG,
        "paused": FLAG,
    },
    SERIES: {
        "name": _NEEDED,
        "competitions": Key("an array of slugs and tables", _is_parts, required=True),
        "rule": TEXT._replace(choices=tuple(RULES)),
        "points": _NUMBERS,
        "best": Key("a whole number", _is_count),
        "group": TEXT,
        "ties": TEXT._replace(choices=tuple(TIES)),
        "board": TEXT._replace(choices=(FINAL, PUBLIC, PRIVATE)),
        "absent": TEXT._replace(choices=(series.ZERO, series.SKIP)),
        "teams": TEXT._replace(choices=(series.EACH, series.SHARE)),
    },
    NOTIFY: {
        "url": _NEEDED,
        "competition": TEXT,
        "only": _TEXTS,
        "group": TEXT,
        "against": TEXT,
        "all": FLAG,
        "quiet_for": TEXT,
        "digest": TEXT,
        "zone": TEXT,
        "even_if_nothing": FLAG,
        "remind": _TEXTS,
    },
    REPORT: {
        "title": TEXT,
        "group": TEXT,
        "board": TEXT._replace(choices=(FINAL, PUBLIC, PRIVATE)),
        "names": TEXT._replace(choices=NAMES),
        "search_engines": FLAG,
    },
    USERS: {
        "username": TEXT,
        "name": TEXT,
        "group": TEXT,
        "student_id": TEXT,
        "team": TEXT,
        "pseudonym": TEXT,
    },
}
_TOO_LARGE = 2**63  # for SQLite
# The keys of a table in the array `competitions` of a series.
PART: dict[str, Key] = {"slug": _NEEDED, "weight": _NUMBER, "score": _NUMBERS}
TOP = (ROSTER, *SECTIONS)


def _whole_numbers(value: Any) -> list[int]:
    return [each for each in (value if isinstance(value, list) else [value]) if _is_count(each)]


def wrong(key: Key, value: Any) -> str | None:
    """What is wrong with a value, for the end of a sentence that begins with its key; None: nothing."""
    if not key.fits(value):
        return f"must be {key.type}"
    if any(abs(each) >= _TOO_LARGE for each in _whole_numbers(value)):
        return "is too large"
    if not isinstance(value, str):
        return None
    if len(value) > inputs.LONGEST_TEXT:
        return f"has {len(value):,} characters, and at most {inputs.LONGEST_TEXT:,} are allowed"
    if key.choices and value not in key.choices:
        return f"cannot be {inputs.short(value)} (choose from {', '.join(key.choices)})"
    return None
