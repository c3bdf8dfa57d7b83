"""The only door to Kaggle: the real SDK against a Kaggle on this machine, in all its moods."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import math
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import traceback
import warnings
import zipfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
import requests
from world.boards import Team, board_csv, many_teams
from world.hostile import HOSTILE
from world.kaggle_server import (
    HOST,
    OAUTH_ACCESS_TOKEN,
    Answer,
    KaggleServer,
    empty,
    error_in_200,
    html,
    kaggle_error,
    redirect,
    show_to_sdk,
    too_many_requests,
)

from kagsync.errors import (
    BadDownload,
    CredentialsError,
    Forbidden,
    Interrupted,
    KagsyncError,
    NotFound,
    OutOfTime,
    RateLimited,
    Unreachable,
)
from kagsync.kaggle import client, pages, retry, sdk, watchdog
from kagsync.kaggle.pages import Page, Row
from kagsync.standings.facts import CompetitionFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SLUG = "titanic"
TEAMS = many_teams(30)
BOARD = board_csv(TEAMS)
PRIVATE = board_csv(TEAMS[::-1])


@pytest.fixture(autouse=True)
def quick(patience: Callable[..., None]) -> None:
    """Waits that a test can wait for."""
    patience(read_timeout=5.0, deadline=10.0)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / f"{SLUG}.zip"


@pytest.fixture
def anonymous(kaggle: KaggleServer, monkeypatch: pytest.MonkeyPatch) -> KaggleServer:
    """A Kaggle that none of the credentials at hand opens yet."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    kaggle.board(SLUG, BOARD)
    return kaggle


def download(target: Path) -> None:
    client.connect()().download_leaderboard(SLUG, target)


def ask(call: str, target: Path, until: float = math.inf) -> object:
    """Makes a call about SLUG."""
    api = client.connect(until)()
    if call == "GetCompetition":
        return api.competition_facts(SLUG)
    if call == "GetLeaderboard":
        return api.leaderboard_page(SLUG, public=True)
    return api.download_leaderboard(SLUG, target)


def gets_the_board(call: str, target: Path) -> bool:
    """Makes a call that gives a board, and says whether it gave BOARD."""
    answer = ask(call, target)
    return (
        ids(answer) == [team.team_id for team in TEAMS] if isinstance(answer, Page) else is_the_board(target)
    )


def ids(page: Page) -> list[int]:
    return [row.team_id for row in page.rows]


