"""Checks of automatic runs: the scheduler, the monitor, and how fresh the boards are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import installation
from kagsync.doctor.checks import Check
from kagsync.notify import ping
from kagsync.queries import status
from kagsync.schedule import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kagsync.doctor.checks import Found
    from kagsync.schedule.scheduler import Installed


def unattended(known: Found, now: datetime) -> Iterator[Check]:
    """Checks whether runs start automatically, and whether they succeed."""
    if monitor := ping.state(known.last_ping, known.triggers, now):
        yield Check("Monitor", *monitor)
    found, fresh = install.status(known.triggers, now), known.fresh
    broken = [problem for name, each in found.installed.items() if (problem := _program(name, each))]
    yield from broken
    for name, each in found.installed.items():
        if each.exposed:
            yield Check("Private", False, install.exposure(name, each), install.MOVE)
        if error := install.lost(name, each):
            yield Check("Private", False, error.message, error.remedy)
    if not broken:
        yield _runs(found)
    if fresh is not None and fresh.competitions:
        remedy = "" if fresh.healthy else "kagsync sync --all"
        if not fresh.expected and not fresh.healthy:
            paused = any(each.state == status.PAUSED for each in fresh.competitions)
            remedy = f"kagsync competitions {'resume' if paused else 'add'} SLUG"
        yield Check("Freshness", fresh.healthy, fresh.summary, remedy)


def _program(name: str, each: Installed) -> Check | None:
    """What is wrong with the program that a scheduler starts; None: nothing."""
    if each.program and not Path(each.program).exists():
        said = f"{name} starts {each.program}, which is not there"
        return Check("Schedule", False, said, f"kagsync schedule install --{name}")
    if each.program and installation.is_temporary(Path(each.program).parent.parent):
        said = f"{name} starts {each.program}, which is in a cache and may be deleted at any time"
        remedy = f"{installation.this().keep()}, then run the installed one: kagsync schedule install"
        return Check("Schedule", False, said, remedy)
    return None


def _runs(found: install.Status) -> Check:
    """Whether runs start by themselves."""
    known_of = found.installed or found.runs or found.unreadable
    said = "; ".join(install.lines(found)) if known_of else "nothing is scheduled"
    remedy = ""
    if not found.runs_by_itself:
        remedy = "kagsync schedule install"
    if remedy and found.unreadable:
        remedy = next(iter(found.unreadable.values())).remedy
    elif found.installed and remedy:
        remedy = "Check that the scheduler is running (cron: service cron start), and look at its log"
    return Check("Schedule", found.runs_by_itself, said, remedy)
