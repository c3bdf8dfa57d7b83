"""`feed.xml`: what people did in the last two weeks, as an Atom feed (RFC 4287).

An entry never changes unless its names do, and only what a run changes is gathered again: the entries of the
other competitions are taken from the feed that is in the folder.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.queries import news
from kagsync.report import pages
from kagsync.report.folder import FEED, INDEX, page_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from kagsync.queries.news import Item

REACH = timedelta(days=14)
MOST = 200  # entries
_ENTRY = re.compile(
    r'^<entry>\n.*?^<link rel="alternate" type="text/html" href="([^"]+)"/>\n'
    r".*?^<updated>([^<]+)</updated>\n.*?^</entry>$",
    re.MULTILINE | re.DOTALL,
)
_ID = re.compile(r"^<id>(urn:uuid:[^<]+)</id>$", re.MULTILINE)
_UPDATED = re.compile(r"^<updated>([^<]+)</updated>$", re.MULTILINE)


class _Entry(NamedTuple):
    """An entry as XML, its competition's page, and its moment in seconds since 1970."""

    moment: int
    file: str
    text: str

    @property
    def order(self) -> tuple[int, str]:
        return -self.moment, self.file


def feed(
    files: Iterable[str],
    items: Callable[[str], list[Item]],
    *,
    before: str,
    settled: Collection[str],
    site: str,
    now: datetime,
) -> str:
    """The feed.

    Args:
        files: the pages of its competitions.
        items: gives what moved since `now - REACH`, the newest first, for a page.
        before: the feed that is in the folder; empty: there is none.
        settled: the pages whose entries there are up to date.
        site: its title.
        now: the time of an empty feed.
    """
    files, since = list(files), int((now - REACH).timestamp())
    old = [_Entry(_unix(found[2]), found[1], found[0]) for found in _ENTRY.finditer(before)]

    def gathered(settled: Collection[str]) -> list[_Entry]:
        found = [each for each in old if each.file in settled and each.moment > since]
        for file in files:
            if file not in settled:
                found += [_entry(item) for item in news.chosen(items(file), None)[:MOST]]
        # Those of one competition stay in their order.
        return sorted(found, key=lambda each: each.order)[:MOST]

    entries = gathered(settled if before else ())
    # A feed that was full may lack older entries of settled competitions, which there is room for now.
    was_full = len(old) >= MOST and old[-1].moment > since
    if was_full and (len(entries) < MOST or entries[-1].order > old[-1].order):
        entries = gathered(())
    known_id, known_time = _ID.search(before), _UPDATED.search(before)
    newest = clock.from_unix(entries[0].moment) if entries else None
    return pages.xml(
        "feed.xml",
        id=known_id[1] if known_id else _new_id(),
        updated=newest or (known_time[1] if known_time else clock.iso(now)),
        entries=[each.text for each in entries],
        site=site,
        index=INDEX,
        feed=FEED,
    )


def _entry(item: Item) -> _Entry:
    competition, at = item.competition, clock.from_unix(item.movement.moment)
    file = page_name(competition.slug)
    name = competition.title or competition.slug
    return _Entry(item.movement.moment, file, pages.xml("entry.xml", item=item, at=at, file=file, name=name))


def _unix(text: str) -> int:
    return int(clock.parse_iso(text).timestamp())


def _new_id() -> str:
    import uuid  # for the first feed of a folder only

    return f"urn:uuid:{uuid.uuid4()}"
