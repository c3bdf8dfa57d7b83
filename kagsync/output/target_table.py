"""The table of `notify list`: which channels are notified of what, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.output.terminal import Column, Table, moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from kagsync.notify.targets import Listed
    from kagsync.store.records import Subscription, Target


def targets(found: list[Listed]) -> Table:
    """Which channels are notified of what, and when."""
    columns: list[Column[Listed]] = [
        Column("No.", lambda each: str(each.target.id), right=True),
        Column("Channel", lambda each: each.shown, style="bold", shrink=24),
        Column("Label", lambda each: each.target.label),
        Column("Competition", lambda each: each.slug or "all", keep=60, shrink=16),
        Column("Only", lambda each: _told(each.target.subscription), keep=50, shrink=16),
        Column("Group", lambda each: _groups(each.target.subscription), keep=50, shrink=10),
        Column("Quiet for", lambda each: _quiet_for(each.target.subscription), right=True, keep=30),
        Column("Digest", lambda each: _digest(each.target.subscription), keep=75, sparse=True, shrink=18),
        Column("Reminders", lambda each: _spans(each.target.subscription.remind), keep=70, sparse=True),
        Column(
            "Last message",
            lambda each: moment(each.target.sent_at) if each.target.sent_at else "never",
            right=True,
            keep=40,
        ),
        Column("State", lambda each: _channel_state(each.target), shrink=20),
    ]
    if not any(each.target.subscription.digest for each in found):
        columns = [column for column in columns if column.title != "Digest"]
    if not any(each.target.subscription.remind for each in found):
        columns = [column for column in columns if column.title != "Reminders"]
    return Table(
        columns, found, below=[] if found else ["No channel is notified yet: kagsync notify add URL"]
    )


def _told(wanted: Subscription) -> str:
    """Which movements a channel is told of."""
    if wanted.only is not None:
        return ", ".join(sorted(wanted.only)) or "none"
    if wanted.against is not None:
        return "passed"
    return "all" if wanted.tells_drift else "own actions"


def _groups(wanted: Subscription) -> str:
    group = wanted.group or "all"
    return group if wanted.against is None else f"{group} against {wanted.against}"


def _quiet_for(wanted: Subscription) -> str:
    return _spans([wanted.quiet_for]) if wanted.digest is None and wanted.tells_news else ""


def _digest(wanted: Subscription) -> str:
    return " ".join(filter(None, (wanted.digest, wanted.zone)))


def _spans(found: Iterable[timedelta]) -> str:
    seconds = (each.total_seconds() for each in found)
    return ", ".join(
        f"{each / 86400:.0f} d" if each and not each % 86400 else clock.span(each) for each in seconds
    )


def _channel_state(target: Target) -> str:
    return f"failed {target.failures} times: {target.error}" if target.failures else "ok"
