"""It runs by itself: `kagsync sync --all` on a schedule of cron, systemd or Windows Task Scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kagsync import clock, installation
from kagsync.errors import ConfigurationError, KagsyncError
from kagsync.log import logger
from kagsync.schedule import cron, env_file, systemd, windows
from kagsync.schedule.plan import DEFAULT_EVERY, LONGEST_RUN, Plan, plan, this_program
from kagsync.schedule.scheduler import Installed, NoScheduler
from kagsync.store.records import BY_HAND

if TYPE_CHECKING:
    from datetime import datetime
    from types import ModuleType

    from kagsync.store.records import Trigger

__all__ = [
    "DEFAULT_EVERY",
    "Plan",
    "Status",
    "as_json",
    "default_kind",
    "install",
    "lines",
    "plan",
    "printed",
    "remove",
    "status",
    "this_program",
]

# How secrets leave a schedule that an older kagsync made.
MOVE = "Set them in your shell and run: kagsync schedule install"

KINDS: dict[str, ModuleType] = {kind.NAME: kind for kind in (cron, systemd, windows)}


def default_kind() -> str:
    """The scheduler of this system: the first that answers.

    Raises:
        ConfigurationError: none does.
    """
    for name, kind in KINDS.items():
        if kind.available():
            return name
    raise ConfigurationError(
        "neither cron nor systemd nor Windows Task Scheduler answers here",
        "Install cron, or let your own scheduler call: kagsync sync --all -q",
    )


def printed(plan: Plan, kind: str) -> str:
    """What `install` would put in place."""
    _warn_of_a_cache(plan)
    if plan.private:
        names = ", ".join(plan.private)
        logger.info("`install` also writes %s to %s, which only you may read", names, env_file.path(kind))
    text: str = KINDS[kind].printed(plan)
    return text


def install(plan: Plan, kind: str) -> str:
    """Puts the schedule in place, or renews it.

    Returns:
        what was done, and how to undo it.
    """
    _warn_of_a_cache(plan)
    scheduler = KINDS[kind]
    before = scheduler.find()
    dropped = sorted({*_private(kind), *(before.exposed if before else ())} - {*plan.private})
    if plan.private:
        env_file.write(env_file.path(kind), plan.private)
    try:
        scheduler.install(plan)
    except KagsyncError:
        if before is None:
            _forget(kind)
        raise
    if not plan.private:
        _forget(kind)
    told = [
        f"{'Installed' if before is None else 'Renewed'}: {scheduler.TITLE} runs kagsync "
        f"{_every(plan)}, from {plan.program[0]}",
        f"Log: {plan.log_file}",
    ]
    if plan.environment and kind == windows.NAME:
        told += ["Task Scheduler takes variables from your account only. If they are not there yet:"]
        told += [f'  setx {name} "{value}"' for name, value in plan.environment.items()]
    elif plan.environment:
        told.append(f"Carried over: {', '.join(plan.environment)}")
    if plan.private:
        told.append(
            f"Secret, so in a file that only you may read: {', '.join(plan.private)} ({env_file.path(kind)})"
        )
    if dropped:
        told.append(f"No longer carried over, because not set here: {', '.join(dropped)}")
    if plan.secrets:
        told.append(f"Not carried over, being secret: {', '.join(plan.secrets)}")
        if any(name.startswith("KAGGLE_") for name in plan.secrets):
            told.append("Save Kaggle's key where scheduled runs find it: ~/.kaggle/access_token")
    if kind == systemd.NAME:
        told.append("To have it run while you are logged out, too: loginctl enable-linger")
    others = [name for name in KINDS if name != kind and isinstance(_found(name), Installed)]
    told += [f"It is installed for {name}, too: kagsync schedule remove --{name}" for name in others]
    told.append("When it last ran: kagsync schedule status. To undo: kagsync schedule remove")
    return "\n".join(told)


def _warn_of_a_cache(plan: Plan) -> None:
    """Warns that a schedule made with `uvx` or `pipx run` breaks when their cache is cleaned."""
    if installation.this().temporary:
        logger.warning(
            "%s is in a cache: when that is cleaned, scheduled runs fail. Install kagsync permanently: %s. "
            "Then run the installed one: kagsync schedule install",
            plan.program[0],
            installation.this().keep(),
        )


def _every(plan: Plan) -> str:
    if plan.minutes % 60 == 0:
        hours = plan.minutes // 60
        return "every hour" if hours == 1 else f"every {hours} hours"
    return "every minute" if plan.minutes == 1 else f"every {plan.minutes} minutes"


def remove(kinds: list[str]) -> str:
    """Takes the schedule away from these schedulers, and says from which it did.

    Raises:
        ConfigurationError: one of them failed; it says from which others the schedule is gone.
    """
    gone: list[str] = []
    failure: ConfigurationError | None = None
    for name in kinds:
        try:
            gone += [KINDS[name].TITLE] if KINDS[name].remove() else []
            _forget(name)
        except ConfigurationError as error:
            failure = failure or error
    if failure is not None:
        done = f"; it is removed from {' and '.join(gone)}" if gone else ""
        raise ConfigurationError(f"{failure.message}{done}", failure.remedy) from failure
    return f"Removed from {' and '.join(gone)}" if gone else "Nothing was installed"


def in_place() -> list[str]:
    """The schedulers that may hold a schedule here, also where that cannot be seen."""
    return [name for name in KINDS if _found(name) is not None]


def _found(name: str) -> Installed | ConfigurationError | None:
    """What a scheduler runs; the error if it does not tell; None if it runs nothing or does not exist."""
    try:
        found: Installed | None = KINDS[name].find()
    except NoScheduler:
        return None
    except ConfigurationError as error:
        return error
    return found


@dataclass(frozen=True)
class Status:
    """What is scheduled, by the scheduler's name, and the last runs, the latest first.

    `unreadable`: why other schedulers do not tell what they run.
    """

    installed: dict[str, Installed]
    runs: list[Trigger]
    now: datetime
    unreadable: dict[str, ConfigurationError]

    @property
    def last(self) -> Trigger | None:
        """The last run that was not started by hand; none that a wrong clock dated in the future."""
        return next(
            (
                run
                for run in self.runs
                if run.name != BY_HAND and not clock.is_ahead(run.finished_at, self.now)
            ),
            None,
        )

    @property
    def runs_by_itself(self) -> bool:
        """Whether the last run that nobody started by hand is no older than three times its interval.

        A scheduler that kagsync does not know (Airflow, Kubernetes) is taken to call once an hour at least.
        """
        if self.last is None:
            return False
        minutes = max((each.minutes or 60 for each in self.installed.values()), default=60)
        return self.now - self.last.finished_at < 3 * timedelta(minutes=minutes) + LONGEST_RUN


def status(runs: list[Trigger], now: datetime) -> Status:
    """Looks what is scheduled.

    Args:
        runs: the last run of each trigger, the latest first.
    """
    found = {name: _found(name) for name in KINDS}
    return Status(
        {name: each for name, each in found.items() if isinstance(each, Installed)},
        runs,
        now,
        {name: each for name, each in found.items() if isinstance(each, ConfigurationError)},
    )


def lines(found: Status) -> list[str]:
    """The status for people."""
    told = []
    here = this_program()[0]
    for name, each in found.installed.items():
        whose = "this installation" if each.program == here else "another installation"
        told.append(f"{KINDS[name].TITLE}: {each.when or '?'}  {each.program or '?'} ({whose})")
        told += _secrets(name, each)
    told += [f"{KINDS[name].TITLE}: {error}" for name, error in found.unreadable.items()]
    if not told and not found.runs_by_itself:
        told.append("Nothing is scheduled: kagsync schedule install")
    for run in found.runs:
        who = "by hand" if run.name == BY_HAND else f"by {run.name}"
        told.append(
            f"Last run {who}: {clock.since(run.finished_at, found.now)} ({clock.iso(run.finished_at)}), "
            f"exit code {run.exit_code}, from {run.program}"
        )
    if found.installed and found.last is None:
        told.append("No scheduled run yet: wait for the next one, or see its log and that the scheduler runs")
    elif found.installed and not found.runs_by_itself:
        told.append("That is long ago: see its log, and that the scheduler runs")
    return told


def _secrets(name: str, each: Installed) -> list[str]:
    """Where the secrets of a scheduler's runs are, without showing them."""
    told = []
    if each.exposed:
        told.append(f"{exposure(name, each)}: {MOVE}")
    if error := lost(name, each):
        told.append(str(error))
    elif variables := _private(name):
        told.append(f"Secrets of {KINDS[name].TITLE}'s runs: {', '.join(variables)} in {env_file.path(name)}")
    return told


