"""`sync --all` while Kaggle misbehaves towards one competition, and while it asks to be left alone."""

from __future__ import annotations

import gzip
import io
import re
import time
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import board_csv, board_zip, many_teams
from world.club import Club
from world.kaggle_server import (
    Answer,
    empty,
    error_in_200,
    html,
    kaggle_error,
    not_a_zip,
    redirect,
    too_many_requests,
)
from world.people import track

from kagsync import clock
from kagsync.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync, Ran

    from kagsync.settings import Settings

BOARD = board_csv(many_teams(40))
LATER = board_csv(many_teams(40, seed=1))
BOUND = 20.0  # seconds, generous: the machine may be busy
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def quick(patience: Callable[..., None]) -> None:
    """Limits that a busy machine can keep; those of a test that reaches them are lower."""
    patience(read_timeout=4.0, deadline=6.0, largest_download=1024 * 1024)


class Limited(Club):
    """A club whose Kaggle misbehaves."""

    def track(self, *slugs: str) -> None:
        with Store.open(self.db, self.settings.locks, create=True) as store:
            track(store, [("user1", None, None), ("user2", None, None)], clock.utc_now())
            for slug in slugs:
                store.competitions.add(slug, slug, clock.utc_now())
                self.kaggle.board(slug, BOARD)

    def standings(self, slug: str) -> list[tuple[Any, ...]]:
        return self.ask("SELECT username, rank, score FROM leaderboard WHERE competition = ?", slug)

    def resting(self) -> dict[str, datetime]:
        rows = self.ask("SELECT slug, resting_until FROM competitions WHERE resting_until IS NOT NULL")
        return {slug: clock.parse_iso(until) for slug, until in rows}

    def rested(self, slug: str) -> None:
        """Makes the rest of a competition a thing of the past."""
        past = clock.iso(clock.utc_now() - timedelta(seconds=2))
        self.execute("UPDATE competitions SET resting_until = ? WHERE slug = ?", past, slug)

    def limited(self, slug: str, retry_after: str | None = "3600") -> Ran:
        self.kaggle.answer(slug, too_many_requests(retry_after))
        ran = self.kagsync("sync", "--all")
        self.kaggle.requests.clear()
        return ran


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path, kaggle: KaggleServer) -> Limited:
    return Limited(kagsync, settings, tmp_path, kaggle)


# One competition that fails


@dataclass(frozen=True)
class Trouble:
    answer: Answer
    code: str
    says: str
    tries: int = 1  # 0: as many as the time allows


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name in names:
            opened.writestr(name, BOARD)
    return file.getvalue()


ZIPPED = board_zip("b", BOARD)
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/zip"}
IN_TIME, REACHED = "did not answer in time", "could not be reached"

TROUBLES = {
    "401": Trouble(kaggle_error(401, "x"), "credentials", "refused the credentials from KAGGLE_API_TOKEN"),
    "403": Trouble(
        kaggle_error(403, "x"), "forbidden", "Accept the rules at https://.*/competitions/b/rules"
    ),
    "404": Trouble(kaggle_error(404, "x"), "not-found", "does not know the competition b"),
    "403 in 200": Trouble(error_in_200(403, "x"), "forbidden", "Accept the rules"),
    "400": Trouble(kaggle_error(400, "x"), "failed", r"refused the request \(400\)"),
    "429 for long": Trouble(too_many_requests("3600"), "rate-limited", r"\(429\) until \d{4}-"),
    "429 again and again": Trouble(too_many_requests("0"), "rate-limited", r"\(429\) until \d{4}-", 4),
    "500": Trouble(kaggle_error(500, "x"), "unreachable", r"internal error \(500\)", 4),
    "500 in 200": Trouble(error_in_200(500, "x"), "unreachable", r"internal error \(500\)", 4),
    "502 with a page": Trouble(
        Answer(502, {"Content-Type": "text/html"}, b"<html>"), "unreachable", r"\(502\)", 4
    ),
    "503": Trouble(Answer(503), "unreachable", r"\(503\)", 4),
    "reset": Trouble(Answer(misbehave="reset"), "unreachable", REACHED, 4),
    "truncated": Trouble(Answer(misbehave="truncate"), "unreachable", REACHED, 4),
    "truncated without a length": Trouble(
        Answer(headers={"Connection": "close", "Transfer-Encoding": "identity"}, body=ZIPPED[:200]),
        "bad-download",
        "not a ZIP archive",
    ),
    "hung up": Trouble(Answer(misbehave="close"), "unreachable", REACHED, 4),
    "silent": Trouble(Answer(misbehave="silent"), "unreachable", IN_TIME, 0),
    "dripping": Trouble(Answer(misbehave="drip"), "unreachable", IN_TIME, 0),
    "dripping headers": Trouble(Answer(misbehave="drip-headers"), "unreachable", IN_TIME, 0),
    "endless": Trouble(Answer(misbehave="endless"), "bad-download", "larger than 1 MB"),
    "a page": Trouble(html(), "bad-download", "a web page instead of a leaderboard"),
    "a message": Trouble(Answer(body={"hello": "world"}), "bad-download", "a message instead"),
    "empty": Trouble(empty(), "bad-download", "an empty answer"),
    "no ZIP": Trouble(not_a_zip(), "bad-download", "not a ZIP archive"),
    "no gzip": Trouble(Answer(headers=GZIP, body=ZIPPED), "unreachable|bad-download", ".", 0),
    "half a gzip": Trouble(
        Answer(headers=GZIP, body=gzip.compress(ZIPPED)[:-200]), "unreachable|bad-download", ".", 0
    ),
    "no CSV": Trouble(Answer(body=archive("README.txt")), "bad-download", "no CSV file"),
    "two CSVs": Trouble(Answer(body=archive("a.csv", "b.csv")), "bad-download", "2 CSV files"),
    "a path": Trouble(Answer(body=archive("../evil.csv")), "bad-download", "a path in its name"),
    "no leaderboard": Trouble(Answer(body=board_zip("b", b"a,b\n1,2\n")), "bad-board", "lacks the columns"),
    "a board cut off": Trouble(
        Answer(body=board_zip("b", BOARD[:500], "2026-01-01T00:00:00")), "suspicious-board|bad-board", "."
    ),
    "a redirect to where nobody listens": Trouble(
        redirect("http://127.0.0.1:9/"), "unreachable", r"refused", 4
    ),
    "a redirect to no host": Trouble(redirect("http://kagsync.invalid/"), "unreachable", REACHED, 0),
    "a redirect in circles": Trouble(redirect("/storage/circle"), "unreachable", REACHED, 4),
}


