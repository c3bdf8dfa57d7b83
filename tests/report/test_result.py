"""The page of a competition with a private board: the result first, then the race."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
from test_pages import NOW, SLUG, Filling, Page, Reported, Standing, a_year, locks_of, page
from world.running import set_columns

from kagsync import clock
from kagsync.report import write as report
from kagsync.store import Store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

LIMIT = 400 * 1024  # bytes of a page with two boards of 200 people
END = int(NOW.timestamp()) - 600


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Reported:
    """Alice, bob and carol on a public and on a private board; dave is on the public one only."""
    club = Reported(kagsync, settings, tmp_path)
    club.track("alice", "bob", "carol", "dave", "eve")
    club.board("alice", "x", "bob", "carol", "dave", "y")
    club.board("bob", "x", "alice", "carol", "y", minute=1, private=True)
    return club


def rows(found: Page, table: int) -> list[list[str]]:
    """The cells of one of the page's tables, row by row, in words."""
    body = found.html.split('class="standings">')[table + 1].split("<tbody>")[1].split("</tbody>")[0]
    cells = [re.split("<t[dh] ", row)[1:] for row in body.split("<tr ")[1:]]
    return [[_words(cell.partition(">")[2]) for cell in row] for row in cells]


def _words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def headings(found: Page) -> list[str]:
    return [text for tag, text in found.texts if tag == "h2"]


def filled(tmp_path: Path, filling: Filling, **columns: str | int | None) -> Path:
    filling.into(tmp_path / "a.db")
    if columns:
        set_columns(tmp_path / "a.db", SLUG, **columns)
    return tmp_path / "a.db"


def write(
    db: Path, folder: Path, now: datetime = NOW, *, always: bool = True, board: str = "final"
) -> report.Written:
    with Store.open(db, locks_of(db)) as store:
        return report.report(store, folder, now, report.Content(board=board), always=always)


def two(final: tuple[int, int] = (30, 40)) -> Filling:
    """Two people, whose private board is as old as their last public one."""
    standings = [
        Standing("alice", "Alice", None, "Rabbits", (20, 10)),
        Standing("bob", "Bob", None, "Hares", (40, 50)),
    ]
    return Filling(standings, [END - 3600, END], final=final)


def test_the_result_stands_above_the_race(club: Reported) -> None:
    club.report()
    found = page(club.site)
    assert headings(found) == [
        "The result: the private board",
        "From the public to the private board",
        "Not on the private board",
        "The race: the public board",
        "Ranks over time",
        "What moved, and why",
        "Not on the board yet",
    ]
    result, race = rows(found, 0), rows(found, 1)
    assert [row[:4] for row in result] == [
        ["1", "3", "▲2 places up", "bob Team bob"],
        ["3", "1", "▼2 places down", "alice Team alice"],
        ["4", "4", "=", "carol Team carol"],
    ]
    assert [row[4:] for row in result] == [["0.90", "0.88"], ["0.88", "0.90"], ["0.87", "0.87"]]
    assert [row[0] for row in race] == ["1", "3", "4", "5"]
    assert "dave is on the public board only" in found.text
    assert found.text.count("on the public board only") == 1
    assert "Shake-up of all 5 teams on both boards: the median team moved 1 place, " in found.text
    assert "private board from 2025-10-31 16:01 UTC" in found.text
    assert {"5 teams, 3 of ours", "final"} <= {text for tag, text in found.texts if tag == "span"}
    assert found.open == [] and len(found.all("caption")) == len(found.all("table")) == 2


def test_every_id_is_there_once(club: Reported) -> None:
    club.report()
    found = [attributes["id"] for _, attributes in page(club.site).elements if "id" in attributes]
    assert len(found) == len(set(found))


def test_a_board_can_be_chosen(club: Reported) -> None:
    club.report("--board", "public")
    found = page(club.site)
    assert headings(found)[0] == "The board" and len(found.all("table")) == 1
    assert "private" not in found.text
    club.report("--board", "private")
    found = page(club.site)
    assert headings(found)[0] == "The result: the private board" and len(found.all("table")) == 1
    assert "Ranks over time" not in headings(found)
    club.report("--board", "final")
    assert len(page(club.site).all("table")) == 2


def test_without_a_private_board_the_final_one_is_the_public_one(
    kagsync: Kagsync, settings: Settings, tmp_path: Path
) -> None:
    club = Reported(kagsync, settings, tmp_path)
    club.track("alice")
    club.board("alice")
    club.report()
    assert headings(page(club.site))[0] == "The board"
    club.report("--board", "private")
    assert "There is no private board yet." in page(club.site).text


def test_nobody_of_ours_on_the_private_board_is_said(club: Reported) -> None:
    club.board("x", "y", "z", minute=2, private=True)
    club.report()
    found = page(club.site)
    assert "None of our people is on the private board." in found.text
    assert "bob left the board on 2025-10-31 (was rank 1, score 0.90)" in found.text
    assert len(found.all("table")) == 1 and len(found.all("input")) == 1  # the race has the filter then


def test_medals_are_those_of_the_private_board(tmp_path: Path) -> None:
    db = filled(tmp_path, two((12, 15)))
    write(db, tmp_path)
    result, race = rows(page(tmp_path), 0), rows(page(tmp_path), 1)
    assert [row[-1] for row in result] == ["gold", ""]
    assert result[0][3] == "Alice gold medal Rabbits"  # on a phone there is no column for it
    assert all("gold" not in cell for row in race for cell in row)


