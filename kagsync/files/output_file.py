"""Writes files at paths that people choose: overwrites nothing valuable, and leaves no incomplete file."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync.errors import UsageError, from_os_error
from kagsync.files import rights, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

# The suffixes of the files that SQLite keeps beside a database, as parts of it.
PARTS = ("-wal", "-shm", "-journal")
FIND_IT = "Mount the disk that it is on, or correct the link"  # the remedy for a lost link
_LONGEST_BLANK = 64_000_000  # bytes; larger than any page that a power cut can have emptied
_LOCKS = "-locks"  # the suffix of the folder of locks beside a database
SQLITE = b"SQLite format 3\0"  # https://sqlite.org/fileformat2.html
_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def examine(path: Path, database: Path | None = None) -> os.stat_result | None:
    """Checks a path before anything is written there. Pipes and devices are not opened.

    Args:
        path: a path that somebody chose. A link is followed.
        database: the database that this process uses. It is never opened here, since closing a file ends
            the locks that this process has on it.

    Returns:
        the status of the file that is there; None: nothing is there.

    Raises:
        UsageError: the path is a database in use or a part of one, is not a file, or is in /dev or /proc.
        OSError: it cannot be examined.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        found = None
    for name in {path.absolute(), path.resolve()}:
        if (whole := _whole(name, database)) is not None:
            raise UsageError(f"{path} is a part of the database {whole}", "Choose another file")
    if found is None or stat.S_ISREG(found.st_mode):
        _refuse_dev_and_proc(path)
    if found is None:
        return None
    if database is not None and _is_one_of(found, [database, *parts(database)]):
        raise UsageError(f"{path} is the database {database} itself", "Choose another file")
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "device")
        raise UsageError(f"{path} is a {kind}", "Choose another file")
    return found


def _refuse_dev_and_proc(path: Path) -> None:
    if is_in_dev_or_proc(path):
        raise UsageError(f"{path} is in /dev or /proc, or leads there", "Choose another file")


def is_in_dev_or_proc(path: Path) -> bool:
    """Whether a path, or a link that it goes through, is below /dev or /proc.

    These names belong to the whole machine, so they must not be replaced. They can lead to any file, as
    /dev/stdout does after `> file`. (/dev/shm is an ordinary disk.)
    """
    for name in _way(path):
        text = str(name)
        if text.startswith(("/dev/", "/proc/")) and not text.startswith("/dev/shm/"):
            return True
    return False


def _way(path: Path) -> Iterator[Path]:
    """A path, then the target of each link that it goes through."""
    for _ in range(40):  # as many links as Linux follows
        path = Path(os.path.realpath(path.parent)) / path.name
        yield path
        try:
            path = path.parent / path.readlink()
        except OSError:  # not a link
            return


def is_lost_link(path: Path) -> bool:
    """Whether a path is a symbolic link whose target is missing, perhaps because a disk is not mounted."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path.is_symlink()
    except OSError:  # a folder on the way may not be searched
        pass
    return False


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
    """The first bytes of a file; empty if it is not a file or may not be read."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for a writer.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return b""
    try:
        return os.read(opened, size) if stat.S_ISREG(os.fstat(opened).st_mode) else b""
    finally:
        os.close(opened)


def is_sqlite(path: Path) -> bool:
    """Whether a file is a SQLite database."""
    return start(path, len(SQLITE)) == SQLITE


def is_blank(path: Path) -> bool:
    """Whether a file is empty or holds only the NULs that a power cut can leave. Never true of a link."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST_BLANK:
        return False
    content = start(path, found.st_size)
    return len(content) == found.st_size and not content.strip(b"\0")


def refuse_working_database(path: Path) -> None:
    """Refuses a database that another program may have open, or that kagsync syncs.

    A database in WAL mode has files beside it while it is open, and after a crash. SQLite would apply them to
    a file that took the database's place. A folder of locks beside it shows that kagsync syncs it.

    Raises:
        UsageError: the database is one of these. The message names the file or folder that shows it.
    """
    for name in dict.fromkeys((path.absolute(), path.resolve())):
        locks = name.with_name(f"{name.name}{_LOCKS}")
        if found := [beside for beside in (*parts(name), locks) if os.path.lexists(beside)]:
            remedy = "Choose another file"
            if locks not in found and _hold_nothing(name):
                left = " and ".join(str(part) for part in found)
                remedy += f". Or, if no program has it open, delete {left}"
            raise UsageError(f"{path} may be a database in use: {found[0].name} is beside it", remedy)


def _hold_nothing(database: Path) -> bool:
    """Whether the files beside a database hold no changes to it. (A -shm is only an index of the -wal.)"""
    wal, _, journal = parts(database)
    return all(not os.path.lexists(part) or is_blank(part) for part in (wal, journal))


def write_new(path: Path, text: str, database: Path | None) -> None:
    """Writes a new file; an existing one is never replaced.

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
            _write(new, text.encode())
            _place(new, path)


def _write(new: Path, content: bytes) -> None:
    """Writes a file and flushes it to the disk.

    Without the flush, a power cut could leave an empty file under the name that the file gets next.
    """
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _refused_if_there(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise UsageError(f"{path} already exists", "Choose another file") from error


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
    """Replaces a file in one step, so that readers get either the old one or the new one.

    Everybody may read it, because a web server runs as another user.

    Args:
        place: a scratch folder on the same disk.

    Raises:
        OSError: it cannot be written.
    """
    new = place / "new"
    _write(new, text.encode())
    new.chmod(0o644)
    new.replace(path)


def rewrite(path: Path, content: bytes) -> None:
    """Replaces the content of a file in one step. Its mode stays, and a link still leads to it.

    Raises:
        OSError: it cannot be written.
    """
    real = path.resolve()
    with scratch.folder(real.parent) as place:
        new = place / "new"
        _write(new, content)
        new.chmod(stat.S_IMODE(real.stat().st_mode))
        new.replace(real)


def write_private(path: Path, text: str) -> None:
    """Writes a file that only this user may read. An existing one is replaced in one step.

    Raises:
        ConfigurationError, DiskFull: it cannot be written.
    """
    try:
        rights.make_folder(path.parent)
        with scratch.folder(path.parent) as place:
            new = place / "new"
            new.touch(mode=0o600)
            _write(new, text.encode(errors="surrogateescape"))
            new.replace(path)
    except OSError as error:
        raise from_os_error(error, f"write {path}") from error
