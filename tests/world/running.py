"""kagsync as tests run it: in this process, in a process of its own, on a terminal."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kagsync.cli import main
from kagsync.safe_text import printable
from kagsync.store.records import Competition
from world.kaggle_server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from world.kaggle_server import KaggleServer


def untracked(slug: str, kaggle_id: str | None = None) -> Competition:
    """A competition that is in no database."""
    unknown = dict.fromkeys(Competition._fields)
    return Competition(
        **unknown | {"id": 1, "slug": slug, "kaggle_competition_id": kaggle_id, "active": True}
    )  # type: ignore[arg-type]


def set_columns(db: Path, slug: str, **values: str | int | None) -> None:
    """Changes a competition in a database as somebody with another program could."""
    with contextlib.closing(sqlite3.connect(db, isolation_level=None)) as connection:
        columns = ", ".join(f"{name} = ?" for name in values)
        connection.execute(f"UPDATE competitions SET {columns} WHERE slug = ?", (*values.values(), slug))


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


@contextlib.contextmanager
def fetching(kaggle: KaggleServer, kagsync: Kagsync, slug: str) -> Iterator[subprocess.Popen[str]]:
    """A `kagsync fetch` that waits for a Kaggle which does not answer; killed at the end of the block."""
    kaggle.competition(slug)
    kagsync.ok("competitions", "add", slug)
    kaggle.answer(slug, Answer(misbehave="silent"))
    with start("fetch", slug) as process:
        while not kaggle.downloads(slug):
            assert process.poll() is None
            time.sleep(0.02)
        yield process
        process.kill()
        process.communicate()


def run(*arguments: str, **environment: str) -> Ran:
    """Runs `python -m kagsync` as a process of its own."""
    with start(*arguments, **environment) as process:
        out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out, err)


def on_terminal(*words: str, width: int = 80, code: int = 0, **environment: str) -> str:
    """What a command of its own, which ends with this code, writes to a terminal as its stdout and stderr."""
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
    assert process.wait(timeout=60) == code, written
    return written.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    """Terminal output without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def told(ran: Ran, code: int, *words: str) -> str:
    """The message of a command that failed as expected: an error of one or two lines, with a remedy."""
    assert ran.code == code, ran
    assert ran.out == "", ran
    lines = ran.err.splitlines()
    assert 1 <= len(lines) <= 2, ran.err
    assert lines[-1].startswith("ERROR kagsync: "), ran.err
    assert "Traceback" not in ran.err
    sentences = lines[-1].split(". ")
    assert len(sentences) >= 2, f"no remedy: {lines[-1]}"
    for word in words:
        assert word in lines[-1], lines[-1]
    return lines[-1]


def process(
    *arguments: str,
    without: Sequence[str] = (),
    before: Sequence[str] = (),
    cwd: Path | None = None,
    preexec: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """`kagsync` as a process of its own, with no terminal, some variables less, and a command in front."""
    variables = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [*before, sys.executable, "-m", "kagsync", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=variables | dict(environment or {}),
        cwd=cwd,
        preexec_fn=preexec,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


# A process whose clock stands at the first argument: `python -c STILL 2026-11-02T09:00:00+00:00 sync --all`.
STILL = """
import sys
from datetime import datetime
from kagsync import __main__, clock
now = datetime.fromisoformat(sys.argv.pop(1))
clock.utc_now = lambda: now
__main__.run()
"""
BOUND = 600  # characters in a message, however long what it is about


def harmless(text: str) -> None:
    """Asserts that no character but the line feed does more than stand there."""
    assert printable(text.replace("\n", "")) == text.replace("\n", "")


def one_line(ran: Ran, code: int = 2) -> str:
    """The message of a refusal: a bounded, harmless line with a remedy; nothing on stdout."""
    assert (ran.code, ran.out) == (code, ""), ran
    assert len(ran.err.splitlines()) == 1, ran.err
    assert ran.err.startswith("ERROR kagsync: ")
    assert "Traceback" not in ran.err
    harmless(ran.err)
    assert len(ran.err) <= BOUND, f"{len(ran.err)} characters"
    return ran.err


needs_limits = pytest.mark.skipif(not shutil.which("prlimit"), reason="needs prlimit, of util-linux")


def limited(megabytes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process that may have so much address space."""
    size = megabytes * 1024 * 1024
    return subprocess.run(
        ["prlimit", f"--as={size}", sys.executable, "-m", "kagsync", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": ""},
        timeout=60,
        check=False,
    )
