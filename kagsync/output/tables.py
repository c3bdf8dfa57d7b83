"""The tables of `show`, `competitions list` and `users list`: what stands in which column."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.board.matching import TEAM_NAME
from kagsync.output.chart import Series, chart
from kagsync.output.terminal import DOWN, UP, Blocks, Column, Lines, Table, sparkline
from kagsync.queries import board as show
from kagsync.safe_text import printable
from kagsync.standings.movements import CAME_BACK, NEW
from kagsync.standings.sentences import brief, words

if TYPE_CHECKING:
    from rich.text import Text

    from kagsync.notify.targets import Listed
    from kagsync.queries.board import BoardView, Line
    from kagsync.queries.history import Timeline
    from kagsync.queries.news import Item
    from kagsync.queries.status import Status
    from kagsync.queries.unseen import Unseen
    from kagsync.standings.gaps import Gap
    from kagsync.standings.movements import Movement
    from kagsync.store.records import Competition, User

MARK = "*"  # behind a person who was matched by the team's name only
_NAMES_IN_A_LINE = 12
_LINES_IN_A_CHART = 10
_LATEST = 40  # changes that a terminal shows under the chart


def board(view: BoardView, now: datetime, *, group: str | None = None) -> Table:
    """One competition: who stands where, what moved, what is next, and who does not stand there.

    Args:
        group: the name of the group whose block this is; a title of its own then.
    """
    lines = view.on_board
    columns = [
        Column("Rank", right=True, style="bold"),
        Column("Moved", right=True, keep=95, style="dim", signed=True),
        Column("Top", right=True, keep=40, style="dim"),
        Column("Person", shrink=14),
        Column("Username", keep=30, style="cyan"),
        Column("Team", keep=50, shrink=12),
        Column("Score", right=True, keep=90, style="default"),
        Column("Change", right=True, keep=80, signed=True),
        Column("Subs", right=True, keep=45),
        Column("Last sub", right=True, keep=42),
        Column("Why", keep=85, shrink=14),
        Column("Next person", keep=70, shrink=17),
        Column("Next baseline", keep=60, shrink=17),
        Column("Next medal", keep=65, shrink=17),
        Column("Trend", keep=55, style="green"),
    ]
    rows = [list(cells(view, line, now)) for line in lines]
    below = _gaps_in_words(view, lines[0]) if len(lines) == 1 else []
    if any(_mark(line) for line in (*lines, *view.left)):
        below.append(f"{MARK} matched by the team's name only")
    if len(lines) > 1 and any(line.next_person or line.next_baseline or line.next_medal for line in lines):
        below.append("Next: the score still missing, and the places in brackets")
    below += [left(line) for line in view.left]
    if view.missing:
        below.append(f"Not on the board yet: {_people(view.missing)}")
    below += [f"{person_name(each.user)}: {each.told}" for each in view.unseen[:_NAMES_IN_A_LINE]]
    title, facts = _header(view, now)
    if group is not None:
        title = f"{group}: {title}"
    return Table(columns, rows, title, facts, below, _warning(view, now))


def groups(view: BoardView, now: datetime) -> Blocks:
    """One competition, in a block for each group."""
    if not view.groups:
        return Blocks([board(view, now)])
    return Blocks(
        [board(view.of_group(group), now, group=group or "Without a group") for group in view.groups]
    )


def _header(view: BoardView, now: datetime) -> tuple[str, list[str]]:
    competition = view.competition
    title = competition.title
    head = f"{title} ({competition.slug})" if title and title != competition.slug else competition.slug
    if competition.snapshot_at is None:
        return head, [f"No board yet: kagsync sync {competition.slug}"]
    ours = len(view.on_board)
    facts = [
        f"{competition.team_count or 0:,} teams, {ours} of ours",
        f"board of {_moment(competition.snapshot_at)} ({clock.since(competition.snapshot_at, now)})",
    ]
    if competition.synced_at is not None:
        facts.append(f"last good sync {clock.since(competition.synced_at, now)}")
    if deadline := ends(competition, now):
        facts.append(deadline)
    facts.append(f"compared with {_moment(view.since)}")
    if not competition.active:
        facts.append("paused")
    return head, facts


class Cells(NamedTuple):
    """One person's standing as text, in the order of the table's columns."""

    rank: str
    moved: str
    top: str
    person: str
    username: str
    team: str
    score: str
    change: str
    subs: str
    last_sub: str
    why: str
    next_person: str
    next_baseline: str
    next_medal: str
    trend: str


def cells(view: BoardView, line: Line, now: datetime) -> Cells:
    """What stands in a person's line; empty where there is nothing to say."""
    standing, movement = line.entry.standing, line.movement
    teams = view.competition.team_count
    submitted = standing.submission_date
    subs = str(standing.submission_count) if standing.submission_count is not None else ""
    if movement is not None and movement.submissions:
        subs += f" (+{movement.submissions})"
    return Cells(
        rank=f"{standing.rank:,}" if standing.rank is not None else "–",
        moved=_moved(movement),
        top=f"{standing.rank / teams:.1%}" if standing.rank and teams else "",
        person=f"{line.user.name or line.user.username}{_mark(line)}",
        username=line.user.username if line.user.name else "",
        team=standing.team_name if standing.team_name != line.user.name else "",
        score=standing.score_text or "–",
        change=_change(view, movement),
        subs=subs,
        last_sub=clock.ago(clock.parse_iso(submitted), now) if submitted else "",
        why=brief(movement) if movement else "",
        next_person=_gap(view, line.next_person),
        next_baseline=_gap(view, line.next_baseline),
        next_medal=_gap(view, line.next_medal) or (f"in {line.medal}" if line.medal else ""),
        trend=sparkline(line.ranks),
    )


