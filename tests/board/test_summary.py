"""A board as a whole, read from its CSV: what to measure against, the names on it, the deleted accounts."""

from __future__ import annotations

import csv
import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from world.boards import MODERN, Team, board_csv, many_teams

from kagsync.board import reader
from kagsync.board import summary as summary_module
from kagsync.board.summary import BoardSummary
from kagsync.demo import run
from kagsync.standings.marks import Benchmark, Marks, MedalLine
from kagsync.store import boards

PIECES = [1, 2, 3, 7, 50, 1000]
GONE, GONE_TOO = "del=0123456789abcdef", "del=fedcba9876543210"


def read(
    folder: Path, content: bytes | str, *, higher_is_better: bool | None = None, team_names: bool = False
) -> BoardSummary:
    """The summary of a board, all of whose pieces have been read."""
    path = folder / "board.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    board = reader.open_board(path, higher_is_better=higher_is_better)
    board.summary.keeps_team_names = team_names
    for _ in board.pieces:
        pass
    return board.summary


def board(*scores: str, marks: tuple[Team, ...] = ()) -> bytes:
    """Teams of these scores in rank order, and the host's marks below them."""
    teams = [Team(i, f"team {i}", (f"user{i}",), score) for i, score in enumerate(scores, start=1)]
    return board_csv([*teams, *marks])


def host(name: str, score: str) -> Team:
    return Team(900 + sum(name.encode()), name, (), score, rank=0)


def names(summary: BoardSummary) -> set[str]:
    text = summary.names()
    assert text is not None
    return boards._unpacked(boards._packed(text))[0]


# The direction


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        (("0.9", "0.8", "0.7"), True),
        (("0.7", "0.8", "0.9"), False),
        (("-0.9", "-0.8"), False),
        (("-589.7", "-590"), True),
        (("1e-7", "0"), True),
        (("0.9", "0.5", "0.9"), None),  # the first and the last tie
        (("0.9", "0.90", "0.900"), None),
        (("0.9",), None),
        ((), None),
    ],
)
def test_the_direction_is_told_by_the_first_and_the_last_rank(
    tmp_path: Path, scores: tuple[str, ...], expected: bool | None
) -> None:
    assert read(tmp_path, board(*scores)).marks().higher_is_better is expected


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    teams = [Team(i, f"team {i}", (f"u{i}",), f"0.{99 - i}", rank=i) for i in range(1, 41)]
    expected = read(tmp_path, board_csv(teams)).marks()
    assert expected.higher_is_better is True
    random.Random(1).shuffle(teams)
    assert read(tmp_path, board_csv(teams)).marks() == expected


def test_the_hosts_marks_do_not_tell_the_direction(tmp_path: Path) -> None:
    marks = (host("Perfect", "1.0"), host("Zero", "0.0"))
    assert read(tmp_path, board("0.5", "0.5", marks=marks)).marks().higher_is_better is None
    assert read(tmp_path, board("0.4", "0.5", marks=marks)).marks().higher_is_better is False


# The host's marks


def test_a_mark_has_the_place_that_a_team_of_its_score_would_have(tmp_path: Path) -> None:
    marks = (
        host("Best", "1.0"),
        host("Between", "0.75"),
        host("Level", "0.7"),
        host("Last", "0.1"),
        host("Unknown", ""),
        host("Broken", "n/a"),
    )
    found = read(tmp_path, board("0.9", "0.8", "0.7", "0.7", "0.6", marks=marks)).marks()
    assert found.benchmarks == [
        (Benchmark("Best", 1.0, "1.0"), 1),
        (Benchmark("Between", 0.75, "0.75"), 3),
        (Benchmark("Level", 0.7, "0.7"), 3),
        (Benchmark("Last", 0.1, "0.1"), 6),
        (Benchmark("Unknown", None, None), None),
        (Benchmark("Broken", None, None), None),
    ]


def test_where_lower_is_better_a_lower_mark_is_further_up(tmp_path: Path) -> None:
    marks = (host("Best", "0.1"), host("Between", "0.75"), host("Last", "1.0"))
    found = read(tmp_path, board("0.6", "0.7", "0.8", marks=marks)).marks()
    assert [place for _, place in found.benchmarks] == [1, 3, 4]


def test_where_all_teams_tie_a_mark_has_no_place(tmp_path: Path) -> None:
    found = read(tmp_path, board("0.5", "0.5", marks=(host("Host", "0.7"),))).marks()
    assert found.benchmarks == [(Benchmark("Host", 0.7, "0.7"), None)]


def test_a_board_of_marks_alone_has_them_without_places(tmp_path: Path) -> None:
    summary = read(tmp_path, board(marks=(host("Host", "0.7"),)))
    assert (summary.rows, summary.teams) == (1, 0)
    assert summary.marks() == Marks(None, [(Benchmark("Host", 0.7, "0.7"), None)], [])


