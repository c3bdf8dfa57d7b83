"""`kagsync report`: a small web site of static pages, one for each competition and series, and an index.

Pages need nothing else: they can be opened from disk, put on a shared drive or served by any web server, and
load nothing from the network. Each is replaced in one step, and only if its content has changed. Beside them
are tables to embed, a feed, a calendar, and the standings for programs.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from kagsync.errors import from_os_error
from kagsync.queries import unseen
from kagsync.report import calendar, feed, pages, standings, strictest_names
from kagsync.report.folder import (
    CALENDAR,
    FEED,
    FEEDS,
    INDEX,
    STANDINGS,
    Head,
    Privacy,
    Writer,
    files_of,
    own_text,
    page_heads,
    page_name,
    refuse_others,
    remove,
    strictest,
)
from kagsync.report.gather import Gathered, slope_of
from kagsync.report.kept import Kept
from kagsync.report.naming import Naming
from kagsync.report.series import listed, totals_chart
from kagsync.standings.lifecycle import FINISHED
from kagsync.standings.sentences import counted
from kagsync.standings.which import FINAL, PRIVATE
from kagsync.store.report_options import ReportOptions
from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from datetime import datetime
    from pathlib import Path

    from kagsync.report.series import Listed
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

# A page shows the time of the last good sync and warns after an hour, so it is written at least this often.
_FRESHNESS = timedelta(minutes=15)
_NOTHING_SET = ReportOptions()
_FRESHNESS_OF_FINISHED = timedelta(days=1)  # it warns of nothing, but compares with a day ago


@dataclass(frozen=True)
class Written:
    """A finished report: the index, and how many pages were written, left unchanged and removed."""

    index: Path
    written: int
    unchanged: int
    removed: int

    @property
    def text(self) -> str:
        """The same as one line for people."""
        total = self.written + self.unchanged
        return f"Report: {self.index} ({counted(total, 'page')}, {self.written:,} written)"


@dataclass(frozen=True)
class Content:
    """What a site shows.

    Attributes:
        slugs: which competitions; None: all, and pages of those that are no longer tracked are removed.
        title: of the site; None: a usual one.
        group: only the people of this group.
        board: public, private, or final (None): the private board, if there is one, above the public one.
        since: how far back the pages compare.
        names: how people are named, a word of `NAMES`.
        searchable: whether search engines may list the pages. None, here and for `names`: as on the pages
            that are in the folder; in a new folder real names and not searchable.
        usual: what the database holds for what is not given here.
    """

    slugs: Iterable[str] | None = None
    title: str | None = None
    group: str | None = None
    board: str | None = None
    since: timedelta = timedelta(hours=24)
    names: str | None = None
    searchable: bool | None = None
    usual: ReportOptions = _NOTHING_SET

    def with_usual(self, usual: ReportOptions) -> Content:
        """The same with the options that the database holds. An empty title or group is none."""
        return replace(
            self,
            title=usual.title if self.title is None else self.title,
            group=(usual.group if self.group is None else self.group) or None,
            board=self.board or usual.board,
            usual=usual,
        )

    @property
    def shown_board(self) -> str:
        return self.board or FINAL

    @property
    def site(self) -> str:
        """The site's title."""
        return self.title or (f"{self.group}: leaderboards" if self.group else "Leaderboards")

    def privacy(self, heads: Collection[Head]) -> Privacy:
        """What the pages tell strangers. The usual options let pages tell less than before, but not more.

        Args:
            heads: of the pages that are in the folder.
        """
        before, usual = strictest(heads), self.usual
        names = strictest_names(before.names, usual.names)
        searchable = before.searchable
        if usual.search_engines is not None:
            searchable = usual.search_engines and (before.searchable or not heads)
        return Privacy(
            names if self.names is None else self.names,
            searchable if self.searchable is None else self.searchable,
        )


_EVERYTHING = Content()


