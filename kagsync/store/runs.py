"""Records of runs. Tables: sync_runs, triggers, pings, notices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kagsync import clock, inputs
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.store.competitions import set_columns
from kagsync.store.connection import Part
from kagsync.store.records import (
    ERROR,
    KAGGLE,
    OK,
    OLDER,
    UNCHANGED,
    Counts,
    Failures,
    LastPing,
    Run,
    Trigger,
)

if TYPE_CHECKING:
    from datetime import datetime

# How long sync_runs keeps its rows. With a run every 5 minutes, nearly all of them say "nothing new".
# Thinning must not change any answer, so what later runs compare is kept with the competition.
RETENTION = {
    UNCHANGED: timedelta(days=2),
    OK: timedelta(days=30),
    OLDER: timedelta(days=30),
    ERROR: timedelta(days=90),
}
_RUNS_OF_ONE_CLOCK = 12  # a clock that is wrong for an hour of runs removes nothing
_THINNING = "thinning after days: "  # and their number: the subject of the notice
_GAP = timedelta(minutes=15)  # three times the usual time between two runs; a longer pause stays visible


def last_scheduled(triggers: list[Trigger], now: datetime) -> Trigger | None:
    """The last run that was not started by hand. Runs dated in the future do not count.

    Args:
        triggers: the last run of each trigger, the latest first.
    """
    return next(
        (
            each
            for each in triggers
            if each.name != inputs.BY_HAND and not clock.is_ahead(each.finished_at, now)
        ),
        None,
    )


class Runs(Part):
    """Records of the last runs, for later runs and for people."""

    def first_time(self, subject: str, now: datetime) -> bool:
        """Whether this is the first notice of a subject; remembers that it was given."""
        return (
            self._db.execute(
                "INSERT OR IGNORE INTO notices VALUES (?, ?)", (subject, clock.iso(now))
            ).rowcount
            > 0
        )

    def thinning_notice(self) -> tuple[int, datetime] | None:
        """After how many days the history may be thinned, and when people were told; None: they were not."""
        row = self._db.row("SELECT subject, given_at FROM notices WHERE subject LIKE ?", (f"{_THINNING}%",))
        return None if row is None else (int(row[0].removeprefix(_THINNING)), clock.parse_iso(row[1]))

    def save_thinning_notice(self, days: int, given_at: datetime) -> None:
        """Remembers that people were told; replaces an earlier notice."""
        self.forget_thinning_notice()
        self._db.execute("INSERT INTO notices VALUES (?, ?)", (f"{_THINNING}{days}", clock.iso(given_at)))

    def forget_thinning_notice(self) -> None:
        """Forgets that people were told, so that they are told again before anything is thinned."""
        if self.thinning_notice() is not None:
            self._db.execute("DELETE FROM notices WHERE subject LIKE ?", (f"{_THINNING}%",))

    def save_trigger(self, trigger: Trigger) -> None:
        """Remembers a run as the last one that its trigger started."""
        self._db.execute(
            "REPLACE INTO triggers (name, program, started_at, finished_at, exit_code) "
            "VALUES (?, ?, ?, ?, ?)",
            (
                trigger.name,
                trigger.program,
                clock.iso(trigger.started_at),
                clock.iso(trigger.finished_at),
                trigger.exit_code,
            ),
        )

    def triggers(self) -> list[Trigger]:
        """The last run of each trigger, the latest first."""
        rows = self._db.rows(
            "SELECT name, program, started_at, finished_at, exit_code FROM triggers ORDER BY finished_at DESC"
        )
        return [
            Trigger(name, program, clock.parse_iso(started), clock.parse_iso(finished), code)
            for name, program, started, finished, code in rows
        ]

    def save_ping(self, ping: LastPing) -> None:
        """Remembers what the monitor answered to the last run's ping."""
        self._db.execute(
            "REPLACE INTO pings (id, at, problem, failing_since, warned_of) VALUES (1, ?, ?, ?, ?)",
            (
                clock.iso(ping.at),
                ping.problem,
                ping.failing_since and clock.iso(ping.failing_since),
                ping.warned_of,
            ),
        )

    def last_ping(self) -> LastPing | None:
        """What the monitor answered to the last run's ping; None: no run has sent one."""
        row = self._db.row("SELECT at, problem, failing_since, warned_of FROM pings")
        if row is None:
            return None
        at, problem, failing_since, warned_of = row
        since = clock.parse_iso(failing_since) if failing_since else None
        return LastPing(clock.parse_iso(at), problem, since, warned_of)

    def failures(self, competition_id: int) -> Failures | None:
        """How the syncs with Kaggle failed since the last good one; None when they did not."""
        rows = self._db.rows(
            "SELECT finished_at, error_code, error_message FROM sync_runs "
            "WHERE competition_id = :c AND source = :kaggle AND status = :error "
            "AND id > coalesce((SELECT last_good_run FROM competitions WHERE id = :c), 0) ORDER BY id DESC",
            {"c": competition_id, "kaggle": KAGGLE, "error": ERROR},
        )
        failed = list(rows)
        if not failed:
            return None
        at, code, message = failed[0]
        return Failures(len(failed), clock.parse_iso(at), code, message)

    def failed_between(self, start: datetime, end: datetime) -> list[tuple[str, str, str]]:
        """The syncs that failed from `start` on, and before `end`: slug, error code and message."""
        rows = self._db.rows(
            "SELECT slug, error_code, coalesce(error_message, '') FROM sync_runs "
            "WHERE status = ? AND finished_at >= ? AND finished_at < ? AND error_code IS NOT NULL",
            (ERROR, clock.iso(start), clock.iso(end)),
        )
        return list(rows)

    def last_before(self, competition_id: int, run: str) -> datetime | None:
        """When a competition's last sync before a run ended; None: there was none."""
        at = self._db.value(
            "SELECT finished_at FROM sync_runs WHERE competition_id = ? AND run <> ? "
            "ORDER BY id DESC LIMIT 1",
            (competition_id, run),
        )
        return None if at is None else clock.parse_iso(at)

    def kaggle_is_behind(self, competition_id: int) -> bool:
        """Whether the last public board from Kaggle was older than the applied one, which is from a file."""
        status = self._db.value(
            "SELECT status FROM sync_runs WHERE competition_id = ? AND source = ? AND board = ? "
            "AND status <> ? ORDER BY id DESC LIMIT 1",
            (competition_id, KAGGLE, PUBLIC, ERROR),
        )
        return bool(status == OLDER)

    def last_error(self, competition_id: int) -> tuple[datetime, str] | None:
        """When and why the latest sync failed; None when it did not."""
        row = self._db.row(
            "SELECT finished_at, error_message FROM sync_runs "
            "WHERE id = (SELECT last_run FROM competitions WHERE id = ?)",
            (competition_id,),
        )
        return (clock.parse_iso(row[0]), row[1]) if row and row[1] is not None else None


