"""Pages that must not tell who is who: all files of a folder are searched for whatever is known of people."""

from __future__ import annotations

import html
import itertools
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from world.boards import Team, board_csv
from world.club import SLUG, Club
from world.database import prepared

from kagsync import clock
from kagsync.queries import news
from kagsync.report import PSEUDONYM, REAL, USERNAME
from kagsync.report import write as report
from kagsync.safe_text import printable
from kagsync.scoring.series import PLACES, SCORE, Part, Scale, Series
from kagsync.standings import movements
from kagsync.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

NOW = clock.parse_iso("2025-10-31T17:00:00Z")
DIGITS = "digits"


@dataclass(frozen=True)
class Person:
    """Somebody on the roster. Nobody's words are in the pages' own text."""

    username: str
    name: str | None = None
    group: str | None = "7A"
    student_id: str | None = None
    team: str | None = None
    pseudonym: str = ""
    other_handle: str | None = None  # of people who are known by their team, and have no username

    @property
    def handle(self) -> str:
        return self.other_handle or self.username


ZEPHYRINE = Person(
    "zephyrine",
    'Zéphyrine <i class="x">Quatremère</i> & Söhnlein',
    student_id="MN/40417 ü",
    pseudonym="Heron",
)
QUIMBY = Person("quimby.q", "Quentin Imbyson", "Quärtett", "MN-40418", pseudonym="Osprey 1001")
BRANDTNER = Person("brandtner", "Birgit Brandtnerová", student_id="MN-40419", pseudonym="Person 7002")
ODA = Person("oda_brix", "Oda van der Brixen", "Quärtett", pseudonym="Person 7003")
XANTHIPPE = Person("xanthippe", None, None, pseudonym="Person 7004")
PALOOKA = Person("palooka7", "Joe Palookson", pseudonym="Person 7005")
DELGADO = Person("delgado_d", "Dolores Delgadillo", pseudonym="Person 7006")
WOBBLY = Person("wobblyjane", "Jane Wobblington", pseudonym="Person 7007")  # never seen: it is wobblyjana
VORHEES = Person(
    "tmember",
    "Tessaly Vorhees",
    student_id="MN-40420",
    team="[34] Vorheesian “friendos”",
    pseudonym="Person 7008",
    other_handle="mn-40420",
)
NAMELESS = Person(
    "umember", None, "Quärtett", team="Ünderdoggies", pseudonym="Person 7009", other_handle="underdoggies"
)
PEOPLE = (ZEPHYRINE, QUIMBY, BRANDTNER, ODA, XANTHIPPE, PALOOKA, DELGADO, WOBBLY, VORHEES, NAMELESS)
GONE = "del=0123456789abcdef"

FIRST = (
    Team(1, "Qüagmiresian & Soonest", ("brandtner", "quimby.q"), "0.90"),
    Team(2, "Zetaville <zetas>", ("zephyrine",), "0.89"),
    Team(3, "Kestrelnest", ("kestrelwing",), "0.88"),
    Team(4, "Odasbricks", ("oda_brix",), "0.87"),
    Team(5, "xanthippe", ("strangerfive",), "0.86"),
    Team(6, "Palookaville", ("palooka7",), "0.85"),
    Team(7, VORHEES.team or "", ("tmember",), "0.84"),
    Team(8, NAMELESS.team or "", ("umember",), "0.83"),
    Team(9, "Wobblersons", ("wobblyjana",), "0.82"),
    Team(10, "Delicatessen", ("delgado_d",), "0.81"),
    Team(99, "host baseline", (), "0.95", rank=0),
)
# Quimby's team has another name and another member, brandtner one of her own, and oda merged.
SECOND = (
    Team(2, "Zetaville <zetas>", ("zephyrine",), "0.93", submissions=3),
    Team(1, "Quagmiristan 9000", ("mirabello", "quimby.q"), "0.90"),
    Team(3, "Kestrelbrix", ("kestrelwing", "oda_brix"), "0.88", submissions=9),
    Team(11, "Brandtsolo", ("brandtner",), "0.87"),
    *FIRST[4:5],
    *FIRST[6:9],
    Team(10, "Delicatessen", (GONE,), "0.81"),
    FIRST[-1],
)
THIRD = (*SECOND[:4], FIRST[5], *SECOND[4:])
RESULT = (*SECOND[2:4], *SECOND[:2], *SECOND[4:-2])
CORRECTED = (
    Team(12, "Brandtquimbies", ("brandtner", "quimby.q"), "0.91"),
    *(team for team in RESULT if team.team_id not in (1, 11)),
)
TEAMS = {team.name for team in itertools.chain(FIRST, SECOND, CORRECTED)} - {"xanthippe", "host baseline"}
STRANGERS = {"kestrelwing", "strangerfive", "wobblyjana", "mirabello", "tmember", "umember", GONE}
FILES = {"feed.xml", "deadlines.ics", "standings.json", f"embed-{DIGITS}.html"}
COLUMN = "Grumbledore"  # of a file that is no board: the error of the last sync does not quote it


