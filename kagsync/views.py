"""The tables of `show`, `competitions list` and `users list`: what stands in which column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync import times
from kagsync.matching import TEAM_NAME
from kagsync.render import Column, Table, sparkline

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.records import User
    from kagsync.show import BoardView, Line

MARK = "*"  # behind a person who was matched by the team's name only
_NAMES_IN_A_LINE = 12


def board(view: BoardView, now: datetime) -> Table:
    """One competition: who stands where, and who does not stand there."""
    lines = view.on_board
    teams = view.competition.team_count
    columns = [
        Column("Rank", right=True, style="bold"),
        Column("Top", right=True, keep=40, style="dim"),
        Column("Person", shrink=14),
        Column("Username", keep=30, style="cyan"),
        Column("Team", keep=70, shrink=12),
        Column("Score", right=True, keep=90, style="default"),
        Column("Subs", right=True, keep=50),
        Column("Last sub", right=True, keep=60),
        Column("Trend", keep=65, style="green"),
    ]
    rows = [_row(line, teams, now) for line in lines]
    below = []
    if any(_mark(line) for line in (*lines, *view.left)):
        below.append(f"{MARK} matched by the team's name only")
    below += [_left(line) for line in view.left]
    if view.missing:
        below.append(f"Not on the board yet: {_people(view.missing)}")
    title, facts = _header(view, now)
    return Table(columns, rows, title, facts, below, _warning(view, now))


def _header(view: BoardView, now: datetime) -> tuple[str, list[str]]:
    competition = view.competition
    title = competition.title
    head = f"{title} ({competition.slug})" if title and title != competition.slug else competition.slug
    if competition.snapshot_at is None:
        return head, [f"No board yet: kagsync sync {competition.slug}"]
    ours = len(view.on_board)
    facts = [
        f"{competition.team_count or 0:,} teams, {ours} of ours",
        f"board of {_moment(competition.snapshot_at)} ({_age(competition.snapshot_at, now)})",
    ]
    if competition.synced_at is not None:
        facts.append(f"last good sync {_age(competition.synced_at, now)}")
    if not competition.active:
        facts.append("paused")
    return head, facts


def _row(line: Line, teams: int | None, now: datetime) -> list[str]:
    entry = line.entry
    top = f"{entry.rank / teams:.1%}" if entry.rank and teams else ""
    return [
        f"{entry.rank:,}" if entry.rank is not None else "–",
        top,
        f"{line.user.name or line.user.username}{_mark(line)}",
        line.user.username if line.user.name else "",
        entry.kaggle_team_name if entry.kaggle_team_name != line.user.name else "",
        entry.score_text or "–",
        str(entry.submission_count) if entry.submission_count is not None else "",
        times.ago(times.parse_iso(entry.submission_date), now) if entry.submission_date else "",
        sparkline(line.ranks),
    ]


def _left(line: Line) -> str:
    entry = line.entry
    rank = f"rank {entry.rank:,}" if entry.rank is not None else "no rank"
    day = (entry.left_at or "")[:10]
    was = f"was {rank}, score {entry.score_text or '–'}"
    return f"{_person(line.user)}{_mark(line)} left the board on {day} ({was})"


def _warning(view: BoardView, now: datetime) -> str:
    if until := view.competition.rests_until(now):
        return f"Rests until {_moment(until)}: Kaggle asked to wait (429)"
    if view.last_error is None:
        return ""
    at, message = view.last_error
    return f"The last sync failed {_age(at, now)}: {message}"


def overview(views: list[BoardView], now: datetime) -> Table:
    """One line a competition."""
    columns = [
        Column("Competition", shrink=20, style="bold"),
        Column("Title", keep=20, shrink=16),
        Column("Ours", right=True),
        Column("Best", right=True, keep=80),
        Column("Person", keep=60, shrink=14),
        Column("Teams", right=True, keep=50),
        Column("Board", right=True, keep=40),
        Column("Last sync", right=True, keep=70),
        Column("State", keep=90, shrink=10),
    ]
    rows = []
    for view in views:
        competition = view.competition
        best = view.on_board[0] if view.on_board and view.on_board[0].entry.rank is not None else None
        everybody = len(view.on_board) + len(view.left) + len(view.missing)
        rows.append(
            [
                competition.slug,
                competition.title or "",
                f"{len(view.on_board)} of {everybody}",
                f"{best.entry.rank:,}" if best else "–",
                (best.user.name or best.user.username) if best else "",
                f"{competition.team_count:,}" if competition.team_count is not None else "",
                times.ago(competition.snapshot_at, now) if competition.snapshot_at else "",
                _age(competition.synced_at, now) if competition.synced_at else "never",
                _state(view, now),
            ]
        )
    return Table(columns, rows)


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
        Column("Top", right=True, keep=40, style="dim"),
        Column("Team", keep=60, shrink=12),
        Column("Score", right=True, keep=90, style="default"),
        Column("Subs", right=True, keep=30),
        Column("Last sub", right=True, keep=50),
        Column("Trend", keep=45, style="green"),
    ]
    rows, below = [], []
    if any(_mark(line) for view in views for line in (*view.on_board, *view.left)):
        below.append(f"{MARK} matched by the team's name only")
    for view in views:
        slug = view.competition.slug
        for line in view.on_board:
            rank, top, _, _, _, *rest = _row(line, view.competition.team_count, now)
            rows.append([slug + _mark(line), rank, top, line.entry.kaggle_team_name, *rest])
        below += [f"{slug}: {_left(line)}" for line in view.left]
    if absent := [view.competition.slug for view in views if view.missing]:
        below.append(f"Not on the board of: {', '.join(absent)}")
    return Table(columns, rows, below=below)


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
            view.competition.kaggle_competition_id or "not linked",
            "active" if view.competition.active else "paused",
            (view.competition.deadline or "")[:10],
            view.competition.metric or "",
            _age(view.competition.synced_at, now) if view.competition.synced_at else "never",
        ]
        for view in views
    ]
    return Table(columns, rows)


def users(roster: list[User]) -> Table:
    """The roster."""
    columns = [Column("Username", style="bold"), Column("Name"), Column("Group")]
    return Table(columns, [[user.username, user.name or "", user.group or ""] for user in roster])


def _mark(line: Line) -> str:
    return MARK if line.entry.matched_by == TEAM_NAME else ""


def _people(people: list[User]) -> str:
    shown = [_person(user) for user in people[:_NAMES_IN_A_LINE]]
    more = len(people) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _person(user: User) -> str:
    return f"{user.name} ({user.username})" if user.name else user.username


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _age(moment: datetime, now: datetime) -> str:
    age = times.ago(moment, now)
    return "just now" if age == "now" else f"{age} ago"
