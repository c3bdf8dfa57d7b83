"""The real SDK at its real address, over https: what a download sends, where to, and what it costs."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
from world.boards import board_csv, many_teams
from world.kaggle_server import API_HOST, STORAGE_HOST, SecureKaggle

from kagsync.net import tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.running import Kagsync

SLUGS = [f"cup-{number}" for number in range(6)]


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecureKaggle]:
    with SecureKaggle(tmp_path) as kaggle:
        for name, value in kaggle.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("KAGGLE_API_TOKEN", "test-token")
        kaggle.accept(token="test-token")
        for slug in SLUGS:
            kaggle.competition(slug)
            kaggle.board(slug, board_csv(many_teams(5)))
        yield kaggle


def test_the_board_comes_from_the_file_store_which_gets_no_credentials(
    kaggle: SecureKaggle, kagsync: Kagsync
) -> None:
    kagsync.ok("competitions", "add", SLUGS[0])
    kaggle.requests.clear()
    kaggle.tunnels.clear()
    kagsync.ok("sync", "--all")
    asked = [(request.call, request.authorization) for request in kaggle.requests]
    assert asked == [("DownloadLeaderboard", "Bearer test-token"), ("storage", None)]
    assert kaggle.tunnels == [f"{API_HOST}:443", f"{STORAGE_HOST}:443"]


def test_a_run_reads_the_trusted_certificates_once(
    kaggle: SecureKaggle, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    load = ssl.SSLContext.load_verify_locations

    def note(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        read.append(args or kwargs)
        load(context, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", note)
    tls._context.cache_clear()
    kagsync.ok("competitions", "add", *SLUGS)
    kagsync.ok("sync", "--all")
    assert len(kaggle.tunnels) >= 2 * len(SLUGS)
    assert len(read) == 1


def test_a_certificate_of_an_unknown_ca_is_refused(
    kaggle: SecureKaggle, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("competitions", "add", SLUGS[0])  # so the good certificates are at hand
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    ran = kagsync("sync", SLUGS[0])
    assert ran.code == 4
    assert f"the certificate of {API_HOST} is not trusted" in ran.err
    assert kaggle.downloads() == []
