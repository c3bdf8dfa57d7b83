"""The rules of what moved and why: each change of a standing with its reason. Pure functions.

A new reason is a rule here, and its words in `standings/sentences.py`.

A rule sees the history of one person in one competition, and nobody else's. `store/history.py` decides what
that is (`past` and `deleted_accounts`), so a rule that needs to see more starts with a change there.

Most rank changes on a board are caused by other people's submissions: on a real one, 1,046 of 1,226 teams
moved in 42 hours without submitting anything. So "overtaken" is different from "improved", and everything
that others did to a rank between two movements of the person's own is one movement.

A member `?` is somebody who was removed, so it can be anybody. If there is one more of them before, nobody is
known to have joined, since each new member may be the one who was `?`. If there is one more of them after,
nobody is known to have left.

Who passed whom depends on two people, so that rule is in `standings/passing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from kagsync.standings.standing import REMOVED
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from kagsync.standings.standing import Standing

    Deletions = AbstractSet[tuple[int | None, int]]

NEW = "new"
FINAL = "final"  # of the private board; see `standings/results.py`
CAME_BACK = "came-back"
LEFT = "left"
DELETED = "deleted"
MERGED = "merged"
MOVED = "moved"
IMPROVED = "improved"
PASSED = "passed"  # an improvement that put the person ahead of others; see `standings/passing.py`
FELL = "fell"
RESCORED = "rescored"
OVERTAKEN = "overtaken"
OTHERS_LEFT = "others-left"
SUBMITTED = "submitted"
RENAMED = "renamed"
MEMBER_JOINED = "member-joined"
MEMBER_LEFT = "member-left"

# Every reason and what it means. A test compares the README's table with this.
REASONS = {
    NEW: "seen for the first time",
    FINAL: "the private board came out: the final rank, compared with the public one",
    CAME_BACK: "on the board again",
    LEFT: "no longer on the board: the entry expired (some boards keep only recent submissions), "
    "or the team was deleted",
    DELETED: "the account was deleted",
    MERGED: "the team became part of another",
    MOVED: "switched to another team, without a merger",
    IMPROVED: "a better score",
    PASSED: "a better score, which put the person ahead of others who are tracked",
    FELL: "a worse score",
    RESCORED: "another score without a new submission, or on a board whose direction is not known",
    OVERTAKEN: "others passed; the score is the same",
    OTHERS_LEFT: "others who stood above left the board or fell; the score is the same",
    SUBMITTED: "new submissions, none of them better",
    RENAMED: "the team has another name",
    MEMBER_JOINED: "the team has a new member",
    MEMBER_LEFT: "the team lost a member",
}
_DELETED_MEMBER = "del="  # how Kaggle names a member whose account was deleted: del=<16 hex>


class Change(NamedTuple):
    """A standing from a moment (seconds since 1970) on; None: not on the board."""

    moment: int
    standing: Standing | None


class Past(NamedTuple):
    """One user's changes since some time.

    Attributes:
        before: the standing at that time.
        known: whether the user was ever on the board until then.
        changes: those after it, the earliest first.
    """

    before: Standing | None
    known: bool
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement and its reason.

    Attributes:
        reason: a word of REASONS.
        moment: when the board showed it, in seconds since 1970.
        before, after: the standings around it; None: not on the board.
        member: who joined or left the team, where that is the reason.
        board: public or private. Of FINAL, `before` is the standing on the public board.
        medal: of FINAL, the medal that the rank gets.
        is_nameless: whether the names of the team and its members were removed, so that words say nothing
            about them.
    """

    reason: str
    moment: int
    before: Standing | None
    after: Standing | None
    member: str = ""
    board: str = PUBLIC
    medal: str | None = None
    is_nameless: bool = False

    @property
    def own(self) -> bool:
        """Whether the person did something, or got a result; otherwise others alone caused the movement."""
        return not _is_drift(self)

    @property
    def places(self) -> int | None:
        """How many places were gained (lost: negative); None where there is nothing to compare."""
        if self.before is None or self.after is None or self.before.rank is None or self.after.rank is None:
            return None
        return self.before.rank - self.after.rank

    @property
    def score_change(self) -> float | None:
        """How much higher the score is; None where there is nothing to compare."""
        old, new = self.before and self.before.score, self.after and self.after.score
        if old is None or new is None:
            return None
        return 0.0 if old == new else new - old

    @property
    def member_was_deleted(self) -> bool:
        """Whether the member who left did so by deleting the account."""
        old, new = _members(self.before), _members(self.after)
        return 0 < len(old - new) <= sum(name.startswith(_DELETED_MEMBER) for name in new - old)

    @property
    def submissions(self) -> int:
        """How many submissions were made in between; 0 where the boards do not tell."""
        if self.before is None or self.after is None or self.board != PUBLIC:
            return 0
        if not same_team(self.before, self.after):
            return 0
        return _submitted(self.before, self.after)


