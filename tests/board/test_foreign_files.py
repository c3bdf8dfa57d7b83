"""Files that people take for a leaderboard: each is named, and the message says what to do instead."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from world import database
from world.boards import OLD, Team, board_csv

if TYPE_CHECKING:
    from pathlib import Path

    from world.running import Kagsync

    from kagsync.settings import Settings

SLUG = "orbit-wars"
TEAMS = [Team(11, "Aa", ("ann",), "0.90"), Team(12, "Bb", ("bob",), "0.80")]
BOARD = board_csv(TEAMS)
PLAIN = BOARD.decode("utf-8-sig")
OLD_BOARD = board_csv(TEAMS, old=True).decode("utf-8-sig")


def zipped(*members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    return file.getvalue()


FOREIGN = {
    "--show --csv": (
        b"Next Page Token = CfDJ8\nteamId,teamName,submissionDate,score\n1,a,2026-01-01 00:00:00,0.5\n",
        ("--show", "--download"),
    ),
    "--show --csv, its first line cut off": (
        b"teamId,teamName,submissionDate,score\n1,a,2026-01-01 00:00:00,0.5\n",
        ("--show", "--download"),
    ),
    "--show": (
        b"Next Page Token = CfDJ8\n  teamId  teamName  submissionDate       score\n--------  --------\n",
        ("--show", "--download"),
    ),
    "--show, its first line cut off": (
        b"  teamId  teamName  submissionDate       score\n--------  --------  -----------  -----\n",
        ("--show", "--download"),
    ),
    "UTF-16 with a mark": (PLAIN.encode("utf-16"), ("UTF-16", "CSV UTF-8")),
    "UTF-16, big-endian, with a mark": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), ("UTF-16",)),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-le"), ("UTF-16",)),
    "UTF-16, big-endian, without a mark": (PLAIN.encode("utf-16-be"), ("UTF-16",)),
    "UTF-32": (PLAIN.encode("utf-32"), ("UTF-32",)),
    "semicolons": (PLAIN.replace(",", ";").encode(), ("semicolons", "commas")),
    "semicolons after Excel's own line": (b"sep=;\r\n" + PLAIN.replace(",", ";").encode(), ("semicolons",)),
    "tabs": (PLAIN.replace(",", "\t").encode(), ("tabs",)),
    "vertical bars": (PLAIN.replace(",", "|").encode(), ("vertical bars",)),
    "semicolons on an old board": (OLD_BOARD.replace(",", ";").encode(), ("semicolons",)),
    "a quoted header with semicolons": (b'"Rank";"TeamId";"TeamName"\n1;2;x\n', ("semicolons",)),
    ".xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), ("an Excel workbook", "CSV")),
    ".ods": (zipped("mimetype", "content.xml"), ("a spreadsheet", "CSV")),
    ".xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ("Excel", "CSV")),
    "JSON": (json.dumps({"submissions": [{"teamId": 1}]}).encode(), ("JSON",)),
    "a JSON array": (b'\n[{"teamId": 1}]', ("JSON",)),
    "HTML": (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", ("web page",)),
    "HTML after a mark and blank lines": (b"\xef\xbb\xbf\n\n<html lang=en>", ("web page",)),
    "XML": (b'<?xml version="1.0"?><board/>', ("XML",)),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(20), ("gzip", "Unpack")),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3", ("PDF",)),
    "Parquet": (b"PAR1" + bytes(40), ("Parquet",)),
    "SQLite": (b"SQLite format 3\0" + bytes(84), ("SQLite",)),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0>\0", ("not text",)),
}


@pytest.fixture
def tracked(kagsync: Kagsync, settings: Settings) -> Kagsync:
    """A competition without a board."""

    def track() -> None:
        kagsync.ok("competitions", "add", SLUG, "--no-kaggle")
        kagsync.ok("users", "add", "ann")

    database.prepared(settings.db, "foreign files", track)
    return kagsync


@pytest.mark.parametrize("command", ["sync", "process"])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_no_board_is_named_with_what_to_do(
    name: str, command: str, tracked: Kagsync, tmp_path: Path
) -> None:
    content, words = FOREIGN[name]
    path = tmp_path / "board.csv"
    path.write_bytes(content)
    ran = tracked(command, SLUG, *(("--from",) if command == "sync" else ()), str(path))
    assert ran.code == 1, ran
    (error,) = ran.err.splitlines()  # nothing was "read" before
    assert all(word in error for word in words), error
    assert ". " in error  # what to do


@pytest.mark.parametrize("column", ["Medal;x", "Next Page Token", "<b>", "a|b", "[x]", "{y}"])
def test_a_board_with_an_odd_column_more_is_a_board(column: str, tracked: Kagsync, tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    path.write_text(
        PLAIN.replace("Rank,", f"Rank,{column},").replace("\n1,", "\n1,x,").replace("\n2,", "\n2,x,")
    )
    tracked.ok("sync", SLUG, "--from", str(path))
    assert "ann" in tracked.ok("show", SLUG, "--format", "csv")


def test_an_old_board_is_not_taken_for_the_output_of_show(tracked: Kagsync, tmp_path: Path) -> None:
    path = tmp_path / "board.csv"
    path.write_text(f"{OLD}\n1,ann,2020-01-01 00:00:00,0.5\n")
    tracked.ok("sync", SLUG, "--from", str(path))
