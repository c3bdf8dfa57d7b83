"""Every fault of a CSV through `kagsync sync SLUG --from FILE`, on a competition that has a good board."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from world import invariants
from world.boards import MODERN, WHEN, Team, board_csv, board_name
from world.club import SLUG, Club
from world.running import Kagsync, Ran, run

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.settings import Settings

LATER = "2025-11-01T08:00:00"
COLUMNS = MODERN.split(",")
DATE = "2025-10-31 12:00:00"
LONG_LINE = 600  # characters of a message that still is "one or two lines"

Standings = dict[str, tuple[int | None, float | None]]

GOOD = board_csv(
    [
        Team(11, "Ann's", ("ann",), "0.9"),
        Team(12, "bob & cyd", ("bob", "cyd"), "0.8"),
        Team(13, "Dora", ("dora",), "0.7"),
        *(Team(20 + i, f"Strangers {i}", (f"stranger{i}",), f"0.{6 - i}") for i in range(3)),
    ]
)
BEFORE: Standings = {"ann": (1, 0.9), "bob": (2, 0.8), "cyd": (2, 0.8), "dora": (3, 0.7)}

ROWS = [
    f"1,13,Dora,{DATE},0.95,3,dora",
    f"2,11,Ann's,{DATE},0.9,4,ann",
    f'3,12,"bob & cyd",{DATE},0.8,2,"bob,cyd"',
    *(f"{4 + i},{20 + i},Strangers {i},{DATE},0.{6 - i},1,stranger{i}" for i in range(3)),
]
AFTER: Standings = {"dora": (1, 0.95), "ann": (2, 0.9), "bob": (3, 0.8), "cyd": (3, 0.8)}


def text(*lines: str, end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode("utf-8-sig")


def board(*rows: str) -> bytes:
    return text(MODERN, *rows)


def in_order(*columns: str, header: list[str] | None = None) -> bytes:
    """The later board with these columns; those it does not have are filled with junk."""
    lines = [",".join(header or columns)]
    for row in ROWS:
        first, quote, members = row.partition(',"bob,cyd"')
        cells = first.replace('"', "").split(",") + (["bob,cyd"] if quote else members.split(",")[1:])
        of = dict(zip(COLUMNS, cells, strict=True))
        lines.append(",".join(f'"{of.get(column, "junk")}"' for column in columns))
    return text(*lines)


def anns(column: str, cell: str | bytes) -> bytes:
    """The later board with one cell of Ann's changed, as raw bytes."""
    cells: list[bytes] = [each.encode() for each in ROWS[1].split(",")]
    cells[COLUMNS.index(column)] = cell.encode() if isinstance(cell, str) else cell
    whole = board(*ROWS)
    return whole.replace(ROWS[1].encode(), b",".join(cells))


def every(column: str, cell: str) -> bytes:
    """The later board with the same cell in every row."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(ROWS)]
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(
        [COLUMNS, *((row | {column: cell}).values() for row in rows)]
    )
    return file.getvalue().encode()


@dataclass(frozen=True)
class Refused:
    content: bytes = field(repr=False)
    says: str
    code: str = "bad-board"


def but(**ann: Any) -> Standings:
    """The later standings with Ann's rank or score changed."""
    rank, score = AFTER["ann"]
    return {**AFTER, "ann": (ann.get("rank", rank), ann.get("score", score))}


@dataclass(frozen=True)
class Taken:
    content: bytes = field(repr=False)
    standings: Standings = field(default_factory=lambda: AFTER)
    warns: str = ""


UNREADABLE = "Cells that could not be read are left empty: "

