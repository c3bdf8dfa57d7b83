"""What stands above and below the table of `kagsync show`: facts, sentences, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.output.terminal import moment
from kagsync.output.wording import MATCHED_BY_NAME_SIGN, ends, mark, missing, person_name, phase_words
from kagsync.queries.unseen import NEVER
from kagsync.standings import lifecycle
from kagsync.standings.sentences import counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from kagsync.output.board_table import Row
    from kagsync.queries.board import BoardView, Line
    from kagsync.standings.lifecycle import Phase
    from kagsync.store.records import User

NAMES_IN_A_LINE = 12


def header(view: BoardView, now: datetime, zone: tzinfo | None) -> tuple[str, list[str]]:
    """A board's name, and short facts about it."""
    competition = view.competition
    title = competition.title
    head = f"{title} ({competition.slug})" if title and title != competition.slug else competition.slug
    if competition.snapshot_at is None:
        if view.is_private:
            return head, [f"No private board yet; the public one: kagsync show {competition.slug}"]
        return head, [f"No board yet: kagsync sync {competition.slug}"]
    phase = competition.phase(now)
    teams = "" if competition.team_count is None else f"{counted(competition.team_count, 'team')}, "
    facts = [
        *_phase_facts(view, phase, zone),
        f"{teams}{view.ours} of ours",
        f"{'private ' if view.is_private else ''}board of {moment(competition.snapshot_at, zone)} "
        f"({clock.since(competition.snapshot_at, now)})",
    ]
    if competition.synced_at is not None:
        facts.append(f"last good sync {clock.since(competition.synced_at, now)}")
    if phase.name == lifecycle.RUNNING and (deadline := ends(competition, now)):
        facts.append(deadline)
    if not view.has_earlier:
        facts.append("the first board")
    elif not view.is_private or any(line.moved for line in view.on_board):
        first = "the first board, from " if view.is_first else ""
        facts.append(f"compared with {first}{moment(view.since, zone)}")
    if not competition.active:
        facts.append("paused")
    return head, facts


def _phase_facts(view: BoardView, phase: Phase, zone: tzinfo | None) -> list[str]:
    if phase.name == lifecycle.RUNNING:
        return []
    if view.competition.has_result and not view.is_private:
        return [f"the public board; the final one: kagsync show {view.competition.slug}"]
    return [phase_words(view.competition, phase, zone)]


def warning(view: BoardView, now: datetime, zone: tzinfo | None) -> str:
    """Why the board may be old; empty: there is no reason."""
    if until := view.competition.rests_until(now):
        return f"Rests until {moment(until, zone)}: Kaggle asked to wait (429)"
    if view.last_error is None:
        return ""
    at, message = view.last_error
    return f"The last sync failed {clock.since(at, now)}: {message}"


def next_in_words(row: Row) -> list[str]:
    """What is ahead of one person, for a terminal that is too narrow for the columns."""
    gaps = {
        "person": row.line.next_person,
        "baseline": row.line.next_baseline,
        "medal": row.line.next_medal,
    }
    lines = []
    for what, gap in gaps.items():
        if gap is not None:
            places = "" if gap.places is None else f", {counted(gap.places, 'place')}"
            score = "" if not gap.score else f", {missing(gap.score, row.decimals)} in score"
            lines.append(f"Next {what}: {'tied with ' if gap.score == 0 else ''}{gap.shown}{places}{score}")
    return lines


def gone(view: BoardView) -> list[Line]:
    """Who left the board for all that is known. The others may be on it under another name."""
    return [line for line in view.left if not view.undecided.concerns(line.user)]


def about_marks(views: Iterable[BoardView]) -> list[str]:
    """What the sign behind some of the people means."""
    marked = any(mark(line) for view in views for line in (*view.on_board, *view.left))
    return [f"{MATCHED_BY_NAME_SIGN} matched by the team's name only"] if marked else []


def seen_elsewhere(view: BoardView) -> list[User]:
    """Who was never on this board, without those about whom another line tells more."""
    never_seen = {each.user.id for each in view.unseen}
    return [user for user in view.missing if user.id not in never_seen and not view.undecided.concerns(user)]


def never_seen(view: BoardView) -> list[str]:
    """Who was never on any board: a line for each person with a suggestion, and one for the others."""
    people = [each for each in view.unseen if not view.undecided.concerns(each.user)]
    shown = people[:NAMES_IN_A_LINE]
    lines = [f"{person_name(each.user)}: {each.hint}" for each in shown if each.hint != NEVER]
    if others := [person_name(each.user) for each in shown if each.hint == NEVER]:
        lines.append(f"{NEVER.capitalize()}: {', '.join(others)}")
    if more := len(people) - len(shown):
        lines.append(f"{more:,} more were {NEVER}: kagsync missing {view.competition.slug}")
    return lines
