"""Notification targets, and how much each knows already. Tables: notify_targets, and the cursors."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import UsageError
from kagsync.standings.which import PUBLIC
from kagsync.store.connection import Part
from kagsync.store.records import Subscription, Target
from kagsync.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.standings.deadlines import Reminder

_LAST_ID = 2**63 - 1  # SQLite's
# What a target is told; the order is that of `Subscription`.
_SUBSCRIPTION = (
    'competition_id, only, "group", against, tells_drift, quiet_for, digest, zone, sends_empty, remind'
)
_COLUMNS = f"id, url, label, sent_at, digest_until, failures, failed_at, error, {_SUBSCRIPTION}"


class Targets(Part):
    """The notification targets."""

    def all(self) -> list[Target]:
        """All of them, in the order in which they were added."""
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM notify_targets ORDER BY id")  # noqa: S608
        return [_target(*row) for row in rows]

    def get(self, key: int) -> Target:
        """One of them.

        Raises:
            UsageError: there is none of this number.
        """
        row = None
        if 0 < key <= _LAST_ID:  # people type any number
            row = self._db.row(
                f"SELECT {_COLUMNS} FROM notify_targets WHERE id = ?",  # noqa: S608
                (key,),
            )
        if row is None:
            raise UsageError(f"there is no notification target {key}", "See: kagsync notify list")
        return _target(*row)

    def add(self, url: str, subscription: Subscription, added_at: datetime) -> Target:
        """Adds a target, which is not notified of what happened before."""
        with self._db.transaction():
            same_url = self._db.row("SELECT label FROM notify_targets WHERE url = ?", (url,))
            key = self._db.execute(
                f"INSERT INTO notify_targets (url, label, added_at, digest_until, {_SUBSCRIPTION}) "  # noqa: S608
                f"VALUES (?, ?, ?, ?{', ?' * len(Subscription._fields)})",
                (
                    url,
                    same_url[0] if same_url else _new_label(),
                    clock.iso(added_at),
                    clock.iso(added_at),
                    *_stored(subscription),
                ),
            ).lastrowid
            for tables in TABLES.values():
                self._db.execute(
                    f"INSERT INTO {tables.cursors} "  # noqa: S608
                    f"SELECT ?, competition_id, max(moment) FROM {tables.snapshots} GROUP BY competition_id",
                    (key,),
                )
        return self.get(key or 0)

    def change(self, target: Target, subscription: Subscription, changed_at: datetime) -> None:
        """Changes what a target is told. If a digest comes at another time, the next one is the first."""
        before = target.subscription
        starts = (before.digest, before.zone) != (subscription.digest, subscription.zone)
        self._db.execute(
            f"UPDATE notify_targets SET ({_SUBSCRIPTION}, digest_until) "  # noqa: S608
            f"= ({', '.join('?' * len(Subscription._fields))}, coalesce(?, digest_until)) WHERE id = ?",
            (*_stored(subscription), clock.iso(changed_at) if starts else None, target.id),
        )

    def set_url(self, target: Target, url: str) -> None:
        """Changes where a target's URL is. It stays the same channel, with the same label."""
        self._db.execute("UPDATE notify_targets SET url = ? WHERE id = ?", (url, target.id))

    def remove(self, key: int) -> None:
        """Removes a target."""
        self._db.execute("DELETE FROM notify_targets WHERE id = ?", (key,))

    def pending(self, target: Target, board: str, competition_id: int | None) -> dict[int, tuple[int, int]]:
        """The competitions with changes on one of their boards that a target has not been notified of.

        Args:
            board: public or private.
            competition_id: only this competition; None: all.

        Returns:
            by competition id: the moment up to which the target knows, and the moment of the latest board.
            If a competition was added after the target, the target counts as knowing its first board,
            on which nobody had moved yet. The first private board is news, though.
        """
        tables = TABLES[board]
        first = f"(SELECT min(moment) FROM {tables.snapshots} WHERE competition_id = c.id)"  # noqa: S608
        rows = self._db.rows(
            f"SELECT c.id, coalesce(n.moment, {first if board == PUBLIC else -1}) AS known, "  # noqa: S608
            f"(SELECT max(moment) FROM {tables.snapshots} WHERE competition_id = c.id AND NOT unchanged) "
            "AS latest FROM competitions c "
            f"LEFT JOIN {tables.cursors} n ON n.competition_id = c.id AND n.target_id = ? "
            "WHERE latest > known AND (c.id = ? OR ? IS NULL)",
            (target.id, competition_id, competition_id),
        )
        return {key: (known, latest) for key, known, latest in rows}

    def notified(
        self,
        target: Target,
        moments: dict[str, dict[int, int]],
        sent_at: datetime | None,
        *,
        digest_until: datetime | None = None,
    ) -> None:
        """Saves up to which moment a target has been notified.

        Args:
            moments: for each kind of board, by competition id.
            sent_at: when a message was sent; None: there was nothing to tell.
            digest_until: up to when a digest told everything; None: this was no digest.
        """
        with self._db.transaction():
            for board, known in moments.items():
                self._db.execute_many(
                    # Target and competition may have been removed in the meantime.
                    f"INSERT INTO {TABLES[board].cursors} "  # noqa: S608
                    "SELECT t.id, c.id, ? FROM notify_targets t, competitions c WHERE t.id = ? AND c.id = ? "
                    "ON CONFLICT DO UPDATE SET moment = max(moment, excluded.moment)",
                    [(moment, target.id, competition) for competition, moment in known.items()],
                )
            if digest_until is not None:
                self._db.execute(
                    "UPDATE notify_targets SET digest_until = ? WHERE id = ?",
                    (clock.iso(digest_until), target.id),
                )
            if sent_at is not None:
                self._sent(target, sent_at)

    def reminders(self, target: Target) -> set[Reminder]:
        """The reminders that a target has got, or that a later one took the place of."""
        from kagsync.standings.deadlines import Deadline, Reminder  # few targets get any

        rows = self._db.rows(
            "SELECT competition_id, deadline, ends_at, before FROM reminders WHERE target_id = ?",
            (target.id,),
        )
        return {
            Reminder(Deadline(key, kind, clock.parse_iso(ends_at)), timedelta(seconds=before))
            for key, kind, ends_at, before in rows
        }

    def reminded(self, target: Target, reminders: Iterable[Reminder], sent_at: datetime) -> None:
        """Saves reminders that a target has got."""
        with self._db.transaction():
            self._db.execute_many(
                # Target and competition may have been removed in the meantime.
                "INSERT OR IGNORE INTO reminders (target_id, competition_id, deadline, ends_at, before) "
                "SELECT t.id, c.id, ?, ?, ? FROM notify_targets t, competitions c "
                "WHERE t.id = ? AND c.id = ?",
                [
                    (
                        deadline.kind,
                        clock.iso(deadline.ends_at),
                        int(before.total_seconds()),
                        target.id,
                        deadline.competition_id,
                    )
                    for deadline, before in reminders
                ],
            )
            self._sent(target, sent_at)

    def _sent(self, target: Target, sent_at: datetime) -> None:
        self._db.execute(
            "UPDATE notify_targets SET sent_at = ?, failures = 0, failed_at = NULL, error = NULL "
            "WHERE id = ?",
            (clock.iso(sent_at), target.id),
        )

    def reached(self, target: Target) -> None:
        """Saves that a target could be reached."""
        self._db.execute(
            "UPDATE notify_targets SET failures = 0, failed_at = NULL, error = NULL WHERE id = ?",
            (target.id,),
        )

    def failed(self, target: Target, failed_at: datetime, error: str) -> None:
        """Saves that a target could not be reached."""
        self._db.execute(
            "UPDATE notify_targets SET failures = failures + 1, failed_at = ?, error = ? WHERE id = ?",
            (clock.iso(failed_at), error, target.id),
        )