@pytest.mark.long
@pytest.mark.parametrize("name", TROUBLES)
def test_one_that_fails_is_recorded_in_time_and_the_others_are_synced(
    name: str, club: Limited, patience: Callable[..., None]
) -> None:
    trouble = TROUBLES[name]
    club.track("a", "b", "c")
    club.kagsync.ok("sync", "--all")
    before = club.standings("b")
    for slug in "abc":
        club.kaggle.board(slug, LATER, "2025-12-01T00:00:00")
    club.kaggle.answer("b", *[trouble.answer] * 6)
    if trouble.says == IN_TIME:
        patience(read_timeout=0.5, deadline=1.2)
    if name == "a redirect in circles":
        circle = redirect("/storage/circle")
        club.kaggle.answer("circle", *[circle] * 200, call="storage")
    club.kaggle.drip_seconds = 0.1
    club.asked()
    began = time.monotonic()

    ran = club.kagsync("sync", "--all")

    assert time.monotonic() - began < BOUND
    assert (ran.code, ran.out) == (1, "Synced 4 entries across 2 competitions; failed: b\n")
    (error,) = [line for line in ran.err.splitlines() if line.startswith("ERROR")]
    assert re.search(trouble.says, error)
    assert "Traceback" not in ran.err
    assert club.standings("b") == before
    assert club.standings("a") == club.standings("c") != before
    runs = dict(club.ask("SELECT slug, status FROM sync_runs ORDER BY id DESC LIMIT 3"))
    assert runs == {"a": "ok", "b": "error", "c": "ok"}
    ((code, message),) = club.ask("SELECT error_code, error_message FROM sync_runs WHERE status = 'error'")
    assert re.fullmatch(trouble.code, code)
    assert f"ERROR kagsync: b: {message}" == error
    if trouble.tries:
        assert club.asked().count("b") == trouble.tries
    assert not any(club.settings.temp_data.iterdir())
    invariants.check(club.db)


@pytest.mark.long
@pytest.mark.parametrize("how", ["silent", "drip", "endless"])
def test_the_others_do_not_wait_for_one_that_hangs(
    how: Any, club: Limited, patience: Callable[..., None]
) -> None:
    patience(read_timeout=1.0, deadline=2.0)
    club.track("a", "b", "c")
    club.kaggle.answer("a", *[Answer(misbehave=how)] * 4)
    club.kaggle.drip_seconds = 0.1

    club.kagsync("sync", "--all", "--jobs", "2")

    order = [slug for (slug,) in club.ask("SELECT slug FROM sync_runs ORDER BY id")]
    assert set(order[:2]) == {"b", "c"} or how == "endless"
    assert sorted(order) == ["a", "b", "c"]


