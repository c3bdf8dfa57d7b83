"""launchd: the property list, and what is said to `launchctl`. A script stands in for macOS's own."""

from __future__ import annotations

import os
import plistlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_schedule import ODD_TEXT, command, make_plan, schedule_status, with_secrets, without_secrets
from world.running import told

from kagsync.errors import ConfigurationError
from kagsync.schedule import env_file, launchd
from kagsync.schedule.launchd import Launchd
from kagsync.schedule.plan import INTERVALS, this_program

if TYPE_CHECKING:
    from test_schedule import Command
    from world.running import Kagsync

    from kagsync.schedule.plan import Plan

__all__ = ["command", "with_secrets"]

if sys.platform == "win32":
    pytest.skip("the stand-ins are shell scripts", allow_module_level=True)

# One agent, which is loaded if its copy is there. The codes and words are those of launchctl on macOS 14.
LAUNCHCTL = """\
#!/bin/sh
state={state}
domain=gui/$(id -u)
fail() {{ echo "$1 failed: $2: $3" >&2; exit "$2"; }}
echo "$*" >> {log}
{more}
case $1 in
bootstrap) [ "$2" = "$domain" ] || fail Bootstrap 125 "Domain does not support specified action"
    if [ -s "$state.busy" ] || [ -f "$state" ]; then
        sed -i 1d "$state.busy" 2>/dev/null
        echo "Bootstrap failed: 5: Input/output error" >&2
        echo "Try re-running the command as root for richer errors." >&2
        exit 5
    fi
    if [ -f "$state.disabled" ]; then fail Bootstrap 119 "Service is disabled"; fi
    cp "$3" "$state" || exit 2 ;;
bootout) [ "$2" = "$domain/kagsync" ] || exit 2
    [ -f "$state" ] || fail Boot-out 3 "No such process"
    rm "$state" ;;
enable) rm -f "$state.disabled" ;;
*) exit 64 ;;
esac
"""


class Agent:
    """What the stand-in has loaded, and what it was told to do."""

    def __init__(self, state: Path) -> None:
        self.state = state

    @property
    def loaded(self) -> dict[str, Any] | None:
        return plistlib.loads(self.state.read_bytes()) if self.state.exists() else None

    @property
    def calls(self) -> list[str]:
        log = self.state.with_name("log")
        calls = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return calls

    def busy(self, times: int) -> None:
        """So often it does not load an agent, as if the one before were still unloading."""
        Path(f"{self.state}.busy").write_text("busy\n" * times)

    def disable(self) -> None:
        Path(f"{self.state}.disabled").touch()


def stand_in(state: Path, more: str = "") -> str:
    log = state.with_name("log")
    return LAUNCHCTL.format(state=shlex.quote(str(state)), log=shlex.quote(str(log)), more=more)


@pytest.fixture
def agent(command: Command, tmp_path: Path) -> Agent:
    command("launchctl", stand_in(tmp_path / "agent"))
    return Agent(tmp_path / "agent")


@pytest.fixture
def place(home: Path) -> Path:
    return home / "Library" / "LaunchAgents" / "kagsync.plist"


