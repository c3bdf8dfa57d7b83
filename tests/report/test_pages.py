"""`kagsync report`: whole pages that stand alone, replaced in one step, only when they say something new."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import random
import re
import sqlite3
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from world.boards import Team, board_csv
from world.club import SLUG, Club
from world.hostile import HOSTILE
from world.running import set_columns

from kagsync import clock
from kagsync.report import chart, folder, pages
from kagsync.report import write as report
from kagsync.report.gather import Gathered
from kagsync.safe_text import printable
from kagsync.standings.ranks import pack
from kagsync.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from world.running import Kagsync

    from kagsync.settings import Settings
    from kagsync.store.records import Competition

NOW = datetime(2025, 11, 10, 12, tzinfo=UTC)
LIMIT = 300 * 1024  # bytes of a page, which phones fetch too
PAYLOADS = {
    "script": "<script>window.owned = 1</script>",
    "breakout": '"><img src=x onerror="window.owned = 1">',
    "single": "' onfocus='window.owned=1' autofocus='",
    "template": "{{7*7}}{% raw %}${7*7}",
    "comment": "--><svg/onload=window.owned=1><!--",
    "style": "</style></title></script><script>window.owned = 1</script>",
    "link": "javascript:window.owned=1",
    "entity": "&lt;script&gt;&#x41;&amp;",
    **{name: text for name, text in HOSTILE.items() if name not in ("long", "long and wide")},
}


@dataclass(frozen=True)
class Standing:
    """A person's way through the boards of `Filling.moments`: the last `ranks` are those of the last ones."""

    username: str
    name: str | None = None
    group: str | None = None
    team: str = "A team"
    ranks: Sequence[int | None] = (1,)
    scores: Sequence[str] = ("0.5",)
    submissions: Sequence[int] = (3,)


@dataclass
class Filling:
    """A competition that is written straight into a database: a year of boards takes too long to sync."""

    standings: list[Standing]
    moments: list[int]
    slug: str = SLUG
    title: str | None = "Titanic"
    synced_at: datetime = NOW - timedelta(minutes=5)
    missing: list[str] = field(default_factory=list)
    deadline: datetime | None = None
    final: Sequence[int] = ()  # each person's rank on a private board, made with the last public one

    def into(self, db: Path) -> None:
        """Adds it to a database, which is made if need be."""
        with Store.open(db, locks_of(db), create=True):
            pass
        with contextlib.closing(sqlite3.connect(db)) as connection, connection:
            self._fill(connection)

    def _fill(self, connection: sqlite3.Connection) -> None:
        last = clock.from_unix(self.moments[-1])
        competition = connection.execute(
            "INSERT INTO competitions (slug, title, added_at, synced_at, snapshot_at, row_count, team_count, "
            "fingerprint, inferred_higher_is_better, deadline) VALUES (?, ?, ?, ?, ?, 2000, 2000, 'x', 1, ?)",
            (
                self.slug,
                self.title,
                last,
                clock.iso(self.synced_at),
                last,
                self.deadline and clock.iso(self.deadline),
            ),
        ).lastrowid
        connection.executemany(
            "INSERT INTO snapshots VALUES (?, ?, 0, 2000, 2000, 100000, NULL, NULL, NULL, NULL)",
            [(competition, moment) for moment in self.moments],
        )
        for number, each in enumerate(self.standings, 1):
            user = self._user(connection, each.username, each.name, each.group)
            team = connection.execute(
                "INSERT INTO teams (team_id, name, members) VALUES (?, ?, ?)",
                (number, each.team, each.username),
            ).lastrowid
            ranks = list(each.ranks)
            scores = [*each.scores[:1] * (len(ranks) - len(each.scores)), *each.scores]
            counts = [*each.submissions[:1] * (len(ranks) - len(each.submissions)), *each.submissions]
            at = self.moments[-len(ranks) :]
            connection.executemany(
                "INSERT INTO entry_history VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(user, competition, at[i], ranks[i], scores[i], team, counts[i]) for i in range(len(ranks))],
            )
            connection.execute(
                "INSERT INTO leaderboard_entries "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'username', ?, NULL, NULL)",
                (
                    competition,
                    user,
                    ranks[-1],
                    float(scores[-1]),
                    scores[-1],
                    each.team,
                    number,
                    each.username,
                    last,
                    counts[-1],
                    last,
                ),
            )
        for username in self.missing:
            self._user(connection, username, None, None)
        if self.final:
            self._fill_private(connection, competition)

    def _fill_private(self, connection: sqlite3.Connection, competition: int | None) -> None:
        moment, at = self.moments[-1], clock.from_unix(self.moments[-1])
        connection.execute(
            "UPDATE competitions SET result_since = ?, medals = 1 WHERE id = ?", (at, competition)
        )
        connection.execute("INSERT INTO private_boards VALUES (?, ?, 2000, 2000, 'p')", (competition, at))
        connection.execute(
            "INSERT INTO private_snapshots VALUES (?, ?, 0, 2000, 2000, 100000, NULL, NULL, NULL, NULL)",
            (competition, moment),
        )
        connection.execute("INSERT INTO private_medal_lines VALUES (?, 'gold', 14, 0.9)", (competition,))
        for number, (each, rank) in enumerate(zip(self.standings, self.final, strict=True), 1):
            user, score = self._user(connection, each.username, each.name, each.group), f"0.{9000 - rank}"
            connection.execute(
                "INSERT INTO private_entries SELECT competition_id, user_id, ?, ?, ?, kaggle_team_name, "
                "team_id, members, submission_date, submission_count, matched_by, ?, NULL, NULL "
                "FROM leaderboard_entries WHERE competition_id = ? AND user_id = ?",
                (rank, float(score), score, at, competition, user),
            )
            connection.execute(
                "INSERT INTO private_entry_history SELECT ?, ?, ?, ?, ?, id, 3 FROM teams "
                "WHERE team_id = ? AND name = ?",
                (user, competition, moment, rank, score, number, each.team),
            )
        teams = range(1, len(self.standings) + 1)
        last = [each.ranks[-1] or 1999 for each in self.standings]
        connection.executemany(
            "INSERT INTO board_ranks VALUES (?, ?, ?)",
            [
                (competition, "public", pack(teams, last)),
                (competition, "private", pack(teams, self.final)),
            ],
        )

    @staticmethod
    def _user(connection: sqlite3.Connection, username: str, name: str | None, group: str | None) -> int:
        connection.execute(
            'INSERT OR IGNORE INTO users (username, handle, pseudonym, name, "group", added_at) '
            "VALUES (?1, ?1, ?1, ?2, ?3, ?4)",
            (username, name, group, clock.iso(NOW)),
        )
        return int(connection.execute("SELECT id FROM users WHERE username = ?", (username,)).fetchone()[0])


