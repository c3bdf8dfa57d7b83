"""What the files of a report are made of, as people are named there. Each competition is gathered once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.errors import UsageError
from kagsync.queries import board, news
from kagsync.queries import series as series_query
from kagsync.report import chart, slope
from kagsync.report.folder import page_name
from kagsync.report.pages import Page
from kagsync.report.series import SeriesPage
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kagsync.queries.board import BoardView
    from kagsync.queries.news import Item
    from kagsync.report.chart import Chart
    from kagsync.report.naming import Naming
    from kagsync.report.series import Listed
    from kagsync.report.slope import Slope
    from kagsync.report.write import Content
    from kagsync.standings.movements import Movement
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

_CHARTED = timedelta(days=365)


class Gathered:
    """What is known of competitions for a report.

    Args:
        people: whom to show, as they are named there.
        content: what the site shows.
        now: the time of the report.
        series: those that have a page.
    """

    def __init__(
        self,
        store: Store,
        people: list[User],
        content: Content,
        naming: Naming,
        now: datetime,
        series: Sequence[Listed] = (),
    ) -> None:
        self._store, self._people, self._content = store, people, content
        self._naming, self._series = naming, series
        self.now = now
        self._pages: dict[str, Page] = {}
        self._series_pages: dict[str, SeriesPage] = {}

    @property
    def site(self) -> str:
        """The site's title."""
        return self._content.site

    def page(self, competition: Competition) -> Page:
        """What a competition's page shows."""
        if competition.slug not in self._pages:
            self._pages[competition.slug] = self._gather(competition)
        return self._pages[competition.slug]

    def _gather(self, competition: Competition) -> Page:
        since = self.now - self._content.since

        def of(board_name: str, race: Page | None = None) -> Page:
            # The index says who was never seen on any board.
            view = board.board(
                self._store, competition.slug, self._people, lambda _: since, [], board=board_name
            )
            items = self._items([view.competition], view.since)
            file = page_name(competition.slug)
            named = self._naming.view(view)
            return Page(named, items, file, self.now, self._content.site, race, self.part_of(competition))

        if self._content.shown_board != FINAL:
            return of(self._content.shown_board)
        return of(PRIVATE, race=of(PUBLIC)) if competition.has_result else of(PUBLIC)

    def items(self, competition: Competition, since: datetime) -> list[Item]:
        """What moved since a time on the boards that the page shows, the newest first."""
        if self._content.shown_board == FINAL:
            return self._items(news.on_both_boards(self._store, [competition]), since)
        return self._items([self._store.competitions.on(competition, self._content.shown_board)], since)

    def _items(self, competitions: list[Competition], since: datetime) -> list[Item]:
        everybody = self._naming.everybody
        found = news.news(self._store, competitions, self._people, lambda _: since, everybody=everybody)
        return self._naming.items(found)

    def part_of(self, competition: Competition) -> list[tuple[str, str]]:
        """The series with pages that a competition is part of: each name and file."""
        return [(each.series.name, each.file) for each in self._series if each.has(competition)]

    def series(self, listed: Listed) -> SeriesPage:
        """What the page of a series shows."""
        if listed.file not in self._series_pages:
            self._series_pages[listed.file] = self._gather_series(listed)
        return self._series_pages[listed.file]

    def _gather_series(self, listed: Listed) -> SeriesPage:
        store, series = self._store, listed.series
        past = series_query.PastTotals(store, series, self.now)
        page = SeriesPage(
            listed,
            past,
            people={user.id: self._naming.user(user) for user in series_query.people(store, series)},
            competitions={
                competition.id: competition
                for part in series.parts
                if (competition := store.competitions.by_id(part.competition_id)) is not None
            },
            now=self.now,
            site=self._content.site,
        )
        try:
            since, until = self.now - self._content.since, clock.horizon(self.now)
            found = series_query.standings(store, series, self.now, since, until=until)
        except UsageError as error:
            page.problem = error.message
            return page
        page.view = self._naming.series(found)
        page.lead = series_query.lead(store, page.view, past)
        page.shown = page.view.only(self._people).rows
        return page

    def chart(self, page: Page) -> Chart | None:
        """The chart of a page's public board in the last year; None if there is nothing to draw."""
        return _chart(self._store, page.public.view, self.now) if page.public else None


def slope_of(view: BoardView) -> Slope | None:
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
    first = store.snapshots.first(competition.id)
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