@pytest.mark.parametrize("old", [False, True], ids=["modern", "old"])
def test_an_empty_board_has_nothing_to_measure_against(tmp_path: Path, old: bool) -> None:
    summary = read(tmp_path, board_csv([], old=old))
    assert (summary.rows, summary.teams) == (0, 0)
    assert summary.marks() == Marks(None, [], [])
    assert names(summary) == set()


def test_figures_of_no_board_at_all_are_empty() -> None:
    assert BoardSummary().marks() == Marks(None, [], [])
    assert names(BoardSummary()) == set()


# Medals


def test_medal_lines_have_the_scores_of_their_ranks(tmp_path: Path) -> None:
    teams = many_teams(1744)
    lines = read(tmp_path, board_csv([host("Host", "0.7"), *teams])).marks().medal_lines
    assert lines == [
        MedalLine("gold", 13, float(teams[12].score)),
        MedalLine("silver", 87, float(teams[86].score)),
        MedalLine("bronze", 174, float(teams[173].score)),
    ]


def test_marks_of_the_host_are_no_teams_that_win_medals(tmp_path: Path) -> None:
    scores = [f"0.{99 - i}" for i in range(9)]
    found = read(tmp_path, board(*scores, marks=(host("A", "0.5"), host("B", "0.4")))).marks()
    assert found.medal_lines == [MedalLine("silver", 1, 0.99), MedalLine("bronze", 3, 0.97)]


def test_a_medal_line_whose_team_has_no_score_has_none(tmp_path: Path) -> None:
    found = read(tmp_path, board("0.9", "0.8", "", "0.7", "0.6", "0.5", "0.4", "0.3")).marks()
    assert found.medal_lines == [MedalLine("silver", 1, 0.9), MedalLine("bronze", 3, None)]


# Unreadable cells


def test_cells_that_cannot_be_read_are_left_out_of_the_measure(tmp_path: Path) -> None:
    content = (
        f"{MODERN}\n"
        "1,1,a,2025-10-30 12:00:00,,1,alice\n"
        "2,2,b,2025-10-30 12:00:00,0.9,1,bob\n"
        "third,3,c,2025-10-30 12:00:00,0.1,1,carol\n"
        "4,4,d,2025-10-30 12:00:00,0.7,1,dave\n"
        "5,5,e,2025-10-30 12:00:00,inf,1,erin\n"
        "0,6,Host,2025-10-30 12:00:00,0.5,1,\n"
    )
    summary = read(tmp_path, content)
    assert (summary.rows, summary.teams) == (6, 5)
    assert summary.marks() == Marks(
        True,
        [(Benchmark("Host", 0.5, "0.5"), 3)],
        [MedalLine("silver", 1, None), MedalLine("bronze", 2, 0.9)],
    )


def test_without_a_legible_score_nothing_is_told(tmp_path: Path) -> None:
    assert read(tmp_path, board("", "n/a", marks=(host("Host", "0.5"),))).marks() == Marks(
        None, [(Benchmark("Host", 0.5, "0.5"), None)], []
    )


def test_the_greatest_rank_that_can_be_stored_is_a_rank(tmp_path: Path) -> None:
    teams = [Team(1, "a", ("a",), "0.9"), Team(2, "b", ("b",), "0.8", rank=2**63 - 1)]
    assert read(tmp_path, board_csv(teams)).marks().higher_is_better is True


# Names


def test_the_names_are_all_members_in_lower_case(tmp_path: Path) -> None:
    teams = [
        Team(1, "The Team", ("Alice", " bob ", "CAROL")),
        Team(2, "dave's", ("Dave-2",)),
        Team(3, "nobody", ()),
        Team(4, "gone", ("", " ", "erin")),
    ]
    assert names(read(tmp_path, board_csv(teams))) == {"alice", "bob", "carol", "dave-2", "erin"}


def test_packed_names_are_far_smaller_than_the_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(Path(run.__file__).parent / "spaceship-titanic-2.zip") as archive:
        content = archive.read(archive.namelist()[0])
    cells = [row["TeamMemberUserNames"] for row in csv.DictReader(content.decode("utf-8-sig").splitlines())]
    text = read(tmp_path, content).names()
    assert text is not None
    packed = boards._packed(text)
    assert boards._unpacked(packed)[0] == {name for cell in cells for name in cell.split(",")} - {""}
    assert len(packed) < len("\n".join(cells)) * 0.6


