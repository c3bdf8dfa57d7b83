"""The file of the secret variables that scheduled runs need.

Others can see what is in a crontab, a unit or a task, with `ps`, `systemctl show` and the like. So secrets
are in a file that only its owner can read: lines of NAME=VALUE, and comments.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING

from kagsync import inputs, settings
from kagsync.errors import ConfigurationError, KagsyncError, from_os_error
from kagsync.files import output_file, rights
from kagsync.secrecy import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST = 100_000  # bytes; it has a few lines
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # never wait for the other end of a pipe
_URL = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*://")
_AGAIN = "kagsync schedule install"
_HEADER = "# Secrets for scheduled runs. Written by `kagsync schedule install`.\n"


def path(scheduler: str) -> Path:
    """The file of a scheduler's runs.

    Raises:
        ConfigurationError: no home folder is known.
    """
    return settings.config_folder() / f"{scheduler}.env"


def write(file: Path, values: Mapping[str, str]) -> None:
    """Writes the file in one step. It is private from the start.

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
        ConfigurationError: it is missing, belongs to another user, or has a line that it may not hold. The
            message never quotes a line.
    """
    text = _content(file)
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign or not may_hold(name, value):
            raise ConfigurationError(
                f"line {number} of {file} does not set a variable that kagsync knows",
                f"Write it again: {_AGAIN}",
            )
        found[name] = value
    return found


def may_hold(name: str, value: str) -> bool:
    """Whether a variable may be in the file: it has a known name, or holds a URL, such as a channel's."""
    return name in NAMES or (inputs.is_variable_name(name) and _URL.match(value) is not None)


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
    """Sets the variables of the file that are not set yet.

    Returns:
        warnings. The sync goes on even if the file cannot be used.
    """
    try:
        values = read(file)
    except KagsyncError as error:
        return [f"{error.message}, so this run lacks its variables. {error.remedy}"]
    for name, value in values.items():
        os.environ.setdefault(name, value)
    return _tightened(file)


def _tightened(file: Path) -> list[str]:
    """Makes the file private again, and returns a warning if others could read it.

    A file that belongs to root may be readable by a group, such as one in /etc.
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
        return [f"Others could read {file} until now. Replace the secrets in it, then run: {_AGAIN}"]
    return [f"Others can read {file}. Prevent that: {rights.change('o-rwx', file)}"]


def names(file: Path) -> list[str]:
    """The names of the variables that the file sets; none if it cannot be read."""
    try:
        return list(read(file))
    except KagsyncError:
        return []
