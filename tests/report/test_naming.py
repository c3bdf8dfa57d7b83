"""`--names`: what the pages tell about who is who, and how their folder keeps that choice."""

from __future__ import annotations

import itertools
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_pages import FEEDS, SLUG, Reported, files, names, page
from world.running import untracked

from kagsync.queries.board import BoardView, Line
from kagsync.queries.news import Item
from kagsync.report import NAMES, PSEUDONYM, REAL, USERNAME, folder
from kagsync.report.naming import Naming
from kagsync.standings import movements
from kagsync.standings.gaps import Gap
from kagsync.standings.movements import Movement
from kagsync.standings.sentences import brief, words
from kagsync.standings.standing import Standing
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.store.records import Competition, Entry, User

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings as KagsyncSettings

# How people are named


def person(number: int = 1, **columns: Any) -> User:
    """A person with everything that may be known about one."""
    known = {
        "id": number,
        "username": "quimby",
        "name": "Quentin Imby",
        "group": "7A",
        "handle": "quimby",
        "student_id": "S-4711",
        "team": "The Quagmires",
        "pseudonym": "Heron",
        "archived_at": None,
    }
    return User(**(known | columns))


@pytest.mark.parametrize(
    ("mode", "username", "name", "shown"),
    [
        (REAL, "quimby", "Quentin Imby", ("quimby", "Quentin Imby", "quimby")),
        (REAL, "quimby", None, ("quimby", None, "quimby")),
        (REAL, None, "Quentin Imby", (None, None, "Quentin Imby")),
        (REAL, None, None, (None, None, "The Quagmires")),
        (USERNAME, "quimby", "Quentin Imby", ("quimby", None, "quimby")),
        (USERNAME, None, "Quentin Imby", (None, None, "Heron")),
        (PSEUDONYM, "quimby", "Quentin Imby", (None, None, "Heron")),
        (PSEUDONYM, None, None, (None, None, "Heron")),
    ],
)
def test_a_person_is_shown_by_name_username_or_pseudonym_and_never_by_student_id(
    mode: str, username: str | None, name: str | None, shown: tuple[str | None, ...]
) -> None:
    user = person(username=username, name=name, handle=username or "s-4711")
    found = Naming(mode, [user]).user(user)
    assert (found.username, found.name, found.handle) == shown
    assert (found.id, found.group, found.student_id, found.team) == (1, "7A", None, None)


@pytest.mark.parametrize(
    ("mode", "username", "to", "name"),
    [
        (REAL, "quimby", "quimby", "Quentin Imby"),
        (REAL, None, "Quentin Imby", None),
        (USERNAME, "quimby", "quimby", None),
        (USERNAME, None, "Heron", None),
        (PSEUDONYM, "quimby", "Heron", None),
    ],
)
def test_the_person_ahead_is_named_like_everybody(
    mode: str, username: str | None, to: str, name: str | None
) -> None:
    ahead = person(username=username, handle=username or "s-4711")
    me, mine = User(2, "me", None, None, "me"), Standing(2, 0.5, "0.5", 7, "T", "me", 1)
    line = Line(
        user=me,
        entry=Entry(2, mine, "username", "2025-10-01T00:00:00Z", None, None),
        ranks=[],
        last_seen_at=None,
        movement=None,
        next_person=Gap(ahead.handle, 1, 0.1, ahead.name),
        next_baseline=None,
        next_medal=None,
        medal=None,
        deleted=False,
        public=mine,
        private=None,
    )
    now = datetime(2025, 10, 31, tzinfo=UTC)
    view = BoardView(untracked("titanic"), now, [line], [], [], [], None)
    (shown,) = Naming(mode, [ahead, me]).view(view).on_board
    assert shown.next_person == Gap(to, 1, 0.1, name)


def test_a_pattern_of_a_team_name_is_never_shown() -> None:
    user = person(username=None, name=None, handle="s-4711", team="/u{id}/")
    assert Naming(REAL, [user]).user(user).handle == "Heron"