def _moved(movement: Movement | None) -> str:
    """The places won or lost; "new" at the first sight, for then there is nothing to compare."""
    if movement is None:
        return ""
    if movement.reason in (NEW, CAME_BACK):
        return "new" if movement.reason == NEW else "back"
    places = movement.places or 0
    return f"{UP if places > 0 else DOWN}{abs(places):,}" if places else ""


def _change(view: BoardView, movement: Movement | None) -> str:
    """How the score changed, marked as better or worse, which is not the same as up or down."""
    if movement is None or movement.before is None or movement.after is None:
        return ""
    old, new = movement.before.score, movement.after.score
    if old is None or new is None or old == new:
        return ""
    mark = {True: UP, False: DOWN, None: ""}[show.score_is_better(view.competition, movement)]
    return f"{mark}{new - old:+.{_decimals(view)}f}"


def _gap(view: BoardView, gap: Gap | None) -> str:
    if gap is None:
        return ""
    score = "" if gap.score is None else f"{gap.score:.{_decimals(view)}f} "
    places = "" if gap.places is None else f"({gap.places:,}) "
    return f"{score}{places}{gap.to}"


def _gaps_in_words(view: BoardView, line: Line) -> list[str]:
    """What is ahead of one person, for a terminal too narrow for the columns."""
    told = []
    for what, gap in (
        ("person", line.next_person),
        ("baseline", line.next_baseline),
        ("medal", line.next_medal),
    ):
        if gap is not None:
            places = "" if gap.places is None else f", {gap.places:,} place{'' if gap.places == 1 else 's'}"
            score = "" if gap.score is None else f", {gap.score:.{_decimals(view)}f} in score"
            told.append(f"Next {what}: {gap.to}{places}{score}")
    return told


def _decimals(view: BoardView) -> int:
    """How many decimals Kaggle prints of this competition's scores."""
    texts = [line.entry.standing.score_text or "" for line in (*view.on_board, *view.left)]
    digits = [len(text.partition(".")[2]) for text in texts]
    return min(max(digits, default=0), 12)


def ends(competition: Competition, now: datetime) -> str:
    """How long until the deadline."""
    if not competition.deadline:
        return ""
    deadline = clock.parse_iso(competition.deadline)
    if deadline <= now:
        return "ended"
    return f"ends in {clock.span(max((deadline - now).total_seconds(), 60))}"