def test_the_names_of_a_board_that_is_too_large_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = board("0.9", "0.8", marks=(host("Host", "0.7"),))
    monkeypatch.setattr(summary_module, "_MOST_NAMES", 3)
    assert names(read(tmp_path, content)) == {"user1", "user2"}
    monkeypatch.setattr(summary_module, "_MOST_NAMES", 2)
    assert read(tmp_path, content).names() is None
    assert read(tmp_path, content, team_names=True).team_names() == ""
    assert read(tmp_path, content).marks().higher_is_better is True


@pytest.mark.parametrize("old", [False, True], ids=["modern", "old"])
def test_the_names_of_the_teams_are_kept_as_they_are_if_they_are_asked_for(tmp_path: Path, old: bool) -> None:
    teams = [Team(1, "The, Team", ("alice",)), Team(2, "Zwei ☃", ("bob",))]
    content = board_csv(teams, old=old)
    assert read(tmp_path, content).team_names() == ""
    assert read(tmp_path, content, team_names=True).team_names().splitlines() == ["The, Team", "Zwei ☃"]
    assert names(read(tmp_path, content, team_names=True)) == names(read(tmp_path, content))


@pytest.mark.parametrize(
    "at_once",
    [
        1,
        2,
        3,
        1000,
    ],
)
def test_a_team_without_members_lends_its_name_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(reader, "_ROWS_AT_ONCE", at_once)
    teams = [host("Host", "0.1"), Team(3, "Nobody", ()), Team(2, "y", ("bob",)), Team(1, "x", ("alice",))]
    assert names(read(tmp_path, board_csv(teams))) == {"alice", "bob"}


_USERNAME = st.text("abcXYZ019-_", min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(_USERNAME, min_size=1, max_size=3), max_size=10))
def test_what_was_packed_is_unpacked(teams: list[list[str]]) -> None:
    rows = [Team(i, f"team {i}", tuple(members)) for i, members in enumerate(teams)]
    with tempfile.TemporaryDirectory() as folder:
        found = names(read(Path(folder), board_csv(rows)))
    assert found == {member.lower() for members in teams for member in members}


# Deleted accounts


def test_deleted_accounts_are_found_with_the_ids_of_their_teams(tmp_path: Path) -> None:
    teams = [
        Team(7, "The Team", ("alice", GONE)),
        Team(8, "Alone", (f" {GONE_TOO} ",)),
        Team(9, "del=not a member", ("bob", "model=1")),
    ]
    assert read(tmp_path, board_csv(teams)).deleted == {GONE: 7, GONE_TOO: 8}


def test_a_deleted_account_in_a_team_whose_id_cannot_be_read_is_found_too(tmp_path: Path) -> None:
    rows = f"1,seven,a,2025-10-30 12:00:00,0.5,1,{GONE}\n2,8,b,2025-10-30 12:00:00,0.4,1,bob\n"
    content = f"{MODERN}\n{rows}"
    assert read(tmp_path, content).deleted == {GONE: None}


# Old boards


def test_the_names_on_an_old_board_are_those_of_teams(tmp_path: Path) -> None:
    teams = [Team(1, "Alice", score="0.9"), Team(2, " The Team", score="0.8"), Team(3, "", score="0.7")]
    assert names(read(tmp_path, board_csv(teams, old=True))) == {"alice", "the team"}


@pytest.mark.parametrize(
    ("scores", "given", "expected"),
    [
        (("0.9", "0.8", "0.7"), None, True),
        (("0.7", "0.8", "0.9"), None, False),
        (("0.8", "0.9", "0.7"), None, None),
        (("0.8", "0.9", "0.7"), False, False),
        (("0.9", "0.8", "0.7"), False, False),
    ],
)
def test_the_direction_of_an_old_board_is_that_of_its_ranks(
    tmp_path: Path, scores: tuple[str, ...], given: bool | None, expected: bool | None
) -> None:
    teams = [Team(i, f"team {i}", score=score) for i, score in enumerate(scores)]
    summary = read(tmp_path, board_csv(teams, old=True), higher_is_better=given)
    assert summary.marks().higher_is_better is expected
    lines = summary.marks().medal_lines
    if expected is None:
        assert lines == []
    else:
        assert lines == [MedalLine("bronze", 1, 0.9 if expected else 0.7)]


def test_only_the_latest_row_of_a_team_counts_on_an_old_board(tmp_path: Path) -> None:
    teams = [
        Team(1, "then", score="0.1", date="2017-01-01 00:00:00"),
        Team(1, "now", score="0.9", date="2017-01-02 00:00:00"),
        Team(2, "other", score="0.8", date="2017-01-01 00:00:00"),
        Team(3, "third", score="0.7", date="2017-01-01 00:00:00"),
    ]
    summary = read(tmp_path, board_csv(teams, old=True), higher_is_better=True)
    assert (summary.rows, summary.teams) == (4, 3)
    assert summary.marks() == Marks(True, [], [MedalLine("bronze", 1, 0.9)], best=0.9)
    assert names(summary) == {"now", "other", "third"}


