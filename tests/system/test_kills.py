"""Runs killed at system calls, and what the database must hold computed without kagsync's code.

By default a sample. A thousand of them, with the figures:

    KAGSYNC_KILLS=1300 python -m pytest -m long -n 0 -s tests/test_kills.py
"""

from __future__ import annotations

import collections
import contextlib
import csv
import io
import json
import os
import random
import re
import sqlite3
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from world import invariants, kills, oracle, traces
from world.boards import Team, board_csv, board_name, board_zip
from world.kaggle_server import ENVIRONMENT, KaggleServer
from world.kills import Ended, Kill, Killer
from world.listeners import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world.oracle import State

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not kills.is_possible(), reason="needs strace, and the right to trace"),
]

KILLS = int(os.environ.get("KAGSYNC_KILLS", "40"))
BEFORE, AFTER, OLDER = "2025-10-31T10:00:00", "2025-10-31T11:00:00", "2025-10-30T09:00:00"
PEOPLE = [f"person{i}" for i in range(12)]
NEWCOMER = "stranger3"  # on all boards, and tracked only when a scenario adds them
WRITES = ("write", "pwrite64", "ftruncate", "fsync", "fdatasync", "unlink", "rename")
Boards = dict[str, dict[str, str]]  # slug → moment → CSV


def board(seed: str, *, old: bool = False) -> str:
    """A board of its own for each seed: most people, in any order, with team-mates, and a benchmark."""
    chance = random.Random(seed)
    names = [name for name in PEOPLE if chance.random() < 0.8] + [f"stranger{i}" for i in range(40)]
    chance.shuffle(names)
    teams = []
    score = 0.9
    for name in names:
        score -= chance.uniform(0.0001, 0.001)
        kind = random.Random(name).random()  # of the team: people seldom change it
        mates = (name, f"mate-of-{name}") if kind < 0.2 else (name,)
        teams.append(
            Team(
                random.Random(f"{name}, team").randrange(10**8),
                name if old or kind > 0.7 else f"Team {name}",
                () if kind > 0.9 else mates,
                score=f"{score:.5f}",
                submissions=chance.randint(1, 30),
            )
        )
    if not old:
        teams.insert(3, Team(1, "Benchmark", score="0.5", rank=0))
    return board_csv(teams, old=old).decode("utf-8-sig")


@dataclass
class World:
    """A prepared home, and what its database must hold before a command and after it.

    Attributes:
        files: what is in the home after a command that was not killed.
    """

    template: Path
    home: Path
    environment: dict[str, str]
    before: dict[str, State]
    after: dict[str, State]
    files: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Scenario:
    """A command to be killed.

    Attributes:
        words: `{home}` is the folder of the world.
        boards: those that the database has afterwards, of each competition that it has then.
        people: those who are tracked afterwards.
        prepared: what is run before, in the template.
        crashed: where a sync is killed before, in the template, so that there is something to sweep.
        then: what is run after the kill, besides the command itself.
    """

    name: str
    words: tuple[str, ...]
    boards: Boards
    people: tuple[str, ...] = tuple(PEOPLE)
    prepared: tuple[tuple[str, ...], ...] = ()
    crashed: Kill | None = None
    then: tuple[tuple[str, ...], ...] = (("cleanup",),)


