"""Make the demo's leaderboards and rosters: `python -m tests.world.demo_boards`.

Everybody in them is invented, because a real board is full of people who never asked to be shipped with a
tool. The form, though, is exactly Kaggle's, so the demo goes through the same code as a real download. The
files are made from one seed: whoever edits this script can see what changed in them.

What the tracked people do is in `demo_people.py`; everybody else does something by chance.
"""

from __future__ import annotations

import gzip
import io
import random
import sys
import tarfile
import uuid
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kagsync import demo
from kagsync.demo.run import SLUG

from .demo_people import BY_NAME_ONLY, PEOPLE, ROSTERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .demo_people import Person

HEADER = "Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames"
TEAMS = 1742  # ranked teams on each whole board; the host's two benchmarks come on top
PASSENGERS = 4277  # a score is a share of these, hence the many ties; the private board has as many others
FIRST = datetime(2025, 10, 31, 11, 21, 7, tzinfo=UTC)
SECOND = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)
PRIVATE = datetime(2025, 11, 1, 9, 30, 52, tzinfo=UTC)
# A board without an end shows the last two months only: what is older has gone by the next snapshot.
WINDOW = timedelta(days=61)
OLDEST_FIRST, OLDEST_SECOND = FIRST - WINDOW, SECOND - WINDOW
EARLIER = 28  # boards before the first, two a day
LAST_EARLIER = FIRST - timedelta(minutes=31)
EARLIEST = LAST_EARLIER - timedelta(days=(EARLIER - 1) / 2)
GONE = 95  # teams of the earlier boards that are too old for the first
LEAVERS = 30  # teams of the first board that are too old for the second
PER_DAY = 10  # submissions a team may make in a day
BEST = 3509  # passengers that the best teams guess right
SAMPLE, BASELINE = 2109, 3082  # what the host's benchmarks guess right on the public board
PRIVATE_SAMPLE, PRIVATE_BASELINE = 2146, 3069
LUCK = 26  # standard deviation of what a team guesses right on the private board and not on the public one

ODD_NAMES = (  # each of these has broken somebody's table, parser, spreadsheet or terminal
    "NaN", "[red]x[/red]", "👩‍🚀👨‍👩‍👧‍👦", "=1+1", "null", "\x1b[31mred alert\x1b[0m", "\u202etxt.yrevocsid",
    "+1 participant", "@team", "20251031", "trailing space ", "火星行きの切符", "Космические кролики",
    "فريق النجوم", 'Bits, Bytes and "Bugs"', "<b>html</b>", "[/nothing]", "-0.5 regrets", "None",
    "Cafe\u0301 Noir", "우주 토끼", "ghost\u200bteam", "'; DROP TABLE teams;--", "{name} 100%s",
    "back\\slash", "We kept adding words to this name until Kaggle told us to stop at seventy-si",
)  # fmt: skip

# Names are glued together from these, so that no real person is meant by any of them.
HALVES = (
    "bren", "dal", "fenn", "gar", "hesk", "iom", "jurr", "kel", "lum", "mav", "nerr",
    "osk", "pell", "quill", "riv", "selk", "tav", "ulm", "vant", "wex", "yor", "zeph",
)  # fmt: skip
GIVEN_ENDS = ("a", "o", "en", "is", "u", "ra", "lin", "emo")
FAMILY_ENDS = (
    "brook", "avelt", "moor", "quist", "lund", "aro", "ishi", "enko",
    "adze", "oglu", "wick", "ane", "imo", "uri", "esson", "ander",
)  # fmt: skip
ADJECTIVES = (
    "Lazy", "Quiet", "Cosmic", "Frozen", "Hidden", "Random", "Greedy", "Sparse",
    "Noisy", "Sleepy", "Boosted", "Bagged", "Lost", "Orbital", "Tiny", "Curious",
)  # fmt: skip
NOUNS = (
    "Gradients", "Kernels", "Forests", "Tensors", "Passengers", "Pods", "Rockets",
    "Neurons", "Splits", "Folds", "Leaves", "Comets", "Robots", "Llamas",
)  # fmt: skip