# Pieces


@pytest.mark.parametrize("old", [False, True], ids=["modern", "old"])
@pytest.mark.parametrize("at_once", PIECES)
def test_the_size_of_the_pieces_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool, at_once: int
) -> None:
    teams = many_teams(120)
    teams.insert(60, Team(60, "gone", ("zoe", GONE), "0.7"))
    if not old:
        teams[30:30] = [host("Host", "0.7"), host("Broken", "")]
        teams.append(host("Last", "0.1"))
    random.Random(2).shuffle(teams)
    content = board_csv(teams, old=old)
    expected = read(tmp_path, content, higher_is_better=True)
    monkeypatch.setattr(reader, "_ROWS_AT_ONCE", at_once)
    found = read(tmp_path, content, higher_is_better=True)
    assert found == expected
    assert found.marks() == expected.marks()
    assert [line.rank for line in found.marks().medal_lines] == [10, 24, 48]
    assert len(found.marks().benchmarks) == (0 if old else 3)
    assert found.deleted == ({} if old else {GONE: 60})


@pytest.mark.parametrize("old", [False, True], ids=["modern", "old"])
@pytest.mark.parametrize("at_once", PIECES)
def test_the_size_of_the_pieces_changes_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool, at_once: int
) -> None:
    teams = many_teams(120)
    monkeypatch.setattr(reader, "_ROWS_AT_ONCE", at_once)
    found = names(read(tmp_path, board_csv(teams, old=old)))
    members = {member for team in teams for member in team.members}
    assert found == ({team.name.lower() for team in teams} if old else members)


# A slow second implementation

_CELLS = st.tuples(
    st.sampled_from(["0", "x", "", *(str(rank) for rank in range(1, 31))]),
    st.sampled_from(["0.1", "0.2", "0.3", "0.9", "-1", "", "bad"]),
)


def slow_marks(rows: list[tuple[str, str]]) -> tuple[bool | None, list[int | None], list[float | None]]:
    """The direction, the places of the host's marks, and the score at each rank from 1 to 3."""

    def number(text: str) -> float | None:
        return float(text) if text not in ("", "bad") else None

    ranked = [
        (int(rank), score)
        for rank, text in rows
        if rank.isdigit() and rank != "0" and (score := number(text)) is not None
    ]
    best = min(ranked, key=lambda row: row[0], default=(0, 0.0))[1]
    worst = max(ranked, key=lambda row: row[0], default=(0, 0.0))[1]
    higher = None if best == worst else best > worst
    places: list[int | None] = []
    for rank, text in rows:
        mark = number(text)
        if rank == "0":
            ahead = [score for _, score in ranked if mark is not None and (score > mark) == bool(higher)]
            ahead = [score for score in ahead if score != mark]
            places.append(None if higher is None or mark is None else 1 + len(ahead))
    at = [next((score for rank, score in ranked if rank == n), None) for n in (1, 2, 3)]
    return higher, places, at


@pytest.mark.long
@settings(max_examples=80, deadline=None)
@given(st.lists(_CELLS, max_size=14), st.sampled_from([1, 2, 5, 100]))
def test_a_slow_second_implementation_agrees(rows: list[tuple[str, str]], at_once: int) -> None:
    lines = [
        f"{rank},{i},team {i},2025-10-30 12:00:00,{score},1,user{i}" for i, (rank, score) in enumerate(rows)
    ]
    told = [int(rank) for rank, _ in rows if rank.isdigit()]
    cells = [text for _, text in rows if text]
    assume(len({rank for rank in told if rank}) == sum(rank > 0 for rank in told))  # or it is refused
    assume(not rows or (told and (not cells or set(cells) != {"bad"})))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_ROWS_AT_ONCE", at_once)
        summary = read(Path(folder), "\n".join([MODERN, *lines]) + "\n")
    higher, places, at = slow_marks(rows)
    marks = summary.marks()
    assert marks.higher_is_better is higher
    assert [place for _, place in marks.benchmarks] == places
    assert summary.teams == len(rows) - len(places)
    for line in marks.medal_lines:
        if line.rank <= len(at):
            assert line.score == at[line.rank - 1]


def test_teams_stay_teams_on_a_board_without_any_other_username() -> None:
    packed = boards._packed("alice", "Aces\nKings, Queens")
    without_her = boards.packed_without(packed, {"alice"}, set())
    assert boards._unpacked(without_her) == (set(), {"Aces", "Kings, Queens"})
    without_the_team = boards.packed_without(packed, set(), {"aces"})
    assert boards._unpacked(without_the_team) == ({"alice"}, {"Kings, Queens"})
