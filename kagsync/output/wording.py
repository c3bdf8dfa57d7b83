"""Words for people, competitions and phases that all tables and pages share."""

from __future__ import annotations

import shlex
from datetime import UTC
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.board.matching import USERNAME
from kagsync.output.terminal import DOWN, SIGN, UP
from kagsync.standings import lifecycle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from kagsync.queries.board import Line
    from kagsync.standings.lifecycle import Phase
    from kagsync.store.records import Competition, User

MATCHED_BY_NAME_SIGN = SIGN  # after a person who was matched only by the name of the team


def mark(line: Line) -> str:
    """The sign of a person who was matched only by the name of the team; empty for others."""
    return MATCHED_BY_NAME_SIGN if line.entry.matched_by != USERNAME else ""


def rename_question(old: str, new: str) -> str:
    """What to do about somebody who may have a new username on Kaggle."""
    return f"has @{old} become @{new}? kagsync users rename {shlex.quote(old)} {new}"


def arrow(places: int) -> str:
    """Places gained (▲) or lost (▼)."""
    return f"{UP if places > 0 else DOWN}{abs(places):,}"


def shaken(places: int) -> str:
    """The same between two boards, where `=` says that none were gained or lost."""
    return arrow(places) if places else "="


def ends(competition: Competition, now: datetime) -> str:
    """How long until the deadline."""
    deadline = competition.ends_at
    if deadline is None:
        return ""
    if deadline <= now:
        return "ended"
    return f"ends in {clock.span(max((deadline - now).total_seconds(), 60))}"


def phase_words(competition: Competition, phase: Phase, zone: tzinfo | None = UTC) -> str:
    """A phase for people, with its date in a zone (None: the machine's)."""
    match phase.name:
        case lifecycle.FINAL:
            return "final, may change" if competition.is_linked else "final"
        case lifecycle.FINISHED if phase.since is not None:
            return f"final, finished since {phase.since.astimezone(zone):%Y-%m-%d}"
        case lifecycle.ENDED:
            return "ended, waiting for the final result" if competition.is_linked else "ended"
    return phase.name


def phase_since(phase: Phase) -> str:
    """A phase and since when, in short."""
    return phase.name if phase.since is None else f"{phase.name} since {phase.since:%Y-%m-%d}"


def missing(score: float, decimals: int) -> str:
    """A gap in score, with as many decimals as scores have, or more if only zeros were left."""
    text = f"{score:.{decimals}f}"
    return text if float(text) or not score else f"{score:.9f}".rstrip("0")


def left(line: Line, board: str = "board", zone: tzinfo | None = UTC) -> str:
    """A sentence on somebody who left the board: when (the day in a zone), and the last standing."""
    entry, standing = line.entry, line.entry.standing
    rank = f"rank {standing.rank:,}" if standing.rank is not None else "no rank"
    day = f"{clock.parse_iso(entry.left_at).astimezone(zone):%Y-%m-%d}" if entry.left_at else ""
    was = f"was {rank}, score {standing.score_text or '–'}"
    if line.deleted:
        was += ", the account was deleted"
    return f"{person_name(line.user)}{mark(line)} left the {board} on {day} ({was})"


def listed(names: Sequence[str], most: int) -> str:
    """At most so many names in a line, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def person_name(user: User) -> str:
    """A person by name and username."""
    return f"{user.name} ({user.handle})" if user.name else user.handle
