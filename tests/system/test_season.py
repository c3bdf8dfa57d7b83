"""A season of six competitions with real runs: what the standings of series say each day, and afterwards.

`pytest -m "long or not long" -n 0 -s tests/system/test_season.py` prints how one table changed and why.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.club import Club
from world.listeners import Listener
from world.running import STILL
from world.season import BEGIN, COURSES, DAY, GROUPS, MINUTE, PEOPLE, Season
from world.season_oracle import Oracle, Rule

from kagsync import clock
from kagsync.queries import series as queries
from kagsync.scoring import totals
from kagsync.scoring.series import EACH, SHARE, SKIP, ZERO, Part, Scale, Series
from kagsync.store import Store, thinning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

DAYS = 53
# The day of a board that no run saw, and the one on which it is loaded from a file.
LATE, LOADED = 12, 18
LEFT, RENAMED = 22, 26
MOST_LINES = 30  # of what is printed
RULES = (
    Rule("Best four", "places", best=4),
    Rule("Percentile", "percentile"),
    Rule("Points", "kaggle"),
    Rule("Among us", "local-percentile", ties="average", skips=True, weights={"dunes": 2, "quarry": 0.5}),
    Rule("Flags", "ctf", best=3, shares=True),
    Rule(
        "North",
        "score",
        group="north",
        scales={course.slug: (0.5, 0.9, 50) if course.rises else (1.8, 1.2, 80) for course in COURSES},
    ),
)


class Followed(Club):
    """A club that follows a season.

    Attributes:
        said: what each series' standings were at the end of each day, as JSON.
        told: the digests, and when they came.
        places: what the last digest said, by series and name.
        compared: how many totals were compared with the oracle's.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.now = BEGIN
        self.season = Season(seed=21)
        self.oracle = Oracle(
            {username: name for name, username in self.season.usernames.items()},
            {name: GROUPS[number % 4] for number, name in enumerate(PEOPLE)},
            {course.slug: course.deadline for course in COURSES},
            {course.slug: course.rises for course in COURSES},
        )
        self.said: dict[int, list[dict[str, Any]]] = {}
        self.told: list[tuple[datetime, dict[str, Any]]] = []
        self.places: dict[tuple[str, str], int] = {}
        self.compared = self.runs = 0

    def begin(self, channel: Listener) -> None:
        for course in COURSES:
            self.kaggle.competition(course.slug, deadline=clock.iso(course.deadline), awards_points=True)
        self.season.publish(self.kaggle, self.now)
        self.competitions(*[course.slug for course in COURSES])
        for name, group in self.oracle.groups.items():
            self.ok("users", "add", self.season.usernames[name], "--name", name, "--group", group)
        self.ok("notify", "add", f"json://{channel.address}/", "--digest", "daily@20:00", "--zone", "UTC")
        with self.store() as store:
            ids = {each.slug: each.id for each in store.competitions.all()}
            for rule in RULES:
                store.series.save(_series(rule, ids))

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        with Store.open(self.db, self.settings.locks) as store:
            yield store

    def process(self, *words: str) -> None:
        """Runs a process whose clock stands at the time of the season."""
        done = subprocess.run(
            [sys.executable, "-c", STILL, self.now.isoformat(), *words, "--db", str(self.db)],
            capture_output=True,
            text=True,
            env=os.environ | {"KAGSYNC_KEEP_DRIFT": "10d"},
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), (self.now, done)

    def run_at(self, moment: datetime, channel: Listener, *, without: str = "") -> None:
        """A run of cron's, and a look at all series.

        Args:
            without: a competition whose board has not changed.
        """
        self.now = moment
        made = moment - 2 * MINUTE
        boards = self.season.publish(self.kaggle, made, without=without)
        self.kaggle.requests.clear()
        self.process("sync", "--all", "-q")
        self.runs += 1
        for slug in {request.slug for request in self.kaggle.downloads()} - {without}:
            self.oracle.saw(slug, "public", made, boards[slug, "public"])
        for slug in {request.slug for request in self.kaggle.pages()}:
            if (slug, "private") in boards:
                self.oracle.saw(slug, "private", moment, boards[slug, "private"])
        with self.store() as store:
            for rule in RULES:
                self.compare(store, rule, moment)
        for each in channel.heard:
            self.hear(json.loads(each.body))
        channel.heard.clear()

    def compare(self, store: Store, rule: Rule, at: datetime) -> None:
        """Compares the standings at a moment, and those of a day before, with the oracle's."""
        view = queries.standings(store, store.series.get(rule.name), at, at - DAY)
        expected, before = self.oracle.standings(rule, at), self.oracle.standings(rule, at - DAY)
        assert len(view.rows) == len(expected)
        for row in view.rows:
            name = str(row.user.name)
            _same(row.total, expected[name], (rule.name, at, name))
            if row.before is not None:
                _same(row.before, before[name], (rule.name, at - DAY, name))
            self.compared += 1

    def hear(self, message: dict[str, Any]) -> None:
        """Compares a digest with the oracle, and with what the digest before said."""
        found = {each["series"]: each for each in message["kagsync"]["series"]}
        assert found.keys() == {rule.name for rule in RULES}
        for rule in RULES:
            expected, series = self.oracle.standings(rule, self.now), found[rule.name]
            for row in series["standings"]:
                assert row["place"] == expected[row["name"]].place
                known = self.places.get((rule.name, row["name"]))
                assert None in (known, row["previous_place"]) or row["previous_place"] == known
                self.places[rule.name, row["name"]] = row["place"]
            leaders = {row["name"] for row in series["standings"] if row["handle"] in series["leaders"]}
            assert leaders == self.oracle.leaders(rule, self.now)
        self.told.append((self.now, message))

    def standings(self, *words: str) -> list[dict[str, Any]]:
        """What `kagsync standings` says of each series, without usernames, which change."""
        found = [self.json("standings", rule.name, *words) for rule in RULES]
        for each in found:
            for row in each["standings"]:
                del row["username"], row["handle"]
            # Of people in one place, the handle decides who comes first.
            each["standings"].sort(key=lambda row: (row["place"], row["name"]))
        return found

    def days_that_differ(self) -> set[int]:
        """The days of which `standings --at` says anything else than `standings` said then."""
        return {
            day for day, said in self.said.items() if self.standings("--at", f"{_evening(day):%FT%T}") != said
        }

    def check_lead(self, store: Store, rule: Rule, at: datetime) -> None:
        view = queries.standings(store, store.series.get(rule.name), at, at)
        found = queries.lead(store, view, most=10**6)
        assert found is not None
        assert {user.name for user in found.leaders} == self.oracle.leaders(rule, at)
        assert found.since == self.oracle.leading_since(rule, at)

    def check_groups(self, store: Store, rule: Rule, at: datetime) -> None:
        """Compares the groups as teams, of which the five best people count."""
        view = queries.standings(store, store.series.get(rule.name), at, at)
        group_of = {row.user.id: row.user.group for row in view.rows}
        expected = self.oracle.standings(rule, at)
        for each in totals.by_group([row.total for row in view.rows], group_of, totals.SUM, 5):
            theirs = sorted(
                expected[name].total for name in expected if self.oracle.groups[name] == each.group
            )
            assert math.isclose(each.value, sum(theirs[-5:]))

    def check_silence(self) -> None:
        """On days without a digest no place changed."""
        silent = set(range(1, DAYS)) - {(at - BEGIN).days for at, _ in self.told} - {LATE, LATE + 1}
        for day in silent:
            for rule in RULES:
                before, now = (self.oracle.standings(rule, _evening(each)) for each in (day - 1, day))
                was_there = self.oracle.points(rule, _evening(day - 1))
                assert {name: before[name].place for name in before if was_there[name]} == {
                    name: now[name].place for name in now if was_there[name]
                }

    def excerpt(self, name: str, events: dict[int, str]) -> list[str]:
        """How a table changed, and why: whenever something happened, or somebody else leads."""
        lines: list[str] = []
        leads = ""
        for at, message in self.told:
            text = message["message"].splitlines()
            first, *changes = text[text.index(f"{name}:") + 1 :]
            changes = [line for line in changes if " → " in line and ": " in line]
            event, before = events.get((at - BEGIN).days, ""), leads
            leads = first.split(" lead")[0]
            if event or leads != before:
                lines.append(f"{at:%Y-%m-%d} {f'({event}) ' if event else ''}{first}")
                lines += [f"           {line}" for line in changes[: 2 if "private" in event else 1]]
        lines = lines[-MOST_LINES:]
        begins = next(number for number, line in enumerate(lines) if not line.startswith(" "))
        return lines[begins:]