def is_the_board(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return archive.read(archive.namelist()[0]) == BOARD


by_any_call = pytest.mark.parametrize("call", ["DownloadLeaderboard", "GetLeaderboard", "GetCompetition"])
by_board = pytest.mark.parametrize("call", ["DownloadLeaderboard", "GetLeaderboard"])
by_json = pytest.mark.parametrize("call", ["GetLeaderboard", "GetCompetition"])


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


# What the SDK must go on being


def test_the_private_session_that_timeouts_need_is_where_it_was(kaggle: KaggleServer) -> None:
    from kagglesdk import KaggleClient

    with KaggleClient(username="a", password="b") as client:
        session = client.http_client()._session

    assert isinstance(session, requests.Session)
    assert type(session.get_adapter("https://api.kaggle.com")) is requests.adapters.HTTPAdapter


def test_a_request_for_a_page_has_the_fields_that_we_set() -> None:
    fields = {known.field_name: known.json_name for known in sdk.part().PageRequest._fields}
    assert fields == {
        "competition_name": "competitionName",
        "override_public": "overridePublic",
        "page_size": "pageSize",
        "page_token": "pageToken",
    }


def test_only_the_part_for_competitions_is_loaded_and_the_rest_stays_loadable() -> None:
    code = (
        "import sys; from kagsync.kaggle import sdk; part = sdk.part(); assert sdk.part() is part;"
        "print('kagglesdk' in sys.modules, 'kagglesdk.kernels' in sys.modules);"
        "import kagglesdk; from kagglesdk.kaggle_http_client import KaggleHttpClient;"
        "client = kagglesdk.KaggleClient(api_token='x');"
        "print(type(client.http_client()) is part.HttpClient is KaggleHttpClient);"
        "print(type(client.competitions.competition_api_client) is part.CompetitionApi)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False", "True", "True"]


def test_every_request_goes_through_our_adapter(kaggle: KaggleServer) -> None:
    session = client.connect()()._session

    for url in ("https://api.kaggle.com/v1/x", "http://localhost:80/api", "https://storage.example.com/"):
        adapter = session.get_adapter(url)
        assert type(adapter).__name__ == "BoundedAdapter"


def test_the_waits_are_those_of_the_contract() -> None:
    policy = retry.RetryPolicy()
    assert (policy.connect_timeout, policy.read_timeout, policy.deadline) == (10.0, 30.0, 120.0)
    assert (policy.tries, policy.pause) == (4, (1.0, 4.0))  # between two bounds: there is jitter


def test_importing_the_door_does_no_network_and_nothing_heavy(kaggle: KaggleServer) -> None:
    code = (
        "import sys, kagsync.kaggle.client;"
        "print({'pandas', 'kaggle', 'kagglesdk', 'requests', 'sqlite_utils'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("set()\n", "")
    assert kaggle.requests == []


# Downloads


def test_a_board_is_downloaded_as_kaggle_sends_it(
    kaggle: KaggleServer, target: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.board(SLUG, BOARD)

    download(target)

    assert is_the_board(target)
    (request,) = kaggle.requests
    assert (request.call, request.slug) == ("DownloadLeaderboard", SLUG)
    assert request.headers["User-Agent"].startswith("kagsync/")
    assert capfd.readouterr() == ("", "")


def test_a_gzipped_answer_is_unpacked(kaggle: KaggleServer, target: Path) -> None:
    import gzip

    headers = {"Content-Encoding": "gzip", "Content-Type": "application/zip"}
    kaggle.answer(SLUG, Answer(headers=headers, body=gzip.compress(b"PK" * 500)))

    download(target)

    assert target.read_bytes() == b"PK" * 500


def test_each_thread_gets_its_own_client_and_keeps_it(kaggle: KaggleServer) -> None:
    api = client.connect()
    clients: list[tuple[object, object]] = []
    threads = [threading.Thread(target=lambda: clients.append((api(), api()))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(first is second for first, second in clients)
    assert len({id(first) for first, _ in clients} | {id(api())}) == 6


def test_many_threads_download_at_once_and_none_loses_its_credentials(
    kaggle: KaggleServer, tmp_path: Path
) -> None:
    kaggle.board(SLUG, BOARD)
    api = client.connect()
    targets = [tmp_path / f"{number}.zip" for number in range(16)]
    threads = [
        threading.Thread(target=lambda t=t: api().download_leaderboard(SLUG, t))  # type: ignore[misc]
        for t in targets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(is_the_board(target) for target in targets)
    assert {request.authorization for request in kaggle.requests} == {"Bearer test-token"}


def test_a_redirect_is_followed_and_the_credentials_stay_behind(kaggle: KaggleServer, target: Path) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, redirect(kaggle.storage_url(SLUG) + "?signature=1"))

    download(target)

    assert is_the_board(target)
    assert [(r.call, r.authorization) for r in kaggle.requests] == [
        ("DownloadLeaderboard", "Bearer test-token"),
        ("storage", None),
    ]


def test_a_basic_login_stays_behind_at_a_redirect_too(
    anonymous: KaggleServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    anonymous.accept(username="alice", key="secret")
    anonymous.answer(SLUG, redirect(anonymous.storage_url(SLUG)))

    download(target)

    assert [r.authorization is None for r in anonymous.requests] == [False, True]


# Each kind of credentials


def stored(home: Path, name: str, content: object) -> Path:
    path = home / ".kaggle" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_token_in_the_environment_opens_kaggle(
    anonymous: KaggleServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "mine")
    anonymous.accept(token="mine")

    download(target)

    assert is_the_board(target)


@pytest.mark.parametrize("name", ["access_token", "access_token.txt"])
def test_a_token_file_opens_kaggle(anonymous: KaggleServer, target: Path, home: Path, name: str) -> None:
    stored(home, name, "mine\n")
    anonymous.accept(token="mine")

    download(target)

    assert is_the_board(target)


def test_a_username_and_key_in_the_environment_open_kaggle(
    anonymous: KaggleServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    anonymous.accept(username="alice", key="secret")

    download(target)

    assert is_the_board(target)


def test_a_kaggle_json_opens_kaggle(anonymous: KaggleServer, target: Path, home: Path) -> None:
    stored(home, "kaggle.json", {"username": "alice", "key": "secret"})
    anonymous.accept(username="alice", key="secret")

    download(target)

    assert is_the_board(target)


def test_an_oauth_login_is_renewed_once_and_stored_for_its_owner_alone(
    anonymous: KaggleServer, target: Path, home: Path
) -> None:
    old = {"refresh_token": "refresh-1", "access_token": "", "username": "alice", "scopes": ["x"]}
    path = stored(home, "credentials.json", old)
    path.chmod(0o644)
    anonymous.accept_refresh("refresh-1")

    download(target)
    download(target)

    assert is_the_board(target)
    calls = [request.call for request in anonymous.requests]
    assert calls == ["GenerateAccessToken", "DownloadLeaderboard", "DownloadLeaderboard"]
    content = json.loads(path.read_text())
    assert content["access_token"] == OAUTH_ACCESS_TOKEN
    expires = datetime.fromisoformat(content["access_token_expiration"])
    assert timedelta(hours=11) < expires - datetime.now(UTC) < timedelta(hours=13)
    assert {name: content[name] for name in ("refresh_token", "username", "scopes")} == {
        name: old[name] for name in ("refresh_token", "username", "scopes")
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["credentials.json"]


def test_the_renewed_login_is_one_the_sdk_reads_too(
    anonymous: KaggleServer, target: Path, home: Path
) -> None:
    from kagglesdk import KaggleClient, KaggleCredentials

    stored(home, "credentials.json", {"refresh_token": "refresh-1"})
    anonymous.accept_refresh("refresh-1")
    download(target)

    with KaggleClient(api_token="x") as client:
        loaded = KaggleCredentials.load(client)
        assert loaded.get_access_token() == OAUTH_ACCESS_TOKEN
    assert [request.call for request in anonymous.requests].count("GenerateAccessToken") == 1


@pytest.mark.parametrize(
    ("left", "renewed"),
    [(timedelta(hours=1), False), (timedelta(minutes=1), True), (-timedelta(minutes=10), True)],
)
def test_an_oauth_token_is_renewed_before_it_ends_and_not_long_before(
    anonymous: KaggleServer, target: Path, home: Path, left: timedelta, renewed: bool
) -> None:
    end = (datetime.now(UTC) + left).isoformat()
    login = {"refresh_token": "refresh-1", "access_token": "stored", "access_token_expiration": end}
    path = stored(home, "credentials.json", login)
    anonymous.accept(token="stored")
    anonymous.accept_refresh("refresh-1")

    download(target)

    assert anonymous.requests[-1].authorization == f"Bearer {OAUTH_ACCESS_TOKEN if renewed else 'stored'}"
    assert (json.loads(path.read_text()) == login) is not renewed


@pytest.mark.parametrize("expiration", ["soon", "", None, 7, "2030-01-01T00:00:00"])
def test_a_strange_expiration_is_no_obstacle(
    anonymous: KaggleServer, target: Path, home: Path, expiration: object
) -> None:
    stored(
        home,
        "credentials.json",
        {"refresh_token": "refresh-1", "access_token": "stored", "access_token_expiration": expiration},
    )
    anonymous.accept(token="stored")
    anonymous.accept_refresh("refresh-1")

    download(target)

    assert is_the_board(target)


def test_a_refused_oauth_login_is_a_credentials_error_and_stays_as_it_was(
    anonymous: KaggleServer, home: Path
) -> None:
    path = stored(home, "credentials.json", {"refresh_token": "revoked"})
    anonymous.accept_refresh("refresh-1")

    with pytest.raises(CredentialsError, match=r"refused to renew the login in .*credentials\.json"):
        client.connect()

    assert json.loads(path.read_text()) == {"refresh_token": "revoked"}


def test_an_oauth_login_that_cannot_be_stored_is_good_all_the_same(
    anonymous: KaggleServer, target: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(home, "credentials.json", {"refresh_token": "refresh-1"})
    anonymous.accept_refresh("refresh-1")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    download(target)

    assert is_the_board(target)
    assert json.loads(path.read_text()) == {"refresh_token": "refresh-1"}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_silent_login_server_is_bounded(
    anonymous: KaggleServer, home: Path, patience: Callable[..., None]
) -> None:
    patience(read_timeout=0.3)
    stored(home, "credentials.json", {"refresh_token": "refresh-1"})
    anonymous.answer("", Answer(misbehave="silent"), call="GenerateAccessToken")

    with within(3), pytest.raises(Unreachable, match="in time"):
        client.connect()


@pytest.mark.parametrize(
    "token", ["two\nlines", "en–dash", "tab\there"], ids=["two lines", "not Latin-1", "a tab"]
)
def test_a_token_that_no_header_can_carry_is_a_credentials_error(
    anonymous: KaggleServer, target: Path, home: Path, token: str
) -> None:
    stored(home, "access_token", token)
    anonymous.accept(token="other")

    with pytest.raises(CredentialsError):
        download(target)


def test_a_key_that_no_header_can_carry_is_a_credentials_error(
    anonymous: KaggleServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "alice")
    monkeypatch.setenv("KAGGLE_KEY", "“secret”")
    anonymous.accept(token="other")

    with pytest.raises(CredentialsError):
        download(target)


# What our own look at the credentials passes over, the SDK must not find


@pytest.mark.parametrize("content", ["", "[]", "null", '{"username": "alice"}', b"\xff\xfe"])
@pytest.mark.parametrize("name", ["kaggle.json", "access_token"])
def test_what_is_passed_over_disturbs_no_renewal(
    anonymous: KaggleServer, target: Path, home: Path, name: str, content: str | bytes
) -> None:
    stored(home, "credentials.json", {"refresh_token": "refresh-1"})
    anonymous.accept_refresh("refresh-1")
    if name == "access_token":
        content = content if isinstance(content, bytes) else ""
    path = home / ".kaggle" / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    download(target)

    assert is_the_board(target)
    assert [request.authorization for request in anonymous.requests] == [
        None,
        f"Bearer {OAUTH_ACCESS_TOKEN}",
    ]


@pytest.mark.parametrize("blank", [" ", "/nowhere/token"])
def test_a_token_variable_that_is_passed_over_is_not_sent(
    anonymous: KaggleServer, target: Path, home: Path, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", blank)
    stored(home, "kaggle.json", {"username": "alice", "key": "secret"})
    anonymous.accept(username="alice", key="secret")

    download(target)

    assert is_the_board(target)


@pytest.mark.parametrize(
    "body",
    [{}, {"token": ""}, {"token": "a\nb", "expiresIn": 9}, {"token": "x", "expiresIn": 0}, {"token": "x"}],
)
def test_a_renewal_without_a_token_is_no_login(
    anonymous: KaggleServer, home: Path, body: dict[str, object]
) -> None:
    path = stored(home, "credentials.json", {"refresh_token": "refresh-1"})
    anonymous.answer("", Answer(body=body), call="GenerateAccessToken")

    with pytest.raises(BadDownload, match="could not be understood"):
        client.connect()

    assert json.loads(path.read_text()) == {"refresh_token": "refresh-1"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (html(), BadDownload),
        (empty(), BadDownload),
        (kaggle_error(503, "x"), Unreachable),
        (too_many_requests("3600"), RateLimited),
        (Answer(misbehave="close"), Unreachable),
        (kaggle_error(404, "No such call"), KagsyncError),
    ],
)
def test_a_renewal_that_fails_is_not_called_refused(
    anonymous: KaggleServer, home: Path, answer: Answer, error: type[KagsyncError]
) -> None:
    stored(home, "credentials.json", {"refresh_token": "refresh-1"})
    anonymous.answer("", answer, call="GenerateAccessToken")

    with pytest.raises(error) as failed:
        client.connect()

    assert "renew" not in failed.value.message
    assert "competition" not in failed.value.message


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_renewal_is_told_in_kaggles_words(anonymous: KaggleServer, home: Path, status: int) -> None:
    stored(home, "credentials.json", {"refresh_token": "refresh-1"})
    anonymous.answer("", kaggle_error(status, "The token was revoked."), call="GenerateAccessToken")

    with pytest.raises(CredentialsError, match=r'refused to renew .*, saying: "The token was revoked"'):
        client.connect()


def test_a_stored_access_token_that_no_header_can_carry_is_renewed(
    anonymous: KaggleServer, target: Path, home: Path
) -> None:
    login = {"refresh_token": "refresh-1", "access_token": "“x”", "access_token_expiration": "2999-01-01"}
    stored(home, "credentials.json", login)
    anonymous.accept_refresh("refresh-1")

    download(target)

    assert is_the_board(target)


def test_a_refused_token_beside_another_login_says_which_file_to_delete(
    anonymous: KaggleServer, target: Path, home: Path
) -> None:
    path = stored(home, "access_token", "expired")
    other = stored(home, "kaggle.json", {"username": "alice", "key": "secret"})
    anonymous.accept(username="alice", key="secret")

    with pytest.raises(CredentialsError) as error:
        download(target)

    assert f"refused the credentials from {path}" in error.value.message
    assert f"Delete {path} to log in with {other} instead" in error.value.remedy
    path.unlink()
    download(target)
    assert is_the_board(target)


# Refusals


SAYINGS = {
    "in a message": (
        {"code": 403, "message": "You must accept this competition's rules."},
        "accept this comp",
    ),
    "in an error": (
        {"error": {"code": 403, "message": "Accept the rules first", "status": "X"}},
        "rules first",
    ),
    "in a plain error": ({"error": "Only the host may see this"}, "Only the host may see this"),
    "with lines and colours": ({"message": "One\r\n\x1b[31mtwo\x1b[0m"}, r"One \x1b[31mtwo\x1b[0m"),
    "with hidden directions": ({"message": "abc\u202edef\ud800"}, r"abc\u202edef\ud800"),
}


@by_board
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 429, 500])
@pytest.mark.parametrize("case", SAYINGS)
def test_kaggles_own_words_stand_beside_ours(
    kaggle: KaggleServer, target: Path, status: int, case: str, call: str
) -> None:
    body, words = SAYINGS[case]
    kaggle.answer(SLUG, *[Answer(status, body=body)] * retry.DEFAULT.tries, call=call)

    with pytest.raises(KagsyncError) as refused:
        ask(call, target)

    assert refused.value.message.startswith("Kaggle ")
    assert ', saying: "' in refused.value.message
    assert words in refused.value.message
    assert refused.value.message.isprintable()
    assert refused.value.remedy


@pytest.mark.parametrize("kind", ["token", "key", "refresh token"])
def test_a_secret_in_kaggles_words_is_masked(
    anonymous: KaggleServer, target: Path, home: Path, kind: str
) -> None:
    call, slug = "DownloadLeaderboard", SLUG
    if kind == "token":
        stored(home, "access_token", "s3cret")
    elif kind == "key":
        stored(home, "kaggle.json", {"username": "alice", "key": "s3cret"})
        anonymous.accept(username="alice", key="s3cret")
    else:
        stored(home, "credentials.json", {"refresh_token": "s3cret"})
        call, slug = "GenerateAccessToken", ""
    anonymous.accept(token="s3cret")
    anonymous.answer(slug, kaggle_error(401, "Bad token s3cret"), call=call)

    with pytest.raises(CredentialsError, match=r'saying: "Bad token \*\*\*"') as refused:
        download(target)

    assert "s3cret" not in "".join(traceback.format_exception(refused.value))


def test_long_words_are_clipped_and_ours_stay(kaggle: KaggleServer, target: Path) -> None:
    kaggle.answer(SLUG, kaggle_error(403, "word " * 5000))

    with pytest.raises(Forbidden) as refused:
        download(target)

    assert len(refused.value.message) < 300
    assert f"the leaderboard of {SLUG}, saying:" in refused.value.message


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403),
        Answer(403, {"Content-Type": "text/html"}, b"<html><body>Forbidden</body>"),
        Answer(403, {"Content-Type": "application/json"}, b"{"),
        Answer(403, {"Content-Type": "application/json"}, b"[" * 60_000),
        Answer(403, {"Content-Type": "application/json"}, b'["x"]'),
        Answer(403, body={"message": " "}),
        Answer(403, body={"message": 7, "error": None}),
        kaggle_error(403, "Forbidden"),
        too_many_requests("3600"),
    ],
    ids=["empty", "a page", "broken", "deep", "a list", "blank", "no text", "the status", "429's status"],
)
def test_where_kaggle_says_nothing_of_its_own_nothing_is_quoted(
    kaggle: KaggleServer, target: Path, answer: Answer
) -> None:
    kaggle.answer(SLUG, answer)

    with pytest.raises((Forbidden, RateLimited)) as refused:
        download(target)

    assert "saying" not in refused.value.message


JSON = {"Content-Type": "application/json"}


@by_board
@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_without_an_end_is_read_within_bounds(
    kaggle: KaggleServer, target: Path, status: int, call: str
) -> None:
    kaggle.answer(SLUG, Answer(status, JSON, b'{"message": "', misbehave="endless"), call=call)

    with within(4), pytest.raises(KagsyncError) as refused:
        ask(call, target)

    assert not isinstance(refused.value, Unreachable)
    assert len(kaggle.asked(call)) == 1


@by_board
@pytest.mark.parametrize("how", ["drip", "truncate", "reset"])
def test_a_refusal_that_does_not_come_to_its_end_is_one_all_the_same(
    kaggle: KaggleServer, target: Path, how: str, patience: Callable[..., None], call: str
) -> None:
    patience(refusal_timeout=0.4)
    kaggle.drip_seconds = 0.05
    body = kaggle_error(403, "word " * 200).content
    kaggle.answer(SLUG, Answer(403, JSON, body, misbehave=how), call=call)  # type: ignore[arg-type]

    with within(4), pytest.raises(Forbidden):
        ask(call, target)


def test_a_redirect_without_an_end_is_followed_all_the_same(kaggle: KaggleServer, target: Path) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, Answer(302, {"Location": kaggle.storage_url(SLUG)}, b"moved", misbehave="endless"))

    with within(4):
        download(target)

    assert is_the_board(target)


@by_any_call
def test_json_without_an_end_is_no_answer(kaggle: KaggleServer, target: Path, call: str) -> None:
    kaggle.answer(SLUG, Answer(200, JSON, b'{"title": "', misbehave="endless"), call=call)

    with within(4), pytest.raises(BadDownload):
        ask(call, target)


# An answer in JSON, and what is read of it.
READ = {
    "GetCompetition": (b'{"title": "Titanic"}', CompetitionFacts("Titanic", awards_points=False)),
    "GetLeaderboard": (
        b'{"submissions": [{"teamId": 7}], "nextPageToken": "x"}',
        Page([Row(7, "", None, "")], "x"),
    ),
}


@by_json
@pytest.mark.parametrize("how", ["truncate", "reset"])
def test_json_that_breaks_off_is_asked_for_again(
    kaggle: KaggleServer, target: Path, how: str, call: str
) -> None:
    body, answer = READ[call]
    kaggle.answer(SLUG, Answer(200, JSON, body, misbehave=how), Answer(200, JSON, body), call=call)  # type: ignore[arg-type]

    assert ask(call, target) == answer
    assert len(kaggle.requests) == 2


@by_json
def test_gzipped_json_is_unpacked(kaggle: KaggleServer, target: Path, call: str) -> None:
    import gzip

    body, answer = READ[call]
    kaggle.answer(SLUG, Answer(200, {**JSON, "Content-Encoding": "gzip"}, gzip.compress(body)), call=call)

    assert ask(call, target) == answer


@pytest.mark.parametrize(
    ("status", "error", "words", "code"),
    [
        (401, CredentialsError, "refused the credentials from KAGGLE_API_TOKEN", 3),
        (403, Forbidden, f"Accept the rules at https://www.kaggle.com/competitions/{SLUG}/rules", 1),
        (404, NotFound, f"the competition {SLUG}, or it has no leaderboard", 1),
        (400, KagsyncError, "refused the request (400)", 1),
    ],
)
@pytest.mark.parametrize("in_200", [False, True])
@by_board
def test_a_refusal_is_one_sentence_and_not_tried_again(
    kaggle: KaggleServer,
    target: Path,
    call: str,
    status: int,
    error: type[KagsyncError],
    words: str,
    code: int,
    in_200: bool,
    capfd: pytest.CaptureFixture[str],
) -> None:
    message = "something Kaggle says"
    answer = error_in_200(status, message) if in_200 else kaggle_error(status, message)
    kaggle.answer(SLUG, answer, call=call)

    with pytest.raises(error) as refused:
        ask(call, target)

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == code
    assert len(kaggle.asked(call)) == 1
    assert not target.exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.long
@by_any_call
def test_a_refused_request_leaves_no_connection_open(kaggle: KaggleServer, target: Path, call: str) -> None:
    gc.collect()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        kaggle.answer(SLUG, kaggle_error(403, "Accept the rules"), call=call)
        with contextlib.suppress(Forbidden):
            ask(call, target)
        gc.collect()

    assert [str(warning.message) for warning in warned if warning.category is ResourceWarning] == []


@pytest.mark.long
@by_board
def test_a_short_retry_after_is_waited_for(kaggle: KaggleServer, target: Path, call: str) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, too_many_requests("1"), call=call)

    assert gets_the_board(call, target)

    first, second = kaggle.asked(call)
    assert 1 <= second.at - first.at < 3


def test_a_retry_after_that_is_over_is_tried_again_at_once(kaggle: KaggleServer, target: Path) -> None:
    kaggle.board(SLUG, BOARD)
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    kaggle.answer(SLUG, too_many_requests("0"), too_many_requests(past))

    download(target)

    assert len(kaggle.downloads()) == 3


@pytest.mark.long
def test_a_short_retry_after_as_a_date_is_waited_for(kaggle: KaggleServer, target: Path) -> None:
    kaggle.board(SLUG, BOARD)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    kaggle.answer(SLUG, too_many_requests(format_datetime(soon, usegmt=True)))

    download(target)

    assert datetime.now(UTC) >= soon.replace(microsecond=0)
    assert is_the_board(target)


def limited(kaggle: KaggleServer, target: Path, call: str = "DownloadLeaderboard") -> RateLimited:
    with within(5), pytest.raises(RateLimited) as error:
        ask(call, target)
    assert len(kaggle.asked(call)) == 1
    assert error.value.exit_code == 4
    return error.value


@by_board
@pytest.mark.parametrize("as_date", [False, True])
def test_a_long_retry_after_says_until_when(
    kaggle: KaggleServer, target: Path, as_date: bool, call: str
) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    value = format_datetime(end, usegmt=True) if as_date else "3600"
    kaggle.answer(SLUG, too_many_requests(value), call=call)

    error = limited(kaggle, target, call)

    assert error.until is not None
    assert abs(error.until - end) < timedelta(seconds=5)
    assert f"{error.until:%Y-%m-%dT%H:%M:%SZ}" in str(error)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "-1",
        "1e3",
        "1.5",
        "99999999999",
        "Wed, 32 Foo 2025",
        "Wed, 31 Dec 2025 25:61:61 GMT",
        "01 Jan 23:59:59 Mon, +99999999999999999999",
        "Mon, 01 Jan 2035 00:00:00 +99999999999999999999",
    ],
)
def test_a_429_without_a_sensible_retry_after_rests_a_while(
    kaggle: KaggleServer, target: Path, value: str | None
) -> None:
    kaggle.answer(SLUG, too_many_requests(value))

    error = limited(kaggle, target)

    assert error.until is not None
    rest = error.until - datetime.now(UTC)
    assert timedelta(minutes=14) < rest <= timedelta(minutes=15)