REFUSED = {
    "nothing": Refused(b"", "the CSV is empty"),
    "a byte order mark alone": Refused(b"\xef\xbb\xbf", "the CSV is empty"),
    "blank lines only": Refused(b"\n\r\n \t\n\n", "the CSV is empty"),
    "NUL bytes only": Refused(bytes(5000), "NUL bytes"),
    "header only": Refused(text(MODERN), "0 rows where it had 6", "suspicious-board"),
    "a column missing": Refused(in_order(*COLUMNS[:4], *COLUMNS[5:]), "lacks the column Score; it has: Rank"),
    "columns missing": Refused(text("Rank,Score", "1,0.5"), "lacks the columns TeamId, TeamName, Team"),
    "no header": Refused(text(*ROWS), "lacks the columns .*; it has no header"),
    "a needed column twice": Refused(in_order(*COLUMNS, "Rank"), "has the column Rank more than once"),
    "an optional column twice": Refused(
        in_order(*COLUMNS, "SubmissionCount"), "has the column SubmissionCount more than once"
    ),
    "semicolons": Refused(board(*ROWS).replace(b",", b";"), "separated by semicolons"),
    "HTML": Refused(b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "a web page"),
    "every row twice": Refused(board(*ROWS, *ROWS), "TeamId 11 is on the board more than once"),
    "two boards one after the other": Refused(board(*ROWS) + board(*ROWS), "TeamId 11 is on the board more"),
    "a team twice, far apart": Refused(
        board(*ROWS, f"7,{ROWS[0].split(',')[1]},Again,{DATE},0.1,1,x"), "TeamId 13 is on the board more"
    ),
    "a rank twice": Refused(board(*ROWS, f"1,99,Also first,{DATE},0.1,1,x"), "Rank 1 is on the board more"),
    **{
        f"{column} is {cell!r} throughout": Refused(
            every(column, cell), f"no cell of the column {column} can be read"
        )
        for column, cell in (("Score", "0,9"), ("Rank", "first"), ("TeamId", "x"), ("Rank", ""))
    },
    "UTF-16 with its mark": Refused(board(*ROWS).decode("utf-8-sig").encode("utf-16"), "UTF-16"),
    "UTF-16 little-endian": Refused(board(*ROWS).decode("utf-8-sig").encode("utf-16-le"), "UTF-16"),
    "UTF-16 big-endian": Refused(board(*ROWS).decode("utf-8-sig").encode("utf-16-be"), "UTF-16"),
    "a quote that never closes": Refused(
        board(*ROWS[:3], '4,14,"Eve,' + DATE, *ROWS[4:]), r"inside (a )?(string|quote)"
    ),
    "a quote that never closes, in the header": Refused(text('"' + MODERN, *ROWS * 200), "lacks the columns"),
    "cut off in a quoted cell": Refused(board(*ROWS[:5])[:-1] + b'\n6,22,"Stran', "inside string"),
    "10 MB in one cell of the header": Refused(
        b"x" * 10_000_000 + b"\n1\n", r"column 1 in row 1 has 10,000,000 characters, and at most 4,096"
    ),
    "a long name of a column": Refused(
        text(MODERN + "," + "x" * 300, *ROWS), r"the name of column 8 has 300 characters, and at most 200"
    ),
    "10 MB on one line, with commas": Refused(
        b"ab,cde" * 1_700_000, r"row 1 has [\d,]+ cells, and at most 100"
    ),
    "101 columns": Refused(in_order(*COLUMNS, *map(str, range(94))), "row 1 has 101 cells"),
    "a row of 101 cells": Refused(board(*ROWS, "," * 100), "row 8 has 101 cells"),
    "4,097 characters in a cell": Refused(
        anns("TeamName", "y" * 4097), "TeamName in row 3 has 4,097 characters, and at most 4,096 are read"
    ),
    "10 MB in one cell": Refused(
        anns("TeamName", "y" * 10_000_000), "TeamName in row 3 has 10,000,000 characters"
    ),
    "10 MB in a quoted cell": Refused(
        anns("TeamName", '"' + 'y, ""\n' * 2_000_000 + '"'), "TeamName in row 3 has 10,000,000 characters"
    ),
    "10 MB in a score": Refused(anns("Score", "1" * 10_000_000), "Score in row 3 has 10,000,000 characters"),
    "2,000 members in a row": Refused(
        anns("TeamMemberUserNames", '"' + ",".join(f"user{i}" for i in range(2000)) + '"'),
        "TeamMemberUserNames in row 3 has 16,889 characters",
    ),
    "a quote that never closes, on a large board": Refused(
        board(*ROWS[:3], '4,14,"Eve,' + DATE, *ROWS[4:] * 200),
        "TeamName in row 5 begins with a quote that never",
    ),
    "less than half the rows": Refused(board(*ROWS[:2]), "2 rows where it had 6", "suspicious-board"),
    "cut off after a third": Refused(board(*ROWS)[:150], "is cut off"),
}

