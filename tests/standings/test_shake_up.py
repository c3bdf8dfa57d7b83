"""The shake-up of a whole board, against the definitions of its figures."""

from __future__ import annotations

import random
from statistics import correlation, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kagsync.standings.shake_up import ShakeUp, shake_up, words


@st.composite
def _boards(draw: st.DrawFn) -> tuple[dict[int, int], dict[int, int]]:
    """Two boards, on each some of the teams in any order, with gaps and with benchmarks at rank 0."""

    def board() -> dict[int, int]:
        teams = draw(st.lists(st.integers(1, 40), unique=True))
        ranks = draw(st.lists(st.integers(1, 10**6), unique=True, min_size=len(teams), max_size=len(teams)))
        hosts = draw(st.lists(st.integers(1, 45), max_size=3))
        return dict(zip(teams, ranks, strict=True)) | dict.fromkeys(hosts, 0)

    return board(), board()


def _places(ranks: list[int]) -> list[float]:
    return [float(sum(other <= rank for other in ranks)) for rank in ranks]


@given(_boards())
def test_its_figures_are_what_their_definitions_say(boards: tuple[dict[int, int], dict[int, int]]) -> None:
    public, private = boards
    both = [team for team in public if public[team] > 0 and private.get(team, 0) > 0]
    found = shake_up(public, private)
    if not both:
        assert found is None
        return
    assert found is not None
    assert found.teams == len(both)
    assert found.median == median(abs(public[team] - private[team]) for team in both)
    if len(both) == 1:
        assert found.correlation is None
    else:  # Spearman's correlation is Pearson's of the places
        places = [_places([board[team] for team in both]) for board in boards]
        assert found.correlation == pytest.approx(correlation(*places))


@given(_boards())
def test_it_is_the_same_in_both_directions(boards: tuple[dict[int, int], dict[int, int]]) -> None:
    assert shake_up(*boards) == shake_up(*reversed(boards))


def test_the_same_order_is_one_and_the_reverse_minus_one() -> None:
    ranks = {team: team for team in range(1, 101)}
    reverse = {team: 101 - team for team in ranks}
    assert shake_up(ranks, ranks) == ShakeUp(100, 0, 1)
    assert shake_up(ranks, reverse) == ShakeUp(100, 50, -1)


def test_removed_teams_move_those_below_and_leave_the_correlation() -> None:
    public = {team: team for team in range(1, 101)}
    private = {team: team - 3 for team in range(4, 101)}
    assert shake_up(public, private) == ShakeUp(97, 3, 1)


class _Counted(int):
    """A rank that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        _Counted.compared += 1
        return int(self) < int(other)


@pytest.mark.parametrize("teams", [1_000, 8_000])
def test_its_work_grows_as_sorting_does(teams: int) -> None:
    ranks = list(map(_Counted, range(1, teams + 1)))
    public = dict(enumerate(ranks))
    private = dict(enumerate(random.Random(teams).sample(ranks, teams)))
    _Counted.compared = 0
    shake_up(public, private)
    assert 0 < _Counted.compared < 2 * teams * teams.bit_length()


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (ShakeUp(1742, 61, 0.931), "all 1,742 teams on both boards: the median team moved 61 places, "
         "Spearman's correlation 0.93"),
        (ShakeUp(2, 1, -1), "all 2 teams on both boards: the median team moved 1 place, "
         "Spearman's correlation -1.00"),
        (ShakeUp(9, 0, 1), "all 9 teams on both boards: the median team did not move, "
         "Spearman's correlation 1.00"),
        (ShakeUp(1744, 34, 0.9968), "all 1,744 teams on both boards: the median team moved 34 places, "
         "Spearman's correlation over 0.99"),
        (ShakeUp(40, 1234.5, -0.001), "all 40 teams on both boards: the median team moved 1,234.5 places, "
         "Spearman's correlation 0.00"),
        (ShakeUp(20_000, 12_345.5, 0.5), "all 20,000 teams on both boards: the median team moved "
         "12,345.5 places, Spearman's correlation 0.50"),
        (ShakeUp(1, 3, None), "the only team on both boards: the median team moved 3 places"),
    ],
)  # fmt: skip
def test_one_line_says_it(found: ShakeUp, line: str) -> None:
    assert words(found) == f"Shake-up of {line}"
