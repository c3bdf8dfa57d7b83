"""The grades of a class in a competition, by a scheme; and their JSON."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from kagsync import clock
from kagsync.errors import UsageError, choose
from kagsync.grading import boards
from kagsync.grading.keys import KEYS, fold
from kagsync.scoring.cohort import Board, CannotGradeError, Cohort
from kagsync.scoring.decimals import short
from kagsync.scoring.grades import Grade, grades
from kagsync.scoring.parts import AdjustmentsPart
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from fractions import Fraction

    from kagsync.grading.export import Filled
    from kagsync.grading.scheme import Scheme
    from kagsync.store import Store
    from kagsync.store.frozen import Frozen, PastBoard
    from kagsync.store.records import Competition, User

# What is said about an export that was filled.
CHANGED, ONLY_IN_EXPORT, NOT_IN_EXPORT, NO_KEY = "changed", "only in export", "not in export", "no key"


class Row(NamedTuple):
    """One person's grade.

    Attributes:
        group: the person's; if the boards are frozen, at that time.
        missing: the boards that the person is not on.
        on_board: whether the person is on any of the boards.
        matched_by: how the person was found on the last of them, as in `Entry`; None: not known.
    """

    user: User
    group: str | None
    missing: list[str]
    on_board: bool
    matched_by: str | None
    grade: Grade


class Unknown(NamedTuple):
    """A line of an adjustments file that belongs to nobody in the class.

    Attributes:
        source: the file.
        kind: the kind of key, such as `student_id`.
    """

    source: str
    line: int
    kind: str
    key: str


class Mention(NamedTuple):
    """Something about an export that was filled: a grade that changed, or who is only on one side.

    Attributes:
        what: one of `CHANGED`, `ONLY_IN_EXPORT`, `NOT_IN_EXPORT` and `NO_KEY`.
        line: in the export.
        key: the person's, as we have it; of who is not in the class, as it stands in the export; empty: none.
        user: who it is; None: nobody in the class.
        before, after: the grade.
    """

    what: str
    line: int | None
    key: str
    user: User | None
    before: str | None = None
    after: str | None = None


class Grades(NamedTuple):
    """The grades of a class.

    Attributes:
        as_of: the time that they are of.
        boards: what they were computed from.
        frozen: what says that these boards are frozen; None: they are not.
        rows: by handle.
    """

    competition: Competition
    scheme: Scheme
    as_of: datetime
    boards: tuple[PastBoard, ...]
    frozen: Frozen | None
    rows: list[Row]
    unknown: list[Unknown]

    def only(self, users: Iterable[User]) -> Grades:
        """The grades of some of these people, computed among the whole class."""
        wanted = {user.id for user in users}
        return self._replace(rows=[row for row in self.rows if row.user.id in wanted])

    def by_key(self, field: str) -> list[tuple[str, str]]:
        """The grades as they go into an export: each person's key, and the grade.

        Args:
            field: which of a person's details is the key; people without it are left out.
        """
        keys = ((getattr(row.user, field), row) for row in self.rows)
        return [(key, self.shown(row.grade.points)) for key, row in keys if key]

    def without_key(self, field: str) -> list[User]:
        """The people who do not have a key."""
        return [row.user for row in self.rows if not getattr(row.user, field)]

    def mentions(self, filled: Filled) -> list[Mention]:
        """What is to be said about an export that was filled with these grades."""
        field = filled.key.field
        people = [(getattr(row.user, field), row.user) for row in self.rows]
        users, missing = dict(people), set(filled.missing)
        found = [Mention(CHANGED, line, key, users[key], *grades) for line, key, *grades in filled.changed]
        found += [Mention(ONLY_IN_EXPORT, line, key, None) for line, key in filled.strangers]
        found += [Mention(NOT_IN_EXPORT, None, key, user) for key, user in people if key in missing]
        return found + [Mention(NO_KEY, None, "", user) for user in self.without_key(field)]

    def shown(self, points: Fraction) -> str:
        """Points for people and for lists, rounded as the scheme says."""
        return short(points, self.scheme.decimals)


def grade(
    store: Store, competition: Competition, scheme: Scheme, group: str | None, as_of: datetime | None
) -> Grades:
    """Computes the grades of a class.

    Args:
        group: whose grades; None: everybody's.
        as_of: from the boards of which time; None: from the frozen boards, or else the latest ones.

    Raises:
        UsageError: there is no such group or no board, or a part of the scheme cannot be worked out.
    """
    frozen = store.frozen.of(competition.id) if as_of is None else None
    found = boards.at(store, competition, as_of) if frozen is None else frozen.boards
    people = _people(store, found, group, frozen, as_of)
    cohort = _cohort(competition.slug, found, people, group)
    try:
        computed = grades(scheme.parts, cohort, scheme.floor, scheme.cap)
    except CannotGradeError as error:
        if frozen is None:
            raise UsageError(f"{competition.slug}, {error}", error.remedy) from error
        unfreeze = f"or follow the latest boards again: kagsync grade {competition.slug} --unfreeze"
        raise UsageError(f"{competition.slug} (frozen), {error}", f"{error.remedy}, {unfreeze}") from error
    matched_by = {} if as_of or frozen else _matched_by(store, competition, found[-1])
    rows = []
    for user, of in people:
        missing = [each.board for each in found if user.id not in cohort.boards[each.board].results]
        on_board, matched = len(missing) < len(found), matched_by.get(user.id)
        rows.append(Row(user, of, missing, on_board, matched, computed[user.id]))
    return Grades(
        competition,
        scheme,
        as_of or (clock.utc_now() if frozen is None else frozen.as_of),
        found,
        frozen,
        rows,
        [
            Unknown(part.source, each.line, part.key, each.key)
            for part in scheme.parts
            if isinstance(part, AdjustmentsPart)
            for each in part.unknown(cohort)
        ],
    )


def _matched_by(store: Store, competition: Competition, board: PastBoard) -> dict[int, str]:
    entries = store.ledger(board.board).boards.entries(competition.id)
    return {entry.user_id: entry.matched_by for entry in entries if entry.left_at is None}


def _people(
    store: Store,
    found: Sequence[PastBoard],
    group: str | None,
    frozen: Frozen | None,
    as_of: datetime | None,
) -> list[tuple[User, str | None]]:
    """Who is graded, each with the group that counts, by handle: whoever is tracked, or was at that time.

    Those who are on a frozen board are in the group of that time.
    """
    then = {entry.user_id: entry.group for board in found for entry in board.entries}
    at = as_of if frozen is None else frozen.as_of
    tracked = {user.id for user in (store.users.all() if at is None else store.users.tracked_at(at))}
    users = [user for user in store.users.with_archived() if user.id in tracked or user.id in then]
    people = [(user, then.get(user.id, user.group)) for user in users]
    if group is None:
        return people
    if not any(of == group for _, of in people):
        store.users.in_group(group)  # says that there is none, and which there are
        assert frozen is not None
        known = sorted({of for _, of in people if of})
        raise UsageError(
            f"nobody was in the group {group!r} when the boards were frozen", choose(group, known)
        )
    return [(user, of) for user, of in people if of == group]


def _cohort(
    slug: str, found: Sequence[PastBoard], people: Sequence[tuple[User, str | None]], group: str | None
) -> Cohort:
    seen: dict[str, Board] = {}
    for board in found:
        nobody = count(-1, -1)  # keys for people who were removed, who still have their places
        results = {
            next(nobody) if entry.user_id is None else entry.user_id: entry.standing
            for entry in board.entries
            if group in (None, entry.group)
        }
        seen[board.board] = Board(board.board, results, board.benchmarks)
    seen[FINAL] = seen[PRIVATE] if PRIVATE in seen else seen[PUBLIC]
    keys = {
        user.id: {kind: fold(kind, text) for kind in KEYS if (text := getattr(user, kind)) is not None}
        for user, _ in people
    }
    return Cohort(slug, keys, seen, found[-1].higher_is_better)


def as_json(found: Grades, filled: Filled | None = None) -> dict[str, Any]:
    """The grades for programs. Numbers are not rounded.

    Args:
        filled: an export that they were written to.
    """
    return {
        **boards.as_json(found.competition, found.as_of, found.frozen, found.boards),
        "title": found.scheme.title,
        "grades": [_row(row, found) for row in found.rows],
        "unknown_adjustments": [each._asdict() for each in found.unknown],
        "into": None if filled is None else _filled(found, filled),
    }


def _filled(found: Grades, filled: Filled) -> dict[str, Any]:
    return {
        "column": filled.column,
        "key_column": filled.key_column,
        "filled": filled.filled,
        "unchanged": filled.unchanged,
        "changed": [each._asdict() for each in filled.changed],
        "only_in_export": [each._asdict() for each in filled.strangers],
        "not_in_export": filled.missing,
        "without_key": [user.handle for user in found.without_key(filled.key.field)],
    }


def _row(row: Row, found: Grades) -> dict[str, Any]:
    return {
        **_who(row),
        "grade": float(row.grade.points),
        "total": float(row.grade.total),
        "limited": row.grade.limited or None,
        "parts": [
            {"name": part.name, "kind": part.kind, "points": float(award.points), "words": award.words}
            for part, award in zip(found.scheme.parts, row.grade.awards, strict=True)
        ],
    }


def as_csv(found: Grades) -> list[dict[str, Any]]:
    """The grades for a spreadsheet, rounded, with a column for each part."""
    return [
        {
            **_who(row),
            "grade": Decimal(found.shown(row.grade.points)),
            **{
                part.name: Decimal(found.shown(award.points))
                for part, award in zip(found.scheme.parts, row.grade.awards, strict=True)
            },
        }
        for row in found.rows
    ]


def filled_as_csv(found: Grades, filled: Filled) -> list[dict[str, Any]]:
    """What is to be said about an export that was filled, for a spreadsheet."""
    return [
        {
            "what": each.what,
            "line": each.line,
            "key": each.key,
            "handle": each.user and each.user.handle,
            "before": each.before,
            "after": each.after,
        }
        for each in found.mentions(filled)
    ]


def _who(row: Row) -> dict[str, Any]:
    user = row.user
    return {
        "handle": user.handle,
        "username": user.username,
        "name": user.name,
        "student_id": user.student_id,
        "group": row.group,
        "on_board": row.on_board,
        "matched_by": row.matched_by,
    }
