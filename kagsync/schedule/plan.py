"""What is to run, how often, and with what: the one description that each scheduler puts in its own words."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import inputs, settings
from kagsync.errors import ConfigurationError, UsageError
from kagsync.kaggle import credentials
from kagsync.net import route
from kagsync.schedule import env_file
from kagsync.secrecy import PROXIES, is_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kagsync.settings import Settings

DEFAULT_EVERY = "5m"
LONGEST_RUN = timedelta(minutes=15)  # what takes longer hangs; no run should, this is the last resort
# What fits evenly into an hour or a day: all that cron can say.
_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
INTERVALS = (*_MINUTES, *(60 * hours for hours in _HOURS))  # minutes

# Beside KAGSYNC_…: what decides where things are found, and how the network is reached.
_OTHERS = (
    "KAGGLE_CONFIG_DIR",
    "KAGGLE_API_ENVIRONMENT",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    *route.CA_BUNDLES,  # not SSL_CERT_FILE: requests always names a file of its own, so OpenSSL ignores it
    *PROXIES,
    "NO_PROXY",
    "no_proxy",
)


@dataclass(frozen=True)
class Plan:
    """A run of `kagsync sync --all -q` every so often.

    Attributes:
        every: a whole number of minutes that fits evenly into an hour, or of hours into a day.
        program: the words that start this very installation, the first an absolute path.
        options: words after `sync --all -q`.
        environment: variables that a scheduler's processes lack; never a secret.
        secrets: names of variables that are set here and are not carried over.
        log_file: where the runs log.
        private: the secret ones of those variables, for a file that only this user may read.
    """

    every: timedelta
    program: tuple[str, ...]
    options: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    log_file: Path
    private: Mapping[str, str] = field(default_factory=dict, repr=False)

    def arguments(self, trigger: str) -> tuple[str, ...]:
        """The words after the program, for a scheduler of this name."""
        secrets = ("--env-file", str(env_file.path(trigger))) if self.private else ()
        return ("sync", "--all", "-q", "--trigger", trigger, *self.options, *secrets)

    def words(self, trigger: str) -> tuple[str, ...]:
        return (*self.program, *self.arguments(trigger))

    @property
    def minutes(self) -> int:
        return int(self.every.total_seconds()) // 60


def plan(loaded: Settings, *, every: str, db: Path | None, report: Path | None) -> Plan:
    """Makes the plan of this installation, these settings and this environment.

    Args:
        every: such as `5m` or `1h`.
        db: the database, if named on the command line.
        report: the folder of the report's pages that each run updates.

    Raises:
        UsageError: `every` is no length of time that all schedulers can keep.
    """
    environment, private, secrets = _environment(loaded)
    log_file = (loaded.log_file or settings.default_log_file()).absolute()
    length = interval(every)
    options = ["--log-file", str(log_file)]
    if length != inputs.duration(DEFAULT_EVERY):  # for which sync's own default is made
        options += ["--max-time", str(int(0.9 * min(length, LONGEST_RUN).total_seconds()))]
    if db is not None or os.environ.get("KAGSYNC_DB"):
        options += ["--db", str(loaded.db)]
    if report is not None:
        options += ["--report", str(report.absolute())]
    for text in (*options, *environment.values(), *environment):
        if not text.isprintable():
            raise ConfigurationError(
                f"{text!r} has a character that no schedule can hold",
                "Give that path or variable another name",
            )
    for name, value in private.items():
        if not value.isprintable():  # the value itself must not be shown
            raise ConfigurationError(f"{name} has a character that no URL has", f"Correct or unset {name}")
    return Plan(length, this_program(), tuple(options), environment, secrets, log_file, private)


def interval(every: str) -> timedelta:
    """Reads how often.

    Raises:
        UsageError: it is no length of time, or does not fit evenly into an hour or a day.
    """
    length = inputs.duration(every)
    if length.total_seconds() / 60 in INTERVALS:
        return length
    known = ", ".join([*(f"{minutes}m" for minutes in _MINUTES), *(f"{hours}h" for hours in _HOURS)])
    raise UsageError(f"every {every} does not fit evenly into an hour or a day", f"Say one of {known}")


def this_program() -> tuple[str, ...]:
    """The words that start this very installation."""
    if os.name == "nt":
        # pythonw opens no window; kagsync.exe would flash one every 5 minutes.
        quiet = Path(sys.executable).with_name("pythonw.exe")
        return (str(quiet if quiet.is_file() else sys.executable), "-m", "kagsync")
    script = Path(sysconfig.get_path("scripts")) / "kagsync"
    return (str(script),) if script.is_file() else (sys.executable, "-m", "kagsync")


def _home_of_account() -> str | None:
    """The home that schedulers give to a process of this user."""
    if os.name != "posix":
        return os.environ.get("HOME")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a user without an entry, as containers have
        return None


def _environment(loaded: Settings) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """The variables for everybody's eyes, those for a private file, and the names of those left out."""
    carried, private = {}, {}
    if (home := os.environ.get("HOME")) and home != _home_of_account():
        carried["HOME"] = home
    for name in (*settings.VARIABLES, *_OTHERS):
        value = os.environ.get(name)
        if value is None or not value.strip():
            continue
        if is_secret(name, value):
            private[name] = value
        else:
            carried[name] = value
    for name in ("KAGSYNC_DB", "KAGSYNC_LOG_FILE"):  # options, see `plan`
        carried.pop(name, None)
    if "KAGSYNC_TEMP_DIR" in carried:
        carried["KAGSYNC_TEMP_DIR"] = str(loaded.temp_dir)  # absolute, ~ expanded
    for name in ("KAGGLE_CONFIG_DIR", *route.CA_BUNDLES):
        if name in carried:
            carried[name] = str(Path(carried[name]).absolute())
    if token_file := credentials.token_file():
        carried["KAGGLE_API_TOKEN"] = str(token_file.absolute())
    names_of_secrets = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
    secrets = [name for name in names_of_secrets if credentials.variable(name) and name not in carried]
    return carried, private, tuple(secrets)