FIRST: Boards = {
    "changed": {BEFORE: board("changed")},
    "moved": {BEFORE: board("moved")},
    "unchanged": {BEFORE: board("unchanged")},
    "created": {},
}
SYNCED: Boards = {
    "changed": {**FIRST["changed"], AFTER: board("changed, later")},
    "moved": {**FIRST["moved"], AFTER: board("moved, later")},
    "unchanged": FIRST["unchanged"],
    "created": {AFTER: board("created")},
}
ARCHIVE = board("archive")
OLD = board("old", old=True)
SCENARIOS = [
    Scenario("sync --all", ("sync", "--all", "--jobs", "1"), SYNCED),
    Scenario("sync --all in threads", ("sync", "--all", "--jobs", "3"), SYNCED),
    Scenario("sync and report", ("sync", "--all", "--jobs", "2", "--report", "{home}/web"), SYNCED),
    Scenario(
        "an older board from a ZIP",
        ("sync", "changed", "--from", "{home}/files/" + board_name("changed", OLDER)[:-3] + "zip"),
        FIRST | {"changed": {**FIRST["changed"], OLDER: ARCHIVE}},
    ),
    Scenario(
        "a board of the old form by hand",
        ("process", "created", "{home}/files/old-2020-01-01T00-00-00.csv"),
        FIRST | {"created": {"2020-01-01T00:00:00": OLD}},
    ),
    Scenario(
        "backup",
        ("backup", "{home}/copies/backup.db"),
        FIRST,
        prepared=(("backup", "{home}/copies/backup.db"),),
    ),
    Scenario(
        "cleanup",
        ("cleanup",),
        FIRST,
        crashed=Kill("rmdir", 1),
    ),
    Scenario(
        "users add",
        ("users", "add", NEWCOMER),
        FIRST,
        (*PEOPLE, NEWCOMER),
        then=(("sync", "changed", "moved", "unchanged"), ("cleanup",)),
    ),
    Scenario("users remove", ("users", "remove", PEOPLE[0], "--yes"), FIRST, tuple(PEOPLE[1:])),
    Scenario(
        "competitions remove",
        ("competitions", "remove", "moved", "--yes"),
        {key: value for key, value in FIRST.items() if key != "moved"},
    ),
]


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    with Killer(tmp_path_factory.mktemp("killer")) as killer:
        yield killer


def _moments(boards: dict[str, str]) -> dict[str, str]:
    return {f"{moment}Z": csv for moment, csv in boards.items()}


def _states(boards: Boards, people: tuple[str, ...]) -> dict[str, State]:
    return {slug: oracle.expected(_moments(each), people) for slug, each in boards.items()}


def _publish(kaggle: KaggleServer, boards: Boards) -> None:
    for slug, each in boards.items():
        kaggle.competition(slug, title=slug)
        if each:
            newest = max(each)
            kaggle.board(slug, each[newest].encode(), when=newest)


def _build(killer: Killer, kaggle: KaggleServer, folder: Path, scenario: Scenario) -> World:
    """Prepares the world of a scenario, and checks that it is as the oracle says."""
    template, home = folder / "template", folder / "home"
    home.mkdir(parents=True)
    environment = kills.as_environment(home, {**ENVIRONMENT, "KAGGLE_API_TOKEN": "test-token"})
    (home / "files").mkdir()
    (home / "copies").mkdir()
    (home / "files" / f"{board_name('changed', OLDER)[:-3]}zip").write_bytes(
        board_zip("changed", ARCHIVE.encode(), OLDER)
    )
    (home / "files" / board_name("changed", AFTER)).write_text(SYNCED["changed"][AFTER])
    (home / "files" / "old-2020-01-01T00-00-00.csv").write_text(OLD)
    _publish(kaggle, FIRST)
    synced = [slug for slug, each in FIRST.items() if each]
    for words in (
        ("competitions", "add", *FIRST),
        ("users", "add", *PEOPLE),
        ("sync", *synced),
        *scenario.prepared,
    ):
        ended = killer.run([word.replace("{home}", str(home)) for word in words], environment)
        assert ended.code == 0, ended
    if scenario.crashed is not None:
        assert killer.run(["sync", "changed"], environment, scenario.crashed).code == kills.KILLED
        assert kills.listing(home / "cache" / "temp_kaggle_data")
    before = _states(FIRST, tuple(PEOPLE))
    assert oracle.found(home / "kagsync.db") == before
    home.rename(template)
    return World(template, home, environment, before, _states(scenario.boards, scenario.people))


def _points(killer: Killer, world: World, scenario: Scenario, words: list[str]) -> list[Kill]:
    """Every call of every name that a whole run makes; it must end as the oracle says."""
    kills.fresh_copy(world.template, world.home)
    ended, counts = killer.counts(words, world.environment)
    assert ended.code == 0, ended.output
    for command in scenario.then:
        assert killer.run(command, world.environment).code == 0
    assert oracle.found(world.home / "kagsync.db") == world.after
    world.files = _files(world.home)
    return [Kill(call, number) for call, most in counts.items() for number in range(1, most + 1)]