def test_when_nothing_can_be_reached_every_failure_is_recorded(club: Limited) -> None:
    club.track("a", "b", "c", "d", "e")
    for slug in "abcde":
        club.kaggle.answer(slug, *[redirect("http://127.0.0.1:9/")] * 4)

    ran = club.kagsync("sync", "--all", "--format", "json")

    assert ran.code == 1
    assert '"status": "error"' in ran.out
    assert club.ask("SELECT error_code, count(*) FROM sync_runs GROUP BY 1") == [("unreachable", 5)]


# A Kaggle that asks to wait


def test_a_long_429_rests_the_competition_and_only_it(club: Limited) -> None:
    club.track("a", "b", "c")
    now = datetime.now(UTC)

    ran = club.limited("b")

    assert ran.code == 1
    assert list(club.resting()) == ["b"]
    assert abs(club.resting()["b"] - now - HOUR) < timedelta(seconds=30)
    assert f"until {clock.iso(club.resting()['b'])}" in ran.err


def test_while_it_rests_kaggle_is_not_asked_and_everybody_is_told_until_when(club: Limited) -> None:
    club.track("a", "b")
    club.limited("b")
    until = club.resting()["b"]
    runs = club.ask("SELECT count(*) FROM sync_runs WHERE slug = 'b'")

    for _ in range(3):
        ran = club.kagsync("sync", "--all")
        assert ran.code == 0
        assert club.asked() == ["a"]
        assert f"INFO kagsync: b rests until {clock.iso(until)}: Kaggle asked to wait (429)\n" in ran.err
        assert "resting, as Kaggle asked: b" in ran.out
    assert club.kagsync("sync", "--all", "-q") == type(ran)(0, "", "")
    assert club.resting() == {"b": until}
    assert club.ask("SELECT count(*) FROM sync_runs WHERE slug = 'b'") == runs
    assert f"Rests until {until:%Y-%m-%d %H:%M} UTC" in club.kagsync.ok("show", "b")
    assert "rests until" in club.kagsync.ok("show", "--format", "table")
    assert "Rests until" not in club.kagsync.ok("show", "a")
    invariants.check(club.db)


def test_a_rest_alone_is_no_failure_in_json(club: Limited) -> None:
    club.track("b")
    club.limited("b")

    ran = club.kagsync("sync", "--all", "--format", "json")

    assert ran.code == 0
    assert '"status": "ok"' in ran.out
    assert '"status": "resting"' in ran.out


def test_after_the_time_it_is_asked_again_and_a_success_ends_the_rest(club: Limited) -> None:
    club.track("a", "b")
    club.limited("b")
    club.rested("b")

    assert "rests" not in club.kagsync.ok("show")
    ran = club.kagsync("sync", "--all")

    assert ran.code == 0
    assert sorted(club.asked()) == ["a", "b"]
    assert club.resting() == {}
    assert len(club.standings("b")) == 2
    assert "rests" not in club.kagsync.ok("show").lower()


