"""The histories of two accounts of one person."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kagsync.standings.joining import join

HISTORIES = st.dictionaries(
    st.integers(0, 12), st.one_of(st.none(), st.sampled_from("ABCD")), max_size=8
).map(lambda changes: sorted(changes.items()))


def at(changes: list[tuple[int, str | None]], moment: int) -> str | None:
    """The standing at a moment."""
    return next((standing for then, standing in reversed(changes) if then <= moment), None)


@given(HISTORIES, HISTORIES)
def test_at_every_moment_the_new_account_counts_and_otherwise_the_old_one(
    old: list[tuple[int, str | None]], new: list[tuple[int, str | None]]
) -> None:
    joined = join(old, new)
    for moment in range(-1, 14):
        assert at(joined, moment) == (at(new, moment) or at(old, moment))
    assert [moment for moment, _ in joined] == sorted({moment for moment, _ in joined})
    assert all(one[1] != other[1] for one, other in pairwise(joined))
    assert not joined or joined[0][1] is not None


def test_a_person_who_is_renamed_on_kaggle_was_there_all_the_time() -> None:
    assert join([(1, "A"), (5, None)], [(5, "B"), (7, "C")]) == [(1, "A"), (5, "B"), (7, "C")]