class RunChanges(Part):
    """Changes to the records within a transaction."""

    def finish(self, competition_id: int, run: Run, finished_at: datetime) -> None:
        """Records how a competition's sync ended.

        Successive runs that found the same board unchanged share a row within an hour of the clock. The row
        has the start of the first of them; its id and everything else are of the latest.
        """
        counts = run.counts or Counts(*[None] * 5)  # type: ignore[arg-type]
        before = self._clock_before(competition_id)
        started_at, earlier_runs = self._take_over(competition_id, run)
        key = self._db.execute(
            "INSERT INTO sync_runs (run, competition_id, slug, source, status, started_at, finished_at, "
            'snapshot_at, sha256, "rows", created, updated, skipped, changed, error_code, error_message, '
            "run_count, board) VALUES (?, (SELECT id FROM competitions WHERE id = ?), ?, ?, ?, ?, ?, ?, "
            "?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.run,
                competition_id,
                run.slug,
                run.source,
                run.status,
                started_at,
                clock.iso(finished_at),
                run.snapshot_at and clock.iso(run.snapshot_at),
                run.sha256,
                counts.rows,
                counts.created,
                counts.updated,
                counts.skipped,
                counts.changed,
                run.error_code,
                run.error_message,
                earlier_runs + 1,
                run.board,
            ),
        ).lastrowid
        values: dict[str, Any] = {"last_run": key}
        # Kaggle is asked for the private board after the public one, whose sync is good even if that fails.
        is_second = run.board == PRIVATE and run.source == KAGGLE
        if not is_second:
            values["tried_at"] = clock.iso(finished_at)
        if run.error_code is None:
            if not is_second:
                values["synced_at"] = clock.iso(finished_at)
            if run.source == KAGGLE:  # a board from a file does not mean that Kaggle may be asked again
                values |= {"last_good_run": key, "resting_until": None}
        set_columns(self._db, competition_id, values)
        if before is not None:
            self._thin(before, finished_at)

    def _take_over(self, competition_id: int, run: Run) -> tuple[str, int]:
        """Removes the latest row of a competition if this run's row can stand for it too.

        That row is not updated instead, because every run needs an id of its own: by it, other runs notice
        that the competition was synced in the meantime.

        Returns:
            when the first run of the new row started, and how many runs the removed row stood for.
        """
        started_at = clock.iso(run.started_at)
        if run.status != UNCHANGED:
            return started_at, 0
        hour = run.started_at.replace(minute=0, second=0)
        taken = self._db.row(
            "DELETE FROM sync_runs WHERE id = (SELECT last_run FROM competitions WHERE id = ?) "
            "AND status = ? AND source = ? AND board = ? AND sha256 = ? AND finished_at BETWEEN ? AND ? "
            "AND started_at >= ? RETURNING started_at, run_count",
            (
                competition_id,
                UNCHANGED,
                run.source,
                run.board,
                run.sha256,
                clock.iso(run.started_at - _GAP),
                started_at,
                clock.iso(hour),
            ),
        )
        return taken or (started_at, 0)

    def _clock_before(self, competition_id: int) -> datetime | None:
        """The time that the clock showed some runs ago; None: there were fewer runs.

        It is the time at the end of a row. The runs of a row are of one hour, so that is near enough.
        """
        rows = self._db.rows(
            "SELECT finished_at, run_count FROM sync_runs WHERE competition_id = ? ORDER BY id DESC",
            (competition_id,),
        )
        runs = 0
        for finished_at, run_count in rows:
            runs += run_count
            if runs >= _RUNS_OF_ONE_CLOCK:
                return clock.parse_iso(finished_at)
        return None

    def _thin(self, before: datetime, now: datetime) -> None:
        """Removes old rows, and those that a wrong clock dated in the future.

        The clock may be wrong now, or may have been some runs ago. So a row is removed only if it is old, or
        in the future, by both times.
        """
        earlier, later = sorted((before, now))
        old = [(status, clock.iso(earlier - kept)) for status, kept in RETENTION.items()]
        ahead = [(status, clock.iso(clock.horizon(later))) for status in RETENTION]
        # Not one statement with OR: for that, SQLite reads every row that is kept (27 ms for 150,000).
        self._db.execute_many("DELETE FROM sync_runs WHERE status = ? AND finished_at < ?", old)
        self._db.execute_many("DELETE FROM sync_runs WHERE status = ? AND finished_at > ?", ahead)

    def rest(self, competition_id: int, until: datetime, now: datetime) -> None:
        """Notes that Kaggle asked, now, to wait until a time."""
        set_columns(
            self._db, competition_id, {"rested_at": clock.iso(now), "resting_until": clock.iso(until)}
        )
