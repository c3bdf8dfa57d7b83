"""The folder of a report: which of its files kagsync wrote, what they say about themselves, and new ones."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from kagsync.errors import UsageError
from kagsync.files import output_file, scratch
from kagsync.report import NAMES, PSEUDONYM, REAL, strictest_names
from kagsync.safe_text import slug

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from kagsync.scoring.series import Series

INDEX = "index.html"
FEED, CALENDAR, STANDINGS = "feed.xml", "deadlines.ics", "standings.json"
# The files of a site that are not pages, each with a text near its beginning that only kagsync's own have.
_MARKS = {
    FEED: "<generator>kagsync</generator>",
    CALENDAR: "\nPRODID:-//kagsync//",
    STANDINGS: '"generator": "kagsync"',
}
FEEDS = tuple(_MARKS)
_HEAD = re.compile(
    r'<meta name="generator" content="kagsync [^"]*" data-key="([0-9a-f]*)"(?: data-names="([^"]*)")?>'
    r'(?:\n<meta name="robots" content="([^"]*)">)?'
)
_SEARCHABLE = "index"  # for robots


class Privacy(NamedTuple):
    """What pages tell strangers.

    Attributes:
        names: how people are named, a word of `NAMES`.
        searchable: whether search engines may list the pages.
    """

    names: str = REAL
    searchable: bool = False

    @property
    def robots(self) -> str:
        return _SEARCHABLE if self.searchable else "noindex"


class Head(NamedTuple):
    """What a page says about itself at its beginning.

    Attributes:
        key: a hash that changes whenever the page's content does, apart from its freshness.
        privacy: pages of earlier versions do not say; they have real names.
    """

    key: str
    privacy: Privacy


def page_name(slug: str) -> str:
    """The file of a competition's page (a competition may be called `index`)."""
    return f"competition-{slug}.html"


def embed_name(slug: str) -> str:
    """The file of a competition's table alone, for an iframe."""
    return f"embed-{slug}.html"


def files_of(slug: str) -> tuple[str, str]:
    """The files of a competition: its page and the table alone."""
    return page_name(slug), embed_name(slug)


def series_names(series: Iterable[Series]) -> dict[int, str]:
    """The file of the page of each series, by its id.

    Args:
        series: all of them. If several have nearly the same name, those that came later have their id in it.
    """
    files: dict[int, str] = {}
    for each in sorted(series, key=lambda each: each.id):
        words = slug(each.name).encode("ascii", "ignore").decode().strip("-") or "series"
        file = f"series-{words}.html"
        files[each.id] = f"series-{words}.{each.id}.html" if file in files.values() else file
    return files


def page_heads(folder: Path) -> dict[str, Head]:
    """What the pages in a folder say about themselves, by file. Only pages that kagsync wrote count."""
    names = (*files_of("*"), "series-*.html")
    paths = (folder / INDEX, *(path for name in names for path in folder.glob(name)))
    found = {path.name: _head(path) for path in paths}
    return {file: head for file, head in found.items() if head is not None}


def strictest(heads: Collection[Head]) -> Privacy:
    """The privacy of pages, which tell the least in doubt: a run that changes it may have been killed."""
    names = strictest_names(*(head.privacy.names for head in heads))
    return Privacy(names, bool(heads) and all(head.privacy.searchable for head in heads))


def _head(path: Path) -> Head | None:
    """What a page says about itself; None: it is missing, or kagsync did not write it."""
    found = _HEAD.search(_start(path))
    if found is None:
        return None
    key, names, robots = found.groups()
    if names is None:
        return Head(key, Privacy())
    # A later version may know other words.
    return Head(key, Privacy(names if names in NAMES else PSEUDONYM, robots == _SEARCHABLE))


def _start(path: Path) -> str:
    """The beginning of a file. kagsync creates no links, so a link is not followed."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return ""
    except FileNotFoundError:
        return ""
    return output_file.start(path, 2000).decode("utf-8", "replace")


def is_own(path: Path) -> bool:
    """Whether kagsync wrote this file of a report."""
    mark = _MARKS.get(path.name)
    return _head(path) is not None if mark is None else mark in _start(path)


def own_text(path: Path) -> str:
    """The text of a file; empty if it is missing, or kagsync did not write it."""
    return path.read_bytes().decode("utf-8", "replace") if is_own(path) else ""


def refuse_others(paths: Iterable[Path]) -> None:
    """Checks files that are to be replaced.

    Raises:
        UsageError: kagsync did not write one of them.
    """
    for path in paths:
        if os.path.lexists(path) and not is_own(path) and not output_file.is_blank(path):
            raise UsageError(f"{path} was not written by kagsync", "Choose another folder")


def remove(folder: Path, files: Iterable[str]) -> int:
    """Removes files, unless somebody has put another one there. Returns how many there were."""
    gone = [folder / file for file in files if is_own(folder / file)]
    for path in gone:
        path.unlink()
    return len(gone)


class Writer:
    """Writes files, each completely or not at all.

    The scratch folder is created for the first file, because most runs of `sync --report` change none.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._place: Path | None = None
        scratch.sweep(folder)

    def __call__(self, file: str, text: str) -> None:
        if self._place is None:
            self._place = self._stack.enter_context(scratch.folder(self._folder))
        path = self._folder / file
        refuse_others([path])
        output_file.write_over(path, text, self._place)

    def if_changed(self, file: str, text: str) -> None:
        """Writes a file, unless it holds this text already."""
        if text != own_text(self._folder / file):
            self(file, text)