def test_what_changed_later_is_told_and_the_result_itself_only_in_the_table(club: Reported) -> None:
    club.board("bob", "alice", "carol", "y", minute=2, private=True)
    club.report()
    found = page(club.site)
    assert "Later changes" not in headings(found)  # it is older than a day
    db = club.db
    write(db, club.site, clock.parse_iso("2025-10-31T17:00:00Z"))
    found = page(club.site)
    assert "Later changes" in headings(found)
    told = "rescored alice Team alice 3 → 2 of 4 on the private board, up 1 place, 0.88 → 0.89"
    assert told in found.text
    assert "finished" not in found.text
    card = page(club.site, None).text
    assert "bob finished 1 of 5: up 2 places from the public board" in card


def test_the_card_shows_the_final_places(club: Reported) -> None:
    club.report()
    card = page(club.site, None)
    assert [text for tag, text in card.texts if tag == "dd"] == ["3", "1", "1", "2"]
    assert [text for tag, text in card.texts if tag == "dt"] == [
        "on the board",
        "up",
        "down",
        "missing",
    ]
    best = card.html.split('<ol class="best">')[1].split("</ol>")[0]
    assert _words(best) == "1 bob 0.90 3 alice 0.88 4 carol 0.87"


LINKED = {"kaggle_competition_id": SLUG}


def _ago(**ago: int) -> str:
    return clock.iso(NOW - timedelta(**ago))


@pytest.mark.parametrize(
    ("columns", "told", "hours"),
    [
        ({}, "final", None),
        (LINKED | {"deadline": _ago(hours=2), "result_since": _ago(hours=1)}, "final, may change", 2),
        (
            LINKED | {"deadline": _ago(days=9), "result_since": _ago(days=8),
                      "result_asked_at": _ago(hours=3), "result_answered_at": _ago(hours=3)},
            "final, may change",
            25,
        ),
        (
            LINKED | {"deadline": _ago(days=50), "result_since": _ago(days=40),
                      "result_answered_at": _ago(days=9)},
            f"final, finished since {NOW - timedelta(days=11):%Y-%m-%d}",
            None,
        ),
    ],
    ids=["from a file", "hourly", "daily", "finished"],
)  # fmt: skip
def test_a_page_says_how_final_it_is_and_is_old_at_its_own_pace(
    tmp_path: Path, columns: dict[str, str], told: str, hours: int | None
) -> None:
    db = filled(tmp_path, two(), **columns)
    for name, since, old in (("before", -1, False), ("after", 1, hours is not None)):
        set_columns(db, SLUG, synced_at=clock.iso(NOW - timedelta(hours=hours or 900, minutes=since)))
        write(db, tmp_path / name)
        for found in (page(tmp_path / name), page(tmp_path / name, None)):
            assert told in found.text
            assert ("ago" in found.text) is (hours is not None)
            (fresh,) = [each for each in found.all("span") if "fresh" in (each.get("class") or "").split()]
            assert fresh["class"] == ("fresh old" if old else "fresh")
            assert fresh.get("data-hours") == (None if hours is None else str(hours))


def test_waiting_for_the_result_is_told(tmp_path: Path) -> None:
    filling = a_year(1, 5)
    filling.deadline = NOW - timedelta(hours=3)
    db = filled(tmp_path, filling, **LINKED)
    write(db, tmp_path)
    for found in (page(tmp_path), page(tmp_path, None)):
        assert "ended, waiting for the final result" in found.text


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE private_boards SET fingerprint = 'q'",
        "UPDATE private_boards SET snapshot_at = '2025-11-10T11:59:00Z'",
        "UPDATE competitions SET result_answered_at = '2026-01-01T00:00:00Z'",  # finished
    ],
)
def test_a_new_result_or_phase_makes_a_page_new(club: Reported, sql: str) -> None:
    club.update(deadline="2025-11-01T00:00:00Z", result_since="2025-11-02T00:00:00Z")
    now = clock.utc_now()
    assert write(club.db, club.site, now).written == 2
    assert write(club.db, club.site, now, always=False).written == 0
    club.execute(sql)
    assert write(club.db, club.site, now, always=False).written == 2


def test_another_choice_of_boards_makes_a_page_new(club: Reported) -> None:
    now = clock.utc_now()
    write(club.db, club.site, now)
    assert write(club.db, club.site, now, always=False, board="public").written == 2


@pytest.mark.parametrize(("hours", "written"), [(23, 0), (25, 2)])
def test_a_finished_page_is_written_again_once_a_day(tmp_path: Path, hours: int, written: int) -> None:
    db = filled(
        tmp_path,
        two(),
        **LINKED,
        deadline=_ago(days=50),
        result_since=_ago(days=40),
        result_answered_at=_ago(days=9),
    )
    write(db, tmp_path / "site")
    then = (NOW - timedelta(hours=hours)).timestamp()
    for path in (tmp_path / "site").iterdir():
        os.utime(path, (then, then))
    assert write(db, tmp_path / "site", always=False).written == written


@pytest.mark.long
def test_two_boards_of_two_hundred_people_stay_small(tmp_path: Path) -> None:
    write(filled(tmp_path, a_year(200, 800, final=True)), tmp_path)
    found = page(tmp_path)
    assert len(found.all("tr")) == 2 * 201
    assert len(found.html.encode()) < LIMIT
