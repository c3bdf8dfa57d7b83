"""Summarizes a whole board: its size, its benchmarks and medal lines, the names on it."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kagsync.board.cells import Legible
from kagsync.board.rows import split_members
from kagsync.standings import ranks
from kagsync.standings.marks import Benchmark, Marks, MedalLine, last_ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kagsync.board.rows import Rows

# The names and ranks on a larger board are not kept. No real board has a quarter as many.
_MOST_NAMES = 200_000
_MOST_NAME_CHARACTERS = 20_000_000
_MOST_BENCHMARKS = 100  # kept; real boards have up to a handful
_MOST_DELETED = 100_000  # deleted accounts that are kept
_NO_RANK = -1
_NUMBERS_AT_ONCE = 250_000  # a set of them has 30 MB; real boards have a sixth as many rows


@dataclass
class BoardSummary:
    """A summary of a whole board; complete when its last piece has been read.

    Attributes:
        rows: data rows of the CSV.
        teams: teams among them (without benchmarks; an old board's earlier rows of a team collapse).
        legible: how many cells of each column could be read, and how many could not.
        deleted: members whose account was deleted (`del=<16 hex>`), each with the team's id.
        keeps_team_names: to be set before the board is read.
    """

    rows: int = 0
    teams: int = 0
    benchmarks: list[Benchmark] = field(default_factory=list)
    legible: dict[str, Legible] = field(default_factory=dict)
    deleted: dict[str, int | None] = field(default_factory=dict)
    keeps_team_names: bool = False
    _ids: array[int] = field(default_factory=lambda: array("q"), compare=False, repr=False)
    _ranks_by_id: array[int] = field(default_factory=lambda: array("q"), compare=False, repr=False)
    _ranks: array[int] = field(default_factory=lambda: array("q"), compare=False, repr=False)
    _scores: array[float] = field(default_factory=lambda: array("d"), compare=False, repr=False)
    _unscored: array[int] = field(default_factory=lambda: array("q"), compare=False, repr=False)
    _names: list[str] = field(default_factory=list, compare=False, repr=False)
    _team_names: list[str] = field(default_factory=list, compare=False, repr=False)
    _name_characters: int = field(default=0, compare=False, repr=False)
    _marks: Marks | None = field(default=None, compare=False, repr=False)

    def note(self, column: str, found: Legible) -> None:
        """Notes how legible a column of a piece is."""
        before = self.legible.get(column, Legible(0, 0))
        self.legible[column] = Legible(
            before.good + found.good, before.bad + found.bad, before.example or found.example
        )

    def add(self, teams: Rows, names: Sequence[str]) -> None:
        """Notes a piece of the board, or all of an old one, and its cells with names."""
        self.teams += len(teams.ranks)
        if 0 in teams.ranks:
            for i in (i for i, rank in enumerate(teams.ranks) if rank == 0):
                row = teams.standing(i)
                self.add_benchmark(Benchmark(row.team_name, row.score, row.score_text))
                self.teams -= 1
        known = [each for each in zip(teams.team_ids, teams.ranks, strict=True) if each[0] is not None]
        self._ids += array("q", [key for key, _ in known if key is not None])
        self._ranks_by_id += array("q", [_NO_RANK if rank is None else rank for _, rank in known])
        for rank, score in zip(teams.ranks, teams.scores, strict=True):
            if rank and score == score:  # NaN does not equal itself
                self._ranks.append(rank)
                self._scores.append(score)
            elif rank:
                self._unscored.append(rank)
        if self._keeps_names:
            text = "\n".join(names)
            self._name_characters += len(text)
            self._names.append(text)
            if self.keeps_team_names:
                team_names = "\n".join(teams.team_names)
                self._name_characters += len(team_names)
                self._team_names.append(team_names)
        if "del=" in ",".join(teams.members):
            for team_id, cell in zip(teams.team_ids, teams.members, strict=True):
                for name in split_members(cell):
                    if name.startswith("del="):
                        self.add_deleted(name, team_id)

    def add_benchmark(self, benchmark: Benchmark) -> None:
        """Notes a row of rank 0; only the first hundred are kept."""
        if len(self.benchmarks) < _MOST_BENCHMARKS:
            self.benchmarks.append(benchmark)

    def add_deleted(self, member: str, team_id: int | None) -> None:
        """Notes a deleted account; only the first 100,000 are kept."""
        if len(self.deleted) < _MOST_DELETED:
            self.deleted[member] = team_id

    @property
    def _keeps_names(self) -> bool:
        return self.rows <= _MOST_NAMES and self._name_characters <= _MOST_NAME_CHARACTERS

    @property
    def bad_cells(self) -> dict[str, int]:
        """How many cells could not be read, of each column that has some."""
        return {name: found.bad for name, found in self.legible.items() if found.bad}

    @property
    def places(self) -> int:
        """How many places the board has: the number of teams, or the highest rank where ranks have gaps.

        In 15 of 71 real boards of one competition the highest rank was above the number of teams.
        """
        return max(self.teams, max(self._ranks, default=0), max(self._unscored, default=0))

    def repeated(self) -> tuple[str, int] | None:
        """A column with a value that is on the board twice, a team's id or a rank; None: there is none."""
        for column, numbers in (("TeamId", self._ids), ("Rank", self._ranks + self._unscored)):
            if (again := _repeated(numbers)) is not None:
                return column, again
        return None

    def packed_ranks(self) -> bytes | None:
        """The rank of each team for the database, benchmarks included; None of a board that is too large."""
        if self.rows > _MOST_NAMES:
            return None
        pairs = zip(self._ids, self._ranks_by_id, strict=True)
        placed = [(key, rank) for key, rank in pairs if rank != _NO_RANK]
        return ranks.pack([key for key, _ in placed], [rank for _, rank in placed])

    def names(self) -> str | None:
        """The names on the board, those of a team in a line; None of a board that is too large."""
        return "\n".join(self._names) if self._keeps_names else None

    def team_names(self) -> str:
        """The name of each team in a line; empty if they are not kept."""
        return "\n".join(self._team_names) if self._keeps_names else ""

    def marks(self) -> Marks:
        """What standings on this board are measured against."""
        if self._marks is None:
            self._marks = self._measure()
        return self._marks

    def _measure(self) -> Marks:
        if not self._ranks:
            return Marks(None, [(benchmark, None) for benchmark in self.benchmarks], [])
        highest, lowest = min(self._ranks), max(self._ranks)
        first, last = self._scores[self._ranks.index(highest)], self._scores[self._ranks.index(lowest)]
        higher = None if first == last else first > last
        is_known = highest < min(self._unscored, default=highest + 1)
        scores = sorted(self._scores) if self.benchmarks else []

        def place(score: float | None) -> int | None:
            if higher is None or score is None:
                return None
            return 1 + (len(scores) - bisect_right(scores, score) if higher else bisect_left(scores, score))

        def score_at(rank: int) -> float | None:
            return self._scores[self._ranks.index(rank)] if rank in self._ranks else None

        return Marks(
            higher,
            [(benchmark, place(benchmark.score)) for benchmark in self.benchmarks],
            [MedalLine(medal, rank, score_at(rank)) for medal, rank in last_ranks(self.places).items()],
            best=first if is_known else None,
        )


def _repeated(numbers: array[int]) -> int | None:
    """The smallest number that is there more than once; None when all are different."""
    parts = 1 + len(numbers) // _NUMBERS_AT_ONCE
    for part in range(parts):
        some = [number for number in numbers if number % parts == part]
        if len(set(some)) < len(some):
            return min(number for number, count in Counter(numbers).items() if count > 1)
    return None
