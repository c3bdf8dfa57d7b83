"""Finds the teams by which people are known: exact names, or patterns (see `standings/team_pattern.py`).

Names are compared without spaces around them and in Unicode's NFC form. With 10,000 people, a board takes not
much longer than with one: exact names are looked up, and so are the longest runs of digits or letters of
student ids. A pattern with an id is tried only on names that contain such a run of it, and compiled then.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING
from unicodedata import normalize

from kagsync.standings import team_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Teams:
    """The teams by which people are known."""

    def __init__(self, people: Iterable[tuple[int, str | None, str]]) -> None:
        """Takes (user id, student id, team) of people. A pattern with `{id}` needs a student id."""
        self._exact: dict[str, list[int]] = {}
        patterns: dict[tuple[str, str | None], _Pattern] = {}
        for user, student_id, team in people:
            name = _normal(team)
            pattern = team_pattern.between_slashes(name)
            if pattern is None:
                self._exact.setdefault(name, []).append(user)
                continue
            key = _normal(student_id or "") if team_pattern.ID in pattern else None
            if key != "":
                patterns.setdefault((pattern, key), _Pattern(pattern, key)).users.append(user)
        self._by_run: dict[str, list[_Pattern]] = {}
        self._everywhere: list[_Pattern] = []
        common = Counter(run for each in patterns.values() for run in each.runs)
        for each in patterns.values():
            if each.runs:
                rarest = min(sorted(each.runs), key=common.__getitem__)
                self._by_run.setdefault(rarest, []).append(each)
            else:
                self._everywhere.append(each)

    def find(self, names: Sequence[str]) -> dict[int, list[int]]:
        """Which of the names are whose teams: index of the name → user ids."""
        # Most names are nobody's, and comprehensions skip those fastest.
        names = [name.strip() for name in names]
        if not "".join(names).isascii():
            names = [normalize("NFC", name) for name in names]
        hits = [(i, self._exact[name]) for i, name in enumerate(names) if name in self._exact]
        if self._by_run or self._everywhere:
            starts = [name[: team_pattern.LONGEST_NAME] for name in names]
            for each in self._everywhere:
                search = each.compiled.search
                hits += [(i, each.users) for i, name in enumerate(starts) if search(name)]
            by_run = self._by_run
            for i, name in enumerate(starts) if by_run else ():
                for run in by_run.keys() & team_pattern.runs(name):
                    hits += [(i, each.users) for each in by_run[run] if each.compiled.search(name)]
        found: dict[int, list[int]] = {}
        for i, users in hits:
            found.setdefault(i, []).extend(users)
        return found


class _Pattern:
    """A pattern, and who is known by it."""

    def __init__(self, pattern: str, student_id: str | None) -> None:
        self._pattern, self._student_id = pattern, student_id
        self.runs = team_pattern.runs(student_id) if student_id else set()
        self.users: list[int] = []

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        try:
            return team_pattern.compiled(self._pattern, self._student_id)
        except re.error:  # it was not entered with kagsync; one person must not stop the others
            return re.compile("(?!)")  # matches nothing


def _normal(text: str) -> str:
    return normalize("NFC", text.strip())
