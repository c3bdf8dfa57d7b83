"""Phase 3: deletes a CSV and its run folder, and whatever crashed runs left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.errors import KagsyncError, UsageError, from_os_error
from kagsync.files import locks
from kagsync.log import logger
from kagsync.sync import run_folder

if TYPE_CHECKING:
    from pathlib import Path


def remove(csv: Path) -> None:
    """Deletes a CSV that `fetch` made, and its run folder. Doing so twice is not an error.

    Raises:
        UsageError: there is no such file, or kagsync did not make it (then it stays).
        KagsyncError: another process is using the folder.
        ConfigurationError: it cannot be deleted, or other users could replace its folder.
    """
    csv = csv.absolute()
    folder = csv.parent
    try:
        there = csv.exists()
        if not there and folder.parent.name == run_folder.FOLDER and not folder.exists():
            logger.info("Already cleaned up: %s", csv.name)
            return
        ours = run_folder.is_our_file(csv)
        if ours:
            run_folder.check(folder.parent)
    except OSError as error:
        raise UsageError(
            f"cannot read {csv}: {error.strerror}", "Pass the path that fetch printed"
        ) from error
    if not ours and not there:
        raise UsageError(f"there is no file {csv}", "Pass the path that fetch printed")
    if not ours:
        raise UsageError(
            f"{csv} was not deleted, because kagsync fetch did not make it",
            "Delete it yourself if you do not need it",
        )
    try:
        run_folder.check_free(folder)
    except locks.Busy as error:
        raise KagsyncError(error.message, "Wait until that run has ended") from error
    remove_run(folder, csv)


def remove_run(folder: Path, csv: Path | None) -> None:
    """Deletes a run folder of this process, however the run ended.

    Raises:
        ConfigurationError: it cannot be deleted.
    """
    try:
        gone = run_folder.remove(folder)
        if csv is not None:
            logger.info("Cleaned up CSV: %s", csv.name)
        if not gone:
            logger.warning("%s was not deleted: it contains files that kagsync did not make", folder)
    except FileNotFoundError:
        return  # another run has swept it already
    except OSError as error:
        raise from_os_error(error, f"clean up {folder}") from error


def sweep(temp_data: Path) -> run_folder.Sweep:
    """Removes what crashed runs left in `temp_data`; logs what it removed.

    Raises:
        ConfigurationError: `temp_data` cannot be read.
    """
    swept = run_folder.sweep(temp_data)
    for folder in swept.removed:
        logger.info("Removed what a crashed run left behind: %s", folder.name)
    return swept
