"""Servers on loopback for the tests of pings and notifications: one that listens, one that floods."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types import TracebackType

Manner = Literal["answer", "hang", "drip", "close", "garbage"]


@dataclass(frozen=True)
class Heard:
    """One whole request: `path` with its query."""

    path: str
    body: str


class Listener:
    """A web server; set `status`, `reply`, `location` or `manner` to have it misbehave, read `heard`.

    `hang`: reads the request and says nothing for `patience` seconds, or until there is another manner;
    `drip`: a byte of the answer a second; `close`: hangs up; `garbage`: answers what is no HTTP.
    """

    def __init__(self, *, patience: float = 30) -> None:
        self.heard: list[Heard] = []
        self.status = 200
        self.reply = b""
        self.location = ""  # where a redirect leads
        self.manner: Manner = "answer"
        self._over = threading.Event()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if len(body) < length:  # whoever sent it was killed
                    return
                listener.heard.append(Heard(self.path, body.decode()))
                if listener.manner == "answer":
                    self.send_response(listener.status)
                    if listener.location:
                        self.send_header("Location", listener.location)
                    self.end_headers()
                    self.wfile.write(listener.reply)
                elif listener.manner == "garbage":
                    self.wfile.write(b"\0\1garbage\r\n\r\n")
                elif listener.manner == "hang":
                    end = time.monotonic() + patience
                    while listener.manner == "hang" and time.monotonic() < end:
                        if listener._over.wait(0.02):
                            return
                elif listener.manner == "drip":
                    for byte in b"HTTP/1.1 200 OK\r\nServer: drips\r\n\r\n":
                        if listener._over.wait(1):
                            return
                        self.wfile.write(bytes([byte]))

            def do_GET(self) -> None:  # what a redirect makes of a POST
                listener.heard.append(Heard(self.path, ""))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # whoever hung up

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, count: int) -> None:
        """Waits until so many requests have come."""
        end = time.monotonic() + 60
        while len(self.heard) < count:
            assert time.monotonic() < end, self.heard
            time.sleep(0.01)


class Flood:
    """A server that sends `begin` to whoever connects, then `piece` again and again until it is cut off.

    `sent` counts the bytes that it got rid of, for each connection. It stops by itself at `MOST`.

    Args:
        speaks_first: it does not wait for a request, like a mail server.
    """

    MOST = 64 * 1024 * 1024

    def __init__(self, begin: bytes, piece: bytes, *, speaks_first: bool = False) -> None:
        self.sent: list[int] = []
        self._begin, self._piece, self._speaks_first = begin, piece, speaks_first
        self._server = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._server.accept()
                self._connections.append(connection)
                threading.Thread(target=self._flood, args=(connection,), daemon=True).start()

    def _flood(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:  # it was cut off
            if not self._speaks_first:
                connection.recv(65536)
            self.sent.append(0)
            number = len(self.sent) - 1
            connection.sendall(self._begin)
            while self._piece and self.sent[number] < self.MOST:
                connection.sendall(self._piece)
                self.sent[number] += len(self._piece)

    def __enter__(self) -> Flood:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._server, *self._connections):
            with contextlib.suppress(OSError):  # closed already
                end.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"127.0.0.1:{self._server.getsockname()[1]}"