def locks_of(db: Path) -> Path:
    return db.with_name("locks")


def write(db: Path, folder: Path, now: datetime = NOW) -> report.Written:
    """The report of a filled database."""
    with Store.open(db, locks_of(db)) as store:
        return report.report(store, folder, now)


def a_year(
    people: int,
    boards: int = 600,
    *,
    name: str = "Firstname Lastname",
    team: str = "Team",
    final: bool = False,
) -> Filling:
    """So many people whose ranks change with nearly every board of a year; `final`: and a private board."""
    chance = random.Random(people)
    end = int(NOW.timestamp()) - 600
    moments = [*sorted(chance.sample(range(end - 365 * 86400, end, 300), boards - 1)), end]
    standings = []
    for number in range(people):
        rank, ranks = chance.randrange(1, 1900), []
        for _ in moments:
            up = chance.random() < 0.05
            rank = max(1, rank - chance.randrange(150)) if up else min(1998, rank + chance.randrange(4))
            ranks.append(rank)
        standings.append(
            Standing(f"user{number:03}", f"{name} {number}", "AB"[number % 2], f"{team} {number}", ranks)
        )
    return Filling(standings, moments, final=chance.sample(range(1, 2000), people) if final else ())


def hostile() -> Filling:
    """A board on which every name, group and team is a payload."""
    end = int(NOW.timestamp()) - 600
    standings = [
        Standing(f"user{i}", text, text, text, (i + 9, i + 1), ("0.5", "0.6"))
        for i, text in enumerate(PAYLOADS.values())
    ]
    final = range(5, 5 + len(standings))
    return Filling(standings, [end - 3600, end], title=PAYLOADS["script"], final=final)


VOID = {"meta", "link", "base", "input", "br", "img"}


class Page(HTMLParser):
    """A page as a browser without JavaScript sees it: elements with their attributes, and their text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []  # the innermost element's name, and the text
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("path", "rect", "line") and tag != self.open[-1]:
            return
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    @property
    def text(self) -> str:
        """What is there to read, blanks as one."""
        return " ".join("".join(t for tag, t in self.texts if tag not in ("script", "style")).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def raw(self, tag: str) -> str:
        return "".join(text for name, text in self.texts if name == tag)


def page(folder: Path, slug: str | None = SLUG) -> Page:
    path = folder / (report.INDEX if slug is None else report.page_name(slug))
    return Page(path.read_text(encoding="utf-8"))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


FEEDS = {"feed.xml", "deadlines.ics", "standings.json"}


def files(*slugs: str) -> set[str]:
    """The files of a report of these competitions."""
    return {
        "index.html",
        *FEEDS,
        *(f"{kind}-{slug}.html" for slug in slugs for kind in ("competition", "embed")),
    }


def links(page: Page) -> list[str | None]:
    """Where a page's links lead, without those to what is beside the pages."""
    return [
        each["href"] for each in page.all("a") if each["href"] not in FEEDS and "embed-" not in each["href"]
    ]


class Reported(Club):
    """A club and its report."""

    def __init__(self, kagsync: Kagsync, settings: Settings, folder: Path) -> None:
        super().__init__(kagsync, settings, folder)
        self.site = folder / "site"

    def board(
        self,
        *members: str,
        minute: int = 0,
        slug: str = SLUG,
        report: bool = False,
        private: bool = False,
    ) -> None:
        """Syncs a board of one-person teams, the best first."""
        teams = [Team(sum(name.encode()), f"Team {name}", (name,), f"0.{90 - i}") for i, name in
                 enumerate(members)]  # fmt: skip
        path = self.file(board_csv(teams), f"2025-10-31T16:{minute:02}:00", slug)
        words = ["--report", str(self.site)] if report else []
        words += ["--board", "private"] if private else []
        assert self.load(path, "--accept-shrink", *words, slug=slug).code == 0

    def report(self, *words: str) -> str:
        return self.kagsync.ok("report", *words, "--output", str(self.site))


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Reported:
    return Reported(kagsync, settings, tmp_path)


# Which pages


def test_a_report_is_an_index_and_a_page_for_each_competition(club: Reported) -> None:
    club.track("alice", "bob")
    club.track(slug="digits")
    club.board("alice", "bob", "carol")
    out = club.report()
    assert names(club.site) == files(SLUG, "digits")
    assert f"{club.site / 'index.html'}" in out
    assert "(3 pages, 3 written)" in out
    assert set(links(page(club.site, None))) == {"competition-titanic.html", "competition-digits.html"}
    assert links(page(club.site)) == ["index.html"]
    text = page(club.site).text
    assert "3 teams, 2 of ours" in text
    assert "alice" in text and "bob" in text and "carol" not in text


