"""Windows Task Scheduler: a task of this user, as XML.

The elements and their order are those of Microsoft's schema ([MS-TSCH] 2.5).
"""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from kagsync.errors import ConfigurationError
from kagsync.files import scratch
from kagsync.schedule.plan import LONGEST_RUN
from kagsync.schedule.scheduler import Installed, NoScheduler, call, installed

if TYPE_CHECKING:
    from kagsync.schedule.plan import Plan

TASK = "kagsync"
NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_SPACE = f"{{{NAMESPACE}}}"


class Windows:
    """A task of the user's."""

    name = "windows"
    title = "Windows Task Scheduler"

    def available(self) -> bool:
        return shutil.which("schtasks") is not None

    def printed(self, plan: Plan) -> str:
        """The task as XML."""
        return f"{_xml(plan)}\n"

    def install(self, plan: Plan) -> None:
        """Registers the task, replacing the one that is there.

        Raises:
            ConfigurationError: Task Scheduler refuses.
        """
        with scratch.folder() as folder:
            file = folder / "task.xml"
            file.write_text(f'<?xml version="1.0" encoding="UTF-16"?>\n{_xml(plan)}', encoding="utf-16")
            done = _schtasks("/Create", "/TN", TASK, "/XML", str(file), "/F")
        if done.returncode != 0:
            raise ConfigurationError(
                f"Task Scheduler refused the task: {_said(done)}",
                "Check it: kagsync schedule print --windows",
            )
        if not _is_installed(plan):
            raise ConfigurationError(
                "Task Scheduler did not store the task as it was given",
                f"Compare: kagsync schedule print --windows; schtasks /Query /TN {TASK} /XML",
            )

    def remove(self) -> bool:
        """Deletes the task.

        Returns:
            whether there was one.
        """
        if _query() is None:
            return False
        done = _schtasks("/Delete", "/TN", TASK, "/F")
        if done.returncode != 0:
            raise ConfigurationError(
                f"Task Scheduler did not delete the task: {_said(done)}",
                f"Delete it by hand: schtasks /Delete /TN {TASK}",
            )
        return True

    def find(self) -> Installed | None:
        """Reads what the task runs.

        Raises:
            NoScheduler: there is no `schtasks` command.
            ConfigurationError: the task cannot be read.
        """
        text = _query()
        if text is None:
            return None
        try:
            task = ET.fromstring(text)
        except ET.ParseError:
            return installed(_interval, "", "")
        when = task.findtext(f".//{_SPACE}Repetition/{_SPACE}Interval") or ""
        program, arguments = (
            task.findtext(f".//{_SPACE}Exec/{_SPACE}{name}") or "" for name in ("Command", "Arguments")
        )
        return installed(_interval, when, program, command=arguments)

    def notes(self, plan: Plan) -> list[str]:
        """What to tell people after `install`."""
        if not plan.environment:
            return []
        return [
            "Task Scheduler takes variables only from your account. Set the ones that are missing:",
            *(f'  setx {name} "{value}"' for name, value in plan.environment.items()),
        ]


def _xml(plan: Plan) -> str:
    task = ET.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    about = ET.SubElement(task, "RegistrationInfo")
    _texts(about, Description="Brings Kaggle leaderboards up to date. To undo: kagsync schedule remove")
    trigger = ET.SubElement(ET.SubElement(task, "Triggers"), "TimeTrigger")
    _texts(trigger, Enabled="true", StartBoundary="2026-01-01T00:00:00")
    _texts(ET.SubElement(trigger, "Repetition"), Interval=_interval(plan.minutes))
    _texts(
        ET.SubElement(task, "Settings"),
        MultipleInstancesPolicy="IgnoreNew",  # no second one while one runs
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        StartWhenAvailable="true",  # catches up after sleep
        Enabled="true",
        ExecutionTimeLimit=f"PT{int(LONGEST_RUN.total_seconds()) // 60}M",
    )
    principal = ET.SubElement(ET.SubElement(task, "Principals"), "Principal", {"id": "Author"})
    _texts(principal, LogonType="InteractiveToken", RunLevel="LeastPrivilege")
    action = ET.SubElement(ET.SubElement(task, "Actions", {"Context": "Author"}), "Exec")
    command, *arguments = plan.words(Windows.name)
    _texts(action, Command=command, Arguments=subprocess.list2cmdline(arguments))
    ET.indent(task)
    return ET.tostring(task, encoding="unicode")


def _interval(minutes: int) -> str:
    return f"PT{minutes}M"


def _texts(parent: ET.Element, **children: str) -> None:
    for name, text in children.items():
        ET.SubElement(parent, name).text = text


def _is_installed(plan: Plan) -> bool:
    """Whether the task starts what it was given.

    Only ASCII texts are compared: schtasks writes in the console's encoding, which lacks many characters.
    """
    try:
        found, wanted = ET.fromstring(_query() or ""), ET.fromstring(_xml(plan))
    except ET.ParseError:
        return False
    for name in ("Command", "Arguments"):
        place = f".//{_SPACE}Exec/{_SPACE}{name}"
        text = wanted.findtext(place) or ""
        if text.isascii() and found.findtext(place) != text:
            return False
    return True


def _query() -> str | None:
    done = _schtasks("/Query", "/TN", TASK, "/XML")
    if done.returncode != 0:
        _check_that_there_is_none(done)
        return None
    # The declaration says UTF-16 whatever the encoding really is, so it is cut off.
    return done.stdout[done.stdout.index("<Task") :] if "<Task" in done.stdout else ""


def _check_that_there_is_none(refusal: subprocess.CompletedProcess[str]) -> None:
    """Tells a task that does not exist from one that cannot be read: schtasks says both in any language.

    Raises:
        ConfigurationError: the task exists, or the list of tasks cannot be read.
    """
    listed = _schtasks("/Query", "/FO", "CSV", "/NH")
    if listed.returncode != 0 or f'"\\{TASK}"' in listed.stdout:
        raise ConfigurationError(
            f"cannot read the task {TASK}: {_said(refusal)}", f"Try it by hand: schtasks /Query /TN {TASK}"
        )


def _schtasks(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return call("schtasks", *words)
    except (FileNotFoundError, PermissionError) as error:  # PermissionError: of a folder in PATH
        raise NoScheduler(
            "there is no schtasks command on this system",
            "Check PATH on Windows; elsewhere choose another scheduler: kagsync schedule install --help",
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"schtasks failed: {error}", "Try it by hand: schtasks /Query") from error


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stderr or done.stdout).split()).rstrip(".") or f"exit status {done.returncode}"
