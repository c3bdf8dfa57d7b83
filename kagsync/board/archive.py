"""Extracts the one CSV from the ZIP that Kaggle sends, and trusts nothing else in it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from kagsync.board import file_name
from kagsync.errors import BadBoard, BadDownload, UsageError

Announce = Callable[[Path], None]

MAX_UNPACKED = 256 * 1024 * 1024  # bytes actually written, whatever the archive declares
MAX_PACKED = 64 * 1024 * 1024  # bytes of an archive: it is read into memory, and real ones have about 500,000
MAX_MEMBERS = 1000  # files in an archive: zipfile makes an object for each before anything can be checked

_PIECE = 1024 * 1024
_MEMBER = b"PK\x01\x02"  # starts the entry of each file in a ZIP's directory
_RETRY = "Try again later"


def _nobody(_: Path) -> None:
    return


class ExtractedCsv(NamedTuple):
    """A CSV on disk, the name it came with, and the SHA-256 of its bytes."""

    path: Path
    original_name: str
    sha256: str


def is_zip(path: Path) -> bool:
    """Whether a file claims to be a ZIP (its first bytes say so)."""
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def extract_csv(archive: Path, folder: Path, announce: Announce = _nobody) -> ExtractedCsv:
    """Takes the one CSV out of `archive` and writes it into `folder` under a safe name.

    Args:
        announce: called with the path of the CSV before it is written.

    Raises:
        BadDownload: not a ZIP, damaged, encrypted, no CSV or several, a name with a path in it, a link,
            more than 64 MiB, or more than 256 MiB unpacked. A partial CSV may be left in `folder`.
        BadBoard: it is a workbook, which is a ZIP archive too.
        OSError: the archive cannot be read, or the CSV cannot be written.
    """
    # Read into memory first (a ZIP has some 60 KB), so that zipfile's errors never come from the disk.
    content = _read(archive)
    with _refusing_damage():
        opened = zipfile.ZipFile(io.BytesIO(content))
    with opened:
        with _refusing_damage():
            member = _only_csv(opened.infolist())
            source = opened.open(member)
        with source:
            return write_csv(_pieces(source), member.orig_filename, folder, announce)


def extract_from_disk(archive: Path, folder: Path, announce: Announce = _nobody) -> ExtractedCsv:
    """Like `extract_csv`, for a file that the user named; the remedy says what to do with it."""
    try:
        return extract_csv(archive, folder, announce)
    except BadDownload as error:  # its remedy is to try again, which does not help with a file
        remedy = "Unpack it and pass the CSV, or download the board again"
        raise BadDownload(error.message, remedy) from error


def modified(source: Path) -> datetime:
    """When a file that people name was last changed; raises UsageError if it cannot be read."""
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe or a device may block, or never end
            raise UsageError(f"cannot read {source}: it is not a file", "Pass a ZIP or CSV file")
        with source.open("rb"):
            return datetime.fromtimestamp(status.st_mtime, UTC)
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {source}: {reason}", "Pass a ZIP or CSV file") from error


def _read(archive: Path) -> bytes:
    with archive.open("rb") as file:
        content = file.read(MAX_PACKED + 1)
    if len(content) > MAX_PACKED:
        raise BadDownload(f"the archive is larger than {MAX_PACKED // 1024**2} MB", _RETRY)
    if content.count(_MEMBER) > MAX_MEMBERS:
        raise BadDownload(f"the archive holds more than {MAX_MEMBERS} files instead of one", _RETRY)
    return content


def refuse_large(size: int) -> None:
    """Refuses a CSV of more than 256 MiB.

    Raises:
        BadDownload: it is larger.
    """
    if size > MAX_UNPACKED:
        raise BadDownload(f"the leaderboard is larger than {MAX_UNPACKED // 1024**2} MB unpacked", _RETRY)


@contextlib.contextmanager
def _refusing_damage() -> Iterator[None]:
    """Turns whatever zipfile raises at a damaged or forged archive into one refusal."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, OverflowError, struct.error) as error:
        raise BadDownload("the download is not a ZIP archive, or a damaged one", _RETRY) from error
    except (NotImplementedError, ValueError, RuntimeError) as error:
        raise BadDownload("the archive has an unsupported format", _RETRY) from error


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while True:
        with _refusing_damage():
            piece = source.read(_PIECE)
        if not piece:
            return
        yield piece


def _only_csv(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    names = {member.orig_filename for member in members}
    if "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names:
        kind = "a spreadsheet" if "mimetype" in names else "an Excel workbook"
        raise BadBoard(f"the file is {kind}, not a leaderboard", "Save the sheet as CSV UTF-8")
    csvs = [m for m in members if m.orig_filename.lower().endswith(".csv") and not _is_of_macos(m)]
    if len(csvs) != 1:
        found = f"{len(csvs)} CSV files" if csvs else "no CSV file"
        raise BadDownload(f"the archive holds {found} instead of one", _RETRY)
    member = csvs[0]
    name = member.orig_filename
    if "/" in name or "\\" in name or "\0" in name or name.startswith(".."):
        raise BadDownload(f"the archive's CSV has a path in its name: {name!r}", _RETRY)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise BadDownload("the archive's CSV is a link", _RETRY)
    if member.flag_bits & 0x1:
        raise BadDownload("the archive is encrypted", _RETRY)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Kaggle uses deflate. The other methods raise errors of their own (lzma.LZMAError …).
        raise BadDownload("the archive has an unsupported format", _RETRY)
    return member


def _is_of_macos(member: zipfile.ZipInfo) -> bool:
    """Whether macOS added this member, which describes another one."""
    return member.orig_filename.startswith("__MACOSX/")


def read_pieces(path: Path) -> Iterator[bytes]:
    """The content of a file on disk, for `write_csv`; raises OSError."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def write_csv(
    pieces: Iterable[bytes], original_name: str, folder: Path, announce: Announce = _nobody
) -> ExtractedCsv:
    """Copies a CSV into `folder` under the safe form of its name, hashing it on the way.

    Raises:
        BadDownload: it is larger than 256 MiB.
        OSError: it cannot be written.
    """
    target = folder / file_name.safe(original_name)
    announce(target)
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            refuse_large(size)
            digest.update(piece)
            file.write(piece)
    return ExtractedCsv(target, original_name, digest.hexdigest())
