"""The tables of all commands except `show SLUG`: competitions, people, news, history, status."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.output.board_table import moved
from kagsync.output.chart import Series, chart
from kagsync.output.terminal import DOWN, UP, Column, Lines, Table, moment, signed
from kagsync.output.wording import ends, phase_since, phase_words
from kagsync.standings import lifecycle
from kagsync.standings.sentences import counted, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from rich.text import Text

    from kagsync.queries.history import Row, Rows, Timeline
    from kagsync.queries.news import Item
    from kagsync.queries.overview import Overview
    from kagsync.queries.status import Health, Status
    from kagsync.standings.shake_up import ShakeUp
    from kagsync.store.records import Competition, User

_LINES_IN_A_CHART = 10
_LATEST = 40  # changes that a terminal shows under the chart
_NO_COMPETITION = "No competition is tracked yet: kagsync competitions add SLUG"


def overview(found: list[Overview], now: datetime, zone: tzinfo | None = UTC) -> Table:
    """One line a competition, and what is wrong with some of them.

    Args:
        zone: of the times; None: the machine's.
    """

    def person(each: Overview) -> str:
        return each.best.shown_name if each.best is not None and each.best_rank is not None else ""

    columns: list[Column[Overview]] = [
        Column("Competition", lambda each: each.competition.slug, shrink=30, style="bold"),
        Column("Title", lambda each: each.competition.title or "", keep=20, shrink=16),
        Column(
            "Ours", lambda each: f"{each.on_board} of {each.on_board + each.left + each.missing}", right=True
        ),
        Column("Best", lambda each: _number(each.best_rank) or "–", right=True, keep=80),
        Column("Person", person, keep=60, sparse=True, shrink=14),
        Column("Moved", lambda each: _rose_and_fell(each.rose, each.fell), keep=65, sparse=True),
        Column("Teams", lambda each: _number(each.competition.team_count), right=True, keep=50),
        Column("Ends", lambda each: _ends(each.competition, now), keep=55, sparse=True),
        Column("Board", lambda each: _ago(each.competition.snapshot_at, now), right=True, keep=40),
        Column("Last sync", lambda each: _last_good(each.competition, now), right=True, keep=70),
        Column("State", lambda each: _state(each, now, zone), keep=90, shrink=14),
    ]
    below = [] if found else [_NO_COMPETITION]
    for each in found:
        slug = each.competition.slug
        if until := each.competition.rests_until(now):
            below.append(_rests(slug, until, zone))
        if each.last_error is not None:
            at, message = each.last_error
            below.append(f"{slug} failed {clock.since(at, now)}: {message}")
    return Table(columns, found, below=below)


def _state(each: Overview, now: datetime, zone: tzinfo | None) -> str:
    if not each.competition.active:
        return "paused"
    if each.competition.rests_until(now):
        return "rests"
    if each.last_error is not None:
        return "failed"
    if each.phase.name != lifecycle.RUNNING:
        return phase_words(each.competition, each.phase, zone)
    return "ok" if each.competition.synced_at else "not synced yet"


def _rests(slug: str, until: datetime, zone: tzinfo | None = UTC) -> str:
    return f"{slug} rests until {moment(until, zone)}: Kaggle asked to wait (429)"


def _rose_and_fell(rose: int, fell: int) -> str:
    return " ".join(f"{mark}{count}" for mark, count in ((UP, rose), (DOWN, fell)) if count)


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _ago(when: datetime | None, now: datetime) -> str:
    return "" if when is None else clock.ago(when, now)


def _last_good(competition: Competition, now: datetime) -> str:
    return "never" if competition.synced_at is None else clock.since(competition.synced_at, now)


def competitions(found: list[Overview], now: datetime) -> Table:
    """The tracked competitions."""
    phases = {each.competition.id: each.phase for each in found}

    def state(each: Competition) -> str:
        if not each.active:
            return "paused"
        phase = phases[each.id]
        return "active" if phase.name == lifecycle.RUNNING else phase_words(each, phase)

    columns: list[Column[Competition]] = [
        Column("Competition", lambda each: each.slug, style="bold"),
        Column("Title", lambda each: each.title or "", keep=30, shrink=16),
        Column("On Kaggle", lambda each: each.kaggle_id if each.is_linked else "not linked", keep=60),
        Column("State", state, keep=80),
        Column("Deadline", lambda each: (each.deadline or "")[:10], keep=40),
        Column("Metric", lambda each: each.metric or "", keep=20, shrink=12),
        Column("Last sync", lambda each: _last_good(each, now), right=True, keep=70),
    ]
    tracked = [each.competition for each in found]
    return Table(columns, tracked, below=[] if found else [_NO_COMPETITION])


PEOPLE: list[Column[User]] = [
    Column("Username", lambda user: user.handle, keep=110, style="bold"),
    Column("Name", lambda user: user.name or "", keep=60, shrink=14),
    Column("Group", lambda user: user.group or "", keep=50, shrink=10),
]


def users(roster: list[User], *, archived: bool = False) -> Table:
    """The tracked people, or the archived ones."""
    who, *details = PEOPLE
    if any(user.username is None for user in roster):
        who = replace(who, title="Handle")
    columns = [
        who,
        *details,
        Column("Student id", lambda user: user.student_id or "", keep=40),
        Column("Team", lambda user: user.team or "", keep=30, shrink=12),
        Column("Pseudonym", lambda user: user.pseudonym, keep=20),
    ]
    nobody = (
        "No such people are archived" if archived else "Nobody is tracked yet: kagsync users add USERNAME"
    )
    return Table(columns, roster, below=[] if roster else [nobody])


class BelowNews(NamedTuple):
    """What is told below the news.

    Attributes:
        shaken: the shake-ups of whole boards.
        drifted: how many people moved only because of others, by competition.
        first_boards: the first board of each competition with a shorter history than was asked for.
    """

    shaken: Sequence[tuple[Competition, ShakeUp]] = ()
    drifted: Mapping[str, int] = MappingProxyType({})
    first_boards: Mapping[str, datetime] = MappingProxyType({})


def news(items: list[Item], below: BelowNews, *, several: bool) -> Lines:
    """Sentences, the newest first.

    Args:
        several: name the competition in each line.
    """
    columns: list[Column[Item]] = [
        Column("At", lambda item: at(item.movement.moment)),
        Column("Competition", lambda item: item.competition.slug),
        Column("News", lambda item: item.sentence),
    ]
    lines = [
        [
            (f"{at(item.movement.moment)}  ", "dim"),
            (f"{item.competition.slug}  " if several else "", "cyan"),
            (item.who, "bold"),
            (item.sentence.removeprefix(item.who), ""),
        ]
        for item in items
    ]
    notes = _below_news(below, several=several)
    if not items and not below.drifted:
        notes.insert(0, "Nothing moved")
    lines += [[(line, "dim" if items else "")] for line in notes]
    return Lines(lines, Table(columns, items, below=notes))


def _below_news(below: BelowNews, *, several: bool) -> list[str]:
    def about(slug: str, text: str) -> str:
        return f"{slug}: {text}" if several else text

    notes = []
    if below.shaken:
        from kagsync.standings import shake_up  # most competitions are running

        notes += [about(competition.slug, shake_up.words(found)) for competition, found in below.shaken]
    notes += [
        about(slug, f"{count:,} moved only because of others: --all") for slug, count in below.drifted.items()
    ]
    notes += [
        about(slug, f"compared with the first board, from {moment(first)}")
        for slug, first in below.first_boards.items()
    ]
    return notes


@dataclass(frozen=True)
class History:
    """Changes over time: a terminal shows a chart and the latest ones, everything else shows all.

    Only the chart needs all changes in memory, as (moment, rank).
    """

    found: Timeline

    @property
    def _pair(self) -> bool:
        return len(self.found.rows.users) == 2

    def tables(self) -> list[Table]:
        return [_changes(self.found.rows, pair=self._pair)]

    def lines(self, width: int | None) -> Iterable[Text]:
        if width is None:
            return _changes(self.found.rows, pair=self._pair).lines(None)
        latest: deque[Row] = deque(maxlen=_LATEST)
        points: dict[User, list[tuple[int, int | None]]] = {}  # two people may have one name
        for row in self.found.rows:
            latest.append(row)
            points.setdefault(row.user, []).append((row.moment, row.standing.rank if row.standing else None))
        earlier = sum(map(len, points.values())) - len(latest)
        below = _changes(list(latest), pair=self._pair, earlier=earlier).lines(width)
        has_unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
        drawn = chart(*_series(self.found.competition, points), width) if has_unicode else []
        return [*drawn, type(drawn[0])(), *below] if drawn else below


def _changes(rows: Rows | list[Row], *, pair: bool, earlier: int = 0) -> Table:
    """A table of changes.

    Args:
        pair: whether they are of two people, who are compared.
        earlier: how many earlier changes are left out.
    """
    columns: list[Column[Row]] = [
        Column("At", lambda row: at(row.moment), style="dim"),
        Column("Person", lambda row: row.user.shown_name, shrink=14),
        Column(
            "Rank", lambda row: _number(row.standing and row.standing.rank) or "–", right=True, style="bold"
        ),
        Column("Moved", lambda row: moved(row.movement), right=True, keep=95, style=signed),
        Column(
            "Score", lambda row: (row.standing.score_text or "–") if row.standing else "", right=True, keep=90
        ),
        *([Column("Gap", _lead, keep=92)] if pair else []),
        Column("Subs", _submissions, right=True, keep=50),
        Column("What", lambda row: words(row.movement) if row.movement else "", keep=80, shrink=20),
        Column("Team", lambda row: row.standing.team_name if row.standing else "", keep=40, shrink=12),
    ]
    below = [] if rows else ["No changes"]
    if earlier:
        below.append(f"{earlier:,} earlier changes are not shown; all of them: --format csv")
    return Table(columns, rows, below=below)


def _lead(row: Row) -> str:
    """How far one of two people is ahead of the other: `3 places ahead, 0.00120`."""
    if row.lead is None or row.standing is None or row.lead.places is None:
        return ""
    count = abs(row.lead.places)
    if not count:
        return "the same place"
    way = "ahead" if row.lead.places > 0 else "behind"
    decimals = len((row.standing.score_text or "").partition(".")[2])
    score = "" if row.lead.score is None else f", {abs(row.lead.score):.{decimals}f}"
    return f"{counted(count, 'place')} {way}{score}"


def _submissions(row: Row) -> str:
    count = row.standing.submission_count if row.standing else None
    return "" if count is None else str(count)


def _series(
    competition: Competition, points: dict[User, list[tuple[int, int | None]]]
) -> tuple[list[Series], int]:
    """The ranks of the best people over time, and the moment up to which the last ones hold."""
    lines = [Series(user.shown_name, ranks) for user, ranks in points.items()]
    lines.sort(key=lambda line: (line.points[-1][1] is None, line.points[-1][1] or 0))
    applied = competition.snapshot_at
    last = max((ranks[-1][0] for ranks in points.values()), default=0)
    return lines[:_LINES_IN_A_CHART], max(last, int(applied.timestamp()) if applied else 0)


def at(seconds: int) -> str:
    """A board's moment (seconds since 1970) for people."""
    return clock.utc(seconds).strftime("%Y-%m-%d %H:%M")


