"""The outline of a history says what the whole history says, and is short where only the rank drifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kagsync.standings.drift import outline
from kagsync.standings.movements import Change, Past, movements, overall
from kagsync.standings.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    Row = tuple[int, int | None, str | None, int | None, str | None]

# Score, submissions, team. Rarely another one, so that there are long drifts.
_OTHERS = st.sampled_from(
    [("0.8", 5, "a")] * 12
    + [("0.80", 5, "a"), ("0.9", 5, "a"), ("0.9", 6, "a"), ("0.8", 6, "a"), (None, 5, "a")]
    + [("0.8", None, "a"), ("0.8", 5, "b"), (None, None, None)]
)
_RANKS = st.sampled_from([1, 2, 2, 3, 3, 3, 4, None])


@st.composite
def _histories(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for moment in range(1, draw(st.integers(0, 30)) + 1):
        score, submissions, team = draw(_OTHERS)
        rows.append((moment, draw(_RANKS) if team else None, score, submissions, team))
    return rows


def _past(rows: Iterable[Row], before: Standing | None) -> Past:
    return Past(before, before is not None, [Change(row[0], _standing(row)) for row in rows])


def _standing(row: Row) -> Standing | None:
    _, rank, score, submissions, team = row
    if team is None:
        return None
    return Standing(rank, float(score) if score else None, score, None, team, "alice", submissions)


@pytest.mark.long
@settings(max_examples=1000)
@given(_histories(), st.none() | _RANKS, st.sampled_from([True, False, None]))
def test_it_tells_the_same_movements(rows: list[Row], rank: int | None, higher: bool | None) -> None:
    before = None if rank is None else Standing(rank, 0.8, "0.8", None, "a", "alice", 5)
    whole, short = _past(rows, before), _past(outline(rows), before)
    assert movements(short, higher) == movements(whole, higher)
    assert overall(short, higher) == overall(whole, higher)


def test_a_drift_of_any_length_is_four_changes() -> None:
    rows = [(moment, 10 + moment % 7, "0.8", 5, "a") for moment in range(1, 10_000)]
    assert outline(rows) == [*rows[:2], *rows[-2:]]


def test_nothing_else_is_left_out() -> None:
    rows = [(moment, 10 + moment, "0.8", 5 + moment % 2, "a") for moment in range(1, 100)]
    assert outline(rows) == rows