def test_only_named_competitions_have_pages_then(club: Reported) -> None:
    club.track("alice")
    club.track(slug="digits")
    club.report("digits")
    assert names(club.site) == files("digits")
    assert "1 competition" in page(club.site, None).text


def test_a_competition_named_twice_is_listed_once(club: Reported) -> None:
    club.track("alice")
    club.report(SLUG, SLUG)
    assert len(links(page(club.site, None))) == 1


def test_a_title_names_the_site(club: Reported) -> None:
    club.track("alice")
    club.report("--title", "Course <2025>")
    assert page(club.site, None).raw("h1") == "Course <2025>"
    assert page(club.site, None).raw("title") == "Course <2025>"
    assert page(club.site).raw("title") == "titanic – Course <2025>"
    assert page(club.site).raw("a") == "Course <2025>FeedCalendarJSONEmbed"


def test_a_group_has_a_site_of_its_own(club: Reported) -> None:
    club.track()
    club.kagsync.ok("users", "add", "alice", "--group", "Blue")
    club.kagsync.ok("users", "add", "bob")
    club.board("alice", "bob")
    club.report("--group", "Blue")
    assert page(club.site, None).raw("h1") == "Blue: leaderboards"
    assert "alice" in page(club.site).text and "bob" not in page(club.site).text


def test_the_folder_is_kagsync_report_where_none_is_named(
    club: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.track("alice")
    monkeypatch.chdir(tmp_path)
    club.kagsync.ok("report")
    assert (tmp_path / "kagsync-report" / "index.html").is_file()


def test_nothing_is_tracked_and_the_index_says_so(club: Reported) -> None:
    club.kagsync.ok("users", "add", "alice")
    club.report()
    assert "No competition is tracked yet" in page(club.site, None).text


def test_a_competition_may_be_called_index(club: Reported) -> None:
    club.track("alice", slug="index")
    club.report()
    assert names(club.site) == files("index")
    assert links(page(club.site, None)) == ["competition-index.html"]


@pytest.mark.parametrize("words", [["nowhere"], ["--group", "nobody"], ["a b"], ["--title", "\udcff"]])
def test_what_is_not_there_is_refused_and_nothing_is_written(club: Reported, words: list[str]) -> None:
    club.track("alice")
    ran = club.kagsync("report", *words, "--output", str(club.site))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("ERROR kagsync: ") and len(ran.err.splitlines()) == 1
    assert not club.site.exists()


def test_without_a_database_there_is_no_report(club: Reported) -> None:
    assert club.kagsync("report", "--output", str(club.site)).code == 2
    assert not club.site.exists()


# The folder


@pytest.mark.parametrize(
    ("words", "code"), [(["report", "--output"], 2), (["sync", SLUG, "--from", "BOARD", "--report"], 1)]
)
def test_somebody_elses_site_is_refused(club: Reported, words: list[str], code: int) -> None:
    club.track("alice")
    club.board("alice")
    club.site.mkdir()
    (club.site / "index.html").write_text("<h1>Mine</h1>")
    board = next(club.folder.glob("*.csv"))
    words = [str(board) if word == "BOARD" else word for word in words]
    ran = club.kagsync(*words, str(club.site))
    assert ran.code == code
    assert "was not written by kagsync. Choose another folder" in ran.err
    assert (club.site / "index.html").read_text() == "<h1>Mine</h1>"
    assert names(club.site) == {"index.html"}


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(club: Reported) -> None:
    club.track("alice")
    (club.folder / "file").write_text("")
    ran = club.kagsync("report", "--output", str(club.folder / "file" / "site"))
    assert (ran.code, ran.out) == (3, "")
    assert "cannot write the report" in ran.err and "Traceback" not in ran.err


def test_a_folder_that_cannot_be_written_is_a_wrong_setting(
    club: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    club.track("alice")
    monkeypatch.setattr(folder.scratch, "folder", refuse)
    ran = club.kagsync("report", "--output", str(club.site))
    assert (ran.code, ran.out) == (3, "")
    assert "cannot write the report" in ran.err and "Permission denied" in ran.err


def test_pages_of_removed_competitions_go_and_others_files_stay(club: Reported) -> None:
    club.track("alice")
    club.track(slug="digits")
    club.report()
    (club.site / "competition-mine.html").write_text("<h1>Mine</h1>")
    (club.site / "notes.txt").write_text("mine")
    club.kagsync.ok("competitions", "remove", "digits", "--yes")
    club.report(SLUG)
    assert files("digits") <= names(club.site)  # a report of some says nothing about others
    club.report()
    assert names(club.site) == {*files(SLUG), "competition-mine.html", "notes.txt"}
    assert "digits" not in page(club.site, None).html


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_everybody_may_read_the_pages(club: Reported) -> None:
    club.track("alice")
    club.report()
    assert {path.stat().st_mode & 0o777 for path in club.site.iterdir()} == {0o644}


# When a page is written


def test_a_board_that_did_not_change_leaves_its_page_alone(club: Reported) -> None:
    club.track("alice", "bob")
    club.track(slug="digits")
    club.board("alice", "bob", report=True)
    assert names(club.site) == files(SLUG, "digits")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in club.site.iterdir()}
    club.board("alice", "bob", report=True)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in club.site.iterdir()} == before

    club.board("bob", "alice", minute=1, report=True)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in club.site.iterdir()}
    changed = {path.name for path in before if after[path] != before[path]}
    assert changed == files(SLUG) - {"deadlines.ics", "feed.xml"}  # these boards are too old for the feed


