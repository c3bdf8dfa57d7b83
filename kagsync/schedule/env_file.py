"""A file with the variables that scheduled runs need and that others must not see.

What stands in a crontab, a unit or a task is shown by `ps`, `systemctl show` and the like. So these variables
are in a file that only its owner may read: lines of NAME=VALUE, and comments.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from kagsync import settings
from kagsync.errors import ConfigurationError, KagsyncError, from_os_error
from kagsync.files import output_file, rights
from kagsync.secrecy import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST = 100_000  # bytes; it has a few lines
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # never wait for the other end of a pipe
_AGAIN = "kagsync schedule install"
_HEADER = (
    "# What `kagsync schedule install` keeps for scheduled runs. `kagsync schedule remove` deletes it.\n"
)


def path(scheduler: str) -> Path:
    """The file of a scheduler's runs.

    Raises:
        ConfigurationError: no home folder is known.
    """
    return settings.config_folder() / f"{scheduler}.env"


def write(file: Path, values: Mapping[str, str]) -> None:
    """Writes the file in one step; it is private from the first byte.

    Raises:
        ConfigurationError, DiskFull: it cannot be written.
    """
    text = _HEADER + "".join(f"{name}={value}\n" for name, value in values.items())
    output_file.write_private(file, text)


def delete(file: Path) -> bool:
    """Deletes the file.

    Returns:
        whether there was one.

    Raises:
        ConfigurationError: it cannot be deleted.
    """
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise from_os_error(error, f"delete {file}") from error
    return True


def read(file: Path) -> dict[str, str]:
    """Reads the file.

    Raises:
        ConfigurationError: it is missing, belongs to another user or has a line that is not NAME=VALUE of a
            known name. The message never quotes a line.
    """
    text = _content(file)
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign or name not in NAMES:
            raise ConfigurationError(
                f"line {number} of {file} does not set a variable that belongs there",
                f"Write it again: {_AGAIN}",
            )
        found[name] = value
    return found


def _content(file: Path) -> str:
    try:
        handle = os.open(file, _FLAGS)
    except FileNotFoundError as error:
        raise ConfigurationError(f"there is no file {file}", f"Write it: {_AGAIN}") from error
    except OSError as error:
        raise from_os_error(error, f"read {file}") from error
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise ConfigurationError(f"{file} is not a regular file", f"Write it again: {_AGAIN}")
        if os.name == "posix" and state.st_uid not in (0, os.geteuid()):
            raise ConfigurationError(
                f"{file} belongs to another user, so it is not read", f"Write your own: {_AGAIN}"
            )
        return os.read(handle, _LONGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read as text", f"Write it again: {_AGAIN}") from error
    finally:
        os.close(handle)


def load(file: Path) -> list[str]:
    """Sets the variables of the file that the environment lacks.

    Returns:
        what to warn of. A file that cannot be used is no reason not to sync.
    """
    try:
        values = read(file)
    except KagsyncError as error:
        return [f"{error.message}, so this run lacks its variables. {error.remedy}"]
    for name, value in values.items():
        os.environ.setdefault(name, value)
    return _tightened(file)


def _tightened(file: Path) -> list[str]:
    """Takes the rights of others to read the file; a warning if they had any.

    A file of root's may be for a group, such as one in /etc.
    """
    if os.name != "posix":
        return []
    with contextlib.suppress(OSError):
        found = file.stat()
        for_a_group = found.st_uid == 0 and found.st_gid != 0
        shared = found.st_mode & (0o007 if for_a_group else 0o077)
        if not shared:
            return []
        file.chmod(stat.S_IMODE(found.st_mode) & ~shared)
        return [f"Others could read {file} until now. Replace what is secret in it, then: {_AGAIN}"]
    return [f"Others can read {file}. Prevent that: {rights.change('o-rwx', file)}"]


def names(file: Path) -> list[str]:
    """The names of the variables that the file sets; none where it cannot be read."""
    try:
        return list(read(file))
    except KagsyncError:
        return []
