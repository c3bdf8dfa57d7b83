"""A standing, which is one team's row on a board, and how a history of standings is stored.

A new column of the CSV changes this file, `board/header.py`, `board/rows.py`, `store/migrations/` and
`store/boards.py`; to be shown also `queries/board.py` (JSON) and `output/board_table.py`.

The history of one user in one competition is a list of changes, each at the moment of a snapshot. Between
two changes, every snapshot showed what the earlier change says. The list is the same whatever order snapshots
arrive in: one that arrives late can affect its own moment, and that of the next snapshot, which must still
say what was seen then. (On old days, thinning leaves out what `standings/thinning.py` says.)
"""

from __future__ import annotations

from typing import NamedTuple

# Part of a board's fingerprint, which tells whether there is anything to do. Raise it when more of a board is
# stored, such as another column of the CSV, or when the rule in `board/matching.py` changes: the next sync
# then processes each board again. 2 added benchmarks, medal lines and names; 3 ranks with gaps; 4 all ranks;
# 5 the best score and the benchmarks of each board.
STORED_VERSION = 5
# Fields that the history does not keep, so that a change of them alone adds nothing to it.
NOT_IN_HISTORY = ("submission_date",)
# Stands among the members of a team for a person who was removed. It cannot be a username.
REMOVED = "?"


class Standing(NamedTuple):
    """How a team stands on a board. None in place of a Standing means: not on the board.

    None in a field means that the board does not tell, or not legibly. It is a named tuple, since a large
    board has many, and a frozen dataclass takes longer to make.

    Attributes:
        rank: 1 is the best; None also where an old board's direction is unknown.
        score: the number.
        score_text: the score as Kaggle prints it, with its fixed decimals.
        members: usernames, lower case, comma-separated, sorted; `?` for each one who was removed.
        submission_date: ISO 8601 UTC of the last submission; the history does not keep it.
    """

    rank: int | None
    score: float | None
    score_text: str | None
    team_id: int | None
    team_name: str
    members: str
    submission_count: int | None
    submission_date: str | None = None

    def with_what_history_lacks(self, latest: Standing) -> Standing:
        """A standing from the history, completed by the same standing as the board had it."""
        return self._replace(**{name: getattr(latest, name) for name in NOT_IN_HISTORY})

    def same(self, other: Standing | None) -> bool:
        """Whether there is no change: same rank, score, team (id, name, members) and number of submissions.

        The score counts by its number (0.9712 is 0.97120), and the date of the last submission not at all.
        """
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


class PastStanding(NamedTuple):
    """What points are computed from: how a person stood on a board at some moment.

    Attributes:
        score_text: as Kaggle prints it.
        team: the same number means the same team.
        members: how many people the team had; None: not known (boards from before 2023).
    """

    rank: int | None
    score: float | None
    score_text: str | None
    team: int
    members: int | None
    submission_count: int | None


class UnclearTeam(NamedTuple):
    """A team on a board that may be a person's, but the person's `team` does not match one to one."""

    user_id: int
    team_id: int | None
    team_name: str


def same(one: Standing | None, other: Standing | None) -> bool:
    """`Standing.same` where either may be None."""
    return one.same(other) if one is not None else other is None


class Splice(NamedTuple):
    """How one user's history changes: moment → the standing to be stored there, or `remove` it."""

    moment: int
    standing: Standing | None
    remove: bool = False


def splice(
    before: Standing | None, seen: Standing | None, at: int, after: Standing | None, next_at: int | None
) -> list[Splice]:
    """The changes that a snapshot at `at` makes to one user's history.

    Args:
        before: the standing just before `at`.
        seen: the standing in the snapshot.
        at: the snapshot's moment.
        after: the standing at the next snapshot that knew of this user (as stored until now).
        next_at: that snapshot's moment, or None if there is none.

    Returns:
        what to store or remove at `at` and at `next_at`. Applying it twice changes nothing more.
    """
    changes = [Splice(at, seen, remove=same(before, seen))]
    if next_at is not None:
        changes.append(Splice(next_at, after, remove=same(seen, after)))
    return changes
