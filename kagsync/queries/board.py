"""A board as our people see it: where everybody stands, what moved, what is next; and its JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.queries import results, unseen
from kagsync.queries.local_places import local_places
from kagsync.queries.moved import Moved
from kagsync.queries.undecided import NOTHING, Undecided, undecided
from kagsync.standings import gaps, movements, sentences
from kagsync.standings.which import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from kagsync.queries.local_places import LocalPlace
    from kagsync.queries.unseen import Unseen
    from kagsync.standings.gaps import Gap
    from kagsync.standings.movements import Movement
    from kagsync.standings.shake_up import ShakeUp
    from kagsync.standings.standing import Standing
    from kagsync.store import Store
    from kagsync.store.records import Competition, Entry, User

_TREND = timedelta(days=7)  # how far back a trend goes at least
_TREND_POINTS = 12


@dataclass(frozen=True)
class Line:
    """One tracked person's standing.

    Attributes:
        ranks: at the moments of the view's trend (None: off the board).
        movement: what happened since the view's `since`; None: nothing.
        next_person, next_baseline, next_medal: what is ahead; None: nothing.
        medal: what this rank would get; None: no medal.
        deleted: whether the person left the board because the account was deleted.
        public, private: how the person stands on either board; None: not on it.
        local: None: not on the board, or without a rank.
    """

    user: User
    entry: Entry
    ranks: list[int | None]
    last_seen_at: str | None
    movement: Movement | None
    next_person: Gap | None
    next_baseline: Gap | None
    next_medal: Gap | None
    medal: str | None
    deleted: bool
    public: Standing | None
    private: Standing | None
    local: LocalPlace | None = None

    @property
    def moved(self) -> Movement | None:
        """What moved; the result itself has places of its own."""
        movement = self.movement
        return None if movement is None or movement.reason == movements.FINAL else movement

    @property
    def shake_up(self) -> int | None:
        """How many places were gained from the public to the private board (lost: negative)."""
        public, private = self.public and self.public.rank, self.private and self.private.rank
        return None if public is None or private is None else public - private


@dataclass(frozen=True)
class BoardView:
    """A competition as our people see it.

    Attributes:
        since: the time of the board to compare with.
        is_first: whether that is the first board, because the history is younger than the time asked for.
        on_board: who is on the board, in order of rank.
        left: who was on the board.
        missing: who was never on it.
        unseen: who was never on any board.
        shake_up: of all teams; None: not known, or this is not the private board.
        undecided: what the sync of this board could not decide about them.
        trend: how long it was from the first to the last moment of the lines' `ranks`.
        hidden: who is left out by a limit.
    """

    competition: Competition
    since: datetime
    on_board: list[Line]
    left: list[Line]
    missing: list[User]
    unseen: list[Unseen]
    last_error: tuple[datetime, str] | None
    is_first: bool = False
    shake_up: ShakeUp | None = None
    undecided: Undecided = NOTHING
    trend: timedelta = timedelta()
    hidden: list[Line] = field(default_factory=list)

    @property
    def is_private(self) -> bool:
        return self.competition.board == PRIVATE

    @property
    def ours(self) -> int:
        """How many of these people are on the board."""
        return len(self.on_board) + sum(line.entry.left_at is None for line in self.hidden)

    @property
    def has_earlier(self) -> bool:
        """Whether there is an earlier board to compare with."""
        snapshot_at = self.competition.snapshot_at
        return not (self.is_first and snapshot_at is not None and self.since >= snapshot_at)

    def by_group(self) -> list[tuple[str | None, BoardView]]:
        """A view for each group of these people, in order; None, for those without a group, comes last."""
        views: dict[str | None, BoardView] = {}

        def of(user: User) -> BoardView:
            if user.group not in views:
                views[user.group] = replace(self, on_board=[], left=[], missing=[], unseen=[], hidden=[])
            return views[user.group]

        for line in self.on_board:
            of(line.user).on_board.append(line)
        for line in self.left:
            of(line.user).left.append(line)
        for line in self.hidden:
            of(line.user).hidden.append(line)
        for user in self.missing:
            of(user).missing.append(user)
        for each in self.unseen:
            of(each.user).unseen.append(each)
        whole = [(group, view._with_undecided()) for group, view in views.items()]
        return sorted(whole, key=lambda each: (each[0] is None, each[0] or ""))

    def _with_undecided(self) -> BoardView:
        """This view with only what is undecided about its people."""
        people = [*(line.user for line in (*self.on_board, *self.left)), *self.missing]
        return replace(self, undecided=self.undecided.of(people))


def board(
    store: Store,
    slug: str,
    users: list[User],
    since: Callable[[Competition], datetime],
    never_seen: list[Unseen] | None = None,
    *,
    board: str = PUBLIC,
    among: Mapping[int, str | None] | None = None,
) -> BoardView:
    """Gathers one competition's view.

    Args:
        users: who to show.
        among: who has a local place (see `local_places`); None: all `users`, among each other.
        board: public, private or final (see `Competitions.on`).
        since: gives the time to compare with, for a competition.
        never_seen: which of them were never on any board, if that is known already.

    Raises:
        UnknownCompetition: no such competition is tracked.
    """
    competition = store.competitions.on(store.competitions.get(slug), board)
    if never_seen is None:
        never_seen = unseen.unseen(store, users)
    return _view(store, competition, users, since, never_seen, _axis(store, [competition], since), among)


def boards(
    store: Store,
    users: list[User],
    since: Callable[[Competition], datetime],
    *,
    board: str = PUBLIC,
    among: Mapping[int, str | None] | None = None,
) -> list[BoardView]:
    """The views of all competitions, by slug. The arguments are those of `board`."""
    never = unseen.unseen(store, users)
    shown = [store.competitions.on(competition, board) for competition in store.competitions.all()]
    axis = _axis(store, shown, since)
    return [_view(store, competition, users, since, never, axis, among) for competition in shown]


def _axis(
    store: Store, competitions: list[Competition], since: Callable[[Competition], datetime]
) -> list[int]:
    """The moments at which trends show ranks: from the first to the last public board of the period.

    The period is a week, or longer if `since` is earlier. All lines of a table have the same moments.
    """
    public = [each for each in competitions if each.board == PUBLIC]
    last = [int(each.snapshot_at.timestamp()) for each in public if each.snapshot_at is not None]
    first = [moment for each in public if (moment := store.snapshots.first(each.id)) is not None]
    if not first or not last:
        return []
    asked = min(int(since(each).timestamp()) for each in public)
    until = max(last)
    start = max(min(first), min(asked, until - int(_TREND.total_seconds())))
    if start >= until:
        return []
    steps = _TREND_POINTS - 1
    return [start + (until - start) * step // steps for step in range(_TREND_POINTS)]


def _view(
    store: Store,
    competition: Competition,
    users: list[User],
    since: Callable[[Competition], datetime],
    never_seen: list[Unseen],
    axis: list[int],
    among: Mapping[int, str | None] | None,
) -> BoardView:
    ledger = store.ledger(competition.board)
    entries = {entry.user_id: entry for entry in ledger.boards.entries(competition.id)}
    ranks = ledger.history.ranks_at(competition.id, [each.id for each in users if each.id in entries], axis)
    moved = Moved(store, competition, since(competition))
    if among is None:
        among = dict.fromkeys(user.id for user in users)
    line = _Liner(store, competition, entries, moved, ranks, among)
    lines = [line(user, entry) for user in users if (entry := entries.get(user.id)) is not None]
    lines.sort(key=_by_rank)
    return BoardView(
        competition,
        moved.since,
        on_board=[line for line in lines if line.entry.left_at is None],
        left=[line for line in lines if line.entry.left_at is not None],
        missing=[user for user in users if user.id not in entries],
        unseen=never_seen,
        last_error=store.runs.last_error(competition.id),
        is_first=moved.is_first,
        shake_up=results.whole_shake_up(store, competition) if competition.board == PRIVATE else None,
        undecided=undecided(store, competition, users, (competition.board,)),
        trend=timedelta(seconds=axis[-1] - axis[0] if axis else 0),
    )


def _by_rank(line: Line) -> tuple[object, ...]:
    rank = line.entry.standing.rank
    return (rank is None, rank or 0, line.user.handle.lower())


class _Liner:
    """Makes the lines of one competition; looks up only once what they have in common."""

    def __init__(
        self,
        store: Store,
        competition: Competition,
        entries: dict[int, Entry],
        moved: Moved,
        ranks: dict[int, list[int | None]],
        among: Mapping[int, str | None],
    ) -> None:
        boards = store.ledger(competition.board).boards
        self._competition = competition
        self._moved = moved
        self._ranks = ranks
        self._applied_at = clock.iso(competition.snapshot_at) if competition.snapshot_at else None
        self._baselines = boards.benchmarks(competition.id)
        self._medals = boards.medal_lines(competition.id) if competition.awards_medals else []
        here = results.on_board(entries.values())
        self._local = local_places(here, among)
        if competition.board == PRIVATE:
            self._public, self._private = results.standings(store, competition, PUBLIC), here
        else:
            self._public = here
            self._private = results.standings(store, competition, PRIVATE) if competition.has_result else {}
        people = {user.id: user for user in store.users.all()}
        self._others = gaps.by_rank((people[key].handle, standing) for key, standing in here.items())
        self._names = {user.handle: user.name for user in people.values()}

    def __call__(self, user: User, entry: Entry) -> Line:
        direction = self._competition.direction
        here, standing = entry.left_at is None, entry.standing
        return Line(
            user,
            entry,
            self._ranks[user.id],
            entry.last_seen_at or self._applied_at,
            self._moved.overall(user.id),
            self._next_person(standing) if here else None,
            gaps.to_baseline(standing, self._baselines, direction) if here else None,
            gaps.to_medal(standing, self._medals) if here else None,
            gaps.medal(standing, self._medals) if here else None,
            not here and (entry.standing.team_id, _unix(entry.left_at)) in self._moved.deleted,
            self._public.get(user.id),
            self._private.get(user.id),
            self._local.get(user.id),
        )

    def _next_person(self, standing: Standing) -> Gap | None:
        gap = gaps.to_person(standing, self._others)
        return gap and replace(gap, name=self._names[gap.to])


def _unix(text: str | None) -> int:
    return int(clock.parse_iso(text).timestamp()) if text else 0


def entries_as_json(views: list[BoardView]) -> list[dict[str, Any]]:
    """All entries of some boards for programs."""
    return [entry_as_json(view, line) for view in views for line in (*view.on_board, *view.left)]


def entry_as_json(view: BoardView, line: Line) -> dict[str, Any]:
    """One entry for programs. Every key is always there; None means unknown."""
    entry, standing, movement = line.entry, line.entry.standing, line.movement
    before = movement.before if movement else standing if entry.left_at is None else None
    return {
        "competition": view.competition.slug,
        "username": line.user.username,
        "name": line.user.name,
        "group": line.user.group,
        "rank": standing.rank,
        "teams": view.competition.team_count,
        "score": standing.score,
        "score_text": standing.score_text,
        "kaggle_team_name": standing.team_name,
        "team_id": standing.team_id,
        "members": standing.members.split(",") if standing.members else [],
        "submission_date": standing.submission_date,
        "submission_count": standing.submission_count,
        "matched_by": entry.matched_by,
        "first_seen_at": entry.first_seen_at,
        "last_seen_at": line.last_seen_at,
        "left_at": entry.left_at,
        "since": clock.iso(view.since),
        "previous_rank": before and before.rank,
        "places": movement.places if movement else (0 if before and before.rank else None),
        "previous_score": before and before.score,
        "score_is_better": score_is_better(view.competition, movement),
        "new_submissions": movement.submissions if movement else 0,
        "reason": movement and movement.reason,
        "words": movement and sentences.words(movement),
        **_gap_as_json("next_person", line.next_person),
        **_gap_as_json("next_baseline", line.next_baseline),
        "medal": line.medal,
        **_gap_as_json("next_medal", line.next_medal),
        "board": view.competition.board,
        "public_rank": line.public and line.public.rank,
        "private_rank": line.private and line.private.rank,
        "public_score": line.public and line.public.score,
        "private_score": line.private and line.private.score,
        "shake_up": line.shake_up,
        "handle": line.user.handle,
        "student_id": line.user.student_id,
        "next_person_gap": line.next_person and line.next_person.score,
        "next_baseline_gap": line.next_baseline and line.next_baseline.score,
        "next_medal_gap": line.next_medal and line.next_medal.score,
        "since_first_board": view.is_first,
        "local_rank": line.local and line.local.rank,
        "local_count": line.local and line.local.of,
    }


def score_is_better(competition: Competition, movement: Movement | None) -> bool | None:
    """Whether a score is better than before; None: the same, not known, or on the private board."""
    if movement is None or movement.before is None or movement.after is None or movement.board == PRIVATE:
        return None
    return movements.better(movement.before.score, movement.after.score, competition.direction)


def _gap_as_json(key: str, gap: Gap | None) -> dict[str, Any]:
    return {
        key: gap and gap.to,
        f"{key}_places": gap and gap.places,
        f"{key}_score": gap and gap.score,  # the older name of the gap
    }


def moved(found: Iterable[Movement | None]) -> tuple[int, int]:
    """How many people rose and fell; None: somebody did not move."""
    return up_and_down(movement.places or 0 for movement in found if movement)


def up_and_down(places: Iterable[int]) -> tuple[int, int]:
    """How many gained places, and how many lost some (negative)."""
    counted = list(places)
    return sum(each > 0 for each in counted), sum(each < 0 for each in counted)
