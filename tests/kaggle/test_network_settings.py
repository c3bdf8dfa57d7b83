"""Proxies and certificates: what is wrong with them is named, with what to do, and no password is shown."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world.boards import board_csv, board_zip, many_teams
from world.club import SLUG, Club
from world.gateways import Proxy, SocksProxy, Tls
from world.kaggle_server import redirect

from kagsync.errors import ConfigurationError
from kagsync.kaggle import retry
from kagsync.net import route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

BOARD = board_csv(many_teams(5))
LOGIN = "proxy-user:s3cret-pass"
FILES = "files.kaggle.invalid"  # where downloads are redirected to: no name server knows it, a proxy must
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def open_way(monkeypatch: pytest.MonkeyPatch, patience: Callable[..., None]) -> None:
    """No proxy, no certificates and nothing exempt, and waits that a test can wait for."""
    for name in (*VARIABLES, *map(str.upper, VARIABLES), *route.CA_BUNDLES, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    patience(deadline=5.0)


class Redirected(Club):
    """A club whose downloads are redirected to an https URL, as Kaggle's are."""

    def sync(self, *options: str) -> Ran:
        """Syncs; whatever happens, no password is shown, and no permanent failure is tried for long."""
        began = time.monotonic()
        ran = self.kagsync("sync", SLUG, "--force", *options)
        assert time.monotonic() - began < 10
        for part in LOGIN.split(":"):
            assert part not in ran.err + ran.out
        return ran

    def error(self, *options: str) -> str:
        """The one error line of a sync that must fail."""
        ran = self.sync(*options)
        (line,) = (line for line in ran.err.splitlines() if line.startswith("ERROR"))
        assert ran.code != 0
        return line

    def redirect(self, host: str = FILES) -> None:
        self.kaggle.answer(SLUG, *[redirect(f"https://{host}/board.zip")] * 8)


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path, kaggle: KaggleServer) -> Redirected:
    club = Redirected(kagsync, settings, tmp_path, kaggle)
    kaggle.board(SLUG, BOARD)
    club.track()
    kaggle.requests.clear()
    return club


@pytest.fixture
def tls() -> Iterator[Tls]:
    """A file store that only its own CA vouches for."""
    with Tls(board_zip(SLUG, BOARD), FILES) as server:
        yield server


