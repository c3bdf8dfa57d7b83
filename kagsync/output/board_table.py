"""The tables of `kagsync show SLUG` and `show --user NAME`. A new column is one line in COLUMNS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.output import hints
from kagsync.output.terminal import DOWN, UP, Blocks, Column, Table, moment, sparkline
from kagsync.output.wording import (
    MATCHED_BY_NAME_SIGN,
    arrow,
    ends,
    left,
    listed,
    mark,
    person_name,
    phase_words,
    shaken,
)
from kagsync.queries.board import score_is_better
from kagsync.queries.unseen import NEVER
from kagsync.standings import lifecycle
from kagsync.standings.movements import CAME_BACK, FINAL, NEW
from kagsync.standings.sentences import brief
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.queries.board import BoardView, Line
    from kagsync.standings.gaps import Gap
    from kagsync.standings.lifecycle import Phase
    from kagsync.standings.movements import Movement
    from kagsync.standings.standing import Standing
    from kagsync.store.records import Competition, User

_NAMES_IN_A_LINE = 12


@dataclass(frozen=True)
class Row:
    """One person on one board, as the columns see it.

    Attributes:
        decimals: how many decimals Kaggle prints of this competition's scores.
    """

    competition: Competition
    line: Line
    now: datetime
    decimals: int

    @property
    def is_private(self) -> bool:
        return self.competition.board == PRIVATE

    @property
    def standing(self) -> Standing:
        return self.line.entry.standing

    @property
    def movement(self) -> Movement | None:
        """What moved; the result itself has columns of its own."""
        movement = self.line.movement
        return None if movement is None or movement.reason == FINAL else movement


def rows(view: BoardView, now: datetime) -> list[Row]:
    """The people who are on a board, in its order."""
    decimals = _decimals(view)
    return [Row(view.competition, line, now, decimals) for line in view.on_board]


def _rank(row: Row) -> str:
    return f"{row.standing.rank:,}" if row.standing.rank is not None else "–"


def _score(row: Row) -> str:
    return row.standing.score_text or "–"


def moved(movement: Movement | None) -> str:
    """The places won or lost; "new" for somebody seen for the first time, "back" after a while away."""
    if movement is None or movement.reason == FINAL:
        return ""
    if movement.reason in (NEW, CAME_BACK):
        return "new" if movement.reason == NEW else "back"
    places = movement.places or 0
    return arrow(places) if places else ""


def _shake_up(row: Row) -> str:
    """The places gained (or lost) from the public to the private board."""
    return "" if row.line.shake_up is None else shaken(row.line.shake_up)


def _public_rank(row: Row) -> str:
    return f"{row.line.public.rank:,}" if row.line.public and row.line.public.rank else ""


def _public_score(row: Row) -> str:
    return (row.line.public.score_text or "") if row.line.public else ""


def _top(row: Row) -> str:
    rank, teams = row.standing.rank, row.competition.team_count
    return f"{rank / teams:.1%}" if rank and teams else ""


def _team(row: Row) -> str:
    return row.standing.team_name if row.standing.team_name != row.line.user.name else ""


def _change(row: Row) -> str:
    """How the score changed, marked as better or worse, which is not the same as up or down."""
    movement = row.movement
    if movement is None or movement.before is None or movement.after is None:
        return ""
    old, new = movement.before.score, movement.after.score
    if old is None or new is None or old == new:
        return ""
    mark = {True: UP, False: DOWN, None: ""}[score_is_better(row.competition, movement)]
    return f"{mark}{new - old:+.{row.decimals}f}"


def _submissions(row: Row) -> str:
    count, movement = row.standing.submission_count, row.movement
    new = f" (+{movement.submissions})" if movement is not None and movement.submissions else ""
    return f"{'' if count is None else count}{new}"


def _last_submission(row: Row) -> str:
    date = row.standing.submission_date
    return clock.ago(clock.parse_iso(date), row.now) if date else ""


def _gap(row: Row, gap: Gap | None) -> str:
    if gap is None:
        return ""
    score = "" if gap.score is None else f"{gap.score:.{row.decimals}f} "
    places = "" if gap.places is None else f"({gap.places:,}) "
    return f"{score}{places}{gap.to}"


def _next_medal(row: Row) -> str:
    return _gap(row, row.line.next_medal) or (f"in {row.line.medal}" if row.line.medal else "")


# In the order in which they are shown.
_ALL: dict[str, Column[Row]] = {
    "rank": Column("Rank", _rank, right=True, style="bold"),
    "public_rank": Column("Public", _public_rank, right=True, keep=88),
    "shake_up": Column("Shake-up", _shake_up, right=True, keep=96, signed=True),
    "moved": Column("Moved", lambda row: moved(row.movement), right=True, keep=95, style="dim", signed=True),
    "top": Column("Top", _top, right=True, keep=40, style="dim"),
    "person": Column("Person", lambda row: row.line.user.shown_name + mark(row.line), shrink=14),
    "username": Column(
        "Username", lambda row: row.line.user.handle if row.line.user.name else "", keep=30, style="cyan"
    ),
    "team": Column("Team", _team, keep=50, shrink=12),
    "score": Column("Score", _score, right=True, keep=90, style="default"),
    "public_score": Column("Public score", _public_score, right=True, keep=75),
    "medal": Column("Medal", lambda row: row.line.medal or "", keep=92),
    "change": Column("Change", _change, right=True, keep=80, signed=True),
    "subs": Column("Subs", _submissions, right=True, keep=45),
    "last_sub": Column("Last sub", _last_submission, right=True, keep=42),
    "why": Column("Why", lambda row: brief(row.movement) if row.movement else "", keep=85, shrink=15),
    "next_person": Column("Next person", lambda row: _gap(row, row.line.next_person), keep=70, shrink=17),
    "next_baseline": Column(
        "Next baseline", lambda row: _gap(row, row.line.next_baseline), keep=60, shrink=17
    ),
    "next_medal": Column("Next medal", _next_medal, keep=65),
    "trend": Column("Trend", lambda row: sparkline(row.line.ranks), keep=55, style="green"),
}
# The columns that a board does not have. On a private one, nothing is ahead any longer.
_NOT_ON = {
    PUBLIC: ("public_rank", "shake_up", "public_score", "medal"),
    PRIVATE: ("change", "next_person", "next_baseline", "next_medal", "trend"),
}


def _empty_elsewhere(key: str, column: Column[Row]) -> Column[Row]:
    """A column whose cells are empty on boards that do not have it."""
    return replace(column, cell=lambda row: "" if key in _NOT_ON[row.competition.board] else column.cell(row))


# The report's pages show the same cells under the same keys.
COLUMNS = {key: _empty_elsewhere(key, column) for key, column in _ALL.items()}
# What is kept on a narrow terminal differs where each line is a competition.
_KEEP_OF_ONE_PERSON = {
    "team": 60,
    "subs": 30,
    "last_sub": 50,
    "next_person": 44,
    "next_baseline": 42,
    "next_medal": 43,
    "trend": 45,
}


def cells(row: Row) -> dict[str, str]:
    """The cells of a person on a board, by column."""
    return {key: column.cell(row) for key, column in COLUMNS.items()}


def board(view: BoardView, now: datetime, *, group: str | None = None) -> Table:
    """One competition: where everybody stands, what moved, what is next, and who is not on the board.

    Args:
        group: the name of the group that this table is about, for its title.
    """
    shown = rows(view, now)
    below = _gaps_in_words(shown[0]) if len(shown) == 1 and not view.is_private else []
    below += _mark_note([view])
    if view.shake_up is not None:
        from kagsync.standings import shake_up  # most competitions are running

        below.append(shake_up.words(view.shake_up))
    if (
        not view.is_private
        and len(shown) > 1
        and any(line.next_person or line.next_baseline or line.next_medal for line in view.on_board)
    ):
        below.append("Next: the score still missing, and the places in brackets")
    below += [left(line, "private board" if view.is_private else "board") for line in _gone(view)]
    absent = _seen_elsewhere(view)
    if absent and not view.is_private:
        below.append(f"Not on the board yet: {_people(absent)}")
    elif absent and view.competition.has_result:
        below.append(f"Not on the private board: {_people(absent)}")
    below += _never_seen(view)
    below += hints.undecided(view.undecided, most=_NAMES_IN_A_LINE)
    title, facts = _header(view, now)
    if group is not None:
        title = f"{group}: {title}"
    columns = [column for key, column in COLUMNS.items() if key not in _NOT_ON[view.competition.board]]
    return Table(columns, shown, title=title, facts=facts, below=below, warning=_warning(view, now))


def groups(view: BoardView, now: datetime) -> Blocks:
    """One competition, in a block for each group."""
    parts = [board(part, now, group=group or "Without a group") for group, part in view.by_group()]
    return Blocks(parts or [board(view, now)])


def person(views: list[BoardView], now: datetime) -> Table:
    """One person on every board."""
    columns = [
        Column("Competition", lambda row: row.competition.slug + mark(row.line), shrink=20, style="bold"),
        *(
            replace(column, keep=_KEEP_OF_ONE_PERSON.get(key, column.keep))
            for key, column in (COLUMNS | {"team": _WHOLE_TEAM}).items()
            if key not in ("person", "username")
        ),
    ]
    below = _mark_note(views)
    for view in views:
        below += [f"{view.competition.slug}: {left(line)}" for line in _gone(view)]
    if absent := [view.competition.slug for view in views if _seen_elsewhere(view)]:
        below.append(f"Not on the board of: {', '.join(absent)}")
    for view in views[:1]:
        below += _never_seen(view)
    below += dict.fromkeys(line for view in views for line in hints.undecided(view.undecided))
    return Table(columns, [row for view in views for row in rows(view, now)], below=below)


# This table has no column for the person, so it shows the team even if it has the person's name.
_WHOLE_TEAM = replace(COLUMNS["team"], cell=lambda row: row.standing.team_name)


def _header(view: BoardView, now: datetime) -> tuple[str, list[str]]:
    competition = view.competition
    title = competition.title
    head = f"{title} ({competition.slug})" if title and title != competition.slug else competition.slug
    if competition.snapshot_at is None:
        if view.is_private:
            return head, [f"No private board yet; the public one: kagsync show {competition.slug}"]
        return head, [f"No board yet: kagsync sync {competition.slug}"]
    phase = competition.phase(now)
    teams = "" if competition.team_count is None else f"{competition.team_count:,} teams, "
    facts = [
        *_phase_facts(view, phase),
        f"{teams}{len(view.on_board)} of ours",
        f"{'private ' if view.is_private else ''}board of {moment(competition.snapshot_at)} "
        f"({clock.since(competition.snapshot_at, now)})",
    ]
    if competition.synced_at is not None:
        facts.append(f"last good sync {clock.since(competition.synced_at, now)}")
    if phase.name == lifecycle.RUNNING and (deadline := ends(competition, now)):
        facts.append(deadline)
    if view.is_first and view.since >= competition.snapshot_at:
        facts.append("the first board")
    elif not view.is_private or any(_moved_since(line) for line in view.on_board):
        first = "the first board, of " if view.is_first else ""
        facts.append(f"compared with {first}{moment(view.since)}")
    if not competition.active:
        facts.append("paused")
    return head, facts


def _moved_since(line: Line) -> bool:
    """Whether the columns that compare with an earlier time have something to say."""
    return line.movement is not None and line.movement.reason != FINAL


def _phase_facts(view: BoardView, phase: Phase) -> list[str]:
    if phase.name == lifecycle.RUNNING:
        return []
    if view.competition.has_result and not view.is_private:
        return [f"the public board; the final one: kagsync show {view.competition.slug}"]
    return [phase_words(view.competition, phase)]


def _warning(view: BoardView, now: datetime) -> str:
    if until := view.competition.rests_until(now):
        return f"Rests until {moment(until)}: Kaggle asked to wait (429)"
    if view.last_error is None:
        return ""
    at, message = view.last_error
    return f"The last sync failed {clock.since(at, now)}: {message}"


def _gaps_in_words(row: Row) -> list[str]:
    """What is ahead of one person, for a terminal that is too narrow for the columns."""
    gaps = {
        "person": row.line.next_person,
        "baseline": row.line.next_baseline,
        "medal": row.line.next_medal,
    }
    lines = []
    for what, gap in gaps.items():
        if gap is not None:
            places = "" if gap.places is None else f", {gap.places:,} place{'' if gap.places == 1 else 's'}"
            score = "" if gap.score is None else f", {gap.score:.{row.decimals}f} in score"
            lines.append(f"Next {what}: {gap.to}{places}{score}")
    return lines


def _decimals(view: BoardView) -> int:
    """How many decimals Kaggle prints of this competition's scores."""
    texts = [line.entry.standing.score_text or "" for line in (*view.on_board, *view.left)]
    digits = [len(text.partition(".")[2]) for text in texts]
    return min(max(digits, default=0), 12)


