"""Recognizes files that people mistake for a leaderboard, and says what to do instead."""

from __future__ import annotations

import codecs
import csv
from typing import TYPE_CHECKING

from kagsync.errors import BadBoard

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 4096  # bytes at the start of a file that tell what it is

_AGAIN = "Download the leaderboard from the competition's Leaderboard tab, or let kagsync sync fetch it"
_FULL = "It has the top rows only. Get the whole board: kaggle competitions leaderboard SLUG --download"
_ENCODINGS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_BINARY = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "Save the sheet as CSV UTF-8"),
    (b"\x1f\x8b", "a gzip archive", "Unpack it, then pass the CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it, then pass the CSV"),
    (b"%PDF", "a PDF document", _AGAIN),
    (b"PAR1", "a Parquet file", "Save it as CSV"),
    (b"SQLite format 3\0", "a SQLite database", "Pass the CSV or ZIP of a leaderboard"),
)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# The header of `kaggle competitions leaderboard SLUG --show`, as a table and with --csv.
_SHOW = ["teamId", "teamName", "submissionDate", "score"]  # an old board writes TeamId, TeamName …
_COLUMNS = {"teamid", "teamname", "score", "rank"}


def refuse_foreign(path: Path) -> None:
    """Refuses a file that is recognizably something other than a leaderboard.

    Raises:
        BadBoard: the file is something else. The message says what it is, and what to do.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    for mark, name in _ENCODINGS:
        if head.startswith(mark):
            raise BadBoard(f"the file is in the encoding {name}, not UTF-8", "Save it as CSV UTF-8")
    for magic, name, remedy in _BINARY:
        if head.startswith(magic):
            raise BadBoard(f"the file is {name}, not a leaderboard", remedy)
    if b"\0" in head.partition(b"\n")[0]:  # a team's name may have one
        raise _with_nul(head)
    _refuse_text(head.decode("utf-8-sig", errors="replace"))


def _with_nul(head: bytes) -> BadBoard:
    """The refusal of NUL bytes: every other byte in UTF-16, anywhere in a binary file."""
    even, odd = head[0:80:2].count(0), head[1:80:2].count(0)
    if min(even, odd) == 0 and max(even, odd) > 20:
        return BadBoard("the file is in the encoding UTF-16, not UTF-8", "Save it as CSV UTF-8")
    return BadBoard("the file has NUL bytes, so it is not text", _AGAIN)


def _refuse_text(text: str) -> None:
    lines = [line for line in text.splitlines() if line.strip()]
    first = lines[0].strip() if lines else ""
    lower = first.lower()
    if lower.startswith(("<!doctype", "<html", "<?xml", "<head", "<body", "<!--")):
        what = "an XML file" if lower.startswith("<?xml") else "a web page (HTML)"
        raise BadBoard(f"the file is {what}, not a leaderboard", _AGAIN)
    if first.startswith(("{", "[")):
        raise BadBoard("the file is JSON, not a leaderboard", _AGAIN)
    if lower.startswith("next page token") or _SHOW in (first.split(), _cells(first, ",")):
        raise BadBoard("the file is the output of kaggle competitions leaderboard --show", _FULL)
    if lower.startswith("sep="):
        first = lines[1] if len(lines) > 1 else ""
    for separator, name in _SEPARATORS.items():
        columns = {cell.strip().lower() for cell in _cells(first, separator)}
        if len(columns & _COLUMNS) > 1:
            raise BadBoard(
                f"the columns of the file are separated by {name}, not commas",
                "Save it with commas, or use the file as Kaggle gave it",
            )


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []
