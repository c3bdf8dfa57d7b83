"""A class through a term: wrong names, new names on Kaggle, people who leave, come back or are forgotten.

Beside the class, a club that has every name right from the start syncs the same boards. At the end, both have
the same entries, history and news. The one exception is told in `test_a_term`.
"""

from __future__ import annotations

import random
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from world import invariants, traces
from world.boards import Team, board_csv
from world.clocked import DAY, Clocked

from kagsync import clock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from world.kaggle_server import KaggleServer
    from world.running import Kagsync

    from kagsync.settings import Settings

BEGIN = datetime(2026, 9, 7, 8, tzinfo=UTC)
WEEK = 7 * DAY
SLUGS = ("titanic", "houses")

FIRST = ("Jörg", "Änne", "Zoë", "Mona", "Defne", "Ilia", "Tomke", "Rúna")
LAST = ("Süßmilch", "Nachtigal", "Öztan", "Brandauer", "Vandersloot")
ASCII = str.maketrans({"ö": "o", "Ä": "a", "ë": "e", "ú": "u", "ü": "u", "ß": "s", "Ö": "o"})

MISTYPED = {1: "jorgsusmlich1", 2: "jorgnachtigall2", 3: "joergoztan3"}
LATE = {4: "jorgbrandaur4", 5: "jorgvanderslot5"}  # mistyped, and their teams are not on the first board
WRONG = {6: "lord_of_forests"}  # nothing like the username on Kaggle
RENAMED = {10: "the_real_ruby", 21: "dawn_patrol"}  # on Kaggle, in the third week
MATES = {21: 22}  # number → the other one in the team
LEFT = {12, 23, 34}
RETURNED = 12
FORGOTTEN = 15
PATTERNS, EXACT = range(33, 39), range(39, 41)  # known by the team only: by its student id, by its exact name
COPIED = 35  # a stranger's team also has this student's id in its name
IN_BOTH = {1, 2, 3, 6, 10, 12, 15, 21, 22, 34, 35, *range(25, 41, 2)}  # in both competitions
PSEUDONYM = "Blue Heron"


class Pupil(NamedTuple):
    """A pupil as the school and Kaggle know them. The username and the team are those of the first week."""

    number: int
    last: str
    first: str
    group: str
    student_id: str
    username: str
    team: str

    @property
    def has_username(self) -> bool:
        """Whether the teacher knows it."""
        return self.number not in PATTERNS and self.number not in EXACT


