"""`python -m tests.benchmarks.year PATH`: makes a database with a year of live boards, in half a minute.

The competitions and people are added through kagsync's own store, so the schema is the current one. The
boards are simulated: a newcomer moves everybody below by one place, a team that leaves moves them back, and
now and then a tracked team does something of its own. So ranks agree with each other, and nearly all changes
are drift. The same arguments give the same year; only its end differs.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kagsync import clock
from kagsync.standings.facts import CompetitionFacts
from kagsync.standings.marks import Benchmark, Marks, MedalLine, last_ranks
from kagsync.standings.standing import STORED_VERSION, Standing
from kagsync.store import Store
from kagsync.store.records import Entry
from tests.benchmarks import boards
from tests.world.people import track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from kagsync.store.records import Competition

    _Teams: TypeAlias = dict[tuple[int, str, str], int]  # (team id, name, members) → row of `teams`

COMPETITIONS, PEOPLE, BOARDS = 20, 200, 2_370  # about 950 changes a person and competition
_TICK, _DAY = 300, 86_400  # seconds
_YEAR = 365 * _DAY
_TEAMS = 1_744
_SECOND = 0.45  # how often two strangers come or go at once
_OWN = 2.9  # own changes of a person in a year: 0.4 % of all
_OWN_KINDS = (("improved", "submitted", "away", "renamed", "merged"), (55, 25, 15, 4, 1))
_OFF = -1
_SLICES = 52  # the history is written week by week, so that its pages are as full as ticks leave them


_HISTORY = "user_id, competition_id, moment, rank, score, team, submission_count"
_RUNS = (
    "run, competition_id, slug, source, status, started_at, finished_at, snapshot_at, sha256, "
    '"rows", created, updated, skipped, changed, error_code, error_message'
)
# What `RunChanges.finish` notes with the competition, and the last tick.
_AFTER_RUNS = """
    UPDATE competitions SET
        last_run = (SELECT max(id) FROM sync_runs WHERE competition_id = competitions.id),
        last_good_run = (SELECT max(id) FROM sync_runs
            WHERE competition_id = competitions.id AND status <> 'error'),
        tried_at = (SELECT max(finished_at) FROM sync_runs WHERE competition_id = competitions.id),
        synced_at = (SELECT max(finished_at) FROM sync_runs
            WHERE competition_id = competitions.id AND status <> 'error');
