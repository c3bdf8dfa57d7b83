"""Phase 3: the CSV and its run folder go; what crashed runs left behind is swept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.errors import KagsyncError, UsageError, from_os_error
from kagsync.files import locks
from kagsync.log import logger
from kagsync.sync import run_folder

if TYPE_CHECKING:
    from pathlib import Path


def cleanup(csv: Path) -> None:
    """Deletes a CSV that `fetch` made, and its run folder. A second time is no error.

    Raises:
        UsageError: kagsync did not make it: it stays; or there is no such file.
        KagsyncError: another process works in the folder.
        ConfigurationError: it cannot be deleted, or others could exchange its folder.
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
        raise UsageError(f"cannot read {csv}: {error.strerror}", "Name what kagsync fetch printed") from error
    if not ours and not there:
        raise UsageError(f"there is no file {csv}", "Name what kagsync fetch printed")
    if not ours:
        raise UsageError(
            f"{csv} was not made by kagsync fetch, so it stays", "Delete it yourself if you do not need it"
        )
    try:
        run_folder.check_free(folder)
    except locks.Busy as error:
        raise KagsyncError(error.message, "Wait until it has ended") from error
    remove_run(folder, csv)


def remove_run(folder: Path, csv: Path | None) -> None:
    """Deletes a run folder of this process, whatever became of the run.

    Raises:
        ConfigurationError: it cannot be deleted.
    """
    try:
        gone = run_folder.remove(folder)
        if csv is not None:
            logger.info("Cleaned up CSV: %s", csv.name)
        if not gone:
            logger.warning("%s holds files that are not kagsync's: it stays", folder)
    except FileNotFoundError:
        return  # somebody else's sweep was faster
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


def summary(swept: run_folder.Sweep) -> str:
    """A sweep in one line for people."""
    line = f"Removed {len(swept.removed)} abandoned folder{'' if len(swept.removed) == 1 else 's'}"
    if swept.kept:
        line += f"; kept {len(swept.kept)} that kagsync fetch made within the last day"
    return line
