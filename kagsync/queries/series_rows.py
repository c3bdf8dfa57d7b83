"""The standings of a series as flat rows, its groups, and who leads each series: for CSV and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.queries import series as query

if TYPE_CHECKING:
    from kagsync.queries.series import SeriesView
    from kagsync.scoring.totals import GroupTotal


def flat(view: SeriesView) -> list[dict[str, Any]]:
    """A row a person, with the points and the rank in each competition, for CSV. None means unknown."""
    rows = []
    for row in view.rows:
        cells: dict[str, Any] = {
            "place": row.total.place,
            "username": row.user.username,
            "name": row.user.name,
            "group": row.user.group,
            "handle": row.user.handle,
            "student_id": row.user.student_id,
            "total": row.total.value,
            "previous_place": row.before and row.before.place,
            "previous_total": row.before and row.before.value,
        }
        for each in row.total.results:
            slug = each.part.slug
            points = None if each.place is None else each.points
            cells[slug if slug not in cells else f"{slug} points"] = points
            cells[f"{slug} rank"] = each.standing and each.standing.rank
        rows.append(cells)
    return rows


def groups(found: list[GroupTotal]) -> list[dict[str, Any]]:
    """A row a group."""
    return [
        {
            "place": each.place,
            "group": each.group,
            "total": each.value,
            "people": each.people,
            "counted": len(each.members),
        }
        for each in found
    ]


def groups_as_json(view: SeriesView, found: list[GroupTotal]) -> dict[str, Any]:
    """The same for programs, with what the series is."""
    whole = query.as_json(view) | {"standings": groups(found)}
    people = {row.user.id: row for row in view.rows}
    for each, group in zip(whole["standings"], found, strict=True):
        rows = [people[key] for key in group.members]
        each["members"] = [{"handle": row.user.handle, "total": row.total.value} for row in rows]
    return whole


def leaders(view: SeriesView) -> dict[str, Any]:
    """Who leads a series."""
    first = query.leaders(view)
    return {
        "series": view.series.name,
        "at": clock.iso(view.at),
        "leaders": [row.user.handle for row in first],
        "total": first[0].total.value if first else None,
        "ahead": query.ahead(view) if first else None,
    }
