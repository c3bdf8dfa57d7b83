"""What all tests share: a home of their own, the command line in this process or another, real stores."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings
from world import REAL_BOARDS, database, rights
from world.boards import Team, board_csv
from world.clocked import Clocked
from world.club import Club
from world.kaggle_server import ENVIRONMENT, PORT, KaggleServer, show_to_sdk
from world.network import own as own_network
from world.running import Kagsync

from kagsync import log
from kagsync.doctor import installed
from kagsync.kaggle import retry, watchdog
from kagsync.settings import Settings
from kagsync.store import Store, migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CASES = 2  # of a test that are run by default


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores, since tests also wait: for processes, disks and each other."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Lets the processes that tests start take Ctrl-C, which a shell has its background jobs ignore.

    Sets how many examples Hypothesis tries. They have no deadline.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Otherwise each process that a test starts compiles all modules anew: 0.14 s of CPU.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # The machine may be busy, so an example may take any time.
    for name, examples in (("quick", 25), ("thorough", 150)):
        hypothesis_settings.register_profile(name, max_examples=examples, deadline=None)
    hypothesis_settings.load_profile(config.getoption("--hypothesis-profile") or "quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the tests on the fixed port first: one worker gets most of them, so few wait for another.

    If no file is named, all tests in `system` are long. Of a test with many cases, most are marked `more`:
    all but a few that are spread over them.
    """
    items.sort(key=lambda item: item.get_closest_marker("fixed_port") is None)
    if not config.option.file_or_dir:
        for item in items:
            if item.path.parent.name == "system":
                item.add_marker("long")
        for cases in _by_function(items):
            for case in set(cases) - _spread(cases, CASES):
                case.add_marker("more")


def _by_function(items: list[pytest.Item]) -> Iterable[list[pytest.Item]]:
    """The short cases of each test."""
    found = defaultdict(list)
    for item in items:
        if not any(item.get_closest_marker(name) for name in ("long", "soak")):
            found[item.nodeid.partition("[")[0]].append(item)
    return found.values()


def _spread(cases: list[pytest.Item], count: int) -> set[pytest.Item]:
    """So many of the cases, at equal distances, the first and the last among them."""
    return {cases[number * (len(cases) - 1) // (count - 1)] for number in range(count)}


@pytest.fixture(scope="session", autouse=True)
def quick_migrations() -> Iterator[None]:
    """Makes new databases from what the first one became, which is faster than the migrations."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(migrations, "migrate", database.quick(migrations.migrate))
        yield


@pytest.fixture(scope="session", autouse=True)
def started_once() -> Iterator[None]:
    """Starts the `kaggle` command once for all of doctor's runs in this process, since it is slow."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = functools.cache(lambda start=installed.kaggle_command: list(start()))
        monkeypatch.setattr(installed, "kaggle_command", lambda: iter(found()))
        yield


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


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes the policy of retries in this process, which has no long pauses in tests.

    The stop is the test's own, too: a run that is stopped would stop all later ones.
    """

    def change(**bounds: object) -> None:
        monkeypatch.setattr(retry, "DEFAULT", replace(retry.DEFAULT, **bounds))  # type: ignore[arg-type]

    monkeypatch.setattr(watchdog, "stop", watchdog.Stop())
    change(pause=(0.0, 0.01))
    return change


@pytest.fixture(autouse=True)
def network(request: pytest.FixtureRequest) -> Iterator[None]:
    """A network of its own for a test with `fixed_port`; where there is none, it waits for the port."""
    marker = request.node.get_closest_marker("fixed_port")
    with own_network() if marker and marker.kwargs.get("own_network", True) else contextlib.nullcontext():
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings that the environment of `home` gives."""
    return Settings(db=tmp_path / "kagsync.db", temp_dir=tmp_path / "cache")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A new, empty database."""
    database.empty(settings.db)
    with Store.open(settings.db, settings.locks) as store:
        yield store


@pytest.fixture
def kaggle(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleServer]:
    """A loopback Kaggle that accepts the token in the environment.

    It has a port of its own, which only this process knows. Processes that a test starts find it if the test
    is marked with `fixed_port`; there is one such test at a time in a network.
    """
    monkeypatch.setenv("KAGGLE_API_TOKEN", "test-token")
    fixed = request.node.get_closest_marker("fixed_port") is not None
    with KaggleServer(PORT if fixed else 0) as server:
        if not fixed:
            show_to_sdk(server.url, monkeypatch)
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


@pytest.fixture
def kagsync(capsys: pytest.CaptureFixture[str]) -> Kagsync:
    return Kagsync(capsys)


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Club:
    """A club whose boards are files in the test's folder."""
    return Club(kagsync, settings, tmp_path)


@pytest.fixture
def clocked(
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Clocked:
    """A competition that ends in a day, without a board and people."""
    club = Clocked(kagsync, settings, tmp_path, kaggle, monkeypatch)
    club.ends()
    return club


@pytest.fixture
def board(club: Club) -> Path:
    """The file of a board with alice and bob, which is in the database."""
    file = club.file(board_csv([Team(1, "a", ("alice",)), Team(2, "b", ("bob",))]), "2025-10-31T12:00:00")

    def sync() -> None:
        club.track("alice", "bob")
        assert club.load(file).code == 0

    database.prepared(club.db, "board", sync)
    return file


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.fixture
def rights_bind() -> Iterator[None]:
    """The rights of files bind this test, also if root runs it."""
    if sys.platform == "win32":
        pytest.skip("needs POSIX rights")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(rights.binding())
        except OSError as error:
            pytest.skip(f"root cannot give up its rights here: {error}")
        yield


@pytest.fixture
def real_boards() -> Path:
    """Real leaderboards, where they are at hand; they are people's, so they are no part of the project."""
    if not REAL_BOARDS.is_dir():
        pytest.skip("no real boards in ../shared/boards")
    return REAL_BOARDS


@pytest.fixture
def nobody() -> list[str]:
    """The command in front of another that makes it a user without a passwd entry (who may read all)."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root with setpriv can become a user without a passwd entry")
    with pytest.raises(KeyError):
        pwd.getpwuid(54321)
    user = ["--reuid=54321", "--regid=54321", "--clear-groups"]
    reads = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    return ["setpriv", *user, *reads]
