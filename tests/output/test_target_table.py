"""The table of `notify list`."""

from __future__ import annotations

from kagsync.notify.targets import Listed
from kagsync.output import target_table
from kagsync.store.records import Subscription, Target


def test_a_narrow_terminal_shows_when_a_digest_comes() -> None:
    wanted = Subscription(digest="weekly@mon-09:00", zone="Europe/Berlin")
    target = Target(1, "json://localhost:8099", "f61dd9", wanted, None, None, 0, None, None)
    table = target_table.targets([Listed(target, "json://localhost:8099/…", None)])
    for width in (80, 100, 120):
        shown = "\n".join(line.plain for line in table.lines(width))
        assert "weekly@mon-09:00" in shown, width
