"""Looks at everything that a run needs, and says of each thing whether it is well, else what mends it.

It changes nothing: it examines a copy of the database in memory. When a check fails, that is reported in a
line of its own, and the other checks go on.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kagsync import clock, errors, installation, memory, settings
from kagsync.doctor import checks
from kagsync.doctor.checks import Check
from kagsync.errors import (
    BadDownload,
    ConfigurationError,
    CredentialsError,
    Forbidden,
    KagsyncError,
    NoDatabase,
    NotFound,
    RateLimited,
    Unreachable,
)
from kagsync.files import locks, log_file, rights, scratch
from kagsync.kaggle import credentials
from kagsync.notify import channel, ping
from kagsync.queries import status as health
from kagsync.schedule import install
from kagsync.schedule.plan import this_program
from kagsync.store import REPAIR, SQLITE_VERSION, Store, migrations
from kagsync.sync import run_folder
from kagsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kagsync.kaggle.client import Clients
    from kagsync.settings import Settings
    from kagsync.store.records import Competition, LastPing, Trigger

_MAX_AGE = timedelta(minutes=15)
_SKEW = 300.0  # seconds a clock may be wrong
_ANSWERS = (BadDownload, CredentialsError, Forbidden, NotFound, RateLimited)  # errors after Kaggle answered
_SPACE = 100_000_000  # bytes: a board, its ZIP and the database's growth fit many times
_ON_THE_WAY = {Unreachable.code, ConfigurationError.code}  # what has to do with no single competition


def doctor(db: Path | None, now: datetime) -> Iterator[Check]:
    """Looks at everything, one thing after the other. Nothing of what it says is secret.

    Args:
        db: the database, if named on the command line.
    """
    yield from checks.survived("kagsync", _program)
    yield from checks.survived("Python", _python)
    yield from checks.survived("Packages", checks.packages)
    yield from checks.survived("kaggle command", checks.kaggle_command)
    found = _Found()
    yield from checks.survived("Settings", lambda: _settings(db, found))
    if loaded := found.settings:
        yield from checks.survived("Folders", lambda: _folders(loaded))
        yield from checks.survived("Locks", lambda: _locks(loaded))
        yield from checks.survived("Database", lambda: _database(loaded, now, found))
    yield from checks.survived("Kaggle's key", _credentials)
    yield from checks.survived("Certificates", checks.certificates)
    yield from checks.survived("Kaggle", lambda: _kaggle(found))
    yield from checks.survived("Schedule", lambda: _unattended(found, now))


@dataclass
class _Found:
    """What earlier checks found out, for later ones."""

    settings: Settings | None = None
    competitions: list[Competition] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    last_ping: LastPing | None = None
    fresh: health.Status | None = None

    @property
    def linked(self) -> list[Competition]:
        """The competitions that a run asks Kaggle for."""
        return [each for each in self.competitions if each.active and each.is_linked]


def _program() -> Iterator[Check]:
    yield Check("kagsync", True, f"{__version__}, {' '.join(this_program())}")


def _settings(db: Path | None, found: _Found) -> Iterator[Check]:
    """Loads the settings, and reports only what is wrong with them; other checks look at what they name."""
    try:
        found.settings = settings.load(db=db)
    except KagsyncError as error:
        yield Check("Settings", False, error.message, error.remedy)
        with contextlib.suppress(KagsyncError):  # the rest of them, so that the other checks go on
            found.settings = settings.load(db=db, jobs=settings.DEFAULT_JOBS, team_name=True)


def _python() -> Iterator[Check]:
    system = f"{platform.system()} {platform.release()}"
    yield Check("Python", True, f"{platform.python_version()} on {system}, SQLite {SQLITE_VERSION}")


def _folders(loaded: Settings) -> Iterator[Check]:
    yield from _writable("Database's folder", loaded.db.parent)
    about = "Folder of downloads"
    yield from checks.survived(about, lambda: _downloads(about, loaded.temp_data))
    if loaded.log_file is not None:
        yield from _log_file(loaded.log_file.absolute(), loaded.db)
    if loaded.looks is not None:
        yield from _writable("Folder of looks", loaded.looks)


def _downloads(about: str, folder: Path) -> Iterator[Check]:
    run_folder.check(folder)
    yield from _writable(about, folder, lockable=True)


def _log_file(file: Path, db: Path) -> Iterator[Check]:
    if not log_file.is_stream(file):
        yield from _writable("Log file's folder", Path(os.path.realpath(file)).parent)
    if file.is_dir():
        yield Check("Log file", False, f"{file} is a folder", "Name a file with KAGSYNC_LOG_FILE")
    elif file.exists() and not os.access(file, os.W_OK):
        yield Check("Log file", False, f"{file} may not be written by this user", rights.make_writable(file))
    else:
        try:
            log_file.check(file, db)
        except ConfigurationError as error:
            yield Check("Log file", False, error.message, error.remedy)


def _writable(about: str, folder: Path, *, lockable: bool = False) -> Iterator[Check]:
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        with scratch.folder(there) as place:
            if lockable and os.name == "posix":
                locks.check(place / "lock")
        free = shutil.disk_usage(there).free
    except NotADirectoryError:
        said, remedy = f"{there} is a file, not a folder", rights.quoted("mv", there, f"{there}.old")
        yield Check(about, False, said, remedy)
    except OSError as error:
        said = f"cannot write in {there}: {error.strerror}"
        yield Check(about, False, said, _let_write(folder, there))
    else:
        enough = free >= _SPACE
        said = (
            f"{folder}, {free / 1e9:,.1f} GB free"
            if enough
            else f"{folder}: only {free // 1_000_000} MB are free"
        )
        yield Check(about, enough, said, "" if enough else "Free some space on that disk")


def _let_write(folder: Path, there: Path) -> str:
    """What lets this user write in a folder.

    Args:
        there: the folder, or where it does not exist the nearest one above that does.
    """
    if there != folder and rights.other_owner(there):  # the folder above stays its owner's
        return rights.quoted("sudo", "install", "-d", "-o", os.geteuid(), folder)
    return rights.how_to_write(there, "KAGSYNC_DB, KAGSYNC_TEMP_DIR or KAGSYNC_LOG_FILE")


def _locks(loaded: Settings) -> Iterator[Check]:
    folder = loaded.locks
    if not folder.exists():
        yield Check("Locks", None, "no folder for them yet: the next run makes it")
        return
    if not folder.is_dir():
        remedy = rights.quoted("mv", folder, f"{folder}.old")
        yield Check("Locks", False, f"{folder} is a file, not a folder", remedy)
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = rights.how_to_write(folder, "KAGSYNC_DB")
        yield Check("Locks", False, f"cannot make lock files in {folder}", remedy)
        return
    busy, stuck = [], []
    own = folder / f".doctor-{os.getpid()}.lock"  # a name that no competition and no other doctor has
    try:
        for file in [own, *sorted(folder.glob("[!.]*.lock"))]:
            try:
                with locks.hold(file):
                    pass
            except locks.Busy:
                if error := locks.stuck(file):
                    stuck.append(error)
                else:
                    busy.append(file.stem)
        for left in folder.glob(".doctor-*.lock"):  # by a doctor that was killed
            if left != own:
                with contextlib.suppress(KagsyncError, OSError), locks.hold(left):
                    left.unlink()
    finally:
        with contextlib.suppress(OSError):
            own.unlink(missing_ok=True)
    for error in stuck:
        yield Check("Locks", False, error.message, error.remedy)
    said = f"held by a run at this moment: {', '.join(busy)}" if busy else "work, and all are free"
    if not stuck:
        yield Check("Locks", True, said)


def _database(loaded: Settings, now: datetime, found: _Found) -> Iterator[Check]:
    """Looks at the database, and adds to `found` what stands in it."""
    db = loaded.db
    if db.exists() and not db.is_file():
        yield Check("Database", False, f"{db} is no file", "Name another with --db or KAGSYNC_DB")
        return
    try:
        with Store.open_copy(db) as store:
            found.fresh = health.status(store, now, _MAX_AGE)
            yield _soundness(store, found.fresh.bytes)
            found.competitions += store.competitions.all()
            found.triggers += store.runs.triggers()
            found.last_ping = store.runs.last_ping()
            yield from _contents(store, now, found.competitions)
    except NoDatabase as error:
        yield Check("Database", False, error.message, "kagsync competitions add SLUG")


def _soundness(store: Store, size: int) -> Check:
    db = store.path
    if problems := store.problems():
        return Check(
            "Database", False, f"{db} is damaged: {problems[0]}", REPAIR.format(shlex.quote(str(db)))
        )
    if error := store.in_the_way():
        return Check("Database", False, error.message, error.remedy)
    if not os.access(db, os.W_OK):
        return Check(
            "Database", False, f"{db} may not be written by this user", rights.how_to_write(db, "KAGSYNC_DB")
        )
    version = f"schema {store.schema_on_disk}"
    if store.schema_on_disk < migrations.LATEST:
        version += f", which the next run updates to {migrations.LATEST}"
    return Check("Database", True, f"{db}, {size:,} bytes, sound, {version}")


def _contents(store: Store, now: datetime, competitions: list[Competition]) -> Iterator[Check]:
    if not competitions:
        yield Check("Competitions", False, "none is tracked", "kagsync competitions add SLUG")
    if not store.users.all():
        yield Check("People", False, "nobody is tracked", "kagsync users add USERNAME")
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
    targets = store.targets.all()
    if not targets:
        return
    if exposed := [part for part in (store.path, *store.beside) if rights.others_can_read(part)]:
        said = f"others on this machine can read {exposed[0]}, which holds the URLs of notifications"
        yield Check("Private", False, said, rights.change("o-rwx", *exposed))
    groups = {user.group for user in store.users.all()}
    for target in targets:
        about = f"Notifications {target.id}"
        if target.failures:
            said = f"{channel.shown(target)} failed {target.failures} times in a row: {target.error}"
            yield Check(about, False, said, f"kagsync notify test {target.id}")
        elif (problem := channel.problem(target)) is not None:
            yield Check(about, False, problem.message, problem.remedy)
        elif target.group is not None and target.group not in groups:
            said = f"{channel.shown(target)} is told nothing: nobody is in the group {target.group!r}"
            yield Check(about, False, said, f"kagsync users add USERNAME --group {shlex.quote(target.group)}")
        else:
            yield Check(about, True, channel.shown(target))


def _credentials() -> Iterator[Check]:
    try:
        found = credentials.find()
    except KagsyncError as error:
        yield Check("Kaggle's key", False, error.message, error.remedy)
        return
    exposed = credentials.exposed_file(found)
    if exposed is not None:
        said = f"from {found.source}, which others on this machine can read"
        yield Check("Kaggle's key", False, said, rights.change("600", exposed))
    else:
        passed_over = "".join(f"; passed over: {reason}" for reason in found.passed_over)
        yield Check("Kaggle's key", True, f"from {found.source}{passed_over}")


def _kaggle(found: _Found) -> Iterator[Check]:
    """Asks Kaggle for each leaderboard; says of all at once when it cannot be reached."""
    try:
        from kagsync.kaggle import client, sdk

        sdk.part()
    except Exception as error:
        if memory.ran_out(error):
            raise  # told as such by `survived`
        said = f"Kaggle's SDK (kagglesdk) cannot be used: {type(error).__name__}: {error}"
        yield Check("Kaggle", False, said, installation.this().reinstall())
        return
    try:
        credentials.find()
    except KagsyncError:
        yield Check("Kaggle", None, "skipped: no Kaggle credentials")
        return
    api = client.connect()
    competitions = found.linked
    if found.settings is None or not competitions:
        why = "it is not known which database to read" if found.settings is None else "no active competition"
        yield Check("Kaggle", None, f"skipped: {why}")
        return
    with ThreadPoolExecutor(min(found.settings.jobs, len(competitions))) as pool:
        answers = list(pool.map(lambda competition: _ask(api, competition), competitions))
    silent = [error for error, _ in answers if error is not None and error.code in _ON_THE_WAY]
    if silent:
        yield Check("Kaggle", False, silent[0].message, silent[0].remedy)
    elif any(error is None or isinstance(error, _ANSWERS) for error, _ in answers):
        yield Check("Kaggle", True, "answers")
    for competition, (refusal, _) in zip(competitions, answers, strict=True):
        if refusal is None:
            yield Check(competition.slug, True, "Kaggle gives its leaderboard")
        elif refusal.code not in _ON_THE_WAY:
            yield Check(competition.slug, False, refusal.message, refusal.remedy)
    ahead = next((seconds for _, seconds in answers if seconds is not None), None)
    if ahead is not None and abs(ahead) > _SKEW:
        said = f"{clock.span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} Kaggle's"
        yield Check("Clock", False, said, "Set the clock: timedatectl set-ntp true")
    elif ahead is not None:
        yield Check("Clock", True, "agrees with Kaggle's")


def _ask(api: Clients, competition: Competition) -> tuple[KagsyncError | None, float | None]:
    try:
        return None, api().may_download(competition.kaggle_id)
    except KagsyncError as error:
        return error, None
    except OSError as error:  # requests' own word for certificates that are not there
        return Unreachable(f"Kaggle cannot be asked: {error}"), None
    except Exception as error:  # noqa: BLE001  (of one competition; the others are asked all the same)
        return errors.unforeseen(error), None


def _unattended(known: _Found, now: datetime) -> Iterator[Check]:
    """Whether it runs by itself, and how that goes."""
    if monitor := ping.state(known.last_ping, known.triggers, now):
        yield Check("Monitor", *monitor)
    found, fresh = install.status(known.triggers, now), known.fresh
    for name, each in found.installed.items():
        if each.program and not Path(each.program).exists():
            said = f"{name} starts {each.program}, which is not there"
            yield Check("Schedule", False, said, f"kagsync schedule install --{name}")
            return
        if each.program and installation.is_temporary(Path(each.program).parent.parent):
            said = f"{name} starts {each.program}, which is in a cache and may be deleted at any time"
            remedy = f"{installation.this().keep()}, then run the installed one: kagsync schedule install"
            yield Check("Schedule", False, said, remedy)
            return
        if each.exposed:
            yield Check("Private", False, install.exposure(name, each), install.MOVE)
        if error := install.lost(name, each):
            yield Check("Private", False, error.message, error.remedy)
    known_of = found.installed or found.runs or found.unreadable
    said = "; ".join(install.lines(found)) if known_of else "nothing is scheduled"
    remedy = ""
    if not found.runs_by_itself:
        remedy = "kagsync schedule install"
    if remedy and found.unreadable:
        remedy = next(iter(found.unreadable.values())).remedy
    elif found.installed and remedy:
        remedy = "See that the scheduler runs (cron: service cron start), and its log"
    yield Check("Schedule", found.runs_by_itself, said, remedy)
    if fresh is not None and fresh.competitions:
        remedy = "" if fresh.healthy else "kagsync sync --all"
        if not fresh.expected:
            paused = any(each.state == health.PAUSED for each in fresh.competitions)
            remedy = f"kagsync competitions {'resume' if paused else 'add'} SLUG"
        yield Check("Freshness", fresh.healthy, fresh.summary, remedy)


def as_json(found: list[Check]) -> dict[str, Any]:
    """What was found, for programs."""
    return {
        "ok": all(check.ok is not False for check in found),
        "checks": [
            {"about": check.about, "ok": check.ok, "said": check.said, "remedy": check.remedy or None}
            for check in found
        ],
    }
