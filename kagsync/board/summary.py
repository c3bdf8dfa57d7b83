"""Summarizes a whole board: its size, its benchmarks and medal lines, the names on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kagsync.board import cells
from kagsync.board.cells import Legible
from kagsync.standings.marks import Benchmark, Marks, MedalLine, last_ranks

if TYPE_CHECKING:
    from collections.abc import Iterable

# The names on a larger board are not kept. No real board has a quarter as many.
_MOST_NAMES = 200_000
_MOST_NAME_CHARACTERS = 20_000_000
_MOST_BENCHMARKS = 100  # kept; real boards have up to a handful
_MOST_DELETED = 100_000  # deleted accounts that are kept


@dataclass
class BoardSummary:
    """A summary of a whole board; complete when its last chunk has been read.

    Attributes:
        rows: data rows of the CSV.
        teams: teams among them (without benchmarks; an old board's earlier rows of a team collapse).
        legible: how many cells of each column could be read, and how many could not.
        deleted: members whose account was deleted (`del=<16 hex>`), each with the team's id.
    """

    rows: int = 0
    teams: int = 0
    benchmarks: list[Benchmark] = field(default_factory=list)
    legible: dict[str, Legible] = field(default_factory=dict)
    deleted: dict[str, int | None] = field(default_factory=dict)
    _ids: list[Any] = field(default_factory=list, compare=False, repr=False)
    _ranks: list[Any] = field(default_factory=list, compare=False, repr=False)
    _ranked: list[tuple[Any, Any]] = field(default_factory=list, compare=False, repr=False)
    _names: list[str] = field(default_factory=list, compare=False, repr=False)
    _name_characters: int = field(default=0, compare=False, repr=False)
    _marks: Marks | None = field(default=None, compare=False, repr=False)

    def note(self, column: str, found: Legible) -> None:
        """Notes how legible a column of a piece is."""
        before = self.legible.get(column, Legible(0, 0))
        self.legible[column] = Legible(
            before.good + found.good, before.bad + found.bad, before.example or found.example
        )

    def add(
        self, ranks: list[int | None], scores: Any, names: Iterable[str], team_ids: list[int | None]
    ) -> None:
        """Notes a piece of the board: its ranks, scores (an array), cells with names, and team ids."""
        import numpy as np

        places = np.array(ranks, dtype=float)  # NaN for None
        ranked = (places > 0) & np.isfinite(scores)
        if ranked.any():
            self._ranked.append((places[ranked], scores[ranked]))
        self._ranks.append(np.array([rank for rank in ranks if rank], dtype=np.int64))
        self._ids.append(np.array([key for key in team_ids if key is not None], dtype=np.int64))
        if self._keeps_names:
            text = "\n".join(names)
            self._name_characters += len(text)
            self._names.append(text)

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
        return max([self.teams, *(int(ranks.max()) for ranks in self._ranks if len(ranks))])

    def repeated(self) -> tuple[str, int] | None:
        """A column with a value that is on the board twice, a team's id or a rank; None: there is none."""
        for column, pieces in (("TeamId", self._ids), ("Rank", self._ranks)):
            if (again := cells.repeated(pieces)) is not None:
                return column, again
        return None

    def names(self) -> str | None:
        """The names on the board, those of a team in a line; None of a board that is too large."""
        return "\n".join(self._names) if self._keeps_names else None

    def marks(self) -> Marks:
        """What standings on this board are measured against."""
        if self._marks is None:
            self._marks = self._measure()
            self._ranked.clear()  # frees memory that a large board's entries need next
        return self._marks

    def _measure(self) -> Marks:
        if not self._ranked:
            return Marks(None, [(benchmark, None) for benchmark in self.benchmarks], [])
        # Piece by piece: joined, a million rows would need twice the memory.
        ranks, scores = min(self._ranked, key=lambda piece: piece[0].min())
        first = float(scores[ranks.argmin()])
        ranks, scores = max(self._ranked, key=lambda piece: piece[0].max())
        last = float(scores[ranks.argmax()])
        higher = None if first == last else first > last

        def place(score: float | None) -> int | None:
            if higher is None or score is None:
                return None
            better = (scores > score if higher else scores < score for _, scores in self._ranked)
            return 1 + sum(int(rows.sum()) for rows in better)

        def score_at(rank: int) -> float | None:
            found = (scores[ranks == rank] for ranks, scores in self._ranked)
            return next((float(of_rank[0]) for of_rank in found if len(of_rank)), None)

        return Marks(
            higher,
            [(benchmark, place(benchmark.score)) for benchmark in self.benchmarks],
            [MedalLine(medal, rank, score_at(rank)) for medal, rank in last_ranks(self.places).items()],
        )
