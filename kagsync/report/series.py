"""What the page of a series shows, and the feed's entries about its lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock
from kagsync.output.series_table import gained, moved
from kagsync.queries import series as query
from kagsync.queries.series_words import change, lead_in_words, replaced
from kagsync.report import chart, lines
from kagsync.report.folder import page_name, series_names
from kagsync.scoring import words
from kagsync.scoring.rules import number
from kagsync.scoring.words import gap, points
from kagsync.standings.sentences import in_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from kagsync.queries.series import Lead, PastTotals, Point, Row, SeriesView
    from kagsync.report.chart import Chart
    from kagsync.scoring.series import Part, Series
    from kagsync.scoring.totals import Board, Scored
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

_DAY = timedelta(days=1)
_DAYS_TOLD = 14  # of the lead
_MOST_MOMENTS = 40  # of the chart
_CHARTED = 365  # days
_MOST_CHANGES = 100
_MOST_RESULTS = 4  # in each
_LEAD = "lead"


class Listed(NamedTuple):
    """A series that has a page, and the page's file."""

    series: Series
    file: str

    def has(self, competition: Competition) -> bool:
        """Whether a competition is part of it."""
        return any(part.competition_id == competition.id for part in self.series.parts)


def listed(store: Store, competitions: Collection[Competition], users: Collection[User]) -> list[Listed]:
    """The series with pages, by name: all of its competitions are in the report, and some of its people."""
    every = store.series.all()
    files, known = series_names(every), {each.id for each in competitions}
    return [
        Listed(each, files[each.id])
        for each in every
        if each.parts
        and known.issuperset(part.competition_id for part in each.parts)
        and any(each.group in (None, user.group) for user in users)
    ]


class LeadNews(NamedTuple):
    """Who led a series from the end of a day on, for the feed.

    Attributes:
        moment: in seconds since 1970.
    """

    id: str
    moment: int
    sentence: str
    reason: str = _LEAD

    @property
    def day(self) -> str:
        """The day (UTC) at whose end it was so."""
        return f"{clock.utc(self.moment - 1):%Y-%m-%d}"


class Result(NamedTuple):
    """What one competition gives to one person, as a cell.

    Attributes:
        points: empty: the person is not on its board.
    """

    points: str
    rank: str
    counts: bool


