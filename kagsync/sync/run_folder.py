"""Run folders, one for each fetch: `temp_kaggle_data/{slug}_{timestamp}/`, and who may delete them.

kagsync deletes only what it made: folders with its marker file, and in them only the files that the marker
names. A folder is in use while its lock is held. When a process is killed its lock becomes free, so a folder
with a free lock was left behind by a crash, or `kagsync fetch` handed it over to later commands.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kagsync.errors import OK, KagsyncError, from_os_error
from kagsync.files import locks, own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

FOLDER = "temp_kaggle_data"
HANDED_OVER_KEPT = 24 * 3600.0  # seconds for which a fetched CSV is kept for `process` and `cleanup`

_ELSEWHERE = "Set KAGSYNC_TEMP_DIR to a folder of your own, for example in /tmp"
_PATIENCE = 30.0  # seconds; the guard is held only while folders are made or swept
_MARKER = ".kagsync"
_LOCK = ".lock"
_HANDED_OVER = "handed over"
_FILE = "file: "
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)_\d{8}T\d{6}(_\d+)?")


@dataclass(frozen=True)
class Sweep:
    """The result of a sweep.

    Attributes:
        removed: the folders that were deleted.
        kept: those that `fetch` handed over within the last day.
        failed: why others could not be deleted.
    """

    removed: list[Path]
    kept: list[Path]
    failed: list[KagsyncError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return self.failed[0].exit_code if self.failed else OK

    @property
    def text(self) -> str:
        line = f"Removed {len(self.removed)} abandoned folder{'' if len(self.removed) == 1 else 's'}"
        if self.kept:
            line += f"; kept {len(self.kept)} that kagsync fetch made within the last day"
        return line


@contextlib.contextmanager
def new(temp_data: Path, slug: str, moment: datetime) -> Iterator[Path]:
    """Makes a run folder and holds its lock during the block. The folder stays afterwards.

    Raises:
        ConfigurationError: the folder cannot be made, or other users could replace it.
        DiskFull: the disk has no space for the folder.
    """
    stem = f"{slug}_{moment:%Y%m%dT%H%M%S}"
    with contextlib.ExitStack() as stack:
        try:
            own_folder.make(temp_data, _ELSEWHERE)
            # Under a lock, so that no sweep mistakes the new folder for an abandoned one.
            with locks.hold(_guard(temp_data), wait=_PATIENCE, longest=_PATIENCE):
                folder = _make_unique(temp_data, stem)
                (folder / _MARKER).touch()
                stack.enter_context(locks.hold(folder / _LOCK))
        except OSError as error:
            raise from_os_error(error, f"make a folder in {temp_data}") from error
        yield folder


def check(temp_data: Path) -> None:
    """Makes sure that no other user can replace `temp_data`.

    Raises:
        ConfigurationError: another user can. It says how to choose another folder.
    """
    try:
        own_folder.check(temp_data, _ELSEWHERE)
    except OSError as error:
        raise from_os_error(error, f"use {temp_data}") from error


def check_locks(temp_data: Path) -> None:
    """Makes sure that locks work where the run folders are.

    Raises:
        NoLocks: they do not.
    """
    locks.check(_guard(temp_data))


def _guard(temp_data: Path) -> Path:
    # Beside the folder, which is then empty when nothing runs.
    return temp_data.with_name(f"{temp_data.name}.lock")


def _make_unique(temp_data: Path, stem: str) -> Path:
    number = 1
    while True:
        folder = temp_data / (stem if number == 1 else f"{stem}_{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


def claim(path: Path) -> None:
    """Notes in the folder's marker that kagsync will write this file, so that it may delete it later."""
    _note(path.parent, f"{_FILE}{path.name}")


def hand_over(folder: Path) -> None:
    """Marks a folder as needed by later commands."""
    _note(folder, _HANDED_OVER)


def _note(folder: Path, line: str) -> None:
    with (folder / _MARKER).open("a", encoding="utf-8") as marker:
        marker.write(f"{line}\n")


def _notes(folder: Path) -> list[str]:
    try:
        return (folder / _MARKER).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []


def is_our_file(path: Path) -> bool:
    """Whether kagsync wrote this file into one of its run folders."""
    return is_ours(path.parent) and f"{_FILE}{path.name}" in _notes(path.parent)


def slug_of(folder: Path) -> str:
    """The competition that a run folder was made for; empty if its name does not say."""
    match = _NAME.fullmatch(folder.name)
    return match[1] if match else ""


def is_ours(folder: Path) -> bool:
    """Whether `folder` is a run folder that kagsync made."""
    return (
        folder.parent.name == FOLDER
        and _NAME.fullmatch(folder.name) is not None
        and (folder / _MARKER).is_file()
        and own_folder.is_own(folder)
    )


def remove(folder: Path) -> bool:
    """Deletes the files that kagsync wrote into a run folder, and the folder; False if it has other files.

    Raises:
        OSError: a file cannot be deleted.
    """
    with own_folder.opened(folder) as within:
        for note in _notes(folder):
            name = note.removeprefix(_FILE)
            if name != note and "/" not in name and "\\" not in name and name not in ("", ".", ".."):
                within.unlink(name)
        if set(within.names()) - {_MARKER, _LOCK}:
            return False
        within.unlink(_LOCK)
        within.unlink(_MARKER)
    folder.rmdir()
    return True


def sweep(temp_data: Path) -> Sweep:
    """Deletes the run folders that are no longer in use.

    Raises:
        ConfigurationError: `temp_data` cannot be read, or other users could replace it.
    """
    result = Sweep([], [])
    try:
        check(temp_data)
        if not temp_data.is_dir():
            return result
        with locks.hold(_guard(temp_data), wait=_PATIENCE, longest=_PATIENCE):
            for folder in sorted(temp_data.iterdir()):
                try:
                    _sweep_one(folder, result)
                except FileNotFoundError:  # its own run has just deleted it
                    continue
                # The others are swept even if one cannot be deleted.
                except OSError as error:
                    result.failed.append(from_os_error(error, f"clean up {folder}"))
                except KagsyncError as error:
                    result.failed.append(error)
    except OSError as error:
        raise from_os_error(error, f"clean up {temp_data}") from error
    return result


def _sweep_one(folder: Path, result: Sweep) -> None:
    if not folder.is_dir() or not (is_ours(folder) or _is_stillborn(folder)):
        return
    if _was_handed_over_lately(folder):
        result.kept.append(folder)
        return
    with contextlib.suppress(locks.Busy):  # a process is using it
        check_free(folder)
        if remove(folder):
            result.removed.append(folder)


def check_free(folder: Path) -> None:
    """Makes sure that no process is using the folder.

    Raises:
        Busy: a process is.
    """
    try:
        with locks.hold(folder / _LOCK):
            return
    except locks.Busy as error:
        raise locks.Busy(f"{folder} is in use by another run") from error


def _is_stillborn(folder: Path) -> bool:
    """Whether a run folder's process was killed before it could write the marker.

    The folder has a lock file if a sweep that examined it was killed too.
    """
    return (
        _NAME.fullmatch(folder.name) is not None
        and own_folder.is_own(folder)
        and all(path.name == _LOCK for path in folder.iterdir())
    )


def _was_handed_over_lately(folder: Path) -> bool:
    if _HANDED_OVER not in _notes(folder):
        return False
    # A time in the future was noted while the clock was wrong.
    return abs(time.time() - (folder / _MARKER).stat().st_mtime) < HANDED_OVER_KEPT
