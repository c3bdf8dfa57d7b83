"""No wait in the program is without an end: its source is searched for calls that may wait.

Not searched for: locks between threads, which are held for a few lines, and files. A file that people name is
checked to be one, or is read by a command that they have typed and can stop.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kagsync

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(kagsync.__file__).parent

# Calls by the last part of their name: which argument bounds them, by its name or its position (from 0).
# None: nothing does.
WAITS: dict[str, tuple[str, int] | None] = {
    # threads and processes
    "wait": ("timeout", 0),
    "wait_for": ("seconds", 1),
    "result": ("timeout", 0),
    "exception": ("timeout", 0),
    "as_completed": ("timeout", 1),
    "communicate": ("timeout", 1),
    "select": ("timeout", 3),
    "poll": ("timeout", 0),
    "serve_forever": None,
    "ThreadPoolExecutor": None,  # leaving its block waits for its threads
    "ProcessPoolExecutor": None,
    "Popen": None,
    "getaddrinfo": None,
    "gethostbyname": None,
    # requests and sockets
    "request": ("timeout", 2),
    "urlopen": ("timeout", 2),
    "create_connection": ("timeout", 1),
    "HTTPConnection": ("timeout", 2),
    "SMTP": ("timeout", 3),
    "accept": None,
    "recv": None,
    "recv_into": None,
    "makefile": None,
    # locks
    "acquire": ("timeout", 1),
    "FileLock": ("timeout", 1),
    # people
    "input": None,
    "getpass": None,
    "getch": None,
}
# The same name means a wait only on some modules or objects.
ON_MODULES = {
    "run": ("subprocess",),
    "call": ("subprocess",),
    "check_call": ("subprocess",),
    "check_output": ("subprocess",),
    "system": ("os",),
    "popen": ("os",),
    "waitpid": ("os",),
    "read": ("os",),
    "confirm": ("typer", "click"),
    "prompt": ("typer", "click"),
    "get": ("requests", "queue", "session"),
    "post": ("requests", "session"),
    "put": ("requests", "session"),
    "head": ("requests", "session"),
    "send": ("requests", "session"),
}
STDIN = {"read", "readline", "readlines"}
# (file, call): why this one ends without a limit of its own.
KNOWN = {
    ("__main__.py", "os.read"): "the thread that waits for a signal: a daemon, for as long as the process",
    (
        "sync/run.py",
        "ThreadPoolExecutor",
    ): "each worker's waits are bounded; a signal ends the process anyway",
    ("sync/run.py", "wait"): "the same workers",
    ("sync/run.py", "future.result"): "of a future that is done",
    ("doctor/kaggle.py", "ThreadPoolExecutor"): "each worker asks Kaggle once, within the bound of that",
    ("cli/command.py", "typer.confirm"): "a person is asked, on a terminal",
    ("schedule/env_file.py", "os.read"): "a regular file",
    ("files/output_file.py", "os.read"): "a regular file",
}


def waits(source: str) -> Iterator[tuple[int, str]]:
    """The line and the name of each call in a source that may wait without a limit."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _may_wait(node):
            yield node.lineno, _name(node.func)
        elif isinstance(node, ast.For | ast.comprehension) and _name(node.iter) == "sys.stdin":
            yield node.iter.lineno, "sys.stdin"


def _may_wait(call: ast.Call) -> bool:
    owner, _, last = _name(call.func).rpartition(".")
    if last == "join":
        return _joins_a_thread(call, owner)
    if last == "wait" and owner.rpartition(".")[2] in ("", "futures"):  # of concurrent.futures
        return not _has(call, "timeout", 1)
    if last in STDIN and owner.endswith(("stdin", "stdin.buffer")):
        return True
    if last == "sleep" and owner.endswith("time"):
        return False  # as long as it says
    if last in ON_MODULES:
        return owner.rpartition(".")[2].strip("_") in ON_MODULES[last] and not _has(call, "timeout", None)
    if last in ("flock", "lockf"):
        return not {"LOCK_NB", "LOCK_UN"} & set(re.findall(r"LOCK_\w+", ast.unparse(call)))
    if last not in WAITS:
        return False
    bound = WAITS[last]
    return bound is None or not _has(call, *bound)


def _joins_a_thread(call: ast.Call, owner: str) -> bool:
    """A text's `join` has one argument that is no number; a thread's has none, or `timeout`."""
    return not call.args and not _has(call, "timeout", None) and owner != "path"


def _has(call: ast.Call, name: str, position: int | None) -> bool:
    """Whether a call gives an argument, and not as None."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == name]
    if position is not None and len(call.args) > position:
        given.append(call.args[position])
    return any(not (isinstance(value, ast.Constant) and value.value is None) for value in given)


def _name(node: ast.expr) -> str:
    """`a.b.c` of an expression; what is no name in it is left out."""
    if isinstance(node, ast.Attribute):
        before = _name(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def test_no_wait_is_without_an_end() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), name): line
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, name in waits(path.read_text(encoding="utf-8"))
    }
    assert {key: line for key, line in found.items() if key not in KNOWN} == {}


@pytest.mark.long
def test_every_exception_is_still_needed() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        for _, name in waits(path.read_text(encoding="utf-8"))
    }
    assert set(KNOWN) <= found


@pytest.mark.parametrize(
    "source",
    [
        "thread.join()",
        "self._thread.join(timeout=None)",
        "event.wait()",
        "process.wait(timeout=None)",
        "future.result()",
        "wait(futures, return_when=FIRST_COMPLETED)",
        "concurrent.futures.wait(futures)",
        "for each in as_completed(futures): pass",
        "with ThreadPoolExecutor(4) as pool: pass",
        "subprocess.run(['x'])",
        "subprocess.run(['x'], timeout=None)",
        "subprocess.check_output('x')",
        "os.system('x')",
        "os.waitpid(1, 0)",
        "os.read(fd, 1)",
        "process.communicate()",
        "process.communicate(b'x')",
        "subprocess.Popen('x')",
        "requests.get(url)",
        "requests.post(url, data=b'', stream=True)",
        "self.session.get(url)",
        "self._session.send(request)",
        "session.request('GET', url)",
        "urllib.request.urlopen(url)",
        "socket.create_connection((host, port))",
        "socket.getaddrinfo(host, port)",
        "connection.recv(1)",
        "smtplib.SMTP(host)",
        "lock.acquire()",
        "filelock.FileLock(path)",
        "fcntl.flock(file, fcntl.LOCK_EX)",
        "queue.get()",
        "self._queue.get()",
        "select.select([a], [], [])",
        "input('name')",
        "typer.confirm('sure?')",
        "sys.stdin.read()",
        "sys.stdin.buffer.readline()",
        "for line in sys.stdin: pass",
        "[line for line in sys.stdin]",
    ],
)
def test_what_is_found(source: str) -> None:
    assert list(waits(source)), source


@pytest.mark.parametrize(
    "source",
    [
        "', '.join(names)",
        "thread.join(3)",
        "thread.join(timeout=3)",
        "os.path.join(a, b)",
        "event.wait(wait)",
        "future.result(timeout=1)",
        "subprocess.run(['x'], timeout=_PATIENCE)",
        "requests.get(url, timeout=5)",
        "queue.get(timeout=1)",
        "mapping.get(key)",
        "filelock.FileLock(path, timeout=wait)",
        "lock.acquire(timeout=1)",
        "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "sqlite3.connect(path)",  # five seconds
        "socket.create_connection(address, 5)",
        "file.read()",
        "time.sleep(1)",
        "bounds.wait_for(call, seconds)",
    ],
)
def test_what_is_not(source: str) -> None:
    assert not list(waits(source)), source