@dataclass
class SeriesPage:
    """What the page of a series shows.

    Attributes:
        view: the standings of all of its people, as pages name them; None: they are not known, see `problem`.
        shown: those of the people of the report.
        people: all people of the series, as pages name them, by id.
        competitions: of the series, by id.
    """

    listed: Listed
    past: PastTotals
    people: dict[int, User]
    competitions: dict[int, Competition]
    now: datetime
    site: str
    view: SeriesView | None = None
    shown: list[Row] = field(default_factory=list)
    lead: Lead | None = None
    problem: str = ""

    @property
    def series(self) -> Series:
        return self.listed.series

    @property
    def file(self) -> str:
        return self.listed.file

    @property
    def name(self) -> str:
        return self.series.name

    @property
    def facts(self) -> list[str]:
        """The rule in words."""
        return words.definition(self.series)

    @cached_property
    def led(self) -> str:
        """Who leads, and since when; empty: nobody has a result yet."""
        if self.lead is None or self.view is None:
            return ""
        return lead_in_words(self.view, self.lead, lambda user: user.shown_name)

    @property
    def heads(self) -> list[tuple[str, str]]:
        """The title and the weight of each competition."""
        return [
            (self._title(part), "" if part.weight == 1 else f"×{number(part.weight)}")
            for part in self.series.parts
        ]

    def _title(self, part: Part) -> str:
        competition = self.competitions.get(part.competition_id)  # None: it has just been removed
        return part.slug if competition is None else competition.shown_title

    @property
    def boards(self) -> list[tuple[str, str, Board | None]]:
        """Each competition's page, its title, and the board that counts; None: it has none yet."""
        boards = {} if self.view is None else self.view.boards
        return [
            (page_name(part.slug), self._title(part), boards.get(part.competition_id))
            for part in self.series.parts
        ]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The table's rows."""
        return [self._row(row) for row in self.shown]

    def _row(self, row: Row) -> dict[str, Any]:
        places = row.places or 0
        return {
            "user": row.user,
            "person": row.user.shown_name,
            "known_as": lines.known_as(row.user, ""),
            "place": f"{row.total.place:,}",
            "places": places,
            "moved": moved(row),
            "way": lines.way(places, None),
            "total": points(row.total.value),
            "gained": gained(row),
            "results": [_result(each) for each in row.total.results],
        }

    @cached_property
    def shows(self) -> set[str]:
        """The columns that are not empty."""
        shown = {name for row in self.rows for name, cell in row.items() if cell}
        return shown | ({"group"} if any(row.user.group for row in self.shown) else set())

    @property
    def only_best(self) -> str:
        """Which results count, in words."""
        return words.only_best(self.series.best)

    @property
    def leaves_out(self) -> bool:
        """Whether there are results that do not count."""
        return any(each.points and not each.counts for row in self.rows for each in row["results"])

    @cached_property
    def changes(self) -> list[tuple[str, str, str]]:
        """Whose place changed: the person, the places (`3 → 1`), and why."""
        return [(row.user.shown_name, *self._change(row)) for row in self.shown if row.places]

    def _change(self, row: Row) -> tuple[str, str]:
        assert self.view is not None
        places, _, why = change(self.view, row, most=_MOST_RESULTS).partition(", ")
        return places, why

    @property
    def replaced(self) -> list[str]:
        """Which private boards have replaced public ones."""
        return [] if self.view is None else [replaced(board) for board in self.view.replaced]

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """As many of the changes as fit."""
        return self.changes[:_MOST_CHANGES]

    @cached_property
    def leads(self) -> list[LeadNews]:
        """The changes of the lead at the ends of the last 14 days, the latest first.

        A day that has ended never says anything else, unless the series or an old board is changed.
        """
        ends = query.ends_of_days(self.now, _DAYS_TOLD + 1)
        found = self.past.at(ends)
        told = []
        for end, then, before in zip(ends, found, found[1:], strict=False):
            if then is None or before is None:
                continue
            leaders = query.leading(then) & self.people.keys()  # not who has just been removed
            if leaders and leaders != query.leading(before):
                moment = int(end.timestamp()) + 1
                name = f"series-{self.series.id}:{end:%Y-%m-%d}"
                told.append(LeadNews(name, moment, self._sentence(then, leaders)))
        return told

    def _sentence(self, then: dict[int, Point], leaders: set[int]) -> str:
        """`Lina leads Autumn 2026 with 143 points, 12 ahead of Bob`."""

        def named(keys: set[int]) -> str:
            return in_words(sorted(self.people[key].shown_name for key in keys))

        total = next(then[key].value for key in leaders)
        others = [each for key, each in then.items() if key not in leaders]
        text = f"{named(leaders)} {'leads' if len(leaders) == 1 else 'lead'} {self.name}"
        text += f" with {points(total)} point{'' if points(total) == '1' else 's'}"
        second = min((each.place for each in others), default=None)
        following = {key for key, each in then.items() if each.place == second} & self.people.keys()
        if not following:
            return text
        return f"{text}, {gap(total - max(each.value for each in others))} ahead of {named(following)}"


def _result(result: Scored) -> Result:
    if result.place is None or result.standing is None:
        return Result("", "", result.counts)
    return Result(points(result.points), f"{result.standing.rank:,}", result.counts)


def totals_chart(store: Store, page: SeriesPage) -> Chart | None:
    """The chart of the totals in the last year; None if there is nothing to draw.

    It shows the ends of at most 40 days, all of the last ones, and the latest totals. A total that is not
    known is a gap.
    """
    firsts = [store.snapshots.first(part.competition_id) for part in page.series.parts]
    known = [each for each in firsts if each is not None]
    if page.view is None or not known:
        return None
    begin = max(clock.utc(min(known)), page.now - _CHARTED * _DAY)
    most = max(min(_MOST_MOMENTS, chart.MOST_POINTS // max(len(page.shown), 1)), 2 * _DAYS_TOLD)
    ends = _ends(begin, page.now, most)
    found = page.past.at(ends)
    moments = [int(end.timestamp()) for end in ends]
    now = int(page.now.timestamp())

    def values(row: Row) -> Iterator[tuple[int, float | None]]:
        for moment, then in zip(moments, found, strict=True):
            total = then and then.get(row.user.id)
            yield moment, total.value if total and total.counted else None
        yield now, row.total.value if row.total.counted else None

    drawn = [chart.Line(row.user.handle, row.user.shown_name, list(values(row))) for row in page.shown]
    return chart.draw(drawn, now, totals=True)


def _ends(begin: datetime, until: datetime, most: int) -> list[datetime]:
    """The ends of at most so many days, the earliest first: each of the last ones, and some before.

    The last ones are known already, because they say who led.
    """
    last = query.ends_of_days(until, _DAYS_TOLD)
    days = max((last[-1] - begin) // _DAY, 0)
    step = max(-(-days // (most - _DAYS_TOLD)), 1)
    before = query.ends_of_days(last[-1] - (step - 1) * _DAY, days // step, step)
    return [end for end in (*last, *before) if end >= begin][::-1]
