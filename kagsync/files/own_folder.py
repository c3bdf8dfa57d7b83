"""A folder that nobody else can replace, so that only files of this user are written and deleted in it.

Windows keeps users' folders apart itself, so this is for POSIX systems.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync.errors import ConfigurationError
from kagsync.files import rights

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make(folder: Path, remedy: str) -> None:
    """Makes a folder for this user only, if there is none yet, and checks it.

    Args:
        remedy: how to choose another folder.

    Raises:
        ConfigurationError: others could replace it.
        OSError: it cannot be made.
    """
    rights.make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    check(folder, remedy)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if os.name == "posix" and mode & _OTHERS_WRITE:  # an earlier version made it, with the umask's rights
        folder.chmod(mode & ~_OTHERS_WRITE)


def check(folder: Path, remedy: str) -> None:
    """Makes sure that a folder is this user's, and that others cannot put another one in its place.

    Arguments and errors are those of `make`. Where there is no folder yet, those above it are checked.
    """
    if os.name != "posix":
        return
    for path in (folder, folder.with_name(f"{folder.name}.lock")):
        with _nothing_there():
            _check_owner(path, remedy)
    if exposed := [above for above in _above(folder) if _is_open_to_all(above)]:
        theirs = any(rights.other_owner(above) for above in exposed)
        names = " and ".join(str(above) for above in exposed)
        raise ConfigurationError(
            f"everybody may rename and replace what is in {names}",
            remedy if theirs else f"{remedy}, or run: {rights.change('o-w', *exposed)}",
        )


def _above(folder: Path) -> list[Path]:
    """The folders in which somebody could replace a part of the path to `folder`.

    Folders above the home folder are left out: anybody who can replace those has the user's rights anyway.
    """
    # A link on the path can be replaced where it is, and its target where that is.
    found = {*folder.parents, *folder.resolve().parents}
    with contextlib.suppress(RuntimeError):  # no home is known
        home = Path.home()
        if home in found or home.resolve() in found:
            found -= {*home.parents, *home.resolve().parents}
    return sorted(found)


def _is_open_to_all(folder: Path) -> bool:
    try:
        mode = folder.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def _nothing_there() -> contextlib.suppress:
    return contextlib.suppress(FileNotFoundError, NotADirectoryError)


def _check_owner(path: Path, remedy: str) -> None:
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a link, which others might have put there", remedy)
    if owner := rights.other_owner(path):
        raise ConfigurationError(f"{path} belongs to {owner}, not to you", remedy)


def is_own(path: Path) -> bool:
    """Whether a path belongs to this user and is not a link."""
    found = path.lstat()
    return not stat.S_ISLNK(found.st_mode) and (os.name != "posix" or found.st_uid == os.geteuid())


class Opened:
    """An open folder. Files are deleted from it even if its name leads elsewhere by now."""

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
    """Opens a folder; a link to one is refused.

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
