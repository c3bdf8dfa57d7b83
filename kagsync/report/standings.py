"""`standings.json`: what the pages show of where people stand, for programs.

It depends on the boards and the roster only, so it changes only when they do: the movements of the last 24
hours and the time of the last sync are left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.output.listing import VERSION, to_json
from kagsync.queries.board import entry_as_json
from kagsync.report.folder import files_of

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
)


def standings(competitions: Iterable[dict[str, Any]], site: str, privacy: Privacy) -> str:
    """The whole file.

    Args:
        competitions: see `of_page`.
        site: the site's title.
    """
    data = {
        "version": VERSION,
        "generator": "kagsync",
        "names": privacy.names,
        "title": site,
        "competitions": list(competitions),
    }
    return f"{to_json(data)}\n"


def known(text: str) -> dict[str, dict[str, Any]]:
    """The competitions in a file, by their page; empty if it cannot be read."""
    try:
        return {each["page"]: each for each in json.loads(text)["competitions"]}
    except (ValueError, KeyError, TypeError):
        return {}


def of_page(page: Page) -> dict[str, Any]:
    """What a page says about its competition. Every key is always there; None means unknown."""
    view = page.view
    competition = view.competition
    shown, embed = files_of(competition.slug)
    return {
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


def _person(view: BoardView, line: Line) -> dict[str, Any]:
    entry = entry_as_json(view, line)
    told = {key: entry[key] for key in _KEYS}
    return told | {"kaggle_team_name": told["kaggle_team_name"] or None}  # not told, or none
