"""Files at paths that people name: what is precious there stays, and the new file is whole or not there."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from kagsync import rights, scratch
from kagsync.errors import UsageError, from_os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What SQLite keeps beside a database, as parts of it.
PARTS = ("-wal", "-shm", "-journal")
_LOCKS = "-locks"  # our folder beside a database that is synced
_SQLITE = b"SQLite format 3\0"  # https://sqlite.org/fileformat2.html
_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def examine(path: Path, database: Path | None = None) -> os.stat_result | None:
    """Looks at a path before anything is written there. It opens no pipe and no device.

    Args:
        path: a path that a person named. A link stands for what it leads to.
        database: the database that this process uses. It is never opened here, since closing a file ends
            the locks that this process has on it.

    Returns:
        the status of the file that is there; None: nothing is there.

    Raises:
        UsageError: the path is a database in use or a part of one, or is not a file.
        OSError: it cannot be examined.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        found = None
    for name in {path.absolute(), path.resolve()}:
        if (whole := _whole(name, database)) is not None:
            raise UsageError(f"{path} is a part of the database {whole}", "Name another file")
    if found is None:
        return None
    if database is not None and _is_one_of(found, [database, *parts(database)]):
        raise UsageError(f"{path} is the database {database} itself", "Name another file")
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "device")
        raise UsageError(f"{path} is a {kind}", "Name another file")
    return found


def parts(database: Path) -> list[Path]:
    """The files that SQLite may keep beside a database."""
    return [database.with_name(f"{database.name}{part}") for part in PARTS]


def _whole(name: Path, database: Path | None) -> Path | None:
    """The database that a file of this name would be a part of."""
    folder = name.parent
    if folder.name.endswith(_LOCKS):
        candidates = [folder.with_name(folder.name.removesuffix(_LOCKS))]
    else:
        lower = name.name.lower()
        candidates = [
            name.with_name(name.name[: -len(part)])
            for part in PARTS
            if lower.endswith(part) and len(lower) > len(part)
        ]
    for each in candidates:
        if each == database or (database is not None and _is_same(each, database)) or is_sqlite(each):
            return each
    return None


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_one_of(found: os.stat_result, files: list[Path]) -> bool:
    for each in files:
        with contextlib.suppress(OSError):
            if os.path.samestat(found, each.stat()):
                return True
    return False


def start(path: Path, size: int) -> bytes:
    """The first bytes of a file; none of what is not a file or may not be read."""
    try:
        # A pipe would otherwise be waited for.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return b""
    try:
        return os.read(opened, size) if stat.S_ISREG(os.fstat(opened).st_mode) else b""
    finally:
        os.close(opened)


def is_sqlite(path: Path) -> bool:
    """Whether a file is a database of SQLite's."""
    return start(path, len(_SQLITE)) == _SQLITE


def refuse_working_database(path: Path) -> None:
    """Refuses a database that is in use, or is worked with between uses.

    A database in WAL mode has files beside it while it is open, and after a crash. They would be applied to
    whatever stands in its place. The folder of locks tells that kagsync syncs it.

    Raises:
        UsageError: it says which file or folder tells this.
    """
    for name in dict.fromkeys((path.absolute(), path.resolve())):
        for beside in (*parts(name), name.with_name(f"{name.name}{_LOCKS}")):
            if os.path.lexists(beside):
                raise UsageError(
                    f"{path} may be a database in use: {beside.name} is beside it", "Name another file"
                )


def write_new(path: Path, text: str, database: Path | None) -> None:
    """Writes a file that was not there before.

    Raises:
        UsageError: something is there, or the path is a part of a database.
        OSError: it cannot be written.
    """
    with _refused_if_there(path):
        if os.path.lexists(path):
            raise FileExistsError(path)
        examine(path, database)
        with scratch.folder(path.absolute().parent) as place:
            new = place / "new"
            with new.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            _place(new, path)


@contextlib.contextmanager
def _refused_if_there(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise UsageError(f"{path} exists already", "Name another file") from error


def _place(new: Path, path: Path) -> None:
    """Gives a finished file its name; raises FileExistsError if that is taken."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:  # this file system has no hard links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        new.replace(path)


def write_over(path: Path, text: str, place: Path) -> None:
    """Replaces a file in one step: whoever reads it gets the old one or the new one, whole.

    Everybody may read it, since a web server is another user.

    Args:
        place: a scratch folder on the same disk.

    Raises:
        OSError: it cannot be written.
    """
    new = place / "new"
    with new.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    new.chmod(0o644)
    new.replace(path)


def write_private(path: Path, text: str) -> None:
    """Writes a file that only this user may read, in the place of one that is there, in one step.

    Raises:
        ConfigurationError, DiskFull: it cannot be written.
    """
    try:
        rights.make_folder(path.parent)
        with scratch.folder(path.parent) as place:
            new = place / "new"
            new.touch(mode=0o600)
            with new.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
    except OSError as error:
        raise from_os_error(error, f"write {path}") from error