def keys(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = plistlib.loads(Launchd().printed(plan).encode())
    return found


# --- the property list ------------------------------------------------------------------------------------

# launchd.plist(5).
TYPES = {
    "Label": str,
    "ProgramArguments": list,
    "EnvironmentVariables": dict,
    "StartInterval": int,
    "StartCalendarInterval": list,
    "RunAtLoad": bool,
    "ProcessType": str,
    "StandardOutPath": str,
    "StandardErrorPath": str,
}
RANGES = {"Minute": range(60), "Hour": range(24)}


@pytest.mark.parametrize("minutes", INTERVALS)
def test_the_keys_are_those_of_launchd(minutes: int) -> None:
    found = keys(make_plan(minutes, ("/opt/kagsync",), {"KAGSYNC_JOBS": "2"}))

    assert found.keys() <= TYPES.keys()
    assert all(type(value) is TYPES[key] for key, value in found.items())
    assert found["Label"] == launchd.LABEL
    assert found["ProgramArguments"][:3] == ["/opt/kagsync", "sync", "--all"]
    assert found["EnvironmentVariables"] == {"KAGSYNC_JOBS": "2"}
    assert found["RunAtLoad"] is True
    assert found["ProcessType"] == "Background"
    assert ("StartInterval" in found) == (minutes < 60)
    for time in found.get("StartCalendarInterval", ()):
        assert all(value in RANGES[key] for key, value in time.items())


def runs_a_day(found: dict[str, Any]) -> int:
    if "StartInterval" in found:
        return 24 * 3600 // int(found["StartInterval"])
    return sum(1 if "Hour" in time else 24 for time in found["StartCalendarInterval"])


def test_it_runs_as_often_as_was_asked() -> None:
    assert [runs_a_day(keys(make_plan(minutes))) for minutes in INTERVALS] == [
        24 * 60 // minutes for minutes in INTERVALS
    ]


def test_odd_characters_survive() -> None:
    found = keys(make_plan(5, ODD_TEXT, {"A": "\n".join(ODD_TEXT)}, ODD_TEXT))
    assert found["ProgramArguments"][: len(ODD_TEXT)] == list(ODD_TEXT)
    assert found["ProgramArguments"][-len(ODD_TEXT) :] == list(ODD_TEXT)
    assert found["EnvironmentVariables"] == {"A": "\n".join(ODD_TEXT)}


def test_print_gives_the_property_list_alone(kagsync: Kagsync, with_secrets: None, home: Path) -> None:
    before = set(home.rglob("*"))

    ran = kagsync("schedule", "print", "--launchd", "--every", "15m")

    assert ran.code == 0
    found = plistlib.loads(ran.out.encode())
    assert found["StartInterval"] == 900
    assert found["ProgramArguments"][0] == this_program()[0]
    assert str(env_file.path("launchd")) in found["ProgramArguments"]
    without_secrets(ran.out + ran.err)
    assert set(home.rglob("*")) == before


# --- launchctl --------------------------------------------------------------------------------------------


def test_install_status_and_remove(agent: Agent, place: Path, kagsync: Kagsync) -> None:
    domain = f"gui/{os.getuid()}"

    out = kagsync.ok("schedule", "install")  # the default where there is a launchctl

    assert out.startswith("Installed: launchd runs kagsync every 5 minutes, from /")
    assert agent.calls == [
        f"bootout {domain}/kagsync",
        f"enable {domain}/kagsync",
        f"bootstrap {domain} {place}",
    ]
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.read_text() == kagsync.ok("schedule", "print")
    assert agent.loaded is not None
    output = Path(agent.loaded["StandardErrorPath"])
    assert output.parent.is_dir()
    assert str(output) in out
    assert schedule_status(kagsync)[2]["installed"] == [
        {
            "scheduler": "launchd",
            "when": "every 300 seconds",
            "program": this_program()[0],
            "this": True,
            "exposed": [],
        }
    ]

    assert kagsync.ok("schedule", "install", "--every", "12h").startswith("Updated: ")
    assert agent.loaded["StartCalendarInterval"] == [{"Hour": 0, "Minute": 0}, {"Hour": 12, "Minute": 0}]
    assert "launchd: at 00:00, 12:00  /" in kagsync("schedule", "status").out

    assert kagsync.ok("schedule", "remove") == "Removed from launchd\n"
    assert agent.loaded is None
    assert not place.exists()
    assert kagsync.ok("schedule", "remove", "--launchd") == "Nothing was installed\n"


def test_secrets_are_in_the_private_file_only(
    agent: Agent, place: Path, kagsync: Kagsync, with_secrets: None
) -> None:
    without_secrets(kagsync.ok("schedule", "install"))
    without_secrets(place.read_text())
    assert env_file.names(env_file.path("launchd"))
    kagsync.ok("schedule", "remove")
    assert not env_file.path("launchd").exists()


def test_it_waits_until_the_one_before_is_unloaded(agent: Agent) -> None:
    Launchd().install(make_plan(5))
    agent.busy(3)
    Launchd(pause=0.01).install(make_plan(10))
    assert agent.loaded is not None
    assert agent.loaded["StartInterval"] == 600


def test_an_agent_that_was_disabled_is_enabled(agent: Agent) -> None:
    agent.disable()
    Launchd().install(make_plan())
    assert agent.loaded is not None


def test_if_it_cannot_be_loaded_nothing_is_installed(agent: Agent, place: Path) -> None:
    agent.busy(1000)
    with pytest.raises(ConfigurationError) as refusal:
        Launchd(pause=0).install(make_plan())
    assert refusal.value.message.endswith("Bootstrap failed: 5: Input/output error")  # without "as root"
    assert not place.exists()
    assert Launchd().find() is None


def test_if_the_new_one_cannot_be_loaded_the_old_one_stays(agent: Agent, place: Path) -> None:
    Launchd().install(make_plan(5))
    old = place.read_bytes()
    agent.busy(launchd._TRIES)
    with pytest.raises(ConfigurationError):
        Launchd(pause=0).install(make_plan(10))
    assert place.read_bytes() == old
    assert agent.loaded is not None
    assert agent.loaded["StartInterval"] == 300


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            '[ $1 != bootstrap ] || fail Bootstrap 125 "Domain does not support specified action"',
            ("instead of over ssh", "--cron"),
        ),
        ('[ $1 != bootstrap ] || fail Bootstrap 1 "Operation not permitted"', ("not permitted", "--cron")),
        ('[ $1 != bootout ] || fail Boot-out 1 "Operation not permitted"', ("launchctl bootout gui/",)),
    ],
    ids=["over ssh", "not loaded", "not unloaded"],
)
def test_a_launchd_that_refuses_is_told_with_a_remedy(
    more: str, words: tuple[str, ...], command: Command, tmp_path: Path, place: Path, kagsync: Kagsync
) -> None:
    command("launchctl", stand_in(tmp_path / "agent", more))
    told(kagsync("schedule", "install", "--launchd"), 3, *words)
    assert not place.exists()


