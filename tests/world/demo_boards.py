"""Make the demo's two leaderboards and two rosters: `python tests/world/demo_boards.py`.

Everybody in them is invented, because a real board is full of people who never asked to be shipped with a
tool. The form, though, is exactly Kaggle's, so the demo goes through the same code as a real download. The
files are made from one seed: whoever edits this script can see what changed in them.
"""

import random
import sys
import uuid
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from kagsync import demo
from kagsync.demo.run import SLUG

HEADER = "Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames"
TEAMS = 1742  # ranked teams on each board; the host's two benchmarks come on top
PASSENGERS = 4277  # a score is a share of these, hence the many ties
FIRST = datetime(2025, 10, 31, 11, 21, 7, tzinfo=UTC)
SECOND = datetime(2025, 10, 31, 16, 26, 26, tzinfo=UTC)
# A board without an end shows the last two months only: what is older has gone by the next snapshot.
OLDEST_FIRST, OLDEST_SECOND = FIRST - timedelta(days=61), SECOND - timedelta(days=61)
LEAVERS = 30  # teams of the first board that are too old for the second
PER_DAY = 10  # submissions a team may make in a day


class Person(NamedTuple):
    """A tracked person, and the place on the board the script aims at (others may push it a little)."""

    username: str
    name: str
    group: str
    aim: int
    team: str = ""  # empty: alone, under the person's own name
    mates: int = 0


OVERTAKEN, STUCK, CLIMBER, BY_NAME_ONLY = "saraelmanshi", "diegomarvales", "pkolanthar", "bao404"
ROSTERS = (
    (
        Person("linaverrow", "Lina Verrow", "red", 7),
        Person("tundeokafemi", "Tunde Okafemi", "blue", 48, "Caffeine Gradients", 2),
        Person("mwilkonrad", "Mateusz Wilkonrad", "red", 211),
        Person("haruminazu", "Haru Minazumi", "blue", 377, "梯度下降部", 1),
        Person(OVERTAKEN, "Sara Elmanshi", "red", 560),
        Person(STUCK, "Diego Marvales", "blue", 742),
        Person(CLIMBER, "Priya Kolanthar", "red", 1180),
        Person("jonasfeldrup", "Jonas Feldrup", "blue", 1495, "Late Night Lunch", 1),
    ),
    # These enter in the five hours between the snapshots.
    (
        Person("aylintarkoc", "Aylin Tarkoc", "red", 33, "[bold magenta]overfit[/bold magenta] club", 1),
        Person("kboadusa", "Kwame Boadusa", "blue", 96),
        Person("meilinzhuo", "Meilin Zhuoran", "red", 154, "Dropout Support Group", 3),
        Person("odravchuk", "Olena Dravchuk", "blue", 290),
        Person("rafaquintelo", "Rafa Quintelo", "red", 431, "Warp Drive 🚀", 2),
        Person("siobhankv", "Siobhan Kilvarra", "blue", 615),
        Person("anarutewhata", "Anaru Tewhata", "red", 828, "Seeds of Chance", 4),
        Person("inescarvalim", "Ines Carvalim", "blue", 905),
        Person(BY_NAME_ONLY, "Bao Thienlam", "red", 1010, BY_NAME_ONLY),
        Person("zanelemk", "Zanele Mkhondwe", "blue", 1127),
        Person("pavelhruz", "Pavel Hruzicka", "red", 1290, "Two Stubborn Trees", 1),
        Person("amaradeva", "Amara Devasingh", "blue", 1420),
    ),
)

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
    fixed: bool = field(default=False, kw_only=True)  # may no longer be given to somebody else
    benchmark: bool = field(default=False, kw_only=True)


class Board(NamedTuple):
    """A leaderboard file: the ZIP, the name of its only member, and the text in that."""

    zip_name: str
    member: str
    csv: str


class Demo(NamedTuple):
    """All files of the demo, the rosters by file name."""

    boards: tuple[Board, Board]
    rosters: dict[str, str]


def _place(team: Team) -> tuple[int, datetime, int]:
    """Sort key of the board: the better score first, then whoever had it earlier."""
    return -team.correct, team.best, team.id


class _Maker:
    """Makes invented teams, never giving a username, team name or team id twice."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        people = [person for roster in ROSTERS for person in roster]
        self.users = {person.username for person in people}
        self.names = {person.team or person.name for person in people} | self.users | set(ODD_NAMES)
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
            return 2109  # the sample submission
        if kind < 0.07:
            return rng.randint(2120, 3150)
        share = rng.gauss(0.796, 0.008) if kind < 0.75 else rng.gauss(0.772, 0.022)
        return min(3509, int(share * PASSENGERS))

    def team(self, start: datetime, end: datetime) -> Team:
        """A team all of whose submissions lie between the two moments; ids grow with time as Kaggle's do."""
        entered, last = sorted((self.moment(start, end), self.moment(start, end)))
        count = min(60, PER_DAY * ((last - entered).days + 1), 1 + int(self.rng.expovariate(1 / 6)))
        best = last if count == 1 or entered == last else self.moment(entered, last + timedelta(seconds=1))
        number = 14_000_000 + int((entered - OLDEST_FIRST).total_seconds()) // 7
        while number in self.ids:
            number += 1
        self.ids.add(number)
        name, members = self.members()
        return Team(number, name, members, self.correct(), count, best, last)

    def deleted(self) -> tuple[str, tuple[str, ...]]:
        """What Kaggle leaves of somebody who closed the account."""
        name = uuid.UUID(int=self.rng.getrandbits(128), version=4)
        return f"[Deleted] {name}", (f"del={self.rng.getrandbits(64):016x}",)


