"""The boards that grades are computed from: as they were at some time, or frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kagsync import clock
from kagsync.errors import UsageError
from kagsync.standings.which import PRIVATE, PUBLIC
from kagsync.store.frozen import Frozen, PastBoard, PastEntry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kagsync.store import Store
    from kagsync.store.records import Competition

_LAST = 2**62  # a moment after all boards


def at(store: Store, competition: Competition, as_of: datetime | None) -> tuple[PastBoard, ...]:
    """The boards of a competition that were in force at a time, with everybody who was tracked then.

    Args:
        as_of: None: the latest ones.

    Raises:
        UsageError: there was none.
    """
    # Kaggle's clock may be a little ahead of ours.
    moment = int((clock.horizon() if as_of is None else as_of).timestamp())
    found = [_board(store, competition, board, moment) for board in (PUBLIC, PRIVATE)]
    boards = tuple(board for board in found if board is not None)
    if not boards:
        if as_of is None:
            raise UsageError(f"{competition.slug} has no board yet", f"Try: kagsync sync {competition.slug}")
        raise UsageError(
            f"{competition.slug} has no board from {as_of:%Y-%m-%d %H:%M} UTC or before",
            "Choose a later --at",
        )
    return boards


def _board(store: Store, competition: Competition, board: str, moment: int) -> PastBoard | None:
    if board == PRIVATE and not competition.has_result:
        return None
    ledger = store.ledger(board)
    snapshot, latest = ledger.snapshots.at(competition.id, [moment, _LAST])
    if snapshot is None:
        return None
    benchmarks = snapshot.benchmarks
    if benchmarks is None and snapshot == latest:
        # Versions before schema 11 kept only those of the latest board.
        benchmarks = tuple(benchmark for benchmark, _ in ledger.boards.benchmarks(competition.id))
    users = {user.id: user for user in store.users.tracked_at(clock.utc(moment))}
    (standings,) = ledger.history.standings_at(competition.id, users.keys(), [moment])
    return PastBoard(
        board,
        snapshot.moment,
        snapshot.teams,
        competition.direction,
        benchmarks,
        tuple(PastEntry(key, users[key].group, standing) for key, standing in standings.items()),
    )


def freeze(store: Store, competition: Competition, as_of: datetime | None) -> Frozen:
    """Freezes the boards that were in force at a time (None: the latest ones).

    Raises:
        UsageError: there was none, or others are frozen.
    """
    now = clock.utc_now().replace(microsecond=0)
    frozen = Frozen(now, as_of or now, at(store, competition, as_of))
    if (already := store.frozen.save(competition.id, frozen)) is not None:
        since = f"{already.frozen_at:%Y-%m-%d %H:%M} UTC"
        raise UsageError(
            f"the boards of {competition.slug} are frozen already, since {since}",
            f"To freeze other boards, first use: kagsync grade {competition.slug} --unfreeze",
        )
    return frozen


def as_json(
    competition: Competition, as_of: datetime, frozen: Frozen | None, boards: Iterable[PastBoard]
) -> dict[str, Any]:
    """The boards that grades are computed from, for programs."""
    return {
        "competition": competition.slug,
        "at": clock.iso(as_of),
        "frozen_at": None if frozen is None else clock.iso(frozen.frozen_at),
        "boards": [
            {"board": board.board, "at": clock.from_unix(board.moment), "teams": board.teams}
            for board in boards
        ],
    }
