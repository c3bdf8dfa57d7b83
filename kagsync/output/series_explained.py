"""How one person's total in a series came about, step by step: `kagsync standings NAME PERSON`."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

from kagsync.output.series_table import facts
from kagsync.output.terminal import Column, Table, moment
from kagsync.output.wording import listed, person_name
from kagsync.queries import series_words
from kagsync.scoring import words
from kagsync.scoring.rules import number
from kagsync.scoring.series import SKIP
from kagsync.scoring.words import gap, points

if TYPE_CHECKING:
    from datetime import tzinfo

    from kagsync.queries.series import Row, SeriesView
    from kagsync.scoring.totals import Scored


class Step(NamedTuple):
    """One competition of one person, as the columns of an explanation see it."""

    slug: str
    board: str
    rank: str
    place: str
    points: str
    counts: str


def explanation(view: SeriesView, row: Row, *, zone: tzinfo | None = UTC) -> Table:
    """How one person's total came about, step by step; and what changed."""
    columns: list[Column[Step]] = [
        Column("Competition", lambda step: step.slug, style="bold", shrink=14),
        Column("Board", lambda step: step.board, keep=60),
        Column("Rank", lambda step: step.rank, right=True, keep=80),
        Column("Place", lambda step: step.place, right=True, keep=70),
        Column("Points", lambda step: step.points, right=True),
        Column("Counts", lambda step: step.counts, keep=90),
    ]
    results = row.total.results
    below = [f"{each.part.slug}: {_derivation(view, each)}" for each in results]
    below += [*_total(view, row), _place(view, row)]
    if row.before is not None:
        below.append(f"Since {moment(view.since, zone)}: {_since(view, row)}")
    return Table(
        columns,
        [_step(view, each) for each in results],
        title=f"{person_name(row.user)} in {view.series.name}: "
        f"place {row.total.place:,} of {len(view.rows):,}, {points(row.total.value)} points",
        facts=facts(view, zone),
        below=below,
    )


def _since(view: SeriesView, row: Row) -> str:
    assert row.before is not None
    total = f"total {points(row.before.value)} → {points(row.total.value)}"
    if row.before.value == row.total.value and row.before.place == row.total.place:
        return "no change"
    return f"place {series_words.change(view, row)}, {total}"


def _step(view: SeriesView, result: Scored) -> Step:
    board, standing = view.boards.get(result.part.competition_id), result.standing
    return Step(
        result.part.slug,
        "" if board is None else f"{board.field.board} {board.field.day}",
        "–" if standing is None or standing.rank is None else f"{standing.rank:,}",
        "–" if result.place is None else number(result.place),
        "–" if result.place is None else points(result.points),
        "yes" if result.counts else "no",
    )


def _derivation(view: SeriesView, result: Scored) -> str:
    board = view.boards.get(result.part.competition_id)
    if board is None or result.place is None:
        return result.words if view.series.absent == SKIP else f"{result.words}: 0"
    text = words.derivation(view.series, result, board.field)
    return text if result.counts else f"{text}, {words.not_best(view.series.best)}"


def _total(view: SeriesView, row: Row) -> list[str]:
    """The sum of the results that count, in numbers as they are shown; or their mean."""
    counted = [each for each in row.total.results if each.counts]
    if not counted:
        return ["Total: 0, because nothing counts yet"]
    skips = view.series.absent == SKIP
    whole = row.total.value * sum(each.part.weight for each in counted) if skips else row.total.value
    terms, rounding = words.sum_of([each.points for each in counted], whole)
    if rounding:
        terms += f" {rounding} (rounding)"
    sum_ = points(whole)
    lines = [f"Sum: {terms} = {sum_}" if len(counted) > 1 or rounding else f"Sum: {sum_}"]
    if skips:
        weights = " + ".join(number(each.part.weight) for each in counted)
        weights = f"({weights})" if len(counted) > 1 else weights
        lines.append(f"Mean: {sum_} / {weights} = {points(row.total.value)}")
    return lines


def _place(view: SeriesView, row: Row) -> str:
    """The place, and how far the people around it are."""
    place = row.total.place
    text = f"Place {place:,} of {len(view.rows):,}"
    ties = [other for other in view.rows if other.total.place == place and other.user.id != row.user.id]
    if ties:
        text += f", with {listed([person_name(each.user) for each in ties], 3)}"
    above = [other for other in view.rows if other.total.place < place]
    below = [other for other in view.rows if other.total.place > place]
    if above:
        text += f", {gap(above[-1].total.value - row.total.value)} behind {person_name(above[-1].user)}"
    if below:
        text += f", {gap(row.total.value - below[0].total.value)} ahead of {person_name(below[0].user)}"
    return text
