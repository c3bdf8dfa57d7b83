"""Real leaderboards, where they are at hand: the news of them are those that a plain script finds."""

from __future__ import annotations

import csv
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from test_real_boards import Row, matched, members_of, paths, rows_of, teams_of
from world.club import Club

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLUG = "board"
BOARDS = ("playground/*.csv", "spotoroo/*.csv")
BEFORE_ALL = "2020-01-01"
PEOPLE = 200
OTHERS_DID_IT = ("overtaken", "others-left")
BY_OTHERS = (*OTHERS_DID_IT, "rescored")
OF_THE_TEAM = ("renamed", "member-joined", "member-left")


# The plain script: the csv module, and nothing of kagsync


@dataclass(frozen=True)
class Event:
    """What happened to somebody between two snapshots, the later one being that of `at`."""

    at: str
    who: str
    reason: str
    before: Row | None
    after: Row | None
    member: str = ""
    passed: tuple[str, ...] = ()

    @property
    def places(self) -> int | None:
        if self.before is None or self.after is None:
            return None
        return int(self.before["Rank"]) - int(self.after["Rank"])

    @property
    def submissions(self) -> int:
        if self.before is None or self.after is None or self.before["TeamId"] != self.after["TeamId"]:
            return 0
        old, new = set(members_of(self.before)), set(members_of(self.after))
        if old and any(not is_deleted(member) for member in new - old):
            return 0  # on the real board a merged team's submissions are added
        return max(int(self.after.get("SubmissionCount", 0)) - int(self.before.get("SubmissionCount", 0)), 0)

    @property
    def fields(self) -> dict[str, Any]:
        """It in the words of `news --format json`."""
        before, after = self.before, self.after
        return {
            "username": self.who,
            "at": self.at,
            "reason": "passed" if self.passed else self.reason,
            "own": self.reason not in BY_OTHERS,
            "passed": list(self.passed),
            "member": self.member or None,
            "places": self.places,
            "new_submissions": self.submissions,
            "previous_rank": int(before["Rank"]) if before else None,
            "rank": int(after["Rank"]) if after else None,
            "previous_score": float(before["Score"]) if before else None,
            "score": float(after["Score"]) if after else None,
            "previous_team_name": before["TeamName"] if before else None,
            "kaggle_team_name": after["TeamName"] if after else None,
        }


def moment_of(path: Path) -> str:
    """The moment in a snapshot's name."""
    found = re.findall(r"(\d{4}-\d\d-\d\d)_?T_?(\d\d)\D?(\d\d)\D?(\d\d)", path.name)
    day, hour, minute, second = found[-1]
    return f"{day}T{hour}:{minute}:{second}Z"


def is_deleted(member: str) -> bool:
    return member.startswith("del=")


def steps(board: list[Row], at: str, who: str, before: Row | None, after: Row | None) -> Iterator[Event]:
    """What happened to one person from one board to the next one, which is given whole."""
    if before is None or after is None:
        if after is not None:
            yield Event(at, who, "new", before, after)
        if before is not None:
            team = {name for row in board if row["TeamId"] == before["TeamId"] for name in members_of(row)}
            deleted = any(is_deleted(member) for member in team.difference(members_of(before)))
            yield Event(at, who, "deleted" if deleted else "left", before, after)
        return
    old, new = set(members_of(before)), set(members_of(after))
    if before["TeamId"] != after["TeamId"]:
        yield Event(at, who, "merged" if old and new > old else "moved", before, after)
        return
    down = int(after["Rank"]) - int(before["Rank"])
    if float(before["Score"]) != float(after["Score"]):  # higher is better on these boards
        better = float(after["Score"]) > float(before["Score"])
        same_count = "SubmissionCount" in after and before["SubmissionCount"] == after["SubmissionCount"]
        yield Event(at, who, "rescored" if same_count else "improved" if better else "fell", before, after)
    elif Event(at, who, "", before, after).submissions:
        yield Event(at, who, "submitted", before, after)
    elif down:
        yield Event(at, who, "overtaken" if down > 0 else "others-left", before, after)
    if before["TeamName"] != after["TeamName"]:
        yield Event(at, who, "renamed", before, after)
    for member in old - new:
        yield Event(at, who, "member-left", before, after, member)
    for member in new - old:
        if not is_deleted(member):
            yield Event(at, who, "member-joined", before, after, member)


def with_drift_summed_up(events: list[Event]) -> Iterator[Event]:
    """One event for all that others did to one person between two things that the person did."""
    runs: list[list[Event]] = [[]]
    for event in events:
        if event.reason in OF_THE_TEAM:
            yield event
        elif event.reason in OTHERS_DID_IT:
            runs[-1].append(event)
        else:
            yield event
            runs.append([])
    for run in runs:
        if run:
            net = replace(run[-1], before=run[0].before)
            if float(net.before["Score"]) != float(net.after["Score"]):  # type: ignore[index]
                yield replace(net, reason="rescored")
            elif net.places:
                yield replace(net, reason="overtaken" if net.places < 0 else "others-left")


