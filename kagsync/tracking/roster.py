"""Compares a list of people with the roster: who is added, who changes, who is not on the list.

A line means the tracked or archived person with its username, or else with its student id. A line with a team
and no username may also mean a person without one of this team or name. If it means nobody, it adds a person.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kagsync.inputs import folded, short
from kagsync.safe_text import slug
from kagsync.standings import team_pattern
from kagsync.store.records import User

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from kagsync.store import Writing
    from kagsync.tracking.roster_file import Line

_LONGEST_HANDLE = 60
_FIELDS = {
    "username": "username",
    "name": "name",
    "group": "group",
    "student_id": "student id",
    "team": "team",
    "pseudonym": "pseudonym",
}
_OWN = ("username", "student_id", "pseudonym")  # no two people have the same


class Change(NamedTuple):
    """A person before and after."""

    before: User
    after: User

    @property
    def words(self) -> str:
        """What changes, such as `group 7A → 7B`."""
        changes = [
            f"{words} {getattr(self.before, field) or '–'} → {getattr(self.after, field) or '–'}"
            for field, words in _FIELDS.items()
            if getattr(self.before, field) != getattr(self.after, field)
        ]
        return ", ".join((["restored"] if self.before.archived_at else []) + changes)


class Plan(NamedTuple):
    """What a list of people does to the roster.

    Attributes:
        added: without ids and, unless the list has their own, without pseudonyms.
        changed: whose details change, or who come back from the archive.
        without_username: lines that mean nobody who is tracked, and have neither a username nor a team.
        absent: tracked people who are not on the list.
        same_names: people who are not on the list, each with a new person of the same name.
        hints: what else looks wrong, in sentences.
        problems: (line, what is wrong): if there are any, nothing may be saved.
    """

    added: list[User]
    changed: list[Change]
    unchanged: list[User]
    without_username: list[Line]
    absent: list[User]
    same_names: list[tuple[User, User]]
    hints: list[str]
    problems: list[tuple[int, str]]

    @property
    def listed(self) -> list[User]:
        """The people on the list, as they will be."""
        return [*self.added, *(change.after for change in self.changed), *self.unchanged]


def plan(
    lines: Sequence[Line], people: Sequence[User], *, group: str | None = None, by_hand: bool = False
) -> Plan:
    """Compares a list with the people.

    Args:
        people: tracked and archived ones.
        group: the group of lines that name none; only people of this group can be absent.
        by_hand: the lines were typed as a command: a username may be a handle, and nobody is renamed.
    """
    if group is not None:
        lines = [line._replace(group=line.group or group) for line in lines]
    found = _Found(people, by_hand=by_hand)
    handles = {user.handle.lower() for user in people} | {
        line.username.lower() for line in lines if line.username
    }
    added: list[User] = []
    changed: list[Change] = []
    unchanged: list[User] = []
    without: list[Line] = []
    problems: list[tuple[int, str]] = []
    numbers: dict[str, int] = {}
    for line in lines:
        try:
            before = found.person(line)
        except ValueError as error:
            problems.append((line.number, str(error)))
            continue
        if before is None and not line.username and not line.team:
            without.append(line)
            continue
        after = _applied(line, before or User(0, None, None, None, ""))
        if not after.handle:
            after = after._replace(handle=_new_handle(after, handles))
            handles.add(after.handle.lower())
        numbers[after.handle.lower()] = line.number
        problems += [(line.number, what) for what in _wrong(after)]
        if before is None:
            added.append(after)
        elif after != before:
            changed.append(Change(before, after))
        else:
            unchanged.append(after)
    final = [*added, *(change.after for change in changed), *unchanged]
    listed = {user.id for user in final}
    rest = [user for user in people if user.id not in listed]
    problems += _shared([*rest, *final], numbers)
    absent = _absent(rest, without, group)
    hints = [*_shared_teams(final, [*rest, *final]), *_similar_groups(final, [*rest, *final])]
    return Plan(
        added, changed, unchanged, without, absent, _same_names(added, absent), hints, sorted(problems)
    )


def save(write: Writing, planned: Plan, now: datetime, *, prune: bool = False) -> None:
    """Saves what was planned.

    Args:
        write: the transaction in which it was planned.
        prune: archive who is not on the list.
    """
    write.users.change(change.after for change in planned.changed)
    for before, after in planned.changed:
        if after.username is not None and after.username != before.username:
            write.identity.follow(before, after.username)
    write.users.add(planned.added, now)
    if prune:
        write.users.archive(planned.absent, now)


class _Found:
    """Finds the person whom a line means, and remembers which lines meant whom."""

    def __init__(self, people: Iterable[User], *, by_hand: bool) -> None:
        self._by_hand = by_hand
        self._by_handle = {user.handle.lower(): user for user in people}
        self._by_student_id = {user.student_id: user for user in people if user.student_id}
        self._by_team: dict[str, list[User]] = defaultdict(list)
        self._by_name: dict[str, list[User]] = defaultdict(list)  # these two of people without a username
        for user in people:
            if user.username is None and user.team:
                self._by_team[user.team].append(user)
                self._by_name[folded(user.name or "")].append(user)
        self._lines: dict[int, int] = {}

    def person(self, line: Line) -> User | None:
        """The person; None: somebody new, or nobody.

        Raises:
            ValueError: the line contradicts the roster, or another line.
        """
        user = self._meant(line)
        if user is not None and self._lines.setdefault(user.id, line.number) != line.number:
            raise ValueError(f"{user.handle} is on line {self._lines[user.id]} already")
        return user

    def _meant(self, line: Line) -> User | None:
        by_id = self._by_student_id.get(line.student_id or "")
        if not line.username:
            return by_id or self._without_username(line)
        by_handle = self._by_handle.get(line.username.lower())
        if by_handle is not None and by_handle.username is None and by_handle is not by_id:
            if self._by_hand:
                return by_handle
            raise ValueError(
                f"{line.username} is the handle of {by_handle.name or by_handle.team}; if it is the same "
                f"person's username: kagsync users rename {by_handle.handle} {line.username}"
            )
        if by_handle is not None and by_id is not None and by_handle is not by_id:
            raise ValueError(
                f"student id {line.student_id} belongs to {by_id.handle}, not to {by_handle.handle}"
                + _advice(by_id, by_handle, f"{by_id.handle} {by_handle.handle} --merge")
            )
        if by_handle is None and by_id is not None and (self._by_hand or _differ(by_id.name, line.name)):
            who = f"{by_id.name} ({by_id.handle})" if by_id.name else by_id.handle
            raise ValueError(
                f"student id {line.student_id} belongs to {who}; if {line.username} is the same person: "
                f"kagsync users rename {by_id.handle} {line.username}"
            )
        return by_handle or by_id

    def _without_username(self, line: Line) -> User | None:
        """The one person without a username who has the line's team, or else its name."""
        if not line.team:
            return None
        same_team = [] if team_pattern.ID in line.team else self._by_team.get(line.team, [])
        for people in (same_team, self._by_name.get(folded(line.name), []) if line.name else []):
            found = [
                user
                for user in people
                if not (user.student_id and line.student_id) and not _differ(user.name, line.name)
            ]
            if len(found) == 1:
                return found[0]
        return None