def test_the_clock_alone_ends_a_rest(club: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    club.track("b")
    club.limited("b", "600")
    now = clock.utc_now()

    for minutes, asked in ((5, []), (9, []), (11, ["b"])):
        monkeypatch.setattr(clock, "utc_now", lambda m=minutes: now + timedelta(minutes=m))
        club.kagsync.ok("sync", "--all")
        assert club.asked() == asked


def test_a_second_429_after_the_rest_is_a_new_rest(club: Limited) -> None:
    club.track("b")
    club.limited("b")
    club.rested("b")

    club.limited("b", "7200")

    assert timedelta(minutes=110) < club.resting()["b"] - datetime.now(UTC) < timedelta(minutes=121)


def test_another_error_after_the_rest_begins_no_new_one(club: Limited) -> None:
    club.track("b")
    club.limited("b")
    club.rested("b")
    club.kaggle.answer("b", html())

    assert club.kagsync("sync", "--all").code == 1
    assert club.kagsync("sync", "--all").code == 0
    assert club.asked() == ["b", "b"]


def test_by_name_a_resting_competition_is_an_error_with_the_time_and_force_asks(club: Limited) -> None:
    club.track("a", "b")
    club.limited("b")
    until = clock.iso(club.resting()["b"])

    one = club.kagsync("sync", "b")
    assert (one.code, club.asked()) == (4, [])
    assert one.err == (
        f"ERROR kagsync: b rests until {until}: Kaggle asked to wait (429). To ask Kaggle anyway: --force\n"
    )
    both = club.kagsync("sync", "a", "b")
    assert (both.code, club.asked()) == (1, ["a"])
    assert list(club.resting()) == ["b"]

    assert club.kagsync("sync", "b", "--force").code == 0
    assert (club.asked(), club.resting()) == (["b"], {})


def test_force_that_is_refused_again_keeps_the_rest(club: Limited) -> None:
    club.track("b")
    club.limited("b")
    club.kaggle.answer("b", html())

    assert club.kagsync("sync", "b", "--force").code == 1

    assert list(club.resting()) == ["b"]


def test_a_board_from_disk_is_taken_meanwhile_and_does_not_end_the_rest(club: Limited) -> None:
    club.track("b")
    club.limited("b")
    source = club.db.with_name("b.zip")
    source.write_bytes(ZIPPED)

    club.kagsync.ok("sync", "b", "--from", str(source))

    assert len(club.standings("b")) == 2
    assert list(club.resting()) == ["b"]
    club.kagsync.ok("sync", "--all")
    assert club.asked() == []


SLUGS = [f"c{number}" for number in range(8)]


def test_when_every_answer_is_429_the_rest_of_the_round_is_not_asked_and_rests_too(club: Limited) -> None:
    club.track(*SLUGS)
    for slug in SLUGS[:3]:  # a fourth would get its board
        club.kaggle.answer(slug, too_many_requests("3600"))

    ran = club.kagsync("sync", "--all", "--jobs", "1")

    assert ran.code == 1
    assert club.asked() == SLUGS[:3]
    assert list(club.resting()) == SLUGS
    assert ran.out == (
        "Synced 0 entries across 0 competitions; resting, as Kaggle asked: c3, c4, c5, c6, c7; "
        "failed: c0, c1, c2\n"
    )
    assert ran.err.count("ERROR") == 3

    later = club.kagsync("sync", "--all", "--jobs", "1")
    assert (later.code, club.asked()) == (0, [])
    for slug in SLUGS:
        club.rested(slug)
    assert club.kagsync("sync", "--all", "--jobs", "1").code == 0
    assert sorted(club.asked()) == SLUGS
    assert club.resting() == {}


def test_side_by_side_no_more_are_asked_than_were_on_their_way(club: Limited) -> None:
    club.track(*SLUGS)
    club.kaggle.latency = 0.1
    for slug in SLUGS:
        club.kaggle.answer(slug, too_many_requests("3600"))

    club.kagsync("sync", "--all", "--jobs", "4")

    assert 3 <= len(club.asked()) <= 6
    assert sorted(club.resting()) == SLUGS


@pytest.mark.parametrize("good", [0, 1, 2, 7])
def test_a_429_among_successes_rests_that_one_alone(club: Limited, good: int) -> None:
    club.track(*SLUGS)
    limited = SLUGS[:4] if good not in range(4) else [slug for slug in SLUGS[:4] if slug != SLUGS[good]]
    if good == 7:
        limited = [SLUGS[3]]
    for slug in limited:
        club.kaggle.answer(slug, too_many_requests("3600"))

    club.kagsync("sync", "--all", "--jobs", "1")

    assert club.asked() == SLUGS
    assert sorted(club.resting()) == sorted(limited)


def test_other_errors_count_as_answers(club: Limited) -> None:
    club.track(*SLUGS)
    club.kaggle.answer(SLUGS[0], kaggle_error(404, "x"))
    for slug in SLUGS[1:5]:
        club.kaggle.answer(slug, too_many_requests("3600"))

    club.kagsync("sync", "--all", "--jobs", "1")

    assert club.asked() == SLUGS


@pytest.mark.parametrize("value", [None, "", "soon", "-1", "1e9", "NaN", "inf", "99999999999999999999", "١٢"])
def test_without_a_sensible_retry_after_it_rests_a_quarter_of_an_hour(
    club: Limited, value: str | None
) -> None:
    if value is not None and not value.isascii():
        value = value.encode().decode("latin-1")  # what goes over the wire
    club.track("a", "b")

    ran = club.limited("b", value)

    assert ran.code == 1
    (until,) = club.resting().values()
    assert timedelta(minutes=13) < until - datetime.now(UTC) <= timedelta(minutes=15)


@pytest.mark.parametrize(
    "value", ["9999999", "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 2600 00:00:00 GMT"]
)
def test_a_time_far_away_is_not_believed_to_the_letter(club: Limited, value: str) -> None:
    club.track("b")

    club.limited("b", value)

    assert club.resting()["b"] - datetime.now(UTC) <= timedelta(days=7)


def test_a_429_in_a_200_rests_too(club: Limited) -> None:
    club.track("b")
    club.kaggle.answer("b", error_in_200(429, "Too many requests"))

    club.kagsync("sync", "--all")
    club.asked()
    club.kagsync.ok("sync", "--all")

    assert club.asked() == []


def test_a_429_at_a_fetch_by_hand_rests_the_competition(club: Limited) -> None:
    club.track("b")
    club.kaggle.answer("b", too_many_requests("3600"))

    assert club.kagsync("fetch", "b").code == 4

    assert list(club.resting()) == ["b"]