def expected_news(snapshots: list[Path], roster: list[str]) -> list[Event]:
    """All that happened to these people."""
    events: dict[str, list[Event]] = {who: [] for who in roster}
    known: set[str] = set()
    before: dict[str, Row] = {}
    for number, path in enumerate(snapshots):
        board = teams_of(rows_of(path))
        after = matched(rows_of(path), roster)
        after = {who: {**row, "Rank": rank_on(board, row)} for who, row in after.items()}
        for who in roster:
            for event in steps(board, moment_of(path), who, before.get(who), after.get(who)):
                again = event.reason == "new" and who in known
                told = replace(event, reason="came-back") if again else event
                if number:  # the first board is what the others are compared with
                    events[who].append(replace(told, passed=whom_passed(told, before, after)))
        known |= set(after)
        before = after
    return [event for who in roster for event in with_drift_summed_up(events[who])]


def whom_passed(event: Event, before: dict[str, Row], after: dict[str, Row]) -> tuple[str, ...]:
    """Who of the others was ahead before somebody improved, and is behind now; the best first."""
    if event.reason != "improved":
        return ()
    return tuple(
        sorted(
            (
                other
                for other in before.keys() & after.keys()
                if int(before[other]["Rank"]) < int(before[event.who]["Rank"])
                and int(after[other]["Rank"]) > int(after[event.who]["Rank"])
            ),
            key=lambda other: (int(after[other]["Rank"]), other),
        )
    )


def rank_on(board: list[Row], row: Row) -> str:
    return next(each["Rank"] for each in board if each["TeamId"] == row["TeamId"])


@dataclass
class TeamEvents:
    """What happened to the teams of a whole board: each as (team's id, moment, the people concerned)."""

    renames: list[tuple[str, str, set[str]]]
    mergers: list[tuple[str, str, set[str]]]
    deletions: list[tuple[str, str, set[str]]]
    joins: list[tuple[str, str, set[str]]]
    parts: list[tuple[str, str, set[str]]]

    @property
    def concerned(self) -> set[str]:
        lists = (self.renames, self.mergers, self.deletions, self.joins, self.parts)
        return {who for events in lists for _, _, people in events for who in people if not is_deleted(who)}


def team_events(snapshots: list[Path]) -> TeamEvents:
    found = TeamEvents([], [], [], [], [])
    for earlier, later in pairwise(snapshots):
        at = moment_of(later)
        old = {row["TeamId"]: row for row in teams_of(rows_of(earlier))}
        new = {row["TeamId"]: row for row in teams_of(rows_of(later))}
        for team, row in old.items():
            was = set(members_of(row))
            if team not in new:
                if any(was < set(members_of(other)) for other in new.values()):
                    found.mergers.append((team, at, was))
                continue
            now = set(members_of(new[team]))
            if row["TeamName"] != new[team]["TeamName"]:
                found.renames.append((team, at, was | now))
            gained = now - was
            if any(is_deleted(member) for member in gained):
                found.deletions.append((team, at, was | now))
            elif was - now:
                found.parts.append((team, at, was | now))
            if any(not is_deleted(member) for member in gained):
                found.joins.append((team, at, was | now))
    return found


def playground_roster(snapshots: list[Path]) -> list[str]:
    """Everybody to whose team something happened, and else the first members of every n-th team."""
    roster = team_events(snapshots).concerned
    firsts = [members_of(row)[:1] for row in teams_of(rows_of(snapshots[-1]))]
    rest = [name for names in firsts for name in names if name not in roster and not is_deleted(name)]
    wanted = PEOPLE - len(roster)
    roster |= {rest[i * len(rest) // wanted] for i in range(wanted)}
    assert len(roster) == PEOPLE
    return sorted(roster)


def old_roster(snapshots: list[Path]) -> list[str]:
    """Old boards name no members: the teams whose names could be usernames."""
    names = {row["TeamName"] for path in snapshots for row in rows_of(path)}
    return sorted(name for name in names if re.fullmatch(r"[a-z0-9_][a-z0-9_-]*", name))


def roster_of(snapshots: list[Path]) -> list[str]:
    return old_roster(snapshots) if "Rank" not in rows_of(snapshots[0])[0] else playground_roster(snapshots)


# kagsync


class RealClub(Club):
    """A club whose boards are real ones."""

    slug = SLUG

    def load_all(self, snapshots: list[Path]) -> None:
        for path in snapshots:
            assert self.load(path, "--accept-name").code == 0

    def news(self) -> str:
        return self.ok("news", SLUG, "--since", BEFORE_ALL, "--format", "json")

    def history(self) -> str:
        return self.ok("history", SLUG, "--format", "csv")


def with_people(club: Club, folder: Path, roster: list[str]) -> RealClub:
    """A club with a database of its own and a roster."""
    folder.mkdir()
    mine = RealClub(club.kagsync, club.settings, folder).beside(folder / "k.db")
    people = folder / "roster.csv"
    with people.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["username"], *([name] for name in roster)])
    mine.track()
    mine.ok("users", "import", str(people))
    return mine


