"""A real Redis and real Celery workers, as processes of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
import redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="needs redis-server, of Debian's package redis-server"
)


def wait_for(what: str, true: Callable[[], object], seconds: float = 60) -> None:
    """Waits until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not after {seconds:g} s: {what}"
        time.sleep(0.05)


class Redis:
    """A Redis on a free port of this machine, until the end of the `with`.

    Args:
        folder: where its files are.
        kept: whether it writes each command to disk (AOF), so that nothing is lost when it is killed.
    """

    def __init__(self, folder: Path, *, kept: bool = False, password: str = "") -> None:
        self._folder = folder
        self._options = ["--save", "", "--appendonly", "yes" if kept else "no", "--appendfsync", "always"]
        self._options += ["--requirepass", password] if password else []
        self._login = f":{password}@" if password else ""
        self.port = 0  # until it starts

    @property
    def url(self) -> str:
        return f"redis://{self._login}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts it: the first time on a free port, and later on the same one.

        Another process can take the port before Redis does. Then the next try has another port, or waits.
        """
        again = bool(self.port)
        for _ in range(60):
            self.port = self.port if again else _free_port()
            if self._starts():
                return
            time.sleep(0.5)
        raise RuntimeError(f"Redis found its port taken again and again, last {self.port}")

    def _starts(self) -> bool:
        """Starts the process; False if another process has its port."""
        log = self._folder / "redis.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", *self._options],
                cwd=self._folder,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        wait_for("Redis answers or ends", lambda: self._process.poll() is not None or self._answers())
        if self._process.poll() is None:
            return True
        said = log.read_text(errors="replace")
        if "Address already in use" not in said:
            raise RuntimeError(f"Redis has ended: {said}")
        return False

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, decode_responses=True)

    def length(self, queue: str) -> int:
        """How many messages wait in a queue."""
        with contextlib.closing(self.client()) as client:
            return int(client.llen(f"kagsync:{queue}"))

    def keys(self, pattern: str) -> list[str]:
        """The keys with this pattern, without the prefix that all have."""
        with contextlib.closing(self.client()) as client:
            return sorted(key.removeprefix("kagsync:") for key in client.scan_iter(f"kagsync:{pattern}"))

    def _answers(self) -> bool:
        """Whether it answers, and not one that another test has on this port."""
        try:
            with contextlib.closing(self.client()) as client:
                return bool(client.ping()) and client.info("server")["process_id"] == self._process.pid
        except redis.RedisError:
            return False

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Worker:
    """A Celery worker: a process with some children, which die together."""

    def __init__(
        self, name: str, queues: str, log: Path, *options: str, app: str = "kagsync.workers"
    ) -> None:
        self.log = log
        self._out = log.open("ab")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        command = [sys.executable, "-m", "celery", "-A", app, "worker"]
        self.process = subprocess.Popen(
            [*command, "-n", f"{name}@test", "-Q", queues, "-l", "INFO", *quiet, *options],
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._out,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        wait_for("the worker is ready", lambda: self._is_dead() or "ready." in self.said)
        assert not self._is_dead(), self.said

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Kills it and its children with -9."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._out.close()

    def stop(self) -> int:
        """Tells it to end when its tasks have; gives its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=60)
        self.kill()
        return code

    def _is_dead(self) -> bool:
        return self.process.poll() is not None


@contextlib.contextmanager
def working(
    name: str, queues: str, log: Path, *options: str, app: str = "kagsync.workers"
) -> Iterator[Worker]:
    """A worker that is ready, and is killed at the end of the block."""
    worker = Worker(name, queues, log, *options, app=app)
    try:
        worker.wait_until_ready()
        yield worker
    finally:
        worker.kill()
