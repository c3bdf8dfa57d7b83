"""The plain data that the store gives and takes: Competition, User, Entry, Run, Snapshot, Target …

Here and elsewhere, plain data is a NamedTuple if it can be one. Python writes and compiles the methods of a
dataclass whenever its file is imported. That takes 0.5 ms, and a NamedTuple a tenth of it. A run imports
about forty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.errors import LONGEST_REST
from kagsync.standings import lifecycle, which
from kagsync.standings.lifecycle import Times

if TYPE_CHECKING:
    from datetime import datetime

    from kagsync.standings.lifecycle import Phase
    from kagsync.standings.marks import Benchmark
    from kagsync.standings.standing import Standing

OK, UNCHANGED, OLDER, ERROR = "ok", "unchanged", "older", "error"
KAGGLE, FILE = "kaggle", "file"  # where a board comes from
# Not tried: these leave no row in sync_runs.
BUSY, RESTING, LATER, NOT_DUE = "busy", "resting", "later", "not-due"


class Competition(NamedTuple):
    """A tracked competition. What is not known yet is None. Times are UTC."""

    id: int
    slug: str
    title: str | None
    kaggle_competition_id: str | None  # see `kaggle_id` and `is_linked`
    active: bool
    higher_is_better: bool | None
    deadline: str | None
    metric: str | None
    tried_at: datetime | None
    synced_at: datetime | None
    snapshot_at: datetime | None
    row_count: int | None
    team_count: int | None
    fingerprint: str | None
    rested_at: datetime | None  # when Kaggle asked to wait
    resting_until: datetime | None  # and until when
    inferred_higher_is_better: bool | None
    medals: bool | None
    awards_points: bool | None
    facts_at: datetime | None  # when Kaggle was last asked for title, deadline …
    last_run: int | None  # the id of its latest row in sync_runs, which may have been removed
    result_asked_since: datetime | None  # the next four: see `times`
    result_asked_at: datetime | None
    result_answered_at: datetime | None
    result_since: datetime | None
    merger_deadline: str | None  # the last time to merge teams
    new_entrant_deadline: str | None  # the last time to enter
    board: str  # the board, public or private, that snapshot_at, both counts and fingerprint are of

    @property
    def shown_title(self) -> str:
        """The title, or the slug if it is not known."""
        return self.title or self.slug

    @property
    def is_linked(self) -> bool:
        """Whether its boards come from Kaggle; otherwise they are loaded from files."""
        return self.kaggle_competition_id is not None

    @property
    def kaggle_id(self) -> str:
        """What Kaggle calls the competition: what it is linked to, else the slug."""
        return self.kaggle_competition_id or self.slug

    @property
    def direction(self) -> bool | None:
        """Whether a higher score is better: as a person set it, else as its boards show; None: not known."""
        return self.higher_is_better if self.higher_is_better is not None else self.inferred_higher_is_better

    @property
    def awards_medals(self) -> bool:
        """As a person set it, else as Kaggle says: a competition that awards points awards medals."""
        return bool(self.medals if self.medals is not None else self.awards_points)

    @property
    def ends_at(self) -> datetime | None:
        """The deadline; None: not known, or not a time that makes sense."""
        return _deadline(self.deadline)

    @property
    def deadlines(self) -> dict[str, datetime]:
        """Those of its three deadlines that are known, by the name of the column that has them."""
        found = {
            "new_entrant_deadline": _deadline(self.new_entrant_deadline),
            "merger_deadline": _deadline(self.merger_deadline),
            "deadline": self.ends_at,
        }
        return {name: moment for name, moment in found.items() if moment is not None}

    def times(self, now: datetime) -> Times:
        """The times that its phase depends on. Those that a wrong clock noted in the future do not count."""

        def believed(moment: datetime | None) -> datetime | None:
            return None if moment is None or clock.is_ahead(moment, now) else moment

        return Times(
            deadline=self.ends_at,
            asked_since=believed(self.result_asked_since),
            asked_at=believed(self.result_asked_at),
            answered_at=believed(self.result_answered_at),
            result_since=self.result_since and (believed(self.result_since) or now),
        )

    def phase(self, now: datetime) -> Phase:
        """Whether it is running, ended, final or finished, and since when."""
        return lifecycle.phase(self.times(now), now)

    def by_end(self, now: datetime) -> tuple[bool, bool, str, str]:
        """The key that sorts by what ends next: then those without a deadline, and last those that ended."""
        has_ended = self.phase(now).name != lifecycle.RUNNING
        ends_at = None if has_ended or self.ends_at is None else clock.iso(self.ends_at)
        return has_ended, ends_at is None, ends_at or "", self.slug

    @property
    def has_result(self) -> bool:
        """Whether it has a private board."""
        return self.result_since is not None

    @property
    def last_board(self) -> tuple[str, int] | None:
        """The hash of the applied board's CSV, with which its fingerprint begins, and its rows."""
        if self.fingerprint is None or self.row_count is None:
            return None
        return self.fingerprint.partition(":")[0], self.row_count

    @property
    def rules(self) -> str | None:
        """What else decided what is stored of that board: roster, settings, version; None: no board."""
        return self.fingerprint.partition(":")[2] if self.fingerprint is not None else None

    def rests_until(self, now: datetime) -> datetime | None:
        """Until when Kaggle asked to wait; None when it may be asked.

        A rest that began in the future, or is too long, was saved while the clock was wrong, so it does not
        count.
        """
        until, noted = self.resting_until, self.rested_at
        if until is None or (noted is not None and clock.is_ahead(noted, now)):
            return None
        return until if now < until <= now + LONGEST_REST else None


