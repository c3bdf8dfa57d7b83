"""launchd, the scheduler of macOS: a launch agent of this user (launchd.plist(5)).

launchd starts no second run while one is going on. It has no limit for how long a run may take: its
ExitTimeOut is the time between SIGTERM and SIGKILL. The runs limit themselves, with `--max-time`.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from kagsync.errors import ConfigurationError, from_os_error
from kagsync.files import output_file, rights
from kagsync.schedule.scheduler import Installed, NoScheduler, call, carried_over, installed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kagsync.schedule.plan import Plan

LABEL = "kagsync"
_TRIES = 20  # a run that is told to stop takes a few seconds
# Exit codes of launchctl. The texts beside them are its own.
_NO_PROCESS, _NO_SERVICE = 3, 113  # "No such process", "Could not find service": it is not loaded
_IO, _IN_PROGRESS = 5, 37  # "Input/output error", "Operation already in progress": perhaps still unloading
_NO_DOMAIN, _OTHER_DOMAIN = 112, 125  # "Could not find domain", "Domain does not support specified action"
_NOT_A_PROPERTY_LIST = (ExpatError, ValueError, TypeError, AttributeError, LookupError, OverflowError)


class Launchd:
    """A launch agent of the user's.

    Args:
        pause: seconds between two attempts to load it.
    """

    name = "launchd"
    title = "launchd"

    def __init__(self, pause: float = 0.5) -> None:
        self._pause = pause

    def available(self) -> bool:
        return shutil.which("launchctl") is not None

    def printed(self, plan: Plan) -> str:
        """The property list."""
        return plistlib.dumps(agent(plan), sort_keys=False).decode()

    def install(self, plan: Plan) -> None:
        """Writes the property list and loads it. If that fails, the one from before is put back.

        Raises:
            ConfigurationError: a file cannot be written, or launchd refuses.
        """
        if not self.available():
            raise NoScheduler(
                "there is no launchctl command on this system",
                "launchd is part of macOS; elsewhere choose another scheduler: "
                "kagsync schedule install --help",
            )
        path, before = _path(), _read()
        try:
            rights.make_folder(_output(plan).parent)  # launchd makes the file, but not its folder
        except OSError as error:
            raise from_os_error(error, f"make the folder of {_output(plan)}") from error
        output_file.write_private(path, self.printed(plan))
        try:
            self._load(path)
        except ConfigurationError as error:
            if before is None:
                path.unlink(missing_ok=True)
                raise
            output_file.write_private(path, before.decode("utf-8", "surrogateescape"))
            if _launchctl("bootstrap", _domain(), str(path)).returncode == 0:
                raise
            said = f"{error.message}. Nor did it load the one that was there, so nothing is scheduled"
            raise ConfigurationError(said, error.remedy) from error

    def _load(self, path: Path) -> None:
        """Loads the property list in place of the one that is loaded."""
        _unload()
        _launchctl("enable", _target())  # somebody may have disabled it, which outlasts its removal
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(self._pause)
            done = _launchctl("bootstrap", _domain(), str(path))
            if done.returncode not in (_IO, _IN_PROGRESS):
                break
        if done.returncode in (_NO_DOMAIN, _OTHER_DOMAIN):
            raise ConfigurationError(
                f"launchd did not load the agent: {_said(done)}",
                "Log in on the Mac's own screen instead of over ssh and try again, or pass --cron",
            )
        if done.returncode != 0:
            raise ConfigurationError(
                f"launchd did not load the agent: {_said(done)}",
                "Check it: kagsync schedule print --launchd. Or pass --cron",
            )

    def remove(self) -> bool:
        """Unloads the agent and deletes the property list.

        Returns:
            whether there was one.

        Raises:
            ConfigurationError: launchd refuses, or the file cannot be deleted.
        """
        path = _path()
        loaded = self.available() and _unload()
        try:
            path.unlink()
        except FileNotFoundError:
            return loaded
        except OSError as error:
            raise from_os_error(error, f"delete {path}") from error
        return True

    def find(self) -> Installed | None:
        """Reads what the property list runs.

        Raises:
            NoScheduler: no home folder is known.
            ConfigurationError: the property list cannot be read.
        """
        content = _read()
        if content is None:
            return None
        try:
            found = plistlib.loads(content)
        except _NOT_A_PROPERTY_LIST:
            found = None
        if not isinstance(found, dict):
            return installed(_notation, "", "")
        arguments, variables = found.get("ProgramArguments"), found.get("EnvironmentVariables")
        words = [str(word) for word in arguments] if isinstance(arguments, list) else []
        pairs = variables.items() if isinstance(variables, dict) else ()
        assignments = [f"{name}={value}" for name, value in pairs]
        return installed(_notation, _when(found), words[0] if words else "", assignments, " ".join(words))

    def notes(self, plan: Plan) -> list[str]:
        """What to tell people after `install`."""
        return [
            *carried_over(plan),
            f"What a run prints, such as an error at its start: {_output(plan)}",
            "It runs while you are logged in. macOS may ask whether it may read your files",
        ]


def agent(plan: Plan) -> dict[str, Any]:
    """The keys of the property list."""
    found: dict[str, Any] = {"Label": LABEL, "ProgramArguments": list(plan.words(Launchd.name))}
    if plan.environment:
        found["EnvironmentVariables"] = dict(plan.environment)
    return found | {
        **_trigger(plan.minutes),
        "RunAtLoad": True,  # at every login, and when it is installed
        "ProcessType": "Background",  # gives way to what the user is doing
        "StandardOutPath": str(_output(plan)),
        "StandardErrorPath": str(_output(plan)),
    }


def _trigger(minutes: int) -> dict[str, Any]:
    """When launchd starts it.

    A StartInterval that ends while the Mac is asleep is missed, and the next one begins anew. That is soon
    enough below an hour. If times of day pass during sleep, it runs once when the Mac wakes.
    """
    if minutes < 60:
        return {"StartInterval": 60 * minutes}
    if minutes == 60:
        return {"StartCalendarInterval": [{"Minute": 0}]}
    return {"StartCalendarInterval": [{"Hour": hour, "Minute": 0} for hour in range(0, 24, minutes // 60)]}


def _notation(minutes: int) -> str:
    return _when(_trigger(minutes))


def _when(found: Mapping[str, Any]) -> str:
    """When a property list says that it runs, for people; empty if not in the way that `_trigger` does."""
    match found:
        case {"StartInterval": int(seconds)}:
            return f"every {seconds} seconds"
        case {"StartCalendarInterval": [{"Minute": int(minute), **other}]} if not other:
            return f"at *:{minute:02}"
        case {"StartCalendarInterval": [_, *_] as times}:
            return _times_of_day(times)
    return ""


def _times_of_day(times: list[Any]) -> str:
    told = []
    for each in times:
        match each:
            case {"Hour": int(hour), "Minute": int(minute), **other} if not other:
                told.append(f"{hour:02}:{minute:02}")
            case _:
                return ""
    return f"at {', '.join(told)}"


def _output(plan: Plan) -> Path:
    """Where launchd writes what a run prints. kagsync's own log file is rotated, so it is another one."""
    return plan.log_file.with_name("launchd.log")


def _path() -> Path:
    try:
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    except RuntimeError as error:
        raise NoScheduler("no home folder is known", "Set HOME") from error


def _read() -> bytes | None:
    path = _path()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_os_error(error, f"read {path}") from error


def _domain() -> str:
    """The session of this user on the Mac's screen."""
    return f"gui/{os.getuid()}"


def _target() -> str:
    return f"{_domain()}/{LABEL}"


def _unload() -> bool:
    """Unloads the agent, and returns whether it was loaded. A run that is going on is told to stop."""
    done = _launchctl("bootout", _target())
    if done.returncode in (_NO_PROCESS, _NO_SERVICE, _NO_DOMAIN, _OTHER_DOMAIN):
        return False
    if done.returncode not in (0, _IN_PROGRESS):
        raise ConfigurationError(
            f"launchd did not unload the agent: {_said(done)}",
            f"Try it by hand: launchctl bootout {_target()}",
        )
    return True


def _launchctl(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return call("launchctl", *words)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(
            f"launchctl failed: {error}", f"Try it by hand: launchctl print {_domain()}"
        ) from error


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """What launchctl said, without the advice on its second line to run it as root."""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("Try re-running the command as root")]
    return " ".join(told).rstrip(".") or f"exit status {done.returncode}"
