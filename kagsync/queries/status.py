"""Whether every competition is fresh, for people and for monitors."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.standings import lifecycle
from kagsync.standings.lifecycle import FINISHED, RUNNING

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from kagsync.standings.lifecycle import Phase
    from kagsync.store import Store
    from kagsync.store.records import Competition, Failures

FRESH, STALE, NEVER = "fresh", "stale", "never"
PAUSED, UNLINKED = "paused", "not-linked"  # no sync is expected of these


@dataclass(frozen=True)
class Health:
    """How well one competition's syncs with Kaggle work.

    Attributes:
        state: fresh, stale (the last good sync is too old), never (there was none); or where no sync is
            expected: finished, paused or not-linked.
        phase: in which the competition is, and since when.
    """

    competition: Competition
    state: str
    phase: Phase
    failures: Failures | None
    rests_until: datetime | None

    @property
    def expected(self) -> bool:
        return self.state not in (PAUSED, UNLINKED, FINISHED)


@dataclass(frozen=True)
class Status:
    """How well all syncs work, and where the database is."""

    competitions: list[Health]
    database: Path
    bytes: int
    max_age: timedelta
    now: datetime

    @property
    def expected(self) -> list[Health]:
        return [health for health in self.competitions if health.expected]

    @property
    def healthy(self) -> bool:
        """Whether something is synced or finished, and everything is as fresh as it should be."""
        good = [health for health in self.competitions if health.state in (FRESH, FINISHED)]
        return bool(good) and all(health.state == FRESH for health in self.expected)

    @property
    def finished(self) -> list[Health]:
        return [health for health in self.competitions if health.state == FINISHED]

    @property
    def next_deadline(self) -> Competition | None:
        """The competition that ends next."""
        ahead = [
            (ends_at, health.competition)
            for health in self.expected
            if (ends_at := health.competition.ends_at) is not None and ends_at > self.now
        ]
        return min(ahead, key=itemgetter(0), default=(None, None))[1]

    @property
    def summary(self) -> str:
        """Everything in one line."""
        expected = self.expected
        if not self.competitions:
            return "Nothing is tracked: kagsync competitions add SLUG"
        if not expected and self.finished:
            count = len(self.finished)
            return f"OK: {count} finished competition{'' if count == 1 else 's'}, nothing left to sync"
        if not expected:
            return "Nothing to sync: every competition is paused or not linked to Kaggle"
        fresh = sum(health.state == FRESH for health in expected)
        failing = sum(health.failures is not None for health in expected)
        resting = sum(health.rests_until is not None for health in expected)
        age, all_running = _span(self.max_age), all(health.phase.name == RUNNING for health in expected)
        # One that has ended is synced less often, so its last sync may be older.
        limit = f"last good sync at most {age} ago" if all_running else f"at most {age} overdue"
        facts = [
            f"{fresh} of {len(expected)} fresh ({limit})",
            f"{failing} failing" if failing else "",
            f"{resting} resting" if resting else "",
            f"{len(self.finished)} finished" if self.finished else "",
        ]
        return f"{'OK' if self.healthy else 'NOT OK'}: {', '.join(fact for fact in facts if fact)}"


def status(store: Store, now: datetime, max_age: timedelta) -> Status:
    """Finds out how well the syncs work. What ends next comes first, ended competitions last.

    Args:
        max_age: how old the last good sync of a running competition may be, and how much overdue the next
            sync of one that has ended.
    """
    found = []
    for competition in sorted(store.competitions.all(), key=lambda each: each.by_end(now)):
        found.append(
            Health(
                competition,
                _state(competition, now, max_age),
                competition.phase(now),
                store.runs.failures(competition.id),
                competition.rests_until(now),
            )
        )
    return Status(found, store.path, _size(store.path), max_age, now)


def _state(competition: Competition, now: datetime, max_age: timedelta) -> str:
    if not competition.is_linked:
        return UNLINKED
    if not competition.active:
        return PAUSED
    if competition.synced_at is None:
        return NEVER
    every = lifecycle.pace(competition.times(now), now)
    if every is None:
        return FINISHED
    known = not clock.is_ahead(competition.synced_at, now)
    return FRESH if known and now - competition.synced_at <= every + max_age else STALE


def _size(path: Path) -> int:
    """The bytes of the database with what SQLite has not yet moved into it."""
    size = path.stat().st_size
    with contextlib.suppress(FileNotFoundError):  # also when a writer closes it at this moment
        size += path.with_name(f"{path.name}-wal").stat().st_size
    return size


def _span(length: timedelta) -> str:
    return clock.span(max(length.total_seconds(), 60))


def as_json(found: Status) -> dict[str, Any]:
    """The status for programs. Every key is always there; None means unknown."""
    soonest = found.next_deadline
    return {
        "healthy": found.healthy,
        "summary": found.summary,
        "max_age_seconds": int(found.max_age.total_seconds()),
        "database": {"path": str(found.database), "bytes": found.bytes},
        "next_deadline": soonest and {"competition": soonest.slug, "deadline": soonest.deadline},
        "competitions": [_health_as_json(health, found.now) for health in found.competitions],
    }


def _health_as_json(health: Health, now: datetime) -> dict[str, Any]:
    synced, failures = health.competition.synced_at, health.failures
    return {
        "competition": health.competition.slug,
        "state": health.state,
        "synced_at": synced and clock.iso(synced),
        "age_seconds": None if synced is None else int((now - synced).total_seconds()),
        "failures": failures.count if failures else 0,
        "last_error": failures
        and {"at": clock.iso(failures.at), "code": failures.code, "message": failures.message},
        "rests_until": health.rests_until and clock.iso(health.rests_until),
        "deadline": health.competition.deadline,
        "phase": health.phase.name,
        "phase_since": health.phase.since and clock.iso(health.phase.since),
    }