def _differ(name: str | None, other: str | None) -> bool:
    """Whether two names are known, and are not the same."""
    return bool(name and other) and folded(name or "") != folded(other or "")


def _advice(one: User, other: User, arguments: str) -> str:
    """What to do if two people are one, or if their names say that they are not."""
    if _differ(one.name, other.name):
        return f"; if {other.handle} has another username now: kagsync users rename {other.handle} NEW"
    return f"; if they are one person: kagsync users rename {arguments}"


def _applied(line: Line, user: User) -> User:
    """A person with what a line says: an empty cell clears, an absent column leaves what is there."""

    def value(cell: str | None, old: str | None) -> str | None:
        return old if cell is None else cell.strip() or None

    username = user.username
    if line.username and line.username.lower() not in ((username or "").lower(), user.handle.lower()):
        username = line.username
    return user._replace(
        username=username,
        handle=username or user.handle,
        name=value(line.name, user.name),
        group=value(line.group, user.group),
        student_id=value(line.student_id, user.student_id),
        team=value(line.team, user.team),
        pseudonym=line.pseudonym or user.pseudonym,
        archived_at=None,
    )


def _new_handle(user: User, taken: set[str]) -> str:
    """A handle for a person without a username: short, easy to type, and nobody else's."""
    text = slug(user.student_id or user.name or user.team or "")
    base = text[:_LONGEST_HANDLE].strip("-") or "person"
    handle, number = base, 1
    while handle in taken:
        number += 1
        handle = f"{base}-{number}"
    return handle


