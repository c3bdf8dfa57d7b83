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
from kagsync.report.folder import files_of, page_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.queries.board import BoardView, Line
    from kagsync.report.folder import Privacy
    from kagsync.report.pages import Page

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
_START = re.compile(r'\{"competition": "([^"]+)", ')
_END = "\n]}\n"


def standings(competitions: Iterable[str], site: str, privacy: Privacy) -> str:
    """The whole file.

    Args:
        competitions: see `of_page`.
        site: the site's title.
    """
    head = _json({"version": VERSION, "generator": "kagsync", "names": privacy.names, "title": site})
    return f'{head[:-1]}, "competitions": [\n' + ",\n".join(competitions) + _END


def known(text: str) -> dict[str, str]:
    """The competitions in a file as `of_page` gave them, by their pages; empty if the file is not whole."""
    if not text.endswith(_END):
        return {}
    lines = (line.rstrip(",") for line in text.splitlines())
    return {page_name(found[1]): line for line in lines if (found := _START.match(line))}


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


def _json(data: dict[str, Any]) -> str:
    """JSON in ASCII, in one line: with line breaks, Python takes ten times as long."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False)


def _person(view: BoardView, line: Line) -> dict[str, Any]:
    entry = entry_as_json(view, line)
    told = {key: entry[key] for key in _KEYS}
    return told | {"kaggle_team_name": told["kaggle_team_name"] or None}  # not told, or none