class Class(Club):
    """All these people, on the boards of two competitions."""

    def __init__(self, kagsync: Kagsync, settings: Settings, folder: Path) -> None:
        super().__init__(kagsync, settings, folder)
        self.site = folder / "site"
        prepared(self.db, "a class", self._fill)

    def _fill(self) -> None:
        self.track(*(person.username for person in PEOPLE))
        self.competitions(DIGITS)
        for person in PEOPLE:
            self.execute(
                'UPDATE users SET name = ?, "group" = ?, student_id = ?, team = ?, pseudonym = ? '
                "WHERE username = ?",
                person.name,
                person.group,
                person.student_id,
                person.team,
                person.pseudonym,
                person.username,
            )
        for slug in (SLUG, DIGITS):
            self.board("2025-10-31T12:00:00", *FIRST, slug=slug)
            self.board("2025-10-31T16:10:00", *SECOND, slug=slug)
        self.board("2025-10-31T16:20:00", *THIRD)
        self.board("2025-10-31T16:30:00", *SECOND)
        for minute, teams in ((40, RESULT), (50, CORRECTED)):
            path = self.file(board_csv(teams), f"2025-10-31T16:{minute}:00")
            assert self.load(path, "--board", "private").code == 0
        assert self.load(self.file(f"{COLUMN}\n".encode(), slug=DIGITS), slug=DIGITS).code == 1
        with Store.open(self.db, self.settings.locks) as store:
            for group, rule, slugs in ((None, PLACES, (SLUG, DIGITS)), ("Quärtett", SCORE, (DIGITS,))):
                parts = tuple(
                    Part(store.competitions.get(slug).id, slug, 1.0, Scale(0.8, 0.9, 50.0)) for slug in slugs
                )
                store.series.save(Series(0, f"Season of {len(slugs)}", rule, group=group, parts=parts))
        # The rule that finds people by their team is another test's.
        for person in PEOPLE:
            if person.other_handle:
                self.execute(
                    "UPDATE users SET username = NULL, handle = ? WHERE username = ?",
                    person.handle,
                    person.username,
                )

    def write(self, content: report.Content) -> set[str]:
        """Writes the report; returns whatever a search of its folder finds of `EVERYTHING`."""
        with Store.open(self.db, self.settings.locks) as store:
            report.report(store, self.site, NOW, content)
        return found_in(self.site, EVERYTHING)


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Class:
    return Class(kagsync, settings, tmp_path)


def of(people: Iterable[Person], *columns: str) -> set[str]:
    return {value for person in people for column in columns if (value := getattr(person, column))}


NAMES = of(PEOPLE, "name")
USERNAMES = {person.username for person in PEOPLE if not person.other_handle}
IDS = of(PEOPLE, "student_id", "other_handle")
PSEUDONYMS = of(PEOPLE, "pseudonym")
EVERYTHING = NAMES | USERNAMES | IDS | PSEUDONYMS | TEAMS | STRANGERS | {COLUMN}


def found_in(folder: Path, secrets: Iterable[str]) -> set[str]:
    """Which of these are anywhere in the files of a folder or in their names, whole or by a word of them."""
    texts = [text for path in folder.rglob("*") for text in (path.name, path.read_text(encoding="utf-8"))]
    ways = (str, html.unescape, unquote, lambda text: html.unescape(unquote(text)))
    stack = "\n".join(way(text) for text in texts for way in ways).casefold()
    return {secret for secret in secrets if any(form.casefold() in stack for form in _forms(secret))}


def _forms(secret: str) -> set[str]:
    """A text as pages may write it, and its words, since charts cut long names."""
    whole = {secret, printable(secret), html.escape(secret), html.escape(secret, quote=False), quote(secret)}
    return whole if secret in PSEUDONYMS else whole | set(re.findall(r"[^\W\d_]{6,}", secret))


def test_the_boards_have_a_movement_for_every_reason_that_names_somebody(club: Class) -> None:
    with Store.open(club.db, club.settings.locks) as store:
        boards = news.on_both_boards(store, store.competitions.all())
        items = news.news(store, boards, store.users.all(), lambda _: NOW - timedelta(hours=1))
    reasons = {(item.competition.board, item.movement.reason) for item in items}
    about = ("MERGED", "MOVED", "RENAMED", "MEMBER_JOINED", "MEMBER_LEFT", "DELETED", "LEFT", "CAME_BACK")
    assert reasons >= {("public", getattr(movements, reason)) for reason in about}
    assert reasons >= {("private", movements.FINAL), ("private", movements.MOVED)}


