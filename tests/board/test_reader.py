"""The CSV of a leaderboard, modern and old, with all that strangers put into its cells."""

from __future__ import annotations

import csv
import io
import logging
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world.boards import MODERN, OLD, Team, board_csv, many_teams

from kagsync.board import header, reader
from kagsync.errors import BadBoard
from kagsync.log import logger
from kagsync.standings.marks import Benchmark
from kagsync.standings.standing import Standing

if TYPE_CHECKING:
    from kagsync.board.summary import BoardSummary


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.INFO, "kagsync")
    return caplog


def read(
    folder: Path, content: bytes | str, *, higher_is_better: bool | None = None
) -> tuple[list[Standing], BoardSummary]:
    path = folder / "board.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    board = reader.open_board(path, higher_is_better=higher_is_better)
    standings = [rows.standing(i) for rows in board.pieces for i in range(len(rows.ranks))]
    return standings, board.summary


def refusal(folder: Path, content: bytes | str) -> BadBoard:
    with pytest.raises(BadBoard) as caught:
        read(folder, content)
    assert caught.value.remedy
    return caught.value


def only(folder: Path, row: str) -> Standing:
    """The standing of a row in a modern board with another one, in which every cell is legible."""
    (standing, _), _ = read(folder, f"{MODERN}\n{row}\n99,999,Other,2025-10-30 12:00:00,0.1,1,other\n")
    return standing


def ranks(standings: list[Standing]) -> dict[str, int | None]:
    return {standing.team_name: standing.rank for standing in standings}


# Modern boards


def test_a_modern_row_becomes_a_standing(tmp_path: Path) -> None:
    content = board_csv([Team(7, "The Team", ("zoe", "Alice"), "0.77510", submissions=3)])
    assert content.startswith(b"\xef\xbb\xbfRank,")
    (standing,), summary = read(tmp_path, content)
    assert standing == Standing(
        rank=1,
        score=0.7751,
        score_text="0.77510",
        team_id=7,
        team_name="The Team",
        members="alice,zoe",
        submission_date="2025-10-30T12:00:00Z",
        submission_count=3,
    )
    assert (summary.rows, summary.teams, summary.benchmarks) == (1, 1, [])
    assert not summary.bad_cells