def test_an_earlier_agent_that_is_not_loaded_again_is_told(
    agent: Agent, command: Command, tmp_path: Path, place: Path, kagsync: Kagsync
) -> None:
    kagsync.ok("schedule", "install", "--launchd")
    before = place.read_bytes()
    refuses = '[ $1 != bootstrap ] || fail Bootstrap 1 "Operation not permitted"'
    command("launchctl", stand_in(tmp_path / "agent", refuses))
    told(kagsync("schedule", "install", "--launchd", "--every", "10m"), 3, "so nothing is scheduled")
    assert place.read_bytes() == before


def test_an_agent_whose_file_was_deleted_is_unloaded(agent: Agent, place: Path, kagsync: Kagsync) -> None:
    kagsync.ok("schedule", "install")
    place.unlink()
    assert kagsync.ok("schedule", "remove", "--launchd") == "Removed from launchd\n"
    assert agent.loaded is None


# --- what people did to the file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a property list",
        b"<plist><dict><key>Label</key></dict></plist>",
        b"bplist00 and so on",
        b"\xff\xfe\x00",
        plistlib.dumps([]),
        plistlib.dumps({"ProgramArguments": "kagsync", "StartInterval": "5", "EnvironmentVariables": []}),
        plistlib.dumps({"StartCalendarInterval": {"Minute": 0}}),
    ],
)
def test_a_property_list_that_cannot_be_read_is_told(content: bytes, place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    found = Launchd().find()
    assert found is not None
    assert (found.when, found.minutes, found.program, found.exposed) == ("", None, "", ())


@pytest.mark.parametrize(
    ("changes", "when"),
    [
        ({"StartInterval": 42}, "every 42 seconds"),
        ({"StartCalendarInterval": [{"Minute": 17}]}, "at *:17"),
        ({"StartCalendarInterval": [{"Minute": 17, "Weekday": 1}]}, ""),
        ({"StartCalendarInterval": [{"Hour": 9, "Minute": 5}]}, "at 09:05"),
        ({"StartCalendarInterval": [{"Hour": 9, "Minute": 5, "Day": 1}]}, ""),
    ],
)
def test_a_changed_interval_is_told(changes: dict[str, Any], when: str, place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(
        plistlib.dumps({"ProgramArguments": ["/opt/kagsync"], **changes}, fmt=plistlib.FMT_BINARY)
    )
    found = Launchd().find()
    assert found is not None
    assert (found.when, found.minutes, found.program) == (when, None, "/opt/kagsync")


# --- beside another scheduler -----------------------------------------------------------------------------


def test_a_cron_that_is_installed_is_updated_and_still_found(
    agent: Agent, command: Command, tmp_path: Path, kagsync: Kagsync
) -> None:
    from test_schedule import STAND_IN

    command("crontab", STAND_IN.format(tab=shlex.quote(str(tmp_path / "crontab"))))
    kagsync.ok("schedule", "install", "--cron")

    out = kagsync.ok("schedule", "install", "--every", "10m")

    assert out.startswith("Updated: cron runs kagsync every 10 minutes")
    assert agent.loaded is None
    out = kagsync.ok("schedule", "install", "--launchd")
    assert "Also installed for cron. To remove that: kagsync schedule remove --cron" in out.splitlines()
    assert kagsync.ok("schedule", "remove") == "Removed from launchd and cron\n"
