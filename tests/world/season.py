"""Six competitions of a season: who enters, who improves, and which boards a Kaggle has when."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from world.boards import Team, board_csv

if TYPE_CHECKING:
    from world.kaggle_server import KaggleServer

BEGIN = datetime(2026, 9, 7, tzinfo=UTC)  # a Monday
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
GROUPS = ("north", "east", "south", "west")
_NAMES = """
ada ben cleo dina emil fay gus hana ivo jana kim leo mina nils olga pia quinn rosa sven tara ulf
vera wim xenia yuri zoe amir bea cem dora eli finn greta hugo iris jon kaja lena milo nora otto
paula ravi sara theo uma vito wanda yara zeno alba bruno carla david edda frida gino heidi igor
judit
"""
PEOPLE = tuple(_NAMES.split())
STRANGERS = 50  # teams in each competition
TRIO = ("ada", "ben", "cleo")  # one team in the second competition


class Course(NamedTuple):
    """When a competition begins, ends, and when its private board comes out, in days of the season."""

    slug: str
    begins: int
    ends: int
    releases: int | None
    rises: bool = True

    @property
    def deadline(self) -> datetime:
        return BEGIN + self.ends * DAY - MINUTE


COURSES = (
    Course("dunes", 0, 19, 20),
    Course("harbor", 3, 28, 29, rises=False),
    Course("lanterns", 7, 35, 37),
    Course("meadow", 14, 42, 42),
    Course("orchard", 21, 70, None),
    Course("quarry", 28, 49, 51),
)


@dataclass
class Entrant:
    """A team in one competition.

    Attributes:
        skill: towards which its merit grows with each submission.
        merit: how good it is, whichever way scores go.
    """

    team_id: int
    name: str
    members: tuple[str, ...]
    joins: int
    skill: float
    merit: float = 0.0
    submissions: int = 0


@dataclass
class Competition:
    """A competition as it is now."""

    course: Course
    entrants: list[Entrant]
    private: dict[int, float] = field(default_factory=dict)  # merit on the hidden part, by team id

    def board(self, usernames: dict[str, str], *, private: bool = False) -> bytes:
        """The CSV of all who have submitted, and of the host's baseline."""

        def merit(each: Entrant) -> float:
            return self.private[each.team_id] if private else each.merit

        there = [each for each in self.entrants if each.submissions]
        if private:
            there = [each for each in there if each.team_id in self.private]
        if not there:
            return board_csv([])
        teams = [
            Team(
                each.team_id,
                each.name,
                tuple(usernames.get(member, member) for member in each.members),
                self.score(merit(each)),
                submissions=each.submissions,
            )
            for each in sorted(there, key=lambda each: (-merit(each), each.team_id))
        ]
        return board_csv([*teams, Team(9, "Simple Baseline", (), self.score(0.3), rank=0)])

    def score(self, merit: float) -> str:
        return f"{0.5 + merit / 2:.5f}" if self.course.rises else f"{2 - merit:.4f}"


class Season:
    """All competitions, run by run. The same for the same seed.

    Attributes:
        usernames: of each person, as Kaggle has it now.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.usernames = {name: f"{name}{number:02}" for number, name in enumerate(PEOPLE)}
        skills = {name: self.chance.gauss(0.6, 0.15) for name in PEOPLE}
        self.competitions = [
            self._competition(number, course, skills) for number, course in enumerate(COURSES, start=1)
        ]

    def _competition(self, number: int, course: Course, skills: dict[str, float]) -> Competition:
        solo = [(name,) for name in PEOPLE if self.chance.random() < 0.75]
        if course.slug == "harbor":
            solo = [TRIO, *[team for team in solo if team[0] not in TRIO]]
        others = [(f"stranger{number}x{each}",) for each in range(STRANGERS)]
        entrants = []
        for place, members in enumerate([*solo, *others]):
            skill = max(skills.get(member, self.chance.gauss(0.6, 0.2)) for member in members)
            if self.chance.random() < 0.1:  # somebody else's team-mate
                members = (*members, f"mate{number}x{place}")
            name = f"Team {number}-{place}"
            joins = course.begins + int(self.chance.random() ** 2 * (min(course.ends, 55) - course.begins))
            entrants.append(Entrant(1000 * number + place, name, members, joins, self._near(skill)))
        return Competition(course, entrants)

    def _near(self, merit: float, spread: float = 0.06) -> float:
        return min(max(self.chance.gauss(merit, spread), 0.05), 0.95)

    def competition(self, slug: str) -> Competition:
        (found,) = [each for each in self.competitions if each.course.slug == slug]
        return found

    def move(self, day: int) -> None:
        """Some of those who take part submit; on every other day only strangers do."""
        for each in self.competitions:
            if not each.course.begins <= day < each.course.ends:
                continue
            for entrant in each.entrants:
                if day % 2 and entrant.members[0] in PEOPLE:
                    continue
                if entrant.joins <= day and (not entrant.submissions or self.chance.random() < 0.15):
                    entrant.submissions += 1
                    better = entrant.merit + (entrant.skill - entrant.merit) * self.chance.uniform(-0.2, 0.6)
                    entrant.merit = max(entrant.merit, better)

    def release(self, day: int) -> str:
        """Gives out the private boards that are due, and takes the best stranger off each three days later.

        Returns:
            which came out, in words.
        """
        told = []
        for each in self.competitions:
            if each.course.releases == day:
                # One team in twenty has chosen no submission.
                each.private = {
                    entrant.team_id: self._near(entrant.merit, 0.07)
                    for entrant in each.entrants
                    if entrant.submissions and self.chance.random() < 0.95
                }
                told.append(f"the private board of {each.course.slug} comes out")
            if each.private and each.course.releases == day - 3:
                best = max(each.private, key=lambda team: each.private[team] if team % 1000 > 60 else 0)
                del each.private[best]
        return " and ".join(told)

    def leave(self, slug: str, name: str) -> None:
        """A person's team disappears from a competition."""
        found = self.competition(slug)
        found.entrants = [each for each in found.entrants if name not in each.members]

    def publish(
        self, kaggle: KaggleServer, made: datetime, *, without: str = ""
    ) -> dict[tuple[str, str], str]:
        """Puts all boards but one on a Kaggle; gives them as text, by competition and kind."""
        boards = {}
        for each in self.competitions:
            slug = each.course.slug
            if slug != without:
                content = each.board(self.usernames)
                kaggle.board(slug, content, f"{made:%Y-%m-%dT%H:%M:%S}")
                boards[slug, "public"] = content.decode()
            if each.private:
                hidden = each.board(self.usernames, private=True)
                kaggle.private(slug, hidden)
                boards[slug, "private"] = hidden.decode()
        return boards
