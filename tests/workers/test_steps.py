"""What workers do, step by step: orders, fetches and deliveries, in any order and more than once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import Team
from world.broker import needs_redis
from world.clocked import DAY, DEADLINE, HOUR, MINUTE, Clocked
from world.database import ask, ask_one, tables
from world.kaggle_server import OAUTH_ACCESS_TOKEN, kaggle_error, too_many_requests
from world.listeners import Listener

from kagsync import clock
from kagsync.errors import DatabaseError
from kagsync.files import locks
from kagsync.store import Store
from kagsync.sync import competition
from kagsync.workers import fetching, messages, writing
from kagsync.workers.messages import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Steps
    from world.broker import Redis
    from world.kaggle_server import KaggleServer

pytestmark = needs_redis

ALICE, BOB = Team(11, "Team A", ("alice",), "0.90", submissions=7), Team(12, "Team B", ("bob",), "0.80")
OTHERS = [Team(100 + i, f"other{i}", (f"other{i}",), f"0.7{9 - i}") for i in range(8)]
PUBLIC, CHANGED = [ALICE, BOB, *OTHERS], [BOB, ALICE, *OTHERS]
# What records a run, besides the boards.
RECORDS = ("sync_runs", "sqlite_sequence", "triggers", "competitions")


@pytest.fixture
def club(clocked: Clocked) -> Iterator[Clocked]:
    """A competition with Alice and Bob on its board, not synced yet; its database is sound at the end."""
    clocked.publish(*PUBLIC)
    clocked.track("alice", "bob")
    yield clocked
    invariants.check(clocked.db)


def boards(club: Clocked) -> dict[str, Any]:
    """What the database says of boards."""
    return {name: rows for name, rows in tables(club.db).items() if name not in RECORDS}


def is_locked(*_: object, **__: object) -> None:
    """Takes the place of a function that writes."""
    raise DatabaseError("the database is locked", "Try again")


def statuses(club: Clocked) -> list[str]:
    return [status for (status,) in ask(club.db, "SELECT status FROM sync_runs ORDER BY id")]


# Boards


def test_a_board_is_stored_as_a_run_stores_it(club: Clocked, steps: Steps) -> None:
    (result,) = steps.all()
    assert result is not None
    assert (result.status, result.counts.created) == ("ok", 2)
    assert club.asked_for() == (1, 0)
    assert ask(club.db, "SELECT username, rank FROM leaderboard ORDER BY rank") == [("alice", 1), ("bob", 2)]
    assert list(club.settings.temp_data.iterdir()) == []


def test_a_board_that_is_delivered_twice_changes_nothing(club: Clocked, steps: Steps) -> None:
    (order,) = steps.order()
    message = steps.fetch(order)
    steps.write(message)
    before = boards(club)
    again = steps.write(message)
    assert again is not None
    assert again.status == "unchanged"
    assert boards(club) == before
    assert statuses(club) == ["ok", "unchanged"]


def test_boards_that_come_late_and_twice_only_add_to_the_history(club: Clocked, steps: Steps) -> None:
    (order,) = steps.order()
    first = steps.fetch(order)
    club.now += MINUTE
    club.publish(*CHANGED)
    second = steps.fetch(order)
    found = [steps.write(message) for message in (second, first, first, second)]
    assert [each.status for each in found if each] == ["ok", "older", "older", "unchanged"]
    ranks = "SELECT username, rank FROM leaderboard ORDER BY rank"
    assert ask(club.db, ranks) == [("bob", 1), ("alice", 2)]
    assert ask_one(club.db, "SELECT count(*) FROM snapshots") == 2


def test_of_an_unchanged_board_only_that_is_sent(club: Clocked, steps: Steps) -> None:
    steps.all()
    club.now += MINUTE
    club.publish(*PUBLIC)
    (order,) = steps.order()
    message = steps.fetch(order)
    assert (message["public"]["status"], message["public"]["content"]) == ("unchanged", "")
    steps.write(message)
    assert ask(club.db, "SELECT status, rows FROM sync_runs ORDER BY id")[-1] == ("unchanged", 10)
    assert ask_one(club.db, "SELECT snapshot_at FROM competitions") == clock.iso(club.now)


def test_after_a_change_of_the_roster_the_board_itself_is_sent(club: Clocked, steps: Steps) -> None:
    steps.all()
    (order,) = steps.order()
    message = steps.fetch(order)
    club.track("other1")  # while the message is under way
    found = steps.write(message)
    assert found is not None
    assert found.status == "later"
    assert statuses(club) == ["ok"]
    steps.all()
    assert ask(club.db, "SELECT rank FROM leaderboard WHERE username = 'other1'") == [(4,)]


def test_the_private_board_and_the_facts_come_along(club: Clocked, steps: Steps) -> None:
    steps.all()
    club.now = DEADLINE
    club.release(BOB, *OTHERS, replace(ALICE, score="0.1"))
    club.ends()
    steps.all()
    assert club.finals() == [("bob", 1, 2, "username"), ("alice", 10, 1, "username")]
    club.now += MINUTE
    assert steps.order() == []  # it has ended, so it is not due for an hour
    club.now += HOUR
    found = steps.all()[0]
    assert found is not None
    assert found.private is not None
    assert found.private.status == "unchanged"


def test_a_private_board_that_is_not_out_is_asked_for_an_hour_later(club: Clocked, steps: Steps) -> None:
    steps.all()
    club.now = DEADLINE
    (found,) = steps.all()
    assert found is not None
    assert found.private is not None
    assert found.private.status == "not-out"
    assert steps.order() == []
    club.now += HOUR
    assert len(steps.order()) == 1


def test_a_new_deadline_is_learned(club: Clocked, steps: Steps) -> None:
    steps.all()
    club.now = DEADLINE - HOUR
    club.ends(DEADLINE + DAY)
    club.now += DAY
    steps.all()
    assert ask_one(club.db, "SELECT deadline FROM competitions") == clock.iso(DEADLINE + DAY)


# Failures


def test_a_refusal_is_recorded_with_the_worker_that_met_it(
    club: Clocked, steps: Steps, kaggle: KaggleServer
) -> None:
    kaggle.answer(club.slug, kaggle_error(403, "You must accept the rules"))
    steps.all()
    ((status, code, message),) = ask(club.db, "SELECT status, error_code, error_message FROM sync_runs")
    assert (status, code) == ("error", "forbidden")
    assert "fetcher@there" in message
    assert len(steps.order()) == 1


def test_a_worker_without_credentials_says_so(
    club: Clocked, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order,) = steps.order()
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    steps.write(steps.fetch(order))
    assert ask(club.db, "SELECT error_code FROM sync_runs") == [("credentials",)]


@pytest.mark.parametrize("damage", ["content", "hash"])
def test_a_damaged_board_is_refused(club: Clocked, steps: Steps, damage: str) -> None:
    (order,) = steps.order()
    message = steps.fetch(order)
    if damage == "hash":
        message["public"]["sha256"] = "0" * 64
    else:
        message["public"]["content"] = message["public"]["content"][:-8] + "AAAAAAA="
    steps.write(message)
    assert ask(club.db, "SELECT error_code FROM sync_runs") == [("bad-download",)]
    assert ask_one(club.db, "SELECT count(*) FROM snapshots") == 0
    assert list(club.settings.temp_data.iterdir()) == []


def test_a_board_of_the_future_is_refused(club: Clocked, steps: Steps) -> None:
    (order,) = steps.order()
    message = steps.fetch(order)
    message["public"]["snapshot_at"] = clock.iso(club.now + 2 * DAY)
    steps.write(message)
    assert ask(club.db, "SELECT error_code FROM sync_runs") == [("bad-board",)]


def test_an_unchanged_board_of_the_future_is_refused_too(club: Clocked, steps: Steps) -> None:
    steps.all()
    (order,) = steps.order()
    message = steps.fetch(order)
    before = ask_one(club.db, "SELECT snapshot_at FROM competitions")
    message["public"]["snapshot_at"] = clock.iso(club.now + 400 * DAY)
    steps.write(message)
    assert ask(club.db, "SELECT error_code FROM sync_runs")[-1] == ("bad-board",)
    assert ask_one(club.db, "SELECT snapshot_at FROM competitions") == before


def test_a_board_that_is_too_large_is_not_sent(
    club: Clocked, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LARGEST", 100)
    steps.all()
    assert ask(club.db, "SELECT error_code FROM sync_runs") == [("bad-download",)]


def test_a_competition_that_was_removed_is_dropped(club: Clocked, steps: Steps) -> None:
    (order,) = steps.order()
    message = steps.fetch(order)
    club.ok("competitions", "remove", club.slug, "--yes")
    assert steps.write(message) is None


@pytest.mark.parametrize("link", [("--kaggle-id", "another"), ("--no-kaggle",)])
def test_a_board_of_a_competition_that_was_linked_elsewhere_is_dropped(
    club: Clocked, steps: Steps, link: tuple[str, ...]
) -> None:
    (order,) = steps.order()
    message = steps.fetch(order)
    club.ok("competitions", "remove", club.slug, "--yes")
    club.ok("competitions", "add", club.slug, *link)
    found = steps.write(message)
    assert found is not None
    assert found.status == "later"
    assert ask(club.db, "SELECT * FROM leaderboard") == []


def test_a_delivery_waits_for_a_run_by_hand(
    club: Clocked, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order,) = steps.order()
    message = steps.fetch(order)
    monkeypatch.setattr(competition, "_PATIENCE", 0.1)
    with locks.hold(club.settings.locks / f"{club.slug}.lock"):
        found = steps.write(message)
    assert writing.is_worth_another_try(found, Delivery.of(message))
    assert found is not None and found.error is not None
    assert found.error.remedy == "It is tried again in a minute"
    found = steps.write(message)
    assert found is not None
    assert found.status == "ok"
    assert not writing.is_worth_another_try(found, Delivery.of(message))


def test_a_database_that_fails_is_tried_again_but_not_what_the_worker_met(
    club: Clocked, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order,) = steps.order()
    message = steps.fetch(order)

    with monkeypatch.context() as patch:
        patch.setattr("kagsync.sync.work.process", is_locked)
        assert writing.is_worth_another_try(steps.write(message), Delivery.of(message))
    message["public"] = messages.Brought("failed", error=DatabaseError("there")).data
    delivery = Delivery.of(message)
    assert not writing.is_worth_another_try(writing.write(club.settings, delivery), delivery)


def test_a_private_board_that_the_database_does_not_take_is_tried_again(
    club: Clocked, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.all()
    club.now = DEADLINE
    club.release(BOB, *OTHERS, replace(ALICE, score="0.1"))
    club.ends()
    (order,) = steps.order()
    message = steps.fetch(order)

    with monkeypatch.context() as patch:
        patch.setattr("kagsync.sync.private._fetch_and_process", is_locked)
        found = steps.write(message)
    assert found is not None and found.private is not None
    assert (found.error, found.private.status) == (None, "error")
    assert writing.is_worth_another_try(found, Delivery.of(message))
    found = steps.write(message)
    assert found is not None and found.private is not None
    assert found.private.status == "ok"
    assert club.finals() == [("bob", 1, 2, "username"), ("alice", 10, 1, "username")]


@pytest.mark.parametrize("task", ["fetch", "write"])
def test_what_no_worker_survives_counts_as_failed_and_is_left_for_half_an_hour(
    club: Clocked, steps: Steps, broker: Redis, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    from kagsync.workers import app

    announced: list[str] = []
    monkeypatch.setattr(app, "_marks", lambda: steps.marks)
    monkeypatch.setattr(app.write, "apply_async", lambda arguments: announced.extend(arguments))
    (order,) = steps.order()
    for _ in range(5):
        steps.marks.starts(task, order["id"])
    app.fetch.apply((order,))
    assert announced == [order["id"]]
    app.write.apply((order["id"],))
    failed = "SELECT status, error_code FROM sync_runs"
    assert ask(club.db, failed) == [("error", "given-up")]
    assert broker.keys("delivery:*") == []
    assert steps.order() == []

    # A worker that dies of recording it does not get it again.
    steps.marks.keep(order["id"], json.dumps(Delivery.failed(messages.Order.of(order), "there").data))
    for _ in range(2):
        steps.marks.starts("write", order["id"])
    for _ in range(5):
        steps.marks.starts("write", order["id"])
    app.write.apply((order["id"],))
    assert len(ask(club.db, failed)) == 1
    assert broker.keys("delivery:*") == []


# Rate limits


def test_after_429_the_key_rests_everywhere_and_the_competition_too(
    club: Clocked, steps: Steps, kaggle: KaggleServer, broker: Redis
) -> None:
    club.ok("competitions", "add", "other")
    first, second = steps.order()
    kaggle.answer(first["slug"], too_many_requests("1800"))
    steps.write(steps.fetch(first))
    club.asked_for()
    steps.write(steps.fetch(second))  # on another machine with the same key
    assert club.asked_for() == (0, 0)
    assert {code for (code,) in ask(club.db, "SELECT error_code FROM sync_runs")} == {"rate-limited"}
    assert steps.order() == []
    (rest,) = broker.keys("rest:*")
    assert "test-token" not in rest
    club.now += timedelta(minutes=31)
    assert len(steps.order()) == 2


def test_a_login_has_one_name_though_its_access_token_is_renewed(
    club: Clocked,
    steps: Steps,
    kaggle: KaggleServer,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    broker: Redis,
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    kaggle.accept_refresh("refresh-1")
    kaggle.accept(token="stored")
    later = clock.iso(clock.utc_now() + DAY)
    old = {"refresh_token": "refresh-1", "access_token": "stored", "access_token_expiration": later}
    (order,) = steps.order()
    for login in (old, {"refresh_token": "refresh-1"}):  # there, and on a machine that renews it
        file = home / ".kaggle" / "credentials.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(login))
        file.chmod(0o600)
        assert steps.fetch(order)["public"]["status"] == "board"
    used = {request.authorization for request in kaggle.requests if request.call == "DownloadLeaderboard"}
    assert used == {"Bearer stored", f"Bearer {OAUTH_ACCESS_TOKEN}"}
    assert len(broker.keys("key:*")) == 1


def test_a_worker_whose_key_rests_leaves_the_order_to_one_with_another_key(
    club: Clocked, steps: Steps, kaggle: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kaggle.accept(token="another-token")
    steps.marks.in_use("another")
    (order,) = steps.order()
    kaggle.answer(club.slug, too_many_requests("1800"))
    for _ in range(2):
        with pytest.raises(fetching.Resting):
            steps.fetch(order)
    assert len(kaggle.downloads()) == 1
    monkeypatch.setenv("KAGGLE_API_TOKEN", "another-token")
    found = steps.write(steps.fetch(order))
    assert found is not None
    assert found.status == "ok"


# Ticks


def test_a_competition_that_is_under_way_is_not_ordered_again(club: Clocked, steps: Steps) -> None:
    (first,) = steps.order()
    for _ in range(3):
        assert steps.order() == []
    message = steps.fetch(first)
    steps.write(message)
    (second,) = steps.order()
    steps.write(message)  # a duplicate must not remove the mark of the second order
    assert steps.order() == []
    steps.write(steps.fetch(second))
    assert len(steps.order()) == 1


def test_of_orders_that_piled_up_only_the_last_is_fetched(
    club: Clocked, steps: Steps, broker: Redis, kaggle: KaggleServer
) -> None:
    found = []
    for _ in range(3):
        found += steps.order()
        with broker.client() as client:
            client.delete(f"kagsync:under-way:{club.slug}")  # it has expired, as if no worker was there
    found += steps.order()
    for order in found[:-1]:
        with pytest.raises(fetching.Replaced):
            steps.fetch(order)
    result = steps.write(steps.fetch(found[-1]))
    assert result is not None
    assert result.status == "ok"
    assert len(kaggle.downloads()) == 1


def test_a_mark_expires_soon_if_its_order_was_never_sent(club: Clocked, steps: Steps, broker: Redis) -> None:
    with broker.client() as client:
        assert steps.marks.mark(club.slug, "killed")
        assert 0 < client.ttl(f"kagsync:under-way:{club.slug}") <= 60
        steps.marks.mark_sent(club.slug, "killed")
        assert client.ttl(f"kagsync:under-way:{club.slug}") > 1500


def test_paused_and_unlinked_competitions_are_not_ordered(club: Clocked, steps: Steps) -> None:
    club.ok("competitions", "add", "by-hand", "--no-kaggle")
    club.ok("competitions", "pause", club.slug)
    assert steps.order() == []


def test_a_tick_records_itself_and_tells_the_monitor_what_failed_since_the_last_one(
    club: Clocked, steps: Steps, kaggle: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener() as listener:
        monkeypatch.setenv("KAGSYNC_PING_URL", f"http://{listener.address}/check")
        steps.tick()
        kaggle.answer(club.slug, kaggle_error(403, "no"))
        steps.write(steps.fetch(steps.sent[0]))
        club.now += 5 * MINUTE
        steps.tick()
        steps.write(steps.fetch(steps.sent[0]))
        club.now += 5 * MINUTE
        steps.tick()
        ends = [each.path.partition("?")[0] for each in listener.heard if "/start" not in each.path]
    assert ends == ["/check", "/check/1", "/check"]
    assert ask(club.db, "SELECT name, exit_code FROM triggers") == [("workers", 0)]


def test_a_tick_without_a_database_orders_nothing_and_says_so(
    steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    assert steps.tick().exit_code == 0
    assert steps.sent == []
    assert "WARNING kagsync: Ordered nothing: there is no database" in capsys.readouterr().err


def test_a_tick_with_a_damaged_database_says_so(
    club: Clocked, steps: Steps, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Store:
        raise DatabaseError("the database is damaged", "Restore a backup")

    monkeypatch.setattr(Store, "open", fail)
    assert steps.tick().exit_code == 5
    assert "ERROR kagsync: the database is damaged" in capsys.readouterr().err
    monkeypatch.undo()


def test_a_delivery_is_announced_again_after_25_minutes_unless_it_is_applied(
    steps: Steps, broker: Redis
) -> None:
    def pass_25_minutes() -> None:
        with broker.client() as client:
            for name in ("lost", "applied"):
                client.expire(f"kagsync:delivery:{name}", timedelta(days=7) - timedelta(minutes=25))

    steps.marks.keep("lost", "{}")
    steps.marks.keep("applied", "{}")
    assert steps.marks.stranded() == []
    steps.marks.drop("applied")
    pass_25_minutes()
    assert steps.marks.stranded() == ["lost"]
    assert steps.marks.stranded() == []  # not again at the next tick
    pass_25_minutes()
    assert steps.marks.stranded() == ["lost"]
    assert (steps.marks.kept("lost"), steps.marks.kept("applied")) == ("{}", None)
