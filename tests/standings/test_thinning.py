"""Thinning keeps what it promises, whatever happened; each promise is broken by a rule that lacks it."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kagsync.standings import movements, thinning
from kagsync.standings.movements import Change, Past
from kagsync.standings.standing import Standing, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kagsync.standings.movements import Movement

HOUR, DAY = 3600, 86_400
PEOPLE = range(4)
MATES = (2, 3)  # in one team on some boards

# What the board of a moment says of each person; None: not on the board.
Board = tuple[Standing | None, ...]
History = dict[int, dict[int, Standing | None]]  # person → moment → standing from then on


@st.composite
def boards(draw: st.DrawFn) -> dict[int, Board]:
    """Boards of some days by their moments: mostly drift, now and then anything else."""
    counts = draw(st.sampled_from([(1, 1, 1, 1, 1, 2), (None,)]))  # old boards do not tell
    moment, found = 0, {}
    for gap in draw(st.lists(st.sampled_from((1, 1, 2, 5, 9, 30)), min_size=2, max_size=14)):
        moment += gap * HOUR
        ranks = draw(st.lists(st.integers(1, 9), min_size=4, max_size=4, unique=True))
        if draw(st.sampled_from((True, True, False))):
            ranks.sort()  # drift without passing
        together = draw(st.sampled_from((False, False, False, True)))
        found[moment] = tuple(
            draw(_standing(person, 2 if together and person in MATES else person, ranks, counts))
            for person in PEOPLE
        )
    return found


@st.composite
def _standing(
    draw: st.DrawFn, person: int, team: int, ranks: list[int], counts: tuple[int | None, ...]
) -> Standing | None:
    what = draw(st.sampled_from(("here",) * 12 + ("away", "no rank")))
    if what == "away":
        return None
    score = draw(st.sampled_from((0.5,) * 4 + (0.6,)))
    rank = None if what == "no rank" else ranks[team]
    name = f"team {team}" + draw(st.sampled_from(("",) * 8 + (" renamed",)))
    return Standing(rank, score, str(score), team, name, f"user{team}", draw(st.sampled_from(counts)))


def histories(seen: dict[int, Board]) -> History:
    """The changes of everybody."""
    found: History = {person: {} for person in PEOPLE}
    for person in PEOPLE:
        before = None
        for moment, board in sorted(seen.items()):
            if not same(before, board[person]):
                found[person][moment] = before = board[person]
    return found


def thinned(history: History, days: Iterable[int], kept: frozenset[int] = frozenset()) -> History:
    """A history after these days were thinned."""
    teams: dict[object, int] = {}

    def row(moment: int, standing: Standing | None) -> thinning.Row:
        if standing is None:
            return thinning.Row(moment, None, None, None, None)
        team = teams.setdefault((standing.team_id, standing.team_name, standing.members), len(teams))
        return thinning.Row(moment, standing.rank, standing.score_text, team, standing.submission_count)

    left = {person: dict(changes) for person, changes in history.items()}
    for day in days:
        before, rows = {}, {}
        for person, changes in left.items():
            earlier = [moment for moment in changes if moment < day * DAY]
            those = [moment for moment in sorted(changes) if moment // DAY == day]
            if earlier:
                before[person] = row(max(earlier), changes[max(earlier)])
            if those:
                rows[person] = [row(moment, changes[moment]) for moment in those]
        for person, moment in thinning.redundant(before, rows, kept):
            del left[person][moment]
    return left


def all_days(history: History) -> range:
    return range(max((moment for changes in history.values() for moment in changes), default=0) // DAY + 1)


def at(changes: dict[int, Standing | None], moment: int) -> Standing | None:
    earlier = [each for each in changes if each <= moment]
    return changes[max(earlier)] if earlier else None


def in_order(changes: dict[int, Standing | None]) -> list[Change]:
    return [Change(moment, standing) for moment, standing in sorted(changes.items())]


def own(changes: dict[int, Standing | None]) -> list[Movement]:
    """Every movement that is not drift."""
    found, before, known = [], None, False
    for change in in_order(changes):
        steps = movements.between(before, change, known=known, higher_is_better=True, deleted=set())
        found += [step for step in steps if not movements._is_drift(step)]
        before, known = change.standing, True
    return found


def news(changes: dict[int, Standing | None]) -> Counter[tuple[object, ...]]:
    """What `kagsync news` says of all time, without the moments."""
    past = Past(None, False, in_order(changes))
    return Counter(
        (each.reason, each.before, each.after, each.member) for each in movements.movements(past, True)
    )


def order(history: History, moments: Iterable[int]) -> list[tuple[int, int, int, int]]:
    """Who was ahead of whom, at each of these moments: 1, 0 or -1 for each pair that had ranks."""
    found = []
    for moment in moments:
        now = {person: at(changes, moment) for person, changes in history.items()}
        ranks = {person: each.rank for person, each in now.items() if each and each.rank is not None}
        for one, other in combinations(sorted(ranks), 2):
            found.append((moment, one, other, (ranks[one] > ranks[other]) - (ranks[one] < ranks[other])))
    return found


def passes(history: History, moments: list[int]) -> list[tuple[int, int, int]]:
    """(moment, one, other) wherever two people changed places, in the given moments."""
    ahead = {(moment, one, other): sign for moment, one, other, sign in order(history, moments)}
    return [
        (moment, one, other)
        for earlier, moment in pairwise(moments)
        for one, other in combinations(PEOPLE, 2)
        if ahead.get((earlier, one, other), 0) * ahead.get((moment, one, other), 0) < 0
    ]


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(boards())
def test_what_is_left_says_the_same(seen: dict[int, Board]) -> None:
    history = histories(seen)
    left = thinned(history, all_days(history))
    moments = sorted(seen)
    assert order(left, moments) == order(history, moments)
    for person in PEOPLE:
        assert left[person].items() <= history[person].items()
        assert own(left[person]) == own(history[person])
        if all(each is None or each.rank is not None for each in history[person].values()):
            # Otherwise a sum of drift may begin where the rank was not known.
            assert news(left[person]) == news(history[person])
        assert not any(
            same(one, other) for one, other in pairwise(left[person][m] for m in sorted(left[person]))
        )
        for day in all_days(history):
            assert same(at(left[person], (day + 1) * DAY - 1), at(history[person], (day + 1) * DAY - 1))
    for moment, *both in passes(history, moments):
        for person in both:
            for then in (moment, moment - 1):  # exactly, not only the order
                assert same(at(left[person], then), at(history[person], then))


@pytest.mark.long
@settings(max_examples=100, deadline=None)
@given(boards(), st.data())
def test_it_makes_no_difference_in_which_steps_or_how_often(
    seen: dict[int, Board], data: st.DataObject
) -> None:
    history = histories(seen)
    days = list(all_days(history))
    at_once = thinned(history, days)
    assert thinned(at_once, days) == at_once
    again = data.draw(st.lists(st.sampled_from(days), max_size=4))
    assert thinned(history, [*data.draw(st.permutations(days)), *again]) == at_once


@pytest.mark.long
@settings(max_examples=100, deadline=None)
@given(boards(), st.data())
def test_the_rows_of_named_moments_and_of_other_days_stay(
    seen: dict[int, Board], data: st.DataObject
) -> None:
    history = histories(seen)
    kept = frozenset(data.draw(st.sets(st.sampled_from(sorted(seen)))))
    days = data.draw(st.sets(st.sampled_from(all_days(history))))
    left = thinned(history, days, kept)
    for person, changes in history.items():
        gone = changes.keys() - left[person].keys()
        assert all(moment not in kept and moment // DAY in days for moment in gone)


@pytest.mark.long
@settings(max_examples=100, deadline=None)
@given(boards())
def test_what_counts_as_drift_is_drift_by_the_rule_of_movements(seen: dict[int, Board]) -> None:
    for changes in histories(seen).values():
        for before, change in pairwise(in_order(changes)):
            one, other = before.standing, change.standing
            rows = [
                each and thinning.Row(0, each.rank, each.score_text, hash(each[3:6]), each.submission_count)
                for each in (one, other)
            ]
            steps = movements.between(one, change, known=True, higher_is_better=True, deleted=set())
            drift = bool(steps) and all(map(movements._is_drift, steps))
            told = (
                one and other and one.rank and other.rank and one.submission_count == other.submission_count
            )
            if rows[1] is not None:
                assert thinning.is_drift(rows[0], rows[1]) == bool(drift and told)


def _drift(*ranks: int | None, person: int = 0, count: int | None = 1) -> dict[int, Standing | None]:
    """Ranks an hour apart, from 01:00 on; None: none is known of that hour."""
    return {
        hour * HOUR: Standing(rank, 0.5, "0.5", person, "a", "a", count)
        for hour, rank in enumerate(ranks, start=1)
        if rank is not None
    }


def test_of_a_days_drift_the_last_row_stays() -> None:
    assert list(thinned({0: _drift(5, 6, 7, 8)}, [0])[0]) == [1 * HOUR, 4 * HOUR]


def test_a_day_that_ends_as_it_began_needs_no_row() -> None:
    assert list(thinned({0: _drift(5, 6, 5)}, [0])[0]) == [1 * HOUR]


def test_the_row_before_a_submission_stays() -> None:
    changes = _drift(5, 6, 7) | {4 * HOUR: Standing(7, 0.5, "0.5", 0, "a", "a", 2)}
    changes |= {
        5 * HOUR: Standing(8, 0.5, "0.5", 0, "a", "a", 2),
        6 * HOUR: Standing(9, 0.5, "0.5", 0, "a", "a", 2),
    }
    assert [moment // HOUR for moment in thinned({0: changes}, [0])[0]] == [1, 3, 4, 6]


def test_where_one_passes_another_both_rows_of_both_stay() -> None:
    history = {0: _drift(10, 11, 12, 14, 15, 16), 1: _drift(20, 19, 16, 13, 12, 11, person=1)}
    left = thinned(history, [0])
    assert [moment // HOUR for moment in left[0]] == [1, 3, 4, 6]
    assert [moment // HOUR for moment in left[1]] == [1, 3, 4, 6]


def test_a_rank_that_would_seem_to_be_passed_stays() -> None:
    # Both fall, and the first one's last row is before the second one's.
    history = {0: _drift(10, 15, 25), 1: _drift(20, 22, 27, 30, person=1)}
    assert [moment // HOUR for moment in thinned(history, [0])[1]] == [1, 3, 4]


def test_teammates_stay_together() -> None:
    history = {0: _drift(5, 6, 7, 8), 1: _drift(5, 6, 7, 8)}
    assert [list(changes) for changes in thinned(history, [0]).values()] == [[1 * HOUR, 4 * HOUR]] * 2


def test_a_row_that_stayed_only_for_another_that_goes_is_gone_at_once() -> None:
    ranks = {0: (2, 4, 2, 6, 4, 5), 1: (4, 8, 4, 8, 6, None, 7, 6), 2: (6, 9, 5, 9, 7, 8, None, 9)}
    history = {
        person: {moment + DAY * (moment > HOUR): now for moment, now in _drift(*those, person=person).items()}
        for person, those in ranks.items()
    }
    once = thinned(history, [1])
    assert thinned(once, [1]) == once
