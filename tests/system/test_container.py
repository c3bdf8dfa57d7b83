"""The README's container: an ordinary user, stopped at once, with its data on a volume.

The same life is led twice: by the image's command as the first process of a PID namespace, and by real
containers. The latter need docker or podman.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from world import ROOT
from world.boards import Team, board_csv
from world.downloads import downloading
from world.kaggle_server import ENVIRONMENT, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from world.kaggle_server import KaggleServer

SLUG = "titanic"
UID = 1000
PATIENCE = 300  # seconds until a test fails
README = (ROOT / "README.md").read_text(encoding="utf-8")
(IMAGE,) = re.findall(r"<!-- image -->\n```\n(.*?)```", README, re.DOTALL)
COMMAND = IMAGE.partition("\nCMD ")[2].replace("\\\n", "")
BASE = IMAGE.splitlines()[0].removeprefix("FROM ")
TOKEN = "/run/secrets/kaggle-token"

# In a container in which podman runs, the kernel allows less: no larger limits, and no control groups.
NESTED = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--cgroups=disabled")
NAMESPACE = (
    "umount /sys/fs/cgroup/unified 2>&-; echo; exec sleep infinity"  # of two kinds at once, crun takes none
)


class Place(Protocol):
    """Where the image's command runs, with data that survives it."""

    def start(self) -> None:
        """Starts the command, and waits for nothing."""

    def run(self, *words: str) -> str:
        """Runs another program beside it, with the same data and as the same user."""

    def stop(self) -> int:
        """Sends SIGTERM to the command, and gives its exit code."""