def _pupil(number: int) -> Pupil:
    first, last = FIRST[(number - 1) // 5], LAST[(number - 1) % 5]
    if number == FORGOTTEN:
        first, last = "Ottoline", "Whitcombe"
    username = f"{first}{last}{number}".translate(ASCII).lower()
    student_id = f"S-{4700 + number}"
    team = f"Gruppe {student_id}" if number in PATTERNS else f"The Crew of Boat {number}x"
    return Pupil(number, last, first, "7A" if number <= 20 else "7B", student_id, username, team)


PUPILS = {number: _pupil(number) for number in range(1, 41)}
RIGHT = {number: pupil.username for number, pupil in PUPILS.items() if pupil.has_username}
NEW_TEAM = "Owls by Day"  # of the one who is forgotten, from the third week on


def members(number: int, week: int) -> list[str]:
    """Who is in a pupil's team on Kaggle."""
    numbers = [number, *([MATES[number]] if number in MATES else [])]
    return [
        RENAMED[each] if each in RENAMED and week >= 2 else PUPILS[each].username for each in sorted(numbers)
    ]


def board(slug: str, week: int) -> list[Team]:
    """The board of a week: the pupils' teams and strangers' ones, in another order each week."""
    found = [
        Team(
            1000 + number,
            NEW_TEAM if number == FORGOTTEN and week >= 2 else pupil.team,
            tuple(members(number, week)),
        )
        for number, pupil in PUPILS.items()
        if number not in MATES.values()
        and (slug == SLUGS[0] or number in IN_BOTH)
        and not (number in LATE and week == 0)
    ]
    found += [Team(5000 + number, f"Strangers {number}", (f"qqq{number:03}",)) for number in range(60)]
    found.append(Team(6000, f"Fans of {PUPILS[COPIED].student_id}", ("qqqfan",)))
    random.Random(f"{slug} {week}").shuffle(found)
    return [
        replace(team, score=f"{0.9 - place / 1000:.5f}", submissions=week + 1)
        for place, team in enumerate(found)
    ]


class Term(Clocked):
    """A club that follows the class.

    Attributes:
        tracked: the numbers of the pupils who are tracked.
        usernames: number → the username by which a pupil is tracked, of those who have one.
        exact: whether the copied team is given by its exact name.
    """

    tracked: set[int]
    usernames: dict[int, str]
    exact: bool

    @property
    def log(self) -> Path:
        return self.folder / f"{self.db.parent.name}.log"

    @property
    def report(self) -> Path:
        return self.folder / f"report of {self.db.parent.name}"

    @property
    def week(self) -> int:
        return (clock.utc_now() - BEGIN) // WEEK

    def handle(self, number: int) -> str:
        """What a pupil is called in every answer."""
        return self.usernames.get(number) or PUPILS[number].student_id.lower()

    def handles(self, numbers: Iterable[int]) -> set[str]:
        return {self.handle(number) for number in numbers}

    def take(self, *words: str) -> list[str]:
        """Imports the school's list of who is in the class, as Excel writes it in German."""
        lines = ["Name;Vorname;Klasse;Matrikel-Nr.;Kaggle-Benutzername;Kaggle-Team;E-Mail"]
        for number in sorted(self.tracked):
            pupil = PUPILS[number]
            by_pattern = number in PATTERNS and not (number == COPIED and self.exact)
            team = "" if pupil.has_username else "/{id}/" if by_pattern else pupil.team
            cells = (pupil.last, pupil.first, pupil.group, pupil.student_id, self.usernames.get(number, ""))
            lines.append(";".join([*cells, team, f"{number}@school.example"]))
        path = self.folder / "lists" / f"{self.db.parent.name}-{self.week}-{len(lines)}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))
        return self.ok("users", "import", str(path), *words).splitlines()

    def sync_all(self, *words: str) -> set[str]:
        """One run of cron's. It counts the teams that are ours; the questions that it asks are returned."""
        ran = self.ok("sync", "--all", "--log-file", str(self.log), *words)
        summary, *asked = ran.splitlines()
        mates = {mate: number for number, mate in MATES.items()}
        rows = sum(len({mates.get(number, number) for number in self.there(slug)}) for slug in SLUGS)
        assert summary == f"Synced {rows} {'entry' if rows == 1 else 'entries'} across 2 competitions"
        return {line for line in asked if "become" in line}

    def there(self, slug: str) -> set[int]:
        """Who of the tracked pupils must be found on the board of this week."""
        found = set()
        for team in board(slug, self.week):
            number = team.team_id - 1000
            found |= {each for each in self.tracked if self.usernames.get(each) in team.members}
            if number in self.tracked and not PUPILS[number].has_username:
                found |= {number} if number != COPIED or self.exact else set()
        return found

    def agrees(self) -> None:
        """Asserts that the database is sound, and that lists and counts are those of who is tracked."""
        invariants.check(self.db)
        people = self.json("users", "list")
        assert {each["handle"] for each in people} == self.handles(self.tracked)
        assert len(people) == len(self.tracked)
        for slug in SLUGS:
            shown = self.json("show", slug)
            on_board = [each["handle"] for each in shown if each["left_at"] is None]
            assert sorted(on_board) == sorted(self.handles(self.there(slug)))
            absent = {each["handle"]: each["possible_rename"] for each in self.json("missing", slug)}
            assert absent.keys() | {each["handle"] for each in shown} == self.handles(self.tracked)
            assert all(absent[each["handle"]] for each in shown if each["handle"] in absent)
            rule = {each["handle"]: each["matched_by"] for each in shown}
            by_team = self.handles(n for n in self.tracked if not PUPILS[n].has_username)
            assert {handle for handle, by in rule.items() if by == "team"} == by_team & rule.keys()

    def answer(self, question: str) -> None:
        """Does what a question suggests."""
        program, *words = shlex.split(question.partition("? ")[2])
        assert program == "kagsync"
        self.ok(*words)

    def load_old(self, slug: str, week: int) -> None:
        """Loads the board of an earlier week from a file."""
        when = clock.iso(BEGIN + week * WEEK).removesuffix("Z")
        file = self.file(board_csv(board(slug, week)), when, slug)
        self.ok("sync", slug, "--from", str(file))
        file.unlink()

    def events(self, numbers: Iterable[int]) -> set[str]:
        """The reasons in the news of the last weeks about these pupils."""
        handles = self.handles(numbers)
        return {each["reason"] for each in self.json("news", "--since", "20d") if each["handle"] in handles}

    def all_of(self) -> dict[str, list[dict[str, Any]]]:
        """Entries, history and news of everybody who is tracked."""
        found = {"news": self.json("news", "--since", clock.iso(BEGIN))}
        for view in ("leaderboard", "history"):
            columns = [row[1] for row in self.ask(f"PRAGMA table_info({view})")]
            found[view] = [dict(zip(columns, row, strict=True)) for row in self.ask(f"SELECT * FROM {view}")]
        return found


def comparable(what: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `Term.all_of` without what depends on the board that somebody was found too late for.

    Others may have passed that one. And an id has the number of a person, which is another one in another
    database.
    """
    found = []
    for each in rows:
        row = each
        if what == "news":
            reason = "improved" if row["reason"] == "passed" else row["reason"]
            row = row | {"id": None, "sentence": None, "passed": None, "reason": reason}
        if (row["competition"], row["student_id"]) != (SLUGS[1], PUPILS[6].student_id):
            found.append(row)
        elif what == "leaderboard":
            found.append(row | {"first_seen_at": None})
        elif row["at"] > clock.iso(BEGIN + WEEK * (what == "news")):
            found.append(row)
    return found


@pytest.mark.long
def test_a_term(
    kagsync: Kagsync,
    settings: Settings,
    tmp_path: Path,
    kaggle: KaggleServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Entries, history and news of everybody end as those of a club that had the right names.

    They cannot in one place: whoever was found a week late, and of whose competition nobody has kept that
    week's board, has no history of that week there.
    """
    term = Term(kagsync, settings, tmp_path, kaggle, monkeypatch)
    twin = term.beside(tmp_path / "twin" / "kagsync.db")
    term.db = tmp_path / "class" / "kagsync.db"
    term.now = BEGIN
    term.tracked, term.usernames, term.exact = set(PUPILS), RIGHT | MISTYPED | LATE | WRONG, False
    twin.tracked, twin.usernames, twin.exact = set(PUPILS) - {FORGOTTEN}, dict(RIGHT), True

    def publish() -> None:
        for slug in SLUGS:
            kaggle.board(slug, board_csv(board(slug, term.week)), clock.iso(term.now).removesuffix("Z"))

    def begin_week() -> None:
        term.now = BEGIN + (term.week + 1) * WEEK
        publish()

    # The first week: the list is imported when the boards are known already.
    publish()
    for club in (term, twin):
        tracked, club.tracked = club.tracked, set()
        club.db.parent.mkdir()
        club.competitions(*SLUGS)
        assert club.sync_all() == set()
        club.tracked = tracked
    told = term.take()
    assert "Columns left out: E-Mail" in told
    assert "Users added: 40, changed: 0, unchanged: 0" in told
    hints = dict(re.findall(r"^(\S+): never .*did you mean (\S+) \(on ", "\n".join(told), re.MULTILINE))
    assert hints == {MISTYPED[number]: RIGHT[number] for number in MISTYPED}
    for name in (*LATE.values(), *WRONG.values()):
        assert f"{name}: never seen on any board" in told
    twin.take()
    assert twin.sync_all() == term.sync_all() == set()
    term.agrees()

    # Three names are put right as the hints say. Where a pattern matches two teams, the exact name is set.
    for wrong, right in hints.items():
        assert f"Renamed {wrong} to {right}" in term.ok("users", "rename", wrong, right)
    term.usernames |= {number: RIGHT[number] for number in MISTYPED}
    doubt = term.ok("missing", SLUGS[0])
    assert PUPILS[COPIED].team in doubt
    assert f"Fans of {PUPILS[COPIED].student_id}" in doubt
    term.ok("users", "add", "--student-id", PUPILS[COPIED].student_id, "--team", PUPILS[COPIED].team)
    term.exact = True
    term.ok("users", "add", term.handle(FORGOTTEN), "--pseudonym", PSEUDONYM)
    assert term.sync_all() == set()
    term.agrees()

    # The second week: `missing` finds two more. The school's next list has all three names right.
    begin_week()
    assert twin.sync_all() == term.sync_all() == set()
    term.agrees()
    nearest = {each["handle"]: each["nearest"] for each in term.json("missing", SLUGS[0])}
    assert nearest == {LATE[number]: RIGHT[number] for number in LATE} | {WRONG[6]: None}
    wrong = {number: term.usernames[number] for number in (*LATE, *WRONG)}
    term.usernames = dict(RIGHT)
    told = term.take()
    assert "Users added: 0, changed: 3, unchanged: 37" in told
    for number, name in wrong.items():
        assert any(f"username {name} → {RIGHT[number]}" in line for line in told)
    term.sync_all()
    term.agrees()
    term.load_old(SLUGS[0], 0)  # for the one who was found late
    term.agrees()

    # The third week: two have new usernames on Kaggle. The twin hears of it at once.
    begin_week()
    for number, name in RENAMED.items():
        twin.ok("users", "rename", twin.usernames[number], name)
    twin.usernames |= RENAMED
    assert twin.sync_all() == set()
    questions = term.sync_all()
    assert len(questions) == len(RENAMED)
    for number, name in RENAMED.items():
        assert any(f"has @{RIGHT[number]} become @{name}?" in each for each in questions)
    for question in questions:
        for command in ("show", "missing"):
            assert question in term.ok(command, SLUGS[0])
    (question,) = (each for each in questions if RENAMED[10] in each)
    (later,) = questions - {question}
    term.answer(question)
    term.usernames[10] = RENAMED[10]
    assert term.sync_all() == {later}
    term.agrees()

    # The fourth week: the other question is answered only now, so that week's boards are loaded from files.
    begin_week()
    assert twin.sync_all() == set()
    assert term.sync_all() == {later}
    term.answer(later)
    term.usernames |= RENAMED
    assert term.sync_all() == set()
    affected = [*RENAMED, *MATES.values()]
    assert not term.events(affected) & {"left", "came-back", "new", "moved", "member-left", "member-joined"}
    for slug in SLUGS:
        term.load_old(slug, 2)
    assert term.events(affected) == twin.events(affected)

    # Three have left the class.
    before = [row for row in term.all_of()["history"] if row["handle"] == term.handle(RETURNED)]
    leaving = term.handles(LEFT)
    for club in (twin, term):
        club.tracked -= LEFT
        told = club.take("--dry-run", "--prune")
        assert {line.rpartition("(")[2].strip(" )") for line in told if line.startswith("  ")} == leaving
        assert "archived: 3" in club.take("--prune", "--yes")[-1]
        assert {each["handle"] for each in club.json("users", "list", "--archived")} == leaving
        club.sync_all()
    term.agrees()

    # The fifth week: one of them is back on the list.
    begin_week()
    for club in (twin, term):
        club.tracked.add(RETURNED)
        assert any(line.endswith(": restored") for line in club.take("--prune", "--yes"))
        club.sync_all()
    term.agrees()
    after = [row for row in term.all_of()["history"] if row["handle"] == term.handle(RETURNED)]
    assert [row for row in after if row in before] == before
    assert len(after) > len(before)

    # The sixth week: one wants to be forgotten.
    begin_week()
    for club in (twin, term):
        club.sync_all("--report", str(club.report))
    pupil = PUPILS[FORGOTTEN]
    known = [pupil.username, pupil.first, pupil.last, pupil.student_id, pupil.team, NEW_TEAM, PSEUDONYM]
    # Free pages with old data, as SQLite leaves them where it is not compiled to overwrite what it deletes.
    term.execute("PRAGMA secure_delete = OFF; CREATE TABLE old AS SELECT * FROM users; DROP TABLE old")
    assert traces.of(known, term.db) == set(known)
    assert traces.of(known, term.report) >= {pupil.username, pupil.last, NEW_TEAM}
    term.ok("users", "remove", f"{pupil.last}, {pupil.first}", "--yes")
    term.tracked.remove(FORGOTTEN)
    kept = [term.db.parent, tmp_path / "home", tmp_path / "cache", term.log]
    assert traces.of(known, *kept) == set()
    term.ok("report", "--output", str(term.report))
    assert traces.of(known, *kept, term.report) == set()
    term.agrees()

    # The last week, with a report that names nobody.
    begin_week()
    texts = [*known, *MISTYPED.values(), *LATE.values(), *WRONG.values(), *RENAMED.values()]
    for pupil in PUPILS.values():
        texts += [f"{pupil.last}, {pupil.first}", pupil.last, pupil.username, pupil.student_id, pupil.team]
    named = {term.handle(number) for number in term.tracked if PUPILS[number].has_username}
    assert named <= traces.of(texts, term.report)
    for club in (twin, term):
        club.sync_all("--report", str(club.report), "--names", "pseudonym")
    term.agrees()
    assert traces.of(texts, term.report, term.log) == set()
    assert traces.of(["Person ", "Synced"], term.report, term.log) == {"Person ", "Synced"}

    # After the term: the people who left are still there, and everybody is as in the other club.
    for club in (twin, term):
        club.ok("users", "restore", *club.handles(LEFT - {RETURNED}))
    ours, theirs = term.all_of(), twin.all_of()
    for what in ours:
        assert comparable(what, ours[what]) == comparable(what, theirs[what]), what
