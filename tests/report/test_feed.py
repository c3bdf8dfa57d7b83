"""`feed.xml`: an Atom feed of what people did, read by a feed reader's parser."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import feedparser
import html5lib
import pytest
from hypothesis import given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from test_pages import NOW, PAYLOADS, Filling, Standing, hostile, locks_of, page, write
from world.running import set_columns

from kagsync import clock
from kagsync.queries import news
from kagsync.report import NAMES, PSEUDONYM, REAL, USERNAME, feed, pages
from kagsync.report import write as report
from kagsync.report.gather import Gathered
from kagsync.safe_text import printable
from kagsync.standings.which import PRIVATE
from kagsync.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.queries.news import Item
    from kagsync.store.records import Competition

ATOM = "{http://www.w3.org/2005/Atom}"
END = int(NOW.timestamp()) - 600
HOUR, DAY = 3600, 86400


def climbing(slug: str, people: int = 1, *, at: list[int] | None = None, **others: Any) -> Filling:
    """A competition in which everybody improves with each board: of usernames that begin with its name."""
    moments = at or [END - 3 * DAY, END - 2 * DAY, END - DAY, END]
    standings = [
        Standing(
            f"{slug}{i}",
            f"{slug.title()} {i}",
            ranks=[900 - 9 * n - i for n in range(len(moments))],
            scores=[f"0.{5000 + 10 * n + i}" for n in range(len(moments))],
            team=f"{slug} team {i}",
            submissions=[*range(1, len(moments) + 1)],
        )
        for i in range(people)
    ]
    return Filling(standings, moments, slug=slug, title=f"The {slug} <cup>", **others)


def sync(db: Path, folder: Path, now: datetime = NOW, **content: Any) -> report.Written:
    """The report as a run updates it."""
    with Store.open(db, locks_of(db)) as store:
        return report.report(store, folder, now, report.Content(**content), always=False)


def read(folder: Path) -> Any:
    """The feed as a reader sees it that fetched it from a web server."""
    text = (folder / "feed.xml").read_bytes()
    headers = {
        "content-location": "https://example.org/club/feed.xml",
        "content-type": "application/atom+xml",
    }
    found = feedparser.parse(text, response_headers=headers)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "atom10"
    return found


def ids(folder: Path) -> list[str]:
    return [entry.id for entry in read(folder).entries]


def titles(folder: Path) -> list[str]:
    return [entry.title for entry in read(folder).entries]


def texts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".db"}


# What is in it


def test_each_entry_is_a_sentence_of_the_news_with_its_moment_and_page(db: Path, site: Path) -> None:
    climbing("digits", 2).into(db)
    write(db, site)
    found = read(site)
    assert found.feed.title == "Leaderboards"
    assert found.feed.updated == clock.from_unix(END)
    assert {link.rel: link.href for link in found.feed.links} == {
        "self": "https://example.org/club/feed.xml",
        "alternate": "https://example.org/club/index.html",
    }
    first = found.entries[0]
    assert first.title == "Digits 1: 881 → 872 of 2,000, improved 0.5021 → 0.5031"
    assert first.published == first.updated == clock.from_unix(END)
    assert first.link == "https://example.org/club/competition-digits.html"
    assert [tag.term for tag in first.tags] == ["improved"]
    content = html5lib.parseFragment(first.content[0].value, namespaceHTMLElements=False)
    assert "".join(content.itertext()) == f"{first.title}The digits <cup>"
    assert len(found.entries) == 6


def test_it_has_what_atom_demands(db: Path, site: Path) -> None:
    climbing("digits", 3).into(db)
    write(db, site)
    root = ElementTree.fromstring((site / "feed.xml").read_bytes())
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert [child.tag for child in element].count(f"{ATOM}{name}") == 1, name
    assert [author.findtext(f"{ATOM}name") for author in root.findall(f"{ATOM}author")] == ["kagsync"]
    assert len(set(ids(site))) == 9


def test_what_only_others_did_is_not_in_it(db: Path, site: Path) -> None:
    standings = [
        Standing("alice", ranks=(5, 9)),
        Standing("bob", ranks=(7, 3), scores=("0.5", "0.6"), submissions=(1, 2)),
    ]
    Filling(standings, [END - DAY, END]).into(db)
    write(db, site)
    assert [title.partition(":")[0] for title in titles(site)] == ["bob passed alice"]


@pytest.mark.parametrize(("days", "there"), [(13.9, True), (14.1, False)])
def test_it_reaches_back_two_weeks(db: Path, site: Path, days: float, there: bool) -> None:
    climbing("digits", at=[END - 90 * DAY, END]).into(db)
    write(db, site, datetime.fromtimestamp(END, NOW.tzinfo) + timedelta(days=days))
    assert bool(ids(site)) is there


def test_a_result_is_in_it_with_the_race_before(db: Path, site: Path) -> None:
    climbing("digits", 2, final=(4, 9)).into(db)
    write(db, site)
    found = {entry.id.split(":")[4] for entry in read(site).entries}
    assert found == {"public", "private"}
    with Store.open(db, locks_of(db)) as store:
        report.report(store, site, NOW, report.Content(board=PRIVATE))
    assert {each.split(":")[4] for each in ids(site)} == {"private"}


def test_of_more_than_two_hundred_the_newest_are_in_it(db: Path, site: Path) -> None:
    moments = [END - n * HOUR for n in range(9, -1, -1)]
    climbing("digits", 30, at=moments).into(db)
    write(db, site)
    found = read(site).entries
    assert len(found) == feed.MOST
    assert [entry.updated for entry in found] == sorted((entry.updated for entry in found), reverse=True)
    assert found[0].updated == clock.from_unix(END)
    assert found[-1].updated == clock.from_unix(END - 6 * HOUR)


def test_without_anything_it_is_a_feed_all_the_same(db: Path, site: Path) -> None:
    with Store.open(db, locks_of(db), create=True) as store:
        report.report(store, site, NOW)
    assert read(site).entries == []
    assert read(site).feed.updated == clock.iso(NOW)


# Ids


def test_an_id_is_that_of_the_news(db: Path, site: Path) -> None:
    climbing("digits", 2).into(db)
    write(db, site)
    with Store.open(db, locks_of(db)) as store:
        since = NOW - feed.REACH
        items = news.news(store, store.competitions.all(), store.users.all(), lambda _: since)
    assert ids(site) == [f"urn:kagsync:{item.id}" for item in news.chosen(items, None)]


@pytest.mark.parametrize("names", NAMES)
def test_another_username_or_name_changes_no_id(db: Path, site: Path, names: str) -> None:
    climbing("digits", 2).into(db)
    sync(db, site, names=names)
    before, told = ids(site), titles(site)
    with Store.open(db, locks_of(db)) as store, store.writing() as change:
        user = store.users.get("digits0")
        change.users.change([user._replace(username="zoe", handle="zoe", name="Zoe")])
    sync(db, site)
    assert sorted(ids(site)) == sorted(before)
    assert (titles(site) == told) is (names == PSEUDONYM)


@pytest.mark.parametrize("names", [REAL, USERNAME])
def test_names_come_with_the_number_of_the_person(db: Path, site: Path, names: str) -> None:
    climbing("digits", 3).into(db)
    sync(db, site, names=names)
    assert {each.split(":")[3] for each in ids(site)} == {"1", "2", "3"}


def test_pseudonyms_come_without_the_number_but_with_one_for_each(db: Path, site: Path) -> None:
    climbing("digits", 3).into(db)
    sync(db, site, names=PSEUDONYM)
    numbers = {each.split(":")[3] for each in ids(site)}
    assert len(numbers) == 3 and all(len(number) > 9 for number in numbers)


def test_who_has_no_username_has_no_number_beside_usernames(db: Path, site: Path) -> None:
    climbing("digits", 2).into(db)
    with Store.open(db, locks_of(db)) as store, store.writing() as change:
        user = store.users.get("digits0")
        change.users.change([user._replace(username=None, handle="s-1", pseudonym="Heron")])
    sync(db, site, names=USERNAME)
    numbers = {entry.title.partition(":")[0]: entry.id.split(":")[3] for entry in read(site).entries}
    assert numbers["digits1"] == "2" and len(numbers["Heron"]) > 9


def test_the_feeds_own_id_stays_with_the_folder(db: Path, site: Path, tmp_path: Path) -> None:
    climbing("digits").into(db)
    sync(db, site)
    first = read(site).feed.id
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", first)
    moved = site.rename(tmp_path / "moved")
    climbing("planets").into(db)
    sync(db, moved, title="Another")
    write(db, moved)
    assert read(moved).feed.id == first
    write(db, site)
    assert read(site).feed.id != first
    assert sorted(ids(site)) == sorted(ids(moved))  # readers know the entries again


# When it changes


def test_time_alone_changes_nothing_until_an_entry_is_too_old(db: Path, site: Path) -> None:
    climbing("digits").into(db)
    sync(db, site)
    before = (site / "feed.xml").read_bytes()
    for hours in (1, 30, 24 * 10.9):
        sync(db, site, NOW + timedelta(hours=hours))
        assert (site / "feed.xml").read_bytes() == before
    sync(db, site, NOW + timedelta(days=13.5))
    assert len(ids(site)) == 1
    assert read(site).feed.updated == clock.from_unix(END)
    sync(db, site, NOW + timedelta(days=20))
    assert ids(site) == [] and read(site).feed.updated == clock.from_unix(END)


@pytest.mark.long
def test_an_entry_says_the_same_whenever_it_is_written(db: Path, site: Path) -> None:
    climbing("digits", 5, at=[END - n * DAY for n in range(13, -1, -1)]).into(db)
    write(db, site)
    before = {entry.id: entry for entry in read(site).entries}
    for days in range(1, 14):
        write(db, site, NOW + timedelta(days=days))
        found = read(site).entries
        assert len(found) == 5 * min(13, 14 - days)
        assert all(before[entry.id] == entry for entry in found)


def entries(folder: Path) -> list[str]:
    return re.findall(r"(?s)<entry>.*?</entry>", (folder / "feed.xml").read_text(encoding="utf-8"))


def test_entries_of_unchanged_competitions_are_not_gathered_again(
    db: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in ("digits", "planets", "titanic"):
        climbing(slug, 2).into(db)
    sync(db, site)
    before = entries(site)
    gathered = []
    real = Gathered.items

    def noted(self: Gathered, competition: Competition, since: datetime) -> list[Item]:
        gathered.append(competition.slug)
        return real(self, competition, since)

    monkeypatch.setattr(Gathered, "items", noted)
    sync(db, site)
    sync(db, site, NOW + timedelta(hours=1))  # every page is written for its freshness
    assert gathered == []
    set_columns(db, "planets", fingerprint="y")  # as after a new board
    sync(db, site, NOW + timedelta(hours=1))
    assert gathered == ["planets"]
    assert entries(site) == before


def test_a_report_of_some_competitions_does_not_hide_the_others_from_the_next_one(
    db: Path, site: Path
) -> None:
    for slug in ("digits", "planets"):
        climbing(slug, 2).into(db)
    sync(db, site)
    everything = entries(site)
    sync(db, site, slugs=["digits"])
    assert {each.split(":")[2] for each in ids(site)} == {"digits"}
    sync(db, site)
    assert entries(site) == everything


@pytest.mark.parametrize("lost", ["feed.xml", "standings.json"])
def test_a_lost_file_is_made_again_at_once(db: Path, site: Path, lost: str) -> None:
    climbing("digits", 2).into(db)
    sync(db, site)
    before = entries(site), (site / "standings.json").read_bytes()
    (site / lost).unlink()
    sync(db, site)
    assert (entries(site), (site / "standings.json").read_bytes()) == before


def test_a_run_that_was_killed_before_the_index_is_made_up_for(db: Path, site: Path) -> None:
    """It had written a feed of one competition only."""
    for slug in ("digits", "planets"):
        climbing(slug, 2).into(db)
    sync(db, site)
    everything = entries(site)
    index = (site / "index.html").read_bytes(), (site / "index.html").stat().st_mtime_ns
    sync(db, site, slugs=["digits"])
    (site / "index.html").write_bytes(index[0])
    os.utime(site / "index.html", ns=(index[1], index[1]))
    sync(db, site)
    assert entries(site) == everything


@pytest.mark.long
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 90)), max_size=40),
    st.sets(st.sampled_from("abc")),
    st.integers(1, 5),
)
@with_settings(max_examples=300)
def test_a_feed_that_is_updated_is_the_one_that_is_made_anew(
    past: list[tuple[str, int]], changed: set[str], most: int
) -> None:
    """Whatever fits, and even if entries of a changed competition are gone."""

    def made(entries: list[tuple[str, int]], before: str, settled: set[str]) -> str:
        def entries_of(file: str) -> list[feed.Entry]:
            found = sorted({at for name, at in entries if file == f"competition-{name}.html"}, reverse=True)
            return [_entry(file, at) for at in found if at > 30][:most]

        return feed.feed(
            [f"competition-{name}.html" for name in "abc"],
            entries_of,
            before=before,
            settled={f"competition-{name}.html" for name in settled},
            site="x",
            now=datetime.fromtimestamp(30, NOW.tzinfo) + feed.REACH,
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "MOST", most)
        before = made(past, "", set())
        now = [each for each in past if each[0] not in changed or each[1] % 2] + [
            (name, 91) for name in changed
        ]
        assert made(now, before, set("abc") - changed) == made(now, before, set())


def _entry(file: str, moment: int) -> feed.Entry:
    at = clock.from_unix(moment)
    link = f'<link rel="alternate" type="text/html" href="{file}"/>'
    text = f"<entry>\n<id>{file}:{moment}</id>\n{link}\n<updated>{at}</updated>\n<x/>\n</entry>"
    return feed.Entry(moment, file, text)


# Names by strangers


def test_hostile_names_are_text_and_nothing_else(db: Path, site: Path) -> None:
    filling = hostile()
    filling.into(db)
    write(db, site)
    found = read(site)
    assert len(found.entries) >= len(PAYLOADS)
    told = "\n".join(entry.title for entry in found.entries)
    for name in PAYLOADS.values():
        assert printable(name) in told, name
    for entry in ElementTree.fromstring((site / "feed.xml").read_bytes()).iter(f"{ATOM}entry"):
        content = html5lib.parseFragment(entry.findtext(f"{ATOM}content"), namespaceHTMLElements=False)
        assert {element.tag for element in content.iter()} <= {"DOCUMENT_FRAGMENT", "p", "a"}
        assert [link.get("href") for link in content.iter("a")] == ["competition-titanic.html"]
        assert content.findtext("p") == entry.findtext(f"{ATOM}title")


@given(st.text(max_size=60))
@with_settings(max_examples=200)
def test_any_text_is_well_formed_xml(text: str) -> None:
    made = pages.xml(
        "feed.xml", id="urn:x", updated="2025-01-01T00:00:00Z", entries=[], site=text, index="i", feed="f"
    )
    root = ElementTree.fromstring(made)
    assert (root.findtext(f"{ATOM}title") or "") == printable(text)


def test_the_pages_name_the_feed(db: Path, site: Path) -> None:
    climbing("digits").into(db)
    write(db, site)
    for slug in (None, "digits"):
        (link,) = [each for each in page(site, slug).all("link") if each["rel"] == "alternate"]
        assert (link["type"], link["href"]) == ("application/atom+xml", "feed.xml")
