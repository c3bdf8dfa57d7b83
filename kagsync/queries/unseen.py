"""People who were never on any board: their usernames are probably mistyped."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.store import Store
    from kagsync.store.records import BoardNames, User

NEVER = "never seen on any board"
_SIMILAR = 0.75  # the share of equal letters: one typing error in four, two in eight


@dataclass(frozen=True)
class Unseen:
    """A user who has never been found on a board.

    The nearest name is searched for only when somebody asks: `show` lists only a few of them.
    """

    user: User
    _names: Names = field(repr=False)

    @property
    def nearest(self) -> str | None:
        """The most similar name on the latest boards; None: no name is similar."""
        return self._found[0]

    @property
    def competition(self) -> str | None:
        """The board with that name."""
        return self._found[1].slug if self._found[1] else None

    @property
    def hint(self) -> str:
        """The problem in words. It contains the nearest name as a stranger wrote it."""
        nearest, board = self._found
        if nearest is None or board is None:
            return NEVER
        if nearest == self.user.handle.lower():
            if board.last_user_id is not None and self.user.id <= board.last_user_id:
                # We looked for this user on that board. It is an old one, where a team counts only if its
                # name is exactly the same.
                return f"{NEVER}; a team on {board.slug} has almost that name"
            return f"on the board of {board.slug}: the next sync brings the entry"
        return f"{NEVER}; did you mean {nearest} (on {board.slug})?"

    @cached_property
    def _found(self) -> tuple[str | None, BoardNames | None]:
        return self._names.nearest(self.user.username.lower()) if self.user.username else (None, None)


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
    names = Names(boards)
    return [Unseen(user, names) for user in people]


class Names:
    """The names on some boards, each with the first of the boards that has it."""

    def __init__(self, boards: Iterable[BoardNames]) -> None:
        self._boards: dict[str, BoardNames] = {}
        for board in boards:
            for name in sorted(board.names):
                self._boards.setdefault(name, board)

    def nearest(self, username: str) -> tuple[str | None, BoardNames | None]:
        """The most similar name and its board; of several, the first. (None, None): no name is similar."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extractOne

        found = extractOne(
            username, self._boards.keys(), scorer=OSA.normalized_similarity, score_cutoff=_SIMILAR
        )
        return (None, None) if found is None else (found[0], self._boards[found[0]])