def report(
    store: Store, folder: Path, now: datetime, content: Content = _EVERYTHING, *, always: bool = True
) -> Written:
    """Writes the pages of competitions and their index.

    Args:
        folder: where to write; created if it is missing.
        always: write every page; otherwise only those with changed content, or with old freshness.

    Raises:
        UnknownCompetition, UsageError: no such competition or group, or another file has a page's name.
        KagsyncError: the folder cannot be written.
    """
    if not gc.isenabled():  # templates leave reference cycles: 50 pages would take 120 MB instead of 70
        gc.freeze()  # what was there before need not be searched
        gc.enable()
    if content.group:
        store.users.in_group(content.group)  # says if there is none; that of the options may become empty
    content = content.with_usual(store.report_options.get())
    everybody = store.users.all()
    users = [user for user in everybody if content.group in (None, user.group)]
    tracked = store.competitions.all()
    competitions = (
        tracked
        if content.slugs is None
        else [store.competitions.get(slug) for slug in dict.fromkeys(content.slugs)]
    )
    competitions = sorted(competitions, key=lambda each: each.by_end(now))
    series = listed(store, competitions, users)
    files = [*(page_name(each.slug) for each in competitions), *(each.file for each in series)]
    needed = {INDEX, *FEEDS, *files, *(file for each in competitions for file in files_of(each.slug))}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        heads = page_heads(folder)
        refuse_others(folder / file for file in sorted(needed - heads.keys()))
        privacy = content.privacy(heads.values())
        naming = Naming(privacy.names, everybody)
        # Files of other competitions: all of them, or those that tell more or less than this report does.
        others = {file for file, head in heads.items() if content.slugs is None or head.privacy != privacy}
        others -= needed
        rewritten = [each for each in tracked if not others.isdisjoint(files_of(each.slug))]
        people = naming.people(users)
        common = _common(store, content, privacy, people)
        kept = Kept(folder, heads, privacy, now, always=always)
        gathered = Gathered(store, people, content, naming, now, series)
        with contextlib.ExitStack() as stack:
            write = Writer(folder, stack)
            for competition in (*competitions, *rewritten):
                own = files_of(competition.slug)
                key = _key(store, competition, common, gathered.part_of(competition), now)
                if kept.is_due(own, key, _most_age(competition, now)):
                    page, head = gathered.page(competition), Head(key, privacy)
                    write.if_changed(own[1], pages.embed(page, head))
                    write(own[0], pages.competition(page, gathered.chart(page), slope_of(page.view), head))
            everybody_named = _hash(naming.everybody) if series else ""
            for each in series:
                parts = [kept.keys[page_name(part.slug)] for part in each.series.parts]
                # It compares with a day ago, and says who led at the ends of days.
                key = _hash(everybody_named, each, parts, now.date())
                if kept.is_due((each.file,), key):
                    shown = gathered.series(each)
                    write(each.file, pages.series(shown, totals_chart(store, shown), Head(key, privacy)))
            key = _hash(common, [kept.keys[file] for file in files])
            most = min((_most_age(each, now) for each in competitions), default=_FRESHNESS)
            if kept.is_index_due(key, most):
                for file, text in _feeds(folder, competitions, series, gathered, kept.settled, privacy):
                    write.if_changed(file, text)
                # If a page stays, its card on the index stays too.
                known = kept.cards()
                cards = [
                    known.get(page_name(each.slug)) or pages.card(gathered.page(each))
                    for each in competitions
                ]
                of_series = [
                    known.get(each.file) or pages.series_card(gathered.series(each)) for each in series
                ]
                never_seen = naming.unseen(unseen.unseen(store, users))
                write(INDEX, pages.index(cards, never_seen, content.site, Head(key, privacy), of_series))
        for competition in rewritten:
            others.difference_update(files_of(competition.slug))
        gone = remove(folder, others)
    except OSError as error:
        raise from_os_error(error, f"write the report in {folder}") from error
    return Written(folder / INDEX, kept.counts[True], kept.counts[False], gone)


def _feeds(
    folder: Path,
    competitions: list[Competition],
    series: list[Listed],
    gathered: Gathered,
    covered: AbstractSet[str],
    privacy: Privacy,
) -> Iterator[tuple[str, str]]:
    """The files that are not pages, each with its text, one at a time: that of many people is large.

    Args:
        covered: the pages whose content is in these files as it is, if it is in there at all.
        privacy: what pages tell strangers.
    """
    by_file = {page_name(each.slug): each for each in competitions}
    series_by_file = {each.file: each for each in series}
    site, now = gathered.site, gathered.now
    known = standings.known(own_text(folder / STANDINGS))
    settled = known.keys() & covered
    people = (
        known[file] if file in settled else standings.of_page(gathered.page(each))
        for file, each in by_file.items()
    )
    totals = (
        known[file] if file in settled else standings.of_series(gathered.series(each))
        for file, each in series_by_file.items()
    )
    yield STANDINGS, standings.standings(people, totals, site, privacy)
    known.clear()

    def made(file: str) -> list[feed.Entry]:
        if file in series_by_file:
            return feed.of_series(gathered.series(series_by_file[file]))
        return feed.of_competition(gathered.items(by_file[file], now - feed.REACH))

    before = own_text(folder / FEED)
    files = (*by_file, *series_by_file)
    yield FEED, feed.feed(files, made, before=before, settled=settled, site=site, now=now)
    yield CALENDAR, calendar.calendar(competitions, site, own_text(folder / CALENDAR), now)


def _common(store: Store, content: Content, privacy: Privacy, people: list[User]) -> str:
    """A hash of all that the pages' content depends on, whatever the competition.

    The roster's version stands for what is removed with a person from the history of others.
    """
    return _hash(
        __version__, content.site, content.shown_board, privacy, store.users.roster_version(), people
    )


def _key(
    store: Store, competition: Competition, common: str, part_of: list[tuple[str, str]], now: datetime
) -> str:
    """A hash that changes whenever the page's content would, apart from its freshness."""
    error = store.runs.last_error(competition.id)
    private = store.competitions.on(competition, PRIVATE) if competition.has_result else None
    return _hash(
        common,
        competition.fingerprint,
        competition.snapshot_at,
        private and (private.fingerprint, private.snapshot_at),
        competition.phase(now),
        competition.title,
        competition.metric,
        competition.deadline,
        competition.merger_deadline,
        competition.new_entrant_deadline,
        competition.kaggle_competition_id,
        competition.active,
        competition.direction,
        competition.awards_medals,
        competition.resting_until,
        error and error[1],
        part_of,
    )


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _most_age(competition: Competition, now: datetime) -> timedelta:
    """How old the freshness on a competition's page may be."""
    return _FRESHNESS_OF_FINISHED if competition.phase(now).name == FINISHED else _FRESHNESS
