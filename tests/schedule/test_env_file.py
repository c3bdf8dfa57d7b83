"""The file with the secrets of scheduled runs: private, checked when it is read, and shown by nothing."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from test_schedule import Crontab, command, crontab, real_crontab
from world.listeners import Listener
from world.running import run, start

from kagsync import clock, secrecy
from kagsync.doctor import schedule
from kagsync.doctor.checks import Found
from kagsync.errors import ConfigurationError, KagsyncError
from kagsync.schedule import cron, env_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.store import Store

__all__ = ["command", "crontab", "real_crontab"]

URL, PROXY = "https://hc.example/s3cret-uuid", "http://user:pr0xy-s3cret@proxy.example:3128"

if sys.platform == "win32":
    pytest.skip("needs POSIX rights", allow_module_level=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "cron.env"


@pytest.fixture
def monitor() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


# The file


@pytest.mark.parametrize("umask", [0, 0o077])
def test_it_is_private_from_the_first_byte_and_comes_back_as_it_was(
    file: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"KAGSYNC_PING_URL": f"{URL}?a=b#c d'\"%$", "HTTPS_PROXY": "http://Zoë:梯度@h:1"}
    seen: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(os.fstat(handle).st_mode & 0o777))
    old = os.umask(umask)
    try:
        env_file.write(file, values)
    finally:
        os.umask(old)

    assert seen == [0o600]
    assert file.stat().st_mode & 0o777 == 0o600
    assert env_file.read(file) == values
    assert [path.name for path in file.parent.iterdir()] == ["cron.env"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write(file, {"KAGSYNC_PING_URL": URL})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KagsyncError, match="the disk is full"):
        env_file.write(file, {"KAGSYNC_PING_URL": "https://other"})

    assert env_file.read(file) == {"KAGSYNC_PING_URL": URL}
    assert [path.name for path in file.parent.iterdir()] == ["cron.env"]


@pytest.mark.parametrize("line", ["PATH=/s3cret", "s3cret", "export KAGSYNC_PING_URL=s3cret", "=s3cret"])
def test_a_line_that_does_not_belong_there_is_named_and_not_quoted(line: str, file: Path) -> None:
    env_file.write(file, {"KAGSYNC_PING_URL": URL})
    file.write_text(f"{file.read_text()}\n{line}\n")

    with pytest.raises(ConfigurationError) as caught:
        env_file.read(file)

    assert f"line 4 of {file}" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("what", ["missing", "pipe", "folder", "no text"])
def test_what_cannot_be_read_is_a_warning_and_the_run_goes_on(
    what: str, file: Path, kagsync: Kagsync, store: Store
) -> None:
    file.parent.mkdir()
    if what == "pipe":
        os.mkfifo(file)
    elif what == "folder":
        file.mkdir()
    elif what == "no text":
        file.write_bytes(b"\xff\xfe")

    ran = kagsync("sync", "--all", "-q", "--env-file", str(file))

    assert ran.code == 0
    assert ran.err.startswith("WARNING kagsync: ")
    assert str(file) in ran.err
    assert "this run lacks its variables" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write(file, {"KAGSYNC_PING_URL": URL})
    os.chown(file, 54322, 54322)

    (warning,) = env_file.load(file)

    assert "belongs to another user" in warning
    assert "KAGSYNC_PING_URL" not in os.environ


def test_a_file_that_others_can_read_is_closed_with_a_warning(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_PING_URL", "")  # restores it afterwards
    monkeypatch.delenv("KAGSYNC_PING_URL")
    env_file.write(file, {"KAGSYNC_PING_URL": URL})
    file.chmod(0o644)

    (warning,) = env_file.load(file)

    assert f"Others could read {file} until now" in warning
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.environ["KAGSYNC_PING_URL"] == URL
    assert env_file.load(file) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to a group")
def test_a_file_of_root_may_be_for_a_group(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_PING_URL", URL)
    env_file.write(file, {"KAGSYNC_PING_URL": URL})
    os.chown(file, 0, 54321)
    file.chmod(0o640)
    assert env_file.load(file) == []
    file.chmod(0o644)
    assert len(env_file.load(file)) == 1
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_gone_is_told(
    crontab: Crontab, kagsync: Kagsync, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_PING_URL", URL)
    kagsync.ok("schedule", "install", "--cron")
    assert "Secrets of" in kagsync("schedule", "status").out
    (home / ".config/kagsync/cron.env").unlink()
    said = kagsync("schedule", "status").out
    assert "so scheduled runs lack their secrets" in said
    checks = schedule.unattended(Found(), clock.utc_now())
    (private,) = [check for check in checks if check.about == "Private"]
    assert not private.ok
    assert "cron.env" in private.said


def test_a_variable_that_is_set_beats_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_PING_URL", "https://set")
    env_file.write(file, {"KAGSYNC_PING_URL": URL})
    env_file.load(file)
    assert os.environ["KAGSYNC_PING_URL"] == "https://set"


# The schedule


@pytest.mark.long
def test_a_scheduled_run_has_the_secret_and_nobody_sees_it(
    crontab: Crontab, kagsync: Kagsync, store: Store, monitor: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_PING_URL", f"http://{monitor.address}/s3cret-uuid")
    out = kagsync.ok("schedule", "install", "--cron")
    monkeypatch.delenv("KAGSYNC_PING_URL")

    words = shlex.split(crontab.job)
    arguments = words[words.index("sync") :]
    monitor.manner = "hang"  # so that there is time to look
    with start(*arguments) as process:
        monitor.wait_for(1)
        seen = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True
        )
        monitor.manner = "answer"
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert [heard.path.partition("?")[0] for heard in monitor.heard] == ["/s3cret-uuid/start", "/s3cret-uuid"]
    for shown in (seen.stdout, out, (crontab.content or b"").decode(), kagsync("schedule", "status").out):
        assert "s3cret" not in shown
    assert "--env-file" in seen.stdout


def test_install_renews_and_drops_what_is_stale_and_remove_deletes(
    crontab: Crontab, kagsync: Kagsync, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / ".config/kagsync/cron.env"
    monkeypatch.setenv("KAGSYNC_PING_URL", URL)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    kagsync.ok("schedule", "install", "--cron")
    assert env_file.names(file) == ["KAGSYNC_PING_URL", "HTTPS_PROXY"]

    monkeypatch.delenv("HTTPS_PROXY")
    assert "No longer carried over, because not set here: HTTPS_PROXY\n" in kagsync.ok("schedule", "install")
    assert env_file.names(file) == ["KAGSYNC_PING_URL"]

    assert kagsync.ok("schedule", "remove") == "Removed from cron\n"
    assert not file.exists()

    kagsync.ok("schedule", "install", "--cron")
    monkeypatch.delenv("KAGSYNC_PING_URL")
    kagsync.ok("schedule", "install", "--cron")
    assert not file.exists()
    assert "--env-file" not in crontab.job


def test_a_schedule_that_cannot_be_installed_leaves_no_secrets(
    command: object, kagsync: Kagsync, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("crontab", "#!/bin/sh\n[ $1 = -l ] && echo 'no crontab for me' >&2\nexit 1\n")  # type: ignore[operator]
    monkeypatch.setenv("KAGSYNC_PING_URL", URL)
    assert kagsync("schedule", "install", "--cron").code == 3
    assert not (home / ".config/kagsync/cron.env").exists()


def test_an_older_schedule_with_the_secret_goes_on_and_status_says_how_to_move_it(
    crontab: Crontab, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = f"HOME=/h KAGSYNC_PING_URL={URL} HTTPS_PROXY=http://plain:3128"
    job = f"*/5 * * * * env {variables} {sys.executable} -m kagsync sync --all\n"
    crontab.content = f"{cron.BEGIN}\n{job}{cron.END}\n".encode()

    text = kagsync("schedule", "status").out

    assert "cron's entry holds KAGSYNC_PING_URL, which is secret" in text
    assert "kagsync schedule install" in text
    assert "s3cret" not in text
    private, *_ = schedule.unattended(Found(), clock.utc_now())
    assert (private.about, private.ok) == ("Private", False)
    assert "KAGSYNC_PING_URL" in private.said
    assert private.remedy == "Set them in your shell and run: kagsync schedule install"
    monkeypatch.setenv("KAGSYNC_PING_URL", URL)
    kagsync.ok("schedule", "install")
    assert "is secret" not in kagsync("schedule", "status").out


def test_an_older_unit_of_systemd_is_told_too(kagsync: Kagsync, home: Path) -> None:
    folder = home / ".config/systemd/user"
    folder.mkdir(parents=True)
    (folder / "kagsync.timer").write_text("[Timer]\nOnCalendar=*:0/5\n")
    lines = f'ExecStart=/k sync\nEnvironment=HOME=/h\nEnvironment="KAGSYNC_PING_URL={URL}?a b"\n'
    (folder / "kagsync.service").write_text(f"[Service]\n{lines}")

    text = kagsync("schedule", "status").out

    assert "systemd's entry holds KAGSYNC_PING_URL, which is secret" in text
    assert "s3cret" not in text


def test_a_secret_with_a_character_that_no_file_holds_is_refused_without_it(
    crontab: Crontab, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_PING_URL", f"{URL}\nPATH=/x")
    ran = kagsync("schedule", "install", "--cron")
    assert ran.code == 3
    assert "KAGSYNC_PING_URL has a character" in ran.err
    assert "s3cret" not in ran.err
    assert not crontab.content


# What is secret, and texts without it


@pytest.mark.parametrize(
    ("proxy", "secret"),
    [
        ("http://proxy.example:3128", False),
        ("proxy.example:3128", False),
        ("http://[::1]:3128/", False),
        ("socks5h://10.0.0.1", False),
        (PROXY, True),
        ("user:s3cret", True),
        ("http://user:s3cret:80", True),
        ("http//user:s3cret@host", True),
        ("http://host:3128?token=s3cret", True),
    ],
)
def test_a_proxy_is_public_only_if_it_cannot_have_a_password(proxy: str, secret: bool) -> None:
    assert secrecy.is_secret("HTTPS_PROXY", proxy) is secret


@pytest.mark.parametrize(
    "quoted", [PROXY, "user:pr0xy-s3cret@proxy.example:3128", "'pr0xy-s3cret'", "pr0xy-s3cret@proxy"]
)
def test_errors_and_log_lines_lose_what_is_secret(
    quoted: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kagsync: Kagsync
) -> None:
    from kagsync import log

    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("KAGSYNC_PING_URL", URL)
    cause = ValueError(f"Failed to parse: {quoted} {URL}")
    assert "s3cret" not in str(KagsyncError(str(cause)))
    log.configure(verbose=True)
    try:
        raise KagsyncError("it failed") from cause
    except KagsyncError as error:
        log.failure(error)
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "s3cret" not in shown


def test_a_proxy_of_which_nothing_is_left_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://")
    assert secrecy.redacted("Set it to http://HOST:PORT") == "Set it to http://HOST:PORT"


def test_a_password_that_is_a_usual_word_is_hidden_in_a_login_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:kaggle@proxy:3128")
    assert secrecy.redacted("see ~/.kaggle/access_token") == "see ~/.kaggle/access_token"
    assert "kaggle" not in secrecy.redacted("cannot reach http://me:kaggle@proxy:3128 (me:kaggle@proxy)")


@pytest.mark.long
@pytest.mark.parametrize(
    "proxy", ["http://user:s3cretpw@", "http://user:s3cretpw@[::1", "http//u:s3cretpw@h"]
)
def test_a_malformed_proxy_breaks_no_ping_and_is_not_shown(proxy: str, store: Store) -> None:
    ran = run(
        *("sync", "--all", "-v"),
        KAGSYNC_PING_URL="https://127.0.0.1:9/s3cret-uuid",
        HTTPS_PROXY=proxy,
        NO_PROXY="",
        no_proxy="",
    )
    assert ran.code == 0
    assert "Traceback" not in ran.err
    assert "s3cret" not in ran.out + ran.err
    assert "HTTPS_PROXY is not the URL of a proxy" in ran.err