def _sample(points: list[Kill], wanted: int, chance: random.Random) -> list[Kill]:
    """Of each call as many as of every other, as far as there are so many; first and last ones first."""
    by_call: dict[str, list[Kill]] = {}
    for point in points:
        by_call.setdefault(point.call, []).append(point)
    for each in by_call.values():
        chance.shuffle(each)
    names = list(by_call)
    chance.shuffle(names)
    chosen: list[Kill] = []
    while len(chosen) < wanted and any(by_call.values()):
        for name in names:
            if by_call[name] and len(chosen) < wanted:
                chosen.append(by_call[name].pop())
    return chosen


def _check_between(world: World, where: str) -> None:
    """After a kill, each competition is as it was before the command, or as it is after it."""
    db = world.home / "kagsync.db"
    invariants.check(db)
    states = oracle.found(db)
    assert set(states) in (set(world.before), set(world.after)), where
    for slug, state in states.items():
        allowed = [each[slug] for each in (world.before, world.after) if slug in each]
        assert state in allowed, (slug, where)


def _check_recovered(killer: Killer, world: World, scenario: Scenario, words: list[str], where: str) -> None:
    """The same command once more, some days later, brings the rest, and nothing stays of the killed run."""
    kills.age(world.home, days=3)
    for command in (words, *map(list, scenario.then)):
        ended = killer.run(command, world.environment)
        again = "remove" in words and ended.code == 2  # removed already
        assert ended.code == 0 or again, (where, ended.output)
        assert "another run" not in ended.output, (where, ended.output)
        assert "Traceback" not in ended.output, (where, ended.output)
    invariants.check(world.home / "kagsync.db")
    assert oracle.found(world.home / "kagsync.db") == world.after, where
    assert _files(world.home) == world.files, where
    for copy in (world.home / "copies").iterdir():
        invariants.check(copy)
        assert oracle.found(copy) == world.before, where


def _files(home: Path) -> set[str]:
    """What is in a home, but for the log that SQLite may keep beside the database."""
    return kills.listing(home) - {"kagsync.db-wal", "kagsync.db-shm"}


def _spread(wanted: int, scenario: int) -> int:
    """How many of the kills one scenario gets: the first three have half of them."""
    return max(wanted // 6 if scenario < 3 else wanted // (2 * (len(SCENARIOS) - 3)), 1)


def _killed(killer: Killer, world: World, words: list[str], kill: Kill) -> Ended | None:
    """A run of the command that was killed; None: it ended before it came to that call."""
    kills.fresh_copy(world.template, world.home)
    ended = killer.run(words, world.environment, kill)
    return ended if ended.code == kills.KILLED else None


@pytest.mark.fixed_port(own_network=False)  # that of the killer, which is started once
@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=[each.name for each in SCENARIOS])
def test_a_kill_at_any_system_call_leaves_before_or_after(
    number: int, killer: Killer, kaggle: KaggleServer, tmp_path: Path
) -> None:
    scenario = SCENARIOS[number]
    world = _build(killer, kaggle, tmp_path / "world", scenario)
    if "sync" in scenario.words:
        _publish(kaggle, scenario.boards)
    words = [word.replace("{home}", str(world.home)) for word in scenario.words]
    chance = random.Random(number)
    struck: collections.Counter[str] = collections.Counter()
    failures = []
    points = _points(killer, world, scenario, words)
    for kill in _sample(points, _spread(KILLS, number), chance):
        ended = _killed(killer, world, words, kill)
        if ended is None:
            continue
        struck[kill.call] += 1
        where = f"{kill}: {ended.struck}"
        try:
            _check_between(world, where)
            _check_recovered(killer, world, scenario, words, where)
        except AssertionError as error:
            failures.append(f"{where}\n{error}")
    print(f"\n{scenario.name}: {struck.total()} kills of {len(points)} points, {dict(struck)}")
    assert not failures, f"{len(failures)} of {struck.total()}:\n" + "\n\n".join(failures[:5])
    assert struck


