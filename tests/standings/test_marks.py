"""Where medals begin: Kaggle's table at its edges, and the same table in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import floor

import pytest

from kagsync.standings.marks import MEDALS, last_ranks


@pytest.mark.parametrize(
    ("teams", "gold", "silver", "bronze"),
    [
        (0, 0, 0, 0),
        (1, 0, 0, 0),
        (2, 0, 0, 0),
        (3, 0, 0, 1),
        (4, 0, 0, 1),
        (5, 0, 1, 2),
        (9, 0, 1, 3),
        (10, 1, 2, 4),
        (35, 3, 7, 14),  # as floats, 20 % of 35 may be less than 7
        (99, 9, 19, 39),
        (100, 10, 20, 40),
        (249, 10, 49, 99),
        (250, 10, 50, 100),
        (499, 10, 50, 100),
        (500, 11, 50, 100),  # Kaggle's own example
        (999, 11, 50, 100),
        (1000, 12, 50, 100),
        (1744, 13, 87, 174),
        (5000, 20, 250, 500),  # Kaggle's own example
    ],
)
def test_the_table_holds_at_its_edges(teams: int, gold: int, silver: int, bronze: int) -> None:
    expected = {"gold": gold, "silver": silver, "bronze": bronze}
    assert last_ranks(teams) == {medal: rank for medal, rank in expected.items() if rank}


def test_percentages_are_rounded_down_exactly() -> None:
    def percent(teams: int, of: str) -> int:
        return floor(Fraction(of) / 100 * teams)

    for teams in range(20_000):
        ranks = {medal: last_ranks(teams).get(medal, 0) for medal in MEDALS}
        extra = percent(teams, "0.2")
        if teams < 250:
            assert ranks["bronze"] == percent(teams, "40")
            assert ranks["silver"] == percent(teams, "20")
            assert ranks["gold"] == (percent(teams, "10") if teams < 100 else 10)
        else:
            assert ranks["bronze"] == (100 if teams < 1000 else percent(teams, "10"))
            assert ranks["silver"] == (50 if teams < 1000 else percent(teams, "5"))
            assert ranks["gold"] == 10 + extra


def test_a_better_medal_is_rarer_and_none_goes_to_rank_0() -> None:
    for teams in range(20_000):
        found = last_ranks(teams)
        assert list(found) == [medal for medal in MEDALS if medal in found], "the best first"
        assert all(0 < rank <= teams for rank in found.values())
        assert all(better < worse for better, worse in pairwise(found.values())), teams


def test_more_teams_never_mean_fewer_medals() -> None:
    for fewer, more in pairwise(last_ranks(teams) for teams in range(20_000)):
        assert fewer.keys() <= more.keys()
        assert all(rank <= more[medal] for medal, rank in fewer.items())
