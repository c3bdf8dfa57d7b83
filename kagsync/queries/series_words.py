"""What changed in a series, who leads, and both in words. Names are not made harmless here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.scoring import words
from kagsync.scoring.series import SKIP
from kagsync.standings.sentences import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from kagsync.queries.series import Lead, Row, SeriesView
    from kagsync.scoring.totals import Board, Scored
    from kagsync.store.records import User


def lead_in_words(view: SeriesView, lead: Lead, named: Callable[[User], str]) -> str:
    """Who leads: `alice leads with 143 since 2026-10-03, 12 ahead of bob`.

    Args:
        named: gives a person's name.
    """
    following = [row for row in view.rows if row.total.place > 1]
    second = [named(row.user) for row in following if row.total.place == following[0].total.place]
    return words.lead(
        [named(user) for user in lead.leaders],
        view.rows[0].total.value,
        when=lead.when,
        ahead=lead.ahead,
        of=in_words(second) if second else "",
    )


def replaced(board: Board) -> str:
    """That a private board is a competition's result now."""
    known = board.field
    return f"{known.slug}: the private board of {known.day} has replaced the public one"


def change(view: SeriesView, row: Row, *, most: int | None = None) -> str:
    """How a person's place changed, and why: `3 → 1, titanic 15 → 25 (place 3 → 1 of 12)`.

    Args:
        most: of how many competitions it tells, those that matter most; None: of all.
    """
    assert row.before is not None
    before, now = row.before.place, row.total.place
    text = f"{before:,} → {now:,}" if before != now else f"{now:,}"
    if pairs := changed(view, row):
        told = sorted(pairs, key=lambda pair: -abs(_gives(pair[1]) - _gives(pair[0])))[:most]
        own = [words.change(view.series, *pair, _ours(view, pair[1])) for pair in pairs if pair in told]
        more = len(pairs) - len(own)
        return ", ".join([text, *own]) + (f" and {more:,} more" if more else "")
    if before > now:
        return f"{text}, others fell"
    names = [other.shown_name for other in overtaken_by(view, row)]
    return f"{text}, overtaken by {in_words(names)}" if names else text


def changed(view: SeriesView, row: Row) -> list[tuple[Scored, Scored]]:
    """The results of a person, before and after, that changed what they give to the total.

    If a missing competition is skipped, a result that counts lowers the mean even with 0 points.
    """
    if row.before is None:
        return []
    pairs = zip(row.before.results, row.total.results, strict=True)
    skips = view.series.absent == SKIP
    return [
        (before, after)
        for before, after in pairs
        if _gives(before) != _gives(after) or (skips and before.counts != after.counts)
    ]


def overtaken_by(view: SeriesView, row: Row) -> list[User]:
    """Who was not ahead of a person before, and is now."""
    if row.before is None:
        return []
    return [
        other.user
        for other in view.rows
        if other.total.place < row.total.place
        and (other.before is None or other.before.place >= row.before.place)
    ]


def _gives(result: Scored) -> float:
    return result.points if result.counts else 0.0


def _ours(view: SeriesView, result: Scored) -> int:
    board = view.boards.get(result.part.competition_id)
    return 0 if board is None else board.field.ours
