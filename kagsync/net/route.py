"""Explains why Kaggle cannot be reached, and names the variable that a bad proxy or certificate comes from.

requests takes both from the environment. It reports a bad setting as a bad URL, a missing file or a broken
connection, and some of its messages contain the proxy's password. Nothing here shows a password.
"""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from kagsync import installation
from kagsync.errors import ConfigurationError, KagsyncError, Unreachable
from kagsync.safe_text import clip, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3.util import Url

CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # in the order of requests
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_KINDS = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
# How http.client says that a proxy refused a CONNECT.
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\s*(.*)", re.DOTALL)
# OpenSSL's numbers for a certificate that is not yet or no longer valid, and for one of another host.
_WRONG_TIME, _WRONG_HOST = (9, 10), (62, 64)
_ESCAPES = "In a password, write @ as %40 and / as %2F"
_PATIENCE = (
    "Check the network, and whether it needs a proxy (HTTPS_PROXY), then try again; scheduled runs do so"
)


class Failure(NamedTuple):
    """Why an exchange with Kaggle failed.

    Attributes:
        error: what to tell the user.
        heals: whether it is worth trying again.
        wait: how many seconds Kaggle wants us to wait before that, if it said so.
    """

    error: KagsyncError
    heals: bool
    wait: float | None = None


@dataclass(frozen=True)
class Route:
    """How one request leaves this machine.

    Attributes:
        url: where to.
        proxy: the proxy's URL, which may hold a password; None for a direct connection.
        ca_bundle: the file or folder of trusted certificates; None for the usual ones.
    """

    url: str
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None

    @classmethod
    def of(cls, url: str, proxies: Mapping[str, str] | None, verify: bool | str | None) -> Route:
        """Makes the route from what requests gives its adapters."""
        from requests.utils import select_proxy

        proxy = select_proxy(url, dict(proxies or {})) or None
        return cls(url, proxy, verify if isinstance(verify, str) else None)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "Kaggle"

    @property
    def proxy_source(self) -> str:
        """The variable that the proxy comes from."""
        scheme = urlsplit(self.url).scheme
        for wanted in (f"{scheme}_proxy", "all_proxy"):
            names = sorted((name for name in os.environ if name.lower() == wanted), reverse=True)
            for name in names:  # the lower-case name first, as Python does
                if os.environ[name] == self.proxy:
                    return name
        return "the system's proxy setting"

    @property
    def ca_source(self) -> str:
        """The variable that the certificates come from."""
        return next((name for name in CA_BUNDLES if os.environ.get(name) == self.ca_bundle), CA_BUNDLES[0])

    @property
    def named_proxy(self) -> str:
        """The proxy for people: its address without a login, and where it is set."""
        parts = _parsed(self.proxy or "")
        host, port = (parts.host, parts.port) if parts is not None else (None, None)
        address = f"{host}:{port}" if port else host or "?"
        return f"{address} of {self.proxy_source}"


def is_configured() -> bool:
    """Whether a variable names a proxy or trusted certificates."""
    return any(
        value and (name.lower() in _PROXIES or name in CA_BUNDLES) for name, value in os.environ.items()
    )


def check_environment(url: str) -> None:
    """Checks the proxy and the certificates that the environment sets for a URL.

    Raises:
        ConfigurationError: no request to this URL can leave this machine.
    """
    import requests

    with requests.Session() as session:
        found = session.merge_environment_settings(url, {}, None, None, None)
    check(Route.of(url, found["proxies"], found["verify"]))


def check(route: Route) -> None:
    """Checks a route without using it.

    Raises:
        ConfigurationError: the proxy is not one that requests can use, or the certificates do not exist.
    """
    if route.proxy is not None:
        _check_proxy(route.proxy, route.proxy_source)
    encrypted = urlsplit(route.url).scheme == "https"
    if encrypted and route.ca_bundle is not None and (error := _missing(route.ca_bundle, route.ca_source)):
        raise error


def missing_certificates() -> ConfigurationError | None:
    """The error for trusted certificates that the environment names and that do not exist."""
    named = ((os.environ.get(name), name) for name in CA_BUNDLES)
    return next((error for bundle, name in named if bundle and (error := _missing(bundle, name))), None)


def _missing(bundle: str, source: str) -> ConfigurationError | None:
    if os.path.exists(bundle):  # noqa: PTH110 (pathlib's may raise)
        return None
    return ConfigurationError(
        f"{source} names certificates that do not exist: {bundle}",
        f"Correct the path, or unset {source}",
    )


def _check_proxy(proxy: str, source: str) -> None:
    parts = _parsed(proxy)
    if parts is None or parts.scheme not in _KINDS:
        raise ConfigurationError(
            f"{source} is not the URL of a proxy",
            f"Set it to http://HOST:PORT, or unset {source}. {_ESCAPES}",
        )
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise ConfigurationError(
            f"{source} names a SOCKS proxy, for which the package PySocks is missing",
            f"Install it: {installation.this().add_packages('PySocks')}, or unset {source}",
        )


