"""Every kind of channel that Apprise knows: what is shown of its URL, and whether a message fits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from apprise import Apprise
from world.boards import Team, board_csv
from world.channels import Example, examples, one_of_each, plugins

from kagsync import clock
from kagsync.errors import KagsyncError
from kagsync.notify import channel, digest, message
from kagsync.notify.untold import Untold
from kagsync.queries import news
from kagsync.store.records import Subscription, Target

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.queries.news import Item
    from kagsync.store import Store

SLUG = "titanic"
SAID = message.Message("title", "body", 0, message.data(message.TEST))


def target(url: str) -> Target:
    return Target(1, url, "abc123", Subscription(), None, None, 0, None, None)


def test_nearly_every_kind_of_channel_has_an_example() -> None:
    """Apprise adds some with each version: a few new ones do not matter, many would."""
    missing = {plugin.__name__ for plugin in plugins() if plugin.enabled} - {
        example.name for example in examples()
    }
    assert len(missing) <= 10, missing


def test_no_secret_of_any_channel_is_shown() -> None:
    for example in examples():
        shown = channel.shown(target(example.url))
        assert "://" in shown, example
        for secret in example.secrets:
            assert secret.lower() not in shown.lower(), (example, shown)


def test_apprises_own_masking_would_not_do() -> None:
    """Else there would be no need for ours."""
    leaks = 0
    for example in examples():
        masked = Apprise.instantiate(example.url).url(privacy=True)
        leaks += any(secret in masked for secret in example.secrets)
    assert leaks > 100


def test_a_server_is_shown_where_the_url_names_one() -> None:
    shown = {channel.shown(target(example.url)) for example in examples()}
    assert {
        "jsons://chat.example.org/…",
        "mailtos://chat.example.org:8080/…",
        "hassios://chat.example.org/…",
    } < shown
    assert {"discord://…", "slack://…", "tgram://…", "ntfys://…", "matrixs://…"} < shown


@pytest.mark.parametrize("where", ["add", "answer"])
def test_no_secret_of_any_channel_is_in_an_error(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Apprise logs, of what it ignores and of what a service answered."""
    for example in one_of_each():
        try:
            if where == "add":
                channel.check(example.url)
            else:
                _refuse_with(example, monkeypatch)
        except KagsyncError as error:
            assert not [secret for secret in example.secrets if secret in str(error)], (example, error)
        else:
            assert where == "add", example


def _refuse_with(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bool:
        secrets = " ".join(example.secrets)
        logging.getLogger("apprise").warning("Failed to send %s: error=403 Forbidden %s.", secrets, secrets)
        return False

    _replace_send(example, refuse, monkeypatch)
    channel.send(target(example.url), SAID)


def _replace_send(example: Example, send: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = next(each for each in plugins() if each.__name__ == example.name)
    for name in ("send", "send_text", "send_html", "send_markdown"):
        monkeypatch.setattr(plugin, name, send, raising=False)


def test_an_answer_says_what_the_service_said() -> None:
    assert channel._said("Failed to send JSON notification: Forbidden, error=403.") == " (HTTP 403)"
    assert channel._said("A Connection error occurred sending") == " (no connection, or no answer in time)"
    assert channel._said("Dropped 15551234567") == ""


def test_an_exception_of_apprises_is_a_failure_of_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise OverflowError("hunter2")

    monkeypatch.setattr(Apprise, "notify", fail)
    with pytest.raises(channel.NotSent, match=r"not accepted \(OverflowError in Apprise\)"):
        channel.send(target("json://chat.example.org/hunter2"), SAID)


@pytest.fixture
def items(kagsync: Kagsync, store: Store, tmp_path: Path) -> list[Item]:
    """Sixty movements, some of them in teams with long names of several scripts and much to escape."""
    people = [f"student{number}" for number in range(60)]
    kagsync.ok(
        "competitions", "add", SLUG, "--no-kaggle", "--title", "Titanic & Co. - “Learning” from a Disaster"
    )
    kagsync.ok("users", "add", *people)
    before = [Team(n, f"t{n}", (person,), f"0.{90 - n}") for n, person in enumerate(people)]
    strange = ['&<b>"x"</b> _*`[](http://x)' * 9, "梯度下降部" * 30, "👩‍🚀👨‍👩‍👧‍👦" * 12, "long " * 500]
    after = [
        Team(n, strange[n % 4] if n % 5 == 0 else f"t{n}", (person,), f"0.{30 + n}", submissions=2)
        for n, person in enumerate(people)
    ]
    for number, board in enumerate((before, after), start=1):
        file = tmp_path / f"{SLUG}-publicleaderboard-2025-10-0{number}T00:00:00.csv"
        file.write_bytes(board_csv(board))
        kagsync.ok("process", SLUG, str(file))
    since = clock.parse_iso("2025-10-01T12:00:00Z")
    found = news.news(store, store.competitions.all(), store.users.all(), lambda _: since)
    assert len(found) >= 60
    return found


@pytest.mark.long
def test_a_message_fits_every_channel(
    items: list[Item], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked on what Apprise hands to the code that sends: converted, with the title where it belongs."""
    sent: list[tuple[str, str]] = []

    def send(_: object, body: str, title: str = "", **__: object) -> bool:
        sent.append((title, body.replace("&nbsp;", " ")))
        return True

    for example in one_of_each():
        _replace_send(example, send, monkeypatch)
        for count in (1, 2, 7, 32, len(items)):
            told = composed(items[:count], channel.room(target(example.url)))
            sent.clear()
            channel.send(target(example.url), told)
            assert len(sent) == 1, example
            assert_it_fits(Apprise.instantiate(example.url), *sent[0])
            assert told.counted == 0 or "kagsync news" in sent[0][1]
        sent.clear()
        channel.send(target(example.url), a_digest(items, store, channel.room(target(example.url))))
        assert_it_fits(Apprise.instantiate(example.url), *sent[0])


def test_a_message_fits_the_channels_that_need_more_packages(items: list[Item], store: Store) -> None:
    others = [plugin for plugin in plugins() if not plugin.enabled and isinstance(plugin.body_maxlen, int)]
    assert len(others) > 5
    for plugin in others:
        if isinstance(plugin.title_maxlen, int):
            room = channel.Room(plugin, unlimited=False)
            for told in (composed(items, room), a_digest(items, store, room)):
                merged = f"{told.title}\n{told.body}" if plugin.title_maxlen == 0 else told.body
                assert_it_fits(plugin, told.title if plugin.title_maxlen else "", merged)


def a_digest(items: list[Item], store: Store, room: channel.Room) -> message.Message:
    found = Untold({}, items, news.chosen(items, None))
    return digest.compose(store, target("json://chat.example.org"), found, room, clock.utc_now())


def composed(items: list[Item], room: channel.Room) -> message.Message:
    told = message.compose(items, room)
    sentences = [line for line in told.body.splitlines() if "kagsync news" not in line]
    assert len(sentences) + told.counted == len(items)
    assert (f"{told.counted} m" in told.body.splitlines()[-1]) == (told.counted > 0)
    return told


def assert_it_fits(found: Any, title: str, body: str) -> None:
    length = len(body.encode()) + (len(title.encode()) if found.overflow_amalgamate_title else 0)
    assert length <= found.body_maxlen, found
    assert len(title) <= max(found.title_maxlen, 0), found
    assert not found.body_max_line_count or len(body.splitlines()) <= found.body_max_line_count, found


def test_the_message_that_tries_a_channel_fits() -> None:
    for example in one_of_each():
        room = channel.room(target(example.url))
        assert room.fits("kagsync: a test", "Notifications will arrive here."), example