@pytest.fixture
def inspected(club: Redirected, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> Club:
    """A network whose proxy opens TLS connections and shows a certificate of its own."""
    club.redirect()
    with Proxy(target=tls.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{LOGIN}@{proxy.address}")
        yield club  # type: ignore[misc]


# Proxies that cannot be used: nothing is tried


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"])
def test_a_socks_proxy_without_pysocks_is_named(
    club: Redirected, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)  # Python's own way to have no such module
    monkeypatch.setenv(name, f"socks5://{LOGIN}@127.0.0.1:1080")

    ran = club.sync("-v")

    assert ran.code == 3
    assert f"ERROR kagsync: {name} names a SOCKS proxy" in ran.err
    assert f"{sys.executable} -m pip install PySocks" in ran.err
    assert club.kaggle.requests == []


UNUSABLE = [
    "http://",
    " ",
    f"http://{LOGIN}@",
    f"http://{LOGIN}@proxy:99999",
    f"ftp://{LOGIN}@proxy:21",
    f"socks9://{LOGIN}@proxy:1080",
    "http://proxy-user:1/s3cret-pass@proxy:3128",  # to a parser, the host is `proxy-user`, and the port 1
    "http://.proxy:3128",
    "proxy:3128",
    f"{LOGIN}@proxy:3128",
    f"http://[{LOGIN}@proxy:3128",
    f"http://{LOGIN}€@proxy:3128",
]


@pytest.mark.parametrize("value", UNUSABLE)
def test_what_is_no_proxy_is_named_and_never_shown(
    club: Redirected, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", value)

    ran = club.sync("-v")

    assert ran.code == 3
    assert "ERROR kagsync: http_proxy is not the URL of a proxy. Set it to http://HOST:PORT" in ran.err
    assert club.kaggle.requests == []


@pytest.mark.parametrize("value", UNUSABLE)
def test_requests_takes_none_of_those_either(value: str) -> None:
    import requests

    with requests.Session() as session, pytest.raises((ValueError, TypeError, OSError)):
        session.get("http://127.0.0.1:9/", proxies={"http": value}, timeout=1)


def test_the_name_in_lower_case_is_the_one_in_effect(
    club: Redirected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://")
    monkeypatch.setenv("ALL_PROXY", "ftp://127.0.0.1:9")

    assert "ERROR kagsync: http_proxy is not" in club.error()


def test_a_run_on_many_says_it_once(club: Redirected, monkeypatch: pytest.MonkeyPatch) -> None:
    club.kagsync.ok("competitions", "add", "a", "b", "c")
    monkeypatch.setenv("http_proxy", "http://")

    ran = club.kagsync("sync", "--all")

    assert ran.code == 3
    assert ran.err.count("ERROR") == 1


def test_a_bad_proxy_for_the_file_store_alone_is_named_too(
    club: Redirected, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.redirect()
    monkeypatch.setenv("HTTPS_PROXY", f"http://{LOGIN}@proxy:99999")

    assert "HTTPS_PROXY is not the URL of a proxy" in club.error("-v")
    assert len(club.kaggle.downloads()) == 1


def test_a_bad_proxy_that_is_not_used_harms_nobody(club: Redirected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://")
    monkeypatch.setenv("no_proxy", "localhost")

    assert club.sync().code == 0


# Proxies that refuse


def test_a_proxy_that_asks_for_a_login_is_named(club: Redirected, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy("407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        error = club.error()

    assert f"the proxy {proxy.address} of HTTP_PROXY asks for a login (407)" in error
    assert "Set HTTP_PROXY to http://USER:PASSWORD@HOST:PORT" in error
    assert len(proxy.heads) == 1


def test_a_login_that_the_proxy_refuses_is_told_without_it(
    club: Redirected, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy("407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{LOGIN}@{proxy.address}")
        ran = club.sync("-v")

    assert ran.code == 3
    assert "of HTTP_PROXY refuses the user name and password in it (407)" in ran.err
    assert "Proxy-Authorization: Basic" in proxy.heads[0]


def test_so_it_is_for_https(club: Redirected, monkeypatch: pytest.MonkeyPatch) -> None:
    club.redirect()
    with Proxy("407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{LOGIN}@{proxy.address}")
        error = club.error()

    assert f"the proxy {proxy.address} of HTTPS_PROXY refuses the user name and password in it (407)" in error
    assert [head.split()[:2] for head in proxy.heads] == [["CONNECT", f"{FILES}:443"]]


def test_a_proxy_that_forbids_kaggle_is_named_and_not_asked_again(
    club: Redirected, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.redirect()
    with Proxy("403 Blocked \x1b[31mby policy") as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("no_proxy", "localhost")
        error = club.error()

    assert f"the proxy {proxy.address} of ALL_PROXY does not connect to {FILES} (403 Blocked " in error
    assert "\x1b" not in error
    assert len(proxy.heads) == 1


def test_a_proxy_with_a_trouble_that_may_pass_is_asked_again(
    club: Redirected, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.redirect()
    with Proxy("503 Service Unavailable") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        error = club.error()

    assert "(503 Service Unavailable)" in error
    assert len(proxy.heads) == retry.DEFAULT.tries


def test_a_proxy_that_is_not_there_is_named(club: Redirected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{LOGIN}@127.0.0.1:9")

    ran = club.sync("-v")

    assert ran.code == 4
    assert "the proxy 127.0.0.1:9 of HTTP_PROXY could not be reached (Connection refused)" in ran.err


def test_a_proxy_that_does_not_speak_https_is_told_apart(
    club: Redirected, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.redirect()
    with Proxy("400 Bad Request") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://{LOGIN}@{proxy.address}")
        error = club.error()

    assert f"the proxy {proxy.address} of HTTPS_PROXY does not speak https itself" in error
    assert "Begin HTTPS_PROXY with http://" in error


def test_a_proxy_that_drips_ends_at_the_deadline(
    club: Redirected, monkeypatch: pytest.MonkeyPatch, patience: Callable[..., None]
) -> None:
    patience(deadline=0.6)
    club.redirect()
    with Proxy("200 OK", drip=0.1) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        began = time.monotonic()
        error = club.error()

    assert time.monotonic() - began < 4
    assert "did not answer in time" in error


def test_a_socks_proxy_works_with_pysocks(
    club: Redirected, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("socks")
    with SocksProxy(club.kaggle.port) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{LOGIN}@{proxy.address}")
        ran = club.sync()

    assert (ran.code, set(proxy.asked)) == (0, {"localhost"})


def test_a_socks_proxy_for_https_works_too(
    club: Redirected, tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("socks")
    club.redirect()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.save_ca(tmp_path / "ca.pem")))
    with SocksProxy(tls.port) as proxy:
        monkeypatch.setenv("https_proxy", f"socks5h://{proxy.address}")
        ran = club.sync()

    assert (ran.code, proxy.asked, tls.requests) == (0, [FILES], ["/board.zip"])


def test_a_server_whose_handshake_never_comes_ends_at_the_deadline(
    club: Redirected, patience: Callable[..., None]
) -> None:
    patience(deadline=0.6)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        club.redirect(f"localhost:{mute.getsockname()[1]}")
        began = time.monotonic()
        error = club.error()

    assert time.monotonic() - began < 4
    assert "did not answer in time" in error


# Certificates


def test_a_certificate_that_nobody_vouches_for_is_told_once_and_what_to_set(
    inspected: Club, tls: Tls
) -> None:
    error = inspected.error()

    assert f"the certificate of {FILES} is not trusted (" in error
    assert "set REQUESTS_CA_BUNDLE to a file with the certificate of its CA" in error
    assert "SSL_CERT_FILE" not in error
    assert len(inspected.kaggle.downloads()) == 1


def test_without_a_proxy_it_is_the_same(club: Redirected) -> None:
    with Tls(b"", "localhost") as server:
        club.redirect(f"localhost:{server.port}")
        assert "the certificate of localhost is not trusted" in club.error()


@pytest.mark.parametrize("name", route.CA_BUNDLES)
def test_what_is_advised_helps(
    inspected: Club, tls: Tls, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tls.save_ca(tmp_path / "ca.pem")))

    assert inspected.sync().code == 0
    assert tls.requests == ["/board.zip"]


def test_ssl_cert_file_has_no_effect_and_that_is_said(
    inspected: Club, tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.save_ca(tmp_path / "ca.pem")))

    assert "set REQUESTS_CA_BUNDLE to a file" in (error := inspected.error())
    assert "(SSL_CERT_FILE is not read)" in error


def test_certificates_of_others_are_named(
    inspected: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tls(b"", "other") as other:
        path = other.save_ca(tmp_path / "ca.pem")
    monkeypatch.setenv("CURL_CA_BUNDLE", str(path))

    error = inspected.error()

    assert f"Add the certificate of your network's CA to {path} (CURL_CA_BUNDLE)" in error


def test_a_certificate_that_has_expired_sends_to_the_clock(
    club: Redirected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tls(b"", "localhost", until=datetime(2020, 1, 1, tzinfo=UTC)) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.save_ca(tmp_path / "ca.pem")))
        club.redirect(f"localhost:{server.port}")
        error = club.error()

    assert "the certificate of localhost is not trusted (certificate has expired)" in error
    assert "Check the clock" in error


def test_a_certificate_of_another_host_is_told_apart(
    club: Redirected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tls(b"", "portal.example") as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.save_ca(tmp_path / "ca.pem")))
        club.redirect(f"localhost:{server.port}")
        error = club.error()

    assert "Hostname mismatch" in error
    assert "something else answers" in error


def test_certificates_that_are_not_there_are_no_fault_of_the_disk(
    inspected: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "nowhere.pem"
    monkeypatch.setenv("CURL_CA_BUNDLE", os.devnull)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(missing))

    ran = inspected.sync()

    assert ran.code == 3
    assert f"REQUESTS_CA_BUNDLE names certificates that do not exist: {missing}. Correct the path" in ran.err
    assert len(inspected.kaggle.downloads()) == 1


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_a_file_without_certificates_is_named(
    inspected: Club, tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(content)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(path))

    ran = inspected.sync()

    assert ran.code == 3
    assert f"the certificates of CURL_CA_BUNDLE cannot be read from {path}" in ran.err


def test_what_is_wrong_for_https_is_found_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    route.check_environment("https://api.kaggle.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")

    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE"):
        route.check_environment("https://api.kaggle.com")
    route.check_environment("http://localhost:7777")  # needs no certificates
    monkeypatch.setenv("HTTPS_PROXY", "http://")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY"):
        route.check_environment("https://api.kaggle.com")


# Everywhere that Kaggle is asked


def test_adding_a_competition_says_what_to_do(club: Redirected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://")

    ran = club.kagsync("competitions", "add", "other")

    assert ran.code == 0
    assert "WARNING kagsync: Kaggle could not be asked about other: http_proxy is not" in ran.err
    assert "Set it to http://HOST:PORT" in ran.err


@pytest.mark.long
@pytest.mark.parametrize("kind", ["unusable", "407"])
def test_doctor_names_it_once(club: Redirected, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    club.kagsync.ok("competitions", "add", "other")
    with Proxy("407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv(
            "http_proxy", "http://" if kind == "unusable" else f"http://{LOGIN}@{proxy.address}"
        )
        ran = club.kagsync("doctor", "--format", "json")

    checks = {check["about"]: check for check in json.loads(ran.out)["checks"]}
    assert "http_proxy" in checks["Kaggle"]["said"]
    assert checks["Kaggle"]["ok"] is False
    assert "http://" in checks["Kaggle"]["remedy"]
    assert not {SLUG, "other"} & checks.keys()
    assert "s3cret" not in ran.out


@pytest.mark.parametrize("kind", ["unusable", "407"])
def test_renewing_a_login_names_it(
    club: Redirected, home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "credentials.json").write_text('{"refresh_token": "refresh-1"}')
    with Proxy("407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("http_proxy", "http://" if kind == "unusable" else f"http://{proxy.address}")
        ran = club.sync()

    assert ran.code == 3
    assert "http_proxy" in ran.err
    assert "renew" not in ran.err
