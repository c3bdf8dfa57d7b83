"""Installs, removes and looks up the schedule, for whichever scheduler this system has.

A new scheduler is a file of its own, a line in `SCHEDULERS`, and its option in `cli/schedule.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kagsync import clock, inputs, installation
from kagsync.errors import ConfigurationError, KagsyncError
from kagsync.log import logger
from kagsync.schedule import env_file
from kagsync.schedule.cron import Cron
from kagsync.schedule.launchd import Launchd
from kagsync.schedule.plan import LONGEST_RUN, this_program
from kagsync.schedule.scheduler import Installed, NoScheduler
from kagsync.schedule.systemd import Systemd
from kagsync.schedule.windows import Windows
from kagsync.store.runs import last_scheduled

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.schedule.plan import Plan
    from kagsync.schedule.scheduler import Scheduler
    from kagsync.store.records import Trigger

# By name, in the order in which they are tried. launchd comes first: on macOS, which alone has it, cron may
# need permission to read people's files.
SCHEDULERS: dict[str, Scheduler] = {each.name: each for each in (Launchd(), Cron(), Systemd(), Windows())}

# How to take secrets out of a schedule that an older version of kagsync installed.
MOVE = "Set them in your shell and run: kagsync schedule install"


def default_name() -> str:
    """The scheduler that holds a schedule already, otherwise the first that is available.

    Raises:
        ConfigurationError: there is none.
    """
    in_use = (name for name in SCHEDULERS if isinstance(_found(name), Installed))
    for name in (*in_use, *SCHEDULERS):
        if SCHEDULERS[name].available():
            return name
    *others, last = (scheduler.title for scheduler in SCHEDULERS.values())
    raise ConfigurationError(
        f"no scheduler found: neither {', '.join(others)} nor {last} is available",
        "Install cron, or have your own scheduler run: kagsync sync --all -q",
    )


def printed(plan: Plan, name: str) -> str:
    """What `install` would put in place."""
    _warn_of_a_cache(plan)
    if plan.private:
        names = ", ".join(plan.private)
        logger.info("`install` also writes %s to %s, which only you can read", names, env_file.path(name))
    return SCHEDULERS[name].printed(plan)


def install(plan: Plan, name: str) -> str:
    """Puts the schedule in place, or renews it.

    Returns:
        what was done, and how to undo it.
    """
    _warn_of_a_cache(plan)
    scheduler = SCHEDULERS[name]
    before = scheduler.find()
    dropped = sorted({*_private(name), *(before.exposed if before else ())} - {*plan.private})
    if plan.private:
        env_file.write(env_file.path(name), plan.private)
    try:
        scheduler.install(plan)
    except KagsyncError:
        if before is None:
            _forget(name)
        raise
    if not plan.private:
        _forget(name)
    lines = [
        f"{'Installed' if before is None else 'Updated'}: {scheduler.title} runs kagsync "
        f"{_every(plan)}, from {plan.program[0]}",
        f"Log: {plan.log_file}",
        *scheduler.notes(plan),
    ]
    if plan.private:
        secrets = f"{', '.join(plan.private)} ({env_file.path(name)})"
        lines.append(f"Secret, so saved in a file that only you can read: {secrets}")
    if dropped:
        lines.append(f"No longer carried over, because not set here: {', '.join(dropped)}")
    if plan.secrets:
        lines.append(f"Not carried over, because secret: {', '.join(plan.secrets)}")
        if any(variable.startswith("KAGGLE_") for variable in plan.secrets):
            lines.append("Save your Kaggle token where scheduled runs find it: ~/.kaggle/access_token")
    others = [other for other in SCHEDULERS if other != name and isinstance(_found(other), Installed)]
    lines += [
        f"Also installed for {other}. To remove that: kagsync schedule remove --{other}" for other in others
    ]
    lines.append("To see when it last ran: kagsync schedule status. To undo: kagsync schedule remove")
    return "\n".join(lines)


def _warn_of_a_cache(plan: Plan) -> None:
    """Warns if `uvx` or `pipx run` started kagsync: the schedule breaks when their cache is cleaned."""
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


def remove(names: list[str]) -> str:
    """Removes the schedule from these schedulers.

    Returns:
        from which it was removed.

    Raises:
        ConfigurationError: one of them failed. The message says from which others the schedule is removed.
    """
    gone: list[str] = []
    failure: ConfigurationError | None = None
    for name in names:
        try:
            gone += [SCHEDULERS[name].title] if SCHEDULERS[name].remove() else []
            _forget(name)
        except ConfigurationError as error:
            failure = failure or error
    if failure is not None:
        done = f"; it is removed from {' and '.join(gone)}" if gone else ""
        raise ConfigurationError(f"{failure.message}{done}", failure.remedy) from failure
    return f"Removed from {' and '.join(gone)}" if gone else "Nothing was installed"


def in_place() -> list[str]:
    """The schedulers that hold a schedule, or may do so but cannot be read."""
    return [name for name in SCHEDULERS if _found(name) is not None]


def _found(name: str) -> Installed | ConfigurationError | None:
    """What a scheduler runs; the error if it cannot be read; None if it runs nothing or does not exist."""
    try:
        return SCHEDULERS[name].find()
    except NoScheduler:
        return None
    except ConfigurationError as error:
        return error


@dataclass(frozen=True)
class Status:
    """What is scheduled, and how well it works.

    Attributes:
        installed: what is scheduled, by the scheduler's name.
        runs: the last run of each trigger, the latest first.
        now: when this was looked up.
        unreadable: why other schedulers cannot be read, by name.
    """

    installed: dict[str, Installed]
    runs: list[Trigger]
    now: datetime
    unreadable: dict[str, ConfigurationError]

    @property
    def last(self) -> Trigger | None:
        """The last run that was not started by hand. Runs dated in the future do not count."""
        return last_scheduled(self.runs, self.now)

    @property
    def runs_by_itself(self) -> bool:
        """Whether the last run that was not started by hand is at most three intervals old.

        A scheduler that kagsync does not know (Airflow, Kubernetes) is assumed to run it at least every hour.
        """
        if self.last is None:
            return False
        minutes = max((each.minutes or 60 for each in self.installed.values()), default=60)
        return self.now - self.last.finished_at < 3 * timedelta(minutes=minutes) + LONGEST_RUN


def status(runs: list[Trigger], now: datetime) -> Status:
    """Looks up what is scheduled.

    Args:
        runs: the last run of each trigger, the latest first.
    """
    found = {name: _found(name) for name in SCHEDULERS}
    return Status(
        {name: each for name, each in found.items() if isinstance(each, Installed)},
        runs,
        now,
        {name: each for name, each in found.items() if isinstance(each, ConfigurationError)},
    )


def lines(found: Status) -> list[str]:
    """The status for people, line by line."""
    result = []
    here = this_program()[0]
    for name, each in found.installed.items():
        whose = "this installation" if each.program == here else "another installation"
        result.append(f"{SCHEDULERS[name].title}: {each.when or '?'}  {each.program or '?'} ({whose})")
        result += _secrets(name, each)
    result += [f"{SCHEDULERS[name].title}: {error}" for name, error in found.unreadable.items()]
    if not result and not found.runs_by_itself:
        result.append("Nothing is scheduled: kagsync schedule install")
    for run in found.runs:
        who = "by hand" if run.name == inputs.BY_HAND else f"by {run.name}"
        result.append(
            f"Last run {who}: {clock.since(run.finished_at, found.now)} ({clock.iso(run.finished_at)}), "
            f"exit code {run.exit_code}, from {run.program}"
        )
    if found.installed and found.last is None:
        result.append(
            "No scheduled run yet: wait for the next one, or check the log and that the scheduler is running"
        )
    elif found.installed and not found.runs_by_itself:
        result.append("That is long ago: check the log, and that the scheduler is running")
    return result


def _secrets(name: str, each: Installed) -> list[str]:
    """Says where the secrets of a scheduler's runs are, without showing them."""
    result = []
    if each.exposed:
        result.append(f"{exposure(name, each)}: {MOVE}")
    if error := lost(name, each):
        result.append(str(error))
    elif variables := _private(name):
        result.append(
            f"Secrets of {SCHEDULERS[name].title}'s runs: {', '.join(variables)} in {env_file.path(name)}"
        )
    return result


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
    """Says which secrets others can read in a schedule."""
    return f"{SCHEDULERS[name].title}'s entry holds {', '.join(each.exposed)}, which is secret"


def as_json(found: Status) -> dict[str, Any]:
    """The status for programs. Keys never disappear."""
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
