"""The history is the list of changes, whatever order snapshots arrive in and whoever is added in between."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from world import database
from world.bench import Bench
from world.boards import Team

from kagsync import clock
from kagsync.standings.standing import Standing, same, splice
from kagsync.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PEOPLE = ("alice", "bob")

# A standing is told in short: rank and score, 0 for "not on the board". Few of them, so that much repeats.
Seen = tuple[int, ...]  # the standing of each of PEOPLE in one snapshot

HERE, THERE = 1, 2


def state(standing: int) -> Standing | None:
    return Standing(standing, 0.5, "0.50", 7, "a", "alice", 1) if standing else None


def changes(known: dict[int, int]) -> list[tuple[int, int]]:
    """The plain list of changes: (moment, standing) wherever the standing is not the one before."""
    found, before = [], 0
    for moment, standing in sorted(known.items()):
        if standing != before:
            found.append((moment, standing))
        before = standing
    return found


# splice alone, on a history in memory


@dataclass
class Model:
    """One user's history as `splice` keeps it."""

    rows: dict[int, Standing | None] = field(default_factory=dict)
    moments: set[int] = field(default_factory=set)

    def at(self, moment: int) -> Standing | None:
        earlier = [at for at in self.rows if at <= moment]
        return self.rows[max(earlier)] if earlier else None

    def load(self, moment: int, seen: Standing | None) -> None:
        next_at = min((at for at in self.moments if at > moment), default=None)
        after = None if next_at is None else self.at(next_at)
        for change in splice(self.at(moment - 1), seen, moment, after, next_at):
            if change.remove:
                self.rows.pop(change.moment, None)
            else:
                self.rows[change.moment] = change.standing
        self.moments.add(moment)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), max_size=15))
def test_splicing_in_any_order_gives_the_list_of_changes(loads: list[tuple[int, int]]) -> None:
    model = Model()
    for moment, standing in loads:
        model.load(moment, state(standing))
        model.load(moment, state(standing))  # twice changes nothing
    expected = {moment: state(standing) for moment, standing in changes(dict(loads))}
    assert model.rows == expected


def test_a_state_is_the_same_by_its_number_whatever_decimals_are_printed() -> None:
    one = state(HERE)
    assert one is not None
    assert one.same(one._replace(score_text="0.5"))
    assert not one.same(one._replace(score=0.51))
    assert not one.same(None)
    assert same(None, None)
    assert not same(None, one)


@pytest.mark.parametrize("name", ["rank", "score", "team_id", "team_name", "members", "submission_count"])
def test_rank_score_team_and_submissions_count_as_a_change(name: str) -> None:
    one = state(HERE)
    assert one is not None
    other = "x" if isinstance(getattr(one, name), str) else 99
    assert not one.same(one._replace(**{name: other}))
    assert not one.same(one._replace(**{name: None}))


# The whole of it: boards through `process` into a database


class Told(Bench):
    """A bench that says what is known of a person."""

    def load(self, moment: int, seen: Seen, *, filler: str = "", force: bool = False) -> str:
        """Processes the board of this moment; `filler` makes its bytes differ from another's."""
        teams = [
            # No rank is there twice, so the standings 1 and 2 are the ranks 1 to 4.
            Team(7 + i, f"team {name}", (name,), score=f"0.{standing}0", rank=2 * standing - 1 + i)
            for i, (name, standing) in enumerate(zip(PEOPLE, seen, strict=True))
            if standing
        ]
        teams.append(Team(1, f"filler {filler}", (), rank=9))
        when = f"2025-10-31T00:{moment:02}:00"
        return self.process(teams, when, accept_shrink=True, force=force).status

    def history(self, username: str) -> list[tuple[int, int]]:
        rows = self.look(
            "SELECT at, CASE WHEN on_board THEN (rank + 1) / 2 ELSE 0 END FROM history WHERE username = ?",
            username,
        )
        return [(minute(at), rank) for at, rank in rows]

    def entry(self, username: str) -> tuple[int, float, int, int, int | None] | None:
        """rank, score, first seen, last seen, left."""
        rows = self.look(
            "SELECT (rank + 1) / 2, score, first_seen_at, last_seen_at, left_at FROM leaderboard "
            "WHERE username = ?",
            username,
        )
        if not rows:
            return None
        ((rank, score, first, last, left),) = rows
        return rank, score, minute(first), minute(last), left and minute(left)


def minute(text: str) -> int:
    return clock.parse_iso(text).minute


@contextlib.contextmanager
def bench() -> Iterator[Told]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database.empty(folder / "k.db")
        with Store.open(folder / "k.db", folder / "locks") as store:
            yield Told(store, folder)


