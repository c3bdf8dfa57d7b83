"""However busy the process or a library's thread is, it ends: when its work is done, and at a signal."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from world import signs
from world.boards import Team, board_csv, board_zip
from world.listeners import Listener

from kagsync.errors import Unreachable
from kagsync.files import locks
from kagsync.kaggle import client, watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
SIGNALS = [
    pytest.param(signal.SIGTERM, id="SIGTERM"),
    pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.long),
]
SLUG = "titanic"
# Seconds: the end takes one or two, and the machine may be busy. What is not waited for takes 30 or more.
SOON = 20.0
# A process like any other, but one that waits a second or two where others wait for five or thirty.
QUICK = """
    from kagsync import __main__; from kagsync.notify import channel
    __main__._PATIENCE, channel._PATIENCE = 1, 2
"""


def start(script: str, *words: str) -> subprocess.Popen[str]:
    """Starts a process that runs a script, with these words after `kagsync`."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.fixture
def dripping() -> Iterator[Listener]:
    with Listener() as listener:
        listener.manner = "drip"
        yield listener


@pytest.fixture
def good() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def moved(kagsync: Kagsync, dripping: Listener, good: Listener, tmp_path: Path) -> str:
    """A board on which somebody has moved; two channels want to know, and the first one drips."""
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", "alice", "bob")
    for listener in (dripping, good):
        kagsync.ok("notify", "add", f"json://{listener.address}/")
    alice, bob = Team(1, "a", ("alice",), "0.8"), Team(2, "b", ("bob",), "0.7")
    boards = [[alice, bob], [Team(2, "b", ("bob",), "0.9", submissions=2), alice]]
    files = []
    for day, teams in enumerate(boards, start=1):
        files.append(tmp_path / f"{day}.zip")
        files[-1].write_bytes(board_zip(SLUG, board_csv(teams), f"2025-10-0{day}T00:00:00"))
    kagsync.ok("sync", SLUG, "--from", str(files[0]))
    return str(files[1])


