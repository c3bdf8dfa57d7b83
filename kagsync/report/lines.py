"""What a page says about one person: a row of a table, and a line of the news."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.output import board_table
from kagsync.output.wording import missing
from kagsync.report.chart import cut
from kagsync.standings import movements
from kagsync.standings.sentences import brief, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.queries.news import Item
    from kagsync.standings.gaps import Gap
    from kagsync.standings.movements import Movement
    from kagsync.store.records import User

_BLANK = "\N{NO-BREAK SPACE}"
_LONGEST_TEAM = 40  # in the news; the table has all of it
_GOOD = (movements.IMPROVED, movements.NEW, movements.CAME_BACK)
_BAD = (movements.FELL, movements.LEFT, movements.DELETED)
_SEEN = (movements.NEW, movements.CAME_BACK)  # the column of the places says it
# Their words begin with the reason, or name the team.
_SAYS_REASON = (movements.IMPROVED, movements.FELL, movements.RESCORED, movements.OVERTAKEN)
_SAYS_TEAM = (
    movements.MERGED,
    movements.MOVED,
    movements.RENAMED,
    movements.MEMBER_JOINED,
    movements.MEMBER_LEFT,
)


class Label(NamedTuple):
    """A reason as a small label. The kind decides its colour: `good`, `bad`, `drift` or none."""

    text: str
    kind: str


class Told(NamedTuple):
    """A movement on a page.

    Attributes:
        known_as: see `known_as`.
        details: the rest of the sentence.
    """

    label: Label
    who: str
    known_as: str
    details: str


def row(row: board_table.Row) -> dict[str, Any]:
    """A person's row: the cells of `kagsync show` by column, and what pages show in another way."""
    line, movement = row.line, row.movement
    ahead = () if row.is_private else (line.next_person, line.next_baseline, line.next_medal)
    places = (line.shake_up if row.is_private else movement and movement.places) or 0
    return {
        **board_table.cells(row),
        "user": line.user,
        "places": places,
        "way": way(places, None if row.is_private else movement),
        "label": None if movement is None or movement.reason in _SEEN else _label(movement, _brief(movement)),
        "known_as": known_as(line.user, row.standing.team_name),
        "next": [gap_in_words(gap, row.decimals) for gap in ahead if gap is not None],
    }


def way(places: int, movement: Movement | None) -> str:
    """The class of a number of places: `up` or `down`; `still` if there are none, or others caused them."""
    others = movement is not None and (
        not movement.own
        or movement.reason == movements.SUBMITTED
        or (movement.reason == movements.IMPROVED and places < 0)
    )
    return "still" if others or not places else "up" if places > 0 else "down"


def known_as(user: User, team: str) -> str:
    """The username and the team beside a person's name, unless they are the same: `@lina · Rabbits`."""
    told, shown = {user.shown_name.casefold()}, []
    for sign, name in (("@", user.username), ("", team)):
        if name and name.casefold() not in told:
            told.add(name.casefold())
            shown.append(f"{sign}{name}")
    return f"{_BLANK}· ".join(shown)


def gap_in_words(gap: Gap, decimals: int) -> str:
    """What is still to be done: `0.00001 · 3 places to Lina`."""
    score = None if gap.score is None else missing(gap.score, decimals) if gap.score else "tied"
    places = f"{gap.places:,}{_BLANK}place{'' if gap.places == 1 else 's'}" if gap.places else None
    return f"{f'{_BLANK}· '.join(part for part in (score, places) if part)} to {gap.shown}"


def by_moment(items: Iterable[Item]) -> list[tuple[int, list[Told]]]:
    """Movements by the moment at which a board showed them."""
    return [
        (moment, [_told(item) for item in found])
        for moment, found in groupby(items, key=lambda item: item.movement.moment)
    ]


def unbroken(sentence: str) -> str:
    """A sentence whose numbers before and after stay in one line: `12,301 → 12,300`."""
    return sentence.replace(" → ", f"{_BLANK}→{_BLANK}")


def _brief(movement: Movement) -> str:
    """The reason beside the number of places, which stands in a column of its own."""
    return brief(movement) if movement.own else _words(movement.reason)


def _told(item: Item) -> Told:
    movement = item.movement
    standing = None if movement.reason in _SAYS_TEAM else movement.after or movement.before
    team = cut(standing.team_name, _LONGEST_TEAM) if standing else ""
    label = _label(movement, _words(item.reason))
    return Told(label, item.who, known_as(item.user, team), unbroken(_details(item)))


def _details(item: Item) -> str:
    """The sentence without what stands beside it: the person, and the reason."""
    reason, details = item.movement.reason, item.details
    if reason in _SAYS_REASON:
        details = details.replace(f"{_words(reason)} ", "", 1)
    if item.passed:
        details = f"now ahead of {in_words([user.shown_name for user in item.passed])}: {details}"
    return details


def _label(movement: Movement, text: str) -> Label:
    kinds = {"drift": not movement.own, "good": movement.reason in _GOOD, "bad": movement.reason in _BAD}
    return Label(text, next((kind for kind, holds in kinds.items() if holds), ""))


def _words(reason: str) -> str:
    return reason.replace("-", " ")
