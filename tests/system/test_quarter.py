"""A winter with two changes of the clock, kills and days of being off: digests and reminders come once.

`pytest -m "long or not long" -n 0 -s tests/system/test_quarter.py` prints how many of each there were.
"""

from __future__ import annotations

import collections
import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from world import invariants
from world.boards import Team, board_csv
from world.listeners import Listener
from world.running import STILL
from world.told import Told

from kagsync import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
PEOPLE = ("alice", "bob", "carol", "dave")
# 02:30 exists twice on 25 October and not at all on 28 March.
DAILY, WEEKLY, REMINDERS = "daily@02:30", "weekly@mon-09:00", (7 * DAY, DAY)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Heard(NamedTuple):
    """A message, in which run it came, and whether that one was killed."""

    at: datetime
    path: str
    data: dict[str, Any]
    killed: bool


class Winter(Told):
    """Runs every few hours, in each of which a board may have moved; some of them are killed."""

    def __init__(self, *arguments: Any, seed: int) -> None:
        super().__init__(*arguments)
        self.chance = random.Random(seed)
        self.scores = {person: 1000 - 100 * number for number, person in enumerate(PEOPLE)}
        self.submissions = dict.fromkeys(PEOPLE, 1)
        self.completed: list[datetime] = []
        self.messages: list[Heard] = []
        self.kills: collections.Counter[str] = collections.Counter()

    def begin(self, start: datetime) -> None:
        self.now = start
        self.competitions("titanic", "digits")
        self.people(*PEOPLE)
        self.moves(*self._teams())
        for path, words in {
            "daily": ("--digest", DAILY, "--zone", "Europe/Berlin"),
            "weekly": ("--digest", WEEKLY, "--zone", "Europe/Berlin"),
            "reminders": ("--remind", "7d,1d", "--only", "none"),
        }.items():
            self.ok("notify", "add", f"{self.url}{path}", *words)

    def _teams(self) -> list[Team]:
        ranked = sorted(PEOPLE, key=lambda person: -self.scores[person])
        return [
            Team(PEOPLE.index(person) + 1, person, (person,), f"{self.scores[person]}", submissions=count)
            for person in ranked
            for count in [self.submissions[person]]
        ]

    def step(self, *, kill: str = "") -> None:
        """A run with a new board; with `kill`, it is killed in the send or at any moment."""
        if self.chance.random() < 0.5:
            person = self.chance.choice(PEOPLE)
            self.scores[person] += self.chance.randint(1, 150)
            self.submissions[person] += 1
        path = self.file(board_csv(self._teams()), f"{self.now:%Y-%m-%dT%H:%M:%S}")
        words = ["sync", self.slug, "--from", str(path), "-q", "--db", str(self.db)]
        was_killed = bool(kill) and self._killed(words, in_send=kill == "send")
        if not kill:
            assert self.kagsync(*words).code == 0
        if not was_killed:
            self.completed.append(self.now)
        self.kills["killed"] += was_killed
        heard, self.channel.heard[:] = list(self.channel.heard), []
        for each in heard:
            if each.body.endswith("}"):  # a kill can cut a request off
                data = json.loads(each.body)["kagsync"]
                self.messages.append(Heard(self.now, each.path, data, was_killed))
                self.kills["in the send or after it"] += was_killed

    def _killed(self, words: Sequence[str], *, in_send: bool) -> bool:
        """Runs a process and kills it, if it has not ended before."""
        if in_send:
            self.channel.manner = "hang"
        with subprocess.Popen(
            [sys.executable, "-c", STILL, self.now.isoformat(), *words], env=os.environ
        ) as process:
            end = time.monotonic() + (30 if in_send else self.chance.uniform(0.1, 1.2))
            while process.poll() is None and time.monotonic() < end and not (in_send and self.channel.heard):
                time.sleep(0.005)
            process.kill()
        self.channel.manner = "answer"
        assert process.returncode in (0, -9)
        return process.returncode != 0

    def told(self, path: str) -> list[Heard]:
        return [each for each in self.messages if each.path == f"/{path}"]


@pytest.fixture
def winter(
    kagsync: Kagsync, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Winter]:
    with Listener() as channel:
        yield Winter(kagsync, settings, tmp_path, channel, monkeypatch, seed=20)


def slots(schedule: str, first: datetime, last: datetime) -> list[datetime]:
    """The times of a digest between two moments, by hand: 02:30 of every day, or 09:00 of every Monday."""
    found = []
    for number in range((last - first).days + 2):
        day = date.fromordinal(first.toordinal() + number)
        hour, minute = (2, 30) if schedule == DAILY else (9, 0)
        if schedule == DAILY and day == date(2027, 3, 28):
            hour, minute = 3, 0
        if schedule == DAILY or day.weekday() == 0:
            found.append(datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN).astimezone(UTC))
    return [slot for slot in found if first < slot <= last]


