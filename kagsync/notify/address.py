"""Where the URL of a channel is: in the database, or in a variable that the database names (`env:NAME`)."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from kagsync import inputs
from kagsync.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "env:"


class NotSet(ConfigurationError):
    """The variable that should hold a channel's URL is not set."""


def variable(url: str) -> str | None:
    """The variable that holds the URL; None: the text is the URL itself."""
    return url.removeprefix(PREFIX) if url.startswith(PREFIX) else None


def check_name(url: str) -> None:
    """Checks that a text such as `env:NAME` names a variable; raises UsageError."""
    name = variable(url)
    if name is not None and not inputs.is_variable_name(name):
        # Without the text, which may be the URL itself.
        raise UsageError("what follows env: is not the name of a variable", "For example: env:DISCORD_URL")


def value(url: str) -> str:
    """The URL; empty if its variable is not set."""
    name = variable(url)
    return url if name is None else os.environ.get(name, "").strip()


@contextlib.contextmanager
def resolved(url: str) -> Iterator[str]:
    """Gives the URL. If it is wrong, the error names the variable that holds it, and never the URL.

    Raises:
        NotSet: the variable is not set.
    """
    name, found = variable(url), value(url)
    if not found:
        raise NotSet(
            f"the variable {name} is not set, and it should hold the URL of a channel",
            f"Set {name}. If scheduled runs need it, then run: kagsync schedule install",
        )
    try:
        yield found
    except UsageError as error:
        if name is None:
            raise
        raise UsageError(f"the URL in the variable {name} is wrong: {error.message}", error.remedy) from error
