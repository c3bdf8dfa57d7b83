"""The life of a competition at a tick every 5 minutes: running, its deadline, the result, three removals.

The table of requests a day: `python -m pytest -m "long or not long" -n 0 -s tests/system/test_life.py`.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world import invariants
from world.boards import Team, many_teams
from world.clocked import DAY, HOUR, MINUTE, Clocked
from world.listeners import Listener

from kagsync import clock
from kagsync.standings import lifecycle
from kagsync.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store.records import Competition

END = datetime(2026, 3, 1, tzinfo=UTC)  # midnight, so that the days of the table are whole
RELEASE = END + 2 * DAY
REMOVALS = [RELEASE + 12 * HOUR, RELEASE + 5 * DAY + 8 * HOUR, RELEASE + 20 * DAY + 90 * MINUTE]
OVER = RELEASE + lifecycle.HOURLY + lifecycle.DAILY
LAST = OVER + 10 * DAY
TICK = 5 * MINUTE
QUIET = 72  # hours
PEOPLE = ["user3", "user8", "user20"]

TEAMS = many_teams(29)
OURS = [TEAMS[3], TEAMS[8], TEAMS[20]]
STRANGERS = [team for team in TEAMS if team not in OURS]


def shaken() -> list[Team]:
    """The private board: ours at 4, 12 and 29."""
    board = STRANGERS[::-1]
    for place, team in zip((4, 12, 29), OURS, strict=True):
        board.insert(place - 1, team)
    return [replace(team, score=f"{0.7 - place / 1000:.5f}") for place, team in enumerate(board)]


class Life(Clocked):
    """A competition's life, tick by tick.

    Attributes:
        requests: what was asked of Kaggle each day, counted from the deadline.
        messages: when something was said to the notification target, and what.
        chance: of a tick on which nothing is due to be run as well; otherwise only the rule is asked.
    """

    requests: Counter[tuple[int, str]]
    messages: list[tuple[datetime, str]]
    listener: Listener
    chance: float
    known: Competition | None = None  # as the last run left it

    def tick(self, random_: random.Random) -> None:
        """One run of cron's."""
        due = self._is_due()
        if due or random_.random() < self.chance:
            ran, self.known = self.run("sync", "--all", "-q"), None
            assert (ran.code, ran.out, ran.err) == (0, "", ""), (self.now, ran)
            found = list(self.kaggle.requests)
            self.kaggle.requests.clear()
            assert bool(found) == due, self.now
            for request in found:
                self.requests[(self.now - END) // DAY, request.call] += 1
            for heard in self.listener.heard:
                self.messages.append((self.now, json.loads(heard.body)["message"]))
            self.listener.heard.clear()
        if random_.random() < 0.003:
            assert self.json("status")["healthy"], self.now
        self.now += TICK

    def _is_due(self) -> bool:
        if self.known is None:
            with Store.open_to_read(self.db, self.settings.locks) as store:
                (self.known,) = store.competitions.all()
        return lifecycle.is_due(self.known.times(self.now), self.now, outdated=False)

    def until(self, moment: datetime, random_: random.Random) -> None:
        while self.now < moment:
            self.tick(random_)

    def header(self) -> str:
        return self.ok("show", self.slug).splitlines()[1]

    def phase(self) -> str:
        (found,) = self.json("status")["competitions"]
        return f"{found['phase']}, {found['state']}"

    def on(self, day: int) -> tuple[int, int, int]:
        """Downloads, pages and questions for facts on a day."""
        calls = ("DownloadLeaderboard", "GetLeaderboard", "GetCompetition")
        downloads, pages, facts = (self.requests[day, call] for call in calls)
        return downloads, pages, facts

    def final_ranks(self, username: str) -> list[tuple[str, int | None]]:
        return self.ask("SELECT at, rank FROM private_history WHERE username = ? ORDER BY at", username)


@pytest.mark.parametrize(
    ("before", "chance"),
    [
        pytest.param(2, 0.002, id="sampled", marks=pytest.mark.long),
        pytest.param(48, 1.0, id="every tick", marks=pytest.mark.soak),
    ],
)
def test_a_life(
    before: int,
    chance: float,
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(before)
    life = Life(kagsync, settings, tmp_path, kaggle, monkeypatch)
    life.requests, life.messages, life.chance = Counter(), [], chance
    life.now = begin = END - before * HOUR
    kaggle.largest_page = 20
    life.ends(END)
    life.publish(*TEAMS[1:])
    life.track(*PEOPLE)
    kaggle.requests.clear()
    with Listener() as listener:
        life.listener = listener
        life.ok("notify", "add", f"json://{listener.address}", "--quiet-for", f"{QUIET}h", "--all")

        # Running: in every run.
        life.until(END - HOUR, rng)
        life.publish(*TEAMS)
        life.until(END - TICK, rng)
        assert life.phase() == "running, fresh"
        assert "ends in" in life.header()
        life.until(END, rng)
        (moved,) = life.messages
        assert moved[0] == END - HOUR
        assert "user3" in moved[1]

        # Ended: hourly.
        life.until(RELEASE, rng)
        assert life.phase() == "ended, fresh"
        assert "ended, waiting for the final result" in life.header()
        assert [life.on(day)[:2] for day in (0, 1)] == [(24, 48)] * 2

        # The result, whatever --quiet-for says: hourly for a day.
        board = shaken()
        life.release(*board)
        public = life.ask("SELECT * FROM entry_history")
        life.until(RELEASE + HOUR, rng)
        assert life.phase() == "final, fresh"
        assert "final, may change" in life.header()
        when, told = life.messages[-1]
        assert len(life.messages) == 2
        assert when == RELEASE < moved[0] + QUIET * HOUR
        assert sorted(told.splitlines()) == [
            "user20 finished 29 of 29: down 8 places from the public board",
            "user3 finished 4 of 29: the same place as on the public board, silver medal",
            "user8 finished 12 of 29: down 3 places from the public board",
        ]

        # Three are removed on different days; the last of them is above nobody of ours but one.
        for moment, place in zip(REMOVALS, (0, 1, 20), strict=True):
            life.until(moment, rng)
            del board[place]
            life.release(*board)
        life.until(OVER, rng)
        assert life.phase() == "final, fresh"
        assert "final, may change" in life.header()

        # Finished: no longer.
        life.until(LAST, rng)
        assert life.phase() == "finished, finished"
        assert f"final, finished since {OVER:%Y-%m-%d}" in life.header()
        assert life.ok("sync", "--all") == "Nothing is due; finished: titanic\n"
        assert "OK: 1 finished competition, nothing left to sync" in life.ok("status")

    # What was asked of Kaggle.
    ticks = before * 12
    assert sum(life.on(day)[0] for day in range(-2, 0)) == ticks
    assert sum(life.on(day)[1] for day in range(-2, 0)) == 0
    # A page of each kind, the public one again, the second page, and the first one again.
    assert life.on(2)[:2] == (24, 24 * 5)
    for day in range(4, 31):
        assert life.on(day)[:2] == (1, 5), day
    assert sum(life.on(day)[0] for day in (3, 31)) == 2
    for day in range(32, (LAST - END) // DAY):
        assert life.on(day) == (0, 0, 0), day

    # What was said.
    later = [line for _, told in life.messages[2:] for line in told.splitlines()]
    assert [
        when - one for (one, _), (when, _) in zip(life.messages[1:], life.messages[2:], strict=False)
    ] >= [QUIET * HOUR]
    assert Counter(line.partition(":")[0] for line in later) == {"user3": 2, "user8": 2, "user20": 3}
    assert all("up 1 place, 1 above was removed" in line for line in later), later
    items = life.json("news", "--since", "365d")
    of_private = [each for each in items if each["board"] == "private"]
    # Over a long time, what the removals did to a person is told as one.
    assert Counter(each["reason"] for each in of_private) == {"final": 3, "others-left": 3}
    (drift,) = (each["sentence"] for each in of_private if each["sentence"].startswith("user20: 29 → 26"))
    assert drift.endswith("on the private board, up 3 places, 3 above were removed")
    assert len(life.messages) <= 5

    # What is stored.
    assert life.ask("SELECT * FROM entry_history") == public
    steps = [RELEASE, *(_asked_after(life, moment) for moment in REMOVALS)]
    assert life.final_ranks("user3") == [
        (clock.iso(at), rank) for at, rank in zip(steps, (4, 3, 2), strict=False)
    ]
    assert life.final_ranks("user20") == [
        (clock.iso(at), rank) for at, rank in zip(steps, (29, 28, 27, 26), strict=True)
    ]
    assert life.ask("SELECT result_asked_since, result_since FROM competitions") == [
        (clock.iso(END), clock.iso(RELEASE))
    ]
    assert life.ask("SELECT count(*) FROM private_snapshots WHERE NOT unchanged") == [(4,)]
    assert life.ask("SELECT team_count FROM private_boards") == [(26,)]
    assert life.ask("SELECT count(*) FROM sync_runs WHERE error_code IS NOT NULL") == [(0,)]
    invariants.check(life.db)

    print("\n| day | downloads | pages | facts |")
    for day in range((begin - END) // DAY, (LAST - END) // DAY):
        print("| {} | {} | {} | {} |".format(day, *life.on(day)))
    for when, told in life.messages:
        print(f"{when:%m-%d %H:%M} {told}")


def _asked_after(life: Life, moment: datetime) -> datetime:
    """The first board from a moment on."""
    ((at,),) = life.ask(
        "SELECT min(moment) FROM private_snapshots WHERE moment >= ?", int(moment.timestamp())
    )
    return datetime.fromtimestamp(at, UTC)