def lost(name: str, each: Installed) -> ConfigurationError | None:
    """Why a scheduler's runs cannot read their secrets; None: they can, or have none."""
    if not each.private:
        return None
    try:
        env_file.read(env_file.path(name))
    except ConfigurationError as error:
        return ConfigurationError(f"{error.message}, so scheduled runs lack their secrets", MOVE)
    return None


def _private(name: str) -> list[str]:
    """The names of the variables in the private file of a scheduler's runs."""
    try:
        return env_file.names(env_file.path(name))
    except ConfigurationError:  # no home folder is known, so there is none
        return []


def _forget(name: str) -> None:
    """Deletes the private file of a scheduler's runs."""
    try:
        file = env_file.path(name)
    except ConfigurationError:  # no home folder is known, so there is none
        return
    env_file.delete(file)


def exposure(name: str, each: Installed) -> str:
    """Says which secrets others can see in a schedule."""
    return f"{KINDS[name].TITLE}'s entry holds {', '.join(each.exposed)}, which is secret"


def as_json(found: Status) -> dict[str, Any]:
    """The status for programs; keys never disappear."""
    here = this_program()[0]
    return {
        "runs_by_itself": found.runs_by_itself,
        "installed": [
            {
                "scheduler": name,
                "when": each.when,
                "program": each.program,
                "this": each.program == here,
                "exposed": list(each.exposed),
            }
            for name, each in found.installed.items()
        ],
        "unreadable": [
            {"scheduler": name, "message": str(error)} for name, error in found.unreadable.items()
        ],
        "last_runs": [
            {
                "trigger": run.name,
                "program": run.program,
                "started_at": clock.iso(run.started_at),
                "finished_at": clock.iso(run.finished_at),
                "exit_code": run.exit_code,
            }
            for run in found.runs
        ],
    }
