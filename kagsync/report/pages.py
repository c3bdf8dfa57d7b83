"""The HTML of the pages: what the templates need to know, and how they are filled in."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.output import board_table, wording
from kagsync.queries import board
from kagsync.report import lines
from kagsync.report.folder import CALENDAR, FEED, STANDINGS, embed_name
from kagsync.safe_text import printable
from kagsync.standings import lifecycle, sentences, shake_up
from kagsync.standings.movements import FINAL, IMPROVED, MERGED, NEW
from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jinja2 import Environment

    from kagsync.queries.board import BoardView
    from kagsync.queries.news import Item
    from kagsync.report.chart import Chart
    from kagsync.report.folder import Head
    from kagsync.report.series import SeriesPage
    from kagsync.report.slope import Slope
    from kagsync.standings.lifecycle import Phase
    from kagsync.store.records import User

_HERE = Path(__file__).parent
_OLD = timedelta(hours=1)  # a page says in red when a sync is overdue by this
# Results, and what people did themselves. The index has sentences about these, and only counts the others.
_DOINGS = (FINAL, IMPROVED, MERGED, NEW)
_MOST_NEWS = 200
_FEEDS = {FEED: "Feed", CALENDAR: "Calendar", STANDINGS: "JSON"}
_CARD = re.compile(
    r'^<li class="card(?: ended)?">\n<h2><a href="([^"]+)">.*?\n</li>'
    r'(?=\n<li class="card(?: ended)?">|\n</ul>\n(?:</?section|</main>))',
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Page:
    """What a page shows about one board of a competition.

    Attributes:
        race: the public board, below a private one; None: the page shows one board only.
        series: the series that the competition is part of, each by its name and file.
    """

    view: BoardView
    items: list[Item]
    file: str
    now: datetime
    site: str
    race: Page | None = None
    series: Sequence[tuple[str, str]] = ()

    @property
    def name(self) -> str:
        return self.view.competition.shown_title

    @property
    def embed(self) -> str:
        """The file of its table alone."""
        return embed_name(self.view.competition.slug)

    @property
    def public(self) -> Page | None:
        """What it shows about the public board."""
        return self.race if self.view.is_private else self

    @cached_property
    def phase(self) -> Phase:
        return self.view.competition.phase(self.now)

    @property
    def has_ended(self) -> bool:
        return self.phase.name != lifecycle.RUNNING

    @property
    def phase_words(self) -> str:
        """The phase of a competition that has ended, or how long until it ends."""
        competition = self.view.competition
        if self.has_ended:
            return wording.phase_words(competition, self.phase)
        return wording.ends(competition, self.now)

    @cached_property
    def old_after(self) -> timedelta | None:
        """How old a sync may be at the competition's own pace; None: no further sync is expected."""
        competition = self.view.competition
        if competition.has_result and not competition.is_linked:
            return None
        every = lifecycle.pace(competition.times(self.now), self.now)
        return None if every is None else every + _OLD

    @property
    def is_old(self) -> bool:
        synced = self.view.competition.synced_at
        return synced is None or (self.old_after is not None and self.now - synced > self.old_after)

    @property
    def doings(self) -> list[Item]:
        return [item for item in self.items if item.movement.reason in _DOINGS][:3]

    @cached_property
    def _news(self) -> list[Item]:
        """What is not in the table of the result already."""
        return [item for item in self.items if item.movement.reason != FINAL]

    @cached_property
    def _shown(self) -> list[Item]:
        """As much of it as fits: what people did themselves first."""
        return sorted(self._news, key=lambda item: not item.own)[:_MOST_NEWS]

    @cached_property
    def news(self) -> list[tuple[int, list[lines.Told]]]:
        """What people did themselves, by the moment at which a board showed it."""
        return lines.by_moment(item for item in self._shown if item.own)

    @cached_property
    def drift(self) -> list[tuple[int, list[lines.Told]]]:
        """The same of what only others did."""
        return lines.by_moment(item for item in self._shown if not item.own)

    @property
    def drifted(self) -> int:
        return sum(not item.own for item in self._news)

    @property
    def more_news(self) -> int:
        return len(self._news) - len(self._shown)

    @property
    def moved(self) -> tuple[int, int]:
        """How many rose and fell; of a private board, compared with the public one."""
        if self.view.is_private:
            return board.up_and_down(line.shake_up or 0 for line in self.view.on_board)
        return board.moved(line.movement for line in self.view.on_board)

    @property
    def shaken(self) -> str:
        """The shake-up of the whole board in words; empty: not known."""
        return "" if self.view.shake_up is None else shake_up.words(self.view.shake_up)

    @property
    def only_public(self) -> list[str]:
        """Who is on the public board but not on the private one."""
        if self.race is None:
            return []
        private = {line.user.id for line in (*self.view.on_board, *self.view.left)}
        return [
            wording.person_name(line.user) for line in self.race.view.on_board if line.user.id not in private
        ]

    @property
    def marked(self) -> bool:
        """Whether somebody was matched only by the name of the team."""
        return any(wording.mark(line) for line in self.view.on_board)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The table's rows."""
        return [lines.row(row) for row in board_table.rows(self.view, self.now)]

    @property
    def has_next(self) -> bool:
        """Whether anybody has something ahead: a person, a baseline or a medal."""
        return bool(self.shows & {"next_person", "next_baseline", "next_medal"})

    @cached_property
    def shows(self) -> set[str]:
        """The columns that are not empty."""
        shown = {name for row in self.rows for name, cell in row.items() if cell not in (None, "")}
        return shown | ({"group"} if any(line.user.group for line in self.view.on_board) else set())