@by_board
def test_a_429_in_a_200_is_one_too(kaggle: KaggleServer, target: Path, call: str) -> None:
    kaggle.answer(SLUG, error_in_200(429, "Too many requests"), call=call)

    assert limited(kaggle, target, call).until is not None


# Troubles that pass


TROUBLES = {
    "503": Answer(status=503),
    "500": kaggle_error(500, "oops"),
    "500 in 200": error_in_200(500, "oops"),
    "503 with broken JSON": Answer(503, {"Content-Type": "application/json"}, b"<html>"),
    "502 with a page": Answer(502, {"Content-Type": "text/html"}, b"<html>"),
    "reset": Answer(misbehave="reset"),
    "truncate": Answer(misbehave="truncate"),
    "close": Answer(misbehave="close"),
}


@by_board
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_that_passes_is_tried_through(
    kaggle: KaggleServer, target: Path, trouble: str, call: str
) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, *[TROUBLES[trouble]] * 3, call=call)

    assert gets_the_board(call, target)
    assert len(kaggle.asked(call)) == 4


@by_board
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_that_stays_is_told_after_a_few_tries(
    kaggle: KaggleServer, target: Path, trouble: str, call: str, capfd: pytest.CaptureFixture[str]
) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, *[TROUBLES[trouble]] * 10, call=call)

    with within(5), pytest.raises(Unreachable) as error:
        ask(call, target)

    assert len(kaggle.asked(call)) == retry.DEFAULT.tries
    assert error.value.exit_code == 4
    assert error.value.remedy
    if trouble[:3].isdigit():
        assert trouble[:3] in error.value.message
    assert capfd.readouterr() == ("", "")


