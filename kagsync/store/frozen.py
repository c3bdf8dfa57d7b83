"""The boards that grades were frozen with. Tables: frozen_boards, frozen_entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.standings.standing import PastStanding
from kagsync.store.connection import Part
from kagsync.store.snapshots import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.standings.marks import Benchmark


class PastEntry(NamedTuple):
    """How somebody stood on a past board.

    Attributes:
        user_id: None: the person was removed since it was frozen.
        group: the person's; on a frozen board, at the time when it was frozen.
    """

    user_id: int | None
    group: str | None
    standing: PastStanding


class PastBoard(NamedTuple):
    """What grades need of a board, frozen or not.

    Attributes:
        board: public or private.
        moment: when it was made, in seconds since 1970.
        teams, higher_is_better, benchmarks: None: not known.
    """

    board: str
    moment: int
    teams: int | None
    higher_is_better: bool | None
    benchmarks: tuple[Benchmark, ...] | None
    entries: tuple[PastEntry, ...]


class Frozen(NamedTuple):
    """The boards of a competition that grades are computed from, whatever came later. Times are UTC.

    Attributes:
        frozen_at: when they were frozen.
        as_of: the time that the grades are of.
    """

    frozen_at: datetime
    as_of: datetime
    boards: tuple[PastBoard, ...]


class FrozenBoards(Part):
    """The frozen boards. Each method that changes something is a transaction of its own."""

    def of(self, competition_id: int) -> Frozen | None:
        """The frozen boards of a competition; None: there are none."""
        rows = self._db.rows(
            "SELECT frozen_at, as_of, board, moment, team_count, higher_is_better, benchmarks "
            "FROM frozen_boards WHERE competition_id = ? ORDER BY board DESC",
            (competition_id,),
        )
        found: Frozen | None = None
        for frozen_at, as_of, board, moment, teams, higher_is_better, benchmarks in list(rows):
            kept = PastBoard(
                board,
                moment,
                teams,
                None if higher_is_better is None else bool(higher_is_better),
                unpacked(benchmarks),
                tuple(self._entries(competition_id, board)),
            )
            before = () if found is None else found.boards
            found = Frozen(clock.parse_iso(frozen_at), clock.parse_iso(as_of), (*before, kept))
        return found

    def _entries(self, competition_id: int, board: str) -> Iterable[PastEntry]:
        rows = self._db.rows(
            'SELECT user_id, "group", rank, score, team, submission_count FROM frozen_entries '
            "WHERE competition_id = ? AND board = ? ORDER BY rowid",
            (competition_id, board),
        )
        for user_id, group, rank, score, team, submission_count in rows:
            number = None if score is None else float(score)
            yield PastEntry(user_id, group, PastStanding(rank, number, score, team, None, submission_count))

    def save(self, competition_id: int, frozen: Frozen) -> Frozen | None:
        """Freezes the boards of a competition that has no frozen ones.

        Returns:
            the boards that are frozen already, which stay; None: there were none.
        """
        times = clock.iso(frozen.frozen_at), clock.iso(frozen.as_of)
        with self._db.transaction():
            if (already := self.of(competition_id)) is not None:
                return already
            for board, *known, benchmarks, entries in frozen.boards:
                content = None if benchmarks is None else packed(benchmarks)
                self._db.execute(
                    "INSERT INTO frozen_boards (competition_id, board, frozen_at, as_of, moment, team_count, "
                    "higher_is_better, benchmarks) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (competition_id, board, *times, *known, content),
                )
                self._db.execute_many(
                    'INSERT INTO frozen_entries (competition_id, board, user_id, "group", rank, score, team, '
                    "submission_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        (
                            competition_id,
                            board,
                            user_id,
                            group,
                            standing.rank,
                            standing.score_text,
                            standing.team,
                            standing.submission_count,
                        )
                        for user_id, group, standing in entries
                    ),
                )
        return None

    def remove(self, competition_id: int) -> None:
        """Lets grades follow the boards again."""
        with self._db.transaction():
            for table in ("frozen_entries", "frozen_boards"):
                self._db.execute(f"DELETE FROM {table} WHERE competition_id = ?", (competition_id,))