@dataclass
class Team:
    """A row of the board, plus what decides its place in it."""

    id: int
    name: str
    members: tuple[str, ...]
    correct: int  # passengers guessed right
    count: int
    best: datetime  # when the score was reached: breaks ties, but Kaggle does not print it
    last: datetime
    entered: datetime
    gain: int = 0  # how many more the best submission guesses right than the first one
    fixed: bool = field(default=False, kw_only=True)  # may no longer get another name
    benchmark: bool = field(default=False, kw_only=True)

    def at(self, moment: datetime) -> Team:
        """The team at an earlier moment, after it entered."""
        if self.last <= moment:
            return self
        if self.best <= moment:
            return replace(self, count=1 + self.count // 2, last=self.best)
        before = max(0, self.correct - self.gain)
        return replace(self, correct=before, count=1, best=self.entered, last=self.entered)


@dataclass
class Tracked:
    """The team of a tracked person: an id, the mates and all submissions (when, passengers guessed right)."""

    id: int
    person: Person
    mates: tuple[str, ...]
    made: list[tuple[datetime, int]]

    def at(self, moment: datetime) -> Team:
        """The team at a moment, after it entered."""
        made = [each for each in self.made if each[0] <= moment]
        correct = max(correct for _, correct in made)
        best = next(at for at, here in made if here == correct)
        person = self.person
        # One person is known to the group by the team's name, not by the account: that is matched too.
        user = "thienlam88" if person.username == BY_NAME_ONLY else person.username
        name, members = person.name, (user,)
        if not person.formed or moment > SECOND - timedelta(days=person.formed):
            name, members = person.team or person.name, (*self.mates[:1], user, *self.mates[1:])
        return Team(self.id, name, members, correct, len(made), best, made[-1][0], made[0][0])

    @property
    def entered(self) -> datetime:
        return self.made[0][0]


class Board(NamedTuple):
    """A leaderboard file: its name, when it was made, the name of its only member, and the text in that."""

    file: str
    moment: datetime
    member: str
    csv: str


class Demo(NamedTuple):
    """All files of the demo; rosters and earlier boards by file name."""

    boards: tuple[Board, ...]
    earlier: dict[str, str]
    rosters: dict[str, str]


def _place(team: Team) -> tuple[int, datetime, int]:
    """Sort key of the board: the better score first, then whoever had it earlier."""
    return -team.correct, team.best, team.id


class _Maker:
    """Makes invented teams, never giving a username, team name or team id twice."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.users = {person.username for person in PEOPLE}
        self.names = {person.team or person.name for person in PEOPLE} | self.users | set(ODD_NAMES)
        self.ids: set[int] = set()

    def person(self) -> tuple[str, str]:
        """A username and the name that goes with it."""
        rng = self.rng
        while True:
            given = rng.choice(HALVES) + rng.choice(GIVEN_ENDS)
            family = rng.choice(HALVES) + rng.choice(FAMILY_ENDS)
            number = str(rng.randint(1, 99))
            user = rng.choice((given + family, given[0] + family, given + number, family + given[:2]))
            if len(user) <= 20 and user not in self.users:
                self.users.add(user)
                return user, f"{given} {family}".title()

    def mates(self, number: int) -> tuple[str, ...]:
        return tuple(self.person()[0] for _ in range(number))

    def members(self) -> tuple[str, tuple[str, ...]]:
        """A team name and its members: mostly one person, under the full name or the username."""
        while True:
            size = self.rng.choices((1, 2, 3, 4, 5), (92, 4, 2, 1, 1))[0]
            user, name = self.person()
            if size > 1 or self.rng.random() < 0.1:
                name = f"{self.rng.choice(ADJECTIVES)} {self.rng.choice(NOUNS)}"
            elif self.rng.random() < 0.3:
                name = user
            if name not in self.names:
                self.names.add(name)
                return name, (user, *self.mates(size - 1))

    def moment(self, start: datetime, end: datetime) -> datetime:
        """A second after start and before end."""
        return start + timedelta(seconds=self.rng.randint(1, int((end - start).total_seconds()) - 1))

    def correct(self) -> int:
        """Most people land near 0.79, some hand in the sample, and a few the wrong kind of file."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.012:
            return 0
        if kind < 0.03:
            return SAMPLE
        if kind < 0.07:
            return rng.randint(2120, 3150)
        share = rng.gauss(0.796, 0.008) if kind < 0.75 else rng.gauss(0.772, 0.022)
        return min(BEST, int(share * PASSENGERS))

    def id(self, entered: datetime) -> int:
        """A team's id; ids grow with time as Kaggle's do."""
        number = 14_000_000 + int((entered - OLDEST_FIRST).total_seconds()) // 7
        while number in self.ids:
            number += 1
        self.ids.add(number)
        return number

    def team(self, start: datetime, end: datetime) -> Team:
        """A team all of whose submissions lie between the two moments."""
        entered, last = sorted((self.moment(start, end), self.moment(start, end)))
        count = min(60, PER_DAY * ((last - entered).days + 1), 1 + int(self.rng.expovariate(1 / 6)))
        best = last if count == 1 or entered == last else self.moment(entered, last + timedelta(seconds=1))
        number, (name, members) = self.id(entered), self.members()
        gain = int(self.rng.expovariate(1 / 60))
        return Team(number, name, members, self.correct(), count, best, last, entered, gain)

    def deleted(self) -> tuple[str, tuple[str, ...]]:
        """What Kaggle leaves of somebody who closed the account."""
        name = uuid.UUID(int=self.rng.getrandbits(128), version=4)
        return f"[Deleted] {name}", (f"del={self.rng.getrandbits(64):016x}",)

    def tracked(self, person: Person, others: list[Team]) -> Tracked:
        """The team of a tracked person; `others` are those of the first board, best first."""
        made: list[tuple[datetime, int]] = []
        for days, count, place in person.steps:
            end = SECOND - timedelta(days=days, seconds=self.rng.randrange(300))
            start = max([end - timedelta(minutes=80), *(moment for moment, _ in made[-1:])])
            goal = others[place - 1].correct if place else max(correct for _, correct in made) - 2
            tries = sorted(self.moment(start, end) for _ in range(count - 1))
            made += [(moment, goal - self.rng.randint(3, 30)) for moment in tries]
            made.append((end, goal))
        return Tracked(self.id(made[0][0]), person, self.mates(person.mates), made)


def _first_board(maker: _Maker) -> list[Team]:
    """The other teams of the first board, best first, with the odd names among them."""
    leavers = [maker.team(OLDEST_FIRST, OLDEST_SECOND) for _ in range(LEAVERS)]
    for team in leavers:
        team.fixed = True
    for team in leavers[:2]:  # near the top, so that somebody below them moves up without doing anything
        team.correct = BEST
    stayers = [maker.team(OLDEST_SECOND, FIRST) for _ in range(TEAMS - LEAVERS - len(PEOPLE))]
    for team in stayers[:8]:
        team.fixed = True
        team.name, team.members = maker.deleted()
    teams = sorted(leavers + stayers, key=_place)
    for number, name in enumerate(ODD_NAMES):
        team = next(team for team in teams[3 + number * 66 :] if not team.fixed)
        team.name, team.fixed = name, True
    return teams


def _second_board(maker: _Maker, before: list[Team]) -> list[Team]:
    """The other teams five hours on: the oldest gone, new ones, and a hundred that submitted again."""
    rng = maker.rng
    teams = [replace(team) for team in before if team.last > OLDEST_SECOND]
    roof = before[19].correct  # nobody breaks into the top in an afternoon
    for team in rng.sample([team for team in teams if team.count <= 50], 110):
        team.count += rng.randint(1, 6)
        team.last = maker.moment(FIRST, SECOND)
        if rng.random() < 0.65 and team.correct < roof:
            team.correct = min(roof, team.correct + 1 + int(rng.expovariate(1 / 40)))
            team.best = team.last
    while len(teams) < TEAMS - len(PEOPLE):
        team = maker.team(FIRST, SECOND)
        team.correct = min(team.correct, roof)
        teams.append(team)
    return teams


def _private_board(rng: random.Random, public: list[Team], tracked: list[Tracked]) -> list[Team]:
    """The same teams, by what they guess right of the other half of the passengers."""
    teams = []
    for team in public:
        correct = team.correct + round(rng.gauss(0, LUCK))
        if team.correct in (0, SAMPLE):  # the same file gets the same score
            correct = PRIVATE_SAMPLE if team.correct else 0
        teams.append(replace(team, correct=correct))
    teams.sort(key=_place)
    ours = [replace(each.at(SECOND), correct=teams[each.person.private - 1].correct) for each in tracked]
    return teams + ours


def _earlier_board(others: list[Team], tracked: list[Tracked], moment: datetime) -> str:
    """A board before the first, of which only the tracked people's rows and the last one are left."""
    present = [team.at(moment) for team in others if team.entered <= moment]
    ours = [each.at(moment) for each in tracked if each.entered <= moment]
    teams = [team for team in present if team.last > moment - WINDOW] + ours
    ids = {team.id for team in ours}
    ranked = list(enumerate(sorted(teams, key=_place), 1))
    return _csv((rank, team) for rank, team in ranked if team.id in ids or rank == len(ranked))


def _field(text: str) -> str:
    """Kaggle quotes a field that holds a space (the csv module does not), comma, quote or line break."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ' ,"\r\n') else text


def _whole(teams: list[Team], sample: int, baseline: int) -> str:
    """A whole board; the host's benchmarks stand at the place of their score, with rank 0."""
    opened = datetime(2022, 2, 11, 17, 2, 48, tzinfo=UTC)
    hosts = [
        Team(number, name, (), correct, 1, opened, opened, opened, benchmark=True)
        for number, name, correct in (
            (8_000_001, "sample_submission.csv", sample),
            (8_000_002, "cryosleep_baseline.csv", baseline),
        )
    ]
    rows, rank = [], 0
    for team in sorted(teams + hosts, key=_place):
        rank += not team.benchmark
        rows.append((0 if team.benchmark else rank, team))
    return _csv(rows)


def _csv(rows: Iterable[tuple[int, Team]]) -> str:
    """Ranks and teams as Kaggle writes them."""
    lines = [HEADER]
    for rank, team in rows:
        cells = (
            str(rank),
            str(team.id),
            team.name,
            f"{team.last:%Y-%m-%d %H:%M:%S}",
            f"{team.correct / PASSENGERS:.5f}",
            str(team.count),
            ",".join(team.members),
        )
        lines.append(",".join(map(_field, cells)))
    return "\ufeff" + "\n".join(lines) + "\n"


def _roster(people: tuple[Person, ...]) -> str:
    return "username,name,group\n" + "".join(f"{p.username},{p.name},{p.group}\n" for p in people)


def generate() -> Demo:
    """Make the texts of all files; the same ones at every call."""
    maker = _Maker(random.Random(20251031))
    first = _first_board(maker)
    tracked = [maker.tracked(person, first) for person in PEOPLE]
    second = _second_board(maker, first)
    private = _private_board(maker.rng, second, tracked)
    gone = [maker.team(EARLIEST - WINDOW, OLDEST_FIRST) for _ in range(GONE)]
    earlier = {}
    for number in range(EARLIER):
        moment = EARLIEST + timedelta(days=number / 2, seconds=-maker.rng.randrange(1200))
        name = f"{SLUG}-publicleaderboard-{moment:%Y-%m-%d_T_%H_%M_%S}.csv"
        earlier[name] = _earlier_board(first + gone, tracked, moment)
    member = f"{SLUG}-{{}}leaderboard-{{:%Y-%m-%dT%H:%M:%S}}.csv".format

    def public(number: int, moment: datetime, others: list[Team]) -> Board:
        csv = _whole(others + [each.at(moment) for each in tracked], SAMPLE, BASELINE)
        return Board(f"{SLUG}-{number}.zip", moment, member("public", moment), csv)

    return Demo(
        (
            public(1, FIRST, first),
            public(2, SECOND, second),
            Board(
                f"{SLUG}-private.zip",
                PRIVATE,
                member("private", PRIVATE),
                _whole(private, PRIVATE_SAMPLE, PRIVATE_BASELINE),
            ),
        ),
        earlier,
        {f"roster-{number}.csv": _roster(people) for number, people in enumerate(ROSTERS, 1)},
    )


def write(folder: Path) -> None:
    """Write all files into the folder, the archives without anything that depends on clock or system."""
    demo = generate()
    for board in demo.boards:
        info = zipfile.ZipInfo(board.member, board.moment.timetuple()[:6])
        info.create_system, info.external_attr = 3, 0o600 << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(folder / board.file, "w") as archive:
            archive.writestr(info, board.csv.encode(), compresslevel=9)
    with (
        (folder / "earlier.tar.gz").open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as boards,
    ):
        for name, text in demo.earlier.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            boards.addfile(entry, io.BytesIO(text.encode()))
    for name, text in demo.rosters.items():
        (folder / name).write_bytes(text.encode())


def main() -> None:
    folder = Path(demo.__file__).parent
    write(folder)
    for file in sorted([*folder.glob("*.zip"), *folder.glob("*.gz"), *folder.glob("*.csv")]):
        sys.stdout.write(f"{file.name}: {file.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