def test_a_429_with_a_broken_body_is_still_a_429(kaggle: KaggleServer, target: Path) -> None:
    headers = {"Content-Type": "application/json", "Retry-After": "3600"}
    kaggle.answer(SLUG, Answer(429, headers, b"Too many requests"))

    assert limited(kaggle, target).until is not None


def test_a_refused_connection_is_told_as_such(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x")
    with socket.socket() as taken:  # bound and not listening: nobody else can answer, and connecting fails
        taken.bind((HOST, 0))  # not the port of all tests: another's server may come to life there
        show_to_sdk(f"http://{HOST}:{taken.getsockname()[1]}", monkeypatch)
        with within(5), pytest.raises(Unreachable, match=r"could not be reached \(Connection refused\)"):
            download(target)


# What never ends


@pytest.mark.long
@by_board
@pytest.mark.parametrize("how", ["silent", "drip-headers", "drip"])
def test_a_server_that_says_little_or_nothing_is_left_at_the_deadline(
    kaggle: KaggleServer, target: Path, patience: Callable[..., None], how: str, call: str
) -> None:
    patience(deadline=0.6)
    kaggle.drip_seconds = 0.05
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, *[Answer(misbehave=how)] * 10, call=call)  # type: ignore[arg-type]

    with within(3), pytest.raises(Unreachable, match="did not answer in time"):
        ask(call, target)

    assert len(kaggle.asked(call)) == 1


