"""Two minutes of Debian's real cron: it runs by itself, every minute, and nobody gets a mail.

The daemon runs in a mount namespace in which the spool, cron's own folders, /run and sendmail are the test's,
so that neither this machine's jobs run there nor the test's elsewhere.
"""

from __future__ import annotations

import contextlib
import functools
import getpass
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.boards import Team, board_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store
    from kagsync.store.records import Trigger

pytestmark = pytest.mark.long

SPOOL = "/var/spool/cron/crontabs"
SLUG = "titanic"
FIRST, SECOND = "2025-10-31T12:00:00", "2025-10-31T12:01:00"
CONTROL = """\
# what prints is mailed
* * * * * echo control: this is mailed
# CRLF\r
"""

NAMESPACE = """\
set -e
mount --bind {spool} /var/spool/cron/crontabs
mount -t tmpfs tmpfs /run
[ ! -d /etc/cron.d ] || mount -t tmpfs tmpfs /etc/cron.d
[ ! -f /etc/crontab ] || mount --bind /dev/null /etc/crontab
if [ -e /usr/sbin/sendmail ]
then mount --bind {sendmail} /usr/sbin/sendmail
else mount -t overlay -o lowerdir={sbin}:/usr/sbin overlay /usr/sbin
fi
exec {words}
"""

SENDMAIL = """\
#!/bin/sh
file=$(mktemp {mails}/XXXXXX.part)
cat > "$file"
mv "$file" "${{file%.part}}.mail"
"""


def why_not() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, for cron and a mount namespace"
    missing = [name for name in ("cron", "crontab", "unshare") if shutil.which(name) is None]
    if missing or not Path(SPOOL).is_dir():
        return f"needs Debian's cron: no {', '.join(missing) or SPOOL}"
    if subprocess.run(["unshare", "-m", "mount", "--bind", "/tmp", SPOOL], capture_output=True).returncode:
        return "no mount namespaces here"
    return ""


