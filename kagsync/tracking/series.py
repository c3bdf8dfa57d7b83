"""What people type about a series: its name, competitions and options, checked."""

from __future__ import annotations

import math
import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import errors, inputs
from kagsync.errors import UsageError
from kagsync.safe_text import printable
from kagsync.scoring import series as kinds
from kagsync.scoring.places import TIES
from kagsync.scoring.rules import RULES
from kagsync.scoring.series import Part, Scale, Series
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kagsync.store import Store

_LONGEST_NAME = 100  # characters; it also becomes the name of a page
_ALL = "all"  # of a person's results count
_MOST_PLACES = 1000  # of a points table
_LARGEST = 1_000_000  # weight, and points of a place or for a score
_LEAST = 0.001
_LARGEST_SCORE = 1e100  # far from where numbers overflow
_EXAMPLE = "titanic=0.6:0.9:50 (0 points at a score of 0.6, 50 at 0.9)"


class Wanted(NamedTuple):
    """The options of a series as they were typed. None: not given.

    Attributes:
        name: a new one.
        group: empty: everybody.
        scores: each `SLUG=MIN:MAX:POINTS`.
    """

    name: str | None = None
    rule: str | None = None
    best: str | None = None
    group: str | None = None
    ties: str | None = None
    board: str | None = None
    points: str | None = None
    absent: str | None = None
    teams: str | None = None
    scores: Sequence[str] = ()


def create(store: Store, name: str, competitions: Sequence[str], wanted: Wanted) -> Series:
    """Creates a series of competitions, each `SLUG` or `SLUG=WEIGHT`.

    Raises:
        UsageError: the name is taken, a competition is not tracked, or an option is wrong.
    """
    series = Series(0, _checked_name(store, name), parts=weighted(store, (), competitions))
    return store.series.save(_with_options(store, series, wanted))


def update(store: Store, series: Series, wanted: Wanted) -> Series:
    """Changes the options that were given; raises UsageError."""
    if wanted.name is not None:
        series = series._replace(name=_checked_name(store, wanted.name, series))
    return store.series.save(_with_options(store, series, wanted))


def add(store: Store, series: Series, competitions: Sequence[str], scores: Sequence[str]) -> Series:
    """Adds competitions to a series, or changes the weight of those that are part of it.

    Raises:
        UsageError: a competition is not tracked, or a weight or a scale is wrong.
    """
    series = series._replace(parts=weighted(store, series.parts, competitions))
    return store.series.save(_with_options(store, series, Wanted(scores=scores)))


def remove(store: Store, series: Series, slugs: Iterable[str]) -> Series:
    """Takes competitions out of a series; raises UsageError if one is not part of it."""
    gone = {_part(series, slug).competition_id for slug in slugs}
    return store.series.save(
        series._replace(parts=tuple(part for part in series.parts if part.competition_id not in gone))
    )


def _checked_name(store: Store, text: str, series: Series | None = None) -> str:
    """The name for a series, which no other one has.

    Raises:
        UsageError: it is taken, empty, too long, or not printable.
    """
    name = checked_name(text)
    for other in store.series.all():
        if other.name.casefold() == name.casefold() and (series is None or other.id != series.id):
            raise UsageError(
                f"there is already a series {other.name!r}",
                "Choose another name, or use: kagsync series update",
            )
    return name


def checked_name(text: str) -> str:
    """A name for a series.

    Raises:
        UsageError: it is empty, too long, or not printable.
    """
    name = " ".join(inputs.utf8(text).split())
    if not any(char.isalnum() for char in name):
        raise UsageError(
            f"{inputs.short(text)} is not the name of a series", 'Use letters and digits, as in "Autumn 2026"'
        )
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"{inputs.short(text)} has {len(name):,} characters", f"Use at most {_LONGEST_NAME}")
    if printable(name) != name:
        raise UsageError(
            f"{inputs.short(text)} has a character that cannot be printed", "Use letters, digits and spaces"
        )
    return name


def weighted(store: Store, parts: Sequence[Part], competitions: Sequence[str]) -> tuple[Part, ...]:
    """Parts with these competitions added, or the weights changed that are given. A new one has weight 1.

    Raises:
        UsageError: a competition is not tracked, or is named twice, or a weight is wrong.
    """
    found = {part.competition_id: part for part in parts}
    named: dict[int, str] = {}
    for text in competitions:
        # In a URL, what follows ? may have a = that is not ours.
        slug, given, weight = (text, "", "") if "?" in text else text.partition("=")
        competition = store.competitions.get(inputs.competition_slug(slug))
        if named.setdefault(competition.id, text) != text:
            raise UsageError(f"{competition.slug} is named twice", "Name each competition once")
        before = found.get(competition.id, Part(competition.id, competition.slug))
        if given:
            value = _number(weight, f"the weight of {competition.slug}", _LEAST, _LARGEST)
            before = before._replace(weight=value)
        found[competition.id] = before
    return tuple(sorted(found.values(), key=lambda part: part.slug))


