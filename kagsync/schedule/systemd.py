"""systemd: a service and a timer of this user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync.errors import ConfigurationError, from_os_error
from kagsync.files import output_file
from kagsync.schedule.plan import LONGEST_RUN
from kagsync.schedule.scheduler import Installed, NoScheduler, call, carried_over, installed

if TYPE_CHECKING:
    from kagsync.schedule.plan import Plan

SERVICE, TIMER = "kagsync.service", "kagsync.timer"
_ENV = "/usr/bin/env"


class Systemd:
    """A service and a timer of the user's."""

    name = "systemd"
    title = "systemd"

    def available(self) -> bool:
        """Whether this user's systemd answers (it does not in containers, nor over `su`)."""
        if shutil.which("systemctl") is None:
            return False
        try:
            return _systemctl("show-environment").returncode == 0
        except ConfigurationError:
            return False

    def printed(self, plan: Plan) -> str:
        """Both files, each below a comment with its path."""
        return "\n".join(f"# {_folder() / name}\n{text}" for name, text in units(plan).items())

    def install(self, plan: Plan) -> None:
        """Writes the units and starts the timer.

        Raises:
            ConfigurationError: a file cannot be written, or systemd refuses.
        """
        if not self.available():
            raise ConfigurationError(
                "this user's systemd does not answer",
                "Log in as that user, or pass --cron (see: systemctl --user)",
            )
        try:
            _folder().mkdir(parents=True, exist_ok=True)
            for name, text in units(plan).items():
                output_file.write_private(_folder() / name, text)
        except OSError as error:
            raise from_os_error(error, f"write the units in {_folder()}") from error
        _demand("daemon-reload")
        _demand("enable", TIMER)
        _demand("restart", TIMER)  # a running timer takes a new interval only this way
        _demand("is-active", TIMER)

    def remove(self) -> bool:
        """Stops the timer and deletes the units.

        Returns:
            whether there were any.
        """
        paths = [path for name in (TIMER, SERVICE) if (path := _folder() / name).exists()]
        if not paths:
            return False
        if self.available():
            _demand("disable", "--now", TIMER)
        try:
            for path in paths:
                path.unlink()
        except OSError as error:
            raise from_os_error(error, f"delete the units in {_folder()}") from error
        if self.available():
            _demand("daemon-reload")
        return True

    def find(self) -> Installed | None:
        """Reads what the units run.

        Raises:
            NoScheduler: no home folder is known.
            ConfigurationError: a unit cannot be read.
        """
        texts = []
        for name in (SERVICE, TIMER):
            try:
                texts.append((_folder() / name).read_text(encoding="utf-8"))
            except (FileNotFoundError, UnicodeDecodeError):
                return None
            except OSError as error:
                raise from_os_error(error, f"read the units in {_folder()}") from error
        program = re.search(rf'^ExecStart=(?:{_ENV} )?(?:"((?:[^"\\]|\\.)*)"|(\S+))', texts[0], re.MULTILINE)
        when = re.search(r"^OnCalendar=(.*)$", texts[1], re.MULTILINE)
        path = (program[1] or program[2]) if program else ""
        path = re.sub(r"\\(.)", r"\1", path).replace("%%", "%").replace("$$", "$")
        assignments = re.findall(r'^Environment="?(.*?)"?$', texts[0], re.MULTILINE)
        return installed(_calendar, when[1] if when else "", path, assignments, texts[0])

    def notes(self, plan: Plan) -> list[str]:
        """What to tell people after `install`."""
        return [*carried_over(plan), "To run it while you are logged out, too: loginctl enable-linger"]


def units(plan: Plan) -> dict[str, str]:
    """The text of each unit file, by its name (systemd.service(5), systemd.timer(5))."""
    environment = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n" for name, value in plan.environment.items()
    )
    words = plan.words(Systemd.name)
    if re.search(
        r"""["'\\$]""", words[0]
    ):  # systemd cannot start a program with such a name, and does not read $$ there
        words = (_ENV, *words)
    command = " ".join(_quoted(word, command=True) for word in words)
    spread = min(
        plan.minutes * 60 // 10, 300
    )  # so that timers everywhere do not all start at the full minute
    return {
        SERVICE: f"""\
[Unit]
Description=Bring Kaggle leaderboards up to date

[Service]
Type=oneshot
ExecStart={command}
{environment}TimeoutStartSec={int(LONGEST_RUN.total_seconds())}
""",
        TIMER: f"""\
[Unit]
Description=Bring Kaggle leaderboards up to date every {plan.minutes} minutes

[Timer]
OnCalendar={_calendar(plan.minutes)}
RandomizedDelaySec={spread}
AccuracySec=1
Persistent=true

[Install]
WantedBy=timers.target
""",
    }


def _calendar(minutes: int) -> str:
    if minutes < 60:
        return f"*:0/{minutes}"
    hours = minutes // 60
    return "*-*-* 00:00" if hours == 24 else f"*-*-* 00/{hours}:00"


def _quoted(word: str, *, command: bool = False) -> str:
    """A word in systemd's quotes. There % begins a specifier and, in commands, $ a variable."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if command:
        word = word.replace("$", "$$")
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word, re.ASCII) else f'"{word}"'


def _folder() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(home) if home else Path.home() / ".config") / "systemd" / "user"
    except RuntimeError as error:
        raise NoScheduler("no home folder is known", "Set HOME") from error


def _systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return call("systemctl", "--user", *words)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(
            f"systemctl failed: {error}", "Try it by hand: systemctl --user status"
        ) from error


def _demand(*words: str) -> None:
    done = _systemctl(*words)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise ConfigurationError(
            f"systemctl --user {' '.join(words)} failed: {said}", "Try it by hand: systemctl --user status"
        )
