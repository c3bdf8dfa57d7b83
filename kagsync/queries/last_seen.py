"""When this user last looked at which board, on this machine: what `--since last` means.

Kept apart from the database, which several people may share, and which `show` only reads. What counts is
the time of the board that was seen, not of the look: a newer one may have been on its way.
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
    """The time of the board this user saw last; None: never looked."""
    path = _file(settings, slug)
    if path is None:
        return None
    try:
        seen = clock.parse_iso(path.read_text(encoding="ascii").strip())
        return seen if seen <= clock.horizon() else None  # a board that had a wrong date
    except FileNotFoundError:
        return None
    except (OSError, ValueError, OverflowError) as error:
        logger.debug("The last look is not known: %s", error)
        return None


def remember(settings: Settings, slug: str, snapshot_at: datetime) -> None:
    """Notes that this user has seen a board; where that cannot be kept, it is not."""
    path = _file(settings, slug)
    if path is None:
        return
    try:
        rights.make_folder(path.parent)
        path.write_text(clock.iso(snapshot_at), encoding="ascii")
    except OSError as error:
        logger.debug("The look cannot be remembered: %s", error)


def _file(settings: Settings, slug: str) -> Path | None:
    folder = settings.looks
    database = hashlib.sha256(str(settings.db).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return None if folder is None else folder / f"{database}-{slug.lower()}"