def left(line: Line) -> str:
    """Who left the board, when, and how they stood."""
    entry, standing = line.entry, line.entry.standing
    rank = f"rank {standing.rank:,}" if standing.rank is not None else "no rank"
    day = (entry.left_at or "")[:10]
    was = f"was {rank}, score {standing.score_text or '–'}"
    if line.deleted:
        was += ", the account was deleted"
    return f"{person_name(line.user)}{_mark(line)} left the board on {day} ({was})"


def _warning(view: BoardView, now: datetime) -> str:
    if until := view.competition.rests_until(now):
        return f"Rests until {_moment(until)}: Kaggle asked to wait (429)"
    if view.last_error is None:
        return ""
    at, message = view.last_error
    return f"The last sync failed {clock.since(at, now)}: {message}"


def overview(views: list[BoardView], now: datetime) -> Table:
    """One line a competition."""
    columns = [
        Column("Competition", shrink=20, style="bold"),
        Column("Title", keep=20, shrink=16),
        Column("Ours", right=True),
        Column("Best", right=True, keep=80),
        Column("Person", keep=60, shrink=14),
        Column("Moved", keep=65),
        Column("Teams", right=True, keep=50),
        Column("Ends", keep=55),
        Column("Board", right=True, keep=40),
        Column("Last sync", right=True, keep=70),
        Column("State", keep=90, shrink=10),
    ]
    rows = []
    for view in views:
        competition = view.competition
        best = next((line for line in view.on_board[:1] if line.entry.standing.rank is not None), None)
        everybody = len(view.on_board) + len(view.left) + len(view.missing)
        rows.append(
            [
                competition.slug,
                competition.title or "",
                f"{len(view.on_board)} of {everybody}",
                f"{best.entry.standing.rank:,}" if best else "–",
                (best.user.name or best.user.username) if best else "",
                " ".join(
                    f"{mark}{count}"
                    for mark, count in zip((UP, DOWN), show.moved(view), strict=True)
                    if count
                ),
                f"{competition.team_count:,}" if competition.team_count is not None else "",
                ends(competition, now).removeprefix("ends "),
                clock.ago(competition.snapshot_at, now) if competition.snapshot_at else "",
                _last_good(competition.synced_at, now),
                _state(view, now),
            ]
        )
    below = [] if views else ["No competition is tracked yet: kagsync competitions add SLUG"]
    return Table(columns, rows, below=below)


def _state(view: BoardView, now: datetime) -> str:
    if not view.competition.active:
        return "paused"
    if until := view.competition.rests_until(now):
        return f"rests until {_moment(until)}"
    if view.last_error is not None:
        return f"failed: {view.last_error[1]}"
    return "ok" if view.competition.synced_at else "not synced yet"


def person(views: list[BoardView], now: datetime) -> Table:
    """One user on every board."""
    columns = [
        Column("Competition", shrink=20, style="bold"),
        Column("Rank", right=True, style="bold"),
        Column("Moved", right=True, keep=95, style="dim", signed=True),
        Column("Top", right=True, keep=40, style="dim"),
        Column("Team", keep=60, shrink=12),
        Column("Score", right=True, keep=90, style="default"),
        Column("Change", right=True, keep=80, signed=True),
        Column("Subs", right=True, keep=30),
        Column("Last sub", right=True, keep=50),
        Column("Why", keep=85, shrink=14),
        Column("Next person", keep=44, shrink=17),
        Column("Next baseline", keep=42, shrink=17),
        Column("Next medal", keep=43, shrink=17),
        Column("Trend", keep=45, style="green"),
    ]
    rows, below = [], []
    if any(_mark(line) for view in views for line in (*view.on_board, *view.left)):
        below.append(f"{MARK} matched by the team's name only")
    for view in views:
        slug = view.competition.slug
        for line in view.on_board:
            rank, move, top, _, _, _, *rest = cells(view, line, now)
            rows.append([slug + _mark(line), rank, move, top, line.entry.standing.team_name, *rest])
        below += [f"{slug}: {left(line)}" for line in view.left]
    if absent := [view.competition.slug for view in views if view.missing]:
        below.append(f"Not on the board of: {', '.join(absent)}")
    below += [f"{person_name(each.user)}: {each.told}" for view in views[:1] for each in view.unseen]
    return Table(columns, rows, below=below)


