"""Checks of the database and its content, made on a copy in memory."""

from __future__ import annotations

import os
import shlex
from datetime import timedelta
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.doctor.checks import Check
from kagsync.errors import KagsyncError, NoDatabase
from kagsync.files import rights
from kagsync.notify import address, channel, when
from kagsync.queries import status
from kagsync.schedule import env_file
from kagsync.schedule.install import SCHEDULERS
from kagsync.store import REPAIR, Store, compact, migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kagsync.doctor.checks import Found
    from kagsync.settings import Settings
    from kagsync.store.records import Competition, Target

_MAX_AGE = timedelta(minutes=15)
QUICKLY_SEARCHED = 50_000_000  # bytes that SQLite searches for damage in half a second
_MUCH_FREE = 10_000_000  # bytes


def database(loaded: Settings, now: datetime, found: Found, *, integrity: bool) -> Iterator[Check]:
    """Checks the database, and adds what is in it to `found`.

    Args:
        integrity: search it for damage even if it is large.
    """
    db = loaded.db
    if db.exists() and not db.is_file():
        yield Check("Database", False, f"{db} is not a file", "Choose another with --db or KAGSYNC_DB")
        return
    try:
        with Store.open_copy(db) as store:
            found.fresh = status.status(store, now, _MAX_AGE)
            size = found.fresh.bytes
            yield _soundness(store, size, search=integrity or size <= QUICKLY_SEARCHED)
            found.competitions += store.competitions.all()
            found.triggers += store.runs.triggers()
            found.last_ping = store.runs.last_ping()
            yield from _contents(store, now, found.competitions)
    except NoDatabase as error:
        yield Check("Database", False, error.message, "kagsync competitions add SLUG")


def _soundness(store: Store, size: int, *, search: bool) -> Check:
    db = store.path
    if search and (problems := store.problems()):
        return Check(
            "Database", False, f"{db} is damaged: {problems[0]}", REPAIR.format(shlex.quote(str(db)))
        )
    if error := store.in_the_way():
        return Check("Database", False, error.message, error.remedy)
    if not os.access(db, os.W_OK):
        return Check(
            "Database", False, f"{db} may not be written by this user", rights.how_to_write(db, "KAGSYNC_DB")
        )
    sound = "sound" if search else "not checked for damage, because it is large (use --integrity)"
    version = f"schema {store.schema_on_disk}"
    if store.schema_on_disk < migrations.LATEST:
        version += f", which the next run updates to {migrations.LATEST}"
    free = store.free_bytes()
    unused = f" ({free:,} free: shrink it with kagsync compact)" if free > max(_MUCH_FREE, size // 4) else ""
    return Check("Database", True, f"{db}, {size:,} bytes{unused}, {sound}, {version}")


def _contents(store: Store, now: datetime, competitions: list[Competition]) -> Iterator[Check]:
    if not competitions:
        yield Check("Competitions", False, "no competition is tracked", "kagsync competitions add SLUG")
    if not store.users.all():
        yield Check("People", False, "no user is tracked", "kagsync users add USERNAME")
    ahead = [
        each.slug
        for each in competitions
        if each.active and each.is_linked and each.tried_at and clock.is_ahead(each.tried_at, now)
    ]
    if ahead:
        said = f"the last sync of {ahead[0]} is in the future: the clock is, or was, wrong"
        yield Check(
            "Clock", False, said, "Set the clock (timedatectl set-ntp true), then: kagsync sync --all"
        )
    for each in competitions:
        if each.snapshot_at and each.snapshot_at > clock.horizon():
            said = f"has a board of {clock.iso(each.snapshot_at)}, in the future: no new board is taken"
            source = "" if each.is_linked else " --from FILE"
            remedy = f"Check this machine's clock; if it is right: kagsync sync {each.slug}{source} --force"
            yield Check(each.slug, False, said, remedy)
    if compact.is_due(store):
        said = "people were removed, but the free space of the database still has traces of them"
        yield Check("Removed people", False, said, "kagsync compact")
    targets = store.targets.all()
    if not targets:
        return
    exposed = [part for part in (store.path, *store.beside) if rights.others_can_read(part)]
    if exposed and any(address.variable(each.url) is None for each in targets):
        said = f"others on this machine can read {exposed[0]}, which holds the URLs of notifications"
        yield Check("Private", False, said, rights.change("o-rwx", *exposed))
    groups = {user.group for user in store.users.all()}
    for target in targets:
        about = f"Notifications {target.id}"
        if target.failures:
            said = f"{channel.shown(target)} failed {target.failures} times in a row: {target.error}"
            yield Check(about, False, said, f"kagsync notify test {target.id}")
        elif (problem := _problem(target) or _problem_with_zone(target)) is not None:
            yield Check(about, False, problem.message, problem.remedy)
        elif group := next((each for each in _groups(target) if each not in groups), None):
            said = f"{channel.shown(target)} gets no messages: nobody is in the group {group!r}"
            yield Check(about, False, said, f"kagsync users add USERNAME --group {shlex.quote(group)}")
        else:
            yield Check(about, True, channel.shown(target))


def _problem(target: Target) -> KagsyncError | None:
    """Why a target cannot be notified, as far as that is known; None: no problem is known.

    Scheduled runs may have a variable that is not set here.
    """
    problem = channel.problem(target)
    if isinstance(problem, address.NotSet):
        files = (env_file.path(name) for name in SCHEDULERS)
        if any(address.variable(target.url) in env_file.names(file) for file in files):
            return None
    return problem


def _problem_with_zone(target: Target) -> KagsyncError | None:
    """Why the time of a target's digest cannot be told; None: no problem is known."""
    try:
        if target.subscription.zone is not None:
            when.zone(target.subscription.zone)
    except KagsyncError as error:
        return error
    return None


def _groups(target: Target) -> list[str]:
    """The groups that a target is about."""
    wanted = target.subscription
    return [group for group in (wanted.group, wanted.against) if group is not None]