@by_any_call
def test_when_the_run_ends_first_no_time_was_left(kaggle: KaggleServer, target: Path, call: str) -> None:
    kaggle.answer(SLUG, Answer(misbehave="silent"), call=call)

    with within(3), pytest.raises(OutOfTime, match=f"no time was left for {SLUG}"):
        ask(call, target, until=time.monotonic() + 0.3)


@by_board
def test_a_silence_ends_at_the_read_timeout_and_is_tried_again(
    kaggle: KaggleServer, target: Path, patience: Callable[..., None], call: str
) -> None:
    patience(read_timeout=0.5)
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, Answer(misbehave="silent"), call=call)

    with within(10):
        assert gets_the_board(call, target)

    assert len(kaggle.asked(call)) == 2


@pytest.mark.long
@by_board
def test_a_dripping_body_of_unknown_length_does_not_pass_for_a_whole_one(
    kaggle: KaggleServer, target: Path, patience: Callable[..., None], call: str
) -> None:
    # Without a Content-Length the end of the connection, which the deadline brings about, is the body's end.
    patience(deadline=0.6)
    kaggle.drip_seconds = 0.05
    body = b"PK\x03\x04" * 1000
    kaggle.answer(SLUG, Answer(headers={"Content-Length": ""}, body=body, misbehave="drip"), call=call)

    with within(3), pytest.raises(Unreachable, match="did not answer in time"):
        ask(call, target)


