"""What every registered scheduler does alike. A new one needs a stand-in here, and nothing else."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
from test_launchd import stand_in
from test_schedule import SCHTASKS, STAND_IN, SYSTEMCTL, command, make_plan

from kagsync.schedule.install import SCHEDULERS
from kagsync.schedule.plan import INTERVALS

if TYPE_CHECKING:
    from pathlib import Path

    from test_schedule import Command
    from world.running import Kagsync

    from kagsync.schedule.scheduler import Scheduler

__all__ = ["command"]

# The command of each scheduler, and a script that stands in for it.
STAND_INS = {
    "cron": ("crontab", lambda folder: STAND_IN.format(tab=shlex.quote(str(folder / "crontab")))),
    "systemd": ("systemctl", lambda folder: SYSTEMCTL.format(log=shlex.quote(str(folder / "log")), more="")),
    "launchd": ("launchctl", lambda folder: stand_in(folder / "agent")),
    "windows": ("schtasks", lambda folder: SCHTASKS.format(task=shlex.quote(str(folder / "task.xml")))),
}


@pytest.fixture(params=SCHEDULERS)
def scheduler(request: pytest.FixtureRequest, command: Command, tmp_path: Path, home: Path) -> Scheduler:
    """Each registered scheduler, with all stand-ins in place."""
    for name, script in STAND_INS.values():
        command(name, script(tmp_path))
    return SCHEDULERS[request.param]


def test_each_has_a_stand_in_and_a_name_of_its_own() -> None:
    assert SCHEDULERS.keys() == STAND_INS.keys()
    assert all(name == each.name and each.title for name, each in SCHEDULERS.items())


def test_it_is_available(scheduler: Scheduler) -> None:
    assert scheduler.available()


def test_what_it_prints_depends_on_the_plan_only(scheduler: Scheduler) -> None:
    printed = scheduler.printed(make_plan(5))
    assert scheduler.printed(make_plan(5)) == printed != scheduler.printed(make_plan(10))
    scheduler.install(make_plan(5))
    assert scheduler.printed(make_plan(5)) == printed


def test_it_finds_what_it_installed(scheduler: Scheduler) -> None:
    assert scheduler.find() is None
    for minutes in INTERVALS:
        scheduler.install(make_plan(minutes, ("/opt/my kagsync",), {"A": "b c"}, ("--db", "/x y.db")))
        found = scheduler.find()
        assert found is not None
        assert (found.minutes, found.program, found.private) == (minutes, "/opt/my kagsync", False)
        assert found.when


def test_to_install_twice_is_to_install_once(scheduler: Scheduler, tmp_path: Path) -> None:
    def files() -> dict[Path, bytes]:
        return {
            path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "log"
        }

    scheduler.install(make_plan(5))
    once = files()
    scheduler.install(make_plan(5))
    assert files() == once
    scheduler.install(make_plan(10))
    scheduler.install(make_plan(5))
    assert files() == once


def test_it_removes_what_it_installed_and_says_whether_there_was_anything(scheduler: Scheduler) -> None:
    assert scheduler.remove() is False
    scheduler.install(make_plan())
    assert scheduler.remove() is True
    assert scheduler.find() is None
    assert scheduler.remove() is False


def test_it_leaves_the_other_schedulers_alone(scheduler: Scheduler) -> None:
    for each in SCHEDULERS.values():
        each.install(make_plan())
    scheduler.remove()
    assert [name for name, each in SCHEDULERS.items() if each.find() is None] == [scheduler.name]


def test_its_option_prints_installs_shows_and_removes_it(scheduler: Scheduler, kagsync: Kagsync) -> None:
    option = f"--{scheduler.name}"
    assert kagsync.ok("schedule", "print", option)

    out = kagsync.ok("schedule", "install", option)
    assert out.startswith(f"Installed: {scheduler.title} runs kagsync every 5 minutes, from /")
    assert kagsync.ok("schedule", "install", option).startswith("Updated: ")

    status = json.loads(kagsync("schedule", "status", "--format", "json").out)
    assert [(each["scheduler"], each["this"]) for each in status["installed"]] == [(scheduler.name, True)]
    assert f"{scheduler.title}: " in kagsync("schedule", "status").out

    assert kagsync.ok("schedule", "remove", option) == f"Removed from {scheduler.title}\n"
    assert kagsync.ok("schedule", "remove", option) == "Nothing was installed\n"