TAKEN = {
    "columns in another order": Taken(in_order(*reversed(COLUMNS))),
    "columns more": Taken(in_order("Medal", *COLUMNS, "Region", "")),
    "columns more, one of them twice": Taken(in_order("Medal", *COLUMNS, "Medal", "Medal")),
    "a column more that pandas would rename to ours": Taken(
        in_order("x", *COLUMNS, "y", header=["Rank.1", *COLUMNS, "Rank.1"])
    ),
    "optional columns missing": Taken(
        in_order("Rank", "TeamId", "TeamName", "Score", "TeamMemberUserNames"),
        warns="no column LastSubmissionDate, SubmissionCount: left empty",
    ),
    "one user in several rows": Taken(board(*ROWS, f"9,99,Ann again,{DATE},0.1,1,ann")),
    "a row too long": Taken(board(ROWS[0], ROWS[1] + ",and,more", *ROWS[2:])),
    "the first row too long": Taken(board(ROWS[0] + ",and,more", *ROWS[1:])),
    "all rows too long": Taken(board(*(row + ",more" for row in ROWS))),
    "a row too short": Taken(board(*ROWS, "7,77")),
    "a row of commas": Taken(board(*ROWS, "," * 6, "," * 20)),
    "NUL in a team's name": Taken(anns("TeamName", b"An\0n")),
    "NUL in a number": Taken(anns("Score", b"0.\x009"), but(score=None), f"{UNREADABLE}Score 1"),
    "NUL after a username": Taken(
        board(*ROWS, f"7,30,x,{DATE},0.1,1,stranger9").replace(b"stranger9", b"ann\0x")
    ),
    "Latin-1": Taken(anns("TeamName", b"Jos\xe9 \xff")),
    "CP1252 quotes": Taken(anns("TeamName", b"\x93Ann\x94")),
    "a score that is a word": Taken(anns("Score", "best"), but(score=None), f"{UNREADABLE}Score 1"),
    "a score with a decimal comma": Taken(anns("Score", '"0,9"'), but(score=None), f"{UNREADABLE}Score 1"),
    "a score of 1e400": Taken(anns("Score", "1e400"), but(score=None), f"{UNREADABLE}Score 1"),
    "a score of 1e-400": Taken(anns("Score", "1e-400"), but(score=0.0)),
    "a score of 400 digits": Taken(anns("Score", "9" * 400), but(score=None), f"{UNREADABLE}Score 1"),
    "a score of 4,000 decimals": Taken(anns("Score", "0." + "9" * 4000), but(score=1.0)),
    **{
        f"a score of {score!r}": Taken(anns("Score", score), but(score=None), f"{UNREADABLE}Score 1")
        for score in ("nan", "inf", "-Infinity", "0x1F", "1_000", "True", "--1", "1.2.3", "٣")
    },
    "an empty score": Taken(anns("Score", ""), but(score=None)),
    "a negative score": Taken(anns("Score", "-12.5"), but(score=-12.5)),
    **{
        f"a rank of {rank[:21]!r}": Taken(anns("Rank", rank), but(rank=None), f"{UNREADABLE}Rank 1")
        for rank in ("-5", "2.5", "first", "1e3", "²", "٣", str(2**63), str(2**64), "9" * 4096)
    },
    "a rank of 2**63 - 1": Taken(anns("Rank", str(2**63 - 1)), but(rank=2**63 - 1)),
    **{f"a rank of {rank!r}": Taken(anns("Rank", rank)) for rank in ("2.0", "2.000", " 2", "+2")},
    "whole numbers as pandas writes them": Taken(anns("SubmissionCount", "3.0")),
    "an empty rank": Taken(anns("Rank", ""), but(rank=None)),
    **{
        f"a date of {date!r}": Taken(anns("LastSubmissionDate", date), warns="LastSubmissionDate 1")
        for date in ("yesterday", "2025-02-30 12:00:00", "31/10/2025 12:00", "0000-00-00 00:00:00")
    },
    "a submission count that is none": Taken(
        anns("SubmissionCount", "many"), warns=f"{UNREADABLE}SubmissionCount 1"
    ),
    "a team id beyond 64 bits": Taken(anns("TeamId", "9" * 30), warns=f"{UNREADABLE}TeamId 1"),
    "4,096 characters in a cell": Taken(anns("TeamName", "y" * 4096)),
    "100 columns": Taken(in_order(*COLUMNS, *map("c".__mul__, range(1, 3)), *[""] * 91)),
    "100 people in a row": Taken(
        anns("TeamMemberUserNames", '"ann,' + ",".join(f"stranger{i}" for i in range(99)) + '"')
    ),
    "CR line ends": Taken(text(MODERN, *ROWS, end="\r")),
    "CRLF line ends": Taken(text(MODERN, *ROWS, end="\r\n")),
    "line ends of all kinds": Taken("\r".join([MODERN, *ROWS[:2], "\n".join(ROWS[2:])]).encode()),
    "no line end at the end": Taken(board(*ROWS)[:-1]),
    "blank lines": Taken(text("", MODERN, "", "", *ROWS[:3], " ", "\t", *ROWS[3:], "", "")),
    "a line break in a name": Taken(anns("TeamName", '"An\nn"')),
    "a byte order mark before a row": Taken(
        board(ROWS[0], "\ufeff" + ROWS[1], *ROWS[2:]), but(rank=None), f"{UNREADABLE}Rank 1"
    ),
    "exactly half the rows": Taken(board(*ROWS[:3])),
    "a user with an odd case": Taken(anns("TeamMemberUserNames", " ANN ")),
}


