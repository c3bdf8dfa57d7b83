"""The tables of `kagsync grade`: the grades of a class, and one of them explained."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.board.matching import USERNAME
from kagsync.grading.grades import CHANGED, NO_KEY, NOT_IN_EXPORT, ONLY_IN_EXPORT
from kagsync.output.terminal import Column, Table, moment, wrapped
from kagsync.output.wording import person_name
from kagsync.safe_text import printable
from kagsync.scoring.cohort import key_words
from kagsync.standings.sentences import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.text import Text

    from kagsync.grading.export import Filled
    from kagsync.grading.grades import Grades, Mention, Row
    from kagsync.store.frozen import Frozen, PastBoard
    from kagsync.store.records import Competition

_MOST_UNKNOWN = 10  # lines of an adjustments file that are told one by one


def grades(found: Grades) -> Table:
    """A line a person, with a column a part."""

    def points(number: int) -> Column[Row]:
        return Column(
            printable(found.scheme.parts[number].name),
            lambda row: found.shown(row.grade.awards[number].points),
            right=True,
            keep=60,
        )

    several = len({row.group for row in found.rows}) > 1
    columns: list[Column[Row]] = [
        Column("Person", lambda row: row.user.shown_name, shrink=14),
        Column("Student id", lambda row: row.user.student_id or "", keep=45, shrink=10),
        *([Column("Group", lambda row: row.group or "", keep=40, shrink=10)] if several else []),
        *(points(number) for number in range(len(found.scheme.parts))),
        Column("Grade", lambda row: found.shown(row.grade.points), right=True, style="bold"),
        Column("Note", _note, keep=70, sparse=True),
    ]
    nobody = [] if found.rows else ["Nobody is tracked yet: kagsync users add USERNAME"]
    return Table(
        columns,
        found.rows,
        title=_title(found),
        facts=_facts(found),
        below=[*nobody, *_below(found)],
    )


@dataclass(frozen=True)
class Explained:
    """One person's grade, a line a part.

    Attributes:
        table: title, facts, and what is below.
        parts: the name of each part, the points, and why.
    """

    table: Table
    parts: list[tuple[str, str, str]]

    def tables(self) -> list[Table]:
        return [self.table]

    def lines(self, width: int | None) -> Iterator[Text]:
        from rich.text import Text

        def paragraph(text: str, style: str = "", indent: int = 2) -> Iterator[Text]:
            lines = [text] if width is None else wrapped(text, width, " " * indent)
            return (Text(line, style, no_wrap=True, overflow="ignore") for line in lines)

        yield from paragraph(self.table.title, "bold")
        for fact in self.table.facts:
            yield from paragraph(fact, "dim")
        yield Text()
        widest, longest = (max(len(cells[column]) for cells in self.parts) for column in (0, 1))
        for name, points, words in self.parts:
            line = f"{name:{widest}}  {points:>{longest}}  {words}"
            yield from paragraph(line.rstrip(), indent=widest + longest + 4)
        if self.table.below:
            yield Text()
        for each in self.table.below:
            yield from paragraph(each, "dim")


def explained(found: Grades) -> Explained:
    """One person's grade."""
    (row,) = found.rows
    lines = [
        (part.name, award.points, award.words)
        for part, award in zip(found.scheme.parts, row.grade.awards, strict=True)
    ]
    summed = sum(Decimal(found.shown(points)) for _, points, _ in lines)
    if lacking := Decimal(found.shown(row.grade.total)) - summed:
        lines.append(("Rounding", Fraction(lacking), "the total is rounded, not each part"))
    lines.append(("Total", row.grade.total, ""))
    if row.grade.limited:
        lines.append(("Grade", row.grade.points, row.grade.limited))
    parts = [(printable(name), found.shown(points), printable(words)) for name, points, words in lines]
    columns: list[Column[tuple[str, str, str]]] = [
        Column("Part", lambda cells: cells[0]),
        Column("Points", lambda cells: cells[1], right=True),
        Column("Why", lambda cells: cells[2]),
    ]
    title = f"{_title(found)}: {person_name(row.user)}, {found.shown(row.grade.points)}"
    return Explained(Table(columns, parts, title=title, facts=_facts(found), below=_below(found)), parts)


def filled(found: Grades, filled: Filled, path: Path) -> Table:
    """What was written to an export, and who was not found on either side."""
    notes = {
        CHANGED: "changed",
        ONLY_IN_EXPORT: "in the export, but not in the class",
        NOT_IN_EXPORT: "in the class, but not in the export",
        NO_KEY: f"without a {filled.key.words}",
    }

    def person(each: Mention) -> str:
        if each.user is not None:
            return person_name(each.user)
        return each.key or f"(no {filled.key.words})"

    columns: list[Column[Mention]] = [
        Column("Line", lambda each: "" if each.line is None else f"{each.line:,}", right=True, sparse=True),
        Column("Person", person, shrink=14),
        Column("Grade", lambda each: f"{each.before} → {each.after}" if each.after else "", sparse=True),
        Column("Note", lambda each: notes[each.what], shrink=14),
    ]
    return Table(
        columns,
        found.mentions(filled),
        title=f"{path}, column {filled.column}: {filled.counts}",
        below=_below(found),
    )


def frozen(competition: Competition, kept: Frozen) -> str:
    """What was frozen."""
    boards = ", and ".join(f"the {board(each)}" for each in kept.boards)
    return f"Froze {boards}. From now on, grades of {competition.slug} are computed from the frozen boards"


def board(kept: PastBoard) -> str:
    """Which board it is, and how large."""
    teams = "" if kept.teams is None else f", {counted(kept.teams, 'team')}"
    return f"{kept.board} board of {moment(clock.utc(kept.moment))}{teams}"


def _title(found: Grades) -> str:
    title = found.scheme.title
    return f"{found.competition.slug}: {title}" if title else f"{found.competition.slug}: grades"


def _facts(found: Grades) -> list[str]:
    frozen = [] if found.frozen is None else [f"frozen on {moment(found.frozen.frozen_at)}"]
    return [*(board(each) for each in found.boards), *frozen]


def _note(row: Row) -> str:
    missing = [f"not on the {board} board" for board in row.missing] if row.on_board else ["not on the board"]
    by_name = "" if row.matched_by in (None, USERNAME) else "matched by the team's name only"
    return "; ".join(filter(None, [*missing, by_name, row.grade.limited]))


def _below(found: Grades) -> list[str]:
    lines = []
    if found.frozen is not None:
        lines.append(
            f"Computed from the boards that were frozen on {moment(found.frozen.frozen_at)}. "
            f"To use the latest ones: kagsync grade {found.competition.slug} --unfreeze"
        )
    lines += [
        f"{each.source}, line {each.line}: nobody in the class has the {key_words(each.kind)} {each.key}"
        for each in found.unknown[:_MOST_UNKNOWN]
    ]
    if (more := len(found.unknown) - _MOST_UNKNOWN) > 0:
        matching = "line that matches" if more == 1 else "lines that match"
        lines.append(f"and {more:,} more {matching} nobody in the class")
    return lines