@pytest.mark.parametrize("bom", [True, False], ids=["BOM", "no BOM"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_byte_order_mark_and_line_ends_change_nothing(tmp_path: Path, bom: bool, end: bytes) -> None:
    teams = many_teams(30)
    content = board_csv(teams)
    expected = read(tmp_path, content)
    other = content.replace(b"\n", end)
    assert read(tmp_path, other if bom else other.removeprefix(b"\xef\xbb\xbf")) == expected
    assert read(tmp_path, other.removesuffix(end)) == expected


NAMES = [
    "NaN",
    "null",
    "NA",
    "None",
    "",
    " ",
    "007",
    "1e5",
    "True",
    'a "quoted" name',
    '"',
    "a,b",
    "two\nlines",
    "two\r\nlines",
    "two\rlines",
    "🦊 emoji 👩‍👩‍👧",
    "[red]x[/red]",
    "[ods.ai] someone",
    "=cmd()",
    "trailing  ",
    "  leading",
    "\u202ebidi",
    "a\x00b",
    "\x1b[31mred",
    "\ufeffmark",
    "x" * 4096,
]


def test_team_names_are_stored_as_they_are(tmp_path: Path) -> None:
    teams = [Team(i, name, (f"user{i}",)) for i, name in enumerate(NAMES)]
    standings, summary = read(tmp_path, board_csv(teams))
    assert [standing.team_name for standing in standings] == NAMES
    assert [standing.members for standing in standings] == [f"user{i}" for i in range(len(NAMES))]
    assert summary.rows == header.count_rows(tmp_path / "board.csv") == len(NAMES)


def test_an_old_board_keeps_team_names_as_they_are_too(tmp_path: Path) -> None:
    teams = [Team(i, name, score=f"{1 - i / 100:.2f}") for i, name in enumerate(NAMES)]
    standings, _ = read(tmp_path, board_csv(teams, old=True))
    assert [standing.team_name for standing in standings] == NAMES


def test_extra_columns_and_another_order_change_nothing(tmp_path: Path) -> None:
    expected = read(tmp_path, board_csv([Team(7, "a", ("alice",)), Team(8, "b", ("bob", "carol"))]))
    content = (
        "TeamMemberUserNames,New,Score,TeamId,Rank,SubmissionCount,New,TeamName,LastSubmissionDate\n"
        "alice,x,0.5,7,1,1,,a,2025-10-30 12:00:00\n"
        '"bob,carol",y,0.5,8,2,1,,b,2025-10-30 12:00:00\n'
    )
    assert read(tmp_path, content) == expected


def test_the_columns_are_told_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    path.write_bytes(board_csv([]))
    assert reader.open_board(path).columns == MODERN.split(",")


@pytest.mark.parametrize("column", ["Rank", "TeamId", "TeamName", "Score"])
def test_a_missing_column_is_named_and_so_are_the_found_ones(tmp_path: Path, column: str) -> None:
    found = [name for name in MODERN.split(",") if name != column]
    error = refusal(tmp_path, ",".join(found) + "\n")
    missing, told = error.message.split(";")
    assert column in missing
    assert all(name in told for name in found)


def test_without_members_a_board_with_ranks_is_refused(tmp_path: Path) -> None:
    assert "TeamMemberUserNames" in refusal(tmp_path, "Rank,TeamId,TeamName,Score\n").message


def test_all_missing_columns_are_named_at_once(tmp_path: Path) -> None:
    error = refusal(tmp_path, "team,teamName,date,result\n1,a,2020-01-01 00:00:00,0.5\n")
    assert all(name in error.message for name in (*OLD.split(","), "teamName"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert "empty" in refusal(tmp_path, "").message
    assert "empty" in refusal(tmp_path, b"\xef\xbb\xbf\n\n").message


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    assert "Score more than once" in refusal(tmp_path, f"{MODERN},Score\n").message


@pytest.mark.parametrize("column", ["LastSubmissionDate", "SubmissionCount"])
def test_a_column_we_can_do_without_is_missed_with_a_warning(
    tmp_path: Path, logged: pytest.LogCaptureFixture, column: str
) -> None:
    names = MODERN.split(",")
    i = names.index(column)
    cells = ["1", "7", "a", "2025-10-30 12:00:00", "0.5", "3", "alice"]
    del names[i], cells[i]
    (standing,), _ = read(tmp_path, ",".join(names) + "\n" + ",".join(cells) + "\n")
    assert (standing.score, standing.members) == (0.5, "alice")
    assert (standing.submission_date is None) == (column == "LastSubmissionDate")
    assert (standing.submission_count is None) == (column == "SubmissionCount")
    assert [column in record.getMessage() for record in logged.records] == [True]


def test_a_board_with_a_header_only_is_simply_empty(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    for columns in (MODERN, OLD):
        standings, summary = read(tmp_path, columns + "\n")
        assert standings == []
        assert (summary.rows, summary.teams, header.count_rows(tmp_path / "board.csv")) == (0, 0, 0)
    assert not logged.records


def test_a_truncated_board_is_refused(tmp_path: Path) -> None:
    content = board_csv([Team(7, "a", ("alice",)), Team(8, 'the "b"', ("bob",))])
    assert "cannot be read" in refusal(tmp_path, content[: content.index(b"the ") + 2]).message


# Cells


def test_scores_keep_their_text(tmp_path: Path) -> None:
    for text in ("0.77511", "0.00000", "68908.316", "-589.7", "0.720887", "5", "1e-7", "100.10"):
        standing = only(tmp_path, f"1,7,a,2025-10-30 12:00:00,{text},1,alice")
        assert (standing.score, standing.score_text) == (float(text), text)


def test_an_empty_score_is_null_and_no_bad_cell(tmp_path: Path) -> None:
    (standing,), summary = read(tmp_path, f"{MODERN}\n1,7,a,2025-10-30 12:00:00,,1,alice\n")
    assert (standing.score, standing.score_text, standing.rank) == (None, None, 1)
    assert not summary.bad_cells


@pytest.mark.parametrize(
    "text", ["n/a", "nan", "inf", "-Infinity", "1e999", "1_000", "0x10", "True", "٣", "1 2", "-"]
)
def test_a_score_that_is_no_number_is_null(tmp_path: Path, text: str) -> None:
    row, good = f"1,7,a,2025-10-30 12:00:00,{text},1,alice", "2,8,b,2025-10-30 12:00:00,0.5,1,bob"
    (standing, _), summary = read(tmp_path, f"{MODERN}\n{row}\n{good}\n")
    assert (standing.score, standing.score_text) == (None, None)
    assert summary.bad_cells == {"Score": 1}


def test_bad_cells_become_null_and_are_counted_once(tmp_path: Path) -> None:
    content = (
        f"{MODERN}\n"
        "1,7,a,2025-10-30 12:00:00,0.5,1,alice\n"
        "second,8,b,2025-10-30 12:00:00,0.4,1,bob\n"
        "3,nine,c,yesterday,0.3,none,carol\n"
        "4,10,d,2025-02-30 12:00:00,many,1.5,dave\n"
        "-5,11,e,,,,erin\n"
    )
    standings, summary = read(tmp_path, content)
    assert [standing.rank for standing in standings] == [1, None, 3, 4, None]
    assert [standing.score for standing in standings] == [0.5, 0.4, 0.3, None, None]
    dates = [standing.submission_date is None for standing in standings]
    assert dates == [False, False, True, True, True]
    assert summary.bad_cells == {
        "Rank": 2,
        "TeamId": 1,
        "Score": 1,
        "LastSubmissionDate": 2,
        "SubmissionCount": 2,
    }
    assert summary.rows == summary.teams == 5


@pytest.mark.parametrize("text", ["9" * 30, "1.5", "-1", "seven", "²", "", "9223372036854775808"])
def test_a_team_id_sqlite_cannot_hold_is_null(tmp_path: Path, text: str) -> None:
    standing = only(tmp_path, f"1,{text},a,2025-10-30 12:00:00,0.5,{text},alice")
    assert (standing.team_id, standing.submission_count, standing.members) == (None, None, "alice")


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-30",
        "2025-10-30T12:00:00",
        "30.10.2025 12:00:00",
        "2025-10-30 24:00:00",
        "2025-1-5 1:2:3",
        "2025-10-30  12:00:00",
        "2025-10-30 12:00:61",
        "2025-10-30 12:00+01",
        "2025-10-30 120000.5",
        "2025-W44-4 12:00:00",
        "0",
    ],
)
def test_a_date_in_another_form_is_null_rather_than_something_that_is_no_iso_time(
    tmp_path: Path, text: str
) -> None:
    content = f"{MODERN}\n1,7,a,{text},0.5,1,alice\n2,8,b,2025-10-30 12:00:00,0.4,1,bob\n"
    (standing, _), summary = read(tmp_path, content)
    assert standing.submission_date is None
    assert summary.bad_cells == {"LastSubmissionDate": 1}


def test_a_row_that_ends_early_has_nulls_and_one_that_goes_on_is_cut(tmp_path: Path) -> None:
    content = f"{MODERN}\n1,7,a\n2,8,b,2025-10-30 12:00:00,0.5,1,bob,more,and more\n"
    standings, summary = read(tmp_path, content)
    assert [standing.members for standing in standings] == ["", "bob"]
    assert [standing.score for standing in standings] == [None, 0.5]
    assert summary.rows == header.count_rows(tmp_path / "board.csv") == 2


def test_bytes_that_are_no_utf8_do_not_stop_a_board(tmp_path: Path) -> None:
    content = f"{MODERN}\n1,7,".encode() + b"\xff\xfe" + b",2025-10-30 12:00:00,0.5,1,alice\n"
    (standing,), _ = read(tmp_path, content)
    assert (standing.members, standing.score) == ("alice", 0.5)


def test_benchmarks_are_kept_apart(tmp_path: Path) -> None:
    teams = [
        Team(7, "a", ("alice",), "0.9"),
        Team(1, "All zeros", (), "0.50", rank=0),
        Team(8, "b", ("bob",), "0.4"),
        Team(2, "Host", ("host",), "", rank=0),
    ]
    standings, summary = read(tmp_path, board_csv(teams))
    assert ranks(standings) == {"a": 1, "All zeros": 0, "b": 2, "Host": 0}
    assert (summary.rows, summary.teams) == (4, 2)
    assert summary.benchmarks == [
        Benchmark("All zeros", 0.5, "0.50"),
        Benchmark("Host", None, None),
    ]


# Old boards


def test_an_old_board_in_score_order_has_the_ranks_of_that_order(tmp_path: Path) -> None:
    teams = [
        Team(9, "a", score="0.9"),
        Team(3, "b", score="0.8"),
        Team(5, "c", score="0.8"),
        Team(1, "d", score="0.1"),
    ]
    content = board_csv(teams, old=True)
    assert b"\r\n" in content
    standings, summary = read(tmp_path, content)
    assert ranks(standings) == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert (summary.rows, summary.teams) == (4, 4)
    assert {standing.members for standing in standings} == {""}
    assert standings[0].submission_date == "2025-10-30T12:00:00Z"
    assert standings[0].submission_count is None


def test_lower_is_better_is_told_from_the_order_too(tmp_path: Path) -> None:
    teams = [Team(9, "a", score="10"), Team(3, "b", score="9.5"), Team(5, "c", score="9.5")]
    standings, _ = read(tmp_path, board_csv(reversed(teams), old=True))
    assert ranks(standings) == {"c": 1, "b": 2, "a": 3}


def test_the_earlier_rows_of_a_team_collapse_to_its_latest(tmp_path: Path) -> None:
    teams = [
        Team(3, "a", score="0.7", date="2017-01-01 00:00:00"),
        Team(1, "b", score="0.6", date="2017-01-05 00:00:00"),
        Team(3, "a renamed", score="0.5", date="2017-01-09 00:00:00"),
        Team(3, "a", score="0.4", date="2017-01-02 00:00:00"),
    ]
    standings, summary = read(tmp_path, board_csv(teams, old=True))
    assert {standing.team_name: standing.score for standing in standings} == {"b": 0.6, "a renamed": 0.5}
    assert ranks(standings) == {"b": 1, "a renamed": 2}
    assert (summary.rows, summary.teams) == (4, 2)


def test_rows_without_a_team_id_are_told_apart_by_name(tmp_path: Path) -> None:
    content = f"{OLD}\n,a,2017-01-01 00:00:00,0.7\n,b,2017-01-01 00:00:00,0.6\n,a,2017-01-02 00:00:00,0.5\n"
    standings, summary = read(tmp_path, content)
    assert ranks(standings) == {"a": 1, "b": 2}
    assert summary.teams == 2


UNORDERED = [
    Team(1, "a", score="0.5", date="2017-01-02 00:00:00"),
    Team(2, "b", score="0.9"),
    Team(3, "c", score="0.5", date="2017-01-01 00:00:00"),
    Team(4, "d", score=""),
]


def test_an_old_board_in_no_order_has_no_ranks_and_says_so_once(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    standings, _ = read(tmp_path, board_csv(UNORDERED, old=True))
    assert set(ranks(standings).values()) == {None}
    assert [standing.score for standing in standings] == [0.5, 0.9, 0.5, None]
    (warning,) = logged.records
    assert "--higher-is-better" in warning.getMessage()


@pytest.mark.parametrize(
    ("higher_is_better", "expected"),
    [(True, {"b": 1, "c": 2, "a": 3, "d": None}), (False, {"c": 1, "a": 2, "b": 3, "d": None})],
)
def test_with_the_direction_given_the_earlier_submission_wins_a_tie(
    tmp_path: Path,
    logged: pytest.LogCaptureFixture,
    higher_is_better: bool,
    expected: dict[str, int | None],
) -> None:
    standings, _ = read(tmp_path, board_csv(UNORDERED, old=True), higher_is_better=higher_is_better)
    assert ranks(standings) == expected
    assert not logged.records


def test_the_direction_given_beats_the_order_of_the_file(tmp_path: Path) -> None:
    teams = [Team(9, "a", score="0.9"), Team(3, "b", score="0.8")]
    standings, _ = read(tmp_path, board_csv(teams, old=True), higher_is_better=False)
    assert ranks(standings) == {"b": 1, "a": 2}


def test_the_direction_given_changes_nothing_where_there_are_ranks(tmp_path: Path) -> None:
    content = board_csv(many_teams(20))
    assert read(tmp_path, content, higher_is_better=False) == read(tmp_path, content)


def test_bad_cells_of_an_old_board_are_counted_once_on_all_its_rows(tmp_path: Path) -> None:
    content = (
        f"{OLD}\n1,a,2017-01-01 00:00:00,0.9\n1,a,whenever,many\n2,b,never,0.5\n3,c,2017-01-01 00:00:00,few\n"
    )
    standings, summary = read(tmp_path, content)
    assert ranks(standings) == {"a": 1, "b": 2, "c": None}
    assert summary.bad_cells == {"Score": 2, "SubmissionDate": 2}


# Pieces


@pytest.mark.parametrize("old", [False, True], ids=["modern", "old"])
@pytest.mark.parametrize("at_once", [1, 2, 7, 26, 27])
def test_the_size_of_the_pieces_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool, at_once: int
) -> None:
    teams = [
        Team(
            i % 20 if old else i,
            name,
            (f"user{i}",),
            score=("0.9", "bad", "")[i % 3],
            rank=None if i % 5 else 0,
        )
        for i, name in enumerate(NAMES)
    ]
    content = board_csv(teams, old=old)
    expected = read(tmp_path, content)
    monkeypatch.setattr(reader, "_ROWS_AT_ONCE", at_once)
    assert read(tmp_path, content) == expected


# Properties

_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
_TRICKY = st.text(st.sampled_from('a"", \n\r\t;1'), max_size=6)


def write(rows: list[list[str]], quoting: int, end: str) -> str:
    file = io.StringIO()
    csv.writer(file, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
    return file.getvalue()


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(st.one_of(_TEXT, _TRICKY), st.one_of(_TEXT, _TRICKY)), max_size=6),
    # Minimal with LF would leave a lone CR unquoted, which nobody could read.
    st.sampled_from([(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_MINIMAL, "\r\n")]),
    st.sampled_from(["", "\n", " \n", "\r\n\r\n"]),
)
def test_the_rows_counted_are_the_rows_read(
    cells: list[tuple[str, str]], form: tuple[int, str], tail: str
) -> None:
    rows = [[str(i), str(i), name, "", "0.5", "1", members] for i, (name, members) in enumerate(cells, 1)]
    with tempfile.TemporaryDirectory() as folder:
        standings, summary = read(Path(folder), write([MODERN.split(","), *rows], *form) + tail)
        assert summary.rows == header.count_rows(Path(folder, "board.csv")) == len(cells)
    assert [standing.team_name for standing in standings] == [name for name, _ in cells]


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('a",\n1'), max_size=25))
def test_the_rows_counted_are_those_read_in_any_muddle_that_is_read(body: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            _, summary = read(Path(folder), f"{MODERN}\n{body}")
        except BadBoard:
            return
        assert header.count_rows(Path(folder, "board.csv")) == summary.rows


def texts(path: Path) -> dict[str, list[str]]:
    """The needed columns of a board as text, as the reader reads them."""
    found = header.read_header(path)
    columns: dict[str, list[str]] = {name: [] for name in found.positions}
    for piece in reader._texts(path, found):
        for name, cells in piece.items():
            columns[name] += cells
    return columns


def texts_by_pandas(path: Path) -> dict[str, list[str]]:
    """The same as pandas reads them, which is another implementation of CSV."""
    import pandas as pd

    frame = pd.read_csv(
        path,
        usecols=MODERN.split(","),
        dtype=object,
        na_filter=False,
        encoding="utf-8",
        encoding_errors="replace",
        index_col=False,
    )
    return {str(name): frame[name].tolist() for name in frame}


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.one_of(_TEXT, _TRICKY), min_size=5, max_size=9), max_size=6),
    st.sampled_from([(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_MINIMAL, "\r\n")]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.sampled_from([b"", b"\n\n", b"1,2,\xff\xed\xa0\x80\n", b"3,4,\xe9\n", b"5,6\r\n"]),
)
def test_pandas_reads_the_same_cells(
    rows: list[list[str]], form: tuple[int, str], mark: bytes, tail: bytes
) -> None:
    whole = [[str(i), *row] for i, row in enumerate(rows)]  # some too short, some too long
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "board.csv")
        path.write_bytes(mark + write([MODERN.split(","), *whole], *form).encode() + tail)
        assert texts(path) == texts_by_pandas(path)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('a",\n1'), max_size=25))
