"""Movements in words: sentences for `news`, and a few words for a column of `show`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kagsync.standings import movements
from kagsync.standings.which import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kagsync.standings.movements import Movement
    from kagsync.standings.standing import Standing

_MOST_PASSED = 3  # names of those who were passed, in one sentence
# What words about these name is removed from a nameless movement.
_ABOUT_NAMES = (
    movements.MERGED,
    movements.MOVED,
    movements.RENAMED,
    movements.MEMBER_JOINED,
    movements.MEMBER_LEFT,
)


def counted(count: int, noun: str) -> str:
    """How many there are: `1 team`, `1,200 teams`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sentence(who: str, movement: Movement, teams: int | None, passed: Sequence[str] = ()) -> str:
    """A movement as a sentence: `alice: 412 → 371 of 1,744, improved 0.80523 → 0.80711`.

    It contains strangers' names unchanged, so the caller must make it safe before printing it.

    Args:
        who: the person's name.
        movement: what happened.
        teams: how many teams were on the board; None: not known.
        passed: the names of those whom the person passed.
    """
    if passed:
        who = f"{who} passed {in_words(passed)}"
    colon = "" if movement.reason == movements.FINAL else ":"
    return f"{who}{colon} {details(movement, teams)}"


def details(movement: Movement, teams: int | None) -> str:
    """What a sentence says after the person: `412 → 371 of 1,744, improved 0.80523 → 0.80711`."""
    if movement.reason == movements.FINAL:
        return f"finished {_rank_at_the_end(movement, teams)}: {words(movement)}"
    if movement.after is None:
        old = movement.before.rank if movement.before else None
        return f"{words(movement)}{'' if old is None else f', last at {old:,}'}"
    return f"{_place(movement, teams)}{words(movement)}"


def words(movement: Movement) -> str:
    """What happened, without the person and the rank: `improved 0.80523 → 0.80711`."""
    if movement.is_nameless and movement.reason in _ABOUT_NAMES:
        return movements.REASONS[movement.reason]
    if movement.board == PRIVATE:
        return _words_of_result(movement)
    before, after = movement.before, movement.after
    scores = f"{_score(before)} → {_score(after)}"
    match movement.reason:
        case movements.NEW:
            return f"first seen, score {_score(after)}"
        case movements.CAME_BACK:
            return f"back on the board, score {_score(after)}"
        case movements.LEFT:
            return "left the board (rolling window or deletion)"
        case movements.DELETED:
            return "the account was deleted"
        case movements.MERGED:
            return f"the team {_team(before)} merged into {_team(after)}"
        case movements.MOVED:
            return f"now in the team {_team(after)}, no longer in {_team(before)}"
        case movements.IMPROVED:
            return f"improved {scores}{', yet overtaken' if (movement.places or 0) < 0 else ''}"
        case movements.FELL:
            return f"fell {'with a new submission ' if movement.submissions else ''}{scores}"
        case movements.OVERTAKEN | movements.OTHERS_LEFT:
            return brief(movement)
        case movements.SUBMITTED:
            return f"{_submissions(movement)} than {_score(after)}{_by_others(movement)}"
        case movements.RESCORED if movements.is_rescoring(before, after):
            return f"rescored {scores}"
        case movements.RENAMED:
            return f"the team {_team(before)} is now called {_team(after)}"
        case movements.MEMBER_JOINED:
            return f"{movement.member} joined the team {_team(after)}"
        case movements.MEMBER_LEFT if movement.member_was_deleted:
            return f"the account of {movement.member} in the team {_team(after)} was deleted"
        case movements.MEMBER_LEFT:
            return f"{movement.member} left the team {_team(after)}"
    return f"score {scores}"