def in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda item: [item[key] or "" for key in ("username", "at", "reason", "member")])


def told_and_expected(
    club: Club, folder: Path, snapshots: list[Path], roster: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What kagsync tells and what the plain script does, in the same order and with the same fields."""
    mine = with_people(club, folder, roster)
    mine.load_all(snapshots)
    expected = in_order([event.fields for event in expected_news(snapshots, roster)])
    items = json.loads(mine.news())
    assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)
    assert {item["competition"] for item in items} == {SLUG}
    teams = {moment_of(path): len(teams_of(rows_of(path))) for path in snapshots}
    assert all(item["teams"] == teams[item["at"]] for item in items)
    return in_order([{key: item[key] for key in expected[0]} for item in items]), expected


def test_the_news_of_a_playground_are_those_of_a_plain_script(
    real_boards: Path, tmp_path: Path, club: Club
) -> None:
    snapshots = paths(real_boards, BOARDS[0])
    assert len(snapshots) == 7
    roster = playground_roster(snapshots)
    told, expected = told_and_expected(club, tmp_path / "club", snapshots, roster)
    assert told == expected
    counts = Counter(item["reason"] for item in told)
    assert counts == Counter(item["reason"] for item in expected)
    # The first board shows most of them, the others came later: each is new once, for nobody came back.
    assert counts["new"] == PEOPLE - len(matched(rows_of(snapshots[0]), roster))
    assert counts.keys() >= {
        "improved",
        "passed",
        "overtaken",
        "submitted",
        "merged",
        "deleted",
        "member-joined",
    }
    assert sum(item["own"] for item in told) <= len(told) / 3


def test_every_event_of_a_team_is_told_to_everybody_in_it(
    real_boards: Path, tmp_path: Path, club: Club
) -> None:
    snapshots = paths(real_boards, BOARDS[0])
    events = team_events(snapshots)
    assert len(events.renames) >= 3
    assert len(events.mergers) >= 1
    assert len(events.deletions) >= 1
    assert len(events.joins) >= 2
    roster = playground_roster(snapshots)
    told, _ = told_and_expected(club, tmp_path / "club", snapshots, roster)
    by_reason: dict[str, set[tuple[str, str]]] = {}
    for item in told:
        by_reason.setdefault(item["reason"], set()).add((item["username"], item["at"]))

    boards = {moment_of(path): matched(rows_of(path), roster) for path in snapshots}
    sooner = {at: before for before, at in pairwise(boards)}

    def stayed(events: list[tuple[str, str, set[str]]]) -> set[tuple[str, str]]:
        """Who was in the team before and after, and is tracked: to them it is news."""
        return {
            (who, at)
            for team, at, people in events
            for who in people
            if all(boards[when].get(who, {}).get("TeamId") == team for when in (sooner[at], at))
        }

    assert stayed(events.renames)
    assert by_reason["renamed"] == stayed(events.renames)
    assert by_reason["member-joined"] == stayed(events.joins)
    assert by_reason["merged"] == {(who, at) for _, at, people in events.mergers for who in people}
    assert {at for _, at in by_reason["deleted"]} == {at for _, at, _ in events.deletions}
    for who, at in by_reason["deleted"]:
        assert any(who in people for _, when, people in events.deletions if when == at)
    assert "left" not in by_reason  # on this board nobody left without a reason


@pytest.mark.long
def test_the_news_of_a_class_are_those_of_a_plain_script(
    real_boards: Path, tmp_path: Path, club: Club
) -> None:
    snapshots = paths(real_boards, BOARDS[1])
    assert len(snapshots) == 20
    roster = old_roster(snapshots)
    told, expected = told_and_expected(club, tmp_path / "club", snapshots, roster)
    assert told == expected
    counts = Counter(item["reason"] for item in told)
    assert counts["new"] == len(roster) - len(matched(rows_of(snapshots[0]), roster))
    assert counts["passed"] > 0
    # A team that has another name, or none any more, is nobody that an old board could tell from another.
    renamed = [who for who in roster if who not in matched(rows_of(snapshots[-1]), roster)]
    assert counts["left"] >= len(renamed) > 0
    assert not counts.keys() & {"renamed", "merged", "deleted", "member-joined", "member-left", "submitted"}


@pytest.mark.long
@pytest.mark.parametrize("pattern", BOARDS)
def test_news_and_history_are_the_same_to_the_byte_in_any_order(
    real_boards: Path, tmp_path: Path, club: Club, pattern: str
) -> None:
    snapshots = paths(real_boards, pattern)
    roster = roster_of(snapshots)
    chance = random.Random(11)
    shuffled = [chance.sample(snapshots, len(snapshots)) for _ in range(2)]
    told = []
    for number, order in enumerate((snapshots, snapshots[::-1], *shuffled)):
        mine = with_people(club, tmp_path / str(number), roster)
        mine.load_all(order)
        told.append((mine.news(), mine.history()))
    news, history = told[0]
    assert json.loads(news)
    assert len(history.splitlines()) > len(roster)
    for other_news, other_history in told[1:]:
        assert other_news == news
        assert other_history == history
