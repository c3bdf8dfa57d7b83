"""The options that the database holds for reports: what they change. Pages never tell more by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world.running import one_line

from kagsync.report import NAMES, PSEUDONYM, REAL, USERNAME
from kagsync.report.folder import Head, Privacy
from kagsync.report.write import Content
from kagsync.store import Store
from kagsync.store.report_options import ReportOptions

if TYPE_CHECKING:
    from pathlib import Path

    from world.club import Club


def told(usual: ReportOptions, before: Privacy | None, **given: str | bool) -> Privacy:
    """What pages tell with these usual options, after pages that told `before` (None: there were none)."""
    content = Content(**given).with_usual(usual)  # type: ignore[arg-type]
    return content.privacy([] if before is None else [Head("key", before)])


@pytest.mark.parametrize("usual", NAMES)
@pytest.mark.parametrize("before", NAMES)
def test_usual_names_never_tell_more_than_the_pages_did(usual: str, before: str) -> None:
    assert told(ReportOptions(names=usual), None).names == usual
    strict = max(usual, before, key=NAMES.index)
    assert told(ReportOptions(names=usual), Privacy(before)).names == strict
    assert told(ReportOptions(), Privacy(before)).names == before
    for given in NAMES:
        assert told(ReportOptions(names=usual), Privacy(before), names=given).names == given


def test_search_engines_are_let_in_only_where_they_were_or_in_a_new_folder() -> None:
    yes, no = ReportOptions(search_engines=True), ReportOptions(search_engines=False)
    closed, opened = Privacy(REAL, False), Privacy(REAL, True)
    assert [told(yes, before).searchable for before in (None, closed, opened)] == [True, False, True]
    assert [told(no, before).searchable for before in (None, closed, opened)] == [False] * 3
    assert [told(ReportOptions(), each).searchable for each in (None, closed, opened)] == [False, False, True]
    assert told(no, closed, searchable=True).searchable


@pytest.mark.parametrize(
    ("setup", "shown"),
    [
        ("[[competitions]]\nslug = 'https://www.kaggle.com/c/titanic'", {"titanic"}),
        ("[[competitions]]\nslug = 'other'\npaused = true", {"other"}),
        ("competitions = []", set()),
        ("[report]", {"titanic", "other"}),
    ],
)
def test_a_report_can_be_of_the_competitions_in_a_set_up_file(
    setup: str, shown: set[str], club: Club, tmp_path: Path
) -> None:
    club.track("alice")
    club.competitions("other")
    (tmp_path / "kagsync.toml").write_text(setup)
    words = ("report", "--setup", str(tmp_path / "kagsync.toml"), "--output", str(tmp_path / "site"))
    club.ok(*words)
    assert {path.stem for path in (tmp_path / "site").glob("competition-*")} == {
        f"competition-{slug}" for slug in shown
    }
    assert "contradict each other" in one_line(club.run(*words, "titanic"))


def test_the_last_person_of_the_usual_group_may_be_taken_out(club: Club, board: Path, tmp_path: Path) -> None:
    club.ok("users", "add", "alice", "--group", "7A")
    with Store.open(club.db, club.settings.locks) as store:
        store.report_options.save(ReportOptions(group="7A"))
    assert club.load(board).code == 0
    words = ("report", "--output", str(tmp_path / "site"))
    club.ok(*words)
    page = tmp_path / "site" / "competition-titanic.html"
    assert "alice" in page.read_text(encoding="utf-8")
    club.ok("users", "archive", "alice")
    club.ok(*words)
    assert "alice" not in page.read_text(encoding="utf-8")
    assert "nobody is in a group" in one_line(club.run(*words, "--group", "7A"))


def test_report_and_sync_use_them_unless_an_option_is_given(club: Club, board: Path, tmp_path: Path) -> None:
    club.ok("users", "add", "alice", "--group", "7A", "--name", "Alice Ace", "--pseudonym", "Fox")
    with Store.open(club.db, club.settings.locks) as store:
        store.report_options.save(ReportOptions("Our class", "7A", "public", PSEUDONYM, True))
    one, two, three = tmp_path / "one", tmp_path / "two", tmp_path / "three"
    club.ok("report", "--output", str(one))
    assert club.load(board, "--report", str(two)).code == 0
    for folder in (one, two):
        index = (folder / "index.html").read_text(encoding="utf-8")
        assert "<title>Our class" in index
        assert 'content="index"' in index
        page = (folder / "competition-titanic.html").read_text(encoding="utf-8")
        assert "Fox" in page
        assert "alice" not in page.lower()
        assert "bob" not in page
    words = ("--title", "", "--group", "", "--names", USERNAME, "--no-search-engines")
    club.ok("report", "--output", str(three), *words)
    assert "<title>Leaderboards" in (three / "index.html").read_text(encoding="utf-8")
    page = (three / "competition-titanic.html").read_text(encoding="utf-8")
    assert "bob" in page
    assert "alice" in page
    assert 'content="noindex"' in page
