"""The history of a standing: a row only where it changed, the same whatever order snapshots arrive in.

The history of one user in one competition is a list of changes, each at the moment of a snapshot. Between
two of them the standing was what the earlier one says, at every snapshot there was. A snapshot that arrives
late therefore can touch two moments only: its own, and that of the next snapshot, which must go on saying
what was seen then.
"""

from __future__ import annotations

from typing import NamedTuple


class State(NamedTuple):
    """What counts as a change: rank, score, team (id, name, members) or number of submissions.

    None in place of a State means: not on the board.
    """

    rank: int | None
    score: float | None
    score_text: str | None
    team_id: int | None
    team_name: str
    members: str
    submission_count: int | None

    def same(self, other: State | None) -> bool:
        """Whether the standing is the same; the score by its number (0.9712 is 0.97120)."""
        return other is not None and (
            self.rank,
            self.score,
            self.team_id,
            self.team_name,
            self.members,
            self.submission_count,
        ) == (
            other.rank,
            other.score,
            other.team_id,
            other.team_name,
            other.members,
            other.submission_count,
        )


def same(one: State | None, other: State | None) -> bool:
    """Whether two states, either of which may be "not on the board", are the same."""
    return one.same(other) if one is not None else other is None


class Splice(NamedTuple):
    """How one user's history changes: moment → the state to be stored there, or `remove` it."""

    moment: int
    state: State | None
    remove: bool = False


def splice(
    before: State | None, seen: State | None, at: int, after: State | None, next_at: int | None
) -> list[Splice]:
    """The changes that a snapshot at `at` makes to one user's history.

    Args:
        before: the state just before `at`.
        seen: the state in the snapshot.
        at: the snapshot's moment.
        after: the state at the next snapshot that knew of this user (as stored until now).
        next_at: that snapshot's moment, or None if there is none.

    Returns:
        what must stand, or not stand, at `at` and at `next_at`; applying it twice changes nothing.
    """
    changes = [Splice(at, seen, remove=same(before, seen))]
    if next_at is not None:
        changes.append(Splice(next_at, after, remove=same(seen, after)))
    return changes
