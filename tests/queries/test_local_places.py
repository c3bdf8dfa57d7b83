"""Where our people stand among each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.boards import Team, board_csv
from world.club import SLUG
from world.work import counted

from kagsync.demo import run
from kagsync.output.terminal import Table
from kagsync.queries.local_places import LocalPlace, local_places
from kagsync.settings import Settings
from kagsync.standings.standing import Standing

if TYPE_CHECKING:
    from world.club import Club

FIRST, SECOND = "2025-11-09T11:00:00", "2025-11-10T11:00:00"


def standing(rank: int | None) -> Standing:
    return Standing(rank, None, None, rank, f"Team {rank}", "", 1)


# The rule


def test_who_has_no_rank_or_does_not_count_has_no_place_and_is_not_counted() -> None:
    standings = {user: standing(rank) for user, rank in {1: 70, 2: 9, 3: None, 4: 20, 5: 9}.items()}
    assert local_places(standings, dict.fromkeys([1, 2, 3, 5, 6])) == {
        2: LocalPlace(1, 3),
        5: LocalPlace(1, 3),  # of the same team
        1: LocalPlace(3, 3),
    }


@given(st.dictionaries(st.integers(1, 40), st.tuples(st.none() | st.integers(1, 9), st.sampled_from("ab"))))
def test_a_place_is_one_more_than_those_ahead_in_the_group(people: dict[int, tuple[int | None, str]]) -> None:
    ranks = {user: rank for user, (rank, _) in people.items()}
    groups = {user: group for user, (_, group) in people.items()}
    found = local_places({user: standing(rank) for user, rank in ranks.items()}, groups)
    assert found.keys() == {user for user, rank in ranks.items() if rank is not None}
    for user, place in found.items():
        beside = [ranks[other] or 0 for other in found if groups[other] == groups[user]]
        assert place == (1 + sum(rank < (ranks[user] or 0) for rank in beside), len(beside))


def test_the_work_grows_in_proportion() -> None:
    def work(people: int) -> int:
        standings = {user: standing(user * 7919 % people) for user in range(people)}
        with counted() as found:
            local_places(standings, {user: str(user % 20) for user in standings})
        return found.python

    work(10)  # what is loaded once is loaded
    assert work(4000) < 2.5 * work(2000)


# What people and programs see


@pytest.fixture
def club_of_six(club: Club) -> Club:
    """Alice and bob in red are a team, carol is in blue, dave and erin in none; fay is archived.

    Erin has left the board.
    """
    club.competitions(SLUG, "digits")
    club.ok("users", "add", "alice", "bob", "--group", "red")
    club.ok("users", "add", "carol", "--group", "blue")
    club.people("dave", "erin", "fay")
    club.ok("users", "archive", "fay")
    strangers = Team(5, "Five", ("x",), "0.900"), Team(6, "Six", ("y",), "0.650")
    fay, dave = Team(1, "One", ("fay",), "0.990"), Team(2, "Two", ("dave",), "0.800")
    both, carol = Team(3, "Three", ("alice", "bob"), "0.700"), Team(4, "Four", ("carol",), "0.600")
    erin = Team(7, "Seven", ("erin",), "0.500")
    club.board(FIRST, fay, *strangers, dave, both, carol, erin)
    club.board(SECOND, fay, *strangers, dave, both, carol)
    club.board(SECOND, carol, dave, slug="digits")
    return club


def places(club: Club, *words: str, slug: str = SLUG) -> dict[str, tuple[int | None, int | None]]:
    return {
        name: (entry["local_rank"], entry["local_count"])
        for name, entry in club.entries(*words, slug=slug).items()
    }


def test_a_place_is_among_all_who_are_shown(club_of_six: Club) -> None:
    everybody = {
        "dave": (1, 4),
        "alice": (2, 4),
        "bob": (2, 4),
        "carol": (4, 4),
        "erin": (None, None),  # has left
    }
    assert places(club_of_six) == everybody
    assert places(club_of_six, "--group", "red") == {"alice": (1, 2), "bob": (1, 2)}
    assert places(club_of_six, "--by-group") == {
        "alice": (1, 2),
        "bob": (1, 2),
        "carol": (1, 1),
        "dave": (1, 1),
        "erin": (None, None),
    }


def test_one_persons_place_is_among_all(club_of_six: Club) -> None:
    assert places(club_of_six, "--user", "carol") == {"carol": (4, 4)}
    found = club_of_six.json("show", "--user", "carol")
    assert {each["competition"]: (each["local_rank"], each["local_count"]) for each in found} == {
        SLUG: (4, 4),
        "digits": (1, 2),
    }
    for words in ([SLUG, "--user", "carol"], ["--user", "carol"]):
        out = club_of_six.ok("show", *words)
        assert "Ours" in out and "4 of 4" in out


def test_the_order_and_a_limit_change_no_place(club_of_six: Club) -> None:
    assert [*places(club_of_six, "--sort", "-local_rank").items()] == [
        ("carol", (4, 4)),
        ("alice", (2, 4)),
        ("bob", (2, 4)),
        ("dave", (1, 4)),
        ("erin", (None, None)),
    ]
    assert places(club_of_six, "--sort", "local_rank", "--limit", "1") == {"dave": (1, 4)}
    assert "1 of 4" in club_of_six.ok("show", SLUG, "--limit", "1")


def test_the_column_can_be_chosen_and_is_left_out_where_nobody_else_is(club_of_six: Club) -> None:
    chosen = ("--columns", "local_rank,person")
    out = club_of_six.ok("show", SLUG, *chosen)
    assert out.splitlines()[3:8] == [
        *("Ours  Person", "   1  dave", "   2  alice", "   2  bob", "   4  carol"),
    ]
    assert "Nothing is in: Ours" in club_of_six.ok("show", SLUG, "--group", "blue", *chosen)


def test_on_a_private_board_the_private_ranks_count(club_of_six: Club) -> None:
    teams = Team(4, "Four", ("carol",), "0.9"), Team(2, "Two", ("dave",), "0.8")
    path = club_of_six.folder / f"{SLUG}-privateleaderboard-2025-11-11T00:00:00.csv"
    path.write_bytes(board_csv(teams))
    assert club_of_six.load(path, "--accept-shrink").code == 0
    assert places(club_of_six) == {"carol": (1, 2), "dave": (2, 2)}
    assert places(club_of_six, "--board", "public")["dave"] == (1, 4)


@pytest.mark.parametrize("width", [80, 100, 120, 140, 160])
def test_the_column_takes_the_place_of_no_other(demo: list[Table], width: int) -> None:
    for table in demo:
        (ours,) = [column for column in table.columns if column.title == "Ours"]
        others = Table([column for column in table.columns if column is not ours], list(table._items))
        shown, without = (_titles(each, width) for each in (table, others))
        assert [title for title in shown if title != "Ours"] == without


def test_the_column_is_there_where_there_is_room(demo: list[Table]) -> None:
    assert ["Ours" in _titles(table, 220) for table in demo] == [True, True]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    """The demo's tables: of the public board, and of the private one."""
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(db=folder / "demo.db", temp_dir=folder)
    run.load_public(settings, lambda _: None)
    race = run.race(settings)
    run.load_private(settings, lambda _: None)
    return [race, run.final(settings)]


def _titles(table: Table, width: int) -> list[str]:
    """The titles of the columns that a terminal of this width shows."""
    head = next(line.plain for line in table.lines(width) if line.plain.lstrip().startswith("Rank"))
    return re.split(r"  +", head.strip())
