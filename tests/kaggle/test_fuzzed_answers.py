"""Numbers and dates that make no sense, in everything that Kaggle and a monitor send."""

from __future__ import annotations

import contextlib
import gc
import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from kagglesdk.competitions.types.competition_api_service import ApiGetLeaderboardResponse
from world.boards import board_csv, many_teams
from world.kaggle_server import Answer, redirect
from world.listeners import Flood
from world.running import set_columns

from kagsync import clock
from kagsync.errors import BadDownload, KagsyncError, RateLimited, Unforeseen
from kagsync.kaggle import answers, client, pages, retry
from kagsync.kaggle.listing import Group
from kagsync.kaggle.oauth import Login
from kagsync.notify import ping
from kagsync.tracking import competitions, finding

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.kaggle.pages import Page
    from kagsync.store import Store

SLUG = "titanic"
JSON = {"Content-Type": "application/json"}
DATES = (
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0000-00-00T00:00:00Z",
    "2025-02-30T00:00:00Z",
    "2025-10-31T16:26:26+05:30",
    "2025-10-31T16:26:26." + "9" * 400,
    "+292277026596-12-04T15:30:07Z",
    "2025",
    "20251031",
    "soon",
    "\ud800",
)
# As they stand in JSON, for some are none.
NUMBERS = (
    "0",
    "-1",
    "1e30",
    "-1e30",
    "1e400",
    "0.5",
    "NaN",
    "Infinity",
    "-Infinity",
    "9223372036854775808",
    "1" * 400,
    "9" * 5000,
    "1e999999999",
    "true",
    "null",
    '"1"',
    '"1e30"',
    '""',
    "[]",
    "{}",
    "[" * 5000 + "]" * 5000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    "01",
    "0x10",
    "",
)
VALUES = (*NUMBERS, *(json.dumps(date) for date in DATES))


def raw(name: str, value: str, **others: object) -> bytes:
    """A JSON object in which one value stands as it is, right or wrong."""
    fields = "".join(f", {json.dumps(key)}: {json.dumps(other)}" for key, other in others.items())
    return f'{{"{name}": {value}{fields}}}'.encode()


FACTS = ("teamCount", "deadline", "title", "evaluationMetric", "awardsPoints", "id", "userRank")
OTHER_FACTS = ("mergerDeadline", "tags", "reward", "maxTeamSize", "nothing", "code", "message")


@pytest.mark.long
def test_facts(kaggle: KaggleServer, kagsync: Kagsync, store: Store) -> None:
    competition = store.competitions.add(SLUG, SLUG, clock.utc_now())
    api = client.connect()()
    believed = 0
    for name in (*FACTS, *OTHER_FACTS):
        for value in VALUES:
            others = {} if name == "title" else {"title": "Titanic"}
            kaggle.answer(SLUG, Answer(200, JSON, raw(name, value, **others)), call="GetCompetition")
            competitions.refresh_facts(store, competition, api)
            deadline = store.competitions.get(SLUG).deadline
            if name == "deadline" and deadline is not None:
                believed += clock.iso(clock.parse_iso(deadline)) == deadline
                for command in (["status"], ["show"], ["show", SLUG]):
                    assert kagsync(*command).code in (0, 1)
                set_columns(store.path, SLUG, deadline=None)
    assert believed >= 5
    kaggle.answer(SLUG, Answer(200, JSON, raw("deadline", f'"{DATES[7]}"', title="T")), call="GetCompetition")
    competitions.refresh_facts(store, competition, api)
    assert store.competitions.get(SLUG).deadline == "2025-10-31T10:56:26Z"


ROW = {"teamId": 17, "teamName": "a", "submissionDate": DATES[7], "score": "0.5"}


def check(page: Page) -> None:
    """A page that was believed can be stored and written."""
    page.next_token.encode()
    for row in page.rows:
        assert type(row.team_id) is int
        assert 0 < row.team_id < 2**63
        row.team_name.encode()
        row.score.encode()
        assert row.submission_date is None or clock.parse_iso(clock.iso(row.submission_date))


