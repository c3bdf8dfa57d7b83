"""Starts processes one after the other and says what each cost; run by `measuring.py` with `python -I -S`.

A process of its own, since Linux counts the memory of the program that forked into the peak of the one that
was then executed: whatever starts the measured programs must be smaller than all of them.
"""

import json
import os
import signal
import sys
import time

TYPE_CHECKING = False  # as typing's, which would make this process larger
if TYPE_CHECKING:
    from typing import Any


def _run(job: "dict[str, Any]") -> "dict[str, Any]":
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.chdir(job["folder"])
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(os.open(job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
            os.dup2(os.open(job["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
            os.execve(job["command"][0], job["command"], job["environment"])
        finally:
            os._exit(127)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
    signal.alarm(job["seconds"])
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - began
    signal.alarm(0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": wall,
        "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


for line in sys.stdin:
    print(json.dumps(_run(json.loads(line))), flush=True)