_STANDINGS = st.one_of(
    st.none(),
    st.builds(
        Standing,
        rank=st.one_of(st.none(), st.integers(1, 9)),
        score=st.sampled_from([0.1, 0.2]),
        score_text=st.sampled_from(["0.1", "0.2"]),
        team_id=st.sampled_from([None, 7, 8]),
        team_name=st.sampled_from(["The Quagmires", "Wombats"]),
        members=st.sampled_from(["", "quimby", "quimby,zorro", "quimby,del=0123456789abcdef"]),
        submission_count=st.one_of(st.none(), st.integers(0, 5)),
    ),
)
_ABOUT_NAMES = {
    movements.MERGED,
    movements.MOVED,
    movements.RENAMED,
    movements.MEMBER_JOINED,
    movements.MEMBER_LEFT,
}
# The submissions of the new member are no new ones.
MERGER = Movement(
    movements.OVERTAKEN,
    1,
    Standing(1, 0.1, "0.1", 7, "The Quagmires", "quimby", 2),
    Standing(2, 0.1, "0.1", 7, "The Quagmires", "quimby,zorro", 5),
)
_COMPETITION = Competition(*[None] * len(Competition._fields))._replace(slug=SLUG)  # type: ignore[arg-type]


@pytest.mark.long
@settings(max_examples=300)
@given(
    st.builds(
        Movement,
        st.sampled_from(sorted(movements.REASONS)),
        st.just(1),
        _STANDINGS,
        _STANDINGS,
        st.just("zorro"),
        st.sampled_from([PUBLIC, PRIVATE]),
    ),
    st.sampled_from([USERNAME, PSEUDONYM]),
)
@example(MERGER, PSEUDONYM)
def test_without_names_a_movement_says_the_same_of_ranks_scores_and_submissions(
    movement: Movement, mode: str
) -> None:
    naming = Naming(mode, [person()])
    (item,) = naming.items([Item(_COMPETITION, naming.user(person()), movement, 9)])
    told = item.movement
    assert (told.places, told.submissions) == (movement.places, movement.submissions)
    if movement.reason in _ABOUT_NAMES:
        assert words(told) == movements.REASONS[movement.reason]
    else:
        assert (words(told), brief(told)) == (words(movement), brief(movement))
    for secret in ("Quagmires", "Wombats", "zorro", "del="):
        assert secret not in repr(told) + item.sentence


# The folder


@pytest.fixture
def club(kagsync: Kagsync, settings: KagsyncSettings, tmp_path: Path) -> Reported:
    """Alice and bob on the boards of two competitions."""
    club = Reported(kagsync, settings, tmp_path)
    club.track("alice", "bob")
    club.track(slug="digits")
    for slug in (SLUG, "digits"):
        club.board("alice", "carol", "bob", slug=slug)
    return club


def modes(club: Reported) -> dict[str, str]:
    """How each page of the report names people, by what it says and by what is in it."""
    heads = folder.page_heads(club.site)
    for file, head in heads.items():
        is_real = "alice" in (club.site / file).read_text(encoding="utf-8")
        assert is_real is (head.privacy.names != PSEUDONYM), file
    mode = folder.strictest(heads.values()).names
    for file in FEEDS & names(club.site):
        assert ("alice" in (club.site / file).read_text(encoding="utf-8")) <= (mode != PSEUDONYM), file
    return {file: head.privacy.names for file, head in heads.items()}


PAGES = ("index.html", "competition-digits.html", "competition-titanic.html")
FILES = (*PAGES, "embed-digits.html", "embed-titanic.html")


def test_a_new_folder_gets_real_names(club: Reported) -> None:
    club.report()
    assert modes(club) == dict.fromkeys(FILES, REAL)


@pytest.mark.parametrize("mode", [USERNAME, PSEUDONYM])
def test_a_folder_keeps_how_it_names_people(club: Reported, mode: str) -> None:
    club.report("--names", mode)
    assert modes(club) == dict.fromkeys(FILES, mode)
    club.report()
    club.report("--title", "Another")
    club.report(SLUG)
    club.board("bob", "alice", minute=1, report=True)
    club.ok("competitions", "add", "planets", "--no-kaggle")
    club.board("bob", "alice", slug="planets", report=True)
    assert modes(club) == dict.fromkeys((*FILES, "competition-planets.html", "embed-planets.html"), mode)


def test_another_choice_rewrites_every_page(club: Reported) -> None:
    for before, after in itertools.permutations(NAMES, 2):
        club.report("--names", before)
        board = next(club.folder.glob("*titanic*.csv"))
        assert club.load(board, "--report", str(club.site), "--names", after).code == 0
        assert modes(club) == dict.fromkeys(FILES, after)


