"""Series for programs: their definitions, standings, groups and leaders, as JSON and as rows for CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.queries import series as query

if TYPE_CHECKING:
    from kagsync.queries.series import Row, SeriesView
    from kagsync.queries.series_groups import GroupRow
    from kagsync.scoring.series import Series
    from kagsync.scoring.totals import Scored

# Of the keys of a row; then come the competitions.
_IN_CSV = (
    *("place", "username", "name", "group", "handle", "student_id"),
    *("total", "previous_place", "previous_total"),
)


def as_json(view: SeriesView) -> dict[str, Any]:
    """The standings for programs. Numbers are not rounded; None means unknown."""
    series = view.series
    return {
        **definition_as_json(series),
        "at": clock.iso(view.at),
        "since": clock.iso(view.since),
        "boards": [_board_as_json(view, part.competition_id, part.slug) for part in series.parts],
        "standings": [row_as_json(row) for row in view.rows],
    }


def definition_as_json(series: Series) -> dict[str, Any]:
    """What a series is, for programs."""
    return {
        "series": series.name,
        "rule": series.rule,
        "points": list(series.points),
        "best": series.best,
        "group": series.group,
        "ties": series.ties,
        "board": series.board,
        "absent": series.absent,
        "teams": series.teams,
        "competitions": [
            {
                "competition": part.slug,
                "weight": part.weight,
                "scale": None if part.scale is None else list(part.scale),
            }
            for part in series.parts
        ],
    }


def _board_as_json(view: SeriesView, competition_id: int, slug: str) -> dict[str, Any]:
    board = view.boards.get(competition_id)
    known = board and board.field
    return {
        "competition": slug,
        "board": known and known.board,
        "day": known and known.day,
        "teams": known and known.teams,
    }


def row_as_json(row: Row) -> dict[str, Any]:
    """A row for programs."""
    user, total, before = row.user, row.total, row.before
    return {
        "place": total.place,
        "username": user.username,
        "name": user.name,
        "group": user.group,
        "handle": user.handle,
        "student_id": user.student_id,
        "total": total.value,
        "previous_place": before and before.place,
        "previous_total": before and before.value,
        "places": row.places,
        "gained": row.gained,
        "counted": total.counted,
        "competitions": [_result_as_json(each) for each in total.results],
    }


def _result_as_json(result: Scored) -> dict[str, Any]:
    standing = result.standing
    return {
        "competition": result.part.slug,
        "rank": standing and standing.rank,
        "score": standing and standing.score,
        "place": result.place,
        "rule_points": result.raw,
        "weight": result.part.weight,
        "points": result.points,
        "counts": result.counts,
        "words": result.reason,
    }


def flat(view: SeriesView) -> list[dict[str, Any]]:
    """A row a person, with the points and the rank in each competition, for CSV. None means unknown."""
    rows = []
    for row in view.rows:
        whole = row_as_json(row)
        cells = {key: whole[key] for key in _IN_CSV}
        for each in row.total.results:
            slug = each.part.slug
            points = None if each.place is None else each.points
            cells[slug if slug not in cells else f"{slug} points"] = points
            cells[f"{slug} rank"] = each.standing and each.standing.rank
        rows.append(cells)
    return rows


def groups(found: list[GroupRow]) -> list[dict[str, Any]]:
    """A row a group."""
    return [
        {
            "place": total.place,
            "group": total.group,
            "total": total.value,
            "people": total.people,
            "counted": len(total.members),
            "previous_place": before and before.place,
            "previous_total": before and before.value,
        }
        for total, before in found
    ]


def groups_as_json(view: SeriesView, found: list[GroupRow]) -> dict[str, Any]:
    """The same for programs, with what the series is."""
    whole = as_json(view) | {"standings": groups(found)}
    people = {row.user.id: row for row in view.rows}
    for each, group in zip(whole["standings"], found, strict=True):
        rows = [people[key] for key in group.total.members]
        each |= {"places": group.places, "gained": group.gained}
        each["members"] = [{"handle": row.user.handle, "total": row.total.value} for row in rows]
    return whole


def leaders(view: SeriesView, problem: str | None = None) -> dict[str, Any]:
    """Who leads a series.

    Args:
        problem: why that is not known; None: it is.
    """
    first = query.leaders(view)
    return {
        "series": view.series.name,
        "at": clock.iso(view.at),
        "leaders": [row.user.handle for row in first],
        "total": first[0].total.value if first else None,
        "ahead": query.ahead(view) if first else None,
        "problem": problem,
    }
