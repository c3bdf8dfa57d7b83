"""Looks at everything that a run needs, and says of each thing whether it is well, else what mends it."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import os
import platform
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kagsync import __version__, channel, credentials, locks, pings, schedule, times
from kagsync import status as health
from kagsync.errors import ConfigurationError, KagsyncError, NoDatabase, Unreachable
from kagsync.store import REPAIR, SQLITE_VERSION, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kagsync.kaggle_api import Clients
    from kagsync.records import Competition
    from kagsync.settings import Settings

_MAX_AGE = timedelta(minutes=15)
_SKEW = 300.0  # seconds a clock may be wrong
_SPACE = 100_000_000  # bytes: a board, its ZIP and the database's growth fit many times
_PATIENCE = 60.0  # seconds
_ON_THE_WAY = {Unreachable.code, ConfigurationError.code}  # what has to do with no single competition


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        ok: None where it could not be looked at, or need not be.
        remedy: what mends it, a command where there is one; empty where nothing must be done.
    """

    about: str
    ok: bool | None
    said: str
    remedy: str = ""


def doctor(loaded: Settings, now: datetime) -> Iterator[Check]:
    """Looks at everything, one thing after the other. Nothing of what it says is secret."""
    yield Check("kagsync", True, f"{__version__}, {' '.join(schedule.this_program())}")
    yield _python()
    yield _packages()
    yield _kaggle_command()
    yield from _folders(loaded)
    yield _locks(loaded)
    found: list[Competition] = []
    yield from _database(loaded, now, found)
    yield from _credentials()
    yield from _kaggle(loaded, [each for each in found if each.active and each.kaggle_competition_id])
    yield from _unattended(loaded, now)


def _python() -> Check:
    system = f"{platform.system()} {platform.release()}"
    return Check("Python", True, f"{platform.python_version()} on {system}, SQLite {SQLITE_VERSION}")


def _packages() -> Check:
    versions, wrong = [], []
    for requirement in importlib.metadata.requires("kagsync") or []:
        if "extra ==" in requirement:
            continue
        name = re.match(r"[\w.-]+", requirement)
        if name is None:
            continue
        try:
            versions.append(f"{name[0]} {importlib.metadata.version(name[0])}")
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name[0]} is missing")
    for module in ("pandas", "sqlite_utils", "kagglesdk", "jinja2", "pygal", "plotille", "rapidfuzz"):
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001  (a broken package may raise anything)
            wrong.append(f"{module} cannot be imported ({type(error).__name__}: {error})")
    mend = f"{sys.executable} -m pip install --upgrade --force-reinstall kagsync"
    return Check("Packages", not wrong, "; ".join(wrong) or ", ".join(versions), mend if wrong else "")


def _kaggle_command() -> Check:
    """Whether `kaggle` starts, which is how people log in.

    In another process and an empty home: on import it prints, logs in and makes folders.
    """
    script = "import sys; sys.argv = ['kaggle', '--version']; from kaggle.cli import main; main()"
    with tempfile.TemporaryDirectory(prefix="kagsync-") as folder:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KAGGLE_", "XDG_"))}
        try:
            done = subprocess.run(
                [sys.executable, "-c", script],
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                env=kept | {"HOME": folder, "USERPROFILE": folder},
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Check(
                "kaggle command", False, str(error), f"{sys.executable} -m pip install --upgrade kaggle six"
            )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    said = lines[-1] if lines else f"exit code {done.returncode}"
    mend = (
        ""
        if done.returncode == 0
        else f"{sys.executable} -m pip install --upgrade --force-reinstall kaggle six"
    )
    return Check("kaggle command", done.returncode == 0, said, mend)


def _folders(loaded: Settings) -> Iterator[Check]:
    wanted = {
        "Database's folder": loaded.db.parent,
        "Folder of downloads": loaded.temp_data,
        "Log file's folder": loaded.log_file.absolute().parent if loaded.log_file else None,
        "Folder of looks": loaded.looks,
    }
    for about, folder in wanted.items():
        if folder is not None:
            yield _writable(about, folder)


def _writable(about: str, folder: Path) -> Check:
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".kagsync-"):
            pass
        free = shutil.disk_usage(there).free
    except NotADirectoryError:
        return Check(about, False, f"{there} is a file, not a folder", _command("mv", there, f"{there}.old"))
    except OSError as error:
        return Check(
            about, False, f"cannot write in {there}: {error.strerror}", _command("chmod", "u+rwx", there)
        )
    if free < _SPACE:
        return Check(
            about, False, f"{folder}: only {free // 1_000_000} MB are free", "Free some space on that disk"
        )
    return Check(about, True, f"{folder}, {free / 1e9:,.1f} GB free")


