"""Gets the private board from Kaggle, which has no download for it, page by page as a CSV in a run folder.

A page has neither ranks nor members. A team's rank is its position, and the members of our teams are taken
from the public board, by team id. So the CSV has Kaggle's columns and is processed like a host's own file.
"""

from __future__ import annotations

import csv
import hashlib
import time
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.board import cells, file_name
from kagsync.errors import BadDownload, OutOfTime, Unreachable, from_os_error
from kagsync.standings.which import PRIVATE
from kagsync.sync import run_folder
from kagsync.sync.fetch import Fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from kagsync.kaggle.client import KaggleApi
    from kagsync.kaggle.pages import Page, Row
    from kagsync.standings.standing import Standing
    from kagsync.store.records import Competition

# Those of Kaggle's downloads.
_COLUMNS = (
    "Rank",
    "TeamId",
    "TeamName",
    "LastSubmissionDate",
    "Score",
    "SubmissionCount",
    "TeamMemberUserNames",
)
MOST_REQUESTS = 200  # for the board as a whole; after that, only as far as our people
_MOST_PAGES = 5_000  # no board has so many: a server that never ends
_LONGEST = 600.0  # seconds for all pages; each has the patience of a download


class Known(NamedTuple):
    """What the public board says about the teams of a competition.

    Attributes:
        hosts: the ids of the host's benchmarks, which have no place.
        ours: the teams of tracked people, by id.
    """

    hosts: frozenset[int]
    ours: dict[int, Standing]


def from_kaggle(api: KaggleApi, competition: Competition, folder: Path, known: Known) -> Fetched | None:
    """Takes the private board from Kaggle into `folder`; None: it is not out.

    Raises:
        KagsyncError: whatever `KaggleApi.leaderboard_page` raises; DiskFull.
        BadDownload: the pages do not end.
        Unreachable: they took too long.
    """

    begun = False  # whether a page after the first was asked for

    def page(token: str = "", *, public: bool = False) -> Page:
        nonlocal begun
        begun = begun or bool(token)
        try:
            return api.leaderboard_page(competition.kaggle_id, public=public, token=token)
        except OutOfTime as error:
            if not begun:
                raise
            # Not left for the next run: every run would begin anew, and none would come to the end.
            raise Unreachable(
                "the run ended before the private leaderboard was read",
                f"To read it without a time limit: kagsync sync {competition.slug}",
            ) from error

    public = page(public=True)
    first = page()
    # Until the private board is out, both kinds are the public one.
    if not first.rows or _is_blank(first, public) or _same(first, public):
        return None
    # A public board that changes meanwhile, as those of simulations do, may be what differs.
    if not _same(public, page(public=True)):
        return None
    rows, partial = _all(page, first, known.ours.keys())
    if len(rows) > len(first.rows) and not _same(first, page()):
        # A team that moved across pages may be there twice or not at all.
        raise BadDownload(
            "the private leaderboard changed while it was read", "kagsync tries again in an hour"
        )
    now = clock.utc_now().replace(microsecond=0)
    name = f"{competition.slug}-privateleaderboard-{clock.iso(now).removesuffix('Z')}.csv"
    path = folder / file_name.safe(name)
    try:
        run_folder.claim(path)
        with path.open("w", encoding="utf-8", newline="") as file:
            # Not "\n": then Python 3.11 does not quote a team's name that holds a "\r".
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(_COLUMNS)
            writer.writerows(_lines(rows, known))
        with path.open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    except OSError as error:
        raise from_os_error(error, f"store the leaderboard in {folder}") from error
    prefix = "Downloaded the private leaderboard"
    return Fetched(
        path,
        sha256,
        now,
        PRIVATE,
        partial,
        log_prefix=f"{prefix} (only as far as our people)" if partial else prefix,
        known_rows=len(rows),
    )


def _same(one: Page, other: Page) -> bool:
    """Whether two pages have the same teams with the same scores."""
    return [(row.team_id, row.score) for row in one.rows] == [(row.team_id, row.score) for row in other.rows]


def _is_blank(one: Page, public: Page) -> bool:
    """Whether all scores are 0 or missing although the public ones are not, as Kaggle has sent by mistake."""
    return not any(map(_is_scored, one.rows)) and any(map(_is_scored, public.rows))


def _is_scored(row: Row) -> bool:
    return abs(cells.number(row.score)) > 0  # no comparison with NaN is true


def _all(page: Callable[[str], Page], first: Page, ours: AbstractSet[int]) -> tuple[list[Row], bool]:
    """All rows from the first page on, and whether reading stopped before the end, after all our teams."""
    until = time.monotonic() + _LONGEST
    rows, found, pages, tokens = list(first.rows), first, 1, set[str]()
    wanted = ours - {row.team_id for row in first.rows}
    while found.next_token:
        if pages >= MOST_REQUESTS and not wanted:
            return rows, True
        if pages >= _MOST_PAGES or found.next_token in tokens:
            raise BadDownload(f"the private leaderboard has no end after {pages:,} pages", "Try again later")
        if time.monotonic() > until:
            raise Unreachable(
                f"the private leaderboard did not arrive within {_LONGEST / 60:.0f} min", "Try again later"
            )
        tokens.add(found.next_token)
        found = page(found.next_token)
        rows += found.rows
        wanted -= {row.team_id for row in found.rows}
        pages += 1
    return rows, False


def _lines(rows: list[Row], known: Known) -> Iterator[tuple[object, ...]]:
    """The rows of the CSV, in the order of Kaggle's columns."""
    rank = 0
    for row in rows:
        is_host = row.team_id in known.hosts
        rank += not is_host
        ours, date = known.ours.get(row.team_id), row.submission_date
        yield (
            0 if is_host else rank,
            row.team_id,
            row.team_name,
            f"{date:%Y-%m-%d %H:%M:%S}" if date and date.year >= file_name.FIRST_YEAR else "",
            row.score,
            "" if ours is None or ours.submission_count is None else ours.submission_count,
            "" if ours is None else ours.members,
        )