"""


def build(
    path: Path,
    competitions: int = COMPETITIONS,
    people: int = PEOPLE,
    count: int = BOARDS,
    end: datetime | None = None,
) -> None:
    """Makes the database.

    Args:
        path: where; nothing may be there yet.
        competitions: how many, each with all people.
        people: how many.
        count: how many boards of each competition differ from the one before.
        end: of the year. Default: now.
    """
    until = int((end or clock.utc_now()).timestamp()) // _TICK * _TICK
    began = datetime.fromtimestamp(until - _YEAR, UTC)
    names = boards.people(people)
    teams: _Teams = {}
    years: dict[int, _Year] = {}
    with Store.open(path, path.with_name(f"{path.name}-locks"), create=True) as store:
        track(store, [(name, name.title(), f"group {i % 8}") for i, name in enumerate(names)], began)
        keys = {name: key for key, name, *_ in store.users.roster()}
        users = [keys[name] for name in names]
        tracked = [store.competitions.add(f"year-{i:02}", f"year-{i:02}", began) for i in range(competitions)]
        for competition in tracked:
            ticks = sorted(random.Random(competition.id).sample(range(_YEAR // _TICK), count))
            moments = [until - _YEAR + _TICK * tick for tick in ticks]
            years[competition.id] = _Year(competition.id, names, moments, teams)
            years[competition.id].simulate()
            _apply(store, competition, years[competition.id], users, teams)
    with closing(sqlite3.connect(path)) as connection:
        with connection:
            rows = ((key, *team) for team, key in teams.items())
            _insert(connection, "teams", "id, team_id, name, members", rows)
            _insert(connection, "entry_history", _HISTORY, _changes(years, users))
            for competition in tracked:
                _insert(
                    connection,
                    "snapshots",
                    "competition_id, moment, unchanged, row_count, team_count, last_user_id, sha256",
                    _snapshots(competition, years[competition.id], max(users)),
                )
            runs = (run for each in tracked for run in _runs(each, years[each.id], until))
            _insert(connection, "sync_runs", _RUNS, sorted(runs, key=lambda run: str(run[0])))
            connection.executescript(_AFTER_RUNS)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@dataclass(eq=False)
class _Team:
    """A tracked team. A `place` of 0 means that it is not on the board."""

    team_id: int
    name: str
    members: list[str]
    place: int
    score: float
    submissions: int
    date: int
    state: int = _OFF


class _State(NamedTuple):
    """How a team was, but for its rank. `team` is its row of the table `teams`."""

    team: int
    score: str
    submissions: int
    date: int


class _Year:
    """A competition's year.

    Attributes:
        moments: of the boards, ascending.
        ranks: for each board and person; 0: not on the board.
        at: the same for the index of the team's state.
        states: all states of all teams.
        size: how many teams are on the board, most of them not tracked.
    """

    def __init__(self, number: int, names: list[str], moments: list[int], teams: _Teams) -> None:
        self.moments = moments
        self.usual = self.size = max(_TEAMS, 4 * len(names))
        shape = (len(moments), len(names))
        self.ranks = np.zeros(shape, dtype=np.int32)
        self.at = np.full(shape, _OFF, dtype=np.int32)
        self.states: list[_State] = []
        self._chance = random.Random(f"year {number}")
        self._rows = teams
        places = iter(self._chance.sample(range(1, self.size + 1), len(names)))
        # Every twentieth person is in the team of the one before; some teams join later.
        self._team_of: list[_Team] = []
        for i, (name, place) in enumerate(zip(names, places, strict=True)):
            if i % 20 == 19:
                self._team_of.append(self._team_of[-1])
                self._team_of[-1].members.append(name)
                continue
            title = name if i % 3 else f"Gradient Goats {i}"
            here = place if self._chance.random() < 0.95 else 0
            score = 0.85 - 0.35 * place / self.size
            team = _Team(number * 100_000 + i, title, [name], here, score, 1 + i % 9, moments[0])
            self._team_of.append(team)
        self._teams = list(dict.fromkeys(self._team_of))

    def simulate(self) -> None:
        """Fills `ranks`, `at` and `states`."""
        own = _OWN * len(self._team_of) / len(self.moments)
        changed = set(self._teams)
        for board, moment in enumerate(self.moments):
            if board:
                for _ in range(1 + (self._chance.random() < _SECOND)):
                    self._others()
                for _ in range(int(own) + (self._chance.random() < own % 1)):
                    team = self._chance.choice(self._teams)
                    if team not in changed:
                        changed.add(team)
                        self._own(team, moment)
            # Not in the order of a set, which is another one in each process.
            for team in self._teams:
                if team in changed:
                    self._note(team)
            changed.clear()
            self.ranks[board] = [team.place for team in self._team_of]
            self.at[board] = [team.state for team in self._team_of]

    def _note(self, team: _Team) -> None:
        before, team.state = team.state, _OFF
        if team.place:
            row = self._rows.setdefault(
                (team.team_id, team.name, ",".join(sorted(team.members))), len(self._rows) + 1
            )
            state = _State(row, f"{team.score:.5f}", team.submissions, team.date)
            if before == _OFF or self.states[before] != state:
                self.states.append(state)
                team.state = len(self.states) - 1
            else:
                team.state = before

    def _others(self) -> None:
        """A newcomer takes a place, or somebody who is not tracked leaves."""
        place = self._chance.randrange(1, self.size + 1)
        if self._chance.random() < 0.5 + (self.usual - self.size) / self.usual:
            self._shift(place, +1)
            self.size += 1
        elif all(team.place != place for team in self._teams):
            self._shift(place, -1)
            self.size -= 1

    def _own(self, team: _Team, moment: int) -> None:
        """A tracked team does something."""
        (kind,) = self._chance.choices(*_OWN_KINDS)
        if not team.place:
            self._come(team, self._chance.randrange(1, self.size + 2))
            team.date = moment
        elif kind == "away":
            self._leave(team)
        elif kind == "renamed":
            team.name = f"{team.name.partition(' · ')[0]} · {moment % 100_000}"
        elif kind == "merged":
            self._merge(team, self._chance.choice(self._teams))
        else:
            team.submissions += 1
            team.date = moment
            if kind == "improved" and team.place > 1:
                place = self._chance.randrange(max(1, team.place - 300), team.place)
                self._leave(team)
                self._come(team, place)

    def _merge(self, team: _Team, other: _Team) -> None:
        if other is team or not other.place:
            return
        self._leave(other)
        self._teams.remove(other)
        self._team_of = [team if each is other else each for each in self._team_of]
        team.members += other.members
        team.submissions += other.submissions

    def _come(self, team: _Team, place: int) -> None:
        """Puts a team at a place, with a score between those of the tracked teams around it."""
        above = min((each.score for each in self._teams if 0 < each.place < place), default=0.99)
        below = max((each.score for each in self._teams if each.place >= place), default=0.1)
        self._shift(place, +1)
        self.size += 1
        team.place = place
        team.score = below + (above - below) * self._chance.uniform(0.2, 0.8)

    def _leave(self, team: _Team) -> None:
        place, team.place = team.place, 0
        self._shift(place, -1)
        self.size -= 1

    def _shift(self, place: int, by: int) -> None:
        """Moves the tracked teams at a place and below."""
        for team in self._teams:
            if team.place >= place:
                team.place += by

    def names(self) -> str:
        """The names on the last board, a team's in a line."""
        tracked = [f"{team.name},{','.join(team.members)}" for team in self._teams]
        return "\n".join([*tracked, *(f"stranger{i}" for i in range(self.size - len(tracked)))])