def movements(past: Past, higher_is_better: bool | None, deleted: Deletions = frozenset()) -> list[Movement]:
    """All that happened to one user, the earliest first.

    What others caused (`overtaken`, `others-left`, `rescored`) is summed up between two movements of the
    user's own, so that one sentence covers what a hundred boards did to a rank.

    Args:
        past: the user's changes.
        higher_is_better: the score's direction; None: not known.
        deleted: (team id, moment) wherever a deleted account was first seen in a team.
    """
    found: list[Movement] = []
    drift: Movement | None = None
    before, known = past.before, past.known
    for change in past.changes:
        for step in between(before, change, known=known, higher_is_better=higher_is_better, deleted=deleted):
            if _is_drift(step):
                drift = step if drift is None else replace(step, before=drift.before)
                continue
            if drift is not None and _is_standing(step):
                found += _drifted(drift)
                drift = None
            found.append(step)
        before, known = change.standing, known or change.standing is not None
    if drift is not None:
        found += _drifted(drift)
    return sorted(found, key=lambda movement: (movement.moment, not _is_standing(movement)))


def overall(past: Past, higher_is_better: bool | None, deleted: Deletions = frozenset()) -> Movement | None:
    """The one movement from the past's beginning to its end; None when nothing moved."""
    if not past.changes:
        return None
    last = past.changes[-1]
    steps = between(past.before, last, known=past.known, higher_is_better=higher_is_better, deleted=deleted)
    if not steps:
        return None
    if last.standing is None and len(past.changes) > 1:
        # A deletion is known by the last team, which need not be the first.
        end = between(
            past.changes[-2].standing, last, known=True, higher_is_better=higher_is_better, deleted=deleted
        )
        return replace(steps[0], reason=end[0].reason) if end else steps[0]
    if steps[0].reason in (IMPROVED, FELL) and _only_rescored(past):
        return replace(steps[0], reason=RESCORED)
    return steps[0]


def _only_rescored(past: Past) -> bool:
    """Whether no submission changed the score, though there may have been some in between."""
    standings = [past.before, *(change.standing for change in past.changes)]
    return all(
        same_team(one, other) and (one.score == other.score or is_rescoring(one, other))
        for one, other in pairwise(standing for standing in standings if standing is not None)
    )


def between(
    before: Standing | None,
    change: Change,
    *,
    known: bool,
    higher_is_better: bool | None,
    deleted: Deletions,
) -> list[Movement]:
    """What happened between two standings: the standing's own movement first, then the team's.

    Args:
        before: the earlier standing; None: not on the board.
        change: the later one.
        known: whether the user was on the board at any time before.
        higher_is_better: the score's direction; None: not known.
        deleted: (team id, moment) wherever a deleted account was first seen in a team.
    """
    after, moment = change.standing, change.moment

    def movement(reason: str, member: str = "") -> Movement:
        return Movement(reason, moment, before, after, member)

    if before is None:
        if after is None:
            return []
        return [movement(CAME_BACK if known else NEW)]
    if after is None:
        return [movement(DELETED if (before.team_id, moment) in deleted else LEFT)]
    if not same_team(before, after):
        return [movement(MERGED if _became_part(before, after) else MOVED)]
    reason = _standing_reason(before, after, higher_is_better)
    found = [movement(reason)] if reason else []
    if before.team_name != after.team_name:
        found.append(movement(RENAMED))
    if not before.members or not after.members:
        return found  # an old board does not tell the members
    unknown = _removed(before) - _removed(after)
    if unknown >= 0:
        left = sorted(_members(before) - _members(after))
        found += [movement(MEMBER_LEFT, member) for member in left]
    if unknown <= 0:
        found += [movement(MEMBER_JOINED, member) for member in _joined(before, after)]
    return found