def _noted(real: Any, gathered: list[str]) -> Any:
    def noted(self: Gathered, competition: Competition, *rest: Any) -> Any:
        gathered.append(competition.slug)
        return real(self, competition, *rest)

    return noted


def _looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The competitions whose content is gathered from here on."""
    gathered: list[str] = []
    for method in ("_gather", "items"):
        monkeypatch.setattr(Gathered, method, _noted(getattr(Gathered, method), gathered))
    return gathered


def test_only_what_changed_is_gathered(club: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.utc_now()
    monkeypatch.setattr(clock, "utc_now", lambda: now)  # pages say from which second on they compare
    club.track("alice", "bob")
    for slug in ("digits", "planets"):
        club.track(slug=slug)
        club.board("alice", "bob", slug=slug)
    club.board("alice", "bob", report=True)
    gathered = _looked_at(monkeypatch)
    club.board("bob", "alice", minute=1, report=True)
    assert set(gathered) == {SLUG}
    before = {path: path.read_bytes() for path in club.site.iterdir()}
    club.report()
    assert {path: path.read_bytes() for path in club.site.iterdir()} == before


def test_a_page_that_is_newer_than_the_index_gets_a_new_card(
    club: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.track("alice", "bob")
    club.track(slug="digits")
    club.board("alice", "bob", slug="digits", report=True)
    index = club.site / "index.html"
    os.utime(index, ns=(0, (club.site / "competition-digits.html").stat().st_mtime_ns - 1))
    gathered = _looked_at(monkeypatch)
    club.board("bob", "alice", minute=1, report=True)
    assert set(gathered) == {"digits", SLUG}


def test_a_page_that_is_gone_with_its_competition_is_no_longer_looked_for(club: Reported) -> None:
    club.track("alice")
    club.track(slug="digits")
    club.report()
    (club.site / "competition-digits.html").unlink()
    club.kagsync.ok("competitions", "remove", "digits", "--yes")
    club.report()
    assert names(club.site) == files(SLUG)


@pytest.mark.parametrize(("minutes", "written"), [(14, False), (16, True), (-5, True)])
def test_a_page_is_written_again_for_its_freshness_alone(club: Reported, minutes: int, written: bool) -> None:
    club.track("alice")
    club.board("alice", report=True)
    path = club.site / "competition-titanic.html"
    then = clock.utc_now().timestamp() - minutes * 60
    os.utime(path, (then, then))
    club.board("alice", report=True)
    assert (path.stat().st_mtime != pytest.approx(then, abs=1)) is written


@pytest.mark.parametrize(
    "values",
    [{"title": "Another"}, {"deadline": "2030-01-01T00:00:00Z"}, {"active": 0}, {"fingerprint": "y"}],
    ids=lambda values: next(iter(values)),
)
def test_whatever_a_page_says_makes_it_new_when_it_changes(
    club: Reported, values: dict[str, str | int]
) -> None:
    club.track("alice")
    club.board("alice")
    with Store.open(club.settings.db, club.settings.locks) as store:
        assert report.report(store, club.site, clock.utc_now(), always=False).written == 2
        assert report.report(store, club.site, clock.utc_now(), always=False).written == 0
        set_columns(store.path, SLUG, **values)
        assert report.report(store, club.site, clock.utc_now(), always=False).written == 2


def test_a_failed_sync_writes_the_report_too_and_keeps_its_exit_code(club: Reported) -> None:
    club.track("alice")
    club.board("alice", report=True)
    bad = club.folder / "bad.csv"
    bad.write_text("nonsense\n")
    ran = club.kagsync("sync", SLUG, "--from", str(bad), "--report", str(club.site))
    assert ran.code == 1
    assert "The last sync failed: " in page(club.site).text
    assert "The last sync failed: " in page(club.site, None).text


@pytest.mark.parametrize("failing", ["replace", "chmod"])
def test_a_fault_while_writing_leaves_the_old_page_whole(
    club: Reported, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    club.track("alice")
    club.board("alice")
    club.report()
    before = {path: path.read_bytes() for path in club.site.iterdir()}
    club.board("bob", "alice", minute=1)
    with monkeypatch.context() as patch:
        patch.setattr(Path, failing, full)
        ran = club.kagsync("report", "--output", str(club.site))
    assert ran.code == 5 and "the disk is full" in ran.err
    assert {path: path.read_bytes() for path in club.site.iterdir()} == before
    club.report()
    assert page(club.site).html.encode() != before[club.site / "competition-titanic.html"]


def test_nobody_ever_meets_half_a_page(tmp_path: Path) -> None:
    a_year(20, 50).into(tmp_path / "a.db")
    folder = tmp_path / "site"
    write(tmp_path / "a.db", folder)
    done = threading.Event()
    faults: list[str] = []

    def read() -> None:
        while not done.is_set():
            for path in (folder / "index.html", folder / report.page_name(SLUG)):
                try:
                    text = path.read_text(encoding="utf-8")
                except FileNotFoundError:
                    faults.append(f"no {path.name}")
                    continue
                if not (text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")):
                    faults.append(f"half of {path.name}: {len(text)}")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for i in range(10):
            write(tmp_path / "a.db", folder, NOW + timedelta(minutes=i))
    finally:
        done.set()
        reader.join()
    assert faults == []
    assert names(folder) == files(SLUG)


# What a page says


def test_without_javascript_a_page_is_a_whole_plain_table(tmp_path: Path) -> None:
    a_year(3, 20).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    found = page(tmp_path)
    assert len(found.all("table")) == len(found.all("caption")) == 1
    assert found.raw("caption").startswith("Where our people are")
    scopes = [cell.get("scope") for cell in found.all("th")]
    assert scopes.count("row") == 3 and scopes.count("col") >= 5 and None not in scopes
    assert all(
        re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", text) for tag, text in found.texts if tag == "time"
    )
    assert len(found.all("h1")) == len(found.all("main")) == 1
    assert found.all("html")[0]["lang"] == "en"
    assert found.open == []


@pytest.mark.parametrize(("minutes", "old"), [(59, False), (61, True)])
def test_freshness_is_old_after_an_hour(tmp_path: Path, minutes: int, old: bool) -> None:
    filling = a_year(1, 5)
    filling.synced_at = NOW - timedelta(minutes=minutes)
    filling.into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    for found in (page(tmp_path), page(tmp_path, None)):
        fresh = [each["class"] for each in found.all("span") if "data-synced" in each]
        assert fresh == ["fresh old" if old else "fresh"]
        assert "last good sync 2025-11-10 1" in found.text


def test_a_competition_without_a_board_says_so(club: Reported) -> None:
    club.track("alice")
    club.report()
    text = page(club.site).text
    assert "not synced yet" in text and "None of our people is on the board yet." in text
    assert page(club.site).all("table") == page(club.site).all("svg") == []


@pytest.mark.parametrize(
    ("deadline", "told"), [(timedelta(days=3), "ends in 3 d"), (timedelta(hours=-1), "ended"), (None, None)]
)
def test_the_deadline_is_told(tmp_path: Path, deadline: timedelta | None, told: str | None) -> None:
    filling = a_year(1, 5)
    filling.deadline = None if deadline is None else NOW + deadline
    filling.into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    for text in (page(tmp_path).text, page(tmp_path, None).text):
        assert (told in text) if told else ("ends in" not in text and "ended" not in text)


def test_who_left_and_who_is_missing_is_told(club: Reported) -> None:
    club.track("alice", "bob", "carrol")
    club.board("alice", "bob", "carol")
    club.board("alice", "carol", minute=1)
    club.report()
    found = page(club.site)
    assert "bob left the board on 2025-10-31 (was rank 2, score 0.89)" in found.text
    assert "2 teams, 1 of ours" in found.text
    assert found.html.split('<ul class="people">')[1].split("</ul>")[0].strip() == "<li>carrol</li>"


def test_who_was_never_seen_is_said_once_on_the_index_with_a_hint(club: Reported) -> None:
    club.track("alice", "bob", "carrol", "zzzzzz")
    club.board("alice", "carol")
    club.track(slug="digits")
    club.board("bob", slug="digits")
    club.report()
    index = page(club.site, None)
    assert "Never seen on any board" in [text for tag, text in index.texts if tag == "h2"]
    assert index.text.count("never seen on any board") == 0
    told = index.html.split('<ul class="people">')[1].split("</ul>")[0].split("\n")
    assert told == ["", "<li>carrol – did you mean carol (on titanic)?</li>", "<li>zzzzzz</li>", ""]
    assert index.open == []
    for slug in (SLUG, "digits"):
        assert "ever seen" not in page(club.site, slug).text


def test_the_last_card_stays_whoever_is_listed_below_it(club: Reported) -> None:
    club.track("alice", "carrol")
    for slug in ("digits", SLUG):
        club.track(slug=slug)
        club.board("alice", "carol", slug=slug, report=True)
    index = page(club.site, None).html
    assert "Never seen on any board" in index
    assert [*pages.cards(index)] == [report.page_name("digits"), report.page_name(SLUG)]
    club.people("alice2")
    club.board("carrol", "alice2", slug="digits", minute=1, report=True)
    club.board("carrol", "alice2", minute=1, report=True)
    assert "Never seen on any board" not in page(club.site, None).html


def test_before_the_first_board_nobody_is_said_to_be_never_seen(club: Reported) -> None:
    club.track("alice")
    club.report()
    assert "ever seen" not in page(club.site, None).text


def test_a_paused_competition_says_so(club: Reported) -> None:
    club.track("alice")
    club.update(active=0)
    club.report()
    assert "paused" in page(club.site).text and "paused" in page(club.site, None).text


def ending(slug: str, deadline: timedelta | None) -> Filling:
    end = int(NOW.timestamp()) - 600
    at = None if deadline is None else NOW + deadline
    return Filling([Standing(f"of-{slug}", team=slug)], [end], slug=slug, title=slug, deadline=at)


def test_the_index_shows_what_ends_next_first_and_what_has_ended_last_and_dim(tmp_path: Path) -> None:
    for slug, days in (("ended", -9), ("later", 30), ("open", None), ("next", 2), ("just-ended", -1)):
        ending(slug, None if days is None else timedelta(days=days)).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    found = page(tmp_path, None)
    assert links(found) == [
        report.page_name(slug) for slug in ("next", "later", "open", "ended", "just-ended")
    ]
    assert [each["class"] for each in found.all("li") if "card" in (each.get("class") or "")] == [
        *["card"] * 3,
        *["card ended"] * 2,
    ]
    assert len(pages.cards(found.html)) == 5


def test_a_passed_deadline_moves_the_card(tmp_path: Path) -> None:
    for slug, days in (("first", 1), ("second", 2)):
        ending(slug, timedelta(days=days)).into(tmp_path / "a.db")
    for days, order in ((0, ["first", "second"]), (1.5, ["second", "first"])):
        with Store.open(tmp_path / "a.db", locks_of(tmp_path / "a.db")) as store:
            report.report(store, tmp_path, NOW + timedelta(days=days), always=False)
        found = page(tmp_path, None)
        assert links(found) == [report.page_name(slug) for slug in order]


def test_a_count_of_zero_has_no_colour(tmp_path: Path) -> None:
    end = int(NOW.timestamp()) - 600
    Filling([Standing("alice", ranks=(9, 3))], [end - 2 * 86400, end]).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    found = page(tmp_path, None)
    told = [text for tag, text in found.texts if tag == "dd"]
    assert [*zip(told, (each.get("class") for each in found.all("dd")), strict=True)] == [
        ("1", None),
        ("1", "up"),
        ("0", "still"),
        ("0", "still"),
    ]


def moving(people: int, *, new: int) -> Filling:
    """So many people on two boards; the first are new on the second board, the others were overtaken."""
    end = int(NOW.timestamp()) - 600
    standings = [
        Standing(f"user{i}", f"Name {i}", None, f"Team {i}", (100 + i,) if i < new else (500 + i, 700 + i))
        for i in range(people)
    ]
    return Filling(standings, [end - 2 * 86400, end])


def test_what_only_others_did_is_folded_away_with_its_count(tmp_path: Path) -> None:
    moving(5, new=2).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    found = page(tmp_path)
    own, _, drift = found.html.partition("<details>")
    assert found.raw("summary") == "3 moves caused only by others"
    news = re.compile(r'<li><span class="chip[^"]*">([^<]*)</span> <span><b>([^<]*)</b>')
    assert news.findall(own) == [("new", "Name 0"), ("new", "Name 1")]
    assert news.findall(drift) == [("overtaken", f"Name {i}") for i in (2, 3, 4)]
    assert "Name 4 @user4 · Team 4 504 → 704 of 2,000, by 200" in found.text
    assert "open" not in found.all("details")[0]


def test_where_nobody_did_anything_only_the_count_of_the_others_is_shown(tmp_path: Path) -> None:
    moving(3, new=0).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    assert "Nobody did anything new. 3 moves caused only by others" in page(tmp_path).text


def test_what_people_did_is_told_before_the_drift_fills_the_page(tmp_path: Path) -> None:
    moving(230, new=190).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    found = page(tmp_path)
    own, _, drift = found.html.partition("<details>")
    assert (own.count('<li><span class="chip good'), drift.count("<li>")) == (190, 10)
    assert found.raw("summary") == "40 moves caused only by others"
    assert "and 30 more" in found.text


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ((1, 72), "Compared with the board from 2025-11-09 12:00 UTC"),
        ((1, 5), "Compared with the first board, from 2025-11-10 07:00 UTC"),
        ((1,), "This is the first board"),
    ],
    ids=["older", "younger", "only one"],
)
def test_a_page_says_with_which_board_it_compares(tmp_path: Path, hours: tuple[int, ...], told: str) -> None:
    moments = sorted(int(NOW.timestamp()) - hour * 3600 for hour in hours)
    Filling([Standing("alice", ranks=(3,) * len(moments))], moments).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    assert f"Where our people are. {told}." in page(tmp_path).text
    assert told in page(tmp_path, None).text


def test_each_moment_is_told_once(tmp_path: Path) -> None:
    moving(20, new=20).into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    at = clock.from_unix(int(NOW.timestamp()) - 600)
    news = page(tmp_path).html.partition('id="news"')[2]
    assert news.count(at) == 1


# Names by strangers


@pytest.fixture(scope="module")
def dangerous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a board full of payloads."""
    folder = tmp_path_factory.mktemp("dangerous")
    hostile().into(folder / "a.db")
    write(folder / "a.db", folder)
    return folder