@pytest.mark.fixed_port(own_network=False)  # that of the killer, which is started once
def test_a_killed_removal_leaves_everything_or_is_known_to_be_unfinished(
    killer: Killer, kaggle: KaggleServer, tmp_path: Path
) -> None:
    (scenario,) = (each for each in SCENARIOS if each.name == "users remove")
    world = _build(killer, kaggle, tmp_path / "world", scenario)
    words, db = list(scenario.words), world.home / "kagsync.db"

    def traces_of_person() -> set[str]:
        return traces.of(PEOPLE[:1], *(file for file in db.parent.iterdir() if file.is_file()))

    ends: collections.Counter[str] = collections.Counter()
    points = [each for each in _points(killer, world, scenario, words) if each.call in WRITES]
    for kill in _sample(points, KILLS // 2, random.Random(0)):
        ended = _killed(killer, world, words, kill)
        if ended is None:
            continue
        where = f"{kill}: {ended.struck}"
        left = traces_of_person()
        _check_between(world, where)
        if oracle.found(db) == world.before:
            ends["before"] += 1
            continue
        unfinished = "still has traces of them" in killer.run(["doctor"], world.environment).output
        assert unfinished or not left, where
        ends["between" if unfinished else "after"] += 1
        if unfinished:
            again, code = (["compact"], 0) if ends["between"] % 2 else (words, 2)
            assert killer.run(again, world.environment).code == code, where
            assert traces_of_person() == set(), where
            assert "still has traces of them" not in killer.run(["doctor"], world.environment).output, where
    print(f"\nusers remove: {dict(ends)}")
    assert ends["before"]
    assert ends["between"]


# While notifying


def _messages(listener: Listener) -> dict[int, list[str]]:
    """What each of the two targets was told since the last time."""
    heard, listener.heard[:] = list(listener.heard), []
    return {
        key: [json.loads(each.body)["message"] for each in heard if each.path == f"/{key}"] for key in (1, 2)
    }


def _cursors(db: Path) -> dict[int, set[tuple[int, int]]]:
    """Up to which board of which competition each target knows what happened."""
    with contextlib.closing(sqlite3.connect(db)) as connection:
        rows = connection.execute("SELECT target_id, competition_id, moment FROM notify_cursors").fetchall()
    return {key: {row[1:] for row in rows if row[0] == key} for key in (1, 2)}


def _points_while_notifying(ended: Ended, home: Path) -> list[Kill]:
    """The calls of a run from the moment at which it begins to tell the first target.

    Without the two thousand of Apprise's import: those that look for modules, and read them.
    """
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    points: list[Kill] = []
    begun = False
    for line in ended.calls:
        if called := re.match(r"(\d+) +(\w+)\(", line):
            thread, call = called.groups()
            counts[thread, call] += 1
            begun = begun or "notify-1.lock" in line
            if begun and (str(home) in line or call not in ("newfstatat", "openat", "close", "mkdir")):
                points.append(Kill(call, counts[thread, call]))
    return list(dict.fromkeys(points))


def _check_told(movers: dict[str, set[str]], message: str) -> None:
    """Everybody who moved, by the oracle, is in the message, under the competition."""
    for slug, people in movers.items():
        part = message.partition(f"{slug}:\n")[2].split(":\n")[0] if len(movers) > 1 else message
        told = {name for name in PEOPLE if re.search(rf"^{name}(:| passed )", part, re.MULTILINE)}
        assert people == told, (slug, message)


# From a file, the only connections are those to the channel: strace counts the calls of each thread, and a
# message is sent in a thread of its own.
TELLING = [
    SCENARIOS[0],
    Scenario(
        "sync --from",
        ("sync", "changed", "--from", f"{{home}}/files/{board_name('changed', AFTER)}"),
        FIRST | {"changed": SYNCED["changed"]},
    ),
]


@pytest.mark.fixed_port(own_network=False)  # that of the killer, which is started once
@pytest.mark.parametrize("scenario", TELLING, ids=[each.name for each in TELLING])
def test_no_sentence_is_lost_and_only_a_kill_while_sending_has_one_told_twice(
    scenario: Scenario, killer: Killer, kaggle: KaggleServer, tmp_path: Path
) -> None:
    with Listener() as listener:
        targets = tuple(("notify", "add", f"json://{listener.address}/{key}", "--all") for key in (1, 2))
        world = _build(killer, kaggle, tmp_path / "world", replace(scenario, prepared=targets))
        _publish(kaggle, SYNCED)
        words = [word.replace("{home}", str(world.home)) for word in scenario.words]
        db = world.home / "kagsync.db"
        kills.fresh_copy(world.template, world.home)
        ended = killer.run(words, world.environment, trace=True)
        whole, knows = _messages(listener), _cursors(db)
        for messages in whole.values():
            (message,) = messages
            _check_told(_movers(world), message)
        points = _points_while_notifying(ended, world.home)
        struck: collections.Counter[str] = collections.Counter()
        outcomes: collections.Counter[str] = collections.Counter()
        for kill in _sample(points, max(KILLS // 10, 4), random.Random(7)):
            killed = _killed(killer, world, words, kill)
            if killed is None:
                _messages(listener)
                continue
            struck[kill.call] += 1
            first, known = _messages(listener), _cursors(db)
            again = killer.run(words, world.environment)
            second = _messages(listener)
            for key in (1, 2):
                where = (kill, killed.struck, key, first[key], second[key], again.output)
                noted = known[key] == knows[key]
                outcomes[f"told {len(first[key])} times, noted: {noted}"] += 1
                # What was noted has been told, and is not told again; what was not is told once more.
                assert first[key] in ([], whole[key]), where
                assert first[key] or not noted, where
                assert second[key] == ([] if noted else whole[key]), where
            assert again.code == 0, again
            assert _cursors(db) == knows, kill
            assert oracle.found(db) == world.after, kill
        print(f"\nnotifying, {scenario.name}: {struck.total()} kills of {len(points)} points, {dict(struck)}")
        print(dict(outcomes))
        assert struck


def _movers(world: World) -> dict[str, set[str]]:
    """Who moved on the boards after the first one of each competition."""
    movers = {
        slug: {name for name, history in state.history.items() if history[-1][0] > f"{BEFORE}Z"}
        for slug, state in world.after.items()
        if slug != "created"  # on its first board, nobody moves
    }
    return {slug: people for slug, people in movers.items() if people}


# While a private board is applied

ENDED = "2025-11-01T00:00:00"
RESULTS = {
    "the first result": ((), "first"),
    "a later result": (("first",), "later"),
    "the first result, from a file": ((), "first.csv"),
    "a later result, from a file": (("first",), "later.csv"),
    "an older result, from a file": (("first",), "older.csv"),
}


def shaken(public: str, seed: str, *, without: int = 0) -> str:
    """A private board: the teams of a public one in another order, some of them removed."""
    chance = random.Random(seed)
    table = list(csv.DictReader(io.StringIO(public)))
    rows = [row for row in table if row["Rank"] != "0"]
    chance.shuffle(rows)
    rows = rows[without:]
    for place, row in enumerate(rows, start=1):
        row |= {"Rank": str(place), "Score": f"{0.8 - place / 1000:.5f}"}
    file = io.StringIO()
    writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _results(db: Path) -> dict[str, object]:
    """All that is stored of the private board of "ended", but for times."""
    state = oracle.found(db, private=True)["ended"]
    with contextlib.closing(sqlite3.connect(db, timeout=30)) as connection:

        def rows(sql: str) -> list[tuple[object, ...]]:
            return connection.execute(sql).fetchall()

        return {
            **_without_times(state),
            "boards": rows("SELECT row_count, team_count FROM private_boards"),
            "snapshots": rows("SELECT row_count FROM private_snapshots WHERE NOT unchanged ORDER BY moment"),
            "ranks": rows("SELECT packed FROM board_ranks WHERE board = 'private'"),
            "medal lines": rows("SELECT * FROM private_medal_lines"),
            "known since": rows("SELECT 1 FROM competitions WHERE result_since IS NOT NULL"),
            "runs": rows(
                "SELECT DISTINCT status FROM sync_runs WHERE board = 'private' AND status <> 'unchanged'"
            ),
        }


def _without_times(state: State) -> dict[str, object]:
    return {
        "entries": {
            name: (*entry[:3], entry[5] is not None) for name, entry in sorted(state.entries.items())
        },
        "history": {
            name: [standing for _, standing in history] for name, history in sorted(state.history.items())
        },
    }


@pytest.mark.fixed_port(own_network=False)  # that of the killer, which is started once
@pytest.mark.parametrize("name", RESULTS)
def test_a_kill_while_a_private_board_is_applied_leaves_before_or_after(
    name: str, killer: Killer, kaggle: KaggleServer, tmp_path: Path
) -> None:
    known, comes = RESULTS[name]
    public = board("ended")
    results = {
        "older": shaken(public, "older"),
        "first": shaken(public, "first"),
        "later": shaken(public, "later", without=9),
    }
    template, home = tmp_path / "world" / "template", tmp_path / "world" / "home"
    home.mkdir(parents=True)
    environment = kills.as_environment(home, {**ENVIRONMENT, "KAGGLE_API_TOKEN": "test-token"})
    kaggle.competition("ended", deadline=f"{ENDED}Z")
    kaggle.board("ended", public.encode(), when=BEFORE)
    kaggle.largest_page = 9
    for each in known:
        kaggle.private("ended", results[each].encode())
    for command in (("competitions", "add", "ended"), ("users", "add", *PEOPLE), ("sync", "ended")):
        ended = killer.run(command, environment)
        assert ended.code == 0, ended.output
    words = ["sync", "ended"]
    which = comes.removesuffix(".csv")
    if comes.endswith(".csv"):
        # Kaggle gave the known one just now.
        at = datetime.now(UTC) + timedelta(hours=-12 if which == "older" else 12)
        file = tmp_path / board_name("ended", at.strftime("%Y-%m-%dT%H:%M:%S"), "private")
        file.write_text(results[which])
        words += ["--from", str(file)]
    else:
        kaggle.private("ended", results[which].encode())
        time.sleep(1.1)  # boards of the same second are one
    home.rename(template)

    kills.fresh_copy(template, home)
    whole, counts = killer.counts(words, environment)
    assert whole.code == 0, whole.output
    before, after = _results(template / "kagsync.db"), _results(home / "kagsync.db")
    order = [which, *known] if which == "older" else [*known, which]
    for found, boards in ((before, list(known)), (after, order)):
        expected = oracle.expected(
            {f"2025-11-0{day}T00:00:00Z": results[each] for day, each in enumerate(boards, 1)}, PEOPLE
        )
        assert {key: found[key] for key in ("entries", "history")} == _without_times(expected)
    files = _files(home)

    points = [Kill(call, number) for call, most in counts.items() for number in range(1, most + 1)]
    struck: collections.Counter[str] = collections.Counter()
    outcomes: collections.Counter[str] = collections.Counter()
    for kill in _sample(points, max(KILLS // 5, 8), random.Random(name)):
        kills.fresh_copy(template, home)
        ended = killer.run(words, environment, kill)
        if ended.code != kills.KILLED:
            continue
        struck[kill.call] += 1
        invariants.check(home / "kagsync.db")
        found = _results(home / "kagsync.db")
        assert found in (before, after), (kill, ended.struck)
        outcomes["after" if found == after else "before"] += 1
        assert oracle.found(home / "kagsync.db") == oracle.found(template / "kagsync.db")
        kills.age(home, days=3)
        for command in (words, ["cleanup"]):
            again = killer.run(command, environment)
            assert again.code == 0, (kill, again.output)
        invariants.check(home / "kagsync.db")
        assert _results(home / "kagsync.db") == after, (kill, ended.struck)
        assert _files(home) == files, kill
    print(f"\n{name}: {struck.total()} kills of {len(points)} points, {dict(outcomes)}, {dict(struck)}")
    assert struck