def test_an_endless_body_stops_at_the_cap(
    kaggle: KaggleServer, target: Path, patience: Callable[..., None]
) -> None:
    patience(largest_download=2 * 1024**2)
    kaggle.answer(SLUG, Answer(misbehave="endless"))

    with within(5), pytest.raises(BadDownload, match="larger than 2 MB"):
        download(target)

    assert len(kaggle.downloads()) == 1
    assert target.stat().st_size <= 2 * 1024**2


def test_a_silent_storage_behind_a_redirect_is_bounded_too(
    kaggle: KaggleServer, target: Path, patience: Callable[..., None]
) -> None:
    patience(deadline=0.6)
    kaggle.answer(SLUG, redirect(kaggle.storage_url(SLUG)))
    kaggle.answer(SLUG, Answer(misbehave="silent"), call="storage")

    with within(3), pytest.raises(Unreachable, match="in time"):
        download(target)


def test_a_redirect_in_circles_ends(kaggle: KaggleServer, target: Path) -> None:
    kaggle.answer(SLUG, *[redirect(kaggle.storage_url(SLUG))] * 10)
    kaggle.answer(SLUG, *[redirect(kaggle.storage_url(SLUG))] * 500, call="storage")

    with within(10), pytest.raises(Unreachable):
        download(target)