def competition(page: Page, chart: Chart | None, slope: Slope | None, head: Head) -> str:
    """A competition's page.

    Args:
        chart: of the public board.
        slope: from the public to the private board.
    """
    several = any(len(each.rows) > 1 for each in (page, page.race) if each)
    return _of("competition.html", page, head, several=several, chart=chart, slope=slope)


def series(page: SeriesPage, chart: Chart | None, head: Head) -> str:
    """The page of a series.

    Args:
        chart: of the totals.
    """
    return _of("series.html", page, head, several=len(page.rows) > 1, chart=chart)


def _of(template: str, page: Page | SeriesPage, head: Head, *, several: bool, **content: Any) -> str:
    """A page with tables of people.

    Args:
        several: whether there is a table with several people, who can be sorted and filtered.
    """
    scripts = ("times.js", "people.js") if several else ("times.js",)
    return _render(
        template, scripts=scripts, several=several, page=page, site=page.site, head=head, **content
    )


def card(page: Page) -> str:
    """What the index says about a competition, as HTML."""
    return _environment().get_template("card.html").render(page=page)


def series_card(page: SeriesPage) -> str:
    """What the index says about a series, as HTML."""
    return _environment().get_template("series_card.html").render(page=page)


def cards(index: str) -> dict[str, str]:
    """The cards of an index, by the page's file. Names are escaped, so none looks like a card."""
    return {found[1]: found[0] for found in _CARD.finditer(index)}


def index(
    listed: list[str],
    never_seen: list[tuple[User, str]],
    site: str,
    head: Head,
    series: Sequence[str] = (),
) -> str:
    """The index of all competitions.

    Args:
        listed: their cards.
        never_seen: who was never seen on any board, each with a hint.
        series: the cards of the series.
    """
    import markupsafe

    return _render(
        "index.html",
        scripts=("times.js",),
        cards=[markupsafe.Markup(each) for each in listed],
        series=[markupsafe.Markup(each) for each in series],
        never_seen=never_seen,
        site=site,
        head=head,
    )


def embed(page: Page, head: Head) -> str:
    """The table of a page alone, for an iframe. It needs no script."""
    return _render("embed.html", style="embed.css", scripts=(), page=page, head=head)


def xml(template: str, **content: Any) -> str:
    """A part of a feed, or a whole one."""
    return _environment().get_template(template).render(**content)


def _render(template: str, *, scripts: Iterable[str], style: str = "style.css", **content: Any) -> str:
    css, javascript = _asset(style), "\n".join(map(_asset, scripts))
    return (
        _environment()
        .get_template(template)
        .render(
            **content,
            feeds=_FEEDS,
            feed=FEED,
            version=__version__,
            css=css,
            javascript=javascript,
            css_hash=_csp_hash(css),
            javascript_hash=_csp_hash(javascript),
        )
    )


@cache
def _asset(name: str) -> str:
    """A style or script without its comments and indentation, which every page would repeat."""
    found = (line.strip() for line in (_HERE / "templates" / name).read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in found if line and not line.startswith("//"))


def _csp_hash(text: str) -> str:
    """How a Content-Security-Policy names the only style or script that is allowed."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters["unbroken"] = lines.unbroken
    environment.filters["counted"] = sentences.counted
    environment.filters["left"] = wording.left
    environment.filters["iso"] = _iso
    environment.filters["person"] = wording.person_name
    return environment


def _harmless(value: object) -> object:
    """Makes control and bidi characters in names by strangers visible. Jinja escapes markup itself."""
    return printable(value) if type(value) is str else value


def _iso(moment: datetime | int | str) -> str:
    if isinstance(moment, str):
        return moment
    return clock.from_unix(moment) if isinstance(moment, int) else clock.iso(moment)
