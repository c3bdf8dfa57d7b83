"""Searches files for what may no longer be in them."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


def of(words: Iterable[str], *places: Path) -> set[str]:
    """Which words are in the files, or in the folders and the names of their files, whatever their case.

    What a database keeps packed is unpacked and searched, too.
    """
    forms = {
        (word, form.encode(encoding))
        for word in words
        for form in (word, word.lower(), word.upper(), word.casefold())
        for encoding in _ENCODINGS
    }
    found = set()
    for content in _contents(places):
        lower = content.lower()
        found |= {word for word, form in forms if form in content or form in lower}
    return found


def _contents(places: Iterable[Path]) -> Iterable[bytes]:
    for place in places:
        for file in [place, *(place.rglob("*") if place.is_dir() else ())]:
            yield str(file.name).encode("utf-8", "surrogateescape")
            if not file.is_file():
                continue
            content = file.read_bytes()
            yield content
            if content.startswith(b"SQLite format 3"):
                yield from _unpacked(file)


def _unpacked(file: Path) -> Iterable[bytes]:
    # Of a killed process, the file may be incomplete without its log.
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(file)) as raw:
        for (packed,) in raw.execute("SELECT packed FROM board_names"):
            yield zlib.decompress(packed)


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?immutable=1", uri=True)
