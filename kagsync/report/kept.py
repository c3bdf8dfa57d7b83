"""Which pages of a folder are up to date and stay, and what the index says about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kagsync.report import pages
from kagsync.report.folder import FEEDS, INDEX, is_own

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from kagsync.report.folder import Head, Privacy


class Kept:
    """Decides page by page what to write; the index comes last.

    Args:
        heads: of the pages in the folder.
        privacy: what pages tell strangers.
        now: the time of the report.
        always: whether every page is written.

    Attributes:
        keys: of all pages so far, by file.
        settled: the pages that stay and are shown as they are on the index and in the feeds.
        counts: how many pages are written (True), and how many stay (False).
    """

    def __init__(
        self, folder: Path, heads: dict[str, Head], privacy: Privacy, now: datetime, *, always: bool
    ) -> None:
        self._folder, self._heads, self._now, self._always = folder, heads, now, always
        self._covered = _covered(folder, heads, privacy)
        self.keys: dict[str, str] = {}
        self.settled: set[str] = set()
        self.counts = {True: 0, False: 0}
        self._changed: set[str] = set()

    def is_due(self, files: tuple[str, ...], key: str, most: timedelta | None = None) -> bool:
        """Whether a page is to be written.

        Args:
            files: its own, and others with the same content.
            key: of its content.
            most: how old its freshness may be; None: it has none.
        """
        file = files[0]
        self.keys[file] = key
        is_known = all(each in self._heads and self._heads[each].key == key for each in files)
        due = self._always or not is_known or not (most is None or self._fresh(file, most))
        if is_known and not self._always and file in (self._covered or ()):
            self.settled.add(file)
        if due:
            self._changed.add(file)
        self.counts[due] += 1
        return due

    def is_index_due(self, key: str, most: timedelta) -> bool:
        """The same of the index, which is due whenever a page was."""
        is_known = self._covered is not None and self._heads[INDEX].key == key
        due = self._always or self.counts[True] > 0 or not is_known or not self._fresh(INDEX, most)
        self.counts[due] += 1
        return due

    def cards(self) -> dict[str, str]:
        """The cards on the index of the pages that stay, by file."""
        files = (self._covered or set()) - self._changed
        index = (self._folder / INDEX).read_text(encoding="utf-8", errors="replace") if files else ""
        return {file: card for file, card in pages.cards(index).items() if file in files}

    def _fresh(self, file: str, most: timedelta) -> bool:
        """Whether a page is at most so old."""
        written = (self._folder / file).stat().st_mtime
        return -60 < self._now.timestamp() - written < most.total_seconds()


def _covered(folder: Path, heads: dict[str, Head], privacy: Privacy) -> set[str] | None:
    """The pages that the index and the feeds show as they are; None: these do not belong together.

    The index is written last. So if a run was killed, some page or feed is newer.
    """
    if INDEX not in heads or heads[INDEX].privacy != privacy:
        return None
    if not all(is_own(folder / file) for file in FEEDS):
        return None
    written = {file: (folder / file).stat().st_mtime_ns for file in (*heads, *FEEDS)}
    older = {file for file, moment in written.items() if moment <= written[INDEX]}
    return older if older.issuperset(FEEDS) else None
