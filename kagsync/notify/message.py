"""The messages, as text that is no longer than its channel allows, and as data for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync.queries import news
from kagsync.safe_text import chat_safe, clip
from kagsync.standings.movements import FINAL
from kagsync.standings.sentences import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kagsync.notify.channel import Room
    from kagsync.queries.news import Item
    from kagsync.store.records import Competition

NEWS, DIGEST, REMINDER, TEST = "news", "digest", "reminder", "test"
_VERSION = 1  # of the data
_MOST = 30  # movements in a message; `kagsync news` has them all
MOVEMENT, DEADLINE = "movement", "deadline"
_MORE = {MOVEMENT: "kagsync news", DEADLINE: "kagsync competitions list"}  # where those are that do not fit


class Message(NamedTuple):
    """What is sent. `counted` movements or deadlines have no line; the last line says how many.

    `data` is the same for programs, complete.
    """

    title: str
    body: str
    counted: int
    data: dict[str, Any]


class Line(NamedTuple):
    """A line of a message.

    Attributes:
        heading: what stands above it, and above the next ones with the same heading; empty: nothing.
        text: harmless.
        order: of the lines that do not all fit, those with the lowest numbers are kept.
        counts: whether the line is counted if it is left out.
    """

    heading: str
    text: str
    order: tuple[int, ...]
    counts: bool = True


def compose(items: list[Item], room: Room) -> Message:
    """The message of what moved: one sentence a line, by competition, what people did themselves first."""
    items = sorted(items, key=lambda item: not item.own)
    several = len({item.competition.id for item in items}) > 1
    by_competition: dict[int, list[Line]] = {}
    for number, item in enumerate(items):
        heading = f"{name(item.competition)}:" if several else ""
        line = Line(heading, harmless(item.sentence, room), (0, number))
        by_competition.setdefault(item.competition.id, []).append(line)
    lines = [line for found in by_competition.values() for line in found]
    return fit(_title(items), lines, room, data(NEWS, items=items))


def harmless(text: str, room: Room) -> str:
    """A text with strangers' names as a line, which is not too long."""
    return clip(chat_safe(text), room.sentence)


def fit(title: str, lines: list[Line], room: Room, data: dict[str, Any], what: str = MOVEMENT) -> Message:
    """Composes a message. The last line counts those that do not fit.

    If there is no room for both the title and a line, the title is left out.

    Args:
        title: harmless.
        lines: in the order in which they are shown.
        room: how long the message may be.
        data: the same for programs.
        what: what the lines are that count: MOVEMENT or DEADLINE.
    """
    if room.title is not None:
        title = clip(title, room.title)
    for heading in (title, ""):
        chosen = _fitting(lines, heading, room, what)
        if chosen:
            return Message(heading, _body(lines, chosen, what), _left_out(lines, chosen), data)
    body = _body(lines, [], what)
    if not body:  # channels refuse a message without one
        return Message("", title, 0, data)
    return Message(title if room.fits(title, body) else "", body, _left_out(lines, []), data)


def _fitting(lines: list[Line], title: str, room: Room, what: str) -> list[Line]:
    """The lines that fit. One that is too long is left out, because a later one may fit."""
    chosen: list[Line] = []
    tried = 0
    for line in sorted(lines, key=lambda line: line.order):
        tried += line.counts
        if line.counts and tried > _MOST:
            continue
        if room.fits(title, _body(lines, [*chosen, line], what)):
            chosen.append(line)
    return chosen


def _body(lines: list[Line], chosen: Collection[Line], what: str) -> str:
    written, above = [], ""
    orders = {line.order for line in chosen}
    for line in lines:
        if line.order in orders:
            if line.heading and line.heading != above:
                written.append(line.heading)
            above = line.heading
            written.append(line.text)
    if more := _left_out(lines, chosen):
        written.append(
            f"and {more} more: {_MORE[what]}" if chosen else f"{counted(more, what)}: {_MORE[what]}"
        )
    return "\n".join(written)


def _left_out(lines: Iterable[Line], chosen: Iterable[Line]) -> int:
    return sum(line.counts for line in lines) - sum(line.counts for line in chosen)


def _title(items: list[Item]) -> str:
    competitions = len({item.competition.id for item in items})
    about = name(items[0].competition) if competitions == 1 else f"{competitions} competitions"
    people = f"{people_of(items)} of ours"
    if all(item.movement.reason == FINAL for item in items):
        return f"{about}: the final result of {people}"
    return f"{about}: {people} moved"


def people_of(items: Iterable[Item]) -> int:
    """How many of ours moved. Whoever passed them may be somebody else."""
    return len({user.id for item in items for user in item.ours})


def name(competition: Competition) -> str:
    """What a competition is called in messages."""
    return chat_safe(competition.shown_title)


def data(
    kind: str,
    *,
    items: Iterable[Item] = (),
    deadlines: Iterable[dict[str, Any]] = (),
    standings: Iterable[dict[str, Any]] = (),
    series: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A message for programs. Every key is always there.

    Args:
        kind: NEWS, DIGEST, REMINDER or TEST.
    """
    return {
        "version": _VERSION,
        "kind": kind,
        "items": [news.as_json(item) for item in items],
        "deadlines": list(deadlines),
        "standings": list(standings),
        "series": list(series),
    }
