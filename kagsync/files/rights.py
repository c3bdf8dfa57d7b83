"""File rights: who owns a file, who may use it, and which command changes that.

`chmod` does nothing for a file of another user. So a remedy depends on who owns the file.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from kagsync import installation

if TYPE_CHECKING:
    from pathlib import Path

_SUDO = "sudo"


def quoted(*words: object) -> str:
    """A command line, quoted for a shell."""
    return installation.command(*(str(word) for word in words))


def other_owner(path: Path) -> str | None:
    """The name of the owner, if that is another user; None if it is this user or is not known."""
    if os.name != "posix":
        return None
    try:
        uid = path.lstat().st_uid
    except OSError:
        return None
    if uid == os.geteuid():
        return None
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user without an entry, as containers have
        return f"user {uid}"


def others_can_read(path: Path) -> bool:
    """Whether a file is there and everybody on this machine may read it."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def make_writable(*paths: Path) -> str:
    """The command that lets this user write files, or a folder, that exist."""
    if any(other_owner(path) for path in paths):
        return quoted(_SUDO, "chown", os.geteuid(), *paths)
    return quoted("chmod", "u+rwx" if paths[0].is_dir() else "u+w", *paths)


def how_to_write(path: Path, setting: str, lead: str = "") -> str:
    """How this user can write an existing file or folder: a command, or a sentence if no command helps.

    Args:
        setting: the option or variable that names another place.
        lead: comes before a command.
    """
    if _on_read_only_disk(path):
        return f"Its disk is read-only: name another place with {setting}"
    if (owner := other_owner(path)) is None:
        return f"{lead}{make_writable(path)}"
    return (
        f"It is {owner}'s: run kagsync as {owner}, ask for the rights, or name another place with {setting}"
    )


def change(mode: str, *paths: Path) -> str:
    """The command that changes the mode of files, run as a user who may do that."""
    sudo = (_SUDO,) if any(other_owner(path) for path in paths) and _is_ordinary() else ()
    return quoted(*sudo, "chmod", mode, *paths)


def delete(*paths: Path) -> str:
    """The command that deletes files, run as a user who may do that."""
    sudo = () if all(may_delete(path) for path in paths) else (_SUDO,)
    return quoted(*sudo, "rm", "-f", *paths)


def may_delete(path: Path) -> bool:
    """Whether this user may delete a file. In a sticky folder, only the owner of the file or folder may."""
    if not _is_ordinary():
        return True
    try:
        folder, file = path.parent.stat(), path.lstat()
    except OSError:
        return False
    sticky = bool(folder.st_mode & stat.S_ISVTX)
    return os.access(path.parent, os.W_OK) and (not sticky or os.geteuid() in (folder.st_uid, file.st_uid))


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it. Whatever the umask is, not everybody may write in them.

    Raises:
        OSError: one cannot be made.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process was faster
            each.mkdir(mode=0o755)
    folder.mkdir(exist_ok=True)  # raises FileExistsError for a file in its place


def private_mode(folder: Path) -> int:
    """The mode of a file for those who may write in its folder: the owner, and perhaps a group."""
    shared = 0o060 if folder.stat().st_mode & stat.S_IWGRP else 0
    return 0o600 | shared


def make_private(file: int, folder: Path) -> None:
    """Gives an open file of this user its private mode, whatever mode it has now.

    A file that root makes in another user's folder is given to that user, who could not use it otherwise.
    """
    if os.name != "posix":
        return
    state, parent, me = os.fstat(file), folder.stat(), os.geteuid()
    if state.st_nlink != 1 or state.st_uid != me:  # a link to something else, or another's
        return
    with contextlib.suppress(PermissionError):
        mode = private_mode(folder)
        if stat.S_IMODE(state.st_mode) != mode:
            os.fchmod(file, mode)
        if me == 0 and parent.st_uid != 0 and state.st_size == 0:
            os.fchown(file, parent.st_uid, parent.st_gid)


def _on_read_only_disk(path: Path) -> bool:
    if os.name != "posix":
        return False
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _is_ordinary() -> bool:
    return os.name == "posix" and os.geteuid() != 0
