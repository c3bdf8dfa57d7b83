"""Decides which tracked person a row belongs to, as a pure function.

1. Every member whose username is tracked: whole names, case ignored.
2. Only if no member is tracked: the person whose `team` matches the team's name (see `board/teams.py`). The
   person's username must be nowhere on the board, and the match must be one to one. If a person's `team`
   matches two such rows, or two such people match one row, none of them gets it: they are unclear.
3. Only if nobody has the row by 1 or 2: the person whose tracked username is exactly the team's name. This is
   weak evidence: on the titanic board of 2025 the team `xuezeshuo` does not belong to the user `xuezeshuo`.
4. Otherwise nobody. A benchmark (rank 0) never belongs to anybody, and makes nothing unclear.

This is what follows when several rules apply:

- A username always wins. A row with a tracked member is closed to 2 and 3. A person found by 1 gets nothing
  else and competes for nothing, so another person's `team` may become clear.
- A person found by 2 gets nothing by 3, even from a row with a better rank. Nor does an unclear person.
- A row that is unclear by 2 may still belong to a third person by 3.
- Old boards have no members, so 1 finds nobody there. A person without a username is found by 2 only.

When several rows claim one person by 1, or by 3, the better rank wins.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kagsync.board.rows import split_members
from kagsync.standings.standing import UnclearTeam

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kagsync.board.renames import Before
    from kagsync.board.rows import Rows
    from kagsync.board.teams import Teams
    from kagsync.standings.standing import Standing

USERNAME = "username"
TEAM = "team"
TEAM_NAME = "team_name"

MOST_UNCLEAR = 100  # rows of a person that are named
_SPACES = " \t\n\r\v\f\x1c\x1d\x1e\x1f"  # the ASCII characters that str.strip() removes


class Person(NamedTuple):
    """A tracked person: a username, or a team (see `inputs.team`), or both."""

    id: int
    username: str | None
    student_id: str | None = None
    team: str | None = None


class Roster(NamedTuple):
    """The tracked people.

    Attributes:
        by_member: lower-case username → user id.
        by_team_name: the username exactly as it was entered → user id.
        teams: the teams by which people are known; None: nobody is.
        last_id: the highest user id; 0: there is none.
    """

    by_member: dict[str, int]
    by_team_name: dict[str, int]
    teams: Teams | None
    last_id: int

    @classmethod
    def of(cls, people: Iterable[Person]) -> Roster:
        """Makes a roster of people."""
        people = list(people)
        by_team_name = {person.username: person.id for person in people if person.username is not None}
        known_by_team = [(each.id, each.student_id, each.team) for each in people if each.team is not None]
        teams = None
        if known_by_team:
            from kagsync.board.teams import Teams  # most rosters have none

            teams = Teams(known_by_team)
        return cls(
            {name.lower(): key for name, key in by_team_name.items()},
            by_team_name,
            teams,
            max((person.id for person in people), default=0),
        )


class Claim(NamedTuple):
    """A row that belongs to a user: its number on the board (from 0), its standing, and what matched."""

    row: int
    standing: Standing
    matched_by: str


class Matches(NamedTuple):
    """What is found on a board.

    Attributes:
        claims: user id → claim, one for each user who is on the board.
        unclear: rows that may be somebody's by `team`, by user and then in the board's order; of one user at
            most the first hundred.
        renames: user id → new username, of people who may have another one now.
    """

    claims: dict[int, Claim]
    unclear: list[UnclearTeam]
    renames: dict[int, str]

    def only(self, users: Collection[int]) -> Matches:
        """The same without what concerns other users."""
        return Matches(
            {user: claim for user, claim in self.claims.items() if user in users},
            [each for each in self.unclear if each.user_id in users],
            {user: new for user, new in self.renames.items() if user in users},
        )


def match(
    pieces: Iterable[Rows], roster: Roster, *, team_name: bool = True, before: Before | None = None
) -> Matches:
    """Finds the row of each tracked person in one pass over the board.

    Args:
        pieces: the board.
        roster: the tracked people.
        team_name: whether rule 3 is on.
        before: what earlier boards said; None: renames are not looked for.
    """
    found: dict[int, Claim] = {}  # by rule 1
    fits: list[tuple[Claim, list[int]]] = []  # rows that rule 2 may give to these users
    named: list[tuple[Claim, int]] = []  # and rule 3 to this user
    by_member = roster.by_member
    is_nobodys = by_member.keys().isdisjoint
    by_team_name = roster.by_team_name if team_name else {}
    watched = before.team_ids if before is not None else set()
    members_now: dict[int, str] = {}  # of the watched teams
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
        by_team = roster.teams.find(piece.team_names) if roster.teams is not None else {}
        for i in (i for i in by_cell if piece.ranks[i] != 0):
            claim = Claim(start + i, piece.standing(i), USERNAME)
            for user in {by_member[name] for name in cells[i].split(",") if name in by_member}:
                _keep_better(found, user, claim)
        for i in sorted({*by_name, *by_team}.difference(by_cell)):
            if piece.ranks[i] != 0:
                standing = piece.standing(i)
                if i in by_team:
                    fits.append((Claim(start + i, standing, TEAM), by_team[i]))
                if piece.team_names[i] in by_team_name:
                    user = by_team_name[piece.team_names[i]]
                    named.append((Claim(start + i, standing, TEAM_NAME), user))
        if watched:
            members_now |= {
                team: cells[i]
                for i, team in enumerate(piece.team_ids)
                if team in watched and piece.ranks[i] != 0
            }
        start += len(cells)
    clear, unclear = _by_team(fits, found)
    rows = {claim.row for claim in clear.values()}
    claims = found | clear
    claims |= _by_name(named, rows, claims.keys() | {each.user_id for each in unclear})
    renames = {} if before is None else before.renames(members_now, by_member, claims)
    return Matches(claims, unclear, renames)


def _by_team(
    fits: Iterable[tuple[Claim, list[int]]], found: Collection[int]
) -> tuple[dict[int, Claim], list[UnclearTeam]]:
    """Rule 2: what it gives to whom, and what is unclear. Whoever is found already does not compete."""
    rows: dict[int, list[Claim]] = {}
    rivals: Counter[int] = Counter()  # row → how many people compete for it
    for claim, users in fits:
        for user in users:
            if user not in found:
                rows.setdefault(user, []).append(claim)
                rivals[claim.row] += 1
    clear = {user: own[0] for user, own in rows.items() if len(own) == 1 and rivals[own[0].row] == 1}
    unclear = [
        UnclearTeam(user, claim.standing.team_id, claim.standing.team_name)
        for user, own in sorted(rows.items())
        if user not in clear
        for claim in own[:MOST_UNCLEAR]
    ]
    return clear, unclear


def _by_name(
    named: Iterable[tuple[Claim, int]], taken: Collection[int], found: Collection[int]
) -> dict[int, Claim]:
    """Rule 3, for rows that nobody has and people who are neither found nor unclear."""
    claims: dict[int, Claim] = {}
    for claim, user in named:
        if claim.row not in taken and user not in found:
            _keep_better(claims, user, claim)
    return claims


def _tidy(cells: Sequence[str]) -> Sequence[str]:
    """The cells in lower case and without spaces. Kaggle's already are; those of some archives are not."""
    text = "\0".join(cells)
    if text.isascii() and text == text.lower() and not any(space in text for space in _SPACES):
        return cells
    return [",".join(split_members(cell)) for cell in cells]


def _keep_better(claims: dict[int, Claim], user: int, claim: Claim) -> None:
    if user not in claims or _strength(claim.standing) < _strength(claims[user].standing):
        claims[user] = claim


def _strength(standing: Standing) -> tuple[object, ...]:
    """Sorts the best row first. The rest of the standing breaks ties, whatever the order of the rows."""
    return (
        math.inf if standing.rank is None else standing.rank,
        -1 if standing.team_id is None else standing.team_id,
        standing.team_name,
        standing.members,
        standing.score_text or "",
        standing.submission_date or "",
        -1 if standing.submission_count is None else standing.submission_count,
    )
