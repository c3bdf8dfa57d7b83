"""A folder that nobody else can exchange for another: what is written and deleted in it is this user's.

Windows keeps the folders of its users apart by itself, so this is for POSIX systems.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from typing import TYPE_CHECKING

from kagsync import rights
from kagsync.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def make(folder: Path, remedy: str) -> None:
    """Makes a folder for this user only, if there is none yet, and checks it.

    Args:
        remedy: how to choose another folder.

    Raises:
        ConfigurationError: others could exchange it.
        OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    check(folder, remedy)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if os.name == "posix" and mode & stat.S_IWGRP:  # the umask of many systems lets the group write
        folder.chmod(mode & ~stat.S_IWGRP)


def check(folder: Path, remedy: str) -> None:
    """Makes sure that a folder is this user's, and that others cannot put another one in its place.

    Arguments and errors are those of `make`. Where there is no folder yet, those above it are checked.
    """
    if os.name != "posix":
        return
    for path in (folder, folder.with_name(f"{folder.name}.lock")):
        with _nothing_there():
            _check_owner(path, remedy)
    # A link on the way can be exchanged where it is, and what it leads to where that is.
    for above in {*folder.parents, *folder.resolve().parents}:
        with _nothing_there():
            _refuse_open_to_all(above, above.stat(), remedy)
    with _nothing_there():
        _refuse_open_to_all(folder, folder.lstat(), remedy)


def _nothing_there() -> contextlib.suppress:
    return contextlib.suppress(FileNotFoundError, NotADirectoryError)


def _check_owner(path: Path, remedy: str) -> None:
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a link, which others might have put there", remedy)
    if owner := rights.other_owner(path):
        raise ConfigurationError(f"{path} belongs to {owner}, not to you", remedy)


def _refuse_open_to_all(path: Path, found: os.stat_result, remedy: str) -> None:
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise ConfigurationError(
            f"everybody may rename and replace what is in {path}",
            f"{remedy}, or run: chmod o-w {shlex.quote(str(path))}",
        )


def is_own(path: Path) -> bool:
    """Whether it is this user's, and no link."""
    found = path.lstat()
    return not stat.S_ISLNK(found.st_mode) and (os.name != "posix" or found.st_uid == os.geteuid())


class Opened:
    """An open folder. What is deleted in it is deleted there, even if its name leads elsewhere by now."""

    def __init__(self, folder: Path, descriptor: int | None) -> None:
        self._folder = folder
        self._descriptor = descriptor

    def names(self) -> list[str]:
        return os.listdir(self._folder if self._descriptor is None else self._descriptor)  # noqa: PTH208

    def unlink(self, name: str) -> None:
        """Deletes a file of the folder, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            if self._descriptor is None:
                (self._folder / name).unlink()
            else:
                os.unlink(name, dir_fd=self._descriptor)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """Opens a folder, and no link to one.

    Raises:
        OSError: it cannot be opened.
    """
    if os.unlink not in os.supports_dir_fd:  # Windows
        yield Opened(folder, None)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield Opened(folder, descriptor)
    finally:
        os.close(descriptor)