def check_digests(winter: Winter, path: str, schedule: str, start: datetime) -> str:
    """Every movement is in one digest; every time with news has a digest, and no other."""
    found = winter.told(path)
    own = [item for item in winter.json("news", "titanic", "--since", clock.iso(start)) if item["own"]]
    at = {item["id"]: clock.parse_iso(item["at"]) for item in own}
    last = winter.completed[-1]
    times = slots(schedule, start, last)
    # What must have been told by the end: whatever was on a board when the last digest came.
    final = min(run for run in winter.completed if run >= times[-1])
    counts = collections.Counter(
        item["id"] for each in found if not each.killed for item in each.data["items"]
    )
    everything = {item["id"] for each in found for item in each.data["items"]}
    assert everything == {key for key, moment in at.items() if moment <= final}
    assert set(counts.values()) <= {1}
    repeated = sum(item["id"] in counts for each in found if each.killed for item in each.data["items"])
    # Each digest has its time since the run before it that was not killed.
    done: list[datetime] = []
    for each in found:
        before = max((run for run in winter.completed if run < each.at), default=start)
        assert [slot for slot in times if before < slot <= each.at], each.at
        done.append(each.at)
    for slot in times:
        run = min(run for run in winter.completed if run >= slot)
        told_before = {item["id"] for each in found if each.at < slot for item in each.data["items"]}
        has_news = any(moment <= run and key not in told_before for key, moment in at.items())
        assert has_news == any(slot <= each.at <= run for each in found), slot
    whole = [each for each in found if not each.killed]
    assert len(whole) <= len(times)
    return (
        f"{path}: {len(times)} times, {len(whole)} digests of {len(everything)} movements, "
        f"{len(found) - len(whole)} sent by runs that were killed, {repeated} movements told again"
    )


def check_reminders(winter: Winter, deadlines: dict[tuple[str, str, datetime], list[datetime]]) -> str:
    """Each reminder of each deadline came once, unless nothing ran while it was the last one to come.

    Args:
        deadlines: competition, kind and time of each, and from when to when it was one.
    """
    told = collections.Counter[Any]()
    killed = collections.Counter[Any]()
    for each in winter.told("reminders"):
        for said in each.data["deadlines"]:
            ends_at = clock.parse_iso(said["at"])
            before = min(before for before in REMINDERS if ends_at - each.at <= before)
            (killed if each.killed else told)[said["competition"], said["kind"], ends_at, before] += 1
    expected = set()
    for (slug, kind, ends_at), (since, until) in deadlines.items():
        for run in winter.completed:
            left = ends_at - run
            come = [before for before in REMINDERS if timedelta(0) < left <= before]
            if come and since <= run < until:
                expected.add((slug, kind, ends_at, min(come)))
    assert set(told.values()) <= {1}
    assert expected <= set(told) | set(killed)
    assert set(told) <= expected
    return (
        f"reminders: {len(expected)} due, {told.total()} told by runs that ended, "
        f"{killed.total()} by runs that were killed, {len(set(told) & set(killed))} told again"
    )


def live(
    winter: Winter, start: datetime, end: datetime, *, off: tuple[datetime, datetime], kills: int
) -> str:
    """Runs every few hours from one moment to another; gives what came, in words."""
    winter.begin(start)
    moments = []
    moment = start
    while (moment := moment + timedelta(minutes=winter.chance.randint(60, 420))) < end:
        if not off[0] <= moment < off[1]:
            moments.append(moment)
    known: dict[tuple[str, str, datetime], list[datetime]] = {}

    def ends(slug: str, kind: str, when: datetime) -> None:
        winter.update(slug, **{kind: clock.iso(when)})
        known[slug, kind, when] = [winter.now, end]

    first_end, second_end = off[1] + 4 * DAY, off[1] + 6 * DAY
    ends("titanic", "deadline", end - 2 * DAY)
    ends("titanic", "merger_deadline", start + 5 * DAY)
    ends("titanic", "new_entrant_deadline", start + 5 * DAY)
    ends("digits", "deadline", off[1] - timedelta(hours=6))
    ends("digits", "merger_deadline", first_end)
    # The first runs after the times of digests and reminders are killed in the send, if they send something.
    times = {
        "daily": slots(DAILY, start, moments[-1]),
        "weekly": slots(WEEKLY, start, moments[-1]),
        "reminders": [ends_at - before for _, _, ends_at in known for before in REMINDERS],
    }
    killed = dict.fromkeys(winter.chance.sample(moments[:-1], kills // 2), "any")
    for found in times.values():
        due = sorted({min(run for run in moments if run >= moment) for moment in found if moment > start})
        killed |= dict.fromkeys(winter.chance.sample(due, min(kills // 6, len(due))), "send")
    for winter.now in moments:
        if ("digits", "merger_deadline", second_end) not in known and winter.now > first_end - DAY / 2:
            known["digits", "merger_deadline", first_end][1] = winter.now
            ends("digits", "merger_deadline", second_end)  # moved by the host
        winter.step(kill=killed.get(winter.now, ""))
    assert winter.kills["killed"]
    invariants.check(winter.db)
    return "\n".join(
        [
            f"{len(moments)} runs, {winter.kills['killed']} of them killed, "
            f"{winter.kills['in the send or after it']} messages in those",
            check_digests(winter, "daily", DAILY, start),
            check_digests(winter, "weekly", WEEKLY, start),
            check_reminders(winter, known),
        ]
    )


@pytest.mark.long
def test_around_the_end_of_summer_time(winter: Winter) -> None:
    off = (utc("2026-10-27 00:00"), utc("2026-10-28 06:00"))
    print("\n" + live(winter, utc("2026-10-22 12:00"), utc("2026-11-03 12:00"), off=off, kills=6))


@pytest.mark.long
def test_a_winter_with_two_changes_of_the_clock(winter: Winter) -> None:
    off = (utc("2026-11-21 00:00"), utc("2026-11-24 00:00"))
    print("\n" + live(winter, utc("2026-10-01 00:00"), utc("2027-04-01 00:00"), off=off, kills=90))
