"""One exchange with Kaggle, limited in time and size. The SDK sets no limits, and requests too few.

- Each connection and each silence has a timeout, also after a redirect.
- A watchdog ends the whole exchange at its deadline. A read timeout does not stop a server that sends a byte
  now and then.
- Bodies that requests or the SDK would read to their end are cut off.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from kagsync.errors import Interrupted
from kagsync.kaggle import watchdog
from kagsync.kaggle.watchdog import Watchdog
from kagsync.net import bounds, route
from kagsync.net.route import Route

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    import requests

    from kagsync.kaggle.retry import RetryPolicy

T = TypeVar("T")

_LONGEST_REFUSAL = 64 * 1024  # bytes
_MOST_REDIRECTS = 5  # Kaggle needs one, to where it stores its files
_current = threading.local()  # .exchange: the one that this thread is in


class Exchange:
    """One call to Kaggle, redirects included.

    Attributes:
        route: how its last request left this machine.
        response: the last answer. The SDK drops an answer when it cannot read its body.
    """

    def __init__(self, seconds: float) -> None:
        self.watchdog = Watchdog(max(seconds, 0.0))
        self.route: Route | None = None
        self.response: requests.Response | None = None

    def run(self, call: Callable[[], T]) -> T:
        """Makes the call, on a session that went through `bind`.

        Raises:
            TimeoutError: it was not done in time.
            Interrupted: the program stops.
            Exception: whatever the call raises.
        """
        _current.exchange = self
        try:
            with self.watchdog, watchdog.stop.guarding(self.watchdog):
                if watchdog.stop.event.is_set():
                    raise Interrupted("stopped")
                result = call()
        except Exception as cause:
            if self.response is not None:
                self.response.close()
            if self.watchdog.fired:
                raise self._overdue() from cause
            raise
        finally:
            del _current.exchange
        if self.watchdog.fired:  # a body of unknown length that was cut off looks like a whole one
            raise self._overdue()
        return result

    def _overdue(self) -> TimeoutError:
        return TimeoutError(f"not done within {self.watchdog.seconds:.0f} s")


def bind(session: requests.Session, policy: RetryPolicy) -> None:
    """Gives a session its bounds. From then on it works inside `Exchange.run` only."""
    session.max_redirects = _MOST_REDIRECTS
    session.mount("https://", _adapter(policy))
    session.mount("http://", _adapter(policy))


def _adapter(policy: RetryPolicy) -> Any:
    from kagsync.net.tls import SharedTlsAdapter

    class BoundedAdapter(SharedTlsAdapter):
        """Gives every request, redirects included, its bounds, and its socket to the watchdog."""

        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
            pool.ConnectionCls = _watched(type(pool).ConnectionCls)  # its own kind: SOCKS has another
            return pool

        def send(
            self,
            request: Any,
            stream: bool = False,
            timeout: Any = None,
            verify: bool | str = True,
            cert: Any = None,
            proxies: Any = None,
        ) -> requests.Response:
            exchange: Exchange = _current.exchange
            exchange.route = Route.of(request.url, proxies, verify)
            route.check(exchange.route)
            # Each exchange has a connection of its own. So the watchdog knows its socket, and a connection
            # that Kaggle has closed in between cannot fail the next competition.
            request.headers["Connection"] = "close"
            timeout = (policy.connect_timeout, policy.read_timeout)
            response = super().send(request, stream, timeout, verify, cert, proxies)
            exchange.response = response
            if response.status_code >= 300:
                # A part of a refusal is enough, because its status says the most.
                with _patience(exchange.watchdog, policy.refusal_timeout):
                    bounds.take_in(response, _LONGEST_REFUSAL, whole=False)
            elif not stream or _is_json(response):
                bounds.take_in(response, bounds.LONGEST_ANSWER, whole=True)
            return response

    return BoundedAdapter()


@functools.cache
def _watched(kind: Any) -> Any:
    """A kind of connection that gives its socket to the watchdog."""

    class Watched(kind):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            # The watchdog gets the socket before a proxy and TLS begin to talk, because they may be slow,
            # too.
            new: Callable[[], socket.socket] = super()._new_conn
            guard: Watchdog = _current.exchange.watchdog

            def connect() -> socket.socket:
                connection = new()
                if guard.fired:  # nobody waits for it any longer
                    connection.close()
                return connection

            # In another thread, since nothing can interrupt a name server that does not answer.
            try:
                connection = bounds.wait_for(connect, guard.seconds, lambda: guard.fired)
            except TimeoutError:
                guard.fire()  # its own timer may be a moment late, and `fired` explains the failure
                raise
            guard.watch(connection)
            return connection

    return Watched


@contextlib.contextmanager
def _patience(guard: Watchdog, seconds: float) -> Iterator[None]:
    """Stops what this thread reads after some seconds, as if the server had closed the connection."""
    with Watchdog(seconds) as second:
        guard.share(second)
        yield


def _is_json(response: requests.Response) -> bool:
    return "json" in response.headers.get("Content-Type", "").lower()