def _deadline(text: str | None) -> datetime | None:
    """A deadline that makes sense. Kaggle may write "none" as the year 1, and people may write anything."""
    try:
        deadline = clock.parse_iso(text or "")
    except (ValueError, OverflowError):
        return None
    return deadline if deadline.year >= clock.FIRST_YEAR else None


class User(NamedTuple):
    """A person.

    Attributes:
        id: 0: not stored yet.
        username: on Kaggle; None: known by the team only.
        handle: what people type and programs get: the username; of people without one, another text.
        student_id: the person's key in other systems.
        team: the exact name of the person's team, or a /pattern/ of it (see `board/matching.py`).
        pseudonym: the person's own, or a random one.
        archived_at: ISO 8601 UTC; None: tracked.
    """

    id: int
    username: str | None
    name: str | None
    group: str | None
    handle: str
    student_id: str | None = None
    team: str | None = None
    pseudonym: str = ""
    archived_at: str | None = None

    @property
    def shown_name(self) -> str:
        """The name, or the handle of a person whose name is not known."""
        return self.name or self.handle


class Entry(NamedTuple):
    """One user's standing in one competition, as `leaderboard_entries` holds it (times as text).

    Attributes:
        matched_by: `username`, `team` or `team_name`.
        first_seen_at: the first board with this user.
        last_seen_at: the last one; None while the user is on the board.
        left_at: the first board without the user since then; None: on the board.
    """

    user_id: int
    standing: Standing
    matched_by: str
    first_seen_at: str
    last_seen_at: str | None
    left_at: str | None


class PossibleRename(NamedTuple):
    """A tracked person who may have a new username on Kaggle, as one competition's board suggests."""

    slug: str
    user_id: int
    old: str
    new: str


class Counts(NamedTuple):
    """The counts of a processed board.

    `created + updated + skipped == rows`: rows with at least one new entry, rows whose entries all existed,
    all others. `changed` counts entries whose standing moved.
    """

    rows: int
    created: int
    updated: int
    skipped: int
    changed: int

    @property
    def synced(self) -> int:
        return self.created + self.updated