def _with_options(store: Store, series: Series, wanted: Wanted) -> Series:
    """A series with the options that were given, checked as a whole."""
    if wanted.group:
        store.users.in_group(wanted.group)
    return with_options(series, wanted)


def with_options(series: Series, wanted: Wanted) -> Series:
    """The same. Whether anybody is in the group is not checked.

    Raises:
        UsageError: an option is wrong, or does not fit the others.
    """
    words = {"rule": RULES, "ties": TIES, "board": (FINAL, PUBLIC, PRIVATE)}
    words |= {"absent": (kinds.ZERO, kinds.SKIP), "teams": (kinds.EACH, kinds.SHARE)}
    given: dict[str, Any] = {
        name: _word(getattr(wanted, name), f"--{name}", known)
        for name, known in words.items()
        if getattr(wanted, name) is not None
    }
    series = series._replace(**given)
    if wanted.best is not None:
        series = series._replace(best=_best(wanted.best))
    if wanted.group is not None:
        series = series._replace(group=wanted.group or None)
    if wanted.points is not None:
        _only_with(series, "--points", kinds.PLACES)
        series = series._replace(points=_points(wanted.points))
    if wanted.scores:
        _only_with(series, "--score", kinds.SCORE)
        series = series._replace(parts=_scaled(series, wanted.scores))
    if series.rule == kinds.SCORE and (without := [part.slug for part in series.parts if not part.scale]):
        raise UsageError(
            f"the rule score needs to know the scores of {', '.join(without)}",
            f"Pass for each: --score {without[0]}=MIN:MAX:POINTS",
        )
    return series


def _only_with(series: Series, option: str, rule: str) -> None:
    if series.rule != rule:
        raise UsageError(
            f"{option} is for the rule {rule}, and this series has the rule {series.rule}",
            f"Pass --rule {rule} too, or leave it out",
        )


def _word(text: str, option: str, known: Collection[str]) -> str:
    word = text.strip().lower()
    if word not in known:
        raise UsageError(f"{option} cannot be {inputs.short(text)}", errors.choose(word, known))
    return word


def _best(text: str) -> int | None:
    if text.strip().lower() == _ALL:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise UsageError(
            f"--best {inputs.short(text)} is not a number from 1 to 9,999",
            f"Pass how many results of each person count, or {_ALL}",
        )
    return int(text)


def _points(text: str) -> tuple[float, ...]:
    parts = text.split(",")
    if len(parts) > _MOST_PLACES:
        raise UsageError(f"--points has {len(parts):,} places", f"Give at most {_MOST_PLACES:,}")
    return tuple(_number(each, "--points", 0, _LARGEST) for each in parts)


def _scaled(series: Series, scores: Sequence[str]) -> tuple[Part, ...]:
    """The parts of a series with these scales: each `SLUG=MIN:MAX:POINTS`."""
    found = {part.competition_id: part for part in series.parts}
    for text in scores:
        slug, _, scale = text.rpartition("=")
        numbers = scale.split(":")
        if not slug or len(numbers) != len(Scale._fields):
            raise UsageError(f"--score {inputs.short(text)} is not SLUG=MIN:MAX:POINTS", f"Try {_EXAMPLE}")
        part = _part(series, slug)
        what = f"--score of {part.slug}:"
        first, last = (_number(each, what, -_LARGEST_SCORE, _LARGEST_SCORE) for each in numbers[:2])
        if first == last:
            raise UsageError(f"{what} MIN and MAX are the same", f"Try {_EXAMPLE}")
        points = _number(numbers[2], what, _LEAST, _LARGEST)
        found[part.competition_id] = part._replace(scale=Scale(first, last, points))
    return tuple(found.values())


def _part(series: Series, text: str) -> Part:
    """The part of a series that a slug or URL names; raises UsageError."""
    slug = inputs.competition_slug(text)
    for part in series.parts:
        if part.slug.lower() == slug.lower():
            return part
    known = [part.slug for part in series.parts]
    raise UsageError(
        f"{slug} is not in the series {series.name}",
        errors.choose(slug, known)
        if known
        else f"Add it: kagsync series add {shlex.quote(series.name)} {slug}",
    )


def _number(text: str, what: str, least: float, most: float) -> float:
    """The number in a text.

    Raises:
        UsageError: it is none, or not from `least` to `most`.
    """
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise UsageError(
            f"{what} {inputs.short(text)} is not a number from {least:,} to {most:,}",
            "Write numbers with a point, such as 0.5 or 20",
        )
    return value + 0.0