class Faulty(Club):
    """A club whose boards have faults."""

    def sync(self, content: bytes, *options: str, when: str = LATER) -> Ran:
        return self.load(self.file(content, when), *options)

    def standings(self) -> Standings:
        rows = self.ask("SELECT username, rank, score FROM leaderboard WHERE left_at IS NULL")
        return {username: (rank, score) for username, rank, score in rows}

    def data(self) -> list[list[tuple[Any, ...]]]:
        """All that a failed sync must not touch: everything but its own record."""
        tables = ("users", "leaderboard_entries", "entry_history", "teams", "snapshots", "benchmarks")
        columns = "slug, synced_at, snapshot_at, row_count, team_count, fingerprint"
        return [self.ask(f"SELECT * FROM {table}") for table in tables] + [
            self.ask(f"SELECT {columns} FROM competitions")
        ]

    def last_run(self) -> tuple[Any, ...]:
        return self.ask("SELECT status, error_code, error_message FROM sync_runs ORDER BY id DESC LIMIT 1")[0]


@pytest.fixture
def new(kagsync: Kagsync, settings: Settings, tmp_path: Path) -> Faulty:
    """One competition without a board, and four people."""
    club = Faulty(kagsync, settings, tmp_path)
    club.track("ann", "bob", "cyd", "dora")
    return club


@pytest.fixture
def club(new: Faulty) -> Faulty:
    """The same with a good board."""
    assert new.sync(GOOD, when=WHEN).code == 0
    assert new.standings() == BEFORE
    return new


def assert_short(ran: Ran) -> None:
    assert "Traceback" not in ran.err
    assert "unforeseen" not in ran.err
    assert max(len(line) for line in ran.err.splitlines()) < LONG_LINE


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=[pytest.mark.long] if "10 MB" in fault else []) for fault in REFUSED]
)
def test_a_board_that_cannot_be_believed_is_refused_by_name(fault: str, club: Faulty) -> None:
    refused = REFUSED[fault]
    before = club.data()

    ran = club.sync(refused.content)

    assert (ran.code, ran.out) == (1, f"Synced 0 entries across 0 competitions; failed: {SLUG}\n")
    assert_short(ran)
    (error,) = [line for line in ran.err.splitlines() if line.startswith("ERROR")]
    assert re.search(refused.says, error)
    assert club.data() == before
    status, code, message = club.last_run()
    assert (status, code) == ("error", refused.code)
    assert len(message) < LONG_LINE
    assert club.nothing_left()
    invariants.check(club.settings.db)
    assert club.sync(board(*ROWS)).code == 0
    assert club.standings() == AFTER


@pytest.mark.parametrize("fault", TAKEN)
def test_a_board_with_odd_cells_or_rows_is_taken_without_them(fault: str, club: Faulty) -> None:
    taken = TAKEN[fault]

    ran = club.sync(taken.content)

    assert ran.code == 0, ran.err[:2000]
    assert_short(ran)
    warnings = [line for line in ran.err.splitlines() if line.startswith("WARNING")]
    assert len(warnings) <= 1
    if taken.warns:
        assert taken.warns in warnings[0]
    assert club.standings() == taken.standings
    assert club.last_run() == ("ok", None, None)
    assert club.nothing_left()
    invariants.check(club.settings.db)
    assert club.kagsync("show", SLUG).code == 0
    assert "nothing new" in club.sync(taken.content).out


