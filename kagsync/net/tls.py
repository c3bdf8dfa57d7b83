"""One set of trusted certificates for the process, in place of one for each connection.

urllib3 reads the file of trusted certificates again whenever it connects. For certifi's 117 that takes 13 ms
of CPU and 0.7 MB, and a download needs two connections: to Kaggle, and to where Kaggle stores its files.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy
from urllib3.util.ssl_ import ALPN_PROTOCOLS, create_urllib3_context

if TYPE_CHECKING:
    import ssl

_guard = threading.Lock()  # the workers of a run need it at the same moment


class SharedTlsAdapter(HTTPAdapter):
    """Connects as requests does, but with trusted certificates that are read once.

    What requests lets people choose stays in force: REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, `verify` and client
    certificates. requests sets up a connection itself if it goes through a proxy that speaks https itself, is
    not verified, or has a client certificate.

    An adapter is for one thread, as its session is.
    """

    _context: ssl.SSLContext | None = None  # of the connection that is being prepared

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        proxy = select_proxy(request.url, proxies) or ""
        usual = verify and not cert and not proxy.lower().startswith("https:")
        self._context = context(verify) if usual and request.url.lower().startswith("https:") else None
        return super().get_connection_with_tls_context(request, verify, proxies, cert)

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._context is not None:
            tls = {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._context}
        return host, tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if self._context is not None:  # it has them; urllib3 would read them into it again
            conn.ca_certs = conn.ca_cert_dir = None


def context(verify: bool | str) -> ssl.SSLContext | None:
    """The context with the certificates that requests would trust.

    Threads may share it, because nothing changes it after it was made, and OpenSSL locks its certificates.
    (urllib3 sets `verify_mode` for each connection, to the value that it has.)

    Args:
        verify: what requests gives its adapters: a file or folder of certificates; True: the usual ones.

    Returns:
        the context; None: the certificates cannot be read. requests explains that when it connects.
    """
    with _guard:
        return _context(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)


@functools.cache
def _context(bundle: str) -> ssl.SSLContext | None:
    made = create_urllib3_context()
    try:
        if os.path.isdir(bundle):  # noqa: PTH112 (pathlib's may raise)
            made.load_verify_locations(capath=bundle)
        else:
            made.load_verify_locations(cafile=bundle)
    except OSError:  # an SSLError is one
        return None
    made.set_alpn_protocols(ALPN_PROTOCOLS)
    # urllib3 sets the same ones again for each connection. OpenSSL replaces its list then, and does not allow
    # that while other threads use the context.
    made.set_alpn_protocols = _unchanged  # type: ignore[method-assign, assignment]
    return made


def _unchanged(_: object) -> None:
    return
