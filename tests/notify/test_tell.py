"""Who wants to know is told what moved: once, harmlessly, and whatever happens to the channel."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import socket
import sqlite3
import stat
import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from world.boards import Team, board_csv, board_zip
from world.database import prepared
from world.listeners import Listener
from world.running import run, start

from kagsync import clock, installation
from kagsync.files import locks
from kagsync.notify import tell
from kagsync.safe_text import chat_safe

if TYPE_CHECKING:
    from asyncio import AbstractServer
    from collections.abc import Awaitable, Iterator
    from email.message import EmailMessage

    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store import Store

SLUG, OTHER = "titanic", "playground"
SECRETS = ("hunter2", "pathsecret", "tok123456")
ALICE, BOB, CAROL = (
    Team(11, "alpha", ("alice",), "0.80"),
    Team(12, "beta", ("bob",), "0.70"),
    Team(13, "gamma", ("carol",), "0.60"),
)
BETTER_BOB = Team(12, "beta", ("bob",), "0.90", submissions=2)
BEST_CAROL = Team(13, "gamma", ("carol",), "0.95", submissions=2)


@dataclass
class Boards:
    """Loads boards of later and later moments."""

    folder: Path
    kagsync: Kagsync
    number: int = 0
    err: str = field(default="", init=False)

    def file(self, *teams: Team, slug: str = SLUG) -> str:
        self.number += 1
        when = f"2025-10-{1 + self.number // 24:02}T{self.number % 24:02}:00:00"
        path = self.folder / f"{slug}-{self.number}.zip"
        path.write_bytes(board_zip(slug, board_csv(teams), when))
        return str(path)

    def load(self, *teams: Team, slug: str = SLUG, expected: int = 0) -> None:
        ran = self.kagsync("sync", slug, "-q", "--from", self.file(*teams, slug=slug))
        assert ran.code == expected, ran
        self.err = ran.err


@pytest.fixture
def boards(tmp_path: Path, kagsync: Kagsync, settings: Settings) -> Boards:
    """A competition with three people who have been on one board."""
    boards = Boards(tmp_path, kagsync)

    def fill() -> None:
        kagsync.ok("competitions", "add", SLUG, OTHER, "--no-kaggle")
        kagsync.ok("users", "add", "alice", "--group", "a")
        kagsync.ok("users", "add", "bob", "carol", "--group", "b")
        boards.load(ALICE, BOB, CAROL)

    prepared(settings.db, "three people on a board", fill)
    boards.number = 1
    return boards


@pytest.fixture
def channel() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


def url(channel: Listener) -> str:
    return f"json://me:{SECRETS[0]}@{channel.address}/{SECRETS[1]}?+X-Token={SECRETS[2]}"


def add(kagsync: Kagsync, channel: Listener, *words: str) -> str:
    return kagsync.ok("notify", "add", url(channel), "--quiet-for", "0m", *words)


def messages(channel: Listener) -> list[dict[str, str]]:
    return [json.loads(heard.body) for heard in channel.heard]


def bodies(channel: Listener) -> list[list[str]]:
    return [message["message"].splitlines() for message in messages(channel)]


def listed(kagsync: Kagsync) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kagsync.ok("notify", "list", "--format", "json"))
    return found


def test_after_a_sync_in_which_something_moved_a_channel_gets_one_message_with_the_news(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    add(kagsync, channel)
    boards.load(BETTER_BOB, ALICE, CAROL)
    told = json.loads(kagsync.ok("news", SLUG, "--since", "2025-10-01T01:30", "--format", "json"))
    assert bodies(channel) == [[item["sentence"] for item in told if item["own"]]]
    assert bodies(channel)[0] == ["bob passed alice: 2 → 1 of 3, improved 0.70 → 0.90"]
    assert messages(channel)[0]["title"] == "titanic: 1 of ours moved"


def test_a_channel_is_told_what_only_others_did_if_it_wants_to_be(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    add(kagsync, channel, "--all")
    boards.load(ALICE, BEST_CAROL, BOB)
    boards.load(ALICE, BEST_CAROL, BETTER_BOB)
    assert [[line.split(":")[0] for line in body] for body in bodies(channel)] == [
        ["carol passed bob", "bob"],
        ["bob"],
    ]
    assert bodies(channel)[0][1] == "bob: 2 → 3 of 3, overtaken by 1"
    assert messages(channel)[0]["title"] == "titanic: 2 of ours moved"


def test_where_only_others_did_something_nothing_is_sent(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    add(kagsync, channel)
    boards.load(Team(14, "delta", ("dave",), "0.99"), ALICE, BOB, CAROL)
    assert not channel.heard
    boards.load(Team(14, "delta", ("dave",), "0.99"), BETTER_BOB, ALICE, CAROL)
    assert bodies(channel) == [["bob passed alice: 3 → 2 of 4, improved 0.70 → 0.90"]]


def test_rivals_are_told_of_only_where_they_pass_or_are_passed(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    kagsync.ok("users", "add", "dave", "--group", "c")
    dave = Team(14, "delta", ("dave",), "0.10")
    boards.load(ALICE, BOB, CAROL, dave)
    add(kagsync, channel, "--group", "a", "--against", "b")
    boards.load(ALICE, BEST_CAROL, BOB, dave)  # carol passes bob, of her own group
    assert not channel.heard
    boards.load(replace(dave, score="0.99", submissions=2), ALICE, BEST_CAROL, BOB)  # of a third group
    assert not channel.heard
    boards.load(replace(dave, score="0.99", submissions=2), BETTER_BOB, ALICE, BEST_CAROL)
    assert bodies(channel) == [["bob passed alice: 4 → 2 of 4, improved 0.70 → 0.90"]]


def test_a_channel_that_is_added_knows_the_past_and_is_told_nothing_twice(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    boards.load(BETTER_BOB, ALICE, CAROL)
    add(kagsync, channel)
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert not channel.heard
    boards.load(BEST_CAROL, BETTER_BOB, ALICE)
    boards.load(BEST_CAROL, BETTER_BOB, ALICE)
    assert len(channel.heard) == 1
    assert bodies(channel)[0] == ["carol passed bob and alice: 3 → 1 of 3, improved 0.60 → 0.95"]


def test_the_first_board_of_a_competition_is_no_movement(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    add(kagsync, channel)
    boards.load(ALICE, BOB, slug=OTHER)
    assert not channel.heard
    boards.load(BETTER_BOB, ALICE, slug=OTHER)
    assert [message["title"] for message in messages(channel)] == ["playground: 1 of ours moved"]


def test_archives_that_are_loaded_late_are_no_news(
    boards: Boards, kagsync: Kagsync, channel: Listener, tmp_path: Path
) -> None:
    add(kagsync, channel)
    old = tmp_path / "old.zip"
    old.write_bytes(board_zip(SLUG, board_csv([CAROL, BOB, ALICE]), "2025-09-01T00:00:00"))
    kagsync.ok("sync", SLUG, "--from", str(old))
    assert not channel.heard


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--only", "improved"], ["bob"]),
        (["--only", "overtaken,left"], ["alice"]),
        (["--only", "passed"], ["bob passed alice"]),
        (["--only", "left"], None),
        (["--only", "none", "--remind", "7d"], None),
        (["--group", "a"], ["bob passed alice"]),
        (["--group", "a", "--all"], ["bob passed alice", "alice"]),
        (["--competition", SLUG], ["bob passed alice"]),
        (["--competition", OTHER], None),
    ],
)
def test_filters(
    words: list[str], told: list[str] | None, boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    add(kagsync, channel, *words)
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert [[line.split(":")[0] for line in body] for body in bodies(channel)] == ([told] if told else [])


def test_what_moves_meanwhile_is_gathered(
    boards: Boards, kagsync: Kagsync, channel: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.utc_now()
    kagsync.ok("notify", "add", url(channel), "--all")
    boards.load(BETTER_BOB, ALICE, CAROL)
    monkeypatch.setattr(clock, "utc_now", lambda: now + timedelta(minutes=50))
    boards.load(BETTER_BOB, CAROL, ALICE)
    boards.load(BEST_CAROL, BETTER_BOB, ALICE)
    assert len(channel.heard) == 1
    monkeypatch.setattr(clock, "utc_now", lambda: now + timedelta(minutes=61))
    kagsync("sync", "--all")  # nothing is linked to Kaggle, but what waits is told
    assert len(channel.heard) == 2
    assert bodies(channel)[1] == [
        "carol passed bob: 2 → 1 of 3, improved 0.60 → 0.95",
        "bob: 1 → 2 of 3, overtaken by 1",
        "carol: 3 → 2 of 3, 1 above left",
        "alice: 2 → 3 of 3, overtaken by 1",
    ]


def test_several_competitions_come_in_one_message(
    boards: Boards, kagsync: Kagsync, channel: Listener, store: Store
) -> None:
    boards.load(ALICE, BOB, slug=OTHER)
    add(kagsync, channel)
    with locks.hold(Path(f"{store.path}-locks") / "notify-1.lock"):  # as while another run tells
        boards.load(BETTER_BOB, ALICE, CAROL)
    boards.load(BETTER_BOB, ALICE, slug=OTHER)
    assert len(channel.heard) == 1
    assert messages(channel)[0]["title"] == "2 competitions: 1 of ours moved"
    assert {"titanic:", "playground:"} < set(bodies(channel)[0])
    assert len(bodies(channel)[0]) == 4


def test_a_channel_that_fails_is_tried_again_and_never_fails_a_sync(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    add(kagsync, channel)
    channel.status = 500
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert boards.err.startswith("WARNING kagsync: Notification target 1 (json://127.0.0.1:")
    assert "not accepted (HTTP 500)" in boards.err
    assert boards.err.count("\n") == 1
    boards.load(BEST_CAROL, BETTER_BOB, ALICE)
    assert boards.err == ""  # once is enough
    assert listed(kagsync)[0]["failures"] == 2
    channel.status, channel.heard[:] = 200, []
    kagsync.ok("sync", "--all")
    assert len(bodies(channel)) == 1
    assert {line.split(", ")[1] for line in bodies(channel)[0]} == {
        "improved 0.60 → 0.95",
        "improved 0.70 → 0.90",
    }
    assert listed(kagsync)[0]["failures"] == 0


def test_nobody_there(boards: Boards, kagsync: Kagsync) -> None:
    kagsync.ok("notify", "add", "json://127.0.0.1:1/")
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert "not accepted (no connection" in boards.err


def test_without_apprise(
    boards: Boards, kagsync: Kagsync, channel: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(kagsync, channel)
    monkeypatch.setitem(sys.modules, "apprise", None)
    for words in (["add", "json://x"], ["test"]):
        ran = kagsync("notify", *words)
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.endswith(f"not installed. {installation.this().add_extra('notify')}\n")
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert "pip install" in boards.err
    assert listed(kagsync)[0]["url"] == "json://…"
    kagsync.ok("notify", "remove", "1")


@pytest.mark.long
def test_two_runs_at_once_tell_it_once(boards: Boards, kagsync: Kagsync, channel: Listener) -> None:
    add(kagsync, channel)
    board = boards.file(BETTER_BOB, ALICE, CAROL)
    runs = [start("sync", SLUG, "-q", "--from", board) for _ in range(3)]
    for process in runs:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(channel.heard) == 1


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_a_process_that_is_killed_in_the_send_is_made_up_for(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    add(kagsync, channel)
    channel.manner = "hang"
    with start("sync", SLUG, "-q", "--from", boards.file(BETTER_BOB, ALICE, CAROL)) as process:
        channel.wait_for(1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    channel.manner = "answer"
    assert run("sync", "--all", "-q").code == 0
    assert run("sync", "--all", "-q").code == 0
    assert len(channel.heard) == 2
    assert channel.heard[0] == channel.heard[1]


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_whenever_a_process_is_killed_nothing_is_lost_and_nothing_comes_twice(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    """Killed at moments spread over a whole run, among them those before, in and after the send."""
    import time

    add(kagsync, channel)
    began = time.monotonic()
    run("sync", SLUG, "-q", "--from", boards.file(BETTER_BOB, ALICE, CAROL))
    whole = time.monotonic() - began
    done: set[str] = set()  # what processes told that ended by themselves
    for number in range(24):
        leader = Team(12, "beta", ("bob",), f"0.{9100 + number}", submissions=number + 3)
        before = len(channel.heard)
        with start("sync", SLUG, "-q", "--from", boards.file(leader, ALICE, CAROL)) as process:
            time.sleep(whole * (0.5 + number / 40))
            process.kill()
            process.communicate(timeout=30)
        told = {line for body in bodies(channel)[before:] for line in body}
        assert not told & done, "told twice, though nobody was killed in the send"
        if process.returncode == 0:
            done |= told
    assert run("sync", SLUG, "-q", "--from", boards.file(leader, ALICE, CAROL)).code == 0
    told_of_bob = [line for body in bodies(channel) for line in body if line.startswith("bob")]
    with sqlite3.connect(os.environ["KAGSYNC_DB"]) as connection:
        scores = [
            row[0]
            for row in connection.execute("SELECT score_text FROM history WHERE username = 'bob' ORDER BY at")
        ]
    connection.close()
    wanted = [f"improved {old} → {new}" for old, new in itertools.pairwise(scores)]
    assert {line.partition(", ")[2] for line in told_of_bob} == set(wanted)
    print(f"{len(wanted)} movements, {len(told_of_bob) - len(wanted)} of them told twice")


HOSTILE = "@everyone <!channel> [x](http://evil) [red]x[/red] `x` *b* \x1b[31m \u202e =cmd()"


def test_text_by_strangers_arrives_harmless(boards: Boards, kagsync: Kagsync, channel: Listener) -> None:
    add(kagsync, channel)
    boards.load(Team(11, HOSTILE, ("alice",), "0.80"), BOB, CAROL)
    (line,) = bodies(channel)[0]
    assert line.startswith("alice: the team “alpha” is now called “")
    assert not set(line) & set("@<>[]`*\x1b\u202e")
    assert "＠\u200beveryone" in line
    assert "http:\u200b/\u200b/\u200bevil" in line
    assert "=cmd()" in line


def test_long_news_are_cut(kagsync: Kagsync, channel: Listener, tmp_path: Path) -> None:
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", *(f"user{number}" for number in range(50)))
    boards = Boards(tmp_path, kagsync)
    teams = [Team(number, f"t{number}", (f"user{number}",), f"0.{90 - number}") for number in range(50)]
    boards.load(*teams)
    add(kagsync, channel, "--all")
    boards.load(*reversed(teams))
    assert len(bodies(channel)[0]) == 31
    assert bodies(channel)[0][-1] == "and 20 more: kagsync news"


def test_secrets_are_masked_wherever_they_could_be_seen(
    boards: Boards, kagsync: Kagsync, channel: Listener, tmp_path: Path
) -> None:
    shown = [add(kagsync, channel), kagsync.ok("notify", "list"), str(listed(kagsync))]
    shown += kagsync.ok("notify", "test", "-v")
    for status in (200, 401):
        channel.status = status
        ran = kagsync("notify", "test", "1", "-v")
        shown += [ran.out, ran.err]
        boards.load(BETTER_BOB if status == 200 else BEST_CAROL, ALICE)
        ran = kagsync("sync", "--all", "-v", "--log-file", str(tmp_path / "log"))
        shown += [boards.err, ran.out, ran.err, (tmp_path / "log").read_text()]
    shown.append(kagsync.ok("notify", "remove", "1"))
    for secret in SECRETS:
        assert not [text for text in shown if secret in text]


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("discord://123456789/SECRETSECRET", "discord://…"),
        ("mailto://me:SECRET@localhost:2525?from=a@b.c&to=x@example.com", "mailto://localhost:2525/…"),
        ("jsons://example.com/SECRET/x?-q=SECRET", "jsons://example.com/…"),
        ("jsons://s3cretkey1234567.hooks.example.com/", "jsons://….hooks.example.com/…"),
        ("ntfy://s3cret-topic", "ntfy://…"),
        ("misskey://s3cret@127.0.0.1:9", "misskey://127.0.0.1:9/…"),
        ("https://discord.com/api/webhooks/123456789/SECRETSECRET", "discord://…"),
    ],
)
def test_how_channels_are_shown(address: str, masked: str, boards: Boards, kagsync: Kagsync) -> None:
    kagsync.ok("notify", "add", address)
    assert listed(kagsync)[0]["url"] == masked


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nonesuch://x"], "Apprise does not know nonesuch:// URLs"),
        (["hunter2"], "this is not a URL"),
        (["mailto://me:hun@ter2@example.com"], "write @ as %40"),
        (["mailto://me:hun:ter2@example.com"], ": as %3A"),
        (["mailto://me:hun/ter2@example.com"], "/ as %2F"),
        (
            ["mailto://me:x@example.com?to=hunter2@x.y"],
            "would ignore a part of this mailto:// URL",
        ),
        (["json://example.com:99999/"], "99999 is not a port"),
        (["json://x", "--only", "improved,nonesuch"], "'nonesuch' is not a reason. Choose from new, "),
        (["json://x", "--only", "improve"], "'improve' is not a reason. Did you mean improved?"),
        (["json://x", "--only", ","], "',' is not a reason"),
        (["json://x", "--competition", "titanc"], "Did you mean titanic?"),
        (["json://x", "--group", "c"], "nobody is in a group 'c'"),
        (["json://x", "--quiet-for", "soon"], "'soon' is not a duration"),
        (["json://x", "--digest", "18:00"], "'18:00' is not a time for digests. Try daily@18:00"),
        (["json://x", "--digest", "daily@18:00", "--zone", "Berlin"], "Did you mean Europe/Berlin?"),
        (["json://x", "--remind", "7d,soon"], "'soon' is not a duration"),
        (["json://x", "--remind", "0m"], "Try --remind 7d,1d"),
        (["json://x", "--group", "a", "--against", "c"], "nobody is in a group 'c'"),
        (["json://x", "--group", "a", "--against", "a"], "are the same group"),
        (["json://x", "--against", "a"], "--against needs --group. For example: --group us --against rivals"),
        (
            ["json://x", "--zone", "Europe/Berlin"],
            "--zone needs --digest. For example: --digest",
        ),
        (["json://x", "--even-if-nothing"], "--even-if-nothing needs --digest"),
        (["json://x", "--only", "none"], "--only none needs --remind"),
        (["json://x", "--only", "none,left", "--remind", "7d"], "'none' is not a reason"),
        (["json://x", "--quiet-for", "1h", "--digest", "daily@18:00"], "--quiet-for and --digest contradict"),
        (["json://x", "--all", "--only", "left"], "--all and --only contradict"),
        (["json://x", "--group", "a", "--against", "b", "--all"], "--all and --against contradict"),
        (["json://x", "--group", "a", "--against", "b", "--only", "left"], "--against and --only contradict"),
        (
            ["json://x", "--only", "none", "--digest", "daily@18:00", "--remind", "7d"],
            "--only none and --digest",
        ),
    ],
)
def test_what_cannot_be_added(words: list[str], told: str, boards: Boards, kagsync: Kagsync) -> None:
    ran = kagsync("notify", "add", *words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert not {"hunter2", "ter2", "hun"} & set(re.findall(r"\w+", ran.err))
    assert listed(kagsync) == []


def test_a_number_that_is_none(boards: Boards, kagsync: Kagsync) -> None:
    for verb in ("remove", "test"):
        ran = kagsync("notify", verb, "7")
        assert len(ran.err.splitlines()) == 1
        assert ran.err.startswith("ERROR kagsync: ")
        assert " 7. " in ran.err
        assert "kagsync notify list" in ran.err
    assert kagsync.ok("notify", "test") == "No channel is notified yet: kagsync notify add URL\n"
    assert "kagsync notify add URL" in kagsync.ok("notify", "list")


def test_a_test_that_fails_says_so(boards: Boards, kagsync: Kagsync, channel: Listener) -> None:
    add(kagsync, channel)
    assert kagsync.ok("notify", "test") == f"Sent to 1: json://{channel.address}/…\n"
    assert messages(channel)[0]["title"] == "kagsync: a test"
    channel.status = 503
    ran = kagsync("notify", "test")
    assert ran.code == 1
    said = "the message was not accepted (HTTP 503). Check the channel"
    assert ran.err.startswith(f"ERROR kagsync: 1 (json://{channel.address}/…): {said}")


def test_what_is_removed_takes_its_targets_along(boards: Boards, kagsync: Kagsync, store: Store) -> None:
    kagsync.ok("notify", "add", "json://x", "--competition", SLUG)
    kagsync.ok("notify", "add", "json://y")
    kagsync.ok("competitions", "remove", SLUG, "--yes")
    assert [each["number"] for each in listed(kagsync)] == [2]
    kagsync.ok("notify", "remove", "2")
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM notify_cursors").fetchone() == (0,)
    connection.close()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX rights")
def test_the_database_is_closed_to_others_once_it_holds_a_secret(
    boards: Boards, kagsync: Kagsync, settings: Settings
) -> None:
    settings.db.chmod(0o644)
    kagsync.ok("notify", "add", "json://x")
    assert stat.S_IMODE(settings.db.stat().st_mode) == 0o640


class Mailbox:
    """A mail server's handler that keeps what comes."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


