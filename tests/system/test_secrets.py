"""No key, token or login appears anywhere but where it was: not on screen, in files, nor in `ps`."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world.boards import board_csv, many_teams
from world.kaggle_server import (
    OAUTH_ACCESS_TOKEN,
    PORT,
    Answer,
    KaggleServer,
    kaggle_error,
    redirect,
    too_many_requests,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world.running import Kagsync

pytestmark = pytest.mark.fixed_port

BOARD = board_csv(many_teams(20))
TOKEN, USERNAME, KEY = "KGAT_s3cret-t0ken", "alice", "0123456789abcdef-s3cret"
REFRESH, OLD_ACCESS = "refresh-s3cret", "old-access-s3cret"
BASIC = base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode()
SECRETS = (TOKEN, KEY, REFRESH, OLD_ACCESS, OAUTH_ACCESS_TOKEN, BASIC)

ANSWERS = {
    "good": None,
    "refused": kaggle_error(401, "Unauthenticated"),
    "error": kaggle_error(500, "oops"),
    "reset": Answer(misbehave="reset"),
    "limited": too_many_requests("3600"),
    "page": Answer(headers={"Content-Type": "application/zip"}, body=b"no ZIP"),
}

# A process like any other, but one that does not wait seconds between two tries.
IMPATIENT = [
    sys.executable,
    "-c",
    "from kagsync import __main__; from kagsync.kaggle import retry; "
    "retry.DEFAULT = retry.RetryPolicy(pause=(0, 0.01)); __main__.run()",
]


@dataclass(frozen=True)
class Login:
    """A kind of credentials: variables, and a file in `~/.kaggle`."""

    variables: dict[str, str] = field(default_factory=dict)
    name: str = ""
    content: str = ""

    def put(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path | None:
        for name, value in self.variables.items():
            monkeypatch.setenv(name, value.replace("~", str(home)))
        if not self.name:
            return None
        path = home / ".kaggle" / self.name
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.content)
        path.chmod(0o600)
        return path


LATER, EARLIER = "2999-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00"


def _oauth(expiration: str) -> str:
    return json.dumps(
        {
            "refresh_token": REFRESH,
            "access_token": OLD_ACCESS,
            "access_token_expiration": expiration,
            "username": USERNAME,
        }
    )


LOGINS = {
    "token": Login({"KAGGLE_API_TOKEN": TOKEN}),
    "path to a token": Login({"KAGGLE_API_TOKEN": "~/.kaggle/mine"}, "mine", TOKEN),
    "access_token": Login({}, "access_token", f"{TOKEN}\n"),
    "key": Login({"KAGGLE_USERNAME": USERNAME, "KAGGLE_KEY": KEY}),
    "kaggle.json": Login({}, "kaggle.json", json.dumps({"username": USERNAME, "key": KEY})),
    "OAuth": Login({}, "credentials.json", _oauth(LATER)),
    "OAuth that has expired": Login({}, "credentials.json", _oauth(EARLIER)),
}


@pytest.fixture
def kaggle() -> Iterator[KaggleServer]:
    with KaggleServer(PORT) as server:
        server.accept(token=TOKEN)
        server.accept(token=OLD_ACCESS)
        server.accept(username=USERNAME, key=KEY)
        server.accept_refresh(REFRESH)
        for slug, answer in ANSWERS.items():
            server.board(slug, BOARD)
            if answer is not None:
                server.answer(slug, *[answer] * 4)
        yield server


def cmdlines(pid: int) -> bytes:
    """The arguments of a process and its children."""
    told = Path(f"/proc/{pid}/cmdline").read_bytes()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        told += b"".join(cmdlines(int(child)) for child in children.read_text().split())
    return told


def assert_no_secret(where: str, content: bytes | str) -> None:
    data = content.encode() if isinstance(content, str) else content
    for secret in SECRETS:
        assert secret.encode() not in data, f"{secret} in {where}"


def run_and_look(kaggle: KaggleServer, folder: Path, *words: str) -> tuple[int, str]:
    """Runs a command and looks for secrets wherever it left something: its code and its stderr."""
    before = len(kaggle.requests)
    with subprocess.Popen(
        [*IMPATIENT, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        while len(kaggle.requests) == before and process.poll() is None:
            time.sleep(0.01)
        if sys.platform == "linux" and process.poll() is None:
            assert_no_secret("the arguments", cmdlines(process.pid))
        out, err = process.communicate(timeout=60)
    assert_no_secret("stdout", out)
    assert_no_secret("stderr", err)
    for path in folder.rglob("*"):
        if path.is_file() and ".kaggle" not in path.parts:
            assert_no_secret(str(path), path.read_bytes())
    return process.returncode, err


@pytest.mark.long
@pytest.mark.parametrize("kind", LOGINS)
def test_no_secret_appears_whatever_kaggle_answers(
    kaggle: KaggleServer,
    kagsync: Kagsync,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    kagsync.ok("competitions", "add", *ANSWERS)
    kagsync.ok("users", "add", "user1")
    LOGINS[kind].put(home, monkeypatch)
    kaggle.latency = 0.1

    log_file = tmp_path / "logs" / "kagsync.log"
    code, err = run_and_look(
        kaggle, tmp_path, "sync", "--all", "--jobs", "6", "-v", "--log-file", str(log_file)
    )

    assert code == 1
    assert err.count("ERROR kagsync: ") == len(ANSWERS) - 1
    assert "Traceback" in err  # -v: that is where a secret could be
    assert kaggle.requests[-1].authorization is not None
    assert "Kaggle refused the credentials" in log_file.read_text()
    assert (tmp_path / "kagsync.db").is_file()


@pytest.mark.long
@pytest.mark.parametrize(
    "answer",
    [
        kaggle_error(401, f"No such token: {REFRESH}"),
        kaggle_error(500, f"Broken: {REFRESH}"),
        Answer(misbehave="reset"),
        Answer(body=b"<html>"),
    ],
    ids=["401", "500", "reset", "page"],
)
def test_a_login_that_cannot_be_renewed_is_not_told_either(
    kaggle: KaggleServer,
    kagsync: Kagsync,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
) -> None:
    kagsync.ok("competitions", "add", "good")
    path = LOGINS["OAuth that has expired"].put(home, monkeypatch)
    kaggle.answer("", answer, call="GenerateAccessToken")

    code, err = run_and_look(kaggle, tmp_path, "sync", "good", "-v")

    assert code in (1, 3, 4)
    assert "ERROR kagsync: " in err
    assert path is not None
    assert json.loads(path.read_text())["refresh_token"] == REFRESH


@pytest.mark.long
@pytest.mark.parametrize("kind", ["token", "key", "OAuth"])
def test_adding_and_fetching_tell_no_secret(
    kaggle: KaggleServer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    LOGINS[kind].put(home, monkeypatch)
    kaggle.answer("good", kaggle_error(401, "no"), call="GetCompetition")
    kaggle.answer("good", redirect(kaggle.storage_url("good")), redirect("http://127.0.0.1:9/"))

    for words, code in (
        (["competitions", "add", "good", "-v"], 0),
        (["fetch", "good", "-v"], 0),
        (["sync", "good", "-v"], 0),  # nobody listens at port 9; the next try is answered
    ):
        assert run_and_look(kaggle, tmp_path, *words)[0] == code
    assert [r.authorization for r in kaggle.requests if r.call == "storage"] == [None]


LONG_TOKEN = "eyJ" + "s3cret-jwt" * 60


@pytest.mark.long
def test_a_token_longer_than_a_files_name_may_be_is_a_token(
    kaggle: KaggleServer, kagsync: Kagsync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("competitions", "add", "good")
    monkeypatch.setenv("KAGGLE_API_TOKEN", LONG_TOKEN)
    kaggle.accept(token=LONG_TOKEN)

    code, err = run_and_look(kaggle, tmp_path, "sync", "good", "-v")

    assert LONG_TOKEN not in err
    assert code == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("access_token", f"{TOKEN}\n{KEY}"),
        ("kaggle.json", f'{{"username": "alice", "key": "{KEY}"'),
        ("kaggle.json", f'{{"username": "alice", "key": ["{KEY}"]}}'),
        ("kaggle.json", f'["{KEY}"]'),
        ("kaggle.json", KEY),
        ("credentials.json", f'{{"refresh": "{REFRESH}"}}'),
        ("credentials.json", f'{{"refresh_token": ["{REFRESH}"], "access_token": ["{OLD_ACCESS}"]}}'),
    ],
)
def test_a_malformed_file_is_not_quoted(
    kaggle: KaggleServer, kagsync: Kagsync, home: Path, tmp_path: Path, name: str, content: str
) -> None:
    kagsync.ok("competitions", "add", "good")
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / name).write_text(content)

    ran = kagsync("sync", "good", "-v", "--log-file", str(tmp_path / "log"))

    assert ran.code == 3
    assert_no_secret("stdout and stderr", ran.out + ran.err)
    assert_no_secret("the log", (tmp_path / "log").read_bytes())


# Files that others can read


WARNING = "Others on this machine can read"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX rights")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604], ids=oct)
@pytest.mark.parametrize("kind", ["path to a token", "access_token", "kaggle.json", "OAuth"])
def test_a_file_that_others_can_read_is_warned_about_exactly_once(
    kaggle: KaggleServer,
    kagsync: Kagsync,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    mode: int,
) -> None:
    kagsync.ok("competitions", "add", "good")
    path = LOGINS[kind].put(home, monkeypatch)
    assert path is not None
    path.chmod(mode)

    told = [kagsync(*words).err for words in (["sync", "--all", "-q"], ["sync", "good"], ["fetch", "good"])]

    assert [err.count(WARNING) for err in told] == [1, 0, 0]
    assert f"chmod 600 {path}" in told[0]
    assert kagsync("sync", "--all", "-q").err == ""


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX rights")
def test_the_warning_comes_once_also_from_processes_that_start_together(
    kaggle: KaggleServer, kagsync: Kagsync, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("competitions", "add", "good")
    path = LOGINS["access_token"].put(home, monkeypatch)
    assert path is not None
    path.chmod(0o644)

    processes = [
        subprocess.Popen(
            [*IMPATIENT, "sync", "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = "".join(process.communicate(timeout=60)[1] for process in processes)

    assert told.count(WARNING) == 1


@pytest.mark.parametrize("kind", [kind for kind in LOGINS if LOGINS[kind].name])
def test_a_file_of_its_owner_alone_is_fine(
    kaggle: KaggleServer, kagsync: Kagsync, home: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    kagsync.ok("competitions", "add", "good")
    path = LOGINS[kind].put(home, monkeypatch)

    assert path is not None
    for _ in range(2):
        assert kagsync("sync", "--all", "-q").err == ""
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_used_is_not_warned_about(
    kaggle: KaggleServer, kagsync: Kagsync, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("competitions", "add", "good")
    path = LOGINS["kaggle.json"].put(home, monkeypatch)
    assert path is not None
    path.chmod(0o644)
    LOGINS["token"].put(home, monkeypatch)

    assert kagsync("sync", "--all", "-q").err == ""