def entry_of(known: dict[int, int]) -> tuple[int, float, int, int, int | None] | None:
    """The entry that replaying what is known of a user gives."""
    there = [moment for moment in sorted(known) if known[moment]]
    if not there:
        return None
    last = there[-1]
    left = min((moment for moment in known if moment > last), default=None)
    return known[last], float(f"0.{known[last]}0"), there[0], last, left


def assert_told(told: Told, known: dict[str, dict[int, int]]) -> None:
    for username, snapshots in known.items():
        assert told.history(username) == changes(snapshots), username
        assert told.entry(username) == entry_of(snapshots), username


_SEEN = st.tuples(*(st.integers(0, 2) for _ in PEOPLE))
_SNAPSHOTS = st.dictionaries(st.integers(1, 9), _SEEN, min_size=1, max_size=6)
_IN_ANY_ORDER = _SNAPSHOTS.flatmap(
    lambda snapshots: st.tuples(st.just(snapshots), st.permutations(sorted(snapshots)))
)


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(_IN_ANY_ORDER)
def test_snapshots_in_any_order_give_the_list_of_changes_and_the_entries(
    case: tuple[dict[int, Seen], list[int]],
) -> None:
    snapshots, order = case
    with bench() as loaded:
        for username in PEOPLE:
            loaded.track(username)
        for n, moment in enumerate(order, start=1):
            loaded.load(moment, snapshots[moment], filler=str(moment))
            assert_told(  # not only at the end
                loaded,
                {username: {at: snapshots[at][i] for at in order[:n]} for i, username in enumerate(PEOPLE)},
            )


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=8), st.data())
def test_snapshots_that_are_loaded_again_change_nothing(
    pairs: list[tuple[int, int]], data: st.DataObject
) -> None:
    order = [moment for pair in pairs for moment in pair]
    snapshots = {moment: data.draw(_SEEN) for moment in sorted(set(order))}
    with bench() as loaded:
        for username in PEOPLE:
            loaded.track(username)
        for moment in order:
            loaded.load(moment, snapshots[moment], filler=str(moment))
        known = {name: {at: snapshots[at][i] for at in snapshots} for i, name in enumerate(PEOPLE)}
        assert_told(loaded, known)


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), _SEEN), min_size=1, max_size=8))
@example([(1, (THERE, 0)), (2, (HERE, 0)), (2, (0, 0))])
@example([(2, (HERE, 0)), (1, (THERE, 0)), (1, (0, 0))])
@example([(1, (HERE, 0)), (2, (0, 0)), (3, (HERE, 0)), (3, (0, 0))])
def test_a_board_that_replaces_another_of_its_moment_leaves_nothing_of_it(
    loads: list[tuple[int, Seen]],
) -> None:
    known: dict[str, dict[int, int]] = {name: {} for name in PEOPLE}
    with bench() as loaded:
        for username in PEOPLE:
            loaded.track(username)
        for n, (moment, seen) in enumerate(loads):
            loaded.load(moment, seen, filler=str(n), force=True)
            for username, standing in zip(PEOPLE, seen, strict=True):
                known[username][moment] = standing
            assert_told(loaded, known)


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(_IN_ANY_ORDER)
@example(({1: (HERE, 0), 2: (THERE, 0), 3: (HERE, 0), 5: (HERE, 0)}, [1, 3, 5, 2]))
def test_boards_that_do_not_differ_in_a_byte_are_no_exception(
    case: tuple[dict[int, Seen], list[int]],
) -> None:
    snapshots, order = case
    with bench() as loaded:
        for username in PEOPLE:
            loaded.track(username)
        for moment in order:
            loaded.load(moment, snapshots[moment])
        known = {name: {at: snapshots[at][i] for at in snapshots} for i, name in enumerate(PEOPLE)}
        assert_told(loaded, known)


def load_all(told: Told, snapshots: Iterable[tuple[int, Seen]], *, filler: bool = True) -> None:
    for moment, seen in snapshots:
        told.load(moment, seen, filler=str(moment) if filler else "")


def test_the_moments_at_which_a_board_was_unchanged_are_remembered() -> None:
    with bench() as loaded:
        loaded.track("alice")
        load_all(loaded, [(1, (HERE, 0)), (3, (HERE, 0)), (5, (HERE, 0))], filler=False)
        loaded.load(2, (THERE, 0))
        assert loaded.history("alice") == [(1, HERE), (2, THERE), (3, HERE)]


# People who are added between loads: what was processed before says nothing of them


