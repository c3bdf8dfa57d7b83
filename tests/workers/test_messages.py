"""Messages: what was sent arrives, and what no worker sends is refused."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kagsync import secrecy
from kagsync.errors import BadDownload, ConfigurationError, KagsyncError, RateLimited
from kagsync.standings.facts import CompetitionFacts
from kagsync.standings.standing import Standing
from kagsync.sync.fetch_private import Known
from kagsync.workers import broker, messages
from kagsync.workers.messages import BadMessage, Brought, Delivery, Order

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS = {11: Standing(1, 0.5, "0.50", 11, "[red]x", "alice,bob", None)}
ORDER = Order(
    "id", "2026-03-01T12:00:00Z", "titanic", "Titanic", ("a" * 64, 9), Known(frozenset({1, 2}), OURS), True
)
FACTS = CompetitionFacts("Titanic", AT, None, 7, True, None, AT)
PUBLIC = Brought(messages.BOARD, "b" * 64, AT, False, messages.pack(b"Rank\n1\n"))
DELIVERY = Delivery(
    "id", ORDER.run, "titanic", "Titanic", "w@h", PUBLIC, Brought(messages.NOT_OUT), FACTS, True
)
REFUSED = {"code": "failed", "message": "no", "remedy": "", "until": None}


def sent(data: dict[str, Any]) -> Any:
    return json.loads(json.dumps(data))


def test_an_order_arrives_as_it_was_sent() -> None:
    assert Order.of(sent(ORDER.data)) == ORDER
    plain = ORDER._replace(last=None, known=None, asks_facts=False)
    assert Order.of(sent(plain.data)) == plain
    assert ORDER.competition.last_board == ("a" * 64, 9)
    assert plain.competition.last_board is None


def test_a_delivery_arrives_as_it_was_sent() -> None:
    assert Delivery.of(sent(DELIVERY.data)) == DELIVERY
    assert Delivery.read(json.dumps(DELIVERY.data)) == DELIVERY
    assert b"".join(messages.unpack(PUBLIC.content)) == b"Rank\n1\n"


def test_an_error_arrives_with_its_code_its_remedy_and_the_worker() -> None:
    failed = Brought(messages.FAILED, error=RateLimited("Kaggle asks to wait", "Wait", until=AT))
    error = Delivery.of(sent(DELIVERY._replace(public=failed).data)).public.error
    assert isinstance(error, RateLimited)
    assert error.until == AT
    assert str(error) == "Kaggle asks to wait (on the worker w@h). Wait"
    assert messages.error_of("from-the-future", "?").code == KagsyncError.code


@pytest.mark.parametrize(
    ("message", "told"), [("x" * 10**7, "xx…xx"), ("/home/\udcff\x1b[31m", "/home/\\udcff\\x1b[31m")]
)
def test_an_error_that_is_long_or_hostile_is_made_harmless(message: str, told: str) -> None:
    failed = {"status": "failed", "error": {**REFUSED, "message": message, "remedy": message}}
    error = str(Delivery.of({**DELIVERY.data, "public": failed}).public.error)
    assert told in error
    assert len(error) < 5000


@given(st.binary(max_size=5000))
def test_a_board_is_packed_without_loss(content: bytes) -> None:
    assert b"".join(messages.unpack(messages.pack(content))) == content


@pytest.mark.parametrize("content", ["no base64!", "AAAA", base64.b64encode(b"PK\3\4").decode()])
def test_what_is_no_packed_board_is_refused(content: str) -> None:
    with pytest.raises(BadDownload):
        list(messages.unpack(content))


def test_a_bomb_is_unpacked_piece_by_piece() -> None:
    bomb = base64.b64encode(zlib.compress(b"0" * 50_000_000)).decode()
    assert max(map(len, messages.unpack(bomb))) <= 1024 * 1024


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slug", "../../etc/passwd"),
        ("slug", None),
        ("run", "yesterday"),
        ("public", None),
        ("public", {"status": "board"}),
        ("public", {**PUBLIC.data, "sha256": "x"}),
        ("public", {**PUBLIC.data, "status": "surprise"}),
        ("private", 7),
        ("facts", {"title": 1}),
        ("facts", {**DELIVERY.data["facts"], "team_count": 10**30}),
        ("facts", {**DELIVERY.data["facts"], "team_count": float("inf")}),
        ("facts", {**DELIVERY.data["facts"], "title": "\ud800"}),
        ("facts", {**DELIVERY.data["facts"], "deadline": "0001-01-01T00:00:00+05:00"}),
        ("run", "0001-01-01T00:00:00+05:00"),
        ("order", "\ud800"),
        ("worker", "\ud800"),
    ],
)
def test_a_malformed_delivery_is_refused(name: str, value: object) -> None:
    with pytest.raises(BadMessage, match="who can write to the broker"):
        Delivery.of({**DELIVERY.data, name: value})


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.sampled_from([*DELIVERY._fields, *ORDER._fields]), each),
)


@settings(max_examples=30)
@given(json_values)
def test_whatever_comes_is_refused_or_read(data: Any) -> None:
    for kind in (Order, Delivery):
        with pytest.raises(BadMessage):
            kind.of(data)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://u:secret-word@h",
        "redis://",
        "localhost:6379",
        "redis://[",
        "http://h",
        "redis://u:123/secret-word@h",
        "redis://u:123?secret-word@h",
        "redis://u:123#secret-word@h",
        "redis://h/0?password=secret-word",
        "redis://:secret-word@h/0?socket_timeout=soon",
        "redis://:secret-word@h/0?no_such_option=1",
        "rediss://:secret-word@h/0?ssl_cert_reqs=CERT_REQUIRED",
    ],
)
def test_a_broker_that_is_no_redis_is_refused_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGSYNC_BROKER", url)
    with pytest.raises(ConfigurationError, match="KAGSYNC_BROKER") as refused:
        broker.url()
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["redis://h", "redis://h/", "rediss://u:p%2Fw@h:6380/12?ssl_cert_reqs=required"]
)
def test_a_url_of_redis_is_taken_as_it_is(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_BROKER", url)
    assert broker.url() == url


def test_the_place_of_redis_is_told_without_the_password() -> None:
    assert broker.place("redis://u:p@h") == "h:6379"
    assert broker.place("rediss://u:p@[::1]:6380/0") == "[::1]:6380"


def test_the_password_of_the_broker_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGSYNC_BROKER", "rediss://worker:s3cret-word@redis.example:6380/0")
    assert broker.url().startswith("rediss://worker:")
    said = secrecy.redacted("cannot connect to rediss://worker:s3cret-word@redis.example:6380/0")
    assert "s3cret-word" not in said
    assert secrecy.is_secret("KAGSYNC_BROKER", "redis://:s3cret-word@h")
    assert not secrecy.is_secret("KAGSYNC_BROKER", "redis://localhost:6379/0")


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '"order"'])
def test_text_that_is_no_delivery_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        Delivery.read(text)