class MailServer(Controller):
    """A mail server on a free port, which is its own from the beginning, so that nobody else can take it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        host, port = self._listening.getsockname()
        super().__init__(mailbox, hostname=host, port=port, ready_timeout=60)

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


def test_a_mail(boards: Boards, kagsync: Kagsync) -> None:
    mailbox = Mailbox()
    server = MailServer(mailbox)
    server.start()
    try:
        place = f"127.0.0.1:{server.port}"
        kagsync.ok("notify", "add", f"mailto://{place}?from=me@example.com&to=you@example.com")
        boards.load(Team(12, "<script>x</script>&amp;", ("bob",), "0.90", submissions=2), ALICE, CAROL)
    finally:
        server.stop()
    (mail,) = mailbox.mails
    assert mail["Subject"] == "titanic: 1 of ours moved"
    assert mail["To"] == "you@example.com"
    text = "".join(part.get_content() for part in mail.walk() if not part.is_multipart())
    assert "bob passed alice: 2 → 1 of 3, improved 0.70 → 0.90" in text
    assert "<script>" not in text


def test_the_rules_of_what_is_harmless() -> None:
    assert chat_safe("a@b <c> [d] _e_ ~f~ |g| \\h") == "a＠\u200bb ＜c＞ ［d］ ＿e＿ ～f～ ｜g｜ ＼h"
    assert chat_safe("alpha 0.80 → 0.90, “x”: -1") == "alpha 0.80 → 0.90, “x”: -1"


def test_the_same_channel_with_the_same_filters_is_one_target(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    assert add(kagsync, channel).startswith("Added 1: ")
    again = kagsync.ok("notify", "add", url(channel), "--quiet-for", "2h")
    assert again.startswith("Updated 1: ")
    assert [each["quiet_for_seconds"] for each in listed(kagsync)] == [7200]
    assert kagsync.ok("notify", "add", url(channel), "--quiet-for", "120m").startswith("Already there as 1: ")
    changed = add(kagsync, channel, "--all", "--remind", "1d,7d")
    assert changed.startswith("Updated 1: ")
    assert [(each["all"], each["remind_seconds"]) for each in listed(kagsync)] == [(True, [604800, 86400])]
    assert add(kagsync, channel, "--only", "left").startswith("Added 2: ")
    add(kagsync, channel)
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert len(channel.heard) == 1


def test_channels_of_one_service_can_be_told_apart(boards: Boards, kagsync: Kagsync) -> None:
    one, other = (f"discord://123456789/s3cret-token-{number}" for number in (1, 2))
    added = kagsync.ok("notify", "add", one)
    kagsync.ok("notify", "add", other)
    kagsync.ok("notify", "add", one, "--only", "improved")
    first, second, third = listed(kagsync)
    assert first["url"] == second["url"] == third["url"] == "discord://…"
    assert first["label"] == third["label"] != second["label"]
    assert f"(label {first['label']})" in added
    assert all(each["label"] in kagsync.ok("notify", "list") for each in (first, second))


def test_a_label_is_not_made_from_the_url(boards: Boards, kagsync: Kagsync) -> None:
    """Else somebody who guesses the topic could check the guess."""
    labels = set()
    for number in range(1, 4):
        kagsync.ok("notify", "add", "ntfy://s3cret-topic")
        labels.add(listed(kagsync)[0]["label"])
        kagsync.ok("notify", "remove", str(number))
    assert len(labels) == 3


def test_a_failure_that_a_url_wants_to_hide_is_told_all_the_same(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    kagsync.ok("notify", "add", f"json://{channel.address}/?optional=yes")
    channel.status = 500
    assert kagsync("notify", "test").code == 1
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert "not accepted" in boards.err


def test_telling_returns_what_failed(
    boards: Boards, kagsync: Kagsync, channel: Listener, store: Store, settings: Settings
) -> None:
    add(kagsync, channel)
    kagsync.ok("notify", "add", "json://127.0.0.1:1/", "--quiet-for", "0m")
    boards.load(BETTER_BOB, ALICE, CAROL)
    channel.heard.clear()
    told = tell.tell(settings, store, clock.utc_now())
    assert (told.sent, [failure.target.id for failure in told.failures]) == (0, [2])
    assert told.failures[0].error.code == "not-sent"
    assert str(told.failures[0]).startswith(
        "Notification target 2 (json://127.0.0.1:1/…): the message was not"
    )


# Messages for programs


def test_a_program_gets_all_movements_as_data_beside_the_text(
    kagsync: Kagsync, channel: Listener, tmp_path: Path
) -> None:
    boards, teams = a_class(kagsync, tmp_path, 40)
    kagsync.ok("notify", "add", f"json://{channel.address}/?:room=7")
    boards.load(*(replace(team, submissions=2) for team in teams))
    (message,) = (json.loads(heard.body) for heard in channel.heard)
    told = json.loads(kagsync.ok("news", SLUG, "--since", "2025-10-01T01:30", "--format", "json"))
    assert message["kagsync"] == {
        "version": 1,
        "kind": "news",
        "items": told,
        "deadlines": [],
        "standings": [],
        "series": [],
    }
    assert len(told) == 40
    assert len(message["message"].splitlines()) == 31
    assert message["room"] == "7"  # what the URL adds by itself


@pytest.mark.parametrize("scheme", ["form", "xml"])
def test_no_other_channel_gets_the_data(
    scheme: str, boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    kagsync.ok("notify", "add", f"{scheme}://{channel.address}/")
    kagsync.ok("notify", "test")
    boards.load(BETTER_BOB, ALICE, CAROL)
    assert len(channel.heard) == 2
    assert not [heard for heard in channel.heard if "kagsync%22" in heard.body or "items" in heard.body]


def test_a_test_message_is_marked_as_one(boards: Boards, kagsync: Kagsync, channel: Listener) -> None:
    add(kagsync, channel)
    kagsync.ok("notify", "test")
    (message,) = (json.loads(heard.body) for heard in channel.heard)
    assert message["kagsync"]["kind"] == "test"


# Messages that are long for their channel


def a_class(kagsync: Kagsync, folder: Path, size: int) -> tuple[Boards, list[Team]]:
    """So many people on one board; loading them in reverse moves all of them."""
    kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
    kagsync.ok("users", "add", *(f"student{number}" for number in range(size)))
    teams = [Team(number, f"t{number}", (f"student{number}",), f"0.{90 - number}") for number in range(size)]
    boards = Boards(folder, kagsync)
    boards.load(*teams)
    return boards, teams


def texts(channel: Listener) -> list[str]:
    """What a Misskey server was sent, which takes 512 characters."""
    return [json.loads(heard.body)["text"] for heard in channel.heard]


def misskey(channel: Listener) -> str:
    return f"misskey://s3cret@{channel.address}"


def test_a_class_on_a_channel_with_little_room_gets_a_message_with_a_count(
    kagsync: Kagsync, channel: Listener, tmp_path: Path
) -> None:
    boards, teams = a_class(kagsync, tmp_path, 32)
    kagsync.ok("notify", "add", misskey(channel), "--all")
    boards.load(*reversed(teams))
    (text,) = texts(channel)
    title, *sentences, last = text.splitlines()
    assert len(text.encode()) <= 512
    assert title == "titanic: 32 of ours moved"
    assert len(sentences) >= 5
    assert last == f"and {32 - len(sentences)} more: kagsync news"
    told = json.loads(kagsync.ok("news", SLUG, "--since", "2025-10-01T01:30", "--format", "json"))
    assert sentences == [item["sentence"] for item in told[: len(sentences)]]
    boards.load(*reversed(teams))
    assert len(channel.heard) == 1  # those that were only counted do not come later


@pytest.mark.parametrize(("own", "whole"), [("split", True), ("upstream", True), ("truncate", False)])
def test_a_persons_own_overflow_is_respected(
    own: str,
    whole: bool,
    kagsync: Kagsync,
    channel: Listener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from apprise.plugins.misskey import NotifyMisskey

    monkeypatch.setattr(NotifyMisskey, "request_rate_per_sec", 0)
    boards, teams = a_class(kagsync, tmp_path, 20)
    kagsync.ok("notify", "add", f"{misskey(channel)}?overflow={own}", "--all")
    boards.load(*reversed(teams))
    told = texts(channel)
    assert len(told) > 1 if own == "split" else len(told) == 1
    people = set(re.findall(r"student\d+", "\n".join(told)))
    assert (len(people) == 20) == whole
    assert ("more: kagsync news" in told[-1]) == (not whole)


def test_a_channel_that_shows_two_lines_gets_two(kagsync: Kagsync, channel: Listener, tmp_path: Path) -> None:
    boards, teams = a_class(kagsync, tmp_path, 5)
    kagsync.ok("notify", "add", f"kodi://{channel.address}", "--all")
    boards.load(*reversed(teams))
    shown = json.loads(channel.heard[0].body)["params"]["message"]
    sentence, last = shown.splitlines()
    assert sentence.startswith("student4: 5 → 1 of 5, ")
    assert last == "and 3 more: kagsync news"  # the person in the middle did not move


def test_a_sentence_by_a_stranger_that_fills_a_message_is_shortened(
    boards: Boards, kagsync: Kagsync, channel: Listener
) -> None:
    kagsync.ok("notify", "add", misskey(channel))
    boards.load(Team(11, "a very long name " * 240, ("alice",), "0.80"), BETTER_BOB, CAROL)
    (text,) = texts(channel)
    assert len(text.encode()) <= 512
    assert "bob: at 2 of 3, improved 0.70 → 0.90" in text
    assert "alice: the team “alpha” is now called “a very long name" in text
    assert "…" in text
    assert "more" not in text


def test_many_recipients_do_not_make_a_message_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apprise pauses between two requests: thirty seconds for all of them would be over before the last."""
    from apprise import Apprise

    from kagsync.notify import channel

    phones = "/".join(f"1555123{number:04}" for number in range(20))
    many = Apprise.instantiate(f"voipms://s3cret:me@example.com/16134448888/{phones}")
    one = Apprise.instantiate("voipms://s3cret:me@example.com/16134448888/15551234567")
    assert channel._patience(one, "x") == 30
    assert channel._patience(many, "x") > 30 + 19 * many.request_rate_per_sec
