"""The message that says what moved, no longer than the channel allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kagsync.safe_text import chat_safe, clip
from kagsync.standings.movements import FINAL

if TYPE_CHECKING:
    from kagsync.notify.channel import Room
    from kagsync.queries.news import Item
    from kagsync.store.records import Competition

_MOST = 30  # sentences in a message; `kagsync news` has them all


@dataclass(frozen=True)
class Message:
    """What is sent. `counted` movements have no sentence; the last line says how many."""

    title: str
    body: str
    counted: int


def compose(items: list[Item], room: Room) -> Message:
    """Composes a message: one sentence a line, by competition. The last line counts those that do not fit.

    If there is no room for both the title and a sentence, the title is left out.
    """
    title = _title(items)
    if room.title is not None:
        title = clip(title, room.title)
    for heading in (title, ""):
        chosen = _fitting(items, heading, room)
        if chosen:
            return Message(heading, _body(items, chosen, room), len(items) - len(chosen))
    body = _body(items, [], room)
    return Message(title if room.fits(title, body) else "", body, len(items))


def _fitting(items: list[Item], title: str, room: Room) -> list[Item]:
    """The movements that fit. One that is too long is left out, because a later one may fit."""
    chosen: list[Item] = []
    for item in items[:_MOST]:
        if room.fits(title, _body(items, [*chosen, item], room)):
            chosen.append(item)
    return chosen


def _body(items: list[Item], chosen: list[Item], room: Room) -> str:
    several = len({item.competition.id for item in items}) > 1
    by_competition: dict[tuple[int, str], list[str]] = {}
    for item in chosen:
        sentence = clip(chat_safe(item.sentence), room.sentence)
        by_competition.setdefault((item.competition.id, _name(item.competition)), []).append(sentence)
    lines = []
    for (_, name), sentences in by_competition.items():
        lines += [f"{name}:", *sentences] if several else sentences
    more = len(items) - len(chosen)
    if more:
        lines.append(f"and {more} more: kagsync news" if chosen else f"{counted(more)}: kagsync news")
    return "\n".join(lines)


def _title(items: list[Item]) -> str:
    competitions = len({item.competition.id for item in items})
    name = _name(items[0].competition) if competitions == 1 else f"{competitions} competitions"
    people = f"{len({item.user.id for item in items})} of ours"
    if all(item.movement.reason == FINAL for item in items):
        return f"{name}: the final result of {people}"
    return f"{name}: {people} moved"


def counted(count: int) -> str:
    """A number of movements in words."""
    return f"{count} movement{'' if count == 1 else 's'}"


def _name(competition: Competition) -> str:
    return chat_safe(competition.title or competition.slug)
