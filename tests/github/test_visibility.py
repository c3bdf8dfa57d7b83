"""Whether the repository is public: what the event says, and what the server says without a login."""

from __future__ import annotations

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from world.repository import Repository, git
from world.running import one_line

from kagsync.github.visibility import is_public, web_address

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

pytestmark = pytest.mark.long

TOKEN = "ghs_0123456789abcdef"


@pytest.mark.parametrize(
    ("about", "public"),
    [
        ({"private": True}, False),
        ({"private": True, "visibility": "private"}, False),
        ({"private": True, "visibility": "internal"}, False),
        ({"private": False}, True),
        ({"private": True, "visibility": "public"}, True),
        ({"private": "true"}, True),
        ({}, None),
    ],
)
def test_the_event_says_whether_the_repository_is_public(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, about: dict[str, object], public: bool | None
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(repository.event(**about)))
    assert is_public() is public


@pytest.mark.parametrize("named_by", ["variable", "origin"])
@pytest.mark.parametrize(("status", "public"), [(200, True), (401, False), (404, None), (500, None)])
def test_without_the_event_the_server_is_asked_without_a_login(
    repository: Repository,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    public: bool | None,
    named_by: str,
) -> None:
    git(repository.bare, "update-server-info")  # what git asks a plain web server for

    class Server(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            logins.append(self.headers.get("Authorization"))
            if status == 200:
                super().do_GET()
                return
            self.send_response(status)
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    logins: list[str | None] = []
    monkeypatch.setenv("GITHUB_EVENT_PATH", os.devnull)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    handler = functools.partial(Server, directory=str(repository.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        if named_by == "variable":
            monkeypatch.setenv("GITHUB_SERVER_URL", address)
            monkeypatch.setenv("GITHUB_REPOSITORY", "remote.git")
        else:
            login = address.replace("//", "//ann:s3cret@")
            git(repository.folder / "run", "remote", "set-url", "origin", f"{login}/remote.git")
        # Logins that are no longer valid: a public repository would be refused to them, too.
        checkout = repository.folder / "run"
        git(checkout, "config", f"http.{address}/.extraheader", "AUTHORIZATION: basic b2xk")
        (home / ".netrc").write_text("machine 127.0.0.1 login x password old\n")
        old = address.replace("//", "//x:old@")
        (home / ".gitconfig").write_text(f'[url "{old}/"]\n insteadOf = {address}/\n')
        found = is_public()
        server.shutdown()
    assert found is public
    assert is_public() is None  # it does not answer
    assert set(logins) == {None}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"repository": 1}', "[" * 100_000])
def test_without_an_event_that_can_be_read_it_is_not_known_of_a_folder(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "event.json").write_text(text)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    assert is_public() is None
    monkeypatch.setenv("GITHUB_EVENT_PATH", os.devnull)
    assert is_public() is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/club/boards.git", "https://github.com/club/boards.git"),
        ("https://ann:s3cret@github.com/club/boards", "https://github.com/club/boards"),
        ("http://git.example.org:8080/club/boards", "http://git.example.org:8080/club/boards"),
        ("git@github.com:club/boards.git", "https://github.com/club/boards.git"),
        ("github.com:/club/boards", "https://github.com/club/boards"),
        ("ssh://git@github.com/club/boards.git", "https://github.com/club/boards.git"),
        ("ssh://git@git.example.org:2222/club/boards", "https://git.example.org/club/boards"),
        ("file:///srv/boards.git", None),
        ("/srv/boards.git", None),
        ("../boards.git", None),
        ("git://git.example.org/boards", None),
        ("", None),
    ],
)
def test_the_address_of_a_remote_leads_to_its_page(url: str, address: str | None) -> None:
    assert web_address(url) == address


@pytest.mark.parametrize(
    ("url", "name", "asked"),
    [
        ("git@work:club/boards.git", "Club/Boards", ["https://github.com/Club/Boards"]),
        ("git@github.com:club/boards.git", "club/baords", ["https://github.com/club/boards.git"]),
        ("git@github.com:theclub/boards.git", "club/boards", ["https://github.com/theclub/boards.git"]),
        ("/srv/boards.git", "club/boards", [None]),
    ],
)
def test_a_name_that_is_not_that_of_origin_is_not_asked_for(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, url: str, name: str, asked: list[str | None]
) -> None:
    seen: list[str | None] = []
    monkeypatch.setenv("GITHUB_EVENT_PATH", os.devnull)
    monkeypatch.setenv("GITHUB_REPOSITORY", name)
    monkeypatch.setattr("kagsync.github.visibility._is_shown", seen.append)
    git(repository.folder / "run", "remote", "set-url", "origin", "--push", url)
    is_public()
    assert seen == asked


def test_on_ones_own_machine_it_says_that_it_is_not_known(
    repository: Repository, kagsync: Kagsync, monkeypatch: pytest.MonkeyPatch
) -> None:
    kagsync.ok("github", "restore")
    kagsync.ok("users", "add", "bob", "--name", "Bob Builder")
    monkeypatch.delenv("GITHUB_EVENT_PATH")
    message = one_line(kagsync("github", "save"), code=1)
    assert "it is not known whether the repository is private, and the database holds a name" in message
    assert "set GITHUB_REPOSITORY to its OWNER/NAME" in message
    assert repository.commits() == []


def test_one_public_address_among_those_that_are_pushed_to_is_enough(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"https://one.example.org/boards": False, "https://two.example.org/boards": True}
    monkeypatch.delenv("GITHUB_EVENT_PATH")
    monkeypatch.setattr("kagsync.github.visibility._is_shown", lambda address: answers[address])
    checkout = repository.folder / "run"
    git(checkout, "remote", "set-url", "origin", "--push", "git@one.example.org:boards")
    assert is_public() is False
    git(checkout, "remote", "set-url", "origin", "--push", "--add", "git@two.example.org:boards")
    assert is_public() is True