@pytest.mark.long
def test_pages(kaggle: KaggleServer) -> None:
    api = client.connect()()
    believed = dict.fromkeys((*ROW, "submissions", "nextPageToken"), 0)
    for name in believed:
        for value in VALUES:
            others = {key: other for key, other in ROW.items() if key != name}
            row = raw(name, value, **others) if name in ROW else json.dumps(ROW).encode()
            body = b'{"submissions": [%s]}' % row if name in ROW else raw(name, value)
            kaggle.answer(SLUG, Answer(200, JSON, body), call="GetLeaderboard")
            with contextlib.suppress(BadDownload):
                page = api.leaderboard_page(SLUG, public=False)
                check(page)
                believed[name] += 1
    assert believed["teamId"] == 0
    assert all(believed[name] for name in believed if name != "teamId"), believed


@pytest.mark.parametrize(
    ("team_id", "good"),
    [("1", True), ("9223372036854775807", True), ("9223372036854775808", False), ("0", False), ("-1", False)],
)
def test_ids_of_teams(team_id: str, good: bool, kaggle: KaggleServer) -> None:
    body = b'{"submissions": [%s]}' % raw("teamId", team_id)
    kaggle.answer(SLUG, Answer(200, JSON, body), call="GetLeaderboard")
    with contextlib.nullcontext() if good else pytest.raises(BadDownload):
        client.connect()().leaderboard_page(SLUG, public=False)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(DATES)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
ROWS = st.fixed_dictionaries({}, optional={name: ANYTHING | st.just(value) for name, value in ROW.items()})
PAGES = st.fixed_dictionaries(
    {}, optional={"submissions": st.lists(ROWS | ANYTHING) | ANYTHING, "nextPageToken": ANYTHING}
)


@pytest.mark.long
@given(PAGES | ANYTHING)
def test_any_json_is_nonsense_or_a_page(body: Any) -> None:
    with contextlib.suppress(*answers.NONSENSE):
        check(pages.page(ApiGetLeaderboardResponse.from_json(json.dumps(body))))


@pytest.mark.long
def test_codes_of_refusals(kaggle: KaggleServer, tmp_path: Path) -> None:
    api = client.connect()()
    for value in (*VALUES, "399", "400", "599", "600", "999999999999"):
        for status in (200, 418):
            for body in (raw("code", value, message="x"), raw("message", value, code=403)):
                kaggle.answer(SLUG, *[Answer(status, JSON, body)] * retry.DEFAULT.tries)
                with pytest.raises(KagsyncError) as refused:
                    api.download_leaderboard(SLUG, tmp_path / "x.zip")
                assert "(999" not in refused.value.message
                kaggle._queues.clear()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_lengths_dates_and_places(kaggle: KaggleServer, tmp_path: Path) -> None:
    """A download is whole, or an error that is foreseen."""
    kaggle.board(SLUG, board_csv(many_teams(3)))
    api = client.connect()()
    headers = [
        {"Date": date.encode("ascii", "replace").decode()}
        for date in (*DATES, "Fri, 31 Dec 9999 23:59:59 -2359")
    ]
    headers += [
        {"Age": "9" * 5000},
        {"Content-Encoding": "nonesuch"},
        {"Set-Cookie": "a=b; expires=x; max-age=1e9"},
    ]
    for each in headers:
        kaggle.answer(SLUG, Answer(200, each, b"PK\3\4"))
        api.may_download(SLUG)
    for place in (
        "http://[",
        "http://x:99999/",
        "http://x:-1/",
        "http://x:" + "9" * 5000,
        "\0",
        "http://" + "a" * 300,
    ):
        kaggle.answer(SLUG, *[redirect(place)] * retry.DEFAULT.tries)
        with pytest.raises(KagsyncError):
            api.download_leaderboard(SLUG, tmp_path / "x.zip")
        kaggle._queues.clear()
    for length in ("-1", "1e30", "9" * 400, "9" * 5000, "4, 5", "", "0x4"):
        answer = Answer(200, {"Content-Length": length, "Connection": "close"}, b"PK\3\4")
        kaggle.answer(SLUG, *[answer] * retry.DEFAULT.tries)
        with contextlib.suppress(KagsyncError):
            api.download_leaderboard(SLUG, tmp_path / "x.zip")
        kaggle._queues.clear()
    gc.collect()  # urllib3 leaves a connection to the garbage collector if it does not accept the headers


HEADERS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        [*DATES, "9" * 5000, "²", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359"]
    ),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.text(),
)


@given(HEADERS)
def test_how_long_to_wait(value: str) -> None:
    response = requests.Response()
    response.status_code = 429
    response.headers["Retry-After"] = value
    failure = answers._rate_limited(response, "")
    assert isinstance(failure.error, RateLimited)
    assert failure.error.until is not None
    assert timedelta(minutes=-1) < failure.error.until - clock.utc_now() <= timedelta(days=7)