def _seat(maker: _Maker, team: Team, person: Person) -> None:
    """Give the team to a tracked person and the untracked team-mates."""
    mates = maker.mates(person.mates)
    # One person is known to the group by the team's name, not by the account: that is matched too.
    user = "thienlam88" if person.username == BY_NAME_ONLY else person.username
    team.members = (*mates[:1], user, *mates[1:])
    team.name, team.fixed = person.team or person.name, True


def _first_board(maker: _Maker) -> list[Team]:
    """The ranked teams of the first snapshot, best first, with the first roster and the odd names in it."""
    leavers = [maker.team(OLDEST_FIRST, OLDEST_SECOND) for _ in range(LEAVERS)]
    for team in leavers:
        team.fixed = True
    leavers[0].correct = 3508  # near the top, so that somebody below it moves up without doing anything
    stayers = [maker.team(OLDEST_SECOND, FIRST) for _ in range(TEAMS - LEAVERS)]
    for team in stayers[:8]:
        team.fixed = True
        team.name, team.members = maker.deleted()
    teams = sorted(leavers + stayers, key=_place)
    for person in ROSTERS[0]:
        _seat(maker, next(team for team in teams[person.aim - 1 :] if not team.fixed), person)
    for number, name in enumerate(ODD_NAMES):
        team = next(team for team in teams[3 + number * 66 :] if not team.fixed)
        team.name, team.fixed = name, True
    return teams


def _second_board(maker: _Maker, before: list[Team]) -> list[Team]:
    """Five hours on: the oldest teams gone, as many new ones, and a hundred that submitted again."""
    rng = maker.rng
    teams = [replace(team) for team in before if team.last > OLDEST_SECOND]
    roof = before[19].correct  # nobody breaks into the top in an afternoon
    tracked = {person.username for person in ROSTERS[0]}
    others = [team for team in teams if tracked.isdisjoint(team.members) and team.count <= 50]
    for team in rng.sample(others, 110):
        better = rng.random() < 0.65 and team.correct < roof
        gain = 1 + int(rng.expovariate(1 / 40)) if better else 0
        _submit(maker, team, rng.randint(1, 6), min(roof, team.correct + gain) if better else team.correct)
    for team in teams:
        if STUCK in team.members:
            _submit(maker, team, 2, team.correct)
        elif CLIMBER in team.members:
            _submit(maker, team, 7, before[131].correct)
    for person in ROSTERS[1]:
        team = maker.team(FIRST, SECOND)
        team.correct = before[person.aim - 1].correct
        _seat(maker, team, person)
        teams.append(team)
    while len(teams) < TEAMS:
        team = maker.team(FIRST, SECOND)
        team.correct = min(team.correct, roof)
        teams.append(team)
    return sorted(teams, key=_place)


def _submit(maker: _Maker, team: Team, times: int, correct: int) -> None:
    """Submissions made between the two snapshots."""
    team.count += times
    team.last = maker.moment(FIRST, SECOND)
    if correct > team.correct:
        team.correct, team.best = correct, team.last


def _field(text: str) -> str:
    """Kaggle quotes a field that holds a space (the csv module does not), comma, quote or line break."""
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ' ,"\r\n') else text


def _csv(teams: list[Team]) -> str:
    """The board as Kaggle writes it; the host's benchmarks stand at the place of their score, with rank 0."""
    opened = datetime(2022, 2, 11, 17, 2, 48, tzinfo=UTC)
    hosts = [
        Team(8_000_001, "sample_submission.csv", (), 2109, 1, opened, opened, benchmark=True),
        Team(8_000_002, "cryosleep_baseline.csv", (), 3082, 1, opened, opened, benchmark=True),
    ]
    lines, rank = [HEADER], 0
    for team in sorted(teams + hosts, key=_place):
        rank += not team.benchmark
        cells = (
            "0" if team.benchmark else str(rank),
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
    second = _second_board(maker, first)
    member = f"{SLUG}-publicleaderboard-{{:%Y-%m-%dT%H:%M:%S}}.csv".format
    return Demo(
        (
            Board(f"{SLUG}-1.zip", member(FIRST), _csv(first)),
            Board(f"{SLUG}-2.zip", member(SECOND), _csv(second)),
        ),
        {f"roster-{number}.csv": _roster(people) for number, people in enumerate(ROSTERS, 1)},
    )


def write(folder: Path) -> None:
    """Write all files into the folder, the ZIPs without anything that depends on the clock or the system."""
    demo = generate()
    for board, moment in zip(demo.boards, (FIRST, SECOND), strict=True):
        info = zipfile.ZipInfo(board.member, moment.timetuple()[:6])
        info.create_system, info.external_attr = 3, 0o600 << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(folder / board.zip_name, "w") as archive:
            archive.writestr(info, board.csv.encode(), compresslevel=9)
    for name, text in demo.rosters.items():
        (folder / name).write_bytes(text.encode())


def main() -> None:
    folder = Path(demo.__file__).parent
    write(folder)
    for file in sorted([*folder.glob("*.zip"), *folder.glob("*.csv")]):
        sys.stdout.write(f"{file.name}: {file.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
