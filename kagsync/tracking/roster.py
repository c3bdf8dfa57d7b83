"""Compares a list of people with the roster: who is added, who changes, who is not on the list.

A line means the tracked or archived person with its username, or else with its student id, or else (of those
without a username) with its team and its name. If it means nobody, it adds a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kagsync import team_pattern
from kagsync.inputs import folded, short
from kagsync.store.records import User

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from kagsync.store import Writing
    from kagsync.tracking.roster_file import Line

_LONGEST_HANDLE = 60


class Change(NamedTuple):
    """A person before and after."""

    before: User
    after: User

    @property
    def words(self) -> str:
        """What changes, such as `group 7A → 7B`."""
        names = {"username": "username", "name": "name", "group": "group", "student_id": "student id"}
        names |= {"team": "team", "pseudonym": "pseudonym"}
        changes = [
            f"{words} {getattr(self.before, field) or '–'} → {getattr(self.after, field) or '–'}"
            for field, words in names.items()
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
        hints: what looks wrong, in sentences.
        problems: (line, what is wrong): if there are any, nothing may be saved.
    """

    added: list[User]
    changed: list[Change]
    unchanged: list[User]
    without_username: list[Line]
    absent: list[User]
    hints: list[str]
    problems: list[tuple[int, str]]

    @property
    def listed(self) -> list[User]:
        """The people on the list, as they will be."""
        return [*self.added, *(change.after for change in self.changed), *self.unchanged]


def plan(lines: Sequence[Line], people: Sequence[User], *, group: str | None = None) -> Plan:
    """Compares a list with the people.

    Args:
        people: tracked and archived ones.
        group: the group of lines that name none; only people of this group can be absent.
    """
    if group is not None:
        lines = [line._replace(group=line.group or group) for line in lines]
    found = _Found(people)
    handles = {user.handle.lower() for user in people} | {
        line.username.lower() for line in lines if line.username
    }
    added: list[User] = []
    changed: list[Change] = []
    unchanged: list[User] = []
    without: list[Line] = []
    problems: list[tuple[int, str]] = []
    numbers: dict[str, int] = {}
    first: dict[int, int] = {}
    for line in lines:
        try:
            before = found.person(line)
        except ValueError as error:
            problems.append((line.number, str(error)))
            continue
        if before is None and not line.username and not line.team:
            without.append(line)
            continue
        if before is not None and first.setdefault(before.id, line.number) != line.number:
            problems.append((line.number, f"{before.handle} is on line {first[before.id]} already"))
            continue
        after = _applied(line, before or User(0, None, None, None, ""))
        if not after.handle:
            after = after._replace(handle=_handle(after, handles))
            handles.add(after.handle.lower())
        numbers[after.handle.lower()] = line.number
        if after.username is None and after.team is None:
            problems.append((line.number, f"{after.handle} needs a username or a team"))
        if team_pattern.ID in (after.team or "") and not after.student_id:
            problems.append((line.number, f"the team {short(after.team or '')} needs a student id"))
        if before is None:
            added.append(after)
        elif after != before:
            changed.append(Change(before, after))
        else:
            unchanged.append(after)
    final = [*added, *(change.after for change in changed), *unchanged]
    listed = {user.id for user in final}
    rest = [user for user in people if user.id not in listed]
    problems += _taken([*rest, *final], numbers)
    unnamed = {folded(line.name) for line in without if line.name}
    absent = [
        user
        for user in rest
        if user.archived_at is None
        and (group is None or user.group == group)
        and folded(user.name or "") not in unnamed
    ]
    hints = [*_same_names(added, absent), *_similar_groups(final, [*rest, *final])]
    return Plan(added, changed, unchanged, without, absent, hints, sorted(problems))


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
    """Finds the person whom a line means."""

    def __init__(self, people: Iterable[User]) -> None:
        self._by_handle = {user.handle.lower(): user for user in people}
        self._by_student_id = {user.student_id: user for user in people if user.student_id}
        self._by_team: dict[str, list[User]] = defaultdict(list)
        for user in people:
            if user.username is None and user.team:
                self._by_team[user.team].append(user)

    def person(self, line: Line) -> User | None:
        """The person; None: somebody new, or nobody.

        Raises:
            ValueError: the line contradicts the roster.
        """
        by_id = self._by_student_id.get(line.student_id or "")
        if not line.username:
            return by_id or self._of_team(line)
        by_name = self._by_handle.get(line.username.lower())
        if by_name is not None and by_name.username is None and by_name is not by_id:
            raise ValueError(f"{line.username} is already the handle of {by_name.name or by_name.team}")
        if by_name is not None and by_id is not None and by_name is not by_id:
            raise ValueError(
                f"student id {line.student_id} belongs to {by_id.handle}, not to {by_name.handle}; "
                f"if they are one person: kagsync users rename {by_id.handle} {by_name.handle} --merge"
            )
        return by_name or by_id

    def _of_team(self, line: Line) -> User | None:
        if team_pattern.ID in (line.team or ""):  # many people have it
            return None
        people = [
            user
            for user in self._by_team.get(line.team or "", [])
            if not (user.student_id and line.student_id)
            and (not user.name or not line.name or folded(user.name) == folded(line.name))
        ]
        return people[0] if len(people) == 1 else None


def _applied(line: Line, user: User) -> User:
    """A person with what a line says: an empty cell clears, an absent column leaves what is there."""

    def value(cell: str | None, old: str | None) -> str | None:
        return old if cell is None else cell or None

    username = user.username
    if line.username and line.username.lower() != (username or "").lower():
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


def _handle(user: User, taken: set[str]) -> str:
    """A handle for a person without a username: short, easy to type, and nobody else's."""
    text = unicodedata.normalize("NFKD", user.student_id or user.name or user.team or "")
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).lower()
    base = re.sub(r"[\W_]+", "-", text).strip("-")[:_LONGEST_HANDLE].strip("-") or "person"
    handle, number = base, 1
    while handle in taken:
        number += 1
        handle = f"{base}-{number}"
    return handle


def _taken(people: Iterable[User], numbers: dict[str, int]) -> list[tuple[int, str]]:
    """What two people would share though it must be one person's own, with the line that asks for it."""
    problems = []
    for field, words in (("username", "username"), ("student_id", "student id"), ("pseudonym", "pseudonym")):
        owners: dict[str, User] = {}
        for user in people:
            value = (getattr(user, field) or "").lower() if field != "student_id" else user.student_id
            if not value:
                continue
            other = owners.setdefault(value, user)
            if other is not user:
                line = numbers.get(user.handle.lower(), 0)
                archived = ", who is archived" if other.archived_at else ""
                problems.append(
                    (line, f"the {words} {getattr(user, field)} belongs to {other.handle}{archived}")
                )
    return problems


def _same_names(added: Iterable[User], absent: Iterable[User]) -> list[str]:
    """New people who have the name of somebody who is not on the list: the username may have changed."""
    by_name = {folded(user.name): user for user in absent if user.name}
    return [
        f"{new.name} is on the list as {new.handle}, and tracked as {old.handle}. "
        f"If that is one person: kagsync users rename {old.handle} {new.handle}"
        for new in added
        if new.name and (old := by_name.get(folded(new.name))) and new.username
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