def _wrong(user: User) -> list[str]:
    """What is wrong with a person's details by themselves."""
    problems = []
    if user.username is None and user.team is None:
        problems.append(f"{user.handle} needs a username or a team")
    if team_pattern.ID in (user.team or "") and not user.student_id:
        problems.append(f"the team {short(user.team or '')} needs a student id")
    known = (folded(user.name or ""), user.handle.lower(), user.student_id)
    if user.pseudonym and folded(user.pseudonym) in known:
        problems.append(f"the pseudonym {short(user.pseudonym)} says who it is")
    return problems


def _shared(people: Iterable[User], numbers: dict[str, int]) -> list[tuple[int, str]]:
    """What two people would share though it must be one person's own, with the line that asks for it."""
    problems = []
    for field in _OWN:
        owners: dict[str, User] = {}
        for user in people:
            value: str = getattr(user, field) or ""
            if not value:
                continue
            other = owners.setdefault(value if field == "student_id" else value.lower(), user)
            if other is not user:
                line = numbers.get(user.handle.lower(), 0)
                archived = ", who is archived" if other.archived_at else ""
                problems.append((line, f"the {_FIELDS[field]} {value} belongs to {other.handle}{archived}"))
    return problems


def _absent(rest: Iterable[User], without_username: Iterable[Line], group: str | None) -> list[User]:
    """The tracked people who are not on the list. Whoever is on it by name is, though it has no username."""
    named = {folded(line.name) for line in without_username if line.name}
    return [
        user
        for user in rest
        if user.archived_at is None and group in (None, user.group) and folded(user.name or "") not in named
    ]


def _same_names(added: Iterable[User], absent: Iterable[User]) -> list[tuple[User, User]]:
    """Absent people who have the name of a new one: perhaps they have a new username."""
    by_name = {folded(user.name): user for user in absent if user.name}
    return [
        (old, new)
        for new in added
        if new.name and new.username and (old := by_name.get(folded(new.name))) is not None
    ]


def _shared_teams(named: Iterable[User], everybody: Iterable[User]) -> list[str]:
    """Teams by which several people are known, so that nobody gets them."""
    people: dict[str, list[str]] = defaultdict(list)
    for user in everybody:
        if user.username is None and user.team and team_pattern.ID not in user.team and not user.archived_at:
            people[user.team].append(user.handle)
    teams = dict.fromkeys(user.team for user in named if user.username is None and user.team)
    return [
        f"The team {team} is that of {', '.join(people[team])}, so none of them gets an entry. "
        "To follow the team, add one person for it"
        for team in teams
        if len(people[team or ""]) > 1
    ]


def _similar_groups(named: Iterable[User], everybody: Iterable[User]) -> list[str]:
    """Groups on the list that differ from other groups only in case or spaces."""
    groups: dict[str, set[str]] = defaultdict(set)
    for user in everybody:
        if user.group:
            groups[folded(user.group)].add(user.group)
    keys = {folded(user.group) for user in named if user.group}
    return [
        f"The groups {' and '.join(sorted(groups[key]))} differ only in case or spaces"
        for key in sorted(keys)
        if len(groups[key]) > 1
    ]
