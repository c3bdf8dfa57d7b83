"""Phase 1: the leaderboard of a competition becomes a checked CSV in a run folder. Knows no database."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from kagsync import archive, board_name, leaderboard, run_folder, times
from kagsync.errors import UsageError, from_os_error
from kagsync.log import logger

if TYPE_CHECKING:
    from pathlib import Path

    from kagsync.kaggle_api import KaggleApi


@dataclass(frozen=True)
class Fetched:
    """A leaderboard on disk.

    Attributes:
        csv: where it is.
        sha256: of the CSV's bytes (a ZIP's bytes differ every time).
        snapshot_at: when Kaggle made it (UTC, from its name), else when it was fetched.
        known_rows: its data rows, if they have been counted before.
    """

    csv: Path
    sha256: str
    snapshot_at: datetime
    known_rows: int | None = None

    @cached_property
    def rows(self) -> int:
        """Its data rows, counted when somebody asks; raises BadBoard."""
        return leaderboard.count_rows(self.csv) if self.known_rows is None else self.known_rows


def from_kaggle(
    api: KaggleApi, slug: str, kaggle_id: str, folder: Path, *, last: tuple[str, int] | None = None
) -> Fetched:
    """Downloads the whole leaderboard into `folder`: ZIP → CSV under a safe name, the ZIP deleted.

    Args:
        last: the hash and the rows of the last board: the same one need not be counted again.

    Raises:
        KagsyncError: whatever `KaggleApi.download_leaderboard` and `archive.extract_csv` raise; DiskFull.
    """
    zipped = folder / f"{slug}.zip"
    try:
        run_folder.claim(zipped)
        api.download_leaderboard(kaggle_id, zipped)
        extracted = archive.extract_csv(zipped, folder, run_folder.claim)
        zipped.unlink()
        fetched = _checked(extracted, otherwise=times.utc_now())
    except OSError as error:
        raise from_os_error(error, f"store the leaderboard in {folder}") from error
    if last is not None and fetched.sha256 == last[0]:
        fetched = replace(fetched, known_rows=last[1])
    logger.info("Downloaded complete leaderboard: %d entries", fetched.rows)
    return fetched


def from_file(source: Path, folder: Path) -> Fetched:
    """Takes a leaderboard from disk, a ZIP as Kaggle sends it or a CSV, into `folder`.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        BadDownload, BadBoard: it is no leaderboard.
    """
    modified = _modified(source)
    try:
        if is_zip(source):
            extracted = archive.extract_csv(source, folder, run_folder.claim)
        else:
            pieces = archive.read_pieces(source)
            extracted = archive.write_csv(pieces, source.name, folder, run_folder.claim)
        fetched = _checked(extracted, otherwise=modified)
    except OSError as error:
        raise from_os_error(error, f"store the leaderboard in {folder}") from error
    logger.info("Read complete leaderboard from %s: %d entries", source.name, fetched.rows)
    return fetched


def in_place(csv: Path) -> Fetched:
    """A CSV that stays where it is; raises as `from_file`."""
    modified = _modified(csv)
    with csv.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _checked(archive.ExtractedCsv(csv, csv.name, sha256), otherwise=modified)


def is_zip(source: Path) -> bool:
    """Whether a file on disk is a ZIP; raises UsageError when it cannot be read."""
    _modified(source)
    return archive.is_zip(source)


def _modified(source: Path) -> datetime:
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe or a device would be waited for, or never end
            raise UsageError(f"cannot read {source}: it is not a file", "Name a ZIP or CSV file")
        with source.open("rb"):
            return datetime.fromtimestamp(status.st_mtime, UTC)
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {source}: {reason}", "Name a ZIP or CSV file") from error


def _checked(extracted: archive.ExtractedCsv, *, otherwise: datetime) -> Fetched:
    snapshot_at = board_name.snapshot_time(extracted.original_name) or otherwise.replace(microsecond=0)
    if snapshot_at > times.utc_now() + timedelta(days=1):
        logger.warning("The board is dated %s: is this machine's clock right?", times.iso(snapshot_at))
    return Fetched(
        csv=extracted.path,
        sha256=extracted.sha256,
        snapshot_at=snapshot_at,
    )
