"""`deadlines.ics`: the deadlines of the active competitions as a calendar (RFC 5545).

There are about twenty lines of the format here, so that no installation needs a library for it.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from kagsync.safe_text import printable
from kagsync.standings.deadlines import END, LAST_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kagsync.store.records import Competition

_LONGEST = 75  # octets in a line, without its end
_KINDS = {kind: f"last day to {what}" for kind, what in LAST_DAYS.items()} | {END: "deadline"}
_STAMP = re.compile(r"^DTSTAMP:(\d{8}T\d{6}Z)\r\n", re.MULTILINE)
_EVENT = re.compile(r"^BEGIN:VEVENT\r\n.*?^END:VEVENT\r\n", re.MULTILINE | re.DOTALL)
# A calendar must have a component, even if it has no event. Programs ignore the ones that they do not know.
_NOTHING = ("BEGIN:X-EMPTY", "X-NOTE:No deadline is known", "END:X-EMPTY")


def calendar(competitions: Iterable[Competition], site: str, before: str, now: datetime) -> str:
    """The calendar.

    Args:
        site: its title.
        before: the calendar that is in the folder. An event that has not changed keeps its DTSTAMP, which is
            the time of its last change.
        now: the DTSTAMP of the other events.
    """
    stamps = {
        _STAMP.sub("", event): found[1]
        for event in _EVENT.findall(before)
        if (found := _STAMP.search(event)) is not None
    }
    events = [
        event.replace("\r\nDTSTART:", f"\r\nDTSTAMP:{stamps.get(event) or _utc(now)}\r\nDTSTART:", 1)
        for competition in competitions
        if competition.active
        for event in _events(competition)
    ]
    return "".join(
        [
            "BEGIN:VCALENDAR\r\n",
            "PRODID:-//kagsync//deadlines//EN\r\n",
            "VERSION:2.0\r\n",
            "CALSCALE:GREGORIAN\r\n",
            line("X-WR-CALNAME", escaped(site)),
            *(events or [f"{each}\r\n" for each in _NOTHING]),
            "END:VCALENDAR\r\n",
        ]
    )


def _events(competition: Competition) -> Iterator[str]:
    """An event for each known deadline, without its DTSTAMP."""
    slug, name = competition.slug, competition.shown_title
    for column, moment in competition.deadlines.items():
        kind = _KINDS[column]
        yield "".join(
            [
                "BEGIN:VEVENT\r\n",
                line("UID", f"{slug}-{column.replace('_', '-')}@kagsync"),
                line("DTSTART", _utc(moment)),
                line("SUMMARY", escaped(f"{name}: {kind}")),
                *(
                    [line("URL", f"https://www.kaggle.com/competitions/{competition.kaggle_id}")]
                    if competition.is_linked
                    else []
                ),
                "TRANSP:TRANSPARENT\r\n",  # nobody is busy then
                "END:VEVENT\r\n",
            ]
        )


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """Text as a value. It has no line ends, because control characters become visible."""
    return re.sub(r"([\\;,])", r"\\\1", printable(text))


def line(name: str, value: str) -> str:
    """A content line with its end, folded so that no part of it is longer than 75 octets.

    A character is never divided.
    """
    parts, room = [""], _LONGEST
    for char in f"{name}:{value}":
        size = len(char.encode())
        if size > room:
            parts.append("")
            room = _LONGEST - 1  # the next line begins with a space
        parts[-1] += char
        room -= size
    return "\r\n ".join(parts) + "\r\n"