def test_hostile_names_are_text_and_nothing_else(dangerous: Path) -> None:
    found = page(dangerous)
    for name in PAYLOADS.values():
        assert " ".join(printable(name).split()) in found.text, name
    assert printable("".join(found.html.split("\n"))) == found.html.replace("\n", "")
    for each in (found, page(dangerous, None)):
        assert each.open == []
        assert len(each.all("script")) == len(each.all("style")) == 1
        assert {tag for tag, _ in each.elements} & {
            "img",
            "iframe",
            "object",
            "base",
            "form",
            "b script",
        } == set()
    assert "49" not in [text.strip() for _, text in found.texts]
    assert "{{7*7}}" in found.text


def test_a_page_has_no_inline_code_and_asks_nothing_of_anybody(dangerous: Path) -> None:
    allowed = {*files(SLUG), "data:,"}
    for found in (page(dangerous), page(dangerous, None)):
        for tag, attributes in found.elements:
            assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
            for name in ("href", "src", "xlink:href", "action", "srcset", "data"):
                assert attributes.get(name, "data:,") in allowed, (tag, attributes)
        assert "url(" not in found.raw("style") and "@import" not in found.raw("style")


def test_the_policy_names_just_the_style_and_the_script_of_the_page(dangerous: Path) -> None:
    for found in (page(dangerous), page(dangerous, None)):
        (policy,) = [
            each["content"] or ""
            for each in found.all("meta")
            if each.get("http-equiv") == "Content-Security-Policy"
        ]
        rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert rules["default-src"] == "'none'"
        for tag in ("style", "script"):
            digest = base64.b64encode(hashlib.sha256(found.raw(tag).encode()).digest()).decode()
            assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
        order = [tag for tag, _ in found.elements]
        assert order.index("style") > order.index("meta") and "unsafe" not in policy
        assert found.html.index("Content-Security-Policy") < found.html.index("<style>")


