"""Frozen boards: stored and read back as they were, with rows that lose their person but not their place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from world import invariants
from world.people import track, untrack

from kagsync import clock
from kagsync.standings.marks import Benchmark
from kagsync.standings.standing import PastStanding
from kagsync.store.frozen import Frozen, PastBoard, PastEntry

if TYPE_CHECKING:
    from kagsync.store import Store
    from kagsync.store.records import Competition

FROZEN_AT, AS_OF = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 1, 31, 18, 30, tzinfo=UTC)
ANN = PastStanding(1, 0.720887, "0.720887", 7, None, 12)
BOB = PastStanding(2, None, None, -3, None, None)


@pytest.fixture
def competition(store: Store) -> Competition:
    track(store, [("ann", None, "a"), ("bob", None, None), ("cem", None, "a")], clock.utc_now())
    return store.competitions.add("titanic", None, clock.utc_now())


def frozen(store: Store, *entries: tuple[str | None, PastStanding]) -> Frozen:
    ids = {user.handle: user.id for user in store.users.with_archived()}
    kept = tuple(PastEntry(ids[name] if name else None, "a" if name else None, row) for name, row in entries)
    benchmarks = (Benchmark("Mean", 0.5, "0.50"), Benchmark("Zero", None, None))
    public = PastBoard(
        "public", 1_700_000_000, 40, higher_is_better=True, benchmarks=benchmarks, entries=kept
    )
    private = PastBoard("private", 1_700_000_900, None, None, None, kept[:1])
    return Frozen(FROZEN_AT, AS_OF, (public, private))


def rows(store: Store, competition: Competition) -> list[tuple[str | None, int | None]]:
    """Who is on the frozen public board, and the rank."""
    names = {user.id: user.handle for user in store.users.with_archived()}
    found = store.frozen.of(competition.id)
    assert found is not None
    return [
        (None if key is None else names[key], standing.rank) for key, _, standing in found.boards[0].entries
    ]


def test_boards_are_read_back_as_they_were(store: Store, competition: Competition) -> None:
    assert store.frozen.of(competition.id) is None
    kept = frozen(store, ("ann", ANN), (None, BOB))
    store.frozen.save(competition.id, kept)
    assert store.frozen.of(competition.id) == kept
    invariants.check(store.path)


def test_a_second_freeze_does_not_mix_with_the_first(store: Store, competition: Competition) -> None:
    first = frozen(store, ("ann", ANN))
    assert store.frozen.save(competition.id, first) is None
    assert store.frozen.save(competition.id, frozen(store, ("ann", BOB))) == first
    assert rows(store, competition) == [("ann", 1)]
    store.frozen.remove(competition.id)
    assert store.frozen.of(competition.id) is None
    store.frozen.save(competition.id, frozen(store, ("bob", BOB)))
    assert rows(store, competition) == [("bob", 2)]


def test_a_person_who_is_removed_leaves_a_row_without_a_name(store: Store, competition: Competition) -> None:
    store.frozen.save(competition.id, frozen(store, ("ann", ANN), ("bob", BOB)))
    untrack(store, "ann")
    assert rows(store, competition) == [(None, 1), ("bob", 2)]
    invariants.check(store.path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ann", "bob", [(None, 1), ("bob", 2)]),  # both have a row: the new account's counts
        ("bob", "ann", [("ann", 1), (None, 2)]),
        ("ann", "cem", [("cem", 1), ("bob", 2)]),  # the new account has none
        ("cem", "ann", [("ann", 1), ("bob", 2)]),
    ],
)
def test_two_people_who_become_one_keep_one_row(
    store: Store, competition: Competition, old: str, new: str, expected: list[tuple[str | None, int]]
) -> None:
    store.frozen.save(competition.id, frozen(store, ("ann", ANN), ("bob", BOB)))
    with store.writing() as write:
        write.identity.join(store.users.get(old), store.users.get(new))
    assert rows(store, competition) == expected
    invariants.check(store.path)
