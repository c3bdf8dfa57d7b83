"""The standings of a series at any moment, what changed since an earlier one, and who leads."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from kagsync import clock
from kagsync.errors import UsageError
from kagsync.scoring import totals
from kagsync.scoring.rules import Field, NotKnownError
from kagsync.scoring.totals import Board, Total
from kagsync.standings.which import FINAL, PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from kagsync.scoring.series import Series
    from kagsync.scoring.totals import GroupTotal
    from kagsync.store import Store
    from kagsync.store.records import Competition, User

    Latest = Mapping[str, Mapping[int, int]]  # moments, by kind of board and competition id

_DAY = timedelta(days=1)
# How far back the beginning of a lead is looked for. A result, one person's in one competition on one day,
# takes some 10 µs.
_MOST_RESULTS, _SHORTEST, _LONGEST = 16_000, 3, 366  # the last two in days
_AT_ONCE = 8  # moments; the results of more of them would take much memory


class Row(NamedTuple):
    """One person in a series.

    Attributes:
        before: the total at the time to compare with; None: not known, or the person had no result yet.
    """

    user: User
    total: Total
    before: Total | None

    @property
    def gained(self) -> float | None:
        """By how much the total changed."""
        return gained(self.total, self.before)

    @property
    def places(self) -> int | None:
        """How many places were gained (lost: negative)."""
        return places(self.total, self.before)


def gained(now: Total | GroupTotal, before: Total | GroupTotal | None) -> float | None:
    """By how much a total changed; None: the earlier one is not known."""
    return None if before is None else now.value - before.value


def places(now: Total | GroupTotal, before: Total | GroupTotal | None) -> int | None:
    """How many places were gained (lost: negative); None: the earlier total is not known."""
    return None if before is None else before.place - now.place


class Lead(NamedTuple):
    """Who leads a series: several people, if they tie.

    Attributes:
        since: the beginning of the first day (UTC) at whose end the same people led, and at that of all later
            days; None: longer than the search goes back.
        ahead: how far the next person is behind; None: there is none.
        days: how far the search goes back.
    """

    leaders: list[User]
    since: datetime | None
    ahead: float | None
    days: int

    @property
    def when(self) -> str:
        """Since when, for people."""
        return f"since {self.since:%Y-%m-%d}" if self.since else f"for more than {self.days} days"


class Point(NamedTuple):
    """A person's total at some moment, in short.

    Attributes:
        counted: how many results count; 0: the person has none yet.
    """

    place: int
    value: float
    counted: int


@dataclass(frozen=True)
class SeriesView:
    """The standings of a series.

    Attributes:
        at: the time that they are of.
        since: the time to compare with.
        rows: the best first.
        boards: the board of each competition at that time, by competition id; none: no board yet.
        not_compared: why nothing is known of the earlier time; None: it is.
        earlier: the boards at the time to compare with.
        hidden: how many people are left out.
    """

    series: Series
    at: datetime
    since: datetime
    rows: list[Row]
    boards: dict[int, Board]
    not_compared: str | None = None
    earlier: dict[int, Board] = field(default_factory=dict)
    hidden: int = 0

    def only(self, users: Iterable[User]) -> SeriesView:
        """The same standings with some people's rows only; places and totals stay."""
        wanted = {user.id for user in users}
        return replace(self, rows=[row for row in self.rows if row.user.id in wanted])

    def first(self, number: int) -> SeriesView:
        """The same standings with the first rows only."""
        return replace(self, rows=self.rows[:number], hidden=max(len(self.rows) - number, 0))

    @property
    def replaced(self) -> list[Board]:
        """The private boards that have replaced public ones since the earlier time."""
        return [
            board
            for key, board in self.boards.items()
            if board.field.board == PRIVATE
            and (earlier := self.earlier.get(key)) is not None
            and earlier.field.board == PUBLIC
        ]


def people(store: Store, series: Series, at: datetime | None = None) -> list[User]:
    """The people of a series: those of its group, or everybody.

    Args:
        at: with those who were archived after this time; None: only those who are tracked now.
    """
    users = store.users.all() if at is None else store.users.tracked_at(at)
    return [user for user in users if series.group in (None, user.group)]


def standings(
    store: Store,
    series: Series,
    at: datetime,
    since: datetime,
    latest: Latest | None = None,
    until: datetime | None = None,
) -> SeriesView:
    """The standings of a series at a time, compared with those at an earlier time.

    Args:
        until: boards up to this time count, because Kaggle's clock may be a little ahead; None: up to `at`.
        latest: the latest boards that were known at the earlier time, if others were: boards can arrive late.

    Raises:
        UsageError: the rule needs something that is not known of a board of that time.
    """
    users = people(store, series, at)
    keys = [user.id for user in users]
    now, before = _boards(store, series, keys, [at, since], latest or {}, until)
    try:
        found = totals.totals(series, now, keys)
    except NotKnownError as error:
        message = f"series {series.name}: {error}, and the rule {series.rule} needs it"
        raise UsageError(message, error.remedy or _other_rule(series)) from error
    not_compared, earlier = None, {}
    try:
        earlier = {each.user_id: each for each in totals.totals(series, before, keys)}
    except NotKnownError as error:
        not_compared = str(error)
    by_id = {user.id: user for user in users}
    rows = [Row(by_id[each.user_id], each, _begun(earlier.get(each.user_id))) for each in found]
    rows.sort(key=lambda row: (row.total.place, row.user.handle.lower()))
    return SeriesView(series, at, since, rows, now, not_compared, before)


