"""People who were never on any board: their usernames or teams are probably mistyped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kagsync.store import Store
    from kagsync.store.records import BoardNames, User

NEVER = "never seen on any board"
_SIMILAR = 0.75  # the share of equal letters: one typing error in four, two in eight
_FEW = 50  # people for whom names are compared one by one
_AT_ONCE = 250  # people for whom they are compared at once
_NUMBER = re.compile(r"\d+")


class Nearest(NamedTuple):
    """The most similar name on the latest boards, as it is there, and the first board that has it."""

    name: str
    board: BoardNames
    is_team: bool
    is_same: bool


@dataclass(frozen=True)
class Unseen:
    """A user who has never been found on a board.

    The nearest name is searched for only when somebody asks: `show` lists only a few of them.
    """

    user: User
    _names: Names = field(repr=False)

    @property
    def nearest(self) -> str | None:
        """The most similar username on the latest boards; None: none is similar."""
        return self._found.name if self._found and not self._found.is_team else None

    @property
    def nearest_team(self) -> str | None:
        """The most similar team, if no username is similar and the person is known by an exact team."""
        return self._found.name if self._found and self._found.is_team else None

    @property
    def competition(self) -> str | None:
        """The board with that name."""
        return self._found.board.slug if self._found else None

    @property
    def suggestion(self) -> str:
        """The name that may be meant, as a stranger wrote it; empty: there is none."""
        if self._found is None or self._found.is_same:
            return ""
        return f"the team {self._found.name}" if self._found.is_team else self._found.name

    @property
    def note(self) -> str:
        """What is known of the name if it is on a board itself; empty: it is not."""
        if self._found is None or not self._found.is_same:
            return ""
        if self._is_new:
            return "the next sync brings the entry"
        # We looked for this user on that board. If nobody else has that team, the board is an old one, where
        # a team counts for a username only if its name is exactly the same.
        return "a team of that name" if self._found.is_team else "a team of almost that name"

    @property
    def hint(self) -> str:
        """The problem in words. It contains the nearest name as a stranger wrote it."""
        if self.suggestion:
            return f"{NEVER}; did you mean {self.suggestion} (on {self.competition})?"
        if not self.note:
            return NEVER
        if self._is_new:
            return f"on the board of {self.competition}: {self.note}"
        return f"{NEVER}; {self.note} is on that of {self.competition}"

    @property
    def _is_new(self) -> bool:
        """Whether the user was added after the latest sync of the board with that name."""
        last = self._found.board.last_user_id if self._found else None
        return last is None or self.user.id > last

    @cached_property
    def _found(self) -> Nearest | None:
        return self._names.nearest(self.user)


def unseen(store: Store, users: Iterable[User]) -> list[Unseen]:
    """The users who were never found on a board, each with the most similar name that is on one.

    Before the first board there is nothing to compare with, so the list is empty.
    """
    never = store.users.never_seen()
    people = [user for user in users if user.id in never]
    if not people:
        return []
    boards = store.boards.names()
    if not boards:
        return []
    names = Names(boards, people)
    return [Unseen(user, names) for user in people]


class Names:
    """The names on some boards, each with the first of the boards that has it.

    Args:
        boards: the newest first.
        people: whose nearest names will be asked for; those of many are found faster together.
    """

    def __init__(self, boards: Iterable[BoardNames], people: Iterable[User] = ()) -> None:
        self._listed = list(boards)
        self._people = list(people)
        self._searched: dict[tuple[str, ...], _Search] = {}

    def nearest(self, user: User) -> Nearest | None:
        """The most similar username on a board, otherwise the most similar team; None: no name is similar.

        Of names that are as similar, the first on the newest board. The numbers in a team's name must be the
        same: Group 7 and Group 8 are two teams.
        """
        if user.username and (found := self._nearest_username(user.username.lower())):
            return found
        team = _exact_team(user)
        return self._nearest_team(team) if team else None

    def _nearest_username(self, username: str) -> Nearest | None:
        found = self._usernames(username)
        return (
            None
            if found is None
            else Nearest(found, self._boards[found], is_team=False, is_same=found == username)
        )

    def _nearest_team(self, team: str) -> Nearest | None:
        key = _numbers(team)
        if key not in self._searched:
            wanted = (_exact_team(user) for user in self._people)
            alike = [_folded(each) for each in wanted if each and _numbers(each) == key]
            self._searched[key] = _Search(self._teams.get(key, ()), alike)
        folded = self._searched[key](_folded(team))
        if folded is None:
            return None
        name, board = self._teams[key][folded]
        return Nearest(name, board, is_team=True, is_same=_normal(name) == _normal(team))

    @cached_property
    def _boards(self) -> dict[str, BoardNames]:
        found: dict[str, BoardNames] = {}
        for board in self._listed:
            for name in sorted(board.names):
                found.setdefault(name, board)
        return found

    @cached_property
    def _usernames(self) -> _Search:
        return _Search(self._boards, (user.username.lower() for user in self._people if user.username))

    @cached_property
    def _teams(self) -> dict[tuple[str, ...], dict[str, tuple[str, BoardNames]]]:
        """The teams by the numbers in their names, then by their folded names."""
        found: dict[tuple[str, ...], dict[str, tuple[str, BoardNames]]] = {}
        for board in self._listed:
            for name in sorted(board.teams):
                found.setdefault(_numbers(name), {}).setdefault(_folded(name), (name, board))
        return found


class _Search:
    """Finds the most similar one of some names.

    Comparing names for many words at once takes a seventh of the time, but 0.1 s to begin with (numpy).

    Args:
        names: of several that are as similar, the first is found.
        words: those that will be looked for, in this order. All but the first few are looked for at once.
    """

    def __init__(self, names: Iterable[str], words: Iterable[str]) -> None:
        self._names = list(names)
        self._found: dict[str, str | None] = {}
        self._next = iter(dict.fromkeys(words))

    def __call__(self, word: str) -> str | None:
        """The most similar name; None: no name is similar."""
        if word not in self._found:
            if len(self._found) < _FEW or not self._names:
                self._found[word] = self._one(word)
            else:
                new = (each for each in self._next if each != word and each not in self._found)
                words = [word, *islice(new, _AT_ONCE)]
                self._found.update(zip(words, self._several(words), strict=True))
        return self._found[word]

    def _one(self, word: str) -> str | None:
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extractOne

        found = extractOne(word, self._names, scorer=OSA.normalized_similarity, score_cutoff=_SIMILAR)
        return None if found is None else found[0]

    def _several(self, words: list[str]) -> Iterator[str | None]:
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import cdist

        table = cdist(words, self._names, scorer=OSA.normalized_similarity, score_cutoff=_SIMILAR)
        for row, column in enumerate(table.argmax(axis=1)):  # the first of the highest
            yield self._names[column] if table[row, column] else None


def _exact_team(user: User) -> str | None:
    """The exact name of the person's team; None: it is a pattern, or there is none."""
    if user.team is None:
        return None
    from kagsync.standings.team_pattern import between_slashes  # most people are known by a username

    return user.team if between_slashes(user.team) is None else None


def _normal(team: str) -> str:
    return normalize("NFC", team.strip())


def _folded(team: str) -> str:
    return _normal(team).casefold()


def _numbers(team: str) -> tuple[str, ...]:
    """The numbers in a team's name, without leading zeros."""
    return tuple(number.lstrip("0") for number in _NUMBER.findall(team))
