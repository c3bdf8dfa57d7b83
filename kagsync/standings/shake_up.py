"""The shake-up: how far all teams moved from the public to the private board. Pure functions."""

from __future__ import annotations

from typing import NamedTuple


class ShakeUp(NamedTuple):
    """How far the teams that are on both boards moved.

    Attributes:
        teams: how many teams are on both boards.
        median: how many places the median team moved, up or down: a whole number or a half.
        correlation: Spearman's, from -1 (reversed) to 1 (the same order); None for a single team.
    """

    teams: int
    median: float
    correlation: float | None


def shake_up(public: dict[int, int], private: dict[int, int]) -> ShakeUp | None:
    """Compares two boards; None if no team is on both.

    Moves are counted in the ranks that people see. For the correlation the teams are ranked anew among
    themselves, so that teams on one board only leave no holes.

    Args:
        public, private: ranks by team id, each rank once. Rank 0 is a host's benchmark and not a team.
    """
    both = [team for team, rank in public.items() if rank and private.get(team)]
    if not both:
        return None
    count = len(both)
    moves = sorted([abs(public[team] - private[team]) for team in both])
    median = (moves[(count - 1) // 2] + moves[count // 2]) / 2
    if count == 1:
        return ShakeUp(count, median, None)
    both.sort(key=public.__getitem__)
    ranks = [private[team] for team in both]
    places = sorted(range(count), key=ranks.__getitem__)  # on the public board, in the private board's order
    squares = sum([(place - number) ** 2 for number, place in enumerate(places)])
    return ShakeUp(count, median, 1 - 6 * squares / (count * (count * count - 1)))


def words(found: ShakeUp) -> str:
    """The shake-up in one line."""
    teams = "the only team" if found.teams == 1 else f"all {found.teams:,} teams"
    if found.median == 0:
        moved = "did not move"
    else:
        moved = f"moved {found.median:,g} place{'' if found.median == 1 else 's'}"
    line = f"Shake-up of {teams} on both boards: the median team {moved}"
    if found.correlation is None:
        return line
    correlation = f"{found.correlation:z.2f}"
    if correlation == "1.00" and found.correlation < 1:  # 1 is the same order
        correlation = "over 0.99"
    return f"{line}, Spearman's correlation {correlation}"