def _other_rule(series: Series) -> str:
    """What to do if a rule needs something that is not known of a board."""
    public = "" if series.board == PUBLIC else ", or --board public"
    return (
        "Boards from earlier versions lack it, and so do large private boards that were read only in part. "
        f"Change the series: kagsync series update {shlex.quote(series.name)} --rule RULE{public}. "
        "For a past day, a later --at may help"
    )


def _begun(total: Total | None) -> Total | None:
    """A total, unless the person was on no board."""
    if total is None or all(each.standing is None for each in total.results):
        return None
    return total


def leaders(view: SeriesView) -> list[Row]:
    """Who is first; none: nobody has a result yet."""
    return [row for row in view.rows if _leads(row.total)]


def ahead(view: SeriesView) -> float | None:
    """How far the first ones are ahead of the next person; None: there is none."""
    rest = [row.total.value for row in view.rows if row.total.place > 1]
    return view.rows[0].total.value - rest[0] if rest else None


class PastTotals:
    """The totals of a series at moments of the past. Each moment is computed once.

    Args:
        at: whose totals: those of the people of this time.

    Attributes:
        results: how many are computed for a moment.
    """

    def __init__(self, store: Store, series: Series, at: datetime) -> None:
        self._store, self._series = store, series
        self._keys = [user.id for user in people(store, series, at)]
        self.results = len(self._keys) * len(series.parts)
        self._known: dict[datetime, dict[int, Point] | None] = {}

    def at(self, moments: Sequence[datetime]) -> list[dict[int, Point] | None]:
        """The totals at some moments, by user id; None: not known, see `standings`."""
        new = [moment for moment in dict.fromkeys(moments) if moment not in self._known]
        for start in range(0, len(new), _AT_ONCE):
            part = new[start : start + _AT_ONCE]
            boards = _boards(self._store, self._series, self._keys, part, {})
            self._known |= dict(zip(part, map(self._points, boards), strict=True))
        return [self._known[moment] for moment in moments]

    def _points(self, boards: dict[int, Board]) -> dict[int, Point] | None:
        try:
            found = totals.totals(self._series, boards, self._keys)
        except NotKnownError:
            return None
        return {each.user_id: Point(each.place, each.value, each.counted) for each in found}


def ends_of_days(until: datetime, count: int, step: int = 1) -> list[datetime]:
    """The ends of whole days (UTC), every so many days, the latest first."""
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    return [midnight - step * _DAY * number - timedelta(seconds=1) for number in range(count)]


def leading(found: Mapping[int, Point]) -> set[int]:
    """Who leads, by user id; several people if they tie, and nobody before there is a result."""
    return {key for key, each in found.items() if _leads(each)}


def lead(
    store: Store, view: SeriesView, past: PastTotals | None = None, most: int = _MOST_RESULTS
) -> Lead | None:
    """Who leads, and since which day; None: nobody has a result yet.

    Args:
        past: what is known of the series' past already.
        most: about how many results may be computed. With few people and competitions, these are many days.
    """
    first = [row.user for row in leaders(view)]
    if not first:
        return None
    led = {user.id for user in first}
    past = past or PastTotals(store, view.series, view.at)
    days = min(max(most // max(past.results, 1), _SHORTEST), _LONGEST)
    ends = ends_of_days(view.at, days)
    since = ends[0] + timedelta(seconds=1)
    for start in range(0, days, _AT_ONCE):  # most leads are short
        part = ends[start : start + _AT_ONCE]
        for end, found in zip(part, past.at(part), strict=True):
            if found is None or leading(found) != led:
                return Lead(first, since, ahead(view), days)
            since = end + timedelta(seconds=1) - _DAY
    return Lead(first, None, ahead(view), days)


def _leads(total: Total | Point) -> bool:
    return total.place == 1 and total.counted > 0


def _boards(
    store: Store,
    series: Series,
    users: Sequence[int],
    moments: Sequence[datetime],
    latest: Latest,
    until: datetime | None = None,
) -> list[dict[int, Board]]:
    """Each competition's board at some moments, by competition id.

    To find the boards, `until` replaces the first moment and `latest` the last one.
    """
    found: list[dict[int, Board]] = [{} for _ in moments]
    first = until or moments[0]
    seconds = [int(moment.timestamp()) for moment in (first, *moments[1:])]
    for part in series.parts:
        competition = store.competitions.by_id(part.competition_id)
        if competition is None:
            continue
        kinds = {FINAL: (PUBLIC, PRIVATE), PUBLIC: (PUBLIC,), PRIVATE: (PRIVATE,)}[series.board]
        for kind in kinds:
            if kind == PRIVATE and not competition.has_result:
                continue
            ledger = store.ledger(kind)
            last = latest.get(kind, {}).get(part.competition_id, seconds[-1])
            wanted = [*seconds[:-1], last]
            seen = ledger.snapshots.at(part.competition_id, wanted)
            standings = ledger.history.standings_at(part.competition_id, users, wanted)
            for number, snapshot in enumerate(seen):
                if snapshot is None:
                    continue
                people = standings[number]
                known = Field(
                    part.slug,
                    kind,
                    clock.utc(snapshot.moment).strftime("%Y-%m-%d"),
                    snapshot.teams,
                    snapshot.best,
                    competition.direction,
                    _days(competition, moments[number]),
                    ours=sum(each.rank is not None for each in people.values()),
                )
                found[number][part.competition_id] = Board(known, people)
    return found


def _days(competition: Competition, at: datetime) -> float:
    """How many days ago a competition ended; 0 before that."""
    if competition.ends_at is None:
        return 0.0
    return max((at - competition.ends_at) / _DAY, 0.0)
