"""Ends exchanges with Kaggle from outside: each at its deadline, all of them when the program stops."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Watchdog:
    """Ends one exchange with Kaggle at its deadline, whatever the server does.

    It keeps a second handle of each socket in use and shuts the connection down. A blocked read then ends at
    once, be it in a handshake, in headers or in a body. (TLS takes the first handle away.)
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.fired = False
        self._sockets: list[socket.socket] = []
        self._guard = threading.Lock()
        self._timer = threading.Timer(seconds, self.fire)
        self._timer.daemon = True

    def __enter__(self) -> Watchdog:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._guard:
            for connection in self._sockets:
                connection.close()

    def watch(self, connection: socket.socket) -> None:
        """Adds a socket that is in use from now on."""
        with self._guard:
            self._sockets.append(socket.fromfd(connection.fileno(), connection.family, connection.type))
            if not self.fired:
                return
        self.fire()

    def share(self, other: Watchdog) -> None:
        """Gives another watchdog the sockets that are in use."""
        with self._guard:
            connections = list(self._sockets)
        for connection in connections:
            other.watch(connection)

    def fire(self) -> None:
        """Ends the exchange now."""
        with self._guard:
            self.fired = True
            connections = list(self._sockets)
        for connection in connections:
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)


class Stop:
    """Ends every exchange of the process when it is called (Ctrl-C, SIGTERM)."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._watchdogs: set[Watchdog] = set()
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def guarding(self, watchdog: Watchdog) -> Iterator[None]:
        """Registers the exchange of this block, so that it is ended, too."""
        with self._guard:
            self._watchdogs.add(watchdog)
        try:
            yield
        finally:
            with self._guard:
                self._watchdogs.discard(watchdog)

    def __call__(self) -> None:
        self.event.set()
        with self._guard:
            watchdogs = list(self._watchdogs)
        for watchdog in watchdogs:
            watchdog.fire()


stop = Stop()
