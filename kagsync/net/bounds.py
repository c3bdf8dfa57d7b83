"""Limits how much other machines may send and how long they may take.

The timeouts of `requests` and `smtplib` limit each wait for data, not the whole exchange. Both read an answer
to its end, however large it is or becomes when it is unpacked. A slow name server can also block a call, and
nothing can interrupt that call.
"""

from __future__ import annotations

import functools
import io
import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

T = TypeVar("T")

LONGEST_ANSWER = 1024 * 1024  # bytes, unpacked
_POLL = 0.1  # seconds between two checks whether to give up
# What this thread may still receive, if it is `bounded`.
_current = threading.local()


class TooMuch(OSError):
    """A server sent more than is allowed."""


def wait_for(call: Callable[[], T], seconds: float, given_up: Callable[[], bool] = lambda: False) -> T:
    """Runs a call that cannot be interrupted in a thread of its own and waits for its result.

    If the call is given up, its thread goes on, but it does not keep the process from ending.

    Args:
        seconds: how long to wait.
        given_up: called again and again; True stops the wait.

    Raises:
        TimeoutError: the call took too long, or was given up.
        BaseException: whatever the call raises.
    """
    ended: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((True, call()))
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that waits)
            ended.put((False, error))

    threading.Thread(target=run, name=f"{threading.current_thread().name}-call", daemon=True).start()
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and not given_up():
        try:
            good, result = ended.get(timeout=min(left, _POLL))
        except queue.Empty:
            continue
        if good:
            return result  # type: ignore[no-any-return]
        raise result
    raise TimeoutError(f"not done within {seconds:.0f} s")


def take_in(response: requests.Response, limit: int, *, whole: bool) -> int:
    """Reads a body, unpacked, up to `limit` bytes. The response then gives what was read.

    Args:
        whole: whether a body that breaks off is an error. Otherwise a part of it is enough.

    Returns:
        how many bytes were read.

    Raises:
        OSError, urllib3.exceptions.HTTPError: the body breaks off, and `whole` is set.
    """
    import urllib3

    raw, body = response.raw, bytearray()
    try:
        # read1 gives what has arrived; read would wait for a whole piece from a server that drips.
        while len(body) < limit and (piece := raw.read1(limit - len(body), decode_content=True)):
            body += piece
    except (urllib3.exceptions.HTTPError, OSError):
        if whole:
            raise
    raw.close()
    response.raw = urllib3.HTTPResponse(
        io.BytesIO(body),
        preload_content=False,
        original_response=raw._original_response,  # requests takes cookies from it
    )
    return len(body)


class bounded:
    """Limits what libraries receive in this thread during the block.

    Every read fails once `limit` bytes have arrived or `seconds` are over. Bodies that `requests` reads are
    cut off once they have unpacked to `limit` bytes in total, because it also keeps those of redirects.

    This needs patches, because the libraries have no setting for it: where bytes are received (`http.client`
    and `smtplib` use `SocketIO`, others call `recv`), and where requests gets an answer. Other threads are
    not affected.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._received = self._unpacked = 0
        self._deadline = time.monotonic() + seconds

    def __enter__(self) -> bounded:
        _patch()
        _current.bounds = self
        return self

    def __exit__(self, *_: object) -> None:
        _current.bounds = None

    def received(self, count: int) -> None:
        """Counts bytes that have arrived; raises TooMuch or TimeoutError."""
        self._received += count
        if self._received > self._limit:
            raise TooMuch(f"more than {self._limit} bytes were sent")
        if time.monotonic() > self._deadline:
            raise TimeoutError("the server took too long")

    def take_in(self, response: requests.Response) -> None:
        """Reads as much of a body as the limit still allows."""
        self._unpacked += take_in(response, self._limit - self._unpacked, whole=False)


def _bounds() -> bounded | None:
    return getattr(_current, "bounds", None)


@functools.cache
def _patch() -> None:
    import ssl

    import requests.adapters

    for kind, name in ((socket.SocketIO, "readinto"), (socket.socket, "recv"), (ssl.SSLSocket, "recv")):
        setattr(kind, name, _counting(getattr(kind, name)))
    send = requests.adapters.HTTPAdapter.send

    def send_and_take_in(self: Any, *args: Any, **kwargs: Any) -> requests.Response:
        response = send(self, *args, **kwargs)
        if (bounds := _bounds()) is not None:
            bounds.take_in(response)
        return response

    requests.adapters.HTTPAdapter.send = send_and_take_in  # type: ignore[method-assign]


def _counting(receive: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a method that returns received bytes, or their number, so that they are counted."""

    @functools.wraps(receive)
    def received(*args: Any) -> Any:
        found = receive(*args)
        if (bounds := _bounds()) is not None:
            bounds.received(len(found) if isinstance(found, bytes) else found or 0)
        return found

    return received