def test_pandas_reads_the_same_cells_in_any_muddle_and_refuses_what_is_refused(body: str) -> None:
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "board.csv")
        path.write_text(f"{MODERN}\n{body}")
        try:
            expected = texts_by_pandas(path)
        except pd.errors.ParserError as error:
            with pytest.raises(BadBoard) as refused:
                texts(path)
            assert str(error).partition("C error: ")[2] in refused.value.message
            return
        assert texts(path) == expected


@pytest.mark.parametrize("line", ["\t", "\t \t", " "])
def test_a_line_of_blanks_is_no_row_for_both(tmp_path: Path, line: str) -> None:
    _, summary = read(tmp_path, f"{MODERN}\n1,7,a,,0.5,1,alice\n{line}\n")
    assert header.count_rows(tmp_path / "board.csv") == summary.rows == 1


_NUMBER = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-(10**6), 10**6, places=5).map(str),
    st.decimals(0, 1, places=6).map(str),
    st.integers(-(10**20), 10**20).map(str),
)


@pytest.mark.long
@settings(max_examples=80, deadline=None)
@given(st.lists(_NUMBER, min_size=1, max_size=20))
def test_a_score_is_what_pythons_float_makes_of_its_text(texts: list[str]) -> None:
    teams = [Team(i, "a", score=text) for i, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        standings, summary = read(Path(folder), board_csv(teams))
    assert [(s.score, s.score_text) for s in standings] == [(float(text), text) for text in texts]
    assert not summary.bad_cells


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT), min_size=1, max_size=4))
def test_no_cell_stops_a_board(rows: list[tuple[str, str, str, str, str]]) -> None:
    table = [
        [rank, str(i), "a", date, score, count, members]
        for i, (rank, date, score, count, members) in enumerate(rows)
    ]
    good = ["99", "99", "b", "2025-10-30 12:00:00", "0.5", "1", "bob"]
    with tempfile.TemporaryDirectory() as folder:
        content = write([MODERN.split(","), *table, good], csv.QUOTE_ALL, "\n")
        try:
            standings, summary = read(Path(folder), content)
        except BadBoard as error:
            assert "Rank" in error.message and "more than once" in error.message
            return
    assert summary.rows == len(standings) == len(rows) + 1
    for standing in standings:
        assert standing.score is None or math.isfinite(standing.score)
        assert standing.rank is None or standing.rank >= 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=10),
    st.sampled_from([None, True, False]),
)
def test_the_ranks_of_an_old_board_run_from_1_without_gaps_and_follow_the_scores(
    rows: list[tuple[int, int]], higher_is_better: bool | None
) -> None:
    teams = [
        Team(team, f"team {team}", score=str(score), date=f"2017-01-01 00:00:{i:02}")
        for i, (team, score) in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as folder:
        standings, summary = read(Path(folder), board_csv(teams, old=True), higher_is_better=higher_is_better)
    latest = dict(rows)
    assert {s.team_id: s.score for s in standings} == latest
    assert summary.teams == len(latest)
    ranked = [(s.rank, s.score) for s in standings if s.rank is not None]
    assert len(ranked) in (0, len(latest))
    assert sorted(rank for rank, _ in ranked) == list(range(1, len(ranked) + 1))
    scores = [score for _, score in sorted(ranked)]
    ascending, descending = sorted(scores), sorted(scores, reverse=True)  # type: ignore[type-var]
    if higher_is_better is not None:
        assert len(ranked) == len(latest)
        assert scores == (descending if higher_is_better else ascending)
    else:
        assert scores in (ascending, descending)


# The oldest boards


def test_the_oldest_form_is_read(tmp_path: Path) -> None:
    content = (
        "TeamId, TeamName, SubmissionDate, Score\r\n"
        '1,"a, b",9/5/2012 6:06:10 PM,0.5\r\n'
        "2,c,12/31/2011 12:00:00 AM,0.4\r\n"
        "3,d,13/1/2012 6:06:10 PM,0.3\r\n"  # there is no 13th month
    )
    standings, summary = read(tmp_path, content)
    assert ranks(standings) == {"a, b": 1, "c": 2, "d": 3}
    dates = [standing.submission_date for standing in standings]
    assert dates == ["2012-09-05T18:06:10Z", "2011-12-31T00:00:00Z", None]
    assert summary.bad_cells == {"SubmissionDate": 1}
    path = tmp_path / "board.csv"
    assert header.count_rows(path) == 3
    assert header.newest_submission(path) == "2012-09-05T18:06:10Z"
    assert reader.open_board(path).columns == OLD.split(",")


def test_a_modern_board_has_no_dates_with_the_month_first(tmp_path: Path) -> None:
    """Another program wrote them, and may have put the day first."""
    assert only(tmp_path, "1,7,a,9/5/2025 6:06:10 PM,0.5,1,alice").submission_date is None


@pytest.mark.parametrize(("one", "two", "other"), [("0.5", "0.7", "0.6"), ("0.7", "0.5", "0.6")])
def test_the_rows_of_a_team_tell_the_direction(
    tmp_path: Path, logged: pytest.LogCaptureFixture, one: str, two: str, other: str
) -> None:
    teams = [
        Team(3, "c", score="0.65"),
        Team(2, "a", score=two, date="2017-01-02 00:00:00"),
        Team(1, "b", score=other),
        Team(2, "a", score=one, date="2017-01-01 00:00:00"),
    ]
    standings, summary = read(tmp_path, board_csv(teams, old=True))
    higher = one < two
    assert ranks(standings) == ({"a": 1, "c": 2, "b": 3} if higher else {"a": 1, "b": 2, "c": 3})
    assert summary.marks().higher_is_better is higher
    assert not logged.records


def test_teams_that_contradict_one_another_tell_no_direction(
    tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    teams = [
        Team(number, name, score=score, date=f"2017-01-0{day} 00:00:00")
        for number, name, score, day in (
            (1, "a", "0.5", 1),
            (1, "a", "0.6", 2),
            (2, "b", "0.8", 1),
            (2, "b", "0.7", 2),
        )
    ]
    teams.append(Team(3, "c", score="0.65"))
    standings, _ = read(tmp_path, board_csv(teams, old=True))
    assert set(ranks(standings).values()) == {None}
    assert "--higher-is-better" in logged.records[0].getMessage()


def test_the_rows_of_a_team_beat_the_order_of_the_file(tmp_path: Path) -> None:
    teams = [
        Team(1, "a", score="0.5", date="2017-01-03 00:00:00"),
        Team(2, "b", score="0.6", date="2017-01-02 00:00:00"),
        Team(2, "b", score="0.7", date="2017-01-01 00:00:00"),
    ]
    standings, _ = read(tmp_path, board_csv(teams, old=True))
    assert ranks(standings) == {"a": 1, "b": 2}


def test_a_column_of_floats_that_are_whole_is_read_whatever_the_size_of_the_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ("1.0,7.0,a,2025-10-30 12:00:00,0.5,3.0,alice", "2.0,8.0,b,2025-10-30 12:00:00,0.4,,bob")
    content = "\n".join([MODERN, *rows]) + "\n"
    for size in (1, 20_000):
        monkeypatch.setattr(reader, "_ROWS_AT_ONCE", size)
        standings, summary = read(tmp_path, content)
        found = [(each.rank, each.team_id, each.submission_count) for each in standings]
        assert found == [(1, 7, 3), (2, 8, None)]
        assert not summary.bad_cells