def _words_of_result(movement: Movement) -> str:
    """What happened on the private board, where ranks go up or down."""
    before, after = movement.before, movement.after
    way = _up_or_down(movement.places)
    match movement.reason:
        case movements.FINAL:
            told = _beside_public(movement)
        case movements.OTHERS_LEFT | movements.OVERTAKEN:
            told = f"{way}, {brief(movement)}"
        case movements.RESCORED:
            told = f"{way}, rescored {_score(before)} → {_score(after)}"
        case movements.CAME_BACK:
            told = "back on the private board"
        case movements.LEFT | movements.DELETED:
            told = "removed from the private board"
        case movements.MERGED | movements.MOVED:
            told = f"now in the team {_team(after)}, no longer in {_team(before)}"
        case _:
            told = movement.reason.replace("-", " ")
    return f"{told}, {movement.medal} medal" if movement.medal else told


def _beside_public(movement: Movement) -> str:
    before, places = movement.before, movement.places
    if before is None:
        return "not on the public board"
    if before.rank is None:
        return "on the public board without a rank"
    if places is None:
        return f"{before.rank:,} on the public board"
    return (
        f"{_up_or_down(places)} from the public board" if places else "the same place as on the public board"
    )


def _up_or_down(places: int | None) -> str:
    if not places:
        return "the same place"
    return f"{'up' if places > 0 else 'down'} {counted(abs(places), 'place')}"


def brief(movement: Movement) -> str:
    """The reason in a few words, for a column beside the numbers."""
    places = abs(movement.places or 0)
    if movement.board == PRIVATE:
        match movement.reason:
            case movements.OTHERS_LEFT:
                return f"{places:,} above {'was' if places == 1 else 'were'} removed"
            case movements.OVERTAKEN:
                return f"{places:,} more {'is' if places == 1 else 'are'} above"
            case movements.LEFT | movements.DELETED:
                return "removed"
    match movement.reason:
        case movements.OVERTAKEN:
            return f"overtaken by {places:,}"
        case movements.OTHERS_LEFT:
            return f"{places:,} above left"
        case movements.MERGED if not movement.is_nameless:
            return f"merged into {movement.after.team_name if movement.after else ''}"
        case movements.IMPROVED if (movement.places or 0) < 0:
            return "improved, overtaken"
        case movements.FELL if movement.submissions:
            return "fell with a new submission"
        case movements.SUBMITTED:
            return f"{movement.submissions:,} new, no gain"
        case movements.MEMBER_JOINED if not movement.is_nameless:
            return f"{movement.member} joined"
        case movements.MEMBER_LEFT if not movement.is_nameless:
            return f"{movement.member} left"
    return movement.reason.replace("-", " ")


def _rank_at_the_end(movement: Movement, teams: int | None) -> str:
    rank = movement.after.rank if movement.after else None
    return "without a rank" if rank is None else f"{rank:,}{f' of {teams:,}' if teams else ''}"


def _place(movement: Movement, teams: int | None) -> str:
    """From which rank to which, for the beginning of what happened; empty if it is not about the rank."""
    old = movement.before.rank if movement.before else None
    new = movement.after.rank if movement.after else None
    if new is None or movement.reason in (
        movements.RENAMED,
        movements.MEMBER_JOINED,
        movements.MEMBER_LEFT,
    ):
        return ""
    of = f" of {teams:,}" if teams else ""
    if movement.board == PRIVATE:
        of += " on the private board"
    return f"at {new:,}{of}, " if old is None or old == new else f"{old:,} → {new:,}{of}, "


def _by_others(movement: Movement) -> str:
    """What others did to the rank of somebody whose score is the same."""
    if not movement.places:
        return ""
    reason = movements.OVERTAKEN if movement.places < 0 else movements.OTHERS_LEFT
    return f", {brief(replace(movement, reason=reason))}"


def in_words(names: Sequence[str]) -> str:
    """`alice`; `alice and bob`; `alice, bob and carol`; `alice, bob, carol and 4 more`."""
    if len(names) > _MOST_PASSED + 1:
        names = [*names[:_MOST_PASSED], f"{len(names) - _MOST_PASSED:,} more"]
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _score(standing: Standing | None) -> str:
    return (standing.score_text if standing else None) or "–"


def _team(standing: Standing | None) -> str:
    return f"“{standing.team_name if standing else ''}”"


def _submissions(movement: Movement) -> str:
    count = movement.submissions
    return f"{counted(count, 'new submission')}, {'not' if count == 1 else 'none'} better"