def status(found: Status) -> Table:
    """How fresh everything is."""
    now = found.now
    columns: list[Column[Health]] = [
        Column("Competition", lambda health: health.competition.slug, style="bold", shrink=14),
        Column("State", lambda health: health.state.replace("-", " ")),
        Column("Phase", _phase, keep=60),
        Column("Last good sync", lambda health: _last_good(health.competition, now), right=True, keep=90),
        Column(
            "Failures",
            lambda health: f"{health.failures.count} in a row" if health.failures else "",
            right=True,
            keep=80,
        ),
        Column("Ends", lambda health: "" if _phase(health) else _ends(health.competition, now), keep=40),
    ]
    below = []
    for health in found.competitions:
        slug = health.competition.slug
        if health.rests_until is not None:
            below.append(_rests(slug, health.rests_until))
        if (failures := health.failures) is not None:
            below.append(f"{slug} failed {clock.since(failures.at, now)}: {failures.message}")
    facts = [f"{found.database}, {found.bytes:,} bytes"]
    if (soonest := found.next_deadline) is not None:
        facts.append(f"next deadline: {soonest.slug} {ends(soonest, now)}")
    return Table(columns, found.competitions, title=found.summary, facts=facts, below=below)


def _ends(competition: Competition, now: datetime) -> str:
    return ends(competition, now).removeprefix("ends ")


def _phase(health: Health) -> str:
    return "" if health.phase.name == lifecycle.RUNNING else phase_since(health.phase)