def _command(*words: object) -> str:
    """A command line that a shell takes as it is."""
    return shlex.join(str(word) for word in words)


def _locks(loaded: Settings) -> Check:
    if not loaded.db.parent.exists():
        return Check("Locks", None, "no folder for them yet")
    if loaded.locks.exists() and not loaded.locks.is_dir():
        mend = _command("mv", loaded.locks, f"{loaded.locks}.old")
        return Check("Locks", False, f"{loaded.locks} is a file, not a folder", mend)
    busy = []
    own = loaded.locks / f".doctor-{os.getpid()}.lock"  # a name that no competition and no other doctor has
    try:
        with locks.hold(own):
            for file in sorted(loaded.locks.glob("[!.]*.lock")):
                try:
                    with locks.hold(file):
                        pass
                except locks.Busy:
                    busy.append(file.stem)
    except KagsyncError as error:
        return Check("Locks", False, error.message, _command("chmod", "-R", "u+rwX", loaded.locks))
    finally:
        with contextlib.suppress(OSError):
            own.unlink(missing_ok=True)
    said = f"held by a run at this moment: {', '.join(busy)}" if busy else "work, and all are free"
    return Check("Locks", True, said)


def _database(loaded: Settings, now: datetime, found: list[Competition]) -> Iterator[Check]:
    """Looks at the database, and adds its competitions to `found`."""
    try:
        if loaded.db.exists() and not loaded.db.is_file():
            yield Check("Database", False, f"{loaded.db} is no file", "Name another with --db or KAGSYNC_DB")
            return
        with Store.open(loaded.db, loaded.locks) as store:
            if problems := store.problems():
                yield Check(
                    "Database",
                    False,
                    f"{loaded.db} is damaged: {problems[0]}",
                    REPAIR.format(shlex.quote(str(loaded.db))),
                )
            else:
                bytes_ = health.status(store, now, _MAX_AGE).bytes
                yield Check(
                    "Database", True, f"{loaded.db}, {bytes_:,} bytes, sound, schema {store.schema_version}"
                )
            found += store.competitions()
            yield from _contents(store, now, found)
    except NoDatabase as error:
        yield Check("Database", False, error.message, "kagsync competitions add SLUG")
    except KagsyncError as error:
        yield Check("Database", False, error.message, error.remedy)


def _contents(store: Store, now: datetime, competitions: list[Competition]) -> Iterator[Check]:
    if not competitions:
        yield Check("Competitions", False, "none is tracked", "kagsync competitions add SLUG")
    if not store.users():
        yield Check("People", False, "nobody is tracked", "kagsync users add USERNAME")
    ahead = [
        each.slug
        for each in competitions
        if each.synced_at and each.synced_at > now + timedelta(seconds=_SKEW)
    ]
    if ahead:
        said = f"the last sync of {ahead[0]} is in the future: this clock is, or was, wrong"
        yield Check(
            "Clock", False, said, "Set the clock (timedatectl set-ntp true), then: kagsync sync --all --force"
        )
    targets = store.targets()
    if not targets:
        return
    if os.name == "posix" and store.path.stat().st_mode & stat.S_IROTH:
        said = f"others on this machine can read {store.path}, which holds the URLs of notifications"
        yield Check("Private", False, said, _command("chmod", "o-rwx", store.path))
    groups = {user.group for user in store.users()}
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
        yield Check("Kaggle's key", False, said, _command("chmod", "600", exposed))
    else:
        passed_over = "".join(f"; passed over: {reason}" for reason in found.passed_over)
        yield Check("Kaggle's key", True, f"from {found.source}{passed_over}")