# Size


@pytest.mark.long
@pytest.mark.parametrize("name", ["Firstname Lastname", "x" * 255, "梯" * 80], ids=["usual", "long", "wide"])
def test_a_year_of_two_hundred_people_stays_small(tmp_path: Path, name: str) -> None:
    usual = name.startswith("F")
    filling = a_year(200, 800 if usual else 200, team=name)
    filling.into(tmp_path / "a.db")
    write(tmp_path / "a.db", tmp_path)
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("*.html")}
    assert all(size < LIMIT for size in sizes.values()), sizes
    assert len(page(tmp_path).all("tr")) == 201


# The chart

START = int(NOW.timestamp()) - 100 * 86400
END = int(NOW.timestamp())


def svg(*lines: chart.Line) -> str:
    """The chart as it stands in a page."""
    return pages._environment().get_template("chart.html").render(chart=chart.draw(list(lines), END))


def drawn(*lines: chart.Line) -> ElementTree.Element:
    return ElementTree.fromstring(f"<main>{svg(*lines)}</main>")


def line(username: str, *ranks: int | None, label: str | None = None) -> chart.Line:
    """A line with a point a day."""
    return chart.Line(
        username, label or username, [(START + i * 86400, rank) for i, rank in enumerate(ranks)]
    )


def paths(root: ElementTree.Element, username: str) -> list[str]:
    return [each.get("d", "") for each in root.iter("path") if each.get("data-user") == username]


