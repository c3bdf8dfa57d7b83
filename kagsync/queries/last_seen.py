"""Which board the person at this machine saw last: what `--since last` means.

This is not in the database, because several people may share it and `show` only reads it. What counts is the
time of the board, not the time when it was shown: a newer board may already have existed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from kagsync import clock
from kagsync.files import rights
from kagsync.log import logger

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kagsync.settings import Settings


def last(settings: Settings, slug: str) -> datetime | None:
    """The time of the board that was seen last; None: none was."""
    path = _file(settings, slug)
    if path is None:
        return None
    try:
        seen = clock.parse_iso(path.read_text(encoding="ascii").strip())
        return seen if seen <= clock.horizon() else None  # otherwise the board had a wrong date
    except FileNotFoundError:
        return None
    except (OSError, ValueError, OverflowError) as error:
        logger.debug("The board that was seen last is not known: %s", error)
        return None


def remember(settings: Settings, slug: str, snapshot_at: datetime) -> None:
    """Remembers that a board was seen, if that can be saved."""
    path = _file(settings, slug)
    if path is None:
        return
    try:
        rights.make_folder(path.parent)
        path.write_text(clock.iso(snapshot_at), encoding="ascii")
    except OSError as error:
        logger.debug("The board that was seen cannot be remembered: %s", error)


def _file(settings: Settings, slug: str) -> Path | None:
    folder = settings.looks
    database = hashlib.sha256(str(settings.db).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return None if folder is None else folder / f"{database}-{slug.lower()}"
