"""The tables of `kagsync show SLUG` and `show --user NAME`. A new column is one line in COLUMNS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.output import board_notes, hints
from kagsync.output.terminal import DOWN, UP, Blocks, Column, Table, signed, sparkline, trend
from kagsync.output.wording import arrow, left, listed, mark, missing, person_name, shaken
from kagsync.queries.board import score_is_better
from kagsync.standings.movements import CAME_BACK, FINAL, NEW, OTHERS_LEFT, OVERTAKEN
from kagsync.standings.sentences import brief
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo

    from kagsync.queries.board import BoardView, Line
    from kagsync.standings.gaps import Gap
    from kagsync.standings.movements import Movement
    from kagsync.standings.standing import Standing
    from kagsync.store.records import Competition

_NEXT = "Next: the score still missing, and the places in parentheses"
_WITH_NUMBERS = (OVERTAKEN, OTHERS_LEFT)  # reasons that are not cut
_LEAST_OF_A_NAME = 8  # characters that are shown of a name behind numbers
_GAPS: dict[str, Callable[[Line], Gap | None]] = {
    "next_person": lambda line: line.next_person,
    "next_baseline": lambda line: line.next_baseline,
}


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
        return self.line.moved


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


def _local_rank(row: Row) -> str:
    """The place among our people; empty if there is nobody else."""
    local = row.line.local
    return f"{local.rank:,}" if local is not None and local.of > 1 else ""


def _local_rank_of(row: Row) -> str:
    """The same where the others are not shown: `3 of 12`."""
    local = row.line.local
    return f"{local.rank:,} of {local.of:,}" if local is not None and local.of > 1 else ""


def _team(row: Row) -> str:
    return row.standing.team_name if row.standing.team_name != row.line.user.name else ""


def _change(row: Row) -> str:
    """How the score changed, marked as better or worse, which is not the same as up or down."""
    change = row.movement and row.movement.score_change
    if not change:
        return ""
    mark = {True: UP, False: DOWN, None: ""}[score_is_better(row.competition, row.movement)]
    return f"{mark}{change:+.{row.decimals}f}"


def _submissions(row: Row) -> str:
    count, movement = row.standing.submission_count, row.movement
    new = f" (+{movement.submissions})" if movement is not None and movement.submissions else ""
    return f"{'' if count is None else count}{new}"


def _last_submission(row: Row) -> str:
    date = row.standing.submission_date
    return clock.ago(clock.parse_iso(date), row.now) if date else ""


def _distance(row: Row, gap: Gap) -> str:
    """How far it is, in score and places, with a space behind."""
    score = "tied " if gap.score == 0 else "" if gap.score is None else f"{missing(gap.score, row.decimals)} "
    return score if gap.places is None else f"{score}({gap.places:,}) "


def _gap(row: Row, gap: Gap | None) -> str:
    return "" if gap is None else f"{_distance(row, gap)}{gap.shown}"


def _next_medal(row: Row) -> str:
    return _gap(row, row.line.next_medal) or (f"in {row.line.medal}" if row.line.medal else "")


def _why(row: Row) -> str:
    return brief(row.movement) if row.movement else ""


# In the order in which they are shown.
_ALL: dict[str, Column[Row]] = {
    "rank": Column("Rank", _rank, right=True, style="bold"),
    "public_rank": Column("Public", _public_rank, right=True, keep=88),
    "shake_up": Column("Shake-up", _shake_up, right=True, keep=96, style=signed),
    "moved": Column("Moved", lambda row: moved(row.movement), right=True, keep=95, sparse=True, style=signed),
    "top": Column("Top", _top, right=True, keep=40, style="dim"),
    "local_rank": Column("Ours", _local_rank, right=True, keep=25),
    "person": Column("Person", lambda row: row.line.user.shown_name + mark(row.line), shrink=14),
    "username": Column(
        "Username", lambda row: row.line.user.handle if row.line.user.name else "", keep=30, style="cyan"
    ),
    "team": Column("Team", _team, keep=50, shrink=12),
    "score": Column("Score", _score, right=True, keep=90, style="default"),
    "public_score": Column("Public score", _public_score, right=True, keep=75),
    "medal": Column("Medal", lambda row: row.line.medal or "", keep=92, sparse=True),
    "change": Column("Change", _change, right=True, keep=80, style=signed),
    "subs": Column("Subs", _submissions, right=True, keep=45),
    "last_sub": Column("Last sub", _last_submission, right=True, keep=42),
    "why": Column("Why", _why, keep=85, sparse=True, shrink=15),
    "next_person": Column("Next person", lambda row: _gap(row, row.line.next_person), keep=70, note=_NEXT),
    "next_baseline": Column(
        "Next baseline", lambda row: _gap(row, row.line.next_baseline), keep=60, note=_NEXT
    ),
    "next_medal": Column("Next medal", _next_medal, keep=65, note=_NEXT),
    "trend": Column("Trend", lambda row: sparkline(row.line.ranks), keep=55, style=trend),
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
    "local_rank": 47,
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


# Where one person is shown without the others.
_OF_ALL = {"local_rank": replace(COLUMNS["local_rank"], cell=_local_rank_of)}
# This table has no column for the person, so it shows the team even if it has the person's name.
_WHOLE_TEAM = {"team": replace(COLUMNS["team"], cell=lambda row: row.standing.team_name)}


def board(
    view: BoardView,
    now: datetime,
    *,
    group: str | None = None,
    zone: tzinfo | None = UTC,
    columns: Sequence[str] = (),
) -> Table:
    """One competition: where everybody stands, what moved, what is next, and who is not on the board.

    Args:
        group: the name of the group that this table is about, for its title.
        zone: of the times; None: the machine's.
        columns: keys of `COLUMNS`, in the order to show them; none: all that the board has.
    """
    shown, competition = rows(view, now), view.competition
    usual = [key for key in COLUMNS if key not in _NOT_ON[competition.board]]
    own = COLUMNS | _OF_ALL if len(shown) == 1 else COLUMNS
    fitting = _fitting(own, columns or usual, shown, view.trend)
    below = board_notes.next_in_words(shown[0]) if len(shown) == 1 and not view.is_private else []
    below += [*_more(view.hidden), *board_notes.about_marks([view])]
    if view.shake_up is not None:
        from kagsync.standings import shake_up  # most competitions are running

        below.append(shake_up.words(view.shake_up))
    if len(shown) > 1 and any(column.note and column.cell(row) for column in fitting for row in shown):
        below.append(_NEXT)
    which = "private board" if view.is_private else "board"
    below += [left(line, which, zone) for line in board_notes.gone(view)]
    absent = [person_name(user) for user in board_notes.seen_elsewhere(view)]
    if absent and not view.is_private:
        below.append(f"Not on the board yet: {listed(absent, board_notes.NAMES_IN_A_LINE)}")
    elif absent and competition.has_result:
        below.append(f"Not on the private board: {listed(absent, board_notes.NAMES_IN_A_LINE)}")
    below += board_notes.never_seen(view)
    below += hints.undecided(view.undecided, most=board_notes.NAMES_IN_A_LINE)
    title, facts = board_notes.header(view, now, zone)
    return Table(
        _by_order(fitting, columns),
        shown,
        title=title if group is None else f"{group}: {title}",
        facts=facts,
        below=below,
        warning=board_notes.warning(view, now, zone),
        chosen=bool(columns),
    )


def groups(
    view: BoardView, now: datetime, *, zone: tzinfo | None = UTC, columns: Sequence[str] = ()
) -> Blocks:
    """One competition, in a block for each group. The arguments are those of `board`."""
    parts = [
        board(part, now, group=group or "Without a group", zone=zone, columns=columns)
        for group, part in view.by_group()
    ]
    return Blocks(parts or [board(view, now, zone=zone, columns=columns)])


def person(
    views: list[BoardView], now: datetime, *, zone: tzinfo | None = UTC, columns: Sequence[str] = ()
) -> Table:
    """One person on every board. The arguments are those of `board`."""
    shown = [row for view in views for row in rows(view, now)]
    competition = Column[Row](
        "Competition", lambda row: row.competition.slug + mark(row.line), shrink=30, style="bold"
    )
    own = {
        key: replace(column, keep=_KEEP_OF_ONE_PERSON.get(key, column.keep))
        for key, column in (COLUMNS | _OF_ALL | _WHOLE_TEAM).items()
    }
    usual = [key for key in own if key not in ("person", "username")]
    below = [*_more(line for view in views for line in view.hidden), *board_notes.about_marks(views)]
    for view in views:
        below += [f"{view.competition.slug}: {left(line, zone=zone)}" for line in board_notes.gone(view)]
    if absent := [view.competition.slug for view in views if board_notes.seen_elsewhere(view)]:
        below.append(f"Not on the board of: {', '.join(absent)}")
    for view in views[:1]:
        below += board_notes.never_seen(view)
    below += dict.fromkeys(line for view in views for line in hints.undecided(view.undecided))
    fitting = _fitting(own, columns or usual, shown, views[0].trend if views else timedelta())
    return Table([competition, *_by_order(fitting, columns)], shown, below=below, chosen=bool(columns))


def _fitting(
    columns: dict[str, Column[Row]], keys: Sequence[str], shown: list[Row], span: timedelta
) -> list[Column[Row]]:
    """The columns with these keys, made for the rows: whatever is cut, numbers stay whole.

    Args:
        span: how long the trend is.
    """
    own = dict(columns)
    for key, gap in _GAPS.items():
        longest = max((len(_distance(row, found)) for row in shown if (found := gap(row.line))), default=0)
        own[key] = replace(own[key], shrink=longest + _LEAST_OF_A_NAME)
    numbers = [len(_why(row)) for row in shown if row.movement and row.movement.reason in _WITH_NUMBERS]
    own["why"] = replace(own["why"], shrink=max([own["why"].shrink, *numbers]))
    if span:
        own["trend"] = replace(own["trend"], title=f"Trend ({clock.span(span.total_seconds())})")
    return [own[key] for key in keys]


def _by_order(columns: list[Column[Row]], chosen: Sequence[str]) -> list[Column[Row]]:
    """The same columns; if somebody chose them, the first ones are the most important."""
    if not chosen:
        return columns
    return [replace(column, keep=-place, sparse=True) for place, column in enumerate(columns)]


def _more(hidden: Iterable[Line]) -> list[str]:
    count = len(list(hidden))
    return [f"{count:,} more {'is' if count == 1 else 'are'} not shown (--limit)"] if count else []


def _decimals(view: BoardView) -> int:
    """How many decimals Kaggle prints of this competition's scores."""
    texts = [line.entry.standing.score_text or "" for line in (*view.on_board, *view.left, *view.hidden)]
    digits = [len(text.partition(".")[2]) for text in texts]
    return min(max(digits, default=0), 12)
