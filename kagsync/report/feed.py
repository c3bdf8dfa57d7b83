"""`feed.xml`: what people did in the last two weeks, and who leads a series, as an Atom feed (RFC 4287).

An entry never changes unless its names do, and only what a run changes is gathered again: the entries of the
other pages are taken from the feed that is in the folder.
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
    from kagsync.report.series import LeadNews, SeriesPage

REACH = timedelta(days=14)
MOST = 200  # entries
_ENTRY = re.compile(
    r'^<entry>\n.*?^<link rel="alternate" type="text/html" href="([^"]+)"/>\n'
    r".*?^<updated>([^<]+)</updated>\n.*?^</entry>$",
    re.MULTILINE | re.DOTALL,
)
_ID = re.compile(r"^<id>(urn:uuid:[^<]+)</id>$", re.MULTILINE)
_UPDATED = re.compile(r"^<updated>([^<]+)</updated>$", re.MULTILINE)


class Entry(NamedTuple):
    """An entry as XML, the page that it links to, and its moment in seconds since 1970."""

    moment: int
    file: str
    text: str

    @property
    def order(self) -> tuple[int, str]:
        return -self.moment, self.file


def feed(
    files: Iterable[str],
    made: Callable[[str], list[Entry]],
    *,
    before: str,
    settled: Collection[str],
    site: str,
    now: datetime,
) -> str:
    """The feed.

    Args:
        files: the pages of its competitions and series.
        made: gives the entries since `now - REACH`, the newest first, for a page.
        before: the feed that is in the folder; empty: there is none.
        settled: the pages whose entries there are up to date.
        site: its title.
        now: the time of an empty feed.
    """
    files, since = list(files), int((now - REACH).timestamp())
    old = [Entry(_unix(found[2]), found[1], found[0]) for found in _ENTRY.finditer(before)]

    def gathered(settled: Collection[str]) -> list[Entry]:
        found = [each for each in old if each.file in settled and each.moment > since]
        for file in files:
            if file not in settled:
                found += made(file)
        # Those of one page stay in their order.
        return sorted(found, key=lambda each: each.order)[:MOST]

    entries = gathered(settled if before else ())
    # A feed that was full may lack older entries of settled pages, which there is room for now.
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


def of_competition(items: list[Item]) -> list[Entry]:
    """The entries of a competition.

    Args:
        items: what moved there, the newest first.
    """
    return [
        _entry(item, item.movement.moment, page_name(item.competition.slug), item.competition.shown_title)
        for item in news.chosen(items, None)[:MOST]
    ]


def of_series(page: SeriesPage) -> list[Entry]:
    """The entries of a series: who leads it."""
    return [_entry(item, item.moment, page.file, page.name) for item in page.leads]


def _entry(item: Item | LeadNews, moment: int, file: str, name: str) -> Entry:
    at = clock.from_unix(moment)
    return Entry(moment, file, pages.xml("entry.xml", item=item, at=at, file=file, name=name))


def _unix(text: str) -> int:
    return int(clock.parse_iso(text).timestamp())


def _new_id() -> str:
    import uuid  # for the first feed of a folder only

    return f"urn:uuid:{uuid.uuid4()}"