def _series(rule: Rule, ids: dict[str, int]) -> Series:
    return Series(
        0,
        rule.name,
        rule.rule,
        best=rule.best,
        group=rule.group,
        ties=rule.ties,
        absent=SKIP if rule.skips else ZERO,
        teams=SHARE if rule.shares else EACH,
        parts=tuple(
            Part(key, slug, rule.weights.get(slug, 1.0), Scale(*rule.scales[slug]) if rule.scales else None)
            for slug, key in ids.items()
        ),
    )


def _same(total: totals.Total, expected: Any, where: object) -> None:
    assert math.isclose(total.value, expected.total, rel_tol=1e-9, abs_tol=1e-9), (where, total, expected)
    assert total.place == expected.place, (where, total, expected)


def _evening(day: int) -> datetime:
    return BEGIN + day * DAY + timedelta(hours=20, minutes=5)


def _end(day: int) -> datetime:
    return BEGIN + (day + 1) * DAY - timedelta(seconds=1)


@pytest.mark.long
@pytest.mark.fixed_port
def test_a_season(
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    club = Followed(kagsync, settings, tmp_path, kaggle)
    monkeypatch.setattr(clock, "utc_now", lambda: club.now)
    season, events = club.season, {}
    with Listener() as channel:
        club.begin(channel)
        for day in range(DAYS):
            events[day] = season.release(day)
            if day == LEFT:
                season.leave("lanterns", "dina")
                events[day] = "dina leaves lanterns"
            if day == RENAMED:
                season.usernames["emil"] = "emil-the-second"
                club.oracle.names["emil-the-second"] = "emil"
                club.ok("users", "rename", "emil04", "emil-the-second")
            season.move(day)
            if day % 2:
                club.run_at(_evening(day) - timedelta(hours=11), channel)
                season.move(day)
            if day == LATE:
                made = _evening(day) - timedelta(hours=5)
                late = season.competition("dunes").board(season.usernames)
                file = club.file(late, f"{made:%Y-%m-%dT%H:%M:%S}", "dunes")
                club.run_at(_evening(day), channel, without="dunes")
            else:
                club.run_at(_evening(day), channel)
            club.said[day] = club.standings()
            if day == LOADED:
                club.process("sync", "dunes", "--from", str(file), "-q")
                club.oracle.saw("dunes", "public", made, late.decode())
            if day % 7 == 6:
                with club.store() as store:
                    for rule in RULES:
                        club.check_lead(store, rule, club.now)
                    club.check_groups(store, RULES[0], club.now)

        # The past is what it was, but for the late board, whether or not days have been thinned.
        assert club.days_that_differ() == {LATE, LATE + 1}
        count = "SELECT count(*) FROM entry_history"
        ((before,),) = club.ask(count)
        with club.store() as store:
            while thinning.thin(store, club.now + DAY):
                pass
        ((after,),) = club.ask(count)
        assert after < before
        assert club.days_that_differ() == {LATE, LATE + 1}
        with club.store() as store:
            for day in range(DAYS):
                for rule in RULES:
                    club.compare(store, rule, _end(day))
            for rule in RULES:
                club.check_lead(store, rule, _end(DAYS - 1))
        invariants.check(club.db)

    club.check_silence()
    events[LOADED] = f"a board of {made:%Y-%m-%d} is loaded"
    print(f"\n{club.runs} runs, {club.compared:,} totals compared, {len(club.told)} digests")
    print(f"{before:,} rows of history, {after:,} after thinning")
    print("\n".join(club.excerpt("Best four", {day: each for day, each in events.items() if each})))
