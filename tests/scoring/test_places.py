"""Places among some people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.scoring import places

RANKS = {"ann": 10, "bob": 10, "cem": 20, "dora": 35, "eve": None}


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        (places.MIN, {"ann": 1, "bob": 1, "cem": 3, "dora": 4}),
        (places.AVERAGE, {"ann": 1.5, "bob": 1.5, "cem": 3, "dora": 4}),
        (places.MAX, {"ann": 2, "bob": 2, "cem": 3, "dora": 4}),
    ],
)
def test_people_who_tie_share_a_place(ties: str, expected: dict[str, float]) -> None:
    assert places.places(RANKS.items(), ties) == expected


@given(st.lists(st.integers(1, 9)))
def test_a_place_is_one_more_than_the_number_of_people_ahead(ranks: list[int]) -> None:
    least, mean, most = (places.places(enumerate(ranks), ties) for ties in places.TIES)
    for number, rank in enumerate(ranks):
        assert least[number] == 1 + sum(other < rank for other in ranks)
        assert most[number] == sum(other <= rank for other in ranks)
        assert mean[number] == (least[number] + most[number]) / 2