# What is stored


def _apply(store: Store, competition: Competition, year: _Year, users: list[int], teams: _Teams) -> None:
    """Saves the latest board: entries, marks, names, and what is known of the competition."""
    at = datetime.fromtimestamp(year.moments[-1], UTC)
    lines = [
        MedalLine(medal, rank, 0.85 - 0.35 * rank / year.size)
        for medal, rank in last_ranks(year.size).items()
    ]
    marks = Marks(True, [(Benchmark("Sample Submission", 0.6, "0.60000"), year.size * 2 // 3)], lines)
    with store.writing() as write:
        write.competitions.save_facts(
            competition.id,
            CompetitionFacts(
                title=f"Year {competition.id}", metric="Accuracy", team_count=year.size, awards_points=True
            ),
        )
        write.competitions.set_facts_asked(competition.id, at)
        write.boards.apply(
            competition.id,
            snapshot_at=at,
            rows=year.size + 1,
            teams=year.size,
            marks=marks,
            names=year.names(),
            fingerprint=f"{_sha256(competition, year.moments[-1])}:{store.users.roster_version()}"
            f":True:None:{STORED_VERSION}",
        )
        write.boards.save_direction(competition.id, higher_is_better=True, applied=True)
        write.boards.save_entries(competition.id, _entries(year, users, list(teams)))


def _entries(year: _Year, users: list[int], teams: list[tuple[int, str, str]]) -> Iterator[Entry]:
    """The entries that the history leads to."""
    when = [clock.from_unix(moment) for moment in year.moments]
    for person, user in enumerate(users):
        on_board = np.flatnonzero(year.ranks[:, person])
        if not len(on_board):
            continue
        first, last = int(on_board[0]), int(on_board[-1])
        rank, state = int(year.ranks[last, person]), year.states[year.at[last, person]]
        standing = Standing(
            rank,
            float(state.score),
            state.score,
            *teams[state.team - 1],
            state.submissions,
            clock.from_unix(state.date),
        )
        gone = last + 1 < len(when)
        yield Entry(
            user,
            standing,
            "username",
            when[first],
            when[last] if gone else None,
            when[last + 1] if gone else None,
        )


def _changes(years: dict[int, _Year], users: list[int]) -> Iterator[tuple[int | str | None, ...]]:
    """The rows of `entry_history`: slices of time, each in the order of the key."""
    changed = {}
    for competition, year in years.items():
        both = np.stack([year.ranks, year.at])
        before = np.concatenate(
            [np.array([[[0]], [[_OFF]]], np.int32).repeat(len(users), 2), both[:, :-1]], 1
        )
        changed[competition] = (both != before).any(0)
    count = max(len(year.moments) for year in years.values())
    for begin in range(0, count, count // _SLICES + 1):
        part = slice(begin, begin + count // _SLICES + 1)
        for person, user in enumerate(users):
            for competition, year in years.items():
                for board in (np.flatnonzero(changed[competition][part, person]) + begin).tolist():
                    moment, rank = year.moments[board], int(year.ranks[board, person])
                    if not rank:
                        yield user, competition, moment, None, None, None, None
                        continue
                    state = year.states[year.at[board, person]]
                    yield user, competition, moment, rank, state.score, state.team, state.submissions


def _snapshots(competition: Competition, year: _Year, user: int) -> Iterator[tuple[int | str | None, ...]]:
    """A row for each board, and for 30 days one for each tick that saw no other."""
    own = dict.fromkeys(year.moments)
    ticks = range(year.moments[-1] - 30 * _DAY, year.moments[-1], _TICK)
    for moment in sorted({*own, *ticks}):
        new = moment in own
        hashed = _sha256(competition, moment) if new else None
        yield competition.id, moment, int(not new), year.usual + 1, year.usual, user, hashed


def _runs(competition: Competition, year: _Year, end: int) -> Iterator[tuple[int | str | None, ...]]:
    """What `sync_runs` still has: 2 days of ticks without news, 30 of others, 90 of errors."""
    for moment in range(end - 2 * _DAY, end, _TICK):
        counts = (year.usual + 1, 0, 0, year.usual + 1, 0)
        yield *_run(competition, moment, "unchanged"), *counts, None, None
    for moment in (each for each in year.moments if each > end - 30 * _DAY):
        counts = (year.usual + 1, 0, len(year.ranks[0]), year.usual + 1 - len(year.ranks[0]), 30)
        yield *_run(competition, moment + 2, "ok"), *counts, None, None
    for moment in range(end - 90 * _DAY, end - 3 * _DAY, 10 * _DAY):
        why = ("kaggle_unavailable", "Kaggle answered 503")
        yield *_run(competition, moment, "error"), None, None, None, None, None, *why


def _run(competition: Competition, moment: int, status: str) -> tuple[int | str | None, ...]:
    at, done = clock.from_unix(moment), clock.from_unix(moment + 1)
    seen = (None, None) if status == "error" else (at, _sha256(competition, moment))
    return at, competition.id, competition.slug, "kaggle", status, at, done, *seen


def next_board(db: Path, slug: str, folder: Path, number: int) -> Path:
    """Writes a board after the last one, on which newcomers moved everybody down by `number` places."""
    with closing(sqlite3.connect(db)) as connection:
        ((at, size),) = connection.execute(
            "SELECT snapshot_at, team_count FROM competitions WHERE slug = ?", (slug,)
        )
        ours = connection.execute(
            "SELECT DISTINCT rank, team_id, kaggle_team_name, score_text, submission_count, members "
            "FROM leaderboard WHERE competition = ? AND left_at IS NULL",
            (slug,),
        ).fetchall()
    teams = {rank: (1_000 + rank, f"stranger {rank}", "0.50000", 1, "") for rank in range(1, size + 1)}
    teams = {rank + number: team for rank, team in (teams | {team[0]: team[1:] for team in ours}).items()}
    teams |= {rank: (rank, f"newcomer {rank}", "0.99999", 1, "") for rank in range(1, number + 1)}
    when = clock.parse_iso(at) + timedelta(seconds=number)
    path = folder / f"{slug}-publicleaderboard-{when:%Y-%m-%dT%H_%M_%S}.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(boards.HEADER.split(","))
        for rank, (team, name, score, count, members) in sorted(teams.items()):
            writer.writerow([rank, team, name, "2025-10-30 00:00:00", score, count, members])
    return path


def _sha256(competition: Competition, moment: int) -> str:
    return hashlib.sha256(f"{competition.slug} {moment}".encode()).hexdigest()


def _insert(
    connection: sqlite3.Connection, table: str, columns: str, rows: Iterable[tuple[int | str | None, ...]]
) -> None:
    marks = ", ".join("?" * len(columns.split(", ")))
    connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def main() -> None:
    """Makes the database that the arguments describe."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.year", description=__doc__)
    parser.add_argument("path", type=Path, metavar="PATH", help="the new database")
    for name, default in (("competitions", COMPETITIONS), ("people", PEOPLE), ("boards", BOARDS)):
        parser.add_argument(f"--{name}", type=int, metavar="N", default=default, help="%(default)s")
    chosen = parser.parse_args()
    if chosen.path.exists():
        parser.error(f"{chosen.path} exists already")
    build(chosen.path, chosen.competitions, chosen.people, chosen.boards)


if __name__ == "__main__":
    main()