def missing(competition: Competition, absent: list[User], unseen: list[Unseen]) -> Table:
    """Who has no entry in a competition."""
    told = {each.user.id: each.told for each in unseen}
    columns = [Column("Username", style="bold"), Column("Name"), Column("Group"), Column("Note", shrink=20)]
    rows = [[user.username, user.name or "", user.group or "", told.get(user.id, "")] for user in absent]
    count = f"{len(absent)} of ours without an entry" if absent else "everybody has an entry"
    return Table(columns, rows, title=f"{competition.slug}: {count}")


def news(items: list[Item], *, several: bool) -> Lines:
    """Sentences, the newest first.

    Args:
        several: name the competition in each line.
    """
    columns = [Column("At"), Column("Competition"), Column("News")]
    rows = [[at(item.movement.moment), item.competition.slug, item.sentence] for item in items]
    lines = [
        [
            (f"{at(item.movement.moment)}  ", "dim"),
            (f"{item.competition.slug}  " if several else "", "cyan"),
            (item.who, "bold"),
            (item.sentence.removeprefix(item.who), ""),
        ]
        for item in items
    ]
    below = [] if items else ["Nothing moved"]
    return Lines(lines or [[("Nothing moved", "")]], Table(columns, rows, below=below))


@dataclass(frozen=True)
class History:
    """Changes over time: a terminal shows a chart and the latest ones, everything else shows all."""

    found: Timeline

    def tables(self) -> list[Table]:
        return [timeline(self.found, latest=None)]

    def lines(self, width: int | None) -> list[Text]:
        if width is None:
            return timeline(self.found, latest=None).lines(None)
        below = timeline(self.found, latest=_LATEST).lines(width)
        has_unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
        drawn = chart(*series(self.found), width) if has_unicode else []
        return [*drawn, type(drawn[0])(), *below] if drawn else below


def timeline(found: Timeline, *, latest: int | None) -> Table:
    """Changes over time; only so many of the latest, if that is given."""
    columns = [
        Column("At", style="dim"),
        Column("Person", shrink=14),
        Column("Rank", right=True, style="bold"),
        Column("Moved", right=True, keep=95, style="dim", signed=True),
        Column("Score", right=True, keep=90),
        Column("Subs", right=True, keep=50),
        Column("What", keep=80, shrink=20),
        Column("Team", keep=40, shrink=12),
    ]
    shown = found.rows if latest is None else found.rows[-latest:]
    rows = []
    for row in shown:
        standing = row.standing
        rows.append(
            [
                at(row.moment),
                row.user.name or row.user.username,
                f"{standing.rank:,}" if standing and standing.rank is not None else "–",
                _moved(row.movement),
                (standing.score_text or "–") if standing else "",
                str(standing.submission_count) if standing and standing.submission_count is not None else "",
                words(row.movement) if row.movement else "",
                standing.team_name if standing else "",
            ]
        )
    below = []
    if not found.rows:
        below.append("No changes")
    elif more := len(found.rows) - len(shown):
        below.append(f"{more:,} earlier changes are not shown; all of them: --format csv")
    return Table(columns, rows, below=below)


def series(found: Timeline) -> tuple[list[Series], int]:
    """The ranks of the best people over time, and until when the last ones hold."""
    ways: dict[User, list[tuple[int, int | None]]] = {}  # two people may have one name
    for row in found.rows:
        points = ways.setdefault(row.user, [])
        points.append((row.moment, row.standing.rank if row.standing else None))
    lines = [Series(user.name or user.username, points) for user, points in ways.items()]
    lines.sort(key=lambda line: (line.points[-1][1] is None, line.points[-1][1] or 0))
    applied = found.competition.snapshot_at
    last = max((row.moment for row in found.rows), default=0)
    return lines[:_LINES_IN_A_CHART], max(last, int(applied.timestamp()) if applied else 0)