def known_to(actions: Sequence[tuple[int, bool]], snapshots: dict[int, Seen]) -> dict[str, dict[int, int]]:
    """What the database can know of alice (tracked from the start) and bob (added where a load says so)."""
    known: dict[str, dict[int, int]] = {name: {} for name in PEOPLE}
    bob = False
    for moment, add_bob in actions:
        bob = bob or add_bob
        known["alice"][moment] = snapshots[moment][0]
        if bob:
            known["bob"][moment] = snapshots[moment][1]
    return known


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(
    _SNAPSHOTS.flatmap(
        lambda snapshots: st.tuples(
            st.just(snapshots),
            st.permutations(sorted(snapshots)),
            st.integers(0, len(snapshots)),
            st.sampled_from(["the same board", "a new board"]),
            _SEEN,
        )
    )
)
@example(({1: (0, HERE), 5: (0, HERE)}, [5, 1], 1, "a new board", (0, HERE)))
@example(({1: (0, HERE), 5: (0, 0)}, [5, 1], 1, "a new board", (0, 0)))
@example(({1: (0, HERE), 5: (0, 0)}, [5, 1], 1, "the same board", (0, 0)))
def test_a_user_added_between_loads_has_the_history_of_what_came_after(
    case: tuple[dict[int, Seen], list[int], int, str, Seen],
) -> None:
    snapshots, order, added, last, seen = case
    with bench() as loaded:
        loaded.track("alice")
        actions = []
        for n, moment in enumerate(order):
            if n == added:
                loaded.track("bob")
            loaded.load(moment, snapshots[moment], filler=str(moment))
            actions.append((moment, n >= added))
        if added == len(order):
            loaded.track("bob")
        # The next tick, which tells where everybody is now.
        now = max(order) if last == "the same board" else 10
        snapshots = {10: seen, **snapshots}
        loaded.load(now, snapshots[now], filler=str(now))
        assert_told(loaded, known_to([*actions, (now, True)], snapshots))


def test_a_user_added_later_has_not_left_a_board_that_never_was_searched() -> None:
    with bench() as loaded:
        loaded.track("alice")
        loaded.load(1, (HERE, HERE), filler="1")
        loaded.load(3, (HERE, HERE), filler="3")
        loaded.track("bob")
        assert loaded.load(5, (HERE, HERE), filler="5") == "ok"
        loaded.load(2, (HERE, HERE), filler="2")
        assert loaded.history("bob") == [(2, HERE)]
        assert loaded.entry("bob") == (HERE, 0.1, 2, 5, None)


def test_a_user_added_before_an_archive_is_loaded_was_not_last_seen_before_the_first_time() -> None:
    with bench() as loaded:
        loaded.track("alice")
        loaded.load(1, (HERE, HERE), filler="1")
        loaded.load(5, (HERE, HERE), filler="5")
        loaded.track("bob")
        assert loaded.load(3, (HERE, HERE), filler="3") == "older"
        entry = loaded.entry("bob")
        assert entry is not None
        _, _, first, last, left = entry
        assert first == 3
        assert last >= 3
        assert left is None or left > last


def test_a_user_from_an_archive_who_is_on_the_next_board_unmoved_gets_no_second_row() -> None:
    with bench() as loaded:
        loaded.track("alice")
        loaded.load(5, (HERE, HERE), filler="5")
        loaded.track("bob")
        loaded.load(3, (HERE, HERE), filler="3")
        loaded.load(7, (HERE, HERE), filler="7")
        assert loaded.history("bob") == [(3, HERE)]


def test_a_user_from_an_archive_who_is_not_on_the_next_board_has_left_in_the_history_too() -> None:
    with bench() as loaded:
        loaded.track("alice")
        loaded.load(5, (HERE, 0), filler="5")
        loaded.track("bob")
        loaded.load(3, (HERE, HERE), filler="3")
        loaded.load(7, (HERE, 0), filler="7")
        assert loaded.history("bob") == [(3, HERE), (7, 0)]
        assert loaded.entry("bob") == (HERE, 0.1, 3, 3, 7)


def test_loading_an_archive_again_fills_in_a_user_who_was_added_later() -> None:
    with bench() as loaded:
        loaded.track("alice")
        for moment in (1, 3, 5):
            loaded.load(moment, (HERE, HERE if moment < 5 else THERE), filler=str(moment))
        loaded.track("bob")
        for moment in (5, 1, 3):
            loaded.load(moment, (HERE, HERE if moment < 5 else THERE), filler=str(moment))
        assert loaded.history("bob") == [(1, HERE), (5, THERE)]
        assert loaded.entry("bob") == (THERE, 0.2, 1, 5, None)