@pytest.fixture
def login(kaggle: KaggleServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only login there is; it has to be renewed."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    path = home / ".kaggle" / "credentials.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"refresh_token": "refresh"}), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["expiresIn", "token", "userId"])
def test_logins(name: str, kaggle: KaggleServer, login: Path) -> None:
    before = login.read_bytes()
    good = {"token": "t", "expiresIn": 43200, "userId": 1}
    good.pop(name)
    for value in VALUES:
        kaggle.answer("", Answer(200, JSON, raw(name, value, **good)), call="GenerateAccessToken")
        try:
            client.connect()
        except BadDownload:
            assert login.read_bytes() == before
        else:
            assert Login.read(login).content["access_token"]
        login.write_bytes(before)


def test_dates_of_stored_logins(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    for value in VALUES:
        path.write_bytes(raw("access_token_expiration", value, access_token="t", refresh_token="r"))
        try:
            login = Login.read(path)
        except (ValueError, RecursionError):
            continue  # `credentials` passes over such a file
        assert login.valid_token() in (None, "t")


MONITORS = (
    b"HTTP/1.1 99999999999999999999 X\r\n\r\n",
    b"HTTP/1.1 -1 X\r\n\r\n",
    b"HTTP/9999999.9 200 X\r\n\r\n",
    b"HTTP/1.1 200 X\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nOK",
    b"HTTP/1.1 200 X\r\nContent-Length: -1\r\n\r\nOK",
    b"HTTP/1.1 200 X\r\nContent-Length: 1, 2\r\n\r\nOK",
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\nOK",
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nOK",
    b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\n\r\nOK",
    b"HTTP/1.1 302 X\r\nLocation: http://[\r\n\r\n",
    b"HTTP/1.1 302 X\r\nLocation: http://x:99999/\r\n\r\n",
    b"HTTP/1.1 302 X\r\nLocation: http://x:" + b"9" * 5000 + b"/\r\n\r\n",
    b"HTTP/1.1 302 X\r\nLocation: \xff\xfe\r\n\r\n",
    b"HTTP/1.1 200 X\r\nSet-Cookie: a=b; max-age=1e30; expires=Fri, 31 Dec 99999 23:59:59 GMT\r\n\r\nOK",
)


@pytest.mark.parametrize("answer", MONITORS, ids=lambda answer: answer[9:60].decode("latin-1"))
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_monitors(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "PATIENCE", 1.0)
    with Flood(answer, b"") as flood:
        monkeypatch.setenv(ping.VARIABLE, f"http://{flood.address}/uuid")
        assert isinstance(ping.start().finish(0), ping.Answer)


@pytest.mark.parametrize("call", ["GetCompetition", "GetLeaderboard", "ListCompetitions"])
@pytest.mark.parametrize("seed", range(3))
def test_answers_with_any_bytes_changed(seed: int, call: str, kaggle: KaggleServer) -> None:
    """What is left of a good answer when some of its bytes are others."""
    rng = random.Random(seed)
    body: dict[str, Any] = {"title": "T", "deadline": DATES[0], "teamCount": 17, "awardsPoints": True}
    if call == "GetLeaderboard":
        body = {"submissions": [ROW, ROW], "nextPageToken": "x"}
    if call == "ListCompetitions":
        body = {"competitions": [{"ref": f"https://www.kaggle.com/competitions/{SLUG}", **body}] * 2}
    good = json.dumps(body).encode()
    api = client.connect()()
    for _ in range(60):
        changed = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.choice(b'0123456789eE+-.{}[]",:nN\xff\x00 ')
        slug = "" if call == "ListCompetitions" else SLUG
        kaggle.answer(slug, Answer(200, JSON, bytes(changed)), call=call)
        try:
            if call == "ListCompetitions":
                for each in api.competitions(Group.everything).competitions:
                    json.dumps(finding.as_json(finding.Match(each, None)))
            elif call == "GetLeaderboard":
                check(api.leaderboard_page(SLUG, public=False))
            else:
                facts = api.competition_facts(SLUG)
                assert facts.team_count is None or 0 <= facts.team_count < 2**31
        except KagsyncError as error:
            assert not isinstance(error, Unforeseen)
