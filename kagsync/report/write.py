"""`kagsync report`: a small web site of static pages, one for each competition and an index.

Pages need nothing else: they can be opened from disk, put on a shared drive or served by any web server, and
load nothing from the network. Each is replaced in one step, and only if its content has changed.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kagsync.errors import from_os_error
from kagsync.queries import board, news, unseen
from kagsync.report import chart, pages, slope
from kagsync.report.folder import (
    INDEX,
    Head,
    Privacy,
    Writer,
    page_heads,
    page_name,
    refuse_others,
    remove,
    strictest,
)
from kagsync.report.naming import Naming
from kagsync.standings.lifecycle import FINISHED
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC
from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from pathlib import Path

    from kagsync.queries.board import BoardView
    from kagsync.report.chart import Chart
    from kagsync.report.pages import Page
    from kagsync.report.slope import Slope
    from kagsync.standings.movements import Movement
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

# A page shows the time of the last good sync and warns after an hour, so it is written at least this often.
_FRESHNESS = timedelta(minutes=15)
_FRESHNESS_OF_FINISHED = timedelta(days=1)  # it warns of nothing, but compares with a day ago
_CHARTED = timedelta(days=365)


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
        noun = f"{total} page{'' if total == 1 else 's'}"
        return f"Report: {self.index} ({noun}, {self.written} written)"


@dataclass(frozen=True)
class Content:
    """What a site shows.

    Attributes:
        slugs: which competitions; None: all, and pages of those that are no longer tracked are removed.
        title: of the site; None: a usual one.
        group: only the people of this group.
        board: public, private, or final: the private board, if there is one, above the public one.
        since: how far back the pages compare.
        names: how people are named, a word of `NAMES`.
        searchable: whether search engines may list the pages. None, here and for `names`: as on the pages
            that are in the folder; in a new folder real names and not searchable.
    """

    slugs: Iterable[str] | None = None
    title: str | None = None
    group: str | None = None
    board: str = FINAL
    since: timedelta = timedelta(hours=24)
    names: str | None = None
    searchable: bool | None = None

    @property
    def site(self) -> str:
        """The site's title."""
        return self.title or (f"{self.group}: leaderboards" if self.group else "Leaderboards")

    def privacy(self, heads: Collection[Head]) -> Privacy:
        """What the pages tell strangers.

        Args:
            heads: of the pages that are in the folder.
        """
        before = strictest(heads)
        return Privacy(
            before.names if self.names is None else self.names,
            before.searchable if self.searchable is None else self.searchable,
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
    everybody = store.users.all()
    users = everybody if content.group is None else store.users.in_group(content.group)
    tracked = store.competitions.all()
    competitions = (
        tracked
        if content.slugs is None
        else [store.competitions.get(slug) for slug in dict.fromkeys(content.slugs)]
    )
    competitions = sorted(competitions, key=lambda each: each.by_end(now))
    files = [page_name(each.slug) for each in competitions]
    counts = {True: 0, False: 0}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        heads = page_heads(folder)
        refuse_others(folder / file for file in (INDEX, *sorted(files)) if file not in heads)
        privacy = content.privacy(heads.values())
        naming = Naming(privacy.names, everybody)
        # Pages of other competitions: all of them, or those that tell more or less than this report does.
        others = {file for file, head in heads.items() if content.slugs is None or head.privacy != privacy}
        others -= {INDEX, *files}
        rewritten = [each for each in tracked if page_name(each.slug) in others]
        people = naming.people(users)
        common = _common(store, content, privacy, people)
        made: dict[str, Page] = {}

        def page(competition: Competition) -> Page:
            if competition.slug not in made:
                made[competition.slug] = _page(store, competition, people, now, content, naming)
            return made[competition.slug]

        with contextlib.ExitStack() as stack:
            write = Writer(folder, stack)
            keys: dict[str, str] = {}
            changed = set()
            for competition in (*competitions, *rewritten):
                file = page_name(competition.slug)
                keys[file] = key = _key(store, competition, common, now)
                most = _most_age(competition, now)
                new = always or not _fresh(folder / file, heads.get(file), key, now, most)
                if new:
                    shown = page(competition)
                    ranks = _chart(store, shown.public.view, now) if shown.public else None
                    head = Head(key, privacy)
                    write(file, pages.competition(shown, ranks, _slope(shown.view), head))
                    changed.add(file)
                counts[new] += 1
            key = _hash(common, [keys[file] for file in files])
            most = min((_most_age(each, now) for each in competitions), default=_FRESHNESS)
            new = always or counts[True] > 0 or not _fresh(folder / INDEX, heads.get(INDEX), key, now, most)
            if new:
                # If a page stays, its card on the index stays too.
                is_like = INDEX in heads and heads[INDEX].privacy == privacy
                known = _cards(folder / INDEX, {*files} - changed) if is_like else {}
                cards = [known.get(page_name(each.slug)) or pages.card(page(each)) for each in competitions]
                never_seen = naming.unseen(unseen.unseen(store, users))
                write(INDEX, pages.index(cards, never_seen, content.site, Head(key, privacy)))
            counts[new] += 1
        gone = remove(folder, others - keys.keys())
    except OSError as error:
        raise from_os_error(error, f"write the report in {folder}") from error
    return Written(folder / INDEX, counts[True], counts[False], gone)


def _page(
    store: Store, competition: Competition, users: list[User], now: datetime, content: Content, naming: Naming
) -> Page:
    def of(board_name: str, race: Page | None = None) -> Page:
        # The index says who was never seen on any board.
        view = board.board(
            store, competition.slug, users, lambda _: now - content.since, [], board=board_name
        )
        since, everybody = view.since, naming.everybody
        items = news.news(store, [view.competition], users, lambda _: since, everybody=everybody)
        file = page_name(competition.slug)
        return pages.Page(naming.view(view), naming.items(items), file, now, content.site, race)

    if content.board != FINAL:
        return of(content.board)
    return of(PRIVATE, race=of(PUBLIC)) if competition.has_result else of(PUBLIC)


def _slope(view: BoardView) -> Slope | None:
    """The chart from the public to the private board; None if there is nothing to draw."""
    if not view.is_private:
        return None
    people = []
    for line in view.on_board:
        if (rank := line.entry.standing.rank) is not None:
            public = line.public and line.public.rank
            people.append(slope.Person(line.user.handle, line.user.shown_name, public, rank))
    return slope.draw(people)


def _chart(store: Store, view: BoardView, now: datetime) -> Chart | None:
    """The chart of the last year; None if there is nothing to draw."""
    competition = view.competition
    until = int((competition.snapshot_at or now).timestamp())
    since = until - int(_CHARTED.total_seconds())
    first = store.history.first_board(competition.id)
    since = max(since, first) if first is not None else since
    people = [*view.on_board, *view.left]
    bucket = chart.bucket(since, until, len(people))
    lines = [
        chart.Line(
            each.user.handle,
            each.user.shown_name,
            store.history.rank_points(competition.id, each.user.id, since, bucket),
            _before(each.movement),
        )
        for each in people
    ]
    return chart.draw([line for line in lines if line.points], until)


def _before(movement: Movement | None) -> int | None:
    """The rank before a movement of the person's own."""
    if movement is None or movement.before is None or not movement.own:
        return None
    return movement.before.rank


def _common(store: Store, content: Content, privacy: Privacy, people: list[User]) -> str:
    """A hash of all that the pages' content depends on, whatever the competition.

    The roster's version stands for what is removed with a person from the history of others.
    """
    return _hash(__version__, content.site, content.board, privacy, store.users.roster_version(), people)


def _key(store: Store, competition: Competition, common: str, now: datetime) -> str:
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
        competition.deadline,
        competition.active,
        competition.direction,
        competition.awards_medals,
        competition.resting_until,
        error and error[1],
    )


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _most_age(competition: Competition, now: datetime) -> timedelta:
    """How old the freshness on a competition's page may be."""
    return _FRESHNESS_OF_FINISHED if competition.phase(now).name == FINISHED else _FRESHNESS


def _fresh(path: Path, head: Head | None, key: str, now: datetime, most: timedelta) -> bool:
    """Whether a page has this content and is at most so old."""
    return (
        head is not None
        and head.key == key
        and -60 < now.timestamp() - path.stat().st_mtime < most.total_seconds()
    )


def _cards(index: Path, files: set[str]) -> dict[str, str]:
    """The cards of some files on an index.

    A page that is newer than the index, because an earlier run was killed between the two, has no card yet.
    """
    written = index.stat().st_mtime_ns
    cards = pages.cards(index.read_text(encoding="utf-8", errors="replace"))
    return {
        file: card
        for file, card in cards.items()
        if file in files and (index.parent / file).stat().st_mtime_ns <= written
    }