def _parsed(proxy: str) -> Url | None:
    """A proxy's URL as requests reads it; None if it has no host, or an @ in a wrong place.

    The text before such an @ is probably part of a password, not the host that it looks like.
    """
    from requests.utils import prepend_scheme_if_needed
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    try:
        url = prepend_scheme_if_needed(proxy, "http")  # type: ignore[no-untyped-call]
        parts = parse_url(url)
        urlsplit(proxy)  # as requests does, too
        (parts.host or "").encode("idna")  # as a connection would do
        unquote(parts.auth or "").encode("latin-1")  # as requests would do
    except (LocationParseError, ValueError, TypeError):  # TypeError: a login without a host
        return None
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    return parts if (parts.host or "").strip() and "@" not in rest else None


def explain(cause: Exception, route: Route) -> Failure:
    """Says why a request got no answer.

    Args:
        cause: what requests or urllib3 raised.
        route: how the request left this machine.
    """
    import ssl

    from requests.exceptions import ProxyError, Timeout
    from urllib3.exceptions import TimeoutError as Urllib3Timeout

    causes = list(_causes(cause))
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return _untrusted(each, route, by_proxy=isinstance(cause, ProxyError))
        if isinstance(each, OSError) and (match := _TUNNEL.match(str(each))):
            return _refused_by_proxy(int(match[1]), match[2], route)
    if any(isinstance(each, ssl.SSLError) for each in causes) and (problem := _unreadable(route)):
        return Failure(problem, heals=False)
    if any("appears to only use HTTP" in str(each) for each in causes):  # urllib3's words
        error = ConfigurationError(
            f"the proxy {route.named_proxy} does not speak https itself",
            f"Begin {route.proxy_source} with http://, which is right for https requests too",
        )
        return Failure(error, heals=False)
    if isinstance(cause, (TimeoutError, Timeout, Urllib3Timeout)):
        return Failure(_unreachable("Kaggle did not answer in time", "", route), heals=True)
    reason = f" ({_innermost(causes)})"
    if isinstance(cause, ProxyError):
        message = f"the proxy {route.named_proxy} could not be reached{reason}"
        return Failure(Unreachable(message, f"Check the proxy, or unset {route.proxy_source}"), heals=True)
    return Failure(_unreachable("Kaggle could not be reached", reason, route), heals=True)


def _unreachable(what: str, reason: str, route: Route) -> Unreachable:
    if route.proxy is None:
        return Unreachable(f"{what}{reason}", _PATIENCE)
    remedy = f"Check the network and the proxy, or unset {route.proxy_source}"
    return Unreachable(f"{what} through the proxy {route.named_proxy}{reason}", remedy)


def wants_login(route: Route) -> ConfigurationError:
    """The error for a proxy that requires a login (407)."""
    says = "refuses the user name and password in it" if "@" in (route.proxy or "") else "asks for a login"
    return ConfigurationError(
        f"the proxy {route.named_proxy} {says} (407)",
        f"Set {route.proxy_source} to http://USER:PASSWORD@HOST:PORT. {_ESCAPES}",
    )


def _refused_by_proxy(status: int, said: str, route: Route) -> Failure:
    if status == 407:
        return Failure(wants_login(route), heals=False)
    answer = clip(printable(" ".join(f"{status} {said}".split())), 100)
    message = f"the proxy {route.named_proxy} does not connect to {route.host} ({answer})"
    remedy = f"Ask its administrator to allow {route.host}, or unset {route.proxy_source}"
    return Failure(Unreachable(message, remedy), heals=status >= 500)


def _untrusted(cause: object, route: Route, *, by_proxy: bool) -> Failure:
    whose = f"the proxy {route.named_proxy}" if by_proxy else route.host
    reason = getattr(cause, "verify_message", "") or "it could not be verified"
    code = getattr(cause, "verify_code", 0)
    if code in _WRONG_TIME:
        remedy = "Check the clock of this machine; if it is right, try again later"
    elif code in _WRONG_HOST:
        remedy = "Check the network: something else answers, such as the login page of a public network"
    elif route.ca_bundle is not None:
        remedy = f"Add the certificate of your network's CA to {route.ca_bundle} ({route.ca_source})"
    else:
        unused = " (SSL_CERT_FILE is not read)" if os.environ.get("SSL_CERT_FILE") else ""
        remedy = (
            "If your network inspects TLS, set REQUESTS_CA_BUNDLE to a file with the certificate of its CA"
            + unused
        )
    error = Unreachable(f"the certificate of {whose} is not trusted ({clip(reason, 150)})", remedy)
    return Failure(error, heals=False)


def _unreadable(route: Route) -> ConfigurationError | None:
    """The error for a file of certificates that OpenSSL does not read."""
    import ssl

    if route.ca_bundle is None or os.path.isdir(route.ca_bundle):  # noqa: PTH112 (pathlib's may raise)
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(route.ca_bundle)
    except OSError as error:  # an SSLError is one
        reason = "no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
        return ConfigurationError(
            f"the certificates of {route.ca_source} cannot be read from {route.ca_bundle} ({reason})",
            f"Set it to a PEM file with the certificates to trust, or unset {route.ca_source}",
        )
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that led to it; urllib3 keeps some of them only as `reason` or argument."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]


def _innermost(causes: list[BaseException]) -> str:
    """The plain reason among nested exceptions, such as "Connection refused"."""
    for each in reversed(causes):
        if isinstance(each, OSError) and each.strerror:
            return str(each.strerror)
    return type(causes[-1]).__name__