def better(old: float | None, new: float | None, higher_is_better: bool | None) -> bool | None:
    """Whether a score became better; None: it is the same, or the direction is not known."""
    if old is None or new is None or old == new or higher_is_better is None:
        return None
    return (new > old) == higher_is_better


def _standing_reason(before: Standing, after: Standing, higher_is_better: bool | None) -> str | None:
    if before.score != after.score:
        if is_rescoring(before, after):
            return RESCORED
        improved = better(before.score, after.score, higher_is_better)
        if before.score is None:
            improved = True
        elif after.score is None:
            improved = False
        if improved is None:
            return RESCORED
        return IMPROVED if improved else FELL
    if _submitted(before, after):
        return SUBMITTED
    if before.rank is not None and after.rank is not None and before.rank != after.rank:
        return OVERTAKEN if after.rank > before.rank else OTHERS_LEFT
    return None


def is_rescoring(before: Standing | None, after: Standing | None) -> bool:
    """Whether a score changed without a new submission: the host rescored it, or simulations went on.

    A score that appears or vanishes counts too: its cell may have been unreadable before. The answer is no
    where a board does not tell the number of submissions, as old ones do not.
    """
    if before is None or after is None or before.submission_count is None:
        return False
    return before.score != after.score and before.submission_count == after.submission_count


def _is_drift(step: Movement) -> bool:
    """Whether others caused this step."""
    if step.reason == RESCORED:
        return step.board == PRIVATE or is_rescoring(step.before, step.after)
    return step.reason in (OVERTAKEN, OTHERS_LEFT)


def _submitted(before: Standing, after: Standing) -> int:
    """How many submissions were made; 0 where the boards do not tell, as old ones do not.

    When a member joined, it is not known either: a merged team's submissions are added to the count.
    """
    if before.submission_count is None or after.submission_count is None:
        return 0
    if len(_joined(before, after)) > max(_removed(before) - _removed(after), 0):
        return 0
    return max(after.submission_count - before.submission_count, 0)


def _joined(before: Standing, after: Standing) -> list[str]:
    """The new members of a team; none where a board does not tell the members, as old ones do not."""
    if not before.members:
        return []
    # A deleted account stays in the team under another name: nobody joined.
    new = _members(after) - _members(before)
    return sorted(name for name in new if not name.startswith(_DELETED_MEMBER))


def _became_part(before: Standing, after: Standing) -> bool:
    """Whether all members of a team, and others, are in another one."""
    old, new = _members(before), _members(after)
    return bool(old) and old <= new and len(old) + _removed(before) < len(new) + _removed(after)


def _drifted(drift: Movement) -> list[Movement]:
    """A summed-up drift with the reason of its net effect; none if there is no effect."""
    if drift.before and drift.after and drift.before.score != drift.after.score:
        # Others' submissions may have been added meanwhile: those of members who joined.
        before = drift.before._replace(submission_count=drift.after.submission_count)
        return [replace(drift, reason=RESCORED, before=before)]
    if not drift.places:
        return []
    return [replace(drift, reason=OVERTAKEN if drift.places < 0 else OTHERS_LEFT)]


def _is_standing(movement: Movement) -> bool:
    return movement.reason not in (RENAMED, MEMBER_JOINED, MEMBER_LEFT)


def same_team(before: Standing, after: Standing) -> bool:
    """Whether two standings are of the same team: by its id where that is known, else by its name."""
    if before.team_id is None or after.team_id is None:
        return before.team_name == after.team_name
    return before.team_id == after.team_id


def _members(standing: Standing | None) -> set[str]:
    """The members whose names are known."""
    return set(standing.members.split(",")) - {"", REMOVED} if standing is not None else set()


def _removed(standing: Standing) -> int:
    """How many members were removed, so that their names are not known."""
    return standing.members.split(",").count(REMOVED)