class Cron:
    """What is needed to run the daemon, and `crontab`, in namespaces that share a spool."""

    def __init__(self, folder: Path) -> None:
        self.spool, self.mails = folder / "spool", folder / "mails"
        for path in (self.spool, self.mails, folder / "sbin"):
            path.mkdir()
        shutil.chown(self.spool, group=Path(SPOOL).stat().st_gid)
        self.spool.chmod(0o1730)
        self._sendmail = folder / "sbin" / "sendmail"
        self._script(self._sendmail, SENDMAIL.format(mails=shlex.quote(str(self.mails))))

    def _script(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def inside(self, *words: str) -> list[str]:
        """The words that run others with this spool in place of the machine's."""
        setup = NAMESPACE.format(
            spool=shlex.quote(str(self.spool)),
            sendmail=shlex.quote(str(self._sendmail)),
            sbin=shlex.quote(str(self._sendmail.parent)),
            words=shlex.join(words),
        )
        return ["unshare", "-m", "/bin/sh", "-c", setup, "sh"]

    def put_crontab(self, folder: Path) -> None:
        """Writes a `crontab` that is the real one, inside."""
        crontab = shutil.which("crontab")
        assert crontab is not None
        inside = shlex.join(self.inside(crontab)[:-1]).replace(f"exec {crontab}", f'exec {crontab} "$@"')
        folder.mkdir()
        self._script(folder / "crontab", f'#!/bin/sh\nexec {inside} crontab "$@"\n')

    @property
    def crontab(self) -> bytes:
        return (self.spool / getpass.getuser()).read_bytes()

    def mail(self) -> list[str]:
        return [path.read_text() for path in sorted(self.mails.glob("*.mail"))]


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cron:
    if why := why_not():
        pytest.skip(f"the real cron: {why}")
    cron = Cron(tmp_path)
    cron.put_crontab(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return cron


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log file whose name is hard for cron, for the shell, and for those who quote."""
    log = tmp_path / "logs of 100% a\\%b $HOME" / 'it\'s "kagsync" Zoë.log'
    log.parent.mkdir()
    monkeypatch.setenv("KAGSYNC_LOG_FILE", str(log))
    return log


@pytest.fixture
def daemon(debian: Cron) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts cron; it ends with the test."""
    running = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            debian.inside(shutil.which("cron") or "cron", "-f", "-L", "15"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"]},  # what a job needs must be in the crontab
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate(timeout=10)


def board(alice: str) -> bytes:
    teams = [Team(i, f"Team {i}", (f"user{i}",), score=f"0.{99 - i}") for i in range(1, 21)]
    teams.append(Team(100, "Wonderland", ("alice",), score=alice))
    return board_csv(sorted(teams, key=lambda team: team.score, reverse=True))


def wait_for(done: Callable[[], object], what: str, seconds: float, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.1)


@pytest.mark.fixed_port
def test_two_real_minutes_of_cron(
    kaggle: KaggleServer,
    kagsync: Kagsync,
    debian: Cron,
    daemon: Callable[[], subprocess.Popen[str]],
    home: Path,
    log: Path,
    store: Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = home / ".kaggle" / "access_token"
    token.parent.mkdir()
    token.write_text("test-token\n")
    token.chmod(0o600)
    kaggle.competition(SLUG, title="Titanic", deadline="2099-01-01T00:00:00Z")
    kaggle.board(SLUG, board("0.50"), FIRST)
    kagsync.ok("competitions", "add", SLUG)
    kagsync.ok("users", "add", "alice", "user7")
    log.unlink(missing_ok=True)  # what the commands above had to say
    control = CONTROL.encode()
    subprocess.run(["crontab", "-"], input=control, check=True)

    told = kagsync.ok("schedule", "install", "--every", "1m")

    assert told.startswith("Installed: cron runs kagsync every minute, from /")
    assert "Not carried over, because secret: KAGGLE_API_TOKEN" in told
    assert b"test-token" not in debian.crontab
    assert control in debian.crontab
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    assert kagsync("schedule", "status").code == 1
    assert kagsync("status").code == 1

    asked = len(kaggle.downloads())
    process = daemon()
    wait_for(lambda: store.runs.triggers(), "the first run", 100, process)
    assert len(kaggle.downloads()) == asked + 1
    first = store.runs.triggers()[0]
    kaggle.board(SLUG, board("0.955"), SECOND)
    for nth in ("second", "third"):  # what moved, and what did not
        before = store.runs.triggers()
        wait_for(functools.partial(ran_since, store, before), f"the {nth} run", 100, process)
    wait_for(lambda: len(debian.mail()) >= 3, "the control's mails", 30, process)

    # The daemon was there for two minutes, with a run each.
    last = store.runs.triggers()[0]
    assert 110 <= (last.started_at - first.started_at).total_seconds() <= 130
    assert len(kaggle.downloads()) == asked + 3
    process.terminate()
    assert process.communicate(timeout=10) == ("", "")

    # The entries are there, and moved.
    entries = {entry["username"]: entry for entry in json.loads(kagsync.ok("show", SLUG, "--format", "json"))}
    assert {name: (entry["rank"], entry["score"]) for name, entry in entries.items()} == {
        "alice": (4, 0.955),
        "user7": (8, 0.92),
    }
    history = [
        (row["username"], row["rank"])
        for row in json.loads(kagsync.ok("history", SLUG, "alice", "--format", "json"))
    ]
    assert sorted(history) == [("alice", 4), ("alice", 21)]

    # The runs are remembered, and the health commands know.
    with contextlib.closing(sqlite3.connect(settings.db)) as db:
        runs = list(db.execute("SELECT status, created, updated, changed FROM sync_runs ORDER BY id"))
    assert runs[:2] == [("ok", 2, 0, 0), ("ok", 0, 2, 2)]
    assert [status for status, *_ in runs[2:]] == ["unchanged"]
    assert (last.name, last.exit_code) == ("cron", 0)
    assert "kagsync" in last.program
    ran = kagsync("schedule", "status")
    assert ran.code == 0
    assert "(this installation)" in ran.out
    assert "Last run by cron: " in ran.out
    assert kagsync("status").code == 0

    # The log has the contract's lines.
    text = log.read_text()
    assert text.count("Downloaded complete leaderboard: 21 entries") == 3, text
    assert text.count("Database update complete - Created: 2, Updated: 0, Skipped: 19") == 1
    assert text.count("Database update complete - Created: 0, Updated: 2, Skipped: 19") == 1
    assert text.count(f"Synced 2 entries for {SLUG}") >= 2
    assert " ERROR " not in text
    assert " WARNING " not in text

    # Whoever prints is mailed; kagsync is not among them.
    mails = debian.mail()
    assert {body(mail) for mail in mails} == {"control: this is mailed\n"}

    assert kagsync.ok("schedule", "remove") == "Removed from cron\n"
    assert debian.crontab.endswith(control)


def ran_since(store: Store, before: list[Trigger]) -> bool:
    return store.runs.triggers() != before


def body(mail: str) -> str:
    return re.split(r"\n\n", mail, maxsplit=1)[1]