def test_a_page_that_the_report_is_not_about_does_not_keep_other_names(club: Reported) -> None:
    club.report()
    digits = (club.site / "competition-digits.html").stat().st_mtime_ns
    club.report(SLUG)
    assert (club.site / "competition-digits.html").stat().st_mtime_ns == digits
    club.report(SLUG, "--names", PSEUDONYM)
    assert modes(club) == dict.fromkeys(FILES, PSEUDONYM)
    assert "digits" not in page(club.site, None).html


def test_a_page_of_a_competition_that_is_gone_does_not_keep_other_names(club: Reported) -> None:
    club.report()
    club.ok("competitions", "remove", "digits", "--yes")
    club.report(SLUG)
    assert names(club.site) == files(SLUG, "digits")
    club.report(SLUG, "--names", PSEUDONYM)
    assert names(club.site) == files(SLUG)


def test_pages_of_an_earlier_version_have_real_names_and_get_the_mark(club: Reported) -> None:
    club.report()
    for path in club.site.iterdir():
        text = path.read_text(encoding="utf-8")
        text = re.sub(' data-names="[^"]*"|<meta name="robots"[^>]*>\n', "", text)
        path.write_text(text, encoding="utf-8")
    assert modes(club) == dict.fromkeys(FILES, REAL)
    club.report()
    assert '<meta name="robots" content="noindex">' in page(club.site).html


def test_a_page_of_a_later_version_is_taken_for_the_strictest(club: Reported) -> None:
    club.report("--names", USERNAME)
    path = club.site / "competition-digits.html"
    path.write_text(path.read_text().replace('data-names="username"', 'data-names="initials"'))
    club.report()
    assert modes(club) == dict.fromkeys(FILES, PSEUDONYM)


@pytest.mark.parametrize("file", FILES)
def test_a_run_that_was_killed_while_it_changed_the_names_publishes_none(club: Reported, file: str) -> None:
    club.report("--names", PSEUDONYM)
    changed = (club.site / file).read_bytes()
    club.report("--names", REAL)
    (club.site / file).write_bytes(changed)  # the first page of the new kind, and the last
    os.utime(club.site / file, (0, 0))  # the clock was set back, too
    club.board("bob", "alice", minute=1, report=True)
    assert modes(club) == dict.fromkeys(FILES, PSEUDONYM)


def test_a_run_that_was_killed_before_the_index_leaves_no_name_there(club: Reported) -> None:
    club.report("--names", REAL)
    index = (club.site / "index.html").read_bytes()
    club.report("--names", PSEUDONYM)
    (club.site / "index.html").write_bytes(index)  # newer than the pages, if the clock was set back
    club.board("alice", "carol", "bob", report=True)
    assert modes(club) == dict.fromkeys(FILES, PSEUDONYM)


def test_somebody_elses_page_says_nothing_about_the_folder(club: Reported) -> None:
    club.report()
    (club.site / "competition-mine.html").write_text('<p data-names="pseudonym">')
    club.report()
    assert modes(club) == dict.fromkeys(FILES, REAL)


@pytest.mark.parametrize("words", [["sync", "--all"], ["schedule", "print"], ["schedule", "install"]])
def test_names_without_a_report_are_a_mistake(club: Reported, words: list[str]) -> None:
    ran = club.run(*words, "--names", PSEUDONYM)
    assert (ran.code, ran.out) == (2, "")
    assert "--names needs --report" in ran.err


def test_search_engines_are_asked_to_stay_away_unless_told_otherwise(club: Reported) -> None:
    def robots() -> set[str | None]:
        files = [page(club.site, slug) for slug in (None, SLUG, "digits")]
        return {
            meta["content"] for each in files for meta in each.all("meta") if meta.get("name") == "robots"
        }

    club.report()
    assert robots() == {"noindex"}
    club.report("--search-engines")
    assert robots() == {"index"}
    club.board("bob", "alice", minute=1, report=True)
    club.report(SLUG, "--names", USERNAME)
    assert robots() == {"index"}
    club.report("--no-search-engines")
    club.report()
    assert robots() == {"noindex"}
