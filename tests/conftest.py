"""What all tests share: a home of their own, the command line in this process or another, real stores."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kaggle_server import ENVIRONMENT, KaggleServer

from kagsync import log
from kagsync.cli import main
from kagsync.settings import Settings
from kagsync.store import Store
from kagsync.store.records import Competition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests with a Kaggle first, so that one worker has most of them.

    The SDK fixes its port, so there is one Kaggle at a time on a machine, and others wait for it.
    """

    def without_kaggle(item: pytest.Item) -> bool:
        named = {"kaggle", "anonymous"} & set(getattr(item, "fixturenames", ()))
        return not (named or hasattr(getattr(item, "module", None), "KaggleServer"))

    items.sort(key=without_kaggle)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is empty and not the developer's: no test touches a real database or credential."""
    for name in list(os.environ):
        if name.startswith(("KAGSYNC_", "KAGGLE_", "XDG_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name, value in ENVIRONMENT.items():  # never production
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAGSYNC_DB", str(tmp_path / "kagsync.db"))
    monkeypatch.setenv("KAGSYNC_TEMP_DIR", str(tmp_path / "cache"))
    return home


@pytest.fixture(autouse=True)
def quiet_log() -> None:
    """The log as a command without options sets it up: an earlier test may have asked for -v."""
    log.configure()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings that the environment of `home` gives."""
    return Settings(db=tmp_path / "kagsync.db", temp_dir=tmp_path / "cache")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A new, empty database."""
    with Store.open(settings.db, settings.locks, create=True) as store:
        yield store


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleServer]:
    """A loopback Kaggle that accepts the token in the environment."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", "test-token")
    with KaggleServer() as server:
        server.accept(token="test-token")
        yield server


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder for everybody, like /tmp."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o1777)
        yield folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small disk with these options, or changes them."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    place = tmp_path / "disk"

    def mount(options: str) -> Path:
        again = "remount," if place.exists() else ""
        place.mkdir(exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", again + options, "tmpfs", str(place)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode != 0:
            pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.decode()}")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], check=True)


def untracked(slug: str, kaggle_id: str | None = None) -> Competition:
    """A competition that is in no database."""
    unknown = dict.fromkeys(field.name for field in fields(Competition))
    return Competition(
        **unknown | {"id": 1, "slug": slug, "kaggle_competition_id": kaggle_id, "active": True}
    )  # type: ignore[arg-type]


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


class Kagsync:
    """Runs `kagsync` in this process: `kagsync("show", "titanic")`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        code = main.main(list(arguments))
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def ok(self, *arguments: str) -> str:
        """Runs a command that must succeed, and gives its output."""
        ran = self(*arguments)
        assert ran.code == 0, ran
        return ran.out


@pytest.fixture
def kagsync(capsys: pytest.CaptureFixture[str]) -> Kagsync:
    return Kagsync(capsys)


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Starts `python -m kagsync` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "kagsync", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


def run(*arguments: str, **environment: str) -> Ran:
    """Runs `python -m kagsync` as a process of its own."""
    with start(*arguments, **environment) as process:
        out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out, err)


def on_terminal(*words: str, width: int = 80, **environment: str) -> str:
    """What a command of its own writes to a terminal, which also carries its stderr."""
    pty = pytest.importorskip("pty", reason="needs a POSIX terminal")
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        [sys.executable, "-m", "kagsync", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=variables | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1"} | environment,
        start_new_session=True,
    )
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # Linux: nobody has the other end any more
        while piece := os.read(ours, 65536):
            written += piece
    os.close(ours)
    assert process.wait(timeout=60) == 0, written
    return written.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    """Terminal output without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


BOARDS = Path(__file__).parent.parent.parent / "shared" / "boards"


@pytest.fixture
def real_boards() -> Path:
    """Real leaderboards, where they are at hand; they are people's, so they are no part of the project."""
    if not BOARDS.is_dir():
        pytest.skip("no real boards in ../shared/boards")
    return BOARDS