def _kaggle(loaded: Settings, competitions: list[Competition]) -> Iterator[Check]:
    """Asks Kaggle for each leaderboard; says of all at once when it cannot be reached."""
    from kagsync import kaggle_api

    try:
        credentials.find()
    except KagsyncError:
        yield Check("Kaggle", None, "not asked, for want of a key")
        return
    try:
        api = kaggle_api.connect()
    except KagsyncError as error:
        yield Check("Kaggle", False, error.message, error.remedy)
        return
    if not competitions:
        yield Check("Kaggle", None, "not asked: there is no active competition to ask for")
        return
    with ThreadPoolExecutor(min(loaded.jobs, len(competitions))) as pool:
        answers = list(pool.map(lambda competition: _ask(api, competition), competitions))
    silent = [error for error, _ in answers if error is not None and error.code in _ON_THE_WAY]
    if silent:
        yield Check("Kaggle", False, silent[0].message, silent[0].remedy)
    else:
        yield Check("Kaggle", True, "answers")
    for competition, (refusal, _) in zip(competitions, answers, strict=True):
        if refusal is None:
            yield Check(competition.slug, True, "Kaggle gives its leaderboard")
        elif refusal.code not in _ON_THE_WAY:
            yield Check(competition.slug, False, refusal.message, refusal.remedy)
    ahead = next((seconds for _, seconds in answers if seconds is not None), None)
    if ahead is not None and abs(ahead) > _SKEW:
        said = f"{times.span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} Kaggle's"
        yield Check("Clock", False, said, "Set the clock: timedatectl set-ntp true")
    elif ahead is not None:
        yield Check("Clock", True, "agrees with Kaggle's")


def _ask(api: Clients, competition: Competition) -> tuple[KagsyncError | None, float | None]:
    try:
        return None, api().may_download(competition.kaggle_competition_id or competition.slug)
    except KagsyncError as error:
        return error, None


def _unattended(loaded: Settings, now: datetime) -> Iterator[Check]:
    """Whether it runs by itself, and how that goes."""
    runs = []
    fresh = last_ping = None
    with contextlib.suppress(KagsyncError), Store.open(loaded.db, loaded.locks) as store:
        runs = store.triggers()
        fresh = health.status(store, now, _MAX_AGE)
        last_ping = store.last_ping()
    if monitor := pings.state(last_ping, runs, now):
        yield Check("Monitor", *monitor)
    found = schedule.status(runs, now)
    for name, each in found.installed.items():
        if each.program and not Path(each.program).exists():
            said = f"{name} starts {each.program}, which is not there"
            yield Check("Schedule", False, said, f"kagsync schedule install --{name}")
            return
    said = "; ".join(schedule.lines(found)) if found.installed or found.runs else "nothing is scheduled"
    remedy = ""
    if not found.runs_by_itself:
        remedy = "kagsync schedule install"
    if found.installed and remedy:
        remedy = "See that the scheduler runs (cron: service cron start), and its log"
    yield Check("Schedule", found.runs_by_itself, said, remedy)
    if fresh is not None and fresh.competitions:
        remedy = "" if fresh.healthy else "kagsync sync --all"
        if not fresh.expected:
            paused = any(each.state == health.PAUSED for each in fresh.competitions)
            remedy = f"kagsync competitions {'resume' if paused else 'add'} SLUG"
        yield Check("Freshness", fresh.healthy, fresh.summary, remedy)


def as_json(checks: list[Check]) -> dict[str, Any]:
    """What was found, for programs."""
    return {
        "ok": all(check.ok is not False for check in checks),
        "checks": [
            {"about": check.about, "ok": check.ok, "said": check.said, "remedy": check.remedy or None}
            for check in checks
        ],
    }