def test_the_search_finds_whatever_is_there(club: Class) -> None:
    """Pages with real names have nearly everything, so a search that finds nothing elsewhere is sound."""
    found = club.write(report.Content(names=REAL, since=timedelta(hours=1)))
    assert found >= NAMES | USERNAMES | {"wobblyjana", "mirabello"}
    assert COLUMN not in found
    strangers = {"Kestrelnest", "Wobblersons"}
    assert found >= TEAMS - strangers - {"Delicatessen", "Palookaville"}  # of people who left


def test_real_names_come_with_no_student_id_and_no_pseudonym(club: Class) -> None:
    found = club.write(report.Content(names=REAL, since=timedelta(hours=1)))
    assert found & (IDS | PSEUDONYMS) == set()


CONTENTS = [
    report.Content(since=timedelta(hours=1)),
    report.Content(since=timedelta(days=30)),
    report.Content(group="7A"),
    report.Content(group="Quärtett", since=timedelta(hours=1)),
    report.Content(board="public", since=timedelta(hours=1)),
    report.Content(board="private", since=timedelta(hours=1)),
    report.Content(slugs=[DIGITS], title="Course 2025"),
]
CHOSEN = ["an hour", "a month", "7A", "quartet", "public", "private", "digits"]


@pytest.mark.parametrize("content", CONTENTS, ids=CHOSEN)
def test_pages_of_usernames_tell_nothing_else(club: Class, content: report.Content) -> None:
    found = club.write(replace(content, names=USERNAME))
    assert found <= USERNAMES | {VORHEES.pseudonym, NAMELESS.pseudonym}
    assert found & USERNAMES and found & PSEUDONYMS


@pytest.mark.parametrize("content", CONTENTS, ids=CHOSEN)
def test_pages_of_pseudonyms_tell_nothing_else(club: Class, content: report.Content) -> None:
    found = club.write(replace(content, names=PSEUDONYM))
    group = [person for person in PEOPLE if content.group in (None, person.group)]
    seen = [person for person in group if person not in (DELGADO, WOBBLY, PALOOKA)]
    assert of(seen, "pseudonym") <= found <= PSEUDONYMS
    # No number tells in which order people were added.
    pages = "".join(path.read_text(encoding="utf-8") for path in club.site.iterdir())
    assert set(re.findall('data-user="([^"]*)"', pages)) <= {name.lower() for name in PSEUDONYMS}
    numbers = {int(number) for number in re.findall("<id>urn:kagsync:[^:]+:([^:]+):", pages)}
    assert len(numbers) > 1 and not numbers & set(range(1, len(PEOPLE) + 10))
    files = {path.name for path in club.site.iterdir()}  # all of them were searched
    assert files >= FILES and any(file.startswith("series-season-of-") for file in files)


# People who leave


@pytest.mark.long
@pytest.mark.parametrize("names", [REAL, USERNAME, PSEUDONYM])
@pytest.mark.parametrize("with_sync", [True, False], ids=["sync --report", "report"])
@pytest.mark.parametrize("command", ["remove", "archive"])
def test_nothing_is_left_of_people_who_are_removed_or_archived(
    club: Class, names: str, with_sync: bool, command: str
) -> None:
    gone = (ZEPHYRINE, VORHEES, WOBBLY)
    secrets = of(gone, "name", "username", "student_id", "team", "pseudonym") | {"Zetaville <zetas>"}
    club.ok("report", "--output", str(club.site), "--names", names)
    assert found_in(club.site, secrets)
    club.ok(
        "users", command, *(person.handle for person in gone), *(["--yes"] if command == "remove" else [])
    )
    if with_sync:
        path = club.file(board_csv(SECOND), "2025-10-31T16:30:00")
        assert club.load(path, "--report", str(club.site)).code == 0
    else:
        club.ok("report", "--output", str(club.site))
    assert found_in(club.site, secrets) == set()


@pytest.mark.long
def test_a_new_username_replaces_the_old_one(club: Class) -> None:
    club.ok("report", "--output", str(club.site))
    club.ok("users", "rename", "wobblyjane", "wibblyjane")
    path = club.file(board_csv(SECOND), "2025-10-31T16:30:00")
    assert club.load(path, "--report", str(club.site)).code == 0
    assert found_in(club.site, {"wobblyjane", "wibblyjane"}) == {"wibblyjane"}


def test_a_run_in_which_nothing_changed_writes_no_page(club: Class) -> None:
    path = club.file(board_csv(SECOND), "2025-10-31T16:30:00")
    words = ("--report", str(club.site), "--names", PSEUDONYM)
    assert club.load(path, *words).code == 0
    before = {page: page.stat().st_mtime_ns for page in club.site.iterdir()}
    assert club.load(path, "--report", str(club.site)).code == 0
    assert {page: page.stat().st_mtime_ns for page in club.site.iterdir()} == before