@pytest.mark.parametrize(
    "url", ["http://[bad", "ftp://127.0.0.1/x", "http://", "mailto:a", "http://a:99999/"]
)
def test_a_redirect_to_nowhere_is_an_error_like_others(kaggle: KaggleServer, target: Path, url: str) -> None:
    kaggle.answer(SLUG, *[redirect(url)] * 10)

    with pytest.raises(KagsyncError):
        download(target)


@by_any_call
def test_stop_ends_a_silent_call_at_once(kaggle: KaggleServer, target: Path, call: str) -> None:
    kaggle.answer(SLUG, Answer(misbehave="silent"), call=call)
    ends: list[BaseException] = []

    def work() -> None:
        try:
            ask(call, target)
        except Exception as error:  # noqa: BLE001 (kept for the test's own thread)
            ends.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not kaggle.requests:
        time.sleep(0.01)
    with within(2):
        watchdog.stop()
        thread.join()

    assert [type(error) for error in ends] == [Interrupted]


# Answers that are none


NONSENSE = {
    "html": (html(), "a web page"),
    "empty": (empty(), "an empty answer"),
    "JSON": (Answer(body={"hello": "there"}), "a message"),
    "JSON null": (Answer(headers={"Content-Type": "application/json"}, body=b"null"), None),
    "JSON list": (Answer(headers={"Content-Type": "application/json"}, body=b"[1]"), None),
    "broken JSON": (Answer(headers={"Content-Type": "application/json"}, body=b"<html>"), None),
    "an error without a message": (Answer(body={"code": 500}), None),
    "an error whose code is text": (Answer(body={"code": "500", "message": "x"}), None),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_an_answer_that_is_no_leaderboard_is_refused_and_not_stored(
    kaggle: KaggleServer, target: Path, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    answer, words = NONSENSE[case]
    kaggle.answer(SLUG, *[answer] * 4)

    with pytest.raises(BadDownload, match=words) as error:
        download(target)

    assert error.value.remedy
    assert not target.exists() or target.stat().st_size == 0
    assert capfd.readouterr() == ("", "")


# Facts about a competition


def test_kaggles_facts_about_a_competition(kaggle: KaggleServer) -> None:
    kaggle.competition(SLUG, title="Titanic", deadline="2030-01-02T03:04:05Z", evaluation_metric="Accuracy")

    facts = client.connect()().competition_facts(SLUG)

    assert facts.title == "Titanic"
    assert facts.deadline == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert facts.metric == "Accuracy"


def test_what_kaggle_does_not_say_is_none(kaggle: KaggleServer) -> None:
    kaggle.competition(SLUG, title="")

    facts = client.connect()().competition_facts(SLUG)

    assert (facts.title, facts.deadline, facts.metric) == (None, None, None)


def test_asking_for_facts_is_bounded(kaggle: KaggleServer) -> None:
    kaggle.answer(SLUG, Answer(misbehave="silent"), call="GetCompetition")

    with within(3), pytest.raises(Unreachable):
        client.connect()().competition_facts(SLUG, seconds=0.3)


@by_json
@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_an_expected_error_or_says_nothing(
    kaggle: KaggleServer, target: Path, case: str, call: str
) -> None:
    answer, _ = NONSENSE[case]
    kaggle.answer(SLUG, *[answer] * 4, call=call)

    with contextlib.suppress(KagsyncError):
        assert ask(call, target) in (CompetitionFacts(awards_points=False), Page([], ""))


# Pages of a leaderboard


def whole(*, public: bool) -> list[int]:
    """The teams of all pages."""
    api = client.connect()()
    page = api.leaderboard_page(SLUG, public=public)
    found = ids(page)
    while page.next_token:
        page = api.leaderboard_page(SLUG, public=public, token=page.next_token)
        assert ids(page)[0] not in found, "a page comes again"
        found += ids(page)
    return found


def test_a_row_of_a_page(kaggle: KaggleServer, capfd: pytest.CaptureFixture[str]) -> None:
    kaggle.board(SLUG, board_csv([Team(11, "solo", ("alice",), "0.80000"), Team(2**63 - 1, "none", (), "")]))

    page = client.connect()().leaderboard_page(SLUG, public=False)

    moment = datetime(2025, 10, 30, 12, 0, 0, 250_000, tzinfo=UTC)
    assert page == Page([Row(11, "solo", moment, "0.80000"), Row(2**63 - 1, "none", moment, "")], "")
    (request,) = kaggle.requests
    assert (request.call, request.slug) == ("GetLeaderboard", SLUG)
    assert request.headers["User-Agent"].startswith("kagsync/")
    assert request.authorization == "Bearer test-token"
    assert capfd.readouterr() == ("", "")


def test_names_of_strangers_come_as_they_are(kaggle: KaggleServer) -> None:
    names = [*HOSTILE.values(), "\0", " ", "NaN", "a,b", "=1"]
    kaggle.board(SLUG, board_csv(Team(1 + number, name) for number, name in enumerate(names)))

    page = client.connect()().leaderboard_page(SLUG, public=False)

    assert [row.team_name for row in page.rows] == names


@pytest.mark.parametrize("teams", [0, 1, 200, 201, 450])
def test_a_board_comes_page_by_page_public_or_private(kaggle: KaggleServer, teams: int) -> None:
    board = many_teams(teams)
    in_order = [team.team_id for team in board]
    kaggle.board(SLUG, board_csv(board))
    kaggle.private(SLUG, board_csv(board[::-1]))

    assert whole(public=True) == in_order
    assert whole(public=False) == in_order[::-1]

    asked = [request.body for request in kaggle.pages(SLUG)]
    assert len(asked) == 2 * max(1, math.ceil(teams / pages.PAGE_SIZE))
    assert [body["overridePublic"] for body in asked] == sorted((True, False) * (len(asked) // 2))[::-1]
    assert {body["pageSize"] for body in asked} == {pages.PAGE_SIZE}
    assert "pageToken" not in asked[0]


def test_without_a_private_board_both_kinds_are_the_public_one(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    assert whole(public=False) == whole(public=True)

    kaggle.private(SLUG, PRIVATE)
    assert whole(public=False) == whole(public=True)[::-1]


def test_a_token_that_is_no_longer_good_is_refused(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)

    with pytest.raises(KagsyncError, match=r'refused the request \(400\), saying: "Invalid page token"'):
        client.connect()().leaderboard_page(SLUG, public=False, token="x")
