"""How pages name people. Whatever a page must not tell is removed here, before the page is made.

So templates, charts and cards show all that they get, and none of them can forget anything.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from kagsync.queries.undecided import NOTHING
from kagsync.queries.unseen import NEVER
from kagsync.report import PSEUDONYM, REAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.queries.board import BoardView, Line
    from kagsync.queries.news import Item
    from kagsync.queries.series import SeriesView
    from kagsync.queries.unseen import Unseen
    from kagsync.standings.gaps import Gap
    from kagsync.standings.movements import Movement
    from kagsync.standings.standing import Standing
    from kagsync.store.records import User


class Naming:
    """Names people in one of three ways.

    - `real`: the name and the username, as the roster has them; of people without both, the team.
    - `username`: the username only.
    - `pseudonym`: the pseudonym only. It also stands for what a person does not have.

    Only `real` tells the names of teams and of their members, since many people name a team after themselves,
    and quotes error messages. Student ids, and handles made from them, are never shown.

    Args:
        names: one of these words.
        everybody: all tracked people. Boards name the next person, whoever it is.

    Attributes:
        everybody: all tracked people, as pages show them.
    """

    def __init__(self, names: str, everybody: Iterable[User]) -> None:
        self._names = names
        self._hides = names != REAL
        self._people = {user.handle: self.user(user) for user in everybody}
        self.everybody = list(self._people.values())
        self._keeps_views = not self._hides and all(
            handle == shown.handle for handle, shown in self._people.items()
        )

    def user(self, user: User) -> User:
        """A person as pages show them."""
        username = None if self._names == PSEUDONYM else user.username
        name = None if self._hides else user.name
        team = None if self._hides or (user.team or "").startswith("/") else user.team  # not a /pattern/
        return user._replace(
            username=username,
            name=name if username else None,
            handle=username or name or team or user.pseudonym,
            student_id=None,
            team=None,
            pseudonym="",
        )

    def people(self, users: Iterable[User]) -> list[User]:
        """People as pages show them, in an order that tells nothing else."""
        return sorted(map(self.user, users), key=lambda user: user.handle.lower())

    def unseen(self, never_seen: Iterable[Unseen]) -> list[tuple[User, str]]:
        """People who were never seen on any board, as pages show them, each with a hint or an empty text.

        A hint quotes a similar name, which is likely to be the person's.
        """
        found = {each.user.id: each for each in never_seen}
        people = self.people(each.user for each in found.values())
        return [(user, "" if self._hides else _more(found[user.id].hint)) for user in people]

    def view(self, view: BoardView) -> BoardView:
        """A board of people as pages show them, without what they must not tell."""
        if self._keeps_views:
            return view
        error = view.last_error
        return replace(
            view,
            on_board=[self._line(line) for line in view.on_board],
            left=[self._line(line) for line in view.left],
            last_error=(error[0], "the log says why") if error and self._hides else error,
            undecided=NOTHING,
        )

    def series(self, view: SeriesView) -> SeriesView:
        """The standings of a series, of people as pages show them, in an order that tells nothing else."""
        rows = [row._replace(user=self.user(row.user)) for row in view.rows]
        return replace(view, rows=sorted(rows, key=lambda row: (row.total.place, row.user.handle.lower())))

    def items(self, items: list[Item]) -> list[Item]:
        """What moved of people as pages show them, without what they must not tell."""
        if not self._hides:
            return items
        return [
            replace(item, user=_unnumbered(item.user), movement=self._movement(item.movement))
            for item in items
        ]

    def _line(self, line: Line) -> Line:
        return replace(
            line,
            entry=line.entry._replace(standing=self._standing(line.entry.standing)),
            movement=line.movement and self._movement(line.movement),
            next_person=line.next_person and self._gap(line.next_person),
            public=self._standing(line.public),
            private=self._standing(line.private),
        )

    def _gap(self, gap: Gap) -> Gap | None:
        """None: the person ahead was added after `everybody` was read."""
        person = self._people.get(gap.to)
        return None if person is None else replace(gap, to=person.handle, name=person.name)

    @overload
    def _standing(self, standing: Standing) -> Standing: ...
    @overload
    def _standing(self, standing: Standing | None) -> Standing | None: ...
    def _standing(self, standing: Standing | None) -> Standing | None:
        if standing is None or not self._hides:
            return standing
        return standing._replace(team_id=None, team_name="", members="")

    def _movement(self, movement: Movement) -> Movement:
        if not self._hides:
            return movement
        before, after = self._standing(movement.before), self._standing(movement.after)
        told = replace(movement, before=before, after=after, member="", is_nameless=True)
        if told.submissions != movement.submissions:
            # Without the team and its members, the submissions of a merged team look like new ones.
            told = replace(told, before=before and before._replace(submission_count=None))
        return told


def _unnumbered(user: User) -> User:
    """A person as pages show them, without the number, which tells in which order people were added.

    The ids of items are made of it. So people who are shown by their pseudonyms get another number, which
    their pseudonyms decide.
    """
    if user.username is not None:
        return user
    return user._replace(id=int.from_bytes(hashlib.sha256(user.handle.encode()).digest()[:8]))


def _more(hint: str) -> str:
    """What a hint says below a heading that says who was never seen."""
    return hint.removeprefix(NEVER).removeprefix("; ")
