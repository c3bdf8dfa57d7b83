"""`deadlines.ics`: what a calendar program reads in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_pages import NOW, PAYLOADS, locks_of, write
from world.database import execute
from world.running import set_columns

from kagsync import clock
from kagsync.report import calendar
from kagsync.report import write as report
from kagsync.safe_text import printable
from kagsync.store import Store

if TYPE_CHECKING:
    from pathlib import Path

ENDS = NOW + timedelta(days=30)
ALL = {
    "deadline": ENDS,
    "merger_deadline": ENDS - timedelta(days=7),
    "new_entrant_deadline": ENDS - timedelta(days=8),
}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    with Store.open(path, locks_of(path), create=True):
        pass
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def add(db: Path, slug: str, title: str | None = None, kaggle: str | None = None, **deadlines: Any) -> None:
    execute(
        db, "INSERT INTO competitions (slug, title, kaggle_competition_id, added_at) VALUES (?, ?, ?, ?)",
        slug, title, kaggle, clock.iso(NOW),
    )  # fmt: skip
    if deadlines:
        set_columns(db, slug, **{name: clock.iso(moment) for name, moment in deadlines.items()})


def read(site: Path) -> list[Any]:
    """The events."""
    found = icalendar.Calendar.from_ical((site / "deadlines.ics").read_bytes())
    assert found.errors == [] and found["VERSION"] == "2.0"
    assert found.subcomponents
    return found.walk("VEVENT")


def test_each_deadline_is_an_event(db: Path, site: Path) -> None:
    add(db, "titanic", "Titanic", "titanic", **ALL)
    write(db, site)
    found = {str(event["SUMMARY"]): event for event in read(site)}
    assert {name: event["DTSTART"].dt for name, event in found.items()} == {
        "Titanic: deadline": ALL["deadline"],
        "Titanic: last day to merge teams": ALL["merger_deadline"],
        "Titanic: last day to enter": ALL["new_entrant_deadline"],
    }
    for event in found.values():
        assert event["DTSTART"].dt.tzinfo is not None and event["DTSTAMP"].dt == NOW
        assert event["URL"] == "https://www.kaggle.com/competitions/titanic"
        assert event["TRANSP"] == "TRANSPARENT" and event.errors == []
    assert {str(event["UID"]) for event in found.values()} == {
        "titanic-deadline@kagsync",
        "titanic-merger-deadline@kagsync",
        "titanic-new-entrant-deadline@kagsync",
    }


def test_only_what_is_known_of_active_competitions_is_in_it(db: Path, site: Path) -> None:
    add(db, "paused", **ALL)
    set_columns(db, "paused", active=0)
    add(db, "open")
    add(db, "nonsense", deadline=datetime(1, 1, 1, tzinfo=UTC))
    add(db, "digits", deadline=ENDS)
    write(db, site)
    (event,) = read(site)
    assert event["SUMMARY"] == "digits: deadline"
    assert "URL" not in event


def test_a_report_of_some_competitions_has_their_deadlines_only(db: Path, site: Path) -> None:
    for slug in ("digits", "titanic"):
        add(db, slug, deadline=ENDS)
    with Store.open(db, locks_of(db)) as store:
        report.report(store, site, NOW, report.Content(["digits"], title="Course, 2025"))
    assert [event["SUMMARY"] for event in read(site)] == ["digits: deadline"]
    assert b"X-WR-CALNAME:Course\\, 2025\r\n" in (site / "deadlines.ics").read_bytes()


def test_without_a_deadline_it_is_a_calendar_without_events(db: Path, site: Path) -> None:
    write(db, site)
    assert read(site) == []
    text = (site / "deadlines.ics").read_text()
    assert "BEGIN:X-" in text  # a calendar must have a component


def test_an_event_gets_another_stamp_only_if_it_changed(db: Path, site: Path) -> None:
    add(db, "digits", deadline=ENDS, merger_deadline=ENDS)
    write(db, site)
    before = (site / "deadlines.ics").read_bytes()
    later = NOW + timedelta(days=40)
    write(db, site, later)
    assert (site / "deadlines.ics").read_bytes() == before
    set_columns(db, "digits", deadline=clock.iso(ENDS + timedelta(days=1)))
    with Store.open(db, locks_of(db)) as store:
        report.report(store, site, later, always=False)
    stamps = {str(event["UID"]): event["DTSTAMP"].dt for event in read(site)}
    assert stamps == {"digits-deadline@kagsync": later, "digits-merger-deadline@kagsync": NOW}


@pytest.mark.parametrize("column", ["deadline", "merger_deadline", "new_entrant_deadline", "title", "active"])
def test_whatever_it_says_makes_it_new_when_it_changes(db: Path, site: Path, column: str) -> None:
    add(db, "digits", **ALL)
    write(db, site)
    before = (site / "deadlines.ics").read_bytes()
    value = {"title": "Digits", "active": 0}.get(column, clock.iso(ENDS + timedelta(days=1)))
    set_columns(db, "digits", **{column: value})
    with Store.open(db, locks_of(db)) as store:
        report.report(store, site, NOW, always=False)
    assert (site / "deadlines.ics").read_bytes() != before


# Text


@pytest.mark.parametrize("name", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_hostile_titles_are_text_and_nothing_else(db: Path, site: Path, name: str) -> None:
    add(db, "digits", name, deadline=ENDS)
    write(db, site)
    (event,) = read(site)
    assert str(event["SUMMARY"]) == f"{printable(name)}: deadline"
    assert set(event) == {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "TRANSP"}


def unfolded(text: str) -> str:
    return text.replace("\r\n ", "")


@pytest.mark.long
@given(st.text(max_size=300))
@example("梯" * 200)
@example("x" * 66 + "é")
@example("a\r\nBEGIN:VEVENT")
def test_a_line_is_folded_and_comes_back_as_it_was(text: str) -> None:
    made = calendar.line("SUMMARY", calendar.escaped(text))
    assert made.endswith("\r\n")
    parts = made.removesuffix("\r\n").split("\r\n")
    assert all(len(part.encode()) <= 75 for part in parts)
    assert all(part[0] == " " for part in parts[1:])
    assert all(len(part.encode()) > 75 - 4 for part in parts[:-1])  # no line is shorter than it has to be
    assert unfolded(made) == f"SUMMARY:{calendar.escaped(text)}\r\n"
    found = icalendar.Event.from_ical(f"BEGIN:VEVENT\r\n{made}END:VEVENT\r\n")
    assert str(found["SUMMARY"]) == printable(text)
