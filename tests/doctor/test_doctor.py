"""`doctor`: what is broken gets a cross, and what the cross names mends it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from world import DATABASES, invariants
from world.boards import Team, board_csv, many_teams
from world.database import execute
from world.files import contents
from world.kaggle_server import Answer, KaggleServer, kaggle_error
from world.listeners import Listener
from world.running import process, run, start

from kagsync import clock, inputs, installation
from kagsync.doctor import database
from kagsync.files import locks
from kagsync.notify import ping as pings
from kagsync.store import Store, migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="follows the remedies in a POSIX shell"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),  # rapidfuzz, where it is imported by name
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Apprise's, on import
]


SLUG = "titanic"
TOKEN = "KGAT_0123456789abcdef"


@pytest.fixture(autouse=True)
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a stand-in `crontab` keeps its content; the shell also finds our `kagsync`."""
    kept, folder = tmp_path / "crontab.kept", tmp_path / "bin"
    folder.mkdir()
    script = folder / "crontab"
    script.write_text(
        "#!/bin/sh\n"
        f"kept={shlex.quote(str(kept))}\n"
        'case "$1" in\n'
        '-l) if [ -f "$kept" ]; then cat "$kept"; else echo "no crontab for you" >&2; exit 1; fi ;;\n'
        '-) cat > "$kept" ;;\n'
        "*) exit 2 ;;\n"
        "esac\n"
    )
    script.chmod(0o755)
    ours = Path(sys.executable).parent
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), str(ours), os.environ["PATH"]]))
    return kept


@pytest.fixture
def key(home: Path) -> Path:
    """The file with the key that the Kaggle of `healthy` accepts."""
    file = home / ".kaggle" / "access_token"
    file.parent.mkdir()
    file.write_text(TOKEN)
    file.chmod(0o600)
    return file