@dataclass(frozen=True, slots=True)
class Run:
    """One competition in one run, as `sync_runs` keeps it."""

    run: str
    slug: str
    source: str
    status: str
    started_at: datetime
    board: str = which.PUBLIC
    snapshot_at: datetime | None = None
    sha256: str | None = None
    counts: Counts | None = None
    error_code: str | None = None
    error_message: str | None = None


class Snapshot(NamedTuple):
    """A board that was processed, as `snapshots` keeps it.

    Attributes:
        moment: when it was made, in seconds since 1970.
        last_user_id: users up to this id were searched for.
        sha256: of its CSV; None: not known.
        file: the name of the file it came from; None: Kaggle sent it.
        teams: None: not known, because the board was not read to its end.
        best: the score of the first team.
        benchmarks: the host's. None, here and for `best`: not known, because the board was not read to its
            end, or by an earlier version.
    """

    moment: int
    rows: int
    teams: int | None
    last_user_id: int
    sha256: str | None = None
    file: str | None = None
    best: float | None = None
    benchmarks: tuple[Benchmark, ...] | None = None


class BoardNames(NamedTuple):
    """The names on a competition's latest board.

    Attributes:
        names: all usernames, lower case; on an old board, which has none, the names of the teams.
        teams: the names of the teams; empty if nobody was known by a team.
        last_user_id: users up to this id were searched for there; None: not known.
    """

    slug: str
    names: set[str]
    teams: set[str]
    last_user_id: int | None


class Trigger(NamedTuple):
    """The last run that one thing started (cron, systemd, windows, hand …). Times are UTC.

    `program` is the installation that it called.
    """

    name: str
    program: str
    started_at: datetime
    finished_at: datetime
    exit_code: int


class LastPing(NamedTuple):
    """What the monitor answered to the last run's ping. Times are UTC.

    Attributes:
        at: when it was sent.
        problem: why the monitor did not accept it, in words; None: it accepted it.
        failing_since: when the first of the failed pings in a row was sent; None: the last one arrived.
        warned_of: the problem that a warning was given of, so that it is given once.
    """

    at: datetime
    problem: str | None
    failing_since: datetime | None
    warned_of: str | None


@dataclass(frozen=True, slots=True)
class Failures:
    """The failed syncs of a competition with Kaggle since the last good one: how many, and the latest."""

    count: int
    at: datetime
    code: str
    message: str


class Subscription(NamedTuple):
    """What a notification target is told, and when. None for a filter means everything.

    Attributes:
        only: the reasons it is told of; empty: it only gets reminders.
        against: a second group; if it is there, the target is only told who passed whom between the two.
        tells_drift: whether it is also told what only others did.
        quiet_for: the shortest time between two messages.
        digest: when it gets one message that sums everything up, instead of one after each sync:
            `daily@18:00`, `weekly@mon-09:00`.
        zone: the time zone of the digest's time; None: the machine's.
        sends_empty: whether a digest is sent even if nobody moved.
        remind: how long before each deadline it is reminded, the longest time first.
    """

    competition_id: int | None = None
    only: frozenset[str] | None = None
    group: str | None = None
    against: str | None = None
    tells_drift: bool = False
    quiet_for: timedelta = timedelta(0)
    digest: str | None = None
    zone: str | None = None
    sends_empty: bool = False
    remind: tuple[timedelta, ...] = ()

    @property
    def tells_news(self) -> bool:
        """Whether the target is told of movements."""
        return self.only is None or bool(self.only)


@dataclass(frozen=True, slots=True)
class Target:
    """A notification target. Times are UTC.

    Attributes:
        url: Apprise's, with its secrets.
        label: random, and the same for all targets with this URL.
        sent_at: when it got its latest message.
        digest_until: up to when the latest digest told everything; of a new target, when it was added.
        failures: how many times in a row it could not be notified.
    """

    id: int
    url: str = field(repr=False)
    label: str
    subscription: Subscription
    sent_at: datetime | None
    digest_until: datetime | None
    failures: int
    failed_at: datetime | None
    error: str | None