def at(moment: int) -> str:
    """A board's moment (seconds since 1970) for people."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


def competitions(views: list[BoardView], now: datetime) -> Table:
    """The tracked competitions."""
    columns = [
        Column("Competition", style="bold"),
        Column("Title", keep=30, shrink=16),
        Column("On Kaggle", keep=60),
        Column("State", keep=80),
        Column("Deadline", keep=40),
        Column("Metric", keep=20, shrink=12),
        Column("Last sync", right=True, keep=70),
    ]
    rows = [
        [
            view.competition.slug,
            view.competition.title or "",
            view.competition.kaggle_id if view.competition.is_linked else "not linked",
            "active" if view.competition.active else "paused",
            (view.competition.deadline or "")[:10],
            view.competition.metric or "",
            _last_good(view.competition.synced_at, now),
        ]
        for view in views
    ]
    below = [] if views else ["No competition is tracked yet: kagsync competitions add SLUG"]
    return Table(columns, rows, below=below)


def status(found: Status) -> Table:
    """How fresh everything is."""
    columns = [
        Column("Competition", style="bold", shrink=14),
        Column("State"),
        Column("Last good sync", right=True, keep=90),
        Column("Failures", right=True, keep=80),
        Column("Ends", keep=40),
    ]
    rows = [
        [
            health.competition.slug,
            health.state.replace("-", " "),
            _last_good(health.competition.synced_at, found.now),
            f"{health.failures.count} in a row" if health.failures else "",
            ends(health.competition, found.now).removeprefix("ends "),
        ]
        for health in found.competitions
    ]
    below = []
    for health in found.competitions:
        slug = health.competition.slug
        if health.rests_until is not None:
            below.append(f"{slug} rests until {_moment(health.rests_until)}: Kaggle asked to wait (429)")
        if health.failures is not None:
            below.append(
                f"{slug} failed {clock.since(health.failures.at, found.now)}: {health.failures.message}"
            )
    facts = [f"{found.database}, {found.bytes:,} bytes"]
    if (soonest := found.next_deadline) is not None:
        facts.append(f"next deadline: {soonest.slug} {ends(soonest, found.now)}")
    table = Table(columns, rows, title=found.summary, facts=facts)
    table.below += [printable(line) for line in below]
    return table


def _last_good(moment: datetime | None, now: datetime) -> str:
    return "never" if moment is None else clock.since(moment, now)


def targets(found: list[Listed]) -> Table:
    """Who is told of what."""
    columns = [
        Column("No.", right=True),
        Column("Channel", style="bold", shrink=24),
        Column("Label"),
        Column("Competition", keep=60, shrink=16),
        Column("Only", keep=50, shrink=16),
        Column("Group", keep=50, shrink=10),
        Column("Quiet for", right=True, keep=30),
        Column("Last message", right=True, keep=40),
        Column("State", shrink=20),
    ]
    rows = [
        [
            str(each.target.id),
            each.shown,
            each.target.label,
            each.slug or "all",
            ", ".join(sorted(each.target.only)) if each.target.only else "all",
            each.target.group or "all",
            clock.span(each.target.quiet_for.total_seconds()),
            _moment(each.target.sent_at) if each.target.sent_at else "never",
            f"failed {each.target.failures} times: {each.target.error}" if each.target.failures else "ok",
        ]
        for each in found
    ]
    return Table(columns, rows, below=[] if found else ["No channel is notified yet: kagsync notify add URL"])


def users(roster: list[User]) -> Table:
    """The roster."""
    columns = [Column("Username", style="bold"), Column("Name"), Column("Group")]
    rows = [[user.username, user.name or "", user.group or ""] for user in roster]
    return Table(columns, rows, below=[] if roster else ["Nobody is tracked yet: kagsync users add USERNAME"])


def _mark(line: Line) -> str:
    return MARK if line.entry.matched_by == TEAM_NAME else ""


def _people(people: list[User]) -> str:
    shown = [person_name(user) for user in people[:_NAMES_IN_A_LINE]]
    more = len(people) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def person_name(user: User) -> str:
    """A person by name and username."""
    return f"{user.name} ({user.username})" if user.name else user.username


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