def _gone(view: BoardView) -> list[Line]:
    """Who left the board for all that is known. The others may be on it under another name."""
    return [line for line in view.left if not view.undecided.concerns(line.user)]


def _mark_note(views: Iterable[BoardView]) -> list[str]:
    marked = any(mark(line) for view in views for line in (*view.on_board, *view.left))
    return [f"{MATCHED_BY_NAME_SIGN} matched by the team's name only"] if marked else []


def _seen_elsewhere(view: BoardView) -> list[User]:
    """Who was never on this board, without those about whom another line tells more."""
    never_seen = {each.user.id for each in view.unseen}
    return [user for user in view.missing if user.id not in never_seen and not view.undecided.concerns(user)]


def _never_seen(view: BoardView) -> list[str]:
    """Who was never on any board: a line for each person with a suggestion, and one for the others."""
    people = [each for each in view.unseen if not view.undecided.concerns(each.user)]
    shown = people[:_NAMES_IN_A_LINE]
    lines = [f"{person_name(each.user)}: {each.hint}" for each in shown if each.hint != NEVER]
    if others := [person_name(each.user) for each in shown if each.hint == NEVER]:
        lines.append(f"{NEVER.capitalize()}: {', '.join(others)}")
    if more := len(people) - len(shown):
        lines.append(f"{more:,} more were {NEVER}: kagsync missing {view.competition.slug}")
    return lines


def _people(people: list[User]) -> str:
    return listed([person_name(user) for user in people], _NAMES_IN_A_LINE)
