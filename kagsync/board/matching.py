"""Decides which tracked user a row belongs to, as a pure function.

1. Every member whose username is tracked: whole names, case ignored.
2. Only if no member is tracked: the user whose tracked username is exactly the team's name. This is weak
   evidence: on the titanic board of 2025 the team `xuezeshuo` does not belong to the user `xuezeshuo`.
3. Otherwise nobody. A benchmark (rank 0) never belongs to anybody.

When several rows claim one user, membership beats a team name, and then the better rank wins.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from kagsync.board.rows import split_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kagsync.board.rows import Rows
    from kagsync.standings.standing import Standing

USERNAME = "username"
TEAM_NAME = "team_name"

_SPACES = " \t\n\r\v\f\x1c\x1d\x1e\x1f"  # the ASCII characters that str.strip() removes


class Roster(NamedTuple):
    """The tracked users.

    Attributes:
        by_member: lower-case username → user id.
        by_team_name: the username exactly as it was entered → user id.
    """

    by_member: dict[str, int]
    by_team_name: dict[str, int]

    @classmethod
    def of(cls, users: Iterable[tuple[int, str]]) -> Roster:
        """Makes a roster from (id, username) pairs."""
        by_team_name = {name: key for key, name in users}
        return cls({name.lower(): key for name, key in by_team_name.items()}, by_team_name)


class Claim(NamedTuple):
    """A row that belongs to a user: its number on the board (from 0), its standing, and what matched."""

    row: int
    standing: Standing
    matched_by: str


def match(pieces: Iterable[Rows], roster: Roster, *, team_name: bool = True) -> dict[int, Claim]:
    """Finds the row of each tracked user in one pass over the board.

    Args:
        pieces: the board.
        roster: the tracked users.
        team_name: whether rule 2 is on.

    Returns:
        user id → claim, one for each user who is on the board.
    """
    claims: dict[int, Claim] = {}
    by_member = roster.by_member
    is_nobodys = by_member.keys().isdisjoint
    by_team_name = roster.by_team_name if team_name else {}
    start = 0
    for piece in pieces:
        cells = _tidy(piece.members)
        # Most rows belong to nobody, and comprehensions skip those fastest.
        by_cell = [
            i
            for i, cell in enumerate(cells)
            if cell in by_member or ("," in cell and not is_nobodys(cell.split(",")))
        ]
        by_name = [i for i, name in enumerate(piece.team_names) if name in by_team_name]
        for i in sorted({*by_cell, *by_name}):
            if piece.ranks[i] == 0:
                continue
            users = {by_member[name] for name in cells[i].split(",") if name in by_member}
            matched_by = USERNAME
            if not users:
                users, matched_by = {by_team_name[piece.team_names[i]]}, TEAM_NAME
            claim = Claim(start + i, piece.standing(i), matched_by)
            for user in users:
                if user not in claims or _strength(claim) < _strength(claims[user]):
                    claims[user] = claim
        start += len(piece.members)
    return claims


def _tidy(cells: Sequence[str]) -> Sequence[str]:
    """The cells in lower case and without spaces. Kaggle's already are; those of some archives are not."""
    text = "\0".join(cells)
    if text.isascii() and text == text.lower() and not any(space in text for space in _SPACES):
        return cells
    return [",".join(split_members(cell)) for cell in cells]


def _strength(claim: Claim) -> tuple[object, ...]:
    """Sorts the best claim first. The rest of the standing breaks ties, whatever the order of the rows."""
    standing = claim.standing
    return (
        claim.matched_by != USERNAME,
        math.inf if standing.rank is None else standing.rank,
        -1 if standing.team_id is None else standing.team_id,
        standing.team_name,
        standing.members,
        standing.score_text or "",
        standing.submission_date or "",
        -1 if standing.submission_count is None else standing.submission_count,
    )
