"""Where things live and how kagsync behaves: options over variables over defaults.

A new variable is added here only: schedules carry whatever is in `VARIABLES`.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kagsync import clock
from kagsync.errors import ConfigurationError

DEFAULT_JOBS = 4
MAX_JOBS = 64
KEEP_DRIFT_DAYS = 30
_LONGEST_DRIFT = timedelta(days=9999)

# Every variable kagsync itself reads, with what it means (the README's table is checked against this).
VARIABLES = {
    "KAGSYNC_DB": "the database file",
    "KAGSYNC_TEMP_DIR": "the folder in which temp_kaggle_data/ is made",
    "KAGSYNC_JOBS": "how many competitions are synced side by side",
    "KAGSYNC_LOG_FILE": "a log file, rotated at 1 MB, three old ones kept",
    "KAGSYNC_TEAM_NAME": "0 turns off matching by team name",
    "KAGSYNC_KEEP_DRIFT": "for how many days drift is kept, or `forever`",
    "KAGSYNC_PING_URL": "where `sync` says that it starts and how it ended (healthchecks.io's protocol)",
    "KAGSYNC_BROKER": "the Redis through which workers on several machines talk",
}

# Those that name a file or a folder. In a schedule they must be absolute, since runs start elsewhere.
PATHS = ("KAGSYNC_DB", "KAGSYNC_TEMP_DIR", "KAGSYNC_LOG_FILE")


@dataclass(frozen=True)
class Settings:
    """What a command needs to know.

    Attributes:
        db: the database file.
        temp_dir: the folder that holds `temp_kaggle_data/`; None if no home folder is known, which matters
            only for downloads.
        jobs: how many competitions are synced side by side.
        log_file: a rotating log file, or None.
        team_name: whether a team whose name is exactly a tracked username may count as that user.
        keep_drift: older than this, the history is thinned (see `standings/thinning.py`); None: it never is.
    """

    db: Path
    temp_dir: Path | None
    jobs: int = DEFAULT_JOBS
    log_file: Path | None = None
    team_name: bool = True
    keep_drift: timedelta | None = timedelta(days=KEEP_DRIFT_DAYS)

    @property
    def temp_data(self) -> Path:
        """The folder of the run folders.

        Raises:
            ConfigurationError: no home folder is known.
        """
        return (self.temp_dir or _default_temp_dir()) / "temp_kaggle_data"

    @property
    def locks(self) -> Path:
        """The folder of the locks: beside the database, so that everybody who shares it shares them.

        If the database is a symbolic link, they are beside its target, because users of both must share them.
        """
        db = Path(os.path.realpath(self.db)) if self.db.is_symlink() else self.db
        return db.with_name(db.name + "-locks")

    @property
    def looks(self) -> Path | None:
        """The folder that records which boards this user saw last; None if no home folder is known."""
        try:
            return _own_folder("user_state_path") / "looks"
        except ConfigurationError:
            return None


def load(
    *,
    db: Path | None = None,
    jobs: int | None = None,
    log_file: Path | None = None,
    team_name: bool | None = None,
) -> Settings:
    """Loads the settings: an option (not None) beats its variable, the variable beats the default.

    Raises:
        ConfigurationError: a variable has a value that makes no sense.
    """
    temp_dir = _path("KAGSYNC_TEMP_DIR")
    if temp_dir is None:
        with contextlib.suppress(ConfigurationError):
            temp_dir = _default_temp_dir()
    return Settings(
        db=(db or _path("KAGSYNC_DB") or _default_db()).absolute(),
        temp_dir=temp_dir and temp_dir.absolute(),
        jobs=jobs if jobs is not None else _jobs(),
        log_file=log_file or _path("KAGSYNC_LOG_FILE"),
        team_name=team_name if team_name is not None else _flag("KAGSYNC_TEAM_NAME", default=True),
        keep_drift=_keep_drift(),
    )


def absolute(name: str) -> Path | None:
    """The path in a variable, absolute and with ~ expanded; None: it is not set."""
    path = _path(name)
    return path and path.absolute()


def config_folder() -> Path:
    """The folder with the files that scheduled runs need.

    Raises:
        ConfigurationError: no home folder is known.
    """
    return _own_folder("user_config_path")


def default_log_file() -> Path:
    """Where a scheduled run logs, unless somewhere else is named.

    Raises:
        ConfigurationError: no home folder is known.
    """
    return _own_folder("user_log_path") / "kagsync.log"


def _default_db() -> Path:
    return _own_folder("user_data_path") / "kagsync.db"


def _default_temp_dir() -> Path:
    return _own_folder("user_cache_path")


def _own_folder(kind: str) -> Path:
    """The folder that platformdirs gives this program.

    Some crons run for users without HOME and without an entry in passwd; then there is no folder.
    """
    import platformdirs  # takes 20 ms; not needed if KAGSYNC_DB and KAGSYNC_TEMP_DIR are set

    try:
        folder: Path = getattr(platformdirs, kind)("kagsync", appauthor=False)
    except RuntimeError:
        folder = Path("~")
    return _with_home(folder, "KAGSYNC_DB and KAGSYNC_TEMP_DIR")


def _with_home(path: Path, variables: str) -> Path:
    if path.parts and path.parts[0].startswith("~"):
        raise ConfigurationError(
            "no home folder is known", f"Set HOME, or give {variables} as an absolute path"
        )
    return path


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    if "\0" in value:
        raise ConfigurationError(f"{variable} contains a NUL character", "Set it to a path")
    return _with_home(Path(os.path.expanduser(value)), variable)  # noqa: PTH111  (Path's raises without a home)


def _jobs() -> int:
    value = os.environ.get("KAGSYNC_JOBS") or str(DEFAULT_JOBS)
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= MAX_JOBS:
        raise ConfigurationError(f"KAGSYNC_JOBS is {value!r}", f"Set it to a number from 1 to {MAX_JOBS}")
    return int(value)


def _keep_drift() -> timedelta | None:
    value = os.environ.get("KAGSYNC_KEEP_DRIFT", "").strip().lower()
    if not value:
        return timedelta(days=KEEP_DRIFT_DAYS)
    if value == "forever":
        return None
    try:
        length = clock.parse_duration(value)
    except ValueError:
        length = timedelta()
    # History is thinned by days.
    if not timedelta(days=1) <= length <= _LONGEST_DRIFT or length % timedelta(days=1):
        raise ConfigurationError(
            f"KAGSYNC_KEEP_DRIFT is {value!r}", "Set it to whole days such as 30d or 8w, or to forever"
        )
    return length


def _flag(variable: str, *, default: bool) -> bool:
    value = os.environ.get(variable, "").strip().lower()
    if not value:
        return default
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ConfigurationError(f"{variable} is {value!r}", "Set it to 0 or 1")