def _target(*row: Any) -> Target:
    key, url, label, sent_at, digest_until, failures, failed_at, error, *subscription = row
    return Target(
        id=key,
        url=url,
        label=label,
        subscription=_subscription(*subscription),
        sent_at=clock.parse_iso(sent_at) if sent_at else None,
        digest_until=clock.parse_iso(digest_until) if digest_until else None,
        failures=failures,
        failed_at=clock.parse_iso(failed_at) if failed_at else None,
        error=error,
    )


def _subscription(*stored: Any) -> Subscription:
    values = dict(zip(Subscription._fields, stored, strict=True))
    if values["only"] is not None:
        values["only"] = frozenset(filter(None, values["only"].split(",")))
    for name in ("tells_drift", "sends_empty"):
        values[name] = bool(values[name])
    values["quiet_for"] = timedelta(seconds=values["quiet_for"])
    before = (values["remind"] or "").split(",")
    values["remind"] = tuple(timedelta(seconds=int(each)) for each in before if each)
    return Subscription(**values)


def _stored(subscription: Subscription) -> tuple[Any, ...]:
    values = subscription._asdict()
    if subscription.only is not None:
        values["only"] = ",".join(sorted(subscription.only))
    values["quiet_for"] = int(subscription.quiet_for.total_seconds())
    before = [str(int(each.total_seconds())) for each in subscription.remind]
    values["remind"] = ",".join(before) or None
    return tuple(values.values())


def _new_label() -> str:
    """A label for a channel's URL: random, so it cannot be used to guess the URL."""
    return os.urandom(3).hex()