@pytest.fixture
def healthy(kaggle: KaggleServer, key: Path, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a run needs, and one that a scheduler has just started."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    kaggle.accept(token=TOKEN)
    kaggle.competition(SLUG, title="Titanic", team_count=5)
    kaggle.board(SLUG, board_csv(many_teams(5)))
    kagsync.ok("competitions", "add", SLUG)
    kagsync.ok("users", "add", "user0", "user1")
    kagsync.ok("sync", "--all", "--trigger", "cron")


class Doctor:
    """Asks the doctor, checking what holds for all that it ever says."""

    def __init__(self, kagsync: Kagsync) -> None:
        self._kagsync = kagsync
        self.found: dict[str, dict[str, Any]] = {}

    def __call__(self) -> dict[str, dict[str, Any]]:
        """The crosses, by what they are about."""
        ran = self._kagsync("doctor", "--format", "json")
        assert ran.err == "", ran
        told = json.loads(ran.out)
        assert told.keys() == {"version", "ok", "checks"}
        for check in told["checks"]:
            assert check.keys() == {"about", "ok", "said", "remedy"}
            assert check["said"], check
            assert (check["remedy"] is not None) >= (check["ok"] is False), "a cross without a remedy"
        crosses = {check["about"]: check for check in told["checks"] if check["ok"] is False}
        assert told["ok"] == (not crosses)
        assert ran.code == (1 if crosses else 0)
        self.found = {check["about"]: check for check in told["checks"]}
        return crosses

    def cross(self, about: str, *, others: tuple[str, ...] = ()) -> dict[str, Any]:
        """The cross about one thing; there must be no more than it and `others`."""
        crosses = self()
        assert about in crosses, self.found
        assert set(crosses) <= {about, *others}, crosses
        return crosses[about]


@pytest.fixture
def doctor(kagsync: Kagsync) -> Doctor:
    return Doctor(kagsync)


def follow(command: str) -> str:
    """Does what a remedy says, as a person would: in a shell, in a process of its own."""
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout


# What is well


def test_a_healthy_set_up_has_ticks_only(healthy: None, doctor: Doctor) -> None:
    assert doctor() == {}

    assert {"kagsync", "Python", "Packages", "Locks", "Database", "Kaggle", SLUG, "Schedule"} <= set(
        doctor.found
    )
    assert {"Kaggle's key", "Freshness", "Clock", "kaggle command"} <= set(doctor.found)
    assert all(check["ok"] for check in doctor.found.values())


def test_people_get_a_line_for_each_check_and_one_that_sums_it_up(healthy: None, kagsync: Kagsync) -> None:
    lines = kagsync.ok("doctor").splitlines()

    assert all(line.startswith("✓ ") for line in lines[:-1]), lines
    assert lines[-1] == "Everything works"


def test_quiet_prints_nothing_when_all_is_well(healthy: None, kagsync: Kagsync) -> None:
    ran = kagsync("doctor", "-q")

    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_quiet_prints_crosses_only(healthy: None, kagsync: Kagsync, key: Path) -> None:
    key.chmod(0o644)

    ran = kagsync("doctor", "-q")

    assert ran.code == 1
    said, remedy, sum_ = ran.out.splitlines()
    assert said.startswith("✗ Kaggle's key: ")
    assert remedy == f"  → chmod 600 {key}"
    assert sum_ == "1 problem found"


def test_what_it_looks_at_stays_as_it_is(
    healthy: None, kagsync: Kagsync, settings: Settings, kaggle: KaggleServer
) -> None:
    def dump() -> list[str]:
        with contextlib.closing(sqlite3.connect(settings.db)) as connection:
            return list(connection.iterdump())

    before, asked = dump(), len(kaggle.downloads())

    kagsync.ok("doctor")

    assert dump() == before
    assert len(kaggle.downloads()) == asked + 1
    assert not settings.temp_data.exists() or list(settings.temp_data.iterdir()) == []


@pytest.mark.long
def test_an_empty_home_gets_advice_and_no_traceback(home: Path) -> None:
    ran = run("doctor", KAGSYNC_DB="", KAGSYNC_TEMP_DIR="")

    assert ran.code == 1
    assert ran.err == ""
    assert "✗ Database: there is no database " in ran.out
    assert "  → kagsync competitions add SLUG\n" in ran.out
    assert "✗ Kaggle's key: no Kaggle credentials" in ran.out
    assert "\x1b" not in ran.out
    assert "Traceback" not in ran.out
    assert not list(home.rglob("*.db"))


def test_without_any_home_it_says_so_in_a_line(kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAGSYNC_DB", "KAGSYNC_TEMP_DIR"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "")

    ran = kagsync("doctor")

    assert ran.code in (1, 3), ran
    assert len(ran.err.splitlines()) <= 1
    assert "Traceback" not in ran.out + ran.err


def test_a_run_at_work_is_no_illness(healthy: None, doctor: Doctor, settings: Settings) -> None:
    with locks.hold(settings.locks / f"{SLUG}.lock"):
        assert doctor() == {}

    assert SLUG in doctor.found["Locks"]["said"]


def test_a_second_doctor_at_work_is_no_illness(healthy: None, doctor: Doctor, settings: Settings) -> None:
    with locks.hold(settings.locks / "doctor.lock"):  # as the first one does
        assert doctor() == {}


def test_a_competition_of_the_doctors_name_is_looked_at_too(
    healthy: None, doctor: Doctor, settings: Settings
) -> None:
    with locks.hold(settings.locks / "doctor.lock"):  # as a sync of kaggle.com/competitions/doctor does
        assert doctor() == {}


# What is broken, and what mends it


@pytest.mark.fixed_port
def test_no_database(kaggle: KaggleServer, doctor: Doctor) -> None:
    cross = doctor.cross("Database", others=("Schedule",))
    assert cross["remedy"] == "kagsync competitions add SLUG"

    kaggle.competition(SLUG)
    follow(cross["remedy"].replace("SLUG", SLUG))

    assert "Database" not in doctor()


@pytest.mark.fixed_port
def test_no_competition(healthy: None, doctor: Doctor, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "remove", SLUG, "--yes")
    cross = doctor.cross("Competitions")
    assert cross["said"] == "no competition is tracked"

    follow(cross["remedy"].replace("SLUG", SLUG))

    assert "Competitions" not in doctor()


def test_nobody(healthy: None, doctor: Doctor, kagsync: Kagsync) -> None:
    kagsync.ok("users", "remove", "user0", "user1", "--yes")
    cross = doctor.cross("People")
    assert cross["remedy"] == "kagsync users add USERNAME"

    follow(cross["remedy"].replace("USERNAME", "user0"))

    assert doctor() == {}


def test_no_key(healthy: None, doctor: Doctor, key: Path) -> None:
    key.unlink()
    cross = doctor.cross("Kaggle's key")
    assert "save it as ~/.kaggle/access_token" in cross["remedy"]
    assert doctor.found["Kaggle"]["ok"] is None

    follow(f"echo {TOKEN} > ~/.kaggle/access_token; chmod 600 ~/.kaggle/access_token")

    assert doctor() == {}


def test_no_key_is_needed_while_workers_elsewhere_fetch(
    healthy: None, doctor: Doctor, key: Path, settings: Settings
) -> None:
    key.unlink()
    execute(settings.db, "UPDATE triggers SET name = ?", inputs.BY_WORKERS)
    assert set(doctor()) <= {"Redis"}
    assert doctor.found["Kaggle's key"]["ok"] is None

    execute(
        settings.db,
        "INSERT INTO triggers SELECT 'cron', program, started_at, ?, 0 FROM triggers",
        clock.iso(clock.utc_now() + timedelta(seconds=1)),
    )
    doctor.cross("Kaggle's key")


@pytest.mark.parametrize("folder", ["plain", "with a space"])
def test_a_key_that_others_can_read(
    folder: str, healthy: None, doctor: Doctor, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / folder / ".kaggle"
    shutil.copytree(key.parent, place)
    monkeypatch.setenv("HOME", str(place.parent))
    (place / key.name).chmod(0o644)
    cross = doctor.cross("Kaggle's key")
    assert "others on this machine can read" in cross["said"]

    follow(cross["remedy"])

    assert doctor() == {}
    assert (place / key.name).stat().st_mode & 0o777 == 0o600


def test_a_key_that_kaggle_refuses(healthy: None, doctor: Doctor, key: Path) -> None:
    key.write_text("KGAT_of-yesterday")
    cross = doctor.cross(SLUG)
    assert f"Kaggle refused the credentials from {key}" in cross["said"]
    assert "Create New Token" in cross["remedy"]
    assert "of-yesterday" not in json.dumps(doctor.found)

    follow(f"echo {TOKEN} > ~/.kaggle/access_token")

    assert doctor() == {}


def test_a_login_that_kaggle_refuses(healthy: None, doctor: Doctor, key: Path, kaggle: KaggleServer) -> None:
    key.unlink()
    login = key.with_name("credentials.json")
    login.write_text(json.dumps({"refresh_token": "revoked-token", "username": "alice", "scopes": []}))
    login.chmod(0o600)
    kaggle.accept_refresh("good-token")
    cross = doctor.cross("Kaggle")
    assert cross["remedy"]
    assert "revoked-token" not in json.dumps(doctor.found)

    login.write_text(json.dumps({"refresh_token": "good-token", "username": "alice", "scopes": []}))

    assert doctor() == {}


def test_an_environment_that_kaggle_does_not_have(
    healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "MOON")
    cross = doctor.cross("Kaggle")
    assert cross["remedy"] == "Unset it"

    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")

    assert doctor() == {}


def test_rules_that_are_not_accepted(healthy: None, doctor: Doctor, kaggle: KaggleServer) -> None:
    kaggle.answer(SLUG, kaggle_error(403, "You must accept this competition's rules"))
    cross = doctor.cross(SLUG)
    assert f"https://www.kaggle.com/competitions/{SLUG}/rules" in cross["remedy"]

    assert doctor() == {}  # the next answer is the board: the rules were accepted


def test_a_competition_that_kaggle_does_not_know(
    healthy: None, doctor: Doctor, kagsync: Kagsync, kaggle: KaggleServer
) -> None:
    execute(Path(os.environ["KAGSYNC_DB"]), "UPDATE competitions SET kaggle_competition_id = 'titanik'")
    cross = doctor.cross(SLUG)
    assert "Kaggle does not know the competition titanik" in cross["said"]
    assert "Check the name" in cross["remedy"]

    kagsync.ok("competitions", "add", SLUG, "--kaggle-id", SLUG)

    assert doctor() == {}


def test_no_network(
    healthy: None, doctor: Doctor, kaggle: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        for name in ("no_proxy", "NO_PROXY"):
            broken.setenv(name, "")
        for name in ("http_proxy", "HTTP_PROXY"):
            broken.setenv(name, "http://127.0.0.1:9")  # where nobody listens
        cross = doctor.cross("Kaggle")
    assert "the proxy 127.0.0.1:9 of http_proxy could not be reached" in cross["said"]
    assert "http_proxy" in cross["remedy"]
    assert SLUG not in doctor.found  # said once, not for each competition

    assert doctor() == {}


def test_a_kaggle_that_hangs_up(healthy: None, doctor: Doctor, kaggle: KaggleServer) -> None:
    kaggle.answer(SLUG, Answer(misbehave="close"))
    cross = doctor.cross("Kaggle")
    assert "could not be reached" in cross["said"]

    assert doctor() == {}


def test_a_damaged_database(
    healthy: None, doctor: Doctor, kagsync: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    kagsync.ok("backup", str(backup))
    invariants.damage(settings.db)
    crosses = doctor()
    assert "damaged" in crosses["Database"]["said"]
    remedy = crosses["Database"]["remedy"]
    assert "backup" in remedy.lower()

    cp = re.search(r"cp BACKUP [^,;]+", remedy)
    follow((cp[0] if cp else f"cp BACKUP {settings.db}").replace("BACKUP", str(backup)))

    assert doctor() == {}


def test_a_large_database_is_searched_for_damage_if_asked(
    healthy: None, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "QUICKLY_SEARCHED", settings.db.stat().st_size - 1)
    monkeypatch.setattr(Store, "problems", lambda _: ["a page is torn"])
    ran = kagsync("doctor")
    assert ran.code == 0
    assert "--integrity" in next(line for line in ran.out.splitlines() if "Database: " in line)
    ran = kagsync("doctor", "--integrity")
    assert ran.code == 1
    assert "a page is torn" in ran.out


def test_a_damaged_database_beside_what_a_killed_run_left(
    healthy: None, doctor: Doctor, kagsync: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    kagsync.ok("backup", str(backup))
    wal = settings.db.with_name(f"{settings.db.name}-wal")
    with contextlib.closing(sqlite3.connect(settings.db)) as writer:  # its -wal, as a kill leaves it
        writer.execute("UPDATE users SET name = 'newer than the backup'")
        writer.commit()
        left = wal.read_bytes()
    invariants.damage(settings.db)
    wal.write_bytes(left)
    crosses = doctor()
    remedy = crosses["Database"]["remedy"]

    assert "-wal" in remedy, "a -wal that stays is replayed over the backup"


def test_a_database_of_a_newer_kagsync(
    healthy: None, doctor: Doctor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(settings.db, f"PRAGMA user_version = {migrations.LATEST + 1}")
    cross = doctor.cross("Database", others=("Schedule",))
    assert "newer kagsync" in cross["said"]
    assert cross["remedy"] == f"Update kagsync: {installation.update()}"

    monkeypatch.setattr(migrations, "LATEST", migrations.LATEST + 1)  # updated

    assert doctor() == {}


def test_a_database_of_another_program(
    doctor: Doctor, kaggle: KaggleServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    execute(settings.db, "CREATE TABLE cookies (host TEXT)")
    before = settings.db.read_bytes()
    cross = doctor.cross("Database", others=("Schedule",))
    assert "another program" in cross["said"]
    assert "KAGSYNC_DB" in cross["remedy"]

    monkeypatch.setenv("KAGSYNC_DB", str(tmp_path / "ours.db"))
    follow(f"kagsync competitions add {SLUG}")

    assert "Database" not in doctor()
    assert settings.db.read_bytes() == before


def test_a_folder_in_the_databases_place(
    doctor: Doctor, healthy: None, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "folder.db").mkdir()
    monkeypatch.setenv("KAGSYNC_DB", str(tmp_path / "folder.db"))
    cross = doctor.cross("Database", others=("Schedule",))
    assert "KAGSYNC_DB" in cross["remedy"]

    monkeypatch.setenv("KAGSYNC_DB", str(settings.db))

    assert doctor() == {}


@pytest.mark.long
@pytest.mark.parametrize("name", ["cache", "cache/temp_kaggle_data", "my cache"])
def test_a_file_in_the_place_of_the_folder_of_downloads(
    name: str,
    healthy: None,
    doctor: Doctor,
    kagsync: Kagsync,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if name.startswith("my"):
        monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(tmp_path / name))
    file = tmp_path / name
    shutil.rmtree(file, ignore_errors=True)
    file.write_text("precious")
    cross = doctor.cross("Folder of downloads")
    assert str(file) in cross["said"]

    follow(cross["remedy"])

    assert doctor() == {}
    assert Path(f"{file}.old").read_text() == "precious"
    kagsync.ok("sync", "--all", "--force")


def test_a_file_in_the_place_of_the_log_files_folder(
    healthy: None, doctor: Doctor, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "logs"
    file.write_text("precious")
    monkeypatch.setenv("KAGSYNC_LOG_FILE", str(file / "kagsync.log"))
    cross = doctor.cross("Log file's folder")
    assert str(file) in cross["said"]

    follow(cross["remedy"])

    assert doctor() == {}
    kagsync.ok("sync", "--all", "--force")
    assert (file / "kagsync.log").read_text()


def test_a_folder_that_may_not_be_written(
    healthy: None, doctor: Doctor, settings: Settings, rights_bind: None
) -> None:
    settings.temp_data.chmod(0o500)
    cross = doctor.cross("Folder of downloads")

    follow(cross["remedy"])

    assert doctor() == {}


def test_a_file_in_the_place_of_the_locks(
    healthy: None, doctor: Doctor, kagsync: Kagsync, settings: Settings
) -> None:
    shutil.rmtree(settings.locks)
    settings.locks.write_text("precious")
    cross = doctor.cross("Locks")
    assert "kagsync.db-locks" in cross["said"]

    follow(cross["remedy"])

    assert doctor() == {}
    kagsync.ok("sync", "--all", "--force")


@pytest.mark.fixed_port
def test_a_sync_in_the_future(healthy: None, doctor: Doctor, settings: Settings) -> None:
    future = clock.iso(clock.utc_now() + timedelta(days=2))
    execute(settings.db, "UPDATE competitions SET tried_at = ?, synced_at = ?", future, future)
    cross = doctor.cross("Clock", others=("Freshness",))
    assert "in the future" in cross["said"]

    follow(cross["remedy"].rpartition("then: ")[2])

    assert doctor() == {}


@pytest.mark.fixed_port
def test_a_board_of_the_future(healthy: None, doctor: Doctor, settings: Settings) -> None:
    future = clock.parse_iso("2099-01-01T00:00:00Z")
    execute(settings.db, "UPDATE competitions SET snapshot_at = ?", clock.iso(future))
    for table in ("snapshots", "entry_history"):
        execute(settings.db, f"UPDATE {table} SET moment = ?", int(future.timestamp()))
    cross = doctor.cross(SLUG)
    assert "2099-01-01T00:00:00Z, in the future" in cross["said"]

    follow(cross["remedy"].rpartition("right: ")[2])

    assert doctor() == {}


def test_a_clock_that_is_not_kaggles(healthy: None, doctor: Doctor, kaggle: KaggleServer) -> None:
    there = format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)
    kaggle.answer(SLUG, Answer(headers={"Date": there, "Content-Type": "application/zip"}, body=b"PK"))
    cross = doctor.cross("Clock")
    assert "behind Kaggle's" in cross["said"]
    assert "timedatectl set-ntp true" in cross["remedy"]

    assert doctor() == {}  # the next answer's Date is this machine's: the clock was set


@pytest.mark.fixed_port
def test_what_is_stale(healthy: None, doctor: Doctor, settings: Settings) -> None:
    execute(
        settings.db, "UPDATE competitions SET synced_at = ?", clock.iso(clock.utc_now() - timedelta(hours=2))
    )
    cross = doctor.cross("Freshness")
    assert cross["said"].startswith("NOT OK: 0 of 1 fresh")

    follow(cross["remedy"])

    assert doctor() == {}


def test_what_is_all_paused(healthy: None, doctor: Doctor, kagsync: Kagsync) -> None:
    kagsync.ok("competitions", "pause", SLUG)
    cross = doctor.cross("Freshness")
    assert cross["remedy"].startswith("kagsync competitions resume")

    follow(cross["remedy"].replace("SLUG", SLUG))

    assert doctor() == {}


def test_a_schedule_that_starts_a_program_that_is_not_there(
    healthy: None, doctor: Doctor, kagsync: Kagsync, crontab: Path
) -> None:
    others = "# mine\n0 3 * * * backup-everything\n"
    crontab.write_text(others)
    kagsync.ok("schedule", "install", "--cron")
    there = re.search(r"\S+(?= sync --all)", crontab.read_text())
    assert there
    crontab.write_text(crontab.read_text().replace(there[0], "/gone/venv/bin/kagsync"))
    cross = doctor.cross("Schedule")
    assert "/gone/venv/bin/kagsync, which is not there" in cross["said"]
    assert "Freshness" in doctor.found

    follow(cross["remedy"])

    assert doctor() == {}
    assert crontab.read_text().startswith(others)
    assert "/gone" not in crontab.read_text()


@pytest.mark.long
@pytest.mark.fixed_port
def test_nothing_is_scheduled(healthy: None, doctor: Doctor, crontab: Path, settings: Settings) -> None:
    execute(settings.db, "DELETE FROM triggers")
    cross = doctor.cross("Schedule")
    assert cross["remedy"] == "kagsync schedule install"

    follow(f"{cross['remedy']} --cron")
    assert "scheduler is running" in doctor.cross("Schedule")["remedy"]  # nothing has run yet

    (job,) = [line for line in crontab.read_text().splitlines() if not line.startswith("#")]
    follow(job.split(maxsplit=5)[5].replace(r"\%", "%"))  # as cron does

    assert doctor() == {}


# Notifications


class _Channel(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def channel() -> Iterator[Callable[[], int]]:
    """Starts a web address that takes messages, on the port that it names beforehand."""
    pytest.importorskip("apprise")
    server = HTTPServer(("127.0.0.1", 0), _Channel, bind_and_activate=False)
    server.server_bind()  # bound and not listening: connections are refused
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)

    def listen() -> int:
        server.server_activate()
        thread.start()
        return int(server.server_port)

    listen.port = server.server_port  # type: ignore[attr-defined]
    yield listen
    if thread.is_alive():
        server.shutdown()
        thread.join()
    server.server_close()


def _move(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, board_csv([Team(9, "New", ("user1",), score="0.99")]), "2025-11-01T00:00:00")


def test_a_channel_that_fails(
    healthy: None, doctor: Doctor, kagsync: Kagsync, kaggle: KaggleServer, channel: Callable[[], int]
) -> None:
    port = channel.port  # type: ignore[attr-defined]
    kagsync.ok("notify", "add", f"json://alice:hunter22pass@127.0.0.1:{port}/hidden-path")
    _move(kaggle)
    kagsync.ok("sync", SLUG, "--accept-shrink")
    cross = doctor.cross("Notifications 1")
    assert "failed 1 time" in cross["said"]
    assert cross["remedy"] == "kagsync notify test 1"
    for secret in ("hunter22pass", "hidden-path"):
        assert secret not in json.dumps(doctor.found)

    channel()
    follow(cross["remedy"])

    assert doctor() == {}


def test_apprise_is_missing(
    healthy: None, doctor: Doctor, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    kagsync.ok("notify", "add", "json://alice:hunter22pass@127.0.0.1:9/hidden-path")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "apprise", None)
        cross = doctor.cross("Notifications 1")
        assert cross["remedy"] == installation.this().add_extra("notify")
        for secret in ("hunter22pass", "hidden-path"):
            assert secret not in json.dumps(doctor.found)

    assert doctor() == {}  # installed


def test_a_channel_that_can_no_longer_be_sent_to(
    healthy: None, doctor: Doctor, kagsync: Kagsync, settings: Settings
) -> None:
    """As one that was added before its login was looked at, or whose package is gone."""
    kagsync.ok("notify", "add", "json://127.0.0.1:9/")
    execute(settings.db, "UPDATE notify_targets SET url = 'mailto://me:hunter@22pass@example.com'")
    cross = doctor.cross("Notifications 1")
    assert "write @ as %40" in cross["remedy"]
    assert "22pass" not in json.dumps(doctor.found)


def test_a_channel_for_a_group_in_which_nobody_is(healthy: None, doctor: Doctor, kagsync: Kagsync) -> None:
    kagsync.ok("users", "add", "user0", "--group", "a b")
    kagsync.ok("notify", "add", "json://127.0.0.1:9/", "--group", "a b")
    assert doctor() == {}
    kagsync.ok("users", "add", "user0", "--group", "c")
    cross = doctor.cross("Notifications 1")
    assert "nobody is in the group 'a b'" in cross["said"]

    follow(cross["remedy"].replace("USERNAME", "user1"))

    assert doctor() == {}


# The monitor, which is not asked: a request would be a ping


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with Listener() as listener:
        monkeypatch.setenv(pings.VARIABLE, f"http://{listener.address}/ping-s3cret")
        yield listener


@pytest.mark.long
@pytest.mark.fixed_port
def test_what_the_monitor_answered_to_the_last_ping(
    healthy: None, doctor: Doctor, kagsync: Kagsync, monitor: Listener
) -> None:
    doctor()
    assert doctor.found["Monitor"]["ok"] is None
    assert doctor.found["Monitor"]["said"] == "no run has sent a ping yet"
    kagsync.ok("sync", "--all")
    asked = len(monitor.heard)
    doctor()
    assert doctor.found["Monitor"]["ok"] is True
    assert doctor.found["Monitor"]["said"] == "the last ping was sent just now, and the monitor accepted it"
    assert len(monitor.heard) == asked

    monitor.status = 404
    kagsync.ok("sync", "--all")
    cross = doctor.cross("Monitor")
    assert cross["said"] == "the last ping was sent just now: the monitor answered HTTP 404"
    assert "ping-s3cret" not in json.dumps(doctor.found)

    monitor.status = 200
    follow(cross["remedy"].partition(", then: ")[2])
    assert doctor() == {}


def test_what_cron_was_answered_shows_also_where_the_variable_is_not_set(
    healthy: None, doctor: Doctor, kagsync: Kagsync, monitor: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor.status = 410
    kagsync.ok("sync", "--all")
    monkeypatch.delenv(pings.VARIABLE)
    assert "HTTP 410" in doctor.cross("Monitor")["said"]


def test_a_monitor_of_which_cron_does_not_know(
    healthy: None, doctor: Doctor, kagsync: Kagsync, monitor: Listener, settings: Settings
) -> None:
    kagsync.ok("sync", "--all")
    execute(settings.db, "UPDATE pings SET at = '2025-01-01T00:00:00Z'")
    cross = doctor.cross("Monitor")
    assert "the last run by cron (just now) sent none" in cross["said"]
    assert "kagsync schedule install" in cross["remedy"]


def test_a_monitors_address_that_is_none(
    healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pings.VARIABLE, "hc-ping.com/ping-s3cret")
    assert doctor.cross("Monitor")["said"] == "KAGSYNC_PING_URL is not an http or https URL"
    assert "ping-s3cret" not in json.dumps(doctor.found)


def test_others_can_read_the_addresses_of_channels(
    healthy: None, doctor: Doctor, kagsync: Kagsync, settings: Settings
) -> None:
    pytest.importorskip("apprise")
    kagsync.ok("notify", "add", "json://127.0.0.1:9/")
    assert doctor() == {}
    settings.db.chmod(0o644)
    cross = doctor.cross("Private")

    follow(cross["remedy"])

    assert doctor() == {}
    assert settings.db.stat().st_mode & 0o007 == 0


def test_a_channel_in_a_variable_puts_no_address_into_the_database(
    healthy: None, doctor: Doctor, kagsync: Kagsync, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    monkeypatch.setenv("CLASS_URL", "json://127.0.0.1:9/")
    kagsync.ok("notify", "add", "env:CLASS_URL")
    settings.db.chmod(0o644)

    assert doctor() == {}


# It changes nothing


def older(db: Path) -> None:
    shutil.copy(DATABASES / "schema-1.db", db)


def restored(db: Path) -> None:
    execute(db, "PRAGMA journal_mode = DELETE")


def left_by_a_killed_writer(db: Path) -> None:
    with contextlib.closing(sqlite3.connect(db)) as writer:
        writer.execute("UPDATE users SET name = 'in the wal'")
        writer.commit()
        left = {part: db.with_name(f"{db.name}-{part}").read_bytes() for part in ("wal", "shm")}
        whole = db.read_bytes()
    db.write_bytes(whole)
    for part, content in left.items():
        db.with_name(f"{db.name}-{part}").write_bytes(content)


@pytest.mark.parametrize("made", [older, restored, left_by_a_killed_writer])
@pytest.mark.parametrize("with_locks", [True, False], ids=["with locks", "without locks"])
def test_the_database_and_its_folder_stay_as_they_are(
    made: Callable[[Path], None], with_locks: bool, kagsync: Kagsync, tmp_path: Path, monkeypatch: Any
) -> None:
    db = tmp_path / "place" / "kagsync.db"
    monkeypatch.setenv("KAGSYNC_DB", str(db))
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "user0")
    made(db)
    if not with_locks:
        shutil.rmtree(db.with_name("kagsync.db-locks"))
    before = contents(db.parent)

    ran = kagsync("doctor")

    assert ran.code == 1  # nothing is scheduled
    assert f"✓ Database: {db}" in ran.out
    assert contents(db.parent) == before


def test_an_older_database_is_examined_and_not_updated(
    doctor: Doctor, kagsync: Kagsync, settings: Settings
) -> None:
    older(settings.db)

    doctor()

    assert doctor.found["Database"]["ok"]
    assert f"schema 1, which the next run updates to {migrations.LATEST}" in doctor.found["Database"]["said"]
    assert "Freshness" in doctor.found
    kagsync.ok("show")
    doctor()
    assert doctor.found["Database"]["said"].endswith(f"schema {migrations.LATEST}")


# It outlives what it finds


def test_a_file_of_certificates_that_is_not_there(
    healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    cross = doctor.cross("Certificates")
    assert str(tmp_path / "gone.pem") in cross["said"]
    assert "unset REQUESTS_CA_BUNDLE" in cross["remedy"]
    assert {"Database", "Kaggle", SLUG, "Schedule"} <= set(doctor.found)


def test_certificates_that_are_not_there_end_no_check_of_the_real_kaggle(
    healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # requests looks for the file before it connects, so nothing leaves this machine.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "PROD")
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    crosses = doctor()
    assert "Certificates" in crosses
    assert "gone.pem" in (crosses.get("Kaggle") or crosses[SLUG])["said"]
    assert doctor.found.get("Kaggle", {}).get("said") != "answers"
    assert doctor.found["Schedule"]["ok"]


@pytest.mark.long
def test_kaggles_sdk_is_missing(healthy: None, tmp_path: Path) -> None:
    # A folder that is looked in first, with a package of this name that cannot be imported.
    (tmp_path / "kagglesdk").mkdir()
    (tmp_path / "kagglesdk" / "__init__.py").write_text("raise ModuleNotFoundError('gone')")
    (tmp_path / "kagglesdk" / "competitions").mkdir()

    ran = run("doctor", "--format", "json", PYTHONPATH=str(tmp_path))

    found = {check["about"]: check for check in json.loads(ran.out)["checks"]}
    assert ran.err == ""
    assert "kagglesdk cannot be imported" in found["Packages"]["said"]
    assert found["Packages"]["remedy"] == installation.this().reinstall()
    assert "kagglesdk" in found["Kaggle"]["said"]
    assert found["Kaggle"]["remedy"] == installation.this().reinstall()
    assert found["Database"]["ok"] and found["Schedule"]["ok"]


@pytest.mark.parametrize(("package", "version"), [("kagglesdk", "0.1.2"), ("pandas", "2.9.9rc1")])
def test_a_package_that_is_too_old(
    package: str, version: str, healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: version if name == package else real(name)
    )
    cross = doctor.cross("Packages")
    assert f"{package} {version} is too old" in cross["said"]
    assert cross["remedy"] == installation.this().reinstall()


@pytest.mark.parametrize(
    ("name", "value"),
    [("KAGSYNC_JOBS", "many"), ("KAGSYNC_TEAM_NAME", "maybe"), ("KAGSYNC_DB", "~no-such-user/x")],
)
def test_a_setting_that_makes_no_sense(
    name: str, value: str, healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    cross = doctor()["Settings"]
    assert name in cross["said"] + cross["remedy"]
    assert ("Database" in doctor.found) == (name != "KAGSYNC_DB")
    assert {"Kaggle's key", "Kaggle", "Schedule"} <= set(doctor.found)


@pytest.mark.long
@pytest.mark.parametrize("named", [True, False], ids=["--db", "no --db"])
def test_without_a_home_and_a_passwd_entry_the_other_checks_go_on(
    named: bool, nobody: list[str], tmp_path: Path
) -> None:
    words = ["doctor", *(["--db", str(tmp_path / "kagsync.db")] if named else [])]
    ran = process(*words, before=nobody, without=("HOME", "KAGSYNC_DB", "KAGSYNC_TEMP_DIR"), cwd=Path("/"))
    assert (ran.code, ran.err) == (1, "")
    assert (
        f"✗ {'Folder of downloads' if named else 'Settings'}: no home folder is known\n  → Set HOME"
        in ran.out
    )
    assert ("✗ Database: there is no database" in ran.out) == named
    for about in ("Packages", "kaggle command", "Kaggle's key", "Schedule"):
        assert f" {about}: " in ran.out


def test_a_check_that_fails_itself_is_a_cross(
    healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by chance")

    monkeypatch.setattr("kagsync.queries.status.status", broken)
    cross = doctor.cross("Database", others=("Schedule",))  # which cannot know the last runs
    assert "ZeroDivisionError in test_doctor.py" in cross["said"]
    assert {"Kaggle's key", "Kaggle"} <= set(doctor.found)


def test_a_database_that_another_program_has_for_itself(
    healthy: None, doctor: Doctor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kagsync.store.opening.BUSY_TIMEOUT", 0.2)
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.executescript('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE'); print(flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(settings.db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        cross = doctor.cross("Database", others=("Schedule",))
        assert "locked by another program" in cross["said"]
        holder.communicate()
    assert doctor() == {}


def closed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the right to write a file, which rights do not take from root."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != file and real(path, mode))


@pytest.mark.parametrize("part", ["", "-wal", "-shm"])
def test_a_database_that_may_not_be_written(
    part: str, healthy: None, doctor: Doctor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings.db.with_name(settings.db.name + part)
    file.touch()
    closed(file, monkeypatch)
    cross = doctor.cross("Database")
    assert f"{file} may not be written" in cross["said"]
    assert cross["remedy"] == f"chmod u+w {file}"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_what_another_user_left_beside_the_database_is_to_be_taken_over(
    healthy: None, doctor: Doctor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wal = settings.db.with_name(f"{settings.db.name}-wal")
    wal.write_bytes(b"changes")
    os.chown(wal, 54321, 54321)
    closed(wal, monkeypatch)
    assert doctor.cross("Database")["remedy"] == f"sudo chown {os.getuid()} {wal}"


@pytest.mark.parametrize("kind", ["a folder", "closed"])
def test_a_log_file_that_cannot_be_written(
    kind: str, healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "kagsync.log"
    monkeypatch.setenv("KAGSYNC_LOG_FILE", str(file))
    assert doctor() == {}
    if kind == "closed":
        file.touch()
        closed(file, monkeypatch)
    else:
        file.mkdir()
    cross = doctor.cross("Log file")
    assert str(file) in cross["said"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and links")
def test_a_log_that_goes_to_a_stream(
    healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "link.log").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "pipe")
    for file in ("/dev/null", "link.log", "pipe"):
        monkeypatch.setenv("KAGSYNC_LOG_FILE", str(tmp_path / file))
        assert doctor() == {}


def test_a_schedule_that_starts_a_program_in_a_cache(
    healthy: None, doctor: Doctor, crontab: Path, kagsync: Kagsync, tmp_path: Path
) -> None:
    kagsync.ok("schedule", "install", "--cron")
    program = tmp_path / "cache" / "archive" / "bin" / "kagsync"
    program.parent.mkdir(parents=True)
    program.touch()
    (tmp_path / "cache" / "CACHEDIR.TAG").touch()
    there = re.search(r"\S+(?= sync --all)", crontab.read_text())
    assert there
    crontab.write_text(crontab.read_text().replace(there[0], str(program)))
    cross = doctor.cross("Schedule")
    assert "is in a cache" in cross["said"]
    assert "kagsync schedule install" in cross["remedy"]


# What holds whatever is broken


def test_a_package_that_is_broken(healthy: None, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setitem(sys.modules, "plotille", None)
        cross = doctor.cross("Packages")
        assert "plotille cannot be imported" in cross["said"]
        assert cross["remedy"] == installation.this().reinstall()

    assert doctor() == {}


@pytest.mark.long
@pytest.mark.fixed_port
def test_no_secret_leaves_and_no_traceback_shows(
    healthy: None,
    kaggle: KaggleServer,
    kagsync: Kagsync,
    key: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    pytest.importorskip("apprise")
    ping = "http://127.0.0.1:9/ping-secret-uuid"
    monkeypatch.setenv("KAGSYNC_PING_URL", ping)
    kagsync.ok("notify", "add", "json://alice:hunter22pass@127.0.0.1:9/hidden-path?+X-Key=hidden-header")
    kagsync.ok("schedule", "install", "--cron")
    _move(kaggle)
    kagsync.ok("sync", SLUG, "--accept-shrink", "-q")
    key.chmod(0o644)
    kaggle.answer(SLUG, *[kaggle_error(401, f"Bad token {TOKEN}")] * 3)

    said = ""
    for words in (["doctor", "-q"], ["doctor", "--format", "json"], ["doctor", "-v"]):
        ran = run(*words) if "-v" in words else kagsync(*words)
        assert ran.code == 1, ran
        assert "\x1b" not in ran.out + ran.err
        if "-v" not in words:
            assert ran.err == ""
        said += ran.out + ran.err

    assert "Traceback" not in said
    for secret in (TOKEN, "hunter22pass", "hidden-path", "hidden-header", "ping-secret-uuid"):
        assert secret not in said, secret


def test_hostile_text_is_harmless(healthy: None, kagsync: Kagsync, settings: Settings) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\u202eevil\n✓ forged"
    execute(settings.db, "UPDATE competitions SET slug = ?, title = ?", hostile, hostile)
    execute(
        settings.db,
        "INSERT INTO triggers VALUES ('cron\x1b[2J', ?, ?, ?, 0)",
        hostile,
        *["2025-01-01T00:00:00Z"] * 2,
    )

    ran: Ran = kagsync("doctor")

    assert not set("\x1b\x07\u202e") & set(ran.out + ran.err)
    assert not any(line.startswith("✓ forged") for line in ran.out.splitlines())


@pytest.mark.long
@pytest.mark.fixed_port
def test_who_stops_reading_gets_no_complaint(healthy: None) -> None:
    with start("doctor") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_a_store_held_by_a_writer_can_be_looked_at(healthy: None, doctor: Doctor, settings: Settings) -> None:
    with Store.open(settings.db, settings.locks) as store, store.writing():
        assert doctor() == {}