@pytest.mark.long
def test_a_channel_that_drips_keeps_neither_the_process_nor_the_next_channel(
    moved: str, dripping: Listener, good: Listener, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    words = ("sync", SLUG, "--from", moved, "--log-file", str(log))
    with start(f"{QUICK}\n    __main__.run()", *words) as process:
        dripping.wait_for(1)
        with soon():
            code, out, err = finish(process)
    assert (code, out) == (0, "Synced 2 entries across 1 competition\n")
    assert "WARNING kagsync: Notification target 1" in err
    assert "no answer in time" in err
    assert err.splitlines()[-1].startswith("INFO kagsync: Notified json://")
    assert [line.partition(" ")[2] for line in log.read_text().splitlines()] == err.splitlines()
    assert len(dripping.heard) == len(good.heard) == 1


@posix
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_a_channel_drips(number: signal.Signals, moved: str, dripping: Listener) -> None:
    with start("from kagsync import __main__; __main__.run()", "sync", SLUG, "--from", moved) as process:
        dripping.wait_for(1)
        with soon():
            process.send_signal(number)
            code, _, err = finish(process)
    assert code == 130
    assert err.endswith("ERROR kagsync: Stopped; the next run goes on where this one ended\n")


@pytest.mark.long
@posix
def test_a_signal_while_the_main_thread_waits_in_c(kagsync: Kagsync, settings: Settings) -> None:
    """Python's own handlers would only run when SQLite has given up, half a minute later."""
    kagsync.ok("users", "add", "alice")
    with contextlib.closing(sqlite3.connect(settings.db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with start(f"{QUICK}\n    __main__.run()", "users", "add", "bob") as process:
            log = settings.db.with_name(f"{settings.db.name}-wal")
            signs.wait_until_asleep(process, "nanosleep", after_opening=log)
            with soon():
                process.terminate()
                code, _, err = finish(process)
    assert code == 130
    assert err.startswith("WARNING kagsync: Stopped in the middle of a wait.")
    kagsync.ok("users", "add", "bob")


STUCK = "import threading; threading.Thread(target=threading.Event().wait).start()"


@pytest.mark.parametrize(
    ("words", "code", "out"),
    [(["--version"], 0, "kagsync "), (["nonesuch"], 2, "")],
)
def test_a_thread_of_a_library_that_never_ends_is_not_waited_for(
    words: list[str], code: int, out: str
) -> None:
    with soon(), start(f"{STUCK}\nfrom kagsync import __main__; __main__.run()", *words) as process:
        ended, said, _ = finish(process)
    assert ended == code
    assert said.startswith(out)
    assert bool(said) == bool(out)


def test_what_stands_in_a_buffer_is_written_at_the_end() -> None:
    script = """
        import sys
        from kagsync import __main__
        sys.stdout = open(1, "w", buffering=10**6)
        sys.stdout.write("x" * 50_000)
        sys.stderr.write("y" * 5_000)
        __main__._leave(7)
    """
    with start(script) as process:
        assert finish(process) == (7, "x" * 50_000, "y" * 5_000)


@posix
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_output_finds_no_reader_ends_the_process_with_its_own_code(
    number: signal.Signals,
) -> None:
    script = """
        import os, sys
        from kagsync import __main__
        sys.stdout = open(1, "w", buffering=10**6)
        sys.stdout.write("x" * 500_000)  # more than a pipe holds
        os.write(2, b"now")
        __main__._leave(7)
    """
    with start(script) as process:
        assert process.stderr is not None
        assert process.stderr.read(3) == "now"
        signs.wait_until_asleep(process, "pipe_write")
        with soon():
            process.send_signal(number)
            assert process.wait(timeout=60) == 7


@posix
@pytest.mark.long
def test_a_signal_while_a_command_waits_for_the_writer_of_a_pipe(
    kagsync: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    kagsync.ok("users", "add", "alice")
    os.mkfifo(tmp_path / "people.csv")
    with start(f"{QUICK}\n    __main__.run()", "users", "import", str(tmp_path / "people.csv")) as process:
        signs.wait_until_asleep(process, "partner|fifo")
        with soon():
            process.terminate()
            assert finish(process)[0] == 130


@pytest.mark.long
def test_what_libraries_do_at_pythons_exit_is_not_needed() -> None:
    """`os._exit` leaves it out. Whoever adds to this list says here why it may be left out."""
    script = """
        import atexit
        names = []
        register = atexit.register
        def note(function, *args, **kwargs):
            names.append(f"{function.__module__}.{function.__name__}")
            return register(function, *args, **kwargs)
        atexit.register = note
        import apprise, kagglesdk, requests, rich.console, pandas
        from kagsync.cli import main as cli; from kagsync.report import write as report
        from kagsync.notify import channel, tell
        from kagsync.sync import process, run
        from kagsync.kaggle import client, sdk
        channel._instance("json://x/")
        sdk.part()
        print(*names, sep="\\n")
    """
    with start(script) as process:
        code, out, err = finish(process)
    assert code == 0, err
    assert set(out.split()) <= {
        "logging.shutdown",  # called in its place
        "certifi.core.exit_cacert_ctx",  # deletes a copy that there is only if certifi is in a ZIP
    }


def test_a_run_leaves_its_whole_log_and_output_and_nothing_else(
    moved: str, dripping: Listener, settings: Settings, tmp_path: Path
) -> None:
    dripping.manner = "answer"
    out, log = tmp_path / "out", tmp_path / "log"
    command = [sys.executable, "-m", "kagsync", "sync", SLUG, "--from", moved, "--log-file", str(log)]
    with out.open("w") as file:
        ran = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=True)
    assert out.read_text() == "Synced 2 entries across 1 competition\n"
    assert [line.partition(" ")[2] for line in log.read_text().splitlines()] == ran.stderr.splitlines()
    assert ran.stderr.count("Notified json://") == 2
    assert list(settings.temp_data.iterdir()) == []
    assert not settings.db.with_name(f"{settings.db.name}-wal").exists()
    with locks.hold(settings.locks / f"{SLUG}.lock", wait=0.0):
        pass


def test_the_process_has_no_garbage_collector_and_a_program_that_imports_kagsync_keeps_its_own() -> None:
    script = """
        import gc
        from kagsync import __main__
        from kagsync.cli import main as cli
        print(gc.isenabled())
        cli.main = lambda: print(gc.isenabled()) or 0
        __main__.run()
    """
    with start(script) as process:
        assert finish(process) == (0, "True\nFalse\n", "")


@posix
def test_a_signal_whose_exception_python_drops_ends_the_process_all_the_same() -> None:
    script = """
        import os, signal, time, weakref
        from kagsync import __main__
        from kagsync.cli import main as cli
        class Thing: ...
        def main():
            thing = Thing()
            there = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
            del thing
            time.sleep(60)
        cli.main = main
        __main__.run()
    """
    with start(script) as process, soon():
        assert finish(process) == (130, "", "")


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_arrives_while_a_class_is_loaded_is_not_an_unforeseen_error(name: str) -> None:
    script = f"""
        import os, signal, time
        from kagsync import __main__
        from kagsync.cli import main as cli
        class Field:
            def __set_name__(self, owner, name):
                self.arrive()
            def arrive(self):
                os.kill(os.getpid(), signal.{name})
        def main():
            class Loaded:
                field = Field()
            time.sleep(60)
        cli.main = main
        __main__.run()
    """
    with start(script) as process, soon():
        assert finish(process) == (130, "", "")


def test_a_handler_of_the_log_that_fails_at_the_end_changes_nothing() -> None:
    script = """
        import logging
        class Broken(logging.Handler):
            def close(self):
                raise AttributeError("_file")
        broken = Broken()
        from kagsync import __main__
        __main__.run()
    """
    with start(script, "--version") as process:
        code, out, err = finish(process)
    assert (code, err) == (0, "")
    assert out.startswith("kagsync ")


# Name servers that do not answer


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A name server that does not answer until the end of the test."""
    over = threading.Event()

    def wait(*_: Any, **__: Any) -> Any:
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield over
    over.set()


def test_a_name_server_that_does_not_answer_is_not_waited_for(
    deaf: threading.Event, monkeypatch: pytest.MonkeyPatch, patience: Callable[..., None], tmp_path: Path
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "test-token")
    patience(deadline=0.5)
    api = client.connect()()
    with soon(), pytest.raises(Unreachable, match="did not answer in time"):
        api.download_leaderboard(SLUG, tmp_path / "x.zip")


def test_a_stop_does_not_wait_for_it_either(
    deaf: threading.Event, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kagsync.errors import Interrupted

    monkeypatch.setenv("KAGGLE_API_TOKEN", "test-token")
    api = client.connect()()
    threading.Timer(0.3, watchdog.stop).start()
    with soon(), pytest.raises(Interrupted):
        api.download_leaderboard(SLUG, tmp_path / "x.zip")


def test_nor_does_a_monitor_or_a_channel(deaf: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    from kagsync.notify import channel, ping
    from kagsync.notify.message import Message
    from kagsync.store.records import Subscription, Target

    monkeypatch.setattr(ping, "PATIENCE", 0.5)
    monkeypatch.setattr(channel, "_PATIENCE", 0.5)
    monkeypatch.setenv(ping.VARIABLE, "http://monitor.example.org/uuid")
    wanted = Subscription(quiet_for=ping.OUTAGE)
    target = Target(1, "json://chat.example.org/", "x", wanted, None, None, 0, None, None)
    with soon():
        answer = ping.start().finish(0)
        assert answer is not None
        assert answer.problem == "the monitor did not answer within 0 seconds"
        with pytest.raises(channel.NotSent, match="no answer in time"):
            channel.send(target, Message("title", "body", 0, {}))
