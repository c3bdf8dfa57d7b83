"""`standings.json`: what the pages show of where people stand, for programs.

It depends on the boards and the roster only, so it changes only when they do: the movements of the last 24
hours and the time of the last sync are left out.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.output.listing import VERSION
from kagsync.queries.board import entry_as_json
from kagsync.queries.series_rows import definition_as_json, row_as_json
from kagsync.report.folder import files_of, page_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.queries.board import BoardView, Line
    from kagsync.queries.series import Row
    from kagsync.report.folder import Privacy
    from kagsync.report.pages import Page
    from kagsync.report.series import SeriesPage

# Of the keys of `kagsync show SLUG --format json`.
_KEYS = (
    *("handle", "username", "name", "group", "rank", "score", "score_text", "kaggle_team_name"),
    *("submission_count", "matched_by", "left_at", "medal"),
    *("next_person", "next_person_places", "next_person_gap"),
    *("next_baseline", "next_baseline_places", "next_baseline_gap"),
    *("next_medal", "next_medal_places", "next_medal_gap"),
    *("public_rank", "private_rank", "public_score", "private_score", "shake_up"),
    *("local_rank", "local_count"),
)
# Of a series, and of a row and a result in it, those of `kagsync standings NAME --format json`.
_SERIES_KEYS = ("series", "rule", "best", "group", "ties", "board", "absent", "teams")
_ROW_KEYS = ("place", "handle", "username", "name", "group", "total", "counted")
_RESULT_KEYS = ("competition", "rank", "points", "counts")
_START = re.compile(r'\{(?:"competition": "([^"]+)"|"page": "([^"]+)"), ')
_END = "\n]}\n"


def standings(competitions: Iterable[str], series: Iterable[str], site: str, privacy: Privacy) -> str:
    """The whole file.

    Args:
        competitions: see `of_page`.
        series: see `of_series`.
        site: the site's title.
    """
    head = _json({"version": VERSION, "generator": "kagsync", "names": privacy.names, "title": site})
    lists = (",\n".join(competitions), ",\n".join(series))
    return f'{head[:-1]}, "competitions": [\n{lists[0]}\n], "series": [\n{lists[1]}{_END}'


def known(text: str) -> dict[str, str]:
    """What `of_page` and `of_series` gave to a file, by their pages; empty if the file is not whole."""
    if not text.endswith(_END):
        return {}
    lines = (line.rstrip(",") for line in text.splitlines())
    found = ((_START.match(line), line) for line in lines)
    return {page_name(start[1]) if start[1] else start[2]: line for start, line in found if start}


def of_page(page: Page) -> str:
    """What a page says about its competition, as JSON in one line.

    Every key is always there; null means unknown.
    """
    view = page.view
    competition = view.competition
    shown, embed = files_of(competition.slug)
    data = {
        "competition": competition.slug,
        "title": competition.title,
        "page": shown,
        "embed": embed,
        "active": competition.active,
        "phase": page.phase.name,
        "phase_since": page.phase.since and clock.iso(page.phase.since),
        "deadline": competition.deadline,
        "merger_deadline": competition.merger_deadline,
        "new_entrant_deadline": competition.new_entrant_deadline,
        "metric": competition.metric,
        "higher_is_better": competition.direction,
        "board": competition.board,
        "snapshot_at": competition.snapshot_at and clock.iso(competition.snapshot_at),
        "teams": competition.team_count,
        "people": [_person(view, line) for line in (*view.on_board, *view.left)],
        "missing": [user.handle for user in view.missing],
    }
    return _json(data)


def of_series(page: SeriesPage) -> str:
    """What a page says about its series, as JSON in one line. Places are among all of its people."""
    data: dict[str, Any] = {"page": page.file, **definition_as_json(page.series)}
    told = {key: data[key] for key in ("page", *_SERIES_KEYS)}
    told["competitions"] = [part.slug for part in page.series.parts]
    told["leader_since"] = page.lead and page.lead.since and clock.iso(page.lead.since)
    told["standings"] = [_series_row(row) for row in page.shown]
    return _json(told)


def _series_row(row: Row) -> dict[str, Any]:
    whole = row_as_json(row)
    results = [{key: each[key] for key in _RESULT_KEYS} for each in whole["competitions"]]
    return {key: whole[key] for key in _ROW_KEYS} | {"competitions": results}


def _json(data: dict[str, Any]) -> str:
    """JSON in ASCII, in one line: with line breaks, Python takes ten times as long."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False)


def _person(view: BoardView, line: Line) -> dict[str, Any]:
    entry = entry_as_json(view, line)
    told = {key: entry[key] for key in _KEYS}
    return told | {"kaggle_team_name": told["kaggle_team_name"] or None}  # not told, or none
