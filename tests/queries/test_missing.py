"""`missing`: who is named where and how often, what a sync could not decide, and how it fits a terminal."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import process
from world.boards import WHEN, Team
from world.club import SLUG, Club
from world.running import on_terminal, plain
from world.teams import ByTeam, track

import kagsync as package
from kagsync import errors
from kagsync.queries import unseen
from kagsync.queries.unseen import Names
from kagsync.store.records import BoardNames, User

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

EARLIER, LATER = "2025-10-30T16:26:26", "2025-11-01T16:26:26"
US = Team(1, "Us", ("margaret", "jonathan"), "0.9")
BOB = Team(2, "bob", ("bob",), "0.6")
GROUP_7 = Team(7, "Group 07", ("zoe",), "0.8")
GROUP_8 = Team(8, "group 8", ("zack",), "0.7")
ANNA = ByTeam("anna", "Group 07")
BEN = ByTeam("ben", "/group 0*8/")
RENAME = "has @jonathan become @jon? kagsync users rename jonathan jon"


class Lost(Club):
    """A club that looks for its people."""

    def board(self, *teams: Team, slug: str = SLUG, when: str = WHEN, old: bool = False) -> None:  # type: ignore[override]
        self.competitions(slug)
        super().board(when, *teams, slug=slug, old=old)

    def known(self, *people: ByTeam) -> None:
        self._begin()
        track(self.db, *people)

    def add(self, *words: str) -> None:
        self._begin()
        self.ok("users", "add", *words)

    def rows(self, *words: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {(row["competition"], row["handle"]): row for row in self.json("missing", *words)}


@pytest.fixture
def club(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Lost:
    return Lost(kagsync, settings, tmp_path)


# In all competitions


@pytest.fixture
def several(club: Lost) -> Lost:
    """Two boards, one of which has bob; a competition without a board, and one that is paused."""
    club.add("bob", "margaret", "margret")
    club.board(US, BOB)
    club.board(US, slug="digits", when=EARLIER)
    club.competitions("houses", "sharks")
    club.ok("competitions", "pause", "sharks")
    return club


def test_without_a_slug_who_was_never_seen_is_said_once_and_first(several: Lost) -> None:
    lines = several.ok("missing").splitlines()
    assert lines[0] == "Never seen on any board: 1"
    assert len([line for line in lines if "margret" in line]) == 1
    assert [line for line in lines if ": " in line][1:] == [
        "digits: 1 more without an entry",
        "houses: no board yet",
        "titanic: everybody else has an entry",
    ]
    assert lines[lines.index("digits: 1 more without an entry") + 2 :][:2] == ["Username", "bob"]
    assert "sharks" not in " ".join(lines)


def test_without_a_slug_programs_get_a_row_for_each_person_and_competition(several: Lost) -> None:
    found = several.rows()
    assert [*found] == [
        ("digits", "bob"),
        ("digits", "margret"),
        ("houses", "bob"),
        ("houses", "margaret"),
        ("houses", "margret"),
        ("titanic", "margret"),
    ]
    assert {key for key, row in found.items() if row["never_seen"]} == {
        (slug, "margret") for slug in ("digits", "houses", "titanic")
    }
    assert {row["nearest"] for row in found.values() if row["never_seen"]} == {"margaret"}
    assert several.rows("digits") == {key: row for key, row in found.items() if key[0] == "digits"}
    table = list(csv.DictReader(io.StringIO(several.ok("missing", "--format", "csv"))))
    assert [(row["competition"], row["handle"]) for row in table] == [*found]


def test_where_nobody_was_never_seen_the_others_are_counted_as_ours(several: Lost) -> None:
    several.ok("users", "remove", "margret", "--yes")
    lines = several.ok("missing").splitlines()
    assert lines[0] == "digits: 1 of ours without an entry"
    assert "titanic: everybody has an entry" in lines


def test_without_an_active_competition_something_is_said_all_the_same(club: Lost) -> None:
    club.add("bob")
    assert "No competition is active" in club.ok("missing")
    assert club.json("missing") == []


def test_in_one_competition_the_never_seen_and_the_others_are_told_apart(several: Lost) -> None:
    lines = [line for line in several.ok("missing", "digits").splitlines() if line]
    assert lines == [
        "digits: 2 of ours without an entry",
        "Never seen on any board: 1",
        "Username  Did you mean  On",
        "margret   margaret      titanic",
        "Seen on other boards: 1",
        "Username",
        "bob",
    ]


def test_show_names_each_person_who_is_missing_once(several: Lost) -> None:
    lines = several.ok("show", "digits").splitlines()
    assert "Not on the board yet: bob" in lines
    assert len([line for line in lines if "margret" in line]) == 1
    lines = several.ok("show", "--user", "margret").splitlines()
    assert [line for line in lines if line] == [
        "margret: never seen on any board; did you mean margaret (on titanic)?"
    ]
    several.add("zzzzzzzz")
    assert several.ok("show", "--user", "zzzzzzzz") == "Never seen on any board: zzzzzzzz\n"
    assert "Not on the board of: digits, houses, sharks" in several.ok("show", "--user", "bob").splitlines()


def test_of_many_who_were_never_seen_show_names_a_few_and_counts_the_others(club: Lost) -> None:
    club.add(*(f"nobody{n:02}" for n in range(30)))
    club.board(BOB)
    out = club.ok("show", SLUG)
    assert out.count("nobody") == 12
    assert "18 more were never seen on any board: kagsync missing titanic" in out.splitlines()


# On a terminal


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("words", [(), (SLUG,)], ids=["all", "one"])
def test_the_username_and_the_suggestion_are_whole(club: Lost, width: int, words: tuple[str, ...]) -> None:
    club.add("jonathan.the.thir", "--name", "Jonathan Longfellow-Mountbatten", "--group", "Wednesdays")
    club.known(ByTeam("the-overfiters", "The Overfiters of Doom and Gloom"))
    team = "The Overfitters of Doom and Gloom"
    club.board(Team(1, team, ("jonathan.the.third",)), slug=SLUG)
    out = plain(on_terminal("missing", *words, "--db", str(club.db), width=width))
    assert max(map(len, out.splitlines())) <= width
    assert re.search(r"^jonathan\.the\.thir .*\bjonathan\.the\.third\b", out, re.MULTILINE)
    told = " ".join(out.split())
    assert f"the-overfiters: did you mean the team {team} (on titanic)?" in told
    assert ("Jonathan Longfellow" in out) == (width >= 60)


def test_where_not_even_both_fit_the_username_stays(club: Lost) -> None:
    club.add("a.very.long.username.indeed")
    club.board(Team(1, "x", ("a.very.long.usernames.indeed",)))
    assert "a.very.long.username.indeed" in plain(on_terminal("missing", "--db", str(club.db), width=40))


# People known by their team


@pytest.mark.parametrize(
    ("team", "meant"),
    [
        ("group 07", "Group 07"),
        ("Group 7", "Group 07"),
        ("Grop 07", "Group 07"),
        ("Group 8", "group 8"),
        ("Group 9", None),
        ("Group 077", None),
        ("/group 9/", None),
        ("a team of another name", None),
    ],
)
@pytest.mark.parametrize("old", [False, True], ids=["modern", "old"])
def test_for_a_person_known_by_a_team_a_similar_team_is_suggested(
    club: Lost, team: str, meant: str | None, old: bool
) -> None:
    club.known(ByTeam("anna", team))
    club.board(GROUP_7, GROUP_8, Team(9, "Anna", ("anna",)), old=old)
    row = club.rows(SLUG)[SLUG, "anna"]
    assert (row["nearest"], row["nearest_team"]) == (None, meant)
    assert row["nearest_in"] == (SLUG if meant else None)
    question = f"anna: did you mean the team {meant} (on titanic)?"
    assert (question in club.ok("missing", SLUG).splitlines()) == (meant is not None)
    assert ("did you mean the team" in club.ok("show", SLUG)) == (meant is not None)


def test_of_a_person_with_both_the_username_is_corrected_first(club: Lost) -> None:
    club.known(ByTeam("margret", "Group 7", None, "margret"), ByTeam("q", "Group 7", None, "q"))
    club.board(US, GROUP_7)
    found = club.rows(SLUG)
    assert [found[SLUG, "margret"][key] for key in ("nearest", "nearest_team")] == ["margaret", None]
    assert [found[SLUG, "q"][key] for key in ("nearest", "nearest_team")] == [None, "Group 07"]


def test_who_is_added_with_the_team_of_a_board_comes_with_the_next_sync(club: Lost) -> None:
    club.known(ByTeam("x", "Another"))
    club.board(GROUP_7)
    club.known(ANNA)
    assert "anna: on the board of titanic: the next sync brings the entry" in club.ok("show", SLUG)
    club.board(GROUP_7)
    assert (SLUG, "anna") not in club.rows(SLUG)


def test_the_names_of_teams_are_kept_only_while_somebody_is_known_by_one(club: Lost) -> None:
    def kept() -> list[set[str]]:
        with unseen_store(club) as store:
            return [board.teams for board in store.boards.names()]

    club.add("bob")
    club.board(US, BOB)
    assert kept() == [set()]
    club.known(ANNA)
    club.board(US, BOB)
    assert kept() == [{"Us", "bob"}]
    club.ok("users", "archive", "anna")
    club.board(US, BOB)
    assert kept() == [set()]


def unseen_store(club: Lost) -> Any:
    from kagsync.store import Store

    return Store.open_to_read(club.db, club.settings.locks)


# What a sync could not decide


def test_a_possible_new_username_is_asked_about(club: Lost) -> None:
    club.add("jonathan", "bob")
    club.board(US, BOB)
    club.board(Team(1, "Us", ("margaret", "jon"), "0.9"), BOB, when=LATER)
    for words in (["missing", SLUG], ["missing"], ["show", SLUG], ["show", "--user", "jonathan"]):
        assert club.ok(*words).splitlines().count(RENAME) == 1, words
    for words in (["show", SLUG, "--user", "bob"], ["show", "--user", "bob"]):
        assert RENAME not in club.ok(*words)
    row = club.rows()[SLUG, "jonathan"]  # who has an entry, and is listed for the question
    assert (row["possible_rename"], row["unclear_teams"], row["never_seen"]) == ("jon", [], False)
    assert "titanic: everybody has an entry" in club.ok("missing", SLUG)
    club.ok("users", "rename", "jonathan", "jon")
    assert club.rows() == {}
    assert RENAME not in club.ok("show", SLUG)


def test_a_question_of_two_competitions_is_asked_once(club: Lost) -> None:
    club.add("jonathan")
    for slug in (SLUG, "digits"):
        club.board(US, slug=slug)
        club.board(Team(1, "Us", ("margaret", "jon"), "0.9"), slug=slug, when=LATER)
    for words in (["missing"], ["show", "--user", "jonathan"]):
        assert club.ok(*words).splitlines().count(RENAME) == 1, words


def test_a_team_that_matches_twice_is_told_with_both_teams_and_what_to_do(club: Lost) -> None:
    club.known(BEN, ByTeam("dora", "Twins", None, "dora"))
    club.board(GROUP_8, Team(9, "Group 08!", (), "0.5"), Team(5, "Twins"), Team(6, "Twins"))
    patterns = (
        "ben: 2 teams match /group 0*8/: group 8, Group 08!. Set the exact name of one of them: "
        "kagsync users add ben --team NAME; or set the username: kagsync users rename ben USERNAME"
    )
    exact = "dora: 2 teams match Twins: Twins, Twins. Set the username: kagsync users rename dora USERNAME"
    for words in (["missing", SLUG], ["missing"], ["show", SLUG]):
        lines = club.ok(*words).splitlines()
        assert patterns in lines and exact in lines, words
    assert len([line for line in club.ok("show", SLUG).splitlines() if "ben" in line]) == 1
    found = club.rows(SLUG)
    assert found[SLUG, "ben"]["unclear_teams"] == ["group 8", "Group 08!"]
    assert found[SLUG, "dora"]["unclear_teams"] == ["Twins", "Twins"]
    assert exact in club.ok("show", SLUG, "--user", "dora").splitlines()
    assert patterns not in club.ok("show", SLUG, "--user", "dora")


def test_two_people_of_one_team_are_both_named(club: Lost) -> None:
    club.known(ANNA, ByTeam("dora", "Group 07"), ByTeam("emil", "/nothing/"))
    club.board(GROUP_7)
    question = (
        "Group 07: 2 people match this team: anna, dora. Give each a team of their own, or set the "
        "usernames: kagsync users rename anna USERNAME"
    )
    for words in (["missing", SLUG], ["show", SLUG], ["show", SLUG, "--user", "dora"]):
        assert question in club.ok(*words).splitlines(), words
    assert question not in club.ok("show", SLUG, "--user", "emil")
    assert club.rows(SLUG)[SLUG, "anna"]["unclear_teams"] == ["Group 07"]


def test_what_is_unclear_is_shown_with_the_people_of_its_group(club: Lost) -> None:
    club.known(ANNA, ByTeam("dora", "Group 07"), BEN)
    club.execute("""UPDATE users SET "group" = CASE handle WHEN 'ben' THEN 'blue' ELSE 'red' END""")
    club.board(GROUP_7, GROUP_8, Team(9, "Group 08!", (), "0.5"))
    blue, red = re.split(r"^red: ", club.ok("show", SLUG, "--by-group"), flags=re.MULTILINE)
    assert "2 teams match" in blue and "2 people match" not in blue
    assert "2 people match" in red and "2 teams match" not in red
    assert "2 people match" not in club.ok("missing", SLUG, "--group", "blue")


def test_a_strangers_name_of_a_team_is_harmless_in_a_question(club: Lost) -> None:
    club.known(ByTeam("ben", "/evil/"))
    club.board(Team(1, "[red]evil\x1b[0m", ("a",)), Team(2, "=evil()\u202e", ("b",)))
    for words in (["missing", SLUG], ["show", SLUG]):
        out = plain(on_terminal(*words, "--db", str(club.db)))
        assert "[red]evil\\x1b[0m" in out and "=evil()\\u202e" in out
        assert "\x1b" not in out and "\u202e" not in out
    assert "\\[red\\]evil" in club.ok("missing", SLUG, "--format", "markdown")


def test_of_very_many_questions_some_are_asked_and_the_others_counted(club: Lost) -> None:
    club.known(*(ByTeam(f"p{n:03}", "/group/") for n in range(250)))
    club.board(GROUP_7, GROUP_8)
    lines = club.ok("show", SLUG).splitlines()
    assert len([line for line in lines if "teams match" in line]) == 12
    assert "240 more such questions" in lines
    lines = club.ok("missing", SLUG).splitlines()
    assert len([line for line in lines if "teams match" in line]) == 200
    assert max(map(len, lines)) < 300


# Finding people


@pytest.fixture
def named(club: Lost) -> Lost:
    club.add("margaret", "--name", "Margret Ace", "--student-id", "S1")
    club.add("jonathan", "--name", "Jo")
    club.add("bob", "--name", "Jo")
    club.known(ByTeam("anna-alt", "Group 07", "S2"))
    club.board(US, BOB, GROUP_7)
    club.board(GROUP_7, BOB, Team(90, "x", ("x",), "0.5"), US, when=LATER)
    return club


@pytest.mark.parametrize(
    ("text", "handle"),
    [("MARGARET", "margaret"), ("margret  ace", "margaret"), ("S1", "margaret"), ("S2", "anna-alt")],
)
def test_show_news_and_history_find_people_by_handle_id_and_name(named: Lost, text: str, handle: str) -> None:
    long_ago = ["--since", "2025-01-01"]
    found = [
        named.json("show", SLUG, "--user", text),
        named.json("show", "--user", text),
        named.json("news", "--user", text, *long_ago),
        named.json("history", SLUG, text),
        package.history(named.db, SLUG, text).to_dict("records"),
    ]
    assert [{row["handle"] for row in rows} for rows in found] == [{handle}] * 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Jo", "2 people are called Jo: bob, jonathan. Name one of these"),
        ("Margret Ac", "Did you mean Margret Ace?"),
        ("margaert", "Did you mean margaret?"),
        ("anna-al", "Did you mean anna-alt?"),
    ],
)
def test_who_is_not_found_is_suggested_by_username_or_name(named: Lost, text: str, told: str) -> None:
    for words in (["show", "--user", text], ["news", "--user", text], ["history", SLUG, text]):
        ran = named.run(*words)
        assert (ran.code, ran.out) == (2, ""), words
        assert told in ran.err
    with pytest.raises(errors.UsageError, match=re.escape(told)):
        package.history(named.db, SLUG, [text])


def test_of_an_archived_person_it_is_said_that_and_how_to_restore(named: Lost) -> None:
    named.ok("users", "archive", "margaret")
    for words in (["show", "--user", "Margret Ace"], ["history", SLUG, "S1"]):
        ran = named.run(*words)
        assert (ran.code, ran.out) == (2, "")
        assert "margaret is archived" in ran.err
        assert "kagsync users restore margaret" in ran.err
    assert (SLUG, "margaret") not in named.rows()


# Many


def test_names_are_compared_in_few_calls_however_many_people_there_are(
    club: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def counting(method: Any) -> Any:
        def counted(words: Any, *rest: Any, **options: Any) -> Any:
            calls.append(1 if isinstance(words, str) else len(words))
            return method(words, *rest, **options)

        return counted

    club.board(US, BOB)
    club.known(*(ByTeam(f"nobody{n}", None, None, f"nobody{n}") for n in range(1000)))
    for name in ("extractOne", "cdist"):
        monkeypatch.setattr(process, name, counting(getattr(process, name)))
    assert len(club.json("missing")) == 1000
    assert calls[:50] == [1] * 50
    assert sum(calls) == 1000  # each person once
    assert len(calls) <= 50 + 4
    calls.clear()
    club.ok("show", SLUG)
    assert calls == [1] * 12


_WORDS = st.sets(st.text("abc12 ", min_size=1, max_size=7), max_size=8)


@given(st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=3), _WORDS)
def test_people_who_are_searched_for_together_get_the_same_as_one_by_one(
    boards: list[tuple[set[str], set[str]]], words: set[str]
) -> None:
    listed = [BoardNames(f"c{number}", *names, None) for number, names in enumerate(boards)]
    people = [User(1, None, None, None, word, team=word) for word in words if word.strip()]
    people += [User(1, word, None, None, word, team="a2b") for word in words]
    single = [Names(listed).nearest(user) for user in people]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unseen, "_FEW", 0)
        together = Names(listed, people)
        assert [together.nearest(user) for user in people] == single