def labels(root: ElementTree.Element) -> list[ElementTree.Element]:
    names = [each for each in root.iter("g") if (each.get("class") or "").startswith("name")]
    return [text for each in names for text in each.iter("text")]


def test_lines_are_steps_with_the_best_at_the_top() -> None:
    root = drawn(line("alice", 1, 5, 3), line("bob", 9, 9, 10))
    (alice,), (bob,) = paths(root, "alice"), paths(root, "bob")
    assert re.fullmatch(r"M[-\d.]+,[-\d.]+(H[-\d.]+(V[-\d.]+)?)+", alice)
    heights = [float(y) for y in re.findall(r"(?:,|V)([-\d.]+)", alice)]
    assert heights[0] < heights[2] < heights[1] < float(re.findall(r",([-\d.]+)", bob)[0])
    assert all(0 <= float(x) <= chart.WIDTH for x in re.findall(r"H([-\d.]+)", alice))


def test_off_the_board_is_a_gap() -> None:
    root = drawn(line("alice", 1, 2, None, None, 4, 3), line("bob", 3, None))
    assert sum(path.count("M") for path in paths(root, "alice")) == 2
    assert [path for path in paths(root, "bob") if "H" in path]  # on one board only


def test_labels_do_not_overlap() -> None:
    root = drawn(*(line(f"user{i}", 100 + i, 100 + i // 3) for i in range(chart.MOST_NAMES)))
    heights = sorted(float(each.get("y", "nan")) for each in labels(root))
    assert len(heights) == chart.MOST_NAMES
    assert min(b - a for a, b in pairwise(heights)) >= 12
    assert heights[0] > 0 and heights[-1] < chart.HEIGHT


def test_names_stay_as_near_to_their_lines_as_they_can() -> None:
    far = drawn(line("alice", 1), line("bob", 50), line("carol", 100))
    assert [float(each.get("y", "nan")) - 4 for each in labels(far)] == [0, 198, chart.HEIGHT]
    near = drawn(line("alice", 1), line("bob", 500), line("carol", 500), line("dave", 1000))
    heights = [float(each.get("y", "nan")) - 4 for each in labels(near)]
    assert sum(heights[1:3]) / 2 == pytest.approx(200, abs=1)


@pytest.mark.parametrize(
    ("hours", "first", "last"),
    [
        (0.1, "10 Nov 12:00", "10 Nov 12:00"),
        (5, "10 Nov 08:00", "10 Nov 12:00"),
        (30, "9 Nov 12:00", "10 Nov 12:00"),
        (24 * 10, "2 Nov", "10 Nov"),
        (24 * 365, "Dec 2024", "Oct 2025"),
        (24 * 3650, "Dec 2015", "Dec 2024"),
    ],
)
def test_times_are_round_and_few(hours: float, first: str, last: str) -> None:
    begin = END - int(hours * 3600)
    found = chart.draw([chart.Line("alice", "Alice", [(begin, 1)])], END)
    assert found is not None
    assert (found.times[0].label, found.times[-1].label) == (first, last)
    assert len(found.times) <= 7
    assert all(0 <= tick.at <= 100 for tick in found.times)


@pytest.mark.parametrize(
    ("best", "worst", "ticks"),
    [
        (1, 2, ["1", "2"]),
        (3, 36, ["3", "10", "20", "30", "36"]),
        (1, 1856, ["1", "500", "1,000", "1,500", "1,856"]),
        (7, 7, ["7", "8"]),
    ],
)
def test_ranks_on_the_axis_are_round_and_few(best: int, worst: int, ticks: list[str]) -> None:
    found = chart.draw([line("alice", best, worst)], END)
    assert found is not None
    assert [tick.label for tick in found.values] == ticks


def test_a_chart_says_in_words_what_it_shows() -> None:
    root = drawn(line("alice", 1, 2), line("bob", 2, 1))
    (svg_of_all, *_), (about,) = root.iter("svg"), root.iter("desc")
    assert (svg_of_all.get("role"), svg_of_all.get("aria-describedby")) == ("img", about.get("id"))
    assert about.text == "Ranks of 2 people from 2025-08-02 to 2025-11-10, with the best rank at the top."


def named(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in labels(root)]


def grey(root: ElementTree.Element) -> list[str]:
    return [each.attrib["data-user"] for each in root.iter("path") if each.get("class") == "line grey"]


def test_of_many_people_the_best_and_the_biggest_movers_have_names_and_the_others_are_grey() -> None:
    climbed = [line(f"climbed{i}", 900, 100 + i) for i in range(chart.MOVING_NAMES)]
    others = [line(f"user{i}", 200 + i, 210 + i) for i in range(24)]  # overtaken
    people = [*(line(f"best{i}", i + 1) for i in range(chart.BEST_NAMES)), *climbed, *others]
    root = drawn(*people)
    expected = {each.username for each in people} - {each.username for each in others}
    assert set(named(root)) == expected and len(named(root)) == len(expected)
    assert set(grey(root)) == {each.username for each in others}
    drawn_at = [each.attrib["data-user"] for each in root.iter("path") if "data-user" in each.attrib]
    assert set(drawn_at[: len(others)]) == set(grey(root))  # below the others
    assert "Only the best 6 and the biggest movers have names." in "".join(root.itertext())


def test_who_moved_lately_comes_before_who_moved_long_ago() -> None:
    long_ago = [line(f"user{i}", 1000, 20 + i) for i in range(40)]
    lately = replace(long_ago[-1], username="lately", label="lately", before=70)
    found = named(drawn(*long_ago[:-1], lately))
    assert "lately" in found and len(found) == chart.BEST_NAMES + chart.MOVING_NAMES


def test_a_place_at_the_top_counts_for_more_than_one_at_the_bottom() -> None:
    still = [line(f"user{i}", i + 1) for i in range(30)]
    root = drawn(*still, line("near", 80, 40), line("far", 1500, 1400))
    found = named(root)
    assert found.index("near") < found.index("far")
    assert line("near", 80, 40).distance == line("other", 40, 80).distance > line("far", 1500, 1400).distance


@pytest.mark.parametrize("people", [2, chart.MOST_NAMES])
def test_of_a_few_people_everybody_has_a_name_and_a_colour(people: int) -> None:
    root = drawn(*(line(f"user{i}", i + 1) for i in range(people)))
    assert len(named(root)) == people and grey(root) == []
    assert "have names" not in "".join(root.itertext())


def test_one_person_needs_no_name() -> None:
    root = drawn(line("alice", 3, 2))
    assert (named(root), grey(root), len(paths(root, "alice"))) == ([], [], 1)
    assert "chart bare" in {each.get("class") for each in root.iter("div")}


@pytest.mark.parametrize("ranks", [(7,), (7, 7, 7), (1, 10**6)], ids=["one point", "all equal", "far"])
def test_any_ranks_can_be_drawn(ranks: tuple[int, ...]) -> None:
    root = drawn(line("alice", *ranks), line("bob", *ranks))
    assert [paths(root, name) != [] for name in ("alice", "bob")] == [True, True]
    assert "nan" not in ElementTree.tostring(root, encoding="unicode")


def test_one_point_at_the_last_board_is_drawn() -> None:
    text = svg(chart.Line("alice", "Alice", [(END, 5)]))
    assert re.search(r'd="M[^"]+[Hh]', text)


def test_without_ranks_there_is_no_chart() -> None:
    assert chart.draw([], END) is None
    assert chart.draw([line("alice", None, None)], END) is None


def test_a_chart_with_hostile_names_is_well_formed() -> None:
    root = drawn(*(line(f"user{i}", i + 1, label=text) for i, text in enumerate(PAYLOADS.values())))
    titles = {each.text for each in root.iter("title")}
    assert titles == {printable(text) for text in PAYLOADS.values()}
    assert {each.tag for each in root.iter()} <= {
        "main", "div", "p", "svg", "g", "path", "text", "title", "desc",
    }  # fmt: skip
    few = drawn(*(line(f"user{i}", i + 1, label=text) for i, text in enumerate(list(PAYLOADS.values())[:20])))
    assert all(len(each.text or "") <= 20 for each in labels(few))


def test_thinning_keeps_the_first_and_the_last_point(tmp_path: Path) -> None:
    filling = a_year(2, 500)
    filling.into(tmp_path / "a.db")
    begin, end = filling.moments[0], filling.moments[-1]
    bucket = chart.bucket(begin, end, 200)
    with Store.open(tmp_path / "a.db", locks_of(tmp_path / "a.db")) as store:
        competition, user = store.competitions.get(SLUG), store.users.get("user000")
        points = store.history.rank_points(competition.id, user.id, begin, bucket)
        later = store.history.rank_points(competition.id, user.id, filling.moments[250], bucket)
    ranks = filling.standings[0].ranks
    assert points[0] == (begin, ranks[0]) and points[-1] == (end, ranks[-1])
    assert len(points) <= 35
    known = set(zip(filling.moments, ranks, strict=True))
    assert set(points) <= known
    assert later[0][0] >= filling.moments[250] and later[-1] == (end, ranks[-1])
    assert len({moment for moment, _ in later}) == len(later)


@pytest.mark.parametrize("people", [1, 20, 200, 5000])
def test_all_lines_together_stay_small(people: int) -> None:
    bucket = chart.bucket(0, 365 * 86400, people)
    assert 365 * 86400 / bucket * people <= max(chart.MOST_POINTS, 20 * people) * 1.05
    assert chart.bucket(5, 5, people) == 1
