"""The loopback Kaggle, driven by the real kagglesdk: what other tests lean on must hold."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import threading
import time
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from kagglesdk import KaggleClient
from kagglesdk.competitions.types.competition_api_service import (
    ApiCompetition,
    ApiDownloadLeaderboardRequest,
    ApiGetCompetitionRequest,
    ApiGetLeaderboardRequest,
    ApiGetLeaderboardResponse,
)
from kagglesdk.users.types.account_service import GenerateAccessTokenRequest

from world.boards import Team, board_csv, board_name, board_zip, many_teams, submissions
from world.kaggle_server import (
    COMPETITION_FIELDS,
    DOWNLOAD,
    ENVIRONMENT,
    OAUTH_ACCESS_TOKEN,
    Answer,
    KaggleServer,
    empty,
    error_in_200,
    html,
    kaggle_error,
    not_a_zip,
    redirect,
    show_to_sdk,
    too_many_requests,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLUG = "spaceship-titanic"
BOARD = board_csv(many_teams(30))
PRIVATE = board_csv(many_teams(30)[::-1])


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The SDK must find neither the developer's credentials nor the real Kaggle."""
    for name in [name for name in os.environ if name.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def kaggle(own_home: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleServer]:
    with KaggleServer() as server:
        show_to_sdk(server.url, monkeypatch)
        yield server


def download(client: KaggleClient | None = None, slug: str = SLUG) -> requests.Response:
    """The raw response, as the SDK gives it; its session is the client's, so each call has its own."""
    with client or KaggleClient() as open_client:
        request = ApiDownloadLeaderboardRequest()
        request.competition_name = slug
        api = open_client.competitions.competition_api_client
        try:
            response: requests.Response = api.download_leaderboard(request)
        except requests.HTTPError as error:
            if error.response is not None:
                _read(error.response)
            raise
        _read(response)
        return response


def _read(response: requests.Response) -> None:
    """Reads a body, which the SDK streams, before the session is closed; leaves no connection open."""
    with contextlib.closing(response):
        _ = response.content


def get_competition(slug: str = SLUG) -> ApiCompetition:
    with KaggleClient() as client:
        request = ApiGetCompetitionRequest()
        request.competition_name = slug
        return client.competitions.competition_api_client.get_competition(request)


def get_page(slug: str = SLUG, client: KaggleClient | None = None, **asked: Any) -> ApiGetLeaderboardResponse:
    """A page of a leaderboard; `asked`: the request's fields."""
    with client or KaggleClient() as open_client:
        request = ApiGetLeaderboardRequest()
        request.competition_name = slug
        for name, value in asked.items():
            setattr(request, name, value)
        return open_client.competitions.competition_api_client.get_leaderboard(request)


def whole(**asked: Any) -> list[int]:
    """The ids of the teams on all pages, in their order."""
    page = get_page(**asked)
    ids = [row.team_id for row in page.submissions]
    while page.next_page_token:
        page = get_page(**asked | {"page_token": page.next_page_token})
        ids += [row.team_id for row in page.submissions]
    return ids


def status(answer: requests.HTTPError) -> int:
    assert answer.response is not None
    return answer.response.status_code


# The board


def test_a_board_arrives_as_a_zip_whose_member_has_colons(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD, when="2025-10-31T16:26:26")

    with zipfile.ZipFile(io.BytesIO(download().content)) as archive:
        assert archive.namelist() == ["spaceship-titanic-publicleaderboard-2025-10-31T16:26:26.csv"]
        assert archive.read(archive.namelist()[0]) == BOARD
        assert archive.testzip() is None


def test_the_zip_differs_each_time_and_its_csv_does_not(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)

    first, second = download().content, download().content

    assert first != second
    csvs = [zipfile.ZipFile(io.BytesIO(packed)).read(board_name(SLUG)) for packed in (first, second)]
    assert csvs == [BOARD, BOARD]


def test_queued_answers_come_in_order_and_once_before_the_board(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.board("titanic", BOARD)
    kaggle.answer(SLUG, Answer(status=503), too_many_requests("1"))

    with pytest.raises(requests.HTTPError) as unavailable:
        download()
    assert download(slug="titanic").ok  # the queue is of one competition
    with pytest.raises(requests.HTTPError) as limited:
        download()

    assert status(unavailable.value) == 503
    assert status(limited.value) == 429
    assert limited.value.response.headers["Retry-After"] == "1"
    assert "error" in limited.value.response.json()
    assert download().ok and download().ok
    assert [request.slug for request in kaggle.downloads()] == [SLUG, "titanic", SLUG, SLUG, SLUG]
    assert len(kaggle.downloads(SLUG)) == 4


def test_requests_are_recorded(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.latency = 0.05
    started = time.monotonic()

    download(KaggleClient(api_token="KGAT_1", user_agent="kagsync/0"))

    assert time.monotonic() - started >= 0.05
    (request,) = kaggle.requests
    assert request.path == "/api/v1/competitions.CompetitionApiService/DownloadLeaderboard"
    assert (request.call, request.slug) == ("DownloadLeaderboard", SLUG)
    assert request.authorization == "Bearer KGAT_1"
    assert request.headers["User-Agent"] == "kagsync/0"
    assert started <= request.at <= time.monotonic()


def test_an_unknown_slug_is_404(kaggle: KaggleServer) -> None:
    kaggle.competition(SLUG)  # there is such a competition, without a board

    for slug, message in [("no-such", "Competition not found"), (SLUG, "Leaderboard not found")]:
        with pytest.raises(requests.HTTPError, match=message) as error:
            download(slug=slug)
        assert status(error.value) == 404
        assert error.value.response.json() == {"code": 404, "message": message}
        with pytest.raises(requests.HTTPError, match=message):
            get_page(slug)
    with pytest.raises(requests.HTTPError, match="Competition not found"):
        get_competition("no-such")


# Pages of a board


IDS = [team.team_id for team in many_teams(30)]


def test_a_page_has_teams_in_order_of_rank(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, board_csv([Team(12, "b, \x1b[31m", (), "0.7", rank=2), Team(11, "a", (), "", rank=1)]))

    page = get_page()

    assert [(row.team_id, row.team_name, row.score) for row in page.submissions] == [
        (11, "a", ""),
        (12, "b, \x1b[31m", "0.7"),
    ]
    assert page.submissions[0].submission_date == datetime(2025, 10, 30, 12, microsecond=250_000)  # noqa: DTZ001
    assert page.next_page_token == ""


def test_pages_end_where_the_next_begins(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.largest_page = 12

    assert len(get_page(page_size=5).submissions) == 5
    for size, pages in [(15, 3), (12, 3), (10, 3), (7, 5)]:
        kaggle.requests.clear()
        assert whole(page_size=size) == IDS
        assert len(kaggle.pages(SLUG)) == pages
    kaggle.largest_page = 200
    assert len(get_page().submissions) == 20  # what the `kaggle` command calls the default
    assert whole(page_size=30) == whole(page_size=1000) == IDS


def test_the_private_board_is_given_by_default_once_it_is_out(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    assert whole() == whole(override_public=True) == IDS

    kaggle.private(SLUG, PRIVATE)
    assert whole() == whole(override_public=False) == IDS[::-1]
    assert whole(override_public=True) == IDS
    with zipfile.ZipFile(io.BytesIO(download().content)) as archive:
        assert archive.read(board_name(SLUG)) == BOARD

    kaggle.private(SLUG, None)
    assert whole() == IDS


def test_a_token_is_good_for_one_board_and_kind(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.board("titanic", BOARD)
    token = get_page(page_size=10).next_page_token

    assert len(get_page(page_token=token).submissions) == 20
    for wrong in (
        {"page_token": "x"},
        {"page_token": "\ud800"},
        {"page_token": token[:-4]},
        {"page_token": token, "override_public": True},
        {"page_token": token, "slug": "titanic"},
    ):
        with pytest.raises(requests.HTTPError, match="Invalid page token") as error:
            get_page(**wrong)
        assert status(error.value) == 400


def test_benchmarks_of_the_host_are_among_the_rows_if_a_test_wants_them(kaggle: KaggleServer) -> None:
    def ids(*scores: str) -> list[int]:
        teams = [Team(1 + number, "x", (), score) for number, score in enumerate(scores)]
        hosts = [Team(90, "good", (), "0.7", rank=0), Team(91, "none", (), "", rank=0)]
        kaggle.board(SLUG, board_csv([*hosts, *teams]))
        return whole()

    assert ids("0.9", "0.7", "0.6", "") == [1, 2, 3, 4]
    kaggle.hosts = True
    assert ids("0.9", "0.7", "0.6", "") == [1, 2, 90, 3, 4, 91]
    assert ids("0.6", "0.7", "0.9") == [1, 2, 90, 3, 91]
    assert ids() == [90, 91]


def test_the_fields_of_a_row_are_those_of_the_sdk() -> None:
    from kagglesdk.competitions.types import competition_api_service as types

    (row, *_) = submissions(BOARD)
    assert [known.json_name for known in types.ApiLeaderboardSubmission._fields] == list(row)
    assert [known.json_name for known in ApiGetLeaderboardResponse._fields] == [
        "submissions",
        "nextPageToken",
    ]


def test_requests_for_pages_are_recorded_with_what_they_asked(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.board("titanic", BOARD)

    get_page("titanic")
    token = get_page(override_public=True, page_size=10).next_page_token
    get_page(override_public=True, page_token=token)

    assert [request.slug for request in kaggle.pages()] == ["titanic", SLUG, SLUG]
    first, second = kaggle.pages(SLUG)
    assert first.body == {"competitionName": SLUG, "overridePublic": True, "pageSize": 10}
    assert second.body == {"competitionName": SLUG, "overridePublic": True, "pageToken": token}
    assert kaggle.downloads() == []


def test_pages_have_a_queue_of_their_own(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, kaggle_error(403, "Accept the rules first"), call="GetLeaderboard")

    assert download().ok
    with pytest.raises(requests.HTTPError, match="Accept the rules first"):
        get_page()
    assert whole() == IDS


# The competition


def test_get_competition_gives_what_was_set(kaggle: KaggleServer) -> None:
    kaggle.competition(
        SLUG,
        title="Spaceship Titanic",
        deadline="2030-01-01T00:00:00Z",
        evaluation_metric="Categorization Accuracy",
        team_count=1744,
    )

    told = get_competition()

    assert told.title == "Spaceship Titanic"
    assert told.deadline == datetime(2030, 1, 1)  # noqa: DTZ001 (the SDK's times are UTC and do not say so)
    assert told.evaluation_metric == "Categorization Accuracy"
    assert told.team_count == 1744


def test_get_competition_has_a_queue_of_its_own(kaggle: KaggleServer) -> None:
    kaggle.competition(SLUG, title="Spaceship Titanic")
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, kaggle_error(403, "Accept the rules first"), call="GetCompetition")

    assert download().ok
    with pytest.raises(requests.HTTPError, match="Accept the rules first"):
        get_competition()
    assert get_competition().title == "Spaceship Titanic"


def test_the_fields_of_a_competition_are_those_of_the_sdk() -> None:
    theirs = {known.field_name: known.json_name for known in ApiCompetition._fields}
    assert theirs | COMPETITION_FIELDS == theirs, "a later SDK may know more fields, under the same names"
    with pytest.raises(TypeError, match="teams"):
        KaggleServer().competition(SLUG, teams=3)


# Credentials


def test_only_accepted_credentials_get_an_answer(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, html())
    assert download(KaggleClient()).headers["Content-Type"].startswith("text/html")  # nothing is checked yet
    kaggle.accept(token="right")
    kaggle.accept(username="alice", key="right")

    for wrong in (
        KaggleClient(api_token="wrong"),
        KaggleClient(username="alice", password="wrong"),
        KaggleClient(username="bob", password="right"),
        KaggleClient(),
    ):
        with pytest.raises(requests.HTTPError) as error:
            download(wrong)
        assert status(error.value) == 401
        assert error.value.response.json()["code"] == 401
        with pytest.raises(requests.HTTPError, match="Unauthenticated"):
            get_page(client=wrong)

    assert get_page(client=KaggleClient(api_token="right")).submissions
    assert download(KaggleClient(api_token="right")).ok
    assert download(KaggleClient(username="alice", password="right")).ok


def test_a_refresh_token_buys_an_access_token(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.accept_refresh("refresh-1")
    with pytest.raises(requests.HTTPError):
        download(KaggleClient(api_token=OAUTH_ACCESS_TOKEN))  # not given to anyone yet

    request = GenerateAccessTokenRequest()
    request.refresh_token = "refresh-0"
    with pytest.raises(requests.HTTPError) as error, KaggleClient() as client:
        client.users.account_client.generate_access_token(request)
    assert status(error.value) == 401

    request.refresh_token = "refresh-1"
    with KaggleClient() as client:
        given = client.users.account_client.generate_access_token(request)

    assert given.token == OAUTH_ACCESS_TOKEN
    assert given.expires_in > 0
    assert download(KaggleClient(api_token=given.token)).ok


# Answers and misbehaviour


def test_typical_answers(kaggle: KaggleServer) -> None:
    kaggle.answer(SLUG, html(), empty(), not_a_zip(), error_in_200(404, "Gone"), Answer(599, body={"a": 1}))

    assert b"<html>" in download().content
    assert download().content == b""
    assert not zipfile.is_zipfile(io.BytesIO(download().content))
    with pytest.raises(requests.HTTPError, match="Gone") as error:
        download()
    assert status(error.value) == 200
    with pytest.raises(requests.HTTPError):
        download()
    with pytest.raises(ValueError, match="sulk"):
        Answer(misbehave="sulk")  # type: ignore[arg-type]


def test_a_redirect_leads_to_the_storage_without_the_credentials(kaggle: KaggleServer) -> None:
    kaggle.accept(token="secret")
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, redirect(kaggle.storage_url(SLUG) + "?signature=1"))

    response = download(KaggleClient(api_token="secret"))

    assert zipfile.is_zipfile(io.BytesIO(response.content))
    assert [(r.call, r.slug, r.authorization) for r in kaggle.requests] == [
        ("DownloadLeaderboard", SLUG, "Bearer secret"),
        ("storage", SLUG, None),
    ]


def test_connections_that_break(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, *(Answer(misbehave=how) for how in ("close", "reset", "truncate")))

    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        download()
    with pytest.raises(requests.exceptions.RequestException, match="reset"):
        download()
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        download()
    assert download().ok


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("close", "closed connection without response"),
        ("reset", "reset"),
        ("truncate", "IncompleteRead"),
    ],
)
def test_pages_break_as_downloads_do(kaggle: KaggleServer, how: str, error: str) -> None:
    kaggle.board(SLUG, BOARD)
    kaggle.answer(SLUG, Answer(misbehave=how), call="GetLeaderboard")  # type: ignore[arg-type]

    with pytest.raises(requests.exceptions.RequestException, match=error):
        get_page()
    assert whole() == IDS


@pytest.mark.long
def test_a_dripping_page_is_whole_in_the_end(kaggle: KaggleServer) -> None:
    kaggle.drip_seconds = 0.0001
    kaggle.board(SLUG, BOARD)
    kaggle.private(SLUG, PRIVATE)
    kaggle.answer(SLUG, *[Answer(misbehave="drip")] * 2, call="GetLeaderboard")

    assert whole(page_size=15) == IDS[::-1]


def test_a_dripping_answer_is_whole_in_the_end(kaggle: KaggleServer) -> None:
    kaggle.drip_seconds = 0.001
    kaggle.answer(SLUG, Answer(body=b"slow", misbehave="drip"))
    kaggle.answer(SLUG, Answer(body=b"slower", misbehave="drip-headers"))

    assert download().content == b"slow"
    assert download().content == b"slower"


@pytest.mark.parametrize("how", ["silent", "drip", "drip-headers", "endless"])
def test_what_never_ends_does_so_with_the_server(how: str) -> None:
    before = set(threading.enumerate())
    ends: list[str] = []

    def client() -> None:
        try:
            with requests.post(
                f"{kaggle.url}{DOWNLOAD}", json={"competitionName": SLUG}, stream=True
            ) as response:
                ends.append(f"{sum(map(len, response.iter_content(65536)))} bytes")
        except requests.RequestException as error:
            ends.append(type(error).__name__)

    with KaggleServer() as kaggle:
        kaggle.answer(SLUG, Answer(misbehave=how))  # type: ignore[arg-type]
        waiting = threading.Thread(target=client)
        waiting.start()
        while not kaggle.requests:
            time.sleep(0.005)
        waiting.join(0.1)
        assert waiting.is_alive()
        started = time.monotonic()

    assert time.monotonic() - started < 10
    waiting.join(10)
    assert len(ends) == 1
    assert set(threading.enumerate()) <= before


def test_an_answer_can_be_kept_back(kaggle: KaggleServer) -> None:
    over = threading.Event()
    kaggle.before_answer = lambda request: request.slug == SLUG and over.wait(60)
    arrived: list[str] = []

    def ask(slug: str) -> None:
        requests.post(f"{kaggle.url}{DOWNLOAD}", json={"competitionName": slug})
        arrived.append(slug)

    waiting = threading.Thread(target=ask, args=(SLUG,))
    waiting.start()
    ask("titanic")
    assert arrived == ["titanic"]
    over.set()
    waiting.join()
    assert arrived == ["titanic", SLUG]


# One server at a time


def test_a_second_server_at_a_port_waits_for_its_turn() -> None:
    order = []

    def second() -> None:
        with KaggleServer(port):
            order.append("second")

    with KaggleServer() as first:
        port = first.port
        with (
            pytest.raises(RuntimeError, match=rf"port {port} is still taken after 0\.1 s"),
            KaggleServer(port, wait=0.1),
        ):
            pass
        worker = threading.Thread(target=second)
        worker.start()
        worker.join(0.1)
        order.append("first")
    worker.join(60)

    assert order == ["first", "second"]


def test_a_server_can_go_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kaggle = KaggleServer()
    kaggle.board(SLUG, BOARD)
    for _ in range(2):
        with kaggle:
            show_to_sdk(kaggle.url, monkeypatch)
            assert download().ok


def test_many_clients_at_once(kaggle: KaggleServer) -> None:
    kaggle.board(SLUG, BOARD)
    oks: list[bool] = []
    clients = [threading.Thread(target=lambda: oks.append(download().ok)) for _ in range(20)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(5)

    assert oks == [True] * 20
    assert len(kaggle.requests) == 20


# The boards


def test_a_modern_board_is_written_as_kaggle_writes_it() -> None:
    teams = [
        Team(11, "solo", ("alice",), "0.80000", submissions=3),
        Team(12, "host's benchmark", rank=0, score="0.70000"),
        Team(13, 'the "A", team', ("bob", "del=0123456789abcdef"), ""),
    ]

    assert board_csv(teams).decode() == (
        "\ufeffRank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames\n"
        '1,11,solo,"2025-10-30 12:00:00",0.80000,3,alice\n'
        '0,12,"host\'s benchmark","2025-10-30 12:00:00",0.70000,1,\n'
        '2,13,"the ""A"", team","2025-10-30 12:00:00",,1,"bob,del=0123456789abcdef"\n'
    )


def test_an_old_board_has_neither_ranks_nor_members() -> None:
    assert board_csv([Team(11, "solo", ("alice",))], old=True).decode() == (
        '\ufeffTeamId,TeamName,SubmissionDate,Score\r\n11,solo,"2025-10-30 12:00:00",0.5\r\n'
    )
    assert board_name(SLUG, "") == "spaceship-titanic-publicleaderboard.csv"


def test_the_hosts_private_board_has_a_name_of_its_own() -> None:
    packed = board_zip(SLUG, BOARD, "2025-11-01T00:00:00", "private")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["spaceship-titanic-privateleaderboard-2025-11-01T00:00:00.csv"]


def test_many_teams_are_the_same_each_time() -> None:
    teams = many_teams(500)

    assert teams == many_teams(500) != many_teams(500, seed=1)
    assert board_zip(SLUG, board_csv(teams)) == board_zip(SLUG, board_csv(teams))
    rows = list(csv.DictReader(io.StringIO(board_csv(teams).decode("utf-8-sig"))))
    assert [int(row["Rank"]) for row in rows] == list(range(1, 501))
    assert len({row["TeamId"] for row in rows}) == 500
    members = [name for row in rows for name in row["TeamMemberUserNames"].split(",")]
    assert len(members) == len(set(members)) > 500
