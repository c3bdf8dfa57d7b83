"""The boards that were seen. Tables: snapshots, private_snapshots, benchmark_sets.

Moments are seconds since 1970, as they are stored.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.standings.marks import Benchmark
from kagsync.standings.which import PRIVATE
from kagsync.store.connection import BoardPart
from kagsync.store.records import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A moment at which nothing had changed matters only when an archive is loaded later.
UNCHANGED_SNAPSHOTS_KEPT = timedelta(days=30)

_MAX_MOMENT = 2**63 - 1  # the largest number of SQLite
DAY = 86_400  # seconds; history is thinned by whole days, UTC


class Snapshots(BoardPart):
    """The boards that were seen."""

    def until(self, competition_id: int, moment: int) -> Snapshot | None:
        """The latest processed board up to a moment; None: there is none."""
        return self.at(competition_id, [moment])[0]

    def at(self, competition_id: int, moments: Sequence[int]) -> list[Snapshot | None]:
        """The latest processed board up to each of some moments; None: there is none."""
        found: list[Snapshot | None] = [None] * len(moments)
        rows = self._db.rows(
            "SELECT m.key, s.moment, row_count, team_count, last_user_id, sha256, file, best_score, content "
            f"FROM json_each(:moments) m CROSS JOIN {self._t.snapshots} s "
            "LEFT JOIN benchmark_sets b ON b.id = s.benchmark_set "
            "WHERE s.competition_id = :competition AND s.moment = (SELECT max(moment) "
            f"FROM {self._t.snapshots} WHERE competition_id = :competition AND moment <= m.value "
            "AND NOT unchanged)",
            {"competition": competition_id, "moments": json.dumps(list(moments))},
        )
        for number, *known, best, content in rows:
            moment, row_count, team_count, last_user_id, sha256, file = known
            found[number] = Snapshot(
                moment, row_count, team_count, last_user_id, sha256, file, best, unpacked(content)
            )
        return found

    def has(self, competition_id: int, moment: int) -> bool:
        """Whether a board of just this moment was processed, or seen unchanged."""
        return bool(
            self._db.value(
                f"SELECT EXISTS (SELECT 1 FROM {self._t.snapshots} WHERE competition_id = ? AND moment = ?)",
                (competition_id, moment),
            )
        )

    def next_search(self, competition_id: int, user_id: int, after: int) -> int | None:
        """The moment of the first board after a moment on which a user was searched for."""
        moment: int | None = self._db.value(
            f"SELECT moment FROM {self._t.snapshots} "
            "WHERE competition_id = ? AND moment > ? AND last_user_id >= ? ORDER BY moment LIMIT 1",
            (competition_id, after, user_id),
        )
        return moment

    def last_search(self, competition_id: int, user_id: int, before: int | None) -> int | None:
        """The moment of the last board before a moment (None: of all) on which a user was searched for."""
        moment: int | None = self._db.value(
            f"SELECT moment FROM {self._t.snapshots} "
            "WHERE competition_id = ? AND moment < ? AND last_user_id >= ? ORDER BY moment DESC LIMIT 1",
            (competition_id, _MAX_MOMENT if before is None else before, user_id),
        )
        return moment

    def team_counts(self, competition_id: int, since: int) -> dict[int, int | None]:
        """How many teams were on the boards after a moment, by their moments; None: not known."""
        return dict(
            self._db.rows(
                f"SELECT moment, team_count FROM {self._t.snapshots} WHERE competition_id = ? AND moment > ?",
                (competition_id, since),
            )
        )

    def first(self, competition_id: int) -> int | None:
        """The moment of the earliest board."""
        moment: int | None = self._db.value(
            f"SELECT min(moment) FROM {self._t.snapshots} WHERE competition_id = ?", (competition_id,)
        )
        return moment

    def first_searches(self, competition_id: int) -> list[tuple[int, int]]:
        """(user id, moment): each user up to this id was searched for from this moment on, or earlier."""
        rows = self._db.rows(
            f"SELECT last_user_id, min(moment) FROM {self._t.snapshots} WHERE competition_id = ? "
            "GROUP BY last_user_id",
            (competition_id,),
        )
        return [(last_user_id, moment) for last_user_id, moment in rows]


class SnapshotChanges(BoardPart):
    """Changes to the boards that were seen, within a transaction."""

    def save(self, competition_id: int, snapshot: Snapshot) -> None:
        """Remembers that a board was processed."""
        content = None if snapshot.benchmarks is None else packed(snapshot.benchmarks)
        if content is not None:
            self._db.execute("INSERT OR IGNORE INTO benchmark_sets (content) VALUES (?)", (content,))
        self._keep_the_one_before(competition_id, snapshot)
        self._db.execute(
            f"INSERT INTO {self._t.snapshots} "
            "(competition_id, moment, row_count, team_count, last_user_id, sha256, file, best_score, "
            "benchmark_set) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM benchmark_sets WHERE content = ?)) "
            "ON CONFLICT DO UPDATE SET row_count = excluded.row_count, best_score = excluded.best_score, "
            "benchmark_set = excluded.benchmark_set, "
            "team_count = excluded.team_count, last_user_id = max(last_user_id, excluded.last_user_id), "
            # A processed board replaces a note that the one before was still the same.
            "unchanged = 0, "
            "sha256 = excluded.sha256, file = excluded.file",
            (
                competition_id,
                snapshot.moment,
                snapshot.rows,
                snapshot.teams,
                snapshot.last_user_id,
                snapshot.sha256,
                snapshot.file,
                snapshot.best,
                content,
            ),
        )
        if self._t.board == PRIVATE:
            return
        # On a day that has been thinned, a board that arrives late adds rows to be thinned.
        day = clock.from_unix(snapshot.moment // DAY * DAY)
        self._db.execute(
            "UPDATE competitions SET thinned_until = ? WHERE id = ? AND thinned_until > ?",
            (day, competition_id, day),
        )

    def _keep_the_one_before(self, competition_id: int, snapshot: Snapshot) -> None:
        """If the next moment only says that a board was still the same, puts that board there.

        Otherwise the one that arrives late would be in force from then on.
        """
        before = (
            f"FROM {self._t.snapshots} WHERE competition_id = :c AND moment <= :m AND NOT unchanged "
            "ORDER BY moment DESC LIMIT 1"
        )
        self._db.execute(
            f"UPDATE {self._t.snapshots} SET unchanged = 0, (sha256, file, best_score, benchmark_set) = "
            f"(SELECT sha256, file, best_score, benchmark_set {before}) "
            "WHERE competition_id = :c AND moment = "
            f"(SELECT min(moment) FROM {self._t.snapshots} WHERE competition_id = :c AND moment > :m) "
            f"AND unchanged AND :sha256 IS NOT (SELECT sha256 {before})",
            {"c": competition_id, "m": snapshot.moment, "sha256": snapshot.sha256},
        )

    def save_unchanged(self, competition_id: int, moment: int) -> None:
        """Remembers that the latest board was still the same at `moment`."""
        self._db.execute(
            f"INSERT OR IGNORE INTO {self._t.snapshots} "
            "(competition_id, moment, unchanged, row_count, team_count, last_user_id) "
            f"SELECT competition_id, :m, 1, row_count, team_count, last_user_id FROM {self._t.snapshots} "
            "WHERE competition_id = :c ORDER BY moment DESC LIMIT 1",
            {"c": competition_id, "m": moment},
        )
        self._db.execute(
            # Not by the key, because that reads every board.
            f"DELETE FROM {self._t.snapshots} INDEXED BY {self._t.snapshots}_unchanged "
            "WHERE competition_id = ? AND unchanged AND moment < ?",
            (competition_id, moment - int(UNCHANGED_SNAPSHOTS_KEPT.total_seconds())),
        )


def packed(benchmarks: Iterable[Benchmark]) -> str:
    """Benchmarks as JSON; the same ones always give the same text."""
    return json.dumps(sorted(benchmarks, key=lambda each: (each.name, each.score_text or "")))


def unpacked(content: str | None) -> tuple[Benchmark, ...] | None:
    """Benchmarks as they were packed; None: not known."""
    return None if content is None else tuple(Benchmark(*each) for each in json.loads(content))
