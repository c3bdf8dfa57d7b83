"""Processes that are killed at a named system call, the n-th of that name, by strace.

A process that has imported everything forks each run, so that a kill costs no import. Strace attaches to the
fork before its first step, and the kernel kills it on entering the call, before the call does anything.
"""

from __future__ import annotations

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

CALLS = (
    *("openat", "mkdir", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "unlink", "rmdir"),
    *("flock", "fcntl", "chmod", "close", "connect", "sendto", "recvfrom", "newfstatat"),
)
KILLED = -9

# What a command of kagsync's may import, but nothing that a run has to find out for itself.
_ZYGOTE = """
import json, os, sys
import apprise, jinja2, kagglesdk, pandas, rapidfuzz, requests, sqlite_utils
import kagsync.cli.main, kagsync.notify.tell, kagsync.report.write, kagsync.sync.after, kagsync.sync.run
from kagsync import __main__
from kagsync.kaggle import client, sdk
sdk.part()
for line in sys.stdin:
    job = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(write)
            os.environ.clear()
            os.environ.update(job["environment"])
            output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.argv[1:] = job["words"]
            os.read(read, 1)
            __main__.run()
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(end.code or 0)
        except BaseException:
            import traceback
            traceback.print_exc()
        os._exit(99)
    os.close(read)
    print(child, flush=True)
    sys.stdin.readline()
    os.write(write, b"g")
    os.close(write)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Kill:
    """On entering the n-th call of a name, counted in each thread."""

    call: str
    number: int


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code (`KILLED`: by the kill), its output, and the calls that strace saw."""

    code: int
    output: str
    calls: list[str]

    @property
    def struck(self) -> str:
        """The call that it was killed at, or the last one."""
        return next((line for line in reversed(self.calls) if "(" in line), "")[:200]


class Killer:
    """Runs commands of kagsync's in forks, and kills them if asked to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._zygote = subprocess.Popen(
            [sys.executable, "-c", _ZYGOTE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zygote.communicate(timeout=30)

    def run(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        kill: Kill | None = None,
        *,
        trace: bool = False,
    ) -> Ended:
        """Runs a command to its end, or to its kill.

        Args:
            trace: whether strace notes the calls also when nothing is killed.
        """
        output, calls = self._folder / "output", self._folder / "calls"
        job = {"words": list(words), "environment": dict(environment), "output": str(output)}
        child = int(self._ask(json.dumps(job)))
        tracer = None
        if kill is not None or trace:
            tracer = self._attach(child, calls, kill)
        code = int(self._ask("go"))
        lines: list[str] = []
        if tracer is not None:
            tracer.communicate(timeout=30)
            lines = calls.read_text(errors="replace").splitlines()
        return Ended(code, output.read_text(errors="replace"), lines)

    def counts(self, words: Sequence[str], environment: Mapping[str, str]) -> tuple[Ended, dict[str, int]]:
        """Runs a command to its end; gives how often one of its threads makes each call, at most."""
        ended = self.run(words, environment, trace=True)
        found: collections.Counter[tuple[str, str]] = collections.Counter()
        for line in ended.calls:
            if called := re.match(r"(\d+) +(\w+)\(", line):
                found[called[1], called[2]] += 1
        most: dict[str, int] = {}
        for (_, call), count in found.items():
            most[call] = max(most.get(call, 0), count)
        return ended, most

    def _ask(self, line: str) -> str:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(line + "\n")
        return self._zygote.stdout.readline()

    def _attach(self, child: int, calls: Path, kill: Kill | None) -> subprocess.Popen[str]:
        inject = [] if kill is None else ["-e", f"inject={kill.call}:signal=KILL:when={kill.number}"]
        tracer = subprocess.Popen(
            ["strace", "-f", "-o", str(calls), "-e", f"trace={','.join(CALLS)}", *inject, "-p", str(child)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert tracer.stderr is not None
        line = tracer.stderr.readline()
        assert "attached" in line, line
        return tracer


def is_possible() -> bool:
    """Whether strace is here and may trace."""
    strace = shutil.which("strace")
    if strace is None or sys.platform != "linux":
        return False
    return (
        subprocess.run([strace, "-f", "-o", os.devnull, "true"], capture_output=True, check=False).returncode
        == 0
    )


def fresh_copy(template: Path, folder: Path) -> None:
    """Puts a copy of a prepared world in place of the last one."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder, symlinks=True)


def age(home: Path, days: int) -> None:
    """Makes everything but the database look old: what may be another run's is swept only after a while."""
    then = time.time() - days * 86_400
    for path in home.rglob("*"):
        if not path.name.startswith("kagsync.db"):
            os.utime(path, (then, then), follow_symlinks=False)


def listing(folder: Path) -> set[str]:
    """All files and folders in a folder, hidden ones too, by their paths in it."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")} if folder.exists() else set()


def as_environment(home: Path, extra: Mapping[str, str]) -> dict[str, Any]:
    """The environment of a run whose files are all in one folder."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "KAGSYNC_DB": str(home / "kagsync.db"),
        "KAGSYNC_TEMP_DIR": str(home / "cache"),
        **extra,
    }