def run(*words: str | Path, check: bool = True, downloads: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs a program, which must succeed unless told otherwise, or unless the network fails."""

    def once() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=3 * PATIENCE,
            check=False,
        )

    ran = downloading(once) if downloads else once()
    assert ran.returncode == 0 or not check, (words, ran.stdout[-2000:], ran.stderr[-2000:])
    return ran


class Namespace:
    """The image's command as the first process of a PID namespace, and as a user without any rights."""

    def __init__(self, data: Path, token: Path) -> None:
        for name in ("unshare", "setpriv"):
            if sys.platform != "linux" or os.geteuid() != 0 or shutil.which(name) is None:
                pytest.skip("only root on Linux, with unshare and setpriv, can start it as another user")
        os.chown(data, UID, UID)
        # It may read pytest's Python.
        reads = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
        self._user = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", *reads)
        self._environment = {
            **ENVIRONMENT,
            "HOME": str(data),
            "KAGSYNC_DB": str(data / "kagsync.db"),
            "KAGGLE_API_TOKEN": str(token),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ("unshare", "--pid", "--fork", "--kill-child", *self._user, "sh", "-c", COMMAND)
        self._process = subprocess.Popen(words, env=self._environment)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._user, *words], env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done
        return done.stdout

    def stop(self) -> int:
        assert self._process is not None
        number = self._process.pid
        (child,) = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        os.kill(int(child), signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def end(self) -> None:
        """Kills what a failed test has left behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Containers:
    """Containers of the README's image, one after the other, on one volume."""

    def __init__(self, engine: tuple[str, ...], options: tuple[str, ...], token: Path) -> None:
        self._engine, self._token = engine, token
        self._options = options
        self._name = f"kagsync-test-{os.getpid()}"

    def start(self) -> None:
        environment = [f"--env={name}={value}" for name, value in ENVIRONMENT.items()]
        mounts = (f"--volume={self._name}:/data", f"--volume={self._token}:{TOKEN}:ro")
        where = ("--read-only", "--network=host", *self._options)
        run(*self._engine, "run", "--detach", "--name", self._name, *where, *environment, *mounts, self._name)

    def build(self) -> None:
        """Builds the image."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "Dockerfile")
            file.write_text(IMAGE)
            words = ("build", "--network=host", "--file", file, "--tag", self._name, ROOT)
            run(*self._engine, *words, downloads=True)

    def run(self, *words: str) -> str:
        return run(*self._engine, "exec", self._name, *words).stdout

    def stop(self) -> int:
        run(*self._engine, "stop", "--time", str(PATIENCE), self._name)
        code = int(run(*self._engine, "wait", self._name).stdout)
        run(*self._engine, "rm", self._name)
        return code

    def end(self) -> None:
        """Removes everything."""
        run(*self._engine, "rm", "--force", self._name, check=False)
        run(*self._engine, "volume", "rm", self._name, check=False)
        run(*self._engine, "rmi", self._name, check=False)


@pytest.fixture
def token() -> Iterator[Path]:
    """A file with the token, for the user of the container (root) or for everybody (others cannot chown).

    It is outside of pytest's folders, which are for their owner only.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "token")
        file.write_text("test-token")
        file.chmod(0o444)
        if os.geteuid() == 0:
            os.chown(file, UID, UID)
            file.chmod(0o600)
        yield file


@pytest.fixture
def namespace(token: Path) -> Iterator[Namespace]:
    with tempfile.TemporaryDirectory() as data:
        place = Namespace(Path(data), token)
        yield place
        place.end()


def stand_in(engine: tuple[str, ...], folder: Path) -> None:
    """Makes the image's base from Debian's packages, for machines that reach no registry of images."""
    if shutil.which("mmdebstrap") is None:
        pytest.skip(f"podman cannot download {BASE}, and without mmdebstrap no replacement can be made")
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "stable")
    hooks = ['rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED']
    if Path("/etc/ssl/certs/ca-certificates.crt").exists():  # for pip behind this machine's proxy
        hooks.append("copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs")
    packages = "--include=python3,python3-pip,ca-certificates"
    customize = [f"--customize-hook={hook}" for hook in hooks]
    words = ("--variant=minbase", packages, *customize, suite, folder / "base.tar")
    run("mmdebstrap", *words, downloads=True)
    run(*engine, "import", folder / "base.tar", f"docker.io/library/{BASE}")


@pytest.fixture
def containers(token: Path) -> Iterator[Containers]:
    docker, podman = shutil.which("docker"), shutil.which("podman")
    if docker and run(docker, "info", check=False).returncode == 0:
        place = Containers((docker,), (), token)
        if run(docker, "pull", BASE, check=False).returncode != 0:
            pytest.skip(f"docker cannot download {BASE}")
        place.build()
        yield place
        place.end()
        return
    if podman is None:
        pytest.skip("needs docker with a running daemon, or podman")
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # podman takes no long path
        folder = Path(name)
        own = ("--root", f"{name}/images", "--runroot", f"{name}/run")
        holder = None
        engine: tuple[str, ...] = (podman, *own)
        if root:
            holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", NAMESPACE], stdout=subprocess.PIPE)
            assert holder.stdout is not None
            holder.stdout.readline()  # earlier, podman would mount in the machine's namespace
            engine = ("nsenter", f"--target={holder.pid}", "--mount", f"--wd={ROOT}", *engine)
            engine = (*engine, "--storage-driver=overlay")
        place = Containers(engine, NESTED if root else (), token)
        try:
            if run(*engine, "pull", BASE, check=False).returncode != 0:
                stand_in(engine, folder)
            place.build()
            yield place
        finally:
            place.end()
            run(*engine, "rmi", "--all", "--force", check=False)
            if holder is not None:
                holder.kill()
                holder.communicate()


def soon(found: Callable[[], Any]) -> None:
    """Waits until something is true."""
    until = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < until
        time.sleep(0.2)


def lead_a_life(place: Place, kaggle: KaggleServer) -> None:
    """Three starts on the same data. Each ends with SIGTERM: in a pause, in a sync, and in a pause again."""
    kaggle.competition(SLUG)
    place.start()
    soon(lambda: place.run("id", "-u"))
    assert int(place.run("id", "-u")) == UID
    place.run("kagsync", "competitions", "add", SLUG)
    place.run("kagsync", "users", "add", "alice")
    assert place.stop() == 0

    before = len(kaggle.downloads(SLUG))  # none, or one if the first sync was slow
    kaggle.answer(SLUG, Answer(misbehave="silent"))
    place.start()
    soon(lambda: len(kaggle.downloads(SLUG)) > before)
    assert place.stop() == 0

    kaggle.board(SLUG, board_csv([Team(1, "Team of alice", ("alice",), score="0.5")]), "2025-10-31T12:00:00")
    place.start()
    soon(lambda: json.loads(place.run("kagsync", "show", SLUG, "--format", "json")))
    (entry,) = json.loads(place.run("kagsync", "show", SLUG, "--format", "json"))
    assert (entry["username"], entry["rank"]) == ("alice", 1)
    assert place.run("sh", "-c", 'find "$HOME/.cache/kagsync/temp_kaggle_data" -name "titanic*"') == ""
    assert place.stop() == 0


@pytest.mark.long
@pytest.mark.fixed_port
def test_the_images_command_starts_and_ends_as_an_ordinary_user(
    namespace: Namespace, kaggle: KaggleServer
) -> None:
    lead_a_life(namespace, kaggle)


@pytest.mark.long
@pytest.mark.fixed_port(own_network=False)  # that of the machine, where docker's daemon is, too
def test_containers_of_the_image_share_a_volume(containers: Containers, kaggle: KaggleServer) -> None:
    lead_a_life(containers, kaggle)
