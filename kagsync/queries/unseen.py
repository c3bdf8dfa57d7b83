"""People who were never on any board: their usernames are probably mistyped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.store import Store
    from kagsync.store.records import User

_SIMILAR = 0.75  # the share of equal letters: one typing error in four, two in eight


@dataclass(frozen=True)
class Unseen:
    """A user who has never been found on a board.

    Attributes:
        nearest: the most similar name on the latest boards; None: no name is similar.
        competition: the board with that name.
        looked_for: whether we have already looked for this user on that board.
    """

    user: User
    nearest: str | None
    competition: str | None
    looked_for: bool

    @property
    def hint(self) -> str:
        """The problem in words. It contains the nearest name as a stranger wrote it."""
        if self.nearest is None:
            return "never seen on any board"
        if self.nearest == self.user.username.lower():
            if self.looked_for:  # an old board, where a team counts only if its name is exactly the same
                return f"never seen on any board; a team on {self.competition} has almost that name"
            return f"on the board of {self.competition}: the next sync brings the entry"
        return f"never seen on any board; did you mean {self.nearest} (on {self.competition})?"


def unseen(store: Store, users: Iterable[User]) -> list[Unseen]:
    """The users who were never found on a board, each with the most similar name that is on one.

    Before the first board there is nothing to compare with, so the list is empty.
    """
    never = store.users.never_seen()
    people = [user for user in users if user.id in never]
    if not people:
        return []
    boards = {slug: sorted(names) for slug, names in store.boards.names().items()}
    if not boards:
        return []
    found = []
    for user in people:
        nearest, slug = _nearest(user.username.lower(), boards)
        exact = slug is not None and nearest == user.username.lower()
        found.append(Unseen(user, nearest, slug, exact and _looked_for(store, user, slug)))
    return found


def _looked_for(store: Store, user: User, slug: str | None) -> bool:
    if slug is None:
        return False
    observations = store.history.observations(store.competitions.get(slug).id)
    return bool(observations) and user.id <= observations[-1][1]


def _nearest(username: str, boards: dict[str, list[str]]) -> tuple[str | None, str | None]:
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extractOne

    best: tuple[float, str, str] | None = None
    for slug, names in boards.items():
        cutoff = best[0] if best else _SIMILAR
        found = extractOne(username, names, scorer=OSA.normalized_similarity, score_cutoff=cutoff)
        if found is not None and (best is None or found[1] > best[0]):
            best = (found[1], found[0], slug)
    return (best[1], best[2]) if best else (None, None)
