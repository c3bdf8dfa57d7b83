"""The standings of a series, computed from the boards alone and without a line of kagsync's.

The rules are the README's. A person is known by a name, whatever the username on Kaggle at that time.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)


class Seen(NamedTuple):
    """A person on a board."""

    rank: int
    score: float
    team: str
    members: int


class Board(NamedTuple):
    """A board that somebody could have read."""

    moment: datetime
    teams: int
    best: float | None
    people: dict[str, Seen]


class Given(NamedTuple):
    """What a person has: place and total."""

    place: int
    total: float


@dataclass(frozen=True)
class Rule:
    """A series: what people type, in other words than kagsync's."""

    name: str
    rule: str
    best: int | None = None
    ties: str = "min"
    skips: bool = False
    shares: bool = False
    group: str | None = None
    weights: dict[str, float] = field(default_factory=dict)
    scales: dict[str, tuple[float, float, float]] = field(default_factory=dict)


@dataclass
class Oracle:
    """Everything that was on Kaggle and was read.

    Attributes:
        names: each username that was ever used → the person.
        groups: the group of each person.
        ends: the deadline of each competition.
        rises: whether higher scores are better in each competition.
    """

    names: dict[str, str]
    groups: dict[str, str]
    ends: dict[str, datetime]
    rises: dict[str, bool]
    boards: dict[tuple[str, str], list[Board]] = field(default_factory=dict)

    def saw(self, slug: str, kind: str, moment: datetime, text: str) -> None:
        """Remembers a board: a CSV that was made at a moment."""
        people, teams, best = {}, 0, None
        for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))):
            rank, members = int(row["Rank"]), [each for each in row["TeamMemberUserNames"].split(",") if each]
            if rank == 0:
                continue
            teams += 1
            score = float(row["Score"])
            best = score if rank == 1 else best
            for member in members:
                if member in self.names:
                    people[self.names[member]] = Seen(rank, score, row["TeamId"], len(members))
        known = self.boards.setdefault((slug, kind), [])
        known.append(Board(moment, teams, best, people))
        known.sort(key=lambda each: each.moment)

    def board(self, slug: str, at: datetime) -> Board | None:
        """The board that counts: the private one, if it was out."""
        for kind in ("private", "public"):
            known = [each for each in self.boards.get((slug, kind), []) if each.moment <= at]
            if known:
                return known[-1]
        return None

    def points(self, rule: Rule, at: datetime) -> dict[str, dict[str, float]]:
        """What each competition gives to each person who is on its board, weighted and shared."""
        people = [name for name, group in self.groups.items() if rule.group in (None, group)]
        found: dict[str, dict[str, float]] = {name: {} for name in people}
        for slug in self.ends:
            if (board := self.board(slug, at)) is None:
                continue
            here = {name: board.people[name] for name in people if name in board.people}
            mates = Counter(seen.team for seen in here.values())
            for name, seen in here.items():
                value = self._points(rule, slug, board, here, seen, at) * rule.weights.get(slug, 1)
                found[name][slug] = value / mates[seen.team] if rule.shares else value
        return found

    def _points(
        self, rule: Rule, slug: str, board: Board, here: dict[str, Seen], seen: Seen, at: datetime
    ) -> float:
        ahead = sum(other.rank < seen.rank for other in here.values())
        same = sum(other.rank == seen.rank for other in here.values())
        place = ahead + (1 + same) / 2 if rule.ties == "average" else ahead + 1
        match rule.rule:
            case "places":
                table = [25, 18, 15, 12, 10, 8, 6, 4, 2, 1]
                return table[ahead] if ahead < 10 else 0
            case "percentile":
                return 100 * (board.teams - seen.rank) / (board.teams - 1) if board.teams > 1 else 100
            case "local-percentile":
                return 100 * (len(here) - place) / (len(here) - 1) if len(here) > 1 else 100
            case "score":
                worse, better, most = rule.scales[slug]
                return most * max(0.0, min(1.0, (seen.score - worse) / (better - worse)))
            case "kaggle":
                days = max((at - self.ends[slug]) / DAY, 0)
                size = math.log10(1 + math.log10(board.teams))
                return 100000 / math.sqrt(seen.members) / seen.rank**0.75 * size / math.exp(days / 500)
            case _:
                assert board.best is not None
                ratio = seen.score / board.best if self.rises[slug] else board.best / seen.score
                return ratio + 1 / seen.rank

    def standings(self, rule: Rule, at: datetime) -> dict[str, Given]:
        """Everybody's place and total at a moment."""
        totals = {}
        for name, of_person in self.points(rule, at).items():
            weight = {slug: rule.weights.get(slug, 1) for slug in of_person}
            order = sorted(of_person, key=lambda slug: -of_person[slug] / (weight[slug] if rule.skips else 1))
            counted = order[: rule.best]
            total = sum(of_person[slug] for slug in counted)
            if rule.skips and counted:
                total /= sum(weight[slug] for slug in counted)
            totals[name] = total
        return {
            name: Given(1 + sum(other > total + 1e-8 for other in totals.values()), total)
            for name, total in totals.items()
        }

    def leaders(self, rule: Rule, at: datetime) -> set[str]:
        """Who is first of those that are on a board."""
        on_board = {name for name, of_person in self.points(rule, at).items() if of_person}
        return {name for name, given in self.standings(rule, at).items() if given.place == 1} & on_board

    def leading_since(self, rule: Rule, at: datetime) -> datetime:
        """The beginning of the first day from which on the same people led at the end of each day."""
        now, day = self.leaders(rule, at), at.replace(hour=0, minute=0, second=0)
        while self.leaders(rule, day - timedelta(seconds=1)) == now:
            day -= DAY
        return day
