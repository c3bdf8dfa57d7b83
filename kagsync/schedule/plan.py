"""The plan of scheduled runs: program, interval, settings. Each scheduler writes it in its own notation."""

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
    from collections.abc import Iterable, Mapping

    from kagsync.settings import Settings

DEFAULT_EVERY = "5m"
LONGEST_RUN = timedelta(minutes=15)  # a last resort: a run that takes longer is assumed to hang
# What fits evenly into an hour or a day: cron has nothing else.
_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
INTERVALS = (*_MINUTES, *(60 * hours for hours in _HOURS))  # minutes

# Besides KAGSYNC_…: variables that decide where files are and how the network is reached.
_OTHERS = (
    "KAGGLE_CONFIG_DIR",
    "KAGGLE_API_ENVIRONMENT",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    *route.CA_BUNDLES,  # not SSL_CERT_FILE: requests passes its own file, so OpenSSL ignores it
    *PROXIES,
    "NO_PROXY",
    "no_proxy",
)


@dataclass(frozen=True)
class Plan:
    """Regular runs of `kagsync sync --all -q`.

    Attributes:
        every: the interval: minutes that fit evenly into an hour, or hours that fit evenly into a day.
        program: the words that start this installation; the first is an absolute path.
        options: the words after `sync --all -q`.
        environment: variables that a scheduler's processes lack; none of them is secret.
        secrets: the names of secret variables that are set here but not carried over.
        log_file: where the runs log.
        private: variables that are secret, for a file that only this user can read.
    """

    every: timedelta
    program: tuple[str, ...]
    options: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    log_file: Path
    private: Mapping[str, str] = field(default_factory=dict, repr=False)

    def arguments(self, trigger: str) -> tuple[str, ...]:
        """The words after the program, for the scheduler of this name."""
        secrets = ("--env-file", str(env_file.path(trigger))) if self.private else ()
        return ("sync", "--all", "-q", "--trigger", trigger, *self.options, *secrets)

    def words(self, trigger: str) -> tuple[str, ...]:
        """The whole command, for the scheduler of this name."""
        return (*self.program, *self.arguments(trigger))

    @property
    def minutes(self) -> int:
        return int(self.every.total_seconds()) // 60


def make_plan(
    loaded: Settings,
    *,
    every: str,
    db: Path | None,
    report: Path | None,
    names: str | None = None,
    channels: Iterable[str] = (),
) -> Plan:
    """Makes the plan for this installation, these settings and this environment.

    Args:
        every: such as `5m` or `1h`.
        db: the database, if it is named on the command line.
        report: the folder of the report that each run updates.
        names: how that report names people; None: as its pages do already.
        channels: the variables that hold the URLs of notification targets.

    Raises:
        UsageError: `every` is not a duration, or one that not all schedulers support; or there are `names`
            and no `report`.
        ConfigurationError: a path or variable has a character that a schedule cannot hold.
    """
    environment, private, secrets = _environment()
    for name in channels:
        if env_file.may_hold(name, value := os.environ.get(name, "").strip()):
            private[name] = value
    log_file = (loaded.log_file or settings.default_log_file()).absolute()
    length = interval(every)
    options = ["--log-file", str(log_file)]
    if length != inputs.duration(DEFAULT_EVERY):  # sync's own default is made for that
        options += ["--max-time", str(int(0.9 * min(length, LONGEST_RUN).total_seconds()))]
    if db is not None or os.environ.get("KAGSYNC_DB"):
        options += ["--db", str(loaded.db)]
    if report is not None:
        options += ["--report", str(report.absolute())]
    if names is not None:
        if report is None:
            raise UsageError("--names needs --report", "kagsync schedule install --report DIR --names NAMES")
        options += ["--names", names]
    for text in (*options, *environment.values(), *environment):
        if not text.isprintable():
            raise ConfigurationError(
                f"{text!r} has a character that a schedule cannot hold",
                "Change that path or variable",
            )
    for name, value in private.items():
        if not value.isprintable():  # the value itself must not be shown
            raise ConfigurationError(
                f"{name} has a character that is not allowed in a URL", f"Correct or unset {name}"
            )
    return Plan(length, this_program(), tuple(options), environment, secrets, log_file, private)


def interval(every: str, shortest: timedelta = timedelta(0)) -> timedelta:
    """Reads an interval.

    Args:
        shortest: the error offers no shorter ones, because the scheduler refuses them.

    Raises:
        UsageError: it is not a duration, or does not fit evenly into an hour or a day.
    """
    length = inputs.duration(every, "--every")
    if length.total_seconds() / 60 in INTERVALS:
        return length
    offered = [minutes for minutes in INTERVALS if timedelta(minutes=minutes) >= shortest]
    known = ", ".join(f"{each // 60}h" if each % 60 == 0 else f"{each}m" for each in offered)
    raise UsageError(f"every {every} does not fit evenly into an hour or a day", f"Choose one of {known}")


def this_program() -> tuple[str, ...]:
    """The words that start this installation."""
    if os.name == "nt":
        # pythonw opens no window; kagsync.exe would open one for a moment at every run.
        quiet = Path(sys.executable).with_name("pythonw.exe")
        return (str(quiet if quiet.is_file() else sys.executable), "-m", "kagsync")
    script = Path(sysconfig.get_path("scripts")) / "kagsync"
    return (str(script),) if script.is_file() else (sys.executable, "-m", "kagsync")


def _home_of_account() -> str | None:
    """The home folder that schedulers set for this user's processes."""
    if os.name != "posix":
        return os.environ.get("HOME")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a user without an entry, as in containers
        return None


def _environment() -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """The variables that others may see, those for the private file, and the names of those left out."""
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
    for name in ("KAGSYNC_DB", "KAGSYNC_LOG_FILE"):  # options, see `make_plan`
        carried.pop(name, None)
    for name in carried.keys() & set(settings.PATHS):
        carried[name] = str(settings.absolute(name))
    for name in ("KAGGLE_CONFIG_DIR", *route.CA_BUNDLES):
        if name in carried:
            carried[name] = str(Path(carried[name]).absolute())
    if token_file := credentials.token_file():
        carried["KAGGLE_API_TOKEN"] = str(token_file.absolute())
    names_of_secrets = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
    secrets = [name for name in names_of_secrets if credentials.variable(name) and name not in carried]
    return carried, private, tuple(secrets)
