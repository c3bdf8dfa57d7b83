"""Trusted certificates are read once, and nothing is trusted that requests would not trust."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
from urllib3.exceptions import InsecureRequestWarning
from world.gateways import HOST, Tls

from kagsync.net import tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with opened() as session:
        yield session


def opened() -> requests.Session:
    session = requests.Session()
    session.mount("https://", tls.SharedTlsAdapter())
    return session


@pytest.fixture
def server() -> Iterator[Tls]:
    with Tls(b"body", "localhost") as server:
        yield server


def url(server: Tls) -> str:
    return f"https://localhost:{server.port}/"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every file or folder of trusted certificates that is read."""
    seen: list[Any] = []
    load = ssl.SSLContext.load_verify_locations

    def note(context: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        seen.append(cafile or capath)
        load(context, cafile, capath, cadata)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", note)
    tls._context.cache_clear()
    return seen


def test_many_connections_of_many_threads_read_the_certificates_once(
    session: requests.Session, server: Tls, read: list[Any], tmp_path: Path
) -> None:
    bundle = str(server.save_ca(tmp_path / "ca.pem"))
    answers: list[bytes] = []

    def ask() -> None:
        for _ in range(5):
            with opened() as own:
                answers.append(own.get(url(server), verify=bundle, timeout=10).content)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"body"] * 30
    assert read == [bundle]


def test_the_certificates_of_one_bundle_are_not_those_of_another(
    session: requests.Session, server: Tls, tmp_path: Path
) -> None:
    with Tls(b"", "localhost") as other:
        wrong = str(other.save_ca(tmp_path / "other.pem"))
        right = str(server.save_ca(tmp_path / "ca.pem"))
        assert session.get(url(server), verify=right, timeout=10).content == b"body"
        for verify in (wrong, True):
            with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
                session.get(url(server), verify=verify, timeout=10)


def test_a_certificate_for_another_host_is_refused(
    session: requests.Session, server: Tls, tmp_path: Path
) -> None:
    bundle = str(server.save_ca(tmp_path / "ca.pem"))
    with pytest.raises(requests.exceptions.SSLError, match="IP address mismatch"):
        session.get(f"https://{HOST}:{server.port}/", verify=bundle, timeout=10)


def test_the_variables_of_requests_are_honored(
    session: requests.Session, server: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", str(server.save_ca(tmp_path / "ca.pem")))
    assert session.get(url(server), timeout=10).content == b"body"


def test_a_connection_that_is_not_verified_changes_nothing_for_the_others(
    session: requests.Session, server: Tls, tmp_path: Path
) -> None:
    with pytest.warns(InsecureRequestWarning):
        assert session.get(url(server), verify=False, timeout=10).content == b"body"
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        session.get(url(server), timeout=10)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_certificates_that_cannot_be_read_fail_as_with_requests(
    session: requests.Session, server: Tls, tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    errors = []
    for each in (session, requests.Session()):
        with each, pytest.raises(OSError) as failed:
            each.get(url(server), verify=str(bundle), timeout=10)
        errors.append((type(failed.value), str(failed.value).rpartition(":")[2]))
    assert errors[0] == errors[1]


def test_the_certificate_of_an_https_proxy_is_checked_against_the_same_bundle(
    session: requests.Session, server: Tls, tmp_path: Path
) -> None:
    """urllib3 makes a context for the proxy, too, from what the connection has."""
    bundle = str(server.save_ca(tmp_path / "ca.pem"))
    proxies = {"https": f"https://localhost:{server.port}"}
    with Tls(b"", "localhost") as other:
        wrong = str(other.save_ca(tmp_path / "other.pem"))
        with pytest.raises(requests.exceptions.ProxyError, match="CERTIFICATE_VERIFY_FAILED"):
            session.get("https://example.invalid/", proxies=proxies, verify=wrong, timeout=10)
    with pytest.raises(requests.exceptions.ProxyError, match="Tunnel connection failed: 501"):
        session.get("https://example.invalid/", proxies=proxies, verify=bundle, timeout=10)
