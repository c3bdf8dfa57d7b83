"""Phase 1: gets a competition's leaderboard as a CSV in a run folder, without the database.

Boards of another competition, or dated in the future, are refused here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.board import archive, file_name, header
from kagsync.errors import BadBoard, SuspiciousBoard, from_os_error
from kagsync.log import logger
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.sync import run_folder

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kagsync.kaggle.client import KaggleApi
    from kagsync.store.records import Competition


@dataclass(frozen=True)
class Fetched:
    """A leaderboard on disk.

    Attributes:
        csv: the path of the CSV.
        sha256: of the CSV's bytes (a ZIP's bytes differ every time).
        snapshot_at: when Kaggle made it (UTC), as far as that is known.
        board: public or private.
        partial: whether it was read only as far as our people.
        file: the name of the file from disk; None: Kaggle sent it.
        log_prefix: the start of the log line with the number of rows; empty: no line.
        known_rows: the number of its data rows, if they have been counted before.
    """

    csv: Path
    sha256: str
    snapshot_at: datetime
    board: str = PUBLIC
    partial: bool = False
    file: str | None = None
    log_prefix: str = ""
    known_rows: int | None = None

    @cached_property
    def rows(self) -> int:
        """The number of its data rows, counted on first use; raises BadBoard."""
        return header.count_rows(self.csv) if self.known_rows is None else self.known_rows

    def log_rows(self, rows: int | None = None) -> None:
        """Logs the number of its data rows.

        Counting takes a third as long as reading the board, so a caller that reads it passes the number.

        Args:
            rows: the number; None: they are counted.

        Raises:
            BadBoard: they cannot be counted.
        """
        if self.log_prefix:
            logger.info("%s: %d entries", self.log_prefix, self.rows if rows is None else rows)


def from_kaggle(api: KaggleApi, competition: Competition, folder: Path) -> Fetched:
    """Downloads the whole leaderboard into `folder`: ZIP → CSV under a safe name, the ZIP deleted.

    Raises:
        KagsyncError: whatever `KaggleApi.download_leaderboard` and `archive.extract_csv` raise; DiskFull.
        BadBoard: it is not a public leaderboard, or dated in the future.
    """
    zipped = folder / f"{competition.slug}.zip"
    try:
        run_folder.claim(zipped)
        api.download_leaderboard(competition.kaggle_id, zipped)
        extracted = archive.extract_csv(zipped, folder, run_folder.claim)
        zipped.unlink()
        fetched = _of_kaggle(extracted, clock.utc_now())
    except OSError as error:
        raise from_os_error(error, f"store the leaderboard in {folder}") from error
    fetched = replace(fetched, log_prefix="Downloaded complete leaderboard")
    last = competition.last_board
    if last is not None and fetched.sha256 == last[0]:  # this board was checked before
        return replace(fetched, known_rows=last[1])
    header.read_header(fetched.csv)
    return fetched


def from_file(
    source: Path,
    folder: Path,
    competition: Competition,
    *,
    accept_name: bool = False,
    board: str | None = None,
) -> Fetched:
    """Takes a leaderboard from disk, a ZIP as Kaggle sends it or a CSV, into `folder`.

    Args:
        competition: whose board it should be.
        accept_name: take it even if it is named for another competition.
        board: public or private; None: as its name says, public if the name says nothing.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        BadDownload, BadBoard: it is not a leaderboard, or dated in the future.
        SuspiciousBoard: it is named for another competition.
    """
    modified = archive.modified(source)
    try:
        if is_zip(source):
            extracted = archive.extract_from_disk(source, folder, run_folder.claim)
        else:
            pieces = archive.read_pieces(source)
            extracted = archive.write_csv(pieces, source.name, folder, run_folder.claim)
        fetched = _of_disk(extracted, source, modified, competition, accept_name=accept_name, board=board)
    except OSError as error:
        raise from_os_error(error, f"store the leaderboard in {folder}") from error
    header.read_header(fetched.csv)
    return replace(fetched, log_prefix=f"Read complete leaderboard from {source.name}")


def in_place(
    csv: Path, competition: Competition, *, accept_name: bool = False, board: str | None = None
) -> Fetched:
    """Takes a CSV that stays where it is. The arguments are those of `from_file`.

    A CSV that `kagsync fetch` downloaded counts as sent by Kaggle, for the competition it was fetched for.
    """
    modified = archive.modified(csv)
    archive.refuse_large(csv.stat().st_size)
    with csv.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    extracted = archive.ExtractedCsv(csv, csv.name, sha256)
    if run_folder.is_our_file(csv.absolute()):
        if not accept_name:
            _refuse_fetched_for_another(csv.absolute(), competition)
        return _of_kaggle(extracted, modified)
    return _of_disk(extracted, csv, modified, competition, accept_name=accept_name, board=board)


def is_zip(source: Path) -> bool:
    """Whether a file on disk is a ZIP; raises UsageError when it cannot be read."""
    archive.modified(source)
    return archive.is_zip(source)


def _of_kaggle(extracted: archive.ExtractedCsv, fetched_at: datetime) -> Fetched:
    """A board that Kaggle sent. Its time is the one in its name, otherwise that of the fetch."""
    name = extracted.original_name
    if file_name.board(name) == PRIVATE:
        raise BadBoard(f"Kaggle sent {name}, a private leaderboard", "Update kagsync")
    snapshot_at = file_name.snapshot_time(name) or fetched_at.replace(microsecond=0)
    refuse_future(snapshot_at)
    return Fetched(extracted.path, extracted.sha256, snapshot_at)


def _of_disk(
    extracted: archive.ExtractedCsv,
    source: Path,
    modified: datetime,
    competition: Competition,
    *,
    accept_name: bool,
    board: str | None,
) -> Fetched:
    names = list(dict.fromkeys((extracted.original_name, source.name)))  # the ZIP's member first
    if not accept_name:
        _refuse_other_competition(names, competition)
    snapshot_at = _time_of(extracted.path, names, modified)
    refuse_future(snapshot_at)
    board = board or next((found for name in names if (found := file_name.board(name))), PUBLIC)
    # A file's name may hold characters that no database accepts.
    name = source.name.encode("utf-8", "backslashreplace").decode()
    return Fetched(extracted.path, extracted.sha256, snapshot_at, board, file=name)


def _time_of(csv: Path, names: list[str], modified: datetime) -> datetime:
    """When a board from disk was made, as far as that is known.

    That is the time in its name, otherwise that of its newest submission (on the day in its name, if any).
    On real boards the newest submission is 1.5 to 54 minutes older than the snapshot (medians), and at most
    4.5 hours. The file's modification time comes last, because a copy or a checkout changes it.

    Raises:
        BadBoard: no name has a time, and another program has changed the format of the dates in the board.
    """
    for name in names:
        if moment := file_name.snapshot_time(name):
            return moment
    day = next((day for name in names if (day := file_name.day(name))), None)
    newest = header.newest_submission(csv, day or "")
    if newest is not None:
        return clock.parse_iso(newest)
    if day is not None:  # a day on which nobody submitted
        return clock.parse_iso(f"{day}T00:00:00Z")
    if (example := header.unreadable_date(csv)) is not None:
        raise BadBoard(
            "the time of the board is not known: its name has none, and its dates cannot be read "
            f'(such as "{header.shown(example)}")',
            f"Put the time of the board (UTC) into its name, such as {file_name.NAME_WITH_TIME}",
        )
    return modified.replace(microsecond=0)


def _refuse_other_competition(names: list[str], competition: Competition) -> None:
    known = {competition.slug.lower(), competition.kaggle_id.lower()}
    for name in names:
        named = file_name.competition(name)
        if named is None:
            continue
        if named.lower() not in known:
            raise SuspiciousBoard(
                f"{name} is named as a board of {named}, not of {competition.slug}",
                "If it is the right one, add --accept-name",
            )
        return  # the name of the ZIP's member comes first


def _refuse_fetched_for_another(csv: Path, competition: Competition) -> None:
    slug = run_folder.slug_of(csv.parent)
    if slug.lower() != competition.slug.lower():
        raise SuspiciousBoard(
            f"{csv.name} was fetched for {slug}, not for {competition.slug}",
            "If it is the right one, add --accept-name",
        )


def refuse_future(snapshot_at: datetime) -> None:
    """Raises BadBoard if a board is dated in the future."""
    if snapshot_at > clock.horizon():
        now = clock.iso(clock.utc_now())
        raise BadBoard(
            f"the board is dated {clock.iso(snapshot_at)}, but this machine's clock says {now}",
            "Check the clock; if it is right, the time in the file or in its name is wrong",
        )
