"""Pages of series, and what the index, the feed and `standings.json` say about them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from test_feed import read as read_feed
from test_feed import sync
from test_pages import NOW, PAYLOADS, Filling, Page, Standing, hostile, links, locks_of, names, page, write
from world.database import execute
from world.work import counted

from kagsync.report import PSEUDONYM, REAL, chart
from kagsync.report import series as of_series
from kagsync.report import write as report
from kagsync.report.folder import series_names
from kagsync.safe_text import printable
from kagsync.scoring.series import CTF, PERCENTILE, Part, Series
from kagsync.store import Store

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86400
LAST = int(NOW.timestamp()) - 600
DAYS = 21  # of boards, the last one today
OVERTAKES = 5  # days ago: Lina takes the lead from Bob


def season(db: Path, *, people: int = 0, overtakes: int = OVERTAKES, **options: Any) -> None:
    """Two competitions, a board a day, and the series Autumn 2026 of both.

    Bob leads with 43 points before Zoe (40) and Lina (33); then Lina with 43 before Bob (40) and Zoe (33).

    Args:
        people: how many more there are; all of them stand below these.
    """
    moments = [LAST - DAY * ago for ago in reversed(range(DAYS))]
    lina = [40] * (DAYS - overtakes - 1) + [3] * (overtakes + 1)
    ranks: dict[str, dict[str, list[int]]] = {
        "one": {"lina": [10] * DAYS, "bob": [5] * DAYS, "zoe": [30] * DAYS},
        "two": {"lina": lina, "bob": [35] * DAYS, "zoe": [30] * DAYS},
    }
    groups = {"lina": "7A", "bob": "7B", "zoe": "7A"}
    for slug, each in ranks.items():
        each |= {f"user{i}": [100 + i] * DAYS for i in range(people)}
        standings = [
            Standing(name, name.title(), groups.get(name), f"{slug} {name}", ranks=way)
            for name, way in each.items()
        ]
        Filling(standings, moments, slug, f"Competition {slug}").into(db)
    save(db, "Autumn 2026", **options)


def save(db: Path, name: str, slugs: tuple[str, ...] = ("one", "two"), /, **options: Any) -> Series:
    """Creates a series, or changes the one with this name."""
    with Store.open(db, locks_of(db)) as store:
        found = store.series.find(name) or Series(0, name)
        parts = tuple(Part(store.competitions.get(slug).id, slug) for slug in slugs)
        return store.series.save(found._replace(parts=parts)._replace(**options))


def delete(db: Path, name: str) -> None:
    with Store.open(db, locks_of(db)) as store:
        store.series.delete(store.series.get(name))


def autumn(site: Path) -> Page:
    return Page((site / "series-autumn-2026.html").read_text(encoding="utf-8"))


def cells(found: Page) -> list[list[str]]:
    """The words of each row of the table."""
    body = found.html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [Page(f"{row.replace('</t', ' </t')}</tr>").text.split() for row in body.split("</tr>")[:-1]]


def listed(site: Path) -> list[Any]:
    found: list[Any] = json.loads((site / "standings.json").read_text())["series"]
    return found


def leads(site: Path) -> list[Any]:
    return [entry for entry in read_feed(site).entries if entry.link.endswith("series-autumn-2026.html")]


# What is on the page


def test_the_page_says_who_has_how_many_points_where(db: Path, site: Path) -> None:
    season(db)
    write(db, site)
    found = autumn(site)
    assert "points by place among these people: 25, 18, 15" in found.text
    assert [" ".join(row) for row in cells(found)] == [
        "1 Lina 7A 43 18 rank 10 25 rank 3",
        "2 Bob 7B 40 25 rank 5 15 rank 35",
        "3 Zoe 7A 33 15 rank 30 18 rank 30",
    ]


def test_a_board_that_is_dated_a_little_ahead_counts_already(db: Path, site: Path) -> None:
    season(db)
    execute(db, f"UPDATE snapshots SET moment = {LAST + 1200} WHERE moment = {LAST}")
    execute(db, f"UPDATE entry_history SET moment = {LAST + 1200} WHERE moment = {LAST}")
    write(db, site)
    assert f"public board of {NOW:%Y-%m-%d}" in autumn(site).text


def test_the_page_says_who_leads_since_when_and_how_the_lead_changed(db: Path, site: Path) -> None:
    season(db)
    write(db, site)
    day = NOW - timedelta(days=OVERTAKES)
    assert f"Lina leads with 43 since {day:%Y-%m-%d}, 3 ahead of Bob" in autumn(site).text
    assert (
        f"End of {day:%Y-%m-%d} – Lina leads Autumn 2026 with 43 points, 3 ahead of Bob" in autumn(site).text
    )


def test_the_page_says_whose_place_changed_and_why(db: Path, site: Path) -> None:
    season(db, overtakes=0)
    write(db, site)
    text = autumn(site).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "3 → 1 Lina two 15 → 25 (place 3 → 1 of 3)" in text
    assert "1 → 2 Bob two 18 → 15 (place 2 → 3 of 3)" in text
    assert "▲2" in text and "+10" in text


def test_results_that_do_not_count_are_struck_through_and_said_to_be(db: Path, site: Path) -> None:
    season(db, best=1)
    write(db, site)
    found = autumn(site)
    assert found.html.count("<s>") == 3 == found.html.count("does not count</span>")
    assert "<s>18</s>" in found.html and "only the best result of each person does" in found.text
    save(db, "Autumn 2026", best=None)
    write(db, site)
    assert "<s>" not in autumn(site).html and "does not count" not in autumn(site).text


def test_a_weight_is_in_the_head_of_its_column(db: Path, site: Path) -> None:
    season(db)
    execute(db, "UPDATE series_competitions SET weight = 0.001 WHERE competition_id = 2")
    write(db, site)
    assert "Competition two ×0.001" in autumn(site).text
    assert "Competition one ×" not in autumn(site).text


def test_a_leader_who_is_removed_while_a_report_is_made_does_no_harm(
    db: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    season(db)
    people = of_series.query.people

    def later(store: Store, series: Series, at: datetime | None = None) -> Any:
        return [user for user in people(store, series, at) if at is not None or user.handle != "lina"]

    monkeypatch.setattr(of_series.query, "people", later)
    write(db, site)
    assert "series-autumn-2026.html" in names(site) and leads(site) == []


def test_who_is_not_on_a_board_has_no_points_there(db: Path, site: Path) -> None:
    season(db)
    execute(db, "DELETE FROM entry_history WHERE competition_id = 2 AND user_id = 3")
    write(db, site)
    assert cells(autumn(site))[-1][-4:] == ["15", "rank", "30", "–"]


def test_links_lead_from_the_index_to_the_series_to_its_competitions_and_back(db: Path, site: Path) -> None:
    season(db)
    write(db, site)
    assert links(page(site, None))[0] == "series-autumn-2026.html"
    assert links(autumn(site)) == ["index.html", "competition-one.html", "competition-two.html"]
    assert links(page(site, "one")) == ["index.html", "series-autumn-2026.html"]
    assert "Part of Autumn 2026" in page(site, "one").text
    index = page(site, None).text
    assert "1 series" in index and "series of 2 competitions" in index
    assert "Lina leads with 43" in index and "2 Bob 40" in index


def test_without_a_series_nothing_is_said_about_any(db: Path, site: Path) -> None:
    season(db)
    delete(db, "Autumn 2026")
    write(db, site)
    for each in (page(site, None), page(site, "one")):
        assert "series" not in each.text.lower() and "Part of" not in each.text
    assert listed(site) == []


def test_a_rule_that_lacks_something_is_named_and_the_report_is_made(db: Path, site: Path) -> None:
    season(db, rule=CTF)
    write(db, site)
    reason = "the best score of the board of 2025-11-10 is not known"
    assert reason in autumn(site).text and reason in page(site, None).text
    assert "--at" not in autumn(site).text
    assert [row["standings"] for row in listed(site)] == [[]]
    assert leads(site) == []


def test_a_private_board_that_replaced_the_public_one_is_said(db: Path, site: Path) -> None:
    season(db)
    moments = [LAST - 2 * DAY, LAST]
    standings = [Standing(name, team=f"three {name}", ranks=(5, 5)) for name in ("lina", "bob")]
    Filling(standings, moments, "three", "Three", final=(70, 60)).into(db)
    save(db, "Autumn 2026", ("one", "three"))
    write(db, site)
    text = autumn(site).text
    assert "three: the private board of 2025-11-10 has replaced the public one" in text
    assert "Three – private board of 2025-11-10, 2,000 teams, 2 of these people" in text


def test_a_competition_without_a_board_is_in_the_series_too(db: Path, site: Path) -> None:
    season(db)
    execute(db, "DELETE FROM entry_history WHERE competition_id = 2")
    execute(db, "DELETE FROM snapshots WHERE competition_id = 2")
    write(db, site)
    assert "Competition two – no board yet" in autumn(site).text


# Who is shown


def test_a_group_is_shown_with_its_places_in_the_series(db: Path, site: Path) -> None:
    season(db)
    with Store.open(db, locks_of(db)) as store:
        report.report(store, site, NOW, report.Content(group="7A"))
    assert [row[:2] for row in cells(autumn(site))] == [["1", "Lina"], ["3", "Zoe"]]
    assert [(each["place"], each["handle"]) for each in listed(site)[0]["standings"]] == [
        (1, "lina"),
        (3, "zoe"),
    ]


def test_a_series_of_another_group_has_no_page(db: Path, site: Path) -> None:
    season(db, group="7B")
    with Store.open(db, locks_of(db)) as store:
        report.report(store, site, NOW, report.Content(group="7A"))
        assert "series-autumn-2026.html" not in names(site)
        report.report(store, site, NOW, report.Content(group="7B"))
        assert "series-autumn-2026.html" in names(site)


@pytest.mark.parametrize("told", [REAL, PSEUDONYM])
def test_people_who_tie_are_in_the_order_of_their_shown_names(db: Path, site: Path, told: str) -> None:
    season(db, rule=PERCENTILE)
    execute(db, "UPDATE entry_history SET rank = 7")
    execute(db, "UPDATE users SET pseudonym = 'Person ' || (10 - id)")
    with Store.open(db, locks_of(db)) as store:
        report.report(store, site, NOW, report.Content(names=told))
    expected = ["bob", "lina", "zoe"] if told == REAL else ["Person 7", "Person 8", "Person 9"]
    assert [each["handle"] for each in listed(site)[0]["standings"]] == expected
    assert [each["data-user"] for each in autumn(site).all("tr") if "data-user" in each] == [
        name.lower() for name in expected
    ]
    assert {each["place"] for each in listed(site)[0]["standings"]} == {1}


def test_chosen_competitions_come_with_the_series_that_they_make_up(db: Path, site: Path) -> None:
    season(db)
    save(db, "Only one", ("one",))
    write(db, site)
    assert {"series-autumn-2026.html", "series-only-one.html"} <= names(site)
    other = site.parent / "other"
    with Store.open(db, locks_of(db)) as store:
        report.report(store, other, NOW, report.Content(slugs=["one"]))
        assert {name for name in names(other) if name.startswith("series-")} == {"series-only-one.html"}
        assert links(page(other, "one")) == ["index.html", "series-only-one.html"]
        # In the folder of all, the others stay, unless they tell more about people.
        report.report(store, site, NOW, report.Content(slugs=["one"]))
        assert "series-autumn-2026.html" in names(site)
        report.report(store, site, NOW, report.Content(slugs=["one"], names=PSEUDONYM))
    assert {name for name in names(site) if name.startswith("series-")} == {"series-only-one.html"}


def test_an_empty_series_has_no_page(db: Path, site: Path) -> None:
    season(db)
    save(db, "Autumn 2026", ())
    write(db, site)
    assert not any(name.startswith("series-") for name in names(site))


# Files


def test_names_that_are_nearly_the_same_have_pages_of_their_own(db: Path, site: Path) -> None:
    season(db)
    for name in ("Autumn/2026!", "autumn -- 2026", "秋", "Käfer & Söhne", "Autumn 2026 3"):
        save(db, name)
    write(db, site)
    assert {name for name in names(site) if name.startswith("series-")} == {
        *("series-autumn-2026.html", "series-autumn-2026.2.html", "series-autumn-2026.3.html"),
        *("series-series.html", "series-kafer-sohne.html", "series-autumn-2026-3.html"),
    }
    assert "Autumn/2026!" in (site / "series-autumn-2026.2.html").read_text(encoding="utf-8")


def test_the_oldest_of_several_series_keeps_its_file() -> None:
    assert series_names([Series(9, "a b"), Series(4, "A-B")]) == {
        4: "series-a-b.html",
        9: "series-a-b.9.html",
    }


def test_the_page_of_a_deleted_series_is_removed_and_that_of_a_renamed_one_replaced(
    db: Path, site: Path
) -> None:
    season(db)
    sync(db, site)
    save(db, "Autumn 2026", name="Fall 2026")
    sync(db, site)
    assert "series-fall-2026.html" in names(site) and "series-autumn-2026.html" not in names(site)
    assert "Part of Fall 2026" in page(site, "one").text
    delete(db, "Fall 2026")
    sync(db, site)
    assert not any(name.startswith("series-") for name in names(site))
    assert "Part of" not in page(site, "one").text and "series" not in page(site, None).text
    assert listed(site) == []


def test_somebodys_own_file_stays_and_is_never_replaced(db: Path, site: Path) -> None:
    season(db)
    sync(db, site)
    own = site / "series-mine.html"
    own.write_text("<p>mine</p>")
    delete(db, "Autumn 2026")
    sync(db, site)
    assert own.read_text() == "<p>mine</p>"
    save(db, "Mine")
    with pytest.raises(Exception, match=r"series-mine\.html was not written by kagsync"):
        sync(db, site)
    assert own.read_text() == "<p>mine</p>"


@pytest.mark.long
def test_a_page_is_written_only_if_its_content_changes(db: Path, site: Path) -> None:
    now = datetime.now(UTC).replace(hour=12, minute=0)
    season(db)
    save(db, "Only one", ("one",))
    sync(db, site, now)
    os.utime(site / "index.html", None)
    both = {"series-autumn-2026.html", "series-only-one.html"}

    def changed() -> set[str]:
        for name in names(site):
            os.utime(site / name, (now.timestamp(), now.timestamp()))
        before = {name: (site / name).stat().st_mtime_ns for name in both}
        sync(db, site, now)
        return {name for name in both if (site / name).stat().st_mtime_ns != before[name]}

    assert changed() == set()
    save(db, "Autumn 2026", best=1)
    assert changed() == {"series-autumn-2026.html"}
    execute(db, "UPDATE competitions SET fingerprint = 'y' WHERE slug = 'two'")
    assert changed() == {"series-autumn-2026.html"}
    execute(db, "UPDATE competitions SET snapshot_at = '2025-11-10T11:59:00Z' WHERE slug = 'one'")
    assert changed() == both
    execute(db, "UPDATE users SET name = 'Robert' WHERE username = 'bob'")
    assert changed() == both
    assert changed() == set()
    now += timedelta(days=1)  # it compares with a day ago
    assert changed() == both


def test_an_updated_folder_holds_what_a_new_one_does(db: Path, site: Path) -> None:
    season(db)
    sync(db, site)
    save(db, "Only one", ("one",), rule=PERCENTILE)
    sync(db, site)
    execute(db, "UPDATE competitions SET fingerprint = 'y' WHERE slug = 'two'")
    save(db, "Autumn 2026", best=1)
    sync(db, site)
    sync(db, site.parent / "new")
    for name in names(site) - {"feed.xml"}:
        assert (site / name).read_bytes() == (site.parent / "new" / name).read_bytes(), name
    assert [each.id for each in read_feed(site).entries] == [
        each.id for each in read_feed(site.parent / "new").entries
    ]


# Strangers' text


@pytest.mark.parametrize("name", PAYLOADS.values(), ids=list(PAYLOADS))
def test_a_hostile_name_is_text_and_nothing_else(db: Path, site: Path, name: str) -> None:
    hostile().into(db)
    save(db, name, ("titanic",))
    write(db, site)
    (file,) = (each for each in names(site) if each.startswith("series-"))
    assert file.isascii() and "/" not in file
    found = Page((site / file).read_text(encoding="utf-8"))
    (title,) = (text for tag, text in found.texts if tag == "h1")
    assert title == printable(name)
    assert len(found.all("script")) == 1 and not found.all("img")
    assert not any(key.startswith("on") for _, attributes in found.elements for key in attributes)
    assert links(page(site, None))[0] == file
    for text in PAYLOADS.values():
        assert " ".join(printable(text).split()) in found.text


# The chart


def test_the_chart_shows_totals_with_the_highest_at_the_top(db: Path, site: Path) -> None:
    season(db)
    write(db, site)
    found = autumn(site)
    assert "Totals of 3 people from" in found.text and "highest total at the top" in found.text
    paths = {each["data-user"]: each["d"] or "" for each in found.all("path") if "data-user" in each}
    ends = {user: int(path.rpartition("V")[2].partition("H")[0]) for user, path in paths.items()}
    assert ends["lina"] < ends["bob"] < ends["zoe"] == chart.HEIGHT


def test_totals_on_the_axis_are_round() -> None:
    def labels(low: float, high: float) -> list[str]:
        found = chart.draw([chart.Line("a", "A", [(LAST - DAY, low), (LAST, high)])], LAST, totals=True)
        assert found is not None
        return [tick.label for tick in found.values]

    assert labels(0, 143) == ["0", "50", "100"]
    assert labels(0.13, 0.77) == ["0.2", "0.4", "0.6"]
    assert labels(3, 132_321.9) == ["50,000", "100,000"]
    assert labels(7, 7) == ["7", "7.2", "7.4", "7.6", "7.8", "8"]


def test_of_many_totals_those_that_changed_most_have_names() -> None:
    lines = [chart.Line(f"user{i}", f"user{i}", [(LAST - DAY, i), (LAST, i)]) for i in range(30)]
    lines.append(chart.Line("climber", "climber", [(LAST - DAY, 0), (LAST, 20)]))
    found = chart.draw(lines, LAST, totals=True)
    assert found is not None
    assert "climber" in {line.username for line in found.lines if line.name_at is not None}


def test_a_day_that_is_not_known_and_one_without_a_result_are_gaps(db: Path, site: Path) -> None:
    season(db, rule=CTF)
    execute(db, "UPDATE snapshots SET best_score = 0.9")
    execute(db, f"UPDATE snapshots SET best_score = NULL WHERE moment = {LAST - 8 * DAY}")
    execute(db, f"DELETE FROM entry_history WHERE user_id = 3 AND moment < {LAST - 3 * DAY}")
    write(db, site)
    paths = {each["data-user"]: each["d"] or "" for each in autumn(site).all("path") if "data-user" in each}
    assert [paths[user].count("M") for user in ("lina", "bob", "zoe")] == [2, 2, 1]
    start = {user: int(path[1:].partition(",")[0]) for user, path in paths.items()}
    assert start["lina"] == start["bob"] < start["zoe"]


@pytest.mark.parametrize(("days", "most"), [(1, 40), (20, 40), (53, 40), (365, 40), (365, 28)])
def test_a_chart_has_the_ends_of_a_few_days_the_last_ones_all(days: int, most: int) -> None:
    begin = NOW - timedelta(days=days)
    found = of_series._ends(begin, NOW, most)
    assert found == sorted(found) and len(set(found)) == len(found) <= most
    assert {(each.hour, each.minute, each.second) for each in found} == {(23, 59, 59)}
    latest = [NOW.replace(hour=23, minute=59, second=59) - timedelta(days=n) for n in range(1, 15)]
    assert found[-14:] == sorted(each for each in latest if each >= begin)
    gaps = [after - before for before, after in pairwise(found)]
    assert max(gaps, default=timedelta(days=1)) <= timedelta(days=max(-(-days // (most - 14)), 1))
    assert begin <= found[0] <= begin + timedelta(days=max(-(-days // (most - 14)), 1))


# The feed


def test_a_new_leader_is_an_entry_of_the_feed(db: Path, site: Path) -> None:
    season(db)
    write(db, site)
    (entry,) = leads(site)
    day = NOW - timedelta(days=OVERTAKES)
    assert entry.title == "Lina leads Autumn 2026 with 43 points, 3 ahead of Bob"
    assert entry.id == f"urn:kagsync:series-1:{day:%Y-%m-%d}"
    assert entry.published == entry.updated == f"{day + timedelta(days=1):%Y-%m-%d}T00:00:00Z"
    assert [tag.term for tag in entry.tags] == ["lead"]
    moments = [each.updated for each in read_feed(site).entries]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.long
def test_an_entry_comes_when_the_day_has_ended_and_stays_as_it_is_for_two_weeks(db: Path, site: Path) -> None:
    season(db, overtakes=0)
    sync(db, site)
    assert leads(site) == []
    for days in range(1, 15):
        sync(db, site, NOW + timedelta(days=days))
        (entry,) = leads(site)
        assert entry.id == f"urn:kagsync:series-1:{NOW:%Y-%m-%d}"
        assert entry.title == "Lina leads Autumn 2026 with 43 points, 3 ahead of Bob"
    sync(db, site, NOW + timedelta(days=15))
    assert leads(site) == []


def test_the_first_leaders_are_news_too_and_leaders_who_tie_are_all_named(db: Path, site: Path) -> None:
    season(db)
    execute(db, f"DELETE FROM entry_history WHERE moment < {LAST - 9 * DAY}")
    execute(db, f"DELETE FROM snapshots WHERE moment < {LAST - 9 * DAY}")
    execute(db, "UPDATE entry_history SET rank = 1 WHERE user_id < 3")
    write(db, site)
    (entry,) = leads(site)
    assert entry.title == "Bob and Lina lead Autumn 2026 with 50 points, 20 ahead of Zoe"


def test_a_page_that_stays_keeps_its_entries_and_its_card_without_being_computed(
    db: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    season(db)
    sync(db, site)
    before = listed(site), leads(site)
    Filling([Standing("zoe", team="three zoe")], [LAST], "three", "Three").into(db)
    monkeypatch.setattr(report.Gathered, "series", None)
    sync(db, site)
    assert (listed(site), leads(site)) == before
    assert "Lina leads with 43" in page(site, None).text and "Three" in page(site, None).text


# standings.json


def test_the_standings_are_there_for_programs(db: Path, site: Path) -> None:
    season(db, best=1)
    write(db, site)
    (found,) = listed(site)
    first = found.pop("standings")[0]
    assert found == {
        "page": "series-autumn-2026.html",
        "series": "Autumn 2026",
        "rule": "places",
        "best": 1,
        "group": None,
        "ties": "min",
        "board": "final",
        "absent": "zero",
        "teams": "each",
        "competitions": ["one", "two"],
        "leader_since": found["leader_since"],
    }
    assert first == {
        "place": 1,
        "handle": "bob",
        "username": "bob",
        "name": "Bob",
        "group": "7B",
        "total": 25.0,
        "counted": 1,
        "competitions": [
            {"competition": "one", "rank": 5, "points": 25.0, "counts": True},
            {"competition": "two", "rank": 35, "points": 15.0, "counts": False},
        ],
    }


# Cost


def test_a_report_without_a_series_asks_once_whether_there_is_one(db: Path, site: Path) -> None:
    season(db)
    delete(db, "Autumn 2026")
    asked: list[str] = []
    with Store.open(db, locks_of(db)) as store:
        store.connection.raw.set_trace_callback(asked.append)
        report.report(store, site, NOW)
    assert sum("series" in each for each in asked) == 1


@pytest.mark.long
def test_the_work_for_a_page_does_not_grow_with_its_people_in_statements(db: Path, tmp_path: Path) -> None:
    def statements(name: str, people: int) -> int:
        season(tmp_path / name, people=people)
        with counted() as work:
            write(tmp_path / name, tmp_path / f"{name}-site")
        with_series = work.statements
        delete(tmp_path / name, "Autumn 2026")
        with counted() as work:
            write(tmp_path / name, tmp_path / f"{name}-site")
        return with_series - work.statements

    assert statements("few.db", 2) == statements("many.db", 12) <= 100


def test_each_moment_is_computed_once(db: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    season(db)
    asked: list[datetime] = []
    boards = of_series.query._boards

    def noted(store: Store, series: Series, users: Any, moments: Any, *rest: Any) -> Any:
        asked.extend(moments)
        return boards(store, series, users, moments, *rest)

    monkeypatch.setattr(of_series.query, "_boards", noted)
    write(db, site)
    assert len(asked) == len(set(asked)) <= 41