def test_odd_text_in_a_name_is_stored_as_it_is(club: Faulty) -> None:
    def name() -> object:
        return club.ask("SELECT kaggle_team_name FROM leaderboard WHERE username = 'ann'")[0][0]

    for number, (cell, stored) in enumerate(
        {
            b"An\0n": "An\0n",
            b"Jos\xe9": "Jos\ufffd",
            "\ufeffAnn\ufeff".encode(): "\ufeffAnn\ufeff",
            b'"An\nn"': "An\nn",
            b"y" * 4096: "y" * 4096,
        }.items()
    ):
        assert club.sync(anns("TeamName", cell), when=f"2025-11-02T00:00:0{number}").code == 0
        assert name() == stored


def test_what_every_row_has_too_much_is_cut_and_not_taken_for_an_index(club: Faulty) -> None:
    club.sync(board(*(row + ",more" for row in ROWS)))

    rows = club.ask("SELECT kaggle_team_name, team_id, submission_count FROM leaderboard")
    assert rows == [("Dora", 13, 3), ("Ann's", 11, 4), ("bob & cyd", 12, 2), ("bob & cyd", 12, 2)]


@pytest.mark.parametrize("fault", ["nothing", "UTF-16 with its mark"])
def test_the_same_in_a_process_of_its_own(fault: str, club: Faulty, tmp_path: Path) -> None:
    source = tmp_path / board_name(SLUG, LATER)
    source.write_bytes(REFUSED[fault].content)

    ran = run("sync", SLUG, "--from", str(source), "-q")

    assert (ran.code, ran.out) == (1, "")
    assert 1 <= len(ran.err.splitlines()) <= 2
    assert re.search(REFUSED[fault].says, ran.err)
    assert_short(ran)
    invariants.check(club.settings.db)


# Shrunken boards


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_shrunken_board_is_refused_recorded_and_taken_when_it_is_said_to_be_right(
    rows: int, club: Faulty
) -> None:
    shrunken = board(*ROWS[:rows])
    before = club.data()

    for _ in range(2):  # a second look is no reason to believe it
        ran = club.sync(shrunken)
        assert ran.code == 1
        assert "--accept-shrink" in ran.err
        assert club.data() == before
    assert club.ask("SELECT count(*) FROM sync_runs WHERE error_code = 'suspicious-board'") == [(2,)]
    assert "--accept-shrink" in club.kagsync.ok("show", SLUG)

    ran = club.sync(shrunken, "--accept-shrink")

    assert ran.code == 0
    assert set(club.standings()) == {"dora", "ann"} & {row.rpartition(",")[2] for row in ROWS[:rows]}
    assert len(club.ask("SELECT * FROM leaderboard_entries")) == 4  # who left is kept
    assert "--accept-shrink" not in club.kagsync.ok("show", SLUG)
    assert club.sync(shrunken, when="2025-11-02T00:00:00").code == 0  # it is the measure from now on
    invariants.check(club.settings.db)


def test_force_does_not_mean_that_a_shrunken_board_is_right(club: Faulty) -> None:
    assert club.sync(text(MODERN), "--force").code == 1
    assert club.standings() == BEFORE


def test_process_by_hand_refuses_a_shrunken_board_too(club: Faulty) -> None:
    source = club.folder / board_name(SLUG, LATER)
    source.write_bytes(text(MODERN))

    assert club.kagsync("process", SLUG, str(source)).code == 1
    assert club.standings() == BEFORE
    assert club.last_run()[:2] == ("error", "suspicious-board")
    assert club.kagsync("process", SLUG, str(source), "--accept-shrink").code == 0
    assert club.standings() == {}


def test_the_remedy_for_a_shrunken_board_from_disk_works_when_it_is_followed(club: Faulty) -> None:
    ran = club.sync(text(MODERN))

    (told,) = re.findall(r"kagsync (sync .*)$", ran.err, re.MULTILINE)
    words = told.split()
    if "FILE" in words:
        words[words.index("FILE")] = str(club.folder / board_name(SLUG, LATER))
    assert club.kagsync(*words).code == 0


def test_the_first_board_of_all_may_be_empty(new: Faulty) -> None:
    assert new.sync(text(MODERN)).code == 0
    assert new.standings() == {}
    assert new.last_run() == ("ok", None, None)
    assert new.sync(board(*ROWS), when="2025-11-02T00:00:00").code == 0
    assert new.standings() == AFTER
    invariants.check(new.settings.db)
