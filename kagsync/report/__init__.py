"""`kagsync report`: a small web site of static pages, one for each competition and an index.

Pages stand alone: they can be opened from disk, put on a shared drive or served by anything, and ask
nothing of anybody. Each is replaced in one step, and only when there is something new to say.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kagsync import __version__, news, show
from kagsync.errors import UsageError, from_os_error
from kagsync.report import chart, pages

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.records import Competition, User
    from kagsync.report.pages import Page
    from kagsync.show import BoardView
    from kagsync.store import Store

INDEX = "index.html"
# A page says when the last good sync was, and warns after an hour: this often it is written for that alone.
_FRESHNESS = timedelta(minutes=15)
_CHARTED = timedelta(days=365)
_OURS = re.compile(r'<meta name="generator" content="kagsync [^"]*" data-key="([0-9a-f]*)">')


@dataclass(frozen=True)
class Written:
    """What a report did: the index, and how many pages were written, left as they were, and removed."""

    index: Path
    written: int
    unchanged: int
    removed: int


def report(
    store: Store,
    folder: Path,
    now: datetime,
    *,
    slugs: Iterable[str] | None = None,
    title: str | None = None,
    group: str | None = None,
    since: timedelta = timedelta(hours=24),
    always: bool = True,
) -> Written:
    """Writes the pages of the named competitions, or of all, and the index of them.

    Args:
        folder: where; made if need be.
        slugs: which competitions; None: all, and then pages of those that are no longer tracked go.
        title: of the site.
        group: only the people of this group.
        since: how far back the pages compare.
        always: write every page; else only those whose content changed, or whose freshness is old.

    Raises:
        UnknownCompetition, UsageError: no such competition or group; or the folder has another's index.html.
        KagsyncError: the folder cannot be written.
    """
    users = store.users() if group is None else store.users_in(group)
    competitions = (
        store.competitions() if slugs is None else [store.competition(slug) for slug in dict.fromkeys(slugs)]
    )
    site = title or (f"{group}: leaderboards" if group else "Leaderboards")
    counts = {True: 0, False: 0}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_others(folder / INDEX)
        made: dict[str, Page] = {}

        def page(competition: Competition) -> Page:
            if competition.slug not in made:
                made[competition.slug] = _page(store, competition, users, now, site, since)
            return made[competition.slug]

        keys = [_key(store, competition, site, users) for competition in competitions]
        for competition, key in zip(competitions, keys, strict=True):
            path = folder / page_name(competition.slug)
            new = always or not _fresh(path, key, now)
            if new:
                drawing = _drawing(store, page(competition).view, now)
                _write(path, pages.competition(page(competition), drawing, key))
            counts[new] += 1
        index_key = hashlib.sha256("".join(keys).encode()).hexdigest()[:16]
        new = always or counts[True] > 0 or not _fresh(folder / INDEX, index_key, now)
        if new:
            listed = [page(competition) for competition in competitions]
            _write(folder / INDEX, pages.index(listed, site, now, index_key))
        counts[new] += 1
        removed = (
            _remove_others(folder, {page_name(each.slug) for each in competitions}) if slugs is None else 0
        )
    except OSError as error:
        raise from_os_error(error, f"write the report in {folder}") from error
    return Written(folder / INDEX, counts[True], counts[False], removed)


def page_name(slug: str) -> str:
    """The file of a competition's page (a competition may be called `index`)."""
    return f"competition-{slug}.html"


def _page(
    store: Store, competition: Competition, users: list[User], now: datetime, site: str, since: timedelta
) -> Page:
    view = show.board(store, competition.slug, users, lambda _: now - since)
    items = news.news(store, [competition], users, lambda _: view.since)
    return pages.Page(view, items, page_name(competition.slug), now, site)


def _drawing(store: Store, view: BoardView, now: datetime) -> str:
    """The chart of a year, or of all there is."""
    competition = view.competition
    until = int((competition.snapshot_at or now).timestamp())
    since = until - int(_CHARTED.total_seconds())
    first = store.first_change(competition.id)
    since = max(since, first) if first is not None else since
    people = [line.user for line in (*view.on_board, *view.left)]
    bucket = chart.bucket(since, until, len(people))
    lines = [
        chart.Line(
            user.username,
            user.name or user.username,
            store.rank_points(competition.id, user.id, since, bucket),
        )
        for user in people
    ]
    return chart.svg([line for line in lines if line.points], until)


def _key(store: Store, competition: Competition, site: str, users: list[User]) -> str:
    """Changes whenever a page would say something else, but for how fresh it is."""
    error = store.last_error(competition.id)
    parts = (
        __version__,
        site,
        competition.fingerprint,
        competition.snapshot_at,
        competition.title,
        competition.deadline,
        competition.active,
        competition.direction,
        competition.awards_medals,
        competition.resting_until,
        error and error[1],
        users,
    )
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _fresh(path: Path, key: str, now: datetime) -> bool:
    """Whether a page says just this, and is not so old that its freshness must be told anew."""
    try:
        age = now.timestamp() - path.stat().st_mtime
        with path.open(encoding="utf-8", errors="replace") as file:
            found = _OURS.search(file.read(2000))
    except FileNotFoundError:
        return False
    return found is not None and found[1] == key and -60 < age < _FRESHNESS.total_seconds()


def _refuse_others(index: Path) -> None:
    """A folder that is somebody's site already is not written to."""
    if index.exists() and not _is_ours(index):
        raise UsageError(f"{index} is not a page of kagsync's", "Name another folder")


def _is_ours(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return _OURS.search(file.read(2000)) is not None


def _remove_others(folder: Path, kept: set[str]) -> int:
    """Removes pages of competitions that are no longer tracked: only files that kagsync made."""
    gone = [path for path in folder.glob("competition-*.html") if path.name not in kept and _is_ours(path)]
    for path in gone:
        path.unlink()
    return len(gone)


def _write(path: Path, text: str) -> None:
    """Replaces a file in one step: whoever reads it gets the old one or the new one, whole."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        new.chmod(0o644)  # mkstemp's is for its owner alone; a web server is another user
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def told(written: Written) -> str:
    """A report in one line for people."""
    total = written.written + written.unchanged
    noun = f"{total} page{'' if total == 1 else 's'}"
    return f"Report: {written.index} ({noun}, {written.written} written)"
