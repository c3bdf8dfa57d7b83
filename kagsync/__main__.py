"""`python -m kagsync`, and the `kagsync` command: how the process starts and how it ends."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Never

if TYPE_CHECKING:
    from types import FrameType

# The same as in errors.py, which is not imported yet.
SOME_FAILED = 1
INTERRUPTED = 130
_PATIENCE = 5.0  # seconds that an orderly end may take after a signal
_LOG_TIME = 0.3  # seconds to write the last log line


def run() -> Never:
    """Runs the command line and exits with its code."""
    # The search for reference cycles takes up to a tenth of a run, and finds next to nothing. Without it, a
    # run of 200 competitions or of a board with a million rows needs about 1 MB more. The report needs it.
    gc.disable()
    try:
        _end_after_a_signal()
        signal.signal(signal.SIGTERM, _interrupt)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not if Ctrl-C is to be ignored
            signal.signal(signal.SIGINT, _interrupt)
        from kagsync.cli.main import main

        code = main()
    except (MemoryError, SystemError, ImportError, OSError, RuntimeError) as error:
        # While Python loads the program, a lack of memory can also appear as "NULL without setting an
        # exception", or as a shared library that does not fit. Importing anything here may fail, too.
        if isinstance(error, ImportError) and "failed to map" not in str(error):
            raise
        if isinstance(error, OSError) and error.errno != errno.ENOMEM:
            raise
        if isinstance(error, RuntimeError) and "start new thread" not in str(error):
            raise
        code = SOME_FAILED
        os.write(2, b"ERROR kagsync: there is not enough memory to start\n")
    except KeyboardInterrupt:  # before or after the command, so there is nothing to report
        code = INTERRUPTED
    with contextlib.suppress(KeyboardInterrupt):  # a signal may arrive before `_leave` ignores them
        _leave(code)
    os._exit(code)


def _interrupt(_: int, frame: FrameType | None) -> None:
    """Ends the command: transactions roll back, and run folders are deleted."""
    while frame is not None:
        # Before 3.12, Python turns any exception in this method, which is called for each field of a class
        # that is being loaded, into a RuntimeError.
        if frame.f_code.co_name == "__set_name__":
            _signal_again()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _deliver_again(dropped: sys.UnraisableHookArgs) -> None:
    """Sends a signal again if Python dropped its exception, as in the callback of a weak reference."""
    if isinstance(dropped.exc_value, KeyboardInterrupt):
        _signal_again()
    else:
        sys.__unraisablehook__(dropped)


def _signal_again() -> None:
    """Sends SIGTERM in a moment, when Python has left the place where an exception would be lost."""

    def send() -> None:
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send, daemon=True).start()


def _end_after_a_signal() -> None:
    """Makes sure that SIGTERM and Ctrl-C end the process, even if the main thread cannot react.

    Python calls a signal's handler only when the main thread runs Python code. It does not while it waits for
    a name server or a locked database. The C part of the handler writes to a pipe at once, and a thread that
    reads it ends the process if the main thread has not done so in time. Nothing is lost: the next run goes
    on as after a power cut.
    """
    if os.name != "posix":  # on Windows, SIGTERM ends a process at once
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def wait() -> None:
        while os.read(reader, 1)[0] not in (signal.SIGINT, signal.SIGTERM):
            pass
        time.sleep(_PATIENCE)
        # In a thread, because the main thread may hold the log's locks, or nobody may be reading the output.
        threading.Thread(target=_log_cutoff, daemon=True).start()
        time.sleep(_LOG_TIME)
        os._exit(INTERRUPTED)

    threading.Thread(target=wait, name="signals", daemon=True).start()
    sys.unraisablehook = _deliver_again
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def _log_cutoff() -> None:
    if logging := sys.modules.get("logging"):
        logging.getLogger("kagsync").warning(
            "Stopped in the middle of a wait. The next run goes on where this one ended"
        )


def _leave(code: int) -> Never:
    """Ends the process at once.

    Python's own exit waits for the threads of every library, without a limit. (It also kills the process with
    SIGINT, whatever the exit code, if Ctrl-C interrupted an `exec` of text, as dataclasses do on import.)
    """
    # The work is done: from here on, a signal ends the process with the command's exit code.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(code))
    if logging := sys.modules.get("logging"):
        with contextlib.suppress(Exception):  # from a handler; nothing may lead to Python's own exit
            logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # the stream is closed or missing
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
