"""What may stand between this machine and Kaggle, on loopback: proxies, and a TLS server with its own CA."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

import trustme

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

HOST = "127.0.0.1"
TLS = b"\x16"  # what begins a TLS handshake


class _Gateway:
    """A server that runs until the end of the `with`."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Any:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"{HOST}:{self.port}"


class _Server(ThreadingTCPServer):
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that hangs up."""


class Proxy(_Gateway):
    """A proxy for http and https. `heads` has what it was asked.

    Args:
        answer: the status line of each answer; without one, connections are opened, always to `target`.
        drip: seconds between two bytes of its answer.
    """

    def __init__(self, answer: str = "", *, target: int = 0, drip: float = 0) -> None:
        self.heads: list[str] = []
        proxy = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                head = self.connection.recv(65536)
                while head[:1] != TLS and b"\r\n\r\n" not in head and (piece := self.connection.recv(65536)):
                    head += piece
                proxy.heads.append(head.decode("latin-1"))
                status = answer or "200 Connection established"
                reply = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                if drip:
                    for byte in reply.encode():
                        self.wfile.write(bytes([byte]))
                        threading.Event().wait(drip)
                elif answer:
                    self.wfile.write(reply.encode())
                else:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _relay(self.connection, target)

        super().__init__(_Server((HOST, 0), Handler))


class SocksProxy(_Gateway):
    """A SOCKS5 proxy without a login; whatever host is asked for, it connects to `target`."""

    def __init__(self, target: int) -> None:
        self.asked: list[str] = []
        proxy = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                _, methods = self.rfile.read(2)
                self.rfile.read(methods)
                self.wfile.write(b"\x05\x00")  # no login
                kind = self.rfile.read(4)[3]
                name = self.rfile.read(4 if kind == 1 else self.rfile.read(1)[0])
                proxy.asked.append(socket.inet_ntoa(name) if kind == 1 else name.decode())
                self.rfile.read(2)
                self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
                _relay(self.connection, target)

        super().__init__(_Server((HOST, 0), Handler))


class Tls(_Gateway):
    """A web server behind a certificate of a CA that no system knows; it answers everything with `body`.

    `hosts` and `until` say for whom and until when the certificate is good.
    """

    def __init__(self, body: bytes, *hosts: str, until: datetime | None = None) -> None:
        self.requests: list[str] = []
        self._ca = trustme.CA()
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.requests.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/zip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*hosts, not_after=until).configure_cert(context)
        server = ThreadingHTTPServer((HOST, 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        super().__init__(server)

    def save_ca(self, path: Path) -> Path:
        """Writes the CA's certificate, for those who want to trust it."""
        self._ca.cert_pem.write_to_path(str(path))
        return path


def _relay(client: socket.socket, port: int) -> None:
    """Carries bytes both ways until one side has no more."""
    with socket.create_connection((HOST, port)) as server:
        back = threading.Thread(target=_carry, args=(server, client), daemon=True)
        back.start()
        _carry(client, server)
        back.join(5)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
